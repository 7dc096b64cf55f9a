//! Several collections one after the other, as one: rows of the first, then those of the second, and so on.
//!
//! An archive that grows is compared so: what came later stands behind what was there, and no row changes its number.

use super::source::{ExhibitNames, RowSource, SourceError};
use crate::matrix::{Element, Values};
use std::ops::Range;

/// Rows of several sources of one width.
#[derive(Debug)]
pub struct Joined<S> {
    parts: Vec<S>,
    /// Where each part starts, and where the last one ends.
    starts: Vec<usize>,
    element: Element,
}

impl<S: RowSource> Joined<S> {
    /// Joins sources; gives them back where there is none or their widths differ.
    ///
    /// # Errors
    /// The parts, where they do not fit.
    pub fn new(parts: Vec<S>) -> Result<Self, Vec<S>> {
        let Some(element) = parts.iter().map(RowSource::element).reduce(Element::join) else { return Err(parts) };
        if parts.iter().any(|p| p.width() != parts[0].width()) {
            return Err(parts);
        }
        let mut starts = vec![0];
        for part in &parts {
            starts.push(starts[starts.len() - 1] + part.rows());
        }
        Ok(Self { parts, starts, element })
    }

    pub fn parts(&mut self) -> &mut [S] {
        &mut self.parts
    }

    #[must_use]
    pub fn into_parts(self) -> Vec<S> {
        self.parts
    }

    /// The part that holds a row, and the row's number there.
    #[must_use]
    pub fn place(&self, row: usize) -> Option<(usize, usize)> {
        let part = self.starts.partition_point(|s| *s <= row).checked_sub(1)?;
        (part < self.parts.len()).then(|| (part, row - self.starts[part]))
    }
}

impl<S: RowSource> RowSource for Joined<S> {
    fn name(&self) -> String {
        self.parts.iter().map(RowSource::name).collect::<Vec<_>>().join(" + ")
    }

    fn rows(&self) -> usize {
        self.starts[self.parts.len()]
    }

    fn width(&self) -> usize {
        self.parts[0].width()
    }

    fn element(&self) -> Element {
        self.element
    }

    fn read(&mut self, rows: Range<usize>) -> Result<Values, SourceError> {
        let mut all = Values::empty(self.element);
        for (part, start) in self.parts.iter_mut().zip(&self.starts) {
            let (from, to) = (rows.start.max(*start), rows.end.min(start + part.rows()));
            if from < to {
                // Of one type, so that they always fit.
                let _fits = all.extend(&part.read(from - start..to - start)?.widen(self.element));
            }
        }
        Ok(all)
    }

    fn exhibits(&mut self, names: &mut ExhibitNames) -> Result<Option<Vec<u32>>, SourceError> {
        let mut all = Vec::new();
        for part in &mut self.parts {
            match part.exhibits(names)? {
                Some(of_part) => all.extend(of_part),
                None => return Ok(None),
            }
        }
        Ok(Some(all))
    }

    fn label(&mut self, row: usize) -> Option<String> {
        let (part, row) = self.place(row)?;
        self.parts[part].label(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::InMemory;
    use crate::matrix::Matrix;

    #[test]
    fn rows_follow_each_other_whatever_their_type() {
        let a = InMemory::new("a", Matrix::new(Values::F32(vec![1.0, 2.0, 3.0, 4.0]), 2).expect("whole"));
        let b = InMemory::new("b", Matrix::new(Values::F64(vec![5.0, 6.0]), 2).expect("whole"));
        let mut joined = Joined::new(vec![a, b]).expect("one width");
        assert_eq!((joined.rows(), joined.element(), joined.name().as_str()), (3, Element::F64, "a + b"));
        let all = |values: Values| (0..values.len()).map(|i| values.at(i)).collect::<Vec<f64>>();
        assert_eq!(all(joined.read(0..3).expect("read")), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(all(joined.read(1..3).expect("read")), [3.0, 4.0, 5.0, 6.0]);
        assert_eq!(all(joined.read(2..3).expect("read")), [5.0, 6.0]);
        assert_eq!((joined.place(1), joined.place(2), joined.place(3)), (Some((0, 1)), Some((1, 0)), None));
        let narrow = InMemory::new("c", Matrix::new(Values::F64(vec![5.0]), 1).expect("whole"));
        let wide = InMemory::new("d", Matrix::new(Values::F64(vec![5.0, 6.0]), 2).expect("whole"));
        assert!(Joined::new(vec![narrow, wide]).is_err() && Joined::<InMemory>::new(vec![]).is_err());
    }
}
