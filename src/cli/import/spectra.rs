//! `striae import spectra`: curves of instruments and peak lists of libraries.
//!
//! Files are read on all cores; their numbers are held ([`Hold`]) until all are known: which units, which axis. Then rows are brought to the axis
//! and written a piece at a time.

use super::hold::{Held, Hold};
use crate::archive::new_collection::{Plan, is_taken};
use crate::archive::{Address, Kind as Stored, Layout, NewCollection, Writer};
use crate::cli::progress::Progress;
use crate::cli::{Refused, Voice, memory};
use crate::compare::{Observer as _, bytes};
use crate::matrix::{Element, Values};
use crate::spectrum::read::table::Layout as Table;
use crate::spectrum::read::{Content, Hints, Quantity, read};
use crate::spectrum::resample::{Interpolation, common, covers, even, resample, same_axis};
use anyhow::Context as _;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file that is read.
const MOST_BYTES: u64 = 1 << 30;
/// Columns that are kept of what files say, beside those that are asked for.
const USUAL: [&str; 9] = ["exhibit", "source", "case", "batch", "date", "place", "formula", "inchikey", "cas"];
/// Bytes that the program takes before it holds anything.
const BASE: u64 = 48 << 20;
/// Bytes of rows that are written together.
const PIECE: usize = 8 << 20;

/// Infrared, Raman, NIR and mass spectra: JCAMP-DX, SPC, CSV, MGF, MSP, mzML
///
/// Curves are brought to one axis and stored as rows; mass spectra as peak lists. A file that cannot be read is left out and listed
/// at the end; with --strict nothing is written then. The id of a spectrum is the name of its file without the ending (and a number
/// where there are several in it).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae import spectra scans/*.jdx -o archive.h5
  striae import spectra scans/ --axis 4000..650:2 --interpolate pchip -o archive.h5 --collection infrared
  striae import spectra table.csv --layout rows --unit cm-1 -o archive.h5
  striae import spectra library.msp -o library.h5 --collection ms")]
pub struct Options {
    /// Files, or folders of files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Archive to write; one that is there is added to
    #[arg(long, short)]
    output: PathBuf,
    /// Name of the collection: spectra, or ms for peak lists, unless given
    #[arg(long, value_name = "NAME")]
    collection: Option<String>,
    /// Replace the collection if it is there
    #[arg(long)]
    overwrite: bool,
    /// Common axis, such as 4000..650:2 (from, to, step); what all spectra share unless given
    #[arg(long, value_name = "FROM..TO:STEP")]
    axis: Option<String>,
    /// How values between points are found: linear, pchip
    #[arg(long, default_value = "linear", value_name = "HOW", value_parser = ["linear", "pchip"])]
    interpolate: String,
    /// Unit of the axis, where files do not say it (cm-1, nm, um)
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    /// Unit of the values, where files do not say it
    #[arg(long, value_name = "UNIT")]
    value_unit: Option<String>,
    /// What rows and columns of CSV files are
    #[arg(long, value_name = "HOW", value_parser = ["xy", "columns", "rows"])]
    layout: Option<String>,
    /// CSV with a column id and further ones (exhibit, source, case, …), one row a spectrum
    #[arg(long, value_name = "FILE.csv")]
    metadata: Option<PathBuf>,
    /// Further things that files say, to be kept as columns
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    keep: Vec<String>,
    /// Write nothing if a file cannot be read
    #[arg(long)]
    strict: bool,
    /// Most memory to use beside the files that are being read; what it does not hold waits in a file beside the output
    #[arg(long, default_value = "2GiB", value_name = "SIZE", value_parser = memory::parse)]
    memory: u64,
}

/// A label without what spellings differ in.
fn plain(key: &str) -> String {
    key.chars().filter(|c| !" -/_".contains(*c)).flat_map(char::to_lowercase).collect()
}

/// All files, those of folders in the order of their names.
fn files_of(given: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in given {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let mut folders = vec![path.clone()];
        let mut inside = Vec::new();
        // Links may lead round in circles.
        let mut seen = HashSet::new();
        while let Some(folder) = folders.pop() {
            let real = folder.canonicalize().with_context(|| format!("cannot look into {}", folder.display()))?;
            if !seen.insert(real) {
                continue;
            }
            let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot look into {}", folder.display()))?;
            for entry in entries {
                let path = entry?.path();
                let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
                match path.is_dir() {
                    _ if hidden => {}
                    true => folders.push(path),
                    false => inside.push(path),
                }
            }
        }
        inside.sort();
        found.extend(inside);
    }
    Ok(found)
}

/// One file's content, or why there is none.
fn load(path: &Path, hints: &Hints) -> Result<Content, String> {
    let size = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size > MOST_BYTES {
        return Err(format!("it has {size} bytes; files of up to {MOST_BYTES} are read"));
    }
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    read(&name, &bytes, hints).map_err(|e| e.to_string())
}

/// What is kept of a spectrum while others are read.
struct Found<T> {
    id: String,
    file: String,
    name: String,
    metadata: BTreeMap<String, String>,
    what: T,
}

/// A curve.
struct Curve {
    quantity: Quantity,
    unit: String,
    value_unit: String,
    axis: Arc<Vec<f64>>,
    values: Held,
}

/// A peak list: m/z and intensities one after the other.
struct Peaks {
    count: usize,
    precursor: Option<f64>,
    numbers: Held,
}

/// What a file held.
enum Read {
    Curves(Vec<Found<Curve>>),
    Lists(Vec<Found<Peaks>>),
}

/// Takes in what a file holds. `wanted` says which of its metadata matter.
fn hold_content(path: &Path, content: Content, hold: &Hold, wanted: &dyn Fn(&str) -> bool) -> Result<Read, String> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let file = path.display().to_string();
    let spooled = |e: std::io::Error| format!("its numbers cannot be kept in a file beside the output: {e}");
    let few = |mut metadata: BTreeMap<String, String>| {
        metadata.retain(|key, _| wanted(key));
        metadata
    };
    match content {
        Content::Spectra(all) => {
            let several = all.len() > 1;
            let curves = all.into_iter().enumerate().map(|(n, s)| {
                // Seen after all files are read: it ends the run.
                let axis = hold.axis(s.axis.values).ok_or("its axis found no room")?;
                Ok(Found {
                    id: id(&stem, several, n, &s.metadata),
                    file: file.clone(),
                    name: s.name,
                    metadata: few(s.metadata),
                    what: Curve {
                        quantity: s.axis.quantity,
                        unit: s.axis.unit,
                        value_unit: s.unit,
                        axis,
                        values: hold.keep(s.values).map_err(spooled)?,
                    },
                })
            });
            curves.collect::<Result<_, String>>().map(Read::Curves)
        }
        Content::Peaks(all) => {
            let several = all.len() > 1;
            let lists = all.into_iter().enumerate().map(|(n, p)| {
                let count = p.mz.len();
                let mut numbers = p.mz;
                numbers.extend(p.intensity);
                Ok(Found {
                    id: id(&stem, several, n, &p.metadata),
                    file: file.clone(),
                    name: p.name,
                    metadata: few(p.metadata),
                    what: Peaks { count, precursor: p.precursor_mz, numbers: hold.keep(numbers).map_err(spooled)? },
                })
            });
            lists.collect::<Result<_, String>>().map(Read::Lists)
        }
    }
}

#[allow(clippy::too_many_lines, reason = "the steps of one command in their order, each a call")]
pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    if let Some(missing) = options.files.iter().find(|path| !path.exists()) {
        return Err(Refused::input(format!("{}: there is no such file or folder", missing.display())));
    }
    let files = files_of(&options.files)?;
    if files.is_empty() {
        return Err(Refused::input("there is no file in what was named"));
    }
    let hints = Hints {
        axis_unit: options.unit.clone(),
        value_unit: options.value_unit.clone(),
        layout: options.layout.as_deref().and_then(Table::by_name),
    };
    let asked = options.axis.as_deref().map(axis).transpose()?;
    let table = options.metadata.as_deref().map(metadata_table).transpose()?;
    let progress = Progress::new(voice.quiet || voice.json);
    progress.phase("read", files.len() as u64);
    let done = std::sync::atomic::AtomicU64::new(0);
    let most = options.memory.checked_sub(BASE).filter(|&m| m >= 16 << 20).ok_or_else(|| {
        Refused::usage(format!("--memory {} is too little; give {} or more", bytes(options.memory), bytes(BASE + (16 << 20))))
    })?;
    // Two fifths for values that wait, one for axes, the rest for pieces and what is known of each spectrum.
    let hold = Hold::new(most / 5 * 2, options.output.parent().unwrap_or_else(|| Path::new(".")));
    let wanted =
        |key: &str| USUAL.iter().any(|u| u.eq_ignore_ascii_case(key)) || options.keep.iter().any(|k| plain(k) == plain(key));
    let loaded: Vec<Result<Read, String>> = files
        .par_iter()
        .map(|path| {
            let found = if progress.stop() { Err("interrupted".into()) } else { load(path, &hints) };
            progress.progress(1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            found.and_then(|content| hold_content(path, content, &hold, &wanted))
        })
        .collect();
    progress.advance(files.len() as u64)?;
    if hold.axes_are_too_many() {
        return Err(Refused::usage(format!(
            "--memory {} does not hold the axes of these files, which differ from one another; give more, or import them in parts",
            bytes(options.memory)
        )));
    }
    let (mut curves, mut lists, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (path, content) in files.iter().zip(loaded) {
        match content {
            Err(why) => failed.push((path.display().to_string(), why)),
            Ok(Read::Curves(all)) => curves.extend(all),
            Ok(Read::Lists(all)) => lists.extend(all),
        }
    }
    if !curves.is_empty() && !lists.is_empty() {
        return Err(Refused::input(format!(
            "there are both curves ({} in {}) and peak lists ({} in {}); import them one after the other",
            curves.len(),
            curves[0].file,
            lists.len(),
            lists[0].file
        )));
    }
    let name = options.collection.clone().unwrap_or_else(|| if lists.is_empty() { "spectra" } else { "ms" }.into());
    let target = Address { file: options.output.clone(), inner: Some(format!("/{}", name.trim_matches('/'))) };
    let mut left_out = Vec::new();
    let stored = if options.strict && !failed.is_empty() {
        0
    } else if lists.is_empty() && !curves.is_empty() {
        let asked = Asked { options, axis: asked, table: table.as_ref(), target: &target };
        store_curves(curves, asked, &hold, &progress, &mut left_out)?
    } else if !lists.is_empty() {
        store_lists(lists, &hold, options, table.as_ref(), &target)?
    } else {
        0
    };
    failed.extend(left_out);
    progress.clear();
    if voice.json {
        let failed: Vec<_> = failed.iter().map(|(file, why)| serde_json::json!({ "file": file, "why": why })).collect();
        println!(
            "{}",
            serde_json::json!({ "output": target.to_string(), "files": files.len(), "spectra": stored, "left_out": failed })
        );
    } else {
        for (file, why) in &failed {
            eprintln!("striae: left out {file}: {why}");
        }
        if !voice.quiet && stored > 0 {
            let many = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
            println!(
                "imported  {} of {}, {} left out",
                many(stored, "spectrum", "spectra"),
                many(files.len(), "file", "files"),
                failed.len()
            );
            println!("stored    {target}");
        }
    }
    if stored == 0 {
        let why = if options.strict { "nothing was written, as --strict asks" } else { "nothing could be read" };
        return Err(Refused::input(format!("{} of {} files were left out: {why}", failed.len(), files.len())));
    }
    if options.strict && !failed.is_empty() {
        return Err(Refused::input(format!("{} spectra were left out", failed.len())));
    }
    Ok(())
}

fn id(stem: &str, several: bool, n: usize, metadata: &BTreeMap<String, String>) -> String {
    let own = metadata.iter().find(|(k, v)| k.eq_ignore_ascii_case("id") && !v.is_empty() && several).map(|(_, v)| v.clone());
    own.unwrap_or_else(|| if several { format!("{stem}#{}", n + 1) } else { stem.to_owned() })
}

/// `4000..650:2`
fn axis(text: &str) -> anyhow::Result<Vec<f64>> {
    let parts = text.split_once("..").and_then(|(from, rest)| {
        let (to, step) = rest.split_once(':')?;
        Some((from.trim().parse::<f64>().ok()?, to.trim().parse::<f64>().ok()?, step.trim().parse::<f64>().ok()?))
    });
    let Some((from, to, step)) = parts else {
        return Err(Refused::usage(format!("--axis {text:?}: give from, to and step, such as 4000..650:2")));
    };
    let step = step.abs();
    let steps = ((to - from).abs() / step * (1.0 + 1e-12)).floor();
    // From where it was asked to begin; the other end is the last whole step before it.
    let end = if from > to { from - steps * step } else { from + steps * step };
    even(from.min(end), from.max(end), step, from > to).map_err(|e| Refused::usage(format!("--axis: {e}")))
}

/// Rows of a CSV by the value of its column id.
type ById = (Vec<String>, HashMap<String, Vec<String>>);

fn metadata_table(path: &Path) -> anyhow::Result<ById> {
    let whole = |what: String| Refused::input(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let first = text.lines().next().unwrap_or("");
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|&d| first.bytes().filter(|&b| b == d).count()).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .delimiter(delimiter)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header: Vec<String> = reader.headers().map_err(|e| whole(e.to_string()))?.iter().map(str::to_lowercase).collect();
    let Some(at) = header.iter().position(|h| h == "id") else { return Err(whole("it has no column id".into())) };
    let mut rows = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|e| whole(e.to_string()))?;
        let row: Vec<String> = record.iter().map(str::to_owned).collect();
        let id = row.get(at).cloned().unwrap_or_default();
        if rows.insert(id.clone(), row).is_some() {
            return Err(whole(format!("id {id:?} occurs twice")));
        }
    }
    Ok((header, rows))
}

/// Ids that differ, and columns of what is known beside the numbers.
fn columns<T>(all: &mut [Found<T>], keep: &[String], table: Option<&ById>) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for f in all.iter() {
        *counts.entry(f.id.clone()).or_default() += 1;
    }
    for f in all.iter_mut().filter(|f| counts[&f.id] > 1) {
        // Files of one name are told apart by their folders and endings.
        let number = f.id.rsplit_once('#').map_or(String::new(), |(_, n)| format!("#{n}"));
        f.id = format!("{}{number}", f.file);
    }
    let mut seen = HashSet::new();
    if let Some(f) = all.iter().find(|f| !seen.insert(f.id.clone())) {
        return Err(Refused::input(format!(
            "{}: the id {:?} occurs twice; ids must differ. Rename one of the files",
            f.file, f.id
        )));
    }
    let mut found = vec![
        ("id".to_owned(), all.iter().map(|f| f.id.clone()).collect::<Vec<_>>()),
        ("file".to_owned(), all.iter().map(|f| f.file.clone()).collect()),
    ];
    if all.iter().any(|f| !f.name.is_empty()) {
        found.push(("title".to_owned(), all.iter().map(|f| f.name.clone()).collect()));
    }
    let wanted = USUAL.iter().map(|u| (*u).to_owned()).chain(keep.iter().map(|k| k.to_lowercase().replace([' ', '/'], "_")));
    for key in wanted {
        let texts: Vec<String> = all
            .iter()
            .map(|f| f.metadata.iter().find(|(k, _)| plain(k) == plain(&key)).map_or(String::new(), |(_, v)| v.clone()))
            .collect();
        if texts.iter().any(|t| !t.is_empty()) && !found.iter().any(|(name, _)| *name == key) {
            found.push((key, texts));
        } else if !USUAL.contains(&key.as_str()) && !found.iter().any(|(name, _)| *name == key) {
            eprintln!("striae: --keep {key}: no file says it");
        }
    }
    if let Some((header, rows)) = table {
        if !all.iter().any(|f| rows.contains_key(&f.id)) {
            let (ours, theirs) = (&all[0].id, rows.keys().min().map_or("", String::as_str));
            return Err(Refused::input(format!(
                "--metadata: none of its ids is one of a spectrum; a spectrum's is {ours:?}, one of the table's is {theirs:?}"
            )));
        }
        let (without, ids) =
            (all.iter().filter(|f| !rows.contains_key(&f.id)).count(), all.iter().map(|f| f.id.as_str()).collect::<HashSet<_>>());
        let strangers = rows.keys().filter(|id| !ids.contains(id.as_str())).count();
        if without + strangers > 0 {
            eprintln!("striae: --metadata: {without} spectra have no row in it, {strangers} of its rows are of no spectrum");
        }
        for (j, name) in header.iter().enumerate().filter(|(_, n)| *n != "id" && !n.is_empty()) {
            let texts = all.iter().map(|f| rows.get(&f.id).and_then(|r| r.get(j)).cloned().unwrap_or_default()).collect();
            found.retain(|(known, _)| known != name);
            found.push((name.clone(), texts));
        }
    }
    Ok(found)
}

/// What curves are to become.
struct Asked<'a> {
    options: &'a Options,
    axis: Option<Vec<f64>>,
    table: Option<&'a ById>,
    target: &'a Address,
}

fn store_curves(
    mut all: Vec<Found<Curve>>,
    asked: Asked<'_>,
    hold: &Hold,
    progress: &Progress,
    left_out: &mut Vec<(String, String)>,
) -> anyhow::Result<usize> {
    let Asked { options, axis: asked, table, target } = asked;
    // One unit for all: what most say, the first of as many. Others are no rows of this collection.
    let unit_of = |f: &Found<Curve>| (f.what.quantity, f.what.unit.clone(), f.what.value_unit.clone());
    let say = |u: &(Quantity, String, String)| {
        let none = |t: &str| if t.is_empty() { "no unit".to_owned() } else { t.to_owned() };
        format!("{} in {}, values in {}", if u.0 == Quantity::Unknown { "x" } else { u.0.name() }, none(&u.1), none(&u.2))
    };
    let mut counts: Vec<((Quantity, String, String), usize)> = Vec::new();
    for unit in all.iter().map(unit_of) {
        match counts.iter_mut().find(|(known, _)| *known == unit) {
            Some((_, n)) => *n += 1,
            None => counts.push((unit, 1)),
        }
    }
    let Some(first) = counts.iter().rev().max_by_key(|(_, n)| *n).map(|(u, _)| u.clone()) else { return Ok(0) };
    all.retain(|f| {
        let same = unit_of(f) == first;
        if !same {
            let why = format!(
                "it has {}, and most have {}; import it apart, or say --unit and --value-unit where files do not",
                say(&unit_of(f)),
                say(&first)
            );
            left_out.push((f.file.clone(), why));
        }
        same
    });
    let how = Interpolation::by_name(&options.interpolate).unwrap_or_default();
    let shared = all.iter().all(|f| Arc::ptr_eq(&all[0].what.axis, &f.what.axis) || same_axis(&all[0].what.axis, &f.what.axis));
    let axis = match asked {
        Some(axis) => axis,
        None if shared => all[0].what.axis.to_vec(),
        None => common(all.iter().map(|f| &f.what.axis[..])).map_err(|e| Refused::input(e.to_string()))?,
    };
    // Whether a curve can be brought to the axis is seen from its own: all that is left out is known before anything is written.
    let mut kept = Vec::new();
    for f in all {
        match covers(&f.what.axis, &axis) {
            Ok(()) => kept.push(f),
            Err(why) => left_out.push((f.file, why.to_string())),
        }
    }
    if kept.is_empty() || (options.strict && !left_out.is_empty()) {
        return Ok(0);
    }
    let unit = Some(first.1).filter(|u| !u.is_empty());
    let resampled = if shared && options.axis.is_none() { "none" } else { how.name() };
    let mut attributes = vec![
        ("made_by".to_owned(), concat!("striae import spectra ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("axis_quantity".to_owned(), first.0.name().to_owned()),
        ("value_unit".to_owned(), kept[0].what.value_unit.clone()),
        ("interpolation".to_owned(), resampled.to_owned()),
    ];
    attributes.retain(|(_, v)| !v.is_empty());
    let width = axis.len();
    let plan = Plan {
        rows: kept.len(),
        width,
        axis: Some((axis.clone(), unit)),
        columns: columns(&mut kept, &options.keep, table)?,
        attributes,
        ..Plan::default()
    };
    let writer = NewCollection::create(target, Element::F64, &plan, options.overwrite)?;
    progress.phase("write", kept.len() as u64);
    let step = (PIECE / (8 * width)).max(1);
    for (n, part) in kept.chunks(step).enumerate() {
        let rows: Vec<Vec<f64>> = part
            .par_iter()
            .map(|f| {
                let values = hold.get(&f.what.values).context("cannot read back what was held beside the output")?;
                resample(&f.what.axis, &values, &axis, how).with_context(|| f.file.clone())
            })
            .collect::<anyhow::Result<_>>()?;
        writer.put(n * step, &Values::F64(rows.concat()))?;
        progress.advance((n * step + part.len()) as u64)?;
    }
    writer.finish()?;
    Ok(kept.len())
}

fn store_lists(
    mut all: Vec<Found<Peaks>>,
    hold: &Hold,
    options: &Options,
    table: Option<&ById>,
    target: &Address,
) -> anyhow::Result<usize> {
    let columns = columns(&mut all, &options.keep, table)?;
    if let Some((name, _)) = columns.iter().find(|(name, _)| is_taken(name)) {
        return Err(Refused::input(format!(
            "a column cannot be called {name:?}: the name has a meaning of its own there, or a slash"
        )));
    }
    let n = all.len();
    let group = target.inner.clone().unwrap_or_default();
    let path = |name: &str| format!("{group}/{name}");
    let mut indptr = vec![0_u64];
    for f in &all {
        indptr.push(indptr[indptr.len() - 1] + f.what.count as u64);
    }
    let peaks = indptr[n] as usize;
    let precursors = all.iter().any(|f| f.what.precursor.is_some());
    let longest = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0).max(1);
    let mut layout = Layout::default()
        .group(&group)
        .attribute(&group, "made_by", concat!("striae import spectra ", env!("CARGO_PKG_VERSION")))
        .dataset(&path("indptr"), &[n + 1], Stored::U64)
        .dataset(&path("mz"), &[peaks], Stored::F64)
        .dataset(&path("intensity"), &[peaks], Stored::F64);
    if precursors {
        layout = layout.dataset(&path("precursor_mz"), &[n], Stored::F64);
    }
    for (name, texts) in &columns {
        layout = layout.dataset(&path(name), &[n], Stored::Text(longest(texts)));
    }
    let writer = Writer::extend(&target.file, &layout, options.overwrite)?;
    writer.put(&path("indptr"), 0, &indptr)?;
    for (f, at) in all.iter().zip(&indptr) {
        let numbers = hold.get(&f.what.numbers).context("cannot read back what was held beside the output")?;
        let (mz, intensity) = numbers.split_at(f.what.count);
        writer.put(&path("mz"), *at, mz)?;
        writer.put(&path("intensity"), *at, intensity)?;
    }
    if precursors {
        let found: Vec<f64> = all.iter().map(|f| f.what.precursor.unwrap_or(f64::NAN)).collect();
        writer.put(&path("precursor_mz"), 0, &found)?;
    }
    for (name, texts) in &columns {
        writer.put_texts(&path(name), 0, texts)?;
    }
    writer.finish()?;
    Ok(n)
}
