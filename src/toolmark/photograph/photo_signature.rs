//! What comes out of a photograph.

use super::options::Shading;
use super::profile::runs;
use super::region::Region;
use std::ops::Range;

/// The unit of lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Micrometres,
    Pixels,
}

/// How far a signature can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// The share of areas that are striated.
    pub striated_share: f64,
    /// Mean coherence of the striated areas.
    pub coherence: f64,
    /// Root mean square of their flattened, smoothed shades, relative to the brightness around them.
    pub contrast: f64,
    /// The share of areas with a direction that have the common one, by coherence.
    pub agreement: f64,
    /// The share of the variance of striated shades that is the same all along the striations. Near 0: lines of many short or bent pieces.
    pub explained: f64,
    /// From the first to the last measured sample, in the signature's unit.
    pub length: f64,
}

/// A profile across striations, from a photograph.
#[derive(Clone, Debug, PartialEq)]
pub struct PhotoSignature {
    /// Numbers without a unit, or with [`Shading::Height`] in the unit of lengths up to a factor; 0 where not measured.
    pub values: Vec<f64>,
    pub measured: Vec<bool>,
    /// Distance of samples.
    pub spacing: f64,
    pub unit: Unit,
    pub shading: Shading,
    /// Whether the side of the light settled the sign.
    pub signed: bool,
    /// The direction of the striations in the picture, above 0° up to 180°, clockwise from the x axis.
    pub angle_deg: f64,
    /// Where in the picture the first sample lies (column, row), on the line through the region's centre.
    pub first_px: (f64, f64),
    /// All areas of the region, row by row.
    pub regions: Vec<Region>,
    pub quality: Quality,
}

impl PhotoSignature {
    /// What the photograph turned by 180°, with its light, gives: samples from last to first, and other signs where the sign belongs to the reading
    /// direction (heights under unknown light, slopes under known light). `angle_deg`, `first_px` and `regions` stay those of this photograph.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let changes = match self.shading {
            Shading::AsSeen => self.signed,
            Shading::Height => !self.signed,
            Shading::Absolute => false,
        };
        let mut other = if changes { self.negated() } else { self.clone() };
        other.values.reverse();
        other.measured.reverse();
        other
    }

    /// What light from the other side gives; with [`Shading::Absolute`] the same.
    #[must_use]
    pub fn negated(&self) -> Self {
        let mut other = self.clone();
        if self.shading != Shading::Absolute {
            for v in &mut other.values {
                *v = -*v;
            }
        }
        other
    }

    /// All that another photograph of the same mark may look like: both reading directions, and both signs unless the light is known.
    #[must_use]
    pub fn readings(&self) -> Vec<Self> {
        let mut all = vec![self.clone(), self.reversed()];
        if !self.signed && self.shading != Shading::Absolute {
            all.extend([self.negated(), self.reversed().negated()]);
        }
        all
    }

    /// The values, NaN where not measured.
    #[must_use]
    pub fn profile(&self) -> Vec<f64> {
        self.values.iter().zip(&self.measured).map(|(v, m)| if *m { *v } else { f64::NAN }).collect()
    }

    /// The longest stretch without a gap; of equal ones the first.
    #[must_use]
    pub fn longest_run(&self) -> Range<usize> {
        runs(&self.measured).into_iter().fold(0..0, |best, run| if run.len() > best.len() { run } else { best })
    }
}
