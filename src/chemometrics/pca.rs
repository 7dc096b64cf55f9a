//! Principal component analysis, and how far a row lies within and off the model.
//!
//! X′ = (X − m)/s (see [`super::columns`]) = T·Pᵀ + E with scores T = X′P (n × a), orthonormal loadings P (d × a) in descending order of
//! the variance λ_k = Σ t_ik²/(n − 1). Of a row and the first a components:
//!
//! - T² = Σ_k t_k²/λ_k, Hotelling's distance within the model;
//! - Q = ‖x′ − Σ_k t_k p_k‖², the squared distance off it (also SPE); 0 where no more than (8ε)²·d·‖x′‖² is left, which is rounding.
//!
//! Sources: I. T. Jolliffe, *Principal Component Analysis*, doi:10.1007/b98835; J. E. Jackson, *A User's Guide to Principal Components*,
//! doi:10.1002/0471725331. Signs are those of [`super::solver`]. Limits of T² and Q are in [`super::limits`].

use super::columns::{Columns, Scaling};
use super::error::Error;
use super::parts::Parts;
use super::solver::Solver;
use faer::{Mat, MatRef};

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Pca {
    pub columns: Columns,
    /// d × a
    pub loadings: Mat<f64>,
    /// Variance along each axis that is known, which may be more of them than there are loadings: Q limits need all.
    pub eigenvalues: Vec<f64>,
    /// Variance of X′: the sum of all eigenvalues.
    pub total: f64,
    /// n
    pub rows: usize,
}

/// Rows seen through a model: scores n × a, and T² and Q for 1 … a components, n × a each.
#[derive(Clone, Debug)]
pub struct Projection {
    pub scores: Mat<f64>,
    pub t2: Mat<f64>,
    pub q: Mat<f64>,
}

/// Most components that n rows of d features can have once they are centred.
#[must_use]
pub fn most_components(rows: usize, width: usize) -> usize {
    rows.saturating_sub(1).min(width)
}

fn check(components: usize, rows: usize, width: usize) -> Result<(), Error> {
    let most = most_components(rows, width);
    if (1..=most).contains(&components) {
        Ok(())
    } else {
        Err(Error::Components { what: "PCA", got: components, most, rows, width })
    }
}

impl Pca {
    /// From all rows, by singular values.
    ///
    /// # Errors
    /// When there are fewer than two rows, too many components, numbers that are not finite, or no variance.
    pub fn fit(x: MatRef<'_, f64>, scaling: Scaling, components: usize, solver: Solver) -> Result<Self, Error> {
        let columns = Columns::of(x, scaling)?;
        let (n, d) = (x.nrows(), x.ncols());
        check(components, n, d)?;
        let svd = solver.svd(columns.apply(x)?.as_ref())?;
        // Rows that are centred span one direction less than there are rows.
        let most = if scaling == Scaling::None { n.min(d) } else { most_components(n, d) };
        let eigenvalues: Vec<f64> = svd.s.iter().take(most).map(|s| s * s / (n - 1) as f64).collect();
        let loadings = Mat::from_fn(d, components, |i, j| svd.v[(i, j)]);
        Self { columns, loadings, total: eigenvalues.iter().sum(), eigenvalues, rows: n }.checked(components)
    }

    /// From the covariance of X (not of X′) as [`super::moments`] gives it.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn from_covariance(
        columns: Columns,
        covariance: MatRef<'_, f64>,
        rows: usize,
        components: usize,
        solver: Solver,
    ) -> Result<Self, Error> {
        let d = columns.width();
        check(components, rows, d)?;
        let scaled = Mat::from_fn(d, d, |i, j| covariance[(i, j)] / (columns.divisor[i] * columns.divisor[j]));
        let total = (0..d).map(|j| scaled[(j, j)]).sum();
        let eigen = solver.eigen(scaled.as_ref())?;
        let eigenvalues: Vec<f64> = eigen.values.iter().take(most_components(rows, d)).map(|v| v.max(0.0)).collect();
        let loadings = Mat::from_fn(d, components, |i, j| eigen.vectors[(i, j)]);
        Self { columns, loadings, eigenvalues, total, rows }.checked(components)
    }

    /// From axes that were found elsewhere ([`super::subspace`]).
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn from_axes(
        columns: Columns,
        mut axes: Mat<f64>,
        eigenvalues: Vec<f64>,
        total: f64,
        rows: usize,
    ) -> Result<Self, Error> {
        let components = axes.ncols();
        check(components, rows, columns.width())?;
        for j in 0..components {
            let sign = super::solver::sign(axes.as_ref(), j);
            (0..axes.nrows()).for_each(|i| axes[(i, j)] *= sign);
        }
        Self { columns, loadings: axes, eigenvalues, total, rows }.checked(components)
    }

    fn checked(self, components: usize) -> Result<Self, Error> {
        // Negligible variances would be divided by.
        let least = self.total * f64::EPSILON * 4.0;
        if self.total.is_nan() || self.total <= 0.0 {
            return Err(Error::NoVariance);
        }
        let real = self.eigenvalues.iter().filter(|&&v| v > least).count();
        if real < components {
            let (rows, width) = (self.rows, self.columns.width());
            return Err(Error::Components { what: "PCA (the rows span no more)", got: components, most: real, rows, width });
        }
        Ok(self)
    }

    /// a
    #[must_use]
    pub fn components(&self) -> usize {
        self.loadings.ncols()
    }

    /// Share of the variance of X′ that each component explains, 0 to 1.
    #[must_use]
    pub fn explained(&self) -> Vec<f64> {
        self.eigenvalues.iter().take(self.components()).map(|v| v / self.total).collect()
    }

    /// Rows as the model sees them.
    ///
    /// # Errors
    /// [`Error::Width`], [`Error::NotFinite`].
    pub fn project(&self, x: MatRef<'_, f64>) -> Result<Projection, Error> {
        let x = self.columns.apply(x)?;
        let (n, a) = (x.nrows(), self.components());
        let scores = &x * &self.loadings;
        // What all components leave, by subtraction and not as ‖x‖² − Σt², which loses the digits that Q is made of; with fewer
        // components Q is larger by the squares of their scores, sums that lose none.
        let whole: Vec<f64> = (0..n).map(|i| x.row(i).squared_norm_l2()).collect();
        let rest = x - &scores * self.loadings.transpose();
        let mut t2 = Mat::zeros(n, a);
        let mut q = Mat::zeros(n, a);
        let mut left = vec![0.0; n];
        for column in rest.col_iter() {
            left.iter_mut().zip(column.iter()).for_each(|(l, r)| *l += r * r);
        }
        // What rounding leaves of a row that lies in the model is nothing.
        let rounding = (8.0 * f64::EPSILON).powi(2) * self.columns.width() as f64;
        left.iter_mut().zip(&whole).filter(|(l, w)| **l <= rounding * **w).for_each(|(l, _)| *l = 0.0);
        for k in (0..a).rev() {
            for (i, left) in left.iter_mut().enumerate() {
                q[(i, k)] = *left;
                *left += scores[(i, k)] * scores[(i, k)];
            }
        }
        for k in 0..a {
            for i in 0..n {
                let before = if k > 0 { t2[(i, k - 1)] } else { 0.0 };
                t2[(i, k)] = before + scores[(i, k)] * scores[(i, k)] / self.eigenvalues[k];
            }
        }
        Ok(Projection { scores, t2, q })
    }

    /// Rows in their own units, from scores of the first components.
    #[must_use]
    pub fn reconstruct(&self, scores: MatRef<'_, f64>) -> Mat<f64> {
        let a = scores.ncols().min(self.components());
        self.columns.undo((scores.subcols(0, a) * self.loadings.as_ref().subcols(0, a).transpose()).as_ref())
    }

    /// As named arrays.
    #[must_use]
    pub fn to_parts(&self) -> Parts {
        let mut parts = Parts::of("pca");
        self.columns.put(&mut parts, "x");
        parts.put_matrix("loadings", self.loadings.as_ref());
        parts.put_numbers("eigenvalues", &self.eigenvalues);
        parts.put_numbers("total_variance", &[self.total]);
        parts.put_count("rows", self.rows);
        parts
    }

    /// From named arrays.
    ///
    /// # Errors
    /// [`Error::Stored`].
    pub fn from_parts(parts: &Parts) -> Result<Self, Error> {
        let columns = Columns::take(parts, "x")?;
        let loadings = parts.matrix("loadings", Some(columns.width()))?;
        let eigenvalues = parts.numbers("eigenvalues", None)?;
        let total = parts.numbers("total_variance", Some(1))?[0];
        let rows = parts.count("rows")?;
        let good =
            eigenvalues.len() >= loadings.ncols() && eigenvalues.iter().take(loadings.ncols()).all(|&v| v > 0.0) && total > 0.0;
        if !good || loadings.ncols() == 0 {
            return Err(Error::Stored("its eigenvalues do not fit its loadings".into()));
        }
        Ok(Self { columns, loadings, eigenvalues, total, rows })
    }
}

#[cfg(test)]
mod tests {
    use super::Pca;
    use crate::chemometrics::{Scaling, Solver};
    use crate::draw::Stream;
    use faer::Mat;

    fn rows(n: usize, d: usize) -> Mat<f64> {
        let mut stream = Stream::new(6, "pca", (n * d) as u64);
        Mat::from_fn(n, d, |_, j| 3.0 + (j + 1) as f64 * stream.normal())
    }

    #[test]
    fn as_many_components_as_features_leave_nothing() {
        let x = rows(40, 4);
        let seen =
            |a: usize| Pca::fit(x.as_ref(), Scaling::Centre, a, Solver::Faer).expect("fits").project(x.as_ref()).expect("fits");
        assert!((0..40).all(|i| seen(4).q[(i, 3)] == 0.0));
        // What is left is told all the same.
        assert!((0..40).all(|i| seen(3).q[(i, 2)] > 1e-6));
    }

    #[test]
    fn rows_that_are_not_centred_span_one_direction_more() {
        let x = rows(3, 8);
        let found = Pca::fit(x.as_ref(), Scaling::None, 2, Solver::Faer).expect("fits");
        let whole = x.squared_norm_l2() / 2.0;
        assert_eq!(found.eigenvalues.len(), 3);
        assert!((found.total - whole).abs() < 1e-12 * whole);
        assert_eq!(Pca::fit(x.as_ref(), Scaling::Centre, 2, Solver::Faer).expect("fits").eigenvalues.len(), 2);
    }
}
