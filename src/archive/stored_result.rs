//! A result of [`super::result`] read back, and held to its record.

use super::address::Address;
use super::client::{Client, Reading};
use super::error::Error;
use super::sealed;
use super::wire::{Dataset, Question};
use crate::compare::digest::{BesideDigest, MatchedDigest, ResultDigest, of_ranking};
use crate::compare::explain::Column;
use crate::compare::{Input, Link, Mode, Record};

/// What a stored result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredKind {
    Ranking { rows: usize, k: usize },
    Links { count: usize },
    Dense { rows: usize, cols: usize },
}

impl std::fmt::Display for StoredKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ranking { rows, k } => write!(f, "the best {k} of each of {rows} queries"),
            Self::Links { count } => write!(f, "{count} pairs"),
            Self::Dense { rows, cols } => write!(f, "all scores of {rows} × {cols}"),
        }
    }
}

/// A result in a file.
#[derive(Debug)]
pub struct StoredResult {
    client: Client,
    group: String,
    pub kind: StoredKind,
    pub record: Record,
}

impl StoredResult {
    /// Opens a result.
    ///
    /// # Errors
    /// When the file is none, or was damaged.
    pub fn open(address: &Address, reading: &Reading) -> Result<Self, Error> {
        let mut client = Client::open(&address.file, reading)?;
        let file = address.file.display().to_string();
        let refuse = |text: String| Error::Refused { file: file.clone(), text };
        let nodes = client.tree()?;
        let group = match &address.inner {
            Some(inner) => inner.clone(),
            None => nodes
                .iter()
                .find(|n| n.attributes.contains_key("striae_kind"))
                .map(|n| n.path.clone())
                .ok_or_else(|| refuse("there is no result of a comparison in this file".into()))?,
        };
        let path = |name: &str| format!("{}/{name}", group.trim_end_matches('/'));
        let shape = |name: &str| -> Result<&[usize], Error> {
            let found = nodes.iter().find(|n| n.path == path(name)).and_then(|n| n.dataset.as_ref());
            found.map(|d: &Dataset| &d.shape[..]).ok_or_else(|| refuse(format!("the result has no {}", path(name))))
        };
        let stored = nodes.iter().find(|n| n.path == group).and_then(|n| n.attributes.get("striae_kind"));
        let kind = match (stored.map(String::as_str), &stored) {
            (Some("top-k"), _) => match (shape("neighbors")?, shape("scores")?) {
                (&[rows, k], other) if other == [rows, k] && k > 0 => StoredKind::Ranking { rows, k },
                other => return Err(refuse(format!("neighbors and scores have shapes {other:?}; both must be (n, k)"))),
            },
            (Some("links"), _) => match (shape("query")?, shape("reference")?, shape("score")?) {
                (&[count], r, s) if r == [count] && s == [count] => StoredKind::Links { count },
                other => return Err(refuse(format!("query, reference and score have shapes {other:?}; all must be (n)"))),
            },
            (Some("dense"), _) => match shape("scores")? {
                &[rows, cols] => StoredKind::Dense { rows, cols },
                other => return Err(refuse(format!("scores has shape {other:?}; it must be (n, m)"))),
            },
            (other, _) => return Err(refuse(format!("{group} is no result of a comparison (striae_kind is {other:?})"))),
        };
        let text = sealed::get(&mut client, &nodes, &group, &file)?;
        let record = serde_json::from_str(&text).map_err(|e| refuse(format!("its record cannot be understood: {e}")))?;
        Ok(Self { client, group, kind, record })
    }

    fn numbers(&mut self, name: &str, start: usize, count: usize) -> Result<Vec<f64>, Error> {
        let dataset = format!("{}/{name}", self.group.trim_end_matches('/'));
        let bytes = self.client.ask(&Question::Rows { dataset, start, count })?;
        Ok(bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect())
    }

    /// Neighbours and scores of these queries.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn ranking(&mut self, rows: std::ops::Range<usize>) -> Result<(Vec<i64>, Vec<f64>), Error> {
        let neighbors = self.numbers("neighbors", rows.start, rows.len())?;
        let scores = self.numbers("scores", rows.start, rows.len())?;
        Ok((neighbors.into_iter().map(|n| n as i64).collect(), scores))
    }

    /// Matched peaks of a result of peak lists: of `count` queries, or of so many links.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn matched(&mut self, start: usize, count: usize) -> Result<Vec<i64>, Error> {
        Ok(self.numbers("matched", start, count)?.into_iter().map(|m| m as i64).collect())
    }

    /// What a column beside the scores holds, of `count` queries or links, as f64; `kind`: 0 for rankings, 1 for links.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn beside(&mut self, column: &Column, start: usize, count: usize) -> Result<Vec<f64>, Error> {
        let kind = usize::from(matches!(self.kind, StoredKind::Links { .. }));
        self.numbers(column.names[kind], start, count)
    }

    /// The digest of the columns beside the scores, computed anew.
    ///
    /// # Errors
    /// When they are not there or cannot be read.
    pub fn beside_digest(&mut self, columns: &[Column]) -> Result<String, Error> {
        let (rows, each, kind) = match self.kind {
            StoredKind::Ranking { rows, k } => (rows, k, 0),
            StoredKind::Links { count } => (count, 1, 1),
            StoredKind::Dense { .. } => (0, 1, 0),
        };
        let mut digest = BesideDigest::new(columns.iter().map(|c| c.names[kind]));
        for (n, column) in columns.iter().enumerate() {
            let step = ((1 << 18) / (each * column.width)).max(1);
            for start in (0..rows).step_by(step) {
                digest.add(n, &self.beside(column, start, step.min(rows - start))?);
            }
        }
        Ok(digest.finish())
    }

    /// The digest of the matched peaks, computed anew.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn matched_digest(&mut self) -> Result<String, Error> {
        let (rows, step) = match self.kind {
            StoredKind::Ranking { rows, k } => (rows, ((1 << 18) / k).max(1)),
            StoredKind::Links { count } => (count, 1 << 18),
            StoredKind::Dense { .. } => (0, 1),
        };
        let mut digest = MatchedDigest::default();
        for start in (0..rows).step_by(step) {
            digest.add(&self.matched(start, step.min(rows - start))?);
        }
        Ok(digest.finish())
    }

    /// Links by their place.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn links(&mut self, places: std::ops::Range<usize>) -> Result<Vec<Link>, Error> {
        let query = self.numbers("query", places.start, places.len())?;
        let reference = self.numbers("reference", places.start, places.len())?;
        let score = self.numbers("score", places.start, places.len())?;
        let link = |((q, r), score): ((f64, f64), f64)| Link { query: q as u64, reference: r as u64, score };
        Ok(query.into_iter().zip(reference).zip(score).map(link).collect())
    }

    /// Scores of these queries with all references.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn dense(&mut self, rows: std::ops::Range<usize>) -> Result<Vec<f32>, Error> {
        let dataset = format!("{}/scores", self.group.trim_end_matches('/'));
        let bytes = self.client.ask(&Question::Rows { dataset, start: rows.start, count: rows.len() })?;
        Ok(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
    }

    fn changed(&self, text: &str) -> Error {
        let text = format!("{text}: it was changed or damaged after it was made");
        Error::Refused { file: self.client.path().display().to_string(), text }
    }

    /// Whether its size is that of what its record says was compared.
    fn check_shape(&self) -> Result<(), Error> {
        let rows_of = |input: Option<&Input>| input.map_or(0, |input| input.rows);
        let (queries, references) = (rows_of(self.record.inputs.first()), rows_of(self.record.inputs.last()));
        let right = match (self.kind, self.record.options.mode) {
            (StoredKind::Ranking { rows, k }, Mode::TopK(asked)) => rows == queries && k == asked,
            (StoredKind::Links { .. }, Mode::Threshold(_)) => true,
            (StoredKind::Dense { rows, cols }, Mode::Dense) => rows == queries && cols == references,
            _ => false,
        };
        if right {
            return Ok(());
        }
        let recorded = match self.record.options.mode {
            Mode::TopK(k) => format!("the best {k} of each of {queries} queries"),
            Mode::Threshold(least) => format!("the pairs that a threshold of {least} admits"),
            Mode::Dense => format!("all scores of {queries} × {references}"),
        };
        Err(self.changed(&format!("it holds {}, and its record says {recorded}", self.kind)))
    }

    /// Whether a link is one that there can be, behind the one before it: each pair stands once, in order, or nobody would see that one is too many.
    fn check_link(&self, link: &Link, before: Option<(u64, u64)>) -> Result<(), Error> {
        let inputs = &self.record.inputs;
        let within = |n: u64, input: Option<&Input>| input.is_some_and(|input| n < input.rows as u64);
        let symmetric = inputs.len() == 1;
        let right = within(link.query, inputs.first())
            && within(link.reference, inputs.last())
            && !(symmetric && link.query >= link.reference)
            && before.is_none_or(|before| before < (link.query, link.reference));
        if right {
            return Ok(());
        }
        let text =
            format!("the link of items {} and {} is out of order, or of items that there are not", link.query, link.reference);
        Err(self.changed(&text))
    }

    /// The digest of what is stored, computed anew.
    ///
    /// # Errors
    /// When it cannot be read, or is not of what its record says.
    pub fn digest(&mut self) -> Result<String, Error> {
        self.check_shape()?;
        match self.kind {
            StoredKind::Ranking { rows, k } => {
                let (mut neighbors, mut scores) = (Vec::with_capacity(rows * k), Vec::with_capacity(rows * k));
                let step = ((1 << 18) / k).max(1);
                for start in (0..rows).step_by(step) {
                    let (n, s) = self.ranking(start..(start + step).min(rows))?;
                    neighbors.extend(n);
                    scores.extend(s);
                }
                Ok(of_ranking(k, &neighbors, &scores))
            }
            StoredKind::Links { count } => {
                let mut digest = ResultDigest::of_links();
                let mut last = None;
                for start in (0..count).step_by(1 << 16) {
                    for link in self.links(start..(start + (1 << 16)).min(count))? {
                        self.check_link(&link, last.replace((link.query, link.reference)))?;
                        digest.link(&link);
                    }
                }
                Ok(digest.finish_links())
            }
            StoredKind::Dense { rows, cols } => {
                let mut digest = ResultDigest::of_dense(rows, cols);
                let step = ((1 << 20) / cols).max(1);
                for start in (0..rows).step_by(step) {
                    digest.scores(&self.dense(start..(start + step).min(rows))?);
                }
                Ok(digest.finish())
            }
        }
    }
}
