//! Local binary patterns at several scales.
//!
//! ```text
//! bit p = 1 where v(c + R·(cos 2πp/P, −sin 2πp/P)) ≥ v(c),   P = 8 points on a circle of radius R pixels around c
//! U = number of changes 0↔1 around the circle;  a pattern is uniform where U ≤ 2
//! riu2:     number of ones if uniform, else P + 1                              (P + 2 = 10 bins, no matter how the picture is turned)
//! uniform:  one bin for each uniform pattern, one for all others               (P(P − 1) + 3 = 59 bins)
//! ```
//! Source: T. Ojala, M. Pietikäinen, T. Mäenpää, doi:10.1109/TPAMI.2002.1017623. Points between pixels by bilinear interpolation. Bins are
//! shares of the pixels whose circle lies in the picture, radius after radius. Uniform bins: 0 for no ones, 1 + 8·(ones − 1) + first
//! for 1 … 7 ones of which the first is at point `first`, 57 for eight ones, 58 for the rest.
//!
//! A shade counts as equal to the middle within 1e-5, so that rounding in the interpolation makes no texture of even ground.

use super::grey::Grey;
use super::resample::bilinear;

const POINTS: usize = 8;
const EQUAL: f64 = 1e-5;

/// Which patterns share a bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patterns {
    /// Uniform ones by their number of ones.
    Riu2,
    /// Uniform ones each for itself.
    Uniform,
}

impl Patterns {
    #[must_use]
    pub const fn bins(self) -> usize {
        match self {
            Self::Riu2 => POINTS + 2,
            Self::Uniform => POINTS * (POINTS - 1) + 3,
        }
    }

    /// The bin of a pattern.
    #[must_use]
    pub const fn bin(self, pattern: u8) -> usize {
        let ones = pattern.count_ones() as usize;
        let changes = (pattern ^ pattern.rotate_right(1)).count_ones();
        match self {
            Self::Riu2 if changes <= 2 => ones,
            Self::Riu2 => POINTS + 1,
            Self::Uniform if changes > 2 => 58,
            Self::Uniform if ones == 0 => 0,
            Self::Uniform if ones == POINTS => 57,
            // The one whose predecessor is not.
            Self::Uniform => 1 + POINTS * (ones - 1) + (pattern & !pattern.rotate_left(1)).trailing_zeros() as usize,
        }
    }
}

/// The histogram of each radius, one after another. A radius whose circle does not fit, or that is not above 0, has zeros.
#[must_use]
pub fn lbp(picture: &Grey, patterns: Patterns, radii: &[f64]) -> Vec<f32> {
    radii.iter().flat_map(|&radius| at_radius(picture, patterns, radius)).collect()
}

fn at_radius(picture: &Grey, patterns: Patterns, radius: f64) -> Vec<f32> {
    let mut counts = vec![0u64; patterns.bins()];
    let (width, height) = (picture.width(), picture.height());
    let margin = libm::ceil(radius);
    if radius > 0.0 && 2.0 * margin < width.min(height) as f64 {
        let margin = margin as usize;
        let offsets: [(f64, f64); POINTS] = std::array::from_fn(|p| {
            let angle = std::f64::consts::TAU * p as f64 / POINTS as f64;
            // On the axes exactly.
            let snap = |v: f64| if (v - v.round()).abs() < 1e-9 { v.round() } else { v };
            (snap(radius * libm::cos(angle)), snap(-radius * libm::sin(angle)))
        });
        for y in margin..height - margin {
            for x in margin..width - margin {
                let least = f64::from(picture.at(y, x)) - EQUAL;
                let pattern = offsets.iter().enumerate().fold(0u8, |bits, (p, (dx, dy))| {
                    bits | u8::from(bilinear(picture, x as f64 + dx, y as f64 + dy) >= least) << p
                });
                counts[patterns.bin(pattern)] += 1;
            }
        }
    }
    let all = counts.iter().sum::<u64>().max(1) as f64;
    counts.into_iter().map(|n| (n as f64 / all) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::{Patterns, lbp};
    use crate::draw::Stream;
    use crate::picture::grey::Grey;

    #[test]
    fn bins_are_those_of_the_definition() {
        let mut seen = [0; 59];
        for pattern in 0..=255u8 {
            let bits: Vec<bool> = (0..8).map(|p| pattern >> p & 1 == 1).collect();
            let changes = (0..8).filter(|&p| bits[p] != bits[(p + 1) % 8]).count();
            let ones = bits.iter().filter(|b| **b).count();
            assert_eq!(Patterns::Riu2.bin(pattern), if changes <= 2 { ones } else { 9 });
            let bin = Patterns::Uniform.bin(pattern);
            seen[bin] += 1;
            if changes <= 2 && (1..8).contains(&ones) {
                let first = (0..8).find(|&p| bits[p] && !bits[(p + 7) % 8]).expect("there is a first");
                assert_eq!(bin, 1 + 8 * (ones - 1) + first);
            }
        }
        assert!(seen[..58].iter().all(|n| *n == 1) && seen[58] == 198);
    }

    #[test]
    fn a_quarter_turn_leaves_riu2_and_moves_uniform() {
        let n = 24;
        let mut draw = Stream::new(4, "lbp", 0);
        let values: Vec<f32> = (0..n * n).map(|i| (draw.uniform() * (i % n) as f64) as f32).collect();
        let turned = (0..n * n).map(|i| values[(n - 1 - i % n) * n + i / n]).collect();
        let (a, b) = (Grey::new(n, n, values).expect("fits"), Grey::new(n, n, turned).expect("fits"));
        let radii = [1.0, 2.0, 4.0];
        let off = |p| lbp(&a, p, &radii).iter().zip(lbp(&b, p, &radii)).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
        assert!(off(Patterns::Riu2) < 1e-6);
        assert!(off(Patterns::Uniform) > 1e-3);
        assert_eq!(lbp(&a, Patterns::Riu2, &radii).len(), 30);
    }

    #[test]
    fn even_ground_and_spots() {
        let even = Grey::new(9, 9, vec![0.3; 81]).expect("fits");
        let all = lbp(&even, Patterns::Riu2, &[1.0, 2.5, 40.0, -1.0]);
        assert_eq!((all[8], all[18]), (1.0, 1.0));
        assert!(all[20..].iter().all(|v| *v == 0.0));
        // A bright spot: its own circle has no ones.
        let mut values = vec![0.0; 25];
        values[12] = 1.0;
        let spot = lbp(&Grey::new(5, 5, values).expect("fits"), Patterns::Riu2, &[1.0]);
        assert!((spot[0] - 1.0 / 9.0).abs() < 1e-7 && (spot[8] - 8.0 / 9.0).abs() < 1e-7, "{spot:?}");
    }
}
