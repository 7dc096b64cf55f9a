//! The second stage of metrics that take the best of many alignments: between a backend, which only bounds a pair from above, and the sink, which wants scores.
//!
//! Every pair that passes the backend's test gets the score over all lags, or turns, by one inverse transform
//! ([`Lagged::estimate`]), and goes on only if that, with its error, still reaches a floor.

use super::pairing::Pairing;
use crate::backend::{Picked, Sink, Tile};
use crate::metric::lagged::Lagged;
use std::ops::Range;

pub struct LaggedSink<'a> {
    pub inner: &'a dyn Sink,
    pub second: Lagged<'a>,
    pub pairing: Pairing<'a>,
}

impl LaggedSink<'_> {
    fn score(&self, i: usize, j: usize) -> f32 {
        let Pairing { a, b, .. } = self.pairing;
        let prepared = a.lagged[i].as_ref().zip(b.lagged[j].as_ref());
        let quick = prepared.and_then(|(x, y)| self.second.estimate(x, y, a.matrix.width()));
        quick.unwrap_or_else(|| self.pairing.score(i, j) as f32)
    }
}

impl Sink for LaggedSink<'_> {
    fn row_floors(&self, rows: Range<usize>, into: &mut Vec<f32>) {
        self.inner.row_floors(rows, into);
    }

    fn col_floors(&self, cols: Range<usize>, into: &mut Vec<f32>) {
        self.inner.col_floors(cols, into);
    }

    fn both_sides(&self) -> bool {
        self.inner.both_sides()
    }

    fn all(&self, tile: &Tile, t: &[f32], stride: usize) {
        let mut scores = t[..tile.rows.len() * stride].to_vec();
        let fill = |(r, row): (usize, &mut [f32])| {
            let i = tile.rows.start + r;
            for (j, t) in tile.cols.clone().zip(row.iter_mut()) {
                if self.pairing.allowed(i, j) {
                    *t = self.score(i, j);
                }
            }
        };
        scores.chunks_mut(stride).enumerate().for_each(fill);
        self.inner.all(tile, &scores, stride);
    }

    fn picked(&self, tile: &Tile, pairs: &[Picked]) {
        let (mut row_floors, mut col_floors) = (Vec::new(), Vec::new());
        self.inner.row_floors(tile.rows.clone(), &mut row_floors);
        if self.inner.both_sides() {
            self.inner.col_floors(tile.cols.clone(), &mut col_floors);
        }
        let Pairing { a, b, .. } = self.pairing;
        let again = |pair: &Picked| {
            let (i, j) = (pair.row as usize, pair.col as usize);
            if self.inner.stopped() || !self.pairing.allowed(i, j) {
                return None;
            }
            let t = self.score(i, j);
            let reaches = t + b.operand.lift[j] >= row_floors[i - tile.rows.start]
                || col_floors.get(j - tile.cols.start).is_some_and(|floor| t + a.operand.lift[i] >= *floor);
            reaches.then_some(Picked { t, ..*pair })
        };
        let left: Vec<Picked> = pairs.iter().filter_map(again).collect();
        self.inner.picked(tile, &left);
    }

    fn stopped(&self) -> bool {
        self.inner.stopped()
    }
}
