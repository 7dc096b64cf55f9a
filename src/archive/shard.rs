//! What one shard of a comparison found, in HDF5, and back: the parts that `striae merge` makes one result of.
//!
//! A group with the attributes `striae_kind` = `shard`, `metric`, `version`, and
//! - of a ranking: `row (r)` i64, the queries that have partners within the shard, ascending; `neighbors (r, k)` and `scores (r, k)`, best first, −1 and NaN where there
//!   are fewer;
//! - of links: `query`, `reference` i64 and `score` f64, ordered by query and reference;
//! - of peak lists also `matched`;
//! - `query_left_out`, `reference_left_out` and `record` as of a whole result.
//!
//! The digest in the record is BLAKE3 over `"striae shard 1\0"` and, in the order above, the numbers of each dataset, 8 bytes each, little-endian, every NaN as the one
//! with bits 7ff8000000000000.

use super::address::Address;
use super::client::{Client, Reading};
use super::error::Error;
use super::result::{LinkError, Target, json};
use super::sealed;
use super::wire::Question;
use super::write::{Kind, Layout, Writer};
use crate::compare::peak_job::PeakAnswer;
use crate::compare::select::Best;
use crate::compare::{Link, Links, Record};

/// Rows or links that are read or written at a time.
const PIECE: usize = 1 << 14;

fn bits(number: f64) -> [u8; 8] {
    if number.is_nan() { 0x7ff8_0000_0000_0000u64.to_le_bytes() } else { number.to_bits().to_le_bytes() }
}

/// Datasets of a shard, each with its digest.
struct Columns<'a> {
    target: &'a Target,
    writer: Writer,
    hashers: Vec<(&'static str, blake3::Hasher)>,
}

impl<'a> Columns<'a> {
    fn create(target: &'a Target, record: &Record, columns: &[(&'static str, &[usize], Kind)]) -> Result<Self, Error> {
        let length = json(target, record)?.len();
        let layout = target.layout("shard", &record.options.metric, &record.version, length, &record.inputs);
        let layout: Layout =
            columns.iter().fold(layout, |layout, (name, shape, kind)| layout.dataset(&target.path(name), shape, *kind));
        let writer = Writer::create(target.file(), &layout, target.overwrite)?;
        Ok(Self { target, writer, hashers: columns.iter().map(|(name, ..)| (*name, blake3::Hasher::new())).collect() })
    }

    fn hash(&mut self, name: &str, bytes: &[u8]) {
        if let Some((_, hasher)) = self.hashers.iter_mut().find(|(n, _)| *n == name) {
            hasher.update(bytes);
        }
    }

    fn integers(&mut self, name: &str, at: u64, numbers: &[i64]) -> Result<(), Error> {
        self.hash(name, &numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>());
        self.writer.put(&self.target.path(name), at, numbers)
    }

    fn scores(&mut self, name: &str, at: u64, numbers: &[f64]) -> Result<(), Error> {
        self.hash(name, &numbers.iter().flat_map(|n| bits(*n)).collect::<Vec<u8>>());
        self.writer.put(&self.target.path(name), at, numbers)
    }

    fn finish(self, record: &mut Record) -> Result<(), Error> {
        record.result_blake3 = digest(self.hashers.into_iter().map(|(_, hasher)| hasher.finalize()));
        self.target.put_left_out(&self.writer, &record.inputs)?;
        sealed::put(&self.writer, &self.target.group(), &json(self.target, record)?)?;
        self.writer.finish()
    }
}

fn digest(columns: impl Iterator<Item = blake3::Hash>) -> String {
    let mut whole = blake3::Hasher::new();
    whole.update(b"striae shard 1\0");
    for column in columns {
        whole.update(column.as_bytes());
    }
    whole.finalize().to_hex().to_string()
}

/// As long as a digest will be, to reserve its place.
fn placeholder() -> String {
    "0".repeat(64)
}

/// Writes what a shard found of a ranking; fills in the record's digest.
///
/// # Errors
/// When it cannot be written. Nothing stays then.
pub fn write_ranking(
    target: &Target,
    record: &mut Record,
    k: usize,
    neighbors: &[i64],
    scores: &[f64],
    matched: Option<&[i64]>,
) -> Result<(), Error> {
    record.result_blake3 = placeholder();
    let rows: Vec<usize> =
        neighbors.chunks(k).enumerate().filter(|(_, row)| row.first().is_some_and(|n| *n >= 0)).map(|r| r.0).collect();
    let (one, two) = ([rows.len()], [rows.len(), k]);
    let mut columns: Vec<(&'static str, &[usize], Kind)> =
        vec![("row", &one, Kind::I64), ("neighbors", &two, Kind::I64), ("scores", &two, Kind::F64)];
    if matched.is_some() {
        columns.push(("matched", &two, Kind::I64));
    }
    let mut out = Columns::create(target, record, &columns)?;
    for (n, part) in rows.chunks((PIECE / k).max(1)).enumerate() {
        let first = n * (PIECE / k).max(1);
        let at = (first * k) as u64;
        let of = |row: &usize| row * k..(row + 1) * k;
        out.integers("row", first as u64, &part.iter().map(|row| *row as i64).collect::<Vec<_>>())?;
        out.integers("neighbors", at, &part.iter().flat_map(|row| &neighbors[of(row)]).copied().collect::<Vec<_>>())?;
        out.scores("scores", at, &part.iter().flat_map(|row| &scores[of(row)]).copied().collect::<Vec<_>>())?;
        if let Some(matched) = matched {
            out.integers("matched", at, &part.iter().flat_map(|row| &matched[of(row)]).copied().collect::<Vec<_>>())?;
        }
    }
    out.finish(record)
}

/// Writes links of a shard as they come; fills in the record's digest.
///
/// # Errors
/// When they cannot be read or written. Nothing stays then.
pub fn write_links(target: &Target, record: &mut Record, links: Links) -> Result<(), LinkError> {
    record.result_blake3 = placeholder();
    let count = [links.count as usize];
    let mut out = link_columns(target, record, count, false)?;
    let (mut at, mut part) = (0, Vec::with_capacity(PIECE));
    for link in links {
        part.push(link?);
        if part.len() == PIECE {
            put_links(&mut out, at, &part)?;
            at += part.len() as u64;
            part.clear();
        }
    }
    put_links(&mut out, at, &part)?;
    Ok(out.finish(record)?)
}

fn link_columns<'a>(target: &'a Target, record: &Record, count: [usize; 1], matched: bool) -> Result<Columns<'a>, Error> {
    let all: [(&'static str, &[usize], Kind); 4] = [
        ("query", &count, Kind::I64),
        ("reference", &count, Kind::I64),
        ("score", &count, Kind::F64),
        ("matched", &count, Kind::I64),
    ];
    Columns::create(target, record, if matched { &all } else { &all[..3] })
}

fn put_links(out: &mut Columns<'_>, at: u64, links: &[Link]) -> Result<(), Error> {
    out.integers("query", at, &links.iter().map(|l| l.query as i64).collect::<Vec<_>>())?;
    out.integers("reference", at, &links.iter().map(|l| l.reference as i64).collect::<Vec<_>>())?;
    out.scores("score", at, &links.iter().map(|l| l.score).collect::<Vec<_>>())
}

/// Writes what a shard of peak lists found; fills in the record's digest.
///
/// # Errors
/// When it cannot be written. Nothing stays then.
pub fn write_peaks(target: &Target, record: &mut Record, answer: &PeakAnswer) -> Result<(), Error> {
    match answer {
        PeakAnswer::TopK { k, neighbors, scores, matched } => write_ranking(target, record, *k, neighbors, scores, Some(matched)),
        PeakAnswer::Links { links, matched } => {
            record.result_blake3 = placeholder();
            let mut out = link_columns(target, record, [links.len()], true)?;
            for (n, (links, matched)) in links.chunks(PIECE).zip(matched.chunks(PIECE)).enumerate() {
                put_links(&mut out, (n * PIECE) as u64, links)?;
                out.integers("matched", (n * PIECE) as u64, matched)?;
            }
            out.finish(record)
        }
    }
}

/// A row of a ranking, with matched peaks where there are such.
pub type RankedRow = (usize, Vec<Best>, Vec<i64>);

/// A shard's file.
#[derive(Debug)]
pub struct StoredShard {
    client: Client,
    group: String,
    name: String,
    /// Rows of a ranking with k each, or links.
    pub size: Size,
    matched: bool,
    pub record: Record,
}

/// How much a shard holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Rows { rows: usize, k: usize },
    Links(usize),
}

impl StoredShard {
    /// Opens a shard's file.
    ///
    /// # Errors
    /// When it is none, or was damaged.
    pub fn open(address: &Address, reading: &Reading) -> Result<Self, Error> {
        let mut client = Client::open(&address.file, reading)?;
        let file = address.file.display().to_string();
        let refuse = |text: String| Error::Refused { file: file.clone(), text };
        let nodes = client.tree()?;
        let kind_of = |path: &str| nodes.iter().find(|n| n.path == path).and_then(|n| n.attributes.get("striae_kind"));
        let group = match &address.inner {
            Some(inner) => inner.clone(),
            None => nodes
                .iter()
                .find(|n| n.attributes.contains_key("striae_kind"))
                .map(|n| n.path.clone())
                .ok_or_else(|| refuse("there is no shard of a comparison in this file".into()))?,
        };
        match kind_of(&group).map(String::as_str) {
            Some("shard") => {}
            other => {
                let text =
                    format!("this is no shard of a comparison (--shard makes one), but {}", other.unwrap_or("something else"));
                return Err(refuse(text));
            }
        }
        let path = |name: &str| format!("{}/{name}", group.trim_end_matches('/'));
        let shape =
            |name: &str| nodes.iter().find(|n| n.path == path(name)).and_then(|n| n.dataset.as_ref()).map(|d| &d.shape[..]);
        let size = match (shape("row"), shape("neighbors"), shape("scores"), shape("query"), shape("reference"), shape("score")) {
            (Some(&[rows]), Some(&[n, k]), Some(&[s, l]), ..) if n == rows && s == rows && k == l && k > 0 => {
                Size::Rows { rows, k }
            }
            (.., Some(&[count]), Some(&[r]), Some(&[s])) if r == count && s == count => Size::Links(count),
            _ => return Err(refuse("its datasets are not those of a shard".into())),
        };
        let matched = match (shape("matched"), size) {
            (None, _) => false,
            (Some(&[rows, k]), all) if all == Size::Rows { rows, k } => true,
            (Some(&[count]), all) if all == Size::Links(count) => true,
            (Some(other), _) => return Err(refuse(format!("matched has the shape {other:?}"))),
        };
        let text = sealed::get(&mut client, &nodes, &group, &file)?;
        let record: Record = serde_json::from_str(&text).map_err(|e| refuse(format!("its record cannot be understood: {e}")))?;
        if record.shard.is_none() {
            return Err(refuse("its record does not say which shard it is".into()));
        }
        let mut shard = Self { client, group, name: file.clone(), size, matched, record };
        for (n, side) in ["query", "reference"].iter().enumerate() {
            let Some(&[count]) = nodes
                .iter()
                .find(|node| node.path == format!("{}/{side}_left_out", shard.group.trim_end_matches('/')))
                .and_then(|node| node.dataset.as_ref())
                .map(|d| &d.shape[..])
            else {
                continue;
            };
            let rows = shard.integers(&format!("{side}_left_out"), 0, count)?;
            // The record has reasons for the first of them only.
            if let Some(input) = shard.record.inputs.get_mut(n) {
                let reasons: std::collections::HashMap<usize, String> = input.left_out.drain(..).collect();
                let reason = |row: usize| reasons.get(&row).cloned().unwrap_or_else(|| "left out as invalid".into());
                input.left_out = rows.iter().map(|row| (*row as usize, reason(*row as usize))).collect();
            }
        }
        Ok(shard)
    }

    /// The file's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn numbers(&mut self, name: &str, start: usize, count: usize) -> Result<Vec<f64>, Error> {
        let dataset = format!("{}/{name}", self.group.trim_end_matches('/'));
        let bytes = self.client.ask(&Question::Rows { dataset, start, count })?;
        Ok(bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect())
    }

    fn integers(&mut self, name: &str, start: usize, count: usize) -> Result<Vec<i64>, Error> {
        Ok(self.numbers(name, start, count)?.into_iter().map(|n| n as i64).collect())
    }

    /// Whether matched peaks stand beside.
    #[must_use]
    pub const fn has_matched(&self) -> bool {
        self.matched
    }

    /// The digest of what is stored, computed anew.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn digest(&mut self) -> Result<String, Error> {
        let (names, rows): (&[(&str, bool)], usize) = match self.size {
            Size::Rows { rows, .. } => (&[("row", true), ("neighbors", true), ("scores", false), ("matched", true)], rows),
            Size::Links(count) => (&[("query", true), ("reference", true), ("score", false), ("matched", true)], count),
        };
        let names = if self.matched { names } else { &names[..3] };
        let each = if let Size::Rows { k, .. } = self.size { (PIECE / k).max(1) } else { PIECE };
        let mut hashes = Vec::new();
        for (name, whole) in names {
            let mut hasher = blake3::Hasher::new();
            for start in (0..rows).step_by(each) {
                let numbers = self.numbers(name, start, each.min(rows - start))?;
                let bytes = |x: &f64| if *whole { (*x as i64).to_le_bytes() } else { bits(*x) };
                hasher.update(&numbers.iter().flat_map(bytes).collect::<Vec<u8>>());
            }
            hashes.push(hasher.finalize());
        }
        Ok(digest(hashes.into_iter()))
    }

    /// Hands over all rows of a ranking, each best first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn rows(&mut self, mut take: impl FnMut(RankedRow) -> Result<(), Error>) -> Result<(), Error> {
        let Size::Rows { rows, k } = self.size else { return Ok(()) };
        let each = (PIECE / k).max(1);
        for start in (0..rows).step_by(each) {
            let count = each.min(rows - start);
            let row = self.integers("row", start, count)?;
            let neighbors = self.integers("neighbors", start, count)?;
            let scores = self.numbers("scores", start, count)?;
            let matched = if self.matched { self.integers("matched", start, count)? } else { Vec::new() };
            for (n, row) in row.into_iter().enumerate() {
                let of = n * k..(n + 1) * k;
                let there = neighbors[of.clone()].iter().take_while(|n| **n >= 0).count();
                let best = |at: usize| Best { score: scores[of.start + at], partner: neighbors[of.start + at] as u64 };
                let matched = matched.get(of.start..of.start + there).map_or_else(Vec::new, <[i64]>::to_vec);
                take((row as usize, (0..there).map(best).collect(), matched))?;
            }
        }
        Ok(())
    }

    /// Hands over all links, with matched peaks where there are such.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn links(&mut self, mut take: impl FnMut(Link, Option<i64>) -> Result<(), Error>) -> Result<(), Error> {
        let Size::Links(count) = self.size else { return Ok(()) };
        for start in (0..count).step_by(PIECE) {
            let some = PIECE.min(count - start);
            let (query, reference) = (self.integers("query", start, some)?, self.integers("reference", start, some)?);
            let score = self.numbers("score", start, some)?;
            let matched = if self.matched { self.integers("matched", start, some)? } else { Vec::new() };
            for (n, ((query, reference), score)) in query.into_iter().zip(reference).zip(score).enumerate() {
                take(Link { query: query as u64, reference: reference as u64, score }, matched.get(n).copied())?;
            }
        }
        Ok(())
    }
}
