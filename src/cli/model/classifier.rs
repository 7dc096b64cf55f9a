//! `striae model plsda|lda|knn|simca`: classes of rows, with their validation.

use super::input::{Division, Material, at_most, base, column, finish, in_folds, permutation, permutation_line, refused, said};
use super::{Borders, Choosing, Common, Library, Scale, Validation, parse_count, parse_distance};
use crate::archive::model::Table;
use crate::chemometrics::Mat;
use crate::chemometrics::classes::Classes;
use crate::chemometrics::confusion::Confusion;
use crate::chemometrics::knn::{Distance, Knn as KnnModel};
use crate::chemometrics::lda::{Lda as LdaModel, Priors};
use crate::chemometrics::plsda::{PlsDa as PlsDaModel, largest};
use crate::chemometrics::simca::{Options as SimcaOptions, Simca as SimcaModel};
use crate::chemometrics::validate::across;
use crate::chemometrics::{Error, Model};
use crate::cli::{Refused, Voice, plots};
use crate::compare::RowSource as _;
use crate::report::plot::{self, Figure};

/// Classes by PLS discriminant analysis
#[derive(Debug, clap::Args)]
pub struct PlsDa {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    scale: Scale,
    #[command(flatten)]
    library: Library,
    #[command(flatten)]
    choosing: Choosing,
    /// Column of class names beside the values
    #[arg(long, default_value = "source", value_name = "COLUMN")]
    class: String,
    #[command(flatten)]
    validation: Validation,
}

/// Classes by linear discriminants of principal component scores
#[derive(Debug, clap::Args)]
pub struct Lda {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    scale: Scale,
    #[command(flatten)]
    library: Library,
    #[command(flatten)]
    choosing: Choosing,
    /// Column of class names beside the values
    #[arg(long, default_value = "source", value_name = "COLUMN")]
    class: String,
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
    #[command(flatten)]
    scale: Scale,
    /// Column of class names beside the values
    #[arg(long, default_value = "source", value_name = "COLUMN")]
    class: String,
    /// Neighbours
    #[arg(long, short, default_value = "1", value_parser = parse_count)]
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
    #[command(flatten)]
    scale: Scale,
    #[command(flatten)]
    library: Library,
    /// Column of class names beside the values
    #[arg(long, default_value = "source", value_name = "COLUMN")]
    class: String,
    /// Only these classes are modelled
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    target: Vec<String>,
    /// Components of each class
    #[arg(long, short = 'a', default_value = "3", value_parser = parse_count)]
    components: usize,
    #[command(flatten)]
    borders: Borders,
    #[command(flatten)]
    validation: Validation,
}

/// A confusion table and its shares, as lines.
fn confusion_lines(table: &Confusion, shares: &[(f64, f64)]) -> Vec<String> {
    let width = table.names.iter().map(String::len).max().unwrap_or(4).clamp(5, 16);
    let share = |x: f64| if x.is_finite() { format!("{x:.3}") } else { "–".to_owned() };
    let cut = |t: &str| t.chars().take(width).collect::<String>();
    let mut lines = vec![format!(
        "   {:<width$} {} none   sensitivity specificity",
        "is \\ as",
        table.names.iter().map(|n| format!("{:>width$}", cut(n))).collect::<Vec<_>>().join(" ")
    )];
    for (c, name) in table.names.iter().enumerate().take(40) {
        let counts: Vec<String> = table.counts[c][..table.names.len()].iter().map(|n| format!("{n:>width$}")).collect();
        lines.push(format!(
            "   {:<width$} {} {:>4} {:>13} {:>11}",
            cut(name),
            counts.join(" "),
            table.counts[c][table.names.len()],
            share(shares[c].0),
            share(shares[c].1)
        ));
    }
    lines.push(format!("accuracy {:.4}, balanced {:.4}", table.accuracy(), table.balanced()));
    lines
}

/// What is said of new rows by known ones and their classes.
type OfFold<'a, T> = dyn Fn(&Mat<f64>, &Classes, &Mat<f64>) -> Result<T, Error> + Sync + 'a;

/// What classes rows are given with 1, 2, … components: fitted on some rows, applied to others.
type Assign<'a> = OfFold<'a, Vec<Vec<Option<usize>>>>;

/// What `each` says of the rows of every fold, given the other rows whose class is known: all that is learnt, preparation too, is of these.
fn in_folds_of<T: Send>(
    material: &Material,
    classes: &Classes,
    folds: &[Vec<usize>],
    each: &OfFold<'_, T>,
) -> Result<Vec<T>, Error> {
    let fold = |train: &[usize], test: &[usize]| {
        let known: Vec<usize> = train.iter().copied().filter(|&i| classes.of[i].is_some()).collect();
        let fitted = material.learn(&known)?;
        let (x, new) = (material.prepared(&known, fitted.as_ref())?, material.prepared(test, fitted.as_ref())?);
        each(&x, &classes.rows(&known), &new)
    };
    material.pool.install(|| across(folds, fold))
}

/// Cross-validated classes for each number of components.
fn validated(
    material: &Material,
    classes: &Classes,
    folds: &[Vec<usize>],
    assign: &Assign<'_>,
) -> Result<Vec<Vec<Option<usize>>>, Error> {
    let n = material.raw.nrows();
    let parts = in_folds_of(material, classes, folds, assign)?;
    let most = parts.iter().map(Vec::len).min().unwrap_or(0);
    let mut all = vec![vec![None; n]; most];
    for (test, found) in folds.iter().zip(parts) {
        for (a, found) in found.into_iter().take(most).enumerate() {
            test.iter().zip(found).for_each(|(&row, class)| all[a][row] = class);
        }
    }
    Ok(all)
}

/// For each new row, whether each class accepts it; `None` of classes that are not modelled.
type Accept<'a> = OfFold<'a, Vec<Vec<Option<bool>>>>;

/// Sensitivity and specificity of each class: the share of its rows that it accepts, and of other rows that it does not.
fn accepted_shares(
    material: &Material,
    classes: &Classes,
    folds: &[Vec<usize>],
    accepts: &Accept<'_>,
) -> Result<Vec<(f64, f64)>, Error> {
    let parts = in_folds_of(material, classes, folds, accepts)?;
    let (mut own, mut others) = (vec![(0, 0); classes.names.len()], vec![(0, 0); classes.names.len()]);
    for (test, found) in folds.iter().zip(parts) {
        for (&row, accepted) in test.iter().zip(found) {
            let Some(class) = classes.of[row] else { continue };
            for (c, accepted) in accepted.into_iter().enumerate() {
                let Some(accepted) = accepted else { continue };
                let (count, of) = if c == class { (&mut own[c], accepted) } else { (&mut others[c], !accepted) };
                count.0 += usize::from(of);
                count.1 += 1;
            }
        }
    }
    let share = |(part, all): (usize, usize)| part as f64 / all as f64;
    Ok(own.into_iter().zip(others).map(|(own, others)| (share(own), share(others))).collect())
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
    scale: &'a Scale,
    library: Option<&'a Library>,
    /// How the number of components is chosen, or what there is in its place.
    choosing: Result<&'a Choosing, String>,
    /// Further options, for the record.
    extra: &'a [(&'a str, String)],
    assign: &'a Assign<'a>,
    /// Only these classes are modelled; all where none is named.
    target: &'a [String],
    /// Which classes accept a row, where more than one may.
    accepts: Option<&'a Accept<'a>>,
    /// Makes the model itself, with the chosen components.
    make: &'a Make<'a>,
}

type Make<'a> = dyn Fn(&Mat<f64>, &Classes, usize) -> Result<Model, Error> + 'a;

/// A classifier validated, its components chosen, described and stored.
fn classifier(asked: &Asked<'_>, voice: Voice) -> anyhow::Result<()> {
    let Asked { common, validation, class, name, scale, library, ref choosing, extra, assign, target, accepts, make } = *asked;
    let mut material = Material::open(common, voice)?;
    let labels = material.labels(class)?;
    let classes = Classes::of(&labels);
    if classes.known().is_empty() {
        return Err(Refused::input(format!("{}: the column {class} names no class", material.source.name())));
    }
    let division = material.folds(validation)?;
    let Division { plan, groups, folds } = &division;
    let seen = validated(&material, &classes, folds, assign).map_err(|e| in_folds(&e, plan, folds.len()))?;
    let errors = wrong(&classes, &seen);
    let chosen = choosing.as_ref().map_or(seen.len(), |c| c.pick(&errors));
    let confusion = Confusion::of(&classes, &seen[chosen - 1]).only(target);
    let p = permutation(validation, groups.as_deref(), &labels, confusion.balanced(), &|labels| {
        let classes = Classes::of(labels);
        let all = validated(&material, &classes, folds, assign)?;
        let chosen = choosing.as_ref().map_or(all.len(), |c| c.pick(&wrong(&classes, &all)));
        Ok(Confusion::of(&classes, &all[chosen - 1]).only(target).balanced())
    })
    .map_err(|e| refused(&e))?;
    let known = classes.known();
    let fitted = material.learn(&known).map_err(|e| refused(&e))?;
    let x = material.prepared(&known, fitted.as_ref()).map_err(|e| refused(&e))?;
    let model = make(&x, &classes.rows(&known), chosen).map_err(|e| refused(&e))?;
    let what = choosing.as_ref().map_or_else(Clone::clone, |_| format!("{chosen} components"));
    let mut lines = vec![format!("validated by {} ({} folds), {what}", plan.name(), folds.len())];
    let unknown = labels.len() - known.len();
    if unknown > 0 {
        lines.push(format!("{unknown} of {} rows have no {class} and were left out", labels.len()));
    }
    // Of classes that may share a row, by which of them accept it; of others by where it was put.
    let shares: Vec<(f64, f64)> = match accepts {
        None => (0..confusion.names.len()).map(|c| (confusion.sensitivity(c), confusion.specificity(c))).collect(),
        Some(accepts) => accepted_shares(&material, &classes, folds, accepts).map_err(|e| refused(&e))?,
    };
    lines.extend(confusion_lines(&confusion, &shares));
    if accepts.is_some() {
        lines.push(
            "counted as of the class that accepts a row most clearly; sensitivity and specificity are of each class for itself"
                .into(),
        );
    }
    lines.extend(p.map(|p| permutation_line(p, validation, groups.is_some())));
    let accuracies: Vec<f64> = seen.iter().map(|s| Confusion::of(&classes, s).only(target).accuracy()).collect();
    let assigned: Vec<String> =
        seen[chosen - 1].iter().map(|c| c.map_or_else(String::new, |c| classes.names[c].clone())).collect();
    let mut options = base(common, name, Some(scale), library);
    options.extend(said(&[
        ("class", class.to_owned()),
        ("validate", plan.name()),
        ("group", validation.group.clone().unwrap_or_default()),
        ("permutations", validation.permutations.to_string()),
        ("seed", validation.seed.to_string()),
    ]));
    if let Ok(choosing) = choosing {
        options.extend(said(&[("components", chosen.to_string()), ("choose", choosing.name().into())]));
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
        plots::save(
            folder,
            &format!("{name}-confusion"),
            &format!("{}, validated by {}", shown(name), plan.name()),
            &Figure::Confusion(&figure),
        )?;
        let ids = material.ids.clone();
        scores_picture(folder, name, &model, &x, &classes.rows(&known), ids.as_deref().map(|ids| (ids, &known[..])))?;
    }
    let record = material.store(model.to_parts(), fitted.as_ref(), options, tables, common.overwrite)?;
    let json = serde_json::json!({
        "components": choosing.is_ok().then_some(chosen), "classes": confusion.names, "confusion": confusion.counts, "accuracy": confusion.accuracy(),
        "balanced": confusion.balanced(), "p": p, "sensitivity": shares.iter().map(|s| s.0).collect::<Vec<_>>(),
        "specificity": shares.iter().map(|s| s.1).collect::<Vec<_>>(), "accuracies": accuracies,
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
    plots::save(folder, &format!("{name}-scores"), &format!("{}: training rows", shown(name)), &Figure::Scores(&figure))
}

pub fn plsda(o: &PlsDa, voice: Voice) -> anyhow::Result<()> {
    let assign = |x: &Mat<f64>, classes: &Classes, new: &Mat<f64>| {
        let most = o.choosing.components.min(x.nrows().saturating_sub(1)).min(x.ncols()).max(1);
        let (most, model) = at_most(most, |a| PlsDaModel::fit(x.as_ref(), classes, a, o.scale.scale, o.library.solver))?;
        (1..=most).map(|a| Ok(largest(model.predict(new.as_ref(), a)?.as_ref()))).collect()
    };
    let make = |x: &Mat<f64>, classes: &Classes, a: usize| {
        let fit = |a| PlsDaModel::fit(x.as_ref(), classes, a, o.scale.scale, o.library.solver);
        Ok(Model::PlsDa(at_most(a, fit)?.1))
    };
    let asked = Asked {
        common: &o.common,
        validation: &o.validation,
        class: &o.class,
        name: "plsda",
        scale: &o.scale,
        library: Some(&o.library),
        choosing: Ok(&o.choosing),
        extra: &[],
        assign: &assign,
        target: &[],
        accepts: None,
        make: &make,
    };
    classifier(&asked, voice)
}

pub fn lda(o: &Lda, voice: Voice) -> anyhow::Result<()> {
    let priors = if o.priors == "shares" { Priors::Shares } else { Priors::Equal };
    let fit = |x: &Mat<f64>, classes: &Classes, a: usize| {
        LdaModel::fit(x.as_ref(), classes, a, o.scale.scale, priors, o.library.solver)
    };
    let assign = |x: &Mat<f64>, classes: &Classes, new: &Mat<f64>| {
        let most = o.choosing.components.min(x.nrows().saturating_sub(classes.names.len())).min(x.ncols()).max(1);
        let mut all = Vec::new();
        for a in 1..=most {
            match fit(x, classes, a) {
                Ok(model) => all.push(largest(model.predict(new.as_ref())?.as_ref())),
                // No more components in which rows of a class vary.
                Err(Error::Components { .. } | Error::Numerics { .. }) if a > 1 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    };
    let make = |x: &Mat<f64>, classes: &Classes, a: usize| Ok(Model::Lda(at_most(a, |a| fit(x, classes, a))?.1));
    let asked = Asked {
        common: &o.common,
        validation: &o.validation,
        class: &o.class,
        name: "lda",
        scale: &o.scale,
        library: Some(&o.library),
        choosing: Ok(&o.choosing),
        extra: &[("priors", o.priors.clone())],
        assign: &assign,
        target: &[],
        accepts: None,
        make: &make,
    };
    classifier(&asked, voice)
}

pub fn knn(o: &Knn, voice: Voice) -> anyhow::Result<()> {
    let fit = |x: &Mat<f64>, classes: &Classes| KnnModel::fit(x.as_ref(), classes, o.k, o.distance, o.scale.scale);
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
        scale: &o.scale,
        library: None,
        choosing: Err(format!("the {} nearest", o.k)),
        extra: &extra,
        assign: &assign,
        target: &[],
        accepts: None,
        make: &make,
    };
    classifier(&asked, voice)
}

pub fn simca(o: &Simca, voice: Voice) -> anyhow::Result<()> {
    let options = SimcaOptions {
        components: o.components,
        scaling: o.scale.scale,
        rule: o.borders.limits,
        alpha: o.borders.alpha,
        gamma: o.borders.gamma,
        solver: o.library.solver,
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
    let accepts = |x: &Mat<f64>, classes: &Classes, new: &Mat<f64>| {
        let model = SimcaModel::fit(x.as_ref(), classes, &o.target, options)?;
        let judged = model.judge(new.as_ref())?;
        let place = |name: &String| model.classes.iter().position(|m| m.name == *name);
        let places: Vec<Option<usize>> = classes.names.iter().map(place).collect();
        Ok(judged.iter().map(|row| places.iter().map(|p| p.map(|p| row[p].accepted())).collect()).collect())
    };
    let make =
        |x: &Mat<f64>, classes: &Classes, _: usize| Ok(Model::Simca(SimcaModel::fit(x.as_ref(), classes, &o.target, options)?));
    let extra = [
        ("components", o.components.to_string()),
        ("limits", o.borders.limits.name().to_owned()),
        ("alpha", o.borders.alpha.to_string()),
        ("gamma", o.borders.gamma.to_string()),
        ("target", o.target.join(",")),
    ];
    let asked = Asked {
        common: &o.common,
        validation: &o.validation,
        class: &o.class,
        name: "simca",
        scale: &o.scale,
        library: Some(&o.library),
        choosing: Err(format!("{} components a class", o.components)),
        extra: &extra,
        assign: &assign,
        target: &o.target,
        accepts: Some(&accepts),
        make: &make,
    };
    classifier(&asked, voice)
}
