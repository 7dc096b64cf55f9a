//! The promise that everything rests on: no score outside its bounds, on pairs made to break them.
//!
//! Ten million pairs; more with `STRIAE_BOUNDS_PAIRS`. What is checked is the t that the CPU's kernels
//! compute, each instruction set in turn, against the exact score.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

mod support;

use rayon::prelude::*;
use std::ops::Range;
use std::sync::Mutex;
use striae::backend::cpu::{Cpu, Isa};
use striae::backend::{Backend as _, GROUP, Operand, Picked, Screen, Sink, Tile, TileShape};
use striae::matrix::{Matrix, Row, Values};
use striae::metric::lagged::SLACK;
use striae::metric::{self, Bounds, Frame, Metric};
use support::*;

const ROWS: usize = 64;
const WIDTH: usize = 48;

struct Keep(Mutex<(Vec<f32>, usize)>);

impl Sink for Keep {
    fn row_floors(&self, _: Range<usize>, _: &mut Vec<f32>) {}
    fn col_floors(&self, _: Range<usize>, _: &mut Vec<f32>) {}
    fn both_sides(&self) -> bool {
        false
    }
    fn all(&self, _: &Tile, t: &[f32], stride: usize) {
        *self.0.lock().expect("one thread") = (t.to_vec(), stride);
    }
    fn picked(&self, _: &Tile, _: &[Picked]) {}
}

/// Rows of one kind of difficulty; `real`: rows that somebody measured.
fn rows(kind: usize, seed: u64, real: &[Vec<f64>]) -> Vec<f64> {
    let mut numbers = Stream(seed);
    let base: Vec<f64> = (0..WIDTH).map(|_| numbers.normal()).collect();
    let step = 10f64.powi(-(1 + (seed % 9) as i32));
    let mut all = Vec::with_capacity(ROWS * WIDTH);
    for i in 0..ROWS {
        for j in 0..WIDTH {
            all.push(match kind {
                0 => numbers.normal(),
                // Near-equal.
                1 => base[j] * (1.0 + step * numbers.unit()),
                // One spike.
                2 => {
                    if j == i % WIDTH {
                        1.0 + numbers.unit().abs()
                    } else {
                        1e-6 * numbers.unit()
                    }
                }
                // Constant plus noise.
                3 => 1e3 + step * numbers.normal(),
                // Sizes from 1e-12 to 1e12.
                4 => numbers.normal() * 10f64.powi((i % 25) as i32 - 12),
                // Sparse.
                5 => {
                    if numbers.unit() > 0.8 {
                        numbers.normal()
                    } else {
                        0.0
                    }
                }
                // Measured.
                _ => real[(seed as usize * 31 + i * 7) % real.len()][j],
            });
        }
    }
    all
}

/// Windows of the coffee spectra that come with the project.
fn measured() -> Vec<Vec<f64>> {
    use striae::archive::{Address, Collection, Reading};
    use striae::compare::RowSource;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/datasets/coffee.h5");
    let reading = Reading::isolated(env!("CARGO_BIN_EXE_striae").into());
    let mut coffee = Collection::open(&Address::parse(file), &reading).expect("the coffee spectra");
    let (n, d) = (coffee.rows(), coffee.width());
    let matrix = Matrix::new(coffee.read(0..n).expect("values"), d).expect("whole rows");
    (0..n).flat_map(|i| matrix.row(i).to_f64().chunks_exact(WIDTH).map(<[f64]>::to_vec).collect::<Vec<_>>()).collect()
}

/// Checks all pairs of a block; answers how many there were.
fn check(metric: &'static dyn Metric, isa: Isa, values: Vec<f64>) -> u64 {
    let Values::F64(values) = in_domain(metric, Values::F64(values)) else { panic!("f64") };
    let rows: Vec<&[f64]> = values.chunks(WIDTH).filter(|r| metric.measure(Row::F64(r)).is_ok()).collect();
    let measures: Vec<_> = rows.iter().map(|r| metric.measure(Row::F64(r)).expect("defined")).collect();
    if rows.len() < 2 {
        return 0;
    }
    let width = metric.embedded_width(WIDTH);
    let mut cpu = Cpu::with(isa, TileShape { rows: ROWS, cols: ROWS });
    let mut work = vec![0.0; width];
    let mut mean = vec![0.0; width];
    let mut largest = 0.0f64;
    for (r, &m) in rows.iter().zip(&measures) {
        metric.embed(Row::F64(r), m, &mut work);
        mean.iter_mut().zip(&work).for_each(|(s, v)| *s += v / rows.len() as f64);
        largest = largest.max(metric.embedded_size(Row::F64(r), m));
    }
    let frame = Frame::new(metric, mean, largest, cpu.depth(width));
    let stride = width.div_ceil(Operand::PAD) * Operand::PAD;
    let mut operand = Operand {
        key: 1,
        rows: rows.len(),
        stride,
        values: vec![0.0; Operand::size(rows.len(), stride)],
        bytes: None,
        halves: None,
        lift: Vec::new(),
        reach: Vec::new(),
    };
    let mut out = vec![0.0; width];
    let mut bounds: Vec<Bounds> = Vec::new();
    for (i, (r, &m)) in rows.iter().zip(&measures).enumerate() {
        let b = frame.row(Row::F64(r), m, &mut work, &mut out);
        for (k, &x) in out.iter().enumerate() {
            operand.values[(i / GROUP) * GROUP * stride + k * GROUP + i % GROUP] = x;
        }
        operand.lift.push(frame.lift(&b));
        operand.reach.push(frame.reach(&b));
        bounds.push(b);
    }
    let keep = Keep(Mutex::default());
    let tile = Tile { rows: 0..rows.len(), cols: 0..rows.len(), seed: true, upper: false };
    cpu.screen(Screen::of(&frame), &operand, &operand, &[tile], &keep).expect("screens");
    let (t, stride) = keep.0.into_inner().expect("filled");
    let prepared: Vec<_> = metric.lagged().map_or_else(Vec::new, |ccf| rows.iter().map(|r| ccf.prepare(Row::F64(r))).collect());
    for i in 0..rows.len() {
        for j in 0..rows.len() {
            let score = metric.score(Row::F64(rows[i]), measures[i], Row::F64(rows[j]), measures[j]);
            let least = frame.least_u(score);
            let t = t[i * stride + j];
            let upper = frame.upper(t, &bounds[i], &bounds[j]);
            assert!(upper >= least, "{metric:?} {isa:?}: score {score:e}, u {least:e} above {upper:e}");
            if let Some(ccf) = metric.lagged() {
                if let Some(found) = prepared[i].as_ref().zip(prepared[j].as_ref()).and_then(|(a, b)| ccf.estimate(a, b, WIDTH)) {
                    assert!((f64::from(found) - score).abs() <= SLACK, "{metric:?}: {found} for {score}");
                }
            } else {
                let lower = frame.lower(t, &bounds[i], &bounds[j]);
                let most = least + 2.0 * (least.abs() * 2f64.powi(-45) + metric.u_error());
                assert!(lower <= most || score.is_infinite(), "{metric:?} {isa:?}: score {score:e}, u {most:e} below {lower:e}");
            }
        }
    }
    (rows.len() * rows.len()) as u64
}

#[test]
fn no_score_leaves_its_bounds() {
    let pairs: u64 = std::env::var("STRIAE_BOUNDS_PAIRS").ok().and_then(|v| v.parse().ok()).unwrap_or(10_000_000);
    let real = measured();
    let metrics = metric::all();
    let rounds = pairs.div_ceil((metrics.len() * 7 * ROWS * ROWS) as u64).max(1) + 1;
    let isas = Isa::available();
    let mut done: u64 = 0;
    for (m, &metric) in metrics.iter().enumerate() {
        done += (0..rounds * 7)
            .into_par_iter()
            .map(|n| {
                let (kind, seed) = ((n % 7) as usize, n / 7 + 1000 * m as u64);
                check(metric, isas[(n as usize + m) % isas.len()], rows(kind, seed, &real))
            })
            .sum::<u64>();
    }
    eprintln!("{done} pairs, none outside its bounds");
    assert!(done >= pairs, "{done}");
}
