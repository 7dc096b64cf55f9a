//! A likelihood-ratio model: how a score becomes a bounded log10 LR, and what must be said with it.
//!
//! A model is orientation, calibrator, limits and a [`Statement`]: the propositions, the population and the pairs it was trained on. A model whose
//! statement is not filled in is refused, so that no LR can be given without it. As JSON a model comes back bit for bit (numbers as the
//! shortest decimals that read back to the same f64); what is read is checked like what is made.
//!
//! Does not train (the calibrators do) and does not judge ([`super::validate`], [`mod@super::cllr`]).

use super::Error;
use super::bounds::{Bounded, Bounds};
use super::calibrator::{Calibrator, Evidence};
use super::statement::Statement;
use serde::{Deserialize, Serialize};

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// Which way scores point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Orientation {
    /// Similarities.
    LargerIsCloser,
    /// Distances: negated before the calibrator sees them.
    SmallerIsCloser,
}

impl Orientation {
    /// The score as calibrators take it: larger is closer.
    #[must_use]
    pub fn orient(self, score: f64) -> f64 {
        match self {
            Self::LargerIsCloser => score,
            Self::SmallerIsCloser => 0.0 - score,
        }
    }
}

/// A model that is complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct LrModel {
    format: u32,
    statement: Statement,
    orientation: Orientation,
    calibrator: Calibrator,
    bounds: Bounds,
}

/// A model as it was read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    format: u32,
    statement: Statement,
    orientation: Orientation,
    calibrator: Calibrator,
    bounds: Bounds,
}

impl TryFrom<Unchecked> for LrModel {
    type Error = Error;

    fn try_from(read: Unchecked) -> Result<Self, Error> {
        let Unchecked { format, statement, orientation, calibrator, bounds } = read;
        let model = Self { format, statement, orientation, calibrator, bounds };
        model.check()?;
        Ok(model)
    }
}

impl LrModel {
    /// Puts a model together.
    ///
    /// # Errors
    /// Where the statement leaves something out, limits or parameters are not finite, or a `pav` model that can give 0 or ∞ has no limit there.
    pub fn new(statement: Statement, orientation: Orientation, calibrator: Calibrator, bounds: Bounds) -> Result<Self, Error> {
        let model = Self { format: FORMAT, statement, orientation, calibrator, bounds };
        model.check()?;
        Ok(model)
    }

    fn check(&self) -> Result<(), Error> {
        self.statement.check()?;
        let refused = |reason: &str| Err(Error::Model { reason: reason.into() });
        if self.format != FORMAT {
            return refused(&format!("its format is {}, this program reads {FORMAT}", self.format));
        }
        if !self.bounds.is_sound() {
            return refused("its limits are not finite, or not on both sides of LR = 1");
        }
        if !self.calibrator.is_sound() {
            return refused("the parameters of its calibrator contradict each other");
        }
        let (zero, infinite) = self.calibrator.is_infinite();
        if (zero && self.bounds.lower.is_none()) || (infinite && self.bounds.upper.is_none()) {
            return Err(Error::Unlimited { model: self.calibrator.name() });
        }
        Ok(())
    }

    /// What must be said with every LR of this model.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    #[must_use]
    pub fn orientation(&self) -> Orientation {
        self.orientation
    }

    #[must_use]
    pub fn calibrator(&self) -> &Calibrator {
        &self.calibrator
    }

    #[must_use]
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// log10 LR, finite and within the limits, of a score as the metric gives it (distances not negated), or of other [`Evidence`].
    /// Orientation applies to one score; other evidence is taken as it is.
    ///
    /// # Errors
    /// As [`Calibrator::log10_lr`], and for evidence so extreme that its LR is infinite and not limited.
    pub fn log10_lr<'a>(&self, evidence: impl Into<Evidence<'a>>) -> Result<Bounded, Error> {
        let oriented = match evidence.into() {
            Evidence::Score(score) => Evidence::Score(self.orientation.orient(score)),
            other => other,
        };
        let bounded = self.bounds.apply(self.calibrator.log10_lr(oriented)?);
        if bounded.value.0.is_finite() { Ok(bounded) } else { Err(Error::Unlimited { model: self.calibrator.name() }) }
    }

    /// As JSON.
    ///
    /// # Errors
    /// For numbers that JSON cannot hold; a checked model has none.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(self).map_err(|e| Error::Model { reason: e.to_string() })
    }

    /// From JSON.
    ///
    /// # Errors
    /// For what is not a model of this format, or breaks a rule that [`Self::new`] keeps.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map_err(|e| Error::Model { reason: e.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::lr::two_level::{Kind, TwoLevel};
    use crate::evaluate::lr::{
        Bandwidth, BetaBinomial, Count, Kde, Limited, Log10Lr, Logistic, Pav, Scores, Transform, logistic,
    };

    fn statement() -> Statement {
        Statement {
            h1: "The two packages were pressed by one press.".into(),
            h2: "They were pressed by different presses.".into(),
            population: "simulated presses".into(),
            truth: "press".into(),
            score: "euclidean".into(),
            sources: 3,
            items: 7,
            same_pairs: 4,
            different_pairs: 5,
        }
    }

    fn scores() -> Scores {
        Scores::new(vec![-1.3, -0.2, -0.7, -2.2], vec![-3.1, -2.0, -1.7, -4.1, -0.9]).expect("finite")
    }

    fn calibrators() -> Vec<Calibrator> {
        let counts = |all: &[u32]| all.iter().map(|k| Count { k: *k, n: 30 }).collect::<Vec<_>>();
        vec![
            Calibrator::Kde(Kde::fit(&scores(), Bandwidth::Silverman, Transform::None).expect("fits")),
            Calibrator::Logistic(Logistic::fit(&scores(), logistic::Options::default()).expect("fits")),
            Calibrator::Pav(Pav::fit(&scores())),
            Calibrator::BetaBinomial(BetaBinomial::fit(&counts(&[20, 25, 17]), &counts(&[0, 1, 4])).expect("fits")),
            Calibrator::TwoLevel(
                TwoLevel::fit(Kind::Kernel, &[0.1, 0.2, 1.3, 1.1, 2.9, 3.1], 1, &[7, 7, 8, 8, 9, 9]).expect("fits"),
            ),
        ]
    }

    #[test]
    fn comes_back_bit_for_bit() {
        for calibrator in calibrators() {
            let bounds = Bounds::given(Log10Lr(-0.1), Log10Lr(1.0 / 3.0)).expect("sound");
            let model = LrModel::new(statement(), Orientation::SmallerIsCloser, calibrator, bounds).expect("complete");
            let json = model.to_json().expect("JSON");
            let back = LrModel::from_json(&json).expect("reads");
            assert_eq!(back, model);
            assert_eq!(back.to_json().expect("JSON"), json);
            let evidence = match model.calibrator().name() {
                "beta-binomial" => Evidence::Count(Count { k: 9, n: 31 }),
                "two-level" => Evidence::Measured { control: &[0.3, 0.4], recovered: &[0.45] },
                _ => 1.4.into(),
            };
            let bits = |m: &LrModel| m.calibrator().log10_lr(evidence).expect("in range").0.to_bits();
            assert_eq!(bits(&back), bits(&model));
        }
    }

    #[test]
    fn distances_are_turned_and_limits_named() {
        let logistic = calibrators().swap_remove(1);
        let bounds = Bounds::given(Log10Lr(-0.1), Log10Lr(0.2)).expect("sound");
        let model = LrModel::new(statement(), Orientation::SmallerIsCloser, logistic, bounds).expect("complete");
        let near = model.log10_lr(0.0).expect("finite");
        assert_eq!((near.value.0, near.limited), (0.2, Limited::Upper));
        assert_eq!(model.log10_lr(9.0).expect("finite").limited, Limited::Lower);
        let wrong = model.log10_lr(Count { k: 1, n: 2 }).expect_err("a count").to_string();
        assert!(wrong.contains("logistic model needs one score") && wrong.contains("1 of 2"), "{wrong}");
        assert!(model.log10_lr(f64::NAN).is_err() && model.log10_lr(f64::INFINITY).is_err());
    }

    #[test]
    fn incomplete_and_broken_models_are_refused() {
        let limits = Bounds::given(Log10Lr(-1.0), Log10Lr(1.0)).expect("sound");
        let make = |statement, calibrator| LrModel::new(statement, Orientation::LargerIsCloser, calibrator, limits);
        let pav = || Calibrator::Pav(Pav::fit(&scores()));
        let unsaid = make(Statement { h2: " ".into(), ..statement() }, pav());
        assert_eq!(unsaid, Err(Error::Unstated { what: "proposition H2" }));
        let unlimited = LrModel::new(statement(), Orientation::LargerIsCloser, pav(), Bounds::NONE);
        assert_eq!(unlimited, Err(Error::Unlimited { model: "pav" }));
        assert!(make(Statement { same_pairs: 0, ..statement() }, pav()).is_err());
        let json = make(statement(), pav()).and_then(|m| m.to_json()).expect("JSON");
        for (from, to) in
            [("\"format\": 1", "\"format\": 9"), ("\"same\": 1", "\"same\": 2"), ("\"h1\": \"The", "\"h1\": \"\", \"x\": \"The")]
        {
            assert!(json.contains(from), "{json}");
            assert!(matches!(LrModel::from_json(&json.replacen(from, to, 1)), Err(Error::Model { .. })), "{to}");
        }
    }
}
