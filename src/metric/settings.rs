//! What a metric can be told: resolved before a run and stored with its result.

use super::ccf::{Ccf, Overlap, Stretched};
use super::logpolar::LogPolar;
use super::{Metric, by_name, mahalanobis::Mahalanobis, minkowski::Minkowski, weighted_euclidean::WeightedEuclidean};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;

/// Numbers that came out of an archive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Where they were: FILE.h5:/path
    pub address: String,
    /// BLAKE3 of the numbers as little-endian f64.
    pub blake3: String,
    /// Row after row. Not stored with a result: read again, and held to the digest.
    #[serde(skip)]
    pub values: Vec<f64>,
    pub rows: usize,
}

/// What else is said of the pairs that `ccf` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rescore {
    /// 1 − Σ(a−b)²/Σ(a+b)² on the overlap.
    RelativeDistance,
    /// Congruent matching profile segments, with their votes.
    Cmps,
}

/// Options of metrics; each applies to some.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// `minkowski`: the power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// `weighted-euclidean`: one weight a feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Table>,
    /// `mahalanobis`: d × d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariance: Option<Table>,
    /// `ccf`: largest lag in samples; all unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lag: Option<usize>,
    /// `ccf`: least overlap; half of the shorter profile unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_overlap: Option<Overlap>,
    /// `ccf`: stretch factors beside 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stretch: Vec<f64>,
    /// `ccf`: which profile is stretched.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub stretch_side: Stretched,
    /// `logpolar`: angles of a ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub angles: Option<usize>,
    /// `logpolar`: whether mirrored images are tried too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mirror: bool,
    /// Metrics of peak lists: tolerance, powers, noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peaks: Option<super::peaks::Settings>,
    /// `ccf`: computed of the pairs found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rescore: Vec<Rescore>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_usual(side: &Stretched) -> bool {
    *side == Stretched::default()
}

/// Metrics that were configured in this process: few, and used to its end.
static MADE: Mutex<Vec<(String, Settings, &'static dyn Metric)>> = Mutex::new(Vec::new());

impl Settings {
    /// The metric `name` with these settings; `None` when there is no such metric.
    ///
    /// # Errors
    /// In words, when a setting is missing, not possible, or not for this metric.
    pub fn configure(&self, name: &str) -> Option<Result<&'static dyn Metric, String>> {
        let usual = by_name(name)?;
        Some(self.configured(name, usual))
    }

    fn configured(&self, name: &str, usual: &'static dyn Metric) -> Result<&'static dyn Metric, String> {
        for (given, option, of) in [
            (self.p.is_some(), "--p", "minkowski"),
            (self.weights.is_some(), "--weights", "weighted-euclidean"),
            (self.covariance.is_some(), "--covariance", "mahalanobis"),
            (self.max_lag.is_some(), "--max-lag", "ccf"),
            (self.min_overlap.is_some(), "--min-overlap", "ccf"),
            (!self.stretch.is_empty(), "--stretch", "ccf"),
            (!is_usual(&self.stretch_side), "--stretch-side", "ccf"),
            (!self.rescore.is_empty(), "--rescore", "ccf"),
            (self.angles.is_some(), "--angles", "logpolar"),
            (self.mirror, "--mirror", "logpolar"),
        ] {
            if given && name != of {
                return Err(format!("{option} is for --metric {of}, not for {name}"));
            }
        }
        if !is_usual(&self.stretch_side) && self.stretch.is_empty() {
            return Err("--stretch-side says which profile is stretched; give --stretch nfi or a list of factors with it".into());
        }
        if self.peaks.is_some() {
            return Err(format!(
                "--tolerance, --mz-power, --intensity-power, --noise and --no-merge are for metrics of peak lists, not for {name}"
            ));
        }
        let mut made = MADE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((.., metric)) = made.iter().find(|(of, settings, _)| of == name && settings == self) {
            return Ok(*metric);
        }
        let metric: &'static dyn Metric = match (name, self.p, &self.weights, &self.covariance) {
            ("minkowski", Some(p), ..) => Box::leak(Box::new(Minkowski::new(p)?)),
            ("weighted-euclidean", _, Some(table), _) => Box::leak(Box::new(
                WeightedEuclidean::new(table.values.clone()).map_err(|why| format!("--weights {}: {why}", table.address))?,
            )),
            ("mahalanobis", _, _, Some(table)) => Box::leak(Box::new(
                Mahalanobis::new(&table.values, table.rows).map_err(|why| format!("--covariance {}: {why}", table.address))?,
            )),
            ("ccf", ..) => Box::leak(Box::new(Ccf::new(self.max_lag, self.min_overlap, &self.stretch, self.stretch_side)?)),
            ("logpolar", ..) => Box::leak(Box::new(LogPolar::new(self.angles, self.mirror)?)),
            _ => return Ok(usual),
        };
        made.push((name.to_owned(), self.clone(), metric));
        Ok(metric)
    }
}
