//! How a photograph is read.

use super::error::Error;
use super::region::Rectangle;

/// What the numbers of the signature are. Under weak oblique light a photograph shows the slope across the striations.
///
/// The default is the one that finds most presses in simulated photographs (`tests/photographs.rs`). Good marks are found by all three. Of the worst
/// ones there, 40 presses, rank 1 is the right press for 93 % as seen (both signs tried), 58 % by sizes and 52 % by heights: sizes
/// throw away which flank is which, and sums carry along what is slow, waves and noise, so that heights fail with a wide
/// [`Options::illumination`] even for good marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shading {
    /// The flattened shades, which are slopes up to an unknown factor. Light from the other side changes the sign.
    #[default]
    AsSeen,
    /// Shades summed up along the signature, less their wide mean: heights up to an unknown factor. Light from the other side changes the sign.
    Height,
    /// The size of the flattened shades, whatever the side of the light.
    Absolute,
}

/// How the shades along a striation become one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Average {
    Mean,
    /// The mean without this share of the smallest and of the largest shades, those equal to the bounds included; 0 … 0.49.
    Trimmed(f64),
    /// The middle one; of an even number the upper of both.
    Median,
}

/// How a photograph is read. A length is in µm where [`Self::um_per_px`] is given, otherwise in pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The scale of the photograph.
    pub um_per_px: Option<f64>,
    /// Where the mark is. Default: the whole picture.
    pub region: Option<Rectangle>,
    /// The direction of the striations, clockwise from the x axis, where it is known to some degrees. Default: the one that most areas share.
    pub direction_deg: Option<f64>,
    /// Where the light comes from in the picture, clockwise from the x axis (0° from the right, 90° from below). It settles the sign: then the numbers
    /// are those of light from the start of the signature, whatever side it came from. Default: not known.
    pub light_deg: Option<f64>,
    pub shading: Shading,
    pub average: Average,
    /// Standard deviation of the wide Gaussian that takes off the illumination. Default: 100 µm or 20 pixels.
    pub illumination: Option<f64>,
    /// Standard deviation of the Gaussian that smooths the signature. Default: 7.5 µm or 1.5 pixels.
    pub smoothing: Option<f64>,
    /// Distance of the signature's samples. Default: that of pixels. Signatures that are compared need the same.
    pub spacing: Option<f64>,
    /// Sides of the areas, in pixels, about.
    pub tile_px: usize,
    /// Standard deviation of the Gaussian before the gradient, in pixels.
    pub gradient_px: f64,
    /// An area below it has no direction.
    pub least_coherence: f64,
    /// An area below it has nothing to see: root mean square of shades relative to their wide mean. One step of an 8-bit photograph is 0.004 of white.
    pub least_contrast: f64,
    /// The share of areas that must be striated.
    pub least_share: f64,
    /// The share of areas with a direction, by coherence, that must agree on one.
    pub least_agreement: f64,
    /// An area whose direction differs by more is not striated, in degrees.
    pub within_deg: f64,
    /// How far around the areas' mean direction the final one is searched, in degrees; 0 takes the mean itself.
    pub refine_deg: f64,
    /// A position of the signature is measured where at least so many pixels along the striation were averaged.
    pub least_pixels: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            um_per_px: None,
            region: None,
            direction_deg: None,
            light_deg: None,
            shading: Shading::default(),
            average: Average::Trimmed(0.1),
            illumination: None,
            smoothing: None,
            spacing: None,
            tile_px: 32,
            gradient_px: 1.5,
            least_coherence: 0.25,
            least_contrast: 0.005,
            least_share: 0.05,
            least_agreement: 0.4,
            within_deg: 12.0,
            refine_deg: 15.0,
            least_pixels: 40,
        }
    }
}

/// Options that are possible, lengths in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    pub(super) illumination_px: f64,
    pub(super) smoothing_px: f64,
    pub(super) spacing_px: f64,
    /// Of the signature, in its unit.
    pub(super) spacing: f64,
}

fn check(name: &'static str, got: f64, fits: bool, allowed: &'static str) -> Result<(), Error> {
    if fits && got.is_finite() { Ok(()) } else { Err(Error::Option { name, got, allowed }) }
}

impl Options {
    pub(super) fn checked(&self) -> Result<Lengths, Error> {
        let scale = self.um_per_px.unwrap_or(1.0);
        check("um_per_px", scale, (1e-3..=1e4).contains(&scale), "0.001 to 10000 µm")?;
        let unit = |um: f64, px: f64| if self.um_per_px.is_some() { um } else { px };
        let illumination_px = self.illumination.unwrap_or_else(|| unit(100.0, 20.0)) / scale;
        let smoothing_px = self.smoothing.unwrap_or_else(|| unit(7.5, 1.5)) / scale;
        let spacing = self.spacing.unwrap_or(scale);
        let spacing_px = spacing / scale;
        check(
            "illumination (in pixels)",
            illumination_px,
            (4.0..=5e3).contains(&illumination_px),
            "4 to 5000 pixels; the default of 100 µm needs a scale of at most 25 µm a pixel",
        )?;
        check(
            "smoothing (in pixels)",
            smoothing_px,
            smoothing_px >= 0.0 && 2.0 * smoothing_px <= illumination_px,
            "0 to half of the illumination",
        )?;
        check("spacing (in pixels)", spacing_px, (0.1..=64.0).contains(&spacing_px), "0.1 to 64 pixels")?;
        for (name, got) in [("direction_deg", self.direction_deg), ("light_deg", self.light_deg)] {
            let got = got.unwrap_or(0.0);
            check(name, got, got.abs() <= 360.0, "-360 to 360°")?;
        }
        if let Average::Trimmed(share) = self.average {
            check("average", share, (0.0..=0.49).contains(&share), "shares of 0 to 0.49 at either end")?;
        }
        check("tile_px", self.tile_px as f64, (8..=4096).contains(&self.tile_px), "8 to 4096 pixels")?;
        check("gradient_px", self.gradient_px, (0.5..=20.0).contains(&self.gradient_px), "0.5 to 20 pixels")?;
        for (name, got) in [
            ("least_coherence", self.least_coherence),
            ("least_contrast", self.least_contrast),
            ("least_share", self.least_share),
            ("least_agreement", self.least_agreement),
        ] {
            check(name, got, (0.0..=1.0).contains(&got), "0 to 1")?;
        }
        check("within_deg", self.within_deg, self.within_deg > 0.0 && self.within_deg <= 45.0, "above 0° up to 45°")?;
        check("refine_deg", self.refine_deg, (0.0..=45.0).contains(&self.refine_deg), "0° to 45°")?;
        check("least_pixels", self.least_pixels as f64, self.least_pixels >= 1, "1 and more")?;
        Ok(Lengths { illumination_px, smoothing_px, spacing_px, spacing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_options_are_named() {
        let bad = |change: fn(&mut Options)| {
            let mut options = Options::default();
            change(&mut options);
            match options.checked() {
                Err(Error::Option { name, .. }) => name,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(bad(|o| o.um_per_px = Some(0.0)), "um_per_px");
        assert_eq!(bad(|o| o.um_per_px = Some(f64::NAN)), "um_per_px");
        assert_eq!(bad(|o| o.um_per_px = Some(100.0)), "illumination (in pixels)");
        assert_eq!(bad(|o| o.smoothing = Some(11.0)), "smoothing (in pixels)");
        assert_eq!(bad(|o| o.average = Average::Trimmed(0.5)), "average");
        assert_eq!(bad(|o| o.tile_px = 2), "tile_px");
        assert_eq!(bad(|o| o.light_deg = Some(f64::INFINITY)), "light_deg");
        assert!(Options::default().checked().is_ok());
    }
}
