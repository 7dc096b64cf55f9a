//! `striae link`: which exhibits hang together, by all evidence there is.

mod add;
mod evidence;
mod found;

use super::compare::{Resources, refuse_archive, refuse_inputs};
use super::progress::Progress;
use super::{Refused, Voice, collection, usual};
use crate::archive::result::Target;
use crate::archive::write::check_target;
use crate::archive::{Address, linkage};
use crate::compare::RowSource as _;
use crate::link::fuse::{CONTRADICTION, Rule};
use crate::link::record::LinkRecord;
use evidence::{Evidence, roster};
use found::Limits;
use std::time::Instant;

/// Finds links between exhibits and the series that they make
///
/// Takes the ranking of each kind of evidence (striae compare --top-k) and its likelihood-ratio model (striae calibrate). Every pair of exhibits that any ranking names gets a
/// ratio by every kind of evidence, computed from the collections where a ranking does not list it; these become one, and pairs at or above --limit are links. Linked
/// exhibits are a series, within which communities hold together without a single false link deciding it. The ratios of each kind stay beside: exhibits with one logo
/// need not be from one source.
///
/// With --add, exhibits that came in later are compared with the archive and with each other only; links and series are those of a whole run, series keep their
/// names, and what changed is listed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae compare archive.h5:/toolmarks --metric ccf --top-k 20 -o marks.h5
  striae compare archive.h5:/spectra --metric pearson --top-k 20 -o spectra.h5
  striae link marks.h5 spectra.h5 --lr marks-lr.h5 --lr spectra-lr.h5 --limit 4 -o links.h5
  striae link --add new.h5 links.h5 -o links-2.h5
  striae report links-2.h5 -o report.html")]
pub struct Options {
    /// Rankings, one for each kind of evidence; with --add: the linkage that exhibits are added to
    #[arg(required = true, value_name = "RESULT")]
    results: Vec<String>,
    /// Likelihood-ratio model of each ranking, in the same order
    #[arg(long, value_name = "MODEL")]
    lr: Vec<String>,
    /// How kinds of evidence become one: the sum of log10 LRs (they are independent), or the mean of the ratios (whatever their dependence)
    #[arg(long, value_enum, default_value = "independent")]
    rule: RuleChoice,
    /// Least fused log10 LR of a link
    #[arg(long, default_value_t = 4.0, value_name = "LOG10_LR", allow_negative_numbers = true)]
    limit: f64,
    /// Least log10 LR of links that count within a community though no third exhibit confirms them [default: the limit + 2]
    #[arg(long, value_name = "LOG10_LR")]
    alone: Option<f64>,
    /// Archive of exhibits that came in later, with collections of the same names
    #[arg(long, value_name = "NEW.h5", conflicts_with_all = ["lr", "rule", "limit", "alone"])]
    add: Option<std::path::PathBuf>,
    /// Where the collections are now, if not where the records say, in the order of the rankings
    #[arg(long, value_name = "FILE.h5:/path")]
    input: Vec<String>,
    /// File to write
    #[arg(long, short, value_name = "LINKS.h5")]
    output: String,
    /// Replace it if it is there
    #[arg(long)]
    overwrite: bool,
    /// Most memory for rows
    #[arg(long, default_value = "2GiB", value_name = "SIZE", value_parser = super::memory::parse)]
    memory: u64,
    /// Threads; all cores unless given
    #[arg(long, short = 'j', value_name = "N")]
    threads: Option<usize>,
    /// Where to compute what --add compares
    #[arg(long, value_enum, default_value = "auto")]
    backend: super::BackendChoice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RuleChoice {
    Independent,
    Cautious,
}

impl From<RuleChoice> for Rule {
    fn from(choice: RuleChoice) -> Self {
        match choice {
            RuleChoice::Independent => Self::Independent,
            RuleChoice::Cautious => Self::Cautious,
        }
    }
}

fn resources(options: &Options) -> Resources {
    Resources { memory: options.memory, threads: options.threads, backend: options.backend, ..usual::<Resources>() }
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let target = Address::parse(&options.output);
    if target.inner.is_some() {
        return Err(Refused::usage(format!("-o {target}: a linkage is a file of its own; give a name without a path inside")));
    }
    let new = options.add.as_ref().map(|p| p.to_string_lossy().into_owned());
    let inputs = options.results.iter().chain(&options.lr).chain(&options.input).map(String::as_str).chain(new.as_deref());
    refuse_inputs(&target.file, inputs)?;
    refuse_archive(&Target { address: target.clone(), overwrite: options.overwrite })?;
    check_target(&target.file, options.overwrite)?;
    if !options.limit.is_finite() {
        return Err(Refused::usage(format!("--limit {}: give a finite log10 LR, such as 4", options.limit)));
    }
    let (_, pool) = super::threads(options.threads, "worker")?;
    let progress = Progress::new(voice.quiet || voice.json);
    let record = pool.install(|| match &options.add {
        Some(new) => add::run(options, new, &target, &progress),
        None => whole(options, &target, &progress),
    })?;
    progress.clear();
    say(&record, &target, voice)
}

/// What must be said beside every ratio.
fn statements(evidence: &[Evidence], rule: &Rule, limit: f64) -> Vec<String> {
    let mut all: Vec<String> = evidence.iter().map(|e| format!("{}: {}", e.record.name, e.lr.sentence())).collect();
    all.push(rule.statement());
    all.push(format!(
        "A link is a pair of exhibits with a fused log10 LR of {limit} or more; a series, exhibits that links connect."
    ));
    all
}

fn whole(options: &Options, target: &Address, progress: &Progress) -> anyhow::Result<LinkRecord> {
    let (started, clock) = (collection::now(), Instant::now());
    if options.lr.len() != options.results.len() {
        return Err(Refused::usage(format!(
            "{} rankings and {} models: give one --lr for each ranking, in the same order (striae calibrate makes one)",
            options.results.len(),
            options.lr.len()
        )));
    }
    let mut warnings = Vec::new();
    let mut evidence: Vec<Evidence> = Vec::new();
    for (n, (result, model)) in options.results.iter().zip(&options.lr).enumerate() {
        let mut one = Evidence::open(result, model, options.input.get(n), progress)?;
        if evidence.iter().any(|e| e.record.result_blake3 == one.record.result_blake3) {
            return Err(Refused::usage(format!("{result} is given twice; its evidence would count twice")));
        }
        if evidence.iter().any(|e| e.record.parts == one.record.parts) && options.rule == RuleChoice::Independent {
            warnings.push(format!("{result} is a second ranking of one collection: two metrics of the same numbers are not independent, and their sum overstates; use --rule cautious"));
        }
        let plain = one.record.name.clone();
        for number in 2.. {
            if !evidence.iter().any(|e| e.record.name == one.record.name) {
                break;
            }
            one.record.name = format!("{plain}_{}_{number}", one.record.options.metric);
        }
        evidence.push(one);
    }
    same_propositions(&evidence)?;
    let roster = roster(&mut evidence, &mut warnings)?;
    for e in &evidence {
        e.lr.check_level(&e.record.name, &e.exhibit_of, &mut warnings);
    }
    let limits = Limits {
        rule: options.rule.into(),
        limit: options.limit,
        alone: options.alone.unwrap_or(options.limit + 2.0),
        contradiction: CONTRADICTION,
    };
    let all = found::all_candidates(&evidence)?;
    let candidates = all.pairs.len();
    let found = found::links(&mut evidence, all, &limits, options.memory, progress)?;
    let grouped = found::group(&roster, &found.links, limits.alone, &[], 1)?;
    let columns = found::columns(&roster, &evidence, &found, &grouped)?;
    let of_pairs = |n: usize| (n as u64) * (n as u64).saturating_sub(1) / 2;
    let pairs = evidence.iter().map(|e| of_pairs(e.rows.rows())).sum();
    let mut record = LinkRecord {
        tool: "striae".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        commit: crate::built::commit(),
        started,
        seconds: clock.elapsed().as_secs_f64(),
        threads: Some(rayon::current_num_threads()),
        statements: statements(&evidence, &limits.rule, limits.limit),
        modalities: evidence.into_iter().map(|e| e.record).collect(),
        rule: limits.rule.name().into(),
        limit: limits.limit,
        alone: limits.alone,
        contradiction: limits.contradiction,
        exhibits: roster.id.len(),
        candidates,
        links: found.links.len(),
        series: grouped.series.len(),
        next_series: grouped.next,
        pairs_all: pairs,
        pairs_compared: pairs,
        added_to: None,
        changes: Vec::new(),
        warnings,
        result_blake3: String::new(),
    };
    linkage::write(target, &mut record, &columns, options.overwrite)?;
    Ok(record)
}

/// Ratios of different propositions are no terms of one sum.
fn same_propositions(evidence: &[Evidence]) -> anyhow::Result<()> {
    let of = |e: &Evidence| (e.lr.model.statement().h1.clone(), e.lr.model.statement().h2.clone());
    if let Some(first) = evidence.first()
        && let Some(other) = evidence.iter().find(|e| of(e) != of(first))
    {
        let ((h1, _), (other_h1, _)) = (of(first), of(other));
        return Err(Refused::input(format!(
            "{} says how probable its scores are if {h1:?}, {} if {other_h1:?}: what they come to together would speak of neither. Calibrate all on one truth (striae calibrate --truth), or, where one follows from the other, say both with the same --h1 and --h2",
            first.record.model, other.record.model
        )));
    }
    Ok(())
}

fn say(record: &LinkRecord, target: &Address, voice: Voice) -> anyhow::Result<()> {
    if voice.json {
        let mut all = serde_json::to_value(record)?;
        all["output"] = target.to_string().into();
        println!("{all}");
        return Ok(());
    }
    if voice.quiet {
        return Ok(());
    }
    println!(
        "linked    {} exhibits by {}",
        record.exhibits,
        record.modalities.iter().map(|m| m.name.as_str()).collect::<Vec<_>>().join(", ")
    );
    for statement in &record.statements {
        println!("          {statement}");
    }
    if record.pairs_compared < record.pairs_all {
        println!(
            "compared  {} of {} pairs of items ({:.2} %): the rest is in {}",
            record.pairs_compared,
            record.pairs_all,
            100.0 * record.pairs_compared as f64 / record.pairs_all as f64,
            record.added_to.as_ref().map_or("", |a| a.0.as_str())
        );
    }
    println!("found     {} links among {} candidates, {} series", record.links, record.candidates, record.series);
    let shown = 12;
    for change in record.changes.iter().take(shown) {
        println!("changed   {change}");
    }
    if record.changes.len() > shown {
        println!("          and {} more; all of them: striae info --json, striae report", record.changes.len() - shown);
    }
    for warning in &record.warnings {
        println!("note      {warning}");
    }
    println!("stored    {target}");
    println!("digest    {}", record.result_blake3);
    Ok(())
}
