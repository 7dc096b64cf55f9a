//! Labelled scores: the pairs of a result, or of a table of another program, with what is known of their sources. What `evaluate`, `calibrate` and `bench` begin with.
//!
//! Which pairs count is part of every figure made of them, so that it is said in words ([`Labelled::rule`]) and travels with the figure.

mod result;
mod table;

pub use result::changed;

use super::{Refused, collection};
use crate::archive::Address;
use crate::archive::result::StoredResult;
use crate::compare::Record;
use crate::evaluate::Pair;
use crate::metric::Closer;
use crate::metric::peaks::PeakMetric;
use anyhow::Context as _;
use std::collections::{BTreeMap, HashMap};

/// Which pairs count, and what is known of them.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Pairs and truth")]
pub struct Options {
    /// Column that says what made an item: items with equal entries are of the same source; items without an entry are left out
    #[arg(long, default_value = "source", value_name = "COLUMN")]
    pub truth: String,
    /// Leave out pairs that agree in this column, such as mark, exhibit or case; may be given several times
    #[arg(long, value_name = "COLUMN")]
    pub exclude: Vec<String>,
    /// Only pairs that agree in this column; may be given several times
    #[arg(long, value_name = "COLUMN")]
    pub within: Vec<String>,
    /// What a pair is of: two items, or two exhibits (the best score of any of their items)
    #[arg(long, value_enum, default_value = "item")]
    pub level: Level,
    /// Where the collections are now, if not where the record says: queries, then references
    #[arg(long, value_name = "FILE.h5:/path")]
    pub input: Vec<String>,
    /// Of a table (.csv): column of the scores
    #[arg(long, value_name = "COLUMN")]
    pub score: Option<String>,
    /// Of a table: column that is 1 (or true, same, H1) where both items are of the same source
    #[arg(long, value_name = "COLUMN")]
    pub same: Option<String>,
    /// Of a table: the two columns that name the sources of a pair, for intervals and cross-validation
    #[arg(long, value_name = "A,B", value_delimiter = ',', num_args = 1)]
    pub sources: Vec<String>,
    /// Of a table: column of how many a count is out of (beta-binomial)
    #[arg(long, value_name = "COLUMN")]
    pub out_of: Option<String>,
    /// Of a table: the scores are distances
    #[arg(long)]
    pub smaller_is_closer: bool,
    /// Bytes that pairs may take in memory
    #[arg(long, default_value = "4GiB", value_parser = super::memory::parse, value_name = "SIZE")]
    pub memory: u64,
}

impl Options {
    /// What of it decides which pairs count and what is known of them, for a record.
    pub fn said(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("truth", self.truth.clone()),
            ("exclude", self.exclude.join(",")),
            ("within", self.within.join(",")),
            ("level", if self.level == Level::Exhibit { "exhibit" } else { "item" }.into()),
        ];
        let of_tables = [("score", self.score.as_ref()), ("same", self.same.as_ref()), ("out_of", self.out_of.as_ref())];
        all.extend(of_tables.into_iter().filter_map(|(name, column)| Some((name, column?.clone()))));
        all.push(("sources", self.sources.join(",")));
        all.push(("smaller_is_closer", if self.smaller_is_closer { "yes" } else { "" }.into()));
        all.retain(|(_, text)| !text.is_empty());
        all
    }
}

/// What a pair is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    Item,
    Exhibit,
}

/// What a query found.
#[derive(Clone, Debug)]
pub struct Ranks {
    /// Number of its source.
    pub source: u32,
    /// Partners of its source that there are.
    pub relevant: u32,
    /// Where those of its list stand, from 1 on, rising.
    pub places: Vec<u32>,
    /// Partners that its list has.
    pub listed: u32,
}

/// Scores with truth.
#[derive(Debug)]
pub struct Labelled {
    /// What was compared.
    pub input: String,
    pub metric: String,
    /// All that the scores depend on: the metric's settings and preparation, as JSON. Models say it, and are not used on others.
    pub recipe: String,
    pub closer: Closer,
    /// Larger is closer: distances are negated.
    pub pairs: Vec<Pair>,
    /// Of a table of counts: how many each is out of, pair by pair.
    pub out_of: Option<Vec<u32>>,
    /// Names of the sources by number; empty where a table does not say them.
    pub sources: Vec<String>,
    pub items: usize,
    /// Pairs (same source, different) that a thresholded result does not list.
    pub unlisted: Option<(u64, u64)>,
    /// Of results that rank: what each query found.
    pub ranks: Option<Vec<Ranks>>,
    /// Partners that lists end after, where they do.
    pub k: Option<usize>,
    pub level: Level,
    /// Which pairs count, in words.
    pub rule: String,
    /// BLAKE3 of the result or table.
    pub blake3: String,
    /// BLAKE3 of the columns that say what is known of the items; of a table they are in it.
    pub columns_blake3: BTreeMap<String, String>,
    pub notes: Vec<String>,
}

impl Labelled {
    /// Whether sources are known by name, so that they can be resampled and split.
    pub const fn has_sources(&self) -> bool {
        !self.sources.is_empty()
    }

    /// The scores of pairs of the same source, and of different ones.
    pub fn split(&self) -> (Vec<f64>, Vec<f64>) {
        let of = |same: bool| self.pairs.iter().filter(|p| (p.a == p.b) == same).map(|p| p.score).collect();
        (of(true), of(false))
    }

    /// Pairs of the same source, and of different ones.
    pub fn counts(&self) -> (usize, usize) {
        let same = self.pairs.iter().filter(|p| p.a == p.b).count();
        (same, self.pairs.len() - same)
    }
}

/// Entries of columns as numbers: equal entries have equal ones.
#[derive(Default)]
struct Codes {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

/// The code of an empty entry: it is equal to nothing.
const UNKNOWN: u32 = u32::MAX;

impl Codes {
    fn of(&mut self, texts: Vec<String>) -> Vec<u32> {
        texts.into_iter().map(|text| self.one(text)).collect()
    }

    fn one(&mut self, text: String) -> u32 {
        if text.is_empty() {
            return UNKNOWN;
        }
        let next = self.names.len() as u32;
        *self.numbers.entry(text).or_insert_with_key(|text| {
            self.names.push(text.clone());
            next
        })
    }
}

/// Whether a name is that of a table.
pub fn is_table(name: &str) -> bool {
    [".csv", ".tsv", ".txt"].iter().any(|ending| name.to_lowercase().ends_with(ending))
}

/// Reads what is labelled: a result, or a table where the name ends in .csv.
pub fn read(name: &str, options: &Options) -> anyhow::Result<Labelled> {
    if is_table(name) {
        return table::read(name, options);
    }
    for (given, option) in [
        (options.score.is_some(), "--score"),
        (options.same.is_some(), "--same"),
        (!options.sources.is_empty(), "--sources"),
        (options.out_of.is_some(), "--out-of"),
        (options.smaller_is_closer, "--smaller-is-closer"),
    ] {
        if given {
            return Err(Refused::usage(format!("{option} is for tables (.csv); {name} is a result, which says this itself")));
        }
    }
    let address = Address::parse(name);
    let mut stored = StoredResult::open(&address, &collection::reading()?)?;
    result::read(&address, &mut stored, options)
}

/// Which way scores point.
pub fn closer_of(options: &crate::compare::Options) -> anyhow::Result<Closer> {
    if PeakMetric::by_name(&options.metric).is_some() {
        return Ok(Closer::Larger);
    }
    if let Some(metric) = crate::metric::by_name(&options.metric) {
        return Ok(metric.info().closer);
    }
    let settings = super::settings::reread(&options.settings)?;
    settings
        .configure(&options.metric)
        .and_then(Result::ok)
        .map(|m| m.info().closer)
        .with_context(|| format!("the metric {} is not known to this version", options.metric))
}

/// Which way scores of a metric point, and what they depend on.
pub fn of_metric(record: &Record) -> anyhow::Result<(Closer, String)> {
    let options = &record.options;
    // What is computed of the pairs that were found changes no score.
    let settings = crate::metric::Settings { rescore: Vec::new(), ..options.settings.clone() };
    let recipe = serde_json::json!({
        "metric": options.metric,
        "settings": settings,
        "prepare": options.prepare.as_ref().map(|p| &p.recipe),
        // What a recipe learns of its rows is part of it; one that learns nothing has the same digest everywhere.
        "fitted_blake3": options.prepare.as_ref().map(|p| &p.fitted_blake3),
    });
    Ok((closer_of(options)?, recipe.to_string()))
}
