//! The command line: one file a subcommand. The only home of clap, anyhow, standard output and progress bars.
//!
//! Exit codes: 0 done, 1 failed, 2 usage, 3 input refused, 4 interrupted.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the command line is where this program speaks")]

mod alike;
mod backend;
mod bench;
mod calibrate;
mod cells;
mod collection;
mod compare;
mod demo;
mod devices;
mod durable;
mod evaluate;
mod evidence_plots;
mod export;
mod generate;
mod import;
mod info;
mod keys;
mod length;
mod link;
mod linkage;
mod making;
mod manifest;
mod member;
mod memory;
mod merge;
mod metrics;
mod model;
mod opened;
mod peaks;
mod plots;
mod prepare;
mod progress;
mod report;
mod scored;
mod settings;
mod show;
mod simulate;
mod specimen;
mod trace;
mod verify;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Instant;

/// Finds which exhibits share an origin: compares every tool-mark, logo or spectrum of an archive with every other.
///
/// Scores are exact: defined in f64 from the stored numbers, and the same to the last bit on any machine, with a GPU or
/// without. Every result carries a record of how it was made, which `striae verify` checks.
#[derive(Debug, Parser)]
#[command(name = "striae", version, max_term_width = 110, after_long_help = EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON document instead of text, for other programs
    #[arg(long, global = true)]
    json: bool,
    /// No progress bars and no notes; errors only
    #[arg(long, short, global = true)]
    quiet: bool,
}

const EXAMPLES: &str = "\x1b[1;4mExamples:\x1b[0m
  See it work on real infrared spectra, then on 20,000 simulated exhibits:
      striae demo
  What is in a file, and what of it can be compared:
      striae info archive.h5
  The 20 nearest spectra of every spectrum, by correlation:
      striae compare archive.h5:/spectra --metric pearson --top-k 20 -o nearest.h5
  New seizures against the archive, only partners of other exhibits:
      striae compare new.h5:/spectra archive.h5:/spectra --metric cosine --top-k 10 --exclude exhibit -o new.h5
  Every pair closer than a limit:
      striae compare archive.h5:/logos --metric euclidean --threshold 0.8 -o links.h5
  Is a result what its record says, and do its inputs still give it?
      striae verify nearest.h5

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 input refused, 4 interrupted: --resume goes on.";

#[derive(Debug, Subcommand)]
enum Command {
    Compare(Box<compare::Options>),
    Merge(merge::Options),
    Info(info::Options),
    Verify(verify::Options),
    Manifest(Box<manifest::Options>),
    Simulate(simulate::Options),
    Import(Box<import::Options>),
    Export(Box<export::Options>),
    Keys(keys::Options),
    Show(Box<show::Options>),
    Cells(Box<cells::Options>),
    Prepare(prepare::Options),
    Model(Box<model::Options>),
    Evaluate(Box<evaluate::Options>),
    Bench(bench::Options),
    Calibrate(Box<calibrate::Options>),
    Link(Box<link::Options>),
    Report(report::Options),
    Demo(demo::Options),
    Devices(devices::Options),
    Metrics(metrics::Options),
    Generate(generate::Options),
    /// Serves the rows of an HDF5 file to the process that started it: hostile files crash here
    #[command(name = "__read-hdf5", hide = true)]
    ReadHdf5(ReadHdf5),
}

#[derive(Debug, Args)]
struct ReadHdf5 {
    file: std::path::PathBuf,
}

/// Where tiles are screened. The result does not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackendChoice {
    /// A real GPU if there is one, else the CPU
    Auto,
    /// A GPU; a software one only if there is no other
    Gpu,
    Cpu,
}

static BEGAN: OnceLock<Instant> = OnceLock::new();

/// When the program was started.
pub fn began() -> Instant {
    *BEGAN.get_or_init(Instant::now)
}

/// Options as they are where nothing was said.
fn usual<T: Args>() -> T {
    #[derive(Parser)]
    struct Nothing<T: Args> {
        #[command(flatten)]
        options: T,
    }
    Nothing::<T>::parse_from([""]).options
}

/// What every command needs to know of how to speak.
#[derive(Clone, Copy, Debug)]
pub struct Voice {
    pub json: bool,
    pub quiet: bool,
}

/// A failure with the exit code that it means.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Refused {
    text: String,
    code: u8,
}

impl Refused {
    pub fn usage(text: impl Into<String>) -> anyhow::Error {
        Self { text: text.into(), code: 2 }.into()
    }

    pub fn input(text: impl Into<String>) -> anyhow::Error {
        Self { text: text.into(), code: 3 }.into()
    }
}

/// Parses the arguments, runs the command, reports.
#[must_use]
pub fn main() -> ExitCode {
    began();
    quiet_libraries();
    end_with_the_reader();
    // A file that grows beyond its limit is then an error of the write, and no end of the process.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
    let cli = Cli::parse();
    let voice = Voice { json: cli.json, quiet: cli.quiet };
    let answer = match cli.command {
        Command::Compare(o) => compare::run(&o, voice),
        Command::Merge(o) => merge::run(&o, voice),
        Command::Info(o) => info::run(&o, voice),
        Command::Verify(o) => verify::run(&o, voice),
        Command::Manifest(o) => manifest::run(&o, voice, manifest::Envelopes { seal: &keys::seal, unseal: &keys::unseal }),
        Command::Simulate(o) => simulate::run(&o, voice),
        Command::Import(o) => import::run(&o, voice),
        Command::Export(o) => export::run(&o, voice),
        Command::Keys(o) => keys::run(&o, voice),
        Command::Show(o) => show::run(&o, voice),
        Command::Cells(o) => cells::run(&o, voice),
        Command::Prepare(o) => prepare::run(&o, voice),
        Command::Model(o) => model::run(&o, voice),
        Command::Evaluate(o) => evaluate::run(&o, voice),
        Command::Bench(o) => bench::run(&o, voice),
        Command::Calibrate(o) => calibrate::run(&o, voice),
        Command::Link(o) => link::run(&o, voice),
        Command::Report(o) => report::run(&o, voice),
        Command::Demo(o) => demo::run(&o, voice),
        Command::Devices(options) => devices::run(&options, voice),
        Command::Metrics(metrics::Options {}) => {
            metrics::run(voice);
            Ok(())
        }
        Command::Generate(o) => generate::run(&o),
        Command::ReadHdf5(o) => crate::archive::serve::child_main(&o.file).map_err(Into::into),
    };
    match answer {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = exit_code(&error);
            if voice.json {
                println!("{}", serde_json::json!({ "error": said(&error), "exit": code }));
            }
            eprintln!("striae: {}", said(&error));
            ExitCode::from(code)
        }
    }
}

/// What went wrong and why. Some say their cause themselves: nothing is said twice.
fn said(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = if text.is_empty() { cause } else { format!("{text}: {cause}") };
        }
    }
    text
}

/// Threads to compute with.
///
/// # Errors
/// When the system does not start them.
pub fn threads(wanted: Option<usize>, name: &'static str) -> anyhow::Result<(usize, rayon::ThreadPool)> {
    let count = wanted.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).thread_name(move |i| format!("{name} {i}")).build();
    let pool = pool.with_context(|| {
        format!("{count} threads cannot be started: the system allows no more, or has no memory for them. Give -j 1, or raise the limits (ulimit -u, ulimit -v)")
    })?;
    Ok((count, pool))
}

/// Whoever reads what is said may stop reading (`striae metrics | head`): that is no failure of ours, and nothing to complain about.
#[allow(clippy::exit, reason = "it stands in the place of a panic that would end the process")]
fn end_with_the_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let said = info.payload().downcast_ref::<String>().map_or("", String::as_str);
        if said.starts_with("failed printing to std") && said.contains("Broken pipe") {
            // As the system ends programs that nobody listens to: 128 + SIGPIPE. Work may have been left undone.
            std::process::exit(141);
        }
        // What a library throws over a device or a file is caught, and told in words.
        if !crate::fence::is_around() {
            usual(info);
        }
    }));
}

/// Settings that C libraries read from the environment, unless somebody set them.
fn quiet_libraries() {
    // Mesa's device selection complains about displays on machines without one, and HDF5's file locks fail on network file
    // systems that have none.
    for (name, value) in [("NODEVICE_SELECT", "1"), ("HDF5_USE_FILE_LOCKING", "BEST_EFFORT")] {
        if std::env::var_os(name).is_none() {
            // SAFETY: the program has one thread yet, so nobody reads the environment at the same time.
            unsafe { std::env::set_var(name, value) };
        }
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    use crate::archive::result::LinkError;
    use crate::compare::Error as Compare;
    let of_archive = |e: &crate::archive::Error| if e.is_refusal() { 3 } else { 1 + u8::from(e.is_usage()) };
    let of_compare = |e: &Compare| match e {
        Compare::Stopped | Compare::Interrupted { .. } => 4,
        Compare::Option(_) | Compare::Memory { .. } => 2,
        Compare::Source(e) if e.0.is::<crate::spectrum::prepared::RowError>() => 3,
        Compare::Source(e) => e.0.downcast_ref().map_or(1, of_archive),
        e if e.is_refusal() => 3,
        _ => 1,
    };
    for cause in error.chain() {
        // These two have no cause of their own: they are what they hold.
        match cause.downcast_ref::<LinkError>() {
            Some(LinkError::Archive(e)) => return of_archive(e),
            Some(LinkError::Compare(e)) => return of_compare(e),
            None => {}
        }
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return refused.code;
        }
        if let Some(e) = cause.downcast_ref::<crate::archive::Error>() {
            return of_archive(e);
        }
        if let Some(e) = cause.downcast_ref::<crate::share::Error>() {
            return if e.is_refusal() { 3 } else { 1 + u8::from(e.is_usage()) };
        }
        if let Some(e) = cause.downcast_ref::<crate::evaluate::Error>() {
            use crate::evaluate::Error as Evaluate;
            return if matches!(e, Evaluate::Exhibits(_) | Evaluate::Width { .. } | Evaluate::Plan { .. }) { 2 } else { 3 };
        }
        if cause.is::<crate::compare::merge::Error>() {
            return 3;
        }
        if let Some(e) = cause.downcast_ref::<crate::compare::journal::Error>() {
            return if matches!(e, crate::compare::journal::Error::Damaged { .. }) { 3 } else { 1 };
        }
        if cause.is::<crate::report::page::Error>() || cause.is::<crate::report::tables::Error>() {
            return 1;
        }
        if let Some(e) = cause.downcast_ref::<crate::evaluate::lr::Error>() {
            return if matches!(e, crate::evaluate::lr::Error::Option { .. }) { 2 } else { 3 };
        }
        if let Some(e) = cause.downcast_ref::<crate::link::Error>() {
            return if matches!(e, crate::link::Error::Option { .. }) { 2 } else { 3 };
        }
        if let Some(e) = cause.downcast_ref::<Compare>() {
            return of_compare(e);
        }
    }
    1
}
