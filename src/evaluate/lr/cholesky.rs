//! A = L·Lᵀ of small symmetric matrices, in plain loops.
//!
//! Matrices here are p × p with p up to some dozens. Plain f64 in one fixed order gives the same bits on every machine; a library that picks
//! vector instructions by processor does not. Row-major; only the lower triangle of A is read. O(p³/3).

/// The lower factor.
#[derive(Clone, Debug)]
pub(super) struct Cholesky {
    p: usize,
    l: Vec<f64>,
}

impl Cholesky {
    /// Factors `a` (p × p), or nothing where it is not positive definite: a pivot of p·2⁻⁵² of its diagonal element or less.
    pub(super) fn new(a: &[f64], p: usize) -> Option<Self> {
        let mut l = vec![0.0; p * p];
        for i in 0..p {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| l[i * p + k] * l[j * p + k]).sum();
                let rest = a[i * p + j] - dot;
                if i == j {
                    let sound = rest > p as f64 * f64::EPSILON * a[i * p + i] && rest.is_finite();
                    l[i * p + i] = sound.then(|| rest.sqrt())?;
                } else {
                    l[i * p + j] = rest / l[j * p + j];
                }
            }
        }
        Some(Self { p, l })
    }

    /// ln det A.
    pub(super) fn ln_det(&self) -> f64 {
        (0..self.p).map(|i| 2.0 * libm::log(self.l[i * self.p + i])).sum()
    }

    /// xᵀ A⁻¹ x; `x` is used up.
    pub(super) fn quadratic(&self, x: &mut [f64]) -> f64 {
        self.forward(x);
        x.iter().map(|v| v * v).sum()
    }

    /// A⁻¹ x in place.
    pub(super) fn solve(&self, x: &mut [f64]) {
        self.forward(x);
        for i in (0..self.p).rev() {
            let dot: f64 = (i + 1..self.p).map(|k| self.l[k * self.p + i] * x[k]).sum();
            x[i] = (x[i] - dot) / self.l[i * self.p + i];
        }
    }

    fn forward(&self, x: &mut [f64]) {
        for i in 0..self.p {
            let dot: f64 = (0..i).map(|k| self.l[i * self.p + k] * x[k]).sum();
            x[i] = (x[i] - dot) / self.l[i * self.p + i];
        }
    }
}

/// A·B of p × p matrices.
pub(super) fn product(a: &[f64], b: &[f64], p: usize) -> Vec<f64> {
    (0..p * p).map(|at| (0..p).map(|k| a[at / p * p + k] * b[k * p + at % p]).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // [[4, 2], [2, 5]]: determinant 16, inverse [[5, −2], [−2, 4]]/16.
        let a = Cholesky::new(&[4.0, 2.0, 2.0, 5.0], 2).expect("positive definite");
        assert!((a.ln_det() - 16f64.ln()).abs() < 1e-15);
        let mut x = [1.0, 3.0];
        a.solve(&mut x);
        assert!((x[0] + 1.0 / 16.0).abs() < 1e-16 && (x[1] - 10.0 / 16.0).abs() < 1e-16);
        assert!((a.quadratic(&mut [1.0, 3.0]) - 29.0 / 16.0).abs() < 1e-15);
        assert_eq!(product(&[1.0, 2.0, 3.0, 4.0], &[0.0, 1.0, 1.0, 0.0], 2), [2.0, 1.0, 4.0, 3.0]);
    }

    #[test]
    fn singular_and_indefinite_are_refused() {
        assert!(Cholesky::new(&[1.0, 2.0, 2.0, 4.0], 2).is_none());
        assert!(Cholesky::new(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(Cholesky::new(&[f64::NAN], 1).is_none());
    }
}
