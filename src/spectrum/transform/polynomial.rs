//! Polynomials on points between −1 and 1, as an orthonormal basis: what several steps fit by.
//!
//! Columns 1, x, x², … are made orthonormal by Gram–Schmidt, twice, so that a least-squares fit is a product with the basis and its
//! transpose, at any order without loss of digits.

/// An orthonormal basis of polynomials up to an order on fixed points: order + 1 rows of n numbers.
#[derive(Clone, Debug)]
pub struct Basis(Vec<Vec<f64>>);

/// Points of the axis between −1 and 1, or the point numbers where there is no axis.
#[must_use]
pub fn scaled(axis: Option<&[f64]>, n: usize) -> Vec<f64> {
    let at = |i: usize| axis.map_or(i as f64, |a| a[i]);
    let (low, high) = (0..n).map(at).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    (0..n).map(|i| if half > 0.0 { (at(i) - middle) / half } else { 0.0 }).collect()
}

impl Basis {
    /// Up to `order`, or fewer where the points allow no more.
    #[must_use]
    pub fn new(points: &[f64], order: usize) -> Self {
        let mut basis = Self(Vec::new());
        for power in 0..=order {
            // The last direction times x spans what the power adds, and is better conditioned than the power itself.
            let column: Vec<f64> = match basis.0.last() {
                None => vec![1.0; points.len()],
                Some(last) => last.iter().zip(points).map(|(v, x)| v * x).collect(),
            };
            if !basis.push(column) && power > 0 {
                break;
            }
        }
        basis
    }

    /// Adds a direction after what is there; false where it adds none.
    pub fn push(&mut self, mut column: Vec<f64>) -> bool {
        let before = length(&column);
        for _ in 0..2 {
            for known in &self.0 {
                let along = dot(known, &column);
                column.iter_mut().zip(known).for_each(|(c, k)| *c -= along * k);
            }
        }
        let after = length(&column);
        if after.is_nan() || after <= before * 1e-12 {
            return false;
        }
        for c in &mut column {
            *c /= after;
        }
        self.0.push(column);
        true
    }

    /// The least-squares fit to `y`, written to `fit`.
    pub fn fit(&self, y: &[f64], fit: &mut Vec<f64>) {
        fit.clear();
        fit.resize(y.len(), 0.0);
        for direction in &self.0 {
            let along = dot(direction, y);
            fit.iter_mut().zip(direction).for_each(|(f, d)| *f += along * d);
        }
    }

    #[must_use]
    pub fn directions(&self) -> &[Vec<f64>] {
        &self.0
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn length(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{Basis, scaled};

    #[test]
    fn a_polynomial_is_its_own_fit() {
        let x = scaled(Some(&[100.0, 250.0, 300.0, 500.0, 650.0, 1000.0, 1200.0]), 7);
        assert_eq!((x[0], x[6]), (-1.0, 1.0));
        let y: Vec<f64> = x.iter().map(|x| 3.0 - 2.0 * x + 0.5 * x * x * x).collect();
        let mut fit = Vec::new();
        Basis::new(&x, 3).fit(&y, &mut fit);
        assert!(y.iter().zip(&fit).all(|(a, b)| (a - b).abs() < 1e-14));
        Basis::new(&x, 2).fit(&y, &mut fit);
        assert!(y.iter().zip(&fit).any(|(a, b)| (a - b).abs() > 1e-3));
        // More than the points can tell apart.
        assert_eq!(Basis::new(&x, 10).directions().len(), 7);
    }
}
