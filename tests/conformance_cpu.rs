//! The CPU backend against the definition: every metric, sizes around tile edges, hard data, all that must not matter.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

mod support;

use striae::backend::TileShape;
use striae::backend::cpu::{Cpu, Isa};
use striae::compare::{Exclude, Invalid, Mode, Options};
use striae::matrix::Values;
use striae::metric::{self, Metric};
use support::*;

#[allow(clippy::unnecessary_box_returns, reason = "it is handed over as a boxed backend")]
fn cpu(rows: usize, cols: usize) -> Box<Cpu> {
    Box::new(Cpu::with(Isa::detect(), TileShape { rows, cols }))
}

fn expect_top_k(metric: &dyn Metric, values: Values, width: usize, k: usize, backend: Box<Cpu>, what: &str) {
    let mut source = suited(metric, values, width);
    let expected = naive_top_k(metric, &source.matrix.clone(), &source.matrix.clone(), k, &|i, j| i != j);
    let found = ranked(compare(top_k(metric.info().name, k), &mut source, None, backend).expect(what));
    same_ranking(&found, &expected, k, what).expect("equal to the naive ranking");
}

#[test]
fn rankings_equal_the_naive_one_for_every_metric_size_and_kind_of_data() {
    for &metric in metric::all() {
        for (rows, width, k) in [(2, 3, 1), (15, 7, 3), (16, 16, 16), (17, 33, 5), (63, 20, 4), (65, 129, 10), (130, 64, 7)] {
            for (name, values) in cases(rows, width, rows as u64) {
                for tile in [(16, 16), (48, 64), (192, 384)] {
                    let what = format!("{metric:?} {rows}×{width} k={k} {name} tile {tile:?}");
                    expect_top_k(metric, values.clone(), width, k, cpu(tile.0, tile.1), &what);
                }
            }
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same() {
    for &metric in metric::all() {
        for isa in Isa::available() {
            let tile = TileShape { rows: 48, cols: 80 };
            let values = f32s(&random(150, 200, 3));
            expect_top_k(metric, values, 200, 6, Box::new(Cpu::with(isa, tile)), &format!("{metric:?} {isa:?}"));
        }
    }
}

#[test]
fn nothing_changes_with_threads_tiles_or_memory() {
    let (rows, width, k) = (3000, 64, 5);
    let values = f32s(&random(rows, width, 11));
    for &metric in metric::all() {
        let mut seen: Option<Ranked> = None;
        for threads in [1, 2, 3] {
            for tile in [(16, 48), (64, 64), (192, 384)] {
                for memory in [64 << 20, 128 << 20, 2 << 30] {
                    let mut source = suited(metric, values.clone(), width);
                    let options = Options { memory, ..top_k(metric.info().name, k) };
                    let outcome = in_pool(threads, || compare(options, &mut source, None, cpu(tile.0, tile.1))).expect("runs");
                    let found = ranked(outcome);
                    match &seen {
                        None => seen = Some(found),
                        Some(first) => {
                            let what = format!("{metric:?} threads {threads} tile {tile:?} memory {memory}");
                            same_ranking(&found, first, k, &what).expect("the same bytes");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn small_memory_really_cuts_the_rows_into_blocks() {
    let mut source = in_memory(f32s(&random(3000, 256, 1)), 256);
    let options = Options { memory: 128 << 20, ..top_k("cosine", 5) };
    let outcome = compare(options, &mut source, None, cpu(64, 64)).expect("runs");
    assert_eq!(outcome.effort.blocks, 1);
    let mut source = in_memory(f32s(&random(8000, 1024, 1)), 1024);
    let options = Options { memory: 80 << 20, ..top_k("cosine", 5) };
    let outcome = compare(options, &mut source, None, cpu(64, 64)).expect("runs");
    assert!(outcome.effort.blocks > 2, "{:?}", outcome.effort);
}

#[test]
fn queries_against_a_reference() {
    for &metric in metric::all() {
        for (queries, references) in [(1, 70), (33, 100), (100, 5)] {
            for memory in [2 << 30, 64 << 20] {
                let width = 40;
                let mut query = suited(metric, f32s(&random(queries, width, 1)), width);
                // Of another element: both sides are then compared as f64.
                let mut reference = suited(metric, Values::F64(random(references, width, 2)), width);
                let expected = naive_top_k(metric, &query.matrix.clone(), &reference.matrix.clone(), 6, &|_, _| true);
                let options = Options { memory, ..top_k(metric.info().name, 6) };
                let found = ranked(compare(options, &mut query, Some(&mut reference), cpu(32, 48)).expect("runs"));
                same_ranking(&found, &expected, 6, &format!("{metric:?} {queries}×{references}")).expect("equal");
            }
        }
    }
}

#[test]
fn many_blocks_of_queries_and_references() {
    let width = 512;
    let (values, others) = (f32s(&random(9000, width, 5)), f32s(&random(9500, width, 6)));
    let run = |memory: u64| {
        let (mut query, mut reference) = (in_memory(values.clone(), width), in_memory(others.clone(), width));
        let options = Options { memory, ..top_k("euclidean", 3) };
        let outcome = compare(options, &mut query, Some(&mut reference), cpu(192, 384)).expect("runs");
        (outcome.effort.blocks, ranked(outcome))
    };
    let (few, whole) = run(2 << 30);
    let (many, blocks) = run(80 << 20);
    assert!(few < many && many > 4, "{few} {many}");
    same_ranking(&blocks, &whole, 3, "blocks").expect("the same bytes");
}

#[test]
fn links_equal_the_naive_ones() {
    for &metric in metric::all() {
        let width = 24;
        for (name, values) in cases(120, width, 9) {
            let mut source = suited(metric, values, width);
            let matrix = source.matrix.clone();
            // A threshold that some pair has exactly: it belongs to the links.
            let some = metric.define(&matrix.row(3).to_f64(), &matrix.row(50).to_f64());
            let expected = naive_links(metric, &matrix, &matrix, some, &|i, j| i < j);
            assert!(expected.iter().any(|l| f64::from_bits(l.2) == some));
            let options = Options::new(metric.info().name, Mode::Threshold(some));
            let found = linked(compare(options, &mut source, None, cpu(32, 48)).expect("runs"));
            assert!(found == expected, "{metric:?} {name}: {} links, expected {}", found.len(), expected.len());
        }
    }
}

#[test]
fn links_against_a_reference_and_in_many_blocks() {
    let width = 1024;
    let values = f32s(&random(6000, width, 21));
    let run = |memory: u64, tile| {
        let mut source = in_memory(values.clone(), width);
        let options = Options { memory, ..Options::new("cosine", Mode::Threshold(0.09)) };
        let outcome = compare(options, &mut source, None, tile).expect("runs");
        (outcome.effort.blocks, linked(outcome))
    };
    let (one, whole) = run(2 << 30, cpu(192, 384));
    let (many, blocks) = run(70 << 20, cpu(64, 64));
    assert!(one == 1 && many > 2 && whole.len() > 1000, "{one} {many} {}", whole.len());
    assert!(whole == blocks);
    let metric = metric::by_name("cosine").expect("registered");
    let mut query = in_memory(f32s(&random(50, 30, 1)), 30);
    let mut reference = in_memory(f32s(&random(70, 30, 2)), 30);
    let expected = naive_links(metric, &query.matrix.clone(), &reference.matrix.clone(), 0.2, &|_, _| true);
    let options = Options::new("cosine", Mode::Threshold(0.2));
    assert_eq!(linked(compare(options, &mut query, Some(&mut reference), cpu(16, 16)).expect("runs")), expected);
}

#[test]
fn items_of_one_exhibit_are_left_out_when_asked() {
    let width = 16;
    for &metric in metric::all() {
        let mut source = suited(metric, f32s(&random(90, width, 4)), width);
        source.exhibits = Some((0..90).map(|i| format!("E{}", i / 30)).collect());
        let matrix = source.matrix.clone();
        let allowed = |i: usize, j: usize| i / 30 != j / 30;
        // More neighbours than an item has outside its exhibit.
        for k in [5, 70] {
            let options = Options { exclude: Exclude::Exhibit, ..top_k(metric.info().name, k) };
            let found = ranked(compare(options, &mut source, None, cpu(16, 32)).expect("runs"));
            same_ranking(&found, &naive_top_k(metric, &matrix, &matrix, k, &allowed), k, "exhibits").expect("equal");
        }
    }
    let mut unnamed = in_memory(f32s(&random(9, width, 4)), width);
    let options = Options { exclude: Exclude::Exhibit, ..top_k("cosine", 1) };
    let error = compare(options, &mut unnamed, None, cpu(16, 16)).expect_err("no exhibits").to_string();
    assert!(error.contains("exhibit") && error.contains("memory"), "{error}");
}

#[test]
fn rows_that_a_metric_is_not_defined_for_are_refused_or_left_out() {
    let width = 8;
    let broken = |metric: &dyn Metric, row: usize, value: f64, whole: bool| {
        let Values::F64(mut values) = in_domain(metric, Values::F64(random(40, width, 6))) else { panic!("f64") };
        for x in &mut values[row * width..(row + 1) * width] {
            *x = value;
        }
        if !whole {
            values[row * width + 1] = 1.0;
        }
        Values::F64(values)
    };
    for &metric in metric::all() {
        let name = metric.info().name;
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut source = in_memory(broken(metric, 17, value, false), width);
            let error = compare(top_k(name, 3), &mut source, None, cpu(16, 16)).expect_err("refused").to_string();
            // Profiles may have ends that were not measured: there it is the length that is wrong.
            let found = if name == "ccf" && value.is_nan() { "1 measured samples" } else { "feature 0" };
            assert!(error.contains("row 17") && error.contains(found) && error.contains("memory"), "{error}");
        }
        let mut zero = in_memory(broken(metric, 17, 0.0, true), width);
        let answer = compare(top_k(name, 3), &mut zero, None, cpu(16, 16));
        match name {
            "euclidean" | "sqeuclidean" | "dot" | "manhattan" | "chebyshev" | "minkowski" | "weighted-euclidean"
            | "mahalanobis" | "canberra-scipy" | "chi2" | "hamming" | "jaccard" | "tanimoto-bits" | "hqi-absolute"
            | "hqi-least-squares" => assert!(answer.is_ok()),
            _ => {
                let error = answer.expect_err("refused").to_string();
                assert!(error.contains("row 17") && error.contains("--invalid skip"), "{error}");
            }
        }
        // Left out: nobody's neighbour, and without neighbours.
        let mut source = in_memory(broken(metric, 17, f64::NAN, false), width);
        let matrix = source.matrix.clone();
        let options = Options { invalid: Invalid::Skip, ..top_k(name, 3) };
        let outcome = compare(options, &mut source, None, cpu(16, 16)).expect("runs");
        assert_eq!(outcome.inputs[0].left_out.len(), 1);
        assert!(outcome.warnings[0].contains("1 rows left out"), "{:?}", outcome.warnings);
        let expected = naive_top_k(metric, &matrix, &matrix, 3, &|i, j| i != j && i != 17 && j != 17);
        same_ranking(&ranked(outcome), &expected, 3, name).expect("equal");
    }
}

#[test]
fn many_identical_rows_are_ordered_and_none_is_lost() {
    let (rows, width, k) = (900, 48, 10);
    let mut values = random(rows, width, 8);
    let twin: Vec<f64> = values[..width].to_vec();
    for i in (0..rows).filter(|i| i % 3 == 1) {
        values[i * width..(i + 1) * width].copy_from_slice(&twin);
    }
    for &metric in metric::all() {
        expect_top_k(metric, f32s(&values), width, k, cpu(64, 96), &format!("{metric:?} twins"));
        let matrix = suited(metric, f32s(&values), width).matrix;
        let own = metric.define(&matrix.row(1).to_f64(), &matrix.row(4).to_f64());
        let mut source = suited(metric, f32s(&values), width);
        let options = Options::new(metric.info().name, Mode::Threshold(own));
        let links = linked(compare(options, &mut source, None, cpu(64, 96)).expect("runs"));
        assert!(links == naive_links(metric, &matrix, &matrix, own, &|i, j| i < j), "{metric:?}");
    }
}

#[test]
fn zero_rows_are_compared_where_they_may_be() {
    for name in [
        "dot",
        "euclidean",
        "sqeuclidean",
        "manhattan",
        "chebyshev",
        "minkowski",
        "canberra-scipy",
        "chi2",
        "hamming",
        "jaccard",
        "tanimoto-bits",
        "hqi-absolute",
    ] {
        let metric = metric::by_name(name).expect("registered");
        expect_top_k(metric, Values::F64(vec![0.0; 50 * 5]), 5, 4, cpu(16, 16), name);
    }
}

#[test]
fn sizes_far_from_one_keep_their_order() {
    for &metric in metric::all() {
        for size in [1e-130, 1e-40, 1e40, 1e130] {
            // A power of such sizes leaves f64: refused.
            if metric.info().name == "minkowski" {
                continue;
            }
            let values = random(60, 30, 13).into_iter().map(|x| x * size).collect();
            expect_top_k(metric, Values::F64(values), 30, 5, cpu(16, 32), &format!("{metric:?} {size:e}"));
        }
    }
}

#[test]
fn the_naive_check_can_fail() {
    let mut source = in_memory(f32s(&random(30, 8, 1)), 8);
    let cosine = metric::by_name("cosine").expect("registered");
    let expected = naive_top_k(cosine, &source.matrix.clone(), &source.matrix.clone(), 3, &|i, j| i != j);
    let found = ranked(compare(top_k("pearson", 3), &mut source, None, cpu(16, 16)).expect("runs"));
    assert!(same_ranking(&found, &expected, 3, "pearson for cosine").is_err());
    let mut off = expected.clone();
    off.1[4] ^= 1;
    assert!(same_ranking(&off, &expected, 3, "last bit").is_err());
}

#[test]
fn dense_scores_are_within_their_tolerance() {
    for &metric in metric::all() {
        let tile = TileShape { rows: 64, cols: 96 };
        let values = || f32s(&random(130, 40, 5));
        check_dense(metric, in_domain(metric, values()), 40, None, tile, Box::new(Cpu::new()));
        check_dense(
            metric,
            in_domain(metric, values()),
            40,
            Some(in_domain(metric, f32s(&random(70, 40, 6)))),
            tile,
            Box::new(Cpu::new()),
        );
    }
}
