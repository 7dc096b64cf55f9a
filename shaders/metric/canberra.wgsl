// t = Σ |x − y| / (|x| + |y|), nothing where both are zero. Twin of metric::canberra::Quotient.
fn step(sum: vec4<f32>, x: vec4<f32>, y: f32) -> vec4<f32> {
    let z = vec4<f32>(y);
    return sum + abs(x - z) / max(abs(x) + abs(z), vec4<f32>(0x1p-126f));
}

fn join(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return a + b;
}

fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
    return gain * t;
}
