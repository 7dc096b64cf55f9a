//! Against definitions over all pairs of pairs, one line each.

use super::*;
use crate::evaluate::{Pair, Unlisted};
use proptest::prelude::*;

fn pair(score: f64, a: u32, b: u32) -> Pair {
    Pair { score, a, b }
}

/// P(same > different) + tie·P(same = different), over all pairs of pairs.
fn naive_auc(pairs: &[Pair], w: &[f64], tie: f64) -> f64 {
    let (mut won, mut all) = (0.0, 0.0);
    for s in pairs.iter().filter(|p| p.same()) {
        for d in pairs.iter().filter(|p| !p.same()) {
            let both = weight(s, Some(w)) * weight(d, Some(w));
            all += both;
            won += both
                * if s.score > d.score {
                    1.0
                } else if s.score == d.score {
                    tie
                } else {
                    0.0
                };
        }
    }
    won / all
}

/// False and true rate at a limit.
fn naive_rates(pairs: &[Pair], w: &[f64], limit: f64) -> (f64, f64) {
    let sum = |same: bool, limit: f64| -> f64 {
        pairs.iter().filter(|p| p.same() == same && p.score >= limit).map(|p| weight(p, Some(w))).sum()
    };
    (sum(false, limit) / sum(false, f64::NEG_INFINITY), sum(true, limit) / sum(true, f64::NEG_INFINITY))
}

/// Scores on few values, so that many tie; five sources; whole weights.
fn cases() -> impl Strategy<Value = (Vec<Pair>, Vec<f64>)> {
    let one = (0..12i32, 0..5u32, 0..5u32).prop_map(|(s, a, b)| pair(f64::from(s) * 0.25, a, b));
    let kinds = (0..12i32, 0..12i32).prop_map(|(s, d)| [pair(f64::from(s) * 0.25, 0, 0), pair(f64::from(d) * 0.25, 0, 1)]);
    (proptest::collection::vec(one, 0..60), kinds, proptest::collection::vec(0..4u8, 5)).prop_map(|(mut pairs, kinds, w)| {
        pairs.extend(kinds);
        let mut w: Vec<f64> = w.into_iter().map(f64::from).collect();
        w[0] += 1.0;
        w[1] += 1.0;
        (pairs, w)
    })
}

proptest! {
    #[test]
    fn everything_is_as_defined((pairs, w) in cases(), asked in 0.0..=1.0f64) {
        let scored = Scored::new(pairs.clone(), 5).unwrap();
        for (roc, w) in [(Roc::new(&scored), &vec![1.0; 5]), (Roc::weighted(&scored, &w).unwrap(), &w)] {
            let auc = roc.auc();
            prop_assert_eq!(auc.low, auc.high);
            prop_assert!((auc.low - naive_auc(&pairs, w, 0.5)).abs() < 1e-14);
            let ties = roc.auc_by_ties();
            prop_assert!((ties.low - naive_auc(&pairs, w, 0.0)).abs() < 1e-14);
            prop_assert!((ties.high - naive_auc(&pairs, w, 1.0)).abs() < 1e-14);

            let mut limits: Vec<f64> = pairs.iter().map(|p| p.score).chain([f64::INFINITY]).collect();
            limits.sort_by(|a, b| b.total_cmp(a));
            let rates: Vec<_> = limits.iter().map(|t| naive_rates(&pairs, w, *t)).collect();
            let least = rates.iter().map(|(f, t)| (f - (1.0 - t)).abs()).fold(f64::MAX, f64::min);
            let expected = rates
                .iter()
                .filter(|(f, t)| (f - (1.0 - t)).abs() <= least + 1e-12)
                .map(|(f, t)| 0.5 * (f + 1.0 - t))
                .fold(f64::MAX, f64::min);
            let eer = roc.eer().unwrap();
            prop_assert!((eer.rate - expected).abs() < 1e-12, "{:?} {}", eer, expected);
            let (f, t) = naive_rates(&pairs, w, eer.threshold);
            prop_assert!((f - eer.false_rate).abs() < 1e-15 && (1.0 - t - eer.miss_rate).abs() < 1e-15);

            // The hull: the largest of the lines through any two points, where they cross F = 1 − T.
            let mut lowest = f64::MAX;
            for a in &rates {
                for b in &rates {
                    let ((f0, m0), (f1, m1)) = ((a.0, 1.0 - a.1), (b.0, 1.0 - b.1));
                    if f0 <= m0 && f1 >= m1 {
                        let whole = (m0 - f0) + (f1 - m1);
                        lowest = lowest.min(if whole == 0.0 { f0 } else { f0 + (m0 - f0) / whole * (f1 - f0) });
                    }
                }
            }
            prop_assert!((roc.eer_of_hull().unwrap() - lowest).abs() < 1e-12, "{:?} {}", roc.eer_of_hull(), lowest);

            let best = rates.iter().filter(|(f, _)| *f <= asked).map(|(_, t)| *t).fold(0.0, f64::max);
            let found = roc.at_false_rates(&[asked, f64::NAN, 1.0])[0].unwrap();
            prop_assert_eq!(found.true_rate, best);
            prop_assert!(found.false_rate <= asked);
        }
    }

    #[test]
    fn an_unlisted_part_is_bounded_whatever_its_order((pairs, _) in cases(), keep in 0..12i32) {
        let whole = Scored::new(pairs.clone(), 5).unwrap();
        let limit = f64::from(keep) * 0.25;
        let (above, below): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|p| p.score >= limit);
        let count = |same| below.iter().filter(|p| p.same() == same).count() as u64;
        let part = Scored::thresholded(above, 5, Unlisted { same: count(true), different: count(false) }).unwrap();
        let (truth, part) = (Roc::new(&whole), Roc::new(&part));
        let (auc, bounds) = (truth.auc().low, part.auc());
        prop_assert!(bounds.low <= auc + 1e-15 && auc <= bounds.high + 1e-15, "{} {:?}", auc, bounds);
        if let Some(eer) = part.eer() {
            prop_assert_eq!(Some(eer), truth.eer());
        }
        for (known, real) in part.at_false_rates(&[0.0, 0.1, 0.5]).iter().zip(truth.at_false_rates(&[0.0, 0.1, 0.5])) {
            prop_assert!(known.is_none() || *known == real);
        }
    }
}

#[test]
fn by_hand() {
    // Best first: S, D, S, S, D. Won: D₁ has one S above it, D₂ three: 4 of 6.
    let pairs = vec![pair(5.0, 0, 0), pair(4.0, 0, 1), pair(3.0, 1, 1), pair(2.0, 2, 2), pair(1.0, 1, 2)];
    let scored = Scored::new(pairs, 3).unwrap();
    let roc = Roc::new(&scored);
    assert_eq!(roc.auc(), Auc { low: 4.0 / 6.0, high: 4.0 / 6.0 });
    let eer = roc.eer().unwrap();
    assert_eq!((eer.threshold, eer.false_rate, eer.miss_rate), (3.0, 0.5, 1.0 / 3.0));
    let rates: Vec<_> = roc.at_false_rates(&[1.0, 0.0, 0.5, 0.49]).iter().map(|o| o.unwrap().true_rate).collect();
    assert_eq!(rates, [1.0, 1.0 / 3.0, 1.0, 1.0 / 3.0]);
    assert!(roc.at_false_rates(&[-0.1, 1.5]).iter().all(Option::is_none));
}

#[test]
fn a_constant_score_says_nothing() {
    let scored = Scored::new(vec![pair(1.0, 0, 0), pair(1.0, 0, 1), pair(1.0, 1, 1)], 2).unwrap();
    let roc = Roc::new(&scored);
    assert_eq!(roc.auc().low, 0.5);
    assert_eq!(roc.auc_by_ties(), Auc { low: 0.0, high: 1.0 });
    assert_eq!(roc.eer_of_hull(), Some(0.5));
    assert_eq!(roc.at_false_rates(&[0.5])[0].unwrap().true_rate, 0.0);
}

#[test]
fn a_false_rate_that_is_reached_exactly_is_not_lost_to_rounding() {
    let mut pairs: Vec<_> = (0..100).map(|i| pair(-f64::from(i), 0, 1)).collect();
    pairs.push(pair(-28.5, 0, 0));
    let scored = Scored::new(pairs, 2).unwrap();
    for percent in 0..=100u32 {
        let found = Roc::new(&scored).at_false_rates(&[f64::from(percent) / 100.0])[0].unwrap();
        assert_eq!(found.false_rate, f64::from(percent) / 100.0);
        assert_eq!(found.true_rate, f64::from(u8::from(percent >= 29)));
    }
}

#[test]
fn a_thresholded_result_by_hand() {
    let pairs = vec![pair(5.0, 0, 0), pair(4.0, 0, 1)];
    let scored = Scored::thresholded(pairs, 2, Unlisted { same: 1, different: 3 }).unwrap();
    let roc = Roc::new(&scored);
    // Of 2 × 4: the listed S beats all four; the unlisted one may beat three, or none.
    assert_eq!(roc.auc(), Auc { low: 0.5, high: 0.875 });
    assert_eq!((roc.eer(), roc.eer_of_hull()), (None, None));
    assert_eq!(roc.at_false_rates(&[0.25])[0], None);
    assert_eq!(roc.at_false_rates(&[0.2])[0].unwrap().true_rate, 0.5);
    assert_eq!(Roc::weighted(&scored, &[1.0, 1.0]).err(), Some(Error::CensoredWeights));
}

#[test]
fn weights_that_are_none_are_refused() {
    let scored = Scored::new(vec![pair(5.0, 0, 0), pair(4.0, 0, 1)], 2).unwrap();
    let said = |w: &[f64]| Roc::weighted(&scored, w).err().unwrap().to_string();
    assert!(said(&[1.0]).contains("1 weights for 2 sources"));
    assert!(said(&[1.0, -1.0]).contains("source 1 has the weight -1"));
    assert!(said(&[1.0, f64::NAN]).contains("NaN"));
    assert!(said(&[0.0, 3.0]).contains("no pair of one source"));
    assert!(said(&[3.0, 0.0]).contains("no pair of different sources"));
}
