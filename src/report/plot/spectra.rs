//! Spectra over their axis: one panel, or two one above another, raw and prepared.
//!
//! Up to `most` rows are drawn as lines. Beyond that, each class is its mean and a band from its 5 % to its 95 % quantile at each
//! place (linear between order statistics, as NumPy does); with more than six classes, the means and one band over all rows.
//! A line of more points than twice the plot's pixels is drawn through the smallest and largest value of each pixel column, so
//! that no peak is lost. Axes in cm⁻¹ run from large to small.

use super::axis::{Axis, span};
use super::error::{Error, finite, length};
use super::frame::Frame;
use super::groups::Groups;
use super::legend::{Entry, Key};
use super::page::{Style, counted};
use super::palette::{self, GREY, Look};
use super::scene::{Anchor, Label, Marker, Rect, Scene, Stroke};
use super::text;

const FIGURE: &str = "spectra";
const BANDS: usize = 6;
const TITLE: f64 = 13.0;

/// One kind of spectrum of all rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Panel<'a> {
    /// Above the panel: "raw".
    pub title: &'a str,
    /// Where values were measured; strictly rising or falling.
    pub at: &'a [f64],
    pub axis_title: &'a str,
    pub unit: &'a str,
    /// Draw the axis from large to small, as is always done for cm⁻¹.
    pub descending: bool,
    /// Of the vertical axis: "Absorbance".
    pub value_title: &'a str,
    /// Row after row.
    pub values: &'a [f64],
}

/// Rows over their axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spectra<'a> {
    /// One or more, all of the same rows; drawn one above another.
    pub panels: &'a [Panel<'a>],
    /// The class of each row; empty where there are none.
    pub classes: &'a [&'a str],
    /// More rows than this are drawn as means and bands; 200 is sensible.
    pub most: usize,
}

/// Refuses an axis that turns back.
pub(super) fn monotone(figure: &'static str, at: &[f64]) -> Result<(), Error> {
    let rising = at.iter().zip(at.iter().skip(1)).filter(|(a, b)| a < b).count();
    let falling = at.iter().zip(at.iter().skip(1)).filter(|(a, b)| a > b).count();
    if rising + 1 == at.len() || falling + 1 == at.len() {
        return Ok(());
    }
    Err(Error::Value {
        figure,
        what: "the axis".into(),
        got: "neither rising nor falling throughout".into(),
        allowed: "strictly rising or strictly falling values; sort the features by their axis".into(),
    })
}

/// The horizontal axis over exactly the measured range.
pub(super) fn axis(at: &[f64], title: &str, unit: &str, descending: bool) -> Axis {
    let (low, high) = span(at.iter().copied());
    Axis::from(text::titled(title, unit), low, high).reversed(descending || text::is_wavenumber(unit))
}

/// One line over the axis.
pub(super) struct Run<'a> {
    pub(super) class: &'a str,
    pub(super) title: &'a str,
    pub(super) look: Look,
    pub(super) stroke: Stroke,
}

impl Run<'_> {
    pub(super) fn draw(&self, scene: &mut Scene, frame: &Frame, at: &[f64], values: &[f64]) {
        let points: Vec<_> = at.iter().zip(values).map(|(x, y)| frame.at(*x, *y)).collect();
        if let [only] = points[..] {
            let marker = Marker { shape: self.look.shape, colour: self.look.colour, radius: 4.0, hollow: false };
            scene.marker(self.class, only, &marker, self.title);
        } else {
            scene.path(self.class, &[thinned(&points, frame.plot)], &self.stroke, self.title);
        }
    }
}

/// The smallest and largest of each pixel column, in the order in which they come; all points where there are few.
pub(super) fn thinned(points: &[(f64, f64)], plot: Rect) -> Vec<(f64, f64)> {
    if points.len() as f64 <= 2.0 * plot.w {
        return points.to_vec();
    }
    let column = |p: &(f64, f64)| libm::floor(p.0) as i64;
    let mut out = Vec::new();
    for part in points.chunk_by(|a, b| column(a) == column(b)) {
        let ends = part
            .iter()
            .enumerate()
            .min_by(|a, b| a.1.1.total_cmp(&b.1.1))
            .zip(part.iter().enumerate().max_by(|a, b| a.1.1.total_cmp(&b.1.1)));
        if let Some((low, high)) = ends {
            let (first, second) = if low.0 <= high.0 { (low, high) } else { (high, low) };
            out.push(*first.1);
            if first.0 != second.0 {
                out.push(*second.1);
            }
        }
    }
    out
}

/// Linear between order statistics: NumPy's default, type 7 of Hyndman and Fan (doi:10.1080/00031305.1996.10473566).
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len().saturating_sub(1)) as f64;
    let below = libm::floor(place);
    let at = |i: usize| sorted.get(i).copied().unwrap_or(f64::NAN);
    let (a, b) = (at(below as usize), at((below as usize + 1).min(sorted.len().saturating_sub(1))));
    a + (b - a) * (place - below)
}

/// Mean, and 5 % and 95 % quantile, at each place.
struct Summary {
    mean: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Summary {
    fn of(rows: &[&[f64]], width: usize) -> Self {
        let (mut mean, mut low, mut high) = (vec![], vec![], vec![]);
        for j in 0..width {
            let mut column: Vec<_> = rows.iter().filter_map(|row| row.get(j).copied()).collect();
            column.sort_by(f64::total_cmp);
            mean.push(column.iter().map(|v| v / column.len() as f64).sum());
            low.push(quantile(&column, 0.05));
            high.push(quantile(&column, 0.95));
        }
        Self { mean, low, high }
    }
}

impl Spectra<'_> {
    fn check(&self) -> Result<usize, Error> {
        let mut rows = None;
        for (p, panel) in self.panels.iter().enumerate() {
            finite(FIGURE, &format!("the axis of panel {p}"), panel.at)?;
            monotone(FIGURE, panel.at)?;
            finite(FIGURE, &format!("values of panel {p}"), panel.values)?;
            let width = panel.at.len();
            let whole = panel.values.len().div_ceil(width);
            length(
                FIGURE,
                &format!("values of panel {p}"),
                panel.values.len(),
                whole * width,
                "whole rows, as long as the axis",
            )?;
            length(FIGURE, &format!("panel {p}"), whole, rows.unwrap_or(whole), "the same rows in each panel")?;
            rows = Some(whole);
        }
        let Some(rows) = rows else { return Err(Error::Empty { figure: FIGURE, what: "the list of panels".into() }) };
        if !self.classes.is_empty() {
            length(FIGURE, "classes", self.classes.len(), rows, "one for each row, or none at all")?;
        }
        Ok(rows)
    }

    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        let rows = self.check()?;
        let groups = Groups::new(self.classes, rows);
        let banded = rows > self.most;
        let mut entries = Vec::new();
        if groups.named() {
            for (g, name) in groups.names.iter().enumerate() {
                let look = palette::look(g);
                entries.push(Entry::new(Key::Line(Stroke::dashed(look.colour, 1.8, look.dash)), *name));
            }
        }
        if banded {
            let line = if groups.named() { Key::Note } else { Key::Line(Stroke::new(palette::look(0).colour, 1.8)) };
            entries.push(Entry::new(line, if groups.named() { "lines: means" } else { "mean" }));
            entries
                .push(Entry::new(Key::Band(if groups.names.len() == 1 { palette::look(0).colour } else { GREY }), "5 % to 95 %"));
        }
        let (mut scene, area) = style.open(&entries);
        let share = area.h / self.panels.len() as f64;
        let contents: Vec<_> = self.panels.iter().map(|p| p.content(&groups, banded)).collect();
        let room = contents.iter().map(|c| c.y.labels(share - 30.0)).fold(0.0, f64::max);
        for (p, (panel, content)) in self.panels.iter().zip(&contents).enumerate() {
            let part =
                Rect { y: area.y + p as f64 * share, h: share - if p + 1 < self.panels.len() { 6.0 } else { 0.0 }, ..area };
            scene.open(&format!("panel panel-{p}"));
            panel.paint(&mut scene, part, content, &groups, room);
            scene.end();
        }
        let list: Vec<_> = self.panels.iter().map(|p| p.title).filter(|t| !t.is_empty()).collect();
        let what = if list.is_empty() { String::new() } else { format!(", {}", list.join(" and ")) };
        let how = if banded { " Means, and bands from the 5 % to the 95 % quantile." } else { "" };
        let spectra = if rows == 1 { "1 spectrum".to_owned() } else { format!("{rows} spectra") };
        let classes = if groups.named() { format!(" in {}", counted(groups.names.len(), "class")) } else { String::new() };
        Ok((scene, format!("{spectra}{classes}{what}.{how}")))
    }
}

/// What is drawn in a panel.
struct Content<'a> {
    rows: Vec<&'a [f64]>,
    y: Axis,
    /// Of each class, where there are too many rows for lines.
    summaries: Vec<Summary>,
    /// Of all rows, where there are too many classes for bands.
    all: Option<Summary>,
}

impl<'a> Panel<'a> {
    fn content(&self, groups: &Groups<'_>, banded: bool) -> Content<'a> {
        let width = self.at.len();
        let rows: Vec<&[f64]> = self.values.chunks(width).collect();
        if !banded {
            return Content { y: Axis::over(self.value_title, self.values.iter().copied()), rows, summaries: vec![], all: None };
        }
        let of = |g: usize| -> Vec<&[f64]> { groups.rows(g).filter_map(|r| rows.get(r).copied()).collect() };
        let summaries: Vec<_> = (0..groups.names.len()).map(|g| Summary::of(&of(g), width)).collect();
        let all = (groups.names.len() > BANDS).then(|| Summary::of(&rows, width));
        let shown = summaries.iter().filter(|_| all.is_none()).chain(&all).flat_map(|s| s.low.iter().chain(&s.high).copied());
        let means = summaries.iter().flat_map(|s| s.mean.iter().copied());
        Content { y: Axis::over(self.value_title, shown.chain(means)), rows, summaries, all }
    }

    fn paint(&self, scene: &mut Scene, area: Rect, content: &Content<'_>, groups: &Groups<'_>, room: f64) {
        let area = if self.title.is_empty() {
            area
        } else {
            let label = Label::new("panel-title", area.x + area.w / 2.0, area.y + TITLE / 2.0, TITLE, Anchor::Middle);
            scene.text(&label, &text::fit(self.title, TITLE, area.w));
            Rect { y: area.y + TITLE + 2.0, h: area.h - TITLE - 2.0, ..area }
        };
        let x = axis(self.at, self.axis_title, self.unit, self.descending);
        let frame = Frame::draw(scene, area, &x, &content.y.clone().room(room));
        if !content.summaries.is_empty() {
            self.bands(scene, &frame, content, groups);
            return;
        }
        let rows = content.rows.len();
        let (width, opacity) = match rows {
            0..=12 => (1.4, 1.0),
            13..=100 => (0.9, 0.7),
            _ => (0.8, 0.4),
        };
        for (row, g) in content.rows.iter().zip(&groups.of) {
            let look = palette::look(*g);
            let stroke = Stroke::dashed(look.colour, width, look.dash).faint(opacity);
            Run { class: &format!("line class-{g}"), title: "", look, stroke }.draw(scene, &frame, self.at, row);
        }
    }

    fn bands(&self, scene: &mut Scene, frame: &Frame, content: &Content<'_>, groups: &Groups<'_>) {
        let mut band = |s: &Summary, class: &str, colour: &str| {
            let edge = |v: &[f64]| thinned(&self.at.iter().zip(v).map(|(x, y)| frame.at(*x, *y)).collect::<Vec<_>>(), frame.plot);
            let mut outline = edge(&s.high);
            outline.extend(edge(&s.low).into_iter().rev());
            if self.at.len() > 1 {
                scene.area(class, &outline, colour, 0.22);
            }
        };
        match &content.all {
            Some(all) => band(all, "band", GREY),
            None => {
                content
                    .summaries
                    .iter()
                    .enumerate()
                    .for_each(|(g, s)| band(s, &format!("band class-{g}"), palette::look(g).colour));
            }
        }
        for (g, s) in content.summaries.iter().enumerate() {
            let look = palette::look(g);
            let title = groups.names.get(g).copied().unwrap_or("");
            let stroke = Stroke::dashed(look.colour, 1.5, look.dash);
            Run { class: &format!("mean class-{g}"), title, look, stroke }.draw(scene, frame, self.at, &s.mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // NumPy: np.quantile([1, 2, 4, 8, 16], [0.05, 0.5, 0.95]).
        let v = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (p, expected) in [(0.05, 1.2), (0.5, 4.0), (0.95, 14.4), (0.0, 1.0), (1.0, 16.0)] {
            assert!((quantile(&v, p) - expected).abs() < 1e-12, "{p}");
        }
        assert_eq!(quantile(&[3.0], 0.95), 3.0);
    }

    #[test]
    fn thinning_keeps_every_extreme() {
        let plot = Rect { x: 0.0, y: 0.0, w: 100.0, h: 50.0 };
        let mut points: Vec<_> = (0..10_000).map(|i| (f64::from(i) / 100.0, 25.0)).collect();
        points[4321].1 = 1.0;
        points[4322].1 = 49.0;
        let thin = thinned(&points, plot);
        assert!(thin.len() <= 200);
        assert!(thin.contains(&points[4321]) && thin.contains(&points[4322]));
        assert!(thin.windows(2).all(|w| w[0].0 < w[1].0));
        assert_eq!(thinned(&points[..200], plot), points[..200]);
    }

    #[test]
    fn a_summary_is_by_column() {
        let s = Summary::of(&[&[1.0, 10.0], &[3.0, 30.0]], 2);
        assert_eq!(s.mean, [2.0, 20.0]);
        assert!((s.low[0] - 1.1).abs() < 1e-12 && (s.high[1] - 29.0).abs() < 1e-12);
    }

    #[test]
    fn axes_that_turn_back_are_refused() {
        assert_eq!(monotone("x", &[1.0, 2.0, 3.0]), Ok(()));
        assert_eq!(monotone("x", &[3.0, 2.0]), Ok(()));
        assert_eq!(monotone("x", &[3.0]), Ok(()));
        assert!(monotone("x", &[1.0, 2.0, 2.0]).is_err());
        assert!(monotone("x", &[1.0, 3.0, 2.0]).is_err());
    }
}
