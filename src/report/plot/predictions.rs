//! Predicted against reference values, with the line where both are equal.
//!
//! RMSE = √(Σ (ŷ − y)² / n), for each set by itself. Both axes have the same range, and the box is square.

use super::axis::Axis;
use super::error::{Error, finite, length};
use super::frame::{Frame, STRONG};
use super::groups::Groups;
use super::legend::{Entry, Key};
use super::page::{Style, counted, radius};
use super::palette;
use super::scene::{Marker, Scene, Stroke};
use super::text;

const FIGURE: &str = "predictions";
const EQUAL: Stroke = Stroke::dashed(STRONG, 1.2, "6 4");

/// Predictions of one quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predictions<'a> {
    pub reference: &'a [f64],
    pub predicted: &'a [f64],
    /// The set of each row ("calibration", "cross-validation"); empty: one set.
    pub sets: &'a [&'a str],
    /// Such as "density".
    pub quantity: &'a str,
    pub unit: &'a str,
}

fn rmse(pairs: &[(f64, f64)]) -> f64 {
    // In shares of the largest deviation: squares of huge and tiny numbers stay in range.
    let largest = pairs.iter().fold(0.0_f64, |m, (y, p)| m.max((p - y).abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let sum: f64 = pairs.iter().map(|(y, p)| ((p - y) / largest) * ((p - y) / largest)).sum();
    largest * libm::sqrt(sum / pairs.len() as f64)
}

impl Predictions<'_> {
    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        finite(FIGURE, "reference", self.reference)?;
        finite(FIGURE, "predicted", self.predicted)?;
        let rows = self.reference.len();
        length(FIGURE, "predicted", self.predicted.len(), rows, "one for each reference value")?;
        if !self.sets.is_empty() {
            length(FIGURE, "sets", self.sets.len(), rows, "one for each row, or none at all")?;
        }
        let groups = Groups::new(self.sets, rows);
        let pairs: Vec<_> = self.reference.iter().copied().zip(self.predicted.iter().copied()).collect();
        let mut entries = Vec::new();
        let mut said = Vec::new();
        for (g, name) in groups.names.iter().enumerate() {
            let of: Vec<_> = groups.rows(g).filter_map(|r| pairs.get(r).copied()).collect();
            let error = format!("RMSE {}, n = {}", text::number(rmse(&of), 3), of.len());
            entries.push(Entry::new(Key::class(palette::look(g)), if name.is_empty() { "rows" } else { name }));
            entries.push(Entry::new(Key::Note, error.clone()));
            said.push(format!("{name} {error}").trim().to_owned());
        }
        entries.push(Entry::new(Key::Line(EQUAL), "predicted = reference"));
        let (mut scene, area) = style.open(&entries);
        let title = |what: &str| text::titled(&format!("{what} {}", self.quantity), self.unit);
        let both = || self.reference.iter().chain(self.predicted).copied();
        let (x, y) = (Axis::over(title("Reference"), both()), Axis::over(title("Predicted"), both()));
        let frame = Frame::draw_square(&mut scene, area, &x, &y);
        frame.curve(&mut scene, "equal", &[(x.low, x.low), (x.high, x.high)], &EQUAL, "predicted = reference");
        scene.open("points");
        for ((reference, predicted), g) in pairs.iter().zip(&groups.of) {
            let look = palette::look(*g);
            let marker = Marker { shape: look.shape, colour: look.colour, radius: radius(rows), hollow: false };
            scene.marker(&format!("point class-{g}"), frame.at(*reference, *predicted), &marker, "");
        }
        scene.end();
        said.truncate(12);
        Ok((scene, format!("Predicted against reference {} of {}: {}.", self.quantity, counted(rows, "row"), said.join("; "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rmse_by_its_definition() {
        assert!((rmse(&[(1.0, 2.0), (2.0, 2.0), (3.0, 1.0)]) - libm::sqrt(5.0 / 3.0)).abs() < 1e-15);
        assert_eq!(rmse(&[(1.0, 1.0)]), 0.0);
        assert!((rmse(&[(0.0, 1e200), (0.0, -1e200)]) / 1e200 - 1.0).abs() < 1e-15);
    }
}
