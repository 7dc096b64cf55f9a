//! What steps learn of training rows.
//!
//! Means and deviations are of all training rows, summed in their order about the first row (deviations in a second pass about the
//! means). Medians are of at most [`MEDIAN_ROWS`] rows, every so-many-th, which the stored recipe says. Each fitted step costs a pass
//! over the rows (autoscale, pareto: two), prepared by the steps before it; nothing but one block is held.

use super::error::Error;
use super::fitted::{Fitted, Learnt, Rows};
use super::recipe::Step;
use super::smooth::median;
use rayon::prelude::*;

/// Training rows that a median is taken of at most.
pub const MEDIAN_ROWS: usize = 4096;

/// What `step` learns of rows that are prepared by the steps in `before`.
pub(super) fn learn(step: &Step, before: &Fitted, rows: &mut dyn Rows) -> Result<Learnt, Error> {
    if rows.rows() == 0 {
        return Err(Error::Recipe(format!("{step}: there are no rows to learn from")));
    }
    let relative = step.spec.name == "pqn";
    match (step.spec.name, step.word("reference")) {
        (_, "median") => Ok(vec![medians(before, rows, relative)?]),
        ("msc" | "emsc" | "pqn", _) => Ok(vec![mean(before, rows, relative)?]),
        ("centre", _) => Ok(vec![mean(before, rows, false)?]),
        ("range", _) => {
            let (mut low, mut high) = (vec![f64::INFINITY; before.widths().1], vec![f64::NEG_INFINITY; before.widths().1]);
            before.each(rows, &mut |_, row| {
                low.iter_mut().zip(row).for_each(|(l, x)| *l = l.min(*x));
                high.iter_mut().zip(row).for_each(|(h, x)| *h = h.max(*x));
            })?;
            Ok(vec![mean(before, rows, false)?, high.iter().zip(&low).map(|(h, l)| if h > l { h - l } else { 1.0 }).collect()])
        }
        (name, _) => {
            let mean = mean(before, rows, false)?;
            let mut squares = vec![0.0; mean.len()];
            before.each(rows, &mut |_, row| {
                squares.iter_mut().zip(row.iter().zip(&mean)).for_each(|(s, (x, m))| *s += (x - m) * (x - m));
            })?;
            let count = rows.rows();
            if count < 2 {
                return Err(Error::Recipe(format!("{step}: deviations need two rows or more")));
            }
            let divisor = squares.iter().zip(&mean).map(|(s, m)| {
                let deviation = (s / (count - 1) as f64).sqrt();
                // Rounding of the mean is all that a constant feature has left.
                match deviation {
                    d if d <= 4.0 * f64::EPSILON * m.abs() => 1.0,
                    d if name == "pareto" => d.sqrt(),
                    d => d,
                }
            });
            let divisor = divisor.collect();
            Ok(vec![mean, divisor])
        }
    }
}

/// Refuses a row that nothing can be taken relative to.
fn without_sum(row: Option<usize>) -> Result<(), Error> {
    row.map_or(Ok(()), |row| {
        let why = "its numbers do not sum to more than zero, so that no quotient to a reference can be learnt of it".into();
        Err(Error::Row { row, step: "pqn".into(), why })
    })
}

fn over_sum(row: &[f64], relative: bool) -> f64 {
    if relative { row.iter().sum() } else { 1.0 }
}

fn mean(before: &Fitted, rows: &mut dyn Rows, relative: bool) -> Result<Vec<f64>, Error> {
    // About the first row, so that an offset common to all costs no digits.
    let (mut first, mut sum) = (Vec::new(), vec![0.0; before.widths().1]);
    let mut blank = None;
    before.each(rows, &mut |i, row| {
        let by = over_sum(row, relative);
        if by <= 0.0 || by.is_nan() {
            blank.get_or_insert(i);
        }
        if first.is_empty() {
            first = row.iter().map(|x| x / by).collect();
        }
        sum.iter_mut().zip(row.iter().zip(&first)).for_each(|(s, (x, f))| *s += x / by - f);
    })?;
    without_sum(blank)?;
    let n = rows.rows() as f64;
    let mean: Vec<f64> = sum.iter().zip(&first).map(|(s, f)| f + s / n).collect();
    if mean.iter().all(|m| m.is_finite()) {
        Ok(mean)
    } else {
        Err(Error::Recipe("the mean of the training rows is not finite: a row sums to zero or holds extreme numbers".into()))
    }
}

fn medians(before: &Fitted, rows: &mut dyn Rows, relative: bool) -> Result<Vec<f64>, Error> {
    let every = rows.rows().div_ceil(MEDIAN_ROWS).max(1);
    let mut kept: Vec<Vec<f64>> = Vec::new();
    let mut blank = None;
    before.each(rows, &mut |i, row| {
        if i % every == 0 {
            let by = over_sum(row, relative);
            if by <= 0.0 || by.is_nan() {
                blank.get_or_insert(i);
            }
            kept.push(row.iter().map(|x| x / by).collect());
        }
    })?;
    without_sum(blank)?;
    Ok((0..before.widths().1)
        .into_par_iter()
        .map(|j| {
            let mut column: Vec<f64> = kept.iter().map(|row| row[j]).collect();
            median(&mut column)
        })
        .collect())
}
