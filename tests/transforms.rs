//! Preparation of real spectra against SciPy (always), chemotools and pybaselines (`make check-transforms`), by `transform_peers.py`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a failure here is a failed test"
)]

#[path = "support/python.rs"]
mod python;

use serde_json::Value;
use std::path::PathBuf;
use striae::spectrum::transform::Recipe;

fn coffee() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/spectra/coffee_nir/coffee_spectra.csv"))
}

/// Checks all sets that the script gives; answers the packages that it had.
fn check() -> Vec<String> {
    let file = coffee();
    let text = std::fs::read_to_string(&file).unwrap();
    let spectra: Vec<f64> = text.lines().skip(1).flat_map(|l| l.split(',').map(|x| x.trim().parse::<f64>().unwrap())).collect();
    let width = spectra.len() / 60;
    assert_eq!((width, spectra.len()), (1841, 60 * 1841));
    let sets: Value = serde_json::from_str(&python::run("transform_peers.py", &file)).unwrap();
    let mut packages = Vec::new();
    let mut failed = Vec::new();
    for set in sets.as_array().unwrap() {
        let (recipe, package) = (set["recipe"].as_str().unwrap(), set["package"].as_str().unwrap());
        let fitted = Recipe::parse(recipe).unwrap().fit(None, &mut (&spectra[..], width)).unwrap();
        // A baseline is found to so many digits of the row that it is taken off.
        let whole = ["asls", "arpls", "airpls"].iter().any(|name| recipe.starts_with(name)) && package != "80-bit";
        let mut worst: f64 = 0.0;
        for (n, expected) in set["rows"].as_array().unwrap().iter().enumerate() {
            let i = set["every"].as_u64().unwrap() as usize * n;
            let found = fitted.prepare(i, &spectra[i * width..(i + 1) * width]).unwrap();
            let expected: Vec<f64> = expected.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
            assert_eq!(found.len(), expected.len(), "{recipe}");
            let row = if whole { &spectra[i * width..(i + 1) * width] } else { &expected[..] };
            let largest = row.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs() / largest).fold(worst, f64::max);
        }
        println!("{recipe:<60} {package:<20} {worst:.1e}");
        // Its solutions have fewer digits where λ is large; ours are held to those in 80-bit numbers.
        let large = ["1e5", "1e6", "1e7", "1e8"].iter().any(|lam| recipe.contains(lam));
        let most = if whole && large { 3e-8 } else { 1e-9 };
        if worst.is_nan() || worst > most {
            failed.push(format!("{recipe} differs from {package} by {worst:e} of the row's largest value"));
        }
        packages.push(package.split(' ').next().unwrap().to_owned());
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    packages.dedup();
    packages
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn spectra_are_prepared_as_by_scipy() {
    assert!(check().contains(&"SciPy".to_owned()));
}

#[test]
#[ignore = "needs chemotools and pybaselines: make check-transforms"]
fn spectra_are_prepared_as_by_chemotools_and_pybaselines() {
    let packages = check();
    assert!(["chemotools", "pybaselines"].iter().all(|p| packages.iter().any(|q| q == p)), "{packages:?}");
}
