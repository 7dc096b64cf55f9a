//! Pearson correlation: Σ (aᵢ − ā)(bᵢ − b̄) / (‖a − ā‖‖b − b̄‖), clamped to [−1, 1].
//!
//! Domain: finite rows that are not constant. Range −1 … 1; larger is closer. Unchanged by scale and offset of either row,
//! which is why libraries of infrared spectra use it. Source: K. Pearson, doi:10.1098/rspl.1895.0041.
//!
//! The mean is the striped sum over d, rounded; the centred numbers aᵢ − ā are rounded to f64 before they are multiplied.
//! A row counts as constant when its centred norm is below 1e-13 of its norm: SciPy's limit for "nearly constant".
//!
//! Form: u = ⟨(a − ā)/‖a − ā‖, (b − b̄)/‖b − b̄‖⟩.

use super::{Closer, Geometry, Info, Measure, Metric, Shader, Stepped, Undefined, inner_product, norm, sum};
use crate::matrix::Row;

pub struct Pearson;

impl Pearson {
    pub const USUAL: Self = Self;
}

impl Stepped for Pearson {
    type Step = inner_product::Multiply;
}

impl Metric for Pearson {
    fn info(&self) -> &'static Info {
        &Info {
            name: "pearson",
            formula: "Σ (aᵢ−ā)(bᵢ−b̄) / (‖a−ā‖‖b−b̄‖)",
            closer: Closer::Larger,
            range: (-1.0, 1.0),
            domain: "finite rows that are not constant",
            numbers: super::Numbers::Real,
            source: "doi:10.1098/rspl.1895.0041",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Product
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        super::finite(x)?;
        let whole = norm(x, 0.0)?;
        let centre = sum::of(x) / x.len() as f64;
        let centred = norm(x, centre)?;
        if centred <= 1e-13 * whole {
            return Err(Undefined::Constant(x.len(), centre, "pearson"));
        }
        Ok(Measure { centre, norm: centred })
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let mean = |x: &[f64]| sum::in_stripes(x.len(), |i| x[i]) / x.len() as f64;
        let (ma, mb) = (mean(a), mean(b));
        let cross = |x: &[f64], mx: f64, y: &[f64], my: f64| sum::in_stripes(x.len(), |i| (x[i] - mx) * (y[i] - my));
        (cross(a, ma, b, mb) / (cross(a, ma, a, ma).sqrt() * cross(b, mb, b, mb).sqrt())).clamp(-1.0, 1.0)
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        let cross = sum::pairs(sum::CentredProduct(am.centre, bm.centre), a, b);
        (cross / (am.norm * bm.norm)).clamp(-1.0, 1.0)
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
        // SciPy 1.17: scipy.stats.pearsonr([1, 2, 3.5], [4, -5, 6]).statistic
        let score = Pearson.define(&[1.0, 2.0, 3.5], &[4.0, -5.0, 6.0]);
        assert!((score - 0.282_562_549_317_765_3).abs() < 1e-15, "{score:.17}");
    }

    #[test]
    fn constant_rows_are_refused() {
        for row in [[0.0; 5], [0.1; 5], [1e6; 5]] {
            assert!(matches!(Pearson.measure(Row::F64(&row)), Err(Undefined::Constant(5, ..))));
        }
        assert!(Pearson.measure(Row::F64(&[1e6, 1e6 + 1.0])).is_ok());
    }
}
