//! How the pairs of a run are screened: tried on a sample of its rows, and what is fastest is taken.
//!
//! There are four ways, all of them bounds of [`crate::metric::form`], all with the same result: **plain** (all numbers of a
//! row, as f32), **head** (coordinates along the first principal axes, the rest bounded by its norm), and, where a device multiplies them,
//! **half** (all numbers, as f16) and **bytes** (all numbers, as 8-bit ones). A loose bound is cheap a pair and hands over more pairs to be scored exactly. So the time of a run is
//! ```text
//! pairs · (t + p·g·r/threads) + rows · q
//! ```
//! with t the time that the backend takes a pair, p the share of pairs that pass the test, r the time that such a pair takes (a
//! product of all numbers where the bound saw fewer; the k best of a row are scored exactly whatever the bound) and q that of
//! preparing a row. All of them are measured here, on tiles of the sample: a few of its rows as queries and all of them
//! as partners, floors set where the ranking's will be, at the share k/n of all partners (no higher than the best one of the
//! sample, so that p is overestimated where n/k is larger than the sample). Early in a run floors are lower and more pairs pass:
//! a row that has seen s partners lets about k/s of the next ones pass, which adds up to ln(n/first) times the share at the end.
//! g is 0.6 of that as counted on random rows, and once for each side of a pair; for heads, whose rows stand near their
//! neighbours from the first tile on, and for thresholds it is 1.
//!
//! What does not pay is dropped. Choosing itself costs as much as a small part of the run: small runs are screened plainly.

use super::axes::Axes;
use super::block::{Block, Form};
use super::job::{Job, Mode, Screening};
use super::plan::{Cut, Seed};
use super::sample::{Count, GLANCE, Gather, NOTED, Sample, dimensions, estimate_seconds, pass_seconds, run};
use super::survey::Survey;
use crate::backend::cpu::{Cpu, dot_depth};
use crate::backend::{Backend, Halves, Screen};
use crate::metric::Frame;
use crate::metric::form::{BYTES_WIDEST, Narrow, Numbers};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

/// Widths of heads that are tried, the widest first.
const HEADS: [usize; 6] = [64, 48, 32, 24, 16, 8];
/// The width that is tried first.
const FIRST: usize = 24;
/// Rows of a sample, at most.
const SAMPLE: usize = 2048;
/// Queries among them, at least.
const QUERIES: usize = 192;
/// The same of a metric with a second stage.
const FEWER: usize = 32;
/// Multiplications below which nothing is tried: a tenth of a second, of which choosing would take a good part.
const LEAST_WORK: f64 = 1.5e10;
/// Rows of fewer numbers gain nothing by narrower ones.
const NARROWEST: usize = 32;
/// Seconds that a device which is not called tile by tile is watched for, at least.
const WATCHED: f64 = 0.02;
/// Where so many of them point in directions of their own, no head will hold much.
const FLAT: f64 = 0.5;
/// A head that holds less than this share of the sample's squares does not prune.
const WORTH: f64 = 0.5;

/// A way of screening, as it was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// `plain`, `head`, `half` or `bytes`.
    pub bound: String,
    /// Numbers multiplied for a pair.
    pub width: usize,
    /// Time of screening a pair, on all threads.
    pub nanoseconds: f64,
    /// Share of pairs that pass the test.
    pub share: f64,
    /// What a run with it would take.
    pub seconds: f64,
}

/// How a run was screened, for the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strategy {
    pub bound: String,
    pub width: usize,
    /// Why, in a sentence.
    pub why: String,
    /// Share of pairs expected to pass the test, where that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_share: Option<f64>,
    /// Share of the screened pairs that did.
    pub share: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Candidate>,
    /// What choosing took.
    pub seconds: f64,
}

impl Strategy {
    fn untried(bound: &str, width: usize, why: &str) -> Self {
        let (bound, why) = (bound.to_owned(), why.to_owned());
        Self { bound, width, why, expected_share: None, share: 0.0, tried: Vec::new(), seconds: 0.0 }
    }
}

/// Rows that a survey keeps for this, for rows of `d` numbers under so much memory.
#[must_use]
pub fn sample_rows(job: &Job, rows: usize, partners: usize, d: usize) -> usize {
    if !job.metric.multiplies() || job.options.mode == Mode::Dense || job.options.screening == Screening::Plain {
        return 0;
    }
    let work = rows as f64 * partners as f64 * d as f64;
    if work < LEAST_WORK && job.options.screening == Screening::Auto {
        return 0;
    }
    // The sample, its x′ as f32 and f64, and operands of it.
    let room = job.options.memory / 32 / (24 * d as u64);
    let wanted = if job.options.screening == Screening::Auto { rows.max(partners) / 16 } else { rows };
    wanted.clamp(64, SAMPLE).min(usize::try_from(room).unwrap_or(SAMPLE))
}

/// Coordinates of the widest head that may be taken for rows of `d` numbers.
#[must_use]
pub fn widest_head(job: &Job, d: usize) -> usize {
    match job.options.screening {
        _ if !job.metric.multiplies() || job.options.mode == Mode::Dense => 0,
        Screening::Head(h) if h > 0 => h.min(d),
        Screening::Auto | Screening::Head(_) => HEADS[0].min(d / 2),
        Screening::Plain | Screening::Half | Screening::Bytes => 0,
    }
}

/// Samples of both sides, and what there is to be done.
pub struct Trial<'a> {
    pub job: &'a Job,
    pub frame: &'a Frame,
    pub rows: &'a Survey,
    /// The same survey when a collection is compared with itself.
    pub cols: &'a Survey,
    pub symmetric: bool,
    pub pairs: u64,
}

impl Trial<'_> {
    /// Chooses.
    #[must_use]
    pub fn choose(&self, backend: &mut dyn Backend) -> (Form, Strategy) {
        let started = Instant::now();
        let (form, mut strategy) = self.decide(backend);
        strategy.seconds = started.elapsed().as_secs_f64();
        (form, strategy)
    }

    fn plain(&self) -> Form {
        Form { frame: self.frame.clone(), axes: None, fine: None, second: true }
    }

    fn decide(&self, backend: &mut dyn Backend) -> (Form, Strategy) {
        let d = self.frame.width();
        let plain = |why: &str| (self.plain(), Strategy::untried("plain", d, why));
        let asked = self.job.options.screening;
        if asked == Screening::Plain {
            return plain("asked for");
        }
        if !self.job.metric.multiplies() {
            return plain("the metric does not reduce to an inner product");
        }
        if self.job.options.mode == Mode::Dense {
            return plain("dense scores need all numbers");
        }
        let (Some(rows), Some(cols)) = (&self.rows.sample, &self.cols.sample) else {
            return plain("no rows were set aside to try ways on: there is too little work, or too little memory");
        };
        // A second stage looks at every pair of the sample.
        let queries = if self.job.metric.lagged().is_some() { FEWER } else { QUERIES.max(backend.busy_rows()) };
        let part = Sample::new(rows, self.rows, Some(queries));
        let all = Sample::new(cols, self.cols, None);
        match asked {
            Screening::Bytes => {
                if d > BYTES_WIDEST {
                    return plain("rows are too wide for sums of bytes in 32 bits");
                }
                if backend.device().kind != "cpu" {
                    return plain("bytes were asked for, and this device does not multiply them");
                }
                let form = self.bytes(&all);
                let mut strategy = Strategy::untried("bytes", d, "asked for");
                if !backend.multiplies_bytes() {
                    strategy.why = "asked for, though this device has no fast product of bytes".into();
                }
                (form, strategy)
            }
            Screening::Half => {
                // As f32 they would take more memory than all numbers do, and no less time.
                if backend.halves_depth(d).is_none() {
                    return plain("halves were asked for, and this device does not multiply them");
                }
                (self.halves(backend), Strategy::untried("half", d, "asked for"))
            }
            Screening::Head(h) if h > 0 => match self.axes(&all, h).map(|axes| self.head(axes, backend)) {
                Some(form) => {
                    let strategy = Strategy::untried("head", form.frame.narrow().head, "asked for");
                    (form, strategy)
                }
                None => plain("the sample has no axes: its rows are all the same"),
            },
            _ => self.try_all(&part, &all, backend),
        }
    }

    /// The sample in x′.
    fn placed(&self, all: &Sample) -> Vec<f32> {
        let d = self.frame.width();
        let mut x = vec![0.0f32; all.matrix.rows() * d];
        x.par_chunks_mut(d).enumerate().for_each_init(
            || vec![0.0f64; d],
            |work, (i, x)| {
                self.frame.place(all.matrix.row(i), all.measures[i], work);
                x.iter_mut().zip(work).for_each(|(x, w)| *x = *w as f32);
            },
        );
        x
    }

    /// Principal axes of the sample in x′.
    fn axes(&self, all: &Sample, count: usize) -> Option<Axes> {
        let d = self.frame.width();
        Axes::of(&self.placed(all), d, count.min(d).min(all.matrix.rows()))
    }

    fn head(&self, axes: Axes, backend: &dyn Backend) -> Form {
        let narrow = Narrow { head: axes.count(), lost: axes.lost(), numbers: Numbers::Singles };
        let depth = backend.depth(axes.count()).max(Cpu::new().depth(axes.count()));
        let fine = self.frame.is_product().then(|| self.fine());
        Form { frame: self.frame.narrowed(narrow, depth), axes: Some(axes), fine, second: true }
    }

    fn bytes(&self, all: &Sample) -> Form {
        // κ: the usual residual of rounding to multiples of step, √(d/12)·step, over the norm.
        let d = self.frame.width();
        let mut work = vec![0.0; d];
        let seen = all.matrix.rows().min(64);
        let step = all.matrix.rows() / seen.max(1);
        let mut ratios: Vec<f64> = (0..seen)
            .map(|i| {
                let placed = self.frame.place(all.matrix.row(i * step), all.measures[i * step], &mut work);
                let largest = work.iter().fold(0.0f64, |m, x| m.max(x.abs()));
                (d as f64 / 12.0).sqrt() * largest / 127.0 / placed.square().sqrt()
            })
            .filter(|r| r.is_finite() && *r > 0.0)
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let kappa = ratios.get(ratios.len() / 2).copied().unwrap_or(0.01);
        let narrow = Narrow { numbers: Numbers::Bytes { kappa }, ..Narrow::default() };
        Form { frame: self.frame.narrowed(narrow, 0), axes: None, fine: Some(self.fine()), second: true }
    }

    fn halves(&self, backend: &dyn Backend) -> Form {
        let d = self.frame.width();
        let narrow = Narrow { numbers: Numbers::Halves, ..Narrow::default() };
        // Should the device fail, the CPU goes on with the same numbers as f32.
        let wide = d.next_multiple_of(Halves::PAD);
        let depth = backend.halves_depth(d).unwrap_or(0).max(Cpu::new().depth(wide));
        Form { frame: self.frame.narrowed(narrow, depth), axes: None, fine: Some(self.fine()), second: true }
    }

    /// The frame of all numbers, for products that the processor computes one by one.
    fn fine(&self) -> Frame {
        self.frame.narrowed(Narrow::default(), dot_depth(self.frame.width()))
    }

    /// Tries what there is.
    fn try_all(&self, part: &Sample, all: &Sample, backend: &mut dyn Backend) -> (Form, Strategy) {
        let d = self.frame.width();
        let asked = self.job.options.screening;
        let plain = self.plain();
        let (least, first) = self.least(&plain, part, all, backend);
        let pass = self.job.metric.lagged().map_or_else(|| pass_seconds(&first.0), |second| estimate_seconds(&first.0, second));
        // What a pair takes that passed all numbers of its rows: it is only kept, unless there is a second stage.
        let noted = if self.job.metric.lagged().is_some() { pass } else { NOTED };
        let seeds = backend.seed_side(self.job.options.k()).clamp(1, backend.tile().cols.max(1)) as f64;
        let growth = |bound: &str| match self.job.options.mode {
            Mode::TopK(_) if bound != "head" => {
                let sides = if self.symmetric { 2.0 } else { 1.0 };
                sides * (0.6 * (self.cols.rows as f64 / seeds).max(1.0).ln()).max(1.0)
            }
            _ => 1.0,
        };
        let mut tried: Vec<(Form, Candidate)> = Vec::new();
        let try_one = |form: Form, bound: &str, backend: &mut dyn Backend, prepared: Option<(Block, f64)>| {
            let found = self.measure(&form, part, all, &least, prepared, backend);
            let threads = rayon::current_num_threads() as f64;
            let seconds = self.pairs as f64
                * (found.pair + (found.share * growth(bound)).min(1.0) * (if bound == "plain" { noted } else { pass }) / threads)
                + found.prepare * (self.rows.rows + if self.symmetric { 0 } else { self.cols.rows }) as f64;
            let candidate = Candidate {
                bound: bound.to_owned(),
                width: form.frame.screened_width(),
                nanoseconds: found.pair * 1e9,
                share: found.share,
                seconds,
            };
            (form, candidate)
        };
        tried.push(try_one(plain, "plain", backend, Some(first)));
        let narrower = self.frame.is_product();
        if narrower && backend.multiplies_bytes() && (NARROWEST..=BYTES_WIDEST).contains(&d) && asked == Screening::Auto {
            tried.push(try_one(self.bytes(all), "bytes", backend, None));
        }
        if narrower && backend.halves_depth(d).is_some() && d >= NARROWEST && asked == Screening::Auto {
            tried.push(try_one(self.halves(backend), "half", backend, None));
        }
        let widths: Vec<usize> = HEADS.iter().copied().filter(|h| 2 * h <= d).collect();
        let x = self.placed(all);
        let flat = asked == Screening::Auto && dimensions(&x, d) > FLAT * GLANCE as f64;
        let axes = widths.first().filter(|_| !flat).and_then(|&widest| Axes::of(&x, d, widest.min(all.matrix.rows())));
        drop(x);
        let axes = axes.filter(|axes| asked != Screening::Auto || axes.share(axes.count()) >= WORTH);
        if let Some(axes) = axes {
            // From the middle towards whichever side gets better; on the way back nothing is tried twice.
            let mut seconds = vec![None; widths.len()];
            let mut at = widths.iter().position(|&h| h <= FIRST).unwrap_or(widths.len() - 1);
            loop {
                let near = at.saturating_sub(1)..(at + 2).min(widths.len());
                let centre_first = std::iter::once(at).chain(near.clone());
                for n in centre_first {
                    // A narrower one comes after the wider one beside it: where that was worse there is no need of it.
                    // Axes of few rows fit just these.
                    let enough = axes.count() >= widths[n] && all.matrix.rows() >= 4 * widths[n];
                    if seconds[n].is_none() && enough {
                        let (form, candidate) = try_one(self.head(axes.first(widths[n]), backend), "head", backend, None);
                        seconds[n] = Some(candidate.seconds);
                        tried.push((form, candidate));
                    }
                }
                let better = |n: &usize| seconds[*n].unwrap_or(f64::INFINITY);
                let best = near.min_by(|x, y| better(x).total_cmp(&better(y))).unwrap_or(at);
                if best == at {
                    break;
                }
                at = best;
            }
        }
        let wanted = |c: &Candidate| !matches!(asked, Screening::Head(_)) || c.bound == "head" || tried.len() == 1;
        let best = (0..tried.len())
            .filter(|&i| wanted(&tried[i].1))
            .min_by(|&a, &b| tried[a].1.seconds.total_cmp(&tried[b].1.seconds))
            .unwrap_or(0);
        let form = tried[best].0.clone();
        let tried: Vec<Candidate> = tried.into_iter().map(|(_, candidate)| candidate).collect();
        let chosen = &tried[best];
        let strategy = Strategy {
            bound: chosen.bound.clone(),
            width: chosen.width,
            why: format!("the fastest of {} on a sample of {} rows", tried.len(), all.matrix.rows()),
            expected_share: Some(chosen.share),
            share: 0.0,
            tried,
            seconds: 0.0,
        };
        (form, strategy)
    }

    /// For each query of the sample the least u (scaled) that a partner must reach; and the sample in plain form.
    fn least(&self, plain: &Form, part: &Sample, all: &Sample, backend: &mut dyn Backend) -> (Vec<f64>, (Block, f64)) {
        let (queries, _) = part.block(plain, true);
        let (partners, prepare) = all.block(plain, true);
        let rows = queries.operand.rows;
        if let Mode::Threshold(threshold) = self.job.options.mode {
            return (vec![plain.frame.least_u(threshold); rows], (partners, prepare));
        }
        let sink = Gather { cols: partners.operand.rows, t: Mutex::new(vec![0.0; rows * partners.operand.rows]) };
        run(backend, Screen::of(&plain.frame), &queries, &partners, Cut::All, 1, &sink);
        let mut t = sink.t.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(second) = self.job.metric.lagged() {
            // What a backend says is no lower bound here.
            t.par_chunks_mut(partners.operand.rows).enumerate().for_each(|(i, t)| {
                for (t, partner) in t.iter_mut().zip(&partners.lagged) {
                    let both = queries.lagged[i].as_ref().zip(partner.as_ref());
                    *t = both.and_then(|(x, y)| second.estimate(x, y, queries.matrix.width())).unwrap_or(-1.0);
                }
            });
        }
        let Mode::TopK(k) = self.job.options.mode else { return (vec![f64::NEG_INFINITY; rows], (partners, prepare)) };
        let rank = (k as f64 * partners.operand.rows as f64 / self.cols.rows as f64).round().max(1.0) as usize;
        let least = (0..rows)
            .into_par_iter()
            .map(|i| {
                let mut lower: Vec<f64> = (0..partners.operand.rows)
                    .filter(|&j| !(self.symmetric && part.which[i] == all.which[j]))
                    .map(|j| plain.frame.lower(t[i * partners.operand.rows + j], &queries.bounds[i], &partners.bounds[j]))
                    .collect();
                if lower.len() < rank {
                    return f64::NEG_INFINITY;
                }
                *lower.select_nth_unstable_by(rank - 1, |a, b| b.total_cmp(a)).1
            })
            .collect();
        (least, (partners, prepare))
    }

    fn measure(
        &self,
        form: &Form,
        part: &Sample,
        all: &Sample,
        least: &[f64],
        prepared: Option<(Block, f64)>,
        backend: &mut dyn Backend,
    ) -> Measured {
        let (queries, _) = part.block(form, false);
        let (partners, prepare) = prepared.unwrap_or_else(|| all.block(form, false));
        let floors: Vec<f32> =
            queries.bounds.iter().enumerate().map(|(i, b)| form.frame.floor(least[queries.place(i)], b)).collect();
        let pairs = (floors.len() * partners.operand.rows) as f64;
        let mut pair = f64::INFINITY;
        let mut passed = 0;
        let mut times = 1;
        // A device that is not busy by one call compiles and uploads in the first, says in the second how long one lasts, and is timed in the third.
        let passes = if backend.busy_rows() > 0 { 3 } else { 2 };
        for _ in 0..passes {
            let sink = Count { floors: &floors, both: self.symmetric, passed: AtomicU64::new(0) };
            let started = Instant::now();
            run(backend, Screen::of(&form.frame), &queries, &partners, Cut::Rectangle(Seed::Neither), times, &sink);
            let seconds = started.elapsed().as_secs_f64();
            pair = pair.min(seconds / (pairs * times as f64));
            passed = sink.passed.into_inner() / times as u64;
            if backend.busy_rows() > 0 {
                // What it takes to call it is not what a pair takes.
                times = (WATCHED / seconds).ceil().clamp(1.0, 256.0) as usize;
            }
        }
        // Each query of the sample is among the partners too, and passes.
        let own = if self.symmetric { floors.len() as u64 } else { 0 };
        Measured { pair, share: passed.saturating_sub(own) as f64 / pairs, prepare }
    }
}

struct Measured {
    /// Seconds that a pair takes.
    pair: f64,
    share: f64,
    /// Seconds that a row takes to be prepared.
    prepare: f64,
}
