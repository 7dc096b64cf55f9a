//! `striae info`: what is in a file.

use super::making;
use super::progress::short;
use super::{Voice, collection};
use crate::archive::cell_result::{self, Examined};
use crate::archive::peaks::PeakLists;
use crate::archive::result::StoredResult;
use crate::archive::shard::StoredShard;
use crate::archive::wire::Node;
use crate::archive::{Address, Client, Collection};
use crate::compare::checkpoint::Begun;
use crate::compare::fingerprint::Content;
use crate::compare::{Record, RowSource as _, journal};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

/// Says what a file holds: datasets, collections, results, models
///
/// The file is looked at in a process of its own, so that a damaged or hostile file does no harm.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  striae info archive.h5\n  striae info archive.h5:/spectra\n  striae info --json nearest.h5")]
pub struct Options {
    /// FILE.h5, or a collection in it: FILE.h5:/path
    address: String,
}

/// Whether a file begins as a journal does.
fn is_journal(path: &Path) -> bool {
    let mut start = [0; journal::MAGIC.len()];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == journal::MAGIC
}

/// How far an interrupted run is, or one that is going on.
fn journal_text(path: &Path, voice: Voice) -> anyhow::Result<()> {
    let begun = Begun::look(path)?;
    if voice.json {
        println!(
            "{}",
            serde_json::json!({ "journal": path, "run": begun.head, "commit": begun.standing, "behind_the_last_commit": begun.torn })
        );
        return Ok(());
    }
    let run = &begun.head.fingerprint;
    println!("{}: the journal of a run", path.display());
    println!("  begun     {} by striae {}", begun.head.started, run.version);
    let sizes = |c: &Content| format!("{} × {}", c.rows, c.width);
    let with = run.references.as_ref().map_or_else(String::new, |r| format!(" with {}", sizes(r)));
    let shard = run.shard.map_or_else(String::new, |shard| format!(", shard {shard}"));
    println!("  compares  {}{with} by {}{shard}", sizes(&run.queries), run.metric);
    match &begun.standing {
        None => println!("  nothing was committed yet"),
        Some(standing) => {
            println!(
                "  done      {:.1} % of {}pairs, in {:.0} s of {} processes",
                standing.percent(),
                short(standing.of as f64),
                standing.seconds,
                standing.processes
            );
            println!("  committed {} times, last at {}", standing.commit, collection::utc(standing.at as u64));
            standing.warnings.iter().for_each(|warning| println!("  note      {warning}"));
        }
    }
    println!("The command that made it, with --resume, goes on with it.");
    Ok(())
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let address = Address::parse(&options.address);
    if is_journal(&address.file) {
        return journal_text(&address.file, voice);
    }
    let reading = collection::reading()?;
    let nodes = Client::open(&address.file, &reading)?.tree()?;
    if crate::archive::linkage::Linkage::is_at(&address, &nodes) {
        return super::linkage::info(&address, &reading, voice);
    }
    if let Some(what) = super::model::check::stored(&address, &nodes) {
        return super::model::check::info(&address, &reading, what, voice);
    }
    // What says that it is a result is one or damaged: then that is said, and no list of its datasets.
    let place = |n: &&Node| address.inner.as_ref().is_none_or(|inner| *inner == n.path);
    let kind = nodes.iter().filter(place).find_map(|n| n.attributes.get("striae_kind"));
    match kind.map(String::as_str) {
        Some("top-k" | "links" | "dense") => return result_text(&StoredResult::open(&address, &reading)?, voice),
        Some("shard") => return shard_text(&StoredShard::open(&address, &reading)?, voice),
        Some("cells") => return cells_text(&address, &cell_result::read(&address, &reading)?, voice),
        _ => {}
    }
    if address.inner.is_some() {
        if PeakLists::groups(&nodes).any(|group| Some(group) == address.inner.as_deref()) {
            peaks_text(&PeakLists::open(&address, &reading)?, voice);
            return Ok(());
        }
        let mut found = Collection::open(&address, &reading)?;
        return collection_text(&mut found, voice);
    }
    if voice.json {
        println!("{}", serde_json::to_string(&nodes)?);
        return Ok(());
    }
    println!("{}", address.file.display());
    for node in &nodes {
        let Some(dataset) = &node.dataset else { continue };
        let shape = dataset.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ");
        let chunk = dataset.chunk.as_ref().map_or(String::new(), |c| format!(", chunks {c:?}"));
        let filters = if dataset.filters.is_empty() { String::new() } else { format!(", {}", dataset.filters.join(" + ")) };
        println!("  {:<32} {:<16} {}{chunk}{filters}", node.path, shape, dataset.stored);
    }
    let mut collections = Vec::new();
    for node in &nodes {
        let inner = node.path.clone();
        // Values are named by their group, and a mask beside them is no collection.
        let group = node.path.rsplit_once('/').map_or("", |(group, _)| group);
        let beside = !group.is_empty() && nodes.iter().any(|n| n.path == format!("{group}/values"));
        if beside || node.dataset.as_ref().is_some_and(|d| d.shape.len() != 2) {
            continue;
        }
        if let Ok(found) = Collection::open(&Address { file: address.file.clone(), inner: Some(inner) }, &reading) {
            collections.push(found.name());
        }
    }
    collections.extend(PeakLists::groups(&nodes).map(|group| format!("{}:{group} (peak lists)", address.file.display())));
    if collections.is_empty() {
        println!("Nothing in it can be compared.");
    } else {
        println!("Can be compared: {}", collections.join(", "));
    }
    Ok(())
}

fn peaks_text(found: &PeakLists, voice: Voice) {
    let (rows, peaks, precursors) = (found.rows(), found.peaks(), found.has_precursors());
    if voice.json {
        let all = serde_json::json!({
            "name": found.name(), "spectra": rows, "peaks": peaks, "precursors": precursors, "ids": found.has_ids(), "exhibits": found.has_exhibits(),
        });
        println!("{all}");
        return;
    }
    println!("{}: {rows} spectra, {peaks} peaks", found.name());
    for (what, there) in [("precursor_mz", precursors), ("id", found.has_ids()), ("exhibit", found.has_exhibits())] {
        println!("  {what:<13}{}", if there { "there" } else { "none" });
    }
}

fn collection_text(found: &mut Collection, voice: Voice) -> anyhow::Result<()> {
    let ids = found.ids()?;
    let count =
        |names: Option<Vec<String>>| names.map(|n| n.into_iter().filter(|name| !name.is_empty()).collect::<BTreeSet<_>>().len());
    let exhibits = count(found.exhibit_names()?);
    let sources = count(found.source_names()?);
    let axis = found.axis()?.map(|(axis, unit)| {
        let (first, last) = (axis.first().copied().unwrap_or(f64::NAN), axis.last().copied().unwrap_or(f64::NAN));
        (first, last, unit)
    });
    let made_by = found.attribute("made_by").map(str::to_owned);
    // What is not of this program may be called so and be something else.
    let making = found.note(making::NAME)?.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    if voice.json {
        println!(
            "{}",
            serde_json::json!({
                "made_by": made_by, "making": making,
                "name": found.name(), "rows": found.rows(), "width": found.width(), "stored": found.stored(),
                "ids": ids.is_some(), "exhibits": exhibits, "sources": sources, "axis": axis,
            })
        );
        return Ok(());
    }
    println!("{}: {} rows × {} features, {}", found.name(), found.rows(), found.width(), found.stored());
    if let Some(ids) = ids {
        println!("  id       {} … {}", ids.first().map_or("", String::as_str), ids.last().map_or("", String::as_str));
    }
    if let Some(n) = exhibits {
        println!("  exhibit  {n} different");
    }
    if let Some(n) = sources {
        println!("  source   {n} different");
    }
    if let Some((first, last, unit)) = axis {
        println!("  axis     {first} … {last} {}", unit.unwrap_or_default());
    }
    if let Some(made_by) = made_by {
        let of = |key: &str| making.as_ref().and_then(|m| m.get(key));
        let started = of("started").and_then(|s| s.as_str()).map_or(String::new(), |at| format!(", {at}"));
        println!("  made by  {made_by}{started}");
        if let Some(files) = of("files") {
            println!("  files    {}, together BLAKE3 {}", files["count"], files["blake3"].as_str().unwrap_or_default());
        }
    }
    Ok(())
}

fn shard_text(found: &StoredShard, voice: Voice) -> anyhow::Result<()> {
    let record = &found.record;
    if voice.json {
        println!("{}", serde_json::to_string(record)?);
        return Ok(());
    }
    let which = record.shard.map_or_else(String::new, |shard| format!(" {shard}"));
    println!("Shard{which} of a comparison by {}; striae merge puts all of them together", record.options.metric);
    record_text(record)
}

fn cells_text(address: &Address, (links, record): &(Vec<Examined>, String), voice: Voice) -> anyhow::Result<()> {
    if voice.json {
        println!("{record}");
        return Ok(());
    }
    let record: serde_json::Value = serde_json::from_str(record)?;
    let said = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    println!("Congruent cells of {} links of {}", links.len(), said("result"));
    println!("  made     {}, striae {}", said("started"), said("version"));
    println!("  digest   {}", said("result_blake3"));
    println!("  check    striae verify {address}");
    Ok(())
}

fn result_text(found: &StoredResult, voice: Voice) -> anyhow::Result<()> {
    let record = &found.record;
    if voice.json {
        println!("{}", serde_json::to_string(record)?);
        return Ok(());
    }
    println!("Result of a comparison: {} by {}", found.kind, record.options.metric);
    record_text(record)
}

fn record_text(record: &Record) -> anyhow::Result<()> {
    for input in &record.inputs {
        println!("  input    {}\n           values BLAKE3 {}", super::compare::size(input), input.values_blake3);
    }
    if let Some(preparation) = &record.options.prepare {
        println!("  prepared {}\n           learnt BLAKE3 {}", preparation.recipe, preparation.fitted_blake3);
    }
    let settings = serde_json::to_value(&record.options.settings)?;
    if settings.as_object().is_some_and(|o| !o.is_empty()) {
        println!("  settings {settings}");
    }
    if record.options.exclude != crate::compare::Exclude::None {
        println!(
            "  left out partners of the same {}",
            if record.options.exclude == crate::compare::Exclude::Mark { "mark" } else { "exhibit" }
        );
    }
    for device in &record.devices {
        println!("  device   {} ({})", device.name, device.driver);
    }
    println!("  made     {} by striae {} in {:.2} s", record.started, record.version, record.effort.compare_seconds);
    for warning in &record.warnings {
        println!("  note     {warning}");
    }
    println!("  digest   {}", record.result_blake3);
    println!("Check it with: striae verify");
    Ok(())
}
