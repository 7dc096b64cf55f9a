//! No pair of rows of any metric leaves its bounds.

use super::*;
use crate::metric;
use crate::metric::{Step, StepUser, Vector, with_step};
use proptest::prelude::*;

/// A register of one lane.
#[derive(Clone, Copy)]
struct One(f32);

impl Vector for One {
    const LANES: usize = 1;
    fn splat(x: f32) -> Self {
        Self(x)
    }
    fn load(from: &[f32]) -> Self {
        Self(from[0])
    }
    fn store(self, to: &mut [f32]) {
        to[0] = self.0;
    }
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0)
    }
    fn div(self, other: Self) -> Self {
        Self(self.0 / other.0)
    }
    fn mul_add(self, by: Self, to: Self) -> Self {
        Self(self.0 * by.0 + to.0)
    }
    fn abs(self) -> Self {
        Self(self.0.abs())
    }
    fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
    fn parts(self) -> (Self, Self) {
        let e = (self.0.to_bits() as i32 - 0x3f40_0000) >> 23;
        (Self(e as f32), Self(f32::from_bits((self.0.to_bits() as i32 - (e << 23)) as u32)))
    }
    fn power_of_two(self) -> Self {
        Self(libm::exp2f(self.0))
    }
    fn round(self) -> Self {
        Self(self.0.round_ties_even())
    }
    fn at_least(self, other: Self) -> u32 {
        u32::from(self.0 >= other.0)
    }
    fn differing_bits(self, other: Self) -> Self {
        Self((self.0.to_bits() ^ other.0.to_bits()).count_ones() as f32)
    }
}

/// t and bound as a careless device computes them: one f32 after the other.
struct Forward<'a>(f32, &'a [f32], &'a [f32]);
impl StepUser for Forward<'_> {
    type Answer = (f32, fn(f32, f32, f32, f32) -> f32);
    fn with<S: Step>(self) -> Self::Answer {
        let t = self.1.iter().zip(self.2).fold(One(0.0), |t, (&a, &b)| S::step(One(self.0), t, One(a), One(b)));
        (t.0, S::bound)
    }
}

/// Rows that the metric is defined for, made from any.
pub(crate) fn in_domain(metric: &dyn Metric, row: &mut [f64]) {
    for x in row {
        *x = match metric.info().numbers {
            metric::Numbers::Real => *x,
            metric::Numbers::NonNegative => x.abs(),
            metric::Numbers::Positive => x.abs() * (1.0 + 1e-3) + 1e-290,
            metric::Numbers::NonZero => {
                if *x == 0.0 {
                    1.0
                } else {
                    *x
                }
            }
            metric::Numbers::Bytes => ((x.abs() * 1e3).min(1e15) as u64 % 256) as f64,
        };
    }
}

fn check(metric: &'static dyn Metric, rows: &[Vec<f64>], shift: Vec<f64>) -> Result<(), TestCaseError> {
    let d = shift.len();
    let mut rows = rows.to_vec();
    for row in &mut rows {
        in_domain(metric, row);
    }
    let measures: Vec<_> = rows.iter().map(|r| metric.measure(Row::F64(r))).collect();
    prop_assume!(measures.iter().all(Result::is_ok));
    let measures: Vec<_> = measures.into_iter().flatten().collect();
    let largest = rows.iter().zip(&measures).map(|(r, &m)| metric.embedded_size(Row::F64(r), m)).fold(0.0, f64::max);
    let frame = Frame::new(metric, shift, largest, d);
    let mut work = vec![0.0; d];
    let formed: Vec<(Vec<f32>, Bounds)> = rows
        .iter()
        .zip(&measures)
        .map(|(r, &m)| {
            let mut out = vec![0.0; d];
            let bounds = frame.row(Row::F64(r), m, &mut work, &mut out);
            (out, bounds)
        })
        .collect();
    for (i, (xi, bi)) in formed.iter().enumerate() {
        for (j, (xj, bj)) in formed.iter().enumerate() {
            let score = metric.define(&rows[i], &rows[j]);
            let (t, bound) = with_step(metric.info().name, Forward(metric.parameter(), xi, xj)).expect("registered");
            let (u, least) = (metric.u_of(score) * frame.unit, frame.least_u(score));
            prop_assert!(least <= u);
            let (lower, upper) = (frame.lower(t, bi, bj), frame.upper(t, bi, bj));
            prop_assert!((metric.lagged().is_some() || lower <= u) && u <= upper, "{metric:?}: u {u} not in {lower} … {upper}");
            // The device's own test, with the pair's own score as the floor, must let the pair pass.
            let floor = frame.floor(least, bi);
            let test = bound(frame.gain(), t, frame.reach(bi), frame.reach(bj)) + frame.lift(bj);
            prop_assert!(test >= floor, "{metric:?}: {test} below {floor}");
            if metric.dense_exact() {
                continue;
            }
            let error = (f64::from(frame.estimate(t, bi, bj) as f32) - score).abs();
            let most = frame.tolerance(bi.reach.max(bj.reach), bi.slack.max(bj.slack), score);
            prop_assert!(score.abs() <= frame.largest_score() * (1.0 + 1e-12));
            prop_assert!(most <= frame.worst_tolerance() * (1.0 + 1e-6));
            prop_assert!(score.abs() + most > 1e37 || error <= most, "{metric:?}: estimate off by {error}, tolerance {most}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_pair_leaves_its_bounds(
        rows in prop::collection::vec(prop::collection::vec(-1.0f64..1.0, 37), 4),
        offset in prop::sample::select(vec![0.0, 1.0, 1e6]),
        size in prop::sample::select(vec![1e-30, 1.0, 1e30]),
        spread in prop::sample::select(vec![1.0, 1e-3, 1e-9]),
        centred in any::<bool>(), which in 0..metric::all().len(),
    ) {
        let metric = metric::all()[which];
        let base = rows[0].clone();
        let rows: Vec<Vec<f64>> = rows.iter()
            .map(|r| r.iter().zip(&base).map(|(x, b)| (b + spread * x + offset) * size).collect()).collect();
        let width = metric.embedded_width(37);
        let mut shift = vec![0.0; width];
        if centred {
            let mut v = vec![0.0; width];
            for r in &rows {
                let mut r = r.clone();
                in_domain(metric, &mut r);
                let r = &r;
                let Ok(m) = metric.measure(Row::F64(r)) else { return Ok(()) };
                metric.embed(Row::F64(r), m, &mut v);
                shift.iter_mut().zip(&v).for_each(|(s, v)| *s += v / rows.len() as f64);
            }
        }
        check(metric, &rows, shift)?;
    }
}
