//! Lagged correlation: the largest Pearson correlation that two profiles have on their overlap, over all lags.
//!
//! ```text
//! r(k) = (n·Σxy − Σx·Σy) / √((n·Σx² − (Σx)²)·(n·Σy² − (Σy)²)),   x = aᵢ, y = bᵢ₋ₖ, over the n samples where both are measured
//! score = max over k of r(k),   overlap n ≥ the least overlap, |k| ≤ the largest lag
//! ```
//! It is how striated tool-marks are compared (cross-correlation function, CCF): the profile of a mark starts anywhere on the tool. Domain: finite
//! profiles of at least two samples that are not constant; NaN before the first and after the last sample is "not measured" and
//! cut off, so profiles may differ in length. Range −1 … 1; larger is closer. Source: J. Hare, H. Hofmann, A. Carriquiry, doi:10.1214/17-AOAS1080; the
//! stretch of NFI Scratch (M. Baiker et al., doi:10.1016/j.forsciint.2014.06.038).
//!
//! - Least overlap: half of the shorter profile unless told, as a fraction of the shorter or in samples. Shorter ones say little: two samples
//!   always correlate by ±1.
//! - Where the overlap of either profile is constant (its centred norm below 1e-13 of its norm), r(k) = 0.
//! - Stretch: the two directions combine by the better one. With factors s > 1 (others by their reciprocal), the pairs (a, S_s b) and
//!   (S_s a, b) are compared too and the best of all counts, so that the score stays symmetric. [`Stretched::Reference`] is what NFI
//!   Scratch does: only b, the reference, is stretched, by every factor; not symmetric, so only for queries against a reference. S_s x has ⌊(n−1)s⌋ + 1 samples, x at i/s by linear interpolation. The 13 factors of NFI, linspace(0.95, 1.05, 7) with their
//!   reciprocals, are 6 such s.
//! - The lag that is reported: sample i of a lies beside sample i − lag of b, both counted from their first measured one. Of equal r the
//!   least stretched pair counts, then the smallest |lag|, then the positive one.
//!
//! # How it is computed
//! Stage 1, on any backend, is one inner product for all lags. For rows of unit centred norm, Σxy at any lag is at most (1/N)Σ|A_f||B_f|, and with
//! G = max over admissible overlaps of 1/σ, σ the centred norm of the overlap, M = max √n|mean|/σ:
//! ```text
//! r(k) ≤ Σ_f (G_a √w_f |A_f|)(G_b √w_f |B_f|) + M_a·M_b
//! ```
//! It pays where little of a profile may hang over; rows that are shorter than the collection is wide, and stretched ones, always pass.
//!
//! Stage 2, on the processor: Σxy at all lags by one inverse real FFT in f32 of stored spectra; all else from stored tables. With unit rows the
//! error of Σxy is at most c_f·√(‖A‖∞‖B‖∞), c_f = 53·log₂N·ε (forward and inverse transforms, Higham § 24.1, twice its constant); it is held
//! against [`SLACK`] for every pair. Smooth profiles have high peaks: where it is larger the inverse transform runs in f64. The spectra are those of f64
//! transforms, rounded once, so that then Σxy is off by 2.01ε (each |A_f| by ε|A_f|; Cauchy–Schwarz and Parseval) and by ε more as it is rounded
//! for the tables, together below 8ε/(σσ). Only where even that says too little is a pair scored exactly at once.
//!
//! The exact score: the same in f64, with its error, finds the lags that could hold the maximum; only there is r(k) summed directly, in
//! stripes. The bits are those of the definition, whatever the transform.

mod estimate;
mod overlap;
pub(super) mod transform;

pub use estimate::Lagged;
pub(super) use overlap::{correlation, measured};

use super::lagged::{self, Magnitudes, SLACK};
use super::{
    Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, form::EPSILON, sum,
};
use crate::matrix::Row;
use overlap::{naive_correlation, overlaps, stretched};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use transform::{DOUBLE, Plan, Profile, transform_size};

/// Embedded in the place of M where stage 1 says nothing: any product with [`LEAST_M`] is above 1.
const OPEN: f64 = 101.0;
const LEAST_M: f64 = 0.01;

/// The least overlap of two profiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// Of the shorter profile, rounded up.
    Fraction(f64),
    Samples(usize),
}

/// Which profile of a pair is stretched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stretched {
    /// Either, and the better of both counts.
    #[default]
    Both,
    /// The reference.
    Reference,
}

/// Where two profiles fit best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alignment {
    /// Sample i of a lies beside sample i − lag of b.
    pub lag: i64,
    /// Above 1: b was stretched by it. Below 1: a was, by its reciprocal.
    pub stretch: f64,
    /// Samples.
    pub overlap: usize,
}

#[derive(Clone, Debug)]
pub struct Ccf {
    max_lag: Option<usize>,
    overlap: Overlap,
    /// Above 1, or all where only the reference is stretched.
    stretch: Vec<f64>,
    side: Stretched,
}

/// The 12 factors of NFI Scratch beside 1: linspace(0.95, 1.05, 7) and their reciprocals.
#[must_use]
pub fn nfi_stretch() -> Vec<f64> {
    let line: Vec<f64> = (0..7).map(|i| 0.95 + 0.1 * f64::from(i) / 6.0).filter(|&s| !near_one(s)).collect();
    let mut all: Vec<f64> = line.iter().copied().chain(line.iter().map(|s| 1.0 / s)).collect();
    all.sort_by(f64::total_cmp);
    all
}

fn near_one(s: f64) -> bool {
    (s - 1.0).abs() < 1e-9
}

impl Ccf {
    pub const USUAL: Self = Self { max_lag: None, overlap: Overlap::Fraction(0.5), stretch: Vec::new(), side: Stretched::Both };

    /// # Errors
    /// When a setting is not possible.
    pub fn new(max_lag: Option<usize>, overlap: Option<Overlap>, stretch: &[f64], side: Stretched) -> Result<Self, String> {
        let overlap = overlap.unwrap_or(Self::USUAL.overlap);
        match overlap {
            Overlap::Fraction(f) if !(f > 0.0 && f <= 1.0) => {
                return Err(format!(
                    "--min-overlap {f} is not possible; allowed are fractions above 0 up to 1, whole samples (200), lengths (350um)"
                ));
            }
            Overlap::Samples(n) if n < 2 => return Err(format!("--min-overlap {n} samples says nothing; give 2 or more")),
            _ => {}
        }
        if let Some(s) = stretch.iter().find(|s| !(0.5..=2.0).contains(*s)) {
            return Err(format!("--stretch {s} is not possible; allowed are 0.5 to 2"));
        }
        let mut factors: Vec<f64> = stretch
            .iter()
            .filter(|s| !near_one(**s))
            .map(|&s| if s < 1.0 && side == Stretched::Both { 1.0 / s } else { s })
            .collect();
        factors.sort_by(f64::total_cmp);
        factors.dedup_by(|a, b| (*a - *b).abs() < 1e-12);
        Ok(Self { max_lag, overlap, stretch: factors, side })
    }

    fn least(&self, na: usize, nb: usize) -> usize {
        let shorter = na.min(nb);
        match self.overlap {
            Overlap::Fraction(f) => (libm::ceil(f * shorter as f64) as usize).clamp(2, shorter),
            Overlap::Samples(n) => n.min(shorter),
        }
    }

    fn lags(&self, na: usize, nb: usize) -> RangeInclusive<i64> {
        let least = self.least(na, nb);
        let most = |over: usize| self.max_lag.map_or(over, |m| m.min(over)) as i64;
        -most(nb - least)..=most(na - least)
    }

    /// The pairs of profiles that are compared for one pair of rows, with the stretch of each.
    fn each_stretch(&self, a: &[f64], b: &[f64], mut of: impl FnMut(&[f64], &[f64], f64)) {
        of(a, b, 1.0);
        for &s in &self.stretch {
            of(a, &stretched(b, s), s);
            if self.side == Stretched::Both {
                of(&stretched(a, s), b, 1.0 / s);
            }
        }
    }

    /// The score and where it is, looking only at lags that could be the best.
    #[must_use]
    pub fn align(&self, a: &[f64], b: &[f64]) -> (f64, Alignment) {
        let mut best = (f64::NEG_INFINITY, Alignment { lag: 0, stretch: 1.0, overlap: 0 });
        self.each_stretch(measured(a), measured(b), |a, b, stretch| {
            for lag in self.candidates(a, b) {
                let (x, y) = overlaps(a, b, lag);
                let r = correlation(x, y);
                let nearer = (lag.abs(), -lag) < (best.1.lag.abs(), -best.1.lag) && best.1.stretch == stretch;
                if r > best.0 || (r == best.0 && nearer) {
                    best = (r, Alignment { lag, stretch, overlap: x.len() });
                }
            }
        });
        best
    }

    /// The samples of two rows that lie beside each other in an alignment.
    #[must_use]
    pub fn aligned(&self, a: &[f64], b: &[f64], at: &Alignment) -> (Vec<f64>, Vec<f64>) {
        let (a, b) = (measured(a), measured(b));
        // As `each_stretch` made them: a factor below 1 stretches a by its reciprocal, unless only b is stretched.
        let stretch_a = at.stretch < 1.0 && self.side == Stretched::Both;
        let stretched_a = if stretch_a {
            let s = self.stretch.iter().copied().find(|s| 1.0 / s == at.stretch).unwrap_or(1.0 / at.stretch);
            stretched(a, s)
        } else {
            a.to_vec()
        };
        let stretched_b = if at.stretch == 1.0 || stretch_a { b.to_vec() } else { stretched(b, at.stretch) };
        let (x, y) = overlaps(&stretched_a, &stretched_b, at.lag);
        (x.to_vec(), y.to_vec())
    }

    /// Lags whose r could be the largest.
    fn candidates(&self, a: &[f64], b: &[f64]) -> Vec<i64> {
        let (na, nb) = (a.len(), b.len());
        let lags = self.lags(na, nb);
        let (pa, pb) = (Profile::new(a), Profile::new(b));
        let size = transform_size(na + nb - self.least(na, nb));
        DOUBLE.with_borrow_mut(|plans| {
            let plan = plans.entry(size).or_insert_with(|| Plan::new(size));
            plan.forward(pb.unit.iter().copied());
            let theirs = plan.spectrum.clone();
            plan.forward(pa.unit.iter().copied());
            for (x, y) in plan.spectrum.iter_mut().zip(&theirs) {
                *x *= y.conj();
            }
            plan.inverse();
            let log = libm::log2(size as f64);
            let error = 1e-15 * (na.max(nb) as f64 + 16.0 * log * (size as f64).sqrt());
            let mut sure = f64::NEG_INFINITY;
            let mut open = Vec::with_capacity(8);
            for lag in lags {
                let (ahead, behind) = (lag.max(0) as usize, (-lag).max(0) as usize);
                let n = (na - ahead).min(nb - behind);
                let ((sa, va), (sb, vb)) = (pa.span(ahead, ahead + n), pb.span(behind, behind + n));
                if va < 1e-9 || vb < 1e-9 {
                    open.push((f64::INFINITY, lag));
                    continue;
                }
                let at = if lag < 0 { size - behind } else { ahead };
                let product = plan.time[at] / size as f64 - sa * sb / n as f64;
                let r = product / (va * vb).sqrt();
                let off = error * (1.0 / (va * vb).sqrt() + 1.0 / va + 1.0 / vb);
                sure = sure.max(r - off);
                if r + off >= sure {
                    open.push((r + off, lag));
                }
            }
            open.retain(|(most, _)| *most >= sure);
            open.into_iter().map(|(_, lag)| lag).collect()
        })
    }
}

impl Stepped for Ccf {
    type Step = Magnitudes;
}

impl Metric for Ccf {
    fn info(&self) -> &'static Info {
        &Info {
            name: "ccf",
            formula: "max over lags of the Pearson correlation on the overlap; --max-lag, --min-overlap, --stretch",
            closer: Closer::Larger,
            range: (-1.0, 1.0),
            domain: "profiles that are not constant; NaN at their ends is not measured",
            numbers: Numbers::Real,
            source: "doi:10.1214/17-AOAS1080",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "ccf", source: include_str!("../../../shaders/metric/ccf.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        let x = x.to_f64();
        let part = measured(&x);
        if part.is_empty() {
            return Err(Undefined::NotFinite { feature: 0, value: f64::NAN });
        }
        let first = x.iter().position(|v| !v.is_nan()).unwrap_or(0);
        if let Some(i) = part.iter().position(|v| !v.is_finite()) {
            return Err(Undefined::NotFinite { feature: first + i, value: part[i] });
        }
        let least = match self.overlap {
            Overlap::Samples(n) => n,
            Overlap::Fraction(_) => 2,
        };
        if part.len() < least {
            return Err(Undefined::TooShort { got: part.len(), least, metric: "ccf" });
        }
        let row = Row::F64(part);
        let whole = super::norm(row, 0.0)?;
        let centre = sum::of(row) / part.len() as f64;
        let centred = super::norm(row, centre)?;
        if centred <= 1e-13 * whole {
            return Err(Undefined::Constant(part.len(), centre, "ccf"));
        }
        Ok(Measure { centre, norm: centred })
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut best = f64::NEG_INFINITY;
        self.each_stretch(measured(a), measured(b), |a, b, _| {
            for lag in self.lags(a.len(), b.len()) {
                let (x, y) = overlaps(a, b, lag);
                best = best.max(naive_correlation(x, y));
            }
        });
        best
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        self.align(&a.to_f64(), &b.to_f64()).0
    }

    fn embedded_width(&self, d: usize) -> usize {
        if d < 4 { 1 } else { transform_size(2 * d - self.least(d, d)) / 2 + 2 }
    }

    fn embed(&self, x: Row<'_>, _: Measure, out: &mut [f64]) {
        let last = out.len() - 1;
        out.fill(0.0);
        let prepared = self.prepare(x).filter(|p| p.most.0 < 8.0);
        let Some(Lagged { spectrum, most, .. }) = prepared else {
            out[last] = OPEN;
            return;
        };
        // Spectra are stored with the transform's 1/√N; each frequency but the first and last stands for two.
        let error = 1.0 + 1e-4;
        for (f, (out, z)) in out[..last].iter_mut().zip(&spectrum).enumerate() {
            let twice = if f == 0 || f + 1 == last { 1.0 } else { std::f64::consts::SQRT_2 };
            *out = most.0 * twice * (f64::from(z.norm()) * error + 1e-6 / (last as f64).sqrt());
        }
        out[last] = (most.1 * error).max(LEAST_M);
    }

    fn embedded_size(&self, _: Row<'_>, _: Measure) -> f64 {
        1.0
    }

    fn u_of(&self, score: f64) -> f64 {
        score
    }

    fn score_of(&self, u: f64) -> f64 {
        u.clamp(-1.0, 1.0)
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { sign: 1.0, degree: 0.0, shift: false, scale: Some(1.0), relative: None }
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        let open = row.x.last().is_some_and(|m| *m == OPEN);
        let square: f64 = row.x.iter().map(|x| x * x).sum();
        let first_stage = if open { 0.0 } else { (0.51 * row.screen + 4.0 * EPSILON + 1e-5) * square };
        Bounds { offset: 0.0, reach: 0.0, slack: first_stage.max(0.5 * SLACK) }
    }

    fn finish(&self, t: f64, _: f64, _: f64) -> f64 {
        t
    }

    fn lagged(&self) -> Option<lagged::Lagged<'_>> {
        Some(lagged::Lagged::Shifts(self))
    }
}

#[cfg(test)]
mod tests;
