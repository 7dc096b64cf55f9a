//! Two blocks that are being compared: which of their rows may be pairs, and what is known of a pair, exactly or within bounds.

use super::block::Block;
use super::survey::Survey;
use crate::backend::cpu::dots;
use crate::metric::{Bounds, Frame};
use std::sync::atomic::{AtomicBool, AtomicU64};

/// A partner that is known within bounds.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// Within its block, in the order of screening.
    pub partner: u32,
    pub t: f32,
    /// t is that of all numbers of the rows: see [`Fine`](super::block::Fine).
    pub fine: bool,
}

impl Pending {
    /// Bytes that one takes.
    pub const SIZE: usize = size_of::<Self>();
}

/// What is constant while a pair of blocks is compared.
#[derive(Clone, Copy)]
pub struct Pairing<'a> {
    pub frame: &'a Frame,
    /// The surveys of the rows and of the columns: the same one when a collection is compared with itself.
    pub row_survey: &'a Survey,
    pub col_survey: &'a Survey,
    pub a: &'a Block,
    pub b: &'a Block,
    /// Rows and columns come from one collection.
    pub symmetric: bool,
    pub stop: &'a AtomicBool,
    /// Pairs scored exactly.
    pub refined: &'a AtomicU64,
}

impl Pairing<'_> {
    /// Whether row `i` of `a` and column `j` of `b` may be a pair of the result.
    pub(super) fn allowed(&self, i: usize, j: usize) -> bool {
        let (i, j) = (self.a.index(i), self.b.index(j));
        if self.symmetric && i == j {
            return false;
        }
        if let (Some(q), Some(r)) = (&self.row_survey.exhibits, &self.col_survey.exhibits)
            && q[i] == r[j]
        {
            return false;
        }
        self.row_survey.takes_part(i) && self.col_survey.takes_part(j)
    }

    /// The score of row `i` of `a` with column `j` of `b`: the definition.
    pub(super) fn score(&self, i: usize, j: usize) -> f64 {
        let (am, bm) = (self.row_survey.measures[self.a.index(i)], self.col_survey.measures[self.b.index(j)]);
        self.frame.metric().score(self.a.matrix.row(self.a.place(i)), am, self.b.matrix.row(self.b.place(j)), bm)
    }

    /// Whether pairs can be known better than the backend's t says, short of scoring them.
    pub(super) const fn is_coarse(&self) -> bool {
        self.a.fine.is_some() && self.b.fine.is_some()
    }

    /// t of all numbers of row `i` of `a` and columns of `b`, for blocks that have them.
    pub(super) fn sharpened<const N: usize>(&self, i: usize, columns: [usize; N]) -> [f32; N] {
        match (&self.a.fine, &self.b.fine) {
            (Some(a), Some(b)) => dots(a.row(i), columns.map(|j| b.row(j))),
            _ => [f32::NAN; N],
        }
    }

    fn bounds(&self, i: usize, of: Pending) -> (&Bounds, &Bounds) {
        let j = of.partner as usize;
        match (&self.a.fine, &self.b.fine) {
            (Some(a), Some(b)) if of.fine => (&a.bounds[i], &b.bounds[j]),
            _ => (&self.a.bounds[i], &self.b.bounds[j]),
        }
    }

    pub(super) fn upper(&self, i: usize, of: Pending) -> f64 {
        let (x, y) = self.bounds(i, of);
        self.frame.upper(of.t, x, y)
    }

    pub(super) fn lower(&self, i: usize, of: Pending) -> f64 {
        let (x, y) = self.bounds(i, of);
        self.frame.lower(of.t, x, y)
    }

    /// The greatest u (scaled) of row `i` with column `j`, by all their numbers.
    pub(super) fn sharp_upper(&self, i: usize, j: usize) -> f64 {
        let [t] = self.sharpened(i, [j]);
        self.upper(i, Pending { partner: j as u32, t, fine: true })
    }

    /// The same pairing, seen from the columns.
    pub(super) fn turned(&self) -> Self {
        Self { a: self.b, b: self.a, row_survey: self.col_survey, col_survey: self.row_survey, ..*self }
    }
}
