//! Hu's seven invariant moments.
//!
//! ```text
//! η_pq = μ_pq / μ₀₀^(1 + (p+q)/2),   μ_pq = Σ f (x − x̄)^p (y − ȳ)^q
//! h₁ = η₂₀ + η₀₂          h₂ = (η₂₀ − η₀₂)² + 4η₁₁²
//! h₃ = (η₃₀ − 3η₁₂)² + (3η₂₁ − η₀₃)²          h₄ = a² + b²,   a = η₃₀ + η₁₂, b = η₂₁ + η₀₃
//! h₅ = (η₃₀ − 3η₁₂) a (a² − 3b²) + (3η₂₁ − η₀₃) b (3a² − b²)
//! h₆ = (η₂₀ − η₀₂)(a² − b²) + 4η₁₁ab
//! h₇ = (3η₂₁ − η₀₃) a (a² − 3b²) − (η₃₀ − 3η₁₂) b (3a² − b²)
//! ```
//! Source: M.-K. Hu, doi:10.1109/TIT.1962.1057692. Invariant to shift, scale and rotation; a mirrored shape has −h₇. The log form, −sign(h)·log₁₀|h|, brings
//! them to one size; |h| below 1e-30 counts as 1e-30, and 0 as +. h₇ enters it without its sign, so that mirrored shapes are alike.
//!
//! Few numbers for a coarse first look: they tell apart outlines, not prints.

use crate::picture::grey::Grey;

/// h₁ … h₇; zeros for an empty patch.
#[must_use]
pub fn hu(patch: &Grey) -> [f64; 7] {
    let w = patch.width();
    let all = || {
        patch
            .values()
            .iter()
            .enumerate()
            .filter(|(_, f)| **f != 0.0)
            .map(|(i, f)| ((i % w) as f64, (i / w) as f64, f64::from(*f)))
    };
    let (m00, m10, m01) = all().fold((0.0, 0.0, 0.0), |s, (x, y, f)| (s.0 + f, s.1 + f * x, s.2 + f * y));
    if m00 <= 0.0 {
        return [0.0; 7];
    }
    let (cx, cy) = (m10 / m00, m01 / m00);
    // η₂₀, η₁₁, η₀₂, η₃₀, η₂₁, η₁₂, η₀₃
    let mut n = [0.0; 7];
    for (x, y, f) in all() {
        let (x, y) = (x - cx, y - cy);
        let terms = [x * x, x * y, y * y, x * x * x, x * x * y, x * y * y, y * y * y];
        n.iter_mut().zip(terms).for_each(|(sum, t)| *sum += f * t);
    }
    let (second, third) = (m00 * m00, m00 * m00 * m00.sqrt());
    let [n20, n11, n02] = [n[0], n[1], n[2]].map(|v| v / second);
    let [n30, n21, n12, n03] = [n[3], n[4], n[5], n[6]].map(|v| v / third);
    let (a, b, c, d) = (n30 + n12, n21 + n03, n30 - 3.0 * n12, 3.0 * n21 - n03);
    [
        n20 + n02,
        (n20 - n02) * (n20 - n02) + 4.0 * n11 * n11,
        c * c + d * d,
        a * a + b * b,
        c * a * (a * a - 3.0 * b * b) + d * b * (3.0 * a * a - b * b),
        (n20 - n02) * (a * a - b * b) + 4.0 * n11 * a * b,
        d * a * (a * a - 3.0 * b * b) - c * b * (3.0 * a * a - b * b),
    ]
}

/// The log form.
#[must_use]
pub fn log_hu(patch: &Grey) -> [f64; 7] {
    let mut h = hu(patch);
    h[6] = h[6].abs();
    h.map(|v| -libm::log10(v.abs().max(1e-30)) * if v < 0.0 { -1.0 } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::{hu, log_hu};
    use crate::picture::grey::Grey;

    fn painted(side: usize, f: impl Fn(f64, f64) -> bool) -> Grey {
        let values = (0..side * side).map(|i| f32::from(u8::from(f((i % side) as f64, (i / side) as f64)))).collect();
        Grey::new(side, side, values).expect("fits")
    }

    #[test]
    fn a_rectangle_has_its_formula() {
        // a × b pixels: η₂₀ = (a² − 1)/(12ab), η₀₂ = (b² − 1)/(12ab), odd ones 0.
        let (a, b) = (40.0, 12.0);
        let h = hu(&painted(64, |x, y| x < a && y < b));
        let (n20, n02) = ((a * a - 1.0) / (12.0 * a * b), (b * b - 1.0) / (12.0 * a * b));
        assert!((h[0] - n20 - n02).abs() < 1e-12 && (h[1] - (n20 - n02) * (n20 - n02)).abs() < 1e-12);
        assert!(h[2..].iter().all(|v| v.abs() < 1e-15));
    }

    #[test]
    fn a_corner_has_its_fractions() {
        // Pixels (0, 0), (1, 0), (0, 1): μ₂₀ = μ₀₂ = 2/3, μ₁₁ = −1/3, μ₃₀ = μ₀₃ = 2/9, μ₂₁ = μ₁₂ = −1/9; third orders are over 3^2.5, √243.
        let expected = [
            4.0 / 27.0,
            4.0 / 729.0,
            50.0 / (81.0 * 243.0),
            2.0 / (81.0 * 243.0),
            -20.0 / (6561.0 * 243.0 * 243.0),
            -4.0 / (27.0 * 81.0 * 243.0),
        ];
        let h = hu(&painted(5, |x, y| x + y < 1.5));
        for (k, e) in expected.iter().enumerate() {
            assert!((h[k] - e).abs() <= 1e-12 * e.abs(), "{k} {h:?}");
        }
        assert!(h[6].abs() < 1e-20);
    }

    #[test]
    fn turned_shifted_and_mirrored() {
        let comma = |x: f64, y: f64| {
            ((x - 20.0) * (x - 20.0) + (y - 30.0) * (y - 30.0) < 150.0)
                || ((22.0..55.0).contains(&x) && (30.0..37.0).contains(&y))
                || ((48.0..60.0).contains(&x) && (36.0..41.0).contains(&y))
        };
        let a = hu(&painted(64, comma));
        let quarter = hu(&painted(64, |x, y| comma(y, 63.0 - x)));
        let shifted = hu(&painted(80, |x, y| comma(x - 9.0, y - 4.0)));
        let mirrored = hu(&painted(64, |x, y| comma(63.0 - x, y)));
        for k in 0..7 {
            let near = |b: f64| (a[k] - b).abs() <= 1e-10 * a[k].abs();
            assert!(a[k] != 0.0 && near(quarter[k]) && near(shifted[k]), "{k} {a:?} {quarter:?}");
            assert!(near(if k == 6 { -mirrored[k] } else { mirrored[k] }), "{k} {a:?} {mirrored:?}");
        }
        assert!((log_hu(&painted(64, comma))[6] - log_hu(&painted(64, |x, y| comma(63.0 - x, y)))[6]).abs() < 1e-9);
        assert_eq!(log_hu(&painted(4, |_, _| false)), [30.0; 7]);
    }
}
