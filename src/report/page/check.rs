//! What a report must fulfil before a page is made of it.

use super::report::{Exhibit, Links, Modality, Report, Series};
use super::{Error, date};
use std::collections::BTreeMap;

/// Refuses a report whose lengths, indices or values do not fit; the error names the first that does not.
pub(super) fn check(report: &Report) -> Result<(), Error> {
    exhibits(&report.exhibits)?;
    modalities(&report.modalities)?;
    links(&report.links, &report.exhibits, &report.modalities)?;
    if !report.links.a.is_empty() {
        if report.statements.iter().all(|s| s.trim().is_empty()) {
            return Err(Error::Missing { what: "the list of statements".into() });
        }
        missing("h1, the first proposition of the combined log10 LR,", &report.h1)?;
        missing("h2, the second proposition of the combined log10 LR,", &report.h2)?;
    }
    series(&report.series, &report.exhibits)?;
    for (i, drawing) in report.drawings.iter().enumerate() {
        below(|| format!("drawings[{i}].link"), drawing.link, report.links.a.len())?;
        svg(|| format!("drawings[{i}].svg"), &drawing.svg)?;
    }
    for (i, plot) in report.plots.iter().enumerate() {
        svg(|| format!("plots[{i}].svg"), &plot.svg)?;
    }
    Ok(())
}

fn exhibits(exhibits: &[Exhibit]) -> Result<(), Error> {
    if u32::try_from(exhibits.len()).is_err() {
        return Err(value("the number of exhibits", exhibits.len(), "up to 4294967295"));
    }
    let mut seen = BTreeMap::new();
    for (i, exhibit) in exhibits.iter().enumerate() {
        let what = |field: &str| format!("exhibits[{i}].{field} ({:?})", exhibit.id);
        if exhibit.id.is_empty() {
            return Err(value(format!("exhibits[{i}].id"), "empty", "any text that no other exhibit has"));
        }
        if let Some(first) = seen.insert(exhibit.id.as_str(), i) {
            return Err(Error::Twice {
                what: format!("exhibits[{i}].id"),
                got: format!("{:?}", exhibit.id),
                first: format!("exhibits[{first}].id"),
                reason: "an id names one exhibit; make them differ",
            });
        }
        if date::day(&exhibit.date).is_none() {
            let got = format!("{:?}", exhibit.date);
            return Err(value(what("date"), got, "a day such as 2024-05-31, or nothing where the day is not known"));
        }
        match (exhibit.latitude, exhibit.longitude) {
            (None, None) => {}
            (Some(latitude), Some(longitude)) => {
                if !(-90.0..=90.0).contains(&latitude) {
                    return Err(value(what("latitude"), latitude, "degrees from -90 to 90"));
                }
                if !(-180.0..=180.0).contains(&longitude) {
                    return Err(value(what("longitude"), longitude, "degrees from -180 to 180"));
                }
            }
            _ => return Err(value(what("latitude and longitude"), "only one of both", "both or none")),
        }
    }
    Ok(())
}

fn modalities(modalities: &[Modality]) -> Result<(), Error> {
    for (i, modality) in modalities.iter().enumerate() {
        missing(&format!("modalities[{i}].name"), &modality.name)?;
        missing(&format!("modalities[{i}].h1 ({})", modality.name), &modality.h1)?;
        missing(&format!("modalities[{i}].h2 ({})", modality.name), &modality.h2)?;
        let [low, high] = modality.limits;
        if !(low.is_finite() && high.is_finite() && low <= high) {
            let got = format!("{low} to {high}");
            return Err(value(
                format!("modalities[{i}].limits ({})", modality.name),
                got,
                "two finite log10 LRs, the smaller first",
            ));
        }
    }
    Ok(())
}

fn links(links: &Links, exhibits: &[Exhibit], modalities: &[Modality]) -> Result<(), Error> {
    let n = links.a.len();
    if u32::try_from(n).is_err() {
        return Err(value("the number of links", n, "up to 4294967295"));
    }
    let one = "one for each entry of links.a";
    length(|| "links.b".into(), links.b.len(), n, one)?;
    length(|| "links.log10_lr".into(), links.log10_lr.len(), n, one)?;
    length(|| "links.limited".into(), links.limited.len(), n, one)?;
    length(|| "links.modalities".into(), links.modalities.len(), modalities.len(), "one for each modality")?;
    for (m, measured) in links.modalities.iter().enumerate() {
        for (field, column) in [("score", &measured.score), ("log10_lr", &measured.log10_lr)] {
            length(|| format!("links.modalities[{m}].{field}"), column.len(), n, one)?;
            if let Some((i, v)) = column.iter().enumerate().find(|(_, v)| v.is_infinite() || v.abs() > LARGEST) {
                return Err(value(
                    format!("links.modalities[{m}].{field}[{i}]"),
                    v,
                    "numbers up to 1e30, and NaN where not measured",
                ));
            }
        }
    }
    let mut pairs = BTreeMap::new();
    for (i, ((&a, &b), &lr)) in links.a.iter().zip(&links.b).zip(&links.log10_lr).enumerate() {
        below(|| format!("links.a[{i}]"), a as usize, exhibits.len())?;
        below(|| format!("links.b[{i}]"), b as usize, exhibits.len())?;
        if a == b {
            return Err(value(format!("links.b[{i}]"), format!("{b}, as is links.a[{i}]"), "another exhibit than a"));
        }
        if !lr.is_finite() || lr.abs() > LARGEST {
            return Err(value(format!("links.log10_lr[{i}]"), lr, "finite numbers up to 1e30"));
        }
        if let Some(first) = pairs.insert((a.min(b), a.max(b)), i) {
            return Err(Error::Twice {
                what: format!("links[{i}]"),
                got: format!("exhibits {a} and {b}"),
                first: format!("links[{first}]"),
                reason: "a pair is one link; keep one of them",
            });
        }
    }
    Ok(())
}

fn series(series: &[Series], exhibits: &[Exhibit]) -> Result<(), Error> {
    let mut names = BTreeMap::new();
    let mut home: BTreeMap<u32, usize> = BTreeMap::new();
    for (i, s) in series.iter().enumerate() {
        let what = |field: &str| format!("series[{i}].{field} ({:?})", s.name);
        if s.name.is_empty() || s.members.is_empty() {
            return Err(value(format!("series[{i}]"), "without name or members", "a name and at least one member"));
        }
        if let Some(first) = names.insert(s.name.as_str(), i) {
            return Err(Error::Twice {
                what: format!("series[{i}].name"),
                got: format!("{:?}", s.name),
                first: format!("series[{first}].name"),
                reason: "a name stands for one series; make them differ",
            });
        }
        length(|| what("communities"), s.communities.len(), s.members.len(), "one for each member")?;
        length(|| what("layout"), s.layout.len(), s.members.len(), "one position for each member")?;
        for (k, &member) in s.members.iter().enumerate() {
            below(|| format!("series[{i}].members[{k}] ({:?})", s.name), member as usize, exhibits.len())?;
            if let Some(first) = home.insert(member, i) {
                return Err(Error::Twice {
                    what: format!("series[{i}].members[{k}] ({:?})", s.name),
                    got: format!("exhibit {member}"),
                    first: format!("one of series[{first}]"),
                    reason: "an exhibit is in one series at most",
                });
            }
        }
        if let Some((k, p)) = s.layout.iter().enumerate().find(|(_, p)| p.iter().any(|v| !(0.0..=1.0).contains(v))) {
            return Err(value(format!("series[{i}].layout[{k}] ({:?})", s.name), format!("{p:?}"), "x and y from 0 to 1"));
        }
    }
    Ok(())
}

/// The largest magnitude of a score or log10 LR: far inside the range of f32.
const LARGEST: f64 = 1e30;

fn value(what: impl Into<String>, got: impl std::fmt::Display, allowed: &'static str) -> Error {
    Error::Value { what: what.into(), got: got.to_string(), allowed }
}

fn missing(what: &str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() { Err(Error::Missing { what: what.into() }) } else { Ok(()) }
}

fn length(what: impl Fn() -> String, got: usize, expected: usize, reason: &'static str) -> Result<(), Error> {
    if got == expected { Ok(()) } else { Err(Error::Length { what: what(), got, expected, reason }) }
}

fn below(what: impl Fn() -> String, got: usize, have: usize) -> Result<(), Error> {
    if got < have { Ok(()) } else { Err(Error::Index { what: what(), got, have }) }
}

/// A whole SVG document begins with its element, or with what XML allows before it.
fn svg(what: impl Fn() -> String, text: &str) -> Result<(), Error> {
    let start = text.trim_start_matches('\u{FEFF}').trim_start();
    if start.starts_with("<svg") || ((start.starts_with("<?xml") || start.starts_with("<!")) && start.contains("<svg")) {
        return Ok(());
    }
    Err(value(what(), format!("{:?}", start.chars().take(40).collect::<String>()), "a whole SVG document, from <svg to </svg>"))
}
