//! What correlates two profiles at all lags at once: real transforms and running sums.

use super::super::sum;
use crate::matrix::Row;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// A size that transforms are quick at: 2^p or 3·2^p.
pub(super) fn transform_size(least: usize) -> usize {
    let two = least.next_power_of_two().max(4);
    if two / 4 * 3 >= least && two >= 8 { two / 4 * 3 } else { two }
}

/// Transforms of one size, and room for them.
pub(in crate::metric) struct Plan<T: realfft::FftNum> {
    forward: Arc<dyn RealToComplex<T>>,
    inverse: Arc<dyn ComplexToReal<T>>,
    pub(in crate::metric) time: Vec<T>,
    pub(in crate::metric) spectrum: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
}

impl<T: realfft::FftNum> Plan<T> {
    pub(in crate::metric) fn new(size: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
        let (time, spectrum) = (forward.make_input_vec(), forward.make_output_vec());
        let scratch = vec![Complex::new(T::zero(), T::zero()); forward.get_scratch_len().max(inverse.get_scratch_len())];
        Self { forward, inverse, time, spectrum, scratch }
    }

    /// The spectrum of x, filled up with zeros, in `self.spectrum`.
    pub(in crate::metric) fn forward(&mut self, x: impl Iterator<Item = T>) {
        self.time.fill(T::zero());
        for (t, x) in self.time.iter_mut().zip(x) {
            *t = x;
        }
        // Sizes are those of the plan: the only error there is.
        let _ = self.forward.process_with_scratch(&mut self.time, &mut self.spectrum, &mut self.scratch);
    }

    /// Back from `self.spectrum` to `self.time`, times the size.
    pub(in crate::metric) fn inverse(&mut self) {
        self.spectrum[0].im = T::zero();
        if self.time.len().is_multiple_of(2) {
            let last = self.spectrum.len() - 1;
            self.spectrum[last].im = T::zero();
        }
        let _ = self.inverse.process_with_scratch(&mut self.spectrum, &mut self.time, &mut self.scratch);
    }
}

thread_local! {
    pub(in crate::metric) static SINGLE: RefCell<HashMap<usize, Plan<f32>>> = RefCell::new(HashMap::new());
    pub(in crate::metric) static DOUBLE: RefCell<HashMap<usize, Plan<f64>>> = RefCell::new(HashMap::new());
}

/// A profile of unit centred norm, with sums up to every sample.
pub(super) struct Profile {
    pub(super) unit: Vec<f64>,
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Profile {
    pub(super) fn new(x: &[f64]) -> Self {
        let mean = sum::of(Row::F64(x)) / x.len() as f64;
        let norm = sum::pairs(sum::CentredProduct(mean, mean), Row::F64(x), Row::F64(x)).sqrt();
        let unit: Vec<f64> = x.iter().map(|x| if norm > 0.0 { (x - mean) / norm } else { 0.0 }).collect();
        let running = |square: bool| {
            let mut all = Vec::with_capacity(unit.len() + 1);
            let mut sum = 0.0;
            all.push(0.0);
            for &x in &unit {
                sum += if square { x * x } else { x };
                all.push(sum);
            }
            all
        };
        let (sums, squares) = (running(false), running(true));
        Self { unit, sums, squares }
    }

    /// Σ and centred Σ² of the samples from `start` to `end`.
    pub(super) fn span(&self, start: usize, end: usize) -> (f64, f64) {
        let s = self.sums[end] - self.sums[start];
        (s, self.squares[end] - self.squares[start] - s * s / (end - start) as f64)
    }
}

/// a times the conjugate of b, in f32 or wider.
pub(super) fn multiply<T: realfft::FftNum + From<f32>>(to: &mut [Complex<T>], a: &[Complex<f32>], b: &[Complex<f32>]) {
    for ((z, x), y) in to.iter_mut().zip(a).zip(b) {
        let (xr, xi, yr, yi) = (T::from(x.re), T::from(x.im), T::from(y.re), T::from(y.im));
        *z = Complex::new(xr * yr + xi * yi, xi * yr - xr * yi);
    }
}

/// max of c·(x·y) − u·w
pub(super) fn best(c: &[f32], x: &[f32], y: &[f32], u: &[f32], w: &[f32]) -> f32 {
    const LANES: usize = 16;
    let n = c.len();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let whole = n / LANES * LANES;
    for k in (0..whole).step_by(LANES) {
        for (i, lane) in (k..).zip(&mut lanes) {
            let r = c[i] * (x[i] * y[i]) - u[i] * w[i];
            *lane = if r > *lane { r } else { *lane };
        }
    }
    (whole..n).fold(lanes.into_iter().fold(f32::NEG_INFINITY, f32::max), |most, i| most.max(c[i] * (x[i] * y[i]) - u[i] * w[i]))
}
