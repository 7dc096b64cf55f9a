// t = Σ |x − y|^p. Twin of metric::minkowski::Power.
fn step(sum: vec4<f32>, x: vec4<f32>, y: f32) -> vec4<f32> {
    let log = log2(max(abs(x - vec4<f32>(y)), vec4<f32>(0x1p-126f)));
    return sum + exp2(max(job.parameter * log, vec4<f32>(-126.0)));
}

fn join(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return a + b;
}

fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
    return gain * t;
}
