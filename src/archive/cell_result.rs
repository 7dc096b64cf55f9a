//! Congruent cells of links, stored: counts beside each link, and the map of its cells.
//!
//! A group with the attribute `striae_kind` = `cells` and
//! - `query`, `reference` i64 and `score` f64: the links as they were;
//! - `query_id`, `reference_id`: their ids;
//! - `cmc` i64: the count that counts, −1 where a pair could not be compared; `original`, `forward`, `backward`, `usable` i64: see [`crate::toolmark::cmc`];
//! - `angle_deg`, `dx_um`, `dy_um` f64: the reference, turned by it about its middle (x towards y) and moved by these, lies on the query, middle on middle; NaN where the two
//!   directions do not agree;
//! - `map (n, cells, 6)` f64: of each cell of the query its measured share, correlation, dx, dy (µm), angle (°), and 1 where it is congruent; NaN where there is none. `cmc` is the smaller of both directions, and this map is of one: its flags may be more;
//! - `why`: why a pair was not compared, empty where it was;
//! - `record`: how it was made, as JSON, with the BLAKE3 of all of these numbers (`result_blake3`).

use super::address::Address;
use super::error::Error;
use super::write::{Kind, Layout, Writer};

/// Numbers of a cell in the map.
pub const CELL: usize = 6;

/// A link, examined.
#[derive(Clone, Debug, PartialEq)]
pub struct Examined {
    pub query: i64,
    pub reference: i64,
    pub ids: [String; 2],
    pub score: f64,
    /// cmc, original, forward, backward, usable.
    pub counts: [i64; 5],
    /// Angle in degrees, dx and dy in µm.
    pub pose: [f64; 3],
    /// [`CELL`] numbers a cell.
    pub map: Vec<f64>,
    /// Why it was not compared.
    pub why: String,
}

const COUNTS: [&str; 5] = ["cmc", "original", "forward", "backward", "usable"];
const POSE: [&str; 3] = ["angle_deg", "dx_um", "dy_um"];

/// BLAKE3 of `"striae cells 1\0"` and, link after link, query, reference, score, counts, pose and map as little-endian numbers.
#[must_use]
pub fn digest(links: &[Examined]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"striae cells 1\0");
    for link in links {
        hasher.update(&link.query.to_le_bytes());
        hasher.update(&link.reference.to_le_bytes());
        hasher.update(&link.score.to_le_bytes());
        for n in &link.counts {
            hasher.update(&n.to_le_bytes());
        }
        for x in link.pose.iter().chain(&link.map) {
            hasher.update(&x.to_le_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// Writes examined links; `record` is JSON.
///
/// # Errors
/// When they cannot be written, or the file holds such a group already and `overwrite` is not given.
pub fn write(address: &Address, links: &[Examined], cells: usize, record: &str, overwrite: bool) -> Result<(), Error> {
    let group = address.inner.clone().unwrap_or_else(|| "/".into());
    let path = |name: &str| format!("{}/{name}", group.trim_end_matches('/'));
    let n = links.len();
    let longest = |of: &dyn Fn(&Examined) -> usize| links.iter().map(of).max().unwrap_or(0).max(1);
    let ids = longest(&|l| l.ids.iter().map(String::len).max().unwrap_or(0));
    let mut layout = Layout::default()
        .group(&group)
        .attribute(&group, "striae_kind", "cells")
        .dataset(&path("query"), &[n], Kind::I64)
        .dataset(&path("reference"), &[n], Kind::I64)
        .dataset(&path("score"), &[n], Kind::F64)
        .dataset(&path("query_id"), &[n], Kind::Text(ids))
        .dataset(&path("reference_id"), &[n], Kind::Text(ids))
        .dataset(&path("map"), &[n, cells, CELL], Kind::F64)
        .dataset(&path("why"), &[n], Kind::Text(longest(&|l| l.why.len())))
        .dataset(&path("record"), &[1], Kind::Text(record.len().max(1)));
    for name in COUNTS {
        layout = layout.dataset(&path(name), &[n], Kind::I64);
    }
    for name in POSE {
        layout = layout.dataset(&path(name), &[n], Kind::F64);
    }
    let writer = if group == "/" {
        Writer::create(&address.file, &layout, overwrite)?
    } else {
        Writer::extend(&address.file, &layout, overwrite)?
    };
    let integers = |of: &dyn Fn(&Examined) -> i64| links.iter().map(of).collect::<Vec<i64>>();
    let numbers = |of: &dyn Fn(&Examined) -> f64| links.iter().map(of).collect::<Vec<f64>>();
    writer.put(&path("query"), 0, &integers(&|l| l.query))?;
    writer.put(&path("reference"), 0, &integers(&|l| l.reference))?;
    writer.put(&path("score"), 0, &numbers(&|l| l.score))?;
    for (i, name) in COUNTS.iter().enumerate() {
        writer.put(&path(name), 0, &integers(&|l| l.counts[i]))?;
    }
    for (i, name) in POSE.iter().enumerate() {
        writer.put(&path(name), 0, &numbers(&|l| l.pose[i]))?;
    }
    for (i, link) in links.iter().enumerate() {
        writer.put(&path("map"), (i * cells * CELL) as u64, &link.map)?;
    }
    let texts = |of: fn(&Examined) -> &str| links.iter().map(of).collect::<Vec<&str>>();
    writer.put_texts(&path("query_id"), 0, &texts(|l| &l.ids[0]))?;
    writer.put_texts(&path("reference_id"), 0, &texts(|l| &l.ids[1]))?;
    writer.put_texts(&path("why"), 0, &texts(|l| &l.why))?;
    writer.put_texts(&path("record"), 0, &[record])?;
    writer.finish()
}
