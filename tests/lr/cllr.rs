//! Costs of the published log10 LRs of cartridge marks, and of LRs of simulated normal scores.

use super::{data, numbers};
use striae::evaluate::lr::{Cllr, Lrs, cllr, dev_pav, ece, tippett};

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn cartridge_marks() {
    let (same, different) = (numbers("elub/LLR_KM.csv", 0, 0), numbers("elub/LLR_KNM.csv", 0, 0));
    assert_eq!((same.len(), different.len()), (188, 477), "{}", data().display());
    let lrs = Lrs::of_log10(&same, &different).expect("numbers");
    let found = Cllr::of(&lrs);
    assert!((found.cllr - 0.6487865136).abs() < 1e-6 && (found.min - 0.4745724018).abs() < 1e-6, "{found:?}");
    let middle = ece::curve(&lrs, &[0.0]).expect("finite")[0];
    assert!((middle.lr - found.cllr).abs() < 1e-13 && (middle.pav - found.min).abs() < 1e-13);
    // lir 1.3.1.
    let deviation = dev_pav(&lrs).expect("defined");
    assert!((deviation - 6.083836839361543).abs() < 1e-9, "{deviation}");
    let misleading = tippett::misleading(&lrs);
    let by_hand = same.iter().filter(|l| **l < 0.0).count() as f64 / 188.0;
    assert_eq!(misleading.same, by_hand);
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn simulated_normal_scores_are_calibrated() {
    let log = |name: &str| numbers(name, 1, 1).iter().map(|lr| lr.log10()).collect::<Vec<_>>();
    let same = log("elub/LRssamenormalLLRdistribmu_s=1N_ss=300.csv");
    let different = log("elub/LRsdifferentnormalLLRdistribmu_s=1N_ss=300.csv");
    assert_eq!(same.len(), 300);
    let lrs = Lrs::of_log10(&same, &different).expect("numbers");
    // ln LR ~ N(±1, 2) is calibrated by construction; the cost is an integral.
    let bits = (-20_000..20_000).map(|i| {
        let x = 1.0 + f64::from(i) / 1000.0;
        (-(x - 1.0) * (x - 1.0) / 4.0).exp() / (4.0 * std::f64::consts::PI).sqrt() * (1.0 + (-x).exp()).log2() / 1000.0
    });
    let (expected, got) = (bits.sum::<f64>(), cllr(&lrs));
    assert!((got - expected).abs() < 0.05, "{got} {expected}");
    // lir 1.3.1.
    assert!((dev_pav(&lrs).expect("defined") - 0.12210465850790272).abs() < 1e-9);
}
