//! The outline of the largest part, as chords over arcs of several lengths.
//!
//! ```text
//! p_i: N points along the outer boundary, at equal distances, interior on one side;  level ℓ = 1 … L: arcs of s = N/2^ℓ steps, chord p_i → p_(i+s)
//! d_i: length of the chord      h⁺_i, h⁻_i: how far the arc goes beyond the chord to either side      a_i: area between arc and chord, with sign
//! F(ℓ, g, k) = |Σ_i g_i e^(−2πiik/N)| / N,   g = d, h⁺, h⁻ over √area, a over area,   k = 0 … K − 1
//! ```
//! Magnitudes of the spectrum along i do not depend on where the outline starts; a mirrored outline walks backwards with the interior on the same side,
//! and has the same ones. After the hierarchical string cuts of B. Wang, Y. Gao, doi:10.1109/TIP.2014.2343457, with other features and
//! plain spectra. Layout: `[ℓ][d, h⁺, h⁻, a][k]`.
//!
//! It sees one outline: not holes, not further parts, and a gap in a worn ring changes it altogether.

use super::mask::Mask;
use crate::picture::grey::Grey;
use realfft::RealFftPlanner;

/// How an outline is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contour {
    /// N, a power of two from 32 to 1024.
    pub points: usize,
    /// L, so that the shortest arc has two steps or more.
    pub levels: usize,
    /// K, at most N/2 + 1.
    pub frequencies: usize,
}

impl Default for Contour {
    fn default() -> Self {
        Self { points: 256, levels: 6, frequencies: 12 }
    }
}

type Point = (f64, f64);

/// Neighbours, clockwise from the left, y down.
const AROUND: [(isize, isize); 8] = [(-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1)];
/// Binomial weights along the outline.
const TAPS: [f64; 5] = [0.0625, 0.25, 0.375, 0.25, 0.0625];

impl Contour {
    const FEATURES: usize = 4;

    fn resolved(self) -> Self {
        let points = self.points.clamp(32, 1024).next_power_of_two();
        let levels = self.levels.clamp(1, points.trailing_zeros() as usize - 1);
        Self { points, levels, frequencies: self.frequencies.clamp(1, points / 2 + 1) }
    }

    #[must_use]
    pub fn length(self) -> usize {
        let all = self.resolved();
        all.levels * Self::FEATURES * all.frequencies
    }

    /// The descriptor; zeros where nothing has an outline. Settings out of range count as the nearest possible.
    #[must_use]
    pub fn of(self, patch: &Grey) -> Vec<f64> {
        let all = self.resolved();
        let n = all.points;
        let mut out = Vec::with_capacity(all.length());
        let points = outline(patch).and_then(|raw| even(&raw, n));
        let Some(points) = points else { return vec![0.0; all.length()] };
        let area = area(&points);
        if area <= 0.0 {
            return vec![0.0; all.length()];
        }
        let transform = RealFftPlanner::new().plan_fft_forward(n);
        let (mut line, mut spectrum) = (transform.make_input_vec(), transform.make_output_vec());
        for level in 1..=all.levels {
            let features: Vec<[f64; Self::FEATURES]> = (0..n).map(|i| chord(&points, i, n >> level)).collect();
            for g in 0..Self::FEATURES {
                let scale = if g == 3 { area } else { area.sqrt() } * n as f64;
                line.iter_mut().zip(&features).for_each(|(x, f)| *x = f[g] / scale);
                // Lengths are those of the plan, the only thing that can be wrong.
                if transform.process(&mut line, &mut spectrum).is_ok() {
                    out.extend(spectrum[..all.frequencies].iter().map(|z| (z.re * z.re + z.im * z.im).sqrt()));
                }
            }
        }
        out
    }
}

/// d, h⁺, h⁻, a of the chord from point i over s steps.
fn chord(points: &[Point], i: usize, s: usize) -> [f64; 4] {
    let n = points.len();
    let (from, to) = (points[i], points[(i + s) % n]);
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = (dx * dx + dy * dy).sqrt();
    let (mut out, mut inwards, mut area) = (0.0f64, 0.0f64, 0.0);
    let mut before = (0.0, 0.0);
    for k in 1..=s {
        let p = points[(i + k) % n];
        let (x, y) = (p.0 - from.0, p.1 - from.1);
        let beside = if length > 0.0 { (dx * y - dy * x) / length } else { 0.0 };
        out = out.max(beside);
        inwards = inwards.max(-beside);
        area += before.0 * y - before.1 * x;
        before = (x, y);
    }
    [length, out, inwards, area / 2.0]
}

/// Twice-halved cross products: above 0 when walked as [`outline`] walks.
fn area(points: &[Point]) -> f64 {
    let n = points.len();
    (0..n).map(|i| points[i].0 * points[(i + 1) % n].1 - points[i].1 * points[(i + 1) % n].0).sum::<f64>() / 2.0
}

/// The pixels around the largest part, clockwise as the picture is seen, by Moore's neighbour tracing with Jacob's stop: back at
/// the first pixel in the first direction.
fn outline(patch: &Grey) -> Option<Vec<Point>> {
    let (w, h) = (patch.width() as isize, patch.height() as isize);
    let mask = Mask::new(patch.width(), patch.height(), patch.values().iter().map(|v| *v > 0.5).collect())?;
    let part = mask.parts().into_iter().next()?;
    let mut on = vec![false; patch.values().len()];
    part.pixels.iter().for_each(|i| on[*i] = true);
    let is = |x: isize, y: isize| (0..w).contains(&x) && (0..h).contains(&y) && on[(y * w + x) as usize];
    // The first pixel found is the leftmost of the topmost: ground to its left and above.
    let first = *part.pixels.iter().min()? as isize;
    let start = ((first % w), (first / w));
    let (mut at, mut from) = (start, 0usize);
    let mut points = vec![(at.0 as f64, at.1 as f64)];
    let mut first_move = None;
    for _ in 0..4 * on.len() {
        let next = (1..=8).map(|k| (from + k) % 8).find(|d| is(at.0 + AROUND[*d].0, at.1 + AROUND[*d].1))?;
        if at == start && first_move == Some(next) {
            break;
        }
        first_move = first_move.or(Some(next));
        at = (at.0 + AROUND[next].0, at.1 + AROUND[next].1);
        // The ground pixel looked at before `next`, seen from the new pixel.
        from = if next % 2 == 0 { (next + 6) % 8 } else { (next + 5) % 8 };
        points.push((at.0 as f64, at.1 as f64));
    }
    points.pop();
    (points.len() > 8).then_some(points)
}

/// n points at equal distances along a closed line, smoothed over about one of their distances.
fn even(raw: &[Point], n: usize) -> Option<Vec<Point>> {
    let count = raw.len();
    let next = |i: usize| raw[(i + 1) % count];
    let step: Vec<f64> = (0..count).map(|i| ((next(i).0 - raw[i].0).powi(2) + (next(i).1 - raw[i].1).powi(2)).sqrt()).collect();
    let whole: f64 = step.iter().sum();
    if whole <= 0.0 {
        return None;
    }
    let mut out = Vec::with_capacity(n);
    let (mut i, mut walked) = (0, 0.0);
    for k in 0..n {
        let at = whole * k as f64 / n as f64;
        while i + 1 < count && walked + step[i] < at {
            walked += step[i];
            i += 1;
        }
        let part = if step[i] > 0.0 { ((at - walked) / step[i]).min(1.0) } else { 0.0 };
        out.push((raw[i].0 + part * (next(i).0 - raw[i].0), raw[i].1 + part * (next(i).1 - raw[i].1)));
    }
    let smooth = |of: fn(&Point) -> f64, k: usize| (0..5).map(|t| TAPS[t] * of(&out[(k + n + t - 2) % n])).sum::<f64>();
    Some((0..n).map(|k| (smooth(|p| p.0, k), smooth(|p| p.1, k))).collect())
}

#[cfg(test)]
mod tests {
    use super::{Contour, area, chord, even, outline};
    use crate::picture::grey::Grey;

    fn painted(side: usize, f: impl Fn(f64, f64) -> bool) -> Grey {
        let of = |i: usize| (2 * i + 1) as f64 / side as f64 - 1.0;
        let values = (0..side * side).map(|i| f32::from(u8::from(f(of(i % side), of(i / side)))));
        Grey::new(side, side, values.collect()).expect("fits")
    }

    #[test]
    fn the_outline_goes_around_once() {
        let square = painted(32, |x, y| x.abs() < 0.5 && y.abs() < 0.5);
        let points = outline(&square).expect("there is one");
        assert_eq!(points.len(), 4 * 15);
        assert_eq!(area(&points), 225.0);
        // A line of one pixel is walked there and back.
        let line = outline(&painted(32, |x, y| x.abs() < 0.5 && (0.0..0.06).contains(&y))).expect("there is one");
        assert_eq!((line.len(), area(&line)), (30, 0.0));
        assert!(outline(&painted(32, |_, _| false)).is_none());
        // Two squares that touch at a corner are one part, walked through the corner twice.
        let eight = outline(&painted(32, |x, y| (x < 0.0) == (y < 0.0) && x.abs().max(y.abs()) < 0.5)).expect("there is one");
        assert_eq!((eight.len(), area(&eight)), (58, 98.0));
    }

    #[test]
    fn chords_of_a_circle() {
        let n = 256;
        let disc = painted(256, |x, y| x.hypot(y) < 0.8);
        let points = even(&outline(&disc).expect("there is one"), n).expect("a length");
        let radius = (area(&points) / std::f64::consts::PI).sqrt();
        for s in [32, 64, 128] {
            let half = std::f64::consts::PI * s as f64 / n as f64;
            let [d, out, inwards, a] = chord(&points, 17, s);
            let near = |got: f64, expected: f64| assert!((got - expected).abs() < 0.03 * radius, "{s}: {got} {expected}");
            near(d, 2.0 * radius * half.sin());
            near(out.max(inwards), radius * (1.0 - half.cos()));
            near(out.min(inwards), 0.0);
            assert!((a - radius * radius * (half - half.sin() * half.cos())).abs() < 0.03 * radius * radius);
        }
    }

    #[test]
    fn turned_and_mirrored_outlines_are_alike() {
        let pear = |x: f64, y: f64| (x / 0.5).powi(2) + (y / (0.6 + 0.5 * x)).powi(2) < 1.0 || (x + 0.2).hypot(y - 0.3) < 0.3;
        let of = |f: &dyn Fn(f64, f64) -> bool| Contour::default().of(&painted(256, f));
        let (a, turned) = (of(&pear), of(&|x, y| pear(0.8 * x + 0.6 * y, 0.8 * y - 0.6 * x)));
        let (mirrored, other) = (of(&|x, y| pear(x, -y)), of(&|x, y| pear(1.3 * x, y)));
        let off = |b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt();
        assert!(
            off(&turned) < 0.02 && off(&mirrored) < 0.005 && off(&other) > 0.05,
            "{} {} {}",
            off(&turned),
            off(&mirrored),
            off(&other)
        );
        assert_eq!(a.len(), Contour::default().length());
        assert!(of(&|_, _| false).iter().all(|v| *v == 0.0));
    }
}
