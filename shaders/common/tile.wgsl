// One 64 × 64 tile of t, by 256 threads: each sums 4 rows × 4 columns.
//
// Sums of 128 features are formed first and then added up: the error bound counts on it (CHUNK, as on the CPU).
// Rows and features outside the operands count as zeros, which add nothing to any t.

struct Job {
    // Place of the tile in the bound panels, and its size in rows.
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
@group(0) @binding(1) var<storage, read> left_rows: array<f32>;
@group(0) @binding(2) var<storage, read> right_rows: array<f32>;

const SIDE: u32 = 64u;
const STEP: u32 = 16u;
const CHUNK: u32 = 128u;
// A bit pattern that no finite t has: answers are stored exclusive-or this, so that what was never written shows.
const POISON: u32 = 0x7fc0beefu;

// Feature k of rows 4q … 4q+3 at [16k + q].
var<workgroup> left: array<vec4<f32>, 256>;
var<workgroup> right: array<vec4<f32>, 256>;

fn left_number(r: u32, k: u32) -> f32 {
    if (r < job.rows && k < job.stride) {
        return left_rows[(job.row + r) * job.stride + k];
    }
    return 0.0;
}

fn right_number(c: u32, k: u32) -> f32 {
    if (c < job.cols && k < job.stride) {
        return right_rows[(job.col + c) * job.stride + k];
    }
    return 0.0;
}

// t of rows row0 … row0+3 with columns col0 … col0+3, one row a vector.
fn tile_sums(group: vec2<u32>, lane: u32) -> array<vec4<f32>, 4> {
    let row0 = group.y * SIDE;
    let col0 = group.x * SIDE;
    let feature = lane % STEP;
    let quad = lane / STEP;
    var total: array<vec4<f32>, 4>;
    for (var chunk = 0u; chunk < job.stride; chunk += CHUNK) {
        var sum0 = vec4<f32>();
        var sum1 = vec4<f32>();
        var sum2 = vec4<f32>();
        var sum3 = vec4<f32>();
        let end = min(chunk + CHUNK, job.stride);
        for (var start = chunk; start < end; start += STEP) {
            let k = start + feature;
            let r = row0 + 4u * quad;
            let c = col0 + 4u * quad;
            let l = vec4<f32>(left_number(r, k), left_number(r + 1u, k), left_number(r + 2u, k), left_number(r + 3u, k));
            let m = vec4<f32>(right_number(c, k), right_number(c + 1u, k), right_number(c + 2u, k), right_number(c + 3u, k));
            workgroupBarrier();
            left[feature * STEP + quad] = l;
            right[feature * STEP + quad] = m;
            workgroupBarrier();
            for (var i = 0u; i < STEP; i++) {
                let x = right[i * STEP + feature];
                let y = left[i * STEP + quad];
                sum0 = step(sum0, x, y.x);
                sum1 = step(sum1, x, y.y);
                sum2 = step(sum2, x, y.z);
                sum3 = step(sum3, x, y.w);
            }
        }
        total[0] = join(total[0], sum0);
        total[1] = join(total[1], sum1);
        total[2] = join(total[2], sum2);
        total[3] = join(total[3], sum3);
    }
    return total;
}
