//! Inner products of rows of f32, for pairs that are looked at one by one.

use super::simd::Plain;
use crate::metric::Vector;

/// Registers that are summed side by side.
const SIDE: usize = 4;

/// Additions on the longest path to a product of `d` terms, whatever the registers: see
/// [`depth`](crate::backend::Backend::depth). Eight lanes are the fewest.
#[must_use]
pub fn dot_depth(d: usize) -> usize {
    d.div_ceil(SIDE * 8) + 8
}

/// Products of one row with `N` others, so that its numbers are loaded once for all of them.
#[inline(always)]
fn body<V: Vector, const N: usize>(a: &[f32], b: [&[f32]; N]) -> [f32; N] {
    let d = b.iter().fold(a.len(), |d, b| d.min(b.len()));
    let a = &a[..d];
    let b = b.map(|b| &b[..d]);
    let step = SIDE * V::LANES;
    let mut sums = [[V::splat(0.0); SIDE]; N];
    let mut k = 0;
    while k + step <= d {
        for (s, at) in (k..k + step).step_by(V::LANES).enumerate() {
            let x = V::load(&a[at..at + V::LANES]);
            for n in 0..N {
                sums[n][s] = x.mul_add(V::load(&b[n][at..at + V::LANES]), sums[n][s]);
            }
        }
        k += step;
    }
    let tree = |v: [f32; 8]| ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
    let mut found = [0.0; N];
    for n in 0..N {
        let mut lanes = [0.0f32; 16];
        sums[n][0].add(sums[n][1]).add(sums[n][2].add(sums[n][3])).store(&mut lanes);
        let mut rest = [0.0f32; 8];
        for (l, (x, y)) in a[k..].iter().zip(&b[n][k..]).enumerate() {
            rest[l % 8] += x * y;
        }
        let (low, high) = (std::array::from_fn(|l| lanes[l]), std::array::from_fn(|l| lanes[l + 8]));
        found[n] = (tree(low) + tree(high)) + tree(rest);
    }
    found
}

/// Σ ab in f32, in an order that depends on the processor; its error is within [`dot_depth`].
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    dots(a, [b])[0]
}

/// The same with several rows. The same bits as one by one.
#[must_use]
pub fn dots<const N: usize>(a: &[f32], b: [&[f32]; N]) -> [f32; N] {
    #[cfg(target_arch = "x86_64")]
    {
        use super::simd::{Wide, Wider};
        #[target_feature(enable = "avx512f,avx512vl")]
        fn avx512<const N: usize>(a: &[f32], b: [&[f32]; N]) -> [f32; N] {
            body::<Wider, N>(a, b)
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2<const N: usize>(a: &[f32], b: [&[f32]; N]) -> [f32; N] {
            body::<Wide, N>(a, b)
        }
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: the features were just found.
            return unsafe { avx512(a, b) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the features were just found.
            return unsafe { avx2(a, b) };
        }
    }
    body::<Plain, N>(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_stay_within_the_error_of_their_depth() {
        let mut state = 1u32;
        let mut draw = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 23) - 1.0
        };
        for d in [0, 1, 3, 4, 8, 31, 32, 33, 63, 64, 65, 127, 200, 1024, 5000] {
            let (a, b): (Vec<f32>, Vec<f32>) = (0..d).map(|_| (draw() as f32, draw() as f32)).unzip();
            let exact: f64 = a.iter().zip(&b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
            let size: f64 = a.iter().zip(&b).map(|(&x, &y)| (f64::from(x) * f64::from(y)).abs()).sum();
            let most = (dot_depth(d) + 1) as f64 * f64::from(f32::EPSILON) / 2.0 * size;
            for found in [dot(&a, &b), dots(&a, [&b, &a, &b, &a])[2], body::<Plain, 1>(&a, [&b])[0]] {
                assert!((f64::from(found) - exact).abs() <= most, "{d}: {found} for {exact}");
            }
        }
    }
}
