//! Bringing spectra to one axis.
//!
//! Between points a spectrum is a straight line ([`Interpolation::Linear`]) or a cubic that neither overshoots nor invents extremes
//! ([`Interpolation::Pchip`]; F. N. Fritsch, J. Butland, doi:10.1137/0905021, as SciPy's `PchipInterpolator`). Beyond its ends a spectrum says nothing:
//! a common axis that reaches further is refused. Points of the spectrum itself are kept exactly, and a spectrum on the common axis
//! already (to 1e-6 of a step) is left as it is. Axes may ascend or descend.

/// How values between points are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    #[default]
    Linear,
    Pchip,
}

impl Interpolation {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Pchip => "pchip",
        }
    }

    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Linear, Self::Pchip].into_iter().find(|i| i.name() == name)
    }
}

/// Why a spectrum cannot be brought to an axis.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error(
        "it was measured from {from} to {to}, and the common axis goes from {wanted_from} to {wanted_to}: nothing is known beyond a spectrum's ends. Give a shorter --axis, or leave the spectrum out"
    )]
    Beyond { from: f64, to: f64, wanted_from: f64, wanted_to: f64 },
    #[error("the spectra have no range of the axis in common: one ends at {end}, another begins at {begin}")]
    Apart { end: f64, begin: f64 },
    #[error("{0}")]
    Axis(String),
}

/// Whether two axes are the same to 1e-6 of a step.
#[must_use]
pub fn same_axis(a: &[f64], b: &[f64]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let step = a.windows(2).map(|w| (w[1] - w[0]).abs()).fold(f64::INFINITY, f64::min);
    a.iter().zip(b).all(|(x, y)| x == y || (x - y).abs() <= 1e-6 * step)
}

/// An even axis over what all have in common, in the direction of the first, with the finest mean step among them.
///
/// # Errors
/// [`Error::Apart`].
pub fn common<'a>(axes: impl Iterator<Item = &'a [f64]>) -> Result<Vec<f64>, Error> {
    let (mut low, mut high, mut step) = (f64::NEG_INFINITY, f64::INFINITY, f64::INFINITY);
    let mut descending = None;
    for axis in axes {
        let (Some(&first), Some(&last)) = (axis.first(), axis.last()) else { continue };
        descending.get_or_insert(first > last);
        low = low.max(first.min(last));
        high = high.min(first.max(last));
        step = step.min((last - first).abs() / (axis.len() - 1).max(1) as f64);
    }
    if low >= high {
        return Err(Error::Apart { end: high, begin: low });
    }
    if !(step.is_finite() && step > 0.0) {
        return Err(Error::Axis("there is no spectrum to take an axis from".into()));
    }
    let steps = ((high - low) / step * (1.0 + 1e-12)).floor();
    even(low, low + steps * step, step, descending.unwrap_or(false))
}

/// An even axis from `low` to `high`.
///
/// # Errors
/// [`Error::Axis`] when it makes no axis.
pub fn even(low: f64, high: f64, step: f64, descending: bool) -> Result<Vec<f64>, Error> {
    let steps = (high - low) / step;
    if !(low.is_finite() && high.is_finite() && step > 0.0 && (1.0..=67_108_864.0).contains(&steps)) {
        return Err(Error::Axis(format!("an axis from {low} to {high} by {step} has no two points, or too many")));
    }
    let whole = (steps + 1e-9).floor() as usize;
    let mut axis: Vec<f64> = (0..=whole).map(|i| low + step * i as f64).collect();
    if descending {
        axis.reverse();
    }
    Ok(axis)
}

/// Whether a spectrum measured at `x` can be brought to `axis`.
///
/// # Errors
/// [`Error::Beyond`].
pub fn covers(x: &[f64], axis: &[f64]) -> Result<(), Error> {
    let (Some(&first), Some(&last)) = (x.first(), x.last()) else { return Err(Error::Axis("it has no point".into())) };
    if same_axis(x, axis) {
        return Ok(());
    }
    if x.len() < 2 {
        return Err(Error::Axis("one point is no spectrum".into()));
    }
    let (from, to) = (first.min(last), first.max(last));
    let (low, high) = axis.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &a| (l.min(a), h.max(a)));
    // Printed ends are rounded.
    let slack = 1e-6 * (to - from) / (x.len() - 1) as f64;
    if low < from - slack || high > to + slack {
        return Err(Error::Beyond { from: first, to: last, wanted_from: axis[0], wanted_to: axis[axis.len() - 1] });
    }
    Ok(())
}

/// Values of a spectrum at the points of `axis`. Its own x go one way.
///
/// # Errors
/// [`Error::Beyond`].
pub fn resample(x: &[f64], y: &[f64], axis: &[f64], how: Interpolation) -> Result<Vec<f64>, Error> {
    if same_axis(x, axis) {
        return Ok(y.to_vec());
    }
    covers(x, axis)?;
    let turned = x.first() > x.last();
    let n = x.len();
    if y.len() != n {
        return Err(Error::Axis(format!("{n} points and {} values are no spectrum", y.len())));
    }
    let at = |i: usize| if turned { n - 1 - i } else { i };
    let xs: Vec<f64> = (0..n).map(|i| x[at(i)]).collect();
    let ys: Vec<f64> = (0..n).map(|i| y[at(i)]).collect();
    let (from, to) = (xs[0], xs[n - 1]);
    let slopes = if how == Interpolation::Pchip { slopes(&xs, &ys) } else { Vec::new() };
    Ok(axis
        .iter()
        .map(|&a| {
            let a = a.clamp(from, to);
            let i = xs.partition_point(|&v| v <= a).clamp(1, n - 1) - 1;
            let (h, t) = (xs[i + 1] - xs[i], a - xs[i]);
            if t == 0.0 {
                return ys[i];
            }
            if a == xs[i + 1] {
                return ys[i + 1];
            }
            if how == Interpolation::Linear {
                return ys[i] + (ys[i + 1] - ys[i]) * (t / h);
            }
            // Hermite's cubic with the slopes at both ends.
            let s = (ys[i + 1] - ys[i]) / h;
            let (d0, d1) = (slopes[i], slopes[i + 1]);
            let (c, b) = ((3.0 * s - 2.0 * d0 - d1) / h, (d0 - 2.0 * s + d1) / (h * h));
            ys[i] + t * (d0 + t * (c + t * b))
        })
        .collect())
}

/// Slopes at the points: weighted harmonic means of those beside, zero at extremes; three-point formulas at the ends.
fn slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    let h: Vec<f64> = x.windows(2).map(|w| w[1] - w[0]).collect();
    let s: Vec<f64> = (0..n - 1).map(|i| (y[i + 1] - y[i]) / h[i]).collect();
    if n == 2 {
        return vec![s[0]; 2];
    }
    let end = |h0: f64, h1: f64, s0: f64, s1: f64| {
        let d = ((2.0 * h0 + h1) * s0 - h0 * s1) / (h0 + h1);
        if d * s0 <= 0.0 {
            0.0
        } else if s0 * s1 <= 0.0 && d.abs() > 3.0 * s0.abs() {
            3.0 * s0
        } else {
            d
        }
    };
    let mut d = vec![0.0; n];
    d[0] = end(h[0], h[1], s[0], s[1]);
    d[n - 1] = end(h[n - 2], h[n - 3], s[n - 2], s[n - 3]);
    for i in 1..n - 1 {
        if s[i - 1] * s[i] > 0.0 {
            let (w1, w2) = (2.0 * h[i] + h[i - 1], h[i] + 2.0 * h[i - 1]);
            d[i] = (w1 + w2) / (w1 / s[i - 1] + w2 / s[i]);
        }
    }
    d
}

#[cfg(test)]
mod tests {
    use super::{Error, Interpolation, common, even, resample, same_axis};

    #[test]
    fn values_are_those_of_scipy() {
        let x = [1.0, 2.0, 4.0, 5.5, 7.0, 7.5, 9.0];
        let y = [1.0, 3.0, 2.0, 2.5, 8.0, 8.5, 4.0];
        let axis = [1.0, 1.25, 3.1, 4.0, 5.0, 6.25, 7.2, 8.9, 9.0];
        // SciPy 1.17.1 PchipInterpolator, NumPy interp
        let pchip =
            [1.0, 1.7109375, 2.42525, 2.0, 2.2345679012345676, 5.0955615942028984, 8.279304347826088, 4.579999999999998, 4.0];
        let linear = [1.0, 1.5, 2.45, 2.0, 2.3333333333333335, 5.25, 8.2, 4.299999999999999, 4.0];
        let turned = |v: &[f64]| v.iter().rev().copied().collect::<Vec<_>>();
        for (how, expected) in [(Interpolation::Pchip, pchip), (Interpolation::Linear, linear)] {
            let found = resample(&x, &y, &axis, how).expect("within");
            assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-13), "{how:?} {found:?}");
            // The other way round it is the same curve.
            let back = resample(&turned(&x), &turned(&y), &turned(&axis), how).expect("within");
            assert_eq!(turned(&back), found);
        }
    }

    #[test]
    fn nothing_is_known_beyond_the_ends() {
        let error = resample(&[1.0, 2.0], &[1.0, 2.0], &[0.5, 1.5], Interpolation::Linear).expect_err("beyond");
        assert!(matches!(error, Error::Beyond { from: 1.0, to: 2.0, .. }));
        // Rounded ends are the same ends.
        assert!(resample(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], &[1.0 - 1e-7, 2.5], Interpolation::Linear).is_ok());
    }

    #[test]
    fn a_common_axis_is_what_all_share() {
        let (a, b) = (even(0.0, 10.0, 1.0, true).expect("even"), even(2.0, 12.0, 0.5, false).expect("even"));
        let axis = common([&a[..], &b[..]].into_iter()).expect("shared");
        assert_eq!((axis[0], axis[axis.len() - 1], axis.len()), (10.0, 2.0, 17));
        assert!(matches!(common([&[0.0, 1.0][..], &[2.0, 3.0][..]].into_iter()), Err(Error::Apart { .. })));
        assert!(common(std::iter::empty()).is_err());
        assert!(even(1.0, 1.0, 1.0, false).is_err() && even(0.0, 1e12, 1.0, false).is_err());
    }

    #[test]
    fn a_spectrum_on_the_axis_is_left_as_it_is() {
        let x = [4000.0, 3999.0, 3998.0];
        let near = [4000.0, 3999.0 + 1e-8, 3998.0];
        assert!(same_axis(&x, &near) && !same_axis(&x, &x[..2]));
        assert_eq!(resample(&x, &[1.0, 7.0, 2.0], &near, Interpolation::Linear), Ok(vec![1.0, 7.0, 2.0]));
    }
}
