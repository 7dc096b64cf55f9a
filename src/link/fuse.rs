//! Fusing the modalities of a pair: one log10 likelihood ratio out of several, with the assumption that it rests on.
//!
//! x_i = log10 LR of modality i, NaN where it was not measured. H1: the two exhibits share an origin; H2: they do not. M = measured ones, m = |M|.
//!
//! | rule | formula | holds where |
//! |---|---|---|
//! | independent | Σ_M x_i | scores of the modalities are independent given H1, and given H2 |
//! | weighted | a + Σ_M b_i·x_i | a and b come from logistic regression on pairs like these, all modalities measured |
//! | cautious | log10 of (1/m) Σ_M 10^x_i | always: no assumption on dependence |
//!
//! **Independent** overstates where modalities repeat each other. **Weighted**: Morrison 2013, doi:10.1080/00450618.2012.733025; a modality that
//! is not measured contributes 0, as if its evidence were neutral, and a stays whole. **Cautious**: the mean of the ratios. A likelihood ratio has
//! expectation ≤ 1 given H2, and so has the mean of any number of them, however they depend on each other; by Markov's inequality it
//! reaches x in at most one of x pairs that do not share an origin. Of the symmetric rules that hold for any dependence the mean is in essence
//! the best (Vovk & Wang 2021, doi:10.1214/20-AOS2020). It needs ratios that are calibrated. It protects against false links alone: a
//! modality that speaks against an origin in common lowers it by log10 m at most. Hence the flag:
//!
//! **Contradiction**: one modality supports H1 with x ≥ c and another supports H2 with x ≤ −c (c = 1 unless set).
//!
//! Error: |log10 Σ 10^x| is computed from the largest x outward, within 1e-15·(m + |result|). Nothing measured gives NaN, which is no link.

use super::Error;
use super::error::length;

/// How modalities become one.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    Independent,
    Weighted { intercept: f64, weights: Vec<f64> },
    Cautious,
}

/// From which magnitude on modalities contradict each other: one in ten.
pub const CONTRADICTION: f64 = 1.0;

/// What pairs come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Fused {
    /// One a pair; NaN where nothing was measured.
    pub log10_lr: Vec<f64>,
    /// How many modalities of each pair were measured.
    pub measured: Vec<u8>,
    pub contradiction: Vec<bool>,
    /// What it rests on, to be handed on with the numbers.
    pub statement: String,
}

impl Rule {
    /// As typed.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Independent => "independent",
            Self::Weighted { .. } => "weighted",
            Self::Cautious => "cautious",
        }
    }

    /// The assumption, in words that stand beside every result.
    #[must_use]
    pub fn statement(&self) -> String {
        match self {
            Self::Independent => "Fused log10 LR: the sum of the log10 LRs of the modalities measured. It assumes that the scores of \
                 the modalities are independent of each other, both for exhibits of one origin and for exhibits of different origins. \
                 Where they are not, the sum overstates the evidence. A modality that was not measured counts as neutral."
                .into(),
            Self::Weighted { intercept, weights } => {
                let terms: Vec<String> = weights.iter().enumerate().map(|(i, b)| format!("{b} x{}", i + 1)).collect();
                format!(
                    "Fused log10 LR: {intercept} + {}, x being the log10 LRs of the modalities in their order; coefficients from \
                     logistic regression. It assumes that the dependence between modalities is that of the pairs the coefficients were \
                     fitted to. A modality that was not measured counts as neutral.",
                    if terms.is_empty() { "nothing".into() } else { terms.join(" + ") }
                )
            }
            Self::Cautious => "Fused log10 LR: the logarithm of the mean of the likelihood ratios of the modalities measured. It assumes \
                 nothing of how modalities depend on each other: of pairs of different origins at most one in x reaches a ratio of x. \
                 It is lower than what independent modalities would justify. Contradictions are flagged, not weighed."
                .into(),
        }
    }

    /// One pair: x (m) with NaN for what was not measured.
    #[must_use]
    pub fn one(&self, x: &[f64]) -> f64 {
        let measured = || x.iter().copied().filter(|x| !x.is_nan());
        let m = measured().count();
        if m == 0 {
            return f64::NAN;
        }
        match self {
            Self::Independent => measured().sum(),
            Self::Weighted { intercept, weights } => {
                intercept + x.iter().zip(weights).filter(|(x, _)| !x.is_nan()).map(|(x, b)| b * x).sum::<f64>()
            }
            Self::Cautious => {
                let most = measured().fold(f64::NEG_INFINITY, f64::max);
                most + libm::log10(measured().map(|x| libm::exp10(x - most)).sum::<f64>() / m as f64)
            }
        }
    }
}

/// Fuses all pairs: `log10_lr` holds for each modality one value a pair.
///
/// # Errors
/// Where lengths differ, a value is infinite, weights do not fit the modalities, or `contradiction` is not above 0.
pub fn fuse(rule: &Rule, log10_lr: &[&[f64]], contradiction: f64) -> Result<Fused, Error> {
    let n = log10_lr.first().map_or(0, |x| x.len());
    if log10_lr.len() > 255 {
        return Err(Error::Many { what: "modalities", got: log10_lr.len(), most: 255 });
    }
    if contradiction.is_nan() || contradiction <= 0.0 {
        let allowed = "a log10 LR above 0 (1 is the usual one)";
        return Err(Error::Option { what: "the limit of a contradiction", got: contradiction.to_string(), allowed });
    }
    if let Rule::Weighted { intercept, weights } = rule {
        length("the list of weights", weights.len(), log10_lr.len(), "one a modality")?;
        if let Some(bad) = std::iter::once(intercept).chain(weights).find(|b| !b.is_finite()) {
            return Err(Error::Option {
                what: "a coefficient of the weighted rule",
                got: bad.to_string(),
                allowed: "finite numbers",
            });
        }
    }
    for of in log10_lr {
        length("a modality's list of log10 LRs", of.len(), n, "one for every pair")?;
        if let Some((index, got)) = of.iter().copied().enumerate().find(|(_, x)| x.is_infinite()) {
            return Err(Error::Infinite { what: "a modality's list of log10 LRs", index, got });
        }
    }
    let mut fused = Fused {
        log10_lr: Vec::with_capacity(n),
        measured: Vec::with_capacity(n),
        contradiction: Vec::with_capacity(n),
        statement: rule.statement(),
    };
    let mut x = vec![f64::NAN; log10_lr.len()];
    for i in 0..n {
        for (x, of) in x.iter_mut().zip(log10_lr) {
            *x = of[i];
        }
        fused.log10_lr.push(rule.one(&x));
        fused.measured.push(x.iter().filter(|x| !x.is_nan()).count() as u8);
        fused.contradiction.push(x.iter().any(|x| *x >= contradiction) && x.iter().any(|x| *x <= -contradiction));
    }
    Ok(fused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;

    const NAN: f64 = f64::NAN;

    #[test]
    fn rules_by_hand() {
        let weighted = Rule::Weighted { intercept: -0.5, weights: vec![0.5, 2.0, 1.0] };
        for (x, sum, weighed, mean) in [
            ([2.0, 1.0, NAN], 3.0, 2.5, 55.0),
            ([3.0, NAN, NAN], 3.0, 1.0, 1000.0),
            ([-1.0, 0.0, 1.0], 0.0, 0.0, 3.7),
            ([NAN, NAN, -2.0], -2.0, -2.5, 0.01),
        ] {
            assert!((Rule::Independent.one(&x) - sum).abs() < 1e-14);
            assert!((weighted.one(&x) - weighed).abs() < 1e-14);
            assert!((Rule::Cautious.one(&x) - libm::log10(mean)).abs() < 1e-14, "{}", Rule::Cautious.one(&x));
        }
        for rule in [Rule::Independent, weighted, Rule::Cautious] {
            assert!(rule.one(&[NAN; 3]).is_nan() && rule.one(&[]).is_nan());
        }
        // Far beyond what 10^x can hold.
        assert_eq!(Rule::Cautious.one(&[400.0, 400.0]), 400.0);
        assert_eq!(Rule::Cautious.one(&[-400.0, -400.0]), -400.0);
    }

    /// The promise of the cautious rule where modalities are copies of each other, and the failure of the sum there.
    #[test]
    fn cautious_holds_where_modalities_repeat_each_other() {
        // Scores N(0,1) given H2, N(2,1) given H1: ln LR = 2 s − 2.
        let mut draw = Stream::new(3, "dependence", 0);
        let n = 200_000;
        let x: Vec<f64> = (0..n).map(|_| (2.0 * draw.normal() - 2.0) / std::f64::consts::LN_10).collect();
        let all: [&[f64]; 3] = [&x, &x, &x];
        let above = |rule: &Rule, at: f64| {
            let fused = fuse(rule, &all, 1.0).expect("good input");
            fused.log10_lr.iter().filter(|x| **x >= at).count() as f64 / f64::from(n)
        };
        assert!(above(&Rule::Cautious, 1.0) <= 0.1 && above(&Rule::Cautious, 2.0) <= 0.01);
        assert!(above(&Rule::Independent, 3.0) > 10.0 * 1e-3, "{}", above(&Rule::Independent, 3.0));
    }

    #[test]
    fn contradictions_are_flagged_and_counted() {
        let (a, b) = ([1.0, 1.0, 0.9, NAN], [-1.0, NAN, -3.0, NAN]);
        let fused = fuse(&Rule::Independent, &[&a, &b], CONTRADICTION).expect("good input");
        assert_eq!(fused.contradiction, [true, false, false, false]);
        assert_eq!(fused.measured, [2, 1, 2, 0]);
        assert!(fused.statement.contains("independent of each other"));
        assert!(fused.log10_lr[3].is_nan());
    }

    #[test]
    fn refuses_what_cannot_be() {
        assert!(fuse(&Rule::Independent, &[&[1.0], &[1.0, 2.0]], 1.0).is_err());
        assert!(fuse(&Rule::Independent, &[&[f64::INFINITY]], 1.0).is_err());
        assert!(fuse(&Rule::Independent, &[&[1.0]], 0.0).is_err());
        assert!(fuse(&Rule::Weighted { intercept: 0.0, weights: vec![1.0] }, &[&[1.0], &[1.0]], 1.0).is_err());
        assert!(fuse(&Rule::Weighted { intercept: NAN, weights: vec![1.0] }, &[&[1.0]], 1.0).is_err());
    }
}
