//! The log-likelihood-ratio cost: how good likelihood ratios are, in bits a pair.
//!
//! Cllr = ½ [mean over same-source pairs of log2(1 + 1/LR) + mean over different-source pairs of log2(1 + LR)]
//! (N. Brümmer, J. du Preez 2006, doi:10.1016/j.csl.2005.08.001). 0 is perfect, 1 is what LR = 1 always gives, more is harmful; infinite
//! where an LR of 0 or ∞ is wrong.
//!
//! - **Cllr_min**: Cllr after the best monotone calibration of these very pairs ([`super::pav`]): what discrimination is worth. It does not
//!   change under strictly increasing maps, and is never infinite.
//! - **Cllr_cal** = Cllr − Cllr_min ≥ 0: what is lost by calibration.
//!
//! Summed in the order given; relative error of a mean ≤ (n + 4)·2⁻⁵³. Says nothing of the prior other than 1 : 1: see [`super::ece`].

use super::labelled::{Log10Lr, Lrs, Scores};
use super::pav::Pav;

/// Costs in bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cllr {
    pub cllr: f64,
    pub min: f64,
}

impl Cllr {
    /// Of log10 likelihood ratios.
    #[must_use]
    pub fn of(lrs: &Lrs) -> Self {
        Self { cllr: cllr(lrs), min: min_of(&Pav::of_lrs(lrs)) }
    }

    /// What is lost by calibration; infinite where Cllr is.
    #[must_use]
    pub fn cal(&self) -> f64 {
        self.cllr - self.min
    }
}

/// Cllr of log10 likelihood ratios.
#[must_use]
pub fn cllr(lrs: &Lrs) -> f64 {
    let mean = |all: &[Log10Lr], sign: f64| all.iter().map(|l| log2_1p(sign * l.ln())).sum::<f64>() / all.len() as f64;
    0.5 * (mean(lrs.same(), -1.0) + mean(lrs.different(), 1.0))
}

/// Cllr_min of scores.
#[must_use]
pub fn cllr_min(scores: &Scores) -> f64 {
    min_of(&Pav::fit(scores))
}

fn min_of(pav: &Pav) -> f64 {
    let (same, different) = pav.pools().iter().fold((0, 0), |(s, d), p| (s + p.same, d + p.different));
    let weigh = |pairs: u64, of: u64, ln: f64| if pairs == 0 { 0.0 } else { pairs as f64 / of as f64 * log2_1p(ln) };
    let cost = |p| {
        let ln = pav.value(p).ln();
        weigh(p.same, same, -ln) + weigh(p.different, different, ln)
    };
    0.5 * pav.pools().iter().map(cost).sum::<f64>()
}

/// log2(1 + eᵗ), for any t.
pub(super) fn log2_1p(t: f64) -> f64 {
    (t.max(0.0) + libm::log1p(libm::exp(-t.abs()))) / std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of_lr(different: &[f64], same: &[f64]) -> f64 {
        let log = |all: &[f64]| all.iter().map(|l| l.log10()).collect::<Vec<_>>();
        cllr(&Lrs::of_log10(&log(same), &log(different)).expect("both kinds"))
    }

    #[test]
    fn table() {
        let third = 1.0 / 3.0;
        let cases: [(&[f64], &[f64], f64); 6] = [
            (&[3.0, 3.0], &[third, third], 2.0),
            (&[third, third], &[3.0, 3.0], 0.4150374993),
            (&[third, third], &[1.0], 0.7075187496),
            (&[0.01; 100], &[1.0], 0.5071776465),
            (&[2.0], &[2.0, 2.0], 1.0849625007),
            (&[8.0], &[8.0; 8], 1.6699250014),
        ];
        for (different, same, expected) in cases {
            let got = of_lr(different, same);
            assert!((got - expected).abs() < 1e-10, "{got} {expected}");
            // The definition, written as it stands.
            let bits = |all: &[f64], up: i32| all.iter().map(|l| (1.0 + l.powi(up)).log2()).sum::<f64>() / all.len() as f64;
            assert!((got - 0.5 * (bits(same, -1) + bits(different, 1))).abs() < 1e-14);
        }
    }

    #[test]
    fn infinite_only_where_wrong() {
        let up = f64::INFINITY;
        assert_eq!(of_lr(&[0.0], &[up]), 0.0);
        assert_eq!(of_lr(&[up], &[1.0]), up);
        assert_eq!(of_lr(&[1.0], &[0.0]), up);
        let wrong = Lrs::of_log10(&[-up, 1.0], &[up, -1.0]).expect("both kinds");
        assert!(Cllr::of(&wrong).min <= 1.0);
    }

    proptest! {
        #[test]
        fn least_is_least(same in prop::collection::vec(-3.0..5.0f64, 1..40), different in prop::collection::vec(-5.0..3.0f64, 1..40)) {
            let found = Cllr::of(&Lrs::of_log10(&same, &different).expect("numbers"));
            prop_assert!(found.min <= found.cllr + 1e-14 && (0.0..=1.0 + 1e-14).contains(&found.min), "{:?}", found);
        }

        #[test]
        fn maps_do_not_change_the_least(same in prop::collection::vec(-30..50i32, 1..40), different in prop::collection::vec(-50..30i32, 1..40)) {
            let of = |map: &dyn Fn(f64) -> f64| {
                let map = |all: &[i32]| all.iter().map(|s| map(f64::from(*s))).collect();
                cllr_min(&Scores::new(map(&same), map(&different)).expect("finite"))
            };
            let plain = of(&|s| s);
            prop_assert_eq!(plain, of(&|s| s * s * s + 2.0 * s));
            prop_assert_eq!(plain, of(&|s| libm::exp(s / 10.0)));
        }
    }
}
