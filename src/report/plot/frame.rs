//! The plot itself: a box with two axes, as large as its labels leave it.
//!
//! The number of marks follows from the room there is, and the room from the labels of the marks, all measured: nothing is
//! cut and no two labels touch.

use super::axis::{Axis, Marks, SIZE, longest};
use super::palette::{GREY, GRID, INK};
use super::scene::{Anchor, Label, Rect, Scene, Stroke};
use super::text;
use super::ticks::Ticks;

const TITLE: f64 = 12.5;
const DASH: f64 = 4.0;

/// Where a value is along an axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Map {
    pub(super) fn at(&self, v: f64) -> f64 {
        // Halves first: the difference of two large numbers of opposite sign stays finite.
        let share = (v / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        self.from + share * (self.to - self.from)
    }
}

/// A plot that has been laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) plot: Rect,
    pub(super) x: Map,
    pub(super) y: Map,
}

/// How the labels below the plot are written.
struct Below {
    ticks: Ticks,
    upright: bool,
    /// Only each so-manieth name is written.
    every: usize,
    height: f64,
}

fn below(axis: &Axis, width: f64, area: Rect) -> Below {
    if let Marks::Names(names) = &axis.marks {
        let most = area.h * 0.3;
        let mut ticks = axis.ticks(0);
        let slot = width / names.len().max(1) as f64;
        let upright = longest(&ticks) + 6.0 > slot;
        if upright {
            ticks.labels.iter_mut().for_each(|l| *l = text::fit(l, SIZE, most));
        }
        let every = if upright { libm::ceil((SIZE + 2.0) / slot).max(1.0) as usize } else { 1 };
        let height = if upright { longest(&ticks) } else { SIZE };
        return Below { ticks, upright, every, height };
    }
    if let Some(ticks) = axis.along(width) {
        return Below { ticks, upright: false, every: 1, height: SIZE };
    }
    let most = (2..=10)
        .rev()
        .find(|&n| {
            let ticks = axis.ticks(n);
            let pixels = width / (axis.high - axis.low);
            let gap = ticks.at.windows(2).map(|w| if let [a, b] = w { (b - a) * pixels } else { width }).fold(width, f64::min);
            longest(&ticks) + 14.0 <= gap
        })
        .unwrap_or(2);
    let height = if matches!(axis.marks, Marks::Nothing) { 0.0 } else { SIZE };
    Below { ticks: axis.ticks(most), upright: false, every: 1, height }
}

impl Frame {
    /// Lays a plot out in `area` and draws its box, grid, marks and titles.
    pub(super) fn draw(scene: &mut Scene, area: Rect, x: &Axis, y: &Axis) -> Self {
        Self::draw_as(scene, area, x, y, false)
    }

    /// As [`Frame::draw`], with a square box: both axes show the same quantity.
    pub(super) fn draw_square(scene: &mut Scene, area: Rect, x: &Axis, y: &Axis) -> Self {
        Self::draw_as(scene, area, x, y, true)
    }

    fn draw_as(scene: &mut Scene, mut area: Rect, x: &Axis, y: &Axis, square: bool) -> Self {
        let mut left = y.upwards(area.h);
        let most = area.w * 0.35;
        left.labels.iter_mut().for_each(|l| *l = text::fit(l, SIZE, most));
        let title = |has: bool| if has { TITLE + 9.0 } else { 0.0 };
        let y_title = left.title(&y.title);
        let margin = longest(&left).max(y.room) + DASH + 5.0 + title(!y_title.is_empty());
        // The last label below may stand out at the right by half its width.
        let mut below = below(x, (area.w - margin - 20.0).max(20.0), area);
        let half = if below.upright { SIZE / 2.0 } else { longest(&below.ticks) / 2.0 };
        let out = if matches!(x.marks, Marks::Names(_)) && !below.upright { 2.0 } else { half };
        let margin = margin.max(out);
        let x_title = below.ticks.title(&x.title);
        let bottom = below.height + DASH + 6.0 + title(!x_title.is_empty());
        let top = SIZE / 2.0;
        let mut plot = Rect {
            x: area.x + margin,
            y: area.y + top,
            w: (area.w - margin - out).max(20.0),
            h: (area.h - top - bottom).max(20.0),
        };
        if square {
            let side = plot.w.min(plot.h);
            // In the middle of the width that is left over, together with its title.
            let shift = (plot.w - side) / 2.0;
            area = Rect { x: area.x + shift, w: area.w - shift, ..area };
            plot = Rect { x: plot.x + shift, w: side, h: side, ..plot };
        }
        // Chosen marks: as many as the plot that came out has room for.
        below.ticks = x.along(plot.w).unwrap_or(below.ticks);
        left = y.beside(plot.h).unwrap_or(left);
        let ends = |reversed: bool, from: f64, to: f64| if reversed { (to, from) } else { (from, to) };
        let (from, to) = ends(x.reversed, plot.x, plot.right());
        let x_map = Map { low: x.low, high: x.high, from, to };
        let (from, to) = ends(y.reversed, plot.bottom(), plot.y);
        let y_map = Map { low: y.low, high: y.high, from, to };
        let frame = Self { plot, x: x_map, y: y_map };
        frame.draw_axes(scene, area, &below, &left, (&x_title, &y_title), matches!(y.marks, Marks::Names(_)));
        frame
    }

    fn draw_axes(&self, scene: &mut Scene, area: Rect, below: &Below, left: &Ticks, titles: (&str, &str), thin: bool) {
        let plot = self.plot;
        let (grid, edge) = (Stroke::new(GRID, 1.0), Stroke::new(GREY, 1.0));
        scene.open("axis x");
        for (i, (at, label)) in below.ticks.at.iter().zip(&below.ticks.labels).enumerate() {
            if i % below.every != 0 {
                continue;
            }
            let x = self.x.at(*at);
            scene.line("grid", (x, plot.y), (x, plot.bottom()), &grid);
            scene.line("tick", (x, plot.bottom()), (x, plot.bottom() + DASH), &edge);
            let anchor = if below.upright { Anchor::End } else { Anchor::Middle };
            let y = plot.bottom() + DASH + 4.0 + if below.upright { 0.0 } else { SIZE / 2.0 };
            scene.text(&Label { upright: below.upright, ..Label::new("tick-label", x, y, SIZE, anchor) }, label);
        }
        let y = plot.bottom() + DASH + 6.0 + below.height + TITLE / 2.0 + 3.5;
        let middle = plot.x + plot.w / 2.0;
        let room = 2.0 * (middle - area.x).min(area.right() - middle);
        scene.text(&Label::new("axis-title", middle, y, TITLE, Anchor::Middle), &text::fit(titles.0, TITLE, room));
        scene.end();
        scene.open("axis y");
        let every = if thin { libm::ceil((SIZE + 1.0) * left.at.len() as f64 / plot.h).max(1.0) as usize } else { 1 };
        for (i, (at, label)) in left.at.iter().zip(&left.labels).enumerate() {
            if i % every != 0 {
                continue;
            }
            let y = self.y.at(*at);
            scene.line("grid", (plot.x, y), (plot.right(), y), &grid);
            scene.line("tick", (plot.x - DASH, y), (plot.x, y), &edge);
            scene.text(&Label::new("tick-label", plot.x - DASH - 3.0, y, SIZE, Anchor::End), label);
        }
        let label = Label {
            upright: true,
            ..Label::new("axis-title", area.x + TITLE / 2.0, plot.y + plot.h / 2.0, TITLE, Anchor::Middle)
        };
        scene.text(&label, &text::fit(titles.1, TITLE, plot.h));
        scene.end();
        scene.rect("plot", plot, "none", Some(&edge), "");
    }

    /// Where a pair of values is on the page.
    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.at(x), self.y.at(y))
    }

    /// A line through points in values, cut at the edges of the box.
    pub(super) fn clipped(&self, points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let mut runs: Vec<Vec<(f64, f64)>> = Vec::new();
        for pair in points.windows(2) {
            let [a, b] = pair else { continue };
            let Some((from, to)) = clip(self.plot, self.at(a.0, a.1), self.at(b.0, b.1)) else { continue };
            match runs.last_mut() {
                Some(run) if run.last() == Some(&from) => run.push(to),
                _ => runs.push(vec![from, to]),
            }
        }
        runs
    }

    /// Lines through the zero of either axis, where that is in sight.
    pub(super) fn zero(&self, scene: &mut Scene, x: bool, y: bool) {
        let stroke = Stroke::dashed(GREY, 1.0, "4 3");
        let (x0, y0) = self.at(0.0, 0.0);
        if x && x0 > self.plot.x && x0 < self.plot.right() {
            scene.line("zero", (x0, self.plot.y), (x0, self.plot.bottom()), &stroke);
        }
        if y && y0 > self.plot.y && y0 < self.plot.bottom() {
            scene.line("zero", (self.plot.x, y0), (self.plot.right(), y0), &stroke);
        }
    }

    /// Draws a line of values, cut at the box.
    pub(super) fn curve(&self, scene: &mut Scene, class: &str, points: &[(f64, f64)], stroke: &Stroke, title: &str) {
        scene.path(class, &self.clipped(points), stroke, title);
    }
}

/// The part of a segment within `r` (Liang and Barsky, doi:10.1145/357332.357333).
fn clip(r: Rect, a: (f64, f64), b: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    if ![a.0, a.1, dx, dy].iter().all(|v| v.is_finite()) {
        return None;
    }
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (p, q) in [(-dx, a.0 - r.x), (dx, r.right() - a.0), (-dy, a.1 - r.y), (dy, r.bottom() - a.1)] {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            enter = enter.max(q / p);
        } else {
            leave = leave.min(q / p);
        }
    }
    let on = |t: f64| {
        if t == 0.0 {
            a
        } else if t == 1.0 {
            b
        } else {
            (a.0 + t * dx, a.1 + t * dy)
        }
    };
    (enter <= leave).then(|| (on(enter), on(leave)))
}

/// The colour of text that is less important.
pub(super) const QUIET: &str = GREY;

/// The colour of lines that matter and belong to no class.
pub(super) const STRONG: &str = INK;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_cut_at_the_edges() {
        let r = Rect { x: 0.0, y: 0.0, w: 10.0, h: 10.0 };
        assert_eq!(clip(r, (1.0, 1.0), (9.0, 9.0)), Some(((1.0, 1.0), (9.0, 9.0))));
        assert_eq!(clip(r, (-10.0, 5.0), (20.0, 5.0)), Some(((0.0, 5.0), (10.0, 5.0))));
        assert_eq!(clip(r, (5.0, 20.0), (5.0, 5.0)), Some(((5.0, 10.0), (5.0, 5.0))));
        assert_eq!(clip(r, (-1.0, -1.0), (-5.0, 20.0)), None);
        assert_eq!(clip(r, (11.0, 0.0), (11.0, 9.0)), None);
        assert_eq!(clip(r, (f64::NAN, 0.0), (11.0, 9.0)), None);
    }

    #[test]
    fn reversed_axes_run_the_other_way() {
        let area = Rect { x: 0.0, y: 0.0, w: 400.0, h: 300.0 };
        let mut scene = Scene::new(400.0, 300.0);
        let y = Axis::from("", 0.0, 1.0);
        let up = Frame::draw(&mut scene, area, &Axis::from("", 800.0, 4000.0), &y);
        let down = Frame::draw(&mut scene, area, &Axis::from("", 800.0, 4000.0).reversed(true), &y);
        assert!(up.x.at(800.0) < up.x.at(4000.0) && down.x.at(800.0) > down.x.at(4000.0));
        assert!((down.x.at(4000.0) - down.plot.x).abs() < 1e-9);
        assert!(down.y.at(0.0) > down.y.at(1.0));
    }
}
