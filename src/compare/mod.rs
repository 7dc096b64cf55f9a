//! Comparing every item with every other: [`job`] → [`plan`] → [`survey`] → [`strategy`] → [`block`] (prepare) → a backend (screen) →
//! [`select`] (refine) → [`run::Outcome`].
//!
//! Pure but for [`links`], which spools to disk what does not fit into memory. Rows come through [`RowSource`] and dense scores
//! leave through [`DenseStore`], which rooms above implement.

pub mod axes;
pub mod block;
pub mod check;
pub mod checkpoint;
pub mod chosen;
mod counted;
pub mod dense;
pub mod digest;
mod entries;
pub mod error;
pub mod explain;
pub mod fingerprint;
pub mod job;
pub mod joined;
pub mod journal;
mod keep;
pub mod lagged;
pub mod links;
pub mod merge;
pub mod observer;
pub mod order;
pub mod outcome;
mod pace;
mod pairing;
pub mod peak_job;
mod peak_keep;
mod peak_sink;
pub mod peaks;
pub mod pieces;
pub mod plan;
pub mod record;
pub mod run;
mod sample;
mod screening;
pub mod select;
pub mod shard;
pub mod source;
pub mod spool;
pub mod strategy;
pub mod survey;

pub use dense::DenseStore;
pub use error::{Error, bytes};
pub use job::{Exclude, Invalid, Job, Mode, Options, Preparation, Screening};
pub use joined::Joined;
pub use links::{Link, Links};
pub use observer::{Observer, Unwatched};
pub use outcome::{Answer, Effort, Input, Outcome};
pub use record::Record;
pub use run::{Comparison, Terms};
pub use shard::Shard;
pub use source::{ExhibitNames, InMemory, RowSource, SourceError};
