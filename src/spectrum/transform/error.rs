//! What can be wrong with a recipe or with a row.

/// Why rows cannot be prepared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The recipe itself.
    #[error("recipe: {0}")]
    Recipe(String),
    /// A row by its index.
    #[error("row {row}: {step}: {why}")]
    Row { row: usize, step: String, why: String },
    #[error("rows of {got} features were given to a recipe that was fitted to {expected}")]
    Width { got: usize, expected: usize },
    /// Reading the training rows failed, or was stopped.
    #[error("{0}")]
    Source(String),
    #[error("a stored preparation is damaged or of another version: {0}")]
    Stored(String),
}
