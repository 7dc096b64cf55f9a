//! `striae import toolmarks`: surfaces, profiles and photographs of tool-marks.
//!
//! Files are read on all cores, each becoming one row (or several readings of a photograph); rows wait in a [`Hold`] until all are known: their spacing, their
//! lengths. Then they are brought to one spacing and written a piece at a time.

use super::files;
use super::hold::{Held, Hold};
use super::known::{Found, USUAL, columns, metadata_table, plain};
use super::mark::{Mark, Marking, QUALITIES};
use crate::archive::new_collection::Plan;
use crate::archive::{Address, NewCollection};
use crate::cli::making::{self, Making, Seen};
use crate::cli::progress::Progress;
use crate::cli::{Refused, Voice, memory};
use crate::compare::Observer as _;
use crate::matrix::{Element, Values};
use crate::toolmark::resample::{respaced, same_spacing};
use crate::toolmark::signature::check_spacing;
use anyhow::Context as _;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Bytes of rows that are written together.
const PIECE: usize = 8 << 20;

/// Tool-marks: X3P surfaces, profiles (text, CSV, NPY), photographs
///
/// A striated surface becomes its signature: cropped, levelled, freed of spikes, band-passed (ISO 16610-21), its striations put upright, averaged along them.
/// Profiles are taken as they are. A photograph becomes the profile of its shades across the striations. Of pressed marks (--mark pressed)
/// the texture is described. A file that gives no row is left out and listed at the end; with --strict nothing is written then. The id of a
/// mark is the name of its file without the ending.
#[derive(Debug, clap::Args, serde::Serialize)]
#[command(after_help = "Examples:
  striae import toolmarks scans/*.x3p -o archive.h5
  striae import toolmarks scans/ --highpass 250um --lowpass 5um --level sphere --spacing 1.5um -o archive.h5
  striae import toolmarks profiles/*.txt --columns '(?<mark>(?<source>.{6}).{3})' -o archive.h5
  striae import toolmarks photos/*.jpg --scale 5um --light 90 -o archive.h5 --collection photographs
  striae import toolmarks plates/*.x3p --mark pressed -o archive.h5 --collection pressed")]
pub struct Options {
    /// Files, or folders of files
    #[arg(required = true)]
    #[serde(skip)]
    files: Vec<PathBuf>,
    /// Archive to write; one that is there is added to
    #[arg(long, short)]
    #[serde(skip)]
    output: PathBuf,
    #[arg(long, value_name = "NAME", default_value = "toolmarks")]
    #[serde(skip)]
    collection: String,
    /// Replace the collection if it is there
    #[arg(long)]
    #[serde(skip)]
    overwrite: bool,
    // Stands with the collection as the text `marking`.
    #[serde(skip)]
    #[command(flatten)]
    marking: Marking,
    /// A regular expression whose named groups become columns: what they find in the file's name, such as '(?<exhibit>[^_]+)_(?<mark>\d+)'
    #[arg(long, value_name = "REGEX")]
    columns: Option<String>,
    /// CSV with a column id and further ones (exhibit, source, mark, case, …), one row a mark
    #[arg(long, value_name = "FILE.csv")]
    #[serde(skip)]
    metadata: Option<PathBuf>,
    /// Further things that files say, to be kept as columns (creator, manufacturer, model, serial, comment, …)
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    keep: Vec<String>,
    /// Write nothing if a file gives no row
    #[arg(long)]
    strict: bool,
    /// Most memory to use beside the files that are being read; what it does not hold waits in a file beside the output
    #[arg(long, default_value = "2GiB", value_name = "SIZE", value_parser = memory::parse)]
    #[serde(skip)]
    memory: u64,
}

/// Columns of our own beside the rows.
const OWN: [&str; 4] = ["warnings", "length", "start", "along"];

/// A row that waits.
struct Waiting {
    values: Held,
    count: usize,
    spacing: Option<f64>,
    start: f64,
    unit: &'static str,
    kind: &'static str,
    qualities: [f64; QUALITIES.len()],
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let files = files::all(&options.files)?;
    let pattern = options.columns.as_deref().map(super::known::pattern).transpose()?;
    let marking = options.marking.checked()?;
    let table = options.metadata.as_deref().map(metadata_table).transpose()?;
    super::known::refuse_taken(pattern.as_ref(), table.as_ref(), &options.keep, &[&OWN[..], &QUALITIES[..]].concat())?;
    let target = files::target(&options.output, &options.collection)?;
    files::refuse_there(std::slice::from_ref(&target), options.overwrite)?;
    let (mut making, seen) = (Making::new(serde_json::to_value(options)?), Seen::default());
    let progress = Progress::new(voice.quiet || voice.json);
    let most = files::room(options.memory)?;
    let hold = Hold::new(most / 2, options.output.parent().unwrap_or_else(|| Path::new(".")));
    let load = |path: &Path| -> Result<(Vec<Found<Waiting>>, Vec<String>), String> {
        let (bytes, digest) = files::seen(path, &seen)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (marks, warnings) = marking.read(&name, &bytes)?;
        let digest = digest.to_hex().to_string();
        drop(bytes);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let rows =
            marks.into_iter().map(|mark| wait(mark, path, &stem, &digest, pattern.as_ref(), &hold)).collect::<Result<_, _>>()?;
        Ok((rows, warnings))
    };
    let loaded = files::each(&files, &progress, load)?;
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    let mut noted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, found) in files.iter().zip(loaded) {
        match found {
            Err(why) => failed.push((path.display().to_string(), why)),
            Ok((found, warnings)) => {
                for warning in &warnings {
                    noted.entry(warning.clone()).or_default().push(path.display().to_string());
                }
                let all = warnings.join("; ");
                rows.extend(found.into_iter().map(|mut row| {
                    if !all.is_empty() {
                        row.metadata.insert("warnings".into(), all.clone());
                    }
                    row
                }));
            }
        }
    }
    if !voice.quiet {
        progress.clear();
        for (warning, of) in &noted {
            match &of[..] {
                [one] => eprintln!("striae: {one}: {warning}"),
                [first, ..] => eprintln!("striae: {} files, the first {first}: {warning}", of.len()),
                [] => {}
            }
        }
    }
    making.say("files", seen.said(&files));
    if let Some(table) = &options.metadata {
        making.say("metadata_blake3", super::known::digest_of(table)?);
    }
    let stored = if rows.is_empty() || (options.strict && !failed.is_empty()) {
        0
    } else {
        store(rows, options, &marking, table.as_ref(), &target, &hold, &progress, making, &mut failed)?
    };
    progress.clear();
    files::Outcome {
        target: &target,
        files: files.len(),
        stored,
        noun: ("mark", "marks"),
        failed: &failed,
        strict: options.strict,
    }
    .tell(voice)
}

fn wait(
    mark: Mark,
    path: &Path,
    stem: &str,
    digest: &str,
    pattern: Option<&regex::Regex>,
    hold: &Hold,
) -> Result<Found<Waiting>, String> {
    let mut metadata = mark.metadata;
    metadata.insert("digest".into(), digest.to_owned());
    if let Some(pattern) = pattern {
        super::known::named_groups(pattern, stem, &mut metadata)?;
    }
    // A mark that was read in several ways is one mark.
    if !mark.reading.is_empty() && !metadata.contains_key("mark") {
        metadata.insert("mark".into(), stem.to_owned());
    }
    let count = mark.values.len();
    let values = hold.keep(mark.values).map_err(|e| format!("its numbers cannot be kept in a file beside the output: {e}"))?;
    let id = format!("{stem}{}", mark.reading);
    let what = Waiting {
        values,
        count,
        spacing: mark.spacing,
        start: mark.start,
        unit: mark.unit,
        kind: mark.kind,
        qualities: mark.qualities,
    };
    Ok(Found { id, file: path.display().to_string(), name: String::new(), metadata, what })
}

#[allow(clippy::too_many_arguments, reason = "the steps of one command share what they work on")]
fn store(
    mut rows: Vec<Found<Waiting>>,
    options: &Options,
    marking: &super::mark::Checked,
    table: Option<&super::known::ById>,
    target: &Address,
    hold: &Hold,
    progress: &Progress,
    mut making: Making,
    failed: &mut Vec<(String, String)>,
) -> anyhow::Result<usize> {
    // Heights and shades are no rows of one collection: what most are, the first of as many.
    let kinds = ["heights", "shades", "texture"].map(|k| (k, rows.iter().filter(|f| f.what.kind == k).count()));
    let kind = kinds.iter().rev().max_by_key(|(_, n)| *n).map_or("heights", |(k, _)| k);
    rows.retain(|f| {
        let same = f.what.kind == kind;
        if !same {
            failed.push((
                f.file.clone(),
                format!("it gives {}, and most give {kind}: import it into a collection of its own", f.what.kind),
            ));
        }
        same
    });
    let spacing = common_spacing(&mut rows, marking.spacing_um(), failed)?;
    if rows.is_empty() || (options.strict && !failed.is_empty()) {
        return Ok(0);
    }
    let length = |f: &Found<Waiting>| match (spacing, f.what.spacing) {
        (Some((new, _)), Some(old)) if !same_spacing(old, new, f.what.count) => {
            ((f.what.count - 1) as f64 * old / new + 1e-9).floor() as usize + 1
        }
        _ => f.what.count,
    };
    let lengths: Vec<f64> = rows.iter().map(|f| length(f) as f64).collect();
    let width = rows.iter().map(length).max().unwrap_or(0);
    let mut keep = options.keep.clone();
    keep.extend(["mark", "digest", "along", "warnings"].map(str::to_owned));
    if let Some(pattern) = &options.columns {
        keep.extend(super::known::pattern(pattern)?.capture_names().flatten().map(str::to_owned));
    }
    let said = |key: &str| rows.iter().any(|f| f.metadata.keys().any(|k| plain(k) == plain(key)));
    keep.retain(|k| said(k) || options.keep.contains(k));
    keep.retain(|k| !USUAL.contains(&k.as_str()));
    keep.sort();
    keep.dedup();
    let mut numbers: Vec<(String, Vec<f64>)> = Vec::new();
    if kind != "texture" {
        numbers.push(("length".into(), lengths));
        numbers.push(("start".into(), rows.iter().map(|f| f.what.start).collect()));
    }
    for (q, name) in QUALITIES.iter().enumerate() {
        let all: Vec<f64> = rows.iter().map(|f| f.what.qualities[q]).collect();
        if all.iter().any(|x| !x.is_nan()) {
            numbers.push(((*name).to_owned(), all));
        }
    }
    let mut attributes = vec![
        ("made_by".to_owned(), concat!("striae import toolmarks ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("descriptor".to_owned(), kind.to_owned()),
        ("compare_by".to_owned(), if kind == "texture" { "cosine" } else { "ccf" }.to_owned()),
        ("value_unit".to_owned(), rows[0].what.unit.to_owned()),
    ];
    attributes.retain(|(_, v)| !v.is_empty());
    let plan = Plan {
        rows: rows.len(),
        width,
        axis: spacing.map(|(s, unit)| ((0..width).map(|k| k as f64 * s).collect(), Some(unit.to_owned()))),
        columns: columns(&mut rows, &keep, table)?,
        numbers,
        attributes,
        later: vec![(making::NAME.into(), making.room())],
        texts: vec![("marking".into(), serde_json::to_string(&options.marking)?)],
        ..Plan::default()
    };
    let writer = NewCollection::create(target, Element::F64, &plan, options.overwrite)?;
    progress.phase("write", rows.len() as u64);
    let step = (PIECE / (8 * width)).max(1);
    for (n, part) in rows.chunks(step).enumerate() {
        let values: Vec<Vec<f64>> = part
            .par_iter()
            .map(|f| {
                let mut values =
                    hold.get(&f.what.values).context("cannot read back what was held beside the output")?.into_owned();
                if let (Some((new, _)), Some(old)) = (spacing, f.what.spacing)
                    && !same_spacing(old, new, values.len())
                {
                    values = respaced(&values, old, new);
                }
                values.resize(width, f64::NAN);
                Ok(values)
            })
            .collect::<anyhow::Result<_>>()?;
        writer.put(n * step, &Values::F64(values.concat()))?;
        progress.advance((n * step + part.len()) as u64)?;
    }
    making.say("left_out", failed.len());
    writer.note(making::NAME, &making.text())?;
    writer.finish()?;
    Ok(rows.len())
}

/// The spacing of the collection and its unit: the one that was asked for, else the coarsest there is, up to twice the usual. Rows without a scale go with others
/// without, and are left out where others have one.
fn common_spacing(
    rows: &mut Vec<Found<Waiting>>,
    asked: Option<f64>,
    failed: &mut Vec<(String, String)>,
) -> anyhow::Result<Option<(f64, &'static str)>> {
    let with = rows.iter().filter(|f| f.what.spacing.is_some()).count();
    if with == 0 {
        if let Some(f) = asked.and(rows.first()).filter(|f| f.what.kind != "texture") {
            return Err(Refused::input(format!("{}: it has no scale, so that --spacing means nothing: say --scale", f.file)));
        }
        return Ok(None);
    }
    rows.retain(|f| {
        let scaled = f.what.spacing.is_some();
        if !scaled {
            failed.push((f.file.clone(), "its points have no distance, and those of others have: say --scale".into()));
        }
        scaled
    });
    let Some(wanted) = asked else {
        // A file in another unit would make points of all others.
        let mut all: Vec<f64> = rows.iter().filter_map(|f| f.what.spacing).collect();
        all.sort_by(f64::total_cmp);
        let usual = all[all.len() / 2];
        rows.retain(|f| {
            let spacing = f.what.spacing.unwrap_or(usual);
            let fits = spacing <= 2.0 * usual;
            if !fits {
                let why = format!(
                    "its points are {spacing} µm apart, and those of most files {usual} µm: say --spacing if that is right"
                );
                failed.push((f.file.clone(), why));
            }
            fits
        });
        let coarsest = rows.iter().filter_map(|f| f.what.spacing).fold(0.0, f64::max);
        return Ok(Some((coarsest, "um")));
    };
    rows.retain(|f| {
        let spacing = f.what.spacing.unwrap_or(wanted);
        let left = (f.what.count.max(1) - 1) as f64 * spacing / wanted;
        let why = check_spacing(spacing, wanted).err().map(|e| e.to_string()).or_else(|| {
            (left < 15.0).then(|| format!("at a spacing of {wanted} µm it has {} samples; 16 are needed", left as usize + 1))
        });
        if let Some(why) = &why {
            failed.push((f.file.clone(), why.clone()));
        }
        why.is_none()
    });
    Ok(Some((wanted, "um")))
}
