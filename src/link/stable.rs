//! Names of series that last from run to run, and what changed between two runs.
//!
//! # The rule
//! For every old and new series, the overlap is the number of exhibits in both. Overlaps are taken from the largest down; ties go to the older
//! name (the one earlier in the list of old series), then to the earlier new series. A new series without a name takes the old one's,
//! if that is still free. Every other new series gets a name that was never used. So where series join, the one that brings the most exhibits
//! keeps its name; where one splits, its largest part does; and a name that is gone does not come back.
//!
//! # Through which links series joined
//! Old series are shrunk to points; of the links of the new series the spanning tree of the strongest is taken (Kruskal; ties: the first), and
//! branches that lead to exhibits without an old series alone are cut off. What remains connects the old series, each link of it being needed.

use super::Error;
use super::series::{Link, Series, Sets};
use std::collections::{BTreeMap, BTreeSet};

/// A series of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub name: String,
    /// Ids of exhibits.
    pub members: Vec<String>,
}

/// What happened to a series. Ids of exhibits and names of series are in the order of the new exhibits and of the lists they come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The same exhibits as before.
    Kept { name: String, members: usize },
    /// Exhibits came in that were in no series before.
    Grown { name: String, by: Vec<String> },
    /// Exhibits were left out that are in no series now, or not in the archive any more.
    Left { name: String, without: Vec<String> },
    /// Exhibits of other old series are in it now.
    Joined { name: String, with: Vec<String>, through: Vec<Through> },
    /// Exhibits of it are in other new series now.
    Split { name: String, parts: Vec<String> },
    /// A new name; `from`: old series that exhibits of it were in.
    New { name: String, members: usize, from: Vec<String> },
    /// No series bears the name any more; `into`: where its exhibits are now.
    Gone { name: String, into: Vec<String> },
}

/// A link that holds old series together.
#[derive(Clone, Debug, PartialEq)]
pub struct Through {
    pub a: String,
    pub b: String,
    pub log10_lr: f64,
}

/// Names of all new series, and what changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// One a new series.
    pub names: Vec<String>,
    /// The number that the next new name will bear: to be kept for the next run.
    pub next: u64,
    /// By new series, then old names that are gone.
    pub changes: Vec<Change>,
}

/// The name of a number: S00042.
#[must_use]
pub fn name(number: u64) -> String {
    format!("S{number:05}")
}

/// Names new series after old ones. `old`: oldest first; `ids`: one an exhibit; `next`: the number of the first new name, 1 in a first run.
///
/// # Errors
/// Where an id, or a name of an old series, stands twice; where series or links do not fit the exhibits.
pub fn rename(old: &[Known], ids: &[String], series: &[Series], links: &[Link], next: u64) -> Result<Named, Error> {
    let index = numbered("the list of exhibits", ids)?;
    let taken: Vec<String> = old.iter().map(|o| o.name.clone()).collect();
    let taken = numbered("the list of old series", &taken)?.into_keys().map(str::to_owned).collect::<BTreeSet<_>>();
    let mut was: Vec<Option<usize>> = vec![None; ids.len()];
    let mut seen = BTreeSet::new();
    for (o, known) in old.iter().enumerate() {
        for id in &known.members {
            if !seen.insert(id.as_str()) {
                return Err(Error::Twice { what: "the lists of members of old series", id: id.clone() });
            }
            if let Some(&i) = index.get(id.as_str()) {
                was[i] = Some(o);
            }
        }
    }
    let mut overlap: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut now: Vec<Option<usize>> = vec![None; ids.len()];
    for (s, of) in series.iter().enumerate() {
        for (index, &i) in of.members.iter().enumerate() {
            let Some(place) = now.get_mut(i as usize) else {
                return Err(Error::Exhibit { what: "the members of a series", index, got: i, exhibits: ids.len() });
            };
            *place = Some(s);
            if let Some(o) = was[i as usize] {
                *overlap.entry((o, s)).or_default() += 1;
            }
        }
        if let Some(&l) = of.links.iter().find(|l| links.get(**l as usize).is_none_or(|l| l.b as usize >= ids.len())) {
            return Err(Error::Many { what: "a link's number or exhibit in a series", got: l as usize, most: links.len() });
        }
    }

    let mut by_size: Vec<((usize, usize), usize)> = overlap.iter().map(|(k, v)| (*k, *v)).collect();
    // Stable: ties stay ordered by old, then new.
    by_size.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let (mut heir, mut origin) = (vec![None; old.len()], vec![None; series.len()]);
    for ((o, s), _) in by_size {
        if heir[o].is_none() && origin[s].is_none() {
            (heir[o], origin[s]) = (Some(s), Some(o));
        }
    }
    let turned: BTreeSet<(usize, usize)> = overlap.keys().map(|(o, s)| (*s, *o)).collect();
    let of_new = |s: usize| turned.range((s, 0)..(s + 1, 0)).map(|(_, o)| *o);
    let of_old = |o: usize| overlap.range((o, 0)..(o + 1, 0)).map(|((_, s), _)| *s);
    let mut next = next;
    let mut fresh = || loop {
        let fresh = name(next);
        next = next.saturating_add(1);
        if !taken.contains(&fresh) {
            return fresh;
        }
    };
    let names: Vec<String> = origin.iter().map(|o| o.map_or_else(&mut fresh, |o| old[o].name.clone())).collect();

    let mut changes = Vec::new();
    for (s, of) in series.iter().enumerate() {
        let name = names[s].clone();
        let met: Vec<usize> = of_new(s).collect();
        let old_names = |of: &[usize]| of.iter().map(|o| old[*o].name.clone()).collect::<Vec<_>>();
        let Some(o) = origin[s] else {
            changes.push(Change::New { name, members: of.members.len(), from: old_names(&met) });
            continue;
        };
        let before = changes.len();
        let by: Vec<String> =
            of.members.iter().filter(|i| was[**i as usize].is_none()).map(|i| ids[*i as usize].clone()).collect();
        if !by.is_empty() {
            changes.push(Change::Grown { name: name.clone(), by });
        }
        let others: Vec<usize> = met.into_iter().filter(|other| *other != o).collect();
        if !others.is_empty() {
            let through = through(of, links, &was);
            let through = through.iter().map(|l| Through {
                a: ids[l.a as usize].clone(),
                b: ids[l.b as usize].clone(),
                log10_lr: l.log10_lr,
            });
            changes.push(Change::Joined { name: name.clone(), with: old_names(&others), through: through.collect() });
        }
        let parts: Vec<String> = of_old(o).filter(|t| *t != s).map(|t| names[t].clone()).collect();
        if !parts.is_empty() {
            changes.push(Change::Split { name: name.clone(), parts });
        }
        let gone = |id: &&String| index.get(id.as_str()).is_none_or(|i| now[*i].is_none());
        let without: Vec<String> = old[o].members.iter().filter(gone).cloned().collect();
        if !without.is_empty() {
            changes.push(Change::Left { name: name.clone(), without });
        }
        if changes.len() == before {
            changes.push(Change::Kept { name, members: of.members.len() });
        }
    }
    for (o, known) in old.iter().enumerate().filter(|(o, _)| heir[*o].is_none()) {
        let into = of_old(o).map(|s| names[s].clone()).collect();
        changes.push(Change::Gone { name: known.name.clone(), into });
    }
    Ok(Named { names, next, changes })
}

fn numbered<'a>(what: &'static str, of: &'a [String]) -> Result<BTreeMap<&'a str, usize>, Error> {
    let mut index = BTreeMap::new();
    for (i, id) in of.iter().enumerate() {
        if index.insert(id.as_str(), i).is_some() {
            return Err(Error::Twice { what, id: id.clone() });
        }
    }
    Ok(index)
}

/// The links that hold the old series of a new one together, in the order of links.
fn through(of: &Series, links: &[Link], was: &[Option<usize>]) -> Vec<Link> {
    // Points: old series first, then the exhibits of none.
    let mut points: BTreeMap<(bool, usize), u32> = BTreeMap::new();
    let key = |i: u32| was[i as usize].map_or((true, i as usize), |o| (false, o));
    for &i in &of.members {
        let n = points.len() as u32;
        points.entry(key(i)).or_insert(n);
    }
    let point = |i: u32| points.get(&key(i)).copied();
    let mut order: Vec<u32> = of.links.clone();
    order.sort_by(|x, y| links[*y as usize].log10_lr.total_cmp(&links[*x as usize].log10_lr).then(x.cmp(y)));
    let mut sets = Sets::new(points.len());
    let mut tree: Vec<(u32, u32, u32)> = Vec::new();
    for l in order {
        let (Some(x), Some(y)) = (point(links[l as usize].a), point(links[l as usize].b)) else { continue };
        if sets.top(x) != sets.top(y) {
            sets.join(x, y);
            tree.push((l, x, y));
        }
    }
    let free: BTreeSet<u32> = points.iter().filter(|(key, _)| key.0).map(|(_, p)| *p).collect();
    let mut at: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
    for (edge, (_, x, y)) in tree.iter().enumerate() {
        at.entry(*x).or_default().insert(edge);
        at.entry(*y).or_default().insert(edge);
    }
    let mut ends: Vec<u32> = free.iter().copied().filter(|p| at.get(p).is_some_and(|e| e.len() == 1)).collect();
    let mut dropped = BTreeSet::new();
    while let Some(p) = ends.pop() {
        let Some(edge) = at.get_mut(&p).and_then(BTreeSet::pop_first) else { continue };
        dropped.insert(edge);
        let other = if tree[edge].1 == p { tree[edge].2 } else { tree[edge].1 };
        if let Some(edges) = at.get_mut(&other) {
            edges.remove(&edge);
            if edges.len() == 1 && free.contains(&other) {
                ends.push(other);
            }
        }
    }
    let mut kept: Vec<u32> = tree.iter().enumerate().filter(|(e, _)| !dropped.contains(e)).map(|(_, t)| t.0).collect();
    kept.sort_unstable();
    kept.into_iter().map(|l| links[l as usize]).collect()
}

impl Change {
    /// One sentence for a person; long lists are cut after eight.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Kept { name, members } => format!("Series {name} is as it was, with {members} exhibits."),
            Self::Grown { name, by } => format!("Series {name} has grown by {}.", exhibits(by)),
            Self::Left { name, without } => format!("Series {name} has lost {}, now in no series.", exhibits(without)),
            Self::Joined { name, with, through } => {
                let links: Vec<String> =
                    through.iter().map(|t| format!("{} - {} (log10 LR {:.2})", t.a, t.b, t.log10_lr)).collect();
                format!("Series {name} now holds exhibits of {}, through {}.", list(with), list(&links))
            }
            Self::Split { name, parts } => format!("Series {name} has split: exhibits of it are now in {}.", list(parts)),
            Self::New { name, members, from } if from.is_empty() => format!("Series {name} is new, with {members} exhibits."),
            Self::New { name, members, from } => {
                format!("Series {name} is new, with {members} exhibits, some of them from {}.", list(from))
            }
            Self::Gone { name, into } if into.is_empty() => {
                format!("Series {name} is gone: none of its exhibits is in a series any more.")
            }
            Self::Gone { name, into } => format!("Series {name} is gone: exhibits of it are now in {}.", list(into)),
        }
    }
}

fn exhibits(of: &[String]) -> String {
    format!("{} exhibit{}: {}", of.len(), if of.len() == 1 { "" } else { "s" }, list(of))
}

fn list(of: &[String]) -> String {
    let shown = of.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    if of.len() > 8 { format!("{shown} and {} more", of.len() - 8) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::series::series;

    fn known(name: &str, members: &str) -> Known {
        Known { name: name.into(), members: members.split_whitespace().map(Into::into).collect() }
    }

    /// Exhibits a, b, c …; links as "ab bc", all of strength 1 plus a hundredth of their place.
    fn run(old: &[Known], count: u8, pairs: &str) -> Named {
        let ids: Vec<String> = (0..count).map(|i| char::from(b'a' + i).to_string()).collect();
        let mut links: Vec<Link> = pairs
            .split_whitespace()
            .map(|p| (u32::from(p.as_bytes()[0] - b'a'), u32::from(p.as_bytes()[1] - b'a')))
            .enumerate()
            .map(|(i, (a, b))| Link { a, b, log10_lr: 1.0 + i as f64 / 100.0 })
            .collect();
        links.sort_by_key(|l| (l.a, l.b));
        let all = series(ids.len(), &links).expect("good input");
        rename(old, &ids, &all, &links, 10).expect("good input")
    }

    #[test]
    fn first_run_and_the_same_again() {
        let first = run(&[], 6, "ab cd de");
        assert_eq!((first.names.as_slice(), first.next), (&["S00010".to_owned(), "S00011".to_owned()][..], 12));
        assert!(first.changes[0].sentence().contains("S00010 is new, with 2 exhibits"));
        let again = run(&[known("S00010", "a b"), known("S00011", "e d c")], 6, "ab cd de");
        assert_eq!(again.names, first.names);
        assert!(again.changes.iter().all(|c| matches!(c, Change::Kept { .. })), "{:?}", again.changes);
    }

    #[test]
    fn grown_and_left() {
        let named = run(&[known("X", "a b c"), known("Y", "q r")], 6, "ab bd de");
        assert_eq!(named.names, ["X"]);
        let expected = [
            Change::Grown { name: "X".into(), by: vec!["d".into(), "e".into()] },
            Change::Left { name: "X".into(), without: vec!["c".into()] },
            Change::Gone { name: "Y".into(), into: vec![] },
        ];
        assert_eq!(named.changes, expected);
    }

    #[test]
    fn the_larger_keeps_its_name_and_the_needed_links_are_named() {
        // a b | c d e joined through the newcomer f; g hangs on it; the direct link of a and c is the weakest.
        let named = run(&[known("Old", "a b"), known("Big", "c d e")], 7, "ac ab cd de bf df fg");
        assert_eq!(named.names, ["Big"]);
        assert_eq!(named.changes[0], Change::Grown { name: "Big".into(), by: vec!["f".into(), "g".into()] });
        let Change::Joined { with, through, .. } = &named.changes[1] else { panic!("{:?}", named.changes) };
        assert_eq!(with, &["Old"]);
        assert_eq!(through.iter().map(|t| format!("{}{}", t.a, t.b)).collect::<Vec<_>>(), ["bf", "df"]);
        assert_eq!(named.changes[2], Change::Gone { name: "Old".into(), into: vec!["Big".into()] });
        assert!(named.changes[1].sentence().contains("Series Big now holds exhibits of Old, through b - f (log10 LR 1.04)"));
        // Of equal ones the older.
        assert_eq!(run(&[known("Old", "c d"), known("New", "a b")], 4, "ab bc cd").names, ["Old"]);
    }

    #[test]
    fn the_largest_part_keeps_the_name() {
        let named = run(&[known("X", "a b c d e")], 5, "ab cd de");
        assert_eq!(named.names, ["S00010", "X"]);
        assert_eq!(named.changes[0], Change::New { name: "S00010".into(), members: 2, from: vec!["X".into()] });
        assert_eq!(named.changes[1], Change::Split { name: "X".into(), parts: vec!["S00010".into()] });
    }

    #[test]
    fn new_names_pass_by_old_ones() {
        assert_eq!(run(&[known("S00010", "y z")], 2, "ab").names, ["S00011"]);
    }

    #[test]
    fn refuses_what_cannot_be() {
        let ids = ["a".to_owned(), "a".to_owned()];
        assert!(rename(&[], &ids, &[], &[], 1).is_err());
        assert!(rename(&[known("X", "a"), known("X", "b")], &ids[..1], &[], &[], 1).is_err());
        assert!(rename(&[known("X", "a"), known("Y", "a")], &ids[..1], &[], &[], 1).is_err());
        let beyond = Series { members: vec![0, 1], links: vec![] };
        assert!(rename(&[], &ids[..1], &[beyond], &[], 1).is_err());
    }
}
