//! Smoothing and derivatives.
//!
//! Savitzky–Golay (A. Savitzky, M. J. E. Golay, doi:10.1021/ac60214a047; corrected by J. Steinier et al., doi:10.1021/ac60319a045): a polynomial by least
//! squares through 2h + 1 neighbouring points, its value or derivative taken in the middle. Derivatives are by the axis: with an even
//! axis of step Δ they are divided by Δ^deriv (Δ is negative where wavenumbers fall); without one Δ = 1. Uneven axes are refused for
//! derivatives. Ends: `interp` takes the polynomial of the first and last window (SciPy's default), `mirror` (… c b | a b c …),
//! `nearest` (… a a | a b …) and `constant` (zeros) pad. Equal to SciPy 1.17.1 `savgol_filter` to 1e-9 of the largest value.
//!
//! `difference` is y_i = x_{i+1} − x_i, at the axis' later point. Moving mean and median take the points there are at the ends.

use super::Action;
use super::polynomial::{Basis, dot};

/// How rows go on beyond their ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    Interp,
    Mirror,
    Nearest,
    Constant,
}

/// A window of weights, and what the ends need.
#[derive(Clone, Debug)]
pub struct SavitzkyGolay {
    half: usize,
    edge: Edge,
    middle: Vec<f64>,
    /// Orthonormal polynomials on a window's points; only where ends are fitted.
    directions: Vec<Vec<f64>>,
    /// For each of the first (last) points of a row, the derivatives of these polynomials there.
    first: Vec<Vec<f64>>,
    last: Vec<Vec<f64>>,
}

/// Orthonormal polynomials on the points −half … half, and what their recurrence needs elsewhere: q_{k+1} = (x·q_k − Σ a_j q_j)/r, which
/// their derivatives obey too.
struct Window {
    scale: f64,
    directions: Vec<Vec<f64>>,
    /// For each polynomial but the first, a_0 … a_k and r.
    recurrence: Vec<(Vec<f64>, f64)>,
}

impl Window {
    fn new(half: usize, poly: usize) -> Self {
        let scale = half.max(1) as f64;
        let points: Vec<f64> = (0..=2 * half).map(|i| (i as f64 - half as f64) / scale).collect();
        let basis = Basis::new(&points, poly);
        let directions = basis.directions().to_vec();
        let recurrence = (1..directions.len()).map(|k| {
            let turned: Vec<f64> = directions[k - 1].iter().zip(&points).map(|(v, p)| v * p).collect();
            (directions[..k].iter().map(|other| dot(other, &turned)).collect(), dot(&directions[k], &turned))
        });
        Self { scale, recurrence: recurrence.collect(), directions: directions.clone() }
    }

    /// Derivative `deriv` of each polynomial at the point `at`.
    fn at(&self, at: f64, deriv: usize) -> Vec<f64> {
        let x = at / self.scale;
        let mut values: Vec<Vec<f64>> = Vec::new();
        for k in 0..self.directions.len() {
            let mut found = vec![0.0; deriv + 1];
            if k == 0 {
                found[0] = self.directions[0][0];
            } else {
                let (along, length) = &self.recurrence[k - 1];
                let last: &Vec<f64> = &values[k - 1];
                for (order, slot) in found.iter_mut().enumerate() {
                    *slot = x * last[order] + if order > 0 { order as f64 * last[order - 1] } else { 0.0 };
                    for (a, before) in along.iter().zip(&values) {
                        *slot -= a * before[order];
                    }
                    *slot /= length;
                }
            }
            values.push(found);
        }
        let over = self.scale.powi(deriv as i32);
        values.into_iter().map(|v| v[deriv] / over).collect()
    }
}

impl SavitzkyGolay {
    /// `step`: of the axis.
    #[must_use]
    pub fn new(window: usize, poly: usize, deriv: usize, edge: Edge, step: f64) -> Self {
        let half = window / 2;
        let by = step.powi(deriv as i32);
        let window = Window::new(half, poly);
        let at = |x: f64| window.at(x, deriv).into_iter().map(|v| v / by).collect::<Vec<_>>();
        let here = at(0.0);
        let middle = (0..=2 * half).map(|i| window.directions.iter().zip(&here).map(|(d, v)| d[i] * v).sum()).collect();
        let ends = |from: f64| (0..half).map(|i| at(from + i as f64)).collect();
        let (first, last) = if edge == Edge::Interp { (ends(-(half as f64)), ends(1.0)) } else { (Vec::new(), Vec::new()) };
        let directions = if edge == Edge::Interp { window.directions } else { Vec::new() };
        Self { half, edge, middle, directions, first, last }
    }
}

impl Action for SavitzkyGolay {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        let (n, h) = (row.len(), self.half);
        if n < 2 * h + 1 {
            return Err(format!("the window of {} points is longer than the row of {n}", 2 * h + 1));
        }
        let mut out = vec![0.0; n];
        for (slot, window) in out[h..].iter_mut().zip(row.windows(2 * h + 1)) {
            *slot = dot(&self.middle, window);
        }
        if self.edge == Edge::Interp {
            let fitted = |window: &[f64]| self.directions.iter().map(|d| dot(d, window)).collect::<Vec<f64>>();
            let (head, tail) = (fitted(&row[..=(2 * h)]), fitted(&row[n - 2 * h - 1..]));
            for i in 0..h {
                out[i] = dot(&self.first[i], &head);
                out[n - h + i] = dot(&self.last[i], &tail);
            }
        } else {
            let beyond = |i: isize| -> f64 {
                let end = n as isize - 1;
                match self.edge {
                    Edge::Nearest | Edge::Interp => row[i.clamp(0, end) as usize],
                    Edge::Constant => usize::try_from(i).ok().and_then(|i| row.get(i)).copied().unwrap_or(0.0),
                    Edge::Mirror => {
                        let period = 2 * end.max(1);
                        let i = i.rem_euclid(period);
                        row[(if i > end { period - i } else { i }) as usize]
                    }
                }
            };
            for i in (0..h).chain(n - h..n) {
                out[i] = self.middle.iter().enumerate().map(|(k, w)| w * beyond(i as isize + k as isize - h as isize)).sum();
            }
        }
        *row = out;
        Ok(())
    }
}

/// Each point minus the one before.
#[derive(Clone, Debug)]
pub struct Difference;

impl Action for Difference {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        if row.len() < 2 {
            return Err("a row of one point has no difference".into());
        }
        for i in 1..row.len() {
            row[i - 1] = row[i] - row[i - 1];
        }
        row.pop();
        Ok(())
    }
}

/// Moving mean or median.
#[derive(Clone, Debug)]
pub struct Moving {
    pub half: usize,
    pub median: bool,
}

impl Action for Moving {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        let n = row.len();
        let mut sorted = Vec::with_capacity(2 * self.half + 1);
        let out = (0..n).map(|i| {
            let window = &row[i.saturating_sub(self.half)..(i + self.half + 1).min(n)];
            if self.median {
                sorted.clear();
                sorted.extend_from_slice(window);
                median(&mut sorted)
            } else {
                window.iter().sum::<f64>() / window.len() as f64
            }
        });
        *row = out.collect();
        Ok(())
    }
}

/// The middle number, or the mean of both middle ones; NaN of none.
pub(super) fn median(all: &mut [f64]) -> f64 {
    let n = all.len();
    if n == 0 {
        return f64::NAN;
    }
    let (low, &mut middle, _) = all.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return middle;
    }
    let below = low.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    0.5 * (below + middle)
}

#[cfg(test)]
mod tests {
    use super::{Action as _, Difference, Edge, Moving, SavitzkyGolay, median};

    #[test]
    fn a_polynomial_comes_through_and_so_does_its_derivative() {
        let x: Vec<f64> = (0..40).map(|i| 0.5 * f64::from(i)).collect();
        let f = |x: &f64| 1.0 - 2.0 * x + 0.3 * x * x - 0.01 * x * x * x;
        let derivatives: [fn(&f64) -> f64; 4] = [
            |x| 1.0 - 2.0 * x + 0.3 * x * x - 0.01 * x * x * x,
            |x| -2.0 + 0.6 * x - 0.03 * x * x,
            |x| 0.6 - 0.06 * x,
            |_| -0.06,
        ];
        for (deriv, expected) in derivatives.iter().enumerate() {
            for window in [5, 9, 21] {
                let mut row: Vec<f64> = x.iter().map(f).collect();
                SavitzkyGolay::new(window, 3, deriv, Edge::Interp, 0.5).apply(&mut row).expect("long enough");
                let off = row.iter().zip(&x).map(|(a, x)| (a - expected(x)).abs()).fold(0.0, f64::max);
                assert!(off < 1e-10, "{window} {deriv}: {off:e}");
            }
        }
        let mut short = vec![1.0; 4];
        assert!(SavitzkyGolay::new(5, 2, 0, Edge::Interp, 1.0).apply(&mut short).is_err());
    }

    #[test]
    fn weights_are_the_published_ones() {
        // Savitzky and Golay's table I: quadratic, 5 points: −3 12 17 12 −3 over 35.
        let filter = SavitzkyGolay::new(5, 2, 0, Edge::Mirror, 1.0);
        for (w, e) in filter.middle.iter().zip([-3.0, 12.0, 17.0, 12.0, -3.0]) {
            assert!((w - e / 35.0).abs() < 1e-15);
        }
    }

    #[test]
    fn ends() {
        // scipy.signal.savgol_filter([1, 5, 2, 8, 3, 9], 5, 2, mode=…), SciPy 1.17.1
        let golden = [
            (
                Edge::Interp,
                [
                    1.1142857142857088,
                    3.7428571428571393,
                    5.085714285714283,
                    4.399999999999997,
                    5.799999999999996,
                    8.199999999999996,
                ],
            ),
            (
                Edge::Mirror,
                [
                    3.5714285714285694,
                    2.34285714285714,
                    5.085714285714283,
                    4.399999999999997,
                    6.857142857142853,
                    5.0571428571428525,
                ],
            ),
            (
                Edge::Nearest,
                [
                    2.2857142857142843,
                    2.6857142857142833,
                    5.085714285714283,
                    4.399999999999997,
                    6.342857142857138,
                    7.028571428571423,
                ],
            ),
            (
                Edge::Constant,
                [
                    2.0285714285714276,
                    2.771428571428569,
                    5.085714285714283,
                    4.399999999999997,
                    7.11428571428571,
                    4.714285714285712,
                ],
            ),
        ];
        for (edge, expected) in golden {
            let mut row = vec![1.0, 5.0, 2.0, 8.0, 3.0, 9.0];
            SavitzkyGolay::new(5, 2, 0, edge, 1.0).apply(&mut row).expect("long enough");
            assert!(row.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-13), "{edge:?} {row:?}");
        }
    }

    #[test]
    fn moving_and_differences() {
        let mut row = vec![1.0, 4.0, 2.0, 8.0];
        Moving { half: 1, median: true }.apply(&mut row).expect("points");
        assert_eq!(row, [2.5, 2.0, 4.0, 5.0]);
        Moving { half: 1, median: false }.apply(&mut row).expect("points");
        assert_eq!(row, [2.25, 8.5 / 3.0, 11.0 / 3.0, 4.5]);
        let mut row = vec![1.0, 4.0, 2.0];
        Difference.apply(&mut row).expect("points");
        assert_eq!(row, [3.0, -2.0]);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
    }
}
