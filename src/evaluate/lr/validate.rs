//! Held-out likelihood ratios: cross-validation that never lets a source stand on both sides.
//!
//! Pairs that share a source are not independent: a system tested on pairs of sources that it was trained on looks better than it is. Here **sources**
//! are dealt to folds; for each fold, a model is trained on pairs whose sources are both outside of it, and tested on pairs whose sources are both in it.
//! Pairs with one source on either side are used neither way in that round; over all rounds, a different-source pair between two folds is never
//! tested, and [`HeldOut::untested`] says how many there are.
//!
//! Leaving out one source at a time is therefore impossible: a fold of one source has no different-source pairs. Folds must have two or more.
//!
//! Sources that have a same-source pair are shuffled (a stream of the seed) and dealt in turn; then the others, on. Results are in the order
//! of the pairs given, and depend on nothing but pairs, folds and seed.

use super::Error;
use super::labelled::{Log10Lr, Lrs, Scores, Truth};
use crate::draw::Stream;
use std::collections::{BTreeMap, BTreeSet};

/// Evidence of two items, and the numbers of their sources.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair<E> {
    pub evidence: E,
    pub a: u32,
    pub b: u32,
}

impl<E> Pair<E> {
    #[must_use]
    pub fn truth(&self) -> Truth {
        if self.a == self.b { Truth::SameSource } else { Truth::DifferentSource }
    }
}

/// The scores of pairs, by truth.
///
/// # Errors
/// As [`Scores::new`].
pub fn scores(pairs: &[Pair<f64>]) -> Result<Scores, Error> {
    let of = |truth| pairs.iter().filter(|p| p.truth() == truth).map(|p| p.evidence).collect();
    Scores::new(of(Truth::SameSource), of(Truth::DifferentSource))
}

/// Folds of sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folds {
    of: BTreeMap<u32, usize>,
    count: usize,
}

impl Folds {
    /// Deals the sources of `pairs` to `count` folds.
    ///
    /// # Errors
    /// For fewer than two folds, or where some fold would have fewer than two sources, or fewer than `least_same` sources that have a
    /// same-source pair.
    pub fn deal<E>(pairs: &[Pair<E>], count: usize, least_same: usize, seed: u64) -> Result<Self, Error> {
        if count < 2 {
            return Err(Error::TooFew { what: "folds", got: count, least: 2, advice: "give 2 to 10" });
        }
        let all: BTreeSet<u32> = pairs.iter().flat_map(|p| [p.a, p.b]).collect();
        let paired: BTreeSet<u32> = pairs.iter().filter(|p| p.a == p.b).map(|p| p.a).collect();
        let advice = "give fewer folds, or label more items";
        let least = least_same.max(1);
        if paired.len() / count < least {
            return Err(Error::TooFew {
                what: "sources with same-source pairs",
                got: paired.len(),
                least: least.saturating_mul(count),
                advice,
            });
        }
        if all.len() / count < 2 {
            return Err(Error::TooFew { what: "sources", got: all.len(), least: count.saturating_mul(2), advice });
        }
        let mut stream = Stream::new(seed, "folds", 0);
        let mut shuffled = |of: Vec<u32>| {
            let mut of = of;
            for i in (1..of.len()).rev() {
                of.swap(i, (stream.uniform() * (i + 1) as f64) as usize);
            }
            of
        };
        let mut order = shuffled(paired.iter().copied().collect());
        order.extend(shuffled(all.difference(&paired).copied().collect()));
        Ok(Self { of: order.into_iter().enumerate().map(|(i, source)| (source, i % count)).collect(), count })
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The fold of a source that was dealt.
    #[must_use]
    pub fn of(&self, source: u32) -> Option<usize> {
        self.of.get(&source).copied()
    }

    /// Where both sources are in one fold, that fold.
    fn held<E>(&self, pair: &Pair<E>) -> Option<usize> {
        self.of(pair.a).filter(|f| self.of(pair.b) == Some(*f))
    }

    fn trains<E>(&self, pair: &Pair<E>, fold: usize) -> bool {
        [pair.a, pair.b].iter().all(|s| self.of(*s).is_some_and(|f| f != fold))
    }
}

/// A log10 LR from a model that saw neither source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Which of the pairs given.
    pub pair: usize,
    pub fold: usize,
    pub truth: Truth,
    pub log10_lr: Log10Lr,
}

/// What a cross-validation found.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOut {
    /// In the order of the pairs.
    pub held: Vec<Held>,
    /// Pairs between folds, which no model could be tested on.
    pub untested: usize,
}

impl HeldOut {
    /// For [`mod@super::cllr`] and the like.
    ///
    /// # Errors
    /// Where no pair of a kind was tested.
    pub fn lrs(&self) -> Result<Lrs, Error> {
        let of = |truth| self.held.iter().filter(|h| h.truth == truth).map(|h| h.log10_lr).collect();
        Lrs::new(of(Truth::SameSource), of(Truth::DifferentSource))
    }
}

/// Trains with `fit` and tests with `log10_lr`, fold by fold.
///
/// # Errors
/// What `fit` and `log10_lr` refuse.
pub fn cross_validate<E: Copy, M>(
    pairs: &[Pair<E>],
    folds: &Folds,
    mut fit: impl FnMut(&[Pair<E>]) -> Result<M, Error>,
    log10_lr: impl Fn(&M, E) -> Result<Log10Lr, Error>,
) -> Result<HeldOut, Error> {
    let mut held = Vec::new();
    for fold in 0..folds.count {
        let train: Vec<Pair<E>> = pairs.iter().filter(|p| folds.trains(p, fold)).copied().collect();
        let model = fit(&train)?;
        for (pair, p) in pairs.iter().enumerate().filter(|(_, p)| folds.held(p) == Some(fold)) {
            held.push(Held { pair, fold, truth: p.truth(), log10_lr: log10_lr(&model, p.evidence)? });
        }
    }
    held.sort_by_key(|h| h.pair);
    Ok(HeldOut { untested: pairs.len() - held.len(), held })
}

/// Refuses a test set that shares a source with the training set.
///
/// # Errors
/// Naming the first ten shared sources.
pub fn refuse_leak<E, F>(train: &[Pair<E>], test: &[Pair<F>]) -> Result<(), Error> {
    let trained: BTreeSet<u32> = train.iter().flat_map(|p| [p.a, p.b]).collect();
    let tested: BTreeSet<u32> = test.iter().flat_map(|p| [p.a, p.b]).collect();
    let shared: Vec<u32> = trained.intersection(&tested).copied().collect();
    if shared.is_empty() {
        return Ok(());
    }
    Err(Error::Leak { count: shared.len(), first: shared.into_iter().take(10).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::lr::cllr::Cllr;
    use crate::evaluate::lr::logistic::{Logistic, Options};

    /// Three items of each source; the score is near 2 for one source and near 0 for two.
    fn simulated(sources: u32) -> Vec<Pair<f64>> {
        let mut stream = Stream::new(1, "pairs", 0);
        let items: Vec<u32> = (0..sources).flat_map(|s| [s, s, s]).collect();
        let ends = (0..items.len()).flat_map(|i| (i + 1..items.len()).map(move |j| (i, j)));
        ends.map(|(i, j)| Pair {
            evidence: stream.normal() + if items[i] == items[j] { 2.0 } else { 0.0 },
            a: items[i],
            b: items[j],
        })
        .collect()
    }

    #[test]
    fn no_source_stands_on_both_sides() {
        let pairs = simulated(14);
        let folds = Folds::deal(&pairs, 4, 2, 9).expect("enough");
        let mut trained = Vec::new();
        let found = cross_validate(
            &pairs,
            &folds,
            |train| {
                trained.push(train.to_vec());
                Logistic::fit(&scores(train)?, Options::default())
            },
            |line, score| line.log10_lr(&[score]),
        )
        .expect("fits");
        for (fold, train) in trained.iter().enumerate() {
            let test: Vec<_> = found.held.iter().filter(|h| h.fold == fold).map(|h| pairs[h.pair]).collect();
            assert!(!test.is_empty() && refuse_leak(train, &test).is_ok());
        }
        assert_eq!(
            found.held.iter().filter(|h| h.truth == Truth::SameSource).count(),
            14 * 3,
            "every same-source pair is tested once"
        );
        assert_eq!(found.held.len() + found.untested, pairs.len());
        assert!(found.held.is_sorted_by_key(|h| h.pair));
        let cllr = Cllr::of(&found.lrs().expect("both kinds"));
        assert!((0.2..0.9).contains(&cllr.cllr), "{cllr:?}");
        // The seed decides, the order of the pairs does not.
        let turned: Vec<_> = pairs.iter().rev().copied().collect();
        assert_eq!(Folds::deal(&turned, 4, 2, 9), Ok(folds.clone()));
        assert_ne!(Folds::deal(&pairs, 4, 2, 10), Ok(folds));
    }

    #[test]
    fn too_few_sources_and_leaks_are_named() {
        let pairs = simulated(5);
        let refused = Folds::deal(&pairs, 3, 2, 1).expect_err("six are needed").to_string();
        assert!(refused.contains("got 5") && refused.contains("at least 6"), "{refused}");
        assert!(Folds::deal(&pairs, 1, 1, 1).is_err() && Folds::deal(&pairs, 5, 1, 1).is_err());
        let leak = refuse_leak(&pairs, &[Pair { evidence: 0.0, a: 3, b: 77 }]).expect_err("3 is in both");
        assert_eq!(leak, Error::Leak { count: 1, first: vec![3] });
    }
}
