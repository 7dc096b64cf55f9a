//! A folder of a run, described for other programs: `ro-crate-metadata.json`.

use super::gather::digests;
use super::store;
use crate::archive::write::check_target;
use crate::cli::{Refused, collection};
use crate::report::manifest::ro_crate::{FileEntry, Folder, METADATA, metadata};
use crate::report::manifest::{Chain, Manifest};
use anyhow::Context as _;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Files of a folder at most.
const MOST_FILES: usize = 100_000;

/// Refuses a folder that is none, or that is described already.
pub fn check(folder: &Path, overwrite: bool) -> anyhow::Result<()> {
    if !folder.is_dir() {
        return Err(Refused::input(format!("--ro-crate {}: there is no such folder", folder.display())));
    }
    Ok(check_target(&folder.join(METADATA), overwrite)?)
}

/// Describes all files of the folder, and the runs that made them. Says whether one of the first `results` is in it.
pub fn describe(
    folder: &Path,
    chain: &Chain,
    results: usize,
    agent: Option<&str>,
    license: Option<&str>,
) -> anyhow::Result<bool> {
    let (mut files, mut newest) = (Vec::new(), 0);
    let mut open = vec![PathBuf::new()];
    while let Some(inner) = open.pop() {
        let here = folder.join(&inner);
        for entry in std::fs::read_dir(&here).with_context(|| format!("cannot look into {}", here.display()))? {
            let entry = entry?;
            let (path, kind) = (inner.join(entry.file_name()), entry.file_type()?);
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() && path != Path::new(METADATA) {
                let Some(name) = path.to_str() else {
                    return Err(Refused::input(format!("{}: its name is no text; rename it", entry.path().display())));
                };
                let made = entry.metadata()?.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
                newest = newest.max(made.map_or(0, |d| d.as_secs()));
                let found = digests(&entry.path())?;
                files.push(FileEntry { path: name.replace('\\', "/"), bytes: found.bytes, sha256: found.sha256 });
            }
            if files.len() > MOST_FILES {
                return Err(Refused::input(format!("{}: it has more than {MOST_FILES} files", folder.display())));
            }
        }
    }
    let name = folder.canonicalize().ok().and_then(|f| f.file_name().map(|n| n.to_string_lossy().into_owned()));
    let named: Vec<&str> = chain.manifests().iter().map(Manifest::name).take(1).collect();
    let digest = |m: &Manifest| m.value().pointer("/subject/0/digest/sha256").and_then(Value::as_str).map(str::to_owned);
    let within = chain.manifests().iter().take(results).filter_map(digest).any(|d| files.iter().any(|f| f.sha256 == d));
    let bytes = metadata(&Folder {
        name: name.as_deref().unwrap_or("run"),
        description: &format!("Results of striae ({}), how they were made, and what they were made of", named.concat()),
        files: &files,
        chain,
        url: Some(env!("CARGO_PKG_HOMEPAGE")).filter(|url| !url.is_empty()),
        agent,
        license,
        dated: Some(&collection::utc(newest)),
    })?;
    store(&folder.join(METADATA), &bytes)?;
    Ok(within)
}
