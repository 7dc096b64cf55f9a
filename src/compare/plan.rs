//! Which blocks of rows are read when, and which tiles they are cut into. Pure arithmetic: no data, no device.
//!
//! Two blocks are in memory at a time, `a` and `b`, and the rows of the next one as they are read meanwhile. A collection compared with itself visits its blocks so that each diagonal
//! comes when a block is first in memory, and walks back at the end of a row, so that one block stays (B blocks: B(B−1)/2 + 1
//! reads). A collection against a reference goes to and fro over the reference's blocks. A [shard](super::shard) of a collection with itself does the first with its own
//! rows, then the second with the rows of others.
//!
//! How large blocks are follows from memory ([`Sides`]); all else follows from that and from the numbers of rows, so that a run that goes on on
//! another machine has the same plan.

use super::error::{Error, bytes};
use super::shard::Shard;
use crate::backend::{GROUP, Tile, TileShape};
use serde::{Deserialize, Serialize};
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

/// Rows of a block, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sides {
    pub queries: usize,
    pub references: usize,
}

/// The blocks of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Of a shard some may lie within others, or are the rows of other shards that its own are compared with.
    pub queries: Vec<Range<usize>>,
    /// `None`: the queries' own.
    pub references: Option<Vec<Range<usize>>>,
    /// Everything that is to be done, in order.
    pub steps: Vec<Step>,
    pub sides: Sides,
}

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Compare block `i` of the queries with itself.
    Diagonal(usize),
    /// Compare block `i` of the queries with block `j` of the references (or with another block of the queries).
    Pair(usize, usize, Seed),
}

/// Which side of a pair of blocks has no floors yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    Neither,
    Rows,
    /// Of a collection compared with itself.
    Columns,
}

impl Step {
    /// Which block must be read for this step when `a` and `b` hold these: whether of the references, and its number.
    #[must_use]
    pub fn reads(self, mut a: Option<usize>, mut b: Option<usize>, references: bool) -> Option<(bool, usize)> {
        match self {
            Self::Diagonal(i) => (if i == 0 { a } else { b } != Some(i)).then_some((false, i)),
            Self::Pair(i, j, _) => {
                if !references && b == Some(i) {
                    a = b.take();
                }
                if a == Some(i) { (b != Some(j)).then_some((references, j)) } else { Some((false, i)) }
            }
        }
    }
}

impl Sizes {
    /// Bytes that are needed whatever the blocks are.
    const fn fixed(&self) -> u64 {
        OVERHEAD + self.scratch as u64 + self.kept()
    }

    const fn kept(&self) -> u64 {
        let references = match self.references {
            Some(rows) => rows as u64 * self.reference_bytes as u64,
            None => 0,
        };
        self.queries as u64 * self.query_bytes as u64 + references
    }

    /// The blocks that memory allows.
    fn sides(&self, shard: Option<Shard>) -> Result<Sides, Error> {
        let (per_row, raw) = (self.row_bytes as u64, self.raw_bytes as u64);
        let fixed = self.fixed();
        let least = GROUP as u64 * (2 * per_row + raw);
        if fixed + least > self.memory {
            let why = format!(
                "{} for {} rows in the ranking and survey, {} for working memory, {} for the smallest blocks",
                bytes(self.kept()),
                self.queries + self.references.unwrap_or(0),
                bytes(OVERHEAD + self.scratch as u64),
                bytes(least)
            );
            return Err(Error::Memory { allowed: bytes(self.memory), needed: bytes(fixed + least), why });
        }
        let free = self.memory - fixed;
        let rows = |bytes: u64, each: u64| usize::try_from(bytes / each).unwrap_or(usize::MAX);
        let (room, each) = (rows(free, per_row), rows(free, 2 * per_row + raw));
        Ok(match (self.references, shard) {
            (None, None) if self.queries <= room => Sides { queries: self.queries.max(1), references: 0 },
            (None, _) => Sides { queries: each, references: 0 },
            (Some(references), shard) => {
                let (queries, references) = shard.map_or((self.queries, references), |s| {
                    let (q, r) = s.between(self.queries, references);
                    (q.len(), r.len())
                });
                // Everything at once, or the smaller side whole if it takes at most half, or halves.
                let beside = |whole: usize| rows(free - whole as u64 * per_row, per_row + raw);
                let (queries, references) = if queries.saturating_add(references) <= room {
                    (queries, references)
                } else if queries <= room / 2 {
                    (queries, beside(queries))
                } else if references <= room / 2 {
                    (beside(references), references)
                } else {
                    (each, each)
                };
                Sides { queries: queries.max(1), references: references.max(1) }
            }
        })
    }

    /// Whether a plan that was made elsewhere fits.
    ///
    /// # Errors
    /// [`Error::Memory`], with what it needs.
    pub fn check(&self, plan: &Plan) -> Result<(), Error> {
        let most = |blocks: &[Range<usize>]| blocks.iter().map(Range::len).max().unwrap_or(0) as u64;
        let (per_row, raw) = (self.row_bytes as u64, self.raw_bytes as u64);
        let queries = most(&plan.queries);
        let held = match &plan.references {
            None if plan.steps.len() <= 1 => queries * per_row,
            None => queries * (2 * per_row + raw),
            Some(_) if plan.steps.len() <= 1 => (queries + most(plan.references.as_deref().unwrap_or(&[]))) * per_row,
            Some(references) => queries * per_row + most(references) * (per_row + raw),
        };
        let needed = self.fixed() + held;
        if needed <= self.memory {
            return Ok(());
        }
        let why = "the run was begun with more, and goes on in blocks of the same size".into();
        Err(Error::Memory { allowed: bytes(self.memory), needed: bytes(needed), why })
    }
}

impl Plan {
    /// Cuts the rows into as few blocks as memory allows.
    ///
    /// # Errors
    /// When not even blocks of one group of rows fit.
    pub fn new(sizes: &Sizes, shard: Option<Shard>) -> Result<Self, Error> {
        Ok(Self::with(sizes.queries, sizes.references, shard, sizes.sides(shard)?))
    }

    /// The same in blocks of a given size.
    #[must_use]
    pub fn with(queries: usize, references: Option<usize>, shard: Option<Shard>, sides: Sides) -> Self {
        let Some(references) = references else { return Self::within(queries, shard, sides) };
        let (q, r) = shard.map_or((0..queries, 0..references), |shard| shard.between(queries, references));
        let (queries, references) = (cut(q, sides.queries), cut(r, sides.references));
        let mut steps = Vec::new();
        for i in 0..queries.len() {
            for n in 0..references.len() {
                let j = if i % 2 == 0 { n } else { references.len() - 1 - n };
                steps.push(Step::Pair(i, j, if n == 0 { Seed::Rows } else { Seed::Neither }));
            }
        }
        Self { queries, references: Some(references), steps, sides }
    }

    fn within(rows: usize, shard: Option<Shard>, sides: Sides) -> Self {
        let share = shard.unwrap_or(Shard { index: 1, count: 1 }).within(rows);
        let mut blocks = cut(share.own, sides.queries);
        let own = blocks.len();
        let mut steps = Vec::new();
        for i in 0..own {
            if i == 0 {
                steps.push(Step::Diagonal(0));
            }
            // Backwards, so that block i + 1 is the one in memory when it becomes `a`.
            for j in (i + 1..own).rev() {
                if i == 0 {
                    steps.push(Step::Diagonal(j));
                }
                steps.push(Step::Pair(i, j, Seed::Neither));
            }
        }
        blocks.extend(share.others.into_iter().flat_map(|range| cut(range, sides.queries)));
        let all = blocks.len();
        for i in 0..own {
            let there: Vec<usize> = (own..all).collect();
            let order: Vec<usize> = if i % 2 == 0 { there } else { there.into_iter().rev().collect() };
            steps.extend(order.into_iter().map(|j| Step::Pair(i, j, if i == 0 { Seed::Columns } else { Seed::Neither })));
        }
        for (rows, cols) in share.further {
            let (rows, cols) = (cut(rows, sides.queries), cut(cols, sides.queries));
            let seen = |of: &Range<usize>| blocks[..all].iter().any(|b| b.start <= of.start && of.end <= b.end);
            let seeds: Vec<Seed> = cols.iter().map(|c| if seen(c) { Seed::Neither } else { Seed::Columns }).collect();
            let (first, second) = (blocks.len(), blocks.len() + rows.len());
            for i in 0..rows.len() {
                for (j, seed) in seeds.iter().enumerate() {
                    steps.push(Step::Pair(first + i, second + j, if i == 0 { *seed } else { Seed::Neither }));
                }
            }
            blocks.extend(rows);
            blocks.extend(cols);
        }
        Self { queries: blocks, references: None, steps, sides }
    }

    /// Rows of both sides of a step.
    #[must_use]
    pub fn rows(&self, step: Step) -> (Range<usize>, Range<usize>) {
        match step {
            Step::Diagonal(i) => (self.queries[i].clone(), self.queries[i].clone()),
            Step::Pair(i, j, _) => (self.queries[i].clone(), self.references.as_ref().unwrap_or(&self.queries)[j].clone()),
        }
    }

    /// Pairs that will be screened.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        let of = |step: &Step| {
            let (a, b) = self.rows(*step);
            let (a, b) = (a.len() as u64, b.len() as u64);
            if matches!(step, Step::Diagonal(_)) { a * a.saturating_sub(1) / 2 } else { a * b }
        };
        self.steps.iter().map(of).sum()
    }

    /// Whether all rows stand in memory at once.
    #[must_use]
    pub fn is_whole(&self, sizes: &Sizes) -> bool {
        let all = |blocks: &[Range<usize>], rows: usize| matches!(blocks, [one] if *one == (0..rows));
        all(&self.queries, sizes.queries)
            && self.references.as_ref().zip(sizes.references).is_none_or(|(blocks, rows)| all(blocks, rows))
    }
}

fn cut(rows: Range<usize>, most: usize) -> Vec<Range<usize>> {
    let (first, count) = (rows.start, rows.len());
    let most = if most >= count { count.max(1) } else { (most / GROUP * GROUP).clamp(GROUP, 1 << 31) };
    let blocks = count.div_ceil(most).max(1);
    let size = count.div_ceil(blocks).div_ceil(GROUP) * GROUP;
    let of = |b: usize| first + (b * size).min(count)..first + ((b + 1) * size).min(count);
    (0..blocks).map(of).filter(|b| !b.is_empty()).collect()
}

/// How a pair of blocks is seeded and cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A block with itself for rankings: whole squares on the diagonal seed both their rows and columns.
    RankedDiagonal,
    /// A block with itself where floors are known: only pairs with row < column.
    Diagonal,
    /// Two blocks: the first columns seed rows that have no floors yet, or the first rows columns.
    Rectangle(Seed),
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
        Cut::Rectangle(seeding) => {
            let first = if seeding == Seed::Rows { seed.min(cols) } else { 0 };
            let above = if seeding == Seed::Columns { seed.min(rows) } else { 0 };
            for part in split(0..rows, shape.rows.min(seed)).filter(|_| first > 0) {
                seeds.push(tile(part, 0..first, true, false));
            }
            for part in split(0..cols, shape.cols.min(seed)).filter(|_| above > 0) {
                seeds.push(tile(0..above, part, true, false));
            }
            for cols in split(first..cols, shape.cols) {
                for part in split(above..rows, shape.rows) {
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
            n in 1usize..400, m in prop::option::of(1usize..400), room in 40usize..500, count in 1usize..7,
            rows in 1usize..100, cols in 1usize..100, seed in 1usize..120, ranked in any::<bool>(),
        ) {
          let shape = TileShape { rows, cols };
          let mut visits: HashMap<(usize, usize), u32> = HashMap::new();
          let mut pairs = 0;
          for index in 1..=count {
            let shard = (count > 1).then_some(Shard { index, count });
            let sizes = sizes(n, m, 8, room);
            let plan = Plan::new(&sizes, shard).expect("fits");
            prop_assert_eq!(&plan, &Plan::with(n, m, shard, plan.sides));
            prop_assert!(sizes.check(&plan).is_ok());
            pairs += plan.pairs();
            let mut in_memory = Vec::new();
            for step in plan.steps.iter().copied() {
                let (a, b) = plan.rows(step);
                let cut = match step {
                    Step::Diagonal(_) => if ranked { Cut::RankedDiagonal } else { Cut::Diagonal },
                    Step::Pair(_, _, seed) => Cut::Rectangle(if ranked { seed } else { Seed::Neither }),
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
                                let pair = if m.is_none() { (i.min(j), i.max(j)) } else { (i, j) };
                                *visits.entry(pair).or_default() += 1;
                            }
                        }
                    }
                }
            }
            prop_assert!(in_memory.iter().all(|&rows| rows <= room.max(2 * GROUP)), "{in_memory:?} of {room}");
          }
            for i in 0..n {
                for j in 0..m.unwrap_or(n) {
                    let expected = u32::from(m.is_some() || i < j);
                    prop_assert_eq!(visits.get(&(i, j)).copied().unwrap_or(0), expected, "pair {} {}", i, j);
                }
            }
            prop_assert_eq!(pairs, visits.len() as u64);
        }
    }

    proptest! {
        #[test]
        fn tiles_that_are_cut_again_hold_the_same_pairs(
            rows in 1usize..300, cols in 1usize..300, of in 16usize..300, seed in 1usize..300, high in 1usize..100, wide in 1usize..100, which in 0usize..7,
        ) {
            let cut = [Cut::RankedDiagonal, Cut::Diagonal, Cut::AllDiagonal, Cut::All, Cut::Rectangle(Seed::Rows), Cut::Rectangle(Seed::Columns), Cut::Rectangle(Seed::Neither)][which];
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
        let error = Plan::new(&sizes, None).expect_err("does not fit").to_string();
        assert!(error.contains("--memory") && error.contains("MiB"), "{error}");
    }

    #[test]
    fn a_plan_that_needs_more_than_there_is_now_is_refused_with_what_it_needs() {
        let (large, small) = (sizes(4096, None, 1000, 1000), sizes(4096, None, 1000, 500));
        let plan = Plan::new(&large, None).expect("fits");
        assert!(large.check(&plan).is_ok());
        let error = small.check(&plan).expect_err("does not fit").to_string();
        assert!(error.contains("the run was begun with more"), "{error}");
    }

    fn three_blocks() -> Plan {
        Plan::with(48, None, None, Sides { queries: 16, references: 0 })
    }

    #[test]
    fn what_is_read_ahead_is_what_the_next_step_lacks() {
        let (mut a, mut b, mut read) = (None, None, Vec::new());
        for step in three_blocks().steps {
            read.extend(step.reads(a, b, false).map(|(_, block)| block));
            match step {
                Step::Diagonal(0) => a = Some(0),
                Step::Diagonal(i) => b = Some(i),
                Step::Pair(i, j, _) => (a, b) = (Some(i), Some(j)),
            }
        }
        // Four reads of three blocks, as the walk promises.
        assert_eq!(read, [0, 2, 1, 2]);
        let pair = |i, j| Step::Pair(i, j, Seed::Neither);
        assert_eq!(pair(1, 0).reads(Some(0), Some(0), true), Some((false, 1)));
        assert_eq!(pair(1, 1).reads(Some(1), Some(0), true), Some((true, 1)));
        assert_eq!(pair(1, 1).reads(Some(1), Some(1), true), None);
    }

    #[test]
    fn blocks_stay_in_memory_between_rows_of_the_walk() {
        let pair = |i, j| Step::Pair(i, j, Seed::Neither);
        let walk = [Step::Diagonal(0), Step::Diagonal(2), pair(0, 2), Step::Diagonal(1), pair(0, 1), pair(1, 2)];
        assert_eq!(three_blocks().steps, walk);
    }
}
