// t = Σ (x − y)² / (x + y), nothing where both are zero. Twin of metric::chi2::SquareQuotient.
fn step(sum: vec4<f32>, x: vec4<f32>, y: f32) -> vec4<f32> {
    let z = vec4<f32>(y);
    let difference = x - z;
    return sum + difference * (difference / max(x + z, vec4<f32>(0x1p-126f)));
}

fn join(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return a + b;
}

fn bound(gain: f32, t: f32, x: f32, y: f32) -> f32 {
    return gain * t;
}
