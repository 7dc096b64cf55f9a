//! Scored pairs of known truth, best first.
//!
//! A pair is a score and the numbers of two sources; equal numbers are the same source (H1), others different sources (H2).
//! 16 bytes a pair, sorted in place: 50 million pairs take 800 MB and no more. Order: falling score, then smaller `a`,
//! then smaller `b`, so that what is computed does not depend on the order of input or the number of threads. −0 becomes 0;
//! ±∞ are allowed and equal to themselves.
//!
//! A thresholded comparison lists only pairs whose score reaches a limit. How many exist below is known, their order is not:
//! [`Unlisted`]. Measures then say what follows from the listed part alone.
//!
//! Which exhibits a pair is of is not kept. Pairs that share an exhibit or a source are not independent; see
//! [`super::bootstrap`] for intervals that respect this.

use rayon::slice::ParallelSliceMut as _;

use super::Error;

/// One comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Larger is closer; distances come negated.
    pub score: f64,
    /// Numbers of the two sources, from 0.
    pub a: u32,
    pub b: u32,
}

impl Pair {
    /// Are both of one source?
    #[must_use]
    pub const fn same(&self) -> bool {
        self.a == self.b
    }
}

/// Pairs known to exist below the limit of a thresholded result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unlisted {
    pub same: u64,
    pub different: u64,
}

/// Checked pairs, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    pairs: Vec<Pair>,
    sources: u32,
    listed: Unlisted,
    unlisted: Option<Unlisted>,
}

impl Scored {
    /// Every pair of a labelled comparison, of sources numbered below `sources`.
    ///
    /// # Errors
    /// For NaN, for a source that is not below `sources`, and where there are no same-source or no different-source pairs.
    pub fn new(pairs: Vec<Pair>, sources: u32) -> Result<Self, Error> {
        Self::checked(pairs, sources, None)
    }

    /// The pairs that reached the limit of a thresholded comparison, and how many did not.
    ///
    /// # Errors
    /// As [`Scored::new`]; a kind of pair may be entirely unlisted.
    pub fn thresholded(pairs: Vec<Pair>, sources: u32, unlisted: Unlisted) -> Result<Self, Error> {
        Self::checked(pairs, sources, Some(unlisted))
    }

    fn checked(mut pairs: Vec<Pair>, sources: u32, unlisted: Option<Unlisted>) -> Result<Self, Error> {
        let mut listed = Unlisted::default();
        for (index, pair) in pairs.iter_mut().enumerate() {
            if pair.score.is_nan() {
                return Err(Error::Nan { index, a: pair.a, b: pair.b });
            }
            if let Some(got) = [pair.a, pair.b].into_iter().find(|s| *s >= sources) {
                return Err(Error::Source { what: "pair", index, got, sources });
            }
            pair.score += 0.0;
            *(if pair.same() { &mut listed.same } else { &mut listed.different }) += 1;
        }
        let scored = Self { pairs, sources, listed, unlisted };
        let missing = match (scored.same(), scored.different()) {
            (0, _) => Some("one source"),
            (_, 0) => Some("different sources"),
            _ => None,
        };
        if let Some(missing) = missing {
            return Err(Error::OneKind { missing, pairs: scored.same().saturating_add(scored.different()) });
        }
        Ok(scored.sorted())
    }

    fn sorted(mut self) -> Self {
        self.pairs.par_sort_unstable_by(|x, y| y.score.total_cmp(&x.score).then(x.a.cmp(&y.a)).then(x.b.cmp(&y.b)));
        self
    }

    /// The listed pairs, best first.
    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Sources are numbered below this.
    #[must_use]
    pub const fn sources(&self) -> u32 {
        self.sources
    }

    /// Same-source pairs, listed or not.
    #[must_use]
    pub fn same(&self) -> u64 {
        self.listed.same.saturating_add(self.unlisted.unwrap_or_default().same)
    }

    /// Different-source pairs, listed or not.
    #[must_use]
    pub fn different(&self) -> u64 {
        self.listed.different.saturating_add(self.unlisted.unwrap_or_default().different)
    }

    /// What lies below the limit of a thresholded result; nothing where every pair was scored.
    #[must_use]
    pub const fn unlisted(&self) -> Option<Unlisted> {
        self.unlisted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(score: f64, a: u32, b: u32) -> Pair {
        Pair { score, a, b }
    }

    #[test]
    fn a_pair_takes_sixteen_bytes() {
        assert_eq!(size_of::<Pair>(), 16);
    }

    #[test]
    fn order_is_that_of_scores_then_sources() {
        let best = [pair(f64::INFINITY, 0, 1), pair(0.5, 0, 0), pair(0.0, 0, 2), pair(0.0, 1, 1), pair(f64::NEG_INFINITY, 1, 2)];
        for turn in 0..best.len() {
            let mut given = best.to_vec();
            given.rotate_left(turn);
            given.iter_mut().filter(|p| p.score == 0.0 && p.a == 1).for_each(|p| p.score = -0.0);
            let scored = Scored::new(given, 3).unwrap();
            assert_eq!(scored.pairs(), best);
            assert!(scored.pairs()[3].score.is_sign_positive());
            assert_eq!((scored.same(), scored.different(), scored.sources()), (2, 3, 3));
        }
    }

    #[test]
    fn order_does_not_depend_on_threads() {
        let all: Vec<_> = (0..20_000u32).map(|i| pair(f64::from(i * 7919 % 101), i * 31 % 50, i * 17 % 50)).collect();
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let reversed: Vec<_> = all.iter().rev().copied().collect();
        assert_eq!(Scored::new(all, 50).unwrap(), one.install(|| Scored::new(reversed, 50).unwrap()));
    }

    #[test]
    fn what_cannot_be_judged_is_refused_with_its_place() {
        let same = pair(1.0, 0, 0);
        assert_eq!(Scored::new(vec![same, pair(f64::NAN, 0, 1)], 2), Err(Error::Nan { index: 1, a: 0, b: 1 }));
        assert_eq!(Scored::new(vec![pair(1.0, 0, 5)], 5), Err(Error::Source { what: "pair", index: 0, got: 5, sources: 5 }));
        assert_eq!(Scored::new(vec![same], 1), Err(Error::OneKind { missing: "different sources", pairs: 1 }));
        assert_eq!(Scored::new(vec![pair(1.0, 0, 1)], 2), Err(Error::OneKind { missing: "one source", pairs: 1 }));
        assert!(Scored::new(vec![], 0).unwrap_err().to_string().contains("no pair of one source, among 0 pairs"));
    }

    #[test]
    fn unlisted_pairs_count() {
        let below = Unlisted { same: 2, different: 10 };
        let scored = Scored::thresholded(vec![pair(1.0, 0, 0)], 3, below).unwrap();
        assert_eq!((scored.same(), scored.different(), scored.unlisted()), (3, 10, Some(below)));
        assert!(Scored::thresholded(vec![pair(1.0, 0, 0)], 3, Unlisted { same: 9, different: 0 }).is_err());
    }
}
