//! The second stage: the correlation over all lags from stored spectra, with its error.

use super::Ccf;
use super::overlap::measured;
use super::transform::{DOUBLE, Plan, Profile, SINGLE, best, multiply, transform_size};
use crate::matrix::Row;
use crate::metric::form::EPSILON;
use crate::metric::lagged::SLACK;
use realfft::num_complex::Complex;
use std::cell::RefCell;

/// A full row as the second stage needs it. Tables by the number of samples that hang over.
#[derive(Clone, Debug)]
pub struct Lagged {
    pub(super) spectrum: Vec<Complex<f32>>,
    /// 1/σ of the first samples, of the last ones.
    first: Vec<f32>,
    last: Vec<f32>,
    /// √n·mean/σ of the same.
    first_mean: Vec<f32>,
    last_mean: Vec<f32>,
    /// Factor of the error of Σxy/(σσ).
    reach: f64,
    /// Largest 1/σ and √n|mean|/σ.
    pub(super) most: (f64, f64),
}

impl Ccf {
    /// A row for the second stage, where that is quick: full and not stretched.
    #[must_use]
    pub fn prepare(&self, x: Row<'_>) -> Option<Lagged> {
        let x = x.to_f64();
        let full = measured(&x);
        if full.len() != x.len() || !self.stretch.is_empty() || x.len() < 4 {
            return None;
        }
        let n = x.len();
        let profile = Profile::new(&x);
        let over = *self.lags(n, n).end() as usize;
        let size = transform_size(2 * n - self.least(n, n));
        let (mut most, mut tables) = ((0.0f64, 0.0f64), [const { Vec::new() }; 4]);
        for hang in 0..=over {
            for (side, (start, end)) in [(0, n - hang), (hang, n)].into_iter().enumerate() {
                let (s, v) = profile.span(start, end);
                if v < 1e-6 {
                    return None;
                }
                let (scale, mean) = (1.0 / v.sqrt(), s / ((end - start) as f64 * v).sqrt());
                most = (most.0.max(scale), most.1.max(mean.abs()));
                tables[2 * side].push(scale as f32);
                tables[2 * side + 1].push(mean as f32);
            }
        }
        let [first, first_mean, last, last_mean] = tables;
        let norm = 1.0 / (size as f64).sqrt();
        let (spectrum, peak) = DOUBLE.with_borrow_mut(|plans| {
            let plan = plans.entry(size).or_insert_with(|| Plan::new(size));
            plan.forward(profile.unit.iter().copied());
            let peak = plan.spectrum.iter().map(|z| z.norm()).fold(0.0, f64::max);
            let narrow = |z: &Complex<f64>| Complex::new((z.re * norm) as f32, (z.im * norm) as f32);
            (plan.spectrum.iter().map(narrow).collect::<Vec<_>>(), peak)
        });
        let reach = (53.0 * libm::log2(size as f64) * EPSILON * peak.max(1.0) * 1.001).sqrt() * most.0;
        Some(Lagged { spectrum, first, last, first_mean, last_mean, reach, most })
    }

    /// The score of two prepared rows, off by at most [`SLACK`]; `None` where that cannot be promised.
    #[must_use]
    pub fn estimate(&self, a: &Lagged, b: &Lagged, width: usize) -> Option<f32> {
        let scale = a.most.0 * b.most.0;
        let rounding = 64.0 * EPSILON * (1.0 + scale + a.most.1 * b.most.1);
        let size = transform_size(2 * width - self.least(width, width));
        let over = a.first.len() - 1;
        if a.reach * b.reach + rounding <= 0.95 * SLACK {
            return Some(SINGLE.with_borrow_mut(|plans| {
                let plan = plans.entry(size).or_insert_with(|| Plan::new(size));
                multiply(&mut plan.spectrum, &a.spectrum, &b.spectrum);
                plan.inverse();
                best_lag(a, b, &plan.time[..=over], &plan.time[size - over..])
            }));
        }
        // Back in f64: what is left is how the spectra were rounded.
        if 8.0 * EPSILON * scale + rounding > 0.95 * SLACK {
            return None;
        }
        Some(DOUBLE.with_borrow_mut(|plans| {
            let plan = plans.entry(size).or_insert_with(|| Plan::new(size));
            multiply(&mut plan.spectrum, &a.spectrum, &b.spectrum);
            plan.inverse();
            NARROW.with_borrow_mut(|narrow| {
                narrow.clear();
                narrow.extend(plan.time[..=over].iter().chain(&plan.time[size - over..]).map(|&c| c as f32));
                let (behind, before) = narrow.split_at(over + 1);
                best_lag(a, b, behind, before)
            })
        }))
    }

    /// Bytes that a prepared row takes.
    #[must_use]
    pub fn prepared_bytes(&self, width: usize) -> usize {
        let size = transform_size(2 * width);
        8 * (size / 2 + 1) + 16 * width
    }
}

/// The largest correlation, from the products at lags 0 … and those at the lags before zero, the last of them lag −1.
fn best_lag(a: &Lagged, b: &Lagged, behind: &[f32], before: &[f32]) -> f32 {
    // b's first sample lies `hang` samples behind a's, or before it.
    let mut most = best(behind, &a.last, &b.first, &a.last_mean, &b.first_mean);
    let rest = before.iter().rev().zip(&a.first[1..]).zip(&b.last[1..]).zip(&a.first_mean[1..]).zip(&b.last_mean[1..]);
    for ((((c, x), y), u), w) in rest {
        most = most.max(c * (x * y) - u * w);
    }
    most
}

thread_local! {
    static NARROW: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}
