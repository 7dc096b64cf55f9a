//! Likelihood ratios: from scores, counts and repeated measurements to log10 LR, and what it is worth.
//!
//! LR = P(evidence | H1: one source) / P(evidence | H2: different sources); everything is kept as log10 LR.
//!
//! | to | look in |
//! |---|---|
//! | hold labelled scores or LRs | [`labelled`] |
//! | make LRs of scores | [`kde`], [`logistic`], [`pav`]; of several modalities [`logistic`]; of counts [`beta_binomial`] |
//! | make LRs of measurements | [`two_level`] |
//! | limit them | [`bounds`] |
//! | keep a model with what must be said with it | [`model`], [`calibrator`], [`statement`] |
//! | hold sources out | [`validate`] |
//! | measure them | [`mod@cllr`], [`mod@dev_pav`], [`ece`], [`tippett`] |
//!
//! Only `libm` and plain f64 in fixed order: the same bits on every machine. An LR says how much more probable the evidence is under
//! one proposition than under the other; it is not the probability of a proposition.

pub mod bandwidth;
pub mod beta_binomial;
pub mod bounds;
pub mod calibrator;
mod cholesky;
pub mod cllr;
pub mod dev_pav;
pub mod ece;
mod error;
pub mod kde;
pub mod labelled;
pub mod logistic;
pub mod model;
pub mod pav;
pub mod statement;
pub mod tippett;
pub mod two_level;
pub mod validate;

pub use bandwidth::Bandwidth;
pub use beta_binomial::{BetaBinomial, Count};
pub use bounds::{Bounded, Bounds, Limited, Method};
pub use calibrator::{Calibrator, Evidence};
pub use cllr::{Cllr, cllr, cllr_min};
pub use dev_pav::dev_pav;
pub use error::Error;
pub use kde::{Kde, Transform};
pub use labelled::{Labelled, Log10Lr, Lrs, Scores, Truth};
pub use logistic::Logistic;
pub use model::{LrModel, Orientation};
pub use pav::Pav;
pub use statement::Statement;
pub use two_level::TwoLevel;
