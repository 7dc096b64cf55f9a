//! Linear discriminant analysis on principal component scores.
//!
//! Scores of the first a components are normal in each class with means μ_g and one covariance W, the pooled one with n − G
//! (R. A. Fisher, doi:10.1111/j.1469-1809.1936.tb02137.x). A row t goes to the class with the largest
//! δ_g = tᵀW⁻¹μ_g − ½μ_gᵀW⁻¹μ_g + log π_g; exp(δ_g)/Σ exp(δ) are posterior probabilities under that model. Priors π are
//! equal unless shares of the training rows are asked for. Discriminant axes are the eigenvectors of W⁻¹B, scaled so that
//! the pooled variance along each is 1. Components are needed since W of more features than rows has no inverse.

use super::classes::Classes;
use super::columns::{Scaling, rows_of};
use super::error::Error;
use super::parts::Parts;
use super::pca::Pca;
use super::solver::Solver;
use faer::{Mat, MatRef};

/// What is known of classes before a row is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priors {
    #[default]
    Equal,
    /// As often as in the training rows.
    Shares,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Lda {
    pub classes: Vec<String>,
    pub pca: Pca,
    /// G × a: means of scores.
    pub means: Mat<f64>,
    /// a × a: W^(−½), so that ‖W^(−½)(t − μ)‖ is the Mahalanobis distance.
    pub whiten: Mat<f64>,
    pub priors: Vec<f64>,
    /// a × (at most G − 1): discriminant axes in the space of scores.
    pub axes: Mat<f64>,
}

impl Lda {
    /// From the rows whose class is known.
    ///
    /// # Errors
    /// When there are not two classes of two rows each, or too few rows for so many components.
    pub fn fit(
        x: MatRef<'_, f64>,
        classes: &Classes,
        components: usize,
        scaling: Scaling,
        priors: Priors,
        solver: Solver,
    ) -> Result<Self, Error> {
        classes.check("LDA", x.nrows(), 2)?;
        let known = classes.known();
        let g = classes.names.len();
        if known.len() < g + components {
            let most = known.len().saturating_sub(g);
            return Err(Error::Components { what: "LDA", got: components, most, rows: known.len(), width: x.ncols() });
        }
        let chosen = rows_of(x, &known);
        let pca = Pca::fit(chosen.as_ref(), scaling, components, solver)?;
        let t = pca.project(chosen.as_ref())?.scores;
        let of: Vec<usize> = known.iter().filter_map(|&i| classes.of[i]).collect();
        let counts = classes.counts();
        let mut means = Mat::<f64>::zeros(g, components);
        for (i, &c) in of.iter().enumerate() {
            (0..components).for_each(|k| means[(c, k)] += t[(i, k)] / counts[c] as f64);
        }
        let centred = Mat::from_fn(t.nrows(), components, |i, k| t[(i, k)] - means[(of[i], k)]);
        let pooled = (centred.transpose() * &centred) * faer::Scale(1.0 / (of.len() - g) as f64);
        let eigen = solver.eigen(pooled.as_ref())?;
        if eigen.values.iter().any(|&v| v <= eigen.values[0] * 1e-14) {
            let why = "rows of a class do not vary in all components: take fewer of them".to_owned();
            return Err(Error::Numerics { what: "LDA", why });
        }
        let whiten = Mat::from_fn(components, components, |i, j| {
            (0..components).map(|k| eigen.vectors[(i, k)] * eigen.vectors[(j, k)] / eigen.values[k].sqrt()).sum::<f64>()
        });
        let share = |c: usize| match priors {
            Priors::Equal => 1.0 / g as f64,
            Priors::Shares => counts[c] as f64 / of.len() as f64,
        };
        // About the mean of all rows, which is zero but for rounding where scores are centred.
        let grand = |k: usize| (0..g).map(|c| means[(c, k)] * counts[c] as f64).sum::<f64>() / of.len() as f64;
        let grand: Vec<f64> = (0..components).map(grand).collect();
        let between = Mat::from_fn(g, components, |c, k| (means[(c, k)] - grand[k]) * (counts[c] as f64).sqrt());
        let between = between * &whiten;
        let turned = solver.eigen((between.transpose() * &between).as_ref())?;
        let axes = &whiten * turned.vectors.as_ref().subcols(0, (g - 1).min(components));
        Ok(Self { classes: classes.names.clone(), pca, means, whiten, priors: (0..g).map(share).collect(), axes })
    }

    /// Posterior probabilities, n × G.
    ///
    /// # Errors
    /// [`Error::Width`], [`Error::NotFinite`].
    pub fn predict(&self, x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        let t = self.pca.project(x)?.scores * &self.whiten;
        let means = &self.means * &self.whiten;
        let (n, g, a) = (t.nrows(), self.classes.len(), t.ncols());
        let mut found = Mat::zeros(n, g);
        for i in 0..n {
            // −½ of the squared distance differs from δ by what is the same for all classes, and does not overflow.
            let delta: Vec<f64> = (0..g)
                .map(|c| libm::log(self.priors[c]) - 0.5 * (0..a).map(|k| t[(i, k)] - means[(c, k)]).map(|e| e * e).sum::<f64>())
                .collect();
            let most = delta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let parts: Vec<f64> = delta.iter().map(|d| libm::exp(d - most)).collect();
            let whole: f64 = parts.iter().sum();
            (0..g).for_each(|c| found[(i, c)] = parts[c] / whole);
        }
        Ok(found)
    }

    /// Coordinates along the discriminant axes.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub fn project(&self, x: MatRef<'_, f64>) -> Result<Mat<f64>, Error> {
        Ok(self.pca.project(x)?.scores * &self.axes)
    }

    #[must_use]
    pub fn to_parts(&self) -> Parts {
        let mut parts = Parts::of("lda");
        parts.put_list("classes", &self.classes);
        parts.put_parts("pca", &self.pca.to_parts());
        parts.put_matrix("means", self.means.as_ref());
        parts.put_matrix("whiten", self.whiten.as_ref());
        parts.put_numbers("priors", &self.priors);
        parts.put_matrix("axes", self.axes.as_ref());
        parts
    }

    /// # Errors
    /// [`Error::Stored`].
    pub fn from_parts(parts: &Parts) -> Result<Self, Error> {
        let classes = parts.list("classes")?;
        let pca = Pca::from_parts(&parts.parts("pca"))?;
        let (g, a) = (classes.len(), pca.components());
        let found = Self {
            means: parts.matrix("means", Some(g))?,
            whiten: parts.matrix("whiten", Some(a))?,
            priors: parts.numbers("priors", Some(g))?,
            axes: parts.matrix("axes", Some(a))?,
            classes,
            pca,
        };
        let fits = found.means.ncols() == a && found.whiten.ncols() == a && found.priors.iter().all(|&p| p > 0.0);
        if fits && g > 0 { Ok(found) } else { Err(Error::Stored("its matrices do not fit each other".into())) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lda, Priors};
    use crate::chemometrics::confusion::Confusion;
    use crate::chemometrics::plsda::{largest, tests::three};
    use crate::chemometrics::{Scaling, Solver};
    use faer::Mat;

    #[test]
    fn axes_do_not_hang_on_where_the_origin_is() {
        let (x, classes) = three(60, 4, 2.0);
        let far = Mat::from_fn(60, 4, |i, j| 50.0 * (j + 1) as f64 + x[(i, j)]);
        let along = |scaling| {
            let model = Lda::fit(far.as_ref(), &classes, 4, scaling, Priors::Equal, Solver::Faer).expect("fits");
            let found = model.project(far.as_ref()).expect("fits");
            (0..60).map(|i| (found[(i, 0)] - found[(0, 0)]).abs()).collect::<Vec<f64>>()
        };
        let (none, centred) = (along(Scaling::None), along(Scaling::Centre));
        assert!(none.iter().zip(&centred).all(|(a, b)| (a - b).abs() < 1e-8), "{none:?} {centred:?}");
    }

    #[test]
    fn posteriors_are_those_of_normal_densities() {
        let (x, classes) = three(60, 4, 2.0);
        let model = Lda::fit(x.as_ref(), &classes, 4, Scaling::Centre, Priors::Equal, Solver::Faer).expect("fits");
        let t = model.pca.project(x.as_ref()).expect("fits").scores;
        // By the definition, with the inverse of the pooled covariance.
        let of: Vec<usize> = classes.of.iter().flatten().copied().collect();
        let centred = Mat::from_fn(60, 4, |i, k| t[(i, k)] - model.means[(of[i], k)]);
        let pooled = (centred.transpose() * &centred) * faer::Scale(1.0 / 57.0);
        let inverse = faer::linalg::solvers::DenseSolveCore::inverse(&pooled.partial_piv_lu());
        let found = model.predict(x.as_ref()).expect("fits");
        for i in 0..60 {
            let delta: Vec<f64> = (0..3)
                .map(|c| {
                    let e = |k: usize| t[(i, k)] - model.means[(c, k)];
                    let square: f64 = (0..4).map(|a| (0..4).map(|b| e(a) * inverse[(a, b)] * e(b)).sum::<f64>()).sum();
                    (-0.5 * square).exp()
                })
                .collect();
            let whole: f64 = delta.iter().sum();
            assert!((0..3).all(|c| (found[(i, c)] - delta[c] / whole).abs() < 1e-12));
        }
        assert!(Confusion::of(&classes, &largest(found.as_ref())).accuracy() > 0.8);
        // Along the axes the pooled variance is 1.
        let along = model.project(x.as_ref()).expect("fits");
        let within: f64 = (0..60)
            .map(|i| {
                let mean: f64 = (0..4).map(|k| model.means[(of[i], k)] * model.axes[(k, 0)]).sum();
                (along[(i, 0)] - mean).powi(2)
            })
            .sum();
        assert!((within / 57.0 - 1.0).abs() < 1e-10);
        assert_eq!(Lda::from_parts(&model.to_parts()), Ok(model));
    }

    #[test]
    fn rows_too_few_for_the_components_are_refused() {
        let (x, classes) = three(9, 20, 1.0);
        assert!(Lda::fit(x.as_ref(), &classes, 7, Scaling::Centre, Priors::Shares, Solver::Faer).is_err());
        assert!(Lda::fit(x.as_ref(), &classes, 6, Scaling::Centre, Priors::Shares, Solver::Faer).is_ok());
    }
}
