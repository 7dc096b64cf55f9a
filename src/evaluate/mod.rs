//! Ground truth: simulated populations that have it, how well scores and rankings tell sources apart, and what scores are worth as evidence.
//!
//! Scores are larger for closer pairs; distances come negated. A pair is of the same source (H1) or of different sources (H2).

pub mod archive;
pub mod bootstrap;
mod curve;
pub mod lr;
pub mod neighbours;
pub mod pairs;
pub mod population;
pub mod rank;
pub mod roc;
pub mod seized;
mod steps;

pub use archive::{Archive, Kind};
pub use bootstrap::{Bootstrap, Interval, Intervals};
pub use curve::Point;
pub use neighbours::{Identification, identify};
pub use pairs::{Pair, Scored, Unlisted};
pub use population::{Exhibit, Population};
pub use rank::{Bounds, Rankings};
pub use roc::{Auc, Eer, Operating, Roc};
pub use seized::Seized;

/// Why a population cannot be simulated, or a measure not be computed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error("--exhibits {0} cannot be simulated; give from 1 to 1000000000")]
    Exhibits(u64),
    #[error("{what} of {got} cannot be simulated; give from {least} to {most}")]
    Width { what: &'static str, got: usize, least: usize, most: usize },
    #[error(
        "pair {index} (sources {a} and {b}) has the score NaN; scores are numbers, infinite ones allowed; leave such pairs out and say how many"
    )]
    Nan { index: usize, a: u32, b: u32 },
    #[error("{what} {index} names source {got}, but there are {sources}; number the sources from 0")]
    Source { what: &'static str, index: usize, got: u32, sources: u32 },
    #[error(
        "no pair of {missing}, among {pairs} pairs: the two cannot be told apart; give labelled data with pairs of both kinds"
    )]
    OneKind { missing: &'static str, pairs: u64 },
    #[error("query {query}: {reason}")]
    Ranking { query: usize, reason: String },
    #[error(
        "none of {queries} queries has a partner of its own source: nothing could be identified; give sources with two exhibits or more"
    )]
    NoPartner { queries: usize },
    #[error("there are {got} weights for {sources} sources; give one for each")]
    Weights { got: usize, sources: u32 },
    #[error("source {source_number} has the weight {got}; allowed are finite numbers from 0 up")]
    Weight { source_number: usize, got: String },
    #[error(
        "pairs below the limit of a thresholded result are counted but not listed, so they cannot be weighted by source; score all pairs for intervals"
    )]
    CensoredWeights,
    #[error("{what} is {got}; allowed: {allowed}")]
    Plan { what: &'static str, got: String, allowed: &'static str },
    #[error(
        "the measure is undefined for the {sources} sources as they are: an interval around it has no meaning; give pairs of both kinds"
    )]
    Undefined { sources: u32 },
    #[error(
        "replicate {replicate} of the bootstrap gave no defined value in {draws} draws of {sources} sources: too few of them have pairs of both kinds; give more sources"
    )]
    Replicate { replicate: u32, draws: u32, sources: u32 },
}
