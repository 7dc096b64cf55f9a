//! Scores of firearm marks: discrimination as published, and calibrators on held-out weapons.

use super::{number, table};
use striae::evaluate::lr::validate::{Folds, Pair, cross_validate, refuse_leak, scores};
use striae::evaluate::lr::{
    Bandwidth, BetaBinomial, Calibrator, Cllr, Count, Error, Kde, Logistic, Pav, Transform, cllr_min, logistic,
};

fn pairs<E>(file: &str, evidence: impl Fn(&[String]) -> E) -> Vec<Pair<E>> {
    let of = |row: Vec<String>| {
        let (a, b) = (row[0].parse().expect("a weapon"), row[1].parse().expect("a weapon"));
        assert_eq!(row[2] == "1", a == b);
        Pair { evidence: evidence(&row), a, b }
    };
    table(&format!("nfi_scores/{file}.csv"), 1).into_iter().map(of).collect()
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn least_costs_are_as_published() {
    for (file, column, expected, last) in [
        ("aperture_shear", 3, 0.0215, 1e-4),
        ("breech_face_impression", 3, 0.436, 1e-3),
        ("breech_face_impression", 4, 0.281, 1e-3),
        ("firing_pin_impression", 3, 0.110, 1e-3),
        ("firing_pin_impression", 4, 0.028, 1e-3),
    ] {
        let found = cllr_min(&scores(&pairs(file, |row| number(&row[column]))).expect("finite"));
        assert!((found - expected).abs() <= last, "{file}, column {column}: {found} {expected}");
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn held_out_weapons() {
    type Fit = fn(&[Pair<f64>]) -> Result<Calibrator, Error>;
    let pairs = pairs("breech_face_impression", |row| number(&row[3]));
    let folds = Folds::deal(&pairs, 3, 10, 1).expect("enough weapons");
    let least = cllr_min(&scores(&pairs).expect("finite"));
    let kde: Fit = |train| Ok(Calibrator::Kde(Kde::fit(&scores(train)?, Bandwidth::Silverman, Transform::None)?));
    let line: Fit = |train| Ok(Calibrator::Logistic(Logistic::fit(&scores(train)?, logistic::Options::default())?));
    let pav: Fit = |train| Ok(Calibrator::Pav(Pav::fit(&scores(train)?)));
    for (name, fit) in [("kde", kde), ("logistic", line), ("pav", pav)] {
        let found = cross_validate(&pairs, &folds, fit, |model, score| model.log10_lr(score.into())).expect("fits");
        let cost = Cllr::of(&found.lrs().expect("both kinds"));
        // Held out, a score cannot be worth much more than in the best calibration of all, and is still worth something.
        assert!(cost.min > least - 0.1 && (name == "pav" || cost.cllr < 0.7), "{name}: {cost:?} {least}");
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn counts_of_cells() {
    let pairs = pairs("firing_pin_impression", |row| Count { k: row[4].parse().expect("k"), n: row[5].parse().expect("n") });
    let folds = Folds::deal(&pairs, 2, 10, 1).expect("enough weapons");
    let fit = |train: &[Pair<Count>]| {
        let of = |same: bool| train.iter().filter(|p| (p.a == p.b) == same).map(|p| p.evidence).collect::<Vec<_>>();
        BetaBinomial::fit(&of(true), &of(false))
    };
    let found = cross_validate(&pairs, &folds, fit, BetaBinomial::log10_lr).expect("fits");
    let cost = Cllr::of(&found.lrs().expect("both kinds"));
    assert!(cost.cllr < 0.2, "{cost:?}");
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn the_splits_of_the_data_share_no_weapon() {
    for split in 4..7 {
        let all = pairs("aperture_shear", |row| (number(&row[3]), row[split].clone()));
        let of = |name: &str| -> Vec<Pair<f64>> {
            let of = all.iter().filter(|p| p.evidence.1 == name);
            of.map(|p| Pair { evidence: p.evidence.0, a: p.a, b: p.b }).collect()
        };
        let (train, test) = (of("t"), of("v"));
        refuse_leak(&train, &test).expect("no weapon on both sides");
        assert!(refuse_leak(&train, &[train[0]]).is_err());
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn fits_are_those_of_other_tools() {
    let count = |row: &[String]| Count { k: row[4].parse().expect("k"), n: row[5].parse().expect("n") };
    let all = pairs("breech_face_impression", |row| (number(&row[3]), count(row)));
    let of = |same: bool| all.iter().filter(move |p| (p.a == p.b) == same).map(|p| p.evidence);
    let close = |got: f64, expected: f64, to: f64| assert!((got - expected).abs() < to * expected.abs(), "{got} {expected}");
    // scikit-learn 1.9.1, LogisticRegression(penalty=None, class_weight='balanced'), divided by ln 10; it stops at a gradient of some 1e-5.
    let plain = scores(&all.iter().map(|p| Pair { evidence: p.evidence.0, a: p.a, b: p.b }).collect::<Vec<_>>()).expect("finite");
    let (a, b) = Logistic::fit(&plain, logistic::Options::default()).expect("fits").line();
    close(a, -2.26685543, 1e-4);
    close(b[0], 0.11068519, 1e-4);
    let rows = |same: bool| of(same).flat_map(|(accf, cmc)| [accf, f64::from(cmc.k)]).collect::<Vec<_>>();
    let (a, b) = Logistic::fit_columns(&rows(true), &rows(false), 2, logistic::Options::default()).expect("fits").line();
    close(a, -2.33510699, 1e-4);
    close(b[0], 0.06340228, 1e-4);
    close(b[1], 0.46737499, 1e-4);
    // SciPy 1.17.1, gaussian_kde.
    let kde = Kde::fit(&plain, Bandwidth::Multivariate, Transform::None).expect("fits");
    for (score, log10_lr) in
        [(5.0, 0.004631788826163541), (12.5, -0.9692575139677453), (20.0, -0.09462448009316272), (40.0, 1.8394141806206479)]
    {
        assert!((kde.log10_lr(score).expect("finite").0 - log10_lr).abs() < 1e-10, "{score}");
    }
    // SciPy, betabinom by Nelder-Mead. Different-source counts are no more scattered than binomial ones: S is at its end, the mean is the pooled one.
    let counts = |same: bool| of(same).map(|e| e.1).collect::<Vec<_>>();
    let fit = BetaBinomial::fit(&counts(true), &counts(false)).expect("fits");
    close(fit.same.alpha, 1.29932071, 1e-6);
    close(fit.same.beta, 1.77819018, 1e-6);
    let (k, n) = counts(false).iter().fold((0, 0), |(k, n), c| (k + c.k, n + c.n));
    close(fit.different.alpha / fit.different.beta, f64::from(k) / f64::from(n - k), 1e-5);
    assert!(fit.different.alpha + fit.different.beta > 0.99e6);
}
