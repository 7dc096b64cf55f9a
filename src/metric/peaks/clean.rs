//! A spectrum made ready: merged, freed of noise, weighted (rules: [`super`]).

use super::{Error, Peaks, Settings, Spectrum, Window};

/// m/z and intensity.
pub(super) type Peak = (f64, f64);

pub(super) fn positive_peaks(s: &Spectrum) -> Vec<Peak> {
    s.mz.iter().copied().zip(s.intensity.iter().copied()).filter(|p| p.1 > 0.0).collect()
}

pub(super) fn weigh(peaks: &[Peak], settings: &Settings, precursor: f64) -> Result<Peaks, Error> {
    let mut out = Peaks { mz: Vec::new(), weight: Vec::new(), norm: 0.0, precursor };
    let mut squares = 0.0;
    for &(mz, intensity) in peaks {
        let w = libm::pow(mz, settings.mz_power) * libm::pow(intensity, settings.intensity_power);
        squares += w * w;
        if w != 0.0 {
            out.mz.push(mz);
            out.weight.push(w);
        }
    }
    if !f64::is_normal(squares) {
        return Err(Error::Weights);
    }
    out.norm = squares.sqrt();
    Ok(out)
}

/// Ranks by descending intensity; `low_first`: of equal ones the lower m/z first.
fn by_intensity(peaks: &[Peak], low_first: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..peaks.len()).collect();
    order.sort_by(|&x, &y| {
        let ties = if low_first { x.cmp(&y) } else { y.cmp(&x) };
        peaks[y].1.total_cmp(&peaks[x].1).then(ties)
    });
    order
}

/// Neighbours of peak `i` still free and within the window: leftwards, then rightwards.
fn free_neighbours(peaks: &[Peak], used: &[bool], i: usize, window: Window) -> Vec<usize> {
    let left = (0..i).rev().take_while(|&j| window.ordered(peaks[j].0, peaks[i].0));
    let right = (i + 1..peaks.len()).take_while(|&j| window.ordered(peaks[i].0, peaks[j].0));
    left.chain(right).filter(|&j| !used[j]).collect()
}

/// Merging of the linear cosine: the most intense peak keeps its m/z.
pub(super) fn merge_close(peaks: &[Peak], window: Window) -> Vec<Peak> {
    let mut used = vec![false; peaks.len()];
    let mut out = Vec::new();
    for i in by_intensity(peaks, true) {
        if used[i] {
            continue;
        }
        used[i] = true;
        let mut total = peaks[i].1;
        for j in free_neighbours(peaks, &used, i, window) {
            total += peaks[j].1;
            used[j] = true;
        }
        out.push((peaks[i].0, total));
    }
    out.sort_by(|x, y| x.0.total_cmp(&y.0));
    out
}

/// One pass of the entropy merging: weighted mean m/z, summed intensity.
fn centroid_pass(peaks: &[Peak], window: Window) -> Vec<Peak> {
    let mut used = vec![false; peaks.len()];
    let mut out = Vec::new();
    for i in by_intensity(peaks, false) {
        if used[i] {
            continue;
        }
        used[i] = true;
        let mut group = free_neighbours(peaks, &used, i, window);
        group.push(i);
        group.sort_unstable();
        let (mut total, mut moment) = (0.0, 0.0);
        for &j in &group {
            total += peaks[j].1;
            moment += peaks[j].1 * peaks[j].0;
            used[j] = true;
        }
        let mz = if group.len() == 1 { peaks[i].0 } else { moment / total };
        out.push((mz, total));
    }
    out.sort_by(|x, y| x.0.total_cmp(&y.0));
    out
}

/// Two neighbours are closer than the window is wide.
fn crowded(peaks: &[Peak], window: Window) -> bool {
    peaks.windows(2).any(|p| match window {
        Window::Plus(t) => p[1].0 < p[0].0 + t,
        Window::Gap(t) => p[1].0 - p[0].0 < t,
        Window::Ratio(r) => p[1].0 < p[0].0 * r,
    })
}

fn to_sum_one(values: &mut [f64]) {
    let sum: f64 = values.iter().fold(0.0, |s, v| s + v);
    for v in values {
        *v /= sum;
    }
}

pub(super) fn prepare_entropy(s: &Spectrum, settings: &Settings, weighted: bool) -> Peaks {
    let mut peaks: Vec<Peak> = positive_peaks(s).into_iter().filter(|p| p.0 > 0.0).collect();
    let highest = peaks.iter().fold(0.0, |m: f64, p| m.max(p.1));
    for p in &mut peaks {
        p.1 /= highest; // no sum below can overflow
    }
    let window = settings.tolerance.window(2, true);
    while settings.merge && crowded(&peaks, window) {
        peaks = centroid_pass(&peaks, window);
    }
    let highest = peaks.iter().fold(0.0, |m: f64, p| m.max(p.1));
    peaks.retain(|p| p.1 > 0.0 && p.1 >= settings.noise * highest);
    let (mz, mut p): (Vec<f64>, Vec<f64>) = peaks.into_iter().unzip();
    to_sum_one(&mut p);
    if weighted {
        let entropy = p.iter().fold(0.0, |s, &v| s - v * libm::log(v));
        if entropy < 3.0 {
            let power = 0.25 + 0.25 * entropy;
            for v in &mut p {
                *v = libm::pow(*v, power);
            }
            to_sum_one(&mut p);
        }
    }
    Peaks { mz, weight: p, norm: 1.0, precursor: 0.0 }
}
