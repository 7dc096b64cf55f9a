//! `striae model pca`, of any number of rows: by singular values where they fit, else by covariance or subspace iteration in passes.

use super::input::{at_most, base, describe, refused, said};
use super::picture::Picture;
use super::{Borders, Common, Library, Scale, parse_count};
use crate::archive::Address;
use crate::archive::model::{ModelRecord, NewModel, Table};
use crate::archive::write::check_target;
use crate::chemometrics::limits::{Flag, Limits};
use crate::chemometrics::moments::{BLOCK, Moments};
use crate::chemometrics::pca::{Pca, most_components};
use crate::chemometrics::subspace::Subspace;
use crate::chemometrics::{Columns, Model, Scaling, Solver};
use crate::chemometrics::{Mat, MatRef};
use crate::cli::opened::Opened;
use crate::cli::progress::Progress;
use crate::cli::{Refused, Voice, collection, plots, prepare};
use crate::compare::digest::ValuesDigest;
use crate::compare::pieces::pieces;
use crate::compare::{Error, Observer as _, RowSource, bytes};
use crate::matrix::Values;
use crate::spectrum::prepared::Prepared;
use crate::spectrum::transform::Recipe;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// Widest rows whose covariance is formed.
const MOST_COVARIANCE: usize = 4096;
/// Most numbers that are decomposed in memory.
const MOST_SVD: usize = 1 << 24;

/// Principal components, with scores, loadings, T² and Q, their limits, and rows that are extreme or outliers
///
/// Any number of rows: small collections by singular values, larger ones by their covariance in one pass (up to 4096 features), else
/// by subspace iteration in several. Which way depends on the sizes alone, so that the result does not depend on memory.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae model pca archive.h5:/spectra --components 5 --prepare \"snv | savgol(window=15, poly=2, deriv=1)\" -o pca.h5
  striae model pca archive.h5:/profiles --scale autoscale --limits robust -o pca.h5
  striae model apply pca.h5 new.h5:/spectra -o new-scores.h5")]
pub struct Options {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    scale: Scale,
    #[command(flatten)]
    library: Library,
    /// Components; fewer where the rows have no more
    #[arg(long, short = 'a', default_value = "10", value_parser = parse_count)]
    components: usize,
    #[command(flatten)]
    borders: Borders,
    /// How it is computed: auto, svd, covariance, subspace
    #[arg(long, default_value = "auto", value_parser = ["auto", "svd", "covariance", "subspace"])]
    method: String,
    /// Seed of subspace iteration
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[allow(clippy::too_many_lines, reason = "the steps of one command in their order, each a call")]
pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let from = Instant::now();
    let common = &options.common;
    Limits::check(options.borders.alpha, options.borders.gamma).map_err(|e| refused(&e))?;
    let target = Address::parse(&common.output.display().to_string());
    check_target(&target.file, common.overwrite || target.inner.is_some())?;
    let recipe = common.prepare.as_deref().map(Recipe::parse).transpose().map_err(|e| Refused::usage(e.to_string()))?;
    if let Some(folder) = &common.plot {
        plots::folder(folder)?;
    }
    let mut raw = collection::open(&common.input)?;
    if crate::cli::compare::same_file(&raw.address().file, &target.file) {
        return Err(Refused::usage(format!("{}: this is the input; name another output", target.file.display())));
    }
    raw.check_ids()?;
    if let Some(recipe) = &recipe {
        prepare::sensible(&raw, recipe)?;
    }
    let progress = Progress::new(voice.quiet || voice.json);
    let started = collection::now();
    let name = raw.name();
    let ids = raw.ids()?;
    let axis = raw.axis()?;
    let sources = if common.plot.is_some() { raw.source_names()? } else { None };
    let features = raw.features()?;
    let width = raw.width();
    let value_unit = raw.attribute("value_unit").map(str::to_owned);
    let (mut source, fitted) = match &recipe {
        None => (Opened::from(raw), None),
        Some(recipe) => {
            let fitted = Arc::new(prepare::fitted(&mut raw, recipe, &progress)?);
            (Opened::Prepared(Box::new(Prepared::new(raw, fitted.clone(), false)?)), Some(fitted))
        }
    };
    let source = &mut source;
    let (n, d) = (source.rows(), source.width());
    let components = options.components.min(most_components(n, d)).max(1);
    let method = match options.method.as_str() {
        "auto" if n * d <= MOST_SVD => "svd",
        "auto" if d <= MOST_COVARIANCE => "covariance",
        "auto" => "subspace",
        other => other,
    };
    if method == "subspace" && options.library.solver == Solver::Lapack {
        return Err(Refused::usage(
            "--solver lapack decomposes in memory, and block Krylov iteration in passes does not; take --method svd or covariance, or --solver faer",
        ));
    }
    let (n64, d64) = (n as u64, d as u64);
    // Scores, T² and Q of all rows, their ids and flags.
    let of_distances = 8 * n64 * 3 * components as u64 + n64 * 160;
    let needed = (96 << 20)
        + of_distances
        + match method {
            "svd" => 8 * n64 * d64 * 5,
            "covariance" => Moments::bytes(d) + 8 * d64 * d64 * 4,
            _ => Subspace::bytes(d, components),
        }
        + 4 * (BLOCK * d * 8) as u64;
    if needed > common.memory {
        return Err(Refused::usage(format!(
            "--memory {} is too little: PCA of {n} × {d} by {method} needs {}. Give more, or ask for fewer --components",
            bytes(common.memory),
            bytes(needed)
        )));
    }
    let mut digest = ValuesDigest::new(n, d, source.element());
    let (pca, found) = decomposed(options, method, source, components, &mut digest, &progress)?;
    let a = pca.components();
    // A second pass for the scores; distances are kept for their limits.
    let (mut t2, mut q) = (vec![0.0; n * a], vec![0.0; n * a]);
    let mut parts = Model::Pca(pca.clone(), Vec::new()).to_parts();
    let (axis, unit) = axis.map_or((None, None), |(axis, unit)| (Some(axis), unit));
    let axis = axis.filter(|axis| axis.iter().all(|x| x.is_finite()));
    describe(&mut parts, fitted.as_deref(), axis.as_deref(), unit.as_deref(), value_unit.as_deref(), features.as_deref());
    let features = fitted.as_ref().map_or(features, |f| f.names_out().map(<[String]>::to_vec));
    let mut settled = base(common, "pca", Some(&options.scale), Some(&options.library));
    settled.extend(said(&[
        ("components", a.to_string()),
        ("method", method.to_owned()),
        ("limits", options.borders.limits.name().to_owned()),
        ("alpha", options.borders.alpha.to_string()),
        ("gamma", options.borders.gamma.to_string()),
        ("seed", options.seed.to_string()),
    ]));
    settled.extend(found.options);
    let mut record = ModelRecord::new(name, n, width, settled, started);
    record.values_blake3 = match source {
        Opened::Prepared(prepared) => prepared.digest().unwrap_or_default(),
        Opened::Plain(_) => digest.finish(),
    };
    record.warnings = found.warnings;
    progress.phase("scores", n as u64);
    let mut scores = vec![0.0; n * a];
    let mut failed = None;
    each(source, &progress, |start, values| match seen(&pca, values, d) {
        Ok((s, t, e)) => {
            let span = start * a..start * a + s.len();
            scores[span.clone()].copy_from_slice(&s);
            t2[span.clone()].copy_from_slice(&t);
            q[span].copy_from_slice(&e);
        }
        Err(e) => failed = Some(e),
    })?;
    if let Some(e) = failed {
        return Err(refused(&e));
    }
    // Of two rows there is nothing to tell limits of.
    let has_limits = n >= 3;
    let limits = if has_limits {
        let (t2, q) = (MatRef::from_row_major_slice(&t2, n, a), MatRef::from_row_major_slice(&q, n, a));
        crate::chemometrics::limits::limits(&pca, t2, q, options.borders.limits, options.borders.alpha, options.borders.gamma)
            .map_err(|e| refused(&e))?
    } else {
        Vec::new()
    };
    Limits::put(&limits, &mut parts);
    record.model_blake3 = parts.digest();
    if let Some(folder) = &common.plot {
        let picture = Picture {
            pca: &pca,
            limits: limits.last(),
            scores: &scores,
            t2: &t2,
            q: &q,
            ids: ids.as_deref(),
            sources: sources.as_deref(),
            features: features.as_deref(),
        };
        picture.save(folder, &parts)?;
    }
    let flags: Vec<Flag> = limits.last().map_or_else(Vec::new, |limits| {
        let judge = limits.judge(n);
        (0..n).map(|i| judge.flag(t2[i * a + a - 1], q[i * a + a - 1])).collect()
    });
    let shape = vec![n, a];
    let mut tables = vec![
        ("training/scores".to_owned(), Table::Numbers { shape: shape.clone(), values: scores }),
        ("training/t2".to_owned(), Table::Numbers { shape: shape.clone(), values: t2 }),
        ("training/q".to_owned(), Table::Numbers { shape, values: q }),
    ];
    if has_limits {
        tables.push(("training/flag".to_owned(), Table::Texts(flags.iter().map(|f| f.name().to_owned()).collect())));
    }
    if let Some(ids) = &ids {
        tables.push(("training/id".to_owned(), Table::Texts(ids.clone())));
    }
    record.seconds = from.elapsed().as_secs_f64();
    NewModel::create(&target, "pca", Some(&parts), &tables, &record, common.overwrite)?.finish(&record)?;
    progress.clear();
    report(&pca, &limits, &flags, ids.as_deref(), &record, &target, voice);
    Ok(())
}

/// What is told of how axes were found.
#[derive(Default)]
struct Told {
    options: BTreeMap<String, String>,
    warnings: Vec<String>,
}

/// The model, by the way that `method` names, and the digest of rows that are not prepared.
fn decomposed(
    options: &Options,
    method: &str,
    source: &mut Opened,
    components: usize,
    digest: &mut ValuesDigest,
    progress: &Progress,
) -> anyhow::Result<(Pca, Told)> {
    let (scale, solver) = (options.scale.scale, options.library.solver);
    let (n, d) = (source.rows(), source.width());
    let mut told = Told::default();
    let found = match method {
        "svd" => {
            progress.phase("read", n as u64);
            let mut x = Mat::zeros(n, d);
            finite(source, progress, |start, values| {
                digest.add(values);
                (0..values.len()).for_each(|k| x[(start + k / d, k % d)] = values.at(k));
            })?;
            at_most(components, |a| Pca::fit(x.as_ref(), scale, a, solver))
        }
        "covariance" => {
            uncentred(scale)?;
            progress.phase("covary", n as u64);
            let mut moments = Moments::new(d);
            finite(source, progress, |_, values| {
                digest.add(values);
                moments.add(values);
            })?;
            let columns = Columns::from_moments(moments.mean().to_vec(), &moments.variances(), scale);
            let covariance = moments.covariance();
            at_most(components, |a| Pca::from_covariance(columns.clone(), covariance.as_ref(), n, a, solver))
        }
        _ => {
            uncentred(scale)?;
            let (columns, total) = means(source, progress, digest, scale)?;
            let divide: Option<Vec<f64>> = (scale != Scaling::Centre).then(|| columns.divisor.iter().map(|s| 1.0 / s).collect());
            let mut found = Subspace::new(n, columns.mean.clone(), divide, components, options.seed);
            loop {
                progress.phase("axes", n as u64);
                each(source, progress, |_, values| found.add(values))?;
                if found.end_pass() {
                    break;
                }
            }
            let worst = found.residuals.iter().copied().fold(0.0, f64::max);
            told.options.insert("passes".to_owned(), found.passes.to_string());
            told.options.insert("largest_residual".to_owned(), format!("{worst:e}"));
            if worst > crate::chemometrics::subspace::ENOUGH {
                let text = format!("after {} passes an axis is known to {worst:.1e} of the first eigenvalue only", found.passes);
                told.warnings.push(text);
            }
            let few = |a: usize| found.axes.as_ref().subcols(0, a).to_owned();
            at_most(components.min(found.axes.ncols()), |a| {
                Pca::from_axes(columns.clone(), few(a), found.eigenvalues[..a].to_vec(), total, n)
            })
        }
    };
    Ok((found.map_err(|e| refused(&e))?.1, told))
}

/// All rows, block by block, through `look`.
fn each(source: &mut dyn RowSource, progress: &Progress, mut look: impl FnMut(usize, &Values)) -> anyhow::Result<()> {
    let d = source.width();
    // Whole blocks, so that sums do not depend on the pieces.
    let blocks = ((4 << 20) / (BLOCK * d * 8)).max(1);
    pieces(source, blocks * BLOCK, progress, |start, values| {
        look(start, &values);
        progress.progress((start + values.len() / d) as u64);
        Ok::<_, Error>(values)
    })?;
    Ok(())
}

/// The same of the first pass, which refuses the first row that holds NaN or infinity, by its id.
fn finite(source: &mut Opened, progress: &Progress, mut look: impl FnMut(usize, &Values)) -> anyhow::Result<()> {
    let d = source.width();
    let mut bad = None;
    each(source, progress, |start, values| {
        let strange = |v: f64| !v.is_finite();
        let first = match values {
            Values::F32(v) => v.iter().position(|&x| strange(f64::from(x))),
            Values::F64(v) => v.iter().position(|&x| strange(x)),
        };
        if bad.is_none() {
            bad = first.map(|k| (start + k / d, k % d, values.at(k)));
        }
        look(start, values);
    })?;
    let Some((row, feature, value)) = bad else { return Ok(()) };
    let id = source.label(row).map_or(String::new(), |l| format!(" (id {l:?})"));
    Err(Refused::input(format!(
        "{}: row {row}{id}, feature {feature} is {value}; models need finite numbers. Correct the row, or leave it out",
        source.name()
    )))
}

fn uncentred(scale: Scaling) -> anyhow::Result<()> {
    if scale == Scaling::None {
        return Err(Refused::usage(
            "--scale none (no centring) is possible in memory only, with --method svd; take centre, autoscale or pareto",
        ));
    }
    Ok(())
}

/// Means, divisors and total variance, in one pass without a covariance.
fn means(source: &mut Opened, progress: &Progress, digest: &mut ValuesDigest, scale: Scaling) -> anyhow::Result<(Columns, f64)> {
    let (n, d) = (source.rows(), source.width());
    progress.phase("means", n as u64);
    let (mut mean, mut square, mut count) = (vec![0.0; d], vec![0.0; d], 0.0_f64);
    finite(source, progress, |_, values| {
        digest.add(values);
        // Welford's running means (doi:10.1080/00401706.1962.10490022).
        for i in 0..values.len() / d {
            count += 1.0;
            for j in 0..d {
                let x = values.at(i * d + j);
                let off = x - mean[j];
                mean[j] += off / count;
                square[j] += off * (x - mean[j]);
            }
        }
    })?;
    let variance: Vec<f64> = square.iter().map(|s| s / (count - 1.0).max(1.0)).collect();
    let columns = Columns::from_moments(mean, &variance, scale);
    let total = variance.iter().zip(&columns.divisor).map(|(v, s)| v / (s * s)).sum();
    Ok((columns, total))
}

/// Scores, T² and Q of rows, row-major.
type Seen = (Vec<f64>, Vec<f64>, Vec<f64>);

fn seen(pca: &Pca, values: &Values, d: usize) -> Result<Seen, crate::chemometrics::Error> {
    let n = values.len() / d;
    let a = pca.components();
    let parts: Vec<Result<Seen, crate::chemometrics::Error>> = (0..n)
        .step_by(128)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|start| {
            let count = 128.min(n - start);
            let span = start * d..(start + count) * d;
            let flat = values.span(span);
            let x = MatRef::from_row_major_slice(&flat, count, d);
            let seen = pca.project(x)?;
            let flat = |m: &Mat<f64>| (0..count * a).map(|k| m[(k / a, k % a)]).collect::<Vec<_>>();
            Ok((flat(&seen.scores), flat(&seen.t2), flat(&seen.q)))
        })
        .collect();
    let mut all: Seen = (Vec::with_capacity(n * a), Vec::with_capacity(n * a), Vec::with_capacity(n * a));
    for part in parts {
        let (s, t, q) = part?;
        all.0.extend(s);
        all.1.extend(t);
        all.2.extend(q);
    }
    Ok(all)
}

/// A number, or a stroke where there is none.
fn shown(x: f64, digits: usize) -> String {
    if x.is_finite() { format!("{x:.digits$}") } else { "–".into() }
}

fn report(
    pca: &Pca,
    limits: &[Limits],
    flags: &[Flag],
    ids: Option<&[String]>,
    record: &ModelRecord,
    target: &Address,
    voice: Voice,
) {
    let explained = pca.explained();
    let of = |flag: Flag| -> Vec<String> {
        let rows = flags.iter().enumerate().filter(|(_, f)| **f == flag).map(|(i, _)| i);
        rows.map(|i| ids.and_then(|ids| ids.get(i)).cloned().unwrap_or_else(|| format!("row {i}"))).collect()
    };
    let (extreme, outliers) = (of(Flag::Extreme), of(Flag::Outlier));
    if voice.json {
        println!(
            "{}",
            serde_json::json!({
                "model": target.to_string(), "rows": record.rows, "width": record.width, "components": pca.components(),
                "eigenvalues": &pca.eigenvalues[..pca.components()], "explained": explained, "method": record.options.get("method"),
                "extreme": extreme, "outliers": outliers, "seconds": record.seconds, "digest": record.model_blake3,
            })
        );
        return;
    }
    if voice.quiet {
        return;
    }
    println!("modelled  {} × {} by {} in {:.1} s", record.rows, record.width, record.options["method"], record.seconds);
    println!("   component   eigenvalue   explained   together      T² limit       Q limit");
    let mut together = 0.0;
    for (k, share) in explained.iter().enumerate() {
        together += share;
        let (t2, q) = limits.get(k).map_or((f64::NAN, f64::NAN), |l| (l.t2_extreme, l.q_extreme));
        println!(
            "   {:>9} {:>12.5} {:>9.2} % {:>8.2} % {:>13} {:>13}",
            k + 1,
            pca.eigenvalues[k],
            100.0 * share,
            100.0 * together,
            shown(t2, 4),
            shown(q, 5)
        );
    }
    if let Some(last) = limits.last() {
        let how = if last.is_joint() { "T² and Q together" } else { "T² and Q each for itself" };
        println!("judged    by {how} ({}), with {} components", last.rule.name(), pca.components());
    }
    for (what, rows) in [("extreme", extreme), ("outliers", outliers)] {
        if !rows.is_empty() {
            let more = if rows.len() > 12 { format!(" and {} more", rows.len() - 12) } else { String::new() };
            println!("{what:<9} {}{more}", rows.iter().take(12).cloned().collect::<Vec<_>>().join(", "));
        }
    }
    for note in &record.warnings {
        println!("note      {note}");
    }
    println!("stored    {target}");
    println!("digest    {}", record.model_blake3);
}
