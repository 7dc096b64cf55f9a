//! Baselines by penalised least squares: z minimises Σ w_i(y_i − z_i)² + λ·Σ(z_{i−1} − 2z_i + z_{i+1})² (E. T. Whittaker; P. H. C. Eilers,
//! doi:10.1021/ac034173t), with weights that are found again from y − z until they stand still. The row minus z is what is left.
//!
//! - AsLS (P. H. C. Eilers, H. F. M. Boelens, 2005): w = p above the baseline, 1 − p below; ends at ‖w′ − w‖ < tol·‖w‖.
//! - arPLS (S.-J. Baek et al., doi:10.1039/C4AN01061B): w = 1/(1 + exp(2(r − (2s − m))/s)), r = y − z, m and s mean and deviation (n − 1) of
//!   negative r; ends as AsLS.
//! - airPLS (Z.-M. Zhang, S. Chen, Y.-Z. Liang, doi:10.1039/B922045C): w = exp(t·r/Σ⁻r) for negative r in round t (50 at most), else 0; ends at
//!   |Σ⁻r| < tol·Σ|y|.
//!
//! Rounds, stopping and what is returned are those of pybaselines 1.2.1 (`max_iter`, `tol`): the baseline of the round in which it ends,
//! and where fewer than two points lie below the baseline, that baseline. λ depends on the number of points: pass it explicitly;
//! defaults of packages differ by a factor of 100. (W + λDᵀD) has five diagonals and is solved in O(n) by LDLᵀ, and then once more
//! for what the solution leaves of the right side, that being taken in double-double: its condition grows with λ, so that a plain
//! solution has nine digits at λ = 1e6 and 1,841 points, in pybaselines as here; after the second step it has all of them
//! (`make check-transforms` holds it to a solution in 80-bit numbers).

use super::Action;

/// Which weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weights {
    Asls { p: f64 },
    Arpls,
    Airpls,
}

/// A baseline to be taken off.
#[derive(Clone, Debug)]
pub struct Whittaker {
    pub weights: Weights,
    pub lam: f64,
    pub tol: f64,
    pub rounds: usize,
}

/// (W + λDᵀD)z = Wy for one set of weights; the factors stay for the next.
#[derive(Debug, Default)]
struct Penalised {
    d: Vec<f64>,
    e: Vec<f64>,
    f: Vec<f64>,
}

/// The diagonals of DᵀD: the i-th of `n` on the main one, between i and i + 1, between i and i + 2.
fn penalty(i: usize, n: usize) -> (f64, f64, f64) {
    // Second differences that row i is part of: with 1 as first or last, with −2 in the middle.
    let differences = n - 2;
    let first = f64::from(u8::from(i < differences));
    let middle = f64::from(u8::from(i >= 1 && i - 1 < differences));
    let last = f64::from(u8::from(i >= 2));
    let beside = -2.0 * (first + f64::from(u8::from(i >= 1 && i < differences + 1 && i + 1 < n)));
    (first + 4.0 * middle + last, if i + 1 < n { beside } else { 0.0 }, first)
}

impl Penalised {
    fn solve(&mut self, lam: f64, w: &[f64], y: &[f64], z: &mut Vec<f64>) {
        self.factor(lam, w);
        z.clear();
        z.extend(w.iter().zip(y).map(|(w, y)| w * y));
        self.substitute(z);
        let mut rest = left_over(lam, w, y, z);
        self.substitute(&mut rest);
        z.iter_mut().zip(&rest).for_each(|(z, r)| *z += r);
    }

    fn factor(&mut self, lam: f64, w: &[f64]) {
        let n = w.len();
        self.d.clear();
        self.e.clear();
        self.f.clear();
        for (i, w) in w.iter().enumerate() {
            let (main, beside, two) = penalty(i, n);
            let mut d = w + lam * main;
            let mut e = lam * beside;
            if i >= 1 {
                let (d1, e1, f1) = (self.d[i - 1], self.e[i - 1], self.f[i - 1]);
                d -= e1 * e1 * d1;
                e -= e1 * d1 * f1;
            }
            if i >= 2 {
                d -= self.f[i - 2] * self.f[i - 2] * self.d[i - 2];
            }
            self.d.push(d);
            self.e.push(e / d);
            self.f.push(lam * two / d);
        }
    }

    /// Solves with the factors; `z` holds the right side first.
    fn substitute(&self, z: &mut [f64]) {
        let n = z.len();
        for i in 1..n {
            let two = if i >= 2 { self.f[i - 2] * z[i - 2] } else { 0.0 };
            z[i] -= self.e[i - 1] * z[i - 1] + two;
        }
        for i in (0..n).rev() {
            let mut x = z[i] / self.d[i];
            if i + 1 < n {
                x -= self.e[i] * z[i + 1];
            }
            if i + 2 < n {
                x -= self.f[i] * z[i + 2];
            }
            z[i] = x;
        }
    }
}

/// a + b as a sum of two numbers, exactly (D. E. Knuth, *The Art of Computer Programming* 2, § 4.2.2).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// A number as a sum of two (T. J. Dekker, doi:10.1007/BF01397083).
fn add(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let (high, low) = two_sum(a.0, b.0);
    let low = low + a.1 + b.1;
    let sum = high + low;
    (sum, low - (sum - high))
}

/// W(y − z) − λDᵀDz, in double-double, rounded at the end.
fn left_over(lam: f64, w: &[f64], y: &[f64], z: &[f64]) -> Vec<f64> {
    let n = z.len();
    let times = |k: f64, a: (f64, f64)| {
        let high = k * a.0;
        let low = libm::fma(k, a.0, -high) + k * a.1;
        let sum = high + low;
        (sum, low - (sum - high))
    };
    let second: Vec<(f64, f64)> = (0..n - 2).map(|i| add(two_sum(z[i], z[i + 2]), (-2.0 * z[i + 1], 0.0))).collect();
    (0..n)
        .map(|i| {
            let mut bent = if i < n - 2 { second[i] } else { (0.0, 0.0) };
            if i >= 1 && i - 1 < n - 2 {
                let (high, low) = second[i - 1];
                bent = add(bent, (-2.0 * high, -2.0 * low));
            }
            if i >= 2 {
                bent = add(bent, second[i - 2]);
            }
            let near = times(w[i], two_sum(y[i], -z[i]));
            let far = times(-lam, bent);
            add(near, far).0
        })
        .collect()
}

impl Whittaker {
    /// The baseline of a row.
    ///
    /// # Errors
    /// In words, when the row is too short or nothing can be solved.
    pub fn baseline(&self, y: &[f64]) -> Result<Vec<f64>, String> {
        let n = y.len();
        if n < 3 {
            return Err(format!("a row of {n} points has no curvature to penalise"));
        }
        let mut system = Penalised::default();
        let mut w = vec![1.0; n];
        let mut new = vec![0.0; n];
        let mut z = Vec::with_capacity(n);
        let whole: f64 = y.iter().map(|v| v.abs()).sum();
        for round in 1..=self.rounds + 1 {
            system.solve(self.lam, &w, y, &mut z);
            if !z.iter().all(|v| v.is_finite()) {
                return Err(format!("λ = {:e} is too large or the row too extreme: the baseline cannot be solved for", self.lam));
            }
            let below = || y.iter().zip(&z).map(|(y, z)| y - z).filter(|r| *r < 0.0);
            let still = match self.weights {
                Weights::Asls { p } => {
                    new.iter_mut().zip(y.iter().zip(&z)).for_each(|(w, (y, z))| *w = if y > z { p } else { 1.0 - p });
                    change(&w, &new) < self.tol
                }
                Weights::Arpls => {
                    let count = below().count();
                    if count < 2 {
                        break;
                    }
                    let mean = below().sum::<f64>() / count as f64;
                    let s = (below().map(|r| (r - mean) * (r - mean)).sum::<f64>() / (count - 1) as f64).sqrt();
                    // As the other side of the comparison does: no division by zero where all are alike.
                    let s = if s == 0.0 { f64::MIN_POSITIVE } else { s };
                    for (w, (y, z)) in new.iter_mut().zip(y.iter().zip(&z)) {
                        *w = 1.0 / (1.0 + libm::exp(2.0 / s * ((y - z) - (2.0 * s - mean))));
                    }
                    change(&w, &new) < self.tol
                }
                Weights::Airpls => {
                    if below().count() < 2 {
                        break;
                    }
                    let sum: f64 = below().sum();
                    let factor = round.min(50) as f64 / sum;
                    for (w, (y, z)) in new.iter_mut().zip(y.iter().zip(&z)) {
                        let r = y - z;
                        *w = if r < 0.0 { libm::exp((factor * r).clamp(0.0, 709.78)) } else { 0.0 };
                    }
                    sum.abs() < self.tol * whole
                }
            };
            if still {
                break;
            }
            std::mem::swap(&mut w, &mut new);
        }
        Ok(z)
    }
}

/// ‖new − old‖/‖old‖
fn change(old: &[f64], new: &[f64]) -> f64 {
    let (mut off, mut whole) = (0.0, 0.0);
    for (a, b) in old.iter().zip(new) {
        off += (b - a) * (b - a);
        whole += a * a;
    }
    off.sqrt() / whole.sqrt().max(f64::MIN_POSITIVE)
}

impl Action for Whittaker {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        let z = self.baseline(row)?;
        row.iter_mut().zip(&z).for_each(|(x, z)| *x -= z);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Penalised, Weights, Whittaker};

    /// (W + λDᵀD)z − Wy by its definition.
    fn residual(lam: f64, w: &[f64], y: &[f64], z: &[f64]) -> f64 {
        let n = y.len();
        let second: Vec<f64> = (0..n - 2).map(|i| z[i] - 2.0 * z[i + 1] + z[i + 2]).collect();
        (0..n)
            .map(|i| {
                let at = |k: usize, factor: f64| second.get(k).map_or(0.0, |s| factor * s);
                let bent = at(i, 1.0) + if i >= 1 { at(i - 1, -2.0) } else { 0.0 } + if i >= 2 { at(i - 2, 1.0) } else { 0.0 };
                (w[i] * (z[i] - y[i]) + lam * bent).abs()
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn the_system_is_solved() {
        for n in [3, 4, 5, 6, 50] {
            let y: Vec<f64> = (0..n).map(|i| libm::sin(f64::from(i)) + 0.1 * f64::from(i)).collect();
            let w: Vec<f64> = (0..n).map(|i| 0.01 + f64::from(i % 3)).collect();
            for lam in [0.1, 10.0, 1e4] {
                let mut z = Vec::new();
                Penalised::default().solve(lam, &w, &y, &mut z);
                assert!(residual(lam, &w, &y, &z) < 1e-10 * (1.0 + lam), "{n} {lam}: {:e}", residual(lam, &w, &y, &z));
            }
        }
    }

    #[test]
    fn peaks_stay_and_the_slope_goes() {
        let n = 400;
        let peak = |i: usize| 5.0 * libm::exp(-((i as f64 - 200.0) / 6.0).powi(2));
        let row: Vec<f64> = (0..n).map(|i| 1.0 + 0.01 * i as f64 + peak(i)).collect();
        for (weights, lam) in [(Weights::Asls { p: 0.001 }, 1e6), (Weights::Arpls, 1e6), (Weights::Airpls, 1e6)] {
            let step = Whittaker { weights, lam, tol: 1e-3, rounds: 50 };
            let z = step.baseline(&row).expect("solved");
            let off = (0..n).map(|i| (row[i] - z[i] - peak(i)).abs()).fold(0.0, f64::max);
            assert!(off < 0.25, "{weights:?}: {off}");
        }
        let short = Whittaker { weights: Weights::Arpls, lam: 1.0, tol: 1e-3, rounds: 5 };
        assert!(short.baseline(&[1.0, 2.0]).is_err());
        // A straight line is its own baseline.
        assert!(
            short
                .baseline(&[1.0, 2.0, 3.0, 4.0])
                .expect("solved")
                .iter()
                .zip([1.0, 2.0, 3.0, 4.0])
                .all(|(a, b)| (a - b).abs() < 1e-12)
        );
    }
}
