//! Likelihood ratios of real data, held to values that were published or computed independently (see the data's README).

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on says why and stops")]

mod cllr;
mod discrimination;
mod elub;
mod nfi_scores;
mod two_level;

use std::path::{Path, PathBuf};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/lr")
}

/// The fields of a comma-separated file without its first `skip` lines; quotes taken off.
fn table(path: &str, skip: usize) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(data().join(path)).expect("a table");
    let line = |l: &str| l.split(',').map(|f| f.trim().trim_matches('"').to_owned()).collect();
    text.lines().skip(skip).filter(|l| !l.trim().is_empty()).map(line).collect()
}

/// A field as a number; R writes `-Inf`.
fn number(field: &str) -> f64 {
    field.parse().expect("a number")
}

/// The columns from `first` on, row-major.
fn numbers(path: &str, skip: usize, first: usize) -> Vec<f64> {
    table(path, skip).iter().flat_map(|row| row[first..].iter().map(|f| number(f)).collect::<Vec<_>>()).collect()
}
