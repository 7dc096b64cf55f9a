//! Why an X3P file was not read or not written.

use crate::toolmark::surface::SurfaceError;

/// What is wrong, where, what is allowed, and what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The ZIP around it.
    #[error("it is no readable ZIP archive ({why}); an X3P file is one: ask for the file again, it may be cut off")]
    NotZip { why: String },
    #[error(
        "the archive lists {got} entries; allowed are {allowed}, and an X3P file has about five: pack only the X3P's own files"
    )]
    Entries { got: u64, allowed: u64 },
    #[error(
        "entry {entry:?} leads out of the archive; allowed are relative paths without \"..\": do not open this file, ask its sender"
    )]
    Path { entry: String },
    #[error("the archive has several entries of one name, so that two programs may read two different surfaces; pack it again")]
    Duplicate,
    #[error("entry {entry:?} is encrypted; unpack it with its password and pack it without one")]
    Encrypted { entry: String },
    #[error("entry {entry:?} is compressed with {method}; allowed are stored and deflate: pack it again as an ordinary ZIP")]
    Method { entry: String, method: String },
    #[error("the archive holds no {what}; it is no X3P file, or not all of one")]
    Missing { what: String },
    #[error("the archive holds {first:?} and {second:?}; allowed is one main.xml: unpack it, one X3P file for each surface")]
    Several { first: String, second: String },
    #[error("entry {entry:?} is damaged ({why}); ask for the file again")]
    Damaged { entry: String, why: String },
    #[error("entry {entry:?} says that it has {got} bytes; allowed are {allowed}: {advice}")]
    TooLarge { entry: String, got: u64, allowed: u64, advice: &'static str },
    #[error(
        "entry {entry:?} has {packed} bytes and would take {memory} bytes as a surface; allowed are {always}, or {ratio} times the compressed \
         bytes: if the file is honest, unpack it and pack it without compression"
    )]
    Bomb { entry: String, packed: u64, memory: u64, always: u64, ratio: u64 },

    /// main.xml.
    #[error("main.xml, byte {at}: {what}")]
    Xml { at: u64, what: String },
    #[error("main.xml has a DOCTYPE; X3P knows none, and it can hide what a file says: ask its sender to leave it out")]
    Doctype,
    #[error(
        "main.xml uses the entity \"&{name};\"; allowed are &lt; &gt; &amp; &quot; &apos; and numbers: write the character itself"
    )]
    Entity { name: String },
    #[error("main.xml, byte {at}: elements are nested {allowed} deep and go on; an X3P file needs five")]
    Deep { at: u64, allowed: usize },
    #[error("main.xml, {place}: a text longer than {allowed} bytes; shorten it")]
    LongText { place: String, allowed: usize },
    #[error("main.xml has more than {allowed} elements; an X3P file has about fifty")]
    ManyElements { allowed: usize },
    #[error("main.xml, {place}: {got:?} is not allowed; it must be {allowed}")]
    Field { place: String, got: String, allowed: &'static str },
    #[error("main.xml, {place}: it is given twice, as {first:?} and {second:?}; leave one out")]
    Twice { place: String, first: String, second: String },
    /// A kind of X3P that is known and not read.
    #[error("{what} are not read: {advice}")]
    Refused { what: &'static str, advice: &'static str },

    /// The points.
    #[error("main.xml says {columns} × {rows} points; allowed are 1 to {allowed}: measure a smaller part, or crop it")]
    Points { columns: u64, rows: u64, allowed: u64 },
    #[error(
        "{entry:?} has {got} bytes; {columns} × {rows} points need {allowed}{hint}: the sizes or the type in main.xml are wrong"
    )]
    Size { entry: String, columns: u64, rows: u64, got: u64, allowed: u64, hint: String },
    #[error(
        "the MD5 of {entry:?} is {got}, and {place} says {said}: the file was changed after its checksum was written; {CHECKSUM_ADVICE}"
    )]
    Checksum { entry: String, place: String, got: String, said: String },
    #[error("there is no MD5 of {entry:?}: {place} {why}; {CHECKSUM_ADVICE}")]
    NoChecksum { entry: String, place: String, why: &'static str },
    #[error(transparent)]
    Surface(#[from] SurfaceError),

    /// The annotation mask.
    #[error("{entry:?}: {what}; correct it, or read the file without its mask")]
    Mask { entry: String, what: String },

    /// Writing.
    #[error("{field}: {got:?} cannot be written; {allowed}")]
    About { field: &'static str, got: String, allowed: &'static str },
    #[error("the archive could not be written: {why}")]
    Write { why: String },
}

pub(super) const CHECKSUM_ADVICE: &str =
    "compare it with its original, or read it with lenient checksums, which are recorded as a warning";
