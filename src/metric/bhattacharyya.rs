//! Bhattacharyya distance: −ln Σ √(pᵢqᵢ), p = a/Σa, q = b/Σb; ∞ for rows that share no feature.
//!
//! Domain: rows of zero or more that are not zero altogether. Range 0 … ∞; smaller is closer. Source: A. Bhattacharyya,
//! Sankhyā 7 (1946) 401; T. Kailath, doi:10.1109/TCOM.1967.1089532.
//!
//! The coefficient Σ√(pq) is 1 − H² with the [Hellinger](super::hellinger) distance H: where H² < ½ the score is −ln(1 − H²) by `log1p`, which keeps the
//! digits of near-equal rows; elsewhere the logarithm of the sum itself.
//!
//! Form: v = √p, u = ⟨v, w⟩ = exp(−score).

use super::hellinger::{self, RootDifference};
use super::sum::Term;
use super::{Closer, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, inner_product, sum};
use crate::matrix::Row;

pub struct Bhattacharyya;

impl Bhattacharyya {
    pub const USUAL: Self = Self;
}

impl Stepped for Bhattacharyya {
    type Step = inner_product::Multiply;
}

/// √p·√q of rows divided by these numbers.
#[derive(Clone, Copy)]
struct RootProduct(f64, f64);
impl Term for RootProduct {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        (x / self.0).sqrt() * (y / self.1).sqrt()
    }
}

fn distance(square: f64, coefficient: impl FnOnce() -> f64) -> f64 {
    if square < 0.5 { 0.0 - libm::log1p(-square) } else { 0.0 - libm::log(coefficient().min(1.0)) }
}

impl Metric for Bhattacharyya {
    fn info(&self) -> &'static Info {
        &Info {
            name: "bhattacharyya",
            formula: "−ln Σ √(pᵢqᵢ), p = a/Σa, q = b/Σb",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "rows of zero or more, not all zero",
            numbers: Numbers::NonNegative,
            source: "doi:10.1109/TCOM.1967.1089532",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Product
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        super::mass(x, "bhattacharyya")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let (sa, sb) = (sum::in_stripes(a.len(), |i| a[i]), sum::in_stripes(b.len(), |i| b[i]));
        distance(hellinger::square(a, b), || sum::in_stripes(a.len(), |i| (a[i] / sa).sqrt() * (b[i] / sb).sqrt()))
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        let square = 0.5 * sum::pairs(RootDifference(am.norm, bm.norm), a, b);
        distance(square, || sum::pairs(RootProduct(am.norm, bm.norm), a, b))
    }

    fn embed(&self, x: Row<'_>, m: Measure, out: &mut [f64]) {
        x.copy_to(out);
        for v in out {
            *v = (*v / m.norm).sqrt();
        }
    }

    fn embedded_size(&self, _: Row<'_>, _: Measure) -> f64 {
        1.0
    }

    fn u_of(&self, score: f64) -> f64 {
        libm::exp(-score)
    }

    fn u_error(&self) -> f64 {
        libm::exp2(-44.0)
    }

    fn score_of(&self, u: f64) -> f64 {
        0.0 - libm::log(u.clamp(0.0, 1.0))
    }

    fn dense_exact(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        assert_eq!(Bhattacharyya.define(&[1.0, 0.0], &[0.0, 3.0]), f64::INFINITY);
        // Σ√(pq) of (¼, ¾) and (¾, ¼) is √3/2.
        assert!((Bhattacharyya.define(&[1.0, 3.0], &[3.0, 1.0]) - 0.143_841_036_225_890_45).abs() < 1e-15);
        assert_eq!(Bhattacharyya.define(&[1.0, 3.0], &[2.0, 6.0]).to_bits(), 0);
    }
}
