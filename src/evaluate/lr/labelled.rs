//! Numbers of pairs whose truth is known: scores, or log10 likelihood ratios.

use super::Error;
use serde::{Deserialize, Serialize};

/// log10 of a likelihood ratio: positive supports H1 (same source), negative H2. May be ±infinite, never NaN.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Log10Lr(pub f64);

impl Log10Lr {
    /// From a natural logarithm.
    #[must_use]
    pub fn from_ln(ln_lr: f64) -> Self {
        Self(ln_lr / std::f64::consts::LN_10)
    }

    /// The natural logarithm.
    #[must_use]
    pub fn ln(self) -> f64 {
        self.0 * std::f64::consts::LN_10
    }

    /// The likelihood ratio itself: 0 or infinity beyond what f64 holds.
    #[must_use]
    pub fn lr(self) -> f64 {
        libm::exp10(self.0)
    }
}

/// What is known of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Truth {
    DifferentSource,
    SameSource,
}

impl Truth {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DifferentSource => "different-source",
            Self::SameSource => "same-source",
        }
    }
}

/// Numbers of pairs of both kinds; neither kind is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled<T> {
    same: Vec<T>,
    different: Vec<T>,
}

/// Scores, finite, larger = closer (distances come negated).
pub type Scores = Labelled<f64>;
/// log10 likelihood ratios; ±infinite allowed.
pub type Lrs = Labelled<Log10Lr>;

impl<T: Copy> Labelled<T> {
    /// Those of pairs of one source.
    #[must_use]
    pub fn same(&self) -> &[T] {
        &self.same
    }

    /// Those of pairs of different sources.
    #[must_use]
    pub fn different(&self) -> &[T] {
        &self.different
    }
}

impl Labelled<f64> {
    /// Scores of same-source and of different-source pairs.
    ///
    /// # Errors
    /// Where a kind is missing or a score is not finite.
    pub fn new(same: Vec<f64>, different: Vec<f64>) -> Result<Self, Error> {
        let what = "the scores";
        check(&same, &different, what)?;
        for (name, all) in [("same-source scores", &same), ("different-source scores", &different)] {
            if let Some(index) = all.iter().position(|s| !s.is_finite()) {
                return Err(Error::Value { what: name, index, got: all[index], allowed: "finite numbers" });
            }
        }
        Ok(Self { same, different })
    }
}

impl Labelled<Log10Lr> {
    /// log10 likelihood ratios of same-source and of different-source pairs.
    ///
    /// # Errors
    /// Where a kind is missing or a number is NaN.
    pub fn new(same: Vec<Log10Lr>, different: Vec<Log10Lr>) -> Result<Self, Error> {
        check(&same, &different, "the likelihood ratios")?;
        for (name, all) in [("same-source log10 LRs", &same), ("different-source log10 LRs", &different)] {
            if let Some(index) = all.iter().position(|l| l.0.is_nan()) {
                return Err(Error::Value { what: name, index, got: f64::NAN, allowed: "numbers, infinite ones included" });
            }
        }
        Ok(Self { same, different })
    }

    /// The same of plain numbers.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_log10(same: &[f64], different: &[f64]) -> Result<Self, Error> {
        let wrap = |all: &[f64]| all.iter().map(|l| Log10Lr(*l)).collect();
        Self::new(wrap(same), wrap(different))
    }

    /// Numbers with their truth, ascending; within equal numbers, those of different sources first.
    pub(super) fn sorted(&self) -> Vec<(f64, Truth)> {
        sorted(self.same.iter().map(|l| l.0), self.different.iter().map(|l| l.0))
    }
}

/// Numbers with their truth, ascending.
pub(super) fn sorted(same: impl Iterator<Item = f64>, different: impl Iterator<Item = f64>) -> Vec<(f64, Truth)> {
    // −0 and 0 are one number.
    let same = same.map(|s| (s + 0.0, Truth::SameSource));
    let mut all: Vec<(f64, Truth)> = different.map(|s| (s + 0.0, Truth::DifferentSource)).chain(same).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

fn check<T>(same: &[T], different: &[T], what: &'static str) -> Result<(), Error> {
    for (all, truth) in [(same, Truth::SameSource), (different, Truth::DifferentSource)] {
        if all.is_empty() {
            return Err(Error::NoPairs { what, truth: truth.name() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_numbers_are_refused_by_name_and_place() {
        assert_eq!(Scores::new(vec![], vec![1.0]), Err(Error::NoPairs { what: "the scores", truth: "same-source" }));
        let refused = Scores::new(vec![1.0, f64::INFINITY], vec![1.0]).expect_err("infinite");
        assert!(refused.to_string().contains("same-source scores, number 1"), "{refused}");
        assert!(Lrs::of_log10(&[f64::INFINITY], &[f64::NEG_INFINITY]).is_ok());
        assert!(Lrs::of_log10(&[0.0], &[f64::NAN]).is_err());
    }

    #[test]
    fn minus_zero_is_zero() {
        let all = sorted([0.0].into_iter(), [-0.0].into_iter());
        assert_eq!(all[0].0.to_bits(), all[1].0.to_bits());
    }
}
