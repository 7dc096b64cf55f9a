//! A bundle: collections for one laboratory, encrypted to its key and signed by the sender. This writes it; [`super::unpack`]
//! reads.
//!
//! The file is an age v1 file (age-encryption.org/v1) with one X25519 recipient: ChaCha20-Poly1305 in chunks of 64 KiB, so that a
//! file of any size goes through in a few hundred KiB of memory. In it, numbers little-endian:
//! ```text
//! "striae bundle\n"  u32 version  u32 length of the envelope  envelope
//! for each collection in the order of the manifest:  u64 length  its bytes
//! ```
//! and nothing after that. The envelope is a DSSE envelope of type [`PAYLOAD_TYPE`] with one signature, as
//! [`super::dsse::sign`] writes it; its payload is the [`Manifest`], which has size and BLAKE3 of every collection. A
//! collection is an HDF5 file with one collection in it.
//!
//! Encryption says nothing of the sender, and a signature alone nothing of the addressee: the signed manifest names both by
//! fingerprint, so that nobody can decrypt a bundle, encrypt it to a third laboratory and have it pass as sent there.

use super::dsse;
use super::error::Error;
use super::keys::{Keys, Laboratory};
use super::manifest::{Manifest, Member, VERSION};
use std::io::{self, Read, Write};

/// What begins the packed content.
pub const MAGIC: &[u8; 14] = b"striae bundle\n";
/// The type of what is signed.
pub const PAYLOAD_TYPE: &str = "application/vnd.striae.bundle+json";
/// Bytes that are copied together.
pub(super) const PIECE: usize = 64 << 10;

/// Who packs for whom, and when.
#[derive(Clone, Copy, Debug)]
pub struct Packing<'a> {
    pub keys: &'a Keys,
    pub to: &'a Laboratory,
    /// In UTC.
    pub created: &'a str,
    /// Name and version.
    pub program: &'a str,
    /// The name of the key of pseudonyms; none where ids go as they are.
    pub pseudonym_key: Option<&'a str>,
}

/// How many bytes there are, and their BLAKE3.
///
/// # Errors
/// When they cannot be read.
pub fn digest(reader: &mut dyn Read) -> io::Result<(u64, String)> {
    let mut hasher = blake3::Hasher::new();
    let size = io::copy(reader, &mut hasher)?;
    Ok((size, hasher.finalize().to_hex().to_string()))
}

/// Packs collections, whose bytes `content` opens one after another, into `out`. Gives back `out`, to be synced, and what was
/// signed.
///
/// # Errors
/// When something cannot be read or written, or a collection is not what its entry says: then nothing of `out` is to be kept.
pub fn pack<W: Write>(
    out: W,
    who: &Packing<'_>,
    collections: Vec<Member>,
    content: &mut dyn FnMut(&Member) -> io::Result<Box<dyn Read>>,
) -> Result<(W, Manifest), Error> {
    let manifest = Manifest {
        version: VERSION,
        program: who.program.to_owned(),
        created: who.created.to_owned(),
        sender: who.keys.laboratory().into(),
        recipient: who.to.into(),
        pseudonym_key: who.pseudonym_key.map(str::to_owned),
        collections,
    };
    manifest.check().map_err(Error::Manifest)?;
    let envelope = dsse::sign(PAYLOAD_TYPE, &manifest.to_json()?, who.keys.signing());
    let mut sealed = seal(out, who.to)?;
    write_content(&mut sealed, envelope.as_bytes(), &manifest.collections, content)?;
    Ok((sealed.finish().map_err(written)?, manifest))
}

/// Encrypts what is written for a laboratory.
pub(super) fn seal<W: Write>(out: W, to: &Laboratory) -> Result<age::stream::StreamWriter<W>, Error> {
    let encryptor = age::Encryptor::with_recipients(std::iter::once(to.recipient() as &dyn age::Recipient));
    let encryptor = encryptor.map_err(|e| written(io::Error::other(e.to_string())))?;
    encryptor.wrap_output(out).map_err(written)
}

fn written(source: io::Error) -> Error {
    Error::Stream { part: "the bundle".into(), doing: "written", source }
}

/// What is encrypted.
pub(super) fn write_content(
    out: &mut dyn Write,
    envelope: &[u8],
    collections: &[Member],
    content: &mut dyn FnMut(&Member) -> io::Result<Box<dyn Read>>,
) -> Result<(), Error> {
    let length = u32::try_from(envelope.len()).map_err(|_| Error::Manifest("it is too long".into()))?;
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&VERSION.to_le_bytes());
    head.extend_from_slice(&length.to_le_bytes());
    out.write_all(&head).and_then(|()| out.write_all(envelope)).map_err(written)?;
    let mut buffer = vec![0; PIECE];
    for member in collections {
        let fault = |source| Error::Stream { part: member.title(), doing: "read", source };
        let changing = || Error::Changing { member: member.title(), size: member.size, blake3: member.blake3.clone() };
        out.write_all(&member.size.to_le_bytes()).map_err(written)?;
        // One byte more is asked for than was said, to see that there is none.
        let mut from = content(member).map_err(fault)?.take(member.size.saturating_add(1));
        let (mut hasher, mut copied) = (blake3::Hasher::new(), 0);
        loop {
            let n = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(fault(e)),
            };
            copied += n as u64;
            if copied > member.size {
                return Err(changing());
            }
            hasher.update(&buffer[..n]);
            out.write_all(&buffer[..n]).map_err(written)?;
        }
        if copied != member.size || *hasher.finalize().to_hex() != member.blake3 {
            return Err(changing());
        }
    }
    Ok(())
}
