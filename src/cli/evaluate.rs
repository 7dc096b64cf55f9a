//! `striae evaluate`: how well scores tell sources apart.

use super::scored::{self, Labelled};
use super::{Refused, Voice, evidence_plots};
use crate::archive::linkage::Linkage;
use crate::archive::{Address, Client};
use crate::evaluate::lr::{Scores, cllr_min};
use crate::evaluate::{Bootstrap, Interval, Pair, Rankings, Roc, Scored, Unlisted};
use std::path::PathBuf;

/// False rates that true rates are given at.
pub const FALSE_RATES: [f64; 3] = [0.1, 0.01, 0.001];
/// Points of a curve that is drawn.
const POINTS: usize = 2_000;

/// Says how well scores tell sources apart: ROC, error rates, rankings, with intervals
///
/// Of a result with all scores (striae compare --dense), or a table: ROC with AUC, equal error rate, true rates at fixed false rates, Cllr_min. Of a result that lists pairs beyond a
/// threshold the same as far as they follow, AUC as an interval. Of rankings and results with all scores: rank-k identification and mean average precision. Intervals are by resampling
/// sources, since pairs that share one say the same twice. Of a linkage: how many links are false, and how many true series were found.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae compare marks.h5:/toolmarks --metric ccf --dense -o scores.h5
  striae evaluate scores.h5 --truth source --exclude mark
  striae evaluate scores.h5 --truth source --exclude mark --within roi --plot pictures
  striae evaluate links.h5 --truth press
  striae evaluate scores.csv --score accf --same hypothesis --sources weapon1,weapon2")]
pub struct Options {
    /// A result of striae compare, a table (.csv), or a linkage of striae link
    result: String,
    #[command(flatten)]
    pub labelled: scored::Options,
    /// Ranks of the identification rate
    #[arg(long, value_delimiter = ',', default_value = "1,5,10", value_name = "RANKS")]
    pub ranks: Vec<u32>,
    /// Resamples of the sources for intervals; 0 for none
    #[arg(long, default_value_t = 1000)]
    pub resamples: u32,
    /// Probability that intervals have
    #[arg(long, default_value_t = 0.95)]
    pub level_of_intervals: f64,
    /// Seed of the resamples
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder for pictures: ROC, DET, identification by rank, histogram of scores
    #[arg(long, value_name = "FOLDER")]
    plot: Option<PathBuf>,
}

/// One figure, with its interval where one could be made.
#[derive(Clone, Debug)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    /// What is known of it where the list is cut off: at least, at most.
    pub at_most: Option<f64>,
    pub interval: Option<Interval>,
}

/// All that was found.
pub struct Evaluated {
    pub figures: Vec<Figure>,
    pub notes: Vec<String>,
    /// For drawing: (false rate, true rate); identification by rank.
    pub roc: Vec<(f64, f64)>,
    pub by_rank: Vec<f64>,
}

impl Evaluated {
    pub fn get(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|f| f.name == name)
    }
}

fn rankings(labelled: &Labelled, sources: u32) -> anyhow::Result<Option<Rankings>> {
    let Some(ranks) = &labelled.ranks else { return Ok(None) };
    let mut all = Rankings::new(sources);
    for r in ranks.iter().filter(|r| r.source < sources) {
        all.push(r.source, u64::from(r.relevant), &r.places, r.listed)?;
    }
    Ok((all.queries() > 0).then_some(all))
}

/// Evaluates labelled scores.
pub fn evaluate(labelled: &Labelled, options: &Options) -> anyhow::Result<Evaluated> {
    let mut notes = labelled.notes.clone();
    let sources = labelled.sources.len().max(2) as u32;
    let bootstrap = (options.resamples > 0 && labelled.has_sources())
        .then(|| Bootstrap::new(options.resamples, options.level_of_intervals, options.seed))
        .transpose()?;
    if options.resamples > 0 && !labelled.has_sources() {
        notes.push("the table names no sources (--sources): no intervals".into());
    }
    let mut found = Evaluated { figures: Vec::new(), notes: Vec::new(), roc: Vec::new(), by_rank: Vec::new() };
    if labelled.k.is_none() {
        of_pairs(labelled, sources, bootstrap.as_ref(), &mut found, &mut notes)?;
    }
    if let Some(ranked) = rankings(labelled, sources)? {
        of_ranks(labelled, &ranked, sources, bootstrap.as_ref(), options, &mut found, &mut notes)?;
    } else if labelled.k.is_some() {
        return Err(Refused::input(format!(
            "{}: no item has a partner of its own source that may be found: nothing can be evaluated",
            labelled.input
        )));
    }
    found.notes = notes;
    Ok(found)
}

fn of_pairs(
    labelled: &Labelled,
    sources: u32,
    bootstrap: Option<&Bootstrap>,
    found: &mut Evaluated,
    notes: &mut Vec<String>,
) -> anyhow::Result<()> {
    let pairs: Vec<Pair> = labelled.pairs.clone();
    let scored = match labelled.unlisted {
        Some((same, different)) => Scored::thresholded(pairs, sources, Unlisted { same, different })?,
        None => Scored::new(pairs, sources)?,
    };
    let roc = Roc::new(&scored);
    let auc = roc.auc();
    let eer = roc.eer();
    let rates = roc.at_false_rates(&FALSE_RATES);
    let mut intervals = Vec::new();
    if let (Some(bootstrap), None) = (bootstrap, labelled.unlisted) {
        let made = bootstrap.intervals(sources, |weights: &[f64]| {
            let roc = Roc::weighted(&scored, weights).ok()?;
            let mut all = vec![roc.auc().low, roc.eer().map_or(f64::NAN, |e| e.rate)];
            all.extend(roc.at_false_rates(&FALSE_RATES).iter().map(|r| r.as_ref().map_or(f64::NAN, |r| r.true_rate)));
            Some(all)
        });
        match made {
            Ok(made) => {
                if made.redrawn > 0 {
                    notes.push(format!("{} resamples had no pairs of one kind and were drawn again", made.redrawn));
                }
                intervals = made.intervals;
            }
            Err(e) => notes.push(format!("no intervals: {e}")),
        }
    }
    let interval = |n: usize| intervals.get(n).copied();
    found.figures.push(Figure {
        name: "AUC".into(),
        value: auc.low,
        at_most: (auc.high > auc.low).then_some(auc.high),
        interval: interval(0),
    });
    if let Some(eer) = eer {
        found.figures.push(Figure { name: "EER".into(), value: eer.rate, at_most: None, interval: interval(1) });
    }
    for (n, (rate, at)) in FALSE_RATES.iter().zip(&rates).enumerate() {
        if let Some(at) = at {
            let name = format!("true rate at false rate {rate}");
            found.figures.push(Figure { name, value: at.true_rate, at_most: None, interval: interval(2 + n) });
        }
    }
    if labelled.unlisted.is_none() {
        let (same, different) = labelled.split();
        let scores = Scores::new(same, different)?;
        found.figures.push(Figure { name: "Cllr_min".into(), value: cllr_min(&scores), at_most: None, interval: None });
    }
    found.roc = roc.curve(POINTS).iter().map(|p| (p.false_rate, p.true_rate)).collect();
    Ok(())
}

fn of_ranks(
    labelled: &Labelled,
    ranked: &Rankings,
    sources: u32,
    bootstrap: Option<&Bootstrap>,
    options: &Options,
    found: &mut Evaluated,
    notes: &mut Vec<String>,
) -> anyhow::Result<()> {
    let depth = labelled.k.map(|k| k as u32);
    let asked: Vec<u32> = options.ranks.iter().copied().filter(|r| *r > 0 && depth.is_none_or(|k| *r <= k)).collect();
    let map = |weights: Option<&[f64]>| match depth {
        Some(k) => ranked.mean_average_precision_at(k, weights),
        None => ranked.mean_average_precision(weights),
    };
    let mut intervals = Vec::new();
    if let Some(bootstrap) = bootstrap {
        let made = bootstrap.intervals(sources, |weights: &[f64]| {
            let mut all = Vec::new();
            for &k in &asked {
                all.push(ranked.identification(k, Some(weights)).ok()?.low);
            }
            all.push(map(Some(weights)).ok()?.low);
            Some(all)
        });
        match made {
            Ok(made) => intervals = made.intervals,
            Err(e) => notes.push(format!("no intervals of ranks: {e}")),
        }
    }
    for (n, &k) in asked.iter().enumerate() {
        let value = ranked.identification(k, None)?;
        found.figures.push(Figure {
            name: format!("rank {k}"),
            value: value.low,
            at_most: (value.high > value.low).then_some(value.high),
            interval: intervals.get(n).copied(),
        });
    }
    let value = map(None)?;
    found.figures.push(Figure {
        name: depth.map_or_else(|| "mAP".to_owned(), |k| format!("mAP@{k}")),
        value: value.low,
        at_most: (value.high > value.low).then_some(value.high),
        interval: intervals.get(asked.len()).copied(),
    });
    if ranked.alone() > 0 {
        notes.push(format!("{} items have no partner of their source and are no queries of the rankings", ranked.alone()));
    }
    let deepest = depth.unwrap_or(50).min(50).min(ranked.longest().max(1));
    found.by_rank = ranked.curve(deepest, None)?;
    Ok(())
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    if !scored::is_table(&options.result) {
        let address = Address::parse(&options.result);
        let nodes = Client::open(&address.file, &super::collection::reading()?)?.tree()?;
        if Linkage::is_at(&address, &nodes) {
            for (given, option) in [
                (!options.labelled.exclude.is_empty(), "--exclude"),
                (!options.labelled.within.is_empty(), "--within"),
                (options.plot.is_some(), "--plot"),
            ] {
                if given {
                    return Err(Refused::usage(format!("{option} is for scores; a linkage is held against --truth as it is")));
                }
            }
            return super::linkage::evaluate(&address, &options.labelled.truth, &options.labelled.input, voice);
        }
    }
    if let Some(folder) = &options.plot {
        super::plots::folder(folder)?;
    }
    let labelled = scored::read(&options.result, &options.labelled)?;
    let found = evaluate(&labelled, options)?;
    if let Some(folder) = &options.plot {
        evidence_plots::discrimination(folder, &labelled, &found)?;
    }
    let (same, different) = labelled.counts();
    if voice.json {
        let figures: Vec<_> = found
            .figures
            .iter()
            .map(|f| {
                serde_json::json!({
                    "name": f.name, "value": f.value, "at_most": f.at_most,
                    "low": f.interval.map(|i| i.low), "high": f.interval.map(|i| i.high),
                })
            })
            .collect();
        println!(
            "{}",
            serde_json::json!({
                "input": labelled.input, "metric": labelled.metric, "recipe": serde_json::from_str::<serde_json::Value>(&labelled.recipe)?,
                "pairs": labelled.rule, "same": same, "different": different, "sources": labelled.sources.len(),
                "figures": figures, "resamples": options.resamples, "notes": found.notes, "result_blake3": labelled.blake3,
                "roc": found.roc, "identification": found.by_rank,
            })
        );
        return Ok(());
    }
    if voice.quiet {
        return Ok(());
    }
    println!("evaluated {} by {}", labelled.input, labelled.metric);
    let prepared = serde_json::from_str::<serde_json::Value>(&labelled.recipe)?;
    if let Some(recipe) = prepared.get("prepare").and_then(|p| p.as_str()) {
        println!("prepared  {recipe}");
    }
    println!("pairs     {}", labelled.rule);
    if labelled.k.is_none() {
        let sources = if labelled.has_sources() { format!(", {} sources", labelled.sources.len()) } else { String::new() };
        let unlisted = labelled.unlisted.map_or(String::new(), |(s, d)| format!(" listed; {s} and {d} are below the threshold"));
        println!("          {same} of the same source, {different} of different ones{unlisted}{sources}");
    }
    for figure in &found.figures {
        let more = figure.at_most.map_or(String::new(), |most| format!(" to {most:.4}"));
        let interval = figure
            .interval
            .map_or(String::new(), |i| format!("   {:.0} %: {:.4} … {:.4}", 100.0 * options.level_of_intervals, i.low, i.high));
        println!("{:<34}{:.4}{more}{interval}", figure.name, figure.value);
    }
    for note in &found.notes {
        println!("note      {note}");
    }
    if let Some(folder) = &options.plot {
        println!("drawn     {}", folder.display());
    }
    Ok(())
}
