//! Logos: what the press stamps into the brick.

pub mod simulate;
