//! Peak lists on the command line: what is stored is what the library says, to the bit; what cannot be compared is refused.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

use assert_cmd::Command;
use std::path::Path;
use striae::archive::result::{StoredKind, StoredResult};
use striae::archive::write::{Kind, Layout, Writer};
use striae::archive::{Address, Reading};
use striae::compare::peaks::Prepared;
use striae::metric::peaks::{Match, PeakMetric, Settings, Spectrum, Tolerance};

/// Runs it and answers the exit code, standard output and standard error.
fn run(folder: &Path, arguments: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_striae"));
    let done = command.current_dir(folder).args(arguments.split_whitespace()).output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code().unwrap_or(-1), text(&done.stdout), text(&done.stderr))
}

fn ok(folder: &Path, arguments: &str) -> String {
    let (code, out, err) = run(folder, arguments);
    assert_eq!(code, 0, "striae {arguments}: {out}{err}");
    out
}

fn refused(folder: &Path, arguments: &str, with: i32, says: &[&str]) {
    let (code, _, err) = run(folder, arguments);
    assert_eq!(code, with, "striae {arguments}: {err}");
    for text in says {
        assert!(err.contains(text), "striae {arguments}: {err:?} does not say {text:?}");
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 ^ (self.0 >> 29)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// (m/z, intensity, precursor) of crowded spectra.
type Lists = Vec<(Vec<f64>, Vec<f64>, f64)>;

fn lists(n: usize, seed: u64) -> Lists {
    let mut r = Random(seed);
    (0..n)
        .map(|_| {
            let count = 1 + (r.next() * 30.0) as usize;
            let mut mz: Vec<f64> = (0..count).map(|_| 100.0 + (r.next() * 400.0).floor() / 10.0).collect();
            mz.sort_by(f64::total_cmp);
            let intensity = (0..count).map(|_| 1.0 + (r.next() * 50.0).floor()).collect();
            (mz, intensity, 150.0 + (r.next() * 30.0).floor() / 10.0)
        })
        .collect()
}

fn store(file: &Path, lists: &Lists) {
    let n = lists.len();
    let mut indptr = vec![0i64];
    for (mz, ..) in lists {
        indptr.push(indptr[indptr.len() - 1] + mz.len() as i64);
    }
    let mz: Vec<f64> = lists.iter().flat_map(|l| l.0.clone()).collect();
    let intensity: Vec<f32> = lists.iter().flat_map(|l| l.1.iter().map(|&x| x as f32).collect::<Vec<_>>()).collect();
    let precursor: Vec<f64> = lists.iter().map(|l| l.2).collect();
    let layout = Layout::default()
        .dataset("/ms/indptr", &[n + 1], Kind::I64)
        .dataset("/ms/mz", &[mz.len()], Kind::F64)
        .dataset("/ms/intensity", &[mz.len()], Kind::F32)
        .dataset("/ms/precursor_mz", &[n], Kind::F64)
        .dataset("/ms/id", &[n], Kind::Text(16))
        .dataset("/ms/exhibit", &[n], Kind::Text(16));
    let writer = Writer::create(file, &layout, true).expect("made");
    writer.put("/ms/indptr", 0, &indptr).expect("written");
    writer.put("/ms/mz", 0, &mz).expect("written");
    writer.put("/ms/intensity", 0, &intensity).expect("written");
    writer.put("/ms/precursor_mz", 0, &precursor).expect("written");
    writer.put_texts("/ms/id", 0, &(0..n).map(|i| format!("scan {i}")).collect::<Vec<_>>()).expect("written");
    writer.put_texts("/ms/exhibit", 0, &(0..n).map(|i| format!("e{}", i / 3)).collect::<Vec<_>>()).expect("written");
    writer.finish().expect("complete");
}

fn spectra(lists: &Lists) -> Vec<Spectrum> {
    lists.iter().map(|(mz, i, p)| Spectrum::new(mz.clone(), i.clone(), Some(*p)).expect("a spectrum")).collect()
}

fn result(folder: &Path, name: &str) -> StoredResult {
    let address = Address { file: folder.join(name), inner: None };
    StoredResult::open(&address, &Reading::Direct).expect("opens")
}

/// What stands in the file for a row, as bits.
fn row(stored: &mut StoredResult, query: usize) -> Vec<(i64, u64, i64)> {
    let (neighbors, scores) = stored.ranking(query..query + 1).expect("readable");
    let matched = stored.matched(query, 1).expect("readable");
    neighbors.into_iter().zip(scores).zip(matched).map(|((n, s), m)| (n, s.to_bits(), m)).collect()
}

fn bits((partner, found): &(u32, Match)) -> (i64, u64, i64) {
    (i64::from(*partner), found.score.to_bits(), i64::from(found.matched))
}

#[test]
fn every_metric_stores_what_the_library_finds() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (own, other) = (lists(90, 1), lists(70, 2));
    store(&folder.join("a.h5"), &own);
    store(&folder.join("b.h5"), &other);
    let (own, other) = (spectra(&own), spectra(&other));
    for (options, settings) in [
        ("", Settings::default()),
        ("--tolerance 2000ppm", Settings::with(Tolerance::Ppm(2000.0))),
        ("--tolerance 0.3Da", Settings::with(Tolerance::Da(0.3))),
    ] {
        for metric in PeakMetric::ALL {
            let name = metric.name();
            ok(folder, &format!("compare a.h5 --metric {name} --top-k 7 {options} --overwrite -o top.h5"));
            let engine = Prepared::new(&own, metric, settings).expect("prepared");
            let mut stored = result(folder, "top.h5");
            assert_eq!(stored.kind, StoredKind::Ranking { rows: 90, k: 7 });
            for (query, expected) in engine.top_k(7).iter().enumerate() {
                assert_eq!(row(&mut stored, query), expected.iter().map(bits).collect::<Vec<_>>(), "{name} {options} {query}");
            }
            assert!(ok(folder, "verify top.h5 --all").contains("recomputed 90 of 90"));

            ok(folder, &format!("compare b.h5:/ms a.h5:/ms --metric {name} --threshold 0.3 {options} --overwrite -o links.h5"));
            let expected = engine.threshold_of(&engine.queries(&other).expect("prepared"), 0.3);
            let mut stored = result(folder, "links.h5");
            let found = stored.links(0..expected.len()).expect("readable");
            let matched = stored.matched(0, expected.len()).expect("readable");
            assert_eq!(stored.kind, StoredKind::Links { count: expected.len() });
            assert!(expected.len() > 20, "{name}: only {} links", expected.len());
            for ((link, matched), (q, r, m)) in found.iter().zip(matched).zip(&expected) {
                let seen = (link.query, link.reference, link.score.to_bits(), matched);
                assert_eq!(seen, (u64::from(*q), u64::from(*r), m.score.to_bits(), i64::from(m.matched)), "{name} {options}");
            }
            assert!(ok(folder, "verify links.h5 --all").contains("recomputed 70 of 70"));
        }
    }
}

#[test]
fn exhibits_are_excluded_and_powers_reach_the_weights() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let own = lists(60, 3);
    store(&folder.join("a.h5"), &own);
    ok(folder, "compare a.h5 --metric cosine-greedy --top-k 59 --exclude exhibit --mz-power 1.5 --intensity-power 0.5 -o top.h5");
    let settings = Settings { mz_power: 1.5, intensity_power: 0.5, ..Settings::default() };
    let engine = Prepared::new(&spectra(&own), PeakMetric::CosineGreedy, settings).expect("prepared");
    let mut stored = result(folder, "top.h5");
    for (query, all) in engine.top_k(59).iter().enumerate() {
        let mut expected: Vec<_> = all.iter().filter(|(r, _)| *r as usize / 3 != query / 3).map(bits).collect();
        assert_eq!(expected.len(), 57);
        expected.resize(59, (-1, f64::NAN.to_bits(), -1));
        assert_eq!(row(&mut stored, query), expected, "{query}");
    }
    ok(folder, "verify top.h5 --all");
    // Every pair, each once.
    ok(folder, "compare a.h5 --metric cosine-exact --threshold 0 -j 1 -o all.h5");
    assert_eq!(result(folder, "all.h5").kind, StoredKind::Links { count: 60 * 59 / 2 });
    ok(folder, "verify all.h5 --all");
}

#[test]
fn a_changed_number_of_matched_peaks_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    store(&folder.join("a.h5"), &lists(40, 4));
    ok(folder, "compare a.h5 --metric cosine-greedy --top-k 4 -o top.h5");
    let mut stored = result(folder, "top.h5");
    let bytes: Vec<u8> = stored.matched(0, 40).expect("readable").iter().flat_map(|m| m.to_le_bytes()).collect();
    drop(stored);
    let mut file = std::fs::read(folder.join("top.h5")).expect("there");
    let at = file.windows(bytes.len()).position(|w| w == bytes).expect("the numbers are in the file");
    file[at] ^= 1;
    std::fs::write(folder.join("top.h5"), &file).expect("written");
    refused(folder, "verify top.h5", 3, &["matched peaks", "changed or damaged"]);
    // Another archive under the same name.
    ok(folder, "compare a.h5 --metric cosine-greedy --top-k 4 --overwrite -o top.h5");
    store(&folder.join("a.h5"), &lists(40, 5));
    refused(folder, "verify top.h5", 3, &["a.h5:/ms", "not what was compared"]);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut own = lists(30, 6);
    store(&folder.join("a.h5"), &own);
    ok(folder, "simulate --exhibits 30 --only spectra --spectrum-width 50 -o m.h5");
    for (arguments, code, says) in [
        ("a.h5:/ms --metric cosine --top-k 3 -o x.h5", 3, ["peak lists", "cosine-greedy"]),
        ("m.h5:/spectra --metric cosine-greedy --top-k 3 -o x.h5", 3, ["no peak lists", "indptr"]),
        ("m.h5:/spectra --metric cosine --tolerance 0.1 --top-k 3 -o x.h5", 2, ["--tolerance", "not for cosine"]),
        ("a.h5 --metric cosine-greedy --dense -o x.h5", 2, ["--dense", "--threshold 0"]),
        ("a.h5 --metric cosine-greedy --tolerance wide --top-k 3 -o x.h5", 2, ["--tolerance wide", "10ppm"]),
        ("a.h5 --metric cosine-greedy --tolerance=-1 --top-k 3 -o x.h5", 2, ["tolerance", "at least 0"]),
        ("a.h5 --metric cosine-greedy --noise 0.1 --top-k 3 -o x.h5", 2, ["--noise", "not for cosine-greedy"]),
        ("a.h5 --metric peaks-entropy --mz-power 1 --top-k 3 -o x.h5", 2, ["--mz-power", "not for peaks-entropy"]),
        ("a.h5 --metric cosine-greedy --max-lag 3 --top-k 3 -o x.h5", 2, ["--max-lag", "ccf"]),
        ("a.h5 --metric cosine-greedy --backend gpu --top-k 3 -o x.h5", 2, ["CPU", "--backend gpu"]),
        ("a.h5 --metric cosine-greedy --threshold 1.5 -o x.h5", 2, ["--threshold 1.5", "between 0 and 1"]),
        ("a.h5 --metric cosine-greedy --top-k 3 --memory 4MiB -o x.h5", 2, ["--memory", "index"]),
        ("a.h5 --metric cosine-greedy --top-k 3 -o a.h5 --overwrite", 2, ["also an input", "a.h5"]),
    ] {
        refused(folder, &format!("compare {arguments}"), code, &says);
    }
    assert!(!folder.join("x.h5").exists(), "a refused comparison leaves nothing");
    own[11].0.reverse();
    own[11].0[0] += 1.0;
    own[11].0.push(1.0);
    own[11].1.push(1.0);
    own[17].1.fill(0.0);
    own[20].2 = f64::NAN;
    store(&folder.join("bad.h5"), &own);
    refused(
        folder,
        "compare bad.h5 --metric cosine-greedy --top-k 3 -o x.h5",
        3,
        &["spectrum 11", "\"scan 11\"", "smaller", "skip"],
    );
    let said = ok(folder, "compare bad.h5 --metric modified-cosine --top-k 3 --invalid skip -o x.h5");
    assert!(said.contains("3 spectra left out"), "{said}");
    let mut stored = result(folder, "x.h5");
    for out in [11, 17, 20] {
        assert!(row(&mut stored, out).iter().all(|&(n, _, m)| n == -1 && m == -1));
        assert!((0..30).all(|q| row(&mut stored, q).iter().all(|r| r.0 != out as i64)));
    }
    assert!(row(&mut stored, 12).iter().all(|r| r.0 >= 0));
    ok(folder, "verify x.h5 --all");
}

#[test]
fn files_and_metrics_say_what_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    store(&folder.join("a.h5"), &lists(30, 7));
    assert!(ok(folder, "info a.h5").contains("a.h5:/ms (peak lists)"));
    assert!(ok(folder, "info a.h5:/ms").contains("30 spectra"));
    let metrics = ok(folder, "metrics");
    for metric in PeakMetric::ALL {
        assert!(metrics.contains(&format!("{}\n", metric.name())), "{metrics}");
    }
    ok(folder, "compare a.h5 --metric peaks-entropy --tolerance 20ppm --top-k 2 -o top.h5");
    let record: serde_json::Value = serde_json::from_str(&ok(folder, "info --json top.h5")).expect("JSON");
    assert_eq!(record["options"]["settings"]["peaks"]["tolerance"]["ppm"], 20.0);
    assert_eq!(record["inputs"][0]["rows"], 30);
    assert!(ok(folder, "info top.h5").contains("30 spectra"));
}
