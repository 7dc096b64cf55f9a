//! Minkowski distance: (Σ |aᵢ − bᵢ|^p)^(1/p), p from 1 to 32; 3 unless told (`--p`).
//!
//! Domain: finite rows. Range 0 … ∞; smaller is closer. Source: SciPy `spatial.distance.minkowski`.
//! Whole powers are repeated multiplications, others are `libm`'s `pow`; numbers are divided by the largest difference first.
//!
//! Form: a fold of degree p, u = −Σ|x − y|^p, computed as 2^(p·log₂|x − y|). Where p·|log₂| is at most 40, log₂ and 2ˣ (each to 2⁻²¹; WGSL: (3 + 2|x|) units in
//! the last place) put a term off by less than 4e-5 + p·1e-6 of itself; smaller terms are below 2⁻⁴⁰ and go to the slack
//! with their number. Rows lie within ½ of zero, so rounded ones cost at most p·Σ|x̂ − x′|.

use super::vector::{Step, TINY, Vector, exp2, log2};
use super::{
    Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, inner_product, sum,
};
use crate::matrix::Row;

#[derive(Clone, Copy, Debug)]
pub struct Minkowski {
    p: f64,
}

impl Minkowski {
    pub const USUAL: Self = Self { p: 3.0 };

    /// # Errors
    /// When p is not from 1 to 32.
    pub fn new(p: f64) -> Result<Self, String> {
        if (1.0..=32.0).contains(&p) { Ok(Self { p }) } else { Err(format!("--p {p} is not possible; allowed are 1 to 32")) }
    }

    fn raise(self, x: f64) -> f64 {
        if self.p == libm::floor(self.p) { (1..self.p as u32).fold(x, |power, _| power * x) } else { libm::pow(x, self.p) }
    }

    fn of(self, a: impl Fn(usize) -> f64, b: impl Fn(usize) -> f64, n: usize) -> f64 {
        let most = (0..n).fold(0.0, |most: f64, i| most.max((a(i) - b(i)).abs()));
        if most == 0.0 {
            return 0.0;
        }
        most * libm::pow(sum::in_stripes(n, |i| self.raise((a(i) - b(i)).abs() / most)), 1.0 / self.p)
    }
}

/// t ← t + |x − y|^p
pub struct Power;

impl Step for Power {
    #[inline(always)]
    fn step<V: Vector>(p: V, sum: V, x: V, y: V) -> V {
        sum.add(exp2(p.mul(log2(x.sub(y).abs().max(V::splat(TINY))))))
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, _: f32, _: f32) -> f32 {
        gain * t
    }
}

impl Stepped for Minkowski {
    type Step = Power;
}

impl Metric for Minkowski {
    fn info(&self) -> &'static Info {
        &Info {
            name: "minkowski",
            formula: "(Σ |aᵢ−bᵢ|^p)^(1/p); --p, 3 unless given",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows",
            numbers: Numbers::Real,
            source: "SciPy spatial.distance.minkowski",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "minkowski", source: include_str!("../../shaders/metric/minkowski.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        let measure = inner_product::plain_norm(x)?;
        let most = 120.0 / self.p;
        if measure.norm != 0.0 && libm::log10(measure.norm).abs() > most {
            return Err(Undefined::PowerMagnitude { norm: measure.norm, most, p: self.p });
        }
        Ok(measure)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        self.of(|i| a[i], |i| b[i], a.len())
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        self.of(|i| a.at(i), |i| b.at(i), a.len())
    }

    fn embedded_size(&self, x: Row<'_>, _: Measure) -> f64 {
        (0..x.len()).fold(0.0, |most: f64, i| most.max(x.at(i).abs()))
    }

    fn u_of(&self, score: f64) -> f64 {
        -libm::pow(score, self.p) * (1.0 - 1e-12)
    }

    fn score_of(&self, u: f64) -> f64 {
        libm::pow((-u).max(0.0), 1.0 / self.p)
    }

    fn parameter(&self) -> f32 {
        self.p as f32
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { relative: Some(4e-5 + 1e-6 * self.p), ..Fold::distance(self.p) }
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: 0.0, slack: self.p * row.residual + libm::exp2(-39.0) * row.x.len() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // SciPy 1.17: scipy.spatial.distance.minkowski([1, 2, 3.5], [4, -5, 6], 3)
        let score = Minkowski::USUAL.define(&[1.0, 2.0, 3.5], &[4.0, -5.0, 6.0]);
        assert!((score - 7.278_720_793_230_067).abs() < 1e-13, "{score:.17}");
        assert!(Minkowski::new(0.5).is_err());
    }
}
