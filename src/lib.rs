#![doc = include_str!("../README.md")]

pub mod archive;
pub mod backend;
pub mod chemometrics;
pub mod cli;
pub mod compare;
pub mod draw;
pub mod evaluate;
pub mod link;
pub mod logo;
pub mod matrix;
pub mod metric;
pub mod picture;
pub mod report;
pub mod share;
pub mod spectrum;
pub mod toolmark;
