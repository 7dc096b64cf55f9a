//! Shares of likelihood ratios at or above a value, for pairs of one source (H1) and of different sources (H2).
//!
//! Also told: the rates of misleading evidence, that is log10 LR < 0 where H1 is true and > 0 where H2 is true. Equal
//! values are one step. Infinite values have their share at the edges of the picture and are counted in the legend.

use super::axis::Axis;
use super::error::{Error, or_infinite};
use super::frame::Frame;
use super::legend::{Entry, Key};
use super::page::Style;
use super::rates::{percent, stroke};
use super::scene::Scene;
use super::spectra::thinned;

const FIGURE: &str = "Tippett plot";

/// Likelihood ratios of pairs of known truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tippett<'a> {
    /// log10 LR of pairs of one source, in any order; ±∞ allowed.
    pub same: &'a [f64],
    /// log10 LR of pairs of different sources.
    pub different: &'a [f64],
}

/// The corners of the share of values at or above x, for x from `low` to `high`.
fn steps(sorted: &[f64], low: f64, high: f64) -> Vec<(f64, f64)> {
    let share = |below: usize| (sorted.len() - below) as f64 / sorted.len() as f64;
    let mut below = sorted.partition_point(|v| *v < low);
    let mut points = vec![(low, share(below))];
    while let Some(v) = sorted.get(below).copied().filter(|v| *v <= high) {
        points.push((v, share(below)));
        below += sorted.get(below..).unwrap_or(&[]).partition_point(|w| *w <= v);
        points.push((v, share(below)));
    }
    points.push((high, share(below)));
    points
}

impl Tippett<'_> {
    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        let sets = [("same source (H1)", self.same, "LR < 1"), ("different sources (H2)", self.different, "LR > 1")];
        let (mut entries, mut said) = (Vec::new(), Vec::new());
        for (i, (name, values, wrong)) in sets.iter().enumerate() {
            or_infinite(FIGURE, &format!("log10 LR, {name}"), values)?;
            let misleading = values.iter().filter(|v| if i == 0 { **v < 0.0 } else { **v > 0.0 }).count();
            let rate = format!("misleading ({wrong}): {}", percent(misleading, values.len()));
            entries.push(Entry::new(Key::Line(stroke(i)), format!("{name}, n = {}", values.len())));
            entries.push(Entry::new(Key::Note, rate.clone()));
            let infinite = [(f64::INFINITY, "+∞"), (f64::NEG_INFINITY, "−∞")]
                .map(|(end, sign)| (values.iter().filter(|v| **v == end).count(), sign));
            let told: Vec<_> = infinite.iter().filter(|(n, _)| *n > 0).map(|(n, sign)| format!("{n} at {sign}")).collect();
            if !told.is_empty() {
                entries.push(Entry::new(Key::Note, told.join(", ")));
            }
            said.push(format!("{} of {name}, {rate}", values.len()));
        }
        let (mut scene, area) = style.open(&entries);
        let finite = self.same.iter().chain(self.different).copied().filter(|v| v.is_finite());
        let x = Axis::over("log10 LR", finite.chain([0.0]));
        let frame = Frame::draw(&mut scene, area, &x, &Axis::from("Share at or above", -0.015, 1.015));
        frame.zero(&mut scene, true, false);
        for (i, (name, values, _)) in sets.iter().enumerate() {
            let mut sorted = values.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            let points: Vec<_> = steps(&sorted, x.low, x.high).iter().map(|(v, s)| frame.at(*v, *s)).collect();
            let class = ["line same", "line different"].get(i).copied().unwrap_or("line");
            scene.path(class, &[thinned(&points, frame.plot)], &stroke(i), name);
        }
        Ok((scene, format!("Shares of likelihood ratios at or above a value: {}.", said.join("; "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_shares_at_or_above() {
        let sorted = [f64::NEG_INFINITY, 1.0, 2.0, 2.0, f64::INFINITY];
        let got = steps(&sorted, 0.0, 3.0);
        assert_eq!(got, [(0.0, 0.8), (1.0, 0.8), (1.0, 0.6), (2.0, 0.6), (2.0, 0.2), (3.0, 0.2)]);
        assert_eq!(steps(&[0.0, 1.0], 0.0, 1.0), [(0.0, 1.0), (0.0, 1.0), (0.0, 0.5), (1.0, 0.5), (1.0, 0.0), (1.0, 0.0)]);
        assert_eq!(steps(&[f64::INFINITY], 0.0, 1.0), [(0.0, 1.0), (1.0, 1.0)]);
        assert_ne!(stroke(0).dash, stroke(1).dash);
    }
}
