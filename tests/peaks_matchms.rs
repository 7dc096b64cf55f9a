//! All pairs of `pesticides.mgf` against matchms (asked by `matchms_pairs.py`).

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test that cannot go on says why and stops"
)]

#[path = "support/python.rs"]
mod python;

use serde_json::Value;
use striae::compare::peaks::Prepared;
use striae::metric::peaks::{PeakMetric, Settings, Spectrum, Tolerance};

fn read_mgf(text: &str) -> Vec<Spectrum> {
    let mut out = Vec::new();
    let (mut mz, mut intensity, mut precursor) = (Vec::new(), Vec::new(), None);
    for line in text.lines().map(str::trim) {
        if let Some(v) = line.strip_prefix("PEPMASS=") {
            precursor = v.split_whitespace().next().and_then(|x| x.parse().ok());
        } else if line == "END IONS" {
            let (m, i) = (std::mem::take(&mut mz), std::mem::take(&mut intensity));
            out.push(Spectrum::new(m, i, precursor.take()).unwrap());
        } else if line.starts_with(|c: char| c.is_ascii_digit()) {
            let mut v = line.split_whitespace().map(|x| x.parse::<f64>().unwrap());
            mz.push(v.next().unwrap());
            intensity.push(v.next().unwrap());
        }
    }
    out
}

fn metric(name: &str) -> PeakMetric {
    match name {
        "greedy" => PeakMetric::CosineGreedy,
        "modified" => PeakMetric::ModifiedCosine,
        "exact" => PeakMetric::CosineExact,
        _ => panic!("{name}"),
    }
}

#[test]
#[ignore = "needs matchms and the real data: make check-matchms"]
fn pesticides() {
    let mgf_file = std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/spectra/ms/pesticides.mgf"));
    assert!(mgf_file.exists(), "this check needs the real spectra of pesticides.mgf, and there is no {}", mgf_file.display());
    let spectra = read_mgf(&std::fs::read_to_string(&mgf_file).unwrap());
    let json: Value = serde_json::from_str(&python::run("matchms_pairs.py", &mgf_file)).unwrap();
    let precursors = json["precursors"].as_array().unwrap();
    assert_eq!(precursors.len(), spectra.len());
    for (s, p) in spectra.iter().zip(precursors) {
        assert_eq!(s.precursor(), p.as_f64());
    }
    for set in json["sets"].as_array().unwrap() {
        let settings = Settings::with(Tolerance::Da(set["tolerance"].as_f64().unwrap()));
        let metric = metric(set["metric"].as_str().unwrap());
        let engine = Prepared::new(&spectra, metric, settings).unwrap();
        let queries = engine.queries(&spectra).unwrap();
        let (mut worst, mut counts, mut shared) = (0.0f64, 0, 0);
        for (i, j, m) in engine.threshold_of(&queries, 0.0) {
            let (i, j) = (i as usize, j as usize);
            // both orders of matchms
            for (i, j) in [(i, j), (j, i)] {
                worst = worst.max((m.score - set["score"][i][j].as_f64().unwrap()).abs());
                counts += u32::from(set["matched"][i][j].as_u64().unwrap() != u64::from(m.matched));
            }
            shared += u32::from(m.matched > 0);
        }
        let n = spectra.len();
        println!(
            "{metric:?} {:?}: {n}x{n} pairs, {shared} with common peaks, score off by {worst:e} at most, {counts} counts differ",
            settings.tolerance
        );
        assert!(worst < 1e-9);
        assert_eq!(counts, 0);
    }
}
