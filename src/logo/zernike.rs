//! Zernike moments.
//!
//! ```text
//! A_nm = (n + 1)/π · Σ f(ρ, θ) R_nm(ρ) e^(−imθ) ΔA        over pixels with their middle in the unit disc, ΔA = (2/side)²
//! R_nm(ρ) = Σ_s (−1)^s (n − s)! / (s! ((n + m)/2 − s)! ((n − m)/2 − s)!) ρ^(n−2s),   s = 0 … (n − m)/2
//! ```
//! n = 0 … order, m = n, n − 2 … ≥ 0. A turned shape has A_nm·e^(−imα), a mirrored one the conjugate times a phase, so |A_nm| stays. Sources: A.
//! Khotanzad, Y. Hong, doi:10.1109/34.55109; R_nm by the recurrence of E. Kintner, doi:10.1080/713819334:
//! ```text
//! k₁ R_nm = (k₂ρ² + k₃) R_(n−2)m + k₄ R_(n−4)m,   R_mm = ρ^m,   R_(m+2)m = (m + 2)ρ^(m+2) − (m + 1)ρ^m
//! ```
//! whose terms stay near 1, where those of the factorial sum reach 1e7 at n = 20 and cancel. The disc is the patch's inscribed circle. θ runs from the x axis
//! to the y axis, which points down. Magnitudes are |A_nm|/A_00, so the amount of print does not count; n = 2 … order, rising n, then m. |A_11| is
//! about 0 for a placed shape and left out.
//!
//! The four pixels that mirror each other about the patch's axes share R and e^(−imθ) up to signs, so tables hold a quarter of the disc.

use super::LogoError;
use crate::picture::grey::Grey;

/// Tables for patches of one side.
#[derive(Clone, Debug)]
pub struct Zernike {
    side: usize,
    order: usize,
    pixels: Vec<Pixel>,
    /// [pixel][(n, m)]: R_nm cos mθ and R_nm sin mθ.
    waves: Vec<(f64, f64)>,
}

/// Four pixels that mirror each other: places in the patch, x and y positive first, then x negative, both, y negative.
#[derive(Clone, Copy, Debug)]
struct Pixel {
    places: [usize; 4],
}

impl Zernike {
    /// # Errors
    /// When the side is not even and 16 to 1024, or the order not 2 to 20.
    pub fn new(side: usize, order: usize) -> Result<Self, LogoError> {
        if !(16..=1024).contains(&side) || side % 2 == 1 {
            return Err(LogoError::Setting {
                what: "a patch side of",
                got: side.to_string(),
                allowed: "even numbers of 16 to 1024",
            });
        }
        if !(2..=20).contains(&order) {
            return Err(LogoError::Setting { what: "a Zernike order of", got: order.to_string(), allowed: "2 to 20" });
        }
        let (half, pairs) = (side / 2, Self::pairs(order));
        let mut pixels = Vec::new();
        let mut waves = Vec::new();
        for j in 0..half {
            for i in 0..half {
                let (x, y) = ((i as f64 + 0.5) / half as f64, (j as f64 + 0.5) / half as f64);
                let rho = (x * x + y * y).sqrt();
                if rho > 1.0 {
                    continue;
                }
                let (right, left, down, up) = (half + i, half - 1 - i, half + j, half - 1 - j);
                pixels.push(Pixel { places: [down * side + right, down * side + left, up * side + left, up * side + right] });
                let radial = radial(order, rho);
                let mut turn = vec![(1.0, 0.0)];
                for m in 0..order {
                    let (c, s): (f64, f64) = turn[m];
                    turn.push(((c * x - s * y) / rho, (c * y + s * x) / rho));
                }
                waves.extend(pairs.iter().map(|&(n, m)| {
                    let r = radial[n * (order + 1) + m];
                    (r * turn[m].0, r * turn[m].1)
                }));
            }
        }
        Ok(Self { side, order, pixels, waves })
    }

    /// (n, m) up to an order: n rising, then m.
    #[must_use]
    pub fn pairs(order: usize) -> Vec<(usize, usize)> {
        (0..=order).flat_map(|n| (n % 2..=n).step_by(2).map(move |m| (n, m))).collect()
    }

    /// The (n, m) of the magnitudes.
    #[must_use]
    pub fn magnitude_pairs(order: usize) -> Vec<(usize, usize)> {
        Self::pairs(order).into_iter().filter(|p| p.0 > 1).collect()
    }

    /// Real and imaginary parts of A_nm, in the order of [`Self::pairs`].
    ///
    /// # Errors
    /// When the patch has another side.
    pub fn moments(&self, patch: &Grey) -> Result<Vec<(f64, f64)>, LogoError> {
        if patch.width() != self.side || patch.height() != self.side {
            return Err(LogoError::Side { got: patch.width(), expected: self.side });
        }
        let pairs = Self::pairs(self.order);
        let mut sums = vec![(0.0, 0.0); pairs.len()];
        let f = |place: usize| f64::from(patch.values()[place]);
        for (pixel, waves) in self.pixels.iter().zip(self.waves.chunks_exact(pairs.len())) {
            let [a, b, c, d] = pixel.places.map(f);
            if a == 0.0 && b == 0.0 && c == 0.0 && d == 0.0 {
                continue;
            }
            // Angles θ, π − θ, π + θ, −θ: for even m, then odd m.
            let cosine = [a + b + c + d, a - b - c + d];
            let sine = [a - b + c - d, a + b - c - d];
            for ((sum, wave), (_, m)) in sums.iter_mut().zip(waves).zip(&pairs) {
                sum.0 += wave.0 * cosine[m % 2];
                sum.1 -= wave.1 * sine[m % 2];
            }
        }
        let pixel = 4.0 / (self.side * self.side) as f64 / std::f64::consts::PI;
        let scaled = sums.iter().zip(&pairs).map(|(sum, (n, _))| {
            let factor = (n + 1) as f64 * pixel;
            (factor * sum.0, factor * sum.1)
        });
        Ok(scaled.collect())
    }

    /// |A_nm|/A_00 in the order of [`Self::magnitude_pairs`]; zeros for an empty patch.
    ///
    /// # Errors
    /// When the patch has another side.
    pub fn magnitudes(&self, patch: &Grey) -> Result<Vec<f64>, LogoError> {
        let moments = self.moments(patch)?;
        let mass = moments.first().map_or(0.0, |m| m.0);
        let share = |v: f64| if mass > 0.0 { v / mass } else { 0.0 };
        Ok(moments.iter().skip(2).map(|(re, im)| share((re * re + im * im).sqrt())).collect())
    }
}

/// R_nm(ρ) at [n·(order + 1) + m].
fn radial(order: usize, rho: f64) -> Vec<f64> {
    let width = order + 1;
    let mut r = vec![0.0; width * width];
    let square = rho * rho;
    let mut power = 1.0;
    for m in 0..=order {
        r[m * width + m] = power;
        if m + 2 <= order {
            r[(m + 2) * width + m] = ((m + 2) as f64 * square - (m + 1) as f64) * power;
        }
        for n in (m + 4..=order).step_by(2) {
            let (nf, mf) = (n as f64, m as f64);
            let k1 = (nf + mf) * (nf - mf) * (nf - 2.0) / 2.0;
            let k2 = 2.0 * nf * (nf - 1.0) * (nf - 2.0);
            let k3 = -(nf - 1.0) * (mf * mf + nf * (nf - 2.0));
            let k4 = -nf * (nf + mf - 2.0) * (nf - mf - 2.0) / 2.0;
            r[n * width + m] = ((k2 * square + k3) * r[(n - 2) * width + m] + k4 * r[(n - 4) * width + m]) / k1;
        }
        power *= rho;
    }
    r
}

#[cfg(test)]
mod tests {
    use super::{Zernike, radial};
    use crate::draw::Stream;
    use crate::picture::grey::Grey;
    use std::f64::consts::PI;

    /// The factorial sum.
    fn naive_radial(n: usize, m: usize, rho: f64) -> f64 {
        let factorial = |k: usize| (1..=k).map(|i| i as f64).product::<f64>();
        let term = |s: usize| {
            let below = factorial(s) * factorial((n - m) / 2 + m - s) * factorial((n - m) / 2 - s);
            (-1f64).powi(s as i32) * factorial(n - s) / below * rho.powi((n - 2 * s) as i32)
        };
        (0..=(n - m) / 2).map(term).sum()
    }

    fn naive(patch: &Grey, n: usize, m: usize) -> (f64, f64) {
        let side = patch.width() as f64;
        let mut sum = (0.0, 0.0);
        for row in 0..patch.height() {
            for column in 0..patch.width() {
                let (x, y) = ((2 * column + 1) as f64 / side - 1.0, (2 * row + 1) as f64 / side - 1.0);
                let (rho, angle) = (x.hypot(y), y.atan2(x));
                if rho <= 1.0 {
                    let f =
                        f64::from(patch.at(row, column)) * naive_radial(n, m, rho) * (n + 1) as f64 / PI * 4.0 / (side * side);
                    sum.0 += f * (m as f64 * angle).cos();
                    sum.1 -= f * (m as f64 * angle).sin();
                }
            }
        }
        sum
    }

    fn painted(side: usize, f: impl Fn(f64, f64) -> f64) -> Grey {
        let of = |i: usize| (2 * i + 1) as f64 / side as f64 - 1.0;
        Grey::new(side, side, (0..side * side).map(|i| f(of(i % side), of(i / side)) as f32).collect()).expect("fits")
    }

    #[test]
    fn the_recurrence_is_the_factorial_sum() {
        for rho in [0.0, 0.03, 0.5, 0.97, 1.0] {
            let all = radial(20, rho);
            for (n, m) in Zernike::pairs(20) {
                let (got, expected) = (all[n * 21 + m], naive_radial(n, m, rho));
                // The sum itself loses about 1e-9 at n = 20 by cancellation.
                assert!((got - expected).abs() < 2e-9, "{n} {m} {rho}: {got} {expected}");
                assert!(got.abs() <= 1.0 + 1e-12);
            }
            assert!(rho < 1.0 || Zernike::pairs(20).iter().all(|(n, m)| (all[n * 21 + m] - 1.0).abs() < 1e-12));
        }
    }

    #[test]
    fn moments_are_the_definition() {
        let mut draw = Stream::new(11, "zernike", 0);
        let patch = Grey::new(18, 18, (0..324).map(|_| draw.uniform() as f32).collect()).expect("fits");
        let got = Zernike::new(18, 12).expect("possible").moments(&patch).expect("the side");
        for ((n, m), got) in Zernike::pairs(12).into_iter().zip(got) {
            let expected = naive(&patch, n, m);
            assert!((got.0 - expected.0).abs() < 1e-11 && (got.1 - expected.1).abs() < 1e-11, "{n} {m} {got:?} {expected:?}");
        }
    }

    #[test]
    fn shapes_with_a_formula() {
        let zernike = Zernike::new(512, 4).expect("possible");
        let at = |patch: &Grey, n, m| {
            let all = zernike.moments(patch).expect("the side");
            all[Zernike::pairs(4).iter().position(|p| *p == (n, m)).expect("a pair")]
        };
        // A disc of radius a: A_n0 = 2(n+1) ∫ R_n0 ρ dρ.
        let a = 0.6f64;
        let disc = painted(512, |x, y| f64::from(x.hypot(y) <= a));
        let near = |got: f64, expected: f64| assert!((got - expected).abs() < 2e-3, "{got} {expected}");
        near(at(&disc, 0, 0).0, a * a);
        near(at(&disc, 2, 0).0, 3.0 * a * a * (a * a - 1.0));
        near(at(&disc, 4, 0).0, 10.0 * (a.powi(6) - 1.5 * a.powi(4) + 0.5 * a * a));
        near(at(&disc, 2, 2).0, 0.0);
        // The lower half of the unit disc: A_11 = −4i/3π, A_00 = ½, A_31 = 0 · …: 4/π·(3/5 − 2/3)·(−2i).
        let half = painted(512, |x, y| f64::from(y > 0.0 && x.hypot(y) <= 1.0));
        near(at(&half, 0, 0).0, 0.5);
        near(at(&half, 1, 1).1, -4.0 / (3.0 * PI));
        near(at(&half, 3, 1).1, 8.0 / (15.0 * PI));
        near(at(&half, 2, 2).1, 0.0);
    }

    #[test]
    fn turned_and_mirrored_shapes_have_the_same_magnitudes() {
        let blob = |x: f64, y: f64| {
            (-8.0 * (x - 0.3) * (x - 0.3) - 20.0 * (y + 0.1) * (y + 0.1)).exp()
                + 0.5 * (-30.0 * (x * x + (y - 0.4).powi(2))).exp()
        };
        let zernike = Zernike::new(128, 12).expect("possible");
        let of = |patch: &Grey| zernike.magnitudes(patch).expect("the side");
        let a = of(&painted(128, blob));
        let (s, c) = 0.7f64.sin_cos();
        let turned = of(&painted(128, |x, y| blob(c * x + s * y, c * y - s * x)));
        let mirrored = of(&painted(128, |x, y| blob(-x, y)));
        let other = of(&painted(128, |x, y| blob(1.2 * x, y)));
        let off = |b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
        assert!(off(&turned) < 2e-3 && off(&mirrored) < 1e-9 && off(&other) > 0.02, "{} {}", off(&turned), off(&other));
        assert_eq!(a.len(), Zernike::magnitude_pairs(12).len());
    }

    #[test]
    fn impossible_settings() {
        assert!(Zernike::new(33, 12).is_err() && Zernike::new(32, 21).is_err() && Zernike::new(32, 1).is_err());
        let zernike = Zernike::new(16, 3).expect("possible");
        let empty = Grey::new(16, 16, vec![0.0; 256]).expect("fits");
        assert!(zernike.magnitudes(&empty).expect("the side").iter().all(|v| *v == 0.0));
        assert!(zernike.moments(&Grey::new(8, 8, vec![0.0; 64]).expect("fits")).is_err());
    }
}
