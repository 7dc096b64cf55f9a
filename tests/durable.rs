//! Runs that are stopped again and again, and go on each time in another way of screening, with other tiles and threads: the result is that of a run that nobody stopped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod support;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use striae::backend::TileShape;
use striae::backend::cpu::Cpu;
use striae::compare::checkpoint::{Begun, Journaling};
use striae::compare::merge::Rows;
use striae::compare::{
    Answer, Comparison, Error, InMemory, Job, Mode, Observer, Options, Outcome, RowSource, Screening, Shard, Terms, Unwatched,
};
use striae::matrix::{Matrix, Values};
use support::{in_pool, linked, ranked};

/// Stops after so many tiles, or when the first block of rows is read.
struct Impatient {
    comparing: AtomicBool,
    left: AtomicU64,
    reading: bool,
}

impl Impatient {
    fn new(tiles: u64) -> Self {
        Self { comparing: AtomicBool::new(false), left: AtomicU64::new(tiles), reading: false }
    }

    fn while_reading() -> Self {
        Self { reading: true, ..Self::new(u64::MAX) }
    }
}

impl Observer for Impatient {
    fn phase(&self, name: &str, _: u64) {
        self.comparing.store(name == "compare", Relaxed);
    }
    fn progress(&self, _: u64) {
        if self.comparing.load(Relaxed) {
            let _ = self.left.fetch_update(Relaxed, Relaxed, |left| Some(left.saturating_sub(1)));
        }
    }
    fn warn(&self, _: &str) {}
    fn stop(&self) -> bool {
        self.left.load(Relaxed) == 0
    }
    fn span(&self, what: &'static str, _: Instant) {
        if self.reading && what == "read" && self.comparing.load(Relaxed) {
            self.left.store(0, Relaxed);
        }
    }
}

/// Clusters, with ties and rows that are the same.
fn rows(n: usize, d: usize, seed: u64) -> InMemory {
    let mut state = seed.wrapping_add(1);
    let mut next = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 40) as f32) / 16_777_216.0
    };
    let centres: Vec<f32> = (0..20 * d).map(|_| next()).collect();
    let values: Vec<f32> = (0..n)
        .flat_map(|i| {
            let c = i * 7919 % 20;
            let noise = if i % 11 == 0 { 0.0 } else { 0.2 };
            (0..d).map(|k| centres[c * d + k] + noise * next()).collect::<Vec<_>>()
        })
        .collect();
    InMemory::new("rows", Matrix::new(Values::F32(values), d).unwrap())
}

struct Case {
    metric: &'static str,
    mode: Mode,
    queries: InMemory,
    references: Option<InMemory>,
    memory: u64,
    shard: Option<Shard>,
}

impl Case {
    fn plain() -> Self {
        Self { metric: "pearson", mode: Mode::TopK(5), queries: rows(700, 24, 1), references: None, memory: 1 << 30, shard: None }
    }

    fn is_tight(&self) -> bool {
        self.memory < 1 << 28
    }

    fn options(&self, turn: usize) -> Options {
        let product = ["pearson", "cosine"].contains(&self.metric);
        let screening = match turn % 4 {
            _ if !product || self.is_tight() => Screening::Auto,
            0 => Screening::Plain,
            1 => Screening::Head(4),
            2 => Screening::Bytes,
            _ => Screening::Auto,
        };
        let tile = (!turn.is_multiple_of(3)).then_some(TileShape { rows: 16 << (turn % 3), cols: 48 });
        Options { memory: self.memory, screening, tile, ..Options::new(self.metric, self.mode) }
    }

    fn run(&mut self, turn: usize, observer: &dyn Observer, journal: Option<&Path>) -> Result<Outcome, Error> {
        let how = journal.map(|path| Journaling {
            path: path.into(),
            interval: Duration::from_millis(10),
            began: Instant::now(),
            started: "now".into(),
            claim: None,
        });
        let begun = journal.filter(|path| path.exists()).map(Begun::open).transpose()?;
        let (options, tight) = (self.options(turn), self.is_tight());
        let comparison = Comparison {
            job: Job::new(options)?,
            query: &mut self.queries,
            reference: self.references.as_mut().map(|r| r as &mut dyn RowSource),
            backend: Box::new(Cpu::new()),
            observer,
            spool: std::env::temp_dir(),
            dense: None,
            terms: Terms { shard: self.shard, journal: how, begun, again: None },
        };
        // Threads take memory, of which a run in blocks has no more than it began with.
        in_pool(if tight { 2 } else { 1 + turn % 3 }, || comparison.run())
    }

    /// Stops the run until it is through; answers how often it was, and the result.
    fn stubborn(&mut self, patience: u64) -> (usize, Outcome) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.journal");
        // The first turns have small tiles, of which there are many.
        for turn in 1.. {
            // Blocks are read when they are compared.
            let reading = self.is_tight() && turn % 3 == 2;
            let observer = if reading { Impatient::while_reading() } else { Impatient::new(patience + turn as u64 / 8) };
            match self.run(turn, &observer, Some(&path)) {
                Ok(outcome) => {
                    assert!((1..=turn).contains(&(outcome.effort.processes as usize)));
                    return (turn - 1, outcome);
                }
                Err(Error::Interrupted { lost, .. }) => assert!(!lost && path.exists()),
                // Before anything was committed.
                Err(Error::Stopped) => assert!(!path.exists()),
                Err(other) => panic!("{other}"),
            }
            assert!(turn < 2000, "it never ends");
        }
        unreachable!()
    }
}

fn same(a: Outcome, b: Outcome) {
    match a.answer {
        Answer::TopK { .. } => assert_eq!(ranked(a), ranked(b)),
        _ => assert_eq!(linked(a), linked(b)),
    }
}

#[test]
fn a_run_that_is_stopped_again_and_again_ends_with_the_same_result() {
    let top = Mode::TopK(5);
    let cases: Vec<(&str, Case)> = vec![
        (
            "one block",
            Case { metric: "pearson", mode: top, queries: rows(700, 24, 1), references: None, memory: 1 << 30, shard: None },
        ),
        (
            "blocks",
            Case { metric: "cosine", mode: top, queries: rows(6000, 24, 2), references: None, memory: 60 << 20, shard: None },
        ),
        (
            "links of blocks",
            Case {
                metric: "cosine",
                mode: Mode::Threshold(0.97),
                queries: rows(6000, 24, 2),
                references: None,
                memory: 60 << 20,
                shard: None,
            },
        ),
        (
            "a fold",
            Case { metric: "manhattan", mode: top, queries: rows(500, 16, 3), references: None, memory: 1 << 30, shard: None },
        ),
        (
            "references",
            Case {
                metric: "euclidean",
                mode: top,
                queries: rows(300, 16, 4),
                references: Some(rows(500, 16, 5)),
                memory: 1 << 30,
                shard: None,
            },
        ),
        ("lags", Case { metric: "ccf", mode: top, queries: rows(150, 40, 6), references: None, memory: 1 << 30, shard: None }),
        (
            "links",
            Case {
                metric: "pearson",
                mode: Mode::Threshold(0.5),
                queries: rows(600, 24, 7),
                references: None,
                memory: 1 << 30,
                shard: None,
            },
        ),
        (
            "a shard",
            Case {
                metric: "pearson",
                mode: top,
                queries: rows(900, 24, 8),
                references: None,
                memory: 1 << 30,
                shard: Some(Shard { index: 2, count: 3 }),
            },
        ),
    ];
    for (name, mut case) in cases {
        let whole = case.run(0, &Unwatched, None).unwrap();
        let (stops, outcome) = case.stubborn(if case.is_tight() { 60 } else { 2 });
        assert!(!case.is_tight() || outcome.effort.blocks > 3, "{} blocks", outcome.effort.blocks);
        assert!(stops >= 3, "{name}: stopped {stops} times only");
        assert_eq!(outcome.effort.pairs, whole.effort.pairs, "{name}");
        same(outcome, whole);
    }
}

#[test]
fn shards_together_are_the_whole() {
    for (n, references) in [(0, None), (1, Some(400)), (2, Some(30))] {
        let queries = [700, 300, 500][n];
        for mode in [Mode::TopK(7), Mode::Threshold(0.4)] {
            let mut case = Case {
                metric: "pearson",
                mode,
                queries: rows(queries, 20, 9),
                references: references.map(|m| rows(m, 20, 10)),
                memory: 1 << 30,
                shard: None,
            };
            let whole = case.run(0, &Unwatched, None).unwrap();
            for count in [1, 2, 3, 7] {
                let mut all = Rows::new(queries, 7, striae::metric::Closer::Larger, false);
                let (mut links, mut pairs) = (Vec::new(), 0);
                for index in 1..=count {
                    case.shard = Some(Shard { index, count });
                    let part = case.run(index, &Unwatched, None).unwrap();
                    pairs += part.effort.pairs;
                    match part.answer {
                        Answer::TopK { k, neighbors, scores } => {
                            for (row, (n, s)) in neighbors.chunks(k).zip(scores.chunks(k)).enumerate() {
                                let best: Vec<_> = n
                                    .iter()
                                    .zip(s)
                                    .take_while(|(n, _)| **n >= 0)
                                    .map(|(n, s)| striae::compare::select::Best { score: *s, partner: *n as u64 })
                                    .collect();
                                all.add("part", row, &best, &[]).unwrap();
                            }
                        }
                        _ => links.extend(linked(part)),
                    }
                }
                assert_eq!(pairs, whole.effort.pairs);
                if let Answer::TopK { neighbors, scores, .. } = &whole.answer {
                    let bits = |s: &[f64]| s.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
                    assert_eq!(&all.neighbors, neighbors, "{queries} {count}");
                    assert_eq!(bits(&all.scores), bits(scores));
                } else {
                    links.sort_unstable();
                    case.shard = None;
                    assert_eq!(links, linked(case.run(0, &Unwatched, None).unwrap()));
                }
            }
        }
    }
}

#[test]
fn a_journal_of_another_run_is_refused_by_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.journal");
    let mut case = Case::plain();
    // Stopped, and a commit is there.
    while !path.exists() {
        let stopped = case.run(1, &Impatient::new(3), Some(&path));
        assert!(stopped.is_err());
    }
    let said = |change: &dyn Fn(&mut Case)| {
        let mut other = Case::plain();
        change(&mut other);
        other.run(0, &Unwatched, Some(&path)).unwrap_err().to_string()
    };
    assert!(said(&|c| c.mode = Mode::TopK(6)).contains("mode.top-k was 5 and is 6 now"));
    assert!(said(&|c| c.metric = "cosine").contains("metric was pearson and is cosine now"));
    assert!(said(&|c| c.queries = rows(700, 24, 2)).contains("queries.values_blake3 was "));
    assert!(said(&|c| c.shard = Some(Shard { index: 1, count: 2 })).contains("shard was not given"));
    assert!(said(&|c| c.references = Some(rows(700, 24, 2))).contains("references was not given"));
    assert!(said(&|c| c.memory = 37 << 20).contains("--memory"), "{}", said(&|c| c.memory = 37 << 20));
    // Nothing of this has changed it.
    let outcome = case.run(1, &Unwatched, Some(&path)).unwrap();
    assert!(outcome.warnings.iter().any(|w| w.contains("gone on with by another process")), "{:?}", outcome.warnings);
    same(outcome, case.run(0, &Unwatched, None).unwrap());
}
