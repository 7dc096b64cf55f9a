//! Simulated infrared spectra: absorbance over wavenumbers from 4000 down to 650 cm⁻¹.
//!
//! Twelve **pure components** have 8 to 24 Gaussian bands each (centres uniform over the axis, widths 8 … 60 cm⁻¹, heights
//! exponential). A **batch** is a mixture: 40 … 80 % of component 0, the rest spread over three others with exponential weights.
//! An **exhibit** has each share times 1 + 0.01z (z normal), multiplicative scatter 0.9 … 1.1, a baseline with offset and
//! slope within ±0.02, and white noise of 0.002.
//!
//! Not modelled: water and carbon dioxide, saturation, instruments that differ, particle size, ageing. Spectra of different
//! batches resemble each other, as those of seized drugs do.

use crate::draw::Stream;

pub const COMPONENTS: usize = 12;
/// First and last wavenumber, in cm⁻¹.
pub const RANGE: (f64, f64) = (4000.0, 650.0);

/// Wavenumbers in cm⁻¹.
#[must_use]
pub fn axis(d: usize) -> Vec<f64> {
    let step = (RANGE.1 - RANGE.0) / (d.max(2) - 1) as f64;
    (0..d).map(|i| RANGE.0 + step * i as f64).collect()
}

/// One pure component.
pub fn component(axis: &[f64], draw: &mut Stream) -> Vec<f64> {
    let mut spectrum = vec![0.0; axis.len()];
    let bands = 8 + (17.0 * draw.uniform()) as usize;
    for _ in 0..bands {
        let centre = RANGE.1 + (RANGE.0 - RANGE.1) * draw.uniform();
        let width = 8.0 + 52.0 * draw.uniform();
        let height = -libm::log(draw.uniform());
        for (s, w) in spectrum.iter_mut().zip(axis) {
            let z = (w - centre) / width;
            if z.abs() < 6.0 {
                *s += height * libm::exp(-0.5 * z * z);
            }
        }
    }
    spectrum
}

/// What a batch is mixed of: the share of each component.
pub fn mixture(draw: &mut Stream) -> [f64; COMPONENTS] {
    let mut shares = [0.0; COMPONENTS];
    shares[0] = 0.4 + 0.4 * draw.uniform();
    let mut others = [(0, 0.0); 3];
    for other in &mut others {
        *other = (1 + ((COMPONENTS - 1) as f64 * draw.uniform()) as usize, -libm::log(draw.uniform()));
    }
    let total: f64 = others.iter().map(|o| o.1).sum();
    for (component, weight) in others {
        shares[component] += (1.0 - shares[0]) * weight / total;
    }
    shares
}

/// The spectrum of an exhibit of a batch, into `out`.
pub fn spectrum(components: &[Vec<f64>], shares: &[f64; COMPONENTS], draw: &mut Stream, out: &mut [f32]) {
    let d = out.len();
    let mut sum = vec![0.0; d];
    for (component, share) in components.iter().zip(shares).filter(|(_, s)| **s > 0.0) {
        let share = share * (1.0 + 0.01 * draw.normal());
        sum.iter_mut().zip(component).for_each(|(s, c)| *s += share * c);
    }
    let (scatter, offset, slope) = (0.9 + 0.2 * draw.uniform(), 0.04 * draw.uniform() - 0.02, 0.04 * draw.uniform() - 0.02);
    for (i, (out, s)) in out.iter_mut().zip(sum).enumerate() {
        let place = i as f64 / d as f64 - 0.5;
        *out = (scatter * s + offset + slope * place + 0.002 * draw.normal()) as f32;
    }
}
