//! The screening form: how far a number computed in f32 can be from the score it stands for.
//!
//! Every metric maps rows to v(x) and scores to u, larger meaning closer ([`Geometry`]):
//!
//! | geometry | u | t that a backend computes |
//! |---|---|---|
//! | product | ⟨v(x), v(y)⟩ | Σ x̂ŷ |
//! | distance | −½‖v(x) − v(y)‖² | Σ x̂ŷ |
//! | fold | ±F(T) + o_x + o_y, T = Σ step(v(x), v(y)) | Σ step(x̂, ŷ) |
//!
//! with x̂ = f32(x′), x′ = (v(x) − m)·s, m the mean of a collection and s a power of two that brings all rows into the unit
//! ball. Any m would be right; the mean makes the error small where rows resemble each other, which is where it matters:
//! an offset of a million common to all rows costs nothing.
//!
//! ```text
//! product    s²u = ⟨x′,y′⟩ + o_x + o_y,   o_x = s²(⟨v(x),m⟩ − ½‖m‖²)
//! distance   s²u = ⟨x′,y′⟩ + o_x + o_y,   o_x = −½‖x′‖²
//! fold       sⁿu = ±F(T′) + o_x + o_y      n the degree, o_x the metric's own ([`Metric::fold_row`])
//! ```
//!
//! # The bound
//! With ε = 2⁻²⁴, and a backend that passes at most D additions on the way to t ([`crate::backend::Backend::depth`]), in any
//! order, fused or not (Higham § 3.1, doi:10.1137/1.9780898718027):
//! ```text
//! |t − ⟨x̂,ŷ⟩|        ≤ γ_{D+1} Σ|x̂ŷ|  ≤ γ_{D+1} ‖x̂‖‖ŷ‖
//! |⟨x̂,ŷ⟩ − ⟨x′,y′⟩|  ≤ ‖x̂−x′‖‖y′‖ + ‖x̂‖‖ŷ−y′‖  ≤ (2ε + ε²)‖x′‖‖y′‖
//! ```
//! so the error of a product is at most c‖x‖‖y‖ with c = 1.001·(D + 9)ε: two additions and the device's own test of
//! gain·t + reach·reach + lift (four roundings) are in the 9. What f64 loses in v(x), o and in the definition itself is
//! below e·‖v(x)‖‖v(y)‖s² with e = (d/16 + 128)·2⁻⁵² (see [`super::sum`]; twice the terms' bound). By Cauchy–Schwarz the two
//! products fit into one: **reach** = √(c‖x‖² + e‖v(x)‖²s²), and
//! ```text
//! s²u ∈ t + o_x + o_y ± (reach_x·reach_y + slack_x + slack_y)
//! ```
//! **slack** holds what is a sum and not a product: e‖v(x)‖‖m‖s² + e‖m‖²s² for the offsets, e‖x′‖² for distances,
//! and d·2⁻¹⁰⁰ for numbers below 2⁻¹²⁶ that a device may take as zero. Where v(x) is computed with an error relative to its own
//! size ([`Metric::embed_error`]), η = error·‖v(x)‖s is not small beside ‖x′ − y′‖ when rows lie far from zero and near each other: a
//! distance's u is then off by (η_x + η_y)(‖x′‖ + ‖y′‖) + (η_x + η_y)² at most, which with ‖y′‖ ≤ R, the radius of all rows, is below
//! η_x(‖x′‖ + R) + 2η_x² and the same of y.
//!
//! A fold accumulates its own step over the features, and F may divide T by what the rows weigh (Σ|x−y| / (w_x + w_y) for
//! Bray–Curtis; the weight stands where products have their reach). Where all terms have one sign, rounding is relative to F:
//! F ∈ F̂·(1 ± c) ± (slack_x + slack_y), c as above plus the step's own roundings ([`Fold::relative`]). Else all of it is in the
//! slack. What a metric's slack is, its own file derives; Σ|x̂ − x′| for Manhattan.
//!
//! # Heads
//! Spectra are nearly low-rank, so that most of ⟨x′,y′⟩ lies in few coordinates. With V (d × h) whose columns are nearly
//! orthonormal, ‖VᵀV − I‖ ≤ δ, and z = Vᵀx′ as computed, off by at most ρ‖x′‖, write x′ = Vz + r. Then Vᵀr is of the size
//! μ‖x′‖, μ = ρ + 1.01δ, and
//! ```text
//! ⟨x′,y′⟩ − ⟨z_x,z_y⟩ = z_xᵀ(VᵀV−I)z_y + ⟨Vz_x,r_y⟩ + ⟨r_x,Vz_y⟩ + ⟨r_x,r_y⟩
//!     |…|  ≤ (1.03δ + 2.02μ)‖x′‖‖y′‖ + ‖r_x‖‖r_y‖
//! ‖r‖²     ≤ ‖x′‖² − ‖z‖² + (3.07δ + 2.02ρ)‖x′‖²
//! ```
//! (expand both sides; ‖z‖ ≤ 1.01‖x′‖). With **lost** ≥ all these factors and what f64 loses in the two norms
//! ([`Narrow::lost`], measured and not assumed), the backend multiplies ẑ = f32(z), h numbers a row, and
//! ```text
//! reach² = c‖z‖² + e‖v(x)‖²s² + τ² + lost·‖x′‖²,    τ² = max(0, ‖x′‖² − ‖z‖²) + lost·‖x′‖²
//! ```
//! covers the rest by Cauchy–Schwarz. The offsets are those of the whole row, which is why any V is right and principal axes
//! are only the best.
//!
//! A fold whose step is the product (the first stage of [`super::ccf`]) has heads by the same argument: u ≤ ⟨x′,y′⟩ + slack, and ⟨x′,y′⟩ is bounded from
//! above as here. Its bounds stay those of t as the second stage knows it; the head's reach is for the backend alone
//! ([`Frame::head_reach`]).
//!
//! # Bytes
//! Four times as many 8-bit numbers as f32 go through a processor's registers. With ẑ = step·q, q whole numbers of −127 … 127,
//! and the residual norm r = ‖z − ẑ‖ computed per row in f64,
//! ```text
//! |⟨z_x,z_y⟩ − ⟨ẑ_x,ẑ_y⟩| ≤ r_x‖ẑ_y‖ + ‖z_x‖r_y ≤ f_x f_y,    f² = r²/κ + κ·max(‖z‖,‖ẑ‖)²
//! ```
//! for any κ > 0, by Cauchy–Schwarz on (r/√κ, √κ‖z‖); it is tightest where κ is the usual r/‖z‖ ([`Numbers::Bytes`]). The sum of q·q is
//! exact in 32 bits; turning it into t costs three roundings, which take the place of D. f² is added to reach².
//!
//! # Halves
//! GPUs multiply f16 numbers several times as fast as f32, and fetch them twice as fast. ẑ = step·h, h in f16 and step a power of two for each row
//! that brings its largest number to 2¹⁴ … 2¹⁵, so that numbers down to 2⁻²⁸ of that keep eleven bits; what is smaller is zero, since a
//! device may take it so. The bound is that of bytes, with r = ‖z − ẑ‖ computed per row in f64 and κ = 2⁻¹²·√½, a usual r/‖z‖.
//! Products of two halves are exact in f32, and so is the scaling by the steps, which are no smaller than 2⁻⁵⁰ lest it were not. What summing costs is
//! the backend's depth, as for f32; that of tensor units is a matter of its own
//! ([`Shape::depth`](crate::backend::gpu::shape::Shape::depth)).

mod narrow;

pub use narrow::{BYTES_WIDEST, Narrow, Numbers};

use super::sum::{Wide, on_widest};
use super::{Fold, Geometry, Measure, Metric};
use crate::matrix::Row;
use std::fmt;

/// Half the distance from 1 to the next f32.
pub(crate) const EPSILON: f64 = 1.0 / 16_777_216.0;
/// What computing a bound itself may cost.
const UP: f64 = 1.0 + 1e-6;
/// Sums of a row run side by side, so that they do not wait for each other.
const LANES: usize = 8;

/// Calls `step` with the pairs of two rows, each with its lane.
#[inline(always)]
fn in_lanes<A, B>(a: &[A], b: &mut [B], mut step: impl FnMut(usize, &A, &mut B)) {
    let ((a_head, a_tail), (b_head, b_tail)) = (a.as_chunks::<LANES>(), b.as_chunks_mut::<LANES>());
    for (a, b) in a_head.iter().zip(b_head) {
        for l in 0..LANES {
            step(l, &a[l], &mut b[l]);
        }
    }
    for (l, (a, b)) in a_tail.iter().zip(b_tail).enumerate() {
        step(l, a, b);
    }
}

fn total(lanes: [f64; LANES]) -> f64 {
    lanes.iter().sum()
}

/// c of the bound, for a backend's depth.
fn screen(depth: usize) -> f64 {
    1.001 * (depth as f64 + 9.0) * EPSILON
}

/// What bounds one row's part in an error, in units of the scaled form.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// o: added to t.
    pub offset: f64,
    /// Factor of the error of a product; for folds the row's weight.
    pub reach: f64,
    /// Added to the error.
    pub slack: f64,
}

/// What is summed while a row is put in its place.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    along: f64,
    /// ‖x′‖²
    square: f64,
    /// Σ|x′|
    size: f64,
    /// Σ|v(x)|
    unmoved: f64,
}

impl Placed {
    /// ‖x′‖²
    #[must_use]
    pub const fn square(&self) -> f64 {
        self.square
    }
}

/// How all rows of a job are brought into screening form.
#[derive(Clone)]
pub struct Frame {
    metric: &'static dyn Metric,
    fold: Option<Fold>,
    shift: Vec<f64>,
    shift_norm: f64,
    scale: f64,
    /// s² or s: what multiplies u.
    unit: f64,
    /// Subtracted from one side of the device's test and from the other, so that both stay small.
    middle: f64,
    screen: f64,
    /// Of a fold's F.
    relative: f64,
    exact: f64,
    flush: f64,
    /// No ‖x′‖ (Σ|x′| or max |x′| for a fold) is larger.
    radius: f64,
    narrow: Narrow,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("metric", &self.metric).field("scale", &self.scale).finish_non_exhaustive()
    }
}

impl Frame {
    /// A frame for rows of `shift.len()` features.
    ///
    /// `shift`: m, the mean of v(x) or anything else finite. `largest`: the greatest [`Metric::embedded_size`] of any row.
    /// `depth`: D of the backend.
    #[must_use]
    pub fn new(metric: &'static dyn Metric, shift: Vec<f64>, largest: f64, depth: usize) -> Self {
        let d = shift.len() as f64;
        let geometry = metric.geometry();
        let fold = (geometry == Geometry::Fold).then(|| metric.fold(shift.len()));
        let shift = if fold.is_some_and(|f| !f.shift) { vec![0.0; shift.len()] } else { shift };
        let shift_norm = match geometry {
            Geometry::Fold => shift.iter().map(|x| x.abs()).sum(),
            _ => shift.iter().map(|x| x * x).sum::<f64>().sqrt(),
        };
        let ball = largest + shift_norm;
        let exponent = if ball > 0.0 { -(libm::log2(ball).ceil() + 1.0) } else { 0.0 };
        let scale = fold.and_then(|f| f.scale).unwrap_or_else(|| libm::exp2(exponent.clamp(-480.0, 400.0)));
        let unit = match fold {
            Some(fold) => libm::pow(scale, fold.degree),
            None => scale * scale,
        };
        let middle = match geometry {
            Geometry::Product => 0.5 * shift_norm * shift_norm * unit,
            _ => 0.0,
        };
        let screen = screen(depth);
        Self {
            metric,
            fold,
            shift_norm,
            scale,
            unit,
            middle,
            screen,
            relative: fold.and_then(|f| f.relative).map_or(0.0, |extra| screen + extra),
            exact: (d / 16.0 + 128.0) * libm::exp2(-52.0) + 4.0 * metric.embed_error(),
            flush: d * libm::exp2(-100.0),
            radius: ball * scale,
            narrow: Narrow::default(),
            shift,
        }
    }

    /// Whether u is an inner product and two offsets.
    #[must_use]
    pub const fn is_product(&self) -> bool {
        self.fold.is_none()
    }

    #[must_use]
    pub fn metric(&self) -> &'static dyn Metric {
        self.metric
    }

    #[must_use]
    pub fn width(&self) -> usize {
        self.shift.len()
    }

    /// Writes x′ into `work`.
    pub fn place(&self, x: Row<'_>, m: Measure, work: &mut [f64]) -> Placed {
        struct Place<'a>(&'a mut [f64], &'a [f64], f64);
        impl Wide for Place<'_> {
            type Answer = Placed;
            #[inline(always)]
            fn run(self) -> Placed {
                let Self(work, shift, scale) = self;
                let (mut dot, mut square, mut size, mut unmoved) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
                in_lanes(shift, work, |l, m, v| {
                    dot[l] += *v * m;
                    unmoved[l] += v.abs();
                    let x = (*v - m) * scale;
                    square[l] += x * x;
                    size[l] += x.abs();
                    *v = x;
                });
                Placed { along: total(dot), square: total(square), size: total(size), unmoved: total(unmoved) }
            }
        }
        self.metric.embed(x, m, work);
        let placed = on_widest(Place(work, &self.shift, self.scale));
        Placed { along: if self.metric.geometry() == Geometry::Product { placed.along } else { 0.0 }, ..placed }
    }

    /// Whether a backend's t is Σ x·y and reaches count, be it that of a fold's head.
    #[must_use]
    pub const fn multiplies(&self) -> bool {
        self.is_product() || self.narrow.head > 0
    }

    /// The factor of t (of F for folds) in the upper bound that devices use.
    #[must_use]
    pub fn gain(&self) -> f32 {
        match self.fold {
            Some(fold) if fold.sign < 0.0 => toward_zero(-(1.0 - self.relative)),
            Some(_) => (1.0 + self.relative) as f32,
            None => 1.0,
        }
    }

    /// The greatest u (scaled) that a pair with this t can have.
    #[must_use]
    pub fn upper(&self, t: f32, x: &Bounds, y: &Bounds) -> f64 {
        let slack = (x.offset + y.offset) + (x.slack + y.slack);
        match self.fold {
            Some(fold) => {
                let f = self.metric.finish(f64::from(t), x.reach, y.reach);
                (fold.sign + self.relative) * f + slack
            }
            None => f64::from(t) + x.reach * y.reach + slack,
        }
    }

    /// The least u (scaled) that a pair with this t can have.
    #[must_use]
    pub fn lower(&self, t: f32, x: &Bounds, y: &Bounds) -> f64 {
        let slack = (x.offset + y.offset) - (x.slack + y.slack);
        match self.fold {
            Some(fold) => {
                let f = self.metric.finish_worst(f64::from(t), x.reach, y.reach);
                (fold.sign - self.relative) * f + slack
            }
            None => f64::from(t) - x.reach * y.reach + slack,
        }
    }

    /// No pair whose score is at least as good as `score` has a smaller u (scaled).
    #[must_use]
    pub fn least_u(&self, score: f64) -> f64 {
        let u = self.metric.u_of(score) * self.unit;
        u - u.abs() * libm::exp2(-46.0) - self.metric.u_error() * self.unit
    }

    /// What [`crate::backend::Operand::lift`] must hold for a row.
    #[must_use]
    pub fn lift(&self, x: &Bounds) -> f32 {
        let lift = x.offset + x.slack - self.middle;
        let margin = 4.0 * EPSILON * lift.abs() + libm::exp2(-50.0) * (x.offset.abs() + self.middle);
        above(lift + margin)
    }

    /// What [`crate::backend::Operand::reach`] must hold for a row.
    #[must_use]
    pub fn reach(&self, x: &Bounds) -> f32 {
        if self.fold.is_some() { x.reach as f32 } else { above(x.reach) }
    }

    /// The floor that keeps every partner of the row whose u (scaled) may be `least` or more.
    #[must_use]
    pub fn floor(&self, least: f64, x: &Bounds) -> f32 {
        if least == f64::NEG_INFINITY {
            return f32::NEG_INFINITY;
        }
        let floor = least - x.offset - x.slack - self.middle;
        let margin = libm::exp2(-50.0) * (least.abs() + x.offset.abs() + self.middle) + self.flush;
        below(floor - margin)
    }

    /// The score that t says, without its error.
    #[must_use]
    pub fn estimate(&self, t: f32, x: &Bounds, y: &Bounds) -> f64 {
        let t = match self.fold {
            Some(fold) => fold.sign * self.metric.finish(f64::from(t), x.reach, y.reach),
            None => f64::from(t),
        };
        self.metric.score_of((t + (x.offset + y.offset)) / self.unit)
    }

    /// How far [`Self::estimate`], rounded to f32, can be from the score of any two rows that this frame was made for.
    #[must_use]
    pub fn worst_tolerance(&self) -> f64 {
        let r = self.radius * (1.0 + 1e-9);
        let (reach, slack) = match self.metric.geometry() {
            Geometry::Product => (r * (self.screen + self.exact).sqrt(), 2.0 * self.exact * r * r),
            Geometry::Distance => (r * self.screen.sqrt(), (self.exact + 2.0 * EPSILON * EPSILON) * r * r),
            Geometry::Fold => (0.0, (EPSILON + libm::exp2(-49.0)) * r),
        };
        let up = 1.0 + 2e-6;
        self.tolerance(reach * up, slack * up + 2.0 * self.flush, self.largest_score())
    }

    /// No score of two rows that this frame was made for is larger in magnitude.
    #[must_use]
    pub fn largest_score(&self) -> f64 {
        let r = self.radius / self.scale;
        let u = match self.metric.geometry() {
            Geometry::Product => return self.metric.score_of(r * r).abs().max(self.metric.score_of(-r * r).abs()),
            Geometry::Distance => -2.0 * r * r,
            Geometry::Fold => -2.0 * r,
        };
        self.metric.score_of(u).abs()
    }

    /// The same for rows with at most these bounds.
    ///
    /// The score of u is steepest where rows are closest, so that is where the error in u is measured.
    #[must_use]
    pub fn tolerance(&self, reach: f64, slack: f64, largest_score: f64) -> f64 {
        let relative = 2.0 * self.relative;
        let error = (reach * reach + 2.0 * slack + relative) / self.unit;
        let best = self.metric.info().closest();
        let closest = if best.is_finite() { self.metric.u_of(best) } else { 0.0 };
        let step = (self.metric.score_of(closest) - self.metric.score_of(closest - error)).abs();
        step * (1.0 + 1e-6) + largest_score.abs() * 2.0 * EPSILON + f64::from(f32::MIN_POSITIVE)
    }
}

/// The f32 next above what f64 rounds to: not less than `x`.
fn above(x: f64) -> f32 {
    (x as f32).next_up()
}

/// The f32 next below what f64 rounds to: not more than `x`.
fn below(x: f64) -> f32 {
    (x as f32).next_down()
}

fn toward_zero(x: f64) -> f32 {
    let near = x as f32;
    if f64::from(near).abs() > x.abs() { f32::from_bits(near.to_bits() - 1) } else { near }
}

#[cfg(test)]
mod tests;
