//! The likelihood ratio of a two-level model in closed form.
//!
//! With B the covariance of a kernel (h²T; T alone for one normal), centres z₁ … z_m (the overall mean alone for one normal), and names as in A. Bolck et al.
//! 2009, doi:10.1016/j.forsciint.2009.06.006, appendix:
//!
//! U_hx = B + W/n₁,  U_h0 = B + W/n₂,  T_hn = B − B·U_hx⁻¹·B,  U_hn = T_hn + W/n₂,  μᵢ = B·U_hx⁻¹·x̄ + (W/n₁)·U_hx⁻¹·zᵢ
//!
//! LR = m·√(|U_h0|/|U_hn|) · Σᵢ e^(−½ q(ȳ−μᵢ; U_hn) − ½ q(x̄−zᵢ; U_hx)) / [Σᵢ e^(−½ q(x̄−zᵢ; U_hx)) · Σᵢ e^(−½ q(ȳ−zᵢ; U_h0))],  q(d; U) = dᵀU⁻¹d
//!
//! T_hn is computed as B·U_hx⁻¹·(W/n₁), which is the same without the difference of near-equal matrices. O(m·p²) a pair, after O(p³).

use crate::evaluate::lr::Error;
use crate::evaluate::lr::cholesky::{Cholesky, product};
use crate::evaluate::lr::labelled::Log10Lr;

/// What a likelihood ratio is made of; p × p and m × p row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    pub u_hx: Vec<f64>,
    pub u_h0: Vec<f64>,
    pub t_hn: Vec<f64>,
    pub u_hn: Vec<f64>,
    pub mu_h: Vec<f64>,
    /// ln of the three sums: numerator, control, recovered.
    pub ln_numerator: f64,
    pub ln_control: f64,
    pub ln_recovered: f64,
    pub log10_lr: Log10Lr,
}

/// The matrices for given numbers of rows.
pub(super) struct Ratio<'a> {
    centres: &'a [f64],
    p: usize,
    /// B·U_hx⁻¹ and (W/n₁)·U_hx⁻¹.
    gain: Vec<f64>,
    rest: Vec<f64>,
    t_hn: Vec<f64>,
    u: [Vec<f64>; 3],
    factors: [Cholesky; 3],
}

impl<'a> Ratio<'a> {
    pub(super) fn new(
        centres: &'a [f64],
        between: &[f64],
        within: &[f64],
        p: usize,
        n_control: usize,
        n_recovered: usize,
    ) -> Result<Self, Error> {
        let share = |n: usize| within.iter().map(|w| w / n as f64).collect::<Vec<f64>>();
        let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<f64>>();
        let (w_control, w_recovered) = (share(n_control), share(n_recovered));
        let factor = |a: &[f64], what| Cholesky::new(a, p).ok_or(Error::Singular { what, columns: p });
        factor(within, "the within-source covariance")?;
        let u_hx = sum(between, &w_control);
        let f_hx = factor(&u_hx, "the covariance of a control's mean (between-source plus within-source)")?;
        let gain = right_solve(between, &f_hx, p);
        let rest = right_solve(&w_control, &f_hx, p);
        let mut t_hn = product(&gain, &w_control, p);
        // Symmetric by its definition; rounding must not say otherwise.
        for i in 0..p {
            for j in 0..i {
                let mean = 0.5 * (t_hn[i * p + j] + t_hn[j * p + i]);
                (t_hn[i * p + j], t_hn[j * p + i]) = (mean, mean);
            }
        }
        let u_h0 = sum(between, &w_recovered);
        let f_h0 = factor(&u_h0, "the covariance of a recovered item's mean (between-source plus within-source)")?;
        let u_hn = sum(&t_hn, &w_recovered);
        let f_hn = factor(&u_hn, "the covariance of a recovered item's mean given the control")?;
        Ok(Self { centres, p, gain, rest, t_hn, u: [u_hx, u_h0, u_hn], factors: [f_hx, f_h0, f_hn] })
    }

    pub(super) fn parts(self, x: &[f64], y: &[f64]) -> Parts {
        let (p, m) = (self.p, (self.centres.len() / self.p) as f64);
        let [f_hx, f_h0, f_hn] = &self.factors;
        let fixed = times(&self.gain, x, p);
        let (mut numerator, mut control, mut recovered, mut mu_h) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
        for z in self.centres.chunks(p) {
            let mu: Vec<f64> = times(&self.rest, z, p).iter().zip(&fixed).map(|(a, b)| a + b).collect();
            let of_control = -0.5 * f_hx.quadratic(&mut difference(x, z));
            control.push(of_control);
            recovered.push(-0.5 * f_h0.quadratic(&mut difference(y, z)));
            numerator.push(of_control - 0.5 * f_hn.quadratic(&mut difference(y, &mu)));
            mu_h.extend(mu);
        }
        let [ln_numerator, ln_control, ln_recovered] = [numerator, control, recovered].map(|terms| log_sum_exp(&terms));
        let ln = libm::log(m) + 0.5 * (f_h0.ln_det() - f_hn.ln_det()) + ln_numerator - ln_control - ln_recovered;
        let [u_hx, u_h0, u_hn] = self.u;
        Parts { u_hx, u_h0, t_hn: self.t_hn, u_hn, mu_h, ln_numerator, ln_control, ln_recovered, log10_lr: Log10Lr::from_ln(ln) }
    }
}

/// A·U⁻¹ for symmetric A: each row of A solved.
fn right_solve(a: &[f64], factor: &Cholesky, p: usize) -> Vec<f64> {
    let mut solved = a.to_vec();
    for row in solved.chunks_mut(p) {
        factor.solve(row);
    }
    solved
}

fn times(a: &[f64], x: &[f64], p: usize) -> Vec<f64> {
    a.chunks(p).map(|row| row.iter().zip(x).map(|(a, x)| a * x).sum()).collect()
}

fn log_sum_exp(terms: &[f64]) -> f64 {
    let most = terms.iter().fold(f64::NEG_INFINITY, |m, t| m.max(*t));
    most + libm::log(terms.iter().map(|t| libm::exp(t - most)).sum::<f64>())
}
