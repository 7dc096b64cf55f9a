//! Manhattan (city-block) distance: Σ |aᵢ − bᵢ|.
//!
//! Domain: finite rows. Range 0 … ∞; smaller is closer. Source: SciPy `spatial.distance.cityblock`.
//!
//! Form: u = −Σ|aᵢ − bᵢ|. It folds over features instead of multiplying, so it has its own step and shader.

use super::vector::{Step, Vector};
use super::{Closer, Fold, Geometry, Info, Measure, Metric, Shader, Stepped, Undefined, inner_product, sum};
use crate::matrix::Row;

pub struct Manhattan;

impl Manhattan {
    pub const USUAL: Self = Self;
}

/// t ← t + |x − y|
pub struct AbsoluteDifference;

impl Step for AbsoluteDifference {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        sum.add(x.sub(y).abs())
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, _: f32, _: f32) -> f32 {
        gain * t
    }
}

impl Stepped for Manhattan {
    type Step = AbsoluteDifference;
}

impl Metric for Manhattan {
    fn info(&self) -> &'static Info {
        &Info {
            name: "manhattan",
            formula: "Σ |aᵢ−bᵢ|",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows",
            numbers: super::Numbers::Real,
            source: "SciPy spatial.distance.cityblock",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "manhattan", source: include_str!("../../shaders/metric/manhattan.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::plain_norm(x)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        sum::in_stripes(a.len(), |i| (a[i] - b[i]).abs())
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        sum::pairs(sum::AbsoluteDifference, a, b)
    }

    fn embedded_size(&self, x: Row<'_>, m: Measure) -> f64 {
        // Σ|x| ≤ √d·‖x‖ (Cauchy–Schwarz); only the scale hangs on it.
        m.norm * (x.len() as f64).sqrt()
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { shift: true, relative: Some(0.0), ..Fold::distance(1.0) }
    }

    fn dense_exact(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // SciPy 1.17: scipy.spatial.distance.cityblock([1, 2, 3.5], [4, -5, 6])
        assert_eq!(Manhattan.define(&[1.0, 2.0, 3.5], &[4.0, -5.0, 6.0]), 12.5);
    }
}
