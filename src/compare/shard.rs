//! Shards: a comparison cut into N parts that machines do apart from each other, and that together are the whole.
//!
//! Which pairs are whose depends on the numbers of rows and on N alone, never on memory, device or threads; every pair is one shard's and no other's.
//!
//! A collection compared with itself is cut into B = 2N cells of rows. Cell i goes with itself and with the cells i + 1 … i + N − 1 (mod B), which is every
//! pair of cells once but for those N apart; of these, the one of i < N belongs to cell i where i is even and to cell i + N where it is odd. Shard s has the cells 2s and
//! 2s + 1: an N-th of all pairs for every N, the rounding of cells aside, and two neighbours whose partners are nearly the same.
//!
//! Two collections are cut along the queries, or along the references where queries are few.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Most shards of a run.
pub const MOST: usize = 1 << 16;
/// Queries that a shard should have at least, where there are references to be shared out instead.
const FEW: usize = 16;

/// One of `count` parts; the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    pub index: usize,
    pub count: usize,
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match numbers {
            Some((index, count)) if (1..=MOST).contains(&count) && (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err(format!("{text:?} is no shard; give I/N with I from 1 to N and N up to {MOST}, such as 3/64")),
        }
    }
}

/// What a shard compares, as ranges of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Rows that are compared with each other: of a collection with itself.
    pub own: Range<usize>,
    /// With which others all of `own` are compared.
    pub others: Vec<Range<usize>>,
    /// Further ranges that are compared.
    pub further: Vec<(Range<usize>, Range<usize>)>,
}

impl Shard {
    /// The part of `rows` that is this shard's if they are shared out evenly.
    #[must_use]
    pub fn of(self, rows: usize) -> Range<usize> {
        part(rows, self.index - 1, self.count)..part(rows, self.index, self.count)
    }

    /// Which queries are compared with which references.
    #[must_use]
    pub fn between(self, queries: usize, references: usize) -> (Range<usize>, Range<usize>) {
        let by_query = queries >= FEW * self.count || queries >= references;
        if by_query { (self.of(queries), 0..references) } else { (0..queries, self.of(references)) }
    }

    /// Which rows of a collection are compared with which others of it.
    #[must_use]
    pub fn within(self, rows: usize) -> Share {
        if self.count == 1 {
            return Share { own: 0..rows, ..Share::default() };
        }
        let (n, cells) = (self.count, 2 * self.count);
        let cell = |c: usize| part(rows, c % cells, cells)..part(rows, c % cells + 1, cells);
        let first = 2 * (self.index - 1);
        let own = cell(first).start..cell(first + 1).end;
        let mut others = Vec::new();
        let mut further = Vec::new();
        // Those that both cells go with, and the one that the second goes with beyond them.
        let last = first + n - 1;
        let shared_first = first < n;
        let mut at = first + 2;
        let end = if shared_first { last + 1 } else { last };
        while at <= end {
            // Up to where the cells begin anew.
            let stop = if at < cells { (end + 1).min(cells) } else { end + 1 };
            others.push(cell(at).start..cell(stop - 1).end);
            at = stop;
        }
        if !shared_first {
            further.push((cell(first + 1), cell(first + n)));
        }
        for i in [first, first + 1] {
            if i >= n && (i - n) % 2 == 1 {
                further.push((cell(i), cell(i - n)));
            }
        }
        others.retain(|o| !o.is_empty());
        further.retain(|(a, b)| !a.is_empty() && !b.is_empty());
        Share { own, others, further }
    }

    /// Of the queries of peak lists, each compared with all that follow it, those of this shard: about as many pairs for each.
    #[must_use]
    pub fn of_triangle(self, rows: usize) -> Range<usize> {
        // Pairs of the first q queries: q·n − q(q+1)/2, which rises to its end.
        let before = |q: usize| q as u128 * rows as u128 - q as u128 * (q as u128 + 1) / 2;
        let start = |s: usize| {
            let goal = before(rows) * s as u128 / self.count as u128;
            let (mut low, mut high) = (0, rows);
            while low < high {
                let middle = usize::midpoint(low, high);
                if before(middle) < goal {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            low
        };
        let end = if self.index == self.count { rows } else { start(self.index) };
        let begin = if self.index == 1 { 0 } else { start(self.index - 1) };
        begin..end.max(begin)
    }
}

/// Where part `p` of `parts` begins.
fn part(rows: usize, p: usize, parts: usize) -> usize {
    (rows as u128 * p as u128 / parts as u128) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn visits(count: usize, rows: usize) -> (Vec<u32>, Vec<u64>) {
        let mut visits = vec![0; rows * rows];
        let mut pairs = Vec::new();
        for index in 1..=count {
            let mut own = 0;
            let mut visit = |i: usize, j: usize| {
                visits[i.min(j) * rows + i.max(j)] += 1;
                own += 1;
            };
            let share = Shard { index, count }.within(rows);
            for i in share.own.clone() {
                (i + 1..share.own.end).for_each(|j| visit(i, j));
                share.others.iter().cloned().flatten().for_each(|j| visit(i, j));
            }
            for (a, b) in &share.further {
                a.clone().for_each(|i| b.clone().for_each(|j| visit(i, j)));
            }
            pairs.push(own);
        }
        (visits, pairs)
    }

    proptest! {
        #[test]
        fn every_pair_is_one_shards(count in 1usize..20, rows in 1usize..150) {
            let (visits, pairs) = visits(count, rows);
            for i in 0..rows {
                for j in 0..rows {
                    prop_assert_eq!(visits[i * rows + j], u32::from(i < j), "{} {}", i, j);
                }
            }
            prop_assert_eq!(pairs.iter().sum::<u64>(), (rows * (rows - 1) / 2) as u64);
        }

        #[test]
        fn two_collections_are_shared_out_whole(count in 1usize..40, queries in 1usize..300, references in 1usize..300) {
            let mut visits = vec![0; queries * references];
            for index in 1..=count {
                let (q, r) = Shard { index, count }.between(queries, references);
                q.for_each(|i| r.clone().for_each(|j| visits[i * references + j] += 1));
            }
            prop_assert!(visits.iter().all(|v| *v == 1));
        }

        #[test]
        fn triangles_are_shared_out_whole(count in 1usize..40, rows in 0usize..300) {
            let mut next = 0;
            for index in 1..=count {
                let part = Shard { index, count }.of_triangle(rows);
                prop_assert_eq!(part.start, next);
                next = part.end;
            }
            prop_assert_eq!(next, rows);
        }
    }

    #[test]
    fn shards_have_the_same_work() {
        for count in [2, 3, 4, 5, 8, 16, 33] {
            let rows = 2 * count * 12;
            let (_, pairs) = visits(count, rows);
            let (least, most) = (pairs.iter().min().unwrap(), pairs.iter().max().unwrap());
            // Cells of one size: what is within them differs by nothing.
            assert_eq!(least, most, "{count} shards");
        }
        let pairs: Vec<usize> =
            (1..=64).map(|index| Shard { index, count: 64 }.of_triangle(100_000).map(|q| 99_999 - q).sum()).collect();
        let (least, most) = (*pairs.iter().min().unwrap() as f64, *pairs.iter().max().unwrap() as f64);
        assert!(most / least < 1.01, "{least} … {most}");
    }

    #[test]
    fn shards_are_written_as_people_write_them() {
        assert_eq!("3/64".parse(), Ok(Shard { index: 3, count: 64 }));
        assert_eq!(Shard { index: 3, count: 64 }.to_string(), "3/64");
        for wrong in ["0/4", "5/4", "1/0", "1/65537", "3", "a/b", "-1/3", "1/2/3", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
