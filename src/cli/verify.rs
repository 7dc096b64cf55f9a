//! `striae verify`: is a result what its record says, and do its inputs still give it?

use super::opened::{self, Opened};
use super::progress::Progress;
use super::{Refused, Voice, collection};
use crate::archive::result::{StoredKind, StoredResult};
use crate::archive::shard::StoredShard;
use crate::archive::wire::Node;
use crate::archive::{Address, Client, Reading};
use crate::compare::check::{Recomputed, recompute};
use crate::compare::digest::labels;
use crate::compare::explain::{Column, Explainer};
use crate::compare::survey::survey;
use crate::compare::{Exclude, ExhibitNames, Input, Invalid, Job, Observer as _, Record, RowSource};
use crate::metric::peaks::PeakMetric;
use anyhow::bail;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// What says of a group what striae wrote there.
const KIND: &str = "striae_kind";

/// Checks a result: its digest, its inputs, and a sample of its scores computed anew
///
/// Of a linkage: its digest, a sample of its links computed anew from the collections and models, and all series.
///
/// Of a model, or of what one says of rows: the digests of all that is stored, and of the rows and columns that it was made of.
///
/// The sample is computed the slow way: every score by its definition, every partner looked at, nothing skipped. It is
/// compared to the last bit (dense results: within their tolerance).
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  striae verify nearest.h5\n  striae verify nearest.h5 --all\n  striae verify nearest.h5 --input /mnt/archive/archive.h5:/spectra"
)]
pub struct Options {
    /// The result: FILE.h5, or FILE.h5:/group
    result: String,
    /// Where the inputs are now, if not where the record says: queries, then references; of a linkage, its collections in order
    #[arg(long, value_name = "FILE.h5:/path")]
    input: Vec<String>,
    /// Queries to recompute, spread over the result by the seed
    #[arg(long, default_value_t = 32)]
    sample: usize,
    /// Seed of the sample, to look at the same one again [default: drawn, and said]
    #[arg(long)]
    seed: Option<u64>,
    /// Recompute all queries
    #[arg(long, conflicts_with = "sample")]
    all: bool,
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    if options.sample == 0 {
        return Err(Refused::usage("--sample 0 looks at nothing; give 1 or more, or --all"));
    }
    let address = Address::parse(&options.result);
    // A sample that is known beforehand could be prepared for.
    let seed = options.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish() >> 32);
    let reading = collection::reading()?;
    let nodes = Client::open(&address.file, &reading)?.tree()?;
    if crate::archive::linkage::Linkage::is_at(&address, &nodes) {
        return super::linkage::verify(&address, &options.input, (options.sample, seed, options.all), voice);
    }
    if let Some(what) = super::model::check::stored(&address, &nodes) {
        return super::model::check::verify(&address, &reading, what, options.input.first(), voice);
    }
    let group = address.inner.as_deref().unwrap_or("/");
    if nodes.iter().any(|n| n.path == group && n.attributes.get(KIND).is_some_and(|kind| kind == "cells")) {
        return super::cells::verify(&address, options.sample, seed, options.all, voice);
    }
    refuse_shard(&address, &nodes, &reading)?;
    let mut stored = StoredResult::open(&address, &reading)?;
    let record = stored.record.clone();
    let say = |text: String| {
        if !voice.json && !voice.quiet {
            println!("{text}");
        }
    };
    let digest = stored.digest()?;
    if digest != record.result_blake3 {
        return Err(Refused::input(format!(
            "{address}: the digest of the stored result is {digest}, its record says {}: the file was changed or damaged after it was made",
            record.result_blake3
        )));
    }
    say(format!("digest    {digest}: as recorded"));
    if !options.all {
        say(format!("sample    --seed {seed}"));
    }

    if let Some(metric) = PeakMetric::by_name(&record.options.metric) {
        let all = record.inputs.first().map_or(0, |i| i.rows);
        let chosen = sample(all, if options.all { all } else { options.sample }, seed);
        let checked = super::peaks::verify(&mut stored, metric, &options.input, &chosen, &address.to_string(), voice);
        return checked.map_err(|error| moved(error, recorded(&record)));
    }
    let progress = Progress::new(voice.quiet || voice.json);
    let found = inputs_as_recorded(&record, &options.input, &address, &progress, &say);
    let (job, mut inputs) = found.map_err(|error| moved(error, recorded(&record)))?;

    let columns = beside_digest(&mut stored, &job, &mut inputs, &address)?;
    let rows = inputs[0].rows();
    let sample = sample(rows, if options.all { rows } else { options.sample }, seed);
    let (query, reference) = inputs.split_at_mut(1);
    let references = reference.first().map_or(rows, RowSource::rows);
    let mut wrong = Vec::new();
    // In parts, so that all queries of a large result do not stand in memory at once.
    let parts: Vec<&[usize]> = sample.chunks(256).collect();
    progress.phase("recompute", (parts.len() * references) as u64);
    let mut links = Links::default();
    for (n, part) in parts.iter().enumerate() {
        let reference = reference.first_mut().map(|r| r as &mut dyn RowSource);
        let found = recompute(&job, &mut query[0], reference, part, &|done| progress.advance((n * references) as u64 + done))?;
        for expected in &found {
            if !same(&mut stored, expected, record.tolerance.unwrap_or(0.0), &mut links)? {
                wrong.push(expected.query);
            }
        }
    }
    if !columns.is_empty() {
        let reference = reference.first_mut().map(|r| r as &mut dyn RowSource);
        if let Some(mut explainer) = Explainer::new(&job, &mut query[0], reference) {
            wrong.extend(beside_wrong(&mut stored, &mut explainer, &columns, &sample)?);
            wrong.sort_unstable();
            wrong.dedup();
        }
    }
    progress.clear();
    if voice.json {
        println!(
            "{}",
            serde_json::json!({
                "result": address.to_string(), "digest": digest, "recomputed": sample.len(), "seed": seed, "queries": rows, "wrong": wrong,
            })
        );
    }
    if let Some(first) = wrong.first() {
        return Err(Refused::input(format!(
            "{address}: {} of {} recomputed queries differ, the first is query {first}: do not use this result, and report it with its record (striae info --json)",
            wrong.len(),
            sample.len()
        )));
    }
    say(format!("recomputed {} of {rows} queries from the definition: every score and every place the same", sample.len()));
    Ok(())
}

/// A shard alone is nothing that could be computed anew.
fn refuse_shard(address: &Address, nodes: &[Node], reading: &Reading) -> anyhow::Result<()> {
    let found = match &address.inner {
        Some(inner) => nodes.iter().find(|n| n.path == *inner),
        None => nodes.iter().find(|n| n.attributes.contains_key(KIND)),
    };
    if found.and_then(|n| n.attributes.get(KIND)).is_none_or(|kind| kind != "shard") {
        return Ok(());
    }
    let which = StoredShard::open(address, reading)?.record.shard.map_or_else(String::new, |shard| format!(" {shard}"));
    Err(Refused::input(format!(
        "{address}: this is shard{which} of a comparison; striae merge checks it when it puts all together"
    )))
}

/// Where the record says that inputs are.
fn recorded(record: &Record) -> impl Iterator<Item = &str> {
    record.inputs.iter().map(|input| input.name.as_str())
}

/// Says what to do where a file is missing that the record names.
pub fn moved<'a>(error: anyhow::Error, recorded: impl IntoIterator<Item = &'a str>) -> anyhow::Error {
    let missing = match error.downcast_ref::<crate::archive::Error>() {
        Some(crate::archive::Error::NoFile { file, .. }) => {
            recorded.into_iter().any(|name| Address::parse(name).file.display().to_string() == *file)
        }
        _ => false,
    };
    if missing {
        Refused::input(format!("{error}; the record names it; say where it is now: --input FILE.h5:/path"))
    } else {
        error
    }
}

/// The columns that stand beside the scores of a result.
pub fn columns(record: &Record) -> anyhow::Result<Vec<Column>> {
    let settings = super::settings::reread(&record.options.settings)?;
    let job = Job::new(crate::compare::Options { settings, ..record.options.clone() })?;
    let width = record.inputs.iter().map(|input| input.width).max().unwrap_or(0);
    Ok(crate::compare::explain::columns(&job, width))
}

/// What was compared, its values held to the record's digests.
pub fn inputs_as_recorded(
    record: &Record,
    elsewhere: &[String],
    address: &Address,
    progress: &Progress,
    say: &dyn Fn(String),
) -> anyhow::Result<(Job, Vec<Opened>)> {
    let mut inputs = open_inputs(record, elsewhere, progress, say)?;
    let settings = super::settings::reread(&record.options.settings)?;
    let job = Job::new(crate::compare::Options { settings, ..record.options.clone() })?;
    let element = inputs.iter().map(RowSource::element).reduce(crate::matrix::Element::join);
    let Some(element) = element else { bail!("{address}: its record names no input") };
    let mut names = ExhibitNames::default();
    for (found, expected) in inputs.iter_mut().zip(&record.inputs) {
        progress.phase("inputs", found.rows() as u64);
        let now = survey(&job, found, false, 0, element, progress, 0)?;
        if now.digest != expected.values_blake3 {
            return Err(Refused::input(format!(
                "{}: its values have BLAKE3 {}, the record says {}: this is not what was compared, or it was changed since",
                found.name(),
                now.digest,
                expected.values_blake3
            )));
        }
        check_labels(found, expected, job.options.exclude, &mut names)?;
        say(format!("input     {} ({} × {}): as recorded", found.name(), found.rows(), found.width()));
    }
    Ok((job, inputs))
}

/// Which rows are of one exhibit or mark decides what is left out, and so the result.
fn check_labels(found: &mut Opened, expected: &Input, exclude: Exclude, names: &mut ExhibitNames) -> anyhow::Result<()> {
    let Some(then) = &expected.labels_blake3 else { return Ok(()) };
    let now = found.exhibits(names).map_err(crate::compare::Error::from)?.map(|numbers| labels(&numbers));
    if now.as_ref() == Some(then) {
        return Ok(());
    }
    let column = if exclude == Exclude::Mark { "mark" } else { "exhibit" };
    Err(Refused::input(format!(
        "{}: its column {column}, by which partners were left out, is not the one that was compared with, or was changed since",
        found.name()
    )))
}

/// Opens what was compared, prepared as it was then.
fn open_inputs(record: &Record, elsewhere: &[String], progress: &Progress, say: &dyn Fn(String)) -> anyhow::Result<Vec<Opened>> {
    let mut sides = Vec::new();
    for (n, input) in record.inputs.iter().enumerate() {
        sides.push(collection::open(elsewhere.get(n).unwrap_or(&input.name))?);
    }
    let mut sides = sides.into_iter();
    Ok(match (&record.options.prepare, sides.next(), sides.next()) {
        (Some(preparation), Some(mut query), mut reference) => {
            let exclude = record.options.exclude;
            std::iter::once(&mut query).chain(&mut reference).try_for_each(|side| opened::leave_out(side, exclude))?;
            let lenient = record.options.invalid == Invalid::Skip;
            let (query, reference) = opened::prepared_again(preparation, query, reference, lenient, progress)?;
            say(format!("prepared  {}: what it learns is as recorded", preparation.recipe));
            std::iter::once(query).chain(reference).collect()
        }
        (_, Some(mut query), mut reference) => {
            opened::fit(&mut query, reference.as_mut(), &record.options.metric, record.options.exclude)?;
            std::iter::once(query).chain(reference).map(Into::into).collect()
        }
        (_, None, _) => Vec::new(),
    })
}

/// What stands beside the scores, its digest held to the record's.
fn beside_digest(stored: &mut StoredResult, job: &Job, inputs: &mut [Opened], address: &Address) -> anyhow::Result<Vec<Column>> {
    let (query, reference) = inputs.split_at_mut(1);
    let reference = reference.first_mut().map(|r| r as &mut dyn RowSource);
    let columns = Explainer::new(job, &mut query[0], reference).map_or_else(Vec::new, |e| e.columns());
    if columns.is_empty() || matches!(stored.kind, StoredKind::Dense { .. }) {
        return Ok(Vec::new());
    }
    let (found, recorded) = (stored.beside_digest(&columns)?, &stored.record.beside_blake3);
    if recorded.as_ref() != Some(&found) {
        return Err(Refused::input(format!(
            "{address}: the digest of what stands beside the scores ({}) is {found}, its record says {}: the file was changed or damaged after it was made",
            columns.iter().map(|c| c.names[0]).collect::<Vec<_>>().join(", "),
            recorded.as_deref().unwrap_or("nothing")
        )));
    }
    Ok(columns)
}

/// The queries of the sample whose pairs are explained otherwise than computed anew from the rows.
fn beside_wrong(
    stored: &mut StoredResult,
    explainer: &mut Explainer<'_>,
    columns: &[Column],
    sample: &[usize],
) -> anyhow::Result<Vec<usize>> {
    let mut wrong = Vec::new();
    let mut check = |stored: &mut StoredResult, pairs: &[(u64, i64)], start: usize, count: usize| -> anyhow::Result<bool> {
        let found = explainer.of(pairs)?;
        for (column, now) in columns.iter().zip(found.numbers(explainer)) {
            let then = stored.beside(column, start, count)?;
            let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
            let now = now.to_f64();
            if then.len() != now.len() || !then.iter().zip(&now).all(same) {
                return Ok(false);
            }
        }
        Ok(true)
    };
    match stored.kind {
        StoredKind::Ranking { .. } => {
            for &query in sample {
                let pairs: Vec<_> = stored.ranking(query..query + 1)?.0.into_iter().map(|r| (query as u64, r)).collect();
                if !check(stored, &pairs, query, 1)? {
                    wrong.push(query);
                }
            }
        }
        StoredKind::Links { count } => {
            for start in (0..count).step_by(4096) {
                let end = (start + 4096).min(count);
                let links = stored.links(start..end)?;
                let mut at = 0;
                while at < links.len() {
                    let query = links[at].query;
                    let run = links[at..].iter().take_while(|l| l.query == query).count();
                    if sample.binary_search(&(query as usize)).is_ok() {
                        let pairs: Vec<_> = links[at..at + run].iter().map(|l| (query, l.reference as i64)).collect();
                        if !check(stored, &pairs, start + at, run)? {
                            wrong.push(query as usize);
                        }
                    }
                    at += run;
                }
            }
        }
        StoredKind::Dense { .. } => {}
    }
    Ok(wrong)
}

/// `count` different rows, spread by the seed.
pub fn sample(rows: usize, count: usize, seed: u64) -> Vec<usize> {
    if count >= rows {
        return (0..rows).collect();
    }
    let mut chosen = std::collections::BTreeSet::new();
    let mut state = seed;
    while chosen.len() < count {
        // splitmix64
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        chosen.insert(((z ^ (z >> 31)) % rows as u64) as usize);
    }
    chosen.into_iter().collect()
}

/// Walks through stored links as queries come in order.
#[derive(Default)]
struct Links {
    at: usize,
    held: std::collections::VecDeque<crate::compare::Link>,
}

impl Links {
    fn of(&mut self, stored: &mut StoredResult, query: usize, count: usize) -> anyhow::Result<Vec<(u64, f64)>> {
        let mut found = Vec::new();
        loop {
            while let Some(link) = self.held.front() {
                if link.query as usize > query {
                    return Ok(found);
                }
                if link.query as usize == query {
                    found.push((link.reference, link.score));
                }
                self.held.pop_front();
            }
            if self.at >= count {
                return Ok(found);
            }
            let end = (self.at + (1 << 16)).min(count);
            self.held.extend(stored.links(self.at..end)?);
            self.at = end;
        }
    }
}

fn same(stored: &mut StoredResult, expected: &Recomputed, tolerance: f64, links: &mut Links) -> anyhow::Result<bool> {
    let bits = |score: f64| score.to_bits();
    Ok(match stored.kind {
        StoredKind::Ranking { k, .. } => {
            let (neighbors, scores) = stored.ranking(expected.query..expected.query + 1)?;
            (0..k).all(|n| match expected.partners.get(n) {
                Some(best) => neighbors[n] == best.partner as i64 && bits(scores[n]) == bits(best.score),
                None => neighbors[n] == -1 && scores[n].is_nan(),
            })
        }
        StoredKind::Links { count } => {
            let found = links.of(stored, expected.query, count)?;
            let same = |(a, b): (&(u64, f64), &crate::compare::select::Best)| a.0 == b.partner && bits(a.1) == bits(b.score);
            found.len() == expected.partners.len() && found.iter().zip(&expected.partners).all(same)
        }
        StoredKind::Dense { cols, .. } => {
            let row = stored.dense(expected.query..expected.query + 1)?;
            let mut present = vec![false; cols];
            let close = expected.partners.iter().all(|best| {
                present[best.partner as usize] = true;
                (f64::from(row[best.partner as usize]) - best.score).abs() <= tolerance
            });
            close && row.iter().zip(present).all(|(score, present)| present || score.is_nan())
        }
    })
}
