//! `striae model pls|opls`: contents of rows, with their validation.

use super::input::{
    Division, Material, all_rows, at_most, base, column, finish, in_folds, permutation, permutation_line, refused, said, table,
};
use super::{Choosing, Common, Library, Scale, Validation, parse_method};
use crate::chemometrics::Mat;
use crate::chemometrics::opls::Opls as OplsModel;
use crate::chemometrics::regression::{Method, Options as RegressionOptions, Regression as RegressionModel, quality};
use crate::chemometrics::validate::{Plan, across};
use crate::chemometrics::{Error, Model, Scaling, Solver};
use crate::cli::{Refused, Voice, plots};
use crate::report::plot::{ErrorCurve, Figure, Predictions};

/// Regression of a content on spectra: PLS (SIMPLS, NIPALS) or PCR
#[derive(Debug, clap::Args)]
pub struct Regression {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    scale: Scale,
    #[command(flatten)]
    library: Library,
    #[command(flatten)]
    choosing: Choosing,
    /// Column of numbers beside the values that is to be predicted; several with commas
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', required = true)]
    response: Vec<String>,
    /// simpls, nipals, pcr
    #[arg(long, default_value = "simpls", value_parser = parse_method)]
    method: Method,
    #[command(flatten)]
    validation: Validation,
}

/// One content by orthogonal PLS
#[derive(Debug, clap::Args)]
pub struct Opls {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    scale: Scale,
    /// Column of numbers beside the values that is to be predicted
    #[arg(long, value_name = "COLUMN")]
    response: String,
    /// Orthogonal components that are taken out
    #[arg(long, default_value_t = 1)]
    orthogonal: usize,
    #[command(flatten)]
    validation: Validation,
}

/// Refuses a response that is the same in all rows.
fn varies(name: &str, values: &[f64]) -> anyhow::Result<()> {
    if values.windows(2).all(|w| w[0] == w[1]) {
        return Err(Refused::input(format!("the response {name} is {} in all rows; there is nothing to explain", values[0])));
    }
    Ok(())
}

/// Rows of responses as texts that give the same numbers back, to be put in other orders.
fn as_texts(y: &Mat<f64>) -> Vec<String> {
    (0..y.nrows()).map(|i| (0..y.ncols()).map(|j| y[(i, j)].to_string()).collect::<Vec<_>>().join(" ")).collect()
}

fn from_texts(texts: &[String]) -> Mat<f64> {
    let rows: Vec<Vec<f64>> = texts.iter().map(|t| t.split(' ').filter_map(|x| x.parse().ok()).collect()).collect();
    Mat::from_fn(rows.len(), rows.first().map_or(0, Vec::len), |i, j| rows[i][j])
}

/// Squared errors of each row, over all responses, for each number of components.
fn squares(y: &Mat<f64>, predicted: &[Mat<f64>]) -> Vec<Vec<f64>> {
    let row = |p: &Mat<f64>, i: usize| (0..y.ncols()).map(|j| (y[(i, j)] - p[(i, j)]).powi(2)).sum();
    predicted.iter().map(|p| (0..y.nrows()).map(|i| row(p, i)).collect()).collect()
}

/// Cross-validated predictions for 1 … `most` components, fewer where the rows of a fold have no more.
fn validated(
    material: &Material,
    folds: &[Vec<usize>],
    y: &Mat<f64>,
    most: usize,
    options: &(dyn Fn(usize) -> RegressionOptions + Sync),
) -> Result<Vec<Mat<f64>>, Error> {
    let part = |rows: &[usize]| crate::chemometrics::columns::rows_of(y.as_ref(), rows);
    let fold = |train: &[usize], test: &[usize]| {
        let fitted = material.learn(train)?;
        let (x, new) = (material.prepared(train, fitted.as_ref())?, material.prepared(test, fitted.as_ref())?);
        let y = part(train);
        let (most, model) = at_most(most, |a| RegressionModel::fit(x.as_ref(), y.as_ref(), options(a)))?;
        (1..=most).map(|a| model.predict(new.as_ref(), a)).collect::<Result<Vec<_>, Error>>()
    };
    let seen = material.pool.install(|| across(folds, fold))?;
    let most = seen.iter().map(Vec::len).min().unwrap_or(0);
    let mut predicted = vec![Mat::<f64>::zeros(y.nrows(), y.ncols()); most];
    for (test, all) in folds.iter().zip(&seen) {
        for (predicted, found) in predicted.iter_mut().zip(all) {
            for (i, &row) in test.iter().enumerate() {
                (0..y.ncols()).for_each(|j| predicted[(row, j)] = found[(i, j)]);
            }
        }
    }
    Ok(predicted)
}

/// Errors by the number of components, and what was predicted against what was measured.
fn pictures(
    folder: &std::path::Path,
    names: &[String],
    measured: &[Vec<f64>],
    validated: &[Vec<f64>],
    rmsecv: &[f64],
    chosen: usize,
    plan: &Plan,
) -> anyhow::Result<()> {
    let counts: Vec<usize> = (1..=rmsecv.len()).collect();
    let figure =
        ErrorCurve { components: &counts, series: &[("RMSECV", rmsecv)], chosen: Some(chosen), title: "RMSECV", unit: "" };
    plots::save(folder, "pls-rmsecv", &format!("Validated by {}", plan.name()), &Figure::ErrorCurve(&figure))?;
    for (j, name) in names.iter().enumerate() {
        let figure = Predictions { reference: &measured[j], predicted: &validated[j], sets: &[], quantity: name, unit: "" };
        let title = format!("{name}, validated by {}", plan.name());
        plots::save(folder, &format!("pls-predicted-{}", j + 1), &title, &Figure::Predictions(&figure))?;
    }
    Ok(())
}

pub fn regression(o: &Regression, voice: Voice) -> anyhow::Result<()> {
    if o.method == Method::Nipals && o.library.solver == Solver::Lapack {
        return Err(Refused::usage(
            "--solver lapack: NIPALS iterates and decomposes nothing; take --method simpls or pcr, or --solver faer",
        ));
    }
    let mut material = Material::open(&o.common, voice)?;
    let n = material.raw.nrows();
    let columns: Vec<Vec<f64>> = o.response.iter().map(|c| material.numbers(c)).collect::<anyhow::Result<_>>()?;
    let y = Mat::from_fn(n, columns.len(), |i, j| columns[j][i]);
    for (name, values) in o.response.iter().zip(&columns) {
        varies(name, values)?;
    }
    let Division { plan, groups, folds } = material.folds(&o.validation)?;
    let least = folds.iter().map(Vec::len).max().unwrap_or(0);
    let most = o.choosing.components.min(n.saturating_sub(least + 1)).max(1);
    let options = |a: usize| RegressionOptions {
        method: o.method,
        components: a,
        x: o.scale.scale,
        y: Scaling::Centre,
        solver: o.library.solver,
    };
    let predicted = validated(&material, &folds, &y, most, &options).map_err(|e| in_folds(&e, &plan, folds.len()))?;
    let errors = squares(&y, &predicted);
    let chosen = o.choosing.pick(&errors);
    let error = |y: &Mat<f64>, p: &Mat<f64>| squares(y, std::slice::from_ref(p))[0].iter().sum::<f64>();
    let p = permutation(&o.validation, groups.as_deref(), &as_texts(&y), -error(&y, &predicted[chosen - 1]), &|order| {
        let y = from_texts(order);
        let predicted = validated(&material, &folds, &y, most, &options)?;
        let chosen = o.choosing.pick(&squares(&y, &predicted));
        Ok(-error(&y, &predicted[chosen - 1]))
    })
    .map_err(|e| refused(&e))?;
    let rows = all_rows(&material);
    let fitted = material.learn(&rows).map_err(|e| refused(&e))?;
    let x = material.prepared(&rows, fitted.as_ref()).map_err(|e| refused(&e))?;
    let (chosen, model) =
        at_most(chosen, |a| RegressionModel::fit(x.as_ref(), y.as_ref(), options(a))).map_err(|e| refused(&e))?;
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
    lines.extend(p.map(|p| permutation_line(p, &o.validation, groups.is_some())));
    if let Some(folder) = &o.common.plot {
        let validated: Vec<Vec<f64>> = (0..y.ncols()).map(|j| of(&predicted[chosen - 1], j)).collect();
        pictures(folder, &o.response, &columns, &validated, &rmsecv, chosen, &plan)?;
    }
    let seen = model.see(x.as_ref()).map_err(|e| refused(&e))?;
    let mut parts = Model::Regression(model.clone()).to_parts();
    parts.put_list("responses", &o.response);
    parts.put_numbers("vip", &model.vip(None));
    let mut options = base(&o.common, "pls", Some(&o.scale), Some(&o.library));
    options.extend(said(&[
        ("method", o.method.name().into()),
        ("components", chosen.to_string()),
        ("response", o.response.join(",")),
        ("validate", plan.name()),
        ("choose", o.choosing.name().into()),
        ("group", o.validation.group.clone().unwrap_or_default()),
        ("permutations", o.validation.permutations.to_string()),
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
    finish(
        &record,
        &material,
        &lines,
        serde_json::json!({ "components": chosen, "responses": json, "rmsecv": rmsecv, "p": p }),
        voice,
    );
    Ok(())
}

pub fn opls(o: &Opls, voice: Voice) -> anyhow::Result<()> {
    let mut material = Material::open(&o.common, voice)?;
    let y = material.numbers(&o.response)?;
    varies(&o.response, &y)?;
    let Division { plan, groups, folds } = material.folds(&o.validation)?;
    let validated = |y: &[f64]| -> Result<Vec<f64>, Error> {
        let fold = |train: &[usize], test: &[usize]| {
            let fitted = material.learn(train)?;
            let (x, new) = (material.prepared(train, fitted.as_ref())?, material.prepared(test, fitted.as_ref())?);
            let y: Vec<f64> = train.iter().map(|&i| y[i]).collect();
            OplsModel::fit(x.as_ref(), &y, o.orthogonal, o.scale.scale)?.see(new.as_ref())
        };
        let seen = material.pool.install(|| across(&folds, fold))?;
        let mut predicted = vec![0.0; y.len()];
        folds.iter().zip(&seen).for_each(|(test, s)| test.iter().zip(&s.predicted).for_each(|(&i, &p)| predicted[i] = p));
        Ok(predicted)
    };
    let predicted = validated(&y).map_err(|e| in_folds(&e, &plan, folds.len()))?;
    let texts: Vec<String> = y.iter().map(ToString::to_string).collect();
    let p = permutation(&o.validation, groups.as_deref(), &texts, -quality(&y, &predicted).rmse, &|order| {
        let y: Vec<f64> = order.iter().filter_map(|t| t.parse().ok()).collect();
        Ok(-quality(&y, &validated(&y)?).rmse)
    })
    .map_err(|e| refused(&e))?;
    let rows = all_rows(&material);
    let fitted = material.learn(&rows).map_err(|e| refused(&e))?;
    let x = material.prepared(&rows, fitted.as_ref()).map_err(|e| refused(&e))?;
    let model = OplsModel::fit(x.as_ref(), &y, o.orthogonal, o.scale.scale).map_err(|e| refused(&e))?;
    let trained = model.see(x.as_ref()).map_err(|e| refused(&e))?;
    let (c, cv) = (quality(&y, &trained.predicted), quality(&y, &predicted));
    let mut lines = vec![format!(
        "validated by {}: RMSEC {:.5}, RMSECV {:.5}, bias {:.5}, R²cv {:.5}, {} orthogonal",
        plan.name(),
        c.rmse,
        cv.rmse,
        cv.bias,
        cv.r2,
        o.orthogonal
    )];
    lines.extend(p.map(|p| permutation_line(p, &o.validation, groups.is_some())));
    if let Some(folder) = &o.common.plot {
        let figure = Predictions { reference: &y, predicted: &predicted, sets: &[], quantity: &o.response, unit: "" };
        let title = format!("{}, validated by {}", o.response, plan.name());
        plots::save(folder, "opls-predicted", &title, &Figure::Predictions(&figure))?;
    }
    let mut options = base(&o.common, "opls", Some(&o.scale), None);
    options.extend(said(&[
        ("response", o.response.clone()),
        ("orthogonal", o.orthogonal.to_string()),
        ("group", o.validation.group.clone().unwrap_or_default()),
        ("validate", plan.name()),
        ("permutations", o.validation.permutations.to_string()),
        ("seed", o.validation.seed.to_string()),
    ]));
    let tables = vec![
        ("training/score".into(), column(trained.score)),
        ("training/orthogonal".into(), table(&trained.orthogonal)),
        ("training/predicted".into(), column(trained.predicted)),
        ("validation/predicted".into(), column(predicted)),
    ];
    let record = material.store(Model::Opls(model).to_parts(), fitted.as_ref(), options, tables, o.common.overwrite)?;
    finish(&record, &material, &lines, serde_json::json!({ "rmsec": c.rmse, "rmsecv": cv.rmse, "r2cv": cv.r2, "p": p }), voice);
    Ok(())
}
