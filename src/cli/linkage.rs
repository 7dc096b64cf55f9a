//! What `striae info`, `striae verify` and `striae evaluate` say of a linkage.

use super::calibrate::StoredLr;
use super::report::models;
use super::{Refused, Voice, collection, verify};
use crate::archive::linkage::Linkage;
use crate::archive::model::texts_digest;
use crate::archive::{Address, Collection, Reading};
use crate::compare::survey::survey;
use crate::compare::{Job, Joined, RowSource, Unwatched, chosen};
use crate::link::fuse::Rule;
use crate::link::judge::{Judgement, judge};
use crate::link::record::Modality;
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

/// Where the collections of a linkage are: as recorded, or as was said, in the order of the record.
fn places(linkage: &Linkage, elsewhere: &[String]) -> anyhow::Result<Vec<Vec<String>>> {
    let all: usize = linkage.record.modalities.iter().map(|m| m.parts.len()).sum();
    if elsewhere.len() > all {
        return Err(Refused::usage(format!("--input names {} collections, and the linkage is of {all}", elsewhere.len())));
    }
    let mut said = elsewhere.iter();
    let mut of = |recorded: &str| said.next().map_or_else(|| recorded.to_owned(), Clone::clone);
    Ok(linkage.record.modalities.iter().map(|m| m.parts.iter().map(|p| of(&p.name)).collect()).collect())
}

/// The rows of one kind of evidence, and the exhibit of each, held to the record.
fn opened(m: &Modality, places: &[String]) -> anyhow::Result<(Job, Joined<Collection>, Vec<String>)> {
    let settings = super::settings::reread(&m.options.settings)?;
    let job = Job::new(crate::compare::Options { settings, ..m.options.clone() })?;
    let (mut parts, mut exhibits) = (Vec::new(), Vec::new());
    for (place, recorded) in places.iter().zip(&m.parts) {
        let mut part = collection::open(place).map_err(|error| verify::moved(error, [recorded.name.as_str()]))?;
        let (names, _) = collection::exhibits_or_ids(&mut part)?;
        let element = part.element();
        let values = survey(&job, &mut part, false, 0, element, &Unwatched, 0)?.digest;
        for (what, now, then) in
            [("values", values, &recorded.values_blake3), ("exhibits", texts_digest(&names), &recorded.exhibits_blake3)]
        {
            if now != *then {
                return Err(Refused::input(format!(
                    "{place}: its {what} have BLAKE3 {now}, the linkage says {then}: this is not what was linked, or it was changed since"
                )));
            }
        }
        exhibits.extend(names);
        parts.push(part);
    }
    if m.options.metric == "ccf" {
        let width = parts.iter().map(RowSource::width).max().unwrap_or(0);
        for part in &mut parts {
            part.pad_to(width);
        }
    }
    let joined = Joined::new(parts).map_err(|_| Refused::input(format!("{}: its collections differ in width", m.name)))?;
    Ok((job, joined, exhibits))
}

/// Holds links of one kind of evidence to what is computed of its rows anew: returns the ratio of each, and adds what differs to `wrong`.
fn recomputed(
    linkage: &Linkage,
    (m, lr): (&Modality, &StoredLr),
    places: &[String],
    rows: &[usize],
    wrong: &mut Vec<String>,
) -> anyhow::Result<Vec<f64>> {
    let column = |name: &str| linkage.whole(&format!("links/{}_{name}", m.name));
    let (query, reference) = (column("query")?, column("reference")?);
    let (scores, ratios) =
        (linkage.numbers(&format!("links/{}_score", m.name))?, linkage.numbers(&format!("links/{}_log10_lr", m.name))?);
    let asked: Vec<(usize, (u32, u32))> = rows
        .iter()
        .enumerate()
        .filter_map(|(n, &l)| Some((n, (u32::try_from(query[l]).ok()?, u32::try_from(reference[l]).ok()?))))
        .collect();
    let found = if m.options.prepare.is_some() {
        asked.iter().map(|(n, _)| scores[rows[*n]]).collect()
    } else {
        let (job, mut source, of_item) = opened(m, places)?;
        let (ids, a, b) = (linkage.texts("exhibits/id")?, linkage.whole("links/a")?, linkage.whole("links/b")?);
        for (n, (q, r)) in &asked {
            let l = rows[*n];
            let ends = [&ids[a[l] as usize], &ids[b[l] as usize]];
            let mine = [of_item.get(*q as usize), of_item.get(*r as usize)];
            if mine != [Some(ends[0]), Some(ends[1])] && mine != [Some(ends[1]), Some(ends[0])] {
                wrong.push(format!("link {l}: items {q} and {r} of {} are not of its exhibits", m.name));
            }
        }
        let pairs: Vec<(u32, u32)> = asked.iter().map(|x| x.1).collect();
        chosen::scores(&job, &mut source, &pairs, 1 << 30, &|_| Ok(()))?
    };
    let mut all = vec![f64::NAN; rows.len()];
    for ((n, _), score) in asked.iter().zip(found) {
        let l = rows[*n];
        let ratio = lr.model.log10_lr(score)?.value.0;
        if score.to_bits() != scores[l].to_bits() || ratio.to_bits() != ratios[l].to_bits() {
            wrong.push(format!(
                "link {l}: {} has the score {} and log10 LR {}, computed anew {score} and {ratio}",
                m.name, scores[l], ratios[l]
            ));
        }
        all[*n] = ratio;
    }
    for (n, &l) in rows.iter().enumerate() {
        if all[n].is_nan() && !(scores[l].is_nan() && ratios[l].is_nan()) {
            wrong.push(format!("link {l}: {} names no items, and yet a score", m.name));
        }
    }
    Ok(all)
}

/// Computes a sample of links anew: scores by definition from the collections, their ratios by the models, the sum by the rule; and series from the links.
pub fn verify(
    address: &Address,
    elsewhere: &[String],
    (sample, seed, all): (usize, u64, bool),
    voice: Voice,
) -> anyhow::Result<()> {
    let linkage = Linkage::open(address, &collection::reading()?)?;
    let record = &linkage.record;
    let say = |text: String| {
        if !voice.json && !voice.quiet {
            println!("{text}");
        }
    };
    say(format!("digest    {}: as recorded", record.result_blake3));
    if !all {
        say(format!("sample    --seed {seed}"));
    }
    let (a, b) = (linkage.whole("links/a")?, linkage.whole("links/b")?);
    let fused = linkage.numbers("links/log10_lr")?;
    let rows = verify::sample(a.len(), if all { a.len() } else { sample }, seed);
    let models: Vec<StoredLr> = models(&linkage)?;
    let rule = if record.rule == "cautious" { Rule::Cautious } else { Rule::Independent };
    let mut terms: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
    let mut wrong: Vec<String> = Vec::new();
    for ((m, lr), places) in record.modalities.iter().zip(&models).zip(places(&linkage, elsewhere)?) {
        if m.options.prepare.is_some() {
            say(format!("skipped   scores of {}: prepared while they were compared", m.name));
        } else {
            let names = places.join(" + ");
            say(format!("input     {names}"));
        }
        if lr.blake3 != m.model_blake3 {
            wrong.push(format!("the model of {} has BLAKE3 {}, the record says {}", m.name, lr.blake3, m.model_blake3));
        }
        for (of_link, ratio) in terms.iter_mut().zip(recomputed(&linkage, (m, lr), &places, &rows, &mut wrong)?) {
            of_link.push(ratio);
        }
    }
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
pub fn evaluate(address: &Address, truth: &str, elsewhere: &[String], voice: Voice) -> anyhow::Result<()> {
    let linkage = Linkage::open(address, &collection::reading()?)?;
    let ids = linkage.texts("exhibits/id")?;
    let number: HashMap<&str, usize> = ids.iter().zip(0..).map(|(id, n)| (id.as_str(), n)).collect();
    let mut source: Vec<Option<u32>> = vec![None; ids.len()];
    let mut names: HashMap<String, u32> = HashMap::new();
    let mut split = 0;
    for place in places(&linkage, elsewhere)?.into_iter().flatten() {
        let mut collection = collection::open(&place)?;
        let (names_of_rows, _) = collection::exhibits_or_ids(&mut collection)?;
        for (name, label) in names_of_rows.into_iter().zip(collection.texts_of(truth)?) {
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
