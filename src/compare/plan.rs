//! Which blocks of rows are read when, and which tiles they are cut into. Pure arithmetic: no data, no device.
//!
//! Two blocks are in memory at a time, `a` and `b`, and the rows of the next one as they are read meanwhile. A collection compared with itself visits its blocks so that each diagonal
//! comes when a block is first in memory, and walks back at the end of a row, so that one block stays (B blocks: B(B−1)/2 + 1
//! reads). A collection against a reference goes to and fro over the reference's blocks.

use super::error::{Error, bytes};
use crate::backend::{GROUP, Tile, TileShape};
use std::ops::Range;

/// What the process needs before any data: code, stacks, the reader's process, allocator slack.
pub const OVERHEAD: u64 = 36 << 20;

/// Sizes that decide a plan.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub queries: usize,
    /// `None`: the queries are compared with themselves.
    pub references: Option<usize>,
    /// Bytes that a row of a block takes.
    pub row_bytes: usize,
    /// Bytes of a row as it is read.
    pub raw_bytes: usize,
    /// Bytes kept for every query throughout: survey, ranking.
    pub query_bytes: usize,
    /// Bytes kept for every reference throughout.
    pub reference_bytes: usize,
    /// Bytes of the backend and of reading.
    pub scratch: usize,
    pub memory: u64,
}

/// The blocks of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub queries: Vec<Range<usize>>,
    /// `None`: the queries' own.
    pub references: Option<Vec<Range<usize>>>,
}

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Compare block `i` of the queries with itself.
    Diagonal(usize),
    /// Compare block `i` of the queries with block `j` of the references (or of the queries, `i < j`).
    Pair(usize, usize),
}

impl Step {
    /// Which block must be read for this step when `a` and `b` hold these: whether of the references, and its number.
    #[must_use]
    pub fn reads(self, mut a: Option<usize>, mut b: Option<usize>, references: bool) -> Option<(bool, usize)> {
        match self {
            Self::Diagonal(i) => (if i == 0 { a } else { b } != Some(i)).then_some((false, i)),
            Self::Pair(i, j) => {
                if !references && b == Some(i) {
                    a = b.take();
                }
                if a == Some(i) { (b != Some(j)).then_some((references, j)) } else { Some((false, i)) }
            }
        }
    }
}

impl Plan {
    /// Cuts the rows into as few blocks as memory allows.
    ///
    /// # Errors
    /// When not even blocks of one group of rows fit.
    pub fn new(sizes: &Sizes) -> Result<Self, Error> {
        let (per_row, raw) = (sizes.row_bytes as u64, sizes.raw_bytes as u64);
        let kept =
            sizes.queries as u64 * sizes.query_bytes as u64 + sizes.references.unwrap_or(0) as u64 * sizes.reference_bytes as u64;
        let fixed = OVERHEAD + sizes.scratch as u64 + kept;
        let least = GROUP as u64 * (2 * per_row + raw);
        if fixed + least > sizes.memory {
            let why = format!(
                "{} for {} rows in the ranking and survey, {} for working memory, {} for the smallest blocks",
                bytes(kept),
                sizes.queries + sizes.references.unwrap_or(0),
                bytes(OVERHEAD + sizes.scratch as u64),
                bytes(least)
            );
            return Err(Error::Memory { allowed: bytes(sizes.memory), needed: bytes(fixed + least), why });
        }
        let free = sizes.memory - fixed;
        let rows = |bytes: u64, each: u64| usize::try_from(bytes / each).unwrap_or(usize::MAX);
        let (room, each) = (rows(free, per_row), rows(free, 2 * per_row + raw));
        Ok(match sizes.references {
            None if sizes.queries <= room => Self { queries: cut(sizes.queries, sizes.queries), references: None },
            None => Self { queries: cut(sizes.queries, each), references: None },
            Some(references) => {
                // Everything at once, or the smaller side whole if it takes at most half, or halves.
                let beside = |whole: usize| rows(free - whole as u64 * per_row, per_row + raw);
                let (q, r) = if sizes.queries.saturating_add(references) <= room {
                    (sizes.queries, references)
                } else if sizes.queries <= room / 2 {
                    (sizes.queries, beside(sizes.queries))
                } else if references <= room / 2 {
                    (beside(references), references)
                } else {
                    (each, each)
                };
                Self { queries: cut(sizes.queries, q), references: Some(cut(references, r)) }
            }
        })
    }

    /// Everything that is to be done, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        match &self.references {
            None => {
                let blocks = self.queries.len();
                steps.push(Step::Diagonal(0));
                for i in 0..blocks {
                    // Backwards, so that block i + 1 is the one in memory when it becomes `a`.
                    for j in (i + 1..blocks).rev() {
                        if i == 0 {
                            steps.push(Step::Diagonal(j));
                        }
                        steps.push(Step::Pair(i, j));
                    }
                }
            }
            Some(references) => {
                for i in 0..self.queries.len() {
                    for j in 0..references.len() {
                        let j = if i % 2 == 0 { j } else { references.len() - 1 - j };
                        steps.push(Step::Pair(i, j));
                    }
                }
            }
        }
        steps
    }

    /// Pairs that will be screened.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        let n: u64 = self.queries.iter().map(|b| b.len() as u64).sum();
        match &self.references {
            None => n * n.saturating_sub(1) / 2,
            Some(references) => n * references.iter().map(|b| b.len() as u64).sum::<u64>(),
        }
    }
}

fn cut(rows: usize, most: usize) -> Vec<Range<usize>> {
    let most = if most >= rows { rows.max(1) } else { (most / GROUP * GROUP).clamp(GROUP, 1 << 31) };
    let blocks = rows.div_ceil(most).max(1);
    let size = rows.div_ceil(blocks).div_ceil(GROUP) * GROUP;
    (0..blocks).map(|b| (b * size).min(rows)..((b + 1) * size).min(rows)).filter(|b| !b.is_empty()).collect()
}

/// How a pair of blocks is seeded and cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A block with itself for rankings: whole squares on the diagonal seed both their rows and columns.
    RankedDiagonal,
    /// A block with itself where floors are known: only pairs with row < column.
    Diagonal,
    /// Two blocks; `seed`: the rows have no floors yet, so that the first columns seed them.
    Rectangle { seed: bool },
    /// All numbers of everything.
    All,
    /// All numbers of a block with itself: squares on the diagonal and what lies above.
    AllDiagonal,
}

/// Cuts `rows × cols` into tiles; seeding ones come first, `seed` rows and columns of them at most.
#[must_use]
pub fn tiles(rows: usize, cols: usize, shape: TileShape, seed: usize, cut: Cut) -> (Vec<Tile>, Vec<Tile>) {
    let round = |n: usize| n.div_ceil(GROUP) * GROUP;
    let seed = round(seed.clamp(1, shape.cols.max(1)));
    let shape = TileShape { rows: round(shape.rows), cols: shape.cols.next_multiple_of(seed) };
    let (mut seeds, mut rest) = (Vec::new(), Vec::new());
    let tile = |rows: Range<usize>, cols: Range<usize>, seed: bool, upper: bool| Tile { rows, cols, seed, upper };
    let split = |of: Range<usize>, size: usize| {
        let end = of.end;
        of.step_by(size).map(move |s| s..(s + size).min(end))
    };
    match cut {
        Cut::RankedDiagonal | Cut::Diagonal | Cut::AllDiagonal => {
            let squares: Vec<_> = split(0..rows, shape.cols).collect();
            for square in &squares {
                match cut {
                    Cut::Diagonal => rest.push(tile(square.clone(), square.clone(), false, true)),
                    Cut::RankedDiagonal => {
                        // Small squares seed, and what is left of the large one comes next: floors are high before the many pairs come.
                        for small in split(square.clone(), seed) {
                            seeds.push(tile(small.clone(), small.clone(), true, false));
                            if small.end < square.end {
                                rest.push(tile(small.clone(), small.end..square.end, false, false));
                            }
                        }
                    }
                    _ => seeds.push(tile(square.clone(), square.clone(), true, false)),
                }
            }
            for (p, square) in squares.iter().enumerate() {
                for right in &squares[p + 1..] {
                    for part in split(square.clone(), shape.rows) {
                        rest.push(tile(part, right.clone(), cut == Cut::AllDiagonal, false));
                    }
                }
            }
        }
        Cut::Rectangle { seed: seeding } => {
            let first = if seeding { seed.min(cols) } else { 0 };
            for part in split(0..rows, shape.rows.min(seed)).filter(|_| first > 0) {
                seeds.push(tile(part, 0..first, true, false));
            }
            for cols in split(first..cols, shape.cols) {
                for part in split(0..rows, shape.rows) {
                    rest.push(tile(part, cols.clone(), false, false));
                }
            }
        }
        Cut::All => {
            for rows in split(0..rows, shape.rows) {
                for cols in split(0..cols, shape.cols) {
                    rest.push(tile(rows.clone(), cols, true, false));
                }
            }
        }
    }
    (seeds, rest)
}

/// The same pairs in tiles of another shape, for a device that takes over: in the same order, each handed over as before. Tiles that hand over all
/// numbers or lie on the diagonal are cut into strips of their rows, so low that a strip is no larger than a tile of the shape.
#[must_use]
pub fn cut_again(tiles: &[Tile], shape: TileShape) -> Vec<Tile> {
    let round = |n: usize| (n / GROUP * GROUP).max(GROUP);
    let split = |of: &Range<usize>, size: usize| {
        let (start, end) = (of.start, of.end);
        (start..end).step_by(size).map(move |s| s..(s + size).min(end))
    };
    let mut cut = Vec::new();
    for tile in tiles {
        if tile.seed || tile.upper {
            let height = round(shape.rows * shape.cols / tile.cols.len().max(1));
            cut.extend(split(&tile.rows, height).map(|rows| Tile { rows, ..tile.clone() }));
        } else {
            for cols in split(&tile.cols, round(shape.cols)) {
                cut.extend(split(&tile.rows, round(shape.rows)).map(|rows| Tile { rows, cols: cols.clone(), ..tile.clone() }));
            }
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn sizes(queries: usize, references: Option<usize>, row_bytes: usize, room: usize) -> Sizes {
        Sizes {
            queries,
            references,
            row_bytes,
            raw_bytes: row_bytes / 3,
            query_bytes: 0,
            reference_bytes: 0,
            scratch: 0,
            memory: OVERHEAD + (room * row_bytes) as u64,
        }
    }

    proptest! {
        #[test]
        fn every_pair_of_rows_is_visited_once(
            n in 1usize..400, m in prop::option::of(1usize..400), room in 40usize..500,
            rows in 1usize..100, cols in 1usize..100, seed in 1usize..120, ranked in any::<bool>(),
        ) {
            let plan = Plan::new(&sizes(n, m, 8, room)).expect("fits");
            let shape = TileShape { rows, cols };
            let mut visits: HashMap<(usize, usize), u32> = HashMap::new();
            let mut in_memory = Vec::new();
            for step in plan.steps() {
                let (a, b, cut) = match step {
                    Step::Diagonal(i) => (&plan.queries[i], &plan.queries[i], if ranked { Cut::RankedDiagonal } else { Cut::Diagonal }),
                    Step::Pair(i, j) => {
                        let other = plan.references.as_ref().map_or_else(|| &plan.queries[j], |r| &r[j]);
                        (&plan.queries[i], other, Cut::Rectangle { seed: plan.references.is_some() && j == 0 })
                    }
                };
                let held = if step == Step::Diagonal(0) || a == b { a.len() } else { a.len() + b.len() };
                in_memory.push(held);
                let (seeds, rest) = tiles(a.len(), b.len(), shape, seed, cut);
                for tile in seeds.iter().chain(&rest) {
                    prop_assert!(tile.rows.start.is_multiple_of(GROUP) && tile.cols.start.is_multiple_of(GROUP));
                    for i in tile.rows.clone() {
                        for j in tile.cols.clone() {
                            let (i, j) = (a.start + i, b.start + j);
                            // A square on the diagonal serves (i, j) by one half of it.
                            let half = m.is_none() && ((tile.rows == tile.cols && a == b && i >= j) || (tile.upper && i >= j));
                            if !half {
                                *visits.entry((i, j)).or_default() += 1;
                            }
                        }
                    }
                }
            }
            prop_assert!(in_memory.iter().all(|&rows| rows <= room.max(2 * GROUP)), "{in_memory:?} of {room}");
            for i in 0..n {
                for j in 0..m.unwrap_or(n) {
                    let expected = u32::from(m.is_some() || i < j);
                    prop_assert_eq!(visits.get(&(i, j)).copied().unwrap_or(0), expected, "pair {} {}", i, j);
                }
            }
            prop_assert_eq!(plan.pairs(), visits.len() as u64);
        }
    }

    proptest! {
        #[test]
        fn tiles_that_are_cut_again_hold_the_same_pairs(
            rows in 1usize..300, cols in 1usize..300, of in 16usize..300, seed in 1usize..300, high in 1usize..100, wide in 1usize..100, which in 0usize..6,
        ) {
            let cut = [Cut::RankedDiagonal, Cut::Diagonal, Cut::AllDiagonal, Cut::All, Cut::Rectangle { seed: true }, Cut::Rectangle { seed: false }][which];
            let cols = if which < 3 { rows } else { cols };
            let (seeds, rest) = tiles(rows, cols, TileShape { rows: of, cols: of }, seed, cut);
            let shape = TileShape { rows: high, cols: wide };
            for before in [seeds, rest] {
                let after = cut_again(&before, shape);
                let pairs = |tiles: &[Tile]| {
                    let mut visits: HashMap<(usize, usize, bool, bool), u32> = HashMap::new();
                    for tile in tiles {
                        for i in tile.rows.clone() {
                            tile.cols.clone().for_each(|j| *visits.entry((i, j, tile.seed, tile.upper)).or_default() += 1);
                        }
                    }
                    visits
                };
                prop_assert_eq!(pairs(&before), pairs(&after));
                for tile in &after {
                    prop_assert!(tile.rows.start.is_multiple_of(GROUP) && tile.cols.start.is_multiple_of(GROUP));
                    let least = GROUP * if tile.seed || tile.upper { tile.cols.len() } else { wide.max(GROUP) };
                    prop_assert!(tile.pairs() as usize <= least.max(high.max(GROUP) * wide.max(GROUP)), "{tile:?}");
                }
            }
        }
    }

    #[test]
    fn too_little_memory_is_said_in_numbers() {
        let mut sizes = sizes(1_000_000, None, 1 << 20, 1);
        sizes.query_bytes = 100;
        let error = Plan::new(&sizes).expect_err("does not fit").to_string();
        assert!(error.contains("--memory") && error.contains("MiB"), "{error}");
    }

    #[test]
    fn what_is_read_ahead_is_what_the_next_step_lacks() {
        let plan = Plan { queries: vec![0..1, 1..2, 2..3], references: None };
        let (mut a, mut b, mut read) = (None, None, Vec::new());
        for step in plan.steps() {
            read.extend(step.reads(a, b, false).map(|(_, block)| block));
            match step {
                Step::Diagonal(0) => a = Some(0),
                Step::Diagonal(i) => b = Some(i),
                Step::Pair(i, j) => (a, b) = (Some(i), Some(j)),
            }
        }
        // Four reads of three blocks, as the walk promises.
        assert_eq!(read, [0, 2, 1, 2]);
        assert_eq!(Step::Pair(1, 0).reads(Some(0), Some(0), true), Some((false, 1)));
        assert_eq!(Step::Pair(1, 1).reads(Some(1), Some(0), true), Some((true, 1)));
        assert_eq!(Step::Pair(1, 1).reads(Some(1), Some(1), true), None);
    }

    #[test]
    fn blocks_stay_in_memory_between_rows_of_the_walk() {
        let plan = Plan { queries: vec![0..1, 1..2, 2..3], references: None };
        let walk = plan.steps();
        assert_eq!(
            walk,
            [Step::Diagonal(0), Step::Diagonal(2), Step::Pair(0, 2), Step::Diagonal(1), Step::Pair(0, 1), Step::Pair(1, 2)]
        );
    }
}
