//! `striae calibrate` on repeated measurements: likelihood ratios of the numbers themselves, by models of two levels (within and between sources).

use crate::archive::model::texts_digest;
use crate::cli::{Refused, collection};
use crate::compare::RowSource as _;
use crate::evaluate::lr::two_level::Kind;
use crate::evaluate::lr::validate::{Folds, Pair, cross_validate};
use crate::evaluate::lr::{Error, Log10Lr, Lrs, Truth, TwoLevel};
use crate::matrix::{Element, Values};
use std::collections::BTreeMap;

/// Numbers of a collection that are modelled at most: covariances of more columns need more sources than there are.
const MOST_COLUMNS: usize = 200;

/// Labelled rows.
pub struct Measured {
    pub values_blake3: String,
    /// BLAKE3 of the column that says the sources.
    pub truth_blake3: String,
    pub columns: usize,
    pub rows: Vec<f64>,
    pub source: Vec<u32>,
    pub names: Vec<String>,
}

fn numbers(values: Values) -> Vec<f64> {
    match values.widen(Element::F64) {
        Values::F64(v) => v,
        Values::F32(v) => v.into_iter().map(f64::from).collect(),
    }
}

impl Measured {
    /// All rows of a collection that say their source.
    pub fn read(name: &str, truth: &str) -> anyhow::Result<Self> {
        let mut source = collection::open(name)?;
        let (n, p) = (source.rows(), source.width());
        if p > MOST_COLUMNS {
            return Err(Refused::input(format!(
                "{name} has {p} numbers a row; models of two levels take up to {MOST_COLUMNS}, and far fewer than there are sources: choose some, or scores of components (striae model pca, striae model apply)"
            )));
        }
        let labels = source.texts_of(truth)?;
        let truth_blake3 = texts_digest(&labels);
        let read = source.read(0..n)?;
        let mut digest = crate::compare::digest::ValuesDigest::new(n, p, source.element());
        digest.add(&read);
        let all = numbers(read);
        let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
        let mut found = Self {
            values_blake3: digest.finish(),
            truth_blake3,
            columns: p,
            rows: Vec::new(),
            source: Vec::new(),
            names: Vec::new(),
        };
        for (label, row) in labels.into_iter().zip(all.chunks(p)) {
            if label.is_empty() {
                continue;
            }
            let next = numbers.len() as u32;
            let number = *numbers.entry(label.clone()).or_insert(next);
            if number == next {
                found.names.push(label);
            }
            found.source.push(number);
            found.rows.extend_from_slice(row);
        }
        Ok(found)
    }

    fn of(&self, source: u32) -> Vec<&[f64]> {
        self.rows.chunks(self.columns).zip(&self.source).filter(|(_, s)| **s == source).map(|(row, _)| row).collect()
    }

    /// The first half of a source's rows, and the rest.
    fn halves(&self) -> Vec<(Vec<f64>, Vec<f64>)> {
        (0..self.names.len() as u32)
            .map(|s| {
                let rows = self.of(s);
                let (first, rest) = rows.split_at(rows.len() / 2);
                (first.concat(), rest.concat())
            })
            .collect()
    }

    fn fit(&self, kind: Kind, keeps: impl Fn(u32) -> bool) -> Result<TwoLevel, Error> {
        let (mut rows, mut source) = (Vec::new(), Vec::new());
        for (row, s) in self.rows.chunks(self.columns).zip(&self.source).filter(|(_, s)| keeps(**s)) {
            rows.extend_from_slice(row);
            source.push(*s);
        }
        TwoLevel::fit(kind, &rows, self.columns, &source)
    }

    /// The model of all rows, ratios of sources that it had not seen, and how many pairs of either kind these are of. A pair is the first half of one
    /// source's rows with the rest of another's, or of its own.
    pub fn model(&self, kind: Kind, folds: usize, seed: u64) -> anyhow::Result<(TwoLevel, Lrs, String)> {
        let model = self.fit(kind, |_| true)?;
        let halves = self.halves();
        let usable: Vec<u32> = (0..halves.len() as u32).filter(|s| !halves[*s as usize].0.is_empty()).collect();
        let pairs: Vec<Pair<(u32, u32)>> =
            usable.iter().flat_map(|&a| usable.iter().map(move |&b| Pair { evidence: (a, b), a, b })).collect();
        let dealt = Folds::deal(&pairs, folds, 1, seed)?;
        let fit = |train: &[Pair<(u32, u32)>]| {
            let mut seen = vec![false; halves.len()];
            for pair in train {
                (seen[pair.a as usize], seen[pair.b as usize]) = (true, true);
            }
            self.fit(kind, |s| seen[s as usize])
        };
        let held = cross_validate(&pairs, &dealt, fit, |m, (a, b)| m.log10_lr(&halves[a as usize].0, &halves[b as usize].1))?;
        let of = |truth| held.held.iter().filter(|h| h.truth == truth).map(|h| Log10Lr(h.log10_lr.0)).collect::<Vec<_>>();
        let lrs = Lrs::new(of(Truth::SameSource), of(Truth::DifferentSource))?;
        let how = format!(
            "cross-validated over {} parts of the sources, half of a source's rows against the rest of its own or another's",
            dealt.count()
        );
        Ok((model, lrs, how))
    }
}

/// The rows that `FILE.h5:/path#ID,ID` names.
pub fn named(text: &str, columns: usize) -> anyhow::Result<Vec<f64>> {
    let refuse = |why: String| Refused::usage(format!("{text}: {why}; give FILE.h5:/path#ID,ID"));
    let Some((address, ids)) = text.split_once('#') else { return Err(refuse("it names no rows".into())) };
    let mut source = collection::open(address)?;
    if source.width() != columns {
        return Err(Refused::input(format!("{address} has {} numbers a row, the model {columns}", source.width())));
    }
    let known = source.ids()?.unwrap_or_else(|| (0..source.rows()).map(|r| r.to_string()).collect());
    let mut all = Vec::new();
    for id in ids.split(',') {
        let row = known.iter().position(|k| k == id).ok_or_else(|| refuse(format!("there is no row {id:?}")))?;
        all.extend(numbers(source.read(row..row + 1)?));
    }
    Ok(all)
}
