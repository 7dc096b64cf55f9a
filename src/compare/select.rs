//! Rankings: from screened pairs to the exact best k of every row.
//!
//! A row holds its exact best so far and **pending** partners, known only within bounds. Its **least u** is the k-th largest of all
//! lower bounds, exact scores counting as their own: no partner whose upper bound lies below it can be among the best k,
//! whatever comes. From it follows the floor that backends test against. When a row's pending list is full it is thinned by
//! that rule; if too many remain (ties, near-ties), they are scored exactly at once. Nothing is ever cut off.
//!
//! Partners with the same bytes ([twins](super::survey)) have the same score, which is computed once in a settling.
//!
//! Ties are ordered by the smaller reference index.

use super::block::Block;
use super::survey::{NO_TWIN, Survey};
use crate::backend::{Picked, Sink, Tile};
use crate::metric::{Closer, Frame};
use rayon::prelude::*;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

/// An exact score with a partner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    pub score: f64,
    pub partner: u64,
}

impl Best {
    /// Better first.
    #[must_use]
    pub fn order(closer: Closer, a: &Self, b: &Self) -> Ordering {
        closer.order(a.score, b.score).then(a.partner.cmp(&b.partner))
    }
}

#[derive(Debug, Default)]
struct Row {
    best: Vec<Best>,
    /// Partner within its block, and t.
    pending: Vec<(u32, f32)>,
    least: f64,
}

/// The rankings of all queries.
#[derive(Debug)]
pub struct Ranking {
    k: usize,
    closer: Closer,
    rows: Vec<Mutex<Row>>,
    floors: Vec<AtomicU32>,
}

impl Ranking {
    #[must_use]
    pub fn new(k: usize, closer: Closer, survey: &Survey) -> Self {
        let rows = (0..survey.rows).map(|_| Mutex::new(Row { least: f64::NEG_INFINITY, ..Row::default() })).collect();
        let floor = |i| if survey.takes_part(i) { f32::NEG_INFINITY } else { f32::INFINITY };
        Self { k, closer, rows, floors: (0..survey.rows).map(|i| AtomicU32::new(floor(i).to_bits())).collect() }
    }

    #[must_use]
    pub const fn k(&self) -> usize {
        self.k
    }

    /// Partners that a row may have pending.
    const fn capacity(k: usize) -> usize {
        2 * k + 48
    }

    /// Bytes kept for a query throughout, at most.
    #[must_use]
    pub const fn bytes_per_query(k: usize, partners: usize) -> usize {
        // A list of best ones may hold k and, while it settles, a full pending list more; vectors grow by doubling.
        let best = if k < partners { k } else { partners };
        size_of::<Mutex<Row>>() + 4 + 2 * 16 * best + 16 * k
    }

    /// Neighbours and scores, k a row, best first; −1 and NaN where there are fewer. Leaves the rankings empty.
    #[must_use]
    pub fn take(&mut self) -> (Vec<i64>, Vec<f64>) {
        let (k, closer) = (self.k, self.closer);
        let mut neighbors = vec![-1; self.rows.len() * k];
        let mut scores = vec![f64::NAN; self.rows.len() * k];
        let rows = std::mem::take(&mut self.rows);
        neighbors.par_chunks_mut(k).zip(scores.par_chunks_mut(k)).zip(rows).for_each(|((neighbors, scores), row)| {
            let mut best = row.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).best;
            best.sort_unstable_by(|a, b| Best::order(closer, a, b));
            for (b, (neighbor, score)) in best.iter().zip(neighbors.iter_mut().zip(scores)) {
                *neighbor = i64::try_from(b.partner).unwrap_or(i64::MAX);
                *score = b.score;
            }
        });
        (neighbors, scores)
    }
}

/// What is constant while a pair of blocks is compared.
#[derive(Clone, Copy)]
pub struct Pairing<'a> {
    pub frame: &'a Frame,
    /// The surveys of the rows and of the columns: the same one when a collection is compared with itself.
    pub row_survey: &'a Survey,
    pub col_survey: &'a Survey,
    pub a: &'a Block,
    pub b: &'a Block,
    /// Rows and columns come from one collection.
    pub symmetric: bool,
    pub stop: &'a AtomicBool,
    /// Pairs scored exactly.
    pub refined: &'a AtomicU64,
}

impl Pairing<'_> {
    /// Whether row `i` of `a` and column `j` of `b` may be a pair of the result.
    pub(super) fn allowed(&self, i: usize, j: usize) -> bool {
        let (i, j) = (self.a.first + i, self.b.first + j);
        if self.symmetric && i == j {
            return false;
        }
        if let (Some(q), Some(r)) = (&self.row_survey.exhibits, &self.col_survey.exhibits)
            && q[i] == r[j]
        {
            return false;
        }
        self.row_survey.takes_part(i) && self.col_survey.takes_part(j)
    }

    /// The score of row `i` of `a` with column `j` of `b`: the definition.
    pub(super) fn score(&self, i: usize, j: usize) -> f64 {
        let (am, bm) = (self.row_survey.measures[self.a.first + i], self.col_survey.measures[self.b.first + j]);
        self.frame.metric().score(self.a.matrix.row(i), am, self.b.matrix.row(j), bm)
    }

    /// The same pairing, seen from the columns.
    fn turned(&self) -> Self {
        Self { a: self.b, b: self.a, row_survey: self.col_survey, col_survey: self.row_survey, ..*self }
    }
}

/// Receives a pair of blocks' tiles and ranks them.
pub struct RankingSink<'a> {
    pub pairing: Pairing<'a>,
    pub ranking: &'a Ranking,
}

thread_local! {
    static LOWER: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

/// The k-th largest; −∞ if there are fewer.
fn kth_largest(values: &mut [f64], k: usize) -> f64 {
    if values.len() < k {
        return f64::NEG_INFINITY;
    }
    *values.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a)).1
}

impl RankingSink<'_> {
    /// Scores what is still pending. To be called when all tiles of the pair of blocks are through.
    pub fn settle(&self) {
        let Pairing { a, b, symmetric, .. } = self.pairing;
        (0..a.operand.rows).into_par_iter().for_each(|i| self.finish(&self.pairing, i));
        if symmetric && a.first != b.first {
            let turned = self.pairing.turned();
            (0..b.operand.rows).into_par_iter().for_each(|j| self.finish(&turned, j));
        }
    }

    fn finish(&self, pairing: &Pairing<'_>, i: usize) {
        let mut row = self.lock(pairing.a.first + i);
        if !row.pending.is_empty() {
            self.thin(pairing, i, &mut row);
            self.refine(pairing, i, &mut row);
            self.raise(pairing, i, &row);
        }
        row.pending = Vec::new();
    }

    fn lock(&self, row: usize) -> std::sync::MutexGuard<'_, Row> {
        // A panic in another thread ends the run anyway; the row itself is never left half-changed in a way that matters.
        self.ranking.rows[row].lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Notes partner `j` of row `i`, unless its bound rules it out.
    fn note(&self, pairing: &Pairing<'_>, i: usize, j: usize, t: f32) {
        let mut row = self.lock(pairing.a.first + i);
        if pairing.frame.upper(t, &pairing.a.bounds[i], &pairing.b.bounds[j]) < row.least {
            return;
        }
        if row.pending.capacity() == 0 {
            row.pending.reserve_exact(Ranking::capacity(self.ranking.k).min(pairing.b.operand.rows));
        }
        row.pending.push((j as u32, t));
        if row.pending.len() >= Ranking::capacity(self.ranking.k) {
            self.make_room(pairing, i, &mut row);
        }
    }

    fn make_room(&self, pairing: &Pairing<'_>, i: usize, row: &mut Row) {
        self.thin(pairing, i, row);
        if row.pending.len() > self.ranking.k + 24 {
            self.refine(pairing, i, row);
        }
        self.raise(pairing, i, row);
    }

    /// Raises the row's least u and drops what falls below it.
    fn thin(&self, pairing: &Pairing<'_>, i: usize, row: &mut Row) {
        let Pairing { frame, a, b, .. } = pairing;
        LOWER.with_borrow_mut(|lower| {
            lower.clear();
            lower.extend(row.best.iter().map(|best| frame.least_u(best.score)));
            lower.extend(row.pending.iter().map(|&(j, t)| frame.lower(t, &a.bounds[i], &b.bounds[j as usize])));
            row.least = row.least.max(kth_largest(lower, self.ranking.k));
        });
        row.pending.retain(|&(j, t)| frame.upper(t, &a.bounds[i], &b.bounds[j as usize]) >= row.least);
    }

    /// Scores all pending partners exactly and keeps the best k.
    fn refine(&self, pairing: &Pairing<'_>, i: usize, row: &mut Row) {
        let (k, closer) = (self.ranking.k, self.ranking.closer);
        let mut twins: HashMap<u32, f64> = HashMap::new();
        let mut scored = 0;
        for (j, _) in row.pending.drain(..) {
            let j = j as usize;
            let twin = pairing.col_survey.twins[pairing.b.first + j];
            let score = twins.get(&twin).copied().unwrap_or_else(|| {
                scored += 1;
                let score = pairing.score(i, j);
                if twin != NO_TWIN {
                    twins.insert(twin, score);
                }
                score
            });
            row.best.push(Best { score, partner: (pairing.b.first + j) as u64 });
        }
        pairing.refined.fetch_add(scored, Relaxed);
        if row.best.len() > k {
            row.best.select_nth_unstable_by(k - 1, |a, b| Best::order(closer, a, b));
            row.best.truncate(k);
        }
        if row.best.len() == k
            && let Some(worst) = row.best.iter().max_by(|a, b| Best::order(closer, a, b))
        {
            row.least = row.least.max(pairing.frame.least_u(worst.score));
        }
    }

    /// Tells backends the row's new floor.
    fn raise(&self, pairing: &Pairing<'_>, i: usize, row: &Row) {
        let floor = pairing.frame.floor(row.least, &pairing.a.bounds[i]);
        self.ranking.floors[pairing.a.first + i].store(floor.to_bits(), Relaxed);
    }

    fn floors(&self, first: usize, rows: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
        into.extend(self.ranking.floors[first + rows.start..first + rows.end].iter().map(|f| f32::from_bits(f.load(Relaxed))));
    }

    /// All numbers of row `i`: the bound of the k-th best first, then only what reaches it.
    fn seed(&self, pairing: &Pairing<'_>, i: usize, cols: Range<usize>, t: &[f32]) {
        let Pairing { frame, a, b, .. } = pairing;
        if !pairing.row_survey.takes_part(a.first + i) {
            return;
        }
        let allowed = || cols.clone().zip(t).filter(|&(j, _)| pairing.allowed(i, j));
        let least = LOWER.with_borrow_mut(|lower| {
            lower.clear();
            lower.extend(allowed().map(|(j, &t)| frame.lower(t, &a.bounds[i], &b.bounds[j])));
            kth_largest(lower, self.ranking.k)
        });
        {
            let mut row = self.lock(a.first + i);
            row.least = row.least.max(least);
        }
        for (j, &t) in allowed() {
            self.note(pairing, i, j, t);
        }
        let mut row = self.lock(a.first + i);
        self.thin(pairing, i, &mut row);
        self.raise(pairing, i, &row);
    }
}

impl Sink for RankingSink<'_> {
    fn row_floors(&self, rows: Range<usize>, into: &mut Vec<f32>) {
        self.floors(self.pairing.a.first, rows, into);
    }

    fn col_floors(&self, cols: Range<usize>, into: &mut Vec<f32>) {
        self.floors(self.pairing.b.first, cols, into);
    }

    fn both_sides(&self) -> bool {
        self.pairing.symmetric
    }

    fn all(&self, tile: &Tile, t: &[f32], stride: usize) {
        for (r, i) in tile.rows.clone().enumerate() {
            self.seed(&self.pairing, i, tile.cols.clone(), &t[r * stride..r * stride + tile.cols.len()]);
        }
    }

    fn picked(&self, _: &Tile, pairs: &[Picked]) {
        let turned = self.pairing.symmetric.then(|| self.pairing.turned());
        for pair in pairs {
            let (i, j) = (pair.row as usize, pair.col as usize);
            if !self.pairing.allowed(i, j) {
                continue;
            }
            self.note(&self.pairing, i, j, pair.t);
            if let Some(turned) = &turned {
                self.note(turned, j, i, pair.t);
            }
        }
    }

    fn stopped(&self) -> bool {
        self.pairing.stop.load(Relaxed)
    }
}
