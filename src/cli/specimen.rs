//! The file that a row was made of, found again.

use super::import::files;
use std::path::{Path, PathBuf};

/// Where the file is: in `folder`, if it was moved there.
pub fn path(file: &str, folder: Option<&Path>) -> PathBuf {
    match folder {
        Some(folder) => folder.join(Path::new(file).file_name().unwrap_or_default()),
        None => PathBuf::from(file),
    }
}

/// The bytes of a row's file, if it is there and the same as when it was imported; else why not.
pub fn bytes(file: &str, digest: Option<&str>, folder: Option<&Path>) -> Result<Vec<u8>, String> {
    let path = path(file, folder);
    let bytes = files::bytes(&path).map_err(|e| format!("{}: {e}; say --specimens FOLDER if it was moved", path.display()))?;
    match digest {
        Some(digest) if *digest != *blake3::hash(&bytes).to_hex() => {
            Err(format!("{} is not the file that was imported: its BLAKE3 is another", path.display()))
        }
        _ => Ok(bytes),
    }
}
