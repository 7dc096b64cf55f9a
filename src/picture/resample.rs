//! A picture with another number of pixels, and shades between pixels.
//!
//! Along each axis with n pixels in and m out, the point of output pixel j lies at (j + ½)·n/m − ½ in the input.
//! - m < n: **area**: the mean of the input over [j·n/m, (j+1)·n/m], pixels at the ends by the part that is covered. Nothing aliases worse than a box
//!   lets through.
//! - m ≥ n: **linear** between the two pixels around the point, ends repeated.
//!
//! Not done: filters with negative lobes (they would leave the range of the shades).

use super::grey::Grey;

/// The shade at a point, linear between the four pixels around it; outside, that of the nearest point of the picture.
#[must_use]
pub fn bilinear(picture: &Grey, x: f64, y: f64) -> f64 {
    let (x0, x1, fx) = around(x, picture.width());
    let (y0, y1, fy) = around(y, picture.height());
    let of = |row, column| f64::from(picture.at(row, column));
    let above = of(y0, x0) + fx * (of(y0, x1) - of(y0, x0));
    let below = of(y1, x0) + fx * (of(y1, x1) - of(y1, x0));
    above + fy * (below - above)
}

fn around(at: f64, n: usize) -> (usize, usize, f64) {
    // NaN goes to 0: `max` returns the other operand.
    let at = at.max(0.0).min((n - 1) as f64);
    let low = at as usize;
    (low, (low + 1).min(n - 1), at - low as f64)
}

/// What an output pixel takes: the first input pixel and the weights from there on.
struct Share {
    first: usize,
    weights: Vec<f32>,
}

fn shares(n: usize, m: usize) -> Vec<Share> {
    let step = n as f64 / m as f64;
    let share = |j: usize| {
        if m >= n {
            let (first, _, part) = around((j as f64 + 0.5) * step - 0.5, n);
            let weights = if part == 0.0 { vec![1.0] } else { vec![(1.0 - part) as f32, part as f32] };
            return Share { first, weights };
        }
        let (from, to) = (j as f64 * step, ((j + 1) as f64 * step).min(n as f64));
        let first = from as usize;
        let covered = |i: usize| (to.min((i + 1) as f64) - from.max(i as f64)).max(0.0) / (to - from);
        let last = (first + 1..n).take_while(|&i| covered(i) > 0.0).last().unwrap_or(first);
        Share { first, weights: (first..=last).map(|i| covered(i) as f32).collect() }
    };
    (0..m).map(share).collect()
}

/// The picture with width × height pixels; `None` where one of them is 0.
#[must_use]
pub fn resize(picture: &Grey, width: usize, height: usize) -> Option<Grey> {
    if width == 0 || height == 0 {
        return None;
    }
    if (width, height) == (picture.width(), picture.height()) {
        return Some(picture.clone());
    }
    let (across, down) = (shares(picture.width(), width), shares(picture.height(), height));
    let narrow: Vec<f32> = picture
        .values()
        .chunks_exact(picture.width())
        .flat_map(|row| across.iter().map(|share| share.weights.iter().zip(&row[share.first..]).map(|(w, v)| w * v).sum::<f32>()))
        .collect();
    let mut values = vec![0.0; width.checked_mul(height)?];
    for (out, share) in values.chunks_exact_mut(width).zip(&down) {
        for (k, &w) in share.weights.iter().enumerate() {
            let row = &narrow[(share.first + k) * width..][..width];
            out.iter_mut().zip(row).for_each(|(o, v)| *o += w * v);
        }
    }
    Grey::new(width, height, values)
}

/// The picture with a longer side of at most this many pixels; itself where it is no larger.
#[must_use]
pub fn at_most(picture: &Grey, longer: usize) -> Grey {
    let side = picture.width().max(picture.height());
    if side <= longer || longer == 0 {
        return picture.clone();
    }
    let of = |n: usize| ((n as f64 * longer as f64 / side as f64).round() as usize).max(1);
    resize(picture, of(picture.width()), of(picture.height())).unwrap_or_else(|| picture.clone())
}

#[cfg(test)]
mod tests {
    use super::{at_most, bilinear, resize};
    use crate::draw::Stream;
    use crate::picture::grey::Grey;

    fn noise(width: usize, height: usize) -> Grey {
        let mut draw = Stream::new(1, "resample", 0);
        Grey::new(width, height, (0..width * height).map(|_| draw.uniform() as f32).collect()).expect("fits")
    }

    /// The mean over the covered rectangle, by the definition, in two dimensions.
    fn naive_area(picture: &Grey, width: usize, height: usize, row: usize, column: usize) -> f64 {
        let cover = |i: usize, j: usize, n: usize, m: usize| {
            let step = n as f64 / m as f64;
            (((j + 1) as f64 * step).min((i + 1) as f64) - (j as f64 * step).max(i as f64)).max(0.0) / step
        };
        let mut sum = 0.0;
        for r in 0..picture.height() {
            for c in 0..picture.width() {
                let share = cover(r, row, picture.height(), height) * cover(c, column, picture.width(), width);
                sum += share * f64::from(picture.at(r, c));
            }
        }
        sum
    }

    #[test]
    fn shrinking_is_the_mean_over_the_area() {
        let picture = noise(23, 17);
        for (width, height) in [(7, 5), (22, 3), (1, 1), (23, 16)] {
            let got = resize(&picture, width, height).expect("sizes");
            for row in 0..height {
                for column in 0..width {
                    let off = f64::from(got.at(row, column)) - naive_area(&picture, width, height, row, column);
                    assert!(off.abs() < 1e-6, "{width} {height} {row} {column}: {off}");
                }
            }
        }
    }

    #[test]
    fn enlarging_is_linear() {
        let picture = noise(5, 4);
        let got = resize(&picture, 13, 11).expect("sizes");
        for row in 0..11 {
            for column in 0..13 {
                let (x, y) = ((column as f64 + 0.5) * 5.0 / 13.0 - 0.5, (row as f64 + 0.5) * 4.0 / 11.0 - 0.5);
                assert!((f64::from(got.at(row, column)) - bilinear(&picture, x, y)).abs() < 1e-6);
            }
        }
        let ramp = Grey::new(3, 1, vec![0.0, 1.0, 2.0]).expect("fits");
        assert_eq!(bilinear(&ramp, 1.25, 0.0), 1.25);
        assert_eq!(bilinear(&ramp, -7.0, 9.0), 0.0);
        assert_eq!(bilinear(&ramp, f64::NAN, 0.0), 0.0);
    }

    #[test]
    fn sizes() {
        assert!(resize(&noise(3, 3), 0, 2).is_none());
        let small = at_most(&noise(40, 20), 10);
        assert_eq!((small.width(), small.height()), (10, 5));
        assert_eq!(at_most(&small, 10), small);
        assert_eq!(at_most(&noise(300, 1), 10).height(), 1);
    }
}
