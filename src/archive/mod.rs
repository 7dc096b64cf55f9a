//! HDF5, and only here: collections in, results in and out.
//!
//! Reading happens in a process of its own ([`serve`]), asked through a pipe ([`client`]): files come from other people, and
//! some of them crash or hang the HDF5 library. Writing never streams through the library ([`mod@write`]), which loses data
//! silently when a disk fills up.

pub mod address;
pub mod cell_result;
pub mod client;
pub mod collection;
mod error;
pub mod linkage;
pub mod model;
pub mod new_collection;
pub mod peak_result;
pub mod peaks;
pub mod result;
mod sealed;
pub mod serve;
pub mod shard;
mod stored_result;
pub mod wire;
pub mod write;

pub use address::Address;
pub use client::{Client, Reading};
pub use collection::Collection;
pub use error::Error;
pub use new_collection::NewCollection;
pub use sealed::of as sealed_record;
pub use write::{Kind, Layout, Writer};
