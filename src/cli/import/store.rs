//! Spectra that were read, as a collection: one unit, one axis, and columns of what files and a table of metadata say of them.

use super::hold::{Held, Hold};
use super::spectra::Options;
use crate::archive::new_collection::{Plan, is_taken};
use crate::archive::{Address, Kind as Stored, Layout, NewCollection, Writer};
use crate::cli::Refused;
use crate::cli::progress::Progress;
use crate::compare::Observer as _;
use crate::matrix::{Element, Values};
use crate::spectrum::read::Quantity;
use crate::spectrum::resample::{Interpolation, common, covers, resample, same_axis};
use anyhow::Context as _;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

/// Columns that are kept of what files say, beside those that are asked for.
pub const USUAL: [&str; 9] = ["exhibit", "source", "case", "batch", "date", "place", "formula", "inchikey", "cas"];
/// Bytes of rows that are written together.
const PIECE: usize = 8 << 20;

/// What is kept of a spectrum while others are read.
pub struct Found<T> {
    pub id: String,
    pub file: String,
    pub name: String,
    pub metadata: BTreeMap<String, String>,
    pub what: T,
}

/// A curve.
pub struct Curve {
    pub quantity: Quantity,
    pub unit: String,
    pub value_unit: String,
    pub axis: Arc<Vec<f64>>,
    pub values: Held,
}

/// A peak list: m/z and intensities one after the other.
pub struct Peaks {
    pub count: usize,
    pub precursor: Option<f64>,
    pub numbers: Held,
}

/// A label without what spellings differ in.
pub fn plain(key: &str) -> String {
    key.chars().filter(|c| !" -/_".contains(*c)).flat_map(char::to_lowercase).collect()
}

/// Rows of a CSV by the value of its column id.
pub type ById = (Vec<String>, HashMap<String, Vec<String>>);

pub fn metadata_table(path: &Path) -> anyhow::Result<ById> {
    let whole = |what: String| Refused::input(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let first = text.lines().next().unwrap_or("");
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|&d| first.bytes().filter(|&b| b == d).count()).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .delimiter(delimiter)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header: Vec<String> = reader.headers().map_err(|e| whole(e.to_string()))?.iter().map(str::to_lowercase).collect();
    let Some(at) = header.iter().position(|h| h == "id") else { return Err(whole("it has no column id".into())) };
    let mut rows = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|e| whole(e.to_string()))?;
        let row: Vec<String> = record.iter().map(str::to_owned).collect();
        let id = row.get(at).cloned().unwrap_or_default();
        if rows.insert(id.clone(), row).is_some() {
            return Err(whole(format!("id {id:?} occurs twice")));
        }
    }
    Ok((header, rows))
}

/// Ids that differ, and columns of what is known beside the numbers.
fn columns<T>(all: &mut [Found<T>], keep: &[String], table: Option<&ById>) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for f in all.iter() {
        *counts.entry(f.id.clone()).or_default() += 1;
    }
    for f in all.iter_mut().filter(|f| counts[&f.id] > 1) {
        // Files of one name are told apart by their folders and endings.
        let number = f.id.rsplit_once('#').map_or(String::new(), |(_, n)| format!("#{n}"));
        f.id = format!("{}{number}", f.file);
    }
    let mut seen = HashSet::new();
    if let Some(f) = all.iter().find(|f| !seen.insert(f.id.clone())) {
        return Err(Refused::input(format!(
            "{}: the id {:?} occurs twice; ids must differ. Rename one of the files",
            f.file, f.id
        )));
    }
    let mut found = vec![
        ("id".to_owned(), all.iter().map(|f| f.id.clone()).collect::<Vec<_>>()),
        ("file".to_owned(), all.iter().map(|f| f.file.clone()).collect()),
    ];
    if all.iter().any(|f| !f.name.is_empty()) {
        found.push(("title".to_owned(), all.iter().map(|f| f.name.clone()).collect()));
    }
    let wanted = USUAL.iter().map(|u| (*u).to_owned()).chain(keep.iter().map(|k| k.to_lowercase().replace([' ', '/'], "_")));
    for key in wanted {
        let texts: Vec<String> = all
            .iter()
            .map(|f| f.metadata.iter().find(|(k, _)| plain(k) == plain(&key)).map_or(String::new(), |(_, v)| v.clone()))
            .collect();
        if texts.iter().any(|t| !t.is_empty()) && !found.iter().any(|(name, _)| *name == key) {
            found.push((key, texts));
        } else if !USUAL.contains(&key.as_str()) && !found.iter().any(|(name, _)| *name == key) {
            eprintln!("striae: --keep {key}: no file says it");
        }
    }
    if let Some((header, rows)) = table {
        if !all.iter().any(|f| rows.contains_key(&f.id)) {
            let (ours, theirs) = (&all[0].id, rows.keys().min().map_or("", String::as_str));
            return Err(Refused::input(format!(
                "--metadata: none of its ids is one of a spectrum; a spectrum's is {ours:?}, one of the table's is {theirs:?}"
            )));
        }
        let (without, ids) =
            (all.iter().filter(|f| !rows.contains_key(&f.id)).count(), all.iter().map(|f| f.id.as_str()).collect::<HashSet<_>>());
        let strangers = rows.keys().filter(|id| !ids.contains(id.as_str())).count();
        if without + strangers > 0 {
            eprintln!("striae: --metadata: {without} spectra have no row in it, {strangers} of its rows are of no spectrum");
        }
        for (j, name) in header.iter().enumerate().filter(|(_, n)| *n != "id" && !n.is_empty()) {
            let texts = all.iter().map(|f| rows.get(&f.id).and_then(|r| r.get(j)).cloned().unwrap_or_default()).collect();
            found.retain(|(known, _)| known != name);
            found.push((name.clone(), texts));
        }
    }
    Ok(found)
}

/// What curves are to become.
pub struct Asked<'a> {
    pub options: &'a Options,
    pub axis: Option<Vec<f64>>,
    pub table: Option<&'a ById>,
    pub target: &'a Address,
}

pub fn store_curves(
    mut all: Vec<Found<Curve>>,
    asked: Asked<'_>,
    hold: &Hold,
    progress: &Progress,
    left_out: &mut Vec<(String, String)>,
) -> anyhow::Result<usize> {
    let Asked { options, axis: asked, table, target } = asked;
    // One unit for all: what most say, the first of as many. Others are no rows of this collection.
    let unit_of = |f: &Found<Curve>| (f.what.quantity, f.what.unit.clone(), f.what.value_unit.clone());
    let say = |u: &(Quantity, String, String)| {
        let none = |t: &str| if t.is_empty() { "no unit".to_owned() } else { t.to_owned() };
        format!("{} in {}, values in {}", if u.0 == Quantity::Unknown { "x" } else { u.0.name() }, none(&u.1), none(&u.2))
    };
    let mut counts: Vec<((Quantity, String, String), usize)> = Vec::new();
    for unit in all.iter().map(unit_of) {
        match counts.iter_mut().find(|(known, _)| *known == unit) {
            Some((_, n)) => *n += 1,
            None => counts.push((unit, 1)),
        }
    }
    let Some(first) = counts.iter().rev().max_by_key(|(_, n)| *n).map(|(u, _)| u.clone()) else { return Ok(0) };
    all.retain(|f| {
        let same = unit_of(f) == first;
        if !same {
            let why = format!(
                "it has {}, and most have {}; import it apart, or say --unit and --value-unit where files do not",
                say(&unit_of(f)),
                say(&first)
            );
            left_out.push((f.file.clone(), why));
        }
        same
    });
    let how = Interpolation::by_name(&options.interpolate).unwrap_or_default();
    let shared = all.iter().all(|f| Arc::ptr_eq(&all[0].what.axis, &f.what.axis) || same_axis(&all[0].what.axis, &f.what.axis));
    let axis = match asked {
        Some(axis) => axis,
        None if shared => all[0].what.axis.to_vec(),
        None => common(all.iter().map(|f| &f.what.axis[..])).map_err(|e| Refused::input(e.to_string()))?,
    };
    // Whether a curve can be brought to the axis is seen from its own: all that is left out is known before anything is written.
    let mut kept = Vec::new();
    for f in all {
        match covers(&f.what.axis, &axis) {
            Ok(()) => kept.push(f),
            Err(why) => left_out.push((f.file, why.to_string())),
        }
    }
    if kept.is_empty() || (options.strict && !left_out.is_empty()) {
        return Ok(0);
    }
    let unit = Some(first.1).filter(|u| !u.is_empty());
    let resampled = if shared && options.axis.is_none() { "none" } else { how.name() };
    let mut attributes = vec![
        ("made_by".to_owned(), concat!("striae import spectra ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("axis_quantity".to_owned(), first.0.name().to_owned()),
        ("value_unit".to_owned(), kept[0].what.value_unit.clone()),
        ("interpolation".to_owned(), resampled.to_owned()),
    ];
    attributes.retain(|(_, v)| !v.is_empty());
    let width = axis.len();
    let plan = Plan {
        rows: kept.len(),
        width,
        axis: Some((axis.clone(), unit)),
        columns: columns(&mut kept, &options.keep, table)?,
        attributes,
        ..Plan::default()
    };
    let writer = NewCollection::create(target, Element::F64, &plan, options.overwrite)?;
    progress.phase("write", kept.len() as u64);
    let step = (PIECE / (8 * width)).max(1);
    for (n, part) in kept.chunks(step).enumerate() {
        let rows: Vec<Vec<f64>> = part
            .par_iter()
            .map(|f| {
                let values = hold.get(&f.what.values).context("cannot read back what was held beside the output")?;
                resample(&f.what.axis, &values, &axis, how).with_context(|| f.file.clone())
            })
            .collect::<anyhow::Result<_>>()?;
        writer.put(n * step, &Values::F64(rows.concat()))?;
        progress.advance((n * step + part.len()) as u64)?;
    }
    writer.finish()?;
    Ok(kept.len())
}

pub fn store_lists(
    mut all: Vec<Found<Peaks>>,
    hold: &Hold,
    options: &Options,
    table: Option<&ById>,
    target: &Address,
) -> anyhow::Result<usize> {
    let columns = columns(&mut all, &options.keep, table)?;
    if let Some((name, _)) = columns.iter().find(|(name, _)| is_taken(name)) {
        return Err(Refused::input(format!(
            "a column cannot be called {name:?}: the name has a meaning of its own there, or a slash"
        )));
    }
    let n = all.len();
    let group = target.inner.clone().unwrap_or_default();
    let path = |name: &str| format!("{group}/{name}");
    let mut indptr = vec![0_u64];
    for f in &all {
        indptr.push(indptr[indptr.len() - 1] + f.what.count as u64);
    }
    let peaks = indptr[n] as usize;
    let precursors = all.iter().any(|f| f.what.precursor.is_some());
    let longest = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0).max(1);
    let mut layout = Layout::default()
        .group(&group)
        .attribute(&group, "made_by", concat!("striae import spectra ", env!("CARGO_PKG_VERSION")))
        .dataset(&path("indptr"), &[n + 1], Stored::U64)
        .dataset(&path("mz"), &[peaks], Stored::F64)
        .dataset(&path("intensity"), &[peaks], Stored::F64);
    if precursors {
        layout = layout.dataset(&path("precursor_mz"), &[n], Stored::F64);
    }
    for (name, texts) in &columns {
        layout = layout.dataset(&path(name), &[n], Stored::Text(longest(texts)));
    }
    let writer = Writer::extend(&target.file, &layout, options.overwrite)?;
    writer.put(&path("indptr"), 0, &indptr)?;
    for (f, at) in all.iter().zip(&indptr) {
        let numbers = hold.get(&f.what.numbers).context("cannot read back what was held beside the output")?;
        let (mz, intensity) = numbers.split_at(f.what.count);
        writer.put(&path("mz"), *at, mz)?;
        writer.put(&path("intensity"), *at, intensity)?;
    }
    if precursors {
        let found: Vec<f64> = all.iter().map(|f| f.what.precursor.unwrap_or(f64::NAN)).collect();
        writer.put(&path("precursor_mz"), 0, &found)?;
    }
    for (name, texts) in &columns {
        writer.put_texts(&path(name), 0, texts)?;
    }
    writer.finish()?;
    Ok(n)
}
