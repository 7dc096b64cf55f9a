//! Cosine similarity: Σ aᵢbᵢ / (‖a‖‖b‖), clamped to [−1, 1].
//!
//! Domain: finite rows that are not zero. Range −1 … 1; larger is closer. Source: G. Salton, M. J. McGill, *Introduction to
//! Modern Information Retrieval*, 1983; for spectra S. E. Stein, D. R. Scott, doi:10.1016/1044-0305(94)87009-8.
//!
//! Form: u = ⟨a/‖a‖, b/‖b‖⟩. Error of the definition: γ of [`super::sum`] and five roundings.

use super::{Closer, Geometry, Info, Measure, Metric, Shader, Stepped, Undefined, inner_product, sum};
use crate::matrix::Row;

pub struct Cosine;

impl Cosine {
    pub const USUAL: Self = Self;
}

impl Stepped for Cosine {
    type Step = inner_product::Multiply;
}

impl Metric for Cosine {
    fn info(&self) -> &'static Info {
        &Info {
            name: "cosine",
            formula: "Σ aᵢbᵢ / (‖a‖‖b‖)",
            closer: Closer::Larger,
            range: (-1.0, 1.0),
            domain: "finite rows that are not zero",
            numbers: super::Numbers::Real,
            source: "Salton & McGill 1983; doi:10.1016/1044-0305(94)87009-8",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Product
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::nonzero_norm(x, "cosine")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let dot = |x: &[f64], y: &[f64]| sum::in_stripes(x.len(), |i| x[i] * y[i]);
        (dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt())).clamp(-1.0, 1.0)
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        (sum::pairs(sum::Product, a, b) / (am.norm * bm.norm)).clamp(-1.0, 1.0)
    }

    fn embed(&self, x: Row<'_>, m: Measure, out: &mut [f64]) {
        inner_product::unit(x, m, out);
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // SciPy 1.17: 1 - scipy.spatial.distance.cosine([1, 2, 3.5], [4, -5, 6])
        let score = Cosine.define(&[1.0, 2.0, 3.5], &[4.0, -5.0, 6.0]);
        assert!((score - 0.411_577_236_457_186_36).abs() < 1e-15, "{score:.17}");
    }
}
