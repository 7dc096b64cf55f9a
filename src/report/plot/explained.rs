//! Explained variance: a bar for each component, a line for the sum so far, both in percent.

use super::axis::{Axis, Marks};
use super::error::{Error, not_negative};
use super::frame::Frame;
use super::legend::{Entry, Key};
use super::page::{Style, counted};
use super::palette::{GREY, INK, Shape};
use super::scene::{Anchor, Label, Marker, Rect, Scene, Stroke};
use super::text;

const FIGURE: &str = "explained variance";
const BAR: &str = "#9ecae1";
const SUM: Stroke = Stroke::new("#d55e00", 1.6);
const CHOSEN: Stroke = Stroke::dashed(GREY, 1.4, "6 4");

/// Variance by component.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Explained<'a> {
    /// Of each component from the first, in percent of the total; together at most 100.
    pub percent: &'a [f64],
    /// The number of components that the model uses.
    pub chosen: Option<usize>,
}

impl Explained<'_> {
    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        not_negative(FIGURE, "percent", self.percent)?;
        let total: f64 = self.percent.iter().sum();
        let n = self.percent.len();
        let wrong = |what: &str, got: String, allowed: String| Error::Value { figure: FIGURE, what: what.into(), got, allowed };
        if total > 100.001 {
            return Err(wrong("the sum over components", total.to_string(), "at most 100 (percent)".into()));
        }
        if let Some(chosen) = self.chosen.filter(|&c| c == 0 || c > n) {
            return Err(wrong("the chosen number of components", chosen.to_string(), format!("1 to {n}")));
        }
        let marker = Marker { shape: Shape::Diamond, colour: SUM.colour, radius: 3.5, hollow: false };
        let bar = Marker { shape: Shape::Square, colour: BAR, radius: 4.0, hollow: false };
        let mut entries = vec![Entry::new(Key::Marker(bar), "component"), Entry::new(Key::Marked(SUM, marker), "cumulative")];
        if let Some(chosen) = self.chosen {
            entries.push(Entry::new(Key::Line(CHOSEN), format!("chosen: {chosen}")));
        }
        let (mut scene, area) = style.open(&entries);
        let x = Axis::from("Component", 0.4, n as f64 + 0.6).marks(Marks::Whole);
        let frame = Frame::draw(&mut scene, area, &x, &Axis::from("Explained variance (%)", 0.0, 105.0));
        // Behind the bars, whose numbers it would strike out.
        if let Some(chosen) = self.chosen {
            let x = frame.x.at(chosen as f64);
            scene.line("chosen", (x, frame.plot.y), (x, frame.plot.bottom()), &CHOSEN);
        }
        let mut sum = 0.0;
        let mut curve = Vec::new();
        scene.open("bars");
        for (i, &share) in self.percent.iter().enumerate() {
            let component = (i + 1) as f64;
            sum += share;
            curve.push((component, sum));
            let ((left, top), right) = (frame.at(component - 0.38, share), frame.x.at(component + 0.38));
            let r = Rect { x: left, y: top, w: right - left, h: frame.plot.bottom() - top };
            let value = text::fixed(share, 1);
            let edge = Stroke::new(INK, 0.8);
            scene.rect("bar", r, BAR, (r.w > 4.0).then_some(&edge), &format!("component {}: {value} %", i + 1));
            // Within a tall bar; above a short one, unless the line of sums is there.
            let place = if r.h > 26.0 { Some(top + 15.0) } else { Some(top - 9.0).filter(|y| y - frame.y.at(sum) > 20.0) };
            if let Some(y) = place.filter(|_| text::width(&value, 11.0) + 4.0 <= r.w) {
                scene.text(&Label::new("bar-label", left + r.w / 2.0, y, 11.0, Anchor::Middle), &value);
            }
        }
        scene.end();
        frame.curve(&mut scene, "line cumulative", &curve, &SUM, "cumulative");
        if n <= 80 {
            for (component, sum) in &curve {
                let tip = format!("{component} components: {} %", text::fixed(*sum, 1));
                scene.marker("point cumulative", frame.at(*component, *sum), &marker, &tip);
            }
        }
        let about = format!("Explained variance of {}, {} % together.", counted(n, "component"), text::fixed(total, 1));
        Ok((scene, about))
    }
}
