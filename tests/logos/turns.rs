//! Scores of log-polar rows over all turns and mirrored, as the engine's second stage computes them.

use striae::matrix::Row;
use striae::metric::Metric as _;
use striae::metric::lagged::{Lagged, Prepared};
use striae::metric::logpolar::LogPolar;

/// Rows that are ready to be turned.
pub struct All {
    second: Lagged<'static>,
    rows: Vec<Prepared>,
    width: usize,
}

impl All {
    pub fn new<'a>(rows: impl IntoIterator<Item = &'a Vec<f32>>, angles: usize) -> Self {
        let metric: &'static LogPolar = Box::leak(Box::new(LogPolar::new(Some(angles), true).unwrap()));
        let second = metric.lagged().unwrap();
        let mut width = 0;
        let prepare = |row: &'a Vec<f32>| {
            width = row.len();
            second.prepare(Row::F32(row)).unwrap()
        };
        let rows = rows.into_iter().map(prepare).collect();
        Self { second, rows, width }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn score(&self, i: usize, other: &Self, j: usize) -> f64 {
        f64::from(self.second.estimate(&self.rows[i], &other.rows[j], self.width).unwrap())
    }
}
