//! Runs that last: the journal beside an output, going on with one, and shards.

use super::progress::Progress;
use super::{Refused, collection};
use crate::archive::result::LinkError;
use crate::archive::write::Unfinished;
use crate::archive::{Address, Client};
use crate::compare::checkpoint::{Begun, Journaling, Standing};
use crate::compare::fingerprint::{Difference, Fingerprint};
use crate::compare::journal::{self, Claim, discard, sweep};
use crate::compare::{Observer as _, Record, Shard, Terms};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How a run is kept, and which part of the whole it is.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Go on with a run that was interrupted; begin where there was none; do nothing where the output is complete
    #[arg(long)]
    pub resume: bool,
    /// How much work may be lost when the run is killed: what was found is kept in OUTPUT.journal at least that often
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = interval)]
    pub checkpoint: Duration,
    /// Only part I of N, for `striae merge`; auto: that of a Slurm array's task; auto/N: of a Kubernetes job's or Slurm task's index
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
}

fn interval(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[number.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        other => return Err(format!("unit {other:?} is not known; allowed are ms, s, min, h")),
    };
    match number.parse::<f64>() {
        Ok(n) if n * unit >= 0.01 && n * unit <= 86_400.0 => Ok(Duration::from_secs_f64(n * unit)),
        _ => Err(format!("{text:?} is no interval; give 10ms to 24h, such as 60s or 5min")),
    }
}

/// `3/64`, or what the environment says.
fn shard(text: &str) -> Result<Shard, String> {
    let Some(rest) = text.strip_prefix("auto") else { return text.parse() };
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<usize>().ok());
    let slurm = || {
        let (id, first) = (number("SLURM_ARRAY_TASK_ID")?, number("SLURM_ARRAY_TASK_MIN").unwrap_or(0));
        let step = number("SLURM_ARRAY_TASK_STEP").unwrap_or(1).max(1);
        Some(id.checked_sub(first)? / step + 1)
    };
    let index = slurm().or_else(|| number("JOB_COMPLETION_INDEX").and_then(|n| n.checked_add(1)));
    let count = match rest.strip_prefix('/') {
        None if rest.is_empty() => number("SLURM_ARRAY_TASK_COUNT"),
        None => return Err(format!("{text:?} is no shard; give I/N, auto or auto/N")),
        Some(count) => Some(count.parse().map_err(|_| format!("{text:?}: {count:?} is no number of shards"))?),
    };
    match (index, count) {
        (Some(index), Some(count)) => format!("{index}/{count}").parse().map_err(|e| format!("from the environment: {e}")),
        (None, _) => {
            Err("auto needs SLURM_ARRAY_TASK_ID (Slurm) or JOB_COMPLETION_INDEX (Kubernetes), and neither is set; give I/N"
                .into())
        }
        (_, None) => Err("auto needs SLURM_ARRAY_TASK_COUNT, which is not set; give auto/N".into()),
    }
}

/// Where the journal of an output lies.
pub fn journal_of(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".journal");
    name.into()
}

/// A percentage of a journal's run that is done.
fn percent(begun: &Begun) -> f64 {
    begun.standing.as_ref().map_or(0.0, Standing::percent)
}

/// What an interrupted run left of a dense result.
pub fn unfinished(begun: Option<&Begun>) -> Option<Unfinished> {
    serde_json::from_value(begun?.standing.as_ref()?.dense.clone()?).ok()
}

/// What was left of an earlier run of this output: to go on with, or to be gone.
pub fn begin(options: &Options, output: &Path, overwrite: bool, progress: &Progress) -> anyhow::Result<Terms<'static>> {
    let path = journal_of(output);
    sweep(&path);
    let mut begun = None;
    if path.exists() {
        if options.resume {
            let found = Begun::open(&path)?;
            if found.standing.is_none() {
                progress.warn(&format!(
                    "{}: no commit in it is whole ({} bytes of one are not): the run begins at its beginning",
                    path.display(),
                    found.torn
                ));
            }
            begun = Some(found);
        } else if overwrite {
            // Of a damaged one nothing but its name is known.
            let left = Begun::look(&path).ok().and_then(|begun| begun.standing);
            discard(&path)?;
            let files = left.iter().flat_map(|s| s.dense.iter().chain(s.writing.as_ref().map(|(_, file)| file)));
            for file in files.filter_map(|file| serde_json::from_value::<Unfinished>(file.clone()).ok()) {
                file.discard(output);
            }
        } else {
            let said = match Begun::open(&path) {
                Err(why @ crate::compare::Error::Journal(journal::Error::Busy { .. })) => return Err(why.into()),
                Ok(found) => {
                    format!("the run that began at {} was interrupted with {:.1} % done", found.head.started, percent(&found))
                }
                Err(why) => why.to_string(),
            };
            let text = format!("{}: {said}. Go on with it by --resume, or start over with --overwrite", path.display());
            return Err(Refused::usage(text));
        }
    }
    let claim = if begun.is_some() { None } else { Some(Arc::new(Claim::new(&path)?)) };
    let started = collection::now();
    let journal = Journaling { path, interval: options.checkpoint, began: super::began(), started, claim };
    Ok(Terms { shard: options.shard, journal: Some(journal), begun, again: None })
}

/// The record of an output that is there already; none if there is no such, or it is something else.
pub fn complete(output: &Address) -> anyhow::Result<Option<Record>> {
    if !output.file.is_file() {
        return Ok(None);
    }
    let mut client = Client::open(&output.file, &collection::reading()?)?;
    let nodes = client.tree()?;
    let group = match &output.inner {
        Some(inner) => Some(inner.clone()),
        None => nodes.iter().find(|n| n.attributes.contains_key("striae_kind")).map(|n| n.path.clone()),
    };
    let Some(group) = group else { return Ok(None) };
    let text = crate::archive::sealed_record(&mut client, &nodes, &group, &output.file)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Holds a complete output against what is asked for now, and takes its journal away.
pub fn settle_complete(output: &Path, then: &Record, now: &Fingerprint) -> anyhow::Result<()> {
    // What is complete is not gone on with: another build may look at it.
    let recorded = Fingerprint::new((&then.version, now.commit.clone()), &then.options, &then.inputs, then.shard);
    if let Some(Difference { field, then, now }) = recorded.difference(now) {
        return Err(Refused::input(format!(
            "{}: this is the complete result of another run: {field} was {then} and is {now} now. Name another output, or replace it with --overwrite",
            output.display()
        )));
    }
    let journal = journal_of(output);
    if journal.exists() {
        discard(&journal)?;
    }
    Ok(())
}

/// Why a result is not where it belongs, with what there is to go on with.
pub fn not_stored(error: anyhow::Error, journal: Option<&Journaling>) -> anyhow::Error {
    let interrupted = error.downcast_ref::<LinkError>().is_some_and(|e| matches!(e, LinkError::Compare(_)));
    let kept = journal.filter(|_| !interrupted).and_then(|journal| {
        let done = Begun::look(&journal.path).ok()?.standing?.percent();
        Some(format!(
            "{} holds {done:.1} % of the work; see to what follows, then give the same command with --resume",
            journal.path.display()
        ))
    });
    match kept {
        Some(text) => error.context(text),
        None => error,
    }
}

/// The result is where it belongs: its journal is not needed any more.
pub fn done(terms: Option<&Journaling>, progress: &Progress) {
    if let Some(journal) = terms.filter(|j| j.path.exists())
        && let Err(why) = discard(&journal.path)
    {
        progress.warn(&format!("{why}; the result is complete, and this file is not needed any more"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals() {
        assert_eq!(interval("60s"), Ok(Duration::from_mins(1)));
        assert_eq!(interval("0.05s"), Ok(Duration::from_millis(50)));
        assert_eq!(interval("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(interval("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(interval("90"), Ok(Duration::from_secs(90)));
        for wrong in ["", "0", "-1s", "1ns", "2d", "nan", "1e9s", "1ms"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shards_by_number() {
        assert_eq!(shard("3/64"), Ok(Shard { index: 3, count: 64 }));
        assert!(shard("autopsy").is_err() && shard("65/64").is_err());
    }
}
