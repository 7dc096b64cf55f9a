// t = Σ x·y of weighted magnitude spectra: at least the correlation at any lag. Twin of metric::lagged::Magnitudes.
fn step(sum: vec4<f32>, x: vec4<f32>, y: f32) -> vec4<f32> {
    return fma(x, vec4<f32>(y), sum);
}

fn join(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return a + b;
}

fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
    return gain * t;
}
