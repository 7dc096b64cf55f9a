//! `striae model hca|mcr`: what rows are by themselves: groups, mixtures.

use super::input::{Material, all_rows, base, column, finish, refused, said};
use super::{Common, Scale, parse_count, parse_distance, parse_linkage};
use crate::chemometrics::Model;
use crate::chemometrics::hca::{Linkage, Tree};
use crate::chemometrics::knn::Distance;
use crate::chemometrics::mcr::Mcr as McrModel;
use crate::cli::{Refused, Voice, plots};
use crate::report::plot::{self, Dendrogram, Figure, Merge};

/// Groups by hierarchical clustering
#[derive(Debug, clap::Args)]
pub struct Hca {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    scale: Scale,
    /// euclidean, manhattan, cosine, correlation
    #[arg(long, default_value = "euclidean", value_parser = parse_distance)]
    distance: Distance,
    /// average, single, complete, weighted, ward, centroid, median
    #[arg(long, default_value = "average", value_parser = parse_linkage)]
    linkage: Linkage,
    /// Number of clusters that are stored
    #[arg(long, conflicts_with = "height", value_parser = parse_count)]
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
    #[arg(long, short = 'a', value_parser = parse_count)]
    components: usize,
    /// Scale spectra so that contents of each row sum to one as nearly as they can: for rows of one total
    #[arg(long)]
    closure: bool,
}

pub fn hca(o: &Hca, voice: Voice) -> anyhow::Result<()> {
    let mut material = Material::open(&o.common, voice)?;
    let rows = 8 * (material.raw.nrows() * material.raw.ncols()) as u64;
    let needed = crate::chemometrics::hca::bytes(material.raw.nrows()) + 3 * rows + (64 << 20);
    if needed > o.common.memory {
        return Err(Refused::usage(format!(
            "--memory {} is too little: clustering {} rows needs {} with their distances. Give more, or cluster fewer rows",
            crate::compare::bytes(o.common.memory),
            material.raw.nrows(),
            crate::compare::bytes(needed)
        )));
    }
    let rows = all_rows(&material);
    let fitted = material.learn(&rows).map_err(|e| refused(&e))?;
    let x = material.prepared(&rows, fitted.as_ref()).map_err(|e| refused(&e))?;
    let tree = Tree::of(x.as_ref(), o.scale.scale, o.distance, o.linkage).map_err(|e| refused(&e))?;
    let clusters = match (o.clusters, o.height) {
        (Some(count), _) => Some(tree.cut_into(count)),
        (None, Some(height)) => Some(tree.cut_at(height)),
        (None, None) => None,
    };
    if let Some(folder) = &o.common.plot {
        let merges: Vec<Merge> =
            tree.steps.iter().map(|s| Merge { left: s.left, right: s.right, height: s.height, size: s.size }).collect();
        let ids = material.ids.clone().unwrap_or_else(|| rows.iter().map(usize::to_string).collect());
        let names: Vec<&str> = ids.iter().map(String::as_str).collect();
        let figure = Dendrogram { merges: &merges, names: &names, classes: &[], cut: o.height, title: "Distance" };
        plots::save(
            folder,
            "hca-dendrogram",
            &format!("{} linkage, {} distance", o.linkage.name(), o.distance.name()),
            &Figure::Dendrogram(&figure),
        )?;
    }
    let mut tables = vec![("training/order".into(), column(tree.order().iter().map(|&i| i as f64).collect()))];
    let mut lines = vec![format!(
        "{} linkage of {} distances, cophenetic correlation {}",
        o.linkage.name(),
        o.distance.name(),
        // Of rows that are all equally far apart there is none.
        if tree.cophenetic.is_finite() { format!("{:.4}", tree.cophenetic) } else { "–".into() }
    )];
    let mut count = 0;
    if let Some(clusters) = &clusters {
        count = clusters.iter().max().map_or(0, |m| m + 1);
        lines.push(format!("clusters  {count}"));
        tables.push(("training/cluster".into(), column(clusters.iter().map(|&c| c as f64).collect())));
    }
    let mut options = base(&o.common, "hca", Some(&o.scale), None);
    options.extend(o.clusters.map(|n| ("clusters".to_owned(), n.to_string())));
    options.extend(o.height.map(|h| ("height".to_owned(), h.to_string())));
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
    let mut lines = vec![
        format!(
            "{} rounds{}, lack of fit {:.3} %",
            model.rounds,
            if model.converged { "" } else { " (not converged)" },
            100.0 * model.lack_of_fit
        ),
        "non-negativity does not fix the answer alone: compare the spectra with known ones before they are given names"
            .to_owned(),
    ];
    let negative = (0..x.ncols()).flat_map(|j| x.col(j).iter()).filter(|v| **v < 0.0).count();
    if negative > 0 {
        let share = 100.0 * negative as f64 / (x.nrows() * x.ncols()) as f64;
        lines.push(format!("{share:.1} % of the numbers are negative, which spectra and contents from 0 cannot explain"));
    }
    if o.closure {
        let sums = (0..x.nrows()).map(|i| (0..o.components).map(|k| model.contents[(i, k)]).sum::<f64>());
        let (low, high) = sums.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), s| (l.min(s), h.max(s)));
        lines.push(format!("contents of a row sum to {low:.4} … {high:.4}"));
    }
    let mut options = base(&o.common, "mcr", None, None);
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
        plots::save(folder, "mcr-resolved", "Resolved spectra", &Figure::Loadings(&figure))?;
    }
    let record = material.store(Model::Mcr(model).to_parts(), fitted.as_ref(), options, Vec::new(), o.common.overwrite)?;
    finish(&record, &material, &lines, json, voice);
    Ok(())
}
