//! What stands beside a score that is the best of many alignments: where the two rows fit, and how else they compare there.
//!
//! A pass over the pairs that were found, after the comparison: their rows are read again (those in memory a bounded number at a time), so that no
//! pair that is not part of the result costs anything. Of log-polar images, for every pair the turn in degrees and whether the reference was mirrored. Of profiles, the
//! lag in samples, the stretch and the overlap; if asked, the relative distance of the overlap and the CMPS score with its votes ([`crate::metric::cmps`]), of which the better direction counts.

use super::error::Error;
use super::job::Job;
use super::source::RowSource;
use crate::metric::ccf::{Alignment, Ccf};
use crate::metric::cmps::{self, Directions};
use crate::metric::lagged::Lagged;
use crate::metric::logpolar::Turn;
use crate::metric::settings::Rescore;
use rayon::prelude::*;
use std::collections::HashMap;

/// In the place of a vote where a segment has none: −2⁵³, which every reader of numbers holds exactly.
pub const NO_VOTE: i64 = -(1 << 53);

/// Numbers beside the scores of pairs, all of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numbers<'a> {
    I64(&'a [i64]),
    F64(&'a [f64]),
}

impl Numbers<'_> {
    /// As f64, which holds all of them exactly.
    #[must_use]
    pub fn to_f64(self) -> Vec<f64> {
        match self {
            Self::I64(all) => all.iter().map(|&x| x as f64).collect(),
            Self::F64(all) => all.to_vec(),
        }
    }
}

/// A column beside scores, by what it holds and not where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// In rankings, in links.
    pub names: [&'static str; 2],
    /// Numbers a pair.
    pub width: usize,
    pub integers: bool,
}

/// One number a pair, except for votes: as many as [`Explainer::segments`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explained {
    pub lag: Vec<i64>,
    pub stretch: Vec<f64>,
    pub overlap: Vec<i64>,
    /// Empty unless asked for; NaN where there is no pair.
    pub relative_distance: Vec<f64>,
    /// Empty unless asked for; −1 where a profile is shorter than a segment.
    pub cmps: Vec<i64>,
    /// 1: the query was cut into segments for the score that counts. −1: the reference.
    pub cmps_direction: Vec<i64>,
    /// The position that each segment votes for.
    pub cmps_votes: Vec<i64>,
    /// Of log-polar images: how far the reference is turned to lie as the query does, in degrees; NaN where there is no pair.
    pub turn_deg: Vec<f64>,
    /// Of log-polar images: 1 where the reference is mirrored.
    pub mirrored: Vec<i64>,
}

fn segments(width: usize) -> usize {
    (width / cmps::Settings::default().segment).max(1)
}

/// The columns that stand beside the scores of rows of this width, without the rows; none for metrics that have nothing to explain.
#[must_use]
pub fn columns(job: &Job, width: usize) -> Vec<Column> {
    job.metric.lagged().map_or_else(Vec::new, |second| columns_of(&second, &job.options.settings.rescore, width))
}

fn columns_of(second: &Lagged<'_>, rescore: &[Rescore], width: usize) -> Vec<Column> {
    let column = |ranking, links, integers| Column { names: [ranking, links], width: 1, integers };
    let same = |name, integers| column(name, name, integers);
    if matches!(second, Lagged::Turns(_)) {
        return vec![column("turns_deg", "turn_deg", false), same("mirrored", true)];
    }
    let mut all = vec![column("lags", "lag", true), column("stretches", "stretch", false), column("overlaps", "overlap", true)];
    if rescore.contains(&Rescore::RelativeDistance) {
        all.push(same("relative_distance", false));
    }
    if rescore.contains(&Rescore::Cmps) {
        all.extend([same("cmps", true), same("cmps_direction", true)]);
        all.push(Column { width: segments(width), ..same("cmps_votes", true) });
    }
    all
}

/// Reads pairs again and explains them.
pub struct Explainer<'a> {
    second: Lagged<'a>,
    rescore: Vec<Rescore>,
    query: &'a mut dyn RowSource,
    reference: Option<&'a mut dyn RowSource>,
    /// Rows that may be in memory at a time.
    room: usize,
}

impl<'a> Explainer<'a> {
    /// `None` for metrics that have nothing to explain.
    pub fn new(job: &Job, query: &'a mut dyn RowSource, reference: Option<&'a mut dyn RowSource>) -> Option<Self> {
        let second = job.metric.lagged()?;
        let room = (job.options.memory as usize / 8 / (8 * query.width()).max(1)).clamp(64, 1 << 20);
        Some(Self { second, rescore: job.options.settings.rescore.clone(), query, reference, room })
    }

    #[must_use]
    pub fn asks(&self, rescore: Rescore) -> bool {
        self.rescore.contains(&rescore)
    }

    /// Votes that are kept of a pair.
    #[must_use]
    pub fn segments(&self) -> usize {
        segments(self.query.width())
    }

    /// The columns that stand beside the scores, in the order of [`Explained::numbers`].
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        columns_of(&self.second, &self.rescore, self.query.width())
    }

    /// Explains pairs (query, reference); a negative reference is none.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn of(&mut self, pairs: &[(u64, i64)]) -> Result<Explained, Error> {
        let mut all = Explained::default();
        let mut rest = pairs;
        while !rest.is_empty() {
            // As many pairs as their rows have room; one pair always has.
            let (mut queries, mut references) = (HashMap::new(), HashMap::new());
            let mut taken = 0;
            for &(q, r) in rest {
                if taken > 0 && queries.len() + references.len() + 2 > self.room {
                    break;
                }
                if r >= 0 {
                    queries.entry(q as usize).or_insert_with(Vec::new);
                    references.entry(r as usize).or_insert_with(Vec::new);
                }
                taken += 1;
            }
            fill(self.query, &mut queries)?;
            match self.reference.as_deref_mut() {
                Some(reference) => fill(reference, &mut references)?,
                None => fill(self.query, &mut references)?,
            }
            let (part, later) = rest.split_at(taken);
            let this = &*self;
            let segments = this.segments();
            let found: Vec<One> = {
                let (second, rescore) = (this.second, &this.rescore);
                part.par_iter()
                    .map(|&(q, r)| {
                        let rows = usize::try_from(r).ok().and_then(|r| queries.get(&(q as usize)).zip(references.get(&r)));
                        rows.map_or_else(One::default, |(a, b)| One::of(second, rescore, a, b))
                    })
                    .collect()
            };
            for one in found {
                all.push(&one, this, segments);
            }
            rest = later;
        }
        Ok(all)
    }
}

/// Reads the rows that are named.
fn fill(source: &mut dyn RowSource, rows: &mut HashMap<usize, Vec<f64>>) -> Result<(), Error> {
    let mut wanted: Vec<usize> = rows.keys().copied().collect();
    wanted.sort_unstable();
    let width = source.width();
    let mut at = 0;
    while at < wanted.len() {
        // Runs of neighbours are read together.
        let mut end = at + 1;
        while end < wanted.len() && wanted[end] == wanted[end - 1] + 1 && end - at < 256 {
            end += 1;
        }
        let values = source.read(wanted[at]..wanted[end - 1] + 1)?.widen(crate::matrix::Element::F64);
        let values = match values {
            crate::matrix::Values::F64(v) => v,
            crate::matrix::Values::F32(v) => v.into_iter().map(f64::from).collect(),
        };
        for (row, values) in wanted[at..end].iter().zip(values.chunks(width)) {
            rows.insert(*row, values.to_vec());
        }
        at = end;
    }
    Ok(())
}

#[derive(Default)]
struct One {
    alignment: Option<Alignment>,
    relative_distance: Option<f64>,
    cmps: Option<Directions>,
    turn: Option<Turn>,
}

impl One {
    fn of(second: Lagged<'_>, rescore: &[Rescore], a: &[f64], b: &[f64]) -> Self {
        let ccf = match second {
            Lagged::Shifts(ccf) => ccf,
            Lagged::Turns(polar) => return Self { turn: Some(polar.align(a, b).1), ..Self::default() },
        };
        Self::of_profiles(ccf, rescore, a, b)
    }

    fn of_profiles(ccf: &Ccf, rescore: &[Rescore], a: &[f64], b: &[f64]) -> Self {
        let alignment = ccf.align(a, b).1;
        Self {
            relative_distance: rescore.contains(&Rescore::RelativeDistance).then(|| {
                let (x, y) = ccf.aligned(a, b, &alignment);
                cmps::relative_distance(&x, &y)
            }),
            cmps: rescore.contains(&Rescore::Cmps).then(|| cmps::both(a, b, &cmps::Settings::default()).ok()).flatten(),
            alignment: Some(alignment),
            turn: None,
        }
    }
}

impl Explained {
    /// The columns, in the order of [`Explainer::columns`]; those that were not asked for are left out.
    #[must_use]
    pub fn numbers(&self, of: &Explainer<'_>) -> Vec<Numbers<'_>> {
        if matches!(of.second, Lagged::Turns(_)) {
            return vec![Numbers::F64(&self.turn_deg), Numbers::I64(&self.mirrored)];
        }
        let mut all = vec![Numbers::I64(&self.lag), Numbers::F64(&self.stretch), Numbers::I64(&self.overlap)];
        if of.asks(Rescore::RelativeDistance) {
            all.push(Numbers::F64(&self.relative_distance));
        }
        if of.asks(Rescore::Cmps) {
            all.extend([&self.cmps, &self.cmps_direction, &self.cmps_votes].map(|n| Numbers::I64(n)));
        }
        all
    }

    fn push(&mut self, one: &One, of: &Explainer<'_>, segments: usize) {
        if matches!(of.second, Lagged::Turns(_)) {
            self.turn_deg.push(one.turn.map_or(f64::NAN, |t| t.degrees));
            self.mirrored.push(one.turn.map_or(0, |t| i64::from(t.mirrored)));
            return;
        }
        let rescore = &of.rescore;
        let at = one.alignment.unwrap_or(Alignment { lag: 0, stretch: f64::NAN, overlap: 0 });
        self.lag.push(at.lag);
        self.stretch.push(at.stretch);
        self.overlap.push(at.overlap as i64);
        if rescore.contains(&Rescore::RelativeDistance) {
            self.relative_distance.push(one.relative_distance.unwrap_or(f64::NAN));
        }
        if rescore.contains(&Rescore::Cmps) {
            self.cmps.push(one.cmps.as_ref().map_or(-1, |c| i64::from(c.score())));
            let forward = one.cmps.as_ref().is_none_or(|c| c.forward.score >= c.backward.score);
            self.cmps_direction.push(if forward { 1 } else { -1 });
            let mut votes = vec![NO_VOTE; segments];
            if let Some(c) = &one.cmps {
                for vote in if forward { &c.forward.votes } else { &c.backward.votes } {
                    if let Some(to) = votes.get_mut(vote.segment) {
                        *to = vote.position;
                    }
                }
            }
            self.cmps_votes.extend(votes);
        }
    }
}
