//! Likelihood ratios of repeated measurements: models of two levels.

use super::measured::Measured;
use super::{Options, Quality, StoredLr, bounded, limits};
use crate::archive::Address;
use crate::archive::model::ModelRecord;
use crate::cli::scored::Level;
use crate::cli::{Voice, evidence_plots, plots};
use crate::evaluate::lr::two_level::Kind;
use crate::evaluate::lr::{Calibrator, LrModel, Orientation, Statement};
use std::collections::BTreeMap;
use std::time::Instant;

/// A model of the measurements themselves.
pub(super) fn run(
    options: &Options,
    kind: Kind,
    target: &Address,
    population: &str,
    started: String,
    clock: Instant,
    voice: Voice,
) -> anyhow::Result<()> {
    let truth = &options.labelled.truth;
    let measured = Measured::read(&options.result, truth)?;
    let (model, lrs, how) = measured.model(kind, options.folds, options.seed)?;
    let bounds = limits(&options.bounds, &lrs)?;
    let (same, different) = (lrs.same().len() as u64, lrs.different().len() as u64);
    let quality = Quality::of(bounded(&lrs, &bounds)?, how);
    let statement = Statement {
        h1: options.h1.clone().unwrap_or_else(|| format!("control and recovered item are of the same {truth}")),
        h2: options.h2.clone().unwrap_or_else(|| format!("control and recovered item are of different {truth}")),
        population: population.to_owned(),
        truth: truth.clone(),
        score: format!("{} measured numbers", measured.columns),
        sources: measured.names.len() as u64,
        items: measured.source.len() as u64,
        same_pairs: same,
        different_pairs: different,
    };
    let model = LrModel::new(statement, Orientation::LargerIsCloser, Calibrator::TwoLevel(model), bounds)?;
    let recipe = serde_json::json!({ "columns": measured.columns }).to_string();
    let stored = StoredLr::new(model, recipe, Level::Item, &quality)?;
    let (rows, width) = (measured.source.len(), measured.columns);
    let mut record = ModelRecord::new(options.result.clone(), rows, width, BTreeMap::new(), started);
    record.values_blake3.clone_from(&measured.values_blake3);
    record.columns_blake3.insert(truth.clone(), measured.truth_blake3.clone());
    record.seconds = clock.elapsed().as_secs_f64();
    stored.store(options, target, &[("method", kind.name().to_owned()), ("truth", truth.clone())], record)?;
    if let Some(folder) = &options.plot {
        evidence_plots::of_ratios(&quality.lrs, &mut |name, title, figure| plots::save(folder, name, title, figure))?;
    }
    let b = stored.model.bounds();
    if voice.json {
        println!(
            "{}",
            serde_json::json!({
                "output": target.to_string(), "method": kind.name(), "statement": stored.model.statement(), "cllr": quality.cllr.cllr,
                "cllr_min": quality.cllr.min, "cllr_cal": quality.cllr.cal(), "dev_pav": quality.dev_pav, "how": quality.how,
                "bounds": [b.lower.map(|l| l.0), b.upper.map(|l| l.0)], "model_blake3": stored.blake3,
            })
        );
    } else if !voice.quiet {
        println!("model     {}: {}", kind.name(), stored.sentence());
        println!("stored    {target}");
        println!("digest    {}", stored.blake3);
    }
    Ok(())
}
