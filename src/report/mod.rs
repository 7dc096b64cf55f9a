//! What a person reads, and what other programs do: pictures, the report page, tables and graphs.

pub mod csv;
pub mod gexf;
pub mod graphml;
pub mod manifest;
pub mod page;
pub mod parquet;
pub mod plot;
pub mod tables;
mod xml;
