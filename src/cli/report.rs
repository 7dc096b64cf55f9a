//! `striae report`: a linkage as a page that a person reads, and as tables and graphs for other programs.

use super::calibrate::StoredLr;
use super::scored::closer_of;
use super::{Refused, Voice, collection, evidence_plots, show};
use crate::archive::Address;
use crate::archive::linkage::Linkage;
use crate::evaluate::lr::Lrs;
use crate::link::place::Place;
use crate::link::record::Modality;
use crate::metric::Closer;
use crate::report::page::{self, Drawing, Exhibit, Links, Measured, Plot, Provenance, Report, Series};
use crate::report::tables::{Exhibits, LinkTable, ModalityColumns};
use crate::report::{csv, gexf, graphml, parquet as columnar};
use anyhow::Context as _;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Writes a linkage as one HTML page, and as tables and graphs
///
/// The page opens in any browser, from a USB stick, without a network: ranked links with the drawings that explain them, series as graphs, timeline and map, calibration, and
/// how it all was made. Nothing in it is loaded from elsewhere. Tables (Parquet, CSV) and graphs (GraphML, GEXF) hold all links.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae report links.h5 -o report.html
  striae report links.h5 -o report.html --drawings 100 --title 'Operation 17'
  striae report links.h5 --parquet tables/ --graphml links.graphml --gexf links.gexf --csv tables/")]
pub struct Options {
    /// A linkage of striae link
    linkage: String,
    /// The page: FILE.html
    #[arg(long, short, value_name = "FILE.html", required_unless_present_any = ["parquet", "csv", "graphml", "gexf"])]
    output: Option<PathBuf>,
    /// What stands at its top
    #[arg(long, default_value = "Links and series of exhibits")]
    title: String,
    /// Links that the page holds: the strongest, and those that hold each series together
    #[arg(long, default_value_t = 200_000)]
    links: usize,
    /// Links that are drawn: half of them the strongest, half the strongest of each of the largest series
    #[arg(long, default_value_t = 24)]
    drawings: usize,
    /// Folder for links.parquet and exhibits.parquet
    #[arg(long, value_name = "FOLDER")]
    parquet: Option<PathBuf>,
    /// Folder for links.csv, exhibits.csv and about.csv
    #[arg(long, value_name = "FOLDER")]
    csv: Option<PathBuf>,
    /// Graph for Cytoscape, yEd, NetworkX
    #[arg(long, value_name = "FILE")]
    graphml: Option<PathBuf>,
    /// Graph for Gephi, with places
    #[arg(long, value_name = "FILE")]
    gexf: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    overwrite: bool,
}

/// Writes a file under another name and gives it its own when it is complete.
fn file(
    path: &Path,
    overwrite: bool,
    write: impl FnOnce(&mut std::io::BufWriter<std::fs::File>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if path.exists() && !overwrite {
        return Err(Refused::usage(format!("{} is there already; give --overwrite or another name", path.display())));
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = folder.join(name);
    let said = || format!("cannot write {}", path.display());
    let mut out = std::io::BufWriter::new(std::fs::File::create(&part).with_context(said)?);
    let done = write(&mut out).and_then(|()| {
        out.flush().with_context(said)?;
        out.get_ref().sync_all().with_context(said)?;
        std::fs::rename(&part, path).with_context(said)
    });
    if done.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    done
}

/// All of a linkage in the order of its columns.
struct Read {
    linkage: Linkage,
    exhibits: Exhibits,
    links: LinkTable,
    about: Vec<(String, String)>,
    places: Vec<[f64; 2]>,
}

fn read(name: &str) -> anyhow::Result<Read> {
    let linkage = Linkage::open(&Address::parse(name), &collection::reading()?)?;
    let series_names = linkage.texts("series/name")?;
    let series_of = |s: &i64| usize::try_from(*s).ok().and_then(|s| series_names.get(s)).cloned().unwrap_or_default();
    let exhibits = Exhibits {
        id: linkage.texts("exhibits/id")?.to_vec(),
        case: linkage.texts("exhibits/case")?.to_vec(),
        date: linkage.texts("exhibits/date")?.to_vec(),
        place: linkage.texts("exhibits/place")?.to_vec(),
        latitude: linkage.numbers("exhibits/latitude")?.to_vec(),
        longitude: linkage.numbers("exhibits/longitude")?.to_vec(),
        series: linkage.whole("exhibits/series")?.iter().map(series_of).collect(),
        community: linkage.whole("exhibits/community")?.iter().map(|c| u32::try_from(*c).ok()).collect(),
        standing: Vec::new(),
    };
    let rows = |name: &str| -> anyhow::Result<Vec<u32>> {
        Ok(linkage.whole(name)?.iter().map(|x| u32::try_from(*x).unwrap_or(u32::MAX)).collect())
    };
    let mut links = LinkTable {
        a: rows("links/a")?,
        b: rows("links/b")?,
        log10_lr: linkage.numbers("links/log10_lr")?.to_vec(),
        contradiction: linkage.whole("links/contradiction")?.iter().map(|c| *c != 0).collect(),
        cut: Vec::new(),
        modalities: Vec::new(),
    };
    for m in &linkage.record.modalities {
        links.modalities.push(ModalityColumns {
            name: m.name.clone(),
            log10_lr: linkage.numbers(&format!("links/{}_log10_lr", m.name))?.to_vec(),
            score: linkage.numbers(&format!("links/{}_score", m.name))?.to_vec(),
        });
    }
    let (x, y) = (linkage.numbers("exhibits/x")?, linkage.numbers("exhibits/y")?);
    let places = x.iter().zip(y).map(|(x, y)| [*x, *y]).collect();
    let record = &linkage.record;
    let mut about = vec![
        ("made_by".to_owned(), format!("striae {}", record.version)),
        ("linkage".to_owned(), name.to_owned()),
        ("linkage_blake3".to_owned(), record.result_blake3.clone()),
        ("made".to_owned(), record.started.clone()),
    ];
    about.extend(record.statements.iter().enumerate().map(|(n, s)| (format!("statement_{}", n + 1), s.clone())));
    Ok(Read { linkage, exhibits, links, about, places })
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let read = read(&options.linkage)?;
    let mut written: Vec<PathBuf> = Vec::new();
    let (about, exhibits, links) = (&read.about, &read.exhibits, &read.links);
    let mut put = |path: PathBuf, write: &mut dyn FnMut(&mut std::io::BufWriter<std::fs::File>) -> anyhow::Result<()>| {
        file(&path, options.overwrite, |out| write(out))?;
        written.push(path);
        anyhow::Ok(())
    };
    if let Some(folder) = &options.parquet {
        std::fs::create_dir_all(folder).with_context(|| format!("--parquet: cannot make the folder {}", folder.display()))?;
        put(folder.join("links.parquet"), &mut |out| Ok(columnar::links(links, exhibits, about, out)?))?;
        put(folder.join("exhibits.parquet"), &mut |out| Ok(columnar::exhibits(exhibits, about, out)?))?;
    }
    if let Some(folder) = &options.csv {
        std::fs::create_dir_all(folder).with_context(|| format!("--csv: cannot make the folder {}", folder.display()))?;
        put(folder.join("links.csv"), &mut |out| Ok(csv::links(links, exhibits, out)?))?;
        put(folder.join("exhibits.csv"), &mut |out| Ok(csv::exhibits(exhibits, out)?))?;
        put(folder.join("about.csv"), &mut |out| Ok(csv::about(about, out)?))?;
    }
    if let Some(path) = &options.graphml {
        put(path.clone(), &mut |out| Ok(graphml::graphml(links, exhibits, about, out)?))?;
    }
    if let Some(path) = &options.gexf {
        // Exhibits in no series have no place; they stand at the edge.
        let places: Vec<[f64; 2]> = read.places.iter().map(|p| if p[0].is_finite() { *p } else { [0.0, 0.0] }).collect();
        put(path.clone(), &mut |out| Ok(gexf::gexf(links, exhibits, Some(&places), about, out)?))?;
    }
    let mut notes = Vec::new();
    if let Some(path) = &options.output {
        let report = report(options, &read, &mut notes)?;
        put(path.clone(), &mut |out| Ok(page::write(&report, out)?))?;
    }
    if voice.json {
        println!("{}", serde_json::json!({ "written": written, "links": links.a.len(), "notes": notes }));
    } else if !voice.quiet {
        for path in written {
            println!("written   {} ({})", path.display(), crate::compare::bytes(std::fs::metadata(&path).map_or(0, |m| m.len())));
        }
        for note in notes {
            println!("note      {note}");
        }
    }
    Ok(())
}

/// Exhibits of one place name that are so near to their middle are shown there.
const TOGETHER_KM: f64 = 30.0;

fn at(latitude: f64, longitude: f64) -> Option<Place> {
    Place::new(latitude, longitude).ok()
}

/// The middle of each place name's exhibits. Longitudes near the date line are not averaged across it: such exhibits lie far from the middle, and stay where they are.
fn middles(exhibits: &Exhibits) -> BTreeMap<&str, Place> {
    let mut sums: BTreeMap<&str, (f64, f64, f64)> = BTreeMap::new();
    for (i, name) in exhibits.place.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if let Some(place) = at(exhibits.latitude[i], exhibits.longitude[i]) {
            let sum = sums.entry(name).or_default();
            *sum = (sum.0 + place.latitude(), sum.1 + place.longitude(), sum.2 + 1.0);
        }
    }
    sums.into_iter().filter_map(|(name, (latitude, longitude, n))| Some((name, at(latitude / n, longitude / n)?))).collect()
}

/// The links of the page, strongest first: where not all fit, first those that hold every series together (the strongest that do), then the strongest.
fn strongest(links: &LinkTable, exhibits: usize, most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..links.a.len()).collect();
    order.sort_unstable_by(|&x, &y| {
        links.log10_lr[y].total_cmp(&links.log10_lr[x]).then((links.a[x], links.b[x]).cmp(&(links.a[y], links.b[y])))
    });
    if order.len() <= most {
        return order;
    }
    let mut top: Vec<usize> = (0..exhibits).collect();
    let mut holds = vec![false; links.a.len()];
    let mut count = 0;
    for &l in &order {
        let (a, b) = (root(&mut top, links.a[l] as usize), root(&mut top, links.b[l] as usize));
        if a != b && count < most {
            top[a.max(b)] = a.min(b);
            holds[l] = true;
            count += 1;
        }
    }
    let mut room = most - count;
    order.retain(|&l| {
        if holds[l] {
            return true;
        }
        let fits = room > 0;
        room = room.saturating_sub(1);
        fits
    });
    order
}

/// Who stands for a set, with the path to it halved.
fn root(top: &mut [usize], mut i: usize) -> usize {
    while top[i] != i {
        top[i] = top[top[i]];
        i = top[i];
    }
    i
}

fn report(options: &Options, read: &Read, notes: &mut Vec<String>) -> anyhow::Result<Report> {
    let (record, links) = (&read.linkage.record, &read.links);
    let order = strongest(links, read.exhibits.id.len(), options.links);
    if order.len() < links.a.len() {
        notes.push(format!(
            "the page holds {} of {} links, the strongest and those that hold each series together; tables and graphs hold all",
            order.len(),
            links.a.len()
        ));
    }
    let (exhibits, moved) = shown_exhibits(read);
    let models = models(&read.linkage)?;
    let modalities = shown_modalities(&record.modalities, &models)?;
    let limited: Vec<&[i64]> =
        record.modalities.iter().map(|m| read.linkage.whole(&format!("links/{}_limited", m.name))).collect::<Result<_, _>>()?;
    let shown = Links {
        a: order.iter().map(|&l| links.a[l]).collect(),
        b: order.iter().map(|&l| links.b[l]).collect(),
        log10_lr: order.iter().map(|&l| links.log10_lr[l]).collect(),
        limited: order.iter().map(|&l| limited.iter().any(|of| of[l] != 0)).collect(),
        modalities: links
            .modalities
            .iter()
            .map(|m| Measured {
                score: order.iter().map(|&l| m.score[l]).collect(),
                log10_lr: order.iter().map(|&l| m.log10_lr[l]).collect(),
            })
            .collect(),
    };
    let series = series(read)?;
    let drawings = drawings(options, read, &order, notes)?;
    let (h1, h2) =
        models.first().map_or_else(Default::default, |m| (m.model.statement().h1.clone(), m.model.statement().h2.clone()));
    let mut plots = Vec::new();
    for (m, lr) in record.modalities.iter().zip(&models) {
        if let Some(lrs) = lr.cross_lrs() {
            plots.extend(of_ratios(&m.name, lr, &lrs)?);
        }
    }
    let mut summary = vec![
        ("Exhibits".to_owned(), record.exhibits.to_string()),
        (
            "Evidence".to_owned(),
            record.modalities.iter().map(|m| format!("{} by {}", m.name, m.options.metric)).collect::<Vec<_>>().join(", "),
        ),
        ("Candidate pairs".to_owned(), record.candidates.to_string()),
        ("Links".to_owned(), format!("{}, each with a fused log10 LR of {} or more", record.links, record.limit)),
        ("Series".to_owned(), record.series.to_string()),
        ("Fusion".to_owned(), record.rule.clone()),
    ];
    if order.len() < links.a.len() {
        summary.push((
            "Links in this page".to_owned(),
            format!("{}: the strongest, and those that hold each series together", order.len()),
        ));
    }
    if moved {
        let text = format!("exhibits of one place name within {TOGETHER_KM} km stand together at their middle");
        summary.push(("Places in this page".to_owned(), text));
    }
    if let Some((name, _)) = &record.added_to {
        summary.push(("Added to".to_owned(), name.clone()));
    }
    let provenance = vec![
        Provenance { title: "Linkage".into(), text: serde_json::to_string_pretty(record)? },
        Provenance {
            title: "This page".into(),
            text: format!(
                "striae {} report {}\ndigest of the linkage {}",
                env!("CARGO_PKG_VERSION"),
                options.linkage,
                record.result_blake3
            ),
        },
    ];
    Ok(Report {
        title: options.title.clone(),
        made: record.started.clone(),
        version: record.version.clone(),
        summary,
        statements: record.statements.clone(),
        warnings: record.warnings.clone(),
        h1,
        h2,
        exhibits,
        modalities,
        links: shown,
        series,
        drawings,
        show: record
            .modalities
            .first()
            .and_then(|m| m.parts.first())
            .map(|p| format!("striae show {} {{a}} {{b}} -o pair.svg", p.name)),
        plots,
        changes: record.changes.clone(),
        provenance,
    })
}

/// The exhibits of the page, and whether any stands at the middle of its place and not where it was.
fn shown_exhibits(read: &Read) -> (Vec<Exhibit>, bool) {
    let middles = middles(&read.exhibits);
    let mut moved = false;
    let exhibits: Vec<Exhibit> = (0..read.exhibits.id.len())
        .map(|i| {
            let known = |x: f64| x.is_finite().then_some(x);
            let (mut latitude, mut longitude) = (known(read.exhibits.latitude[i]), known(read.exhibits.longitude[i]));
            let both = latitude.is_some() && longitude.is_some();
            if let (Some(middle), Some(here)) =
                (middles.get(read.exhibits.place[i].as_str()), at(read.exhibits.latitude[i], read.exhibits.longitude[i]))
                && middle.distance_km(here) <= TOGETHER_KM
            {
                moved |= *middle != here;
                (latitude, longitude) = (Some(middle.latitude()), Some(middle.longitude()));
            }
            let date = &read.exhibits.date[i];
            Exhibit {
                id: read.exhibits.id[i].clone(),
                case: read.exhibits.case[i].clone(),
                // A month or a year has no place on a line of days.
                date: if date.len() >= 10 { date.clone() } else { String::new() },
                place: read.exhibits.place[i].clone(),
                latitude: latitude.filter(|_| both),
                longitude: longitude.filter(|_| both),
            }
        })
        .collect();
    (exhibits, moved)
}

fn shown_modalities(all: &[Modality], models: &[StoredLr]) -> anyhow::Result<Vec<page::Modality>> {
    let limits = |lr: &StoredLr| {
        let b = lr.model.bounds();
        [b.lower.map_or(-300.0, |l| l.0), b.upper.map_or(300.0, |l| l.0)]
    };
    let mut modalities = Vec::new();
    for (m, lr) in all.iter().zip(models) {
        modalities.push(page::Modality {
            name: m.name.clone(),
            metric: m.options.metric.clone(),
            larger_is_closer: closer_of(&m.options)? == Closer::Larger,
            h1: lr.model.statement().h1.clone(),
            h2: lr.model.statement().h2.clone(),
            limits: limits(lr),
        });
    }
    Ok(modalities)
}

/// The models that a linkage carries.
pub fn models(linkage: &Linkage) -> anyhow::Result<Vec<StoredLr>> {
    let of = |m: &Modality| StoredLr::from_text(&linkage.texts(&format!("models/{}", m.name))?.concat(), &m.model);
    linkage.record.modalities.iter().map(of).collect()
}

fn series(read: &Read) -> anyhow::Result<Vec<Series>> {
    let names = read.linkage.texts("series/name")?;
    let mut all: Vec<Series> = names.iter().map(|name| Series { name: name.clone(), ..Series::default() }).collect();
    let community = read.linkage.whole("exhibits/community")?;
    for (i, s) in read.linkage.whole("exhibits/series")?.iter().enumerate() {
        let Some(of) = usize::try_from(*s).ok().and_then(|s| all.get_mut(s)) else { continue };
        of.members.push(i as u32);
        of.layout.push(read.places[i]);
        of.communities.push(u32::try_from(community[i]).unwrap_or(u32::MAX));
    }
    for of in &mut all {
        // Exhibits in no community are each one of their own, behind the others.
        let next = of.communities.iter().filter(|c| **c != u32::MAX).max().map_or(0, |c| c + 1);
        let loose = of.communities.iter_mut().filter(|c| **c == u32::MAX);
        loose.zip(next..).for_each(|(c, number)| *c = number);
    }
    Ok(all)
}

/// Which links are drawn, as places in the page's order.
fn drawn_links(read: &Read, order: &[usize], most: usize) -> Vec<usize> {
    let mut chosen: BTreeSet<usize> = (0..order.len().min(most.div_ceil(2))).collect();
    let series = &read.exhibits.series;
    let mut size: BTreeMap<&str, usize> = BTreeMap::new();
    series.iter().filter(|s| !s.is_empty()).for_each(|s| *size.entry(s).or_default() += 1);
    let mut largest: Vec<(&str, usize)> = size.into_iter().collect();
    largest.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut wanted: BTreeSet<&str> = largest.iter().take(most).map(|(s, _)| *s).collect();
    for (place, &l) in order.iter().enumerate() {
        let of = series[read.links.a[l] as usize].as_str();
        if chosen.len() < most && wanted.remove(of) {
            chosen.insert(place);
        }
    }
    chosen.into_iter().collect()
}

/// The part of a kind of evidence that holds a row, and the row's number there.
fn place(m: &Modality, row: i64) -> Option<(&str, usize)> {
    let mut row = usize::try_from(row).ok()?;
    for part in &m.parts {
        if row < part.rows {
            return Some((&part.name, row));
        }
        row -= part.rows;
    }
    None
}

fn drawings(options: &Options, read: &Read, order: &[usize], notes: &mut Vec<String>) -> anyhow::Result<Vec<Drawing>> {
    let mut all = Vec::new();
    let mut missing = BTreeSet::new();
    for at in drawn_links(read, order, options.drawings) {
        let l = order[at];
        for m in &read.linkage.record.modalities {
            let row = |side: &str| -> anyhow::Result<i64> { Ok(read.linkage.whole(&format!("links/{}_{side}", m.name))?[l]) };
            let (Some(a), Some(b)) = (place(m, row("query")?), place(m, row("reference")?)) else { continue };
            match show::pair(a, b, &m.options.settings) {
                Ok((bytes, said)) => {
                    let caption = format!("{} by {}", m.name, m.options.metric);
                    all.push(Drawing { link: at, svg: String::from_utf8(bytes)?, caption });
                    missing.extend(said);
                }
                Err(e) => {
                    missing.insert(format!("{}: {e:#}", m.name));
                }
            }
        }
    }
    let few: Vec<&String> = missing.iter().take(3).collect();
    if !few.is_empty() {
        let list = few.into_iter().cloned().collect::<Vec<_>>().join("; ");
        notes.push(format!("{} drawings or specimens are missing: {list}", missing.len()));
    }
    Ok(all)
}

fn of_ratios(name: &str, lr: &StoredLr, lrs: &Lrs) -> anyhow::Result<Vec<Plot>> {
    let caption = lr.sentence();
    let pictures = evidence_plots::ratios_as_svg(lrs)?;
    Ok(pictures
        .into_iter()
        .map(|(title, svg)| Plot { title: format!("{name}: {title}"), caption: caption.clone(), svg })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_cannot_hold_all_links_holds_every_series_together() {
        // A strong clique of five, and a weak chain of four beside it.
        let mut links = LinkTable::default();
        let mut put = |a: u32, b: u32, lr: f64| {
            links.a.push(a);
            links.b.push(b);
            links.log10_lr.push(lr);
        };
        for a in 0..5 {
            for b in a + 1..5 {
                put(a, b, 6.0 + 0.1 * f64::from(a + b));
            }
        }
        (5..8).for_each(|a| put(a, a + 1, 3.0));
        let all = strongest(&links, 9, 100);
        assert_eq!(all.len(), 13);
        assert!(all.windows(2).all(|w| links.log10_lr[w[0]] >= links.log10_lr[w[1]]));
        let some = strongest(&links, 9, 8);
        let ends: Vec<(u32, u32)> = some.iter().map(|&l| (links.a[l], links.b[l])).collect();
        assert_eq!(some.len(), 8);
        assert!((5..8).all(|a| ends.contains(&(a, a + 1))), "{ends:?}");
        // Beside the seven that hold both together, the strongest that is left: 1 and 4 hang together through 3 and 4 already.
        assert!(
            ends.contains(&(3, 4))
                && ends.contains(&(2, 4))
                && ends.contains(&(1, 4))
                && ends.contains(&(0, 4))
                && ends.contains(&(2, 3)),
            "{ends:?}"
        );
    }

    #[test]
    fn exhibits_of_one_place_stand_at_its_middle_and_far_ones_where_they_were() {
        let exhibits = Exhibits {
            id: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            place: ["Lyon", "Lyon", "Lyon", ""].map(str::to_owned).to_vec(),
            latitude: vec![45.7, 45.8, f64::NAN, 1.0],
            longitude: vec![4.8, 4.9, 4.8, 1.0],
            ..Exhibits::default()
        };
        let found = middles(&exhibits);
        assert_eq!(found.len(), 1);
        assert!((found["Lyon"].latitude() - 45.75).abs() < 1e-12 && (found["Lyon"].longitude() - 4.85).abs() < 1e-12);
    }
}
