//! What the conformance tests share: data with known difficulties, and the naive ranking that everything is held to.

#![allow(dead_code, reason = "each test file uses its own part")]

use striae::backend::Backend;
use striae::compare::{Answer, Comparison, InMemory, Job, Mode, Options, Outcome, RowSource, Terms, Unwatched};
use striae::matrix::{Matrix, Values};
use striae::metric::{Metric, Numbers};

/// A reproducible stream of numbers (splitmix64).
pub struct Stream(pub u64);

impl Stream {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Between −1 and 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// About normal: the sum of twelve.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() / 2.0
    }
}

pub fn random(rows: usize, width: usize, seed: u64) -> Vec<f64> {
    let mut numbers = Stream(seed);
    (0..rows * width).map(|_| numbers.unit()).collect()
}

pub fn f32s(values: &[f64]) -> Values {
    Values::F32(values.iter().map(|&x| x as f32).collect())
}

/// Data that screening finds hard, under a name.
pub fn cases(rows: usize, width: usize, seed: u64) -> Vec<(&'static str, Values)> {
    let plain = random(rows, width, seed);
    let shifted: Vec<f64> = plain.iter().map(|x| x + 1e6).collect();
    // Every third row is the same, and there are rows that differ in their last bit.
    let tied: Vec<f64> = (0..rows * width)
        .map(|n| {
            let (i, j) = (n / width, n % width);
            let x = f64::from(plain[if i % 3 == 0 { j } else { n }] as f32);
            if i % 6 == 3 && j == 0 { x * (1.0 + 2.0 * f64::EPSILON) } else { x }
        })
        .collect();
    let halves: Vec<f32> = plain.iter().map(|&x| half::f16::from_f64(x).to_f32()).collect();
    vec![
        ("f64", Values::F64(plain.clone())),
        ("f32", f32s(&plain)),
        ("f16", Values::F32(halves)),
        ("+1e6 f64", Values::F64(shifted.clone())),
        ("+1e6 f32", f32s(&shifted)),
        ("ties", Values::F64(tied)),
    ]
}

/// The same numbers, made such that the metric is defined for them.
pub fn in_domain(metric: &dyn Metric, values: Values) -> Values {
    let fit = |x: f64| match metric.info().numbers {
        _ if !x.is_finite() => x,
        Numbers::NonNegative => x.abs(),
        Numbers::Positive => x.abs() + 1e-290,
        Numbers::NonZero if x == 0.0 => 1e-3,
        Numbers::Real | Numbers::NonZero => x,
        Numbers::Bytes => ((x.abs() * 1e3).min(1e15) as u64 % 256) as f64,
    };
    match values {
        Values::F64(v) => Values::F64(v.into_iter().map(fit).collect()),
        Values::F32(v) => Values::F32(
            v.into_iter()
                .map(|x| {
                    (fit(f64::from(x)) as f32).max(if metric.info().numbers == Numbers::Positive { 1e-30 } else { f32::MIN })
                })
                .collect(),
        ),
    }
}

/// A matrix of numbers that the metric is defined for.
pub fn suited(metric: &dyn Metric, values: Values, width: usize) -> InMemory {
    in_memory(in_domain(metric, values), width)
}

pub fn in_memory(values: Values, width: usize) -> InMemory {
    InMemory::new("memory", Matrix::new(values, width).expect("whole rows"))
}

pub fn in_pool<T: Send>(threads: usize, f: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(f)
}

pub fn compare<'a>(
    options: Options,
    query: &'a mut dyn RowSource,
    reference: Option<&'a mut dyn RowSource>,
    backend: Box<dyn Backend>,
) -> Result<Outcome, striae::compare::Error> {
    let job = Job::new(options)?;
    let spool = std::env::temp_dir();
    Comparison { job, query, reference, backend, observer: &Unwatched, spool, dense: None, terms: Terms::default() }.run()
}

/// A ranking as bytes that can be compared: neighbours, and the bits of the scores.
pub type Ranked = (Vec<i64>, Vec<u64>);

pub fn ranked(outcome: Outcome) -> Ranked {
    match outcome.answer {
        Answer::TopK { neighbors, scores, .. } => (neighbors, scores.iter().map(|s| s.to_bits()).collect()),
        other => panic!("a ranking was asked for, not {other:?}"),
    }
}

pub fn linked(outcome: Outcome) -> Vec<(u64, u64, u64)> {
    match outcome.answer {
        Answer::Links(links) => {
            links.map(|l| l.expect("links can be read")).map(|l| (l.query, l.reference, l.score.to_bits())).collect()
        }
        other => panic!("links were asked for, not {other:?}"),
    }
}

/// Whether a pair counts.
pub type Allowed<'a> = &'a dyn Fn(usize, usize) -> bool;

fn rows(matrix: &Matrix) -> Vec<Vec<f64>> {
    (0..matrix.rows()).map(|i| matrix.row(i).to_f64()).collect()
}

/// All pairs by the definition, sorted by score and then by index; the first k of each query.
pub fn naive_top_k(metric: &dyn Metric, query: &Matrix, reference: &Matrix, k: usize, allowed: Allowed<'_>) -> Ranked {
    let (query, reference) = (rows(query), rows(reference));
    let (mut neighbors, mut scores) = (Vec::new(), Vec::new());
    for (i, a) in query.iter().enumerate() {
        let mut all: Vec<(f64, usize)> =
            reference.iter().enumerate().filter(|&(j, _)| allowed(i, j)).map(|(j, b)| (metric.define(a, b), j)).collect();
        all.sort_by(|x, y| metric.info().closer.order(x.0, y.0).then(x.1.cmp(&y.1)));
        for n in 0..k {
            neighbors.push(all.get(n).map_or(-1, |x| x.1 as i64));
            scores.push(all.get(n).map_or(f64::NAN, |x| x.0).to_bits());
        }
    }
    (neighbors, scores)
}

/// All pairs by the definition whose score passes.
pub fn naive_links(
    metric: &dyn Metric,
    query: &Matrix,
    reference: &Matrix,
    threshold: f64,
    allowed: Allowed<'_>,
) -> Vec<(u64, u64, u64)> {
    let (query, reference) = (rows(query), rows(reference));
    let mut links = Vec::new();
    for (i, a) in query.iter().enumerate() {
        for (j, b) in reference.iter().enumerate().filter(|&(j, _)| allowed(i, j)) {
            let score = metric.define(a, b);
            if metric.info().closer.admits(score, threshold) {
                links.push((i as u64, j as u64, score.to_bits()));
            }
        }
    }
    links
}

/// Says where two rankings first differ.
pub fn same_ranking(found: &Ranked, expected: &Ranked, k: usize, what: &str) -> Result<(), String> {
    if found.0.len() != expected.0.len() {
        return Err(format!("{what}: {} neighbours, expected {}", found.0.len(), expected.0.len()));
    }
    for n in 0..found.0.len() {
        if (found.0[n], found.1[n]) != (expected.0[n], expected.1[n]) {
            return Err(format!(
                "{what}: query {}, rank {}: neighbour {} score {:e}, expected {} score {:e}",
                n / k,
                n % k,
                found.0[n],
                f64::from_bits(found.1[n]),
                expected.0[n],
                f64::from_bits(expected.1[n]),
            ));
        }
    }
    Ok(())
}

pub fn top_k(metric: &str, k: usize) -> Options {
    Options::new(metric, Mode::TopK(k))
}

/// A dense result in memory.
pub struct DenseMatrix {
    pub cols: usize,
    pub scores: std::sync::Mutex<Vec<f32>>,
}

impl striae::compare::DenseStore for DenseMatrix {
    fn put(&self, row0: usize, col0: usize, cols: usize, scores: &[f32]) -> Result<(), String> {
        let mut all = self.scores.lock().map_err(|e| e.to_string())?;
        for (r, row) in scores.chunks(cols).enumerate() {
            let at = (row0 + r) * self.cols + col0;
            if !all[at..at + cols].iter().all(|s| s.is_nan()) {
                return Err(format!("row {} was stored twice", row0 + r));
            }
            all[at..at + cols].copy_from_slice(row);
        }
        Ok(())
    }
}

/// Compares densely and holds every score to the definition, within the tolerance that the result states.
pub fn check_dense(
    metric: &'static dyn Metric,
    values: Values,
    width: usize,
    reference: Option<Values>,
    tile: striae::backend::TileShape,
    backend: Box<dyn Backend>,
) {
    let mut query = in_memory(values, width);
    let mut reference = reference.map(|values| in_memory(values, width));
    let (q, r) = (query.matrix.clone(), reference.as_ref().map_or(query.matrix.clone(), |r| r.matrix.clone()));
    let (rows, cols) = (q.rows(), r.rows());
    let dense = DenseMatrix { cols, scores: std::sync::Mutex::new(vec![f32::NAN; rows * cols]) };
    let options = Options { tile: Some(tile), ..Options::new(metric.info().name, Mode::Dense) };
    let outcome = Comparison {
        job: Job::new(options).expect("allowed"),
        query: &mut query,
        reference: reference.as_mut().map(|r| r as &mut dyn RowSource),
        backend,
        observer: &Unwatched,
        spool: std::env::temp_dir(),
        dense: Some(&dense),
        terms: Terms::default(),
    }
    .run()
    .expect("runs");
    assert_eq!(outcome.devices.len(), 1, "{:?}", outcome.warnings);
    let Answer::Dense { tolerance } = outcome.answer else { panic!("a dense result was asked for") };
    let scores = dense.scores.into_inner().expect("nobody panicked");
    for i in 0..rows {
        for j in 0..cols {
            let score = metric.define(&q.row(i).to_f64(), &r.row(j).to_f64());
            let error = (f64::from(scores[i * cols + j]) - score).abs();
            assert!(error <= tolerance, "{metric:?} ({i}, {j}): off by {error}, tolerance {tolerance}");
        }
    }
    // The tolerance says something: far below the spread of scores, where the score is not a root or an angle.
    if !["euclidean", "spectral-angle"].contains(&metric.info().name) {
        let (least, most) = scores.iter().fold((f32::MAX, f32::MIN), |(l, m), s| (l.min(*s), m.max(*s)));
        assert!(tolerance < 0.01 * f64::from(most - least), "{metric:?}: {tolerance} of {least} … {most}");
    }
}
