//! The ZIP archive of an X3P file, opened within limits.
//!
//! Nothing is unpacked to a disk. What could make two programs see two different files (two entries of one name, two main.xml), leave the archive
//! (`..`, drives, absolute paths), or hide its content (encryption) is refused before anything is unpacked. The ZIP's own CRC-32 of each entry that
//! is used is checked by the `zip` crate; a wrong one is refused whatever the caller says about MD5 sums.
//!
//! Paths are relative to the folder of main.xml, which may be a sub-folder. macOS's `__MACOSX` and `._…` are passed over.

use super::{Error, Limits};
use std::io::{Cursor, Read as _};
use zip::{CompressionMethod, ZipArchive};

/// Bytes that are handed on at once; a multiple of every number's size.
const CHUNK: usize = 1 << 16;

/// An entry of the archive.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub name: String,
    index: usize,
    /// Bytes when unpacked, as declared.
    pub size: u64,
    /// Bytes in the archive; never more than the archive has.
    pub packed: u64,
}

pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    entries: Vec<Entry>,
    /// The folder of main.xml, with its slash, or nothing.
    root: String,
}

impl<'a> Archive<'a> {
    pub fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        declared_entries(bytes, limits.entries)?;
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| Error::NotZip { why: e.to_string() })?;
        if zip.len() as u64 > limits.entries {
            return Err(Error::Entries { got: zip.len() as u64, allowed: limits.entries });
        }
        if zip.has_duplicate_names() {
            return Err(Error::Duplicate);
        }
        let mut entries = Vec::with_capacity(zip.len());
        let mut root: Option<(String, String)> = None;
        for index in 0..zip.len() {
            let not_zip = |e: zip::result::ZipError| Error::NotZip { why: e.to_string() };
            let entry = zip.by_index_data(index).map_err(not_zip)?;
            let name = entry.name().map_err(not_zip)?.replace('\\', "/");
            if entry.enclosed_name().is_none() || !is_inside(&name) {
                return Err(Error::Path { entry: name });
            }
            if name.ends_with('/') || name.split('/').any(|part| part == "__MACOSX" || part.starts_with("._")) {
                continue;
            }
            if entry.encrypted() {
                return Err(Error::Encrypted { entry: name });
            }
            if let Some(folder) = name.strip_suffix("main.xml").filter(|f| f.is_empty() || f.ends_with('/')) {
                if let Some((_, first)) = root {
                    return Err(Error::Several { first, second: name });
                }
                root = Some((folder.to_owned(), name.clone()));
            }
            let packed = entry.compressed_size().min(bytes.len() as u64);
            let method = entry.compression();
            if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
                return Err(Error::Method { entry: name, method: format!("{method:?}") });
            }
            entries.push(Entry { name, index, size: entry.size(), packed });
        }
        let (root, _) = root.ok_or_else(|| Error::Missing { what: "main.xml".into() })?;
        // A backslash that became a slash, or a case that some systems do not tell apart.
        let mut names: Vec<String> = entries.iter().map(|e| e.name.to_lowercase()).collect();
        names.sort_unstable();
        if names.windows(2).any(|w| w[0] == w[1]) {
            return Err(Error::Duplicate);
        }
        Ok(Self { zip, entries, root })
    }

    /// The entry at a path relative to main.xml.
    pub fn find(&self, path: &str) -> Result<Option<Entry>, Error> {
        let path = path.trim().replace('\\', "/");
        let path = path.strip_prefix("./").unwrap_or(&path);
        if !is_inside(path) {
            return Err(Error::Path { entry: path.to_owned() });
        }
        let found = self.entries.iter().find(|e| e.name.strip_prefix(self.root.as_str()) == Some(path));
        Ok(found.cloned())
    }

    /// An entry's bytes, in pieces of which all but the last have the same length, a multiple of 8. It ends with an error where the entry is
    /// damaged, or has another length than it says.
    pub fn pieces(&mut self, entry: &Entry, mut take: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let damaged = |why: String| Error::Damaged { entry: entry.name.clone(), why };
        let mut file = self.zip.by_index(entry.index).map_err(|e| damaged(e.to_string()))?;
        let mut buffer = vec![0; CHUNK.min(usize::try_from(entry.size).unwrap_or(CHUNK)).next_multiple_of(8)];
        let mut left = entry.size;
        loop {
            let mut filled = 0;
            // Reading goes on to the end of the entry: only there is its CRC-32 checked.
            while filled < buffer.len() {
                match file.read(&mut buffer[filled..]).map_err(|e| damaged(e.to_string()))? {
                    0 => break,
                    n => filled += n,
                }
            }
            let Some(rest) = left.checked_sub(filled as u64) else {
                return Err(damaged(format!("it has more than the {} bytes that it says", entry.size)));
            };
            left = rest;
            if filled > 0 {
                take(&buffer[..filled])?;
            }
            if filled < buffer.len() || filled == 0 {
                break;
            }
        }
        if left > 0 {
            return Err(damaged(format!("it ends {left} bytes before the {} that it says", entry.size)));
        }
        Ok(())
    }

    /// All of an entry, if it has no more than so many bytes.
    pub fn bytes(&mut self, entry: &Entry, allowed: u64, advice: &'static str) -> Result<Vec<u8>, Error> {
        if entry.size > allowed {
            return Err(Error::TooLarge { entry: entry.name.clone(), got: entry.size, allowed, advice });
        }
        let mut all = Vec::new();
        self.pieces(entry, |piece| {
            all.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(all)
    }
}

/// Whether a path stays where it is: relative, no `..`, no drive, no NUL.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && !path.contains([':', '\0']) && path.split('/').all(|part| part != "..")
}

/// Refuses an archive whose end says that it has more entries than allowed, before memory is taken for them: both kinds of end record, wherever
/// one may stand.
fn declared_entries(bytes: &[u8], allowed: u64) -> Result<(), Error> {
    // An archive's comment has at most 64 KiB. Where a ZIP64 locator (PK 6 7) stands near the end, its record (PK 6 6) may be anywhere.
    let tail = &bytes[bytes.len().saturating_sub((1 << 16) + 256)..];
    let ordinary =
        marked(tail, [5, 6]).filter_map(|record| record.get(10..12)).map(|b| u64::from(u16::from_le_bytes([b[0], b[1]])));
    let anywhere = if marked(tail, [6, 7]).next().is_some() { bytes } else { &[] };
    let wide = marked(anywhere, [6, 6]).filter_map(|record| record.get(32..40)?.try_into().ok()).map(u64::from_le_bytes);
    // 0xffff in the ordinary record means that the other one counts.
    match ordinary.filter(|n| *n != 0xffff).chain(wide).find(|n| *n > allowed) {
        Some(got) => Err(Error::Entries { got, allowed }),
        None => Ok(()),
    }
}

/// What begins with `PK` and a mark.
fn marked(bytes: &[u8], mark: [u8; 2]) -> impl Iterator<Item = &[u8]> {
    let wanted = [b'P', b'K', mark[0], mark[1]];
    bytes.windows(4).enumerate().filter(move |(_, w)| **w == wanted).map(|(at, _)| &bytes[at..])
}

#[cfg(test)]
mod tests {
    use super::is_inside;

    #[test]
    fn paths_stay_inside() {
        for path in ["main.xml", "a/bindata/data.bin", "a..b/c", "..."] {
            assert!(is_inside(path), "{path}");
        }
        for path in ["", "/etc/passwd", "../x", "a/../../x", "C:/x", "a\0b", ".."] {
            assert!(!is_inside(path), "{path}");
        }
    }
}
