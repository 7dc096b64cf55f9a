//! Pool adjacent violators: the best monotone calibration of scores that are labelled.
//!
//! Scores are sorted, equal ones pooled, and neighbouring pools merged until the share of same-source pairs rises strictly from pool to
//! pool (Ayer et al. 1955, doi:10.1214/aoms/1177728423). A pool of s same-source and d different-source pairs, of S and D in all, has
//!
//! log10 LR = log10(s/d) − log10(S/D), that is log10(posterior odds / prior odds); −∞ where s = 0, +∞ where d = 0.
//!
//! Pools are held as counts and compared as integers: no rounding decides which pools merge. O(n log n).
//!
//! **At a new score**: within the range of a pool, its value. Between two pools nothing was observed: the value there is the one nearest to
//! 0 between those of the neighbours (0 where they stand on either side). Beyond the ends, the value of the outermost pool. So the function is
//! monotone, makes no claim from a gap, and does not depend on the scale of the score.
//!
//! Does not smooth and does not extrapolate; its infinite ends call for limits ([`super::bounds`]) before an LR is reported.

use super::labelled::{Log10Lr, Lrs, Scores, Truth, sorted};
use serde::{Deserialize, Serialize};

/// Scores from `low` to `high`, and how many pairs have them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    pub low: f64,
    pub high: f64,
    pub same: u64,
    pub different: u64,
}

/// A fitted step function, ascending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pav {
    pools: Vec<Pool>,
    same: u64,
    different: u64,
}

impl Pav {
    /// Fits scores.
    #[must_use]
    pub fn fit(scores: &Scores) -> Self {
        Self::of(&sorted(scores.same().iter().copied(), scores.different().iter().copied()))
    }

    /// Fits log10 likelihood ratios as if they were scores. (Where they are infinite, JSON cannot hold the result.)
    #[must_use]
    pub fn of_lrs(lrs: &Lrs) -> Self {
        Self::of(&lrs.sorted())
    }

    fn of(sorted: &[(f64, Truth)]) -> Self {
        let mut pools: Vec<Pool> = Vec::new();
        for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
            let same = tied.iter().filter(|t| t.1 == Truth::SameSource).count() as u64;
            let mut pool = Pool { low: tied[0].0, high: tied[0].0, same, different: tied.len() as u64 - same };
            while let Some(last) = pools.last().copied()
                && not_below(&last, &pool)
            {
                pool = Pool {
                    low: last.low,
                    high: pool.high,
                    same: last.same + pool.same,
                    different: last.different + pool.different,
                };
                pools.pop();
            }
            pools.push(pool);
        }
        let (same, different) = pools.iter().fold((0, 0), |(s, d), p| (s + p.same, d + p.different));
        Self { pools, same, different }
    }

    /// The pools, ascending.
    #[must_use]
    pub fn pools(&self) -> &[Pool] {
        &self.pools
    }

    /// The value of a pool of this fit.
    #[must_use]
    pub fn value(&self, pool: &Pool) -> Log10Lr {
        // One division: (s·D)/(d·S) is exact in its parts, and 1 where the pool is as the whole.
        let odds = (pool.same as f64 * self.different as f64) / (pool.different as f64 * self.same as f64);
        Log10Lr(libm::log10(odds))
    }

    /// The value at a score; see the head of this module. NaN gives 0, which claims nothing.
    #[must_use]
    pub fn log10_lr(&self, score: f64) -> Log10Lr {
        if score.is_nan() {
            return Log10Lr(0.0);
        }
        // The first pool that does not lie wholly below.
        let at = self.pools.partition_point(|p| p.high < score);
        let value = |i: usize| self.pools.get(i).map(|p| self.value(p).0);
        let inside = self.pools.get(at).is_some_and(|p| p.low <= score);
        let found = match (at.checked_sub(1).and_then(value), value(at)) {
            (_, Some(here)) if inside => here,
            (Some(below), Some(above)) => below.max(0.0).min(above),
            (None, Some(end)) | (Some(end), None) => end,
            (None, None) => 0.0,
        };
        Log10Lr(found)
    }

    /// Whether what was read is what a fit can be: counts add up, pools ascend.
    pub(super) fn is_sound(&self) -> bool {
        let sums =
            self.pools.iter().try_fold((0u64, 0u64), |(s, d), p| Some((s.checked_add(p.same)?, d.checked_add(p.different)?)));
        sums == Some((self.same, self.different))
            && self.same > 0
            && self.different > 0
            && self.pools.iter().all(|p| p.low <= p.high && p.same.checked_add(p.different).is_some_and(|n| n > 0))
            && self.pools.windows(2).all(|w| w[0].high < w[1].low && !not_below(&w[0], &w[1]))
    }
}

/// Whether the share of same-source pairs in `a` is that of `b` or more.
fn not_below(a: &Pool, b: &Pool) -> bool {
    u128::from(a.same) * u128::from(b.different) >= u128::from(b.same) * u128::from(a.different)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Isotonic regression by its definition: the fit at i is max over j ≤ i of min over k ≥ i of the mean of j..=k.
    fn naive(values: &[(f64, u64, u64)]) -> Vec<f64> {
        let mean = |j: usize, k: usize| {
            let (s, n) = values[j..=k].iter().fold((0, 0), |(s, n), v| (s + v.1, n + v.1 + v.2));
            s as f64 / n as f64
        };
        let least = |j: usize, i: usize| (i..values.len()).map(|k| mean(j, k)).fold(f64::INFINITY, f64::min);
        (0..values.len()).map(|i| (0..=i).map(|j| least(j, i)).fold(0.0, f64::max)).collect()
    }

    fn scores(same: &[i32], different: &[i32]) -> Scores {
        let of = |all: &[i32]| all.iter().map(|s| f64::from(*s)).collect();
        Scores::new(of(same), of(different)).expect("finite")
    }

    #[test]
    fn by_hand() {
        let pav = Pav::fit(&scores(&[2, 4, 5], &[1, 3, 3]));
        let counts: Vec<_> = pav.pools().iter().map(|p| (p.low, p.high, p.same, p.different)).collect();
        assert_eq!(counts, [(1.0, 1.0, 0, 1), (2.0, 3.0, 1, 2), (4.0, 5.0, 2, 0)]);
        assert_eq!(pav.log10_lr(0.0).0, f64::NEG_INFINITY);
        assert_eq!(pav.log10_lr(2.5).0, libm::log10(0.5));
        assert_eq!(pav.log10_lr(3.5).0, 0.0, "a gap between −0.3 and infinity");
        assert_eq!(pav.log10_lr(1.5).0, libm::log10(0.5), "a gap below: the neighbour nearer to 0");
        assert_eq!(pav.log10_lr(9.0).0, f64::INFINITY);
        assert!(pav.is_sound());
    }

    #[test]
    fn planted_faults_are_not_sound() {
        let good = Pav::fit(&scores(&[2, 4, 5], &[1, 3, 3]));
        let mut bad = good.clone();
        bad.pools[1].same += 1;
        assert!(!bad.is_sound());
        let mut bad = good.clone();
        bad.pools.swap(0, 1);
        assert!(!bad.is_sound());
    }

    proptest! {
        #[test]
        fn equals_the_definition(same in prop::collection::vec(-8..8i32, 1..25), different in prop::collection::vec(-8..8i32, 1..25)) {
            let pav = Pav::fit(&scores(&same, &different));
            let count = |all: &[i32], x: i32| all.iter().filter(|s| **s == x).count() as u64;
            let tied: Vec<(f64, u64, u64)> = (-8..8)
                .map(|x| (f64::from(x), count(&same, x), count(&different, x)))
                .filter(|t| t.1 + t.2 > 0)
                .collect();
            for (share, (x, _, _)) in naive(&tied).into_iter().zip(&tied) {
                let pool = pav.pools().iter().find(|p| p.low <= *x && *x <= p.high).expect("every score is in a pool");
                prop_assert!((pool.same as f64 / (pool.same + pool.different) as f64 - share).abs() < 1e-12);
            }
            prop_assert!(pav.is_sound());
        }

        #[test]
        fn rises(same in prop::collection::vec(-8..8i32, 1..25), different in prop::collection::vec(-8..8i32, 1..25)) {
            let pav = Pav::fit(&scores(&same, &different));
            let all: Vec<f64> = (-40..40).map(|x| pav.log10_lr(f64::from(x) / 4.0).0).collect();
            prop_assert!(all.windows(2).all(|w| w[0] <= w[1]), "{:?}", all);
        }
    }
}
