//! Simulated striation profiles: heights in µm, 1.5 µm apart.
//!
//! A press has a **signature**: the sum of normal noise smoothed over 3, 9 and 30 samples (forward and backward first-order
//! filters), with shares 0.5, 0.35 and 0.15 of the variance, scaled to a root mean square of 0.5 µm. A **mark** is a window of d samples
//! cropped from it at a lag of up to ±5 % of d, with a gain of 0.8 … 1.25, plus wear (noise smoothed over 200 samples, 0.1 µm)
//! and measurement noise (white, 0.2 µm): a signal-to-noise ratio of about 8 dB.
//!
//! Not modelled: missing points, stretched marks, chatter, several working edges, wear that grows with time. Marks are shifted
//! against each other, so that a plain correlation finds few; a metric with lag finds them.

use crate::draw::Stream;

/// Distance of samples in µm.
pub const SPACING_UM: f64 = 1.5;
const RMS_UM: f64 = 0.5;

/// Greatest lag, in samples.
#[must_use]
pub const fn most_lag(d: usize) -> usize {
    d / 20
}

fn smooth(values: &mut [f64], over: f64) {
    let a = 1.0 / over;
    let mut y = 0.0;
    for v in values.iter_mut() {
        y += a * (*v - y);
        *v = y;
    }
    y = 0.0;
    for v in values.iter_mut().rev() {
        y += a * (*v - y);
        *v = y;
    }
}

fn scale_to(values: &mut [f64], rms: f64) {
    let now = (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt();
    let factor = if now > 0.0 { rms / now } else { 0.0 };
    for v in values {
        *v *= factor;
    }
}

/// The signature of a press, long enough for marks of d samples at any lag.
pub fn signature(d: usize, draw: &mut Stream) -> Vec<f64> {
    let length = d + 2 * most_lag(d);
    let mut sum = vec![0.0; length];
    for (over, share) in [(3.0, 0.5f64), (9.0, 0.35), (30.0, 0.15)] {
        let mut part: Vec<f64> = (0..length).map(|_| draw.normal()).collect();
        smooth(&mut part, over);
        scale_to(&mut part, share.sqrt());
        sum.iter_mut().zip(part).for_each(|(s, p)| *s += p);
    }
    scale_to(&mut sum, RMS_UM);
    sum
}

/// A mark of a press, into `out`.
pub fn mark(signature: &[f64], draw: &mut Stream, out: &mut [f32]) {
    let lag = (draw.uniform() * (2 * most_lag(out.len()) + 1) as f64) as usize;
    let gain = libm::exp(libm::log(1.25) * (2.0 * draw.uniform() - 1.0));
    let mut wear: Vec<f64> = (0..out.len()).map(|_| draw.normal()).collect();
    smooth(&mut wear, 200.0);
    scale_to(&mut wear, 0.1);
    for (i, out) in out.iter_mut().enumerate() {
        *out = (gain * signature[lag + i] + wear[i] + 0.2 * draw.normal()) as f32;
    }
}
