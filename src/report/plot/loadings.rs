//! Loadings: what each component is made of, as lines over the axis of a spectrum or as bars over the names of features.
//!
//! Lines differ in colour and dashes. Each bar carries the marker of its component at its end, so that bars are told apart
//! without colour as long as there are no more than a few hundred.

use super::axis::{Axis, Marks};
use super::error::{Error, finite, length};
use super::frame::Frame;
use super::legend::{Entry, Key};
use super::page::{Style, counted};
use super::palette;
use super::scene::{Marker, Rect, Scene, Stroke};
use super::spectra::{self, Run};
use super::text;

const FIGURE: &str = "loadings";

/// What the features are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Along<'a> {
    /// A measured axis, strictly rising or falling. It is drawn falling where `descending` or where the unit is cm⁻¹.
    Axis { at: &'a [f64], title: &'a str, unit: &'a str, descending: bool },
    /// Names, each with a group of bars.
    Names { names: &'a [&'a str], title: &'a str },
}

/// Components over their features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loadings<'a> {
    pub along: Along<'a>,
    /// Name ("PC1 (71.2 %)") and loadings of each component.
    pub components: &'a [(&'a str, &'a [f64])],
    /// Of the vertical axis: "Loading".
    pub title: &'a str,
}

impl Loadings<'_> {
    fn check(&self) -> Result<usize, Error> {
        let features = match self.along {
            Along::Axis { at, .. } => {
                finite(FIGURE, "the axis", at)?;
                spectra::monotone(FIGURE, at)?;
                at.len()
            }
            Along::Names { names, .. } => names.len(),
        };
        if features == 0 || self.components.is_empty() {
            let what = if features == 0 { "the list of names" } else { "the list of components" };
            return Err(Error::Empty { figure: FIGURE, what: what.into() });
        }
        for (name, values) in self.components {
            finite(FIGURE, &format!("component {name:?}"), values)?;
            length(FIGURE, &format!("component {name:?}"), values.len(), features, "one for each feature")?;
        }
        Ok(features)
    }

    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        let features = self.check()?;
        let entries: Vec<_> = self
            .components
            .iter()
            .enumerate()
            .map(|(i, (name, _))| {
                let look = palette::look(i);
                let marker = Marker { shape: look.shape, colour: look.colour, radius: 4.0, hollow: false };
                let line = Stroke::dashed(look.colour, 1.6, look.dash);
                let key =
                    if matches!(self.along, Along::Axis { .. }) && features > 1 { Key::Line(line) } else { Key::Marker(marker) };
                Entry::new(key, *name)
            })
            .collect();
        let (mut scene, area) = style.open(&entries);
        let y = Axis::over(self.title, self.components.iter().flat_map(|(_, v)| v.iter().copied()).chain([0.0]));
        match self.along {
            Along::Axis { at, title, unit, descending } => {
                let x = spectra::axis(at, title, unit, descending);
                let frame = Frame::draw(&mut scene, area, &x, &y);
                frame.zero(&mut scene, false, true);
                for (i, (name, values)) in self.components.iter().enumerate() {
                    let look = palette::look(i);
                    let run = Run {
                        class: &format!("line component-{i}"),
                        title: name,
                        look,
                        stroke: Stroke::dashed(look.colour, 1.5, look.dash),
                    };
                    run.draw(&mut scene, &frame, at, values);
                }
            }
            Along::Names { names, title } => self.bars(&mut scene, area, names, title, &y),
        }
        let list: Vec<_> = self.components.iter().map(|(name, _)| *name).take(12).collect();
        Ok((scene, format!("Loadings of {} on {}.", counted(features, "feature"), list.join(", "))))
    }

    fn bars(&self, scene: &mut Scene, area: Rect, names: &[&str], title: &str, y: &Axis) {
        let places = names.iter().enumerate().map(|(i, name)| (i as f64, (*name).to_owned())).collect();
        let x = Axis::from(title, -0.5, names.len() as f64 - 0.5).marks(Marks::Names(places));
        let frame = Frame::draw(scene, area, &x, y);
        let slot = 0.8 / self.components.len() as f64;
        let pixels = slot * frame.plot.w / names.len() as f64;
        scene.open("bars");
        for (c, (component, values)) in self.components.iter().enumerate() {
            let look = palette::look(c);
            for (i, (value, name)) in values.iter().zip(names).enumerate() {
                let left = frame.x.at(i as f64 - 0.4 + c as f64 * slot);
                let (zero, end) = (frame.y.at(0.0), frame.y.at(*value));
                let r = Rect { x: left, y: zero.min(end), w: pixels * 0.92, h: (zero - end).abs() };
                let tip = format!("{name}, {component}: {}", text::number(*value, 4));
                scene.rect(&format!("bar component-{c}"), r, look.colour, None, &tip);
                if self.components.len() > 1 && pixels >= 3.0 {
                    let marker =
                        Marker { shape: look.shape, colour: look.colour, radius: (pixels * 0.45).min(4.0), hollow: true };
                    scene.marker("bar-end", (left + pixels * 0.46, end), &marker, "");
                }
            }
        }
        scene.end();
        let zero = frame.y.at(0.0);
        scene.line("zero", (frame.plot.x, zero), (frame.plot.right(), zero), &Stroke::new(palette::GREY, 1.0));
    }
}
