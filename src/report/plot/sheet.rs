//! What an examiner looks at: pictures of specimens, and below them the curves that were computed of them, on one scale.
//!
//! Pictures whose x axis is that of the curves stand above one another and begin and end where the plot does, so that a scratch and its peak are on one
//! vertical line; others stand side by side. Points that were not measured are pale blue, which no shade of grey is.

use super::axis::{Axis, Marks};
use super::error::{Error, finite, length};
use super::frame::Frame;
use super::legend::{Entry, Key};
use super::page::{Style, counted};
use super::palette;
use super::raster;
use super::scene::{Anchor, Label, Rect, Scene, Stroke};
use super::text;

const FIGURE: &str = "sheet";
const TITLE: f64 = 12.5;
const AGREES: &str = "#009e73";
const OVERLAP: &str = "#dcebc6";

/// A picture in shades of grey.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Image<'a> {
    pub title: &'a str,
    pub width: usize,
    /// 0 is black, 1 white; row by row from the top. NaN was not measured.
    pub shades: &'a [f32],
    /// Where its left, right, upper and lower edge lie.
    pub extent: [f64; 4],
    /// Of both axes; empty draws none.
    pub unit: &'a str,
    /// Parts that are pointed out.
    pub outlines: &'a [Outline],
}

/// A quadrangle on a picture, in the unit of its extent: drawn in full where it agrees, faintly dashed where not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outline {
    pub corners: [(f64, f64); 4],
    pub agrees: bool,
}

impl Outline {
    const fn stroke(agrees: bool) -> Stroke {
        if agrees { Stroke::new(AGREES, 1.6) } else { Stroke::dashed(palette::GREY, 0.8, "3 3") }
    }
}

/// A line of values at even distances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve<'a> {
    pub name: &'a str,
    /// Where its first value lies, and how far apart they are.
    pub from: f64,
    pub step: f64,
    pub values: &'a [f64],
}

/// Pictures and curves of one specimen, or of two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sheet<'a> {
    pub images: &'a [Image<'a>],
    /// Whether the x axis of the pictures is that of the curves.
    pub aligned: bool,
    pub curves: &'a [Curve<'a>],
    pub axis_title: &'a str,
    pub value_title: &'a str,
    /// Part of the axis in which the curves were compared.
    pub overlap: Option<(f64, f64)>,
    /// Below the title: scores, quality.
    pub note: &'a str,
}

impl Sheet<'_> {
    fn check(&self) -> Result<(), Error> {
        if self.images.is_empty() && self.curves.is_empty() {
            return Err(Error::Empty { figure: FIGURE, what: "the list of pictures and curves".into() });
        }
        for image in self.images {
            let wrong = |what: &str, got: String, allowed: &str| Error::Value {
                figure: FIGURE,
                what: format!("{what} of {:?}", image.title),
                got,
                allowed: allowed.into(),
            };
            let rows = image.shades.len().checked_div(image.width).unwrap_or(0);
            if rows == 0 {
                return Err(Error::Empty { figure: FIGURE, what: format!("picture {:?}", image.title) });
            }
            length(FIGURE, "a picture", image.shades.len(), rows * image.width, "whole rows")?;
            finite(FIGURE, "an extent", &image.extent)?;
            for outline in image.outlines {
                finite(FIGURE, "a corner of an outline", &outline.corners.map(|(x, y)| x + y))?;
            }
            let [left, right, top, bottom] = image.extent;
            if left >= right || top == bottom {
                return Err(wrong("the extent", format!("{:?}", image.extent), "left below right, upper and lower edge apart"));
            }
        }
        for curve in self.curves {
            finite(FIGURE, curve.name, curve.values)?;
            finite(FIGURE, "place and step", &[curve.from, curve.step])?;
            if curve.step <= 0.0 {
                return Err(Error::Value {
                    figure: FIGURE,
                    what: format!("the step of {:?}", curve.name),
                    got: curve.step.to_string(),
                    allowed: "numbers above 0".into(),
                });
            }
        }
        Ok(())
    }

    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        self.check()?;
        let stroke = |i: usize| {
            let look = palette::look(i);
            Stroke::dashed(look.colour, 1.3, if i == 0 { "" } else { look.dash })
        };
        let mut entries = Vec::new();
        if self.curves.len() > 1 {
            entries.extend(self.curves.iter().enumerate().map(|(i, c)| Entry::new(Key::Line(stroke(i)), c.name)));
        }
        if self.overlap.is_some() {
            entries.push(Entry::new(Key::Band(OVERLAP), "compared"));
        }
        let outlines = || self.images.iter().flat_map(|i| i.outlines);
        for (agrees, name) in [(true, "congruent"), (false, "not congruent")] {
            if outlines().any(|o| o.agrees == agrees) {
                entries.push(Entry::new(Key::Line(Outline::stroke(agrees)), name));
            }
        }
        let (mut scene, mut area) = style.open(&entries);
        if !self.note.is_empty() {
            let label = Label::new("note", area.x + area.w / 2.0, area.y + TITLE / 2.0, TITLE, Anchor::Middle);
            scene.text(&label, &text::fit(self.note, TITLE, area.w));
            area = Rect { y: area.y + TITLE + 8.0, h: area.h - TITLE - 8.0, ..area };
        }
        let y = Axis::over(self.value_title, self.curves.iter().flat_map(|c| c.values.iter().copied()));
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for curve in self.curves {
            low = low.min(curve.from);
            high = high.max(curve.from + curve.step * (curve.values.len().saturating_sub(1).max(1)) as f64);
        }
        if self.aligned {
            for image in self.images {
                (low, high) = (low.min(image.extent[0]), high.max(image.extent[1]));
            }
        }
        let below = if self.curves.is_empty() {
            0.0
        } else if self.images.is_empty() {
            area.h
        } else {
            (area.h * 0.42).max(90.0).min(area.h)
        };
        let above = Rect { h: area.h - below, ..area };
        // Plots that stand above one another begin at one place.
        let room = if self.aligned { y.labels(below - 30.0).max(text::width("-1000", 11.0)) } else { 0.0 };
        let mut right = area.right();
        if below > 0.0 {
            let place = Rect { y: area.y + area.h - below, h: below, ..area };
            scene.open("curves");
            let frame = Frame::draw(&mut scene, place, &Axis::from(self.axis_title, low, high), &y.room(room));
            right = frame.plot.right();
            if let Some((from, to)) = self.overlap {
                let (left, right) = (frame.x.at(from.max(low)), frame.x.at(to.min(high)));
                let r = Rect { x: left, y: frame.plot.y, w: (right - left).max(0.0), h: frame.plot.h };
                scene.rect("overlap", r, OVERLAP, None, "the part that was compared");
                frame.zero(&mut scene, false, true);
            }
            for (i, curve) in self.curves.iter().enumerate() {
                let points: Vec<(f64, f64)> =
                    curve.values.iter().enumerate().map(|(k, v)| (curve.from + curve.step * k as f64, *v)).collect();
                frame.curve(&mut scene, &format!("line curve-{i}"), &points, &stroke(i), curve.name);
            }
            scene.end();
        }
        // Pictures that share the axis end where the plot does.
        let above = if self.aligned { Rect { w: right - above.x, ..above } } else { above };
        self.images(&mut scene, above, (low, high), room);
        let list: Vec<&str> = self.images.iter().map(|i| i.title).chain(self.curves.iter().map(|c| c.name)).collect();
        let about = format!(
            "{} and {}: {}.",
            counted(self.images.len(), "picture"),
            counted(self.curves.len(), "curve"),
            list.join(", ")
        );
        let note = if self.note.is_empty() { String::new() } else { format!(" {}", self.note) };
        Ok((scene, format!("{about}{note}")))
    }

    /// How many pictures stand side by side: as many as let them be largest.
    fn across(&self, area: Rect) -> usize {
        let n = self.images.len();
        let drawn = |across: usize| -> f64 {
            let (w, h) = (area.w / across as f64, area.h / n.div_ceil(across) as f64 - TITLE);
            self.images.iter().map(Image::shape).map(|shape| w.min(h * shape) * h.min(w / shape)).sum()
        };
        (1..=n).fold((1, 0.0), |best, across| if drawn(across) > best.1 { (across, drawn(across)) } else { best }).0
    }

    fn images(&self, scene: &mut Scene, area: Rect, span: (f64, f64), room: f64) {
        let across = if self.aligned { 1 } else { self.across(area) };
        let down = self.images.len().div_ceil(across).max(1);
        let (width, height) = (area.w / across as f64, area.h / down as f64);
        for (i, image) in self.images.iter().enumerate() {
            let (column, row) = ((i % across) as f64, (i / across) as f64);
            let gap = if self.aligned { 0.0 } else { 8.0 };
            let mut place = Rect { x: area.x + column * width, y: area.y + row * height, w: width - gap, h: height - 6.0 };
            scene.open(&format!("picture picture-{i}"));
            if !image.title.is_empty() {
                let label = Label::new("panel-title", place.x + place.w / 2.0, place.y + TITLE / 2.0, TITLE, Anchor::Middle);
                scene.text(&label, &text::fit(image.title, TITLE, place.w));
                place = Rect { y: place.y + TITLE + 3.0, h: (place.h - TITLE - 3.0).max(20.0), ..place };
            }
            if self.aligned {
                image.on_axis(scene, place, span, room);
            } else {
                image.in_proportion(scene, place);
            }
            scene.end();
        }
    }
}

impl Image<'_> {
    fn rows(&self) -> usize {
        self.shades.len() / self.width
    }

    /// Width over height.
    fn shape(&self) -> f64 {
        let [left, right, top, bottom] = self.extent;
        (right - left) / (bottom - top).abs()
    }

    /// With the x axis of what stands below, which is written there.
    fn on_axis(&self, scene: &mut Scene, place: Rect, (low, high): (f64, f64), room: f64) {
        let [left, right, top, bottom] = self.extent;
        let x = Axis::from("", low, high).marks(Marks::Nothing);
        let y = Axis::from(self.axis(), top.min(bottom), top.max(bottom)).reversed(top < bottom).room(room);
        let frame = Frame::draw(scene, place, &x, &y);
        let (from, to) = (frame.x.at(left), frame.x.at(right));
        self.fill(scene, Rect { x: from, w: to - from, ..frame.plot });
    }

    /// As wide as it is high in its own unit.
    fn in_proportion(&self, scene: &mut Scene, place: Rect) {
        let [left, right, top, bottom] = self.extent;
        let shape = self.shape();
        // Where axes have no room, the picture goes without.
        if self.unit.is_empty() || place.h < 85.0 || place.w < 120.0 {
            let w = place.w.min(place.h * shape);
            let h = w / shape;
            self.fill(scene, Rect { x: place.x + (place.w - w) / 2.0, y: place.y, w, h });
            return;
        }
        // Axes take some 60 pixels to the left and 45 below.
        let (w, h) = ((place.w - 60.0).max(20.0), (place.h - 45.0).max(20.0));
        let width = w.min(h * shape);
        let place = Rect { w: width + 60.0, h: (width / shape).min(h) + 45.0, ..place };
        let y = Axis::from(self.axis(), top.min(bottom), top.max(bottom)).reversed(top < bottom);
        let frame = Frame::draw(scene, place, &Axis::from(self.axis(), left, right), &y);
        self.fill(scene, frame.plot);
    }

    fn axis(&self) -> String {
        self.unit.to_owned()
    }

    fn fill(&self, scene: &mut Scene, r: Rect) {
        scene.image("specimen", r, &raster::uri(self.width, self.rows(), self.shades), self.title);
        let [left, right, top, bottom] = self.extent;
        // What lies beyond the picture is drawn at its edge.
        let at = |(x, y): (f64, f64)| {
            let (u, v) = ((x - left) / (right - left), (y - top) / (bottom - top));
            (r.x + u.clamp(0.0, 1.0) * r.w, r.y + v.clamp(0.0, 1.0) * r.h)
        };
        for outline in self.outlines {
            let [a, b, c, d] = outline.corners.map(at);
            let class = if outline.agrees { "outline agrees" } else { "outline" };
            scene.path(class, &[vec![a, b, c, d, a]], &Outline::stroke(outline.agrees), "");
        }
    }
}
