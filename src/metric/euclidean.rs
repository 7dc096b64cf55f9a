//! Euclidean distance: √Σ (aᵢ − bᵢ)².
//!
//! Domain: finite rows. Range 0 … ∞; smaller is closer. Source: SciPy `spatial.distance.euclidean`.
//! The square root of [`super::sqeuclidean`], correctly rounded; squared distances that differ may share a root and then tie.
//!
//! Form: u = −½‖a − b‖².

use super::sqeuclidean::SqEuclidean;
use super::{Closer, Geometry, Info, Measure, Metric, Shader, Stepped, Undefined, inner_product};
use crate::matrix::Row;

pub struct Euclidean;

impl Euclidean {
    pub const USUAL: Self = Self;
}

impl Stepped for Euclidean {
    type Step = inner_product::Multiply;
}

impl Metric for Euclidean {
    fn info(&self) -> &'static Info {
        &Info {
            name: "euclidean",
            formula: "√Σ (aᵢ−bᵢ)²",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows",
            numbers: super::Numbers::Real,
            source: "SciPy spatial.distance.euclidean",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Distance
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        SqEuclidean.measure(x)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        SqEuclidean.define(a, b).sqrt()
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        SqEuclidean.score(a, am, b, bm).sqrt()
    }

    fn embed(&self, x: Row<'_>, m: Measure, out: &mut [f64]) {
        SqEuclidean.embed(x, m, out);
    }

    fn embedded_size(&self, x: Row<'_>, m: Measure) -> f64 {
        SqEuclidean.embedded_size(x, m)
    }

    fn u_of(&self, score: f64) -> f64 {
        -0.5 * score * score
    }

    fn score_of(&self, u: f64) -> f64 {
        (-2.0 * u).max(0.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // SciPy 1.17: scipy.spatial.distance.euclidean([1, 2, 3.5], [4, -5, 6])
        assert_eq!(Euclidean.define(&[1.0, 2.0, 3.5], &[4.0, -5.0, 6.0]), 8.015_609_770_940_699);
    }
}
