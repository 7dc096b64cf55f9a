//! Room on disk for what memory does not hold.

use std::fs::File;
use std::io;
use std::path::Path;

/// A file in `folder` that is gone when it is closed, however the process ends. `what` is in its name for the moment that it has one.
///
/// # Errors
/// When none can be made there.
pub fn unnamed(folder: &Path, what: &str) -> io::Result<File> {
    for attempt in 0..1000_u32 {
        let path = folder.join(format!(".striae-{what}-{}-{attempt}", std::process::id()));
        match File::options().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::Error::other("no free name for a temporary file"))
}
