//! What is kept of a row of peak lists: its best neighbours, or all that reach a score.

use super::peaks::Sink;
use crate::metric::peaks::Match;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A neighbour; the greater, the better.
#[derive(Debug, PartialEq)]
struct Neighbour(u32, Match);

impl Eq for Neighbour {}

impl Ord for Neighbour {
    fn cmp(&self, other: &Self) -> Ordering {
        // Scores are finite; -0 and 0 must tie.
        let scores = self.1.score.partial_cmp(&other.1.score).unwrap_or(Ordering::Equal);
        scores.then(other.0.cmp(&self.0))
    }
}

impl PartialOrd for Neighbour {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best `k` of a row.
pub(super) struct Best {
    k: usize,
    skip: Option<u32>,
    heap: BinaryHeap<Reverse<Neighbour>>,
}

impl Best {
    pub(super) fn new(k: usize, skip: Option<u32>) -> Self {
        Self { k, skip, heap: BinaryHeap::new() }
    }

    /// Whether the neighbour entered.
    fn offer(&mut self, new: Neighbour) -> bool {
        if self.heap.len() < self.k {
            self.heap.push(Reverse(new));
            return true;
        }
        match self.heap.peek_mut() {
            Some(mut worst) if new > worst.0 => {
                *worst = Reverse(new);
                true
            }
            _ => false,
        }
    }

    pub(super) fn finish(self) -> Vec<(u32, Match)> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(n)| (n.0, n.1)).collect()
    }
}

impl Sink for Best {
    fn floor(&self, reference: u32) -> f64 {
        if self.skip == Some(reference) || self.k == 0 {
            return f64::INFINITY;
        }
        match self.heap.peek() {
            Some(Reverse(worst)) if self.heap.len() == self.k => worst.1.score,
            _ => f64::NEG_INFINITY,
        }
    }

    fn take(&mut self, reference: u32, found: Match) {
        if self.skip != Some(reference) {
            self.offer(Neighbour(reference, found));
        }
    }

    fn untouched(&mut self, reference: u32) -> bool {
        self.skip == Some(reference) || self.offer(Neighbour(reference, Match::NONE))
    }
}

/// Everything of a row that reaches a score.
pub(super) struct Above {
    least: f64,
    found: Vec<(u32, Match)>,
}

impl Above {
    pub(super) fn new(least: f64) -> Self {
        Self { least, found: Vec::new() }
    }

    pub(super) fn finish(mut self, row: u32) -> Vec<(u32, u32, Match)> {
        self.found.sort_unstable_by_key(|f| f.0);
        self.found.into_iter().map(|(id, m)| (row, id, m)).collect()
    }
}

impl Sink for Above {
    fn floor(&self, _: u32) -> f64 {
        self.least
    }

    fn take(&mut self, reference: u32, found: Match) {
        self.found.push((reference, found));
    }

    fn untouched(&mut self, reference: u32) -> bool {
        if self.least > 0.0 {
            return false;
        }
        self.found.push((reference, Match::NONE));
        true
    }
}
