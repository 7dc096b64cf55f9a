//! Every metric against SciPy and against its formula in 50 digits, on random, tied, near-equal and degenerate rows.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

#[path = "support/mod.rs"]
mod support;
#[path = "support/python.rs"]
mod support_python;

use serde_json::Value;
use striae::matrix::{Row, Values};
use striae::metric::{self, Metric, Numbers, Settings, Table};
use support::*;

const WIDTH: usize = 19;

/// Rows under a name; what is not in a metric's domain is left out by [`of`].
fn kinds() -> Vec<(&'static str, Vec<Vec<f64>>)> {
    let rows = |values: Vec<f64>| values.chunks(WIDTH).map(<[f64]>::to_vec).collect::<Vec<_>>();
    let random_rows = rows(random(6, WIDTH, 41));
    let mut near = vec![random_rows[0].clone(); 5];
    for (i, row) in near.iter_mut().enumerate() {
        for (j, x) in row.iter_mut().enumerate() {
            *x *= 1.0 + [0.0, 1e-3, 1e-6, 1e-8, 1e-4][i] * random_rows[1][j];
        }
    }
    let tied: Vec<Vec<f64>> = random_rows.iter().map(|r| r.iter().map(|x| (x * 3.0).round()).collect()).collect();
    let mut spikes = vec![vec![0.0; WIDTH]; 4];
    for (i, row) in spikes.iter_mut().enumerate() {
        row[i * 5] = 2.5;
        row[i * 5 + 1] = [0.0, 1e-9, 1.0, 3.0][i];
    }
    let mut sparse = random_rows.clone();
    for row in &mut sparse {
        for x in row {
            if *x < 0.2 {
                *x = 0.0;
            }
        }
    }
    let scaled =
        random_rows.iter().enumerate().map(|(i, r)| r.iter().map(|x| x * 10f64.powi(8 * i as i32 - 20)).collect()).collect();
    vec![
        ("random", random_rows),
        ("near-equal", near),
        ("tied", tied),
        ("one spike", spikes),
        ("sparse", sparse),
        ("sizes", scaled),
    ]
}

fn of(metric: &dyn Metric, rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let fit = |row: &Vec<f64>| match in_domain(metric, Values::F64(row.clone())) {
        Values::F64(row) => row,
        Values::F32(row) => row.into_iter().map(f64::from).collect(),
    };
    rows.iter().map(fit).filter(|r| metric.measure(Row::F64(r)).is_ok()).collect()
}

fn configured(name: &str, weights: &[f64], covariance: &[f64]) -> &'static dyn Metric {
    let table = |values: &[f64], rows| Some(Table { address: "test".into(), values: values.to_vec(), rows, ..Table::default() });
    let settings = match name {
        "weighted-euclidean" => Settings { weights: table(weights, 1), ..Settings::default() },
        "mahalanobis" => Settings { covariance: table(covariance, WIDTH), ..Settings::default() },
        "minkowski" => Settings { p: Some(2.5), ..Settings::default() },
        _ => Settings::default(),
    };
    settings.configure(name).expect("registered").expect("possible")
}

/// By how much a score may be off where its own condition loses digits: differences of nearly equal numbers that no formula
/// in f64 can keep, relative to the score's range.
fn allowance(name: &str, case: &str) -> f64 {
    match (name, case) {
        // The cosine's last bit is worth 1.5e-8 rad near 0 (see the metric).
        ("spectral-angle", _) => 3e-8,
        // The shares p = a/Σa are rounded before they are compared.
        ("jensen-shannon" | "hellinger" | "hqi-euclidean", "near-equal") => 1e-16,
        ("spectral-information-divergence" | "bhattacharyya", "near-equal") => 1e-20,
        // One less a divergence: known to the last digits of 1.
        ("spectral-entropy" | "spectral-entropy-weighted", _) => 1e-15,
        _ => 0.0,
    }
}

#[test]
fn scores_are_those_of_scipy_and_of_the_formulas() {
    let weights: Vec<f64> = random(1, WIDTH, 7).into_iter().map(f64::abs).collect();
    let mixing = random(WIDTH, WIDTH, 8);
    let covariance: Vec<f64> = (0..WIDTH * WIDTH)
        .map(|n| {
            let (i, j) = (n / WIDTH, n % WIDTH);
            let (i, j) = (i.min(j), i.max(j));
            (0..WIDTH).map(|k| mixing[i * WIDTH + k] * mixing[j * WIDTH + k]).sum::<f64>() + if i == j { 0.5 } else { 0.0 }
        })
        .collect();
    let mut cases = Vec::new();
    let mut ours = Vec::new();
    for (name, rows) in kinds() {
        for metric in metric::all() {
            let metric = configured(metric.info().name, &weights, &covariance);
            let rows = of(metric, &rows);
            if rows.len() < 2 || (name == "sizes" && metric.info().numbers == Numbers::Bytes) {
                continue;
            }
            let scores: Vec<Vec<f64>> = rows.iter().map(|a| rows.iter().map(|b| metric.define(a, b)).collect()).collect();
            cases.push(serde_json::json!({ "name": name, "metrics": [metric.info().name], "rows": rows }));
            ours.push((name, metric, scores));
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("input.json");
    let covariance: Vec<&[f64]> = covariance.chunks(WIDTH).collect();
    let text = serde_json::json!({ "cases": cases, "p": 2.5, "weights": weights, "covariance": covariance }).to_string();
    std::fs::write(&input, text).expect("written");
    let said = support_python::run("scipy_values.py", &input).replace("1e999", "\"inf\"");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    eprintln!("{}\n{}", said["versions"], serde_json::to_string_pretty(&said["calls"]).expect("JSON"));
    let number = |v: &Value| v.as_f64().unwrap_or(f64::INFINITY);
    let mut wrong = Vec::new();
    let mut compared = 0;
    for ((case, metric, scores), theirs) in ours.iter().zip(said["cases"].as_array().expect("cases")) {
        let name = metric.info().name;
        let found = &theirs["scores"][name];
        for (i, row) in scores.iter().enumerate() {
            for (j, &score) in row.iter().enumerate() {
                let exact = number(&found["exact"][i][j]);
                let mut check = |what: &str, expected: f64, relative: f64, absolute: f64| {
                    compared += 1;
                    let fine = score == expected || (score - expected).abs() <= relative * expected.abs() + absolute;
                    if !fine {
                        wrong.push(format!("{name}, {case}, ({i}, {j}): {score:e}, {what} {expected:e}"));
                    }
                };
                // A sum of both signs is known to the size of its terms: at most 0.1 here, of 1 for normalised rows.
                let signed =
                    ["dot", "cosine", "pearson", "tanimoto", "hqi-correlation", "hqi-first-derivative", "ccf", "logpolar"]
                        .contains(&name);
                let most = allowance(name, case) + if i == j { 1e-15 } else { 0.0 };
                let most = if signed { most + 1e-12 * exact.abs().max(0.1) } else { most };
                check("in 50 digits", exact, 1e-12, most);
                if found["scipy"].is_array() && *case != "near-equal" && i != j {
                    check("SciPy", number(&found["scipy"][i][j]), 1e-12, most);
                }
            }
        }
    }
    assert!(compared > 5000, "{compared}");
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
}
