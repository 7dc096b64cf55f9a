//! What a run commits, and how it goes on from there: see [`super::checkpoint`].

use super::block::Block;
use super::checkpoint::{Begun, Standing, Within};
use super::entries::{LINKS, ORDER, ROWS, RowsOut, links_in, links_out, order_in, order_out, rows_in};
use super::error::Error;
use super::run::{Gathering, Run};
use super::select::Best;
use crate::backend::Device;
use std::sync::atomic::Ordering::Relaxed;

/// From where a run goes on.
#[derive(Debug, Default)]
pub(super) struct Resumed {
    /// Steps that are done.
    pub step: usize,
    /// How far the next one is, and the orders of its blocks where they have one.
    pub within: Option<Within>,
    pub orders: [Option<Vec<u32>>; 2],
    /// How much of the result was written: see [`Standing::writing`].
    pub writing: Option<(u64, serde_json::Value)>,
}

impl Run<'_> {
    /// Takes up what an earlier process committed.
    pub(super) fn restore(&mut self, begun: &Begun) -> Result<Resumed, Error> {
        let Some(standing) = begun.standing.clone() else { return Ok(Resumed::default()) };
        let (rows, partners) =
            (self.query_survey.rows, self.reference_survey.as_ref().map_or(self.query_survey.rows, |s| s.rows));
        let mut orders: [Option<Vec<u32>>; 2] = [None, None];
        let gathering = &mut self.gathering;
        begun.found(&mut |kind, payload| match (kind, &mut *gathering) {
            (ROWS, Gathering::Ranking(ranking)) => rows_in(payload, false, &mut |row, more, best| {
                let best: Vec<Best> = best.iter().map(|(best, _)| *best).collect();
                ranking.restore(row, more, &best, partners)
            }),
            (LINKS, Gathering::Links(_, found)) => links_in(payload, false, &mut |link, _| {
                found.restore(link).filter(|()| link.query < rows as u64 && link.reference < partners as u64)
            }),
            (ORDER, _) => {
                let (commit, side, order) = order_in(payload)?;
                if commit == standing.commit {
                    orders.get_mut(usize::try_from(side).ok()?)?.get_or_insert_default().extend(order);
                }
                Some(())
            }
            _ => None,
        })?;
        match &self.gathering {
            Gathering::Links(_, found) => found.restored()?,
            Gathering::Dense(.., largest) => largest.store(standing.largest, Relaxed),
            Gathering::Ranking(_) => {}
        }
        self.half_pairs.store(standing.half_pairs, Relaxed);
        self.refined.store(standing.refined, Relaxed);
        self.passed.store(standing.passed, Relaxed);
        self.tested.store(standing.tested, Relaxed);
        self.tolerance = standing.tolerance;
        self.lifting = true;
        // Devices of earlier processes first; the same one is named once in a row.
        let now: Vec<Device> = std::mem::replace(&mut self.devices, standing.devices.clone());
        for device in now {
            if self.devices.last() != Some(&device) {
                self.devices.push(device);
            }
        }
        // What is found so far is committed.
        self.committed = true;
        let mut warnings = standing.warnings.clone();
        self.observer.warn(&standing.going_on(&begun.head.started));
        warnings.push(standing.gone_on(begun.torn));
        warnings.append(&mut self.warnings);
        self.warnings = warnings;
        self.observer.progress(standing.half_pairs / 2);
        Ok(Resumed { step: standing.step, within: standing.within, orders, writing: standing.writing })
    }

    /// Where the run stands.
    pub(super) fn standing(&self, step: usize, within: Option<Within>) -> Standing {
        let half_pairs = self.half_pairs.load(Relaxed);
        Standing {
            pairs: half_pairs / 2,
            of: self.plan.pairs(),
            step,
            within,
            half_pairs,
            refined: self.refined.load(Relaxed),
            passed: self.passed.load(Relaxed),
            tested: self.tested.load(Relaxed),
            devices: self.devices.clone(),
            warnings: self.warnings.clone(),
            ..Standing::default()
        }
    }

    /// Commits that the steps before `step` are done, and of that one so much. A commit that fails is no reason to end: it is tried again later.
    pub(super) fn commit(&mut self, step: usize, within: Option<(&Within, &Block, Option<&Block>)>) {
        let Some(mut checkpoints) = self.checkpoints.take() else { return };
        checkpoints.prepare();
        let mut standing = self.standing(step, within.map(|(within, ..)| within.clone()));
        let mut fault = None;
        if let Gathering::Dense(store, _, largest) = &self.gathering {
            standing.largest = largest.load(Relaxed);
            // Of exact scores there is none to keep, and what stands for it may be no number.
            standing.tolerance =
                if self.form.frame.metric().dense_exact() { 0.0 } else { self.tolerance.max(self.form.frame.worst_tolerance()) };
            match store.sync() {
                Ok(kept) => standing.dense = kept,
                Err(text) => fault = Some(text),
            }
        }
        let all = match &self.gathering {
            Gathering::Ranking(ranking) => Some(ranking.kept_bytes()),
            _ => None,
        };
        let number = checkpoints.next();
        if fault.is_none() {
            let committed = checkpoints.commit(standing, all, &mut |journal, anew| {
                for (side, block) in within.iter().flat_map(|(_, a, b)| [(0, Some(*a)), (1, *b)]) {
                    if let Some(order) = block.and_then(|block| block.order.as_ref()) {
                        order_out(journal, number, side, order)?;
                    }
                }
                match &self.gathering {
                    Gathering::Ranking(ranking) => {
                        let mut out = RowsOut::new(journal);
                        ranking.changed(anew, |row, best| out.row(row, best, None))?;
                        out.finish()
                    }
                    Gathering::Links(_, found) => found.fresh(&mut |links| links_out(journal, links)),
                    Gathering::Dense(..) => Ok(()),
                }
            });
            match (committed, &self.gathering) {
                (Ok(()), Gathering::Ranking(ranking)) => ranking.kept(),
                (Ok(()), Gathering::Links(_, found)) => found.kept(),
                (Ok(()), Gathering::Dense(..)) => {}
                (Err(error), _) => fault = Some(error.to_string()),
            }
        }
        self.committed = fault.is_none();
        if let Some(fault) = fault {
            let text = format!("the work since the last commit could not be kept: {fault}. The run goes on, and tries again");
            self.observer.warn(&text);
            if !self.warnings.contains(&text) {
                self.warnings.push(text);
            }
        }
        self.checkpoints = Some(checkpoints);
    }

    /// How the run ends when it was told to.
    pub(super) fn interrupted(&self) -> Error {
        match &self.checkpoints {
            Some(checkpoints) if checkpoints.has_begun() => Error::Interrupted {
                path: checkpoints.path().display().to_string(),
                // What is there to go on with.
                percent: 100.0 * checkpoints.pairs() as f64 / self.plan.pairs().max(1) as f64,
                lost: !self.committed,
            },
            _ => Error::Stopped,
        }
    }
}
