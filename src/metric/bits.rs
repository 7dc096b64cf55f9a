//! Distances of packed bits: eight in a byte, as NumPy's `packbits` makes them.
//!
//! With x the bits in which two rows differ, s those that both have and e = s + x those in either:
//!
//! | name | formula | range | source |
//! |---|---|---|---|
//! | `hamming` | x / (8·d) | 0 … 1 | SciPy `spatial.distance.hamming` of the unpacked bits |
//! | `jaccard` | x / e; two rows without bits: 0 | 0 … 1 | SciPy `spatial.distance.jaccard` |
//! | `tanimoto-bits` | s / e; two rows without bits: 1 | 0 … 1, larger is closer | D. J. Rogers, T. T. Tanimoto, doi:10.1126/science.132.3434.1115 |
//!
//! Domain: whole numbers from 0 to 255, of any stored type. All counts are exact.
//!
//! Form: a fold. 23 bits go into the fraction of an f32 between 1 and 2, so that every device keeps them as they are; t is the number of
//! differing bits of such numbers, exact below 2²⁴. The last number of a row holds its d and is the same in all. F = t/(w_x + w_y) with w = 4·d for `hamming`;
//! (w_x + w_y − t + δ)/(w_x + w_y + t + δ) with w the row's bits, δ = 2⁻²⁰, for the others. Slack 2⁻¹⁹: division and δ.

use super::vector::{Step, Vector};
use super::{Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined};
use crate::matrix::Row;

/// Bits of an f32's fraction.
const BITS: usize = 23;
const ONE: u32 = 0x3f80_0000;
const DELTA: f64 = 1.0 / 1_048_576.0;

/// t ← t + bits that differ, then t / (w_x + w_y)
pub struct Differing;

impl Step for Differing {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        sum.add(x.differing_bits(y))
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
        gain * t / (x + y)
    }
}

/// t ← t + bits that differ, then the share of bits in either row that are in both
pub struct Shared;

impl Step for Shared {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        sum.add(x.differing_bits(y))
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
        gain * (x + y - t + DELTA as f32) / (x + y + t + DELTA as f32)
    }
}

fn byte(x: f64) -> u8 {
    x as u8
}

fn bytes(x: Row<'_>, metric: &'static str) -> Result<Measure, Undefined> {
    super::finite(x)?;
    let bad = |v: f64| !(0.0..=255.0).contains(&v) || v != libm::floor(v);
    match (0..x.len()).map(|i| (i, x.at(i))).find(|(_, v)| bad(*v)) {
        Some((feature, value)) => Err(Undefined::NotByte { feature, value, metric }),
        None => Ok(Measure::default()),
    }
}

/// Bits of two rows.
#[derive(Clone, Copy)]
struct Counts {
    all: u64,
    either: u64,
    differing: u64,
}

fn count(d: usize, a: impl Fn(usize) -> u8, b: impl Fn(usize) -> u8) -> Counts {
    let (mut either, mut differing) = (0, 0);
    for i in 0..d {
        either += u64::from((a(i) | b(i)).count_ones());
        differing += u64::from((a(i) ^ b(i)).count_ones());
    }
    Counts { all: 8 * d as u64, either, differing }
}

fn hamming(bits: Counts) -> f64 {
    bits.differing as f64 / bits.all as f64
}

fn jaccard(bits: Counts) -> f64 {
    if bits.either == 0 { 0.0 } else { bits.differing as f64 / bits.either as f64 }
}

fn tanimoto(bits: Counts) -> f64 {
    if bits.either == 0 { 1.0 } else { (bits.either - bits.differing) as f64 / bits.either as f64 }
}

fn pack(x: Row<'_>, out: &mut [f64]) {
    let number = |fraction: u32| f64::from(f32::from_bits(ONE | fraction));
    let last = out.len() - 1;
    for (n, out) in out[..last].iter_mut().enumerate() {
        let bit = |k: usize| {
            let at = n * BITS + k;
            if at < 8 * x.len() { u32::from(byte(x.at(at / 8)) >> (at % 8) & 1) << k } else { 0 }
        };
        *out = number((0..BITS).map(bit).sum());
    }
    // Files with more than 2²³ bytes a row are not supported by anything that writes descriptors.
    out[last] = number(x.len().min((1 << BITS) - 1) as u32);
}

fn fraction(x: f32) -> u32 {
    x.to_bits() & ((1 << BITS) - 1)
}

/// The bits of a packed row.
fn weight(rounded: &[f32]) -> f64 {
    rounded[..rounded.len() - 1].iter().map(|&x| f64::from(fraction(x).count_ones())).sum()
}

pub struct Hamming;

impl Hamming {
    pub const USUAL: Self = Self;
}

impl Stepped for Hamming {
    type Step = Differing;
}

impl Metric for Hamming {
    fn info(&self) -> &'static Info {
        &Info {
            name: "hamming",
            formula: "differing bits / all bits",
            closer: Closer::Smaller,
            range: (0.0, 1.0),
            domain: "bytes of packed bits (whole numbers from 0 to 255)",
            numbers: Numbers::Bytes,
            source: "SciPy spatial.distance.hamming",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "hamming", source: include_str!("../../shaders/metric/hamming.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        bytes(x, "hamming")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        hamming(count(a.len(), |i| byte(a[i]), |i| byte(b[i])))
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        hamming(count(a.len(), |i| byte(a.at(i)), |i| byte(b.at(i))))
    }

    fn embedded_width(&self, d: usize) -> usize {
        (8 * d).div_ceil(BITS) + 1
    }

    fn embed(&self, x: Row<'_>, _: Measure, out: &mut [f64]) {
        pack(x, out);
    }

    fn embedded_size(&self, _: Row<'_>, _: Measure) -> f64 {
        1.0
    }

    fn u_of(&self, score: f64) -> f64 {
        -score
    }

    fn score_of(&self, u: f64) -> f64 {
        (-u).clamp(0.0, 1.0)
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { sign: -1.0, degree: 0.0, shift: false, scale: Some(1.0), relative: None }
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: 4.0 * f64::from(fraction(row.rounded[row.rounded.len() - 1])), slack: libm::exp2(-19.0) }
    }

    fn finish(&self, t: f64, x: f64, y: f64) -> f64 {
        t / (x + y)
    }
}

pub struct Jaccard;

impl Jaccard {
    pub const USUAL: Self = Self;
}

impl Stepped for Jaccard {
    type Step = Shared;
}

impl Metric for Jaccard {
    fn info(&self) -> &'static Info {
        &Info {
            name: "jaccard",
            formula: "differing bits / bits in either",
            closer: Closer::Smaller,
            range: (0.0, 1.0),
            domain: "bytes of packed bits (whole numbers from 0 to 255)",
            numbers: Numbers::Bytes,
            source: "SciPy spatial.distance.jaccard",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "jaccard", source: include_str!("../../shaders/metric/jaccard.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        bytes(x, "jaccard")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        jaccard(count(a.len(), |i| byte(a[i]), |i| byte(b[i])))
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        jaccard(count(a.len(), |i| byte(a.at(i)), |i| byte(b.at(i))))
    }

    fn embedded_width(&self, d: usize) -> usize {
        (8 * d).div_ceil(BITS) + 1
    }

    fn embed(&self, x: Row<'_>, _: Measure, out: &mut [f64]) {
        pack(x, out);
    }

    fn embedded_size(&self, _: Row<'_>, _: Measure) -> f64 {
        1.0
    }

    fn u_of(&self, score: f64) -> f64 {
        1.0 - score
    }

    fn u_error(&self) -> f64 {
        libm::exp2(-50.0)
    }

    fn score_of(&self, u: f64) -> f64 {
        (1.0 - u).clamp(0.0, 1.0)
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { sign: 1.0, degree: 0.0, shift: false, scale: Some(1.0), relative: None }
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: weight(row.rounded), slack: libm::exp2(-19.0) }
    }

    fn finish(&self, t: f64, x: f64, y: f64) -> f64 {
        (x + y - t + DELTA) / (x + y + t + DELTA)
    }
}

pub struct TanimotoBits;

impl TanimotoBits {
    pub const USUAL: Self = Self;
}

impl Stepped for TanimotoBits {
    type Step = Shared;
}

impl Metric for TanimotoBits {
    fn info(&self) -> &'static Info {
        &Info {
            name: "tanimoto-bits",
            formula: "bits in both / bits in either",
            closer: Closer::Larger,
            range: (0.0, 1.0),
            domain: "bytes of packed bits (whole numbers from 0 to 255)",
            numbers: Numbers::Bytes,
            source: "doi:10.1126/science.132.3434.1115",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "jaccard", source: include_str!("../../shaders/metric/jaccard.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        bytes(x, "tanimoto-bits")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        tanimoto(count(a.len(), |i| byte(a[i]), |i| byte(b[i])))
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        tanimoto(count(a.len(), |i| byte(a.at(i)), |i| byte(b.at(i))))
    }

    fn embedded_width(&self, d: usize) -> usize {
        (8 * d).div_ceil(BITS) + 1
    }

    fn embed(&self, x: Row<'_>, _: Measure, out: &mut [f64]) {
        pack(x, out);
    }

    fn embedded_size(&self, _: Row<'_>, _: Measure) -> f64 {
        1.0
    }

    fn u_of(&self, score: f64) -> f64 {
        score
    }

    fn score_of(&self, u: f64) -> f64 {
        u.clamp(0.0, 1.0)
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { sign: 1.0, degree: 0.0, shift: false, scale: Some(1.0), relative: None }
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: weight(row.rounded), slack: libm::exp2(-19.0) }
    }

    fn finish(&self, t: f64, x: f64, y: f64) -> f64 {
        (x + y - t + DELTA) / (x + y + t + DELTA)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // SciPy 1.17 on np.unpackbits of [255, 1] and [15, 3]: hamming 5/16, jaccard 5/10
        let (a, b) = ([255.0, 1.0], [15.0, 3.0]);
        assert_eq!(Hamming.define(&a, &b), 5.0 / 16.0);
        assert_eq!(Jaccard.define(&a, &b), 0.5);
        assert_eq!(TanimotoBits.define(&a, &b), 0.5);
        assert_eq!((Jaccard.define(&[0.0], &[0.0]), TanimotoBits.define(&[0.0], &[0.0])), (0.0, 1.0));
        assert!(matches!(Hamming.measure(Row::F64(&[1.0, 1.5])), Err(Undefined::NotByte { feature: 1, .. })));
    }
}
