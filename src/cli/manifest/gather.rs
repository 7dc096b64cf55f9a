//! From files to manifests: what a result says of itself, held to its content, and what it was made of as far as that is at hand.

use crate::archive::linkage::Linkage;
use crate::archive::model::{StoredModel, applied_record, check_tables};
use crate::archive::result::StoredResult;
use crate::archive::shard::StoredShard;
use crate::archive::wire::{Dataset, Node, Question};
use crate::archive::{Address, Client, Collection, Reading, cell_result};
use crate::cli::making;
use crate::cli::progress::Progress;
use crate::cli::{Refused, calibrate, collection, verify};
use crate::compare::Observer as _;
use crate::compare::digest::ValuesDigest;
use crate::matrix::{Element, Values};
use crate::report::manifest::{Chain, FileDigests, Input, Manifest, Run, inputs};
use anyhow::Context as _;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Bytes of a file, or of rows, that are read together.
const PIECE: usize = 4 << 20;
/// Pieces of a record that are read at most.
const MOST_PIECES: usize = 4_096;
/// Manifests below one another at most.
const MOST_DEEP: usize = 1_000;
/// What every HDF5 file of this program begins with.
const HDF5: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// What a collection says of how it was made ([`making`]).
const MAKING: [&str; 9] =
    ["options", "files", "metadata_blake3", "made_of_blake3", "left_out", "commit", "started", "seconds", "threads"];

/// A file, and a group in it.
type Place = (PathBuf, String);

/// Manifests being gathered.
pub struct Gather<'a> {
    reading: Reading,
    /// Where inputs are now.
    folder: Option<&'a Path>,
    /// Whether files that are not what their records say are told of and not refused.
    lenient: bool,
    progress: &'a Progress,
    known: HashMap<Place, Manifest>,
    files: HashMap<PathBuf, FileDigests>,
    under_way: Vec<Place>,
    pub notes: Vec<String>,
    pub faults: Vec<String>,
}

impl<'a> Gather<'a> {
    pub fn new(folder: Option<&'a Path>, lenient: bool, progress: &'a Progress) -> anyhow::Result<Self> {
        Ok(Self {
            reading: collection::reading()?,
            folder,
            lenient,
            progress,
            known: HashMap::new(),
            files: HashMap::new(),
            under_way: Vec::new(),
            notes: Vec::new(),
            faults: Vec::new(),
        })
    }

    /// The manifest of what somebody asked for.
    pub fn asked(&mut self, name: &str) -> anyhow::Result<Manifest> {
        let address = Address::parse(name);
        self.of(&address)?.ok_or_else(|| {
            Refused::input(format!("{address}: nothing in it says how it was made; manifests are of what striae wrote"))
        })
    }

    /// Whether a file is one of those that were read.
    pub fn has_read(&self, file: &Path) -> bool {
        file.canonicalize().is_ok_and(|file| self.files.contains_key(&file))
    }

    /// All that was gathered.
    pub fn chain(self, asked: Vec<Manifest>) -> Chain {
        Chain::new(asked, self.known.into_values().collect())
    }

    /// The manifest of what stands at an address; `None` where nothing says how it was made.
    fn of(&mut self, address: &Address) -> anyhow::Result<Option<Manifest>> {
        let path = canonical(&address.file)?;
        let mut client = Client::open(&address.file, &self.reading)?;
        let nodes = client.tree()?;
        let Some((group, kind)) = self.described(address, &nodes)? else { return Ok(None) };
        let place = (path, group.clone());
        if let Some(known) = self.known.get(&place) {
            return Ok(Some(known.clone()));
        }
        if self.under_way.contains(&place) || self.under_way.len() >= MOST_DEEP {
            return Err(Refused::input(format!("{address}: what it was made of leads back to it; its record is not true")));
        }
        let at = Address { file: address.file.clone(), inner: Some(group.clone()) };
        let record =
            if kind == "collection" { self.collection(&mut client, &nodes, &at)? } else { record(&mut client, &nodes, &at)? };
        // No reader process waits while inputs are looked at.
        drop(client);
        if let Err(error) = self.hold(&at, &kind, &record) {
            if !self.lenient {
                return Err(error);
            }
            self.faults.push(format!("{error:#}"));
        }
        self.under_way.push(place.clone());
        let mut inputs = inputs::of_record(&record);
        for input in &mut inputs {
            self.find(input, &address.file)?;
        }
        self.under_way.pop();
        let file = self.file(&place.0)?;
        let name = address.file.file_name().unwrap_or_default().to_string_lossy();
        let name = if group == "/" { name.into_owned() } else { format!("{name}:{group}") };
        let manifest = Manifest::new(&Run { kind: &kind, name: &name, file: &file, record: &record, inputs: &inputs });
        self.known.insert(place, manifest.clone());
        Ok(Some(manifest))
    }

    /// The group that an address names, and what it is.
    fn described(&self, address: &Address, nodes: &[Node]) -> anyhow::Result<Option<(String, String)>> {
        let attribute = |path: &str, name: &str| {
            let node = nodes.iter().find(|n| n.path == path);
            node.and_then(|n| n.attributes.get(name)).cloned()
        };
        let group = match &address.inner {
            Some(inner) if nodes.iter().any(|n| n.path == *inner && n.dataset.is_some()) => {
                let (group, _) = inner.rsplit_once('/').unwrap_or_default();
                if group.is_empty() { "/".to_owned() } else { group.to_owned() }
            }
            Some(inner) if nodes.iter().any(|n| n.path == *inner) => inner.clone(),
            Some(inner) => {
                return Err(Refused::input(format!(
                    "{}: there is no {inner} in it; striae info lists what there is",
                    address.file.display()
                )));
            }
            None => match nodes.iter().find(|n| n.attributes.contains_key("striae_kind")) {
                Some(node) => node.path.clone(),
                None => Collection::open(address, &self.reading)?.address().inner.clone().unwrap_or_else(|| "/".into()),
            },
        };
        if let Some(kind) = attribute(&group, "striae_kind") {
            let ratios = kind == "model" && attribute(&group, "model").is_some_and(|model| model == calibrate::KIND);
            return Ok(Some((group, if ratios { calibrate::KIND.to_owned() } else { kind })));
        }
        let made = attribute(&group, "made_by").or_else(|| attribute("/", "made_by"));
        Ok(made.map(|_| (group, "collection".to_owned())))
    }

    /// What a collection says of itself, with digests of all that is in it.
    fn collection(&mut self, client: &mut Client, nodes: &[Node], at: &Address) -> anyhow::Result<Value> {
        let group = at.inner.as_deref().unwrap_or("/");
        let of = |path: &str| nodes.iter().find(|n| n.path == path).map_or_else(Default::default, |n| n.attributes.clone());
        let (mut own, of_file) = (of(group), of("/"));
        let made_by = own.remove("made_by").or_else(|| of_file.get("made_by").cloned()).unwrap_or_default();
        // "striae import toolmarks 0.1.0"
        let version = made_by.rsplit(' ').next().unwrap_or_default();
        let command = made_by.trim_end_matches(version).trim_start_matches("striae").trim();
        let mut record = json!({ "tool": "striae", "version": version, "command": command });
        if let Some(name) = own.remove("made_of") {
            record["made_of"] = name.into();
        }
        if group != "/" && of_file.contains_key("made_by") {
            let rest: Map<String, Value> =
                of_file.into_iter().filter(|(k, _)| k != "made_by").map(|(k, v)| (k, v.into())).collect();
            record["of_file"] = Value::Object(rest);
        }
        record["attributes"] = own.into_iter().map(|(k, v)| (k, Value::from(v))).collect::<Map<_, _>>().into();
        let inside = format!("{}/", group.trim_end_matches('/'));
        let (mut columns, mut attributes, mut blind) = (Map::new(), Map::new(), Vec::new());
        for node in nodes {
            let (Some(dataset), Some(name)) = (&node.dataset, node.path.strip_prefix(&inside)) else { continue };
            if name.contains('/') {
                continue;
            }
            if name == making::NAME && dataset.text && dataset.shape == [1] {
                let text = client.texts(&node.path, 0..1)?.pop().unwrap_or_default();
                // What it says may not stand in the place of what was found.
                let said = serde_json::from_str::<Map<String, Value>>(&text).unwrap_or_default();
                for (key, value) in said.into_iter().filter(|(key, _)| MAKING.contains(&key.as_str())) {
                    record[key] = value;
                }
                continue;
            }
            if !node.attributes.is_empty() {
                attributes.insert(name.to_owned(), json!(node.attributes));
            }
            let digest = self.content(client, &node.path, dataset)?;
            if digest.is_none() {
                blind.push(name.to_owned());
            }
            if name == "values" {
                record["values_blake3"] = digest.into();
                record["rows"] = dataset.shape.first().copied().unwrap_or(0).into();
                record["width"] = dataset.shape.get(1).copied().unwrap_or(1).into();
            } else {
                columns.insert(name.to_owned(), digest.into());
            }
        }
        record["columns_blake3"] = Value::Object(columns);
        if !attributes.is_empty() {
            record["of_datasets"] = Value::Object(attributes);
        }
        if !blind.is_empty() {
            let text =
                format!("{at}: no digest is made of {}: a change of it is seen by the file's digest alone", blind.join(", "));
            self.notes.push(text);
        }
        Ok(record)
    }

    /// The digest of a dataset: of numbers as of a comparison's input, of texts as of a model's columns; `None` of what is
    /// neither, or cannot be read.
    fn content(&self, client: &mut Client, path: &str, dataset: &Dataset) -> anyhow::Result<Option<String>> {
        let (dimensions, most) = (dataset.shape.len(), if dataset.text { 1 } else { 3 });
        if dimensions == 0 || dimensions > most || !dataset.unreadable.is_empty() {
            return Ok(None);
        }
        let rows = dataset.shape[0];
        let width: usize = dataset.shape.iter().skip(1).product();
        self.progress.phase("digest", rows as u64);
        if dataset.text {
            let mut hasher = blake3::Hasher::new();
            hasher.update(b"striae texts 1\0");
            for start in (0..rows).step_by(16_384) {
                let end = (start + 16_384).min(rows);
                for text in client.texts(path, start..end)? {
                    hasher.update(text.as_bytes()).update(b"\0");
                }
                self.progress.advance(end as u64)?;
            }
            return Ok(Some(hasher.finalize().to_hex().to_string()));
        }
        let Some(element) = dataset.element.map(Element::from) else { return Ok(None) };
        let mut digest = ValuesDigest::new(rows, width, element);
        let step = (PIECE / (width * 8).max(1)).max(1);
        for start in (0..rows).step_by(step) {
            let count = step.min(rows - start);
            let bytes = client.ask(&Question::Rows { dataset: path.to_owned(), start, count })?;
            digest.add(&match element {
                Element::F32 => Values::F32(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()),
                Element::F64 => Values::F64(bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect()),
            });
            self.progress.advance((start + count) as u64)?;
        }
        Ok(Some(digest.finish()))
    }

    /// Refuses what is not what its own record says.
    fn hold(&self, at: &Address, kind: &str, record: &Value) -> anyhow::Result<()> {
        let same = |what: &str, found: &str, recorded: &str| {
            if found == recorded {
                return Ok(());
            }
            Err(Refused::input(format!(
                "{at}: the digest of {what} is {found}, its record says {recorded}: the file was changed or damaged after it \
                 was made"
            )))
        };
        match kind {
            "top-k" | "links" | "dense" => {
                let mut stored = StoredResult::open(at, &self.reading)?;
                let (digest, matched) = (stored.record.result_blake3.clone(), stored.record.matched_blake3.clone());
                same("the stored result", &stored.digest()?, &digest)?;
                if let Some(matched) = matched {
                    same("the numbers of peaks", &stored.matched_digest()?, &matched)?;
                } else {
                    let columns = verify::columns(&stored.record)?;
                    if kind != "dense" && !columns.is_empty() {
                        let then = stored.record.beside_blake3.clone().unwrap_or_default();
                        same("what stands beside the scores", &stored.beside_digest(&columns)?, &then)?;
                    }
                }
            }
            "shard" => {
                let mut stored = StoredShard::open(at, &self.reading)?;
                let digest = stored.record.result_blake3.clone();
                same("the stored shard", &stored.digest()?, &digest)?;
            }
            "cells" => {
                let (links, _) = cell_result::read(at, &self.reading)?;
                same("the stored counts", &cell_result::digest(&links), record["result_blake3"].as_str().unwrap_or_default())?;
            }
            "linkage" => drop(Linkage::open(at, &self.reading)?),
            "applied" => check_tables(at, &self.reading, &applied_record(at, &self.reading)?)?,
            "model" | calibrate::KIND => check_tables(at, &self.reading, &StoredModel::open(at, &self.reading)?.record)?,
            // A collection's digests were just computed.
            _ => {}
        }
        Ok(())
    }

    /// Finds the file of an input, and its manifest if it has one.
    fn find(&mut self, input: &mut Input, of: &Path) -> anyhow::Result<()> {
        let said = Address::parse(&input.name);
        let (beside, name) = (of.parent().unwrap_or(Path::new("")), said.file.file_name().unwrap_or_default());
        let places =
            [self.folder.map(|f| f.join(name)), Some(said.file.clone()), Some(beside.join(&said.file)), Some(beside.join(name))];
        let Some(file) = places.into_iter().flatten().find(|file| file.is_file()) else {
            self.notes.push(format!(
                "{}: {} {} is not there; it stands in the manifest by its digests alone",
                of.display(),
                input.role,
                input.name
            ));
            return Ok(());
        };
        let path = canonical(&file)?;
        input.file = Some(self.file(&path)?);
        if !is_hdf5(&path)? {
            return Ok(());
        }
        let Some(manifest) = self.of(&Address { file, inner: said.inner })? else { return Ok(()) };
        let own = manifest.value().pointer("/predicate/reproducible/result/values_blake3").and_then(Value::as_str);
        if let (Some(then), Some(own)) = (input.content.get("values_blake3"), own)
            && then != own
        {
            self.notes.push(format!(
                "{}: the values of {} {} are not those that were recorded: they were prepared or padded first, or changed \
                 since; striae verify tells",
                of.display(),
                input.role,
                input.name
            ));
        }
        input.manifest = Some(manifest.link());
        Ok(())
    }

    fn file(&mut self, path: &Path) -> anyhow::Result<FileDigests> {
        if let Some(known) = self.files.get(path) {
            return Ok(known.clone());
        }
        let found = digests(path)?;
        self.files.insert(path.to_owned(), found.clone());
        Ok(found)
    }
}

fn canonical(file: &Path) -> anyhow::Result<PathBuf> {
    file.canonicalize().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => crate::archive::Error::no_file(file).into(),
        _ => Refused::input(format!("{}: cannot be read: {e}", file.display())),
    })
}

/// The record that stands with a result, whichever kind it is.
fn record(client: &mut Client, nodes: &[Node], at: &Address) -> anyhow::Result<Value> {
    let path = format!("{}/record", at.inner.as_deref().unwrap_or("/").trim_end_matches('/'));
    let dataset = nodes.iter().find(|n| n.path == path).and_then(|n| n.dataset.as_ref()).filter(|d| d.text);
    let pieces = dataset.and_then(|d| d.shape.first().copied());
    let Some(pieces) = pieces.filter(|n| (1..=MOST_PIECES).contains(n)) else {
        return Err(Refused::input(format!("{at}: it has no record of how it was made")));
    };
    let text = client.texts(&path, 0..pieces)?.concat();
    serde_json::from_str(&text).map_err(|e| Refused::input(format!("{at}: its record cannot be understood: {e}")))
}

fn is_hdf5(path: &Path) -> anyhow::Result<bool> {
    let mut start = [0; 8];
    let mut file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(file.read_exact(&mut start).is_ok() && start == HDF5)
}

/// BLAKE3, SHA-256 and size of a file.
pub fn digests(path: &Path) -> anyhow::Result<FileDigests> {
    let why = || format!("cannot read {}", path.display());
    let mut file = std::fs::File::open(path).with_context(why)?;
    let (mut blake3, mut sha256, mut bytes) = (blake3::Hasher::new(), Sha256::new(), 0);
    let mut piece = vec![0; PIECE];
    loop {
        let n = file.read(&mut piece).with_context(why)?;
        if n == 0 {
            break;
        }
        blake3.update_rayon(&piece[..n]);
        sha256.update(&piece[..n]);
        bytes += n as u64;
    }
    let mut hex = String::with_capacity(64);
    for byte in sha256.finalize() {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(FileDigests { blake3: blake3.finalize().to_hex().to_string(), sha256: hex, bytes })
}
