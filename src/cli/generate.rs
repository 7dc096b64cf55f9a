//! `striae generate`: shell completions and manual pages, made from the same definitions as `--help`.

use super::Cli;
use anyhow::Context as _;
use clap::{CommandFactory as _, Subcommand};
use std::path::PathBuf;

/// Writes shell completions or manual pages
///
/// Both come from the definitions that --help shows, so they are never out of date.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  striae generate completions bash > /etc/bash_completion.d/striae\n  striae generate man target/man"
)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Completions for a shell, on standard output
    Completions { shell: clap_complete::Shell },
    /// Manual pages, one a command, into a folder
    Man { folder: PathBuf },
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut command = Cli::command();
    match &options.what {
        What::Completions { shell } => clap_complete::generate(*shell, &mut command, "striae", &mut std::io::stdout()),
        What::Man { folder } => {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            clap_mangen::generate_to(command, folder).with_context(|| format!("cannot write to {}", folder.display()))?;
            println!("{}", folder.display());
        }
    }
    Ok(())
}
