//! Principal axes of a collection, from a sample of its rows, and rows' coordinates along them: what a head is made of.
//!
//! The axes span the dominant subspace of the sample, found by subspace iteration (N. Halko, P. G. Martinsson, J. A. Tropp,
//! doi:10.1137/090771806, § 4.5) from rows of the sample itself, in f32; they are made orthonormal in f64, and how orthonormal
//! they are is measured. Nothing that reaches a result depends on how good they are: [`crate::metric::form`] bounds what
//! any axes leave over. Shapes: sample m × d, axes d × h, coordinates n × h.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};
use rayon::prelude::*;

/// Directions carried along beside those that are asked for, so that the last of these are good too.
const MORE: usize = 16;
/// Multiplications by the sample's covariance.
const ROUNDS: usize = 2;
/// Rows of a sample that a thread multiplies at a time.
const PIECE: usize = 128;

/// Orthonormal directions in the space of x′, those with the most variance first.
#[derive(Clone, Debug)]
pub struct Axes {
    vectors: Mat<f64>,
    /// Mean square of the sample's coordinates along each axis.
    variance: Vec<f64>,
    /// Mean square norm of the sample's rows.
    total: f64,
    lost: f64,
}

impl Axes {
    /// The first `count` axes (or as many as there are) of `sample`, rows of `d` numbers.
    ///
    /// `None` where there is nothing to find: fewer than two rows, or all of them zero.
    #[must_use]
    pub fn of(sample: &[f32], d: usize, count: usize) -> Option<Self> {
        let m = sample.len() / d;
        let width = (count + MORE).min(d).min(m);
        if width < 2 {
            return None;
        }
        let total = sample.par_iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / m as f64;
        if !(total > 0.0 && total.is_finite()) {
            return None;
        }
        let mut basis = Mat::<f64>::from_fn(d, width, |i, j| f64::from(sample[j * (m / width) * d + i])).qr().compute_thin_Q();
        for _ in 0..ROUNDS {
            basis = spread(sample, d, &basis).qr().compute_thin_Q();
        }
        // The axes within the subspace: eigenvectors of the sample's covariance there.
        let covariance = within(sample, d, &basis);
        let eigen = covariance.self_adjoint_eigen(Side::Lower).ok()?;
        let count = count.min(width);
        // Ascending as faer has them.
        let turned = Mat::from_fn(width, count, |i, j| eigen.U()[(i, width - 1 - j)]);
        let mut vectors = Mat::zeros(d, count);
        matmul(&mut vectors, Accum::Replace, &basis, &turned, 1.0, Par::Seq);
        let variance = (0..count).map(|j| eigen.S()[width - 1 - j].max(0.0) / m as f64).collect();
        Self::from_vectors(vectors, variance, total)
    }

    fn from_vectors(vectors: Mat<f64>, variance: Vec<f64>, total: f64) -> Option<Self> {
        let (d, h) = (vectors.nrows(), vectors.ncols());
        let mut gram = Mat::<f64>::zeros(h, h);
        matmul(&mut gram, Accum::Replace, vectors.transpose(), &vectors, 1.0, Par::Seq);
        let (mut square, unit) = (0.0, libm::exp2(-53.0));
        for j in 0..h {
            for i in 0..h {
                let e = gram[(i, j)] - f64::from(u8::from(i == j));
                square += e * e;
            }
        }
        let delta = square.sqrt() + 2.0 * (d * h) as f64 * unit;
        let rho = 1.1 * (d + 2) as f64 * unit * (h as f64).sqrt();
        let lost = 4.0 * (delta + rho) + 4.0 * (d + h + 4) as f64 * unit;
        // Beyond that the bound's steps do not hold, nor would it be worth anything.
        (lost < 1e-3).then_some(Self { vectors, variance, total, lost })
    }

    /// h
    #[must_use]
    pub fn count(&self) -> usize {
        self.vectors.ncols()
    }

    /// See *Heads* in [`crate::metric::form`].
    #[must_use]
    pub const fn lost(&self) -> f64 {
        self.lost
    }

    /// The share of the sample's squares that the first `h` axes hold.
    #[must_use]
    pub fn share(&self, h: usize) -> f64 {
        self.variance.iter().take(h).sum::<f64>() / self.total
    }

    /// Only the first `h` of them.
    #[must_use]
    pub fn first(&self, h: usize) -> Self {
        let vectors = self.vectors.subcols(0, h.min(self.count())).to_owned();
        Self { vectors, variance: self.variance.iter().take(h).copied().collect(), ..*self }
    }

    /// Coordinates of rows along the axes. `rows`: rows of d numbers; `into`: as many rows of h.
    pub fn project(&self, rows: &[f64], into: &mut [f64]) {
        let (d, h) = (self.vectors.nrows(), self.count());
        let n = into.len() / h;
        let rows = MatRef::from_row_major_slice(&rows[..n * d], n, d);
        let into = MatMut::from_row_major_slice_mut(into, n, h);
        matmul(into, Accum::Replace, rows, &self.vectors, 1.0, Par::Seq);
    }
}

/// XᵀXB, X the sample (m × d) and B the basis.
fn spread(sample: &[f32], d: usize, basis: &Mat<f64>) -> Mat<f64> {
    over_pieces(sample, d, basis, d, |x, y, sum| matmul(sum, Accum::Replace, x.transpose(), y, 1.0, Par::Seq))
}

/// BᵀXᵀXB
fn within(sample: &[f32], d: usize, basis: &Mat<f64>) -> Mat<f64> {
    over_pieces(sample, d, basis, basis.ncols(), |_, y, sum| matmul(sum, Accum::Replace, y.transpose(), y, 1.0, Par::Seq))
}

/// The sum over pieces of the sample of what `of` makes of one and its product with the basis: `rows` × the basis' width.
fn over_pieces(
    sample: &[f32],
    d: usize,
    basis: &Mat<f64>,
    rows: usize,
    of: impl Fn(MatRef<'_, f32>, &Mat<f32>, &mut Mat<f32>) + Sync,
) -> Mat<f64> {
    let (width, narrow) = (basis.ncols(), narrow(basis));
    let sum = sample
        .par_chunks(PIECE * d)
        .map(|piece| {
            let x = MatRef::from_row_major_slice(piece, piece.len() / d, d);
            let (mut y, mut part) = (Mat::<f32>::zeros(x.nrows(), width), Mat::<f32>::zeros(rows, width));
            matmul(&mut y, Accum::Replace, x, &narrow, 1.0, Par::Seq);
            of(x, &y, &mut part);
            part
        })
        .reduce_with(|a, b| a + b);
    Mat::from_fn(rows, width, |i, j| sum.as_ref().map_or(0.0, |sum| f64::from(sum[(i, j)])))
}

fn narrow(basis: &Mat<f64>) -> Mat<f32> {
    Mat::from_fn(basis.nrows(), basis.ncols(), |i, j| basis[(i, j)] as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows along two known directions, and a little noise.
    fn flat(rows: usize, d: usize) -> Vec<f32> {
        let mut state = 1u64;
        let mut draw = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as f64 / f64::from(1u32 << 31) * 2.0 - 1.0
        };
        let mut all = Vec::new();
        for _ in 0..rows {
            let (a, b) = (draw(), 0.3 * draw());
            for i in 0..d {
                let (u, v) = (f64::from(u8::from(i % 2 == 0)), f64::from(u8::from(i % 3 == 0)));
                all.push((a * u + b * v + 1e-3 * draw()) as f32);
            }
        }
        all
    }

    #[test]
    fn axes_of_a_plane_hold_nearly_everything() {
        let (rows, d) = (200, 90);
        let sample = flat(rows, d);
        let axes = Axes::of(&sample, d, 8).expect("there is variance");
        assert_eq!(axes.count(), 8);
        assert!(axes.share(2) > 0.9999 && axes.share(8) <= 1.0 + 1e-6, "{} {}", axes.share(2), axes.share(8));
        assert!(axes.share(1) < 0.99);
        assert!(axes.lost() < 1e-11, "{}", axes.lost());
        let wide: Vec<f64> = sample.iter().map(|&x| f64::from(x)).collect();
        let mut z = vec![0.0; rows * 2];
        axes.first(2).project(&wide, &mut z);
        for (x, z) in wide.chunks(d).zip(z.chunks(2)) {
            let (whole, kept): (f64, f64) = (x.iter().map(|x| x * x).sum(), z.iter().map(|z| z * z).sum());
            assert!(kept <= whole * (1.0 + 1e-12) && kept > whole - 1e-3, "{kept} of {whole}");
        }
    }

    #[test]
    fn there_are_no_axes_of_nothing() {
        assert!(Axes::of(&[0.0; 40], 4, 2).is_none());
        assert!(Axes::of(&[1.0; 4], 4, 2).is_none());
        assert!(Axes::of(&[f32::NAN; 40], 4, 2).is_none());
    }
}
