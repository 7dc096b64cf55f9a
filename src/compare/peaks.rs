//! All-pairs engine: the scores of [`crate::metric::peaks`], bit for bit, without
//! visiting every pair of spectra.
//!
//! All peaks of all references stand in one table sorted by m/z (structure of
//! arrays: m/z, weight, spectrum). A query peak finds its partners as one
//! contiguous slice; each adds its share (`w_q w_r`, or the entropy term) to the
//! cell of its spectrum. After the last query peak every touched cell holds the
//! sum over **all** admissible pairs:
//!
//! * no peak of either spectrum had two partners: then the pairs do not cross,
//!   every matching rule takes all of them, and they were added in the order in
//!   which the definition sums. The cell is the score itself.
//! * some peak had two partners (a "clash"; noticed while adding), or the metric
//!   is the modified cosine: all shares are at least 0 (up to rounding), so the
//!   cell bounds the score from above. Such references are scored by matching,
//!   best bound first, as long as the bound, widened by a rounding margin, reaches
//!   the row's floor.
//!
//! References that share no peak with the query score exactly 0 and are never
//! looked at, except to fill a list that would else be too short.
//!
//! The modified cosine adds the shares of a second table, sorted by
//! `m/z - precursor`; a pair admissible both ways counts twice, which keeps the
//! bound a bound.
//!
//! Memory: about 30 bytes a peak for a table (two for the modified cosine) beside
//! the peaks, and 16 bytes a reference for each thread.

use super::peak_sink::{Above, Best};
use crate::metric::peaks::{self as def, Error, Match, Pair, PeakMetric, Peaks, Settings, Spectrum, Window};
use rayon::prelude::*;

/// Receives the scores of one row.
pub trait Sink {
    /// References scoring below this need not be reported. May rise, never fall.
    fn floor(&self, reference: u32) -> f64;
    /// A reference whose score reaches the floor.
    fn take(&mut self, reference: u32, found: Match);
    /// A reference that shares no peak with the query (score 0), offered in
    /// ascending order after all others; `false` ends the offers.
    fn untouched(&mut self, reference: u32) -> bool;
}

/// All peaks of a collection, ascending in `key`.
#[derive(Debug)]
struct Table {
    key: Vec<f64>,
    weight: Vec<f64>,
    id: Vec<u32>,
    /// `x log2 x` of the weights (entropy only).
    log: Vec<f64>,
    /// First peak of every bucket of equal key width; one more at the end.
    starts: Vec<usize>,
    low: f64,
    per_unit: f64,
}

impl Table {
    fn new(peaks: &[Peaks], logs: bool, key: impl Fn(f64, &Peaks) -> f64 + Sync) -> Self {
        let mut rows: Vec<(f64, u32, f64)> = Vec::with_capacity(peaks.iter().map(|p| p.mz.len()).sum());
        for (id, p) in (0u32..).zip(peaks) {
            rows.extend(p.mz.iter().zip(&p.weight).map(|(&mz, &w)| (key(mz, p), id, w)));
        }
        rows.par_sort_unstable_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)).then(x.2.total_cmp(&y.2)));
        let mut table = Self {
            key: rows.iter().map(|r| r.0).collect(),
            weight: rows.iter().map(|r| r.2).collect(),
            id: rows.iter().map(|r| r.1).collect(),
            log: if logs { rows.iter().map(|r| def::xlog2x(r.2)).collect() } else { Vec::new() },
            starts: Vec::new(),
            low: rows.first().map_or(0.0, |r| r.0),
            per_unit: 0.0,
        };
        table.set_buckets();
        table
    }

    fn set_buckets(&mut self) {
        let count = (self.key.len() / 4).clamp(1, 1 << 22);
        let span = self.key.last().map_or(0.0, |k| k - self.low);
        if span > 0.0 && (count as f64 / span).is_finite() {
            self.per_unit = count as f64 / span;
        }
        let mut starts = vec![0; count + 2];
        for &k in &self.key {
            starts[(self.raw_bucket(k)).min(count) + 1] += 1;
        }
        for b in 1..starts.len() {
            starts[b] += starts[b - 1];
        }
        self.starts = starts;
    }

    /// Monotone in `x`; below the table 0 (the cast saturates).
    #[inline]
    fn raw_bucket(&self, x: f64) -> usize {
        ((x - self.low) * self.per_unit) as usize
    }

    #[inline]
    fn bucket(&self, x: f64) -> usize {
        self.raw_bucket(x).min(self.starts.len() - 2)
    }

    /// The peaks that match `x`: one slice, as the window is monotone.
    #[inline]
    fn range(&self, x: f64, window: Window) -> (usize, usize) {
        let reach = match window {
            Window::Plus(t) | Window::Gap(t) => t,
            Window::Ratio(r) => x * (r - 1.0),
        };
        let reach = reach + 1e-9 * (reach + x.abs()); // more than any rounding
        let from = self.starts[self.bucket(x - reach)];
        let to = self.starts[self.bucket(x + reach) + 1];
        let keys = &self.key[from..to];
        let first = keys.partition_point(|&k| k < x && !window.ordered(k, x));
        let rest = &keys[first..];
        let len = rest.partition_point(|&k| k <= x || window.ordered(x, k));
        (from + first, from + first + len)
    }
}

/// What one reference has gathered.
#[derive(Debug, Clone, Copy)]
struct Cell {
    sum: f64,
    /// Pairs so far; the highest bit tells of a clash.
    count: u32,
    /// Query peak that was here last.
    last: u32,
}

const EMPTY: Cell = Cell { sum: 0.0, count: 0, last: u32::MAX };
const CLASH: u32 = 1 << 31;

/// Working memory of one thread.
#[derive(Debug, Default)]
pub struct Scratch {
    cells: Vec<Cell>,
    touched: Vec<u32>,
    waiting: Vec<(f64, u32)>,
    pairs: Vec<Pair>,
    chosen: Vec<Pair>,
    used: (Vec<bool>, Vec<bool>),
}

impl Scratch {
    #[inline]
    fn add(&mut self, id: u32, gain: f64, peak: u32, clash: u32) {
        let cell = &mut self.cells[id as usize];
        if cell.count == 0 {
            self.touched.push(id);
        }
        cell.sum += gain;
        let again = if cell.last == peak { CLASH } else { 0 };
        cell.count = (cell.count + 1) | clash | again;
        cell.last = peak;
    }
}

/// A collection of references, ready to be compared.
#[derive(Debug)]
pub struct Prepared {
    metric: PeakMetric,
    settings: Settings,
    window: Window,
    peaks: Vec<Peaks>,
    norms: Vec<f64>,
    table: Table,
    /// By `m/z - precursor`, for the modified cosine.
    losses: Option<Table>,
    top_mz: f64,
    top_precursor: f64,
}

impl Prepared {
    /// Cleans, weights and indexes the spectra.
    ///
    /// # Errors
    /// As [`PeakMetric::prepare`], for the first spectrum that fails; or there are
    /// more than 2^31 - 2 spectra.
    pub fn new(spectra: &[Spectrum], metric: PeakMetric, settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        if spectra.len() >= (CLASH - 1) as usize {
            return Err(Error::TooMany(spectra.len()));
        }
        let peaks = prepare_all(spectra, metric, &settings)?;
        let losses = (metric == PeakMetric::ModifiedCosine).then(|| Table::new(&peaks, false, |mz, p| mz - p.precursor));
        Ok(Self {
            metric,
            settings,
            window: metric.window(&settings),
            table: Table::new(&peaks, metric.is_entropy(), |mz, _| mz),
            losses,
            top_mz: peaks.iter().filter_map(|p| p.mz.last()).fold(0.0, |m, &v| f64::max(m, v)),
            top_precursor: peaks.iter().fold(0.0, |m, p| f64::max(m, p.precursor)),
            norms: peaks.iter().map(|p| p.norm).collect(),
            peaks,
        })
    }

    /// Number of references.
    #[must_use]
    pub fn len(&self) -> usize {
        self.peaks.len()
    }

    /// No references.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.peaks.is_empty()
    }

    /// The prepared references.
    #[must_use]
    pub fn references(&self) -> &[Peaks] {
        &self.peaks
    }

    /// Prepares queries by the metric and settings of this collection.
    ///
    /// # Errors
    /// As [`PeakMetric::prepare`], for the first spectrum that fails.
    pub fn queries(&self, spectra: &[Spectrum]) -> Result<Vec<Peaks>, Error> {
        prepare_all(spectra, self.metric, &self.settings)
    }

    /// Compares one query with the references `from..` and reports to `sink` every
    /// one that reaches its floor (and possibly some that do not).
    pub fn visit_row(&self, query: &Peaks, from: u32, scratch: &mut Scratch, sink: &mut impl Sink) {
        scratch.cells.resize(self.len(), EMPTY);
        self.gather(query, from, scratch);
        let crowded = scratch.touched.len() > self.len() / 2;
        if crowded {
            // Nearly all were touched: memory order is quicker than touching order.
            let Scratch { cells, touched, .. } = scratch;
            touched.clear();
            touched.extend((0u32..).zip(cells.iter()).filter(|(_, c)| c.count > 0).map(|(id, _)| id));
        }
        self.report_direct(query, scratch, sink);
        self.report_matched(query, scratch, sink);
        for id in (from..).take(self.len().saturating_sub(from as usize)) {
            if scratch.cells[id as usize].count == 0 && !sink.untouched(id) {
                break;
            }
        }
        if crowded {
            scratch.cells.fill(EMPTY);
        } else {
            for &id in &scratch.touched {
                scratch.cells[id as usize] = EMPTY;
            }
        }
        scratch.touched.clear();
    }

    fn gather(&self, query: &Peaks, from: u32, scratch: &mut Scratch) {
        let table = &self.table;
        if self.metric.is_entropy() {
            let logs: Vec<f64> = query.weight.iter().map(|&p| def::xlog2x(p)).collect();
            gather(table, query.mz.iter().copied(), self.window, from, scratch, |peak, at| {
                def::entropy_term(query.weight[peak], logs[peak], table.weight[at], table.log[at])
            });
            return;
        }
        let gain = |peak: usize, at: usize| query.weight[peak] * table.weight[at];
        gather(table, query.mz.iter().copied(), self.window, from, scratch, gain);
        if let Some(losses) = &self.losses {
            let gain = |peak: usize, at: usize| query.weight[peak] * losses.weight[at];
            let keys = query.mz.iter().map(|mz| mz - query.precursor);
            gather(losses, keys, self.loss_window(query), from, scratch, gain);
        }
    }

    /// Wide enough for every moved pair, whatever its rounding.
    fn loss_window(&self, query: &Peaks) -> Window {
        let top = query.mz.last().map_or(self.top_mz, |&v| v.max(self.top_mz));
        let reach = match self.window {
            Window::Plus(t) | Window::Gap(t) => t,
            Window::Ratio(r) => top * (r - 1.0), // of the unmoved peak at most
        };
        let precursors = query.precursor.max(self.top_precursor);
        Window::Gap(reach + 1e-12 * (reach + top + precursors))
    }

    /// Scores that are complete after gathering; the others wait with their bounds.
    fn report_direct(&self, query: &Peaks, scratch: &mut Scratch, sink: &mut impl Sink) {
        let halve = self.metric.is_entropy();
        scratch.waiting.clear();
        for &id in &scratch.touched {
            let cell = scratch.cells[id as usize];
            let norm = query.norm * self.norms[id as usize];
            let score = if halve { def::entropy_score(cell.sum) } else { cell.sum / norm };
            let matched = cell.count & !CLASH;
            if matched != cell.count || self.losses.is_some() {
                let slack = 4.0 * f64::EPSILON * (f64::from(matched) + 8.0);
                scratch.waiting.push((score * (1.0 + slack) + slack, id));
            } else if score >= sink.floor(id) {
                sink.take(id, Match { score, matched });
            }
        }
    }

    /// Matches the waiting references, best bound first.
    fn report_matched(&self, query: &Peaks, scratch: &mut Scratch, sink: &mut impl Sink) {
        let mut waiting = std::mem::take(&mut scratch.waiting);
        waiting.retain(|&(bound, id)| bound >= sink.floor(id));
        waiting.sort_unstable_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
        for &(bound, id) in &waiting {
            if bound >= sink.floor(id) {
                let found = self.matched(query, &self.peaks[id as usize], scratch);
                if found.score >= sink.floor(id) {
                    sink.take(id, found);
                }
            }
        }
        scratch.waiting = waiting;
    }

    fn matched(&self, a: &Peaks, b: &Peaks, scratch: &mut Scratch) -> Match {
        let Scratch { pairs, chosen, used, .. } = scratch;
        match self.metric {
            PeakMetric::CosineLinear => {
                return def::cosine(&mut def::sweep(a, b, self.window), a, b);
            }
            PeakMetric::Entropy | PeakMetric::EntropyUnweighted => {
                return def::entropy(&def::sweep(a, b, self.window), a, b);
            }
            _ => {}
        }
        pairs.clear();
        collect_pairs(a, b, self.window, None, pairs);
        if self.metric == PeakMetric::CosineExact {
            return def::cosine(&mut def::exact(pairs, a, b), a, b);
        }
        if self.losses.is_some() && !def::precursors_agree(a.precursor, b.precursor, &self.settings) {
            collect_pairs(a, b, self.window, Some(b.precursor - a.precursor), pairs);
        }
        greedy(pairs, chosen, used, a.mz.len(), b.mz.len());
        def::cosine(chosen, a, b)
    }

    /// For every spectrum of the collection its `k` best others: score descending,
    /// then index ascending.
    #[must_use]
    pub fn top_k(&self, k: usize) -> Vec<Vec<(u32, Match)>> {
        rows(self.len(), |id, scratch| {
            let mut best = Best::new(k, Some(id));
            self.visit_row(&self.peaks[id as usize], 0, scratch, &mut best);
            best.finish()
        })
    }

    /// For every query (of [`Prepared::queries`]) its `k` best references.
    #[must_use]
    pub fn top_k_of(&self, queries: &[Peaks], k: usize) -> Vec<Vec<(u32, Match)>> {
        rows(queries.len(), |id, scratch| {
            let mut best = Best::new(k, None);
            self.visit_row(&queries[id as usize], 0, scratch, &mut best);
            best.finish()
        })
    }

    /// All pairs `i < j` of the collection that score at least `least`, ascending
    /// in `i`, then `j`. At `least <= 0` that is every pair.
    #[must_use]
    pub fn threshold(&self, least: f64) -> Vec<(u32, u32, Match)> {
        let rows = rows(self.len(), |id, scratch| {
            let mut above = Above::new(least);
            self.visit_row(&self.peaks[id as usize], id + 1, scratch, &mut above);
            above.finish(id)
        });
        rows.into_iter().flatten().collect()
    }

    /// All pairs (query, reference) that score at least `least`, ascending.
    #[must_use]
    pub fn threshold_of(&self, queries: &[Peaks], least: f64) -> Vec<(u32, u32, Match)> {
        let rows = rows(queries.len(), |id, scratch| {
            let mut above = Above::new(least);
            self.visit_row(&queries[id as usize], 0, scratch, &mut above);
            above.finish(id)
        });
        rows.into_iter().flatten().collect()
    }
}

/// One result a row, in parallel, with one working memory a thread.
fn rows<T: Send>(count: usize, row: impl Fn(u32, &mut Scratch) -> T + Sync) -> Vec<T> {
    let ids: Vec<u32> = (0u32..).take(count).collect();
    ids.into_par_iter().map_init(Scratch::default, |scratch, id| row(id, scratch)).collect()
}

fn prepare_all(spectra: &[Spectrum], metric: PeakMetric, settings: &Settings) -> Result<Vec<Peaks>, Error> {
    let all: Vec<Result<Peaks, Error>> = spectra.par_iter().map(|s| metric.prepare(s, settings)).collect();
    all.into_iter().collect()
}

/// Adds the share of every pair of a query peak with a table peak. `keys` ascend.
#[inline]
fn gather(
    table: &Table,
    keys: impl Iterator<Item = f64>,
    window: Window,
    from: u32,
    scratch: &mut Scratch,
    gain: impl Fn(usize, usize) -> f64,
) {
    let mut reached = 0;
    for ((number, peak), key) in (0u32..).zip(0usize..).zip(keys) {
        let (first, end) = table.range(key, window);
        // Table peaks below `reached` were partners of an earlier query peak too.
        let fresh = reached.clamp(first, end);
        for (slice, clash) in [(first..fresh, CLASH), (fresh..end, 0)] {
            for at in slice {
                let id = table.id[at];
                if id >= from {
                    scratch.add(id, gain(peak, at), number, clash);
                }
            }
        }
        reached = reached.max(end);
    }
}

/// The admissible pairs by `i`, then `j`, appended to `out`.
fn collect_pairs(a: &Peaks, b: &Peaks, window: Window, shift: Option<f64>, out: &mut Vec<Pair>) {
    let moves = shift.is_some();
    let place = |x: f64, y: f64| shift.map_or((x, y), |s| def::moved(x, y, s));
    let (mut first, mut low) = (0, 0u32);
    for (i, (&x0, &wa)) in (0u32..).zip(a.mz.iter().zip(&a.weight)) {
        // Partners of this peak; those below them are out of reach of the next as well.
        while let Some((x, y)) = b.mz.get(first).map(|&y0| place(x0, y0)) {
            if y >= x || window.ordered(y, x) {
                break;
            }
            first += 1;
            low += 1;
        }
        for ((&y0, &wb), j) in b.mz[first..].iter().zip(&b.weight[first..]).zip(low..) {
            let (x, y) = place(x0, y0);
            if !window.near(x, y) {
                break;
            }
            out.push(Pair { i, j, product: wa * wb, moved: moves });
        }
    }
}

fn greedy(pairs: &mut [Pair], chosen: &mut Vec<Pair>, used: &mut (Vec<bool>, Vec<bool>), rows: usize, columns: usize) {
    pairs.sort_unstable_by(def::greedy_order);
    chosen.clear();
    used.0.clear();
    used.0.resize(rows, false);
    used.1.clear();
    used.1.resize(columns, false);
    for p in pairs {
        let (i, j) = (p.i as usize, p.j as usize);
        if !used.0[i] && !used.1[j] {
            used.0[i] = true;
            used.1[j] = true;
            chosen.push(*p);
        }
    }
}
