//! The graph of links as GraphML (Brandes et al. 2002, doi:10.1007/3-540-45848-4_59): what Gephi, Cytoscape, yEd, igraph and networkx read.
//!
//! Nodes are n0, n1 … in the order of the exhibits, edges e0, e1 … in the order of links; ids and all else are typed `data`. What is not known
//! has no `data`. What travels with the tables stands as `data` of the graph. Characters that XML forbids are written as U+FFFD, tabs
//! and line breaks as blanks; the node's number says which exhibit it is all the same. Streamed: memory does not grow with the graph.

use super::tables::{About, Column, Error, Exhibits, LinkTable};
use super::xml::{Xml, kind};
use std::io::Write;

/// Writes the graph.
///
/// # Errors
/// Where the tables do not fit together, or the output fails.
pub fn graphml(links: &LinkTable, exhibits: &Exhibits, about: &About, out: impl Write) -> Result<(), Error> {
    let (nodes, edges) = (exhibits.columns()?, links.columns(exhibits)?);
    // The first two are the ends.
    let edges = edges.get(2..).unwrap_or_default();
    let mut xml = Xml::new(out, "the graph (GraphML)")?;
    xml.open("graphml", &[("xmlns", "http://graphml.graphdrawing.org/xmlns")])?;
    for (i, (name, _)) in about.iter().enumerate() {
        xml.empty("key", &[("id", &format!("g{i}")), ("for", "graph"), ("attr.name", name), ("attr.type", "string")])?;
    }
    for (of, prefix, columns) in [("node", "v", nodes.as_slice()), ("edge", "w", edges)] {
        for (i, column) in columns.iter().enumerate() {
            let id = format!("{prefix}{i}");
            xml.empty("key", &[("id", &id), ("for", of), ("attr.name", &column.name), ("attr.type", kind(column))])?;
        }
    }
    xml.open("graph", &[("id", "links"), ("edgedefault", "undirected")])?;
    for (i, (_, text)) in about.iter().enumerate() {
        xml.text("data", &[("key", &format!("g{i}"))], text)?;
    }
    for row in 0..exhibits.id.len() {
        xml.open("node", &[("id", &format!("n{row}"))])?;
        data(&mut xml, "v", &nodes, row)?;
        xml.close("node")?;
    }
    for (row, (a, b)) in links.a.iter().zip(&links.b).enumerate() {
        xml.open("edge", &[("id", &format!("e{row}")), ("source", &format!("n{a}")), ("target", &format!("n{b}"))])?;
        data(&mut xml, "w", edges, row)?;
        xml.close("edge")?;
    }
    xml.close("graph")?;
    xml.close("graphml")?;
    xml.finish()
}

fn data<W: Write>(xml: &mut Xml<W>, prefix: &str, columns: &[Column<'_>], row: usize) -> Result<(), Error> {
    for (i, column) in columns.iter().enumerate() {
        if let Some(value) = column.values.written(row) {
            xml.text("data", &[("key", &format!("{prefix}{i}"))], &value)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tables::example;
    use super::*;

    #[test]
    fn hostile_texts_stay_texts() {
        let (e, l) = example();
        let mut bytes = Vec::new();
        graphml(&l, &e, &[("rule".into(), "a < b & c".into())], &mut bytes).expect("written");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let document = roxmltree::Document::parse(&text).expect("XML");
        let of = |tag: &str| document.descendants().filter(|n| n.has_tag_name(tag)).collect::<Vec<_>>();
        let (nodes, edges) = (of("node"), of("edge"));
        assert_eq!((nodes.len(), edges.len()), (4, 2));
        let value = |n: &roxmltree::Node<'_, '_>, key: &str| {
            let mut data = n.children().filter(|c| c.attribute("key") == Some(key));
            data.next().map(|c| c.text().unwrap_or_default().to_owned())
        };
        assert_eq!(value(&nodes[0], "v0").as_deref(), Some("A<1>&\"'"));
        assert_eq!(value(&nodes[2], "v0").as_deref(), Some("C\u{fffd}\u{fffd}\u{fffd}  D"));
        assert_eq!(value(&nodes[2], "v1").as_deref(), Some("]]>"));
        assert_eq!((value(&nodes[1], "v3"), value(&nodes[3], "v5")), (None, None));
        assert_eq!((edges[1].attribute("source"), edges[1].attribute("target")), (Some("n1"), Some("n2")));
        assert_eq!((value(&edges[1], "w1").as_deref(), value(&edges[1], "w2")), (Some("true"), None));
        assert_eq!(value(&of("graph")[0], "g0").as_deref(), Some("a < b & c"));
        // Every key is declared once.
        let mut keys: Vec<_> = of("key").iter().map(|k| k.attribute("id").expect("an id").to_owned()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 1 + 7 + 6);
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let (e, l) = example();
        let mut small = [0u8; 60];
        assert!(graphml(&l, &e, &[], &mut small[..]).is_err());
    }
}
