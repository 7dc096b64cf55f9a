//! Two sets of values over the same bins, each as shares or as a density of its own: scores or likelihood ratios of pairs of one
//! source and of different sources.
//!
//! Bins are even over the range of both sets, closed at their lower end; the last is closed at both. Curves are
//! densities; over shares they
//! are drawn times the width of a bin, so that they lie over the bars either way.

use super::axis::{Axis, span};
use super::error::{Error, finite, length, not_negative};
use super::frame::{Frame, STRONG};
use super::legend::{Entry, Key};
use super::page::Style;
use super::palette::look;
use super::rates::stroke;
use super::scene::{Scene, Stroke};
use super::spectra::{monotone, thinned};

const FIGURE: &str = "histogram";
const MOST: usize = 1000;
const DASHES: [&str; 3] = ["2 3", "8 3 2 3", "12 4"];

/// A fitted density.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Density<'a> {
    pub name: &'a str,
    /// Strictly rising or falling.
    pub at: &'a [f64],
    pub values: &'a [f64],
}

/// Two sets of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Histogram<'a> {
    /// Name and values of each.
    pub sets: [(&'a str, &'a [f64]); 2],
    /// 1 to 1000; 40 is sensible.
    pub bins: usize,
    /// Bars as densities, rather than as shares of their set.
    pub density: bool,
    /// Drawn over the bars.
    pub curves: &'a [Density<'a>],
    /// Vertical lines: "lower bound" at −2.1. Those outside of the range of the values widen it.
    pub bounds: &'a [(&'a str, f64)],
    /// Of the horizontal axis: "Score".
    pub title: &'a str,
}

/// Counts of values in even bins.
fn counts(values: &[f64], low: f64, high: f64, bins: usize) -> Vec<usize> {
    let mut counts = vec![0; bins];
    for v in values {
        let share = (v / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        let bin = (libm::floor(share * bins as f64).max(0.0) as usize).min(bins - 1);
        if let Some(count) = counts.get_mut(bin) {
            *count += 1;
        }
    }
    counts
}

fn bound(i: usize) -> Stroke {
    Stroke::dashed(STRONG, 1.3, DASHES.get(i % DASHES.len()).copied().unwrap_or(""))
}

impl Histogram<'_> {
    fn check(&self) -> Result<(), Error> {
        for (name, values) in &self.sets {
            finite(FIGURE, &format!("the set {name:?}"), values)?;
        }
        if !(1..=MOST).contains(&self.bins) {
            let (got, allowed) = (self.bins.to_string(), format!("1 to {MOST}"));
            return Err(Error::Value { figure: FIGURE, what: "the number of bins".into(), got, allowed });
        }
        for curve in self.curves {
            let what = format!("the curve {:?}", curve.name);
            finite(FIGURE, &what, curve.at)?;
            monotone(FIGURE, curve.at)?;
            not_negative(FIGURE, &what, curve.values)?;
            length(FIGURE, &what, curve.values.len(), curve.at.len(), "one for each place")?;
        }
        match self.bounds.iter().find(|(_, v)| finite(FIGURE, "", &[*v]).is_err()) {
            Some((name, v)) => Err(Error::Value {
                figure: FIGURE,
                what: format!("the bound {name:?}"),
                got: v.to_string(),
                allowed: "finite numbers of at most 1e300".into(),
            }),
            None => Ok(()),
        }
    }

    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        self.check()?;
        let (low, high) = span(self.sets.iter().flat_map(|(_, v)| v.iter().copied()));
        let width = (high / 2.0 - low / 2.0) / self.bins as f64 * 2.0;
        let unit = if self.density { width } else { 1.0 };
        let heights: Vec<Vec<f64>> = self
            .sets
            .iter()
            .map(|(_, v)| counts(v, low, high, self.bins).iter().map(|c| *c as f64 / v.len() as f64 / unit).collect())
            .collect();
        let over = if self.density { 1.0 } else { width };

        let mut entries = Vec::new();
        for (i, (name, values)) in self.sets.iter().enumerate() {
            entries.push(Entry::new(Key::Line(stroke(i)), format!("{name}, n = {}", values.len())));
        }
        // The first two looks are those of the sets.
        entries.extend(self.curves.iter().enumerate().map(|(i, c)| Entry::new(Key::Line(stroke(i + 2)), c.name)));
        entries.extend(self.bounds.iter().enumerate().map(|(i, (name, _))| Entry::new(Key::Line(bound(i)), *name)));
        let (mut scene, area) = style.open(&entries);
        let top = heights.iter().flatten().copied().chain(self.curves.iter().flat_map(|c| c.values.iter().map(|v| v * over)));
        let top = top.fold(0.0, f64::max);
        let y = Axis::from(if self.density { "Density" } else { "Share" }, 0.0, if top > 1e-300 { top * 1.06 } else { 1.0 });
        let x = Axis::over(self.title, [low, high].into_iter().chain(self.bounds.iter().map(|(_, v)| *v)));
        let frame = Frame::draw(&mut scene, area, &x, &y);
        for (i, heights) in heights.iter().enumerate() {
            let edge = |k: usize| low + (high - low) * (k as f64 / self.bins as f64);
            let mut outline = vec![frame.at(edge(0), 0.0)];
            for (k, h) in heights.iter().enumerate() {
                outline.extend([frame.at(edge(k), *h), frame.at(edge(k + 1), *h)]);
            }
            outline.push(frame.at(edge(self.bins), 0.0));
            outline.dedup();
            scene.area(&format!("bars set-{i}"), &outline, look(i).colour, 0.25);
            let name = self.sets.get(i).map_or("", |s| s.0);
            scene.path(&format!("line set-{i}"), &[outline], &Stroke { width: 1.4, ..stroke(i) }, name);
        }
        for (i, curve) in self.curves.iter().enumerate() {
            let points: Vec<_> = curve.at.iter().zip(curve.values).map(|(x, v)| (*x, v * over)).collect();
            let runs: Vec<_> = frame.clipped(&points).iter().map(|run| thinned(run, frame.plot)).collect();
            scene.path(&format!("density curve-{i}"), &runs, &stroke(i + 2), curve.name);
        }
        for (i, (_, v)) in self.bounds.iter().enumerate() {
            let x = frame.x.at(*v);
            scene.line("limit", (x, frame.plot.y), (x, frame.plot.bottom()), &bound(i));
        }
        let told: Vec<_> = self.sets.iter().map(|(name, v)| format!("{} of {name}", v.len())).collect();
        Ok((scene, format!("Histogram of {}, {} bins.", told.join(" and "), self.bins)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_what_they_should() {
        assert_eq!(counts(&[0.0, 0.9, 1.0, 2.5, 4.0], 0.0, 4.0, 4), [2, 1, 1, 1]);
        assert_eq!(counts(&[-1e300, 1e300], -1e300, 1e300, 2), [1, 1]);
    }
}
