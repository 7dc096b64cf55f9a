//! Labelled scores of a stored result.

use super::{Codes, Labelled, Level, Options, Ranks, UNKNOWN, of_metric};
use crate::archive::model::texts_digest;
use crate::archive::result::{StoredKind, StoredResult};
use crate::archive::{Address, Collection};
use crate::cli::{Refused, collection};
use crate::compare::{Exclude, Record, RowSource as _};
use crate::evaluate::Pair;
use crate::metric::Closer;
use anyhow::bail;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

/// A pair that counts, by two numbers (items, exhibits or sources), and its score.
type Scored = (u32, u32, f64);

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

/// Digests of columns, by what they are called in a record.
type Digests = BTreeMap<String, String>;

/// What a column is called in a record: by its side, where there are two.
fn named(side: usize, sides: usize, name: &str) -> String {
    match (side, sides) {
        (_, 1) => name.to_owned(),
        (0, _) => format!("query: {name}"),
        _ => format!("reference: {name}"),
    }
}

fn column(sides: &mut [Collection], name: &str, codes: &mut Codes, digests: &mut Digests) -> anyhow::Result<Sides> {
    let mut read = Vec::new();
    let count = sides.len();
    for (n, side) in sides.iter_mut().enumerate() {
        let texts = side.texts_of(name)?;
        digests.insert(named(n, count, name), texts_digest(&texts));
        read.push(codes.of(texts));
    }
    let mut read = read.into_iter();
    match (read.next(), read.next()) {
        (Some(query), reference) => Ok(Sides { query, reference }),
        (None, _) => bail!("no collection was compared"),
    }
}

/// The collections of a result, where they are now.
fn compared(record: &Record, now: &[String]) -> anyhow::Result<Vec<Collection>> {
    let mut sides = Vec::new();
    for (n, input) in record.inputs.iter().enumerate() {
        let mut side = collection::open(now.get(n).unwrap_or(&input.name))?;
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
    Ok(sides)
}

/// Holds columns of the collections of a result to their digests in a record; `None` where all are as recorded, else what is not.
pub fn changed(record: &Record, digests: &Digests) -> anyhow::Result<Option<String>> {
    let mut sides = compared(record, &[])?;
    let count = sides.len();
    for (n, side) in sides.iter_mut().enumerate() {
        let of_side = named(n, count, "");
        for (name, expected) in digests.iter().filter_map(|(name, digest)| Some((name.strip_prefix(&of_side)?, digest))) {
            if texts_digest(&side.texts_of(name)?) != *expected {
                return Ok(Some(format!("{}, column {name}", side.name())));
            }
        }
    }
    Ok(None)
}

/// What of the collections of a result is known.
fn allowed(
    record: &Record,
    options: &Options,
    digests: &mut Digests,
    notes: &mut Vec<String>,
) -> anyhow::Result<(Allowed, Vec<String>, Option<Sides>, usize)> {
    let mut sides = compared(record, &options.input)?;
    let mut truth = Codes::default();
    let mut labels = column(&mut sides, &options.truth, &mut truth, digests)?;
    let mut left_out = 0;
    for (side, input) in std::iter::once(&mut labels.query).chain(&mut labels.reference).zip(&record.inputs) {
        for (row, _) in &input.left_out {
            if let Some(label) = side.get_mut(*row) {
                *label = UNKNOWN;
                left_out += 1;
            }
        }
    }
    if left_out > 0 {
        notes.push(format!("{left_out} rows that the metric is not defined for were left out of the comparison, and are here"));
    }
    let unknown = labels.query.iter().chain(labels.reference.iter().flatten()).filter(|c| **c == UNKNOWN).count();
    if unknown > 0 {
        notes.push(format!("{unknown} items say no {} and are left out", options.truth));
    }
    let excluded = excluded(record, options);
    let mut columns = |names: &[String]| -> anyhow::Result<Vec<Sides>> {
        names.iter().map(|name| column(&mut sides, name, &mut Codes::default(), digests)).collect()
    };
    let (exclude, within) = (columns(&excluded)?, columns(&options.within)?);
    let exhibits = match options.level {
        Level::Item => None,
        Level::Exhibit => Some(column(&mut sides, "exhibit", &mut Codes::default(), digests)?),
    };
    let items = sides.iter().map(crate::compare::RowSource::rows).sum();
    let symmetric = sides.len() == 1;
    Ok((Allowed { truth: labels, exclude, within, symmetric }, truth.names, exhibits, items))
}

/// Columns that both items of a pair must differ in: what was asked for now, and when they were compared.
fn excluded(record: &Record, options: &Options) -> Vec<String> {
    let then = match record.options.exclude {
        Exclude::Exhibit => Some("exhibit"),
        Exclude::Mark => Some("mark"),
        Exclude::None => None,
    };
    // An item is never a pair with itself.
    let asked = options.exclude.iter().map(String::as_str).filter(|name| *name != "item");
    let all: BTreeSet<&str> = asked.chain(then).collect();
    all.into_iter().map(str::to_owned).collect()
}

fn rule(options: &Options, record: &Record) -> String {
    let mut text = match options.level {
        Level::Item => "pairs of items".to_owned(),
        Level::Exhibit => "pairs of exhibits (best score of their items)".to_owned(),
    };
    for name in excluded(record, options) {
        let _ = write!(text, " of different {name}");
    }
    for name in &options.within {
        let _ = write!(text, " of the same {name}");
    }
    format!("{text}; same source: equal {}", options.truth)
}

/// Pairs of a result, before it is known what they are pairs of.
#[derive(Default)]
struct Listed {
    pairs: Vec<Scored>,
    ranks: Option<Vec<Ranks>>,
    k: Option<usize>,
    /// The result lists only what passed a threshold.
    thresholded: bool,
}

/// Reads the pairs that count; refuses more than fit.
fn listed(address: &Address, stored: &mut StoredResult, allowed: &Allowed, sign: f64, memory: u64) -> anyhow::Result<Listed> {
    let most = (memory / 40) as usize;
    let refuse_many = |found: usize| -> anyhow::Result<()> {
        if found > most {
            return Err(Refused::usage(format!(
                "{address} has more than {most} pairs that count, and --memory {} holds no more: give more, or compare fewer items (a sample of some thousands says as much)",
                crate::compare::bytes(memory)
            )));
        }
        Ok(())
    };
    let mut found = Listed::default();
    match stored.kind {
        StoredKind::Dense { rows, cols } => {
            let mut all = Vec::with_capacity(rows);
            let step = ((64 << 20) / (cols * 4).max(1)).clamp(1, 1024);
            for start in (0..rows).step_by(step) {
                let end = (start + step).min(rows);
                let part = stored.dense(start..end)?;
                let row = |i: usize| of_row(allowed, i, &part[(i - start) * cols..(i - start + 1) * cols], sign);
                let of: Vec<_> = (start..end).into_par_iter().map(row).collect();
                for (rank, pairs) in of {
                    all.push(rank);
                    found.pairs.extend(pairs);
                }
                refuse_many(found.pairs.len())?;
            }
            found.ranks = Some(all);
        }
        StoredKind::Links { count } => {
            for start in (0..count).step_by(1 << 16) {
                for link in stored.links(start..(start + (1 << 16)).min(count))? {
                    let (i, j) = (link.query as usize, link.reference as usize);
                    if allowed.pair(i, j) {
                        found.pairs.push((i as u32, j as u32, sign * link.score));
                    }
                }
                refuse_many(found.pairs.len())?;
            }
            found.thresholded = true;
        }
        StoredKind::Ranking { rows, k } => {
            let mut all = Vec::with_capacity(rows);
            for start in (0..rows).step_by(4096) {
                let end = (start + 4096).min(rows);
                let (neighbors, _) = stored.ranking(start..end)?;
                let list = |i: usize| of_list(allowed, i, &neighbors[(i - start) * k..(i - start + 1) * k]);
                let of: Vec<Ranks> = (start..end).into_par_iter().map(list).collect();
                all.extend(of);
            }
            (found.ranks, found.k) = (Some(all), Some(k));
        }
    }
    Ok(found)
}

pub(super) fn read(address: &Address, stored: &mut StoredResult, options: &Options) -> anyhow::Result<Labelled> {
    let record = stored.record.clone();
    let (closer, recipe) = of_metric(&record)?;
    let mut notes = Vec::new();
    let mut columns_blake3 = Digests::new();
    let (allowed, sources, exhibits, items) = allowed(&record, options, &mut columns_blake3, &mut notes)?;
    let sign = if closer == Closer::Larger { 1.0 } else { -1.0 };
    let digest = stored.digest()?;
    if digest != record.result_blake3 {
        return Err(Refused::input(format!(
            "{address}: its digest is {digest}, its record says {}: the file was changed or damaged after it was made",
            record.result_blake3
        )));
    }
    let Listed { pairs: mut found, mut ranks, k, thresholded } = listed(address, stored, &allowed, sign, options.memory)?;
    if k.is_some() && exhibits.is_some() {
        return Err(Refused::usage(format!(
            "{address} lists the best of each item; pairs of exhibits need all scores: compare with --dense"
        )));
    }
    if thresholded && exhibits.is_some() {
        return Err(Refused::usage(format!(
            "{address} lists only pairs beyond a threshold; pairs of exhibits need all scores: compare with --dense"
        )));
    }
    let unlisted = thresholded.then(|| {
        let (same, different) = allowed.counted();
        let here = found.iter().filter(|(i, j, _)| allowed.truth.equal(*i as usize, *j as usize)).count() as u64;
        (same.saturating_sub(here), different.saturating_sub(found.len() as u64 - here))
    });
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
        rule: rule(options, &record),
        blake3: record.result_blake3.clone(),
        columns_blake3,
        notes,
    })
}

/// What query `i` found among all its scores, and the pairs that count once.
fn of_row(allowed: &Allowed, i: usize, scores: &[f32], sign: f64) -> (Ranks, Vec<Scored>) {
    let mut partners: Vec<(f64, u32)> = (0..scores.len())
        .filter(|&j| !scores[j].is_nan() && allowed.pair(i, j))
        .map(|j| (sign * f64::from(scores[j]), j as u32))
        .collect();
    let pairs =
        partners.iter().filter(|(_, j)| !allowed.symmetric || (*j as usize) > i).map(|&(s, j)| (i as u32, j, s)).collect();
    partners.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let places: Vec<u32> =
        (1..).zip(&partners).filter(|(_, (_, j))| allowed.truth.equal(i, *j as usize)).map(|(rank, _)| rank).collect();
    let relevant = places.len() as u32;
    let rank = Ranks { source: allowed.truth.query[i], relevant, places, listed: partners.len() as u32 };
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
    let places = (1..).zip(&partners).filter(|(_, j)| allowed.truth.equal(i, **j)).map(|(rank, _)| rank).collect();
    Ranks { source: allowed.truth.query[i], relevant, places, listed: partners.len() as u32 }
}

/// The best score of any two items of two exhibits, as (source of one, source of the other, score).
fn by_exhibit(sides: &Sides, allowed: &Allowed, found: &[Scored], notes: &mut Vec<String>) -> Vec<Scored> {
    // An exhibit is of a source if all its items are.
    let mut source: HashMap<u32, u32> = HashMap::new();
    let mut split = std::collections::BTreeSet::new();
    let of_items = |codes: &[u32], truth: &[u32]| codes.iter().copied().zip(truth.iter().copied()).collect::<Vec<_>>();
    let mut all = of_items(&sides.query, &allowed.truth.query);
    if let (Some(codes), Some(truth)) = (&sides.reference, &allowed.truth.reference) {
        all.extend(of_items(codes, truth));
    }
    let alone = all.iter().filter(|(exhibit, _)| *exhibit == UNKNOWN).count();
    for (exhibit, truth) in all {
        if exhibit != UNKNOWN && truth != UNKNOWN && *source.entry(exhibit).or_insert(truth) != truth {
            split.insert(exhibit);
        }
    }
    if alone > 0 {
        notes.push(format!("{alone} items say no exhibit and are left out of pairs of exhibits"));
    }
    if !split.is_empty() {
        notes.push(format!("{} exhibits have items of several sources and are left out", split.len()));
    }
    let mut pairs: Vec<Scored> = found
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
