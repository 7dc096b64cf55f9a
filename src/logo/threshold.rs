//! Where foreground ends: Otsu's threshold, and a local one.
//!
//! ```text
//! Otsu:   t = argmax ω₀(t)ω₁(t)(μ₀(t) − μ₁(t))²          shares ω and means μ of the shades up to and above t, in 256 bins
//! local:  foreground where |v − mean over a square window| > offset, on the foreground's side
//! ```
//! Sources: N. Otsu, doi:10.1109/TSMC.1979.4310076; the local mean after D. Bradley, G. Roth, doi:10.1080/2151237X.2007.10129236, with a fixed offset.
//! The contrast that is reported is |μ₀ − μ₁| over the root mean square of the two standard deviations: shades that are normal about one mean give
//! 2.65 when cut in two, evenly spread ones 3.46; two levels give more.

use crate::picture::grey::Grey;

/// Two classes of shades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    pub threshold: f64,
    /// Mean of the shades up to the threshold.
    pub low: f64,
    /// Mean of those above.
    pub high: f64,
    /// Distance of the means in spreads; infinite where neither class has any.
    pub contrast: f64,
}

const BINS: usize = 256;

/// Otsu's split; `None` where all shades are equal.
#[must_use]
pub fn otsu(values: &[f32]) -> Option<Split> {
    let (least, most) = values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, m), v| (l.min(*v), m.max(*v)));
    let (least, most) = (f64::from(least), f64::from(most));
    if values.is_empty() || least >= most {
        return None;
    }
    let bin = |v: f64| (((v - least) / (most - least) * BINS as f64) as usize).min(BINS - 1);
    let mut counts = [0u64; BINS];
    let mut sums = [0.0; BINS];
    let mut squares = [0.0; BINS];
    for v in values {
        let v = f64::from(*v);
        let k = bin(v);
        counts[k] += 1;
        sums[k] += v - least;
        squares[k] += (v - least) * (v - least);
    }
    let total = (counts.iter().sum::<u64>() as f64, sums.iter().sum::<f64>(), squares.iter().sum::<f64>());
    let (mut n, mut sum, mut square) = (0.0, 0.0, 0.0);
    let mut best: Option<(f64, Split)> = None;
    // Empty bins between two classes are all equally good: the middle one is taken.
    let mut level = (0, 0);
    for k in 0..BINS - 1 {
        n += counts[k] as f64;
        sum += sums[k];
        square += squares[k];
        let rest = total.0 - n;
        if n == 0.0 || rest == 0.0 {
            continue;
        }
        let (low, high) = (sum / n, (total.1 - sum) / rest);
        let between = n * rest * (low - high) * (low - high);
        if let Some((most_between, split)) = &mut best
            && (between - *most_between).abs() <= 1e-12 * *most_between
            && counts[k] == 0
        {
            level.1 = k;
            split.threshold = least + (most - least) * ((level.0 + level.1) as f64 / 2.0 + 1.0) / BINS as f64;
        } else if best.as_ref().is_none_or(|(most_between, _)| between > *most_between) {
            let spread = |square: f64, n: f64, mean: f64| (square / n - mean * mean).max(0.0);
            let within = 0.5 * (spread(square, n, low) + spread(total.2 - square, rest, high));
            let threshold = least + (most - least) * (k + 1) as f64 / BINS as f64;
            let contrast =
                if within > 1e-12 * (most - least) * (most - least) { (high - low) / within.sqrt() } else { f64::INFINITY };
            level = (k, k);
            best = Some((between, Split { threshold, low: least + low, high: least + high, contrast }));
        }
    }
    best.map(|(_, split)| split)
}

/// The mean of the shades within `half` pixels along both axes, cut at the edges of the picture.
#[must_use]
pub fn local_mean(picture: &Grey, half: usize) -> Vec<f64> {
    let (w, h) = (picture.width(), picture.height());
    let mut sums = vec![0.0; (w + 1) * (h + 1)];
    for y in 0..h {
        let mut row = 0.0;
        for x in 0..w {
            row += f64::from(picture.at(y, x));
            sums[(y + 1) * (w + 1) + x + 1] = sums[y * (w + 1) + x + 1] + row;
        }
    }
    let mut out = Vec::with_capacity(w * h);
    for y in 0..h {
        let (top, bottom) = (y.saturating_sub(half), (y + half + 1).min(h));
        for x in 0..w {
            let (left, right) = (x.saturating_sub(half), (x + half + 1).min(w));
            let of = |y: usize, x: usize| sums[y * (w + 1) + x];
            let sum = of(bottom, right) - of(bottom, left) - of(top, right) + of(top, left);
            out.push(sum / ((bottom - top) * (right - left)) as f64);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{local_mean, otsu};
    use crate::draw::Stream;
    use crate::picture::grey::Grey;

    #[test]
    fn otsu_is_the_best_cut() {
        let mut draw = Stream::new(7, "otsu", 0);
        let values: Vec<f32> = (0..3000).map(|i| (if i % 3 == 0 { 0.7 } else { 0.2 } + 0.08 * draw.normal()) as f32).collect();
        let between = |t: f64| {
            let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len().max(1) as f64;
            let (low, high): (Vec<f64>, Vec<f64>) = values.iter().map(|v| f64::from(*v)).partition(|v| *v <= t);
            (low.len() * high.len()) as f64 * (mean(&low) - mean(&high)).powi(2)
        };
        let split = otsu(&values).expect("two levels");
        let best = (0..1000).map(|i| between(f64::from(i) / 1000.0)).fold(0.0, f64::max);
        assert!(between(split.threshold) > 0.9999 * best);
        assert!((split.low - 0.2).abs() < 0.01 && (split.high - 0.7).abs() < 0.01);
        assert!((5.0..7.5).contains(&split.contrast), "{}", split.contrast);
    }

    #[test]
    fn one_level_has_little_contrast_and_two_have_all() {
        let mut draw = Stream::new(8, "otsu", 0);
        let noise: Vec<f32> = (0..20_000).map(|_| draw.normal() as f32).collect();
        assert!((otsu(&noise).expect("varies").contrast - 2.65).abs() < 0.1);
        assert!(otsu(&[0.5; 9]).is_none());
        assert!(otsu(&[]).is_none());
        let two = otsu(&[0.0, 0.0, 1.0]).expect("two");
        assert_eq!((two.low, two.high, two.contrast), (0.0, 1.0, f64::INFINITY));
        assert!((two.threshold - 0.5).abs() < 0.01, "{}", two.threshold);
    }

    #[test]
    fn local_means_are_means() {
        let mut draw = Stream::new(9, "mean", 0);
        let picture = Grey::new(7, 5, (0..35).map(|_| draw.uniform() as f32).collect()).expect("fits");
        let got = local_mean(&picture, 2);
        for y in 0..5usize {
            for x in 0..7usize {
                let near: Vec<f64> = (0..35usize)
                    .filter(|i| (i % 7).abs_diff(x) <= 2 && (i / 7).abs_diff(y) <= 2)
                    .map(|i| f64::from(picture.values()[i]))
                    .collect();
                assert!((got[y * 7 + x] - near.iter().sum::<f64>() / near.len() as f64).abs() < 1e-12);
            }
        }
    }
}
