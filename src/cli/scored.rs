//! Labelled scores: the pairs of a result, or of a table of another program, with what is known of their sources. What `evaluate`, `calibrate` and `bench` begin with.
//!
//! Which pairs count is part of every figure made of them, so that it is said in words ([`Labelled::rule`]) and travels with the figure.

use super::{Refused, collection};
use crate::archive::result::{StoredKind, StoredResult};
use crate::archive::{Address, Collection};
use crate::compare::{Exclude, Record, RowSource as _};
use crate::evaluate::Pair;
use crate::metric::Closer;
use crate::metric::peaks::PeakMetric;
use anyhow::{Context as _, bail};
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::PathBuf;

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
    pub ranks: Vec<u32>,
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

/// A column of the rows and of the columns of a result.
struct Sides {
    query: Vec<u32>,
    /// `None` where a collection was compared with itself.
    reference: Option<Vec<u32>>,
}

impl Sides {
    fn reference(&self) -> &[u32] {
        self.reference.as_ref().unwrap_or(&self.query)
    }

    fn equal(&self, i: usize, j: usize) -> bool {
        let a = self.query[i];
        a != UNKNOWN && a == self.reference()[j]
    }
}

/// Which pairs count.
struct Allowed {
    truth: Sides,
    exclude: Vec<Sides>,
    within: Vec<Sides>,
    symmetric: bool,
}

impl Allowed {
    fn pair(&self, i: usize, j: usize) -> bool {
        !(self.symmetric && i == j)
            && self.truth.query[i] != UNKNOWN
            && self.truth.reference()[j] != UNKNOWN
            && !self.exclude.iter().any(|c| c.equal(i, j))
            && self.within.iter().all(|c| c.equal(i, j))
    }

    /// All pairs that count: of the same source, of different ones.
    fn counted(&self) -> (u64, u64) {
        let (n, m) = (self.truth.query.len(), self.truth.reference().len());
        let of = |i: usize| {
            let start = if self.symmetric { i + 1 } else { 0 };
            (start..m)
                .filter(|&j| self.pair(i, j))
                .fold((0, 0), |(same, other), j| if self.truth.equal(i, j) { (same + 1, other) } else { (same, other + 1) })
        };
        (0..n).into_par_iter().map(of).reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    }
}

/// Reads what is labelled: a result, or a table where the name ends in .csv.
pub fn read(name: &str, options: &Options) -> anyhow::Result<Labelled> {
    let is_table = [".csv", ".tsv", ".txt"].iter().any(|ending| name.to_lowercase().ends_with(ending));
    if is_table {
        return table(name, options);
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
    result(&address, &mut stored, options)
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
    let recipe = serde_json::json!({
        "metric": options.metric,
        "settings": options.settings,
        "prepare": options.prepare.as_ref().map(|p| &p.recipe),
    });
    Ok((closer_of(options)?, recipe.to_string()))
}

fn column(sides: &mut [Collection], name: &str, codes: &mut Codes) -> anyhow::Result<Sides> {
    let mut read = Vec::new();
    for side in sides.iter_mut() {
        read.push(codes.of(side.texts_of(name)?));
    }
    let mut read = read.into_iter();
    match (read.next(), read.next()) {
        (Some(query), reference) => Ok(Sides { query, reference }),
        (None, _) => bail!("no collection was compared"),
    }
}

/// What of the collections of a result is known.
fn allowed(
    record: &Record,
    options: &Options,
    notes: &mut Vec<String>,
) -> anyhow::Result<(Allowed, Vec<String>, Option<Sides>, usize)> {
    let mut sides = Vec::new();
    for (n, input) in record.inputs.iter().enumerate() {
        let mut side = collection::open(options.input.get(n).unwrap_or(&input.name))?;
        if side.rows() != input.rows {
            return Err(Refused::input(format!(
                "{} has {} rows, and had {} when it was compared: give where the collection is now with --input",
                side.name(),
                side.rows(),
                input.rows
            )));
        }
        side.check_ids()?;
        sides.push(side);
    }
    let mut truth = Codes::default();
    let labels = column(&mut sides, &options.truth, &mut truth)?;
    let unknown = labels.query.iter().chain(labels.reference.iter().flatten()).filter(|c| **c == UNKNOWN).count();
    if unknown > 0 {
        notes.push(format!("{unknown} items say no {} and are left out", options.truth));
    }
    let mut excluded = options.exclude.clone();
    match record.options.exclude {
        Exclude::Exhibit => excluded.push("exhibit".into()),
        Exclude::Mark => excluded.push("mark".into()),
        Exclude::None => {}
    }
    excluded.sort_unstable();
    excluded.dedup();
    let mut columns = |names: &[String]| -> anyhow::Result<Vec<Sides>> {
        names.iter().filter(|n| *n != "item").map(|name| column(&mut sides, name, &mut Codes::default())).collect()
    };
    let (exclude, within) = (columns(&excluded)?, columns(&options.within)?);
    let exhibits = match options.level {
        Level::Item => None,
        Level::Exhibit => Some(column(&mut sides, "exhibit", &mut Codes::default())?),
    };
    let items = sides.iter().map(|s| s.rows()).sum();
    let symmetric = sides.len() == 1;
    Ok((Allowed { truth: labels, exclude, within, symmetric }, truth.names, exhibits, items))
}

fn rule(options: &Options, record: Option<&Record>) -> String {
    let mut text = match options.level {
        Level::Item => "pairs of items".to_owned(),
        Level::Exhibit => "pairs of exhibits (best score of their items)".to_owned(),
    };
    let mut excluded = options.exclude.clone();
    if let Some(record) = record {
        match record.options.exclude {
            Exclude::Exhibit => excluded.push("exhibit".into()),
            Exclude::Mark => excluded.push("mark".into()),
            Exclude::None => {}
        }
    }
    excluded.sort_unstable();
    excluded.dedup();
    for name in excluded.iter().filter(|n| *n != "item") {
        text.push_str(&format!(" of different {name}"));
    }
    for name in &options.within {
        text.push_str(&format!(" of the same {name}"));
    }
    format!("{text}; same source: equal {}", options.truth)
}

fn result(address: &Address, stored: &mut StoredResult, options: &Options) -> anyhow::Result<Labelled> {
    let record = stored.record.clone();
    let (closer, recipe) = of_metric(&record)?;
    let mut notes = Vec::new();
    let (allowed, sources, exhibits, items) = allowed(&record, options, &mut notes)?;
    let sign = if closer == Closer::Larger { 1.0 } else { -1.0 };
    let mut found: Vec<(u32, u32, f64)> = Vec::new();
    let most = (options.memory / 40) as usize;
    let refuse_many = |found: usize| -> anyhow::Result<()> {
        if found > most {
            return Err(Refused::usage(format!(
                "{address} has more than {most} pairs that count, and --memory {} holds no more: give more, or compare fewer items (a sample of some thousands says as much)",
                crate::compare::bytes(options.memory)
            )));
        }
        Ok(())
    };
    let (mut ranks, mut k) = (None, None);
    let digest = stored.digest()?;
    if digest != record.result_blake3 {
        return Err(Refused::input(format!(
            "{address}: its digest is {digest}, its record says {}: the file was changed or damaged after it was made",
            record.result_blake3
        )));
    }
    let mut listed_only = false;
    match stored.kind {
        StoredKind::Dense { rows, cols } => {
            let mut all = Vec::with_capacity(rows);
            let step = ((64 << 20) / (cols * 4).max(1)).clamp(1, 1024);
            for start in (0..rows).step_by(step) {
                let end = (start + step).min(rows);
                let part = stored.dense(start..end)?;
                let of: Vec<(Ranks, Vec<(u32, u32, f64)>)> = (start..end)
                    .into_par_iter()
                    .map(|i| of_row(&allowed, i, &part[(i - start) * cols..(i - start + 1) * cols], sign))
                    .collect();
                for (rank, pairs) in of {
                    all.push(rank);
                    found.extend(pairs);
                }
                refuse_many(found.len())?;
            }
            ranks = Some(all);
        }
        StoredKind::Links { count } => {
            for start in (0..count).step_by(1 << 16) {
                for link in stored.links(start..(start + (1 << 16)).min(count))? {
                    let (i, j) = (link.query as usize, link.reference as usize);
                    if allowed.pair(i, j) {
                        found.push((i as u32, j as u32, sign * link.score));
                    }
                }
                refuse_many(found.len())?;
            }
            listed_only = true;
        }
        StoredKind::Ranking { rows, k: length } => {
            let mut all = Vec::with_capacity(rows);
            for start in (0..rows).step_by(4096) {
                let end = (start + 4096).min(rows);
                let (neighbors, _) = stored.ranking(start..end)?;
                let of: Vec<Ranks> = (start..end)
                    .into_par_iter()
                    .map(|i| of_list(&allowed, i, &neighbors[(i - start) * length..(i - start + 1) * length]))
                    .collect();
                all.extend(of);
            }
            (ranks, k) = (Some(all), Some(length));
        }
    }
    let unlisted = (listed_only && exhibits.is_none()).then(|| {
        let (same, different) = allowed.counted();
        let listed = found.iter().filter(|(i, j, _)| allowed.truth.equal(*i as usize, *j as usize)).count() as u64;
        (same.saturating_sub(listed), different.saturating_sub(found.len() as u64 - listed))
    });
    if listed_only && exhibits.is_some() {
        return Err(Refused::usage(format!(
            "{address} lists only pairs beyond a threshold; pairs of exhibits need all scores: compare with --dense"
        )));
    }
    if let Some(sides) = &exhibits {
        found = by_exhibit(sides, &allowed, &found, &mut notes);
        ranks = None;
    }
    let truth_of = |i: u32, j: u32| match &exhibits {
        None => (allowed.truth.query[i as usize], allowed.truth.reference()[j as usize]),
        // There the numbers are those of sources already.
        Some(_) => (i, j),
    };
    let pairs = found
        .iter()
        .map(|&(i, j, score)| {
            let (a, b) = truth_of(i, j);
            Pair { score, a, b }
        })
        .collect();
    Ok(Labelled {
        input: record.inputs.iter().map(|i| i.name.clone()).collect::<Vec<_>>().join(" with "),
        metric: record.options.metric.clone(),
        recipe,
        closer,
        pairs,
        out_of: None,
        sources,
        items,
        unlisted,
        ranks,
        k,
        level: options.level,
        rule: rule(options, Some(&record)),
        blake3: record.result_blake3.clone(),
        notes,
    })
}

/// What query `i` found among all its scores, and the pairs that count once.
fn of_row(allowed: &Allowed, i: usize, scores: &[f32], sign: f64) -> (Ranks, Vec<(u32, u32, f64)>) {
    let mut partners: Vec<(f64, u32)> = (0..scores.len())
        .filter(|&j| !scores[j].is_nan() && allowed.pair(i, j))
        .map(|j| (sign * f64::from(scores[j]), j as u32))
        .collect();
    let pairs =
        partners.iter().filter(|(_, j)| !allowed.symmetric || (*j as usize) > i).map(|&(s, j)| (i as u32, j, s)).collect();
    partners.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let ranks: Vec<u32> =
        (1..).zip(&partners).filter(|(_, (_, j))| allowed.truth.equal(i, *j as usize)).map(|(rank, _)| rank).collect();
    let relevant = ranks.len() as u32;
    let rank = Ranks { source: allowed.truth.query[i], relevant, ranks, listed: partners.len() as u32 };
    (rank, pairs)
}

/// What query `i` found in a list that ends.
fn of_list(allowed: &Allowed, i: usize, neighbors: &[i64]) -> Ranks {
    let relevant = if allowed.truth.query[i] == UNKNOWN {
        0
    } else {
        (0..allowed.truth.reference().len()).filter(|&j| allowed.truth.equal(i, j) && allowed.pair(i, j)).count() as u32
    };
    let partners: Vec<usize> =
        neighbors.iter().filter_map(|&j| usize::try_from(j).ok()).filter(|&j| allowed.pair(i, j)).collect();
    let ranks = (1..).zip(&partners).filter(|(_, j)| allowed.truth.equal(i, **j)).map(|(rank, _)| rank).collect();
    Ranks { source: allowed.truth.query[i], relevant, ranks, listed: partners.len() as u32 }
}

/// The best score of any two items of two exhibits, as (source of one, source of the other, score).
fn by_exhibit(sides: &Sides, allowed: &Allowed, found: &[(u32, u32, f64)], notes: &mut Vec<String>) -> Vec<(u32, u32, f64)> {
    // An exhibit is of a source if all its items are.
    let mut source: HashMap<u32, u32> = HashMap::new();
    let mut split = std::collections::BTreeSet::new();
    let of_items = |codes: &[u32], truth: &[u32]| codes.iter().copied().zip(truth.iter().copied()).collect::<Vec<_>>();
    let mut all = of_items(&sides.query, &allowed.truth.query);
    if let (Some(codes), Some(truth)) = (&sides.reference, &allowed.truth.reference) {
        all.extend(of_items(codes, truth));
    }
    for (exhibit, truth) in all {
        if exhibit != UNKNOWN && truth != UNKNOWN && *source.entry(exhibit).or_insert(truth) != truth {
            split.insert(exhibit);
        }
    }
    if !split.is_empty() {
        notes.push(format!("{} exhibits have items of several sources and are left out", split.len()));
    }
    let mut pairs: Vec<(u32, u32, f64)> = found
        .iter()
        .filter_map(|&(i, j, score)| {
            let (a, b) = (sides.query[i as usize], sides.reference()[j as usize]);
            let known = a != UNKNOWN && b != UNKNOWN && a != b && !split.contains(&a) && !split.contains(&b);
            known.then(|| (a.min(b), a.max(b), score))
        })
        .collect();
    pairs.par_sort_unstable_by(|x, y| (x.0, x.1).cmp(&(y.0, y.1)).then(y.2.total_cmp(&x.2)));
    pairs.dedup_by_key(|p| (p.0, p.1));
    pairs.into_iter().filter_map(|(a, b, score)| Some((*source.get(&a)?, *source.get(&b)?, score))).collect()
}

/// A table of scores of another program.
fn table(name: &str, options: &Options) -> anyhow::Result<Labelled> {
    let path = PathBuf::from(name);
    let bytes = std::fs::read(&path).map_err(|e| Refused::input(format!("{name}: cannot be read: {e}")))?;
    let delimiter = if name.to_lowercase().ends_with(".tsv") { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(&bytes[..]);
    let refuse = |text: String| Refused::input(format!("{name}: {text}"));
    let header: Vec<String> = reader.headers().map_err(|e| refuse(e.to_string()))?.iter().map(str::to_owned).collect();
    let place = |column: &str| {
        header
            .iter()
            .position(|h| h == column)
            .ok_or_else(|| refuse(format!("it has no column {column:?}; it has {}", header.join(", "))))
    };
    let Some(score_name) = &options.score else {
        return Err(Refused::usage(format!(
            "{name} is a table: name its column of scores with --score; it has {}",
            header.join(", ")
        )));
    };
    let score_at = place(score_name)?;
    let same_at = options.same.as_deref().map(place).transpose()?;
    let source_at = match &options.sources[..] {
        [] => None,
        [a, b] => Some((place(a)?, place(b)?)),
        other => return Err(Refused::usage(format!("--sources {}: name two columns, such as weapon1,weapon2", other.join(",")))),
    };
    let out_of_at = options.out_of.as_deref().map(place).transpose()?;
    if same_at.is_none() && source_at.is_none() {
        return Err(Refused::usage(format!("{name}: say what is of the same source, with --same COLUMN or --sources A,B")));
    }
    let sign = if options.smaller_is_closer { -1.0 } else { 1.0 };
    let (mut codes, mut pairs, mut out_of, mut missing) = (Codes::default(), Vec::new(), Vec::new(), 0);
    for (row, record) in reader.records().enumerate() {
        let line = row + 2;
        let record = record.map_err(|e| refuse(e.to_string()))?;
        let field = |at: usize| record.get(at).unwrap_or_default();
        if matches!(field(score_at), "" | "NA" | "NaN" | "nan") {
            missing += 1;
            continue;
        }
        let number = |at: usize, what: &str| -> anyhow::Result<f64> {
            field(at)
                .parse()
                .ok()
                .filter(|x: &f64| x.is_finite())
                .ok_or_else(|| refuse(format!("line {line}: {what} is {:?}; allowed are finite numbers", field(at))))
        };
        let score = sign * number(score_at, score_name)?;
        let said = match same_at.map(field) {
            None => None,
            Some("1" | "true" | "True" | "TRUE" | "same" | "H1" | "h1" | "km" | "KM") => Some(true),
            Some("0" | "false" | "False" | "FALSE" | "different" | "H2" | "h2" | "knm" | "KNM") => Some(false),
            Some(other) => {
                return Err(refuse(format!(
                    "line {line}: {} is {other:?}; allowed are 1, true, same, H1 and 0, false, different, H2",
                    options.same.as_deref().unwrap_or_default()
                )));
            }
        };
        let (a, b) = match source_at {
            // Without names: one source for what is the same, two for what is not.
            None => (0, u32::from(said == Some(false))),
            Some((a, b)) => (codes.one(field(a).to_owned()), codes.one(field(b).to_owned())),
        };
        if a == UNKNOWN || b == UNKNOWN {
            return Err(refuse(format!("line {line}: the source of an item is empty; name both")));
        }
        if said.is_some_and(|said| said != (a == b)) {
            return Err(refuse(format!(
                "line {line}: {} says {}, and its sources are {} and {}: one of the two is wrong",
                options.same.as_deref().unwrap_or_default(),
                if said == Some(true) { "the same source" } else { "different sources" },
                field(source_at.map_or(0, |s| s.0)),
                field(source_at.map_or(0, |s| s.1)),
            )));
        }
        if let Some(at) = out_of_at {
            let n = number(at, "the number that a count is out of")?;
            anyhow::ensure!(
                n >= 1.0 && n.fract() == 0.0 && n <= f64::from(u32::MAX) && score >= 0.0 && score <= n && score.fract() == 0.0,
                refuse(format!("line {line}: {score} out of {n}: allowed are whole numbers, 0 to as many as they are out of"))
            );
            out_of.push(n as u32);
        }
        pairs.push(Pair { score, a, b });
    }
    let mut notes = Vec::new();
    if missing > 0 {
        notes.push(format!("{missing} lines have no score and are left out"));
    }
    let items = codes.names.len();
    let recipe = serde_json::json!({ "table": score_name, "smaller_is_closer": options.smaller_is_closer }).to_string();
    Ok(Labelled {
        input: name.to_owned(),
        metric: score_name.clone(),
        recipe,
        closer: if options.smaller_is_closer { Closer::Smaller } else { Closer::Larger },
        pairs,
        out_of: out_of_at.map(|_| out_of),
        sources: codes.names,
        items,
        unlisted: None,
        ranks: None,
        k: None,
        level: Level::Item,
        rule: "pairs as the table lists them".into(),
        blake3: blake3::hash(&bytes).to_hex().to_string(),
        notes,
    })
}
