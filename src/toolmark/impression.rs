//! Simulated impressed marks: the relief of a die, pressed into one surface after another. Heights in µm, points 6.25 µm apart.
//!
//! A **die** is a square relief: normal noise smoothed along both axes (first-order filters, forward and backward, twice), three times: grain of 4 px
//! (half of the variance), machining lines of 24 × 4 px along x (0.35), and waviness of 24 px (0.15), together with a root mean square of 1 µm. All dies have
//! their lines along one direction, as pressed plates of one workshop do. An **impression** lays the die on a square grid, turned and shifted,
//! by cubic interpolation (Catmull–Rom):
//! ```text
//! h(p) = gain·die(R(−φ)·(p − centre − shift)) + noise,   R(φ) turns the x axis towards the y axis
//! ```
//! Where there was no contact the surface keeps its own relief, of the same kind as a die's; patches are discs that were not measured.
//! The impression at φ and t lies on the one at 0 and 0 when it is turned by −φ and then moved by −R(−φ)·t.
//!
//! Not modelled: form, depth that depends on pressure, double strikes, wear, drag, outliers, and relief finer than the spacing.

use super::surface::{Surface, SurfaceError};
use crate::draw::Stream;

/// Distance of points in µm, along x and y.
pub const SPACING_UM: f64 = 6.25;

/// (smoothing along x, along y, in px; share of the variance).
const SCALES: [(f64, f64, f64); 3] = [(2.0, 2.0, 0.5), (12.0, 2.0, 0.35), (12.0, 12.0, 0.15)];

/// A square of heights.
#[derive(Clone, Debug)]
struct Relief {
    side: usize,
    heights: Vec<f64>,
}

impl Relief {
    /// Root mean square 1.
    fn new(side: usize, scales: &[(f64, f64, f64)], draw: &mut Stream) -> Self {
        let mut sum = vec![0.0; side * side];
        for &(along_x, along_y, share) in scales {
            let mut part: Vec<f64> = (0..side * side).map(|_| draw.normal()).collect();
            for _ in 0..2 {
                part.chunks_mut(side).for_each(|row| smooth(row, along_x));
                part = transposed(&part, side);
                part.chunks_mut(side).for_each(|row| smooth(row, along_y));
                part = transposed(&part, side);
            }
            scale(&mut part, share.sqrt());
            sum.iter_mut().zip(part).for_each(|(s, p)| *s += p);
        }
        scale(&mut sum, 1.0);
        Self { side, heights: sum }
    }

    /// Cubic between the sixteen points around; `None` outside of them.
    fn at(&self, x: f64, y: f64) -> Option<f64> {
        let inside = |v: f64| v >= 1.0 && v < self.side as f64 - 2.0;
        if !(inside(x) && inside(y)) {
            return None;
        }
        let (c, r) = (x as usize, y as usize);
        let (wx, wy) = (catmull_rom(x - c as f64), catmull_rom(y - r as f64));
        let row = |i: usize| {
            let line = &self.heights[(r + i - 1) * self.side + c - 1..][..4];
            line.iter().zip(wx).map(|(h, w)| h * w).sum::<f64>()
        };
        Some((0..4).map(|i| wy[i] * row(i)).sum())
    }
}

fn catmull_rom(t: f64) -> [f64; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [0.5 * (2.0 * t2 - t - t3), 0.5 * (2.0 - 5.0 * t2 + 3.0 * t3), 0.5 * (t + 4.0 * t2 - 3.0 * t3), 0.5 * (t3 - t2)]
}

fn smooth(values: &mut [f64], over: f64) {
    let share = 1.0 / over;
    let mut kept = 0.0;
    for v in values.iter_mut() {
        kept += share * (*v - kept);
        *v = kept;
    }
    kept = 0.0;
    for v in values.iter_mut().rev() {
        kept += share * (*v - kept);
        *v = kept;
    }
}

fn transposed(values: &[f64], side: usize) -> Vec<f64> {
    (0..side * side).map(|i| values[(i % side) * side + i / side]).collect()
}

fn scale(values: &mut [f64], rms: f64) {
    let now = (values.iter().map(|v| v * v).sum::<f64>() / values.len().max(1) as f64).sqrt();
    if now > 0.0 {
        for v in values {
            *v *= rms / now;
        }
    }
}

/// How a die is pressed and what is measured of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Impression {
    /// φ.
    pub turned_degrees: f64,
    /// t along x and y; up to a quarter of the side stays on the die.
    pub shift_um: (f64, f64),
    pub gain: f64,
    /// White noise of the measurement, root mean square.
    pub noise_um: f64,
    /// Share of the surface that the die touched, 0 … 1.
    pub contact: f64,
    /// Discs that were not measured, and their radius.
    pub patches: usize,
    pub patch_radius_um: f64,
}

impl Default for Impression {
    /// All of it, once, straight, with a noise of 0.1 µm.
    fn default() -> Self {
        Self {
            turned_degrees: 0.0,
            shift_um: (0.0, 0.0),
            gain: 1.0,
            noise_um: 0.1,
            contact: 1.0,
            patches: 0,
            patch_radius_um: 0.0,
        }
    }
}

/// What leaves impressions.
#[derive(Clone, Debug)]
pub struct Die {
    points: usize,
    relief: Relief,
}

impl Die {
    /// Die `index`, for impressions of `points` × `points`.
    #[must_use]
    pub fn new(points: usize, seed: u64, index: u64) -> Self {
        // Half a diagonal, a quarter of the side for shifts, and what the filters and the interpolation take.
        let reach = libm::ceil(points as f64 * (0.5 * std::f64::consts::SQRT_2 + 0.25)) as usize + 16;
        Self { points, relief: Relief::new(2 * reach + 1, &SCALES, &mut Stream::new(seed, "impression die", index)) }
    }

    /// Impression `index` of it; dies do not share noise if indices differ. Points beyond the die are not measured.
    ///
    /// # Errors
    /// When there are no points.
    pub fn impress(&self, how: &Impression, seed: u64, index: u64) -> Result<Surface, SurfaceError> {
        let n = self.points;
        let mut draw = Stream::new(seed, "impression", index);
        let touched = self.touched(how.contact, &mut draw);
        let own = touched.is_some().then(|| Relief::new(n, &SCALES, &mut draw));
        let radians = how.turned_degrees.to_radians();
        let (cos, sin) = (libm::cos(radians), libm::sin(radians));
        let middle = (n as f64 - 1.0) / 2.0;
        let centre = (self.relief.side as f64 - 1.0) / 2.0;
        let mut heights = Vec::with_capacity(n * n);
        for i in 0..n * n {
            let u = (i % n) as f64 - middle - how.shift_um.0 / SPACING_UM;
            let v = (i / n) as f64 - middle - how.shift_um.1 / SPACING_UM;
            let noise = how.noise_um * draw.normal();
            // An even side lies half a point beside the die's points; it is laid on them, so that a straight impression is not smoothed.
            let lay = centre - (middle - libm::floor(middle));
            let height = match (&touched, &own) {
                (Some(touched), Some(own)) if !touched[i] => Some(own.heights[i]),
                _ => self.relief.at(cos * u + sin * v + lay, cos * v - sin * u + lay).map(|h| how.gain * h),
            };
            heights.push(height.map_or(f64::NAN, |h| h + noise));
        }
        for _ in 0..how.patches {
            let (x, y) = (draw.uniform() * n as f64, draw.uniform() * n as f64);
            let radius = how.patch_radius_um / SPACING_UM;
            for (i, h) in heights.iter_mut().enumerate() {
                let (dx, dy) = ((i % n) as f64 - x, (i / n) as f64 - y);
                if dx * dx + dy * dy < radius * radius {
                    *h = f64::NAN;
                }
            }
        }
        Surface::of_finite(n, n, (SPACING_UM, SPACING_UM), heights)
    }

    /// Where the die touched: the higher part of a smooth random field; `None` for everywhere.
    fn touched(&self, share: f64, draw: &mut Stream) -> Option<Vec<bool>> {
        if share >= 1.0 {
            return None;
        }
        let n = self.points;
        let over = (n as f64 / 8.0).max(1.0);
        let field = Relief::new(n, &[(over, over, 1.0)], draw).heights;
        let mut order: Vec<usize> = (0..n * n).collect();
        order.sort_by(|&i, &j| field[j].total_cmp(&field[i]).then(i.cmp(&j)));
        let mut touched = vec![false; n * n];
        let count = (share.max(0.0) * (n * n) as f64) as usize;
        order.into_iter().take(count).for_each(|i| touched[i] = true);
        Some(touched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correlation(a: &Surface, b: &Surface) -> f64 {
        let of = |x: &Surface, y: &Surface| x.heights_um().iter().zip(y.heights_um()).map(|(a, b)| a * b).sum::<f64>();
        of(a, b) / (of(a, a) * of(b, b)).sqrt()
    }

    #[test]
    fn impressions_of_one_die_are_alike_and_of_two_are_not() {
        let (one, two) = (Die::new(100, 7, 0), Die::new(100, 7, 1));
        let straight = Impression::default();
        let a = one.impress(&straight, 7, 0).unwrap();
        assert_eq!(a, one.impress(&straight, 7, 0).unwrap());
        assert!(correlation(&a, &one.impress(&straight, 7, 1).unwrap()) > 0.95);
        assert!(correlation(&a, &two.impress(&straight, 7, 2).unwrap()).abs() < 0.3);
        let half = Impression { contact: 0.5, ..straight };
        let r = correlation(&a, &one.impress(&half, 7, 3).unwrap());
        assert!((0.25..0.8).contains(&r), "{r}");
    }

    #[test]
    fn a_turn_by_a_right_angle_and_a_shift_by_points_move_heights() {
        let die = Die::new(61, 3, 0);
        let quiet = Impression { noise_um: 0.0, ..Impression::default() };
        let a = die.impress(&quiet, 1, 0).unwrap();
        let turned = die.impress(&Impression { turned_degrees: 90.0, ..quiet.clone() }, 1, 0).unwrap();
        let moved = die.impress(&Impression { shift_um: (5.0 * SPACING_UM, -2.0 * SPACING_UM), ..quiet.clone() }, 1, 0).unwrap();
        let same = |a: Option<f64>, b: Option<f64>| (a.unwrap() - b.unwrap()).abs() < 1e-9;
        // The x axis becomes the y axis: column c of row r goes to row c, column 60 − r.
        assert!((0..61).all(|i| same(a.at(10, i), turned.at(i, 50))));
        assert!((0..50).all(|i| same(a.at(20, i), moved.at(18, i + 5))));
        let patched = die.impress(&Impression { patches: 3, patch_radius_um: 50.0, ..quiet }, 1, 0).unwrap();
        assert!(patched.missing_share() > 0.02 && patched.missing_share() < 0.3);
    }
}
