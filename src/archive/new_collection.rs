//! Writing a collection: a group with `values (n, d)`, and beside it `axis (d)` with its unit and columns of one entry a row.
//!
//! Rows may come in any order and from any thread; the file has its name only when all are there ([`super::write`]).

use super::address::Address;
use super::error::Error;
use super::write::{Entry, Kind, Layout, Writer};
use crate::matrix::{Element, Values};

/// What is known before the first row is written.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub rows: usize,
    pub width: usize,
    /// Numbers of the axis, and their unit.
    pub axis: Option<(Vec<f64>, Option<String>)>,
    /// Names of the features, where they have names and no numbers.
    pub features: Option<Vec<String>>,
    /// Columns beside the values: id, exhibit, source and what else there is. Each has n texts.
    pub columns: Vec<(String, Vec<String>)>,
    /// Columns of n numbers.
    pub numbers: Vec<(String, Vec<f64>)>,
    /// Short texts of the group.
    pub attributes: Vec<(String, String)>,
    /// Long texts: a dataset of one entry each.
    pub texts: Vec<(String, String)>,
    /// Long texts that are written when all else is known ([`NewCollection::note`]): names, and most bytes.
    pub later: Vec<(String, usize)>,
    /// Whether a mask `detected (n, d)` stands beside the values.
    pub mask: bool,
}

/// Whether a column may not be called so, since the name has a meaning of its own beside values.
#[must_use]
pub fn is_taken(name: &str) -> bool {
    let own = [
        "values",
        "axis",
        "feature",
        "detected",
        "preparation",
        "marking",
        "segment",
        "making",
        "indptr",
        "mz",
        "intensity",
        "precursor_mz",
    ];
    own.contains(&name) || name.contains('/')
}

/// A collection being written.
#[derive(Debug)]
pub struct NewCollection {
    writer: Writer,
    group: String,
    width: usize,
}

impl NewCollection {
    /// Lays it out in `address` (the file's root where it names no group) and writes all but the rows. A file that is there is added to.
    ///
    /// # Errors
    /// When it cannot be written, or the file holds such a group already and `overwrite` is not given.
    pub fn create(address: &Address, element: Element, plan: &Plan, overwrite: bool) -> Result<Self, Error> {
        let group = address.inner.clone().unwrap_or_else(|| "/".into());
        let path = |name: &str| format!("{}/{name}", group.trim_end_matches('/'));
        if let Some(name) = plan.columns.iter().map(|(n, _)| n).chain(plan.numbers.iter().map(|(n, _)| n)).find(|n| is_taken(n)) {
            let text =
                format!("a column cannot be called {name:?}: the name has a meaning of its own there, or a slash. Rename it");
            return Err(Error::Refused { file: address.to_string(), text });
        }
        let longest = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0).max(1);
        let kind = match element {
            Element::F32 => Kind::F32,
            Element::F64 => Kind::F64,
        };
        let mut layout = Layout::default().group(&group).dataset(&path("values"), &[plan.rows, plan.width], kind);
        if let Some((axis, unit)) = &plan.axis {
            layout = layout.dataset(&path("axis"), &[axis.len()], Kind::F64);
            if let Some(unit) = unit {
                layout = layout.attribute(&path("axis"), "unit", unit);
            }
        }
        if let Some(features) = &plan.features {
            layout = layout.dataset(&path("feature"), &[features.len()], Kind::Text(longest(features)));
        }
        if plan.mask {
            layout = layout.dataset(&path("detected"), &[plan.rows, plan.width], Kind::U8);
        }
        for (name, texts) in &plan.columns {
            layout = layout.dataset(&path(name), &[texts.len()], Kind::Text(longest(texts)));
        }
        for (name, numbers) in &plan.numbers {
            layout = layout.dataset(&path(name), &[numbers.len()], Kind::F64);
        }
        for (name, text) in &plan.texts {
            layout = layout.dataset(&path(name), &[1], Kind::Text(text.len().max(1)));
        }
        for (name, room) in &plan.later {
            layout = layout.dataset(&path(name), &[1], Kind::Text((*room).max(1)));
        }
        for (name, text) in &plan.attributes {
            layout = layout.attribute(&group, name, text);
        }
        let writer = if group == "/" {
            Writer::create(&address.file, &layout, overwrite)?
        } else {
            Writer::extend(&address.file, &layout, overwrite)?
        };
        if let Some((axis, _)) = &plan.axis {
            writer.put(&path("axis"), 0, axis)?;
        }
        if let Some(features) = &plan.features {
            writer.put_texts(&path("feature"), 0, features)?;
        }
        for (name, texts) in &plan.columns {
            writer.put_texts(&path(name), 0, texts)?;
        }
        for (name, numbers) in &plan.numbers {
            writer.put(&path(name), 0, numbers)?;
        }
        for (name, text) in &plan.texts {
            writer.put_texts(&path(name), 0, &[text])?;
        }
        Ok(Self { writer, group, width: plan.width })
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.group.trim_end_matches('/'))
    }

    /// Writes rows from `start` on.
    ///
    /// # Errors
    /// When they do not fit, are of another element, or the disk fails.
    pub fn put(&self, start: usize, rows: &Values) -> Result<(), Error> {
        let at = (start * self.width) as u64;
        match rows {
            Values::F32(v) => self.writer.put(&self.path("values"), at, v),
            Values::F64(v) => self.writer.put(&self.path("values"), at, v),
        }
    }

    /// Writes rows of the mask from `start` on: 1 where a number was measured.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn put_mask(&self, start: usize, detected: &[u8]) -> Result<(), Error> {
        self.put_column("detected", (start * self.width) as u64, detected)
    }

    /// Writes a text that was to be written later.
    ///
    /// # Errors
    /// When it is longer than was said, or the disk fails.
    pub fn note(&self, name: &str, text: &str) -> Result<(), Error> {
        self.writer.put_texts(&self.path(name), 0, &[text])
    }

    fn put_column<T: Entry>(&self, name: &str, start: u64, entries: &[T]) -> Result<(), Error> {
        self.writer.put(&self.path(name), start, entries)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When something is missing, or the disk fails.
    pub fn finish(self) -> Result<(), Error> {
        self.writer.finish()
    }
}
