//! Spectra: what the brick is made of.

pub mod simulate;
pub mod transform;
