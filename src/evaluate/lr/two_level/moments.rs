//! What a two-level model takes from labelled rows.
//!
//! For m sources with nᵢ rows and means zᵢ, N = Σnᵢ, and z̄ the mean of all rows:
//!
//! - W, pooled: Σᵢ Σⱼ (xᵢⱼ − zᵢ)(…)ᵀ / (N − m); or the mean of the covariances (nᵢ − 1) of the sources with two rows or more;
//! - T = [Σᵢ nᵢ(zᵢ − z̄)(…)ᵀ/(m − 1) − W] / κ, κ = (N − Σnᵢ²/N)/(m − 1): the between-source covariance, freed of what W puts into it. It is an estimate by
//!   difference, and need not be positive definite; h²T + W/n must be, and is checked.
//!
//! Sources ascend by number. Means first, then sums of products about them: no cancellation of large squares.

use crate::evaluate::lr::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the within-source covariance is averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// By degrees of freedom.
    Pooled,
    /// Each source with two rows or more alike.
    MeanOfSources,
}

/// Means and covariances; matrices row-major.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    p: usize,
    kappa: f64,
    /// p.
    overall: Vec<f64>,
    /// m × p.
    means: Vec<f64>,
    /// p × p.
    within: Vec<f64>,
    /// p × p.
    between: Vec<f64>,
}

impl Moments {
    /// Of rows of `p` numbers, with the source of each.
    ///
    /// # Errors
    /// For numbers that are not finite or do not make rows, fewer than two sources, and no source with two rows.
    pub fn of(rows: &[f64], p: usize, source: &[u32], how: Within) -> Result<Self, Error> {
        let overall = mean(rows, p, "training rows")?;
        if source.len() != rows.len() / p {
            return Err(Error::Shape { what: "sources of the training rows", got: source.len(), columns: rows.len() / p });
        }
        let mut of: BTreeMap<u32, Vec<&[f64]>> = BTreeMap::new();
        for (source, row) in source.iter().zip(rows.chunks(p)) {
            of.entry(*source).or_default().push(row);
        }
        let (m, all) = (of.len() as f64, source.len() as f64);
        let repeated = of.values().filter(|rows| rows.len() > 1).count();
        if of.len() < 2 {
            return Err(Error::TooFew {
                what: "sources of the training rows",
                got: of.len(),
                least: 2,
                advice: "label more sources",
            });
        }
        if repeated == 0 {
            let advice = "measure items of the training set more than once";
            return Err(Error::TooFew { what: "training sources with two rows or more", got: 0, least: 1, advice });
        }
        let mut means = Vec::with_capacity(of.len() * p);
        let (mut within, mut between) = (vec![0.0; p * p], vec![0.0; p * p]);
        for rows in of.values() {
            let n = rows.len() as f64;
            let centre: Vec<f64> = (0..p).map(|j| rows.iter().map(|r| r[j]).sum::<f64>() / n).collect();
            let weight = match how {
                Within::Pooled => 1.0 / (all - m),
                Within::MeanOfSources if rows.len() > 1 => 1.0 / ((n - 1.0) * repeated as f64),
                Within::MeanOfSources => 0.0,
            };
            for row in rows {
                add_square(&mut within, row, &centre, weight);
            }
            add_square(&mut between, &centre, &overall, n / (m - 1.0));
            means.extend(centre);
        }
        let squares: f64 = of.values().map(|rows| (rows.len() * rows.len()) as f64).sum();
        let kappa = (all - squares / all) / (m - 1.0);
        for (t, w) in between.iter_mut().zip(&within) {
            *t = (*t - w) / kappa;
        }
        Ok(Self { p, kappa, overall, means, within, between })
    }

    /// Whether what was read has the shapes of what is made.
    pub(super) fn is_sound(&self) -> bool {
        let Self { p, kappa, overall, means, within, between } = self;
        let square = p.checked_mul(*p);
        let finite = overall.iter().chain(means).chain(within).chain(between).all(|x| x.is_finite());
        let shapes = overall.len() == *p && means.len().checked_rem(*p) == Some(0) && means.len() / 2 >= *p;
        shapes && Some(within.len()) == square && Some(between.len()) == square && finite && *kappa > 0.0
    }

    /// p.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.p
    }

    /// m.
    #[must_use]
    pub fn sources(&self) -> usize {
        self.means.len() / self.p.max(1)
    }

    /// κ, the rows that a source has on average.
    #[must_use]
    pub fn kappa(&self) -> f64 {
        self.kappa
    }

    /// z̄, p numbers.
    #[must_use]
    pub fn overall(&self) -> &[f64] {
        &self.overall
    }

    /// zᵢ, m × p, sources ascending.
    #[must_use]
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// W, p × p.
    #[must_use]
    pub fn within(&self) -> &[f64] {
        &self.within
    }

    /// T, p × p.
    #[must_use]
    pub fn between(&self) -> &[f64] {
        &self.between
    }
}

/// The mean of rows that are checked.
pub(super) fn mean(rows: &[f64], p: usize, what: &'static str) -> Result<Vec<f64>, Error> {
    if p == 0 || rows.is_empty() || !rows.len().is_multiple_of(p) {
        return Err(Error::Shape { what, got: rows.len(), columns: p });
    }
    if let Some(index) = rows.iter().position(|x| !x.is_finite()) {
        return Err(Error::Value { what, index: index / p, got: rows[index], allowed: "finite numbers" });
    }
    let n = (rows.len() / p) as f64;
    Ok((0..p).map(|j| rows.iter().skip(j).step_by(p).sum::<f64>() / n).collect())
}

/// Adds weight·(x − c)(x − c)ᵀ.
fn add_square(to: &mut [f64], x: &[f64], c: &[f64], weight: f64) {
    let p = x.len();
    for i in 0..p {
        for j in 0..p {
            to[i * p + j] += weight * (x[i] - c[i]) * (x[j] - c[j]);
        }
    }
}
