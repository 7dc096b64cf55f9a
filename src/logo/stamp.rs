//! Simulated stamped logos, as photographs.
//!
//! A **logo** is drawn in the unit disc: an outer element (ring, outlined polygon or star, or none), and one to three inner ones (polygon, star,
//! ring, disc, bars, or two to four strokes as in a letter), each shifted and turned. Elements that overlap cancel (even and odd), so holes arise.
//!
//! A **photograph** shows it turned, scaled, shifted, maybe mirrored (p = 2(R·q + t)), on paper of shade 0.85 in print of shade 0.25:
//! - worn edges: the place at which the logo is looked up moves by a smooth field of up to `worn` radii, and print fails where another smooth field is below a
//!   level that a share of about `worn` reaches;
//! - a cover: of the printed points the `covered` share farthest along a random direction shows no print (what is not stamped, or lies under something
//!   of paper's shade);
//! - uneven light: shades times 1 + `light`·(slope + bow); noise: normal, of deviation `noise`.
//!
//! Not modelled: perspective, relief, ink that spreads, ground with a pattern, logos that imitate each other.

use crate::draw::Stream;
use crate::picture::grey::Grey;

type Point = (f64, f64);

const PAPER: f64 = 0.85;
const PRINT: f64 = 0.25;

#[derive(Clone, Debug)]
enum Element {
    Polygon(Vec<Point>),
    /// Between two radii.
    Ring {
        centre: Point,
        inner: f64,
        outer: f64,
    },
    /// Lines of a width.
    Strokes {
        points: Vec<Point>,
        half: f64,
    },
}

impl Element {
    fn covers(&self, (x, y): Point) -> bool {
        match self {
            Self::Polygon(corners) => {
                let n = corners.len();
                let crosses = |i: usize| {
                    let ((x0, y0), (x1, y1)) = (corners[i], corners[(i + 1) % n]);
                    (y0 > y) != (y1 > y) && x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
                };
                (0..n).filter(|i| crosses(*i)).count() % 2 == 1
            }
            Self::Ring { centre, inner, outer } => {
                let square = (x - centre.0) * (x - centre.0) + (y - centre.1) * (y - centre.1);
                (inner * inner..outer * outer).contains(&square)
            }
            Self::Strokes { points, half } => points.windows(2).any(|ends| {
                let (a, b) = (ends[0], ends[1]);
                let (dx, dy) = (b.0 - a.0, b.1 - a.1);
                let square = dx * dx + dy * dy;
                let along = if square > 0.0 { (((x - a.0) * dx + (y - a.1) * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
                let (u, v) = (x - a.0 - along * dx, y - a.1 - along * dy);
                u * u + v * v <= half * half
            }),
        }
    }
}

/// A logo in the unit disc.
#[derive(Clone, Debug)]
pub struct Logo {
    elements: Vec<Element>,
}

fn between(draw: &mut Stream, from: f64, to: f64) -> f64 {
    from + (to - from) * draw.uniform()
}

fn whole(draw: &mut Stream, from: usize, to: usize) -> usize {
    from + ((to + 1 - from) as f64 * draw.uniform()) as usize
}

/// Corners on two radii in turn; one radius: a polygon.
fn star(centre: Point, corners: usize, outer: f64, inner: f64, turn: f64) -> Vec<Point> {
    let n = if inner < outer { 2 * corners } else { corners };
    let corner = |i: usize| {
        let (sin, cos) = libm::sincos(turn + std::f64::consts::TAU * i as f64 / n as f64);
        let r = if i % 2 == 1 && inner < outer { inner } else { outer };
        (centre.0 + r * cos, centre.1 + r * sin)
    };
    (0..n).map(corner).collect()
}

impl Logo {
    /// A random logo.
    #[must_use]
    pub fn new(draw: &mut Stream) -> Self {
        let mut elements = Vec::new();
        let outer = whole(draw, 0, 3);
        let width = between(draw, 0.08, 0.2);
        let turn = std::f64::consts::TAU * draw.uniform();
        let corners = whole(draw, 3, 7);
        match outer {
            0 => elements.push(Element::Ring { centre: (0.0, 0.0), inner: 1.0 - width, outer: 1.0 }),
            1 | 2 => {
                let deep = if outer == 1 { 1.0 } else { between(draw, 0.6, 0.8) };
                let thin = 1.0 - 1.4 * width;
                elements.push(Element::Polygon(star((0.0, 0.0), corners, 1.0, deep, turn)));
                elements.push(Element::Polygon(star((0.0, 0.0), corners, thin, deep * thin, turn)));
            }
            _ => {}
        }
        // Room within the outer element.
        let room = [0.72, 0.5, 0.5, 0.95][outer];
        let inner = whole(draw, 1, 3);
        for _ in 0..inner {
            let element = Self::inner(draw, room, inner);
            elements.push(element);
        }
        Self { elements }
    }

    fn inner(draw: &mut Stream, room: f64, beside: usize) -> Element {
        let size = room * between(draw, 0.45, 0.8) / (beside as f64).sqrt();
        let away = if beside == 1 { 0.0 } else { (room - size) * between(draw, 0.6, 1.0) };
        let (sin, cos) = libm::sincos(std::f64::consts::TAU * draw.uniform());
        let centre = (away * cos, away * sin);
        let turn = std::f64::consts::TAU * draw.uniform();
        match whole(draw, 0, 5) {
            0 => Element::Polygon(star(centre, whole(draw, 3, 6), size, size, turn)),
            1 => Element::Polygon(star(centre, whole(draw, 3, 7), size, size * between(draw, 0.35, 0.7), turn)),
            2 => Element::Ring { centre, inner: size * between(draw, 0.3, 0.7), outer: size },
            3 => Element::Ring { centre, inner: 0.0, outer: size * between(draw, 0.5, 0.9) },
            _ => {
                let mut place = || (centre.0 + size * between(draw, -1.0, 1.0), centre.1 + size * between(draw, -1.0, 1.0));
                let points = (0..5).map(|_| place()).collect::<Vec<_>>();
                let count = whole(draw, 3, 5);
                Element::Strokes { points: points[..count].to_vec(), half: size * between(draw, 0.1, 0.22) }
            }
        }
    }

    /// Whether there is print at a point.
    #[must_use]
    pub fn covers(&self, at: (f64, f64)) -> bool {
        self.elements.iter().filter(|e| e.covers(at)).count() % 2 == 1
    }
}

/// How a logo is photographed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Radians, from x to y.
    pub turn: f64,
    /// Radius of the logo's disc over half the picture.
    pub scale: f64,
    /// In halves of the picture.
    pub shift: (f64, f64),
    pub mirrored: bool,
    pub worn: f64,
    pub covered: f64,
    pub light: f64,
    pub noise: f64,
}

impl View {
    /// Upright, sharp, whole, evenly lit.
    pub const CLEAN: Self =
        Self { turn: 0.0, scale: 0.7, shift: (0.0, 0.0), mirrored: false, worn: 0.0, covered: 0.0, light: 0.0, noise: 0.01 };

    /// Turned, scaled and shifted at random; the rest as in `self`.
    #[must_use]
    pub fn placed(self, draw: &mut Stream) -> Self {
        let turn = std::f64::consts::TAU * draw.uniform();
        let scale = between(draw, 0.45, 0.8);
        let shift = (between(draw, -0.15, 0.15), between(draw, -0.15, 0.15));
        Self { turn, scale, shift, ..self }
    }
}

/// A smooth field in −1 … 1: numbers on a grid, linear between them.
struct Field {
    cells: usize,
    values: Vec<f64>,
}

impl Field {
    fn new(draw: &mut Stream, cells: usize) -> Self {
        Self { cells, values: (0..(cells + 1) * (cells + 1)).map(|_| 2.0 * draw.uniform() - 1.0).collect() }
    }

    /// At a point of −1 … 1; beyond, that of the edge.
    fn at(&self, (x, y): Point) -> f64 {
        let of = |v: f64| {
            let at = (0.5 * (v + 1.0)).clamp(0.0, 1.0) * self.cells as f64;
            let low = (at as usize).min(self.cells - 1);
            (low, at - low as f64)
        };
        let ((i, fx), (j, fy)) = (of(x), of(y));
        let value = |i: usize, j: usize| self.values[j * (self.cells + 1) + i];
        let above = value(i, j) + fx * (value(i + 1, j) - value(i, j));
        let below = value(i, j + 1) + fx * (value(i + 1, j + 1) - value(i, j + 1));
        above + fy * (below - above)
    }
}

/// Points along each side of a pixel that are looked up.
const POINTS: usize = 2;

/// A photograph of side × side pixels; `None` where the side is not 1 to 4096, or a number of the view is not finite.
#[must_use]
pub fn photograph(logo: &Logo, view: &View, side: usize, draw: &mut Stream) -> Option<Grey> {
    if !(1..=4096).contains(&side) {
        return None;
    }
    let fine = side * POINTS;
    let (bend_x, bend_y, fails) = (Field::new(draw, 12), Field::new(draw, 12), Field::new(draw, 20));
    let (sin, cos) = libm::sincos(view.turn);
    let flip = if view.mirrored { -1.0 } else { 1.0 };
    let place = |i: usize| {
        let of = |k: usize| (2 * k + 1) as f64 / fine as f64 - 1.0;
        let (x, y) = ((of(i % fine) - view.shift.0) / view.scale, (of(i / fine) - view.shift.1) / view.scale);
        (flip * (cos * x + sin * y), cos * y - sin * x)
    };
    // A sum of two uniform numbers, about what interpolation leaves, is below 2√(2·share) − 2 with that share.
    let level = (2.0 * (2.0 * view.worn).sqrt() - 2.0) / 2.0 - if view.worn > 0.0 { 0.0 } else { 1.0 };
    let printed = |q: Point| {
        let moved = (q.0 + view.worn * bend_x.at(q), q.1 + view.worn * bend_y.at(q));
        logo.covers(moved) && fails.at(q) > level
    };
    let mut on: Vec<bool> = (0..fine * fine).map(|i| printed(place(i))).collect();
    let (across, along) = libm::sincos(std::f64::consts::TAU * draw.uniform());
    if view.covered > 0.0 {
        let depth = |i: usize| along * (i % fine) as f64 + across * (i / fine) as f64;
        let mut depths: Vec<f64> = (0..on.len()).filter(|i| on[*i]).map(depth).collect();
        depths.sort_by(f64::total_cmp);
        let least = depths.get(((1.0 - view.covered.min(1.0)) * depths.len() as f64) as usize).copied();
        if let Some(least) = least {
            (0..fine * fine).for_each(|i| on[i] &= depth(i) < least);
        }
    }
    let (slope_y, slope_x) = libm::sincos(std::f64::consts::TAU * draw.uniform());
    let values = (0..side * side).map(|i| {
        let (column, row) = (i % side, i / side);
        let points = (0..POINTS * POINTS).map(|k| (row * POINTS + k / POINTS) * fine + column * POINTS + k % POINTS);
        let share = points.filter(|p| on[*p]).count() as f64 / (POINTS * POINTS) as f64;
        let (u, v) = (2.0 * column as f64 / side as f64 - 1.0, 2.0 * row as f64 / side as f64 - 1.0);
        let light = 1.0 + view.light * (0.7 * (slope_x * u + slope_y * v) - 0.3 * (u * u + v * v));
        (light * (PAPER + share * (PRINT - PAPER)) + view.noise * draw.normal()).clamp(0.0, 1.0) as f32
    });
    Grey::new(side, side, values.collect())
}

#[cfg(test)]
mod tests {
    use super::{Logo, View, photograph};
    use crate::draw::Stream;

    #[test]
    fn the_same_seed_gives_the_same_photograph() {
        let of = |seed| {
            let mut draw = Stream::new(seed, "stamp", 3);
            let logo = Logo::new(&mut draw);
            let view = View { worn: 0.03, covered: 0.2, light: 0.3, noise: 0.02, ..View::CLEAN }.placed(&mut draw);
            photograph(&logo, &view, 48, &mut draw).expect("possible")
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn a_cover_takes_its_share() {
        let mut draw = Stream::new(4, "stamp", 0);
        for _ in 0..5 {
            let logo = Logo::new(&mut draw);
            let mut dark = |covered| {
                let view = View { covered, noise: 0.0, ..View::CLEAN };
                photograph(&logo, &view, 128, &mut draw)
                    .expect("possible")
                    .values()
                    .iter()
                    .map(|v| f64::from(0.85 - v))
                    .sum::<f64>()
            };
            let whole = dark(0.0);
            for covered in [0.1, 0.4] {
                let left = dark(covered) / whole;
                assert!((left - (1.0 - covered)).abs() < 0.01, "{covered} {left}");
            }
        }
    }

    #[test]
    fn a_turned_view_shows_the_logo_turned() {
        let mut draw = Stream::new(5, "stamp", 0);
        let logo = Logo::new(&mut draw);
        let clean = View { noise: 0.0, ..View::CLEAN };
        let a = photograph(&logo, &clean, 64, &mut draw).expect("possible");
        let quarter = View { turn: std::f64::consts::FRAC_PI_2, ..clean };
        let b = photograph(&logo, &quarter, 64, &mut draw).expect("possible");
        // x → y: what lay at (column, row) lies at (63 − row, column).
        let off: f32 = (0..64 * 64).map(|i| (a.at(i / 64, i % 64) - b.at(i % 64, 63 - i / 64)).abs()).sum();
        assert!(off < 0.01 * 64.0 * 64.0, "{off}");
        let c = photograph(&logo, &View { mirrored: true, ..clean }, 64, &mut draw).expect("possible");
        let off: f32 = (0..64 * 64).map(|i| (a.at(i / 64, i % 64) - c.at(i / 64, 63 - i % 64)).abs()).sum();
        assert!(off < 0.01 * 64.0 * 64.0, "{off}");
    }
}
