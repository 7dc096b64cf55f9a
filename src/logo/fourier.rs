//! What does not change when a log-polar image is turned or mirrored: the magnitudes of its rings' spectra.
//!
//! ```text
//! out[i·(F + 1) + f] = √w_f·|A_i(f)|/√T,   A_i the transform of ring i along its T angles,   f = 0 … F,   w_0 = 1, else 2
//! ```
//! With F = T/2 the norm stays that of the row, but for the last frequency of an even ring, which w counts twice. What phases say, where on a ring things lie and how rings lie to
//! each other, is lost: two shapes can have one row. The comparison that keeps it is [`crate::metric::logpolar`]. Source: as the Fourier–Mellin transform,
//! B. Reddy and B. Chatterji, doi:10.1109/83.506761.

use super::LogoError;
use realfft::{RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// Transforms of rings of one length.
#[derive(Clone)]
pub struct Rings {
    angles: usize,
    forward: Arc<dyn RealToComplex<f64>>,
}

impl Rings {
    /// # Errors
    /// When the number of angles is below 2 or above 65536.
    pub fn new(angles: usize) -> Result<Self, LogoError> {
        if !(2..=65_536).contains(&angles) {
            return Err(LogoError::Setting { what: "a number of angles of", got: angles.to_string(), allowed: "2 to 65536" });
        }
        Ok(Self { angles, forward: RealFftPlanner::new().plan_fft_forward(angles) })
    }

    /// The magnitudes of frequencies 0 to `most`, ring after ring; numbers beyond the last whole ring are left out.
    #[must_use]
    pub fn magnitudes(&self, row: &[f32], most: usize) -> Vec<f32> {
        let scale = 1.0 / (self.angles as f64).sqrt();
        let (mut input, mut output) = (self.forward.make_input_vec(), self.forward.make_output_vec());
        let mut all = Vec::new();
        for ring in row.chunks_exact(self.angles) {
            input.iter_mut().zip(ring).for_each(|(x, v)| *x = f64::from(*v));
            // Lengths are those of the plan, the only thing that can be wrong.
            if self.forward.process(&mut input, &mut output).is_ok() {
                all.extend(output.iter().take(most + 1).enumerate().map(|(f, z)| {
                    let twice = if f == 0 { 1.0 } else { std::f64::consts::SQRT_2 };
                    (z.norm() * scale * twice) as f32
                }));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::Rings;
    use crate::draw::Stream;

    fn noise(n: usize, index: u64) -> Vec<f32> {
        let mut draw = Stream::new(12, "fourier", index);
        (0..n).map(|_| draw.normal() as f32).collect()
    }

    #[test]
    fn turned_and_mirrored_rows_have_the_same_magnitudes() {
        let a = noise(64, 9);
        let place = |f: &dyn Fn(usize) -> usize| {
            let mut out = vec![0.0; 64];
            (0..64).for_each(|i| out[i / 16 * 16 + f(i % 16)] = a[i]);
            out
        };
        let rings = Rings::new(16).expect("possible");
        let off = |b: &[f32]| {
            rings.magnitudes(&a, 8).iter().zip(rings.magnitudes(b, 8)).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
        };
        assert!(off(&place(&|k| (k + 5) % 16)) < 1e-5 && off(&place(&|k| (3 + 16 - k) % 16)) < 1e-5 && off(&noise(64, 10)) > 0.1);
        assert!(Rings::new(1).is_err());
    }

    #[test]
    fn they_are_those_of_the_definition() {
        let (a, angles) = (noise(30, 3), 15usize);
        let got = Rings::new(angles).expect("possible").magnitudes(&a, 7);
        for (i, ring) in a.chunks(angles).enumerate() {
            for f in 0..=7 {
                let (mut re, mut im) = (0.0, 0.0);
                for (k, v) in ring.iter().enumerate() {
                    let turn = -std::f64::consts::TAU * (f * k) as f64 / angles as f64;
                    re += f64::from(*v) * turn.cos();
                    im += f64::from(*v) * turn.sin();
                }
                let expected = (re * re + im * im).sqrt() / (angles as f64).sqrt() * if f == 0 { 1.0 } else { 2f64.sqrt() };
                assert!((f64::from(got[i * 8 + f]) - expected).abs() < 1e-5);
            }
        }
    }
}
