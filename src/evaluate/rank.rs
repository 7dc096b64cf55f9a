//! How well ranked lists find partners: identification by rank, mean average precision.
//!
//! Of each query: its source, how many partners of that source there are in all (R; itself left out), and at which ranks, from 1,
//! the list has them. Queries without any partner (R = 0) are left out of every measure, and counted.
//!
//! - **Identification rate at rank k**: the share of queries with a partner among their first k (the CMC curve of
//!   biometrics; not to be confused with congruent cells). At k = 1 it is the precision at 1.
//! - **Average precision** of a query: (1/R) Σᵢ i / rᵢ over the ranks r₁ < r₂ < … of its partners; **mAP** is its mean
//!   over queries
//!   (Manning, Raghavan & Schütze 2008, Introduction to Information Retrieval, 8.4).
//! - **Average precision at k**: (1/min(R, k)) Σ i / rᵢ over rᵢ ≤ k, so that 1 can be reached; its mean is **mAP@k**.
//!
//! **Lists that end early** (top-k results): a partner that is not listed is taken as not found, so every value is a
//! lower bound. What it could be
//! at most, with the missing partners right behind the end of the list, is given as `high`; both are equal where lists are
//! complete or long enough.
//!
//! Ties in scores are broken by whoever made the list (score, then smaller index). With weights a query counts with the weight of
//! its source; the collection that is searched stays as it is, so a bootstrap over sources speaks of other queries, not of
//! another archive. Sums run in the order of the queries.

use super::Error;
use super::roc::check_weights;

/// A value where lists are complete, else its bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub low: f64,
    pub high: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Query {
    source: u32,
    relevant: u64,
    listed: u32,
    /// Where its ranks end; they begin where those of the query before end.
    end: usize,
}

/// Ranked lists of many queries, held against the truth.
#[derive(Clone, Debug, PartialEq)]
pub struct Rankings {
    sources: u32,
    queries: Vec<Query>,
    ranks: Vec<u32>,
    alone: u64,
}

impl Rankings {
    /// No queries yet, of sources numbered below `sources`.
    #[must_use]
    pub const fn new(sources: u32) -> Self {
        Self { sources, queries: Vec::new(), ranks: Vec::new(), alone: 0 }
    }

    /// Adds a query: its source, its partners in all, the ascending ranks (from 1) of those in its list, and the list's length.
    ///
    /// # Errors
    /// For a source that is not below the number of sources, ranks that do not rise from 1 to the length, and more of them than
    /// partners.
    pub fn push(&mut self, source: u32, relevant: u64, ranks: &[u32], listed: u32) -> Result<(), Error> {
        let query = self.queries.len() + self.alone as usize;
        if source >= self.sources {
            return Err(Error::Source { what: "query", index: query, got: source, sources: self.sources });
        }
        let refuse = |reason: String| Err(Error::Ranking { query, reason });
        let before = std::iter::once(0).chain(ranks.iter().copied());
        if let Some((b, r)) = before.zip(ranks).find(|(b, r)| **r <= *b || **r > listed) {
            return refuse(format!("rank {r} after {b}, in a list of {listed}; ranks rise from 1 to the length of the list"));
        }
        if ranks.len() as u64 > relevant {
            return refuse(format!("{} partners are listed of {relevant} in all; give all partners of the source", ranks.len()));
        }
        if relevant == 0 {
            self.alone += 1;
        } else {
            self.ranks.extend(ranks);
            self.queries.push(Query { source, relevant, listed, end: self.ranks.len() });
        }
        Ok(())
    }

    /// Queries that have a partner.
    #[must_use]
    pub fn queries(&self) -> usize {
        self.queries.len()
    }

    /// Queries left out as they have none.
    #[must_use]
    pub const fn alone(&self) -> u64 {
        self.alone
    }

    /// Longest list.
    #[must_use]
    pub fn longest(&self) -> u32 {
        self.queries.iter().map(|q| q.listed).max().unwrap_or(0)
    }

    /// Up to this rank the identification rate is exact: the shortest list that has no partner.
    #[must_use]
    pub fn exact_to(&self) -> u32 {
        self.each().filter(|(_, ranks)| ranks.is_empty()).map(|(q, _)| q.listed).min().unwrap_or(u32::MAX)
    }

    fn each(&self) -> impl Iterator<Item = (&Query, &[u32])> {
        let starts = std::iter::once(0).chain(self.queries.iter().map(|q| q.end));
        self.queries.iter().zip(starts).map(|(q, start)| (q, self.ranks.get(start..q.end).unwrap_or(&[])))
    }

    /// The weighted mean of something over queries.
    fn mean(&self, weights: Option<&[f64]>, of: impl Fn(&Query, &[u32]) -> (f64, f64)) -> Result<Bounds, Error> {
        if let Some(weights) = weights {
            check_weights(weights, self.sources)?;
        }
        let (mut low, mut high, mut all) = (0.0, 0.0, 0.0);
        for (query, ranks) in self.each() {
            let w = weights.map_or(1.0, |w| w.get(query.source as usize).copied().unwrap_or(0.0));
            if w > 0.0 {
                let (l, h) = of(query, ranks);
                (low, high, all) = (low + w * l, high + w * h, all + w);
            }
        }
        if all > 0.0 {
            Ok(Bounds { low: low / all, high: high / all })
        } else {
            Err(Error::NoPartner { queries: self.queries.len() + self.alone as usize })
        }
    }

    /// The share of queries with a partner among their first `k`.
    ///
    /// # Errors
    /// Where no query (of weight) has a partner, or weights are none: one a source, finite, from 0 up.
    pub fn identification(&self, k: u32, weights: Option<&[f64]>) -> Result<Bounds, Error> {
        self.mean(weights, |query, ranks| {
            let found = ranks.first().is_some_and(|r| *r <= k);
            let possible = found || (ranks.is_empty() && query.listed < k);
            (f64::from(u8::from(found)), f64::from(u8::from(possible)))
        })
    }

    /// The share of queries whose first in the list is a partner.
    ///
    /// # Errors
    /// As [`Rankings::identification`].
    pub fn precision_at_1(&self, weights: Option<&[f64]>) -> Result<Bounds, Error> {
        self.identification(1, weights)
    }

    /// The identification rate at ranks 1 to `k`: lower bounds beyond [`Rankings::exact_to`].
    ///
    /// # Errors
    /// As [`Rankings::identification`].
    pub fn curve(&self, k: u32, weights: Option<&[f64]>) -> Result<Vec<f64>, Error> {
        // Refuses what cannot be weighed.
        self.mean(weights, |_, _| (1.0, 1.0))?;
        let (mut gains, mut total) = (vec![0.0; k as usize], 0.0);
        for (query, ranks) in self.each() {
            let w = weights.map_or(1.0, |w| w.get(query.source as usize).copied().unwrap_or(0.0));
            total += w;
            if let Some(gain) = ranks.first().and_then(|r| gains.get_mut(*r as usize - 1)) {
                *gain += w;
            }
        }
        let mut sum = 0.0;
        Ok(gains
            .into_iter()
            .map(|gain| {
                sum += gain;
                sum / total
            })
            .collect())
    }

    /// Mean average precision.
    ///
    /// # Errors
    /// As [`Rankings::identification`].
    pub fn mean_average_precision(&self, weights: Option<&[f64]>) -> Result<Bounds, Error> {
        self.mean(weights, |query, ranks| average_precision(query, ranks, None))
    }

    /// Mean average precision at `k`.
    ///
    /// # Errors
    /// As [`Rankings::identification`].
    pub fn mean_average_precision_at(&self, k: u32, weights: Option<&[f64]>) -> Result<Bounds, Error> {
        self.mean(weights, |query, ranks| average_precision(query, ranks, Some(k)))
    }
}

/// Average precision of the listed partners, and with the others right behind the end of the list.
fn average_precision(query: &Query, ranks: &[u32], k: Option<u32>) -> (f64, f64) {
    let within = k.map_or(u64::MAX, u64::from);
    let relevant = query.relevant.min(within).max(1) as f64;
    let term = |i: u64, rank: u64| if rank <= within { i as f64 / rank as f64 } else { 0.0 };
    let low: f64 = (1..).zip(ranks).map(|(i, r)| term(i, u64::from(*r))).sum();
    let found = ranks.len() as u64;
    let end = u64::from(query.listed);
    // Behind the end ranks and places rise together: where there are very many, the rest of the sum is bounded by 1 each.
    let behind = (query.relevant - found).min(within.saturating_sub(end));
    let summed = behind.min(100_000);
    let rest: f64 = (1..=summed).map(|j| term(found + j, end + j)).sum::<f64>() + (behind - summed) as f64;
    (low / relevant, (low + rest) / relevant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rankings(all: &[(u32, u64, &[u32], u32)]) -> Rankings {
        let mut rankings = Rankings::new(4);
        for (source, relevant, ranks, listed) in all {
            rankings.push(*source, *relevant, ranks, *listed).unwrap();
        }
        rankings
    }

    fn exact(b: Result<Bounds, Error>) -> f64 {
        let b = b.unwrap();
        assert_eq!(b.low, b.high);
        b.low
    }

    #[test]
    fn by_hand() {
        let r = rankings(&[(0, 2, &[1, 3], 9), (1, 1, &[2], 9), (2, 1, &[4], 9), (3, 0, &[], 9)]);
        assert_eq!((r.queries(), r.alone(), r.longest(), r.exact_to()), (3, 1, 9, u32::MAX));
        assert_eq!(exact(r.precision_at_1(None)), 1.0 / 3.0);
        assert_eq!(r.curve(5, None).unwrap(), [1.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 1.0, 1.0]);
        let ap = [f64::midpoint(1.0, 2.0 / 3.0), 0.5, 0.25];
        assert!((exact(r.mean_average_precision(None)) - ap.iter().sum::<f64>() / 3.0).abs() < 1e-15);
        // At 2: of the first query one of two; of the third none.
        assert!((exact(r.mean_average_precision_at(2, None)) - (0.5 + 0.5 + 0.0) / 3.0).abs() < 1e-15);
        assert_eq!(exact(r.mean_average_precision_at(1, None)), 1.0 / 3.0);
        let w = [3.0, 0.0, 1.0, 100.0];
        assert_eq!(exact(r.precision_at_1(Some(&w))), 0.75);
        assert_eq!(r.curve(4, Some(&w)).unwrap(), [0.75, 0.75, 0.75, 1.0]);
    }

    #[test]
    fn lists_that_end_early_give_bounds() {
        let r = rankings(&[(0, 3, &[1], 2), (1, 2, &[], 2)]);
        assert_eq!(r.exact_to(), 2);
        assert_eq!(exact(r.identification(2, None)), 0.5);
        assert_eq!(r.identification(3, None).unwrap(), Bounds { low: 0.5, high: 1.0 });
        let map = r.mean_average_precision(None).unwrap();
        let low = f64::midpoint(1.0 / 3.0, 0.0);
        let high = f64::midpoint((1.0 + 2.0 / 3.0 + 3.0 / 4.0) / 3.0, f64::midpoint(1.0 / 3.0, 2.0 / 4.0));
        assert!((map.low - low).abs() < 1e-15 && (map.high - high).abs() < 1e-15, "{map:?}");
        assert_eq!(exact(r.mean_average_precision_at(2, None)), 0.25);
    }

    #[test]
    fn what_is_no_ranking_is_refused() {
        let mut r = Rankings::new(2);
        assert!(matches!(r.push(2, 1, &[1], 3), Err(Error::Source { .. })));
        for (relevant, ranks, listed) in [(2, &[0][..], 3), (2, &[2, 2], 3), (2, &[3, 1], 3), (2, &[4], 3), (1, &[1, 2], 3)] {
            assert!(matches!(r.push(0, relevant, ranks, listed), Err(Error::Ranking { query: 0, .. })));
        }
        assert_eq!(r.precision_at_1(None), Err(Error::NoPartner { queries: 0 }));
        r.push(1, 0, &[], 3).unwrap();
        assert!(r.curve(3, None).unwrap_err().to_string().contains("none of 1 queries"));
        r.push(1, 1, &[1], 3).unwrap();
        assert!(matches!(r.precision_at_1(Some(&[1.0, 0.0])), Err(Error::NoPartner { .. })));
        assert!(matches!(r.precision_at_1(Some(&[1.0])), Err(Error::Weights { .. })));
    }

    proptest! {
        /// Whole lists of yes and no, cut anywhere: bounds hold the value of the whole list, which is as defined.
        #[test]
        fn as_defined_and_within_bounds(lists in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 1..20), 1..8), cut in 1..20usize, k in 1..20usize) {
            let (mut whole, mut part) = (Rankings::new(1), Rankings::new(1));
            let (mut map, mut map_k, mut first, mut n) = (0.0, 0.0, 0.0, 0.0);
            for list in &lists {
                let ranks = |to: usize| -> Vec<u32> { (1..).zip(&list[..to.min(list.len())]).filter(|(_, y)| **y).map(|(i, _)| i).collect() };
                let relevant = list.iter().filter(|y| **y).count();
                whole.push(0, relevant as u64, &ranks(list.len()), list.len() as u32).unwrap();
                part.push(0, relevant as u64, &ranks(cut), cut.min(list.len()) as u32).unwrap();
                if relevant > 0 {
                    let precision = |at: usize| list[..=at].iter().filter(|y| **y).count() as f64 / (at + 1) as f64;
                    let sum = |to: usize| -> f64 { (0..to.min(list.len())).filter(|i| list[*i]).map(precision).sum() };
                    map += sum(list.len()) / relevant as f64;
                    map_k += sum(k) / relevant.min(k) as f64;
                    first += f64::from(u8::from(list.iter().take(k).any(|y| *y)));
                    n += 1.0;
                }
            }
            if n > 0.0 {
                let k = k as u32;
                prop_assert!((exact(whole.mean_average_precision(None)) - map / n).abs() < 1e-12);
                prop_assert!((exact(whole.mean_average_precision_at(k, None)) - map_k / n).abs() < 1e-12);
                prop_assert_eq!(exact(whole.identification(k, None)), first / n);
                prop_assert_eq!(whole.curve(k, None).unwrap()[k as usize - 1], first / n);
                for (b, v) in [(part.mean_average_precision(None), map), (part.mean_average_precision_at(k, None), map_k), (part.identification(k, None), first)] {
                    let b = b.unwrap();
                    prop_assert!(b.low <= v / n + 1e-12 && v / n <= b.high + 1e-12, "{:?} {}", b, v / n);
                }
                if k <= part.exact_to() {
                    prop_assert_eq!(exact(part.identification(k, None)), first / n);
                }
            }
        }
    }
}
