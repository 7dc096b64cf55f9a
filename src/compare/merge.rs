//! One result of many shards: do they belong together, are they all there, and what do they say together.
//!
//! Shards belong together when all that decides a result is the same for them ([`Fingerprint`]). Where they do not agree, what most of them say counts, and the others are
//! named. A ranking's row is the best k of what all shards have of it: no pair is in two shards, so that nothing is counted twice.

use super::fingerprint::{Difference, Fingerprint};
use super::outcome::Effort;
use super::record::{Merged, Record};
use super::select::Best;
use super::shard::Shard;
use crate::metric::Closer;
use std::collections::BTreeMap;

/// Why shards are not a whole.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no shards were given; name the files of all shards of a run")]
    None,
    #[error(
        "{name} is shard {shard} of another run: {field} was {its} there and is {others} in the others. Leave it out, and merge with the right file for shard {shard}"
    )]
    Foreign { name: String, shard: Shard, field: String, its: String, others: String },
    #[error(
        "{name} (shard {shard}) is stale: it was made of other content than the others ({field} was {its}, theirs is {others}). Compare shard {shard} again, and merge then"
    )]
    Stale { name: String, shard: Shard, field: String, its: String, others: String },
    #[error("{first} and {second} are both shard {shard}; leave one of them out")]
    Twice { first: String, second: String, shard: Shard },
    #[error("{missing} of {count} shards are missing: {named}. Run them (--shard {example}), then merge again")]
    Missing { missing: usize, count: usize, named: String, example: Shard },
    #[error("{name}: row {row} has partners that it cannot have: the file was not made by --shard")]
    Broken { name: String, row: usize },
}

/// Numbers as people list them: 3, 5–7, 12.
fn ranges(numbers: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for &n in numbers {
        match parts.last_mut() {
            Some((_, end)) if *end + 1 == n => *end = n,
            _ => parts.push((n, n)),
        }
    }
    let said = |&(a, b): &(usize, usize)| if a == b { a.to_string() } else { format!("{a}–{b}") };
    let shown: Vec<String> = parts.iter().take(12).map(said).collect();
    if parts.len() > 12 { format!("{}, …", shown.join(", ")) } else { shown.join(", ") }
}

/// Holds shards against each other. Each is given by its file's name and its record.
///
/// # Errors
/// What is wrong, and with which file.
pub fn check(shards: &[(String, &Record)]) -> Result<(), Error> {
    let mut prints = Vec::new();
    for (name, record) in shards {
        let shard = record.shard.unwrap_or(Shard { index: 1, count: 1 });
        // Of one run whichever shard it is.
        let of_run = Shard { index: 1, count: shard.count };
        prints.push((
            name,
            shard,
            Fingerprint::new((&record.version, record.commit.clone()), &record.options, &record.inputs, Some(of_run)),
        ));
    }
    let agree = |print: &Fingerprint| prints.iter().filter(|(.., other)| other == print).count();
    // The first of those that most agree with.
    let mut chosen: Option<(usize, &Fingerprint)> = None;
    for (.., print) in &prints {
        let count = agree(print);
        if chosen.is_none_or(|(most, _)| count > most) {
            chosen = Some((count, print));
        }
    }
    let Some((_, run)) = chosen else { return Err(Error::None) };
    for (name, shard, print) in &prints {
        if let Some(Difference { field, then: its, now: others }) = print.difference(run) {
            let (name, shard) = ((*name).clone(), *shard);
            let content = field.starts_with("queries.") || field.starts_with("references.");
            // Another number of shards is another run, whatever else.
            return Err(if content && shard.count == run.shard.map_or(0, |s| s.count) {
                Error::Stale { name, shard, field, its, others }
            } else {
                Error::Foreign { name, shard, field, its, others }
            });
        }
    }
    let mut seen: BTreeMap<usize, &String> = BTreeMap::new();
    for (name, shard, _) in &prints {
        if let Some(first) = seen.insert(shard.index, name) {
            return Err(Error::Twice { first: first.clone(), second: (*name).clone(), shard: *shard });
        }
    }
    let count = run.shard.map_or(1, |s| s.count);
    let missing: Vec<usize> = (1..=count).filter(|index| !seen.contains_key(index)).collect();
    match missing.first() {
        None => Ok(()),
        Some(&index) => {
            let example = Shard { index, count };
            Err(Error::Missing { missing: missing.len(), count, named: ranges(&missing), example })
        }
    }
}

/// What the merged result's record says, its digest not yet; records in the order of shards.
#[must_use]
pub fn record(records: &[&Record]) -> Option<Record> {
    let mut merged = (*records.first()?).clone();
    let mut digests = blake3::Hasher::new();
    digests.update(b"striae shards 1\0");
    merged.effort = Effort::default();
    merged.devices.clear();
    merged.warnings.clear();
    for record in records {
        digests.update(&blake3::Hash::from_hex(&record.result_blake3).map_or([0; 32], |hash| *hash.as_bytes()));
        for device in &record.devices {
            if !merged.devices.contains(device) {
                merged.devices.push(device.clone());
            }
        }
        let shard = record.shard.map_or_else(String::new, |shard| format!("shard {shard}: "));
        merged
            .warnings
            .extend(record.warnings.iter().filter(|w| !w.ends_with("left out as invalid")).map(|w| format!("{shard}{w}")));
        let effort = &record.effort;
        merged.effort.pairs += effort.pairs;
        merged.effort.refined += effort.refined;
        merged.effort.blocks += effort.blocks;
        merged.effort.survey_seconds += effort.survey_seconds;
        merged.effort.compare_seconds += effort.compare_seconds;
        merged.effort.explain_seconds += effort.explain_seconds;
        merged.effort.processes += effort.processes;
        merged.threads = merged.threads.max(record.threads);
    }
    for input in &merged.inputs {
        if !input.left_out.is_empty() {
            merged.warnings.push(format!("{}: {} rows left out as invalid", input.name, input.left_out.len()));
        }
    }
    merged.started = records.iter().map(|r| r.started.clone()).min()?;
    merged.strategy = None;
    merged.shard = None;
    merged.merged = Some(Merged { count: records.len(), shards_blake3: digests.finalize().to_hex().to_string() });
    merged.result_blake3 = String::new();
    merged.beside_blake3 = None;
    merged.matched_blake3 = None;
    Some(merged)
}

/// A ranking that shards add to.
#[derive(Debug)]
pub struct Rows {
    pub k: usize,
    closer: Closer,
    pub neighbors: Vec<i64>,
    pub scores: Vec<f64>,
    /// Of peak lists.
    pub matched: Option<Vec<i64>>,
}

impl Rows {
    /// Of so many queries, the best k each.
    #[must_use]
    pub fn new(rows: usize, k: usize, closer: Closer, matched: bool) -> Self {
        let matched = matched.then(|| vec![-1; rows * k]);
        Self { k, closer, neighbors: vec![-1; rows * k], scores: vec![f64::NAN; rows * k], matched }
    }

    /// Bytes that they take.
    #[must_use]
    pub const fn bytes(rows: usize, k: usize, matched: bool) -> u64 {
        rows as u64 * k as u64 * if matched { 24 } else { 16 }
    }

    /// Adds what shard `name` has of a row, best first.
    ///
    /// # Errors
    /// When the row or its partners cannot be.
    pub fn add(&mut self, name: &str, row: usize, best: &[Best], matched: &[i64]) -> Result<(), Error> {
        let broken = || Error::Broken { name: name.to_owned(), row };
        let (k, closer) = (self.k, self.closer);
        let of =
            row.checked_mul(k).and_then(|start| Some(start..start.checked_add(k)?)).filter(|of| of.end <= self.neighbors.len());
        let of = of.ok_or_else(broken)?;
        let sorted = best.is_sorted_by(|a, b| Best::order(closer, a, b).is_lt());
        if !sorted || best.len() > k || (self.matched.is_some() && matched.len() != best.len()) {
            return Err(broken());
        }
        let held = self.neighbors[of.clone()].iter().take_while(|n| **n >= 0).count();
        let old: Vec<(Best, i64)> = (of.start..of.start + held)
            .map(|at| {
                let best = Best { score: self.scores[at], partner: self.neighbors[at] as u64 };
                (best, self.matched.as_ref().map_or(0, |m| m[at]))
            })
            .collect();
        let new = best.iter().copied().zip(matched.iter().copied().chain(std::iter::repeat(0)));
        let mut all: Vec<(Best, i64)> = old.into_iter().chain(new).collect();
        all.sort_by(|a, b| Best::order(closer, &a.0, &b.0));
        if all.windows(2).any(|two| two[0].0.partner == two[1].0.partner) {
            return Err(broken());
        }
        for (at, (best, count)) in of.zip(all) {
            (self.neighbors[at], self.scores[at]) = (best.partner as i64, best.score);
            if let Some(matched) = &mut self.matched {
                matched[at] = count;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::outcome::Input;
    use crate::compare::{Mode, Options};

    fn shard(index: usize, count: usize) -> Record {
        let input = Input {
            name: "a.h5:/x".into(),
            rows: 10,
            width: 4,
            peaks: None,
            values_blake3: "abc".into(),
            labels_blake3: None,
            left_out: Vec::new(),
        };
        Record {
            tool: "striae".into(),
            version: "0.1.0".into(),
            commit: None,
            options: Options::new("cosine", Mode::TopK(2)),
            inputs: vec![input],
            devices: Vec::new(),
            tile: crate::backend::TileShape { rows: 1, cols: 1 },
            strategy: None,
            threads: 2,
            started: format!("2026-01-0{index}"),
            effort: Effort { pairs: 5, compare_seconds: 1.5, ..Effort::default() },
            warnings: vec!["w".into()],
            result_blake3: "00".repeat(32),
            matched_blake3: None,
            beside_blake3: None,
            shard: Some(Shard { index, count }),
            merged: None,
            tolerance: None,
        }
    }

    fn said(records: &[Record]) -> String {
        let named: Vec<(String, &Record)> = records.iter().enumerate().map(|(n, r)| (format!("f{n}"), r)).collect();
        check(&named).map_or_else(|e| e.to_string(), |()| "whole".into())
    }

    #[test]
    fn what_is_not_a_whole_is_refused_by_name() {
        let all = || (1..=4).map(|i| shard(i, 4)).collect::<Vec<_>>();
        assert_eq!(said(&all()), "whole");
        assert!(said(&[]).contains("no shards"));
        let mut missing = all();
        missing.remove(1);
        assert!(said(&missing).contains("1 of 4 shards are missing: 2."), "{}", said(&missing));
        let mut twice = all();
        twice.push(shard(3, 4));
        assert!(said(&twice).contains("f2 and f4 are both shard 3/4"), "{}", said(&twice));
        let mut foreign = all();
        foreign[2].options.metric = "pearson".into();
        assert!(said(&foreign).contains("f2 is shard 3/4 of another run: metric was pearson"), "{}", said(&foreign));
        let mut another_build = all();
        another_build[1].commit = Some("c0ffee".into());
        assert!(said(&another_build).contains("f1 is shard 2/4 of another run: commit was c0ffee"), "{}", said(&another_build));
        let mut other_count = all();
        other_count[0] = shard(1, 5);
        assert!(said(&other_count).contains("f0 is shard 1/5 of another run: shard"), "{}", said(&other_count));
        let mut stale = all();
        stale[3].inputs[0].values_blake3 = "abd".into();
        assert!(said(&stale).contains("f3 (shard 4/4) is stale"), "{}", said(&stale));
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1–3, 7, 9–10");
    }

    #[test]
    fn the_record_of_the_whole_adds_up() {
        let all = [shard(1, 2), shard(2, 2)];
        let merged = record(&[&all[0], &all[1]]).unwrap();
        assert_eq!((merged.effort.pairs, merged.started.as_str(), merged.shard), (10, "2026-01-01", None));
        assert_eq!((merged.merged.as_ref().map(|m| m.count), merged.effort.compare_seconds), (Some(2), 3.0));
        assert_eq!(merged.warnings, ["shard 1/2: w", "shard 2/2: w"]);
    }

    #[test]
    fn rows_are_the_best_of_all_shards() {
        let best = |all: &[(f64, u64)]| all.iter().map(|&(score, partner)| Best { score, partner }).collect::<Vec<_>>();
        let mut rows = Rows::new(2, 3, Closer::Larger, false);
        rows.add("a", 1, &best(&[(0.9, 4), (0.5, 2)]), &[]).unwrap();
        rows.add("b", 1, &best(&[(0.9, 1), (0.7, 8), (0.1, 9)]), &[]).unwrap();
        assert_eq!(rows.neighbors, [-1, -1, -1, 1, 4, 8]);
        assert_eq!(rows.scores[3..], [0.9, 0.9, 0.7]);
        // A pair in two shards, a row that is not there, partners out of order, too many.
        assert!(rows.add("c", 1, &best(&[(0.9, 4)]), &[]).is_err());
        assert!(rows.add("c", 2, &best(&[(0.9, 4)]), &[]).is_err());
        assert!(rows.add("c", usize::MAX, &best(&[(0.9, 4)]), &[]).is_err());
        assert!(rows.add("c", 0, &best(&[(0.1, 4), (0.9, 5)]), &[]).is_err());
        assert!(rows.add("c", 0, &best(&[(0.4, 1), (0.3, 2), (0.2, 3), (0.1, 4)]), &[]).is_err());
    }
}
