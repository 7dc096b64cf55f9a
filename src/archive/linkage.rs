//! Linkages in HDF5: links, series and exhibits, the rankings that they were found in, and how it was made.
//!
//! A group with the attribute `striae_kind` = `linkage` and
//! - `exhibits/`: `id`, `case`, `date`, `place`, `latitude`, `longitude` (degrees, NaN where not known), `series` (row of `series/name`, −1 for none), `community` (number within
//!   the series, −1 for none), `x`, `y` (where it stands in the drawing of its series, 0 … 1);
//! - `links/`: `a`, `b` (rows of `exhibits/`, a < b), `log10_lr` (fused), `contradiction` (1 where modalities contradict each other), and by modality `NAME_log10_lr`,
//!   `NAME_score`, `NAME_query`, `NAME_reference` (rows of the best pair of items, −1 for none), `NAME_limited` (−1, 1: the ratio was cut to its lower, upper limit);
//! - `series/`: `name`;
//! - `rankings/NAME/`: `neighbors`, `scores` (n, k), as of `striae compare`;
//! - `models/NAME`: the likelihood-ratio model of each modality, and `record`, as JSON in pieces of at most 60,000 bytes.
//!
//! The record holds a digest of all columns ([`digest`]), and `record_blake3` is the record's; a file whose columns or record have another is refused.

use super::address::Address;
use super::client::{Client, Reading};
use super::error::Error;
use super::model::pieces;
use super::wire::Question;
use super::write::{Kind, Layout, Writer};
use crate::link::record::LinkRecord;
use std::collections::BTreeMap;

/// Numbers of a column at most: rankings of 20 million items.
const MOST_NUMBERS: usize = 1 << 30;
/// Numbers asked for at a time.
const PIECE: usize = 1 << 19;
/// Pieces of a record that are read at most.
const MOST_PIECES: usize = 4_096;

/// Entries of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Entries {
    Numbers(Vec<f64>),
    Whole(Vec<i64>),
    Texts(Vec<String>),
}

/// A column, or a matrix (n, k) row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Entries of a row.
    pub width: usize,
    pub entries: Entries,
}

impl Column {
    #[must_use]
    pub const fn numbers(values: Vec<f64>) -> Self {
        Self { width: 1, entries: Entries::Numbers(values) }
    }

    #[must_use]
    pub const fn whole(values: Vec<i64>) -> Self {
        Self { width: 1, entries: Entries::Whole(values) }
    }

    #[must_use]
    pub const fn texts(values: Vec<String>) -> Self {
        Self { width: 1, entries: Entries::Texts(values) }
    }

    #[must_use]
    pub fn wide(self, width: usize) -> Self {
        Self { width, ..self }
    }

    fn len(&self) -> usize {
        match &self.entries {
            Entries::Numbers(v) => v.len(),
            Entries::Whole(v) => v.len(),
            Entries::Texts(v) => v.len(),
        }
    }

    fn shape(&self) -> Vec<usize> {
        if self.width == 1 { vec![self.len()] } else { vec![self.len() / self.width, self.width] }
    }
}

/// Columns by name, such as `links/a`.
pub type Columns = BTreeMap<String, Column>;

/// BLAKE3 of `"striae linkage 1\0"`, then for each column in order of its name: the name and a zero byte, its width and length as little-endian u64, its entries as
/// little-endian f64 or i64, or each text and a zero byte.
#[must_use]
pub fn digest(columns: &Columns) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"striae linkage 1\0");
    for (name, column) in columns {
        hasher.update(name.as_bytes()).update(b"\0");
        hasher.update(&(column.width as u64).to_le_bytes()).update(&(column.len() as u64).to_le_bytes());
        match &column.entries {
            Entries::Numbers(v) => v.iter().for_each(|x| {
                // Every NaN is one.
                let bits = if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
                hasher.update(&bits.to_le_bytes());
            }),
            Entries::Whole(v) => v.iter().for_each(|x| {
                hasher.update(&x.to_le_bytes());
            }),
            Entries::Texts(v) => v.iter().for_each(|t| {
                hasher.update(t.as_bytes()).update(b"\0");
            }),
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// Writes a linkage; fills in the record's digest.
///
/// # Errors
/// When it cannot be written. Nothing stays then.
pub fn write(address: &Address, record: &mut LinkRecord, columns: &Columns, overwrite: bool) -> Result<(), Error> {
    let group = address.inner.clone().unwrap_or_else(|| "/".into());
    let path = |name: &str| format!("{}/{name}", group.trim_end_matches('/'));
    record.result_blake3 = digest(columns);
    let json = serde_json::to_string_pretty(record).unwrap_or_default();
    let said = pieces(&json);
    let longest = said.iter().map(String::len).max().unwrap_or(0).max(1);
    let mut layout = Layout::default()
        .group(&group)
        .attribute(&group, "striae_kind", "linkage")
        .attribute(&group, "version", &record.version)
        .dataset(&path("record_blake3"), &[1], Kind::Text(64))
        .dataset(&path("record"), &[said.len()], Kind::Text(longest));
    for (name, column) in columns {
        let kind = match &column.entries {
            Entries::Numbers(_) => Kind::F64,
            Entries::Whole(_) => Kind::I64,
            Entries::Texts(all) => Kind::Text(all.iter().map(String::len).max().unwrap_or(0).max(1)),
        };
        layout = layout.dataset(&path(name), &column.shape(), kind);
    }
    let writer = Writer::create(&address.file, &layout, overwrite)?;
    for (name, column) in columns {
        match &column.entries {
            Entries::Numbers(v) => writer.put(&path(name), 0, v)?,
            Entries::Whole(v) => writer.put(&path(name), 0, v)?,
            Entries::Texts(v) => writer.put_texts(&path(name), 0, v)?,
        }
    }
    writer.put_texts(&path("record_blake3"), 0, &[blake3::hash(json.as_bytes()).to_hex().as_str()])?;
    writer.put_texts(&path("record"), 0, &said)?;
    writer.finish()
}

/// A linkage out of a file.
#[derive(Clone, Debug)]
pub struct Linkage {
    pub record: LinkRecord,
    pub columns: Columns,
    file: String,
}

impl Linkage {
    /// Whether there is one at this address.
    #[must_use]
    pub fn is_at(address: &Address, nodes: &[super::wire::Node]) -> bool {
        let group = address.inner.as_deref().unwrap_or("/");
        nodes.iter().any(|n| n.path == group && n.attributes.get("striae_kind").is_some_and(|kind| kind == "linkage"))
    }

    /// Reads a linkage; its digest is held to its record's.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or it was changed.
    pub fn open(address: &Address, reading: &Reading) -> Result<Self, Error> {
        let mut client = Client::open(&address.file, reading)?;
        let nodes = client.tree()?;
        let file = address.file.display().to_string();
        let refuse = |text: String| Error::Refused { file: file.clone(), text };
        if !Self::is_at(address, &nodes) {
            return Err(refuse("no linkage is in it; striae link makes one".into()));
        }
        let group = address.inner.clone().unwrap_or_else(|| "/".into());
        let inside = format!("{}/", group.trim_end_matches('/'));
        let mut columns = Columns::new();
        let (mut record, mut record_blake3) = (None, None);
        for node in &nodes {
            let (Some(dataset), Some(name)) = (&node.dataset, node.path.strip_prefix(&inside)) else { continue };
            let rows = dataset.shape.first().copied().unwrap_or(0);
            let width = dataset.shape.get(1).copied().unwrap_or(1).max(1);
            if name == "record" {
                record = Some(client.texts(&node.path, 0..rows.min(MOST_PIECES))?.concat());
                continue;
            }
            if name == "record_blake3" {
                record_blake3 = client.texts(&node.path, 0..1)?.pop();
                continue;
            }
            if dataset.text {
                let mut all = Vec::new();
                for start in (0..rows).step_by(16_384) {
                    all.extend(client.texts(&node.path, start..(start + 16_384).min(rows))?);
                }
                columns.insert(name.to_owned(), Column::texts(all));
                continue;
            }
            let count = rows.checked_mul(width).filter(|&n| n <= MOST_NUMBERS);
            let Some(count) = count else { return Err(refuse(format!("{} is too large", node.path))) };
            let mut numbers = vec![0.0; count];
            let step = (PIECE / width).max(1);
            for (n, piece) in numbers.chunks_mut(step * width).enumerate() {
                let question = Question::Rows { dataset: node.path.clone(), start: n * step, count: piece.len() / width };
                client.ask_numbers(&question, bytemuck::cast_slice_mut(piece))?;
            }
            let entries = if dataset.stored.starts_with('i') {
                Entries::Whole(numbers.into_iter().map(|x| x as i64).collect())
            } else {
                Entries::Numbers(numbers)
            };
            columns.insert(name.to_owned(), Column { width, entries });
        }
        let record: String = record.unwrap_or_default();
        let now = blake3::hash(record.as_bytes()).to_hex().to_string();
        if record_blake3.as_ref() != Some(&now) {
            return Err(refuse(format!(
                "the digest of its record is {now}, {} is on file: the record was changed or damaged after it was made",
                record_blake3.as_deref().unwrap_or("none")
            )));
        }
        let record: LinkRecord =
            serde_json::from_str(&record).map_err(|e| refuse(format!("its record cannot be understood: {e}")))?;
        let found = digest(&columns);
        if found != record.result_blake3 {
            return Err(refuse(format!(
                "the digest of its columns is {found}, its record says {}: the file was changed or damaged after it was made",
                record.result_blake3
            )));
        }
        let opened = Self { record, columns, file };
        opened.check()?;
        Ok(opened)
    }

    /// Whether columns have the lengths and rows that others count on: a file may say anything.
    fn check(&self) -> Result<(), Error> {
        let refuse = |text: String| Err(Error::Refused { file: self.file.clone(), text });
        let exhibits = self.texts("exhibits/id")?.len();
        let links = self.whole("links/a")?.len();
        let series = self.texts("series/name")?.len();
        for (name, column) in &self.columns {
            let expected = match name.split('/').next() {
                Some("exhibits") => exhibits,
                Some("links") => links,
                _ => column.len(),
            };
            if column.len() != expected || column.width == 0 || column.len() % column.width != 0 {
                return refuse(format!("its column {name} has {} entries, and {expected} are needed", column.len()));
            }
        }
        let within = |name: &str, least: i64, most: usize| -> Result<(), Error> {
            match self.whole(name)?.iter().find(|x| **x < least || **x >= most as i64) {
                Some(got) => refuse(format!("its column {name} holds {got}; allowed are {least} to {most} (not included)")),
                None => Ok(()),
            }
        };
        within("links/a", 0, exhibits)?;
        within("links/b", 0, exhibits)?;
        within("exhibits/series", -1, series)?;
        self.numbers("exhibits/x")?;
        self.numbers("exhibits/y")?;
        for m in &self.record.modalities {
            let rows: usize = m.parts.iter().map(|p| p.rows).sum();
            within(&format!("links/{}_query", m.name), -1, rows)?;
            within(&format!("links/{}_reference", m.name), -1, rows)?;
            if self.numbers(&format!("rankings/{}/scores", m.name))?.len()
                != self.whole(&format!("rankings/{}/neighbors", m.name))?.len()
            {
                return refuse(format!("its ranking of {} has not one score for every partner", m.name));
            }
        }
        Ok(())
    }

    fn column(&self, name: &str) -> Result<&Column, Error> {
        let refuse = || Error::Refused { file: self.file.clone(), text: format!("the linkage has no column {name} of its kind") };
        self.columns.get(name).ok_or_else(refuse)
    }

    fn other(&self, name: &str) -> Error {
        Error::Refused { file: self.file.clone(), text: format!("the linkage's column {name} is of another kind") }
    }

    /// # Errors
    /// When there is no such column of numbers.
    pub fn numbers(&self, name: &str) -> Result<&[f64], Error> {
        match &self.column(name)?.entries {
            Entries::Numbers(v) => Ok(v),
            _ => Err(self.other(name)),
        }
    }

    /// # Errors
    /// When there is no such column of whole numbers.
    pub fn whole(&self, name: &str) -> Result<&[i64], Error> {
        match &self.column(name)?.entries {
            Entries::Whole(v) => Ok(v),
            _ => Err(self.other(name)),
        }
    }

    /// # Errors
    /// When there is no such column of texts.
    pub fn texts(&self, name: &str) -> Result<&[String], Error> {
        match &self.column(name)?.entries {
            Entries::Texts(v) => Ok(v),
            _ => Err(self.other(name)),
        }
    }

    /// Entries of a row of a matrix.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn width(&self, name: &str) -> Result<usize, Error> {
        Ok(self.column(name)?.width)
    }
}
