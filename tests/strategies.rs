//! The ways of screening (plain, head, bytes): no score outside its bounds, and the same bytes whichever is taken.
//!
//! `STRIAE_BOUNDS_PAIRS` sets how many pairs are held against their bounds, two million if not given.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

mod support;

use std::ops::Range;
use std::sync::Mutex;
use striae::backend::cpu::{Cpu, Isa, dot, dot_depth};
use striae::backend::{Backend as _, Halves, Picked, Screen, Sink, Tile, TileShape};
use striae::compare::axes::Axes;
use striae::compare::block::{Block, Form, Known, Stand};
use striae::compare::{Exclude, Mode, Options, Screening};
use striae::matrix::{Matrix, Row, Values};
use striae::metric::ccf::Overlap;
use striae::metric::form::{Narrow, Numbers};
use striae::metric::{self, Frame, Geometry, Measure, Metric, Settings};
use support::*;

/// What the ways of screening are for.
fn products() -> Vec<&'static dyn Metric> {
    metric::all().iter().copied().filter(|m| m.geometry() != Geometry::Fold).collect()
}

/// Rows near a plane of `rank` dimensions, as spectra are, with noise of a given size.
fn low_rank(rows: usize, width: usize, rank: usize, noise: f64, seed: u64) -> Vec<f64> {
    let mut numbers = Stream(seed);
    let parts: Vec<Vec<f64>> = (0..rank).map(|_| (0..width).map(|_| numbers.normal().abs()).collect()).collect();
    (0..rows)
        .flat_map(|_| {
            let shares: Vec<f64> = (0..rank).map(|_| numbers.normal().abs()).collect();
            let row: Vec<f64> = (0..width)
                .map(|j| parts.iter().zip(&shares).map(|(p, s)| p[j] * s).sum::<f64>() + noise * numbers.normal())
                .collect();
            row
        })
        .collect()
}

struct Keep {
    t: Mutex<(Vec<f32>, usize)>,
    picked: Mutex<Vec<Picked>>,
    floors: Vec<f32>,
}

impl Sink for Keep {
    fn row_floors(&self, rows: Range<usize>, into: &mut Vec<f32>) {
        into.clear();
        into.extend_from_slice(&self.floors[rows]);
    }
    fn col_floors(&self, cols: Range<usize>, into: &mut Vec<f32>) {
        self.row_floors(cols, into);
    }
    fn both_sides(&self) -> bool {
        true
    }
    fn all(&self, _: &Tile, t: &[f32], stride: usize) {
        *self.t.lock().expect("one thread") = (t.to_vec(), stride);
    }
    fn picked(&self, _: &Tile, pairs: &[Picked]) {
        *self.picked.lock().expect("one thread") = pairs.to_vec();
    }
}

/// Rows of a metric with what is needed to bring them into any form.
struct Case {
    metric: &'static dyn Metric,
    matrix: Matrix,
    measures: Vec<Measure>,
    frame: Frame,
    x: Vec<f32>,
}

impl Case {
    fn new(metric: &'static dyn Metric, values: Vec<f64>, width: usize) -> Option<Self> {
        let Values::F64(values) = in_domain(metric, Values::F64(values)) else { panic!("f64") };
        let kept: Vec<f64> =
            values.chunks(width).filter(|r| metric.measure(Row::F64(r)).is_ok()).flat_map(<[f64]>::to_vec).collect();
        let matrix = Matrix::new(Values::F64(kept), width).ok().filter(|m| m.rows() > 2)?;
        let measures: Vec<_> = (0..matrix.rows()).map(|i| metric.measure(matrix.row(i)).expect("defined")).collect();
        let d = metric.embedded_width(width);
        let (mut work, mut mean, mut largest) = (vec![0.0; d], vec![0.0; d], 0.0f64);
        for (i, &m) in measures.iter().enumerate() {
            metric.embed(matrix.row(i), m, &mut work);
            mean.iter_mut().zip(&work).for_each(|(s, v)| *s += v / measures.len() as f64);
            largest = largest.max(metric.embedded_size(matrix.row(i), m));
        }
        let frame = Frame::new(metric, mean, largest, Cpu::new().depth(d));
        let mut x = Vec::new();
        for (i, &m) in measures.iter().enumerate() {
            frame.place(matrix.row(i), m, &mut work);
            x.extend(work.iter().map(|&v| v as f32));
        }
        Some(Self { metric, matrix, measures, frame, x })
    }

    fn forms(&self) -> Vec<(String, Form)> {
        let d = self.frame.width();
        let fine = Some(self.frame.narrowed(Narrow::default(), dot_depth(d)));
        let mut forms = vec![("plain".to_owned(), Form { frame: self.frame.clone(), axes: None, fine: None, second: true })];
        for kappa in [0.003, 0.01, 0.1] {
            let narrow = Narrow { numbers: Numbers::Bytes { kappa }, ..Narrow::default() };
            let frame = self.frame.narrowed(narrow, 0);
            forms.push((format!("bytes {kappa}"), Form { frame, axes: None, fine: fine.clone(), second: true }));
        }
        let narrow = Narrow { numbers: Numbers::Halves, ..Narrow::default() };
        let frame = self.frame.narrowed(narrow, Cpu::new().depth(d.next_multiple_of(Halves::PAD)));
        forms.push(("half".to_owned(), Form { frame, axes: None, fine: fine.clone(), second: true }));
        for h in [1, 4, 7, 16] {
            if let Some(axes) = Axes::of(&self.x, d, h) {
                let narrow = Narrow { head: axes.count(), lost: axes.lost(), numbers: Numbers::Singles };
                let frame = self.frame.narrowed(narrow, Cpu::new().depth(axes.count()));
                forms.push((format!("head {h}"), Form { frame, axes: Some(axes), fine: fine.clone(), second: true }));
            }
        }
        forms
    }

    /// Holds all pairs against their bounds; `spoil` multiplies the reach, which is wrong unless it is 1.
    fn check(&self, name: &str, form: &Form, isa: Isa, spoil: f64) -> Result<u64, String> {
        let (metric, rows) = (self.metric, self.matrix.rows());
        let known = Known { measures: &self.measures, out: &[] };
        let mut block = Block::prepare(self.matrix.clone(), 0, known, form, Stand::Freely, 1);
        block.operand.widen();
        for bounds in &mut block.bounds {
            bounds.reach *= spoil;
        }
        let frame = &form.frame;
        let mut cpu = Cpu::with(isa, TileShape { rows: 64, cols: 64 });
        let screen = Screen::of(frame);
        let score = |i: usize, j: usize| {
            let (i, j) = (block.index(i), block.index(j));
            metric.score(self.matrix.row(i), self.measures[i], self.matrix.row(j), self.measures[j])
        };
        // Each row's floor is what its best partner reaches: that one must pass.
        let best: Vec<(usize, f64)> = (0..rows)
            .map(|i| {
                let others = (0..rows).filter(|&j| j != i).map(|j| (j, frame.least_u(score(i, j))));
                others.max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are others")
            })
            .collect();
        let floors = best.iter().enumerate().map(|(i, b)| frame.floor(b.1, &block.bounds[i])).collect();
        let keep = Keep { t: Mutex::default(), picked: Mutex::default(), floors };
        let tile = |seed| Tile { rows: 0..rows, cols: 0..rows, seed, upper: false };
        cpu.screen(screen, &block.operand, &block.operand, &[tile(true), tile(false)], &keep).expect("screens");
        let (t, stride) = keep.t.into_inner().expect("filled");
        let picked = keep.picked.into_inner().expect("filled");
        for i in 0..rows {
            for j in 0..rows {
                let score = score(i, j);
                let least = frame.least_u(score);
                let most = least + 2.0 * (least.abs() * 2f64.powi(-45) + metric.u_error());
                let inside = |t: f32, x, y, what: &str| {
                    let (lower, upper) = (frame.lower(t, x, y), frame.upper(t, x, y));
                    if upper < least || (lower > most && score.is_finite()) {
                        return Err(format!("{metric:?} {name} {isa:?} {what}: u {least:e} not in {lower:e} … {upper:e}"));
                    }
                    Ok(())
                };
                inside(t[i * stride + j], &block.bounds[i], &block.bounds[j], "form")?;
                if let Some(fine) = &block.fine {
                    inside(dot(fine.row(i), fine.row(j)), &fine.bounds[i], &fine.bounds[j], "fine")?;
                }
            }
            let partner = best[i].0;
            if !picked.iter().any(|p| (p.row as usize, p.col as usize) == (i, partner)) {
                return Err(format!("{metric:?} {name} {isa:?}: the best partner of row {i} did not pass"));
            }
        }
        Ok((rows * rows) as u64)
    }
}

fn kinds(seed: u64, rows: usize, width: usize) -> Vec<Vec<f64>> {
    let mut numbers = Stream(seed);
    let step = 10f64.powi(-(1 + (seed % 9) as i32));
    let base: Vec<f64> = (0..width).map(|_| numbers.normal()).collect();
    let mut draw = |f: &mut dyn FnMut(&mut Stream, usize, usize) -> f64| -> Vec<f64> {
        (0..rows * width).map(|n| f(&mut numbers, n / width, n % width)).collect()
    };
    vec![
        draw(&mut |s, _, _| s.normal()),
        draw(&mut |s, _, j| base[j] * (1.0 + step * s.unit())),
        draw(&mut |s, i, j| if j == i % width { 1.0 + s.unit().abs() } else { 1e-6 * s.unit() }),
        draw(&mut |s, _, _| 1e3 + step * s.normal()),
        draw(&mut |s, i, _| s.normal() * 10f64.powi((i % 25) as i32 - 12)),
        draw(&mut |s, _, _| if s.unit() > 0.8 { s.normal() } else { 0.0 }),
        low_rank(rows, width, 3, step, seed),
    ]
}

#[test]
fn no_score_leaves_the_bounds_of_any_form() {
    let pairs: u64 = std::env::var("STRIAE_BOUNDS_PAIRS").ok().and_then(|v| v.parse().ok()).unwrap_or(2_000_000);
    let (isas, rows) = (Isa::available(), 48);
    let (mut done, mut seed) = (0u64, 0);
    while done < pairs {
        for metric in products() {
            let width = [33, 48, 130][(seed % 3) as usize];
            for (kind, values) in kinds(seed, rows, width).into_iter().enumerate() {
                let Some(case) = Case::new(metric, values, width) else { continue };
                for (n, (name, form)) in case.forms().iter().enumerate() {
                    let isa = isas[(n + kind + seed as usize) % isas.len()];
                    done += case.check(name, form, isa, 1.0).unwrap_or_else(|text| panic!("kind {kind}: {text}"));
                }
            }
        }
        seed += 1;
    }
    eprintln!("{done} pairs, none outside its bounds");
}

#[test]
fn a_bound_that_is_too_narrow_is_noticed() {
    let cosine = metric::by_name("cosine").expect("registered");
    let case = Case::new(cosine, kinds(3, 64, 48).swap_remove(0), 48).expect("rows");
    for (name, form) in case.forms().iter().filter(|(name, _)| name != "plain") {
        assert!(case.check(name, form, Isa::detect(), 1.0).is_ok());
        let spoiled = case.check(name, form, Isa::detect(), 0.01);
        assert!(spoiled.is_err(), "{name}");
    }
}

fn with(options: Options, screening: Screening) -> Options {
    Options { screening, ..options }
}

const WAYS: [Screening; 6] =
    [Screening::Plain, Screening::Half, Screening::Bytes, Screening::Head(3), Screening::Head(16), Screening::Head(0)];

#[test]
fn rankings_are_the_naive_ones_however_they_are_screened() {
    for metric in products() {
        for (rows, width, k) in [(70, 33, 1), (150, 130, 7), (200, 64, 40)] {
            let mut all = cases(rows, width, rows as u64);
            all.push(("low rank", Values::F64(low_rank(rows, width, 4, 1e-3, 5))));
            for (name, values) in all {
                let mut source = suited(metric, values, width);
                let expected = naive_top_k(metric, &source.matrix.clone(), &source.matrix.clone(), k, &|i, j| i != j);
                for way in WAYS {
                    for tile in [(16, 16), (48, 96)] {
                        let cpu = Cpu::with(Isa::detect(), TileShape { rows: tile.0, cols: tile.1 });
                        let what = format!("{metric:?} {rows}×{width} k={k} {name} {way:?} tile {tile:?}");
                        let options = with(top_k(metric.info().name, k), way);
                        let found = ranked(compare(options, &mut source, None, Box::new(cpu)).expect(&what));
                        same_ranking(&found, &expected, k, &what).expect("equal to the naive ranking");
                    }
                }
            }
        }
    }
}

#[test]
fn links_are_the_naive_ones_however_they_are_screened() {
    for metric in products() {
        let width = 40;
        for (name, values) in cases(130, width, 4) {
            let mut source = suited(metric, values, width);
            let matrix = source.matrix.clone();
            let some = metric.define(&matrix.row(3).to_f64(), &matrix.row(50).to_f64());
            let expected = naive_links(metric, &matrix, &matrix, some, &|i, j| i < j);
            for way in WAYS {
                let options = with(Options::new(metric.info().name, Mode::Threshold(some)), way);
                let found = linked(compare(options, &mut source, None, Box::new(Cpu::new())).expect("runs"));
                assert!(found == expected, "{metric:?} {name} {way:?}: {} links, expected {}", found.len(), expected.len());
            }
        }
    }
}

/// Marks of a few tools, each somewhere along it, some of them not measured at their ends.
fn marks(rows: usize, width: usize, smooth: f64, seed: u64) -> Vec<f64> {
    let mut numbers = Stream(seed);
    let mut line = |length: usize| -> Vec<f64> {
        let mut x = 0.0;
        (0..length)
            .map(|_| {
                x = smooth * x + numbers.normal();
                x
            })
            .collect()
    };
    let tools: Vec<Vec<f64>> = (0..=rows / 4).map(|_| line(width + 24)).collect();
    let noise = line(rows * width);
    (0..rows * width)
        .map(|n| {
            let (i, j) = (n / width, n % width);
            let missing = i % 11 == 3 && (j < i % 5 || j + 2 * (i % 7) >= width);
            if missing { f64::NAN } else { tools[i / 4][i * 7 % 24 + j] + 0.05 * noise[n] }
        })
        .collect()
}

#[test]
fn heads_of_magnitude_spectra_lose_no_pair() {
    let (width, rows) = (96, 60);
    let settings = |overlap| Settings { min_overlap: Some(Overlap::Fraction(overlap)), ..Settings::default() };
    for (smooth, overlap) in [(0.0, 0.5), (0.0, 0.9), (0.9, 0.8), (0.97, 0.95)] {
        let mut source = in_memory(Values::F64(marks(rows, width, smooth, 7)), width);
        let (matrix, settings) = (source.matrix.clone(), settings(overlap));
        let ccf = settings.configure("ccf").expect("known").expect("possible");
        let expected = naive_top_k(ccf, &matrix, &matrix, 5, &|i, j| i != j);
        let some = ccf.define(&matrix.row(0).to_f64(), &matrix.row(1).to_f64()) - 0.05;
        let links = naive_links(ccf, &matrix, &matrix, some, &|i, j| i < j);
        assert!(links.len() > 20, "{}", links.len());
        for way in [Screening::Plain, Screening::Head(1), Screening::Head(8), Screening::Head(40), Screening::Head(0)] {
            let what = format!("smooth {smooth}, overlap {overlap}, {way:?}");
            let of = |mode| with(Options { settings: settings.clone(), ..Options::new("ccf", mode) }, way);
            let cpu = || Box::new(Cpu::with(Isa::detect(), TileShape { rows: 16, cols: 32 }));
            let outcome = compare(of(Mode::TopK(5)), &mut source, None, cpu()).expect("runs");
            // So few rows have no axes worth trying.
            let head = !matches!(way, Screening::Plain | Screening::Head(0));
            assert_eq!(outcome.strategy.bound == "head", head, "{what}: {:?}", outcome.strategy);
            same_ranking(&ranked(outcome), &expected, 5, &what).expect("equal to the naive ranking");
            assert!(linked(compare(of(Mode::Threshold(some)), &mut source, None, cpu()).expect("runs")) == links, "{what}");
        }
    }
}

#[test]
fn a_head_of_magnitude_spectra_that_reaches_too_little_is_noticed() {
    let (width, rows) = (96, 60);
    let matrix = Matrix::new(Values::F64(marks(rows, width, 0.5, 9)), width).expect("rows");
    let ccf = Settings { min_overlap: Some(Overlap::Fraction(0.9)), ..Settings::default() };
    let ccf = ccf.configure("ccf").expect("known").expect("possible");
    let measures: Vec<_> = (0..rows).map(|i| ccf.measure(matrix.row(i)).expect("defined")).collect();
    let d = ccf.embedded_width(width);
    let frame = Frame::new(ccf, vec![0.0; d], 1.0, Cpu::new().depth(d));
    let mut work = vec![0.0; d];
    let mut x = Vec::new();
    for (i, &m) in measures.iter().enumerate() {
        frame.place(matrix.row(i), m, &mut work);
        x.extend(work.iter().map(|&v| v as f32));
    }
    let axes = Axes::of(&x, d, 8).expect("axes");
    let narrow = Narrow { head: 8, lost: axes.lost(), numbers: Numbers::Singles };
    let form = Form { frame: frame.narrowed(narrow, Cpu::new().depth(8)), axes: Some(axes), fine: None, second: false };
    let known = Known { measures: &measures, out: &[] };
    let lost = |spoil: f32| {
        let mut block = Block::prepare(matrix.clone(), 0, known, &form, Stand::Freely, 1);
        block.operand.reach.iter_mut().for_each(|reach| *reach *= spoil);
        let score = |i: usize, j: usize| ccf.define(&matrix.row(block.index(i)).to_f64(), &matrix.row(block.index(j)).to_f64());
        let best = |i: usize| (0..rows).filter(|&j| j != i).map(|j| score(i, j)).fold(f64::NEG_INFINITY, f64::max);
        let floors = (0..rows).map(|i| form.frame.floor(form.frame.least_u(best(i)), &block.bounds[i])).collect();
        let keep = Keep { t: Mutex::default(), picked: Mutex::default(), floors };
        let tile = Tile { rows: 0..rows, cols: 0..rows, seed: false, upper: false };
        Cpu::new().screen(Screen::of(&form.frame), &block.operand, &block.operand, &[tile], &keep).expect("screens");
        let picked = keep.picked.into_inner().expect("filled");
        (0..rows)
            .filter(|&i| {
                let partner = (0..rows).filter(|&j| j != i).max_by(|&x, &y| score(i, x).total_cmp(&score(i, y))).expect("others");
                !picked.iter().any(|p| (p.row as usize, p.col as usize) == (i, partner))
            })
            .count()
    };
    assert_eq!(lost(1.0), 0);
    assert!(lost(0.1) > 0);
}

#[test]
fn many_blocks_references_and_left_out_rows_give_the_same_bytes() {
    let width = 512;
    let (values, others) = (low_rank(6000, width, 6, 0.02, 1), low_rank(5000, width, 6, 0.02, 2));
    let run = |way, memory, alone: bool| {
        let mut broken = values.clone();
        for row in [5, 700, 5999] {
            broken[row * width] = f64::NAN;
        }
        let mut query = in_memory(f32s(&broken), width);
        query.exhibits = Some((0..6000).map(|i| (i / 3).to_string()).collect());
        let mut reference = in_memory(f32s(&others), width);
        reference.exhibits = Some((0..5000).map(|i| (i / 2).to_string()).collect());
        let options = Options {
            memory,
            exclude: Exclude::Exhibit,
            invalid: striae::compare::Invalid::Skip,
            ..with(top_k("pearson", 5), way)
        };
        let reference = (!alone).then_some(&mut reference as &mut dyn striae::compare::RowSource);
        let outcome = compare(options, &mut query, reference, Box::new(Cpu::new())).expect("runs");
        (outcome.effort.blocks, ranked(outcome))
    };
    for alone in [true, false] {
        let (_, expected) = run(Screening::Plain, 2 << 30, alone);
        for way in [Screening::Half, Screening::Bytes, Screening::Head(8), Screening::Head(0), Screening::Auto] {
            for memory in [2 << 30, 80 << 20] {
                let (blocks, found) = run(way, memory, alone);
                assert!(memory > 1 << 30 || blocks > 2, "{blocks}");
                same_ranking(&found, &expected, 5, &format!("{way:?} {memory} alone {alone}")).expect("the same bytes");
            }
        }
    }
}

#[test]
fn what_does_not_pay_is_dropped() {
    // Nothing to prune: a head is not taken. Nearly all in a few dimensions: it is.
    let width = 256;
    for (values, head) in [(random(8000, width, 3), false), (low_rank(8000, width, 5, 1e-4, 3), true)] {
        let mut source = in_memory(f32s(&values), width);
        let outcome = compare(top_k("cosine", 5), &mut source, None, Box::new(Cpu::new())).expect("runs");
        let strategy = &outcome.strategy;
        assert_eq!(strategy.bound == "head", head, "{strategy:?}");
        assert!(!strategy.tried.is_empty() && strategy.expected_share.is_some() && strategy.share < 0.1, "{strategy:?}");
    }
}

#[test]
fn halves_are_not_taken_where_they_would_only_cost_memory() {
    let mut source = in_memory(f32s(&random(100, 64, 3)), 64);
    let outcome = compare(with(top_k("cosine", 5), Screening::Half), &mut source, None, Box::new(Cpu::new())).expect("runs");
    assert_eq!(outcome.strategy.bound, "plain");
    assert!(outcome.warnings.iter().any(|w| w.contains("--screen half was not followed")), "{:?}", outcome.warnings);
}

#[test]
fn ways_that_are_not_for_a_metric_or_a_question_are_refused() {
    for (options, word) in [
        (with(top_k("manhattan", 3), Screening::Bytes), "inner product"),
        (with(top_k("ccf", 3), Screening::Half), "inner product"),
        (with(Options::new("cosine", Mode::Dense), Screening::Head(8)), "--dense"),
    ] {
        let text = striae::compare::Job::new(options).expect_err("refused").to_string();
        assert!(text.contains("--screen") && text.contains(word), "{text}");
    }
}
