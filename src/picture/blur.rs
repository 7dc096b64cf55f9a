//! Gaussian blur.
//!
//! ```text
//! out(x, y) = Σᵢ Σⱼ gᵢ gⱼ in(x + i, y + j),   gᵢ ∝ exp(−i²/2σ²),  |i| ≤ ⌈tσ⌉, t = 3 unless told,  Σ gᵢ = 1
//! ```
//! σ in pixels. Beyond the edge the picture is mirrored with its edge pixel repeated, d c b a | a b c d, or its last pixel goes on. Two passes, along rows and along columns.

use super::grey::Grey;

/// What lies beyond the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The picture, mirrored with its edge pixel repeated.
    Mirror,
    /// Its last pixel, on and on.
    Repeat,
}

/// The blurred picture, cut at 3σ and mirrored at its edges; itself where σ is not above 0. σ above 1 000 counts as 1 000.
#[must_use]
pub fn gaussian(picture: &Grey, sigma: f64) -> Grey {
    if sigma.is_nan() || sigma <= 0.0 {
        return picture.clone();
    }
    let (width, height) = (picture.width(), picture.height());
    let values = smooth(picture.values(), (width, height), &kernel(sigma.min(1000.0), 3.0), Edge::Mirror);
    Grey::new(width, height, values).unwrap_or_else(|| picture.clone())
}

/// Weights g₀, g₁ … at distances 0, 1 … up to so many σ, whose sum over both sides is 1.
#[must_use]
pub fn kernel(sigma: f64, sigmas: f64) -> Vec<f64> {
    if sigma < 0.05 {
        return vec![1.0];
    }
    let reach = libm::ceil(sigmas * sigma) as usize;
    let mut half: Vec<f64> = (0..=reach).map(|i| libm::exp(-0.5 * (i as f64 / sigma) * (i as f64 / sigma))).collect();
    let sum = 2.0 * half.iter().sum::<f64>() - half[0];
    for g in &mut half {
        *g /= sum;
    }
    half
}

/// Numbers on width × height pixels, smoothed along rows, then along columns.
#[must_use]
pub fn smooth(values: &[f32], (width, height): (usize, usize), half: &[f64], edge: Edge) -> Vec<f32> {
    let half: Vec<f32> = half.iter().map(|g| *g as f32).collect();
    let reach = half.len() - 1;
    let at = |i: isize, n: usize| match edge {
        Edge::Mirror => mirrored(i, n),
        Edge::Repeat => i.clamp(0, n as isize - 1) as usize,
    };
    let mut wide = vec![0.0; values.len()];
    let mut line = vec![0.0; width + 2 * reach];
    for (out, row) in wide.chunks_exact_mut(width).zip(values.chunks_exact(width)) {
        line[reach..reach + width].copy_from_slice(row);
        for k in 0..reach {
            line[k] = row[at(k as isize - reach as isize, width)];
            line[reach + width + k] = row[at((width + k) as isize, width)];
        }
        add(out, &line[reach..], &line[reach..], 0.5 * half[0]);
        for (k, &g) in half.iter().enumerate().skip(1) {
            add(out, &line[reach - k..], &line[reach + k..], g);
        }
    }
    let mut smoothed = vec![0.0; values.len()];
    for (row, out) in smoothed.chunks_exact_mut(width).enumerate() {
        let of = |offset: isize| &wide[at(row as isize + offset, height) * width..][..width];
        add(out, of(0), of(0), 0.5 * half[0]);
        for (k, &g) in half.iter().enumerate().skip(1) {
            add(out, of(-(k as isize)), of(k as isize), g);
        }
    }
    smoothed
}

/// out ← out + weight·(a + b)
fn add(out: &mut [f32], a: &[f32], b: &[f32], weight: f32) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out += weight * (a + b);
    }
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
