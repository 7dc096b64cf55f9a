//! What a bundle says of itself: who packed what for whom. It is signed; a reader believes nothing that is not in it.

use super::allowed;
use super::error::Error;
use super::keys::{Laboratory, check_name};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// The version of the format.
pub const VERSION: u32 = 1;
/// Collections of a bundle.
pub const MOST_MEMBERS: usize = 1000;
/// Bytes of a collection's name.
const LONGEST_NAME: usize = 200;
/// Bytes of the short texts beside.
const LONGEST_TEXT: usize = 200;

/// A side of the exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    pub name: String,
    pub fingerprint: String,
}

impl From<&Laboratory> for Party {
    fn from(laboratory: &Laboratory) -> Self {
        Self { name: laboratory.name().to_owned(), fingerprint: laboratory.fingerprint() }
    }
}

impl std::fmt::Display for Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.fingerprint)
    }
}

/// What kind of collection a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// Rows of numbers, all of one width.
    Rows,
    /// Peak lists; the width is the number of peaks.
    Peaks,
}

/// A collection in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// What the sender calls it, without a slash before it: `toolmarks`, `logos/logpolar`.
    pub name: String,
    pub content: Content,
    pub rows: u64,
    pub width: u64,
    /// `f32` or `f64`.
    pub element: String,
    /// Of the descriptors, as records of comparisons give it.
    pub values_blake3: String,
    pub columns: Vec<String>,
    pub attributes: BTreeMap<String, String>,
    /// Bytes of its file, and their BLAKE3.
    pub size: u64,
    pub blake3: String,
}

impl Member {
    /// How it is called in messages.
    #[must_use]
    pub fn title(&self) -> String {
        format!("collection {}", self.name)
    }

    /// Bytes that its numbers take where nothing is compressed; none where they cannot be counted.
    #[must_use]
    pub fn numbers(&self) -> Option<u64> {
        match self.content {
            Content::Rows => self.rows.checked_mul(self.width)?.checked_mul(if self.element == "f32" { 4 } else { 8 }),
            // m/z and intensity of each peak, and where each spectrum begins.
            Content::Peaks => self.width.checked_mul(16)?.checked_add(self.rows.checked_mul(8)?),
        }
    }
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub version: u32,
    /// The program that packed it.
    pub program: String,
    /// When, in UTC.
    pub created: String,
    pub sender: Party,
    pub recipient: Party,
    /// The name of the key that pseudonyms are of; none where ids are as they were.
    pub pseudonym_key: Option<String>,
    pub collections: Vec<Member>,
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a collection may be called so: parts of letters, digits, `_`, `-` and `.`, with a slash between them.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) && part.bytes().any(|b| b.is_ascii_alphanumeric())
    };
    name.len() <= LONGEST_NAME && name.split('/').all(part) && name.split('/').count() <= 8
}

/// Two of these names of which the first is the second, or would lie inside it.
#[must_use]
pub fn clash<'a>(names: &[&'a str]) -> Option<[&'a str; 2]> {
    names.iter().enumerate().find_map(|(n, inner)| {
        let (_, outer) = names.iter().enumerate().find(|(m, outer)| *m != n && is_inside(inner, outer))?;
        Some([*inner, *outer])
    })
}

fn is_inside(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Manifest {
    /// Its bytes, as they are signed.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_json(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|e| Error::Manifest(e.to_string()))
    }

    /// Reads and checks it.
    ///
    /// # Errors
    /// When it is of another version, or says what no manifest may say.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let fault = |e: serde_json::Error| Error::Manifest(e.to_string());
        let Versioned { version } = serde_json::from_slice(bytes).map_err(fault)?;
        if version != VERSION {
            return Err(Error::Version { got: version, allowed: VERSION });
        }
        let found: Self = serde_json::from_slice(bytes).map_err(fault)?;
        found.check().map_err(Error::Manifest)?;
        Ok(found)
    }

    /// Makes sure that it says only what one may.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self) -> Result<(), String> {
        for (what, text) in [("program", &self.program), ("created", &self.created)] {
            if text.len() > LONGEST_TEXT || text.chars().any(char::is_control) {
                return Err(format!("{what} is no short text"));
            }
        }
        for party in [&self.sender, &self.recipient] {
            check_name(&party.name).map_err(|e| format!("a laboratory's name cannot be used: {e}"))?;
            if party.fingerprint.len() > 64 || !party.fingerprint.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
                return Err("a laboratory's fingerprint is no fingerprint".into());
            }
        }
        if self.pseudonym_key.as_ref().is_some_and(|id| !is_hex(id, 16)) {
            return Err("the name of the key of pseudonyms is not 16 hex digits".into());
        }
        if self.collections.is_empty() || self.collections.len() > MOST_MEMBERS {
            return Err(format!("there are {} collections; allowed are 1 to {MOST_MEMBERS}", self.collections.len()));
        }
        let mut seen = HashSet::new();
        for member in &self.collections {
            if !is_name(&member.name) {
                let shown: String = member.name.chars().filter(|c| !c.is_control()).take(60).collect();
                return Err(format!(
                    "a collection cannot be called {shown:?}; allowed are letters, digits, _ - . and / between names"
                ));
            }
            if !seen.insert(&member.name) {
                return Err(format!("{} is there twice", member.title()));
            }
            member.check().map_err(|text| format!("{}: {text}", member.title()))?;
        }
        let names: Vec<&str> = self.collections.iter().map(|member| member.name.as_str()).collect();
        match clash(&names) {
            Some([inner, outer]) => Err(format!("collection {inner} would lie inside collection {outer}")),
            None => Ok(()),
        }
    }
}

impl Member {
    fn check(&self) -> Result<(), String> {
        if self.rows == 0 || self.width == 0 || self.size == 0 {
            return Err(format!("it is empty: {} rows of {} numbers in {} bytes", self.rows, self.width, self.size));
        }
        if self.element != "f32" && self.element != "f64" {
            return Err("its numbers are neither f32 nor f64".into());
        }
        if !is_hex(&self.blake3, 64) || !is_hex(&self.values_blake3, 64) {
            return Err("a digest of it is not 64 hex digits".into());
        }
        let mut columns = HashSet::new();
        if let Some(name) = self.columns.iter().find(|name| !allowed::is_column(name) || !columns.insert(*name)) {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(format!("it has a column {shown:?} twice, or one that is never shared"));
        }
        if let Some((name, _)) = self.attributes.iter().find(|(name, text)| !allowed::is_attribute(name, text)) {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(format!("it has an attribute {shown:?}, which is never shared or too long"));
        }
        Ok(())
    }
}
