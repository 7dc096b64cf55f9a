//! Coverage on a population whose truth is known, and what drawing pairs would do there.

use super::*;
use crate::chemometrics::distribution::normal;
use crate::evaluate::{Pair, Roc, Scored};

fn settings(replicates: u32) -> Bootstrap {
    Bootstrap::new(replicates, 0.95, 7).unwrap()
}

/// A source's pairs share how well it marks, u: same-source scores are 1.2 + u(a) + e, different-source scores (v(a) +
/// v(b))/√2 + e, all
/// standard normal.
fn population(number: u64, sources: u32) -> Scored {
    let mut draw = Stream::new(11, "coverage", number);
    let effects: Vec<(f64, f64)> = (0..sources).map(|_| (draw.normal(), draw.normal())).collect();
    let mut pairs = Vec::new();
    for (a, (u, v)) in (0..).zip(&effects) {
        pairs.extend((0..6).map(|_| Pair { score: 1.2 + u + draw.normal(), a, b: a }));
        for (b, (_, other)) in (0..a).zip(&effects) {
            pairs.push(Pair { score: (v + other) * std::f64::consts::FRAC_1_SQRT_2 + draw.normal(), a, b });
        }
    }
    Scored::new(pairs, sources).unwrap()
}

/// P(same > different) = Φ(1.2 / √(1 + 1 + 1 + 1)) of that population.
fn truth() -> f64 {
    0.5 * libm::erfc(-0.6 / std::f64::consts::SQRT_2)
}

fn auc(scored: &Scored, weights: &[f64]) -> Option<Vec<f64>> {
    Roc::weighted(scored, weights).ok().map(|roc| vec![roc.auc().low])
}

/// The wrong way: pairs drawn as if each were independent of the others.
fn pairs_drawn(scored: &Scored, replicates: u64) -> (f64, f64) {
    let n = scored.pairs().len();
    let mut values: Vec<f64> = (0..replicates)
        .map(|r| {
            let mut stream = Stream::new(7, "pairs", r);
            let drawn = (0..n).map(|_| scored.pairs()[(stream.uniform() * n as f64) as usize]).collect();
            Roc::new(&Scored::new(drawn, scored.sources()).unwrap()).auc().low
        })
        .collect();
    values.sort_by(f64::total_cmp);
    (quantile(&values, 0.025), quantile(&values, 0.975))
}

#[test]
fn sources_cover_what_pairs_do_not() {
    let (mut by_source, mut by_pair) = (0, 0);
    let populations = 300;
    for number in 0..populations {
        let scored = population(number, 30);
        let found = settings(200).intervals(30, |w| auc(&scored, w)).unwrap().intervals[0];
        by_source += u32::from(found.low <= truth() && truth() <= found.high);
        let (low, high) = pairs_drawn(&scored, 200);
        by_pair += u32::from(low <= truth() && truth() <= high);
    }
    let share = |n: u32| f64::from(n) / populations as f64;
    // Found: 0.94 by source, 0.56 by pair.
    // Three standard errors of a share of 0.95 in 300 are 0.038.
    assert!((0.91..=0.99).contains(&share(by_source)), "{}", share(by_source));
    assert!(share(by_pair) < 0.75, "{}", share(by_pair));
}

#[test]
fn weights_are_whole_and_sum_to_the_sources() {
    let mut stream = Stream::new(1, "bootstrap", 0);
    let mut weights = vec![9.0; 50];
    let mut seen = vec![0.0; 50];
    for _ in 0..2000 {
        draw(&mut stream, &mut weights);
        assert_eq!(weights.iter().sum::<f64>(), 50.0);
        seen.iter_mut().zip(&weights).for_each(|(s, w)| *s += w);
    }
    // A count of 2000 expected; five standard deviations are 224.
    assert!(seen.iter().all(|s| (s - 2000.0).abs() < 224.0), "{seen:?}");
}

#[test]
fn the_mean_has_the_interval_that_theory_gives() {
    // n = 400 values i/399: the mean's standard error is √(variance/n), its interval ± 1.96 of that.
    let values: Vec<f64> = (0..400).map(|i| f64::from(i) / 399.0).collect();
    let mean = |w: &[f64]| Some(vec![w.iter().zip(&values).map(|(w, v)| w * v).sum::<f64>() / 400.0]);
    let found = settings(4000).intervals(400, mean).unwrap();
    let error = libm::sqrt(values.iter().map(|v| (v - 0.5) * (v - 0.5)).sum::<f64>() / 400.0 / 400.0);
    let half = normal(0.975) * error;
    let Interval { estimate, low, high } = found.intervals[0];
    assert!((estimate - 0.5).abs() < 1e-12);
    assert!((low - (0.5 - half)).abs() < 0.1 * half && (high - (0.5 + half)).abs() < 0.1 * half, "{low} {high} {half}");
}

#[test]
fn threads_do_not_matter_and_seeds_do() {
    let scored = population(0, 12);
    let run = |seed| Bootstrap::new(300, 0.9, seed).unwrap().intervals(12, |w| auc(&scored, w)).unwrap();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(one.install(|| run(1)), three.install(|| run(1)));
    assert_ne!(run(1).intervals, run(2).intervals);
}

#[test]
fn undefined_replicates_are_drawn_again_and_counted() {
    // Only source 0 has pairs of its own: a draw without it, (2/3)³ = 0.30 of all, has none.
    let pair = |score, a, b| Pair { score, a, b };
    let scored = Scored::new(vec![pair(2.0, 0, 0), pair(1.0, 0, 1), pair(3.0, 0, 2)], 3).unwrap();
    let found = settings(1000).intervals(3, |w| auc(&scored, w)).unwrap();
    // Also undefined: source 0 alone, 1/27. Redrawn on average p/(1 − p) for p = 1/3.
    assert!((400..600).contains(&found.redrawn), "{}", found.redrawn);
    let never = |w: &[f64]| w.iter().all(|w| *w == 1.0).then(|| vec![1.0]);
    assert_eq!(settings(200).intervals(90, never), Err(Error::Replicate { replicate: 0, draws: 100, sources: 90 }));
    assert_eq!(settings(200).intervals(3, |_| Some(vec![f64::NAN])), Err(Error::Undefined { sources: 3 }));
}

#[test]
fn settings_that_cannot_be_are_refused() {
    for (replicates, level) in [(199, 0.95), (2_000_000, 0.95), (1000, 0.4), (1000, f64::NAN), (1000, 1.0)] {
        assert!(matches!(Bootstrap::new(replicates, level, 0), Err(Error::Plan { .. })), "{replicates} {level}");
    }
    assert!(Bootstrap::new(200, 0.95, 0).is_ok());
    assert!(matches!(settings(200).intervals(1, |_| Some(vec![1.0])), Err(Error::Plan { .. })));
}
