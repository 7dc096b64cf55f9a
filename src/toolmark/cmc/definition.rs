//! The definition, by direct loops; it is slow and shares nothing with the search but the words.

use super::cells::{Cell, FLAT, moments};
use super::outcome::{Frame, Registration, cos_sin};
use super::{Options, Surface};

/// The best registration of a cell of `a` on `b` turned by an angle, all places within ± window px; `None` where none has enough points.
#[must_use]
pub fn define(
    a: &Surface,
    b: &Surface,
    cell: &Cell,
    angle_degrees: f64,
    window: usize,
    options: &Options,
) -> Option<Registration> {
    let frame = Frame::new((a.columns(), a.rows()), (b.columns(), b.rows()));
    let turn = cos_sin(angle_degrees);
    let (flat_a, flat_b) = (FLAT * moments(a).1, FLAT * moments(b).1);
    let window = window as i64;
    let mut best: Option<Registration> = None;
    for dy in -window..=window {
        for dx in -window..=window {
            let mut pairs = Vec::new();
            for r in cell.rows.clone() {
                for c in cell.columns.clone() {
                    let (x, y) = frame.source((c as i64 + dx) as f64, (r as i64 + dy) as f64, turn);
                    if let (Some(h), Some(k)) = (a.at(r, c), between(b, x, y)) {
                        pairs.push((h, k));
                    }
                }
            }
            if pairs.len() < cell.least_pairs(options) {
                continue;
            }
            let correlation = pearson(&pairs, flat_a, flat_b);
            let far = |x: i64, y: i64| x * x + y * y;
            if best.is_none_or(|b| correlation > b.correlation || (correlation == b.correlation && far(dx, dy) < far(b.dx, b.dy)))
            {
                let (sx, sy) = a.spacing_um();
                let (dx_um, dy_um) = (dx as f64 * sx, dy as f64 * sy);
                best = Some(Registration { correlation, dx, dy, dx_um, dy_um, angle_degrees, pairs: pairs.len() });
            }
        }
    }
    best
}

/// 0 where one of the two is flat.
fn pearson(pairs: &[(f64, f64)], flat_a: f64, flat_b: f64) -> f64 {
    let n = pairs.len() as f64;
    let a = pairs.iter().map(|p| p.0).sum::<f64>() / n;
    let b = pairs.iter().map(|p| p.1).sum::<f64>() / n;
    let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| of(p.0 - a, p.1 - b)).sum::<f64>();
    let (aa, bb, ab) = (sum(&|x, _| x * x), sum(&|_, y| y * y), sum(&|x, y| x * y));
    if (aa / n).sqrt() <= flat_a || (bb / n).sqrt() <= flat_b { 0.0 } else { ab / (aa * bb).sqrt() }
}

/// Each point weighs (1 − |distance in x|)·(1 − |distance in y|).
fn between(s: &Surface, x: f64, y: f64) -> Option<f64> {
    let mut sum = 0.0;
    for r in [y.floor() as i64, y.floor() as i64 + 1] {
        for c in [x.floor() as i64, x.floor() as i64 + 1] {
            let weight = (1.0 - (x - c as f64).abs()) * (1.0 - (y - r as f64).abs());
            if weight > 1e-9 {
                let inside = r >= 0 && c >= 0 && r < s.rows() as i64 && c < s.columns() as i64;
                sum += weight * inside.then(|| s.at(r as usize, c as usize)).flatten()?;
            }
        }
    }
    Some(sum)
}
