//! All scores, as f32, within a stated tolerance.
//!
//! The one result that is not exact: it is what screening says, without refinement; for metrics of which screening says too
//! little, the exact score rounded to f32. A score is off by at most the tolerance stored with it. The item itself has its score by definition on the diagonal, and pairs that are left out have NaN.

use super::pairing::Pairing;
use crate::backend::{Picked, Sink, Tile};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Where dense scores go. Called from many threads, each block of the matrix once.
pub trait DenseStore: Sync {
    /// Scores of queries `row0 …` with references `col0 …`, row-major, `cols` a row.
    ///
    /// # Errors
    /// In words, when they cannot be stored.
    fn put(&self, row0: usize, col0: usize, cols: usize, scores: &[f32]) -> Result<(), String>;

    /// Sees all scores so far on the disk, and says what it takes to go on with them in another process; nothing where that is not possible.
    ///
    /// # Errors
    /// In words, when they cannot be stored.
    fn sync(&self) -> Result<Option<serde_json::Value>, String> {
        Ok(None)
    }
}

/// Receives a pair of blocks' tiles and stores all scores.
pub struct DenseSink<'a> {
    pub pairing: Pairing<'a>,
    pub store: &'a dyn DenseStore,
    pub fault: &'a Mutex<Option<String>>,
    /// The bits of the largest finite magnitude stored.
    pub largest: &'a AtomicU32,
}

impl DenseSink<'_> {
    fn put(&self, row0: usize, col0: usize, cols: usize, scores: &[f32]) {
        if let Err(text) = self.store.put(row0, col0, cols, scores) {
            self.fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(text);
            self.pairing.stop.store(true, Relaxed);
        }
    }
}

impl Sink for DenseSink<'_> {
    fn row_floors(&self, rows: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
        into.resize(rows.len(), f32::NEG_INFINITY);
    }

    fn col_floors(&self, _: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
    }

    fn both_sides(&self) -> bool {
        false
    }

    fn all(&self, tile: &Tile, t: &[f32], stride: usize) {
        let Pairing { a, b, frame, symmetric, .. } = self.pairing;
        let cols = tile.cols.len();
        let mut scores = vec![f32::NAN; tile.rows.len() * cols];
        let exact = frame.metric().dense_exact();
        for (r, i) in tile.rows.clone().enumerate() {
            for (c, j) in tile.cols.clone().enumerate() {
                let score = &mut scores[r * cols + c];
                let diagonal = symmetric && a.first + i == b.first + j && self.pairing.row_survey.takes_part(a.first + i);
                if diagonal || (exact && self.pairing.allowed(i, j)) {
                    *score = self.pairing.score(i, j) as f32;
                } else if self.pairing.allowed(i, j) {
                    *score = frame.estimate(t[r * stride + c], &a.bounds[i], &b.bounds[j]) as f32;
                }
            }
        }
        if exact {
            let largest = scores.iter().filter(|s| s.is_finite()).fold(0.0, |most: f32, s| most.max(s.abs()));
            self.largest.fetch_max(largest.to_bits(), Relaxed);
        }
        let (row0, col0) = (a.first + tile.rows.start, b.first + tile.cols.start);
        self.put(row0, col0, cols, &scores);
        let on_diagonal = a.first == b.first && tile.cols.contains(&tile.rows.start);
        if symmetric && !on_diagonal {
            let rows = tile.rows.len();
            let turned: Vec<f32> =
                (0..cols).flat_map(|c| (0..rows).map(move |r| (r, c))).map(|(r, c)| scores[r * cols + c]).collect();
            self.put(col0, row0, rows, &turned);
        }
    }

    fn picked(&self, _: &Tile, _: &[Picked]) {}

    fn stopped(&self) -> bool {
        self.pairing.stop.load(Relaxed)
    }
}
