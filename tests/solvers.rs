//! Two libraries that share no code, faer and LAPACK, must find the same models: `make check-solvers`.
//!
//! Eigenvalues within 1e-10 of each, scores within 1e-10 of the length of each component's scores. An axis is only as certain as its
//! eigenvalue is apart from its neighbours' (doi:10.1137/0707001): components whose eigenvalue is within 1e-4 of a neighbour's, or below 1e-8 of
//! the first, are held to the subspace that all components up to there span, by what it leaves of each row (Q).

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "support/table.rs"]
mod table;

use faer::Mat;
use striae::chemometrics::moments::Moments;
use striae::chemometrics::pca::{Pca, most_components};
use striae::chemometrics::regression::{Method, Options, Regression};
use striae::chemometrics::{Columns, Scaling, Solver};
use striae::draw::Stream;
use striae::matrix::Values;
use table::{shared, table};

const MOST: f64 = 1e-10;

/// Largest difference of two columns over the length of the second.
fn off(a: &Mat<f64>, b: &Mat<f64>, k: usize) -> f64 {
    (0..a.nrows()).map(|i| (a[(i, k)] - b[(i, k)]).abs()).fold(0.0, f64::max) / b.col(k).norm_l2()
}

/// Both models of the same rows.
fn agree(name: &str, x: &Mat<f64>, models: [&Pca; 2]) {
    let [faer, lapack] = models;
    let (one, other) = (faer.project(x.as_ref()).unwrap(), lapack.project(x.as_ref()).unwrap());
    let values = &lapack.eigenvalues;
    let mut alone = 0;
    for k in 0..faer.components() {
        let apart = faer.eigenvalues[k] - values[k];
        assert!(
            apart.abs() <= MOST * values[k].max(1e-5 * values[0]),
            "{name}: eigenvalue {k} differs by {:e}",
            apart / values[k]
        );
        let gap = |other: Option<&f64>| other.is_none_or(|o| (o / values[k] - 1.0).abs() > 1e-4);
        let certain = values[k] > 1e-8 * values[0] && gap(values.get(k + 1)) && (k == 0 || gap(values.get(k - 1)));
        if certain {
            let off = off(&one.scores, &other.scores, k);
            assert!(off <= MOST, "{name}: scores of component {k} differ by {off:e}");
            alone += 1;
        } else {
            // Q is what the whole span leaves.
            let largest = other.q.col(0).norm_max();
            let off = (0..x.nrows()).map(|i| (one.q[(i, k)] - other.q[(i, k)]).abs()).fold(0.0, f64::max);
            let whole = values.get(k + 1).is_none_or(|next| (next / values[k] - 1.0).abs() > 1e-4);
            assert!(!whole || off <= MOST * largest, "{name}: what {k} components leave differs by {:e}", off / largest);
        }
    }
    println!("{name}: {} eigenvalues, scores of {alone} components within {MOST:e}", faer.components());
    assert!(alone >= 3, "{name}");
}

/// PCA by singular values and by covariance, with every scaling.
fn check(name: &str, x: &Mat<f64>) {
    let (n, d) = (x.nrows(), x.ncols());
    for scaling in [Scaling::Centre, Scaling::Autoscale, Scaling::Pareto] {
        let probe = Pca::fit(x.as_ref(), scaling, 1, Solver::Lapack).unwrap();
        // What rounding leaves of the rest is no component.
        let real = probe.eigenvalues.iter().filter(|&&v| v > 1e-12 * probe.eigenvalues[0]).count().min(most_components(n, d));
        let fit = |solver| Pca::fit(x.as_ref(), scaling, real, solver).unwrap();
        agree(&format!("{name}, {}", scaling.name()), x, [&fit(Solver::Faer), &fit(Solver::Lapack)]);
        if d <= 600 {
            let mut moments = Moments::new(d);
            moments.add(&Values::F64((0..n * d).map(|k| x[(k / d, k % d)]).collect()));
            let columns = Columns::from_moments(moments.mean().to_vec(), &moments.variances(), scaling);
            let covariance = moments.covariance();
            let fit = |solver| Pca::from_covariance(columns.clone(), covariance.as_ref(), n, real.min(6), solver).unwrap();
            agree(&format!("{name}, {}, covariance", scaling.name()), x, [&fit(Solver::Faer), &fit(Solver::Lapack)]);
        }
    }
}

/// Regression on principal components, whose coefficients are made of them.
fn check_regression(name: &str, x: &Mat<f64>, y: &Mat<f64>) {
    let fit = |solver| {
        let options = Options { method: Method::Pcr, components: 5, x: Scaling::Centre, y: Scaling::Centre, solver };
        Regression::fit(x.as_ref(), y.as_ref(), options).unwrap().predict(x.as_ref(), 5).unwrap()
    };
    let off = off(&fit(Solver::Faer), &fit(Solver::Lapack), 0);
    assert!(off <= MOST, "{name}: predictions differ by {off:e}");
}

#[test]
fn simulated_rows() {
    for (n, d) in [(40, 7), (25, 120), (300, 64)] {
        let mut stream = Stream::new(4, "solvers", (n * d) as u64);
        let x = Mat::from_fn(n, d, |_, j| 10.0 + stream.normal() * (1.0 + j as f64).powf(-0.7));
        check(&format!("{n} × {d}"), &x);
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn people() {
    let x = table(&shared("chemometrics/people/people.csv"));
    check("people", &x);
    let (rest, shoes) = (x.as_ref().subcols(4, 8).to_owned(), x.as_ref().subcols(3, 1).to_owned());
    check_regression("people", &rest, &shoes);
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn yarn() {
    let all = table(&shared("chemometrics/yarn/yarn.csv"));
    let (x, y) = (all.as_ref().subcols(0, 268).to_owned(), all.as_ref().subcols(268, 1).to_owned());
    check("yarn", &x);
    check_regression("yarn", &x, &y);
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn coffee() {
    let all = table(&shared("spectra/coffee_nir/coffee_spectra.csv"));
    // The first line numbers the points.
    check("coffee", &all.as_ref().subrows(1, all.nrows() - 1).to_owned());
}
