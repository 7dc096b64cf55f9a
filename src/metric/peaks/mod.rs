//! Plain definitions of the similarity of two centroid mass spectra.
//!
//! A spectrum is a list of peaks `(m_i, I_i)`, `m` ascending. Every score here
//! has the same bits whichever of the two spectra comes first.
//!
//! **Cosines.** Peak weights are `w_i = m_i^p * I_i^q`. A set `M` of peak pairs,
//! in which each peak occurs at most once, gives
//!
//! ```text
//! score = ( sum over (i,j) in M of  a_i b_j ) / ( |a| |b| ),   |w| = sqrt(sum w^2)
//! ```
//!
//! Admissible pairs lie within the tolerance. The metrics differ in `M`:
//!
//! * greedy: pairs in descending order of `a_i b_j`; a pair enters if both of its
//!   peaks are still free. Equal products: the pair of higher m/z rank first.
//!   (Only the order of two pairs that share a peak can change `M`, and for those
//!   "higher rank" means the same from either side; so `M` does not depend on
//!   which spectrum is first.) Greedy matching is what the matchms package calls
//!   `CosineGreedy`: Huber et al. 2020, doi:10.21105/joss.02411.
//! * exact: `M` of largest sum, by shortest augmenting paths on every connected
//!   component of the matching graph: Kuhn 1955, doi:10.1002/nav.3800020109;
//!   Jonker and Volgenant 1987, doi:10.1007/BF02278710.
//! * linear: peaks closer than twice the tolerance are first merged into the most
//!   intense of them (its m/z, the summed intensity); afterwards a peak has at
//!   most one partner and one sweep finds `M`. The convention of SIRIUS (Dührkop
//!   et al. 2019, doi:10.1038/s41592-019-0344-8), as in matchms `CosineLinear`.
//! * modified: a pair is admissible directly or after the spectrum of the
//!   lower precursor is moved up by the difference of the precursors; then
//!   greedy, a moved pair before a direct one of equal product: Watrous et al.
//!   2012, doi:10.1073/pnas.1203689109. If the precursors agree within the
//!   tolerance only direct pairs count.
//!
//! **Spectral entropy** (Li et al. 2021, doi:10.1038/s41592-021-01331-z). Both
//! spectra are cleaned: peaks within twice the tolerance of a more intense one
//! are merged into it (m/z is the intensity-weighted mean; repeated until all
//! gaps are at least twice the tolerance), peaks below `noise` times the highest
//! are dropped, the rest is scaled to sum 1. With `S = -sum p ln p`, the weighted
//! form replaces `p` by `p^(0.25 + 0.25 S)` where `S < 3`, scaled to sum 1 again.
//! With `f(x) = x log2 x`, over the matched peaks,
//!
//! ```text
//! score = 1/2 sum ( f(a_i + b_j) - f(a_i) - f(b_j) )
//! ```
//!
//! which is `1 - (2 S_AB - S_A - S_B) / ln 4`, 0 to 1.
//!
//! **When two peaks match**, `lo <= hi` being their m/z:
//!
//! * Da, greedy, exact, modified: `hi <= fl(lo + tolerance)`. matchms tests
//!   `fl(m1 - tol) <= m2 <= fl(m1 + tol)`; this is the same test where the first
//!   spectrum has the lower peak, and differs elsewhere only if the difference
//!   equals the tolerance up to rounding (there matchms itself is not symmetric).
//! * Da, linear and entropy: `fl(hi - lo) <= tolerance`, as both sources do.
//! * ppm, all: `hi <= fl(lo * r)`, `r = (1 + t/2) / (1 - t/2)`, `t = 1e-6 ppm`: the
//!   difference is at most `t` times the **mean** of the two. `ms_entropy` takes `t`
//!   relative to the first spectrum's peak, which is not symmetric.
//!
//! Peaks of zero weight are no peaks: they are dropped before anything else.
//! Scores are not clipped: rounding can leave 1 + 2e-16.
//!
//! Sums run over the pairs in ascending order of `i + j` (ranks of the peaks after
//! cleaning), and of two pairs with equal `i + j` the larger product first.

mod assignment;
mod clean;
mod pairs;

pub(crate) use assignment::exact;
pub(crate) use pairs::{Pair, cosine, entropy, entropy_score, entropy_term, greedy_order, moved, sweep, xlog2x};

use clean::{merge_close, positive_peaks, prepare_entropy, weigh};
use pairs::{all_pairs, greedy};
use serde::{Deserialize, Serialize};
use thiserror::Error as ThisError;

/// Why a spectrum or a setting cannot be used.
#[derive(Debug, Clone, PartialEq, ThisError)]
pub enum Error {
    /// m/z and intensity lists differ in length.
    #[error("{mz} m/z values but {intensity} intensities")]
    Lengths { mz: usize, intensity: usize },
    /// A value is NaN or infinite.
    #[error("{what} {position} is not a finite number")]
    NotFinite { what: &'static str, position: usize },
    /// A value is below zero.
    #[error("{what} {position} is negative")]
    Negative { what: &'static str, position: usize },
    /// m/z goes down.
    #[error("m/z value {position} is smaller than the one before it")]
    NotAscending { position: usize },
    /// No peak is above zero.
    #[error("no peak has a positive intensity")]
    NoPeak,
    /// The precursor is not a positive number.
    #[error("the precursor m/z must be a positive number, not {0}")]
    Precursor(f64),
    /// Modified cosine without a precursor.
    #[error("the modified cosine needs a precursor m/z, and the spectrum has none")]
    NoPrecursor,
    /// A setting is out of its range.
    #[error("setting {name} = {value}: {rule}")]
    Setting { name: &'static str, value: f64, rule: &'static str },
    /// The weights cannot be squared and summed in an f64.
    #[error("the weights of the peaks under the given powers are zero or out of range")]
    Weights,
    /// More spectra than a 32-bit index holds.
    #[error("{0} spectra are more than one collection holds")]
    TooMany(usize),
}

/// A checked centroid spectrum.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    mz: Vec<f64>,
    intensity: Vec<f64>,
    precursor: Option<f64>,
}

fn check(values: &[f64], what: &'static str) -> Result<(), Error> {
    for (position, v) in values.iter().enumerate() {
        if !v.is_finite() {
            return Err(Error::NotFinite { what, position });
        }
        if *v < 0.0 {
            return Err(Error::Negative { what, position });
        }
    }
    Ok(())
}

impl Spectrum {
    /// Checks and keeps the peak list.
    ///
    /// # Errors
    /// Lengths differ; a value is not finite or negative; m/z descends; no peak
    /// has a positive intensity; the precursor is not a positive number.
    pub fn new(mz: Vec<f64>, intensity: Vec<f64>, precursor: Option<f64>) -> Result<Self, Error> {
        if mz.len() != intensity.len() {
            return Err(Error::Lengths { mz: mz.len(), intensity: intensity.len() });
        }
        check(&mz, "m/z value")?;
        check(&intensity, "intensity")?;
        if let Some(p) = mz.windows(2).position(|w| w[1] < w[0]) {
            return Err(Error::NotAscending { position: p + 1 });
        }
        if !intensity.iter().any(|&v| v > 0.0) {
            return Err(Error::NoPeak);
        }
        match precursor {
            Some(p) if !(p.is_finite() && p > 0.0) => Err(Error::Precursor(p)),
            _ => Ok(Self { mz, intensity, precursor }),
        }
    }

    /// m/z of the peaks, ascending.
    #[must_use]
    pub fn mz(&self) -> &[f64] {
        &self.mz
    }

    /// Intensities of the peaks.
    #[must_use]
    pub fn intensity(&self) -> &[f64] {
        &self.intensity
    }

    /// Precursor m/z.
    #[must_use]
    pub fn precursor(&self) -> Option<f64> {
        self.precursor
    }
}

/// How far apart two peaks may lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tolerance {
    /// In dalton (m/z units).
    Da(f64),
    /// In parts per million of the mean of the two m/z.
    Ppm(f64),
}

/// Parameters of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Largest distance of two matching peaks.
    pub tolerance: Tolerance,
    /// Power of m/z in the weight (cosines).
    pub mz_power: f64,
    /// Power of the intensity in the weight (cosines).
    pub intensity_power: f64,
    /// Merge close peaks beforehand (linear cosine and entropy). `false` is for
    /// spectra that have been merged already; pairs are then formed in one sweep.
    pub merge: bool,
    /// Entropy: peaks below this share of the highest (after merging) are dropped.
    pub noise: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { tolerance: Tolerance::Da(0.1), mz_power: 0.0, intensity_power: 1.0, merge: true, noise: 0.01 }
    }
}

impl Settings {
    /// Default settings with another tolerance.
    #[must_use]
    pub fn with(tolerance: Tolerance) -> Self {
        Self { tolerance, ..Self::default() }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// A value is not finite or outside its range.
    pub fn check(&self) -> Result<(), Error> {
        let (name, value, top) = match self.tolerance {
            Tolerance::Da(v) => ("tolerance (Da)", v, f64::MAX),
            Tolerance::Ppm(v) => ("tolerance (ppm)", v, 1e6),
        };
        if !(0.0..=top).contains(&value) {
            let rule = "must be finite, at least 0, and at most 1e6 ppm";
            return Err(Error::Setting { name, value, rule });
        }
        for (name, value) in [("mz_power", self.mz_power), ("intensity_power", self.intensity_power)] {
            if !value.is_finite() {
                return Err(Error::Setting { name, value, rule: "must be finite" });
            }
        }
        if !(0.0..1.0).contains(&self.noise) {
            let rule = "must be at least 0 and below 1";
            return Err(Error::Setting { name: "noise", value: self.noise, rule });
        }
        Ok(())
    }
}

/// Score of a pair and the number of matched peaks behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Similarity, 0 to 1 up to rounding.
    pub score: f64,
    /// Pairs of peaks that were matched.
    pub matched: u32,
}

impl Match {
    /// No peak in common.
    pub const NONE: Self = Self { score: 0.0, matched: 0 };
}

/// The similarity measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeakMetric {
    /// Cosine over greedily matched peaks.
    CosineGreedy,
    /// Cosine over the best possible assignment of peaks.
    CosineExact,
    /// Cosine over merged peaks in one sweep.
    CosineLinear,
    /// Greedy cosine that also allows pairs moved by the precursor difference.
    ModifiedCosine,
    /// Entropy similarity with entropy-dependent intensity weights.
    Entropy,
    /// Entropy similarity of the plain intensities.
    EntropyUnweighted,
}

/// The test of two m/z, `lo <= hi`. All three are monotone in both arguments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Window {
    Plus(f64),
    Gap(f64),
    Ratio(f64),
}

impl Window {
    #[inline]
    pub(crate) fn ordered(self, lo: f64, hi: f64) -> bool {
        match self {
            Self::Plus(t) => hi <= lo + t,
            Self::Gap(t) => hi - lo <= t,
            Self::Ratio(r) => hi <= lo * r,
        }
    }

    #[inline]
    pub(crate) fn near(self, x: f64, y: f64) -> bool {
        if x <= y { self.ordered(x, y) } else { self.ordered(y, x) }
    }
}

impl Tolerance {
    /// The window `times` (1 or 2) tolerances wide; `difference`: compare differences.
    fn window(self, times: i32, difference: bool) -> Window {
        match self {
            Self::Da(t) if difference => Window::Gap(t * f64::from(times)),
            Self::Da(t) => Window::Plus(t * f64::from(times)),
            Self::Ppm(p) => {
                let half = p * 1e-6 / 2.0;
                let r = (1.0 + half) / (1.0 - half);
                Window::Ratio(if times == 2 { r * r } else { r })
            }
        }
    }
}

/// A spectrum made ready for one metric: cleaned peaks and their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Peaks {
    /// m/z, ascending.
    pub mz: Vec<f64>,
    /// Weight `w` (cosines) or probability `p` (entropy).
    pub weight: Vec<f64>,
    /// `|w|`; 1 for the entropies.
    pub norm: f64,
    /// Precursor; 0 where the metric needs none.
    pub precursor: f64,
}

impl PeakMetric {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::CosineGreedy, Self::CosineExact, Self::CosineLinear, Self::ModifiedCosine, Self::Entropy, Self::EntropyUnweighted];

    /// The one of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CosineGreedy => "cosine-greedy",
            Self::CosineExact => "cosine-exact",
            Self::CosineLinear => "cosine-linear",
            Self::ModifiedCosine => "modified-cosine",
            Self::Entropy => "peaks-entropy",
            Self::EntropyUnweighted => "peaks-entropy-unweighted",
        }
    }

    #[must_use]
    pub const fn formula(self) -> &'static str {
        match self {
            Self::CosineGreedy => "Σ aᵢbⱼ / (|a| |b|) over pairs of peaks, the largest product first",
            Self::CosineExact => "Σ aᵢbⱼ / (|a| |b|) over the pairs of peaks with the largest sum (Hungarian method)",
            Self::CosineLinear => "Σ aᵢbⱼ / (|a| |b|), peaks closer than twice the tolerance merged first",
            Self::ModifiedCosine => "cosine-greedy, pairs also allowed after a shift by the difference of the precursors",
            Self::Entropy => "1 − (2 S(ab) − S(a) − S(b)) / ln 4, intensities of low entropy S < 3 to the power 0.25 + 0.25 S",
            Self::EntropyUnweighted => "1 − (2 S(ab) − S(a) − S(b)) / ln 4",
        }
    }

    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::CosineGreedy => "doi:10.21105/joss.02411",
            Self::CosineExact => "doi:10.1002/nav.3800020109",
            Self::CosineLinear => "doi:10.1038/s41592-019-0344-8",
            Self::ModifiedCosine => "doi:10.1073/pnas.1203689109",
            Self::Entropy | Self::EntropyUnweighted => "doi:10.1038/s41592-021-01331-z",
        }
    }

    /// Whether this is one of the two entropy similarities.
    #[must_use]
    pub fn is_entropy(self) -> bool {
        matches!(self, Self::Entropy | Self::EntropyUnweighted)
    }

    pub(crate) fn window(self, settings: &Settings) -> Window {
        settings.tolerance.window(1, self.is_entropy() || self == Self::CosineLinear)
    }

    /// Cleans and weights a spectrum for this metric.
    ///
    /// # Errors
    /// A setting is out of range; the precursor is missing; the weights overflow.
    pub fn prepare(self, spectrum: &Spectrum, settings: &Settings) -> Result<Peaks, Error> {
        settings.check()?;
        if self.is_entropy() {
            return Ok(prepare_entropy(spectrum, settings, self == Self::Entropy));
        }
        let precursor = match (self, spectrum.precursor) {
            (Self::ModifiedCosine, None) => return Err(Error::NoPrecursor),
            (Self::ModifiedCosine, Some(p)) => p,
            _ => 0.0,
        };
        let positive = positive_peaks(spectrum);
        let peaks = if self == Self::CosineLinear && settings.merge {
            merge_close(&positive, settings.tolerance.window(2, true))
        } else {
            positive
        };
        weigh(&peaks, settings, precursor)
    }

    /// Similarity of two spectra.
    ///
    /// # Errors
    /// As [`PeakMetric::prepare`] for either spectrum.
    pub fn score(&self, a: &Spectrum, b: &Spectrum, settings: &Settings) -> Result<Match, Error> {
        let (a, b) = (self.prepare(a, settings)?, self.prepare(b, settings)?);
        Ok(self.score_prepared(&a, &b, settings))
    }

    /// Similarity of two prepared spectra (both by this metric and these settings).
    #[must_use]
    pub fn score_prepared(&self, a: &Peaks, b: &Peaks, settings: &Settings) -> Match {
        let window = self.window(settings);
        match self {
            Self::CosineGreedy => cosine(&mut greedy(all_pairs(a, b, window, None)), a, b),
            Self::ModifiedCosine => {
                let plain = precursors_agree(a.precursor, b.precursor, settings);
                let shift = if plain { None } else { Some(b.precursor - a.precursor) };
                cosine(&mut greedy(all_pairs(a, b, window, shift)), a, b)
            }
            Self::CosineExact => cosine(&mut exact(&all_pairs(a, b, window, None), a, b), a, b),
            Self::CosineLinear => cosine(&mut sweep(a, b, window), a, b),
            Self::Entropy | Self::EntropyUnweighted => entropy(&sweep(a, b, window), a, b),
        }
    }
}

/// The precursors differ by no more than the tolerance: no pair is moved.
pub(crate) fn precursors_agree(a: f64, b: f64, settings: &Settings) -> bool {
    settings.tolerance.window(1, true).near(a, b)
}
