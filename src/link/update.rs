//! Exact rankings of a collection that has grown, without comparing the old items with each other again.
//!
//! The best k of a union are among the best k of its parts. With n old items and m new ones, the whole ranking (old rows first, new rows after) follows
//! from four rankings: old among old (on file), old among new, new among old, new among new. Each row merges two ordered lists; ties go to the
//! smaller reference index, and every old index is smaller than every new one (n + its own). The result has the bytes of a full run: the same scores come
//! from the same definition, unused places are −1 and NaN.
//!
//! A part may list fewer than k partners a row only where it lists all there are.

use super::Error;
use super::error::length;
use crate::metric::Closer;

/// Best partners, best first: (rows, k) row-major, −1 and NaN where there are fewer.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    pub neighbors: &'a [i64],
    pub scores: &'a [f64],
    pub k: usize,
}

/// The four rankings that a grown collection's follows from; references of each are numbered from 0 in their own items.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    pub old_among_old: Part<'a>,
    pub old_among_new: Part<'a>,
    pub new_among_old: Part<'a>,
    pub new_among_new: Part<'a>,
}

/// A ranking: (n + m, k) row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    pub neighbors: Vec<i64>,
    pub scores: Vec<f64>,
}

/// The ranking of `old` + `new` items, k partners a row.
///
/// # Errors
/// Where lengths do not fit, a part lists fewer partners than k needs, a reference does not exist, a score is not finite, or a row is out of order.
pub fn update(parts: &Parts<'_>, old: usize, new: usize, k: usize, closer: Closer) -> Result<Ranking, Error> {
    if k == 0 {
        return Err(Error::Zero { what: "the number of partners a row (k)" });
    }
    let all = [
        ("old items among old", parts.old_among_old, old, old),
        ("old items among new", parts.old_among_new, old, new),
        ("new items among old", parts.new_among_old, new, old),
        ("new items among new", parts.new_among_new, new, new),
    ];
    for (what, part, rows, references) in all {
        check(what, &part, rows, references, k, closer)?;
    }
    let places = old.saturating_add(new).saturating_mul(k);
    let mut ranking = Ranking { neighbors: Vec::with_capacity(places), scores: Vec::with_capacity(places) };
    for (first, second, rows) in
        [(parts.old_among_old, parts.old_among_new, old), (parts.new_among_old, parts.new_among_new, new)]
    {
        for row in 0..rows {
            ranking.merge(listed(&first, row, 0), listed(&second, row, old as i64), k, closer);
        }
    }
    Ok(ranking)
}

impl Ranking {
    fn merge(
        &mut self,
        first: impl Iterator<Item = (i64, f64)>,
        second: impl Iterator<Item = (i64, f64)>,
        k: usize,
        closer: Closer,
    ) {
        let (mut first, mut second) = (first.peekable(), second.peekable());
        for _ in 0..k {
            let next = match (first.peek(), second.peek()) {
                // Of equal scores the first list's: its indices are smaller.
                (Some(x), Some(y)) if closer.order(x.1, y.1).is_le() => first.next(),
                (Some(_), None) => first.next(),
                _ => second.next(),
            };
            let (neighbor, score) = next.unwrap_or((-1, f64::NAN));
            self.neighbors.push(neighbor);
            self.scores.push(score);
        }
    }
}

fn listed<'a>(part: &Part<'a>, row: usize, shift: i64) -> impl Iterator<Item = (i64, f64)> + use<'a> {
    let at = row * part.k..(row + 1) * part.k;
    let (neighbors, scores) = (&part.neighbors[at.clone()], &part.scores[at]);
    neighbors.iter().zip(scores).take_while(|(n, _)| **n >= 0).map(move |(n, s)| (n + shift, *s))
}

fn check(what: &'static str, part: &Part<'_>, rows: usize, references: usize, k: usize, closer: Closer) -> Result<(), Error> {
    if part.k < k.min(references) && rows > 0 {
        return Err(Error::Narrow { what, got: part.k, k, references });
    }
    length(what, part.neighbors.len(), rows.saturating_mul(part.k), "rows × partners")?;
    length(what, part.scores.len(), part.neighbors.len(), "a score for every partner")?;
    for row in 0..rows {
        let at = row * part.k..(row + 1) * part.k;
        let mut before: Option<(i64, f64)> = None;
        let mut ended = false;
        for (&reference, &score) in part.neighbors[at.clone()].iter().zip(&part.scores[at]) {
            if reference == -1 {
                ended = true;
                continue;
            }
            if usize::try_from(reference).map_or(true, |r| r >= references) {
                return Err(Error::Reference { what, row, got: reference, references });
            }
            if !score.is_finite() {
                return Err(Error::Score { what, row, reference, got: score });
            }
            if ended || before.is_some_and(|(r, s)| closer.order(s, score).then(r.cmp(&reference)).is_ge()) {
                return Err(Error::Order { what, row, reference });
            }
            before = Some((reference, score));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Row after row: all references but itself, sorted, the best k.
    fn full(
        score: impl Fn(usize, usize) -> f64,
        rows: std::ops::Range<usize>,
        of: std::ops::Range<usize>,
        k: usize,
        closer: Closer,
    ) -> Ranking {
        let mut ranking = Ranking { neighbors: Vec::new(), scores: Vec::new() };
        for q in rows {
            let mut all: Vec<(i64, f64)> = of.clone().filter(|r| *r != q).map(|r| ((r - of.start) as i64, score(q, r))).collect();
            all.sort_by(|x, y| closer.order(x.1, y.1).then(x.0.cmp(&y.0)));
            all.resize(k.max(all.len()), (-1, f64::NAN));
            ranking.neighbors.extend(all[..k].iter().map(|x| x.0));
            ranking.scores.extend(all[..k].iter().map(|x| x.1));
        }
        ranking
    }

    fn part(r: &Ranking, k: usize) -> Part<'_> {
        Part { neighbors: &r.neighbors, scores: &r.scores, k }
    }

    fn bytes(r: &Ranking) -> (Vec<i64>, Vec<u64>) {
        (r.neighbors.clone(), r.scores.iter().map(|s| s.to_bits()).collect())
    }

    proptest! {
        #[test]
        fn the_bytes_of_a_full_run(old in 0usize..12, new in 0usize..9, k in 1usize..8, levels in 1u32..5, seed: u64, larger: bool) {
            let closer = if larger { Closer::Larger } else { Closer::Smaller };
            // Few levels: many ties. Symmetric, as scores of a collection with itself are.
            let score = |a: usize, b: usize| {
                let mixed = (a.min(b) as u64 * 1000 + a.max(b) as u64).wrapping_mul(seed | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                f64::from((mixed >> 40) as u32 % levels) / 3.0
            };
            let n = old + new;
            let oo = full(score, 0..old, 0..old, k, closer);
            let on = full(score, 0..old, old..n, k + 1, closer);
            let no = full(score, old..n, 0..old, k.min(old), closer);
            let nn = full(score, old..n, old..n, k, closer);
            let parts = Parts {
                old_among_old: part(&oo, k),
                old_among_new: part(&on, k + 1),
                new_among_old: part(&no, k.min(old)),
                new_among_new: part(&nn, k),
            };
            let updated = update(&parts, old, new, k, closer).expect("good input");
            prop_assert_eq!(bytes(&updated), bytes(&full(score, 0..n, 0..n, k, closer)));
        }
    }

    #[test]
    fn refuses_what_cannot_be() {
        let empty = Part { neighbors: &[], scores: &[], k: 1 };
        let with = |neighbors: &'static [i64], scores: &'static [f64], k| {
            let old_among_old = Part { neighbors, scores, k };
            Parts { old_among_old, old_among_new: Part { k: 0, ..empty }, new_among_old: empty, new_among_new: empty }
        };
        let run = |parts, k| update(&parts, 3, 0, k, Closer::Larger);
        assert!(run(with(&[1, 0, 0], &[0.5, 0.5, 0.1], 1), 1).is_ok());
        for (parts, k, says) in [
            (with(&[1, 0, 0], &[0.5, 0.5, 0.1], 1), 2, "too few"),
            (with(&[1, 0, 3], &[0.5, 0.5, 0.1], 1), 1, "reference 3"),
            (with(&[1, 0, -2], &[0.5, 0.5, 0.1], 1), 1, "reference -2"),
            (with(&[1, 0, 0], &[0.5, 0.5, f64::NAN], 1), 1, "NaN"),
            (with(&[2, 1, 0, 2, 0, 1], &[0.5, 0.5, 0.5, 0.4, 0.5, 0.4], 2), 2, "row 0: reference 1 stands"),
            (with(&[-1, 1, 0, 2, 0, 1], &[0.5, 0.5, 0.5, 0.4, 0.5, 0.4], 2), 2, "row 0: reference 1 stands"),
            (with(&[1, 0], &[0.5, 0.5], 1), 1, "2 entries"),
            (with(&[], &[], 0), 0, "is 0"),
        ] {
            let said = run(parts, k).expect_err(says).to_string();
            assert!(said.contains(says), "{said}");
        }
    }
}
