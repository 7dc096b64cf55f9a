//! Preparation of spectra: what is done to a row before it is compared or modelled.
//!
//! A [`Recipe`] is a list of steps, written `snv | savgol(window=15, poly=2, deriv=1) | keep(650..1800)` or as TOML; [`catalogue`] lists
//! them. [`Recipe::fit`] learns from training rows what a step needs (means, reference spectra) and gives a [`Fitted`] recipe, which is
//! applied unchanged to any row and stored with what it made. Rows are f64; everything is defined by formulas in the module of each
//! step, tested against SciPy, chemotools and pybaselines (versions named there).
//!
//! | module | steps |
//! |---|---|
//! | [`scatter`] | snv, msc, emsc |
//! | [`smooth`] | savgol, difference, mean, median |
//! | [`whittaker`] | asls, arpls, airpls |
//! | [`baseline`] | rubberband, snip, polynomial, modpoly, detrend |
//! | [`scale`] | area, sum, max, vector, minmax, pqn, internal, root, power, log, absorbance, transmittance |
//! | [`feature`] | centre, autoscale, pareto, range, keep, drop, bin |

pub mod baseline;
pub mod catalogue;
mod error;
pub mod feature;
pub mod fitted;
pub mod learn;
pub mod polynomial;
pub mod recipe;
pub mod scale;
pub mod scatter;
pub mod smooth;
pub mod whittaker;

pub use error::Error;
pub use fitted::{Fitted, Look, Rows};
pub use recipe::Recipe;

/// One step ready to be applied: changes a row in place, which may change its length.
///
/// # Errors
/// In words, when the row cannot be prepared so.
pub trait Action: Send + Sync + std::fmt::Debug {
    /// # Errors
    /// In words.
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String>;
}
