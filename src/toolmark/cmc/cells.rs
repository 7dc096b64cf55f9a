//! Cutting a surface into cells.

use super::{Error, Options, Side, Surface};
use std::ops::Range;

/// Points of a cell's shortest side.
pub(super) const LEAST_SIDE: usize = 8;

/// Standard deviations below this share of a surface's are flat.
pub(super) const FLAT: f64 = 1e-9;

/// A rectangle of a surface.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// In the grid of cells.
    pub column: usize,
    pub row: usize,
    /// On the surface.
    pub columns: Range<usize>,
    pub rows: Range<usize>,
    /// Share of its points that was measured.
    pub measured: f64,
}

impl Cell {
    pub(super) fn area(&self) -> usize {
        self.columns.len() * self.rows.len()
    }

    /// How many points a pair must have.
    pub(super) fn least_pairs(&self, options: &Options) -> usize {
        (libm::ceil(options.least_measured * self.area() as f64) as usize).max(2)
    }
}

/// All cells, row by row; sides differ by a point where they do not divide.
pub(super) fn cut(surface: &Surface, (across, down): (usize, usize)) -> Vec<Cell> {
    let mut all = Vec::with_capacity(across * down);
    for row in 0..down {
        let rows = row * surface.rows() / down..(row + 1) * surface.rows() / down;
        for column in 0..across {
            let columns = column * surface.columns() / across..(column + 1) * surface.columns() / across;
            let line = |r: usize| &surface.measured()[r * surface.columns()..][columns.clone()];
            let count: usize = rows.clone().map(|r| line(r).iter().filter(|m| **m).count()).sum();
            let mut cell = Cell { column, row, columns: columns.clone(), rows: rows.clone(), measured: 0.0 };
            cell.measured = count as f64 / cell.area() as f64;
            all.push(cell);
        }
    }
    all
}

/// A checked surface: heights with mean 0 and standard deviation 1 over what was measured, 0 elsewhere; and its cells.
#[derive(Debug)]
pub(super) struct Levelled {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) spacing_um: f64,
    pub(super) heights: Vec<f64>,
    pub(super) measured: Vec<bool>,
    pub(super) cells: Vec<Cell>,
    /// Largest |dx| and |dy| for its cells.
    pub(super) window: usize,
}

impl Levelled {
    pub(super) fn new(surface: &Surface, side: Side, options: &Options) -> Result<Self, Error> {
        let (columns, rows) = (surface.columns(), surface.rows());
        let (across, down) = options.cells;
        if columns / across < LEAST_SIDE || rows / down < LEAST_SIDE {
            return Err(Error::Small { side, columns, rows, cells: options.cells, least: LEAST_SIDE });
        }
        let window = options.search_px.unwrap_or_else(|| columns.div_ceil(across).max(rows.div_ceil(down)));
        if window > columns.max(rows) {
            return Err(Error::Window { side, got: window, columns, rows });
        }
        let (mean, deviation) = moments(surface);
        let count = surface.count_measured();
        if !(deviation > 0.0 && deviation.is_finite()) {
            return Err(Error::Flat { side, measured: count, got: deviation });
        }
        let points = surface.heights_um().iter().zip(surface.measured());
        let heights = points.map(|(h, m)| if *m { (h - mean) / deviation } else { 0.0 }).collect();
        Ok(Self {
            columns,
            rows,
            spacing_um: surface.spacing_um().0,
            heights,
            measured: surface.measured().to_vec(),
            cells: cut(surface, options.cells),
            window,
        })
    }
}

/// Mean and standard deviation of what was measured; of constant heights exactly 0.
pub(super) fn moments(surface: &Surface) -> (f64, f64) {
    let measured = || surface.heights_um().iter().zip(surface.measured()).filter(|(_, m)| **m).map(|(h, _)| *h);
    let Some(first) = measured().next() else { return (0.0, 0.0) };
    let n = surface.count_measured() as f64;
    let mean = first + measured().map(|h| h - first).sum::<f64>() / n;
    (mean, (measured().map(|h| (h - mean) * (h - mean)).sum::<f64>() / n).sqrt())
}
