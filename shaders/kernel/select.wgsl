// The pairs of a tile that may matter, by the test of src/backend/mod.rs, appended in no particular order.

// Floors of the tile's rows, then of its columns, four more than there are.
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

struct Own {
    row: u32,
    known: Known,
    floor: f32,
}

// Four columns.
struct Near {
    col: u32,
    reach: vec4<f32>,
    lift: vec4<f32>,
    step: vec4<f32>,
    floor: vec4<f32>,
}

fn own_of(row: u32) -> Own {
    let near = min(row, job.rows - 1u);
    return Own(row, left_known[job.row + near], floors[near]);
}

fn near_of(col: u32) -> Near {
    let at = job.col + col;
    let a = right_known[at];
    let b = right_known[at + 1u];
    let c = right_known[at + 2u];
    let d = right_known[at + 3u];
    let reach = vec4<f32>(a.reach, b.reach, c.reach, d.reach);
    let lift = vec4<f32>(a.lift, b.lift, c.lift, d.lift);
    let f = job.rows + min(col, job.cols);
    return Near(
        col, reach, lift, vec4<f32>(a.step, b.step, c.step, d.step),
        vec4<f32>(floors[f], floors[f + 1u], floors[f + 2u], floors[f + 3u]),
    );
}

fn take(own: Own, near: Near, sums: vec4<f32>) {
    if (own.row >= job.rows) {
        return;
    }
    let t = sums * own.known.step * near.step;
    let s = vec4<f32>(
        bound(job.gain, t.x, own.known.reach, near.reach.x), bound(job.gain, t.y, own.known.reach, near.reach.y),
        bound(job.gain, t.z, own.known.reach, near.reach.z), bound(job.gain, t.w, own.known.reach, near.reach.w),
    );
    var passes = s + near.lift >= vec4<f32>(own.floor);
    if ((job.flags & 1u) != 0u) {
        passes = passes | (s + vec4<f32>(own.known.lift) >= near.floor);
    }
    // Not a number: it fails every comparison, and must reach the host, which then knows the device is broken.
    passes = passes | ((bitcast<vec4<u32>>(t) & vec4<u32>(0x7f800000u)) == vec4<u32>(0x7f800000u));
    if (!any(passes)) {
        return;
    }
    for (var c = 0u; c < 4u; c++) {
        let row_index = job.row_base + job.row + own.row;
        let col_index = job.col_base + job.col + near.col + c;
        if (passes[c] && near.col + c < job.cols && ((job.flags & 2u) == 0u || row_index < col_index)) {
            let n = atomicAdd(&answer.found, 1u);
            if (n < job.capacity) {
                answer.pairs[3u * n] = row_index;
                answer.pairs[3u * n + 1u] = col_index;
                answer.pairs[3u * n + 2u] = bitcast<u32>(t[c]) ^ POISON;
            }
        }
    }
}

@compute @workgroup_size(THREADS)
fn select_pairs(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    tile(group.xy, lane);
    workgroupBarrier();
    if (lane == 0u) {
        atomicAdd(&answer.ended, 1u);
    }
}
