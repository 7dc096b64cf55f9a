//! A comparison of peak lists, from checked options to an answer; and the slow way that `striae verify` holds it to.
//!
//! The spectra stand in memory with their index ([`super::peaks`]); what that needs is estimated first and held against the
//! allowance. Links beyond the allowance end the run with a message: nothing is cut off.

use super::digest::labels;
use super::error::{Error, bytes};
use super::fingerprint::Fingerprint;
use super::job::{Exclude, Invalid, Mode, Options};
use super::links::Link;
use super::observer::Observer;
use super::outcome::{Effort, Input};
use super::pace::Pace;
use super::peak_keep::Keeping;
use super::peak_sink::{Above, Best};
use super::peaks::{Prepared, Scratch, Sink};
use super::run::Terms;
use super::shard::Shard;
use crate::metric::peaks::{self, Match, PeakMetric, Peaks, Spectrum};
use rayon::prelude::*;
use std::ops::Range;
use std::time::Instant;

/// Queries between two looks at whether to stop.
const BATCH: usize = 1024;

/// Checked options.
#[derive(Clone, Debug)]
pub struct PeakJob {
    pub options: Options,
    pub metric: PeakMetric,
    pub settings: peaks::Settings,
}

/// Spectra of a collection, as they were read.
#[derive(Debug)]
pub struct PeakInput {
    pub name: String,
    pub spectra: Vec<Result<Spectrum, peaks::Error>>,
    /// Equal numbers for spectra of one exhibit; needed to exclude them.
    pub exhibits: Option<Vec<u32>>,
    pub ids: Option<Vec<String>>,
    pub peaks: u64,
    pub digest: String,
}

/// What was found, with the number of matched peaks.
#[derive(Clone, Debug, PartialEq)]
pub enum PeakAnswer {
    /// −1, NaN and −1 where there are fewer than k.
    TopK { k: usize, neighbors: Vec<i64>, scores: Vec<f64>, matched: Vec<i64> },
    /// Ordered by query and reference.
    Links { links: Vec<Link>, matched: Vec<i64> },
}

/// What came out of a comparison.
#[derive(Debug)]
pub struct PeakOutcome {
    pub answer: PeakAnswer,
    pub inputs: Vec<Input>,
    pub warnings: Vec<String>,
    pub effort: Effort,
}

/// A query and what the result must say of it, in the result's order.
#[derive(Clone, Debug, PartialEq)]
pub struct RecomputedPeaks {
    pub query: usize,
    pub partners: Vec<(u64, Match)>,
}

impl PeakJob {
    /// Checks what can be checked before any data is seen.
    ///
    /// # Errors
    /// [`Error::Option`], which names the option, what was given and what is allowed.
    pub fn new(options: Options) -> Result<Self, Error> {
        let refuse = |text: String| Err(Error::Option(text));
        let Some(metric) = PeakMetric::by_name(&options.metric) else {
            let names: Vec<_> = PeakMetric::ALL.iter().map(|m| m.name()).collect();
            return refuse(format!("--metric {} is none of peak lists; allowed are {}", options.metric, names.join(", ")));
        };
        match options.mode {
            Mode::TopK(k) if k == 0 || k > 1 << 24 => {
                return refuse(format!("--top-k {k} is not possible; give 1 to {}", 1 << 24));
            }
            Mode::Threshold(t) if !(0.0..=1.0).contains(&t) => {
                return refuse(format!("--threshold {t} can never apply: {} lies between 0 and 1", options.metric));
            }
            Mode::Dense => {
                return refuse(format!(
                    "--dense is for matrices: most scores of {} are 0. Use --top-k or --threshold (every pair: --threshold 0)",
                    options.metric
                ));
            }
            _ => {}
        }
        if options.tile.is_some() {
            return refuse("--tile is for matrices; peak lists are compared through an index".into());
        }
        let settings = options.settings.peaks.unwrap_or_default();
        settings.check().map_err(|e| Error::Option(e.to_string()))?;
        Ok(Self { options, metric, settings })
    }

    /// Bytes for spectra, index and ranking, links not counted. A side is (spectra, peaks).
    fn needed(&self, query: (usize, usize), reference: Option<(usize, usize)>, threads: usize) -> u64 {
        let (rows, peaks) = reference.map_or(query, |r| (query.0 + r.0, query.1 + r.1));
        let partners = reference.unwrap_or(query);
        // As read, as spectra, prepared; the index, while it is sorted.
        let tables = if self.metric == PeakMetric::ModifiedCosine { 2 } else { 1 };
        let held = peaks * 48 + rows * 320 + partners.1 * 64 * tables;
        let ranking = if let Mode::TopK(k) = self.options.mode {
            query.0.saturating_mul(24 * k) + BATCH * 24 * k.min(partners.0)
        } else {
            0
        };
        (held + ranking + threads * partners.0 * 48 + (48 << 20)) as u64
    }

    /// Holds what the job needs against what it may use.
    ///
    /// # Errors
    /// [`Error::Memory`]
    pub fn check_memory(&self, query: (usize, usize), reference: Option<(usize, usize)>, threads: usize) -> Result<(), Error> {
        let (needed, allowed) = (self.needed(query, reference, threads), self.options.memory);
        if needed <= allowed {
            return Ok(());
        }
        let why = "peak lists and their index stand in memory as a whole".into();
        Err(Error::Memory { allowed: bytes(allowed), needed: bytes(needed), why })
    }

    /// Compares.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn run(
        &self,
        query: PeakInput,
        reference: Option<PeakInput>,
        observer: &dyn Observer,
        terms: Terms<'_>,
    ) -> Result<PeakOutcome, Error> {
        let Terms { shard, journal, begun, .. } = terms;
        let started = Instant::now();
        let size = |i: &PeakInput| (i.spectra.len(), i.peaks as usize);
        let held = self.needed(size(&query), reference.as_ref().map(size), rayon::current_num_threads());
        let rows = query.spectra.len();
        let query = Side::new(self, query)?;
        let other = reference.map(|r| Side::new(self, r)).transpose()?;
        let inputs: Vec<Input> = std::iter::once(&query).chain(&other).map(|side| side.input.clone()).collect();
        let fingerprint = Fingerprint::now(&self.options, &inputs, shard);
        if let Some(begun) = &begun {
            begun.check(&fingerprint)?;
        }
        let refs = other.as_ref().unwrap_or(&query);
        let fault = |e: peaks::Error| Error::Option(e.to_string());
        let engine = Prepared::new(&refs.spectra, self.metric, self.settings).map_err(fault)?;
        let own = if other.is_some() { engine.queries(&query.spectra).map_err(fault)? } else { Vec::new() };
        let queries: &[Peaks] = if other.is_some() { &own } else { engine.references() };
        let symmetric = other.is_none();
        let survey_seconds = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let (mine, pairs) = self.share(shard, (queries.len(), engine.len()), symmetric);
        observer.phase("compare", pairs);

        let out = |i: usize| query.exhibits.as_deref().zip(refs.exhibits.as_deref()).map(|(q, r)| (r, q[i]));
        let room = usize::try_from((self.options.memory.saturating_sub(held) / 64).max(1 << 16)).unwrap_or(usize::MAX);
        let mut answer = PeakAnswer::empty(self.options.mode, rows);
        let (mut keeping, mut next) = Keeping::new(journal, begun, fingerprint, &mut answer, &mine, observer)?;
        let threads = rayon::current_num_threads();
        let mut pace = Pace::new(64 * threads, threads);
        while next < mine.end {
            let from = Instant::now();
            let count = keeping.batch().map_or(BATCH, |_| pace.count.min(BATCH)).min(mine.end - next);
            let batch: Vec<usize> = (next..next + count).collect();
            match &mut answer {
                PeakAnswer::TopK { k, neighbors, scores, matched } => {
                    let found: Vec<Vec<(u32, Match)>> = batch
                        .par_iter()
                        .map_init(Scratch::default, |scratch, &i| {
                            let skip = u32::try_from(i).ok().filter(|_| symmetric);
                            let mut sink = Others { inner: Best::new(*k, skip), out: out(i) };
                            engine.visit_row(&queries[i], 0, scratch, &mut sink);
                            sink.inner.finish()
                        })
                        .collect();
                    for (i, row) in batch.iter().zip(found) {
                        for (place, (id, found)) in row.into_iter().enumerate() {
                            let at = query.kept[*i] * *k + place;
                            neighbors[at] = refs.kept[id as usize] as i64;
                            scores[at] = found.score;
                            matched[at] = i64::from(found.matched);
                        }
                    }
                }
                PeakAnswer::Links { links, matched } => {
                    let Mode::Threshold(least) = self.options.mode else { break };
                    // In parts whose links cannot outgrow the room, however many there are.
                    for part in batch.chunks((room / (4 * engine.len().max(1))).clamp(1, BATCH)) {
                        let found: Vec<Vec<(u32, u32, Match)>> = part
                            .par_iter()
                            .map_init(Scratch::default, |scratch, &i| {
                                let row = i as u32;
                                let mut sink = Others { inner: Above::new(least), out: out(i) };
                                engine.visit_row(&queries[i], if symmetric { row + 1 } else { 0 }, scratch, &mut sink);
                                sink.inner.finish(row)
                            })
                            .collect();
                        for (q, r, found) in found.into_iter().flatten() {
                            let (q, r) = (query.kept[q as usize] as u64, refs.kept[r as usize] as u64);
                            links.push(Link { query: q, reference: r, score: found.score });
                            matched.push(i64::from(found.matched));
                        }
                        if links.len() > room {
                            return Err(Error::Option(format!(
                                "--threshold {least} finds more than {room} pairs, which --memory {} does not hold; raise either",
                                bytes(self.options.memory)
                            )));
                        }
                    }
                }
            }
            next += count;
            let done = (pairs as f64 * (next - mine.start) as f64 / mine.len() as f64) as u64;
            observer.progress(done);
            if let Some(goal) = keeping.batch() {
                pace.learn(count, from.elapsed(), goal);
            }
            let stop = observer.stop() && next < mine.end;
            let due = stop || keeping.due(pace.took, next == mine.end);
            let committed = due && keeping.commit(&answer, (next, &query.kept), (done, pairs), observer);
            if stop {
                return Err(keeping.interrupted(100.0 * done as f64 / pairs.max(1) as f64, pairs, !committed));
            }
        }
        let mut warnings = std::mem::take(&mut keeping.warnings);
        let left_out = inputs.iter().filter(|i| !i.left_out.is_empty());
        warnings.extend(left_out.map(|i| format!("{}: {} spectra left out as invalid", i.name, i.left_out.len())));
        let (compare_seconds, processes) = keeping.effort(started.elapsed().as_secs_f64());
        let effort =
            Effort { pairs, refined: pairs, blocks: 1, survey_seconds, compare_seconds, explain_seconds: 0.0, processes };
        Ok(PeakOutcome { answer, inputs, warnings, effort })
    }

    /// What decides the result of these inputs, without comparing.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn fingerprint(
        &self,
        query: PeakInput,
        reference: Option<PeakInput>,
        shard: Option<Shard>,
    ) -> Result<Fingerprint, Error> {
        let sides = std::iter::once(query).chain(reference).map(|side| Ok(Side::new(self, side)?.input));
        let inputs = sides.collect::<Result<Vec<Input>, Error>>()?;
        Ok(Fingerprint::now(&self.options, &inputs, shard))
    }

    /// Which queries are a shard's, and how many pairs that is.
    fn share(&self, shard: Option<Shard>, (queries, partners): (usize, usize), symmetric: bool) -> (Range<usize>, u64) {
        let triangle = symmetric && matches!(self.options.mode, Mode::Threshold(_));
        let mine = match shard {
            None => 0..queries,
            // The partners of a link are those that follow its query.
            Some(shard) if triangle => shard.of_triangle(queries),
            Some(shard) => shard.of(queries),
        };
        let (n, m) = (mine.len() as u64, partners as u64);
        let pairs = match (shard, symmetric) {
            (None, true) => n * n.saturating_sub(1) / 2,
            (Some(_), true) if triangle => mine.clone().map(|i| m - 1 - i as u64).sum(),
            (Some(_), true) => n * m.saturating_sub(1),
            (_, false) => n * m,
        };
        (mine, pairs)
    }

    /// The same for some queries the slow way: every partner by [`PeakMetric::score_prepared`], without index or bound.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn recompute(
        &self,
        query: PeakInput,
        reference: Option<PeakInput>,
        rows: &[usize],
    ) -> Result<Vec<RecomputedPeaks>, Error> {
        let query = Side::new(self, query)?;
        let other = reference.map(|r| Side::new(self, r)).transpose()?;
        let refs = other.as_ref().unwrap_or(&query);
        let symmetric = other.is_none();
        let prepare = |s: &Spectrum| self.metric.prepare(s, &self.settings).map_err(|e| Error::Option(e.to_string()));
        let prepared = refs.spectra.par_iter().map(prepare).collect::<Result<Vec<_>, _>>()?;
        rows.par_iter()
            .map(|&row| {
                let mut partners = Vec::new();
                if let Ok(i) = query.kept.binary_search(&row) {
                    let own = prepare(&query.spectra[i])?;
                    for (j, b) in prepared.iter().enumerate() {
                        let partner = refs.kept[j];
                        let before = match self.options.mode {
                            Mode::Threshold(_) => partner <= row,
                            _ => partner == row,
                        };
                        let same = query.exhibits.as_ref().zip(refs.exhibits.as_ref()).is_some_and(|(q, r)| q[i] == r[j]);
                        let found = self.metric.score_prepared(&own, b, &self.settings);
                        let enough = if let Mode::Threshold(t) = self.options.mode { found.score >= t } else { true };
                        if enough && !(same || symmetric && before) {
                            partners.push((partner as u64, found));
                        }
                    }
                    if let Mode::TopK(k) = self.options.mode {
                        partners.sort_by(|x, y| {
                            y.1.score.partial_cmp(&x.1.score).unwrap_or(std::cmp::Ordering::Equal).then(x.0.cmp(&y.0))
                        });
                        partners.truncate(k);
                    }
                }
                Ok(RecomputedPeaks { query: row, partners })
            })
            .collect()
    }
}

/// A collection without what cannot be compared.
struct Side {
    spectra: Vec<Spectrum>,
    /// Where each was, ascending.
    kept: Vec<usize>,
    /// Of those that were kept; where they are to be excluded.
    exhibits: Option<Vec<u32>>,
    input: Input,
}

impl Side {
    fn new(job: &PeakJob, from: PeakInput) -> Result<Self, Error> {
        let PeakInput { name, spectra, exhibits, ids, peaks, digest } = from;
        let by_exhibit = job.options.exclude == Exclude::Exhibit;
        if by_exhibit && exhibits.is_none() {
            return Err(Error::NoExhibits(name));
        }
        let rows = spectra.len();
        let checked: Vec<Result<Spectrum, peaks::Error>> =
            spectra.into_par_iter().map(|s| s.and_then(|s| job.metric.prepare(&s, &job.settings).map(|_| s))).collect();
        let (mut good, mut kept, mut left_out) = (Vec::with_capacity(rows), Vec::with_capacity(rows), Vec::new());
        for (row, spectrum) in checked.into_iter().enumerate() {
            match spectrum {
                Ok(s) => {
                    good.push(s);
                    kept.push(row);
                }
                Err(why) if job.options.invalid == Invalid::Skip => left_out.push((row, why.to_string())),
                Err(why) => {
                    let label = ids.and_then(|ids| ids.get(row).cloned());
                    return Err(Error::Spectrum { source_name: name, row, label, why });
                }
            }
        }
        if kept.is_empty() {
            return Err(Error::NothingLeft(name));
        }
        let exhibits = exhibits.filter(|_| by_exhibit);
        let labels_blake3 = exhibits.as_ref().map(|all| labels(all));
        let exhibits = exhibits.map(|all| kept.iter().map(|&row| all[row]).collect());
        let input = Input { name, rows, width: 0, peaks: Some(peaks), values_blake3: digest, labels_blake3, left_out };
        Ok(Self { spectra: good, kept, exhibits, input })
    }
}

/// Passes on all references but those of the query's own exhibit.
struct Others<'a, S> {
    inner: S,
    /// The exhibit of each reference, and the query's.
    out: Option<(&'a [u32], u32)>,
}

impl<S> Others<'_, S> {
    fn left_out(&self, reference: u32) -> bool {
        self.out.is_some_and(|(all, own)| all[reference as usize] == own)
    }
}

impl<S: Sink> Sink for Others<'_, S> {
    fn floor(&self, reference: u32) -> f64 {
        if self.left_out(reference) { f64::INFINITY } else { self.inner.floor(reference) }
    }

    fn take(&mut self, reference: u32, found: Match) {
        if !self.left_out(reference) {
            self.inner.take(reference, found);
        }
    }

    fn untouched(&mut self, reference: u32) -> bool {
        self.left_out(reference) || self.inner.untouched(reference)
    }
}
