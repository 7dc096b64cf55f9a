//! Chebyshev distance: max |aᵢ − bᵢ|.
//!
//! Domain: finite rows. Range 0 … ∞; smaller is closer. Source: SciPy `spatial.distance.chebyshev`.
//!
//! Form: a fold whose terms are joined by their maximum. Nothing is added up, so the only error is that of the rounded rows:
//! slack = max |x̂ − x′|.

use super::vector::{Step, Vector};
use super::{Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, inner_product};
use crate::matrix::Row;

pub struct Chebyshev;

impl Chebyshev {
    pub const USUAL: Self = Self;
}

/// t ← max(t, |x − y|)
pub struct LargestDifference;

impl Step for LargestDifference {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        sum.max(x.sub(y).abs())
    }

    #[inline(always)]
    fn join<V: Vector>(a: V, b: V) -> V {
        a.max(b)
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, _: f32, _: f32) -> f32 {
        gain * t
    }
}

impl Stepped for Chebyshev {
    type Step = LargestDifference;
}

impl Metric for Chebyshev {
    fn info(&self) -> &'static Info {
        &Info {
            name: "chebyshev",
            formula: "max |aᵢ−bᵢ|",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows",
            numbers: Numbers::Real,
            source: "SciPy spatial.distance.chebyshev",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "chebyshev", source: include_str!("../../shaders/metric/chebyshev.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::plain_norm(x)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()))
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        (0..a.len()).fold(0.0, |most: f64, i| most.max((a.at(i) - b.at(i)).abs()))
    }

    fn embedded_size(&self, x: Row<'_>, _: Measure) -> f64 {
        (0..x.len()).fold(0.0, |most: f64, i| most.max(x.at(i).abs()))
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { shift: true, relative: Some(0.0), ..Fold::distance(1.0) }
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        let off = row.x.iter().zip(row.rounded).fold(0.0, |most: f64, (x, &r)| most.max((x - f64::from(r)).abs()));
        Bounds { offset: 0.0, reach: 0.0, slack: off }
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
        // SciPy 1.17: scipy.spatial.distance.chebyshev([1, 2, 3.5], [4, -5, 6])
        assert_eq!(Chebyshev.define(&[1.0, 2.0, 3.5], &[4.0, -5.0, 6.0]), 7.0);
    }
}
