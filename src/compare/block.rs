//! A block of rows in memory: as stored, for exact scores, and in screening form, for backends.

use super::error::Error;
use super::source::RowSource;
use super::survey::Survey;
use crate::backend::{GROUP, Layout, Operand};
use crate::matrix::{Element, Matrix, Values};
use crate::metric::ccf::Lagged;
use crate::metric::{Bounds, Frame, Metric};
use rayon::prelude::*;
use std::ops::Range;

/// Rows `first …` of a collection.
#[derive(Debug)]
pub struct Block {
    pub first: usize,
    pub matrix: Matrix,
    pub bounds: Vec<Bounds>,
    pub operand: Operand,
    /// Rows for the second stage of lagged correlation.
    pub lagged: Vec<Option<Lagged>>,
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
        let lagged = frame.metric().lagged().map_or_else(Vec::new, |ccf| {
            (0..rows)
                .into_par_iter()
                .map(|i| if survey.takes_part(first + i) { ccf.prepare(matrix.row(i)) } else { None })
                .collect()
        });
        Self { first, matrix, bounds, operand, lagged }
    }

    /// Bytes that a row of a block takes.
    #[must_use]
    pub fn bytes_per_row(width: usize, metric: &dyn Metric, element: Element) -> usize {
        let lagged = metric.lagged().map_or(0, |ccf| ccf.prepared_bytes(width));
        width * element.bytes() + lagged + stride(metric.embedded_width(width)) * 4 + size_of::<Bounds>() + 8
    }
}

/// Numbers of a row in screening form.
const fn stride(width: usize) -> usize {
    width.div_ceil(Operand::PAD) * Operand::PAD
}
