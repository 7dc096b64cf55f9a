//! Likelihood ratios of repeated measurements, straight from features: two-level models.
//!
//! A control of n₁ rows and a recovered item of n₂ rows, each of p numbers, with means x̄ and ȳ. Within a source, rows are N(θ, W); between sources, θ has
//! a density g. H1: one θ; H2: two independent θ.
//!
//! LR = ∫ N(x̄; θ, W/n₁) N(ȳ; θ, W/n₂) g(θ) dθ / [∫ N(x̄; θ, W/n₁) g(θ) dθ · ∫ N(ȳ; θ, W/n₂) g(θ) dθ]
//!
//! | [`Kind`] | g | W | source |
//! |---|---|---|---|
//! | `Normal` | N(μ, T) | pooled within sources | C. Aitken, D. Lucy 2004, doi:10.1046/j.0035-9254.2003.05271.x |
//! | `Kernel` | 1/m Σᵢ N(zᵢ, h²T) at the m source means zᵢ, h by `bolck` | pooled | same |
//! | `Bolck` | the same, h by `multivariate` | mean of the sources' covariances | A. Bolck et al. 2009, doi:10.1016/j.forsciint.2009.06.006 |
//!
//! The integrals of `Kernel` and `Bolck` are the same; they differ in how W and h are estimated, and agree where all sources have equally many rows
//! and h is given. [`moments`] has the estimates, [`ratio`] the closed form.
//!
//! Sums are log-sum-exp: a log10 LR of −1000 is a number. The model extrapolates far beyond its m sources, however: give its LRs limits
//! ([`super::bounds`]). Assumes one W for all sources, and normal rows within a source; tests neither.

pub mod moments;
pub mod ratio;

pub use moments::Moments;
pub use ratio::Parts;

use super::Error;
use super::bandwidth::Bandwidth;
use super::labelled::Log10Lr;
use moments::Within;
use serde::{Deserialize, Serialize};

/// Which two-level model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Normal,
    Kernel,
    Bolck,
}

impl Kind {
    /// By name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Normal, Self::Kernel, Self::Bolck].into_iter().find(|k| k.name() == name)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Kernel => "kernel",
            Self::Bolck => "bolck",
        }
    }

    const fn within(self) -> Within {
        match self {
            Self::Normal | Self::Kernel => Within::Pooled,
            Self::Bolck => Within::MeanOfSources,
        }
    }

    const fn bandwidth(self) -> Bandwidth {
        match self {
            Self::Normal | Self::Kernel => Bandwidth::Bolck,
            Self::Bolck => Bandwidth::Multivariate,
        }
    }
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct TwoLevel {
    kind: Kind,
    /// h; 1 for `Normal`.
    bandwidth: f64,
    moments: Moments,
}

/// A model as it was read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    kind: Kind,
    bandwidth: f64,
    moments: Moments,
}

impl TryFrom<Unchecked> for TwoLevel {
    type Error = Error;

    fn try_from(read: Unchecked) -> Result<Self, Error> {
        let Unchecked { kind, bandwidth, moments } = read;
        let model = Self { kind, bandwidth, moments };
        if model.is_sound() { Ok(model) } else { Err(Error::Model { reason: "its two-level model contradicts itself".into() }) }
    }
}

impl TwoLevel {
    /// Fits rows of `p` numbers (row-major), with the source of each row.
    ///
    /// # Errors
    /// For numbers that are not finite or do not make rows, fewer than two sources, no source with two rows, and covariances that are singular.
    pub fn fit(kind: Kind, rows: &[f64], p: usize, source: &[u32]) -> Result<Self, Error> {
        Self::fit_with(kind, kind.bandwidth(), rows, p, source)
    }

    /// The same with a width of the kernels by another rule.
    ///
    /// # Errors
    /// As [`Self::fit`], and for rules that are not for several columns.
    pub fn fit_with(kind: Kind, bandwidth: Bandwidth, rows: &[f64], p: usize, source: &[u32]) -> Result<Self, Error> {
        let moments = Moments::of(rows, p, source, kind.within())?;
        let h = if kind == Kind::Normal { 1.0 } else { bandwidth.factor(p, moments.sources())? };
        let model = Self { kind, bandwidth: h, moments };
        // One row each is the easiest case for the covariances; what fails here fails always.
        model.ratio(1, 1)?;
        Ok(model)
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// h², the share of the between-source covariance that a kernel has.
    #[must_use]
    pub fn h2(&self) -> f64 {
        self.bandwidth * self.bandwidth
    }

    #[must_use]
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// log10 LR of the rows of a control and of a recovered item (row-major, p numbers each); the same when the two are exchanged, up to rounding.
    ///
    /// # Errors
    /// For numbers that are not finite or do not make rows, and singular covariances.
    pub fn log10_lr(&self, control: &[f64], recovered: &[f64]) -> Result<Log10Lr, Error> {
        Ok(self.parts(control, recovered)?.log10_lr)
    }

    /// The same with what it is made of.
    ///
    /// # Errors
    /// As [`Self::log10_lr`].
    pub fn parts(&self, control: &[f64], recovered: &[f64]) -> Result<Parts, Error> {
        let p = self.moments.columns();
        let x = moments::mean(control, p, "rows of the control")?;
        let y = moments::mean(recovered, p, "rows of the recovered item")?;
        Ok(self.ratio(control.len() / p, recovered.len() / p)?.parts(&x, &y))
    }

    pub(super) fn is_sound(&self) -> bool {
        self.bandwidth > 0.0 && self.bandwidth.is_finite() && self.moments.is_sound()
    }

    fn ratio(&self, n_control: usize, n_recovered: usize) -> Result<ratio::Ratio<'_>, Error> {
        let centres = if self.kind == Kind::Normal { self.moments.overall() } else { self.moments.means() };
        let between: Vec<f64> = self.moments.between().iter().map(|t| self.h2() * t).collect();
        ratio::Ratio::new(centres, &between, self.moments.within(), self.moments.columns(), n_control, n_recovered)
    }
}

#[cfg(test)]
mod tests;
