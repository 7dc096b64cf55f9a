//! The tile multiply, for any register and any step.
//!
//! A micro-tile keeps `R` rows × `N` registers of sums in registers and walks [`CHUNK`] features: each feature costs `N` loads of
//! the columns' group, `R` broadcasts of the rows' and `R·N` steps. Sums of a chunk start at zero and are then added to the
//! tile, which is what [`depth`](crate::backend::Backend::depth) counts: 128 additions in a chunk, then one a chunk. Three
//! groups of 128 features are 24 KiB: they stay in the first-level cache while all rows of the tile pass.

use super::simd::Plain;
use crate::backend::{GROUP, Operand};
use crate::metric::{Step, Vector};
use std::ops::Range;

/// Features whose sum is formed before it is added to the rest.
pub const CHUNK: usize = 128;

/// The sums of `R` rows of a group from row `half` on × `N` registers of consecutive groups.
///
/// `a`, `b`: the chunk's part of the groups, [`GROUP`] numbers a feature; `b[g]` one slice a group.
#[inline(always)]
pub fn sums<V: Vector, S: Step, const R: usize, const N: usize>(
    a: &[f32],
    half: usize,
    b: [&[f32]; N],
    features: usize,
    p: f32,
) -> [[V; N]; R] {
    let p = V::splat(p);
    let mut sums = [[V::splat(0.0); N]; R];
    let a = &a[..features * GROUP];
    let b = b.map(|b| &b[..(features - 1) * GROUP + V::LANES]);
    for k in 0..features {
        let cols: [V; N] = std::array::from_fn(|n| {
            // SAFETY: k < features, and each slice reaches to the last feature's register.
            V::load(unsafe { b[n].get_unchecked(k * GROUP..k * GROUP + V::LANES) })
        });
        // SAFETY: k < features and half + R ≤ GROUP.
        let rows = unsafe { a.get_unchecked(k * GROUP + half..k * GROUP + half + R) };
        for r in 0..R {
            let row = V::splat(rows[r]);
            for n in 0..N {
                sums[r][n] = S::step(p, sums[r][n], row, cols[n]);
            }
        }
    }
    sums
}

/// The same, added to what is there unless they are the `first`.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "inlined into every kernel; a struct would only rename them")]
pub fn micro<V: Vector, S: Step, const R: usize, const N: usize>(
    a: &[f32],
    half: usize,
    b: [&[f32]; N],
    features: usize,
    out: &mut [f32],
    stride: usize,
    first: bool,
    p: f32,
) {
    for (r, sums) in sums::<V, S, R, N>(a, half, b, features, p).into_iter().enumerate() {
        for (n, sum) in sums.into_iter().enumerate() {
            let to = &mut out[r * stride + n * V::LANES..][..V::LANES];
            let sum = if first { sum } else { S::join(V::load(to), sum) };
            sum.store(to);
        }
    }
}

/// One tile. `R` divides [`GROUP`]; `G` groups are taken at a time, `P` registers each.
#[inline(always)]
fn tile<const R: usize>(
    a: &Operand,
    rows: Range<usize>,
    b: &Operand,
    cols: Range<usize>,
    out: &mut Vec<f32>,
    strip: impl Fn(&[f32], usize, &[f32], usize, usize, usize, &mut [f32], usize, bool) -> usize,
) -> usize {
    debug_assert!(rows.start.is_multiple_of(GROUP) && cols.start.is_multiple_of(GROUP) && a.stride == b.stride);
    let (row_groups, col_groups) = (rows.len().div_ceil(GROUP), cols.len().div_ceil(GROUP));
    let stride = col_groups * GROUP;
    out.resize(row_groups * GROUP * stride, 0.0);
    let (d, group) = (a.stride, a.stride * GROUP);
    let a = &a.values[rows.start * d..][..row_groups * group];
    let b = &b.values[cols.start * d..][..col_groups * group];
    for k in (0..d).step_by(CHUNK) {
        let features = CHUNK.min(d - k);
        let mut col = 0;
        while col < col_groups {
            let mut taken = 1;
            for row in 0..row_groups {
                let a = &a[row * group + k * GROUP..][..features * GROUP];
                for half in (0..GROUP).step_by(R) {
                    let to = &mut out[(row * GROUP + half) * stride + col * GROUP..];
                    taken = strip(a, half, &b[col * group + k * GROUP..], group, col_groups - col, features, to, stride, k == 0);
                }
            }
            col += taken;
        }
    }
    stride
}

/// Registers of 8: one group, two registers, four rows: 8 sums of 16 registers.
#[inline(always)]
fn eights<V: Vector, S: Step>(
    a: &Operand,
    rows: Range<usize>,
    b: &Operand,
    cols: Range<usize>,
    out: &mut Vec<f32>,
    p: f32,
) -> usize {
    tile::<4>(a, rows, b, cols, out, |a, half, b, _, _, features, to, stride, first| {
        micro::<V, S, 4, 2>(a, half, [b, &b[8..]], features, to, stride, first, p);
        1
    })
}

/// Any processor.
pub fn portable<S: Step>(a: &Operand, rows: Range<usize>, b: &Operand, cols: Range<usize>, out: &mut Vec<f32>, p: f32) -> usize {
    eights::<Plain, S>(a, rows, b, cols, out, p)
}

#[cfg(target_arch = "x86_64")]
pub use x86::{avx2, avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::simd::{Wide, Wider};
    use super::{Operand, Range, Step, eights, micro, tile};

    /// Called only where [`super::super::Isa::detect`] found AVX2 and FMA.
    pub fn avx2<S: Step>(a: &Operand, rows: Range<usize>, b: &Operand, cols: Range<usize>, out: &mut Vec<f32>, p: f32) -> usize {
        #[target_feature(enable = "avx2,fma")]
        fn inner<S: Step>(a: &Operand, rows: Range<usize>, b: &Operand, cols: Range<usize>, out: &mut Vec<f32>, p: f32) -> usize {
            eights::<Wide, S>(a, rows, b, cols, out, p)
        }
        // SAFETY: `Cpu::with` takes this kernel only where the processor has both.
        unsafe { inner::<S>(a, rows, b, cols, out, p) }
    }

    /// Called only where [`super::super::Isa::detect`] found AVX-512: eight rows × three groups, 24 sums of 32 registers.
    pub fn avx512<S: Step>(
        a: &Operand,
        rows: Range<usize>,
        b: &Operand,
        cols: Range<usize>,
        out: &mut Vec<f32>,
        p: f32,
    ) -> usize {
        #[target_feature(enable = "avx512f,avx512vl")]
        fn inner<S: Step>(a: &Operand, rows: Range<usize>, b: &Operand, cols: Range<usize>, out: &mut Vec<f32>, p: f32) -> usize {
            tile::<8>(a, rows, b, cols, out, |a, half, b, group, left, features, to, stride, first| match left {
                1 => {
                    micro::<Wider, S, 8, 1>(a, half, [b], features, to, stride, first, p);
                    1
                }
                2 => {
                    micro::<Wider, S, 8, 2>(a, half, [b, &b[group..]], features, to, stride, first, p);
                    2
                }
                _ => {
                    micro::<Wider, S, 8, 3>(a, half, [b, &b[group..], &b[2 * group..]], features, to, stride, first, p);
                    3
                }
            })
        }
        // SAFETY: `Cpu::with` takes this kernel only where the processor has it.
        unsafe { inner::<S>(a, rows, b, cols, out, p) }
    }
}
