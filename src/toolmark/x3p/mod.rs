//! X3P, the exchange format of surface topographies (ISO 25178-72, before ISO 5436-2), read and written.
//!
//! ```text
//! ZIP ── main.xml             axes, instrument, matrix size           description, layout
//!    ├── bindata/data.bin     heights, metres, x fastest              points
//!    ├── bindata/valid.bin    a bit for each point, if some are missing
//!    ├── bindata/mask.png     annotated regions, of some laboratories annotation
//!    └── md5checksum.hex      MD5 of main.xml                         checksum
//! ```
//! Heights and spacings become µm, rounded once. What a file says oddly, and how it was taken, stands in [`X3p::warnings`]. Point clouds, absolute
//! x or y axes, heights within the XML and several layers are refused by name (`layout`).
//!
//! # Limits
//! Files come from other laboratories and from the internet, so nothing in them is believed before it is checked ([`Limits`]): the number of
//! entries, main.xml's and the mask's size, and the number of points. A point takes 10 bytes of memory in all (8 for its height, 1 for whether
//! it was measured, 1 for its region). A surface may take 128 MiB (13 million points), and more only if it takes no more than 200 times the
//! compressed bytes of data.bin; so an honest large file passes, and one of a few kilobytes that claims gigabytes does not. data.bin must have
//! exactly as many bytes as the matrix needs before memory is taken, and is decoded piece by piece. Besides the input and the surface, reading
//! takes less than 64 MiB.
//!
//! # Example
//! ```
//! use striae::toolmark::{surface::Surface, x3p};
//! let surface = Surface::of_finite(2, 2, (1.5, 1.5), vec![0.25, 0.5, f64::NAN, 1.0])?;
//! let about = x3p::About { date: "2026-01-31T12:00:00".into(), ..x3p::About::default() };
//! let file = x3p::write(&surface, &about)?;
//! let back = x3p::read(&file, &x3p::Options::default())?;
//! assert_eq!(back.surface, surface);
//! assert!(back.warnings.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod annotation;
mod archive;
mod checksum;
mod description;
mod error;
mod layout;
mod points;
mod write;

pub use annotation::{Annotation, Region};
pub use error::Error;
pub use write::{About, write};

use super::surface::Surface;
use super::unit::LengthUnit;
use archive::Archive;
use checksum::{Digest, Verdict};
use description::Description;
use layout::Layout;
use std::collections::BTreeMap;

/// What a wrong or missing MD5 does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Checksums {
    /// The file is refused.
    #[default]
    Strict,
    /// It becomes a warning.
    Lenient,
}

/// What to do with an annotation mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mask {
    /// It is read; one that is damaged refuses the file. The caller chooses what to exclude ([`Annotation::excluded`]).
    #[default]
    Read,
    /// It is not looked at.
    Ignore,
}

/// What a file may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Points of a surface.
    pub points: u64,
    /// Bytes that a surface may take in memory, whatever its compressed size.
    pub memory: u64,
    /// Bytes in memory for each compressed byte of data.bin, above `memory`.
    pub ratio: u64,
    /// Bytes of main.xml.
    pub xml: u64,
    /// Bytes of mask.png.
    pub mask: u64,
    /// Entries of the archive.
    pub entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { points: 1 << 28, memory: 128 << 20, ratio: 200, xml: 4 << 20, mask: 16 << 20, entries: 1024 }
    }
}

/// How to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Options {
    pub checksums: Checksums,
    /// The heights' unit, where the file has another than it should (metre).
    pub height_unit: Option<LengthUnit>,
    pub mask: Mask,
    pub limits: Limits,
}

/// What was in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct X3p {
    pub surface: Surface,
    /// What main.xml says about the measurement, in its own words: `date`, `creator`, `manufacturer`, `model`, `serial`, `version`,
    /// `calibration_date`, `probing_type`, `probing`, `comment`, `revision`, `feature_type`, `origin`. What is empty is left out.
    pub metadata: BTreeMap<String, String>,
    /// What was odd about the file and how it was taken.
    pub warnings: Vec<String>,
    pub annotation: Option<Annotation>,
}

/// Reads a file's bytes.
///
/// # Errors
/// [`Error`]: what is wrong and where, what kind of X3P is not read, or which limit the file is above.
pub fn read(bytes: &[u8], options: &Options) -> Result<X3p, Error> {
    let limits = &options.limits;
    let mut warnings = Vec::new();
    let mut archive = Archive::open(bytes, limits)?;
    let entry = archive.find("main.xml")?.ok_or_else(|| Error::Missing { what: "main.xml".into() })?;
    let advice = "heights within the XML (DataList) are not read; store the file with binary data (data.bin)";
    let xml = archive.bytes(&entry, limits.xml, advice)?;
    let said = Description::parse(&xml);
    // A description that is not readable is more likely damaged than odd: its checksum is the better answer.
    let name = said.as_ref().ok().and_then(|s| s.get("Record4/ChecksumFile")).unwrap_or("md5checksum.hex");
    let sum = match archive.find(name)? {
        Some(sum) => Some(archive.bytes(&sum, 1 << 12, "it has 32 digits and a name")?),
        None => None,
    };
    let sum = sum.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut digest = Digest::default();
    digest.update(&xml);
    Verdict::of(&entry.name, digest, sum.as_deref(), name).settle(options.checksums, &mut warnings)?;
    drop(xml);
    let said = said?;
    if said.latin {
        warnings.push("main.xml is not UTF-8; it is read as Latin-1, so that letters in its texts may be wrong".into());
    }

    let layout = Layout::of(&said, limits, &mut warnings)?;
    let surface = points::read(&mut archive, &layout, options, &mut warnings)?;
    let annotation = match options.mask {
        Mask::Read => annotation::read(&mut archive, &said, (layout.columns, layout.rows), limits.mask, &mut warnings)?,
        Mask::Ignore => None,
    };
    Ok(X3p { surface, metadata: said.metadata(), warnings, annotation })
}

#[cfg(test)]
mod tests;
