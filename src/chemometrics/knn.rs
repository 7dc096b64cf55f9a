//! k nearest neighbours: a row is of the class that most of the k nearest training rows are of.
//!
//! Distances are Euclidean, Manhattan, cosine or correlation ones (1 − r). Rows as near stand in the order of their index. Where two
//! classes have as many neighbours, the one whose neighbours are nearer in sum is taken, then the first by name. The model is the
//! training rows; all pairs are looked at (n·m·d operations), so it is for thousands of rows; `striae compare` is for more.

use super::classes::Classes;
use super::columns::{Columns, Scaling, rows_of};
use super::error::Error;
use super::parts::Parts;
use faer::{Mat, MatRef};
use rayon::prelude::*;

/// How far rows are from each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distance {
    #[default]
    Euclidean,
    Manhattan,
    Cosine,
    Correlation,
}

impl Distance {
    pub const ALL: [Self; 4] = [Self::Euclidean, Self::Manhattan, Self::Cosine, Self::Correlation];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::Manhattan => "manhattan",
            Self::Cosine => "cosine",
            Self::Correlation => "correlation",
        }
    }

    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }

    /// Rows as this distance wants them: centred and of length 1 where it looks at directions only. NaN where there is none.
    #[must_use]
    pub fn prepared(self, row: &[f64]) -> Vec<f64> {
        let mean = if self == Self::Correlation { row.iter().sum::<f64>() / row.len() as f64 } else { 0.0 };
        let mut row: Vec<f64> = row.iter().map(|x| x - mean).collect();
        if matches!(self, Self::Cosine | Self::Correlation) {
            let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            for x in &mut row {
                *x /= length;
            }
        }
        row
    }

    /// Between rows that were prepared.
    #[must_use]
    pub fn between(self, a: &[f64], b: &[f64]) -> f64 {
        let pairs = a.iter().zip(b);
        match self {
            Self::Euclidean => pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt(),
            Self::Manhattan => pairs.map(|(x, y)| (x - y).abs()).sum(),
            // ½‖a − b‖² of rows of length 1 is 1 − a·b without the loss of digits for near ones.
            Self::Cosine | Self::Correlation => 0.5 * pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>(),
        }
    }
}

/// The training rows, ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Knn {
    pub classes: Vec<String>,
    pub columns: Columns,
    pub distance: Distance,
    pub k: usize,
    of: Vec<usize>,
    rows: Vec<Vec<f64>>,
}

/// What the neighbours of a row say.
#[derive(Clone, Debug, PartialEq)]
pub struct Vote {
    pub class: usize,
    /// Share of the k that are of each class.
    pub shares: Vec<f64>,
    /// Distance to the nearest one.
    pub nearest: f64,
}

impl Knn {
    /// From the rows whose class is known.
    ///
    /// # Errors
    /// When there are not two classes, fewer than k rows, or a row without direction where one is needed.
    pub fn fit(x: MatRef<'_, f64>, classes: &Classes, k: usize, distance: Distance, scaling: Scaling) -> Result<Self, Error> {
        classes.check("k nearest neighbours", x.nrows(), 1)?;
        let known = classes.known();
        if k == 0 || k > known.len() {
            return Err(Error::Option(format!(
                "{k} neighbours were asked for; with {} known rows from 1 to as many are possible",
                known.len()
            )));
        }
        let chosen = rows_of(x, &known);
        let columns = Columns::of(chosen.as_ref(), scaling)?;
        let rows = directions(&columns.apply(chosen.as_ref())?, distance)?;
        let of = known.iter().filter_map(|&i| classes.of[i]).collect();
        Ok(Self { classes: classes.names.clone(), columns, distance, k, of, rows })
    }

    /// The vote on each row.
    ///
    /// # Errors
    /// [`Error::Width`], [`Error::NotFinite`], and a row without direction where one is needed.
    pub fn predict(&self, x: MatRef<'_, f64>) -> Result<Vec<Vote>, Error> {
        let rows = directions(&self.columns.apply(x)?, self.distance)?;
        Ok(rows.par_iter().map(|row| self.vote(row)).collect())
    }

    fn vote(&self, row: &[f64]) -> Vote {
        let mut all: Vec<(f64, usize)> = self.rows.iter().enumerate().map(|(i, r)| (self.distance.between(row, r), i)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let g = self.classes.len();
        let (mut votes, mut sums) = (vec![0_usize; g], vec![0.0; g]);
        for &(distance, i) in &all[..self.k] {
            votes[self.of[i]] += 1;
            sums[self.of[i]] += distance;
        }
        let better = |a: usize, b: usize| votes[a] > votes[b] || (votes[a] == votes[b] && sums[a] < sums[b]);
        let class = (1..g).fold(0, |best, c| if better(c, best) { c } else { best });
        Vote { class, shares: votes.iter().map(|&v| v as f64 / self.k as f64).collect(), nearest: all[0].0 }
    }

    #[must_use]
    pub fn to_parts(&self) -> Parts {
        let mut parts = Parts::of("knn");
        parts.put_list("classes", &self.classes);
        parts.put_text("distance", self.distance.name());
        parts.put_count("k", self.k);
        self.columns.put(&mut parts, "x");
        parts.put_numbers("of", &self.of.iter().map(|&c| c as f64).collect::<Vec<_>>());
        parts.put_matrix("training", Mat::from_fn(self.rows.len(), self.columns.width(), |i, j| self.rows[i][j]).as_ref());
        parts
    }

    /// # Errors
    /// [`Error::Stored`].
    pub fn from_parts(parts: &Parts) -> Result<Self, Error> {
        let classes = parts.list("classes")?;
        let columns = Columns::take(parts, "x")?;
        let training = parts.matrix("training", None)?;
        let of: Vec<usize> = parts.numbers("of", Some(training.nrows()))?.iter().map(|&c| c as usize).collect();
        let k = parts.count("k")?;
        let distance = Distance::by_name(parts.text("distance")?);
        let Some(distance) = distance.filter(|_| {
            (1..=of.len()).contains(&k) && training.ncols() == columns.width() && of.iter().all(|&c| c < classes.len())
        }) else {
            return Err(Error::Stored("its training rows do not fit its classes".into()));
        };
        let rows = (0..training.nrows()).map(|i| (0..training.ncols()).map(|j| training[(i, j)]).collect()).collect();
        Ok(Self { classes, columns, distance, k, of, rows })
    }
}

/// Rows as `distance` wants them.
///
/// # Errors
/// When one has no direction and needs one.
pub fn directions(x: &Mat<f64>, distance: Distance) -> Result<Vec<Vec<f64>>, Error> {
    (0..x.nrows())
        .map(|i| {
            let row: Vec<f64> = (0..x.ncols()).map(|j| x[(i, j)]).collect();
            let ready = distance.prepared(&row);
            if ready.iter().all(|v| v.is_finite()) {
                Ok(ready)
            } else {
                let why = if distance == Distance::Correlation { "constant" } else { "zero" };
                Err(Error::Option(format!(
                    "row {i} is {why} and has no direction, which {} needs; leave it out",
                    distance.name()
                )))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Distance, Knn};
    use crate::chemometrics::Scaling;
    use crate::chemometrics::classes::Classes;
    use crate::chemometrics::plsda::tests::three;
    use faer::mat;

    #[test]
    fn ties_go_to_the_nearer_class_then_to_the_first() {
        let x = mat![[0.0], [1.0], [3.0], [4.0]];
        let classes = Classes::of(&["b", "b", "a", "a"]);
        let model = Knn::fit(x.as_ref(), &classes, 4, Distance::Euclidean, Scaling::None).expect("fits");
        let votes = model.predict(mat![[1.0], [2.0], [3.5]].as_ref()).expect("fits");
        assert_eq!(votes.iter().map(|v| v.class).collect::<Vec<_>>(), [1, 0, 0]);
        assert_eq!((votes[0].nearest, &votes[0].shares[..]), (0.0, &[0.5, 0.5][..]));
        assert_eq!(Knn::from_parts(&model.to_parts()), Ok(model));
    }

    #[test]
    fn distances_are_those_of_the_definition() {
        let (a, b) = ([1.0, 2.0, 4.0], [2.0, 2.0, 1.0]);
        let of = |d: Distance| d.between(&d.prepared(&a), &d.prepared(&b));
        // scipy.spatial.distance 1.17.1
        for (distance, expected) in [
            (Distance::Euclidean, 3.1622776601683795),
            (Distance::Manhattan, 4.0),
            (Distance::Cosine, 0.27260703254669205),
            (Distance::Correlation, 1.9449111825230680),
        ] {
            assert!((of(distance) - expected).abs() < 1e-14, "{distance:?} {}", of(distance));
        }
    }

    #[test]
    fn rows_without_direction_and_too_many_neighbours_are_refused() {
        let (x, classes) = three(9, 4, 1.0);
        assert!(Knn::fit(x.as_ref(), &classes, 10, Distance::Euclidean, Scaling::Centre).is_err());
        assert!(Knn::fit(x.as_ref(), &classes, 0, Distance::Euclidean, Scaling::Centre).is_err());
        let model = Knn::fit(x.as_ref(), &classes, 1, Distance::Correlation, Scaling::None).expect("fits");
        let error = model.predict(mat![[2.0, 2.0, 2.0, 2.0]].as_ref()).expect_err("constant");
        assert!(error.to_string().contains("constant"));
    }
}
