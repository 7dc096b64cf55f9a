//! Contents from spectra: principal component and partial least squares regression.
//!
//! ŷ = m_y + s_y·(((x − m_x)/s_x)·B_a), B_a = R_a·Q_aᵀ, for 1 … a components; PCR has R = P of a PCA, PLS that of [`super::pls`].
//! Of a row: T² = Σ t_k²·(n − 1)/Σ t_ik² of the training scores; Q_x = ‖x′ − TPᵀ‖²; Q_y = ‖y′ − ŷ′‖².
//!
//! - RMSE = √(Σ(y − ŷ)²/n); bias = mean of ŷ − y; R² = 1 − Σ(y − ŷ)²/Σ(y − ȳ)².
//! - VIP_j = √(d·Σ_k e_k·(w_kj/‖w_k‖)² / Σ_k e_k), e_k = ‖q_k‖²·‖t_k‖² (S. Wold et al., doi:10.1016/S0169-7439(01)00155-1).
//! - Selectivity ratio of a feature: its variance that the target projection t = X′b/‖b‖ explains over what it leaves
//!   (T. Rajalahti et al., doi:10.1016/j.chemolab.2008.08.004).

use super::columns::{Columns, Scaling, finite};
use super::error::Error;
use super::parts::Parts;
use super::pca::most_components;
use super::pls::{Latent, nipals, simpls};
use super::solver::Solver;
use faer::{Mat, MatRef};

/// Which directions of X are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    Pcr,
    #[default]
    Simpls,
    Nipals,
}

impl Method {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcr => "pcr",
            Self::Simpls => "simpls",
            Self::Nipals => "nipals",
        }
    }

    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Pcr, Self::Simpls, Self::Nipals].into_iter().find(|m| m.name() == name)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub method: Method,
    pub components: usize,
    pub x: Scaling,
    pub y: Scaling,
    pub solver: Solver,
}

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    pub method: Method,
    pub x: Columns,
    pub y: Columns,
    pub latent: Latent,
    pub rows: usize,
}

/// Rows seen through a model with all its components: scores n × a; distances of 1 … a components, n × a.
#[derive(Clone, Debug)]
pub struct Seen {
    pub scores: Mat<f64>,
    pub t2: Mat<f64>,
    pub q: Mat<f64>,
}

/// How well predictions of one response are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    pub rmse: f64,
    pub bias: f64,
    pub r2: f64,
}

/// Of predictions beside what was measured.
#[must_use]
pub fn quality(measured: &[f64], predicted: &[f64]) -> Quality {
    let n = measured.len() as f64;
    let mean = measured.iter().sum::<f64>() / n;
    let press: f64 = measured.iter().zip(predicted).map(|(y, p)| (y - p) * (y - p)).sum();
    let whole: f64 = measured.iter().map(|y| (y - mean) * (y - mean)).sum();
    let bias = measured.iter().zip(predicted).map(|(y, p)| p - y).sum::<f64>() / n;
    Quality { rmse: (press / n).sqrt(), bias, r2: 1.0 - press / whole }
}

impl Regression {
    /// From rows X (n × d) and responses Y (n × m).
    ///
    /// # Errors
    /// When they do not fit each other, are not finite, or there are not so many components.
    pub fn fit(x: MatRef<'_, f64>, y: MatRef<'_, f64>, options: Options) -> Result<Self, Error> {
        let (n, d, a) = (x.nrows(), x.ncols(), options.components);
        if y.nrows() != n || y.ncols() == 0 {
            return Err(Error::Option(format!("{} rows of responses were given for {n} rows", y.nrows())));
        }
        let most = most_components(n, d);
        if !(1..=most).contains(&a) {
            return Err(Error::Components { what: options.method.name(), got: a, most, rows: n, width: d });
        }
        finite(y)?;
        let (xc, yc) = (Columns::of(x, options.x)?, Columns::of(y, options.y)?);
        let (xs, ys) = (xc.apply(x)?, yc.apply(y)?);
        let latent = match options.method {
            Method::Simpls => simpls(xs.as_ref(), ys.as_ref(), a, options.solver)?,
            Method::Nipals => nipals(xs.as_ref(), ys.as_ref(), a)?,
            Method::Pcr => {
                let svd = options.solver.svd(xs.as_ref())?;
                if svd.s[a - 1] <= svd.s[0] * 1e-13 {
                    let found = svd.s.iter().filter(|&&s| s > svd.s[0] * 1e-13).count();
                    return Err(Error::Components {
                        what: "PCR (the rows span no more)",
                        got: a,
                        most: found,
                        rows: n,
                        width: d,
                    });
                }
                let r = Mat::from_fn(d, a, |i, j| svd.v[(i, j)]);
                let t = Mat::from_fn(n, a, |i, j| svd.u[(i, j)] * svd.s[j]);
                let cross = ys.transpose() * &t;
                let q = Mat::from_fn(y.ncols(), a, |i, j| cross[(i, j)] / (svd.s[j] * svd.s[j]));
                Latent { w: r.clone(), p: r.clone(), r, t, q }
            }
        };
        Ok(Self { method: options.method, x: xc, y: yc, latent, rows: n })
    }

    #[must_use]
    pub fn components(&self) -> usize {
        self.latent.r.ncols()
    }

    /// B_a of x′ and y′: d × m.
    #[must_use]
    pub fn coefficients(&self, components: usize) -> Mat<f64> {
        let a = components.min(self.components());
        self.latent.r.as_ref().subcols(0, a) * self.latent.q.as_ref().subcols(0, a).transpose()
    }

    /// Responses of rows with so many components: n × m.
    ///
    /// # Errors
    /// [`Error::Width`], [`Error::NotFinite`].
    pub fn predict(&self, x: MatRef<'_, f64>, components: usize) -> Result<Mat<f64>, Error> {
        Ok(self.y.undo((self.x.apply(x)? * self.coefficients(components)).as_ref()))
    }

    /// Scores and distances of rows.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub fn see(&self, x: MatRef<'_, f64>) -> Result<Seen, Error> {
        let x = self.x.apply(x)?;
        let (n, d, a) = (x.nrows(), x.ncols(), self.components());
        let scores = &x * &self.latent.r;
        let variance: Vec<f64> = (0..a).map(|k| self.latent.t.col(k).squared_norm_l2() / (self.rows - 1) as f64).collect();
        let (mut t2, mut q) = (Mat::zeros(n, a), Mat::zeros(n, a));
        for i in 0..n {
            let mut rest: Vec<f64> = (0..d).map(|j| x[(i, j)]).collect();
            let mut sum = 0.0;
            for k in 0..a {
                let t = scores[(i, k)];
                sum += t * t / variance[k];
                t2[(i, k)] = sum;
                rest.iter_mut().enumerate().for_each(|(j, r)| *r -= t * self.latent.p[(j, k)]);
                q[(i, k)] = rest.iter().map(|r| r * r).sum();
            }
        }
        Ok(Seen { scores, t2, q })
    }

    /// ‖y′ − ŷ′‖² of rows with so many components.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub fn y_distances(&self, x: MatRef<'_, f64>, y: MatRef<'_, f64>, components: usize) -> Result<Vec<f64>, Error> {
        let found = self.x.apply(x)? * self.coefficients(components);
        let y = self.y.apply(y)?;
        Ok((0..y.nrows()).map(|i| (0..y.ncols()).map(|j| y[(i, j)] - found[(i, j)]).map(|e| e * e).sum()).collect())
    }

    /// Variable importance in the projection of each feature, for response `of` or all of them.
    #[must_use]
    pub fn vip(&self, of: Option<usize>) -> Vec<f64> {
        let (d, a) = (self.x.width(), self.components());
        let explained: Vec<f64> = (0..a)
            .map(|k| {
                let q: f64 = (0..self.latent.q.nrows())
                    .filter(|&j| of.is_none_or(|o| o == j))
                    .map(|j| self.latent.q[(j, k)].powi(2))
                    .sum();
                q * self.latent.t.col(k).squared_norm_l2()
            })
            .collect();
        let whole: f64 = explained.iter().sum();
        let length: Vec<f64> = (0..a).map(|k| self.latent.w.col(k).squared_norm_l2()).collect();
        (0..d)
            .map(|j| {
                let sum: f64 = (0..a).map(|k| explained[k] * self.latent.w[(j, k)].powi(2) / length[k]).sum();
                (d as f64 * sum / whole).sqrt()
            })
            .collect()
    }

    /// Selectivity ratio of each feature for response `of`, by the training rows.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub fn selectivity(&self, training: MatRef<'_, f64>, of: usize) -> Result<Vec<f64>, Error> {
        let x = self.x.apply(training)?;
        let b = self.coefficients(self.components());
        let length = b.col(of).norm_l2();
        let t = &x * b.col(of) * faer::Scale(1.0 / length);
        let square = t.squared_norm_l2();
        let p = x.transpose() * &t;
        Ok((0..x.ncols())
            .map(|j| {
                let loading = p[j] / square;
                let explained = loading * loading * square;
                let rest: f64 = (0..x.nrows()).map(|i| x[(i, j)] - t[i] * loading).map(|e| e * e).sum();
                if explained == 0.0 { 0.0 } else { explained / rest }
            })
            .collect())
    }

    #[must_use]
    pub fn to_parts(&self) -> Parts {
        let mut parts = Parts::of("regression");
        parts.put_text("method", self.method.name());
        self.x.put(&mut parts, "x");
        self.y.put(&mut parts, "y");
        parts.put_count("rows", self.rows);
        for (name, matrix) in [
            ("projection", &self.latent.r),
            ("weights", &self.latent.w),
            ("scores", &self.latent.t),
            ("x_loadings", &self.latent.p),
            ("y_loadings", &self.latent.q),
        ] {
            parts.put_matrix(name, matrix.as_ref());
        }
        parts
    }

    /// # Errors
    /// [`Error::Stored`].
    pub fn from_parts(parts: &Parts) -> Result<Self, Error> {
        let (x, y) = (Columns::take(parts, "x")?, Columns::take(parts, "y")?);
        let method = Method::by_name(parts.text("method")?).ok_or_else(|| Error::Stored("its method is not known".into()))?;
        let rows = parts.count("rows")?;
        let latent = Latent {
            r: parts.matrix("projection", Some(x.width()))?,
            w: parts.matrix("weights", Some(x.width()))?,
            t: parts.matrix("scores", Some(rows))?,
            p: parts.matrix("x_loadings", Some(x.width()))?,
            q: parts.matrix("y_loadings", Some(y.width()))?,
        };
        let a = latent.r.ncols();
        if a == 0 || rows < 2 || [&latent.w, &latent.t, &latent.p, &latent.q].iter().any(|m| m.ncols() != a) {
            return Err(Error::Stored("its matrices have different numbers of components".into()));
        }
        Ok(Self { method, x, y, latent, rows })
    }
}

#[cfg(test)]
mod tests {
    use super::{Method, Options, Regression, quality};
    use crate::chemometrics::{Error, Scaling, Solver};
    use crate::draw::Stream;
    use faer::Mat;

    fn options(method: Method, components: usize) -> Options {
        Options { method, components, x: Scaling::Autoscale, y: Scaling::Centre, solver: Solver::Faer }
    }

    fn data(n: usize, d: usize) -> (Mat<f64>, Mat<f64>) {
        let mut stream = Stream::new(12, "regression", 0);
        let t: Vec<[f64; 2]> = (0..n).map(|_| [stream.normal(), stream.normal()]).collect();
        let p: Vec<[f64; 2]> = (0..d).map(|_| [stream.normal(), stream.normal()]).collect();
        let x = Mat::from_fn(n, d, |i, j| 10.0 + t[i][0] * p[j][0] + t[i][1] * p[j][1] + 0.01 * stream.normal());
        (x, Mat::from_fn(n, 1, |i, _| 5.0 + 2.0 * t[i][0] - t[i][1]))
    }

    #[test]
    fn two_components_predict_what_two_components_made() {
        let (x, y) = data(40, 30);
        for method in [Method::Pcr, Method::Simpls, Method::Nipals] {
            let model = Regression::fit(x.as_ref(), y.as_ref(), options(method, 2)).expect("fits");
            let found = model.predict(x.as_ref(), 2).expect("fits");
            let (y, found): (Vec<f64>, Vec<f64>) = (0..40).map(|i| (y[(i, 0)], found[(i, 0)])).unzip();
            let quality = quality(&y, &found);
            assert!(quality.r2 > 0.999 && quality.rmse < 0.05 && quality.bias.abs() < 1e-10, "{method:?}: {quality:?}");
            let again = Regression::from_parts(&model.to_parts()).expect("stored");
            assert_eq!(again, model);
            // Mean of squares of VIP is 1; T² of training rows sums to a(n − 1).
            let vip = model.vip(None);
            assert!((vip.iter().map(|v| v * v).sum::<f64>() / 30.0 - 1.0).abs() < 1e-12);
            let seen = model.see(x.as_ref()).expect("fits");
            assert!(((0..40).map(|i| seen.t2[(i, 1)]).sum::<f64>() - 78.0).abs() < 1e-9);
            assert!((&seen.scores - &model.latent.t).norm_max() < 1e-10);
            assert!(model.selectivity(x.as_ref(), 0).expect("fits").iter().all(|s| *s >= 0.0));
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let (x, y) = data(5, 3);
        let bad = Regression::fit(x.as_ref(), y.as_ref(), options(Method::Simpls, 4));
        assert!(matches!(bad, Err(Error::Components { got: 4, most: 3, .. })));
        let few = Mat::zeros(4, 1);
        assert!(matches!(Regression::fit(x.as_ref(), few.as_ref(), options(Method::Pcr, 1)), Err(Error::Option(_))));
        let model = Regression::fit(x.as_ref(), y.as_ref(), options(Method::Pcr, 2)).expect("fits");
        assert!(matches!(model.predict(few.as_ref(), 1), Err(Error::Width { got: 1, expected: 3 })));
    }
}
