// One ROWS × COLS tile of t = Σ x·y by matrices that a subgroup multiplies together: FRAGMENT × FRAGMENT numbers each, DOWN × ACROSS of them.
//
// A workgroup is one subgroup's worth of threads; if a device makes several subgroups of it, they all do the same. Panels in groups of
// 16 rows, feature k of row r of group g at [(g · stride + k) · 16 + r], are what such a matrix loads: by columns for the left
// one, by rows for the right one. Marks: shaders/README.md.

@group(0) @binding(1) var<storage, read> left_rows: array<Number>;
@group(0) @binding(2) var<storage, read> right_rows: array<Number>;

// FRAGMENT rows of t.
var<workgroup> strip: array<f32, FRAGMENT * COLS>;

fn place(row: u32, k: u32) -> u32 {
    return (row / 16u * job.stride + k) * 16u + row % 16u;
}

fn tile(group: vec2<u32>, lane: u32) {
    let row0 = group.y * ROWS;
    let col0 = group.x * COLS;
    var sum#r_#c = Sum();
    for (var k = 0u; k < job.stride; k += FRAGMENT) {
        let y#r = coopLoad<Left>(&left_rows[place(job.row + row0 + #ru * FRAGMENT, k)], 16u);
        let x#c = coopLoadT<Right>(&right_rows[place(job.col + col0 + #cu * FRAGMENT, k)], 16u);
        sum#r_#c = coopMultiplyAdd(y#r, x#c, sum#r_#c);
    }
    @each r {
    { let at = #cu * FRAGMENT; let to = &strip[at]; let wide = COLS; let whole = sum#r_#c; coopStoreT(whole, to, wide); }
    workgroupBarrier();
    for (var n = lane; n < FRAGMENT * COLS / 4u; n += THREADS) {
        let own = own_of(row0 + #ru * FRAGMENT + n / (COLS / 4u));
        let near = near_of(col0 + 4u * (n % (COLS / 4u)));
        take(own, near, vec4<f32>(strip[4u * n], strip[4u * n + 1u], strip[4u * n + 2u], strip[4u * n + 3u]));
    }
    workgroupBarrier();
    @each }
}
