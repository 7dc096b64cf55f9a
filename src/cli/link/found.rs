//! From candidates to links and series: each pair of exhibits has its ratio in every kind of evidence, and one that they come to together.

use super::evidence::{Evidence, Roster};
use crate::archive::linkage::{Column, Columns, Linkage};
use crate::cli::Refused;
use crate::cli::progress::Progress;
use crate::evaluate::lr::Limited;
use crate::link::candidates::{Best, Candidates, Modality, NONE, candidates};
use crate::link::fuse::{Rule, fuse};
use crate::link::series::{Link, Series, series};
use crate::link::stable::{Change, Known, rename};
use crate::link::{community, layout};
use rayon::prelude::*;
use std::collections::HashMap;

/// Seed of the drawings of series.
const SEED: u64 = 1;

/// What counts as a link.
#[derive(Clone, Debug)]
pub struct Limits {
    pub rule: Rule,
    pub limit: f64,
    pub alone: f64,
    pub contradiction: f64,
}

/// Columns of one kind of evidence, one entry a link.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    pub log10_lr: Vec<f64>,
    pub score: Vec<f64>,
    pub query: Vec<i64>,
    pub reference: Vec<i64>,
    pub limited: Vec<i64>,
}

/// Links, best evidence and all, ordered by (a, b).
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub links: Vec<Link>,
    pub shown: Vec<Shown>,
    pub contradiction: Vec<bool>,
}

fn as_modalities(evidence: &[Evidence]) -> Vec<Modality<'_>> {
    evidence
        .iter()
        .map(|e| Modality { neighbors: &e.neighbors, scores: &e.scores, k: e.k, exhibit: &e.exhibit_of, closer: e.closer })
        .collect()
}

/// All candidates of the rankings.
pub fn all_candidates(evidence: &[Evidence]) -> anyhow::Result<Candidates> {
    Ok(candidates(&as_modalities(evidence))?)
}

/// These of the candidates, in this order.
pub fn chosen(all: &Candidates, which: &[usize]) -> Candidates {
    let best = |b: &Best| Best {
        score: which.iter().map(|&c| b.score[c]).collect(),
        query: which.iter().map(|&c| b.query[c]).collect(),
        reference: which.iter().map(|&c| b.reference[c]).collect(),
    };
    Candidates { pairs: which.iter().map(|&c| all.pairs[c]).collect(), best: all.best.iter().map(best).collect() }
}

/// The links among candidates.
pub fn links(
    evidence: &mut [Evidence],
    mut all: Candidates,
    limits: &Limits,
    memory: u64,
    progress: &Progress,
) -> anyhow::Result<Found> {
    let mut ratios = Vec::new();
    let mut cut = Vec::new();
    for (e, best) in evidence.iter_mut().zip(&mut all.best) {
        e.complete(&all.pairs, best, memory, progress)?;
        let model = &e.lr.model;
        let of: Vec<(f64, i64)> = best
            .score
            .par_iter()
            .map(|&score| {
                if score.is_nan() {
                    return Ok((f64::NAN, 0));
                }
                model.log10_lr(score).map(|bounded| {
                    let side = match bounded.limited {
                        Limited::No => 0,
                        Limited::Lower => -1,
                        Limited::Upper => 1,
                    };
                    (bounded.value.0, side)
                })
            })
            .collect::<Result<_, _>>()?;
        let (values, sides): (Vec<f64>, Vec<i64>) = of.into_iter().unzip();
        if let Some(at) = values.iter().position(|v| v.is_infinite()) {
            return Err(Refused::input(format!(
                "{}: the score {} has an infinite likelihood ratio; give the model limits (striae calibrate --bounds elub)",
                e.record.model, best.score[at]
            )));
        }
        ratios.push(values);
        cut.push(sides);
    }
    let columns: Vec<&[f64]> = ratios.iter().map(Vec::as_slice).collect();
    let fused = fuse(&limits.rule, &columns, limits.contradiction)?;
    let mut found = Found { shown: vec![Shown::default(); evidence.len()], ..Found::default() };
    for (c, (a, b)) in all.pairs.iter().enumerate().filter(|(c, _)| fused.log10_lr[*c] >= limits.limit) {
        found.links.push(Link { a: *a, b: *b, log10_lr: fused.log10_lr[c] });
        found.contradiction.push(fused.contradiction[c]);
        for (m, shown) in found.shown.iter_mut().enumerate() {
            let row = |r: u32| if r == NONE { -1 } else { i64::from(r) };
            shown.log10_lr.push(ratios[m][c]);
            shown.score.push(all.best[m].score[c]);
            shown.query.push(row(all.best[m].query[c]));
            shown.reference.push(row(all.best[m].reference[c]));
            shown.limited.push(cut[m][c]);
        }
    }
    Ok(found)
}

impl Found {
    /// Adds links that are known already, and brings all into order.
    pub fn with(mut self, known: Self) -> Self {
        self.links.extend(known.links);
        self.contradiction.extend(known.contradiction);
        for (mine, theirs) in self.shown.iter_mut().zip(known.shown) {
            mine.log10_lr.extend(theirs.log10_lr);
            mine.score.extend(theirs.score);
            mine.query.extend(theirs.query);
            mine.reference.extend(theirs.reference);
            mine.limited.extend(theirs.limited);
        }
        let mut order: Vec<usize> = (0..self.links.len()).collect();
        order.sort_unstable_by_key(|&l| (self.links[l].a, self.links[l].b));
        self.chosen(&order)
    }

    /// These of the links, in this order.
    fn chosen(&self, order: &[usize]) -> Self {
        fn pick<T: Copy>(from: &[T], order: &[usize]) -> Vec<T> {
            order.iter().map(|&l| from[l]).collect()
        }
        Self {
            links: pick(&self.links, order),
            contradiction: pick(&self.contradiction, order),
            shown: self
                .shown
                .iter()
                .map(|s| Shown {
                    log10_lr: pick(&s.log10_lr, order),
                    score: pick(&s.score, order),
                    query: pick(&s.query, order),
                    reference: pick(&s.reference, order),
                    limited: pick(&s.limited, order),
                })
                .collect(),
        }
    }

    /// The links of a linkage, by the exhibits of another roster.
    pub fn stored(linkage: &Linkage, names: &[String], number: &HashMap<&str, u32>) -> anyhow::Result<Self> {
        let ids = linkage.texts("exhibits/id")?;
        let (a, b) = (linkage.whole("links/a")?, linkage.whole("links/b")?);
        let (lr, contradiction) = (linkage.numbers("links/log10_lr")?, linkage.whole("links/contradiction")?);
        let of = |row: i64| -> anyhow::Result<u32> {
            let id = usize::try_from(row).ok().and_then(|r| ids.get(r));
            id.and_then(|id| number.get(id.as_str()).copied()).ok_or_else(|| {
                Refused::input(format!("a link of the linkage names exhibit {row}, which is not in its collections any more"))
            })
        };
        let mut found = Self::default();
        for l in 0..a.len() {
            let (x, y) = (of(a[l])?, of(b[l])?);
            found.links.push(Link { a: x.min(y), b: x.max(y), log10_lr: lr[l] });
            found.contradiction.push(contradiction[l] != 0);
        }
        for name in names {
            found.shown.push(Shown {
                log10_lr: linkage.numbers(&format!("links/{name}_log10_lr"))?.to_vec(),
                score: linkage.numbers(&format!("links/{name}_score"))?.to_vec(),
                query: linkage.whole(&format!("links/{name}_query"))?.to_vec(),
                reference: linkage.whole(&format!("links/{name}_reference"))?.to_vec(),
                limited: linkage.whole(&format!("links/{name}_limited"))?.to_vec(),
            });
        }
        Ok(found)
    }

    /// Those links whose pair passes.
    pub fn only(&self, passes: impl Fn(u32, u32) -> bool) -> Self {
        let order: Vec<usize> = (0..self.links.len()).filter(|&l| passes(self.links[l].a, self.links[l].b)).collect();
        self.chosen(&order)
    }
}

/// Series with their names, communities and places in a drawing.
pub struct Grouped {
    pub series: Vec<Series>,
    pub names: Vec<String>,
    pub next: u64,
    pub changes: Vec<Change>,
    /// One an exhibit: series, community within it, place.
    pub of: Vec<i64>,
    pub community: Vec<i64>,
    pub place: Vec<[f64; 2]>,
}

/// Groups linked exhibits into series and communities.
pub fn group(roster: &Roster, links: &[Link], alone: f64, old: &[Known], next: u64) -> anyhow::Result<Grouped> {
    let n = roster.id.len();
    let all = series(n, links)?;
    let named = rename(old, &roster.id, &all, links, next)?;
    let communities = community::communities(n, links, alone)?;
    let mut of = vec![-1; n];
    let mut within = vec![-1; n];
    let mut place = vec![[f64::NAN; 2]; n];
    let laid: Vec<Vec<[f64; 2]>> = all
        .par_iter()
        .map(|s| {
            let at: HashMap<u32, u32> = s.members.iter().zip(0..).map(|(m, i)| (*m, i)).collect();
            let pairs: Vec<(u32, u32)> = s.links.iter().map(|&l| (at[&links[l as usize].a], at[&links[l as usize].b])).collect();
            let community: Vec<u32> = s.members.iter().map(|&m| communities.of[m as usize]).collect();
            layout::layout(&community, &pairs, SEED)
        })
        .collect::<Result<_, _>>()?;
    for (number, (s, points)) in all.iter().zip(laid).enumerate() {
        // Communities are numbered within their series, by their first member.
        let mut numbers: Vec<u32> = Vec::new();
        for (&m, point) in s.members.iter().zip(points) {
            let m = m as usize;
            of[m] = number as i64;
            place[m] = point;
            let c = communities.of[m];
            if c != community::NONE {
                let known = numbers.iter().position(|x| *x == c);
                within[m] = known.unwrap_or_else(|| {
                    numbers.push(c);
                    numbers.len() - 1
                }) as i64;
            }
        }
    }
    Ok(Grouped { series: all, names: named.names, next: named.next, changes: named.changes, of, community: within, place })
}

/// All that is stored of a linkage.
pub fn columns(roster: &Roster, evidence: &[Evidence], found: &Found, grouped: &Grouped) -> anyhow::Result<Columns> {
    let mut all = Columns::new();
    let mut put = |name: String, column: Column| all.insert(name, column);
    put("exhibits/id".into(), Column::texts(roster.id.clone()));
    put("exhibits/case".into(), Column::texts(roster.case.clone()));
    put("exhibits/date".into(), Column::texts(roster.date.clone()));
    put("exhibits/place".into(), Column::texts(roster.place.clone()));
    put("exhibits/latitude".into(), Column::numbers(roster.latitude.clone()));
    put("exhibits/longitude".into(), Column::numbers(roster.longitude.clone()));
    put("exhibits/series".into(), Column::whole(grouped.of.clone()));
    put("exhibits/community".into(), Column::whole(grouped.community.clone()));
    put("exhibits/x".into(), Column::numbers(grouped.place.iter().map(|p| p[0]).collect()));
    put("exhibits/y".into(), Column::numbers(grouped.place.iter().map(|p| p[1]).collect()));
    put("links/a".into(), Column::whole(found.links.iter().map(|l| i64::from(l.a)).collect()));
    put("links/b".into(), Column::whole(found.links.iter().map(|l| i64::from(l.b)).collect()));
    put("links/log10_lr".into(), Column::numbers(found.links.iter().map(|l| l.log10_lr).collect()));
    put("links/contradiction".into(), Column::whole(found.contradiction.iter().map(|c| i64::from(*c)).collect()));
    put("series/name".into(), Column::texts(grouped.names.clone()));
    for (e, shown) in evidence.iter().zip(&found.shown) {
        let name = &e.record.name;
        put(format!("links/{name}_log10_lr"), Column::numbers(shown.log10_lr.clone()));
        put(format!("links/{name}_score"), Column::numbers(shown.score.clone()));
        put(format!("links/{name}_query"), Column::whole(shown.query.clone()));
        put(format!("links/{name}_reference"), Column::whole(shown.reference.clone()));
        put(format!("links/{name}_limited"), Column::whole(shown.limited.clone()));
        put(format!("rankings/{name}/neighbors"), Column::whole(e.neighbors.clone()).wide(e.k));
        put(format!("rankings/{name}/scores"), Column::numbers(e.scores.clone()).wide(e.k));
        put(format!("models/{name}"), Column::texts(crate::archive::model::pieces(&e.lr.to_text()?)));
    }
    Ok(all)
}
