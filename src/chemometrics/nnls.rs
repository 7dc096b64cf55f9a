//! Non-negative least squares for many right sides with one small matrix.
//!
//! min ‖Ax − b‖² with x ≥ 0 by the active sets of C. L. Lawson and R. J. Hanson (doi:10.1137/1.9781611971217, ch. 23) from AᵀA and Aᵀb alone
//! (R. Bro, S. de Jong, doi:10.1002/(SICI)1099-128X(199709/10)11:5<393::AID-CEM483>3.0.CO;2-L).

use faer::linalg::solvers::Solve as _;
use faer::{Mat, MatRef};

/// x ≥ 0 for one right side; `square` = AᵀA (k × k), `cross` = Aᵀb.
pub fn nnls(square: MatRef<'_, f64>, cross: &[f64]) -> Vec<f64> {
    let k = cross.len();
    // A slope has the unit of `cross`.
    let enough = 1e-14 * cross.iter().map(|c| c.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let mut x = vec![0.0; k];
    let mut free = vec![false; k];
    // Each round frees one; a cycle, which rounding could make, ends it.
    for _ in 0..6 * k.max(1) {
        let slope: Vec<f64> = (0..k).map(|i| cross[i] - (0..k).map(|j| square[(i, j)] * x[j]).sum::<f64>()).collect();
        let Some(best) = (0..k).filter(|&i| !free[i] && slope[i] > enough).max_by(|&i, &j| slope[i].total_cmp(&slope[j])) else {
            break;
        };
        free[best] = true;
        for _ in 0..=k {
            let chosen: Vec<usize> = (0..k).filter(|&i| free[i]).collect();
            let part = Mat::from_fn(chosen.len(), chosen.len(), |i, j| square[(chosen[i], chosen[j])]);
            let right = Mat::from_fn(chosen.len(), 1, |i, _| cross[chosen[i]]);
            let solved = part.partial_piv_lu().solve(&right);
            let mut s = vec![0.0; k];
            chosen.iter().enumerate().for_each(|(i, &c)| s[c] = solved[(i, 0)]);
            if chosen.iter().all(|&c| s[c].is_finite() && s[c] > 0.0) {
                x = s;
                break;
            }
            // As far towards s as nothing turns negative; what reaches zero is held there.
            let part = |c: usize| {
                let part = x[c] / (x[c] - s[c]);
                if part.is_finite() { part } else { 0.0 }
            };
            let blocking = chosen.iter().copied().filter(|&c| s[c].is_nan() || s[c] <= 0.0);
            let Some((step, first)) = blocking.map(|c| (part(c), c)).min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
            for &c in &chosen {
                x[c] = if s[c].is_finite() { (x[c] + step * (s[c] - x[c])).max(0.0) } else { 0.0 };
                // The one that stopped the step is held whatever rounding left of it.
                if c == first || s[c].is_nan() || (s[c] <= 0.0 && x[c] == 0.0) {
                    x[c] = 0.0;
                    free[c] = false;
                }
            }
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::nnls;
    use crate::draw::Stream;
    use faer::Mat;

    #[test]
    fn it_meets_the_conditions_of_the_minimum() {
        let mut stream = Stream::new(1, "nnls", 0);
        for round in 0..900 {
            // In any unit of what is explained.
            let unit = [1.0, 1e6, 1e-6][round / 300];
            let (n, k) = (3 + round % 9, 1 + round % 5);
            let a = Mat::from_fn(n, k, |_, _| stream.normal());
            let b: Vec<f64> = (0..n).map(|_| unit * stream.normal()).collect();
            let square = a.transpose() * &a;
            let cross: Vec<f64> = (0..k).map(|j| (0..n).map(|i| a[(i, j)] * b[i]).sum()).collect();
            let x = nnls(square.as_ref(), &cross);
            if n < k {
                continue;
            }
            for i in 0..k {
                let slope = cross[i] - (0..k).map(|j| square[(i, j)] * x[j]).sum::<f64>();
                assert!(
                    x[i] >= 0.0 && slope < 1e-9 * unit && (x[i] == 0.0 || slope.abs() < 1e-9 * unit),
                    "round {round}: {x:?} slope {slope:e}"
                );
            }
        }
    }
}
