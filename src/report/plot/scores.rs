//! Scores: each row a point on two components.
//!
//! Rows of a class share colour and shape; rows that the model was not fitted to (projected) are hollow. The confidence
//! ellipse, per class or over all, is that of the fitted rows (see [`Coverage`]). An ellipse of very few rows is huge: one
//! that reaches more than the span of all points beyond them gets a quarter of that span at each side, and is cut at the box; the
//! description counts such ellipses.

use super::axis::{Axis, span};
use super::ellipse::{Coverage, outline};
use super::error::{Error, finite, length};
use super::frame::{Frame, STRONG};
use super::groups::Groups;
use super::legend::{Entry, Key};
use super::page::{Style, counted, radius};
use super::palette::{self, GREY, Shape};
use super::placer::Placer;
use super::scene::{Marker, Scene, Stroke};
use super::text;

const FIGURE: &str = "scores";

/// A scatter of two components.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores<'a> {
    pub x: &'a [f64],
    pub y: &'a [f64],
    /// Such as "PC1 (71.2 %)".
    pub x_title: &'a str,
    pub y_title: &'a str,
    /// The class of each row; empty where there are none.
    pub classes: &'a [&'a str],
    /// For each row, whether the model had not seen it; empty where it had seen all.
    pub projected: &'a [bool],
    /// A name for each row, or empty.
    pub names: &'a [&'a str],
    /// So many rows, the farthest from the middle, have their names written.
    pub named: usize,
    pub ellipse: Coverage,
    /// An ellipse for each class; otherwise one over all.
    pub per_class: bool,
}

impl Scores<'_> {
    fn check(&self) -> Result<(), Error> {
        finite(FIGURE, "x", self.x)?;
        finite(FIGURE, "y", self.y)?;
        let rows = self.x.len();
        length(FIGURE, "y", self.y.len(), rows, "one for each x")?;
        for (what, got) in [("classes", self.classes.len()), ("projected", self.projected.len()), ("names", self.names.len())] {
            if got != 0 {
                length(FIGURE, what, got, rows, "one for each row, or none at all")?;
            }
        }
        match self.ellipse.level() {
            Some(level) if !(level > 0.0 && level < 1.0) => Err(Error::Value {
                figure: FIGURE,
                what: "the level of the ellipse".into(),
                got: level.to_string(),
                allowed: "more than 0 and less than 1, such as 0.95".into(),
            }),
            _ => Ok(()),
        }
    }

    fn is_projected(&self, row: usize) -> bool {
        self.projected.get(row).copied().unwrap_or(false)
    }

    fn point(&self, row: usize) -> Option<(f64, f64)> {
        Some((*self.x.get(row)?, *self.y.get(row)?))
    }

    fn ellipses(&self, groups: &Groups<'_>) -> Vec<(usize, Vec<(f64, f64)>)> {
        let fitted = |rows: &mut dyn Iterator<Item = usize>| -> Vec<_> {
            rows.filter(|&r| !self.is_projected(r)).filter_map(|r| self.point(r)).collect()
        };
        if self.per_class {
            let of = |g: usize| outline(&fitted(&mut groups.rows(g)), self.ellipse).map(|o| (g, o));
            (0..groups.names.len()).filter_map(of).collect()
        } else {
            outline(&fitted(&mut (0..self.x.len())), self.ellipse).map(|o| (0, o)).into_iter().collect()
        }
    }

    fn ellipse_stroke(&self, group: usize) -> Stroke {
        let look = palette::look(group);
        if self.per_class { Stroke::dashed(look.colour, 1.4, look.dash) } else { Stroke::dashed(STRONG, 1.2, "6 4") }
    }

    fn entries(&self, groups: &Groups<'_>, ellipses: &[(usize, Vec<(f64, f64)>)]) -> Vec<Entry> {
        let mut entries = Vec::new();
        if groups.named() {
            for (g, name) in groups.names.iter().enumerate() {
                let Key::Marker(marker) = Key::class(palette::look(g)) else { continue };
                let has = self.per_class && ellipses.iter().any(|(of, _)| *of == g);
                let key = if has { Key::Marked(self.ellipse_stroke(g), marker) } else { Key::Marker(marker) };
                entries.push(Entry::new(key, *name));
            }
        }
        if self.projected.contains(&true) {
            let marker = Marker { shape: Shape::Circle, colour: GREY, radius: 4.0, hollow: true };
            entries.push(Entry::new(Key::Marker(marker), "projected (hollow)"));
        }
        if let (Some(level), false) = (self.ellipse.level(), ellipses.is_empty()) {
            let kind = if matches!(self.ellipse, Coverage::ChiSquare(_)) { "χ²" } else { "T²" };
            let text =
                format!("{} % ellipse ({kind})", text::number(level * 100.0, 3).trim_end_matches('0').trim_end_matches('.'));
            let key = if self.per_class && groups.named() { Key::Note } else { Key::Line(self.ellipse_stroke(0)) };
            entries.push(Entry::new(key, text));
        }
        entries
    }

    /// Does an ellipse keep within one span of the points?
    fn fits(&self, outline: &[(f64, f64)]) -> bool {
        let within = |values: &[f64], pick: &dyn Fn(&(f64, f64)) -> f64| {
            let (low, high) = span(values.iter().copied());
            outline.iter().map(pick).all(|v| v >= low - (high - low) && v <= high + (high - low))
        };
        within(self.x, &|p| p.0) && within(self.y, &|p| p.1)
    }

    fn axes(&self, ellipses: &[(usize, Vec<(f64, f64)>)]) -> (Axis, Axis) {
        let axis = |title: &str, values: &[f64], pick: &dyn Fn(&(f64, f64)) -> f64| {
            let (low, high) = span(values.iter().copied());
            let around = ellipses.iter().flat_map(|(_, outline)| {
                let most = (high - low) * if self.fits(outline) { 1.0 } else { 0.25 };
                outline.iter().map(pick).map(move |v| v.clamp(low - most, high + most))
            });
            Axis::over(title, around.chain([low, high]))
        };
        (axis(self.x_title, self.x, &|p| p.0), axis(self.y_title, self.y, &|p| p.1))
    }

    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        self.check()?;
        let rows = self.x.len();
        let groups = Groups::new(self.classes, rows);
        let ellipses = self.ellipses(&groups);
        let (mut scene, area) = style.open(&self.entries(&groups, &ellipses));
        let (x, y) = self.axes(&ellipses);
        let frame = Frame::draw(&mut scene, area, &x, &y);
        frame.zero(&mut scene, true, true);
        scene.open("ellipses");
        for (g, points) in &ellipses {
            let name = groups.names.get(*g).filter(|_| self.per_class).copied().unwrap_or("");
            frame.curve(&mut scene, "ellipse", points, &self.ellipse_stroke(*g), name);
        }
        scene.end();
        scene.open("points");
        let at: Vec<_> = self.x.iter().zip(self.y).map(|(x, y)| frame.at(*x, *y)).collect();
        for (row, (point, g)) in at.iter().zip(&groups.of).enumerate() {
            let look = palette::look(*g);
            let hollow = self.is_projected(row);
            let class = format!("point class-{g}{}", if hollow { " projected" } else { "" });
            let marker = Marker { shape: look.shape, colour: look.colour, radius: radius(rows), hollow };
            scene.marker(&class, *point, &marker, self.names.get(row).copied().unwrap_or(""));
        }
        scene.end();
        let lines: Vec<_> = ellipses.iter().flat_map(|(_, points)| frame.clipped(points)).collect();
        self.write_names(&mut scene, &frame, &at, &lines);
        let classes = if groups.named() { format!(" in {}", counted(groups.names.len(), "class")) } else { String::new() };
        let beyond = match ellipses.iter().filter(|(_, outline)| !self.fits(outline)).count() {
            0 => String::new(),
            n => format!(" Beyond the picture: {}.", counted(n, "ellipse")),
        };
        let about = format!("Scores of {}{classes}: {} against {}.{beyond}", counted(rows, "row"), self.y_title, self.x_title);
        Ok((scene, about))
    }

    /// Names of the rows farthest from the middle of the points, each axis taken in shares of its span.
    fn write_names(&self, scene: &mut Scene, frame: &Frame, at: &[(f64, f64)], lines: &[Vec<(f64, f64)>]) {
        if self.names.is_empty() || self.named == 0 {
            return;
        }
        let n = at.len() as f64;
        let middle = at.iter().fold((0.0, 0.0), |m, p| (m.0 + p.0 / n, m.1 + p.1 / n));
        let far = |p: &(f64, f64)| {
            let (u, v) = ((p.0 - middle.0) / frame.plot.w, (p.1 - middle.1) / frame.plot.h);
            u * u + v * v
        };
        let mut order: Vec<_> = at.iter().zip(self.names).collect();
        order.sort_by(|a, b| far(b.0).total_cmp(&far(a.0)));
        let mut placer = Placer::new(frame.plot, at).avoid(lines);
        scene.open("point-labels");
        for (point, name) in order.into_iter().take(self.named) {
            placer.write(scene, *point, name);
        }
        scene.end();
    }
}
