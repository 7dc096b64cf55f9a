//! Tanimoto similarity of real vectors: ⟨a, b⟩ / (‖a‖² + ‖b‖² − ⟨a, b⟩).
//!
//! Domain: finite rows that are not zero. Range −⅓ … 1; larger is closer. Source: P. Willett et al., doi:10.1021/ci9800211.
//! For packed bits see `tanimoto-bits`.
//!
//! Form: F = t / (w_x + w_y − t), w = ‖x′‖², W = w_x + w_y ≥ 2|t|. Its slope in t is W/(W − t)² ≤ 4/W and t is off by at most
//! c‖x‖‖y‖ ≤ cW/2, so F by 2c: **slack** c a row, 16ε for the weights and the division, and d·2⁻¹²²/w for products that underflow.

use super::vector::{Step, TINY, Vector};
use super::{
    Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, form::EPSILON,
    inner_product, sum,
};
use crate::matrix::Row;

pub struct Tanimoto;

impl Tanimoto {
    pub const USUAL: Self = Self;
}

/// t ← t + x·y, then t / (w_x + w_y − t)
pub struct Quotient;

impl Step for Quotient {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        x.mul_add(y, sum)
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
        gain * t / (x + y - t).max(TINY)
    }
}

impl Stepped for Tanimoto {
    type Step = Quotient;
}

impl Metric for Tanimoto {
    fn info(&self) -> &'static Info {
        &Info {
            name: "tanimoto",
            formula: "Σ aᵢbᵢ / (Σ aᵢ² + Σ bᵢ² − Σ aᵢbᵢ)",
            closer: Closer::Larger,
            range: (-1.0 / 3.0, 1.0),
            domain: "finite rows that are not zero",
            numbers: Numbers::Real,
            source: "doi:10.1021/ci9800211",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "tanimoto", source: include_str!("../../shaders/metric/tanimoto.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::nonzero_norm(x, "tanimoto")?;
        Ok(Measure { centre: 0.0, norm: sum::pairs(sum::Product, x, x) })
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let product = |x: &[f64], y: &[f64]| sum::in_stripes(x.len(), |i| x[i] * y[i]);
        (product(a, b) / ((product(a, a) + product(b, b)) - product(a, b))).clamp(-1.0 / 3.0, 1.0)
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        let product = sum::pairs(sum::Product, a, b);
        (product / ((am.norm + bm.norm) - product)).clamp(-1.0 / 3.0, 1.0)
    }

    fn embedded_size(&self, _: Row<'_>, m: Measure) -> f64 {
        m.norm.sqrt()
    }

    fn u_of(&self, score: f64) -> f64 {
        score
    }

    fn u_error(&self) -> f64 {
        libm::exp2(-40.0)
    }

    fn score_of(&self, u: f64) -> f64 {
        u.clamp(-1.0 / 3.0, 1.0)
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { sign: 1.0, degree: 0.0, shift: false, scale: None, relative: None }
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        let weight = row.x.iter().map(|x| x * x).sum::<f64>();
        // Products below 2⁻¹²⁶ are nothing to a device: much, for a row far smaller than others.
        let flushed = libm::exp2(-122.0) * row.x.len() as f64 / weight;
        Bounds { offset: 0.0, reach: weight, slack: 1.01 * row.screen + 16.0 * EPSILON + flushed.min(2.0) }
    }

    fn finish(&self, t: f64, x: f64, y: f64) -> f64 {
        t / (x + y - t).max(f64::from(TINY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // By hand: ⟨a, b⟩ = 15, ‖a‖² = 17.25, ‖b‖² = 77
        assert!((Tanimoto.define(&[1.0, 2.0, 3.5], &[4.0, -5.0, 6.0]) - 15.0 / 79.25).abs() < 1e-16);
    }
}
