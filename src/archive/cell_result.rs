//! Congruent cells of links, stored: counts beside each link, and the map of its cells.
//!
//! A group with the attribute `striae_kind` = `cells` and
//! - `query`, `reference` i64 and `score` f64: the links as they were;
//! - `query_id`, `reference_id`: their ids;
//! - `cmc` i64: the count that counts, −1 where a pair could not be compared; `original`, `forward`, `backward`, `usable` i64: see [`crate::toolmark::cmc`];
//! - `angle_deg`, `dx_um`, `dy_um` f64: the reference, turned by it about its middle (x towards y) and moved by these, lies on the query, middle on middle; NaN where the two
//!   directions do not agree;
//! - `map (n, 6·cells)` f64: of each cell, row by row, of the query its measured share, correlation, dx, dy (µm), angle (°), and 1 where it is congruent; NaN where there is none. `cmc` is the smaller of both directions, and this map is of one: its flags may be more;
//! - `why`: why a pair was not compared, empty where it was;
//! - `record`: how it was made, as JSON, with the BLAKE3 of all of these numbers (`result_blake3`).

use super::address::Address;
use super::client::{Client, Reading};
use super::error::Error;
use super::sealed;
use super::wire::Question;
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

/// BLAKE3 of `"striae cells 2\0"` and, link after link, query, reference, score, counts, pose and map as little-endian numbers, then both ids and why, each with a
/// zero byte behind it.
#[must_use]
pub fn digest(links: &[Examined]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"striae cells 2\0");
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
        for text in link.ids.iter().chain([&link.why]) {
            hasher.update(text.as_bytes());
            hasher.update(b"\0");
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
        .dataset(&path("map"), &[n, cells * CELL], Kind::F64)
        .dataset(&path("why"), &[n], Kind::Text(longest(&|l| l.why.len())));
    layout = sealed::layout(layout, &group, record.len().max(1));
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
    sealed::put(&writer, &group, record)?;
    writer.finish()
}

/// Examined links as they are stored, and their record.
///
/// # Errors
/// When they cannot be read.
pub fn read(address: &Address, reading: &Reading) -> Result<(Vec<Examined>, String), Error> {
    let mut client = Client::open(&address.file, reading)?;
    let group = address.inner.clone().unwrap_or_else(|| "/".into());
    let path = |name: &str| format!("{}/{name}", group.trim_end_matches('/'));
    let nodes = client.tree()?;
    let shape =
        |name: &str| nodes.iter().find(|n| n.path == path(name)).and_then(|n| n.dataset.as_ref()).map(|d| d.shape.clone());
    let refuse = |text: String| Error::Refused { file: address.file.display().to_string(), text };
    let Some(&[n, width]) = shape("map").as_deref() else {
        return Err(refuse(format!("{} is no dataset of two dimensions", path("map"))));
    };
    let mut numbers = |name: &str, columns: usize| -> Result<Vec<f64>, Error> {
        let expected: &[usize] = if name == "map" { &[n, columns] } else { &[n] };
        if shape(name).as_deref() != Some(expected) {
            return Err(refuse(format!("{} has another shape than {expected:?}", path(name))));
        }
        let mut all = Vec::with_capacity(n * columns);
        for start in (0..n).step_by(4096) {
            let bytes = client.ask(&Question::Rows { dataset: path(name), start, count: 4096.min(n - start) })?;
            all.extend(bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)));
        }
        Ok(all)
    };
    let (query, reference, score) = (numbers("query", 1)?, numbers("reference", 1)?, numbers("score", 1)?);
    let counts =
        [numbers(COUNTS[0], 1)?, numbers(COUNTS[1], 1)?, numbers(COUNTS[2], 1)?, numbers(COUNTS[3], 1)?, numbers(COUNTS[4], 1)?];
    let pose = [numbers(POSE[0], 1)?, numbers(POSE[1], 1)?, numbers(POSE[2], 1)?];
    let map = numbers("map", width)?;
    let mut texts = |name: &str, count: usize| client.texts(&path(name), 0..count);
    let (queries, references, why) = (texts("query_id", n)?, texts("reference_id", n)?, texts("why", n)?);
    let record = sealed::get(&mut client, &nodes, &group, &address.file.display().to_string())?;
    let link = |i: usize| Examined {
        query: query[i] as i64,
        reference: reference[i] as i64,
        ids: [queries[i].clone(), references[i].clone()],
        score: score[i],
        counts: [0, 1, 2, 3, 4].map(|k: usize| counts[k][i] as i64),
        pose: [0, 1, 2].map(|k: usize| pose[k][i]),
        map: map[i * width..(i + 1) * width].to_vec(),
        why: why[i].clone(),
    };
    Ok(((0..n).map(link).collect(), record))
}
