//! Miss against false rates on axes that are even in the normal quantile (detection error trade-off; Martin, Doddington
//! et al., "The
//! DET curve in assessment of detection task performance", Eurospeech 1997). Normal scores of equal spread give straight lines.
//!
//! Both axes have one range: from the smallest rate that occurs, 10⁻⁶ at the least, to 50 %, or to 99 % where a curve has
//! no point
//! with both rates at 50 % or below. Rates of 0 and 1 have no place; a line towards them leaves the box.

use super::axis::{Axis, Marks};
use super::error::Error;
use super::frame::{Frame, STRONG};
use super::legend::{Entry, Key};
use super::page::{Style, counted};
use super::rates::{self, RateCurve};
use super::scene::{Scene, Stroke};
use super::spectra::thinned;
use crate::chemometrics::distribution::normal;

const FIGURE: &str = "detection error trade-off";
const EQUAL: Stroke = Stroke::dashed(STRONG, 1.0, "1.5 3");
/// Stands for a rate of 0.
const NEVER: f64 = 1e-12;

/// Marks in percent, the most important first.
const PERCENT: [&str; 17] =
    ["1", "10", "50", "0.1", "0.01", "5", "0.001", "20", "2", "0.0001", "90", "0.5", "40", "80", "30", "0.2", "99"];

/// Curves of miss against false rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Det<'a> {
    /// Bands are not drawn.
    pub curves: &'a [RateCurve<'a>],
}

impl Det<'_> {
    /// The lowest and highest rate of the axes.
    fn range(&self) -> (f64, f64) {
        let rates =
            |c: &RateCurve<'_>| -> Vec<(f64, f64)> { c.false_rate.iter().zip(c.true_rate).map(|(f, t)| (*f, 1.0 - t)).collect() };
        let all = || self.curves.iter().flat_map(|c| rates(c).into_iter().flat_map(|(f, m)| [f, m]));
        let low = all().filter(|r| *r > 1e-9).fold(0.05, f64::min).max(1e-6) * 0.8;
        let good = self.curves.iter().all(|c| rates(c).iter().any(|(f, m)| *f <= 0.5 && *m <= 0.5));
        (low, if good { 0.5 } else { 0.99 })
    }

    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        rates::check(FIGURE, self.curves)?;
        let key = |i: usize, c: &RateCurve<'_>| Entry::new(Key::Line(rates::stroke(i)), c.name);
        let mut entries: Vec<_> = self.curves.iter().enumerate().map(|(i, c)| key(i, c)).collect();
        entries.push(Entry::new(Key::Line(EQUAL), "equal rates"));
        let (mut scene, area) = style.open(&entries);
        let place = |rate: f64| normal(rate.clamp(NEVER, 1.0 - NEVER));
        let (low, high) = self.range();
        let marks: Vec<_> = PERCENT
            .iter()
            .filter_map(|label| label.parse::<f64>().ok().map(|p| (place(p / 100.0), (*label).to_owned())))
            .collect();
        let axis = |title: &str| Axis::from(title, place(low), place(high)).marks(Marks::Chosen(marks.clone()));
        let frame = Frame::draw_square(&mut scene, area, &axis("False rate (%)"), &axis("Miss rate (%)"));
        frame.curve(&mut scene, "equal", &[(place(low), place(low)), (place(high), place(high))], &EQUAL, "equal rates");
        for (i, curve) in self.curves.iter().enumerate() {
            let points: Vec<_> = curve.false_rate.iter().zip(curve.true_rate).map(|(f, t)| (place(*f), place(1.0 - t))).collect();
            let runs: Vec<_> = frame.clipped(&points).iter().map(|run| thinned(run, frame.plot)).collect();
            scene.path(&format!("line curve-{i}"), &runs, &rates::stroke(i), curve.name);
        }
        let list: Vec<_> = self.curves.iter().map(|c| c.name).take(12).collect();
        Ok((scene, format!("Miss against false rates, {}: {}.", counted(self.curves.len(), "curve"), list.join("; "))))
    }
}
