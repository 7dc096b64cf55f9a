//! What a line of averaged shades becomes.
//!
//! ```text
//! as seen    q = G₁p − G₂G₁p
//! absolute   q = |G₁p − G₂G₁p|, less its G₂
//! height     q = P − G₂P,   P(i) = P(i−1) + s·½(a(i−1) + a(i)),   a = G₁p − G₂G₁p,   s the spacing
//! ```
//! G₁ smooths, G₂ is the wide mean; both take only measured positions. Sums for heights start anew after a gap. Under weak oblique light from the side
//! where the line starts, a Lambertian surface has p ∝ dh/du (A. Pentland, doi:10.1007/BF00056772), so P is its height up to a factor; what is slower
//! than G₂ is lost, and noise grows as it is summed up.

use super::flatten::inside;
use super::options::Shading;

/// Standard deviations of the two Gaussians in samples, and the distance of samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bands {
    pub(super) smoothing: f64,
    pub(super) wide: f64,
    pub(super) spacing: f64,
}

/// The numbers of a signature from mean shades; 0 where nothing was measured.
pub(super) fn shaded(shades: &[f64], measured: &[bool], shading: Shading, bands: Bands) -> Vec<f64> {
    let mut values = vec![0.0; shades.len()];
    inside(shades, Some(measured), bands.smoothing, &mut values);
    less_wide(&mut values, measured, bands.wide);
    match shading {
        Shading::AsSeen => {}
        Shading::Absolute => {
            for v in &mut values {
                *v = v.abs();
            }
            less_wide(&mut values, measured, bands.wide);
        }
        Shading::Height => {
            let mut height = 0.0;
            let mut last: Option<f64> = None;
            for (v, m) in values.iter_mut().zip(measured) {
                let slope = *v;
                height = last.map_or(0.0, |last| height + bands.spacing * 0.5 * (last + slope));
                last = m.then_some(slope);
                *v = height;
            }
            for run in runs(measured) {
                less_wide(&mut values[run.clone()], &measured[run], bands.wide);
            }
        }
    }
    for (v, m) in values.iter_mut().zip(measured) {
        if !m {
            *v = 0.0;
        }
    }
    values
}

fn less_wide(values: &mut [f64], measured: &[bool], sigma: f64) {
    let mut mean = vec![0.0; values.len()];
    inside(values, Some(measured), sigma, &mut mean);
    values.iter_mut().zip(mean).for_each(|(v, m)| *v -= m);
}

/// Stretches without gaps.
pub(super) fn runs(measured: &[bool]) -> Vec<std::ops::Range<usize>> {
    let mut all = Vec::new();
    let mut from = None;
    for (i, m) in measured.iter().copied().chain([false]).enumerate() {
        match (m, from) {
            (true, None) => from = Some(i),
            (false, Some(start)) => {
                all.push(start..i);
                from = None;
            }
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANDS: Bands = Bands { smoothing: 1.0, wide: 60.0, spacing: 0.5 };

    #[test]
    fn heights_are_the_sum_of_slopes() {
        let height = |i: usize| libm::sin(0.2 * i as f64);
        let slopes: Vec<f64> = (0..900).map(|i| 0.2 * libm::cos(0.2 * f64::from(i)) / 0.5).collect();
        let got = shaded(&slopes, &[true; 900], Shading::Height, BANDS);
        for (i, got) in got.iter().enumerate().take(600).skip(300) {
            // Smoothing over one sample damps a period of 31 samples by 2 %.
            assert!((got - height(i)).abs() < 0.03, "{i}: {got} {}", height(i));
        }
    }

    #[test]
    fn gaps_do_not_leak() {
        let mut measured = vec![true; 300];
        measured[100..120].fill(false);
        assert_eq!(runs(&measured), [0..100, 120..300]);
        for shading in [Shading::AsSeen, Shading::Height, Shading::Absolute] {
            let line = |garbage: f64| {
                let value = |i: usize| if measured[i] { libm::sin(0.3 * i as f64) } else { garbage };
                shaded(&(0..300).map(value).collect::<Vec<_>>(), &measured, shading, BANDS)
            };
            assert_eq!(line(0.0), line(1e6));
            assert!(line(0.0)[100..120].iter().all(|v| *v == 0.0));
        }
    }

    #[test]
    fn turning_the_sign_turns_all_but_sizes() {
        let line: Vec<f64> = (0..200).map(|i| libm::sin(0.3 * f64::from(i)) + libm::cos(0.11 * f64::from(i))).collect();
        let other: Vec<f64> = line.iter().map(|v| -v).collect();
        for (shading, sign) in [(Shading::AsSeen, -1.0), (Shading::Height, -1.0), (Shading::Absolute, 1.0)] {
            let (a, b) = (shaded(&line, &[true; 200], shading, BANDS), shaded(&other, &[true; 200], shading, BANDS));
            assert!(a.iter().zip(&b).all(|(a, b)| *a == sign * b));
        }
    }
}
