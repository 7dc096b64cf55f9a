//! devPAV: how far likelihood ratios are from calibrated, in decades.
//!
//! The points (log10 LR, log10 LR after [`super::pav`]) of all distinct LRs are joined by straight lines; devPAV is the area between that line
//! and the identity, divided by the width of the range, taken over the points whose PAV value is finite, that is from the smallest LR of a
//! same-source pair to the largest of a different-source pair (P. Vergeer et al. 2021, doi:10.1016/j.forsciint.2021.110722). 0 is calibrated.
//!
//! Conventions: one such point gives |y − x|; an LR of 0 or ∞ with a finite PAV value gives ∞; none with a finite PAV value (the kinds are
//! separated completely) leaves devPAV undefined.

use super::labelled::Lrs;
use super::pav::Pav;

/// devPAV, or nothing where it is undefined.
#[must_use]
pub fn dev_pav(lrs: &Lrs) -> Option<f64> {
    let pav = Pav::of_lrs(lrs);
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (x, _) in lrs.sorted() {
        let y = pav.log10_lr(x).0;
        if y.is_finite() && points.last().is_none_or(|last| last.0 < x) {
            points.push((x, y));
        }
    }
    let (first, last) = (points.first()?, points.last()?);
    if points.iter().any(|p| p.0.is_infinite()) {
        return Some(f64::INFINITY);
    }
    if points.len() == 1 {
        return Some((first.1 - first.0).abs());
    }
    Some(points.windows(2).map(|w| area(w[0], w[1])).sum::<f64>() / (last.0 - first.0))
}

/// Area between the line from `a` to `b` and the identity.
fn area(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (width, da, db) = (b.0 - a.0, a.1 - a.0, b.1 - b.0);
    let sum = da.abs() + db.abs();
    if (da < 0.0) == (db < 0.0) || sum == 0.0 { 0.5 * width * sum } else { 0.5 * width * (da * da + db * db) / sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(same: &[f64], different: &[f64]) -> Option<f64> {
        let log = |all: &[f64]| all.iter().map(|l| l.log10()).collect::<Vec<_>>();
        dev_pav(&Lrs::of_log10(&log(same), &log(different)).expect("both kinds"))
    }

    #[test]
    fn cases_by_hand() {
        let up = f64::INFINITY;
        assert_eq!(of(&[1.0; 5], &[1.0; 5]), Some(0.0));
        assert_eq!(of(&[2.0; 5], &[2.0; 5]), Some(2f64.log10()));
        assert_eq!(of(&[5.0; 3], &[0.2, 0.2, 0.2, up]), Some(up));
        assert_eq!(of(&[1e4, up], &[0.0, 1e3]), None);
        let close = |got: Option<f64>, to: f64| assert!((got.expect("defined") - to).abs() < 1e-12, "{got:?} {to}");
        close(of(&[5.0, 5.0, 5.0, 0.2], &[5.0, 0.2, 0.2, 0.2]), (5f64.log10() - 3f64.log10()) / 2.0);
        close(of(&[6.0, 5.0, 5.0, 0.2], &[5.0, 0.2, 0.2, 0.1]), (5f64.log10() - 2f64.log10()) / 2.0);
        close(of(&[0.1, 100.0], &[0.01, 10.0]), 0.5);
    }

    #[test]
    fn areas() {
        assert_eq!(area((4.0, 1.0), (10.0, 7.0)), 18.0);
        assert_eq!(area((-1.0, -2.0), (0.0, 3.0)), 1.25);
        assert_eq!(area((0.0, 3.0), (10.0, 4.0)), 25.0);
        assert_eq!(area((1.0, 2.0), (2.0, 4.0)), 1.5);
        // Against a fine sum.
        let sum: f64 = (0..100_000).map(|i| (f64::from(i) + 0.5) / 1e5).map(|t| (0.3 * (1.0 - t) - 1.7 * t).abs() / 1e5).sum();
        assert!((area((0.0, 0.3), (1.0, -0.7)) - sum).abs() < 1e-8);
    }
}
