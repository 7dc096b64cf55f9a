//! The record of a comparison: what went in, how it was made, what came out. Stored with every result, as JSON.

use super::job::Options;
use super::outcome::{Effort, Input};
use super::shard::Shard;
use super::strategy::Strategy;
use crate::backend::{Device, TileShape};
use serde::{Deserialize, Serialize};

/// Which shards a result was merged of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merged {
    pub count: usize,
    /// BLAKE3 of `"striae shards 1\0"` and the digests of all shards in their order, as 32 bytes each.
    pub shards_blake3: String,
}

/// Everything that somebody needs to repeat a result and to check that it is the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `striae`
    pub tool: String,
    pub version: String,
    /// The commit that the program was built of, where its build could tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The resolved configuration.
    pub options: Options,
    /// The queries, and the references where they are another collection.
    pub inputs: Vec<Input>,
    /// In the order of use: more than one when a device failed.
    pub devices: Vec<Device>,
    pub tile: TileShape,
    /// How pairs were screened; of peak lists nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    pub threads: usize,
    /// UTC, ISO 8601.
    pub started: String,
    pub effort: Effort,
    pub warnings: Vec<String>,
    /// BLAKE3 of the result: see [`super::digest`].
    pub result_blake3: String,
    /// For peak lists: BLAKE3 of `"striae matched 1\0"` and the numbers of matched peaks, as little-endian i64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_blake3: Option<String>,
    /// For results of `ccf`: BLAKE3 of what stands beside the scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_blake3: Option<String>,
    /// For a part of a result: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// For a result that was merged: of what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
    /// For dense results: no score is off by more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}
