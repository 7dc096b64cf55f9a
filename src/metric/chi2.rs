//! Chi-squared distance: Σ (aᵢ − bᵢ)² / (aᵢ + bᵢ), nothing where both are zero.
//!
//! Domain: rows of zero or more. Range 0 … ∞; smaller is closer. Source: scikit-learn `metrics.pairwise.additive_chi2_kernel`, which
//! is its negative; O. Pele, M. Werman, doi:10.1007/978-3-642-15552-9_54 (there halved).
//!
//! Form: a fold of degree 1. The slope of a term lies in −3 … 1, so rounded rows cost at most 3·Σ|x̂ − x′|.

use super::sum::Term;
use super::vector::{Step, TINY, Vector};
use super::{Bounds, Closer, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, inner_product, sum};
use crate::matrix::Row;

pub struct Chi2;

impl Chi2 {
    pub const USUAL: Self = Self;
}

/// t ← t + (x − y)² / (x + y)
pub struct SquareQuotient;

impl Step for SquareQuotient {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        let z = x.sub(y);
        z.mul_add(z.div(x.add(y).max(V::splat(TINY))), sum)
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, _: f32, _: f32) -> f32 {
        gain * t
    }
}

fn feature(x: f64, y: f64) -> f64 {
    let whole = x + y;
    if whole == 0.0 { 0.0 } else { (x - y) * ((x - y) / whole) }
}

/// (x − y)² / (x + y), nothing where both are zero
#[derive(Clone, Copy)]
struct Feature;
impl Term for Feature {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        feature(x, y)
    }
}

impl Stepped for Chi2 {
    type Step = SquareQuotient;
}

impl Metric for Chi2 {
    fn info(&self) -> &'static Info {
        &Info {
            name: "chi2",
            formula: "Σ (aᵢ−bᵢ)² / (aᵢ+bᵢ), 0/0 = 0",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "rows of zero or more",
            numbers: Numbers::NonNegative,
            source: "scikit-learn metrics.pairwise.additive_chi2_kernel, negated",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "chi2", source: include_str!("../../shaders/metric/chi2.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        super::non_negative(x, "chi2")?;
        inner_product::plain_norm(x)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        sum::in_stripes(a.len(), |i| feature(a[i], b[i]))
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        sum::pairs(Feature, a, b)
    }

    fn embedded_size(&self, x: Row<'_>, m: Measure) -> f64 {
        // Σ|x| ≤ √d·‖x‖ (Cauchy–Schwarz); only the scale hangs on it.
        m.norm * (x.len() as f64).sqrt()
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: 0.0, slack: 3.01 * row.residual }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // scikit-learn 1.7: -additive_chi2_kernel([[1, 2, 0]], [[4, 5, 0]]): 9/5 + 9/7
        assert!((Chi2.define(&[1.0, 2.0, 0.0], &[4.0, 5.0, 0.0]) - (9.0 / 5.0 + 9.0 / 7.0)).abs() < 1e-15);
    }
}
