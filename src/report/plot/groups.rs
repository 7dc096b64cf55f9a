//! The classes of rows, in the order in which they first occur.

use std::collections::HashMap;

/// What rows without a class are called.
pub(super) const NONE: &str = "(no class)";

/// Rows by class.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Groups<'a> {
    pub(super) names: Vec<&'a str>,
    /// The class of each row.
    pub(super) of: Vec<usize>,
}

impl<'a> Groups<'a> {
    /// From one label a row; none at all makes one group without a name.
    pub(super) fn new(labels: &[&'a str], rows: usize) -> Self {
        if labels.is_empty() {
            return Self { names: vec![""], of: vec![0; rows] };
        }
        let mut seen = HashMap::new();
        let mut names = Vec::new();
        let of = labels
            .iter()
            .map(|&label| {
                let label = if label.trim().is_empty() { NONE } else { label };
                *seen.entry(label).or_insert_with(|| {
                    names.push(label);
                    names.len() - 1
                })
            })
            .collect();
        Self { names, of }
    }

    pub(super) fn rows(&self, group: usize) -> impl Iterator<Item = usize> + '_ {
        self.of.iter().enumerate().filter(move |(_, g)| **g == group).map(|(row, _)| row)
    }

    /// Are there classes to be told apart?
    pub(super) fn named(&self) -> bool {
        self.names.iter().any(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_rows() {
        let groups = Groups::new(&["b", "a", "", "b"], 4);
        assert_eq!(groups, Groups { names: vec!["b", "a", NONE], of: vec![0, 1, 2, 0] });
        assert_eq!(groups.rows(0).collect::<Vec<_>>(), [0, 3]);
        assert!(groups.named());
        assert!(!Groups::new(&[], 3).named());
        assert_eq!(Groups::new(&[], 3).of, [0, 0, 0]);
    }
}
