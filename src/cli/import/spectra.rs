//! `striae import spectra`: curves of instruments and peak lists of libraries.
//!
//! Files are read on all cores; their numbers are held ([`Hold`]) until all are known: which units, which axis. Then rows are brought to the axis
//! and written a piece at a time.

use super::files;
use super::hold::Hold;
use super::known::{Found, USUAL, digest_of, metadata_table, plain};
use super::store::{Asked, Curve, Peaks, store_curves, store_lists};
use crate::archive::Address;
use crate::cli::making::{Making, Seen};
use crate::cli::progress::Progress;
use crate::cli::{Refused, Voice, memory};
use crate::compare::bytes;
use crate::spectrum::read::table::Layout as Table;
use crate::spectrum::read::{Content, Hints, read};
use crate::spectrum::resample::even;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Infrared, Raman, NIR and mass spectra: JCAMP-DX, SPC, CSV, MGF, MSP, mzML
///
/// Curves are brought to one axis and stored as rows; mass spectra as peak lists. A file that cannot be read is left out and listed
/// at the end; with --strict nothing is written then. The id of a spectrum is the name of its file without the ending (and a number
/// where there are several in it).
#[derive(Debug, clap::Args, serde::Serialize)]
#[command(after_help = "Examples:
  striae import spectra scans/*.jdx -o archive.h5
  striae import spectra scans/ --axis 4000..650:2 --interpolate pchip -o archive.h5 --collection infrared
  striae import spectra table.csv --layout rows --unit cm-1 -o archive.h5
  striae import spectra library.msp -o library.h5 --collection ms")]
pub struct Options {
    /// Files, or folders of files
    #[arg(required = true)]
    #[serde(skip)]
    files: Vec<PathBuf>,
    /// Archive to write; one that is there is added to
    #[arg(long, short)]
    #[serde(skip)]
    output: PathBuf,
    /// Name of the collection: spectra, or ms for peak lists, unless given
    #[arg(long, value_name = "NAME")]
    #[serde(skip)]
    collection: Option<String>,
    /// Replace the collection if it is there
    #[arg(long)]
    #[serde(skip)]
    pub overwrite: bool,
    /// Common axis, such as 4000..650:2 (from, to, step); what all spectra share unless given
    #[arg(long, value_name = "FROM..TO:STEP")]
    pub axis: Option<String>,
    /// How values between points are found: linear, pchip
    #[arg(long, default_value = "linear", value_name = "HOW", value_parser = ["linear", "pchip"])]
    pub interpolate: String,
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
    #[serde(skip)]
    metadata: Option<PathBuf>,
    /// Further things that files say, to be kept as columns
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    pub keep: Vec<String>,
    /// Write nothing if a file cannot be read
    #[arg(long)]
    pub strict: bool,
    /// Most memory to use beside the files that are being read; what it does not hold waits in a file beside the output
    #[arg(long, default_value = "2GiB", value_name = "SIZE", value_parser = memory::parse)]
    #[serde(skip)]
    memory: u64,
}

/// One file's content, or why there is none.
fn load(path: &Path, hints: &Hints, seen: &Seen) -> Result<Content, String> {
    let (bytes, _) = files::seen(path, seen)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    read(&name, &bytes, hints).map_err(|e| e.to_string())
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
    let files = files::all(&options.files)?;
    let hints = Hints {
        axis_unit: options.unit.clone(),
        value_unit: options.value_unit.clone(),
        layout: options.layout.as_deref().and_then(Table::by_name),
    };
    let asked = options.axis.as_deref().map(axis).transpose()?;
    let (mut making, seen) = (Making::new(serde_json::to_value(options)?), Seen::default());
    let table = options.metadata.as_deref().map(metadata_table).transpose()?;
    let progress = Progress::new(voice.quiet || voice.json);
    let most = files::room(options.memory)?;
    // Two fifths for values that wait, one for axes, the rest for pieces and what is known of each spectrum.
    let hold = Hold::new(most / 5 * 2, options.output.parent().unwrap_or_else(|| Path::new(".")));
    let wanted =
        |key: &str| USUAL.iter().any(|u| u.eq_ignore_ascii_case(key)) || options.keep.iter().any(|k| plain(k) == plain(key));
    let loaded = files::each(&files, &progress, |path| {
        load(path, &hints, &seen).and_then(|content| hold_content(path, content, &hold, &wanted))
    })?;
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
    making.say("files", seen.said(&files));
    if let Some(table) = &options.metadata {
        making.say("metadata_blake3", digest_of(table)?);
    }
    making.say("left_out", failed.len());
    let mut left_out = Vec::new();
    let stored = if options.strict && !failed.is_empty() {
        0
    } else if lists.is_empty() && !curves.is_empty() {
        let asked = Asked { options, axis: asked, table: table.as_ref(), target: &target, making };
        store_curves(curves, asked, &hold, &progress, failed.len(), &mut left_out)?
    } else if !lists.is_empty() {
        store_lists(lists, &hold, options, table.as_ref(), &target, &making)?
    } else {
        0
    };
    failed.extend(left_out);
    progress.clear();
    files::Outcome {
        target: &target,
        files: files.len(),
        stored,
        noun: ("spectrum", "spectra"),
        failed: &failed,
        strict: options.strict,
    }
    .tell(voice)
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
