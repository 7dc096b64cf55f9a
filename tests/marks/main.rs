//! Marks: files of instruments, surfaces, photographs and impressions, on real files and simulated ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]
#![allow(clippy::print_stdout, reason = "figures are told with --nocapture")]

mod baselines;
mod cmc;
mod photographs;
mod profile_files;
mod x3p;

/// Where real tool-marks are.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/toolmarks");
