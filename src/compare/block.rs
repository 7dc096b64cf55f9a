//! A block of rows in memory: as stored, for exact scores, and in screening form, for backends.
//!
//! In screening form rows may stand in another [order] than in the collection: [`Block::index`] leads back.

use super::axes::Axes;
use super::error::Error;
use super::observer::Observer;
use super::order;
use super::source::RowSource;
use crate::backend::{Bytes, GROUP, Halves, Operand};
use crate::matrix::{Element, Matrix, Row, Values, zeros};
use crate::metric::form::{Numbers, Placed};
use crate::metric::lagged::Prepared;
use crate::metric::{Bounds, Frame, Geometry, Measure, Metric};
use bytemuck::Zeroable;
use half::f16;
use rayon::prelude::*;
use std::ops::Range;
use std::time::Instant;

/// Bytes of rows in f64 that a thread projects on axes at a time, one row at least.
const PIECE: usize = 1 << 20;

/// Rows of that many bytes.
const fn piece(width: usize) -> usize {
    let rows = PIECE / (8 * width);
    if rows > 8 * GROUP {
        8 * GROUP
    } else if rows == 0 {
        1
    } else {
        rows
    }
}

/// How a run's rows are brought into screening form: the frame, and the axes of its head.
#[derive(Clone, Debug)]
pub struct Form {
    pub frame: Frame,
    pub axes: Option<Axes>,
    /// Where `frame` is narrowed: the one for all numbers, see [`Fine`].
    pub fine: Option<Frame>,
    /// Rows are prepared for the second stage of a metric that has one.
    pub second: bool,
}

/// All numbers of the rows, for pairs that a narrower form cannot rule out: one f32 product costs a fraction of a score, and
/// leaves as few pairs to score as if the backend had seen all numbers.
#[derive(Debug)]
pub struct Fine {
    stride: usize,
    values: Vec<f32>,
    pub bounds: Vec<Bounds>,
}

impl Fine {
    /// Row `i` of the screening form.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f32] {
        &self.values[i * self.stride..][..self.stride]
    }
}

/// Rows `first …` of a collection.
#[derive(Debug)]
pub struct Block {
    pub first: usize,
    /// In the collection's order.
    pub matrix: Matrix,
    /// Which row stands where in screening form; in the collection's order if there is none.
    pub order: Option<Vec<u32>>,
    /// In the order of screening, as everything below.
    pub bounds: Vec<Bounds>,
    pub operand: Operand,
    pub fine: Option<Fine>,
    /// Rows for the second stage of metrics that take the best of many alignments.
    pub lagged: Vec<Option<Prepared>>,
}

/// How rows of a block are to stand in screening form.
#[derive(Debug)]
pub enum Stand {
    /// As suits the form.
    Freely,
    /// As they stood in an earlier process: see [`Block::order`].
    Given(Option<Vec<u32>>),
}

/// What is known of the rows that are brought into form.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub measures: &'a [Measure],
    /// Rows that do not take part; empty when all do.
    pub out: &'a [bool],
}

impl Known<'_> {
    fn takes_part(&self, i: usize) -> bool {
        self.out.is_empty() || !self.out[i]
    }
}

/// Reads rows of a collection, to be prepared.
///
/// # Errors
/// When they cannot be read.
pub fn read(source: &mut dyn RowSource, element: Element, rows: Range<usize>, observer: &dyn Observer) -> Result<Matrix, Error> {
    let from = Instant::now();
    let width = source.width();
    let broken = |source: &dyn RowSource, start: usize| {
        Error::Sink(format!("{}: the reader gave a broken block of rows from {start}", source.name()))
    };
    let mut values = Values::empty(element);
    values.reserve_exact(rows.len() * width);
    let step = ((4 << 20) / (width * element.bytes())).max(1);
    let mut piece = Values::empty(element);
    for start in rows.clone().step_by(step) {
        let end = (start + step).min(rows.end);
        piece = source.read_over(start..end, piece)?.widen(element);
        if piece.len() != (end - start) * width || !values.extend(&piece) {
            return Err(broken(source, start));
        }
        if observer.stop() {
            return Err(Error::Stopped);
        }
    }
    observer.span("read", from);
    Matrix::new(values, width).map_err(|_| broken(source, rows.start))
}

impl Block {
    /// Bytes that a thread needs beside, to bring rows into a form with a head.
    #[must_use]
    pub const fn scratch(width: usize, head: usize) -> usize {
        if head == 0 { 0 } else { piece(width) * (width + head) * 8 }
    }

    /// Brings rows in memory into screening form.
    #[must_use]
    pub fn prepare(matrix: Matrix, first: usize, known: Known<'_>, form: &Form, stand: Stand, key: u64) -> Self {
        let frame = &form.frame;
        let rows = matrix.rows();
        let formed = match (frame.narrow().numbers, &form.axes) {
            (Numbers::Singles, Some(axes)) => head(&matrix, known, form, axes, stand),
            (numbers, _) => {
                let order = if let Stand::Given(order) = stand { order } else { None };
                match numbers {
                    Numbers::Bytes { .. } => bytes(&matrix, known, form, order),
                    Numbers::Halves => halves(&matrix, known, form, order),
                    Numbers::Singles => whole(&matrix, known, frame, order),
                }
            }
        };
        let Formed { stride, values, bytes, halves, bounds, reach, order, fine } = formed;
        let operand = Operand {
            key,
            rows,
            stride,
            values,
            bytes,
            halves,
            lift: bounds.iter().map(|b| frame.lift(b)).collect(),
            reach: reach.unwrap_or_else(|| bounds.iter().map(|b| frame.reach(b)).collect()),
        };
        let lagged = frame.metric().lagged().filter(|_| form.second).map_or_else(Vec::new, |second| {
            let place = |i: usize| order.as_ref().map_or(i, |order| order[i] as usize);
            let prepare = |i: usize| if known.takes_part(i) { second.prepare(matrix.row(i)) } else { None };
            (0..rows).into_par_iter().map(|i| prepare(place(i))).collect()
        });
        Self { first, matrix, order, bounds, operand, fine, lagged }
    }

    /// Where row `i` of the screening form lies in the block.
    #[must_use]
    pub fn place(&self, i: usize) -> usize {
        self.order.as_ref().map_or(i, |order| order[i] as usize)
    }

    /// Where row `i` of the screening form lies in the collection.
    #[must_use]
    pub fn index(&self, i: usize) -> usize {
        self.first + self.place(i)
    }

    /// Bytes that a row of a block takes, with a head of so many coordinates at most.
    #[must_use]
    pub fn bytes_per_row(width: usize, metric: &dyn Metric, element: Element, head: usize) -> usize {
        let lagged = metric.lagged().map_or(0, |second| second.prepared_bytes(width));
        let embedded = stride(metric.embedded_width(width));
        // Beside all numbers a narrower form: bytes, or a head. While a head is put in order it is there twice, all numbers not yet.
        let narrower = match metric.geometry() {
            Geometry::Fold if head == 0 => 0,
            Geometry::Fold => 4 * stride(head) + 8,
            _ => embedded.max(4 * stride(head)) + 2 * size_of::<Bounds>() + 12,
        };
        width * element.bytes() + lagged + embedded * 4 + narrower + size_of::<Bounds>() + 8
    }
}

/// Numbers of a row in screening form.
const fn stride(width: usize) -> usize {
    width.div_ceil(Operand::PAD) * Operand::PAD
}

/// Rows in screening form.
#[derive(Default)]
struct Formed {
    stride: usize,
    values: Vec<f32>,
    bytes: Option<Bytes>,
    halves: Option<Halves>,
    bounds: Vec<Bounds>,
    /// For a backend, where that is not the bounds' own.
    reach: Option<Vec<f32>>,
    order: Option<Vec<u32>>,
    fine: Option<Fine>,
}

/// Where row `i` of the screening form lies in the block.
fn place(order: Option<&Vec<u32>>, i: usize) -> usize {
    order.map_or(i, |order| order[i] as usize)
}

/// All numbers of the rows, as f32.
fn whole(matrix: &Matrix, known: Known<'_>, frame: &Frame, order: Option<Vec<u32>>) -> Formed {
    let (rows, width) = (matrix.rows(), frame.width());
    let stride = stride(width);
    let mut values: Vec<f32> = zeros(Operand::size(rows, stride));
    let mut bounds = vec![Bounds::default(); rows.div_ceil(GROUP) * GROUP];
    values.par_chunks_mut(GROUP * stride).zip(bounds.par_chunks_mut(GROUP)).enumerate().for_each_init(
        || (vec![0.0f64; width], vec![0.0f32; width]),
        |(work, row), (group, (values, bounds))| {
            for (r, bounds) in bounds.iter_mut().enumerate() {
                let i = group * GROUP + r;
                if i >= rows {
                    continue;
                }
                let i = place(order.as_ref(), i);
                if !known.takes_part(i) {
                    continue;
                }
                *bounds = frame.row(matrix.row(i), known.measures[i], work, row);
                row.iter().enumerate().for_each(|(k, &x)| values[k * GROUP + r] = x);
            }
        },
    );
    bounds.truncate(rows);
    Formed { stride, values, bounds, order, ..Formed::default() }
}

/// All numbers of the rows, in the given order.
fn fine_in_order(matrix: &Matrix, known: Known<'_>, frame: &Frame, order: &[u32]) -> Fine {
    let width = frame.width();
    let stride = stride(width);
    let mut values: Vec<f32> = zeros(order.len() * stride);
    let mut bounds = vec![Bounds::default(); order.len()];
    values.par_chunks_mut(GROUP * stride).zip(bounds.par_chunks_mut(GROUP)).zip(order.par_chunks(GROUP)).for_each_init(
        || vec![0.0f64; width],
        |work, ((values, bounds), order)| {
            for ((out, bounds), &i) in values.chunks_mut(stride).zip(bounds).zip(order) {
                let i = i as usize;
                if known.takes_part(i) {
                    *bounds = frame.row(matrix.row(i), known.measures[i], work, &mut out[..width]);
                }
            }
        },
    );
    Fine { stride, values, bounds }
}

/// All numbers of the rows, as bytes.
fn bytes(matrix: &Matrix, known: Known<'_>, form: &Form, order: Option<Vec<u32>>) -> Formed {
    let stride = stride(form.frame.width());
    let place = |values: &mut [i8], r: usize, row: &[i8]| {
        for (k, four) in row.chunks(4).enumerate() {
            values[(k * GROUP + r) * 4..][..four.len()].copy_from_slice(four);
        }
    };
    let narrow = narrowed(matrix, known, form, (stride, order.as_ref()), Frame::round_bytes, place, |row: &[i8]| {
        row.iter().map(|&q| i32::from(q)).sum()
    });
    let bytes = Bytes {
        values: narrow.values,
        step: narrow.rows.iter().map(|row| row.step).collect(),
        sum: narrow.rows.iter().map(|row| row.beside).collect(),
    };
    let bounds = narrow.rows.iter().map(|row| row.bounds).collect();
    Formed { stride, bytes: Some(bytes), bounds, fine: narrow.fine, order, ..Formed::default() }
}

/// All numbers of the rows, as halves.
fn halves(matrix: &Matrix, known: Known<'_>, form: &Form, order: Option<Vec<u32>>) -> Formed {
    let stride = form.frame.width().next_multiple_of(Halves::PAD);
    let place = |values: &mut [f16], r: usize, row: &[f16]| row.iter().enumerate().for_each(|(k, &x)| values[k * GROUP + r] = x);
    let narrow = narrowed(matrix, known, form, (stride, order.as_ref()), Frame::round_halves, place, |_: &[f16]| ());
    let halves = Halves { values: narrow.values, step: narrow.rows.iter().map(|row| row.step).collect() };
    let bounds = narrow.rows.iter().map(|row| row.bounds).collect();
    Formed { stride, halves: Some(halves), bounds, fine: narrow.fine, order, ..Formed::default() }
}

/// Rows of a narrower number, beside all of them in f32.
struct Narrowed<T, B> {
    values: Vec<T>,
    rows: Vec<NarrowRow<B>>,
    fine: Option<Fine>,
}

#[derive(Clone, Default)]
struct NarrowRow<B> {
    bounds: Bounds,
    step: f32,
    /// What a backend wants to know beside.
    beside: B,
}

/// Rounds rows, as they stand in `order`, by `round` and puts them in groups by `place`.
fn narrowed<T: Copy + Default + Zeroable + Send + Sync, B: Clone + Default + Send>(
    matrix: &Matrix,
    known: Known<'_>,
    form: &Form,
    (stride, order): (usize, Option<&Vec<u32>>),
    round: impl Fn(&Frame, Row<'_>, Measure, &Placed, &[f64], &mut [T]) -> (Bounds, f32) + Sync,
    place: impl Fn(&mut [T], usize, &[T]) + Sync,
    beside: impl Fn(&[T]) -> B + Sync,
) -> Narrowed<T, B> {
    let frame = &form.frame;
    let (rows, width) = (matrix.rows(), frame.width());
    let fine_stride = self::stride(width);
    let groups = rows.div_ceil(GROUP) * GROUP;
    let mut values: Vec<T> = zeros(groups * stride);
    let mut kept = vec![NarrowRow::<B>::default(); groups];
    let mut all: Vec<f32> = zeros(if form.fine.is_some() { groups * fine_stride } else { groups });
    let part = all.len() / groups * GROUP;
    let mut all_bounds = vec![Bounds::default(); groups];
    let fine_parts = all.par_chunks_mut(part).zip(all_bounds.par_chunks_mut(GROUP));
    let parts = values.par_chunks_mut(GROUP * stride).zip(kept.par_chunks_mut(GROUP)).zip(fine_parts);
    parts.enumerate().for_each_init(
        || (vec![0.0f64; width], vec![T::default(); width]),
        |(work, row), (group, ((values, kept), (all, all_bounds)))| {
            for (r, kept) in kept.iter_mut().enumerate() {
                let i = group * GROUP + r;
                if i >= rows {
                    continue;
                }
                let i = self::place(order, i);
                if !known.takes_part(i) {
                    continue;
                }
                let (x, measure) = (matrix.row(i), known.measures[i]);
                let placed = frame.place(x, measure, work);
                if let Some(plain) = &form.fine {
                    all_bounds[r] = plain.round(x, measure, &placed, work, &mut all[r * fine_stride..][..width]);
                }
                let (bounds, step) = round(frame, x, measure, &placed, work, row);
                *kept = NarrowRow { bounds, step, beside: beside(row) };
                place(values, r, row);
            }
        },
    );
    kept.truncate(rows);
    let fine = form.fine.is_some().then_some(Fine { stride: fine_stride, values: all, bounds: all_bounds });
    Narrowed { values, rows: kept, fine }
}

/// The rows' coordinates along axes, in an order in which neighbours stand together.
fn head(matrix: &Matrix, known: Known<'_>, form: &Form, axes: &Axes, stand: Stand) -> Formed {
    let frame = &form.frame;
    let (rows, width, h) = (matrix.rows(), frame.width(), axes.count());
    let stride = stride(h);
    let lagged = !frame.is_product();
    let mut z: Vec<f32> = zeros(rows * stride);
    let mut kept = vec![(Bounds::default(), 0.0f32); rows];
    let most = piece(width);
    z.par_chunks_mut(most * stride).zip(kept.par_chunks_mut(most)).enumerate().for_each_init(
        || (vec![0.0f64; most * width], vec![0.0f64; most * h], vec![0.0f32; if lagged { width } else { 0 }]),
        |(work, coordinates, all), (part, (z, kept))| {
            let rows = kept.len();
            let start = part * most;
            let mut placed = Vec::with_capacity(rows);
            for (r, work) in work.chunks_mut(width).take(rows).enumerate() {
                let i = start + r;
                if !known.takes_part(i) {
                    work.fill(0.0);
                    placed.push(None);
                    continue;
                }
                placed.push(Some(frame.place(matrix.row(i), known.measures[i], work)));
            }
            axes.project(work, &mut coordinates[..rows * h]);
            for (r, placed) in placed.iter().enumerate() {
                let Some(placed) = placed else { continue };
                let (row, measure) = (matrix.row(start + r), known.measures[start + r]);
                let (coordinates, out) = (&coordinates[r * h..][..h], &mut z[r * stride..][..h]);
                kept[r] = if lagged {
                    // Bounds are those of all numbers, and what the head leaves out is the backend's affair.
                    out.iter_mut().zip(coordinates).for_each(|(out, &z)| *out = z as f32);
                    (frame.round(row, measure, placed, &work[r * width..][..width], all), frame.head_reach(placed, coordinates))
                } else {
                    let bounds = frame.round(row, measure, placed, coordinates, out);
                    (bounds, frame.reach(&bounds))
                };
            }
        },
    );
    let order = match stand {
        Stand::Freely => order::order(&z, stride),
        Stand::Given(order) => order.unwrap_or_else(|| (0..rows as u32).collect()),
    };
    let kept = order::ordered(&kept, 1, &order);
    let (bounds, reach) = kept.into_iter().unzip();
    let mut values: Vec<f32> = zeros(Operand::size(rows, stride));
    values.par_chunks_mut(GROUP * stride).zip(order.par_chunks(GROUP)).for_each(|(values, order)| {
        for (r, &i) in order.iter().enumerate() {
            z[i as usize * stride..][..stride].iter().enumerate().for_each(|(k, &x)| values[k * GROUP + r] = x);
        }
    });
    drop(z);
    let fine = form.fine.as_ref().map(|frame| fine_in_order(matrix, known, frame, &order));
    Formed { stride, values, bounds, reach: Some(reach), order: Some(order), fine, ..Formed::default() }
}
