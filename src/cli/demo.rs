//! `striae demo`: real spectra, then a simulated archive, from nothing to a result.

use super::compare::{Resources, compare_and_store, report};
use super::progress::Progress;
use super::{BackendChoice, Refused, Voice, collection, simulate};
use crate::archive::result::Target;
use crate::archive::{Address, Collection};
use crate::compare::{Mode, Options as JobOptions, Screening};
use crate::evaluate::{Identification, Kind, Population, identify};
use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// Real infrared spectra of coffee, distributed under MIT: see datasets/README.md.
const COFFEE: &[u8] = include_bytes!("../../datasets/coffee.h5");

/// Shows it work: real infrared spectra, then a simulated archive, held against the truth
///
/// First 60 coffee spectra from three countries: is the most similar other spectrum from the same country? Then a simulated
/// archive of 20,000 exhibits, every pair compared on the best device found: is the nearest exhibit of the same origin?
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  striae demo\n  striae demo --exhibits 2000 --folder /tmp/demo")]
pub struct Options {
    /// Where the files go
    #[arg(long, default_value = "striae-demo")]
    folder: PathBuf,
    /// Exhibits of the simulated archive
    #[arg(long, default_value_t = 20_000)]
    exhibits: u64,
    /// Where to compute
    #[arg(long, value_enum, default_value = "auto")]
    backend: BackendChoice,
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let population = Population::new(options.exhibits, 7)?;
    if options.exhibits < 100 {
        return Err(Refused::usage(format!("--exhibits {} shows nothing; give 100 or more", options.exhibits)));
    }
    let folder = &options.folder;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let resources = Resources {
        backend: options.backend,
        device: None,
        memory: 2 << 30,
        threads: None,
        screen: Screening::Auto,
        explain: false,
        trace: None,
        tile: None,
    };
    let say = |text: &str| {
        if !voice.json && !voice.quiet {
            println!("{text}");
        }
    };

    say("1. Where does this coffee come from? 60 infrared spectra, three countries; each against the 59 others.\n");
    let coffee = folder.join("coffee.h5");
    std::fs::write(&coffee, COFFEE).with_context(|| format!("cannot write {}", coffee.display()))?;
    let found = step(&coffee, "/coffee", "pearson", 1, &resources, voice)?;
    if !voice.json && !voice.quiet {
        countries(&found);
    }
    say(&format!(
        "\n   {} of {} have the most similar spectrum from their own country ({:.3}).\n",
        found.first,
        found.queries,
        rate(&found)
    ));

    say(&format!("2. A simulated archive of {} exhibits: which share a production batch, which a logo?\n", options.exhibits));
    let archive = folder.join("archive.h5");
    let progress = Progress::new(voice.quiet || voice.json);
    let kinds = [(Kind::Toolmarks, 1024), (Kind::Logos, 64), (Kind::Spectra, 1024)];
    simulate::write(population, 0..population.exhibits, &kinds, &archive, true, &progress)?;
    let spectra = step(&archive, "/spectra", "pearson", 10, &resources, voice)?;
    say(&sentence(&spectra, "batch"));
    let logos = step(&archive, "/logos", "cosine", 10, &resources, voice)?;
    say(&sentence(&logos, "logo"));
    say(&format!("Files are in {}. Look at them with h5py, or:\n", folder.display()));
    let program = std::env::args().next().unwrap_or_else(|| "striae".into());
    let result = result_of(&archive, "/spectra");
    say(&format!("   {program} info {}\n   {program} verify {}", archive.display(), result.display()));
    if voice.json {
        let all = serde_json::json!({
            "coffee": { "queries": found.queries, "first": found.first },
            "spectra": { "queries": spectra.queries, "first": spectra.first },
            "logos": { "queries": logos.queries, "first": logos.first },
            "folder": folder,
        });
        println!("{all}");
    }
    Ok(())
}

fn result_of(archive: &Path, inner: &str) -> PathBuf {
    let stem = archive.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    archive.with_file_name(format!("{stem}-{}-nearest.h5", inner.trim_start_matches('/')))
}

fn rate(found: &Identification) -> f64 {
    found.first as f64 / found.queries.max(1) as f64
}

fn sentence(found: &Identification, what: &str) -> String {
    format!(
        "\n   {} of {} exhibits that have a partner from their {what} found one first ({:.3});\n   of all neighbours listed for them, {:.3} are from their {what}.\n",
        found.first,
        found.queries,
        rate(found),
        found.right as f64 / found.listed.max(1) as f64
    )
}

fn step(file: &Path, inner: &str, metric: &str, k: usize, resources: &Resources, voice: Voice) -> anyhow::Result<Identification> {
    let address = Address { file: file.to_owned(), inner: Some(inner.to_owned()) };
    let mut archive = Collection::open(&address, &collection::reading()?)?;
    let sources = archive.source_names()?.with_context(|| format!("{address} does not say its sources"))?;
    let target = Target { address: Address { file: result_of(file, inner), inner: None }, overwrite: true };
    let stored = compare_and_store(
        JobOptions::new(metric, Mode::TopK(k)),
        archive.into(),
        None,
        &target,
        (resources, &super::usual()),
        voice,
    )?;
    if !voice.json {
        report(&stored, &target, voice, false)?;
    }
    Ok(identify(&sources, &stored.neighbors, k))
}

fn countries(found: &Identification) {
    let names: Vec<&String> = {
        let mut names: Vec<_> = found.confusion.keys().flat_map(|(own, other)| [own, other]).collect();
        names.sort();
        names.dedup();
        names
    };
    print!("\n   {:<12}", "from / found");
    for name in &names {
        print!("{name:>12}");
    }
    println!();
    for own in &names {
        print!("   {own:<12}");
        for other in &names {
            print!("{:>12}", found.confusion.get(&((*own).clone(), (*other).clone())).copied().unwrap_or(0));
        }
        println!();
    }
}
