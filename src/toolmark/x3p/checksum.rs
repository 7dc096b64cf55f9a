//! MD5 sums as X3P keeps them: of main.xml in md5checksum.hex beside it, of the data in main.xml.
//!
//! They show accidents, not forgery: MD5 can be forged, and whoever changes a file can change its sums. md5checksum.hex begins with 32 hexadecimal
//! digits of either case; what follows (` *main.xml`, a line's end) is not used.

use super::{Checksums, Error};
use md5::{Digest as _, Md5};

#[derive(Default)]
pub(super) struct Digest(Md5);

impl Digest {
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn hex(self) -> String {
        self.0.finalize().iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(u32::from(d), 16)).collect()
    }
}

/// What a comparison of checksums gave: nothing to say, or an error that the caller may turn into a warning.
pub(super) struct Verdict(Option<Error>);

impl Verdict {
    pub fn of(entry: &str, digest: Digest, said: Option<&str>, place: &str) -> Self {
        let none = |why| Error::NoChecksum { entry: entry.into(), place: place.into(), why };
        let Some(said) = said else { return Self(Some(none("has none"))) };
        let said: String = said.trim_start_matches('\u{feff}').trim_start().chars().take(32).collect();
        if said.len() != 32 || !said.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Self(Some(none("does not begin with 32 hexadecimal digits")));
        }
        let (got, said) = (digest.hex(), said.to_ascii_lowercase());
        Self((got != said).then(|| Error::Checksum { entry: entry.into(), place: place.into(), got, said }))
    }

    pub fn settle(self, checksums: Checksums, warnings: &mut Vec<String>) -> Result<(), Error> {
        match (self.0, checksums) {
            (None, _) => Ok(()),
            (Some(error), Checksums::Strict) => Err(error),
            (Some(error), Checksums::Lenient) => {
                // The advice of the error is to read it so.
                let text = error.to_string();
                warnings.push(
                    text.split_once(super::error::CHECKSUM_ADVICE)
                        .map_or(text.clone(), |(fact, _)| fact.trim_end_matches([';', ' ', ':']).to_owned()),
                );
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_compared_by_their_first_digits() {
        // RFC 1321: MD5 of "abc".
        let judge = |said: Option<&str>| {
            let mut digest = Digest::default();
            digest.update(b"abc");
            Verdict::of("main.xml", digest, said, "md5checksum.hex").0
        };
        for said in [
            "900150983cd24fb0d6963f7d28e17f72",
            "900150983CD24FB0D6963F7D28E17F72 *main.xml\n",
            "\u{feff}900150983cd24fb0d6963f7d28e17f72\n",
        ] {
            assert_eq!(judge(Some(said)), None, "{said}");
        }
        assert!(matches!(judge(Some("900150983cd24fb0d6963f7d28e17f73")), Some(Error::Checksum { .. })));
        assert!(matches!(judge(Some("900150983cd24fb0")), Some(Error::NoChecksum { .. })));
        assert!(matches!(judge(Some("µ00150983cd24fb0d6963f7d28e17f72")), Some(Error::NoChecksum { .. })));
        assert!(matches!(judge(None), Some(Error::NoChecksum { .. })));
    }
}
