//! A shape turned to its own axes, for descriptors that are not invariant to rotation.
//!
//! ```text
//! axis: ½·atan2(2μ₁₁, μ₂₀ − μ₀₂);   then Σ f·u³ ≥ 0 along it and Σ f·v³ ≥ 0 across it, by mirroring either
//! ```
//! So a turned or mirrored shape comes out the same, where the axes are clear. Where μ₂₀ ≈ μ₀₂ (rings, squares, stars with three points or more) the axis is
//! chance, and so is a sign where a third moment is about 0: what is computed of such a patch does not compare.

use crate::picture::grey::Grey;
use crate::picture::resample::bilinear;

/// The patch about its middle, turned and mirrored.
#[must_use]
pub fn upright(patch: &Grey) -> Grey {
    let (w, h) = (patch.width(), patch.height());
    let (cx, cy) = ((w as f64 - 1.0) / 2.0, (h as f64 - 1.0) / 2.0);
    let all = || patch.values().iter().enumerate().map(|(i, f)| ((i % w) as f64 - cx, (i / w) as f64 - cy, f64::from(*f)));
    let (m20, m11, m02) = all().fold((0.0, 0.0, 0.0), |s, (x, y, f)| (s.0 + f * x * x, s.1 + f * x * y, s.2 + f * y * y));
    let (sin, cos) = libm::sincos(0.5 * libm::atan2(2.0 * m11, m20 - m02));
    let (along, across) = all().fold((0.0, 0.0), |s, (x, y, f)| {
        let (u, v) = (cos * x + sin * y, cos * y - sin * x);
        (s.0 + f * u * u * u, s.1 + f * v * v * v)
    });
    let sign = |v: f64| if v < 0.0 { -1.0 } else { 1.0 };
    let (a, b) = (sign(along), sign(across));
    let values = (0..w * h).map(|i| {
        let (u, v) = (a * ((i % w) as f64 - cx), b * ((i / w) as f64 - cy));
        let (x, y) = (cx + cos * u - sin * v, cy + sin * u + cos * v);
        let inside = x > -0.5 && y > -0.5 && x < w as f64 - 0.5 && y < h as f64 - 0.5;
        if inside { bilinear(patch, x, y) as f32 } else { 0.0 }
    });
    Grey::new(w, h, values.collect()).unwrap_or_else(|| patch.clone())
}

#[cfg(test)]
mod tests {
    use super::upright;
    use crate::picture::grey::Grey;

    #[test]
    fn turned_and_mirrored_shapes_come_out_alike() {
        let wedge = |x: f64, y: f64| (-0.3..0.8).contains(&x) && y > -0.1 && y < 0.35 - 0.3 * x;
        let painted = |f: &dyn Fn(f64, f64) -> bool| {
            let of = |i: usize| (2 * i + 1) as f64 / 128.0 - 1.0;
            Grey::new(128, 128, (0..128 * 128).map(|i| f32::from(u8::from(f(of(i % 128), of(i / 128))))).collect()).expect("fits")
        };
        let a = upright(&painted(&wedge));
        let off = |b: &Grey| {
            a.values().iter().zip(b.values()).map(|(x, y)| (x - y).abs()).sum::<f32>() / a.values().iter().sum::<f32>()
        };
        // The edge of the raster itself is some 5 % of the area.
        let turned = off(&upright(&painted(&|x, y| wedge(0.6 * x + 0.8 * y, 0.6 * y - 0.8 * x))));
        let mirrored = off(&upright(&painted(&|x, y| wedge(x, -y))));
        let other = off(&upright(&painted(&|x, y| wedge(1.5 * x, y))));
        assert!(turned < 0.12 && mirrored < 0.12 && other > 0.3, "{turned} {mirrored} {other}");
    }
}
