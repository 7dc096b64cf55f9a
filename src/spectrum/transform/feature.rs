//! Features (columns): centring and scaling by training rows, parts of the axis, bins.
//!
//! Centre, autoscale and Pareto are those of [`crate::spectrum::transform`]'s neighbours in models: x′_j = (x_j − m_j)/s_j; `range` has s_j = max − min of
//! the training rows (R. A. van den Berg et al., doi:10.1186/1471-2164-7-142). A feature without variance has s_j = 1.

use super::Action;
use super::recipe::Place;

/// What is known of features beside their values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Features<'a> {
    pub count: usize,
    /// What each was measured at.
    pub axis: Option<&'a [f64]>,
    pub names: Option<&'a [String]>,
}

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
    /// Features at (or outside) these places, ends of ranges included.
    ///
    /// # Errors
    /// When none is left, a range touches no point, a name is none of the features', or there is no axis (no names) to tell by.
    pub fn new(features: &Features<'_>, places: &[Place], within: bool) -> Result<Self, String> {
        let mut chosen = vec![false; features.count];
        for place in places {
            match place {
                Place::Range(low, high) => {
                    let Some(axis) = features.axis else {
                        return Err("the collection has no axis that ranges could be told by".into());
                    };
                    let mut found = false;
                    for (chosen, x) in chosen.iter_mut().zip(axis) {
                        let inside = x >= low && x <= high;
                        *chosen |= inside;
                        found |= inside;
                    }
                    if !found {
                        let (first, last) = (axis.first().copied().unwrap_or(f64::NAN), axis.last().copied().unwrap_or(f64::NAN));
                        return Err(format!("{low}..{high} holds no point of the axis, which goes from {first} to {last}"));
                    }
                }
                Place::Name(name) => {
                    let Some(names) = features.names else {
                        return Err(format!(
                            "{name}: the features of this collection have no names; give ranges of the axis such as 650..1800"
                        ));
                    };
                    let Some(at) = names.iter().position(|n| n == name) else {
                        let some: Vec<&str> = names.iter().take(12).map(String::as_str).collect();
                        let more = if names.len() > 12 { ", …" } else { "" };
                        return Err(format!("no feature is named {name:?}; there are {}{more}", some.join(", ")));
                    };
                    chosen[at] = true;
                }
            }
        }
        let points: Vec<usize> = (0..features.count).filter(|&i| chosen[i] == within).collect();
        if points.is_empty() { Err("no feature is left".into()) } else { Ok(Self { points }) }
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
    use super::{Action as _, Bin, Features, Keep, Place};

    #[test]
    fn parts_of_the_axis() {
        let axis = [4000.0, 3000.0, 2000.0, 1000.0, 500.0];
        let features = Features { count: 5, axis: Some(&axis), names: None };
        let ranges = |all: &[(f64, f64)]| all.iter().map(|&(a, b)| Place::Range(a, b)).collect::<Vec<_>>();
        let mut row = vec![1.0, 2.0, 3.0, 4.0, 5.0];
        let two = ranges(&[(900.0, 2000.0), (3500.0, 4000.0)]);
        Keep::new(&features, &two, true).expect("points").apply(&mut row).expect("fits");
        assert_eq!(row, [1.0, 3.0, 4.0]);
        let mut row = vec![1.0, 2.0, 3.0, 4.0, 5.0];
        Keep::new(&features, &ranges(&[(900.0, 2000.0)]), false).expect("points").apply(&mut row).expect("fits");
        assert_eq!(row, [1.0, 2.0, 5.0]);
        assert!(Keep::new(&features, &ranges(&[(10.0, 20.0)]), true).is_err());
        assert!(Keep::new(&features, &ranges(&[(0.0, 5000.0)]), false).is_err());
        assert!(Keep::new(&features, &[Place::Name("x".into())], true).expect_err("no names").contains("no names"));
    }

    #[test]
    fn features_by_name() {
        let names: Vec<String> = ["cocaine", "tropacocaine", "norcocaine"].map(str::to_owned).to_vec();
        let features = Features { count: 3, axis: None, names: Some(&names) };
        let name = |name: &str| vec![Place::Name(name.to_owned())];
        assert_eq!(Keep::new(&features, &name("norcocaine"), true).expect("there").points, [2]);
        assert_eq!(Keep::new(&features, &name("cocaine"), false).expect("there").points, [1, 2]);
        assert!(Keep::new(&features, &name("heroin"), true).expect_err("none").contains("there are cocaine, tropacocaine"));
        assert!(Keep::new(&features, &[Place::Range(0.0, 1.0)], true).expect_err("none").contains("no axis"));
    }

    #[test]
    fn bins_are_means_and_the_rest_is_left_out() {
        let mut row = vec![1.0, 3.0, 5.0, 7.0, 100.0];
        Bin { points: 2 }.apply(&mut row).expect("bins");
        assert_eq!(row, [2.0, 6.0]);
        assert!(Bin { points: 9 }.apply(&mut row).is_err());
    }
}
