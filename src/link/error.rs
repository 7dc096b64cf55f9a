//! What can be wrong with rankings, links, dates and places.

/// Why links or series cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("{what} has {got} entries, but {expected} are needed: {reason}")]
    Length { what: &'static str, got: usize, expected: usize, reason: &'static str },
    #[error("{what} is 0; give 1 or more")]
    Zero { what: &'static str },
    #[error("{what}, row {row}: reference {got} is named, but allowed are 0 to {references} (not included), and -1 for none")]
    Reference { what: &'static str, row: usize, got: i64, references: usize },
    #[error("{what}, row {row}: the score with reference {reference} is {got}; a listed pair needs a finite score")]
    Score { what: &'static str, row: usize, reference: i64, got: f64 },
    #[error(
        "{what}, row {row}: reference {reference} stands before a better one; rankings are ordered best first, ties by the smaller reference"
    )]
    Order { what: &'static str, row: usize, reference: i64 },
    #[error("{what} lists {got} partners a row, too few for the best {k} of {references} references; rank with k = {k} or more")]
    Narrow { what: &'static str, got: usize, k: usize, references: usize },
    #[error("{what}, entry {index}, is {got}; allowed are finite numbers, and NaN where nothing was measured")]
    Infinite { what: &'static str, index: usize, got: f64 },
    #[error("{what} is {got}; allowed: {allowed}")]
    Option { what: &'static str, got: String, allowed: &'static str },
    #[error("link {index} is between exhibits {a} and {b}; allowed are two different ones from 0 to {exhibits} (not included)")]
    Ends { index: usize, a: u32, b: u32, exhibits: usize },
    #[error("links {index} and the one before it are of the same pair ({a}, {b}) or out of order; give each pair once, ordered")]
    Unordered { index: usize, a: u32, b: u32 },
    #[error("{what}, entry {index}: exhibit {got} does not exist; there are {exhibits}")]
    Exhibit { what: &'static str, index: usize, got: u32, exhibits: usize },
    #[error("{what}: {got} is too many; at most {most} can be numbered")]
    Many { what: &'static str, got: usize, most: usize },
    #[error("{what} names {id:?} twice; every exhibit needs an id of its own")]
    Twice { what: &'static str, id: String },
    #[error("{text:?} is no date: {why}; write YYYY-MM-DD, YYYY-MM or YYYY")]
    Date { text: String, why: &'static str },
    #[error("{latitude}, {longitude} is no place; latitudes go from -90 to 90 degrees and longitudes from -180 to 180")]
    Place { latitude: f64, longitude: f64 },
}

/// Refuses a slice of another length.
pub(super) fn length(what: &'static str, got: usize, expected: usize, reason: &'static str) -> Result<(), Error> {
    if got == expected { Ok(()) } else { Err(Error::Length { what, got, expected, reason }) }
}
