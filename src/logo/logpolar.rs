//! A shape in rings around its centroid: a turn of the shape is a circular shift, a mirrored shape runs backwards.
//!
//! ```text
//! out[i·T + k] = w_i · (s(i, k) − s̄),      ring i = 0 … R − 1 from the middle outwards, angle k = 0 … T − 1
//! ring i: radii r₀(r₁/r₀)^(i/R) … r₀(r₁/r₀)^((i+1)/R),   angle k: 2πk/T ± π/T from the x axis to the y axis (down)
//! s(i, k): mean shade of that cell;   w_i ∝ r_i^p, r_i the geometric middle, Σ w_i² = R;   s̄ = Σ w_i² s / Σ w_i²
//! ```
//! Row-major `[ring][angle]`, one flat row of R·T numbers in f32, T a power of two. Radii are shares of half the patch. p = 1 weights a cell by its area (cells grow as
//! r²; in an inner product both weights meet), p = 0 counts all rings alike. s̄ is taken off over all rings, so that with unit rows the plain inner product is the
//! weighted Pearson correlation, at any shift; see [`crate::metric::logpolar`].
//!
//! A shift by j > 0 of out (entry k comes from k − j) is the shape turned by 2πj/T, from x to y. Mirroring y → −y takes k to −k mod T.

use super::LogoError;
use crate::picture::grey::Grey;
use crate::picture::resample::bilinear;

/// The rings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogPolar {
    pub rings: usize,
    /// A power of two.
    pub angles: usize,
    /// r₀ and r₁ in halves of the patch.
    pub inner: f64,
    pub outer: f64,
    /// p.
    pub weight: f64,
    /// Whether s̄ is taken off.
    pub centred: bool,
}

impl Default for LogPolar {
    fn default() -> Self {
        Self { rings: 32, angles: 128, inner: 0.05, outer: 1.0, weight: 1.0, centred: true }
    }
}

impl LogPolar {
    fn check(&self) -> Result<(), LogoError> {
        let wrong = |what, got: String, allowed| Err(LogoError::Setting { what, got, allowed });
        if !(2..=256).contains(&self.rings) {
            return wrong("a number of rings of", self.rings.to_string(), "2 to 256");
        }
        if !(8..=1024).contains(&self.angles) || !self.angles.is_power_of_two() {
            return wrong("a number of angles of", self.angles.to_string(), "powers of two from 8 to 1024");
        }
        if !(self.inner > 0.0 && self.inner < self.outer && self.outer <= 2.0) {
            return wrong(
                "rings over",
                format!("{} to {}", self.inner, self.outer),
                "radii above 0 to 2 halves of the patch, rising",
            );
        }
        if !(0.0..=2.0).contains(&self.weight) {
            return wrong("a ring weight of", self.weight.to_string(), "exponents 0 to 2");
        }
        Ok(())
    }

    /// w_i.
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        let ratio = libm::log(self.outer / self.inner) / self.rings as f64;
        let raw: Vec<f64> = (0..self.rings).map(|i| libm::exp(self.weight * ratio * (i as f64 + 0.5))).collect();
        let mean = raw.iter().map(|w| w * w).sum::<f64>() / self.rings as f64;
        raw.iter().map(|w| w / mean.sqrt()).collect()
    }

    /// s, without weights.
    ///
    /// # Errors
    /// When a setting is not possible.
    pub fn cells(&self, patch: &Grey) -> Result<Vec<f64>, LogoError> {
        self.check()?;
        let half = patch.width().min(patch.height()) as f64 / 2.0;
        let (cx, cy) = ((patch.width() as f64 - 1.0) / 2.0, (patch.height() as f64 - 1.0) / 2.0);
        let ratio = libm::log(self.outer / self.inner) / self.rings as f64;
        let step = std::f64::consts::TAU / self.angles as f64;
        let mut out = Vec::with_capacity(self.rings * self.angles);
        for i in 0..self.rings {
            let radius = |part: f64| half * self.inner * libm::exp(ratio * (i as f64 + part));
            // Points about 1½ pixels apart.
            let count = |length: f64| (libm::ceil(length / 1.5) as usize).clamp(1, 16);
            let (deep, wide) = (count(radius(1.0) - radius(0.0)), count(radius(0.5) * step));
            let radii: Vec<f64> = (0..deep).map(|d| radius((d as f64 + 0.5) / deep as f64)).collect();
            for k in 0..self.angles {
                let mut sum = 0.0;
                for a in 0..wide {
                    let (sin, cos) = libm::sincos(step * (k as f64 + (a as f64 + 0.5) / wide as f64 - 0.5));
                    for r in &radii {
                        let (x, y) = (cx + r * cos, cy + r * sin);
                        let inside = x > -0.5 && y > -0.5 && x < 2.0 * cx + 0.5 && y < 2.0 * cy + 0.5;
                        sum += if inside { bilinear(patch, x, y) } else { 0.0 };
                    }
                }
                out.push(sum / (deep * wide) as f64);
            }
        }
        Ok(out)
    }

    /// The descriptor.
    ///
    /// # Errors
    /// When a setting is not possible.
    pub fn of(&self, patch: &Grey) -> Result<Vec<f32>, LogoError> {
        let cells = self.cells(patch)?;
        let weights = self.weights();
        let rows = || cells.chunks_exact(self.angles).zip(&weights);
        let mean = if self.centred {
            rows().map(|(row, w)| w * w * row.iter().sum::<f64>()).sum::<f64>() / (self.rings * self.angles) as f64
        } else {
            0.0
        };
        Ok(rows().flat_map(|(row, w)| row.iter().map(move |s| (w * (s - mean)) as f32)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::LogPolar;
    use crate::picture::grey::Grey;

    fn painted(side: usize, f: impl Fn(f64, f64) -> f64) -> Grey {
        let of = |i: usize| (2 * i + 1) as f64 / side as f64 - 1.0;
        Grey::new(side, side, (0..side * side).map(|i| f(of(i % side), of(i / side)) as f32).collect()).expect("fits")
    }

    #[test]
    fn a_turn_is_a_shift_and_a_mirror_runs_backwards() {
        let blob = |x: f64, y: f64| (-8.0 * (x - 0.3) * (x - 0.3) - 20.0 * (y + 0.1) * (y + 0.1)).exp();
        let rings = LogPolar { rings: 12, angles: 32, ..LogPolar::default() };
        let of = |patch: &Grey| rings.of(patch).expect("possible");
        let a = of(&painted(128, blob));
        let (s, c) = (std::f64::consts::TAU * 5.0 / 32.0).sin_cos();
        let turned = of(&painted(128, |x, y| blob(c * x + s * y, c * y - s * x)));
        let mirrored = of(&painted(128, |x, y| blob(x, -y)));
        for i in 0..12 {
            for k in 0..32 {
                assert!((turned[i * 32 + (k + 5) % 32] - a[i * 32 + k]).abs() < 0.01);
                assert!((mirrored[i * 32 + (32 - k) % 32] - a[i * 32 + k]).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn rings_lie_where_they_should() {
        let rings = LogPolar { rings: 8, angles: 16, inner: 0.125, outer: 1.0, weight: 1.0, centred: false };
        // Each ring is 8^(1/8) times as wide as the one before: 0.5 = 0.125·8^(5.33/8) lies in ring 5.
        let cells = rings.cells(&painted(256, |x, y| f64::from(x.hypot(y) < 0.5))).expect("possible");
        assert!(cells[..5 * 16].iter().all(|v| *v > 0.99) && cells[6 * 16..].iter().all(|v| *v < 0.01));
        let weights = rings.weights();
        assert!((weights.iter().map(|w| w * w).sum::<f64>() - 8.0).abs() < 1e-12);
        assert!((weights[1] / weights[0] - 8f64.powf(0.125)).abs() < 1e-12);
        // Centred: the weighted mean is 0.
        let centred = LogPolar { centred: true, ..rings };
        let out = centred.of(&painted(256, |x, _| f64::from(x > 0.2))).expect("possible");
        let sum: f64 = out.chunks(16).zip(&weights).map(|(row, w)| w * row.iter().map(|v| f64::from(*v)).sum::<f64>()).sum();
        assert!(sum.abs() < 1e-4);
        assert!(LogPolar { angles: 100, ..rings }.of(&painted(16, |_, _| 0.0)).is_err());
        assert!(LogPolar { inner: 0.0, ..rings }.of(&painted(16, |_, _| 0.0)).is_err());
        assert!(LogPolar { rings: 1, ..rings }.of(&painted(16, |_, _| 0.0)).is_err());
    }
}
