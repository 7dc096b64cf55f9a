//! A folder of runs as an RO-Crate 1.1 after the profile Process Run Crate 0.5: `ro-crate-metadata.json`, for programs and
//! people that know nothing of striae.
//!
//! Every file is a data entity with SHA-256 and size. Every manifest of a run is an action: the program as its instrument, what
//! went in as its objects, the file as its result; what is not in the folder is described by its digests alone. The same files
//! and manifests give the same bytes.

use super::chain::Chain;
use super::statement::{Manifest, encoded};
use super::{Error, canonical, time};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The file's name.
pub const METADATA: &str = "ro-crate-metadata.json";
pub const CRATE: &str = "https://w3id.org/ro/crate/1.1";
pub const PROFILE: &str = "https://w3id.org/ro/wfrun/process/0.5";
const CONTEXTS: [&str; 2] = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"];

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Within the folder, with `/` between the parts.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

/// What is to be described.
#[derive(Clone, Debug)]
pub struct Folder<'a> {
    pub name: &'a str,
    pub description: &'a str,
    /// All files but [`METADATA`].
    pub files: &'a [FileEntry],
    pub chain: &'a Chain,
    /// Where the program is at home, if it has a page.
    pub url: Option<&'a str>,
    /// The laboratory that ran it.
    pub agent: Option<&'a str>,
    /// Address or text of the terms under which the folder may be used.
    pub license: Option<&'a str>,
    /// When it was made, for a folder whose runs do not say: `2026-11-23T18:00:00Z`.
    pub dated: Option<&'a str>,
}

/// What a file is, by the ending of its name.
#[must_use]
pub fn format(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    match ending.as_str() {
        "h5" | "hdf5" => "application/x-hdf5",
        "json" => "application/json",
        "jsonl" => "application/jsonl",
        "html" | "htm" => "text/html",
        "csv" => "text/csv",
        "tsv" => "text/tab-separated-values",
        "parquet" => "application/vnd.apache.parquet",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "graphml" | "gexf" | "xml" => "application/xml",
        "toml" => "application/toml",
        "md" => "text/markdown",
        "txt" | "log" => "text/plain",
        "x3p" | "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

/// The metadata file's bytes.
///
/// # Errors
/// When two files have one name, or nothing says when the folder was made.
pub fn metadata(folder: &Folder<'_>) -> Result<Vec<u8>, Error> {
    let mut entities: BTreeMap<String, Value> = BTreeMap::new();
    let mut by_sha256: BTreeMap<&str, &FileEntry> = BTreeMap::new();
    for file in folder.files {
        by_sha256.entry(&file.sha256).or_insert(file);
        let entity = json!({
            "@id": encoded(&file.path), "@type": "File", "name": file.path, "contentSize": file.bytes.to_string(),
            "encodingFormat": format(&file.path), "sha256": file.sha256,
        });
        if entities.insert(encoded(&file.path), entity).is_some() {
            return Err(Error::Name { path: file.path.clone() });
        }
    }
    let parts: Vec<Value> = entities.keys().map(|id| json!({ "@id": id })).collect();
    let mut mentions = BTreeSet::new();
    let mut newest: Option<String> = None;
    for manifest in folder.chain.manifests() {
        let action = Action { manifest, folder, by_sha256: &by_sha256 }.entities(&mut entities);
        newest = newest.max(text(manifest, "/predicate/run/ended").map(str::to_owned));
        mentions.insert(action);
    }
    let published = newest.as_deref().or(folder.dated).and_then(time::with_offset).ok_or(Error::Undated)?;
    let mut root = json!({
        "@id": "./", "@type": "Dataset", "name": folder.name, "description": folder.description, "datePublished": published,
        "conformsTo": { "@id": PROFILE }, "hasPart": unique(parts),
        "mentions": unique(mentions.iter().map(|id| json!({ "@id": id })).collect()),
    });
    let license = folder.license.unwrap_or("#license");
    let (id, name) = if license.contains("://") {
        (license, license)
    } else {
        ("#license", folder.license.unwrap_or("No licence was given; ask whoever made this folder"))
    };
    root["license"] = json!({ "@id": id });
    entities.insert(id.to_owned(), json!({ "@id": id, "@type": "CreativeWork", "name": name, "description": name }));
    entities.insert(
        PROFILE.into(),
        json!({ "@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5" }),
    );
    if let Some(agent) = folder.agent {
        for property in ["author", "publisher"] {
            root[property] = json!({ "@id": "#agent" });
        }
        entities.insert("#agent".into(), json!({ "@id": "#agent", "@type": "Organization", "name": agent }));
    }
    let descriptor =
        json!({ "@id": METADATA, "@type": "CreativeWork", "conformsTo": { "@id": CRATE }, "about": { "@id": "./" } });
    let graph: Vec<Value> = [descriptor, root].into_iter().chain(entities.into_values()).collect();
    let mut bytes = canonical::bytes(&json!({ "@context": CONTEXTS, "@graph": graph }));
    bytes.push(b'\n');
    Ok(bytes)
}

fn text<'a>(manifest: &'a Manifest, path: &str) -> Option<&'a str> {
    manifest.value().pointer(path).and_then(Value::as_str)
}

/// A manifest as an action.
struct Action<'a> {
    manifest: &'a Manifest,
    folder: &'a Folder<'a>,
    by_sha256: &'a BTreeMap<&'a str, &'a FileEntry>,
}

impl Action<'_> {
    /// Adds the action and all that it refers to; returns its id.
    fn entities(&self, all: &mut BTreeMap<String, Value>) -> String {
        let run = |path: &str| self.manifest.value().pointer(&format!("/predicate/run/{path}"));
        let id = format!("#run-{}", self.manifest.blake3().get(..16).unwrap_or_default());
        let said = json!({
            "configuration": self.manifest.value().pointer("/predicate/reproducible/configuration"),
            "devices": run("devices"), "resources": run("resources"), "warnings": run("warnings"),
            "reproducibleDigest": self.manifest.reproducible_blake3(), "manifest": self.manifest.blake3(),
        });
        let result = self.file(
            self.manifest.name(),
            text(self.manifest, "/subject/0/digest/sha256"),
            self.manifest.value().pointer("/subject/0/digest"),
            all,
        );
        if let Some(entity) = all.get_mut(&result).filter(|e| e["@type"] == "File" && e["name"] != self.manifest.name()) {
            entity["alternateName"] = self.manifest.name().into();
        }
        let objects: Vec<Value> = self
            .manifest
            .inputs()
            .map(|input| {
                let sha256 = input.file.pointer("/digest/sha256").and_then(Value::as_str);
                let digests = input.file.get("digest").or_else(|| input.content.and_then(|c| c.get("digest")));
                json!({ "@id": self.file(input.name, sha256, digests, all) })
            })
            .collect();
        let mut action = json!({
            "@id": id, "@type": "CreateAction",
            "name": format!("{} of {}", self.manifest.kind(), self.manifest.name()),
            "description": String::from_utf8_lossy(&canonical::bytes(&said)),
            "instrument": { "@id": self.software(all) },
            "result": { "@id": result },
        });
        if !objects.is_empty() {
            action["object"] = unique(objects);
        }
        for (property, field) in [("startTime", "started"), ("endTime", "ended")] {
            if let Some(time) = run(field).and_then(Value::as_str).and_then(time::with_offset) {
                action[property] = time.into();
            }
        }
        if self.folder.agent.is_some() {
            action["agent"] = json!({ "@id": "#agent" });
        }
        all.insert(id.clone(), action);
        id
    }

    fn software(&self, all: &mut BTreeMap<String, Value>) -> String {
        let name = text(self.manifest, "/predicate/reproducible/tool/name").unwrap_or("striae");
        let version = text(self.manifest, "/predicate/reproducible/tool/version").unwrap_or("unknown");
        let commit = text(self.manifest, "/predicate/run/commit").filter(|commit| *commit != "unknown");
        let short = commit.map_or_else(String::new, |commit| format!("-{}", commit.get(..12).unwrap_or(commit)));
        let id = format!("{}#{}", self.folder.url.unwrap_or_default(), encoded(&format!("{name}-{version}{short}")));
        let mut entity = json!({
            "@id": id, "@type": "SoftwareApplication", "name": name, "softwareVersion": version,
            "description": "Compares every tool-mark, logo or spectrum of an archive with every other, exactly",
        });
        if let Some(commit) = commit {
            entity["identifier"] = commit.into();
        }
        if let Some(url) = self.folder.url {
            entity["url"] = json!({ "@id": url });
            all.insert(url.to_owned(), json!({ "@id": url, "@type": "WebPage", "name": name }));
        }
        all.insert(id.clone(), entity);
        id
    }

    /// The id of a file: of the folder's one with these bytes, or of one that is elsewhere.
    fn file(&self, name: &str, sha256: Option<&str>, digests: Option<&Value>, all: &mut BTreeMap<String, Value>) -> String {
        if let Some(file) = sha256.and_then(|digest| self.by_sha256.get(digest)) {
            return encoded(&file.path);
        }
        let known = json!({ "name": name, "digests": digests });
        let id = format!("#elsewhere-{}", canonical::blake3(&known).get(..16).unwrap_or_default());
        let mut entity = json!({
            "@id": id, "@type": "CreativeWork", "name": name, "description": "Not in this folder; known by its digests",
        });
        if let Some(sha256) = sha256 {
            entity["sha256"] = sha256.into();
        }
        let said = digests.and_then(Value::as_object).into_iter().flatten();
        let said: Vec<Value> =
            said.filter_map(|(key, value)| value.as_str().map(|value| format!("{key}:{value}").into())).collect();
        if !said.is_empty() {
            entity["identifier"] = unique(said);
        }
        all.insert(id.clone(), entity);
        id
    }
}

/// One value where there is one, each once where there are several.
fn unique(mut values: Vec<Value>) -> Value {
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(value.to_string()));
    if values.len() == 1 { values.remove(0) } else { Value::Array(values) }
}
