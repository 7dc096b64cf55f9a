//! Log-polar correlation: the largest cosine that two log-polar images have when one is turned against the other, or mirrored and turned.
//!
//! ```text
//! row: a[r·T + t],   r = ring 0 … R−1 (from the middle outwards), t = angle 0 … T−1
//! S₁(s) = Σ a[r, t]·b[r, t−s],   S₂(s) = Σ b[r, t]·a[r, t+s]     the same products, added in the order of a and of b; angles modulo T
//! score = max over s of (S₁ + S₂)/2 / (‖a‖‖b‖),   with --mirror also of b[r, −t]
//! ```
//! Turning a picture by s·360°/T shifts its log-polar image by s along the angles, so that stamps compare however the brick lay before the camera. The two orders
//! make score(a, b) and score(b, a) the same bits. Domain: finite rows that are not zero; R·T numbers, T as `--angles`, or as the collection's attribute `angles` says. With no
//! T told, a row is one ring. Range −1 … 1; larger is closer. Of equal scores the smallest turn counts, then the unmirrored. Source: registration by log-polar
//! images, B. Reddy and B. Chatterji, doi:10.1109/83.506761 (theirs is of magnitudes of a Fourier transform; ours of the picture about the shape's middle).
//!
//! # How it is computed
//! Stage 1, on any backend: with A the transform of each ring along its angles, |S(s)| ≤ (1/T)·Σ_r Σ_f w_f |A_rf||B_rf|, one inner product of R·(T/2 + 1) numbers for all
//! turns, mirrored or not.
//!
//! Stage 2, on the processor: Σ_r A_rf·conj B_rf (or A_rf·B_rf) in f32, then one inverse transform of T. For rows of norm 1 the spectra, rounded once from f64, and the R
//! additions are off by (R + 6)ε·(1/T)ΣΣ|A||B| ≤ (R + 6)ε (Cauchy–Schwarz, Parseval); the transform by 27·log₂T·ε·√T at most, since ‖S‖₂ ≤ √T. Where T is no power of two or
//! that leaves too little of [`SLACK`], it runs in f64; where R alone does, the pair is scored exactly at once.
//!
//! The exact score: the same in f64 finds the turns that could hold the maximum, and only these are summed as defined.

use super::ccf::transform::{DOUBLE, Plan, SINGLE};
use super::lagged::{Lagged, Magnitudes, SLACK};
use super::{
    Bounds, Closer, Fold, FoldRow, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, form::EPSILON, sum,
};
use crate::matrix::Row;
use realfft::num_complex::Complex;

/// More angles than this are no picture.
const MOST_ANGLES: usize = 1 << 16;

/// How one image is turned against another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// Angles of the first that lie before those of the second: 0 … T − 1.
    pub angles: usize,
    /// In degrees, −180 … 180.
    pub degrees: f64,
    /// Whether the second is mirrored.
    pub mirrored: bool,
}

/// The metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPolar {
    angles: Option<usize>,
    mirror: bool,
}

/// A row as the second stage needs it: spectra of its rings, one after the other.
#[derive(Clone, Debug)]
pub struct Rings {
    spectrum: Vec<Complex<f32>>,
    angles: usize,
}

impl LogPolar {
    pub const USUAL: Self = Self { angles: None, mirror: false };

    /// # Errors
    /// When the number of angles is not possible.
    pub fn new(angles: Option<usize>, mirror: bool) -> Result<Self, String> {
        if let Some(t) = angles.filter(|t| !(1..=MOST_ANGLES).contains(t)) {
            return Err(format!("--angles {t} is not possible; allowed are 1 to 65536"));
        }
        Ok(Self { angles, mirror })
    }

    /// Angles of a ring, for rows of d numbers.
    fn ring(&self, d: usize) -> usize {
        self.angles.filter(|t| d.is_multiple_of(*t)).unwrap_or(d).max(1)
    }

    /// Frequencies of a ring.
    const fn frequencies(angles: usize) -> usize {
        angles / 2 + 1
    }

    /// Σ in the order of `a`, where a's angle t lies beside b's t − s, or s − t where b is mirrored.
    fn product(a: &[f64], b: &[f64], angles: usize, s: usize, mirrored: bool) -> f64 {
        sum::in_stripes(a.len(), |i| {
            let (ring, t) = (i / angles * angles, i % angles);
            let beside = if mirrored { (s + angles - t) % angles } else { (t + angles - s) % angles };
            a[i] * b[ring + beside]
        })
    }

    /// The score at one turn, by definition.
    fn at(a: &[f64], b: &[f64], norms: f64, angles: usize, s: usize, mirrored: bool) -> f64 {
        let back = if mirrored { s } else { (angles - s) % angles };
        let both = Self::product(a, b, angles, s, mirrored) + Self::product(b, a, angles, back, mirrored);
        (0.5 * both / norms).clamp(-1.0, 1.0)
    }

    fn kinds(&self) -> &'static [bool] {
        if self.mirror { &[false, true] } else { &[false] }
    }

    /// Spectra of the rings of x/norm, in f64.
    fn spectra(x: &[f64], norm: f64, angles: usize) -> Vec<Complex<f64>> {
        if angles == 1 {
            return x.iter().map(|x| Complex::new(x / norm, 0.0)).collect();
        }
        DOUBLE.with_borrow_mut(|plans| {
            let plan = plans.entry(angles).or_insert_with(|| Plan::new(angles));
            let mut all = Vec::with_capacity(x.len() / angles * Self::frequencies(angles));
            for ring in x.chunks(angles) {
                plan.forward(ring.iter().map(|x| x / norm));
                all.extend_from_slice(&plan.spectrum);
            }
            all
        })
    }

    /// The score and the turn that has it, looking only at turns that could.
    #[must_use]
    pub fn align(&self, a: &[f64], b: &[f64]) -> (f64, Turn) {
        let angles = self.ring(a.len());
        let (na, nb) = (norm(a), norm(b));
        let (fa, fb) = (Self::spectra(a, na, angles), Self::spectra(b, nb, angles));
        // Transforms of any size in f64 are good to some 1e-15·log₂T; rings and turns add up to √(R·T) of it at most.
        let error = 1e-14 * (a.len() as f64).sqrt() * (4.0 + libm::log2(angles as f64));
        let (mut sure, mut open) = (f64::NEG_INFINITY, Vec::new());
        for &mirrored in self.kinds() {
            for (s, c) in correlate(&fa, &fb, angles, mirrored).into_iter().enumerate() {
                sure = sure.max(c - error);
                open.push((c + error, s, mirrored));
            }
        }
        let mut best = (f64::NEG_INFINITY, (usize::MAX, true), Turn { angles: 0, degrees: 0.0, mirrored: false });
        for (_, s, mirrored) in open.into_iter().filter(|(most, ..)| *most >= sure) {
            let score = Self::at(a, b, na * nb, angles, s, mirrored);
            let order = (s.min(angles - s), mirrored);
            if score > best.0 || (score == best.0 && order < best.1) {
                let signed = if 2 * s > angles { s as f64 - angles as f64 } else { s as f64 };
                best = (score, order, Turn { angles: s, degrees: signed * 360.0 / angles as f64, mirrored });
            }
        }
        (best.0, best.2)
    }

    /// The second image as it lies when it fits the first: turned, and mirrored if it was.
    #[must_use]
    pub fn aligned(&self, b: &[f64], turn: &Turn) -> Vec<f64> {
        let angles = self.ring(b.len());
        let from = |i: usize| {
            let (ring, t) = (i / angles * angles, i % angles);
            ring + if turn.mirrored { (turn.angles + angles - t) % angles } else { (t + angles - turn.angles) % angles }
        };
        (0..b.len()).map(|i| b[from(i)]).collect()
    }

    pub(super) fn prepare(&self, x: Row<'_>) -> Option<Rings> {
        let x = x.to_f64();
        let angles = self.ring(x.len());
        if angles < 2 || (x.len() / angles) as f64 * EPSILON > 0.25 * SLACK {
            return None;
        }
        let spectrum = Self::spectra(&x, norm(&x), angles);
        let narrow = |z: &Complex<f64>| Complex::new(z.re as f32, z.im as f32);
        Some(Rings { spectrum: spectrum.iter().map(narrow).collect(), angles })
    }

    pub(super) fn estimate(&self, a: &Rings, b: &Rings) -> Option<f32> {
        let angles = a.angles;
        let rings = (a.spectrum.len() / Self::frequencies(angles)) as f64;
        let size = angles as f64;
        let (sums, transform) = ((rings + 6.0) * EPSILON, 27.0 * libm::log2(size) * EPSILON * size.sqrt());
        let single = angles.is_power_of_two() && sums + transform <= 0.9 * SLACK;
        if !single && sums > 0.9 * SLACK {
            return None;
        }
        let mut most = f32::NEG_INFINITY;
        for &mirrored in self.kinds() {
            let cross = cross(&a.spectrum, &b.spectrum, angles, mirrored);
            let found = if single {
                SINGLE.with_borrow_mut(|plans| {
                    let plan = plans.entry(angles).or_insert_with(|| Plan::new(angles));
                    plan.spectrum.copy_from_slice(&cross);
                    plan.inverse();
                    plan.time.iter().fold(f32::NEG_INFINITY, |m, x| m.max(*x)) / size as f32
                })
            } else {
                DOUBLE.with_borrow_mut(|plans| {
                    let plan = plans.entry(angles).or_insert_with(|| Plan::new(angles));
                    for (to, z) in plan.spectrum.iter_mut().zip(&cross) {
                        *to = Complex::new(f64::from(z.re), f64::from(z.im));
                    }
                    plan.inverse();
                    (plan.time.iter().fold(f64::NEG_INFINITY, |m, x| m.max(*x)) / size) as f32
                })
            };
            most = most.max(found);
        }
        Some(most)
    }

    pub(super) fn prepared_bytes(&self, width: usize) -> usize {
        let angles = self.ring(width);
        8 * (width / angles) * Self::frequencies(angles)
    }
}

fn norm(x: &[f64]) -> f64 {
    sum::pairs(sum::CentredProduct(0.0, 0.0), Row::F64(x), Row::F64(x)).sqrt()
}

/// Σ over rings of A·conj B, or A·B for the mirrored.
fn cross<T: realfft::FftNum>(a: &[Complex<T>], b: &[Complex<T>], angles: usize, mirrored: bool) -> Vec<Complex<T>> {
    let frequencies = LogPolar::frequencies(angles);
    let mut sums = vec![Complex::new(T::zero(), T::zero()); frequencies];
    for (a, b) in a.chunks(frequencies).zip(b.chunks(frequencies)) {
        if mirrored {
            sums.iter_mut().zip(a.iter().zip(b)).for_each(|(s, (x, y))| *s = *s + *x * *y);
        } else {
            for (s, (x, y)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *s = Complex::new(s.re + (x.re * y.re + x.im * y.im), s.im + (x.im * y.re - x.re * y.im));
            }
        }
    }
    sums
}

/// The score at every turn, nearly.
fn correlate(a: &[Complex<f64>], b: &[Complex<f64>], angles: usize, mirrored: bool) -> Vec<f64> {
    let cross = cross(a, b, angles, mirrored);
    if angles == 1 {
        return vec![cross[0].re];
    }
    DOUBLE.with_borrow_mut(|plans| {
        let plan = plans.entry(angles).or_insert_with(|| Plan::new(angles));
        plan.spectrum.copy_from_slice(&cross);
        plan.inverse();
        plan.time.iter().map(|x| x / angles as f64).collect()
    })
}

impl Stepped for LogPolar {
    type Step = Magnitudes;
}

impl Metric for LogPolar {
    fn info(&self) -> &'static Info {
        &Info {
            name: "logpolar",
            formula: "max over turns of the cosine of log-polar images; --angles, --mirror",
            closer: Closer::Larger,
            range: (-1.0, 1.0),
            domain: "rows that are not zero: rings of T angles, from the middle outwards",
            numbers: Numbers::Real,
            source: "doi:10.1109/83.506761",
        }
    }

    fn shader(&self) -> Shader {
        Shader { name: "logpolar", source: include_str!("../../shaders/metric/logpolar.wgsl") }
    }

    fn geometry(&self) -> Geometry {
        Geometry::Fold
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        super::finite(x)?;
        if let Some(angles) = self.angles.filter(|t| !x.len().is_multiple_of(*t)) {
            return Err(Undefined::Rings { got: x.len(), angles });
        }
        if self.ring(x.len()) > MOST_ANGLES {
            return Err(Undefined::Rings { got: x.len(), angles: MOST_ANGLES });
        }
        let norm = super::norm(x, 0.0)?;
        if norm == 0.0 {
            return Err(Undefined::ZeroNorm(x.len(), "logpolar"));
        }
        Ok(Measure { centre: 0.0, norm })
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        let angles = self.ring(a.len());
        let norm = |x: &[f64]| sum::in_stripes(x.len(), |i| x[i] * x[i]).sqrt();
        let norms = norm(a) * norm(b);
        let turns = self.kinds().iter().flat_map(|&mirrored| (0..angles).map(move |s| (s, mirrored)));
        turns.map(|(s, mirrored)| Self::at(a, b, norms, angles, s, mirrored)).fold(f64::NEG_INFINITY, f64::max)
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        self.align(&a.to_f64(), &b.to_f64()).0
    }

    fn embedded_width(&self, d: usize) -> usize {
        let angles = self.ring(d);
        d / angles * Self::frequencies(angles)
    }

    fn embed(&self, x: Row<'_>, m: Measure, out: &mut [f64]) {
        let x = x.to_f64();
        let angles = self.ring(x.len());
        let frequencies = Self::frequencies(angles);
        let scale = 1.0 / (angles as f64).sqrt();
        let more = 1e-6 / (out.len() as f64).sqrt();
        for (i, (out, z)) in out.iter_mut().zip(Self::spectra(&x, m.norm, angles)).enumerate() {
            // Each frequency but the first, and the last of an even ring, stands for two.
            let f = i % frequencies;
            let single = f == 0 || (angles.is_multiple_of(2) && f + 1 == frequencies);
            let twice = if single { 1.0 } else { std::f64::consts::SQRT_2 };
            *out = twice * scale * z.norm() * (1.0 + 1e-4) + more;
        }
    }

    fn embedded_size(&self, _: Row<'_>, _: Measure) -> f64 {
        1.0
    }

    fn u_of(&self, score: f64) -> f64 {
        score
    }

    fn score_of(&self, u: f64) -> f64 {
        u.clamp(-1.0, 1.0)
    }

    fn fold(&self, _: usize) -> Fold {
        Fold { sign: 1.0, degree: 0.0, shift: false, scale: Some(1.0), relative: None }
    }

    fn fold_row(&self, row: FoldRow<'_>) -> Bounds {
        let square: f64 = row.x.iter().map(|x| x * x).sum();
        let first_stage = (0.51 * row.screen + 4.0 * EPSILON + 1e-5) * square;
        Bounds { offset: 0.0, reach: 0.0, slack: first_stage.max(0.5 * SLACK) }
    }

    fn finish(&self, t: f64, _: f64, _: f64) -> f64 {
        t
    }

    fn lagged(&self) -> Option<Lagged<'_>> {
        Some(Lagged::Turns(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;

    fn turned(x: &[f64], angles: usize, s: usize, mirrored: bool) -> Vec<f64> {
        let from = |t: usize| if mirrored { (s + angles - t) % angles } else { (t + angles - s) % angles };
        x.chunks(angles).flat_map(|ring| (0..angles).map(|t| ring[from(t)]).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn a_turned_image_is_the_same_and_says_by_how_much() {
        let mut draw = Stream::new(1, "logpolar", 0);
        for (rings, angles) in [(1, 1), (1, 7), (3, 16), (5, 36), (8, 64)] {
            let x: Vec<f64> = (0..rings * angles).map(|_| draw.normal()).collect();
            for s in [0, 1, angles / 3, angles - 1] {
                let metric = LogPolar::new(Some(angles), true).unwrap();
                let (score, turn) = metric.align(&turned(&x, angles, s % angles, false), &x);
                assert!((score - 1.0).abs() < 1e-12 && turn.angles == s % angles && !turn.mirrored, "{turn:?}");
                let mirrored = turned(&x, angles, s % angles, true);
                let (score, turn) = metric.align(&mirrored, &x);
                assert!((score - 1.0).abs() < 1e-12);
                assert!(angles < 3 || (turn.mirrored && turn.angles == s % angles), "{turn:?}");
                assert_eq!(metric.aligned(&x, &turn), mirrored);
                let plain = LogPolar::new(Some(angles), false).unwrap();
                assert!(angles < 3 || plain.align(&mirrored, &x).0 < 0.99);
            }
        }
    }

    #[test]
    fn the_fast_score_has_the_bits_of_the_definition_both_ways() {
        let mut draw = Stream::new(2, "logpolar", 0);
        for (rings, angles) in [(1, 1), (1, 2), (2, 3), (1, 33), (4, 16), (3, 50), (6, 128)] {
            for mirror in [false, true] {
                let metric = LogPolar::new(Some(angles), mirror).unwrap();
                for kind in 0..3 {
                    let row = |draw: &mut Stream| -> Vec<f64> {
                        (0..rings * angles)
                            .map(|i| {
                                if kind == 0 {
                                    draw.normal()
                                } else if kind == 1 {
                                    1.0
                                } else {
                                    (i % 2) as f64 + 1e-9 * draw.normal()
                                }
                            })
                            .collect()
                    };
                    let (a, b) = (row(&mut draw), row(&mut draw));
                    let (ma, mb) = (metric.measure(Row::F64(&a)).unwrap(), metric.measure(Row::F64(&b)).unwrap());
                    let score = metric.score(Row::F64(&a), ma, Row::F64(&b), mb);
                    assert_eq!(score.to_bits(), metric.define(&a, &b).to_bits(), "{rings} × {angles}");
                    assert_eq!(score.to_bits(), metric.score(Row::F64(&b), mb, Row::F64(&a), ma).to_bits());
                }
            }
        }
    }

    #[test]
    fn the_estimate_keeps_its_slack_and_the_first_stage_bounds_it() {
        let mut draw = Stream::new(3, "logpolar", 0);
        for (rings, angles) in [(2, 8), (16, 64), (7, 45), (40, 256), (1, 4096)] {
            for mirror in [false, true] {
                let metric = LogPolar::new(Some(angles), mirror).unwrap();
                for _ in 0..10 {
                    let common: Vec<f64> = (0..rings * angles).map(|_| draw.uniform()).collect();
                    let mut row = || -> Vec<f64> { common.iter().map(|c| c + 0.3 * draw.normal()).collect() };
                    let (a, b) = (row(), row());
                    let exact = metric.align(&a, &b).0;
                    let (pa, pb) = (metric.prepare(Row::F64(&a)).unwrap(), metric.prepare(Row::F64(&b)).unwrap());
                    let quick = f64::from(metric.estimate(&pa, &pb).unwrap());
                    assert!((quick - exact).abs() < SLACK / 10.0, "{quick} {exact}");
                    let width = metric.embedded_width(a.len());
                    let (mut va, mut vb) = (vec![0.0; width], vec![0.0; width]);
                    metric.embed(Row::F64(&a), metric.measure(Row::F64(&a)).unwrap(), &mut va);
                    metric.embed(Row::F64(&b), metric.measure(Row::F64(&b)).unwrap(), &mut vb);
                    let bound: f64 = va.iter().zip(&vb).map(|(x, y)| x * y).sum();
                    assert!(bound >= exact, "{bound} {exact}");
                }
            }
        }
    }

    #[test]
    fn rows_that_are_no_rings_are_refused() {
        let metric = LogPolar::new(Some(8), false).unwrap();
        assert_eq!(metric.measure(Row::F64(&[1.0; 12])), Err(Undefined::Rings { got: 12, angles: 8 }));
        assert!(matches!(metric.measure(Row::F64(&[0.0; 8])), Err(Undefined::ZeroNorm(..))));
        assert!(LogPolar::new(Some(0), false).is_err());
    }
}
