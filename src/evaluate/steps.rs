//! Scored pairs read from the best score down, one step for each score that occurs.
//!
//! Equal scores cannot be told apart by any limit, so they are one step, however many pairs they are. A pair of one source
//! weighs w(a), a pair of two sources w(a)·w(b); without weights every pair weighs 1. Sums run in the order of the pairs and are
//! exact for whole weights up to 2⁵³. Steps that weigh nothing are left out.

use super::pairs::Pair;

/// What lies at or above a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) threshold: f64,
    /// Weight of the same-source pairs with at least this score, and of the different-source pairs.
    pub(super) same: f64,
    pub(super) different: f64,
}

impl Step {
    /// Before the best score: nothing is accepted.
    pub(super) const START: Self = Self { threshold: f64::INFINITY, same: 0.0, different: 0.0 };
}

/// Steps from the best score down.
#[derive(Clone, Debug)]
pub(super) struct Steps<'a> {
    pairs: std::iter::Peekable<std::slice::Iter<'a, Pair>>,
    weights: Option<&'a [f64]>,
    sum: Step,
}

impl<'a> Steps<'a> {
    pub(super) fn new(pairs: &'a [Pair], weights: Option<&'a [f64]>) -> Self {
        Self { pairs: pairs.iter().peekable(), weights, sum: Step::START }
    }
}

/// What a pair weighs.
pub(super) fn weight(pair: &Pair, weights: Option<&[f64]>) -> f64 {
    let Some(weights) = weights else { return 1.0 };
    let of = |source: u32| weights.get(source as usize).copied().unwrap_or(0.0);
    if pair.same() { of(pair.a) } else { of(pair.a) * of(pair.b) }
}

impl Iterator for Steps<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            let first = self.pairs.next()?;
            let before = (self.sum.same, self.sum.different);
            let mut pair = first;
            loop {
                let w = weight(pair, self.weights);
                *(if pair.same() { &mut self.sum.same } else { &mut self.sum.different }) += w;
                match self.pairs.next_if(|p| p.score == first.score) {
                    Some(next) => pair = next,
                    None => break,
                }
            }
            self.sum.threshold = first.score;
            if (self.sum.same, self.sum.different) != before {
                return Some(self.sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_are_one_step() {
        let pair = |score, a, b| Pair { score, a, b };
        let pairs = [pair(3.0, 0, 1), pair(2.0, 0, 0), pair(2.0, 0, 2), pair(2.0, 1, 1), pair(1.0, 2, 2)];
        let step = |threshold, same, different| Step { threshold, same, different };
        let all: Vec<_> = Steps::new(&pairs, None).collect();
        assert_eq!(all, [step(3.0, 0.0, 1.0), step(2.0, 2.0, 2.0), step(1.0, 3.0, 2.0)]);
        let weighted: Vec<_> = Steps::new(&pairs, Some(&[2.0, 3.0, 0.0])).collect();
        assert_eq!(weighted, [step(3.0, 0.0, 6.0), step(2.0, 5.0, 6.0)]);
    }
}
