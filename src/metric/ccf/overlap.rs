//! What the definition is made of: measured parts, stretch, overlaps and their correlation.

use super::super::sum;
use crate::matrix::Row;

/// What is not NaN at either end.
pub(in crate::metric) fn measured(x: &[f64]) -> &[f64] {
    let first = x.iter().position(|v| !v.is_nan()).unwrap_or(x.len());
    let last = x.iter().rposition(|v| !v.is_nan()).map_or(first, |i| i + 1);
    &x[first..last]
}

/// x stretched by s: linear interpolation.
pub(super) fn stretched(x: &[f64], s: f64) -> Vec<f64> {
    let n = libm::floor((x.len() - 1) as f64 * s) as usize + 1;
    (0..n)
        .map(|i| {
            let at = i as f64 / s;
            let left = (libm::floor(at) as usize).min(x.len() - 1);
            let right = (left + 1).min(x.len() - 1);
            x[left] + (x[right] - x[left]) * (at - left as f64)
        })
        .collect()
}

/// r of two overlaps of one length.
pub(in crate::metric) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (Row::F64(a), Row::F64(b));
    let n = a.len() as f64;
    let (ma, mb) = (sum::of(a) / n, sum::of(b) / n);
    let (na, nb) = (sum::pairs(sum::CentredProduct(ma, ma), a, a).sqrt(), sum::pairs(sum::CentredProduct(mb, mb), b, b).sqrt());
    let whole = |x| 1e-13 * sum::pairs(sum::Product, x, x).sqrt();
    if na <= whole(a) || nb <= whole(b) {
        return 0.0;
    }
    (sum::pairs(sum::CentredProduct(ma, mb), a, b) / (na * nb)).clamp(-1.0, 1.0)
}

/// The same by its definition.
pub(super) fn naive_correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len();
    let mean = |x: &[f64]| sum::in_stripes(n, |i| x[i]) / n as f64;
    let (ma, mb) = (mean(a), mean(b));
    let norm = |x: &[f64], m: f64| sum::in_stripes(n, |i| (x[i] - m) * (x[i] - m)).sqrt();
    let (na, nb) = (norm(a, ma), norm(b, mb));
    if na <= 1e-13 * norm(a, 0.0) || nb <= 1e-13 * norm(b, 0.0) {
        return 0.0;
    }
    (sum::in_stripes(n, |i| (a[i] - ma) * (b[i] - mb)) / (na * nb)).clamp(-1.0, 1.0)
}

/// The samples of a and b that lie beside each other at a lag.
pub(super) fn overlaps<'a>(a: &'a [f64], b: &'a [f64], lag: i64) -> (&'a [f64], &'a [f64]) {
    let (ahead, behind) = (usize::try_from(lag).unwrap_or(0), usize::try_from(-lag).unwrap_or(0));
    let n = (a.len() - ahead).min(b.len() - behind);
    (&a[ahead..ahead + n], &b[behind..behind + n])
}
