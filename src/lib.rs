#![doc = include_str!("../README.md")]

pub mod archive;
pub mod backend;
pub mod compare;
pub mod matrix;
pub mod metric;
