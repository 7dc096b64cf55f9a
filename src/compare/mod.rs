//! Comparing every item with every other: [`job`] → [`plan`] → [`survey`] → [`strategy`] → [`block`] (prepare) → a backend (screen) →
//! [`select`] (refine) → [`run::Outcome`].
//!
//! Pure but for [`links`], which spools to disk what does not fit into memory. Rows come through [`RowSource`] and dense scores
//! leave through [`DenseStore`], which rooms above implement.

pub mod axes;
pub mod block;
pub mod check;
pub mod chosen;
mod counted;
pub mod dense;
pub mod digest;
pub mod error;
pub mod explain;
pub mod job;
pub mod joined;
pub mod lagged;
pub mod links;
pub mod order;
mod pairing;
pub mod peak_job;
mod peak_sink;
pub mod peaks;
pub mod pieces;
pub mod plan;
pub mod record;
pub mod run;
mod sample;
pub mod select;
pub mod source;
pub mod spool;
pub mod strategy;
pub mod survey;

pub use dense::DenseStore;
pub use error::{Error, bytes};
pub use job::{Exclude, Invalid, Job, Mode, Options, Preparation, Screening};
pub use joined::Joined;
pub use links::{Link, Links};
pub use record::Record;
pub use run::{Answer, Comparison, Effort, Input, Observer, Outcome, Unwatched};
pub use source::{ExhibitNames, InMemory, RowSource, SourceError};
