//! A block of rows in memory: as stored, for exact scores, and in screening form, for backends.

use super::error::Error;
use super::source::RowSource;
use super::survey::Survey;
use crate::backend::{GROUP, Layout, Operand};
use crate::matrix::{Element, Matrix, Values};
use crate::metric::{Bounds, Frame};
use rayon::prelude::*;
use std::ops::Range;

/// Rows `first …` of a collection.
#[derive(Debug)]
pub struct Block {
    pub first: usize,
    pub matrix: Matrix,
    pub bounds: Vec<Bounds>,
    pub operand: Operand,
}

impl Block {
    /// Reads rows and brings them into screening form.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn load(
        source: &mut dyn RowSource,
        survey: &Survey,
        rows: Range<usize>,
        frame: &Frame,
        layout: Layout,
        key: u64,
    ) -> Result<Self, Error> {
        let mut values = Values::empty(survey.element);
        values.reserve_exact(rows.len() * survey.width);
        let step = ((4 << 20) / (survey.width * survey.element.bytes())).max(1);
        let mut start = rows.start;
        while start < rows.end {
            let end = (start + step).min(rows.end);
            let piece = source.read(start..end)?.widen(survey.element);
            if piece.len() != (end - start) * survey.width || values.append(piece).is_err() {
                return Err(Error::Sink(format!("{}: the reader gave a broken block of rows from {start}", survey.name)));
            }
            start = end;
        }
        match Matrix::new(values, survey.width) {
            Ok(matrix) => Ok(Self::prepare(matrix, rows.start, survey, frame, layout, key)),
            Err(_) => Err(Error::Sink(format!("{}: rows {rows:?} do not fill whole rows", survey.name))),
        }
    }

    /// Brings rows in memory into screening form.
    #[must_use]
    pub fn prepare(matrix: Matrix, first: usize, survey: &Survey, frame: &Frame, layout: Layout, key: u64) -> Self {
        let (rows, width) = (matrix.rows(), frame.width());
        let stride = stride(width);
        let mut values = vec![0.0f32; Operand::size(layout, rows, stride)];
        let mut bounds = vec![Bounds::default(); rows.div_ceil(GROUP) * GROUP];
        values.par_chunks_mut(GROUP * stride).zip(bounds.par_chunks_mut(GROUP)).enumerate().for_each_init(
            || (vec![0.0f64; width], vec![0.0f32; width]),
            |(work, row), (group, (values, bounds))| {
                for (r, bounds) in bounds.iter_mut().enumerate() {
                    let i = group * GROUP + r;
                    if i >= rows || !survey.takes_part(first + i) {
                        continue;
                    }
                    *bounds = frame.row(matrix.row(i), survey.measures[first + i], work, row);
                    match layout {
                        Layout::Rows => values[r * stride..r * stride + width].copy_from_slice(row),
                        Layout::Groups => row.iter().enumerate().for_each(|(k, &x)| values[k * GROUP + r] = x),
                    }
                }
            },
        );
        bounds.truncate(rows);
        let operand = Operand {
            key,
            rows,
            stride,
            layout,
            values,
            lift: bounds.iter().map(|b| frame.lift(b)).collect(),
            reach: bounds.iter().map(|b| frame.reach(b)).collect(),
        };
        Self { first, matrix, bounds, operand }
    }

    /// Bytes that a row of a block takes.
    #[must_use]
    pub const fn bytes_per_row(width: usize, embedded: usize, element: Element) -> usize {
        width * element.bytes() + stride(embedded) * 4 + size_of::<Bounds>() + 8
    }
}

/// Numbers of a row in screening form.
const fn stride(width: usize) -> usize {
    width.div_ceil(Operand::PAD) * Operand::PAD
}
