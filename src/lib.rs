pub mod backend;
pub mod compare;
pub mod matrix;
pub mod metric;
