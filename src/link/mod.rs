//! From rankings to links and series: which exhibits may share an origin, how strongly the evidence says so, and how they hang together.
//!
//! Pure: no files, no clock. Exhibits are numbered from 0; pairs are (a, b) with a < b.

pub mod candidates;
pub mod community;
pub mod date;
mod error;
pub mod fuse;
pub mod judge;
pub mod layout;
pub mod place;
pub mod record;
pub mod series;
pub mod stable;
pub mod update;

pub use candidates::{Candidates, Modality, candidates};
pub use error::Error;
pub use fuse::{Fused, Rule, fuse};
pub use series::{Link, Series, series};
