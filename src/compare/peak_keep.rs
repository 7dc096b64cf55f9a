//! What a comparison of peak lists commits, and how it goes on from there: see [`super::checkpoint`]. A query is compared with all its partners at once, so that where a run
//! stands is a number of queries.

use super::checkpoint::{Begun, Checkpoints, Head, Journaling, Standing};
use super::entries::{LINKS, ROWS, RowsOut, links_in, links_out, rows_in};
use super::error::Error;
use super::fingerprint::Fingerprint;
use super::job::Mode;
use super::journal::{self, Journal};
use super::observer::Observer;
use super::peak_job::PeakAnswer;
use super::plan::Sides;
use super::select::Best;
use std::ops::Range;
use std::time::Duration;

/// The commits of a run, and what it has kept.
pub(super) struct Keeping {
    checkpoints: Option<Checkpoints>,
    /// Queries (of those that can be compared) and links that the journal has.
    queries: usize,
    links: usize,
    pub warnings: Vec<String>,
}

impl Keeping {
    /// Of a run that begins at query `first`, or goes on: where is answered beside.
    pub(super) fn new(
        how: Option<Journaling>,
        begun: Option<Begun>,
        fingerprint: Fingerprint,
        answer: &mut PeakAnswer,
        mine: &Range<usize>,
        observer: &dyn Observer,
    ) -> Result<(Self, usize), Error> {
        let sizes = (fingerprint.queries.rows, fingerprint.references.as_ref().unwrap_or(&fingerprint.queries).rows);
        let mut keeping = Self { checkpoints: None, queries: mine.start, links: 0, warnings: Vec::new() };
        if let Some(begun) = &begun
            && let Some(standing) = &begun.standing
        {
            answer.restore(begun, sizes)?;
            keeping.queries = standing.step.clamp(mine.start, mine.end);
            keeping.links = answer.links();
            keeping.warnings.clone_from(&standing.warnings);
            observer.warn(&standing.going_on(&begun.head.started));
            keeping.warnings.push(standing.gone_on(begun.torn));
        }
        if let Some(how) = how {
            let blocks = Sides { queries: sizes.0, references: sizes.1 };
            let head = Head { fingerprint, blocks, started: how.started.clone() };
            keeping.checkpoints = Some(Checkpoints::new(&how, &head, begun)?);
        }
        let next = keeping.queries;
        Ok((keeping, next))
    }

    /// How long queries should take that are done together; as long as they like where nothing is kept.
    pub(super) fn batch(&self) -> Option<Duration> {
        self.checkpoints.as_ref().map(Checkpoints::batch)
    }

    /// Whether to commit now.
    pub(super) fn due(&self, took: Duration, last: bool) -> bool {
        self.checkpoints.as_ref().is_some_and(|c| c.due(took) || (last && c.has_begun()))
    }

    /// Commits that the queries before `next` are done; `kept` says which spectra they are. A commit that fails is tried again later.
    pub(super) fn commit(
        &mut self,
        answer: &PeakAnswer,
        (next, kept): (usize, &[usize]),
        (pairs, of): (u64, u64),
        observer: &dyn Observer,
    ) -> bool {
        let Some(checkpoints) = &mut self.checkpoints else { return false };
        let standing = Standing { pairs, of, step: next, warnings: self.warnings.clone(), ..Standing::default() };
        let spectrum = |query: usize| kept.get(query).copied().unwrap_or_else(|| kept.last().map_or(0, |last| last + 1));
        let rows = spectrum(self.queries)..spectrum(next);
        let links = self.links;
        match checkpoints.commit(standing, None, &mut |journal, _| answer.keep(journal, rows.clone(), links)) {
            Ok(()) => {
                (self.queries, self.links) = (next, answer.links());
                true
            }
            Err(fault) => {
                let text = format!("the work since the last commit could not be kept: {fault}. The run goes on, and tries again");
                observer.warn(&text);
                if !self.warnings.contains(&text) {
                    self.warnings.push(text);
                }
                false
            }
        }
    }

    /// How the run ends when it was told to.
    pub(super) fn interrupted(&self, percent: f64, of: u64, lost: bool) -> Error {
        match &self.checkpoints {
            Some(checkpoints) if checkpoints.has_begun() => {
                let percent = if lost { 100.0 * checkpoints.pairs() as f64 / of.max(1) as f64 } else { percent };
                Error::Interrupted { path: checkpoints.path().display().to_string(), percent, lost }
            }
            _ => Error::Stopped,
        }
    }

    /// Seconds of comparing over all processes, and how many there were.
    pub(super) fn effort(&self, seconds: f64) -> (f64, u32) {
        self.checkpoints.as_ref().map_or((seconds, 1), |c| (c.seconds(), c.processes()))
    }
}

impl PeakAnswer {
    /// Nothing found yet, of so many queries.
    pub(super) fn empty(mode: Mode, rows: usize) -> Self {
        match mode {
            Mode::TopK(k) => {
                Self::TopK { k, neighbors: vec![-1; rows * k], scores: vec![f64::NAN; rows * k], matched: vec![-1; rows * k] }
            }
            _ => Self::Links { links: Vec::new(), matched: Vec::new() },
        }
    }

    fn links(&self) -> usize {
        if let Self::Links { links, .. } = self { links.len() } else { 0 }
    }

    /// Writes rows of a ranking, or links from a place on, into a journal.
    fn keep(&self, journal: &mut Journal, rows: Range<usize>, links_from: usize) -> Result<(), journal::Error> {
        match self {
            Self::TopK { k, neighbors, scores, matched } => {
                let mut out = RowsOut::new(journal);
                for row in rows {
                    let of = row * k..(row + 1) * k;
                    let partners = neighbors[of.clone()].iter().zip(&scores[of.clone()]).filter(|(n, _)| **n >= 0);
                    let best: Vec<Best> = partners.map(|(n, s)| Best { score: *s, partner: *n as u64 }).collect();
                    out.row(row, &best, Some(&matched[of]))?;
                }
                out.finish()
            }
            Self::Links { links, matched } => {
                let fresh = links[links_from..].iter().zip(&matched[links_from..]);
                links_out(journal, &mut fresh.map(|(link, matched)| Ok((*link, Some(*matched)))))
            }
        }
    }

    /// Takes up what an earlier process found; `sizes`: how many spectra there are on both sides.
    fn restore(&mut self, begun: &Begun, (rows, partners): (usize, usize)) -> Result<(), Error> {
        // Where in a row the next partner goes.
        let mut at = 0;
        begun.found(&mut |kind, payload| match (kind, &mut *self) {
            (ROWS, Self::TopK { k, neighbors, scores, matched }) => rows_in(payload, true, &mut |row, more, best| {
                at = if more { at } else { 0 };
                if row >= rows || at + best.len() > *k {
                    return None;
                }
                for (best, count) in best {
                    if best.partner >= partners as u64 {
                        return None;
                    }
                    let place = row * *k + at;
                    (neighbors[place], scores[place], matched[place]) = (best.partner as i64, best.score, *count);
                    at += 1;
                }
                Some(())
            }),
            (LINKS, Self::Links { links, matched }) => links_in(payload, true, &mut |link, count| {
                links.push(link);
                matched.push(count);
                (link.query < rows as u64 && link.reference < partners as u64).then_some(())
            }),
            _ => None,
        })
    }
}
