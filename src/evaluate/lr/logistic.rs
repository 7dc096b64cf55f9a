//! Logistic regression: log10 LR as a straight line of a score, or as a weighted sum of several (fusion).
//!
//! ln LR = a + Σⱼ bⱼ·xⱼ. With prior π for H1 and η = ln(π/(1−π)), (a, b) is the minimum of
//!
//! π·mean over same-source pairs of ln(1 + e^−(ln LR + η)) + (1−π)·mean over different-source pairs of ln(1 + e^(ln LR + η)) + ½·ridge·Σ (sⱼbⱼ)²
//!
//! (N. Brümmer, J. du Preez 2006, doi:10.1016/j.csl.2005.08.001; fusion: S. Pigeon et al. 2000, doi:10.1006/dspr.1999.0358), sⱼ being the
//! standard deviation of column j over all pairs. Both kinds of pairs have the weight that π says, whatever their numbers; at π = ½ the first two
//! terms are Cllr·ln 2. Columns for fusion are log10 LRs of several modalities for the same pair; then log10 LR = a/ln 10 + Σ (bⱼ/ln 10)·log10 LRⱼ, and
//! bⱼ/ln 10 says how much of a modality's evidence counts beside the others: 1 each where they are independent and calibrated.
//!
//! The function is convex. Newton's method with step halving on standardised columns, from 0, until the Newton decrement is below 1e-14 (at most
//! 100 steps): plain f64, the same on every machine.
//!
//! **Separable pairs** (all same-source pairs on one side of a line) have no solution without a ridge: refused, with advice. With a
//! ridge they have one, whose strength is the ridge's choice, not the data's.

use super::Error;
use super::cholesky::Cholesky;
use super::labelled::{Log10Lr, Scores};
use serde::{Deserialize, Serialize};

const STEPS: usize = 100;

/// How to fit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Prior probability of H1 that the fit is weighted for, 0 … 1 exclusive.
    pub prior: f64,
    /// 0 for none.
    pub ridge: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { prior: 0.5, ridge: 0.0 }
    }
}

/// A fitted line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    options: Options,
    /// Of ln LR.
    intercept: f64,
    slopes: Vec<f64>,
}

impl Logistic {
    /// Fits scores.
    ///
    /// # Errors
    /// For options out of range, separable scores without a ridge, and scores that fall where evidence for one source rises.
    pub fn fit(scores: &Scores, options: Options) -> Result<Self, Error> {
        let fitted = Self::fit_columns(scores.same(), scores.different(), 1, options)?;
        let slope = fitted.slopes.first().copied().unwrap_or(0.0);
        if slope > 0.0 { Ok(fitted) } else { Err(Error::Orientation { slope }) }
    }

    /// Fits rows of `columns` numbers each (row-major), those of same-source and those of different-source pairs.
    ///
    /// # Errors
    /// For numbers that are not finite or do not make rows, columns that depend on each other, and as [`Self::fit`]; slopes may be negative.
    pub fn fit_columns(same: &[f64], different: &[f64], columns: usize, options: Options) -> Result<Self, Error> {
        let Options { prior, ridge } = options;
        if !(prior > 0.0 && prior < 1.0) {
            return Err(Error::Option { what: "the prior", got: prior.to_string(), allowed: "numbers between 0 and 1" });
        }
        if !(ridge >= 0.0 && ridge.is_finite()) {
            return Err(Error::Option { what: "the ridge", got: ridge.to_string(), allowed: "0 and positive numbers" });
        }
        for (what, all) in [("same-source rows", same), ("different-source rows", different)] {
            if columns == 0 || all.is_empty() || !all.len().is_multiple_of(columns) {
                return Err(Error::Shape { what, got: all.len(), columns });
            }
            if let Some(index) = all.iter().position(|x| !x.is_finite()) {
                return Err(Error::Value { what, index: index / columns, got: all[index], allowed: "finite numbers" });
            }
        }
        let moments: Vec<(f64, f64)> = (0..columns).map(|j| moments(same, different, columns, j)).collect();
        if moments.iter().any(|m| m.1 == 0.0) {
            return Err(Error::Singular { what: "the covariance of the scores", columns });
        }
        let rows: Vec<Row> = [(same, true), (different, false)]
            .into_iter()
            .flat_map(|(all, is_same)| {
                let share = if is_same { prior } else { 1.0 - prior };
                let weight = share / (all.len() / columns) as f64;
                all.chunks(columns).map(move |row| (row, is_same, weight))
            })
            .map(|(row, is_same, weight)| {
                let scaled = row.iter().zip(&moments).map(|(x, (mean, deviation))| (x - mean) / deviation);
                Row { x: std::iter::once(1.0).chain(scaled).collect(), is_same, weight }
            })
            .collect();
        let b = newton(&rows, ridge)?;
        let slopes: Vec<f64> = b[1..].iter().zip(&moments).map(|(b, m)| b / m.1).collect();
        let shift: f64 = slopes.iter().zip(&moments).map(|(b, m)| b * m.0).sum();
        Ok(Self { options, intercept: b[0] - shift - libm::log(prior / (1.0 - prior)), slopes })
    }

    /// What is added, in log10 LR, and the factor of each column, in log10 LR per unit.
    #[must_use]
    pub fn line(&self) -> (f64, Vec<f64>) {
        let log10 = |ln: f64| Log10Lr::from_ln(ln).0;
        (log10(self.intercept), self.slopes.iter().map(|b| log10(*b)).collect())
    }

    /// Columns of a row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.slopes.len()
    }

    /// log10 LR of a row.
    ///
    /// # Errors
    /// For another number of columns, or numbers that are not finite.
    pub fn log10_lr(&self, row: &[f64]) -> Result<Log10Lr, Error> {
        if row.len() != self.slopes.len() {
            return Err(Error::Shape { what: "a row of scores", got: row.len(), columns: self.slopes.len() });
        }
        if let Some(index) = row.iter().position(|x| !x.is_finite()) {
            return Err(Error::Value { what: "a score", index, got: row[index], allowed: "finite numbers" });
        }
        Ok(Log10Lr::from_ln(row.iter().zip(&self.slopes).fold(self.intercept, |sum, (x, b)| sum + x * b)))
    }

    pub(super) fn is_sound(&self) -> bool {
        self.intercept.is_finite() && !self.slopes.is_empty() && self.slopes.iter().all(|b| b.is_finite())
    }
}

/// A standardised row with 1 before it.
struct Row {
    x: Vec<f64>,
    is_same: bool,
    weight: f64,
}

impl Row {
    fn at(&self, b: &[f64]) -> f64 {
        self.x.iter().zip(b).map(|(x, b)| x * b).sum()
    }
}

fn moments(same: &[f64], different: &[f64], columns: usize, j: usize) -> (f64, f64) {
    let column = || same.iter().chain(different).skip(j).step_by(columns);
    let n = ((same.len() + different.len()) / columns) as f64;
    let mean = column().sum::<f64>() / n;
    let squares: f64 = column().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / n).sqrt())
}

/// The minimum, on standardised columns.
fn newton(rows: &[Row], ridge: f64) -> Result<Vec<f64>, Error> {
    let p = rows.first().map_or(0, |r| r.x.len());
    let cost = |b: &[f64]| {
        let pairs = rows.iter().map(|r| {
            let t = if r.is_same { -r.at(b) } else { r.at(b) };
            r.weight * (t.max(0.0) + libm::log1p(libm::exp(-t.abs())))
        });
        pairs.sum::<f64>() + 0.5 * ridge * b[1..].iter().map(|v| v * v).sum::<f64>()
    };
    let mut b = vec![0.0; p];
    let mut now = cost(&b);
    for _ in 0..STEPS {
        let (mut slope, mut curve) = (vec![0.0; p], vec![0.0; p * p]);
        for row in rows {
            let share = 1.0 / (1.0 + libm::exp(-row.at(&b)));
            let (pull, bend) = (row.weight * (share - f64::from(u8::from(row.is_same))), row.weight * share * (1.0 - share));
            for i in 0..p {
                slope[i] += pull * row.x[i];
                for j in 0..=i {
                    curve[i * p + j] += bend * row.x[i] * row.x[j];
                }
            }
        }
        for i in 1..p {
            slope[i] += ridge * b[i];
            curve[i * p + i] += ridge;
        }
        if ridge == 0.0 && separates(rows, &b) {
            return Err(Error::Separable);
        }
        let factor = Cholesky::new(&curve, p).ok_or(Error::Singular { what: "the covariance of the scores", columns: p - 1 })?;
        let mut step = slope.clone();
        factor.solve(&mut step);
        let decrement: f64 = slope.iter().zip(&step).map(|(s, t)| s * t).sum();
        if decrement < 1e-14 {
            return Ok(b);
        }
        let mut length = 1.0;
        let (next, then) = loop {
            let next: Vec<f64> = b.iter().zip(&step).map(|(b, s)| b - length * s).collect();
            let then = cost(&next);
            // Armijo's condition; the last bits of the cost may no longer fall.
            if then <= now - 1e-4 * length * decrement || length < 1e-10 {
                break (next, then);
            }
            length *= 0.5;
        };
        if length < 1e-10 {
            return if decrement < 1e-9 { Ok(b) } else { Err(Error::NotConverged { what: "logistic regression", steps: STEPS }) };
        }
        (b, now) = (next, then);
    }
    Err(Error::NotConverged { what: "logistic regression", steps: STEPS })
}

/// Whether `b` proves that no solution exists: no different-source pair above any same-source pair, and not all at one place.
fn separates(rows: &[Row], b: &[f64]) -> bool {
    let values = |same: bool| rows.iter().filter(move |r| r.is_same == same).map(|r| r.at(b));
    let least = |same| values(same).fold(f64::INFINITY, f64::min);
    let most = |same| values(same).fold(f64::NEG_INFINITY, f64::max);
    b[1..].iter().any(|v| *v != 0.0) && least(true) >= most(false) && most(true) > least(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;
    use proptest::prelude::*;

    fn normal(n: usize, mean: f64, purpose: &str) -> Vec<f64> {
        let mut stream = Stream::new(3, purpose, 0);
        (0..n).map(|_| mean + stream.normal()).collect()
    }

    #[test]
    fn recovers_what_made_the_scores() {
        // N(±1, 1): ln LR = 2x, whatever the numbers of pairs.
        let scores = Scores::new(normal(4000, 1.0, "same"), normal(20_000, -1.0, "different")).expect("finite");
        for prior in [0.5, 0.2] {
            let (a, b) = Logistic::fit(&scores, Options { prior, ridge: 0.0 }).expect("fits").line();
            let (a, b) = (a * std::f64::consts::LN_10, b[0] * std::f64::consts::LN_10);
            assert!(a.abs() < 0.1 && (b - 2.0).abs() < 0.1, "{a} {b}");
        }
    }

    #[test]
    fn is_stationary() {
        // The gradient by its definition, on the scale of the data.
        let (same, different) = (normal(60, 1.0, "same"), normal(90, 0.0, "different"));
        let prior = 0.3;
        let fit = Logistic::fit(&Scores::new(same.clone(), different.clone()).expect("finite"), Options { prior, ridge: 0.0 })
            .expect("fits");
        let eta = f64::ln(prior / (1.0 - prior));
        let share = |x: &f64| 1.0 / (1.0 + (-(fit.intercept + fit.slopes[0] * x + eta)).exp());
        for power in [0, 1] {
            let up: f64 = same.iter().map(|x| (1.0 - share(x)) * x.powi(power)).sum::<f64>() / same.len() as f64;
            let down: f64 = different.iter().map(|x| share(x) * x.powi(power)).sum::<f64>() / different.len() as f64;
            assert!((prior * up - (1.0 - prior) * down).abs() < 1e-9, "{power}");
        }
    }

    #[test]
    fn separable_is_refused_and_a_ridge_helps() {
        let scores = Scores::new(vec![3.0, 4.0, 5.0], vec![0.0, 1.0, 2.0, 3.0]).expect("finite");
        assert_eq!(Logistic::fit(&scores, Options::default()), Err(Error::Separable), "touching in one score");
        let fit = Logistic::fit(&scores, Options { ridge: 1e-3, ..Options::default() }).expect("fits");
        assert!(fit.log10_lr(&[4.0]).expect("finite").0 > 0.5);
        let turned = Scores::new(vec![0.0, 1.0, 2.5], vec![2.0, 3.0, 4.0]).expect("finite");
        assert!(matches!(Logistic::fit(&turned, Options::default()), Err(Error::Orientation { .. })));
    }

    #[test]
    fn fusion_adds_what_is_independent_and_does_not_count_twice() {
        let n = 4000;
        let column = |name: &str, mean| normal(n, mean, name);
        // Two independent modalities, each with log10 LR = 2x/ln 10.
        let scale = 2.0 / std::f64::consts::LN_10;
        let rows = |a: &[f64], b: &[f64]| a.iter().zip(b).flat_map(|(a, b)| [a * scale, b * scale]).collect::<Vec<_>>();
        let same = rows(&column("same a", 1.0), &column("same b", 1.0));
        let different = rows(&column("different a", -1.0), &column("different b", -1.0));
        let (a, b) = Logistic::fit_columns(&same, &different, 2, Options::default()).expect("fits").line();
        assert!(a.abs() < 0.1 && (b[0] - 1.0).abs() < 0.1 && (b[1] - 1.0).abs() < 0.1, "{a} {b:?}");
        // One modality given twice: columns depend on each other.
        let twice = |all: &[f64]| all.iter().step_by(2).flat_map(|x| [*x, *x]).collect::<Vec<_>>();
        let refused = Logistic::fit_columns(&twice(&same), &twice(&different), 2, Options::default());
        assert!(matches!(refused, Err(Error::Singular { .. })), "{refused:?}");
    }

    proptest! {
        #[test]
        fn rises(same in prop::collection::vec(-2.0..4.0f64, 2..30), different in prop::collection::vec(-4.0..2.0f64, 2..30)) {
            if let Ok(fit) = Logistic::fit(&Scores::new(same, different).expect("finite"), Options { ridge: 1e-3, ..Options::default() }) {
                let all: Vec<f64> = (-20..20).map(|x| fit.log10_lr(&[f64::from(x)]).expect("finite").0).collect();
                prop_assert!(all.windows(2).all(|w| w[0] <= w[1]));
            }
        }
    }
}
