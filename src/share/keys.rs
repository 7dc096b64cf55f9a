//! A laboratory's keys: X25519 to read what is encrypted for it (age), Ed25519 to sign what it sends.
//!
//! The secret half is a file of its own (`lab.keys`, mode 0600):
//! ```text
//! striae laboratory keys 1
//! name Institute of Forensics, Bern
//! fingerprint 0123-4567-…
//! decrypt AGE-SECRET-KEY-1…
//! sign <32 bytes in base64>
//! ```
//! The public half is one line (`lab.pub`): `striae-laboratory-1 age1… ed25519:<base64> <fingerprint> <name>`. Lines that begin
//! with # are comments. The fingerprint is 160 bits of BLAKE3 over both public keys and the name: it shows a damaged line, and
//! two people can compare it by telephone, which is what makes a public key that came by mail worth trusting.

use super::dsse;
use super::error::Error;
use super::secret_file::{self, Exposed};
use age::secrecy::{ExposeSecret as _, SecretString};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{SigningKey, VerifyingKey};
use std::fmt;
use std::path::Path;

const SECRET_HEAD: &str = "striae laboratory keys 1";
const PUBLIC_HEAD: &str = "striae-laboratory-1";
const SECRET: &str = "file of a laboratory's secret keys";
const PUBLIC: &str = "public key of a laboratory";
/// Characters of a name.
const LONGEST_NAME: usize = 100;
/// Bytes of a public file that are looked at.
const MOST_PUBLIC: usize = 64 << 10;

/// What others know of a laboratory.
#[derive(Clone, PartialEq, Eq)]
pub struct Laboratory {
    name: String,
    recipient: age::x25519::Recipient,
    verifying: VerifyingKey,
}

/// What it alone knows.
#[derive(Clone)]
pub struct Keys {
    laboratory: Laboratory,
    identity: age::x25519::Identity,
    signing: SigningKey,
}

impl fmt::Debug for Laboratory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Laboratory").field(&self.name).field(&self.fingerprint()).finish()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("laboratory", &self.laboratory).finish_non_exhaustive()
    }
}

/// As people are told of it.
impl fmt::Display for Laboratory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.fingerprint())
    }
}

/// A name that fits on one line and can be shown.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("it is empty"),
        _ if name.trim() != name => Err("it begins or ends with a space"),
        _ if name.chars().count() > LONGEST_NAME => Err("it is too long"),
        _ if name.chars().any(|c| c.is_control() || turns_text(c)) => Err("it has characters that are no letters"),
        _ => Ok(()),
    }
}

/// Characters that make a text look like another one: directions, joiners, marks without width.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// 32 bytes in base64, written as they would be.
fn bytes32(text: &str) -> Option<[u8; 32]> {
    BASE64_STANDARD.decode(text).ok()?.try_into().ok()
}

impl Laboratory {
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whom bundles are encrypted to.
    #[must_use]
    pub const fn recipient(&self) -> &age::x25519::Recipient {
        &self.recipient
    }

    /// What its signatures are held against.
    #[must_use]
    pub const fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// How envelopes name the key that it signs with.
    #[must_use]
    pub fn signs_as(&self) -> String {
        dsse::key_id(&self.verifying)
    }

    /// The content of an envelope that it signed as a statement of this type.
    ///
    /// # Errors
    /// When it is no such envelope, or another signed it.
    pub fn statement(&self, payload_type: &str, envelope: &[u8]) -> Result<Vec<u8>, dsse::Error> {
        let verified = dsse::verify(envelope, payload_type, std::slice::from_ref(&self.verifying));
        verified.map(|found| found.payload).map_err(|error| match error {
            dsse::Error::OtherKey { got, expected } => {
                dsse::Error::OtherKey { got, expected: format!("{self} with the key {expected}") }
            }
            other => other,
        })
    }

    /// 160 bits in ten groups of hex digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"striae laboratory 1\0");
        hasher.update(self.recipient.to_string().as_bytes());
        hasher.update(b"\0");
        hasher.update(self.verifying.as_bytes());
        hasher.update(self.name.as_bytes());
        let hex = hasher.finalize().to_hex();
        let groups: Vec<&str> = (0..10).map(|i| &hex[4 * i..4 * i + 4]).collect();
        groups.join("-")
    }

    /// Its line.
    #[must_use]
    pub fn line(&self) -> String {
        let verifying = BASE64_STANDARD.encode(self.verifying.as_bytes());
        format!("{PUBLIC_HEAD} {} ed25519:{verifying} {} {}", self.recipient, self.fingerprint(), self.name)
    }

    /// Reads the text of a public file.
    ///
    /// # Errors
    /// When it holds anything but one good line.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |text: String| Error::Key { what: PUBLIC, text };
        if text.len() > MOST_PUBLIC {
            return Err(wrong(format!("it has {} bytes; allowed are {MOST_PUBLIC}", text.len())));
        }
        let mut lines =
            text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err(wrong("one line is expected beside comments, and there are none or several".into()));
        };
        if line.starts_with(SECRET_HEAD) {
            return Err(wrong("it is the secret file, which is given to nobody; the public one ends with .pub".into()));
        }
        let parts: Vec<&str> = line.splitn(5, ' ').collect();
        let [head, recipient, verifying, fingerprint, name] = parts[..] else {
            return Err(wrong(format!(
                "five parts are expected ({PUBLIC_HEAD}, two keys, fingerprint, name), and there are {}",
                parts.len()
            )));
        };
        if head != PUBLIC_HEAD {
            return Err(wrong(format!("it does not begin with {PUBLIC_HEAD}")));
        }
        let recipient = recipient.parse().map_err(|e| wrong(format!("the key after {PUBLIC_HEAD} is no age recipient ({e})")))?;
        let verifying = verifying.strip_prefix("ed25519:").and_then(bytes32).and_then(|b| VerifyingKey::from_bytes(&b).ok());
        let Some(verifying) = verifying.filter(|key| !key.is_weak()) else {
            return Err(wrong("the third part is no Ed25519 key: ed25519: and 32 bytes in base64".into()));
        };
        check_name(name).map_err(|e| wrong(format!("its name cannot be used: {e}")))?;
        let found = Self { name: name.to_owned(), recipient, verifying };
        if found.fingerprint() != fingerprint {
            return Err(wrong(format!("its fingerprint is {} and not the one in it: the line was changed", found.fingerprint())));
        }
        Ok(found)
    }
}

impl Keys {
    /// New keys for a laboratory, of the system's random numbers.
    ///
    /// # Errors
    /// When the name cannot be used, or the system has no random numbers.
    pub fn generate(name: &str) -> Result<Self, Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|e| Error::Random(e.to_string()))?;
        Self::new(name, age::x25519::Identity::generate(), &seed)
    }

    fn new(name: &str, identity: age::x25519::Identity, seed: &[u8; 32]) -> Result<Self, Error> {
        check_name(name).map_err(|text| Error::Name { name: name.to_owned(), text })?;
        let signing = SigningKey::from_bytes(seed);
        let laboratory =
            Laboratory { name: name.to_owned(), recipient: identity.to_public(), verifying: signing.verifying_key() };
        Ok(Self { laboratory, identity, signing })
    }

    /// The public half.
    #[must_use]
    pub const fn laboratory(&self) -> &Laboratory {
        &self.laboratory
    }

    /// What opens bundles to this laboratory.
    #[must_use]
    pub const fn identity(&self) -> &age::x25519::Identity {
        &self.identity
    }

    /// What signs.
    #[must_use]
    pub const fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The text of the secret file.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let (laboratory, identity) = (&self.laboratory, self.identity.to_string());
        let head = "# Secret. Whoever has this file reads what is sent to this laboratory, and signs in its name.\n\
                    # To give away: the file .pub beside it.";
        format!(
            "{SECRET_HEAD}\n{head}\nname {}\nfingerprint {}\ndecrypt {}\nsign {}\n",
            laboratory.name,
            laboratory.fingerprint(),
            identity.expose_secret(),
            BASE64_STANDARD.encode(self.signing.as_bytes())
        )
        .into()
    }

    /// Reads the text of a secret file.
    ///
    /// # Errors
    /// When something is missing, doubled, unknown or damaged; the secrets themselves are never in the message.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let [name, fingerprint, identity, seed] = fields(text, SECRET, SECRET_HEAD, ["name", "fingerprint", "decrypt", "sign"])?;
        let wrong = |text: &str| Error::Key { what: SECRET, text: text.to_owned() };
        let identity = identity.parse().map_err(|_| wrong("what stands after decrypt is no age secret key"))?;
        let seed = bytes32(seed).ok_or_else(|| wrong("what stands after sign is not 32 bytes in base64"))?;
        let found = Self::new(name, identity, &seed).map_err(|e| wrong(&format!("its name cannot be used: {e}")))?;
        if found.laboratory.fingerprint() != fingerprint {
            return Err(wrong("its fingerprint is not that of its keys and its name: it was changed or damaged"));
        }
        Ok(found)
    }

    /// Writes the secret file, for its owner alone.
    ///
    /// # Errors
    /// When it is there already, or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        secret_file::save(path, self.to_text().expose_secret())
    }

    /// Reads the secret file, and says whether others can.
    ///
    /// # Errors
    /// As [`Self::parse`], and when it cannot be read.
    pub fn read(path: &Path) -> Result<(Self, Option<Exposed>), Error> {
        let (text, exposed) = secret_file::read(path)?;
        Ok((Self::parse(text.expose_secret())?, exposed))
    }
}

/// What stands after each of some words in a file that begins with `head`; each once, in any order.
pub(super) fn fields<'a, const N: usize>(
    text: &'a str,
    what: &'static str,
    head: &str,
    words: [&str; N],
) -> Result<[&'a str; N], Error> {
    let wrong = |text: String| Error::Key { what, text };
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    match lines.next() {
        Some(first) if first == head => {}
        Some(first) if first.starts_with(PUBLIC_HEAD) => return Err(wrong("it is a public key".into())),
        _ => return Err(wrong(format!("its first line is not {head:?}"))),
    }
    let mut found = [""; N];
    for (n, line) in lines.enumerate().filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let Some(at) = words.iter().position(|w| *w == word) else {
            return Err(wrong(format!("line {} begins with none of {}", n + 2, words.join(", "))));
        };
        if !found[at].is_empty() || rest.trim().is_empty() {
            return Err(wrong(format!("line {}: {word} is there twice, or nothing stands after it", n + 2)));
        }
        found[at] = rest.trim();
    }
    match words.iter().zip(found).find(|(_, found)| found.is_empty()) {
        Some((word, _)) => Err(wrong(format!("there is no line {word}"))),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn keys_come_back_from_their_texts() {
        let keys = Keys::generate("Institut für Forensik, Bern").unwrap();
        let again = Keys::parse(keys.to_text().expose_secret()).unwrap();
        assert_eq!(again.laboratory(), keys.laboratory());
        assert_eq!(again.signing(), keys.signing());
        let line = keys.laboratory().line();
        assert_eq!(line.lines().count(), 1);
        assert_eq!(&Laboratory::parse(&format!("# by mail\r\n\r\n{line}\r\n")).unwrap(), keys.laboratory());
        assert_eq!(keys.laboratory().fingerprint().len(), 49);
        // Nothing that is printed by accident holds a secret.
        assert!(!format!("{keys:?}").contains("AGE-SECRET"));
        assert!(!line.contains(&BASE64_STANDARD.encode(keys.signing().as_bytes())));
    }

    #[test]
    fn a_secret_file_is_for_its_owner_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lab.keys");
        let keys = Keys::generate("A").unwrap();
        keys.save(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (again, exposed) = Keys::read(&path).unwrap();
        assert_eq!((again.laboratory(), exposed), (keys.laboratory(), None));
        assert!(matches!(Keys::generate("A").unwrap().save(&path), Err(Error::Exists { .. })));
        assert_eq!(Keys::read(&path).unwrap().0.laboratory(), keys.laboratory());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let said = Keys::read(&path).unwrap().1.unwrap().to_string();
        assert!(said.contains("mode 640") && said.contains("chmod 600"), "{said}");
        std::fs::write(&path, vec![b'a'; 100_000]).unwrap();
        assert!(matches!(Keys::read(&path), Err(Error::Key { .. })));
    }

    #[test]
    fn names_are_one_line_that_can_be_shown() {
        for name in ["", " A", "A\n", "A\tB", "a\u{202e}b", &"x".repeat(101)] {
            assert!(matches!(Keys::generate(name), Err(Error::Name { .. })), "{name:?}");
        }
        assert!(Keys::generate(&"ü".repeat(100)).is_ok());
    }

    #[test]
    fn every_changed_byte_of_a_key_is_refused() {
        let keys = Keys::generate("Lab").unwrap();
        let (line, secret) = (keys.laboratory().line(), keys.to_text().expose_secret().to_owned());
        for i in 0..line.len() {
            let mut changed = line.clone().into_bytes();
            changed[i] ^= 1;
            let Ok(text) = String::from_utf8(changed) else { continue };
            assert!(Laboratory::parse(&text).is_err(), "byte {i}: {text}");
        }
        for i in 0..secret.len() {
            let mut changed = secret.clone().into_bytes();
            changed[i] ^= 1;
            let text = String::from_utf8(changed).unwrap();
            if let Ok(found) = Keys::parse(&text) {
                // Comments may change.
                assert_eq!(found.laboratory(), keys.laboratory(), "byte {i}");
                assert!(secret[..i].matches("\n#").count() > secret[..i].matches("\nname").count(), "byte {i}: {text}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let keys = Keys::generate("Lab").unwrap();
        let (line, secret) = (keys.laboratory().line(), keys.to_text().expose_secret().to_owned());
        let public = |text: &str| Laboratory::parse(text).unwrap_err().to_string();
        assert!(public(&secret).contains("none or several"));
        assert!(public(SECRET_HEAD).contains("given to nobody"));
        assert!(public(&line.replace("Lab", "Lob")).contains("fingerprint"));
        assert!(public(&line.replace("age1", "age2")).contains("age recipient"));
        assert!(public(&format!("{line}\n{line}")).contains("several"));
        assert!(public(&line.replace("ed25519:", "ed448:")).contains("Ed25519"));
        let own = |text: &str| Keys::parse(text).unwrap_err().to_string();
        assert!(own(&line).contains("public key"));
        assert!(own(&secret.replace("\nsign ", "\nsing ")).contains("line 7"));
        assert!(own(&secret.replace("\nname ", "\n# ")).contains("no line name"));
        assert!(own(&format!("{secret}name B\n")).contains("twice"));
        let other = Keys::generate("Lab").unwrap().to_text().expose_secret().to_owned();
        let seed = |text: &str| text.rsplit_once("sign ").unwrap().1.to_owned();
        let mixed = secret.replace(&seed(&secret), &seed(&other));
        let said = own(&mixed);
        assert!(said.contains("fingerprint") && !said.contains(seed(&other).trim()), "{said}");
    }
}
