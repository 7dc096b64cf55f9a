//! Spikes of a striated surface: points that stand out from those before and after them along the striations.
//!
//! ```text
//! d(r, c) = |h(r, c) − median of h(r−2 … r+2, c)|,   spike where d > k·max(σ, σ_c),   σ = 1.4826·median of all d, σ_c of column c
//! ```
//! Striations run from row to row here, so that a deep scratch, however deep, is no spike, and a point that is higher than its four neighbours along the scratch by many
//! times their scatter is one: dust, or a stray reflection. A neighbour that is missing or outside counts as the point itself, which makes the rule careful at
//! edges. σ_c is the noise of that place across the striations: steep flanks scatter more than flat ground. Both σ are taken from points whose four neighbours were all measured, of at most 2¹⁸ evenly spaced ones, or 128 in a column; where there are fewer than 100, or more than half
//! of them do not differ from their neighbours at all, nothing is called a spike. The median of absolute deviations is after F. Hampel,
//! doi:10.1080/01621459.1974.10482962. Spikes become missing points; nothing is put in their place.

use super::surface::Surface;

/// A surface without its spikes, and how many there were; `None` where there are none.
#[must_use]
pub fn without_spikes(surface: &Surface, k: f64) -> Option<(Surface, usize)> {
    let (columns, rows) = (surface.columns(), surface.rows());
    let (h, m) = (surface.heights_um(), surface.measured());
    if rows < 5 {
        return None;
    }
    let mut away = vec![0.0f32; h.len()];
    let mut whole = vec![false; h.len()];
    let line = |r: usize| r * columns..(r + 1) * columns;
    for r in 0..rows {
        // Rows outside are the row itself, of which nothing was measured.
        let near = [r.checked_sub(2), r.checked_sub(1), Some(r + 1), Some(r + 2)];
        let inside = near.iter().all(|q| q.is_some_and(|q| q < rows));
        let [a, b, c, d] = near.map(|q| q.filter(|&q| q < rows).unwrap_or(r));
        let (ha, hb, own, hc, hd) = (&h[line(a)], &h[line(b)], &h[line(r)], &h[line(c)], &h[line(d)]);
        let (ma, mb, m, mc, md) = (&m[line(a)], &m[line(b)], &m[line(r)], &m[line(c)], &m[line(d)]);
        let (away, whole) = (&mut away[line(r)], &mut whole[line(r)]);
        for i in 0..columns {
            let x = own[i];
            let or_own = |m: bool, h: f64| if m { h } else { x };
            let five = [or_own(ma[i], ha[i]), or_own(mb[i], hb[i]), x, or_own(mc[i], hc[i]), or_own(md[i], hd[i])];
            away[i] = (x - median_of_five(five)).abs() as f32;
            whole[i] = inside & m[i] & ma[i] & mb[i] & mc[i] & md[i];
        }
    }
    let every = whole.iter().filter(|w| **w).count().div_ceil(1 << 18).max(1);
    let mut sample: Vec<f32> = away.iter().zip(&whole).filter(|(_, w)| **w).step_by(every).map(|(d, _)| *d).collect();
    if sample.len() < 100 {
        return None;
    }
    let middle = sample.len() / 2;
    let (_, median, _) = sample.select_nth_unstable_by(middle, f32::total_cmp);
    if *median == 0.0 {
        return None;
    }
    let least = *median;
    let mut column = Vec::with_capacity(128);
    let limits: Vec<f32> = (0..columns)
        .map(|c| {
            column.clear();
            column.extend((0..rows).step_by(rows.div_ceil(128)).map(|r| r * columns + c).filter(|&i| whole[i]).map(|i| away[i]));
            let middle = column.len() / 2;
            let own = if column.len() < 20 { 0.0 } else { *column.select_nth_unstable_by(middle, f32::total_cmp).1 };
            (k * 1.4826) as f32 * own.max(least)
        })
        .collect();
    let mut measured = m.to_vec();
    let mut spikes = 0;
    for (m, away) in measured.chunks_mut(columns).zip(away.chunks(columns)) {
        for ((m, away), limit) in m.iter_mut().zip(away).zip(&limits) {
            let spike = *m && away > limit;
            spikes += usize::from(spike);
            *m &= !spike;
        }
    }
    (spikes > 0).then(|| (surface.with_heights(h.to_vec(), measured), spikes))
}

/// By six comparisons.
#[inline(always)]
fn median_of_five([a, b, c, d, e]: [f64; 5]) -> f64 {
    // Comparisons as registers make them: no number here is NaN.
    let low = |x: f64, y: f64| if x < y { x } else { y };
    let high = |x: f64, y: f64| if x > y { x } else { y };
    // Neither the lower of the lower ends nor the higher of the higher ends of two pairs is the median.
    let (x, y) = (high(low(a, b), low(d, e)), low(high(a, b), high(d, e)));
    high(low(x, y), low(high(x, y), c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;

    #[test]
    fn the_median_is_the_third_of_five() {
        let mut draw = Stream::new(2, "five", 0);
        for _ in 0..10_000 {
            let mut five: [f64; 5] = std::array::from_fn(|_| (draw.uniform() * 6.0).floor());
            let found = median_of_five(five);
            five.sort_by(f64::total_cmp);
            assert_eq!(found, five[2], "{five:?}");
        }
    }

    #[test]
    fn spikes_go_and_scratches_stay() {
        let mut draw = Stream::new(3, "spikes", 0);
        let (columns, rows) = (80, 60);
        let mut h: Vec<f64> = (0..columns * rows).map(|_| 0.05 * draw.normal()).collect();
        for r in 0..rows {
            h[r * columns + 30] -= 50.0;
        }
        let spikes: Vec<usize> = (0..20).map(|k| (3 * k + 1) * columns + 7 + 3 * k).filter(|i| i % columns != 30).collect();
        for &i in &spikes {
            h[i] += 4.0;
        }
        let s = Surface::of_finite(columns, rows, (1.0, 1.0), h).unwrap();
        let (clean, found) = without_spikes(&s, 8.0).unwrap();
        assert_eq!(found, spikes.len());
        assert!(spikes.iter().all(|&i| !clean.measured()[i]));
        assert!((0..rows).all(|r| clean.at(r, 30).is_some()));
        assert_eq!(without_spikes(&s, 1e6), None);
        // Missing neighbours make no spikes.
        let gaps: Vec<f64> = s.heights_um().iter().map(|h| if draw.uniform() < 0.4 { f64::NAN } else { *h }).collect();
        let found = without_spikes(&Surface::of_finite(columns, rows, (1.0, 1.0), gaps).unwrap(), 8.0).map_or(0, |s| s.1);
        assert!(found <= spikes.len(), "{found}");
    }
}
