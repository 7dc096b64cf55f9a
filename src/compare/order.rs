//! An order of rows in which neighbours stand near each other, so that a ranking's floors are high from the first tiles on.
//!
//! Rows are halved along the coordinate that varies most, and the halves again (J. H. Friedman, J. L. Bentley,
//! R. A. Finkel, doi:10.1145/355744.355745), down to groups of [`LEAF`]. The coordinates are those along principal axes. It is
//! only an order: results do not depend on it. The same coordinates give the same order.

use rayon::prelude::*;

/// Rows that are not halved any more; parts are multiples of it.
pub const LEAF: usize = 64;
/// Coordinates looked at; the first ones are the longest.
pub const LOOK: usize = 12;
/// Rows of a part whose spread is looked at.
const GLANCE: usize = 256;

/// Indices of the rows of `points`, `stride` numbers each.
#[must_use]
pub fn order(points: &[f32], stride: usize) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..points.len() / stride.max(1)).map(|i| i as u32).collect();
    halve(points, stride, stride.min(LOOK), &mut rows);
    rows
}

fn halve(points: &[f32], stride: usize, look: usize, rows: &mut [u32]) {
    if rows.len() <= LEAF {
        return;
    }
    let at = |row: u32, axis: usize| points[row as usize * stride + axis];
    let step = rows.len().div_ceil(GLANCE);
    let spread = |axis: usize| {
        let seen = || rows.iter().step_by(step).map(|&row| f64::from(at(row, axis)));
        let mean = seen().sum::<f64>() / seen().count() as f64;
        seen().map(|x| (x - mean) * (x - mean)).sum::<f64>()
    };
    let axis = (0..look).map(|axis| (axis, spread(axis))).max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(axis, _)| axis);
    let middle = (rows.len() / 2).next_multiple_of(LEAF).min(rows.len() - 1);
    rows.select_nth_unstable_by(middle, |&a, &b| at(a, axis).total_cmp(&at(b, axis)).then(a.cmp(&b)));
    let (low, high) = rows.split_at_mut(middle);
    if low.len() > 1 << 12 {
        rayon::join(|| halve(points, stride, look, low), || halve(points, stride, look, high));
    } else {
        halve(points, stride, look, low);
        halve(points, stride, look, high);
    }
}

/// Whether `order` names each row once.
#[must_use]
pub fn is_whole(order: &[u32]) -> bool {
    let mut seen = vec![false; order.len()];
    order.iter().all(|&i| seen.get_mut(i as usize).is_some_and(|s| !std::mem::replace(s, true)))
}

/// Values in the given order, `stride` numbers a row.
#[must_use]
pub fn ordered<T: Copy + Send + Sync + Default>(values: &[T], stride: usize, order: &[u32]) -> Vec<T> {
    let mut out = vec![T::default(); values.len()];
    out.par_chunks_mut(stride).zip(order).for_each(|(to, &i)| {
        to.copy_from_slice(&values[i as usize * stride..][..stride]);
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_cluster_stand_together() {
        // 16 clusters of 64 rows, shuffled.
        let centre = |i: usize| (i * 7919) % 16;
        let points: Vec<f32> =
            (0..1024).flat_map(|i| [(centre(i) % 4) as f32, (centre(i) / 4) as f32, (i % 10) as f32 * 1e-3]).collect();
        let order = order(&points, 3);
        assert!(is_whole(&order) && order.len() == 1024);
        for leaf in order.chunks(LEAF) {
            let first = centre(leaf[0] as usize);
            assert!(leaf.iter().all(|&i| centre(i as usize) == first));
        }
        assert!(!is_whole(&[0, 0]) && !is_whole(&[0, 2]));
    }

    #[test]
    fn any_number_of_rows_is_ordered_whole() {
        for rows in [0, 1, 2, 63, 64, 65, 127, 128, 129, 1000, 9001] {
            let points: Vec<f32> = (0..rows * 2).map(|i| ((i * 31) % 17) as f32).collect();
            let order = order(&points, 2);
            assert!(order.len() == rows && is_whole(&order), "{rows}");
            let turned = ordered(&points, 2, &order);
            assert!(turned.chunks(2).zip(&order).all(|(p, &i)| *p == points[2 * i as usize..2 * i as usize + 2]));
        }
    }
}
