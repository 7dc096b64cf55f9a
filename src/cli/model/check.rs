//! What `striae verify` and `striae info` say of a stored model.

use crate::archive::model::StoredModel;
use crate::archive::{Address, Client, Reading};
use crate::chemometrics::{Error as Fault, Model};
use crate::cli::progress::Progress;
use crate::cli::{Refused, Voice, collection};
use crate::compare::digest::ValuesDigest;
use crate::compare::pieces::pieces;
use crate::compare::{Error, Observer as _, RowSource as _};

/// Bytes of rows that are read together.
const PIECE: usize = 4 << 20;

/// Whether a model stands at this address.
pub fn is_model(address: &Address, reading: &Reading) -> anyhow::Result<bool> {
    let group = address.inner.as_deref().unwrap_or("/");
    let nodes = Client::open(&address.file, reading)?.tree()?;
    Ok(nodes.iter().any(|n| n.path == group && n.attributes.get("striae_kind").is_some_and(|kind| kind == "model")))
}

/// Holds a model to its digest, and its training rows to theirs.
pub fn verify(address: &Address, reading: &Reading, input: Option<&String>, voice: Voice) -> anyhow::Result<()> {
    let say = |text: String| {
        if !voice.json && !voice.quiet {
            println!("{text}");
        }
    };
    // It opens only if its digest is the recorded one.
    let stored = StoredModel::open(address, reading)?;
    match Model::from_parts(&stored.parts) {
        Ok(_) => {}
        // A tree is no model for new rows, and yet sound.
        Err(_) if stored.parts.texts.get("kind").is_some_and(|kind| kind == "hca") => {}
        Err(error @ Fault::Stored(_)) => return Err(Refused::input(format!("{address}: {error}"))),
        Err(error) => return Err(error.into()),
    }
    let record = &stored.record;
    say(format!("digest    {}: as recorded", record.model_blake3));
    let mut source = collection::open(input.unwrap_or(&record.input))?;
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
    say(format!("input     {} ({rows} × {width}): as recorded", source.name()));
    if voice.json {
        println!(
            "{}",
            serde_json::json!({ "model": address.to_string(), "digest": record.model_blake3, "input": source.name(), "values_blake3": found })
        );
    }
    Ok(())
}

/// Says what a model is and how it was made.
pub fn info(address: &Address, reading: &Reading, voice: Voice) -> anyhow::Result<()> {
    let stored = StoredModel::open(address, reading)?;
    let record = &stored.record;
    let kind = stored.parts.texts.get("kind").map_or("model", String::as_str);
    if voice.json {
        let shapes: std::collections::BTreeMap<_, _> = stored.parts.arrays.iter().map(|(name, a)| (name, &a.shape)).collect();
        println!("{}", serde_json::json!({ "kind": kind, "record": record, "parts": shapes }));
        return Ok(());
    }
    println!("Model: {kind}");
    println!(
        "  input    {} ({} × {})\n           values BLAKE3 {}",
        record.input, record.rows, record.width, record.values_blake3
    );
    for (name, value) in record.options.iter().filter(|(_, value)| !value.is_empty()) {
        println!("  {name:<13}{value}");
    }
    for (name, array) in &stored.parts.arrays {
        let shape: Vec<String> = array.shape.iter().map(ToString::to_string).collect();
        println!("  parts/{name:<22}{}", shape.join(" × "));
    }
    println!("  made     {} by striae {} in {:.2} s", record.started, record.version, record.seconds);
    for warning in &record.warnings {
        println!("  note     {warning}");
    }
    println!("  digest   {}", record.model_blake3);
    println!("Check it with: striae verify; apply it with: striae model apply");
    Ok(())
}
