//! The pairs of largest sum: shortest augmenting paths on every connected component (sources: [`super`]).

use super::{Pair, Peaks};

/// The spectrum that supplies the rows: a fixed choice, so that among several
/// best assignments the same one is found from either side.
fn rows_first(a: &Peaks, b: &Peaks) -> bool {
    let (ka, kb) = (a.mz.iter().chain(&a.weight), b.mz.iter().chain(&b.weight));
    let differ = ka.zip(kb).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne());
    differ.unwrap_or_else(|| a.mz.len().cmp(&b.mz.len())).is_le()
}

/// Pairs of the assignment with the largest sum. `pairs` by `i`, then `j`.
pub(crate) fn exact(pairs: &[Pair], a: &Peaks, b: &Peaks) -> Vec<Pair> {
    if rows_first(a, b) {
        return components(pairs).into_iter().flat_map(assign).collect();
    }
    let flip = |p: &Pair| Pair { i: p.j, j: p.i, ..*p };
    let mut flipped: Vec<Pair> = pairs.iter().map(flip).collect();
    flipped.sort_by_key(|p| (p.i, p.j));
    components(&flipped).into_iter().flat_map(assign).map(|p| flip(&p)).collect()
}

/// Connected components: along m/z they follow one another without overlap.
fn components(pairs: &[Pair]) -> Vec<&[Pair]> {
    let mut out = Vec::new();
    let (mut start, mut last) = (0, (0, 0));
    for (n, p) in pairs.iter().enumerate() {
        if n > start && p.i > last.0 && p.j > last.1 {
            out.push(&pairs[start..n]);
            start = n;
        }
        last = (last.0.max(p.i), last.1.max(p.j));
    }
    if start < pairs.len() {
        out.push(&pairs[start..]);
    }
    out
}

fn assign(pairs: &[Pair]) -> Vec<Pair> {
    if let [only] = pairs {
        return vec![*only];
    }
    let ends = |get: fn(&Pair) -> u32| {
        let low = pairs.iter().map(get).min().unwrap_or(0);
        let high = pairs.iter().map(get).max().unwrap_or(0);
        (low, (high - low + 1) as usize)
    };
    let ((i0, rows), (j0, cols)) = (ends(|p| p.i), ends(|p| p.j));
    let turned = rows > cols;
    let (n, m) = if turned { (cols, rows) } else { (rows, cols) };
    let mut cell: Vec<Option<Pair>> = vec![None; n * m];
    for p in pairs {
        let (r, c) = ((p.i - i0) as usize, (p.j - j0) as usize);
        cell[if turned { c * m + r } else { r * m + c }] = Some(*p);
    }
    let gain: Vec<f64> = cell.iter().map(|p| p.map_or(0.0, |p| p.product)).collect();
    let columns = best_columns(&gain, n, m);
    columns.iter().enumerate().filter_map(|(r, &c)| cell[r * m + c]).filter(|p| p.product > 0.0).collect()
}

/// For every row of an `n x m` table (`n <= m`) the column of an assignment of
/// largest total gain: shortest augmenting paths with potentials.
fn best_columns(gain: &[f64], n: usize, m: usize) -> Vec<usize> {
    let mut row_of = vec![n; m]; // n: free
    let (mut u, mut v) = (vec![0.0; n], vec![0.0; m]);
    for row in 0..n {
        let (end, before) = augmenting_path(gain, row, &row_of, &mut u, &mut v);
        let mut at = end;
        while let Some(from) = before[at] {
            row_of[at] = row_of[from];
            at = from;
        }
        row_of[at] = row;
    }
    let mut column_of = vec![0; n];
    for (column, &row) in row_of.iter().enumerate() {
        if row < n {
            column_of[row] = column;
        }
    }
    column_of
}

/// Cheapest path from `row` to a free column, and for every column the one before
/// it on that path. Potentials are updated.
fn augmenting_path(gain: &[f64], row: usize, row_of: &[usize], u: &mut [f64], v: &mut [f64]) -> (usize, Vec<Option<usize>>) {
    let (n, m) = (u.len(), v.len());
    let mut cost = vec![f64::INFINITY; m];
    let mut before: Vec<Option<usize>> = vec![None; m];
    let mut visited: Vec<usize> = Vec::new();
    let mut done = vec![false; m];
    let (mut at, mut via, mut reach) = (row, None, 0.0);
    loop {
        let mut next = (f64::INFINITY, 0);
        for c in (0..m).filter(|&c| !done[c]) {
            let step = reach - gain[at * m + c] - u[at] - v[c];
            if step < cost[c] {
                cost[c] = step;
                before[c] = via;
            }
            if cost[c] < next.0 {
                next = (cost[c], c);
            }
        }
        reach = next.0;
        let column = next.1;
        if row_of[column] == n {
            u[row] += reach;
            for &c in &visited {
                u[row_of[c]] += reach - cost[c];
                v[c] -= reach - cost[c];
            }
            return (column, before);
        }
        done[column] = true;
        visited.push(column);
        at = row_of[column];
        via = Some(column);
    }
}
