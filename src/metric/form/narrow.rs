//! What a backend multiplies: all numbers of a row or its coordinates along axes, in f32, f16 or bytes; and the rounding to it.

use super::{Bounds, EPSILON, Frame, LANES, Placed, UP, above, in_lanes, screen, total};
use crate::matrix::Row;
use crate::metric::sum::{Wide, on_widest};
use crate::metric::{FoldRow, Geometry, Measure};
use half::f16;
use half::slice::HalfFloatSliceExt as _;

/// 1.5·2⁵²
const ROUND: f64 = 6_755_399_441_055_744.0;
/// κ of halves.
const HALVES: f64 = std::f64::consts::FRAC_1_SQRT_2 / 4096.0;
/// The least step of a row of halves.
const LEAST_STEP: i32 = -50;

/// What numbers a backend multiplies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Numbers {
    /// f32
    #[default]
    Singles,
    /// f16: see *Halves* in the [module](super).
    Halves,
    /// See *Bytes* in the [module](super); κ.
    Bytes { kappa: f64 },
}

/// What a backend multiplies, where that is not x̂ itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Narrow {
    /// h: coordinates along axes. 0: the row's own numbers.
    pub head: usize,
    /// See *Heads* in the [module](super).
    pub lost: f64,
    pub numbers: Numbers,
}

/// Longest row whose product in bytes fits 32 bits with room for the kernel's offset of 128.
pub const BYTES_WIDEST: usize = 1 << 16;

/// Numbers that are turned into halves at a time.
const PIECE: usize = 256;
/// The least number that f16 holds with all its bits.
const LEAST_HALF: f32 = 1.0 / 16384.0;

/// max |z|
struct Largest<'a>(&'a [f64]);
impl Wide for Largest<'_> {
    type Answer = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let mut most = [0.0f64; LANES];
        let (head, tail) = self.0.as_chunks::<LANES>();
        for z in head {
            for l in 0..LANES {
                most[l] = most[l].max(z[l].abs());
            }
        }
        tail.iter().chain(&most).fold(0.0f64, |most, x| most.max(x.abs()))
    }
}

impl Frame {
    /// The same for a backend that multiplies something narrower, with its depth for that. For products and distances.
    #[must_use]
    pub fn narrowed(&self, narrow: Narrow, depth: usize) -> Self {
        let depth = if let Numbers::Bytes { .. } = narrow.numbers { 3 } else { depth };
        Self { narrow, screen: screen(depth), ..self.clone() }
    }

    #[must_use]
    pub const fn narrow(&self) -> &Narrow {
        &self.narrow
    }

    /// Numbers that a backend multiplies.
    #[must_use]
    pub fn screened_width(&self) -> usize {
        if self.narrow.head > 0 { self.narrow.head } else { self.width() }
    }

    /// Writes x̂ into `out` and answers its bounds. `work` is scratch of the row's length. For frames without a head.
    pub fn row(&self, x: Row<'_>, m: Measure, work: &mut [f64], out: &mut [f32]) -> Bounds {
        let placed = self.place(x, m, work);
        self.round(x, m, &placed, work, out)
    }

    /// The reach of a row's head z for a backend, where u itself is no product.
    #[must_use]
    pub fn head_reach(&self, placed: &Placed, z: &[f64]) -> f32 {
        let kept: f64 = z.iter().map(|z| z * z).sum();
        let square = placed.square;
        let lost = self.narrow.lost * square;
        // ẑ may be larger than z by a rounding, which the 1.001 of the screen's factor covers.
        let reach = self.screen * kept + (square - kept).max(0.0) + 2.0 * lost;
        above(reach.sqrt() * UP)
    }

    /// Rounds z (x′ itself, or its coordinates along the axes of a head) to f32 and answers the row's bounds.
    pub fn round(&self, x: Row<'_>, m: Measure, placed: &Placed, z: &[f64], out: &mut [f32]) -> Bounds {
        struct Round<'a>(&'a [f64], &'a mut [f32]);
        impl Wide for Round<'_> {
            type Answer = (f64, f64, f64);
            #[inline(always)]
            fn run(self) -> (f64, f64, f64) {
                let (mut kept, mut rounded, mut residual) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
                in_lanes(self.0, self.1, |l, &x, o| {
                    *o = x as f32;
                    let r = f64::from(*o);
                    kept[l] += x * x;
                    rounded[l] += r * r;
                    residual[l] += (x - r).abs();
                });
                (total(kept), total(rounded), total(residual))
            }
        }
        let (kept, rounded, residual) = on_widest(Round(z, out));
        if self.fold.is_some() {
            let row = FoldRow { x: z, rounded: out, size: placed.size, residual, screen: self.screen };
            let found = self.metric.fold_row(row);
            let unmoved = placed.unmoved * self.scale;
            let slack = found.slack + libm::exp2(-50.0) * (placed.size + unmoved + found.offset.abs());
            return Bounds { slack: slack * UP + self.flush, ..found };
        }
        self.close(x, m, placed, kept, kept.max(rounded), 0.0)
    }

    /// Rounds z to bytes: ẑ = step·q. Answers the row's bounds and the step.
    pub fn round_bytes(&self, x: Row<'_>, m: Measure, placed: &Placed, z: &[f64], out: &mut [i8]) -> (Bounds, f32) {
        struct Round<'a>(&'a [f64], f64, f64, &'a mut [i8]);
        impl Wide for Round<'_> {
            type Answer = (f64, f64, f64);
            #[inline(always)]
            fn run(self) -> (f64, f64, f64) {
                let Self(z, step, inverse, out) = self;
                let (mut kept, mut rounded, mut residual) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
                in_lanes(z, out, |l, &x, o| {
                    // Adding and taking away 1.5·2⁵² rounds to whole numbers, in two instructions.
                    let q = ((x * inverse + ROUND) - ROUND).clamp(-127.0, 127.0);
                    let r = x - q * step;
                    kept[l] += x * x;
                    residual[l] += r * r;
                    rounded[l] += q * q;
                    *o = q as i8;
                });
                (total(kept), total(rounded), total(residual))
            }
        }
        let largest = on_widest(Largest(z));
        let step = if largest > 0.0 { above(largest / 127.0) } else { 0.0 };
        let wide = f64::from(step);
        let inverse = if step > 0.0 { 1.0 / wide } else { 0.0 };
        let (kept, squares, residual) = on_widest(Round(z, wide, inverse, out));
        let rounded = squares * wide * wide;
        let most = kept.max(rounded);
        let kappa = if let Numbers::Bytes { kappa } = self.narrow.numbers { kappa } else { 0.01 };
        (self.close(x, m, placed, kept, most, residual / kappa + kappa * most), step)
    }

    /// Rounds z to halves: ẑ = step·h. Answers the row's bounds and the step.
    pub fn round_halves(&self, x: Row<'_>, m: Measure, placed: &Placed, z: &[f64], out: &mut [f16]) -> (Bounds, f32) {
        struct Residual<'a>(&'a [f64], f64, &'a mut [f32]);
        impl Wide for Residual<'_> {
            type Answer = (f64, f64, f64);
            #[inline(always)]
            fn run(self) -> (f64, f64, f64) {
                let Self(z, step, rounded) = self;
                let (mut kept, mut squares, mut residual) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
                in_lanes(z, rounded, |l, &x, h| {
                    let h = f64::from(*h);
                    let r = x - h * step;
                    kept[l] += x * x;
                    squares[l] += h * h;
                    residual[l] += r * r;
                });
                (total(kept), total(squares), total(residual))
            }
        }
        let largest = on_widest(Largest(z));
        // 2^e > largest, so that largest / step < 2^15.
        let exponent = if largest > 0.0 { (libm::log2(largest).floor() as i32 + 1 - 15).max(LEAST_STEP) } else { 0 };
        let step = libm::exp2(f64::from(exponent));
        let inverse = 1.0 / step;
        let mut singles = [0.0f32; PIECE];
        let (mut kept, mut squares, mut residual) = (0.0, 0.0, 0.0);
        for (z, out) in z.chunks(PIECE).zip(out.chunks_mut(PIECE)) {
            let singles = &mut singles[..z.len()];
            for (single, z) in singles.iter_mut().zip(z) {
                let x = (z * inverse) as f32;
                // What f16 cannot hold with all its bits.
                *single = if x.abs() < LEAST_HALF { 0.0 } else { x };
            }
            out.convert_from_f32_slice(singles);
            out.convert_to_f32_slice(singles);
            let sums = on_widest(Residual(z, step, singles));
            (kept, squares, residual) = (kept + sums.0, squares + sums.1, residual + sums.2);
        }
        let most = kept.max(squares * step * step);
        (self.close(x, m, placed, kept, most, residual / HALVES + HALVES * most), step as f32)
    }

    /// The bounds of a row of a product or distance. `kept`: ‖z‖²; `most`: that or ‖ẑ‖², the greater; `more`: added to reach².
    fn close(&self, x: Row<'_>, m: Measure, placed: &Placed, kept: f64, most: f64, more: f64) -> Bounds {
        let square = placed.square;
        let mut reach = self.screen * most + more;
        if self.narrow.head > 0 {
            let lost = self.narrow.lost * square;
            reach += (square - kept).max(0.0) + 2.0 * lost;
        }
        if self.metric.geometry() == Geometry::Product {
            let whole = self.metric.embedded_size(x, m) * self.scale;
            let shift = self.shift_norm * self.scale;
            return Bounds {
                offset: (placed.along - 0.5 * self.shift_norm * self.shift_norm) * self.unit,
                reach: (reach + self.exact * whole * whole).sqrt() * UP,
                slack: self.exact * (whole * shift + shift * shift) * UP + self.flush,
            };
        }
        let largest = square.max(most);
        let embedding = self.metric.embed_error();
        let eta = if embedding > 0.0 { 2.0 * embedding * self.metric.embedded_size(x, m) * self.scale } else { 0.0 };
        let moved = eta * (square.sqrt() + self.radius) + 2.0 * eta * eta;
        Bounds {
            offset: -0.5 * square,
            reach: reach.sqrt() * UP,
            slack: (self.exact * largest + 2.0 * EPSILON * EPSILON * largest + moved) * UP + self.flush,
        }
    }
}
