//! What a metric can be told on the command line.

use super::{Refused, collection};
use crate::compare::RowSource;
use crate::metric::{Settings, Table};

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Options of metrics")]
pub struct Options {
    /// minkowski: the power, 1 to 32 [default: 3]
    #[arg(long, value_name = "P")]
    p: Option<f64>,
    /// weighted-euclidean: FILE.h5:/path of one weight a feature (1 × d)
    #[arg(long, value_name = "TABLE")]
    weights: Option<String>,
    /// mahalanobis: FILE.h5:/path of a covariance (d × d)
    #[arg(long, value_name = "TABLE")]
    covariance: Option<String>,
}

impl Options {
    /// Reads what is named; what `metric` cannot do without must be.
    pub fn resolve(&self, metric: &str) -> anyhow::Result<Settings> {
        match metric {
            "weighted-euclidean" if self.weights.is_none() => {
                return Err(Refused::usage("weighted-euclidean needs --weights FILE.h5:/path: 1 × d numbers of zero or more"));
            }
            "mahalanobis" if self.covariance.is_none() => {
                return Err(Refused::usage("mahalanobis needs --covariance FILE.h5:/path: d × d numbers"));
            }
            _ => {}
        }
        Ok(Settings {
            p: self.p,
            weights: self.weights.as_deref().map(table).transpose()?,
            covariance: self.covariance.as_deref().map(table).transpose()?,
        })
    }
}

/// The numbers of a small 2-D dataset.
fn table(text: &str) -> anyhow::Result<Table> {
    let mut found = collection::open(text)?;
    let rows = found.rows();
    let values = found.read(0..rows).map_err(anyhow::Error::from)?.widen(crate::matrix::Element::F64);
    let values = match values {
        crate::matrix::Values::F64(values) => values,
        crate::matrix::Values::F32(values) => values.into_iter().map(f64::from).collect(),
    };
    let mut hasher = blake3::Hasher::new();
    for x in &values {
        hasher.update(&x.to_le_bytes());
    }
    Ok(Table { address: found.name(), blake3: hasher.finalize().to_hex().to_string(), values, rows })
}

/// Fills in the numbers of recorded tables again, and holds them to their digests.
pub fn reread(settings: &Settings) -> anyhow::Result<Settings> {
    let again = |stored: &Option<Table>| -> anyhow::Result<Option<Table>> {
        let Some(stored) = stored else { return Ok(None) };
        let found = table(&stored.address)?;
        anyhow::ensure!(
            found.blake3 == stored.blake3,
            "{}: its numbers are not those that the result was made with (BLAKE3 {}, recorded {})",
            stored.address,
            found.blake3,
            stored.blake3
        );
        Ok(Some(found))
    };
    Ok(Settings { weights: again(&settings.weights)?, covariance: again(&settings.covariance)?, ..settings.clone() })
}
