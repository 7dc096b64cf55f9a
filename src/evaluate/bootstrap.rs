//! Intervals by drawing sources anew.
//!
//! Pairs that share a source are not independent: with n sources there are n·m/2 pairs but only n independent things. So
//! the **sources**
//! are drawn, n with replacement from n, never pairs: the cluster bootstrap, which estimates the variance
//! consistently under a random-effects model (Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x). A replicate is
//! the list of how often each source was drawn, its
//! multiplicity w; statistics weigh a same-source pair by w(a) and a different-source pair by w(a)·w(b), the product form of
//! Owen's pigeonhole bootstrap (2007, doi:10.1214/07-AOAS122). No bootstrap is exact for such data (McCullagh 2000, as
//! cited there).
//! Two copies of one source count neither as a same- nor as a different-source pair.
//!
//! The interval is that of percentiles: the (1 − level)/2 and (1 + level)/2 quantiles of the replicates, linear between order
//! statistics (type 7 of Hyndman & Fan, doi:10.1080/00031305.1996.10473566). It is as good as the sources are many and
//! typical; with fewer than about 20 it is too narrow, and close to a bound such as AUC = 1 it is rough. It knows nothing
//! of how sources came
//! into the data.
//!
//! Replicate r draws from the stream (seed, r) of its own, so that results do not depend on threads. Where the statistic
//! is undefined
//! (no same-source pair was drawn) the sources are drawn again from the same stream, and the draws thrown away are counted: the
//! interval then holds on condition that it is defined.

use rayon::prelude::*;

use super::Error;
use crate::draw::Stream;

/// Draws of one replicate before it is given up.
const MOST_DRAWS: u32 = 100;
/// Replicates that have to lie beyond either end of an interval.
const BEYOND: f64 = 5.0;

/// Checked settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    replicates: u32,
    seed: u64,
    level: f64,
}

/// A value and the interval around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Of the sources as they are, not the mean of the replicates.
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

/// Intervals of one or more statistics, and how they were made.
#[derive(Clone, Debug, PartialEq)]
pub struct Intervals {
    pub intervals: Vec<Interval>,
    pub sources: u32,
    pub settings: Bootstrap,
    /// Draws thrown away as the statistic was undefined.
    pub redrawn: u64,
}

impl Bootstrap {
    /// Intervals of `level` (such as 0.95) from so many replicates.
    ///
    /// # Errors
    /// For a level outside 0.5 to 0.999, more than 1,000,000 replicates, and fewer than put 5 beyond either end of the interval
    /// (200 for 0.95).
    pub fn new(replicates: u32, level: f64, seed: u64) -> Result<Self, Error> {
        if !(0.5..=0.999).contains(&level) {
            return Err(Error::Plan { what: "the level of an interval", got: level.to_string(), allowed: "0.5 to 0.999" });
        }
        if replicates > 1_000_000 || f64::from(replicates) * (1.0 - level) / 2.0 < BEYOND - 1e-9 {
            return Err(Error::Plan {
                what: "the number of bootstrap replicates",
                got: replicates.to_string(),
                allowed: "10/(1 − level) (200 for a level of 0.95) to 1000000; 1000 or more is sensible",
            });
        }
        Ok(Self { replicates, seed, level })
    }

    #[must_use]
    pub const fn replicates(&self) -> u32 {
        self.replicates
    }

    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    #[must_use]
    pub const fn level(&self) -> f64 {
        self.level
    }

    /// Intervals of what `statistic` gives for the weights of the sources, one a source: as many numbers each time, or
    /// nothing where it is undefined. A number that is not finite counts as undefined.
    ///
    /// # Errors
    /// For fewer than two sources, a statistic that is undefined for the sources as they are, and a replicate that stays
    /// undefined
    /// (or gives another number of values) in 100 draws.
    pub fn intervals<F>(&self, sources: u32, statistic: F) -> Result<Intervals, Error>
    where
        F: Fn(&[f64]) -> Option<Vec<f64>> + Sync,
    {
        if sources < 2 {
            let got = sources.to_string();
            return Err(Error::Plan {
                what: "the number of sources to draw from",
                got,
                allowed: "2 or more; 20 or more is sensible",
            });
        }
        let defined = |w: &[f64]| statistic(w).filter(|v| v.iter().all(|x| x.is_finite()));
        let estimates = defined(&vec![1.0; sources as usize]).ok_or(Error::Undefined { sources })?;
        let replicate = |weights: &mut Vec<f64>, r: u32| -> Result<(Vec<f64>, u32), Error> {
            let mut stream = Stream::new(self.seed, "bootstrap", u64::from(r));
            for redrawn in 0..MOST_DRAWS {
                draw(&mut stream, weights);
                if let Some(values) = defined(weights).filter(|v| v.len() == estimates.len()) {
                    return Ok((values, redrawn));
                }
            }
            Err(Error::Replicate { replicate: r, draws: MOST_DRAWS, sources })
        };
        let all: Vec<_> =
            (0..self.replicates).into_par_iter().map_init(|| vec![0.0; sources as usize], replicate).collect::<Result<_, _>>()?;
        let redrawn = all.iter().map(|(_, n)| u64::from(*n)).sum();
        let tail = (1.0 - self.level) / 2.0;
        let interval = |(i, estimate): (usize, f64)| {
            let mut values: Vec<f64> = all.iter().filter_map(|(v, _)| v.get(i).copied()).collect();
            values.sort_unstable_by(f64::total_cmp);
            Interval { estimate, low: quantile(&values, tail), high: quantile(&values, 1.0 - tail) }
        };
        let intervals = estimates.into_iter().enumerate().map(interval).collect();
        Ok(Intervals { intervals, sources, settings: *self, redrawn })
    }
}

/// How often each source comes in as many draws as there are sources.
fn draw(stream: &mut Stream, weights: &mut [f64]) {
    weights.fill(0.0);
    let n = weights.len();
    for _ in 0..n {
        let drawn = ((stream.uniform() * n as f64) as usize).min(n - 1);
        if let Some(w) = weights.get_mut(drawn) {
            *w += 1.0;
        }
    }
}

/// Linear between order statistics of sorted values.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = p * last as f64;
    let below = libm::floor(place);
    let at = |i: usize| sorted.get(i.min(last)).copied().unwrap_or(f64::NAN);
    let (a, b) = (at(below as usize), at(below as usize + 1));
    a + (b - a) * (place - below)
}

#[cfg(test)]
mod tests;
