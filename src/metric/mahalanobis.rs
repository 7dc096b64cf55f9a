//! Mahalanobis distance: √((a − b)ᵀ V⁻¹ (a − b)), V a covariance (`--covariance FILE:/path`); the identity unless told.
//!
//! Domain: finite rows. Range 0 … ∞; smaller is closer. Source: P. C. Mahalanobis, Proc. Natl. Inst. Sci. India 2 (1936) 49; SciPy
//! `spatial.distance.mahalanobis(a, b, inv(V))`. With V = LLᵀ (Cholesky, in f64, row by row, so that every machine gets the same L) the score is
//! ‖z‖ with Lz = a − b: nothing is inverted, and near-equal rows keep their digits.
//!
//! Form: v(x) = L⁻¹x, u = −½‖v(x) − v(y)‖². Forward substitution is off by at most d·2⁻⁵³·κ of ‖v‖, κ = ‖|L⁻¹|·|L|‖_F·√d (Higham, § 8.2); a
//! covariance whose κ makes that larger than 1e-6 is refused.

use super::{Closer, Geometry, Info, Measure, Metric, Numbers, Shader, Stepped, Undefined, inner_product, sum};
use crate::matrix::Row;

#[derive(Clone, Debug)]
pub struct Mahalanobis {
    /// L, row after row.
    factor: Vec<f64>,
    d: usize,
    error: f64,
}

impl Mahalanobis {
    pub const USUAL: Self = Self { factor: Vec::new(), d: 0, error: 0.0 };

    /// `covariance`: d × d, row after row.
    ///
    /// # Errors
    /// When it is not symmetric, not positive definite, or so ill-conditioned that scores would not be known.
    pub fn new(covariance: &[f64], d: usize) -> Result<Self, String> {
        if d == 0 || covariance.len() != d * d {
            return Err(format!("a covariance is square; got {} numbers for {d} rows", covariance.len()));
        }
        let mut l = vec![0.0; d * d];
        for i in 0..d {
            for j in 0..=i {
                let (x, y) = (covariance[i * d + j], covariance[j * d + i]);
                if !x.is_finite() || (x - y).abs() > 1e-10 * (covariance[i * d + i] * covariance[j * d + j]).abs().sqrt() {
                    return Err(format!("a covariance is symmetric and finite; ({i}, {j}) is {x}, ({j}, {i}) is {y}"));
                }
                let mut rest = x;
                for k in 0..j {
                    rest -= l[i * d + k] * l[j * d + k];
                }
                if i == j {
                    if rest <= 1e-14 * x || x <= 0.0 {
                        return Err(format!(
                            "it is not positive definite (feature {i}): use more specimens than features, or add a little to its diagonal"
                        ));
                    }
                    l[i * d + i] = rest.sqrt();
                } else {
                    l[i * d + j] = rest / l[j * d + j];
                }
            }
        }
        let mut metric = Self { factor: l, d, error: 0.0 };
        let spread = metric.spread();
        metric.error = d as f64 * libm::exp2(-52.0) * spread;
        if metric.error > 1e-6 {
            return Err(format!("it is too ill-conditioned (|L⁻¹||L| is {spread:.1e}): add a little to its diagonal"));
        }
        Ok(metric)
    }

    /// ‖|L⁻¹|·|L|‖_F·√d
    fn spread(&self) -> f64 {
        let d = self.d;
        let mut square = 0.0;
        // Rows of L⁻¹ from its columns: column c solves L z = e_c.
        let mut inverse = vec![0.0; d * d];
        for c in 0..d {
            let mut z = vec![0.0; d];
            z[c] = 1.0;
            self.solve(&mut z);
            for (r, z) in z.into_iter().enumerate() {
                inverse[r * d + c] = z.abs();
            }
        }
        for r in 0..d {
            for c in 0..=r {
                let x: f64 = (c..=r).map(|k| inverse[r * d + k] * self.factor[k * d + c].abs()).sum();
                square += x * x;
            }
        }
        (square * d as f64).sqrt()
    }

    /// x ← L⁻¹x
    fn solve(&self, x: &mut [f64]) {
        // No covariance: the identity.
        let d = self.d;
        for i in 0..d {
            let row = &self.factor[i * d..=i * d + i];
            let known = sum::pairs(sum::Product, Row::F64(&row[..i]), Row::F64(&x[..i]));
            x[i] = (x[i] - known) / row[i];
        }
    }

    fn of(&self, mut z: Vec<f64>) -> f64 {
        self.solve(&mut z);
        sum::in_stripes(z.len(), |i| z[i] * z[i]).sqrt()
    }
}

impl Stepped for Mahalanobis {
    type Step = inner_product::Multiply;
}

impl Metric for Mahalanobis {
    fn info(&self) -> &'static Info {
        &Info {
            name: "mahalanobis",
            formula: "√((a−b)ᵀ V⁻¹ (a−b)); --covariance",
            closer: Closer::Smaller,
            range: (0.0, f64::INFINITY),
            domain: "finite rows",
            numbers: Numbers::Real,
            source: "SciPy spatial.distance.mahalanobis",
        }
    }

    fn shader(&self) -> Shader {
        inner_product::SHADER
    }

    fn geometry(&self) -> Geometry {
        Geometry::Distance
    }

    fn measure(&self, x: Row<'_>) -> Result<Measure, Undefined> {
        if self.d != 0 && self.d != x.len() {
            return Err(Undefined::Width { got: x.len(), expected: self.d, metric: "mahalanobis" });
        }
        inner_product::plain_norm(x)?;
        let mut v = vec![0.0; x.len()];
        self.embed(x, Measure::default(), &mut v);
        inner_product::plain_norm(Row::F64(&v))
    }

    fn define(&self, a: &[f64], b: &[f64]) -> f64 {
        self.of(a.iter().zip(b).map(|(a, b)| a - b).collect())
    }

    fn score(&self, a: Row<'_>, _: Measure, b: Row<'_>, _: Measure) -> f64 {
        self.of((0..a.len()).map(|i| a.at(i) - b.at(i)).collect())
    }

    fn embed(&self, x: Row<'_>, _: Measure, out: &mut [f64]) {
        x.copy_to(out);
        self.solve(out);
    }

    fn embedded_size(&self, _: Row<'_>, m: Measure) -> f64 {
        m.norm
    }

    fn embed_error(&self) -> f64 {
        self.error
    }

    fn u_of(&self, score: f64) -> f64 {
        -0.5 * score * score
    }

    fn score_of(&self, u: f64) -> f64 {
        (-2.0 * u).max(0.0).sqrt()
    }

    fn dense_exact(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden() {
        // SciPy 1.17: mahalanobis([1, 2], [4, -5], inv([[2, 1], [1, 3]]))
        let metric = Mahalanobis::new(&[2.0, 1.0, 1.0, 3.0], 2).expect("a covariance");
        let expected = ((3.0 * 9.0 + 2.0 * 49.0 + 2.0 * 21.0) / 5.0f64).sqrt();
        assert!((metric.define(&[1.0, 2.0], &[4.0, -5.0]) - expected).abs() < 1e-14);
        assert!(Mahalanobis::new(&[1.0, 2.0, 2.0, 1.0], 2).is_err_and(|e| e.contains("positive definite")));
        assert!(Mahalanobis::new(&[1.0, 0.5, 0.0, 1.0], 2).is_err_and(|e| e.contains("symmetric")));
        assert!(Mahalanobis::new(&[1.0], 2).is_err());
    }

    #[test]
    fn rows_far_from_zero_and_near_each_other_stay_within_their_bounds() {
        use crate::metric::Frame;
        let metric: &'static Mahalanobis =
            Box::leak(Box::new(Mahalanobis::new(&[1.0, 1e5, 1e5, 1e10 + 1.0], 2).expect("a covariance")));
        let mut state = 7u64;
        let mut draw = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as f64 / f64::from(1u32 << 30) - 1.0
        };
        let rows: Vec<[f64; 2]> = (0..60)
            .map(|_| {
                let x = 1e6 + draw();
                [x, 1e5 * x + draw()]
            })
            .collect();
        let measures: Vec<Measure> = rows.iter().map(|r| metric.measure(Row::F64(r)).expect("defined")).collect();
        let (mut mean, mut work, mut out) = (vec![0.0; 2], vec![0.0; 2], vec![0.0f32; 2]);
        for (r, &m) in rows.iter().zip(&measures) {
            metric.embed(Row::F64(r), m, &mut work);
            mean.iter_mut().zip(&work).for_each(|(s, v)| *s += v / rows.len() as f64);
        }
        let largest = measures.iter().map(|m| m.norm).fold(0.0, f64::max);
        let frame = Frame::new(metric, mean, largest, 2);
        let formed: Vec<_> = rows
            .iter()
            .zip(&measures)
            .map(|(r, &m)| {
                let bounds = frame.row(Row::F64(r), m, &mut work, &mut out);
                ([out[0], out[1]], bounds)
            })
            .collect();
        for (i, (x, bx)) in formed.iter().enumerate() {
            for (j, (y, by)) in formed.iter().enumerate() {
                let least = frame.least_u(metric.define(&rows[i], &rows[j]));
                let t = x[0] * y[0] + x[1] * y[1];
                assert!(frame.upper(t, bx, by) >= least, "({i}, {j})");
                assert!(frame.lower(t, bx, by) <= least + least.abs() * 1e-12, "({i}, {j})");
            }
        }
    }
}
