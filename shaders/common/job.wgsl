// What a submission is told.

struct Job {
    // Place of the tile in the bound panels, in multiples of 16, and its size in rows.
    row: u32,
    rows: u32,
    col: u32,
    cols: u32,
    // Numbers of a row.
    stride: u32,
    // Index of the panels' first rows in their operands.
    row_base: u32,
    col_base: u32,
    // Pairs that the answer can hold.
    capacity: u32,
    // 1: one score serves the row and the column. 2: only row < column counts.
    flags: u32,
    gain: f32,
    // What a metric was configured with.
    parameter: f32,
    unused_0: u32,
}

@group(0) @binding(0) var<uniform> job: Job;

// What is known of a row beside its numbers.
struct Known {
    // Or its weight, for folds.
    reach: f32,
    lift: f32,
    // One unit of its numbers; a power of two, 1 unless they are halves.
    step: f32,
    unused_0: f32,
}

// Of every row of the panels.
@group(0) @binding(3) var<storage, read> left_known: array<Known>;
@group(0) @binding(4) var<storage, read> right_known: array<Known>;

// A bit pattern that no finite t has: answers are stored exclusive-or this, so that what was never written shows.
const POISON: u32 = 0x7fc0beefu;
