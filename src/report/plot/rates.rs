//! Curves of error rates, for the figures that show them, and marks of their axes.

use super::error::{Error, length, shares};
use super::palette;
use super::scene::Stroke;
use super::text;

/// True against false rates of one score, from the highest limit down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateCurve<'a> {
    /// What the legend says: "CCF, AUC 0.9997".
    pub name: &'a str,
    /// 0 to 1, never falling.
    pub false_rate: &'a [f64],
    /// 0 to 1, never falling. The miss rate is 1 − true rate.
    pub true_rate: &'a [f64],
    /// The lowest and highest true rate at each false rate.
    pub band: Option<(&'a [f64], &'a [f64])>,
}

/// Refuses what is no curve.
pub(super) fn check(figure: &'static str, curves: &[RateCurve<'_>]) -> Result<(), Error> {
    if curves.is_empty() {
        return Err(Error::Empty { figure, what: "the list of curves".into() });
    }
    for curve in curves {
        let said = |what: &str| format!("the {what} of {:?}", curve.name);
        let n = curve.false_rate.len();
        let (low, high) = curve.band.unwrap_or((curve.true_rate, curve.true_rate));
        let all = [("false rate", curve.false_rate), ("true rate", curve.true_rate), ("lower bound", low), ("upper bound", high)];
        for (what, values) in all {
            shares(figure, &said(what), values)?;
            length(figure, &said(what), values.len(), n, "one for each false rate")?;
        }
        for (what, values) in all.iter().take(2) {
            rising(figure, &said(what), values)?;
        }
    }
    Ok(())
}

/// Refuses values that fall.
pub(super) fn rising(figure: &'static str, what: &str, values: &[f64]) -> Result<(), Error> {
    match values.iter().zip(values.iter().skip(1)).find(|(a, b)| a > b) {
        Some((a, b)) => Err(Error::Value {
            figure,
            what: what.into(),
            got: format!("{b} after {a}"),
            allowed: "values that never fall; give them from the highest limit down".into(),
        }),
        None => Ok(()),
    }
}

/// The line of curve `i`.
pub(super) fn stroke(i: usize) -> Stroke {
    let look = palette::look(i);
    Stroke::dashed(look.colour, 1.8, look.dash)
}

/// Powers of ten from 1 down to ten to `lowest`, at their logarithms; 1, 0.1 and 0.01 as such.
pub(super) fn decades(lowest: i32) -> Vec<(f64, String)> {
    (lowest..=0)
        .rev()
        .map(|p| (f64::from(p), if p > -4 { text::fixed(libm::exp10(f64::from(p)), -p as usize) } else { power(p) }))
        .collect()
}

fn power(p: i32) -> String {
    format!("10{}", text::superscript(p))
}

/// A share in percent, with two significant digits.
pub(super) fn percent(count: usize, of: usize) -> String {
    format!("{} %", text::number(100.0 * count as f64 / of.max(1) as f64, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decades_and_shares_read_well() {
        let labels: Vec<_> = decades(-5).into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["1", "0.1", "0.01", "0.001", "10⁻⁴", "10⁻⁵"]);
        assert_eq!([percent(0, 7), percent(1, 3), percent(1, 20_000), percent(3, 3)], ["0 %", "33 %", "0.0050 %", "100 %"]);
    }
}
