//! The elements of a picture, written as SVG 1.1.
//!
//! Coordinates are pixels, x to the right and y down, kept to a hundredth. Styles are attributes of each element, so that a
//! picture needs no style sheet; the `class` attributes are there for readers of the file. Text stays text.

use std::fmt::Write;

use super::palette::{INK, Shape};
use super::text;

/// A rectangle on the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
}

impl Rect {
    pub(super) fn right(&self) -> f64 {
        self.x + self.w
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y + self.h
    }

    pub(super) fn holds(&self, other: &Self) -> bool {
        other.x >= self.x && other.y >= self.y && other.right() <= self.right() && other.bottom() <= self.bottom()
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub(super) colour: &'static str,
    pub(super) width: f64,
    pub(super) dash: &'static str,
    pub(super) opacity: f64,
}

impl Stroke {
    pub(super) const fn new(colour: &'static str, width: f64) -> Self {
        Self { colour, width, dash: "", opacity: 1.0 }
    }

    pub(super) const fn dashed(colour: &'static str, width: f64, dash: &'static str) -> Self {
        Self { colour, width, dash, opacity: 1.0 }
    }

    pub(super) const fn faint(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }
}

/// Which end of a text its position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// One text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Label<'a> {
    pub(super) class: &'a str,
    pub(super) x: f64,
    /// Of the middle of the capitals, not of the base line.
    pub(super) y: f64,
    pub(super) size: f64,
    pub(super) anchor: Anchor,
    pub(super) colour: &'a str,
    /// Reads from bottom to top.
    pub(super) upright: bool,
    /// A white edge, for text over lines.
    pub(super) halo: bool,
}

impl<'a> Label<'a> {
    pub(super) const fn new(class: &'a str, x: f64, y: f64, size: f64, anchor: Anchor) -> Self {
        Self { class, x, y, size, anchor, colour: INK, upright: false, halo: false }
    }
}

/// A marker of a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marker {
    pub(super) shape: Shape,
    pub(super) colour: &'static str,
    pub(super) radius: f64,
    pub(super) hollow: bool,
}

/// The picture so far.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    body: String,
}

/// A coordinate to a hundredth, as short as can be.
pub(super) fn coordinate(x: f64) -> String {
    let mut text = format!("{x:.2}");
    text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    if text == "-0" || text.is_empty() { "0".into() } else { text }
}

/// Text as XML: no markup, and no character that XML does not have.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c < ' ' || ('\u{7f}'..='\u{9f}').contains(&c) || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

impl Scene {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    /// Appends text; writing into a string cannot fail.
    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.body.write_fmt(text);
    }

    fn close(&mut self, element: &str, title: &str) {
        if title.is_empty() {
            self.push(format_args!("/>\n"));
        } else {
            self.push(format_args!("><title>{}</title></{element}>\n", escape(title)));
        }
    }

    fn stroke(&mut self, stroke: &Stroke) {
        self.push(format_args!(" stroke=\"{}\" stroke-width=\"{}\"", stroke.colour, coordinate(stroke.width)));
        if !stroke.dash.is_empty() {
            self.push(format_args!(" stroke-dasharray=\"{}\"", stroke.dash));
        }
        if stroke.opacity < 1.0 {
            self.push(format_args!(" stroke-opacity=\"{}\"", coordinate(stroke.opacity)));
        }
    }

    pub(super) fn open(&mut self, class: &str) {
        self.push(format_args!("<g class=\"{class}\">\n"));
    }

    pub(super) fn end(&mut self) {
        self.push(format_args!("</g>\n"));
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64), stroke: &Stroke) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(coordinate);
        self.push(format_args!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\""));
        self.stroke(stroke);
        self.close("line", "");
    }

    /// Lines through several runs of points; `title` is shown by browsers and read by screen readers.
    pub(super) fn path(&mut self, class: &str, runs: &[Vec<(f64, f64)>], stroke: &Stroke, title: &str) {
        if runs.iter().all(|run| run.len() < 2) {
            return;
        }
        self.push(format_args!("<path class=\"{class}\" fill=\"none\" stroke-linejoin=\"round\" d=\""));
        for run in runs.iter().filter(|run| run.len() > 1) {
            self.points(run);
        }
        self.push(format_args!("\""));
        self.stroke(stroke);
        self.close("path", title);
    }

    fn points(&mut self, run: &[(f64, f64)]) {
        for (i, (x, y)) in run.iter().enumerate() {
            let sign = if i == 0 { 'M' } else { 'L' };
            self.push(format_args!("{sign}{} {}", coordinate(*x), coordinate(*y)));
        }
    }

    pub(super) fn area(&mut self, class: &str, outline: &[(f64, f64)], colour: &str, opacity: f64) {
        self.push(format_args!("<path class=\"{class}\" stroke=\"none\" fill=\"{colour}\" d=\""));
        self.points(outline);
        self.push(format_args!("Z\" fill-opacity=\"{}\"/>\n", coordinate(opacity)));
    }

    pub(super) fn rect(&mut self, class: &str, r: Rect, fill: &str, stroke: Option<&Stroke>, title: &str) {
        let [x, y, w, h] = [r.x, r.y, r.w, r.h].map(coordinate);
        self.push(format_args!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{fill}\""));
        if let Some(stroke) = stroke {
            self.stroke(stroke);
        }
        self.close("rect", title);
    }

    /// A picture by its `data:` address, drawn out to the rectangle.
    pub(super) fn image(&mut self, class: &str, r: Rect, address: &str, title: &str) {
        let [x, y, w, h] = [r.x, r.y, r.w, r.h].map(coordinate);
        self.push(format_args!("<image class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\""));
        self.push(format_args!(" preserveAspectRatio=\"none\" href=\"{address}\""));
        self.close("image", title);
    }

    pub(super) fn marker(&mut self, class: &str, at: (f64, f64), marker: &Marker, title: &str) {
        let r = marker.radius;
        let corners: Vec<_> = marker.shape.corners().iter().map(|(x, y)| (at.0 + r * x, at.1 + r * y)).collect();
        let element = if corners.is_empty() { "circle" } else { "path" };
        if corners.is_empty() {
            let [x, y, r] = [at.0, at.1, r].map(coordinate);
            self.push(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{r}\""));
        } else {
            self.push(format_args!("<path class=\"{class}\" d=\""));
            self.points(&corners);
            self.push(format_args!("Z\""));
        }
        // A pale colour needs a dark edge to be seen on white.
        let pale = super::palette::luminance(marker.colour) > 0.75;
        let (fill, edge, width) = match (marker.hollow, pale) {
            (true, false) => ("#ffffff", marker.colour, 1.4),
            (true, true) => ("#ffffff", "#a89a00", 1.4),
            (false, false) => (marker.colour, "#ffffff", 0.5),
            (false, true) => (marker.colour, INK, 0.6),
        };
        self.push(format_args!(" fill=\"{fill}\" stroke=\"{edge}\" stroke-width=\"{width}\""));
        self.close(element, title);
    }

    pub(super) fn text(&mut self, label: &Label<'_>, text: &str) {
        if text.is_empty() {
            return;
        }
        let drop = label.size * text::CAPITAL / 2.0;
        let (x, y) = if label.upright { (label.x + drop, label.y) } else { (label.x, label.y + drop) };
        let [x, y, size] = [x, y, label.size].map(coordinate);
        let anchor = match label.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.push(format_args!("<text class=\"{}\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\"", label.class));
        self.push(format_args!(" text-anchor=\"{anchor}\" fill=\"{}\"", label.colour));
        if label.halo {
            self.push(format_args!(" stroke=\"#ffffff\" stroke-width=\"2.5\" stroke-linejoin=\"round\" paint-order=\"stroke\""));
        }
        if label.upright {
            self.push(format_args!(" transform=\"rotate(-90 {x} {y})\""));
        }
        self.push(format_args!(">{}</text>\n", escape(text)));
    }

    /// The whole file.
    pub(super) fn svg(&self, title: &str, description: &str) -> String {
        let [w, h] = [self.width, self.height].map(coordinate);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
             aria-labelledby=\"title desc\" font-family=\"{}\">\n<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n\
             <rect class=\"page\" x=\"0\" y=\"0\" width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            text::FAMILIES,
            escape(title),
            escape(description),
            self.body
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!([1.0, 1.5, 1.256, -0.001, 100.0, 0.0].map(coordinate), ["1", "1.5", "1.26", "0", "100", "0"]);
    }

    #[test]
    fn any_text_is_valid_xml() {
        let mut scene = Scene::new(300.0, 200.0);
        let nasty = "a<b>&\"c\"\u{0}\u{8}\u{ffff}\n'ä µ ⁻¹";
        scene.text(&Label::new("label", 1.0, 2.0, 12.0, Anchor::Start), nasty);
        let svg = scene.svg(nasty, nasty);
        let tree = roxmltree::Document::parse(&svg).unwrap();
        let text = tree.descendants().find(|n| n.has_tag_name("text")).unwrap().text().unwrap();
        assert_eq!(text, "a<b>&\"c\"\u{fffd}\u{fffd}\u{fffd} 'ä µ ⁻¹");
    }

    #[test]
    fn rectangles_meet_and_hold() {
        let r = |x, y, w, h| Rect { x, y, w, h };
        assert!(r(0.0, 0.0, 2.0, 2.0).meets(&r(1.0, 1.0, 2.0, 2.0)));
        assert!(!r(0.0, 0.0, 2.0, 2.0).meets(&r(2.0, 0.0, 2.0, 2.0)));
        assert!(r(0.0, 0.0, 2.0, 2.0).holds(&r(0.0, 0.0, 2.0, 2.0)));
        assert!(!r(0.0, 0.0, 2.0, 2.0).holds(&r(1.0, 1.0, 2.0, 1.0)));
    }
}
