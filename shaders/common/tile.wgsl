// One ROWS × COLS tile of t: each thread sums DOWN rows × 4·ACROSS columns, in quads of rows and of columns that lie a whole row of
// threads apart.
//
// Lines with marks are written out for each row and quad, and left out where they are for another kind of shape: shaders/README.md.
//
// Features beyond the operands count as zeros, and so do rows, which follow the last one in the panels: they add nothing to any t.

// The two panels in groups of 16 rows: feature k of rows 4q … 4q+3 of group g at [(g · stride + k) · 4 + q].
@group(0) @binding(1) var<storage, read> left_rows: array<Four>;
@group(0) @binding(2) var<storage, read> right_rows: array<Four>;

const QUADS_DOWN: u32 = ROWS / 4u;
const QUADS_ACROSS: u32 = COLS / 4u;
const THREADS_DOWN: u32 = ROWS / DOWN;
const THREADS_ACROSS: u32 = COLS / (4u * ACROSS);

// Feature k of quad q at [k · QUADS + q].
@staged var<workgroup> left: array<vec4<f32>, QUADS_DOWN * STEP>;
@staged var<workgroup> right: array<vec4<f32>, QUADS_ACROSS * STEP>;

fn left_quad(quad: u32, k: u32) -> vec4<f32> {
    if (k < job.stride) {
        return vec4<f32>(left_rows[(quad / 4u * job.stride + k) * 4u + quad % 4u]);
    }
    return vec4<f32>();
}

fn right_quad(quad: u32, k: u32) -> vec4<f32> {
    if (k < job.stride) {
        return vec4<f32>(right_rows[(quad / 4u * job.stride + k) * 4u + quad % 4u]);
    }
    return vec4<f32>();
}

fn tile(group: vec2<u32>, lane: u32) {
    let down = lane / THREADS_ACROSS;
    let across = lane % THREADS_ACROSS;
    let left_first = (job.row + group.y * ROWS) / 4u;
    let right_first = (job.col + group.x * COLS) / 4u;
    var sum#r_#c = vec4<f32>();
    @chunked var total#r_#c = vec4<f32>();
    @chunked for (var chunk = 0u; chunk < job.stride; chunk += CHUNK) {
    @chunked sum#r_#c = vec4<f32>();
    @chunked let first = chunk;
    @chunked let end = min(chunk + CHUNK, job.stride);
    @whole let first = 0u;
    @whole let end = job.stride;
    for (var start = first; start < end; start += STEP) {
        @staged workgroupBarrier();
        @staged for (var n = lane; n < QUADS_DOWN * STEP; n += THREADS) {
        @staged     left[n] = left_quad(left_first + n % QUADS_DOWN, start + n / QUADS_DOWN);
        @staged }
        @staged for (var n = lane; n < QUADS_ACROSS * STEP; n += THREADS) {
        @staged     right[n] = right_quad(right_first + n % QUADS_ACROSS, start + n / QUADS_ACROSS);
        @staged }
        @staged workgroupBarrier();
        for (var i = 0u; i < STEP; i++) {
            @staged let y#q = left[i * QUADS_DOWN + down + #qu * THREADS_DOWN];
            @direct let y#q = left_quad(left_first + down + #qu * THREADS_DOWN, start + i);
            @staged let x#c = right[i * QUADS_ACROSS + across + #cu * THREADS_ACROSS];
            @direct let x#c = right_quad(right_first + across + #cu * THREADS_ACROSS, start + i);
            sum#r_#c = step(sum#r_#c, x#c, y#Q.#L);
        }
    }
    @chunked total#r_#c = join(total#r_#c, sum#r_#c);
    @chunked }
    @whole let total#r_#c = sum#r_#c;
    let row0 = group.y * ROWS + 4u * down;
    let col0 = group.x * COLS + 4u * across;
    let own#r = own_of(row0 + #Qu * 4u * THREADS_DOWN + #Mu);
    let near#c = near_of(col0 + #cu * 4u * THREADS_ACROSS);
    take(own#r, near#c, total#r_#c);
}
