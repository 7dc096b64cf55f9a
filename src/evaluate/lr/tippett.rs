//! Tippett curves and rates of misleading evidence.
//!
//! For a limit x: the share of same-source pairs, and of different-source pairs, whose log10 LR is x or more. Misleading is a same-source
//! pair with LR < 1 and a different-source pair with LR > 1; LR = 1 misleads nobody.

use super::labelled::{Log10Lr, Lrs};

/// Shares of pairs whose log10 LR is `log10_lr` or more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    pub log10_lr: Log10Lr,
    pub same: f64,
    pub different: f64,
}

/// Rates of misleading evidence, and the strongest of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Misleading {
    /// Share of same-source pairs with LR < 1, and the smallest log10 LR of all same-source pairs.
    pub same: f64,
    pub smallest_same: Log10Lr,
    /// Share of different-source pairs with LR > 1, and the largest log10 LR of all different-source pairs.
    pub different: f64,
    pub largest_different: Log10Lr,
}

/// The steps of the two curves, at each distinct log10 LR, ascending.
#[must_use]
pub fn steps(lrs: &Lrs) -> Vec<Step> {
    let ascending = |all: &[Log10Lr]| {
        let mut all: Vec<f64> = all.iter().map(|l| l.0 + 0.0).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let (same, different) = (ascending(lrs.same()), ascending(lrs.different()));
    let share = |all: &[f64], x: f64| (all.len() - all.partition_point(|l| *l < x)) as f64 / all.len() as f64;
    let mut at: Vec<f64> = lrs.sorted().into_iter().map(|l| l.0).collect();
    at.dedup();
    at.into_iter().map(|x| Step { log10_lr: Log10Lr(x), same: share(&same, x), different: share(&different, x) }).collect()
}

/// Rates of misleading evidence.
#[must_use]
pub fn misleading(lrs: &Lrs) -> Misleading {
    let share = |all: &[Log10Lr], is: fn(f64) -> bool| all.iter().filter(|l| is(l.0)).count() as f64 / all.len() as f64;
    let extreme = |all: &[Log10Lr], of: fn(f64, f64) -> f64, from: f64| Log10Lr(all.iter().fold(from, |m, l| of(m, l.0)));
    Misleading {
        same: share(lrs.same(), |l| l < 0.0),
        smallest_same: extreme(lrs.same(), f64::min, f64::INFINITY),
        different: share(lrs.different(), |l| l > 0.0),
        largest_different: extreme(lrs.different(), f64::max, f64::NEG_INFINITY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let lrs = Lrs::of_log10(&[1.0, 2.0, -1.0, 0.0], &[-1.0, 0.0, 0.5]).expect("numbers");
        let found = misleading(&lrs);
        assert_eq!((found.same, found.different), (0.25, 1.0 / 3.0));
        assert_eq!((found.smallest_same.0, found.largest_different.0), (-1.0, 0.5));
        let steps = steps(&lrs);
        assert_eq!(steps.iter().map(|s| s.log10_lr.0).collect::<Vec<_>>(), [-1.0, 0.0, 0.5, 1.0, 2.0]);
        assert_eq!((steps[0].same, steps[0].different), (1.0, 1.0));
        assert_eq!((steps[1].same, steps[1].different), (0.75, 2.0 / 3.0));
        assert_eq!((steps[4].same, steps[4].different), (0.25, 0.0));
    }
}
