//! Pictures of a principal component model.

use crate::chemometrics::limits::{Flag, Limits};
use crate::chemometrics::pca::Pca;
use crate::cli::plots;
use crate::report::plot::{self, Border, Coverage, Distances, Explained, Figure, Loadings, Scores};

/// What is drawn of a model.
pub struct Picture<'a> {
    pub pca: &'a Pca,
    pub limits: Option<&'a Limits>,
    pub scores: &'a [f64],
    pub t2: &'a [f64],
    pub q: &'a [f64],
    pub ids: Option<&'a [String]>,
    pub sources: Option<&'a [String]>,
    pub features: Option<&'a [String]>,
}

/// Rows that are drawn at most; of more every so-many-th.
const MOST_POINTS: usize = 5000;

impl Picture<'_> {
    /// Draws scores, loadings, explained variance and distances.
    pub fn save(&self, folder: &std::path::Path, parts: &crate::chemometrics::Parts) -> anyhow::Result<()> {
        let (a, n) = (self.pca.components(), self.pca.rows);
        let every = n.div_ceil(MOST_POINTS).max(1);
        let rows: Vec<usize> = (0..n).step_by(every).collect();
        let column = |all: &[f64], k: usize| rows.iter().map(|&i| all[i * a + k]).collect::<Vec<f64>>();
        let names: Vec<&str> = self.ids.map_or_else(Vec::new, |ids| rows.iter().map(|&i| ids[i].as_str()).collect());
        let different = self.sources.map_or(0, |s| s.iter().collect::<std::collections::HashSet<_>>().len());
        let classes: Vec<&str> = match self.sources {
            Some(sources) if different <= plots::MOST_CLASSES => rows.iter().map(|&i| sources[i].as_str()).collect(),
            _ => Vec::new(),
        };
        let explained = self.pca.explained();
        let percent: Vec<f64> = explained.iter().map(|e| 100.0 * e).collect();
        let title = |k: usize| format!("PC{} ({:.1} %)", k + 1, percent[k]);
        if a >= 2 {
            let (x, y) = (column(self.scores, 0), column(self.scores, 1));
            let figure = Scores {
                x: &x,
                y: &y,
                x_title: &title(0),
                y_title: &title(1),
                classes: &classes,
                projected: &[],
                names: &names,
                named: 5.min(rows.len()),
                ellipse: if rows.len() > 3 { Coverage::Hotelling(0.95) } else { Coverage::Nothing },
                per_class: false,
            };
            plots::save(folder, "pca-scores", "Scores", &Figure::Scores(&figure))?;
        }
        let unit = parts.texts.get("axis_unit").map_or("", String::as_str);
        let loadings: Vec<(String, Vec<f64>)> = (0..a.min(4))
            .map(|k| (title(k), (0..self.pca.loadings.nrows()).map(|i| self.pca.loadings[(i, k)]).collect()))
            .collect();
        let components: Vec<(&str, &[f64])> = loadings.iter().map(|(name, v)| (name.as_str(), &v[..])).collect();
        let points: Vec<f64> = (0..self.pca.loadings.nrows()).map(|i| i as f64).collect();
        let at = parts.arrays.get("axis").map_or(&points[..], |axis| &axis.values[..]);
        let features: Vec<&str> = self.features.map_or_else(Vec::new, |f| f.iter().map(String::as_str).collect());
        let along = plots::along(at, unit, &features);
        plots::save(
            folder,
            "pca-loadings",
            "Loadings",
            &Figure::Loadings(&Loadings { along, components: &components, title: "Loading" }),
        )?;
        plots::save(
            folder,
            "pca-explained",
            "Explained variance",
            &Figure::Explained(&Explained { percent: &percent, chosen: Some(a) }),
        )?;
        // Where nothing is left off the model there is nothing to draw.
        if let Some(limits) = self.limits.filter(|l| l.q_extreme > 0.0 && l.t2_extreme > 0.0) {
            let (t2, q) = (column(self.t2, a - 1), column(self.q, a - 1));
            let judge = limits.judge(n);
            let flags: Vec<plot::Flag> = t2
                .iter()
                .zip(&q)
                .map(|(&t2, &q)| match judge.flag(t2, q) {
                    Flag::Regular => plot::Flag::Regular,
                    Flag::Extreme => plot::Flag::Extreme,
                    Flag::Outlier => plot::Flag::Outlier,
                })
                .collect();
            let border = if limits.is_joint() {
                Border::Acceptance {
                    h0: limits.t2.scale,
                    q0: limits.q.scale,
                    nh: limits.t2.freedom,
                    nq: limits.q.freedom,
                    extreme: limits.full_limit(1.0 - limits.alpha),
                    outlier: Some(limits.full_limit(libm::pow(1.0 - limits.gamma, 1.0 / n as f64))),
                }
            } else {
                Border::Limits { t2: limits.t2_extreme, q: limits.q_extreme }
            };
            let figure = Distances { t2: &t2, q: &q, flags: &flags, names: &names, border, log: true };
            plots::save(folder, "pca-distances", &format!("Distances, {a} components"), &Figure::Distances(&figure))?;
        }
        Ok(())
    }
}
