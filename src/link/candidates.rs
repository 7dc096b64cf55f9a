//! Candidate pairs of exhibits: all that a ranking of any modality names.
//!
//! A ranking is a collection compared with itself: row-major, k partners a row, best first, −1 for none. An exhibit may have several items.
//! A pair of exhibits (a < b) is a candidate where any item of the one lists any item of the other, in any modality; per modality it keeps
//! the **best item pair** that was listed: the closest score; ties go to the smaller query item, then to the smaller reference item. An item pair
//! is written with the smaller item as the query, whichever of the two rows listed it: the score of a collection with itself is the same
//! both ways. Pairs of one exhibit with itself are dropped.
//!
//! Not listed is not "not alike": the pair is NaN in that modality, and whoever wants its score there must compute it.
//!
//! Memory: 24 bytes a listed pair of one modality at a time, and 24 bytes a candidate and modality in the end.

use super::Error;
use super::error::length;
use crate::metric::Closer;

/// Where no item pair is known.
pub const NONE: u32 = u32::MAX;

/// A ranking of one modality.
#[derive(Clone, Copy, Debug)]
pub struct Modality<'a> {
    /// (n, k), row-major: indices of items, −1 for none.
    pub neighbors: &'a [i64],
    /// (n, k), row-major.
    pub scores: &'a [f64],
    pub k: usize,
    /// (n): the exhibit of each item.
    pub exhibit: &'a [u32],
    pub closer: Closer,
}

/// The best item pair of every candidate in one modality. All of the candidates' length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Best {
    /// NaN where no item pair is listed.
    pub score: Vec<f64>,
    /// The smaller item, and the larger; [`NONE`] where no item pair is listed.
    pub query: Vec<u32>,
    pub reference: Vec<u32>,
}

/// Candidate pairs, ordered by (a, b), each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidates {
    /// a < b.
    pub pairs: Vec<(u32, u32)>,
    /// One entry a modality.
    pub best: Vec<Best>,
}

#[derive(Clone, Copy)]
struct Listed {
    pair: u64,
    score: f64,
    query: u32,
    reference: u32,
}

/// The candidates of all modalities together.
///
/// # Errors
/// Where lengths do not fit, a reference does not exist, or a listed pair has no finite score.
pub fn candidates(modalities: &[Modality<'_>]) -> Result<Candidates, Error> {
    let listed = modalities.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
    let mut keys: Vec<u64> = listed.iter().flatten().map(|l| l.pair).collect();
    keys.sort_unstable();
    keys.dedup();
    let best = listed.into_iter().map(|of| spread(&keys, &of)).collect();
    Ok(Candidates { pairs: keys.iter().map(|key| ((key >> 32) as u32, *key as u32)).collect(), best })
}

/// The best item pair of each pair of exhibits that one ranking names, by pair.
fn listed(of: &Modality<'_>) -> Result<Vec<Listed>, Error> {
    let n = of.exhibit.len();
    if of.k == 0 {
        return Err(Error::Zero { what: "the number of partners a row (k)" });
    }
    if n >= NONE as usize {
        return Err(Error::Many { what: "items of a collection", got: n, most: NONE as usize - 1 });
    }
    length("the ranking", of.neighbors.len(), n.saturating_mul(of.k), "k for every item that has an exhibit")?;
    length("the list of scores", of.scores.len(), of.neighbors.len(), "one for every partner")?;
    let mut all = Vec::new();
    for (row, (partners, scores)) in of.neighbors.chunks(of.k).zip(of.scores.chunks(of.k)).enumerate() {
        for (&partner, &score) in partners.iter().zip(scores) {
            if partner == -1 {
                continue;
            }
            let other = usize::try_from(partner).ok().filter(|p| *p < n);
            let Some(other) = other else {
                return Err(Error::Reference { what: "the ranking", row, got: partner, references: n });
            };
            if !score.is_finite() {
                return Err(Error::Score { what: "the ranking", row, reference: partner, got: score });
            }
            let (a, b) = (of.exhibit[row].min(of.exhibit[other]), of.exhibit[row].max(of.exhibit[other]));
            if a != b {
                let pair = (u64::from(a) << 32) | u64::from(b);
                all.push(Listed { pair, score, query: row.min(other) as u32, reference: row.max(other) as u32 });
            }
        }
    }
    let order = |x: &Listed, y: &Listed| {
        let items = (x.query, x.reference).cmp(&(y.query, y.reference));
        x.pair.cmp(&y.pair).then(of.closer.order(x.score, y.score)).then(items)
    };
    all.sort_unstable_by(order);
    all.dedup_by_key(|l| l.pair);
    all.shrink_to_fit();
    Ok(all)
}

/// Laid out along all candidates; both lists are in order.
fn spread(keys: &[u64], of: &[Listed]) -> Best {
    let n = keys.len();
    let mut best = Best { score: vec![f64::NAN; n], query: vec![NONE; n], reference: vec![NONE; n] };
    let mut at = 0;
    for l in of {
        while keys[at] < l.pair {
            at += 1;
        }
        (best.score[at], best.query[at], best.reference[at]) = (l.score, l.query, l.reference);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;
    use std::collections::BTreeMap;

    /// Neighbors, scores, and the exhibit of each item.
    type Random = (Vec<i64>, Vec<f64>, Vec<u32>);
    type Found = BTreeMap<(u32, u32), (f64, u32, u32)>;

    /// One line a rule: the definition.
    fn naive(of: &Modality<'_>) -> Found {
        let mut all = BTreeMap::new();
        for i in 0..of.neighbors.len() {
            let (q, r) = (i / of.k, of.neighbors[i]);
            if r < 0 || of.exhibit[q] == of.exhibit[r as usize] {
                continue;
            }
            let (x, y) = (of.exhibit[q], of.exhibit[r as usize]);
            let (lo, hi) = (q.min(r as usize) as u32, q.max(r as usize) as u32);
            all.entry((x.min(y), x.max(y))).or_insert_with(Vec::new).push((of.scores[i], lo, hi));
        }
        let best = |mut of_pair: Vec<(f64, u32, u32)>| {
            of_pair.sort_by(|p, q| p.partial_cmp(q).expect("finite"));
            of_pair[0]
        };
        all.into_iter().map(|(k, v)| (k, best(v))).collect()
    }

    fn random(seed: u64, items: usize, exhibits: u32, k: usize) -> Random {
        let mut draw = Stream::new(seed, "candidates", 0);
        let mut below = |n: usize| (draw.uniform() * n as f64) as usize;
        let exhibit = (0..items).map(|_| below(exhibits as usize) as u32).collect();
        let neighbors = (0..items * k).map(|_| below(items + 1) as i64 - 1).collect();
        // Few different scores: many ties.
        let scores = (0..items * k).map(|_| below(4) as f64).collect();
        (neighbors, scores, exhibit)
    }

    #[test]
    fn the_same_as_the_definition() {
        for seed in 0..40 {
            let (n1, s1, e1) = random(seed, 30, 12, 3);
            let (n2, s2, e2) = random(seed + 1000, 17, 12, 2);
            let sets = [
                Modality { neighbors: &n1, scores: &s1, k: 3, exhibit: &e1, closer: Closer::Smaller },
                Modality { neighbors: &n2, scores: &s2, k: 2, exhibit: &e2, closer: Closer::Smaller },
            ];
            let found = candidates(&sets).expect("good input");
            let expected: Vec<_> = sets.iter().map(naive).collect();
            let mut union: Vec<(u32, u32)> = expected.iter().flat_map(|m| m.keys().copied()).collect();
            union.sort_unstable();
            union.dedup();
            assert_eq!(found.pairs, union);
            for (best, expected) in found.best.iter().zip(&expected) {
                for (i, pair) in found.pairs.iter().enumerate() {
                    match expected.get(pair) {
                        None => assert!(best.score[i].is_nan() && best.query[i] == NONE && best.reference[i] == NONE),
                        Some(e) => assert_eq!((best.score[i], best.query[i], best.reference[i]), *e),
                    }
                }
            }
        }
    }

    #[test]
    fn larger_is_closer_by_hand() {
        // Items 0, 1 are of exhibit 5; 2, 3 of exhibit 2.
        let neighbors = [2, 1, 3, -1, 0, -1, 1, -1];
        let scores = [0.4, 0.9, 0.7, f64::NAN, 0.4, f64::NAN, 0.7, f64::NAN];
        let of = Modality { neighbors: &neighbors, scores: &scores, k: 2, exhibit: &[5, 5, 2, 2], closer: Closer::Larger };
        let found = candidates(&[of]).expect("good input");
        assert_eq!(found.pairs, [(2, 5)]);
        assert_eq!(found.best[0], Best { score: vec![0.7], query: vec![1], reference: vec![3] });
        assert_eq!(candidates(&[]).expect("nothing").pairs, []);
    }

    #[test]
    fn refuses_what_cannot_be() {
        let good = Modality { neighbors: &[1, 0], scores: &[1.0, 1.0], k: 1, exhibit: &[0, 1], closer: Closer::Larger };
        assert!(candidates(&[good]).is_ok());
        for (bad, says) in [
            (Modality { neighbors: &[2, 0], ..good }, "reference 2"),
            (Modality { neighbors: &[-2, 0], ..good }, "reference -2"),
            (Modality { scores: &[1.0, f64::NAN], ..good }, "row 1"),
            (Modality { scores: &[1.0], ..good }, "1 entries, but 2"),
            (Modality { exhibit: &[0], ..good }, "2 entries, but 1"),
            (Modality { k: 0, ..good }, "is 0"),
        ] {
            let said = candidates(&[bad]).expect_err(says).to_string();
            assert!(said.contains(says), "{said}");
        }
    }
}
