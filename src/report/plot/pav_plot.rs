//! Likelihood ratios against what isotonic calibration (pool adjacent violators) makes of them. Well calibrated ones
//! lie along the diagonal.
//!
//! Both axes have one range. Infinite values are drawn on margins beyond it, marked −∞ and +∞. Points that would cover each other
//! are drawn once.

use std::collections::BTreeSet;

use super::axis::{Axis, Marks, span};
use super::error::{Error, length, or_infinite};
use super::frame::{Frame, STRONG};
use super::legend::{Entry, Key};
use super::page::Style;
use super::palette::{GREY, Shape, look};
use super::scene::{Marker, Scene, Stroke};
use super::ticks::Ticks;

const FIGURE: &str = "PAV plot";
const EQUAL: Stroke = Stroke::dashed(STRONG, 1.2, "6 4");
const EDGE: Stroke = Stroke::new(GREY, 0.8);
/// Points that lie in one square of so many pixels are drawn once.
const CELL: f64 = 1.5;
/// The margin for infinite values, as a share of the range.
const MARGIN: f64 = 0.09;

/// Likelihood ratios before and after isotonic calibration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PavPlot<'a> {
    /// log10 LR; ±∞ allowed.
    pub log10_lr: &'a [f64],
    /// log10 LR after calibration, one for each; ±∞ allowed.
    pub calibrated: &'a [f64],
}

impl PavPlot<'_> {
    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        or_infinite(FIGURE, "log10 LR", self.log10_lr)?;
        or_infinite(FIGURE, "calibrated log10 LR", self.calibrated)?;
        length(FIGURE, "calibrated log10 LR", self.calibrated.len(), self.log10_lr.len(), "one for each LR")?;
        let both = || self.log10_lr.iter().chain(self.calibrated).copied();
        let (least, most) = span(both().filter(|v| v.is_finite()).chain([-0.1, 0.1]));
        let room = 0.04 * (most - least);
        let (low, high) = (least - room, most + room);
        let margin = MARGIN * (high - low);
        let infinite = both().filter(|v| v.is_infinite()).count();
        let outer = if infinite > 0 { (low - margin, high + margin) } else { (low, high) };

        let (finite, beyond) = (
            Marker { shape: Shape::Circle, colour: look(0).colour, radius: 3.0, hollow: false },
            Marker { shape: Shape::Diamond, colour: look(4).colour, radius: 3.5, hollow: true },
        );
        let n = self.log10_lr.iter().zip(self.calibrated).filter(|(x, y)| x.is_infinite() || y.is_infinite()).count();
        let mut entries = vec![Entry::new(Key::Marker(finite), format!("finite, n = {}", self.log10_lr.len() - n))];
        if infinite > 0 {
            entries.push(Entry::new(Key::Marker(beyond), format!("infinite, n = {n}")));
        }
        entries.push(Entry::new(Key::Line(EQUAL), "unchanged"));
        let (mut scene, area) = style.open(&entries);
        let ticks = Ticks::new(low, high, 9);
        let mut marks: Vec<(f64, String)> = vec![(low - margin / 2.0, "−∞".into()), (high + margin / 2.0, "+∞".into())];
        // A power of ten for all would have to stand in the title.
        let labels = if ticks.power == 0 { ticks.labels } else { ticks.at.iter().map(|v| super::text::number(*v, 2)).collect() };
        marks.extend(ticks.at.into_iter().zip(labels));
        let axis = |title: &str| Axis::from(title, outer.0, outer.1).marks(Marks::Chosen(marks.clone()));
        let frame = Frame::draw_square(&mut scene, area, &axis("log10 LR"), &axis("log10 LR after calibration (PAV)"));
        if infinite > 0 {
            for edge in [low, high] {
                let (x, y) = frame.at(edge, edge);
                scene.line("margin", (x, frame.plot.y), (x, frame.plot.bottom()), &EDGE);
                scene.line("margin", (frame.plot.x, y), (frame.plot.right(), y), &EDGE);
            }
        }
        frame.curve(&mut scene, "equal", &[(low, low), (high, high)], &EQUAL, "unchanged");
        let place = |v: f64| match v {
            f64::INFINITY => high + margin / 2.0,
            f64::NEG_INFINITY => low - margin / 2.0,
            v => v,
        };
        let mut seen = BTreeSet::new();
        scene.open("points");
        for (x, y) in self.log10_lr.iter().zip(self.calibrated) {
            let at = frame.at(place(*x), place(*y));
            if seen.insert((libm::floor(at.0 / CELL) as i64, libm::floor(at.1 / CELL) as i64)) {
                let (class, marker) =
                    if x.is_finite() && y.is_finite() { ("point", &finite) } else { ("point infinite", &beyond) };
                scene.marker(class, at, marker, "");
            }
        }
        scene.end();
        let n = self.log10_lr.len();
        Ok((scene, format!("{n} likelihood ratios against their calibration by pool adjacent violators.")))
    }
}
