//! Registers: 16 lanes of AVX-512, 8 of AVX2, or eight plain numbers.

use crate::metric::Vector;

/// Eight numbers that the compiler may put where it likes. Multiplies and adds with two roundings.
#[derive(Clone, Copy)]
pub struct Plain([f32; 8]);

impl Plain {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|l| f(self.0[l], other.0[l])))
    }
}

impl Vector for Plain {
    const LANES: usize = 8;
    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([x; 8])
    }
    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        let mut lanes = [0.0; 8];
        lanes.copy_from_slice(&from[..8]);
        Self(lanes)
    }
    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        to[..8].copy_from_slice(&self.0);
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    #[inline(always)]
    fn mul_add(self, by: Self, to: Self) -> Self {
        Self(std::array::from_fn(|l| self.0[l] * by.0[l] + to.0[l]))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.map(f32::abs))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, f32::max)
    }
    #[inline(always)]
    fn parts(self) -> (Self, Self) {
        let exponent = self.0.map(|x| (x.to_bits() as i32 - THREE_QUARTERS) >> 23);
        let mantissa = std::array::from_fn(|l| f32::from_bits((self.0[l].to_bits() as i32 - (exponent[l] << 23)) as u32));
        (Self(exponent.map(|e| e as f32)), Self(mantissa))
    }
    #[inline(always)]
    fn power_of_two(self) -> Self {
        Self(self.0.map(|n| f32::from_bits(((n as i32 + 127) << 23) as u32)))
    }
    #[inline(always)]
    fn round(self) -> Self {
        Self(self.0.map(f32::round_ties_even))
    }
    #[inline(always)]
    fn at_least(self, other: Self) -> u32 {
        (0..8).map(|l| u32::from(self.0[l] >= other.0[l]) << l).sum()
    }
    #[inline(always)]
    fn differing_bits(self, other: Self) -> Self {
        self.zip(other, |a, b| (a.to_bits() ^ b.to_bits()).count_ones() as f32)
    }
}

/// The bits of 0.75.
const THREE_QUARTERS: i32 = 0x3f40_0000;

#[cfg(target_arch = "x86_64")]
pub use x86::{Wide, Wider};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{THREE_QUARTERS, Vector};
    #[allow(clippy::wildcard_imports, reason = "many intrinsics whose names say where they are from")]
    use std::arch::x86_64::*;

    /// An AVX2 register. Made only inside functions that enable `avx2,fma`.
    #[derive(Clone, Copy)]
    pub struct Wide(__m256);

    /// An AVX-512 register. Made only inside functions that enable `avx512f`.
    #[derive(Clone, Copy)]
    pub struct Wider(__m512);

    impl Wider {
        /// Only where AVX-512 was found, as all of this type.
        #[inline(always)]
        pub fn from_register(register: __m512) -> Self {
            Self(register)
        }
    }

    macro_rules! register {
        ($name:ident, $lanes:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $sub:ident, $fma:ident, $abs:expr, $max:ident, $mul:ident, $div:ident,
         $round:expr, $sub_i:ident, $add_i:ident, $sra:ident, $sll:ident, $srl:ident, $and:ident, $xor:ident, $splat_i:ident, $to_i:ident, $from_i:ident,
         $cast_i:ident, $cast_f:ident, $at_least:expr) => {
            impl Vector for $name {
                const LANES: usize = $lanes;
                #[inline(always)]
                fn splat(x: f32) -> Self {
                    // SAFETY: this type is used only where its instructions were found (see `Isa::detect`).
                    Self(unsafe { $splat(x) })
                }
                #[inline(always)]
                fn load(from: &[f32]) -> Self {
                    let from = &from[..$lanes];
                    // SAFETY: as above; the slice has a register's length, and the load needs no alignment.
                    Self(unsafe { $load(from.as_ptr()) })
                }
                #[inline(always)]
                fn store(self, to: &mut [f32]) {
                    let to = &mut to[..$lanes];
                    // SAFETY: as above.
                    unsafe { $store(to.as_mut_ptr(), self.0) }
                }
                #[inline(always)]
                fn add(self, other: Self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $add(self.0, other.0) })
                }
                #[inline(always)]
                fn sub(self, other: Self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $sub(self.0, other.0) })
                }
                #[inline(always)]
                fn mul_add(self, by: Self, to: Self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $fma(self.0, by.0, to.0) })
                }
                #[inline(always)]
                fn abs(self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $abs(self.0) })
                }
                #[inline(always)]
                fn max(self, other: Self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $max(self.0, other.0) })
                }
                #[inline(always)]
                fn mul(self, other: Self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $mul(self.0, other.0) })
                }
                #[inline(always)]
                fn div(self, other: Self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $div(self.0, other.0) })
                }
                #[inline(always)]
                fn round(self) -> Self {
                    // SAFETY: as above.
                    Self(unsafe { $round(self.0) })
                }
                #[inline(always)]
                fn parts(self) -> (Self, Self) {
                    // SAFETY: as above.
                    unsafe {
                        let bits = $cast_i(self.0);
                        let exponent = $sra::<23>($sub_i(bits, $splat_i(THREE_QUARTERS)));
                        let mantissa = $sub_i(bits, $sll::<23>(exponent));
                        (Self($from_i(exponent)), Self($cast_f(mantissa)))
                    }
                }
                #[inline(always)]
                fn power_of_two(self) -> Self {
                    // SAFETY: as above.
                    unsafe { Self($cast_f($sll::<23>($add_i($to_i(self.0), $splat_i(127))))) }
                }
                #[inline(always)]
                fn at_least(self, other: Self) -> u32 {
                    // SAFETY: as above.
                    unsafe { $at_least(self.0, other.0) }
                }
                #[inline(always)]
                fn differing_bits(self, other: Self) -> Self {
                    // Counted in pairs of bits, then fours, eights, and all (H. S. Warren, Hacker's Delight, § 5-1).
                    // SAFETY: as above.
                    unsafe {
                        let mask = |m: i32| $splat_i(m);
                        let v = $xor($cast_i(self.0), $cast_i(other.0));
                        let v = $sub_i(v, $and($srl::<1>(v), mask(0x5555_5555)));
                        let v = $add_i($and(v, mask(0x3333_3333)), $and($srl::<2>(v), mask(0x3333_3333)));
                        let v = $and($add_i(v, $srl::<4>(v)), mask(0x0f0f_0f0f));
                        let v = $add_i(v, $srl::<8>(v));
                        let v = $and($add_i(v, $srl::<16>(v)), mask(0x3f));
                        Self($from_i(v))
                    }
                }
            }
        };
    }

    register!(
        Wide,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_fmadd_ps,
        |x| _mm256_andnot_ps(_mm256_set1_ps(-0.0), x),
        _mm256_max_ps,
        _mm256_mul_ps,
        _mm256_div_ps,
        |x| _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x),
        _mm256_sub_epi32,
        _mm256_add_epi32,
        _mm256_srai_epi32,
        _mm256_slli_epi32,
        _mm256_srli_epi32,
        _mm256_and_si256,
        _mm256_xor_si256,
        _mm256_set1_epi32,
        _mm256_cvtps_epi32,
        _mm256_cvtepi32_ps,
        _mm256_castps_si256,
        _mm256_castsi256_ps,
        |a, b| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(a, b)) as u32
    );
    register!(
        Wider,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_fmadd_ps,
        |x| _mm512_abs_ps(x),
        _mm512_max_ps,
        _mm512_mul_ps,
        _mm512_div_ps,
        |x| _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x),
        _mm512_sub_epi32,
        _mm512_add_epi32,
        _mm512_srai_epi32,
        _mm512_slli_epi32,
        _mm512_srli_epi32,
        _mm512_and_si512,
        _mm512_xor_si512,
        _mm512_set1_epi32,
        _mm512_cvtps_epi32,
        _mm512_cvtepi32_ps,
        _mm512_castps_si512,
        _mm512_castsi512_ps,
        |a, b| u32::from(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b))
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::vector::{exp2, log2};

    fn check<V: Vector>() {
        let mut out = [0.0f32; 16];
        for i in 0..200_000u32 {
            let x = f32::from_bits(0x0080_0000 + i * 10_000);
            if !x.is_finite() {
                break;
            }
            log2(V::splat(x)).store(&mut out);
            let (found, known) = (f64::from(out[0]), libm::log2(f64::from(x)));
            let most = libm::exp2(-21.0) * if (0.5..=2.0).contains(&x) { 1.0 } else { known.abs() };
            assert!((found - known).abs() <= most, "log2 {x}: {found} for {known}");
        }
        for i in -125_999..127_000 {
            let x = i as f32 * 1e-3;
            exp2(V::splat(x)).store(&mut out);
            let known = libm::exp2(f64::from(x));
            assert!((f64::from(out[0]) / known - 1.0).abs() <= libm::exp2(-21.0), "2^{x}: {}", out[0]);
        }
        for (a, b) in [(0x3f80_0000u32, 0x3fff_ffff), (0x3f80_0000, 0x3f80_0000), (0x3faa_aaaa, 0x3fd5_5555)] {
            V::splat(f32::from_bits(a)).differing_bits(V::splat(f32::from_bits(b))).store(&mut out);
            assert_eq!(out[0], (a ^ b).count_ones() as f32);
        }
    }

    #[test]
    fn functions_are_as_good_as_their_bounds_say() {
        check::<Plain>();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                check::<Wide>();
            }
            if is_x86_feature_detected!("avx512f") {
                check::<Wider>();
            }
        }
    }
}
