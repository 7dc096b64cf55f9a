//! Ground truth: simulated populations that have it, and how well a ranking finds it.

pub mod archive;
pub mod neighbours;
pub mod population;

pub use archive::{Archive, Kind};
pub use neighbours::{Identification, identify};
pub use population::{Exhibit, Population};

/// Why a population cannot be simulated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error("--exhibits {0} cannot be simulated; give from 1 to 1000000000")]
    Exhibits(u64),
    #[error("{what} of {got} cannot be simulated; give from {least} to {most}")]
    Width { what: &'static str, got: usize, least: usize, most: usize },
}
