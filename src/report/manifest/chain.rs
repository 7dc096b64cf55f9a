//! Manifests and those of their inputs, as they travel together: one a line, each as it stands (an in-toto bundle, where each
//! is signed).
//!
//! First stand the manifests that were asked for, then those that they refer to, each once, in order of their digests. A
//! manifest names the manifest of an input by its BLAKE3, so that whoever holds the first line's digest holds all of them: a
//! change anywhere breaks the link above it.

use super::Error;
use super::difference::{Difference, Half, between};
use super::statement::{Manifest, Referred};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// Longest file of manifests that is read.
const MOST_BYTES: usize = 1 << 28;

/// Manifests, those that were asked for first.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    manifests: Vec<Manifest>,
}

/// What is wrong at a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The manifest that is referred to is not among them. `other`: one of a file of that name, with another digest.
    Missing { manifest: String, other: Option<String> },
    /// The reproducible half has another digest than it says.
    Changed { recorded: String, found: String },
    /// What is said of an input is not what its own manifest says.
    Disagrees { field: String, recorded: String, found: String },
}

/// A place where the chain breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// Names from a result down to the place: `links.h5`, `toolmarks: ranking (nearest.h5)`.
    pub trail: Vec<String>,
    pub fault: Fault,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.trail.join(" > "))?;
        match &self.fault {
            Fault::Missing { manifest, other: None } => write!(f, "its manifest, BLAKE3 {manifest}, is not there"),
            Fault::Missing { manifest, other: Some(other) } => {
                write!(f, "its manifest has BLAKE3 {other}, and {manifest} is recorded: it was changed after it was referred to")
            }
            Fault::Changed { recorded, found } => {
                write!(f, "/predicate/reproducible has BLAKE3 {found}, and says {recorded}: something in it was changed")
            }
            Fault::Disagrees { field, recorded, found } => {
                write!(f, "{field}: recorded {recorded} where it went in, its own manifest says {found}")
            }
        }
    }
}

impl Chain {
    /// Those that were asked for, and whatever they refer to; each is kept once.
    #[must_use]
    pub fn new(asked: Vec<Manifest>, inputs: Vec<Manifest>) -> Self {
        let mut seen = BTreeSet::new();
        let mut manifests: Vec<Manifest> = asked.into_iter().filter(|m| seen.insert(m.blake3().to_owned())).collect();
        let below: BTreeMap<String, Manifest> = inputs.into_iter().map(|m| (m.blake3().to_owned(), m)).collect();
        manifests.extend(below.into_iter().filter(|(digest, _)| !seen.contains(digest)).map(|(_, m)| m));
        Self { manifests }
    }

    /// Reads lines of manifests.
    ///
    /// # Errors
    /// When one of them is none, or not in canonical form.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MOST_BYTES {
            return Err(Error::Long { got: bytes.len(), most: MOST_BYTES });
        }
        let lines = bytes.split(|&b| b == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
        Self::of_lines(lines.map(|(n, line)| (n + 1, line)))
    }

    /// The same of lines with their numbers, such as payloads of signed envelopes.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_lines<'a>(lines: impl Iterator<Item = (usize, &'a [u8])>) -> Result<Self, Error> {
        let mut manifests: Vec<Manifest> = Vec::new();
        let mut seen = BTreeSet::new();
        for (number, line) in lines {
            let manifest = Manifest::parse(line, number)?;
            if !seen.insert(manifest.blake3().to_owned()) {
                return Err(Error::Twice { line: number });
            }
            manifests.push(manifest);
        }
        if manifests.is_empty() { Err(Error::Empty) } else { Ok(Self { manifests }) }
    }

    /// One manifest a line.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.manifests.iter().flat_map(|m| [m.bytes(), b"\n".to_vec()].concat()).collect()
    }

    #[must_use]
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    fn index(&self) -> Index<'_> {
        let referred: BTreeSet<&str> =
            self.manifests.iter().flat_map(Manifest::inputs).filter_map(|input| input.manifest).collect();
        let tops: Vec<&Manifest> = self.manifests.iter().filter(|m| !referred.contains(m.blake3())).collect();
        // The first of a name counts.
        let by_name = tops.iter().rev().map(|m| (m.name(), *m)).collect();
        Index { by_digest: self.manifests.iter().map(|m| (m.blake3(), m)).collect(), tops, by_name }
    }

    /// Every place where manifests do not hold together: digests that are not theirs, inputs whose manifests are missing, were
    /// changed, or say otherwise.
    #[must_use]
    pub fn breaks(&self) -> Vec<Break> {
        let index = self.index();
        let mut found = Vec::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let all = self.manifests.iter().flat_map(Manifest::inputs);
        let changed: BTreeSet<&str> =
            all.filter_map(|input| index.of_input(input)).filter(|(_, same)| !same).map(|(m, _)| m.blake3()).collect();
        // What was changed hangs where it is referred to.
        let results = index.tops.iter().copied().filter(|m| !changed.contains(m.blake3()));
        let mut open: VecDeque<(Vec<String>, &Manifest)> = results.map(|m| (vec![m.name().to_owned()], m)).collect();
        while let Some((trail, manifest)) = open.pop_front() {
            if !seen.insert(manifest.blake3()) {
                continue;
            }
            let computed = manifest.reproducible_computed();
            if computed != manifest.reproducible_blake3() {
                let recorded = manifest.reproducible_blake3().to_owned();
                found.push(Break { trail: trail.clone(), fault: Fault::Changed { recorded, found: computed } });
            }
            for input in manifest.inputs() {
                let Some(digest) = input.manifest else { continue };
                let below = [&trail[..], &[format!("{} ({})", input.role, input.name)]].concat();
                let own = index.of_input(input);
                if !matches!(own, Some((_, true))) {
                    let other = own.map(|(m, _)| m.blake3().to_owned());
                    found.push(Break { trail: below.clone(), fault: Fault::Missing { manifest: digest.to_owned(), other } });
                }
                if let Some((child, _)) = own {
                    found.extend(disagreements(input, child).map(|fault| Break { trail: below.clone(), fault }));
                    open.push_back((below, child));
                }
            }
        }
        found
    }

    /// All that differs between this chain, which is on file, and what is found now: results by their names, and then input by
    /// input.
    #[must_use]
    pub fn differences(&self, found: &Self) -> Vec<Difference> {
        let mut all = Vec::new();
        let (mine, theirs) = (self.index(), found.index());
        let mut open = VecDeque::new();
        for now in &theirs.tops {
            // Two results in two folders may have one name: the one that is the same, else the one that says the same.
            let of_name = || mine.tops.iter().copied().chain(&self.manifests).filter(|m| m.name() == now.name());
            let named = of_name()
                .find(|m| m.blake3() == now.blake3())
                .or_else(|| of_name().find(|m| m.reproducible_blake3() == now.reproducible_blake3()))
                .or_else(|| of_name().next());
            // A single result may have another name now.
            let renamed = || self.manifests.first().filter(|_| theirs.tops.len() == 1);
            match named.or_else(renamed) {
                Some(recorded) => open.push_back((recorded, *now)),
                None => all.push(Difference {
                    of: now.name().to_owned(),
                    path: String::new(),
                    recorded: None,
                    found: Some(Value::from(now.blake3())),
                    grave: true,
                }),
            }
        }
        let mut seen = BTreeSet::new();
        while let Some((recorded, now)) = open.pop_front() {
            if !seen.insert((recorded.blake3(), now.blake3())) {
                continue;
            }
            // Equal ones have equal links, and what these lead to may yet be another thing here than there.
            let mut differences = between(recorded, now);
            // Other collections came into the archive: the bytes are others, and the content is not.
            let grown = recorded.kind() == "collection";
            differences.iter_mut().filter(|d| grown && d.half() == Half::File).for_each(|d| d.grave = false);
            for (n, input) in recorded.inputs().enumerate() {
                let Some(same) = now.inputs().find(|other| other.role == input.role) else { continue };
                if let (Some((was, _)), Some((is, _))) = (mine.of_input(input), theirs.of_input(same)) {
                    differences.iter_mut().filter(|d| follows(d, n, was, is)).for_each(|d| d.grave = false);
                    open.push_back((was, is));
                }
            }
            all.extend(differences);
        }
        all
    }
}

/// Manifests by what they are looked up by.
struct Index<'a> {
    by_digest: BTreeMap<&'a str, &'a Manifest>,
    /// Those that no other refers to: results, and whatever was changed after it was referred to.
    tops: Vec<&'a Manifest>,
    by_name: BTreeMap<&'a str, &'a Manifest>,
}

impl<'a> Index<'a> {
    /// The manifest of an input, and whether it has the recorded digest; where none has, one of a file of its name that nothing
    /// else refers to, which is what a changed one looks like.
    fn of_input(&self, input: Referred<'_>) -> Option<(&'a Manifest, bool)> {
        let digest = input.manifest?;
        if let Some(found) = self.by_digest.get(digest) {
            return Some((found, true));
        }
        // With folders, as recorded, or without.
        let starts = std::iter::once(0).chain(input.name.match_indices(['/', '\\']).map(|(at, _)| at + 1));
        starts.filter_map(|at| self.by_name.get(&input.name[at..])).map(|m| (*m, false)).next()
    }
}

/// Whether a difference at input `n` says no more than that its manifest or file is another: then it is told there.
fn follows(difference: &Difference, n: usize, was: &Manifest, is: &Manifest) -> bool {
    let Some(field) = difference.path.strip_prefix(&format!("/predicate/run/inputs/{n}/")) else { return false };
    let own = |m: &Manifest| match field {
        "digest/blake3" | "digest/sha256" => m.value().pointer(&format!("/subject/0/{field}")).cloned(),
        "annotations/bytes" => m.value().pointer("/subject/0/annotations/bytes").cloned(),
        "annotations/manifest/digest/blake3" => Some(m.blake3().into()),
        "annotations/manifest/reproducibleDigest/blake3" => Some(m.reproducible_blake3().into()),
        _ => None,
    };
    difference.recorded.is_some() && difference.recorded == own(was) && difference.found == own(is)
}

/// Whether differences speak against a result.
#[must_use]
pub fn speaks_against(differences: &[Difference]) -> bool {
    differences.iter().any(|d| d.grave)
}

/// What a manifest says of an input, held to what that one's own manifest says.
fn disagreements<'a>(input: Referred<'a>, child: &'a Manifest) -> impl Iterator<Item = Fault> {
    let own = |path: &str| child.value().pointer(path).and_then(Value::as_str).map(str::to_owned);
    let file = |path: &str| input.file.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let content = |path: &str| input.content.and_then(|c| c.pointer(path)).and_then(Value::as_str).map(str::to_owned);
    let result = |name: &str| own(&format!("/predicate/reproducible/result/{name}"));
    let mut pairs = vec![
        ("file BLAKE3", file("/digest/blake3"), own("/subject/0/digest/blake3")),
        ("file SHA-256", file("/digest/sha256"), own("/subject/0/digest/sha256")),
        ("result_blake3", content("/digest/result_blake3"), result("result_blake3")),
        ("model_blake3", content("/digest/model_blake3"), result("model_blake3")),
        (
            "reproducible half's BLAKE3",
            file("/annotations/manifest/reproducibleDigest/blake3"),
            Some(child.reproducible_blake3().to_owned()),
        ),
    ];
    // A model of scores calls the digest of the result so; rows may have been prepared or padded before they were compared.
    if matches!(child.kind(), "top-k" | "links" | "dense") {
        pairs.push(("values_blake3", content("/digest/values_blake3"), result("result_blake3")));
    }
    pairs.into_iter().filter_map(|(field, recorded, found)| match (recorded, found) {
        (Some(recorded), Some(found)) if recorded != found => Some(Fault::Disagrees { field: field.to_owned(), recorded, found }),
        _ => None,
    })
}
