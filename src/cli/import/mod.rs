//! `striae import`: files of instruments into collections.

mod hold;
mod profiles;
mod spectra;
mod store;

use super::Voice;

/// Reads files of instruments and libraries into a collection of an archive
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Spectra(spectra::Options),
    Profiles(profiles::Options),
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    match &options.what {
        What::Spectra(o) => spectra::run(o, voice),
        What::Profiles(o) => profiles::run(o, voice),
    }
}
