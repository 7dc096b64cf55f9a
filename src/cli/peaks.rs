//! Peak lists on the command line: what `compare` and `verify` do with them.

use super::compare::{Resources, Stored, report, same_file};
use super::progress::Progress;
use super::{BackendChoice, Refused, Voice, collection, durable};
use crate::archive::Address;
use crate::archive::peak_result::write_peaks;
use crate::archive::peaks::PeakLists;
use crate::archive::result::{StoredKind, StoredResult, Target};
use crate::archive::write::check_target;
use crate::backend::{Backend as _, TileShape, cpu::Cpu};
use crate::compare::digest::labels;
use crate::compare::peak_job::{PeakAnswer, PeakInput, PeakJob, RecomputedPeaks};
use crate::compare::{Exclude, ExhibitNames, Mode, Options, Record};
use crate::metric::peaks::PeakMetric;

fn open(text: &str) -> anyhow::Result<PeakLists> {
    Ok(PeakLists::open(&Address::parse(text), &collection::reading()?)?)
}

fn read(job: &PeakJob, lists: &mut PeakLists, names: &mut ExhibitNames) -> anyhow::Result<PeakInput> {
    if job.metric == PeakMetric::ModifiedCosine && !lists.has_precursors() {
        return Err(Refused::input(format!(
            "{}: modified-cosine needs the precursor m/z of each spectrum, in a dataset `precursor_mz` beside `mz`; without one, use cosine-greedy",
            lists.name()
        )));
    }
    let ids = lists.ids()?;
    if job.options.exclude == Exclude::Mark {
        return Err(Refused::usage("--exclude mark is for marks; peak lists have exhibits"));
    }
    let exhibits = if job.options.exclude == Exclude::Exhibit { lists.exhibits()? } else { None };
    let exhibits = exhibits.map(|all| all.iter().map(|name| names.number(name)).collect());
    let found = lists.spectra(job.metric == PeakMetric::ModifiedCosine)?;
    let (name, peaks) = (lists.name(), lists.peaks() as u64);
    Ok(PeakInput { name, spectra: found.spectra, exhibits, ids, peaks, digest: found.digest })
}

/// Compares collections of peak lists and stores the result.
pub fn compare(
    options: Options,
    (query, reference): (&str, Option<&str>),
    target: &Target,
    (resources, lasting): (&Resources, &durable::Options),
    voice: Voice,
) -> anyhow::Result<()> {
    let job = PeakJob::new(options)?;
    if matches!(resources.backend, BackendChoice::Gpu) || resources.device.is_some() {
        let name = job.metric.name();
        return Err(Refused::usage(format!(
            "{name} runs on the CPU: it goes through an index. Leave out --backend gpu and --device"
        )));
    }
    let file = &target.address.file;
    if lasting.resume && target.overwrite {
        return Err(Refused::usage("--resume keeps what is there and --overwrite replaces it; give one of them"));
    }
    let there = if lasting.resume { durable::complete(&target.address)? } else { None };
    if there.is_none() {
        check_target(file, target.overwrite)?;
    }
    let mut query = open(query)?;
    let mut reference = reference
        .map(open)
        .transpose()?
        .filter(|r| r.address().inner != query.address().inner || !same_file(&r.address().file, &query.address().file));
    for input in [Some(&query), reference.as_ref()].into_iter().flatten() {
        if same_file(&input.address().file, file) {
            return Err(Refused::usage(format!("{}: this is also an input; name another output", file.display())));
        }
    }
    let (threads, pool) = super::threads(resources.threads, "worker")?;
    let size = |lists: &PeakLists| (lists.rows(), lists.peaks());
    job.check_memory(size(&query), reference.as_ref().map(size), threads)?;
    let progress = Progress::new(voice.quiet || voice.json);
    let mut names = ExhibitNames::default();
    let reading = std::time::Instant::now();
    let queries = read(&job, &mut query, &mut names)?;
    let references = reference.as_mut().map(|r| read(&job, r, &mut names)).transpose()?;
    let reading = reading.elapsed().as_secs_f64();
    let partners = reference.as_ref().map_or(query.rows(), PeakLists::rows);
    if let Some(record) = there {
        let now = pool.install(|| job.fingerprint(queries, references, lasting.shard))?;
        durable::settle_complete(file, &record, &now)?;
        return report(&Stored { record, neighbors: Vec::new(), links: None, before: true }, target, voice, false);
    }
    let terms = durable::begin(lasting, file, target.overwrite, &progress)?;
    let started = terms.begun.as_ref().map_or_else(collection::now, |begun| begun.head.started.clone());
    let journal = terms.journal.clone();
    let outcome = pool.install(|| job.run(queries, references, &progress, terms));
    progress.clear();
    let mut outcome = outcome?;
    outcome.effort.survey_seconds += reading;
    let mut record = Record {
        tool: "striae".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        commit: crate::built::commit(),
        options: job.options,
        inputs: outcome.inputs,
        devices: vec![Cpu::new().device()],
        // A query against all references at a time.
        tile: TileShape { rows: 1, cols: partners },
        strategy: None,
        threads,
        started,
        effort: outcome.effort,
        warnings: outcome.warnings,
        result_blake3: String::new(),
        matched_blake3: None,
        beside_blake3: None,
        shard: lasting.shard,
        merged: None,
        tolerance: None,
    };
    let stored = if lasting.shard.is_some() {
        crate::archive::shard::write_peaks(target, &mut record, &outcome.answer)
    } else {
        write_peaks(target, &mut record, &outcome.answer)
    };
    stored.map_err(|error| durable::not_stored(error.into(), journal.as_ref()))?;
    durable::done(journal.as_ref(), &progress);
    let (neighbors, links) = match outcome.answer {
        PeakAnswer::TopK { neighbors, .. } => (neighbors, None),
        PeakAnswer::Links { links, .. } => (Vec::new(), Some(links.len() as u64)),
    };
    report(&Stored { record, neighbors, links, before: false }, target, voice, false)
}

/// Checks a result of peak lists whose digest was found right: matched peaks, inputs, and some queries computed anew.
pub fn verify(
    stored: &mut StoredResult,
    metric: PeakMetric,
    inputs: &[String],
    sample: &[usize],
    name: &str,
    voice: Voice,
) -> anyhow::Result<()> {
    let record = stored.record.clone();
    let say = |text: String| {
        if !voice.json && !voice.quiet {
            println!("{text}");
        }
    };
    let matched = stored.matched_digest()?;
    if record.matched_blake3.as_ref() != Some(&matched) {
        return Err(Refused::input(format!(
            "{name}: the digest of the matched peaks is {matched}, its record says {}: the file was changed or damaged after it was made",
            record.matched_blake3.as_deref().unwrap_or("nothing")
        )));
    }
    let job = PeakJob::new(record.options.clone())?;
    let mut names = ExhibitNames::default();
    let mut sides = Vec::new();
    for (n, expected) in record.inputs.iter().enumerate() {
        let mut lists = open(inputs.get(n).unwrap_or(&expected.name))?;
        let now = read(&job, &mut lists, &mut names)?;
        if now.digest != expected.values_blake3 {
            return Err(Refused::input(format!(
                "{}: its peaks have BLAKE3 {}, the record says {}: this is not what was compared, or it was changed since",
                now.name, now.digest, expected.values_blake3
            )));
        }
        if expected.labels_blake3.is_some() && now.exhibits.as_deref().map(labels) != expected.labels_blake3 {
            return Err(Refused::input(format!(
                "{}: its column exhibit, by which partners were left out, is not the one that was compared with, or was changed since",
                now.name
            )));
        }
        say(format!("input     {} ({} spectra, {} peaks): as recorded", now.name, lists.rows(), lists.peaks()));
        sides.push(now);
    }
    let reference = if sides.len() > 1 { sides.pop() } else { None };
    let Some(query) = sides.pop() else { anyhow::bail!("{name}: its record names no input") };
    let rows = query.spectra.len();
    let mut wrong = Vec::new();
    let found = job.recompute(query, reference, sample)?;
    let links = match stored.kind {
        StoredKind::Links { count } => {
            let all = stored.links(0..count)?;
            let matched = stored.matched(0, count)?;
            all.into_iter().zip(matched).map(|(l, m)| (l.query, l.reference, l.score, m)).collect()
        }
        _ => Vec::new(),
    };
    for expected in &found {
        if !same(stored, expected, &links)? {
            wrong.push(expected.query);
        }
    }
    if voice.json {
        let (recomputed, digest) = (sample.len(), &record.result_blake3);
        let all =
            serde_json::json!({ "result": name, "digest": digest, "recomputed": recomputed, "queries": rows, "wrong": wrong });
        println!("{all}");
    }
    if let Some(first) = wrong.first() {
        return Err(Refused::input(format!(
            "{name}: {} of {} recomputed queries differ by {}, the first is query {first}: do not use this result, and report it with its record (striae info --json)",
            wrong.len(),
            sample.len(),
            metric.name()
        )));
    }
    say(format!(
        "recomputed {} of {rows} queries from the definition: every score, place and number of matched peaks the same",
        sample.len()
    ));
    Ok(())
}

/// Query, reference, score, matched peaks.
type StoredLink = (u64, u64, f64, i64);

fn same(stored: &mut StoredResult, expected: &RecomputedPeaks, links: &[StoredLink]) -> anyhow::Result<bool> {
    let query = expected.query;
    let mut partners = expected.partners.iter();
    Ok(match (stored.kind, stored.record.options.mode) {
        (StoredKind::Ranking { k, .. }, Mode::TopK(_)) => {
            let (neighbors, scores) = stored.ranking(query..query + 1)?;
            let matched = stored.matched(query, 1)?;
            (0..k).all(|n| match partners.next() {
                Some((partner, found)) => {
                    neighbors[n] == *partner as i64
                        && scores[n].to_bits() == found.score.to_bits()
                        && matched[n] == i64::from(found.matched)
                }
                None => neighbors[n] == -1 && scores[n].is_nan() && matched[n] == -1,
            })
        }
        (StoredKind::Links { .. }, Mode::Threshold(_)) => {
            let first = links.partition_point(|l| l.0 < query as u64);
            let own: Vec<_> = links[first..].iter().take_while(|l| l.0 == query as u64).collect();
            own.len() == expected.partners.len()
                && own.iter().zip(partners).all(|(l, (partner, found))| {
                    l.1 == *partner && l.2.to_bits() == found.score.to_bits() && l.3 == i64::from(found.matched)
                })
        }
        _ => false,
    })
}
