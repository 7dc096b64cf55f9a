// t = Σ (x − y)·log₂(x / y). Rows of zeros, which fill up a tile, add nothing.
// Twin of metric::spectral_information_divergence::Divergence.
fn step(sum: vec4<f32>, x: vec4<f32>, y: f32) -> vec4<f32> {
    let tiny = vec4<f32>(0x1p-126f);
    let z = vec4<f32>(y);
    return sum + (x - z) * log2(max(x, tiny) / max(z, tiny));
}

fn join(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return a + b;
}

fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
    return gain * t;
}
