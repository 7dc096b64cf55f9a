//! Why a page cannot be written.

use thiserror::Error;

/// What is wrong with a report, or with the place it is written to.
#[derive(Debug, Error)]
pub enum Error {
    #[error("report page: {what} has {got} entries, but {expected} are needed: {reason}")]
    Length { what: String, got: usize, expected: usize, reason: &'static str },
    #[error("report page: {what} is {got}, but there are {have}; allowed is an index below that; check what was left out before")]
    Index { what: String, got: usize, have: usize },
    #[error("report page: {what} is {got}; allowed: {allowed}")]
    Value { what: String, got: String, allowed: &'static str },
    #[error("report page: {what} is {got}, as is {first}; {reason}")]
    Twice { what: String, got: String, first: String, reason: &'static str },
    #[error("report page: {what} is empty; a likelihood ratio is not shown without it, so give it")]
    Missing { what: String },
    #[error(
        "report page: {what} has {got} bytes; allowed are {most}, as browsers cannot hold more in one text; leave out weaker links"
    )]
    Large { what: &'static str, got: usize, most: usize },
    #[error("report page: cannot be written: {0}; check space and permissions")]
    Write(#[from] std::io::Error),
}
