//! Spectral entropy similarity of spectra on a common axis: 1 − (2·S(m) − S(p) − S(q)) / ln 4.
//!
//! p = a/Σa, q = b/Σb, m = (p + q)/2, S(p) = −Σ pᵢ ln pᵢ: one less the Jensen–Shannon divergence in bits. `spectral-entropy-weighted` first
//! raises the numbers of a row whose S is below 3 to the power ¼ + S/4, which lifts small peaks of spectra that have few.
//! Domain: rows of zero or more that are not zero altogether. Range 0 … 1; larger is closer. Source: Y. Li et al.,
//! doi:10.1038/s41592-021-01331-z. For lists of peaks see `peaks-entropy`.
//!
//! Form: that of [`super::jensen_shannon`], u = 2·(score − 1).

use super::{
    Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, jensen_shannon, sum,
};
use crate::matrix::Row;
use std::f64::consts::LN_2;

pub struct SpectralEntropy;

impl SpectralEntropy {
    pub const USUAL: Self = Self;
}

impl Stepped for SpectralEntropy {
    type Step = jensen_shannon::PooledEntropy;
}

impl Metric for SpectralEntropy {
    fn info(&self) -> &'static Info {
        &Info {
            name: "spectral-entropy",
            formula: "1 − (2·S(m) − S(p) − S(q)) / ln 4, p = a/Σa, q = b/Σb, m = (p+q)/2",
            closer: Closer::Larger,
            range: (0.0, 1.0),
            domain: "rows of zero or more, not all zero",
            numbers: Numbers::NonNegative,
            source: "doi:10.1038/s41592-021-01331-z",
        }
    }

    fn shader(&self) -> Shader {
        jensen_shannon::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        super::mass(x, "spectral-entropy")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let (sa, sb) = (sum::in_stripes(a.len(), |i| a[i]), sum::in_stripes(b.len(), |i| b[i]));
        similarity(sum::in_stripes(a.len(), |i| jensen_shannon::feature(a[i] / sa, b[i] / sb)))
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        similarity(sum::pairs(jensen_shannon::Feature(am.norm, bm.norm), a, b))
    }

    fn embed(&self, x: Row<'_>, m: Measure, out: &mut [f64]) {
        x.copy_to(out);
        for v in out {
            *v /= m.norm;
        }
    }

    fn embedded_size(&self, _: Row<'_>, _: Measure) -> f64 {
        1.0
    }

    fn u_of(&self, score: f64) -> f64 {
        2.0 * (score - 1.0)
    }

    fn u_error(&self) -> f64 {
        libm::exp2(-48.0)
    }

    fn score_of(&self, u: f64) -> f64 {
        (1.0 + 0.5 * u).clamp(0.0, 1.0)
    }

    fn fold(&self, d: usize) -> Fold {
        jensen_shannon::fold(d)
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        jensen_shannon::fold_row(row)
    }
}

pub struct WeightedSpectralEntropy;

impl WeightedSpectralEntropy {
    pub const USUAL: Self = Self;
}

impl Stepped for WeightedSpectralEntropy {
    type Step = jensen_shannon::PooledEntropy;
}

impl Metric for WeightedSpectralEntropy {
    fn info(&self) -> &'static Info {
        &Info {
            name: "spectral-entropy-weighted",
            formula: "spectral-entropy of aᵢ^(¼+S(a)/4) where S(a) < 3",
            closer: Closer::Larger,
            range: (0.0, 1.0),
            domain: "rows of zero or more, not all zero",
            numbers: Numbers::NonNegative,
            source: "doi:10.1038/s41592-021-01331-z",
        }
    }

    fn shader(&self) -> Shader {
        jensen_shannon::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        let mass = super::mass(x, "spectral-entropy-weighted")?;
        let power = power(&x.to_f64(), mass.norm);
        Ok(Measure { centre: power, norm: sum::in_stripes(x.len(), |i| raised(x.at(i), power)) })
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let weighted = |x: &[f64]| {
            let power = power(x, sum::in_stripes(x.len(), |i| x[i]));
            let x: Vec<f64> = x.iter().map(|&x| raised(x, power)).collect();
            let whole = sum::in_stripes(x.len(), |i| x[i]);
            x.into_iter().map(|x| x / whole).collect::<Vec<_>>()
        };
        let (p, q) = (weighted(a), weighted(b));
        similarity(sum::in_stripes(a.len(), |i| jensen_shannon::feature(p[i], q[i])))
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        similarity(sum::in_stripes(a.len(), |i| {
            jensen_shannon::feature(raised(a.at(i), am.centre) / am.norm, raised(b.at(i), bm.centre) / bm.norm)
        }))
    }

    fn embed(&self, x: Row<'_>, m: Measure, out: &mut [f64]) {
        x.copy_to(out);
        for v in out {
            *v = raised(*v, m.centre) / m.norm;
        }
    }

    fn embedded_size(&self, _: Row<'_>, _: Measure) -> f64 {
        1.0
    }

    fn u_of(&self, score: f64) -> f64 {
        2.0 * (score - 1.0)
    }

    fn u_error(&self) -> f64 {
        libm::exp2(-48.0)
    }

    fn score_of(&self, u: f64) -> f64 {
        (1.0 + 0.5 * u).clamp(0.0, 1.0)
    }

    fn fold(&self, d: usize) -> Fold {
        jensen_shannon::fold(d)
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        jensen_shannon::fold_row(row)
    }
}

fn similarity(twice_divergence: f64) -> f64 {
    (1.0 - 0.5 * twice_divergence / LN_2).clamp(0.0, 1.0)
}

/// ¼ + S/4 where S < 3, else 1
fn power(x: &[f64], mass: f64) -> f64 {
    let entropy = -sum::in_stripes(x.len(), |i| {
        let p = x[i] / mass;
        if p > 0.0 { p * libm::log(p) } else { 0.0 }
    });
    if entropy < 3.0 { 0.25 + 0.25 * entropy } else { 1.0 }
}

fn raised(x: f64, power: f64) -> f64 {
    if power == 1.0 || x == 0.0 { x } else { libm::pow(x, power) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // 1 − jensenshannon(a, b, base=2)² of SciPy 1.17
        let score = SpectralEntropy.define(&[1.0, 0.0, 3.5], &[4.0, 5.0, 0.0]);
        assert!((score - 0.306_098_611_351_496_5).abs() < 1e-14, "{score:.17}");
    }
}
