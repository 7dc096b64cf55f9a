//! `striae simulate`.

use super::Voice;
use super::progress::{Progress, short};
use crate::archive::{Kind as Stored, Layout, Writer};
use crate::compare::{Observer as _, bytes};
use crate::evaluate::{Archive, Kind, Population};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Writes an archive of simulated exhibits with known origin, of any size
///
/// Three collections of the same exhibits: /toolmarks (striation profiles, by press), /logos (shape descriptors, by logo) and
/// /spectra (infrared spectra, by production batch). The dataset source beside each says what made it. The same seed gives the
/// same numbers on any machine. What is modelled and what is not stands in the documentation of striae::evaluate::population
/// and of each modality's simulate module; in short: shifts, wear, noise and mixing are, time, place and fraud are not.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae simulate --exhibits 20000 --seed 7 -o archive.h5
  striae simulate --exhibits 200000 --only spectra --spectrum-width 256 -o spectra.h5")]
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

/// Writes collections of a population.
pub fn write(
    population: Population,
    kinds: &[(Kind, usize)],
    output: &Path,
    overwrite: bool,
    progress: &Progress,
) -> anyhow::Result<()> {
    let archives: Vec<Archive> =
        kinds.iter().map(|&(kind, width)| Archive::new(population, kind, width)).collect::<Result<_, _>>()?;
    let n = population.exhibits as usize;
    let name = 1 + population.digits();
    let path = |archive: &Archive, dataset: &str| format!("/{}/{dataset}", archive.kind.name());
    let mut layout = Layout::default().attribute("/", "made_by", concat!("striae simulate ", env!("CARGO_PKG_VERSION")));
    layout = layout.attribute("/", "seed", &population.seed.to_string());
    for archive in &archives {
        layout = layout
            .dataset(&path(archive, "values"), &[n, archive.width], Stored::F32)
            .dataset(&path(archive, "id"), &[n], Stored::Text(name + 2))
            .dataset(&path(archive, "exhibit"), &[n], Stored::Text(name))
            .dataset(&path(archive, "case"), &[n], Stored::Text(name))
            .dataset(&path(archive, "source"), &[n], Stored::Text(name + 2));
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
        while start < population.exhibits {
            let end = (start + step).min(population.exhibits);
            let (exhibits, values) = archive.rows(start..end);
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
    write(population, &kinds, &options.output, options.overwrite, &progress)?;
    let seconds = started.elapsed().as_secs_f64();
    let size = std::fs::metadata(&options.output).map_or(0, |m| m.len());
    let names: Vec<_> =
        kinds.iter().map(|(k, w)| format!("{}:/{} ({} × {w})", options.output.display(), k.name(), options.exhibits)).collect();
    if voice.json {
        println!(
            "{}",
            serde_json::json!({
                "output": options.output, "exhibits": options.exhibits, "seed": options.seed, "collections": names,
                "bytes": size, "seconds": seconds,
            })
        );
    } else if !voice.quiet {
        println!("simulated {} exhibits from seed {} in {seconds:.1} s: {}", options.exhibits, options.seed, bytes(size));
        println!("          {}rows/s", short(options.exhibits as f64 * kinds.len() as f64 / seconds.max(1e-9)));
        for name in names {
            println!("stored    {name}");
        }
    }
    Ok(())
}
