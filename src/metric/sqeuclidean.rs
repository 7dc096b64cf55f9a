//! Squared Euclidean distance: Σ (aᵢ − bᵢ)².
//!
//! Domain: finite rows. Range 0 … ∞; smaller is closer. Source: SciPy `spatial.distance.sqeuclidean`.
//! Differences are taken first, so that an offset common to all rows costs no digits.
//!
//! Form: u = −½‖a − b‖².

use super::{Closer, Geometry, Info, Measure, Metric, Shader, Stepped, Undefined, inner_product, sum};
use crate::matrix::Row;

pub struct SqEuclidean;

impl SqEuclidean {
    pub const USUAL: Self = Self;
}

impl Stepped for SqEuclidean {
    type Step = inner_product::Multiply;
}

impl Metric for SqEuclidean {
    fn info(&self) -> &'static Info {
        &Info {
            name: "sqeuclidean",
            formula: "Σ (aᵢ−bᵢ)²",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows",
            numbers: super::Numbers::Real,
            source: "SciPy spatial.distance.sqeuclidean",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Distance
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::plain_norm(x)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        sum::in_stripes(a.len(), |i| (a[i] - b[i]) * (a[i] - b[i]))
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        sum::pairs(sum::SquaredDifference, a, b)
    }

    fn embedded_size(&self, _: Row<'_>, m: Measure) -> f64 {
        m.norm
    }

    fn u_of(&self, score: f64) -> f64 {
        -0.5 * score
    }

    fn score_of(&self, u: f64) -> f64 {
        (-2.0 * u).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // SciPy 1.17: scipy.spatial.distance.sqeuclidean([1, 2, 3.5], [4, -5, 6])
        assert_eq!(SqEuclidean.define(&[1.0, 2.0, 3.5], &[4.0, -5.0, 6.0]), 64.25);
    }
}
