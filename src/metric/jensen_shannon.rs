//! Jensen–Shannon distance: √(½ Σ pᵢ ln(pᵢ/mᵢ) + ½ Σ qᵢ ln(qᵢ/mᵢ)), p = a/Σa, q = b/Σb, m = (p + q)/2.
//!
//! Domain: rows of zero or more that are not zero altogether. Range 0 … √ln 2; smaller is closer. Source: J. Lin,
//! doi:10.1109/18.61115; D. M. Endres, J. E. Schindelin, doi:10.1109/TIT.2003.813506; SciPy `spatial.distance.jensenshannon`
//! (natural logarithms, square root).
//!
//! With r = (p − q)/(p + q) a feature adds ½m·h(r), h(r) = (1+r)ln(1+r) + (1−r)ln(1−r) ≥ 0: terms of one sign, so that near-equal
//! rows keep their digits, where p ln(p/m) + q ln(q/m) loses them. Below |r| = ⅛, h is its series Σ r²ᵏ/(k(2k−1)).
//!
//! # Form
//! With z = p + q the divergence needs one logarithm a feature: u = −2·JSD/ln 2 = Σ z log₂ z − Σ p log₂ p − Σ q log₂ q − 2; the sums over one row are its
//! offset. Rows are scaled by κ, a power of two near d/2: then z is near 1 and its logarithm near 0, which is what keeps rounding
//! small. With a = κp: |z log₂ z| ≤ max(0.531, ½f(2a) + ½f(2b)), f(x) = x log₂ x, which is convex; so the terms' magnitudes sum to at most
//! g_x + g_y, g = 0.266·d + ½Σ max(0, f(2a)). **Slack** = (c + 10ε)·g + 2⁻²⁰κ: the sum's rounding, that of the products and
//! rows, and the logarithm's own 2⁻²¹ where it is near 0 (Σz = 2κ in all).

use super::sum::Term;
use super::vector::{Step, TINY, Vector, log2};
use super::{
    Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, form::EPSILON, sum,
};
use crate::matrix::Row;
use std::f64::consts::LN_2;

pub struct JensenShannon;

impl JensenShannon {
    pub const USUAL: Self = Self;
}

/// t ← t + z log₂ z, z = x + y
pub struct PooledEntropy;

impl Step for PooledEntropy {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        let z = x.add(y);
        z.mul_add(log2(z.max(V::splat(TINY))), sum)
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, _: f32, _: f32) -> f32 {
        gain * t
    }
}

/// The same for GPUs.
pub(super) const SHADER: Shader =
    Shader { name: "jensen_shannon", source: include_str!("../../shaders/metric/jensen_shannon.wgsl") };

/// 1/(k(2k−1)), k = 1 … 9
const SERIES: [f64; 9] = [1.0, 1.0 / 6.0, 1.0 / 15.0, 1.0 / 28.0, 1.0 / 45.0, 1.0 / 66.0, 1.0 / 91.0, 1.0 / 120.0, 1.0 / 153.0];

/// What a feature adds to 2·JSD, in nats: (p+q)/2 · h((p−q)/(p+q))
pub(super) fn feature(p: f64, q: f64) -> f64 {
    let whole = p + q;
    if whole == 0.0 {
        return 0.0;
    }
    let r = (p - q) / whole;
    let h = if r.abs() < 0.125 {
        let s = r * r;
        SERIES.iter().rev().fold(0.0, |sum, c| (sum + c) * s)
    } else if r.abs() >= 1.0 {
        2.0 * LN_2
    } else {
        (1.0 + r) * libm::log1p(r) + (1.0 - r) * libm::log1p(-r)
    };
    0.5 * whole * h
}

/// A feature of rows that are divided by these numbers.
#[derive(Clone, Copy)]
pub(super) struct Feature(pub f64, pub f64);
impl Term for Feature {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        feature(x / self.0, y / self.1)
    }
}

/// x log₂ x
fn f(x: f64) -> f64 {
    if x > 0.0 { x * libm::log2(x) } else { 0.0 }
}

pub(super) fn fold(d: usize) -> Fold {
    let scale = libm::exp2(libm::floor(libm::log2((d as f64 / 2.0).max(1.0))));
    Fold { sign: 1.0, degree: 1.0, shift: false, scale: Some(scale), relative: None }
}

pub(super) fn fold_row(row: FoldRow<'_>) -> Bounds {
    let terms = 0.266 * row.x.len() as f64 + 0.5 * row.x.iter().map(|&a| f(2.0 * a).max(0.0)).sum::<f64>();
    let offset = -(row.x.iter().map(|&a| f(a)).sum::<f64>() + row.size);
    let slack = (row.screen + 10.0 * EPSILON) * terms + libm::exp2(-20.0) * row.size + libm::exp2(-44.0) * terms;
    Bounds { offset, reach: 0.0, slack }
}

impl Stepped for JensenShannon {
    type Step = PooledEntropy;
}

impl Metric for JensenShannon {
    fn info(&self) -> &'static Info {
        &Info {
            name: "jensen-shannon",
            formula: "√(½Σ pᵢ ln(pᵢ/mᵢ) + ½Σ qᵢ ln(qᵢ/mᵢ)), p = a/Σa, q = b/Σb, m = (p+q)/2",
            closer: Closer::Smaller,
            range: (0.0, 0.832_554_611_157_697_9),
            domain: "rows of zero or more, not all zero",
            numbers: Numbers::NonNegative,
            source: "doi:10.1109/TIT.2003.813506; SciPy spatial.distance.jensenshannon",
        }
    }

    fn shader(&self) -> Shader {
        SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        super::mass(x, "jensen-shannon")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let (sa, sb) = (sum::in_stripes(a.len(), |i| a[i]), sum::in_stripes(b.len(), |i| b[i]));
        (0.5 * sum::in_stripes(a.len(), |i| feature(a[i] / sa, b[i] / sb))).sqrt().min(0.832_554_611_157_697_9)
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        (0.5 * sum::pairs(Feature(am.norm, bm.norm), a, b)).sqrt().min(0.832_554_611_157_697_9)
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
        -2.0 * score * score / LN_2
    }

    fn u_error(&self) -> f64 {
        libm::exp2(-48.0)
    }

    fn score_of(&self, u: f64) -> f64 {
        (-0.5 * LN_2 * u).max(0.0).sqrt()
    }

    fn fold(&self, d: usize) -> Fold {
        fold(d)
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        fold_row(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // SciPy 1.17: scipy.spatial.distance.jensenshannon([1, 0, 3.5], [4, 5, 0])
        let score = JensenShannon.define(&[1.0, 0.0, 3.5], &[4.0, 5.0, 0.0]);
        assert!((score - 0.693_524_182_078_996_5).abs() < 1e-14, "{score:.17}");
    }

    #[test]
    fn the_series_meets_the_logarithms() {
        let (low, high) = (feature(1.0 + 0.124_999, 1.0 - 0.124_999), feature(1.0 + 0.125_001, 1.0 - 0.125_001));
        assert!((high / low - 1.0).abs() < 4e-5 && high > low);
        let r: f64 = 0.125;
        let h = (1.0 + r) * libm::log1p(r) + (1.0 - r) * libm::log1p(-r);
        let series = SERIES.iter().rev().fold(0.0, |sum, c| (sum + c) * r * r);
        assert!((series / h - 1.0).abs() < 1e-14);
    }
}
