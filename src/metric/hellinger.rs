//! Hellinger distance: √(½ Σ (√pᵢ − √qᵢ)²), p = a/Σa, q = b/Σb.
//!
//! Domain: rows of zero or more that are not zero altogether. Range 0 … 1; smaller is closer. Source: E. Hellinger,
//! doi:10.1515/crll.1909.136.210.
//!
//! Form: v = √p, u = −½‖v − w‖² = −score².

use super::sum::Term;
use super::{Closer, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, inner_product, sum};
use crate::matrix::Row;

pub struct Hellinger;

impl Hellinger {
    pub const USUAL: Self = Self;
}

impl Stepped for Hellinger {
    type Step = inner_product::Multiply;
}

/// (√p − √q)² of rows divided by these numbers.
#[derive(Clone, Copy)]
pub(super) struct RootDifference(pub f64, pub f64);
impl Term for RootDifference {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        let z = (x / self.0).sqrt() - (y / self.1).sqrt();
        z * z
    }
}

/// ½ Σ (√p − √q)², by definition.
pub(super) fn square(a: &[f64], b: &[f64]) -> f64 {
    let (sa, sb) = (sum::in_stripes(a.len(), |i| a[i]), sum::in_stripes(b.len(), |i| b[i]));
    0.5 * sum::in_stripes(a.len(), |i| {
        let z = (a[i] / sa).sqrt() - (b[i] / sb).sqrt();
        z * z
    })
}

impl Metric for Hellinger {
    fn info(&self) -> &'static Info {
        &Info {
            name: "hellinger",
            formula: "√(½ Σ (√pᵢ−√qᵢ)²), p = a/Σa, q = b/Σb",
            closer: Closer::Smaller,
            range: (0.0, 1.0),
            domain: "rows of zero or more, not all zero",
            numbers: Numbers::NonNegative,
            source: "doi:10.1515/crll.1909.136.210",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Distance
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        super::mass(x, "hellinger")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        square(a, b).sqrt().min(1.0)
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        (0.5 * sum::pairs(RootDifference(am.norm, bm.norm), a, b)).sqrt().min(1.0)
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
        -score * score
    }

    fn u_error(&self) -> f64 {
        libm::exp2(-48.0)
    }

    fn score_of(&self, u: f64) -> f64 {
        (-u).clamp(0.0, 1.0).sqrt()
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
        // NumPy 2: np.sqrt(0.5 * ((np.sqrt(p) - np.sqrt(q))**2).sum()), p and q of [1, 0] and [0, 3], [1, 3] and [3, 1]
        assert_eq!(Hellinger.define(&[1.0, 0.0], &[0.0, 3.0]), 1.0);
        assert!((Hellinger.define(&[1.0, 3.0], &[3.0, 1.0]) - 0.366_025_403_784_438_65).abs() < 1e-15);
    }
}
