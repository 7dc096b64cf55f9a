//! The stages of a comparison, each with its answer checked before it is timed.
//!
//! `cargo bench` runs all at full size; `cargo bench -- whole` only whole comparisons. Data: seed 1, normal numbers. What is
//! fast here is written down in `benches/record/` with machine and date.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

#[path = "../tests/support/mod.rs"]
mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use striae::backend::cpu::{Cpu, Isa};
use striae::backend::{Backend as _, GROUP, Operand, Screen, Tile, TileShape};
use striae::compare::plan::{Cut, Plan, Seed, Sizes, tiles};
use striae::compare::{Mode, Options};
use striae::matrix::{Row, Values};
use striae::metric::{self, Frame, sum};
use support::{Stream, compare, f32s, in_domain, in_memory, linked, naive_top_k, ranked, same_ranking, top_k};

fn normal(rows: usize, width: usize) -> Vec<f64> {
    let mut numbers = Stream(1);
    (0..rows * width).map(|_| numbers.normal()).collect()
}

fn plan(c: &mut Criterion) {
    let sizes = Sizes {
        queries: 10_000_000,
        references: None,
        row_bytes: 8192,
        raw_bytes: 4096,
        query_bytes: 500,
        reference_bytes: 0,
        scratch: 1 << 26,
        memory: 16 << 30,
    };
    let blocks = Plan::new(&sizes, None).expect("fits");
    assert_eq!(blocks.pairs(), 10_000_000 * 9_999_999 / 2);
    c.bench_function("plan/blocks n=1e7", |b| b.iter(|| Plan::new(black_box(&sizes), None).expect("fits").steps.len()));
    let shape = TileShape { rows: 192, cols: 384 };
    c.bench_function("plan/tiles n=1e5", |b| {
        b.iter(|| tiles(black_box(100_000), 100_000, shape, shape.cols, Cut::RankedDiagonal).1.len());
    });
}

fn prepare(c: &mut Criterion) {
    let (rows, width) = (2000, 1024);
    let values: Vec<f32> = normal(rows, width).iter().map(|&x| x as f32).collect();
    let mut group = c.benchmark_group("prepare");
    group.throughput(Throughput::Elements(rows as u64));
    for &metric in metric::all() {
        let Values::F32(values) = in_domain(metric, Values::F32(values.clone())) else { continue };
        let embedded = metric.embedded_width(width);
        let measures: Vec<_> = values.chunks(width).map(|r| metric.measure(Row::F32(r)).expect("defined")).collect();
        let frame = Frame::new(metric, vec![0.0; embedded], 100.0, 136);
        let (mut work, mut out) = (vec![0.0; embedded], vec![0.0; embedded]);
        group.bench_function(BenchmarkId::new(metric.info().name, "n=2000 d=1024"), |b| {
            b.iter(|| {
                values
                    .chunks(width)
                    .zip(&measures)
                    .map(|(r, &m)| frame.row(Row::F32(r), m, &mut work, &mut out).reach)
                    .sum::<f64>()
            });
        });
    }
}

struct All;

impl striae::backend::Sink for All {
    fn row_floors(&self, rows: std::ops::Range<usize>, into: &mut Vec<f32>) {
        into.clear();
        into.resize(rows.len(), f32::INFINITY);
    }
    fn col_floors(&self, _: std::ops::Range<usize>, _: &mut Vec<f32>) {}
    fn both_sides(&self) -> bool {
        false
    }
    fn all(&self, _: &Tile, t: &[f32], _: usize) {
        black_box(t);
    }
    fn picked(&self, _: &Tile, pairs: &[striae::backend::Picked]) {
        assert!(pairs.is_empty());
    }
}

fn operand(values: &[f32], width: usize) -> Operand {
    let rows = values.len() / width;
    let mut packed = vec![0.0; Operand::size(rows, width)];
    for (i, row) in values.chunks(width).enumerate() {
        for (k, &x) in row.iter().enumerate() {
            packed[i / GROUP * GROUP * width + k * GROUP + i % GROUP] = x;
        }
    }
    Operand {
        key: 0,
        rows,
        stride: width,
        values: packed,
        bytes: None,
        halves: None,
        lift: vec![0.0; rows],
        reach: vec![0.0; rows],
    }
}

fn screen(c: &mut Criterion) {
    let (rows, width) = (1536, 1024);
    let values: Vec<f32> = normal(rows, width).iter().map(|&x| x as f32).collect();
    let a = operand(&values, width);
    let mut group = c.benchmark_group("screen");
    group.throughput(Throughput::Elements((rows * rows) as u64));
    for name in ["dot", "manhattan"] {
        let screen = Screen { metric: metric::by_name(name).expect("registered"), gain: 1.0, product: name != "manhattan" };
        for isa in Isa::available() {
            let mut cpu = Cpu::with(isa, TileShape { rows: 192, cols: 384 });
            let (seeds, rest) = tiles(rows, rows, cpu.tile(), cpu.tile().cols, Cut::Rectangle(Seed::Neither));
            assert!(seeds.is_empty());
            let id = BenchmarkId::new(format!("{name} {isa:?}"), "n=1536 d=1024, all cores");
            group.bench_function(id, |b| b.iter(|| cpu.screen(screen, &a, &a, &rest, &All).expect("the CPU does not fail")));
        }
    }
    // The same product by faer, which is the linear algebra of the chemometric stage.
    let left = faer::MatRef::from_row_major_slice(&values, rows, width);
    let mut out = faer::Mat::<f32>::zeros(rows, rows);
    group.bench_function(BenchmarkId::new("faer matmul", "n=1536 d=1024, one core"), |b| {
        b.iter(|| {
            faer::linalg::matmul::matmul(&mut out, faer::Accum::Replace, left, left.transpose(), 1.0, faer::Par::Seq);
            black_box(out[(3, 5)])
        });
    });
    let by_hand: f32 = values[3 * width..4 * width].iter().zip(&values[5 * width..6 * width]).map(|(x, y)| x * y).sum();
    assert!((out[(3, 5)] - by_hand).abs() < 1e-2);
    group.finish();
}

/// Four features cost next to nothing to multiply, so what is timed is finding, keeping and scoring the best.
fn select(c: &mut Criterion) {
    let (rows, width, k) = (4000, 4, 10);
    let values = f32s(&normal(rows, width));
    let cosine = metric::by_name("cosine").expect("registered");
    let mut source = in_memory(values, width);
    let matrix = source.matrix.clone();
    let found = ranked(compare(top_k("cosine", k), &mut source, None, Box::new(Cpu::new())).expect("runs"));
    same_ranking(&found, &naive_top_k(cosine, &matrix, &matrix, k, &|i, j| i != j), k, "select").expect("equal");
    let mut group = c.benchmark_group("select");
    group.throughput(Throughput::Elements((rows * (rows - 1) / 2) as u64));
    for k in [1, 10, 100] {
        group.bench_function(BenchmarkId::new("ranking", format!("n={rows} d={width} k={k}")), |b| {
            b.iter(|| ranked(compare(top_k("cosine", k), &mut source, None, Box::new(Cpu::new())).expect("runs")));
        });
    }
    group.finish();
}

fn refine(c: &mut Criterion) {
    let width = 1024;
    let values = normal(2, width);
    let narrow: Vec<f32> = values.iter().map(|&x| x as f32).collect();
    let mut group = c.benchmark_group("refine");
    group.throughput(Throughput::Elements(1));
    for &metric in metric::all() {
        let Values::F32(narrow) = in_domain(metric, Values::F32(narrow.clone())) else { continue };
        let (a, b) = (Row::F32(&narrow[..width]), Row::F32(&narrow[width..]));
        let (am, bm) = (metric.measure(a).expect("defined"), metric.measure(b).expect("defined"));
        assert_eq!(metric.score(a, am, b, bm).to_bits(), metric.define(&a.to_f64(), &b.to_f64()).to_bits());
        group.bench_function(BenchmarkId::new(metric.info().name, "d=1024 f32"), |g| {
            g.iter(|| metric.score(black_box(a), am, black_box(b), bm));
        });
    }
    let (a, b) = (Row::F64(&values[..width]), Row::F64(&values[width..]));
    group.bench_function("sum of products d=1024 f64", |g| g.iter(|| sum::pairs(sum::Product, black_box(a), black_box(b))));
    group.finish();
}

fn whole(c: &mut Criterion) {
    let mut group = c.benchmark_group("whole");
    group.sample_size(10);
    for (metric, rows, width) in
        [("cosine", 10_000, 1024), ("pearson", 10_000, 1024), ("euclidean", 20_000, 256), ("manhattan", 10_000, 512)]
    {
        let values = f32s(&normal(rows, width));
        let named = metric::by_name(metric).expect("registered");
        // The first queries against the definition, so that what is timed is right.
        let mut source = in_memory(values.clone(), width);
        let found = ranked(compare(top_k(metric, 10), &mut source, None, Box::new(Cpu::new())).expect("runs"));
        let reference = source.matrix.clone();
        let head = in_memory(f32s(&normal(rows, width)[..4 * width]), width).matrix;
        let expected = naive_top_k(named, &head, &reference, 10, &|i, j| i != j);
        let first = (found.0[..40].to_vec(), found.1[..40].to_vec());
        same_ranking(&first, &expected, 10, metric).expect("equal to the naive ranking");
        group.throughput(Throughput::Elements((rows * (rows - 1) / 2) as u64));
        group.bench_function(BenchmarkId::new(metric, format!("n={rows} d={width} k=10")), |b| {
            b.iter(|| ranked(compare(top_k(metric, 10), &mut source, None, Box::new(Cpu::new())).expect("runs")));
        });
    }
    // Many identical rows: every pair of them ties.
    let (rows, width) = (10_000, 1024);
    let mut values = normal(rows, width);
    for i in 1..2000 {
        values.copy_within(0..width, i * 5 * width);
    }
    let mut source = in_memory(f32s(&values), width);
    group.bench_function("cosine n=10000 d=1024 k=10, 2000 identical rows", |b| {
        b.iter(|| ranked(compare(top_k("cosine", 10), &mut source, None, Box::new(Cpu::new())).expect("runs")));
    });
    let mut source = in_memory(f32s(&normal(rows, width)), width);
    let options = Options::new("cosine", Mode::Threshold(0.11));
    group.bench_function("cosine n=10000 d=1024 threshold 0.11", |b| {
        b.iter(|| linked(compare(options.clone(), &mut source, None, Box::new(Cpu::new())).expect("runs")));
    });
    group.finish();
}

criterion_group!(benches, plan, prepare, screen, select, refine, whole);
criterion_main!(benches);
