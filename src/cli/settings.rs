//! What a metric can be told on the command line.

use super::opened::Opened;
use super::{Refused, collection};
use crate::compare::RowSource;
use crate::metric::ccf::{Overlap, Stretched, nfi_stretch};
use crate::metric::peaks::{self, PeakMetric};
use crate::metric::settings::Rescore;
use crate::metric::{Settings, Table};

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Options of metrics")]
pub struct Options {
    /// minkowski: the power, 1 to 32 [default: 3]
    #[arg(long, value_name = "P")]
    p: Option<f64>,
    /// weighted-euclidean: FILE.h5:/path of one weight a feature
    #[arg(long, value_name = "TABLE")]
    weights: Option<String>,
    /// mahalanobis: FILE.h5:/path of a covariance (d × d)
    #[arg(long, value_name = "TABLE")]
    covariance: Option<String>,
    /// ccf: largest lag, in samples (100) or as a length (150um) [default: all lags]
    #[arg(long, value_name = "LAG")]
    max_lag: Option<String>,
    /// ccf: least overlap, as a fraction of the shorter profile (0.5), in samples (200) or as a length (350um) [default: 0.5]
    #[arg(long, value_name = "OVERLAP")]
    min_overlap: Option<String>,
    /// ccf: stretch factors to try beside 1: nfi (the 13 from 0.95 to 1.05), or a list such as 0.98,1.02
    #[arg(long, value_name = "FACTORS")]
    stretch: Option<String>,
    /// ccf: which profile of a pair is stretched. NFI Scratch stretches the reference alone
    #[arg(long, value_enum, default_value = "both", value_name = "SIDE")]
    stretch_side: Side,
    /// logpolar: angles of a ring [default: what the collection's attribute angles says, else the whole row]
    #[arg(long, value_name = "T")]
    angles: Option<usize>,
    /// logpolar: try the mirrored image too
    #[arg(long)]
    mirror: bool,
    /// peak lists: how far apart two peaks may lie, in Da or as parts per million (10ppm) [default: 0.1Da]
    #[arg(long, value_name = "TOLERANCE")]
    tolerance: Option<String>,
    /// cosines of peak lists: power of m/z in a peak's weight [default: 0]
    #[arg(long, value_name = "POWER", allow_negative_numbers = true)]
    mz_power: Option<f64>,
    /// cosines of peak lists: power of the intensity in a peak's weight [default: 1]
    #[arg(long, value_name = "POWER", allow_negative_numbers = true)]
    intensity_power: Option<f64>,
    /// entropy of peak lists: peaks below this share of the highest are dropped [default: 0.01]
    #[arg(long, value_name = "SHARE")]
    noise: Option<f64>,
    /// cosine-linear and entropy of peak lists: close peaks were merged already
    #[arg(long)]
    no_merge: bool,
    /// ccf: what else to compute of the pairs found: relative-distance, cmps
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SCORES")]
    rescore: Vec<Again>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Again {
    /// 1 − Σ(a−b)²/Σ(a+b)² on the overlap
    RelativeDistance,
    /// Congruent matching profile segments (segments of 50 samples, tolerance 25), with their votes
    Cmps,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Side {
    /// Either one; the better score counts
    Both,
    /// The reference; needs a reference collection
    Reference,
}

/// How far apart the samples of a collection are.
type Spacing<'a> = &'a mut dyn FnMut() -> anyhow::Result<f64>;

/// 100 or 0.5 as they are; 350um in samples.
fn measure(option: &str, text: &str, spacing: Spacing<'_>) -> anyhow::Result<(f64, bool)> {
    let units = [("nm", 1e-9), ("um", 1e-6), ("µm", 1e-6), ("mm", 1e-3)];
    let refuse = || {
        Refused::usage(format!(
            "{option} {text} is not understood; give samples (200), a length (350um, 0.35mm) or a fraction (0.5)"
        ))
    };
    if let Some((number, metres)) = units.iter().find_map(|(unit, metres)| Some((text.strip_suffix(unit)?, metres))) {
        let length: f64 = number.trim().parse().map_err(|_| refuse())?;
        anyhow::ensure!(length > 0.0 && length.is_finite(), refuse());
        return Ok((length * metres / spacing()?, true));
    }
    Ok((text.parse().map_err(|_| refuse())?, false))
}

fn samples(option: &str, text: &str, spacing: Spacing<'_>) -> anyhow::Result<usize> {
    let (x, length) = measure(option, text, spacing)?;
    let x = if length { x.round() } else { x };
    if x >= 0.0 && x.fract() == 0.0 && x < 1e9 {
        Ok(x as usize)
    } else {
        Err(Refused::usage(format!("{option} {text}: give whole samples or a length")))
    }
}

fn overlap(text: &str, spacing: Spacing<'_>) -> anyhow::Result<Overlap> {
    match measure("--min-overlap", text, spacing)? {
        (x, false) if x <= 1.0 => Ok(Overlap::Fraction(x)),
        (x, length) if length || x.fract() == 0.0 => Ok(Overlap::Samples((x - 1e-6).ceil() as usize)),
        _ => Err(Refused::usage(format!("--min-overlap {text}: above 1 it is whole samples"))),
    }
}

fn factors(text: &str) -> anyhow::Result<Vec<f64>> {
    if text == "nfi" {
        return Ok(nfi_stretch());
    }
    let factor = |t: &str| {
        t.trim()
            .parse()
            .map_err(|_| Refused::usage(format!("--stretch {text}: {t:?} is no number; give nfi or a list such as 0.98,1.02")))
    };
    text.split(',').map(factor).collect()
}

/// The distance of a collection's samples in metres, from its axis.
fn spacing(query: &mut Opened) -> anyhow::Result<f64> {
    let name = query.name();
    let needs = "a length needs the collection's dataset axis with attribute unit (nm, um or mm), or give samples";
    let Some((axis, unit)) = query.axis()? else { anyhow::bail!(Refused::usage(format!("{name} has no axis: {needs}"))) };
    let metres = match unit.as_deref() {
        Some("nm") => 1e-9,
        Some("um" | "µm" | "micrometre" | "micrometer") => 1e-6,
        Some("mm") => 1e-3,
        Some("m") => 1.0,
        other => anyhow::bail!(Refused::usage(format!("{name}: the unit of its axis is {other:?}: {needs}"))),
    };
    let step = (axis[axis.len() - 1] - axis[0]) / (axis.len() as f64 - 1.0);
    let even = axis.windows(2).all(|w| ((w[1] - w[0]) / step - 1.0).abs() < 1e-3);
    if !(step.is_finite() && step > 0.0 && even) {
        anyhow::bail!(Refused::usage(format!("{name}: its axis is not evenly spaced: {needs}")));
    }
    Ok(step * metres)
}

impl Options {
    /// The settings of a metric of peak lists.
    pub fn of_peaks(&self, metric: PeakMetric) -> anyhow::Result<peaks::Settings> {
        let (name, cosine) = (metric.name(), !metric.is_entropy());
        let merges = !cosine || metric == PeakMetric::CosineLinear;
        for (given, option, of) in [
            (self.p.is_some(), "--p", "minkowski"),
            (self.weights.is_some(), "--weights", "weighted-euclidean"),
            (self.covariance.is_some(), "--covariance", "mahalanobis"),
            (self.max_lag.is_some(), "--max-lag", "ccf"),
            (self.min_overlap.is_some(), "--min-overlap", "ccf"),
            (self.stretch.is_some() || self.stretch_side != Side::Both, "--stretch", "ccf"),
            (!self.rescore.is_empty(), "--rescore", "ccf"),
            (self.angles.is_some(), "--angles", "logpolar"),
            (self.mirror, "--mirror", "logpolar"),
            (self.mz_power.is_some() && !cosine, "--mz-power", "a cosine"),
            (self.intensity_power.is_some() && !cosine, "--intensity-power", "a cosine"),
            (self.noise.is_some() && cosine, "--noise", "peaks-entropy or peaks-entropy-unweighted"),
            (self.no_merge && !merges, "--no-merge", "cosine-linear, peaks-entropy or peaks-entropy-unweighted"),
        ] {
            if given {
                return Err(Refused::usage(format!("{option} is for --metric {of}, not for {name}")));
            }
        }
        let usual = peaks::Settings::default();
        let settings = peaks::Settings {
            tolerance: self.tolerance.as_deref().map_or(Ok(usual.tolerance), tolerance)?,
            mz_power: self.mz_power.unwrap_or(usual.mz_power),
            intensity_power: self.intensity_power.unwrap_or(usual.intensity_power),
            merge: !self.no_merge,
            noise: self.noise.unwrap_or(usual.noise),
        };
        settings.check().map_err(|e| Refused::usage(e.to_string()))?;
        Ok(settings)
    }

    /// Reads what is named; what `metric` cannot do without must be.
    pub fn resolve(&self, metric: &str, query: &mut Opened) -> anyhow::Result<Settings> {
        match metric {
            "weighted-euclidean" if self.weights.is_none() => {
                return Err(Refused::usage("weighted-euclidean needs --weights FILE.h5:/path: d numbers of zero or more"));
            }
            "mahalanobis" if self.covariance.is_none() => {
                return Err(Refused::usage("mahalanobis needs --covariance FILE.h5:/path: d × d numbers"));
            }
            _ => {}
        }
        let of_peaks = self.tolerance.is_some()
            || self.mz_power.is_some()
            || self.intensity_power.is_some()
            || self.noise.is_some()
            || self.no_merge;
        Ok(Settings {
            // Refused with any metric that comes here.
            peaks: of_peaks.then(peaks::Settings::default),
            p: self.p,
            weights: self.weights.as_deref().map(table).transpose()?,
            covariance: self.covariance.as_deref().map(table).transpose()?,
            max_lag: self.max_lag.as_deref().map(|t| samples("--max-lag", t, &mut || spacing(query))).transpose()?,
            min_overlap: self.min_overlap.as_deref().map(|t| overlap(t, &mut || spacing(query))).transpose()?,
            stretch: self.stretch.as_deref().map(factors).transpose()?.unwrap_or_default(),
            angles: if metric == "logpolar" {
                self.angles.map_or_else(|| said_angles(query), |t| Ok(Some(t)))?
            } else {
                self.angles
            },
            mirror: self.mirror,
            stretch_side: match self.stretch_side {
                Side::Both => Stretched::Both,
                Side::Reference => Stretched::Reference,
            },
            rescore: self
                .rescore
                .iter()
                .map(|again| match again {
                    Again::RelativeDistance => Rescore::RelativeDistance,
                    Again::Cmps => Rescore::Cmps,
                })
                .collect(),
        })
    }
}

/// Angles of a ring, as the collection's attribute says.
pub fn said_angles(query: &mut Opened) -> anyhow::Result<Option<usize>> {
    let width = query.width();
    let collection = query.collection();
    // A recipe that makes other features makes no rings.
    if collection.width() != width {
        return Ok(None);
    }
    let Some(text) = collection.attribute("angles") else { return Ok(None) };
    let angles = text.trim().parse();
    let name = collection.name();
    angles
        .map(Some)
        .map_err(|_| Refused::input(format!("{name}: its attribute angles is {text:?}, which is no whole number; say --angles")))
}

/// 0.1Da, 0.1 or 10ppm.
fn tolerance(text: &str) -> anyhow::Result<peaks::Tolerance> {
    let lower = text.trim().to_ascii_lowercase();
    let (number, ppm) = match lower.strip_suffix("ppm") {
        Some(number) => (number, true),
        None => (lower.strip_suffix("da").unwrap_or(&lower), false),
    };
    let number: f64 = number.trim().parse().map_err(|_| {
        Refused::usage(format!("--tolerance {text} is not understood; give Da (0.1Da) or parts per million (10ppm)"))
    })?;
    Ok(if ppm { peaks::Tolerance::Ppm(number) } else { peaks::Tolerance::Da(number) })
}

/// The numbers of a small dataset: rows × columns, or one row of them.
fn table(text: &str) -> anyhow::Result<Table> {
    let address = crate::archive::Address::parse(text);
    if let Some(values) = crate::archive::Collection::vector(&address, &collection::reading()?)? {
        return Ok(digested(address.to_string(), values, 1));
    }
    let mut found = collection::open(text)?;
    let rows = found.rows();
    let values = found.read(0..rows).map_err(anyhow::Error::from)?.widen(crate::matrix::Element::F64);
    let values = match values {
        crate::matrix::Values::F64(values) => values,
        crate::matrix::Values::F32(values) => values.into_iter().map(f64::from).collect(),
    };
    Ok(digested(found.name(), values, rows))
}

fn digested(address: String, values: Vec<f64>, rows: usize) -> Table {
    let mut hasher = blake3::Hasher::new();
    for x in &values {
        hasher.update(&x.to_le_bytes());
    }
    Table { address, blake3: hasher.finalize().to_hex().to_string(), values, rows }
}

/// Fills in the numbers of recorded tables again, and holds them to their digests.
pub fn reread(settings: &Settings) -> anyhow::Result<Settings> {
    let again = |stored: &Option<Table>| -> anyhow::Result<Option<Table>> {
        let Some(stored) = stored else { return Ok(None) };
        let found = table(&stored.address)?;
        anyhow::ensure!(
            found.blake3 == stored.blake3,
            "{}: its numbers are not those that the result was made with (BLAKE3 {}, recorded {})",
            stored.address,
            found.blake3,
            stored.blake3
        );
        Ok(Some(found))
    };
    Ok(Settings { weights: again(&settings.weights)?, covariance: again(&settings.covariance)?, ..settings.clone() })
}
