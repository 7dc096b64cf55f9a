//! What a comparison reads: rows of a collection, a block at a time.

use crate::matrix::{Element, Matrix, Values};
use std::ops::Range;

/// A failure to read, from whoever stores the rows. Its text names the file and the dataset.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SourceError(pub Box<dyn std::error::Error + Send + Sync>);

/// A collection of descriptors, of any size.
pub trait RowSource: Send {
    /// How people name it: `archive.h5:/spectra`.
    fn name(&self) -> String;
    /// n
    fn rows(&self) -> usize;
    /// d
    fn width(&self) -> usize;
    /// What [`Self::read`] gives.
    fn element(&self) -> Element;
    /// The values of these rows, row-major, `rows.len() × width` of them.
    ///
    /// # Errors
    /// When they cannot be read.
    fn read(&mut self, rows: Range<usize>) -> Result<Values, SourceError>;
    /// The same, in the room of values that are not needed any more where that suits: new room costs more than filling it.
    ///
    /// # Errors
    /// As [`Self::read`].
    fn read_over(&mut self, rows: Range<usize>, _used: Values) -> Result<Values, SourceError> {
        self.read(rows)
    }
    /// Who the exhibit of each row is, as numbers: equal for rows of one exhibit. `None` where the collection does not say.
    /// `names` gives every exhibit its number and is shared by the collections of a job.
    ///
    /// # Errors
    /// When they cannot be read.
    fn exhibits(&mut self, names: &mut ExhibitNames) -> Result<Option<Vec<u32>>, SourceError>;
    /// How people name a row, for messages: its id, where it has one.
    fn label(&mut self, row: usize) -> Option<String>;
}

/// Numbers for the names of exhibits. Where the exhibit is not known (an empty name) a row is one of its own.
#[derive(Debug, Default)]
pub struct ExhibitNames {
    known: std::collections::HashMap<String, u32>,
    next: u32,
}

impl ExhibitNames {
    /// The number of `name`, a new one if it was not met before.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(&n) = self.known.get(name) {
            return n;
        }
        let n = self.next;
        self.next = self.next.saturating_add(1);
        if !name.is_empty() {
            self.known.insert(name.to_owned(), n);
        }
        n
    }
}

/// A matrix in memory, compared as it is.
#[derive(Debug)]
pub struct InMemory {
    pub name: String,
    pub matrix: Matrix,
    /// One exhibit name a row, where known.
    pub exhibits: Option<Vec<String>>,
}

impl InMemory {
    #[must_use]
    pub fn new(name: &str, matrix: Matrix) -> Self {
        Self { name: name.to_owned(), matrix, exhibits: None }
    }
}

impl RowSource for InMemory {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn rows(&self) -> usize {
        self.matrix.rows()
    }

    fn width(&self) -> usize {
        self.matrix.width()
    }

    fn element(&self) -> Element {
        self.matrix.element()
    }

    fn read(&mut self, rows: Range<usize>) -> Result<Values, SourceError> {
        let d = self.width();
        let span = rows.start * d..rows.end * d;
        Ok(match self.matrix.values() {
            Values::F32(v) => Values::F32(v[span].to_vec()),
            Values::F64(v) => Values::F64(v[span].to_vec()),
        })
    }

    fn exhibits(&mut self, names: &mut ExhibitNames) -> Result<Option<Vec<u32>>, SourceError> {
        Ok(self.exhibits.as_ref().map(|all| all.iter().map(|e| names.number(e)).collect()))
    }

    fn label(&mut self, _: usize) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::ExhibitNames;

    #[test]
    fn what_is_not_known_is_no_exhibit_in_common() {
        let mut names = ExhibitNames::default();
        let numbers: Vec<u32> = ["a", "", "b", "a", "", "b"].iter().map(|name| names.number(name)).collect();
        assert_eq!(numbers, [0, 1, 2, 0, 3, 2]);
    }
}
