//! One cell on one turned surface: all shifts by transforms, the best of them exactly.
//!
//! Without missing points in the cell, n, Σb and Σb² of a shift are rectangles of sum tables; without any in its region, n, Σa and Σa² are the
//! cell's own. Only the rest takes transforms of masks (Padfield).

use super::cells::{Cell, FLAT, Levelled};
use super::room::{Number, Room, Spectrum};
use super::shifts::{Open, Row, Sums};
use super::turned::Turned;

/// More open shifts than this are looked at in f64 first.
const MANY: usize = 96;

/// A cell made ready: heights less their mean, 0 where nothing was measured, and weights 1 or 0.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) width: usize,
    pub(super) height: usize,
    heights: Vec<f64>,
    weights: Vec<f64>,
    count: usize,
    sum: f64,
    squares: f64,
    /// Of its region on the turned surface.
    corner: (usize, usize),
    least_pairs: usize,
    window: usize,
}

impl Ready {
    /// `None` for a flat cell.
    pub(super) fn new(cell: &Cell, surface: &Levelled, least_pairs: usize) -> Option<Self> {
        let points = || cell.rows.clone().flat_map(|r| cell.columns.clone().map(move |c| r * surface.columns + c));
        let weights: Vec<f64> = points().map(|i| f64::from(u8::from(surface.measured[i]))).collect();
        let count = points().filter(|&i| surface.measured[i]).count();
        let mean = points().map(|i| surface.heights[i]).sum::<f64>() / count as f64;
        let heights: Vec<f64> = points().zip(&weights).map(|(i, w)| (surface.heights[i] - mean) * w).collect();
        let (sum, squares) = (heights.iter().sum(), heights.iter().map(|h| h * h).sum::<f64>());
        (count > 0 && (squares / count as f64).sqrt() > FLAT).then_some(Self {
            width: cell.columns.len(),
            height: cell.rows.len(),
            heights,
            weights,
            count,
            sum,
            squares,
            corner: (cell.columns.start, cell.rows.start),
            least_pairs,
            window: surface.window,
        })
    }

    fn full(&self) -> bool {
        self.count == self.weights.len()
    }
}

/// Spectra of a cell's heights, squares and, if points are missing, its mask.
pub(super) struct Spectra<T> {
    heights: Spectrum<T>,
    squares: Spectrum<T>,
    mask: Option<Spectrum<T>>,
    /// Norms of heights, squares and mask.
    norms: (f64, f64, f64),
}

impl<T: Number> Spectra<T> {
    pub(super) fn new(cell: &Ready, room: &mut Room<T>) -> Self {
        let mut of = |line: &[f64], power: i32| {
            let mut spectrum = room.spectrum();
            let rows = line.chunks(cell.width).map(|row| row.iter().map(|h| if power == 2 { h * h } else { *h }));
            room.forward(rows, &mut spectrum);
            spectrum
        };
        let (heights, squares) = (of(&cell.heights, 1), of(&cell.heights, 2));
        let mask = (!cell.full()).then(|| of(&cell.weights, 1));
        let fourth = cell.heights.iter().map(|h| h * h * h * h).sum::<f64>();
        Self { heights, squares, mask, norms: (cell.squares.sqrt(), fourth.sqrt(), (cell.count as f64).sqrt()) }
    }
}

/// Where a cell fits best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    pub(super) correlation: f64,
    pub(super) dx: i64,
    pub(super) dy: i64,
    pub(super) pairs: usize,
}

/// Room for searches of one thread.
pub(super) struct Search<T> {
    pub(super) room: Room<T>,
    region: [Spectrum<T>; 3],
    shifts: [Vec<T>; 6],
}

impl<T: Number> Search<T> {
    pub(super) fn new(room: Room<T>) -> Self {
        let region = std::array::from_fn(|_| room.spectrum());
        let shifts = std::array::from_fn(|_| room.shifts());
        Self { room, region, shifts }
    }

    /// Shifts that could be the best, as indices row by row.
    fn candidates(&mut self, cell: &Ready, spectra: &Spectra<T>, on: &Turned) -> Vec<usize> {
        let (width, height) = (cell.width + 2 * cell.window, cell.height + 2 * cell.window);
        let (count, sum, squares) = on.within(cell.corner, (width, height));
        if count < cell.least_pairs as f64 {
            return Vec::new();
        }
        let (cell_full, region_full) = (cell.full(), count as usize == width * height);
        let mean = sum / count;
        let line = |of: &'_ [f64], r: usize| {
            let start = (cell.corner.1 + r) * on.width + cell.corner.0;
            start..(start + width).min(of.len())
        };
        let heights = |r: usize| {
            let at = line(&on.heights, r);
            on.heights[at.clone()].iter().zip(&on.weights[at]).map(move |(h, w)| (h - mean) * w)
        };
        let room = &mut self.room;
        let [b, squared, mask] = &mut self.region;
        let [ab, n, a, aa, sb, bb] = &mut self.shifts;
        room.forward((0..height).map(heights), b);
        room.correlate(&spectra.heights, b, ab);
        if !region_full {
            room.forward((0..height).map(|r| on.weights[line(&on.weights, r)].iter().copied()), mask);
            room.correlate(&spectra.heights, mask, a);
            room.correlate(&spectra.squares, mask, aa);
        }
        let mut fourth = 0.0;
        if let Some(own) = &spectra.mask {
            room.forward((0..height).map(|r| heights(r).map(|h| h * h)), squared);
            room.correlate(own, b, sb);
            room.correlate(own, squared, bb);
            if !region_full {
                room.correlate(own, mask, n);
            }
            fourth = (0..height).flat_map(heights).map(|h| h * h * h * h).sum();
        }

        let (norm_a, norm_aa, norm_m) = spectra.norms;
        let (off, region_m) = (room.plan.error, count.sqrt());
        let norm_b = ((squares - mean * sum).max(0.0) + on.error.1 + 2.0 * mean.abs() * on.error.0).sqrt();
        let if_off = |exact: bool, e: f64, else_off: f64| if exact { else_off } else { e };
        let rough_n = off * norm_m * region_m;
        let mut error = Sums {
            n: if cell_full || region_full || rough_n < 0.49 { 0.0 } else { rough_n.ceil() },
            a: if_off(region_full, off * norm_a * region_m, 1e-12 * region_m * norm_a),
            aa: if_off(region_full, off * norm_aa * region_m, 1e-12 * cell.squares),
            b: if_off(cell_full, off * norm_m * norm_b, on.error.0),
            bb: if_off(cell_full, off * norm_m * fourth.sqrt(), on.error.1 + 2.0 * mean.abs() * on.error.0),
            ab: off * norm_a * norm_b,
        };
        // What is missing of a cell's own sums is no more than rounding.
        error.a += 1e-12 * norm_a;

        let across = 2 * cell.window + 1;
        let scale = 1.0 / room.plan.size as f64;
        let mut open = Open::new(error, cell.least_pairs);
        let size = (cell.width, cell.height);
        let mut row = Row::all(Sums { n: cell.count as f64, a: cell.sum, aa: cell.squares, ..Sums::default() }, across);
        for y in 0..across {
            let copy = |from: &[T], into: &mut [f64]| {
                let from = &from[y * room.plan.stride..][..across];
                into.iter_mut().zip(from).for_each(|(into, x)| *into = x.get() * scale);
            };
            copy(ab, &mut row.ab);
            if cell_full {
                on.along((cell.corner.0, cell.corner.1 + y), size, [&mut row.n, &mut row.b, &mut row.bb]);
                for ((n, b), bb) in row.n.iter().zip(&mut row.b).zip(&mut row.bb) {
                    *bb += mean * (mean * n - 2.0 * *b);
                    *b -= mean * n;
                }
            } else {
                copy(sb, &mut row.b);
                copy(bb, &mut row.bb);
                if !region_full {
                    copy(n, &mut row.n);
                    row.n.iter_mut().for_each(|n| *n = f64::from((*n + 0.5) as i32));
                }
            }
            if !region_full {
                copy(a, &mut row.a);
                copy(aa, &mut row.aa);
            }
            open.look_along(&row, y * across);
        }
        open.finish()
    }
}

/// The searches of one thread, in both precisions.
pub(super) struct Searches {
    pub(super) single: Search<f32>,
    pub(super) double: Option<Search<f64>>,
}

impl Searches {
    /// The best place of a cell; `double` makes what is needed where f32 leaves too much open.
    pub(super) fn best(
        &mut self,
        cell: &Ready,
        spectra: &Spectra<f32>,
        on: &Turned,
        double: impl Fn() -> Search<f64>,
    ) -> Option<Fit> {
        let mut shifts = self.single.candidates(cell, spectra, on);
        if shifts.len() > MANY {
            let search = self.double.get_or_insert_with(double);
            let spectra = Spectra::new(cell, &mut search.room);
            shifts = search.candidates(cell, &spectra, on);
        }
        let across = 2 * cell.window + 1;
        let mut best: Option<Fit> = None;
        for shift in shifts {
            let (x, y) = (shift % across, shift / across);
            let Some((correlation, pairs)) = exact(cell, on, (x, y)) else { continue };
            let (dx, dy) = (x as i64 - cell.window as i64, y as i64 - cell.window as i64);
            let far = |x: i64, y: i64| x * x + y * y;
            let nearer = |b: Fit| (far(dx, dy), dy, dx) < (far(b.dx, b.dy), b.dy, b.dx);
            if best.is_none_or(|b| correlation > b.correlation || (correlation == b.correlation && nearer(b))) {
                best = Some(Fit { correlation, dx, dy, pairs });
            }
        }
        best
    }
}

/// The correlation of a cell at a shift, summed directly, and its pairs; `None` where those are too few.
fn exact(cell: &Ready, on: &Turned, (x, y): (usize, usize)) -> Option<(f64, usize)> {
    let first = (cell.corner.1 + y) * on.width + cell.corner.0 + x;
    let lines = || {
        (0..cell.height).map(|r| (r * cell.width..(r + 1) * cell.width, first + r * on.width..first + r * on.width + cell.width))
    };
    let mut pass = [[0.0; LANES]; 3];
    for (own, other) in lines() {
        let own = (&cell.heights[own.clone()], &cell.weights[own]);
        let other = (&on.heights[other.clone()], &on.weights[other]);
        striped(own, other, &mut pass, |a, wa, b, wb| [wa * wb, a * wb, b * wa]);
    }
    let [n, a, b] = pass.map(|lanes| lanes.iter().sum::<f64>());
    if (n as usize) < cell.least_pairs {
        return None;
    }
    let (a, b) = (a / n, b / n);
    let mut pass = [[0.0; LANES]; 3];
    for (own, other) in lines() {
        let own = (&cell.heights[own.clone()], &cell.weights[own]);
        let other = (&on.heights[other.clone()], &on.weights[other]);
        striped(own, other, &mut pass, |x, wa, y, wb| {
            let (x, y) = ((x - a) * (wa * wb), (y - b) * (wa * wb));
            [x * x, y * y, x * y]
        });
    }
    let [aa, bb, ab] = pass.map(|lanes| lanes.iter().sum::<f64>());
    let flat = (aa / n).sqrt() <= FLAT || (bb / n).sqrt() <= FLAT;
    Some((if flat { 0.0 } else { ab / (aa * bb).sqrt() }, n as usize))
}

const LANES: usize = 8;

/// Adds three terms of every point to lane (column mod 8): an order that no compiler changes.
#[inline]
fn striped(
    (a, wa): (&[f64], &[f64]),
    (b, wb): (&[f64], &[f64]),
    sums: &mut [[f64; LANES]; 3],
    term: impl Fn(f64, f64, f64, f64) -> [f64; 3],
) {
    let chunks = a.chunks(LANES).zip(wa.chunks(LANES)).zip(b.chunks(LANES).zip(wb.chunks(LANES)));
    for ((a, wa), (b, wb)) in chunks {
        let points = a.iter().zip(wa).zip(b.iter().zip(wb));
        for (l, ((a, wa), (b, wb))) in points.enumerate() {
            let [p, q, r] = term(*a, *wa, *b, *wb);
            sums[0][l] += p;
            sums[1][l] += q;
            sums[2][l] += r;
        }
    }
}
