//! What is asked for: options as people give them, checked into a job that can run.

use super::error::Error;
use crate::backend::TileShape;
use crate::metric::{self, Geometry, Metric, Settings};
use serde::{Deserialize, Serialize};

/// Which pairs become part of the result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The best k partners of every query.
    TopK(usize),
    /// Every pair whose score is at least this good.
    Threshold(f64),
    /// All scores, as f32.
    Dense,
}

/// Which partners a query does not have, beside itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exclude {
    None,
    /// Those of the same exhibit.
    Exhibit,
    /// Those of the same mark.
    Mark,
}

/// What happens to rows that the metric is not defined for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Invalid {
    Refuse,
    /// They are left out and listed.
    Skip,
}

/// How pairs are screened. The result is the same; only time differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Screening {
    /// Whatever is fastest on a sample of the data.
    #[default]
    Auto,
    /// All numbers of a row, as f32.
    Plain,
    /// Coordinates along so many principal axes; as many as are fastest where it is 0.
    Head(usize),
    /// All numbers of a row, as f16.
    Half,
    /// All numbers of a row, as bytes.
    Bytes,
}

/// How rows were prepared before they were compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    /// Steps, as of `striae prepare`.
    pub recipe: String,
    /// BLAKE3 of the recipe as it was fitted, with all that it learnt: of the references where there are any, else of the queries.
    pub fitted_blake3: String,
}

/// Options of a comparison. Only a checked [`Job`] runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    pub metric: String,
    /// What the metric was told.
    #[serde(default)]
    pub settings: Settings,
    pub mode: Mode,
    pub exclude: Exclude,
    pub invalid: Invalid,
    /// Bytes of resident memory that the run may use.
    pub memory: u64,
    /// Rows × columns of a tile; the backend's own where not given.
    pub tile: Option<TileShape>,
    #[serde(default)]
    pub screening: Screening,
    /// What the sources did to their rows; the digests of the inputs are then of prepared rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepare: Option<Preparation>,
}

impl Options {
    /// Partners of a ranking; 1 where there is none.
    #[must_use]
    pub const fn k(&self) -> usize {
        if let Mode::TopK(k) = self.mode { k } else { 1 }
    }

    #[must_use]
    pub fn new(metric: &str, mode: Mode) -> Self {
        Self {
            metric: metric.to_owned(),
            settings: Settings::default(),
            mode,
            exclude: Exclude::None,
            invalid: Invalid::Refuse,
            memory: 2 << 30,
            tile: None,
            screening: Screening::Auto,
            prepare: None,
        }
    }
}

/// Checked options.
#[derive(Clone, Debug)]
pub struct Job {
    pub options: Options,
    pub metric: &'static dyn Metric,
}

impl Job {
    /// Checks what can be checked before any data is seen.
    ///
    /// # Errors
    /// [`Error::Option`], which names the option, what was given and what is allowed.
    pub fn new(options: Options) -> Result<Self, Error> {
        let refuse = |text: String| Err(Error::Option(text));
        let Some(metric) = options.settings.configure(&options.metric) else {
            let names: Vec<_> = metric::all().iter().map(|m| m.info().name).collect();
            return refuse(format!("--metric {} is not known; allowed are {}", options.metric, names.join(", ")));
        };
        let metric = metric.map_err(Error::Option)?;
        match options.mode {
            Mode::Dense if !options.settings.rescore.is_empty() => {
                return refuse(
                    "--rescore looks again at the pairs that were found; with --dense give --top-k or --threshold instead".into(),
                );
            }
            Mode::TopK(0) => return refuse("--top-k 0 asks for nothing; give 1 or more".into()),
            Mode::TopK(k) if k > 1 << 24 => return refuse(format!("--top-k {k} is too large; at most {}", 1 << 24)),
            Mode::Threshold(t) if !t.is_finite() => return refuse(format!("--threshold {t} is not a finite number")),
            Mode::Threshold(t) => {
                let (low, high) = metric.info().range;
                if t < low || t > high {
                    return refuse(format!(
                        "--threshold {t} can never apply: {} lies between {low} and {high}",
                        metric.info().name
                    ));
                }
            }
            _ => {}
        }
        if !matches!(options.screening, Screening::Auto | Screening::Plain) {
            let name = match options.screening {
                Screening::Bytes => "bytes",
                Screening::Half => "half",
                _ => "head",
            };
            let possible = metric.geometry() != Geometry::Fold || (name == "head" && metric.multiplies());
            if !possible {
                return refuse(format!(
                    "--screen {name} needs a metric that reduces to an inner product, and {} does not; use --screen auto",
                    metric.info().name
                ));
            }
            if options.mode == Mode::Dense {
                return refuse(format!("--screen {name} finds the pairs that matter; with --dense all do: use --screen auto"));
            }
        }
        if let Some(tile) = options.tile
            && (tile.rows == 0 || tile.cols == 0 || tile.rows.max(tile.cols) > 8192)
        {
            return refuse(format!("a tile of {} × {} is not possible; sides from 1 to 8192", tile.rows, tile.cols));
        }
        Ok(Self { options, metric })
    }
}
