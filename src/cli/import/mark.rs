//! From a file to the rows that describe its mark: what kind of file it is, how its mark is prepared, and how good that is.

use crate::cli::Refused;
use crate::cli::length::{micrometres, rectangle};
use crate::picture::decode::{self, decode};
use crate::picture::grey::Grey;
use crate::toolmark::level::Form;
use crate::toolmark::photograph::{self, Shading};
use crate::toolmark::profile::{self, Hints};
use crate::toolmark::signature::{Along, Average, Made, Options as Preparation, signature};
use crate::toolmark::surface::Surface;
use crate::toolmark::texture::texture;
use crate::toolmark::unit::LengthUnit;
use crate::toolmark::x3p::{self, Checksums};
use std::collections::BTreeMap;

/// Columns of numbers that say how good a row is; NaN where one does not apply.
pub const QUALITIES: [&str; 10] = [
    "missing_share",
    "length_um",
    "contrast",
    "angle_deg",
    "coverage",
    "bridged_share",
    "spikes",
    "rms",
    "striated_share",
    "coherence",
];

/// A row, and what is known of it.
pub struct Mark {
    pub values: Vec<f64>,
    /// Distance of samples in µm.
    pub spacing: Option<f64>,
    pub start: f64,
    pub unit: &'static str,
    /// heights, shades, texture.
    pub kind: &'static str,
    /// What is added to the id of a further reading of a photograph.
    pub reading: &'static str,
    pub qualities: [f64; QUALITIES.len()],
    pub metadata: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
enum What {
    /// Striations: a profile across them
    Striated,
    /// A pressed surface without striations: its texture
    Pressed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
enum Axis {
    /// Along which heights differ more
    Auto,
    X,
    Y,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
enum Mean {
    Mean,
    Median,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
enum Strictness {
    /// A wrong or missing MD5 is a warning
    Lenient,
    /// It leaves the file out
    Strict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
enum Shades {
    /// As seen: the slope across the striations
    AsSeen,
    /// Summed up to heights
    Height,
    /// Their size, whatever side the light came from
    Absolute,
}

/// How marks are prepared.
/// Recorded with a collection: what an older version did not know has its usual value.
#[derive(Clone, Debug, clap::Args, serde::Serialize, serde::Deserialize)]
#[serde(default)]
#[command(next_help_heading = "How marks are prepared")]
pub struct Marking {
    /// What the tool left
    #[arg(long, value_enum, default_value = "striated")]
    mark: What,
    /// Part of a surface to look at, from its first point: x0..x1,y0..y1 in µm (pixels of a photograph without --scale)
    #[arg(long, value_name = "X0..X1,Y0..Y1")]
    crop: Option<String>,
    /// Leave out annotated regions of an X3P mask: all, or those named (break-off,left groove)
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    mask_out: Vec<String>,
    /// Which way the signature runs, across the striations
    #[arg(long, value_enum, default_value = "auto")]
    along: Axis,
    /// Form that is taken off: none, plane, sphere, poly2 … poly6
    #[arg(long, default_value = "plane", value_name = "FORM")]
    level: String,
    /// Points that stand out so many robust standard deviations along the striation count as missing; none keeps all
    #[arg(long, default_value = "8", value_name = "K")]
    spikes: String,
    /// Cut-off of the Gaussian high-pass (ISO 16610-21, σ = 0.1874 λ), or none
    #[arg(long, default_value = "250um", value_name = "LENGTH")]
    highpass: String,
    /// Cut-off of the Gaussian low-pass, or none
    #[arg(long, default_value = "5um", value_name = "LENGTH")]
    lowpass: String,
    /// How far striations may lean, in degrees; 0 leaves them as they lie
    #[arg(long, default_value_t = 10.0, value_name = "DEGREES")]
    max_lean: f64,
    /// What becomes of the heights along a striation
    #[arg(long, value_enum, default_value = "mean")]
    average: Mean,
    /// Least share of the points along a striation that must be measured
    #[arg(long, default_value_t = 0.1, value_name = "SHARE")]
    least_share: f64,
    /// Longest gap of a signature that is bridged; at a longer one it is cut
    #[arg(long, default_value = "20um", value_name = "LENGTH")]
    bridge: String,
    /// Least striation contrast: the share of the band's variance that the signature explains
    #[arg(long, default_value_t = 0.1, value_name = "SHARE")]
    least_contrast: f64,
    /// Distance of samples of the collection; the coarsest of its files unless given
    #[arg(long, value_name = "LENGTH")]
    spacing: Option<String>,
    /// Level and band-pass profiles too, which are taken as they are unless told
    #[arg(long)]
    filter_profiles: bool,
    /// Unit of heights, where files say none or the wrong one: m, mm, um, nm
    #[arg(long, value_name = "UNIT")]
    height_unit: Option<String>,
    /// Scale of photographs (length of a pixel), distance of points of files that say none
    #[arg(long, value_name = "LENGTH")]
    scale: Option<String>,
    /// Photographs: where the light came from, clockwise from the right (90 is from below), which settles rise and fall
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true)]
    light: Option<f64>,
    /// Photographs: what the numbers are
    #[arg(long, value_enum, default_value = "as-seen")]
    shades: Shades,
    /// Photographs: store every reading that another photograph of the mark may have (turned by 180°; light from the other side)
    #[arg(long)]
    readings: bool,
    /// X3P: what a wrong or missing MD5 does
    #[arg(long, value_enum, default_value = "lenient")]
    checksums: Strictness,
}

/// The same, checked.
pub struct Checked {
    what: What,
    preparation: Preparation,
    plain: Preparation,
    least_contrast: f64,
    mask_out: Vec<String>,
    height_unit: Option<LengthUnit>,
    scale_um: Option<f64>,
    photograph: photograph::Options,
    crop: Option<[f64; 4]>,
    readings: bool,
    checksums: Checksums,
}

impl Default for Marking {
    fn default() -> Self {
        crate::cli::usual()
    }
}

impl Marking {
    pub fn checked(&self) -> anyhow::Result<Checked> {
        let level = Form::by_name(&self.level)
            .ok_or_else(|| Refused::usage(format!("--level {}: allowed are none, plane, sphere, poly2 … poly6", self.level)))?;
        let or_none = |option: &str, text: &str| if text == "none" { Ok(None) } else { micrometres(option, text).map(Some) };
        let spikes = match self.spikes.as_str() {
            "none" => None,
            text => {
                Some(text.parse().map_err(|_| Refused::usage(format!("--spikes {text}: give a number of 1 or more, or none")))?)
            }
        };
        let height_unit = self
            .height_unit
            .as_deref()
            .map(|t| LengthUnit::named(t).ok_or_else(|| Refused::usage(format!("--height-unit {t}: allowed are m, mm, um, nm"))))
            .transpose()?;
        let crop = self.crop.as_deref().map(|t| rectangle("--crop", t)).transpose()?;
        let scale_um = self.scale.as_deref().map(|t| micrometres("--scale", t)).transpose()?;
        let spacing_um = self.spacing.as_deref().map(|t| micrometres("--spacing", t)).transpose()?;
        if !(0.0..=1.0).contains(&self.least_contrast) {
            return Err(Refused::usage(format!("--least-contrast {}: allowed are shares from 0 to 1", self.least_contrast)));
        }
        let preparation = Preparation {
            crop_um: crop,
            along: match self.along {
                Axis::Auto => Along::Auto,
                Axis::X => Along::X,
                Axis::Y => Along::Y,
            },
            level,
            spikes,
            highpass_um: or_none("--highpass", &self.highpass)?,
            lowpass_um: or_none("--lowpass", &self.lowpass)?,
            most_lean_deg: (self.max_lean != 0.0).then_some(self.max_lean),
            average: match self.average {
                Mean::Mean => Average::Mean,
                Mean::Median => Average::Median,
            },
            least_share: self.least_share,
            bridge_um: if self.bridge.trim_end_matches(char::is_alphabetic).trim() == "0" {
                0.0
            } else {
                micrometres("--bridge", &self.bridge)?
            },
            spacing_um,
            ..Preparation::default()
        };
        preparation.check().map_err(|e| Refused::usage(e.to_string()))?;
        let profiles =
            Preparation { level: Form::None, spikes: None, most_lean_deg: None, least_share: 0.0, ..preparation.clone() };
        let plain = if self.filter_profiles { profiles } else { Preparation { highpass_um: None, lowpass_um: None, ..profiles } };
        if let Some(light) = self.light.filter(|l| !(-360.0..=360.0).contains(l)) {
            return Err(Refused::usage(format!("--light {light}: allowed are -360 to 360 degrees")));
        }
        let photograph = photograph::Options {
            // Of coarse pictures more is flattened, since four pixels are the least.
            illumination: scale_um.filter(|s| *s > 25.0).map(|s| 4.0 * s),
            um_per_px: scale_um,
            light_deg: self.light,
            shading: match self.shades {
                Shades::AsSeen => Shading::AsSeen,
                Shades::Height => Shading::Height,
                Shades::Absolute => Shading::Absolute,
            },
            spacing: spacing_um.filter(|_| scale_um.is_some()),
            ..photograph::Options::default()
        };
        Ok(Checked {
            what: self.mark,
            preparation,
            plain,
            least_contrast: self.least_contrast,
            mask_out: self.mask_out.clone(),
            height_unit,
            scale_um,
            photograph,
            crop,
            readings: self.readings,
            checksums: if self.checksums == Strictness::Strict { Checksums::Strict } else { Checksums::Lenient },
        })
    }
}

/// What a file is by its first bytes.
pub fn is_picture(bytes: &[u8]) -> bool {
    let starts: [&[u8]; 8] = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"P5", b"P6"];
    starts.iter().any(|s| bytes.starts_with(s)) || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
}

/// A specimen, what its file says of it, and what was odd about the file.
pub type Said = (Specimen, BTreeMap<String, String>, Vec<String>);

/// What was read of a file before its mark is described.
pub enum Specimen {
    Surface(Surface),
    /// One line.
    Profile(Surface),
    Picture(Grey),
}

impl Checked {
    pub fn preparation(&self) -> &Preparation {
        &self.preparation
    }

    pub fn spacing_um(&self) -> Option<f64> {
        self.preparation.spacing_um
    }

    /// What is in a file, its metadata, and what was odd about it.
    pub fn specimen(&self, name: &str, bytes: &[u8]) -> Result<Said, String> {
        if bytes.starts_with(b"PK") {
            let options = x3p::Options { checksums: self.checksums, height_unit: self.height_unit, ..x3p::Options::default() };
            let found = x3p::read(bytes, &options).map_err(|e| e.to_string())?;
            let mut warnings = found.warnings;
            let all = self.mask_out.iter().any(|m| m == "all");
            let surface = match &found.annotation {
                Some(annotation) if !self.mask_out.is_empty() => {
                    warnings.extend(self.unknown_regions(annotation));
                    annotation.excluded(&found.surface, |region| {
                        all || self.mask_out.iter().any(|m| m.trim().eq_ignore_ascii_case(region.name.trim()))
                    })
                }
                None if !self.mask_out.is_empty() => {
                    warnings.push("it has no annotated regions, so that --mask-out leaves nothing out".into());
                    found.surface
                }
                _ => found.surface,
            };
            // An exhibit's date is another thing than that of the measurement.
            let metadata = found.metadata.into_iter().map(|(k, v)| if k == "date" { ("measured_on".into(), v) } else { (k, v) });
            return Ok((Specimen::Surface(surface), metadata.collect(), warnings));
        }
        if is_picture(bytes) {
            let picture = decode(bytes, &decode::Limits::default()).map_err(|e| e.to_string())?;
            return Ok((Specimen::Picture(picture), BTreeMap::new(), Vec::new()));
        }
        if profile::is_surface_npy(bytes) {
            let said = "an array says neither its unit nor how far apart its points are: say --height-unit and --scale";
            let (scale, unit) = (self.scale_um.ok_or(said)?, self.height_unit.ok_or(said)?);
            let surface = profile::read_surface_npy(bytes, unit, (scale, scale)).map_err(|e| e.to_string())?;
            return Ok((Specimen::Surface(surface), BTreeMap::new(), Vec::new()));
        }
        let hints = Hints { height_unit: self.height_unit, x_unit: None, spacing_um: self.scale_um };
        let found = profile::read(name, bytes, &hints).map_err(|e| match e {
            profile::Error::Ambiguous { .. } => format!("{e} (--height-unit; --scale for the distance of points)"),
            e => e.to_string(),
        })?;
        let spacing = found.spacing_um().ok_or("its points have no distance: say --scale")?;
        let (heights, measured) = (found.heights_um().to_vec(), found.measured().to_vec());
        let line = Surface::new(heights.len(), 1, (spacing, spacing), heights, measured).map_err(|e| e.to_string())?;
        Ok((Specimen::Profile(line), BTreeMap::new(), found.notes().to_vec()))
    }

    /// The rows of a file's mark, and what was odd about the file.
    pub fn read(&self, name: &str, bytes: &[u8]) -> Result<(Vec<Mark>, Vec<String>), String> {
        let (specimen, metadata, warnings) = self.specimen(name, bytes)?;
        let odd = if warnings.is_empty() { String::new() } else { format!(" (and {})", warnings.join("; ")) };
        let marks = self.marks(&specimen, metadata).map_err(|why| format!("{why}{odd}"))?;
        Ok((marks, warnings))
    }

    fn marks(&self, specimen: &Specimen, metadata: BTreeMap<String, String>) -> Result<Vec<Mark>, String> {
        Ok(match (specimen, self.what) {
            (Specimen::Surface(surface), What::Striated) => vec![self.of_surface(surface, metadata)?],
            (Specimen::Profile(line), What::Striated) => {
                let made = signature(line, &self.plain).map_err(|e| e.to_string())?;
                vec![mark_of(&made, metadata)]
            }
            (Specimen::Picture(picture), What::Striated) => self.of_photograph(picture, &metadata)?,
            (Specimen::Profile(_), What::Pressed) => return Err("a profile has no texture: import it as --mark striated".into()),
            (Specimen::Surface(surface), What::Pressed) => {
                vec![pressed(&self.relief(surface)?, surface.missing_share(), metadata)?]
            }
            (Specimen::Picture(picture), What::Pressed) => {
                let part = self.region(picture)?.and_then(|r| cut(picture, &r));
                vec![pressed(part.as_ref().unwrap_or(picture), f64::NAN, metadata)?]
            }
        })
    }

    /// The signature of a striated surface.
    pub fn made(&self, specimen: &Specimen) -> Option<Result<Made, String>> {
        match specimen {
            Specimen::Surface(surface) => Some(signature(surface, &self.preparation).map_err(|e| e.to_string())),
            Specimen::Profile(line) => Some(signature(line, &self.plain).map_err(|e| e.to_string())),
            Specimen::Picture(_) => None,
        }
    }

    fn of_surface(&self, surface: &Surface, metadata: BTreeMap<String, String>) -> Result<Mark, String> {
        let made = signature(surface, &self.preparation).map_err(|e| e.to_string())?;
        let contrast = made.signature.quality.contrast;
        if contrast < self.least_contrast {
            return Err(format!(
                "no striations: the signature explains {:.1} % of what lies between the cut-offs, and at least {:.1} % must be. Crop the surface to the \
                 mark, look at --along and --max-lean, import it as --mark pressed, or take it with --least-contrast 0",
                100.0 * contrast,
                100.0 * self.least_contrast
            ));
        }
        Ok(mark_of(&made, metadata))
    }

    fn of_photograph(&self, picture: &Grey, metadata: &BTreeMap<String, String>) -> Result<Vec<Mark>, String> {
        let options = photograph::Options { region: self.region(picture)?, ..self.photograph.clone() };
        let found = photograph::signature(picture, &options).map_err(|e| e.to_string())?;
        let readings = if self.readings { found.readings() } else { vec![found] };
        let marks = readings.into_iter().zip(["", "~2", "~3", "~4"]).map(|(found, reading)| {
            let run = found.longest_run();
            let q = &found.quality;
            let scaled = found.unit == photograph::Unit::Micrometres;
            let mut qualities = [f64::NAN; QUALITIES.len()];
            qualities[1] = if scaled { run.len() as f64 * found.spacing } else { f64::NAN };
            qualities[2] = q.explained;
            qualities[3] = found.angle_deg;
            qualities[7] = q.contrast;
            qualities[8] = q.striated_share;
            qualities[9] = q.coherence;
            Mark {
                values: found.values[run.clone()].to_vec(),
                spacing: scaled.then_some(found.spacing),
                start: run.start as f64 * found.spacing,
                unit: "",
                kind: "shades",
                reading,
                qualities,
                metadata: metadata.clone(),
            }
        });
        Ok(marks.collect())
    }

    /// Names after --mask-out that no region has.
    fn unknown_regions(&self, annotation: &x3p::Annotation) -> Option<String> {
        let has = |m: &str| m == "all" || annotation.regions.iter().any(|r| r.name.trim().eq_ignore_ascii_case(m.trim()));
        let unknown: Vec<&str> = self.mask_out.iter().map(String::as_str).filter(|m| !has(m)).collect();
        let there: Vec<&str> = annotation.regions.iter().map(|r| r.name.as_str()).collect();
        (!unknown.is_empty())
            .then(|| format!("--mask-out: it has no region {}; its regions are {}", unknown.join(", "), there.join(", ")))
    }

    /// Whether textures of pressed surfaces are described.
    pub fn is_pressed(&self) -> bool {
        self.what == What::Pressed
    }

    /// The part of a picture to look at.
    fn region(&self, picture: &Grey) -> Result<Option<photograph::Rectangle>, String> {
        let Some([x0, x1, y0, y1]) = self.crop else { return Ok(None) };
        let scale = self.scale_um.unwrap_or(1.0);
        let span = |from: f64, to: f64, n: usize| {
            let (a, b) = ((from / scale).round().max(0.0) as usize, (to / scale).round().max(0.0) as usize);
            (a, b.min(n).saturating_sub(a))
        };
        let ((x, width), (y, height)) = (span(x0, x1, picture.width()), span(y0, y1, picture.height()));
        if width == 0 || height == 0 {
            return Err(format!("--crop holds no pixel of the picture of {} × {}", picture.width(), picture.height()));
        }
        Ok(Some(photograph::Rectangle { x, y, width, height }))
    }

    /// A surface as shades of grey: levelled, band-passed both ways, three robust standard deviations from black to white.
    pub fn relief(&self, surface: &Surface) -> Result<Grey, String> {
        crate::toolmark::texture::relief(surface, &self.preparation).map_err(|e| e.to_string())
    }
}

/// A rectangle of a picture.
fn cut(picture: &Grey, r: &photograph::Rectangle) -> Option<Grey> {
    let rows = (r.y..r.y + r.height).flat_map(|y| &picture.values()[y * picture.width() + r.x..][..r.width]);
    Grey::new(r.width, r.height, rows.copied().collect())
}

/// The texture of a pressed surface.
fn pressed(picture: &Grey, missing: f64, metadata: BTreeMap<String, String>) -> Result<Mark, String> {
    let mut qualities = [f64::NAN; QUALITIES.len()];
    qualities[0] = missing;
    let values = texture(picture).map_err(|e| e.to_string())?;
    Ok(Mark { values, spacing: None, start: 0.0, unit: "", kind: "texture", reading: "", qualities, metadata })
}

fn mark_of(made: &Made, mut metadata: BTreeMap<String, String>) -> Mark {
    let s = &made.signature;
    metadata.insert("along".into(), if s.along == Along::Y { "y" } else { "x" }.into());
    let q = &s.quality;
    let mut qualities = [f64::NAN; QUALITIES.len()];
    qualities[..8].copy_from_slice(&[
        q.missing_share,
        q.length_um,
        q.contrast,
        q.angle_deg,
        q.coverage,
        q.bridged_share,
        q.spikes as f64,
        q.rms_um,
    ]);
    Mark {
        values: s.heights_um.clone(),
        spacing: Some(s.spacing_um),
        start: s.start_um,
        unit: "um",
        kind: "heights",
        reading: "",
        qualities,
        metadata,
    }
}
