//! A block of rows in memory: as stored, for exact scores, and in screening form, for backends.
//!
//! In screening form rows may stand in another [order](super::order) than in the collection: [`Block::index`] leads back.

use super::axes::Axes;
use super::error::Error;
use super::order;
use super::run::Observer;
use super::source::RowSource;
use crate::backend::{Bytes, GROUP, Layout, Operand};
use crate::matrix::{Element, Matrix, Values, zeros};
use crate::metric::ccf::Lagged;
use crate::metric::{Bounds, Frame, Geometry, Measure, Metric};
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
    /// Rows for the second stage of lagged correlation.
    pub lagged: Vec<Option<Lagged>>,
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

    /// Brings rows in memory into screening form, in `order` if they have one already.
    #[must_use]
    pub fn prepare(
        matrix: Matrix,
        first: usize,
        known: Known<'_>,
        form: &Form,
        layout: Layout,
        key: u64,
        order: Option<Vec<u32>>,
    ) -> Self {
        let frame = &form.frame;
        let rows = matrix.rows();
        let formed = if frame.narrow().bytes.is_some() {
            bytes(&matrix, known, form)
        } else if let Some(axes) = &form.axes {
            head(&matrix, known, form, axes, layout, order)
        } else {
            whole(&matrix, known, frame, layout)
        };
        let Formed { values, bytes, bounds, order, fine } = formed;
        let operand = Operand {
            key,
            rows,
            stride: stride(frame.screened_width()),
            layout,
            values,
            bytes,
            lift: bounds.iter().map(|b| frame.lift(b)).collect(),
            reach: bounds.iter().map(|b| frame.reach(b)).collect(),
        };
        let lagged = frame.metric().lagged().map_or_else(Vec::new, |ccf| {
            (0..rows).into_par_iter().map(|i| if known.takes_part(i) { ccf.prepare(matrix.row(i)) } else { None }).collect()
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
        let lagged = metric.lagged().map_or(0, |ccf| ccf.prepared_bytes(width));
        let embedded = stride(metric.embedded_width(width));
        // Beside all numbers a narrower form: bytes, or a head. While a head is put in order it is there twice, all numbers not yet.
        let narrower = match metric.geometry() {
            Geometry::Fold => 0,
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
struct Formed {
    values: Vec<f32>,
    bytes: Option<Bytes>,
    bounds: Vec<Bounds>,
    order: Option<Vec<u32>>,
    fine: Option<Fine>,
}

/// All numbers of the rows, as f32.
fn whole(matrix: &Matrix, known: Known<'_>, frame: &Frame, layout: Layout) -> Formed {
    let (rows, width) = (matrix.rows(), frame.width());
    let stride = stride(width);
    let mut values: Vec<f32> = zeros(Operand::size(layout, rows, stride));
    let mut bounds = vec![Bounds::default(); rows.div_ceil(GROUP) * GROUP];
    values.par_chunks_mut(GROUP * stride).zip(bounds.par_chunks_mut(GROUP)).enumerate().for_each_init(
        || (vec![0.0f64; width], vec![0.0f32; width]),
        |(work, row), (group, (values, bounds))| {
            for (r, bounds) in bounds.iter_mut().enumerate() {
                let i = group * GROUP + r;
                if i >= rows || !known.takes_part(i) {
                    continue;
                }
                *bounds = frame.row(matrix.row(i), known.measures[i], work, row);
                match layout {
                    Layout::Rows => values[r * stride..r * stride + width].copy_from_slice(row),
                    Layout::Groups => row.iter().enumerate().for_each(|(k, &x)| values[k * GROUP + r] = x),
                }
            }
        },
    );
    bounds.truncate(rows);
    Formed { values, bytes: None, bounds, order: None, fine: None }
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
fn bytes(matrix: &Matrix, known: Known<'_>, form: &Form) -> Formed {
    let frame = &form.frame;
    let (rows, width) = (matrix.rows(), frame.width());
    let stride = stride(width);
    let groups = rows.div_ceil(GROUP) * GROUP;
    let mut values: Vec<i8> = zeros(groups * stride);
    // Bounds, step, and the sum of the bytes.
    let mut kept = vec![(Bounds::default(), 0.0f32, 0i32); groups];
    let mut all: Vec<f32> = zeros(if form.fine.is_some() { groups * stride } else { groups });
    let part = all.len() / groups * GROUP;
    let mut all_bounds = vec![Bounds::default(); groups];
    let fine_parts = all.par_chunks_mut(part).zip(all_bounds.par_chunks_mut(GROUP));
    let parts = values.par_chunks_mut(GROUP * stride).zip(kept.par_chunks_mut(GROUP)).zip(fine_parts);
    parts.enumerate().for_each_init(
        || (vec![0.0f64; width], vec![0i8; width]),
        |(work, row), (group, ((values, kept), (all, all_bounds)))| {
            for (r, kept) in kept.iter_mut().enumerate() {
                let i = group * GROUP + r;
                if i >= rows || !known.takes_part(i) {
                    continue;
                }
                let (x, measure) = (matrix.row(i), known.measures[i]);
                let placed = frame.place(x, measure, work);
                if let Some(plain) = &form.fine {
                    all_bounds[r] = plain.round(x, measure, &placed, work, &mut all[r * stride..][..width]);
                }
                let (bounds, step) = frame.round_bytes(x, measure, &placed, work, row);
                *kept = (bounds, step, row.iter().map(|&q| i32::from(q)).sum());
                for (k, four) in row.chunks(4).enumerate() {
                    values[(k * GROUP + r) * 4..][..four.len()].copy_from_slice(four);
                }
            }
        },
    );
    kept.truncate(rows);
    Formed {
        values: Vec::new(),
        bytes: Some(Bytes { values, step: kept.iter().map(|k| k.1).collect(), sum: kept.iter().map(|k| k.2).collect() }),
        bounds: kept.iter().map(|k| k.0).collect(),
        order: None,
        fine: form.fine.is_some().then_some(Fine { stride, values: all, bounds: all_bounds }),
    }
}

/// The rows' coordinates along axes, in an order in which neighbours stand together.
fn head(matrix: &Matrix, known: Known<'_>, form: &Form, axes: &Axes, layout: Layout, given: Option<Vec<u32>>) -> Formed {
    let frame = &form.frame;
    let (rows, width, h) = (matrix.rows(), frame.width(), axes.count());
    let stride = stride(h);
    let mut z: Vec<f32> = zeros(rows * stride);
    let mut bounds = vec![Bounds::default(); rows];
    let most = piece(width);
    z.par_chunks_mut(most * stride).zip(bounds.par_chunks_mut(most)).enumerate().for_each_init(
        || (vec![0.0f64; most * width], vec![0.0f64; most * h]),
        |(work, coordinates), (part, (z, bounds))| {
            let rows = bounds.len();
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
                if let Some(placed) = placed {
                    let i = start + r;
                    let (z, out) = (&coordinates[r * h..][..h], &mut z[r * stride..][..h]);
                    bounds[r] = frame.round(matrix.row(i), known.measures[i], placed, z, out);
                }
            }
        },
    );
    let order = given.unwrap_or_else(|| order::order(&z, stride));
    let bounds = order::ordered(&bounds, 1, &order);
    let values = match layout {
        Layout::Rows => order::ordered(&z, stride, &order),
        Layout::Groups => {
            let mut values: Vec<f32> = zeros(Operand::size(layout, rows, stride));
            values.par_chunks_mut(GROUP * stride).zip(order.par_chunks(GROUP)).for_each(|(values, order)| {
                for (r, &i) in order.iter().enumerate() {
                    z[i as usize * stride..][..stride].iter().enumerate().for_each(|(k, &x)| values[k * GROUP + r] = x);
                }
            });
            values
        }
    };
    drop(z);
    let fine = form.fine.as_ref().map(|frame| fine_in_order(matrix, known, frame, &order));
    Formed { values, bytes: None, bounds, order: Some(order), fine }
}
