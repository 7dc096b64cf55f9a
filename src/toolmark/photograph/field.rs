//! Numbers on the pixels of the region, and the Gaussians over them.
//!
//! A Gaussian is cut at four standard deviations and its weights sum up to 1; over an edge the last pixel goes on.

use crate::picture::blur::{self, Edge, smooth};

/// Numbers on pixels, row by row.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: Vec<f32>,
}

impl Field {
    pub(super) fn row(&self, y: usize) -> &[f32] {
        &self.values[y * self.width..][..self.width]
    }

    /// Smoothed along both axes.
    pub(super) fn smoothed(&self, sigma: f64) -> Self {
        let values = smooth(&self.values, (self.width, self.height), &kernel(sigma), Edge::Repeat);
        Self { width: self.width, height: self.height, values }
    }
}

/// Weights of a Gaussian that is cut at four standard deviations.
pub(super) fn kernel(sigma: f64) -> Vec<f64> {
    blur::kernel(sigma, 4.0)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The definition: every pixel from all pixels around it.
    pub(in super::super) fn naive_gaussian(field: &Field, sigma: f64, x: usize, y: usize) -> f64 {
        let reach = libm::ceil(4.0 * sigma) as i64;
        let (mut sum, mut weights) = (0.0, 0.0);
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let w = libm::exp(-0.5 * (dx * dx + dy * dy) as f64 / (sigma * sigma));
                let at = |p: usize, d: i64, size: usize| (p as i64 + d).clamp(0, size as i64 - 1) as usize;
                sum += w * f64::from(field.row(at(y, dy, field.height))[at(x, dx, field.width)]);
                weights += w;
            }
        }
        sum / weights
    }

    pub(in super::super) fn noise(width: usize, height: usize) -> Field {
        let mut draw = crate::draw::Stream::new(1, "field", 0);
        Field { width, height, values: (0..width * height).map(|_| draw.normal() as f32).collect() }
    }

    #[test]
    fn smoothing_follows_the_definition() {
        for (width, height) in [(40, 30), (5, 41), (1, 9)] {
            let field = noise(width, height);
            let smooth = field.smoothed(1.5);
            for y in 0..height {
                for x in 0..width {
                    let (got, definition) = (f64::from(smooth.row(y)[x]), naive_gaussian(&field, 1.5, x, y));
                    // 26 sums and products in f32 of numbers below 5.
                    assert!((got - definition).abs() < 26.0 * 5.0 * 6e-8, "{x} {y}: {got} {definition}");
                }
            }
        }
    }
}
