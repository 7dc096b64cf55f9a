//! The signature of a striated mark from a photograph under oblique light.
//!
//! ```text
//! f = p / (wide Gaussian mean of p) − 1                        flatten.rs
//! areas: direction and coherence of the structure tensor       direction.rs
//! angle: the direction most areas share, then sharpened        direction.rs, refine.rs
//! p(u) = average of f along the striations, striated areas     projection.rs
//! signature = p, smoothed, less its wide mean                  profile.rs
//! ```
//! A profile across the striations, averaged along them, as M. Heizmann and F. Puente León do it (doi:10.1117/1.1622389), for the maximum of the
//! cross-correlation over lags. Lengths are in µm where the scale is given, otherwise in pixels. Angles are in the picture, x to the right and y down,
//! so that they grow clockwise.
//!
//! # What is left out
//! Areas without stripes, with stripes of another direction, or without contrast are reported and do not contribute. A position where too few pixels
//! contributed is not measured. A picture with hardly a striated area, or without a direction that most areas share, is refused.
//!
//! # Reading direction
//! A signature is read across the striations from left to right, and from top to bottom where they lie level. A photograph turned by 180° therefore
//! gives the reversed signature, and one turned a little may, where the striations lie nearly level. Nothing in a photograph tells which end is which:
//! a comparison has to try [`PhotoSignature::reversed`] too and count the better one.
//!
//! # Side of the light
//! Under weak oblique light the shade is the slope across the striations times the cosine of the angle between the light and the reading direction.
//! Light from a side but less than 90° off changes the contrast alone, which correlation does not see; light from the opposite side turns the
//! sign of every number, and light along the striations shows none. Where [`Options::light_deg`] is given the sign is settled. Where it is not known, a
//! comparison has to try [`PhotoSignature::negated`] as well ([`PhotoSignature::readings`] are all of them), or take [`Shading::Absolute`], which
//! needs no sign but says less.
//!
//! # What it does not do
//! Striations that bend or fan out are not straightened: they smear, and [`Quality::explained`] falls. Nothing is done about shadows, gloss, the
//! camera's tone curve, perspective, or a scale that varies over the picture. A ruler or the edge of the brick has a direction too: give the region
//! of the mark. The factor between shade and slope is unknown, so numbers of two photographs compare in form only.

mod direction;
mod error;
mod field;
mod flatten;
mod options;
mod photo_signature;
mod profile;
mod projection;
mod refine;
mod region;

pub use error::Error;
pub use options::{Average, Options, Shading};
pub use photo_signature::{PhotoSignature, Quality, Unit};
pub use region::{Rectangle, Region};

use crate::picture::grey::Grey;
use direction::{Areas, Common, canonical, turn};
use options::Lengths;
use profile::Bands;
use projection::{Lines, Mask};

/// Fewer samples are no signature.
const LEAST_SAMPLES: usize = 32;
/// Light nearer to the striations' direction does not tell rise from fall.
const ALONG_DEG: f64 = 10.0;

/// The signature of the striations in a photograph.
///
/// ```
/// use striae::picture::grey::Grey;
/// use striae::toolmark::photograph::{Options, signature};
///
/// // Upright stripes, 20 pixels a period, 4 µm a pixel.
/// let shade = |i: usize| 0.5 + 0.1 * libm::sinf((i % 256) as f32 * std::f32::consts::TAU / 20.0);
/// let picture = Grey::new(256, 200, (0..256 * 200).map(shade).collect()).ok_or("not a picture")?;
/// let found = signature(&picture, &Options { um_per_px: Some(4.0), ..Options::default() })?;
/// assert!((found.angle_deg - 90.0).abs() < 0.1);
/// assert_eq!((found.spacing, found.quality.striated_share), (4.0, 1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When an option is not possible, the region is not in the picture or too small, or nothing in it is striated.
pub fn signature(picture: &Grey, options: &Options) -> Result<PhotoSignature, Error> {
    let lengths = options.checked()?;
    let (width, height) = (picture.width(), picture.height());
    let area = options.region.unwrap_or(Rectangle { x: 0, y: 0, width, height });
    if !area.within(width, height) {
        return Err(Error::Region { region: area, width, height });
    }
    let least = options.tile_px.max(LEAST_SAMPLES);
    if area.width.min(area.height) < least {
        return Err(Error::TooSmall { width: area.width, height: area.height, least });
    }

    let flat = flatten::flatten(picture, area, lengths.illumination_px);
    let smooth = flat.smoothed(options.gradient_px);
    let mut areas = direction::areas(&smooth, area, options);
    let common = areas.agree(options)?;
    let mask = Mask::new(&areas, area.width, area.height);
    let (angle, explained) = refine::refine(&smooth, &mask, common.angle_deg, options.refine_deg);
    drop(smooth);
    let angle_deg = canonical(angle);
    let sign = sign(angle_deg, options)?;

    // Samples farther apart than pixels are means of lines that are not.
    let group = libm::ceil(lengths.spacing_px) as usize;
    let lines = Lines::new(area.width, area.height, angle_deg, lengths.spacing_px, group);
    let (mut shades, mut measured) = (Vec::new(), Vec::new());
    for part in lines.averages(&flat, &mask, options.average).chunks_exact(group) {
        let pixels: usize = part.iter().map(|p| p.1).sum();
        let sum: f64 = part.iter().map(|p| p.0 * p.1 as f64).sum();
        measured.push(pixels >= options.least_pixels.saturating_mul(group));
        shades.push(sign.unwrap_or(1.0) * sum / pixels.max(1) as f64);
    }
    let first = measured.iter().position(|m| *m).unwrap_or(0);
    let end = measured.iter().rposition(|m| *m).map_or(0, |last| last + 1);
    let (shades, measured) = (shades.get(first..end).unwrap_or(&[]), measured.get(first..end).unwrap_or(&[]).to_vec());
    let got = measured.iter().filter(|m| **m).count();
    if got < LEAST_SAMPLES {
        return Err(Error::Short { got, least: LEAST_SAMPLES, pixels: options.least_pixels });
    }

    let bands = Bands {
        smoothing: lengths.smoothing_px / lengths.spacing_px,
        wide: lengths.illumination_px / lengths.spacing_px,
        spacing: lengths.spacing,
    };
    let values = profile::shaded(shades, &measured, options.shading, bands);
    let (x, y) = lines.point((first * group) as f64 + 0.5 * (group - 1) as f64);
    Ok(PhotoSignature {
        spacing: lengths.spacing,
        unit: if options.um_per_px.is_some() { Unit::Micrometres } else { Unit::Pixels },
        shading: options.shading,
        signed: sign.is_some(),
        angle_deg,
        first_px: (area.x as f64 + x, area.y as f64 + y),
        quality: quality(&areas, common, explained, &lengths, values.len()),
        regions: areas.tiles,
        values,
        measured,
    })
}

/// The factor that makes the light come from the start of the signature.
fn sign(angle_deg: f64, options: &Options) -> Result<Option<f64>, Error> {
    let Some(light_deg) = options.light_deg else { return Ok(None) };
    if turn(light_deg, angle_deg).abs() < ALONG_DEG {
        return Err(Error::LightAlong { light_deg, angle_deg, least: ALONG_DEG });
    }
    let from_end = libm::cos((light_deg - (angle_deg - 90.0)).to_radians()) > 0.0;
    Ok(Some(if from_end { -1.0 } else { 1.0 }))
}

fn quality(areas: &Areas, common: Common, explained: f64, lengths: &Lengths, samples: usize) -> Quality {
    let n = areas.striated().count() as f64;
    Quality {
        striated_share: n / areas.tiles.len() as f64,
        coherence: areas.striated().map(|t| t.coherence).sum::<f64>() / n,
        contrast: (areas.striated().map(|t| t.contrast * t.contrast).sum::<f64>() / n).sqrt(),
        agreement: common.agreement,
        explained,
        length: lengths.spacing * (samples - 1) as f64,
    }
}
