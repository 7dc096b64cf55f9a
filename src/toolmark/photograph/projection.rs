//! Shades averaged along the striations.
//!
//! ```text
//! point(u, v) = centre + u·(cos r, sin r) + v·(−sin r, cos r),   r = angle − 90°,   v in whole pixels
//! p(u) = average over v of f(point(u, v)) where the nearest pixel is in a striated area
//! ```
//! r, above −90° up to 90°, is the reading direction: across the striations, from left to right, and from top to bottom where they lie level. The shade
//! at a point is bilinear between the four pixels around it, the only interpolation of shades there is. It damps the finest detail (by up to 0.64 in
//! each direction at two pixels a period), less than the smoothing of the signature does.

use super::direction::Areas;
use super::field::Field;
use super::flatten::edge;
use super::options::Average;

/// Neighbouring positions are gathered together, so that pixels are in the cache.
const TOGETHER: usize = 16;

/// Which pixels count.
pub(super) struct Mask {
    column: Vec<u32>,
    row: Vec<u32>,
    striated: Vec<bool>,
}

impl Mask {
    pub(super) fn new(areas: &Areas, width: usize, height: usize) -> Self {
        let line = |parts: usize, size: usize, stride: usize| {
            let mut line = vec![0; size];
            for i in 0..parts {
                line[edge(i, parts, size)..edge(i + 1, parts, size)].fill((i * stride) as u32);
            }
            line
        };
        let striated = areas.tiles.iter().map(|t| t.striated).collect();
        Self { column: line(areas.across, width, 1), row: line(areas.down, height, areas.across), striated }
    }

    fn at(&self, x: usize, y: usize) -> bool {
        self.striated[(self.column[x] + self.row[y]) as usize]
    }
}

/// Lines along the striations over a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines {
    /// cos r and sin r.
    across: (f64, f64),
    /// Distance of lines in pixels.
    step: f64,
    count: usize,
    /// The greatest |v|.
    reach: usize,
    centre: (f64, f64),
    /// The largest x and y.
    last: (f64, f64),
}

impl Lines {
    /// `group` lines for each sample; samples are `spacing` pixels apart, one of them at the centre.
    pub(super) fn new(width: usize, height: usize, angle_deg: f64, spacing: f64, group: usize) -> Self {
        let (sin, cos) = libm::sincos((angle_deg - 90.0).to_radians());
        let last = ((width - 1) as f64, (height - 1) as f64);
        let half = |c: f64, s: f64| 0.5 * (c.abs() * last.0 + s.abs() * last.1);
        let side = libm::floor(half(cos, sin) / spacing + 1e-9) as usize;
        let reach = libm::floor(half(sin, cos) + 1e-9) as usize;
        let (step, count) = (spacing / group as f64, (2 * side + 1) * group);
        Self { across: (cos, sin), step, count, reach, centre: (0.5 * last.0, 0.5 * last.1), last }
    }

    /// The point v = 0 of line i; half numbers lie between lines.
    pub(super) fn point(&self, i: f64) -> (f64, f64) {
        let u = (i - 0.5 * (self.count - 1) as f64) * self.step;
        (self.centre.0 + u * self.across.0, self.centre.1 + u * self.across.1)
    }

    /// The v at which a line from (x, y) is over pixels, from … to; empty where from > to.
    fn span(&self, x: f64, y: f64) -> (i64, i64) {
        let reach = self.reach as f64;
        let (mut from, mut to) = (-reach, reach);
        for (at, slope, last) in [(x, -self.across.1, self.last.0), (y, self.across.0, self.last.1)] {
            if slope.abs() < 1e-12 {
                if at < -1e-9 || at > last + 1e-9 {
                    return (1, 0);
                }
            } else {
                let (a, b) = (-at / slope, (last - at) / slope);
                from = from.max(a.min(b));
                to = to.min(a.max(b));
            }
        }
        (libm::ceil(from - 1e-9) as i64, libm::floor(to + 1e-9) as i64)
    }

    /// Calls `of` with the line's number, v and a shade, for every `every`-th v of lines from … to that is over striated pixels.
    fn each(&self, field: &Field, mask: &Mask, lines: (usize, usize), every: usize, mut of: impl FnMut(usize, i64, f32)) {
        let (first, end) = lines;
        let starts: Vec<_> = (first..end)
            .map(|i| {
                let (x, y) = self.point(i as f64);
                (x, y, self.span(x, y))
            })
            .collect();
        let from = starts.iter().filter(|s| s.2.0 <= s.2.1).map(|s| s.2.0).min().unwrap_or(0);
        let to = starts.iter().filter(|s| s.2.0 <= s.2.1).map(|s| s.2.1).max().unwrap_or(-1);
        let every = every as i64;
        let mut v = -(-from).div_euclid(every) * every;
        while v <= to {
            let (dx, dy) = (-(v as f64) * self.across.1, v as f64 * self.across.0);
            for (i, &(x, y, (from, to))) in starts.iter().enumerate() {
                if v >= from && v <= to {
                    let (x, y) = ((x + dx).clamp(0.0, self.last.0), (y + dy).clamp(0.0, self.last.1));
                    if mask.at((x + 0.5) as usize, (y + 0.5) as usize) {
                        of(first + i, v, bilinear(field, x, y));
                    }
                }
            }
            v += every;
        }
    }

    /// The greatest length of a line in pixels.
    pub(super) const fn length(&self) -> usize {
        2 * self.reach + 1
    }

    /// The sum of shades and the number of pixels of each line, cut into pieces of `piece` pixels.
    pub(super) fn means(&self, field: &Field, mask: &Mask, every: usize, piece: usize) -> Means {
        let pieces = self.length().div_ceil(piece);
        let mut lines = vec![(0.0, 0u32); self.count * pieces];
        let (mut sum, mut square) = (0.0, 0.0);
        for first in (0..self.count).step_by(TOGETHER) {
            self.each(field, mask, (first, (first + TOGETHER).min(self.count)), every, |i, v, shade| {
                let shade = f64::from(shade);
                let line = &mut lines[i * pieces + (v + self.reach as i64) as usize / piece];
                line.0 += shade;
                line.1 += 1;
                sum += shade;
                square += shade * shade;
            });
        }
        Means { lines, sum, square }
    }

    /// The average shade of each line, 0 where there is none, and the number of its pixels.
    pub(super) fn averages(&self, field: &Field, mask: &Mask, average: Average) -> Vec<(f64, usize)> {
        if average == Average::Mean {
            let of = |(sum, n): (f64, u32)| (if n > 0 { sum / f64::from(n) } else { 0.0 }, n as usize);
            return self.means(field, mask, 1, self.length()).lines.into_iter().map(of).collect();
        }
        let mut gathered: Vec<Vec<f32>> = vec![Vec::new(); TOGETHER];
        let mut out = Vec::with_capacity(self.count);
        let mut spare = Vec::new();
        for first in (0..self.count).step_by(TOGETHER) {
            let end = (first + TOGETHER).min(self.count);
            gathered.iter_mut().for_each(Vec::clear);
            self.each(field, mask, (first, end), 1, |i, _, shade| gathered[i - first].push(shade));
            out.extend(gathered[..end - first].iter().map(|shades| (robust(shades, average, &mut spare), shades.len())));
        }
        out
    }
}

/// Sums along lines or their pieces.
pub(super) struct Means {
    /// Sum and number of shades.
    lines: Vec<(f64, u32)>,
    sum: f64,
    square: f64,
}

impl Means {
    /// How much of the variance of shades is between them, 0 … 1, less what is expected of independent shades.
    pub(super) fn explained(&self) -> f64 {
        let n: f64 = self.lines.iter().map(|l| f64::from(l.1)).sum();
        let positions = self.lines.iter().filter(|l| l.1 > 0).count() as f64;
        if n <= positions {
            return 0.0;
        }
        let constant = self.sum * self.sum / n;
        let between: f64 = self.lines.iter().filter(|l| l.1 > 0).map(|l| l.0 * l.0 / f64::from(l.1)).sum();
        let all = self.square - constant;
        if all <= 0.0 {
            return 0.0;
        }
        let chance = (positions - 1.0) / (n - 1.0);
        (((between - constant) / all - chance) / (1.0 - chance)).clamp(0.0, 1.0)
    }
}

fn bilinear(field: &Field, x: f64, y: f64) -> f32 {
    let (i, j) = ((x as usize).min(field.width.saturating_sub(2)), (y as usize).min(field.height.saturating_sub(2)));
    let (s, t) = ((x - i as f64) as f32, (y - j as f64) as f32);
    let at = j * field.width + i;
    let (a, b) = (&field.values[at..at + 2], &field.values[at + field.width..at + field.width + 2]);
    let (top, below) = (a[0] + s * (a[1] - a[0]), b[0] + s * (b[1] - b[0]));
    top + t * (below - top)
}

/// The bounds are found by selection, and what lies within them is summed in the order it came, so that the sum does not depend on the selection.
fn robust(shades: &[f32], average: Average, spare: &mut Vec<f32>) -> f64 {
    if shades.is_empty() {
        return 0.0;
    }
    spare.clear();
    spare.extend_from_slice(shades);
    let share = match average {
        Average::Trimmed(share) => share,
        Average::Median => return f64::from(*spare.select_nth_unstable_by(shades.len() / 2, f32::total_cmp).1),
        Average::Mean => 0.0,
    };
    let cut = (share * shades.len() as f64) as usize;
    let low = *spare.select_nth_unstable_by(cut, f32::total_cmp).1;
    let high = *spare[cut..].select_nth_unstable_by(shades.len() - 1 - 2 * cut, f32::total_cmp).1;
    let (mut sum, mut n) = (0.0, 0u32);
    for &v in shades {
        if v >= low && v <= high {
            sum += f64::from(v);
            n += 1;
        }
    }
    sum / f64::from(n)
}

#[cfg(test)]
mod tests {
    use super::super::field::tests::noise;
    use super::super::region::{Rectangle, Region};
    use super::*;

    /// Two areas side by side, the right one not striated.
    fn left_half() -> Areas {
        let rectangle = Rectangle { x: 0, y: 0, width: 1, height: 1 };
        let tile = |striated| Region { rectangle, angle_deg: 90.0, coherence: 1.0, contrast: 1.0, striated };
        Areas::of(2, 1, vec![tile(true), tile(false)])
    }

    /// The definition: every v, the shade from four products, a plain mean.
    fn naive(field: &Field, angle_deg: f64, step: f64, i: usize) -> (f64, usize) {
        let lines = Lines::new(field.width, field.height, angle_deg, step, 1);
        let r = (angle_deg - 90.0).to_radians();
        let (w, h) = (field.width as f64 - 1.0, field.height as f64 - 1.0);
        let u = (i as f64 - 0.5 * (lines.count - 1) as f64) * step;
        let (mut sum, mut n) = (0.0, 0);
        for v in -200..=200 {
            let x = w / 2.0 + u * libm::cos(r) - f64::from(v) * libm::sin(r);
            let y = h / 2.0 + u * libm::sin(r) + f64::from(v) * libm::cos(r);
            if x < -1e-9 || y < -1e-9 || x > w + 1e-9 || y > h + 1e-9 || (x + 0.5) as usize >= field.width / 2 {
                continue;
            }
            let mut shade = 0.0;
            for (row, line) in field.values.chunks(field.width).enumerate() {
                for (column, value) in line.iter().enumerate() {
                    let weight = |d: f64| (1.0 - d.abs()).max(0.0);
                    shade += weight(column as f64 - x) * weight(row as f64 - y) * f64::from(*value);
                }
            }
            sum += shade;
            n += 1;
        }
        (if n > 0 { sum / f64::from(n) } else { 0.0 }, n as usize)
    }

    #[test]
    fn averages_follow_the_definition() {
        let field = noise(30, 23);
        let mask = Mask::new(&left_half(), 30, 23);
        for (angle, step) in [(90.0, 1.0), (180.0, 1.0), (37.0, 0.7), (121.5, 1.3)] {
            let lines = Lines::new(30, 23, angle, step, 1);
            let means = lines.averages(&field, &mask, Average::Mean);
            let trimmed = lines.averages(&field, &mask, Average::Trimmed(0.0));
            assert_eq!(means.len(), lines.count);
            for (i, (got, same)) in means.iter().zip(&trimmed).enumerate() {
                let definition = naive(&field, angle, step, i);
                assert_eq!((got.1, same.1), (definition.1, definition.1), "{angle}° {i}");
                assert!((got.0 - definition.0).abs() < 1e-5 && (same.0 - definition.0).abs() < 1e-5, "{angle}° {i}");
            }
        }
    }

    #[test]
    fn averages_withstand_outliers() {
        let mut shades = vec![1.0f32; 18];
        shades.extend([900.0, -700.0]);
        let mut spare = Vec::new();
        assert_eq!(robust(&shades, Average::Trimmed(0.1), &mut spare), 1.0);
        assert_eq!(robust(&shades, Average::Median, &mut spare), 1.0);
        assert!(robust(&shades, Average::Mean, &mut spare) > 10.0);
        assert_eq!(robust(&[3.0], Average::Trimmed(0.49), &mut spare), 3.0);
        assert_eq!(robust(&[], Average::Median, &mut spare), 0.0);
        let even: Vec<f32> = (0..100u8).map(f32::from).rev().collect();
        assert_eq!(robust(&even, Average::Trimmed(0.2), &mut spare), 49.5);
    }

    #[test]
    fn noise_explains_nothing_and_stripes_all() {
        let mask = Mask::new(&left_half(), 200, 90);
        let lines = Lines::new(200, 90, 90.0, 1.0, 1);
        assert!(lines.means(&noise(200, 90), &mask, 1, 200).explained() < 0.02);
        let values = (0..200 * 90).map(|i| libm::sinf((i % 200) as f32)).collect();
        assert!(lines.means(&Field { width: 200, height: 90, values }, &mask, 3, 40).explained() > 0.999_9);
    }
}
