//! `striae simulate`.

use super::Voice;
use super::collection::utc;
use super::progress::{Progress, short};
use crate::archive::{Kind as Stored, Layout, Writer};
use crate::compare::{Observer as _, bytes};
use crate::evaluate::{Archive, Kind, Population, Seized};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Writes an archive of simulated exhibits with known origin, of any size
///
/// Three collections of the same exhibits: /toolmarks (striation profiles, by press), /logos (shape descriptors, by logo) and
/// /spectra (infrared spectra, by production batch). The dataset source beside each says what made it. The same seed gives the
/// same numbers on any machine. What is modelled and what is not stands in the documentation of striae::evaluate::population
/// and of each modality's simulate module; in short: shifts, wear, noise and mixing are, fraud is not. Beside source stand press (what a press made, in
/// all three), case, date, place, latitude and longitude of the seizure.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae simulate --exhibits 20000 --seed 7 -o archive.h5
  striae simulate --exhibits 200000 --only spectra --spectrum-width 256 -o spectra.h5
  striae simulate --exhibits 50100 --rows 50000..50100 -o new.h5        # the last 100 of them: what comes in later")]
pub struct Options {
    /// How many exhibits
    #[arg(long, short = 'n')]
    exhibits: u64,
    /// Same seed, same archive
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// File to write
    #[arg(long, short)]
    output: PathBuf,
    /// Replace it if it is there
    #[arg(long)]
    overwrite: bool,
    /// Only these of the exhibits, FIRST..END, counted from 0
    #[arg(long, value_parser = rows, value_name = "FIRST..END")]
    rows: Option<Range<u64>>,
    /// Only these collections
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<KindChoice>,
    /// Samples of a tool-mark, 1.5 µm apart
    #[arg(long, default_value_t = 1024)]
    mark_width: usize,
    /// Features of a logo
    #[arg(long, default_value_t = 64)]
    logo_width: usize,
    /// Points of a spectrum, from 4000 to 650 cm-1
    #[arg(long, default_value_t = 1024)]
    spectrum_width: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum KindChoice {
    Toolmarks,
    Logos,
    Spectra,
}

impl From<KindChoice> for Kind {
    fn from(choice: KindChoice) -> Self {
        match choice {
            KindChoice::Toolmarks => Self::Toolmarks,
            KindChoice::Logos => Self::Logos,
            KindChoice::Spectra => Self::Spectra,
        }
    }
}

fn rows(text: &str) -> Result<Range<u64>, String> {
    let parsed = text.split_once("..").and_then(|(a, b)| Some(a.trim().parse().ok()?..b.trim().parse().ok()?));
    parsed.filter(|r| r.start < r.end).ok_or_else(|| format!("{text:?} is no range of rows such as 0..50000"))
}

/// Writes collections of a population, or of some of its exhibits.
pub fn write(
    population: Population,
    which: Range<u64>,
    kinds: &[(Kind, usize)],
    output: &Path,
    overwrite: bool,
    progress: &Progress,
) -> anyhow::Result<()> {
    let archives: Vec<Archive> =
        kinds.iter().map(|&(kind, width)| Archive::new(population, kind, width)).collect::<Result<_, _>>()?;
    let n = (which.end - which.start) as usize;
    let name = 1 + population.digits();
    let path = |archive: &Archive, dataset: &str| format!("/{}/{dataset}", archive.kind.name());
    let mut layout = Layout::default().attribute("/", "made_by", concat!("striae simulate ", env!("CARGO_PKG_VERSION")));
    layout = layout.attribute("/", "seed", &population.seed.to_string());
    layout = layout.attribute("/", "population", &format!("{} exhibits", population.exhibits));
    layout = layout.attribute("/", "rows", &format!("{}..{}", which.start, which.end));
    for archive in &archives {
        layout = layout
            .dataset(&path(archive, "values"), &[n, archive.width], Stored::F32)
            .dataset(&path(archive, "id"), &[n], Stored::Text(name + 2))
            .dataset(&path(archive, "exhibit"), &[n], Stored::Text(name))
            .dataset(&path(archive, "case"), &[n], Stored::Text(name))
            .dataset(&path(archive, "source"), &[n], Stored::Text(name + 2))
            .dataset(&path(archive, "press"), &[n], Stored::Text(name))
            .dataset(&path(archive, "date"), &[n], Stored::Text(10))
            .dataset(&path(archive, "place"), &[n], Stored::Text(16))
            .dataset(&path(archive, "latitude"), &[n], Stored::F64)
            .dataset(&path(archive, "longitude"), &[n], Stored::F64);
        if let Some((axis, unit)) = &archive.axis {
            layout = layout.dataset(&path(archive, "axis"), &[axis.len()], Stored::F64).attribute(
                &path(archive, "axis"),
                "unit",
                unit,
            );
        }
    }
    let writer = Writer::create(output, &layout, overwrite)?;
    progress.phase("simulate", (n * archives.len()) as u64);
    let digits = population.digits();
    for (a, archive) in archives.iter().enumerate() {
        if let Some((axis, _)) = &archive.axis {
            writer.put(&path(archive, "axis"), 0, axis)?;
        }
        let step = ((16 << 20) / (archive.width * 4)).max(64) as u64;
        let mut start = 0;
        while start < n as u64 {
            let end = (start + step).min(n as u64);
            let (exhibits, values) = archive.rows(which.start + start..which.start + end);
            let letter = archive.kind.name()[..1].to_uppercase();
            let texts = |f: &dyn Fn(&crate::evaluate::Exhibit) -> String| exhibits.iter().map(f).collect::<Vec<_>>();
            writer.put(&path(archive, "values"), start * archive.width as u64, &values)?;
            writer.put_texts(&path(archive, "id"), start, &texts(&|e| format!("E{:0digits$}-{letter}", e.index)))?;
            writer.put_texts(&path(archive, "exhibit"), start, &texts(&|e| format!("E{:0digits$}", e.index)))?;
            writer.put_texts(&path(archive, "case"), start, &texts(&|e| format!("C{:0digits$}", e.seizure)))?;
            let source = |e: &crate::evaluate::Exhibit| {
                let letter = match archive.kind {
                    Kind::Toolmarks => "P",
                    Kind::Logos => "L",
                    Kind::Spectra => "B",
                };
                format!("{letter}{:0digits$}", archive.kind.source(e))
            };
            writer.put_texts(&path(archive, "source"), start, &texts(&source))?;
            writer.put_texts(&path(archive, "press"), start, &texts(&|e| format!("P{:0digits$}", e.press)))?;
            let seized: Vec<Seized> = exhibits.iter().map(|e| population.seized(e)).collect();
            let dates: Vec<String> = seized.iter().map(|s| utc(s.day * 86_400)[..10].to_owned()).collect();
            writer.put_texts(&path(archive, "date"), start, &dates)?;
            writer.put_texts(&path(archive, "place"), start, &seized.iter().map(|s| s.town).collect::<Vec<_>>())?;
            writer.put(&path(archive, "latitude"), start, &seized.iter().map(|s| s.latitude).collect::<Vec<_>>())?;
            writer.put(&path(archive, "longitude"), start, &seized.iter().map(|s| s.longitude).collect::<Vec<_>>())?;
            start = end;
            progress.advance((a * n) as u64 + end)?;
        }
    }
    writer.finish()?;
    progress.clear();
    Ok(())
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let population = Population::new(options.exhibits, options.seed)?;
    let which = options.rows.clone().unwrap_or(0..options.exhibits);
    if which.end > options.exhibits {
        let (start, end, all) = (which.start, which.end, options.exhibits);
        return Err(super::Refused::usage(format!(
            "--rows {start}..{end} goes beyond the {all} exhibits; give at most 0..{all}"
        )));
    }
    let width = |kind| match kind {
        Kind::Toolmarks => options.mark_width,
        Kind::Logos => options.logo_width,
        Kind::Spectra => options.spectrum_width,
    };
    let chosen: Vec<Kind> = options.only.iter().map(|&k| k.into()).collect();
    let kinds: Vec<_> =
        Kind::ALL.into_iter().filter(|k| chosen.is_empty() || chosen.contains(k)).map(|k| (k, width(k))).collect();
    let started = Instant::now();
    let progress = Progress::new(voice.quiet || voice.json);
    write(population, which.clone(), &kinds, &options.output, options.overwrite, &progress)?;
    let seconds = started.elapsed().as_secs_f64();
    let size = std::fs::metadata(&options.output).map_or(0, |m| m.len());
    let written = which.end - which.start;
    let names: Vec<_> =
        kinds.iter().map(|(k, w)| format!("{}:/{} ({written} × {w})", options.output.display(), k.name())).collect();
    if voice.json {
        println!(
            "{}",
            serde_json::json!({
                "output": options.output, "exhibits": written, "seed": options.seed, "collections": names,
                "bytes": size, "seconds": seconds,
            })
        );
    } else if !voice.quiet {
        println!("simulated {written} exhibits from seed {} in {seconds:.1} s: {}", options.seed, bytes(size));
        println!("          {}rows/s", short(written as f64 * kinds.len() as f64 / seconds.max(1e-9)));
        for name in names {
            println!("stored    {name}");
        }
    }
    Ok(())
}
