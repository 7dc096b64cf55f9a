//! `striae cells`: congruent matching cells, of two surfaces or of every link of a result.

use super::import::files;
use super::import::mark::{Checked, Marking, Specimen};
use super::progress::Progress;
use super::{Refused, Voice, collection, memory, specimen, verify};
use crate::archive::cell_result::{self, CELL, Examined};
use crate::archive::result::{StoredKind, StoredResult};
use crate::archive::{Address, Collection};
use crate::compare::{Observer as _, RowSource as _, bytes as in_words};
use crate::report::plot::{Figure, Image, Outline, Sheet, Style, draw};
use crate::toolmark::cmc::{self, Cmc, compare};
use crate::toolmark::impressed::ready;
use crate::toolmark::surface::Surface;
use crate::toolmark::texture::shading;
use anyhow::Context as _;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Counts congruent matching cells (CMC) of pressed surfaces
///
/// Of two surfaces: counts, pose, and with -o a picture of which cells lie where. Of a result of `compare`: of every link the surfaces' files are read
/// again, levelled, band-passed and brought to one spacing, and the counts are stored beside the links, with the map of cells
/// that explains them. Documented defaults: 8 × 8 cells, ±30° in steps of 3°, 20 points, 6°, correlation 0.5.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae cells plate-a.x3p plate-b.x3p -o cells.png
  striae cells nearest.h5 -o nearest-cells.h5 --highpass 500um --lowpass 12um --spacing 6um
  striae cells nearest.h5 -o nearest-cells.h5 --specimens /mnt/scans --cells 6x6")]
pub struct Options {
    /// Two surfaces (X3P, NPY), or one result of compare: FILE.h5
    #[arg(required = true, num_args = 1..=2)]
    what: Vec<String>,
    /// Of two surfaces a picture, .svg or .png; of a result the archive to write
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace what is there
    #[arg(long)]
    overwrite: bool,
    /// Folder where the files of specimens are, if they were moved
    #[arg(long, value_name = "FOLDER")]
    specimens: Option<PathBuf>,
    /// Cells across and down
    #[arg(long, default_value = "8x8", value_name = "ACROSSxDOWN")]
    cells: String,
    /// Largest rotation either way, in degrees
    #[arg(long, default_value_t = 30.0, value_name = "DEGREES")]
    turn: f64,
    /// Step of rotations, in degrees
    #[arg(long, default_value_t = 3.0, value_name = "DEGREES")]
    turn_step: f64,
    /// How far a congruent cell may lie from the consensus, in points
    #[arg(long, default_value_t = 20.0, value_name = "POINTS")]
    position: f64,
    /// How far it may be turned from the consensus, in degrees
    #[arg(long, default_value_t = 6.0, value_name = "DEGREES")]
    angle: f64,
    /// Least correlation of a congruent cell
    #[arg(long, default_value_t = 0.5, value_name = "R", allow_negative_numbers = true)]
    least_correlation: f64,
    /// Least share of a cell that must be measured
    #[arg(long, default_value_t = 0.25, value_name = "SHARE")]
    least_measured: f64,
    /// Leave nothing out: fail where a pair cannot be compared
    #[arg(long)]
    strict: bool,
    /// Most memory for surfaces that wait for their next partner
    #[arg(long, default_value = "2GiB", value_name = "SIZE", value_parser = memory::parse)]
    memory: u64,
    #[command(flatten)]
    marking: Marking,
}

impl Options {
    fn checked(&self) -> anyhow::Result<cmc::Options> {
        let cells =
            self.cells.to_lowercase().split_once('x').and_then(|(a, d)| Some((a.trim().parse().ok()?, d.trim().parse().ok()?)));
        let Some(cells) = cells else {
            return Err(Refused::usage(format!("--cells {}: give cells across and down, such as 8x8", self.cells)));
        };
        let options = cmc::Options {
            cells,
            turn_degrees: self.turn,
            step_degrees: self.turn_step,
            position_px: self.position,
            angle_degrees: self.angle,
            least_correlation: self.least_correlation,
            least_measured: self.least_measured,
            ..cmc::Options::default()
        };
        options.check().map_err(|e| Refused::usage(e.to_string()))?;
        Ok(options)
    }
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let settings = options.checked()?;
    let marking = options.marking.checked()?;
    match &options.what[..] {
        [a, b] => two(Path::new(a), Path::new(b), options, &settings, &marking, voice),
        [one] if Path::new(one).extension().is_some_and(|e| ["x3p", "npy"].iter().any(|k| e.eq_ignore_ascii_case(k))) => {
            Err(Refused::usage(format!("{one} is one surface: give two, or a result of compare")))
        }
        [result] => links(result, options, &settings, &marking, voice),
        _ => Err(Refused::usage("give two surfaces, or one result")),
    }
}

/// The surface in a file's bytes.
fn surface(path: &Path, bytes: &[u8], marking: &Checked) -> Result<Surface, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (specimen, _, warnings) = marking.specimen(&name, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    for warning in warnings {
        eprintln!("striae: {}: {warning}", path.display());
    }
    match specimen {
        Specimen::Surface(surface) => Ok(surface),
        _ => Err(format!("{}: it is no surface; cells need heights on a grid (X3P, NPY)", path.display())),
    }
}

/// The coarsest of the spacings, unless one was told.
fn spacing(marking: &Checked, a: &Surface, b: &Surface) -> f64 {
    let ((ax, ay), (bx, by)) = (a.spacing_um(), b.spacing_um());
    marking.spacing_um().unwrap_or_else(|| ax.max(ay).max(bx).max(by))
}

fn examined(a: &Surface, b: &Surface, settings: &cmc::Options, marking: &Checked) -> Result<(Surface, Surface, Cmc), String> {
    let um = spacing(marking, a, b);
    let made = |s: &Surface| ready(s, marking.preparation(), um).map_err(|e| e.to_string());
    let (a, b) = (made(a)?, made(b)?);
    let found = compare(&a, &b, settings).map_err(|e| e.to_string())?;
    Ok((a, b, found))
}

fn two(a: &Path, b: &Path, options: &Options, settings: &cmc::Options, marking: &Checked, voice: Voice) -> anyhow::Result<()> {
    let read = |path: &Path| {
        let bytes = files::bytes(path).map_err(|e| Refused::input(format!("{}: {e}", path.display())))?;
        surface(path, &bytes, marking).map_err(Refused::input)
    };
    let (first, second) = (read(a)?, read(b)?);
    let (first, second, found) = examined(&first, &second, settings, marking)
        .map_err(|e| Refused::input(format!("{} and {}: {e}", a.display(), b.display())))?;
    if let Some(output) = &options.output {
        let bytes = picture(a, b, &first, &second, &found, output)?;
        std::fs::write(output, bytes).with_context(|| format!("cannot write {}", output.display()))?;
    }
    let cells = found.forward.cells.len();
    let (f, k) = (&found.forward, &found.backward);
    if voice.json {
        let pose = f.pose.map(|p| serde_json::json!({ "angle_deg": p.angle_degrees, "dx_um": -p.dx_um, "dy_um": -p.dy_um }));
        println!(
            "{}",
            serde_json::json!({
                "cmc": found.score(), "original": found.original(), "cells": cells, "usable": [f.usable, k.usable],
                "convergent": [f.convergent, k.convergent], "converged": [f.converged, k.converged], "poses_agree": found.poses_agree(), "pose": pose,
                "spacing_um": first.spacing_um().0,
            })
        );
        return Ok(());
    }
    println!("congruent {} of {cells} cells ({} and {} have enough measured points)", found.score(), f.usable, k.usable);
    println!(
        "          first on second {} (original rule {}), second on first {} ({})",
        f.convergent, f.original, k.convergent, k.original
    );
    match f.pose {
        Some(p) if found.poses_agree() => {
            println!(
                "pose      turned by {:.1}°, moved by {:.0} and {:.0} µm; both directions agree",
                p.angle_degrees, p.dx_um, p.dy_um
            );
        }
        _ => println!("pose      the two directions do not agree on one"),
    }
    if let Some(output) = options.output.as_ref().filter(|_| !voice.quiet) {
        println!("drawn     {}", output.display());
    }
    Ok(())
}

/// Both surfaces, with the cells of the first where they were cut and where they lie on the second.
fn picture(a: &Path, b: &Path, first: &Surface, second: &Surface, found: &Cmc, output: &Path) -> anyhow::Result<Vec<u8>> {
    let format = super::show::format(output)?;
    let stem = |p: &Path| p.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (name_a, name_b) = (stem(a), stem(b));
    let (mut own, mut other) = (Vec::new(), Vec::new());
    let um = first.spacing_um().0;
    for examined in &found.forward.cells {
        let cell = &examined.cell;
        let (x0, x1) = (cell.columns.start as f64, cell.columns.end as f64 - 1.0);
        let (y0, y1) = (cell.rows.start as f64, cell.rows.end as f64 - 1.0);
        let corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)];
        let at = found.congruent(examined);
        let scaled = |p: (f64, f64)| (p.0 * um, p.1 * um);
        own.push(Outline { corners: corners.map(scaled), agrees: at.is_some() });
        if let Some(r) = at {
            let pose =
                cmc::Pose { dx: r.dx as f64, dy: r.dy as f64, dx_um: r.dx_um, dy_um: r.dy_um, angle_degrees: r.angle_degrees };
            other.push(Outline { corners: corners.map(|(x, y)| scaled(found.forward.on_other(x, y, &pose))), agrees: true });
        }
    }
    let (shades_a, shades_b) = (shading(first), shading(second));
    let extent = |s: &Surface| [0.0, s.columns() as f64 * um, 0.0, s.rows() as f64 * um];
    let images = [
        Image { title: &name_a, width: first.columns(), shades: &shades_a, extent: extent(first), unit: "µm", outlines: &own },
        Image {
            title: &name_b,
            width: second.columns(),
            shades: &shades_b,
            extent: extent(second),
            unit: "µm",
            outlines: &other,
        },
    ];
    let note = format!("{} congruent of {} cells", found.score(), found.forward.cells.len());
    let sheet =
        Sheet { images: &images, aligned: false, curves: &[], axis_title: "", value_title: "", overlap: None, note: &note };
    let title = format!("{name_a} on {name_b}");
    Ok(draw(&Figure::Sheet(&sheet), &Style { width: 1100.0, height: 760.0, title: &title, ..Style::default() }, format)?)
}

/// Ids and files of a collection.
struct Side {
    ids: Vec<String>,
    files: Vec<String>,
    digests: Option<Vec<String>>,
}

impl Side {
    fn file(&self, row: u64) -> (&str, Option<&str>) {
        (&self.files[row as usize], self.digests.as_ref().map(|d| d[row as usize].as_str()).filter(|d| !d.is_empty()))
    }
}

fn side(opened: &mut Collection) -> anyhow::Result<Side> {
    let name = opened.name();
    if !opened.others().iter().any(|(n, _)| n == "file") {
        return Err(Refused::input(format!(
            "{name} does not say the files of its rows (column file): import the surfaces with striae import toolmarks"
        )));
    }
    let files = opened.texts_of("file")?;
    let ids = opened.ids()?.unwrap_or_else(|| (0..files.len()).map(|i| format!("#{i}")).collect());
    let known = opened.others().iter().any(|(n, _)| n == "digest");
    let digests = if known { Some(opened.texts_of("digest")?) } else { None };
    Ok(Side { ids, files, digests })
}

/// Surfaces that were read, the oldest going first where they are too many.
struct Shelf<'a> {
    marking: &'a Checked,
    folder: Option<&'a Path>,
    most: u64,
    used: u64,
    order: std::collections::VecDeque<PathBuf>,
    held: HashMap<PathBuf, Result<Arc<Surface>, String>>,
}

impl Shelf<'_> {
    fn get(&mut self, (file, digest): (&str, Option<&str>)) -> Result<Arc<Surface>, String> {
        let path = specimen::path(file, self.folder);
        if let Some(found) = self.held.get(&path) {
            return found.clone();
        }
        let bytes = specimen::bytes(file, digest, self.folder);
        let found = bytes.and_then(|bytes| surface(&path, &bytes, self.marking)).map(Arc::new);
        self.used += found.as_ref().map_or(0, |s| 9 * s.measured().len() as u64);
        self.held.insert(path.clone(), found.clone());
        self.order.push_back(path);
        while self.used > self.most && self.order.len() > 2 {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(Ok(gone)) = self.held.remove(&oldest) {
                self.used -= 9 * gone.measured().len() as u64;
            }
        }
        found
    }
}

/// Links of a result: query, reference, score; each pair of a ranking once.
fn pairs(stored: &mut StoredResult, same: bool) -> anyhow::Result<Vec<(u64, u64, f64)>> {
    let mut found = Vec::new();
    match stored.kind {
        StoredKind::Links { count } => {
            found.extend(stored.links(0..count)?.into_iter().map(|l| (l.query, l.reference, l.score)));
        }
        StoredKind::Ranking { rows, k } => {
            let mut seen = std::collections::HashSet::new();
            for start in (0..rows).step_by(4096) {
                let part = start..(start + 4096).min(rows);
                let (neighbours, scores) = stored.ranking(part.clone())?;
                for (i, (n, score)) in neighbours.into_iter().zip(scores).enumerate().filter(|(_, (n, _))| *n >= 0) {
                    let (q, r) = ((part.start + i / k) as u64, n as u64);
                    if seen.insert(if same { (q.min(r), q.max(r)) } else { (q, r) }) {
                        found.push((q, r, score));
                    }
                }
            }
        }
        StoredKind::Dense { .. } => {
            return Err(Refused::input("a dense result has every pair: compare with --top-k or --threshold first"));
        }
    }
    Ok(found)
}

fn links(result: &str, options: &Options, settings: &cmc::Options, marking: &Checked, voice: Voice) -> anyhow::Result<()> {
    let address = Address::parse(result);
    let Some(output) = &options.output else { return Err(Refused::usage("-o FILE.h5: where the counts go")) };
    if super::show::format(output).is_ok() {
        return Err(Refused::usage(format!(
            "-o {}: of a result the counts are stored as HDF5; pictures are of two surfaces",
            output.display()
        )));
    }
    let target = Address::parse(&output.display().to_string());
    let (started, clock) = (collection::now(), std::time::Instant::now());
    let mut stored = StoredResult::open(&address, &collection::reading()?)?;
    let record = stored.record.clone();
    let progress = Progress::new(voice.quiet || voice.json);
    // Rows that are others now would put wrong marks together.
    let (_, mut inputs) = verify::inputs_as_recorded(&record, &[], &address, &progress, &|_| {})?;
    let mut sides = Vec::new();
    for input in &mut inputs {
        sides.push(side(input.collection())?);
    }
    let Some(queries) = sides.first() else { return Err(Refused::input(format!("{address}: its record names no input"))) };
    let references = sides.get(1).unwrap_or(queries);
    let pairs = pairs(&mut stored, sides.len() == 1)?;
    if pairs.is_empty() {
        return Err(Refused::input(format!("{address} holds no pair")));
    }
    progress.phase("cells", pairs.len() as u64);
    let most = options.memory / 2;
    let cells = settings.cells.0 * settings.cells.1;
    let maps = (pairs.len() * (cells * CELL * 8 + 512)) as u64;
    if maps > most {
        return Err(Refused::usage(format!(
            "--memory {} does not hold the maps of {} links, {}: give more, or compare with a smaller --top-k",
            in_words(options.memory),
            pairs.len(),
            in_words(maps)
        )));
    }
    let most = most.saturating_sub(maps);
    let mut shelf = Shelf {
        marking,
        folder: options.specimens.as_deref(),
        most,
        used: 0,
        order: std::collections::VecDeque::new(),
        held: HashMap::new(),
    };
    let mut all = Vec::with_capacity(pairs.len());
    let mut failed = Vec::new();
    for (n, &(q, r, score)) in pairs.iter().enumerate() {
        let ids = [queries.ids[q as usize].clone(), references.ids[r as usize].clone()];
        let both = shelf.get(queries.file(q)).and_then(|a| Ok((a, shelf.get(references.file(r))?)));
        let found = both.and_then(|(a, b)| examined(&a, &b, settings, marking));
        let one = match found {
            Ok((.., cmc)) => of_link(q, r, score, ids, &cmc),
            Err(why) => {
                failed.push((format!("{} and {}", ids[0], ids[1]), why.clone()));
                let (counts, pose) = ([-1; 5], [f64::NAN; 3]);
                Examined {
                    query: q as i64,
                    reference: r as i64,
                    ids,
                    score,
                    counts,
                    pose,
                    map: vec![f64::NAN; cells * CELL],
                    why,
                }
            }
        };
        all.push(one);
        progress.advance(n as u64 + 1)?;
    }
    progress.clear();
    let digest = cell_result::digest(&all);
    tell(&failed, pairs.len(), options.strict, voice)?;
    let made = serde_json::json!({
        "tool": "striae", "version": env!("CARGO_PKG_VERSION"), "commit": crate::built::commit(), "command": "cells",
        "started": started, "seconds": clock.elapsed().as_secs_f64(), "threads": rayon::current_num_threads(),
        "result": address.to_string(), "result_of_links_blake3": record.result_blake3, "links": pairs.len(),
        "cells": settings.cells, "turn_degrees": settings.turn_degrees, "step_degrees": settings.step_degrees, "position_points": settings.position_px,
        "angle_degrees": settings.angle_degrees, "least_correlation": settings.least_correlation, "least_measured": settings.least_measured,
        "marking": options.marking, "inputs": record.inputs.iter().map(|i| serde_json::json!({ "name": i.name, "values_blake3": i.values_blake3 })).collect::<Vec<_>>(),
        "specimens": options.specimens, "result_blake3": digest,
    });
    cell_result::write(&target, &all, cells, &made.to_string(), options.overwrite)?;
    if voice.json {
        println!(
            "{}",
            serde_json::json!({ "output": target.to_string(), "links": all.len(), "not_compared": failed.len(), "digest": digest })
        );
    } else if !voice.quiet {
        println!("examined  {} links, {} not compared", all.len() - failed.len(), failed.len());
        println!("stored    {target}\ndigest    {digest}");
    }
    Ok(())
}

/// Says which pairs could not be compared, and refuses where none could, or none may be missing.
fn tell(failed: &[(String, String)], pairs: usize, strict: bool, voice: Voice) -> anyhow::Result<()> {
    for (pair, why) in failed.iter().take(20).filter(|_| !voice.json) {
        eprintln!("striae: not compared {pair}: {why}");
    }
    if failed.len() > 20 && !voice.json {
        eprintln!("striae: and {} more", failed.len() - 20);
    }
    if failed.len() == pairs || (strict && !failed.is_empty()) {
        return Err(Refused::input(format!("{} of {} pairs could not be compared; nothing was written", failed.len(), pairs)));
    }
    Ok(())
}

fn of_link(q: u64, r: u64, score: f64, ids: [String; 2], cmc: &Cmc) -> Examined {
    let f = &cmc.forward;
    let counts = [cmc.score(), cmc.original(), f.convergent, cmc.backward.convergent, f.usable].map(i64::from);
    // The turned reference is moved against the way that cells of the query are.
    let pose = f.pose.filter(|_| cmc.poses_agree()).map_or([f64::NAN; 3], |p| [p.angle_degrees, -p.dx_um, -p.dy_um]);
    let map = f.cells.iter().flat_map(|examined| {
        let congruent = cmc.congruent(examined).is_some();
        let at = cmc.congruent(examined).or(examined.best.as_ref());
        let numbers = at.map_or([f64::NAN; 4], |r| [r.correlation, r.dx_um, r.dy_um, r.angle_degrees]);
        let [r, dx, dy, angle] = numbers;
        [examined.cell.measured, r, dx, dy, angle, f64::from(u8::from(congruent))]
    });
    Examined { query: q as i64, reference: r as i64, ids, score, counts, pose, map: map.collect(), why: String::new() }
}

/// Checks stored counts: their digest, the result whose links they are of, and some of them computed anew from the files.
pub fn verify(address: &Address, most: usize, seed: u64, all: bool, voice: Voice) -> anyhow::Result<()> {
    let (links, record) = cell_result::read(address, &collection::reading()?)?;
    let record: serde_json::Value =
        serde_json::from_str(&record).map_err(|e| Refused::input(format!("{address}: its record cannot be understood: {e}")))?;
    let said = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let digest = cell_result::digest(&links);
    if digest != said("result_blake3") {
        return Err(Refused::input(format!(
            "{address}: the digest of the stored counts is {digest}, its record says {}: the file was changed or damaged after it was made",
            said("result_blake3")
        )));
    }
    let of = Address::parse(&said("result"));
    let mut stored = StoredResult::open(&of, &collection::reading()?)?;
    if stored.digest()? != said("result_of_links_blake3") {
        return Err(Refused::input(format!("{address}: {of} is not the result that its links are of, or it was changed since")));
    }
    let progress = Progress::new(voice.quiet || voice.json);
    let (_, mut inputs) = verify::inputs_as_recorded(&stored.record, &[], &of, &progress, &|_| {})?;
    let sides: Vec<Side> = inputs.iter_mut().map(|input| side(input.collection())).collect::<anyhow::Result<_>>()?;
    let (queries, references) = (&sides[0], sides.get(1).unwrap_or(&sides[0]));
    let of_result = pairs(&mut stored, sides.len() == 1)?;
    let stand = |(link, &(query, reference, score)): (&Examined, &(u64, u64, f64))| {
        link.query == query as i64
            && link.reference == reference as i64
            && link.score.to_bits() == score.to_bits()
            && link.ids == [&queries.ids[query as usize], &references.ids[reference as usize]].map(Clone::clone)
    };
    if links.len() != of_result.len() || !links.iter().zip(&of_result).all(stand) {
        return Err(Refused::input(format!(
            "{address}: its links are not those of {of}, or their ids not those of what was compared: it was changed after it was made"
        )));
    }
    let again: Stored = serde_json::from_value(record.clone())
        .map_err(|e| Refused::input(format!("{address}: its record cannot be understood: {e}")))?;
    let (marking, settings) = (again.marking.checked()?, again.settings());
    let folder = again.specimens.as_deref();
    let mut shelf = Shelf {
        marking: &marking,
        folder,
        most: 1 << 30,
        used: 0,
        order: std::collections::VecDeque::new(),
        held: HashMap::new(),
    };
    let chosen = verify::sample(links.len(), if all { links.len() } else { most }, seed);
    progress.phase("recompute", chosen.len() as u64);
    let mut wrong = Vec::new();
    for (n, &i) in chosen.iter().enumerate() {
        let link = &links[i];
        let both =
            shelf.get(queries.file(link.query as u64)).and_then(|a| Ok((a, shelf.get(references.file(link.reference as u64))?)));
        let found = both.and_then(|(a, b)| examined(&a, &b, &settings, &marking));
        let same = match &found {
            Ok((.., cmc)) => {
                let now = of_link(link.query as u64, link.reference as u64, link.score, link.ids.clone(), cmc);
                cell_result::digest(&[now]) == cell_result::digest(std::slice::from_ref(link))
            }
            Err(why) => *why == link.why,
        };
        if !same {
            wrong.push(format!(
                "{} and {}{}",
                link.ids[0],
                link.ids[1],
                found.err().map_or(String::new(), |why| format!(" ({why})"))
            ));
        }
        progress.advance(n as u64 + 1)?;
    }
    progress.clear();
    if let Some(first) = wrong.first() {
        return Err(Refused::input(format!(
            "{address}: {} of {} recomputed links differ, the first is {first}",
            wrong.len(),
            chosen.len()
        )));
    }
    if voice.json {
        println!(
            "{}",
            serde_json::json!({ "result": address.to_string(), "digest": digest, "recomputed": chosen.len(), "links": links.len(), "wrong": [] })
        );
    } else if !voice.quiet {
        println!("digest    {digest}: as recorded\nlinks     {of}: as recorded");
        if !all {
            println!("sample    --seed {seed}");
        }
        println!("recomputed {} of {} links from their files: every count and every cell the same", chosen.len(), links.len());
    }
    Ok(())
}

/// What of a record is needed to compute counts again.
#[derive(serde::Deserialize)]
struct Stored {
    cells: (usize, usize),
    turn_degrees: f64,
    step_degrees: f64,
    position_points: f64,
    angle_degrees: f64,
    least_correlation: f64,
    least_measured: f64,
    specimens: Option<PathBuf>,
    marking: Marking,
}

impl Stored {
    fn settings(&self) -> cmc::Options {
        cmc::Options {
            cells: self.cells,
            turn_degrees: self.turn_degrees,
            step_degrees: self.step_degrees,
            position_px: self.position_points,
            angle_degrees: self.angle_degrees,
            least_correlation: self.least_correlation,
            least_measured: self.least_measured,
            ..cmc::Options::default()
        }
    }
}
