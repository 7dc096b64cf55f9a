//! Real striated tool-marks, held to values that were published or computed independently (see the data's README).

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

#[path = "support/gpu.rs"]
mod gpu;
mod support;

use std::path::{Path, PathBuf};
use striae::backend::cpu::Cpu;
use striae::compare::{InMemory, Options};
use striae::matrix::Values;
use striae::metric::ccf::{Overlap, Stretched, nfi_stretch};
use striae::metric::{Settings, cmps};
use support::*;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/toolmarks")
}

/// Profiles of different lengths as a collection: NaN where nothing was measured.
fn padded(profiles: &[Vec<f64>]) -> InMemory {
    let width = profiles.iter().map(Vec::len).max().expect("profiles");
    let values = profiles.iter().flat_map(|p| p.iter().copied().chain(std::iter::repeat(f64::NAN)).take(width)).collect();
    in_memory(Values::F64(values), width)
}

/// The numbers of a one-dimensional NumPy file of f64.
fn npy(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).expect("a NumPy file");
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let head = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert!(String::from_utf8_lossy(&bytes[10..10 + head]).contains("'<f8'"));
    bytes[10 + head..].as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn nfi_profile_pairs() {
    let folder = data().join("nfi_profile_pairs");
    let expected = std::fs::read_to_string(folder.join("expected.csv")).expect("a table");
    let expected: Vec<(&str, f64)> = expected
        .lines()
        .skip(1)
        .filter_map(|l| l.split_once(','))
        .map(|(n, r)| (n, r.trim().parse().expect("a number")))
        .collect();
    assert_eq!(expected.len(), 17);
    let side =
        |of: &str| -> Vec<Vec<f64>> { expected.iter().map(|(n, _)| npy(&folder.join(format!("sample_{n}_{of}.npy")))).collect() };
    let (mut query, mut reference) = (padded(&side("ref")), padded(&side("comp")));
    let width = query.matrix.width().max(reference.matrix.width());
    for collection in [&mut query, &mut reference] {
        let rows: Vec<Vec<f64>> = (0..17).map(|i| collection.matrix.row(i).to_f64()).collect();
        let values = rows.iter().flat_map(|p| p.iter().copied().chain(std::iter::repeat(f64::NAN)).take(width)).collect();
        *collection = in_memory(Values::F64(values), width);
    }
    // 350 µm at 1.5 µm: 233⅓ samples.
    let settings = Settings {
        min_overlap: Some(Overlap::Samples(234)),
        stretch: nfi_stretch(),
        stretch_side: Stretched::Reference,
        ..Settings::default()
    };
    let options = Options { settings, ..top_k("ccf", 17) };
    let (neighbors, scores) = ranked(compare(options, &mut query, Some(&mut reference), Box::new(Cpu::new())).expect("runs"));
    let mut worst = 0.0f64;
    for (i, (name, r)) in expected.iter().enumerate() {
        let at = (i * 17..(i + 1) * 17).find(|&n| neighbors[n] == i as i64).expect("its own partner");
        let off = (f64::from_bits(scores[at]) - r).abs();
        assert!(off <= 0.01, "sample {name}: {} for {r}", f64::from_bits(scores[at]));
        worst = worst.max(off);
    }
    eprintln!("17 of 17 within 0.01; the largest deviation is {worst:.4}");
}

/// The share of (same, different) pairs that are in order, ties half.
fn auc(same: &[f64], different: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = same.iter().map(|&s| (s, true)).chain(different.iter().map(|&s| (s, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum, mut i) = (0.0, 0.0, 0);
    while i < all.len() {
        let end = (i..all.len()).find(|&j| all[j].0 > all[i].0).unwrap_or(all.len());
        let tied = all[i..end].iter().filter(|x| !x.1).count() as f64;
        let hits = all[i..end].iter().filter(|x| x.1).count() as f64;
        sum += hits * (below + 0.5 * tied);
        below += tied;
        i = end;
    }
    sum / (same.len() as f64 * different.len() as f64)
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn pliers() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(data().join("pliers"))
        .expect("the folder")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "txt"))
        .collect();
    files.sort();
    let names: Vec<String> = files.iter().map(|p| p.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    let profile = |p: &PathBuf| -> Vec<f64> {
        let text = std::fs::read_to_string(p).expect("text");
        text.lines().filter_map(|l| l.split_whitespace().nth(1)?.parse().ok()).collect()
    };
    let mut source = padded(&files.iter().map(profile).collect::<Vec<_>>());
    let n = names.len();
    assert_eq!(n, 300);
    let settings = Settings { min_overlap: Some(Overlap::Fraction(0.5)), ..Settings::default() };
    let options = Options { settings, ..top_k("ccf", n - 1) };
    let found = ranked(compare(options.clone(), &mut source, None, Box::new(Cpu::new())).expect("runs"));
    let (tool, mark, roi) = (|i: usize| &names[i][..6], |i: usize| &names[i][..9], |i: usize| &names[i][names[i].len() - 2..]);
    let (mut same, mut different) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let mut first = 0;
    for i in 0..n {
        let partners: Vec<(usize, f64)> =
            (i * (n - 1)..(i + 1) * (n - 1)).map(|at| (found.0[at] as usize, f64::from_bits(found.1[at]))).collect();
        let best = partners.iter().find(|(j, _)| mark(i) != mark(*j)).expect("a partner");
        first += usize::from(tool(i) == tool(best.0));
        for &(j, score) in partners.iter().filter(|(j, _)| i < *j && mark(i) != mark(*j)) {
            let to = if tool(i) == tool(j) { &mut same } else { &mut different };
            to[0].push(score);
            if roi(i) == roi(j) {
                to[1].push(score);
            }
        }
    }
    assert_eq!(same[0].len() + different[0].len(), 44_550);
    assert_eq!((same[1].len() + different[1].len(), same[1].len()), (14_850, 1_350));
    let (all, one_roi, rank1) = (auc(&same[0], &different[0]), auc(&same[1], &different[1]), first as f64 / n as f64);
    eprintln!("AUC same ROI {one_roi:.5}, all {all:.5}; rank-1 {rank1:.5}");
    let four = |x: f64| format!("{x:.4}");
    assert_eq!((four(one_roi), four(all), four(rank1)), ("0.9635".into(), "0.8792".into(), "0.9767".into()));
    // The same bytes on a GPU.
    let Some(gpu) = gpu::gpu(None) else { return };
    let on_gpu = ranked(compare(options, &mut source, None, Box::new(gpu)).expect("runs"));
    same_ranking(&on_gpu, &found, n - 1, "pliers").expect("the same bytes");
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn congruent_matching_segments_of_bullet_lands() {
    let folder = data().join("cmps");
    let mut lands: std::collections::BTreeMap<String, Vec<f64>> = std::collections::BTreeMap::new();
    for line in std::fs::read_to_string(folder.join("signatures.csv")).expect("a table").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        lands.entry(fields[0].to_owned()).or_default().push(fields[2].parse().unwrap_or(f64::NAN));
    }
    let mut checked = 0;
    for line in std::fs::read_to_string(folder.join("expected_scores.csv")).expect("a table").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let found = cmps::cmps(&lands[fields[0]], &lands[fields[1]], &cmps::Settings::default()).expect("a score");
        assert_eq!((found.score.to_string().as_str(), found.segments.to_string().as_str()), (fields[2], fields[3]), "{line}");
        assert_eq!(found.votes.iter().filter(|v| v.congruent).count(), found.score as usize);
        checked += 1;
    }
    assert_eq!(checked, 36);
}
