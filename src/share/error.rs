//! What can be wrong with keys, names and bundles, for the person who has to put it right.

use super::dsse;

/// Why something was not shared or not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{file}: cannot {doing}: {source}")]
    File { file: String, doing: &'static str, source: std::io::Error },
    #[error(
        "{file}: already there; secrets are never replaced. Choose another name, or move the old file away if nobody needs it"
    )]
    Exists { file: String },
    /// A file of keys that cannot be understood.
    #[error("this is no {what}: {text}. Get a fresh copy of the file; do not edit it by hand")]
    Key { what: &'static str, text: String },
    #[error("a laboratory cannot be called {name:?}: {text}. Give 1 to 100 characters, such as \"Institute of Forensics, Bern\"")]
    Name { name: String, text: &'static str },
    #[error("the system gave no random numbers: {0}")]
    Random(String),

    #[error("a column {name:?} is never shared; what may be asked for is {allowed}")]
    Column { name: String, allowed: String },
    #[error("{column}: {first:?} and {second:?} would both become {pseudonym}; make another key of pseudonyms and export again")]
    Collision { column: String, first: String, second: String, pseudonym: String },

    #[error("{part} cannot be {doing}: {source}")]
    Stream { part: String, doing: &'static str, source: std::io::Error },
    #[error(
        "{member}: it was to have {size} bytes with BLAKE3 {blake3} and has others: something wrote to it while it was packed. \
         Export again"
    )]
    Changing { member: String, size: u64, blake3: String },
    #[error("this is no bundle: {0}")]
    Foreign(String),
    #[error(
        "it cannot be opened with the keys of {own}: it was encrypted for somebody else, or its head was changed. Ask the sender \
         for a bundle to {fingerprint}"
    )]
    NotOurs { own: String, fingerprint: String },
    #[error("it was changed: its head does not fit its own tag. Nothing was taken from it. Get it again from the sender")]
    Head,
    /// `part` is where the chunk begins that does not decrypt.
    #[error(
        "it was changed, or its end is missing: in {part}, or in what follows it within 64 KiB, bytes do not decrypt (from {at} \
         of what was packed). Nothing was taken from it. Get it again from the sender"
    )]
    Changed { part: String, at: u64 },
    #[error(
        "{part} is cut off: it ends after {at} bytes of what was packed. Nothing was taken from it. Get it again from the sender"
    )]
    CutOff { part: String, at: u64 },
    #[error("its format is version {got}; this program reads version {allowed}. Use a newer striae, or ask for that version")]
    Version { got: u32, allowed: u32 },
    #[error("its signature: {0}. Nothing was taken from it")]
    Signature(#[from] dsse::Error),
    #[error("its manifest: {0}. Nothing was taken from it")]
    Manifest(String),
    #[error("it says that it comes from {got}, and {expected} was expected. Nothing was taken from it; check --from")]
    Sender { got: String, expected: String },
    #[error(
        "it was signed for {got} and not for {own}: somebody passed on what was meant for another. Nothing was taken from it"
    )]
    Recipient { got: String, own: String },
    #[error("{what} has {got} bytes; allowed are {allowed}. Nothing was taken from it. If that is right, raise the limit")]
    TooLarge { what: String, got: u64, allowed: u64 },
    #[error("{member}: it has {got} bytes, and the signed manifest says {expected}: it was replaced. Nothing was taken from it")]
    Length { member: String, got: u64, expected: u64 },
    #[error(
        "{member}: its BLAKE3 is {got}, and the signed manifest says {expected}: its content was changed. Nothing was \
         taken from it"
    )]
    Digest { member: String, got: String, expected: String },
    #[error("something follows its last collection that the signed manifest does not know of. Nothing was taken from it")]
    Trailing,
    #[error("{read} of {all} collections were read; a bundle is good only as a whole")]
    Unread { read: usize, all: usize },
}

impl Error {
    /// Whether the fault lies in what came in, and not in this machine or in how it was asked.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        if let Self::File { source, .. } = self {
            return source.kind() == std::io::ErrorKind::NotFound;
        }
        matches!(
            self,
            Self::Key { .. }
                | Self::Foreign(_)
                | Self::NotOurs { .. }
                | Self::Head
                | Self::Changed { .. }
                | Self::CutOff { .. }
                | Self::Version { .. }
                | Self::Signature(_)
                | Self::Manifest(_)
                | Self::Sender { .. }
                | Self::Recipient { .. }
                | Self::TooLarge { .. }
                | Self::Length { .. }
                | Self::Digest { .. }
                | Self::Trailing
        )
    }

    /// Whether it was asked for in a way that is not allowed.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Exists { .. } | Self::Name { .. } | Self::Column { .. })
    }
}
