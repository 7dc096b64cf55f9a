//! Spectral information divergence: Σ pᵢ ln(pᵢ/qᵢ) + Σ qᵢ ln(qᵢ/pᵢ), p = a/Σa, q = b/Σb.
//!
//! Domain: rows of numbers above zero, none below 1e-30 of the row's sum. Range 0 … ∞; smaller is closer. Source: C.-I. Chang,
//! doi:10.1109/18.857802. Both relative entropies by SciPy `stats.entropy(p, q)`.
//!
//! A feature adds (p − q)·ln(p/q) ≥ 0; below |r| = ½, r = (p − q)/(p + q), the logarithm is 2·artanh r, which keeps its digits.
//!
//! Form: u = −Σ (p − q)·log₂(p/q). With y·ln(x/y) ≤ x − y, a relative change ε of x or y changes a term by at most ε·(term + 2|x − y|);
//! division and logarithm are off by 2⁻²¹ + 10ε near 1, which |x − y| multiplies. Σ|x − y| ≤ 2: **slack** 2⁻¹⁹ a row, and 32ε relative.

use super::sum::Term;
use super::vector::{Step, TINY, Vector, log2};
use super::{
    Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, form::EPSILON, sum,
};
use crate::matrix::Row;
use std::f64::consts::LN_2;

pub struct SpectralInformationDivergence;

impl SpectralInformationDivergence {
    pub const USUAL: Self = Self;
}

/// t ← t + (x − y) log₂(x/y)
pub struct Divergence;

impl Step for Divergence {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        let tiny = V::splat(TINY);
        x.sub(y).mul_add(log2(x.max(tiny).div(y.max(tiny))), sum)
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, _: f32, _: f32) -> f32 {
        gain * t
    }
}

fn feature(p: f64, q: f64) -> f64 {
    let (low, high) = (p.min(q), p.max(q));
    let r = (high - low) / (high + low);
    (high - low) * if r < 0.5 { 2.0 * libm::atanh(r) } else { libm::log(high / low) }
}

/// (p − q) ln(p/q) of rows divided by these numbers
#[derive(Clone, Copy)]
struct Feature(f64, f64);
impl Term for Feature {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        feature(x / self.0, y / self.1)
    }
}

impl Stepped for SpectralInformationDivergence {
    type Step = Divergence;
}

impl Metric for SpectralInformationDivergence {
    fn info(&self) -> &'static Info {
        &Info {
            name: "spectral-information-divergence",
            formula: "Σ pᵢ ln(pᵢ/qᵢ) + Σ qᵢ ln(qᵢ/pᵢ), p = a/Σa, q = b/Σb",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "rows of numbers above zero",
            numbers: Numbers::Positive,
            source: "doi:10.1109/18.857802",
        }
    }

    fn shader(&self) -> Shader {
        Shader {
            name: "spectral_information_divergence",
            source: include_str!("../../shaders/metric/spectral_information_divergence.wgsl"),
        }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        let metric = "spectral-information-divergence";
        let mass = super::mass(x, metric)?;
        match (0..x.len()).find(|&i| x.at(i) / mass.norm < 1e-30) {
            Some(feature) => Err(Undefined::NotPositive { feature, value: x.at(feature), metric }),
            None => Ok(mass),
        }
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let (sa, sb) = (sum::in_stripes(a.len(), |i| a[i]), sum::in_stripes(b.len(), |i| b[i]));
        sum::in_stripes(a.len(), |i| feature(a[i] / sa, b[i] / sb))
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        sum::pairs(Feature(am.norm, bm.norm), a, b)
    }

    fn embed(&self, x: Row<'_>, m: Measure, out: &mut [f64]) {
        x.copy_to(out);
        for v in out {
            *v /= m.norm;
        }
    }

    fn embedded_size(&self, _: Row<'_>, _: Measure) -> f64 {
        1.0
    }

    fn u_of(&self, score: f64) -> f64 {
        -score / LN_2
    }

    fn score_of(&self, u: f64) -> f64 {
        (-u * LN_2).max(0.0)
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { scale: Some(1.0), relative: Some(32.0 * EPSILON), ..Fold::distance(1.0) }
    }

    fn fold_row(&self, _: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: 0.0, slack: libm::exp2(-19.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // SciPy 1.17: entropy(p, q) + entropy(q, p) of [1, 2, 3.5] and [4, 5, 0.5]
        let score = SpectralInformationDivergence.define(&[1.0, 2.0, 3.5], &[4.0, 5.0, 0.5]);
        assert!((score - 1.516_130_952_395_768).abs() < 1e-12, "{score:.17}");
    }
}
