//! Bray–Curtis dissimilarity: Σ |aᵢ − bᵢ| / (Σ aᵢ + Σ bᵢ).
//!
//! Domain: rows of zero or more that are not zero altogether. Range 0 … 1; smaller is closer. Source: J. R. Bray, J. T. Curtis,
//! doi:10.2307/1942268; SciPy `spatial.distance.braycurtis`, whose Σ|aᵢ + bᵢ| is the same for such rows.
//!
//! Form: a fold of degree 0, F = T / (w_x + w_y) with w = Σx′. Rounded rows change T by at most Σ|x̂ − x′| each, so F by at most
//! Σ|x̂ − x′| / w, about ε.

use super::vector::{Step, TINY, Vector};
use super::{Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, sum};
use crate::matrix::Row;

pub struct BrayCurtis;

impl BrayCurtis {
    pub const USUAL: Self = Self;
}

/// t ← t + |x − y|, then t / (w_x + w_y)
pub struct Share;

impl Step for Share {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        sum.add(x.sub(y).abs())
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
        gain * t / (x + y).max(TINY)
    }
}

impl Stepped for BrayCurtis {
    type Step = Share;
}

impl Metric for BrayCurtis {
    fn info(&self) -> &'static Info {
        &Info {
            name: "bray-curtis",
            formula: "Σ |aᵢ−bᵢ| / (Σaᵢ+Σbᵢ)",
            closer: Closer::Smaller,
            range: (0.0, 1.0),
            domain: "rows of zero or more, not all zero",
            numbers: Numbers::NonNegative,
            source: "doi:10.2307/1942268; SciPy spatial.distance.braycurtis",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "bray_curtis", source: include_str!("../../shaders/metric/bray_curtis.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        super::mass(x, "bray-curtis")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let n = a.len();
        sum::in_stripes(n, |i| (a[i] - b[i]).abs()) / (sum::in_stripes(n, |i| a[i]) + sum::in_stripes(n, |i| b[i]))
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        sum::pairs(sum::AbsoluteDifference, a, b) / (am.norm + bm.norm)
    }

    fn embedded_size(&self, _: Row<'_>, m: Measure) -> f64 {
        m.norm
    }

    fn fold(&self, _: usize) -> Fold {
        Fold::distance(0.0)
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: row.size, slack: (row.residual + libm::exp2(-120.0) * row.x.len() as f64) / row.size }
    }

    fn finish(&self, t: f64, x: f64, y: f64) -> f64 {
        t / (x + y).max(f64::from(TINY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // SciPy 1.17: scipy.spatial.distance.braycurtis([1, 2, 3.5], [4, 5, 6])
        assert!((BrayCurtis.define(&[1.0, 2.0, 3.5], &[4.0, 5.0, 6.0]) - 0.395_348_837_209_302_3).abs() < 1e-15);
        assert!(matches!(BrayCurtis.measure(Row::F64(&[1.0, -2.0])), Err(Undefined::Negative { feature: 1, .. })));
    }
}
