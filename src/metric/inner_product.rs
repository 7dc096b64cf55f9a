//! What the metrics share that reduce to one inner product.

use super::sum::{Wide, on_widest};
use super::vector::{Step, Vector};
use super::{Measure, Shader, Undefined, norm};
use crate::matrix::Row;

/// t ← t + x·y
pub struct Multiply;

impl Step for Multiply {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        x.mul_add(y, sum)
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
        gain * t + x * y
    }
}

/// The same for GPUs.
pub const SHADER: Shader = Shader { name: "inner_product", source: include_str!("../../shaders/metric/inner_product.wgsl") };

/// The norm of a row that must not be zero.
pub(super) fn nonzero_norm(x: Row<'_>, metric: &'static str) -> Result<Measure, Undefined> {
    super::finite(x)?;
    let norm = norm(x, 0.0)?;
    if norm == 0.0 {
        return Err(Undefined::ZeroNorm(x.len(), metric));
    }
    Ok(Measure { centre: 0.0, norm })
}

/// The norm of any finite row.
pub(super) fn plain_norm(x: Row<'_>) -> Result<Measure, Undefined> {
    super::finite(x)?;
    Ok(Measure { centre: 0.0, norm: norm(x, 0.0)? })
}

/// (x − centre)/norm, by one division: off by a rounding more.
pub(super) fn unit(x: Row<'_>, m: Measure, out: &mut [f64]) {
    struct Unit<'a>(Row<'a>, Measure, f64, &'a mut [f64]);
    impl Wide for Unit<'_> {
        type Answer = ();
        #[inline(always)]
        fn run(self) {
            let Self(x, m, inverse, out) = self;
            match x {
                Row::F32(x) => out.iter_mut().zip(x).for_each(|(o, &x)| *o = (f64::from(x) - m.centre) * inverse),
                Row::F64(x) => out.iter_mut().zip(x).for_each(|(o, &x)| *o = (x - m.centre) * inverse),
            }
        }
    }
    on_widest(Unit(x, m, 1.0 / m.norm, out));
}
