//! The texture of a pressed surface, where nothing was drawn along that a profile could cross.
//!
//! ```text
//! picture, longer side brought to 256 pixels → [ √LBP at radii 1, 2, 4, 8 | HOG of 4 × 4 cells ]
//! ```
//! - **LBP**: shares of the uniform patterns of local binary patterns ([`crate::picture::lbp`], T. Ojala et al., doi:10.1109/TPAMI.2002.1017623), 59 a
//!   radius, each radius of them a vector of norm 1 after the square root: the inner product of two is their Bhattacharyya coefficient (Hellinger kernel). What the surface is like, wherever it is.
//! - **HOG**: histograms of oriented gradients ([`crate::picture::hog`], N. Dalal and B. Triggs, doi:10.1109/CVPR.2005.177) of a picture of 128 × 128 pixels cut into 4 × 4
//!   cells, of norm 1. Where its edges lie, so that it asks for pictures taken the same way round.
//!
//! Each of the five parts has norm 1, so that the cosine of two descriptors is the mean of five similarities, four of them LBP's. 236 + 324 = 560 numbers.
//!
//! A surface is drawn first ([`relief`]): made ready as [`super::impressed`] says, from −3 to +3 robust standard deviations as shades; a missing point is the middle shade,
//! and its share stands beside the row. Shades say nothing of heights: two plates of one pattern and different depth are alike here.

use super::impressed::{ImpressedError, ready};
use super::signature::Options;
use super::surface::Surface;
use crate::picture::blur::gaussian;
use crate::picture::grey::Grey;
use crate::picture::hog::Hog;
use crate::picture::lbp::{Patterns, lbp};
use crate::picture::resample::{at_most, resize};

/// Radii of the patterns, in pixels.
pub const RADII: [f64; 4] = [1.0, 2.0, 4.0, 8.0];
/// Longer side of the picture that patterns are counted in.
const SIDE: usize = 256;
const HOG_SIDE: usize = 128;
/// Numbers of a descriptor.
pub const LENGTH: usize = 4 * 59 + 3 * 3 * 4 * 9;

/// Why there is no texture.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TextureError {
    #[error("the picture is {width} × {height} pixels; a texture needs {LEAST} × {LEAST} or more")]
    Small { width: usize, height: usize },
    #[error("the picture has one shade all over: there is no texture in it")]
    Even,
    #[error("no point of the surface was measured")]
    Nothing,
    #[error(transparent)]
    Impressed(#[from] ImpressedError),
}

/// Fewer pixels hold no pattern of radius 8.
const LEAST: usize = 32;

/// The descriptor of a picture.
///
/// # Errors
/// When it is too small, or has one shade.
pub fn texture(picture: &Grey) -> Result<Vec<f64>, TextureError> {
    let (width, height) = (picture.width(), picture.height());
    if width < LEAST || height < LEAST {
        return Err(TextureError::Small { width, height });
    }
    let first = picture.at(0, 0);
    if picture.values().iter().all(|v| (v - first).abs() < 1e-6) {
        return Err(TextureError::Even);
    }
    let small = at_most(picture, SIDE);
    let mut all = Vec::with_capacity(LENGTH);
    // Noise of single pixels makes patterns of its own.
    for shares in lbp(&gaussian(&small, 0.7), Patterns::Uniform, &RADII).chunks(Patterns::Uniform.bins()) {
        all.extend(unit(shares.iter().map(|s| f64::from(*s).sqrt()).collect()));
    }
    let square = resize(picture, HOG_SIDE, HOG_SIDE).ok_or(TextureError::Small { width, height })?;
    all.extend(unit(Hog::default().of(&square).iter().map(|v| f64::from(*v)).collect()));
    Ok(all)
}

fn unit(mut part: Vec<f64>) -> Vec<f64> {
    let norm = part.iter().map(|x| x * x).sum::<f64>().sqrt();
    if norm > 0.0 {
        for x in &mut part {
            *x /= norm;
        }
    }
    part
}

/// A surface as shades of grey: cropped, levelled and band-passed along both axes as the options say, and brought to one spacing where it has two.
///
/// # Errors
/// When nothing was measured, or the form is not determined.
pub fn relief(surface: &Surface, options: &Options) -> Result<Grey, TextureError> {
    let (sx, sy) = surface.spacing_um();
    let ready = ready(surface, options, sx.max(sy))?;
    if ready.count_measured() == 0 {
        return Err(TextureError::Nothing);
    }
    let shades = shading(&ready).into_iter().map(|s| if s.is_nan() { 0.5 } else { s }).collect();
    Grey::new(ready.columns(), ready.rows(), shades).ok_or(TextureError::Nothing)
}

/// Heights as shades, −3 … +3 robust standard deviations from black to white; NaN where nothing was measured.
#[must_use]
pub fn shading(surface: &Surface) -> Vec<f32> {
    let points = || surface.heights_um().iter().zip(surface.measured());
    let mut sizes: Vec<f64> = points().filter(|(_, m)| **m).map(|(h, _)| h.abs()).collect();
    if sizes.is_empty() {
        return vec![f32::NAN; surface.measured().len()];
    }
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f64::total_cmp);
    let six = 6.0 * 1.4826 * *median;
    let shade = |h: f64| if six > 0.0 { (0.5 + h / six).clamp(0.0, 1.0) as f32 } else { 0.5 };
    points().map(|(h, m)| if *m { shade(*h) } else { f32::NAN }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;

    /// A pressed plate: noise of one length, sampled by two pictures with noise of their own.
    fn plate(seed: u64, photograph: u64, length: f64) -> Grey {
        let mut die = Stream::new(seed, "texture", 0);
        let mut camera = Stream::new(photograph, "camera", 0);
        let noise = Grey::new(160, 160, (0..160 * 160).map(|_| die.normal() as f32).collect()).unwrap();
        let smooth = gaussian(&noise, length);
        let size = (smooth.values().iter().map(|v| v * v).sum::<f32>() / 25_600.0).sqrt();
        Grey::new(160, 160, smooth.values().iter().map(|v| 0.5 + 0.15 * v / size + 0.02 * camera.normal() as f32).collect())
            .unwrap()
    }

    fn cosine(a: &[f64], b: &[f64]) -> f64 {
        let p = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        p(a, b) / (p(a, a) * p(b, b)).sqrt()
    }

    #[test]
    fn plates_of_one_die_are_nearer_than_those_of_others() {
        let all: Vec<(u64, Vec<f64>)> = (0..6u64)
            .flat_map(|die| (0..2).map(move |n| (die, texture(&plate(die, 100 + 2 * die + n, 1.5 + 0.5 * die as f64)).unwrap())))
            .collect();
        assert!(all.iter().all(|(_, d)| d.len() == LENGTH));
        for (i, (die, a)) in all.iter().enumerate() {
            let nearest =
                (0..all.len()).filter(|&j| j != i).max_by(|&x, &y| cosine(a, &all[x].1).total_cmp(&cosine(a, &all[y].1)));
            assert_eq!(all[nearest.unwrap()].0, *die);
        }
    }

    #[test]
    fn a_surface_is_drawn_from_its_heights() {
        let mut draw = Stream::new(9, "relief", 0);
        let heights: Vec<f64> = (0..100 * 80)
            .map(|i| if draw.uniform() < 0.1 { f64::NAN } else { 0.01 * f64::from(i % 100) + draw.normal() })
            .collect();
        let surface = Surface::of_finite(100, 80, (2.0, 3.0), heights).unwrap();
        let picture = relief(&surface, &Options::default()).unwrap();
        // At the coarser of both spacings.
        assert_eq!((picture.width(), picture.height()), (67, 80));
        assert!(picture.values().contains(&0.5));
        let spread = picture.values().iter().filter(|v| (**v - 0.5).abs() > 1.0 / 6.0).count();
        assert!((500..3000).contains(&spread), "{spread}");
        assert_eq!(texture(&picture).unwrap().len(), LENGTH);
    }

    #[test]
    fn what_has_no_texture_is_refused() {
        let even = Grey::new(64, 64, vec![0.3; 4096]).unwrap();
        assert_eq!(texture(&even), Err(TextureError::Even));
        let small = Grey::new(31, 64, (0..31 * 64).map(|i| (i % 7) as f32 / 7.0).collect()).unwrap();
        assert_eq!(texture(&small), Err(TextureError::Small { width: 31, height: 64 }));
    }
}
