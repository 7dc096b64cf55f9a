//! Labels of rows as classes: sorted names, and for each row which; rows without a label belong to none.

use super::error::Error;

/// Classes of the rows of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// In the order of their names' bytes.
    pub names: Vec<String>,
    /// For each row which; `None` where it is not known.
    pub of: Vec<Option<usize>>,
}

impl Classes {
    /// From one label a row, an empty one where the class is not known.
    #[must_use]
    pub fn of<S: AsRef<str>>(labels: &[S]) -> Self {
        let mut names: Vec<String> = labels.iter().map(|l| l.as_ref().to_owned()).filter(|l| !l.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        let of = labels.iter().map(|l| names.binary_search_by(|n| n.as_str().cmp(l.as_ref())).ok()).collect();
        Self { names, of }
    }

    /// Those of chosen rows, with the same names.
    #[must_use]
    pub fn rows(&self, rows: &[usize]) -> Self {
        Self { names: self.names.clone(), of: rows.iter().map(|&i| self.of[i]).collect() }
    }

    /// Rows of class `class`.
    #[must_use]
    pub fn members(&self, class: usize) -> Vec<usize> {
        (0..self.of.len()).filter(|&i| self.of[i] == Some(class)).collect()
    }

    /// Rows whose class is known.
    #[must_use]
    pub fn known(&self) -> Vec<usize> {
        (0..self.of.len()).filter(|&i| self.of[i].is_some()).collect()
    }

    /// How many rows each class has.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        self.of.iter().flatten().for_each(|&c| counts[c] += 1);
        counts
    }

    /// # Errors
    /// When there are not two classes, a class has fewer than `least` rows, or there is not a label for each of `rows` rows.
    pub fn check(&self, what: &'static str, rows: usize, least: usize) -> Result<(), Error> {
        if self.of.len() != rows {
            return Err(Error::Labels { labels: self.of.len(), rows });
        }
        if self.names.len() < 2 {
            return Err(Error::OneClass { what, found: self.names.clone() });
        }
        match self.counts().iter().position(|&n| n < least) {
            None => Ok(()),
            Some(c) => Err(Error::FewInClass { class: self.names[c].clone(), what, got: self.counts()[c], needed: least }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Classes;
    use crate::chemometrics::Error;

    #[test]
    fn rows_without_a_label_belong_to_none() {
        let classes = Classes::of(&["b", "", "a", "b"]);
        assert_eq!(
            (classes.names.clone(), classes.of.clone()),
            (vec!["a".into(), "b".into()], vec![Some(1), None, Some(0), Some(1)])
        );
        assert_eq!((classes.members(1), classes.known(), classes.counts()), (vec![0, 3], vec![0, 2, 3], vec![1, 2]));
        assert!(classes.check("a test", 4, 1).is_ok());
        assert!(matches!(classes.check("a test", 4, 2), Err(Error::FewInClass { got: 1, .. })));
        assert!(matches!(classes.check("a test", 3, 1), Err(Error::Labels { .. })));
        assert!(matches!(Classes::of(&["x", "", "x"]).check("a test", 3, 1), Err(Error::OneClass { .. })));
    }
}
