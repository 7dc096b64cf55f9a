//! The best correlation of two log-polar images over all turns, and mirrored.
//!
//! ```text
//! c(j) = Σ_i Σ_k a[i][k]·b[i][(k + j) mod T] / (‖a‖·‖b‖),      mirrored: b[i][(j − k) mod T]
//! score = max over j of c(j),   j = 0 … T − 1
//! ```
//! Plain cosine of flat rows: weights and centring lie in the descriptor ([`super::logpolar`]). Range −1 … 1; larger is closer; symmetric. A row of zeros
//! scores 0. Reported: the shift j, at which b is a turned by 2πj/T; of equal scores the smallest j, and as it is before mirrored.
//!
//! [`Spectrum`] holds the real spectra of a row's rings: then all c(j) are one inverse transform of Σ_i conj(A_i)·B_i, or of Σ_i A_i·B_i when mirrored.
//! A turned shape's descriptor [`magnitudes`] |A_i(f)| does not change, nor does a mirrored one's.

use super::LogoError;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// Where two shapes fit best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotation {
    pub score: f64,
    pub shift: usize,
    pub mirrored: bool,
}

/// The definition. Rows that are not R·T long score 0.
#[must_use]
pub fn rotation_score(a: &[f32], b: &[f32], rings: usize, angles: usize, mirror: bool) -> Rotation {
    let mut best = Rotation { score: 0.0, shift: 0, mirrored: false };
    if rings.checked_mul(angles) != Some(a.len()) || a.len() != b.len() || a.is_empty() {
        return best;
    }
    best.score = f64::NEG_INFINITY;
    let norm = |row: &[f32]| row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
    let both = norm(a) * norm(b);
    for mirrored in [false, true].into_iter().filter(|m| mirror || !*m) {
        for shift in 0..angles {
            let mut sum = 0.0;
            for (x, y) in a.chunks_exact(angles).zip(b.chunks_exact(angles)) {
                for (k, v) in x.iter().enumerate() {
                    let at = if mirrored { (shift + angles - k) % angles } else { (k + shift) % angles };
                    sum += f64::from(*v) * f64::from(y[at]);
                }
            }
            let score = if both > 0.0 { sum / both } else { 0.0 };
            if score > best.score {
                best = Rotation { score, shift, mirrored };
            }
        }
    }
    best
}

/// Transforms of rings of one length.
#[derive(Clone)]
pub struct Turner {
    angles: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
}

/// The spectra of a row's rings, ring after ring, T/2 + 1 each; the row at norm 1.
#[derive(Clone, Debug)]
pub struct Spectrum(Vec<Complex<f64>>);

impl Turner {
    /// # Errors
    /// When the number of angles is below 2 or above 65536.
    pub fn new(angles: usize) -> Result<Self, LogoError> {
        if !(2..=65_536).contains(&angles) {
            return Err(LogoError::Setting { what: "a number of angles of", got: angles.to_string(), allowed: "2 to 65536" });
        }
        let mut planner = RealFftPlanner::new();
        Ok(Self { angles, forward: planner.plan_fft_forward(angles), inverse: planner.plan_fft_inverse(angles) })
    }

    /// The spectrum of a row; numbers beyond the last whole ring are left out.
    #[must_use]
    pub fn spectrum(&self, row: &[f32]) -> Spectrum {
        let norm = row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
        let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
        let (mut input, mut output) = (self.forward.make_input_vec(), self.forward.make_output_vec());
        let mut all = Vec::with_capacity(row.len() / self.angles * output.len());
        for ring in row.chunks_exact(self.angles) {
            input.iter_mut().zip(ring).for_each(|(x, v)| *x = f64::from(*v) * scale);
            // Lengths are those of the plan, the only thing that can be wrong.
            if self.forward.process(&mut input, &mut output).is_ok() {
                all.extend_from_slice(&output);
            }
        }
        Spectrum(all)
    }

    /// The best turn; equal to the definition up to rounding.
    #[must_use]
    pub fn best(&self, a: &Spectrum, b: &Spectrum, mirror: bool) -> Rotation {
        let width = self.angles / 2 + 1;
        let mut best = Rotation { score: f64::NEG_INFINITY, shift: 0, mirrored: false };
        let (mut product, mut lags) = (self.inverse.make_input_vec(), self.inverse.make_output_vec());
        for mirrored in [false, true].into_iter().filter(|m| mirror || !*m) {
            product.fill(Complex::new(0.0, 0.0));
            for (x, y) in a.0.chunks_exact(width).zip(b.0.chunks_exact(width)) {
                for ((p, x), y) in product.iter_mut().zip(x).zip(y) {
                    *p += if mirrored { x * y } else { x.conj() * y };
                }
            }
            // Sums of real spectra: these two are real up to rounding of nothing at all, but for the sign of zero.
            product[0].im = 0.0;
            if self.angles % 2 == 0 {
                product[width - 1].im = 0.0;
            }
            if self.inverse.process(&mut product, &mut lags).is_err() {
                continue;
            }
            for (shift, v) in lags.iter().enumerate() {
                let score = v / self.angles as f64;
                if score > best.score {
                    best = Rotation { score, shift, mirrored };
                }
            }
        }
        best
    }

    /// |A_i(f)|, f = 0 … most, ring after ring; times √2 for f above 0, so that with most = T/2 the norm stays nearly that of the row.
    #[must_use]
    pub fn magnitudes(&self, row: &[f32], most: usize) -> Vec<f32> {
        let width = self.angles / 2 + 1;
        let spectrum = self.spectrum(row).0;
        let norm = row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt() / (self.angles as f64).sqrt();
        let of = |(f, z): (usize, &Complex<f64>)| {
            let twice = if f == 0 { 1.0 } else { std::f64::consts::SQRT_2 };
            ((z.re * z.re + z.im * z.im).sqrt() * norm * twice) as f32
        };
        spectrum.chunks_exact(width).flat_map(|ring| ring.iter().take(most + 1).enumerate().map(of)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Turner, rotation_score};
    use crate::draw::Stream;

    fn noise(n: usize, index: u64) -> Vec<f32> {
        let mut draw = Stream::new(12, "rotation", index);
        (0..n).map(|_| draw.normal() as f32).collect()
    }

    #[test]
    fn spectra_give_the_definition() {
        for (rings, angles) in [(3, 8), (5, 32), (2, 15)] {
            let turner = Turner::new(angles).expect("possible");
            for index in 0..4 {
                let (a, b) = (noise(rings * angles, 2 * index), noise(rings * angles, 2 * index + 1));
                for mirror in [false, true] {
                    let expected = rotation_score(&a, &b, rings, angles, mirror);
                    let got = turner.best(&turner.spectrum(&a), &turner.spectrum(&b), mirror);
                    assert!((got.score - expected.score).abs() < 1e-12, "{got:?} {expected:?}");
                    assert_eq!((got.shift, got.mirrored), (expected.shift, expected.mirrored));
                    let back = rotation_score(&b, &a, rings, angles, mirror);
                    assert!((back.score - expected.score).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn turned_and_mirrored_rows_are_found() {
        let (rings, angles) = (4, 16);
        let a = noise(64, 9);
        let place = |f: &dyn Fn(usize) -> usize| {
            let mut out = vec![0.0; 64];
            (0..64).for_each(|i| out[i / 16 * 16 + f(i % 16)] = a[i]);
            out
        };
        let turned = place(&|k| (k + 5) % 16);
        let got = rotation_score(&a, &turned, rings, angles, true);
        assert!((got.score - 1.0).abs() < 1e-12 && got.shift == 5 && !got.mirrored);
        let mirrored = place(&|k| (3 + 16 - k) % 16);
        let got = rotation_score(&a, &mirrored, rings, angles, true);
        assert!((got.score - 1.0).abs() < 1e-12 && got.shift == 3 && got.mirrored);
        assert!(rotation_score(&a, &mirrored, rings, angles, false).score < 0.9);
        let turner = Turner::new(16).expect("possible");
        let off = |b: &[f32]| {
            turner.magnitudes(&a, 8).iter().zip(turner.magnitudes(b, 8)).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
        };
        assert!(off(&turned) < 1e-5 && off(&mirrored) < 1e-5 && off(&noise(64, 10)) > 0.1);
    }

    #[test]
    fn nothing_and_the_wrong_length() {
        assert_eq!(rotation_score(&[0.0; 8], &[1.0; 8], 2, 4, true).score, 0.0);
        assert_eq!(rotation_score(&[0.0; 8], &[1.0; 4], 2, 4, true).score, 0.0);
        assert_eq!(rotation_score(&[], &[], 0, 4, true).score, 0.0);
        assert!(Turner::new(1).is_err());
        let turner = Turner::new(4).expect("possible");
        assert_eq!(turner.best(&turner.spectrum(&[0.0; 8]), &turner.spectrum(&[1.0; 8]), true).score, 0.0);
    }
}
