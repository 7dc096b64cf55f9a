//! Spectral angle: arccos(Σ aᵢbᵢ / (‖a‖‖b‖)), in radians.
//!
//! Domain: finite rows that are not zero. Range 0 … π; smaller is closer. Source: F. A. Kruse et al.,
//! doi:10.1016/0034-4257(93)90013-N. The arc cosine is that of the `libm` crate, so that platforms agree. Near 0 the
//! cosine's last bit is worth 1.5e-8 rad: rows closer than that tie, as the definition says.
//!
//! Form: u = cos(score), the cosine similarity.

use super::cosine::Cosine;
use super::{Closer, Geometry, Info, Measure, Metric, Shader, Stepped, Undefined, inner_product};
use crate::matrix::Row;

pub struct SpectralAngle;

impl SpectralAngle {
    pub const USUAL: Self = Self;
}

impl Stepped for SpectralAngle {
    type Step = inner_product::Multiply;
}

impl Metric for SpectralAngle {
    fn info(&self) -> &'static Info {
        &Info {
            name: "spectral-angle",
            formula: "arccos(Σ aᵢbᵢ / (‖a‖‖b‖)) [rad]",
            closer: Closer::Smaller,
            range: (0.0, std::f64::consts::PI),
            domain: "finite rows that are not zero",
            numbers: super::Numbers::Real,
            source: "doi:10.1016/0034-4257(93)90013-N",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Product
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::nonzero_norm(x, "spectral-angle")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        libm::acos(Cosine.define(a, b))
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        libm::acos(Cosine.score(a, am, b, bm))
    }

    fn embed(&self, x: Row<'_>, m: Measure, out: &mut [f64]) {
        Cosine.embed(x, m, out);
    }

    fn embedded_size(&self, x: Row<'_>, m: Measure) -> f64 {
        Cosine.embedded_size(x, m)
    }

    fn u_of(&self, score: f64) -> f64 {
        libm::cos(score)
    }

    fn u_error(&self) -> f64 {
        // The angle is known to 2⁻⁵¹ and the cosine changes no faster than the angle.
        libm::exp2(-48.0)
    }

    fn score_of(&self, u: f64) -> f64 {
        libm::acos(u.clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // NumPy 2: np.arccos(0.41157723645718636)
        let score = SpectralAngle.define(&[1.0, 2.0, 3.5], &[4.0, -5.0, 6.0]);
        assert!((score - 1.146_612_327_332_022_1).abs() < 1e-15, "{score:.17}");
    }
}
