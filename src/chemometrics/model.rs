//! Any model that can be stored and applied to new rows.

use super::error::Error;
use super::hca::Tree;
use super::knn::Knn;
use super::lda::Lda;
use super::limits::Limits;
use super::mcr::Mcr;
use super::opls::Opls;
use super::parts::Parts;
use super::pca::Pca;
use super::plsda::PlsDa;
use super::regression::Regression;
use super::simca::Simca;

/// A fitted model.
#[derive(Clone, Debug)]
pub enum Model {
    Pca(Pca, Vec<Limits>),
    Regression(Regression),
    PlsDa(PlsDa),
    Opls(Opls),
    Lda(Lda),
    Knn(Knn),
    Simca(Simca),
    Mcr(Mcr),
    Hca(Tree),
}

impl Model {
    /// As named arrays.
    #[must_use]
    pub fn to_parts(&self) -> Parts {
        match self {
            Self::Pca(pca, limits) => {
                let mut parts = pca.to_parts();
                Limits::put(limits, &mut parts);
                parts
            }
            Self::Regression(m) => m.to_parts(),
            Self::PlsDa(m) => m.to_parts(),
            Self::Opls(m) => m.to_parts(),
            Self::Lda(m) => m.to_parts(),
            Self::Knn(m) => m.to_parts(),
            Self::Simca(m) => m.to_parts(),
            Self::Mcr(m) => m.to_parts(),
            Self::Hca(m) => m.to_parts(),
        }
    }

    /// From named arrays.
    ///
    /// # Errors
    /// [`Error::Stored`], also for a tree, which cannot be applied to new rows.
    pub fn from_parts(parts: &Parts) -> Result<Self, Error> {
        match parts.text("kind")? {
            "pca" => Ok(Self::Pca(Pca::from_parts(parts)?, Limits::take(parts)?)),
            "regression" => Ok(Self::Regression(Regression::from_parts(parts)?)),
            "plsda" => Ok(Self::PlsDa(PlsDa::from_parts(parts)?)),
            "opls" => Ok(Self::Opls(Opls::from_parts(parts)?)),
            "lda" => Ok(Self::Lda(Lda::from_parts(parts)?)),
            "knn" => Ok(Self::Knn(Knn::from_parts(parts)?)),
            "simca" => Ok(Self::Simca(Simca::from_parts(parts)?)),
            "mcr" => Ok(Self::Mcr(Mcr::from_parts(parts)?)),
            "hca" => Err(Error::Option("a tree (hca) says nothing of new rows; it cannot be applied".into())),
            other => Err(Error::Stored(format!("a model of kind {other:?} is not known to this version"))),
        }
    }

    /// Features that rows must have.
    #[must_use]
    pub fn width(&self) -> Option<usize> {
        match self {
            Self::Pca(m, _) => Some(m.columns.width()),
            Self::Regression(m) => Some(m.x.width()),
            Self::PlsDa(m) => Some(m.regression.x.width()),
            Self::Opls(m) => Some(m.x.width()),
            Self::Lda(m) => Some(m.pca.columns.width()),
            Self::Knn(m) => Some(m.columns.width()),
            Self::Simca(m) => m.classes.first().map(|c| c.pca.columns.width()),
            Self::Mcr(m) => Some(m.spectra.ncols()),
            Self::Hca(_) => None,
        }
    }
}
