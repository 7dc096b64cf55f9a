//! What `striae verify` and `striae info` say of a stored model.

use crate::archive::model::{StoredModel, applied_record, check_tables, texts_digest};
use crate::archive::wire::Node;
use crate::archive::{Address, Reading};
use crate::chemometrics::{Error as Fault, Model};
use crate::cli::progress::Progress;
use crate::cli::{Refused, Voice, collection};
use crate::compare::digest::ValuesDigest;
use crate::compare::pieces::pieces;
use crate::compare::{Error, Observer as _, RowSource as _};
use std::collections::BTreeMap;

/// Bytes of rows that are read together.
const PIECE: usize = 4 << 20;

/// What stands at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Model,
    /// What a model says of rows.
    Applied,
}

/// Whether a model, or what one says of rows, stands at this address.
pub fn stored(address: &Address, nodes: &[Node]) -> Option<Stored> {
    let group = address.inner.as_deref().unwrap_or("/");
    let kind = nodes.iter().find(|n| n.path == group).and_then(|n| n.attributes.get("striae_kind"))?;
    match kind.as_str() {
        "model" => Some(Stored::Model),
        "applied" => Some(Stored::Applied),
        _ => None,
    }
}

/// Holds a model to its digest, all that stands beside it to theirs, and its training rows with their classes, responses and groups too.
pub fn verify(address: &Address, reading: &Reading, what: Stored, input: Option<&String>, voice: Voice) -> anyhow::Result<()> {
    let say = |text: String| {
        if !voice.json && !voice.quiet {
            println!("{text}");
        }
    };
    let record = &match what {
        Stored::Applied => applied_record(address, reading)?,
        // It opens only if its digest is the recorded one.
        Stored::Model => {
            let stored = StoredModel::open(address, reading)?;
            if stored.parts.texts.get("kind").is_some_and(|kind| kind == crate::cli::calibrate::KIND) {
                return crate::cli::calibrate::verify(address, &stored, input, voice);
            }
            match Model::from_parts(&stored.parts) {
                Ok(_) => {}
                // A tree is no model for new rows, and yet sound.
                Err(_) if stored.parts.texts.get("kind").is_some_and(|kind| kind == "hca") => {}
                Err(error @ Fault::Stored(_)) => return Err(Refused::input(format!("{address}: {error}"))),
                Err(error) => return Err(error.into()),
            }
            say(format!("digest    {}: as recorded", stored.record.model_blake3));
            stored.record
        }
    };
    check_tables(address, reading, record)?;
    say(format!("tables    {}: as recorded", record.tables_blake3.len()));
    let source = collection::open(input.unwrap_or(&record.input));
    let mut source = source.map_err(|error| crate::cli::verify::moved(error, [record.input.as_str()]))?;
    let (rows, width) = (source.rows(), source.width());
    let progress = Progress::new(voice.quiet || voice.json);
    progress.phase("inputs", rows as u64);
    let mut digest = ValuesDigest::new(rows, width, source.element());
    pieces(&mut source, (PIECE / (width * 8).max(1)).max(1), &progress, |start, values| {
        digest.add(&values);
        progress.progress((start + values.len() / width.max(1)) as u64);
        Ok::<_, Error>(values)
    })?;
    progress.clear();
    let found = digest.finish();
    if found != record.values_blake3 {
        return Err(Refused::input(format!(
            "{}: its values have BLAKE3 {found}, the record says {}: this is not what the model was made of, or it was changed since",
            source.name(),
            record.values_blake3
        )));
    }
    for (column, expected) in &record.columns_blake3 {
        if texts_digest(&source.texts_of(column)?) != *expected {
            return Err(Refused::input(format!(
                "{}: its column {column} is not the one that the model was made with, or was changed since",
                source.name()
            )));
        }
    }
    let beside: Vec<&str> = record.columns_blake3.keys().map(String::as_str).collect();
    let beside = if beside.is_empty() { String::new() } else { format!(", with {}", beside.join(", ")) };
    say(format!("input     {} ({rows} × {width}{beside}): as recorded", source.name()));
    if voice.json {
        println!(
            "{}",
            serde_json::json!({ "model": address.to_string(), "digest": record.model_blake3, "input": source.name(), "values_blake3": found })
        );
    }
    Ok(())
}

/// Says what a model is, or of what something was said, and how it was made.
pub fn info(address: &Address, reading: &Reading, what: Stored, voice: Voice) -> anyhow::Result<()> {
    let (record, shapes, kind) = match what {
        Stored::Applied => (applied_record(address, reading)?, BTreeMap::new(), "applied".to_owned()),
        Stored::Model => {
            let stored = StoredModel::open(address, reading)?;
            let shapes: BTreeMap<String, Vec<usize>> =
                stored.parts.arrays.iter().map(|(name, a)| (name.clone(), a.shape.clone())).collect();
            let kind = stored.parts.texts.get("kind").cloned().unwrap_or_default();
            (stored.record, shapes, kind)
        }
    };
    if voice.json {
        println!("{}", serde_json::json!({ "kind": kind, "record": record, "parts": shapes }));
        return Ok(());
    }
    if what == Stored::Applied {
        println!("What a model says of rows");
    } else {
        println!("Model: {kind}");
    }
    println!(
        "  input    {} ({} × {})\n           values BLAKE3 {}",
        record.input, record.rows, record.width, record.values_blake3
    );
    for (name, value) in record.options.iter().filter(|(_, value)| !value.is_empty()) {
        println!("  {name:<13}{value}");
    }
    for (name, shape) in &shapes {
        let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
        println!("  parts/{name:<22}{}", shape.join(" × "));
    }
    for name in record.tables_blake3.keys() {
        println!("  {name}");
    }
    println!("  made     {} by striae {} in {:.2} s", record.started, record.version, record.seconds);
    for warning in &record.warnings {
        println!("  note     {warning}");
    }
    println!("  digest   {} (of the model)", record.model_blake3);
    let apply = if what == Stored::Model && kind != "hca" { "; apply it with: striae model apply" } else { "" };
    let apply =
        if kind == crate::cli::calibrate::KIND { "; a score's ratio: striae calibrate --show MODEL --at SCORE" } else { apply };
    println!("Check it with: striae verify{apply}");
    Ok(())
}
