//! Impressed surfaces made ready for cells: level, band along both axes, one spacing.
//!
//! ```text
//! crop → level → h − low(h; λc) along x and y → low(· ; λs) along x and y → spacing by linear interpolation between four measured points
//! ```
//! [`crate::toolmark::cmc`] compares surfaces whose points lie equally far apart in x and y and takes form and waviness that both have for agreement, so both go first. low is the
//! Gaussian of ISO 16610-21 along one axis, then the other ([`super::gaussian`]). Before a coarser spacing a Gaussian of twice that spacing keeps what it cannot carry from
//! folding back. A new point with an unmeasured neighbour is not measured. Units: µm.

use super::gaussian::{Edge, Kernel, Reach, band};
use super::level::{LevelError, level};
use super::outlier::without_spikes;
use super::signature::{Options, SignatureError, check_lengths, check_spacing, crop};
use super::surface::{Surface, SurfaceError};

/// Band-passed along both axes: what is longer than the high-pass cut-off along both, and shorter than the low-pass cut-off along either, goes.
#[must_use]
pub fn band_both(surface: &Surface, options: &Options) -> Surface {
    let both = |surface: &Surface, cutoff: f64| {
        let (sx, sy) = surface.spacing_um();
        let kernel = |spacing: f64| Kernel::new(cutoff, spacing, options.reach, options.edge);
        let along_x = band(surface.clone(), None, Some(&kernel(sx)));
        band(along_x.transposed(), None, Some(&kernel(sy))).transposed()
    };
    let mut found = match options.highpass_um {
        None => surface.clone(),
        Some(cutoff) => {
            let low = both(surface, cutoff);
            let left = surface.heights_um().iter().zip(low.heights_um()).map(|(h, l)| h - l).collect();
            surface.with_heights(left, surface.measured().to_vec())
        }
    };
    if let Some(cutoff) = options.lowpass_um {
        found = both(&found, cutoff);
    }
    found
}

/// Why a surface cannot be made ready.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ImpressedError {
    #[error(transparent)]
    Level(#[from] LevelError),
    #[error(transparent)]
    Surface(#[from] SurfaceError),
    #[error(transparent)]
    Setting(#[from] SignatureError),
    #[error("at a spacing of {0} µm the surface is {1} × {2} points; a comparison of cells needs some hundred along both axes")]
    Coarse(f64, usize, usize),
}

/// A surface made ready, with `spacing_um` between its points along both axes.
///
/// # Errors
/// When its form is not determined, or next to no points are left.
pub fn ready(surface: &Surface, options: &Options, spacing_um: f64) -> Result<Surface, ImpressedError> {
    let cropped = options.crop_um.map(|rectangle| crop(surface, rectangle)).transpose()?;
    let surface = cropped.as_ref().unwrap_or(surface);
    let levelled = level(surface, options.level)?.surface;
    // The rule looks along y: what stands out along both axes is a spike of a pressed surface.
    let clean = match options.spikes {
        None => levelled,
        Some(k) => {
            let flagged = |s: &Surface| without_spikes(s, k).map(|(clean, _)| clean);
            match (flagged(&levelled), flagged(&levelled.transposed())) {
                (Some(along_y), Some(along_x)) => {
                    let along_x = along_x.transposed();
                    let kept = along_y.measured().iter().zip(along_x.measured());
                    levelled.with_heights(levelled.heights_um().to_vec(), kept.map(|(y, x)| *y || *x).collect())
                }
                _ => levelled,
            }
        }
    };
    let plain = Options { spacing_um: None, ..options.clone() };
    let (sx, sy) = clean.spacing_um();
    check_lengths(&plain, sx, clean.columns())?;
    check_lengths(&plain, sy, clean.rows())?;
    respaced(&band_both(&clean, options), spacing_um)
}

/// A surface at another spacing, the same along both axes.
///
/// # Errors
/// When fewer than 16 points along an axis are left.
pub fn respaced(surface: &Surface, spacing_um: f64) -> Result<Surface, ImpressedError> {
    let (sx, sy) = surface.spacing_um();
    check_spacing(sx.max(sy), spacing_um)?;
    let count = |n: usize, old: f64| libm::floor((n - 1) as f64 * old / spacing_um + 1e-9) as usize + 1;
    let (columns, rows) = (count(surface.columns(), sx), count(surface.rows(), sy));
    if columns < 16 || rows < 16 {
        return Err(ImpressedError::Coarse(spacing_um, columns, rows));
    }
    let same = |old: f64, n: usize| (old / spacing_um - 1.0).abs() * n as f64 <= 0.05;
    if same(sx, surface.columns()) && same(sy, surface.rows()) {
        let (h, m) = (surface.heights_um().to_vec(), surface.measured().to_vec());
        return Ok(Surface::new(surface.columns(), surface.rows(), (spacing_um, spacing_um), h, m)?);
    }
    let smooth = |surface: Surface, old: f64| {
        let kernel = Kernel::new(2.0 * spacing_um, old, Reach::default(), Edge::Mirror);
        if spacing_um > 1.2 * old { band(surface, None, Some(&kernel)) } else { surface }
    };
    let surface = smooth(smooth(surface.clone(), sx).transposed(), sy).transposed();
    let place = |k: usize, old: f64, n: usize| {
        let at = (k as f64 * spacing_um / old).min((n - 1) as f64);
        let i = (libm::floor(at) as usize).min(n.saturating_sub(2));
        (i, at - i as f64)
    };
    let (mut heights, mut measured) = (Vec::with_capacity(columns * rows), Vec::with_capacity(columns * rows));
    for r in 0..rows {
        let (i, v) = place(r, sy, surface.rows());
        for c in 0..columns {
            let (j, u) = place(c, sx, surface.columns());
            let corners = [(0, 0, (1.0 - u) * (1.0 - v)), (0, 1, u * (1.0 - v)), (1, 0, (1.0 - u) * v), (1, 1, u * v)];
            let height = corners.iter().filter(|(.., w)| *w > 0.0).try_fold(0.0, |sum, (di, dj, w)| {
                surface.at((i + di).min(surface.rows() - 1), (j + dj).min(surface.columns() - 1)).map(|h| sum + w * h)
            });
            heights.push(height.unwrap_or(0.0));
            measured.push(height.is_some());
        }
    }
    Ok(Surface::new(columns, rows, (spacing_um, spacing_um), heights, measured)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;

    #[test]
    fn a_plane_stays_a_plane_at_any_spacing() {
        let made = |sx: f64, sy: f64| {
            let heights = (0..60 * 50).map(|i| 3.0 + 0.2 * f64::from(i % 60) * sx - 0.1 * f64::from(i / 60) * sy).collect();
            Surface::of_finite(60, 50, (sx, sy), heights).unwrap()
        };
        for (sx, sy, new) in [(1.0, 1.5, 1.25), (1.0, 1.0, 1.0), (2.0, 1.0, 0.7)] {
            let found = respaced(&made(sx, sy), new).unwrap();
            assert_eq!(found.spacing_um(), (new, new));
            // Away from edges, where a smoothing plane bends.
            for r in 8..found.rows() - 8 {
                for c in 8..found.columns() - 8 {
                    let expected = 3.0 + 0.2 * c as f64 * new - 0.1 * r as f64 * new;
                    assert!((found.at(r, c).unwrap() - expected).abs() < 1e-9);
                }
            }
        }
        assert!(matches!(respaced(&made(1.0, 1.0), 10.0), Err(ImpressedError::Coarse(..))));
    }

    #[test]
    fn form_goes_and_relief_stays() {
        let mut draw = Stream::new(11, "impressed", 0);
        let relief: Vec<f64> = (0..200 * 200).map(|_| draw.normal()).collect();
        let heights: Vec<f64> = (0..200 * 200)
            .map(|i| {
                let (x, y) = ((i % 200) as f64, (i / 200) as f64);
                if i % 211 == 0 { f64::NAN } else { 1e-3 * (x * x + y * y) + 0.3 * x + relief[i] }
            })
            .collect();
        let surface = Surface::of_finite(200, 200, (3.0, 3.0), heights).unwrap();
        let bent = Options { lowpass_um: None, level: crate::toolmark::level::Form::Polynomial(2), ..Options::default() };
        let found = ready(&surface, &bent, 3.0).unwrap();
        let pairs: Vec<(f64, f64)> =
            (0..200 * 200).filter(|i| found.measured()[*i]).map(|i| (found.heights_um()[i], relief[i])).collect();
        let p = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>();
        let r = p(&|(a, b)| a * b) / (p(&|(a, _)| a * a) * p(&|(_, b)| b * b)).sqrt();
        assert!(r > 0.97, "{r}");
        assert_eq!(found.at(0, 0), None);
    }
}
