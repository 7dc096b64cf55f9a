//! An axis before it is laid out: its range, its title, and what is written along it.

use super::text;
use super::ticks::Ticks;

/// The size of the labels at the marks.
pub(super) const SIZE: f64 = 11.0;

/// What is written along an axis.
#[derive(Debug, Clone)]
pub(super) enum Marks {
    Numbers,
    /// Components, counts.
    Whole,
    /// A name at each of some places.
    Names(Vec<(f64, String)>),
    /// Numbers at chosen places, the most important first: as many are written as have room (logarithmic and probit axes).
    Chosen(Vec<(f64, String)>),
    Nothing,
}

/// One axis, before it is laid out.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) title: String,
    pub(super) low: f64,
    pub(super) high: f64,
    /// Runs from high to low.
    pub(super) reversed: bool,
    pub(super) marks: Marks,
    /// At least so much is left for the labels: plots one above another then begin at one place.
    pub(super) room: f64,
}

impl Axis {
    /// Over all `values`, with a margin of 5 % at either end.
    pub(super) fn over(title: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = span(values);
        let margin = (high - low) * 0.05;
        Self { title: title.into(), low: low - margin, high: high + margin, reversed: false, marks: Marks::Numbers, room: 0.0 }
    }

    /// From exactly `low` to `high`.
    pub(super) fn from(title: impl Into<String>, low: f64, high: f64) -> Self {
        Self { title: title.into(), low, high, reversed: false, marks: Marks::Numbers, room: 0.0 }
    }

    pub(super) fn reversed(self, reversed: bool) -> Self {
        Self { reversed, ..self }
    }

    pub(super) fn marks(self, marks: Marks) -> Self {
        Self { marks, ..self }
    }

    pub(super) fn room(self, room: f64) -> Self {
        Self { room, ..self }
    }

    /// Marks of a vertical axis of about this height.
    pub(super) fn upwards(&self, height: f64) -> Ticks {
        match &self.marks {
            Marks::Names(_) => self.ticks(0),
            Marks::Chosen(_) => self.beside(height).unwrap_or_else(|| self.ticks(0)),
            _ => self.ticks((height / 40.0).clamp(2.0, 10.0) as usize),
        }
    }

    /// The width of the labels of a vertical axis.
    pub(super) fn labels(&self, height: f64) -> f64 {
        longest(&self.upwards(height))
    }

    /// Marks of a horizontal axis of exactly this width, where they were chosen.
    pub(super) fn along(&self, width: f64) -> Option<Ticks> {
        let Marks::Chosen(all) = &self.marks else { return None };
        Some(self.with_room(all, width, |label| text::width(label, SIZE) + 10.0))
    }

    /// Marks of a vertical axis of exactly this height, where they were chosen.
    pub(super) fn beside(&self, height: f64) -> Option<Ticks> {
        let Marks::Chosen(all) = &self.marks else { return None };
        Some(self.with_room(all, height, |_| SIZE + 3.0))
    }

    /// Those of the chosen marks that are in sight and stand clear of more important ones, from low to high.
    fn with_room(&self, all: &[(f64, String)], length: f64, size: impl Fn(&str) -> f64) -> Ticks {
        let pixels = length / (self.high - self.low);
        let slack = (self.high - self.low) * 1e-9;
        let mut kept: Vec<&(f64, String)> = Vec::new();
        for mark in all.iter().filter(|m| m.0 >= self.low - slack && m.0 <= self.high + slack) {
            let clear = |k: &&(f64, String)| (k.0 - mark.0).abs() * pixels * 2.0 >= size(&k.1) + size(&mark.1);
            if kept.iter().all(clear) {
                kept.push(mark);
            }
        }
        kept.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (at, labels) = kept.into_iter().cloned().unzip();
        Ticks { at, labels, power: 0 }
    }

    pub(super) fn ticks(&self, most: usize) -> Ticks {
        match &self.marks {
            Marks::Numbers => Ticks::new(self.low, self.high, most),
            Marks::Whole => Ticks::whole(self.low, self.high, most),
            Marks::Names(names) | Marks::Chosen(names) => {
                let (at, labels) = names.iter().cloned().unzip();
                Ticks { at, labels, power: 0 }
            }
            Marks::Nothing => Ticks { at: vec![], labels: vec![], power: 0 },
        }
    }
}

/// Smallest and largest of finite values, never the same: equal values get room around them.
pub(super) fn span(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    let largest = low.abs().max(high.abs());
    if high - low > largest * 1e-9 && high - low > 1e-300 {
        (low, high)
    } else if largest < 1e-290 {
        (low - 1.0, high + 1.0)
    } else {
        (low - largest * 0.1, high + largest * 0.1)
    }
}

/// The width of the widest label.
pub(super) fn longest(ticks: &Ticks) -> f64 {
    ticks.labels.iter().map(|l| text::width(l, SIZE)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_get_room() {
        assert_eq!(span([]), (0.0, 1.0));
        assert_eq!(span([0.0, 0.0]), (-1.0, 1.0));
        let (low, high) = span([5.0]);
        assert!(low == 4.5 && high == 5.5);
        assert_eq!(span([1.0, 2.0]), (1.0, 2.0));
        let (low, high) = span([-1e300, 1e300]);
        assert!((high - low).is_finite());
        assert_eq!(span([1e-320]), (-1.0, 1.0));
    }
}
