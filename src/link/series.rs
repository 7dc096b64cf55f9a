//! Series: the connected components of the graph of links that have two exhibits or more.
//!
//! An exhibit belongs to a series where a chain of links leads to it, however long. That is the rule a reader can check with a pencil, and
//! the one that false links hurt most: one of them joins two series. [`super::community`] says what holds together without chains.
//!
//! Union–find with path halving, the smaller exhibit always on top: nearly linear, no randomness, 4 bytes an exhibit.

use super::Error;

/// A pair whose evidence passes the limit: a < b.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    pub a: u32,
    pub b: u32,
    /// The fused one.
    pub log10_lr: f64,
}

/// Exhibits that links connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// Two or more, rising.
    pub members: Vec<u32>,
    /// Its links, by their place in the list of links; rising.
    pub links: Vec<u32>,
}

/// The pairs that reach `limit`, as links; NaN never does.
#[must_use]
pub fn links(pairs: &[(u32, u32)], log10_lr: &[f64], limit: f64) -> Vec<Link> {
    let all = pairs.iter().zip(log10_lr).filter(|(_, x)| **x >= limit);
    all.map(|((a, b), x)| Link { a: *a, b: *b, log10_lr: *x }).collect()
}

/// The series of `exhibits` exhibits, ordered by their first member. Links are ordered by (a, b).
///
/// # Errors
/// Where a link's ends do not exist, are the same, or stand in the wrong order; where a pair is given twice; where there is no strength.
pub fn series(exhibits: usize, links: &[Link]) -> Result<Vec<Series>, Error> {
    check(exhibits, links)?;
    let mut sets = Sets::new(exhibits);
    for l in links {
        sets.join(l.a, l.b);
    }
    let mut size = vec![0u32; exhibits];
    for i in 0..exhibits as u32 {
        size[sets.top(i) as usize] += 1;
    }
    let mut number = vec![u32::MAX; exhibits];
    let mut all: Vec<Series> = Vec::new();
    for i in 0..exhibits as u32 {
        let top = sets.top(i) as usize;
        if size[top] < 2 {
            continue;
        }
        if number[top] == u32::MAX {
            number[top] = all.len() as u32;
            all.push(Series::default());
        }
        all[number[top] as usize].members.push(i);
    }
    for (index, l) in links.iter().enumerate() {
        all[number[sets.top(l.a) as usize] as usize].links.push(index as u32);
    }
    Ok(all)
}

/// Which series each exhibit is of: an index into `all`, or none.
#[must_use]
pub fn membership(exhibits: usize, all: &[Series]) -> Vec<Option<u32>> {
    let mut of = vec![None; exhibits];
    for (number, series) in all.iter().enumerate() {
        for &member in &series.members {
            if let Some(of) = of.get_mut(member as usize) {
                *of = Some(number as u32);
            }
        }
    }
    of
}

pub(super) fn check(exhibits: usize, links: &[Link]) -> Result<(), Error> {
    for (what, got) in [("exhibits", exhibits), ("links", links.len())] {
        if got >= u32::MAX as usize {
            return Err(Error::Many { what, got, most: u32::MAX as usize - 1 });
        }
    }
    for (index, l) in links.iter().enumerate() {
        if l.a >= l.b || l.b as usize >= exhibits {
            return Err(Error::Ends { index, a: l.a, b: l.b, exhibits });
        }
        if !l.log10_lr.is_finite() {
            return Err(Error::Infinite { what: "the log10 LR of links", index, got: l.log10_lr });
        }
        if index > 0 && (links[index - 1].a, links[index - 1].b) >= (l.a, l.b) {
            return Err(Error::Unordered { index, a: l.a, b: l.b });
        }
    }
    Ok(())
}

/// Disjoint sets of numbers; the smallest of a set stands for it.
#[derive(Debug)]
pub(super) struct Sets(Vec<u32>);

impl Sets {
    pub(super) fn new(n: usize) -> Self {
        Self((0..n as u32).collect())
    }

    pub(super) fn top(&mut self, mut i: u32) -> u32 {
        while self.0[i as usize] != i {
            let above = self.0[self.0[i as usize] as usize];
            self.0[i as usize] = above;
            i = above;
        }
        i
    }

    pub(super) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.top(a), self.top(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;

    fn link(a: u32, b: u32) -> Link {
        Link { a, b, log10_lr: 1.0 }
    }

    #[test]
    fn chains_by_hand() {
        let all = series(8, &[link(0, 6), link(1, 3), link(3, 5), link(5, 7)]).expect("good input");
        assert_eq!(all[0], Series { members: vec![0, 6], links: vec![0] });
        assert_eq!(all[1], Series { members: vec![1, 3, 5, 7], links: vec![1, 2, 3] });
        assert_eq!(all.len(), 2);
        assert_eq!(membership(8, &all), [Some(0), Some(1), None, Some(1), None, Some(1), Some(0), Some(1)]);
        assert_eq!(series(0, &[]).expect("nothing"), []);
    }

    #[test]
    fn the_same_as_spreading_labels() {
        for seed in 0..50 {
            let mut draw = Stream::new(seed, "series", 0);
            let n = 40;
            let mut pairs: Vec<(u32, u32)> = (0..30)
                .map(|_| ((draw.uniform() * f64::from(n)) as u32, (draw.uniform() * f64::from(n)) as u32))
                .filter(|(a, b)| a < b)
                .collect();
            pairs.sort_unstable();
            pairs.dedup();
            let links: Vec<Link> = pairs.iter().map(|&(a, b)| link(a, b)).collect();
            let mut label: Vec<u32> = (0..n).collect();
            for _ in 0..n {
                for &(a, b) in &pairs {
                    let least = label[a as usize].min(label[b as usize]);
                    (label[a as usize], label[b as usize]) = (least, least);
                }
            }
            let mut expected: Vec<Vec<u32>> = (0..n).map(|l| (0..n).filter(|i| label[*i as usize] == l).collect()).collect();
            expected.retain(|m| m.len() > 1);
            let found = series(n as usize, &links).expect("good input");
            assert_eq!(found.iter().map(|s| s.members.clone()).collect::<Vec<_>>(), expected);
            assert_eq!(found.iter().map(|s| s.links.len()).sum::<usize>(), links.len());
        }
    }

    #[test]
    fn the_limit_is_reached_by_its_own_value_and_never_by_nan() {
        let found = links(&[(0, 1), (0, 2), (1, 2)], &[2.0, f64::NAN, 1.9999], 2.0);
        assert_eq!(found, [Link { a: 0, b: 1, log10_lr: 2.0 }]);
    }

    #[test]
    fn refuses_what_cannot_be() {
        for bad in
            [vec![link(1, 1)], vec![link(2, 1)], vec![link(0, 9)], vec![link(0, 1), link(0, 1)], vec![link(1, 2), link(0, 1)]]
        {
            assert!(series(9, &bad).is_err());
        }
        assert!(series(9, &[Link { a: 0, b: 1, log10_lr: f64::NAN }]).is_err());
    }
}
