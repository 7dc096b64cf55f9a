//! A surface turned about its centre, on the grid of another, with a margin as wide as the search window; and its sum tables.

use super::cells::Levelled;
use super::outcome::{Frame, cos_sin};

/// Heights of the turned surface.
#[derive(Debug)]
pub(super) struct Turned {
    pub(super) width: usize,
    pub(super) height: usize,
    /// 0 where nothing was measured.
    pub(super) heights: Vec<f64>,
    /// 1 where something was measured, else 0.
    pub(super) weights: Vec<f64>,
    counts: Vec<f64>,
    sums: Vec<f64>,
    squares: Vec<f64>,
    /// What a sum and a sum of squares of a rectangle may be off by.
    pub(super) error: (f64, f64),
}

impl Turned {
    /// `other`, turned, on the grid of `base` and its window around.
    pub(super) fn new(base: &Levelled, other: &Levelled, degrees: f64) -> Self {
        let window = base.window;
        let (width, height) = (base.columns + 2 * window, base.rows + 2 * window);
        let frame = Frame::new((base.columns, base.rows), (other.columns, other.rows));
        let turn = cos_sin(degrees);
        let mut heights = vec![0.0; width * height];
        let mut weights = vec![0.0; width * height];
        for row in 0..height {
            let y = row as f64 - window as f64;
            for column in 0..width {
                let (u, v) = frame.source(column as f64 - window as f64, y, turn);
                if let Some(h) = interpolated(other, u, v) {
                    heights[row * width + column] = h;
                    weights[row * width + column] = 1.0;
                }
            }
        }
        let mut turned = Self {
            width,
            height,
            heights,
            weights,
            counts: Vec::new(),
            sums: Vec::new(),
            squares: Vec::new(),
            error: (0.0, 0.0),
        };
        turned.tables();
        turned
    }

    fn tables(&mut self) {
        let stride = self.width + 1;
        let size = stride * (self.height + 1);
        (self.counts, self.sums, self.squares) = (vec![0.0; size], vec![0.0; size], vec![0.0; size]);
        let mut total = 0.0;
        for r in 0..self.height {
            let (mut n, mut s, mut q) = (0.0, 0.0, 0.0);
            for c in 0..self.width {
                let h = self.heights[r * self.width + c];
                n += self.weights[r * self.width + c];
                s += h;
                q += h * h;
                total += h.abs();
                let (above, here) = (r * stride + c + 1, (r + 1) * stride + c + 1);
                self.counts[here] = self.counts[above] + n;
                self.sums[here] = self.sums[above] + s;
                self.squares[here] = self.squares[above] + q;
            }
        }
        // An entry has passed at most width + height additions; a rectangle is made of four.
        let each = 4.0 * (self.width + self.height + 4) as f64 * f64::EPSILON;
        self.error = (each * total, each * self.squares.last().copied().unwrap_or(0.0));
    }

    /// Points, sum and sum of squares of the rectangle whose first corner is (column, row).
    pub(super) fn within(&self, corner: (usize, usize), size: (usize, usize)) -> (f64, f64, f64) {
        let mut of = [[0.0], [0.0], [0.0]];
        let [n, s, q] = &mut of;
        self.along(corner, size, [n, s, q]);
        (of[0][0], of[1][0], of[2][0])
    }

    /// The same for the rectangles that start there, one column further, two, and so on.
    pub(super) fn along(&self, (column, row): (usize, usize), (width, height): (usize, usize), into: [&mut [f64]; 3]) {
        let stride = self.width + 1;
        let (top, bottom) = (row * stride + column, (row + height) * stride + column);
        for (into, table) in into.into_iter().zip([&self.counts, &self.sums, &self.squares]) {
            let n = into.len();
            let (above, below) = (
                table[top..][..n].iter().zip(&table[top + width..][..n]),
                table[bottom..][..n].iter().zip(&table[bottom + width..][..n]),
            );
            for (into, ((a, b), (c, d))) in into.iter_mut().zip(above.zip(below)) {
                *into = (d - c) - (b - a);
            }
        }
    }
}

/// Closer to a point than this is on it: rounding in a rotation must not push one off the edge.
const NEAR: f64 = 1e-9;

/// The height at column x, row y, linear between the points around it, if all of those that have a weight were measured.
fn interpolated(surface: &Levelled, x: f64, y: f64) -> Option<f64> {
    let within = |v: f64, n: usize| v > -NEAR && v < (n - 1) as f64 + NEAR;
    if !(within(x, surface.columns) && within(y, surface.rows)) {
        return None;
    }
    let (c, r) = ((x + NEAR) as usize, (y + NEAR) as usize);
    let beyond = |v: f64, of: usize| if v - of as f64 > NEAR { v - of as f64 } else { 0.0 };
    let (fx, fy) = (beyond(x, c), beyond(y, r));
    let (right, below) = (usize::from(fx > 0.0), usize::from(fy > 0.0));
    let first = r * surface.columns + c;
    let at = [first, first + right, first + below * surface.columns, first + below * surface.columns + right];
    if !at.iter().all(|&i| surface.measured[i]) {
        return None;
    }
    let [a, b, c, d] = at.map(|i| surface.heights[i]);
    let (upper, lower) = (a + fx * (b - a), c + fx * (d - c));
    Some(upper + fy * (lower - upper))
}
