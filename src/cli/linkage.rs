//! What `striae info`, `striae verify` and `striae evaluate` say of a linkage.

use super::calibrate::StoredLr;
use super::progress::Progress;
use super::report::models;
use super::{Refused, Voice, collection, verify};
use crate::archive::linkage::Linkage;
use crate::archive::model::texts_digest;
use crate::archive::{Address, Collection, Reading};
use crate::compare::{Job, Joined, RowSource as _, chosen};
use crate::link::fuse::Rule;
use crate::link::judge::{Judgement, judge};
use crate::link::series::{Link, series};
use std::collections::HashMap;

/// Least share of a true series that a found one must hold and consist of.
const SHARE: f64 = 0.9;

/// Says what a linkage is.
pub fn info(address: &Address, reading: &Reading, voice: Voice) -> anyhow::Result<()> {
    let linkage = Linkage::open(address, reading)?;
    let record = &linkage.record;
    if voice.json {
        println!("{}", serde_json::to_string(record)?);
        return Ok(());
    }
    println!("Linkage: {} links, {} series of {} exhibits", record.links, record.series, record.exhibits);
    for m in &record.modalities {
        let parts: Vec<String> = m.parts.iter().map(|p| format!("{} ({})", p.name, p.rows)).collect();
        println!("  {:<11}{} by {}; model {}", m.name, parts.join(" + "), m.options.metric, m.model);
    }
    for statement in &record.statements {
        println!("  {statement}");
    }
    for change in &record.changes {
        println!("  changed    {change}");
    }
    for warning in &record.warnings {
        println!("  note       {warning}");
    }
    println!("  made       {} by striae {} in {:.1} s", record.started, record.version, record.seconds);
    println!("  digest     {}", record.result_blake3);
    println!("Read it with: striae report; check it with: striae verify");
    Ok(())
}

fn opened(linkage: &Linkage, number: usize) -> anyhow::Result<(Job, Joined<Collection>)> {
    let m = &linkage.record.modalities[number];
    let mut parts = Vec::new();
    for part in &m.parts {
        parts.push(collection::open(&part.name)?);
    }
    if m.options.metric == "ccf" {
        let width = parts.iter().map(crate::compare::RowSource::width).max().unwrap_or(0);
        for part in &mut parts {
            part.pad_to(width);
        }
    }
    let settings = super::settings::reread(&m.options.settings)?;
    let job = Job::new(crate::compare::Options { settings, ..m.options.clone() })?;
    let joined = Joined::new(parts).map_err(|_| Refused::input(format!("{}: its collections differ in width", m.name)))?;
    Ok((job, joined))
}

/// Computes a sample of links anew: scores by definition from the collections, their ratios by the models, the sum by the rule; and series from the links.
#[allow(clippy::too_many_lines, reason = "each thing that is checked, in turn")]
pub fn verify(address: &Address, sample: usize, seed: u64, all: bool, voice: Voice) -> anyhow::Result<()> {
    let linkage = Linkage::open(address, &collection::reading()?)?;
    let record = &linkage.record;
    let say = |text: String| {
        if !voice.json && !voice.quiet {
            println!("{text}");
        }
    };
    say(format!("digest    {}: as recorded", record.result_blake3));
    let (a, b) = (linkage.whole("links/a")?, linkage.whole("links/b")?);
    let fused = linkage.numbers("links/log10_lr")?;
    let rows = verify::sample(a.len(), if all { a.len() } else { sample }, seed);
    let progress = Progress::new(voice.quiet || voice.json);
    let models: Vec<StoredLr> = models(&linkage)?;
    let rule = if record.rule == "cautious" { Rule::Cautious } else { Rule::Independent };
    let mut terms: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
    let mut wrong: Vec<String> = Vec::new();
    for (number, (m, lr)) in record.modalities.iter().zip(&models).enumerate() {
        if m.options.prepare.is_some() {
            say(format!("skipped   scores of {}: prepared while they were compared", m.name));
        }
        let column = |name: &str| linkage.whole(&format!("links/{}_{name}", m.name));
        let (query, reference) = (column("query")?, column("reference")?);
        let (scores, ratios) =
            (linkage.numbers(&format!("links/{}_score", m.name))?, linkage.numbers(&format!("links/{}_log10_lr", m.name))?);
        let asked: Vec<(usize, (u32, u32))> = rows
            .iter()
            .enumerate()
            .filter_map(|(n, &l)| Some((n, (u32::try_from(query[l]).ok()?, u32::try_from(reference[l]).ok()?))))
            .collect();
        let pairs: Vec<(u32, u32)> = asked.iter().map(|x| x.1).collect();
        let found = if m.options.prepare.is_some() {
            asked.iter().map(|(n, _)| scores[rows[*n]]).collect()
        } else {
            let (job, mut source) = opened(&linkage, number)?;
            let exhibits = linkage.texts("exhibits/id")?;
            let mut of_item = Vec::new();
            for (part, recorded) in source.parts().iter_mut().zip(&m.parts) {
                let rows = part.rows();
                let ids = part.ids()?.unwrap_or_else(|| (0..rows).map(|r| format!("#{r}")).collect());
                let named = part.exhibit_names()?.unwrap_or_else(|| vec![String::new(); rows]);
                let of_part: Vec<String> =
                    named.into_iter().zip(ids).map(|(exhibit, id)| if exhibit.is_empty() { id } else { exhibit }).collect();
                if !recorded.exhibits_blake3.is_empty() && texts_digest(&of_part) != recorded.exhibits_blake3 {
                    wrong.push(format!("{}: its exhibits are not those that were linked", recorded.name));
                }
                of_item.extend(of_part);
            }
            for (n, (q, r)) in &asked {
                let l = rows[*n];
                let ends = [&exhibits[a[l] as usize], &exhibits[b[l] as usize]];
                let mine = [of_item.get(*q as usize), of_item.get(*r as usize)];
                if mine != [Some(ends[0]), Some(ends[1])] && mine != [Some(ends[1]), Some(ends[0])] {
                    wrong.push(format!("link {l}: items {q} and {r} of {} are not of its exhibits", m.name));
                }
            }
            chosen::scores(&job, &mut source, &pairs, 1 << 30, &|done| progress.advance(done))?
        };
        for of_link in &mut terms {
            of_link.push(f64::NAN);
        }
        for ((n, _), score) in asked.iter().zip(found) {
            let l = rows[*n];
            let ratio = lr.model.log10_lr(score)?.value.0;
            if score.to_bits() != scores[l].to_bits() || ratio.to_bits() != ratios[l].to_bits() {
                wrong.push(format!(
                    "link {l}: {} has the score {} and log10 LR {}, computed anew {score} and {ratio}",
                    m.name, scores[l], ratios[l]
                ));
            }
            terms[*n][number] = ratio;
        }
    }
    progress.clear();
    for (n, &l) in rows.iter().enumerate() {
        if fused[l] < record.limit {
            wrong.push(format!("link {l}: its fused log10 LR is {}, below the limit of {}", fused[l], record.limit));
        }
        let now = rule.one(&terms[n]);
        if now.to_bits() != fused[l].to_bits() {
            wrong.push(format!("link {l}: its fused log10 LR is {}, computed anew {now}", fused[l]));
        }
    }
    let links: Vec<Link> =
        a.iter().zip(b).zip(fused).map(|((a, b), lr)| Link { a: *a as u32, b: *b as u32, log10_lr: *lr }).collect();
    let again = series(record.exhibits, &links)?;
    let stored = linkage.whole("exhibits/series")?;
    let same = again.iter().enumerate().all(|(s, of)| of.members.iter().all(|m| stored[*m as usize] == s as i64))
        && stored.iter().filter(|s| **s >= 0).count() == again.iter().map(|s| s.members.len()).sum::<usize>();
    if !same {
        wrong.push("its series are not those of its links".into());
    }
    if voice.json {
        println!(
            "{}",
            serde_json::json!({ "linkage": address.to_string(), "recomputed": rows.len(), "links": a.len(), "wrong": wrong })
        );
    }
    if let Some(first) = wrong.first() {
        return Err(Refused::input(format!(
            "{address}: {} differences; the first: {first}. Do not use this linkage, and report it with its record (striae info --json)",
            wrong.len()
        )));
    }
    say(format!("recomputed {} of {} links from the collections and models, and all series: the same", rows.len(), a.len()));
    Ok(())
}

/// Holds a linkage against what is known of its exhibits.
pub fn evaluate(address: &Address, truth: &str, voice: Voice) -> anyhow::Result<()> {
    let linkage = Linkage::open(address, &collection::reading()?)?;
    let ids = linkage.texts("exhibits/id")?;
    let number: HashMap<&str, usize> = ids.iter().zip(0..).map(|(id, n)| (id.as_str(), n)).collect();
    let mut source: Vec<Option<u32>> = vec![None; ids.len()];
    let mut names: HashMap<String, u32> = HashMap::new();
    let mut split = 0;
    for part in linkage.record.modalities.iter().flat_map(|m| &m.parts) {
        let mut collection = collection::open(&part.name)?;
        let rows = collection.rows();
        let ids = collection.ids()?.unwrap_or_else(|| (0..rows).map(|r| format!("#{r}")).collect());
        let exhibits = collection.exhibit_names()?.unwrap_or_else(|| vec![String::new(); rows]);
        for ((exhibit, id), label) in exhibits.into_iter().zip(ids).zip(collection.texts_of(truth)?) {
            let name = if exhibit.is_empty() { id } else { exhibit };
            let Some(&n) = number.get(name.as_str()).filter(|_| !label.is_empty()) else { continue };
            let next = names.len() as u32;
            let of = *names.entry(label).or_insert(next);
            if source[n].is_some_and(|s| s != of) {
                split += 1;
            } else {
                source[n] = Some(of);
            }
        }
    }
    let label = |column: &[i64]| column.iter().map(|s| u32::try_from(*s).ok()).collect::<Vec<Option<u32>>>();
    let (a, b) = (linkage.whole("links/a")?, linkage.whole("links/b")?);
    let links: Vec<(u32, u32)> = a.iter().zip(b).map(|(a, b)| (*a as u32, *b as u32)).collect();
    let (series, community) = (linkage.whole("exhibits/series")?, linkage.whole("exhibits/community")?);
    let of_series = judge(&label(series), &source, &links, SHARE)?;
    // A community is one by its series and its number there.
    let mut pairs: HashMap<(i64, i64), u32> = HashMap::new();
    let communities: Vec<Option<u32>> = series
        .iter()
        .zip(community)
        .map(|(s, c)| {
            let next = pairs.len() as u32;
            (*s >= 0 && *c >= 0).then(|| *pairs.entry((*s, *c)).or_insert(next))
        })
        .collect();
    let held: Vec<(u32, u32)> = links
        .iter()
        .copied()
        .filter(|(a, b)| communities[*a as usize].is_some() && communities[*a as usize] == communities[*b as usize])
        .collect();
    let of_communities = judge(&communities, &source, &held, SHARE)?;
    let figures = |j: &Judgement| {
        serde_json::json!({
            "links": j.links, "false_links": j.false_links, "false_link_share": j.false_link_share(), "true_series": j.true_series,
            "found_series": j.found_series, "recovery": j.recovery(), "b_cubed_precision": j.precision, "b_cubed_recall": j.recall,
            "b_cubed_f": j.f(), "adjusted_rand": j.adjusted_rand, "pairs_linked": j.pair_recall(),
        })
    };
    if voice.json {
        println!(
            "{}",
            serde_json::json!({ "linkage": address.to_string(), "truth": truth, "series": figures(&of_series), "communities": figures(&of_communities), "of_several_sources": split })
        );
        return Ok(());
    }
    println!("evaluated {address}: links and series against {truth}");
    println!("{:<44}{:>12}{:>14}", "", "series", "communities");
    let row =
        |name: &str, f: &dyn Fn(&Judgement) -> String| println!("{name:<44}{:>12}{:>14}", f(&of_series), f(&of_communities));
    row("links", &|j| j.links.to_string());
    row("false links", &|j| format!("{:.4} %", 100.0 * j.false_link_share()));
    row("true series of two exhibits or more", &|j| j.true_series.to_string());
    row("found (90 % of it, in one of which it is 90 %)", &|j| format!("{:.2} %", 100.0 * j.recovery()));
    row("B-cubed precision", &|j| format!("{:.4}", j.precision));
    row("B-cubed recall", &|j| format!("{:.4}", j.recall));
    row("adjusted Rand index", &|j| format!("{:.4}", j.adjusted_rand));
    if split > 0 {
        println!("note      {split} items are of another {truth} than an earlier one of their exhibit; the first one counts");
    }
    Ok(())
}
