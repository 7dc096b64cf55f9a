//! Partial least squares: directions of X that go with Y, by SIMPLS or NIPALS.
//!
//! X (n × d) and Y (n × m) come centred (and scaled). Both find per component a weight w, a score t, and loadings p = Xᵀt/tᵀt,
//! q = Yᵀt/tᵀt:
//!
//! - [`simpls`] (S. de Jong, doi:10.1016/0169-7439(93)85002-X): w is the first left singular vector of S = XᵀY; after each
//!   component S is made orthogonal to all loadings so far. Here w has length 1, t = Xw.
//! - [`nipals`] (P. Geladi, B. R. Kowalski, doi:10.1016/0003-2670(86)80028-9): w = Xᵀu/‖Xᵀu‖, t = Xw, q = Yᵀt/tᵀt, u = Yq/qᵀq until t
//!   stands still to 1e-14 or [`ROUNDS`] are over; X and Y are deflated by tpᵀ and tqᵀ.
//!
//! For one response both give the same predictions; for several, SIMPLS maximises the covariance of each component strictly.
//! [`Latent::r`] turns undeflated X into scores, T = XR.

use super::error::Error;
use super::solver::Solver;
use faer::{Col, Mat, MatRef};

/// Most rounds that NIPALS takes for a component.
pub const ROUNDS: usize = 5000;

/// Components of X and Y.
#[derive(Clone, Debug, PartialEq)]
pub struct Latent {
    /// d × a: T = XR
    pub r: Mat<f64>,
    /// d × a: weights of length 1, of X as it was left by the components before (NIPALS) or of X itself (SIMPLS: = R).
    pub w: Mat<f64>,
    /// n × a
    pub t: Mat<f64>,
    /// d × a
    pub p: Mat<f64>,
    /// m × a
    pub q: Mat<f64>,
}

fn too_many(found: usize, asked: usize, x: MatRef<'_, f64>) -> Error {
    let what = "PLS (nothing of the response is left to explain)";
    Error::Components { what, got: asked, most: found, rows: x.nrows(), width: x.ncols() }
}

fn set(m: &mut Mat<f64>, j: usize, values: &Col<f64>) {
    (0..m.nrows()).for_each(|i| m[(i, j)] = values[i]);
}

/// # Errors
/// When X and Y have fewer components in common than are asked for.
pub fn simpls(x: MatRef<'_, f64>, y: MatRef<'_, f64>, components: usize, solver: Solver) -> Result<Latent, Error> {
    let (n, d, m) = (x.nrows(), x.ncols(), y.ncols());
    let mut s = x.transpose() * y;
    let whole = s.norm_l2();
    let mut latent = Latent::empty(n, d, m, components);
    let mut basis = Mat::<f64>::zeros(d, components);
    for a in 0..components {
        let mut w: Col<f64> = if m == 1 {
            s.col(0).to_owned()
        } else {
            // The first left singular vector of S by the eigenvector of SᵀS, m × m.
            let eigen = solver.eigen((s.transpose() * &s).as_ref())?;
            &s * eigen.vectors.col(0)
        };
        let length = w.norm_l2();
        if length.is_nan() || length <= whole * 1e-13 {
            return Err(too_many(a, components, x));
        }
        w /= faer::Scale(length);
        let t = x * &w;
        let square = t.squared_norm_l2();
        if square.is_nan() || square <= 0.0 {
            return Err(too_many(a, components, x));
        }
        let mut p = x.transpose() * &t;
        p /= faer::Scale(square);
        let mut q = y.transpose() * &t;
        q /= faer::Scale(square);
        let mut v = p.clone();
        // Twice: once leaves rounding errors that add up over many components.
        for _ in 0..2 {
            for b in 0..a {
                let along = basis.col(b).transpose() * &v;
                (0..d).for_each(|i| v[i] -= along * basis[(i, b)]);
            }
        }
        let length = v.norm_l2();
        v /= faer::Scale(length);
        let along = v.transpose() * &s;
        for j in 0..m {
            (0..d).for_each(|i| s[(i, j)] -= v[i] * along[j]);
        }
        set(&mut latent.r, a, &w);
        set(&mut latent.w, a, &w);
        set(&mut latent.t, a, &t);
        set(&mut latent.p, a, &p);
        set(&mut latent.q, a, &q);
        set(&mut basis, a, &v);
    }
    Ok(latent)
}

/// # Errors
/// As [`simpls`].
pub fn nipals(x: MatRef<'_, f64>, y: MatRef<'_, f64>, components: usize) -> Result<Latent, Error> {
    let (n, d, m) = (x.nrows(), x.ncols(), y.ncols());
    let (mut rest, mut wanted) = (x.to_owned(), y.to_owned());
    let whole = x.norm_l2();
    let mut latent = Latent::empty(n, d, m, components);
    for a in 0..components {
        // Start with the response that has the most left.
        let start = (0..m).max_by(|&i, &j| wanted.col(i).squared_norm_l2().total_cmp(&wanted.col(j).squared_norm_l2()));
        let mut u: Col<f64> = wanted.col(start.unwrap_or(0)).to_owned();
        let mut before: Option<Col<f64>> = None;
        let (mut w, mut t, mut q);
        let mut round = 0;
        loop {
            w = rest.transpose() * &u;
            let length = w.norm_l2();
            if length.is_nan() || length <= whole * 1e-13 * u.norm_l2().max(f64::MIN_POSITIVE) || u.norm_l2() == 0.0 {
                return Err(too_many(a, components, x));
            }
            w /= faer::Scale(length);
            t = &rest * &w;
            let square = t.squared_norm_l2();
            q = wanted.transpose() * &t;
            q /= faer::Scale(square);
            let still = before.as_ref().is_some_and(|old| (old - &t).norm_l2() <= 1e-14 * t.norm_l2());
            round += 1;
            if m == 1 || still || round >= ROUNDS {
                break;
            }
            u = &wanted * &q;
            u /= faer::Scale(q.squared_norm_l2());
            before = Some(t.clone());
        }
        let mut p = rest.transpose() * &t;
        p /= faer::Scale(t.squared_norm_l2());
        for j in 0..d {
            (0..n).for_each(|i| rest[(i, j)] -= t[i] * p[j]);
        }
        for j in 0..m {
            (0..n).for_each(|i| wanted[(i, j)] -= t[i] * q[j]);
        }
        set(&mut latent.w, a, &w);
        set(&mut latent.t, a, &t);
        set(&mut latent.p, a, &p);
        set(&mut latent.q, a, &q);
    }
    // R = W(PᵀW)⁻¹, PᵀW being upper triangular with ones: column by column from the left.
    for a in 0..components {
        let mut r: Vec<f64> = (0..d).map(|i| latent.w[(i, a)]).collect();
        for b in 0..a {
            let along: f64 = (0..d).map(|i| latent.p[(i, b)] * latent.w[(i, a)]).sum();
            r.iter_mut().enumerate().for_each(|(i, v)| *v -= along * latent.r[(i, b)]);
        }
        (0..d).for_each(|i| latent.r[(i, a)] = r[i]);
    }
    Ok(latent)
}

impl Latent {
    pub(super) fn empty(n: usize, d: usize, m: usize, a: usize) -> Self {
        Self { r: Mat::zeros(d, a), w: Mat::zeros(d, a), t: Mat::zeros(n, a), p: Mat::zeros(d, a), q: Mat::zeros(m, a) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Latent, nipals, simpls};
    use crate::chemometrics::Solver;
    use crate::draw::Stream;
    use faer::linalg::solvers::SolveLstsq as _;
    use faer::{Mat, MatRef};

    fn data(n: usize, d: usize, m: usize) -> (Mat<f64>, Mat<f64>) {
        let mut stream = Stream::new(2, "pls", (n * d * m) as u64);
        let x = Mat::from_fn(n, d, |_, _| stream.normal());
        let b = Mat::from_fn(d, m, |_, _| stream.normal());
        let y = &x * &b + Mat::from_fn(n, m, |_, _| stream.normal());
        let centred = |x: Mat<f64>| {
            let mean: Vec<f64> =
                (0..x.ncols()).map(|j| (0..x.nrows()).map(|i| x[(i, j)]).sum::<f64>() / x.nrows() as f64).collect();
            Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] - mean[j])
        };
        (centred(x), centred(y))
    }

    fn fitted(x: MatRef<'_, f64>, latent: &Latent) -> Mat<f64> {
        x * &latent.r * latent.q.transpose()
    }

    #[test]
    fn components_do_not_hang_on_the_unit_of_the_response() {
        let (x, y) = data(20, 6, 1);
        let latent = nipals(x.as_ref(), y.as_ref(), 6).expect("six components");
        for unit in [1e-12, 1e9, 1e15] {
            let other = nipals(x.as_ref(), (&y * faer::Scale(unit)).as_ref(), 6).expect("six components");
            assert!((&other.w - &latent.w).norm_max() < 1e-10, "{unit:e}");
        }
    }

    #[test]
    fn scores_are_orthogonal_and_with_all_components_it_is_least_squares() {
        for m in [1, 3] {
            let (x, y) = data(20, 6, m);
            let exact = x.qr().solve_lstsq(&y);
            for latent in [simpls(x.as_ref(), y.as_ref(), 6, Solver::Faer), nipals(x.as_ref(), y.as_ref(), 6)] {
                let latent = latent.expect("six components");
                let gram = latent.t.transpose() * &latent.t;
                for a in 0..6 {
                    for b in 0..a {
                        assert!(gram[(a, b)].abs() < 1e-10 * (gram[(a, a)] * gram[(b, b)]).sqrt(), "{m}: {a} {b}");
                    }
                }
                assert!((&x * &latent.r - &latent.t).norm_max() < 1e-10);
                assert!((&latent.r * latent.q.transpose() - &exact).norm_max() < 1e-10);
            }
        }
    }

    #[test]
    fn for_one_response_both_predict_the_same() {
        let (x, y) = data(15, 40, 1);
        for a in 1..=8 {
            let (s, n) = (simpls(x.as_ref(), y.as_ref(), a, Solver::Faer), nipals(x.as_ref(), y.as_ref(), a));
            let (s, n) = (s.expect("enough"), n.expect("enough"));
            assert!((fitted(x.as_ref(), &s) - fitted(x.as_ref(), &n)).norm_max() < 1e-11);
        }
    }

    #[test]
    fn more_components_than_there_are_is_an_error() {
        let (x, y) = data(6, 3, 1);
        assert!(simpls(x.as_ref(), y.as_ref(), 4, Solver::Faer).is_err());
        assert!(nipals(x.as_ref(), y.as_ref(), 4).is_err());
        let zero = Mat::zeros(6, 1);
        assert!(simpls(x.as_ref(), zero.as_ref(), 1, Solver::Faer).is_err());
        assert!(nipals(x.as_ref(), zero.as_ref(), 1).is_err());
    }
}
