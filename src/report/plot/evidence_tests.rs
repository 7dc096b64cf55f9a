//! The figures of evidence: error rates, ranks, likelihood ratios.

use super::tests::{audit, audit_all, count, has_text, wave, words};
use super::{Density, Det, Ece, Error, Figure, Format, Histogram, PavPlot, RankCurve, RateCurve, Roc, Style, Tippett, draw};
use crate::draw::Stream;
use crate::evaluate;
use roxmltree::Document;

const INF: f64 = f64::INFINITY;

fn said(figure: Figure<'_>) -> String {
    draw(&figure, &Style::default(), Format::Svg).unwrap_err().to_string()
}

/// log10 LR of normal scores `d` apart, well calibrated: same source and different sources.
fn likelihoods(n: usize, d: f64) -> (Vec<f64>, Vec<f64>) {
    let mut draw = Stream::new(3, "likelihoods", n as u64);
    let mut of = |mean: f64, n: usize| (0..n).map(|_| (d * draw.normal() + mean) / std::f64::consts::LN_10).collect();
    (of(d * d / 2.0, n), of(-d * d / 2.0, n))
}

struct Rates {
    false_rate: Vec<f64>,
    true_rate: Vec<f64>,
}

/// A measured curve, by the room that measures.
fn rates(n: usize, d: f64) -> Rates {
    let (same, different) = likelihoods(n, d);
    let pair = |score: &f64, b| evaluate::Pair { score: *score, a: 0, b };
    let pairs = same.iter().map(|s| pair(s, 0)).chain(different.iter().map(|s| pair(s, 1))).collect();
    let scored = evaluate::Scored::new(pairs, 2).unwrap();
    let curve = evaluate::Roc::new(&scored).curve(1000);
    Rates { false_rate: curve.iter().map(|p| p.false_rate).collect(), true_rate: curve.iter().map(|p| p.true_rate).collect() }
}

fn curve<'a>(name: &'a str, rates: &'a Rates) -> RateCurve<'a> {
    RateCurve { name, false_rate: &rates.false_rate, true_rate: &rates.true_rate, band: None }
}

#[test]
fn rates_of_several_scores() {
    let all = [rates(2000, 3.5), rates(2000, 2.0), rates(300, 1.0)];
    let lower: Vec<_> = all[1].true_rate.iter().map(|t| (t - 0.04).max(0.0)).collect();
    let upper: Vec<_> = all[1].true_rate.iter().map(|t| (t + 0.03).min(1.0)).collect();
    let curves = [
        curve("CCF, AUC 0.993", &all[0]),
        RateCurve { band: Some((&lower, &upper)), ..curve("ACCF, AUC 0.921", &all[1]) },
        curve("<cells> & ä, AUC 0.760", &all[2]),
    ];
    for log in [false, true] {
        let svg = audit_all("roc", &Figure::Roc(&Roc { curves: &curves, log }));
        assert_eq!((count(&svg, "line"), count(&svg, "band"), count(&svg, "chance")), (3, 1, 1));
        assert!(has_text(&svg, "CCF, AUC 0.993") && has_text(&svg, "True rate") && has_text(&svg, "interval"));
        assert_eq!(has_text(&svg, "0.001"), log);
        audit_all("one", &Figure::Roc(&Roc { curves: &curves[1..2], log }));
        let perfect = RateCurve { name: "perfect", false_rate: &[0.0, 0.0, 1.0], true_rate: &[0.0, 1.0, 1.0], band: None };
        audit_all("perfect", &Figure::Roc(&Roc { curves: &[perfect], log }));
        let tiny = RateCurve { false_rate: &[0.0, 1e-300, 1.0], ..perfect };
        audit_all("tiny", &Figure::Roc(&Roc { curves: &[tiny], log }));
    }
    let svg = audit_all("det", &Figure::Det(&Det { curves: &curves }));
    assert_eq!((count(&svg, "line"), count(&svg, "equal")), (3, 1));
    assert!(has_text(&svg, "False rate (%)") && has_text(&svg, "10") && has_text(&svg, "50"));
    let worse = RateCurve { name: "worse than chance", false_rate: &[0.0, 0.8, 1.0], true_rate: &[0.0, 0.2, 1.0], band: None };
    assert!(has_text(&audit_all("worse", &Figure::Det(&Det { curves: &[worse] })), "90"));
    let perfect = RateCurve { name: "perfect", false_rate: &[0.0, 0.0, 1.0], true_rate: &[0.0, 1.0, 1.0], band: None };
    audit_all("perfect", &Figure::Det(&Det { curves: &[perfect] }));
}

#[test]
fn twelve_curves_are_told_apart() {
    let all: Vec<_> = (0..12).map(|i| rates(200, 0.5 + 0.3 * f64::from(i))).collect();
    let names: Vec<_> = (0..12).map(|i| format!("score number {i} of them, AUC 0.{i:03}")).collect();
    let curves: Vec<_> = names.iter().zip(&all).map(|(n, r)| curve(n, r)).collect();
    let svg = audit_all("twelve", &Figure::Roc(&Roc { curves: &curves, log: true }));
    let tree = Document::parse(&svg).unwrap();
    let lines = tree.descendants().filter(|n| n.attribute("class").is_some_and(|c| c.starts_with("line curve-")));
    let looks: std::collections::BTreeSet<_> = lines.map(|n| (n.attribute("stroke"), n.attribute("stroke-dasharray"))).collect();
    assert_eq!(looks.len(), 12);
    audit_all("twelve", &Figure::Det(&Det { curves: &curves }));
}

#[test]
fn curves_that_are_none_are_refused() {
    let r = Rates { false_rate: vec![0.0, 0.5, 1.0], true_rate: vec![0.0, 0.9, 1.0] };
    let good = curve("a", &r);
    let refused = |c: RateCurve<'_>| said(Figure::Roc(&Roc { curves: &[c], log: false }));
    assert!(refused(RateCurve { true_rate: &[0.0, 1.0], ..good }).contains("the true rate of \"a\" has 2 entries, but 3"));
    assert!(refused(RateCurve { true_rate: &[0.0, 1.1, 1.2], ..good }).contains("entry 1, is 1.1; allowed: rates from 0 to 1"));
    assert!(refused(RateCurve { false_rate: &[0.0, 0.5, 0.4], ..good }).contains("0.4 after 0.5"));
    assert!(refused(RateCurve { false_rate: &[0.0, f64::NAN, 1.0], ..good }).contains("NaN"));
    assert!(refused(RateCurve { band: Some((&[0.0], &[1.0])), ..good }).contains("the lower bound"));
    assert!(said(Figure::Det(&Det { curves: &[] })).contains("the list of curves is empty"));
}

#[test]
fn ranks() {
    let short: Vec<f64> = (1..=10).map(|k| 1.0 - 0.2 / f64::from(k)).collect();
    let long: Vec<f64> = (1..=5000).map(|k| 1.0 - 0.9 / libm::sqrt(f64::from(k))).collect();
    let svg = audit_all(
        "ranks",
        &Figure::RankCurve(&RankCurve { curves: &[("CCF, rank 1: 0.800", &short), ("cells", &short[..5])], exact_to: Some(7) }),
    );
    assert_eq!((count(&svg, "line"), count(&svg, "point"), count(&svg, "limit")), (2, 15, 1));
    assert!(has_text(&svg, "complete to rank 7") && has_text(&svg, "Rank") && has_text(&svg, "Identification rate"));
    let curves = [("long", &long[..]), ("other", &long[..400])];
    let svg = audit_all("long", &Figure::RankCurve(&RankCurve { curves: &curves, exact_to: None }));
    // 1, 2, 5, 10 … 5000, and … 200.
    assert_eq!((count(&svg, "point"), has_text(&svg, "1000")), (12 + 8, true));
    assert!(svg.len() < 100_000);
    for values in [&[1.0][..], &[0.0], &[0.999, 0.9999], &[0.0; 40]] {
        audit_all("few", &Figure::RankCurve(&RankCurve { curves: &[("few", values)], exact_to: None }));
    }
    for wrong in [&[][..], &[0.5, 0.4], &[1.5], &[f64::NAN]] {
        said(Figure::RankCurve(&RankCurve { curves: &[("wrong", wrong)], exact_to: None }));
    }
    assert!(matches!(
        draw(&Figure::RankCurve(&RankCurve { curves: &[], exact_to: None }), &Style::default(), Format::Svg),
        Err(Error::Empty { .. })
    ));
}

#[test]
fn tippett_plots() {
    let (same, different) = likelihoods(200, 2.0);
    let svg = audit_all("tippett", &Figure::Tippett(&Tippett { same: &same, different: &different }));
    assert_eq!((count(&svg, "same"), count(&svg, "different"), count(&svg, "zero")), (1, 1, 1));
    assert!(has_text(&svg, "same source (H1), n = 200"));
    let exact = Tippett { same: &[-1.0, 0.0, 1.0, 2.0], different: &[-2.0, -1.0, 0.5, 0.0] };
    let svg = audit_all("by hand", &Figure::Tippett(&exact));
    assert!(has_text(&svg, "misleading (LR < 1): 25 %") && has_text(&svg, "misleading (LR > 1): 25 %"));
    let infinite = Tippett { same: &[INF, INF, 1.0], different: &[-INF, INF, -1.0] };
    let svg = audit_all("infinite", &Figure::Tippett(&infinite));
    assert!(has_text(&svg, "2 at +∞") && has_text(&svg, "1 at +∞, 1 at −∞"));
    audit_all("only infinite", &Figure::Tippett(&Tippett { same: &[INF], different: &[-INF] }));
    audit_all("one", &Figure::Tippett(&Tippett { same: &[3.0], different: &[3.0] }));
    audit_all("wide", &Figure::Tippett(&Tippett { same: &[1e300], different: &[-1e300] }));
    assert!(
        said(Figure::Tippett(&Tippett { same: &[f64::NAN], different: &[1.0] })).contains("same source (H1), entry 0, is NaN")
    );
    assert!(said(Figure::Tippett(&Tippett { same: &[1.0], different: &[] })).contains("different sources (H2) is empty"));
}

#[test]
fn cross_entropies() {
    let at: Vec<f64> = (0..=100).map(|k| f64::from(k) * 0.06 - 3.0).collect();
    let bump = |top: f64| -> Vec<f64> { at.iter().map(|o| top * libm::exp(-o * o)).collect() };
    let (lr, pav, awful) = (bump(0.5), bump(0.4), bump(9.0));
    let curves = [("LR, Cllr 0.500", &lr[..]), ("after PAV, Cllr min 0.400", &pav[..])];
    let svg = audit_all("ece", &Figure::Ece(&Ece { prior_log10_odds: &at, curves: &curves }));
    assert_eq!((count(&svg, "line"), count(&svg, "neutral")), (2, 1));
    assert!(has_text(&svg, "neutral, LR = 1") && has_text(&svg, "Prior log10 odds"));
    let curves = [("LR", &awful[..])];
    let svg = audit_all("awful", &Figure::Ece(&Ece { prior_log10_odds: &at, curves: &curves }));
    assert!(svg.contains("Cut at 1.5 bits."));
    let mut broken = pav.clone();
    broken[50..].fill(INF);
    audit_all("infinite", &Figure::Ece(&Ece { prior_log10_odds: &at, curves: &[("LR", &broken)] }));
    audit_all("one prior", &Figure::Ece(&Ece { prior_log10_odds: &[0.0], curves: &[("LR", &[0.5])] }));
    broken[3] = -0.1;
    assert!(said(Figure::Ece(&Ece { prior_log10_odds: &at, curves: &[("LR", &broken)] })).contains("entry 3, is -0.1"));
    assert!(said(Figure::Ece(&Ece { prior_log10_odds: &[0.0, 0.0], curves: &[("LR", &[1.0, 1.0])] })).contains("the axis"));
    assert!(said(Figure::Ece(&Ece { prior_log10_odds: &at, curves: &[] })).contains("list of curves is empty"));
}

#[test]
fn pav_plots() {
    let (mut before, _) = likelihoods(300, 2.0);
    before.sort_by(f64::total_cmp);
    let steps: Vec<_> = before.iter().map(|v| libm::floor(v * 2.0) / 2.0).collect();
    let figure = PavPlot { log10_lr: &before, calibrated: &steps };
    let svg = audit_all("pav", &Figure::PavPlot(&figure));
    assert_eq!((count(&svg, "margin"), count(&svg, "infinite"), count(&svg, "equal")), (0, 0, 1));
    let mut open = steps.clone();
    open[..20].fill(-INF);
    open[280..].fill(INF);
    let svg = audit_all("infinite", &Figure::PavPlot(&PavPlot { calibrated: &open, ..figure }));
    assert_eq!(count(&svg, "margin"), 4);
    assert!(count(&svg, "infinite") > 10 && has_text(&svg, "infinite, n = 40") && has_text(&svg, "+∞"));
    audit_all("all", &Figure::PavPlot(&PavPlot { log10_lr: &[-INF, INF], calibrated: &[-INF, INF] }));
    audit_all("wide", &Figure::PavPlot(&PavPlot { log10_lr: &[-1e300, 1e300], calibrated: &[1e-300, 1.0] }));
    audit_all("tens of thousands", &Figure::PavPlot(&PavPlot { log10_lr: &[-4e4, 3e4], calibrated: &[1.0, -INF] }));
    assert!(said(Figure::PavPlot(&PavPlot { log10_lr: &[1.0], calibrated: &[1.0, 2.0] })).contains("one for each LR"));
    assert!(said(Figure::PavPlot(&PavPlot { log10_lr: &[f64::NAN], calibrated: &[1.0] })).contains("NaN"));
}

#[test]
fn histograms() {
    let (same, different) = likelihoods(500, 2.5);
    let at: Vec<f64> = (0..200).map(|k| f64::from(k) * 0.05 - 5.0).collect();
    let bell = |mean: f64| -> Vec<f64> { at.iter().map(|x| 0.36 * libm::exp(-(x - mean) * (x - mean) / 2.36)).collect() };
    let (b1, b2) = (bell(1.36), bell(-1.36));
    let curves = [
        Density { name: "KDE, same source", at: &at, values: &b1 },
        Density { name: "KDE, different sources", at: &at, values: &b2 },
    ];
    let figure = Histogram {
        sets: [("same source", &same), ("different sources", &different)],
        bins: 40,
        density: true,
        curves: &curves,
        bounds: &[("lower bound", -2.0), ("upper bound", 3.0)],
        title: "log10 LR",
    };
    let svg = audit_all("histogram", &Figure::Histogram(&figure));
    assert_eq!((count(&svg, "bars"), count(&svg, "line"), count(&svg, "density"), count(&svg, "limit")), (2, 2, 2, 2));
    assert!(has_text(&svg, "same source, n = 500") && has_text(&svg, "Density") && has_text(&svg, "upper bound"));
    assert!(has_text(&audit_all("shares", &Figure::Histogram(&Histogram { density: false, ..figure })), "Share"));
    let bare = Histogram { curves: &[], bounds: &[], ..figure };
    for scale in [1e-300, 1e-9, 1.0, 1e9, 1e300] {
        let (a, b) = (wave(50, 0.3, scale), wave(9, 1.7, scale));
        audit_all("scaled", &Figure::Histogram(&Histogram { sets: [("a", &a), ("b", &b)], density: false, ..bare }));
    }
    audit_all("equal", &Figure::Histogram(&Histogram { sets: [("a", &[5.0; 9]), ("b", &[5.0])], ..bare }));
    audit_all("one bin", &Figure::Histogram(&Histogram { bins: 1, ..figure }));
    audit_all("far bound", &Figure::Histogram(&Histogram { bounds: &[("far", 50.0)], ..figure }));
    let refused = |f: Histogram<'_>| said(Figure::Histogram(&f));
    assert!(refused(Histogram { bins: 0, ..figure }).contains("the number of bins is 0; allowed: 1 to 1000"));
    assert!(refused(Histogram { sets: [("a", &[]), ("b", &[1.0])], ..figure }).contains("the set \"a\" is empty"));
    assert!(refused(Histogram { sets: [("a", &[INF]), ("b", &[1.0])], ..figure }).contains("entry 0, is inf"));
    assert!(refused(Histogram { bounds: &[("top", INF)], ..figure }).contains("the bound \"top\" is inf"));
    let wrong = [Density { name: "k", at: &at, values: &b1[1..] }];
    assert!(refused(Histogram { curves: &wrong, ..figure }).contains("the curve \"k\" has 199 entries"));
}

#[test]
fn two_hundred_thousand_values_make_a_small_file() {
    let (same, different) = likelihoods(100_000, 3.0);
    let mut sorted = same.clone();
    sorted.sort_by(f64::total_cmp);
    let at: Vec<f64> = (0..100_000).map(|k| f64::from(k) * 1e-4 - 5.0).collect();
    let heap: Vec<f64> = at.iter().map(|x| libm::exp(-x * x)).collect();
    let all: Vec<f64> = (1..=200_000).map(|k| f64::from(k) / 200_000.0).collect();
    let straight = [RateCurve { name: "line", false_rate: &all, true_rate: &all, band: Some((&all, &all)) }];
    let big = Style { width: 1600.0, height: 1200.0, ..Style::default() };
    let histogram = Histogram {
        sets: [("same source", &same), ("different sources", &different)],
        bins: 1000,
        density: true,
        curves: &[Density { name: "density", at: &at, values: &heap }],
        bounds: &[],
        title: "log10 LR",
    };
    for (name, figure) in [
        ("tippett", Figure::Tippett(&Tippett { same: &same, different: &different })),
        ("histogram", Figure::Histogram(&histogram)),
        ("pav", Figure::PavPlot(&PavPlot { log10_lr: &sorted, calibrated: &sorted })),
        ("roc", Figure::Roc(&Roc { curves: &straight, log: false })),
        ("det", Figure::Det(&Det { curves: &straight })),
        ("ranks", Figure::RankCurve(&RankCurve { curves: &[("all", &all)], exact_to: None })),
    ] {
        let size = audit(name, &figure, &big).len();
        assert!(size < 300_000, "{name}: {size} bytes");
    }
    // The extremes are still there: the first step down of the same-source curve is at its smallest value.
    let figure = Figure::Tippett(&Tippett { same: &same, different: &different });
    let svg = audit("tippett", &figure, &Style::default());
    let tree = Document::parse(&svg).unwrap();
    let path = tree.descendants().find(|n| n.attribute("class") == Some("line same")).unwrap();
    assert_eq!(words(path), "same source (H1)");
    let corners: Vec<(f64, f64)> = path
        .attribute("d")
        .unwrap()
        .split(['M', 'L'])
        .filter(|t| !t.is_empty())
        .map(|t| t.split_once(' ').unwrap())
        .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
        .collect();
    let plot = tree.descendants().find(|n| n.attribute("class") == Some("plot")).unwrap();
    let of = |name: &str| plot.attribute(name).unwrap().parse::<f64>().unwrap();
    let (low, high) = corners.iter().fold((INF, -INF), |(l, h), (_, y)| (l.min(*y), h.max(*y)));
    let share = |s: f64| of("y") + of("height") * (1.015 - s) / 1.03;
    assert!((low - share(1.0)).abs() < 0.02 && (high - share(0.0)).abs() < 0.02, "{low} {high}");
}

/// Writes each figure where `STRIAE_PICTURES` says, to be looked at.
#[test]
#[ignore = "writes pictures to be looked at"]
fn pictures_to_look_at() {
    let Ok(folder) = std::env::var("STRIAE_PICTURES") else { return };
    let save = |name: &str, figure: Figure<'_>| {
        let png = draw(&figure, &Style { title: name, scale: 1.0, ..Style::default() }, Format::Png).unwrap();
        std::fs::write(format!("{folder}/{name}.png"), png).unwrap();
    };
    let all = [rates(2000, 3.5), rates(2000, 2.0), rates(300, 1.0)];
    let lower: Vec<_> = all[1].true_rate.iter().map(|t| (t - 0.04).max(0.0)).collect();
    let upper: Vec<_> = all[1].true_rate.iter().map(|t| (t + 0.03).min(1.0)).collect();
    let curves = [
        curve("CCF, AUC 0.993", &all[0]),
        RateCurve { band: Some((&lower, &upper)), ..curve("ACCF, AUC 0.921", &all[1]) },
        curve("cells, AUC 0.760", &all[2]),
    ];
    save("roc", Figure::Roc(&Roc { curves: &curves, log: false }));
    save("roc-log", Figure::Roc(&Roc { curves: &curves, log: true }));
    save("det", Figure::Det(&Det { curves: &curves }));
    let ranked: Vec<f64> = (1..=20).map(|k| 1.0 - 0.2 / f64::from(k)).collect();
    let other: Vec<f64> = (1..=20).map(|k| 1.0 - 0.3 / libm::sqrt(f64::from(k))).collect();
    let long: Vec<f64> = (1..=5000).map(|k| 1.0 - 0.9 / libm::sqrt(f64::from(k))).collect();
    let figure = RankCurve { curves: &[("CCF, rank 1: 0.800", &ranked), ("cells, rank 1: 0.700", &other)], exact_to: Some(10) };
    save("ranks", Figure::RankCurve(&figure));
    save("ranks-long", Figure::RankCurve(&RankCurve { curves: &[("CCF", &long)], exact_to: None }));
    let (mut same, different) = likelihoods(200, 2.0);
    save("tippett", Figure::Tippett(&Tippett { same: &same, different: &different }));
    let (many_same, many_different) = likelihoods(100_000, 3.0);
    save("tippett-many", Figure::Tippett(&Tippett { same: &many_same, different: &many_different }));
    let at: Vec<f64> = (0..=100).map(|k| f64::from(k) * 0.06 - 3.0).collect();
    let bits = |scale: f64| -> Vec<f64> {
        let mean = |of: &dyn Fn(f64) -> f64, v: &[f64]| v.iter().map(|x| of(*x)).sum::<f64>() / v.len() as f64;
        at.iter()
            .map(|o| {
                let p = libm::exp10(*o) / (1.0 + libm::exp10(*o));
                p * mean(&|l| libm::log2(1.0 + libm::exp10(-scale * l - o)), &same)
                    + (1.0 - p) * mean(&|l| libm::log2(1.0 + libm::exp10(scale * l + o)), &different)
            })
            .collect()
    };
    let (over, well) = (bits(2.5), bits(1.0));
    let curves = [("LR, Cllr 0.79", &over[..]), ("after PAV, Cllr min 0.42", &well[..])];
    save("ece", Figure::Ece(&Ece { prior_log10_odds: &at, curves: &curves }));
    same.sort_by(f64::total_cmp);
    let mut steps: Vec<_> = same.iter().map(|v| libm::floor(v * 2.0) / 2.0).collect();
    steps[..12].fill(-INF);
    steps[180..].fill(INF);
    save("pav", Figure::PavPlot(&PavPlot { log10_lr: &same, calibrated: &steps }));
    let (same, different) = likelihoods(500, 2.5);
    let at: Vec<f64> = (0..200).map(|k| f64::from(k) * 0.05 - 5.0).collect();
    let bell = |mean: f64| -> Vec<f64> { at.iter().map(|x| 0.367 * libm::exp(-(x - mean) * (x - mean) / 2.36)).collect() };
    let (b1, b2) = (bell(1.36), bell(-1.36));
    let curves = [
        Density { name: "KDE, same source", at: &at, values: &b1 },
        Density { name: "KDE, different sources", at: &at, values: &b2 },
    ];
    let figure = Histogram {
        sets: [("same source", &same), ("different sources", &different)],
        bins: 40,
        density: true,
        curves: &curves,
        bounds: &[("lower bound −2.0", -2.0), ("upper bound 3.0", 3.0)],
        title: "log10 LR",
    };
    save("histogram", Figure::Histogram(&figure));
}
