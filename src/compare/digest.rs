//! The digest of a result: BLAKE3 over its meaning, not over the file that holds it.
//!
//! All numbers little-endian; scores by their bits, every NaN as the one with bits 7ff8000000000000.
//! - ranking: `"striae top-k 1\0"`, n, k (u64), all neighbours (i64), all scores (f64), row by row
//! - links: `"striae links 1\0"`, for each link query, reference (u64), score (f64); then their count (u64)
//! - columns beside scores: `"striae beside 1\0"`, then for each its name, a zero byte and the 32 bytes of the BLAKE3 of its numbers, as f64
//! - dense: `"striae dense 1\0"`, n, m (u64), all scores (f32), row by row
//! - whose rows are no partners: `"striae labels 1\0"`, a number for each row (u32)
//! - values of an input: `"striae values 1\0"`, n, d (u64), `f32` or `f64`, all numbers of that element, row by row

use super::links::Link;
use crate::matrix::{Element, Values};

/// A digest being made.
#[derive(Debug, Default)]
pub struct ResultDigest {
    hasher: blake3::Hasher,
    links: u64,
}

fn bits(score: f64) -> [u8; 8] {
    if score.is_nan() { 0x7ff8_0000_0000_0000u64.to_le_bytes() } else { score.to_bits().to_le_bytes() }
}

/// The digest of a ranking of n queries, k neighbours each.
#[must_use]
pub fn of_ranking(k: usize, neighbors: &[i64], scores: &[f64]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"striae top-k 1\0");
    hasher.update(&((neighbors.len() / k.max(1)) as u64).to_le_bytes());
    hasher.update(&(k as u64).to_le_bytes());
    let mut buffer = Vec::with_capacity(1 << 16);
    for part in neighbors.chunks(8192) {
        buffer.clear();
        buffer.extend(part.iter().flat_map(|n| n.to_le_bytes()));
        hasher.update(&buffer);
    }
    for part in scores.chunks(8192) {
        buffer.clear();
        buffer.extend(part.iter().flat_map(|&s| bits(s)));
        hasher.update(&buffer);
    }
    hasher.finalize().to_hex().to_string()
}

/// The digest of numbers that are equal for rows of one exhibit or mark.
#[must_use]
pub fn labels(numbers: &[u32]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"striae labels 1\0");
    for part in numbers.chunks(8192) {
        hasher.update(&part.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>());
    }
    hasher.finalize().to_hex().to_string()
}

/// The digest of an input's values.
#[derive(Debug)]
pub struct ValuesDigest(blake3::Hasher);

impl ValuesDigest {
    #[must_use]
    pub fn new(rows: usize, width: usize, element: Element) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"striae values 1\0");
        hasher.update(&(rows as u64).to_le_bytes());
        hasher.update(&(width as u64).to_le_bytes());
        hasher.update(match element {
            Element::F32 => b"f32",
            Element::F64 => b"f64",
        });
        Self(hasher)
    }

    /// The next rows, on all cores.
    pub fn add(&mut self, values: &Values) {
        // Little-endian is how every platform that Rust's HDF5 builds on keeps numbers; others swap.
        match values {
            Values::F32(v) if cfg!(target_endian = "little") => self.0.update_rayon(bytemuck::cast_slice(v)),
            Values::F64(v) if cfg!(target_endian = "little") => self.0.update_rayon(bytemuck::cast_slice(v)),
            Values::F32(v) => v.iter().fold(&mut self.0, |h, x| h.update(&x.to_le_bytes())),
            Values::F64(v) => v.iter().fold(&mut self.0, |h, x| h.update(&x.to_le_bytes())),
        };
    }

    #[must_use]
    pub fn finish(self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

/// The digest of numbers of matched peaks.
#[derive(Debug)]
pub struct MatchedDigest(blake3::Hasher);

impl Default for MatchedDigest {
    fn default() -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"striae matched 1\0");
        Self(hasher)
    }
}

impl MatchedDigest {
    pub fn add(&mut self, matched: &[i64]) {
        let bytes: Vec<u8> = matched.iter().flat_map(|m| m.to_le_bytes()).collect();
        self.0.update(&bytes);
    }

    #[must_use]
    pub fn finish(self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

/// The digest of columns beside scores.
#[derive(Debug)]
pub struct BesideDigest(Vec<(&'static str, blake3::Hasher)>);

impl BesideDigest {
    #[must_use]
    pub fn new(names: impl Iterator<Item = &'static str>) -> Self {
        Self(names.map(|name| (name, blake3::Hasher::new())).collect())
    }

    /// The next numbers of column `n`.
    pub fn add(&mut self, n: usize, numbers: &[f64]) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|&x| bits(x)).collect();
        self.0[n].1.update(&bytes);
    }

    #[must_use]
    pub fn finish(self) -> String {
        let mut whole = blake3::Hasher::new();
        whole.update(b"striae beside 1\0");
        for (name, column) in self.0 {
            whole.update(name.as_bytes());
            whole.update(b"\0");
            whole.update(column.finalize().as_bytes());
        }
        whole.finalize().to_hex().to_string()
    }
}

impl ResultDigest {
    #[must_use]
    pub fn of_links() -> Self {
        let mut digest = Self::default();
        digest.hasher.update(b"striae links 1\0");
        digest
    }

    pub fn link(&mut self, link: &Link) {
        self.hasher.update(&link.query.to_le_bytes());
        self.hasher.update(&link.reference.to_le_bytes());
        self.hasher.update(&bits(link.score));
        self.links += 1;
    }

    #[must_use]
    pub fn finish_links(mut self) -> String {
        let links = self.links;
        self.hasher.update(&links.to_le_bytes());
        self.finish()
    }

    #[must_use]
    pub fn of_dense(rows: usize, cols: usize) -> Self {
        let mut digest = Self::default();
        digest.hasher.update(b"striae dense 1\0");
        digest.hasher.update(&(rows as u64).to_le_bytes());
        digest.hasher.update(&(cols as u64).to_le_bytes());
        digest
    }

    /// The next scores of a dense result.
    pub fn scores(&mut self, scores: &[f32]) {
        let nan = f32::from_bits(0x7fc0_0000);
        let bytes: Vec<u8> = scores.iter().flat_map(|s| if s.is_nan() { nan } else { *s }.to_le_bytes()).collect();
        self.hasher.update(&bytes);
    }

    #[must_use]
    pub fn finish(self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}
