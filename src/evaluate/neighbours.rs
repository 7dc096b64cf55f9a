//! How well nearest neighbours find the source.
//!
//! - **Identification rate (rank 1)**: of the queries that have a partner of their own source at all, the share whose first
//!   neighbour is one. (In leave-one-out classification with classes of two or more this is the accuracy.)
//! - **Precision at k**: of all neighbours listed for those queries, the share of their own source.

use std::collections::{BTreeMap, HashMap};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identification {
    /// Queries that could be identified.
    pub queries: usize,
    /// Those whose first neighbour is of their source.
    pub first: usize,
    /// Neighbours listed for those queries, and how many of them are of the query's source.
    pub listed: usize,
    pub right: usize,
    /// Of (own source, source of the first neighbour): how often.
    pub confusion: BTreeMap<(String, String), usize>,
}

/// Holds a ranking (row-major, k neighbours a query, −1 for none) against the sources of a collection compared with itself.
///
/// Sources that do not fit the ranking (fewer than it has queries) leave the rest out.
#[must_use]
pub fn identify(sources: &[String], neighbors: &[i64], k: usize) -> Identification {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for source in sources {
        *count.entry(source).or_default() += 1;
    }
    let mut found = Identification { queries: 0, first: 0, listed: 0, right: 0, confusion: BTreeMap::new() };
    for (own, partners) in sources.iter().zip(neighbors.chunks(k.max(1))) {
        if count.get(own.as_str()).is_none_or(|&n| n < 2) {
            continue;
        }
        let source = |n: &i64| usize::try_from(*n).ok().and_then(|n| sources.get(n));
        found.queries += 1;
        if let Some(first) = partners.first().and_then(source) {
            found.first += usize::from(first == own);
            *found.confusion.entry((own.clone(), first.clone())).or_default() += 1;
        }
        let of: Vec<&String> = partners.iter().filter_map(source).collect();
        found.listed += of.len();
        found.right += of.iter().filter(|s| **s == own).count();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_hand() {
        let sources: Vec<String> = ["a", "a", "b", "b", "c"].map(str::to_owned).to_vec();
        // c is alone: nothing of its source could be found.
        let neighbors = [1, 2, 2, 0, 3, 0, -1, -1, 0, 1];
        let found = identify(&sources, &neighbors, 2);
        assert_eq!((found.queries, found.first, found.listed, found.right), (4, 2, 6, 3));
        assert_eq!(found.confusion[&("a".to_owned(), "b".to_owned())], 1);
        assert_eq!(found.confusion.get(&("b".to_owned(), "a".to_owned())), None);
    }
}
