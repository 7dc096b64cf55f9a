//! `striae keys`: a laboratory's keys, and its key of pseudonyms.

use super::import::files::unreadable;
use super::{Refused, Voice};
use crate::share::{Error, Exposed, Keys, Laboratory, PseudonymKey, dsse, secret_file};
use anyhow::Context as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Makes and shows keys for sharing collections with other laboratories
///
/// A laboratory has one pair of files: NAME.keys stays with it and opens what it is sent; NAME.pub goes to its partners, who
/// encrypt to it and check its signatures by it. Read the fingerprint to each other by telephone before the first exchange.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae keys new \"Institute of Forensics, Bern\" -o bern.keys      makes bern.keys (secret) and bern.pub
  striae keys show lyon.pub                                        whose it is, and its fingerprint
  striae keys pseudonyms -o names.key                              for pseudonyms; it never leaves the house")]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// New keys for a laboratory: a secret file, and the public one beside it
    New {
        /// Name of the laboratory, as partners will see it
        name: String,
        /// Secret file to write; the public one has its name with .pub
        #[arg(long, short, value_name = "FILE.keys")]
        output: PathBuf,
    },
    /// Whose keys these are: name, fingerprint, what signatures by them are named, and the public line
    Show {
        /// A public file or a secret one; the secrets are not shown
        file: PathBuf,
    },
    /// A new key of pseudonyms
    Pseudonyms {
        #[arg(long, short, value_name = "FILE.key")]
        output: PathBuf,
    },
}

/// Files of keys are short.
const MOST_BYTES: u64 = 64 << 10;

/// Tells of a secret that others can read.
fn warn(exposed: Option<Exposed>) {
    if let Some(exposed) = exposed {
        eprintln!("striae: warning: {exposed}");
    }
}

/// What is wrong with a file of keys; its name is said once.
fn fault(path: &Path, error: Error) -> anyhow::Error {
    match error {
        Error::File { source, .. } => Refused::input(format!("{}: {}", path.display(), unreadable(&source))),
        other => anyhow::Error::from(other).context(path.display().to_string()),
    }
}

/// A laboratory's own keys.
pub fn own(path: &Path) -> anyhow::Result<Keys> {
    let (keys, exposed) = Keys::read(path).map_err(|error| {
        if text(path).is_ok_and(|text| Laboratory::parse(&text).is_ok()) {
            return Refused::input(format!(
                "{} holds public keys alone; the file of secret keys ({}) is needed here",
                path.display(),
                path.with_extension("keys").display()
            ));
        }
        fault(path, error)
    })?;
    warn(exposed);
    Ok(keys)
}

/// The key of pseudonyms.
pub fn pseudonyms(path: &Path) -> anyhow::Result<PseudonymKey> {
    let (key, exposed) = PseudonymKey::read(path).map_err(|error| fault(path, error))?;
    warn(exposed);
    Ok(key)
}

/// A partner's public file.
pub fn partner(path: &Path) -> anyhow::Result<Laboratory> {
    Laboratory::parse(&text(path)?).map_err(|error| {
        if Keys::read(path).is_ok() {
            return Refused::input(format!(
                "{} is a file of secret keys; its public half ({}) is needed here. Never send .keys",
                path.display(),
                path.with_extension("pub").display()
            ));
        }
        fault(path, error)
    })
}

fn text(path: &Path) -> anyhow::Result<String> {
    let refused = |e: std::io::Error| Refused::input(format!("{}: {}", path.display(), unreadable(&e)));
    let mut text = String::new();
    std::fs::File::open(path).map_err(refused)?.take(MOST_BYTES).read_to_string(&mut text).map_err(refused)?;
    Ok(text)
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    match &options.what {
        What::New { name, output } => new(name, output, voice),
        What::Show { file } => {
            let laboratory = match Laboratory::parse(&text(file)?) {
                Ok(laboratory) => laboratory,
                Err(public) => match Keys::read(file) {
                    Ok((keys, exposed)) => {
                        warn(exposed);
                        keys.laboratory().clone()
                    }
                    // What it was meant as is not known; its name tells most often.
                    Err(secret) if file.extension().is_some_and(|e| e == "keys") => {
                        return Err(secret).with_context(|| file.display().to_string());
                    }
                    Err(_) => return Err(public).with_context(|| file.display().to_string()),
                },
            };
            show(&laboratory, voice);
            Ok(())
        }
        What::Pseudonyms { output } => {
            let key = PseudonymKey::generate()?;
            key.save(output)?;
            if voice.json {
                println!("{}", serde_json::json!({ "output": output.display().to_string(), "pseudonym_key": key.id() }));
            } else if !voice.quiet {
                println!("stored    {} (secret; keep it: only this key gives the same pseudonyms again)", output.display());
                println!("key       {}", key.id());
            }
            Ok(())
        }
    }
}

fn new(name: &str, output: &Path, voice: Voice) -> anyhow::Result<()> {
    let public = output.with_extension("pub");
    if public == output {
        return Err(Refused::usage(format!("{}: the secret file cannot end with .pub; name it FILE.keys", output.display())));
    }
    if public.exists() {
        return Err(Refused::usage(format!("{}: already there; choose another name for -o", public.display())));
    }
    let keys = Keys::generate(name)?;
    keys.save(output)?;
    let line = format!(
        "# Public key for sharing collections with striae. Compare the fingerprint by telephone.\n{}\n",
        keys.laboratory().line()
    );
    if let Err(error) = secret_file::publish(&public, &line) {
        // One half alone is of no use.
        let _ = std::fs::remove_file(output);
        return Err(error.into());
    }
    if voice.json {
        let laboratory = keys.laboratory();
        let said = serde_json::json!({
            "secret": output.display().to_string(), "public": public.display().to_string(),
            "name": laboratory.name(), "fingerprint": laboratory.fingerprint(),
        });
        println!("{said}");
    } else if !voice.quiet {
        println!("secret       {} (stays here; whoever has it reads what you are sent)", output.display());
        println!("public       {} (for partners)", public.display());
        println!("fingerprint  {}", keys.laboratory().fingerprint());
    }
    Ok(())
}

fn show(laboratory: &Laboratory, voice: Voice) {
    if voice.json {
        let said = serde_json::json!({
            "name": laboratory.name(), "fingerprint": laboratory.fingerprint(), "signs_as": laboratory.signs_as(),
            "line": laboratory.line(),
        });
        println!("{said}");
    } else {
        println!("name         {}", laboratory.name());
        println!("fingerprint  {}", laboratory.fingerprint());
        println!("signs as     {}", laboratory.signs_as());
        println!("{}", laboratory.line());
    }
}

/// Signs a payload with the keys of a file.
pub fn seal(payload_type: &str, payload: &[u8], keys: &Path) -> anyhow::Result<String> {
    Ok(dsse::sign(payload_type, payload, own(keys)?.signing()))
}

/// The payload of an envelope, if the laboratory of this public file signed it.
pub fn unseal(payload_type: &str, envelope: &str, key: &Path) -> anyhow::Result<Vec<u8>> {
    partner(key)?.statement(payload_type, envelope.as_bytes()).map_err(|error| {
        let other = matches!(error, dsse::Error::OtherKey { .. });
        let advice = if other { ". striae keys show FILE.pub says whose a key is" } else { "" };
        Refused::input(format!("{error}{advice}"))
    })
}
