//! Files that only their owner may read: keys. (The table that leads pseudonyms back is a [`super::staging::Part`].)
//!
//! They are made with mode 0600 and never replaced. A file that others can read is still read: on network file systems modes
//! mean little, and a night's work should not end for one. [`read`] says so, and its caller warns.

use super::error::Error;
use age::secrecy::SecretString;
use std::fmt;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// No file of keys is longer.
const MOST_BYTES: u64 = 64 << 10;

/// A secret that others on this machine can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    file: String,
    mode: u32,
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{0} holds secrets and others can read it (mode {1:03o}); chmod 600 {0}", self.file, self.mode)
    }
}

/// A new file with this mode.
pub(super) fn create_as(path: &Path, mode: u32) -> Result<File, Error> {
    File::options().write(true).create_new(true).mode(mode).open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => Error::Exists { file: path.display().to_string() },
        _ => Error::File { file: path.display().to_string(), doing: "make it", source },
    })
}

/// A new file with a secret text; it is on the disk, or not there.
///
/// # Errors
/// When it is there already, cannot be made, or the disk fails.
pub fn save(path: &Path, text: &str) -> Result<(), Error> {
    save_as(path, text, 0o600)
}

fn save_as(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let mut file = create_as(path, mode)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|source| {
        // Half a key is worse than none.
        let _ = std::fs::remove_file(path);
        Error::File { file: path.display().to_string(), doing: "write to it", source }
    })
}

/// A new file that everybody may read: the public half.
///
/// # Errors
/// As [`save`].
pub fn publish(path: &Path, text: &str) -> Result<(), Error> {
    save_as(path, text, 0o644)
}

/// The text of a secret file, and whether others can read it.
///
/// # Errors
/// When it cannot be read, is too long or no text.
pub fn read(path: &Path) -> Result<(SecretString, Option<Exposed>), Error> {
    let fault = |source| Error::File { file: path.display().to_string(), doing: "read it", source };
    let file = File::open(path).map_err(fault)?;
    let mode = file.metadata().map_err(fault)?.permissions().mode() & 0o777;
    let mut text = String::with_capacity(4096);
    file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(fault)?;
    if text.len() as u64 > MOST_BYTES {
        let text = format!("it has more than {MOST_BYTES} bytes, and files of keys are short");
        return Err(Error::Key { what: "file of keys", text });
    }
    let exposed = (mode & 0o077 != 0).then(|| Exposed { file: path.display().to_string(), mode });
    Ok((text.into(), exposed))
}
