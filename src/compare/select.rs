//! Rankings: from screened pairs to the exact best k of every row.
//!
//! A row holds its exact best so far and **pending** partners, known only within bounds. Its **least u** is the k-th largest of all
//! lower bounds, exact scores counting as their own: no partner whose upper bound lies below it can be among the best k,
//! whatever comes. From it follows the floor that backends test against. When a row's pending list is full it is thinned by
//! that rule; if too many remain (ties, near-ties, loose bounds), they are scored exactly at once, those with the highest bound
//! first, until no bound reaches the k-th best score any more. Nothing is ever cut off.
//!
//! Partners with the same bytes ([twins](super::survey)) have the same score, which is computed once in a settling.
//!
//! Ties are ordered by the smaller reference index.

use super::block::Block;
use super::pairing::{Pairing, Pending};
use super::survey::{NO_TWIN, Survey};
use crate::backend::{Picked, Sink, Tile};
use crate::metric::{Closer, Frame};
use rayon::prelude::*;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

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
    pending: Vec<Pending>,
    /// So many pending ones call for a new floor: a floor that rises early spares the pairs below it.
    full: usize,
    least: f64,
    /// Since what was last kept of it.
    changed: bool,
}

impl Row {
    /// Makes room for `more` scores: `held` of them in all, which is what memory was counted for.
    fn hold(&mut self, held: usize, more: usize) {
        let wanted = held.max(self.best.len() + more);
        if self.best.capacity() < self.best.len() + more {
            self.best.reserve_exact(wanted - self.best.len());
        }
    }

    /// Of the scored ones the best k, and what they say of the rest.
    fn keep_best(&mut self, k: usize, closer: Closer, frame: &Frame) {
        self.changed = true;
        if self.best.len() > k {
            self.best.select_nth_unstable_by(k - 1, |a, b| Best::order(closer, a, b));
            self.best.truncate(k);
        }
        if self.best.len() == k
            && let Some(worst) = self.best.iter().max_by(|a, b| Best::order(closer, a, b))
        {
            self.least = self.least.max(frame.least_u(worst.score));
        }
    }
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

    /// Bytes of a row's list of pending partners.
    #[must_use]
    pub fn pending_bytes(k: usize, partners: usize) -> usize {
        Pending::SIZE * Self::capacity(k).min(partners)
    }

    /// Partners that a row may have pending.
    const fn capacity(k: usize) -> usize {
        2 * k + 48
    }

    /// Bytes kept for a query throughout, at most.
    #[must_use]
    pub const fn bytes_per_query(k: usize, partners: usize) -> usize {
        size_of::<Mutex<Row>>() + 4 + 16 * Self::held(k, partners) + 16 * k
    }

    /// What a list of the best k has room for: while it settles it holds some more, and vectors grow by doubling.
    const fn held(k: usize, partners: usize) -> usize {
        let best = if k < partners { k } else { partners };
        (best + if best / 4 > 4 { best / 4 } else { 4 }).next_power_of_two()
    }

    /// Rows that settle together.
    const fn together(k: usize) -> usize {
        let rows = SETTLED / (k + 1);
        if rows > 256 {
            256
        } else if rows == 0 {
            1
        } else {
            rows
        }
    }

    /// Bytes that a thread takes to settle rows: the pairs twice while their list grows, their scores, and those of twins.
    #[must_use]
    pub const fn settling_bytes(k: usize, partners: usize) -> usize {
        let best = if k < partners { k } else { partners };
        Self::together(k) * ((best + best / 8 + 3) * (2 * 8 + 16 + 32) + 64)
    }

    /// Tells of rows that changed since the last time, or of all that have partners: which row, and its best. For when nothing is pending.
    ///
    /// # Errors
    /// What `take` says.
    pub fn changed<E>(&self, all: bool, mut take: impl FnMut(usize, &[Best]) -> Result<(), E>) -> Result<(), E> {
        for (i, row) in self.rows.iter().enumerate() {
            let row = row.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if row.changed || (all && !row.best.is_empty()) {
                take(i, &row.best)?;
            }
        }
        Ok(())
    }

    /// Bytes that all rows take in a journal, at most.
    #[must_use]
    pub fn kept_bytes(&self) -> u64 {
        self.rows.len() as u64 * (12 + 16 * self.k as u64)
    }

    /// What [`Self::changed`] told of is kept.
    pub fn kept(&self) {
        self.rows.par_iter().for_each(|row| row.lock().unwrap_or_else(std::sync::PoisonError::into_inner).changed = false);
    }

    /// Gives a row the partners that it had; `more`: beside those it was given before. None where it cannot have had them.
    pub fn restore(&mut self, row: usize, more: bool, best: &[Best], partners: usize) -> Option<()> {
        let row = self.rows.get_mut(row)?.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !more {
            row.best.clear();
        }
        if best.iter().any(|b| b.partner >= partners as u64 || b.score.is_nan()) || row.best.len() + best.len() > self.k {
            return None;
        }
        row.hold(Self::held(self.k, partners), best.len());
        row.best.extend_from_slice(best);
        Some(())
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

/// Receives a pair of blocks' tiles and ranks them.
pub struct RankingSink<'a> {
    pub pairing: Pairing<'a>,
    pub ranking: &'a Ranking,
}

/// Pairs that a thread settles together, about.
const SETTLED: usize = 1 << 16;
/// Pairs of one row that are looked at together.
const SOME: usize = 4;

thread_local! {
    static LOWER: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
    static KEYS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    static SEEDS: RefCell<Vec<Pending>> = const { RefCell::new(Vec::new()) };
    static QUEUE: RefCell<Vec<(f64, Pending)>> = const { RefCell::new(Vec::new()) };
}

/// Where the largest t + lift are: k of them and some more, since a row is no partner of itself and others may not be either.
fn promising(t: &[f32], lift: &[f32], k: usize) -> impl Iterator<Item = usize> {
    let mut keys = KEYS.take();
    keys.clear();
    keys.extend(t.iter().zip(lift).map(|(t, l)| t + l));
    let rank = (k + 8).min(keys.len()).saturating_sub(1);
    let least = if keys.is_empty() { 0.0 } else { *keys.select_nth_unstable_by(rank, |a, b| b.total_cmp(a)).1 };
    KEYS.set(keys);
    let found: Vec<usize> = (0..t.len()).filter(|&c| t[c] + lift[c] >= least).take(2 * k + 64).collect();
    found.into_iter()
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
    ///
    /// Rows settle in groups: what is pending for any of them is scored in the order of the partners, so that a partner's numbers are fetched
    /// once for all of them. Of long lists that is most of the time.
    pub fn settle(&self) {
        let Pairing { a, b, symmetric, .. } = self.pairing;
        let group = Ranking::together(self.ranking.k);
        let settle = |pairing: &Pairing<'_>, rows: usize| {
            (0..rows.div_ceil(group)).into_par_iter().for_each(|g| {
                self.finish(pairing, g * group..((g + 1) * group).min(rows));
            });
        };
        settle(&self.pairing, a.operand.rows);
        if symmetric && !std::ptr::eq(a, b) {
            settle(&self.pairing.turned(), b.operand.rows);
        }
    }

    /// Floors of rows that have partners from before: see [`Ranking::restore`].
    pub fn lift(&self) {
        let lift = |pairing: &Pairing<'_>| {
            (0..pairing.a.operand.rows).into_par_iter().for_each(|i| {
                let mut row = self.lock(pairing.a.index(i));
                if row.least == f64::NEG_INFINITY && !row.best.is_empty() {
                    let changed = row.changed;
                    row.keep_best(self.ranking.k, self.ranking.closer, pairing.frame);
                    row.changed = changed;
                    self.raise(pairing, i, &row);
                }
            });
        };
        lift(&self.pairing);
        if self.pairing.symmetric && !std::ptr::eq(self.pairing.a, self.pairing.b) {
            lift(&self.pairing.turned());
        }
    }

    fn finish(&self, pairing: &Pairing<'_>, rows: Range<usize>) {
        let (k, closer) = (self.ranking.k, self.ranking.closer);
        let mut open: Vec<(u32, u32)> = Vec::new();
        let mut scored: Vec<Vec<Best>> = vec![Vec::new(); rows.len()];
        for (r, i) in rows.clone().enumerate() {
            let mut row = self.lock(pairing.a.index(i));
            if row.pending.is_empty() {
                row.pending = Vec::new();
                continue;
            }
            self.thin(pairing, i, &mut row);
            let pending = std::mem::take(&mut row.pending);
            if pending.len() + row.best.len() > k + k / 8 + 3 {
                // Ties, or loose bounds: one after the other, and no more than must be.
                self.refine(pairing, i, &mut row, &pending);
                self.raise(pairing, i, &row);
                continue;
            }
            open.extend(pending.iter().map(|p| (p.partner, r as u32)));
            scored[r].reserve_exact(pending.len());
        }
        open.sort_unstable();
        let mut twins: HashMap<(u32, u32), f64> = HashMap::new();
        let mut count = 0;
        for (partner, r) in open {
            let (j, i) = (partner as usize, rows.start + r as usize);
            let index = pairing.b.index(j);
            let twin = pairing.col_survey.twins[index];
            let known = if twin == NO_TWIN { None } else { twins.get(&(r, twin)).copied() };
            let score = known.unwrap_or_else(|| {
                count += 1;
                let score = pairing.score(i, j);
                if twin != NO_TWIN {
                    twins.insert((r, twin), score);
                }
                score
            });
            scored[r as usize].push(Best { score, partner: index as u64 });
        }
        pairing.refined.fetch_add(count, Relaxed);
        for (scored, i) in scored.into_iter().zip(rows) {
            if scored.is_empty() {
                continue;
            }
            let mut row = self.lock(pairing.a.index(i));
            row.hold(Ranking::held(k, pairing.col_survey.rows), scored.len());
            row.best.extend(scored);
            row.keep_best(k, closer, pairing.frame);
            self.raise(pairing, i, &row);
        }
    }

    fn lock(&self, row: usize) -> std::sync::MutexGuard<'_, Row> {
        // A panic in another thread ends the run anyway; the row itself is never left half-changed in a way that matters.
        self.ranking.rows[row].lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The backends' test of a product against the row's present floor; for others true.
    fn reaches(&self, pairing: &Pairing<'_>, i: usize, j: usize, t: f32) -> bool {
        let (a, b) = (&pairing.a.operand, &pairing.b.operand);
        let floor = f32::from_bits(self.ranking.floors[pairing.a.index(i)].load(Relaxed));
        !pairing.frame.is_product() || t + a.reach[i] * b.reach[j] + b.lift[j] >= floor
    }

    /// Notes a partner of row `i`, unless its bound rules it out.
    fn note(&self, pairing: &Pairing<'_>, i: usize, new: Pending) {
        let mut row = self.lock(pairing.a.index(i));
        if pairing.upper(i, new) < row.least {
            return;
        }
        if row.pending.capacity() == 0 {
            row.pending.reserve_exact(Ranking::capacity(self.ranking.k).min(pairing.b.operand.rows));
        }
        row.pending.push(new);
        if row.pending.len() >= row.full.max(self.ranking.k + 1).min(Ranking::capacity(self.ranking.k)) {
            self.make_room(pairing, i, &mut row);
            row.full = row.pending.len() + 8.max(self.ranking.k / 2);
        }
    }

    fn make_room(&self, pairing: &Pairing<'_>, i: usize, row: &mut Row) {
        self.thin(pairing, i, row);
        self.relieve(pairing, i, row);
        self.raise(pairing, i, row);
    }

    /// Scores what is pending if there is too much of it.
    fn relieve(&self, pairing: &Pairing<'_>, i: usize, row: &mut Row) {
        if self.crowded(row) {
            let mut pending = std::mem::take(&mut row.pending);
            self.refine(pairing, i, row, &pending);
            pending.clear();
            row.pending = pending;
        }
    }

    fn crowded(&self, row: &Row) -> bool {
        row.pending.len() > self.ranking.k + 24
    }

    /// Raises the row's least u and drops what falls below it.
    fn thin(&self, pairing: &Pairing<'_>, i: usize, row: &mut Row) {
        let frame = pairing.frame;
        LOWER.with_borrow_mut(|lower| {
            lower.clear();
            lower.extend(row.best.iter().map(|best| frame.least_u(best.score)));
            lower.extend(row.pending.iter().map(|&p| pairing.lower(i, p)));
            row.least = row.least.max(kth_largest(lower, self.ranking.k));
        });
        let least = row.least;
        row.pending.retain(|&p| pairing.upper(i, p) >= least);
    }

    /// Takes partners in the order of their upper bounds, some at a time, until the row's least u is above all that are left.
    fn in_order(
        pairing: &Pairing<'_>,
        i: usize,
        row: &mut Row,
        partners: impl Iterator<Item = Pending>,
        some: impl Fn(&Row) -> usize,
        mut take: impl FnMut(&mut Row, &[(f64, Pending)]),
    ) {
        let mut queue = QUEUE.take();
        queue.clear();
        queue.extend(partners.map(|p| (pairing.upper(i, p), p)));
        queue.sort_unstable_by(|x, y| y.0.total_cmp(&x.0));
        let mut left = &queue[..];
        while left.first().is_some_and(|next| next.0 >= row.least) {
            let (now, later) = left.split_at(some(row).clamp(4, 1024).min(left.len()));
            left = later;
            let reach = now.iter().position(|next| next.0 < row.least).unwrap_or(now.len());
            take(row, &now[..reach]);
        }
        QUEUE.set(queue);
    }

    /// Looks at partners with all their numbers, those with the highest bound first, and keeps what may still matter.
    fn sharpen(&self, pairing: &Pairing<'_>, i: usize, row: &mut Row, partners: impl Iterator<Item = Pending>) {
        let k = self.ranking.k;
        let some = |row: &Row| k.saturating_sub(row.best.len() + row.pending.len()).max(k / 2 + 4);
        Self::in_order(pairing, i, row, partners, some, |row, now| {
            let (fours, rest) = now.as_chunks::<SOME>();
            for four in fours {
                let t = pairing.sharpened(i, four.map(|(_, p)| p.partner as usize));
                row.pending.extend(four.iter().zip(t).map(|((_, p), t)| Pending { t, fine: true, ..*p }));
            }
            for (_, p) in rest {
                let [t] = pairing.sharpened(i, [p.partner as usize]);
                row.pending.push(Pending { t, fine: true, ..*p });
            }
            self.thin(pairing, i, row);
            self.relieve(pairing, i, row);
        });
    }

    /// Scores partners exactly, those with the highest bound first, until none that is left can be among the best k.
    fn refine(&self, pairing: &Pairing<'_>, i: usize, row: &mut Row, partners: &[Pending]) {
        let (k, closer) = (self.ranking.k, self.ranking.closer);
        let mut twins: HashMap<u32, f64> = HashMap::new();
        let mut scored = 0;
        // Finding the k-th best again costs as much as k scores.
        let some = |row: &Row| k.saturating_sub(row.best.len()).max(k / 4);
        Self::in_order(pairing, i, row, partners.iter().copied(), some, |row, now| {
            for (_, next) in now {
                let j = next.partner as usize;
                let partner = pairing.b.index(j);
                let twin = pairing.col_survey.twins[partner];
                let known = if twin == NO_TWIN { None } else { twins.get(&twin).copied() };
                let score = known.unwrap_or_else(|| {
                    scored += 1;
                    let score = pairing.score(i, j);
                    if twin != NO_TWIN {
                        twins.insert(twin, score);
                    }
                    score
                });
                row.best.push(Best { score, partner: partner as u64 });
            }
            row.keep_best(k, closer, pairing.frame);
        });
        pairing.refined.fetch_add(scored, Relaxed);
    }

    /// Tells backends the row's new floor.
    fn raise(&self, pairing: &Pairing<'_>, i: usize, row: &Row) {
        let floor = pairing.frame.floor(row.least, &pairing.a.bounds[i]);
        self.ranking.floors[pairing.a.index(i)].store(floor.to_bits(), Relaxed);
    }

    fn floors(&self, block: &Block, rows: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
        into.extend(rows.map(|i| f32::from_bits(self.ranking.floors[block.index(i)].load(Relaxed))));
    }

    /// All numbers of row `i`: the bound of the k-th best first, then only what reaches it.
    fn seed(&self, pairing: &Pairing<'_>, i: usize, cols: Range<usize>, t: &[f32]) {
        let Pairing { frame, a, b, .. } = pairing;
        let (k, index) = (self.ranking.k, a.index(i));
        if !pairing.row_survey.takes_part(index) {
            return;
        }
        let product = frame.is_product();
        let pending = |j: usize| Pending { partner: j as u32, t: t[j - cols.start], fine: false };
        let lower = |j: usize| pairing.lower(i, pending(j));
        let (reach, lift) = (&b.operand.reach[cols.clone()], &b.operand.lift[cols.clone()]);
        let least = LOWER.with_borrow_mut(|lowers| {
            lowers.clear();
            if product {
                // The lower bounds of any k partners will do; those with the largest t are about the best ones.
                lowers.extend(promising(t, lift, k).map(|c| cols.start + c).filter(|&j| pairing.allowed(i, j)).map(lower));
            }
            if lowers.len() < k {
                lowers.clear();
                lowers.extend(cols.clone().filter(|&j| pairing.allowed(i, j)).map(lower));
            }
            kth_largest(lowers, k)
        });
        let mut row = self.lock(index);
        row.least = row.least.max(least);
        let least = row.least;
        let mut found = SEEDS.take();
        found.clear();
        let reaches = |&j: &usize| pairing.allowed(i, j) && pairing.upper(i, pending(j)) >= least;
        if product {
            // The backends' own test, which most do not pass.
            let (floor, own) = (frame.floor(least, &a.bounds[i]), a.operand.reach[i]);
            let passes = |c: &usize| t[*c] + own * reach[*c] + lift[*c] >= floor;
            found.extend((0..t.len()).filter(passes).map(|c| cols.start + c).filter(reaches).map(pending));
        } else {
            found.extend(cols.clone().filter(reaches).map(pending));
        }
        let room = Ranking::capacity(k);
        if found.len() <= k + 24 && row.pending.len() + found.len() < room {
            let more = room.min(b.operand.rows).saturating_sub(row.pending.len());
            row.pending.reserve_exact(more);
            row.pending.extend_from_slice(&found);
            self.thin(pairing, i, &mut row);
        } else if pairing.is_coarse() {
            // Bounds are loose here: the best ones are looked at more closely, which lifts the floor to where it belongs.
            self.sharpen(pairing, i, &mut row, found.iter().copied());
        } else {
            self.refine(pairing, i, &mut row, &found);
        }
        SEEDS.set(found);
        self.raise(pairing, i, &row);
    }
}

impl Sink for RankingSink<'_> {
    fn row_floors(&self, rows: Range<usize>, into: &mut Vec<f32>) {
        self.floors(self.pairing.a, rows, into);
    }

    fn col_floors(&self, cols: Range<usize>, into: &mut Vec<f32>) {
        self.floors(self.pairing.b, cols, into);
    }

    fn both_sides(&self) -> bool {
        self.pairing.symmetric
    }

    fn all(&self, tile: &Tile, t: &[f32], stride: usize) {
        for (r, i) in tile.rows.clone().enumerate() {
            self.seed(&self.pairing, i, tile.cols.clone(), &t[r * stride..r * stride + tile.cols.len()]);
        }
        // Squares on the diagonal hold each pair from both sides; other tiles do not.
        if self.pairing.symmetric && !std::ptr::eq(self.pairing.a, self.pairing.b) {
            let turned = self.pairing.turned();
            let mut column = vec![0.0; tile.rows.len()];
            for (c, j) in tile.cols.clone().enumerate() {
                column.iter_mut().enumerate().for_each(|(r, t_of)| *t_of = t[r * stride + c]);
                self.seed(&turned, j, tile.rows.clone(), &column);
            }
        }
    }

    fn picked(&self, _: &Tile, pairs: &[Picked]) {
        let turned = self.pairing.symmetric.then(|| self.pairing.turned());
        // One side's floor let the pair pass; the other's seldom does, and either may have risen since.
        let forth = |p: &Picked| self.reaches(&self.pairing, p.row as usize, p.col as usize, p.t);
        let back = |p: &Picked| turned.as_ref().is_some_and(|turned| self.reaches(turned, p.col as usize, p.row as usize, p.t));
        let matters = |p: &Picked| (forth(p) || back(p)) && self.pairing.allowed(p.row as usize, p.col as usize);
        let note = |p: &Picked, t: f32, fine: bool| {
            if forth(p) {
                self.note(&self.pairing, p.row as usize, Pending { partner: p.col, t, fine });
            }
            if let Some(turned) = turned.as_ref().filter(|_| back(p)) {
                self.note(turned, p.col as usize, Pending { partner: p.row, t, fine });
            }
        };
        if !self.pairing.is_coarse() {
            pairs.iter().filter(|p| matters(p)).for_each(|p| note(p, p.t, false));
            return;
        }
        // All numbers of a tile's rows are near at hand now: later they would have to be fetched from memory.
        let mut some: [Picked; SOME] = [Picked { row: 0, col: 0, t: 0.0 }; SOME];
        let mut filled = 0;
        let flush = |some: &[Picked]| {
            if let Ok(all) = <[Picked; SOME]>::try_from(some) {
                let t = self.pairing.sharpened(all[0].row as usize, all.map(|p| p.col as usize));
                all.iter().zip(t).for_each(|(p, t)| note(p, t, true));
            } else {
                for p in some {
                    let [t] = self.pairing.sharpened(p.row as usize, [p.col as usize]);
                    note(p, t, true);
                }
            }
        };
        for pair in pairs.iter().filter(|p| matters(p)) {
            if filled == SOME || (filled > 0 && some[0].row != pair.row) {
                flush(&some[..filled]);
                filled = 0;
            }
            some[filled] = *pair;
            filled += 1;
        }
        flush(&some[..filled]);
    }

    fn stopped(&self) -> bool {
        self.pairing.stop.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ranking_holds_no_more_than_memory_was_counted_for() {
        for k in [1, 2, 7, 10, 16, 19, 28, 100, 1000] {
            let held = Ranking::held(k, usize::MAX);
            let mut row = Row::default();
            // Block after block settles; the best of each stay.
            for _ in 0..5 {
                let more = k + k / 8 + 3 - row.best.len();
                row.hold(held, more);
                row.best.extend((0..more).map(|n| Best { score: 0.0, partner: n as u64 }));
                assert!(row.best.capacity() <= held, "k {k}: {} of {held}", row.best.capacity());
                row.best.truncate(k);
            }
        }
    }
}
