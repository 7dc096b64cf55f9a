//! Sharing descriptors with another laboratory, without evidence: collections with pseudonyms for ids, encrypted and signed.
//!
//! [`keys`] a laboratory's keys and what it gives to others; [`pseudonym`] names for names, and [`allowed`] what may leave at
//! all; [`manifest`] what a bundle says of itself; [`dsse`] how it is signed; [`bundle`] the format, and writing it; [`unpack`]
//! reading it, with every check before anything counts as good; [`staging`] where things lie while they are made. Bytes in and
//! out: what a collection is, the rooms above know.

pub mod allowed;
pub mod bundle;
pub mod dsse;
mod error;
pub mod keys;
pub mod manifest;
pub mod pseudonym;
pub mod secret_file;
pub mod staging;
pub mod unpack;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use keys::{Keys, Laboratory};
pub use manifest::{Manifest, Member};
pub use pseudonym::{PseudonymKey, Pseudonyms};
pub use secret_file::Exposed;
pub use staging::{Part, Workshop};
pub use unpack::{Limits, Unpacking};
