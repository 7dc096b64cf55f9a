//! Bringing a profile to another spacing.
//!
//! ```text
//! y(k) = x at k·new/old, linear between samples,   k = 0 … ⌊(n − 1)·old/new⌋
//! ```
//! Before a spacing that is more than 1.2 times coarser, the profile passes the Gaussian filter with cut-off 2·new, so that what the new spacing cannot
//! carry does not fold back. Linear interpolation lowers a wave of 5 samples by up to 18 % halfway between two; signatures are low-passed at 5 µm or more
//! before, where that matters little, and every profile of a collection has been through the same.

use super::gaussian::{Edge, Kernel, Reach};

/// Whether a profile of n samples ends within 0.05 samples of where it would at the other spacing.
#[must_use]
pub fn same_spacing(a: f64, b: f64, n: usize) -> bool {
    (a / b - 1.0).abs() * n as f64 <= 0.05
}

/// A profile at another spacing.
#[must_use]
pub fn respaced(x: &[f64], old_um: f64, new_um: f64) -> Vec<f64> {
    let smoothed;
    let x = if new_um > 1.2 * old_um {
        smoothed = Kernel::new(2.0 * new_um, old_um, Reach::default(), Edge::Mirror).smooth(x, &vec![true; x.len()]);
        &smoothed[..]
    } else {
        x
    };
    let last = x.len().saturating_sub(1);
    if x.is_empty() {
        return Vec::new();
    }
    let n = libm::floor(last as f64 * old_um / new_um + 1e-9) as usize + 1;
    (0..n)
        .map(|k| {
            let at = (k as f64 * new_um / old_um).min(last as f64);
            let i = (libm::floor(at) as usize).min(last.saturating_sub(1));
            let next = (i + 1).min(last);
            x[i] + (at - i as f64) * (x[next] - x[i])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line() {
        let x: Vec<f64> = (0..101).map(|i| 2.0 * f64::from(i)).collect();
        for new in [0.4, 1.0, 1.1] {
            let y = respaced(&x, 1.0, new);
            assert_eq!(y.len(), (100.0f64 / new + 1e-9).floor() as usize + 1);
            assert!(y.iter().enumerate().all(|(k, y)| (y - 2.0 * k as f64 * new).abs() < 1e-9));
        }
        assert_eq!(respaced(&[3.0], 1.0, 0.5), [3.0]);
        assert!(respaced(&[], 1.0, 0.5).is_empty());
    }

    #[test]
    fn what_a_coarse_spacing_cannot_carry_is_gone() {
        let wave =
            |period: f64| -> Vec<f64> { (0..2000).map(|i| (std::f64::consts::TAU * f64::from(i) / period).sin()).collect() };
        let most = |x: &[f64]| x[20..x.len() - 20].iter().fold(0.0f64, |m, v| v.abs().max(m));
        assert!(most(&respaced(&wave(5.0), 1.0, 4.0)) < 0.2);
        assert!(most(&respaced(&wave(50.0), 1.0, 4.0)) > 0.95);
        assert!(same_spacing(2.28, 2.28001, 1000) && !same_spacing(2.279984, 2.279794, 1000));
    }
}
