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

/// Where a micro-tile stands.
pub struct Place<'a> {
    /// The chunk's part of the rows' group, and the first of them within it.
    pub a: &'a [f32],
    pub half: usize,
    /// The chunk's part of the columns' groups from here on, `group` numbers apart, and how many groups there are.
    pub b: &'a [f32],
    pub group: usize,
    pub left: usize,
    pub features: usize,
    /// Its first row and column in the tile.
    pub row: usize,
    pub col: usize,
    /// Of the chunks of features.
    pub first: bool,
    pub last: bool,
}

/// Walks the micro-tiles of `R` rows of a tile; `each` answers how many groups of columns it took. `R` divides [`GROUP`].
#[inline(always)]
pub fn walk<const R: usize>(
    a: &Operand,
    rows: Range<usize>,
    b: &Operand,
    cols: Range<usize>,
    mut each: impl FnMut(&Place<'_>) -> usize,
) {
    debug_assert!(rows.start.is_multiple_of(GROUP) && cols.start.is_multiple_of(GROUP) && a.stride == b.stride);
    let (row_groups, col_groups) = (rows.len().div_ceil(GROUP), cols.len().div_ceil(GROUP));
    let (d, group) = (a.stride, a.stride * GROUP);
    let a = &a.values[rows.start * d..][..row_groups * group];
    let b = &b.values[cols.start * d..][..col_groups * group];
    for k in (0..d).step_by(CHUNK) {
        let features = CHUNK.min(d - k);
        let mut col = 0;
        while col < col_groups {
            let mut taken = 1;
            for row in 0..row_groups {
                for half in (0..GROUP).step_by(R) {
                    taken = each(&Place {
                        a: &a[row * group + k * GROUP..][..features * GROUP],
                        half,
                        b: &b[col * group + k * GROUP..],
                        group,
                        left: col_groups - col,
                        features,
                        row: row * GROUP + half,
                        col: col * GROUP,
                        first: k == 0,
                        last: k + features == d,
                    });
                }
            }
            col += taken;
        }
    }
}

/// One tile, stored; answers how far apart its rows lie.
#[inline(always)]
fn tile<const R: usize>(
    a: &Operand,
    rows: Range<usize>,
    b: &Operand,
    cols: Range<usize>,
    out: &mut Vec<f32>,
    strip: impl Fn(&Place<'_>, &mut [f32], usize) -> usize,
) -> usize {
    let stride = cols.len().div_ceil(GROUP) * GROUP;
    out.resize(rows.len().div_ceil(GROUP) * GROUP * stride, 0.0);
    walk::<R>(a, rows, b, cols, |at| strip(at, &mut out[at.row * stride + at.col..], stride));
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
    tile::<4>(a, rows, b, cols, out, |at, to, stride| {
        micro::<V, S, 4, 2>(at.a, at.half, [at.b, &at.b[8..]], at.features, to, stride, at.first, p);
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
            tile::<8>(a, rows, b, cols, out, |at, to, stride| match (at.left, at.b, at.group) {
                (1, b, _) => {
                    micro::<Wider, S, 8, 1>(at.a, at.half, [b], at.features, to, stride, at.first, p);
                    1
                }
                (2, b, group) => {
                    micro::<Wider, S, 8, 2>(at.a, at.half, [b, &b[group..]], at.features, to, stride, at.first, p);
                    2
                }
                (_, b, group) => {
                    let b = [b, &b[group..], &b[2 * group..]];
                    micro::<Wider, S, 8, 3>(at.a, at.half, b, at.features, to, stride, at.first, p);
                    3
                }
            })
        }
        // SAFETY: `Cpu::with` takes this kernel only where the processor has it.
        unsafe { inner::<S>(a, rows, b, cols, out, p) }
    }
}
