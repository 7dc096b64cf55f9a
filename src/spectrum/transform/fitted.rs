//! Recipes that have learnt from training rows, ready to be applied and stored.
//!
//! What a step learns is found in [`super::learn`]; nothing is learnt when a recipe is applied.

use super::error::Error;
use super::feature::{Bin, Features, Keep, Standard};
use super::learn::learn;
use super::polynomial::{Basis, scaled};
use super::recipe::{Recipe, Step};
use super::scale::{Curve, Divide, trapezoids};
use super::scatter::{Emsc, Snv};
use super::smooth::{Difference, Edge, Moving, SavitzkyGolay};
use super::whittaker::{Weights, Whittaker};
use super::{Action, baseline};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Looks at rows: the index of the first, and all of them row-major.
pub type Look<'a> = dyn FnMut(usize, &mut [f64]) -> Result<(), Error> + 'a;

/// Training rows, which may be more than memory holds.
pub trait Rows {
    fn rows(&self) -> usize;
    fn width(&self) -> usize;
    /// Gives `each` all rows in order, some at a time, row-major, with the index of the first.
    ///
    /// # Errors
    /// What `each` answers, and [`Error::Source`] when they cannot be read.
    fn visit(&mut self, each: &mut Look<'_>) -> Result<(), Error>;
}

/// Rows in memory.
impl Rows for (&[f64], usize) {
    fn rows(&self) -> usize {
        self.0.len() / self.1.max(1)
    }

    fn width(&self) -> usize {
        self.1
    }

    fn visit(&mut self, each: &mut Look<'_>) -> Result<(), Error> {
        for (n, block) in self.0.chunks(256 * self.1.max(1)).enumerate() {
            each(n * 256, &mut block.to_vec())?;
        }
        Ok(())
    }
}

/// The vectors that a step learnt.
pub(super) type Learnt = Vec<Vec<f64>>;

/// A recipe with what it learnt.
#[derive(Debug)]
pub struct Fitted {
    recipe: Recipe,
    /// For each step the vectors it learnt.
    learnt: Vec<Learnt>,
    axis_in: Option<Vec<f64>>,
    axis_out: Option<Vec<f64>>,
    names_in: Option<Vec<String>>,
    names_out: Option<Vec<String>>,
    width_in: usize,
    width_out: usize,
    actions: Vec<Box<dyn Action>>,
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    recipe: String,
    width: usize,
    axis: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    names: Option<Vec<String>>,
    learnt: Vec<Learnt>,
}

impl Clone for Fitted {
    fn clone(&self) -> Self {
        // What was built once from these can be built again.
        let mut found = Self::start(self.recipe.clone(), self.width_in, self.axis_in.clone(), self.names_in.clone());
        for (step, learnt) in self.recipe.steps.iter().zip(&self.learnt) {
            let _ = found.push(step, learnt.clone());
        }
        found
    }
}

impl Recipe {
    /// Learns what the steps need from training rows. `axis` has one number a feature; features without names.
    ///
    /// # Errors
    /// As [`Self::fit_named`].
    pub fn fit(&self, axis: Option<&[f64]>, rows: &mut dyn Rows) -> Result<Fitted, Error> {
        self.fit_named(axis, None, rows)
    }

    /// The same where features have names, such as compounds of a table.
    ///
    /// # Errors
    /// When a step cannot be done with such rows, a row cannot be prepared, or reading fails.
    pub fn fit_named(&self, axis: Option<&[f64]>, names: Option<&[String]>, rows: &mut dyn Rows) -> Result<Fitted, Error> {
        let width = rows.width();
        if width == 0 || axis.is_some_and(|a| a.len() != width) {
            let points = axis.map_or(0, <[f64]>::len);
            return Err(Error::Recipe(format!("the axis has {points} points and the rows have {width}")));
        }
        if let Some(names) = names.filter(|n| n.len() != width) {
            return Err(Error::Recipe(format!("{} features have names and the rows have {width}", names.len())));
        }
        let mut fitted = Fitted::start(self.clone(), width, axis.map(<[f64]>::to_vec), names.map(<[String]>::to_vec));
        for step in &self.steps {
            let learnt = if step.spec.fitted { learn(step, &fitted, rows)? } else { Vec::new() };
            fitted.push(step, learnt).map_err(|why| Error::Recipe(format!("{step}: {why}")))?;
        }
        Ok(fitted)
    }
}

impl Fitted {
    fn start(recipe: Recipe, width: usize, axis: Option<Vec<f64>>, names: Option<Vec<String>>) -> Self {
        Self {
            recipe,
            learnt: Vec::new(),
            axis_out: axis.clone(),
            axis_in: axis,
            names_out: names.clone(),
            names_in: names,
            width_in: width,
            width_out: width,
            actions: Vec::new(),
        }
    }

    /// Makes the next step ready, and follows what it does to the axis.
    fn push(&mut self, step: &Step, learnt: Learnt) -> Result<(), String> {
        let width = self.width_out;
        let axis = self.axis_out.clone();
        if learnt.iter().any(|v| v.len() != width || v.iter().any(|x| !x.is_finite())) {
            return Err("what it learnt does not fit the rows".into());
        }
        let across = ["savgol", "difference", "mean", "median", "asls", "arpls", "airpls", "snip", "area", "bin"];
        if across.contains(&step.spec.name)
            && let Some((from, to)) = axis.as_deref().and_then(gap)
        {
            return Err(format!(
                "the axis has a gap from {from} to {to}, which this step would bridge; do it before keep or drop"
            ));
        }
        let names = self.names_out.clone();
        let features = Features { count: width, axis: axis.as_deref(), names: names.as_deref() };
        let points = || scaled(None, width);
        let on_axis = || scaled(axis.as_deref(), width);
        let first = || learnt.first().cloned().ok_or_else(|| "what it learnt is missing".to_owned());
        let whittaker =
            |weights| Whittaker { weights, lam: step.number("lam"), tol: step.number("tol"), rounds: step.count("rounds") };
        let action: Box<dyn Action> = match step.spec.name {
            "snv" => Box::new(Snv { ddof: step.count("ddof") }),
            "msc" => Box::new(Emsc::new(&first()?, 0, None)?),
            "emsc" => Box::new(Emsc::new(&first()?, step.count("order"), axis.as_deref())?),
            "savgol" => {
                let deriv = step.count("deriv");
                if step.count("window") > width {
                    return Err(format!("the window is longer than the row of {width} points"));
                }
                let by = if deriv == 0 { 1.0 } else { even_step(axis.as_deref())? };
                let edge = match step.word("edge") {
                    "mirror" => Edge::Mirror,
                    "nearest" => Edge::Nearest,
                    "constant" => Edge::Constant,
                    _ => Edge::Interp,
                };
                Box::new(SavitzkyGolay::new(step.count("window"), step.count("poly"), deriv, edge, by))
            }
            "difference" => Box::new(Difference),
            "mean" | "median" => Box::new(Moving { half: step.count("window") / 2, median: step.spec.name == "median" }),
            "asls" => Box::new(whittaker(Weights::Asls { p: step.number("p") })),
            "arpls" => Box::new(whittaker(Weights::Arpls)),
            "airpls" => Box::new(whittaker(Weights::Airpls)),
            "rubberband" => {
                Box::new(baseline::Rubberband { axis: axis.clone().unwrap_or_else(|| (0..width).map(|i| i as f64).collect()) })
            }
            "snip" => Box::new(baseline::Snip { half: step.count("half_window"), decreasing: step.word("decreasing") == "yes" }),
            "polynomial" => Box::new(baseline::Polynomial { basis: Basis::new(&on_axis(), step.count("order")) }),
            "detrend" => Box::new(baseline::Polynomial { basis: Basis::new(&points(), step.count("order")) }),
            "modpoly" => Box::new(baseline::ModPoly {
                basis: Basis::new(&on_axis(), step.count("order")),
                tol: step.number("tol"),
                rounds: step.count("rounds"),
            }),
            "area" => Box::new(Divide::Area(trapezoids(axis.as_deref(), width))),
            "sum" => Box::new(Divide::Sum),
            "max" => Box::new(Divide::Max),
            "vector" => Box::new(Divide::Vector),
            "minmax" => Box::new(Divide::Minmax),
            "pqn" => Box::new(Divide::Quotient(first()?)),
            "internal" => Box::new(Divide::Internal(Keep::new(&features, step.places("places"), true)?.points)),
            "root" => Box::new(Curve::Root(step.count("n"))),
            "power" => Box::new(Curve::Power(step.number("exponent"))),
            "log" => Box::new(Curve::Log { base: step.number("base"), offset: step.number("offset") }),
            "absorbance" => Box::new(Curve::Absorbance),
            "transmittance" => Box::new(Curve::Transmittance),
            "centre" => Box::new(Standard { mean: first()?, divisor: vec![1.0; width] }),
            "autoscale" | "pareto" | "range" => {
                let divisor = learnt.get(1).cloned().filter(|d| d.iter().all(|&s| s > 0.0));
                Box::new(Standard { mean: first()?, divisor: divisor.ok_or_else(|| "its divisors are missing".to_owned())? })
            }
            name @ ("keep" | "drop") => {
                let keep = Keep::new(&features, step.places("places"), name == "keep")?;
                self.axis_out = axis.as_ref().map(|axis| keep.points.iter().map(|&i| axis[i]).collect());
                self.names_out = names.as_ref().map(|names| keep.points.iter().map(|&i| names[i].clone()).collect());
                self.width_out = keep.points.len();
                Box::new(keep)
            }
            "bin" => Box::new(Bin { points: step.count("points") }),
            other => return Err(format!("the step {other} is not known to this version")),
        };
        match step.spec.name {
            "difference" => {
                self.width_out = width.checked_sub(1).filter(|&w| w > 0).ok_or("a row of one point has no difference")?;
                self.axis_out = axis.map(|a| a[1..].to_vec());
                self.names_out = None;
            }
            "bin" => {
                let k = step.count("points");
                self.width_out =
                    Some(width / k).filter(|&w| w > 0).ok_or_else(|| format!("rows of {width} points have no bin of {k}"))?;
                self.names_out = None;
                self.axis_out = axis.map(|a| a.chunks_exact(k).map(|c| c.iter().sum::<f64>() / k as f64).collect());
            }
            _ => {}
        }
        self.actions.push(action);
        self.learnt.push(learnt);
        Ok(())
    }

    /// Gives `each` the rows prepared by what is there so far, in order.
    pub(super) fn each(&self, rows: &mut dyn Rows, each: &mut dyn FnMut(usize, &[f64])) -> Result<(), Error> {
        let width = self.width_in;
        rows.visit(&mut |start, block| {
            let done: Vec<Result<Vec<f64>, Error>> =
                block.par_chunks_exact(width).enumerate().map(|(i, row)| self.prepare(start + i, row)).collect();
            for (i, row) in done.into_iter().enumerate() {
                each(start + i, &row?);
            }
            Ok(())
        })
    }

    /// One row, prepared. `index` is for messages.
    ///
    /// # Errors
    /// [`Error::Width`], and [`Error::Row`] with the step that cannot be done and why.
    pub fn prepare(&self, index: usize, row: &[f64]) -> Result<Vec<f64>, Error> {
        if row.len() != self.width_in {
            return Err(Error::Width { got: row.len(), expected: self.width_in });
        }
        if let Some((i, x)) = row.iter().enumerate().find(|(_, x)| !x.is_finite()) {
            return Err(Error::Row {
                row: index,
                step: "preparation".into(),
                why: format!("point {i} is {x}; allowed are finite numbers"),
            });
        }
        let mut row = row.to_vec();
        for (step, action) in self.recipe.steps.iter().zip(&self.actions) {
            action.apply(&mut row).map_err(|why| Error::Row { row: index, step: step.to_string(), why })?;
        }
        Ok(row)
    }

    #[must_use]
    pub const fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Features before and after.
    #[must_use]
    pub const fn widths(&self) -> (usize, usize) {
        (self.width_in, self.width_out)
    }

    /// The axis that it was fitted with.
    #[must_use]
    pub fn axis_in(&self) -> Option<&[f64]> {
        self.axis_in.as_deref()
    }

    /// The axis of prepared rows.
    #[must_use]
    pub fn axis_out(&self) -> Option<&[f64]> {
        self.axis_out.as_deref()
    }

    /// Names of the features that it was fitted with.
    #[must_use]
    pub fn names_in(&self) -> Option<&[String]> {
        self.names_in.as_deref()
    }

    /// Names of prepared features.
    #[must_use]
    pub fn names_out(&self) -> Option<&[String]> {
        self.names_out.as_deref()
    }

    /// All of it as JSON, numbers exact.
    #[must_use]
    pub fn to_json(&self) -> String {
        let stored = Stored {
            recipe: self.recipe.to_string(),
            width: self.width_in,
            axis: self.axis_in.clone(),
            names: self.names_in.clone(),
            learnt: self.learnt.clone(),
        };
        // Finite numbers and texts are always written.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// From [`Self::to_json`].
    ///
    /// # Errors
    /// [`Error::Stored`].
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let stored: Stored = serde_json::from_str(text).map_err(|e| Error::Stored(e.to_string()))?;
        let recipe = Recipe::parse(&stored.recipe).map_err(|e| Error::Stored(e.to_string()))?;
        if stored.width == 0
            || stored.width > 1 << 26
            || stored.learnt.len() != recipe.steps.len()
            || stored.names.as_ref().is_some_and(|n| n.len() != stored.width)
            || stored.axis.as_ref().is_some_and(|a| a.len() != stored.width || a.iter().any(|x| !x.is_finite()))
        {
            return Err(Error::Stored("its parts do not fit each other".into()));
        }
        let mut fitted = Self::start(recipe.clone(), stored.width, stored.axis, stored.names);
        for (step, learnt) in recipe.steps.iter().zip(stored.learnt) {
            fitted.push(step, learnt).map_err(Error::Stored)?;
        }
        Ok(fitted)
    }
}

/// Where a part of the axis is missing: a step that is more than two and a half times those beside it.
fn gap(axis: &[f64]) -> Option<(f64, f64)> {
    let step = |i: usize| (axis[i + 1] - axis[i]).abs();
    let beside = |i: usize| (i.saturating_sub(2)..(i + 3).min(axis.len() - 1)).filter(move |&j| j != i).map(step);
    (0..axis.len().saturating_sub(1))
        .find(|&i| {
            let largest = beside(i).fold(f64::NAN, f64::max);
            step(i) > 2.5 * largest
        })
        .map(|i| (axis[i], axis[i + 1]))
}

/// The step of an even axis; 1 where there is none.
fn even_step(axis: Option<&[f64]>) -> Result<f64, String> {
    let Some(axis) = axis else { return Ok(1.0) };
    let n = axis.len();
    if n < 2 {
        return Ok(1.0);
    }
    let step = (axis[n - 1] - axis[0]) / (n - 1) as f64;
    // Stored axes are rounded; instruments' wavenumbers are even to some 1e-3 of a step.
    let uneven = axis.windows(2).map(|w| (w[1] - w[0] - step).abs()).fold(0.0, f64::max);
    if step == 0.0 || uneven > 0.01 * step.abs() {
        return Err(format!(
            "derivatives need an even axis; its steps differ from their mean {step} by up to {uneven}. Import the spectra to an even axis (striae import spectra --axis)"
        ));
    }
    Ok(step)
}

#[cfg(test)]
mod tests {
    use super::{Fitted, Look, Rows};
    use crate::draw::Stream;
    use crate::spectrum::transform::{Error, Recipe};

    #[test]
    fn rows_without_a_sum_say_nothing_of_quotients() {
        for reference in ["mean", "median"] {
            let mut x = rows(20, 5);
            x[35..40].fill(0.0);
            let recipe = Recipe::parse(&format!("pqn(reference={reference})")).expect("right");
            let error = recipe.fit(None, &mut (&x[..], 5)).expect_err("a blank row");
            assert!(matches!(error, Error::Row { row: 7, .. }), "{error}");
        }
    }

    fn rows(n: usize, d: usize) -> Vec<f64> {
        let mut stream = Stream::new(21, "transform", 0);
        (0..n * d).map(|i| 5.0 + libm::sin((i % d) as f64 / 4.0) + 0.2 * stream.normal()).collect()
    }

    fn fit(text: &str, axis: Option<&[f64]>, x: &[f64], d: usize) -> Result<Fitted, Error> {
        Recipe::parse(text)?.fit(axis, &mut (x, d))
    }

    #[test]
    fn all_steps_can_be_fitted_stored_and_read_again_to_the_same_bits() {
        let (n, d) = (300, 60);
        let x = rows(n, d);
        let axis: Vec<f64> = (0..d).map(|i| 4000.0 - 10.0 * i as f64).collect();
        for text in [
            "snv",
            "msc",
            "msc(median)",
            "emsc",
            "savgol(9, 2, 1)",
            "difference | vector",
            "mean(5) | median(3)",
            "asls(lam=1e3, p=0.01)",
            "arpls(lam=1e3)",
            "airpls(lam=1e3)",
            "rubberband",
            "snip(10)",
            "polynomial(2) | detrend",
            "modpoly(2)",
            "area | max",
            "sum | root(4)",
            "minmax",
            "pqn",
            "internal(3800..3900) | power(0.5)",
            "log(base=2, offset=1)",
            "transmittance | absorbance",
            "centre",
            "autoscale",
            "pareto",
            "range",
            "keep(3600..3900) | bin(3) | snv | centre",
            "savgol(5, 2) | drop(3700..3750)",
        ] {
            let fitted = fit(text, Some(&axis), &x, d).unwrap_or_else(|e| panic!("{text}: {e}"));
            let again = Fitted::from_json(&fitted.to_json()).unwrap_or_else(|e| panic!("{text}: {e}"));
            for i in [0, 7, 299] {
                let row = fitted.prepare(i, &x[i * d..(i + 1) * d]).unwrap_or_else(|e| panic!("{text}: {e}"));
                assert_eq!(row.len(), fitted.widths().1, "{text}");
                assert_eq!(fitted.axis_out().map(<[f64]>::len), Some(row.len()), "{text}");
                assert_eq!(again.prepare(i, &x[i * d..(i + 1) * d]).as_ref(), Ok(&row), "{text}");
                assert_eq!(fitted.clone().prepare(i, &x[i * d..(i + 1) * d]), Ok(row), "{text}");
            }
        }
    }

    #[test]
    fn columns_have_mean_zero_and_deviation_one_after_what_came_before() {
        let (n, d) = (700, 11);
        let x = rows(n, d);
        let fitted = fit("snv | autoscale", None, &x, d).expect("fits");
        let all: Vec<Vec<f64>> = (0..n).map(|i| fitted.prepare(i, &x[i * d..(i + 1) * d]).expect("fits")).collect();
        for j in 0..d {
            let mean = all.iter().map(|r| r[j]).sum::<f64>() / n as f64;
            let square: f64 = all.iter().map(|r| (r[j] - mean).powi(2)).sum();
            assert!(mean.abs() < 1e-13 && (square / (n - 1) as f64 - 1.0).abs() < 1e-12, "{j}");
        }
    }

    #[test]
    fn training_rows_alone_decide() {
        let (n, d) = (50, 8);
        let x = rows(n, d);
        let fitted = fit("centre", None, &x, d).expect("fits");
        let row = vec![1.0; d];
        let mean: Vec<f64> = (0..d).map(|j| (0..n).map(|i| x[i * d + j]).sum::<f64>() / n as f64).collect();
        let found = fitted.prepare(0, &row).expect("fits");
        assert!(found.iter().zip(&mean).all(|(f, m)| (f - (1.0 - m)).abs() < 1e-13));
    }

    #[test]
    fn rows_that_cannot_be_prepared_are_named_with_the_step() {
        let (n, d) = (10, 6);
        let mut x = rows(n, d);
        x[3 * d..4 * d].fill(2.5);
        let error = fit("snv | centre", None, &x, d).expect_err("row 3 is constant");
        assert!(matches!(&error, Error::Row { row: 3, step, .. } if step.starts_with("snv")), "{error}");
        x[4 * d] = f64::NAN;
        assert!(fit("centre", None, &x, d).expect_err("NaN").to_string().contains("row 4"));
        for (text, words) in [("keep(1..2)", "no axis"), ("savgol(7, 2)", "longer than"), ("bin(7)", "no bin")] {
            let error = fit(text, None, &rows(n, d), d).expect_err(text).to_string();
            assert!(error.contains(words), "{error}");
        }
        let axis = [1.0, 2.0, 3.0, 5.0, 8.0, 13.0];
        assert!(fit("savgol(5, 2, 1)", Some(&axis), &rows(n, d), d).expect_err("uneven").to_string().contains("even axis"));
        assert!(fit("savgol(5, 2)", Some(&axis), &rows(n, d), d).is_ok());
        assert!(fit("centre", Some(&axis[..5]), &rows(n, d), d).is_err());
        let fitted = fit("centre", None, &rows(n, d), d).expect("fits");
        assert!(matches!(fitted.prepare(0, &[1.0]), Err(Error::Width { got: 1, expected: 6 })));
    }

    #[test]
    fn what_is_stored_wrongly_is_refused() {
        let x = rows(5, 4);
        let good = fit("msc | centre", None, &x, 4).expect("fits").to_json();
        for (from, to) in [
            ("msc", "mcs"),
            ("\"width\":4", "\"width\":5"),
            ("\"learnt\":[[", "\"learnt\":[[["),
            ("\"learnt\":[[[", "\"learnt\":[[[1.0,"),
        ] {
            assert!(Fitted::from_json(&good.replacen(from, to, 1)).is_err(), "{from}");
        }
        assert!(Fitted::from_json("{}").is_err());
    }

    #[test]
    fn pieces_and_threads_change_no_bit() {
        struct Cut<'a>(&'a [f64], usize, usize);
        impl Rows for Cut<'_> {
            fn rows(&self) -> usize {
                self.0.len() / self.1
            }
            fn width(&self) -> usize {
                self.1
            }
            fn visit(&mut self, each: &mut Look<'_>) -> Result<(), Error> {
                for (n, block) in self.0.chunks(self.2 * self.1).enumerate() {
                    each(n * self.2, &mut block.to_vec())?;
                }
                Ok(())
            }
        }
        let x = rows(203, 9);
        let recipe = Recipe::parse("msc | pqn | autoscale").expect("right");
        let whole = recipe.fit(None, &mut Cut(&x, 9, 203)).expect("fits").to_json();
        for step in [1, 7, 100] {
            assert_eq!(recipe.fit(None, &mut Cut(&x, 9, step)).expect("fits").to_json(), whole);
        }
    }
}
