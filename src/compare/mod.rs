//! Comparing every item with every other.

pub mod source;

pub use source::{ExhibitNames, InMemory, RowSource, SourceError};
