//! Centring and scaling of features: means and deviations of the training rows, applied to any.
//!
//! x′_j = (x_j − m_j)/s_j with s_j = 1 (none, centre), the standard deviation with n − 1 (autoscale) or its square root (Pareto;
//! R. A. van den Berg et al., doi:10.1186/1471-2164-7-142). A feature without variance in the training rows has s_j = 1, so that it
//! is zero there and keeps its unit in new rows; [`Columns::constant`] counts such features.

use super::error::Error;
use super::parts::Parts;
use faer::{Mat, MatRef};

/// How features are made comparable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scaling {
    /// As they are.
    None,
    #[default]
    Centre,
    /// Mean 0, standard deviation 1.
    Autoscale,
    Pareto,
}

impl Scaling {
    pub const ALL: [Self; 4] = [Self::None, Self::Centre, Self::Autoscale, Self::Pareto];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Centre => "centre",
            Self::Autoscale => "autoscale",
            Self::Pareto => "pareto",
        }
    }

    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// Means and divisors of features.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    pub mean: Vec<f64>,
    pub divisor: Vec<f64>,
    pub constant: usize,
}

impl Columns {
    /// Those of the rows of `x`, which must be finite; two rows or more.
    ///
    /// # Errors
    /// [`Error::FewRows`], [`Error::NotFinite`].
    pub fn of(x: MatRef<'_, f64>, scaling: Scaling) -> Result<Self, Error> {
        finite(x)?;
        let (n, d) = (x.nrows(), x.ncols());
        if n < 2 {
            return Err(Error::FewRows { what: "means and deviations", got: n, needed: 2 });
        }
        let mut mean = Vec::with_capacity(d);
        let mut variance = Vec::with_capacity(d);
        for j in 0..d {
            let m = (0..n).map(|i| x[(i, j)]).sum::<f64>() / n as f64;
            // What rounding the mean left over.
            let m = m + (0..n).map(|i| x[(i, j)] - m).sum::<f64>() / n as f64;
            mean.push(m);
            variance.push((0..n).map(|i| x[(i, j)] - m).map(|v| v * v).sum::<f64>() / (n - 1) as f64);
        }
        Ok(Self::from_moments(mean, &variance, scaling))
    }

    /// From means and variances that were taken elsewhere.
    #[must_use]
    pub fn from_moments(mean: Vec<f64>, variance: &[f64], scaling: Scaling) -> Self {
        // A column of equal numbers has a variance of rounding errors about its mean.
        let still = |m: f64, v: f64| v <= (4.0 * f64::EPSILON * m).powi(2);
        let constant = mean.iter().zip(variance).filter(|&(&m, &v)| still(m, v)).count();
        let divisor = mean
            .iter()
            .zip(variance)
            .map(|(&m, &v)| match scaling {
                Scaling::None | Scaling::Centre => 1.0,
                _ if still(m, v) => 1.0,
                Scaling::Autoscale => v.sqrt(),
                Scaling::Pareto => v.sqrt().sqrt(),
            })
            .collect();
        let mean = if scaling == Scaling::None { vec![0.0; mean.len()] } else { mean };
        Self { mean, divisor, constant }
    }

    #[must_use]
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// Rows, centred and scaled.
    ///
    /// # Errors
    /// [`Error::Width`], [`Error::NotFinite`].
    pub fn apply(&self, x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        if x.ncols() != self.width() {
            return Err(Error::Width { got: x.ncols(), expected: self.width() });
        }
        finite(x)?;
        Ok(Mat::from_fn(x.nrows(), x.ncols(), |i, j| (x[(i, j)] - self.mean[j]) / self.divisor[j]))
    }

    /// Rows back in their own units.
    #[must_use]
    pub fn undo(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] * self.divisor[j] + self.mean[j])
    }

    pub(super) fn put(&self, parts: &mut Parts, name: &str) {
        parts.put_numbers(&format!("{name}_mean"), &self.mean);
        parts.put_numbers(&format!("{name}_divisor"), &self.divisor);
        parts.put_count(&format!("{name}_constant"), self.constant);
    }

    pub(super) fn take(parts: &Parts, name: &str) -> Result<Self, Error> {
        let mean = parts.numbers(&format!("{name}_mean"), None)?;
        let divisor = parts.numbers(&format!("{name}_divisor"), Some(mean.len()))?;
        if divisor.iter().any(|&s| s <= 0.0) {
            return Err(Error::Stored(format!("{name}_divisor holds what is not above zero")));
        }
        let constant = parts.count(&format!("{name}_constant"))?;
        Ok(Self { mean, divisor, constant })
    }
}

/// # Errors
/// [`Error::NotFinite`], which names the first number that is not.
pub fn finite(x: MatRef<'_, f64>) -> Result<(), Error> {
    for row in 0..x.nrows() {
        for feature in 0..x.ncols() {
            let value = x[(row, feature)];
            if !value.is_finite() {
                return Err(Error::NotFinite { row, feature, value });
            }
        }
    }
    Ok(())
}

/// Chosen rows of a matrix.
#[must_use]
pub fn rows_of(x: MatRef<'_, f64>, rows: &[usize]) -> Mat<f64> {
    Mat::from_fn(rows.len(), x.ncols(), |i, j| x[(rows[i], j)])
}

#[cfg(test)]
mod tests {
    use super::{Columns, Scaling};
    use crate::chemometrics::Error;
    use faer::mat;

    #[test]
    fn deviations_are_those_with_one_less() {
        let x = mat![[1.0, 0.1, 1e6], [2.0, 0.1, 1e6 + 1.0], [4.0, 0.1, 1e6 + 5.0]];
        let auto = Columns::of(x.as_ref(), Scaling::Autoscale).expect("finite");
        // NumPy: x.std(axis=0, ddof=1)
        assert!((auto.divisor[0] - 1.5275252316519468).abs() < 1e-15 && (auto.divisor[2] - 2.6457513110645907).abs() < 1e-12);
        assert_eq!((auto.divisor[1], auto.constant), (1.0, 1));
        let back = auto.undo(auto.apply(x.as_ref()).expect("fits").as_ref());
        assert!((back - &x).norm_max() < 1e-9);
        let pareto = Columns::of(x.as_ref(), Scaling::Pareto).expect("finite");
        assert!((pareto.divisor[0] - 1.5275252316519468_f64.sqrt()).abs() < 1e-15);
        assert_eq!(Columns::of(x.as_ref(), Scaling::None).expect("finite").mean, [0.0; 3]);
    }

    #[test]
    fn what_cannot_be_scaled_is_named() {
        let x = mat![[1.0, f64::NAN], [2.0, 3.0]];
        assert!(matches!(Columns::of(x.as_ref(), Scaling::Centre), Err(Error::NotFinite { row: 0, feature: 1, .. })));
        assert!(matches!(Columns::of(mat![[1.0]].as_ref(), Scaling::Centre), Err(Error::FewRows { got: 1, .. })));
        let columns = Columns::of(mat![[1.0], [2.0]].as_ref(), Scaling::Centre).expect("finite");
        assert!(matches!(columns.apply(x.as_ref()), Err(Error::Width { got: 2, expected: 1 })));
    }
}
