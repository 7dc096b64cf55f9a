//! Shapes: how a tile of t is shared out to a workgroup's threads. Which one is fastest differs from card to card and with the rows' width;
//! [`super::tune`] finds out.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a panel's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Number {
    /// f32
    Single,
    /// f16, multiplied and summed as f32.
    Half,
}

/// Who sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// Threads, out of the memory that a workgroup shares; `step` features are brought there at a time.
    Staged { step: u32 },
    /// Threads, straight from the panels.
    Direct,
    /// Matrices of a subgroup, `size` × `size` numbers each.
    Cooperative { size: u32 },
}

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Of the workgroup's tile.
    pub rows: u32,
    pub cols: u32,
    /// Rows of a thread, or matrices one above the other.
    pub down: u32,
    /// Columns of a thread, or matrices side by side.
    pub across: u32,
    /// Sums of so many features are formed first and then added; 0: one sum of all.
    pub chunk: u32,
    pub means: Means,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, cols, down, across, chunk, means } = self;
        match means {
            Means::Staged { step } => write!(f, "{rows}×{cols} by {down}×{across}, {step} staged")?,
            Means::Direct => write!(f, "{rows}×{cols} by {down}×{across}, direct")?,
            Means::Cooperative { size } => write!(f, "{rows}×{cols} by matrices of {size}×{size}")?,
        }
        if *chunk > 0 { write!(f, ", chunks of {chunk}") } else { Ok(()) }
    }
}

/// Rows of panels are counted on to follow the last one, so that no shape must ask whether a row is there.
pub const LARGEST: u32 = 128;

impl Shape {
    const fn staged(rows: u32, cols: u32, down: u32, across: u32, step: u32, chunk: u32) -> Self {
        Self { rows, cols, down, across, chunk, means: Means::Staged { step } }
    }

    const fn cooperative(size: u32, down: u32, across: u32) -> Self {
        Self { rows: size * down, cols: size * across, down, across, chunk: 0, means: Means::Cooperative { size } }
    }

    /// What is taken where nothing was tuned.
    pub const DEFAULT: Self = Self::staged(64, 64, 4, 4, 16, 128);

    /// All that are tried. The first is [`Self::DEFAULT`].
    pub const ALL: [Self; 12] = [
        Self::DEFAULT,
        Self::staged(32, 32, 4, 4, 16, 128),
        Self::staged(128, 64, 8, 4, 16, 128),
        Self::staged(64, 128, 8, 8, 16, 0),
        Self::staged(128, 128, 8, 8, 16, 0),
        Self::staged(128, 128, 8, 8, 8, 0),
        Self { rows: 64, cols: 64, down: 4, across: 4, chunk: 128, means: Means::Direct },
        Self { rows: 128, cols: 128, down: 8, across: 8, chunk: 0, means: Means::Direct },
        Self::cooperative(16, 4, 4),
        Self::cooperative(16, 2, 4),
        Self::cooperative(16, 2, 2),
        Self::cooperative(8, 4, 4),
    ];

    /// Threads of a workgroup.
    #[must_use]
    pub const fn threads(&self) -> u32 {
        match self.means {
            Means::Cooperative { .. } => 32,
            _ => self.rows / self.down * (self.cols / self.across),
        }
    }

    /// Bytes that a workgroup shares.
    #[must_use]
    pub const fn shared_bytes(&self) -> u32 {
        match self.means {
            Means::Staged { step } => (self.rows + self.cols) * step * 4,
            Means::Direct => 0,
            Means::Cooperative { size } => size * self.cols * 4,
        }
    }

    /// What a number is for this shape, where panels may hold halves: matrices of eight exist for f32 alone.
    #[must_use]
    pub const fn takes(&self, number: Number) -> bool {
        match self.means {
            Means::Cooperative { size: 16 } => matches!(number, Number::Half),
            Means::Cooperative { .. } => matches!(number, Number::Single),
            _ => true,
        }
    }

    /// Additions that a t of `d` terms passes at most, in units of half an ulp of f32 ([`crate::metric::form`]).
    ///
    /// For threads, who round as IEEE 754 says, this is a proof. What matrices of a subgroup do is the maker's affair (Vulkan promises
    /// no more than an implementation-defined precision). Tensor units were found to add the terms of a step, 4 to 16 of them and the sum so far,
    /// exactly but for cutting each off at the last place of the greatest (Fasi, Higham, Mikaitis, Pranesh 2021,
    /// doi:10.7717/peerj-cs.330): with 4 terms and no bits to spare, the worst seen, six cuts of an ulp for four terms: 3 d halves.
    /// 4 d is taken, and [`super::tune`] admits no such shape whose errors on sums made to show them exceed a half of that.
    #[must_use]
    pub const fn depth(&self, d: usize) -> usize {
        match self.means {
            Means::Cooperative { .. } => 4 * d + 8,
            _ if self.chunk == 0 => d,
            _ => {
                let chunk = self.chunk as usize;
                (if chunk < d { chunk } else { d }) + d.div_ceil(chunk)
            }
        }
    }

    /// Numbers of a row are filled up to a multiple of this.
    #[must_use]
    pub const fn pad(&self) -> u32 {
        match self.means {
            Means::Cooperative { size } => size,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_whole() {
        for shape in Shape::ALL {
            assert!(shape.rows <= LARGEST && shape.cols <= LARGEST, "{shape}");
            assert!(shape.threads() <= 256 && shape.threads() % 32 == 0, "{shape}");
            assert!(shape.shared_bytes() <= 16 << 10, "{shape}: what every device has");
            assert_eq!((shape.rows % shape.down, shape.cols % shape.across), (0, 0), "{shape}");
            if let Means::Staged { .. } | Means::Direct = shape.means {
                assert_eq!((shape.down % 4, shape.across % 4), (0, 0), "{shape}: quads");
            }
            assert!(shape.depth(1000) >= 8 + if shape.chunk > 0 { 128 } else { 992 }, "{shape}");
        }
    }
}
