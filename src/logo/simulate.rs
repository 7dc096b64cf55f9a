//! Simulated shape descriptors of stamped logos: non-negative, like magnitudes of moments.
//!
//! A logo has features |z|·e^(−4k/d), k = 0 … d−1, z normal: higher orders are smaller, as with Zernike magnitudes. An exhibit has each feature times
//! 1 + 0.08z, plus |0.01z|: a worn stamp, and the camera.
//!
//! Not modelled: pictures, rotation, partial stamps, logos that imitate each other.

use crate::draw::Stream;

/// The shape of a logo.
pub fn shape(d: usize, draw: &mut Stream) -> Vec<f64> {
    (0..d).map(|k| draw.normal().abs() * libm::exp(-4.0 * k as f64 / d as f64)).collect()
}

/// The descriptor of one stamp of it, into `out`.
pub fn stamp(shape: &[f64], draw: &mut Stream, out: &mut [f32]) {
    for (out, shape) in out.iter_mut().zip(shape) {
        *out = (shape * (1.0 + 0.08 * draw.normal()).max(0.0) + (0.01 * draw.normal()).abs()) as f32;
    }
}
