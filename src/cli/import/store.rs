//! Spectra that were read, as a collection: one unit, one axis, and columns of what files and a table of metadata say of them.

use super::hold::{Held, Hold};
use super::known::{ById, Found, columns};
use super::spectra::Options;
use crate::archive::new_collection::{Plan, is_taken};
use crate::archive::{Address, Kind as Stored, Layout, NewCollection, Writer};
use crate::cli::Refused;
use crate::cli::making::{self, Making};
use crate::cli::progress::Progress;
use crate::compare::Observer as _;
use crate::matrix::{Element, Values};
use crate::spectrum::read::Quantity;
use crate::spectrum::resample::{Interpolation, common, covers, resample, same_axis};
use anyhow::Context as _;
use rayon::prelude::*;
use std::sync::Arc;

/// Bytes of rows that are written together.
const PIECE: usize = 8 << 20;

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

/// What curves are to become.
pub struct Asked<'a> {
    pub options: &'a Options,
    pub axis: Option<Vec<f64>>,
    pub table: Option<&'a ById>,
    pub target: &'a Address,
    pub making: Making,
}

pub fn store_curves(
    mut all: Vec<Found<Curve>>,
    asked: Asked<'_>,
    hold: &Hold,
    progress: &Progress,
    failed: usize,
    left_out: &mut Vec<(String, String)>,
) -> anyhow::Result<usize> {
    let Asked { options, axis: asked, table, target, mut making } = asked;
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
        later: vec![(making::NAME.into(), making.room())],
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
    making.say("left_out", failed + left_out.len());
    writer.note(making::NAME, &making.text())?;
    writer.finish()?;
    Ok(kept.len())
}

pub fn store_lists(
    mut all: Vec<Found<Peaks>>,
    hold: &Hold,
    options: &Options,
    table: Option<&ById>,
    target: &Address,
    making: &Making,
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
    layout = layout.dataset(&path(making::NAME), &[1], Stored::Text(making.room()));
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
    writer.put_texts(&path(making::NAME), 0, &[&making.text()])?;
    writer.finish()?;
    Ok(n)
}
