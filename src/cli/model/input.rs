//! The rows that a model is made of, in memory, raw and prepared; and what is stored of a finished model.

use super::{Common, Library, Scale, Validation};
use crate::archive::model::{ModelRecord, NewModel, Table, texts_digest};
use crate::archive::write::check_target;
use crate::archive::{Address, Collection};
use crate::chemometrics::Mat;
use crate::chemometrics::columns::rows_of;
use crate::chemometrics::validate::{Plan, p_value, permuted};
use crate::chemometrics::{Error as Fault, Parts};
use crate::cli::progress::Progress;
use crate::cli::{Refused, Voice, collection};
use crate::compare::digest::ValuesDigest;
use crate::compare::{Observer as _, RowSource as _, bytes};
use crate::spectrum::transform::{Fitted, Recipe};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::time::Instant;

/// Bytes that the program takes before any row.
const BASE: u64 = 64 << 20;
/// Copies of the rows that one fit takes at most.
const FIT: u64 = 9;

/// Rows in memory.
pub struct Material {
    pub source: Collection,
    pub raw: Mat<f64>,
    pub axis: Option<Vec<f64>>,
    pub unit: Option<String>,
    /// Names of the features, where they have names.
    pub features: Option<Vec<String>>,
    pub ids: Option<Vec<String>>,
    /// Digests of the columns that were used.
    used: BTreeMap<String, String>,
    /// As many threads as there may be fits at a time.
    pub pool: rayon::ThreadPool,
    pub recipe: Option<Recipe>,
    pub pictures: Option<std::path::PathBuf>,
    pub digest: String,
    pub target: Address,
    pub progress: Progress,
    started: String,
    from: Instant,
}

/// How rows are divided for validation.
pub struct Division {
    pub plan: Plan,
    pub groups: Option<Vec<String>>,
    pub folds: Vec<Vec<usize>>,
}

/// In words for the person who asked.
pub fn refused(error: &Fault) -> anyhow::Error {
    match error {
        Fault::Option(_) | Fault::Components { .. } => Refused::usage(error.to_string()),
        Fault::Numerics { .. } => anyhow::anyhow!("{error}"),
        _ => Refused::input(error.to_string()),
    }
}

/// The same of a fault in validation, where counts are of the rows that a fold leaves to fit on.
pub fn in_folds(error: &Fault, plan: &Plan, folds: usize) -> anyhow::Error {
    match error {
        Fault::FewInClass { .. } | Fault::OneClass { .. } | Fault::FewRows { .. } | Fault::Components { .. } => {
            Refused::input(format!(
                "on the rows that one of {folds} folds of validation ({}) leaves to fit on: {error}. Another --validate may divide them so that enough are left",
                plan.name()
            ))
        }
        other => refused(other),
    }
}

impl Material {
    /// Opens and reads the rows.
    pub fn open(common: &Common, voice: Voice) -> anyhow::Result<Self> {
        let from = Instant::now();
        let recipe = common.prepare.as_deref().map(Recipe::parse).transpose().map_err(|e| Refused::usage(e.to_string()))?;
        let target = Address::parse(&common.output.display().to_string());
        check_target(&target.file, common.overwrite || target.inner.is_some())?;
        if let Some(folder) = &common.plot {
            crate::cli::plots::folder(folder)?;
        }
        let mut source = collection::open(&common.input)?;
        if crate::cli::compare::same_file(&source.address().file, &target.file) {
            return Err(Refused::usage(format!("{}: this is the input; name another output", target.file.display())));
        }
        source.check_ids()?;
        if let Some(recipe) = &recipe {
            crate::cli::prepare::sensible(&source, recipe)?;
        }
        let (n, d) = (source.rows(), source.width());
        // The rows as f64, and what a fit takes besides: rows of a fold, prepared, centred, decomposed. Folds run side by side as far as
        // memory allows.
        let whole = 8 * (n as u64) * (d as u64);
        let needed = BASE + whole + FIT * whole;
        if needed > common.memory {
            return Err(Refused::usage(format!(
                "--memory {} is too little: this model of {n} × {d} needs {} in memory. Give more, or prepare fewer features (keep, bin), or model fewer rows",
                bytes(common.memory),
                bytes(needed)
            )));
        }
        let side_by_side = (common.memory - BASE - whole) / (FIT * whole).max(1);
        let threads = usize::try_from(side_by_side).unwrap_or(usize::MAX).clamp(1, rayon::current_num_threads());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let progress = Progress::new(voice.quiet || voice.json);
        progress.phase("read", n as u64);
        let mut digest = ValuesDigest::new(n, d, source.element());
        let mut raw = Mat::zeros(n, d);
        let step = ((8 << 20) / (d * 8)).max(1);
        for start in (0..n).step_by(step) {
            let end = (start + step).min(n);
            let values = source.read(start..end).map_err(crate::compare::Error::from)?;
            digest.add(&values);
            for i in start..end {
                for j in 0..d {
                    raw[(i, j)] = values.at((i - start) * d + j);
                }
            }
            progress.advance(end as u64)?;
        }
        let ids = source.ids()?;
        let features = source.features()?;
        let axis = source.axis()?;
        let unit = axis.as_ref().and_then(|(_, unit)| unit.clone());
        let axis = axis.map(|(a, _)| a).filter(|a| a.iter().all(|x| x.is_finite()));
        for i in 0..n {
            if let Some(j) = (0..d).find(|&j| !raw[(i, j)].is_finite()) {
                let id = source.label(i).map_or(String::new(), |l| format!(" (id {l:?})"));
                return Err(Refused::input(format!(
                    "{}: row {i}{id}, feature {j} is {}; models need finite numbers. Correct the row, or leave it out",
                    source.name(),
                    raw[(i, j)]
                )));
            }
        }
        Ok(Self {
            source,
            raw,
            axis,
            unit,
            features,
            ids,
            used: BTreeMap::new(),
            pool,
            pictures: common.plot.clone(),
            recipe,
            digest: digest.finish(),
            target,
            progress,
            started: collection::now(),
            from,
        })
    }

    /// The recipe as it learns of some rows; `None` where there is none.
    pub fn learn(&self, rows: &[usize]) -> Result<Option<Fitted>, Fault> {
        let Some(recipe) = &self.recipe else { return Ok(None) };
        let d = self.raw.ncols();
        let flat: Vec<f64> = rows.iter().flat_map(|&i| (0..d).map(move |j| (i, j))).map(|(i, j)| self.raw[(i, j)]).collect();
        recipe
            .fit_named(self.axis.as_deref(), self.features.as_deref(), &mut (&flat[..], d))
            .map(Some)
            .map_err(|e| self.unprepared(e, rows))
    }

    /// Why rows could not be prepared; `rows` says where they stand in the collection.
    fn unprepared(&self, error: crate::spectrum::transform::Error, rows: &[usize]) -> Fault {
        use crate::spectrum::transform::Error as Why;
        match error {
            Why::Row { row, step, why } => {
                let row = rows.get(row).copied().unwrap_or(row);
                let id = self.ids.as_ref().and_then(|ids| ids.get(row)).map_or(String::new(), |id| format!(" (id {id:?})"));
                Fault::Prepare(format!("row {row}{id}: {step}: {why}"))
            }
            Why::Recipe(text) => Fault::Option(format!("--prepare: {text}")),
            other => Fault::Prepare(other.to_string()),
        }
    }

    /// Some rows as a fitted recipe makes them.
    pub fn prepared(&self, rows: &[usize], fitted: Option<&Fitted>) -> Result<Mat<f64>, Fault> {
        let Some(fitted) = fitted else { return Ok(rows_of(self.raw.as_ref(), rows)) };
        let d = self.raw.ncols();
        let found: Vec<Result<Vec<f64>, _>> = rows
            .par_iter()
            .enumerate()
            .map(|(at, &i)| fitted.prepare(at, &(0..d).map(|j| self.raw[(i, j)]).collect::<Vec<_>>()))
            .collect();
        let found = found.into_iter().collect::<Result<Vec<_>, _>>().map_err(|e| self.unprepared(e, rows))?;
        Ok(Mat::from_fn(found.len(), fitted.widths().1, |i, j| found[i][j]))
    }

    /// One text a row, which becomes part of what the model is made of.
    pub fn labels(&mut self, column: &str) -> anyhow::Result<Vec<String>> {
        let texts = self.source.texts_of(column)?;
        self.used.insert(column.to_owned(), texts_digest(&texts));
        Ok(texts)
    }

    /// One number a row.
    pub fn numbers(&mut self, column: &str) -> anyhow::Result<Vec<f64>> {
        let texts = self.labels(column)?;
        let name = self.source.name();
        texts
            .iter()
            .enumerate()
            .map(|(row, text)| {
                text.trim().parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| {
                    Refused::input(format!(
                        "{name}: {column} of row {row} is {text:?}; a response is a finite number in every row"
                    ))
                })
            })
            .collect()
    }

    /// Groups of rows, and how validation divides them.
    pub fn folds(&mut self, validation: &Validation) -> anyhow::Result<Division> {
        let groups = match &validation.group {
            Some(column) => Some(self.labels(column)?),
            None => self.source.exhibit_names()?,
        };
        if let (None, Some(groups)) = (&validation.group, &groups) {
            self.used.insert("exhibit".into(), texts_digest(groups));
        }
        let column = validation.group.as_deref().unwrap_or("exhibit");
        let n = self.raw.nrows();
        let several = groups.as_ref().is_some_and(|g| {
            let different: std::collections::HashSet<&String> = g.iter().collect();
            different.len() > 1 && different.len() < n
        });
        let plan = validation.validate.unwrap_or(match (several, n) {
            (true, _) => Plan::Grouped,
            (false, ..=50) => Plan::LeaveOneOut,
            (false, _) => Plan::Venetian(10),
        });
        if several && plan != Plan::Grouped {
            self.progress.warn(&format!(
                "rows of one {column} are in several folds of {}; what is found is too good. --validate grouped keeps them together",
                plan.name()
            ));
        }
        if validation.group.is_some() && !several {
            return Err(Refused::input(format!(
                "--group {column}: it has one value in all rows, or another one in each; there is nothing that it could keep together"
            )));
        }
        let folds = plan.folds(n, groups.as_deref(), validation.seed).map_err(|e| refused(&e))?;
        Ok(Division { plan, groups, folds })
    }

    /// Stores a model with its preparation and axis, and tables of the training rows.
    pub fn store(
        &mut self,
        mut parts: Parts,
        fitted: Option<&Fitted>,
        options: BTreeMap<String, String>,
        mut tables: Vec<(String, Table)>,
        overwrite: bool,
    ) -> anyhow::Result<ModelRecord> {
        let value_unit = self.source.attribute("value_unit");
        describe(&mut parts, fitted, self.axis.as_deref(), self.unit.as_deref(), value_unit, self.features.as_deref());
        if let Some(ids) = &self.ids {
            tables.push(("training/id".into(), Table::Texts(ids.clone())));
        }
        let (rows, width) = (self.raw.nrows(), self.raw.ncols());
        let mut record = ModelRecord::new(self.source.name(), rows, width, options, self.started.clone());
        record.values_blake3.clone_from(&self.digest);
        record.columns_blake3.clone_from(&self.used);
        record.seconds = self.from.elapsed().as_secs_f64();
        record.model_blake3 = parts.digest();
        let kind = parts.texts.get("kind").cloned().unwrap_or_default();
        NewModel::create(&self.target, &kind, Some(&parts), &tables, &record, overwrite)?.finish(&record)?;
        self.progress.clear();
        Ok(record)
    }
}

/// What must be the same of rows that the model is applied to: how they are prepared, on which axis, in which units, of which features.
pub fn describe(
    parts: &mut Parts,
    fitted: Option<&Fitted>,
    axis: Option<&[f64]>,
    unit: Option<&str>,
    value_unit: Option<&str>,
    features: Option<&[String]>,
) {
    if let Some(fitted) = fitted {
        parts.put_text("preparation", &fitted.to_json());
    }
    if let Some(axis) = fitted.map_or(axis, Fitted::axis_out) {
        parts.put_numbers("axis", axis);
    }
    for (name, text) in [("axis_unit", unit), ("value_unit", value_unit)] {
        if let Some(text) = text {
            parts.put_text(name, text);
        }
    }
    if let Some(features) = fitted.map_or(features, Fitted::names_out) {
        parts.put_list("features", features);
    }
}

/// A matrix as a table.
pub fn table(m: &Mat<f64>) -> Table {
    let values = (0..m.nrows()).flat_map(|i| (0..m.ncols()).map(move |j| (i, j))).map(|(i, j)| m[(i, j)]).collect();
    Table::Numbers { shape: vec![m.nrows(), m.ncols()], values }
}

/// Numbers as a table.
pub fn column(values: Vec<f64>) -> Table {
    Table::Numbers { shape: vec![values.len()], values }
}

/// Name and value, for the record.
pub fn said(pairs: &[(&str, String)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect()
}

pub fn all_rows(material: &Material) -> Vec<usize> {
    (0..material.raw.nrows()).collect()
}

/// What every model records of its options.
pub fn base(common: &Common, model: &str, scale: Option<&Scale>, library: Option<&Library>) -> BTreeMap<String, String> {
    let mut options = said(&[("model", model.to_owned()), ("prepare", common.prepare.clone().unwrap_or_default())]);
    options.extend(scale.map(|s| ("scale".to_owned(), s.scale.name().to_owned())));
    options.extend(library.map(|l| ("solver".to_owned(), l.solver.name().to_owned())));
    options
}

/// Says what was made.
pub fn finish(record: &ModelRecord, material: &Material, lines: &[String], json: serde_json::Value, voice: Voice) {
    if voice.json {
        let mut all = serde_json::json!({
            "model": material.target.to_string(), "rows": record.rows, "width": record.width, "options": record.options,
            "seconds": record.seconds, "digest": record.model_blake3,
        });
        if let (Some(all), serde_json::Value::Object(more)) = (all.as_object_mut(), json) {
            all.extend(more);
        }
        println!("{all}");
    } else if !voice.quiet {
        println!("modelled  {} × {} in {:.1} s", record.rows, record.width, record.seconds);
        for l in lines {
            println!("{l}");
        }
        if let Some(folder) = &material.pictures {
            println!("pictures  {}", folder.display());
        }
        println!("stored    {}", material.target);
        println!("digest    {}", record.model_blake3);
    }
}

/// Random orders that are tried in the place of one with which no model can be made (a class that a fold leaves empty).
const AGAIN: u64 = 20;

/// p of what validation found, under random orders of what is to be found: `statistic` repeats all of the validation, the choice of components
/// too, with labels, and answers what is larger for better models. One order after another, each with its folds side by side.
pub fn permutation(
    validation: &Validation,
    groups: Option<&[String]>,
    labels: &[String],
    found: f64,
    statistic: &dyn Fn(&[String]) -> Result<f64, Fault>,
) -> Result<Option<f64>, Fault> {
    let count = validation.permutations as u64;
    if count == 0 {
        return Ok(None);
    }
    let mut others = Vec::new();
    for round in 0..count {
        let mut again = 0;
        others.push(loop {
            match statistic(&permuted(labels, groups, validation.seed, round + again * count)) {
                Err(Fault::FewInClass { .. } | Fault::OneClass { .. } | Fault::Numerics { .. } | Fault::Components { .. })
                    if again < AGAIN =>
                {
                    again += 1;
                }
                other => break other?,
            }
        });
    }
    Ok(Some(p_value(found, &others)))
}

/// The most components up to `wanted` that `fit` can make, and what it makes.
pub fn at_most<T>(wanted: usize, fit: impl Fn(usize) -> Result<T, Fault>) -> Result<(usize, T), Fault> {
    let mut a = wanted.max(1);
    loop {
        match fit(a) {
            Err(Fault::Components { most, .. }) if (1..a).contains(&most) => a = most,
            other => return Ok((a, other?)),
        }
    }
}

/// The test in a line.
pub fn permutation_line(p: f64, validation: &Validation, groups: bool) -> String {
    let of = if groups { "groups or rows" } else { "rows" };
    format!("permutation test p = {p:.4} ({} orders of {of})", validation.permutations)
}
