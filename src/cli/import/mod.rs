//! `striae import`: files of instruments into collections.

pub mod files;
mod hold;
mod known;
pub mod logos;
pub mod mark;
mod profiles;
mod spectra;
mod store;
mod toolmarks;
mod unbundle;

use super::Voice;

/// Reads files of instruments and libraries into a collection of an archive
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Toolmarks(toolmarks::Options),
    Logos(logos::Options),
    Spectra(spectra::Options),
    Profiles(profiles::Options),
    Bundle(unbundle::Options),
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    match &options.what {
        What::Toolmarks(o) => toolmarks::run(o, voice),
        What::Logos(o) => logos::run(o, voice),
        What::Spectra(o) => spectra::run(o, voice),
        What::Profiles(o) => profiles::run(o, voice),
        What::Bundle(o) => unbundle::run(o, voice),
    }
}
