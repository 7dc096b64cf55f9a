//! PLS discriminant analysis: regression on class membership.
//!
//! Y has one column a class, 1 for its rows and 0 for others, centred (M. Barker, W. Rayens, doi:10.1002/cem.785). A row is assigned to the
//! class with the largest prediction; the prediction itself says how clearly, about 1 within and 0 without. Rows far from all
//! classes are assigned too: whether a row is of any class is what [`super::simca`] answers.

use super::classes::Classes;
use super::columns::{Scaling, rows_of};
use super::error::Error;
use super::parts::Parts;
use super::regression::{Method, Options, Regression};
use super::solver::Solver;
use faer::{Mat, MatRef};

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct PlsDa {
    pub classes: Vec<String>,
    pub regression: Regression,
}

/// Membership of known rows: n × g of zeros and ones.
#[must_use]
pub fn membership(classes: &Classes, rows: &[usize]) -> Mat<f64> {
    Mat::from_fn(rows.len(), classes.names.len(), |i, j| f64::from(u8::from(classes.of[rows[i]] == Some(j))))
}

/// The column with the largest number of each row, the first of several.
#[must_use]
pub fn largest(scores: MatRef<'_, f64>) -> Vec<Option<usize>> {
    (0..scores.nrows())
        .map(|i| (0..scores.ncols()).reduce(|best, j| if scores[(i, j)] > scores[(i, best)] { j } else { best }))
        .collect()
}

impl PlsDa {
    /// From the rows whose class is known.
    ///
    /// # Errors
    /// When there are not two classes of two rows, or as [`Regression::fit`].
    pub fn fit(
        x: MatRef<'_, f64>,
        classes: &Classes,
        components: usize,
        scaling: Scaling,
        solver: Solver,
    ) -> Result<Self, Error> {
        classes.check("PLS-DA", x.nrows(), 2)?;
        let known = classes.known();
        let options = Options { method: Method::Simpls, components, x: scaling, y: Scaling::Centre, solver };
        let regression = Regression::fit(rows_of(x, &known).as_ref(), membership(classes, &known).as_ref(), options)?;
        Ok(Self { classes: classes.names.clone(), regression })
    }

    /// Predicted membership, n × g.
    ///
    /// # Errors
    /// As [`Regression::predict`].
    pub fn predict(&self, x: MatRef<'_, f64>, components: usize) -> Result<Mat<f64>, Error> {
        self.regression.predict(x, components)
    }

    #[must_use]
    pub fn to_parts(&self) -> Parts {
        let mut parts = Parts::of("plsda");
        parts.put_list("classes", &self.classes);
        parts.put_parts("regression", &self.regression.to_parts());
        parts
    }

    /// # Errors
    /// [`Error::Stored`].
    pub fn from_parts(parts: &Parts) -> Result<Self, Error> {
        let found = Self { classes: parts.list("classes")?, regression: Regression::from_parts(&parts.parts("regression"))? };
        if found.classes.len() == found.regression.y.width() {
            Ok(found)
        } else {
            Err(Error::Stored("it has another number of classes than responses".into()))
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{PlsDa, largest};
    use crate::chemometrics::classes::Classes;
    use crate::chemometrics::confusion::Confusion;
    use crate::chemometrics::{Error, Scaling, Solver};
    use crate::draw::Stream;
    use faer::Mat;

    /// Three classes that differ in three features of d, by so many deviations.
    pub fn three(n: usize, d: usize, apart: f64) -> (Mat<f64>, Classes) {
        let mut stream = Stream::new(4, "three classes", n as u64);
        let x = Mat::from_fn(n, d, |i, j| stream.normal() + if j == i % 3 { apart } else { 0.0 });
        (x, Classes::of(&(0..n).map(|i| ["a", "b", "c"][i % 3]).collect::<Vec<_>>()))
    }

    #[test]
    fn classes_that_are_apart_are_told_apart() {
        let (x, classes) = three(90, 10, 6.0);
        let model = PlsDa::fit(x.as_ref(), &classes, 3, Scaling::Autoscale, Solver::Faer).expect("fits");
        let (new, truth) = three(60, 10, 6.0);
        let found = largest(model.predict(new.as_ref(), 3).expect("fits").as_ref());
        assert!(Confusion::of(&truth, &found).accuracy() > 0.95);
        assert_eq!(PlsDa::from_parts(&model.to_parts()), Ok(model.clone()));
        // Membership sums to one, as Y does.
        let sums = model.predict(new.as_ref(), 3).expect("fits");
        assert!((0..60).all(|i| ((0..3).map(|j| sums[(i, j)]).sum::<f64>() - 1.0).abs() < 1e-10));
    }

    #[test]
    fn one_class_is_refused() {
        let (x, _) = three(6, 4, 1.0);
        let one = Classes::of(&["a"; 6]);
        assert!(matches!(PlsDa::fit(x.as_ref(), &one, 1, Scaling::Centre, Solver::Faer), Err(Error::OneClass { .. })));
    }
}
