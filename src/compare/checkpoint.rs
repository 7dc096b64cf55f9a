//! What a run keeps beside its output, so that it goes on after it was interrupted, and how it is read back.
//!
//! The [journal](super::journal)'s head says whose it is ([`Head`]): the content of the inputs, the options that decide the result, the size of blocks. A
//! commit says where the run stands ([`Standing`]). Between commits stands what was found ([entries](super::entries)).
//!
//! What is kept of a ranking is exact: what is pending is scored before a commit. So it means the same to any backend and way of screening, and a run may go on on
//! another machine. Backends hand over tiles one after another; a commit counts whole tiles, and how they were cut.

use super::error::Error;
use super::fingerprint::{Difference, Fingerprint};
use super::job::Options;
use super::journal::{self, Claim, Journal, Old};
use super::observer::Observer;
use super::pace::Pace;
use super::plan::Sides;
use super::shard::Shard;
use crate::backend::{Device, TileShape};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Where and how often a run commits.
#[derive(Clone, Debug)]
pub struct Journaling {
    pub path: PathBuf,
    /// At most so much work is lost when the process is killed.
    pub interval: Duration,
    /// When this process began: what it does before its first commit is work too.
    pub began: Instant,
    /// UTC, ISO 8601.
    pub started: String,
    /// The hold on its place, where there is no journal yet.
    pub claim: Option<Arc<Claim>>,
}

/// Whose a journal is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub fingerprint: Fingerprint,
    pub blocks: Sides,
    /// UTC, ISO 8601.
    pub started: String,
}

/// How far a pair of blocks is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Within {
    /// Tiles that set floors come first, the others after them.
    pub seeds: bool,
    /// Tiles that are done, as they were last cut.
    pub done: usize,
    /// How the blocks were first cut.
    pub shape: TileShape,
    pub seed: usize,
    /// How what was left then was cut again: after so many tiles, in this shape.
    pub cuts: Vec<(usize, TileShape)>,
}

/// Where a run stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Which commit this is.
    pub commit: u64,
    /// Seconds since 1970.
    pub at: f64,
    /// Pairs that are done, of how many.
    pub pairs: u64,
    pub of: u64,
    /// Steps of the plan that are done; of peak lists, queries.
    pub step: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    pub half_pairs: u64,
    pub refined: u64,
    pub passed: u64,
    pub tested: u64,
    /// Seconds of comparing, over all processes.
    pub seconds: f64,
    /// Processes that worked at it, with this one.
    pub processes: u32,
    pub devices: Vec<Device>,
    pub warnings: Vec<String>,
    /// Of a dense result: what its store wants to know, and the largest score (bits of an f32).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dense: Option<serde_json::Value>,
    /// When all pairs are compared: how many of what was found were looked at again, and what the result's file needs to be gone on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writing: Option<(u64, serde_json::Value)>,
    #[serde(default)]
    pub largest: u32,
    #[serde(default)]
    pub tolerance: f64,
}

impl Standing {
    /// How much is done.
    #[must_use]
    pub fn percent(&self) -> f64 {
        100.0 * self.pairs as f64 / self.of.max(1) as f64
    }

    /// What a person hears who goes on with it.
    #[must_use]
    pub fn going_on(&self, started: &str) -> String {
        format!("going on with the run that began at {started}: {:.1} % was done", self.percent())
    }

    /// What the record of a run that goes on from here says of it.
    #[must_use]
    pub fn gone_on(&self, torn: u64) -> String {
        let text = format!("interrupted with {:.1} % done, and gone on with by another process", self.percent());
        if torn == 0 { text } else { format!("{text}; {torn} bytes behind the last commit of its journal were done anew") }
    }
}

/// A journal that was opened to go on with.
#[derive(Debug)]
pub struct Begun {
    pub head: Head,
    /// None: nothing was committed yet.
    pub standing: Option<Standing>,
    /// Bytes behind the last commit that are done anew.
    pub torn: u64,
    path: PathBuf,
    old: Old,
}

impl Begun {
    /// Opens the journal of an interrupted run.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or another process is at it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::of(path, Old::open(path)?)
    }

    /// The same only to look at it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn look(path: &Path) -> Result<Self, Error> {
        Self::of(path, Old::look(path)?)
    }

    fn of(path: &Path, old: Old) -> Result<Self, Error> {
        let damaged = |why| journal::Error::Damaged { path: path.display().to_string(), why };
        let head = serde_json::from_slice(&old.head).map_err(|_| damaged("its head is of another version"))?;
        let standing = old.commit.as_deref().map(serde_json::from_slice).transpose();
        let standing = standing.map_err(|_| damaged("its last commit is of another version"))?;
        Ok(Self { head, standing, torn: old.torn, path: path.to_owned(), old })
    }

    /// Holds the run that it is of against the one that is to go on.
    ///
    /// # Errors
    /// [`Error::OtherRun`], with what differs.
    pub fn check(&self, now: &Fingerprint) -> Result<(), Error> {
        match self.head.fingerprint.difference(now) {
            None => Ok(()),
            Some(Difference { field, then, now }) => {
                Err(Error::OtherRun { path: self.path.display().to_string(), field, then, now })
            }
        }
    }

    /// The same of all but the content of the inputs.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_options(&self, options: &Options, shard: Option<Shard>) -> Result<(), Error> {
        let then = &self.head.fingerprint;
        let mut now = Fingerprint::now(options, &[], shard);
        (now.queries, now.references) = (then.queries.clone(), then.references.clone());
        self.check(&now)
    }

    /// What was found so far.
    pub(super) fn found(&self, take: &mut dyn FnMut(u8, &[u8]) -> Option<()>) -> Result<(), Error> {
        self.old.records(|kind, payload| {
            take(kind, payload).ok_or_else(|| {
                let why = "it holds what cannot be of this run";
                Error::from(journal::Error::Damaged { path: self.path.display().to_string(), why })
            })
        })
    }
}

/// Puts a journal of everything in the place of a long one; whether that went well. If not, the old one stands.
fn rewritten(
    journal: &mut Journal,
    head: &[u8],
    said: &[u8],
    write: &mut dyn FnMut(&mut Journal, bool) -> Result<(), journal::Error>,
) -> bool {
    let Ok(mut other) = journal.anew(head) else { return false };
    if write(&mut other, true).and_then(|()| other.commit(said)).is_err() {
        journal.forget(other);
        return false;
    }
    journal.replace(other).is_ok()
}

/// What the first commit is thought to take.
const FIRST: Duration = Duration::from_millis(100);
/// Most of the interval that is kept for what takes longer than it was thought to.
const MOST_SPARE: Duration = Duration::from_secs(1);

/// The commits of a run.
#[derive(Debug)]
pub struct Checkpoints {
    path: PathBuf,
    claim: Option<Arc<Claim>>,
    interval: Duration,
    head: Vec<u8>,
    /// Not before the first commit: a run shorter than the interval leaves the disk alone.
    journal: Option<Journal>,
    last: Instant,
    /// What the last commit took, with what had to be done for it first.
    took: Duration,
    /// Since when that is being done for the next one.
    preparing: Option<Instant>,
    commits: u64,
    /// Pairs that were done at the last commit.
    pairs: u64,
    processes: u32,
    /// Seconds of comparing before this process.
    before: f64,
    began: Instant,
}

impl Checkpoints {
    /// Those of a run that begins, or goes on behind what another process committed.
    ///
    /// # Errors
    /// When the old journal cannot be written.
    pub fn new(how: &Journaling, head: &Head, begun: Option<Begun>) -> Result<Self, Error> {
        let (journal, standing) = match begun {
            None => (None, Standing::default()),
            Some(begun) => (Some(begun.old.resume()?), begun.standing.unwrap_or_default()),
        };
        Ok(Self {
            path: how.path.clone(),
            claim: how.claim.clone(),
            interval: how.interval,
            head: serde_json::to_vec(head).unwrap_or_default(),
            journal,
            last: how.began,
            // Nobody knows yet.
            took: (how.interval / 4).min(FIRST),
            preparing: None,
            commits: standing.commit,
            pairs: standing.pairs,
            processes: standing.processes + 1,
            before: standing.seconds,
            began: Instant::now(),
        })
    }

    /// How long tiles should take that are handed to a backend together: it is not asked to stop within.
    #[must_use]
    pub fn batch(&self) -> Duration {
        (self.interval / 8).clamp(Duration::from_millis(2), Duration::from_millis(300))
    }

    /// Whether to commit now, if what comes next takes so long: a commit is to be over before the interval is. What comes may take longer than it did, and the
    /// disk too, so that some time is kept for that. A commit that takes longer than the interval is still half of the time's work at most.
    #[must_use]
    pub fn due(&self, next: Duration) -> bool {
        let spare = (self.interval / 4).min(MOST_SPARE);
        self.last.elapsed() + next + self.took.min(self.interval / 2) + spare >= self.interval
    }

    /// Whether half of the interval is over.
    #[must_use]
    pub fn is_half_due(&self) -> bool {
        2 * self.last.elapsed() >= self.interval
    }

    /// Whether anything was committed, by this process or one before it.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.journal.is_some()
    }

    /// Processes that worked at it, with this one.
    #[must_use]
    pub const fn processes(&self) -> u32 {
        self.processes
    }

    /// Pairs that were done at the last commit.
    #[must_use]
    pub const fn pairs(&self) -> u64 {
        self.pairs
    }

    /// Seconds of comparing, over all processes.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.before + self.began.elapsed().as_secs_f64()
    }

    /// The number of the commit that comes next.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.commits + 1
    }

    /// What is done from now on is for the next commit.
    pub fn prepare(&mut self) {
        self.preparing.get_or_insert_with(Instant::now);
    }

    /// Commits: `write` adds what changed since the last time. Where `anew` says how many bytes all of it would take, and the journal has become much longer than
    /// that, everything is written to a new one instead: then `write` hears true.
    ///
    /// # Errors
    /// When the disk is full or fails. The journal stands as it did.
    pub fn commit(
        &mut self,
        mut standing: Standing,
        all: Option<u64>,
        write: &mut dyn FnMut(&mut Journal, bool) -> Result<(), journal::Error>,
    ) -> Result<(), journal::Error> {
        let from = self.preparing.take().unwrap_or_else(Instant::now);
        let pairs = standing.pairs;
        standing.commit = self.next();
        standing.at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64());
        standing.processes = self.processes;
        standing.seconds = self.seconds();
        // Tried again in an interval, whatever comes of it.
        self.last = from;
        let said = serde_json::to_vec(&standing).unwrap_or_default();
        let journal = match &mut self.journal {
            Some(journal) => journal,
            none => none.insert(Journal::create(&self.path, &self.head, self.claim.as_deref())?),
        };
        let long = all.is_some_and(|all| journal.size() > (64 << 20) && journal.size() > 4 * all);
        // Where a new one finds no room, the little that is new may.
        if !(long && rewritten(journal, &self.head, &said, write)) {
            let mark = journal.mark();
            if let Err(fault) = write(journal, false).and_then(|()| journal.commit(&said)) {
                journal.back(mark);
                return Err(fault);
            }
        }
        self.commits += 1;
        self.pairs = pairs;
        self.took = from.elapsed();
        Ok(())
    }

    /// Where the journal is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The commits of a run whose pairs are all compared, while its result is written.
#[derive(Debug)]
pub struct Writing {
    checkpoints: Checkpoints,
    standing: Standing,
    pace: Pace,
    from: Instant,
}

/// Things that are looked at between two looks at whether to commit, at most.
const MOST_TOGETHER: usize = 1 << 14;

impl Writing {
    #[must_use]
    pub fn new(checkpoints: Checkpoints, standing: Standing) -> Self {
        Self { checkpoints, standing, pace: Pace::new(64, 16), from: Instant::now() }
    }

    /// What an earlier process had written: how many things, and what its file needs.
    #[must_use]
    pub fn begun<T: serde::de::DeserializeOwned>(&self) -> Option<(u64, T)> {
        let (done, file) = self.standing.writing.clone()?;
        Some((done, serde_json::from_value(file).ok()?))
    }

    /// How many things to look at next.
    pub fn some(&mut self) -> usize {
        self.from = Instant::now();
        self.pace.count.min(MOST_TOGETHER)
    }

    /// So many were looked at since [`Self::some`], and `done` are in all. When it is time, commits with what `sync` says that the file needs.
    ///
    /// # Errors
    /// When the run is to end: what is committed is said.
    pub fn looked<E: std::fmt::Display>(
        &mut self,
        some: usize,
        (done, of): (u64, u64),
        observer: &dyn Observer,
        sync: impl FnOnce() -> Result<serde_json::Value, E>,
    ) -> Result<(), Error> {
        self.pace.learn(some, self.from.elapsed(), self.checkpoints.batch());
        let stop = observer.stop();
        if !stop && !self.checkpoints.due(self.pace.took) {
            return Ok(());
        }
        let mut lost = true;
        self.checkpoints.prepare();
        match sync() {
            Ok(file) => {
                let standing = Standing { writing: Some((done, file)), ..self.standing.clone() };
                match self.checkpoints.commit(standing, None, &mut |_, _| Ok(())) {
                    Ok(()) => lost = false,
                    Err(fault) => observer.warn(&format!("what was written so far could not be kept: {fault}")),
                }
            }
            Err(fault) => observer.warn(&format!("what was written so far could not be kept: {fault}")),
        }
        if stop && done < of {
            return Err(Error::Interrupted { path: self.checkpoints.path().display().to_string(), percent: 100.0, lost });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::entries::{LINKS, ROWS, RowsOut, links_in, links_out, order_in, order_out, rows_in};
    use super::super::fingerprint::tests::fingerprint;
    use super::super::links::Link;
    use super::super::select::Best;
    use super::*;

    fn journaling(path: &Path) -> Journaling {
        Journaling {
            path: path.to_owned(),
            interval: Duration::from_mins(1),
            began: Instant::now(),
            started: "now".into(),
            claim: None,
        }
    }

    fn head() -> Head {
        Head { fingerprint: fingerprint(), blocks: Sides { queries: 10, references: 0 }, started: "now".into() }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let mut all = Checkpoints::new(&journaling(&path), &head(), None).unwrap();
        assert!(!all.has_begun() && !path.exists());
        let best = [Best { score: 0.5, partner: 3 }, Best { score: -0.0, partner: 9 }];
        let many: Vec<Best> = (0..100_000).map(|n| Best { score: n as f64, partner: n }).collect();
        let link = Link { query: 1, reference: 2, score: f64::MIN_POSITIVE };
        all.commit(Standing { step: 7, ..Standing::default() }, None, &mut |journal, anew| {
            assert!(!anew);
            order_out(journal, 1, 1, &[2, 0, 1])?;
            let mut rows = RowsOut::new(journal);
            rows.row(4, &best, None)?;
            rows.row(5, &[], None)?;
            rows.row(6, &many, None)?;
            rows.finish()?;
            links_out(journal, &mut std::iter::once(Ok((link, None))))
        })
        .unwrap();
        drop(all);
        let begun = Begun::open(&path).unwrap();
        begun.check(&fingerprint()).unwrap();
        assert_eq!(begun.head, head());
        assert_eq!(begun.standing.as_ref().map(|s| (s.step, s.commit, s.processes)), Some((7, 1, 1)));
        let (mut rows, mut links, mut orders) = (Vec::new(), Vec::new(), Vec::new());
        begun
            .found(&mut |kind, payload| match kind {
                ROWS => rows_in(payload, false, &mut |row, more, best| {
                    rows.push((row, more, best.to_vec()));
                    Some(())
                }),
                LINKS => links_in(payload, false, &mut |link, _| {
                    links.push(link);
                    Some(())
                }),
                _ => {
                    orders.push(order_in(payload)?);
                    Some(())
                }
            })
            .unwrap();
        assert_eq!(rows[0], (4, false, best.map(|b| (b, 0)).to_vec()));
        assert!(rows[0].2[1].0.score.is_sign_negative());
        assert_eq!((rows[1].0, rows[1].2.len()), (5, 0));
        let of_six: Vec<u64> = rows[2..].iter().flat_map(|r| r.2.iter().map(|b| b.0.partner)).collect();
        assert!(rows[2..].iter().all(|r| r.0 == 6) && rows.len() > 3 && !rows[2].1 && rows[3].1);
        assert_eq!(of_six, (0..100_000).collect::<Vec<_>>());
        assert_eq!((links, orders), (vec![link], vec![(1, 1, vec![2, 0, 1])]));
    }

    #[test]
    fn a_run_of_something_else_is_refused_by_its_field() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let mut all = Checkpoints::new(&journaling(&path), &head(), None).unwrap();
        all.commit(Standing::default(), None, &mut |_, _| Ok(())).unwrap();
        drop(all);
        let mut now = fingerprint();
        now.queries.values_blake3 = "other".into();
        let error = Begun::open(&path).unwrap().check(&now).unwrap_err().to_string();
        assert!(error.contains("queries.values_blake3") && error.contains("abc") && error.contains("other"), "{error}");
    }

    #[test]
    fn a_commit_that_fails_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let mut all = Checkpoints::new(&journaling(&path), &head(), None).unwrap();
        all.commit(Standing { step: 1, ..Standing::default() }, None, &mut |_, _| Ok(())).unwrap();
        let failed = all.commit(Standing { step: 2, ..Standing::default() }, None, &mut |journal, _| {
            journal.append(LINKS, &[0; 24])?;
            Err(journal::Error::Damaged { path: String::new(), why: "a test" })
        });
        assert!(failed.is_err());
        all.commit(Standing { step: 3, ..Standing::default() }, None, &mut |_, _| Ok(())).unwrap();
        drop(all);
        let begun = Begun::open(&path).unwrap();
        assert_eq!(begun.standing.as_ref().map(|s| (s.step, s.commit)), Some((3, 2)));
        begun.found(&mut |_, _| None).unwrap();
    }
}
