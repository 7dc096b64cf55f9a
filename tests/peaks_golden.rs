//! Values given by others: the linear-cosine reference and spectral entropies.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test that cannot go on says why and stops"
)]

use serde_json::Value;
use std::collections::BTreeMap;
use striae::metric::peaks::{PeakMetric, Settings, Spectrum, Tolerance};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/spectra/ms");

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn linear_cosine_reference() {
    let text = std::fs::read_to_string(format!("{DATA}/cosine_linear_reference.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let raw: BTreeMap<String, Spectrum> = json["raw_spectra"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(k, v)| (k.clone(), Spectrum::new(numbers(&v["mz"]), numbers(&v["intensities"]), None).unwrap()))
        .collect();
    let (mut worst, mut pairs) = (0.0f64, 0);
    for set in json["parameter_sets"].as_array().unwrap() {
        let settings = Settings {
            tolerance: Tolerance::Da(set["mz_tolerance"].as_f64().unwrap()),
            mz_power: set["mz_power"].as_f64().unwrap(),
            intensity_power: set["intensity_power"].as_f64().unwrap(),
            ..Settings::default()
        };
        for (name, merged) in set["merged_spectra"].as_object().unwrap() {
            let plain = Settings { mz_power: 0.0, intensity_power: 1.0, ..settings };
            let ours = PeakMetric::CosineLinear.prepare(&raw[name], &plain).unwrap();
            assert_eq!(ours.mz, numbers(&merged["mz"]), "{name}");
            assert_eq!(ours.weight, numbers(&merged["intensities"]), "{name}");
        }
        for s in set["similarities"].as_array().unwrap() {
            let get = |k: &str| &raw[s[k].as_str().unwrap()];
            let m = PeakMetric::CosineLinear.score(get("left"), get("right"), &settings).unwrap();
            assert_eq!(u64::from(m.matched), s["matches"].as_u64().unwrap());
            worst = worst.max((m.score - s["score"].as_f64().unwrap()).abs());
            pairs += 1;
        }
    }
    println!("{pairs} pairs, largest difference {worst:e}");
    assert_eq!(pairs, 84);
    assert!(worst < 1e-12);
}

#[test]
fn entropy_values() {
    let a = Spectrum::new(vec![69.071, 86.066, 86.0969], vec![7.917_962, 1.021_589, 100.0], None).unwrap();
    let b = Spectrum::new(vec![41.04, 69.07, 86.1], vec![37.16, 66.83, 999.0], None).unwrap();
    for (metric, tolerance, expected) in [
        (PeakMetric::EntropyUnweighted, 0.05, 0.982_666_879_0),
        (PeakMetric::EntropyUnweighted, 0.015, 0.978_040_285_0),
        (PeakMetric::Entropy, 0.05, 0.898_439_772_3),
        (PeakMetric::Entropy, 0.015, 0.838_087_460_4),
    ] {
        let settings = Settings::with(Tolerance::Da(tolerance));
        let m = metric.score(&a, &b, &settings).unwrap();
        println!("{metric:?} {tolerance}: {} ({:e})", m.score, m.score - expected);
        assert!((m.score - expected).abs() < 1e-7);
        assert_eq!(m.matched, 2);
        let own = metric.score(&a, &a, &settings).unwrap().score;
        assert!((own - 1.0).abs() < 1e-14);
    }
}

#[test]
fn errors_are_told() {
    let new = |mz: &[f64], i: &[f64], p| Spectrum::new(mz.to_vec(), i.to_vec(), p).map_err(|e| e.to_string());
    assert_eq!(new(&[1.0], &[], None).unwrap_err(), "1 m/z values but 0 intensities");
    assert_eq!(new(&[2.0, 1.0], &[1.0, 1.0], None).unwrap_err(), "m/z value 1 is smaller than the one before it");
    assert_eq!(new(&[f64::NAN], &[1.0], None).unwrap_err(), "m/z value 0 is not a finite number");
    assert_eq!(new(&[1.0], &[-1.0], None).unwrap_err(), "intensity 0 is negative");
    assert_eq!(new(&[1.0], &[0.0], None).unwrap_err(), "no peak has a positive intensity");
    assert_eq!(new(&[], &[], None).unwrap_err(), "no peak has a positive intensity");
    assert!(new(&[1.0], &[1.0], Some(0.0)).unwrap_err().contains("precursor"));
    let s = new(&[1.0], &[1.0], None).unwrap();
    let settings = Settings::default();
    assert!(PeakMetric::ModifiedCosine.score(&s, &s, &settings).unwrap_err().to_string().contains("precursor"));
    let negative = Settings::with(Tolerance::Da(-1.0));
    assert!(PeakMetric::CosineGreedy.score(&s, &s, &negative).is_err());
    let nan = Settings::with(Tolerance::Ppm(f64::NAN));
    assert!(PeakMetric::CosineGreedy.score(&s, &s, &nan).is_err());
    let huge = new(&[1.0], &[1e200], None).unwrap();
    assert!(PeakMetric::CosineGreedy.score(&s, &huge, &settings).is_err());
}
