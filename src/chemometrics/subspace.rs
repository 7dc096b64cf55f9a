//! The first principal axes of rows that are too many for memory and too wide for a covariance matrix, in a few passes.
//!
//! Randomised block Krylov iteration with Rayleigh–Ritz (C. Musco, C. Musco, *Randomized block Krylov methods for stronger and faster
//! approximate singular value decomposition*, arXiv:1504.05477; restarted as in K. Wu, H. Simon, doi:10.1137/S0895479898334605): with
//! C = Σ (x − m)(x − m)ᵀ / (n − 1) and an orthonormal block Q₁ (d × l, l = k + [`MORE`]) of random directions, each pass over the rows
//! gives the image CQ_j of the newest block. The next block is an orthonormal basis of what that image holds beyond all blocks so far;
//! the Ritz pairs of VᵀCV, V being all blocks, are the best that their span holds. Past [`BLOCKS`] blocks the leading Ritz vectors
//! take their place, whose images are known. It ends when the residual ‖Cv − λv‖ of each wanted pair is at most [`ENOUGH`]·λ₁ (then
//! |λ − λ_true| ≤ that, and of the order of its square over the gap to other eigenvalues; v is off by residual over gap), when the
//! span holds all there is, or after [`PASSES`]; the residuals are kept with the model.
//!
//! Shapes: rows n × d, axes d × k. Memory: see [`Subspace::bytes`]. The numbers do not depend on memory or threads.

use crate::draw::Stream;
use crate::matrix::Values;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par, Side};
use rayon::prelude::*;

/// Directions carried along beside those that are asked for.
pub const MORE: usize = 16;
/// Residual, relative to the first eigenvalue, at which a pair is taken as found.
pub const ENOUGH: f64 = 1e-13;
/// Most passes over the rows after the one for means.
pub const PASSES: usize = 60;
/// Blocks that are kept before the leading Ritz vectors replace them.
pub const BLOCKS: usize = 10;
/// Rows that are multiplied together. Part of the definition.
pub const BLOCK: usize = 256;
/// Features of a panel.
const PANEL: usize = 1024;

/// An iteration under way: call [`Self::add`] with all rows, then [`Self::end_pass`], until that answers true.
#[derive(Debug)]
pub struct Subspace {
    wanted: usize,
    rows: usize,
    mean: Vec<f64>,
    /// What each feature is multiplied with after centring.
    scale: Option<Vec<f64>>,
    /// The block whose image this pass finds, d × l or narrower.
    newest: Mat<f64>,
    product: Mat<f64>,
    /// V, orthonormal, and its image CV.
    basis: Mat<f64>,
    images: Mat<f64>,
    pub axes: Mat<f64>,
    pub eigenvalues: Vec<f64>,
    pub residuals: Vec<f64>,
    pub passes: usize,
}

impl Subspace {
    /// For the first `wanted` axes of `rows` rows with this mean. `wanted` is cut to what there can be.
    #[must_use]
    pub fn new(rows: usize, mean: Vec<f64>, scale: Option<Vec<f64>>, wanted: usize, seed: u64) -> Self {
        let d = mean.len();
        let wanted = wanted.min(d).min(rows.saturating_sub(1)).max(1);
        let l = (wanted + MORE).min(d);
        let mut stream = Stream::new(seed, "subspace", 0);
        let newest = Mat::from_fn(d, l, |_, _| stream.normal()).qr().compute_thin_Q();
        let product = Mat::zeros(d, l);
        let (basis, images) = (Mat::zeros(d, 0), Mat::zeros(d, 0));
        let (axes, none) = (Mat::zeros(d, wanted), vec![0.0; wanted]);
        Self {
            wanted,
            rows,
            mean,
            scale,
            newest,
            product,
            basis,
            images,
            axes,
            eigenvalues: none.clone(),
            residuals: none,
            passes: 0,
        }
    }

    /// Bytes that it takes.
    #[must_use]
    pub const fn bytes(width: usize, wanted: usize) -> u64 {
        // Basis and images, both copied when they grow; blocks under way; rows.
        8 * (width as u64) * ((4 * (BLOCKS + 1) as u64 + 6) * (wanted + MORE) as u64 + BLOCK as u64 + 4)
    }

    /// Takes in the next rows: whole blocks of [`BLOCK`], but for the last ones.
    pub fn add(&mut self, rows: &Values) {
        let d = self.mean.len();
        let l = self.newest.ncols();
        let length = BLOCK * d.max(1);
        for b in 0..rows.len().div_ceil(length) {
            let span = b * length..((b + 1) * length).min(rows.len());
            let mut block = rows.span(span);
            let count = block.len() / d.max(1);
            let (mean, scale) = (&self.mean, self.scale.as_deref());
            block.par_chunks_mut(d).for_each(|row| {
                row.iter_mut().zip(mean).for_each(|(x, m)| *x -= m);
                if let Some(scale) = scale {
                    row.iter_mut().zip(scale).for_each(|(x, s)| *x *= s);
                }
            });
            let centred = MatRef::from_row_major_slice(&block[..count * d], count, d);
            // Coordinates, by parts of the block; then their products with the features, by panels of these.
            let mut coordinates = Mat::<f64>::zeros(count, l);
            let parts: Vec<(usize, Mat<f64>)> = (0..count)
                .step_by(64)
                .collect::<Vec<_>>()
                .into_par_iter()
                .map(|start| {
                    let tall = 64.min(count - start);
                    let mut part = Mat::zeros(tall, l);
                    matmul(part.as_mut(), Accum::Replace, centred.subrows(start, tall), self.newest.as_ref(), 1.0, Par::Seq);
                    (start, part)
                })
                .collect();
            for (start, part) in parts {
                coordinates.as_mut().subrows_mut(start, part.nrows()).copy_from(&part);
            }
            let coordinates = coordinates.as_ref();
            let starts: Vec<usize> = (0..d).step_by(PANEL).collect();
            let panels: Vec<(usize, Mat<f64>)> = starts
                .into_par_iter()
                .map(|start| {
                    let wide = PANEL.min(d - start);
                    let mut panel = Mat::zeros(wide, l);
                    let features = centred.subcols(start, wide);
                    matmul(panel.as_mut(), Accum::Replace, features.transpose(), coordinates, 1.0, Par::Seq);
                    (start, panel)
                })
                .collect();
            for (start, panel) in panels {
                let mut into = self.product.as_mut().subrows_mut(start, panel.nrows());
                into += &panel;
            }
        }
    }

    /// Ends a pass; true when it was the last one.
    pub fn end_pass(&mut self) -> bool {
        let d = self.newest.nrows();
        let over = self.rows.saturating_sub(1).max(1) as f64;
        let mut image = std::mem::replace(&mut self.product, Mat::zeros(0, 0));
        image.as_mut().col_iter_mut().for_each(|column| column.iter_mut().for_each(|x| *x /= over));
        let newest = std::mem::replace(&mut self.newest, Mat::zeros(0, 0));
        self.passes += 1;
        self.basis = beside(&self.basis, &newest);
        self.images = beside(&self.images, &image);
        let all = self.basis.ncols();
        let small = product(self.basis.transpose(), self.images.as_ref());
        let symmetric = Mat::from_fn(all, all, |i, j| 0.5 * (small[(i, j)] + small[(j, i)]));
        let Ok(eigen) = symmetric.self_adjoint_eigen(Side::Lower) else { return true };
        // Ascending as faer has them.
        let leading = |count: usize| Mat::from_fn(all, count, |i, j| eigen.U()[(i, all - 1 - j)]);
        let turn = leading(self.wanted);
        self.eigenvalues = (0..self.wanted).map(|j| eigen.S()[all - 1 - j].max(0.0)).collect();
        self.axes = product(self.basis.as_ref(), turn.as_ref());
        let seen = product(self.images.as_ref(), turn.as_ref());
        let first = self.eigenvalues[0];
        self.residuals = (0..self.wanted)
            .map(|j| {
                let square: f64 = (0..d).map(|i| seen[(i, j)] - self.eigenvalues[j] * self.axes[(i, j)]).map(|r| r * r).sum();
                if first > 0.0 { square.sqrt() / first } else { 0.0 }
            })
            .collect();
        if self.residuals.iter().all(|&r| r <= ENOUGH) || self.passes >= PASSES {
            return true;
        }
        let next = beyond(&self.basis, image);
        if next.ncols() == 0 {
            // The span is its own image: it holds all that it will.
            return true;
        }
        let l = self.wanted + MORE;
        if all > BLOCKS * l {
            let turn = leading(l);
            self.basis = product(self.basis.as_ref(), turn.as_ref());
            self.images = product(self.images.as_ref(), turn.as_ref());
        }
        self.product = Mat::zeros(d, next.ncols());
        self.newest = next;
        false
    }
}

fn product(left: MatRef<'_, f64>, right: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(left.nrows(), right.ncols());
    matmul(out.as_mut(), Accum::Replace, left, right, 1.0, Par::Seq);
    out
}

/// The columns of both.
fn beside(left: &Mat<f64>, right: &Mat<f64>) -> Mat<f64> {
    let mut both = Mat::zeros(left.nrows(), left.ncols() + right.ncols());
    both.as_mut().subcols_mut(0, left.ncols()).copy_from(left);
    both.as_mut().subcols_mut(left.ncols(), right.ncols()).copy_from(right);
    both
}

/// An orthonormal basis of what columns hold beyond an orthonormal `basis`; those that hold nothing but rounding are left out.
fn beyond(basis: &Mat<f64>, mut columns: Mat<f64>) -> Mat<f64> {
    let largest = columns.col_iter().map(|c| c.norm_l2()).fold(0.0, f64::max);
    // Twice is enough (L. Giraud, J. Langou, M. Rozložník, doi:10.1016/j.camwa.2004.08.009).
    for _ in 0..2 {
        let shared = product(basis.transpose(), columns.as_ref());
        matmul(columns.as_mut(), Accum::Add, basis.as_ref(), shared.as_ref(), -1.0, Par::Seq);
    }
    let room = basis.nrows() - basis.ncols();
    let decomposed = columns.col_piv_qr();
    let rank = (0..columns.ncols().min(room)).take_while(|&j| decomposed.R()[(j, j)].abs() > 1e-14 * largest).count();
    let mut next = decomposed.compute_thin_Q().subcols(0, rank).to_owned();
    // A column that was nearly all in the basis has little left that is exactly across.
    let shared = product(basis.transpose(), next.as_ref());
    matmul(next.as_mut(), Accum::Add, basis.as_ref(), shared.as_ref(), -1.0, Par::Seq);
    if rank == 0 { next } else { next.qr().compute_thin_Q() }
}

#[cfg(test)]
mod tests {
    use super::Subspace;
    use crate::chemometrics::moments::Moments;
    use crate::draw::Stream;
    use crate::matrix::Values;
    use faer::Side;

    /// Rows with falling variances along mixed directions, far from zero.
    fn rows(n: usize, d: usize) -> Vec<f64> {
        let mut stream = Stream::new(9, "rows", 0);
        let parts: Vec<Vec<f64>> = (0..8).map(|_| (0..d).map(|_| stream.normal()).collect()).collect();
        (0..n)
            .flat_map(|_| {
                let weights: Vec<f64> = (0..8).map(|p| stream.normal() * libm::exp2(-f64::from(p))).collect();
                let noise: Vec<f64> = (0..d).map(|_| 0.01 * stream.normal()).collect();
                (0..d).map(|j| 100.0 + noise[j] + (0..8).map(|p| weights[p] * parts[p][j]).sum::<f64>()).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn it_finds_the_eigenvectors_of_the_covariance() {
        // Of more than the eight directions that stand out the axes lie in noise, one hardly before another.
        for (n, d, scaled, wanted) in
            [(700, 90, false, 5), (40, 2100, false, 5), (600, 50, true, 5), (2000, 400, false, 12), (12, 30, false, 11)]
        {
            let x = rows(n, d);
            let mut moments = Moments::new(d);
            moments.add(&Values::F64(x.clone()));
            let scale = scaled.then(|| moments.variances().iter().map(|v| 1.0 / v.sqrt()).collect::<Vec<_>>());
            let covariance = moments.covariance();
            let s = scale.clone().unwrap_or_else(|| vec![1.0; d]);
            let covariance = faer::Mat::from_fn(d, d, |i, j| covariance[(i, j)] * s[i] * s[j]);
            let eigen = covariance.self_adjoint_eigen(Side::Lower).expect("symmetric");
            let mut found = Subspace::new(n, moments.mean().to_vec(), scale, wanted, 1);
            loop {
                x.chunks(super::BLOCK * d).for_each(|part| found.add(&Values::F64(part.to_vec())));
                if found.end_pass() {
                    break;
                }
            }
            assert!(found.residuals.iter().all(|&r| r <= super::ENOUGH), "{n} × {d}: {:?} in {}", found.residuals, found.passes);
            for k in 0..wanted {
                let expected = eigen.S()[d - 1 - k];
                assert!(
                    (found.eigenvalues[k] - expected).abs() <= 1e-10 * eigen.S()[d - 1],
                    "{k}: {} {expected}",
                    found.eigenvalues[k]
                );
                let cosine: f64 = (0..d).map(|i| found.axes[(i, k)] * eigen.U()[(i, d - 1 - k)]).sum();
                assert!((cosine.abs() - 1.0).abs() < 1e-8 || (d == 30 && k > 8), "{n} × {d}, axis {k}: {cosine}");
            }
        }
    }

    #[test]
    fn rows_without_variance_end_at_once() {
        let mut found = Subspace::new(3, vec![1.0; 4], None, 2, 1);
        found.add(&Values::F64(vec![1.0; 12]));
        assert!(found.end_pass());
        assert_eq!(found.eigenvalues, [0.0, 0.0]);
    }
}
