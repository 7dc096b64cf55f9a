//! How a collection was made, kept with it: the text `making`, JSON.
//!
//! ```text
//! options     what was asked for, as far as it decides the collection
//! files       count, bytes and blake3 of the files that were read: "striae files 1\0", then of each in the order of reading its name
//!             without the folder, a zero byte, and its BLAKE3 (32 bytes)
//! made_of_blake3   of the rows that it was made of
//! commit, started (UTC, ISO 8601), seconds, threads, left_out
//! ```

use super::collection;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The text's name beside the values.
pub const NAME: &str = "making";
/// Bytes that what is known at the end may take: a digest, some numbers.
const LATER: usize = 320;

/// What is known of it so far.
#[derive(Debug)]
pub struct Making {
    clock: Instant,
    said: Map<String, Value>,
}

impl Making {
    /// Of a collection that is being made from now on, as somebody asked.
    pub fn new(options: Value) -> Self {
        let mut said = Map::from_iter([
            ("options".to_owned(), options),
            ("started".to_owned(), collection::now().into()),
            ("threads".to_owned(), rayon::current_num_threads().into()),
        ]);
        said.extend(crate::built::commit().map(|commit| ("commit".to_owned(), commit.into())));
        Self { clock: Instant::now(), said }
    }

    pub fn say(&mut self, name: &str, what: impl Into<Value>) {
        self.said.insert(name.to_owned(), what.into());
    }

    /// Most bytes of [`Self::text`], when the file is laid out.
    pub fn room(&self) -> usize {
        self.text().len() + LATER
    }

    pub fn text(&self) -> String {
        let mut said = self.said.clone();
        said.insert("seconds".into(), self.clock.elapsed().as_secs_f64().into());
        Value::Object(said).to_string()
    }
}

/// Files that were read, by their digests.
#[derive(Debug, Default)]
pub struct Seen(Mutex<HashMap<PathBuf, (u64, blake3::Hash)>>);

impl Seen {
    /// Takes note of a file's content, and gives its digest.
    pub fn note(&self, path: &Path, bytes: &[u8]) -> blake3::Hash {
        let digest = blake3::hash(bytes);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), (bytes.len() as u64, digest));
        digest
    }

    /// What to say of those among `files`, in their order.
    pub fn said(&self, files: &[PathBuf]) -> Value {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"striae files 1\0");
        let (mut count, mut bytes) = (0_u64, 0);
        for file in files {
            let Some((size, digest)) = seen.get(file) else { continue };
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            hasher.update(name.as_bytes()).update(b"\0").update(digest.as_bytes());
            count += 1;
            bytes += size;
        }
        json!({ "count": count, "bytes": bytes, "blake3": hasher.finalize().to_hex().as_str() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_name_and_content() {
        let files = |names: &[(&str, &[u8])]| {
            let seen = Seen::default();
            for (name, bytes) in names {
                seen.note(Path::new(name), bytes);
            }
            let paths: Vec<PathBuf> = names.iter().map(|(name, _)| PathBuf::from(name)).collect();
            (seen.said(&paths), seen.said(&paths[..1]))
        };
        let (two, one) = files(&[("in/a.csv", b"1,2"), ("in/b.csv", b"3")]);
        assert_eq!((two["count"].as_u64(), two["bytes"].as_u64()), (Some(2), Some(4)));
        assert_ne!(two["blake3"], one["blake3"]);
        // Where they lie is not part of it, what they are called and what they hold is.
        assert_eq!(two, files(&[("elsewhere/a.csv", b"1,2"), ("b.csv", b"3")]).0);
        assert_ne!(two["blake3"], files(&[("a.csv", b"1,2"), ("c.csv", b"3")]).0["blake3"]);
        assert_ne!(two["blake3"], files(&[("a.csv", b"1,2"), ("b.csv", b"4")]).0["blake3"]);
        let by_hand = blake3::Hasher::new()
            .update(b"striae files 1\0a.csv\0")
            .update(blake3::hash(b"1,2").as_bytes())
            .finalize()
            .to_hex()
            .to_string();
        assert_eq!(one["blake3"].as_str(), Some(&by_hand[..]));
    }

    #[test]
    fn what_is_said_last_has_its_room() {
        let mut making = Making::new(json!({ "axis": "4000..650:2" }));
        let room = making.room();
        making.say("made_of_blake3", "a".repeat(64));
        making.say("left_out", u64::MAX);
        assert!(making.text().len() <= room);
    }
}
