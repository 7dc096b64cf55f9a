//! The multiply of inner products with the test in its registers: sums that no floor asks for are never stored.
//!
//! A micro-tile is that of [`super::kernel`]: `R` rows × `N` registers. For all but the last chunk of features its sums go to
//! the tile as there; after the last one they are tested where they stand, about six instructions a register, and only pairs that
//! pass are written down. Where heads are short (16 … 64 numbers) a stored tile and its second reading would cost more than the
//! multiply. What passes is what [`super::scan`] passes; the order within a tile differs.
//!
//! Bytes ([`Bytes`](crate::backend::Bytes)) are multiplied four at a time into 32-bit sums (`VPDPBUSD`: one side is unsigned, so
//! columns go in as q + 128 and sums start at −128·Σq of the row). Those sums are exact, on any processor.

use super::kernel::{CHUNK, Place, micro, sums, walk};
use crate::backend::{Bytes, GROUP, Operand, Picked, Tile};
use crate::metric::Vector;
use crate::metric::inner_product::Multiply;

/// What the test needs beside the sums, laid out for registers: the columns' numbers padded with NaN, which never passes.
#[derive(Debug, Default)]
pub struct Columns {
    reach: Vec<f32>,
    lift: Vec<f32>,
    floor: Vec<f32>,
    step: Vec<f32>,
    both: bool,
}

impl Columns {
    /// Takes over the columns of a tile.
    pub fn load(&mut self, b: &Operand, tile: &Tile, floors: Option<&[f32]>) {
        let cols = tile.cols.clone();
        let padded = cols.len().div_ceil(GROUP) * GROUP;
        let fill = |to: &mut Vec<f32>, from: Option<&[f32]>| {
            to.clear();
            to.extend_from_slice(from.unwrap_or_default());
            to.resize(padded, f32::NAN);
        };
        fill(&mut self.reach, Some(&b.reach[cols.clone()]));
        fill(&mut self.lift, Some(&b.lift[cols.clone()]));
        fill(&mut self.floor, floors);
        fill(&mut self.step, b.bytes.as_ref().map(|bytes| &bytes.step[cols]));
        self.both = floors.is_some();
    }
}

/// A row's numbers; NaN beyond the last row.
#[derive(Clone, Copy)]
struct Own {
    reach: f32,
    lift: f32,
    floor: f32,
    step: f32,
}

/// A tile with the floors that its pairs are held against.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    pub a: &'a Operand,
    pub b: &'a Operand,
    pub tile: &'a Tile,
    pub row_floors: &'a [f32],
    pub columns: &'a Columns,
}

/// The same, and where pairs that pass go.
struct Test<'a> {
    held: Held<'a>,
    picked: &'a mut Vec<Picked>,
}

impl Test<'_> {
    /// The numbers of the tile's row `r`.
    #[inline(always)]
    fn own(&self, r: usize) -> Own {
        match self.held.row_floors.get(r) {
            Some(&floor) => {
                let i = self.held.tile.rows.start + r;
                let step = self.held.a.bytes.as_ref().map_or(0.0, |bytes| bytes.step[i]);
                Own { reach: self.held.a.reach[i], lift: self.held.a.lift[i], floor, step }
            }
            None => Own { reach: 0.0, lift: f32::NAN, floor: f32::NAN, step: 0.0 },
        }
    }

    /// Tests `N` registers of t of row `r`, whose first column is `c` of the tile.
    #[inline(always)]
    fn sums<V: Vector, const N: usize>(&mut self, r: usize, own: Own, c: usize, t: [V; N]) {
        let (reach, lift, floor) = (V::splat(own.reach), V::splat(own.lift), V::splat(own.floor));
        let mut masks = [0u32; N];
        let mut any = 0;
        for n in 0..N {
            let at = c + n * V::LANES;
            let s = reach.mul_add(V::load(&self.held.columns.reach[at..]), t[n]);
            masks[n] = s.add(V::load(&self.held.columns.lift[at..])).at_least(floor);
            if self.held.columns.both {
                masks[n] |= s.add(lift).at_least(V::load(&self.held.columns.floor[at..]));
            }
            any |= masks[n];
        }
        if any != 0 {
            self.pick::<V, N>(r, c, t, masks);
        }
    }

    #[cold]
    #[inline(never)]
    fn pick<V: Vector, const N: usize>(&mut self, r: usize, c: usize, t: [V; N], masks: [u32; N]) {
        let mut lanes = [0.0f32; 16];
        let i = self.held.tile.rows.start + r;
        for n in 0..N {
            let mut mask = masks[n];
            if mask != 0 {
                t[n].store(&mut lanes);
            }
            while mask != 0 {
                let lane = mask.trailing_zeros() as usize;
                mask &= mask - 1;
                let j = self.held.tile.cols.start + c + n * V::LANES + lane;
                // On the diagonal of a collection with itself, only partners behind the row.
                if !self.held.tile.upper || j > i {
                    // Blocks hold fewer than 2³² rows: the plan sees to it.
                    self.picked.push(Picked { row: i as u32, col: j as u32, t: lanes[lane] });
                }
            }
        }
    }
}

/// Multiplies a tile and appends the pairs that pass. The vector before them: room for sums.
pub type Pick = fn(Held<'_>, &mut Vec<f32>, &mut Vec<Picked>);

/// The same for bytes.
pub type PickBytes = fn(Held<'_>, &mut Vec<i32>, &mut Vec<Picked>);

/// Walks a tile's micro-tiles of `R` rows. `R` divides [`GROUP`].
#[inline(always)]
fn pick<const R: usize>(
    held: Held<'_>,
    partial: &mut Vec<f32>,
    picked: &mut Vec<Picked>,
    strip: impl Fn(&mut Strip<'_, '_>, &Place<'_>) -> usize,
) {
    let Held { a, b, tile, .. } = held;
    let stride = tile.cols.len().div_ceil(GROUP) * GROUP;
    if a.stride > CHUNK {
        partial.resize(tile.rows.len().div_ceil(GROUP) * GROUP * stride, 0.0);
    }
    let mut test = Test { held, picked };
    walk::<R>(a, tile.rows.clone(), b, tile.cols.clone(), |at| strip(&mut Strip { test: &mut test, partial, stride }, at));
}

/// What a micro-tile's sums become: part of the tile, or tested.
struct Strip<'a, 'b> {
    test: &'a mut Test<'b>,
    partial: &'a mut Vec<f32>,
    stride: usize,
}

impl Strip<'_, '_> {
    #[inline(always)]
    fn take<V: Vector, const R: usize, const N: usize>(&mut self, at: &Place<'_>, b: [&[f32]; N]) {
        let start = at.row * self.stride + at.col;
        if !at.last {
            let to = &mut self.partial[start..];
            micro::<V, Multiply, R, N>(at.a, at.half, b, at.features, to, self.stride, at.first, 0.0);
            return;
        }
        let mut sums = sums::<V, Multiply, R, N>(at.a, at.half, b, at.features, 0.0);
        for (r, sums) in sums.iter_mut().enumerate() {
            if !at.first {
                for (n, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(&self.partial[start + r * self.stride + n * V::LANES..]).add(*sum);
                }
            }
            let own = self.test.own(at.row + r);
            self.test.sums(at.row + r, own, at.col, *sums);
        }
    }
}

#[inline(always)]
fn eights<V: Vector>(held: Held<'_>, partial: &mut Vec<f32>, picked: &mut Vec<Picked>) {
    pick::<4>(held, partial, picked, |strip, at| {
        strip.take::<V, 4, 2>(at, [at.b, &at.b[8..]]);
        1
    });
}

/// Any processor.
pub fn portable(held: Held<'_>, partial: &mut Vec<f32>, picked: &mut Vec<Picked>) {
    eights::<super::simd::Plain>(held, partial, picked);
}

/// All t of a tile of bytes.
pub fn all_bytes(a: &Operand, b: &Operand, tile: &Tile, sums: &mut Vec<i32>, t: &mut Vec<f32>, multiply: Multiplier) -> usize {
    let (Some(x), Some(y)) = (&a.bytes, &b.bytes) else { return 0 };
    let stride = tile.cols.len().div_ceil(GROUP) * GROUP;
    multiply(x, y, a.stride, tile, sums);
    t.clear();
    for (r, i) in tile.rows.clone().enumerate() {
        let sums = &sums[r * stride..][..stride];
        t.extend(sums.iter().enumerate().map(|(c, &sum)| {
            let step = y.step.get(tile.cols.start + c).map_or(0.0, |step| x.step[i] * step);
            sum as f32 * step
        }));
    }
    stride
}

/// Exact sums of products of a tile of bytes: rows × columns, both padded to whole groups.
pub type Multiplier = fn(&Bytes, &Bytes, usize, &Tile, &mut Vec<i32>);

/// Any processor: one pair after the other.
pub fn multiply_portable(a: &Bytes, b: &Bytes, d: usize, tile: &Tile, sums: &mut Vec<i32>) {
    let (rows, cols) = (tile.rows.len().div_ceil(GROUP), tile.cols.len().div_ceil(GROUP));
    let stride = cols * GROUP;
    sums.clear();
    sums.resize(rows * GROUP * stride, 0);
    let group = d * GROUP;
    for (r, row) in sums.chunks_mut(stride).enumerate() {
        let x = &a.values[(tile.rows.start / GROUP + r / GROUP) * group..][..group];
        for (c, sum) in row.iter_mut().enumerate() {
            let y = &b.values[(tile.cols.start / GROUP + c / GROUP) * group..][..group];
            let four =
                |v: &[i8], k: usize, at: usize| -> [i32; 4] { std::array::from_fn(|l| i32::from(v[(k * GROUP + at) * 4 + l])) };
            *sum = (0..d / 4)
                .map(|k| {
                    let (x, y) = (four(x, k, r % GROUP), four(y, k, c % GROUP));
                    x.iter().zip(y).map(|(x, y)| x * y).sum::<i32>()
                })
                .sum();
        }
    }
}

/// Tests sums that were stored.
pub fn pick_bytes_portable(held: Held<'_>, sums: &mut Vec<i32>, picked: &mut Vec<Picked>) {
    let Held { a, b, tile, columns, .. } = held;
    let (Some(x), Some(y)) = (&a.bytes, &b.bytes) else { return };
    multiply_portable(x, y, a.stride, tile, sums);
    let stride = tile.cols.len().div_ceil(GROUP) * GROUP;
    let mut test = Test { held, picked };
    for r in 0..tile.rows.len() {
        let own = test.own(r);
        for c in (0..stride).step_by(8) {
            let t: [f32; 8] = std::array::from_fn(|l| sums[r * stride + c + l] as f32 * (own.step * columns.step[c + l]));
            test.sums(r, own, c, [super::simd::Plain::load(&t)]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub use x86::{avx2, avx512, multiply_vnni, pick_bytes_vnni};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::simd::{Wide, Wider};
    use super::{Bytes, GROUP, Held, Picked, Test, Tile, eights, pick};
    #[allow(clippy::wildcard_imports, reason = "many intrinsics whose names say where they are from")]
    use std::arch::x86_64::*;

    /// Called only where [`super::super::Isa::detect`] found AVX2 and FMA.
    pub fn avx2(held: Held<'_>, partial: &mut Vec<f32>, picked: &mut Vec<Picked>) {
        #[target_feature(enable = "avx2,fma")]
        fn inner(held: Held<'_>, partial: &mut Vec<f32>, picked: &mut Vec<Picked>) {
            eights::<Wide>(held, partial, picked);
        }
        // SAFETY: `Cpu::with` takes this kernel only where the processor has both.
        unsafe { inner(held, partial, picked) }
    }

    /// Called only where [`super::super::Isa::detect`] found AVX-512: eight rows × three groups, 24 sums of 32 registers.
    pub fn avx512(held: Held<'_>, partial: &mut Vec<f32>, picked: &mut Vec<Picked>) {
        #[target_feature(enable = "avx512f,avx512vl")]
        fn inner(held: Held<'_>, partial: &mut Vec<f32>, picked: &mut Vec<Picked>) {
            pick::<8>(held, partial, picked, |strip, at| {
                let (b, group) = (at.b, at.group);
                match at.left {
                    1 => {
                        strip.take::<Wider, 8, 1>(at, [b]);
                        1
                    }
                    2 => {
                        strip.take::<Wider, 8, 2>(at, [b, &b[group..]]);
                        2
                    }
                    _ => {
                        strip.take::<Wider, 8, 3>(at, [b, &b[group..], &b[2 * group..]]);
                        3
                    }
                }
            });
        }
        // SAFETY: `Cpu::with` takes this kernel only where the processor has it.
        unsafe { inner(held, partial, picked) }
    }

    /// Numbers of a row that are multiplied before the next rows are: three groups of them are 24 KiB.
    const CHUNK: usize = 512;

    /// Sums of `N` groups of columns with eight rows of a group, over `quads` times four numbers.
    #[inline(always)]
    fn micro<const N: usize>(a: &[i8], half: usize, b: [&[i8]; N], quads: usize, from: [[__m512i; N]; 8]) -> [[__m512i; N]; 8] {
        let mut sums = from;
        let a = &a[..quads * 4 * GROUP];
        let b = b.map(|b| &b[..quads * 4 * GROUP]);
        // SAFETY: called only where AVX-512 VNNI was found. k < quads and half + r < GROUP, so that every pointer stays in its
        // slice, which was just cut to quads·64 bytes.
        unsafe {
            // Loops and not closures: an instruction in a closure is called and not put in place.
            let turn = _mm512_set1_epi8(-128);
            for k in 0..quads {
                let mut cols = [turn; N];
                for n in 0..N {
                    cols[n] = _mm512_xor_si512(_mm512_loadu_si512(b[n].as_ptr().add(k * 64).cast()), turn);
                }
                let rows = a.as_ptr().add(k * 64 + half * 4);
                for (r, sums) in sums.iter_mut().enumerate() {
                    let row = _mm512_set1_epi32(i32::from_le_bytes(rows.add(r * 4).cast::<[u8; 4]>().read()));
                    for n in 0..N {
                        sums[n] = _mm512_dpbusd_epi32(sums[n], cols[n], row);
                    }
                }
            }
        }
        sums
    }

    /// Walks a tile of bytes; `done` gets the sums of a micro-tile: its first row, its first column.
    #[inline(always)]
    fn walk(
        a: &Bytes,
        b: &Bytes,
        d: usize,
        tile: &Tile,
        sums: &mut Vec<i32>,
        mut done: impl FnMut(usize, usize, &[[__m512i; 3]; 8], usize, &mut [i32]),
    ) {
        let (row_groups, col_groups) = (tile.rows.len().div_ceil(GROUP), tile.cols.len().div_ceil(GROUP));
        let (stride, group) = (col_groups * GROUP, d * GROUP);
        sums.resize(row_groups * GROUP * stride, 0);
        let rows = &a.values[tile.rows.start * d..][..row_groups * group];
        let cols = &b.values[tile.cols.start * d..][..col_groups * group];
        for k in (0..d).step_by(CHUNK) {
            let features = CHUNK.min(d - k);
            let mut col = 0;
            while col < col_groups {
                let taken = (col_groups - col).min(3);
                for row in 0..row_groups {
                    for half in [0, 8] {
                        let at = (row * GROUP + half) * stride + col * GROUP;
                        let x = &rows[row * group + k * GROUP..][..features * GROUP];
                        let y = &cols[col * group + k * GROUP..];
                        let i = tile.rows.start + row * GROUP + half;
                        let own = |r: usize| a.sum.get(i + r).copied().unwrap_or(0);
                        let found = match taken {
                            1 => strip::<1>(x, half, y, group, features, k == 0, own, &sums[at..], stride),
                            2 => strip::<2>(x, half, y, group, features, k == 0, own, &sums[at..], stride),
                            _ => strip::<3>(x, half, y, group, features, k == 0, own, &sums[at..], stride),
                        };
                        if k + features == d {
                            done(row * GROUP + half, col * GROUP, &found, taken, &mut sums[at..]);
                        } else {
                            store(&found, taken, &mut sums[at..], stride);
                        }
                    }
                }
                col += taken;
            }
        }
    }

    /// A micro-tile of `N` groups of columns, from what was there unless it is the `first`; the other registers are zero.
    #[inline(always)]
    #[allow(clippy::too_many_arguments, reason = "inlined into every kernel; a struct would only rename them")]
    fn strip<const N: usize>(
        a: &[i8],
        half: usize,
        b: &[i8],
        group: usize,
        features: usize,
        first: bool,
        own: impl Fn(usize) -> i32,
        sums: &[i32],
        stride: usize,
    ) -> [[__m512i; 3]; 8] {
        // SAFETY: called only where AVX-512 was found; loads are of sixteen numbers of a slice.
        unsafe {
            let zero = _mm512_setzero_si512();
            let mut from = [[zero; N]; 8];
            let mut cols = [b; N];
            for n in 0..N {
                cols[n] = &b[n * group..][..features * GROUP];
            }
            for r in 0..8 {
                let start = _mm512_set1_epi32(-128 * own(r));
                for n in 0..N {
                    from[r][n] =
                        if first { start } else { _mm512_loadu_si512(sums[r * stride + n * 16..][..16].as_ptr().cast()) };
                }
            }
            let found = micro::<N>(a, half, cols, features / 4, from);
            let mut all = [[zero; 3]; 8];
            for r in 0..8 {
                all[r][..N].copy_from_slice(&found[r]);
            }
            all
        }
    }

    #[inline(always)]
    fn store(found: &[[__m512i; 3]; 8], taken: usize, to: &mut [i32], stride: usize) {
        for (r, row) in found.iter().enumerate() {
            for (n, sum) in row.iter().enumerate().take(taken) {
                let to = &mut to[r * stride + n * 16..][..16];
                // SAFETY: called only where AVX-512 was found; the slice has sixteen numbers.
                unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), *sum) }
            }
        }
    }

    /// Called only where AVX-512 VNNI was found.
    pub fn multiply_vnni(a: &Bytes, b: &Bytes, d: usize, tile: &Tile, sums: &mut Vec<i32>) {
        #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512vnni")]
        fn inner(a: &Bytes, b: &Bytes, d: usize, tile: &Tile, sums: &mut Vec<i32>) {
            let stride = tile.cols.len().div_ceil(GROUP) * GROUP;
            walk(a, b, d, tile, sums, |_, _, found, taken, to| store(found, taken, to, stride));
        }
        // SAFETY: `Cpu::with` takes this kernel only where the processor has it.
        unsafe { inner(a, b, d, tile, sums) }
    }

    /// Called only where AVX-512 VNNI was found.
    pub fn pick_bytes_vnni(held: Held<'_>, sums: &mut Vec<i32>, picked: &mut Vec<Picked>) {
        #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512vnni")]
        fn inner(held: Held<'_>, sums: &mut Vec<i32>, picked: &mut Vec<Picked>) {
            let Held { a, b, tile, columns, .. } = held;
            let (Some(x), Some(y)) = (&a.bytes, &b.bytes) else { return };
            let mut test = Test { held, picked };
            walk(x, y, a.stride, tile, sums, |row, col, found, taken, _| {
                let mut steps = [_mm512_setzero_ps(); 3];
                for (n, steps) in steps.iter_mut().enumerate().take(taken) {
                    let from = &columns.step[col + n * 16..][..16];
                    // SAFETY: called only where AVX-512 was found; the slice has sixteen numbers.
                    *steps = unsafe { _mm512_loadu_ps(from.as_ptr()) };
                }
                for (r, sums) in found.iter().enumerate() {
                    let own = test.own(row + r);
                    let mut t = [Wider::from_register(_mm512_setzero_ps()); 3];
                    for n in 0..taken {
                        let step = _mm512_mul_ps(_mm512_set1_ps(own.step), steps[n]);
                        t[n] = Wider::from_register(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[n]), step));
                    }
                    match taken {
                        1 => test.sums(row + r, own, col, [t[0]]),
                        2 => test.sums(row + r, own, col, [t[0], t[1]]),
                        _ => test.sums(row + r, own, col, t),
                    }
                }
            });
        }
        // SAFETY: `Cpu::with` takes this kernel only where the processor has it.
        unsafe { inner(held, sums, picked) }
    }
}
