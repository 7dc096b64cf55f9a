//! Exhibits, links and series as columns in one block of bytes.
//!
//! `length of the header (u32) | header (JSON) | columns`, all little endian. The header names each column:
//! `[name, kind, first byte after the header, number of entries]`. Kinds: `u8`; `u32`, `i32`, `f32` as four planes of n bytes, the lowest bytes of all
//! entries first, which deflates better; `text` as its UTF-8, whose entry count is that of bytes, with a column `name#` of lengths in
//! UTF-16 units, which is how a browser counts.

use super::date;
use super::report::{Links, Report};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A block that is being filled.
#[derive(Default)]
pub(super) struct Columns {
    index: Vec<Value>,
    bytes: Vec<u8>,
}

impl Columns {
    fn put(&mut self, name: &str, kind: &str, count: usize, bytes: &[u8]) {
        self.index.push(json!([name, kind, self.bytes.len(), count]));
        self.bytes.extend_from_slice(bytes);
    }

    fn planes(&mut self, name: &str, kind: &str, entries: &[[u8; 4]]) {
        let mut bytes = Vec::with_capacity(4 * entries.len());
        for plane in 0..4 {
            bytes.extend(entries.iter().map(|e| e[plane]));
        }
        self.put(name, kind, entries.len(), &bytes);
    }

    fn u8(&mut self, name: &str, values: &[u8]) {
        self.put(name, "u8", values.len(), values);
    }

    fn u32(&mut self, name: &str, values: impl Iterator<Item = u32>) {
        self.planes(name, "u32", &values.map(u32::to_le_bytes).collect::<Vec<_>>());
    }

    fn i32(&mut self, name: &str, values: impl Iterator<Item = i32>) {
        self.planes(name, "i32", &values.map(i32::to_le_bytes).collect::<Vec<_>>());
    }

    /// Rounds to nearest; NaN stays NaN, with one bit pattern.
    fn f32(&mut self, name: &str, values: impl Iterator<Item = f64>) {
        let narrow = |v: f64| if v.is_nan() { f32::NAN } else { v as f32 }.to_le_bytes();
        self.planes(name, "f32", &values.map(narrow).collect::<Vec<_>>());
    }

    fn text<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a str> + Clone) {
        self.u32(&format!("{name}#"), values.clone().map(|v| v.encode_utf16().count() as u32));
        let all: String = values.collect();
        self.put(name, "text", all.len(), all.as_bytes());
    }

    fn finish(self, about: &Value) -> Vec<u8> {
        let header = json!({ "about": about, "columns": self.index }).to_string();
        let mut out = (header.len() as u32).to_le_bytes().to_vec();
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(&self.bytes);
        out
    }
}

/// The links of a report, best first: by log10 LR, then the smaller a, then the smaller b.
pub(super) fn ranking(links: &Links) -> Vec<usize> {
    let key = |i: usize| (links.log10_lr.get(i).copied().unwrap_or(f64::NAN), links.a.get(i), links.b.get(i));
    let mut order: Vec<usize> = (0..links.a.len()).collect();
    order.sort_by(|&i, &j| {
        let ((x, a, b), (y, c, d)) = (key(i), key(j));
        y.total_cmp(&x).then((a, b).cmp(&(c, d)))
    });
    order
}

/// A checked report's numbers and names, in the order of `ranking`.
pub(super) fn columns(report: &Report, ranking: &[usize]) -> Vec<u8> {
    let mut block = Columns::default();
    let exhibits = &report.exhibits;
    block.text("id", exhibits.iter().map(|e| e.id.as_str()));
    block.text("case", exhibits.iter().map(|e| e.case.as_str()));
    block.i32("day", exhibits.iter().map(|e| date::day(&e.date).unwrap_or(date::NONE)));

    // Places are told apart by name and coordinates, and numbered as they come.
    let mut seen = BTreeMap::new();
    let mut places = vec![];
    let of: Vec<u32> = exhibits
        .iter()
        .map(|e| {
            let key = (e.place.as_str(), e.latitude.map(f64::to_bits), e.longitude.map(f64::to_bits));
            *seen.entry(key).or_insert_with(|| {
                places.push(e);
                places.len() as u32 - 1
            })
        })
        .collect();
    block.u32("place", of.into_iter());
    block.text("place.name", places.iter().map(|e| e.place.as_str()));
    block.f32("place.latitude", places.iter().map(|e| e.latitude.unwrap_or(f64::NAN)));
    block.f32("place.longitude", places.iter().map(|e| e.longitude.unwrap_or(f64::NAN)));

    let links = &report.links;
    let at = |column: &'_ [u32]| ranking.iter().filter_map(|&i| column.get(i).copied()).collect::<Vec<_>>();
    let float = |column: &'_ [f64]| ranking.iter().filter_map(|&i| column.get(i).copied()).collect::<Vec<_>>();
    block.u32("a", at(&links.a).into_iter());
    block.u32("b", at(&links.b).into_iter());
    block.f32("lr", float(&links.log10_lr).into_iter());
    block.u8("limited", &ranking.iter().filter_map(|&i| links.limited.get(i).map(|&l| u8::from(l))).collect::<Vec<_>>());
    for (m, measured) in links.modalities.iter().enumerate() {
        block.f32(&format!("score.{m}"), float(&measured.score).into_iter());
        block.f32(&format!("lr.{m}"), float(&measured.log10_lr).into_iter());
    }

    let series = &report.series;
    block.text("series", series.iter().map(|s| s.name.as_str()));
    block.u32("series.size", series.iter().map(|s| s.members.len() as u32));
    block.u32("member", series.iter().flat_map(|s| s.members.iter().copied()));
    block.u32("community", series.iter().flat_map(|s| s.communities.iter().copied()));
    block.f32("x", series.iter().flat_map(|s| s.layout.iter().map(|p| p[0])));
    block.f32("y", series.iter().flat_map(|s| s.layout.iter().map(|p| p[1])));

    let mut rank = vec![0; ranking.len()];
    for (r, &i) in ranking.iter().enumerate() {
        if let Some(place) = rank.get_mut(i) {
            *place = r;
        }
    }
    let modalities: Vec<_> = report
        .modalities
        .iter()
        .map(|m| json!({ "name": m.name, "metric": m.metric, "larger": m.larger_is_closer, "h1": m.h1, "h2": m.h2, "limits": m.limits }))
        .collect();
    let drawings: Vec<_> = report.drawings.iter().map(|d| json!({ "link": rank.get(d.link), "caption": d.caption })).collect();
    block.finish(&json!({
        "title": report.title, "made": report.made, "version": report.version, "h1": report.h1, "h2": report.h2,
        "show": report.show, "modalities": modalities, "drawings": drawings, "statements": report.statements,
    }))
}
