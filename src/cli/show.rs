//! `striae show`: what a mark, a logo or a spectrum looks like, and why two of them were linked.
//!
//! One item: its specimen and its descriptor. Two: both on one scale, where the comparison laid them, with the part that was compared. The picture of a specimen is made of
//! its file again, by the preparation that the collection records, and only where that file still has the digest that was recorded.

use super::import::mark::{Marking, Specimen};
use super::opened::Opened;
use super::{Refused, Voice, collection, settings, specimen};
use crate::archive::Collection;
use crate::compare::RowSource as _;
use crate::logo::segment::{Segment, Shape};
use crate::metric::Metric as _;
use crate::metric::ccf::{Ccf, Stretched};
use crate::metric::logpolar::LogPolar;
use crate::picture::decode::{self, decode};
use crate::picture::grey::Grey;
use crate::picture::resample::at_most;
use crate::report::plot::{Curve, Figure, Format, Image, Sheet, Style, draw};
use crate::toolmark::texture::shading;
use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// Draws an item, or two where they fit each other
///
/// Of one item: the specimen and its descriptor. Of two: both as they lie beside each other in the comparison, tool-marks shifted by their lag
/// and logos turned, with the part that was compared. Specimens are drawn where their files are still there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae show archive.h5:/toolmarks K1Z1A1N01L1 -o mark.png
  striae show archive.h5:/toolmarks K1Z1A1N01L1 K1Z1A1N02L1 -o pair.svg
  striae show archive.h5:/logos/logpolar seizure-17 seizure-40 --mirror -o logos.png
  striae show archive.h5:/toolmarks A reference.h5:/toolmarks#B -o pair.png")]
pub struct Options {
    /// FILE.h5:/path of the collection
    collection: String,
    /// Id of the item, or its row number as #12
    item: String,
    /// Id of another one; FILE.h5:/path#ID where it is in another collection
    other: Option<String>,
    /// Picture to write: .svg or .png
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Folder where the files of specimens are, if they were moved
    #[arg(long, value_name = "FOLDER")]
    specimens: Option<PathBuf>,
    /// Draw no specimens
    #[arg(long)]
    descriptors_only: bool,
    /// Width of the picture in pixels
    #[arg(long, default_value_t = 1000.0, value_name = "PIXELS")]
    width: f64,
    #[arg(long, default_value_t = 720.0, value_name = "PIXELS")]
    height: f64,
    #[command(flatten)]
    settings: settings::Options,
    /// Settings as a comparison had them, in the place of those above.
    #[arg(skip)]
    resolved: Option<crate::metric::Settings>,
}

impl Options {
    fn resolved(&self, metric: &str, opened: &mut Opened) -> anyhow::Result<crate::metric::Settings> {
        match &self.resolved {
            Some(settings) => Ok(settings.clone()),
            None => self.settings.resolve(metric, opened),
        }
    }
}

/// Two items of collections as a comparison laid them, by their rows: a picture, and why specimens are missing from it.
pub fn pair(a: (&str, usize), b: (&str, usize), settings: &crate::metric::Settings) -> anyhow::Result<(Vec<u8>, Vec<String>)> {
    use clap::Parser as _;
    #[derive(clap::Parser)]
    struct Shown {
        #[command(flatten)]
        options: Options,
    }
    let (item, other) = (format!("#{}", a.1), format!("{}##{}", b.0, b.1));
    let mut options = Shown::try_parse_from(["", a.0, &item, &other, "-o", "pair.svg"])?.options;
    options.resolved = Some(settings.clone());
    drawn(&options, Format::Svg).map(|(bytes, said, _)| (bytes, said))
}

/// One item as it is stored.
struct Item {
    id: String,
    values: Vec<f64>,
    /// Where its first sample lies, and how far apart they are.
    step: f64,
    axis: Option<Vec<f64>>,
    unit: String,
    file: Option<String>,
    digest: Option<String>,
    marking: Option<String>,
    segment: Option<String>,
    value_unit: String,
    descriptor: String,
    angles: Option<usize>,
}

fn item(opened: &mut Collection, wanted: &str) -> anyhow::Result<Item> {
    let name = opened.name();
    let ids = opened.ids()?;
    let row = match (wanted.strip_prefix('#').and_then(|n| n.parse::<usize>().ok()), &ids) {
        (_, Some(ids)) if ids.iter().any(|id| id == wanted) => ids.iter().position(|id| id == wanted),
        (Some(row), _) => Some(row),
        _ => None,
    };
    let rows = opened.rows();
    let Some(row) = row.filter(|r| *r < rows) else {
        let like = ids.as_ref().map_or_else(String::new, |ids| {
            let lower = wanted.to_lowercase();
            let near: Vec<&str> =
                ids.iter().filter(|id| id.to_lowercase().contains(&lower)).take(5).map(String::as_str).collect();
            let some: Vec<&str> = if near.is_empty() { ids.iter().take(3).map(String::as_str).collect() } else { near };
            format!("; there are ids such as {}", some.join(", "))
        });
        return Err(Refused::input(format!("{name} holds no item {wanted:?} among its {rows} rows{like} (#0 is the first row)")));
    };
    let values = match opened.read(row..row + 1)?.widen(crate::matrix::Element::F64) {
        crate::matrix::Values::F64(v) => v,
        crate::matrix::Values::F32(v) => v.into_iter().map(f64::from).collect(),
    };
    let known: Vec<String> = opened.others().iter().map(|(n, _)| n.clone()).collect();
    let mut text = |column: &str| -> anyhow::Result<Option<String>> {
        if !known.iter().any(|k| k == column) {
            return Ok(None);
        }
        Ok(opened.texts_of(column)?.into_iter().nth(row).filter(|t| !t.is_empty()))
    };
    let (file, digest) = (text("file")?, text("digest")?);
    let (axis, unit) = match opened.axis()? {
        Some((axis, unit)) => (Some(axis), unit.unwrap_or_default()),
        None => (None, String::new()),
    };
    let step = axis.as_ref().filter(|a| a.len() > 1).map_or(1.0, |a| (a[a.len() - 1] - a[0]) / (a.len() - 1) as f64);
    let said = |name: &str| opened.attribute(name).unwrap_or_default().to_owned();
    let (value_unit, descriptor) = (said("value_unit"), said("descriptor"));
    let angles = opened.attribute("angles").and_then(|t| t.parse().ok()).filter(|t| *t > 0 && values.len().is_multiple_of(*t));
    Ok(Item {
        id: ids.as_ref().and_then(|ids| ids.get(row).cloned()).unwrap_or_else(|| format!("#{row}")),
        values,
        step: step.abs().max(1e-12),
        axis,
        unit: if unit == "um" { "µm".into() } else { unit },
        file,
        digest,
        marking: opened.note("marking")?,
        segment: opened.note("segment")?,
        value_unit: if value_unit == "um" { "µm".into() } else { value_unit },
        descriptor,
        angles,
    })
}

/// The item's file, if it is there and the same; else why not.
fn bytes(item: &Item, folder: Option<&Path>) -> Result<Vec<u8>, String> {
    let file = item.file.as_ref().ok_or("the collection does not say its file")?;
    specimen::bytes(file, item.digest.as_deref(), folder)
}

/// A picture of a specimen: shades with NaN where nothing was measured.
struct Drawn {
    title: String,
    width: usize,
    shades: Vec<f32>,
    extent: [f64; 4],
    unit: String,
}

impl Drawn {
    fn image(&self) -> Image<'_> {
        Image {
            title: &self.title,
            width: self.width,
            shades: &self.shades,
            extent: self.extent,
            unit: &self.unit,
            outlines: &[],
        }
    }
}

/// The upright surface that a signature was averaged from, its x axis that of the descriptor.
fn upright(item: &Item, folder: Option<&Path>) -> Result<Drawn, String> {
    let marking = item.marking.as_ref().ok_or("the collection does not say how it was prepared")?;
    let bytes = bytes(item, folder)?;
    let marking: Marking = serde_json::from_str(marking).map_err(|e| format!("its preparation cannot be read: {e}"))?;
    let checked = marking.checked().map_err(|e| e.to_string())?;
    let name = Path::new(item.file.as_deref().unwrap_or_default()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (specimen, ..) = checked.specimen(&name, &bytes)?;
    if let (Specimen::Surface(surface), true) = (&specimen, checked.is_pressed()) {
        let relief = checked.relief(surface)?;
        let (w, h) = (relief.width() as f64, relief.height() as f64);
        let title = format!("{}: the pressed surface, between the cut-offs", item.id);
        return Ok(Drawn {
            title,
            width: relief.width(),
            shades: relief.values().to_vec(),
            extent: [0.0, w, 0.0, h],
            unit: String::new(),
        });
    }
    match (&specimen, checked.made(&specimen)) {
        (Specimen::Surface(_), Some(made)) => {
            let made = made?;
            let (sx, sy) = made.upright.spacing_um();
            let start = made.signature.start_um;
            let left = -start - 0.5 * sx;
            let extent = [left, left + made.upright.columns() as f64 * sx, 0.0, made.upright.rows() as f64 * sy];
            let what = format!("{}: upright, between the cut-offs", item.id);
            Ok(Drawn { title: what, width: made.upright.columns(), shades: shading(&made.upright), extent, unit: "µm".into() })
        }
        (Specimen::Picture(picture), _) => Ok(photograph(&item.id, picture)),
        // A profile is its own picture.
        _ => Err(String::new()),
    }
}

fn photograph(id: &str, picture: &Grey) -> Drawn {
    let small = at_most(picture, 1600);
    let extent = [0.0, picture.width() as f64, 0.0, picture.height() as f64];
    Drawn {
        title: format!("{id}: as photographed"),
        width: small.width(),
        shades: small.values().to_vec(),
        extent,
        unit: String::new(),
    }
}

/// What a file's name asks for.
pub fn format(output: &Path) -> anyhow::Result<Format> {
    match output.extension().map(|e| e.to_string_lossy().to_lowercase()).as_deref() {
        Some("svg") => Ok(Format::Svg),
        Some("png") => Ok(Format::Png),
        _ => Err(Refused::usage(format!("-o {}: give a name that ends in .svg or .png", output.display()))),
    }
}

/// The picture, what is missing from it, and the ids of what it shows.
fn drawn(options: &Options, format: Format) -> anyhow::Result<(Vec<u8>, Vec<String>, Vec<String>)> {
    let mut first = collection::open(&options.collection)?;
    let a = item(&mut first, &options.item)?;
    let b = match &options.other {
        None => None,
        Some(other) => match other.split_once('#').filter(|(address, _)| !address.is_empty()) {
            Some((address, id)) => Some(item(&mut collection::open(address)?, id)?),
            None => Some(item(&mut first, other)?),
        },
    };
    let mut opened = Opened::from(first);
    let mut said = Vec::new();
    let bytes = match (&b, a.angles, a.descriptor.as_str()) {
        (Some(b), Some(_), _) => logos(&a, b, options, &mut opened, format, &mut said)?,
        (None, Some(angles), _) => logo(&a, angles, options, format, &mut said)?,
        (Some(b), None, _) => marks(&a, b, options, &mut opened, format, &mut said)?,
        (None, None, _) => mark(&a, options, format, &mut said)?,
    };
    Ok((bytes, said, std::iter::once(a.id).chain(b.map(|b| b.id)).collect()))
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let (bytes, said, ids) = drawn(options, format(&options.output)?)?;
    std::fs::write(&options.output, bytes).with_context(|| format!("cannot write {}", options.output.display()))?;
    for line in said.iter().filter(|_| !voice.quiet) {
        eprintln!("striae: no specimen of {line}");
    }
    if voice.json {
        println!("{}", serde_json::json!({ "output": options.output.display().to_string(), "items": ids }));
    } else if !voice.quiet {
        println!("drawn     {}", options.output.display());
    }
    Ok(())
}

/// What is measured of a row, and where that begins.
fn measured(values: &[f64]) -> (usize, &[f64]) {
    let first = values.iter().position(|v| !v.is_nan()).unwrap_or(0);
    let last = values.iter().rposition(|v| !v.is_nan()).map_or(first, |i| i + 1);
    (first, &values[first..last])
}

fn titles(item: &Item) -> (String, String) {
    let axis = match item.unit.as_str() {
        "" => "Sample".to_owned(),
        "µm" => "Position (µm)".to_owned(),
        unit => unit.to_owned(),
    };
    let value = match (item.descriptor.as_str(), item.value_unit.as_str()) {
        ("shades", _) => "Shade (relative)".to_owned(),
        ("texture", _) => "Texture (LBP, then HOG)".to_owned(),
        (_, "") => "Value".to_owned(),
        ("heights", unit) => format!("Height ({unit})"),
        (_, unit) => format!("Value ({unit})"),
    };
    (axis, value)
}

fn specimens(items: &[&Item], options: &Options, said: &mut Vec<String>) -> Vec<Drawn> {
    if options.descriptors_only {
        return Vec::new();
    }
    let found =
        items.iter().filter(|i| i.file.is_some() && i.marking.is_some()).map(|i| (i, upright(i, options.specimens.as_deref())));
    found
        .filter_map(|(i, drawn)| match drawn {
            Ok(drawn) => Some(drawn),
            Err(why) => {
                said.extend((!why.is_empty()).then(|| format!("{}: {why}", i.id)));
                None
            }
        })
        .collect()
}

fn style<'a>(options: &Options, title: &'a str) -> Style<'a> {
    Style { width: options.width, height: options.height, title, ..Style::default() }
}

fn mark(a: &Item, options: &Options, format: Format, said: &mut Vec<String>) -> anyhow::Result<Vec<u8>> {
    let drawn = specimens(&[a], options, said);
    let images: Vec<Image<'_>> = drawn.iter().map(Drawn::image).collect();
    let aligned = drawn.iter().all(|d| !d.unit.is_empty());
    let (axis_title, value_title) = titles(a);
    let (from, values) = measured(&a.values);
    let start = a.axis.as_ref().map_or(0.0, |axis| axis[0]) + from as f64 * a.step;
    let curves = [Curve { name: &a.id, from: start, step: a.step, values }];
    let note = format!(
        "{} samples, {} {} long",
        values.len(),
        short(values.len() as f64 * a.step),
        if a.unit.is_empty() { "samples" } else { &a.unit }
    );
    let sheet = Sheet {
        images: &images,
        aligned,
        curves: &curves,
        axis_title: &axis_title,
        value_title: &value_title,
        overlap: None,
        note: &note,
    };
    Ok(draw(&Figure::Sheet(&sheet), &style(options, &a.id), format)?)
}

/// A number with as many digits as are read.
fn short(x: f64) -> String {
    if x.abs() >= 100.0 { format!("{x:.0}") } else { format!("{x:.1}") }
}

fn marks(
    a: &Item,
    b: &Item,
    options: &Options,
    opened: &mut Opened,
    format: Format,
    said: &mut Vec<String>,
) -> anyhow::Result<Vec<u8>> {
    if a.unit != b.unit || (a.step / b.step - 1.0).abs() > 1e-3 {
        return Err(Refused::input(format!(
            "{} has samples every {} {}, {} every {} {}: bring both to one spacing (striae import … --spacing)",
            a.id, a.step, a.unit, b.id, b.step, b.unit
        )));
    }
    let lagged = a.descriptor == "heights"
        || a.descriptor == "shades"
        || a.values.iter().chain(&b.values).any(|v| v.is_nan())
        || a.unit == "µm";
    let (axis_title, value_title) = titles(a);
    let title = format!("{} and {}", a.id, b.id);
    if !lagged {
        let curves = [
            Curve { name: &a.id, from: a.axis.as_ref().map_or(0.0, |x| x[0]), step: a.step, values: &a.values },
            Curve { name: &b.id, from: b.axis.as_ref().map_or(0.0, |x| x[0]), step: b.step, values: &b.values },
        ];
        let sheet = Sheet {
            images: &[],
            aligned: false,
            curves: &curves,
            axis_title: &axis_title,
            value_title: &value_title,
            overlap: None,
            note: "",
        };
        return Ok(draw(&Figure::Sheet(&sheet), &style(options, &title), format)?);
    }
    let settings = options.resolved("ccf", opened)?;
    let ccf =
        Ccf::new(settings.max_lag, settings.min_overlap, &settings.stretch, settings.stretch_side).map_err(Refused::usage)?;
    for item in [a, b] {
        ccf.measure(crate::matrix::Row::F64(&item.values)).map_err(|e| Refused::input(format!("{}: {e}", item.id)))?;
    }
    let (score, at) = ccf.align(&a.values, &b.values);
    let ((_, x), (_, y)) = (measured(&a.values), measured(&b.values));
    // As the comparison stretched them: a factor below 1 stretches a, unless only the reference is stretched.
    let (sa, sb) =
        if at.stretch < 1.0 && settings.stretch_side == Stretched::Both { (1.0 / at.stretch, 1.0) } else { (1.0, at.stretch) };
    let (step_a, step_b) = (a.step * sa, b.step * sb);
    let shift = at.lag as f64 * a.step;
    // Means of the part that was compared are taken off: correlation does not see them.
    let (ca, cb) = ccf.aligned(&a.values, &b.values, &at);
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len().max(1) as f64;
    let (ma, mb) = (mean(&ca), mean(&cb));
    let (xa, yb): (Vec<f64>, Vec<f64>) = (x.iter().map(|v| v - ma).collect(), y.iter().map(|v| v - mb).collect());
    let from = at.lag.max(0) as f64 * a.step;
    let overlap = (from, from + (at.overlap.max(1) - 1) as f64 * a.step);
    let curves = [
        Curve { name: &a.id, from: 0.0, step: step_a, values: &xa },
        Curve { name: &b.id, from: shift, step: step_b, values: &yb },
    ];
    let mut drawn = specimens(&[a, b], options, said);
    if let [first, second] = &mut drawn[..] {
        for (drawn, stretch, shift) in [(first, sa, 0.0), (second, sb, shift)] {
            drawn.extent[0] = shift + stretch * drawn.extent[0];
            drawn.extent[1] = shift + stretch * drawn.extent[1];
        }
    }
    let both = drawn.len() == 2 && drawn.iter().all(|d| !d.unit.is_empty());
    let images: Vec<Image<'_>> = drawn.iter().map(Drawn::image).collect();
    let unit = if a.unit.is_empty() { String::new() } else { format!(" ({} {})", short(shift), a.unit) };
    let stretch = if at.stretch == 1.0 {
        String::new()
    } else {
        format!(", the {} stretched by {:.3}", if sa > 1.0 { "first" } else { "second" }, sa * sb)
    };
    let note = format!("ccf {score:.4} at lag {} samples{unit}{stretch}, {} samples compared", at.lag, at.overlap);
    let sheet = Sheet {
        images: &images,
        aligned: both,
        curves: &curves,
        axis_title: &axis_title,
        value_title: &value_title,
        overlap: Some(overlap),
        note: &note,
    };
    Ok(draw(&Figure::Sheet(&sheet), &style(options, &title), format)?)
}

/// The segmented shape of a logo's file, and the picture itself.
fn shape(item: &Item, options: &Options) -> Result<(Grey, Shape), String> {
    let bytes = bytes(item, options.specimens.as_deref())?;
    let picture = decode(&bytes, &decode::Limits::default()).map_err(|e| e.to_string())?;
    let segment = match &item.segment {
        Some(text) => {
            super::import::logos::Cutting::segment_of(text).map_err(|e| format!("its preparation cannot be read: {e}"))?
        }
        None => Segment::default(),
    };
    let shape = segment.find(&picture).map_err(|e| e.to_string())?;
    Ok((picture, shape))
}

/// A log-polar image, from black at its smallest number to white at its largest: angles across, rings from the middle downwards.
fn rings(title: String, values: &[f64], angles: usize) -> Drawn {
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let scale = if high > low { 1.0 / (high - low) } else { 0.0 };
    let shades = values.iter().map(|v| ((v - low) * scale) as f32).collect();
    let n = values.len() / angles;
    Drawn { title, width: angles, shades, extent: [0.0, angles as f64, 0.0, n as f64], unit: String::new() }
}

fn patch(title: String, grey: &Grey) -> Drawn {
    let (w, h) = (grey.width() as f64, grey.height() as f64);
    Drawn { title, width: grey.width(), shades: grey.values().to_vec(), extent: [0.0, w, 0.0, h], unit: String::new() }
}

fn logo(a: &Item, angles: usize, options: &Options, format: Format, said: &mut Vec<String>) -> anyhow::Result<Vec<u8>> {
    let mut drawn = Vec::new();
    if !options.descriptors_only && a.file.is_some() {
        match shape(a, options) {
            Ok((picture, shape)) => {
                drawn.push(photograph(&a.id, &picture));
                drawn.push(patch("the shape, in its place".into(), shape.patch()));
            }
            Err(why) => said.push(format!("{}: {why}", a.id)),
        }
    }
    drawn.push(rings("log-polar: angles across, rings downwards".into(), &a.values, angles));
    let images: Vec<Image<'_>> = drawn.iter().map(Drawn::image).collect();
    let sheet = Sheet { images: &images, aligned: false, curves: &[], axis_title: "", value_title: "", overlap: None, note: "" };
    Ok(draw(&Figure::Sheet(&sheet), &style(options, &a.id), format)?)
}

fn logos(
    a: &Item,
    b: &Item,
    options: &Options,
    opened: &mut Opened,
    format: Format,
    said: &mut Vec<String>,
) -> anyhow::Result<Vec<u8>> {
    let settings = options.resolved("logpolar", opened)?;
    let metric = LogPolar::new(settings.angles, settings.mirror).map_err(Refused::usage)?;
    for item in [a, b] {
        metric.measure(crate::matrix::Row::F64(&item.values)).map_err(|e| Refused::input(format!("{}: {e}", item.id)))?;
    }
    if a.values.len() != b.values.len() {
        return Err(Refused::input(format!("{} has {} numbers and {} has {}", a.id, a.values.len(), b.id, b.values.len())));
    }
    let angles = settings.angles.or(a.angles).unwrap_or(a.values.len());
    let (score, turn) = metric.align(&a.values, &b.values);
    let how = if turn.mirrored { "mirrored and turned" } else { "turned" };
    let mut drawn = Vec::new();
    if !options.descriptors_only && a.file.is_some() && b.file.is_some() {
        match (shape(a, options), shape(b, options)) {
            (Ok((_, x)), Ok((_, y))) => {
                drawn.push(patch(a.id.clone(), x.patch()));
                drawn.push(patch(
                    format!("{}, {how} by {:.0}°", b.id, turn.degrees),
                    &turned(y.patch(), turn.degrees, turn.mirrored),
                ));
            }
            (x, y) => {
                let why = [(a, x), (b, y)].into_iter().filter_map(|(i, r)| r.err().map(|e| format!("{}: {e}", i.id)));
                said.extend(why);
            }
        }
    }
    drawn.push(rings(format!("{}: log-polar", a.id), &a.values, angles));
    drawn.push(rings(format!("{}: {how}", b.id), &metric.aligned(&b.values, &turn), angles));
    let images: Vec<Image<'_>> = drawn.iter().map(Drawn::image).collect();
    let note = format!("logpolar {score:.4}: {} {how} by {:.1}°", b.id, turn.degrees);
    let sheet =
        Sheet { images: &images, aligned: false, curves: &[], axis_title: "", value_title: "", overlap: None, note: &note };
    Ok(draw(&Figure::Sheet(&sheet), &style(options, &format!("{} and {}", a.id, b.id)), format)?)
}

/// A patch turned about its middle from x to y, mirrored (y → −y) before if told: as its log-polar image was.
fn turned(patch: &Grey, degrees: f64, mirrored: bool) -> Grey {
    let (sin, cos) = libm::sincos(degrees.to_radians());
    let (cx, cy) = ((patch.width() as f64 - 1.0) / 2.0, (patch.height() as f64 - 1.0) / 2.0);
    let mut values = Vec::with_capacity(patch.values().len());
    for r in 0..patch.height() {
        for c in 0..patch.width() {
            let (x, y) = (c as f64 - cx, r as f64 - cy);
            // Back by the turn, then back through the mirror.
            let (u, v) = (cos * x + sin * y, -sin * x + cos * y);
            let v = if mirrored { -v } else { v };
            let inside = u.abs() <= cx && v.abs() <= cy;
            values.push(if inside { crate::picture::resample::bilinear(patch, cx + u, cy + v) as f32 } else { 0.0 });
        }
    }
    Grey::new(patch.width(), patch.height(), values).unwrap_or_else(|| patch.clone())
}
