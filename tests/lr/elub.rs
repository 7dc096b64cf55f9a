//! Limits of the published log10 LRs of cartridge marks.

use super::numbers;
use striae::evaluate::lr::{Bounds, Limited, Log10Lr, Lrs};

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn cartridge_marks() {
    let (same, different) = (numbers("elub/LLR_KM.csv", 0, 0), numbers("elub/LLR_KNM.csv", 0, 0));
    let lrs = Lrs::of_log10(&same, &different).expect("numbers");
    let bounds = Bounds::invariance(&lrs);
    let lr = |l: Option<Log10Lr>| l.expect("a limit").lr();
    assert!((lr(bounds.lower) - 0.1412538).abs() < 1e-7 && (lr(bounds.upper) - 38.1944271).abs() < 1e-7, "{bounds:?}");
    assert_eq!(bounds.apply(Log10Lr(26.8)).limited, Limited::Upper);
    // lir 1.3.1, on a grid of 0.01: −0.84 and 1.55.
    let elub = Bounds::elub(&lrs);
    let (low, high) = (elub.lower.expect("a limit").0, elub.upper.expect("a limit").0);
    assert!((-0.85..=-0.84).contains(&low) && (1.55..1.56).contains(&high), "{elub:?}");
    // The rule of elub holds at its limit, and not 0.002 beyond it.
    let holds = |rho: f64| {
        let share = |all: &[f64], is: &dyn Fn(f64) -> bool| {
            (all.iter().filter(|l| is(**l)).count() as f64 + 1.0) / (all.len() as f64 + 1.0)
        };
        if rho < 0.0 {
            10f64.powf(-rho) * share(&same, &|l| l <= rho) + share(&different, &|l| l > rho) <= 1.0
        } else {
            10f64.powf(rho) * share(&different, &|l| l >= rho) + share(&same, &|l| l < rho) <= 1.0
        }
    };
    assert!(holds(low) && !holds(low - 0.002), "{low}");
    assert!(holds(high) && !holds(high + 0.002), "{high}");
}
