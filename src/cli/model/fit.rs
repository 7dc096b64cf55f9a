//! `striae model pls|plsda|opls|lda|knn|simca|hca|mcr`: models that are made in memory, with their validation.

use super::input::{Division, Material, column, refused, said, table};
use super::{Common, Validation, parse_distance, parse_linkage, parse_method, parse_rule};
use crate::archive::model::{ModelRecord, Table};
use crate::chemometrics::Mat;
use crate::chemometrics::classes::Classes;
use crate::chemometrics::confusion::Confusion;
use crate::chemometrics::hca::{Linkage, Tree};
use crate::chemometrics::knn::{Distance, Knn as KnnModel};
use crate::chemometrics::lda::{Lda as LdaModel, Priors};
use crate::chemometrics::limits::Rule;
use crate::chemometrics::mcr::Mcr as McrModel;
use crate::chemometrics::opls::Opls as OplsModel;
use crate::chemometrics::plsda::{PlsDa as PlsDaModel, largest};
use crate::chemometrics::regression::{Method, Options as RegressionOptions, Regression as RegressionModel, quality};
use crate::chemometrics::simca::{Options as SimcaOptions, Simca as SimcaModel};
use crate::chemometrics::validate::{across, p_value, permuted};
use crate::chemometrics::{Error, Model};
use crate::cli::{Refused, Voice, plots};
use crate::compare::RowSource as _;
use crate::report::plot::{self, Dendrogram, ErrorCurve, Figure, Merge, Predictions};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Regression of a content on spectra: PLS (SIMPLS, NIPALS) or PCR
#[derive(Debug, clap::Args)]
pub struct Regression {
    #[command(flatten)]
    common: Common,
    /// Column of numbers beside the values that is to be predicted; several with commas
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', required = true)]
    response: Vec<String>,
    /// Most components that are tried; how many are kept is chosen by validation
    #[arg(long, short = 'a', default_value_t = 10)]
    components: usize,
    /// Keep all of them and choose none
    #[arg(long)]
    all: bool,
    /// simpls, nipals, pcr
    #[arg(long, default_value = "simpls", value_parser = parse_method)]
    method: Method,
    #[command(flatten)]
    validation: Validation,
}

/// Classes by PLS discriminant analysis
#[derive(Debug, clap::Args)]
pub struct PlsDa {
    #[command(flatten)]
    common: Common,
    /// Column of class names beside the values
    #[arg(long, default_value = "source", value_name = "COLUMN")]
    class: String,
    /// Most components that are tried; how many are kept is chosen by validation
    #[arg(long, short = 'a', default_value_t = 10)]
    components: usize,
    /// Keep all of them and choose none
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    validation: Validation,
}

/// One content by orthogonal PLS
#[derive(Debug, clap::Args)]
pub struct Opls {
    #[command(flatten)]
    common: Common,
    /// Column of numbers beside the values that is to be predicted
    #[arg(long, value_name = "COLUMN")]
    response: String,
    /// Orthogonal components that are taken out
    #[arg(long, default_value_t = 1)]
    orthogonal: usize,
    #[command(flatten)]
    validation: Validation,
}

/// Classes by linear discriminants of principal component scores
#[derive(Debug, clap::Args)]
pub struct Lda {
    #[command(flatten)]
    common: Common,
    /// Column of class names beside the values
    #[arg(long, default_value = "source", value_name = "COLUMN")]
    class: String,
    /// Most components that are tried; how many are kept is chosen by validation
    #[arg(long, short = 'a', default_value_t = 10)]
    components: usize,
    /// Keep all of them and choose none
    #[arg(long)]
    all: bool,
    /// What is known of classes beforehand: equal, shares (of the training rows)
    #[arg(long, default_value = "equal", value_parser = ["equal", "shares"])]
    priors: String,
    #[command(flatten)]
    validation: Validation,
}

/// Classes by the k nearest neighbours
#[derive(Debug, clap::Args)]
pub struct Knn {
    #[command(flatten)]
    common: Common,
    /// Column of class names beside the values
    #[arg(long, default_value = "source", value_name = "COLUMN")]
    class: String,
    /// Neighbours
    #[arg(long, short, default_value_t = 1)]
    k: usize,
    /// euclidean, manhattan, cosine, correlation
    #[arg(long, default_value = "euclidean", value_parser = parse_distance)]
    distance: Distance,
    #[command(flatten)]
    validation: Validation,
}

/// Is a row of a class at all? One PCA a class, with limits
#[derive(Debug, clap::Args)]
pub struct Simca {
    #[command(flatten)]
    common: Common,
    /// Column of class names beside the values
    #[arg(long, default_value = "source", value_name = "COLUMN")]
    class: String,
    /// Only these classes are modelled
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    target: Vec<String>,
    /// Components of each class
    #[arg(long, short = 'a', default_value_t = 3)]
    components: usize,
    /// Limits: moments and robust (DD-SIMCA), classic, chi2
    #[arg(long, default_value = "moments", value_parser = parse_rule)]
    limits: Rule,
    /// Share of a class's own rows that it does not accept
    #[arg(long, default_value_t = 0.05)]
    alpha: f64,
    /// Chance that any good row is called an outlier
    #[arg(long, default_value_t = 0.01)]
    gamma: f64,
    #[command(flatten)]
    validation: Validation,
}

/// Groups by hierarchical clustering
#[derive(Debug, clap::Args)]
pub struct Hca {
    #[command(flatten)]
    common: Common,
    /// euclidean, manhattan, cosine, correlation
    #[arg(long, default_value = "euclidean", value_parser = parse_distance)]
    distance: Distance,
    /// average, single, complete, weighted, ward, centroid, median
    #[arg(long, default_value = "average", value_parser = parse_linkage)]
    linkage: Linkage,
    /// Number of clusters that are stored
    #[arg(long, conflicts_with = "height")]
    clusters: Option<usize>,
    /// Height below which rows are of one cluster
    #[arg(long)]
    height: Option<f64>,
}

/// Pure spectra and contents of mixtures, none of them negative (MCR-ALS)
#[derive(Debug, clap::Args)]
pub struct Mcr {
    #[command(flatten)]
    common: Common,
    /// Pure spectra
    #[arg(long, short = 'a')]
    components: usize,
    /// Contents of each row sum to one
    #[arg(long)]
    closure: bool,
}

fn all_rows(material: &Material) -> Vec<usize> {
    (0..material.raw.nrows()).collect()
}

fn base(common: &Common, model: &str) -> BTreeMap<String, String> {
    said(&[
        ("model", model.to_owned()),
        ("scale", common.scale.name().to_owned()),
        ("solver", common.solver.name().to_owned()),
        ("prepare", common.prepare.clone().unwrap_or_default()),
    ])
}

fn finish(record: &ModelRecord, material: &Material, lines: &[String], json: serde_json::Value, voice: Voice) {
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
        println!("stored    {}", material.target);
        println!("digest    {}", record.model_blake3);
    }
}

pub fn regression(o: &Regression, voice: Voice) -> anyhow::Result<()> {
    let mut material = Material::open(&o.common, voice)?;
    let n = material.raw.nrows();
    let columns: Vec<Vec<f64>> = o.response.iter().map(|c| material.numbers(c)).collect::<anyhow::Result<_>>()?;
    let y = Mat::from_fn(n, columns.len(), |i, j| columns[j][i]);
    let Division { plan, folds, .. } = material.folds(&o.validation)?;
    let least = folds.iter().map(Vec::len).max().unwrap_or(0);
    let most = o.components.min(n.saturating_sub(least + 1)).max(1);
    let options = |a: usize| RegressionOptions {
        method: o.method,
        components: a,
        x: o.common.scale,
        y: crate::chemometrics::Scaling::Centre,
        solver: o.common.solver,
    };
    let part = |rows: &[usize]| crate::chemometrics::columns::rows_of(y.as_ref(), rows);
    let seen = across(&folds, |train, test| {
        let fitted = material.learn(train)?;
        let (x, new) = (material.prepared(train, fitted.as_ref())?, material.prepared(test, fitted.as_ref())?);
        let model = RegressionModel::fit(x.as_ref(), part(train).as_ref(), options(most))?;
        let all: Result<Vec<Mat<f64>>, Error> = (1..=most).map(|a| model.predict(new.as_ref(), a)).collect();
        Ok::<_, Error>((test.to_vec(), all?))
    })
    .map_err(|e| refused(&e))?;
    let mut predicted = vec![Mat::<f64>::zeros(n, y.ncols()); most];
    for (test, all) in &seen {
        for (a, found) in all.iter().enumerate() {
            for (i, &row) in test.iter().enumerate() {
                (0..y.ncols()).for_each(|j| predicted[a][(row, j)] = found[(i, j)]);
            }
        }
    }
    let errors: Vec<Vec<f64>> = predicted
        .iter()
        .map(|p| (0..n).map(|i| (0..y.ncols()).map(|j| (y[(i, j)] - p[(i, j)]).powi(2)).sum()).collect())
        .collect();
    let chosen = if o.all { most } else { o.validation.choose.choose(&errors) };
    let rows = all_rows(&material);
    let fitted = material.learn(&rows).map_err(|e| refused(&e))?;
    let x = material.prepared(&rows, fitted.as_ref()).map_err(|e| refused(&e))?;
    let model = RegressionModel::fit(x.as_ref(), y.as_ref(), options(chosen)).map_err(|e| refused(&e))?;
    let of = |m: &Mat<f64>, j: usize| (0..n).map(|i| m[(i, j)]).collect::<Vec<_>>();
    let trained = model.predict(x.as_ref(), chosen).map_err(|e| refused(&e))?;
    let mut lines = vec!["   response          components      RMSEC     RMSECV       bias        R²cv".to_owned()];
    let mut json = Vec::new();
    for (j, name) in o.response.iter().enumerate() {
        let (c, cv) = (quality(&columns[j], &of(&trained, j)), quality(&columns[j], &of(&predicted[chosen - 1], j)));
        lines.push(format!("   {name:<18}{chosen:>9} {:>11.5} {:>10.5} {:>10.5} {:>11.5}", c.rmse, cv.rmse, cv.bias, cv.r2));
        json.push(serde_json::json!({ "response": name, "rmsec": c.rmse, "rmsecv": cv.rmse, "bias": cv.bias, "r2cv": cv.r2 }));
    }
    let rmsecv: Vec<f64> = errors.iter().map(|e| (e.iter().sum::<f64>() / (n * y.ncols()) as f64).sqrt()).collect();
    lines.push(format!(
        "validated by {}: RMSECV with 1, 2, … components {}",
        plan.name(),
        rmsecv.iter().map(|e| format!("{e:.4}")).collect::<Vec<_>>().join(" ")
    ));
    if let Some(folder) = &o.common.plot {
        let counts: Vec<usize> = (1..=most).collect();
        let figure =
            ErrorCurve { components: &counts, series: &[("RMSECV", &rmsecv)], chosen: Some(chosen), title: "RMSECV", unit: "" };
        plots::save(folder, "rmsecv", &format!("Validated by {}", plan.name()), &Figure::ErrorCurve(&figure))?;
        for (j, name) in o.response.iter().enumerate() {
            let validated = of(&predicted[chosen - 1], j);
            let figure = Predictions { reference: &columns[j], predicted: &validated, sets: &[], quantity: name, unit: "" };
            plots::save(
                folder,
                &format!("predicted-{}", j + 1),
                &format!("{}, validated by {}", shown(name), plan.name()),
                &Figure::Predictions(&figure),
            )?;
        }
    }
    let seen = model.see(x.as_ref()).map_err(|e| refused(&e))?;
    let mut parts = Model::Regression(model.clone()).to_parts();
    parts.put_list("responses", &o.response);
    parts.put_numbers("vip", &model.vip(None));
    let mut options = base(&o.common, "pls");
    options.extend(said(&[
        ("method", o.method.name().into()),
        ("components", chosen.to_string()),
        ("response", o.response.join(",")),
        ("validate", plan.name()),
        ("choose", if o.all { "all".into() } else { o.validation.choose.name().into() }),
        ("seed", o.validation.seed.to_string()),
    ]));
    let tables = vec![
        ("training/scores".into(), table(&seen.scores)),
        ("training/t2".into(), table(&seen.t2)),
        ("training/q".into(), table(&seen.q)),
        ("training/predicted".into(), table(&trained)),
        ("validation/predicted".into(), table(&predicted[chosen - 1])),
        ("validation/rmsecv".into(), column(rmsecv.clone())),
    ];
    let record = material.store(parts, fitted.as_ref(), options, tables, o.common.overwrite)?;
    finish(&record, &material, &lines, serde_json::json!({ "components": chosen, "responses": json, "rmsecv": rmsecv }), voice);
    Ok(())
}

/// A confusion table and its shares, as lines.
fn confusion_lines(table: &Confusion) -> Vec<String> {
    let width = table.names.iter().map(String::len).max().unwrap_or(4).clamp(5, 16);
    let cut = |t: &str| t.chars().take(width).collect::<String>();
    let mut lines = vec![format!(
        "   {:<width$} {} none   sensitivity specificity",
        "is \\ as",
        table.names.iter().map(|n| format!("{:>width$}", cut(n))).collect::<Vec<_>>().join(" ")
    )];
    for (c, name) in table.names.iter().enumerate().take(40) {
        let counts: Vec<String> = table.counts[c][..table.names.len()].iter().map(|n| format!("{n:>width$}")).collect();
        lines.push(format!(
            "   {:<width$} {} {:>4} {:>13.3} {:>11.3}",
            cut(name),
            counts.join(" "),
            table.counts[c][table.names.len()],
            table.sensitivity(c),
            table.specificity(c)
        ));
    }
    lines.push(format!("accuracy {:.4}, balanced {:.4}", table.accuracy(), table.balanced()));
    lines
}

/// What classes rows are given with 1, 2, … components: fitted on some rows, applied to others.
type Assign<'a> = dyn Fn(&Mat<f64>, &Classes, &Mat<f64>) -> Result<Vec<Vec<Option<usize>>>, Error> + Sync + 'a;

/// Cross-validated classes for each number of components.
fn validated(
    material: &Material,
    classes: &Classes,
    folds: &[Vec<usize>],
    assign: &Assign<'_>,
) -> Result<Vec<Vec<Option<usize>>>, Error> {
    let n = material.raw.nrows();
    let parts = across(folds, |train, test| {
        let known: Vec<usize> = train.iter().copied().filter(|&i| classes.of[i].is_some()).collect();
        let fitted = material.learn(&known)?;
        let (x, new) = (material.prepared(&known, fitted.as_ref())?, material.prepared(test, fitted.as_ref())?);
        assign(&x, &classes.rows(&known), &new)
    })?;
    let most = parts.iter().map(Vec::len).min().unwrap_or(0);
    let mut all = vec![vec![None; n]; most];
    for (test, found) in folds.iter().zip(parts) {
        for (a, found) in found.into_iter().take(most).enumerate() {
            test.iter().zip(found).for_each(|(&row, class)| all[a][row] = class);
        }
    }
    Ok(all)
}

/// Rows that are wrong, as 0 and 1, for each number of components.
fn wrong(classes: &Classes, all: &[Vec<Option<usize>>]) -> Vec<Vec<f64>> {
    let known = classes.known();
    all.iter().map(|found| known.iter().map(|&i| f64::from(u8::from(found[i] != classes.of[i]))).collect()).collect()
}

/// A classifier that is asked for.
struct Asked<'a> {
    common: &'a Common,
    validation: &'a Validation,
    class: &'a str,
    name: &'a str,
    /// All components are kept and none chosen.
    all: bool,
    /// What there is in the place of a number of components that validation could choose.
    instead: Option<String>,
    /// Further options, for the record.
    extra: &'a [(&'a str, String)],
    assign: &'a Assign<'a>,
    /// Makes the model itself, with the chosen components.
    make: &'a Make<'a>,
}

type Make<'a> = dyn Fn(&Mat<f64>, &Classes, usize) -> Result<Model, Error> + 'a;

/// p of the balanced accuracy under random orders of the labels.
fn permutation(
    material: &Material,
    asked: &Asked<'_>,
    labels: &[String],
    division: &Division,
    found: f64,
    at: usize,
) -> Result<Option<f64>, Error> {
    let validation = asked.validation;
    if validation.permutations == 0 {
        return Ok(None);
    }
    let others: Result<Vec<f64>, Error> = (0..validation.permutations as u64)
        .into_par_iter()
        .map(|round| {
            let classes = Classes::of(&permuted(labels, division.groups.as_deref(), validation.seed, round));
            let all = validated(material, &classes, &division.folds, asked.assign)?;
            Ok(Confusion::of(&classes, &all[at.min(all.len() - 1)]).balanced())
        })
        .collect();
    Ok(Some(p_value(found, &others?)))
}

/// A classifier validated, its components chosen, described and stored.
fn classifier(asked: &Asked<'_>, voice: Voice) -> anyhow::Result<()> {
    let Asked { common, validation, class, name, all, ref instead, extra, assign, make } = *asked;
    let mut material = Material::open(common, voice)?;
    let labels = material.labels(class)?;
    let classes = Classes::of(&labels);
    if classes.known().is_empty() {
        return Err(Refused::input(format!("{}: the column {class} names no class", material.source.name())));
    }
    let division = material.folds(validation)?;
    let Division { plan, groups, folds } = &division;
    let seen = validated(&material, &classes, folds, assign).map_err(|e| refused(&e))?;
    let errors = wrong(&classes, &seen);
    let chosen = if all { seen.len() } else { validation.choose.choose(&errors) };
    let confusion = Confusion::of(&classes, &seen[chosen - 1]);
    let p = permutation(&material, asked, &labels, &division, confusion.balanced(), chosen - 1).map_err(|e| refused(&e))?;
    let known = classes.known();
    let fitted = material.learn(&known).map_err(|e| refused(&e))?;
    let x = material.prepared(&known, fitted.as_ref()).map_err(|e| refused(&e))?;
    let model = make(&x, &classes.rows(&known), chosen).map_err(|e| refused(&e))?;
    let what = instead.clone().unwrap_or_else(|| format!("{chosen} components"));
    let mut lines = vec![format!("validated by {} ({} folds), {what}", plan.name(), folds.len())];
    lines.extend(confusion_lines(&confusion));
    if let Some(p) = p {
        lines.push(format!(
            "permutation test p = {p:.4} ({} orders of {})",
            validation.permutations,
            if groups.is_some() { "groups or rows" } else { "rows" }
        ));
    }
    let accuracies: Vec<f64> = seen.iter().map(|s| Confusion::of(&classes, s).accuracy()).collect();
    let assigned: Vec<String> =
        seen[chosen - 1].iter().map(|c| c.map_or_else(String::new, |c| classes.names[c].clone())).collect();
    let mut options = base(common, name);
    options.extend(said(&[
        ("class", class.to_owned()),
        ("components", chosen.to_string()),
        ("validate", plan.name()),
        ("choose", if all { "all".into() } else { validation.choose.name().into() }),
        ("permutations", validation.permutations.to_string()),
        ("seed", validation.seed.to_string()),
    ]));
    if instead.is_some() {
        options.remove("components");
        options.remove("choose");
    }
    options.extend(said(extra));
    let tables = vec![
        ("training/class".into(), Table::Texts(labels)),
        ("validation/class".into(), Table::Texts(assigned)),
        ("validation/accuracy".into(), column(accuracies.clone())),
    ];
    if let Some(folder) = &common.plot {
        let truth: Vec<&str> = confusion.names.iter().map(String::as_str).collect();
        let given: Vec<&str> = truth.iter().copied().chain(["none"]).collect();
        let counts: Vec<u64> = confusion.counts.iter().flatten().map(|&n| n as u64).collect();
        let figure = plot::Confusion { truth: &truth, assigned: &given, counts: &counts };
        plots::save(folder, "confusion", &format!("{}, validated by {}", shown(name), plan.name()), &Figure::Confusion(&figure))?;
        let ids = material.labels("id").ok();
        scores_picture(folder, name, &model, &x, &classes.rows(&known), ids.as_deref().map(|ids| (ids, &known[..])))?;
    }
    let record = material.store(model.to_parts(), fitted.as_ref(), options, tables, common.overwrite)?;
    let json = serde_json::json!({
        "components": instead.is_none().then_some(chosen), "classes": confusion.names, "confusion": confusion.counts, "accuracy": confusion.accuracy(),
        "balanced": confusion.balanced(), "p": p, "accuracies": accuracies,
    });
    finish(&record, &material, &lines, json, voice);
    Ok(())
}

/// A model as people write its name.
fn shown(name: &str) -> &str {
    match name {
        "plsda" => "PLS-DA",
        "lda" => "LDA",
        "knn" => "k-NN",
        "simca" => "SIMCA",
        other => other,
    }
}

/// Training rows on the first two coordinates of a model that has some.
fn scores_picture(
    folder: &std::path::Path,
    name: &str,
    model: &Model,
    x: &Mat<f64>,
    classes: &Classes,
    ids: Option<(&[String], &[usize])>,
) -> anyhow::Result<()> {
    let (scores, axis) = match model {
        Model::PlsDa(m) => (m.regression.see(x.as_ref()).map_err(|e| refused(&e))?.scores, "LV"),
        Model::Lda(m) => (m.project(x.as_ref()).map_err(|e| refused(&e))?, "LD"),
        _ => return Ok(()),
    };
    if scores.ncols() < 2 || classes.names.len() > plots::MOST_CLASSES {
        return Ok(());
    }
    let column = |k: usize| (0..scores.nrows()).map(|i| scores[(i, k)]).collect::<Vec<f64>>();
    let of: Vec<&str> = classes.of.iter().map(|c| c.map_or("", |c| classes.names[c].as_str())).collect();
    let names: Vec<&str> = ids.map_or_else(Vec::new, |(ids, rows)| rows.iter().map(|&i| ids[i].as_str()).collect());
    let figure = plot::Scores {
        x: &column(0),
        y: &column(1),
        x_title: &format!("{axis}1"),
        y_title: &format!("{axis}2"),
        classes: &of,
        projected: &[],
        names: &names,
        named: 5.min(scores.nrows()),
        ellipse: plot::Coverage::Hotelling(0.95),
        per_class: true,
    };
    plots::save(folder, "scores", &format!("{}: training rows", shown(name)), &Figure::Scores(&figure))
}

pub fn plsda(o: &PlsDa, voice: Voice) -> anyhow::Result<()> {
    let assign = |x: &Mat<f64>, classes: &Classes, new: &Mat<f64>| {
        let most = o.components.min(x.nrows().saturating_sub(1)).min(x.ncols()).max(1);
        let model = PlsDaModel::fit(x.as_ref(), classes, most, o.common.scale, o.common.solver)?;
        (1..=most).map(|a| Ok(largest(model.predict(new.as_ref(), a)?.as_ref()))).collect()
    };
    let make = |x: &Mat<f64>, classes: &Classes, a: usize| {
        Ok(Model::PlsDa(PlsDaModel::fit(x.as_ref(), classes, a, o.common.scale, o.common.solver)?))
    };
    let asked = Asked {
        common: &o.common,
        validation: &o.validation,
        class: &o.class,
        name: "plsda",
        all: o.all,
        instead: None,
        extra: &[],
        assign: &assign,
        make: &make,
    };
    classifier(&asked, voice)
}

pub fn lda(o: &Lda, voice: Voice) -> anyhow::Result<()> {
    let priors = if o.priors == "shares" { Priors::Shares } else { Priors::Equal };
    let fit = |x: &Mat<f64>, classes: &Classes, a: usize| {
        LdaModel::fit(x.as_ref(), classes, a, o.common.scale, priors, o.common.solver)
    };
    let assign = |x: &Mat<f64>, classes: &Classes, new: &Mat<f64>| {
        let most = o.components.min(x.nrows().saturating_sub(classes.names.len())).min(x.ncols()).max(1);
        (1..=most).map(|a| Ok(largest(fit(x, classes, a)?.predict(new.as_ref())?.as_ref()))).collect()
    };
    let make = |x: &Mat<f64>, classes: &Classes, a: usize| Ok(Model::Lda(fit(x, classes, a)?));
    let asked = Asked {
        common: &o.common,
        validation: &o.validation,
        class: &o.class,
        name: "lda",
        all: o.all,
        instead: None,
        extra: &[("priors", o.priors.clone())],
        assign: &assign,
        make: &make,
    };
    classifier(&asked, voice)
}

pub fn knn(o: &Knn, voice: Voice) -> anyhow::Result<()> {
    let fit = |x: &Mat<f64>, classes: &Classes| KnnModel::fit(x.as_ref(), classes, o.k, o.distance, o.common.scale);
    let assign = |x: &Mat<f64>, classes: &Classes, new: &Mat<f64>| {
        Ok(vec![fit(x, classes)?.predict(new.as_ref())?.into_iter().map(|v| Some(v.class)).collect()])
    };
    let make = |x: &Mat<f64>, classes: &Classes, _: usize| Ok(Model::Knn(fit(x, classes)?));
    let extra = [("k", o.k.to_string()), ("distance", o.distance.name().to_owned())];
    let asked = Asked {
        common: &o.common,
        validation: &o.validation,
        class: &o.class,
        name: "knn",
        all: true,
        instead: Some(format!("the {} nearest", o.k)),
        extra: &extra,
        assign: &assign,
        make: &make,
    };
    classifier(&asked, voice)
}

pub fn simca(o: &Simca, voice: Voice) -> anyhow::Result<()> {
    let options = SimcaOptions {
        components: o.components,
        scaling: o.common.scale,
        rule: o.limits,
        alpha: o.alpha,
        gamma: o.gamma,
        solver: o.common.solver,
    };
    // A row is counted as of the class that accepts it most clearly, or of none.
    let assign = |x: &Mat<f64>, classes: &Classes, new: &Mat<f64>| {
        let model = SimcaModel::fit(x.as_ref(), classes, &o.target, options)?;
        let place: Vec<usize> = model.classes.iter().filter_map(|m| classes.names.iter().position(|n| *n == m.name)).collect();
        let judged = model.judge(new.as_ref())?;
        let best = |row: &Vec<crate::chemometrics::simca::Judged>| {
            let accepted = row.iter().enumerate().filter(|(_, j)| j.accepted());
            accepted.min_by(|a, b| a.1.ratio.total_cmp(&b.1.ratio)).map(|(c, _)| place[c])
        };
        Ok(vec![judged.iter().map(best).collect()])
    };
    let make =
        |x: &Mat<f64>, classes: &Classes, _: usize| Ok(Model::Simca(SimcaModel::fit(x.as_ref(), classes, &o.target, options)?));
    let extra = [
        ("components", o.components.to_string()),
        ("limits", o.limits.name().to_owned()),
        ("alpha", o.alpha.to_string()),
        ("gamma", o.gamma.to_string()),
        ("target", o.target.join(",")),
    ];
    let asked = Asked {
        common: &o.common,
        validation: &o.validation,
        class: &o.class,
        name: "simca",
        all: true,
        instead: Some(format!("{} components a class", o.components)),
        extra: &extra,
        assign: &assign,
        make: &make,
    };
    classifier(&asked, voice)
}

pub fn opls(o: &Opls, voice: Voice) -> anyhow::Result<()> {
    let mut material = Material::open(&o.common, voice)?;
    let y = material.numbers(&o.response)?;
    let Division { plan, folds, .. } = material.folds(&o.validation)?;
    let seen = across(&folds, |train, test| {
        let fitted = material.learn(train)?;
        let (x, new) = (material.prepared(train, fitted.as_ref())?, material.prepared(test, fitted.as_ref())?);
        let y: Vec<f64> = train.iter().map(|&i| y[i]).collect();
        OplsModel::fit(x.as_ref(), &y, o.orthogonal, o.common.scale)?.see(new.as_ref())
    })
    .map_err(|e| refused(&e))?;
    let mut predicted = vec![0.0; y.len()];
    folds.iter().zip(&seen).for_each(|(test, s)| test.iter().zip(&s.predicted).for_each(|(&i, &p)| predicted[i] = p));
    let rows = all_rows(&material);
    let fitted = material.learn(&rows).map_err(|e| refused(&e))?;
    let x = material.prepared(&rows, fitted.as_ref()).map_err(|e| refused(&e))?;
    let model = OplsModel::fit(x.as_ref(), &y, o.orthogonal, o.common.scale).map_err(|e| refused(&e))?;
    let trained = model.see(x.as_ref()).map_err(|e| refused(&e))?;
    let (c, cv) = (quality(&y, &trained.predicted), quality(&y, &predicted));
    let lines = [format!(
        "validated by {}: RMSEC {:.5}, RMSECV {:.5}, bias {:.5}, R²cv {:.5}, {} orthogonal",
        plan.name(),
        c.rmse,
        cv.rmse,
        cv.bias,
        cv.r2,
        o.orthogonal
    )];
    let mut options = base(&o.common, "opls");
    options.extend(said(&[
        ("response", o.response.clone()),
        ("orthogonal", o.orthogonal.to_string()),
        ("validate", plan.name()),
    ]));
    let tables = vec![
        ("training/score".into(), column(trained.score)),
        ("training/orthogonal".into(), table(&trained.orthogonal)),
        ("training/predicted".into(), column(trained.predicted)),
        ("validation/predicted".into(), column(predicted)),
    ];
    let record = material.store(Model::Opls(model).to_parts(), fitted.as_ref(), options, tables, o.common.overwrite)?;
    finish(&record, &material, &lines, serde_json::json!({ "rmsec": c.rmse, "rmsecv": cv.rmse, "r2cv": cv.r2 }), voice);
    Ok(())
}

pub fn hca(o: &Hca, voice: Voice) -> anyhow::Result<()> {
    let mut material = Material::open(&o.common, voice)?;
    let needed = crate::chemometrics::hca::bytes(material.raw.nrows());
    if needed > o.common.memory {
        return Err(Refused::usage(format!(
            "--memory {} is too little: clustering {} rows needs {} for their distances. Give more, or cluster fewer rows",
            crate::compare::bytes(o.common.memory),
            material.raw.nrows(),
            crate::compare::bytes(needed)
        )));
    }
    let rows = all_rows(&material);
    let fitted = material.learn(&rows).map_err(|e| refused(&e))?;
    let x = material.prepared(&rows, fitted.as_ref()).map_err(|e| refused(&e))?;
    let tree = Tree::of(x.as_ref(), o.common.scale, o.distance, o.linkage).map_err(|e| refused(&e))?;
    let clusters = match (o.clusters, o.height) {
        (Some(count), _) => Some(tree.cut_into(count)),
        (None, Some(height)) => Some(tree.cut_at(height)),
        (None, None) => None,
    };
    if let Some(folder) = &o.common.plot {
        let merges: Vec<Merge> =
            tree.steps.iter().map(|s| Merge { left: s.left, right: s.right, height: s.height, size: s.size }).collect();
        let ids = material.labels("id").unwrap_or_else(|_| rows.iter().map(usize::to_string).collect());
        let names: Vec<&str> = ids.iter().map(String::as_str).collect();
        let figure = Dendrogram { merges: &merges, names: &names, classes: &[], cut: o.height, title: "Distance" };
        plots::save(
            folder,
            "dendrogram",
            &format!("{} linkage, {} distance", o.linkage.name(), o.distance.name()),
            &Figure::Dendrogram(&figure),
        )?;
    }
    let mut tables = vec![("training/order".into(), column(tree.order().iter().map(|&i| i as f64).collect()))];
    let mut lines = vec![format!(
        "{} linkage of {} distances, cophenetic correlation {:.4}",
        o.linkage.name(),
        o.distance.name(),
        tree.cophenetic
    )];
    let mut count = 0;
    if let Some(clusters) = &clusters {
        count = clusters.iter().max().map_or(0, |m| m + 1);
        lines.push(format!("clusters  {count}"));
        tables.push(("training/cluster".into(), column(clusters.iter().map(|&c| c as f64).collect())));
    }
    let mut options = base(&o.common, "hca");
    options.extend(said(&[("linkage", o.linkage.name().into()), ("distance", o.distance.name().into())]));
    let cophenetic = tree.cophenetic;
    let record = material.store(Model::Hca(tree).to_parts(), fitted.as_ref(), options, tables, o.common.overwrite)?;
    finish(
        &record,
        &material,
        &lines,
        serde_json::json!({ "cophenetic": cophenetic, "clusters": clusters.map(|_| count) }),
        voice,
    );
    Ok(())
}

pub fn mcr(o: &Mcr, voice: Voice) -> anyhow::Result<()> {
    let mut material = Material::open(&o.common, voice)?;
    let rows = all_rows(&material);
    let fitted = material.learn(&rows).map_err(|e| refused(&e))?;
    let x = material.prepared(&rows, fitted.as_ref()).map_err(|e| refused(&e))?;
    let model = McrModel::fit(x.as_ref(), o.components, None, o.closure).map_err(|e| refused(&e))?;
    let lines = [
        format!(
            "{} rounds{}, lack of fit {:.3} %",
            model.rounds,
            if model.converged { "" } else { " (not converged)" },
            100.0 * model.lack_of_fit
        ),
        "non-negativity does not fix the answer alone: compare the spectra with known ones before they are given names"
            .to_owned(),
    ];
    let mut options = base(&o.common, "mcr");
    options.insert("scale".into(), "none".into());
    options.extend(said(&[("components", o.components.to_string()), ("closure", o.closure.to_string())]));
    let json = serde_json::json!({ "rounds": model.rounds, "converged": model.converged, "lack_of_fit": model.lack_of_fit });
    if let Some(folder) = &o.common.plot {
        let names: Vec<String> = (1..=o.components).map(|k| format!("spectrum {k}")).collect();
        let spectra: Vec<Vec<f64>> =
            (0..o.components).map(|k| (0..model.spectra.ncols()).map(|j| model.spectra[(k, j)]).collect()).collect();
        let components: Vec<(&str, &[f64])> = names.iter().zip(&spectra).map(|(n, s)| (n.as_str(), &s[..])).collect();
        let (axis, features) = match &fitted {
            Some(fitted) => (fitted.axis_out(), fitted.names_out()),
            None => (material.axis.as_deref(), material.features.as_deref()),
        };
        let points: Vec<f64> = (0..model.spectra.ncols()).map(|i| i as f64).collect();
        let features: Vec<&str> = features.map_or_else(Vec::new, |f| f.iter().map(String::as_str).collect());
        let along = plots::along(axis.unwrap_or(&points), material.unit.as_deref().unwrap_or(""), &features);
        let figure = plot::Loadings { along, components: &components, title: "Resolved" };
        plots::save(folder, "resolved", "Resolved spectra", &Figure::Loadings(&figure))?;
    }
    let record = material.store(Model::Mcr(model).to_parts(), fitted.as_ref(), options, Vec::new(), o.common.overwrite)?;
    finish(&record, &material, &lines, json, voice);
    Ok(())
}
