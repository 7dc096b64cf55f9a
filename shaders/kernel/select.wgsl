// The pairs of a tile that may matter, by the test of src/backend/mod.rs, appended in no particular order.

// (reach or weight, lift) of every row of the panels.
@group(0) @binding(3) var<storage, read> left_bounds: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> right_bounds: array<vec2<f32>>;
// Floors of the tile's rows, then of its columns.
@group(0) @binding(5) var<storage, read> floors: array<f32>;

struct Answer {
    // Pairs that passed, also those for which there was no room.
    found: atomic<u32>,
    // Workgroups that came to their end.
    ended: atomic<u32>,
    unused_0: u32,
    unused_1: u32,
    // Row, column, t ^ POISON.
    pairs: array<u32>,
}
@group(0) @binding(6) var<storage, read_write> answer: Answer;

@compute @workgroup_size(256)
fn select_pairs(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let sums = tile_sums(group.xy, lane);
    let row0 = group.y * SIDE + 4u * (lane / STEP);
    let col0 = group.x * SIDE + 4u * (lane % STEP);
    for (var r = 0u; r < 4u; r++) {
        let row = row0 + r;
        if (row >= job.rows) {
            break;
        }
        let row_bound = left_bounds[job.row + row];
        let row_floor = floors[row];
        for (var c = 0u; c < 4u; c++) {
            let col = col0 + c;
            if (col >= job.cols) {
                break;
            }
            let row_index = job.row_base + job.row + row;
            let col_index = job.col_base + job.col + col;
            if ((job.flags & 2u) != 0u && row_index >= col_index) {
                continue;
            }
            let col_bound = right_bounds[job.col + col];
            let s = bound(job.gain, sums[r][c], row_bound.x, col_bound.x);
            var passes = s + col_bound.y >= row_floor;
            if ((job.flags & 1u) != 0u) {
                passes = passes || s + row_bound.y >= floors[job.rows + col];
            }
            // Not a number: it fails every comparison, and must reach the host, which then knows the device is broken.
            if (passes || (bitcast<u32>(sums[r][c]) & 0x7f800000u) == 0x7f800000u) {
                let n = atomicAdd(&answer.found, 1u);
                if (n < job.capacity) {
                    answer.pairs[3u * n] = row_index;
                    answer.pairs[3u * n + 1u] = col_index;
                    answer.pairs[3u * n + 2u] = bitcast<u32>(sums[r][c]) ^ POISON;
                }
            }
        }
    }
    workgroupBarrier();
    if (lane == 0u) {
        atomicAdd(&answer.ended, 1u);
    }
}
