//! Weighted Euclidean distance: √(Σ wᵢ(aᵢ − bᵢ)²), weights of zero or more (`--weights FILE:/path`); 1 unless told.
//!
//! Domain: finite rows. Range 0 … ∞; smaller is closer. Source: SciPy `spatial.distance.minkowski(a, b, 2, w)`. With 1/variance it is the
//! standardised Euclidean distance.
//!
//! Form: v = √w·x, u = −½‖v(x) − v(y)‖² = −½·score².

use super::{Closer, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, inner_product, sum};
use crate::matrix::Row;

#[derive(Clone, Debug)]
pub struct WeightedEuclidean {
    weights: Vec<f64>,
}

impl WeightedEuclidean {
    pub const USUAL: Self = Self { weights: Vec::new() };

    /// One weight a feature.
    ///
    /// # Errors
    /// When one is negative or not finite, or all are zero.
    pub fn new(weights: Vec<f64>) -> Result<Self, String> {
        if let Some((i, w)) = weights.iter().enumerate().find(|(_, w)| !w.is_finite() || **w < 0.0 || **w > 1e100) {
            return Err(format!("weight {w} of feature {i} is not possible; allowed are 0 to 1e100"));
        }
        if weights.iter().all(|&w| w == 0.0) {
            return Err("all weights are zero; give at least one above".into());
        }
        Ok(Self { weights })
    }

    fn weight(&self, i: usize) -> f64 {
        if self.weights.is_empty() { 1.0 } else { self.weights[i] }
    }
}

impl Stepped for WeightedEuclidean {
    type Step = inner_product::Multiply;
}

impl Metric for WeightedEuclidean {
    fn info(&self) -> &'static Info {
        &Info {
            name: "weighted-euclidean",
            formula: "√(Σ wᵢ(aᵢ−bᵢ)²); --weights",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows",
            numbers: Numbers::Real,
            source: "SciPy spatial.distance.minkowski(p=2, w)",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Distance
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        if !self.weights.is_empty() && self.weights.len() != x.len() {
            return Err(Undefined::Width { got: x.len(), expected: self.weights.len(), metric: "weighted-euclidean" });
        }
        inner_product::plain_norm(x)?;
        let mut v = vec![0.0; x.len()];
        self.embed(x, Measure::default(), &mut v);
        inner_product::plain_norm(Row::F64(&v))
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        sum::in_stripes(a.len(), |i| self.weight(i) * ((a[i] - b[i]) * (a[i] - b[i]))).sqrt()
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        sum::in_stripes(a.len(), |i| {
            let z = a.at(i) - b.at(i);
            self.weight(i) * (z * z)
        })
        .sqrt()
    }

    fn embed(&self, x: Row<'_>, _: Measure, out: &mut [f64]) {
        x.copy_to(out);
        out.iter_mut().enumerate().for_each(|(i, v)| *v *= self.weight(i).sqrt());
    }

    fn embed_error(&self) -> f64 {
        // A root and a product, each rounded, relative to v(x) and not to how far rows are apart.
        libm::exp2(-51.0)
    }

    fn embedded_size(&self, _: Row<'_>, m: Measure) -> f64 {
        m.norm
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
        // SciPy 1.17: scipy.spatial.distance.minkowski([1, 2, 3.5], [4, -5, 6], 2, [1, 0, 4])
        let metric = WeightedEuclidean::new(vec![1.0, 0.0, 4.0]).expect("weights");
        assert!((metric.define(&[1.0, 2.0, 3.5], &[4.0, -5.0, 6.0]) - 34f64.sqrt()).abs() < 1e-15);
        assert!(WeightedEuclidean::new(vec![1.0, -1.0]).is_err());
        assert!(matches!(metric.measure(Row::F64(&[1.0])), Err(Undefined::Width { got: 1, expected: 3, .. })));
    }
}
