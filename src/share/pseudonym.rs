//! Names for names: ids of rows, exhibits and what else goes ([`super::allowed`]) as keyed hashes.
//!
//! ```text
//! pseudonym = base32(first 100 bits of keyed BLAKE3(k_column, name))
//! k_column  = derived BLAKE3("striae pseudonym of a column 1", key then column)
//! ```
//! One name and one key give one pseudonym, today and next year, so that links which a partner finds can be led back here, and
//! a later bundle fits the earlier one. Columns have keys of their own: an exhibit and an id of one name do not show it. An
//! empty name (not known) stays empty. A row without an id is named after its collection and its number, `toolmarks#12`, so that
//! rows of two collections differ; ids that are there go in as they are, whatever the collection is called.
//!
//! What it protects: who has the bundle and not the key cannot find a name by trying all names of a known pattern (`2024-001
//! …`), as with a plain hash. What it does not: it is data minimisation, not anonymisation. Equal pseudonyms show which rows
//! belong to one exhibit, so that counts remain; descriptors can sometimes be inverted to a picture of the mark or the logo;
//! whoever has such a mark at hand finds its row by comparing; with the key or the table all is open; and two partners who were
//! given pseudonyms by one key can lay them side by side (give each partner a key of its own where they should not).

use super::error::Error;
use super::keys::fields;
use super::secret_file::{self, Exposed};
use age::secrecy::{ExposeSecret as _, SecretBox, SecretString};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;

const HEAD: &str = "striae pseudonym key 1";
const WHAT: &str = "key of pseudonyms";
/// Five bits each; without letters that look like digits (Crockford).
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Digits of a pseudonym: among a thousand million names, two fall together with probability 4e-13.
const LENGTH: usize = 20;

/// The key that never leaves its laboratory.
pub struct PseudonymKey(SecretBox<[u8; 32]>);

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PseudonymKey").field(&self.id()).finish()
    }
}

impl PseudonymKey {
    /// A new one, of the system's random numbers.
    ///
    /// # Errors
    /// When the system has none.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|e| Error::Random(e.to_string()))?;
        Ok(Self::new(bytes))
    }

    fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// Sixteen hex digits that name it and tell nothing of it: pseudonyms of one key have one of these.
    #[must_use]
    pub fn id(&self) -> String {
        let mut hasher = blake3::Hasher::new_derive_key("striae name of a pseudonym key 1");
        hasher.update(self.0.expose_secret());
        hasher.finalize().to_hex()[..16].to_owned()
    }

    fn of_column(&self, column: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("striae pseudonym of a column 1");
        hasher.update(self.0.expose_secret());
        hasher.update(column.as_bytes());
        hasher.finalize().into()
    }

    /// The text of its file.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let head = "# Secret, and never sent. Whoever has it can find out which name a pseudonym stands for.\n\
                    # Keep it: only the same key gives the same pseudonyms.";
        format!("{HEAD}\n{head}\nid {}\nkey {}\n", self.id(), BASE64_STANDARD.encode(self.0.expose_secret())).into()
    }

    /// Reads the text of its file.
    ///
    /// # Errors
    /// When something is missing or damaged; the key itself is never in the message.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let [id, key] = fields(text, WHAT, HEAD, ["id", "key"])?;
        let wrong = |text: &str| Error::Key { what: WHAT, text: text.to_owned() };
        let bytes = BASE64_STANDARD.decode(key).ok().and_then(|b| b.try_into().ok());
        let found = Self::new(bytes.ok_or_else(|| wrong("what stands after key is not 32 bytes in base64"))?);
        if found.id() == id { Ok(found) } else { Err(wrong("its id is not that of its key: it was changed or damaged")) }
    }

    /// Writes its file, for its owner alone.
    ///
    /// # Errors
    /// When it is there already, or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        secret_file::save(path, self.to_text().expose_secret())
    }

    /// Reads its file, and says whether others can.
    ///
    /// # Errors
    /// As [`Self::parse`], and when it cannot be read.
    pub fn read(path: &Path) -> Result<(Self, Option<Exposed>), Error> {
        let (text, exposed) = secret_file::read(path)?;
        Ok((Self::parse(text.expose_secret())?, exposed))
    }
}

/// Pseudonyms that were given, and the table that leads back.
#[derive(Debug)]
pub struct Pseudonyms<'a> {
    key: &'a PseudonymKey,
    length: usize,
    /// By column: its key, and the name behind each pseudonym.
    columns: BTreeMap<String, ([u8; 32], HashMap<String, String>)>,
}

impl<'a> Pseudonyms<'a> {
    #[must_use]
    pub const fn new(key: &'a PseudonymKey) -> Self {
        Self { key, length: LENGTH, columns: BTreeMap::new() }
    }

    /// The pseudonym of a name in a column.
    ///
    /// # Errors
    /// When another name of that column has the same one.
    pub fn of(&mut self, column: &str, name: &str) -> Result<String, Error> {
        if name.is_empty() {
            return Ok(String::new());
        }
        let key = self.key;
        let (own, known) = self.columns.entry(column.to_owned()).or_insert_with(|| (key.of_column(column), HashMap::new()));
        let hash = blake3::keyed_hash(own, name.as_bytes());
        let pseudonym = digits(hash.as_bytes(), self.length);
        match known.get(&pseudonym) {
            Some(first) if first != name => {
                Err(Error::Collision { column: column.to_owned(), first: first.clone(), second: name.to_owned(), pseudonym })
            }
            Some(_) => Ok(pseudonym),
            None => {
                known.insert(pseudonym.clone(), name.to_owned());
                Ok(pseudonym)
            }
        }
    }

    /// Column, pseudonym and name of all that were given: by column, in the order of the names.
    #[must_use]
    pub fn table(&self) -> Vec<[&str; 3]> {
        let mut rows: Vec<[&str; 3]> = self
            .columns
            .iter()
            .flat_map(|(column, (_, known))| known.iter().map(|(p, name)| [column.as_str(), p.as_str(), name.as_str()]))
            .collect();
        rows.sort_unstable_by_key(|[column, pseudonym, name]| (*column, *name, *pseudonym));
        rows
    }
}

fn digits(bytes: &[u8; 32], length: usize) -> String {
    let bit = |i: usize| usize::from(bytes[i / 8] >> (7 - i % 8) & 1);
    (0..length).map(|d| char::from(DIGITS[(0..5).fold(0, |n, b| 2 * n + bit(5 * d + b))])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golden_pseudonyms_stay_as_they_are() {
        // A later version must lead back what an earlier one gave out. The values are those of Python's blake3 1.0.11 by the
        // formula above.
        let key = PseudonymKey::new([7; 32]);
        let mut given = Pseudonyms::new(&key);
        let found = ["id", "exhibit"].map(|column| given.of(column, "2024-0017/A").unwrap());
        assert_eq!(found, ["k2raybpzz5bnfa6fn5wb", "8jf8vh5f2g55nrc7zn2w"]);
        assert_eq!(digits(&[0; 32], 3), "000");
        assert_eq!(digits(&[0xff; 32], 3), "zzz");
        assert_eq!(digits(&[0b0000_1000, 0b1000_0110, 0b0100_0000, 0].repeat(8).try_into().unwrap(), 4), "1234");
    }

    #[test]
    fn pseudonyms_lead_back_and_do_not_tell() {
        let (key, other) = (PseudonymKey::generate().unwrap(), PseudonymKey::generate().unwrap());
        let (mut ours, mut theirs) = (Pseudonyms::new(&key), Pseudonyms::new(&other));
        let names: Vec<String> = (0..2000).map(|i| format!("E{i:04}")).collect();
        for name in &names {
            let (a, b) = (ours.of("exhibit", name).unwrap(), theirs.of("exhibit", name).unwrap());
            assert_ne!(a, b);
            assert_ne!(a, ours.of("id", name).unwrap(), "columns have keys of their own");
            assert_eq!(a, ours.of("exhibit", name).unwrap());
            assert!(a.len() == LENGTH && !a.contains(name.as_str()));
        }
        let table = ours.table();
        assert_eq!(table.len(), 4000);
        let back: HashMap<&str, &str> = table.iter().filter(|r| r[0] == "exhibit").map(|r| (r[1], r[2])).collect();
        let again = PseudonymKey::parse(key.to_text().expose_secret()).unwrap();
        let mut later = Pseudonyms::new(&again);
        for name in &names {
            assert_eq!(back[later.of("exhibit", name).unwrap().as_str()], name, "another year, the same pseudonym");
        }
        assert_eq!(ours.of("source", "").unwrap(), "");
        assert_eq!(ours.table().len(), 4000);
    }

    #[test]
    fn names_that_fall_together_are_found() {
        let key = PseudonymKey::new([1; 32]);
        let mut short = Pseudonyms { length: 1, ..Pseudonyms::new(&key) };
        let found = (0..33).find_map(|i| short.of("id", &format!("n{i}")).err()).expect("33 names have 32 pseudonyms");
        let said = found.to_string();
        assert!(matches!(found, Error::Collision { .. }) && said.contains("another key"), "{said}");
    }

    #[test]
    fn every_changed_byte_of_the_key_is_refused() {
        let key = PseudonymKey::new([9; 32]);
        let text = key.to_text().expose_secret().to_owned();
        assert!(!format!("{key:?}").contains(&BASE64_STANDARD.encode([9; 32])));
        for i in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[i] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            match PseudonymKey::parse(&changed) {
                Ok(found) => assert_eq!(found.0.expose_secret(), key.0.expose_secret(), "a comment"),
                Err(e) => assert!(!e.to_string().contains(&BASE64_STANDARD.encode([9; 32])), "{e}"),
            }
        }
        assert!(PseudonymKey::parse(&text.replace("id ", "id 0")).unwrap_err().to_string().contains("id"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pseudonyms.key");
        key.save(&path).unwrap();
        assert_eq!(PseudonymKey::read(&path).unwrap().0.id(), key.id());
        assert!(matches!(key.save(&path), Err(Error::Exists { .. })));
    }

    proptest! {
        #[test]
        fn different_names_have_different_pseudonyms(a in ".{1,40}", b in ".{1,40}", key: [u8; 32]) {
            let key = PseudonymKey::new(key);
            let mut given = Pseudonyms::new(&key);
            let (x, y) = (given.of("id", &a).unwrap(), given.of("id", &b).unwrap());
            prop_assert_eq!(a == b, x == y);
            prop_assert!(x.bytes().all(|c| DIGITS.contains(&c)));
        }
    }
}
