//! A record beside its digest: `record`, text, and `record_blake3`, the BLAKE3 of it without spaces at its end. It tells damage and
//! carelessness; against somebody who changes both there are manifests, which are signed (`striae manifest --sign`).

use super::client::Client;
use super::error::Error;
use super::wire::Node;
use super::write::{Kind, Layout, Writer};

/// Bytes of a digest as text.
const DIGEST: usize = 64;

fn digest(text: &str) -> String {
    blake3::hash(text.trim_end().as_bytes()).to_hex().to_string()
}

fn path(group: &str, name: &str) -> String {
    format!("{}/{name}", group.trim_end_matches('/'))
}

/// Room for a record of so many bytes.
pub(super) fn layout(layout: Layout, group: &str, length: usize) -> Layout {
    layout.dataset(&path(group, "record"), &[1], Kind::Text(length)).dataset(
        &path(group, "record_blake3"),
        &[1],
        Kind::Text(DIGEST),
    )
}

/// Writes a record.
///
/// # Errors
/// When it does not fit, or the disk fails.
pub(super) fn put(writer: &Writer, group: &str, text: &str) -> Result<(), Error> {
    writer.put_texts(&path(group, "record_blake3"), 0, &[digest(text)])?;
    writer.put_texts(&path(group, "record"), 0, &[text])
}

/// The record of a group, if it has one.
///
/// # Errors
/// As [`get`].
pub fn of(client: &mut Client, nodes: &[Node], group: &str, file: &std::path::Path) -> Result<Option<String>, Error> {
    let there = nodes.iter().any(|n| n.path == path(group, "record"));
    if there { get(client, nodes, group, &file.display().to_string()).map(Some) } else { Ok(None) }
}

/// Reads a record, and the `metric` and `version` of its group against it.
///
/// # Errors
/// When it is not what it was. Files of earlier versions have no digest.
pub(super) fn get(client: &mut Client, nodes: &[Node], group: &str, file: &str) -> Result<String, Error> {
    let text = client.texts(&path(group, "record"), 0..1)?.pop().unwrap_or_default();
    let refuse = |text: String| Error::Refused { file: file.to_owned(), text };
    let sealed = path(group, "record_blake3");
    if nodes.iter().any(|n| n.path == sealed) {
        let (now, then) = (digest(&text), client.texts(&sealed, 0..1)?.pop().unwrap_or_default());
        if now != then {
            let text = format!(
                "the digest of its record is {now}, {then} is stored beside it: the record was changed or damaged after it was made"
            );
            return Err(refuse(text));
        }
    }
    let said = nodes.iter().find(|n| n.path == group).map(|n| &n.attributes);
    let record: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    for (name, pointer) in [("metric", "/options/metric"), ("version", "/version")] {
        let (attribute, recorded) = (said.and_then(|s| s.get(name)), record.pointer(pointer).and_then(|v| v.as_str()));
        if let (Some(attribute), Some(recorded)) = (attribute, recorded)
            && attribute != recorded
        {
            return Err(refuse(format!("its attribute {name} says {attribute}, its record {recorded}: one of them was changed")));
        }
    }
    Ok(text)
}
