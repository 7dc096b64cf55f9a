//! Empirical cross-entropy: what likelihood ratios are worth at every prior, in bits.
//!
//! ECE(O) = P1·mean over same-source pairs of log2(1 + 1/(LR·O)) + P2·mean over different-source pairs of log2(1 + LR·O), with prior odds
//! O = P1/P2, P1 + P2 = 1 (D. Ramos, J. Gonzalez-Rodriguez 2013, doi:10.1016/j.forsciint.2013.04.014). At O = 1 it is Cllr.
//!
//! A curve has three lines: the LRs as they are, after [`super::pav`] (the least that a monotone calibration can reach), and LR = 1 (what
//! the prior alone gives). Where the first lies above the third, the LRs do harm.

use super::Error;
use super::cllr::log2_1p;
use super::labelled::{Log10Lr, Lrs};
use super::pav::Pav;

/// Cross-entropies at one prior, in bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub prior_log10_odds: f64,
    pub lr: f64,
    pub pav: f64,
    pub neutral: f64,
}

/// The curve at the given priors (log10 odds), in their order.
///
/// # Errors
/// For a prior that is not finite.
pub fn curve(lrs: &Lrs, prior_log10_odds: &[f64]) -> Result<Vec<Point>, Error> {
    if let Some(index) = prior_log10_odds.iter().position(|o| !o.is_finite()) {
        let got = prior_log10_odds[index];
        return Err(Error::Value { what: "prior log10 odds", index, got, allowed: "finite numbers" });
    }
    let pav = Pav::of_lrs(lrs);
    let calibrate = |all: &[Log10Lr]| all.iter().map(|l| pav.log10_lr(l.0)).collect::<Vec<_>>();
    let best = (calibrate(lrs.same()), calibrate(lrs.different()));
    let neutral = [Log10Lr(0.0)];
    let at = |&o: &f64| Point {
        prior_log10_odds: o,
        lr: ece(lrs.same(), lrs.different(), o),
        pav: ece(&best.0, &best.1, o),
        neutral: ece(&neutral, &neutral, o),
    };
    Ok(prior_log10_odds.iter().map(at).collect())
}

/// `points` priors from −`most` to `most`, evenly.
#[must_use]
pub fn priors(most: f64, points: usize) -> Vec<f64> {
    let last = points.saturating_sub(1).max(1) as f64;
    (0..points).map(|i| most * (2.0 * i as f64 / last - 1.0)).collect()
}

fn ece(same: &[Log10Lr], different: &[Log10Lr], prior: f64) -> f64 {
    let ln_odds = Log10Lr(prior).ln();
    // P1 = 1/(1 + 1/O), without overflow.
    let share = |t: f64| libm::exp(-(t.max(0.0) + libm::log1p(libm::exp(-t.abs()))));
    let mean =
        |all: &[Log10Lr], sign: f64| all.iter().map(|l| log2_1p(sign * (l.ln() + ln_odds))).sum::<f64>() / all.len() as f64;
    share(-ln_odds) * mean(same, -1.0) + share(ln_odds) * mean(different, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::lr::cllr::Cllr;

    #[test]
    fn at_even_odds_it_is_cllr() {
        let lrs = Lrs::of_log10(&[1.0, 0.4, -0.2, 2.0], &[-1.0, 0.1, -0.6]).expect("numbers");
        let curve = curve(&lrs, &priors(2.0, 41)).expect("finite");
        let middle = curve[20];
        let cllr = Cllr::of(&lrs);
        assert_eq!(middle.prior_log10_odds, 0.0);
        assert!(
            (middle.lr - cllr.cllr).abs() < 1e-14
                && (middle.pav - cllr.min).abs() < 1e-14
                && (middle.neutral - 1.0).abs() < 1e-15
        );
        assert!(curve.iter().all(|p| p.pav <= p.lr + 1e-14 && p.pav <= p.neutral + 1e-14));
    }

    #[test]
    fn neutral_is_the_entropy_of_the_prior() {
        let lrs = Lrs::of_log10(&[1.0], &[-1.0]).expect("numbers");
        let point = curve(&lrs, &[1.0]).expect("finite")[0];
        let p = 10.0 / 11.0;
        let entropy = -p * f64::log2(p) - (1.0 - p) * f64::log2(1.0 - p);
        assert!((point.neutral - entropy).abs() < 1e-14);
        // LR·O = 100 for the same-source pair, 1 for the other.
        assert!((point.lr - (p * 1.01f64.log2() + (1.0 - p))).abs() < 1e-14);
        assert!(curve(&lrs, &[f64::NAN]).is_err());
    }
}
