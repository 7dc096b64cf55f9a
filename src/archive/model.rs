//! Models in HDF5, and what they say of rows.
//!
//! A model is a group with the attributes `striae_kind` = `model`, `model` (its kind) and `version`; `parts/NAME`, f64, an array of each
//! name ([`Parts`]); `texts`, the named texts as JSON, in pieces of at most 60,000 bytes; `record`, how it was made, as JSON ([`ModelRecord`]). Beside it may stand tables: columns of n
//! numbers or texts, and matrices n × m, such as the scores of the training rows.

use super::address::Address;
use super::client::{Client, Reading};
use super::error::Error;
use super::sealed;
use super::wire::Question;
use super::write::{Kind, Layout, Writer};
use crate::chemometrics::Parts;
use crate::chemometrics::parts::Array;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest text of a model, in bytes.
const MOST_TEXT: usize = 1 << 28;
/// Longest piece of a text: longer ones are stored as several entries.
const MOST_ENTRY: usize = 60_000;
/// Numbers asked for at a time.
const PIECE: usize = 1 << 19;

/// How a model, or what it says of rows, was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    pub tool: String,
    pub version: String,
    /// The commit that the program was built of, where its build could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// `FILE.h5:/path` of the rows, and how many, how wide.
    pub input: String,
    pub rows: usize,
    pub width: usize,
    /// BLAKE3 of the rows, as of a comparison's input.
    pub values_blake3: String,
    /// What was asked for, resolved.
    pub options: BTreeMap<String, String>,
    pub started: String,
    pub seconds: f64,
    /// None: an earlier version did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// BLAKE3 of the model ([`Parts::digest`]).
    pub model_blake3: String,
    /// BLAKE3 of each column beside the rows that it was made with (classes, responses, groups; of a likelihood-ratio model what was said of the items whose scores
    /// it was made of, where these were compared with others first of the queries, `query: press`): `"striae texts 1\0"`, then each text and a zero byte.
    #[serde(default)]
    pub columns_blake3: BTreeMap<String, String>,
    /// BLAKE3 of each table: `"striae table 1\0"`, then its numbers as little-endian f64 row by row, or each text and a zero byte.
    #[serde(default)]
    pub tables_blake3: BTreeMap<String, String>,
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl ModelRecord {
    /// Of rows of an input, by this version; what comes out of the work is filled in later.
    #[must_use]
    pub fn new(input: String, rows: usize, width: usize, options: BTreeMap<String, String>, started: String) -> Self {
        Self {
            tool: "striae".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            commit: crate::built::commit(),
            input,
            rows,
            width,
            values_blake3: String::new(),
            options,
            started,
            seconds: 0.0,
            threads: Some(rayon::current_num_threads()),
            model_blake3: String::new(),
            columns_blake3: BTreeMap::new(),
            tables_blake3: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }
}

/// A column or matrix that stands beside a model.
#[derive(Clone, Debug)]
pub enum Table {
    /// n × m, row-major.
    Numbers {
        shape: Vec<usize>,
        values: Vec<f64>,
    },
    Texts(Vec<String>),
    /// n × m that will be written piece by piece.
    Later(Vec<usize>),
    /// n texts of so many bytes at most, likewise.
    TextsLater(usize, usize),
}

/// A file with a model and tables, being written.
#[derive(Debug)]
pub struct NewModel {
    writer: Writer,
    group: String,
    record: usize,
    /// Digests of the tables under way, and numbers or texts that each has so far.
    digests: BTreeMap<String, (blake3::Hasher, usize)>,
}

/// The digest of texts, one a row.
#[must_use]
pub fn texts_digest(texts: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"striae texts 1\0");
    hash_texts(&mut hasher, texts);
    hasher.finalize().to_hex().to_string()
}

fn hash_texts(hasher: &mut blake3::Hasher, texts: &[String]) {
    for text in texts {
        hasher.update(text.as_bytes());
        hasher.update(b"\0");
    }
}

fn hash_numbers(hasher: &mut blake3::Hasher, numbers: &[f64]) {
    let mut bytes = Vec::with_capacity(8 << 13);
    for part in numbers.chunks(1 << 13) {
        bytes.clear();
        bytes.extend(part.iter().flat_map(|x| x.to_le_bytes()));
        hasher.update(&bytes);
    }
}

fn table_hasher() -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"striae table 1\0");
    hasher
}

/// A text in pieces that can be stored, cut between letters.
#[must_use]
pub fn pieces(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text;
    while rest.len() > MOST_ENTRY {
        let at = (0..=MOST_ENTRY).rev().find(|&i| rest.is_char_boundary(i)).unwrap_or(MOST_ENTRY);
        let (piece, more) = rest.split_at(at);
        all.push(piece.to_owned());
        rest = more;
    }
    all.push(rest.to_owned());
    all
}

fn path(group: &str, name: &str) -> String {
    format!("{}/{name}", group.trim_end_matches('/'))
}

impl NewModel {
    /// Lays out the model (where there is one) and the tables, and writes all but what comes later and the record.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(
        address: &Address,
        kind: &str,
        parts: Option<&Parts>,
        tables: &[(String, Table)],
        record: &ModelRecord,
        overwrite: bool,
    ) -> Result<Self, Error> {
        let group = address.inner.clone().unwrap_or_else(|| "/".into());
        let texts = parts.map(|p| pieces(&serde_json::to_string(&p.texts).unwrap_or_default()));
        // Times and digests come at the end.
        let room = serde_json::to_string_pretty(record).map_or(0, |t| t.len()) + 4096 + 160 * tables.len();
        let mut layout = Layout::default()
            .group(&group)
            .attribute(&group, "striae_kind", if parts.is_some() { "model" } else { "applied" })
            .attribute(&group, "model", kind)
            .attribute(&group, "version", &record.version);
        layout = sealed::layout(layout, &group, room);
        if let (Some(parts), Some(texts)) = (parts, &texts) {
            let longest = texts.iter().map(String::len).max().unwrap_or(0).max(1);
            layout = layout.dataset(&path(&group, "texts"), &[texts.len()], Kind::Text(longest));
            for (name, array) in &parts.arrays {
                layout = layout.dataset(&path(&group, &format!("parts/{name}")), &array.shape, Kind::F64);
            }
        }
        for (name, table) in tables {
            layout = match table {
                Table::Numbers { shape, .. } | Table::Later(shape) => layout.dataset(&path(&group, name), shape, Kind::F64),
                Table::TextsLater(n, longest) => layout.dataset(&path(&group, name), &[*n], Kind::Text((*longest).max(1))),
                Table::Texts(all) => {
                    let longest = all.iter().map(String::len).max().unwrap_or(0).max(1);
                    layout.dataset(&path(&group, name), &[all.len()], Kind::Text(longest))
                }
            };
        }
        let writer = if group == "/" {
            Writer::create(&address.file, &layout, overwrite)?
        } else {
            Writer::extend(&address.file, &layout, overwrite)?
        };
        if let (Some(parts), Some(texts)) = (parts, texts) {
            writer.put_texts(&path(&group, "texts"), 0, &texts)?;
            for (name, array) in &parts.arrays {
                writer.put(&path(&group, &format!("parts/{name}")), 0, &array.values)?;
            }
        }
        let mut new = Self { writer, group, record: room, digests: BTreeMap::new() };
        for (name, table) in tables {
            new.digests.insert(name.clone(), (table_hasher(), 0));
            match table {
                Table::Numbers { values, .. } => new.put(name, 0, values)?,
                Table::Texts(all) => new.put_texts(name, 0, all)?,
                Table::Later(_) | Table::TextsLater(..) => {}
            }
        }
        Ok(new)
    }

    /// The digest of a table, of which the next entries start at `start`.
    fn hasher(&mut self, name: &str, start: usize, count: usize) -> Result<&mut blake3::Hasher, Error> {
        match self.digests.get_mut(name) {
            Some((hasher, next)) if *next == start => {
                *next += count;
                Ok(hasher)
            }
            _ => {
                let text = format!("{name}: entries from {start} on are out of turn");
                Err(Error::Incomplete { path: self.group.clone(), text })
            }
        }
    }

    /// Writes the next numbers of a table, from number `start` on.
    ///
    /// # Errors
    /// When they do not fit, or the disk fails.
    pub fn put(&mut self, name: &str, start: usize, values: &[f64]) -> Result<(), Error> {
        hash_numbers(self.hasher(name, start, values.len())?, values);
        self.writer.put(&path(&self.group, name), start as u64, values)
    }

    /// Writes the next texts of a table, from row `start` on.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn put_texts(&mut self, name: &str, start: usize, texts: &[String]) -> Result<(), Error> {
        hash_texts(self.hasher(name, start, texts.len())?, texts);
        self.writer.put_texts(&path(&self.group, name), start as u64, texts)
    }

    /// Writes the record and gives the file its name.
    ///
    /// # Errors
    /// When something is missing, or the disk fails.
    pub fn finish(self, record: &ModelRecord) -> Result<(), Error> {
        let mut record = record.clone();
        record.tables_blake3 =
            self.digests.into_iter().map(|(name, (hasher, _))| (name, hasher.finalize().to_hex().to_string())).collect();
        let mut text = serde_json::to_string_pretty(&record).unwrap_or_default();
        while text.len() > self.record && record.warnings.pop().is_some() {
            text = serde_json::to_string_pretty(&record).unwrap_or_default();
        }
        sealed::put(&self.writer, &self.group, &text)?;
        self.writer.finish()
    }
}

/// Holds every table of a model or of what one says to the digests of its record.
///
/// # Errors
/// When one is missing, there is one more, or one was changed.
pub fn check_tables(address: &Address, reading: &Reading, record: &ModelRecord) -> Result<(), Error> {
    let mut client = Client::open(&address.file, reading)?;
    let nodes = client.tree()?;
    let group = address.inner.clone().unwrap_or_else(|| "/".into());
    let file = address.file.display().to_string();
    let refuse = |text: String| Err(Error::Refused { file: file.clone(), text });
    let inside = path(&group, "");
    // Its own datasets, and those in its groups of tables; whatever else is in the file belongs to others.
    let is_table = |name: &str| {
        let own = !name.contains('/') || name.starts_with("training/") || name.starts_with("validation/");
        own && name != "record" && name != "record_blake3" && name != "texts"
    };
    let mut there = 0;
    for node in &nodes {
        let (Some(dataset), Some(name)) = (&node.dataset, node.path.strip_prefix(&inside)) else { continue };
        if !is_table(name) {
            continue;
        }
        let Some(expected) = record.tables_blake3.get(name) else {
            return refuse(format!("{} stands in it and is not in its record", node.path));
        };
        there += 1;
        let mut hasher = table_hasher();
        let rows = dataset.shape.first().copied().unwrap_or(0);
        let row = dataset.shape.get(1).copied().unwrap_or(1).max(1);
        let step = (PIECE / row).max(1);
        for start in (0..rows).step_by(step) {
            let end = (start + step).min(rows);
            if dataset.text {
                hash_texts(&mut hasher, &client.texts(&node.path, start..end)?);
            } else {
                let mut numbers = vec![0.0; (end - start) * row];
                let question = Question::Rows { dataset: node.path.clone(), start, count: end - start };
                client.ask_numbers(&question, bytemuck::cast_slice_mut(&mut numbers))?;
                hash_numbers(&mut hasher, &numbers);
            }
        }
        let found = hasher.finalize().to_hex().to_string();
        if found != *expected {
            return refuse(format!(
                "the digest of {} is {found}, its record says {expected}: the file was changed or damaged after it was made",
                node.path
            ));
        }
    }
    if there < record.tables_blake3.len() {
        return refuse(format!(
            "{} of {} tables of its record are missing",
            record.tables_blake3.len() - there,
            record.tables_blake3.len()
        ));
    }
    Ok(())
}

/// How what a model says of rows was made.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn applied_record(address: &Address, reading: &Reading) -> Result<ModelRecord, Error> {
    let mut client = Client::open(&address.file, reading)?;
    let group = address.inner.clone().unwrap_or_else(|| "/".into());
    let nodes = client.tree()?;
    let text = sealed::get(&mut client, &nodes, &group, &address.file.display().to_string())?;
    serde_json::from_str(&text)
        .map_err(|e| Error::Refused { file: address.file.display().to_string(), text: format!("its record cannot be read: {e}") })
}

/// A model out of a file.
#[derive(Clone, Debug)]
pub struct StoredModel {
    pub parts: Parts,
    pub record: ModelRecord,
}

impl StoredModel {
    /// Reads a model; its digest is held to its record's.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or it was changed.
    pub fn open(address: &Address, reading: &Reading) -> Result<Self, Error> {
        let mut client = Client::open(&address.file, reading)?;
        let nodes = client.tree()?;
        let file = address.file.display().to_string();
        let refuse = |text: String| Error::Refused { file: file.clone(), text };
        let group = address.inner.clone().unwrap_or_else(|| "/".into());
        let is_model = |n: &super::wire::Node| n.attributes.get("striae_kind").is_some_and(|k| k == "model");
        if !nodes.iter().any(|n| n.path == group && is_model(n)) {
            let there: Vec<&str> = nodes.iter().filter(|n| is_model(n)).map(|n| n.path.as_str()).collect();
            let hint =
                if there.is_empty() { "no model is in it".to_owned() } else { format!("models are in {}", there.join(", ")) };
            return Err(refuse(format!("{group} is no model; {hint}. striae model makes one")));
        }
        let sealed = sealed::get(&mut client, &nodes, &group, &file)?;
        let mut text = |name: &str| -> Result<String, Error> {
            let entries = nodes.iter().find(|n| n.path == path(&group, name)).and_then(|n| n.dataset.as_ref());
            let entries = entries.and_then(|d| d.shape.first().copied()).unwrap_or(1).min(MOST_TEXT / MOST_ENTRY);
            let found = client.texts(&path(&group, name), 0..entries)?.concat();
            if found.len() > MOST_TEXT { Err(refuse(format!("{name} is too long"))) } else { Ok(found) }
        };
        let record: ModelRecord = serde_json::from_str(&sealed).map_err(|e| refuse(format!("its record cannot be read: {e}")))?;
        let texts = serde_json::from_str(&text("texts")?).map_err(|e| refuse(format!("its texts cannot be read: {e}")))?;
        let mut parts = Parts { texts, ..Parts::default() };
        let inside = path(&group, "parts/");
        for node in nodes.iter().filter(|n| n.path.starts_with(&inside)) {
            let Some(dataset) = &node.dataset else { continue };
            let numbers = dataset.element == Some(super::wire::Wire::F64) && (1..=2).contains(&dataset.shape.len());
            let count = dataset.shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n)).filter(|&n| n <= 1 << 31);
            let (true, Some(count)) = (numbers, count) else {
                return Err(refuse(format!("{} is no array of a model", node.path)));
            };
            let mut values = vec![0.0; count];
            let row = dataset.shape.get(1).copied().unwrap_or(1).max(1);
            let step = (PIECE / row).max(1);
            for (n, piece) in values.chunks_mut(step * row).enumerate() {
                let question = Question::Rows { dataset: node.path.clone(), start: n * step, count: piece.len() / row };
                client.ask_numbers(&question, bytemuck::cast_slice_mut(piece))?;
            }
            parts.arrays.insert(node.path[inside.len()..].to_owned(), Array { shape: dataset.shape.clone(), values });
        }
        let digest = parts.digest();
        if digest != record.model_blake3 {
            return Err(refuse(format!(
                "the digest of the model is {digest}, its record says {}: the file was changed or damaged after it was made",
                record.model_blake3
            )));
        }
        Ok(Self { parts, record })
    }
}
