//! `striae import bundle`: collections that another laboratory exported for this one.
//!
//! Everything is checked before anything of it is read: the bundle goes into a folder beside the archive while signature, sizes
//! and digests are looked at; then each collection is opened in a process of its own and held against the signed manifest; only
//! then does the archive change. What is stored takes no more room than what came: in HDF5, a few bytes can stand for terabytes.

use super::files::unreadable;
use crate::archive::new_collection::Plan;
use crate::archive::peaks::PeakLists;
use crate::archive::write::check_target;
use crate::archive::{Address, Client, Collection, NewCollection};
use crate::cli::member::{self, Columns, Lists};
use crate::cli::progress::Progress;
use crate::cli::{Refused, Voice, collection, keys, memory};
use crate::compare::{Observer as _, RowSource as _};
use crate::share::manifest::{Content, is_name};
use crate::share::staging::folder_of;
use crate::share::{Limits, Manifest, Member, Unpacking, Workshop};
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// Collections that another laboratory packed for this one (striae export)
///
/// Refused, naming what is wrong, when anything was changed, cut off or replaced, when another than --from signed it, or when
/// it was meant for somebody else.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae import bundle lyon.striae --keys lyon.keys --from bern.pub -o bern.h5
  striae import bundle lyon.striae --keys lyon.keys --from bern.pub --into bern -o archive.h5
  striae compare archive.h5:/toolmarks bern.h5:/toolmarks --metric ccf --top-k 10 -o both.h5")]
pub struct Options {
    /// Bundle to read
    bundle: PathBuf,
    /// Your own keys, which open it
    #[arg(long, value_name = "FILE.keys")]
    keys: PathBuf,
    /// Public key of the laboratory that is to have signed it
    #[arg(long, value_name = "FILE.pub")]
    from: PathBuf,
    /// Archive to write; one that is there is added to
    #[arg(long, short)]
    output: PathBuf,
    /// Group of the archive to put the collections into
    #[arg(long, value_name = "GROUP")]
    into: Option<String>,
    /// Replace collections of the same names
    #[arg(long)]
    overwrite: bool,
    /// Most bytes that its collections may have
    #[arg(long, default_value = "256GiB", value_name = "SIZE", value_parser = memory::parse)]
    limit: u64,
}

/// Bytes of a name of a row or a feature.
const LONGEST_NAME: usize = 1000;

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    check_target(&options.output, true)?;
    let into = options.into.as_deref().unwrap_or_default().trim_matches('/');
    if !into.is_empty() && !is_name(into) {
        return Err(Refused::usage(format!("--into {into}: allowed are letters, digits, _ - . and / between names")));
    }
    let own = keys::own(&options.keys)?;
    let from = keys::partner(&options.from)?;
    let name = || options.bundle.display().to_string();
    let refused = |e: std::io::Error| Refused::input(format!("{}: {}", name(), unreadable(&e)));
    let file = File::open(&options.bundle).map_err(refused)?;
    let about = file.metadata().map_err(refused)?;
    if about.is_dir() {
        return Err(Refused::input(format!("{}: this is a folder; a bundle is one file", name())));
    }
    let progress = Progress::new(voice.quiet || voice.json);
    let limits = Limits { collection: options.limit, total: options.limit, ..Limits::default() };
    let mut opened = Unpacking::open(file, &own, &from, &limits).with_context(name)?;
    // Nothing in it is compressed: it cannot hold more than it has.
    let needed = opened.manifest().collections.iter().fold(0, |sum: u64, member| sum.saturating_add(member.size));
    if about.is_file() && needed > about.len() {
        return Err(Refused::input(format!(
            "{}: the bundle ends early: it should have about {needed} bytes and has {}. Get it again from where it came",
            name(),
            about.len()
        )));
    }
    for member in &opened.manifest().collections {
        let title = || format!("{}: {}", name(), member.title());
        member.numbers().filter(|bytes| *bytes <= member.size).ok_or_else(|| swollen(member)).with_context(title)?;
    }
    let targets: Vec<Address> =
        opened.manifest().collections.iter().map(|member| target(&options.output, into, &member.name)).collect();
    refuse_taken(&options.output, &targets, options.overwrite)?;
    let workshop = Workshop::within(folder_of(&options.output))?;
    progress.phase("check", targets.len() as u64);
    for n in 0..targets.len() {
        let file = File::create(workshop.file(n)).with_context(|| format!("cannot write beside {}", options.output.display()))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        opened.member(&mut file).with_context(name)?;
        file.flush().with_context(|| format!("cannot write beside {}", options.output.display()))?;
        progress.advance(n as u64 + 1)?;
    }
    let manifest = opened.finish().with_context(name)?;
    let mut incoming = Vec::new();
    for (n, member) in manifest.collections.iter().enumerate() {
        let title = || format!("{}: {}", name(), member.title());
        incoming.push(Incoming::check(member, workshop.file(n)).with_context(title)?);
        progress.advance(n as u64 + 1)?;
    }
    progress.phase("store", targets.len() as u64);
    for (n, (one, target)) in incoming.into_iter().zip(&targets).enumerate() {
        one.store(&manifest, target, options.overwrite)?;
        progress.advance(n as u64 + 1)?;
    }
    progress.clear();
    say(&manifest, &targets, voice)
}

fn target(archive: &Path, into: &str, name: &str) -> Address {
    let inner = if into.is_empty() { format!("/{name}") } else { format!("/{into}/{name}") };
    Address { file: archive.to_owned(), inner: Some(inner) }
}

/// Refuses targets that the archive has already, or where more of it would change than collections of the same names; before
/// anything is read.
fn refuse_taken(archive: &Path, targets: &[Address], overwrite: bool) -> anyhow::Result<()> {
    if !archive.exists() {
        return Ok(());
    }
    let nodes = Client::open(archive, &collection::reading()?)?.tree()?;
    // Groups of rows or of peak lists.
    let collections: BTreeSet<&str> = nodes
        .iter()
        .filter(|node| node.dataset.is_some())
        .filter_map(|node| node.path.rsplit_once('/'))
        .filter(|(_, name)| ["values", "indptr"].contains(name))
        .map(|(group, _)| if group.is_empty() { "/" } else { group })
        .collect();
    for target in targets {
        let path = target.inner.as_deref().unwrap_or("/");
        let there = nodes.iter().any(|node| node.path == path);
        if there && !overwrite {
            return Err(Refused::usage(format!("{target} is there already; give --into GROUP, or --overwrite to replace it")));
        }
        let whole = |path: &str, dataset: bool| dataset || collections.contains(path);
        let outer = nodes.iter().find(|n| is_inside(path, &n.path) && whole(n.path.as_str(), n.dataset.is_some()));
        let inner = collections.iter().find(|inner| is_inside(inner, path));
        let text = match (outer, inner) {
            (Some(outer), _) => format!("{target} would lie inside {}, which is there, and change it", outer.path),
            (None, Some(inner)) => format!("{target} would take the place of a group that holds {inner}"),
            (None, None) if there && !collections.contains(path) => format!("{target} is there, and is no collection"),
            (None, None) => continue,
        };
        return Err(Refused::usage(format!("{text}; give --into GROUP, with a group of its own")));
    }
    Ok(())
}

/// Whether a path of an archive lies below another.
fn is_inside(inner: &str, outer: &str) -> bool {
    inner != outer && (outer == "/" || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/')))
}

/// Says that a collection would take more room than it came with. What striae packs is not compressed, and left to no fill value.
fn swollen(member: &Member) -> anyhow::Error {
    Refused::input(format!(
        "{} × {} numbers and the names beside them would take more room than the {} bytes that came. Nothing was taken from it",
        member.rows, member.width, member.size
    ))
}

/// A collection that came and was held against the manifest.
struct Incoming<'a> {
    member: &'a Member,
    address: Address,
    columns: Columns,
}

impl<'a> Incoming<'a> {
    fn check(member: &'a Member, file: PathBuf) -> anyhow::Result<Self> {
        let address = member::address(file);
        let differs = |what: &str, got: &str, signed: &str| {
            Refused::input(format!("its {what} is {got}, and the signed manifest says {signed}. Nothing was taken from it"))
        };
        let expected = |what: &str, got: u64, signed: u64| {
            if got == signed { Ok(()) } else { Err(differs(what, &got.to_string(), &signed.to_string())) }
        };
        let mut room = member.numbers().unwrap_or(u64::MAX);
        let mut names = |column: &str, texts: &[String]| -> anyhow::Result<()> {
            plain(column, texts)?;
            // As they will be stored: each as long as the longest.
            let longest = texts.iter().map(String::len).max().unwrap_or(0).max(1);
            room = room.saturating_add((longest * texts.len()) as u64);
            if room > member.size { Err(swollen(member)) } else { Ok(()) }
        };
        let (columns, digest) = match member.content {
            Content::Rows => {
                let mut source = Collection::open(&address, &collection::reading()?)?;
                expected("number of rows", source.rows() as u64, member.rows)?;
                expected("number of features", source.width() as u64, member.width)?;
                let element = member::element_name(source.element());
                if element != member.element {
                    return Err(differs("kind of number", element, &member.element));
                }
                for (name, text) in &member.attributes {
                    if source.attribute(name) != Some(text) {
                        return Err(differs(name, source.attribute(name).unwrap_or("missing"), text));
                    }
                }
                let mut columns = Columns::new();
                for name in &member.columns {
                    let texts = if name == "id" { source.ids()?.unwrap_or_default() } else { source.texts_of(name)? };
                    columns.push((name.clone(), texts));
                }
                if let Some(features) = source.features()? {
                    names("feature", &features)?;
                }
                if let Some((_, Some(unit))) = source.axis()? {
                    plain("the axis' unit", &[unit])?;
                }
                (columns, member::each_piece(&mut source, |_, _| Ok(()))?)
            }
            Content::Peaks => {
                // How many there are it says at once, and reading makes room for all.
                let source = PeakLists::open(&address, &collection::reading()?)?;
                expected("number of spectra", source.rows() as u64, member.rows)?;
                expected("number of peaks", source.peaks() as u64, member.width)?;
                let lists = Lists::of(source)?;
                let columns = lists.columns.into_iter().filter(|(name, _)| member.columns.contains(name)).collect();
                (columns, lists.digest)
            }
        };
        let got: BTreeSet<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        if let Some(missing) = member.columns.iter().find(|name| !got.contains(name.as_str())) {
            return Err(Refused::input(format!(
                "it has no column {missing}, and the signed manifest says that it has. Nothing was taken from it"
            )));
        }
        for (name, texts) in &columns {
            expected(&format!("number of entries of {name}"), texts.len() as u64, member.rows)?;
            names(name, texts)?;
        }
        if digest != member.values_blake3 {
            return Err(differs("digest of values", &digest, &member.values_blake3));
        }
        Ok(Self { member, address, columns })
    }

    /// Puts it into the archive, with who it came from.
    fn store(self, manifest: &Manifest, target: &Address, overwrite: bool) -> anyhow::Result<()> {
        let mut attributes: Vec<(String, String)> = self.member.attributes.clone().into_iter().collect();
        attributes.push(("made_by".into(), concat!("striae import bundle ", env!("CARGO_PKG_VERSION")).into()));
        attributes.push(("shared_by".into(), manifest.sender.to_string()));
        attributes.push(("shared_at".into(), manifest.created.clone()));
        attributes.extend(manifest.pseudonym_key.clone().map(|key| ("pseudonym_key".into(), key)));
        match self.member.content {
            Content::Peaks => {
                Lists::read(&self.address, &collection::reading()?)?.write(target, &self.columns, &attributes, overwrite)
            }
            Content::Rows => {
                let mut source = Collection::open(&self.address, &collection::reading()?)?;
                let plan = Plan {
                    rows: source.rows(),
                    width: source.width(),
                    axis: source.axis()?,
                    features: source.features()?,
                    columns: self.columns,
                    attributes,
                    ..Plan::default()
                };
                let writer = NewCollection::create(target, source.element(), &plan, overwrite)?;
                member::each_piece(&mut source, |start, values| Ok(writer.put(start, &values)?))?;
                Ok(writer.finish()?)
            }
        }
    }
}

/// Refuses names that would do something to a terminal or a table, or fill it.
fn plain(column: &str, texts: &[String]) -> anyhow::Result<()> {
    let bad = |text: &String| text.len() > LONGEST_NAME || text.chars().any(char::is_control);
    match texts.iter().position(bad) {
        Some(row) => Err(Refused::input(format!(
            "entry {row} of {column} has control characters or more than {LONGEST_NAME} bytes. Nothing was taken from it"
        ))),
        None => Ok(()),
    }
}

fn say(manifest: &Manifest, targets: &[Address], voice: Voice) -> anyhow::Result<()> {
    if voice.json {
        let stored: Vec<String> = targets.iter().map(ToString::to_string).collect();
        println!("{}", serde_json::json!({ "stored": stored, "manifest": serde_json::to_value(manifest)? }));
    } else if !voice.quiet {
        println!("from      {}, packed {}", manifest.sender, manifest.created);
        for (member, target) in manifest.collections.iter().zip(targets) {
            println!("stored    {target} ({} × {})", member.rows, member.width);
        }
        println!(
            "{}",
            if manifest.pseudonym_key.is_some() {
                "ids       pseudonyms: the sender can lead them back"
            } else {
                "ids       as the sender has them"
            }
        );
    }
    Ok(())
}
