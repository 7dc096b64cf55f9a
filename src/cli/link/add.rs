//! `striae link --add`: exhibits that came in later.
//!
//! New items are compared with the old ones, both ways, and with each other; the rankings that a whole run would give follow from these and the stored ones
//! ([`crate::link::update`]). Pairs of old exhibits keep their ratios: those that were links are on file, those that were candidates and no links stay below the limit.

use super::evidence::{Evidence, roster};
use super::found::{self, Found, Limits};
use super::{Options, resources, statements};
use crate::archive::linkage::{self, Linkage};
use crate::archive::{Address, Client};
use crate::cli::calibrate::StoredLr;
use crate::cli::opened::Opened;
use crate::cli::progress::Progress;
use crate::cli::scored::closer_of;
use crate::cli::{Refused, alike, backend, collection, settings};
use crate::compare::survey::survey;
use crate::compare::{Answer, Comparison, Exclude, Job, Joined, Mode, Observer as _, RowSource, Terms};
use crate::link::fuse::Rule;
use crate::link::record::{LinkRecord, Modality, Part};
use crate::link::stable::{Change, Known};
use crate::link::update::{self, Parts};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Best partners: (rows, k).
struct Ranked {
    neighbors: Vec<i64>,
    scores: Vec<f64>,
}

impl Ranked {
    fn part(&self, k: usize) -> update::Part<'_> {
        update::Part { neighbors: &self.neighbors, scores: &self.scores, k }
    }
}

/// Ranks without storing.
fn rank<'a>(
    options: &Options,
    job: &Job,
    query: &'a mut dyn RowSource,
    reference: Option<&'a mut dyn RowSource>,
    progress: &'a Progress,
) -> anyhow::Result<Ranked> {
    let spool = Path::new(&options.output)
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .map_or_else(|| PathBuf::from("."), PathBuf::from);
    let backend = backend::choose(&resources(options), progress)?;
    let comparison = Comparison {
        job: job.clone(),
        query,
        reference,
        backend,
        observer: progress,
        spool,
        dense: None,
        terms: Terms::default(),
    };
    match comparison.run()?.answer {
        Answer::TopK { neighbors, scores, .. } => Ok(Ranked { neighbors, scores }),
        _ => anyhow::bail!("a ranking was asked for and something else came"),
    }
}

/// A kind of evidence with the new items behind the old ones.
struct Grown {
    evidence: Evidence,
    /// Items that were there, and that came in.
    old: usize,
    new: usize,
    compared: u64,
    /// As it was.
    before: Ranked,
}

fn open_part(part: &Part, elsewhere: Option<&String>, modality: &Modality) -> anyhow::Result<crate::archive::Collection> {
    let mut found = collection::open(elsewhere.unwrap_or(&part.name))?;
    if found.rows() != part.rows {
        return Err(Refused::input(format!(
            "{} has {} rows, the linkage was made of {}: this is not what was compared, or it was changed since",
            found.name(),
            found.rows(),
            part.rows
        )));
    }
    if modality.options.exclude == Exclude::Mark {
        found.leave_out_by("mark")?;
    }
    Ok(found)
}

fn digest(job: &Job, source: &mut dyn RowSource, progress: &Progress) -> anyhow::Result<String> {
    let element = source.element();
    progress.phase("inputs", source.rows() as u64);
    Ok(survey(job, source, false, 0, element, progress, 0)?.digest)
}

fn grow(options: &Options, linkage: &Linkage, number: usize, new: &Path, progress: &Progress) -> anyhow::Result<Grown> {
    let modality = &linkage.record.modalities[number];
    if modality.options.prepare.is_some() {
        return Err(Refused::input(format!(
            "{} was compared with --prepare, and what a recipe learns would be learnt anew of a grown archive: store prepared rows (striae prepare, then --like for new ones) and link those",
            modality.name
        )));
    }
    let mut sources = Vec::new();
    for (n, part) in modality.parts.iter().enumerate() {
        // Elsewhere is said for the first part of each kind of evidence.
        sources.push(open_part(part, options.input.get(number).filter(|_| n == 0), modality)?);
    }
    let inner = Address::parse(&modality.parts[0].name).inner;
    let address = Address { file: new.to_owned(), inner: inner.clone() };
    let nodes = Client::open(new, &collection::reading()?)?.tree()?;
    let there = nodes.iter().any(|n| Some(&n.path) == inner.as_ref());
    let mut added = if there { Some(collection::open(&address.to_string())?) } else { None };
    if let Some(added) = &mut added {
        alike::check(added, &mut sources[0], modality.options.metric == "ccf")?;
        added.check_ids()?;
        if modality.options.exclude == Exclude::Mark {
            added.leave_out_by("mark")?;
        }
        let known: HashSet<String> = sources
            .iter_mut()
            .map(crate::archive::Collection::ids)
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        if let Some(twice) = added.ids()?.into_iter().flatten().find(|id| known.contains(id)) {
            return Err(Refused::input(format!("{address}: item {twice:?} is in the linkage already; give only what is new")));
        }
    }
    let settings = settings::reread(&modality.options.settings)?;
    let base = crate::compare::Options { settings, memory: options.memory, ..modality.options.clone() };
    let path = |column: &str| format!("rankings/{}/{column}", modality.name);
    let k = linkage.width(&path("neighbors"))?;
    let job = Job::new(crate::compare::Options { mode: Mode::TopK(k), ..base })?;
    for (source, part) in sources.iter_mut().zip(&modality.parts) {
        let found = digest(&job, source, progress)?;
        if found != part.values_blake3 {
            return Err(Refused::input(format!(
                "{}: its values have BLAKE3 {found}, the linkage says {}: this is not what was compared, or it was changed since",
                source.name(),
                part.values_blake3
            )));
        }
    }
    let added_digest = added.as_mut().map(|a| digest(&job, a, progress)).transpose()?;
    // Padding does not change what was measured; digests are of rows as they are stored.
    if modality.options.metric == "ccf" {
        let width = sources.iter().chain(&added).map(RowSource::width).max().unwrap_or(0);
        sources.iter_mut().chain(&mut added).for_each(|s| s.pad_to(width));
    }
    let mut opened: Vec<Opened> = sources.into_iter().map(Into::into).collect();
    let before =
        Ranked { neighbors: linkage.whole(&path("neighbors"))?.to_vec(), scores: linkage.numbers(&path("scores"))?.to_vec() };
    let closer = closer_of(&modality.options)?;
    let refuse = || Refused::input(format!("{}: rows of {} differ in width from those of the archive", address, modality.name));
    let mut record = modality.clone();
    let text = linkage.texts(&format!("models/{}", modality.name))?.concat();
    let lr = StoredLr::from_text(&text, &modality.model)?;
    let old = opened.iter().map(RowSource::rows).sum();
    let mut compared = 0;
    let (mut neighbors, mut scores, mut count) = (before.neighbors.clone(), before.scores.clone(), 0);
    if let Some(added) = added {
        let mut added = Opened::from(added);
        let mut archive = Joined::new(opened).map_err(|_| refuse())?;
        count = added.rows();
        let of_old = rank(options, &job, &mut archive, Some(&mut added), progress)?;
        let of_new = rank(options, &job, &mut added, Some(&mut archive), progress)?;
        let among = rank(options, &job, &mut added, None, progress)?;
        compared = 2 * (old as u64) * (count as u64) + (count as u64) * (count as u64 - 1) / 2;
        let parts = Parts {
            old_among_old: before.part(k),
            old_among_new: of_old.part(k),
            new_among_old: of_new.part(k),
            new_among_new: among.part(k),
        };
        let grown = update::update(&parts, old, count, k, closer)?;
        (neighbors, scores) = (grown.neighbors, grown.scores);
        record.parts.push(Part {
            name: address.to_string(),
            rows: count,
            values_blake3: added_digest.unwrap_or_default(),
            exhibits_blake3: String::new(),
        });
        opened = archive.into_parts();
        opened.push(added);
    }
    let rows = Joined::new(opened).map_err(|_| refuse())?;
    let evidence = Evidence { record, lr, closer, job, rows, k, neighbors, scores, exhibit_of: Vec::new() };
    Ok(Grown { evidence, old, new: count, compared, before })
}

#[allow(clippy::too_many_lines, reason = "one step after the other: what was, what came in, what is known, what is open")]
pub fn run(options: &Options, new: &Path, target: &Address, progress: &Progress) -> anyhow::Result<LinkRecord> {
    let (started, clock) = (collection::now(), Instant::now());
    let [before] = &options.results[..] else {
        return Err(Refused::usage(format!(
            "--add takes one linkage, not {}: striae link --add new.h5 links.h5 -o links-2.h5",
            options.results.len()
        )));
    };
    let address = Address::parse(before);
    if super::super::compare::same_file(&address.file, &target.file) {
        return Err(Refused::usage(format!(
            "-o {target} is the linkage that is added to; name another file, so that both can be compared"
        )));
    }
    let linkage = Linkage::open(&address, &collection::reading()?)?;
    let mut grown = Vec::new();
    for number in 0..linkage.record.modalities.len() {
        grown.push(grow(options, &linkage, number, new, progress)?);
    }
    if grown.iter().all(|g| g.new == 0) {
        let names: Vec<String> = linkage.record.modalities.iter().map(|m| m.parts[0].name.clone()).collect();
        return Err(Refused::input(format!(
            "{} holds none of the collections of the linkage ({}); give an archive with the same paths",
            new.display(),
            names.join(", ")
        )));
    }
    let (mut sizes, mut rankings) = (Vec::new(), Vec::new());
    let mut evidence = Vec::new();
    let (mut compared, mut all_pairs) = (0, 0);
    for g in grown {
        compared += g.compared;
        let n = (g.old + g.new) as u64;
        all_pairs += n * n.saturating_sub(1) / 2;
        sizes.push((g.old, g.new));
        rankings.push(g.before);
        evidence.push(g.evidence);
    }
    let mut warnings = Vec::new();
    for (e, (_, came)) in evidence.iter().zip(&sizes) {
        if *came == 0 {
            warnings.push(format!("{} holds no {}: nothing of that kind came in", new.display(), e.record.parts[0].name));
        }
    }
    super::same_propositions(&evidence)?;
    let roster = roster(&mut evidence, &mut warnings)?;
    for e in &evidence {
        e.lr.check_level(&e.record.name, &e.exhibit_of, &mut warnings);
    }
    let record = &linkage.record;
    let rule = match record.rule.as_str() {
        "independent" => Rule::Independent,
        "cautious" => Rule::Cautious,
        other => return Err(Refused::input(format!("{address}: its rule {other:?} is not known to this version"))),
    };
    let limits = Limits { rule, limit: record.limit, alone: record.alone, contradiction: record.contradiction };
    // Exhibits that something came in for: their pairs are all looked at again.
    let mut touched = vec![false; roster.id.len()];
    for (e, (old, _)) in evidence.iter().zip(&sizes) {
        e.exhibit_of[*old..].iter().for_each(|x| touched[*x as usize] = true);
    }
    let untouched = |a: u32, b: u32| !touched[a as usize] && !touched[b as usize];
    let known: HashSet<(u32, u32)> = {
        let views: Vec<_> = evidence
            .iter()
            .zip(&rankings)
            .zip(&sizes)
            .map(|((e, r), (old, _))| crate::link::candidates::Modality {
                neighbors: &r.neighbors,
                scores: &r.scores,
                k: e.k,
                exhibit: &e.exhibit_of[..*old],
                closer: e.closer,
            })
            .collect();
        crate::link::candidates::candidates(&views)?.pairs.into_iter().filter(|(a, b)| untouched(*a, *b)).collect()
    };
    let all = found::all_candidates(&evidence)?;
    let candidates = all.pairs.len();
    let still: HashSet<(u32, u32)> = all.pairs.iter().copied().filter(|p| known.contains(p)).collect();
    let open: Vec<usize> = (0..all.pairs.len()).filter(|&c| !known.contains(&all.pairs[c])).collect();
    let found = found::links(&mut evidence, found::chosen(&all, &open), &limits, options.memory, progress)?;
    let number: HashMap<&str, u32> = roster.id.iter().zip(0..).map(|(id, n)| (id.as_str(), n)).collect();
    let names: Vec<String> = evidence.iter().map(|e| e.record.name.clone()).collect();
    let kept = Found::stored(&linkage, &names, &number)?.only(|a, b| still.contains(&(a, b)));
    let found = found.with(kept);

    let old = known_series(&linkage)?;
    let grouped = found::group(&roster, &found.links, limits.alone, &old, record.next_series)?;
    let columns = found::columns(&roster, &evidence, &found, &grouped)?;
    let changes = grouped.changes.iter().filter(|c| !matches!(c, Change::Kept { .. })).map(Change::sentence).collect();
    let mut record = LinkRecord {
        version: env!("CARGO_PKG_VERSION").into(),
        commit: crate::built::commit(),
        started,
        seconds: clock.elapsed().as_secs_f64(),
        threads: Some(rayon::current_num_threads()),
        statements: statements(&evidence, &limits.rule, limits.limit),
        modalities: evidence.into_iter().map(|e| e.record).collect(),
        exhibits: roster.id.len(),
        candidates,
        links: found.links.len(),
        series: grouped.series.len(),
        next_series: grouped.next,
        pairs_all: all_pairs,
        pairs_compared: compared,
        added_to: Some((before.clone(), linkage.record.result_blake3.clone())),
        changes,
        warnings,
        ..linkage.record.clone()
    };
    linkage::write(target, &mut record, &columns, options.overwrite)?;
    Ok(record)
}

/// The series of a linkage, with their members.
fn known_series(linkage: &Linkage) -> anyhow::Result<Vec<Known>> {
    let mut all: Vec<Known> =
        linkage.texts("series/name")?.iter().map(|name| Known { name: name.clone(), members: Vec::new() }).collect();
    for (id, series) in linkage.texts("exhibits/id")?.iter().zip(linkage.whole("exhibits/series")?) {
        if let Some(of) = usize::try_from(*series).ok().and_then(|s| all.get_mut(s)) {
            of.members.push(id.clone());
        }
    }
    // Oldest first: by name.
    all.sort_by(|a, b| a.name.len().cmp(&b.name.len()).then(a.name.cmp(&b.name)));
    Ok(all)
}
