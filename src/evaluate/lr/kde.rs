//! Likelihood ratios from kernel densities of scores.
//!
//! LR(s) = f_same(s)/f_different(s), f(s) = 1/(m·h·√2π) Σᵢ exp(−½((s − sᵢ)/h)²), one width h for each kind by a rule of [`super::bandwidth`].
//! Scores in a closed range may first be mapped to the line: `logit01` ln(s/(1−s)) from 0 … 1, `logit11` ln((1+s)/(1−s)) from −1 … 1; what is
//! nearer than 1e-9 of the range to an end is taken to be there. (The map's derivative cancels in LR.)
//!
//! Sums are of logarithms relative to the largest term, so that far tails neither underflow nor give NaN. A score costs O(log m) and
//! one exponential for each training score whose term does not underflow beside the largest one: at most all m. The result is that of the
//! full sum, to the bit.
//!
//! Beyond the training scores only tails are left, of which the wider kernel wins whatever the truth: a perfect score would support different
//! sources, limits would not mend that, and no figure of quality would show it, since no pair lies there. So a score below the least or above the greatest
//! training score (of either kind) has the ratio of that one, as with PAV. Between them the ratio need not be monotone; give the model limits ([`super::bounds`]).

use super::Error;
use super::bandwidth::Bandwidth;
use super::labelled::{Log10Lr, Scores, Truth};
use serde::{Deserialize, Serialize};

/// A map of scores to the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transform {
    #[default]
    None,
    /// From 0 … 1.
    Logit01,
    /// From −1 … 1.
    Logit11,
}

impl Transform {
    fn apply(self, score: f64, what: &'static str, index: usize) -> Result<f64, Error> {
        let (low, allowed) = match self {
            Self::None if score.is_finite() => return Ok(score),
            Self::None => return Err(Error::Value { what, index, got: score, allowed: "finite numbers" }),
            Self::Logit01 => (0.0, "0 to 1"),
            Self::Logit11 => (-1.0, "-1 to 1"),
        };
        if !(low..=1.0).contains(&score) {
            return Err(Error::Value { what, index, got: score, allowed });
        }
        let least = 1e-9 * (1.0 - low);
        Ok(libm::log((score - low).max(least) / (1.0 - score).max(least)))
    }
}

/// Kernels at training scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Density {
    /// Ascending, transformed.
    centres: Vec<f64>,
    width: f64,
}

impl Density {
    fn fit(scores: &[f64], truth: Truth, bandwidth: Bandwidth, transform: Transform) -> Result<Self, Error> {
        let what = match truth {
            Truth::SameSource => "same-source scores",
            Truth::DifferentSource => "different-source scores",
        };
        let mapped = scores.iter().enumerate().map(|(i, s)| transform.apply(*s, what, i));
        let mut centres = mapped.collect::<Result<Vec<f64>, Error>>()?;
        centres.sort_by(f64::total_cmp);
        let width = bandwidth.of_scores(&centres, truth)?;
        Ok(Self { centres, width })
    }

    /// ln f(x).
    fn ln(&self, x: f64) -> f64 {
        let z = |c: f64| (x - c) / self.width;
        let at = self.centres.partition_point(|c| *c < x);
        let near = self.centres[at.saturating_sub(1)..(at + 1).min(self.centres.len())].iter().map(|c| z(*c).abs());
        let nearest = near.fold(f64::INFINITY, f64::min);
        // exp is exactly 0 below −746: terms farther out add nothing to a sum that is 1 or more.
        let reach = (nearest * nearest + 2.0 * 746.0).sqrt() * (1.0 + 1e-12);
        let from = self.centres.partition_point(|c| z(*c) > reach);
        let to = self.centres.partition_point(|c| z(*c) >= -reach);
        // (a² − b²)/2 as a product: no overflow where both are huge.
        let term = |c: &f64| libm::exp(0.5 * (nearest - z(*c).abs()) * (nearest + z(*c).abs()));
        let sum: f64 = self.centres[from..to].iter().map(term).sum();
        let scale = self.centres.len() as f64 * self.width * (2.0 * std::f64::consts::PI).sqrt();
        libm::log(sum) - 0.5 * nearest * nearest - libm::log(scale)
    }

    fn is_sound(&self) -> bool {
        self.width > 0.0
            && self.width.is_finite()
            && !self.centres.is_empty()
            && self.centres.iter().all(|c| c.is_finite())
            && self.centres.is_sorted()
    }
}

/// A fitted pair of densities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kde {
    transform: Transform,
    bandwidth: Bandwidth,
    same: Density,
    different: Density,
}

impl Kde {
    /// Fits scores.
    ///
    /// # Errors
    /// For scores outside the range of the transform, and scores without spread where the width follows from it.
    pub fn fit(scores: &Scores, bandwidth: Bandwidth, transform: Transform) -> Result<Self, Error> {
        let same = Density::fit(scores.same(), Truth::SameSource, bandwidth, transform)?;
        let different = Density::fit(scores.different(), Truth::DifferentSource, bandwidth, transform)?;
        Ok(Self { transform, bandwidth, same, different })
    }

    /// Widths of the kernels of same-source and of different-source scores, in the unit of the transformed score.
    #[must_use]
    pub fn widths(&self) -> (f64, f64) {
        (self.same.width, self.different.width)
    }

    /// log10 LR of a score; beyond the training scores, that of the nearest one of them. Finite unless training scores lie some 1e150 widths apart.
    ///
    /// # Errors
    /// For a score that is not finite or outside the transform's range.
    pub fn log10_lr(&self, score: f64) -> Result<Log10Lr, Error> {
        let (least, greatest) = self.range();
        let x = self.transform.apply(score, "a score", 0)?.clamp(least, greatest);
        let ln = self.same.ln(x) - self.different.ln(x);
        Ok(Log10Lr::from_ln(if ln.is_nan() { 0.0 } else { ln }))
    }

    /// The least and the greatest training score, transformed.
    fn range(&self) -> (f64, f64) {
        let ends = |of: &Density| (of.centres.first().copied(), of.centres.last().copied());
        let ((a, b), (c, d)) = (ends(&self.same), ends(&self.different));
        let least = a.into_iter().chain(c).fold(f64::INFINITY, f64::min);
        let greatest = b.into_iter().chain(d).fold(f64::NEG_INFINITY, f64::max);
        // Neither kind is empty, so that there are ends; without them nothing is cut.
        if least <= greatest { (least, greatest) } else { (f64::NEG_INFINITY, f64::INFINITY) }
    }

    /// Densities (same, different) at a score, on the transformed scale; for pictures.
    ///
    /// # Errors
    /// As [`Self::log10_lr`].
    pub fn densities(&self, score: f64) -> Result<(f64, f64), Error> {
        let x = self.transform.apply(score, "a score", 0)?;
        Ok((libm::exp(self.same.ln(x)), libm::exp(self.different.ln(x))))
    }

    pub(super) fn is_sound(&self) -> bool {
        self.same.is_sound() && self.different.is_sound()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(scores: &[f64], h: f64, x: f64) -> f64 {
        let sum: f64 = scores.iter().map(|s| (-0.5 * ((x - s) / h) * ((x - s) / h)).exp()).sum();
        sum / (scores.len() as f64 * h * (2.0 * std::f64::consts::PI).sqrt())
    }

    #[test]
    fn tails_do_not_break() {
        let scores = Scores::new(vec![3.0, 4.0, 5.0, 5.5], vec![0.0, 0.5, 1.0]).expect("finite");
        let kde = Kde::fit(&scores, Bandwidth::Fixed(0.1), Transform::None).expect("fits");
        for x in [-1e6, -50.0, 2.0, 60.0, 1e6] {
            assert!(kde.log10_lr(x).expect("finite").0.is_finite(), "{x}");
        }
        // One kernel each side decides: ((x−1)² − (x−3)²)/2h², and ¾ for the numbers of kernels.
        let got = kde.log10_lr(2.2).expect("finite").0;
        let expected = (1.2f64.powi(2) - 0.8f64.powi(2)) / 0.02 / std::f64::consts::LN_10 + 0.75f64.log10();
        assert!((got - expected).abs() < 1e-9, "{got} {expected}");
        assert!(!kde.log10_lr(1e300).expect("finite").0.is_nan());
    }

    #[test]
    fn a_perfect_score_never_supports_different_sources() {
        // Different-source scores are spread wider, so that their tail wins at the right end.
        let same = (0..60).map(|i| 0.7 + 0.004 * f64::from(i)).collect();
        let different = (0..60).map(|i| 0.012 * f64::from(i)).collect();
        let kde = Kde::fit(&Scores::new(same, different).expect("finite"), Bandwidth::Silverman, Transform::None).expect("fits");
        let at = |score: f64| kde.log10_lr(score).expect("finite").0;
        let tail = |x: f64| (kde.same.ln(x) - kde.different.ln(x)) / std::f64::consts::LN_10;
        assert!(tail(3.0) < -2.0, "the tails alone would say so");
        assert!(at(0.936) > 1.0);
        assert_eq!((at(1.0), at(3.0)), (at(0.936), at(0.936)));
        assert_eq!((at(-5.0), at(0.0) < 0.0), (at(0.0), true));
    }

    #[test]
    fn transforms() {
        let scores = Scores::new(vec![0.9, 1.0, 0.8], vec![0.0, 0.1, 0.3]).expect("finite");
        let kde = Kde::fit(&scores, Bandwidth::Silverman, Transform::Logit01).expect("fits");
        assert!(kde.log10_lr(1.0).expect("in range").0 > 0.0 && kde.log10_lr(1.1).is_err() && kde.log10_lr(f64::NAN).is_err());
        // The same scores stretched to −1 … 1 give the same.
        let wide = Scores::new(vec![0.8, 1.0, 0.6], vec![-1.0, -0.8, -0.4]).expect("finite");
        let wide = Kde::fit(&wide, Bandwidth::Silverman, Transform::Logit11).expect("fits");
        let (a, b) = (kde.log10_lr(0.6).expect("in range").0, wide.log10_lr(0.2).expect("in range").0);
        assert!((a - b).abs() < 1e-9, "{a} {b}");
        let refused =
            Kde::fit(&scores, Bandwidth::Silverman, Transform::Logit11).and_then(|k| k.log10_lr(-1.5)).expect_err("outside");
        assert!(refused.to_string().contains("-1.5"), "{refused}");
    }

    proptest! {
        #[test]
        fn equals_the_definition(
            same in prop::collection::vec(-3.0..3.0f64, 2..30),
            different in prop::collection::vec(-3.0..3.0f64, 2..30),
            h in 0.05..2.0f64,
            x in -4.0..4.0f64,
        ) {
            let kde = Kde::fit(&Scores::new(same.clone(), different.clone()).expect("finite"), Bandwidth::Fixed(h), Transform::None).expect("fits");
            for (density, scores) in [(&kde.same, &same), (&kde.different, &different)] {
                let defined = naive(scores, h, x);
                if defined > 1e-290 {
                    prop_assert!((density.ln(x) - defined.ln()).abs() < 1e-9, "{} {}", density.ln(x), defined.ln());
                }
                // All terms, in the same order: to the bit.
                let nearest = density.centres.iter().map(|c| ((x - c) / h).abs()).fold(f64::INFINITY, f64::min);
                let term = |c: &f64| { let z = ((x - c) / h).abs(); libm::exp(0.5 * (nearest - z) * (nearest + z)) };
                let full: f64 = density.centres.iter().map(term).sum();
                let scale = scores.len() as f64 * h * (2.0 * std::f64::consts::PI).sqrt();
                prop_assert_eq!(density.ln(x), libm::log(full) - 0.5 * nearest * nearest - libm::log(scale));
            }
        }
    }
}
