//! The GPU backend against the definition and against the CPU: the same bytes. On lavapipe sizes are small.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

#[path = "support/gpu.rs"]
mod gpu;
mod support;

use striae::backend::cpu::Cpu;
use striae::backend::gpu::shader::{Kernel, Program, assemble_with};
use striae::backend::gpu::shape::{Number, Shape};
use striae::backend::gpu::{Fault, Gpu, Limits};
use striae::backend::{Backend as _, TileShape};
use striae::compare::{Mode, Options, Screening};
use striae::metric;
use support::*;

macro_rules! gpu_or_return {
    ($limits:expr) => {
        match gpu::gpu($limits) {
            Some(gpu) => gpu,
            None => return,
        }
    };
}

fn tiled(metric: &str, k: usize, rows: usize, cols: usize) -> Options {
    Options { tile: Some(TileShape { rows, cols }), ..top_k(metric, k) }
}

#[test]
fn rankings_equal_the_naive_one_for_every_metric_size_and_kind_of_data() {
    for &metric in metric::all() {
        for (rows, width, k) in [(2, 3, 1), (63, 16, 5), (65, 17, 4), (130, 129, 7)] {
            for (name, values) in cases(rows, width, rows as u64) {
                for tile in [(64, 64), (48, 96), (256, 256)] {
                    let gpu = gpu_or_return!(None);
                    let what = format!("{metric:?} {rows}×{width} k={k} {name} tile {tile:?}");
                    let mut source = suited(metric, values.clone(), width);
                    let expected = naive_top_k(metric, &source.matrix.clone(), &source.matrix.clone(), k, &|i, j| i != j);
                    let options = tiled(metric.info().name, k, tile.0, tile.1);
                    let outcome = compare(options, &mut source, None, Box::new(gpu)).expect(&what);
                    assert_eq!(outcome.devices.len(), 1, "{what}: {:?}", outcome.warnings);
                    same_ranking(&ranked(outcome), &expected, k, &what).expect("equal to the naive ranking");
                }
            }
        }
    }
}

#[test]
fn gpu_and_cpu_give_the_same_bytes_in_one_block_and_in_many() {
    let (rows, width, k) = (1500, 100, 8);
    let values = f32s(&random(rows, width, 17));
    for &metric in metric::all() {
        let mut source = suited(metric, values.clone(), width);
        let expected = ranked(compare(top_k(metric.info().name, k), &mut source, None, Box::new(Cpu::new())).expect("runs"));
        for panel in [1 << 16, 1 << 27] {
            let gpu = gpu_or_return!(Some(Limits { panel, capacity: 4096 }));
            let found = ranked(compare(top_k(metric.info().name, k), &mut source, None, Box::new(gpu)).expect("runs"));
            same_ranking(&found, &expected, k, &format!("{metric:?} panel {panel}")).expect("the same bytes");
        }
    }
    let (rows, width) = (2500, 1024);
    let mut source = in_memory(f32s(&random(rows, width, 18)), width);
    let gpu = gpu_or_return!(None);
    let options = Options { memory: 72 << 20, ..tiled("cosine", k, 256, 256) };
    let outcome = compare(options, &mut source, None, Box::new(gpu)).expect("runs");
    assert!(outcome.effort.blocks > 1 && outcome.devices.len() == 1, "{:?} {:?}", outcome.effort, outcome.warnings);
    let expected = ranked(compare(top_k("cosine", k), &mut source, None, Box::new(Cpu::new())).expect("runs"));
    same_ranking(&ranked(outcome), &expected, k, "blocks").expect("the same bytes");
}

#[test]
fn heads_and_what_is_asked_of_the_processor_alone_give_the_same_bytes() {
    let (rows, width, k) = (700, 96, 6);
    // Nearly all in four dimensions.
    let parts = random(4, width, 3);
    let shares = random(rows, 4, 4);
    let noise = random(rows, width, 5);
    let values: Vec<f64> = (0..rows * width)
        .map(|n| (0..4).map(|p| shares[n / width * 4 + p] * parts[p * width + n % width]).sum::<f64>() + 1e-3 * noise[n])
        .collect();
    for metric in ["cosine", "pearson", "euclidean", "dot"] {
        let mut source = in_memory(f32s(&values), width);
        let plain = Options { screening: Screening::Plain, ..top_k(metric, k) };
        let expected = ranked(compare(plain, &mut source, None, Box::new(Cpu::new())).expect("runs"));
        for screening in [Screening::Head(8), Screening::Head(0), Screening::Half, Screening::Bytes] {
            let gpu = gpu_or_return!(Some(Limits { panel: 1 << 16, capacity: 4096 }));
            let outcome =
                compare(Options { screening, ..tiled(metric, k, 128, 128) }, &mut source, None, Box::new(gpu)).expect("runs");
            assert_eq!(outcome.devices.len(), 1, "{:?}", outcome.warnings);
            let bound = match screening {
                Screening::Bytes => "plain",
                Screening::Half => "half",
                _ => "head",
            };
            assert_eq!(outcome.strategy.bound, bound, "{:?}", outcome.strategy);
            let told = outcome.warnings.iter().any(|w| w.contains("--screen bytes was not followed"));
            assert_eq!(told, screening == Screening::Bytes, "{:?}", outcome.warnings);
            same_ranking(&ranked(outcome), &expected, k, &format!("{metric} {screening:?}")).expect("the same bytes");
        }
        // The device fails in the middle: the processor goes on in the same order of rows, and with the same halves.
        for (after, screening) in [(1, Screening::Head(8)), (9, Screening::Head(8)), (1, Screening::Half), (9, Screening::Half)] {
            let mut gpu = gpu_or_return!(None);
            gpu.fail_after(after, Fault::Told);
            let options = Options { screening, ..tiled(metric, k, 128, 128) };
            let outcome = compare(options, &mut source, None, Box::new(gpu)).expect("runs");
            assert_eq!(outcome.devices.len(), 2, "{:?}", outcome.warnings);
            same_ranking(&ranked(outcome), &expected, k, &format!("{metric} fails after {after}")).expect("the same bytes");
        }
    }
}

#[test]
fn a_head_of_magnitude_spectra_gives_the_same_bytes() {
    let (rows, width, k) = (300, 80, 4);
    let mut source = in_memory(f32s(&random(rows, width, 31)), width);
    let options = |screening| Options { screening, ..tiled("ccf", k, 128, 128) };
    let expected = ranked(compare(options(Screening::Plain), &mut source, None, Box::new(Cpu::new())).expect("runs"));
    let gpu = gpu_or_return!(None);
    let outcome = compare(options(Screening::Head(12)), &mut source, None, Box::new(gpu)).expect("runs");
    assert_eq!((outcome.devices.len(), outcome.strategy.bound.as_str()), (1, "head"), "{:?}", outcome.warnings);
    same_ranking(&ranked(outcome), &expected, k, "a head").expect("the same bytes");
}

#[test]
fn every_shape_gives_the_same_bytes() {
    let (rows, width, k) = (275, 141, 6);
    let values = f32s(&random(rows, width, 21));
    for metric in ["cosine", "manhattan"] {
        let mut source = suited(metric::by_name(metric).expect("registered"), values.clone(), width);
        let expected = ranked(compare(top_k(metric, k), &mut source, None, Box::new(Cpu::new())).expect("runs"));
        for shape in Shape::ALL {
            for (number, screening) in [(Number::Single, Screening::Plain), (Number::Half, Screening::Half)] {
                let mut gpu = gpu_or_return!(None);
                if (metric == "manhattan" && number == Number::Half) || !gpu.force(shape, number) {
                    continue;
                }
                for tile in [(160, 160), (48, 272)] {
                    let mut gpu = gpu_or_return!(None);
                    assert!(gpu.force(shape, number));
                    let options = Options { screening, ..tiled(metric, k, tile.0, tile.1) };
                    let outcome = compare(options, &mut source, None, Box::new(gpu)).expect("runs");
                    assert_eq!(outcome.devices.len(), 1, "{:?}", outcome.warnings);
                    same_ranking(&ranked(outcome), &expected, k, &format!("{metric} {shape} {number:?} {tile:?}"))
                        .expect("the same bytes");
                }
            }
        }
    }
}

#[test]
fn a_shape_with_wrong_sums_is_not_admitted() {
    let product = metric::by_name("dot").expect("registered").shader().source;
    for (from, to) in [("total#r_#c);", "sum#r_#c * 0.9999);"), ("i < STEP;", "i < STEP - 1u;")] {
        let mut gpu = gpu_or_return!(None);
        plant(&mut gpu, "inner_product", product, &fault(TILE, from, to));
        let why = gpu.tune(&mut |_, tried| assert!(tried.refused.is_some(), "{tried:?}")).expect_err("no shape is right");
        assert!(why.to_string().contains("no shape gives right sums"), "{why}");
    }
}

#[test]
fn a_shape_that_selects_wrongly_is_not_admitted() {
    let product = metric::by_name("dot").expect("registered").shader().source;
    // A neighbour's lift, reach, step or floor, a side that is not looked at, a place that is not added, a sum told otherwise than tested.
    for (from, to) in [
        ("c.lift, d.lift)", "d.lift, c.lift)"),
        ("vec4<f32>(a.reach, b.reach", "vec4<f32>(b.reach, a.reach"),
        ("left_known[job.row + near], floors[near]", "left_known[job.row + near], floors[near / 4u * 4u]"),
        ("left_known[job.row + near], floors[near]", "left_known[near], floors[near]"),
        ("let at = job.col + col;", "let at = col;"),
        ("floors[f + 2u], floors[f + 3u]", "floors[f + 3u], floors[f + 2u]"),
        ("(job.flags & 1u) != 0u", "(job.flags & 1u) == 7u"),
        ("row_index < col_index", "row_index <= col_index"),
        ("bitcast<u32>(t[c]) ^ POISON", "bitcast<u32>(t[c] * 1.001) ^ POISON"),
    ] {
        let mut gpu = gpu_or_return!(None);
        for kernel in Kernel::ALL {
            let program = Program { kernel, shape: Shape::DEFAULT, number: Number::Single };
            let text = assemble_with(TILE, product, program);
            gpu.plant("inner_product", kernel, if kernel == Kernel::Select { fault(&text, from, to) } else { text });
        }
        assert!(gpu.tune(&mut |_, tried| assert!(tried.refused.is_some(), "{from} → {to}: {tried:?}")).is_err());
    }
}

#[test]
fn a_device_that_fails_leaves_tiles_that_suit_the_processor() {
    let (rows, width, k) = (900, 40, 5);
    let mut source = in_memory(f32s(&random(rows, width, 12)), width);
    let expected = ranked(compare(top_k("cosine", k), &mut source, None, Box::new(Cpu::new())).expect("runs"));
    let mut gpu = gpu_or_return!(None);
    gpu.fail_after(9, Fault::Told);
    let outcome = compare(top_k("cosine", k), &mut source, None, Box::new(gpu)).expect("runs");
    assert_eq!(outcome.devices.len(), 2);
    assert_eq!(outcome.tile, Cpu::new().tile());
    same_ranking(&ranked(outcome), &expected, k, "tiles cut again").expect("the same bytes");
}

#[test]
fn a_device_that_fails_between_blocks_hands_over_all_of_them() {
    let (rows, width, k) = (2500, 1024, 5);
    let mut source = in_memory(f32s(&random(rows, width, 18)), width);
    let expected = ranked(compare(top_k("cosine", k), &mut source, None, Box::new(Cpu::new())).expect("runs"));
    for after in [9, 14, 20] {
        let mut gpu = gpu_or_return!(None);
        gpu.fail_after(after, Fault::Told);
        let options = Options { memory: 66 << 20, ..tiled("cosine", k, 256, 256) };
        let outcome = compare(options, &mut source, None, Box::new(gpu)).expect("runs");
        assert!(outcome.effort.blocks > 2 && outcome.devices.len() == 2, "{:?} {:?}", outcome.effort, outcome.warnings);
        same_ranking(&ranked(outcome), &expected, k, &format!("fails after {after}")).expect("the same bytes");
    }
}

#[test]
fn queries_against_a_reference_and_links() {
    let width = 40;
    for &metric in metric::all() {
        let name = metric.info().name;
        let mut query = suited(metric, f32s(&random(70, width, 1)), width);
        let mut reference = suited(metric, f32s(&random(150, width, 2)), width);
        let (q, r) = (query.matrix.clone(), reference.matrix.clone());
        let gpu = gpu_or_return!(None);
        let found = ranked(compare(tiled(name, 6, 64, 64), &mut query, Some(&mut reference), Box::new(gpu)).expect("runs"));
        same_ranking(&found, &naive_top_k(metric, &q, &r, 6, &|_, _| true), 6, name).expect("equal");

        let threshold = metric.define(&r.row(3).to_f64(), &r.row(9).to_f64());
        let options = Options { tile: Some(TileShape { rows: 64, cols: 64 }), ..Options::new(name, Mode::Threshold(threshold)) };
        let gpu = gpu_or_return!(None);
        let found = linked(compare(options, &mut reference, None, Box::new(gpu)).expect("runs"));
        assert!(found == naive_links(metric, &r, &r, threshold, &|i, j| i < j), "{name}");
    }
}

#[test]
fn a_list_that_overflows_is_done_again_in_parts() {
    // All rows alike: every pair passes, far more than the answers hold.
    let (rows, width, k) = (300, 20, 5);
    let mut values = random(rows, width, 8);
    for i in 1..rows {
        values.copy_within(0..width, i * width);
    }
    let mut source = in_memory(f32s(&values), width);
    let cosine = metric::by_name("cosine").expect("registered");
    let expected = naive_top_k(cosine, &source.matrix.clone(), &source.matrix.clone(), k, &|i, j| i != j);
    let gpu = gpu_or_return!(Some(Limits { panel: 1 << 27, capacity: 1 }));
    let outcome = compare(tiled("cosine", k, 160, 160), &mut source, None, Box::new(gpu)).expect("runs");
    assert_eq!(outcome.devices.len(), 1, "{:?}", outcome.warnings);
    same_ranking(&ranked(outcome), &expected, k, "overflow").expect("equal");
}

#[test]
fn a_device_that_fails_hands_over_to_the_cpu() {
    let (rows, width, k) = (700, 30, 5);
    let mut source = in_memory(f32s(&random(rows, width, 8)), width);
    let expected = ranked(compare(top_k("euclidean", k), &mut source, None, Box::new(Cpu::new())).expect("runs"));
    for tiles in [0, 1, 3, 7] {
        let mut gpu: Gpu = gpu_or_return!(None);
        gpu.fail_after(tiles, Fault::Told);
        let outcome = compare(tiled("euclidean", k, 128, 128), &mut source, None, Box::new(gpu)).expect("runs");
        assert_eq!(outcome.devices.len(), 2, "after {tiles} tiles");
        assert!(outcome.warnings[0].contains("the CPU does the rest"), "{:?}", outcome.warnings);
        same_ranking(&ranked(outcome), &expected, k, &format!("failed after {tiles} tiles")).expect("the same bytes");
        // Against a reference, both layouts change sides.
        let mut reference = in_memory(f32s(&random(400, width, 9)), width);
        let expected =
            ranked(compare(top_k("cosine", k), &mut source, Some(&mut reference), Box::new(Cpu::new())).expect("runs"));
        let mut gpu: Gpu = gpu_or_return!(None);
        gpu.fail_after(tiles, Fault::Told);
        let outcome = compare(tiled("cosine", k, 128, 128), &mut source, Some(&mut reference), Box::new(gpu)).expect("runs");
        assert_eq!(outcome.devices.len(), 2);
        same_ranking(&ranked(outcome), &expected, k, "failed, reference").expect("the same bytes");
    }
}

const TILE: &str = striae::backend::gpu::shader::tile(Shape::DEFAULT);

/// A shader with another line in a place of one.
fn fault(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the shader no longer says {from}");
    text.replace(from, to)
}

fn plant(gpu: &mut Gpu, shader: &'static str, step: &str, tile: &str) {
    for kernel in Kernel::ALL {
        let program = Program { kernel, shape: Shape::DEFAULT, number: Number::Single };
        gpu.plant(shader, kernel, assemble_with(tile, step, program));
    }
}

/// A wrong line in a shader must not pass: the tests above would see it.
#[test]
fn planted_faults_in_shaders_are_noticed() {
    let product = metric::by_name("dot").expect("registered").shader().source;
    let city = metric::by_name("manhattan").expect("registered").shader().source;
    let bits = metric::by_name("hamming").expect("registered").shader().source;
    let faults = [
        ("dot", "inner_product", fault(product, "fma(x, vec4<f32>(y), sum)", "fma(x, vec4<f32>(y), sum * 0.5)"), TILE.to_owned()),
        ("manhattan", "manhattan", fault(city, "abs(x - vec4<f32>(y))", "(x - vec4<f32>(y))"), TILE.to_owned()),
        ("hamming", "hamming", fault(bits, "gain * t / (x + y)", "gain * t"), TILE.to_owned()),
        ("dot", "inner_product", product.to_owned(), fault(TILE, "i < STEP;", "i < STEP - 1u;")),
        ("dot", "inner_product", product.to_owned(), fault(TILE, "join(total#r_#c, sum#r_#c)", "join(total#r_#c, sum1_#c)")),
    ];
    for (metric, shader, step, tile) in faults {
        let mut gpu = gpu_or_return!(None);
        plant(&mut gpu, shader, &step, &tile);
        let (rows, width, k) = (100, 33, 5);
        let named = metric::by_name(metric).expect("registered");
        let mut source = suited(named, f32s(&random(rows, width, 3)), width);
        let expected = naive_top_k(named, &source.matrix.clone(), &source.matrix.clone(), k, &|i, j| i != j);
        let found = ranked(compare(tiled(metric, k, 64, 64), &mut source, None, Box::new(gpu)).expect("runs"));
        assert!(same_ranking(&found, &expected, k, "planted").is_err(), "{metric}: a planted fault went unnoticed");
    }
}

#[test]
fn a_shader_that_writes_nothing_is_noticed() {
    let mut gpu = gpu_or_return!(None);
    let step = metric::by_name("dot").expect("registered").shader().source;
    plant(
        &mut gpu,
        "inner_product",
        step,
        &fault(TILE, "take(own#r, near#c, total#r_#c);", "if (job.rows > 1000000u) { take(own#r, near#c, total#r_#c); }"),
    );
    let mut source = in_memory(f32s(&random(100, 8, 3)), 8);
    let outcome = compare(tiled("dot", 3, 64, 64), &mut source, None, Box::new(gpu)).expect("the CPU does it");
    assert_eq!(outcome.devices.len(), 2);
    assert!(outcome.warnings[0].contains("never written"), "{:?}", outcome.warnings);
}

#[test]
fn a_gpu_makes_do_with_little_memory() {
    let mut gpu = gpu_or_return!(None);
    let (tile, scratch) = (gpu.tile(), gpu.scratch_bytes(64));
    gpu.fit(1 << 40);
    assert_eq!((gpu.tile(), gpu.scratch_bytes(64)), (tile, scratch));
    gpu.fit(scratch as u64 * 3);
    assert_eq!(gpu.scratch_bytes(64), scratch, "a third of the memory is for it");
    gpu.fit(scratch as u64 * 2);
    assert!(gpu.scratch_bytes(64) < scratch && gpu.tile().cols >= 128);
    // Shrunk as far as it goes it still finds everything.
    gpu.fit(0);
    let mut source = in_memory(f32s(&random(300, 24, 8)), 24);
    let expected = ranked(compare(top_k("cosine", 5), &mut source, None, Box::new(Cpu::new())).expect("runs"));
    let found = ranked(compare(top_k("cosine", 5), &mut source, None, Box::new(gpu)).expect("runs"));
    same_ranking(&found, &expected, 5, "little memory").expect("the same bytes");
}

#[test]
fn what_a_gpu_says_of_itself() {
    let gpu = gpu_or_return!(None);
    let device = gpu.device();
    assert!(!device.name.is_empty() && device.kind == "gpu", "{device:?}");
    assert!(striae::backend::gpu::list().iter().any(|a| a.name == device.name));
}

#[test]
fn dense_scores_are_within_their_tolerance() {
    for &metric in metric::all() {
        let tile = TileShape { rows: 64, cols: 96 };
        let values = || f32s(&random(130, 40, 5));
        check_dense(metric, in_domain(metric, values()), 40, None, tile, Box::new(gpu_or_return!(None)));
        check_dense(
            metric,
            in_domain(metric, values()),
            40,
            Some(in_domain(metric, f32s(&random(70, 40, 6)))),
            tile,
            Box::new(gpu_or_return!(None)),
        );
    }
}
