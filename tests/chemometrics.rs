//! Models against published results on real data (`../shared/data`, ignored where it is absent): PLS_Toolbox's tables of *people*,
//! R `pls` 2.8 on *yarn*, and coffee by its nearest neighbours.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "support/table.rs"]
mod table;

use faer::Mat;
use striae::chemometrics::classes::Classes;
use striae::chemometrics::columns::rows_of;
use striae::chemometrics::knn::{Distance, Knn};
use striae::chemometrics::limits::{Rule, limits};
use striae::chemometrics::pca::Pca;
use striae::chemometrics::regression::{Method, Options, Regression};
use striae::chemometrics::validate::{Plan, across};
use striae::chemometrics::{Scaling, Solver};
use table::{shared, table};

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn people_eigenvalues_and_q_limits() {
    let x = table(&shared("chemometrics/people").join("people.csv"));
    assert_eq!((x.nrows(), x.ncols()), (32, 12));
    let model = Pca::fit(x.as_ref(), Scaling::Autoscale, 4, Solver::Faer).unwrap();
    for (found, expected) in model.eigenvalues.iter().zip([6.42969184, 2.24255072, 1.61769904, 0.99798798]) {
        assert!((found - expected).abs() < 1e-8, "{found} {expected}");
    }
    let seen = model.project(x.as_ref()).unwrap();
    let all = limits(&model, seen.t2.as_ref(), seen.q.as_ref(), Rule::Classic, 0.05, 0.01).unwrap();
    for (found, expected) in all.iter().zip([13.98208375, 8.91523789, 4.86682122]) {
        assert!((found.q_extreme - expected).abs() < 1e-8, "{} {expected}", found.q_extreme);
    }
    // The covariance way is the same model.
    let mut moments = striae::chemometrics::moments::Moments::new(12);
    moments
        .add(&striae::matrix::Values::F64((0..32).flat_map(|i| (0..12).map(move |j| (i, j))).map(|(i, j)| x[(i, j)]).collect()));
    let columns = striae::chemometrics::Columns::from_moments(moments.mean().to_vec(), &moments.variances(), Scaling::Autoscale);
    let other = Pca::from_covariance(columns, moments.covariance().as_ref(), 32, 4, Solver::Faer).unwrap();
    assert!((&other.loadings - &model.loadings).norm_max() < 1e-10);
    assert!(other.eigenvalues.iter().zip(&model.eigenvalues).all(|(a, b)| (a - b).abs() < 1e-12));
}

/// Both to four printed digits, each column up to its sign.
fn same(name: &str, found: &Mat<f64>, expected: &Mat<f64>) {
    assert_eq!((found.nrows(), found.ncols()), (expected.nrows(), expected.ncols()), "{name}");
    for j in 0..found.ncols() {
        let off = |sign: f64| (0..found.nrows()).map(|i| (sign * found[(i, j)] - expected[(i, j)]).abs()).fold(0.0, f64::max);
        assert!(off(1.0).min(off(-1.0)) <= 0.5000001e-4, "{name}, column {j}: {:e} {:e}", off(1.0), off(-1.0));
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn people_pls_is_that_of_pls_toolbox() {
    let folder = shared("chemometrics/people");
    let all = table(&folder.join("people.csv"));
    // Shoe size from the others.
    let x = Mat::from_fn(32, 11, |i, j| all[(i, if j < 3 { j } else { j + 1 })]);
    let y = Mat::from_fn(32, 1, |i, _| all[(i, 3)]);
    let options =
        Options { method: Method::Simpls, components: 4, x: Scaling::Autoscale, y: Scaling::Autoscale, solver: Solver::Faer };
    let model = Regression::fit(x.as_ref(), y.as_ref(), options).unwrap();
    let expected = |name: &str| table(&folder.join(format!("plstlbx-people-{name}.csv")));
    let seen = model.see(x.as_ref()).unwrap();
    let column = |values: Vec<f64>| Mat::from_fn(values.len(), 1, |i, _| values[i]);
    // There loadings have length 1 and weights and scores carry the rest; ours have weights of length 1.
    let length: Vec<f64> = (0..4).map(|k| model.latent.p.col(k).norm_l2()).collect();
    let times = |m: &Mat<f64>, power: i32| Mat::from_fn(m.nrows(), 4, |i, k| m[(i, k)] * length[k].powi(power));
    same("weights", &times(&model.latent.w, 1), &expected("weights"));
    same("loadings", &times(&model.latent.p, -1), &expected("xloadings"));
    same("scores", &times(&seen.scores, 1), &expected("xscores"));
    // Scores of y: Y·(Yᵀt/‖t‖), made orthogonal to the scores of X before.
    let ys = model.y.apply(y.as_ref()).unwrap();
    let unit = Mat::from_fn(32, 4, |i, k| model.latent.t[(i, k)] / model.latent.t.col(k).norm_l2());
    let mut u = &ys * (ys.transpose() * &unit);
    for k in 0..4 {
        for before in 0..k {
            let along: f64 = (0..32).map(|i| unit[(i, before)] * u[(i, k)]).sum();
            (0..32).for_each(|i| u[(i, k)] -= along * unit[(i, before)]);
        }
    }
    same("scores of y", &u, &expected("yscores"));
    same("predictions", &model.predict(x.as_ref(), 4).unwrap(), &expected("ypred"));
    same("Q", &column((0..32).map(|i| seen.q[(i, 3)]).collect()), &expected("xqdist"));
    // Of row 31 the table has 2.8070; its own printed scores give 2.8073, as ours do.
    let mut t2: Vec<f64> = (0..32).map(|i| seen.t2[(i, 3)]).collect();
    assert!((t2[31] - 2.8073).abs() < 0.5e-4 && expected("xhdist")[(31, 0)] == 2.8070);
    t2[31] = 2.8070;
    same("T²", &column(t2), &expected("xhdist"));
    same("Q of y", &column(model.y_distances(x.as_ref(), y.as_ref(), 4).unwrap()), &expected("yqdist"));
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn yarn_predictions_are_those_of_r() {
    let folder = shared("chemometrics/yarn");
    let all = table(&folder.join("yarn.csv"));
    let (n, d) = (all.nrows(), all.ncols() - 2);
    assert_eq!((n, d), (28, 268));
    // The predictions are of models of all 28 rows: of the 21 marked `train` they would be others (off by 0.6 and more).
    let x = all.as_ref().subcols(0, d);
    let y = all.as_ref().subcols(d, 1);
    for (file, methods) in [("pred_pcr.csv", vec![Method::Pcr]), ("pred_pls.csv", vec![Method::Simpls, Method::Nipals])] {
        let expected = table(&folder.join(file));
        assert_eq!((expected.nrows(), expected.ncols()), (28, 6));
        for method in methods {
            let options = Options { method, components: 6, x: Scaling::Centre, y: Scaling::Centre, solver: Solver::Faer };
            let model = Regression::fit(x, y, options).unwrap();
            for a in 0..6 {
                let found = model.predict(x, a + 1).unwrap();
                let off = (0..n).map(|i| (found[(i, 0)] - expected[(i, a)]).abs()).fold(0.0, f64::max);
                assert!(off < 1e-9, "{file}, {method:?}, {} components: {off:e}", a + 1);
            }
        }
    }
}

fn coffee() -> (Mat<f64>, Vec<String>) {
    let folder = shared("spectra/coffee_nir");
    let all = table(&folder.join("coffee_spectra.csv"));
    // The first line numbers the points.
    let x = Mat::from_fn(all.nrows() - 1, all.ncols(), |i, j| all[(i + 1, j)]);
    let labels = std::fs::read_to_string(folder.join("coffee_labels.csv")).unwrap();
    (x, labels.lines().skip(1).map(|l| l.trim().to_owned()).collect())
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn coffee_is_told_apart_by_its_nearest_neighbour() {
    let (x, labels) = coffee();
    assert_eq!((x.nrows(), x.ncols(), labels.len()), (60, 1841, 60));
    let classes = Classes::of(&labels);
    let folds = Plan::LeaveOneOut.folds(60, None, 1).unwrap();
    let right = across(&folds, |train, test| {
        let rows = rows_of(x.as_ref(), train);
        let model = Knn::fit(rows.as_ref(), &classes.rows(train), 1, Distance::Correlation, Scaling::None)?;
        let votes = model.predict(rows_of(x.as_ref(), test).as_ref())?;
        Ok::<_, striae::chemometrics::Error>(votes.iter().zip(test).filter(|(v, i)| Some(v.class) == classes.of[**i]).count())
    });
    assert_eq!(right.unwrap().iter().sum::<usize>(), 57);
}
