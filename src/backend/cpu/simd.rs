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
}

#[cfg(target_arch = "x86_64")]
pub use x86::{Wide, Wider};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    #[allow(clippy::wildcard_imports, reason = "seventeen intrinsics whose names say where they are from")]
    use std::arch::x86_64::*;

    /// An AVX2 register. Made only inside functions that enable `avx2,fma`.
    #[derive(Clone, Copy)]
    pub struct Wide(__m256);

    /// An AVX-512 register. Made only inside functions that enable `avx512f`.
    #[derive(Clone, Copy)]
    pub struct Wider(__m512);

    macro_rules! register {
        ($name:ident, $lanes:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $sub:ident, $fma:ident, $abs:expr) => {
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
            }
        };
    }

    register!(Wide, 8, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_fmadd_ps, |x| {
        _mm256_andnot_ps(_mm256_set1_ps(-0.0), x)
    });
    register!(Wider, 16, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_fmadd_ps, |x| {
        _mm512_abs_ps(x)
    });
}
