//! Rows set aside by a survey, brought into form and screened to see how fast that is: what [`super::strategy`] measures with.

use super::block::{Block, Form, Known, Stand};
use super::plan::{Cut, tiles};
use super::survey::Survey;
use crate::backend::cpu::dot;
use crate::backend::{Backend, Picked, Screen, Sink, Tile, TileShape};
use crate::matrix::{Matrix, Values};
use crate::metric::Measure;
use crate::metric::lagged::{Lagged, Prepared};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// Products timed.
const TIMED: usize = 400;
/// Rows that they are of: more than a second-level cache holds.
const FETCHED: usize = 512;
/// In a run more rows are visited, farther apart.
const COLD: f64 = 1.5;
/// Seconds that keeping a pair's bounds takes.
pub const NOTED: f64 = 8e-8;
/// Rows of the sample that are looked at before axes are sought at all.
pub const GLANCE: usize = 128;

/// In how many directions some rows of the sample spread: (Σλ)²/Σλ² of the eigenvalues of their Gram matrix, at most their number.
pub fn dimensions(x: &[f32], d: usize) -> f64 {
    let rows = x.len() / d;
    let every = rows.div_ceil(GLANCE).max(1);
    let some: Vec<&[f32]> = x.chunks(d).step_by(every).collect();
    let squares = some.par_iter().map(|a| some.iter().map(|b| f64::from(dot(a, b)).powi(2)).sum::<f64>()).sum::<f64>();
    let trace: f64 = some.iter().map(|a| f64::from(dot(a, a))).sum();
    let found = trace * trace / squares;
    if found.is_finite() { found * GLANCE as f64 / some.len() as f64 } else { 0.0 }
}

/// Seconds that a pair takes which passed: one product of all numbers, and its way through a ranking.
pub fn pass_seconds(partners: &Block) -> f64 {
    let rows = partners.operand.rows;
    let step = rows.div_ceil(FETCHED).max(1);
    let some: Vec<Vec<f32>> = (0..rows).step_by(step).map(|i| partners.operand.row(i).collect()).collect();
    let started = Instant::now();
    let mut sum = 0.0;
    for n in 0..TIMED {
        sum += dot(&some[n / 4 % some.len()], &some[n * 7919 % some.len()]);
    }
    std::hint::black_box(sum);
    COLD * started.elapsed().as_secs_f64() / TIMED as f64 + NOTED
}

/// Seconds that the second stage of lagged correlation takes for a pair.
pub fn estimate_seconds(partners: &Block, second: Lagged<'_>) -> f64 {
    let full: Vec<&Prepared> = partners.lagged.iter().flatten().collect();
    if full.len() < 2 {
        return NOTED;
    }
    let started = Instant::now();
    for n in 0..TIMED / 2 {
        std::hint::black_box(second.estimate(full[n / 8 % full.len()], full[n * 7919 % full.len()], partners.matrix.width()));
    }
    started.elapsed().as_secs_f64() / (TIMED / 2) as f64
}

/// Rows of a survey's sample.
pub struct Sample {
    pub matrix: Matrix,
    pub measures: Vec<Measure>,
    /// Which rows of the collection they are.
    pub which: Vec<usize>,
}

impl Sample {
    /// `most`: so many of them, evenly spread.
    pub fn new((matrix, which): &(Matrix, Vec<usize>), survey: &Survey, most: Option<usize>) -> Self {
        let every = most.map_or(1, |most| which.len().div_ceil(most));
        let taken: Vec<usize> = (0..which.len()).step_by(every).collect();
        let mut values = Values::empty(matrix.element());
        for &i in &taken {
            let _ = values.append(matrix.row(i).to_values());
        }
        let which: Vec<usize> = taken.iter().map(|&i| which[i]).collect();
        let measures = which.iter().map(|&i| survey.measures[i]).collect();
        let matrix = Matrix::new(values, matrix.width()).unwrap_or_else(|_| matrix.clone());
        Self { matrix, measures, which }
    }

    /// In screening form, and the seconds that took a row.
    pub fn block(&self, form: &Form, second: bool) -> (Block, f64) {
        let started = Instant::now();
        let known = Known { measures: &self.measures, out: &[] };
        let form = &Form { fine: None, second, ..form.clone() };
        // Keys of trials are apart from those of a run, which count from one.
        let key = u64::MAX - KEYS.fetch_add(1, Relaxed);
        let block = Block::prepare(self.matrix.clone(), 0, known, form, Stand::Freely, key);
        (block, started.elapsed().as_secs_f64() / self.matrix.rows().max(1) as f64)
    }
}

static KEYS: AtomicU64 = AtomicU64::new(0);

/// Screens all pairs of two blocks, so many times. A device that fails here fails again in the run, which then says so.
pub fn run(backend: &mut dyn Backend, screen: Screen, a: &Block, b: &Block, cut: Cut, times: usize, sink: &dyn Sink) {
    let own = backend.tile();
    let shape = TileShape { rows: own.rows, cols: own.cols };
    let (mut seeds, mut rest) = tiles(a.operand.rows, b.operand.rows, shape, shape.cols, cut);
    seeds.append(&mut rest);
    let _ = backend.screen(screen, &a.operand, &b.operand, &vec![seeds; times].concat(), sink);
}

/// Keeps all t.
pub struct Gather {
    pub cols: usize,
    pub t: Mutex<Vec<f32>>,
}

impl Sink for Gather {
    fn row_floors(&self, rows: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
        into.resize(rows.len(), f32::INFINITY);
    }
    fn col_floors(&self, _: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
    }
    fn both_sides(&self) -> bool {
        false
    }
    fn all(&self, tile: &Tile, t: &[f32], stride: usize) {
        let mut all = self.t.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (r, i) in tile.rows.clone().enumerate() {
            all[i * self.cols + tile.cols.start..][..tile.cols.len()].copy_from_slice(&t[r * stride..][..tile.cols.len()]);
        }
    }
    fn picked(&self, _: &Tile, _: &[Picked]) {}
}

/// Counts what passes.
pub struct Count<'a> {
    pub floors: &'a [f32],
    pub both: bool,
    pub passed: AtomicU64,
}

impl Sink for Count<'_> {
    fn row_floors(&self, rows: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
        into.extend_from_slice(&self.floors[rows]);
    }
    fn col_floors(&self, cols: Range<usize>, into: &mut Vec<f32>) {
        // The test of both sides takes its time; no pair passes by it.
        into.clear();
        into.resize(cols.len(), f32::INFINITY);
    }
    fn both_sides(&self) -> bool {
        self.both
    }
    fn all(&self, _: &Tile, _: &[f32], _: usize) {}
    fn picked(&self, _: &Tile, pairs: &[Picked]) {
        self.passed.fetch_add(pairs.len() as u64, Relaxed);
    }
}
