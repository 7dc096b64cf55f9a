//! Links: every pair whose score is at least as good as a threshold.
//!
//! How many there will be nobody knows beforehand, so they do not stay in memory: sorted runs go to a file without a name beside
//! the result, and a merge streams them out, ordered by query and then by reference. When a collection is compared with
//! itself a pair appears once, with the smaller index as the query.

use super::error::Error;
use super::journal;
use super::pairing::Pairing;
use super::spool::unnamed;
use super::survey::NO_TWIN;
use crate::backend::{Picked, Sink, Tile};
use crate::metric::Closer;
use std::collections::{BinaryHeap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

/// A pair that passed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    pub query: u64,
    pub reference: u64,
    pub score: f64,
}

impl Link {
    /// Bytes of a link on disk.
    const SIZE: usize = 24;

    const fn key(&self) -> (u64, u64) {
        (self.query, self.reference)
    }

    fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..8].copy_from_slice(&self.query.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.reference.to_le_bytes());
        bytes[16..].copy_from_slice(&self.score.to_bits().to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        Self { query: word(0), reference: word(8), score: f64::from_bits(word(16)) }
    }
}

/// Who takes links that are to be kept, with matched peaks where there are such.
pub(super) type TakeLinks<'a> =
    &'a mut dyn FnMut(&mut dyn Iterator<Item = Result<(Link, Option<i64>), journal::Error>>) -> Result<(), journal::Error>;

/// Links found so far.
#[derive(Debug)]
pub struct Found {
    inner: Mutex<Inner>,
    /// Links held in memory before a run goes to disk.
    capacity: usize,
    directory: PathBuf,
}

#[derive(Debug, Default)]
struct Inner {
    fresh: Vec<Link>,
    spool: Option<Arc<File>>,
    /// Where each run lies in the spool, in links.
    runs: Vec<Range<u64>>,
    /// Runs that a journal has.
    kept: usize,
    fault: Option<std::io::Error>,
}

impl Found {
    /// Holds up to `capacity` links in memory, the rest in `directory`.
    #[must_use]
    pub fn new(capacity: usize, directory: &Path) -> Self {
        Self { inner: Mutex::default(), capacity: capacity.max(1), directory: directory.to_owned() }
    }

    fn fault(&self, source: std::io::Error) -> Error {
        Error::Spool { path: self.directory.display().to_string(), source }
    }

    /// Keeps links; [`Self::check`] says whether that went well.
    pub fn add(&self, links: &[Link]) {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.fresh.extend_from_slice(links);
        if inner.fresh.len() >= self.capacity
            && let Err(fault) = inner.spill(&self.directory)
        {
            inner.fault.get_or_insert(fault);
            inner.fresh.clear();
        }
    }

    /// Whether keeping links failed; the run then ends.
    ///
    /// # Errors
    /// The first failure to write.
    pub fn check(&self) -> Result<(), Error> {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.fault.take().map_or(Ok(()), |fault| Err(self.fault(fault)))
    }

    /// A link that an earlier process found. None where it cannot be one.
    pub(super) fn restore(&self, link: Link) -> Option<()> {
        self.add(&[link]);
        (!link.score.is_nan()).then_some(())
    }

    /// All links of earlier processes are there.
    ///
    /// # Errors
    /// When they could not be kept.
    pub(super) fn restored(&self) -> Result<(), Error> {
        self.check()?;
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !inner.fresh.is_empty() {
            inner.spill(&self.directory).map_err(|source| self.fault(source))?;
        }
        inner.kept = inner.runs.len();
        Ok(())
    }

    /// Hands over the links that were found since the last time that they were [`Self::kept`].
    ///
    /// # Errors
    /// When the spool fails, or what `take` says.
    pub(super) fn fresh(&self, take: TakeLinks<'_>) -> Result<(), journal::Error> {
        let fault = |source| journal::Error::Io { path: self.directory.display().to_string(), source };
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !inner.fresh.is_empty() {
            inner.spill(&self.directory).map_err(fault)?;
        }
        let Some(spool) = &inner.spool else { return Ok(()) };
        for run in &inner.runs[inner.kept..] {
            let file = spool.clone();
            let mut reader = BufReader::with_capacity(1 << 18, Section { file, at: run.start, end: run.end });
            let mut links = (run.start..run.end).map(|_| {
                let mut bytes = [0; Link::SIZE];
                reader.read_exact(&mut bytes).map_err(fault)?;
                Ok((Link::from_bytes(&bytes), None))
            });
            take(&mut links)?;
        }
        Ok(())
    }

    /// What [`Self::fresh`] handed over is kept.
    pub(super) fn kept(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.kept = inner.runs.len();
    }

    /// How many links there are, and all of them in order.
    ///
    /// # Errors
    /// When the spool cannot be written or read.
    pub fn finish(self) -> Result<Links, Error> {
        self.check()?;
        let mut inner = self.inner.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let path = self.directory.display().to_string();
        inner.fresh.sort_unstable_by_key(Link::key);
        let count = inner.runs.iter().map(|r| r.end - r.start).sum::<u64>() + inner.fresh.len() as u64;
        let mut runs = vec![Run { source: Source::Memory(inner.fresh.into_iter()), path: path.clone() }];
        if let Some(spool) = inner.spool {
            // All runs share about the memory that fresh links had.
            let buffer = (self.capacity * Link::SIZE / inner.runs.len().max(1)).clamp(Link::SIZE * 64, 1 << 20);
            for run in inner.runs {
                let file = spool.clone();
                let reader = BufReader::with_capacity(buffer, Section { file, at: run.start, end: run.end });
                runs.push(Run { source: Source::Disk(reader), path: path.clone() });
            }
        }
        let mut links = Links { count, runs, heap: BinaryHeap::new(), last: None };
        for run in 0..links.runs.len() {
            links.advance(run)?;
        }
        Ok(links)
    }
}

impl Inner {
    fn spill(&mut self, directory: &Path) -> std::io::Result<()> {
        self.fresh.sort_unstable_by_key(Link::key);
        if self.spool.is_none() {
            self.spool = Some(Arc::new(unnamed(directory, "links")?));
        }
        let start = self.runs.last().map_or(0, |r| r.end);
        if let Some(spool) = &self.spool {
            let mut bytes = Vec::with_capacity(1 << 16);
            let mut at = start * Link::SIZE as u64;
            for chunk in self.fresh.chunks(2048) {
                bytes.clear();
                bytes.extend(chunk.iter().flat_map(|link| link.to_bytes()));
                spool.write_all_at(&bytes, at)?;
                at += bytes.len() as u64;
            }
        }
        self.runs.push(start..start + self.fresh.len() as u64);
        self.fresh.clear();
        Ok(())
    }
}

/// Part of the spool, read at its own position: runs share one file.
struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = (self.end - self.at) * Link::SIZE as u64;
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX)) / Link::SIZE * Link::SIZE;
        if most == 0 {
            return Ok(0);
        }
        self.file.read_exact_at(&mut buffer[..most], self.at * Link::SIZE as u64)?;
        self.at += (most / Link::SIZE) as u64;
        Ok(most)
    }
}

enum Source {
    Memory(std::vec::IntoIter<Link>),
    Disk(BufReader<Section>),
}

struct Run {
    source: Source,
    path: String,
}

impl Run {
    fn next(&mut self) -> Result<Option<Link>, Error> {
        match &mut self.source {
            Source::Memory(links) => Ok(links.next()),
            Source::Disk(reader) => {
                let mut bytes = [0; Link::SIZE];
                match reader.read_exact(&mut bytes) {
                    Ok(()) => Ok(Some(Link::from_bytes(&bytes))),
                    Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
                    Err(source) => Err(Error::Spool { path: self.path.clone(), source }),
                }
            }
        }
    }
}

/// All links, in order, as a stream.
pub struct Links {
    /// How many there are.
    pub count: u64,
    runs: Vec<Run>,
    heap: BinaryHeap<std::cmp::Reverse<Head>>,
    last: Option<(u64, u64)>,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("count", &self.count).finish_non_exhaustive()
    }
}

struct Head {
    link: Link,
    run: usize,
}

impl Head {
    const fn key(&self) -> (u64, u64, usize) {
        (self.link.query, self.link.reference, self.run)
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Head {}
impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Links {
    fn advance(&mut self, run: usize) -> Result<(), Error> {
        if let Some(link) = self.runs[run].next()? {
            self.heap.push(std::cmp::Reverse(Head { link, run }));
        }
        Ok(())
    }
}

impl Iterator for Links {
    type Item = Result<Link, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let std::cmp::Reverse(Head { link, run }) = self.heap.pop()?;
        // Every pair is compared once: a second time would be a fault of ours, and is not to be stored.
        if self.last.replace(link.key()) == Some(link.key()) {
            let text = format!("item {} and item {} were found twice; please report this", link.query, link.reference);
            return Some(Err(Error::Sink(text)));
        }
        Some(self.advance(run).map(|()| link))
    }
}

/// Links that a thread hands on together.
const AT_A_TIME: usize = 4096;

/// Receives a pair of blocks' tiles and keeps the links.
pub struct LinkSink<'a> {
    pub pairing: Pairing<'a>,
    pub threshold: f64,
    pub closer: Closer,
    pub row_floors: Vec<f32>,
    /// The least u (scaled) of a pair that passes.
    pub least: f64,
    pub found: &'a Found,
}

impl<'a> LinkSink<'a> {
    #[must_use]
    pub fn new(pairing: Pairing<'a>, threshold: f64, closer: Closer, found: &'a Found) -> Self {
        let least = pairing.frame.least_u(threshold);
        let floor = |(i, bounds)| {
            if pairing.row_survey.takes_part(pairing.a.index(i)) { pairing.frame.floor(least, bounds) } else { f32::INFINITY }
        };
        let row_floors = pairing.a.bounds.iter().enumerate().map(floor).collect();
        Self { pairing, threshold, closer, row_floors, least, found }
    }
}

impl Sink for LinkSink<'_> {
    fn row_floors(&self, rows: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
        into.extend_from_slice(&self.row_floors[rows]);
    }

    fn col_floors(&self, _: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
    }

    fn both_sides(&self) -> bool {
        false
    }

    fn all(&self, tile: &Tile, t: &[f32], stride: usize) {
        let pairs: Vec<_> = tile
            .rows
            .clone()
            .enumerate()
            .flat_map(|(r, i)| {
                let t = &t[r * stride..];
                tile.cols.clone().enumerate().map(move |(c, j)| Picked { row: i as u32, col: j as u32, t: t[c] })
            })
            .collect();
        self.picked(tile, &pairs);
    }

    fn picked(&self, _: &Tile, pairs: &[Picked]) {
        let (mut links, mut refined) = (Vec::new(), 0);
        // Pairs of twins have one score.
        let mut twins: HashMap<(u32, u32), f64> = HashMap::new();
        for pair in pairs {
            let (i, j) = (pair.row as usize, pair.col as usize);
            if !self.pairing.allowed(i, j) {
                continue;
            }
            let (query, reference) = (self.pairing.a.index(i), self.pairing.b.index(j));
            // What all numbers rule out needs no score.
            if self.pairing.is_coarse() && self.pairing.sharp_upper(i, j) < self.least {
                continue;
            }
            let twin = (self.pairing.row_survey.twins[query], self.pairing.col_survey.twins[reference]);
            let known = if twin.0 == NO_TWIN || twin.1 == NO_TWIN { None } else { twins.get(&twin).copied() };
            let score = known.unwrap_or_else(|| {
                refined += 1;
                let score = self.pairing.score(i, j);
                if twin.0 != NO_TWIN && twin.1 != NO_TWIN {
                    twins.insert(twin, score);
                }
                score
            });
            if self.closer.admits(score, self.threshold) {
                // Rows of a block may stand in another order than in the collection.
                let turned = self.pairing.symmetric && query > reference;
                let (query, reference) = if turned { (reference, query) } else { (query, reference) };
                links.push(Link { query: query as u64, reference: reference as u64, score });
                // A tile of which all pairs pass would hold many.
                if links.len() == AT_A_TIME {
                    self.found.add(&links);
                    links.clear();
                }
            }
        }
        self.pairing.refined.fetch_add(refined, Relaxed);
        self.found.add(&links);
    }

    fn stopped(&self) -> bool {
        self.pairing.stop.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_come_in_order_whether_they_stayed_in_memory_or_not() {
        let directory = tempfile::tempdir().expect("a folder");
        let link = |n: u64| Link { query: n * 7919 % 101, reference: n, score: n as f64 };
        let mut expected: Vec<Link> = (0..1000).map(link).collect();
        expected.sort_by_key(Link::key);
        for capacity in [1, 7, 100, 5000] {
            let found = Found::new(capacity, directory.path());
            for n in (0..1000).rev() {
                found.add(&[link(n)]);
            }
            let links = found.finish().expect("kept");
            assert_eq!(links.count, 1000);
            let all: Vec<Link> = links.map(|l| l.expect("read")).collect();
            assert_eq!(all, expected, "capacity {capacity}");
        }
        assert_eq!(std::fs::read_dir(directory.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let found = Found::new(1, Path::new("/nonexistent/folder"));
        found.add(&[Link { query: 1, reference: 2, score: 3.0 }]);
        let error = found.check().expect_err("no folder").to_string();
        assert!(error.contains("/nonexistent/folder"), "{error}");
    }
}
