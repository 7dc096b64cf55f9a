//! A measured surface: heights in µm on a grid, with a mask of what was measured.
//!
//! ```text
//! point (row r, column c) lies at x = c·spacing_x, y = r·spacing_y
//! ```
//! Rows run along y, columns along x, and x runs fastest, as in X3P. Heights are f64 and µm; spacings are µm and may differ. A point that was not
//! measured is `false` in the mask, and its height is 0, so that two equal surfaces are equal bytes; no number stands for "missing".

use std::ops::Range;

/// Why numbers are no surface.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SurfaceError {
    #[error("a surface of {columns} × {rows} points needs as many heights and mask entries; there are {heights} and {mask}")]
    Shape { columns: usize, rows: usize, heights: usize, mask: usize },
    #[error("the spacing of points is {x} × {y} µm; allowed are finite numbers above 0")]
    Spacing { x: f64, y: f64 },
    #[error("none of its {points} points was measured")]
    Empty { points: usize },
    #[error("the part to cut out, columns {columns:?} and rows {rows:?}, is not within {width} × {height} points")]
    Crop { columns: Range<usize>, rows: Range<usize>, width: usize, height: usize },
}

/// Heights that are not finite are not measured; those that are not measured are 0.
fn clean(heights_um: &mut [f64], measured: &mut [bool]) {
    for (h, m) in heights_um.iter_mut().zip(measured) {
        *m &= h.is_finite();
        *h = if *m { *h } else { 0.0 };
    }
}

/// Heights on a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    columns: usize,
    rows: usize,
    spacing_um: (f64, f64),
    heights_um: Vec<f64>,
    measured: Vec<bool>,
}

impl Surface {
    /// A surface of `columns` × `rows` points, `spacing_um` (x, y) apart. Heights that are not finite are not measured, whatever the mask says.
    ///
    /// # Errors
    /// When lengths do not agree, or a spacing is not above 0.
    pub fn new(
        columns: usize,
        rows: usize,
        spacing_um: (f64, f64),
        mut heights_um: Vec<f64>,
        mut measured: Vec<bool>,
    ) -> Result<Self, SurfaceError> {
        let points = columns.checked_mul(rows);
        if points != Some(heights_um.len()) || points != Some(measured.len()) {
            return Err(SurfaceError::Shape { columns, rows, heights: heights_um.len(), mask: measured.len() });
        }
        let (x, y) = spacing_um;
        if !(x > 0.0 && y > 0.0 && x.is_finite() && y.is_finite()) {
            return Err(SurfaceError::Spacing { x, y });
        }
        clean(&mut heights_um, &mut measured);
        Ok(Self { columns, rows, spacing_um, heights_um, measured })
    }

    /// The same with every finite height measured.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_finite(columns: usize, rows: usize, spacing_um: (f64, f64), heights_um: Vec<f64>) -> Result<Self, SurfaceError> {
        let measured = vec![true; heights_um.len()];
        Self::new(columns, rows, spacing_um, heights_um, measured)
    }

    /// Points along x.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Points along y.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Distance of points along x and y, in µm.
    #[must_use]
    pub const fn spacing_um(&self) -> (f64, f64) {
        self.spacing_um
    }

    /// All heights, row by row; 0 where nothing was measured.
    #[must_use]
    pub fn heights_um(&self) -> &[f64] {
        &self.heights_um
    }

    /// Which points were measured, row by row.
    #[must_use]
    pub fn measured(&self) -> &[bool] {
        &self.measured
    }

    /// The height at a point, if it was measured.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> Option<f64> {
        let i = row * self.columns + column;
        self.measured[i].then(|| self.heights_um[i])
    }

    /// How many points were measured.
    #[must_use]
    pub fn count_measured(&self) -> usize {
        self.measured.iter().filter(|m| **m).count()
    }

    /// Share of points that were not measured, 0 … 1.
    #[must_use]
    pub fn missing_share(&self) -> f64 {
        1.0 - self.count_measured() as f64 / self.measured.len().max(1) as f64
    }

    /// Other heights on the same grid; those that are not finite are not measured.
    #[must_use]
    pub fn with_heights(&self, mut heights_um: Vec<f64>, mut measured: Vec<bool>) -> Self {
        heights_um.resize(self.heights_um.len(), 0.0);
        measured.resize(self.heights_um.len(), false);
        clean(&mut heights_um, &mut measured);
        Self { columns: self.columns, rows: self.rows, spacing_um: self.spacing_um, heights_um, measured }
    }

    /// Each row of heights and mask, to be changed in place; what is not finite then is not measured.
    #[must_use]
    pub fn with_rows(mut self, mut change: impl FnMut(usize, &mut [f64], &mut [bool])) -> Self {
        let rows = self.heights_um.chunks_mut(self.columns).zip(self.measured.chunks_mut(self.columns));
        for (r, (h, m)) in rows.enumerate() {
            change(r, h, m);
            clean(h, m);
        }
        self
    }

    /// A rectangle of it.
    ///
    /// # Errors
    /// When it is empty or reaches over the edge.
    pub fn crop(&self, columns: Range<usize>, rows: Range<usize>) -> Result<Self, SurfaceError> {
        if columns.is_empty() || rows.is_empty() || columns.end > self.columns || rows.end > self.rows {
            return Err(SurfaceError::Crop { columns, rows, width: self.columns, height: self.rows });
        }
        let pick = |r: usize| r * self.columns + columns.start..r * self.columns + columns.end;
        let heights_um = rows.clone().flat_map(|r| self.heights_um[pick(r)].iter().copied()).collect();
        let measured = rows.clone().flat_map(|r| self.measured[pick(r)].iter().copied()).collect();
        Ok(Self { columns: columns.len(), rows: rows.len(), spacing_um: self.spacing_um, heights_um, measured })
    }

    /// Rows and columns exchanged.
    #[must_use]
    pub fn transposed(&self) -> Self {
        const BLOCK: usize = 32;
        let (mut heights_um, mut measured) = (vec![0.0; self.heights_um.len()], vec![false; self.measured.len()]);
        for (r0, c0) in (0..self.rows).step_by(BLOCK).flat_map(|r| (0..self.columns).step_by(BLOCK).map(move |c| (r, c))) {
            for r in r0..(r0 + BLOCK).min(self.rows) {
                for c in c0..(c0 + BLOCK).min(self.columns) {
                    heights_um[c * self.rows + r] = self.heights_um[r * self.columns + c];
                    measured[c * self.rows + r] = self.measured[r * self.columns + c];
                }
            }
        }
        let (x, y) = self.spacing_um;
        Self { columns: self.rows, rows: self.columns, spacing_um: (y, x), heights_um, measured }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_not_measured() {
        let s = Surface::of_finite(2, 2, (1.0, 2.0), vec![1.0, f64::NAN, f64::INFINITY, -4.0]).unwrap();
        assert_eq!(s.measured(), [true, false, false, true]);
        assert_eq!(s.heights_um(), [1.0, 0.0, 0.0, -4.0]);
        assert_eq!((s.at(1, 1), s.at(0, 1), s.missing_share()), (Some(-4.0), None, 0.5));
        assert_eq!(s.transposed().transposed(), s);
        assert_eq!(s.transposed().spacing_um(), (2.0, 1.0));
        assert_eq!(s.crop(0..1, 0..2).unwrap().heights_um(), [1.0, 0.0]);
    }

    #[test]
    fn shapes_and_spacings_are_checked() {
        assert!(matches!(Surface::of_finite(2, 2, (1.0, 1.0), vec![0.0; 3]), Err(SurfaceError::Shape { .. })));
        assert!(matches!(Surface::of_finite(usize::MAX, 2, (1.0, 1.0), vec![0.0; 3]), Err(SurfaceError::Shape { .. })));
        assert!(matches!(Surface::of_finite(1, 1, (0.0, 1.0), vec![0.0]), Err(SurfaceError::Spacing { .. })));
        let s = Surface::of_finite(2, 2, (1.0, 1.0), vec![0.0; 4]).unwrap();
        assert!(s.crop(0..3, 0..1).is_err() && s.crop(1..1, 0..1).is_err());
    }
}
