//! Reading a bundle. Checks, in this order, each refused in words that name the part:
//!
//! 1. it is an age file that these keys open;
//! 2. format and version;
//! 3. the signature of the manifest, by the sender that was expected, over exactly these bytes;
//! 4. that it was signed by that sender for this laboratory, and says only what a manifest may;
//! 5. declared sizes against limits, before room is made for anything;
//! 6. each collection's length and BLAKE3 as its bytes go by, and the age tag of every chunk;
//! 7. that nothing follows.
//!
//! Only [`Unpacking::finish`] says that all was good: until then, what was written is to be kept under another name.

use super::bundle::{MAGIC, PAYLOAD_TYPE, PIECE};
use super::dsse;
use super::error::Error;
use super::keys::{Keys, Laboratory};
use super::manifest::{Manifest, Member, Party, VERSION};
use std::io::{self, BufRead, BufReader, Read, Write};

/// Bytes of age's own head; one recipient and one stanza of noise need some 400.
const MOST_HEAD: u64 = 4096;
const AGE: &[u8] = b"age-encryption.org/v1\n";

/// What a bundle may have at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the signed envelope.
    pub manifest: u64,
    /// Bytes of one collection.
    pub collection: u64,
    /// Bytes of all.
    pub total: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { manifest: 4 << 20, collection: 1 << 40, total: 1 << 40 }
    }
}

/// A bundle being read: what it decrypts to, with its collections still to come.
pub struct Unpacking<P> {
    plain: Plain<P>,
    manifest: Manifest,
    next: usize,
}

impl<P> std::fmt::Debug for Unpacking<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacking").field("manifest", &self.manifest).field("next", &self.next).finish_non_exhaustive()
    }
}

/// The input after age's head.
pub type Sealed<R> = io::Chain<io::Cursor<Vec<u8>>, BufReader<R>>;

/// The decrypted bytes, and how many were read.
struct Plain<P> {
    inner: P,
    at: u64,
}

impl<P: Read> Plain<P> {
    /// Some bytes; none at the end.
    fn some(&mut self, into: &mut [u8], part: &str) -> Result<usize, Error> {
        loop {
            match self.inner.read(into) {
                Ok(n) => {
                    self.at += n as u64;
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.fault(e, part)),
            }
        }
    }

    fn exactly(&mut self, into: &mut [u8], part: &str) -> Result<(), Error> {
        let mut filled = 0;
        while filled < into.len() {
            match self.some(&mut into[filled..], part)? {
                0 => return Err(Error::CutOff { part: part.to_owned(), at: self.at }),
                n => filled += n,
            }
        }
        Ok(())
    }

    /// What it means that bytes do not come. age speaks of chunks that do not decrypt as invalid data.
    fn fault(&self, source: io::Error, part: &str) -> Error {
        let part = part.to_owned();
        match source.kind() {
            io::ErrorKind::InvalidData => Error::Changed { part, at: self.at },
            io::ErrorKind::UnexpectedEof => Error::CutOff { part, at: self.at },
            _ => Error::Stream { part, doing: "read", source },
        }
    }
}

/// What comes before the encrypted bytes: a few lines, of which a hostile file could have millions.
fn age_head(input: &mut impl BufRead) -> Result<Vec<u8>, Error> {
    let mut head = Vec::with_capacity(512);
    let mut input = input.take(MOST_HEAD);
    loop {
        let start = head.len();
        let n = input.read_until(b'\n', &mut head).map_err(|source| Error::Stream {
            part: "its head".into(),
            doing: "read",
            source,
        })?;
        let line = &head[start..];
        if start == 0 && line != AGE {
            return Err(Error::Foreign(if line.starts_with(b"-----BEGIN AGE") {
                "it is an age file written as text; undo that first (age --decrypt is not needed: striae wants it as it was made)"
                    .into()
            } else {
                "it does not begin as an age file does".into()
            }));
        }
        if line.starts_with(b"---") && line.ends_with(b"\n") {
            return Ok(head);
        }
        if n == 0 || !line.ends_with(b"\n") {
            return Err(if head.len() as u64 == MOST_HEAD {
                Error::Foreign(format!("its head has more than {MOST_HEAD} bytes"))
            } else {
                Error::CutOff { part: "its head".into(), at: 0 }
            });
        }
    }
}

impl<R: Read> Unpacking<age::stream::StreamReader<Sealed<R>>> {
    /// Decrypts the beginning and checks all that it says. `own` opens it; `from` is to have signed it.
    ///
    /// # Errors
    /// What of the checks 1 to 5 fails, or that the input cannot be read.
    pub fn open(input: R, own: &Keys, from: &Laboratory, limits: &Limits) -> Result<Self, Error> {
        let mut input = BufReader::with_capacity(PIECE, input);
        let head = age_head(&mut input)?;
        let sealed = io::Cursor::new(head).chain(input);
        let not_ours = || Error::NotOurs { own: own.laboratory().name().to_owned(), fingerprint: own.laboratory().fingerprint() };
        let head_is = |text: &str| Error::Foreign(format!("the head of the age file {text}"));
        let understand = |error| match error {
            age::DecryptError::NoMatchingKeys | age::DecryptError::DecryptionFailed => not_ours(),
            age::DecryptError::InvalidMac => Error::Head,
            age::DecryptError::UnknownFormat => head_is("is of a version that is not known"),
            age::DecryptError::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                Error::CutOff { part: "its head".into(), at: 0 }
            }
            age::DecryptError::Io(source) => Error::Stream { part: "its head".into(), doing: "read", source },
            _ => head_is("is not understood: it was changed, or is for no X25519 key"),
        };
        let decryptor = age::Decryptor::new_buffered(sealed).map_err(understand)?;
        let plain = decryptor.decrypt(std::iter::once(own.identity() as &dyn age::Identity)).map_err(understand)?;
        Self::of_plain(plain, own.laboratory(), from, limits)
    }
}

/// Adds who says that it signed. Nothing vouches for that, but it tells a wrong --from from a forgery.
fn with_sender(error: dsse::Error, envelope: &[u8]) -> Error {
    let said = || Some(Manifest::from_json(&dsse::unverified(envelope)?).ok()?.sender);
    match error {
        dsse::Error::OtherKey { got, expected } => {
            let by = said().map_or_else(String::new, |sender| format!(", of {sender} as it says itself"));
            dsse::Error::OtherKey { got: format!("{got}{by}"), expected }.into()
        }
        other => other.into(),
    }
}

impl<P: Read> Unpacking<P> {
    /// The checks from the second on, of what was decrypted.
    pub(super) fn of_plain(inner: P, own: &Laboratory, from: &Laboratory, limits: &Limits) -> Result<Self, Error> {
        let mut plain = Plain { inner, at: 0 };
        let mut magic = [0; MAGIC.len()];
        plain.exactly(&mut magic, "its beginning")?;
        if &magic != MAGIC {
            return Err(Error::Foreign("what was encrypted does not begin as a bundle of striae does".into()));
        }
        let mut number = [0; 4];
        plain.exactly(&mut number, "its beginning")?;
        let version = u32::from_le_bytes(number);
        if version != VERSION {
            return Err(Error::Version { got: version, allowed: VERSION });
        }
        plain.exactly(&mut number, "its beginning")?;
        let length = u64::from(u32::from_le_bytes(number));
        if length > limits.manifest {
            return Err(Error::TooLarge { what: "its manifest".into(), got: length, allowed: limits.manifest });
        }
        // No more room than bytes that come.
        let mut envelope = Vec::new();
        let mut piece = vec![0; PIECE];
        while (envelope.len() as u64) < length {
            let wanted = PIECE.min(length as usize - envelope.len());
            plain.exactly(&mut piece[..wanted], "its manifest")?;
            envelope.extend_from_slice(&piece[..wanted]);
        }
        let payload = from.statement(PAYLOAD_TYPE, &envelope).map_err(|error| with_sender(error, &envelope))?;
        if !dsse::is_plain(&envelope, from.verifying()) {
            return Err(Error::Manifest("its envelope was changed where nothing is signed: striae writes it otherwise".into()));
        }
        let manifest = Manifest::from_json(&payload)?;
        let (sender, recipient) = (Party::from(from), Party::from(own));
        if manifest.sender != sender {
            return Err(Error::Sender { got: manifest.sender.to_string(), expected: sender.to_string() });
        }
        if manifest.recipient != recipient {
            return Err(Error::Recipient { got: manifest.recipient.to_string(), own: recipient.to_string() });
        }
        let mut total: u64 = 0;
        for member in &manifest.collections {
            total = total.saturating_add(member.size);
            if member.size > limits.collection {
                return Err(Error::TooLarge { what: member.title(), got: member.size, allowed: limits.collection });
            }
        }
        if total > limits.total {
            return Err(Error::TooLarge { what: "the bundle".into(), got: total, allowed: limits.total });
        }
        Ok(Self { plain, manifest, next: 0 })
    }

    /// What the sender signed. The collections are not read yet.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Writes the next collection into `into`; `None` after the last. What was written is not good before [`Self::finish`].
    ///
    /// # Errors
    /// When its length or its BLAKE3 are not what was signed, its bytes do not decrypt, or `into` takes no more. Nothing can be
    /// read after that.
    pub fn member(&mut self, into: &mut dyn Write) -> Result<Option<Member>, Error> {
        let Some(member) = self.manifest.collections.get(self.next).cloned() else { return Ok(None) };
        let title = member.title();
        let mut number = [0; 8];
        self.plain.exactly(&mut number, &title)?;
        let length = u64::from_le_bytes(number);
        if length != member.size {
            return Err(Error::Length { member: title, got: length, expected: member.size });
        }
        let (mut hasher, mut left) = (blake3::Hasher::new(), length);
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let wanted = (PIECE as u64).min(left) as usize;
            let n = self.plain.some(&mut piece[..wanted], &title)?;
            if n == 0 {
                return Err(Error::CutOff { part: title, at: self.plain.at });
            }
            hasher.update(&piece[..n]);
            into.write_all(&piece[..n]).map_err(|source| Error::Stream { part: title.clone(), doing: "written", source })?;
            left -= n as u64;
        }
        let got = hasher.finalize().to_hex().to_string();
        if got != member.blake3 {
            return Err(Error::Digest { member: title, got, expected: member.blake3 });
        }
        self.next += 1;
        Ok(Some(member))
    }

    /// Makes sure that all was read and nothing follows. What was written is good then.
    ///
    /// # Errors
    /// When a collection was not read or not good, or something follows.
    pub fn finish(mut self) -> Result<Manifest, Error> {
        if self.next != self.manifest.collections.len() {
            return Err(Error::Unread { read: self.next, all: self.manifest.collections.len() });
        }
        // The last chunk has its tag checked here where it was not yet.
        match self.plain.some(&mut [0], "its end")? {
            0 => Ok(self.manifest),
            _ => Err(Error::Trailing),
        }
    }
}
