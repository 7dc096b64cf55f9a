//! Even light: shades over those of the ground.
//!
//! ```text
//! out(x, y) = min(v(x, y) / max(b(x, y), 0.05), 4),   b = quadratic surface of the ground, by least squares
//! ```
//! The ground is told by the frame, a band of 1/12 of the shorter side along the edges: a surface is fitted to it, what lies farther off than
//! 2.5 spreads (1.4826 · median deviation) is left out, twice; then all pixels of the picture within 3 spreads join and it is fitted
//! again, twice. So ground comes out at 1, and a print that absorbs 70 % of the light at 0.3 wherever it lies.
//!
//! Cannot follow: edges of shadows, highlights, ground of two shades; a frame that is mostly not ground.

use crate::picture::grey::Grey;

const TERMS: usize = 6;
/// Below this the ground is black, and ratios say nothing.
const DARK: f64 = 0.05;
const BRIGHT: f64 = 4.0;
/// Shades that always count as near: half a step of 6-bit pictures.
const NEAR: f64 = 0.008;
/// Pixels that a fit looks at, at most about.
const LOOKED_AT: usize = 20_000;

/// The picture with its ground at 1.
#[must_use]
pub fn flatten(picture: &Grey) -> Grey {
    let Some(surface) = ground(picture) else { return picture.clone() };
    let (w, h) = (picture.width(), picture.height());
    let values = picture.values().iter().enumerate().map(|(i, v)| {
        let b = value(&surface, &terms(i % w, i / w, w, h)).max(DARK);
        (f64::from(*v) / b).min(BRIGHT) as f32
    });
    Grey::new(w, h, values.collect()).unwrap_or_else(|| picture.clone())
}

fn terms(x: usize, y: usize, w: usize, h: usize) -> [f64; TERMS] {
    let of = |i: usize, n: usize| (2 * i + 1) as f64 / n as f64 - 1.0;
    let (u, v) = (of(x, w), of(y, h));
    [1.0, u, v, u * u, u * v, v * v]
}

fn value(surface: &[f64; TERMS], terms: &[f64; TERMS]) -> f64 {
    surface.iter().zip(terms).map(|(s, t)| s * t).sum()
}

fn ground(picture: &Grey) -> Option<[f64; TERMS]> {
    let (w, h) = (picture.width(), picture.height());
    let every = libm::ceil(((w * h) as f64 / LOOKED_AT as f64).sqrt()).max(1.0) as usize;
    let all: Vec<([f64; TERMS], f64, bool)> = (0..h)
        .step_by(every)
        .flat_map(|y| (0..w).step_by(every).map(move |x| (x, y)))
        .map(|(x, y)| {
            let inwards = x.min(w - 1 - x).min(y.min(h - 1 - y));
            (terms(x, y, w, h), f64::from(picture.at(y, x)), 12 * inwards < w.min(h))
        })
        .collect();
    let frame: Vec<_> = all.iter().filter(|p| p.2).collect();
    let mut shades: Vec<f64> = frame.iter().map(|p| p.1).collect();
    let mut surface = [0.0; TERMS];
    surface[0] = median(&mut shades)?;
    let mut spread = spread_of(&frame, &surface)?;
    for (round, factor) in [2.5, 2.5, 2.5, 3.0, 3.0].into_iter().enumerate() {
        let whole = round > 2;
        let near =
            |p: &&([f64; TERMS], f64, bool)| (whole || p.2) && (p.1 - value(&surface, &p.0)).abs() <= factor * spread + NEAR;
        let taken: Vec<_> = all.iter().filter(near).collect();
        surface = fit(&taken).unwrap_or(surface);
        if !whole {
            spread = spread_of(&frame, &surface)?;
        }
    }
    surface.iter().all(|s| s.is_finite()).then_some(surface)
}

fn spread_of(frame: &[&([f64; TERMS], f64, bool)], surface: &[f64; TERMS]) -> Option<f64> {
    median(&mut frame.iter().map(|p| (p.1 - value(surface, &p.0)).abs()).collect::<Vec<_>>()).map(|m| 1.4826 * m)
}

fn median(all: &mut [f64]) -> Option<f64> {
    let middle = all.len() / 2;
    (!all.is_empty()).then(|| *all.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// Least squares by the normal equations; `None` where the points do not determine a surface.
fn fit(points: &[&([f64; TERMS], f64, bool)]) -> Option<[f64; TERMS]> {
    let mut a = [[0.0; TERMS + 1]; TERMS];
    for (t, v, _) in points.iter().copied() {
        for (row, ti) in a.iter_mut().zip(t) {
            row.iter_mut().zip(t).for_each(|(cell, tj)| *cell += ti * tj);
            row[TERMS] += ti * v;
        }
    }
    let scale = a[0][0];
    for k in 0..TERMS {
        let pivot = (k..TERMS).max_by(|i, j| a[*i][k].abs().total_cmp(&a[*j][k].abs()))?;
        a.swap(k, pivot);
        if a[k][k].abs() <= 1e-6 * scale || scale == 0.0 {
            return None;
        }
        let top = a[k];
        for row in a.iter_mut().skip(k + 1) {
            let factor = row[k] / top[k];
            row.iter_mut().zip(top).for_each(|(cell, t)| *cell -= factor * t);
        }
    }
    let mut out = [0.0; TERMS];
    for k in (0..TERMS).rev() {
        let known: f64 = (k + 1..TERMS).map(|j| a[k][j] * out[j]).sum();
        out[k] = (a[k][TERMS] - known) / a[k][k];
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::flatten;
    use crate::draw::Stream;
    use crate::picture::grey::Grey;

    #[test]
    fn slanted_light_comes_out_even() {
        let (w, h) = (90, 70);
        let mut draw = Stream::new(10, "flatten", 0);
        let printed = |x: usize, y: usize| (30..60).contains(&x) && (15..55).contains(&y);
        // A thumb over a corner of the frame.
        let thumb = |x: usize, y: usize| x < 14 && y < 20;
        let values = (0..w * h)
            .map(|i| {
                let (x, y) = (i % w, i / w);
                let light = 0.5 + 0.004 * x as f64 - 0.00003 * (y * y) as f64;
                let shade = if thumb(x, y) {
                    0.1
                } else if printed(x, y) {
                    0.3
                } else {
                    1.0
                };
                (light * shade + 0.01 * draw.normal()) as f32
            })
            .collect();
        let flat = flatten(&Grey::new(w, h, values).expect("fits"));
        for y in 0..h {
            for x in 0..w {
                if !thumb(x, y) {
                    let expected = if printed(x, y) { 0.3 } else { 1.0 };
                    assert!((f64::from(flat.at(y, x)) - expected).abs() < 0.12, "{x} {y} {}", flat.at(y, x));
                }
            }
        }
    }

    #[test]
    fn two_levels_stay_two() {
        let values = (0..400).map(|i| if (120..200).contains(&i) { 1.0 } else { 0.0 }).collect();
        let flat = flatten(&Grey::new(20, 20, values).expect("fits"));
        assert!(flat.values().iter().all(|v| *v == 0.0 || *v == 4.0));
        assert_eq!(flatten(&Grey::new(1, 1, vec![0.5]).expect("fits")).values(), [1.0]);
    }
}
