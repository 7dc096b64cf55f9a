//! The points of a receiver operating characteristic that a picture needs.
//!
//! Of up to 50 million steps some hundred are kept: a step is kept where it enters a new cell of a grid. The grid is even in the
//! false and the true rate and, for logarithmic and probit axes, even in the logarithms of the false and the miss rate down
//! to 10⁻⁹. What is left out lies within a cell of a point that is kept. Kept in any case: the ends, the last point without a
//! false pair, the first with any, and the first without a miss.

use super::roc::{Operating, Roc};
use super::steps::Step;

/// Decades that the logarithmic part of the grid spans.
const DECADES: f64 = 9.0;
/// The fewest points that a curve can be thinned to.
const FEWEST: usize = 64;

/// A point of the curve: the limit, the false and the true rate there. The miss rate is 1 − true rate.
pub type Point = Operating;

/// Cells of a grid.
#[derive(Clone, Copy)]
struct Grid {
    even: f64,
    logarithmic: f64,
}

impl Grid {
    fn new(most: usize) -> Self {
        let half = (most.max(FEWEST) - 8) as f64 / 4.0;
        Self { even: libm::floor(half).max(1.0), logarithmic: libm::floor(half / DECADES).max(1.0) }
    }

    /// A rate's cell on the even and on the logarithmic grid; the latter only where one is asked for.
    fn cell(self, rate: f64, small: f64) -> (i64, i64) {
        let log = if small > 0.0 { libm::log10(small).clamp(-DECADES, 0.0) } else { -DECADES - 1.0 };
        (libm::floor(rate * self.even) as i64, libm::floor(log * self.logarithmic) as i64)
    }
}

impl Roc<'_> {
    /// At most `most` points of the curve (64 at least are allowed for) from the highest limit down, ends and extremes among
    /// them. Of a
    /// thresholded result the listed part alone: it ends before (1, 1).
    #[must_use]
    pub fn curve(&self, most: usize) -> Vec<Point> {
        let grid = Grid::new(most);
        let start = self.operating(&Step::START);
        let mut kept = vec![start];
        let mut cells = (grid.cell(0.0, 0.0), grid.cell(0.0, 1.0));
        let mut last = start;
        for step in self.steps() {
            let now = self.operating(&step);
            let misses = (self.same - step.same) / self.same;
            let here = (grid.cell(now.false_rate, now.false_rate), grid.cell(now.true_rate, misses));
            let first_false = last.false_rate == 0.0 && now.false_rate > 0.0;
            if first_false && kept.last() != Some(&last) {
                kept.push(last);
            }
            if here != cells || first_false {
                kept.push(now);
                cells = here;
            }
            last = now;
        }
        if kept.last() != Some(&last) {
            kept.push(last);
        }
        kept
    }

    /// The curve as pairs of false and miss rate, as a detection error trade-off shows them (Martin, Doddington et al., "The
    /// DET curve in assessment of detection task performance", Eurospeech 1997); rates, not their probits.
    #[must_use]
    pub fn det(&self, most: usize) -> Vec<(f64, f64)> {
        self.curve(most).iter().map(|p| (p.false_rate, 1.0 - p.true_rate)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::draw::Stream;
    use crate::evaluate::{Pair, Roc, Scored, Unlisted};

    fn many(n: usize) -> Scored {
        let mut draw = Stream::new(5, "curve", 0);
        let pairs = (0..n).map(|i| {
            let same = i % 10 == 0;
            Pair { score: draw.normal() + if same { 3.0 } else { 0.0 }, a: 0, b: u32::from(!same) }
        });
        Scored::new(pairs.collect(), 2).unwrap()
    }

    #[test]
    fn thinning_keeps_ends_and_extremes_and_stays_close() {
        let scored = many(100_000);
        let roc = Roc::new(&scored);
        let all: Vec<_> = roc.steps().map(|s| roc.operating(&s)).collect();
        for most in [1, 64, 200, 1000] {
            let curve = roc.curve(most);
            assert!(curve.len() <= most.max(64), "{} of {most}", curve.len());
            assert!(curve.windows(2).all(|w| w[0].threshold > w[1].threshold));
            assert_eq!((curve[0].false_rate, curve[0].true_rate), (0.0, 0.0));
            let end = curve[curve.len() - 1];
            assert_eq!((end.false_rate, end.true_rate), (1.0, 1.0));
            let clean = all.iter().rev().find(|p| p.false_rate == 0.0).unwrap();
            let whole = all.iter().find(|p| p.true_rate == 1.0).unwrap();
            assert!(curve.contains(clean) && curve.contains(whole), "{most}");
        }
        // Every point that was left out has a kept one within a cell.
        let curve = roc.curve(1000);
        let cell = 1.0 / 248.0 + 1e-9;
        for p in &all {
            let near =
                curve.iter().any(|q| (q.false_rate - p.false_rate).abs() <= cell && (q.true_rate - p.true_rate).abs() <= cell);
            assert!(near, "{p:?}");
        }
    }

    #[test]
    fn few_steps_are_all_kept_and_a_partial_curve_ends_early() {
        let pair = |score, a, b| Pair { score, a, b };
        let pairs = vec![pair(3.0, 0, 0), pair(2.0, 0, 1), pair(1.0, 1, 1)];
        let curve = Roc::new(&Scored::new(pairs.clone(), 2).unwrap()).curve(100);
        let rates: Vec<_> = curve.iter().map(|p| (p.false_rate, p.true_rate)).collect();
        assert_eq!(rates, [(0.0, 0.0), (0.0, 0.5), (1.0, 0.5), (1.0, 1.0)]);
        let scored = Scored::thresholded(pairs, 2, Unlisted { same: 2, different: 9 }).unwrap();
        let det = Roc::new(&scored).det(100);
        assert_eq!(det[det.len() - 1], (0.1, 0.5));
    }
}
