//! A sink between a backend and the one that wants its pairs: it tells the observer how far the run is, and what ran when.

use super::observer::Observer;
use crate::backend::{Picked, Sink, Tile};
use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// Tells the observer of every finished tile.
pub struct Counted<'a> {
    pub inner: &'a dyn Sink,
    pub observer: &'a dyn Observer,
    pub half_pairs: &'a AtomicU64,
    pub passed: &'a AtomicU64,
    pub tested: &'a AtomicU64,
    pub square: bool,
    pub began: Instant,
    /// All tiles are to be done, even if the run is to end.
    pub whole: bool,
}

thread_local! {
    /// When this thread last had nothing of a tile to do.
    static FREE: Cell<Option<Instant>> = const { Cell::new(None) };
}

impl Counted<'_> {
    /// A tile was screened, since this thread was free.
    fn screened(&self) -> Instant {
        let now = Instant::now();
        self.observer.span("screen", FREE.get().filter(|free| *free >= self.began).unwrap_or(self.began));
        now
    }

    fn refined(&self, from: Instant) {
        self.observer.span("refine", from);
        FREE.set(Some(Instant::now()));
    }

    /// Counts in halves of pairs: what is on the diagonal has each of them twice.
    fn count(&self, tile: &Tile) {
        let on_diagonal = self.square && tile.cols.contains(&tile.rows.start);
        let halves = if on_diagonal { tile.pairs() - tile.rows.len() as u64 } else { 2 * tile.pairs() };
        let done = self.half_pairs.fetch_add(halves, Relaxed) + halves;
        self.observer.progress(done / 2);
    }
}

impl Sink for Counted<'_> {
    fn row_floors(&self, rows: Range<usize>, into: &mut Vec<f32>) {
        self.inner.row_floors(rows, into);
    }
    fn col_floors(&self, cols: Range<usize>, into: &mut Vec<f32>) {
        self.inner.col_floors(cols, into);
    }
    fn both_sides(&self) -> bool {
        self.inner.both_sides()
    }
    fn all(&self, tile: &Tile, t: &[f32], stride: usize) {
        let from = self.screened();
        self.inner.all(tile, t, stride);
        self.refined(from);
        self.count(tile);
    }
    fn picked(&self, tile: &Tile, pairs: &[Picked]) {
        self.passed.fetch_add(pairs.len() as u64, Relaxed);
        self.tested.fetch_add(tile.pairs() / if tile.upper { 2 } else { 1 }, Relaxed);
        let from = self.screened();
        self.inner.picked(tile, pairs);
        self.refined(from);
        self.count(tile);
    }
    fn stopped(&self) -> bool {
        self.inner.stopped() || (!self.whole && self.observer.stop())
    }
}
