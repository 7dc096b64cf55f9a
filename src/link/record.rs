//! The record of a linkage: what went in, which evidence counts and how, what came out. Stored with it, as JSON.

use crate::compare::Options;
use serde::{Deserialize, Serialize};

/// A collection whose rows take part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// `FILE.h5:/path`
    pub name: String,
    pub rows: usize,
    /// BLAKE3 of its values, as of a comparison's input.
    pub values_blake3: String,
    /// BLAKE3 of the exhibit of each row, as texts.
    #[serde(default)]
    pub exhibits_blake3: String,
}

/// One kind of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Modality {
    /// Of the columns: `toolmarks`.
    pub name: String,
    /// Its rows are those of these collections, one after the other.
    pub parts: Vec<Part>,
    /// How they were compared.
    pub options: Options,
    /// The ranking that it began with, and its digest.
    pub result: String,
    pub result_blake3: String,
    /// The likelihood-ratio model, and its digest.
    pub model: String,
    pub model_blake3: String,
}

/// Everything that somebody needs to repeat a linkage and to defend its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkRecord {
    /// `striae`
    pub tool: String,
    pub version: String,
    /// The commit that the program was built of, where its build could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// UTC, ISO 8601.
    pub started: String,
    pub seconds: f64,
    /// None: an earlier version did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    pub modalities: Vec<Modality>,
    /// How modalities become one: `independent`, `cautious`.
    pub rule: String,
    /// Least fused log10 LR of a link.
    pub limit: f64,
    /// Least log10 LR of a link that no third exhibit confirms, within a community.
    pub alone: f64,
    /// From which |log10 LR| on modalities contradict each other.
    pub contradiction: f64,
    /// Propositions, populations, limits and the assumption on dependence: no ratio is shown without them.
    pub statements: Vec<String>,
    pub exhibits: usize,
    pub candidates: usize,
    pub links: usize,
    pub series: usize,
    /// The number of the next new series.
    pub next_series: u64,
    /// Pairs of items that a whole run looks at, and that this one did.
    pub pairs_all: u64,
    pub pairs_compared: u64,
    /// The linkage that this one was added to, with its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_to: Option<(String, String)>,
    /// What changed against it, in sentences.
    #[serde(default)]
    pub changes: Vec<String>,
    #[serde(default)]
    pub warnings: Vec<String>,
    /// BLAKE3 of all columns.
    pub result_blake3: String,
}
