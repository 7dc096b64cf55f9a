//! The graph of links as GEXF 1.3 (gexf.net), Gephi's own format, with places on paper where a layout is given.
//!
//! Nodes are n0, n1 … with the exhibit's id as label; the weight of an edge is its fused log10 LR where that is above 0 (weights must be). What is
//! not known has no `attvalue`. The format has one place for words: what travels with the tables stands in the description, a line each.
//! Texts are treated as in [`super::graphml`]. Streamed. No date of writing: the same graph gives the same bytes.

use super::tables::{About, Column, Error, Exhibits, LinkTable};
use super::xml::{Xml, kind};
use std::io::Write;

/// The width of the drawing, in Gephi's unit.
const PAPER: f64 = 2000.0;

/// Writes the graph; `positions`: one an exhibit in [0, 1]², y upward, or none.
///
/// # Errors
/// Where the tables do not fit together, or the output fails.
pub fn gexf(
    links: &LinkTable,
    exhibits: &Exhibits,
    positions: Option<&[[f64; 2]]>,
    about: &About,
    out: impl Write,
) -> Result<(), Error> {
    let (nodes, edges) = (exhibits.columns()?, links.columns(exhibits)?);
    let edges = edges.get(2..).unwrap_or_default();
    let n = exhibits.id.len();
    if let Some(of) = positions {
        if of.len() != n {
            return Err(Error::Length { what: "the list of positions".into(), got: of.len(), expected: n, of: "exhibit" });
        }
        if let Some((row, p)) = of.iter().enumerate().find(|(_, p)| !(p[0].is_finite() && p[1].is_finite())) {
            let got = if p[0].is_finite() { p[1] } else { p[0] };
            return Err(Error::Infinite { what: "the list of positions".into(), row, got });
        }
    }
    let mut xml = Xml::new(out, "the graph (GEXF)")?;
    let spaces = [("xmlns", "http://gexf.net/1.3"), ("xmlns:viz", "http://gexf.net/1.3/viz"), ("version", "1.3")];
    xml.open("gexf", &spaces)?;
    xml.open("meta", &[])?;
    xml.text("creator", &[], concat!("striae ", env!("CARGO_PKG_VERSION")))?;
    let words: Vec<String> = about.iter().map(|(key, text)| format!("{key}: {text}")).collect();
    xml.text("description", &[], &words.join(" | "))?;
    xml.close("meta")?;
    xml.open("graph", &[("defaultedgetype", "undirected"), ("mode", "static")])?;
    for (class, columns) in [("node", nodes.as_slice()), ("edge", edges)] {
        xml.open("attributes", &[("class", class), ("mode", "static")])?;
        for (i, column) in columns.iter().enumerate() {
            xml.empty("attribute", &[("id", &i.to_string()), ("title", &column.name), ("type", kind(column))])?;
        }
        xml.close("attributes")?;
    }
    xml.open("nodes", &[("count", &n.to_string())])?;
    for (row, id) in exhibits.id.iter().enumerate() {
        xml.open("node", &[("id", &format!("n{row}")), ("label", id)])?;
        values(&mut xml, &nodes, row)?;
        if let Some(p) = positions.and_then(|of| of.get(row)) {
            let [x, y] = p.map(|v| ((v - 0.5) * PAPER).to_string());
            xml.empty("viz:position", &[("x", &x), ("y", &y), ("z", "0")])?;
        }
        xml.close("node")?;
    }
    xml.close("nodes")?;
    xml.open("edges", &[("count", &links.a.len().to_string())])?;
    for (row, (a, b)) in links.a.iter().zip(&links.b).enumerate() {
        let (id, a, b) = (format!("e{row}"), format!("n{a}"), format!("n{b}"));
        let mut attributes = vec![("id", id.as_str()), ("source", &a), ("target", &b)];
        let weight = links.log10_lr.get(row).filter(|x| **x > 0.0).map(f64::to_string);
        if let Some(weight) = &weight {
            attributes.push(("weight", weight));
        }
        xml.open("edge", &attributes)?;
        values(&mut xml, edges, row)?;
        xml.close("edge")?;
    }
    for name in ["edges", "graph", "gexf"] {
        xml.close(name)?;
    }
    xml.finish()
}

fn values<W: Write>(xml: &mut Xml<W>, columns: &[Column<'_>], row: usize) -> Result<(), Error> {
    xml.open("attvalues", &[])?;
    for (i, column) in columns.iter().enumerate() {
        if let Some(value) = column.values.written(row) {
            xml.empty("attvalue", &[("for", &i.to_string()), ("value", &value)])?;
        }
    }
    xml.close("attvalues")
}

#[cfg(test)]
mod tests {
    use super::super::tables::example;
    use super::*;

    #[test]
    fn hostile_texts_stay_texts() {
        let (e, mut l) = example();
        l.log10_lr[1] = -0.5;
        let at = [[0.0, 0.5], [1.0, 0.5], [0.5, 0.0], [0.25, 1.0]];
        let mut bytes = Vec::new();
        gexf(&l, &e, Some(&at), &[("rule".into(), "a < b & c".into()), ("digest".into(), "x".into())], &mut bytes)
            .expect("written");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let document = roxmltree::Document::parse(&text).expect("XML");
        let of = |tag: &str| document.descendants().filter(|n| n.tag_name().name() == tag).collect::<Vec<_>>();
        let (nodes, edges) = (of("node"), of("edge"));
        let labels: Vec<_> = nodes.iter().map(|n| n.attribute("label").expect("a label")).collect();
        assert_eq!(labels, ["A<1>&\"'", "=cmd|' /C calc'!A0", "C\u{fffd}\u{fffd}\u{fffd}  D", "Ж→é,\"q\""]);
        assert_eq!((edges[0].attribute("weight"), edges[1].attribute("weight")), (Some("4.25"), None));
        assert_eq!(of("description")[0].text(), Some("rule: a < b & c | digest: x"));
        assert_eq!(of("position")[3].attribute("x"), Some("-500"));
        let value = |n: &roxmltree::Node<'_, '_>, id: &str| {
            let mut all = n.descendants().filter(|c| c.attribute("for") == Some(id));
            all.next().and_then(|c| c.attribute("value")).map(str::to_owned)
        };
        assert_eq!((value(&nodes[1], "3"), value(&nodes[0], "3").as_deref()), (None, Some("46.2044")));
        assert_eq!((value(&edges[1], "2"), value(&edges[1], "4").as_deref()), (None, Some("-1.5")));
    }

    #[test]
    fn refuses_positions_that_cannot_be() {
        let (e, l) = example();
        assert!(gexf(&l, &e, Some(&[[0.0; 2]; 3]), &[], Vec::new()).is_err());
        assert!(gexf(&l, &e, Some(&[[0.0, f64::NAN]; 4]), &[], Vec::new()).is_err());
        assert!(gexf(&l, &e, None, &[], Vec::new()).is_ok());
    }
}
