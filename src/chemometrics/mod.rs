//! Chemometrics: models of spectra and chemical profiles that can be checked, saved and applied to new material.
//!
//! Rows are samples and columns features throughout: X is n × d, scores n × a, loadings d × a. What a model learns of its training
//! rows (means, deviations, axes, limits) is kept in it and applied unchanged to new rows. [`validate`] fits everything anew within
//! each fold. Models become named arrays ([`parts`]) that a room above stores.
//!
//! | model | file | for |
//! |---|---|---|
//! | PCA, T², Q and their limits | [`pca`], [`limits`] | looking, outliers |
//! | PCR, PLS (SIMPLS, NIPALS) | [`regression`] | contents |
//! | PLS-DA, OPLS | [`plsda`], [`opls`] | classes that differ in few directions |
//! | LDA on scores, k nearest neighbours | [`lda`], [`knn`] | classes |
//! | SIMCA, DD-SIMCA | [`simca`] | is it of this class at all? |
//! | hierarchical clustering | [`hca`] | groups, before anything is known |
//! | MCR-ALS | [`mcr`] | pure spectra and contents of mixtures |

pub mod classes;
pub mod columns;
pub mod confusion;
pub mod distribution;
pub mod error;
pub mod hca;
pub mod knn;
pub mod lda;
pub mod limits;
pub mod mcr;
pub mod model;
pub mod moments;
mod nnls;
pub mod opls;
pub mod parts;
pub mod pca;
pub mod pls;
pub mod plsda;
pub mod regression;
pub mod simca;
pub mod solver;
pub mod subspace;
pub mod validate;

pub use columns::{Columns, Scaling};
pub use error::Error;
pub use faer::{Mat, MatRef};
pub use model::Model;
pub use parts::Parts;
pub use solver::Solver;
