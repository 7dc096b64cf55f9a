//! Which shifts could have the largest correlation, given sums with bounds of their errors.
//!
//! ```text
//! C = n·Σab − Σa·Σb,   V_a = n·Σa² − (Σa)²,   V_b likewise;   r = C / √(V_a·V_b)
//! ```
//! With |error of Σab| ≤ e_ab and so on, C is off by at most n·e_ab + |Σa|·e_b + |Σb|·e_a + e_a·e_b + e_n·|Σab|, V_a by
//! n·e_aa + 2|Σa|·e_a + e_a² + e_n·Σa². A shift stays open while its largest possible r reaches the surest one so far.

use super::cells::FLAT;

/// Sums over the common points of one shift, or what they may be off by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) n: f64,
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) aa: f64,
    pub(super) bb: f64,
    pub(super) ab: f64,
}

/// The sums of a row of shifts.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) n: Vec<f64>,
    pub(super) a: Vec<f64>,
    pub(super) b: Vec<f64>,
    pub(super) aa: Vec<f64>,
    pub(super) bb: Vec<f64>,
    pub(super) ab: Vec<f64>,
}

impl Row {
    pub(super) fn all(s: Sums, shifts: usize) -> Self {
        let [n, a, b, aa, bb, ab] = [s.n, s.a, s.b, s.aa, s.bb, s.ab].map(|x| vec![x; shifts]);
        Self { n, a, b, aa, bb, ab }
    }
}

/// What rounding in f64 may do to r, many times over.
const ROUNDING: f64 = 1e-9;

/// Shifts that are still open.
#[derive(Debug)]
pub(super) struct Open {
    error: Sums,
    least_pairs: f64,
    /// A correlation that some shift surely reaches.
    sure: f64,
    /// (largest possible r, shift index).
    shifts: Vec<(f64, usize)>,
    beaten: Vec<bool>,
}

impl Open {
    pub(super) fn new(error: Sums, least_pairs: usize) -> Self {
        Self { error, least_pairs: least_pairs as f64, sure: -1.0, shifts: Vec::with_capacity(64), beaten: Vec::new() }
    }

    /// All shifts of a row, of which the first has this index.
    #[allow(
        clippy::needless_bitwise_bool,
        reason = "a lazy operator is a branch, and the loop no longer one of vector instructions"
    )]
    pub(super) fn look_along(&mut self, row: &Row, first: usize) {
        let bar = self.sure - ROUNDING;
        let mut beaten = std::mem::take(&mut self.beaten);
        beaten.clear();
        beaten.resize(row.n.len(), false);
        if bar > 0.0 {
            // As in `look`, in a form that the compiler turns into vector instructions.
            let (e, square) = (self.error, bar * bar);
            let (n, ab) = (row.n.iter(), row.ab.iter());
            let (a, b) = (row.a.iter().zip(&row.aa), row.b.iter().zip(&row.bb));
            for (beaten, ((n, ab), ((a, aa), (b, bb)))) in beaten.iter_mut().zip(n.zip(ab).zip(a.zip(b))) {
                let high = n * ab - a * b + n * e.ab + a.abs() * e.b + b.abs() * e.a + e.a * e.b + e.n * (ab.abs() + e.ab);
                let least_a = n * aa - a * a - (n * e.aa + (2.0 * a.abs() + e.a) * e.a + e.n * (aa + e.aa));
                let least_b = n * bb - b * b - (n * e.bb + (2.0 * b.abs() + e.b) * e.b + e.n * (bb + e.bb));
                let flat = 100.0 * FLAT * FLAT * n * n;
                let lower = (high <= 0.0) | (high * high < square * (least_a * least_b));
                *beaten = (least_a > flat) & (least_b > flat) & lower;
            }
        }
        for i in (0..row.n.len()).filter(|&i| !beaten[i]) {
            let s = Sums { n: row.n[i], a: row.a[i], b: row.b[i], aa: row.aa[i], bb: row.bb[i], ab: row.ab[i] };
            self.look(s, first + i);
        }
        self.beaten = beaten;
    }

    fn look(&mut self, s: Sums, shift: usize) {
        let e = self.error;
        if s.n + e.n < self.least_pairs {
            return;
        }
        let product = s.n * s.ab - s.a * s.b;
        let off = s.n * e.ab + s.a.abs() * e.b + s.b.abs() * e.a + e.a * e.b + e.n * (s.ab.abs() + e.ab);
        let (va, vb) = (s.n * s.aa - s.a * s.a, s.n * s.bb - s.b * s.b);
        let ea = s.n * e.aa + (2.0 * s.a.abs() + e.a) * e.a + e.n * (s.aa + e.aa);
        let eb = s.n * e.bb + (2.0 * s.b.abs() + e.b) * e.b + e.n * (s.bb + e.bb);
        let (least_a, least_b) = (va - ea, vb - eb);
        let nearly_flat = 100.0 * FLAT * FLAT * s.n * s.n;
        if !(least_a > nearly_flat && least_b > nearly_flat) {
            self.shifts.push((1.0, shift));
            return;
        }
        // Without a root or a division for most: r ≤ high / √(least_a·least_b).
        let high = product + off;
        let bar = self.sure - ROUNDING;
        let least = least_a * least_b;
        if bar > 0.0 && (high <= 0.0 || high * high < bar * bar * least) {
            return;
        }
        let most = (va + ea) * (vb + eb);
        let possible = if high > 0.0 { high / least.sqrt() } else { high / most.sqrt() };
        if possible < bar {
            return;
        }
        let low = product - off;
        if s.n - e.n >= self.least_pairs {
            self.sure = self.sure.max(if low > 0.0 { low / most.sqrt() } else { low / least.sqrt() });
        }
        self.shifts.push((possible, shift));
    }

    /// The shifts that no other one surely beats.
    pub(super) fn finish(mut self) -> Vec<usize> {
        let bar = self.sure - ROUNDING;
        self.shifts.retain(|(possible, _)| *possible >= bar);
        self.shifts.into_iter().map(|(_, shift)| shift).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(r: f64) -> Sums {
        Sums { n: 100.0, a: 0.0, b: 0.0, aa: 100.0, bb: 100.0, ab: 100.0 * r }
    }

    #[test]
    fn what_could_be_the_largest_stays_open() {
        let mut exact = Open::new(Sums::default(), 50);
        let mut rough = Open::new(Sums { ab: 2.0, ..Sums::default() }, 50);
        for (i, r) in [-0.9, 0.3, 0.79, 0.8, 0.75].into_iter().enumerate() {
            exact.look(sums(r), i);
            rough.look(sums(r), i);
        }
        exact.look(Sums { n: 49.0, ..sums(1.0) }, 9);
        assert_eq!(exact.finish(), [3]);
        // 0.79 + 0.02 reaches 0.8 − 0.02, 0.75 + 0.02 does not.
        assert_eq!(rough.finish(), [2, 3]);
        let mut negative = Open::new(Sums::default(), 50);
        [-0.9, -0.2, -0.4].into_iter().enumerate().for_each(|(i, r)| negative.look(sums(r), i));
        negative.look(Sums { bb: 0.0, ..sums(0.0) }, 7);
        assert_eq!(negative.finish(), [1, 7]);
    }
}
