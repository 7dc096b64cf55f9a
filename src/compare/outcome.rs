//! What comes out of a comparison.

use super::checkpoint::Writing;
use super::links::Links;
use super::strategy::Strategy;
use crate::backend::{Device, TileShape};
use serde::{Deserialize, Serialize};

/// What a comparison found.
#[derive(Debug)]
pub enum Answer {
    TopK {
        k: usize,
        neighbors: Vec<i64>,
        scores: Vec<f64>,
    },
    Links(Links),
    /// Stored already; scores are off by this much at most.
    Dense {
        tolerance: f64,
    },
}

/// One compared collection, for the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    pub name: String,
    pub rows: usize,
    /// Features; 0 for peak lists.
    pub width: usize,
    /// All peaks together, for peak lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peaks: Option<u64>,
    /// BLAKE3 of the content: see [`super::survey`].
    pub values_blake3: String,
    /// BLAKE3 of whose rows are no partners of each other, where some are left out: `"striae labels 1\0"` and a number for each row (u32, little-endian), equal
    /// for rows of one exhibit or mark, in the order in which both collections name them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels_blake3: Option<String>,
    /// Rows left out because the metric is not defined for them.
    pub left_out: Vec<(usize, String)>,
}

/// How much was done, and how long it took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effort {
    /// Pairs that the job asks about.
    pub pairs: u64,
    /// Pairs scored exactly in f64.
    pub refined: u64,
    pub blocks: usize,
    pub survey_seconds: f64,
    /// Over all processes.
    pub compare_seconds: f64,
    /// What took its time after all pairs were compared: lags, turns and what `--rescore` adds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub explain_seconds: f64,
    /// Processes that worked at it: more than one where it was interrupted. 0: it was not counted.
    #[serde(default)]
    pub processes: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives it so")]
fn is_zero(seconds: &f64) -> bool {
    *seconds == 0.0
}

/// What came out of a comparison.
#[derive(Debug)]
pub struct Outcome {
    pub answer: Answer,
    pub inputs: Vec<Input>,
    pub devices: Vec<Device>,
    pub tile: TileShape,
    /// How pairs were screened.
    pub strategy: Strategy,
    pub warnings: Vec<String>,
    pub effort: Effort,
    /// Where something was committed: what the result's writing can commit to.
    pub writing: Option<Writing>,
}
