//! Aligning striations: rows are shifted against each other until the striations stand upright.
//!
//! ```text
//! sheared(r, x) = h(r, x + (r − middle)·t),   t = tan θ·spacing_y/spacing_x samples a row, linear interpolation between samples
//! contrast = max(0, 1 − (W/(N − C)) / (T/N)),   T = Σ h²,   W = T − Σ_c n_c·m_c²      0 … 1
//! ```
//! m_c is the mean of the n_c measured points of column c, N their sum and C the number of columns with any: the share of the variance that the mean profile
//! explains, adjusted for the number of columns as R² is. 1 where every row is the same, 0 for noise, however many points are missing. θ is the lean of the
//! striations against the y axis, positive where they go towards larger x as y grows. A shear keeps the spacing; what a rotation would change, cos θ, is below 1.6 %
//! at 10°.
//!
//! The angle is the largest contrast on a grid of at most 201 steps (at the first and last row, one sample a step where so many suffice), refined by a golden section to 1/32
//! of a step. The grid sees at most 64 evenly spaced rows and the refinement 256, smoothed by a Gaussian of 8 samples cut-off and interpolated by
//! cubics: an interpolation that smoothed noise or signature would favour or shun angle 0. Taking all directions of a gradient and their median, as NFI Scratch
//! does, goes astray where noise is stronger than slopes; the contrast does not, since it averages first.
//!
//! An interpolated point with a missing neighbour is missing. Surfaces of fewer than 8 rows, and flat ones, are left as they are.

use super::gaussian::{Edge, Kernel, Reach, smooth_and_fill};
use super::surface::Surface;

/// What the search found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lean {
    /// Samples that striations go to the right a row.
    pub samples_a_row: f64,
    pub angle_deg: f64,
    /// Whether the best angle is the largest that was allowed: striations may lean more.
    pub at_limit: bool,
}

/// Rows shifted by t samples a row, about the middle one.
#[must_use]
pub fn shear(surface: Surface, t: f64) -> Surface {
    if t == 0.0 {
        return surface;
    }
    let (columns, rows) = (surface.columns(), surface.rows());
    let (mut heights, mut measured) = (vec![0.0; columns], vec![false; columns]);
    surface.with_rows(|r, h, m| {
        measured.fill(false);
        Shift::of(r, rows, t).row(h, m, &mut heights, &mut measured);
        h.copy_from_slice(&heights);
        m.copy_from_slice(&measured);
    })
}

/// x + whole + part
#[derive(Clone, Copy)]
struct Shift {
    whole: i64,
    part: f64,
}

impl Shift {
    fn of(row: usize, rows: usize, t: f64) -> Self {
        Self::by((row as f64 - (rows - 1) as f64 / 2.0) * t)
    }

    fn by(by: f64) -> Self {
        let whole = libm::floor(by);
        Self { whole: whole as i64, part: by - whole }
    }

    /// Weights of the samples at −1, 0, 1, 2: Catmull and Rom's cubic.
    fn cubic(self) -> [f64; 4] {
        let f = self.part;
        let (f2, f3) = (f * f, f * f * f);
        [-0.5 * f3 + f2 - 0.5 * f, 1.5 * f3 - 2.5 * f2 + 1.0, -1.5 * f3 + 2.0 * f2 + 0.5 * f, 0.5 * f3 - 0.5 * f2]
    }

    /// Columns of the result that lie between samples of the row.
    fn inside(self, columns: usize) -> std::ops::Range<usize> {
        let n = columns as i64;
        let last = n - 1 - i64::from(self.part > 0.0);
        let from = (-self.whole).clamp(0, n);
        let to = (last - self.whole + 1).clamp(from, n);
        from as usize..to as usize
    }

    fn row(self, h: &[f64], m: &[bool], out: &mut [f64], out_m: &mut [bool]) {
        for c in self.inside(h.len()) {
            let i = (c as i64 + self.whole) as usize;
            if self.part > 0.0 {
                out_m[c] = m[i] && m[i + 1];
                out[c] = if out_m[c] { h[i] + self.part * (h[i + 1] - h[i]) } else { 0.0 };
            } else {
                (out[c], out_m[c]) = (h[i], m[i]);
            }
        }
    }
}

/// A surface as sums want it: 0 where nothing was measured, and 1 where a point, or it and the three around it on its row, were.
struct Seen {
    columns: usize,
    heights: Vec<f64>,
    one: Vec<f64>,
    /// Of points −1, 0, 1, 2.
    four: Vec<f64>,
}

impl Seen {
    fn new(surface: &Surface) -> Self {
        let columns = surface.columns();
        let one: Vec<f64> = surface.measured().iter().map(|&m| f64::from(u8::from(m))).collect();
        let mut four = vec![0.0; one.len()];
        if columns >= 4 {
            for (four, one) in four.chunks_mut(columns).zip(one.chunks(columns)) {
                for (f, w) in four[1..columns - 2].iter_mut().zip(one.windows(4)) {
                    *f = w[0] * w[1] * w[2] * w[3];
                }
            }
        }
        Self { columns, heights: surface.heights_um().to_vec(), one, four }
    }
}

/// Sums of columns of a sheared surface.
struct Columns {
    sums: Vec<f64>,
    squares: Vec<f64>,
    counts: Vec<f64>,
}

impl Columns {
    fn new(columns: usize) -> Self {
        Self { sums: vec![0.0; columns], squares: vec![0.0; columns], counts: vec![0.0; columns] }
    }

    /// Of a surface whose row r lies `row(r)` rows below the middle.
    fn contrast(&mut self, seen: &Seen, t: f64, row: impl Fn(usize) -> f64) -> f64 {
        let columns = seen.columns;
        self.sums.fill(0.0);
        self.squares.fill(0.0);
        self.counts.fill(0.0);
        for r in 0..seen.heights.len() / columns {
            let line = r * columns..(r + 1) * columns;
            let h = &seen.heights[line.clone()];
            let shift = Shift::by(row(r) * t);
            let n = columns as i64;
            if shift.part == 0.0 {
                let inside = shift.inside(columns);
                let start = (inside.start as i64 + shift.whole) as usize;
                let (h, m) = (&h[start..start + inside.len()], &seen.one[line][start..start + inside.len()]);
                self.add(inside.start, h, m.iter().copied());
            } else {
                // Columns whose four neighbours are on the row.
                let (from, to) = ((1 - shift.whole).clamp(0, n), (n - 2 - shift.whole).clamp(0, n));
                if to <= from {
                    continue;
                }
                let (start, count) = ((from + shift.whole) as usize, (to - from) as usize);
                self.add_between(
                    from as usize,
                    &h[start - 1..start + count + 2],
                    &seen.four[line][start..start + count],
                    shift.cubic(),
                );
            }
        }
        self.explained()
    }

    /// The contrast of what was added up.
    fn explained(&self) -> f64 {
        let (mut between, mut all, mut points, mut groups) = (0.0, 0.0, 0.0, 0.0);
        for ((sum, square), &count) in self.sums.iter().zip(&self.squares).zip(&self.counts).filter(|(_, n)| **n > 0.0) {
            between += sum * sum / count;
            all += square;
            points += count;
            groups += 1.0;
        }
        if !(all > 0.0 && points > groups) {
            return 0.0;
        }
        (1.0 - (all - between).max(0.0) / (points - groups) * points / all).max(0.0)
    }

    fn add(&mut self, from: usize, h: &[f64], m: impl Iterator<Item = f64>) {
        let to = from..from + h.len();
        let sums = self.sums[to.clone()].iter_mut().zip(&mut self.squares[to.clone()]).zip(&mut self.counts[to]);
        for (((sum, square), count), (h, m)) in sums.zip(h.iter().zip(m)) {
            *sum += h;
            *square += h * h;
            *count += m;
        }
    }

    /// `h` begins one sample before the first place and ends two after the last.
    fn add_between(&mut self, from: usize, h: &[f64], four: &[f64], w: [f64; 4]) {
        let to = from..from + four.len();
        let (sums, squares, counts) = (&mut self.sums[to.clone()], &mut self.squares[to.clone()], &mut self.counts[to]);
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has what the function was compiled for.
            return unsafe { add_between_avx512(sums, squares, counts, h, four, w) };
        } else if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { add_between_avx2(sums, squares, counts, h, four, w) };
        }
        add_between_in_any(sums, squares, counts, h, four, w);
    }
}

/// With the widest registers; products and sums stay apart, so that the bits are the same.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn add_between_avx512(sums: &mut [f64], squares: &mut [f64], counts: &mut [f64], h: &[f64], four: &[f64], w: [f64; 4]) {
    add_between_in_any(sums, squares, counts, h, four, w);
}

/// With wider ones.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_between_avx2(sums: &mut [f64], squares: &mut [f64], counts: &mut [f64], h: &[f64], four: &[f64], w: [f64; 4]) {
    add_between_in_any(sums, squares, counts, h, four, w);
}

#[inline(always)]
fn add_between_in_any(sums: &mut [f64], squares: &mut [f64], counts: &mut [f64], h: &[f64], four: &[f64], w: [f64; 4]) {
    let n = four.len();
    let (a, b, c, d) = (&h[..n], &h[1..][..n], &h[2..][..n], &h[3..][..n]);
    let (sums, squares, counts) = (&mut sums[..n], &mut squares[..n], &mut counts[..n]);
    for i in 0..n {
        let z = four[i] * ((w[0] * a[i] + w[1] * b[i]) + (w[2] * c[i] + w[3] * d[i]));
        sums[i] += z;
        squares[i] += z * z;
        counts[i] += four[i];
    }
}

/// The contrast of the surface as it stands.
#[must_use]
pub fn contrast(surface: &Surface) -> f64 {
    let width = surface.columns();
    let mut columns = Columns::new(width);
    for (h, m) in surface.heights_um().chunks(width).zip(surface.measured().chunks(width)) {
        columns.add(0, h, m.iter().map(|&m| f64::from(u8::from(m))));
    }
    columns.explained()
}

fn some_rows(surface: &Surface, every: usize) -> Surface {
    if every == 1 {
        return surface.clone();
    }
    let columns = surface.columns();
    let heights: Vec<f64> = surface.heights_um().chunks(columns).step_by(every).flatten().copied().collect();
    let measured = surface.measured().chunks(columns).step_by(every).flatten().copied().collect();
    let rows = heights.len() / columns;
    // Lengths agree by how they were made.
    Surface::new(columns, rows, surface.spacing_um(), heights, measured).unwrap_or_else(|_| surface.clone())
}

/// The lean of the striations, within ± `most_deg`.
#[must_use]
pub fn lean(surface: &Surface, most_deg: f64) -> Lean {
    const GOLDEN: f64 = 0.618_033_988_749_894_8;
    let none = Lean { samples_a_row: 0.0, angle_deg: 0.0, at_limit: false };
    let (sx, sy) = surface.spacing_um();
    let rows = surface.rows();
    let most = libm::tan(most_deg.to_radians()) * sy / sx;
    if rows < 8 || most <= 0.0 || most.is_nan() {
        return none;
    }
    let middle = (rows - 1) as f64 / 2.0;
    let mut columns = Columns::new(surface.columns());
    let thinned = |count: usize| {
        let every = rows.div_ceil(count);
        let kernel = Kernel::new(8.0 * sx, sx, Reach::default(), Edge::Shrink);
        (Seen::new(&smooth_and_fill(&some_rows(surface, every), &kernel, 0.3)), every)
    };
    let (seen, every) = thinned(64);
    let mut at = |t: f64| columns.contrast(&seen, t, |r| (r * every) as f64 - middle);
    let far = most * middle;
    let steps = libm::ceil(far).clamp(4.0, 100.0) as i64;
    let step = most / steps as f64;
    let mut best = (at(0.0), 0i64);
    for k in (1..=steps).flat_map(|k| [k, -k]) {
        let found = at(k as f64 * step);
        if found > best.0 {
            best = (found, k);
        }
    }
    if best.0 <= 0.0 {
        return none;
    }
    let (seen, every) = thinned(256);
    let mut at = |t: f64| columns.contrast(&seen, t, |r| (r * every) as f64 - middle);
    let (mut low, mut high) = ((best.1 - 1) as f64 * step, (best.1 + 1) as f64 * step);
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_a, mut at_b) = (at(a), at(b));
    while high - low > step / 32.0 {
        if at_a >= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - GOLDEN * (high - low);
            at_a = at(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + GOLDEN * (high - low);
            at_b = at(b);
        }
    }
    let t = f64::midpoint(low, high).clamp(-most, most);
    let angle_deg = libm::atan(t * sx / sy).to_degrees();
    Lean { samples_a_row: t, angle_deg, at_limit: best.1.abs() == steps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;
    use crate::toolmark::simulate::signature;

    fn leaning(angle_deg: f64, noise: f64, missing: f64) -> Surface {
        let (columns, rows) = (400usize, 150usize);
        let mut draw = Stream::new(4, "lean", 0);
        let profile = signature(500, &mut draw);
        let t = angle_deg.to_radians().tan() * 2.0 / 1.5;
        let mut h = Vec::new();
        for r in 0..rows {
            for c in 0..columns {
                let at = c as f64 + 60.0 - (r as f64 - 74.5) * t;
                let (i, f) = (at.floor() as usize, at - at.floor());
                let z = profile[i] + f * (profile[i + 1] - profile[i]) + noise * draw.normal();
                h.push(if draw.uniform() < missing { f64::NAN } else { z });
            }
        }
        Surface::of_finite(columns, rows, (1.5, 2.0), h).unwrap()
    }

    #[test]
    fn the_lean_is_found_in_noise_and_with_gaps() {
        for angle in [-9.0, -3.3, 0.0, 0.4, 7.0] {
            for (noise, missing) in [(0.0, 0.0), (1.0, 0.0), (0.3, 0.3)] {
                let s = leaning(angle, noise, missing);
                let found = lean(&s, 10.0);
                // Half a sample at the first and last row.
                let off = if noise == 1.0 { 0.25 } else { 0.1 };
                assert!((found.angle_deg - angle).abs() < off, "{} for {angle}, noise {noise}", found.angle_deg);
                assert!(!found.at_limit);
                let upright = shear(s.clone(), found.samples_a_row);
                assert!(contrast(&upright) >= contrast(&s) - 1e-3);
            }
        }
        assert!(lean(&leaning(9.9, 0.0, 0.0), 5.0).at_limit);
    }

    #[test]
    fn the_contrast_is_the_share_that_columns_explain() {
        let same = Surface::of_finite(3, 10, (1.0, 1.0), (0..10).flat_map(|_| [1.0, -2.0, 0.5]).collect()).unwrap();
        assert!((contrast(&same) - 1.0).abs() < 1e-12);
        let mut draw = Stream::new(5, "noise", 0);
        let noise = Surface::of_finite(2000, 20, (1.0, 1.0), (0..40_000).map(|_| draw.normal()).collect()).unwrap();
        assert!(contrast(&noise) < 0.01);
        let gaps: Vec<f64> = noise.heights_um().iter().map(|h| if draw.uniform() < 0.5 { f64::NAN } else { *h }).collect();
        assert!(contrast(&Surface::of_finite(2000, 20, (1.0, 1.0), gaps).unwrap()) < 0.02);
    }

    #[test]
    fn a_shear_moves_rows_about_the_middle() {
        let s = Surface::of_finite(5, 3, (1.0, 1.0), (0..15).map(f64::from).collect()).unwrap();
        let moved = shear(s.clone(), 1.0);
        assert_eq!(
            (moved.at(0, 0), moved.at(0, 1), moved.at(1, 2), moved.at(2, 0), moved.at(2, 4)),
            (None, Some(0.0), Some(7.0), Some(11.0), None)
        );
        let half = shear(s.clone(), 0.5);
        assert_eq!((half.at(0, 0), half.at(0, 1), half.at(2, 0), half.at(2, 4)), (None, Some(0.5), Some(10.5), None));
        assert!(shear(s, 100.0).count_measured() == 5);
    }
}
