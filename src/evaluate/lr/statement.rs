//! What a likelihood ratio is never given without.

use super::Error;
use serde::{Deserialize, Serialize};

/// Propositions, population, and the pairs of training. Every text is filled in, and every number positive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The proposition that the LR supports when above 1.
    pub h1: String,
    /// The proposition that it supports when below 1.
    pub h2: String,
    /// Which population the training pairs stand for.
    pub population: String,
    /// The name of the labels that said which pairs are of one source.
    pub truth: String,
    /// The score or metric, or the names of the fused ones.
    pub score: String,
    /// Training: sources, items, pairs of one source, pairs of different sources.
    pub sources: u64,
    pub items: u64,
    pub same_pairs: u64,
    pub different_pairs: u64,
}

impl Statement {
    pub(super) fn check(&self) -> Result<(), Error> {
        let texts = [
            ("proposition H1", &self.h1),
            ("proposition H2", &self.h2),
            ("population", &self.population),
            ("truth label", &self.truth),
            ("score", &self.score),
        ];
        if let Some((what, _)) = texts.into_iter().find(|t| t.1.trim().is_empty()) {
            return Err(Error::Unstated { what });
        }
        let numbers = [
            ("number of sources", self.sources),
            ("number of items", self.items),
            ("number of same-source pairs", self.same_pairs),
            ("number of different-source pairs", self.different_pairs),
        ];
        numbers.into_iter().find(|n| n.1 == 0).map_or(Ok(()), |(what, _)| Err(Error::Unstated { what }))
    }
}
