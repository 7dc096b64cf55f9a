//! `striae manifest`: what went into results, how they were made and what came out, as a chain of statements that can be
//! signed, checked and shared.

mod folder;
mod gather;

use super::progress::Progress;
use super::{Refused, Voice};
use crate::archive::write::check_target;
use crate::report::manifest::{Break, Chain, Difference, Half, Manifest, PAYLOAD_TYPE};
use anyhow::Context as _;
use gather::Gather;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Longest file of manifests.
const MOST_BYTES: u64 = 1 << 28;
/// Differences that are shown at most; all of them: --json.
const MOST_SHOWN: usize = 40;

/// Writes manifests of results: inputs, configuration, version, devices, times and digests, chained to their inputs' own
///
/// Each manifest is an in-toto statement of one line; first those of the results, then those of their inputs as far as
/// their files are at hand. A rerun gives the same reproducible digest, on whatever machine. With --check results are held
/// to manifests that were made earlier: whatever differs is named, and refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae manifest nearest.h5 -o nearest.jsonl
  striae manifest links.h5 -o links.jsonl --sign own.keys
  striae manifest links.h5 --check links.jsonl --signed-by laboratory.pub
  striae manifest run/links.h5 -o run/manifest.jsonl --ro-crate run --agent 'Laboratory X'")]
pub struct Options {
    /// Results, models, linkages or collections: FILE.h5, or FILE.h5:/group
    #[arg(required = true)]
    results: Vec<String>,
    /// Manifests to write, one a line
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace it, and the description of --ro-crate, if it is there
    #[arg(long)]
    overwrite: bool,
    /// Hold the results to these manifests
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "ro_crate", "sign"])]
    check: Option<PathBuf>,
    /// With --check, of signed manifests: the public key of whoever must have signed them
    #[arg(long, value_name = "KEY")]
    signed_by: Option<PathBuf>,
    /// Sign each manifest with this key (DSSE envelopes)
    #[arg(long, value_name = "KEYS", requires = "output")]
    sign: Option<PathBuf>,
    /// Folder with the results in it, to be described as an RO-Crate (Process Run Crate 0.5): writes ro-crate-metadata.json there
    #[arg(long, value_name = "FOLDER")]
    ro_crate: Option<PathBuf>,
    /// With --ro-crate: who ran it
    #[arg(long, value_name = "NAME", requires = "ro_crate")]
    agent: Option<String>,
    /// With --ro-crate: address or words of the terms under which the folder may be used
    #[arg(long, value_name = "TERMS", requires = "ro_crate")]
    license: Option<String>,
    /// Folder where inputs are now, if not where the records say
    #[arg(long, value_name = "FOLDER")]
    inputs: Option<PathBuf>,
}

/// Makes an envelope of a payload type, a payload and a file of keys.
type Seal<'a> = &'a dyn Fn(&str, &[u8], &Path) -> anyhow::Result<String>;
/// The payload of an envelope of this payload type, if the key of this file signed it.
type Unseal<'a> = &'a dyn Fn(&str, &str, &Path) -> anyhow::Result<Vec<u8>>;

/// Who signs and who checks signatures.
#[derive(Clone, Copy)]
pub struct Envelopes<'a> {
    pub seal: Seal<'a>,
    pub unseal: Unseal<'a>,
}

pub fn run(options: &Options, voice: Voice, envelopes: Envelopes<'_>) -> anyhow::Result<()> {
    if options.signed_by.is_some() && options.check.is_none() {
        return Err(Refused::usage("--signed-by goes with --check; to sign, give --sign KEYS"));
    }
    if let Some(output) = &options.output {
        check_target(output, options.overwrite)?;
    }
    if let Some(folder) = &options.ro_crate {
        folder::check(folder, options.overwrite)?;
    }
    let stored = options.check.as_ref().map(|file| read(file, options.signed_by.as_deref(), envelopes)).transpose()?;
    let progress = Progress::new(voice.quiet || voice.json);
    let mut gather = Gather::new(options.inputs.as_deref(), stored.is_some(), &progress)?;
    let mut asked = Vec::new();
    for result in &options.results {
        asked.push(gather.asked(result)?);
    }
    if let Some(output) = &options.output
        && gather.has_read(output)
    {
        return Err(Refused::usage(format!("{}: this is also an input; name another output", output.display())));
    }
    progress.clear();
    let (faults, mut notes) = (std::mem::take(&mut gather.faults), std::mem::take(&mut gather.notes));
    let names: Vec<String> = asked.iter().map(|manifest| manifest.name().to_owned()).collect();
    let chain = gather.chain(asked);
    let breaks = chain.breaks();
    if let (Some(stored), Some(file)) = (stored, &options.check) {
        let differences = stored.differences(&chain);
        // What does not hold together on file is told beside what differs from what is there.
        let breaks = [stored.breaks(), breaks].concat();
        let strangers = strangers(&stored, &names);
        return tell(file, &Found { chain: &chain, strangers, differences, breaks, faults, notes }, voice);
    }
    if let Some(first) = breaks.first() {
        return Err(Refused::input(format!(
            "{first}. What went in is not there any more as it was: find it (--inputs FOLDER), or make the result anew"
        )));
    }
    if let Some(output) = &options.output {
        let bytes = match &options.sign {
            Some(key) => sealed(&chain, key, envelopes)?,
            None => chain.bytes(),
        };
        store(output, &bytes)?;
    }
    if let Some(folder) = &options.ro_crate {
        let within = folder::describe(folder, &chain, names.len(), options.agent.as_deref(), options.license.as_deref())?;
        if !within {
            notes.push(format!(
                "none of the results is in {}, so that it tells of them by their digests alone: move or copy them there first",
                folder.display()
            ));
        }
    }
    say(options, &chain, &notes, voice);
    Ok(())
}

/// One envelope a line: an in-toto bundle.
fn sealed(chain: &Chain, key: &Path, envelopes: Envelopes<'_>) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for manifest in chain.manifests() {
        let envelope: serde_json::Value = serde_json::from_str(&(envelopes.seal)(PAYLOAD_TYPE, &manifest.bytes(), key)?)?;
        writeln!(bytes, "{envelope}")?;
    }
    Ok(bytes)
}

/// Manifests of a file, signed or not.
fn read(file: &Path, key: Option<&Path>, envelopes: Envelopes<'_>) -> anyhow::Result<Chain> {
    let refuse = |text: String| Refused::input(format!("{}: {text}", file.display()));
    let size = std::fs::metadata(file).map_err(|e| refuse(format!("cannot be read: {e}")))?.len();
    if size > MOST_BYTES {
        return Err(refuse(format!("it has {size} bytes; manifests of at most {MOST_BYTES} are read. Is this the right file?")));
    }
    let bytes = std::fs::read(file).map_err(|e| refuse(format!("cannot be read: {e}")))?;
    let lines: Vec<&[u8]> = bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty()).collect();
    let is_envelope = |line: &[u8]| {
        serde_json::from_slice::<serde_json::Value>(line)
            .is_ok_and(|v| v.get("payload").is_some() && v.get("signatures").is_some())
    };
    match (key, lines.iter().any(|line| is_envelope(line))) {
        (None, true) => Err(refuse("it is signed; say who must have signed it: --signed-by KEY".into())),
        (None, false) => Chain::read(&bytes).map_err(|e| refuse(e.to_string())),
        (Some(key), _) => {
            let mut payloads = Vec::new();
            for (n, line) in lines.iter().enumerate() {
                if !is_envelope(line) {
                    return Err(refuse(format!("line {} is not signed, and --signed-by says it must be", n + 1)));
                }
                let payload = (envelopes.unseal)(PAYLOAD_TYPE, &String::from_utf8_lossy(line), key);
                payloads.push(payload.with_context(|| format!("{}, line {}", file.display(), n + 1))?);
            }
            let lines = payloads.iter().enumerate().map(|(n, payload)| (n + 1, &payload[..]));
            Chain::of_lines(lines).map_err(|e| refuse(e.to_string()))
        }
    }
}

/// Writes a file beside its place, and then gives it its name.
fn store(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = std::fs::File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| std::fs::rename(&part, path)).with_context(|| {
        let _ = std::fs::remove_file(&part);
        format!("cannot write {}", path.display())
    })
}

/// What is asked for and nothing on file is about, beside what that is about.
fn strangers(stored: &Chain, names: &[String]) -> Vec<String> {
    let about = stored.manifests().first().map_or("nothing", Manifest::name);
    let unknown = names.iter().filter(|name| !stored.manifests().iter().any(|manifest| manifest.name() == name.as_str()));
    unknown.map(|name| format!("is about {about}; nothing in it is about {name}")).collect()
}

/// So many things: `1 note`, `2 notes`.
fn counted(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// What a check found.
struct Found<'a> {
    chain: &'a Chain,
    strangers: Vec<String>,
    differences: Vec<Difference>,
    breaks: Vec<Break>,
    /// Files that are not what their own records say.
    faults: Vec<String>,
    notes: Vec<String>,
}

/// Says what differs, and refuses where that speaks against a result.
fn tell(file: &Path, found: &Found<'_>, voice: Voice) -> anyhow::Result<()> {
    let Found { chain, strangers, differences, breaks, faults, notes } = found;
    if voice.json {
        let all: Vec<_> = differences
            .iter()
            .map(
                |d| serde_json::json!({ "of": d.of, "path": d.path, "recorded": d.recorded, "found": d.found, "grave": d.grave }),
            )
            .collect();
        let breaks: Vec<String> = breaks.iter().map(ToString::to_string).collect();
        println!(
            "{}",
            serde_json::json!({
                "check": file, "manifests": chain.manifests().len(), "differences": all, "breaks": breaks,
                "faults": faults, "notes": notes,
            })
        );
    }
    let grave = differences.iter().filter(|d| d.grave).map(|d| format!("differs   {d}"));
    let broken = breaks.iter().map(|b| format!("broken    {b}"));
    let wrong: Vec<String> = faults.iter().map(|f| format!("changed   {f}")).chain(grave).chain(broken).collect();
    let light: Vec<String> = differences.iter().filter(|d| !d.grave).map(|d| format!("note      {d}")).collect();
    let told = !voice.json && !voice.quiet;
    if told {
        for text in strangers {
            println!("note      {} {text}", file.display());
        }
        for line in wrong.iter().chain(&light).take(MOST_SHOWN) {
            println!("{line}");
        }
        for note in notes {
            println!("note      {note}");
        }
    }
    if let Some(first) = wrong.first() {
        // What stands above is not said again.
        let first = match (wrong.len(), first.split_at(10).1) {
            _ if told => String::new(),
            (1, first) => format!(": {first}"),
            (_, first) => format!(", the first is {first}"),
        };
        let result =
            differences.iter().any(|d| d.grave && d.half() == Half::Reproducible) || !breaks.is_empty() || !faults.is_empty();
        let advice = if result {
            "Get file and manifest anew from where they came; striae verify says whether the scores are right"
        } else {
            "What was computed, of what and how, is as recorded: the file was made anew, or changed where it says when and by \
             what it was made"
        };
        return Err(Refused::input(format!(
            "{}: {} {} not as its manifests say{first}. {advice}",
            file.display(),
            counted(wrong.len(), "thing"),
            if wrong.len() == 1 { "is" } else { "are" }
        )));
    }
    if told {
        let manifests = counted(chain.manifests().len(), "manifest");
        match light.len() + notes.len() {
            0 => println!("checked   {manifests}: all as recorded"),
            n => println!("checked   {manifests}: as recorded, but for {}", counted(n, "note")),
        }
    }
    Ok(())
}

fn say(options: &Options, chain: &Chain, notes: &[String], voice: Voice) {
    if voice.json {
        let of = |m: &crate::report::manifest::Manifest| {
            serde_json::json!({
                "name": m.name(), "kind": m.kind(), "blake3": m.blake3(),
                "reproducible_blake3": m.reproducible_blake3(), "manifest": m.value(),
            })
        };
        let all: Vec<_> = chain.manifests().iter().map(of).collect();
        println!("{}", serde_json::json!({ "output": options.output, "manifests": all, "notes": notes }));
        return;
    }
    if voice.quiet {
        return;
    }
    for (n, m) in chain.manifests().iter().enumerate() {
        let what = if n < options.results.len() { "manifest" } else { "input" };
        println!(
            "{what:<10}{} ({})\n          BLAKE3 {}\n          reproducible {}",
            m.name(),
            m.kind(),
            m.blake3(),
            m.reproducible_blake3()
        );
    }
    for note in notes {
        println!("note      {note}");
    }
    if let Some(output) = &options.output {
        println!("stored    {}", output.display());
    }
    if let Some(folder) = &options.ro_crate {
        println!("described {}", folder.display());
    }
}
