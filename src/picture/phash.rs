//! A perceptual hash: signs of the low frequencies.
//!
//! ```text
//! the picture as m × m pixels by area means, m = 4k;   C(u, v) = Σ_y Σ_x v(y, x) cos(πu(2y+1)/2m) cos(πv(2x+1)/2m)
//! bit u·k + v = 1 where C(u+1, v+1) > median of the k² numbers,   u, v = 0 … k − 1
//! ```
//! k = 8: 64 bits; k = 16: 256. Source: C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions (2010), § 3.2.1, without its
//! 7 × 7 mean, which the area means stand in for. Words hold bits from their lowest up. Compared by the Hamming distance: the same
//! picture, saved anew or in another size, differs in few bits; different ones in about half.
//!
//! Not invariant to rotation, mirroring, or shift.

use super::grey::Grey;
use super::resample::resize;

/// The hash of k × k bits, k 1 … 16; larger ones count as 16 and 0 as 1.
#[must_use]
pub fn phash(picture: &Grey, k: usize) -> Vec<u64> {
    let k = k.clamp(1, 16);
    let coefficients = low_frequencies(picture, k);
    let median = median(&coefficients);
    let mut words = vec![0u64; (k * k).div_ceil(64)];
    for (i, c) in coefficients.iter().enumerate() {
        words[i / 64] |= u64::from(*c > median) << (i % 64);
    }
    words
}

/// Words as bytes from the lowest up, each a number from 0 to 255, as metrics of packed bits take them.
#[must_use]
pub fn as_bytes(words: &[u64]) -> Vec<f32> {
    words.iter().flat_map(|word| word.to_le_bytes()).map(f32::from).collect()
}

/// C(1 …= k, 1 …= k), row by row.
fn low_frequencies(picture: &Grey, k: usize) -> Vec<f64> {
    let m = 4 * k;
    let Some(small) = resize(picture, m, m) else { return vec![0.0; k * k] };
    let wave: Vec<f64> = (1..=k)
        .flat_map(|u| (0..m).map(move |x| libm::cos(std::f64::consts::PI * (u * (2 * x + 1)) as f64 / (2 * m) as f64)))
        .collect();
    let rows: Vec<f64> = small
        .values()
        .chunks_exact(m)
        .flat_map(|row| wave.chunks_exact(m).map(move |w| w.iter().zip(row).map(|(w, v)| w * f64::from(*v)).sum::<f64>()))
        .collect();
    wave.chunks_exact(m)
        .flat_map(|w| (0..k).map(|v| w.iter().enumerate().map(|(y, w)| w * rows[y * k + v]).sum::<f64>()).collect::<Vec<_>>())
        .collect()
}

fn median(all: &[f64]) -> f64 {
    let mut sorted = all.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n % 2 == 1 { sorted[n / 2] } else { 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]) }
}

#[cfg(test)]
mod tests {
    use super::{as_bytes, low_frequencies, phash};
    use crate::draw::Stream;
    use crate::picture::blur::gaussian;
    use crate::picture::grey::Grey;
    use crate::picture::resample::resize;

    fn scene(index: u64) -> Grey {
        let mut draw = Stream::new(5, "phash", index);
        let noise = Grey::new(96, 80, (0..96 * 80).map(|_| draw.uniform() as f32).collect()).expect("fits");
        gaussian(&noise, 6.0)
    }

    #[test]
    fn frequencies_are_the_definition() {
        let picture = resize(&scene(0), 32, 32).expect("sizes");
        let got = low_frequencies(&picture, 8);
        let wave = |u: usize, x: usize| (std::f64::consts::PI * u as f64 * (2.0 * x as f64 + 1.0) / 64.0).cos();
        for (u, v) in [(1, 1), (3, 8), (8, 2)] {
            let mut sum = 0.0;
            for y in 0..32 {
                for x in 0..32 {
                    sum += f64::from(picture.at(y, x)) * wave(u, y) * wave(v, x);
                }
            }
            assert!((got[(u - 1) * 8 + v - 1] - sum).abs() < 1e-9);
        }
    }

    #[test]
    fn the_same_scene_is_near_and_another_far() {
        let bits = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(x, y)| (x ^ y).count_ones()).sum::<u32>();
        for k in [8, 16] {
            let (a, b) = (phash(&scene(1), k), phash(&scene(2), k));
            let again = phash(&resize(&scene(1), 61, 77).expect("sizes"), k);
            assert_eq!(a.iter().map(|w| w.count_ones()).sum::<u32>() as usize, k * k / 2);
            assert!(bits(&a, &again) * 16 < (k * k) as u32, "{}", bits(&a, &again));
            assert!(bits(&a, &b) * 4 > (k * k) as u32, "{}", bits(&a, &b));
            let ones: u32 = as_bytes(&a).iter().map(|b| (*b as u8).count_ones()).sum();
            assert_eq!(ones as usize, k * k / 2);
        }
        assert_eq!(phash(&scene(1), 0).len(), 1);
    }
}
