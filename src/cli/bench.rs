//! `striae bench`: preparations × metrics × populations on labelled data, one ranked table.
//!
//! A study is a TOML file. Each cell of its grid is a comparison (`striae compare --dense`) and an evaluation of it; what is done is kept in the study's folder under a
//! name that is a digest of all that it depends on, so that a study that was stopped goes on where it was, and one that was changed computes only what is new.

use super::evaluate::{Evaluated, evaluate};
use super::progress::Progress;
use super::scored::{self, Level};
use super::{Refused, Voice, compare, evaluate as evaluation};
use crate::compare::digest::ValuesDigest;
use crate::compare::pieces::pieces;
use crate::compare::{Error, RowSource as _};
use anyhow::Context as _;
use clap::Parser;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Compares preparations, metrics and populations on labelled data, in one ranked table
///
/// A study names a labelled collection and a grid: every preparation with every metric, evaluated over every population of pairs. The table is ranked by --by, with intervals by
/// resampling sources. What is done is kept in the folder: a study that was stopped goes on where it was.
#[derive(Debug, clap::Args)]
#[command(after_help = "A study:
  collection = 'archive.h5:/toolmarks'
  truth = 'source'                  # column of equal entries for one source
  resamples = 1000                  # of the sources, for intervals; seed = 1
  folds = 5                         # parts of the sources that Cllr is cross-validated over
  deals = 5                         # deals of the sources to them: the median is shown, and the least and greatest

  [[prepare]]                       # none: as it is
  name = 'raw'
  [[prepare]]
  name = 'snv'
  recipe = 'snv'

  [[metric]]
  name = 'ccf'
  args = ['--min-overlap', '0.5']   # as after striae compare --metric ccf
  [[metric]]
  name = 'pearson'

  [[population]]                    # none: all pairs
  name = 'other mark, same line'
  exclude = ['mark']
  within = ['line']

Examples:
  striae bench study.toml -o study
  striae bench study.toml -o study --by EER --csv study.csv")]
pub struct Options {
    /// The study
    study: PathBuf,
    /// Folder for what is done
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    /// Figure that the table is ranked by: AUC, EER, Cllr, Cllr_min, rank 1, mAP, seconds
    #[arg(long, default_value = "AUC")]
    by: String,
    /// The table as a file
    #[arg(long, value_name = "FILE.csv")]
    csv: Option<PathBuf>,
    /// Most memory to use
    #[arg(long, default_value = "2GiB", value_name = "SIZE", value_parser = super::memory::parse)]
    memory: u64,
    /// Threads; all cores unless given
    #[arg(long, short = 'j', value_name = "N")]
    threads: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Study {
    collection: String,
    #[serde(default = "source")]
    truth: String,
    #[serde(default = "thousand")]
    resamples: u32,
    #[serde(default = "one")]
    seed: u64,
    #[serde(default = "five")]
    folds: usize,
    #[serde(default = "five_deals")]
    deals: u64,
    #[serde(default)]
    prepare: Vec<Preparation>,
    metric: Vec<Metric>,
    #[serde(default)]
    population: Vec<Population>,
}

fn source() -> String {
    "source".into()
}

const fn thousand() -> u32 {
    1000
}

const fn one() -> u64 {
    1
}

const fn five_deals() -> u64 {
    5
}

const fn five() -> usize {
    5
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Preparation {
    name: String,
    #[serde(default)]
    recipe: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metric {
    name: String,
    /// In the table, where one metric stands in it twice.
    #[serde(default)]
    label: String,
    #[serde(default)]
    args: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Population {
    name: String,
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(default)]
    within: Vec<String>,
    #[serde(default)]
    exhibits: bool,
}

/// A figure with its interval.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Figure {
    name: String,
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
}

/// What a cell came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Cell {
    preparation: String,
    metric: String,
    population: String,
    same: usize,
    different: usize,
    sources: usize,
    figures: Vec<Figure>,
    /// Pairs compared a second.
    pairs_per_second: f64,
    notes: Vec<String>,
}

impl Cell {
    fn get(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|f| f.name == name)
    }
}

#[derive(Debug, Parser)]
struct Comparing {
    #[command(flatten)]
    options: compare::Options,
}

#[derive(Debug, Parser)]
struct Evaluating {
    #[command(flatten)]
    options: evaluation::Options,
}

/// How long a comparison took, beside its scores.
#[derive(Serialize, Deserialize)]
struct Took {
    pairs_per_second: f64,
}

fn key(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(concat!("striae bench 1 ", env!("CARGO_PKG_VERSION"), "\0").as_bytes());
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

fn read(path: &Path) -> anyhow::Result<Study> {
    let refuse = |text: String| Refused::input(format!("{}: {text}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| refuse(format!("cannot be read: {e}")))?;
    let mut study: Study = toml::from_str(&text).map_err(|e| refuse(e.to_string()))?;
    if study.metric.is_empty() {
        return Err(refuse("it names no metric; give one [[metric]] or more".into()));
    }
    if study.prepare.is_empty() {
        study.prepare.push(Preparation { name: "raw".into(), recipe: String::new() });
    }
    if study.population.is_empty() {
        study.population.push(Population { name: "all pairs".into(), exclude: Vec::new(), within: Vec::new(), exhibits: false });
    }
    for metric in &mut study.metric {
        if metric.label.is_empty() {
            metric.label = std::iter::once(metric.name.clone()).chain(metric.args.iter().cloned()).collect::<Vec<_>>().join(" ");
        }
    }
    Ok(study)
}

/// The digest of what is compared, labels and all.
fn digest(study: &Study, progress: &Progress) -> anyhow::Result<String> {
    let mut source = super::collection::open(&study.collection)?;
    let (rows, width) = (source.rows(), source.width());
    let mut values = ValuesDigest::new(rows, width, source.element());
    pieces(&mut source, ((4 << 20) / (width * 8).max(1)).max(1), progress, |_, read| {
        values.add(&read);
        Ok::<_, Error>(read)
    })?;
    let mut parts = vec![values.finish()];
    // Every column may decide which pairs count; axis and attributes, what settings mean.
    let others: Vec<String> = source.others().iter().map(|(name, _)| name.clone()).collect();
    for column in ["exhibit", "source"].into_iter().map(str::to_owned).chain(others) {
        if let Ok(texts) = source.texts_of(&column) {
            parts.push(format!("{column} {}", crate::archive::model::texts_digest(&texts)));
        }
    }
    if let Some((axis, unit)) = source.axis()? {
        parts.push(format!("{axis:?} {unit:?}"));
    }
    parts.push(format!("{:?} {:?}", source.attribute("angles"), source.attribute("descriptor")));
    // Files that metrics are told of: their contents count, not their names.
    for arg in study.metric.iter().flat_map(|m| &m.args) {
        if let Ok(bytes) = std::fs::read(crate::archive::Address::parse(arg).file) {
            parts.push(blake3::hash(&bytes).to_hex().to_string());
        }
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    Ok(key(&parts))
}

/// A file under its name only when it is whole.
fn keep(path: &Path, text: &str) -> anyhow::Result<()> {
    let part = path.with_extension("part");
    std::fs::write(&part, text)
        .and_then(|()| std::fs::rename(&part, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn scores(
    options: &Options,
    study: &Study,
    prepare: &Preparation,
    metric: &Metric,
    file: &Path,
    progress: &Progress,
) -> anyhow::Result<Took> {
    let took = file.with_extension("took");
    if file.exists()
        && let Ok(text) = std::fs::read_to_string(&took)
        && let Ok(known) = serde_json::from_str(&text)
    {
        return Ok(known);
    }
    let (output, memory) = (file.to_string_lossy().into_owned(), options.memory.to_string());
    let mut args = vec!["compare".to_owned(), study.collection.clone(), "--metric".into(), metric.name.clone(), "--dense".into()];
    args.extend(["-o".into(), output, "--overwrite".into(), "--memory".into(), memory]);
    if let Some(threads) = options.threads {
        args.extend(["--threads".into(), threads.to_string()]);
    }
    if !prepare.recipe.is_empty() {
        args.extend(["--prepare".into(), prepare.recipe.clone()]);
    }
    args.extend(metric.args.iter().cloned());
    let parsed = Comparing::try_parse_from(&args)
        .map_err(|e| Refused::usage(format!("{}: metric {}: {e}", options.study.display(), metric.label)))?;
    let clock = Instant::now();
    compare::run(&parsed.options, Voice { json: false, quiet: true })
        .with_context(|| format!("{} with {}", metric.label, prepare.name))?;
    let rows = super::collection::open(&study.collection)?.rows() as f64;
    let found = Took { pairs_per_second: rows * (rows - 1.0) / 2.0 / clock.elapsed().as_secs_f64().max(1e-9) };
    keep(&took, &serde_json::to_string(&found)?)?;
    progress.clear();
    Ok(found)
}

fn cell(
    study: &Study,
    names: (&Preparation, &Metric, &Population),
    file: &Path,
    took: &Took,
    memory: u64,
) -> anyhow::Result<Cell> {
    let (prepare, metric, population) = names;
    let mut evaluating = Evaluating::try_parse_from(["evaluate", &file.to_string_lossy()])?.options;
    evaluating.resamples = study.resamples;
    evaluating.seed = study.seed;
    evaluating.labelled = scored::Options {
        truth: study.truth.clone(),
        exclude: population.exclude.clone(),
        within: population.within.clone(),
        memory,
        level: if population.exhibits { Level::Exhibit } else { Level::Item },
        ..evaluating.labelled
    };
    let labelled = scored::read(&file.to_string_lossy(), &evaluating.labelled)?;
    let Evaluated { figures, mut notes, .. } = evaluate(&labelled, &evaluating)?;
    let (same, different) = labelled.counts();
    let mut figures: Vec<Figure> = figures
        .into_iter()
        .map(|f| Figure { name: f.name, value: f.value, low: f.interval.map(|i| i.low), high: f.interval.map(|i| i.high) })
        .collect();
    let deals: anyhow::Result<Vec<f64>> = (0..study.deals.max(1))
        .map(|deal| super::calibrate::cllr_of(&labelled, study.folds, study.seed.wrapping_add(deal)))
        .collect();
    match deals {
        Ok(mut all) => {
            let (low, high) = super::calibrate::ends(&all);
            all.sort_by(f64::total_cmp);
            let (low, high) = if all.len() > 1 { (Some(low), Some(high)) } else { (None, None) };
            figures.push(Figure { name: "Cllr".into(), value: all[all.len() / 2], low, high });
        }
        Err(e) => notes.push(format!("no Cllr: {e:#}")),
    }
    Ok(Cell {
        preparation: prepare.name.clone(),
        metric: metric.label.clone(),
        population: population.name.clone(),
        same,
        different,
        sources: labelled.sources.len(),
        figures,
        pairs_per_second: took.pairs_per_second,
        notes,
    })
}

/// Columns of the table, and whether larger is better.
const COLUMNS: [(&str, bool); 6] =
    [("AUC", true), ("EER", false), ("Cllr", false), ("Cllr_min", false), ("rank 1", true), ("mAP", true)];

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let study = read(&options.study)?;
    let larger = match COLUMNS.iter().find(|(name, _)| *name == options.by) {
        Some((_, larger)) => *larger,
        None if options.by == "seconds" => true,
        None => {
            return Err(Refused::usage(format!("--by {}: give AUC, EER, Cllr, Cllr_min, rank 1, mAP or seconds", options.by)));
        }
    };
    std::fs::create_dir_all(&options.output)
        .with_context(|| format!("-o: cannot make the folder {}", options.output.display()))?;
    let progress = Progress::new(true);
    let data = digest(&study, &progress)?;
    let mut cells: Vec<Cell> = Vec::new();
    let (mut done, mut known) = (0, 0);
    let all = study.prepare.len() * study.metric.len() * study.population.len();
    for prepare in &study.prepare {
        for metric in &study.metric {
            let args = metric.args.join("\u{1f}");
            let scores_key = key(&[&data, &prepare.recipe, &metric.name, &args]);
            let file = options.output.join(format!("{scores_key}.h5"));
            for population in &study.population {
                let asked =
                    serde_json::to_string(&(population, &study.truth, study.resamples, study.seed, study.folds, study.deals))?;
                let path = options.output.join(format!("{}.json", key(&[&scores_key, &asked])));
                let stored = std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Cell>(&text).ok());
                done += 1;
                if let Some(stored) = stored {
                    known += 1;
                    // Names may have changed; what they stand for has not.
                    cells.push(Cell {
                        preparation: prepare.name.clone(),
                        metric: metric.label.clone(),
                        population: population.name.clone(),
                        ..stored
                    });
                    continue;
                }
                if !voice.quiet && !voice.json {
                    eprintln!("striae: {done} of {all}: {} with {}, {}", metric.label, prepare.name, population.name);
                }
                let took = scores(options, &study, prepare, metric, &file, &progress)?;
                let found = cell(&study, (prepare, metric, population), &file, &took, options.memory)?;
                keep(&path, &serde_json::to_string_pretty(&found)?)?;
                cells.push(found);
            }
            // Scores are large and figures are not: what is evaluated goes.
            let _ = std::fs::remove_file(&file);
        }
    }
    let value = |c: &Cell| match options.by.as_str() {
        "seconds" => c.pairs_per_second,
        by => c.get(by).map_or(f64::NAN, |f| f.value),
    };
    cells.sort_by(|a, b| {
        let (x, y) = (value(a), value(b));
        let order = if larger { y.total_cmp(&x) } else { x.total_cmp(&y) };
        x.is_nan().cmp(&y.is_nan()).then(order)
    });
    if let Some(path) = &options.csv {
        csv_table(&cells, path)?;
    }
    if voice.json {
        println!(
            "{}",
            serde_json::json!({ "study": options.study, "by": options.by, "cells": cells, "computed": all - known, "known": known })
        );
        return Ok(());
    }
    if voice.quiet {
        return Ok(());
    }
    println!("study     {}: {all} cells, {known} of them known already; same source: equal {}", study.collection, study.truth);
    text_table(&cells, &study);
    let mut notes: Vec<&String> = cells.iter().flat_map(|c| &c.notes).collect();
    notes.sort_unstable();
    notes.dedup();
    for note in notes {
        println!("note      {note}");
    }
    Ok(())
}

fn text_table(cells: &[Cell], study: &Study) {
    let widest = |f: &dyn Fn(&Cell) -> usize, least: usize| cells.iter().map(f).max().unwrap_or(0).max(least);
    let (p, m) = (widest(&|c| c.preparation.chars().count(), 8), widest(&|c| c.metric.chars().count(), 6));
    let o = widest(&|c| c.population.chars().count(), 10);
    print!("{:>3}  {:<p$}  {:<m$}  {:<o$}", "", "prepared", "metric", "population");
    for (name, _) in COLUMNS {
        print!("  {name:>24}");
    }
    println!("  {:>10}", "pairs/s");
    for (n, c) in cells.iter().enumerate() {
        print!("{:>3}  {:<p$}  {:<m$}  {:<o$}", n + 1, c.preparation, c.metric, c.population);
        for (name, _) in COLUMNS {
            let text = c.get(name).map_or("–".to_owned(), |f| match (f.low, f.high) {
                (Some(low), Some(high)) => format!("{:.4} ({low:.4}–{high:.4})", f.value),
                _ => format!("{:.4}", f.value),
            });
            print!("  {text:>24}");
        }
        println!("  {:>10}", super::progress::short(c.pairs_per_second).trim());
    }
    if study.resamples > 0 {
        println!(
            "     in brackets: 95 % intervals by {} resamples of the sources; of Cllr, the least and greatest of {} deals",
            study.resamples, study.deals
        );
    }
}

fn csv_table(cells: &[Cell], path: &Path) -> anyhow::Result<()> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut head =
        vec!["preparation".to_owned(), "metric".into(), "population".into(), "same".into(), "different".into(), "sources".into()];
    for (name, _) in COLUMNS {
        head.extend([name.to_owned(), format!("{name} low"), format!("{name} high")]);
    }
    head.push("pairs_per_second".into());
    out.write_record(&head)?;
    let number = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
    for c in cells {
        let mut row = vec![c.preparation.clone(), c.metric.clone(), c.population.clone()];
        row.extend([c.same, c.different, c.sources].map(|n| n.to_string()));
        for (name, _) in COLUMNS {
            let f = c.get(name);
            row.extend([number(f.map(|f| f.value)), number(f.and_then(|f| f.low)), number(f.and_then(|f| f.high))]);
        }
        row.push(c.pairs_per_second.to_string());
        out.write_record(&row)?;
    }
    let bytes = out.into_inner().context("--csv: the table cannot be written")?;
    std::fs::write(path, bytes).with_context(|| format!("--csv: cannot write {}", path.display()))
}
