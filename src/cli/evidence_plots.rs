//! Pictures of how well scores tell sources apart, and of what they are worth.

use super::calibrate::Quality;
use super::evaluate::Evaluated;
use super::plots::save;
use super::scored::Labelled;
use crate::evaluate::lr::{Log10Lr, Lrs, Pav, ece};
use crate::report::plot::{Det, Ece, Figure, Format, Histogram, PavPlot, RankCurve, RateCurve, Roc, Style, Tippett, draw};
use std::path::Path;

/// Bins of a histogram.
const BINS: usize = 60;
/// Priors of a curve of cross-entropy: log10 odds from −3 to 3.
const PRIORS: usize = 121;

fn values(all: &[Log10Lr]) -> Vec<f64> {
    all.iter().map(|l| l.0).collect()
}

pub fn discrimination(folder: &Path, labelled: &Labelled, found: &Evaluated) -> anyhow::Result<()> {
    let title = format!("{} by {}", labelled.input, labelled.metric);
    if !found.roc.is_empty() {
        let auc = found.get("AUC").map_or(f64::NAN, |f| f.value);
        let name = format!("{} (AUC {auc:.4})", labelled.metric);
        let (false_rate, true_rate): (Vec<f64>, Vec<f64>) = found.roc.iter().copied().unzip();
        let curves = [RateCurve { name: &name, false_rate: &false_rate, true_rate: &true_rate, band: None }];
        save(folder, "roc", &title, &Figure::Roc(&Roc { curves: &curves, log: false }))?;
        save(folder, "roc-log", &title, &Figure::Roc(&Roc { curves: &curves, log: true }))?;
        save(folder, "det", &title, &Figure::Det(&Det { curves: &curves }))?;
        let (same, different) = labelled.split();
        let histogram = Histogram {
            title: &labelled.metric,
            sets: [("same source", &same), ("different sources", &different)],
            bins: BINS,
            density: true,
            curves: &[],
            bounds: &[],
        };
        if same.iter().chain(&different).all(|s| s.is_finite()) {
            save(folder, "scores", &title, &Figure::Histogram(&histogram))?;
        }
    }
    if !found.by_rank.is_empty() {
        let curves: [(&str, &[f64]); 1] = [(&labelled.metric, &found.by_rank)];
        save(folder, "ranks", &title, &Figure::RankCurve(&RankCurve { curves: &curves, exact_to: labelled.k }))?;
    }
    Ok(())
}

/// The pictures of ratios: name, title, figure as SVG.
pub fn of_ratios(lrs: &Lrs, write: &mut dyn FnMut(&str, &str, &Figure<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (same, different) = (values(lrs.same()), values(lrs.different()));
    write(
        "tippett",
        "Shares of pairs with at least this log10 LR",
        &Figure::Tippett(&Tippett { same: &same, different: &different }),
    )?;
    let priors = ece::priors(3.0, PRIORS);
    let points = ece::curve(lrs, &priors)?;
    let of = |f: fn(&ece::Point) -> f64| points.iter().map(f).collect::<Vec<f64>>();
    let (own, best, neutral) = (of(|p| p.lr), of(|p| p.pav), of(|p| p.neutral));
    let curves: [(&str, &[f64]); 3] = [("LR", &own), ("after PAV", &best), ("neutral, LR 1", &neutral)];
    write("ece", "Empirical cross-entropy", &Figure::Ece(&Ece { prior_log10_odds: &priors, curves: &curves }))?;
    let pav = Pav::of_lrs(lrs);
    let mut all: Vec<f64> = same.iter().chain(&different).copied().collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    let calibrated: Vec<f64> = all.iter().map(|l| pav.log10_lr(*l).0).collect();
    write("pav", "log10 LR before and after PAV", &Figure::PavPlot(&PavPlot { log10_lr: &all, calibrated: &calibrated }))?;
    if same.iter().chain(&different).all(|l| l.is_finite()) {
        let histogram = Histogram {
            title: "log10 LR",
            sets: [("same source", &same), ("different sources", &different)],
            bins: BINS,
            density: false,
            curves: &[],
            bounds: &[],
        };
        write("log10-lr", "log10 LR of both kinds of pairs", &Figure::Histogram(&histogram))?;
    }
    Ok(())
}

pub fn calibration(folder: &Path, labelled: &Labelled, quality: &Quality) -> anyhow::Result<()> {
    let of = format!("{} by {}, {}", labelled.input, labelled.metric, quality.how);
    of_ratios(&quality.lrs, &mut |name, title, figure| save(folder, name, &format!("{title}: {of}"), figure))
}

/// The same as SVG texts, for a report: title and picture.
pub fn ratios_as_svg(lrs: &Lrs) -> anyhow::Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    of_ratios(lrs, &mut |_, title, figure| {
        let bytes = draw(figure, &Style { width: 640.0, height: 440.0, title, ..Style::default() }, Format::Svg)?;
        all.push((title.to_owned(), String::from_utf8(bytes)?));
        Ok(())
    })?;
    Ok(all)
}
