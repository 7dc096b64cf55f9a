// t = Σ |x − y|. Twin of metric::manhattan::AbsoluteDifference.
fn step(sum: vec4<f32>, x: vec4<f32>, y: f32) -> vec4<f32> {
    return sum + abs(x - vec4<f32>(y));
}

fn join(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return a + b;
}

fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
    return gain * t;
}
