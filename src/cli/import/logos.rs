//! `striae import logos`: photographs of stamped logos, and silhouettes, as rows that describe their shape.

use super::files;
use super::hold::{Held, Hold};
use super::known::{ById, Found, USUAL, columns, metadata_table};
use crate::archive::new_collection::Plan;
use crate::archive::{Address, NewCollection};
use crate::cli::making::{self, Making, Seen};
use crate::cli::progress::Progress;
use crate::cli::{Refused, Voice, memory};
use crate::compare::Observer as _;
use crate::logo::descriptor::{Descriptor, Extractor};
use crate::logo::segment::{Holes, Move, Polarity, Segment, Threshold};
use crate::matrix::{Element, Values};
use crate::picture::decode::{self, decode};
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Bytes of rows that are written together.
const PIECE: usize = 8 << 20;
/// Columns of numbers beside the rows: what was found on the way.
const QUALITIES: [&str; 4] = ["area_share", "contrast", "parts", "light_on_dark"];

/// Logos: photographs of stamps, or silhouettes
///
/// The stamped shape is cut out of each picture (even light, threshold, largest parts) and brought to one place and size; what is computed of it does not
/// depend on where it lay, how large it was, or how it was turned. One collection a descriptor: NAME/shape and NAME/logpolar unless told, or NAME itself where one is asked
/// for. Compare shape, zernike, hu, contour and fourier by euclidean, logpolar by logpolar, hog by cosine, phash by hamming, lbp by chi2. A picture in which nothing
/// stands out is left out and listed at the end; with --strict nothing is written then.
#[derive(Debug, clap::Args, serde::Serialize)]
#[command(after_help = "Examples:
  striae import logos photographs/*.jpg -o archive.h5
  striae import logos stamps/ --descriptor zernike,logpolar,phash -o archive.h5
  striae compare archive.h5:/logos/logpolar --metric logpolar --mirror --top-k 20 -o links.h5")]
pub struct Options {
    /// Files (PNG, JPEG, GIF, BMP, TIFF, PNM, WebP), or folders of files
    #[arg(required = true)]
    #[serde(skip)]
    files: Vec<PathBuf>,
    /// Archive to write; one that is there is added to
    #[arg(long, short)]
    #[serde(skip)]
    output: PathBuf,
    #[arg(long, value_name = "NAME", default_value = "logos")]
    #[serde(skip)]
    collection: String,
    /// Replace collections that are there
    #[arg(long)]
    #[serde(skip)]
    overwrite: bool,
    /// What to compute: shape (the best single row), logpolar, zernike, hu, fourier, contour, hog, phash, lbp
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "shape,logpolar")]
    descriptor: Vec<String>,
    // Stands with the collection as the text `segment`.
    #[serde(skip)]
    #[command(flatten)]
    cutting: Cutting,
    /// Queries of which a part may be covered: store each in 41 placements that undo a cover from every side (id~1 … id~40); of their scores the
    /// best counts. Compare them with an archive that was imported without
    #[arg(long)]
    covered: bool,
    /// A regular expression whose named groups become columns: what they find in the file's name, such as '(?<exhibit>[^_]+)_'
    #[arg(long, value_name = "REGEX")]
    columns: Option<String>,
    /// CSV with a column id and further ones (exhibit, source, case, …), one row a picture
    #[arg(long, value_name = "FILE.csv")]
    #[serde(skip)]
    metadata: Option<PathBuf>,
    /// Write nothing if a picture gives no row
    #[arg(long)]
    strict: bool,
    /// Most memory to use beside the files that are being read; what it does not hold waits in a file beside the output
    #[arg(long, default_value = "2GiB", value_name = "SIZE", value_parser = memory::parse)]
    #[serde(skip)]
    memory: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
enum Ground {
    /// Told by the frame of the picture
    Auto,
    /// The shape is dark on light ground
    Light,
    /// The shape is light on dark ground
    Dark,
}

/// How the shape is cut out.
#[derive(Clone, Debug, clap::Args, serde::Serialize, serde::Deserialize)]
#[serde(default)]
#[command(next_help_heading = "How the shape is cut out")]
pub struct Cutting {
    /// The ground that the shape stands on
    #[arg(long, value_enum, default_value = "auto")]
    ground: Ground,
    /// Threshold of each place's own surroundings instead of one for all, for grounds of many shades
    #[arg(long)]
    local_threshold: bool,
    /// Fill holes of the shape
    #[arg(long)]
    fill_holes: bool,
    /// Parts below this share of the largest are left out; 1 keeps the largest alone
    #[arg(long, default_value_t = 0.02, value_name = "SHARE")]
    keep_parts: f64,
    /// Least distance of shape and ground, in spreads of their shades
    #[arg(long, default_value_t = 4.0, value_name = "SPREADS")]
    least_contrast: f64,
}

impl Default for Cutting {
    fn default() -> Self {
        crate::cli::usual()
    }
}

impl Cutting {
    fn segment(&self) -> anyhow::Result<Segment> {
        if !(0.0..=1.0).contains(&self.keep_parts) {
            return Err(Refused::usage(format!("--keep-parts {}: allowed are shares from 0 to 1", self.keep_parts)));
        }
        if !(self.least_contrast >= 0.0 && self.least_contrast.is_finite()) {
            return Err(Refused::usage(format!("--least-contrast {}: allowed are numbers of 0 and more", self.least_contrast)));
        }
        Ok(Segment {
            threshold: if self.local_threshold { Threshold::Local { window: 0.25, offset: 1.0 } } else { Threshold::Otsu },
            polarity: match self.ground {
                Ground::Auto => None,
                Ground::Light => Some(Polarity::DarkOnLight),
                Ground::Dark => Some(Polarity::LightOnDark),
            },
            keep: self.keep_parts,
            holes: if self.fill_holes { Holes::Fill } else { Holes::Keep },
            least_contrast: self.least_contrast,
            ..Segment::default()
        })
    }

    /// As a collection records it.
    pub fn segment_of(text: &str) -> anyhow::Result<Segment> {
        serde_json::from_str::<Self>(text)?.segment()
    }
}

/// Rows of a picture that wait, one a descriptor.
struct Waiting {
    rows: Vec<Held>,
    qualities: [f64; QUALITIES.len()],
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let files = files::all(&options.files)?;
    let segment = options.cutting.segment()?;
    let pattern = options.columns.as_deref().map(super::known::pattern).transpose()?;
    let mut descriptors = Vec::new();
    for name in &options.descriptor {
        let descriptor = Descriptor::named(name.trim()).ok_or_else(|| {
            let all: Vec<&str> = Descriptor::ALL.iter().map(|d| d.name()).collect();
            Refused::usage(format!("--descriptor {name}: allowed are {}", all.join(", ")))
        })?;
        if !descriptors.contains(&descriptor) {
            descriptors.push(descriptor);
        }
    }
    let extractor = Extractor::new(segment.side)?;
    let table = options.metadata.as_deref().map(metadata_table).transpose()?;
    super::known::refuse_taken(pattern.as_ref(), table.as_ref(), &[], &QUALITIES)?;
    let name = options.collection.trim_matches('/');
    let target = |descriptor: Option<Descriptor>| {
        let inner = descriptor.map_or_else(|| format!("/{name}"), |d| format!("/{name}/{}", d.name()));
        Address { file: options.output.clone(), inner: Some(inner) }
    };
    let targets: Vec<Address> = descriptors.iter().map(|d| target((descriptors.len() > 1).then_some(*d))).collect();
    files::target(&options.output, name)?;
    files::refuse_there(&targets, options.overwrite)?;
    let (mut making, seen) = (Making::new(serde_json::to_value(options)?), Seen::default());
    let progress = Progress::new(voice.quiet || voice.json);
    let hold = Hold::new(files::room(options.memory)? / 2, options.output.parent().unwrap_or_else(|| Path::new(".")));
    let load = |path: &Path| -> Result<Vec<Found<Waiting>>, String> {
        let (bytes, digest) = files::seen(path, &seen)?;
        let picture = decode(&bytes, &decode::Limits::default()).map_err(|e| e.to_string())?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut metadata = BTreeMap::from([("digest".to_owned(), digest.to_hex().to_string())]);
        drop(bytes);
        if let Some(pattern) = &pattern {
            super::known::named_groups(pattern, &stem, &mut metadata)?;
        }
        if options.covered {
            metadata.entry("picture".into()).or_insert_with(|| stem.clone());
        }
        let moves = if options.covered { Move::covers() } else { vec![Move::NONE] };
        let shapes = segment.find_moved(&picture, &moves).map_err(|e| e.to_string())?;
        let each = shapes.iter().enumerate().map(|(n, shape)| {
            let mut rows = Vec::new();
            for &descriptor in &descriptors {
                let row = extractor.of(shape, descriptor).map_err(|e| e.to_string())?;
                let row = row.into_iter().map(f64::from).collect();
                rows.push(hold.keep(row).map_err(|e| format!("its numbers cannot be kept in a file beside the output: {e}"))?);
            }
            let found = shape.found();
            let light = f64::from(u8::from(found.polarity == Polarity::LightOnDark));
            let qualities = [found.area_share, found.contrast, found.parts as f64, light];
            let id = if n == 0 { stem.clone() } else { format!("{stem}~{n}") };
            let what = Waiting { rows, qualities };
            Ok(Found { id, file: path.display().to_string(), name: String::new(), metadata: metadata.clone(), what })
        });
        each.collect()
    };
    let loaded = files::each(&files, &progress, load)?;
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for (path, row) in files.iter().zip(loaded) {
        match row {
            Ok(rows) => found.extend(rows),
            Err(why) => failed.push((path.display().to_string(), why)),
        }
    }
    making.say("files", seen.said(&files));
    if let Some(table) = &options.metadata {
        making.say("metadata_blake3", super::known::digest_of(table)?);
    }
    making.say("left_out", failed.len());
    let mut stored = 0;
    if !(found.is_empty() || (options.strict && !failed.is_empty())) {
        let mut keep = vec!["digest".to_owned()];
        keep.extend(options.covered.then(|| "picture".to_owned()));
        keep.extend(pattern.iter().flat_map(regex::Regex::capture_names).flatten().map(str::to_owned));
        keep.retain(|k| !USUAL.contains(&k.as_str()));
        let known = columns(&mut found, &keep, table.as_ref() as Option<&ById>)?;
        for (k, &descriptor) in descriptors.iter().enumerate() {
            let target = target((descriptors.len() > 1).then_some(descriptor));
            store(&found, k, descriptor, &extractor, &known, options, &target, &hold, &progress, &making)?;
        }
        stored = found.len();
    }
    progress.clear();
    let target = target(descriptors.first().copied().filter(|_| descriptors.len() > 1));
    files::Outcome {
        target: &target,
        files: files.len(),
        stored,
        noun: ("logo", "logos"),
        failed: &failed,
        strict: options.strict,
    }
    .tell(voice)?;
    if !voice.quiet && !voice.json && descriptors.len() > 1 {
        for descriptor in &descriptors[1..] {
            println!("stored    {}:/{name}/{}", options.output.display(), descriptor.name());
        }
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "the steps of one command share what they work on")]
fn store(
    found: &[Found<Waiting>],
    k: usize,
    descriptor: Descriptor,
    extractor: &Extractor,
    known: &[(String, Vec<String>)],
    options: &Options,
    target: &Address,
    hold: &Hold,
    progress: &Progress,
    making: &Making,
) -> anyhow::Result<()> {
    let labels = extractor.labels(descriptor);
    let width = labels.len();
    let mut attributes = vec![
        ("made_by".to_owned(), concat!("striae import logos ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("descriptor".to_owned(), descriptor.name().to_owned()),
        ("compare_by".to_owned(), descriptor.metric().to_owned()),
    ];
    if descriptor == Descriptor::LogPolar {
        attributes.push(("angles".into(), extractor.rings().angles.to_string()));
    }
    let numbers =
        QUALITIES.iter().enumerate().map(|(q, name)| ((*name).to_owned(), found.iter().map(|f| f.what.qualities[q]).collect()));
    let plan = Plan {
        rows: found.len(),
        width,
        features: Some(labels),
        columns: known.to_vec(),
        numbers: numbers.collect(),
        attributes,
        later: vec![(making::NAME.into(), making.room())],
        texts: vec![("segment".into(), serde_json::to_string(&options.cutting)?)],
        ..Plan::default()
    };
    let writer = NewCollection::create(target, Element::F32, &plan, options.overwrite)?;
    progress.phase("write", found.len() as u64);
    let step = (PIECE / (8 * width)).max(1);
    for (n, part) in found.chunks(step).enumerate() {
        let mut values: Vec<f32> = Vec::with_capacity(part.len() * width);
        for f in part {
            let row = hold.get(&f.what.rows[k]).context("cannot read back what was held beside the output")?;
            values.extend(row.iter().map(|v| *v as f32));
        }
        writer.put(n * step, &Values::F32(values))?;
        progress.advance((n * step + part.len()) as u64)?;
    }
    writer.note(making::NAME, &making.text())?;
    Ok(writer.finish()?)
}
