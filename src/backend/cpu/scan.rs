//! The scan of a tile against the floors: the test of [`crate::backend`], a row at a time.

use crate::backend::{Operand, Picked, Tile};
use crate::metric::Step;
use std::marker::PhantomData;

/// Scans a tile.
pub type Scan = fn(f32, &Operand, &Operand, &Tile, &[f32], usize, &[f32], Option<&[f32]>, &mut Vec<Picked>);

/// Columns tested together before any is looked at alone.
const STEP: usize = 64;

/// Appends to `picked` the pairs of the tile that pass.
#[allow(clippy::too_many_arguments, reason = "the test has this many inputs; a struct for one caller would only rename them")]
pub fn scan<S: Step>(
    gain: f32,
    a: &Operand,
    b: &Operand,
    tile: &Tile,
    t: &[f32],
    stride: usize,
    row_floors: &[f32],
    col_floors: Option<&[f32]>,
    picked: &mut Vec<Picked>,
) {
    let cols = tile.cols.clone();
    let (reach, lift) = (&b.reach[cols.clone()], &b.lift[cols.clone()]);
    for (r, i) in tile.rows.clone().enumerate() {
        let row = Row::<S> {
            gain,
            t: &t[r * stride..r * stride + cols.len()],
            reach,
            lift,
            floor: row_floors[r],
            own_reach: a.reach[i],
            own_lift: a.lift[i],
            col_floors,
            step: PhantomData,
        };
        // On the diagonal of a collection with itself, only partners behind the row.
        let first = if tile.upper { (i + 1).saturating_sub(cols.start).min(cols.len()) } else { 0 };
        let mut c = first / STEP * STEP;
        while c < cols.len() {
            let end = (c + STEP).min(cols.len());
            if row.any(c, end) {
                for col in c.max(first)..end {
                    if row.passes(col) {
                        picked.push(Picked { row: index(i), col: index(cols.start + col), t: row.t[col] });
                    }
                }
            }
            c = end;
        }
    }
}

/// Blocks hold fewer than 2³² rows: the plan sees to it.
fn index(i: usize) -> u32 {
    i as u32
}

struct Row<'a, S> {
    gain: f32,
    t: &'a [f32],
    reach: &'a [f32],
    lift: &'a [f32],
    floor: f32,
    own_reach: f32,
    own_lift: f32,
    col_floors: Option<&'a [f32]>,
    step: PhantomData<S>,
}

impl<S: Step> Row<'_, S> {
    #[inline(always)]
    fn passes(&self, c: usize) -> bool {
        let s = S::bound(self.gain, self.t[c], self.own_reach, self.reach[c]);
        s + self.lift[c] >= self.floor || self.col_floors.is_some_and(|floors| s + self.own_lift >= floors[c])
    }

    #[inline(always)]
    fn any_of(&self, start: usize, end: usize) -> bool {
        let span = start..end;
        let (t, reach, lift) = (&self.t[span.clone()], &self.reach[span.clone()], &self.lift[span.clone()]);
        let mut any = false;
        if let Some(floors) = self.col_floors {
            let floors = &floors[span];
            for c in 0..t.len() {
                let s = S::bound(self.gain, t[c], self.own_reach, reach[c]);
                any |= s + lift[c] >= self.floor;
                any |= s + self.own_lift >= floors[c];
            }
        } else {
            for c in 0..t.len() {
                let s = S::bound(self.gain, t[c], self.own_reach, reach[c]);
                any |= s + lift[c] >= self.floor;
            }
        }
        any
    }

    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn any(&self, start: usize, end: usize) -> bool {
        #[target_feature(enable = "avx2")]
        fn avx2<S: Step>(row: &Row<'_, S>, start: usize, end: usize) -> bool {
            row.any_of(start, end)
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was just found.
            unsafe { avx2(self, start, end) }
        } else {
            self.any_of(start, end)
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn any(&self, start: usize, end: usize) -> bool {
        self.any_of(start, end)
    }
}
