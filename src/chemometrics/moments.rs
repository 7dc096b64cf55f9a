//! Means and covariances of more rows than memory holds, in one pass.
//!
//! Rows come in blocks of [`BLOCK`]. Of each block the mean and the sum of products about that mean, S_b = Σ (x − m_b)(x − m_b)ᵀ,
//! are taken in f64 and joined to those of the rows before (T. F. Chan, G. H. Golub, R. J. LeVeque, *Updating formulae and a
//! pairwise algorithm for computing sample variances*, 1979): with δ = m_b − m,
//!
//! > m ← m + δ·n_b/(n + n_b),  S ← S + S_b + δδᵀ·n·n_b/(n + n_b).
//!
//! No product is ever taken about anything but a mean of 1,024 of the rows, so an offset common to all rows costs no digits, as it
//! would if Σxxᵀ − n·mmᵀ were formed: the relative error of S_jj is of the order of (n_b + number of blocks)·2⁻⁵³ (tested at an
//! offset of 10⁶ standard deviations). Blocks, their order and the order of summation within do not depend on memory or threads:
//! the same rows give the same bits.
//!
//! Shapes: rows n × d, mean d, covariance d × d (of which the lower triangle is kept, in panels of columns). Memory: 4·d² + 8·BLOCK·d
//! bytes and as much again for the block's parts under way.

use crate::matrix::Values;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

/// Rows that are taken together. Part of the definition: another number, other bits.
pub const BLOCK: usize = 1024;
/// Columns of a panel of the covariance.
const PANEL: usize = 128;

/// Sums of the rows seen so far.
#[derive(Clone, Debug)]
pub struct Moments {
    rows: usize,
    mean: Vec<f64>,
    /// Panel p holds rows p·PANEL.. of columns p·PANEL .. (p + 1)·PANEL of S.
    panels: Vec<Mat<f64>>,
    block: Vec<f64>,
}

impl Moments {
    /// Of rows with `width` numbers; none seen yet.
    #[must_use]
    pub fn new(width: usize) -> Self {
        let panels = (0..width).step_by(PANEL).map(|start| Mat::zeros(width - start, PANEL.min(width - start))).collect();
        Self { rows: 0, mean: vec![0.0; width], panels, block: Vec::new() }
    }

    /// Bytes that the sums of rows of `width` numbers take.
    #[must_use]
    pub const fn bytes(width: usize) -> u64 {
        let (d, panel) = (width as u64, PANEL as u64);
        8 * (d * (d + panel) / 2 + 2 * BLOCK as u64 * d)
    }

    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Takes in the next rows, row-major: [`BLOCK`] of them, but for the last ones. A part of a row at the end is left out.
    pub fn add(&mut self, rows: &Values) {
        let d = self.mean.len();
        let length = BLOCK * d.max(1);
        let blocks = rows.len().div_ceil(length);
        for b in 0..blocks {
            let span = b * length..((b + 1) * length).min(rows.len());
            let mut block = std::mem::take(&mut self.block);
            block.clear();
            match rows {
                Values::F32(v) => block.extend(v[span].iter().map(|&x| f64::from(x))),
                Values::F64(v) => block.extend_from_slice(&v[span]),
            }
            self.join(&mut block);
            self.block = block;
        }
    }

    /// Joins one block, which is left centred.
    fn join(&mut self, block: &mut [f64]) {
        let d = self.mean.len();
        let count = block.len() / d.max(1);
        if count == 0 {
            return;
        }
        let mut mean = vec![0.0; d];
        for row in block.chunks_exact(d) {
            mean.iter_mut().zip(row).for_each(|(m, x)| *m += x);
        }
        for m in &mut mean {
            *m /= count as f64;
        }
        block.par_chunks_exact_mut(d).for_each(|row| row.iter_mut().zip(&mean).for_each(|(x, m)| *x -= m));
        // What rounding the mean left over: the block's rows do not sum to zero exactly.
        let mut rest = vec![0.0; d];
        for row in block.chunks_exact(d) {
            rest.iter_mut().zip(row).for_each(|(r, x)| *r += x);
        }
        for r in &mut rest {
            *r /= count as f64;
        }
        let (before, more) = (self.rows as f64, count as f64);
        let delta: Vec<f64> = mean.iter().zip(&rest).zip(&self.mean).map(|((m, r), old)| (m - old) + r).collect();
        let weight = before * more / (before + more);
        let centred = MatRef::from_row_major_slice(&block[..count * d], count, d);
        self.panels.par_iter_mut().enumerate().for_each(|(p, panel)| {
            let start = p * PANEL;
            let (tall, wide) = (panel.nrows(), panel.ncols());
            let (left, right) = (centred.subcols(start, tall), centred.subcols(start, wide));
            matmul(panel.as_mut(), Accum::Add, left.transpose(), right, 1.0, Par::Seq);
            for j in 0..wide {
                for i in 0..tall {
                    let (a, b) = (start + i, start + j);
                    panel[(i, j)] += delta[a] * delta[b] * weight - rest[a] * rest[b] * more;
                }
            }
        });
        let share = more / (before + more);
        self.mean.iter_mut().zip(&delta).for_each(|(m, d)| *m += d * share);
        self.rows += count;
    }

    /// S_jj / (n − 1); zero where there are fewer than two rows.
    #[must_use]
    pub fn variances(&self) -> Vec<f64> {
        let over = self.rows.saturating_sub(1).max(1) as f64;
        (0..self.mean.len()).map(|j| (self.panels[j / PANEL][(j % PANEL, j % PANEL)] / over).max(0.0)).collect()
    }

    /// S / (n − 1), both triangles.
    #[must_use]
    pub fn covariance(&self) -> Mat<f64> {
        let over = self.rows.saturating_sub(1).max(1) as f64;
        let d = self.mean.len();
        Mat::from_fn(d, d, |i, j| {
            let (i, j) = if i < j { (j, i) } else { (i, j) };
            let start = j / PANEL * PANEL;
            self.panels[j / PANEL][(i - start, j - start)] / over
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Moments};
    use crate::draw::Stream;
    use crate::matrix::Values;

    fn rows(n: usize, d: usize, offset: f64) -> Vec<f64> {
        let mut stream = Stream::new(5, "moments", 0);
        (0..n * d).map(|i| stream.normal() * (1.0 + (i % d) as f64) + offset * (1.0 + (i % d) as f64)).collect()
    }

    /// By the definition: mean, then products about it.
    fn naive(x: &[f64], d: usize) -> (Vec<f64>, Vec<f64>) {
        let n = x.len() / d;
        let mean: Vec<f64> = (0..d).map(|j| (0..n).map(|i| x[i * d + j]).sum::<f64>() / n as f64).collect();
        let mut covariance = vec![0.0; d * d];
        for a in 0..d {
            for b in 0..d {
                let sum: f64 = (0..n).map(|i| (x[i * d + a] - mean[a]) * (x[i * d + b] - mean[b])).sum();
                covariance[a * d + b] = sum / (n - 1) as f64;
            }
        }
        (mean, covariance)
    }

    #[test]
    fn they_are_those_of_the_definition() {
        for (n, d) in [(2, 1), (5, 3), (BLOCK, 7), (BLOCK + 1, 4), (2 * BLOCK + 17, 130), (300, 257)] {
            let x = rows(n, d, 0.5);
            let (mean, covariance) = naive(&x, d);
            let mut moments = Moments::new(d);
            moments.add(&Values::F64(x));
            assert_eq!(moments.rows(), n);
            let found = moments.covariance();
            let sd: Vec<f64> = (0..d).map(|j| covariance[j * d + j].sqrt()).collect();
            for a in 0..d {
                assert!((moments.mean()[a] - mean[a]).abs() <= 1e-13 * (mean[a].abs() + sd[a]), "{n} × {d}: mean {a}");
                assert!((moments.variances()[a] - covariance[a * d + a]).abs() <= 1e-12 * covariance[a * d + a]);
                for b in 0..d {
                    let off = (found[(a, b)] - covariance[a * d + b]).abs();
                    assert!(off <= 1e-12 * sd[a] * sd[b], "{n} × {d}: ({a}, {b}) differs by {off:e}");
                }
            }
        }
    }

    #[test]
    fn an_offset_costs_no_digits() {
        let (n, d) = (3 * BLOCK + 5, 6);
        let x = rows(n, d, 0.0);
        // A multiple of a power of two is added without rounding most of the time; what rounding there is belongs to the input.
        let shifted: Vec<f64> = x.iter().map(|v| v + 1_048_576.0).collect();
        let back: Vec<f64> = shifted.iter().map(|v| v - 1_048_576.0).collect();
        let (mut plain, mut far) = (Moments::new(d), Moments::new(d));
        plain.add(&Values::F64(back));
        far.add(&Values::F64(shifted));
        for (a, b) in plain.variances().iter().zip(far.variances()) {
            assert!((a - b).abs() <= 1e-12 * a, "{a} {b}");
        }
    }

    #[test]
    fn pieces_of_whole_blocks_and_threads_change_no_bit() {
        let (n, d) = (4 * BLOCK + 100, 140);
        let x: Vec<f32> = rows(n, d, 3.0).into_iter().map(|v| v as f32).collect();
        let whole = |threads: usize, step: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let mut moments = Moments::new(d);
                x.chunks(step * BLOCK * d).for_each(|part| moments.add(&Values::F32(part.to_vec())));
                (moments.mean().to_vec(), moments.covariance())
            })
        };
        let first = whole(1, 1);
        assert!([(2, 1), (3, 2), (2, 5)].into_iter().all(|(threads, step)| whole(threads, step) == first));
    }
}
