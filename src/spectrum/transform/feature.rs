//! Features (columns): centring and scaling by training rows, parts of the axis, bins.
//!
//! Centre, autoscale and Pareto are those of [`crate::spectrum::transform`]'s neighbours in models: x′_j = (x_j − m_j)/s_j; `range` has s_j = max − min of
//! the training rows (R. A. van den Berg et al., doi:10.1186/1471-2164-7-142). A feature without variance has s_j = 1.

use super::Action;

/// (x − m)/s
#[derive(Clone, Debug)]
pub struct Standard {
    pub mean: Vec<f64>,
    pub divisor: Vec<f64>,
}

impl Action for Standard {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        row.iter_mut().zip(self.mean.iter().zip(&self.divisor)).for_each(|(x, (m, s))| *x = (*x - m) / s);
        Ok(())
    }
}

/// Only these points, ascending.
#[derive(Clone, Debug)]
pub struct Keep {
    pub points: Vec<usize>,
}

impl Keep {
    /// Points of the axis within (or outside) the ranges, ends included.
    ///
    /// # Errors
    /// When none is left, or a range touches no point.
    pub fn new(axis: &[f64], ranges: &[(f64, f64)], within: bool) -> Result<Self, String> {
        let inside = |x: f64, (low, high): (f64, f64)| x >= low && x <= high;
        if let Some((low, high)) = ranges.iter().find(|r| !axis.iter().any(|&x| inside(x, **r))) {
            let (first, last) = (axis.first().copied().unwrap_or(f64::NAN), axis.last().copied().unwrap_or(f64::NAN));
            return Err(format!("{low}..{high} holds no point of the axis, which goes from {first} to {last}"));
        }
        let points: Vec<usize> = (0..axis.len()).filter(|&i| ranges.iter().any(|&r| inside(axis[i], r)) == within).collect();
        if points.is_empty() { Err("no point of the axis is left".into()) } else { Ok(Self { points }) }
    }
}

impl Action for Keep {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        // Ascending: a point is read before its place is written.
        for (to, &from) in self.points.iter().enumerate() {
            row[to] = row[from];
        }
        row.truncate(self.points.len());
        Ok(())
    }
}

/// Means of neighbouring points.
#[derive(Clone, Debug)]
pub struct Bin {
    pub points: usize,
}

impl Action for Bin {
    fn apply(&self, row: &mut Vec<f64>) -> Result<(), String> {
        let bins = row.len() / self.points;
        if bins == 0 {
            return Err(format!("a row of {} points has no bin of {}", row.len(), self.points));
        }
        for b in 0..bins {
            row[b] = row[b * self.points..(b + 1) * self.points].iter().sum::<f64>() / self.points as f64;
        }
        row.truncate(bins);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Action as _, Bin, Keep};

    #[test]
    fn parts_of_the_axis() {
        let axis = [4000.0, 3000.0, 2000.0, 1000.0, 500.0];
        let mut row = vec![1.0, 2.0, 3.0, 4.0, 5.0];
        Keep::new(&axis, &[(900.0, 2000.0), (3500.0, 4000.0)], true).expect("points").apply(&mut row).expect("fits");
        assert_eq!(row, [1.0, 3.0, 4.0]);
        let mut row = vec![1.0, 2.0, 3.0, 4.0, 5.0];
        Keep::new(&axis, &[(900.0, 2000.0)], false).expect("points").apply(&mut row).expect("fits");
        assert_eq!(row, [1.0, 2.0, 5.0]);
        assert!(Keep::new(&axis, &[(10.0, 20.0)], true).is_err());
        assert!(Keep::new(&axis, &[(0.0, 5000.0)], false).is_err());
    }

    #[test]
    fn bins_are_means_and_the_rest_is_left_out() {
        let mut row = vec![1.0, 3.0, 5.0, 7.0, 100.0];
        Bin { points: 2 }.apply(&mut row).expect("bins");
        assert_eq!(row, [2.0, 6.0]);
        assert!(Bin { points: 9 }.apply(&mut row).is_err());
    }
}
