//! Confidence ellipses of points in two dimensions.
//!
//! { z : (z − m)ᵀ S⁻¹ (z − m) = c² }, with mean m and covariance S (n − 1 in its denominator) of n points, and for a level 1 − α
//!
//! - Hotelling, where a further row of the same kind falls with that probability:
//!   c² = 2 (n − 1)(n + 1) / (n (n − 2)) · F(1 − α; 2, n − 2). With two degrees of freedom in the numerator the quantile is
//!   elementary: F(1 − α; 2, ν) = ν/2 · (α^(−2/ν) − 1), so c² = (n² − 1)/n · (α^(−2/(n − 2)) − 1);
//! - χ², where m and S count as known: c² = −2 ln α.
//!
//! H. Hotelling, doi:10.1214/aoms/1177732979; N. D. Tracy, J. C. Young, R. L. Mason, doi:10.1080/00224065.1992.12015232.
//! Fewer than three points have none. Points on a line give an ellipse without width.

/// Which ellipse is drawn around the points of a class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Coverage {
    /// None.
    Nothing,
    /// Hotelling's T² for a further row, at a level such as 0.95.
    Hotelling(f64),
    /// χ² with two degrees of freedom.
    ChiSquare(f64),
}

impl Coverage {
    /// The level, where there is an ellipse.
    pub(super) const fn level(self) -> Option<f64> {
        match self {
            Self::Nothing => None,
            Self::Hotelling(level) | Self::ChiSquare(level) => Some(level),
        }
    }
}

/// c² of the ellipse for `n` points; none where it is not defined.
pub(super) fn squared_radius(coverage: Coverage, n: usize) -> Option<f64> {
    if n < 3 {
        return None;
    }
    let rows = n as f64;
    match coverage {
        Coverage::Nothing => None,
        Coverage::Hotelling(level) => {
            let factor = libm::expm1(-2.0 / (rows - 2.0) * libm::log(1.0 - level));
            Some((rows * rows - 1.0) / rows * factor)
        }
        Coverage::ChiSquare(level) => Some(-2.0 * libm::log(1.0 - level)),
    }
}

/// The outline, closed, as points in values.
pub(super) fn outline(points: &[(f64, f64)], coverage: Coverage) -> Option<Vec<(f64, f64)>> {
    let c = libm::sqrt(squared_radius(coverage, points.len())?);
    let n = points.len() as f64;
    // Each axis is scaled by its largest deviation, so that squares of huge and of tiny numbers stay in range.
    let mean = points.iter().fold((0.0, 0.0), |m, p| (m.0 + p.0 / n, m.1 + p.1 / n));
    let scale = points.iter().fold((0.0_f64, 0.0_f64), |s, p| (s.0.max((p.0 - mean.0).abs()), s.1.max((p.1 - mean.1).abs())));
    let share = |v: f64, s: f64| if s > 0.0 { v / s } else { 0.0 };
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for p in points {
        let (u, v) = (share(p.0 - mean.0, scale.0), share(p.1 - mean.1, scale.1));
        xx += u * u / (n - 1.0);
        xy += u * v / (n - 1.0);
        yy += v * v / (n - 1.0);
    }
    // S = L Lᵀ; the image of a circle of radius c under L.
    let a = libm::sqrt(xx);
    let b = if a > 0.0 { xy / a } else { 0.0 };
    let d = libm::sqrt((yy - b * b).max(0.0));
    let steps = 128;
    let around = (0..=steps).map(|k| {
        let angle = std::f64::consts::TAU * f64::from(k % steps) / f64::from(steps);
        let (cos, sin) = (c * libm::cos(angle), c * libm::sin(angle));
        (mean.0 + scale.0 * a * cos, mean.1 + scale.1 * (b * cos + d * sin))
    });
    let outline: Vec<_> = around.collect();
    outline.iter().all(|p| p.0.is_finite() && p.1.is_finite()).then_some(outline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radii_are_those_of_scipy() {
        // SciPy 1.17.1: p(n−1)(n+1)/(n(n−p)) f.ppf(0.95, 2, n−2); chi2.ppf(0.95, 2).
        for (n, level, expected) in RADII {
            let got = squared_radius(Coverage::Hotelling(level), n).unwrap();
            assert!((got / expected - 1.0).abs() < 1e-11, "n = {n}: {got}");
        }
        let got = squared_radius(Coverage::ChiSquare(0.95), 20).unwrap();
        assert!((got / 5.991464547107979 - 1.0).abs() < 1e-12, "{got}");
        assert_eq!(squared_radius(Coverage::Hotelling(0.95), 2), None);
        assert_eq!(squared_radius(Coverage::Nothing, 20), None);
        // Many rows: mean and covariance are as good as known.
        let many = squared_radius(Coverage::Hotelling(0.95), 10_000_000).unwrap();
        assert!((many - 5.991464547107979).abs() < 1e-4, "{many}");
    }

    const RADII: [(usize, f64, f64); 3] =
        [(3, 0.95, 1063.999999999998), (20, 0.95, 7.879268339550295), (60, 0.99, 10.32326948038325)];

    #[test]
    fn every_point_of_the_outline_satisfies_the_equation() {
        let points = [(1.0, 2.0), (3.0, 2.5), (2.0, 5.0), (4.5, 4.0), (0.0, 1.0)];
        let n = points.len() as f64;
        let m = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
        let s = |f: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / (n - 1.0);
        let (xx, xy, yy) = (s(&|p| (p.0 - m.0).powi(2)), s(&|p| (p.0 - m.0) * (p.1 - m.1)), s(&|p| (p.1 - m.1).powi(2)));
        let determinant = xx * yy - xy * xy;
        for coverage in [Coverage::Hotelling(0.95), Coverage::ChiSquare(0.9)] {
            let c2 = squared_radius(coverage, points.len()).unwrap();
            for (x, y) in outline(&points, coverage).unwrap() {
                let (u, v) = (x - m.0, y - m.1);
                let distance = (yy * u * u - 2.0 * xy * u * v + xx * v * v) / determinant;
                assert!((distance / c2 - 1.0).abs() < 1e-10, "{distance} is not {c2}");
            }
        }
    }

    #[test]
    fn points_on_a_line_and_extreme_numbers_are_no_trouble() {
        let flat = outline(&[(1.0, 2.0), (2.0, 2.0), (3.0, 2.0)], Coverage::Hotelling(0.95)).unwrap();
        assert!(flat.iter().all(|p| p.1 == 2.0));
        let same = outline(&[(1.0, 1.0); 5], Coverage::ChiSquare(0.95)).unwrap();
        assert!(same.iter().all(|p| (p.0 - 1.0).abs() < 1e-12 && (p.1 - 1.0).abs() < 1e-12));
        for scale in [1e-280, 1e280] {
            let points: Vec<_> = [(1.0, 2.0), (2.0, 1.0), (4.0, 4.0)].iter().map(|(x, y)| (x * scale, y * scale)).collect();
            assert!(outline(&points, Coverage::ChiSquare(0.95)).is_some(), "{scale}");
        }
        assert!(outline(&[(1.0, 1.0), (2.0, 3.0)], Coverage::ChiSquare(0.95)).is_none());
    }
}
