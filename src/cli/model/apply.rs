//! `striae model apply`: what a stored model says of new rows, a piece at a time.

use crate::archive::model::{ModelRecord, NewModel, StoredModel, Table};
use crate::archive::write::check_target;
use crate::archive::{Address, Client};
use crate::chemometrics::Mat;
use crate::chemometrics::{Error, Model};
use crate::cli::opened::Opened;
use crate::cli::progress::Progress;
use crate::cli::{Refused, Voice, alike, collection};
use crate::compare::digest::ValuesDigest;
use crate::compare::pieces::pieces;
use crate::compare::{Observer as _, RowSource as _};
use crate::spectrum::prepared::Prepared;
use crate::spectrum::transform::Fitted;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Applies a stored model to new rows: scores and distances, classes, contents
///
/// Preparation, means and limits are those of the training rows. Rows of another width or axis are refused.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  striae model apply pca.h5 new.h5:/spectra -o new-scores.h5\n  striae model apply simca.h5 new.h5:/spectra -o judged.h5"
)]
pub struct Options {
    /// Model: FILE.h5, or FILE.h5:/group
    model: String,
    /// New rows: FILE.h5:/path
    input: String,
    /// Result to write
    #[arg(long, short)]
    output: PathBuf,
    /// Replace it if it is there
    #[arg(long)]
    overwrite: bool,
}

/// Columns that a model gives: name and width, then the numbers of each row side by side; name and most bytes, then a text a row.
struct Said {
    numbers: Vec<(String, usize, Vec<f64>)>,
    texts: Vec<(String, usize, Vec<String>)>,
}

impl Said {
    /// What is stored of `rows` rows of this kind.
    fn tables(&self, rows: usize, ids: Option<Vec<String>>) -> Vec<(String, Table)> {
        let shape = |m: usize| if m == 0 { vec![rows] } else { vec![rows, m] };
        let numbers = self.numbers.iter().map(|(name, m, _)| (name.clone(), Table::Later(shape(*m))));
        let texts = self.texts.iter().map(|(name, longest, _)| (name.clone(), Table::TextsLater(rows, *longest)));
        numbers.chain(texts).chain(ids.map(|ids| ("id".to_owned(), Table::Texts(ids)))).collect()
    }
}

#[allow(clippy::too_many_lines, reason = "the steps of one command in their order, each a call")]
pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let from = Instant::now();
    let address = Address::parse(&options.model);
    let reading = collection::reading()?;
    let stored = StoredModel::open(&address, &reading)?;
    let stored_of = |e: Error| Refused::input(format!("{address}: {e}"));
    let model = Model::from_parts(&stored.parts).map_err(stored_of)?;
    let fitted = stored.parts.texts.get("preparation").map(|json| Fitted::from_json(json)).transpose();
    let fitted = fitted.map_err(|e| Refused::input(format!("{address}: {e}")))?;
    let target = Address::parse(&options.output.display().to_string());
    check_target(&target.file, options.overwrite || target.inner.is_some())?;
    let mut source = collection::open(&options.input)?;
    for (file, what) in [(&address.file, "the model"), (&source.address().file, "the input")] {
        if crate::cli::compare::same_file(file, &target.file) {
            return Err(Refused::usage(format!("{}: this is {what}; name another output", target.file.display())));
        }
    }
    source.check_ids()?;
    let (n, d) = (source.rows(), source.width());
    let expected = fitted.as_ref().map(|f| f.widths().0).or_else(|| model.width());
    if expected != Some(d) {
        return Err(Refused::input(format!(
            "{}: its rows have {d} features and the model is of {}; give it rows measured as those it was made of ({})",
            source.name(),
            expected.unwrap_or(0),
            stored.record.input
        )));
    }
    let axis_in = match &fitted {
        Some(fitted) => fitted.axis_in().map(<[f64]>::to_vec),
        None => stored.parts.arrays.get("axis").map(|a| a.values.clone()),
    };
    let unit = stored.parts.texts.get("axis_unit").map(String::as_str);
    alike::same_values(&source, stored.parts.texts.get("value_unit").map(String::as_str))?;
    alike::same_axes(&mut source, axis_in.as_deref(), unit, "the model", false)?;
    let names = match &fitted {
        Some(fitted) => fitted.names_in().map(<[String]>::to_vec),
        None if stored.parts.texts.contains_key("features") => Some(stored.parts.list("features").map_err(stored_of)?),
        None => None,
    };
    alike::same_features(&mut source, names.as_deref())?;
    let progress = Progress::new(voice.quiet || voice.json);
    let started = collection::now();
    let mut ids = source.ids()?;
    progress.phase("apply", n as u64);
    let kind = stored.parts.text("kind").map_err(stored_of)?.to_owned();
    let mut digest = ValuesDigest::new(n, d, source.element());
    let mut source = match fitted {
        Some(fitted) => Opened::Prepared(Box::new(Prepared::new(source, Arc::new(fitted), false)?)),
        None => Opened::from(source),
    };
    let applied = BTreeMap::from([("applied".to_owned(), address.to_string())]);
    let mut record = ModelRecord::new(source.name(), n, d, applied, started);
    record.model_blake3.clone_from(&stored.record.model_blake3);
    // What is said of the first rows tells what is to be stored of all.
    let mut file: Option<NewModel> = None;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (name, e) = (source.name(), source.width());
    let plain = matches!(source, Opened::Plain(_));
    pieces(&mut source, ((8 << 20) / (e.max(d) * 8)).max(1), &progress, |start, values| {
        if plain {
            digest.add(&values);
        }
        let rows = values.len() / e;
        let x = Mat::from_fn(rows, e, |i, j| values.at(i * e + j));
        let said =
            says(&model, &stored, &x).map_err(|e| Refused::input(format!("{name}, rows {start} to {}: {e}", start + rows)))?;
        let file = match &mut file {
            Some(file) => file,
            none => {
                let mut tables = said.tables(n, ids.take());
                tables.extend(names_of(&model, &stored).map_err(stored_of)?);
                none.insert(NewModel::create(&target, &kind, None, &tables, &record, options.overwrite)?)
            }
        };
        for (name, m, numbers) in &said.numbers {
            file.put(name, start * (*m).max(1), numbers)?;
        }
        for (name, _, texts) in &said.texts {
            file.put_texts(name, start, texts)?;
        }
        if let Some((_, _, texts)) = said.texts.first() {
            for t in texts {
                *counts.entry(if t.is_empty() { "none".into() } else { t.clone() }).or_default() += 1;
            }
        }
        progress.progress((start + rows) as u64);
        Ok::<_, anyhow::Error>(values)
    })?;
    record.values_blake3 = match &mut source {
        Opened::Prepared(prepared) => prepared.digest().unwrap_or_default(),
        Opened::Plain(_) => digest.finish(),
    };
    record.seconds = from.elapsed().as_secs_f64();
    let Some(file) = file else { return Err(Refused::input(format!("{name}: it has no rows"))) };
    file.finish(&record)?;
    progress.clear();
    if voice.json {
        println!(
            "{}",
            serde_json::json!({ "output": target.to_string(), "rows": n, "model": kind, "counts": counts, "seconds": record.seconds })
        );
    } else if !voice.quiet {
        println!("applied   {kind} of {} × {} to {n} rows in {:.1} s", stored.record.rows, stored.record.width, record.seconds);
        if !counts.is_empty() {
            println!("rows      {}", counts.iter().map(|(k, n)| format!("{k} {n}")).collect::<Vec<_>>().join(", "));
        }
        println!("stored    {target}");
    }
    drop(Client::open(&target.file, &reading)?);
    Ok(())
}

fn flat(m: &Mat<f64>) -> Vec<f64> {
    let d = m.ncols();
    (0..m.nrows() * d).map(|k| m[(k / d.max(1), k % d.max(1))]).collect()
}

/// What the columns of its answers mean: classes, in the order of memberships, ratios and shares; responses, in that of predictions.
fn names_of(model: &Model, stored: &StoredModel) -> Result<Option<(String, Table)>, Error> {
    let classes = |names: Vec<String>| Some(("classes".to_owned(), Table::Texts(names)));
    Ok(match model {
        Model::PlsDa(m) => classes(m.classes.clone()),
        Model::Lda(m) => classes(m.classes.clone()),
        Model::Knn(m) => classes(m.classes.clone()),
        Model::Simca(m) => classes(m.classes.iter().map(|c| c.name.clone()).collect()),
        Model::Regression(_) => Some(("responses".to_owned(), Table::Texts(stored.parts.list("responses")?))),
        _ => None,
    })
}

fn longest(classes: &[String]) -> usize {
    classes.iter().map(String::len).max().unwrap_or(0)
}

fn named(classes: &[String], of: &[Option<usize>]) -> Vec<String> {
    of.iter().map(|c| c.and_then(|c| classes.get(c)).cloned().unwrap_or_default()).collect()
}

/// What the model says of prepared rows.
fn says(model: &Model, stored: &StoredModel, x: &Mat<f64>) -> Result<Said, Error> {
    let x = x.as_ref();
    let matrix = |name: &str, m: &Mat<f64>| (name.to_owned(), m.ncols(), flat(m));
    let vector = |name: &str, v: Vec<f64>| (name.to_owned(), 0, v);
    let mut said = Said { numbers: Vec::new(), texts: Vec::new() };
    match model {
        Model::Pca(pca, limits) => {
            let seen = pca.project(x)?;
            let last = pca.components() - 1;
            if let Some(limits) = limits.last() {
                let rows = stored.record.rows;
                let judge = limits.judge(rows);
                let flags = (0..x.nrows()).map(|i| judge.flag(seen.t2[(i, last)], seen.q[(i, last)]).name().to_owned());
                said.texts.push(("flag".into(), 8, flags.collect()));
            }
            said.numbers.extend([matrix("scores", &seen.scores), matrix("t2", &seen.t2), matrix("q", &seen.q)]);
        }
        Model::Regression(m) => {
            let seen = m.see(x)?;
            said.numbers.push(matrix("predicted", &m.predict(x, m.components())?));
            said.numbers.extend([matrix("scores", &seen.scores), matrix("t2", &seen.t2), matrix("q", &seen.q)]);
        }
        Model::Opls(m) => {
            let seen = m.see(x)?;
            said.numbers.extend([
                vector("predicted", seen.predicted),
                vector("score", seen.score),
                matrix("orthogonal", &seen.orthogonal),
            ]);
            said.numbers.retain(|(_, _, v)| !v.is_empty());
        }
        Model::PlsDa(m) => {
            let found = m.predict(x, m.regression.components())?;
            said.texts.push((
                "class".into(),
                longest(&m.classes),
                named(&m.classes, &crate::chemometrics::plsda::largest(found.as_ref())),
            ));
            let seen = m.regression.see(x)?;
            said.numbers.extend([
                matrix("membership", &found),
                matrix("scores", &seen.scores),
                matrix("t2", &seen.t2),
                matrix("q", &seen.q),
            ]);
        }
        Model::Lda(m) => {
            let found = m.predict(x)?;
            said.texts.push((
                "class".into(),
                longest(&m.classes),
                named(&m.classes, &crate::chemometrics::plsda::largest(found.as_ref())),
            ));
            said.numbers.extend([matrix("posterior", &found), matrix("coordinates", &m.project(x)?)]);
        }
        Model::Knn(m) => {
            let votes = m.predict(x)?;
            said.texts.push(("class".into(), longest(&m.classes), votes.iter().map(|v| m.classes[v.class].clone()).collect()));
            said.numbers.push(("shares".into(), m.classes.len(), votes.iter().flat_map(|v| v.shares.clone()).collect()));
            said.numbers.push(vector("nearest", votes.iter().map(|v| v.nearest).collect()));
        }
        Model::Simca(m) => {
            let judged = m.judge(x)?;
            // All classes that accept a row, the clearest first.
            let accepted = judged.iter().map(|row| {
                let mut all: Vec<(f64, &str)> =
                    row.iter().zip(&m.classes).filter(|(j, _)| j.accepted()).map(|(j, c)| (j.ratio, c.name.as_str())).collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0));
                all.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join("; ")
            });
            let most = m.classes.iter().map(|c| c.name.len() + 2).sum();
            said.texts.push(("accepted".into(), most, accepted.collect()));
            let g = m.classes.len();
            let each = |f: fn(&crate::chemometrics::simca::Judged) -> f64| judged.iter().flatten().map(f).collect::<Vec<_>>();
            said.numbers.extend([
                ("ratio".into(), g, each(|j| j.ratio)),
                ("t2".into(), g, each(|j| j.t2)),
                ("q".into(), g, each(|j| j.q)),
            ]);
        }
        Model::Mcr(m) => {
            let (contents, lack) = m.resolve(x)?;
            said.numbers.extend([matrix("contents", &contents), vector("lack_of_fit", lack)]);
        }
        Model::Hca(_) => return Err(Error::Option("a tree says nothing of new rows".into())),
    }
    Ok(said)
}
