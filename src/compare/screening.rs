//! One pair of blocks: cut into tiles, handed to the backend some at a time, settled; and what happens when a device fails.
//!
//! Between two handfuls of tiles the run can commit or stop. A device that fails is opened again if somebody knows how, and else the processor does the rest: what was
//! delivered stands, so nothing is done twice.

use super::block::Block;
use super::checkpoint::{Checkpoints, Within};
use super::counted::Counted;
use super::dense::DenseSink;
use super::error::Error;
use super::lagged::LaggedSink;
use super::links::LinkSink;
use super::pace::Pace;
use super::pairing::Pairing;
use super::plan::{Cut, Seed, cut_again, tiles};
use super::run::{Gathering, Run, tile};
use super::select::RankingSink;
use crate::backend::cpu::Cpu;
use crate::backend::{Backend, Screen, Sink, Stopped, Tile, TileShape};
use std::time::Instant;

/// Sides of tiles are not made smaller than that.
const LEAST_SIDE: usize = 32;
/// How often a device that has failed is opened again.
const AGAIN: usize = 2;

impl Run<'_> {
    /// Compares two blocks, or one with itself. `from`: how far that already is.
    pub(super) fn compare(
        &mut self,
        a: &mut Block,
        mut b: Option<&mut Block>,
        step: usize,
        seed: Seed,
        from: Option<Within>,
    ) -> Result<(), Error> {
        let cut = match (&self.gathering, b.is_some()) {
            (Gathering::Ranking(_), false) => Cut::RankedDiagonal,
            (Gathering::Ranking(_), true) => Cut::Rectangle(seed),
            (Gathering::Links(..), false) => Cut::Diagonal,
            (Gathering::Links(..), true) => Cut::Rectangle(Seed::Neither),
            (Gathering::Dense(..), false) => Cut::AllDiagonal,
            (Gathering::Dense(..), true) => Cut::All,
        };
        let cols = b.as_ref().map_or(a.operand.rows, |b| b.operand.rows);
        let mut within = from.unwrap_or_else(|| Within {
            seeds: true,
            done: 0,
            shape: self.tile,
            seed: self.backend.seed_side(self.job.options.k()),
            cuts: Vec::new(),
        });
        if self.lifting
            && let Gathering::Ranking(ranking) = &self.gathering
        {
            RankingSink { pairing: self.pairing(a, b.as_deref()), ranking }.lift();
        }
        let (seeds, rest) = tiles(a.operand.rows, cols, within.shape, within.seed, cut);
        for (seeds, mut todo) in [(true, seeds), (false, rest)] {
            if within.seeds && !seeds {
                within = Within { seeds: false, done: 0, cuts: Vec::new(), ..within };
            } else if within.seeds != seeds {
                // Tiles that set floors were done before.
                continue;
            }
            for (done, shape) in &within.cuts {
                todo = cut_again(todo.get(*done..).unwrap_or_default(), *shape);
            }
            if within.cuts.last().map_or(within.shape, |(_, shape)| *shape) != self.tile {
                self.cut(&mut todo, &mut within);
            }
            self.handfuls(a, &mut b, todo, &mut within, step)?;
        }
        self.settle(a, b.as_deref());
        self.gathered()
    }

    /// Cuts what is left in tiles that suit the backend.
    fn cut(&self, todo: &mut Vec<Tile>, within: &mut Within) {
        *todo = cut_again(todo.get(within.done..).unwrap_or_default(), self.tile);
        within.cuts.push((within.done, self.tile));
        within.done = 0;
    }

    /// Hands tiles to the backend, and commits in between.
    fn handfuls(
        &mut self,
        a: &mut Block,
        b: &mut Option<&mut Block>,
        mut todo: Vec<Tile>,
        within: &mut Within,
        step: usize,
    ) -> Result<(), Error> {
        while within.done < todo.len() {
            let (goal, least) = (self.checkpoints.as_ref().map(Checkpoints::batch), rayon::current_num_threads());
            let pace = self.pace.get_or_insert_with(|| Pace::new(least, least));
            let count = goal.map_or(usize::MAX, |_| pace.count).min(todo.len() - within.done);
            let from = Instant::now();
            let screened = self.screen(a, b.as_deref(), &todo[within.done..within.done + count]);
            match screened {
                Ok(()) => {
                    within.done += count;
                    if let (Some(goal), Some(pace)) = (goal, &mut self.pace) {
                        let took = from.elapsed();
                        pace.learn(count, took, goal);
                        if count <= least && took > 2 * goal && self.halve() {
                            self.cut(&mut todo, within);
                        }
                    }
                }
                Err(stopped) => {
                    within.done += stopped.done.min(count);
                    self.take_over(&stopped);
                    self.cut(&mut todo, within);
                    self.suit(a);
                    if let Some(b) = b {
                        self.suit(b);
                    }
                }
            }
            self.gathered()?;
            let stop = self.observer.stop();
            let took = self.pace.map_or(std::time::Duration::ZERO, |pace| pace.took);
            let due = self.checkpoints.as_ref().is_some_and(|c| c.due(took));
            // At its end the step counts as a whole.
            if (stop || due) && within.done < todo.len() {
                self.checkpoints.iter_mut().for_each(Checkpoints::prepare);
                self.settle(a, b.as_deref());
                self.gathered()?;
                self.commit(step, Some((&*within, a, b.as_deref())));
            }
            if stop && (within.done < todo.len() || self.checkpoints.is_none()) {
                return Err(self.interrupted());
            }
        }
        Ok(())
    }

    /// Smaller tiles, where the run could not stop for too long within such ones; whether there are smaller ones.
    fn halve(&mut self) -> bool {
        let half = |side: usize| (side / 2).max(LEAST_SIDE.min(side));
        let smaller = TileShape { rows: half(self.tile.rows), cols: half(self.tile.cols) };
        let changed = smaller != self.tile && self.backend.device().kind == "cpu";
        if changed {
            self.tile = smaller;
        }
        changed
    }

    /// Tiles that take no longer than the run may go on without a commit, as far as the trial tells.
    pub(super) fn suit_tile(&mut self) {
        let Some(goal) = self.checkpoints.as_ref().map(|c| c.batch().as_secs_f64()) else { return };
        let taken = |c: &&super::strategy::Candidate| c.bound == self.strategy.bound && c.width == self.strategy.width;
        let seconds = self.strategy.tried.iter().find(taken).map_or(0.0, |c| c.seconds) / self.plan.pairs().max(1) as f64;
        // A tile is one thread's.
        let of = |tile: TileShape| seconds * rayon::current_num_threads() as f64 * (tile.rows * tile.cols) as f64;
        while of(self.tile) > goal && self.halve() {}
    }

    /// Another backend for the rest: the same device once more, or the processor.
    fn take_over(&mut self, stopped: &Stopped) {
        let again = self.again.filter(|_| self.reopened < AGAIN);
        let width = self.job.metric.embedded_width(self.query_survey.width);
        // Its tuning may be another by now: sums that are deeper than was allowed for may be off by more.
        let widths = [width, self.strategy.width];
        let halves = |of: &dyn Backend, width| of.halves_depth(width);
        let suits = |backend: &dyn Backend| {
            backend.depth(width) <= self.depth
                && widths.iter().all(|&w| match (halves(backend, w), halves(self.backend.as_ref(), w)) {
                    (Some(now), Some(then)) => now <= then,
                    (now, _) => now.is_none(),
                })
                && backend.depth(self.strategy.width) <= self.backend.depth(self.strategy.width).max(self.depth)
        };
        let opened = again.and_then(|again| again()).filter(|backend| suits(backend.as_ref()));
        let who = if opened.is_some() { "it was opened again and goes on" } else { "the CPU does the rest" };
        let text = format!("{stopped}; {who}, with the same result");
        self.observer.warn(&text);
        self.warnings.push(text);
        self.reopened += 1;
        self.backend = opened.unwrap_or_else(|| Box::new(Cpu::new()));
        self.backend.fit(self.job.options.memory);
        self.devices.push(self.backend.device());
        self.tile = tile(&self.job, &self.form, self.query_survey.rows, self.backend.as_ref());
        self.pace = None;
    }

    /// Scores what is pending.
    fn settle(&self, a: &Block, b: Option<&Block>) {
        if let Gathering::Ranking(ranking) = &self.gathering {
            let from = Instant::now();
            RankingSink { pairing: self.pairing(a, b), ranking }.settle();
            self.observer.span("settle", from);
        }
    }

    /// Whether what was found could be put somewhere.
    fn gathered(&self) -> Result<(), Error> {
        match &self.gathering {
            Gathering::Ranking(_) => Ok(()),
            Gathering::Links(_, found) => found.check(),
            Gathering::Dense(_, fault, _) => {
                let mut fault = fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                fault.take().map_or(Ok(()), |text| Err(Error::Sink(text)))
            }
        }
    }

    /// Brings a block into a form that the backend multiplies: a device may have failed since it was prepared.
    pub(super) fn suit(&mut self, block: &mut Block) {
        if block.operand.halves.is_some() && self.backend.halves_depth(block.operand.stride).is_none() {
            self.key += 1;
            block.operand.widen();
            block.operand.key = self.key;
        }
    }

    fn pairing<'b>(&'b self, a: &'b Block, b: Option<&'b Block>) -> Pairing<'b> {
        Pairing {
            frame: &self.form.frame,
            row_survey: &self.query_survey,
            col_survey: self.reference_survey.as_ref().unwrap_or(&self.query_survey),
            a,
            b: b.unwrap_or(a),
            symmetric: self.reference_survey.is_none(),
            stop: &self.stop,
            refined: &self.refined,
        }
    }

    fn screen(&mut self, a: &Block, b: Option<&Block>, tiles: &[Tile]) -> Result<(), Stopped> {
        // The backend is borrowed apart from the rest, which the sink reads.
        let mut backend = std::mem::replace(&mut self.backend, Box::new(Cpu::new()));
        let pairing = self.pairing(a, b);
        let screen = Screen::of(&self.form.frame);
        let symmetric = pairing.symmetric && b.is_none();
        let lagged = match &self.gathering {
            Gathering::Dense(..) => None,
            _ => self.job.metric.lagged(),
        };
        let mut go = |sink: &dyn Sink| {
            let second = lagged.map(|second| LaggedSink { inner: sink, second, pairing });
            let sink = second.as_ref().map_or(sink, |second| second as &dyn Sink);
            let counted = Counted {
                inner: sink,
                observer: self.observer,
                half_pairs: &self.half_pairs,
                passed: &self.passed,
                tested: &self.tested,
                square: symmetric,
                began: Instant::now(),
                // Where the run can stop between handfuls, it does not within: what is done then is known.
                whole: self.checkpoints.is_some(),
            };
            backend.screen(screen, &a.operand, &b.unwrap_or(a).operand, tiles, &counted)
        };
        let answer = match &self.gathering {
            Gathering::Ranking(ranking) => go(&RankingSink { pairing, ranking }),
            Gathering::Links(threshold, found) => go(&LinkSink::new(pairing, *threshold, self.job.metric.info().closer, found)),
            Gathering::Dense(store, fault, largest) => go(&DenseSink { pairing, store: *store, fault, largest }),
        };
        self.backend = backend;
        answer
    }
}
