//! Hit-quality forms of infrared library search: how instrument makers' software compares a spectrum with a library.
//!
//! | name | formula | range |
//! |---|---|---|
//! | `hqi-euclidean` | ‖a/‖a‖ − b/‖b‖‖ = √2·√(1 − cos(a, b)) | 0 … 2 |
//! | `hqi-absolute` | Σ \|aᵢ − bᵢ\| / d | 0 … ∞ |
//! | `hqi-least-squares` | Σ (aᵢ − bᵢ)² / d | 0 … ∞ |
//! | `hqi-correlation` | r², r the Pearson correlation | 0 … 1, larger is closer |
//! | `hqi-first-derivative` | (Σ a′b′)² / (Σ a′² · Σ b′²), a′ = aᵢ₊₁ − aᵢ | 0 … 1, larger is closer |
//!
//! Spectra are compared as they are: whatever normalisation and baseline a library wants is done before. Programs differ in how they
//! scale a hit (0 … 1, 100, 1000, or 1 less this), and in whether they square the correlation: squared, as here, r = −0.9 is as good a hit as
//! r = 0.9; where the sign matters use `pearson`. Which of the two a program does is not always in its manual. Source: Thermo's descriptions of the full-spectrum search algorithms of
//! GRAMS/AI (Euclidean distance, absolute value, least squares, correlation, first derivative correlation). There the spectra are
//! centred before they are differenced, which changes nothing, and differences are not centred again: so here.
//!
//! Form: distances of unit rows, rows/d and rows/√d; for the correlations F = |t|, u = |r| = √score. Rows have norm 1, so t is
//! off by at most c: **slack** ½c + 8ε a row.

use super::cosine::Cosine;
use super::pearson::Pearson;
use super::sum::Term;
use super::vector::{Step, Vector};
use super::{
    Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, form::EPSILON,
    inner_product, manhattan, sum,
};
use crate::matrix::Row;

/// t ← t + x·y, then |t|
pub struct Magnitude;

impl Step for Magnitude {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        x.mul_add(y, sum)
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, _: f32, _: f32) -> f32 {
        gain * t.abs()
    }
}

/// (x/‖a‖ − y/‖b‖)²
#[derive(Clone, Copy)]
struct UnitDifference(f64, f64);
impl Term for UnitDifference {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        let z = x / self.0 - y / self.1;
        z * z
    }
}

pub struct HqiEuclidean;

impl HqiEuclidean {
    pub const USUAL: Self = Self;
}

impl Stepped for HqiEuclidean {
    type Step = inner_product::Multiply;
}

impl Metric for HqiEuclidean {
    fn info(&self) -> &'static Info {
        &Info {
            name: "hqi-euclidean",
            formula: "‖a/‖a‖ − b/‖b‖‖",
            closer: Closer::Smaller,
            range: (0.0, 2.0),
            domain: "finite rows that are not zero",
            numbers: Numbers::Real,
            source: "GRAMS/AI, spectral library search algorithms (Thermo)",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Distance
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::nonzero_norm(x, "hqi-euclidean")
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let norm = |x: &[f64]| sum::in_stripes(x.len(), |i| x[i] * x[i]).sqrt();
        let (na, nb) = (norm(a), norm(b));
        sum::in_stripes(a.len(), |i| (a[i] / na - b[i] / nb) * (a[i] / na - b[i] / nb)).sqrt().min(2.0)
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        sum::pairs(UnitDifference(am.norm, bm.norm), a, b).sqrt().min(2.0)
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
        -0.5 * score * score
    }

    fn score_of(&self, u: f64) -> f64 {
        (-2.0 * u).max(0.0).sqrt()
    }
}

pub struct HqiAbsolute;

impl HqiAbsolute {
    pub const USUAL: Self = Self;
}

impl Stepped for HqiAbsolute {
    type Step = manhattan::AbsoluteDifference;
}

impl Metric for HqiAbsolute {
    fn info(&self) -> &'static Info {
        &Info {
            name: "hqi-absolute",
            formula: "Σ |aᵢ−bᵢ| / d",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows",
            numbers: Numbers::Real,
            source: "GRAMS/AI, spectral library search algorithms (Thermo)",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "manhattan", source: include_str!("../../shaders/metric/manhattan.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::plain_norm(x)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        sum::in_stripes(a.len(), |i| (a[i] - b[i]).abs()) / a.len() as f64
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        sum::pairs(sum::AbsoluteDifference, a, b) / a.len() as f64
    }

    fn embed(&self, x: Row<'_>, _: Measure, out: &mut [f64]) {
        x.copy_to(out);
        for v in out {
            *v /= x.len() as f64;
        }
    }

    fn embedded_size(&self, x: Row<'_>, m: Measure) -> f64 {
        m.norm / (x.len() as f64).sqrt()
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { shift: true, relative: Some(0.0), ..Fold::distance(1.0) }
    }

    fn dense_exact(&self) -> bool {
        false
    }
}

pub struct HqiLeastSquares;

impl HqiLeastSquares {
    pub const USUAL: Self = Self;
}

impl Stepped for HqiLeastSquares {
    type Step = inner_product::Multiply;
}

impl Metric for HqiLeastSquares {
    fn info(&self) -> &'static Info {
        &Info {
            name: "hqi-least-squares",
            formula: "Σ (aᵢ−bᵢ)² / d",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows",
            numbers: Numbers::Real,
            source: "GRAMS/AI, spectral library search algorithms (Thermo)",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Distance
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        inner_product::plain_norm(x)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        sum::in_stripes(a.len(), |i| (a[i] - b[i]) * (a[i] - b[i])) / a.len() as f64
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        sum::pairs(sum::SquaredDifference, a, b) / a.len() as f64
    }

    fn embed(&self, x: Row<'_>, _: Measure, out: &mut [f64]) {
        x.copy_to(out);
        for v in out {
            *v /= (x.len() as f64).sqrt();
        }
    }

    fn embedded_size(&self, x: Row<'_>, m: Measure) -> f64 {
        m.norm / (x.len() as f64).sqrt()
    }

    fn u_of(&self, score: f64) -> f64 {
        -0.5 * score
    }

    fn score_of(&self, u: f64) -> f64 {
        (-2.0 * u).max(0.0)
    }
}

pub struct HqiCorrelation;

impl HqiCorrelation {
    pub const USUAL: Self = Self;
}

impl Stepped for HqiCorrelation {
    type Step = Magnitude;
}

impl Metric for HqiCorrelation {
    fn info(&self) -> &'static Info {
        &Info {
            name: "hqi-correlation",
            formula: "r², r the Pearson correlation",
            closer: Closer::Larger,
            range: (0.0, 1.0),
            domain: "finite rows that are not constant",
            numbers: Numbers::Real,
            source: "GRAMS/AI, spectral library search algorithms (Thermo)",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "correlation_square", source: include_str!("../../shaders/metric/correlation_square.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        Pearson.measure(x)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let r = Pearson.define(a, b);
        r * r
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        let r = Pearson.score(a, am, b, bm);
        r * r
    }

    fn embed(&self, x: Row<'_>, m: Measure, out: &mut [f64]) {
        Pearson.embed(x, m, out);
    }

    fn embedded_size(&self, _: Row<'_>, _: Measure) -> f64 {
        1.0
    }

    fn u_of(&self, score: f64) -> f64 {
        score.sqrt()
    }

    fn u_error(&self) -> f64 {
        libm::exp2(-48.0)
    }

    fn score_of(&self, u: f64) -> f64 {
        (u * u).min(1.0)
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { sign: 1.0, degree: 0.0, shift: false, scale: Some(1.0), relative: None }
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: 0.0, slack: 0.51 * row.screen + 8.0 * EPSILON }
    }

    fn finish(&self, t: f64, _: f64, _: f64) -> f64 {
        t.abs()
    }
}

pub struct HqiFirstDerivative;

impl HqiFirstDerivative {
    pub const USUAL: Self = Self;
}

impl Stepped for HqiFirstDerivative {
    type Step = Magnitude;
}

impl Metric for HqiFirstDerivative {
    fn info(&self) -> &'static Info {
        &Info {
            name: "hqi-first-derivative",
            formula: "(Σ a′b′)² / (Σa′²·Σb′²), a′ = aᵢ₊₁−aᵢ, b′ = bᵢ₊₁−bᵢ",
            closer: Closer::Larger,
            range: (0.0, 1.0),
            domain: "finite rows that are not constant",
            numbers: Numbers::Real,
            source: "GRAMS/AI, spectral library search algorithms (Thermo)",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "correlation_square", source: include_str!("../../shaders/metric/correlation_square.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        super::finite(x)?;
        let whole = super::norm(x, 0.0)?;
        let measure = Cosine
            .measure(Row::F64(&differences(x)))
            .map_err(|_| Undefined::Constant(x.len(), x.at(0), "hqi-first-derivative"))?;
        if measure.norm <= 1e-13 * whole {
            return Err(Undefined::Constant(x.len(), x.at(0), "hqi-first-derivative"));
        }
        Ok(measure)
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let r = Cosine.define(&differences(Row::F64(a)), &differences(Row::F64(b)));
        r * r
    }

    fn score(&self, a: Row<'_>, am: Measure, b: Row<'_>, bm: Measure) -> f64 {
        let r = Cosine.score(Row::F64(&differences(a)), am, Row::F64(&differences(b)), bm);
        r * r
    }

    fn embedded_width(&self, d: usize) -> usize {
        d.saturating_sub(1).max(1)
    }

    fn embed(&self, x: Row<'_>, m: Measure, out: &mut [f64]) {
        Cosine.embed(Row::F64(&differences(x)), m, out);
    }

    fn embedded_size(&self, _: Row<'_>, _: Measure) -> f64 {
        1.0
    }

    fn u_of(&self, score: f64) -> f64 {
        score.sqrt()
    }

    fn u_error(&self) -> f64 {
        libm::exp2(-48.0)
    }

    fn score_of(&self, u: f64) -> f64 {
        (u * u).min(1.0)
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { sign: 1.0, degree: 0.0, shift: false, scale: Some(1.0), relative: None }
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        Bounds { offset: 0.0, reach: 0.0, slack: 0.51 * row.screen + 8.0 * EPSILON }
    }

    fn finish(&self, t: f64, _: f64, _: f64) -> f64 {
        t.abs()
    }
}

/// xᵢ₊₁ − xᵢ; of a row of one number, that it does not change.
fn differences(x: Row<'_>) -> Vec<f64> {
    if x.len() < 2 {
        return vec![0.0];
    }
    (1..x.len()).map(|i| x.at(i) - x.at(i - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        let (a, b) = ([1.0, 2.0, 3.5, 3.0], [4.0, -5.0, 6.0, 1.0]);
        // SciPy 1.17: cosine 0.4115…, pearsonr; NumPy 2: np.mean
        let cosine = Cosine.define(&a, &b);
        assert!((HqiEuclidean.define(&a, &b) - (2.0 * (1.0 - cosine)).sqrt()).abs() < 1e-15);
        assert_eq!(HqiAbsolute.define(&a, &b), 14.5 / 4.0);
        assert_eq!(HqiLeastSquares.define(&a, &b), (9.0 + 49.0 + 6.25 + 4.0) / 4.0);
        let r = Pearson.define(&a, &b);
        assert_eq!(HqiCorrelation.define(&a, &b), r * r);
        let r = Cosine.define(&[1.0, 1.5, -0.5], &[-9.0, 11.0, -5.0]);
        assert_eq!(HqiFirstDerivative.define(&a, &b), r * r);
    }
}
