//! The manifest itself: an in-toto Statement v1 of one file.
//!
//! ```text
//! _type           https://in-toto.io/Statement/v1
//! subject         [the file: name, digest {blake3, sha256}]
//! predicateType   urn:striae:run:1
//! predicate
//!   reproducible        what defines the result, and the result: kind, tool (name, version), configuration, inputs, result
//!   reproducibleDigest  {blake3} of that, in canonical form: the same on every rerun
//!   run                 how it was made this time: commit, started, ended, devices with driver and tuning, resources, warnings,
//!                       inputs with their files
//! ```
//! Inputs are in-toto resource descriptors in both halves. In `reproducible` they are called by their role and carry the digests of
//! their content (`values_blake3`, `result_blake3`, `model_blake3`: lower-case hex, defined where records are); in `run` the name as
//! recorded, the digests of the file, and those of its manifest. Every field of a record stands in one of the halves, and the
//! reproducible one is of the record alone: which files are at hand later does not change it.
//!
//! What does not change a result is no part of the reproducible half: memory, tiles, screening, threads, devices. Two halves
//! differ by version of the tool, since another version may compute otherwise.

use super::{Error, canonical, inputs, time};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
pub const PREDICATE_TYPE: &str = "urn:striae:run:1";
/// Of a signed manifest's payload.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Fields of a record that say what came out. A model's `rows` and `width` are its input's; a collection's are its own.
const RESULT: &[&str] = &[
    "result_blake3",
    "matched_blake3",
    "beside_blake3",
    "tolerance",
    "model_blake3",
    "tables_blake3",
    "values_blake3",
    "columns_blake3",
    "rows",
    "width",
    "exhibits",
    "candidates",
    "links",
    "series",
    "next_series",
    "pairs_all",
    "pairs_compared",
    "changes",
    "left_out",
];
/// Fields that say how it was made this time.
const RUN: &[&str] = &[
    "commit",
    "started",
    "seconds",
    "effort",
    "devices",
    "threads",
    "tile",
    "strategy",
    "warnings",
    "specimens",
    "merged",
    "resumed",
    "host",
];
/// Options of a comparison that change time and memory, and nothing else.
const RESOURCES: &[&str] = &["memory", "tile", "screening"];
/// Fields that a record of a model has of its rows.
const OF_ROWS: &[&str] = &["values_blake3", "columns_blake3", "rows", "width"];
/// Fields that stand elsewhere in the manifest.
const TOOL: &[&str] = &["tool", "version"];

/// A file by its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDigests {
    pub blake3: String,
    pub sha256: String,
    pub bytes: u64,
}

impl FileDigests {
    fn set(&self) -> Value {
        json!({ "blake3": self.blake3, "sha256": self.sha256 })
    }
}

/// The manifest of an input, by its digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// BLAKE3 of the whole manifest.
    pub manifest: String,
    /// Of its reproducible half.
    pub reproducible: String,
}

/// What went in.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// What it was to the run: `query`, `toolmarks: model`. Each once.
    pub role: String,
    /// As recorded.
    pub name: String,
    /// Digests of its content, by the names that records give them.
    pub content: BTreeMap<String, String>,
    /// What else the record says of it.
    pub said: Map<String, Value>,
    /// Its file, where it is at hand.
    pub file: Option<FileDigests>,
    pub manifest: Option<Link>,
}

impl Input {
    /// As what defines the result: by role and content. `None` where nothing is known of the content.
    fn of_content(&self) -> Option<Value> {
        if self.content.is_empty() {
            return None;
        }
        let mut all = json!({ "name": self.role, "digest": self.content });
        if !self.said.is_empty() {
            all["annotations"] = Value::Object(self.said.clone());
        }
        Some(all)
    }

    /// As what was there: by name and file.
    fn of_file(&self) -> Value {
        let mut annotations = json!({ "role": self.role });
        if let Some(link) = &self.manifest {
            annotations["manifest"] = json!({
                "digest": { "blake3": link.manifest },
                "reproducibleDigest": { "blake3": link.reproducible },
                "mediaType": PAYLOAD_TYPE,
            });
        }
        let mut all = json!({ "name": self.name, "annotations": annotations });
        match &self.file {
            Some(file) => {
                all["digest"] = file.set();
                all["annotations"]["bytes"] = file.bytes.into();
            }
            // A descriptor needs a digest or an address.
            None => all["uri"] = encoded(&self.name).into(),
        }
        all
    }
}

/// A name as a relative reference (RFC 3986).
pub(super) fn encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// What is known of a file that a run made.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// `top-k`, `links`, `dense`, `cells`, `model`, `applied`, `likelihood-ratio`, `linkage`, `collection`.
    pub kind: &'a str,
    /// The file's name without its folder, and the group in it, where there is one: it may be moved.
    pub name: &'a str,
    pub file: &'a FileDigests,
    /// As stored with it.
    pub record: &'a Value,
    /// As of [`inputs::of_record`], with what was found of them.
    pub inputs: &'a [Input],
}

/// A manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    value: Value,
    blake3: String,
}

impl Manifest {
    /// Puts together what is known.
    #[must_use]
    pub fn new(run: &Run<'_>) -> Self {
        let record = run.record;
        let [configuration, result, this_time] = sorted(record);
        let text = |key: &str, otherwise: &str| record.get(key).and_then(Value::as_str).unwrap_or(otherwise).to_owned();
        let reproducible = json!({
            "kind": run.kind,
            "tool": { "name": text("tool", "striae"), "version": text("version", "unknown") },
            "configuration": configuration,
            "inputs": run.inputs.iter().filter_map(Input::of_content).collect::<Vec<_>>(),
            "result": result,
        });
        let mut this_time = Value::Object(this_time);
        if this_time.get("commit").is_none() {
            this_time["commit"] = "unknown".into();
        }
        if let Some(ended) = ended(record) {
            this_time["ended"] = ended.into();
        }
        this_time["inputs"] = run.inputs.iter().map(Input::of_file).collect();
        let value = json!({
            "_type": STATEMENT_TYPE,
            "subject": [{ "name": run.name, "digest": run.file.set(), "annotations": { "bytes": run.file.bytes } }],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "reproducibleDigest": { "blake3": canonical::blake3(&reproducible) },
                "reproducible": reproducible,
                "run": this_time,
            },
        });
        let blake3 = canonical::blake3(&value);
        Self { value, blake3 }
    }

    /// Reads one in canonical form; `line` is for messages. Whether its digests are right is for [`super::Chain::breaks`] to
    /// say.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &[u8], line: usize) -> Result<Self, Error> {
        let value = canonical::parse(text, line)?;
        let shape = |path: &str, expected: &'static str, right: &dyn Fn(&Value) -> bool| {
            let got = value.pointer(path);
            if got.is_some_and(right) {
                return Ok(());
            }
            let got = got.map_or("nothing".into(), |got| super::difference::shown(Some(got)));
            Err(Error::Shape { line, path: path.to_owned(), got, expected })
        };
        shape("/_type", STATEMENT_TYPE, &|v| v == STATEMENT_TYPE)?;
        shape("/predicateType", PREDICATE_TYPE, &|v| v == PREDICATE_TYPE)?;
        shape("/subject", "a list of one file", &|v| v.as_array().is_some_and(|all| all.len() == 1))?;
        for path in
            ["/subject/0/name", "/subject/0/digest/blake3", "/subject/0/digest/sha256", "/predicate/reproducibleDigest/blake3"]
        {
            shape(path, "a text", &Value::is_string)?;
        }
        for path in ["/predicate/reproducible", "/predicate/reproducible/result", "/predicate/run"] {
            shape(path, "an object", &Value::is_object)?;
        }
        for path in ["/predicate/reproducible/inputs", "/predicate/run/inputs"] {
            shape(path, "a list", &Value::is_array)?;
        }
        let blake3 = blake3::hash(text).to_hex().to_string();
        Ok(Self { value, blake3 })
    }

    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The one spelling, which is also what is signed.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        canonical::bytes(&self.value)
    }

    /// BLAKE3 of [`Self::bytes`].
    #[must_use]
    pub fn blake3(&self) -> &str {
        &self.blake3
    }

    fn text(&self, path: &str) -> &str {
        self.value.pointer(path).and_then(Value::as_str).unwrap_or_default()
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.text("/subject/0/name")
    }

    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("/predicate/reproducible/kind")
    }

    /// The digest of the reproducible half, as it says.
    #[must_use]
    pub fn reproducible_blake3(&self) -> &str {
        self.text("/predicate/reproducibleDigest/blake3")
    }

    /// The same, computed.
    #[must_use]
    pub fn reproducible_computed(&self) -> String {
        self.value.pointer("/predicate/reproducible").map_or_else(String::new, canonical::blake3)
    }

    /// How another manifest refers to this one.
    #[must_use]
    pub fn link(&self) -> Link {
        Link { manifest: self.blake3.clone(), reproducible: self.reproducible_blake3().to_owned() }
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = Referred<'_>> {
        let of = |path: &str| self.value.pointer(path).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let contents = of("/predicate/reproducible/inputs");
        of("/predicate/run/inputs").iter().map(move |file| {
            let text = |path: &str| file.pointer(path).and_then(Value::as_str);
            let role = text("/annotations/role").unwrap_or_default();
            let content = contents.iter().find(|c| c.get("name").and_then(Value::as_str) == Some(role));
            Referred {
                role,
                name: text("/name").unwrap_or_default(),
                manifest: text("/annotations/manifest/digest/blake3"),
                file,
                content,
            }
        })
    }
}

/// An input as a manifest has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Referred<'a> {
    pub role: &'a str,
    pub name: &'a str,
    /// BLAKE3 of its manifest, where it has one.
    pub manifest: Option<&'a str>,
    pub file: &'a Value,
    pub content: Option<&'a Value>,
}

/// A record's fields as configuration, result, and how it was made this time.
fn sorted(record: &Value) -> [Map<String, Value>; 3] {
    let [mut configuration, mut result, mut this_time] = [Map::new(), Map::new(), Map::new()];
    let of_rows = record.get("input").is_some();
    let applied = record.pointer("/options/applied").is_some();
    for (key, value) in record.as_object().into_iter().flatten() {
        let key = key.as_str();
        let of_input = TOOL.contains(&key)
            || inputs::FIELDS.contains(&key)
            || key == "made_of"
            || key == "made_of_blake3"
            || (of_rows && OF_ROWS.contains(&key))
            || (applied && key == "model_blake3");
        if of_input {
            continue;
        }
        let (half, value) = match key {
            "options" => {
                let (options, resources) = options(value);
                if !resources.is_empty() {
                    this_time.insert("resources".into(), Value::Object(resources));
                }
                (&mut configuration, options)
            }
            "modalities" => (&mut configuration, modalities(value, &mut this_time)),
            _ if RESULT.contains(&key) => (&mut result, value.clone()),
            _ if RUN.contains(&key) => (&mut this_time, value.clone()),
            _ => (&mut configuration, value.clone()),
        };
        half.insert(key.to_owned(), value);
    }
    [configuration, result, this_time]
}

/// Options without what changes time alone, and that.
fn options(options: &Value) -> (Value, Map<String, Value>) {
    let Some(fields) = options.as_object() else { return (options.clone(), Map::new()) };
    // Models have options of texts, of which none is about time; the names of an applied model and of a test are inputs'.
    let comparison = fields.contains_key("metric");
    let (resources, kept): (Map<_, _>, Map<_, _>) = fields
        .clone()
        .into_iter()
        .filter(|(key, _)| !["applied", "tested_on", "tested_blake3"].contains(&key.as_str()))
        .partition(|(key, _)| comparison && RESOURCES.contains(&key.as_str()));
    (Value::Object(kept), resources)
}

/// The kinds of evidence of a linkage: their names and how each was compared. What they are made of stands with the inputs.
fn modalities(all: &Value, this_time: &mut Map<String, Value>) -> Value {
    let mut resources_of = Map::new();
    let mut kept = Vec::new();
    for (n, modality) in all.as_array().into_iter().flatten().enumerate() {
        let mut fields = modality.as_object().cloned().unwrap_or_default();
        for key in ["parts", "result", "result_blake3", "model", "model_blake3"] {
            fields.remove(key);
        }
        if let Some(found) = fields.get_mut("options") {
            let (configuration, resources) = options(found);
            *found = configuration;
            resources_of.insert(format!("modality {}", n + 1), Value::Object(resources));
        }
        kept.push(Value::Object(fields));
    }
    if !resources_of.is_empty() {
        this_time.insert("resources".into(), Value::Object(resources_of));
    }
    Value::Array(kept)
}

/// When it was done, to the second.
fn ended(record: &Value) -> Option<String> {
    let number = |path: &str| record.pointer(path).and_then(Value::as_f64);
    let took = number("/seconds").or_else(|| {
        let compared = number("/effort/compare_seconds")?;
        let more = ["/effort/survey_seconds", "/effort/explain_seconds", "/strategy/seconds"];
        Some(compared + more.iter().filter_map(|path| number(path)).sum::<f64>())
    });
    time::later(record.get("started")?.as_str()?, took?)
}
