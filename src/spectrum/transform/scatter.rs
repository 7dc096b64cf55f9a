//! Scatter: the same sample measured with another path length or packing.
//!
//! - SNV: x′ = (x − x̄)/s, s over n − ddof (R. J. Barnes, M. S. Dhanoa, S. J. Lister, doi:10.1366/0003702894202201). The default ddof = 1 is the paper's;
//!   `chemotools` takes 0.
//! - MSC: x ≈ a + b·r by least squares on a reference r; x′ = (x − a)/b (P. Geladi, D. MacDougall, H. Martens, doi:10.1366/0003702854248656).
//! - EMSC: x ≈ Σ c_i·λ^i + b·r, λ the axis scaled to −1 … 1 (point numbers where there is none); x′ = (x − Σ c_i·λ^i)/b (H. Martens, E. Stark,
//!   doi:10.1016/0731-7085(91)80188-F), as `chemotools.scatter.ExtendedMultiplicativeScatterCorrection` on even axes.
//!
//! Equal to chemotools 0.5.0 to 1e-9 of the row's largest value.

use super::Action;
use super::polynomial::{Basis, dot, scaled};

/// Standard normal variate.
#[derive(Clone, Debug)]
pub struct Snv {
    pub ddof: usize,
}

impl Action for Snv {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        let n = row.len();
        if n <= self.ddof {
            return Err(format!("a row of {n} points has no deviation"));
        }
        let mean = row.iter().sum::<f64>() / n as f64;
        for x in row.iter_mut() {
            *x -= mean;
        }
        let deviation = (dot(row, row) / (n - self.ddof) as f64).sqrt();
        // Rounding of the mean is all that a constant row has left.
        if deviation.is_nan() || deviation <= 4.0 * f64::EPSILON * mean.abs() {
            return Err("the row is constant and has no deviation to divide by".into());
        }
        for x in row.iter_mut() {
            *x /= deviation;
        }
        Ok(())
    }
}

/// x ≈ polynomial + b·reference; order 0 is MSC.
#[derive(Clone, Debug)]
pub struct Emsc {
    basis: Basis,
    /// The reference's part that is no polynomial, and its length.
    direction: Vec<f64>,
    length: f64,
    /// The reference's polynomial part.
    part: Vec<f64>,
}

impl Emsc {
    /// # Errors
    /// When the reference is a polynomial itself (a constant one for MSC), so that b cannot be told.
    pub fn new(reference: &[f64], order: usize, axis: Option<&[f64]>) -> Result<Self, String> {
        let basis = Basis::new(&scaled(axis, reference.len()), order);
        let mut part = Vec::new();
        basis.fit(reference, &mut part);
        let rest: Vec<f64> = reference.iter().zip(&part).map(|(r, p)| r - p).collect();
        let length = dot(&rest, &rest).sqrt();
        let whole = dot(reference, reference).sqrt();
        if length.is_nan() || length <= 1e-12 * whole || length == 0.0 {
            return Err("the reference spectrum is no more than a baseline: scatter cannot be told from it".into());
        }
        Ok(Self { basis, direction: rest.iter().map(|r| r / length).collect(), length, part })
    }
}

impl Action for Emsc {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        // With Q the polynomials' basis: b = ⟨direction, x⟩/length, and what is polynomial in x beyond b·part is c.
        let b = dot(&self.direction, row) / self.length;
        let mut polynomial = Vec::with_capacity(row.len());
        self.basis.fit(row, &mut polynomial);
        // Of a row that is a polynomial rounding leaves a factor that would blow it up.
        if (b * self.length).abs() <= 1e-12 * dot(row, row).sqrt() || !b.is_finite() {
            return Err("the row has nothing in common with the reference: its scatter factor is zero".into());
        }
        for ((x, p), r) in row.iter_mut().zip(&polynomial).zip(&self.part) {
            *x = (*x - (p - b * r)) / b;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Action as _, Emsc, Snv};

    #[test]
    fn snv_has_mean_zero_and_deviation_one() {
        for ddof in [0, 1] {
            let mut row = vec![1.0, 4.0, 2.0, 8.0, 5.0];
            Snv { ddof }.apply(&mut row).expect("not constant");
            let square: f64 = row.iter().map(|x| x * x).sum();
            assert!(row.iter().sum::<f64>().abs() < 1e-14 && (square - (5 - ddof) as f64).abs() < 1e-13);
        }
        assert!(Snv { ddof: 1 }.apply(&mut vec![0.1; 7]).is_err());
        assert!(Snv { ddof: 1 }.apply(&mut vec![0.1]).is_err());
    }

    #[test]
    fn scatter_that_was_put_in_comes_out() {
        let n = 50;
        let reference: Vec<f64> = (0..n).map(|i| libm::exp(-((f64::from(i) - 20.0) / 6.0).powi(2))).collect();
        let axis: Vec<f64> = (0..n).map(|i| 4000.0 - 7.0 * f64::from(i)).collect();
        let line = |i: usize, a: f64, b: f64, c: f64| a + b * axis[i] + c * axis[i] * axis[i];
        let spoilt = |k: f64, a: f64, b: f64, c: f64| -> Vec<f64> {
            (0..n as usize).map(|i| k * reference[i] + line(i, a, b, c)).collect()
        };
        let mut row = spoilt(2.5, 0.7, 0.0, 0.0);
        Emsc::new(&reference, 0, None).expect("a reference").apply(&mut row).expect("scatter");
        assert!(row.iter().zip(&reference).all(|(a, b)| (a - b).abs() < 1e-14));
        let mut row = spoilt(0.4, -0.2, 1e-4, 2e-8);
        Emsc::new(&reference, 2, Some(&axis)).expect("a reference").apply(&mut row).expect("scatter");
        assert!(row.iter().zip(&reference).all(|(a, b)| (a - b).abs() < 1e-12));
        assert!(Emsc::new(&[1.0; 9], 0, None).is_err());
        for level in [5.0, 0.3, 100.0] {
            assert!(Emsc::new(&reference, 0, None).expect("a reference").apply(&mut vec![level; n as usize]).is_err());
        }
    }
}
