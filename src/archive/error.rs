//! What can be wrong with a file, for the person who has to put it right.

use std::path::{Path, PathBuf};

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `meant`: the address that is right where only a slash is missing.
    #[error("{file}: there is no such file{}", meant.as_ref().map(|m| format!("; did you mean {m}?")).unwrap_or_default())]
    NoFile { file: String, meant: Option<String> },
    /// What the file holds is not what was asked for, or cannot be compared.
    #[error("{file}: {text}")]
    Refused { file: String, text: String },
    #[error(
        "{file}: the HDF5 library crashed on this file ({how}) while {doing}; the file is damaged or hostile. Nothing was read from it. Get a fresh copy from where it came from"
    )]
    Crashed { file: String, how: String, doing: String },
    #[error(
        "{file}: no answer for {seconds} s while {doing}; reading was stopped. The storage is very slow, or hangs, or the file is damaged or hostile: see to the mount, or copy the file to a local disk, and try again"
    )]
    Hung { file: String, seconds: u64, doing: String },
    #[error(
        "{file}: the HDF5 library computed for more than {seconds} s while {doing}; reading was stopped. The file is damaged or hostile. Get a fresh copy from where it came from"
    )]
    Endless { file: String, seconds: u64, doing: String },
    #[error(
        "{file}: the process that reads it was killed while {doing}: by the system, which had no more memory for it, or by somebody. Give the job more memory (docs/operations.md: Memory), and try again"
    )]
    Killed { file: String, doing: String },
    #[error("cannot start the reader process {exe}: {source}. It is the striae program itself: is it still in its place?")]
    NoReader { exe: String, source: std::io::Error },
    #[error("{path}: already there; choose another name, or give --overwrite to replace it")]
    Exists { path: String },
    #[error("{path}: there is no folder {folder}; make it, or name another")]
    NoFolder { path: String, folder: String },
    #[error("{path}: this is a folder; name a file in it")]
    Folder { path: String },
    #[error("{path}: cannot {doing}: {source}")]
    Write { path: String, doing: &'static str, source: std::io::Error },
    #[error("{path}: the disk has no room for {needed}; free some space, or write to another disk. Nothing was left behind")]
    DiskFull { path: String, needed: String },
    #[error(
        "{path}: the system allows no file as large as that ({needed}): raise the limit (ulimit -f), or write to a file system that takes large files. Nothing was left behind"
    )]
    TooLarge { path: String, needed: String },
    #[error("{path}: HDF5 cannot {doing}: {text}")]
    Library { path: String, doing: &'static str, text: String },
    #[error("{path}: {text}")]
    Incomplete { path: String, text: String },
}

impl Error {
    /// Whether the fault lies in the input.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::NoFile { .. } | Self::Refused { .. } | Self::Crashed { .. } | Self::Endless { .. })
    }

    /// Whether it is the command that has to be changed.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Exists { .. } | Self::NoFolder { .. } | Self::Folder { .. })
    }

    /// That there is no such file: `a.h5:spectra` was to be `a.h5:/spectra` where there is an a.h5.
    #[must_use]
    pub fn no_file(path: &Path) -> Self {
        let file = path.display().to_string();
        let meant = file
            .rsplit_once(':')
            .filter(|(outer, inner)| !inner.is_empty() && Path::new(outer).is_file())
            .map(|(outer, inner)| format!("{outer}:/{inner}"));
        Self::NoFile { file, meant }
    }

    pub(super) fn write(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path: PathBuf = path.to_owned();
        move |source| Self::Write { path: path.display().to_string(), doing, source }
    }
}

impl From<Error> for crate::compare::SourceError {
    fn from(error: Error) -> Self {
        Self(Box::new(error))
    }
}
