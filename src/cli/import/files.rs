//! Many files: found in folders, read on all cores, and listed where they were left out.

use crate::archive::{Address, Client};
use crate::cli::making::Seen;
use crate::cli::progress::Progress;
use crate::cli::{Refused, Voice};
use crate::compare::{Observer as _, bytes as in_words};
use anyhow::Context as _;
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Largest file that is read.
const MOST_BYTES: u64 = 1 << 30;
/// Bytes that the program takes before it holds anything.
const BASE: u64 = 48 << 20;

/// All files, those of folders in the order of their names; refused where there are none.
pub fn all(given: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    if let Some(missing) = given.iter().find(|path| !path.exists()) {
        return Err(Refused::input(format!("{}: there is no such file or folder", missing.display())));
    }
    let mut found = Vec::new();
    for path in given {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let mut folders = vec![path.clone()];
        let mut inside = Vec::new();
        // Links may lead round in circles.
        let mut seen = HashSet::new();
        while let Some(folder) = folders.pop() {
            let real = folder.canonicalize().with_context(|| format!("cannot look into {}", folder.display()))?;
            if !seen.insert(real) {
                continue;
            }
            let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot look into {}", folder.display()))?;
            for entry in entries {
                let path = entry?.path();
                let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
                match path.is_dir() {
                    _ if hidden => {}
                    true => folders.push(path),
                    false => inside.push(path),
                }
            }
        }
        inside.sort();
        found.extend(inside);
    }
    if found.is_empty() {
        let named = given.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
        return Err(Refused::input(format!("there is no file in {named}")));
    }
    // One file, named twice or found in a folder that was named too, is one.
    let mut seen = HashSet::new();
    found.retain(|path| path.canonicalize().map_or(true, |real| seen.insert(real)));
    Ok(found)
}

/// Where a collection goes: -o FILE.h5 and --collection NAME.
pub fn target(output: &Path, collection: &str) -> anyhow::Result<Address> {
    let name = collection.trim_matches('/');
    if name.is_empty() {
        return Err(Refused::usage("--collection: give a name"));
    }
    if let Some((file, inner)) = output.display().to_string().split_once(":/").filter(|(file, _)| file.contains('.')) {
        return Err(Refused::usage(format!("-o {}: give -o {file} --collection {inner}", output.display())));
    }
    Ok(Address { file: output.to_owned(), inner: Some(format!("/{name}")) })
}

/// What `--memory` leaves for what is held.
pub fn room(memory: u64) -> anyhow::Result<u64> {
    memory.checked_sub(BASE).filter(|&m| m >= 16 << 20).ok_or_else(|| {
        Refused::usage(format!("--memory {} is too little; give {} or more", in_words(memory), in_words(BASE + (16 << 20))))
    })
}

/// Refuses collections that are there already, before anything is read.
pub fn refuse_there(targets: &[Address], overwrite: bool) -> anyhow::Result<()> {
    let Some(first) = targets.first().filter(|t| !overwrite && t.file.exists()) else { return Ok(()) };
    let nodes = Client::open(&first.file, &crate::cli::collection::reading()?)?.tree()?;
    let there = |target: &&Address| nodes.iter().any(|n| Some(n.path.as_str()) == target.inner.as_deref());
    match targets.iter().find(there) {
        Some(target) => Err(Refused::usage(format!(
            "{target} is there already; choose another --collection, or give --overwrite to replace it"
        ))),
        None => Ok(()),
    }
}

/// Why a file cannot be read, in words of our own for what is mistyped.
pub fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::IsADirectory => "this is a folder, and a file is needed".into(),
        _ => format!("cannot be read: {error}"),
    }
}

/// A file's bytes, or why there are none.
pub fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(path).map_err(|e| unreadable(&e))?.len();
    if size > MOST_BYTES {
        return Err(format!("it has {size} bytes; files of up to {MOST_BYTES} are read"));
    }
    std::fs::read(path).map_err(|e| unreadable(&e))
}

/// A file of text.
pub fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).map_err(|e| {
        let why = match e.kind() {
            std::io::ErrorKind::InvalidData => "it is no text in UTF-8; save it as such".to_owned(),
            _ => unreadable(&e),
        };
        Refused::input(format!("{}: {why}", path.display()))
    })
}

/// The same, and their digest.
pub fn seen(path: &Path, seen: &Seen) -> Result<(Vec<u8>, blake3::Hash), String> {
    let bytes = bytes(path)?;
    let digest = seen.note(path, &bytes);
    Ok((bytes, digest))
}

/// What `load` makes of each file, in the order of the files.
pub fn each<T: Send>(
    files: &[PathBuf],
    progress: &Progress,
    load: impl Fn(&Path) -> Result<T, String> + Sync,
) -> anyhow::Result<Vec<Result<T, String>>> {
    progress.phase("read", files.len() as u64);
    let done = AtomicU64::new(0);
    let loaded = files
        .par_iter()
        .map(|path| {
            let found = if progress.stop() { Err("interrupted".into()) } else { load(path) };
            progress.progress(1 + done.fetch_add(1, Ordering::Relaxed));
            found
        })
        .collect();
    progress.advance(files.len() as u64)?;
    Ok(loaded)
}

/// What became of an import.
pub struct Outcome<'a> {
    pub target: &'a Address,
    pub files: usize,
    pub stored: usize,
    /// What is stored: one, and more.
    pub noun: (&'a str, &'a str),
    /// Files that were left out, and why.
    pub failed: &'a [(String, String)],
    pub strict: bool,
}

impl Outcome<'_> {
    /// Says it, and refuses where nothing was stored, or something is missing that may not be.
    pub fn tell(&self, voice: Voice) -> anyhow::Result<()> {
        let Self { target, files, stored, noun: (one, more), failed, strict } = *self;
        if voice.json {
            let failed: Vec<_> = failed.iter().map(|(file, why)| serde_json::json!({ "file": file, "why": why })).collect();
            println!(
                "{}",
                serde_json::json!({ "output": target.to_string(), "files": files, (more): stored, "left_out": failed })
            );
        } else {
            for (file, why) in failed {
                eprintln!("striae: left out {file}: {why}");
            }
            if !voice.quiet && stored > 0 {
                let many = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
                println!("imported  {} of {}, {} left out", many(stored, one, more), many(files, "file", "files"), failed.len());
                println!("stored    {target}");
            }
        }
        if stored == 0 {
            let why = if strict { "nothing was written, as --strict asks" } else { "nothing could be read" };
            return Err(Refused::input(format!("{} of {files} files were left out: {why}", failed.len())));
        }
        if strict && !failed.is_empty() {
            return Err(Refused::input(format!("{} {more} were left out", failed.len())));
        }
        Ok(())
    }
}
