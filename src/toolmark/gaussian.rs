//! The Gaussian profile filter of ISO 16610-21, for surfaces with missing points.
//!
//! ```text
//! s(x) = exp(−π(x/(α·λ))²)/(α·λ),   α = √(ln 2/π) = 0.4697,   which is a normal density with σ = α·λ/√(2π) = 0.1874·λ
//! low(x) = Σ s(k)·h(x−k)·m(x−k) / Σ s(k)·m(x−k)    over |k| ≤ R,   high = h − low
//! ```
//! λ is the cut-off wavelength, of which half the amplitude passes; m is 1 where a point was measured, else 0. This is Gaussian regression of order 0:
//! ISO 16610-31's family: it neither bends towards missing points nor fills them. Some packages use σ = λ/(2π) = 0.159·λ, which lets through 60.7 % at λ;
//! their cut-offs are not ours.
//!
//! - R = ⌈t·σ⌉ samples, t = [`TRUNCATION`] unless told. The mass outside 3σ is 0.27 %; the kernel is normalised to sum 1 after the cut.
//! - At the edges the profile is mirrored about its outermost half-sample ([`Edge::Mirror`]), or what lies outside counts as missing ([`Edge::Shrink`]).
//! - [`Reach::Window`] is the window that NFI Scratch has had from its predecessor for surfaces with missing points: ⌈4σ⌉ samples, one more if that is even.
//!
//! Sums run over |k| from the middle outwards, the samples at −k and k added first: the same bits whatever registers a processor has.
//! Wanted by: `toolmark/signature` and `toolmark/cmc`. Units: µm for λ and spacings.

use super::surface::Surface;
use std::f64::consts::PI;

/// σ = SIGMA·λ
pub const SIGMA: f64 = 0.187_390_625_129_277_6;
/// How many σ the kernel reaches to either side.
pub const TRUNCATION: f64 = 3.0;

/// What lies outside of the surface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edge {
    /// The surface again, mirrored about its edge.
    #[default]
    Mirror,
    /// Nothing.
    Shrink,
}

/// How far a kernel reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    /// ⌈so many σ⌉ samples to either side.
    Sigmas(f64),
    /// ⌈so many σ⌉ samples in all, made odd.
    Window(f64),
}

impl Default for Reach {
    fn default() -> Self {
        Self::Sigmas(TRUNCATION)
    }
}

/// One half of a symmetric kernel: weights of the samples at distance 0, 1, 2 …
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    half: Vec<f64>,
    /// Both halves.
    whole: Vec<f64>,
    edge: Edge,
}

impl Kernel {
    /// The kernel for cut-off λ at a spacing, both in µm. At most 2²⁰ samples to either side.
    #[must_use]
    pub fn new(cutoff_um: f64, spacing_um: f64, reach: Reach, edge: Edge) -> Self {
        let sigma = SIGMA * cutoff_um / spacing_um;
        let far = match reach {
            Reach::Sigmas(t) => libm::ceil(t * sigma),
            Reach::Window(t) => libm::floor(libm::ceil(t * sigma) / 2.0),
        };
        let far = if far.is_finite() { far.clamp(0.0, 1_048_576.0) as usize } else { 0 };
        let mut half: Vec<f64> = (0..=far)
            .map(|k| {
                let x = k as f64 / sigma;
                if k == 0 { 1.0 } else { libm::exp(-0.5 * x * x) }
            })
            .collect();
        let sum = half[0] + 2.0 * half[1..].iter().sum::<f64>();
        for w in &mut half {
            *w /= sum;
        }
        let whole = half.iter().rev().chain(&half[1..]).copied().collect();
        Self { half, whole, edge }
    }

    /// Samples to either side.
    #[must_use]
    pub fn far(&self) -> usize {
        self.half.len() - 1
    }

    /// The share of an amplitude of wavelength λ that passes an endless profile: for tests and reports.
    #[must_use]
    pub fn transmission(&self, wavelength_samples: f64) -> f64 {
        let turn = 2.0 * PI / wavelength_samples;
        self.half[0] + 2.0 * self.half[1..].iter().zip(1..).map(|(w, k)| w * libm::cos(turn * f64::from(k))).sum::<f64>()
    }

    /// Smooths a line. `heights` are 0 where nothing was measured.
    fn line(&self, heights: &[f64], measured: &[bool], room: &mut Room, out: &mut [f64]) {
        self.everywhere(heights, measured, room, out);
        for (out, m) in out.iter_mut().zip(measured) {
            *out = if *m { *out } else { 0.0 };
        }
    }

    /// The same at points that were not measured too; the weights are in `room.weights`, unless all are 1 and it is empty.
    fn everywhere(&self, heights: &[f64], measured: &[bool], room: &mut Room, out: &mut [f64]) {
        room.weights.clear();
        let full = measured.iter().all(|m| *m);
        room.fill(heights, self.far(), self.edge);
        correlate(&room.padded, &self.half, out);
        if full && self.edge == Edge::Mirror {
            return;
        }
        room.weigh(measured, self);
        for (out, weight) in out.iter_mut().zip(&room.weights) {
            *out = if *weight > 0.0 { *out / weight } else { 0.0 };
        }
    }

    /// Smooths a profile; 0 where nothing was measured.
    #[must_use]
    pub fn smooth(&self, heights: &[f64], measured: &[bool]) -> Vec<f64> {
        let mut out = vec![0.0; heights.len()];
        self.line(heights, measured, &mut Room::default(), &mut out);
        out
    }
}

#[derive(Default)]
struct Room {
    padded: Vec<f64>,
    ones: Vec<f64>,
    weights: Vec<f64>,
}

impl Room {
    /// Σ s(k)·m(x−k) at every x: what is missing is taken off 1, or, where more than a sixth is, what is there added up.
    fn weigh(&mut self, measured: &[bool], kernel: &Kernel) {
        let (n, far) = (measured.len(), kernel.far());
        let mut ones = std::mem::take(&mut self.ones);
        ones.clear();
        ones.extend(measured.iter().map(|&m| f64::from(u8::from(m))));
        self.fill(&ones, far, kernel.edge);
        self.ones = ones;
        self.weights.clear();
        self.weights.resize(n, 0.0);
        if 6 * self.padded.iter().filter(|m| **m == 0.0).count() > n {
            return correlate(&self.padded, &kernel.half, &mut self.weights);
        }
        self.weights.fill(1.0);
        for at in (0..self.padded.len()).filter(|&p| self.padded[p] == 0.0) {
            // Place x of the profile is x + R of the padded one.
            let (from, to) = (at.saturating_sub(2 * far), (at + 1).min(n));
            let first = from + 2 * far - at;
            for (weight, s) in self.weights[from..to].iter_mut().zip(&kernel.whole[first..]) {
                *weight -= s;
            }
        }
    }

    /// x with `far` samples more at each end.
    fn fill(&mut self, x: &[f64], far: usize, edge: Edge) {
        let n = x.len();
        self.padded.clear();
        self.padded.resize(n + 2 * far, 0.0);
        self.padded[far..far + n].copy_from_slice(x);
        if edge == Edge::Mirror && n > 0 {
            // The mirrored profile has period 2n: … x1 x0 | x0 x1 … xn | xn …
            let mirrored = |i: usize| if i < n { x[i] } else { x[2 * n - 1 - i] };
            for k in 0..far {
                self.padded[far - 1 - k] = mirrored(k % (2 * n));
                self.padded[far + n + k] = mirrored((n + k) % (2 * n));
            }
        }
    }
}

/// out\[i\] = w₀·x\[i+R\] + Σ w_k·(x\[i+R−k\] + x\[i+R+k\])
fn correlate(padded: &[f64], half: &[f64], out: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has what the function was compiled for.
        return unsafe { correlate_avx512(padded, half, out) };
    } else if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: as above.
        return unsafe { correlate_avx2(padded, half, out) };
    }
    correlate_in_any(padded, half, out);
}

/// The same with the widest registers. Products and sums stay apart (no fused multiply), so that the bits are the same.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn correlate_avx512(padded: &[f64], half: &[f64], out: &mut [f64]) {
    correlate_in_any(padded, half, out);
}

/// The same with wider ones.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn correlate_avx2(padded: &[f64], half: &[f64], out: &mut [f64]) {
    correlate_in_any(padded, half, out);
}

#[inline(always)]
fn correlate_in_any(padded: &[f64], half: &[f64], out: &mut [f64]) {
    const LANES: usize = 32;
    let far = half.len() - 1;
    let n = out.len();
    let mut start = 0;
    while start < n {
        let lanes = LANES.min(n - start);
        let middle = start + far;
        if lanes == LANES {
            let mut sums = [0.0f64; LANES];
            for (s, x) in sums.iter_mut().zip(&padded[middle..middle + LANES]) {
                *s = half[0] * x;
            }
            for (k, w) in half.iter().enumerate().skip(1) {
                let (left, right) = (&padded[middle - k..middle - k + LANES], &padded[middle + k..middle + k + LANES]);
                for ((s, l), r) in sums.iter_mut().zip(left).zip(right) {
                    *s += w * (l + r);
                }
            }
            out[start..start + LANES].copy_from_slice(&sums);
        } else {
            for i in start..n {
                let mut s = half[0] * padded[i + far];
                for (k, w) in half.iter().enumerate().skip(1) {
                    s += w * (padded[i + far - k] + padded[i + far + k]);
                }
                out[i] = s;
            }
        }
        start += lanes;
    }
}

/// Smooths every row along x, with a height wherever at least `least` of the kernel's weight lies on measured points: small gaps are filled. For estimates of a whole, such as an
/// angle; no filled point ends up in a descriptor.
#[must_use]
pub fn smooth_and_fill(surface: &Surface, kernel: &Kernel, least: f64) -> Surface {
    let columns = surface.columns();
    let mut heights = vec![0.0; surface.heights_um().len()];
    let mut filled = vec![true; heights.len()];
    let mut room = Room::default();
    let lines = surface.heights_um().chunks(columns).zip(surface.measured().chunks(columns));
    for (((x, m), out), filled) in lines.zip(heights.chunks_mut(columns)).zip(filled.chunks_mut(columns)) {
        kernel.everywhere(x, m, &mut room, out);
        for (f, weight) in filled.iter_mut().zip(&room.weights) {
            *f = *weight >= least;
        }
    }
    surface.with_heights(heights, filled)
}

/// What passes below the short cut-off and above the long one, along x. Either may be left out.
#[must_use]
pub fn band(surface: Surface, highpass: Option<&Kernel>, lowpass: Option<&Kernel>) -> Surface {
    let (mut room, mut line) = (Room::default(), vec![0.0; surface.columns()]);
    surface.with_rows(|_, h, m| {
        match highpass {
            None => line.copy_from_slice(h),
            Some(kernel) => {
                kernel.line(h, m, &mut room, &mut line);
                line.iter_mut().zip(&*h).for_each(|(low, h)| *low = h - *low);
            }
        }
        match lowpass {
            None => h.copy_from_slice(&line),
            Some(kernel) => kernel.line(&line, m, &mut room, h),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;

    /// The formula, term by term.
    fn naive(x: &[f64], m: &[bool], cutoff: f64, spacing: f64, far: usize, edge: Edge) -> Vec<f64> {
        let alpha = (2f64.ln() / PI).sqrt();
        let n = x.len() as i64;
        let at = |i: i64| -> Option<usize> {
            if (0..n).contains(&i) {
                return Some(i as usize);
            }
            (edge == Edge::Mirror).then(|| {
                let r = i.rem_euclid(2 * n);
                (if r < n { r } else { 2 * n - 1 - r }) as usize
            })
        };
        (0..n)
            .map(|i| {
                let (mut sum, mut weights) = (0.0, 0.0);
                for k in -(far as i64)..=far as i64 {
                    let t = k as f64 * spacing / (alpha * cutoff);
                    if let Some(j) = at(i + k).filter(|&j| m[j]) {
                        let w = (-PI * t * t).exp();
                        sum += w * x[j];
                        weights += w;
                    }
                }
                if m[i as usize] { sum / weights } else { 0.0 }
            })
            .collect()
    }

    #[test]
    fn the_filter_is_its_formula() {
        let mut draw = Stream::new(1, "gaussian", 0);
        for n in [1, 2, 15, 16, 17, 40, 200] {
            for missing in [0.0, 0.2, 0.7] {
                for (edge, cutoff) in [(Edge::Mirror, 30.0), (Edge::Shrink, 30.0), (Edge::Mirror, 300.0), (Edge::Shrink, 2.0)] {
                    let m: Vec<bool> = (0..n).map(|_| draw.uniform() >= missing).collect();
                    let x: Vec<f64> = m.iter().map(|m| if *m { draw.normal() + 5.0 } else { 0.0 }).collect();
                    let kernel = Kernel::new(cutoff, 1.5, Reach::default(), edge);
                    let expected = naive(&x, &m, cutoff, 1.5, kernel.far(), edge);
                    for (got, expected) in kernel.smooth(&x, &m).iter().zip(&expected) {
                        assert!((got - expected).abs() < 1e-12, "n {n} missing {missing} {edge:?}: {got} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn registers_do_not_change_the_bits() {
        let mut draw = Stream::new(2, "gaussian", 0);
        for (n, far) in [(1usize, 3usize), (16, 0), (33, 5), (200, 62)] {
            let half: Vec<f64> = (0..=far).map(|_| draw.uniform()).collect();
            let padded: Vec<f64> = (0..n + 2 * far).map(|_| draw.normal()).collect();
            let (mut a, mut b) = (vec![0.0; n], vec![0.0; n]);
            correlate(&padded, &half, &mut a);
            correlate_in_any(&padded, &half, &mut b);
            assert!(a.iter().zip(&b).all(|(x, y)| x.to_bits() == y.to_bits()));
        }
    }

    #[test]
    fn half_of_the_cut_off_passes() {
        let kernel = Kernel::new(100.0, 1.0, Reach::Sigmas(6.0), Edge::Mirror);
        assert!((kernel.transmission(100.0) - 0.5).abs() < 1e-6);
        // σ = λ/2π would let 60.7 % through.
        assert!((SIGMA - (2f64.ln() / 2.0).sqrt() / PI).abs() < 1e-15);
    }

    #[test]
    fn windows_have_the_size_of_their_predecessor() {
        assert_eq!(Kernel::new(250.0, 1.5, Reach::Window(4.0), Edge::Shrink).far(), 62);
        assert_eq!(Kernel::new(5.0, 1.5, Reach::Window(4.0), Edge::Shrink).far(), 1);
        assert_eq!(Kernel::new(250.0, 1.5, Reach::Sigmas(3.0), Edge::Mirror).far(), 94);
    }

    #[test]
    fn a_constant_stays() {
        let mut m = vec![true; 100];
        m[40..60].fill(false);
        let s = Surface::new(100, 1, (1.0, 1.0), vec![3.0; 100], m).unwrap();
        let high = Kernel::new(50.0, 1.0, Reach::default(), Edge::Shrink);
        assert!(band(s.clone(), Some(&high), None).heights_um().iter().all(|h| h.abs() < 1e-12));
        assert!(band(s, None, Some(&high)).at(0, 50).is_none());
    }
}
