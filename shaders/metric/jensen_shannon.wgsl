// t = Σ z·log₂ z with z = x + y; 0·log 0 is 0. Twin of metric::jensen_shannon::PooledEntropy.
fn step(sum: vec4<f32>, x: vec4<f32>, y: f32) -> vec4<f32> {
    let z = x + vec4<f32>(y);
    return sum + z * log2(max(z, vec4<f32>(0x1p-126f)));
}

fn join(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return a + b;
}

fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
    return gain * t;
}
