//! Likelihood ratios from counts out of n, such as congruent matching cells: a beta-binomial distribution for each kind of pair.
//!
//! P(k | n, α, β) = C(n, k)·B(k+α, n−k+β)/B(α, β): binomial counts whose chance varies from pair to pair as a beta distribution (for counts of cells:
//! J. Song et al. 2018, doi:10.1016/j.forsciint.2017.12.013). LR = P_same/P_different; C(n, k) cancels. n may differ between pairs.
//!
//! Fitted by maximum likelihood over the mean μ = α/(α+β) and the size S = α+β. Rising factorials are written out, so that with A_j (B_j, C_j) pairs
//! that have k > j (n−k > j, n > j)
//!
//! ln L = Σⱼ A_j ln(α+j) + B_j ln(β+j) − C_j ln(S+j) + const,
//!
//! exactly, without gamma functions. For fixed S it is concave in μ, and halving finds its maximum; over ln S a grid and then golden sections. S stays
//! within 1e-3 … 1e6 (beyond, it is binomial), μ at least half a cell of all training cells from 0 and 1, so that no count is declared impossible.
//!
//! Not monotone in k by construction, and cells of one pair are not independent given its chance: give the model limits ([`super::bounds`]).

use super::Error;
use super::labelled::{Log10Lr, Truth};
use serde::{Deserialize, Serialize};

/// The largest n: work grows with it.
pub const MOST: u32 = 10_000;
const SIZES: (f64, f64) = (1e-3, 1e6);

/// `k` of `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub k: u32,
    pub n: u32,
}

impl Count {
    fn check(self, index: usize) -> Result<(), Error> {
        if self.n == 0 || self.n > MOST || self.k > self.n {
            return Err(Error::Count { k: self.k, n: self.n, index, most: MOST });
        }
        Ok(())
    }
}

/// One distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beta {
    pub alpha: f64,
    pub beta: f64,
}

impl Beta {
    /// ln P(k | n) without C(n, k).
    fn ln(self, count: Count) -> f64 {
        let rise = |x: f64, n: u32| (0..n).map(|j| libm::log(x + f64::from(j))).sum::<f64>();
        rise(self.alpha, count.k) + rise(self.beta, count.n - count.k) - rise(self.alpha + self.beta, count.n)
    }

    fn fit(counts: &[Count]) -> Self {
        let tally = Tally::of(counts);
        let at = |ln_size: f64| {
            let size = libm::exp(ln_size);
            let mean = tally.mean(size);
            (tally.ln(mean, size), mean, size)
        };
        let (low, high) = (libm::log(SIZES.0), libm::log(SIZES.1));
        let grid = 64;
        let place = |i: usize| low + (high - low) * i as f64 / f64::from(grid);
        let mut best = 0;
        let mut highest = f64::NEG_INFINITY;
        for i in 0..=grid as usize {
            let value = at(place(i)).0;
            if value > highest {
                (best, highest) = (i, value);
            }
        }
        let (mut from, mut to) = (place(best.saturating_sub(1)), place((best + 1).min(grid as usize)));
        let golden = 0.5 * (5f64.sqrt() - 1.0);
        for _ in 0..60 {
            let (a, b) = (to - golden * (to - from), from + golden * (to - from));
            if at(a).0 >= at(b).0 { to = b } else { from = a }
        }
        let (_, mean, size) = at(0.5 * (from + to));
        Self { alpha: mean * size, beta: (1.0 - mean) * size }
    }
}

/// How many pairs have k > j, n − k > j, n > j, for each j.
struct Tally {
    above: [Vec<f64>; 3],
    edge: f64,
}

impl Tally {
    fn of(counts: &[Count]) -> Self {
        let above = |of: fn(&Count) -> u32| {
            let most = counts.iter().map(of).max().unwrap_or(0) as usize;
            let mut all = vec![0.0; most];
            for count in counts {
                if let Some(last) = (of(count) as usize).checked_sub(1) {
                    all[last] += 1.0;
                }
            }
            for j in (1..most).rev() {
                all[j - 1] += all[j];
            }
            all
        };
        let cells: f64 = counts.iter().map(|c| f64::from(c.n)).sum();
        Self { above: [above(|c| c.k), above(|c| c.n - c.k), above(|c| c.n)], edge: 0.5 / (cells + 1.0) }
    }

    fn ln(&self, mean: f64, size: f64) -> f64 {
        let sum = |pairs: &[f64], x: f64| pairs.iter().enumerate().map(|(j, n)| n * libm::log(x + j as f64)).sum::<f64>();
        sum(&self.above[0], mean * size) + sum(&self.above[1], (1.0 - mean) * size) - sum(&self.above[2], size)
    }

    /// The best mean for a size: the slope falls, so halve.
    fn mean(&self, size: f64) -> f64 {
        let sum = |pairs: &[f64], x: f64| pairs.iter().enumerate().map(|(j, n)| n / (x + j as f64)).sum::<f64>();
        let (mut low, mut high) = (self.edge, 1.0 - self.edge);
        for _ in 0..54 {
            let mean = 0.5 * (low + high);
            let slope = sum(&self.above[0], mean * size) - sum(&self.above[1], (1.0 - mean) * size);
            if slope > 0.0 { low = mean } else { high = mean }
        }
        0.5 * (low + high)
    }
}

/// A fitted pair of distributions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BetaBinomial {
    pub same: Beta,
    pub different: Beta,
}

impl BetaBinomial {
    /// Fits counts of same-source and of different-source pairs.
    ///
    /// # Errors
    /// Where a kind is missing, or a count is not one of at most 10⁴.
    pub fn fit(same: &[Count], different: &[Count]) -> Result<Self, Error> {
        for (counts, truth) in [(same, Truth::SameSource), (different, Truth::DifferentSource)] {
            if counts.is_empty() {
                return Err(Error::NoPairs { what: "the counts", truth: truth.name() });
            }
            counts.iter().enumerate().try_for_each(|(i, c)| c.check(i))?;
        }
        Ok(Self { same: Beta::fit(same), different: Beta::fit(different) })
    }

    /// log10 LR of a count. O(n).
    ///
    /// # Errors
    /// For what is not a count.
    pub fn log10_lr(&self, count: Count) -> Result<Log10Lr, Error> {
        count.check(0)?;
        Ok(Log10Lr::from_ln(self.same.ln(count) - self.different.ln(count)))
    }

    pub(super) fn is_sound(&self) -> bool {
        [self.same.alpha, self.same.beta, self.different.alpha, self.different.beta].iter().all(|v| *v > 0.0 && v.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;

    fn simulated(alpha: u32, beta: u32, pairs: usize, purpose: &str) -> Vec<Count> {
        let mut stream = Stream::new(5, purpose, 0);
        let gamma = |shape: u32, stream: &mut Stream| -> f64 { (0..shape).map(|_| -libm::log(stream.uniform())).sum() };
        (0..pairs)
            .map(|i| {
                let (a, b) = (gamma(alpha, &mut stream), gamma(beta, &mut stream));
                let n = 20 + (i % 21) as u32;
                Count { k: (0..n).filter(|_| stream.uniform() < a / (a + b)).count() as u32, n }
            })
            .collect()
    }

    #[test]
    fn recovers_what_made_the_counts() {
        let fit = BetaBinomial::fit(&simulated(8, 3, 4000, "same"), &simulated(1, 12, 4000, "different")).expect("fits");
        let close = |got: Beta, a: f64, b: f64| {
            assert!((got.alpha / a - 1.0).abs() < 0.12 && (got.beta / b - 1.0).abs() < 0.12, "{got:?}");
        };
        close(fit.same, 8.0, 3.0);
        close(fit.different, 1.0, 12.0);
        assert!(fit.log10_lr(Count { k: 20, n: 30 }).expect("a count").0 > 1.0);
        assert!(fit.log10_lr(Count { k: 1, n: 30 }).expect("a count").0 < -1.0);
    }

    #[test]
    fn is_the_maximum_and_a_distribution() {
        let counts = simulated(2, 5, 50, "few");
        let fit = Beta::fit(&counts);
        let total = |b: Beta| counts.iter().map(|c| b.ln(*c)).sum::<f64>();
        for (da, db) in [(1e-3, 0.0), (-1e-3, 0.0), (0.0, 1e-3), (0.0, -1e-3), (1e-3, 1e-3)] {
            let near = Beta { alpha: fit.alpha * (1.0 + da), beta: fit.beta * (1.0 + db) };
            assert!(total(near) <= total(fit), "{near:?}");
        }
        // P sums to 1 over k, by gamma functions.
        let choose = |n: f64, k: f64| libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
        let sum: f64 = (0..=17).map(|k| (choose(17.0, f64::from(k)) + fit.ln(Count { k, n: 17 })).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }

    #[test]
    fn none_at_all_is_not_impossible() {
        let none = vec![Count { k: 0, n: 30 }; 40];
        let fit = BetaBinomial::fit(&simulated(8, 3, 40, "same"), &none).expect("fits");
        // Half a cell of 1200 (and one).
        let mean = fit.different.alpha / (fit.different.alpha + fit.different.beta);
        assert!((mean * 1201.0 / 0.5 - 1.0).abs() < 1e-9, "{mean}");
        let strong = fit.log10_lr(Count { k: 25, n: 30 }).expect("a count").0;
        assert!(strong > 3.0 && strong.is_finite(), "{strong}");
        assert!(BetaBinomial::fit(&none, &[Count { k: 3, n: 2 }]).expect_err("3 of 2").to_string().contains("3 of 2"));
        assert!(fit.log10_lr(Count { k: 0, n: 0 }).is_err());
    }
}
