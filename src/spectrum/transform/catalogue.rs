//! All steps, with their parameters: what recipes are checked against and `striae prepare --list` shows.

use super::recipe::Step;
use std::ops::RangeInclusive;

/// What a parameter may be.
#[derive(Clone, Debug)]
pub enum Kind {
    Count(RangeInclusive<usize>),
    /// Above, below.
    Number(f64, f64),
    Word(&'static [&'static str]),
    /// Ranges of the axis and names of features, one or more.
    Places,
}

/// A parameter of a step.
#[derive(Clone, Debug)]
pub struct Param {
    pub name: &'static str,
    pub kind: Kind,
    /// As it would be written; `None`: it must be given.
    pub default: Option<&'static str>,
    pub help: &'static str,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Spec {
    pub name: &'static str,
    pub help: &'static str,
    pub params: &'static [Param],
    /// Whether it learns from training rows.
    pub fitted: bool,
    /// What its parameters must be together.
    pub check: fn(&Step) -> Result<(), String>,
}

#[allow(clippy::unnecessary_wraps, reason = "it stands where other checks may refuse")]
const fn fine(_: &Step) -> Result<(), String> {
    Ok(())
}

const fn count(name: &'static str, range: RangeInclusive<usize>, default: Option<&'static str>, help: &'static str) -> Param {
    Param { name, kind: Kind::Count(range), default, help }
}

const fn number(name: &'static str, above: f64, below: f64, default: Option<&'static str>, help: &'static str) -> Param {
    Param { name, kind: Kind::Number(above, below), default, help }
}

const fn word(name: &'static str, words: &'static [&'static str], default: Option<&'static str>, help: &'static str) -> Param {
    Param { name, kind: Kind::Word(words), default, help }
}

const fn step(name: &'static str, help: &'static str, params: &'static [Param]) -> Spec {
    Spec { name, help, params, fitted: false, check: fine }
}

const fn fitted(name: &'static str, help: &'static str, params: &'static [Param]) -> Spec {
    Spec { name, help, params, fitted: true, check: fine }
}

const REFERENCE: Param =
    word("reference", &["mean", "median"], Some("mean"), "reference spectrum: mean or median of the training rows");
const LAM: Param = number("lam", 0.0, f64::INFINITY, None, "smoothness λ, 1e2 … 1e9 depending on the number of points");
const TOL: Param = number("tol", 0.0, 1.0, Some("0.001"), "relative change at which it ends");
const ROUNDS: Param = count("rounds", 1..=10_000, Some("50"), "most further rounds");
const WINDOW: Param = count("window", 3..=100_001, None, "points of the window, odd");

/// In the order in which they are shown.
pub static STEPS: &[Spec] = &[
    step(
        "snv",
        "standard normal variate: minus the row's mean, over its deviation",
        &[count("ddof", 0..=1, Some("1"), "deviation over n − ddof")],
    ),
    fitted("msc", "multiplicative scatter correction against a reference", &[REFERENCE]),
    fitted(
        "emsc",
        "extended MSC: reference and a polynomial of the axis",
        &[count("order", 0..=6, Some("2"), "order of the polynomial"), REFERENCE],
    ),
    Spec {
        check: |s| {
            odd(s)?;
            if s.count("poly") >= s.count("window") {
                return Err(format!("poly is {}; it must be below window, {}", s.count("poly"), s.count("window")));
            }
            if s.count("deriv") > s.count("poly") {
                return Err(format!("deriv is {}; it must be at most poly, {}", s.count("deriv"), s.count("poly")));
            }
            Ok(())
        },
        ..step(
            "savgol",
            "Savitzky–Golay: a polynomial through a moving window, or its derivative by the axis' step",
            &[
                WINDOW,
                count("poly", 0..=10, None, "order of the polynomial"),
                count("deriv", 0..=10, Some("0"), "which derivative"),
                word(
                    "edge",
                    &["interp", "mirror", "nearest", "constant"],
                    Some("interp"),
                    "ends: polynomial of the last window, or padding",
                ),
            ],
        )
    },
    step("difference", "each point minus the one before it; one point fewer", &[]),
    Spec { check: odd, ..step("mean", "moving mean; windows are cut at the ends", &[WINDOW]) },
    Spec { check: odd, ..step("median", "moving median; windows are cut at the ends", &[WINDOW]) },
    step(
        "asls",
        "minus a baseline by asymmetric least squares",
        &[LAM, number("p", 0.0, 1.0, None, "weight of points above the baseline"), TOL, ROUNDS],
    ),
    step("arpls", "minus a baseline by asymmetrically reweighted penalised least squares", &[LAM, TOL, ROUNDS]),
    step("airpls", "minus a baseline by adaptive iteratively reweighted penalised least squares", &[LAM, TOL, ROUNDS]),
    step("rubberband", "minus the lower convex hull", &[]),
    step(
        "snip",
        "minus a baseline clipped by windows that grow (or shrink)",
        &[
            count("half_window", 1..=100_000, None, "largest half window in points"),
            word("decreasing", &["no", "yes"], Some("no"), "from the largest window to the smallest"),
        ],
    ),
    step(
        "polynomial",
        "minus a least-squares polynomial of the axis",
        &[count("order", 0..=10, None, "order of the polynomial")],
    ),
    step(
        "modpoly",
        "minus a polynomial fitted again and again to what lies below it",
        &[count("order", 0..=10, None, "order of the polynomial"), TOL, count("rounds", 1..=10_000, Some("250"), "most rounds")],
    ),
    step(
        "detrend",
        "minus the least-squares polynomial of the point number",
        &[count("order", 0..=10, Some("1"), "order of the polynomial")],
    ),
    step("area", "over the area between curve and zero (trapezoids over the axis)", &[]),
    step("sum", "over the sum of all values", &[]),
    step("max", "over the largest value", &[]),
    step("vector", "over the Euclidean length", &[]),
    step("minmax", "to 0 … 1", &[]),
    fitted(
        "pqn",
        "probabilistic quotient: over the median quotient to a reference, after the sum",
        &[word("reference", &["median", "mean"], Some("median"), "reference spectrum: median or mean of the training rows")],
    ),
    step(
        "internal",
        "over the mean of some features: an internal standard",
        &[Param {
            name: "places",
            kind: Kind::Places,
            default: None,
            help: "the standard's band, such as 2230..2260, or its name in a table",
        }],
    ),
    step("root", "n-th root of each value (0 and above)", &[count("n", 2..=8, Some("2"), "which root: 2 square, 4 fourth")]),
    step("power", "each value (0 and above) to a power", &[number("exponent", 0.0, 100.0, None, "the power")]),
    step(
        "log",
        "logarithm of each value",
        &[
            number("base", 1.0, f64::INFINITY, Some("10"), "base of the logarithm"),
            number("offset", f64::NEG_INFINITY, f64::INFINITY, Some("0"), "added first"),
        ],
    ),
    step("absorbance", "−log10 of transmittance 0 … 1", &[]),
    step("transmittance", "10^−absorbance", &[]),
    fitted("centre", "minus the training rows' mean of each feature", &[]),
    fitted("autoscale", "minus the mean, over the deviation (n − 1) of each feature", &[]),
    fitted("pareto", "minus the mean, over the root of the deviation", &[]),
    fitted("range", "minus the mean, over the range of each feature", &[]),
    step(
        "keep",
        "only these parts of the axis, or features of a table",
        &[Param { name: "places", kind: Kind::Places, default: None, help: "such as 650..1800, or names" }],
    ),
    step(
        "drop",
        "without these parts of the axis, or features of a table",
        &[Param { name: "places", kind: Kind::Places, default: None, help: "such as 2250..2400, or names" }],
    ),
    step(
        "bin",
        "mean of so many neighbouring points; the rest at the end is left out",
        &[count("points", 2..=100_000, None, "points of a bin")],
    ),
];

fn odd(step: &Step) -> Result<(), String> {
    let window = step.count("window");
    if window % 2 == 1 { Ok(()) } else { Err(format!("window is {window}; it must be odd")) }
}
