//! Results into HDF5; [`StoredResult`] is the way back.
//!
//! A result is a group with the attributes `striae_kind` (`top-k`, `links`, `dense`), `metric` and `version`, and
//! - top-k: `neighbors (n, k)` i64, best first, −1 where there are fewer; `scores (n, k)` f64, NaN there;
//! - links: `query`, `reference` i64 and `score` f64, ordered by query and reference;
//! - dense: `scores (n, m)` f32, NaN for pairs that were left out; the attribute `tolerance`;
//! - of `ccf` also `lags`, `stretches`, `overlaps` and what `--rescore` asked for (links: `lag`, `stretch`, `overlap`);
//! - of peak lists also `matched`, i64: peaks that were matched, −1 where there is no partner;
//! - `query_left_out`, `reference_left_out`: rows that the metric is not defined for, where such were skipped;
//! - `record`: how it was made, as JSON ([`Record`]), with its digest beside it.

pub use super::stored_result::{StoredKind, StoredResult};

use super::address::Address;
use super::error::Error;
use super::sealed;
use super::write::{Kind, Layout, Unfinished, Writer};
use crate::compare::checkpoint::Writing;
use crate::compare::digest::{BesideDigest, ResultDigest, of_ranking};
use crate::compare::explain::{Column, Explainer, Numbers};
use crate::compare::{DenseStore, Input, Links, Observer, Record};
use std::path::Path;
use std::time::Instant;

/// Longest record, as JSON.
const MOST_RECORD: usize = 65_536;
/// Left-out rows that a record names with their reasons; all of them are in their dataset.
const MOST_REASONS: usize = 200;
/// Seconds that have as many digits as any: room for them is reserved.
const LONG: f64 = 1_234_567.890_123_456_7;
/// Notes of a run that a record keeps.
const MOST_WARNINGS: usize = 100;
/// Bytes of a note.
const MOST_WARNING: usize = 300;

/// Where a result goes.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: Address,
    pub overwrite: bool,
}

impl Target {
    pub(super) fn group(&self) -> String {
        self.address.inner.clone().unwrap_or_else(|| "/".into())
    }

    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.group().trim_end_matches('/'))
    }

    pub(super) fn file(&self) -> &Path {
        &self.address.file
    }

    pub(super) fn layout(&self, kind: &str, metric: &str, version: &str, record: usize, inputs: &[Input]) -> Layout {
        let group = self.group();
        let mut layout = Layout::default()
            .group(&group)
            .attribute(&group, "striae_kind", kind)
            .attribute(&group, "metric", metric)
            .attribute(&group, "version", version);
        layout = sealed::layout(layout, &group, record);
        for (side, input) in ["query", "reference"].iter().zip(inputs) {
            if !input.left_out.is_empty() {
                layout = layout.dataset(&self.path(&format!("{side}_left_out")), &[input.left_out.len()], Kind::I64);
            }
        }
        layout
    }

    pub(super) fn put_left_out(&self, writer: &Writer, inputs: &[Input]) -> Result<(), Error> {
        for (side, input) in ["query", "reference"].iter().zip(inputs) {
            if !input.left_out.is_empty() {
                let rows: Vec<i64> = input.left_out.iter().map(|&(row, _)| row as i64).collect();
                writer.put(&self.path(&format!("{side}_left_out")), 0, &rows)?;
            }
        }
        Ok(())
    }
}

pub(super) fn json(target: &Target, record: &Record) -> Result<String, Error> {
    let mut record = record.clone();
    for input in &mut record.inputs {
        input.left_out.truncate(MOST_REASONS);
    }
    // Of runs of hundreds of shards, or that were interrupted as often: the first and the last ones say what there is to know.
    let (count, half) = (record.warnings.len(), MOST_WARNINGS / 2);
    if count > MOST_WARNINGS {
        let text = format!("{} further notes are left out here", count - MOST_WARNINGS);
        record.warnings.splice(half..count - half, [text]);
    }
    for warning in &mut record.warnings {
        if warning.len() > MOST_WARNING {
            let end = (0..=MOST_WARNING).rev().find(|&at| warning.is_char_boundary(at)).unwrap_or(0);
            warning.truncate(end);
            warning.push_str(" …");
        }
    }
    let fault = |text: String| Error::Incomplete { path: target.file().display().to_string(), text };
    let text = serde_json::to_string_pretty(&record).map_err(|e| fault(format!("the record cannot be written: {e}")))?;
    if text.len() > MOST_RECORD {
        return Err(fault(format!("the record has {} bytes, more than {MOST_RECORD}", text.len())));
    }
    Ok(text)
}

/// Writes a ranking; fills in the record's digest.
///
/// # Errors
/// When it cannot be written. Nothing stays then.
pub fn write_ranking(
    target: &Target,
    record: &mut Record,
    k: usize,
    neighbors: &[i64],
    scores: &[f64],
    explainer: Option<Explainer<'_>>,
    lasting: Option<Lasting<'_>>,
) -> Result<(), LinkError> {
    record.result_blake3 = of_ranking(k, neighbors, scores);
    let from = Instant::now();
    let mut beside = explainer.map(|e| Beside::new(target, e, 0));
    let mut lasting = lasting.filter(|_| beside.is_some());
    // As long as it will be, to reserve its place.
    record.beside_blake3 = beside.as_ref().map(|_| "0".repeat(64));
    record.effort.explain_seconds = if beside.is_some() { LONG } else { 0.0 };
    // Another process may write another text there.
    let length = if lasting.is_some() { MOST_RECORD } else { json(target, record)?.len() };
    let shape = [neighbors.len() / k, k];
    let layout = target
        .layout("top-k", &record.options.metric, &record.version, length, &record.inputs)
        .dataset(&target.path("neighbors"), &shape, Kind::I64)
        .dataset(&target.path("scores"), &shape, Kind::F64);
    let layout = beside.iter().fold(layout, |layout, b| b.layout(layout, &shape));
    let (writer, done) = open(target, &layout, lasting.as_ref())?;
    if done == 0 {
        writer.put(&target.path("neighbors"), 0, neighbors)?;
        writer.put(&target.path("scores"), 0, scores)?;
    }
    if let Some(mut beside) = beside.take() {
        if let Some(lasting) = &lasting {
            lasting.observer.phase("explain", neighbors.len() as u64);
        }
        beside.take_up(&writer, done)?;
        let mut first = done as usize;
        while first < neighbors.len() {
            let some = lasting.as_mut().map_or(16_384, |l| l.writing.some()).min(neighbors.len() - first);
            let part = &neighbors[first..first + some];
            let pairs: Vec<(u64, i64)> = part.iter().enumerate().map(|(i, &r)| (((first + i) / k) as u64, r)).collect();
            beside.put(&writer, first as u64, &pairs)?;
            first += some;
            if let Some(lasting) = &mut lasting {
                lasting.looked(some, (first as u64, neighbors.len() as u64), &writer)?;
            }
        }
        record.beside_blake3 = Some(beside.digest.finish());
    }
    if record.beside_blake3.is_some() {
        record.effort.explain_seconds = from.elapsed().as_secs_f64();
    }
    target.put_left_out(&writer, &record.inputs)?;
    sealed::put(&writer, &target.group(), &json(target, record)?)?;
    Ok(writer.finish()?)
}

/// How the writing of a result lasts: what stands beside scores may take long to find.
pub struct Lasting<'a> {
    pub writing: &'a mut Writing,
    pub observer: &'a dyn Observer,
}

impl Lasting<'_> {
    fn looked(&mut self, some: usize, (done, of): (u64, u64), writer: &Writer) -> Result<(), LinkError> {
        let sync = || -> Result<serde_json::Value, String> {
            let unfinished = writer.sync().map_err(|e| e.to_string())?;
            serde_json::to_value(unfinished).map_err(|e| e.to_string())
        };
        self.observer.progress(done);
        Ok(self.writing.looked(some, (done, of), self.observer, sync)?)
    }
}

/// A file to write to, and how much of what stands beside scores is in it.
fn open(target: &Target, layout: &Layout, lasting: Option<&Lasting<'_>>) -> Result<(Writer, u64), Error> {
    match lasting.and_then(|l| l.writing.begun::<Unfinished>()) {
        Some((done, unfinished)) if unfinished.is_there(target.file()) => {
            Ok((Writer::resume(target.file(), layout, &unfinished, target.overwrite)?, done))
        }
        // What it was to hold is found again from what the journal holds.
        _ => Ok((Writer::create(target.file(), layout, target.overwrite)?, 0)),
    }
}

/// What stands beside scores while it is written: [`Explainer::columns`], and the digest of each.
struct Beside<'a> {
    explainer: Explainer<'a>,
    columns: Vec<(String, Column)>,
    digest: BesideDigest,
}

impl<'a> Beside<'a> {
    /// `kind`: 0 for rankings, 1 for links.
    fn new(target: &Target, explainer: Explainer<'a>, kind: usize) -> Self {
        let columns: Vec<(String, Column)> = explainer.columns().into_iter().map(|c| (target.path(c.names[kind]), c)).collect();
        let digest = BesideDigest::new(explainer.columns().iter().map(|c| c.names[kind]));
        Self { explainer, columns, digest }
    }

    fn layout(&self, layout: Layout, shape: &[usize]) -> Layout {
        self.columns.iter().fold(layout, |layout, (path, column)| {
            let each = (column.width > 1).then_some(column.width);
            let shape: Vec<usize> = shape.iter().copied().chain(each).collect();
            layout.dataset(path, &shape, if column.integers { Kind::I64 } else { Kind::F64 })
        })
    }

    /// Reads what an earlier process wrote, for its digest.
    fn take_up(&mut self, writer: &Writer, done: u64) -> Result<(), Error> {
        for (n, (path, column)) in self.columns.iter().enumerate() {
            let entries = done * column.width as u64;
            for start in (0..entries).step_by(1 << 16) {
                let count = (entries - start).min(1 << 16) as usize;
                let numbers = if column.integers {
                    writer.get::<i64>(path, start, count)?.into_iter().map(|x| x as f64).collect()
                } else {
                    writer.get::<f64>(path, start, count)?
                };
                self.digest.add(n, &numbers);
            }
        }
        Ok(())
    }

    fn put(&mut self, writer: &Writer, at: u64, pairs: &[(u64, i64)]) -> Result<(), LinkError> {
        let found = self.explainer.of(pairs)?;
        for (n, ((path, column), numbers)) in self.columns.iter().zip(found.numbers(&self.explainer)).enumerate() {
            self.digest.add(n, &numbers.to_f64());
            let at = at * column.width as u64;
            match numbers {
                Numbers::I64(all) => writer.put(path, at, all)?,
                Numbers::F64(all) => writer.put(path, at, all)?,
            }
        }
        Ok(())
    }
}

/// Why links could not be written: they come from somewhere that can fail, too.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error(transparent)]
    Archive(#[from] Error),
    #[error(transparent)]
    Compare(#[from] crate::compare::Error),
}

/// Writes links as they come; fills in the record's digest.
///
/// # Errors
/// When they cannot be read or written. Nothing stays then.
pub fn write_links(
    target: &Target,
    record: &mut Record,
    links: Links,
    explainer: Option<Explainer<'_>>,
    lasting: Option<Lasting<'_>>,
) -> Result<(), LinkError> {
    let from = Instant::now();
    let mut beside = explainer.map(|e| Beside::new(target, e, 1));
    let mut lasting = lasting.filter(|_| beside.is_some());
    record.effort.explain_seconds = if beside.is_some() { LONG } else { 0.0 };
    record.result_blake3 = "0".repeat(64);
    record.beside_blake3 = beside.as_ref().map(|_| "0".repeat(64));
    let length = if lasting.is_some() { MOST_RECORD } else { json(target, record)?.len() };
    let count = links.count as usize;
    let (query, reference, score) = (target.path("query"), target.path("reference"), target.path("score"));
    let layout = target
        .layout("links", &record.options.metric, &record.version, length, &record.inputs)
        .dataset(&query, &[count], Kind::I64)
        .dataset(&reference, &[count], Kind::I64)
        .dataset(&score, &[count], Kind::F64);
    let layout = beside.iter().fold(layout, |layout, b| b.layout(layout, &[count]));
    let (writer, done) = open(target, &layout, lasting.as_ref())?;
    if let Some(beside) = &mut beside {
        if let Some(lasting) = &lasting {
            lasting.observer.phase("explain", count as u64);
        }
        beside.take_up(&writer, done)?;
    }
    let mut digest = ResultDigest::of_links();
    let mut links = links;
    let (mut at, mut part) = (0, Vec::new());
    while at < count as u64 {
        let some =
            if at < done { (done - at).min(16_384) as usize } else { lasting.as_mut().map_or(16_384, |l| l.writing.some()) };
        part.clear();
        for link in links.by_ref().take(some) {
            part.push(link?);
        }
        if part.is_empty() {
            break;
        }
        for link in &part {
            digest.link(link);
        }
        let first = at;
        at += part.len() as u64;
        // An earlier process wrote them.
        if at <= done {
            continue;
        }
        if let Some(beside) = &mut beside {
            let pairs: Vec<(u64, i64)> = part.iter().map(|l| (l.query, l.reference as i64)).collect();
            beside.put(&writer, first, &pairs)?;
        }
        writer.put(&query, first, &part.iter().map(|l| l.query as i64).collect::<Vec<_>>())?;
        writer.put(&reference, first, &part.iter().map(|l| l.reference as i64).collect::<Vec<_>>())?;
        writer.put(&score, first, &part.iter().map(|l| l.score).collect::<Vec<_>>())?;
        if let Some(lasting) = &mut lasting {
            lasting.looked(part.len(), (at, count as u64), &writer)?;
        }
    }
    record.result_blake3 = digest.finish_links();
    if let Some(beside) = beside {
        record.beside_blake3 = Some(beside.digest.finish());
        record.effort.explain_seconds = from.elapsed().as_secs_f64();
    }
    target.put_left_out(&writer, &record.inputs)?;
    sealed::put(&writer, &target.group(), &json(target, record)?)?;
    Ok(writer.finish()?)
}

/// A dense result being written.
#[derive(Debug)]
pub struct DenseFile {
    target: Target,
    writer: Writer,
    rows: usize,
    cols: usize,
    scores: String,
}

impl DenseFile {
    /// Reserves the space for all scores.
    ///
    /// # Errors
    /// When the disk has no room for them.
    pub fn create(target: Target, metric: &str, version: &str, rows: usize, cols: usize) -> Result<Self, Error> {
        let writer = Writer::create(target.file(), &Self::layout(&target, metric, version, rows, cols), target.overwrite)?;
        let scores = target.path("scores");
        Ok(Self { target, writer, rows, cols, scores })
    }

    /// Goes on with what another process left.
    ///
    /// # Errors
    /// When it is not there any more, or is not of this comparison.
    pub fn resume(
        target: Target,
        metric: &str,
        version: &str,
        (rows, cols): (usize, usize),
        unfinished: &Unfinished,
    ) -> Result<Self, Error> {
        let layout = Self::layout(&target, metric, version, rows, cols);
        let writer = Writer::resume(target.file(), &layout, unfinished, target.overwrite)?;
        let scores = target.path("scores");
        Ok(Self { target, writer, rows, cols, scores })
    }

    fn layout(target: &Target, metric: &str, version: &str, rows: usize, cols: usize) -> Layout {
        target
            .layout("dense", metric, version, MOST_RECORD, &[])
            .dataset(&target.path("scores"), &[rows, cols], Kind::F32)
            .dataset(&target.path("tolerance"), &[1], Kind::F64)
    }

    /// Makes the result complete; fills in the record's digest.
    ///
    /// # Errors
    /// When scores are missing or the disk fails. Nothing stays then.
    pub fn finish(self, record: &mut Record, tolerance: f64) -> Result<(), Error> {
        let mut digest = ResultDigest::of_dense(self.rows, self.cols);
        let step = ((4 << 20) / (self.cols * 4)).max(1);
        for start in (0..self.rows).step_by(step) {
            let count = step.min(self.rows - start) * self.cols;
            digest.scores(&self.writer.get::<f32>(&self.scores, (start * self.cols) as u64, count)?);
        }
        record.result_blake3 = digest.finish();
        record.tolerance = Some(tolerance);
        self.writer.put(&self.target.path("tolerance"), 0, &[tolerance])?;
        let mut text = json(&self.target, record)?;
        text.extend(std::iter::repeat_n(' ', MOST_RECORD - text.len()));
        sealed::put(&self.writer, &self.target.group(), &text)?;
        self.writer.finish()
    }
}

impl DenseStore for DenseFile {
    fn put(&self, row0: usize, col0: usize, cols: usize, scores: &[f32]) -> Result<(), String> {
        for (r, row) in scores.chunks(cols).enumerate() {
            let start = (row0 + r) * self.cols + col0;
            self.writer.put(&self.scores, start as u64, row).map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<Option<serde_json::Value>, String> {
        let unfinished = self.writer.sync().map_err(|e| e.to_string())?;
        serde_json::to_value(unfinished).map(Some).map_err(|e| e.to_string())
    }
}
