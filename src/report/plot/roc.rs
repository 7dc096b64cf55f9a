//! True against false rates of several scores (receiver operating characteristic).
//!
//! On a logarithmic axis of false rates, points without a false pair stand at the left edge: the curve begins at the true rate
//! that is reached without any.

use super::axis::{Axis, Marks};
use super::error::Error;
use super::frame::Frame;
use super::legend::{Entry, Key};
use super::page::{Style, counted};
use super::palette;
use super::rates::{self, RateCurve};
use super::scene::{Scene, Stroke};
use super::spectra::thinned;

const FIGURE: &str = "receiver operating characteristic";
const ROOM: f64 = 0.015;
const CHANCE: Stroke = Stroke::dashed(palette::GREY, 1.0, "1.5 3");

/// Curves of true against false rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roc<'a> {
    pub curves: &'a [RateCurve<'a>],
    /// A logarithmic axis of false rates.
    pub log: bool,
}

impl Roc<'_> {
    /// The power of ten at which a logarithmic axis begins: at or below the smallest false rate that is not 0.
    fn lowest(&self) -> i32 {
        let positive = self.curves.iter().flat_map(|c| c.false_rate.iter().copied()).filter(|f| *f > 0.0);
        let least = positive.fold(0.1, f64::min);
        libm::floor(libm::log10(least) + 1e-9).max(-12.0) as i32
    }

    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        rates::check(FIGURE, self.curves)?;
        let key = |i: usize, c: &RateCurve<'_>| Entry::new(Key::Line(rates::stroke(i)), c.name);
        let mut entries: Vec<_> = self.curves.iter().enumerate().map(|(i, c)| key(i, c)).collect();
        if self.curves.iter().any(|c| c.band.is_some()) {
            let alone = self.curves.len() == 1;
            entries.push(Entry::new(Key::Band(if alone { palette::look(0).colour } else { palette::GREY }), "interval"));
        }
        entries.push(Entry::new(Key::Line(CHANCE), "chance"));
        let (mut scene, area) = style.open(&entries);
        let lowest = self.lowest();
        // A little room, so that lines at 0 and 1 do not lie under the box.
        let y = Axis::from("True rate", -ROOM, 1.0 + ROOM);
        let frame = if self.log {
            let x = Axis::from("False rate", f64::from(lowest) * (1.0 + ROOM), -ROOM * f64::from(lowest))
                .marks(Marks::Chosen(rates::decades(lowest)));
            Frame::draw(&mut scene, area, &x, &y)
        } else {
            Frame::draw_square(&mut scene, area, &Axis::from("False rate", -ROOM, 1.0 + ROOM), &y)
        };
        let floor = libm::exp10(f64::from(lowest));
        let across = |f: f64| if self.log { libm::log10(f.max(floor)) } else { f };
        let chance: Vec<_> = (0..=200)
            .map(|k| f64::from(k) / 200.0)
            .map(|k| if self.log { libm::exp10(f64::from(lowest) * (1.0 - k)) } else { k })
            .map(|f| (across(f), f))
            .collect();
        frame.curve(&mut scene, "chance", &chance, &CHANCE, "chance");
        let points = |of: &[f64], c: &RateCurve<'_>| -> Vec<(f64, f64)> {
            let all: Vec<_> = c.false_rate.iter().zip(of).map(|(f, t)| frame.at(across(*f), *t)).collect();
            thinned(&all, frame.plot)
        };
        for (i, curve) in self.curves.iter().enumerate() {
            if let Some((low, high)) = curve.band {
                let mut outline = points(high, curve);
                outline.extend(points(low, curve).into_iter().rev());
                scene.area(&format!("band curve-{i}"), &outline, palette::look(i).colour, 0.2);
            }
        }
        for (i, curve) in self.curves.iter().enumerate() {
            scene.path(&format!("line curve-{i}"), &[points(curve.true_rate, curve)], &rates::stroke(i), curve.name);
        }
        let list: Vec<_> = self.curves.iter().map(|c| c.name).take(12).collect();
        let scale = if self.log { ", false rates on a logarithmic axis" } else { "" };
        Ok((scene, format!("True against false rates{scale}, {}: {}.", counted(self.curves.len(), "curve"), list.join("; "))))
    }
}
