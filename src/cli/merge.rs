//! `striae merge`: one result of all shards of a comparison.

use super::compare::{Stored, refuse_archive, report};
use super::opened::Opened;
use super::progress::Progress;
use super::{Refused, Voice, collection, memory, verify};
use crate::archive::peak_result::write_peaks;
use crate::archive::result::{Target, write_links, write_ranking};
use crate::archive::shard::{Size, StoredShard};
use crate::archive::write::check_target;
use crate::archive::{Address, Error as ArchiveError};
use crate::compare::explain::Explainer;
use crate::compare::links::Found;
use crate::compare::merge::{self, Rows};
use crate::compare::peak_job::PeakAnswer;
use crate::compare::{Error, Job, Mode, Observer as _, Record, RowSource, bytes};
use crate::metric::{self, Closer, peaks::PeakMetric};
use std::path::{Path, PathBuf};

/// Makes one result of all shards of a comparison
///
/// The result has the same bytes as one process would have found, and its record says that it was merged. Shards that are missing, there twice, of another run,
/// or of other content of the inputs are refused by name; so are files that were changed since they were made.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae merge part-*.h5 -o nearest.h5
  striae merge part-*.h5 -o nearest.h5 --input /archive/marks.h5:/toolmarks   (where ccf and logpolar read the rows again)")]
pub struct Options {
    /// The shards' files, in any order
    #[arg(required = true, value_name = "SHARD.h5")]
    shards: Vec<String>,
    /// Result to write: FILE.h5, or FILE.h5:/group
    #[arg(long, short)]
    output: String,
    /// Replace the output if it is there
    #[arg(long)]
    overwrite: bool,
    /// Where the inputs are now, if not where the shards say: queries, then references
    #[arg(long, value_name = "FILE.h5:/path")]
    input: Vec<String>,
    /// Most memory to use
    #[arg(long, default_value = "2GiB", value_name = "SIZE", value_parser = memory::parse)]
    memory: u64,
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let target = Target { address: Address::parse(&options.output), overwrite: options.overwrite };
    check_target(&target.address.file, target.overwrite)?;
    super::compare::refuse_inputs(&target.address.file, options.shards.iter().map(String::as_str))?;
    refuse_archive(&target)?;
    let reading = collection::reading()?;
    // Each has a process of its own that reads it: of very many only what they say of themselves is kept.
    let mut known: Vec<(String, Record)> = Vec::new();
    for name in &options.shards {
        known.push((name.clone(), StoredShard::open(&Address::parse(name), &reading)?.record));
    }
    let named: Vec<(String, &Record)> = known.iter().map(|(name, record)| (name.clone(), record)).collect();
    merge::check(&named)?;
    known.sort_by_key(|(_, record)| record.shard);
    let progress = Progress::new(voice.quiet || voice.json);
    let records: Vec<&Record> = known.iter().map(|(_, record)| record).collect();
    let Some(mut record) = merge::record(&records) else { return Err(merge::Error::None.into()) };
    record.options.memory = options.memory;
    let peaks = PeakMetric::by_name(&record.options.metric);
    let gathered = gather(options, &known, &record, &target, &progress)?;
    let mut sides = Vec::new();
    let mut job = None;
    let explained = metric::by_name(&record.options.metric).is_some_and(|m| m.lagged().is_some());
    if peaks.is_none() && explained {
        let (found, inputs) = verify::inputs_as_recorded(&record, &options.input, &target.address, &progress, &|_| ())?;
        (job, sides) = (Some(found), inputs);
    }
    progress.clear();
    let links = store(&target, &mut record, gathered, job.as_ref(), &mut sides)?;
    report(&Stored { record, neighbors: Vec::new(), links, before: false }, &target, voice, false)
}

/// What shards hold together.
enum Gathered {
    Rows(Rows),
    Links(Found),
    PeakLinks(Vec<(crate::compare::Link, i64)>),
}

fn gather(
    options: &Options,
    known: &[(String, Record)],
    record: &Record,
    target: &Target,
    progress: &Progress,
) -> anyhow::Result<Gathered> {
    let rows = record.inputs.first().map_or(0, |i| i.rows);
    let partners = record.inputs.last().map_or(0, |i| i.rows);
    let closer = metric::by_name(&record.options.metric).map_or(Closer::Larger, |m| m.info().closer);
    let peaks = PeakMetric::by_name(&record.options.metric).is_some();
    let folder =
        target.address.file.parent().filter(|p| !p.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    let mut gathered = match record.options.mode {
        Mode::TopK(k) => {
            let needed = Rows::bytes(rows, k, peaks) + (64 << 20);
            if needed > options.memory {
                let why = format!("the best {k} of {rows} queries stand in memory while they are merged");
                return Err(Error::Memory { allowed: bytes(options.memory), needed: bytes(needed), why }.into());
            }
            Gathered::Rows(Rows::new(rows, k, closer, peaks))
        }
        _ if peaks => Gathered::PeakLinks(Vec::new()),
        _ => Gathered::Links(Found::new(usize::try_from(options.memory / 8 / 24)?.clamp(1 << 12, 1 << 24), &folder)),
    };
    progress.phase("merge", known.len() as u64);
    let mut too_many = 0_u64;
    for (n, (name, before)) in known.iter().enumerate() {
        let mut shard = StoredShard::open(&Address::parse(name), &collection::reading()?)?;
        let digest = shard.digest()?;
        if digest != shard.record.result_blake3 || shard.record != *before {
            return Err(Refused::input(format!(
                "{name}: the digest of what is stored is {digest}, its record says {}: the file was changed or damaged after it was made. Compare shard {} again",
                shard.record.result_blake3,
                shard.record.shard.map_or_else(String::new, |s| s.to_string())
            )));
        }
        let broken = |text: &str| ArchiveError::Refused { file: name.clone(), text: text.to_owned() };
        let within = |l: &crate::compare::Link| l.query < rows as u64 && l.reference < partners as u64 && !l.score.is_nan();
        match (&mut gathered, shard.size) {
            (Gathered::Rows(all), Size::Rows { k, .. }) if k == all.k && shard.has_matched() == peaks => {
                shard.rows(|(row, best, matched)| {
                    if best.iter().any(|b| b.partner >= partners as u64) {
                        return Err(broken("it names partners that there are not"));
                    }
                    all.add(name, row, &best, &matched).map_err(|e| broken(&e.to_string()))
                })?;
            }
            (Gathered::Links(found), Size::Links(_)) => {
                shard.links(|link, _| {
                    found.add(&[link]);
                    if within(&link) { Ok(()) } else { Err(broken("it names items that there are not")) }
                })?;
                found.check()?;
            }
            (Gathered::PeakLinks(all), Size::Links(_)) if shard.has_matched() => {
                let room = (options.memory / BYTES_A_PEAK_LINK) as usize;
                shard.links(|link, matched| {
                    if all.len() < room {
                        all.push((link, matched.unwrap_or(-1)));
                    } else {
                        too_many += 1;
                    }
                    if within(&link) { Ok(()) } else { Err(broken("it names items that there are not")) }
                })?;
                if too_many > 0 {
                    let why = "links of peak lists stand in memory while they are merged".into();
                    let needed = bytes((room as u64 + too_many) * BYTES_A_PEAK_LINK);
                    return Err(Error::Memory { allowed: bytes(options.memory), needed, why }.into());
                }
            }
            _ => return Err(broken("its datasets are not those of its record's metric and mode").into()),
        }
        progress.advance(n as u64 + 1)?;
    }
    Ok(gathered)
}

/// Bytes of memory that a link of peak lists takes while they are merged.
const BYTES_A_PEAK_LINK: u64 = 96;

/// Writes what was gathered; answers how many links there are.
fn store(
    target: &Target,
    record: &mut Record,
    gathered: Gathered,
    job: Option<&Job>,
    sides: &mut [Opened],
) -> anyhow::Result<Option<u64>> {
    let (query, reference) = sides.split_at_mut(usize::from(!sides.is_empty()));
    let reference = reference.first_mut().map(|r| r as &mut dyn RowSource);
    let explainer = match (job, query.first_mut()) {
        (Some(job), Some(query)) => Explainer::new(job, query, reference),
        _ => None,
    };
    Ok(match gathered {
        Gathered::Rows(Rows { k, neighbors, scores, matched: Some(matched), .. }) => {
            write_peaks(target, record, &PeakAnswer::TopK { k, neighbors, scores, matched })?;
            None
        }
        Gathered::Rows(Rows { k, neighbors, scores, .. }) => {
            write_ranking(target, record, k, &neighbors, &scores, explainer, None)?;
            None
        }
        Gathered::Links(found) => {
            let links = found.finish()?;
            let count = links.count;
            write_links(target, record, links, explainer, None)?;
            Some(count)
        }
        Gathered::PeakLinks(mut all) => {
            all.sort_unstable_by_key(|(l, _)| (l.query, l.reference));
            let count = all.len() as u64;
            let (links, matched) = all.into_iter().unzip();
            write_peaks(target, record, &PeakAnswer::Links { links, matched })?;
            Some(count)
        }
    })
}
