//! From a surface to a signature: the profile across the striations of a tool-mark, as `ccf` compares it.
//!
//! ```text
//! crop → level → spikes → band-pass along the signature → upright (shear) → mean or median of each column → gaps → spacing
//! ```
//! | step | what | default |
//! |---|---|---|
//! | crop | a rectangle in µm from the surface's first point | all |
//! | along | whether the signature runs along x or y; `auto`: along which heights 10 µm apart differ more | auto |
//! | level | [`level`](super::level): plane, sphere, polynomial | plane |
//! | spikes | [`outlier`](super::outlier): points k robust standard deviations from those around them on the striation | 8 |
//! | band | [`gaussian`](super::gaussian): ISO 16610-21, high-pass λc and low-pass λs | 250 µm, 5 µm |
//! | upright | [`shear`]: within so many degrees | ±10° |
//! | average | of the measured points of each column; columns with less than `least_share` measured are missing | mean, 0.1 |
//! | gaps | up to `bridge_um` inside are bridged by a straight line; at a longer one the longest part without is kept | 20 µm |
//! | spacing | linear interpolation; before a coarser one (above 1.2 ×) a Gaussian low-pass of twice its spacing | as measured |
//!
//! The steps and the cut-offs are those of the bullet and tool-mark literature (M. Baiker et al., doi:10.1016/j.forsciint.2014.06.038; J. Hare, H. Hofmann,
//! A. Carriquiry, doi:10.1214/17-AOAS1080). Heights are µm; the sign is the surface's. [`Options::scratch`] gives what NFI Scratch computes, for comparison with it.
//!
//! Quality figures stand beside the signature, since a score between poor profiles is a poor score: see [`Quality`].

use super::gaussian::{Edge, Kernel, Reach, band};
use super::level::{Form, LevelError, level};
use super::outlier::without_spikes;
use super::resample::{respaced, same_spacing};
use super::shear;
use super::surface::{Surface, SurfaceError};
use std::borrow::Cow;

/// Axis along which a signature runs, across the striations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Along {
    #[default]
    Auto,
    X,
    Y,
}

/// How the points of a column become one height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Average {
    #[default]
    Mean,
    Median,
}

/// A rectangle in µm from the first point: x from, x to, y from, y to.
pub type Rectangle = [f64; 4];

/// How a signature is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub crop_um: Option<Rectangle>,
    pub along: Along,
    pub level: Form,
    /// Robust standard deviations; `None` keeps all points.
    pub spikes: Option<f64>,
    pub highpass_um: Option<f64>,
    pub lowpass_um: Option<f64>,
    pub edge: Edge,
    pub reach: Reach,
    /// Points beside missing ones (the next along x, y and both) count as missing after filtering, as an interpolation between them would have it.
    pub missing_cells: bool,
    /// `None` leaves striations as they lie.
    pub most_lean_deg: Option<f64>,
    pub average: Average,
    /// Least share of a column that must be measured.
    pub least_share: f64,
    /// Longest gap that is bridged.
    pub bridge_um: f64,
    /// Spacing of the signature; as measured unless given.
    pub spacing_um: Option<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            crop_um: None,
            along: Along::Auto,
            level: Form::Plane,
            spikes: Some(8.0),
            highpass_um: Some(250.0),
            lowpass_um: Some(5.0),
            edge: Edge::Mirror,
            reach: Reach::default(),
            missing_cells: false,
            most_lean_deg: Some(10.0),
            average: Average::Mean,
            least_share: 0.1,
            bridge_um: 20.0,
            spacing_um: None,
        }
    }
}

impl Options {
    /// What NFI Scratch computes: no levelling, no spikes, no minimum share; a surface with missing points is filtered with another window than
    /// one without.
    #[must_use]
    pub fn scratch(surface: &Surface) -> Self {
        let gaps = surface.missing_share() > 0.0;
        Self {
            along: Along::Y,
            level: Form::None,
            spikes: None,
            edge: if gaps { Edge::Shrink } else { Edge::Mirror },
            reach: if gaps { Reach::Window(4.0) } else { Reach::Sigmas(3.0) },
            missing_cells: true,
            least_share: 0.0,
            bridge_um: 0.0,
            ..Self::default()
        }
    }
}

/// How good a signature is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Of the cropped surface, 0 … 1.
    pub missing_share: f64,
    pub length_um: f64,
    /// Share of the band's variance that the mean profile explains, 0 … 1: see [`shear`]. NaN for a single line.
    pub contrast: f64,
    /// Lean of the striations that was taken out.
    pub angle_deg: f64,
    /// Whether that is the most that was allowed.
    pub at_limit: bool,
    /// Mean share of points that were measured in the columns of the signature.
    pub coverage: f64,
    /// Share of the signature's samples that bridge a gap.
    pub bridged_share: f64,
    pub spikes: usize,
    /// Root mean square of the signature, in µm.
    pub rms_um: f64,
}

/// A signature without gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    pub heights_um: Vec<f64>,
    pub spacing_um: f64,
    /// Where its first sample lies on the cropped surface.
    pub start_um: f64,
    /// X or Y.
    pub along: Along,
    pub quality: Quality,
}

/// Why a surface gives no signature.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SignatureError {
    #[error(transparent)]
    Surface(#[from] SurfaceError),
    #[error(transparent)]
    Level(#[from] LevelError),
    #[error("the crop {0:?} µm holds no point of the surface, which is {1:.1} × {2:.1} µm")]
    Crop(Rectangle, f64, f64),
    #[error("no point of the {columns} × {rows} points was measured")]
    Nothing { columns: usize, rows: usize },
    #[error(
        "the longest part without a gap is {got} samples ({length_um:.1} µm); a signature needs 16. \
         {missing:.0} % of the surface was not measured: crop it, or lower --least-share"
    )]
    Short { got: usize, length_um: f64, missing: f64 },
    #[error(
        "the signature is flat: nothing of the surface is left between the cut-offs; look at --highpass, --lowpass and the unit of heights"
    )]
    Flat,
    #[error("{0}")]
    Setting(String),
}

/// A signature with the surface that it was averaged from, its striations upright: x runs along the signature.
#[derive(Clone, Debug)]
pub struct Made {
    pub signature: Signature,
    pub upright: Surface,
}

/// Makes the signature of a striated surface.
///
/// # Errors
/// When the surface gives none.
pub fn signature(surface: &Surface, options: &Options) -> Result<Made, SignatureError> {
    check(options)?;
    let cropped = match options.crop_um {
        Some(rectangle) => Cow::Owned(crop(surface, rectangle)?),
        None => Cow::Borrowed(surface),
    };
    if cropped.count_measured() == 0 {
        return Err(SignatureError::Nothing { columns: cropped.columns(), rows: cropped.rows() });
    }
    let missing_share = cropped.missing_share();
    // A single line has no second slope to level.
    let form = if cropped.rows().min(cropped.columns()) == 1 { Form::None } else { options.level };
    let levelled = if form == Form::None { cropped } else { Cow::Owned(level(&cropped, form)?.surface) };
    let along = match options.along {
        Along::Auto => {
            if rougher_along_x(&levelled) {
                Along::X
            } else {
                Along::Y
            }
        }
        given => given,
    };
    let turned = if along == Along::Y { Cow::Owned(levelled.transposed()) } else { levelled };
    let (clean, spikes) = match options.spikes.and_then(|k| without_spikes(&turned, k)) {
        Some((clean, spikes)) => (Cow::Owned(clean), spikes),
        None => (turned, 0),
    };
    let spacing = clean.spacing_um().0;
    check_lengths(options, spacing, clean.columns())?;
    let kernel = |cutoff: Option<f64>| cutoff.map(|c| Kernel::new(c, spacing, options.reach, options.edge));
    let mut filtered = band(clean.into_owned(), kernel(options.highpass_um).as_ref(), kernel(options.lowpass_um).as_ref());
    if options.missing_cells {
        filtered = without_cells(&filtered);
    }
    let lean = options.most_lean_deg.map(|most| shear::lean(&filtered, most));
    let upright = match lean {
        Some(l) if l.samples_a_row != 0.0 => shear::shear(filtered, l.samples_a_row),
        _ => filtered,
    };
    let contrast = if upright.rows() > 1 { shear::contrast(&upright) } else { f64::NAN };

    let profile = averaged(&upright, options.average, options.least_share);
    let bridge = libm::floor(options.bridge_um / spacing + 1e-9) as usize;
    let part = longest_part(&profile, bridge);
    let found = &profile[part.clone()];
    if found.len() < 16 {
        return Err(SignatureError::Short {
            got: found.len(),
            length_um: found.len() as f64 * spacing,
            missing: 100.0 * missing_share,
        });
    }
    let bridged = found.iter().filter(|p| p.is_none()).count() as f64 / found.len() as f64;
    let mut heights = bridge_gaps(found);
    let coverage = found.iter().flatten().map(|p| p.share).sum::<f64>() / found.len() as f64;
    let mut spacing_um = spacing;
    if let Some(wanted) = options.spacing_um.filter(|w| !same_spacing(spacing, *w, heights.len())) {
        heights = respaced(&heights, spacing, wanted);
        spacing_um = wanted;
    } else if let Some(wanted) = options.spacing_um {
        spacing_um = wanted;
    }
    if heights.len() < 16 {
        let length_um = heights.len() as f64 * spacing_um;
        return Err(SignatureError::Short { got: heights.len(), length_um, missing: 100.0 * missing_share });
    }
    let mean = heights.iter().sum::<f64>() / heights.len() as f64;
    let rms_um = (heights.iter().map(|h| (h - mean) * (h - mean)).sum::<f64>() / heights.len() as f64).sqrt();
    let magnitude = surface.heights_um().iter().fold(0.0f64, |m, h| h.abs().max(m));
    if rms_um <= 1e-12 * magnitude || rms_um.is_nan() {
        return Err(SignatureError::Flat);
    }
    let quality = Quality {
        missing_share,
        length_um: heights.len() as f64 * spacing_um,
        contrast,
        angle_deg: lean.map_or(0.0, |l| l.angle_deg),
        at_limit: lean.is_some_and(|l| l.at_limit),
        coverage,
        bridged_share: bridged,
        spikes,
        rms_um,
    };
    let signature = Signature { heights_um: heights, spacing_um, start_um: part.start as f64 * spacing, along, quality };
    Ok(Made { signature, upright })
}

impl Options {
    /// Whether all of them are possible.
    ///
    /// # Errors
    /// [`SignatureError::Setting`], in the words of the command line.
    pub fn check(&self) -> Result<(), SignatureError> {
        check(self)
    }
}

/// Lengths that make no sense of a line of n points: a wrong unit or spacing, which would else take hours, or all memory.
pub(super) fn check_lengths(options: &Options, spacing: f64, n: usize) -> Result<(), SignatureError> {
    let length = spacing * n as f64;
    for (name, cutoff) in [("--highpass", options.highpass_um), ("--lowpass", options.lowpass_um)] {
        if let Some(c) = cutoff.filter(|c| *c > 4.0 * length) {
            return Err(SignatureError::Setting(format!(
                "{name} {c} µm is more than four times the surface's {length:.3e} µm ({n} points every {spacing:.3e} µm): is the file's spacing right? \
                 Else choose a shorter cut-off, or none"
            )));
        }
    }
    match options.spacing_um {
        Some(wanted) => check_spacing(spacing, wanted),
        None => Ok(()),
    }
}

/// Whether a spacing can be brought to another: finer ones than a sixteenth only repeat what is there.
///
/// # Errors
/// When it cannot.
pub fn check_spacing(old: f64, new: f64) -> Result<(), SignatureError> {
    if 16.0 * new < old {
        return Err(SignatureError::Setting(format!(
            "a spacing of {new} µm is finer than a sixteenth of the {old} µm that were measured: choose a coarser one"
        )));
    }
    Ok(())
}

fn check(options: &Options) -> Result<(), SignatureError> {
    let wrong = |what: String| Err(SignatureError::Setting(what));
    for (name, value) in
        [("--highpass", options.highpass_um), ("--lowpass", options.lowpass_um), ("--spacing", options.spacing_um)]
    {
        if let Some(v) = value.filter(|v| !(*v > 0.0 && v.is_finite())) {
            return wrong(format!("{name} is {v} µm; allowed are lengths above 0"));
        }
    }
    if let (Some(high), Some(low)) = (options.highpass_um, options.lowpass_um)
        && low >= high
    {
        return wrong(format!("--lowpass {low} µm is not below --highpass {high} µm: nothing would pass between them"));
    }
    if let Some(k) = options.spikes.filter(|k| k.is_nan() || *k < 1.0) {
        return wrong(format!("--spikes is {k}; allowed are 1 and more, or none"));
    }
    if let Some(a) = options.most_lean_deg.filter(|a| !(0.0..=45.0).contains(a)) {
        return wrong(format!("--max-lean is {a}°; allowed are 0 to 45"));
    }
    if !(0.0..=1.0).contains(&options.least_share) {
        return wrong(format!("--least-share is {}; allowed are shares from 0 to 1", options.least_share));
    }
    if !(options.bridge_um >= 0.0 && options.bridge_um.is_finite()) {
        return wrong(format!("--bridge is {} µm; allowed are lengths of 0 and more", options.bridge_um));
    }
    Ok(())
}

/// The rectangle of a surface.
pub(super) fn crop(surface: &Surface, rectangle: Rectangle) -> Result<Surface, SignatureError> {
    let (sx, sy) = surface.spacing_um();
    let (width, height) = (surface.columns() as f64 * sx, surface.rows() as f64 * sy);
    let [x0, x1, y0, y1] = rectangle;
    let span = |from: f64, to: f64, spacing: f64, n: usize| {
        let start = libm::ceil((from / spacing).max(0.0) - 1e-9) as usize;
        let end = (libm::floor(to / spacing + 1e-9).max(-1.0) + 1.0) as usize;
        start..end.min(n)
    };
    let (columns, rows) = (span(x0, x1, sx, surface.columns()), span(y0, y1, sy, surface.rows()));
    if columns.is_empty() || rows.is_empty() {
        return Err(SignatureError::Crop(rectangle, width, height));
    }
    Ok(surface.crop(columns, rows)?)
}

/// Whether heights 10 µm apart differ more along x than along y. At most about 2¹⁸ pairs of each.
fn rougher_along_x(surface: &Surface) -> bool {
    let (columns, rows) = (surface.columns(), surface.rows());
    if columns == 1 || rows == 1 {
        return rows == 1;
    }
    let (sx, sy) = surface.spacing_um();
    let apart = |spacing: f64, n: usize| (libm::round(10.0 / spacing).max(1.0) as usize).min(n - 1);
    let (dx, dy) = (apart(sx, columns), apart(sy, rows));
    let (h, m) = (surface.heights_um(), surface.measured());
    let every = (columns * rows).div_ceil(1 << 18).max(1);
    let differ = |d: usize, inside: &dyn Fn(usize) -> bool| {
        let pairs = (0..h.len() - d).step_by(every).filter(|&i| inside(i) && m[i] && m[i + d]);
        let (sum, n) = pairs.fold((0.0, 0u32), |(s, n), i| (s + (h[i + d] - h[i]) * (h[i + d] - h[i]), n + 1));
        if n > 0 { sum / f64::from(n) } else { 0.0 }
    };
    differ(dx, &|i| i % columns + dx < columns) >= differ(dy * columns, &|_| true)
}

fn without_cells(surface: &Surface) -> Surface {
    let (columns, rows) = (surface.columns(), surface.rows());
    let m = surface.measured();
    let next = |r: usize, c: usize| r >= rows || c >= columns || m[r * columns + c];
    let kept = (0..m.len()).map(|i| {
        let (r, c) = (i / columns, i % columns);
        m[i] && next(r + 1, c) && next(r, c + 1) && next(r + 1, c + 1)
    });
    surface.with_heights(surface.heights_um().to_vec(), kept.collect())
}

/// A column's height.
#[derive(Clone, Copy, Debug)]
struct Point {
    height: f64,
    share: f64,
}

fn averaged(surface: &Surface, average: Average, least_share: f64) -> Vec<Option<Point>> {
    let (columns, rows) = (surface.columns(), surface.rows());
    let point = |height: f64, n: usize| {
        let share = n as f64 / rows as f64;
        (n > 0 && share >= least_share).then_some(Point { height, share })
    };
    match average {
        Average::Mean => {
            let (mut sums, mut counts) = (vec![0.0; columns], vec![0usize; columns]);
            for (h, m) in surface.heights_um().chunks(columns).zip(surface.measured().chunks(columns)) {
                for (((s, n), h), m) in sums.iter_mut().zip(&mut counts).zip(h).zip(m) {
                    *s += h;
                    *n += usize::from(*m);
                }
            }
            sums.iter().zip(&counts).map(|(s, &n)| point(s / n.max(1) as f64, n)).collect()
        }
        Average::Median => (0..columns)
            .map(|c| {
                let mut found: Vec<f64> = (0..rows).filter_map(|r| surface.at(r, c)).collect();
                let n = found.len();
                if n == 0 {
                    return None;
                }
                let (below, &mut middle, _) = found.select_nth_unstable_by(n / 2, f64::total_cmp);
                let other = if n.is_multiple_of(2) { below.iter().copied().fold(f64::NEG_INFINITY, f64::max) } else { middle };
                point(f64::midpoint(middle, other), n)
            })
            .collect(),
    }
}

/// The longest part that begins and ends with a measured column and has no gap above `bridge` columns; the first of as long.
fn longest_part(profile: &[Option<Point>], bridge: usize) -> std::ops::Range<usize> {
    let (mut best, mut start, mut last) = (0..0, None::<usize>, 0usize);
    for i in (0..profile.len()).filter(|&i| profile[i].is_some()) {
        let from = match start {
            Some(from) if i - last - 1 <= bridge => from,
            _ => i,
        };
        start = Some(from);
        last = i;
        if i + 1 - from > best.len() {
            best = from..i + 1;
        }
    }
    best
}

fn bridge_gaps(profile: &[Option<Point>]) -> Vec<f64> {
    let mut heights: Vec<f64> = Vec::with_capacity(profile.len());
    let mut last = None::<(usize, f64)>;
    for (i, p) in profile.iter().enumerate() {
        let Some(p) = p else { continue };
        if let Some((from, height)) = last {
            for k in from + 1..i {
                heights.push(height + (p.height - height) * ((k - from) as f64 / (i - from) as f64));
            }
        }
        heights.push(p.height);
        last = Some((i, p.height));
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;
    use crate::toolmark::simulate;

    fn mark(turned: bool, missing: f64, spacing: f64) -> (Surface, Vec<f64>) {
        let mut draw = Stream::new(8, "mark", 0);
        let profile = simulate::signature(600, &mut draw);
        let (columns, rows) = (600usize, 120usize);
        let mut h = Vec::new();
        for r in 0..rows {
            for c in 0..columns {
                let z = 20.0 + 0.02 * c as f64 + 0.1 * r as f64 + profile[c + 10] + 0.1 * draw.normal();
                h.push(if draw.uniform() < missing { f64::NAN } else { z });
            }
        }
        let s = Surface::of_finite(columns, rows, (spacing, spacing), h).unwrap();
        (if turned { s.transposed() } else { s }, profile[10..610].to_vec())
    }

    fn correlation(a: &[f64], b: &[f64]) -> f64 {
        let n = a.len().min(b.len()) as f64;
        let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
        let p = |x: &[f64], y: &[f64], mx: f64, my: f64| x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>();
        p(a, b, ma, mb) / (p(a, a, ma, ma) * p(b, b, mb, mb)).sqrt()
    }

    #[test]
    fn a_signature_comes_back_whichever_way_it_lies() {
        for (turned, missing) in [(false, 0.0), (true, 0.0), (true, 0.4)] {
            let (surface, truth) = mark(turned, missing, 1.5);
            let made = signature(&surface, &Options::default()).unwrap().signature;
            assert_eq!(made.along, if turned { Along::Y } else { Along::X });
            assert_eq!(made.heights_um.len(), 600);
            let kernel = Kernel::new(250.0, 1.5, Reach::default(), Edge::Mirror);
            let low = kernel.smooth(&truth, &[true; 600]);
            let high: Vec<f64> = truth.iter().zip(&low).map(|(h, l)| h - l).collect();
            assert!(correlation(&made.heights_um, &high) > 0.98, "{}", correlation(&made.heights_um, &high));
            assert!(made.quality.contrast > 0.8 && made.quality.angle_deg.abs() < 0.1, "{:?}", made.quality);
            assert!((made.quality.missing_share - missing).abs() < 0.02);
        }
    }

    #[test]
    fn gaps_are_bridged_or_cut() {
        let some = |h: f64| Some(Point { height: h, share: 1.0 });
        let profile = [None, some(1.0), None, some(3.0), None, None, None, some(5.0), some(6.0), some(7.0), some(8.0), None];
        assert_eq!(longest_part(&profile, 1), 7..11);
        assert_eq!(longest_part(&profile, 3), 1..11);
        assert_eq!(bridge_gaps(&profile[1..4]), [1.0, 2.0, 3.0]);
        assert_eq!(longest_part(&[None, None], 5), 0..0);
    }

    #[test]
    fn what_gives_no_signature_is_refused() {
        let flat = Surface::of_finite(64, 20, (1.0, 1.0), vec![2.0; 1280]).unwrap();
        assert_eq!(signature(&flat, &Options::default()).unwrap_err(), SignatureError::Flat);
        let empty = Surface::of_finite(64, 20, (1.0, 1.0), vec![f64::NAN; 1280]).unwrap();
        assert!(matches!(signature(&empty, &Options::default()), Err(SignatureError::Nothing { .. })));
        let (surface, _) = mark(false, 0.0, 1.5);
        let outside = Options { crop_um: Some([5000.0, 6000.0, 0.0, 100.0]), ..Options::default() };
        assert!(matches!(signature(&surface, &outside), Err(SignatureError::Crop(..))));
        let wrong = Options { lowpass_um: Some(300.0), ..Options::default() };
        assert!(matches!(signature(&surface, &wrong), Err(SignatureError::Setting(_))));
        let part = Options { crop_um: Some([150.0, 299.9, 30.0, 60.0]), ..Options::default() };
        assert_eq!(signature(&surface, &part).unwrap().signature.heights_um.len(), 100);
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        let s = Surface::of_finite(1, 4, (1.0, 1.0), vec![1.0, 9.0, 3.0, 4.0]).unwrap();
        assert_eq!(averaged(&s, Average::Median, 0.0)[0].unwrap().height, 3.5);
    }
}
