//! Orthogonal projections to latent structures: what of X has nothing to do with y is taken out first, one predictive component is left.
//!
//! For one response, centred (J. Trygg, S. Wold, doi:10.1002/cem.695): with w = Xᵀy/‖Xᵀy‖, t = Xw, p = Xᵀt/tᵀt, the orthogonal weight is
//! w_o = p − (wᵀp)w, made of length 1; t_o = Xw_o, p_o = Xᵀt_o/t_oᵀt_o, X ← X − t_o·p_oᵀ; so often as asked for. Then ŷ = t·q of the
//! filtered X. Predictions equal those of PLS with one component more than there are orthogonal ones (tested); what is gained
//! is one score that carries the answer and loadings that can be read.

use super::columns::{Columns, Scaling, finite};
use super::error::Error;
use super::parts::Parts;
use super::pca::most_components;
use faer::{Col, Mat, MatRef};

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Opls {
    pub x: Columns,
    pub y: Columns,
    /// d × 1: weight and loading of the predictive component.
    pub weight: Mat<f64>,
    pub loading: Mat<f64>,
    /// y′ = t·q
    pub q: f64,
    /// d × o: weights and loadings of the orthogonal components.
    pub orthogonal_weights: Mat<f64>,
    pub orthogonal_loadings: Mat<f64>,
}

/// Rows seen through a model.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The predictive score.
    pub score: Vec<f64>,
    /// n × o
    pub orthogonal: Mat<f64>,
    pub predicted: Vec<f64>,
}

impl Opls {
    /// From rows and one response, with `orthogonal` components taken out.
    ///
    /// # Errors
    /// When they do not fit each other, or there is nothing left to take out.
    pub fn fit(x: MatRef<'_, f64>, y: &[f64], orthogonal: usize, scaling: Scaling) -> Result<Self, Error> {
        let (n, d) = (x.nrows(), x.ncols());
        let most = most_components(n, d);
        if orthogonal >= most {
            return Err(Error::Components { what: "OPLS", got: orthogonal.saturating_add(1), most, rows: n, width: d });
        }
        if y.len() != n {
            return Err(Error::Option(format!("{} responses were given for {n} rows", y.len())));
        }
        let y = Mat::from_fn(n, 1, |i, _| y[i]);
        finite(y.as_ref())?;
        let (xc, yc) = (Columns::of(x, scaling)?, Columns::of(y.as_ref(), Scaling::Centre)?);
        let (mut x, y) = (xc.apply(x)?, yc.apply(y.as_ref())?);
        let unit = |mut v: Col<f64>, left: usize| {
            let length = v.norm_l2();
            if length > 0.0 && length.is_finite() {
                v /= faer::Scale(length);
                Ok(v)
            } else {
                Err(Error::Components {
                    what: "OPLS (nothing is left to take out)",
                    got: orthogonal + 1,
                    most: left,
                    rows: n,
                    width: d,
                })
            }
        };
        let w = unit(x.transpose() * y.col(0), 0)?;
        let (mut weights, mut loadings) = (Mat::zeros(d, orthogonal), Mat::zeros(d, orthogonal));
        for o in 0..orthogonal {
            let p = loading(x.as_ref(), &(&x * &w));
            let along = w.transpose() * &p;
            let before = p.norm_l2();
            let mut wo = p - &w * faer::Scale(along);
            if wo.norm_l2() <= 1e-12 * before {
                wo.fill(0.0);
            }
            let wo = unit(wo, o + 1)?;
            let to = &x * &wo;
            let po = loading(x.as_ref(), &to);
            for j in 0..d {
                (0..n).for_each(|i| x[(i, j)] -= to[i] * po[j]);
                weights[(j, o)] = wo[j];
                loadings[(j, o)] = po[j];
            }
        }
        let t = &x * &w;
        let p = loading(x.as_ref(), &t);
        let q = (y.col(0).transpose() * &t) / t.squared_norm_l2();
        let column = |v: &Col<f64>| Mat::from_fn(d, 1, |i, _| v[i]);
        Ok(Self {
            x: xc,
            y: yc,
            weight: column(&w),
            loading: column(&p),
            q,
            orthogonal_weights: weights,
            orthogonal_loadings: loadings,
        })
    }

    /// Scores and predictions of rows.
    ///
    /// # Errors
    /// [`Error::Width`], [`Error::NotFinite`].
    pub fn see(&self, x: MatRef<'_, f64>) -> Result<Seen, Error> {
        let mut x = self.x.apply(x)?;
        let (n, d, o) = (x.nrows(), x.ncols(), self.orthogonal_weights.ncols());
        let mut orthogonal = Mat::zeros(n, o);
        for k in 0..o {
            let to = &x * self.orthogonal_weights.col(k);
            for j in 0..d {
                (0..n).for_each(|i| x[(i, j)] -= to[i] * self.orthogonal_loadings[(j, k)]);
            }
            (0..n).for_each(|i| orthogonal[(i, k)] = to[i]);
        }
        let t = &x * self.weight.col(0);
        let score: Vec<f64> = (0..n).map(|i| t[i]).collect();
        let predicted = score.iter().map(|t| t * self.q * self.y.divisor[0] + self.y.mean[0]).collect();
        Ok(Seen { score, orthogonal, predicted })
    }

    #[must_use]
    pub fn to_parts(&self) -> Parts {
        let mut parts = Parts::of("opls");
        self.x.put(&mut parts, "x");
        self.y.put(&mut parts, "y");
        parts.put_matrix("weight", self.weight.as_ref());
        parts.put_matrix("loading", self.loading.as_ref());
        parts.put_numbers("q", &[self.q]);
        parts.put_matrix("orthogonal_weights", self.orthogonal_weights.as_ref());
        parts.put_matrix("orthogonal_loadings", self.orthogonal_loadings.as_ref());
        parts
    }

    /// # Errors
    /// [`Error::Stored`].
    pub fn from_parts(parts: &Parts) -> Result<Self, Error> {
        let (x, y) = (Columns::take(parts, "x")?, Columns::take(parts, "y")?);
        let d = Some(x.width());
        let found = Self {
            weight: parts.matrix("weight", d)?,
            loading: parts.matrix("loading", d)?,
            q: parts.numbers("q", Some(1))?[0],
            orthogonal_weights: parts.matrix("orthogonal_weights", d)?,
            orthogonal_loadings: parts.matrix("orthogonal_loadings", d)?,
            x,
            y,
        };
        let fits = found.weight.ncols() == 1
            && found.y.width() == 1
            && found.orthogonal_weights.ncols() == found.orthogonal_loadings.ncols();
        if fits { Ok(found) } else { Err(Error::Stored("its matrices do not fit each other".into())) }
    }
}

fn loading(x: MatRef<'_, f64>, t: &Col<f64>) -> Col<f64> {
    let mut p = x.transpose() * t;
    p /= faer::Scale(t.squared_norm_l2());
    p
}

#[cfg(test)]
mod tests {
    use super::Opls;
    use crate::chemometrics::regression::{Method, Options, Regression};
    use crate::chemometrics::{Scaling, Solver};
    use crate::draw::Stream;
    use faer::Mat;

    #[test]
    fn it_predicts_as_pls_with_one_component_more() {
        let mut stream = Stream::new(6, "opls", 0);
        let x = Mat::from_fn(25, 12, |_, j| stream.normal() * (1.0 + j as f64));
        let y: Vec<f64> = (0..25).map(|i| x[(i, 0)] - 0.3 * x[(i, 5)] + stream.normal()).collect();
        let response = Mat::from_fn(25, 1, |i, _| y[i]);
        for orthogonal in 0..5 {
            let model = Opls::fit(x.as_ref(), &y, orthogonal, Scaling::Centre).expect("fits");
            let options = Options {
                method: Method::Simpls,
                components: orthogonal + 1,
                x: Scaling::Centre,
                y: Scaling::Centre,
                solver: Solver::Faer,
            };
            let pls = Regression::fit(x.as_ref(), response.as_ref(), options).expect("fits");
            let expected = pls.predict(x.as_ref(), orthogonal + 1).expect("fits");
            let seen = model.see(x.as_ref()).expect("fits");
            let off = (0..25).map(|i| (seen.predicted[i] - expected[(i, 0)]).abs()).fold(0.0, f64::max);
            assert!(off < 1e-10, "{orthogonal}: {off:e}");
            // Orthogonal scores have nothing to do with y.
            let mean = y.iter().sum::<f64>() / 25.0;
            for k in 0..orthogonal {
                let along: f64 = (0..25).map(|i| seen.orthogonal[(i, k)] * (y[i] - mean)).sum();
                assert!(along.abs() < 1e-8, "{along}");
            }
            assert_eq!(Opls::from_parts(&model.to_parts()), Ok(model));
        }
        assert!(Opls::fit(x.as_ref(), &y, 12, Scaling::Centre).is_err());
        assert!(Opls::fit(x.as_ref(), &[1.0; 25], 1, Scaling::Centre).is_err());
    }
}
