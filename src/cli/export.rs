//! `striae export`: collections for another laboratory, with pseudonyms for ids, encrypted to its key and signed.
//!
//! Each collection becomes an HDF5 file of its own in a working folder, with only what [`allowed`] lists; then all are packed.
//! Where ids become pseudonyms, rows are put in the order of these, so that their order does not tell when they came in.
//!
//! The output may lie on what the partner is handed: nothing but the encrypted bundle is ever written there. Files in clear lie
//! beside the archive, and the table beside its own name.

use super::member::{self, Columns, Lists};
use super::progress::Progress;
use super::{Refused, Voice, collection, keys};
use crate::archive::new_collection::Plan;
use crate::archive::peaks::PeakLists;
use crate::archive::write::check_target;
use crate::archive::{Address, Collection, NewCollection, Reading};
use crate::compare::{Observer as _, RowSource as _};
use crate::matrix::Values;
use crate::share::manifest::{Content, MOST_MEMBERS, clash, is_name};
use crate::share::staging::folder_of;
use crate::share::{Laboratory, Manifest, Member, Part, PseudonymKey, Pseudonyms, Workshop, allowed, bundle};
use anyhow::Context as _;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Packs collections for another laboratory: descriptors alone, encrypted to its key and signed with yours
///
/// What goes: the numbers with their axis, names of features, attributes that say how rows are to be compared, and id, exhibit
/// and mark of each row as pseudonyms (keyed hashes). Source, case, batch and press go where --keep asks for them, as
/// pseudonyms too. Of a collection's path its last part goes as the name, in clear; --name gives another. Everything else
/// stays: pictures, dates, places, file names, other columns. The partner's links can be led back with --table, or later with
/// the same key of pseudonyms. Rows without ids are named after their collection and number: the same --name gives the same
/// pseudonyms.
///
/// While they are packed, collections lie in clear in a folder beside the first archive (--work), never beside the output.
///
/// This is data minimisation, not anonymisation: descriptors can sometimes be inverted to a picture, and who has a like mark
/// finds its row.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae export a.h5:/toolmarks a.h5:/logos --to lyon.pub --keys bern.keys --pseudonyms names.key --table ids.csv -o lyon.striae
  striae export archive.h5:/spectra --to lyon.pub --keys bern.keys --pseudonyms names.key --keep source -o lyon.striae
  striae export archive.h5:/spectra --to lyon.pub --keys bern.keys --keep-ids -o lyon.striae
  striae export a.h5:/2024-0815/marks --name marks --to lyon.pub --keys bern.keys --pseudonyms names.key -o stick/lyon.striae

The partner: striae import bundle lyon.striae --keys lyon.keys --from bern.pub -o bern.h5")]
pub struct Options {
    /// Collections: FILE.h5:/path
    #[arg(required = true)]
    collections: Vec<String>,
    /// Public key of the laboratory that may read it
    #[arg(long, value_name = "FILE.pub")]
    to: PathBuf,
    /// Your own keys, which sign it
    #[arg(long, value_name = "FILE.keys")]
    keys: PathBuf,
    /// Key of pseudonyms (striae keys pseudonyms)
    #[arg(long, value_name = "FILE.key", required_unless_present = "keep_ids")]
    pseudonyms: Option<PathBuf>,
    /// Let ids, exhibits and what --keep names go as they are, in the order of the rows
    #[arg(long, conflicts_with_all = ["pseudonyms", "table"])]
    keep_ids: bool,
    /// Further columns that go: source, case, batch, press
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    keep: Vec<String>,
    /// What the collections are called in the bundle, one for each in their order [default: the last part of its path]
    #[arg(long = "name", value_name = "NAME", value_delimiter = ',')]
    names: Vec<String>,
    /// Bundle to write
    #[arg(long, short, value_name = "FILE.striae")]
    output: PathBuf,
    /// CSV to write that leads pseudonyms back to names; it stays with you
    #[arg(long, value_name = "FILE.csv")]
    table: Option<PathBuf>,
    /// Where collections lie in clear while they are packed [default: the folder of the first archive]
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// Replace output and table if they are there
    #[arg(long)]
    overwrite: bool,
}

/// Columns and attributes that did not go.
type Left = BTreeSet<String>;

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let columns = allowed::columns(&options.keep)?;
    check_names(options)?;
    check_target(&options.output, options.overwrite)?;
    if let Some(table) = &options.table {
        check_target(table, options.overwrite)?;
    }
    let own = keys::own(&options.keys)?;
    let to = keys::partner(&options.to)?;
    let key = options.pseudonyms.as_deref().map(keys::pseudonyms).transpose()?;
    let mut pseudonyms = key.as_ref().map(Pseudonyms::new);
    let workshop = workshop(options)?;
    let progress = Progress::new(voice.quiet || voice.json);
    let mut members: Vec<Member> = Vec::new();
    let mut left = Left::new();
    for (n, text) in options.collections.iter().enumerate() {
        let file = workshop.file(n);
        let address = Address::parse(text);
        let name = options.names.get(n).map(String::as_str);
        let wanted = Wanted { columns: &columns, name, taken: &members, file: &file, progress: &progress };
        let member = if member::is_peaks(&address)? {
            wanted.peaks(&address, pseudonyms.as_mut(), &mut left)?
        } else {
            wanted.rows(collection::open(text)?, pseudonyms.as_mut(), &mut left)?
        };
        members.push(member);
    }
    if let Some(name) = options.keep.iter().find(|name| !members.iter().any(|m| m.columns.contains(*name))) {
        return Err(Refused::usage(format!("--keep {name}: none of the collections has a column of that name")));
    }
    let part = Part::beside(&options.output, 0o666)?;
    let key_id = key.as_ref().map(PseudonymKey::id);
    let who = bundle::Packing {
        keys: &own,
        to: &to,
        created: &collection::now(),
        program: concat!("striae ", env!("CARGO_PKG_VERSION")),
        pseudonym_key: key_id.as_deref(),
    };
    let manifest = pack(&part, &who, members, &workshop, &progress)?;
    if let (Some(path), Some(pseudonyms)) = (&options.table, &pseudonyms) {
        table(path, pseudonyms, options.overwrite)?;
    }
    // A name that somebody else took meanwhile is not taken from them.
    check_target(&options.output, options.overwrite)?;
    part.finish(options.overwrite)?;
    progress.clear();
    say(options, &manifest, &to, &left, voice)
}

/// Refuses names that a bundle cannot have.
fn check_names(options: &Options) -> anyhow::Result<()> {
    let (names, collections) = (&options.names, options.collections.len());
    if names.is_empty() {
        return Ok(());
    }
    if names.len() != collections {
        return Err(Refused::usage(format!(
            "--name gives {} names for {collections} collections; give one for each",
            names.len()
        )));
    }
    if let Some(name) = names.iter().find(|name| !is_name(name)) {
        return Err(Refused::usage(format!("--name {name}: allowed are letters, digits, _ - . and / between names")));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match clash(&names) {
        Some([inner, outer]) => {
            Err(Refused::usage(format!("--name {inner} and {outer}: no collection can have another's name or lie inside it")))
        }
        None => Ok(()),
    }
}

/// The folder for what lies in clear: where the same lies in clear anyway, unless told.
fn workshop(options: &Options) -> anyhow::Result<Workshop> {
    let folder = match (&options.work, options.collections.first()) {
        (Some(folder), _) => folder.clone(),
        (None, first) => {
            let file = Address::parse(first.map_or("", String::as_str)).file;
            // Where a link leads to.
            let found = std::fs::canonicalize(&file);
            let found = found.map_err(|e| Refused::input(format!("{}: cannot be opened: {e}", file.display())))?;
            folder_of(&found).to_owned()
        }
    };
    Workshop::within(&folder).map_err(|e| {
        Refused::usage(format!("collections lie in clear while they are packed, and not there: {e}. Give --work FOLDER"))
    })
}

/// Packs the files of the workshop into one.
fn pack(
    part: &Part,
    who: &bundle::Packing<'_>,
    members: Vec<Member>,
    workshop: &Workshop,
    progress: &Progress,
) -> anyhow::Result<Manifest> {
    progress.phase("encrypt", members.len() as u64);
    let names: Vec<String> = members.iter().map(|m| m.name.clone()).collect();
    let out = BufWriter::with_capacity(1 << 20, part.file());
    let (out, manifest) = bundle::pack(out, who, members, &mut |member| {
        let n = names.iter().position(|name| *name == member.name).unwrap_or(0);
        if progress.advance(n as u64).is_err() {
            return Err(std::io::Error::other("it was stopped"));
        }
        Ok(Box::new(File::open(workshop.file(n))?))
    })?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error).context("cannot write the bundle")?;
    progress.advance(names.len() as u64)?;
    Ok(manifest)
}

/// Column, pseudonym and name of all that was given, for its owner alone; all of it, or nothing.
fn table(path: &Path, pseudonyms: &Pseudonyms<'_>, overwrite: bool) -> anyhow::Result<()> {
    let part = Part::beside(path, 0o600)?;
    let mut writer = csv::Writer::from_writer(part.file());
    writer.write_record(["column", "pseudonym", "name"])?;
    for row in pseudonyms.table() {
        writer.write_record(row)?;
    }
    writer.flush().with_context(|| format!("cannot write {}", path.display()))?;
    drop(writer);
    Ok(part.finish(overwrite)?)
}

/// What is to become of one collection.
struct Wanted<'a> {
    columns: &'a [&'static str],
    /// Its name in the bundle, where one was asked for, and the collections that are there already.
    name: Option<&'a str>,
    taken: &'a [Member],
    file: &'a Path,
    progress: &'a Progress,
}

impl Wanted<'_> {
    /// A collection of rows, written as a member.
    fn rows(&self, mut source: Collection, pseudonyms: Option<&mut Pseudonyms<'_>>, left: &mut Left) -> anyhow::Result<Member> {
        let mut known = Columns::new();
        if let Some(ids) = source.ids()? {
            known.push(("id".into(), ids));
        }
        let mut present: BTreeSet<String> = source.others().iter().map(|(name, _)| name.clone()).collect();
        for (name, texts) in [("exhibit", source.exhibit_names()?), ("source", source.source_names()?)] {
            if let Some(texts) = texts {
                present.insert(name.to_owned());
                if self.columns.contains(&name) {
                    known.push((name.to_owned(), texts));
                }
            }
        }
        for name in self.columns.iter().filter(|name| !["id", "exhibit", "source"].contains(*name)) {
            if present.contains(*name) {
                known.push(((*name).to_owned(), source.texts_of(name)?));
            }
        }
        left.extend(present.into_iter().filter(|name| !self.columns.contains(&name.as_str())));
        let (rows, width, element) = (source.rows(), source.width(), source.element());
        let name = self.name_of(source.address());
        let (columns, order) = renamed(known, rows, &name, pseudonyms)?;
        let mut attributes = BTreeMap::new();
        for name in allowed::ATTRIBUTES {
            match source.attribute(name) {
                Some(text) if allowed::is_attribute(name, text) => drop(attributes.insert(name.to_owned(), text.to_owned())),
                Some(_) => drop(left.insert(format!("attribute {name}"))),
                None => {}
            }
        }
        let plan = Plan {
            rows,
            width,
            axis: source.axis()?,
            features: source.features()?,
            columns,
            attributes: attributes.clone().into_iter().collect(),
            ..Plan::default()
        };
        let target = member::address(self.file.to_owned());
        let writer = NewCollection::create(&target, element, &plan, false)?;
        self.progress.phase("pack", rows as u64);
        member::each_piece(&mut source, |start, values| {
            match &order {
                None => writer.put(start, &values)?,
                Some(order) => {
                    for (i, row) in (start..).zip(0..values.len() / width) {
                        let span = row * width..(row + 1) * width;
                        let one = match &values {
                            Values::F32(v) => Values::F32(v[span].to_vec()),
                            Values::F64(v) => Values::F64(v[span].to_vec()),
                        };
                        writer.put(order[i], &one)?;
                    }
                }
            }
            Ok(self.progress.advance((start + values.len() / width) as u64)?)
        })?;
        writer.finish()?;
        // Nobody else wrote this file.
        let mut again = Collection::open(&target, &Reading::Direct)?;
        let values_blake3 = member::each_piece(&mut again, |_, _| Ok(()))?;
        let columns = plan.columns.into_iter().map(|(name, _)| name).collect();
        self.member(name, Content::Rows, (rows, width), member::element_name(element), values_blake3, columns, attributes)
    }

    /// Peak lists, written as a member.
    fn peaks(&self, address: &Address, pseudonyms: Option<&mut Pseudonyms<'_>>, left: &mut Left) -> anyhow::Result<Member> {
        let source = PeakLists::open(address, &collection::reading()?)?;
        let name = self.name_of(source.address());
        let mut lists = Lists::of(source)?;
        let (known, out): (Columns, Columns) =
            std::mem::take(&mut lists.columns).into_iter().partition(|(name, _)| self.columns.contains(&name.as_str()));
        left.extend(out.into_iter().map(|(name, _)| name));
        let (columns, places) = renamed(known, lists.spectra.len(), &name, pseudonyms)?;
        if let Some(places) = places {
            // From where each goes to which comes first.
            let mut order: Vec<usize> = (0..places.len()).collect();
            order.sort_unstable_by_key(|&i| places[i]);
            lists = lists.reordered(&order);
        }
        let target = member::address(self.file.to_owned());
        lists.write(&target, &columns, &[], false)?;
        let again = Lists::read(&target, &Reading::Direct)?;
        let columns = columns.into_iter().map(|(name, _)| name).collect();
        let size = (again.spectra.len(), again.peaks);
        self.member(name, Content::Peaks, size, "f64", again.digest, columns, BTreeMap::new())
    }

    fn name_of(&self, address: &Address) -> String {
        self.name.map_or_else(|| usual_name(address, self.taken), str::to_owned)
    }

    #[allow(clippy::too_many_arguments, reason = "each is a line of the manifest")]
    fn member(
        &self,
        name: String,
        content: Content,
        (rows, width): (usize, usize),
        element: &str,
        values_blake3: String,
        columns: Vec<String>,
        attributes: BTreeMap<String, String>,
    ) -> anyhow::Result<Member> {
        let mut file = File::open(self.file).with_context(|| format!("cannot read {} again", self.file.display()))?;
        let (size, blake3) = bundle::digest(&mut file).with_context(|| format!("cannot read {} again", self.file.display()))?;
        Ok(Member {
            name,
            content,
            rows: rows as u64,
            width: width as u64,
            element: element.to_owned(),
            values_blake3,
            columns,
            attributes,
            size,
            blake3,
        })
    }
}

/// What a collection is called in the bundle, unless told: the last part of its path, with letters that every file system and
/// shell takes, and a number where others are called so. The groups above it may tell of a case, and stay.
fn usual_name(address: &Address, taken: &[Member]) -> String {
    let path = address.inner.as_deref().unwrap_or_default();
    let last = path.strip_suffix("/values").unwrap_or(path).rsplit('/').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
    let name: String = last.chars().take(100).map(plain).collect();
    let name = if is_name(&name) { name } else { "collection".into() };
    let free = |name: &String| !taken.iter().any(|member| member.name == *name);
    if free(&name) {
        return name;
    }
    let numbered = (2..=MOST_MEMBERS).map(|n| format!("{name}-{n}")).find(free);
    numbered.unwrap_or(name)
}

/// Columns as they go, each row in its new place, and that place of each old row; none where rows stay where they are. A row
/// without an id is called by the name of its collection and its number.
fn renamed(
    mut known: Columns,
    rows: usize,
    name: &str,
    pseudonyms: Option<&mut Pseudonyms<'_>>,
) -> anyhow::Result<(Columns, Option<Vec<usize>>)> {
    let Some(pseudonyms) = pseudonyms else { return Ok((known, None)) };
    if !known.iter().any(|(name, _)| name == "id") {
        known.insert(0, ("id".into(), (0..rows).map(|row| format!("{name}#{row}")).collect()));
    }
    for (column, texts) in &mut known {
        for text in texts {
            *text = pseudonyms.of(column, text)?;
        }
    }
    let mut order: Vec<usize> = (0..rows).collect();
    if let Some((_, ids)) = known.iter().find(|(name, _)| name == "id") {
        order.sort_unstable_by_key(|&i| (&ids[i], i));
    }
    let mut places = vec![0; rows];
    for (place, &row) in order.iter().enumerate() {
        places[row] = place;
    }
    for (_, texts) in &mut known {
        *texts = order.iter().map(|&row| std::mem::take(&mut texts[row])).collect();
    }
    Ok((known, Some(places)))
}

fn say(options: &Options, manifest: &Manifest, to: &Laboratory, left: &Left, voice: Voice) -> anyhow::Result<()> {
    let size = std::fs::metadata(&options.output).map_or(0, |m| m.len());
    let names: Vec<&str> = manifest.collections.iter().map(|member| member.name.as_str()).collect();
    if voice.json {
        let said = serde_json::json!({
            "output": options.output.display().to_string(), "bytes": size, "manifest": serde_json::to_value(manifest)?,
            "names": names, "left_here": left, "table": options.table.as_ref().map(|t| t.display().to_string()),
        });
        println!("{said}");
    } else if !voice.quiet {
        for (member, from) in manifest.collections.iter().zip(&options.collections) {
            let what = if member.content == Content::Peaks { "spectra, peaks" } else { "rows × numbers" };
            println!(
                "packed    {from} as {}: {} × {} ({what}), columns {}",
                member.name,
                member.rows,
                member.width,
                member.columns.join(", ")
            );
        }
        if !left.is_empty() {
            println!("stays     {}", left.iter().cloned().collect::<Vec<_>>().join(", "));
        }
        println!("names     {} go as they are (--name)", names.join(", "));
        if manifest.pseudonym_key.is_none() {
            println!("ids       as they are (--keep-ids)");
        }
        if let Some(table) = &options.table {
            println!("table     {} leads pseudonyms back; it stays here", table.display());
        }
        println!("for       {to}");
        println!("stored    {} ({})", options.output.display(), crate::compare::bytes(size));
    }
    Ok(())
}
