//! Illumination taken off.
//!
//! ```text
//! f(x, y) = p(x, y) / max(m(x, y), 0.02) − 1,   m = wide Gaussian mean of p, weights of pixels outside 0
//! ```
//! Division, because light and vignetting multiply what is seen: what is left is the shade relative to its surroundings, with the same contrast where
//! the picture is dark. 0.02 of white keeps black areas from becoming noise.
//!
//! The mean is computed on blocks of about a quarter of the Gaussian's standard deviation and linearly between their centres; that widens it by a few
//! percent (variance b²/12 of the block and about b²/6 of the interpolation, b = σ/4).

use super::field::Field;
use super::region::Rectangle;
use crate::picture::grey::Grey;

const DARK: f64 = 0.02;

/// Where block `i` of `blocks` starts, of `size` pixels.
pub(super) const fn edge(i: usize, blocks: usize, size: usize) -> usize {
    i * size / blocks
}

/// The flattened shades of an area.
pub(super) fn flatten(picture: &Grey, area: Rectangle, sigma: f64) -> Field {
    let (width, height) = (area.width, area.height);
    let side = (sigma / 4.0).max(1.0);
    let count = |size: usize| (libm::ceil(size as f64 / side) as usize).clamp(1, size);
    let (across, down) = (count(width), count(height));
    let mut blocks = block_means(picture, area, across, down);
    wide(&mut blocks, across, down, (sigma * across as f64 / width as f64, sigma * down as f64 / height as f64));

    let columns = between(width, across);
    let rows = between(height, down);
    let mut values = Vec::with_capacity(width * height);
    let mut line = vec![0.0f32; across];
    for (y, &(j, t)) in rows.iter().enumerate() {
        let (top, below) = (&blocks[j * across..], &blocks[(j + 1).min(down - 1) * across..]);
        for (line, (a, b)) in line.iter_mut().zip(top.iter().zip(below)) {
            *line = (a + f64::from(t) * (b - a)) as f32;
        }
        let from = (area.y + y) * picture.width() + area.x;
        let shades = &picture.values()[from..from + width];
        values.extend(shades.iter().zip(&columns).map(|(p, &(i, s))| {
            let mean = line[i] + s * (line[(i + 1).min(across - 1)] - line[i]);
            p / mean.max(DARK as f32) - 1.0
        }));
    }
    Field { width, height, values }
}

fn block_means(picture: &Grey, area: Rectangle, across: usize, down: usize) -> Vec<f64> {
    let mut means = vec![0.0; across * down];
    for j in 0..down {
        let rows = edge(j, down, area.height)..edge(j + 1, down, area.height);
        for y in rows.clone() {
            let row = &picture.values()[(area.y + y) * picture.width() + area.x..][..area.width];
            for i in 0..across {
                let part = &row[edge(i, across, area.width)..edge(i + 1, across, area.width)];
                let sum: f64 = part.iter().map(|v| f64::from(*v)).sum();
                means[j * across + i] += sum / (part.len() * rows.len()) as f64;
            }
        }
    }
    means
}

/// Gaussian of blocks, along rows, then along columns; at an edge only blocks that exist count.
fn wide(blocks: &mut [f64], across: usize, down: usize, sigma: (f64, f64)) {
    let mut line = vec![0.0; across];
    for row in blocks.chunks_exact_mut(across) {
        line.copy_from_slice(row);
        inside(&line, None, sigma.0, row);
    }
    let (mut column, mut out) = (vec![0.0; down], vec![0.0; down]);
    for i in 0..across {
        for (j, v) in column.iter_mut().enumerate() {
            *v = blocks[j * across + i];
        }
        inside(&column, None, sigma.1, &mut out);
        for (j, v) in out.iter().enumerate() {
            blocks[j * across + i] = *v;
        }
    }
}

/// Gaussian mean of the measured numbers of a line, 0 where none is near.
pub(super) fn inside(line: &[f64], measured: Option<&[bool]>, sigma: f64, out: &mut [f64]) {
    let half = super::field::kernel(sigma);
    for (i, out) in out.iter_mut().enumerate() {
        let (from, to) = (i.saturating_sub(half.len() - 1), (i + half.len()).min(line.len()));
        let (mut sum, mut weights) = (0.0, 0.0);
        for k in from..to {
            if measured.is_none_or(|m| m[k]) {
                let w = half[k.abs_diff(i)];
                sum += w * line[k];
                weights += w;
            }
        }
        *out = if weights > 0.0 { sum / weights } else { 0.0 };
    }
}

/// For each pixel the block at or before it and how far on it is.
fn between(size: usize, blocks: usize) -> Vec<(usize, f32)> {
    let step = blocks as f64 / size as f64;
    (0..size)
        .map(|x| {
            let t = ((x as f64 + 0.5) * step - 0.5).clamp(0.0, (blocks - 1) as f64);
            let i = t as usize;
            (i, (t - i as f64) as f32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive_mean(picture: &Grey, sigma: f64, column: usize, row: usize) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        for y in 0..picture.height() {
            for x in 0..picture.width() {
                let (dx, dy) = (x as f64 - column as f64, y as f64 - row as f64);
                let w = libm::exp(-0.5 * (dx * dx + dy * dy) / (sigma * sigma));
                sum += w * f64::from(picture.at(y, x));
                weights += w;
            }
        }
        sum / weights
    }

    #[test]
    fn it_follows_the_definition() {
        let (width, height) = (150, 110);
        let shade = |x: f64, y: f64| (0.5 + 0.3 * libm::sin(x / 40.0)) * (1.0 - y / 200.0) + 0.02 * libm::cos(x * y);
        let values = (0..width * height).map(|i| shade((i % width) as f64, (i / width) as f64) as f32).collect();
        let picture = Grey::new(width, height, values).unwrap();
        let whole = Rectangle { x: 0, y: 0, width, height };
        let flat = flatten(&picture, whole, 16.0);
        let mut worst = 0.0f64;
        for (x, y) in [(0, 0), (149, 109), (75, 50), (3, 90), (149, 0), (40, 40), (110, 20)] {
            let definition = f64::from(picture.at(y, x)) / naive_mean(&picture, 16.0, x, y) - 1.0;
            worst = worst.max((definition - f64::from(flat.row(y)[x])).abs());
        }
        // The shades range over ±60 % of their mean; the blocks widen the Gaussian by a few percent.
        assert!(worst < 0.02, "{worst}");
    }

    #[test]
    fn light_that_fades_does_not_change_the_contrast() {
        let (width, height) = (400, 100);
        let stripe = |x: usize| 1.0 + 0.1 * libm::sin(x as f64);
        let fade = |x: usize| 0.2 + 0.6 * x as f64 / width as f64;
        let values = (0..width * height).map(|i| (stripe(i % width) * fade(i % width)) as f32).collect();
        let flat = flatten(&Grey::new(width, height, values).unwrap(), Rectangle { x: 0, y: 0, width, height }, 30.0);
        let rms = |columns: std::ops::Range<usize>| {
            let part = &flat.row(50)[columns];
            (part.iter().map(|v| f64::from(v * v)).sum::<f64>() / part.len() as f64).sqrt()
        };
        let (dark, light) = (rms(100..163), rms(300..363));
        assert!((dark / light - 1.0).abs() < 0.05 && (light - 0.0707).abs() < 0.005, "{dark} {light}");
        let black = Grey::new(2, 2, vec![0.0; 4]).unwrap();
        assert!(flatten(&black, Rectangle { x: 0, y: 0, width: 2, height: 2 }, 30.0).values.iter().all(|v| *v == -1.0));
    }
}
