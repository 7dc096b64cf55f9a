// t = the bits in which x and y differ, held against floors as the share of bits in either that are in both.
// Twin of metric::bits::Shared.
fn step(sum: vec4<f32>, x: vec4<f32>, y: f32) -> vec4<f32> {
    return sum + vec4<f32>(countOneBits(bitcast<vec4<u32>>(x) ^ vec4<u32>(bitcast<u32>(y))));
}

fn join(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return a + b;
}

// Bits that are in both: (x + y − t) / 2; in either: (x + y + t) / 2. Two rows without bits are the same.
fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
    return gain * (x + y - t + 0x1p-20f) / (x + y + t + 0x1p-20f);
}
