//! Manifests: what went into a run, how it was made and what came out, chained to the manifests of its inputs.
//!
//! A manifest is an in-toto Statement v1 in canonical JSON ([`canonical`]), so that it has one BLAKE3 and can be signed as it
//! stands (DSSE, payload type [`PAYLOAD_TYPE`]). It has two halves ([`statement`]): the *reproducible* one says what defines
//! the result and has a digest of its own, the same whenever and wherever the run is repeated; the other says when, where and
//! by what it was made. [`chain`] follows the digests of inputs' manifests, [`difference`] names what differs between a
//! manifest on file and what is found, [`ro_crate`] describes a folder of runs for other programs.
//!
//! Plain data in, bytes out: which files there are, and what is in them, others say.

pub mod canonical;
pub mod chain;
pub mod difference;
pub mod inputs;
pub mod ro_crate;
pub mod statement;
#[cfg(test)]
mod tests;
mod time;

pub use chain::{Break, Chain, Fault};
pub use difference::{Difference, Half};
pub use statement::{FileDigests, Input, Link, Manifest, PAYLOAD_TYPE, PREDICATE_TYPE, Run, STATEMENT_TYPE};

/// Why a manifest could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no manifest in it; striae manifest RESULT -o FILE makes one")]
    Empty,
    #[error("it has {got} bytes; manifests of at most {most} are read. Is this the right file?")]
    Long { got: usize, most: usize },
    #[error("line {line}: no JSON: {text}. One manifest a line is expected, as striae manifest writes them")]
    Json { line: usize, text: String },
    #[error(
        "line {line}: it was written by another program or changed: from byte {at} on it is not in \
         canonical form (keys sorted, nothing between them, each key once). Get the manifest as it was made"
    )]
    Spelling { line: usize, at: usize },
    #[error("line {line}: {path} is {got}; expected is {expected}. Is this a manifest of striae?")]
    Shape { line: usize, path: String, got: String, expected: &'static str },
    #[error("line {line}: the same manifest stands in it twice")]
    Twice { line: usize },
    #[error("{path}: two files of the folder have this name; a crate needs each once")]
    Name { path: String },
    #[error("no run of the folder says when it was made, and no date was given; a crate needs one")]
    Undated,
}
