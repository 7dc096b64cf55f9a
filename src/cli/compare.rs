//! `striae compare`.

use super::opened::{self, Opened};
use super::progress::{Progress, short};
use super::{BackendChoice, Refused, Voice, alike, backend, collection, durable, memory};
use crate::archive::result::{DenseFile, Lasting, Target, write_links, write_ranking};
use crate::archive::wire::Node;
use crate::archive::write::check_target;
use crate::archive::{Address, Client, shard};
use crate::backend::TileShape;
use crate::compare::checkpoint::Begun;
use crate::compare::explain::Explainer;
use crate::compare::run::{Again, fingerprint};
use crate::compare::strategy::Strategy;
use crate::compare::{
    Answer, Comparison, DenseStore, Exclude, Invalid, Job, Mode, Observer as _, Options as JobOptions, Outcome, Record,
    RowSource, Screening, Terms,
};
use crate::metric::{self, peaks::PeakMetric};
use crate::spectrum::transform::Recipe;
use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use std::path::{Path, PathBuf};

/// Compares every item of a collection with every other, or with those of a reference
///
/// Scores are exact (f64, fixed order of summation): the result has the same bytes whatever the device, threads, tiles and
/// memory. The item itself is never its own partner. A collection is named FILE.h5:/path; the path may be left out when
/// there is only one. Any 2-D dataset of numbers will do: h5py, AnnData (X), ann-benchmarks (train) and Striae's own.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae compare archive.h5:/spectra --metric pearson --top-k 20 -o nearest.h5
  striae compare new.h5:/spectra archive.h5:/spectra --metric cosine --top-k 10 --exclude exhibit -o new-links.h5
  striae compare archive.h5:/logos --metric euclidean --threshold 0.8 --memory 512MiB -o links.h5
  striae compare small.h5:/X --metric pearson --dense -o matrix.h5
  striae compare archive.h5:/toolmarks --metric ccf -k 20 -o night.h5 --resume       (the same line again after an interruption)
  striae compare archive.h5:/toolmarks --metric ccf -k 20 --shard 3/64 -o part-3.h5  (then: striae merge part-*.h5 -o night.h5)
  striae compare nir.h5:/spectra --prepare \"snv | savgol(window=15, poly=2, deriv=1)\" --metric pearson -k 5 -o nearest.h5

The result opens in h5py: neighbors and scores (n, k), best first, -1 and NaN where there are fewer than k; or query,
reference, score, each pair once; or with --dense scores (n, m) as f32, within the stored tolerance.
What a metric needs and means: striae metrics")]
pub struct Options {
    /// Collection of queries: FILE.h5:/path
    query: String,
    /// Collection to compare them with; without it the queries are compared with each other
    reference: Option<String>,
    /// How pairs are scored
    #[arg(long, short, value_parser = PossibleValuesParser::new(metric_names()), hide_possible_values = false)]
    metric: String,
    #[command(flatten)]
    mode: ModeOptions,
    /// Result to write: FILE.h5, or FILE.h5:/group
    #[arg(long, short)]
    output: String,
    /// Replace the output if it is there
    #[arg(long)]
    overwrite: bool,
    /// Steps done to every row first, as of striae prepare; what they learn, they learn of the reference, else of the queries
    #[arg(long, value_name = "STEPS")]
    prepare: Option<String>,
    /// Partners that a query must not have, beside itself
    #[arg(long, value_enum, default_value = "none")]
    exclude: ExcludeChoice,
    /// What to do with rows that the metric is not defined for (NaN, all zeros, constant)
    #[arg(long, value_enum, default_value = "refuse")]
    invalid: InvalidChoice,
    #[command(flatten)]
    lasting: durable::Options,
    #[command(flatten)]
    resources: Resources,
    // Last, since its heading would hold for what follows.
    #[command(flatten)]
    settings: super::settings::Options,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct ModeOptions {
    /// The best K partners of every query
    #[arg(long, short = 'k', value_name = "K")]
    top_k: Option<usize>,
    /// Every pair whose score is at least this good: at least for similarities, at most for distances
    #[arg(long, short, value_name = "SCORE", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// All scores, as f32 within a stated tolerance: n × m numbers on disk
    #[arg(long)]
    dense: bool,
}

/// What a run may use. None of it changes the result.
#[derive(Clone, Debug, clap::Args)]
pub struct Resources {
    /// Where to compute
    #[arg(long, value_enum, default_value = "auto")]
    pub backend: BackendChoice,
    /// A GPU by part of its name, as `striae devices` lists it (also a software one)
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Most memory to use
    #[arg(long, default_value = "2GiB", value_name = "SIZE", value_parser = memory::parse)]
    pub memory: u64,
    /// Threads; all cores unless given
    #[arg(long, short = 'j', value_name = "N")]
    pub threads: Option<usize>,
    /// How pairs are screened: auto (what is fastest on a sample), plain, half, bytes, head (along principal axes), head=32
    #[arg(long, default_value = "auto", value_name = "HOW", value_parser = screening)]
    pub screen: Screening,
    /// Say how pairs were screened, what else was tried, and what was expected of it
    #[arg(long)]
    pub explain: bool,
    /// Write what ran when on which thread, for chrome://tracing or ui.perfetto.dev
    #[arg(long, value_name = "FILE.json", hide_short_help = true)]
    pub trace: Option<PathBuf>,
    /// Rows × columns of a tile, such as 192x384
    #[arg(long, value_name = "RxC", hide_short_help = true, value_parser = tile)]
    pub tile: Option<TileShape>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ExcludeChoice {
    /// Only the item itself
    None,
    /// Those of the same exhibit, by the collection's dataset `exhibit`
    Exhibit,
    /// Those of the same mark, by the collection's dataset `mark`
    Mark,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum InvalidChoice {
    /// Stop before anything is compared, and name the row
    Refuse,
    /// Leave them out, and list them in the result
    Skip,
}

fn metric_names() -> Vec<&'static str> {
    let lists = PeakMetric::ALL.iter().map(|m| m.name());
    metric::all().iter().map(|m| m.info().name).chain(lists).collect()
}

fn tile(text: &str) -> Result<TileShape, String> {
    let sides = text.split_once('x').and_then(|(r, c)| Some(TileShape { rows: r.parse().ok()?, cols: c.parse().ok()? }));
    sides.ok_or_else(|| format!("{text:?} is no tile; give rows x columns, such as 192x384"))
}

fn screening(text: &str) -> Result<Screening, String> {
    match text {
        "auto" => Ok(Screening::Auto),
        "plain" => Ok(Screening::Plain),
        "half" => Ok(Screening::Half),
        "bytes" => Ok(Screening::Bytes),
        "head" => Ok(Screening::Head(0)),
        _ => match text.strip_prefix("head=").and_then(|h| h.parse().ok()) {
            Some(h) if (1..=4096).contains(&h) => Ok(Screening::Head(h)),
            _ => Err(format!(
                "{text:?} is no way of screening; give auto, plain, half, bytes, head or head=N with N from 1 to 4096"
            )),
        },
    }
}

/// A finished comparison, as it was stored.
pub struct Stored {
    pub record: Record,
    /// Neighbours, for rankings.
    pub neighbors: Vec<i64>,
    /// How many links there are, for links.
    pub links: Option<u64>,
    /// It was there already.
    pub before: bool,
}

/// Runs a comparison and stores its result.
pub fn compare_and_store(
    options: JobOptions,
    mut query: Opened,
    mut reference: Option<Opened>,
    target: &Target,
    (resources, lasting): (&Resources, &durable::Options),
    voice: Voice,
) -> anyhow::Result<Stored> {
    let job = Job::new(options)?;
    let file = target.address.file.clone();
    if lasting.resume && target.overwrite {
        return Err(Refused::usage("--resume keeps what is there and --overwrite replaces it; give one of them"));
    }
    let there = if lasting.resume { durable::complete(&target.address)? } else { None };
    if there.is_none() {
        check_target(&file, target.overwrite)?;
    }
    refuse_files(&mut query, reference.as_mut(), &file, resources.trace.as_deref())?;
    let (threads, pool) = super::threads(resources.threads, "worker")?;
    let progress = Progress::new(voice.quiet || voice.json).traced(resources.trace.is_some());
    if let Some(record) = there {
        let reference = reference.as_mut().map(|r| r as &mut dyn RowSource);
        let now = pool.install(|| fingerprint(&job, &mut query, reference, lasting.shard, &progress));
        progress.clear();
        durable::settle_complete(&file, &record, &now?)?;
        return Ok(Stored { record, neighbors: Vec::new(), links: None, before: true });
    }
    let mut terms: Terms<'_> = durable::begin(lasting, &file, target.overwrite, &progress)?;
    let backend = backend::choose(resources, &progress)?;
    let again = || backend::again(resources, &progress);
    // The processor needs no second chance.
    let again: Option<&Again<'_>> = if backend.device().kind == "gpu" { Some(&again) } else { None };
    terms.again = again;
    let journal = terms.journal.clone();
    let started = terms.begun.as_ref().map_or_else(collection::now, |begun| begun.head.started.clone());
    let version = env!("CARGO_PKG_VERSION");
    let dense = match job.options.mode {
        Mode::Dense => {
            let cols = reference.as_ref().map_or(query.rows(), RowSource::rows);
            Some(dense_file(target, &job.options.metric, (query.rows(), cols), terms.begun.as_ref())?)
        }
        _ => None,
    };
    let spool: PathBuf = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new(".")).to_owned();
    let options = job.options.clone();
    let job_again = job.clone();
    let comparison = Comparison {
        job,
        query: &mut query,
        reference: reference.as_mut().map(|r| r as &mut dyn RowSource),
        backend,
        observer: &progress,
        spool,
        dense: dense.as_ref().map(|d| d as &dyn DenseStore),
        terms,
    };
    let outcome = pool.install(|| comparison.run());
    progress.clear();
    if outcome.is_err()
        && let Some(path) = &resources.trace
    {
        let _ = std::fs::remove_file(path);
    }
    let Outcome { answer, inputs, devices, tile, strategy, warnings, effort, mut writing } = outcome?;
    let lasts = writing.as_mut().map(|writing| Lasting { writing, observer: &progress });
    let record = Record {
        tool: "striae".into(),
        version: version.into(),
        commit: crate::built::commit(),
        options,
        inputs,
        devices,
        tile,
        strategy: Some(strategy),
        threads,
        started,
        effort,
        warnings,
        result_blake3: String::new(),
        matched_blake3: None,
        beside_blake3: None,
        shard: lasting.shard,
        merged: None,
        tolerance: None,
    };
    let explainer = Explainer::new(&job_again, &mut query, reference.as_mut().map(|r| r as &mut dyn RowSource));
    let stored = pool.install(|| store(target, record, answer, dense, (explainer, lasts)));
    let stored = stored.map_err(|error| durable::not_stored(error, journal.as_ref()))?;
    drop(writing);
    durable::done(journal.as_ref(), &progress);
    if let (Some(path), Some(trace)) = (&resources.trace, progress.trace()) {
        // The result is stored: what happens to the trace is only a note.
        match trace.write(path) {
            Ok(0) => {}
            Ok(left_out) => progress.warn(&format!("{}: the last {left_out} spans of the run are not in it", path.display())),
            Err(why) => progress.warn(&format!("{why:#}")),
        }
    }
    Ok(stored)
}

/// Refuses files that are two things at once, and archives of which two items have one id.
fn refuse_files(
    query: &mut Opened,
    mut reference: Option<&mut Opened>,
    output: &Path,
    trace: Option<&Path>,
) -> anyhow::Result<()> {
    let inputs: Vec<PathBuf> =
        std::iter::once(&*query).chain(reference.as_deref()).map(|input| input.address().file.clone()).collect();
    if inputs.iter().any(|input| same_file(input, output)) {
        return Err(Refused::usage(format!("{}: this is also an input; name another output", output.display())));
    }
    query.collection().check_ids()?;
    if let Some(reference) = &mut reference {
        reference.collection().check_ids()?;
    }
    if let Some(path) = trace {
        // Hours before it would be found out.
        if inputs.iter().map(PathBuf::as_path).chain([output]).any(|taken| path == taken || same_file(path, taken)) {
            let text = format!("--trace {}: this is also an input or the output; name another file", path.display());
            return Err(Refused::usage(text));
        }
        std::fs::File::create(path).with_context(|| format!("cannot write the trace {}", path.display()))?;
    }
    Ok(())
}

/// Where all scores go: what an interrupted run left, or a new file.
fn dense_file(target: &Target, metric: &str, size: (usize, usize), begun: Option<&Begun>) -> anyhow::Result<DenseFile> {
    let version = env!("CARGO_PKG_VERSION");
    Ok(match durable::unfinished(begun) {
        Some(unfinished) => DenseFile::resume(target.clone(), metric, version, size, &unfinished)?,
        None => DenseFile::create(target.clone(), metric, version, size.0, size.1)?,
    })
}

/// Writes what was found.
fn store(
    target: &Target,
    mut record: Record,
    answer: Answer,
    dense: Option<DenseFile>,
    (explainer, lasts): (Option<Explainer<'_>>, Option<Lasting<'_>>),
) -> anyhow::Result<Stored> {
    let (mut kept, mut links_found) = (Vec::new(), None);
    match answer {
        Answer::TopK { k, neighbors, scores } if record.shard.is_some() => {
            shard::write_ranking(target, &mut record, k, &neighbors, &scores, None)?;
        }
        Answer::Links(links) if record.shard.is_some() => {
            links_found = Some(links.count);
            shard::write_links(target, &mut record, links)?;
        }
        Answer::TopK { k, neighbors, scores } => {
            write_ranking(target, &mut record, k, &neighbors, &scores, explainer, lasts)?;
            kept = neighbors;
        }
        Answer::Links(links) => {
            links_found = Some(links.count);
            write_links(target, &mut record, links, explainer, lasts)?;
        }
        Answer::Dense { tolerance } => {
            if let Some(dense) = dense {
                dense.finish(&mut record, tolerance)?;
            }
        }
    }
    Ok(Stored { record, neighbors: kept, links: links_found, before: false })
}

pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let mode = match (options.mode.top_k, options.mode.threshold) {
        (Some(k), _) => Mode::TopK(k),
        (None, Some(threshold)) => Mode::Threshold(threshold),
        (None, None) => Mode::Dense,
    };
    let mut job = JobOptions {
        metric: options.metric.clone(),
        settings: metric::Settings::default(),
        mode,
        exclude: match options.exclude {
            ExcludeChoice::None => Exclude::None,
            ExcludeChoice::Exhibit => Exclude::Exhibit,
            ExcludeChoice::Mark => Exclude::Mark,
        },
        invalid: match options.invalid {
            InvalidChoice::Refuse => Invalid::Refuse,
            InvalidChoice::Skip => Invalid::Skip,
        },
        memory: options.resources.memory,
        tile: options.resources.tile,
        screening: options.resources.screen,
        prepare: None,
    };
    let target = Target { address: Address::parse(&options.output), overwrite: options.overwrite };
    if let Some(metric) = PeakMetric::by_name(&options.metric) {
        let resources = &options.resources;
        for (given, option) in [
            (resources.screen != Screening::Auto, "--screen"),
            (resources.explain, "--explain"),
            (resources.trace.is_some(), "--trace"),
            (options.prepare.is_some(), "--prepare"),
        ] {
            if given {
                let text = format!("{option} is for metrics of rows; {} goes through an index on m/z", options.metric);
                return Err(Refused::usage(text));
            }
        }
        job.settings.peaks = Some(options.settings.of_peaks(metric)?);
        let inputs = (options.query.as_str(), options.reference.as_deref());
        return super::peaks::compare(job, inputs, &target, (&options.resources, &options.lasting), voice);
    }
    let inputs = std::iter::once(&options.query).chain(&options.reference).map(|text| Address::parse(text));
    // That an input would be replaced is said later, in other words.
    if !inputs.into_iter().any(|input| same_file(&input.file, &target.address.file)) {
        refuse_archive(&target)?;
    }
    // Options are checked before files are opened.
    Job::new(job.clone())?;
    let recipe = options.prepare.as_deref().map(Recipe::parse).transpose().map_err(|e| Refused::usage(e.to_string()))?;
    let (mut query, mut reference) = opened::open(&options.query, options.reference.as_deref())?;
    if let Some(reference) = &mut reference {
        alike::check(&mut query, reference, options.metric == "ccf")?;
    }
    if recipe.is_none() {
        opened::fit(&mut query, reference.as_mut(), &options.metric, job.exclude)?;
    } else {
        std::iter::once(&mut query).chain(&mut reference).try_for_each(|side| opened::leave_out(side, job.exclude))?;
    }
    if !voice.quiet && !voice.json {
        for side in std::iter::once(&query).chain(&reference) {
            if let Some(by) = side.attribute("compare_by").filter(|by| *by != options.metric) {
                eprintln!("striae: note: the rows of {} are made for --metric {by}", side.name());
            }
        }
    }
    let (mut query, reference) = match &recipe {
        None => (query.into(), reference.map(Into::into)),
        Some(recipe) => {
            // Learning is a pass over an archive: what can be refused is refused before it.
            if !options.lasting.resume {
                check_target(&target.address.file, target.overwrite)?;
            }
            let progress = Progress::new(voice.quiet || voice.json);
            let lenient = job.invalid == Invalid::Skip;
            let (query, reference, preparation) = opened::prepared(recipe, query, reference, lenient, &progress)?;
            job.prepare = Some(preparation);
            (query, reference)
        }
    };
    job.settings = options.settings.resolve(&options.metric, &mut query)?;
    let mut reference: Option<Opened> = reference;
    if options.metric == "logpolar"
        && let Some(reference) = &mut reference
        && let (Some(ours), Some(theirs)) = (job.settings.angles, super::settings::said_angles(reference)?)
        && ours != theirs
    {
        let text = format!(
            "{} has rings of {theirs} angles, {} of {ours}: they are no images of one kind",
            reference.name(),
            query.name()
        );
        return Err(Refused::input(text));
    }
    Job::new(job.clone())?;
    let stored = compare_and_store(job, query, reference, &target, (&options.resources, &options.lasting), voice)?;
    report(&stored, &target, voice, options.resources.explain)
}

/// Refuses an output that is an input too.
pub fn refuse_inputs<'a>(output: &Path, inputs: impl IntoIterator<Item = &'a str>) -> anyhow::Result<()> {
    match inputs.into_iter().find(|input| same_file(&Address::parse(input).file, output)) {
        Some(input) => {
            Err(Refused::usage(format!("-o {}: this is also an input ({input}); name another file", output.display())))
        }
        None => Ok(()),
    }
}

/// A result is a file of its own: replacing an archive by one would lose the archive.
pub fn refuse_archive(target: &Target) -> anyhow::Result<()> {
    let file = &target.address.file;
    if !file.exists() {
        return Ok(());
    }
    // What is no HDF5 file is seen later.
    let Ok(nodes) = Client::open(file, &collection::reading()?).and_then(|mut client| client.tree()) else { return Ok(()) };
    match nodes.iter().find(|n| n.dataset.is_some() && (n.path.ends_with("/values") || n.path.ends_with("/indptr"))) {
        Some(found) => Err(Refused::usage(format!(
            "{} is an archive (it holds {}), and a result would replace the whole file: give -o another name",
            file.display(),
            found.path.rsplit_once('/').map_or("", |(group, _)| group)
        ))),
        None => refuse_results(target, &nodes),
    }
}

/// A result replaces the whole file: others in it would be gone.
fn refuse_results(target: &Target, nodes: &[Node]) -> anyhow::Result<()> {
    let own = target.address.inner.as_deref().unwrap_or("/");
    match nodes.iter().find(|n| n.path != own && n.attributes.contains_key("striae_kind")) {
        Some(found) => Err(Refused::usage(format!(
            "{} holds another result ({}), and this one would replace the whole file: give -o another name",
            target.address.file.display(),
            found.path
        ))),
        None => Ok(()),
    }
}

fn time(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.1} ms", 1e3 * seconds) } else { format!("{seconds:.2} s") }
}

/// An input and its size.
pub fn size(input: &crate::compare::Input) -> String {
    match input.peaks {
        Some(peaks) => format!("{} ({} spectra, {peaks} peaks)", input.name, input.rows),
        None => format!("{} ({} × {})", input.name, input.rows, input.width),
    }
}

/// A share of pairs, as people read it.
fn percent(share: f64) -> String {
    match 100.0 * share {
        0.0 => "none".into(),
        p if p < 0.001 => format!("{p:.1e} %"),
        p if p < 1.0 => format!("{p:.3} %"),
        p => format!("{p:.1} %"),
    }
}

/// How a bound is called in a sentence.
fn way(bound: &str, width: usize) -> String {
    match bound {
        "head" => format!("head of {width} coordinates"),
        "bytes" => format!("all {width} numbers as bytes"),
        "half" => format!("all {width} numbers as f16"),
        _ => format!("all {width} numbers"),
    }
}

/// The plan of `--explain`: what was tried, what was taken, what came of it.
fn explain(strategy: &Strategy, effort: &crate::compare::Effort) {
    println!("plan      {}: {}", way(&strategy.bound, strategy.width), strategy.why);
    if !strategy.tried.is_empty() {
        println!("          {:<30} {:>9} {:>10} {:>12}", "tried on the sample", "ns a pair", "pass", "run, guessed");
        for tried in &strategy.tried {
            let taken = tried.bound == strategy.bound && tried.width == strategy.width;
            println!(
                "        {} {:<30} {:>9.3} {:>10} {:>12}",
                if taken { "*" } else { " " },
                way(&tried.bound, tried.width),
                tried.nanoseconds,
                percent(tried.share),
                time(tried.seconds)
            );
        }
    }
    let expected = strategy.expected_share.map_or_else(|| "not tried".to_owned(), percent);
    println!(
        "          passed the bound: expected {expected} once rankings have settled, found {} over the whole run",
        percent(strategy.share)
    );
    let refined = effort.refined as f64 / effort.pairs.max(1) as f64;
    println!("          scored exactly {}; choosing took {}", percent(refined), time(strategy.seconds));
}

/// Says what was done.
pub fn report(stored: &Stored, target: &Target, voice: Voice, explained: bool) -> anyhow::Result<()> {
    let record = &stored.record;
    if voice.json {
        let mut all = serde_json::to_value(record)?;
        all["output"] = target.address.to_string().into();
        all["before"] = stored.before.into();
        if let Some(links) = stored.links {
            all["links"] = links.into();
        }
        println!("{all}");
        return Ok(());
    }
    if voice.quiet {
        return Ok(());
    }
    if stored.before {
        println!("complete  {}: it was made at {} of the same inputs and options", target.address, record.started);
        println!("digest    {}", record.result_blake3);
        return Ok(());
    }
    let sides: Vec<String> = record.inputs.iter().map(size).collect();
    let effort = &record.effort;
    let seconds = effort.survey_seconds + effort.compare_seconds;
    let explained_in = if effort.explain_seconds >= 0.1 {
        format!("; what stands beside them {}", time(effort.explain_seconds))
    } else {
        String::new()
    };
    println!("compared  {}", sides.join(" with "));
    if let Some(preparation) = &record.options.prepare {
        println!("prepared  {}", preparation.recipe);
    }
    let devices: Vec<_> = record.devices.iter().map(|d| format!("{} ({})", d.name, d.driver)).collect();
    println!("on        {}, {} threads", devices.join(", then "), record.threads);
    let exact = if record.inputs[0].peaks.is_some() {
        "all scores exact in f64".to_owned()
    } else {
        let share = 100.0 * effort.refined as f64 / effort.pairs.max(1) as f64;
        format!("{} scored exactly in f64 ({share:.3} %)", effort.refined)
    };
    println!(
        "took      {} for {}pairs: {}pairs/s; {exact}{explained_in}",
        time(seconds),
        short(effort.pairs as f64),
        short(effort.pairs as f64 / seconds.max(1e-9)),
    );
    if let Some(strategy) = &record.strategy {
        if explained {
            explain(strategy, effort);
        } else {
            println!("screened  by {}: {} of pairs passed", way(&strategy.bound, strategy.width), percent(strategy.share));
        }
    }
    for warning in &record.warnings {
        println!("note      {warning}");
    }
    if let Some(shard) = record.shard {
        println!("shard     {shard}: striae merge makes one result of all {}", shard.count);
    }
    match (record.options.mode, stored.links) {
        _ if record.shard.is_some() => {}
        (Mode::TopK(k), _) => {
            println!("result    the best {k} of each of {} queries by {}", record.inputs[0].rows, record.options.metric);
        }
        (_, Some(links)) => println!("result    {links} pairs by {}", record.options.metric),
        _ => println!("result    all scores by {}, within {:e}", record.options.metric, record.tolerance.unwrap_or(f64::NAN)),
    }
    println!("stored    {}", target.address);
    println!("digest    {}", record.result_blake3);
    Ok(())
}
