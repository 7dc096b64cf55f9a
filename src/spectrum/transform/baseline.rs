//! Baselines without weights: hull, clipping, polynomials. The row minus its baseline is what is left.
//!
//! - `rubberband`: the lower convex hull over the axis (A. M. Andrew, doi:10.1016/0020-0190(79)90072-3), joined by straight lines; equals
//!   pybaselines 1.2.1 `rubberband`.
//! - `snip`: b_i ← min(b_i, (b_{i−m} + b_{i+m})/2) for half windows m = 1 … M, or M … 1 (M. Morháč, V. Matoušek, doi:10.1366/000370208783412762), the ends
//!   going on as they end; equals pybaselines `snip` with `pad_kwargs={"mode": "edge"}`. No logarithms are taken first.
//! - `polynomial`: least squares over the axis scaled to −1 … 1; pybaselines `poly`.
//! - `modpoly` (C. A. Lieber, A. Mahadevan-Jansen, doi:10.1366/000370203322554518): the polynomial is fitted again to the smaller of curve and fit until it
//!   changes by less than tol; pybaselines `modpoly`.
//! - `detrend`: the polynomial of the point number; order 1 is SciPy's `detrend`.

use super::Action;
use super::polynomial::Basis;

/// Lower convex hull.
#[derive(Clone, Debug)]
pub struct Rubberband {
    /// Ascending or descending.
    pub axis: Vec<f64>,
}

impl Action for Rubberband {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        let x = &self.axis;
        let mut hull: Vec<usize> = Vec::new();
        // Whether b lies on or above the line from a to c, whichever way the axis runs.
        let above = |a: usize, b: usize, c: usize, y: &[f64]| {
            let along = (x[b] - x[a]) / (x[c] - x[a]);
            y[b] - y[a] >= along * (y[c] - y[a])
        };
        for i in 0..row.len() {
            while let [.., a, b] = hull[..]
                && above(a, b, i, row)
            {
                hull.pop();
            }
            hull.push(i);
        }
        let points: Vec<(usize, f64)> = hull.into_iter().map(|i| (i, row[i])).collect();
        for pair in points.windows(2) {
            let ((a, ya), (b, yb)) = (pair[0], pair[1]);
            for i in a + 1..b {
                row[i] -= ya + (x[i] - x[a]) / (x[b] - x[a]) * (yb - ya);
            }
        }
        for &(i, _) in &points {
            row[i] = 0.0;
        }
        Ok(())
    }
}

/// Clipping by windows.
#[derive(Clone, Debug)]
pub struct Snip {
    pub half: usize,
    pub decreasing: bool,
}

impl Action for Snip {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        let n = row.len();
        // Larger windows see nothing but ends.
        let most = self.half.min(n.saturating_sub(1) / 2);
        if most == 0 {
            return Err(format!("a row of {n} points is too short to be clipped"));
        }
        let (first, last) = (row[0], row[n - 1]);
        let mut base = vec![first; most];
        base.extend_from_slice(row);
        base.extend(std::iter::repeat_n(last, most));
        let mut next = base.clone();
        let all = base.len();
        for step in 1..=most {
            let m = if self.decreasing { most + 1 - step } else { step };
            for i in m..all - m {
                next[i] = base[i].min(0.5 * (base[i - m] + base[i + m]));
            }
            base.copy_from_slice(&next);
        }
        row.iter_mut().zip(&base[most..]).for_each(|(x, b)| *x -= b);
        Ok(())
    }
}

/// A least-squares polynomial.
#[derive(Clone, Debug)]
pub struct Polynomial {
    pub basis: Basis,
}

impl Action for Polynomial {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        let mut fit = Vec::new();
        self.basis.fit(row, &mut fit);
        row.iter_mut().zip(&fit).for_each(|(x, f)| *x -= f);
        Ok(())
    }
}

/// A polynomial fitted again to what lies below it.
#[derive(Clone, Debug)]
pub struct ModPoly {
    pub basis: Basis,
    pub tol: f64,
    pub rounds: usize,
}

impl Action for ModPoly {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        let (mut fit, mut again, mut low) = (Vec::new(), Vec::new(), row.clone());
        self.basis.fit(&low, &mut fit);
        for _ in 0..self.rounds {
            low.iter_mut().zip(&fit).for_each(|(y, f)| *y = y.min(*f));
            self.basis.fit(&low, &mut again);
            let off: f64 = fit.iter().zip(&again).map(|(a, b)| (a - b) * (a - b)).sum();
            let whole: f64 = fit.iter().map(|a| a * a).sum();
            std::mem::swap(&mut fit, &mut again);
            if off.sqrt() / whole.sqrt().max(f64::MIN_POSITIVE) < self.tol {
                break;
            }
        }
        row.iter_mut().zip(&fit).for_each(|(x, f)| *x -= f);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Action as _, ModPoly, Polynomial, Rubberband, Snip};
    use crate::spectrum::transform::polynomial::{Basis, scaled};

    #[test]
    fn a_hull_touches_from_below_whichever_way_the_axis_runs() {
        let y = vec![3.0, 1.0, 2.0, 0.5, 4.0, 2.0];
        // Hull through points 0, 1, 3, 5 of an even axis: 1 lies below the line from 0 to 3.
        let expected = [0.0, 0.0, 2.0 - 0.75, 0.0, 4.0 - 1.25, 0.0];
        for axis in [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [50.0, 40.0, 30.0, 20.0, 10.0, 0.0]] {
            let mut row = y.clone();
            Rubberband { axis: axis.to_vec() }.apply(&mut row).expect("points");
            assert!(row.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{row:?}");
        }
    }

    #[test]
    fn clipping_and_polynomials_take_the_slope_and_leave_the_peak() {
        let n = 200;
        let peak = |i: usize| 4.0 * libm::exp(-((i as f64 - 90.0) / 4.0).powi(2));
        let line = |i: usize| 2.0 + 0.02 * i as f64;
        let basis = || Basis::new(&scaled(None, n), 1);
        let steps: [(&dyn super::Action, f64); 3] = [
            (&Snip { half: 20, decreasing: true }, 0.3),
            (&ModPoly { basis: basis(), tol: 1e-4, rounds: 500 }, 0.3),
            (&Polynomial { basis: basis() }, 0.7),
        ];
        for (step, most) in steps {
            let mut row: Vec<f64> = (0..n).map(|i| line(i) + peak(i)).collect();
            step.apply(&mut row).expect("points");
            let off = (0..n).map(|i| (row[i] - peak(i)).abs()).fold(0.0, f64::max);
            assert!(off < most, "{step:?}: {off}");
        }
        assert!(Snip { half: 3, decreasing: false }.apply(&mut vec![1.0, 2.0]).is_err());
    }
}
