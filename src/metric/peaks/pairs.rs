//! Which peaks of two spectra are a pair, and what the pairs chosen sum to (rules: [`super`]).

use super::{Match, Peaks, Window};
use std::cmp::Ordering;

/// Peak `i` of the first spectrum and `j` of the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pair {
    pub(crate) i: u32,
    pub(crate) j: u32,
    pub(crate) product: f64,
    pub(crate) moved: bool,
}

/// The m/z of both peaks after the lower precursor's spectrum has been moved.
#[inline]
pub(crate) fn moved(x: f64, y: f64, shift: f64) -> (f64, f64) {
    if shift > 0.0 { (x + shift, y) } else { (x, y - shift) }
}

/// Every admissible pair, by `i`, then `j`; the moved ones after the direct ones.
pub(super) fn all_pairs(a: &Peaks, b: &Peaks, window: Window, shift: Option<f64>) -> Vec<Pair> {
    let mut out = Vec::new();
    for step in std::iter::once(None).chain(shift.map(Some)) {
        for (i, (&x, &wa)) in (0u32..).zip(a.mz.iter().zip(&a.weight)) {
            for (j, (&y, &wb)) in (0u32..).zip(b.mz.iter().zip(&b.weight)) {
                let (x, y) = step.map_or((x, y), |s| moved(x, y, s));
                if window.near(x, y) {
                    out.push(Pair { i, j, product: wa * wb, moved: step.is_some() });
                }
            }
        }
    }
    out
}

/// Order in which greedy matching takes pairs.
pub(crate) fn greedy_order(x: &Pair, y: &Pair) -> Ordering {
    let ranks = (y.moved, y.i, y.j).cmp(&(x.moved, x.i, x.j));
    y.product.total_cmp(&x.product).then(ranks)
}

/// Greedy matching by its definition.
pub(super) fn greedy(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.sort_by(greedy_order);
    let mut chosen: Vec<Pair> = Vec::new();
    for p in pairs {
        if chosen.iter().all(|c| c.i != p.i && c.j != p.j) {
            chosen.push(p);
        }
    }
    chosen
}

/// Pairs of one sweep upwards in m/z: whoever meets first is matched.
pub(crate) fn sweep(a: &Peaks, b: &Peaks, window: Window) -> Vec<Pair> {
    let mut out = Vec::new();
    let (mut i, mut j) = (0, 0);
    while let (Some(&x), Some(&y)) = (a.mz.get(i), b.mz.get(j)) {
        if window.near(x, y) {
            let product = a.weight[i] * b.weight[j];
            out.push(Pair { i: rank(i), j: rank(j), product, moved: false });
            i += 1;
            j += 1;
        } else if x < y {
            i += 1;
        } else {
            j += 1;
        }
    }
    out
}

fn rank(i: usize) -> u32 {
    i as u32
}

/// Order in which the products are summed.
fn sum_order(x: &Pair, y: &Pair) -> Ordering {
    (x.i + x.j).cmp(&(y.i + y.j)).then(y.product.total_cmp(&x.product))
}

/// The score of chosen pairs.
pub(crate) fn cosine(chosen: &mut [Pair], a: &Peaks, b: &Peaks) -> Match {
    chosen.sort_by(sum_order);
    let sum = chosen.iter().fold(0.0, |s, p| s + p.product);
    Match { score: sum / (a.norm * b.norm), matched: rank(chosen.len()) }
}

pub(crate) fn entropy(pairs: &[Pair], a: &Peaks, b: &Peaks) -> Match {
    let twice = pairs.iter().fold(0.0, |s, p| {
        let (x, y) = (a.weight[p.i as usize], b.weight[p.j as usize]);
        s + entropy_term(x, xlog2x(x), y, xlog2x(y))
    });
    Match { score: entropy_score(twice), matched: rank(pairs.len()) }
}

/// `x log2 x`.
#[inline]
pub(crate) fn xlog2x(x: f64) -> f64 {
    x * libm::log2(x)
}

/// One matched pair's share of the entropy similarity, times 2.
#[inline]
pub(crate) fn entropy_term(a: f64, fa: f64, b: f64, fb: f64) -> f64 {
    xlog2x(a + b) - (fa + fb)
}

/// The similarity from twice its value; rounding must not leave it below 0.
#[inline]
pub(crate) fn entropy_score(twice: f64) -> f64 {
    (0.5 * twice).max(0.0)
}
