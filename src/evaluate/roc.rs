//! How well scores tell same from different sources: receiver operating characteristic and what is read off it.
//!
//! At a limit t, with F the share of different-source pairs and T that of same-source pairs with score ≥ t: F(t) is the **false
//! rate**, T(t) the **true rate**, 1 − T(t) the **miss rate**. Limits are the scores that occur; pairs of equal score
//! pass together.
//!
//! - **AUC** = P(same > different) + ½ P(same = different) over pairs of pairs, the Mann–Whitney statistic: the area under
//!   straight lines between the steps (Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747). Exact up to one
//!   rounding of each of two sums while same × different pairs < 2⁵².
//! - **Bounds by ties**: the same with ties counted as wrong, and as right. Programs that sort pairs and count one by one
//!   report something in between, depending on the order of their input; counts such as congruent cells tie often.
//! - **EER**: the mean of false and miss rate at the limit where they differ least (of two such limits, that with the smaller
//!   mean, then the higher). It is no interpolation: both rates and the limit are real, and given. With few same-source pairs
//!   the two may differ visibly, and their mean is then a convention. **EER of the hull**: where the convex hull of the curve
//!   crosses F = 1 − T; what the best mixture of two limits would reach, never above the larger of both rates at any one
//!   limit, and optimistic for few pairs (Provost & Fawcett 2001, doi:10.1023/A:1007601015854).
//! - **True rate at a false rate f**: at the lowest limit whose false rate is ≤ f; nothing is interpolated, so the rate
//!   is one that
//!   a laboratory would get.
//!
//! With pairs below the limit of a thresholded result, all shares are of all pairs, listed or not. AUC is then an interval
//! that holds whatever their order is; other values are given only where the listed part settles them.
//!
//! Weights per source (multiplicities of a bootstrap) weigh a same-source pair by w(a) and a different-source pair by
//! w(a)·w(b). Pairs that share a source depend on each other; standard errors that take pairs as independent are too
//! small, and not given here.

use super::Error;
use super::pairs::Scored;
use super::steps::{Step, Steps, weight};

/// An area; one number where every pair is listed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Auc {
    pub low: f64,
    pub high: f64,
}

/// A limit and the rates there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operating {
    /// Pairs with at least this score pass; +∞ where none does.
    pub threshold: f64,
    pub false_rate: f64,
    pub true_rate: f64,
}

/// Equal error rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eer {
    /// The mean of both rates.
    pub rate: f64,
    pub threshold: f64,
    pub false_rate: f64,
    pub miss_rate: f64,
}

/// A receiver operating characteristic, read from sorted pairs; it holds no copy of them.
#[derive(Clone, Copy, Debug)]
pub struct Roc<'a> {
    scored: &'a Scored,
    weights: Option<&'a [f64]>,
    pub(super) same: f64,
    pub(super) different: f64,
}

impl<'a> Roc<'a> {
    /// Of pairs as they are.
    #[must_use]
    pub fn new(scored: &'a Scored) -> Self {
        Self { scored, weights: None, same: scored.same() as f64, different: scored.different() as f64 }
    }

    /// Of pairs weighted by the weights of their sources, one weight a source.
    ///
    /// # Errors
    /// For another number of weights than sources, weights that are negative or not finite, weights that leave no pair of one
    /// kind, and for thresholded results.
    pub fn weighted(scored: &'a Scored, weights: &'a [f64]) -> Result<Self, Error> {
        if scored.unlisted().is_some() {
            return Err(Error::CensoredWeights);
        }
        check_weights(weights, scored.sources())?;
        let (mut same, mut different) = (0.0, 0.0);
        for pair in scored.pairs() {
            *(if pair.same() { &mut same } else { &mut different }) += weight(pair, Some(weights));
        }
        let missing = if same > 0.0 { "different sources" } else { "one source" };
        if !(same > 0.0 && different > 0.0) {
            return Err(Error::OneKind { missing, pairs: scored.pairs().len() as u64 });
        }
        Ok(Self { scored, weights: Some(weights), same, different })
    }

    pub(super) fn steps(&self) -> Steps<'a> {
        Steps::new(self.scored.pairs(), self.weights)
    }

    /// Are there pairs of which only the number is known?
    pub(super) fn is_open(&self) -> bool {
        self.scored.unlisted().is_some_and(|u| u.same + u.different > 0)
    }

    pub(super) fn operating(&self, step: &Step) -> Operating {
        let [false_rate, true_rate] = [step.different / self.different, step.same / self.same];
        Operating { threshold: step.threshold, false_rate, true_rate }
    }

    /// The area under the curve; `tie` is what a tie of a same- with a different-source pair counts, 0 to 1.
    fn area(&self, tie: f64) -> Auc {
        let (mut won, mut last) = (0.0, Step::START);
        for step in self.steps() {
            won += (step.different - last.different) * (last.same + tie * (step.same - last.same));
            last = step;
        }
        let unlisted = self.scored.unlisted().unwrap_or_default();
        let below = unlisted.different as f64;
        let of = |won: f64| won / (self.same * self.different);
        Auc { low: of(won + below * last.same), high: of(won + below * (last.same + unlisted.same as f64)) }
    }

    /// The area under the curve, ties counted as one half.
    #[must_use]
    pub fn auc(&self) -> Auc {
        self.area(0.5)
    }

    /// The area with ties counted as wrong, and as right. Far apart where scores are coarse.
    #[must_use]
    pub fn auc_by_ties(&self) -> Auc {
        Auc { low: self.area(0.0).low, high: self.area(1.0).high }
    }

    /// The equal error rate; nothing where a thresholded result ends before the rates meet.
    #[must_use]
    pub fn eer(&self) -> Option<Eer> {
        // Rates times both totals: exact for whole weights.
        let rates = |s: &Step| (s.different * self.same, (self.same - s.same) * self.different);
        let (mut best, mut least, mut met) = (Step::START, (self.same * self.different, self.same * self.different), false);
        for step in self.steps() {
            let (wrong, missed) = rates(&step);
            let rank = ((wrong - missed).abs(), wrong + missed);
            if rank < least {
                (best, least) = (step, rank);
            }
            met = wrong >= missed;
            if met {
                break;
            }
        }
        if self.is_open() && !met {
            return None;
        }
        let [false_rate, miss_rate] = [best.different / self.different, (self.same - best.same) / self.same];
        Some(Eer { rate: 0.5 * (false_rate + miss_rate), threshold: best.threshold, false_rate, miss_rate })
    }

    /// The equal error rate of the convex hull; nothing for a thresholded result, whose unlisted part may change the hull.
    #[must_use]
    pub fn eer_of_hull(&self) -> Option<f64> {
        if self.is_open() {
            return None;
        }
        let mut hull = vec![Step::START];
        for step in self.steps() {
            while let [.., a, b] = hull[..] {
                let turn =
                    (b.different - a.different) * (step.same - a.same) - (b.same - a.same) * (step.different - a.different);
                if turn < 0.0 {
                    break;
                }
                hull.pop();
            }
            hull.push(step);
        }
        hull.iter().zip(hull.iter().skip(1)).find_map(|(a, b)| {
            let rates = |s: &Step| (s.different / self.different, (self.same - s.same) / self.same);
            let ((f0, m0), (f1, m1)) = (rates(a), rates(b));
            (f1 >= m1).then(|| f0 + (m0 - f0) / ((m0 - f0) + (f1 - m1)) * (f1 - f0))
        })
    }

    /// The best limit for each of some false rates: the lowest whose false rate is not above it. Nothing for a rate outside
    /// 0 to 1, and where a thresholded result ends before its false rate exceeds the one asked for.
    #[must_use]
    pub fn at_false_rates(&self, false_rates: &[f64]) -> Vec<Option<Operating>> {
        let mut order: Vec<usize> = (0..false_rates.len()).collect();
        let asked = |i: usize| false_rates.get(i).copied().unwrap_or(f64::NAN);
        order.retain(|&i| (0.0..=1.0).contains(&asked(i)));
        order.sort_by(|&i, &j| asked(i).total_cmp(&asked(j)));
        let mut found = vec![None; false_rates.len()];
        let mut waiting = order.into_iter().peekable();
        let mut last = self.operating(&Step::START);
        for step in self.steps() {
            let now = self.operating(&step);
            while let Some(i) = waiting.next_if(|&i| asked(i) < now.false_rate) {
                found[i] = Some(last);
            }
            if waiting.peek().is_none() {
                break;
            }
            last = now;
        }
        if !self.is_open() {
            waiting.for_each(|i| found[i] = Some(last));
        }
        found
    }
}

/// Refuses weights that are none.
pub(super) fn check_weights(weights: &[f64], sources: u32) -> Result<(), Error> {
    if weights.len() != sources as usize {
        return Err(Error::Weights { got: weights.len(), sources });
    }
    match weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        Some(at) => {
            let got = weights.get(at).map_or(String::new(), f64::to_string);
            Err(Error::Weight { source_number: at, got })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
