//! Real transforms of one size, in f32 or f64, and room for them.
//!
//! A picture is written row by row at a fixed stride, into a line of zeros. With the cell at the start and its region in full, the circular correlation
//! of the two lines is that of the pictures at every shift that keeps the cell within the region: no row runs over into the next.

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, FftNum, RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// f32 or f64.
pub(super) trait Number: FftNum {
    /// Unit roundoff.
    const ROUNDOFF: f64;
    fn of(x: f64) -> Self;
    fn get(self) -> f64;
}

impl Number for f32 {
    const ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;
    fn of(x: f64) -> Self {
        x as Self
    }
    fn get(self) -> f64 {
        f64::from(self)
    }
}

impl Number for f64 {
    const ROUNDOFF: f64 = Self::EPSILON / 2.0;
    fn of(x: f64) -> Self {
        x
    }
    fn get(self) -> f64 {
        self
    }
}

pub(super) type Spectrum<T> = Vec<Complex<T>>;

/// Transforms of regions up to a size.
#[derive(Clone)]
pub(super) struct Plan<T> {
    forward: Arc<dyn RealToComplex<T>>,
    inverse: Arc<dyn ComplexToReal<T>>,
    /// Points of a line.
    pub(super) size: usize,
    /// From row to row.
    pub(super) stride: usize,
    /// A correlation is off by at most this, relative to the product of the two norms: three transforms with 7·log₂N·u each (Higham, *Accuracy and
    /// Stability*, § 24.1), twice that for what larger radices lack in proof, and the rounding of the input.
    pub(super) error: f64,
}

impl<T: Number> Plan<T> {
    pub(super) fn new((width, height): (usize, usize)) -> Self {
        let size = quick_size(width * height);
        let mut planner = RealFftPlanner::new();
        let error = (42.0 * libm::log2(size as f64) + 4.0) * T::ROUNDOFF;
        Self { forward: planner.plan_fft_forward(size), inverse: planner.plan_fft_inverse(size), size, stride: width, error }
    }
}

/// The smallest even size from `least` whose only factors are 2, 3 and 5.
fn quick_size(least: usize) -> usize {
    let mut best = least.next_power_of_two().max(2);
    let mut fives = 1;
    while fives < best {
        let mut odd = fives;
        while odd < best {
            let mut size = 2 * odd;
            while size < least {
                size *= 2;
            }
            best = best.min(size);
            odd *= 3;
        }
        fives *= 5;
    }
    best
}

/// Room for the transforms of one thread.
pub(super) struct Room<T> {
    pub(super) plan: Plan<T>,
    line: Vec<T>,
    product: Spectrum<T>,
    scratch: Spectrum<T>,
}

impl<T: Number> Room<T> {
    pub(super) fn new(plan: &Plan<T>) -> Self {
        let zero = Complex::new(T::zero(), T::zero());
        let scratch = plan.forward.get_scratch_len().max(plan.inverse.get_scratch_len());
        let (line, product) = (plan.forward.make_input_vec(), plan.forward.make_output_vec());
        Self { plan: plan.clone(), line, product, scratch: vec![zero; scratch] }
    }

    pub(super) fn spectrum(&self) -> Spectrum<T> {
        self.plan.forward.make_output_vec()
    }

    pub(super) fn shifts(&self) -> Vec<T> {
        self.plan.inverse.make_output_vec()
    }

    /// The spectrum of a picture, given row by row.
    pub(super) fn forward<R: Iterator<Item = f64>>(&mut self, rows: impl Iterator<Item = R>, into: &mut Spectrum<T>) {
        self.line.fill(T::zero());
        for (line, row) in self.line.chunks_mut(self.plan.stride).zip(rows) {
            for (x, h) in line.iter_mut().zip(row) {
                *x = T::of(h);
            }
        }
        // Sizes are those of the plan: the only error there is.
        let _ = self.plan.forward.process_with_scratch(&mut self.line, into, &mut self.scratch);
    }

    /// Σ cell(p)·region(p + shift), at index shift_y·stride + shift_x, times the size.
    pub(super) fn correlate(&mut self, cell: &Spectrum<T>, region: &Spectrum<T>, into: &mut [T]) {
        for ((p, a), b) in self.product.iter_mut().zip(cell).zip(region) {
            *p = a.conj() * b;
        }
        let last = self.product.len() - 1;
        self.product[0].im = T::zero();
        self.product[last].im = T::zero();
        let _ = self.plan.inverse.process_with_scratch(&mut self.product, into, &mut self.scratch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_quick_and_large_enough() {
        assert_eq!([1, 7, 36_864, 9217, 36_100].map(quick_size), [2, 8, 36_864, 9_600, 36_450]);
        for least in 1..3000 {
            let size = quick_size(least);
            let mut rest = size;
            for factor in [2, 3, 5] {
                while rest.is_multiple_of(factor) {
                    rest /= factor;
                }
            }
            assert!(size >= least && size.is_multiple_of(2) && rest == 1 && size <= 2 * least, "{least} {size}");
        }
    }
}
