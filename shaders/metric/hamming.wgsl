// t = the bits in which x and y differ, held against floors as t / (w + w′); every number holds 23 of them. Twin of metric::bits::Differing.
// Zeros fill up rows and tiles: bits against no bits only where the result is not looked at.
fn step(sum: vec4<f32>, x: vec4<f32>, y: f32) -> vec4<f32> {
    return sum + vec4<f32>(countOneBits(bitcast<vec4<u32>>(x) ^ vec4<u32>(bitcast<u32>(y))));
}

fn join(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return a + b;
}

fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
    return gain * t / (x + y);
}
