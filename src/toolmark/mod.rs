//! Tool-marks: what the press leaves on the brick.

pub mod simulate;
