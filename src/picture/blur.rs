//! Gaussian blur.
//!
//! ```text
//! out(x, y) = Σᵢ Σⱼ gᵢ gⱼ in(x + i, y + j),   gᵢ ∝ exp(−i²/2σ²),  |i| ≤ ⌈3σ⌉,  Σ gᵢ = 1
//! ```
//! σ in pixels. Beyond the edge the picture is mirrored with its edge pixel repeated: d c b a | a b c d. Two passes, along rows and along columns.

use super::grey::Grey;

/// The blurred picture; itself where σ is not above 0. σ above 1 000 counts as 1 000.
#[must_use]
pub fn gaussian(picture: &Grey, sigma: f64) -> Grey {
    if sigma.is_nan() || sigma <= 0.0 {
        return picture.clone();
    }
    let half = kernel(sigma.min(1000.0));
    let (width, height) = (picture.width(), picture.height());
    let reach = half.len() - 1;
    let mut wide = vec![0.0; picture.values().len()];
    let mut line = vec![0.0; width + 2 * reach];
    for (out, row) in wide.chunks_exact_mut(width).zip(picture.values().chunks_exact(width)) {
        for (k, v) in line.iter_mut().enumerate() {
            *v = row[mirrored(k as isize - reach as isize, width)];
        }
        out.iter_mut().zip(&line[reach..]).for_each(|(o, v)| *o = half[0] * v);
        for (i, g) in half.iter().enumerate().skip(1) {
            let (left, right) = (&line[reach - i..], &line[reach + i..]);
            out.iter_mut().zip(left.iter().zip(right)).for_each(|(o, (l, r))| *o += g * (l + r));
        }
    }
    let mut values = vec![0.0; wide.len()];
    for (row, out) in values.chunks_exact_mut(width).enumerate() {
        let of = |offset: isize| &wide[mirrored(row as isize + offset, height) * width..][..width];
        out.iter_mut().zip(of(0)).for_each(|(o, v)| *o = half[0] * v);
        for (i, g) in half.iter().enumerate().skip(1) {
            let (above, below) = (of(-(i as isize)), of(i as isize));
            out.iter_mut().zip(above.iter().zip(below)).for_each(|(o, (a, b))| *o += g * (a + b));
        }
    }
    Grey::new(width, height, values).unwrap_or_else(|| picture.clone())
}

/// g₀, g₁ …
fn kernel(sigma: f64) -> Vec<f32> {
    let reach = libm::ceil(3.0 * sigma) as usize;
    let raw: Vec<f64> = (0..=reach).map(|i| libm::exp(-0.5 * (i as f64 / sigma) * (i as f64 / sigma))).collect();
    let sum = 2.0 * raw.iter().sum::<f64>() - raw[0];
    raw.iter().map(|g| (g / sum) as f32).collect()
}

/// The pixel that stands for pixel i of a line of n.
pub(super) fn mirrored(i: isize, n: usize) -> usize {
    let i = i.rem_euclid(2 * n as isize) as usize;
    if i < n { i } else { 2 * n - 1 - i }
}

#[cfg(test)]
mod tests {
    use super::{gaussian, mirrored};
    use crate::draw::Stream;
    use crate::picture::grey::Grey;

    #[test]
    fn two_passes_are_the_definition() {
        let (width, height) = (11, 7);
        let mut draw = Stream::new(2, "blur", 0);
        let picture = Grey::new(width, height, (0..77).map(|_| draw.uniform() as f32).collect()).expect("fits");
        for sigma in [0.4, 1.3, 6.0] {
            let reach = (3.0f64 * sigma).ceil() as isize;
            let g = |i: isize| (-(i * i) as f64 / (2.0 * sigma * sigma)).exp();
            let whole: f64 = (-reach..=reach).map(g).sum();
            let got = gaussian(&picture, sigma);
            for y in 0..height {
                for x in 0..width {
                    let mut sum = 0.0;
                    for j in -reach..=reach {
                        for i in -reach..=reach {
                            let (r, c) = (mirrored(y as isize + j, height), mirrored(x as isize + i, width));
                            sum += g(i) * g(j) * f64::from(picture.at(r, c)) / (whole * whole);
                        }
                    }
                    assert!((f64::from(got.at(y, x)) - sum).abs() < 1e-6, "{sigma} {x} {y}");
                }
            }
        }
        assert_eq!(gaussian(&picture, 0.0), picture);
        assert_eq!(gaussian(&picture, f64::NAN), picture);
    }

    #[test]
    fn edges_repeat() {
        assert_eq!((-4..8).map(|i| mirrored(i, 3)).collect::<Vec<_>>(), [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
    }
}
