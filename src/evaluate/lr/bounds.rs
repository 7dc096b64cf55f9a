//! Limits beyond which an LR system has not shown, on its validation pairs, that it means what it says.
//!
//! - **`elub`**, empirical lower and upper bound (P. Vergeer et al. 2016, doi:10.1016/j.scijus.2016.06.003): with one misleading
//!   pair of each kind added, deciding by the LR system must cost no more than deciding without it. For a threshold t ≥ 1 that is
//!   P(LR ≤ t | H1) + t·P(LR > t | H2) ≤ 1, or t ≤ [s/(S+1)] / [(d+1)/(D+1)] with s of S same-source and d of D different-source pairs above t.
//!   The upper bound is the first t from 1 upward where it fails; the lower bound is the mirror image, from 1 downward.
//! - **`invariance`** (I. Alberink et al. 2025, *A transparent method to determine limit values for likelihood ratio systems*): "the LR of the LR is the LR",
//!   with Jeffreys' ½ added: the upper bound is the first t from below where t > [(s+½)/(S+1)] / [(d+½)/(D+1)], s and d being pairs at t or above; where it
//!   never fails within the data, the largest same-source LR (0 and ∞ count as 10⁻²⁰ and 10²⁰). The lower bound is the mirror image, with pairs below t.
//!
//! Published code adds the misleading pairs of `elub` either on both sides, as here, or on the side that is examined; the latter gives wider bounds.
//!
//! Between two LRs of the data the counts are constant, so that the bounds follow exactly, without a grid; then they are **rounded towards LR = 1** to
//! a multiple of 0.001 in log10, as published values are. Bounds on the wrong side of 1 become 1: such a system may report nothing on that side.
//!
//! A bound is a statement on these pairs. It does not repair calibration within the bounds ([`mod@super::dev_pav`], [`super::ece`]).

use super::Error;
use super::labelled::{Log10Lr, Lrs};
use serde::{Deserialize, Serialize};

/// How limits are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// No limits.
    None,
    Elub,
    Invariance,
    /// Given by a person.
    Given,
}

impl Method {
    /// By name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::None, Self::Elub, Self::Invariance, Self::Given].into_iter().find(|m| m.name() == name)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Elub => "elub",
            Self::Invariance => "invariance",
            Self::Given => "given",
        }
    }
}

/// Limits of log10 LR, lower ≤ 0 ≤ upper; absent where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    pub method: Method,
    pub lower: Option<Log10Lr>,
    pub upper: Option<Log10Lr>,
}

/// Whether a limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limited {
    No,
    Lower,
    Upper,
}

/// A log10 LR within limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounded {
    pub value: Log10Lr,
    pub limited: Limited,
}

impl Bounds {
    /// No limits.
    pub const NONE: Self = Self { method: Method::None, lower: None, upper: None };

    /// Limits given by a person.
    ///
    /// # Errors
    /// Unless lower ≤ 0 ≤ upper, both finite.
    pub fn given(lower: Log10Lr, upper: Log10Lr) -> Result<Self, Error> {
        let bounds = Self { method: Method::Given, lower: Some(lower), upper: Some(upper) };
        if bounds.is_sound() {
            return Ok(bounds);
        }
        let got = format!("{} to {}", lower.0, upper.0);
        Err(Error::Option { what: "the limits of log10 LR", got, allowed: "a finite lower one <= 0 and a finite upper one >= 0" })
    }

    /// Empirical lower and upper bound.
    #[must_use]
    pub fn elub(lrs: &Lrs) -> Self {
        let (s, d) = (numbers(lrs.same()), numbers(lrs.different()));
        Self::both(Method::Elub, first_failure(&s, &d, Rule::Elub), first_failure(&mirrored(&d), &mirrored(&s), Rule::Elub))
    }

    /// Bounds by invariance.
    #[must_use]
    pub fn invariance(lrs: &Lrs) -> Self {
        let (s, d) = (numbers(lrs.same()), numbers(lrs.different()));
        Self::both(
            Method::Invariance,
            first_failure(&s, &d, Rule::Invariance),
            first_failure(&mirrored(&d), &mirrored(&s), Rule::Invariance),
        )
    }

    fn both(method: Method, upper: f64, lower: f64) -> Self {
        let round = |x: f64| libm::floor(x.max(0.0) * 1000.0) / 1000.0;
        Self { method, lower: Some(Log10Lr(0.0 - round(lower))), upper: Some(Log10Lr(round(upper))) }
    }

    /// The nearest log10 LR within the limits.
    #[must_use]
    pub fn apply(&self, log10_lr: Log10Lr) -> Bounded {
        match (self.lower, self.upper) {
            (Some(lower), _) if log10_lr < lower => Bounded { value: lower, limited: Limited::Lower },
            (_, Some(upper)) if log10_lr > upper => Bounded { value: upper, limited: Limited::Upper },
            _ => Bounded { value: log10_lr, limited: Limited::No },
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        self.lower.is_none_or(|l| l.0.is_finite() && l.0 <= 0.0) && self.upper.is_none_or(|u| u.0.is_finite() && u.0 >= 0.0)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Rule {
    Elub,
    Invariance,
}

/// Ascending, and within what can be computed with.
fn numbers(all: &[Log10Lr]) -> Vec<f64> {
    let mut all: Vec<f64> = all.iter().map(|l| l.0.clamp(-20.0, 20.0) + 0.0).collect();
    all.sort_by(f64::total_cmp);
    all
}

fn mirrored(ascending: &[f64]) -> Vec<f64> {
    ascending.iter().rev().map(|x| 0.0 - x).collect()
}

/// The first log10 threshold, from 0 (`elub`) or from below (`invariance`) upward, beyond which the rule fails. Given what supports (s) and what
/// should not (d), both ascending.
fn first_failure(s: &[f64], d: &[f64], rule: Rule) -> f64 {
    let above = |all: &[f64], x: f64| (all.len() - all.partition_point(|l| *l <= x)) as f64;
    let share = |pairs: f64, all: &[f64], added: f64| (pairs + added) / (all.len() + 1) as f64;
    let mut steps: Vec<f64> = s.iter().chain(d).copied().collect();
    steps.sort_by(f64::total_cmp);
    steps.dedup();
    let most = steps.last().copied().unwrap_or(0.0).max(0.0);
    // Thresholds in (from, to] for invariance, [from, to) for elub: one count of pairs above.
    let start = match rule {
        Rule::Elub => 0.0,
        Rule::Invariance => steps.first().copied().unwrap_or(0.0).min(0.0) - 1.0,
    };
    let mut from = start;
    let ends = steps.iter().copied().filter(|x| *x > start).chain(std::iter::once(f64::INFINITY));
    for to in ends {
        let added = if rule == Rule::Elub { (0.0, 1.0) } else { (0.5, 0.5) };
        let ratio = share(above(s, from), s, added.0) / share(above(d, from), d, added.1);
        let limit = libm::log10(ratio);
        // The next data point belongs to this count for invariance, and to the next for elub.
        let fails = if rule == Rule::Elub { limit < to } else { limit < to.min(most) };
        if fails {
            return limit.max(from);
        }
        from = to;
    }
    // Never, within the data.
    s.last().copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lrs(same: &[f64], different: &[f64]) -> Lrs {
        let log = |all: &[f64]| all.iter().map(|l| l.log10()).collect::<Vec<_>>();
        Lrs::of_log10(&log(same), &log(different)).expect("both kinds")
    }

    fn ends(bounds: Bounds) -> (f64, f64) {
        (bounds.lower.expect("a limit").0, bounds.upper.expect("a limit").0)
    }

    #[test]
    fn elub_by_hand() {
        let up = f64::INFINITY;
        let of = |same: &[f64], different: &[f64]| ends(Bounds::elub(&lrs(same, different)));
        assert_eq!(of(&[up], &[0.0]), (0.0, 0.0));
        // ¾ to ¼.
        assert_eq!(of(&[up; 3], &[0.0; 3]), (-0.477, 0.477));
        assert_eq!(of(&[0.01, 0.1, 1.0], &[10.0, 100.0]), (0.0, 0.0));
        // Upper: two of four to one of three. Lower: one of four to two of three.
        assert_eq!(of(&[1.0, 10.0, 100.0], &[0.01, 0.1]), (-0.425, 0.176));
        assert_eq!(of(&[10.0, 100.0], &[0.01, 0.1, 1.0]), (-0.176, 0.425));
        assert_eq!(of(&[1.0], &[1.0]), (0.0, 0.0));
        assert_eq!(of(&[10.0; 10], &[1.0]), (0.0, 0.259));
        assert_eq!(of(&[1000.0; 10], &[1.1]), (0.0, 0.0));
    }

    #[test]
    fn invariance_by_hand() {
        let up = f64::INFINITY;
        let of = |same: &[f64], different: &[f64]| ends(Bounds::invariance(&lrs(same, different)));
        assert_eq!(of(&[up], &[0.0]), (-0.477, 0.477));
        assert_eq!(of(&[up; 3], &[0.0; 3]), (-0.845, 0.845));
        assert_eq!(of(&[0.01, 0.1, 1.0], &[10.0, 100.0]), (0.0, 0.0));
        assert_eq!(of(&[1.0, 10.0, 100.0], &[0.01, 0.1]), (-0.823, 0.574));
        assert_eq!(of(&[10.0, 100.0], &[0.01, 0.1, 1.0]), (-0.574, 0.823));
        assert_eq!(of(&[1.0], &[1.0]), (0.0, 0.0));
        assert_eq!(of(&[10.0; 9], &[10.0]), (0.0, 0.102));
        assert_eq!(of(&[10.0; 10], &[1.0]), (0.0, 0.581));
        assert_eq!(of(&[1000.0; 10], &[1.1]), (0.0, 0.581));
    }

    /// The rules by their definitions, on a grid of 0.001.
    fn on_a_grid(l: &Lrs, rule: Rule) -> f64 {
        let (s, d) = (numbers(l.same()), numbers(l.different()));
        let most = s.iter().chain(&d).fold(0.0, |m: f64, x| m.max(*x));
        let share = |all: &[f64], is: &dyn Fn(f64) -> bool| all.iter().filter(|x| is(**x)).count() as f64;
        let fails = |t: f64| match rule {
            Rule::Elub => {
                let (n, m) = (s.len() as f64 + 1.0, d.len() as f64 + 1.0);
                (share(&s, &|x| x <= t) + 1.0) / n + 10f64.powf(t) * (share(&d, &|x| x > t) + 1.0) / m > 1.0 + 1e-13
            }
            Rule::Invariance => {
                let p = |all: &[f64]| (share(all, &|x| x >= t) + 0.5) / (all.len() as f64 + 1.0);
                (p(&s) / p(&d)).log10() - t < -1e-13
            }
        };
        let steps = (most * 1000.0).ceil() as i32;
        let first = if rule == Rule::Elub { 0 } else { -20_000 };
        match (first..=steps).find(|k| fails(f64::from(*k) / 1000.0)) {
            Some(k) => f64::from((k - 1).max(0)) / 1000.0,
            None => s.iter().fold(0.0, |m: f64, x| m.max(*x)),
        }
    }

    #[test]
    fn exact_is_the_grid() {
        let mut stream = crate::draw::Stream::new(11, "bounds", 0);
        for case in 0..40 {
            let mut draw = |n: usize, mean: f64| (0..n).map(|_| mean + stream.normal()).collect::<Vec<f64>>();
            let set = Lrs::of_log10(&draw(3 + case, 0.8), &draw(2 + 3 * case, -0.6)).expect("numbers");
            for (rule, found) in [(Rule::Elub, Bounds::elub(&set)), (Rule::Invariance, Bounds::invariance(&set))] {
                let (got, grid) = (found.upper.expect("a limit").0, on_a_grid(&set, rule));
                // Where a count changes between two steps of the grid, the first failure may lie between them.
                assert!((got - grid).abs() < 0.0011, "{case}: {got} {grid}");
            }
        }
    }

    #[test]
    fn limits_are_applied_and_named() {
        let bounds = Bounds::given(Log10Lr(-2.0), Log10Lr(3.0)).expect("sound");
        let of = |x| bounds.apply(Log10Lr(x));
        assert_eq!(of(5.0), Bounded { value: Log10Lr(3.0), limited: Limited::Upper });
        assert_eq!(of(f64::NEG_INFINITY), Bounded { value: Log10Lr(-2.0), limited: Limited::Lower });
        assert_eq!(of(3.0).limited, Limited::No);
        assert!(Bounds::given(Log10Lr(1.0), Log10Lr(3.0)).is_err());
        assert_eq!(Bounds::NONE.apply(Log10Lr(99.0)).value.0, 99.0);
        assert_eq!(Method::by_name("elub"), Some(Method::Elub));
    }
}
