//! Histograms of oriented gradients.
//!
//! ```text
//! cell histogram:  h_b = Σ |g| · (share in bin b by linear interpolation in orientation) · (share in the cell, linear in x and y)
//! block of k × k neighbouring cells:  v ← v/√(‖v‖² + ε²),  v ← min(v, 0.2),  v ← v/√(‖v‖² + ε²)      (L2-Hys)
//! ```
//! Source: N. Dalal, B. Triggs, doi:10.1109/CVPR.2005.177. Orientations are without sign: 0 … π in `bins` bins with their centres at (b + ½)π/bins. Blocks
//! overlap: one begins at each cell. Layout: `[block row][block column][cell row][cell column][bin]`. Pixels right of and below the last whole cell
//! count for nothing. ε is 1e-3 gradients of one whole cell: a block without edges is near 0, and noise in it stays small.
//!
//! Not done: the paper's Gaussian window over a block, signed orientations, invariance to rotation.

use super::gradient::gradient;
use super::grey::Grey;

/// How a picture is cut up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hog {
    /// Side of a cell in pixels.
    pub cell: usize,
    /// Side of a block in cells.
    pub block: usize,
    pub bins: usize,
}

impl Default for Hog {
    fn default() -> Self {
        Self { cell: 32, block: 2, bins: 9 }
    }
}

impl Hog {
    /// How many numbers a picture of this size has: 0 where not one block fits.
    #[must_use]
    pub fn length(&self, width: usize, height: usize) -> usize {
        let (across, down) = self.blocks(width, height);
        across * down * self.block * self.block * self.bins
    }

    fn blocks(&self, width: usize, height: usize) -> (usize, usize) {
        if self.cell == 0 || self.block == 0 || self.bins == 0 {
            return (0, 0);
        }
        ((width / self.cell + 1).saturating_sub(self.block), (height / self.cell + 1).saturating_sub(self.block))
    }

    /// The descriptor; empty where not one block fits.
    #[must_use]
    pub fn of(&self, picture: &Grey) -> Vec<f32> {
        let (across, down) = self.blocks(picture.width(), picture.height());
        if across == 0 || down == 0 {
            return Vec::new();
        }
        let cells = self.cells(picture);
        let columns = picture.width() / self.cell;
        let least = 1e-3 * (self.cell * self.cell) as f64;
        let mut out = Vec::with_capacity(self.length(picture.width(), picture.height()));
        for top in 0..down {
            for left in 0..across {
                let start = out.len();
                for row in top..top + self.block {
                    let from = (row * columns + left) * self.bins;
                    out.extend_from_slice(&cells[from..from + self.block * self.bins]);
                }
                let block = &mut out[start..];
                unit(block, least);
                for v in block.iter_mut() {
                    *v = v.min(0.2);
                }
                unit(block, 1e-6);
            }
        }
        out.into_iter().map(|v| v as f32).collect()
    }

    fn cells(&self, picture: &Grey) -> Vec<f64> {
        let (width, columns, rows) = (picture.width(), picture.width() / self.cell, picture.height() / self.cell);
        let mut cells = vec![0.0; columns * rows * self.bins];
        for (i, &(gx, gy)) in gradient(picture).iter().enumerate() {
            let size = (f64::from(gx) * f64::from(gx) + f64::from(gy) * f64::from(gy)).sqrt();
            let (x, y) = (i % width, i / width);
            if size == 0.0 || x >= columns * self.cell || y >= rows * self.cell {
                continue;
            }
            let turn = libm::atan2(f64::from(gy), f64::from(gx)) / std::f64::consts::PI;
            let at = (turn - libm::floor(turn)) * self.bins as f64 - 0.5;
            for (bin, in_bin) in two(at) {
                let bin = bin.rem_euclid(self.bins as isize) as usize;
                for (row, in_row) in two((y as f64 + 0.5) / self.cell as f64 - 0.5) {
                    for (column, in_column) in two((x as f64 + 0.5) / self.cell as f64 - 0.5) {
                        if (0..rows as isize).contains(&row) && (0..columns as isize).contains(&column) {
                            let at = (row as usize * columns + column as usize) * self.bins + bin;
                            cells[at] += size * in_bin * in_row * in_column;
                        }
                    }
                }
            }
        }
        cells
    }
}

/// The two whole numbers around a place, and the share of each.
fn two(at: f64) -> [(isize, f64); 2] {
    let low = libm::floor(at);
    [(low as isize, 1.0 - (at - low)), (low as isize + 1, at - low)]
}

fn unit(v: &mut [f64], least: f64) {
    let norm = (v.iter().map(|x| x * x).sum::<f64>() + least * least).sqrt();
    for x in v {
        *x /= norm;
    }
}

#[cfg(test)]
mod tests {
    use super::Hog;
    use crate::draw::Stream;
    use crate::picture::gradient::gradient;
    use crate::picture::grey::Grey;

    /// One bin of one cell by the formula: tents over orientation, x and y.
    fn naive_cell(hog: &Hog, picture: &Grey, row: usize, column: usize, bin: usize) -> f64 {
        let tent = |d: f64| (1.0 - d.abs()).max(0.0);
        let middle = |i: usize| (i as f64 + 0.5) * hog.cell as f64 - 0.5;
        let mut sum = 0.0;
        for (i, (gx, gy)) in gradient(picture).into_iter().enumerate() {
            let (x, y) = ((i % picture.width()) as f64, (i / picture.width()) as f64);
            let angle = f64::from(gy).atan2(f64::from(gx)).rem_euclid(std::f64::consts::PI);
            let off = angle / std::f64::consts::PI * hog.bins as f64 - (bin as f64 + 0.5);
            let around = [off, off - hog.bins as f64, off + hog.bins as f64].map(tent).iter().sum::<f64>();
            let place = tent((x - middle(column)) / hog.cell as f64) * tent((y - middle(row)) / hog.cell as f64);
            sum += f64::from(gx).hypot(f64::from(gy)) * around * place;
        }
        sum
    }

    #[test]
    fn cells_are_the_definition() {
        let mut draw = Stream::new(3, "hog", 0);
        let picture = Grey::new(16, 12, (0..192).map(|_| draw.uniform() as f32).collect()).expect("fits");
        let hog = Hog { cell: 4, block: 2, bins: 5 };
        let cells = hog.cells(&picture);
        for row in 0..3 {
            for column in 0..4 {
                for bin in 0..5 {
                    let got = cells[(row * 4 + column) * 5 + bin];
                    assert!((got - naive_cell(&hog, &picture, row, column, bin)).abs() < 1e-9);
                }
            }
        }
        assert_eq!(hog.of(&picture).len(), hog.length(16, 12));
        assert_eq!(hog.length(16, 12), 3 * 2 * 4 * 5);
    }

    #[test]
    fn an_upright_edge_is_in_the_bins_at_its_normal() {
        let picture = Grey::new(64, 64, (0..64 * 64).map(|i| if i % 64 < 32 { 0.0 } else { 1.0 }).collect()).expect("fits");
        let all = Hog { cell: 16, block: 2, bins: 9 }.of(&picture);
        // The gradient points along x, angle 0: half in the first bin, half in the last.
        let middle = &all[(3 + 1) * 36..][..36];
        for cell in middle.chunks(9) {
            assert!((cell[0] - 0.354).abs() < 1e-3 && (cell[8] - 0.354).abs() < 1e-3, "{cell:?}");
            assert!(cell[1..8].iter().all(|v| v.abs() < 1e-6));
        }
        assert!(Hog { cell: 64, block: 2, bins: 9 }.of(&picture).is_empty());
        assert!(Hog { cell: 0, block: 2, bins: 9 }.of(&picture).is_empty());
    }
}
