//! Sums in f64 whose order of addition is fixed, so that every machine gets the same bits.
//!
//! Term `i` is added to stripe `i mod 32`; the 32 stripes are then added in a tree (l ← l + (l + 16), then 8, 4, 2, 1).
//! Products are rounded before they are added (no fused multiply-add). [`in_stripes`] says just that; [`pairs`] is the
//! same arithmetic laid out for vector registers, and the tests hold the two to equal bits.
//!
//! **Error.** A sum of n terms passes ⌈n/32⌉ + 5 additions, so |computed − true| ≤ γ·Σ|term| with
//! γ = (⌈n/32⌉ + 6)·2⁻⁵³/(1 − …) (N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., § 4.2,
//! doi:10.1137/1.9780898718027).

use crate::matrix::Row;

/// Stripes of a sum.
pub const STRIPES: usize = 32;

/// The definition: Σ term(i), i = 0 … n−1, in stripes.
pub fn in_stripes(n: usize, term: impl Fn(usize) -> f64) -> f64 {
    let mut stripe = [0.0; STRIPES];
    for i in 0..n {
        stripe[i % STRIPES] += term(i);
    }
    tree(&mut stripe)
}

fn tree(stripe: &mut [f64; STRIPES]) -> f64 {
    let mut half = STRIPES / 2;
    while half > 0 {
        for l in 0..half {
            stripe[l] += stripe[l + half];
        }
        half /= 2;
    }
    stripe[0]
}

/// A stored number that f64 holds exactly.
pub trait Scalar: Copy {
    fn f64(self) -> f64;
}

impl Scalar for f32 {
    fn f64(self) -> f64 {
        f64::from(self)
    }
}

impl Scalar for f64 {
    fn f64(self) -> f64 {
        self
    }
}

/// What is summed of two numbers.
pub trait Term: Copy {
    fn of(self, x: f64, y: f64) -> f64;
}

/// x·y
#[derive(Clone, Copy)]
pub struct Product;
impl Term for Product {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        x * y
    }
}

/// (x − cx)·(y − cy)
#[derive(Clone, Copy)]
pub struct CentredProduct(pub f64, pub f64);
impl Term for CentredProduct {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        (x - self.0) * (y - self.1)
    }
}

/// (x − y)²
#[derive(Clone, Copy)]
pub struct SquaredDifference;
impl Term for SquaredDifference {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        let z = x - y;
        z * z
    }
}

/// |x − y|
#[derive(Clone, Copy)]
pub struct AbsoluteDifference;
impl Term for AbsoluteDifference {
    #[inline(always)]
    fn of(self, x: f64, y: f64) -> f64 {
        (x - y).abs()
    }
}

/// x, whatever y
#[derive(Clone, Copy)]
pub struct First;
impl Term for First {
    #[inline(always)]
    fn of(self, x: f64, _: f64) -> f64 {
        x
    }
}

/// Σ term(aᵢ, bᵢ) in stripes. Rows have one length; the shorter rules otherwise.
#[must_use]
pub fn pairs<T: Term>(term: T, a: Row<'_>, b: Row<'_>) -> f64 {
    match (a, b) {
        (Row::F32(a), Row::F32(b)) => widest(term, a, b),
        (Row::F64(a), Row::F64(b)) => widest(term, a, b),
        (Row::F32(a), Row::F64(b)) => widest(term, a, b),
        (Row::F64(a), Row::F32(b)) => widest(term, a, b),
    }
}

#[inline(always)]
fn body<T: Term, A: Scalar, B: Scalar>(term: T, a: &[A], b: &[B]) -> f64 {
    let mut stripe = [0.0; STRIPES];
    let (a_chunks, a_rest) = a.as_chunks::<STRIPES>();
    let (b_chunks, b_rest) = b.as_chunks::<STRIPES>();
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for l in 0..STRIPES {
            stripe[l] += term.of(x[l].f64(), y[l].f64());
        }
    }
    for (l, (x, y)) in a_rest.iter().zip(b_rest).enumerate() {
        stripe[l] += term.of(x.f64(), y.f64());
    }
    tree(&mut stripe)
}

#[cfg(target_arch = "x86_64")]
fn widest<T: Term, A: Scalar, B: Scalar>(term: T, a: &[A], b: &[B]) -> f64 {
    #[target_feature(enable = "avx512f,avx512vl,avx512dq")]
    fn avx512<T: Term, A: Scalar, B: Scalar>(term: T, a: &[A], b: &[B]) -> f64 {
        body(term, a, b)
    }
    #[target_feature(enable = "avx2")]
    fn avx2<T: Term, A: Scalar, B: Scalar>(term: T, a: &[A], b: &[B]) -> f64 {
        body(term, a, b)
    }
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512dq") {
        // SAFETY: the features were just found.
        unsafe { avx512(term, a, b) }
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature was just found.
        unsafe { avx2(term, a, b) }
    } else {
        body(term, a, b)
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn widest<T: Term, A: Scalar, B: Scalar>(term: T, a: &[A], b: &[B]) -> f64 {
    let n = a.len().min(b.len());
    body(term, &a[..n], &b[..n])
}

/// Something that is compiled for several instruction sets; its bits do not depend on which, since nothing is fused.
pub(crate) trait Wide {
    type Answer;
    fn run(self) -> Self::Answer;
}

/// Runs it with the widest registers that there are. Its `run` must be `#[inline(always)]`.
#[inline]
pub(crate) fn on_widest<W: Wide>(work: W) -> W::Answer {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512vl,avx512dq")]
        fn avx512<W: Wide>(work: W) -> W::Answer {
            work.run()
        }
        #[target_feature(enable = "avx2")]
        fn avx2<W: Wide>(work: W) -> W::Answer {
            work.run()
        }
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512dq") {
            // SAFETY: the features were just found.
            return unsafe { avx512(work) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was just found.
            return unsafe { avx2(work) };
        }
    }
    work.run()
}

/// Σ xᵢ in stripes.
#[must_use]
pub fn of(x: Row<'_>) -> f64 {
    pairs(First, x, x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_fast_sum_has_the_bits_of_the_definition(
            pair in prop::collection::vec((-1e6f64..1e6, -1e3f64..1e3), 0..200), cx in -10f64..10.0, cy in -10f64..10.0,
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pair.into_iter().unzip();
            let (a32, b32): (Vec<f32>, Vec<f32>) = (a.iter().map(|&x| x as f32).collect(), b.iter().map(|&x| x as f32).collect());
            let n = a.len();
            let same = |fast: f64, naive: f64| prop_assert_eq_bits(fast, naive);
            same(pairs(Product, Row::F64(&a), Row::F64(&b)), in_stripes(n, |i| a[i] * b[i]))?;
            same(pairs(CentredProduct(cx, cy), Row::F64(&a), Row::F64(&b)), in_stripes(n, |i| (a[i] - cx) * (b[i] - cy)))?;
            same(pairs(SquaredDifference, Row::F64(&a), Row::F64(&b)), in_stripes(n, |i| (a[i] - b[i]) * (a[i] - b[i])))?;
            same(pairs(AbsoluteDifference, Row::F32(&a32), Row::F64(&b)), in_stripes(n, |i| (f64::from(a32[i]) - b[i]).abs()))?;
            same(pairs(Product, Row::F32(&a32), Row::F32(&b32)), in_stripes(n, |i| f64::from(a32[i]) * f64::from(b32[i])))?;
            same(of(Row::F64(&a)), in_stripes(n, |i| a[i]))?;
        }
    }

    fn prop_assert_eq_bits(a: f64, b: f64) -> Result<(), TestCaseError> {
        prop_assert_eq!(a.to_bits(), b.to_bits(), "{} is not {}", a, b);
        Ok(())
    }

    #[test]
    fn another_order_would_be_noticed() {
        let a: Vec<f64> = (0..100).map(|i| 1.0 / f64::from(i + 1)).collect();
        let forward = a.iter().fold(0.0, |s, x| s + x);
        assert_ne!(of(Row::F64(&a)).to_bits(), forward.to_bits());
        assert!((of(Row::F64(&a)) - forward).abs() < 1e-14);
    }
}
