//! A collection as a recipe makes it, read row by row: what `--prepare` compares.
//!
//! Rows are f64. Means and references are learnt of all rows of one collection ([`fit`]), and applied to any.

use super::transform::{Error, Fitted, Look, Recipe, Rows};
use crate::compare::digest::ValuesDigest;
use crate::compare::pieces::pieces;
use crate::compare::{self, ExhibitNames, Observer, RowSource, SourceError};
use crate::matrix::{Element, Values};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of rows that are read together.
const PIECE: usize = 4 << 20;

/// Why a row of a collection cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[error("{name}{}: {error}", label.as_ref().map(|l| format!(" (id {l:?})")).unwrap_or_default())]
pub struct RowError {
    pub name: String,
    pub label: Option<String>,
    pub error: Error,
}

/// Rows of a collection to learn from.
struct Training<'a> {
    source: &'a mut dyn RowSource,
    observer: &'a dyn Observer,
    /// Why reading failed, in its own type.
    failed: Option<compare::Error>,
}

/// What a pass ends with.
enum Fault {
    Reading(compare::Error),
    Row(Error),
}

impl From<compare::Error> for Fault {
    fn from(error: compare::Error) -> Self {
        Self::Reading(error)
    }
}

impl Rows for Training<'_> {
    fn rows(&self) -> usize {
        self.source.rows()
    }

    fn width(&self) -> usize {
        self.source.width()
    }

    fn visit(&mut self, each: &mut Look<'_>) -> Result<(), Error> {
        let step = (PIECE / (self.source.width() * 8).max(1)).max(1);
        let observer = self.observer;
        let width = self.source.width().max(1);
        let mut block: Vec<f64> = Vec::new();
        let done = pieces(self.source, step, observer, |start, values| {
            block.clear();
            match &values {
                Values::F32(v) => block.extend(v.iter().map(|&x| f64::from(x))),
                Values::F64(v) => block.extend_from_slice(v),
            }
            each(start, &mut block).map_err(Fault::Row)?;
            observer.progress((start + block.len() / width) as u64);
            Ok(values)
        });
        match done {
            Ok(()) => Ok(()),
            Err(Fault::Row(error)) => Err(error),
            Err(Fault::Reading(error)) => {
                let text = error.to_string();
                self.failed = Some(error);
                Err(Error::Source(text))
            }
        }
    }
}

/// Fits a recipe to all rows of a collection.
///
/// # Errors
/// When a row cannot be prepared (by its id), the recipe does not fit the rows, or reading fails or is stopped.
pub fn fit(
    recipe: &Recipe,
    axis: Option<&[f64]>,
    names: Option<&[String]>,
    source: &mut dyn RowSource,
    observer: &dyn Observer,
) -> Result<Fitted, compare::Error> {
    let mut training = Training { source, observer, failed: None };
    match recipe.fit_named(axis, names, &mut training) {
        Ok(fitted) => Ok(fitted),
        Err(error) => match training.failed {
            Some(failed) => Err(failed),
            None => Err(named(training.source, error).into()),
        },
    }
}

fn named(source: &mut dyn RowSource, error: Error) -> SourceError {
    let label = if let Error::Row { row, .. } = &error { source.label(*row) } else { None };
    SourceError(Box::new(RowError { name: source.name(), label, error }))
}

/// A collection seen through a fitted recipe.
#[derive(Debug)]
pub struct Prepared<S> {
    pub inner: S,
    fitted: Arc<Fitted>,
    /// Whether rows that cannot be prepared are given as NaN, which every metric leaves out or refuses.
    lenient: bool,
    used: Option<Values>,
    /// Of the raw rows, as long as they are read one after the other, and the next of them.
    digest: Option<(ValuesDigest, usize)>,
}

impl<S: RowSource> Prepared<S> {
    /// # Errors
    /// When the rows have another width than the recipe was fitted to.
    pub fn new(inner: S, fitted: Arc<Fitted>, lenient: bool) -> Result<Self, compare::Error> {
        let (got, expected) = (inner.width(), fitted.widths().0);
        if got != expected {
            let error = RowError { name: inner.name(), label: None, error: Error::Width { got, expected } };
            return Err(SourceError(Box::new(error)).into());
        }
        let digest = Some((ValuesDigest::new(inner.rows(), inner.width(), inner.element()), 0));
        Ok(Self { inner, fitted, lenient, used: None, digest })
    }

    /// The digest of the raw rows, once the first pass over them is through.
    pub fn digest(&mut self) -> Option<String> {
        self.digest.take_if(|(_, next)| *next == self.inner.rows()).map(|(digest, _)| digest.finish())
    }

    #[must_use]
    pub fn fitted(&self) -> &Fitted {
        &self.fitted
    }
}

impl<S: RowSource> RowSource for Prepared<S> {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn rows(&self) -> usize {
        self.inner.rows()
    }

    fn width(&self) -> usize {
        self.fitted.widths().1
    }

    fn element(&self) -> Element {
        Element::F64
    }

    fn read(&mut self, rows: Range<usize>) -> Result<Values, SourceError> {
        let (before, after) = self.fitted.widths();
        let (start, count) = (rows.start, rows.len());
        let mut out = vec![0.0; count * after];
        // Raw rows a piece at a time, so that they take little beside the prepared ones.
        let step = (PIECE / (before * 8)).max(1);
        for from in (0..count).step_by(step) {
            let to = (from + step).min(count);
            let used = self.used.take().unwrap_or_else(|| Values::empty(self.inner.element()));
            let raw = self.inner.read_over(start + from..start + to, used)?;
            if let Some((digest, next)) = self.digest.as_mut().filter(|(_, next)| *next == start + from) {
                digest.add(&raw);
                *next = start + to;
            }
            let fitted = &self.fitted;
            // The first row that fails is told of, whichever was seen first.
            let failed: Option<(usize, Error)> = out[from * after..to * after]
                .par_chunks_exact_mut(after)
                .enumerate()
                .filter_map(|(i, out)| {
                    let span = i * before..(i + 1) * before;
                    match fitted.prepare(start + from + i, &raw.span(span)) {
                        Ok(row) => out.copy_from_slice(&row),
                        Err(Error::Row { .. }) if self.lenient => out.fill(f64::NAN),
                        Err(error) => return Some((i, error)),
                    }
                    None
                })
                .min_by_key(|(i, _)| *i);
            self.used = Some(raw);
            if let Some((_, error)) = failed {
                return Err(named(&mut self.inner, error));
            }
        }
        Ok(Values::F64(out))
    }

    fn exhibits(&mut self, names: &mut ExhibitNames) -> Result<Option<Vec<u32>>, SourceError> {
        self.inner.exhibits(names)
    }

    fn label(&mut self, row: usize) -> Option<String> {
        self.inner.label(row)
    }
}

#[cfg(test)]
mod tests {
    use super::{Prepared, fit};
    use crate::compare::{InMemory, RowSource as _, Unwatched};
    use crate::matrix::{Matrix, Values};
    use crate::spectrum::transform::Recipe;
    use std::sync::Arc;

    fn source(values: Vec<f32>) -> InMemory {
        InMemory::new("rows", Matrix::new(Values::F32(values), 4).expect("whole rows"))
    }

    #[test]
    fn rows_come_prepared_whichever_way_they_are_read() {
        let values: Vec<f32> = (0..400).map(|i| (i * 7 % 31) as f32).collect();
        let recipe = Recipe::parse("snv | centre").expect("right");
        let fitted = Arc::new(fit(&recipe, None, None, &mut source(values.clone()), &Unwatched).expect("fits"));
        let mut prepared = Prepared::new(source(values.clone()), fitted, false).expect("fits");
        prepared.read(0..30).expect("reads");
        prepared.read(70..80).expect("reads");
        assert_eq!(prepared.digest(), None);
        prepared.read(30..100).expect("reads");
        let mut raw = crate::compare::digest::ValuesDigest::new(100, 4, crate::matrix::Element::F32);
        raw.add(&Values::F32(values));
        assert_eq!(prepared.digest(), Some(raw.finish()));
        let Values::F64(whole) = prepared.read(0..100).expect("reads") else { panic!("f64") };
        let Values::F64(part) = prepared.read(40..43).expect("reads") else { panic!("f64") };
        assert_eq!(part, whole[160..172]);
        assert!((0..4).all(|j| whole.iter().skip(j).step_by(4).sum::<f64>().abs() < 1e-11));
    }

    #[test]
    fn a_row_that_cannot_be_prepared_is_named_or_left_to_the_metric() {
        let values = vec![1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 5.0];
        let recipe = Recipe::parse("snv").expect("right");
        let fitted = Arc::new(fit(&recipe, None, None, &mut source(vec![1.0, 2.0, 3.0, 4.0]), &Unwatched).expect("fits"));
        let error = Prepared::new(source(values.clone()), fitted.clone(), false).expect("fits").read(0..2).expect_err("constant");
        assert!(error.to_string().contains("row 1: snv"), "{error}");
        let Values::F64(rows) = Prepared::new(source(values), fitted, true).expect("fits").read(0..2).expect("reads") else {
            panic!("f64")
        };
        assert!(rows[..4].iter().all(|x| x.is_finite()) && rows[4..].iter().all(|x| x.is_nan()));
        let recipe = Recipe::parse("snv | centre").expect("right");
        assert!(
            fit(&recipe, None, None, &mut source(vec![5.0; 8]), &Unwatched).expect_err("constant").to_string().contains("row 0")
        );
    }
}
