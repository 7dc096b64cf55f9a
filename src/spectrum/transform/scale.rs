//! Scaling of rows, roots and logarithms.
//!
//! | step | x′ |
//! |---|---|
//! | area | x / Σ½(x_i + x_{i+1})·\|a_{i+1} − a_i\| over the axis a (steps of 1 where there is none) |
//! | sum, max, vector | x / Σx, x / max x, x / √Σx² |
//! | minmax | (x − min)/(max − min) |
//! | pqn | x / Σx, then over the median of x_i/r_i where r_i > 0 (F. Dieterle et al., doi:10.1021/ac051632c), r the median of training rows over their sums |
//! | internal | x / mean of x within ranges of the axis |
//! | root, power | x^(1/n), x^p, of x ≥ 0 |
//! | log | log_b(x + offset) of x + offset > 0 |
//! | absorbance, transmittance | −log10 x, 10^−x |
//!
//! The harmonised treatment of drug profiles (row sum, then square or fourth root or logarithm; P. Esseiva et al., doi:10.1016/j.forsciint.2005.03.014) is
//! `sum | root(4)`.

use super::Action;
use super::polynomial::dot;
use super::smooth::median;

/// What a row is divided by.
#[derive(Clone, Debug)]
pub enum Divide {
    /// Weights of the trapezoids.
    Area(Vec<f64>),
    Sum,
    Max,
    Vector,
    Minmax,
    /// The reference: of rows over their sums.
    Quotient(Vec<f64>),
    /// Points of the standard's band.
    Internal(Vec<usize>),
}

/// Weights of trapezoids over an axis, or with steps of 1.
#[must_use]
pub fn trapezoids(axis: Option<&[f64]>, n: usize) -> Vec<f64> {
    let step = |i: usize| axis.map_or(1.0, |a| (a[i + 1] - a[i]).abs());
    (0..n).map(|i| 0.5 * (if i > 0 { step(i - 1) } else { 0.0 } + if i + 1 < n { step(i) } else { 0.0 })).collect()
}

impl Action for Divide {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        let (what, by) = match self {
            Self::Area(weights) => ("area", dot(weights, row)),
            Self::Sum => ("sum", row.iter().sum()),
            Self::Max => ("largest value", row.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            Self::Vector => ("length", dot(row, row).sqrt()),
            Self::Minmax => {
                let low = row.iter().copied().fold(f64::INFINITY, f64::min);
                for x in row.iter_mut() {
                    *x -= low;
                }
                ("range", row.iter().copied().fold(0.0, f64::max))
            }
            Self::Quotient(reference) => {
                Self::Sum.apply(row)?;
                let mut quotients: Vec<f64> = row.iter().zip(reference).filter(|(_, r)| **r > 0.0).map(|(x, r)| x / r).collect();
                ("median quotient", median(&mut quotients))
            }
            Self::Internal(points) => ("internal standard", points.iter().map(|&i| row[i]).sum::<f64>() / points.len() as f64),
        };
        // A divisor of the other sign would turn the spectrum over.
        if !(by > 0.0 && by.is_finite()) {
            return Err(format!("its {what} is {by}, which nothing can be divided by; it must be above zero"));
        }
        for x in row.iter_mut() {
            *x /= by;
        }
        Ok(())
    }
}

/// A function of each value.
#[derive(Clone, Copy, Debug)]
pub enum Curve {
    Root(usize),
    Power(f64),
    Log { base: f64, offset: f64 },
    Absorbance,
    Transmittance,
}

impl Action for Curve {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        let (least, allowed) = match self {
            Self::Root(_) | Self::Power(_) => (0.0, "0 and above"),
            Self::Log { offset, .. } => (f64::MIN_POSITIVE - offset, "above zero after the offset"),
            Self::Absorbance => (f64::MIN_POSITIVE, "transmittances above 0 (1 is all of the light)"),
            Self::Transmittance => (f64::NEG_INFINITY, ""),
        };
        if let Some((i, x)) = row.iter().enumerate().find(|(_, x)| **x < least) {
            return Err(format!("point {i} is {x}; allowed are values {allowed}"));
        }
        for x in row.iter_mut() {
            *x = match self {
                Self::Root(2) => x.sqrt(),
                Self::Root(4) => x.sqrt().sqrt(),
                Self::Root(n) => libm::pow(*x, 1.0 / *n as f64),
                Self::Power(p) => libm::pow(*x, *p),
                Self::Log { base: 10.0, offset } => libm::log10(*x + offset),
                Self::Log { base, offset } => libm::log(*x + offset) / libm::log(*base),
                Self::Absorbance => -libm::log10(*x),
                Self::Transmittance => libm::exp10(-*x),
            };
        }
        match row.iter().position(|x| !x.is_finite()) {
            Some(i) => Err(format!("point {i} is beyond what f64 holds afterwards")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Curve, Divide, trapezoids};

    fn of(step: &dyn super::Action, row: &[f64]) -> Result<Vec<f64>, String> {
        let mut row = row.to_vec();
        step.apply(&mut row).map(|()| row)
    }

    #[test]
    fn divisors_are_those_of_the_definition() {
        let row = [1.0, 4.0, 3.0];
        let area = trapezoids(Some(&[10.0, 8.0, 5.0]), 3);
        assert_eq!(of(&Divide::Area(area), &row), Ok(vec![1.0 / 15.5, 4.0 / 15.5, 3.0 / 15.5]));
        assert_eq!(of(&Divide::Sum, &row), Ok(vec![0.125, 0.5, 0.375]));
        assert_eq!(of(&Divide::Max, &row), Ok(vec![0.25, 1.0, 0.75]));
        assert_eq!(of(&Divide::Vector, &[3.0, 4.0]), Ok(vec![0.6, 0.8]));
        assert_eq!(of(&Divide::Minmax, &row), Ok(vec![0.0, 1.0, 2.0 / 3.0]));
        assert_eq!(of(&Divide::Internal(vec![0, 2]), &row), Ok(vec![0.5, 2.0, 1.5]));
        for step in [Divide::Sum, Divide::Max, Divide::Vector, Divide::Minmax] {
            assert!(of(&step, &[0.0, 0.0]).is_err(), "{step:?}");
        }
        assert!(of(&Divide::Sum, &[-3.0, 1.0]).is_err());
    }

    #[test]
    fn a_diluted_row_comes_back_whatever_one_large_peak_does() {
        let reference = [0.1, 0.2, 0.3, 0.2, 0.2];
        let found = of(&Divide::Quotient(reference.to_vec()), &[1.0, 2.0, 3.0, 2.0, 20.0]).expect("a median");
        assert!(found[..4].iter().zip(reference).all(|(a, b)| (a - b).abs() < 1e-15));
    }

    #[test]
    fn curves() {
        assert_eq!(of(&Curve::Root(4), &[16.0, 0.0]), Ok(vec![2.0, 0.0]));
        assert_eq!(of(&Curve::Absorbance, &[0.01, 1.0]), Ok(vec![2.0, 0.0]));
        assert_eq!(of(&Curve::Log { base: 10.0, offset: 1.0 }, &[9.0, 0.0]), Ok(vec![1.0, 0.0]));
        assert_eq!(of(&Curve::Log { base: 2.0, offset: 0.0 }, &[8.0]), Ok(vec![3.0]));
        let there = of(&Curve::Transmittance, &[0.3, 2.0]).expect("finite");
        let back = of(&Curve::Absorbance, &there).expect("positive");
        assert!((back[0] - 0.3).abs() < 1e-15 && (back[1] - 2.0).abs() < 1e-14);
        for (step, bad) in [
            (Curve::Root(2), -1.0),
            (Curve::Log { base: 10.0, offset: 0.0 }, 0.0),
            (Curve::Absorbance, 0.0),
            (Curve::Power(2.0), -0.1),
        ] {
            assert!(of(&step, &[bad]).expect_err("not allowed").contains("point 0"), "{step:?}");
        }
        assert!(of(&Curve::Power(90.0), &[1e9]).is_err());
    }
}
