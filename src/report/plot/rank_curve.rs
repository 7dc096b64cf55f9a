//! Identification rates by rank: the share of queries with a partner among their first k (the CMC curve of
//! biometrics). Beyond 30 ranks the axis of ranks is logarithmic. The axis of rates begins at 0, or above it where all
//! rates are high; it says so by its marks.

use super::axis::{Axis, Marks};
use super::error::{Error, shares};
use super::frame::{Frame, STRONG};
use super::legend::{Entry, Key};
use super::page::{Style, counted};
use super::palette;
use super::rates;
use super::scene::{Marker, Scene, Stroke};
use super::spectra::thinned;
use super::text;

const FIGURE: &str = "identification by rank";
const END: Stroke = Stroke::dashed(STRONG, 1.2, "2 3");
/// More ranks than this are on a logarithmic axis.
const FEW: usize = 30;

/// Identification rates of several scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankCurve<'a> {
    /// Name ("CCF, rank 1: 0.977") and the rates at ranks 1, 2, 3 …, never falling.
    pub curves: &'a [(&'a str, &'a [f64])],
    /// Up to this rank all lists are complete; beyond it rates are lower bounds.
    pub exact_to: Option<usize>,
}

impl RankCurve<'_> {
    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        if self.curves.is_empty() {
            return Err(Error::Empty { figure: FIGURE, what: "the list of curves".into() });
        }
        for (name, values) in self.curves {
            shares(FIGURE, name, values)?;
            rates::rising(FIGURE, name, values)?;
        }
        let most = self.curves.iter().map(|(_, v)| v.len()).max().unwrap_or(1);
        let log = most > FEW;
        let marker = |i: usize| {
            let look = palette::look(i);
            Marker { shape: look.shape, colour: look.colour, radius: 3.5, hollow: false }
        };
        let mut entries: Vec<_> = self
            .curves
            .iter()
            .enumerate()
            .map(|(i, (name, _))| Entry::new(Key::Marked(rates::stroke(i), marker(i)), *name))
            .collect();
        let end = self.exact_to.filter(|e| *e < most);
        if let Some(end) = end {
            entries.push(Entry::new(Key::Line(END), format!("complete to rank {end}")));
        }
        let (mut scene, area) = style.open(&entries);
        let across = |rank: usize| if log { libm::log10(rank as f64) } else { rank as f64 };
        let x = if log {
            let marks: Vec<_> = [1, 2, 5]
                .into_iter()
                .flat_map(|f| (0..10).map(move |p| f64::from(f) * libm::exp10(f64::from(p))))
                .map(|rank| (libm::log10(rank), text::fixed(rank, 0)))
                .collect();
            Axis::from("Rank", -0.03 * across(most), across(most) * 1.01).marks(Marks::Chosen(marks))
        } else {
            let marks = [most + 1, 10, 5, 2, 1].into_iter().flat_map(|step| (0..=most / step).map(move |k| (k * step).max(1)));
            let marks = marks.map(|rank| (rank as f64, rank.to_string())).collect();
            Axis::from("Rank", 0.5, most as f64 + 0.5).marks(Marks::Chosen(marks))
        };
        let least = self.curves.iter().filter_map(|(_, v)| v.first().copied()).fold(1.0, f64::min);
        let room = (1.0 - least).max(0.005);
        let low = if least > 0.5 { (least - 0.25 * room).max(0.0) } else { 0.0 };
        let frame = Frame::draw(&mut scene, area, &x, &Axis::from("Identification rate", low, 1.0 + 0.06 * (1.0 - low)));
        if let Some(end) = end {
            let x = frame.x.at(across(end));
            scene.line("limit", (x, frame.plot.y), (x, frame.plot.bottom()), &END);
        }
        for (i, (name, values)) in self.curves.iter().enumerate() {
            let points: Vec<_> = (1..).zip(*values).map(|(k, v)| frame.at(across(k), *v)).collect();
            scene.path(&format!("line curve-{i}"), &[thinned(&points, frame.plot)], &rates::stroke(i), name);
            // Markers at every rank, or at those that are marked on the axis.
            let shown = |k: usize| !log || [1, 2, 5].iter().any(|f| k.is_multiple_of(*f) && is_power_of_ten(k / f));
            for (k, (at, v)) in (1..).zip(points.iter().zip(*values)).filter(|(k, _)| shown(*k)) {
                scene.marker(&format!("point curve-{i}"), *at, &marker(i), &format!("{name}, rank {k}: {}", text::number(*v, 4)));
            }
        }
        let list: Vec<_> = self.curves.iter().map(|(name, _)| *name).take(12).collect();
        let said = end.map_or(String::new(), |e| format!(" Lower bounds beyond rank {e}."));
        let what = format!("Identification rates at ranks 1 to {most}, {}: {}.", counted(list.len(), "curve"), list.join("; "));
        Ok((scene, what + &said))
    }
}

fn is_power_of_ten(mut k: usize) -> bool {
    while k >= 10 && k.is_multiple_of(10) {
        k /= 10;
    }
    k == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten() {
        assert_eq!((0..=1000).filter(|k| is_power_of_ten(*k)).collect::<Vec<_>>(), [1, 10, 100, 1000]);
    }
}
