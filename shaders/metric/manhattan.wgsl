// t = Σ |x − y|. Twin of metric::manhattan::AbsoluteDifference.
fn step(sum: vec4<f32>, x: vec4<f32>, y: f32) -> vec4<f32> {
    return sum + abs(x - vec4<f32>(y));
}
