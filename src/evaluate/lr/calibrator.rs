//! Evidence of a pair, and what turns it into a log10 LR.
//!
//! Each calibrator takes one kind of [`Evidence`], oriented (larger is closer), and refuses the others by name.

use super::Error;
use super::beta_binomial::{BetaBinomial, Count};
use super::kde::Kde;
use super::labelled::Log10Lr;
use super::logistic::Logistic;
use super::pav::Pav;
use super::two_level::TwoLevel;
use serde::{Deserialize, Serialize};

/// What was observed of a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Evidence<'a> {
    Score(f64),
    /// Scores (or log10 LRs) of several modalities, in the order of training.
    Row(&'a [f64]),
    Count(Count),
    /// Repeated measurements, row-major.
    Measured {
        control: &'a [f64],
        recovered: &'a [f64],
    },
}

impl From<f64> for Evidence<'_> {
    fn from(score: f64) -> Self {
        Self::Score(score)
    }
}

impl<'a> From<&'a [f64]> for Evidence<'a> {
    fn from(row: &'a [f64]) -> Self {
        Self::Row(row)
    }
}

impl From<Count> for Evidence<'_> {
    fn from(count: Count) -> Self {
        Self::Count(count)
    }
}

impl Evidence<'_> {
    fn describe(self) -> String {
        match self {
            Self::Score(_) => "one score".into(),
            Self::Row(row) => format!("a row of {} scores", row.len()),
            Self::Count(count) => format!("a count, {} of {}", count.k, count.n),
            Self::Measured { .. } => "measurements of two items".into(),
        }
    }
}

/// How evidence becomes a log10 LR, without limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calibrator {
    Kde(Kde),
    Logistic(Logistic),
    Pav(Pav),
    BetaBinomial(BetaBinomial),
    TwoLevel(TwoLevel),
}

impl Calibrator {
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Kde(_) => "kde",
            Self::Logistic(_) => "logistic",
            Self::Pav(_) => "pav",
            Self::BetaBinomial(_) => "beta-binomial",
            Self::TwoLevel(_) => "two-level",
        }
    }

    /// log10 LR of evidence that is oriented: larger is closer.
    ///
    /// # Errors
    /// For evidence of another kind than was trained on, and what is not finite or in range.
    pub fn log10_lr(&self, evidence: Evidence) -> Result<Log10Lr, Error> {
        match (self, evidence) {
            (Self::Kde(kde), Evidence::Score(score)) => kde.log10_lr(score),
            (Self::Logistic(line), Evidence::Score(score)) => line.log10_lr(&[score]),
            (Self::Logistic(line), Evidence::Row(row)) => line.log10_lr(row),
            (Self::Pav(pav), Evidence::Score(score)) if score.is_finite() => Ok(pav.log10_lr(score)),
            (Self::Pav(_), Evidence::Score(got)) => {
                Err(Error::Value { what: "a score", index: 0, got, allowed: "finite numbers" })
            }
            (Self::BetaBinomial(counts), Evidence::Count(count)) => counts.log10_lr(count),
            (Self::TwoLevel(model), Evidence::Measured { control, recovered }) => model.log10_lr(control, recovered),
            (model, got) => Err(Error::Evidence { model: model.name(), needs: model.needs(), got: got.describe() }),
        }
    }

    fn needs(&self) -> String {
        match self {
            Self::Kde(_) | Self::Pav(_) => "one score".into(),
            Self::Logistic(line) if line.columns() == 1 => "one score".into(),
            Self::Logistic(line) => format!("a row of {} scores", line.columns()),
            Self::BetaBinomial(_) => "a count k of n".into(),
            Self::TwoLevel(model) => format!("measurements of two items, rows of {} numbers", model.moments().columns()),
        }
    }

    /// Whether an LR of 0, and of ∞, can come out.
    pub(super) fn is_infinite(&self) -> (bool, bool) {
        match self {
            Self::Pav(pav) => {
                let end = |pool: Option<&super::pav::Pool>| pool.is_some_and(|p| pav.value(p).0.is_infinite());
                (end(pav.pools().first()), end(pav.pools().last()))
            }
            _ => (false, false),
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Kde(kde) => kde.is_sound(),
            Self::Logistic(line) => line.is_sound(),
            Self::Pav(pav) => pav.is_sound(),
            Self::BetaBinomial(counts) => counts.is_sound(),
            Self::TwoLevel(model) => model.is_sound(),
        }
    }
}
