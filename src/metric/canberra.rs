//! Canberra distance: Σ |aᵢ − bᵢ| / (|aᵢ| + |bᵢ|), under three conventions for features where both rows are zero.
//!
//! | name | where both are zero | range | source |
//! |---|---|---|---|
//! | `canberra` | not defined: rows with a zero are refused | 0 … d | G. N. Lance, W. T. Williams, doi:10.1093/comjnl/9.1.60 |
//! | `canberra-scipy` | the term is 0 | 0 … d | SciPy `spatial.distance.canberra` |
//! | `canberra-r` | the term is left out, and the sum is multiplied by d / (terms used) | 0 … d | R `dist(method = "canberra")` |
//!
//! Smaller is closer. `canberra-r` is not defined for rows of zeros, which are refused.
//!
//! Form: a fold of degree 0. A term changes by at most half the relative change of x plus half that of y, so rounded rows
//! cost ε for each of their numbers that are not zero; numbers below 2⁻¹⁰⁰ of the largest may vanish on a device and cost a whole
//! term. For `canberra-r` the number of terms used is only known to lie between the larger row's count and d: the bounds
//! take each at its worst.

use super::sum::Term;
use super::vector::{Step, TINY, Vector};
use super::{
    Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, form, inner_product, sum,
};
use crate::matrix::Row;

/// t ← t + |x − y| / (|x| + |y|)
pub struct Quotient;

impl Step for Quotient {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        sum.add(x.sub(y).abs().div(x.abs().add(y.abs()).max(V::splat(TINY))))
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, _: f32, _: f32) -> f32 {
        gain * t
    }
}

fn share(x: f64, y: f64) -> f64 {
    let whole = x.abs() + y.abs();
    if whole == 0.0 { 0.0 } else { (x - y).abs() / whole }
}

/// |x − y| / (|x| + |y|), nothing where both are zero
#[derive(Clone, Copy)]
struct Share;
impl Term for Share {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        share(x, y)
    }
}

/// 1 where a number is not zero.
#[derive(Clone, Copy)]
struct Used;
impl Term for Used {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        if x == 0.0 && y == 0.0 { 0.0 } else { 1.0 }
    }
}

fn slack(x: &[f64]) -> f64 {
    let limit = libm::exp2(-100.0);
    x.iter().filter(|x| **x != 0.0).map(|x| if x.abs() < limit { 1.0 } else { 1.01 * form::EPSILON }).sum()
}

pub struct Canberra;

impl Canberra {
    pub const USUAL: Self = Self;
}

impl Stepped for Canberra {
    type Step = Quotient;
}

impl Metric for Canberra {
    fn info(&self) -> &'static Info {
        &Info {
            name: "canberra",
            formula: "Σ |aᵢ−bᵢ| / (|aᵢ|+|bᵢ|)",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows without zeros",
            numbers: Numbers::NonZero,
            source: "doi:10.1093/comjnl/9.1.60",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "canberra", source: include_str!("../../shaders/metric/canberra.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        let measure = inner_product::plain_norm(x)?;
        match (0..x.len()).find(|&i| x.at(i) == 0.0) {
            Some(feature) => Err(Undefined::Zero { feature, metric: "canberra" }),
            None => Ok(measure),
        }
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        sum::in_stripes(a.len(), |i| share(a[i], b[i]))
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        sum::pairs(Share, a, b)
    }

    fn embedded_size(&self, x: Row<'_>, _: Measure) -> f64 {
        (0..x.len()).fold(0.0, |most: f64, i| most.max(x.at(i).abs()))
    }

    fn fold(&self, _: usize) -> Fold {
        Fold::distance(0.0)
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: 0.0, slack: slack(row.x) }
    }
}

pub struct CanberraSciPy;

impl CanberraSciPy {
    pub const USUAL: Self = Self;
}

impl Stepped for CanberraSciPy {
    type Step = Quotient;
}

impl Metric for CanberraSciPy {
    fn info(&self) -> &'static Info {
        &Info {
            name: "canberra-scipy",
            formula: "Σ |aᵢ−bᵢ| / (|aᵢ|+|bᵢ|), 0/0 = 0",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows",
            numbers: Numbers::Real,
            source: "SciPy spatial.distance.canberra",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "canberra", source: include_str!("../../shaders/metric/canberra.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::plain_norm(x)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        sum::in_stripes(a.len(), |i| share(a[i], b[i]))
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        sum::pairs(Share, a, b)
    }

    fn embedded_size(&self, x: Row<'_>, _: Measure) -> f64 {
        (0..x.len()).fold(0.0, |most: f64, i| most.max(x.at(i).abs()))
    }

    fn fold(&self, _: usize) -> Fold {
        Fold::distance(0.0)
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: 0.0, slack: slack(row.x) }
    }
}

pub struct CanberraR;

impl CanberraR {
    pub const USUAL: Self = Self;
}

impl Stepped for CanberraR {
    type Step = Quotient;
}

impl Metric for CanberraR {
    fn info(&self) -> &'static Info {
        &Info {
            name: "canberra-r",
            formula: "Σ |aᵢ−bᵢ| / (|aᵢ|+|bᵢ|) · d/used, terms 0/0 not used",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows that are not zero",
            numbers: Numbers::Real,
            source: "R stats::dist(method = \"canberra\")",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "canberra", source: include_str!("../../shaders/metric/canberra.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::nonzero_norm(x, "canberra-r")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let used = (0..a.len()).filter(|&i| a[i] != 0.0 || b[i] != 0.0).count();
        sum::in_stripes(a.len(), |i| share(a[i], b[i])) * (a.len() as f64 / used as f64)
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        sum::pairs(Share, a, b) * (a.len() as f64 / sum::pairs(Used, a, b))
    }

    fn embedded_size(&self, x: Row<'_>, _: Measure) -> f64 {
        (0..x.len()).fold(0.0, |most: f64, i| most.max(x.at(i).abs()))
    }

    fn fold(&self, _: usize) -> Fold {
        Fold::distance(0.0)
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        // A number that is flushed may or may not count: the share of those used stays that of the stored row.
        let used = row.x.iter().filter(|x| **x != 0.0).count() as f64;
        let most = row.x.len() as f64 / used;
        Bounds { offset: 0.0, reach: used / row.x.len() as f64, slack: most * slack(row.x) }
    }

    fn finish_worst(&self, t: f64, x: f64, y: f64) -> f64 {
        t / x.max(y) * (1.0 + 1e-12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        let (a, b) = ([1.0, 0.0, 3.5, 0.0], [4.0, -5.0, 6.0, 0.0]);
        // SciPy 1.17: scipy.spatial.distance.canberra(a, b)
        assert!((CanberraSciPy.define(&a, &b) - 1.863_157_894_736_842).abs() < 1e-15);
        // R: dist(rbind(a, b), "canberra") is that times 4/3.
        assert!((CanberraR.define(&a, &b) - 1.863_157_894_736_842 * 4.0 / 3.0).abs() < 1e-15);
        assert!(matches!(Canberra.measure(Row::F64(&a)), Err(Undefined::Zero { feature: 1, .. })));
        assert!((Canberra.define(&a[2..3], &b[2..3]) - 2.5 / 9.5).abs() < 1e-16);
    }
}
