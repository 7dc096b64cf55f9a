//! Singular values and symmetric eigenvalues, by one of two libraries that share no code.
//!
//! [`Solver::Faer`] is in every build. [`Solver::Lapack`] (ndarray-linalg, OpenBLAS) comes with the cargo feature `lapack` and is the
//! second opinion: `tests/solvers.rs` holds both to 1e-10 of each other on all shared data before a laboratory trusts a model.
//!
//! Order and sign are fixed, so that both give one answer: values descending; of each vector on the right (an axis) the component
//! with the largest absolute value is positive, the first one where several are as large.

use super::error::Error;
use faer::{Mat, MatRef, Side};

/// Which library decomposes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Solver {
    #[default]
    Faer,
    Lapack,
}

/// X = U·diag(s)·Vᵀ with r = min(n, d): u n × r, s descending, v d × r.
#[derive(Clone, Debug)]
pub struct Svd {
    pub u: Mat<f64>,
    pub s: Vec<f64>,
    pub v: Mat<f64>,
}

/// Eigenvalues of a symmetric matrix, descending, and their vectors as columns.
#[derive(Clone, Debug)]
pub struct Eigen {
    pub values: Vec<f64>,
    pub vectors: Mat<f64>,
}

/// −1 where the component of column `j` with the largest absolute value is negative, else 1.
pub fn sign(v: MatRef<'_, f64>, j: usize) -> f64 {
    let mut largest = 0.0_f64;
    for i in 0..v.nrows() {
        // Rounding must not decide between components that are as large.
        if v[(i, j)].abs() > largest.abs() * (1.0 + 1e-9) {
            largest = v[(i, j)];
        }
    }
    if largest < 0.0 { -1.0 } else { 1.0 }
}

impl Solver {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Faer => "faer",
            Self::Lapack => "lapack",
        }
    }

    /// # Errors
    /// When the solver is not in this build, or does not converge.
    pub fn svd(self, x: MatRef<'_, f64>) -> Result<Svd, Error> {
        let mut found = match self {
            Self::Faer => {
                let svd = x.thin_svd().map_err(|e| numerics("the singular value decomposition", &e))?;
                let s = (0..svd.S().dim()).map(|i| svd.S()[i]).collect();
                Svd { u: svd.U().to_owned(), s, v: svd.V().to_owned() }
            }
            Self::Lapack => lapack::svd(x)?,
        };
        for j in 0..found.s.len() {
            if sign(found.v.as_ref(), j) < 0.0 {
                (0..found.v.nrows()).for_each(|i| found.v[(i, j)] = -found.v[(i, j)]);
                (0..found.u.nrows()).for_each(|i| found.u[(i, j)] = -found.u[(i, j)]);
            }
        }
        Ok(found)
    }

    /// Of a symmetric matrix, of which the lower triangle is read.
    ///
    /// # Errors
    /// As [`Self::svd`].
    pub fn eigen(self, x: MatRef<'_, f64>) -> Result<Eigen, Error> {
        let n = x.nrows();
        // Ascending, both of them.
        let (values, vectors) = match self {
            Self::Faer => {
                let eigen = x.self_adjoint_eigen(Side::Lower).map_err(|e| numerics("the eigenvalue decomposition", &e))?;
                ((0..n).map(|i| eigen.S()[i]).collect::<Vec<_>>(), eigen.U().to_owned())
            }
            Self::Lapack => lapack::eigen(x)?,
        };
        let signs: Vec<f64> = (0..n).map(|j| sign(vectors.as_ref(), j)).collect();
        Ok(Eigen {
            values: values.into_iter().rev().collect(),
            vectors: Mat::from_fn(n, n, |i, j| signs[n - 1 - j] * vectors[(i, n - 1 - j)]),
        })
    }
}

fn numerics(what: &'static str, why: &impl std::fmt::Debug) -> Error {
    Error::Numerics { what, why: format!("{why:?}") }
}

#[cfg(feature = "lapack")]
mod lapack {
    use super::{Error, Mat, MatRef, Svd, numerics};
    use ndarray::Array2;
    use ndarray_linalg::{Eigh as _, JobSvd, SVDDC as _, UPLO};

    fn array(x: MatRef<'_, f64>) -> Array2<f64> {
        Array2::from_shape_fn((x.nrows(), x.ncols()), |(i, j)| x[(i, j)])
    }

    pub(super) fn svd(x: MatRef<'_, f64>) -> Result<Svd, Error> {
        let what = "LAPACK's singular value decomposition";
        let (u, s, vt) = array(x).svddc(JobSvd::Some).map_err(|e| numerics(what, &e))?;
        let (Some(u), Some(vt)) = (u, vt) else { return Err(numerics(what, &"no vectors")) };
        Ok(Svd {
            u: Mat::from_fn(u.nrows(), u.ncols(), |i, j| u[(i, j)]),
            s: s.to_vec(),
            v: Mat::from_fn(vt.ncols(), vt.nrows(), |i, j| vt[(j, i)]),
        })
    }

    pub(super) fn eigen(x: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>), Error> {
        let lower = Array2::from_shape_fn((x.nrows(), x.nrows()), |(i, j)| if i < j { x[(j, i)] } else { x[(i, j)] });
        let (values, vectors) = lower.eigh(UPLO::Lower).map_err(|e| numerics("LAPACK's eigenvalue decomposition", &e))?;
        Ok((values.to_vec(), Mat::from_fn(vectors.nrows(), vectors.ncols(), |i, j| vectors[(i, j)])))
    }
}

#[cfg(not(feature = "lapack"))]
mod lapack {
    use super::{Error, Mat, MatRef, Svd};

    fn absent() -> Error {
        Error::Option(
            "this build has no LAPACK: build it with cargo build --release --features lapack (Debian: apt-get install libopenblas-dev first), or take --solver faer"
                .into(),
        )
    }

    pub(super) fn svd(_: MatRef<'_, f64>) -> Result<Svd, Error> {
        Err(absent())
    }

    pub(super) fn eigen(_: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>), Error> {
        Err(absent())
    }
}

#[cfg(test)]
mod tests {
    use super::Solver;
    use faer::{Mat, mat};

    #[test]
    fn parts_put_together_are_the_whole_and_signs_are_fixed() {
        for x in [mat![[3.0, 1.0], [-1.0, 2.0], [0.5, -4.0]], mat![[1.0, -7.0, 2.0, 0.0], [0.3, 0.1, -5.0, 1.0]]] {
            let svd = Solver::Faer.svd(x.as_ref()).expect("converges");
            let r = svd.s.len();
            let back =
                Mat::from_fn(x.nrows(), x.ncols(), |i, j| (0..r).map(|k| svd.u[(i, k)] * svd.s[k] * svd.v[(j, k)]).sum::<f64>());
            assert!((back - &x).norm_max() < 1e-13 && svd.s.is_sorted_by(|a, b| a >= b));
            let square = x.transpose() * &x;
            let eigen = Solver::Faer.eigen(square.as_ref()).expect("converges");
            for k in 0..r {
                assert!((eigen.values[k] - svd.s[k] * svd.s[k]).abs() < 1e-12 * eigen.values[0]);
                assert!((0..x.ncols()).all(|i| (eigen.vectors[(i, k)] - svd.v[(i, k)]).abs() < 1e-12));
                let largest = (0..x.ncols()).map(|i| svd.v[(i, k)]).max_by(|a, b| a.abs().total_cmp(&b.abs()));
                assert!(largest.is_some_and(|v| v > 0.0));
            }
        }
    }

    #[test]
    #[cfg(not(feature = "lapack"))]
    fn a_build_without_lapack_says_how_to_make_one_with_it() {
        let error = Solver::Lapack.svd(mat![[1.0]].as_ref()).expect_err("absent");
        assert!(error.to_string().contains("--features lapack"));
    }
}
