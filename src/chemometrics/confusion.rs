//! What classes rows were given against what they are.
//!
//! Of a class: sensitivity = its rows that were assigned to it / its rows; specificity = other rows that were not / other rows.
//! Accuracy = rows assigned to their own class / rows; balanced accuracy = the mean of the classes' sensitivities.

use super::classes::Classes;

/// Counts of rows by true class and assigned class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    pub names: Vec<String>,
    /// `counts[true][assigned]`; the last column are rows that were assigned to no class.
    pub counts: Vec<Vec<usize>>,
    /// Whether a class is modelled; of one that is not, a row is right where it was assigned to none.
    pub modelled: Vec<bool>,
}

impl Confusion {
    /// Of rows whose class is known.
    #[must_use]
    pub fn of(truth: &Classes, assigned: &[Option<usize>]) -> Self {
        let g = truth.names.len();
        let mut counts = vec![vec![0; g + 1]; g];
        for (class, found) in truth.of.iter().zip(assigned) {
            if let Some(class) = class {
                counts[*class][found.unwrap_or(g)] += 1;
            }
        }
        Self { names: truth.names.clone(), counts, modelled: vec![true; g] }
    }

    /// The same where only these classes are modelled; all of them where none is named.
    #[must_use]
    pub fn only(mut self, modelled: &[String]) -> Self {
        if !modelled.is_empty() {
            self.modelled = self.names.iter().map(|name| modelled.contains(name)).collect();
        }
        self
    }

    fn total(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    #[must_use]
    pub fn correct(&self) -> usize {
        let none = self.names.len();
        (0..none).map(|c| self.counts[c][if self.modelled[c] { c } else { none }]).sum()
    }

    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.correct() as f64 / self.total() as f64
    }

    /// NaN where the class has no rows, or is not modelled.
    #[must_use]
    pub fn sensitivity(&self, class: usize) -> f64 {
        if !self.modelled[class] {
            return f64::NAN;
        }
        self.counts[class][class] as f64 / self.counts[class].iter().sum::<usize>() as f64
    }

    /// NaN where there are no other rows.
    #[must_use]
    pub fn specificity(&self, class: usize) -> f64 {
        let others = self.total() - self.counts[class].iter().sum::<usize>();
        let wrong: usize = (0..self.names.len()).filter(|&c| c != class).map(|c| self.counts[c][class]).sum();
        (others - wrong) as f64 / others as f64
    }

    /// Over the classes that have rows.
    #[must_use]
    pub fn balanced(&self) -> f64 {
        let all: Vec<f64> = (0..self.names.len()).map(|c| self.sensitivity(c)).filter(|s| s.is_finite()).collect();
        all.iter().sum::<f64>() / all.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::Confusion;
    use crate::chemometrics::classes::Classes;

    #[test]
    fn shares_are_those_of_the_definition() {
        let truth = Classes::of(&["a", "a", "a", "b", "b", ""]);
        let table = Confusion::of(&truth, &[Some(0), Some(0), Some(1), Some(1), None, Some(0)]);
        assert_eq!(table.counts, [[2, 1, 0], [0, 1, 1]]);
        assert_eq!((table.accuracy(), table.sensitivity(0), table.sensitivity(1)), (0.6, 2.0 / 3.0, 0.5));
        assert_eq!((table.specificity(0), table.specificity(1)), (1.0, 2.0 / 3.0));
        assert!((table.balanced() - f64::midpoint(2.0 / 3.0, 0.5)).abs() < 1e-15);
        // b is not modelled: its row that was put nowhere is right.
        let table = table.only(&["a".to_owned()]);
        assert_eq!((table.accuracy(), table.balanced()), (0.6, 2.0 / 3.0));
        assert!(table.sensitivity(1).is_nan());
    }
}
