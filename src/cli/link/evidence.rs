//! One kind of evidence of a linkage: the ranking, the rows behind it, the likelihood-ratio model.

use crate::archive::Address;
use crate::archive::model::texts_digest;
use crate::archive::result::{StoredKind, StoredResult};
use crate::cli::calibrate::StoredLr;
use crate::cli::opened::Opened;
use crate::cli::progress::Progress;
use crate::cli::scored::of_metric;
use crate::cli::{Refused, collection, verify};
use crate::compare::{Job, Joined, Observer as _, RowSource as _, chosen};
use crate::link::candidates::{Best, NONE};
use crate::link::record::{Modality, Part};
use crate::metric::Closer;
use crate::metric::peaks::PeakMetric;
use std::collections::BTreeMap;

/// Pairs of items that are scored together.
const TOGETHER: usize = 4 << 20;

/// One kind of evidence.
pub struct Evidence {
    pub record: Modality,
    pub lr: StoredLr,
    pub closer: Closer,
    pub job: Job,
    pub rows: Joined<Opened>,
    pub k: usize,
    pub neighbors: Vec<i64>,
    pub scores: Vec<f64>,
    /// The exhibit of each item; set by [`roster`].
    pub exhibit_of: Vec<u32>,
}

/// What a collection is called in columns: the last part of its path, else its file's.
pub fn name_of(address: &Address) -> String {
    let inner = address.inner.as_deref().and_then(|p| p.rsplit('/').next()).filter(|n| !n.is_empty() && *n != "values");
    let stem = || address.file.file_stem().map_or_else(|| "items".into(), |s| s.to_string_lossy().into_owned());
    inner.map_or_else(stem, str::to_owned).replace('/', "_")
}

impl Evidence {
    /// Opens a ranking of a collection with itself, its rows, and its model.
    pub fn open(result: &str, model: &str, elsewhere: Option<&String>, progress: &Progress) -> anyhow::Result<Self> {
        let address = Address::parse(result);
        let mut stored = StoredResult::open(&address, &collection::reading()?)?;
        let record = stored.record.clone();
        if PeakMetric::by_name(&record.options.metric).is_some() {
            return Err(Refused::input(format!(
                "{address}: links need the score of any pair, and {} works on peak lists, whose pairs cannot be asked for one by one yet; use a metric of rows",
                record.options.metric
            )));
        }
        let StoredKind::Ranking { rows, k } = stored.kind else {
            return Err(Refused::input(format!(
                "{address} is no ranking; links begin with the best k of each item: striae compare --top-k 20"
            )));
        };
        if record.inputs.len() != 1 {
            return Err(Refused::input(format!(
                "{address} ranks {} against {}; links need a collection compared with itself",
                record.inputs[0].name, record.inputs[1].name
            )));
        }
        let digest = stored.digest()?;
        if digest != record.result_blake3 {
            return Err(Refused::input(format!(
                "{address}: its digest is {digest}, its record says {}: the file was changed or damaged after it was made",
                record.result_blake3
            )));
        }
        let (mut neighbors, mut scores) = (Vec::with_capacity(rows * k), Vec::with_capacity(rows * k));
        for start in (0..rows).step_by(4096) {
            let (n, s) = stored.ranking(start..(start + 4096).min(rows))?;
            neighbors.extend(n);
            scores.extend(s);
        }
        let (closer, recipe) = of_metric(&record)?;
        let lr = StoredLr::open(model)?;
        lr.check(&recipe, &record.options.metric, result)?;
        let elsewhere: Vec<String> = elsewhere.into_iter().cloned().collect();
        let (job, inputs) = verify::inputs_as_recorded(&record, &elsewhere, &address, progress, &|_| {})?;
        let name = inputs.first().map_or_else(String::new, |i| name_of(i.address()));
        let parts = inputs
            .iter()
            .zip(&record.inputs)
            .map(|(i, r)| Part {
                name: i.address().to_string(),
                rows: i.rows(),
                values_blake3: r.values_blake3.clone(),
                exhibits_blake3: String::new(),
            })
            .collect();
        let rows = Joined::new(inputs).map_err(|_| Refused::input(format!("{address}: its record names no input")))?;
        let record = Modality {
            name,
            parts,
            options: record.options.clone(),
            result: result.to_owned(),
            result_blake3: record.result_blake3.clone(),
            model: model.to_owned(),
            model_blake3: lr.blake3.clone(),
        };
        Ok(Self { record, lr, closer, job, rows, k, neighbors, scores, exhibit_of: Vec::new() })
    }

    /// Gives every pair of exhibits the best score of any of their items, by definition: of pairs that the ranking does not list, and of all pairs of exhibits with
    /// several items, since a list names only the best of all.
    pub fn complete(&mut self, pairs: &[(u32, u32)], best: &mut Best, memory: u64, progress: &Progress) -> anyhow::Result<u64> {
        let exhibits = 1 + self.exhibit_of.iter().copied().max().unwrap_or(0) as usize;
        let mut items: Vec<Vec<u32>> = vec![Vec::new(); exhibits];
        for (item, exhibit) in self.exhibit_of.iter().enumerate() {
            items[*exhibit as usize].push(item as u32);
        }
        let none = Vec::new();
        let of = |exhibit: u32| items.get(exhibit as usize).unwrap_or(&none);
        let mut open: Vec<(u32, (u32, u32))> = Vec::new();
        let asked = |c: usize, best: &Best| {
            let (a, b) = pairs[c];
            let count = of(a).len() * of(b).len();
            // What the list names of exhibits with one item each is all there is.
            if count == 1 && !best.score[c].is_nan() { 0 } else { count as u64 }
        };
        let total: u64 = (0..pairs.len()).map(|c| asked(c, best)).sum();
        progress.phase(&format!("score {}", self.record.name), total.max(1));
        let mut scored = 0;
        for (c, &(a, b)) in pairs.iter().enumerate() {
            if asked(c, best) > 0 {
                // All of them anew: what a list names is among them.
                (best.score[c], best.query[c], best.reference[c]) = (f64::NAN, NONE, NONE);
                for i in of(a) {
                    open.extend(of(b).iter().map(|j| (c as u32, (*i.min(j), *i.max(j)))));
                }
            }
            if open.len() >= TOGETHER || c + 1 == pairs.len() {
                let chosen: Vec<(u32, u32)> = open.iter().map(|(_, p)| *p).collect();
                let found = chosen::scores(&self.job, &mut self.rows, &chosen, memory, &|done| progress.advance(scored + done))?;
                scored += chosen.len() as u64;
                keep_best(self.closer, best, &open, &found);
                open.clear();
            }
        }
        progress.clear();
        Ok(total)
    }
}

/// Keeps the best pair of items of each pair of exhibits; ties go to the smaller first item, then to the smaller second.
fn keep_best(closer: Closer, best: &mut Best, open: &[(u32, (u32, u32))], scores: &[f64]) {
    for (&(c, (i, j)), &score) in open.iter().zip(scores) {
        let c = c as usize;
        if score.is_nan() {
            continue;
        }
        let items = (best.query[c], best.reference[c]);
        let better = best.score[c].is_nan() || closer.order(score, best.score[c]).then((i, j).cmp(&items)).is_lt();
        if better {
            (best.score[c], best.query[c], best.reference[c]) = (score, i, j);
        }
    }
}

/// The exhibits of all kinds of evidence, by id, and what is known of them.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    pub id: Vec<String>,
    pub case: Vec<String>,
    pub date: Vec<String>,
    pub place: Vec<String>,
    pub latitude: Vec<f64>,
    pub longitude: Vec<f64>,
}

/// What the roster says of an exhibit beside its id.
const KNOWN: [&str; 5] = ["case", "date", "place", "latitude", "longitude"];

/// Gathers the exhibits; says in `evidence` which exhibit each item is of. Items without an exhibit are exhibits of their own, by their id.
pub fn roster(evidence: &mut [Evidence], warnings: &mut Vec<String>) -> anyhow::Result<Roster> {
    let mut names: Vec<Vec<String>> = Vec::new();
    let mut known: BTreeMap<String, [String; 5]> = BTreeMap::new();
    let mut contradicted = 0;
    let several = evidence.len() > 1 || evidence.iter_mut().any(|e| e.rows.parts().len() > 1);
    for e in evidence.iter_mut() {
        let mut of_evidence = Vec::new();
        for (number, part) in e.rows.parts().iter_mut().enumerate() {
            let collection = part.collection();
            let (names, known_names) = collection::exhibits_or_ids(collection)?;
            if several && !known_names {
                return Err(Refused::input(format!(
                    "{} says neither exhibit nor id of its rows: which of them belong together with those of other collections is not known; import it with ids",
                    collection.name()
                )));
            }
            let there: Vec<String> = collection.others().iter().map(|(n, _)| n.clone()).collect();
            let mut columns: [Vec<String>; 5] = Default::default();
            for (column, name) in columns.iter_mut().zip(KNOWN) {
                if there.iter().any(|t| t == name) {
                    *column = collection.texts_of(name)?;
                }
            }
            let now = texts_digest(&names);
            for (row, name) in names.into_iter().enumerate() {
                let entry = known.entry(name.clone()).or_default();
                for (field, column) in entry.iter_mut().zip(&columns) {
                    let Some(said) = column.get(row).filter(|s| !s.is_empty() && *s != "NaN") else { continue };
                    if field.is_empty() {
                        field.clone_from(said);
                    } else if field != said {
                        contradicted += 1;
                    }
                }
                of_evidence.push(name);
            }
            if let Some(recorded) = e.record.parts.get_mut(number) {
                if !recorded.exhibits_blake3.is_empty() && recorded.exhibits_blake3 != now {
                    return Err(Refused::input(format!(
                        "{}: its exhibits are not those that were linked: its columns were changed since",
                        recorded.name
                    )));
                }
                recorded.exhibits_blake3 = now;
            }
        }
        names.push(of_evidence);
    }
    if contradicted > 0 {
        warnings.push(format!(
            "{contradicted} entries of case, date or place differ between items of one exhibit; the first one counts"
        ));
    }
    let number: BTreeMap<&str, u32> = known.keys().enumerate().map(|(n, name)| (name.as_str(), n as u32)).collect();
    for (e, names) in evidence.iter_mut().zip(&names) {
        e.exhibit_of = names.iter().map(|name| number[name.as_str()]).collect();
    }
    let mut roster = Roster::default();
    let degrees = |text: &str, most: f64| text.parse::<f64>().ok().filter(|d| d.abs() <= most).unwrap_or(f64::NAN);
    let mut bad_dates = 0;
    for (id, [case, date, place, latitude, longitude]) in &known {
        roster.id.push(id.clone());
        roster.case.push(case.clone());
        let sound = date.is_empty() || date.parse::<crate::link::date::Date>().is_ok();
        bad_dates += usize::from(!sound);
        roster.date.push(if sound { date.clone() } else { String::new() });
        roster.place.push(place.clone());
        roster.latitude.push(degrees(latitude, 90.0));
        roster.longitude.push(degrees(longitude, 180.0));
    }
    if bad_dates > 0 {
        warnings.push(format!("{bad_dates} dates are left out: they are none of YYYY-MM-DD, YYYY-MM, YYYY"));
    }
    Ok(roster)
}
