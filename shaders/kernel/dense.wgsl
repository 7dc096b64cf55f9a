// All t of a tile, row-major, each exclusive-or POISON.

@group(0) @binding(5) var<storage, read_write> answer: array<u32>;

struct Own {
    row: u32,
    step: f32,
}

struct Near {
    col: u32,
    step: vec4<f32>,
}

fn own_of(row: u32) -> Own {
    return Own(row, left_known[job.row + min(row, job.rows - 1u)].step);
}

fn near_of(col: u32) -> Near {
    let at = job.col + vec4<u32>(col, col + 1u, col + 2u, col + 3u);
    return Near(col, vec4<f32>(right_known[at.x].step, right_known[at.y].step, right_known[at.z].step, right_known[at.w].step));
}

fn take(own: Own, near: Near, sums: vec4<f32>) {
    if (own.row >= job.rows) {
        return;
    }
    let t = sums * own.step * near.step;
    for (var c = 0u; c < 4u; c++) {
        if (near.col + c < job.cols) {
            answer[own.row * job.cols + near.col + c] = bitcast<u32>(t[c]) ^ POISON;
        }
    }
}

@compute @workgroup_size(THREADS)
fn dense(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    tile(group.xy, lane);
}
