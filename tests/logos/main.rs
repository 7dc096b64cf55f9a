//! Logos: how well descriptors find shapes, on real silhouettes and simulated stamps.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
#![allow(clippy::print_stdout, reason = "tables are told with --nocapture")]

mod mpeg7;
mod stamps;
mod turns;
