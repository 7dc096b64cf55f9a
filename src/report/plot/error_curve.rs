//! Errors against the number of components: RMSEC falls for ever, RMSECV turns; the number that was chosen is marked.

use super::axis::{Axis, Marks};
use super::error::{Error, length, not_negative};
use super::frame::{Frame, STRONG};
use super::legend::{Entry, Key};
use super::page::Style;
use super::palette;
use super::scene::{Marker, Scene, Stroke};
use super::text;

const FIGURE: &str = "error curve";
const CHOSEN: Stroke = Stroke::dashed(STRONG, 1.2, "2 3");

/// Errors by number of components.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorCurve<'a> {
    /// Strictly rising.
    pub components: &'a [usize],
    /// Name ("RMSECV") and an error for each number of components.
    pub series: &'a [(&'a str, &'a [f64])],
    pub chosen: Option<usize>,
    /// Of the vertical axis: "RMSE".
    pub title: &'a str,
    pub unit: &'a str,
}

impl ErrorCurve<'_> {
    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        let empty = |what: &str| Error::Empty { figure: FIGURE, what: what.into() };
        let (Some(first), Some(last)) = (self.components.first(), self.components.last()) else {
            return Err(empty("components"));
        };
        if self.series.is_empty() {
            return Err(empty("the list of series"));
        }
        for (name, values) in self.series {
            not_negative(FIGURE, name, values)?;
            length(FIGURE, name, values.len(), self.components.len(), "one for each number of components")?;
        }
        let wrong = |what: &str, got: String, allowed: &str| Error::Value {
            figure: FIGURE,
            what: what.into(),
            got,
            allowed: allowed.into(),
        };
        if let Some((a, b)) = self.components.iter().zip(self.components.iter().skip(1)).find(|(a, b)| a >= b) {
            return Err(wrong("the list of components", format!("{b} after {a}"), "rising numbers"));
        }
        let chosen = match self.chosen {
            None => None,
            Some(c) => match self.components.iter().position(|k| *k == c) {
                None => return Err(wrong("the chosen number of components", c.to_string(), "one of the numbers drawn")),
                at => at,
            },
        };
        let looks: Vec<_> = (0..self.series.len())
            .map(|i| {
                let look = palette::look(i);
                let marker = Marker { shape: look.shape, colour: look.colour, radius: 4.0, hollow: false };
                (Stroke::dashed(look.colour, 1.6, look.dash), marker)
            })
            .collect();
        let mut entries: Vec<_> =
            self.series.iter().zip(&looks).map(|((name, _), (s, m))| Entry::new(Key::Marked(*s, *m), *name)).collect();
        if let Some(c) = self.chosen {
            entries.push(Entry::new(Key::Line(CHOSEN), format!("chosen: {c}")));
        }
        let (mut scene, area) = style.open(&entries);
        let x = Axis::from("Components", *first as f64 - 0.5, *last as f64 + 0.5).marks(Marks::Whole);
        let high = self.series.iter().flat_map(|(_, v)| v.iter().copied()).fold(0.0, f64::max);
        let y = Axis::from(text::titled(self.title, self.unit), 0.0, if high > 1e-300 { high * 1.06 } else { 1.0 });
        let frame = Frame::draw(&mut scene, area, &x, &y);
        if let Some(c) = self.chosen {
            let x = frame.x.at(c as f64);
            scene.line("chosen", (x, frame.plot.y), (x, frame.plot.bottom()), &CHOSEN);
        }
        for (i, ((name, values), (stroke, marker))) in self.series.iter().zip(&looks).enumerate() {
            let points: Vec<_> = self.components.iter().zip(*values).map(|(k, v)| (*k as f64, *v)).collect();
            frame.curve(&mut scene, &format!("line series-{i}"), &points, stroke, name);
            for (at, (k, v)) in points.iter().enumerate() {
                let large = chosen == Some(at);
                let marker = Marker { radius: if large { 6.0 } else { 3.5 }, hollow: large, ..*marker };
                let tip = format!("{name}, {k} components: {}", text::number(*v, 4));
                scene.marker(&format!("point series-{i}"), frame.at(*k, *v), &marker, &tip);
            }
        }
        let list: Vec<_> = self.series.iter().map(|(name, _)| *name).take(12).collect();
        let choice = self.chosen.map_or(String::new(), |c| format!(" Chosen: {c}."));
        Ok((scene, format!("{} against {first} to {last} components.{choice}", list.join(", "))))
    }
}
