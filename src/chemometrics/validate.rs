//! Validation: what a model is worth on rows that it has not seen.
//!
//! Rows are divided into folds; for each fold everything that is fitted (preparation, means, deviations, components) is fitted anew
//! on the other rows ([`across`]), then applied to the fold. Rows that belong together (an exhibit measured thrice, a seizure) must go
//! together, or the answer is too good: [`Plan::Grouped`] is the honest one where groups are known.
//!
//! - RMSECV_a = √(PRESS_a/n) with a components; the number of components is chosen by a stated rule ([`Choice`]).
//! - The permutation test (M. Ojala, G. C. Garriga, JMLR 11 (2010) 1833) repeats all of it with labels in random order:
//!   p = (1 + number of orders that do as well)/(1 + number of orders). Where groups have one label each, groups are permuted.

use super::error::Error;
use crate::draw::Stream;
use rayon::prelude::*;

/// How rows are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    LeaveOneOut,
    /// Row i goes to fold i mod k.
    Venetian(usize),
    /// Blocks of neighbours.
    Blocks(usize),
    /// k random folds of about one size.
    Random(usize),
    /// Groups stay together: each is a fold where there are at most [`MOST_GROUP_FOLDS`] of them, else as many folds, group g in
    /// fold g mod their number.
    Grouped,
}

/// Folds of groups at most.
pub const MOST_GROUP_FOLDS: usize = 20;

impl Plan {
    /// `loo`, `venetian=10`, `blocks=5`, `random=10`, `grouped`.
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::Option(format!(
                "{text:?} is no way of validation; give loo, venetian=K, blocks=K, random=K or grouped, K being folds from 2"
            ))
        };
        let (name, k) = text.split_once('=').map_or((text, None), |(name, k)| (name, Some(k)));
        let k = || k.and_then(|k| k.parse().ok()).filter(|&k: &usize| k >= 2).ok_or_else(wrong);
        match (name, text.contains('=')) {
            ("loo", false) => Ok(Self::LeaveOneOut),
            ("grouped", false) => Ok(Self::Grouped),
            ("venetian", _) => Ok(Self::Venetian(k()?)),
            ("blocks", _) => Ok(Self::Blocks(k()?)),
            ("random", _) => Ok(Self::Random(k()?)),
            _ => Err(wrong()),
        }
    }

    /// Its name, as [`Self::parse`] reads it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::LeaveOneOut => "loo".into(),
            Self::Venetian(k) => format!("venetian={k}"),
            Self::Blocks(k) => format!("blocks={k}"),
            Self::Random(k) => format!("random={k}"),
            Self::Grouped => "grouped".into(),
        }
    }

    /// The rows of each fold; every row is in one.
    ///
    /// # Errors
    /// When there are fewer rows (or groups) than folds, or groups are asked for and not known.
    pub fn folds(self, rows: usize, groups: Option<&[String]>, seed: u64) -> Result<Vec<Vec<usize>>, Error> {
        if let Self::Venetian(k) | Self::Blocks(k) | Self::Random(k) = self
            && k > rows
        {
            return Err(Error::Option(format!("{}: {rows} rows are fewer than folds", self.name())));
        }
        let of: Vec<usize> = match self {
            Self::LeaveOneOut => (0..rows).collect(),
            Self::Venetian(k) => (0..rows).map(|i| i % k).collect(),
            Self::Blocks(k) => (0..rows).map(|i| i * k / rows).collect(),
            Self::Random(k) => {
                let order = shuffled(rows, &mut Stream::new(seed, "folds", 0));
                let mut of = vec![0; rows];
                order.iter().enumerate().for_each(|(place, &row)| of[row] = place % k);
                of
            }
            Self::Grouped => {
                let Some(groups) = groups else {
                    let text = "validation by groups needs to know them: a column exhibit (or --group COLUMN) beside the values";
                    return Err(Error::Option(text.into()));
                };
                if groups.len() != rows {
                    return Err(Error::Labels { labels: groups.len(), rows });
                }
                let (numbers, count) = numbered(groups);
                let folds = count.min(MOST_GROUP_FOLDS);
                numbers.into_iter().map(|g| g % folds.max(1)).collect()
            }
        };
        let count = of.iter().max().map_or(0, |m| m + 1);
        let mut folds = vec![Vec::new(); count];
        of.iter().enumerate().for_each(|(row, &fold)| folds[fold].push(row));
        let asked = match self {
            Self::Venetian(k) | Self::Blocks(k) | Self::Random(k) => k,
            Self::LeaveOneOut | Self::Grouped => 2,
        };
        if count < asked || folds.iter().any(Vec::is_empty) {
            let what = if self == Self::Grouped { format!("there are {count} groups") } else { format!("there are {rows} rows") };
            return Err(Error::Option(format!("--validate {}: {what}, too few to be divided so", self.name())));
        }
        Ok(folds)
    }
}

/// Texts as numbers in the order of their first places. An empty text is a group of its own.
fn numbered(groups: &[String]) -> (Vec<usize>, usize) {
    let mut numbers = std::collections::HashMap::new();
    let mut count = 0;
    let of = groups
        .iter()
        .map(|g| {
            let mut next = || {
                count += 1;
                count - 1
            };
            if g.is_empty() { next() } else { *numbers.entry(g.as_str()).or_insert_with(next) }
        })
        .collect();
    (of, count)
}

/// 0 … n−1 in random order (R. A. Fisher, F. Yates; R. Durstenfeld, doi:10.1145/364520.364540).
fn shuffled(n: usize, stream: &mut Stream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, ((stream.uniform() * (i + 1) as f64) as usize).min(i));
    }
    order
}

/// What `each` makes of every fold, given the rows to fit on and the rows to test; side by side, in the order of the folds.
///
/// # Errors
/// The first, in the order of the folds, of what `each` answers.
pub fn across<T: Send, E: Send>(
    folds: &[Vec<usize>],
    each: impl Fn(&[usize], &[usize]) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    folds
        .par_iter()
        .enumerate()
        .map(|(f, test)| {
            let mut train: Vec<usize> =
                folds.iter().enumerate().filter(|&(g, _)| g != f).flat_map(|(_, rows)| rows.iter().copied()).collect();
            train.sort_unstable();
            each(&train, test)
        })
        .collect::<Vec<_>>()
        .into_iter()
        .collect()
}

/// How the number of components is chosen from errors with 1, 2, … of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The smallest error, the first of equal ones.
    Smallest,
    /// The fewest components whose error is within one standard error of the smallest (L. Breiman et al., 1984).
    #[default]
    OneError,
    /// Until another component lowers PRESS by less than 5 % (S. Wold, doi:10.1080/00401706.1978.10489693, R = 0.95).
    Wold,
}

impl Choice {
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "smallest" => Some(Self::Smallest),
            "one-error" => Some(Self::OneError),
            "wold" => Some(Self::Wold),
            _ => None,
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smallest => "smallest",
            Self::OneError => "one-error",
            Self::Wold => "wold",
        }
    }

    /// The number of components, from each row's squared error (or 0 and 1 for right and wrong) with 1, 2, … of them.
    #[must_use]
    pub fn choose(self, errors: &[Vec<f64>]) -> usize {
        let sums: Vec<f64> = errors.iter().map(|e| e.iter().sum()).collect();
        let Some(best) = (0..sums.len()).reduce(|best, a| if sums[a] < sums[best] { a } else { best }) else { return 1 };
        match self {
            Self::Smallest => best + 1,
            Self::OneError => {
                let e = &errors[best];
                let n = e.len() as f64;
                let mean = sums[best] / n;
                let variance = e.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0).max(1.0);
                let limit = mean + (variance / n).sqrt();
                (0..sums.len()).find(|&a| sums[a] / n <= limit).map_or(best, |a| a) + 1
            }
            Self::Wold => (1..sums.len()).find(|&a| sums[a] > 0.95 * sums[a - 1] || sums[a - 1] == 0.0).unwrap_or(sums.len()),
        }
    }
}

/// Labels in random order: of groups where each has one label, else of rows.
#[must_use]
pub fn permuted(labels: &[String], groups: Option<&[String]>, seed: u64, round: u64) -> Vec<String> {
    let mut stream = Stream::new(seed, "permutation", round);
    if let Some(groups) = groups.filter(|g| g.len() == labels.len()) {
        let (of, count) = numbered(groups);
        let mut label: Vec<Option<&String>> = vec![None; count];
        let mut one_each = true;
        for (row, &g) in of.iter().enumerate() {
            match label[g] {
                None => label[g] = Some(&labels[row]),
                Some(known) => one_each &= *known == labels[row],
            }
        }
        if one_each {
            let order = shuffled(count, &mut stream);
            return of.iter().map(|&g| label[order[g]].cloned().unwrap_or_default()).collect();
        }
    }
    shuffled(labels.len(), &mut stream).into_iter().map(|i| labels[i].clone()).collect()
}

/// p of a permutation test: `found` is what the true order gives (larger is better), `others` what random orders give.
#[must_use]
pub fn p_value(found: f64, others: &[f64]) -> f64 {
    (1 + others.iter().filter(|&&o| o >= found).count()) as f64 / (1 + others.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::{Choice, Plan, across, p_value, permuted};

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|&t| t.to_owned()).collect()
    }

    #[test]
    fn every_row_is_in_one_fold_and_never_in_its_own_training() {
        let groups = texts(&["a", "a", "b", "c", "c", "b", "", "", "d", "a"]);
        for plan in ["loo", "venetian=3", "blocks=4", "random=3", "grouped"] {
            let plan = Plan::parse(plan).expect("known");
            let folds = plan.folds(10, Some(&groups), 1).expect("enough rows");
            let mut all: Vec<usize> = folds.concat();
            all.sort_unstable();
            assert_eq!(all, (0..10).collect::<Vec<_>>(), "{plan:?}");
            across(&folds, |train, test| {
                assert_eq!(train.len() + test.len(), 10);
                assert!(test.iter().all(|t| !train.contains(t)));
                if plan == Plan::Grouped {
                    let torn = test.iter().any(|&t| !groups[t].is_empty() && train.iter().any(|&r| groups[r] == groups[t]));
                    assert!(!torn);
                }
                Ok::<_, ()>(())
            })
            .expect("no error");
            assert_eq!(plan.folds(10, Some(&groups), 1), plan.folds(10, Some(&groups), 1));
            assert_eq!(Plan::parse(&plan.name()), Ok(plan));
        }
        assert_eq!(Plan::Grouped.folds(10, Some(&groups), 1).expect("groups").len(), 6);
    }

    #[test]
    fn what_makes_no_folds_is_refused() {
        for bad in ["venetian", "venetian=1", "venetian=x", "loo=2", "kfold=3", ""] {
            assert!(Plan::parse(bad).is_err(), "{bad}");
        }
        assert!(Plan::Venetian(5).folds(4, None, 1).is_err());
        assert!([Plan::Blocks(usize::MAX), Plan::Random(1 << 60)].iter().all(|plan| plan.folds(4, None, 1).is_err()));
        assert!(Plan::Grouped.folds(4, None, 1).is_err());
        assert!(Plan::Grouped.folds(2, Some(&texts(&["a", "a"])), 1).is_err());
    }

    #[test]
    fn rules_of_choice() {
        let errors =
            vec![vec![9.0, 9.0, 9.0, 9.0], vec![2.0, 4.0, 3.0, 3.0], vec![2.0, 3.9, 3.0, 2.9], vec![2.0, 4.0, 3.0, 2.95]];
        assert_eq!(Choice::Smallest.choose(&errors), 3);
        assert_eq!(Choice::OneError.choose(&errors), 2);
        assert_eq!(Choice::Wold.choose(&errors), 2);
        // What is right already cannot be bettered.
        let none = vec![vec![0.0; 4]; 3];
        assert!([Choice::Smallest, Choice::OneError, Choice::Wold].iter().all(|c| c.choose(&none) == 1));
    }

    #[test]
    fn orders_keep_groups_whole_and_p_counts_the_true_one() {
        let labels = texts(&["x", "x", "y", "y", "z"]);
        let groups = texts(&["1", "1", "2", "2", "3"]);
        let mut seen = std::collections::HashSet::new();
        for round in 0..50 {
            let order = permuted(&labels, Some(&groups), 1, round);
            assert!(order[0] == order[1] && order[2] == order[3]);
            seen.insert(order);
        }
        assert_eq!(seen.len(), 6);
        assert_eq!(p_value(0.9, &[0.5, 0.95, 0.9, 0.1]), 0.6);
        assert_eq!(p_value(1.0, &[0.0; 99]), 0.01);
    }
}
