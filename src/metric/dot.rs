//! Dot product: Σ aᵢbᵢ, i over the d features.
//!
//! Domain: finite rows. Range: all numbers; larger is closer. It grows with the length of the rows, so it ranks well only
//! where length means something. Source: any text on linear algebra; the score of FAISS `IndexFlatIP`.
//!
//! Form: u = ⟨a, b⟩. Error of the definition: see [`super::sum`].

use super::{Closer, Geometry, Info, Measure, Metric, Shader, Stepped, Undefined, inner_product, sum};
use crate::matrix::Row;

pub struct Dot;

impl Dot {
    pub const USUAL: Self = Self;
}

impl Stepped for Dot {
    type Step = inner_product::Multiply;
}

impl Metric for Dot {
    fn info(&self) -> &'static Info {
        &Info {
            name: "dot",
            formula: "Σ aᵢbᵢ",
            closer: Closer::Larger,
            range: (f64::NEG_INFINITY, f64::INFINITY),
            domain: "finite rows",
            numbers: super::Numbers::Real,
            source: "inner product; FAISS IndexFlatIP",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Product
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::plain_norm(x)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        sum::in_stripes(a.len(), |i| a[i] * b[i])
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        sum::pairs(sum::Product, a, b)
    }

    fn embedded_size(&self, _: Row<'_>, m: Measure) -> f64 {
        m.norm
    }

    fn u_of(&self, score: f64) -> f64 {
        score
    }

    fn score_of(&self, u: f64) -> f64 {
        u
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // NumPy 2: np.dot([1, 2, 3.5], [4, -5, 6])
        assert_eq!(Dot.define(&[1.0, 2.0, 3.5], &[4.0, -5.0, 6.0]), 15.0);
    }
}
