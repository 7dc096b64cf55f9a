//! What a person reads.

pub mod plot;
