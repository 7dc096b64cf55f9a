//! Tables of numbers among the shared real data.

use faer::Mat;
use std::path::{Path, PathBuf};

pub fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name)
}

/// Numbers of a table, by any of comma, blank and tab; lines that hold words are left out.
pub fn table(path: &Path) -> Mat<f64> {
    let text = std::fs::read_to_string(path).unwrap();
    let number = |word: &str| word.trim_matches('"').parse::<f64>().ok();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .filter_map(|line| line.split([',', ' ', '\t']).filter(|w| !w.is_empty()).map(number).collect::<Option<Vec<f64>>>())
        .filter(|row| !row.is_empty())
        .collect();
    assert!(rows.iter().all(|r| r.len() == rows[0].len()), "{}", path.display());
    Mat::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}
