//! One f32 step of a metric, written once for every width of vector register.

/// A register of f32 lanes. Backends implement it for what the processor has.
pub trait Vector: Copy {
    const LANES: usize;
    fn splat(x: f32) -> Self;
    /// The first `LANES` numbers of `from`.
    fn load(from: &[f32]) -> Self;
    /// Into the first `LANES` numbers of `to`.
    fn store(self, to: &mut [f32]);
    #[must_use]
    fn add(self, other: Self) -> Self;
    #[must_use]
    fn sub(self, other: Self) -> Self;
    #[must_use]
    fn mul(self, other: Self) -> Self;
    #[must_use]
    fn div(self, other: Self) -> Self;
    /// self·by + to, rounded once or twice.
    #[must_use]
    fn mul_add(self, by: Self, to: Self) -> Self;
    #[must_use]
    fn abs(self) -> Self;
    #[must_use]
    fn max(self, other: Self) -> Self;
    /// (e, m) with self = m·2ᵉ and m in 0.75 … 1.5, for normal positive numbers.
    #[must_use]
    fn parts(self) -> (Self, Self);
    /// 2ⁿ for a whole number n in −126 … 127.
    #[must_use]
    fn power_of_two(self) -> Self;
    /// The nearest whole number, for numbers below 2²².
    #[must_use]
    fn round(self) -> Self;
    /// A bit for each lane that is at least the other's; none where either is no number.
    fn at_least(self, other: Self) -> u32;
    /// How many bits of the two registers' patterns differ, lane by lane, as a number.
    #[must_use]
    fn differing_bits(self, other: Self) -> Self;
}

/// The smallest normal f32: what divisors and logarithms are kept above.
pub const TINY: f32 = f32::MIN_POSITIVE;

/// log₂(1+r)/r on −0.25 … 0.5, to 5e-9.
#[allow(clippy::excessive_precision, reason = "as fitted")]
const LOG: [f32; 10] = [
    1.442_695_035e0,
    -7.213_475_374e-1,
    4.809_007_724e-1,
    -3.606_748_534e-1,
    2.883_840_347e-1,
    -2.401_482_377e-1,
    2.091_010_879e-1,
    -1.902_783_040e-1,
    1.506_661_764e-1,
    -6.434_346_038e-2,
];

/// 2ˣ on −½ … ½, to 2e-9.
#[allow(clippy::excessive_precision, reason = "as fitted")]
const POWER: [f32; 7] = [
    9.999_999_999e-1,
    6.931_472_067e-1,
    2.402_265_150e-1,
    5.550_327_216e-2,
    9.617_994_531e-3,
    1.340_043_167e-3,
    1.547_801_775e-4,
];

#[inline(always)]
fn polynomial<V: Vector, const N: usize>(x: V, coefficients: [f32; N]) -> V {
    let mut sum = V::splat(coefficients[N - 1]);
    for c in coefficients.iter().rev().skip(1) {
        sum = sum.mul_add(x, V::splat(*c));
    }
    sum
}

/// log₂ x for normal positive numbers: off by at most 2⁻²¹ between ½ and 2, elsewhere by 2⁻²¹ of itself. What WGSL promises too.
#[inline(always)]
pub fn log2<V: Vector>(x: V) -> V {
    let (exponent, m) = x.parts();
    let r = m.sub(V::splat(1.0));
    polynomial(r, LOG).mul_add(r, exponent)
}

/// 2ˣ for −126 ≤ x ≤ 127; smaller x give 2⁻¹²⁶. Off by at most 2⁻²¹ of itself.
#[inline(always)]
pub fn exp2<V: Vector>(x: V) -> V {
    let x = x.max(V::splat(-126.0));
    let whole = x.round();
    polynomial(x.sub(whole), POWER).mul(whole.power_of_two())
}

/// The f32 twin of a metric's sum: what one feature adds to `t`, and how t becomes the number that floors are held against.
/// The same three functions are in the metric's shader.
pub trait Step: 'static {
    /// t with one more feature. `p`: the metric's [parameter](super::Metric::parameter).
    fn step<V: Vector>(p: V, sum: V, x: V, y: V) -> V;

    /// Two t of different features together.
    #[inline(always)]
    fn join<V: Vector>(a: V, b: V) -> V {
        a.add(b)
    }

    /// gain·F(t), with the rows' weights; for inner products gain·t + x·y.
    fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32;
}

/// Something to be done with a metric's [`Step`], once it is known: see [`super::with_step`].
pub trait StepUser {
    type Answer;
    fn with<S: Step>(self) -> Self::Answer;
}
