// All t of a tile, row-major, each exclusive-or POISON.

@group(0) @binding(3) var<storage, read_write> answer: array<u32>;

@compute @workgroup_size(256)
fn dense(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let sums = tile_sums(group.xy, lane);
    let row0 = group.y * SIDE + 4u * (lane / STEP);
    let col0 = group.x * SIDE + 4u * (lane % STEP);
    for (var r = 0u; r < 4u; r++) {
        for (var c = 0u; c < 4u; c++) {
            if (row0 + r < job.rows && col0 + c < job.cols) {
                answer[(row0 + r) * job.cols + col0 + c] = bitcast<u32>(sums[r][c]) ^ POISON;
            }
        }
    }
}
