//! Where tiles of scores are screened: the CPU, or a GPU through wgpu.
//!
//! A backend never decides anything that reaches a result. It computes, for every pair of a tile, one f32 number `t`
//! whose error against the real number is bounded (see [`crate::metric::form`]), and hands over each pair that *could*
//! matter. Exact f64 scores come later and elsewhere, which is why all backends lead to the same bytes.
//!
//! What `t` is depends on the metric’s [`Step`](crate::metric::Step): Σ a·b for the inner products, Σ|a−b| for Manhattan.
//!
//! # The test that a backend applies
//! With the job's constant `gain` and the per-row numbers of [`Operand`], the pair (i, j) is handed over when
//! ```text
//! bound(gain, t, reach_i, reach_j) + lift_j ≥ floor_i      or      bound(gain, t, reach_i, reach_j) + lift_i ≥ floor_j
//! ```
//! where `bound` is the step's: gain·t + reach_i·reach_j for inner products, gain·F(t) for folds, whose rows keep their weight in
//! the place of the reach. It is evaluated in f32 in any order, fused or not: the numbers are rounded so that no pair is lost to that arithmetic. The
//! second half applies only when [`Sink::both_sides`]. A floor of −∞ lets every pair pass, +∞ none.

pub mod cpu;
pub mod gpu;

use crate::matrix::zeros;
use crate::metric::{Frame, Shader, inner_product};
use half::f16;
use rayon::prelude::*;
use std::ops::Range;

/// Rows of a group: all rows' first numbers stand together, then all their second ones, which is what a register or a thread loads. The last
/// group is filled up with rows of zeros.
pub const GROUP: usize = 16;

/// What a backend screens: a block of rows in screening form, with what bounds their error.
///
/// Rows are padded with zeros to `stride` numbers each, a multiple of [`Operand::PAD`] ([`Halves::PAD`] of halves). Zeros add nothing to `t`
/// for any fold. Number k of row i stands at `(i/16 · stride + k) · 16 + i%16`, in groups of [`GROUP`] rows.
#[derive(Debug)]
pub struct Operand {
    /// Tells blocks apart, so that a device keeps what it has: never reused within a run.
    pub key: u64,
    pub rows: usize,
    pub stride: usize,
    /// `⌈rows/16⌉·16 × stride` numbers. Empty where there are bytes or halves.
    pub values: Vec<f32>,
    /// Instead of `values`, for backends that multiply bytes ([`Backend::multiplies_bytes`]).
    pub bytes: Option<Bytes>,
    /// Instead of `values`, for backends that multiply halves ([`Backend::halves_depth`]).
    pub halves: Option<Halves>,
    /// Added to the bound for this row when it is the partner.
    pub lift: Vec<f32>,
    /// The row's factor in the error of a product.
    pub reach: Vec<f32>,
}

/// Rows as whole numbers of −127 … 127 and a step each: x̂ = step·q. Groups of [`GROUP`] rows; in a group, all rows' first four
/// numbers, then all their second four ones.
#[derive(Debug)]
pub struct Bytes {
    pub values: Vec<i8>,
    pub step: Vec<f32>,
    /// Σq of each row.
    pub sum: Vec<i32>,
}

/// Rows as f16 and a step each, a power of two: x̂ = step·h. They lie as `values` do.
#[derive(Debug)]
pub struct Halves {
    pub values: Vec<f16>,
    pub step: Vec<f32>,
}

impl Halves {
    /// Rows are padded to a multiple of this many numbers: what a matrix of a subgroup holds.
    pub const PAD: usize = 16;
}

impl Operand {
    /// Rows are padded to a multiple of this many numbers (16 bytes: a `vec4<f32>`).
    pub const PAD: usize = 4;

    /// Numbers that an operand of this shape holds.
    #[must_use]
    pub const fn size(rows: usize, stride: usize) -> usize {
        rows.div_ceil(GROUP) * GROUP * stride
    }

    /// The f32 numbers of row `i`, one after the other.
    pub fn row(&self, i: usize) -> impl Iterator<Item = f32> + '_ {
        let start = i / GROUP * GROUP * self.stride + i % GROUP;
        self.values[start..].iter().step_by(GROUP).take(self.stride).copied()
    }

    /// Turns halves into f32 numbers of the same value, for a backend that does not multiply halves. What bounds them stays true.
    pub fn widen(&mut self) {
        let Some(halves) = self.halves.take() else { return };
        self.values = zeros(halves.values.len());
        let group = GROUP * self.stride;
        let steps = halves.step.par_chunks(GROUP);
        self.values.par_chunks_mut(group).zip(halves.values.par_chunks(group)).zip(steps).for_each(|((out, halves), steps)| {
            for (out, halves) in out.chunks_mut(GROUP).zip(halves.chunks(GROUP)) {
                for ((out, half), step) in out.iter_mut().zip(halves).zip(steps) {
                    *out = half.to_f32() * step;
                }
            }
        });
    }
}

/// Part of a block pair: rows of the first operand × rows of the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    pub rows: Range<usize>,
    pub cols: Range<usize>,
    /// The sink has no floors for these rows yet: hand over all numbers ([`Sink::all`]), not a selection.
    pub seed: bool,
    /// On the diagonal of a collection with itself: of a selection, only pairs with row < column count.
    pub upper: bool,
}

impl Tile {
    #[must_use]
    pub fn pairs(&self) -> u64 {
        let (r, c) = (self.rows.len() as u64, self.cols.len() as u64);
        r * c
    }
}

/// A pair that passed the test: indices within the two operands, and its screening number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picked {
    pub row: u32,
    pub col: u32,
    pub t: f32,
}

/// Who receives what a backend finds. Called from many threads.
pub trait Sink: Sync {
    /// Current floors of these rows of the first operand. They only ever rise, so an old one is safe.
    fn row_floors(&self, rows: Range<usize>, into: &mut Vec<f32>);
    /// Current floors of these rows of the second operand; used when [`Sink::both_sides`].
    fn col_floors(&self, cols: Range<usize>, into: &mut Vec<f32>);
    /// Whether one score serves both the row's and the column's ranking.
    fn both_sides(&self) -> bool;
    /// All numbers of a tile, row-major, `stride` apart. Called once a tile, or once for each of some strips of its rows.
    fn all(&self, tile: &Tile, t: &[f32], stride: usize);
    /// The pairs of a tile that passed. Called once a tile, or once for each of some strips of its rows.
    fn picked(&self, tile: &Tile, pairs: &[Picked]);
    /// The run is to end: stop at the next tile.
    fn stopped(&self) -> bool {
        false
    }
}

/// What the job asks of every tile.
#[derive(Clone, Copy)]
pub struct Screen {
    /// Which fold computes `t`, and the metric's name: the name of its shader file.
    pub metric: &'static dyn crate::metric::Metric,
    /// The factor of `t` in the upper bound: near 1 for products, near −1 for distances.
    pub gain: f32,
    /// t is Σ x·y and a row's reach is its factor in the error; else what the metric's own step makes of it.
    pub product: bool,
}

impl Screen {
    /// What rows in this form are screened by.
    #[must_use]
    pub fn of(frame: &Frame) -> Self {
        Self { metric: frame.metric(), gain: frame.gain(), product: frame.multiplies() }
    }

    /// The shader that computes t.
    #[must_use]
    pub fn shader(&self) -> Shader {
        if self.product { inner_product::SHADER } else { self.metric.shader() }
    }
}

/// Where a comparison ran, for the record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Device {
    /// `cpu` or `gpu`.
    pub kind: String,
    /// Processor or adapter, as it names itself.
    pub name: String,
    /// Instruction set, or graphics API and driver.
    pub driver: String,
    /// How a GPU's workgroups share out a tile, and how that was found: see `striae devices --tune`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shapes: Option<String>,
    /// The work is done by a processor pretending to be a GPU.
    pub software: bool,
}

/// Why a backend gave up. What it had delivered by then is complete: `done` tiles, in the order given.
#[derive(Debug, thiserror::Error)]
#[error("{device} stopped: {why}")]
pub struct Stopped {
    pub device: String,
    pub done: usize,
    pub why: String,
}

/// Something that screens tiles.
pub trait Backend: Send {
    fn device(&self) -> Device;

    /// The side of a tile that suits this backend, in rows.
    fn tile(&self) -> TileShape;

    /// The same where all numbers are asked for.
    fn dense_tile(&self) -> TileShape {
        self.tile()
    }

    /// The same for products of `width` numbers, where `rows` stand near their neighbours and the best `k` of each are wanted.
    fn tile_for(&self, _width: usize, _rows: usize, _k: usize) -> TileShape {
        self.tile()
    }

    /// Side of the squares whose numbers are all handed over to set the floors of rankings of k, where that is less than a tile's.
    fn seed_side(&self, _k: usize) -> usize {
        usize::MAX
    }

    /// Additions on the longest path to one `t` of `d` terms, the products' rounding not counted. Any backend that sums
    /// chunks of `c` terms first and then the chunks' sums answers `min(c, d) + ⌈d/c⌉`.
    fn depth(&self, d: usize) -> usize;

    /// Takes smaller tiles where its own would take more than a part of so much host memory.
    fn fit(&mut self, _memory: u64) {}

    /// Bytes of host memory used beside the operands, for blocks of this width. What a driver takes for itself is not known
    /// and not counted.
    fn scratch_bytes(&self, d: usize) -> usize;

    /// Bytes of host memory that a row of a block takes beside its operand.
    fn row_bytes(&self, _d: usize) -> usize {
        0
    }

    /// Whether it multiplies rows of bytes, and faster than rows of f32.
    fn multiplies_bytes(&self) -> bool {
        false
    }

    /// The depth of its sums of products of halves; `None` where it does not multiply halves. Operands of halves are then to be
    /// [widened](Operand::widen).
    fn halves_depth(&self, _d: usize) -> Option<usize> {
        None
    }

    /// Rows whose pairs with as many others keep it busy: fewer say little of how fast it is.
    fn busy_rows(&self) -> usize {
        0
    }

    /// Screens `tiles` of `a` × `b`. Tells the sink of each tile exactly once, or of none of it.
    ///
    /// # Errors
    /// When the device fails; tiles before [`Stopped::done`] were delivered, those from there on were not.
    fn screen(&mut self, screen: Screen, a: &Operand, b: &Operand, tiles: &[Tile], sink: &dyn Sink) -> Result<(), Stopped>;
}

/// Rows × columns of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TileShape {
    pub rows: usize,
    pub cols: usize,
}
