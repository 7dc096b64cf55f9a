//! Collections of peak lists (centroid spectra), stored as sparse rows.
//!
//! A group with `indptr (n + 1)` integers from 0 to N, never falling; `mz (N)` and `intensity (N)`, the peaks of spectrum i from
//! `indptr[i]` to `indptr[i + 1]`, m/z ascending; and where known `precursor_mz (n)` (NaN: not known), `id (n)`, `exhibit (n)`.
//!
//! The digest is BLAKE3 over `"striae peaks 1\0"`, n, N (u64), `indptr` (u64), m/z, intensities (f64), then a byte, 1 and the
//! precursors (f64) where there are any, else 0; all little-endian.

use super::address::Address;
use super::client::{Client, Reading};
use super::error::Error;
use super::wire::{Node, Question, Wire};
use crate::metric::peaks::{self, Spectrum};
use std::collections::{HashMap, HashSet};

/// Numbers asked for at a time.
const PIECE: usize = 1 << 19;

/// A 1-D dataset of numbers.
#[derive(Clone, Debug)]
struct Numbers {
    path: String,
    element: Wire,
    count: usize,
}

/// Peak lists in a file.
#[derive(Debug)]
pub struct PeakLists {
    client: Client,
    address: Address,
    indptr: Numbers,
    mz: Numbers,
    intensity: Numbers,
    precursor: Option<Numbers>,
    id: Option<String>,
    exhibit: Option<String>,
}

/// The spectra of a collection, each checked, and the digest of their numbers.
#[derive(Debug)]
pub struct Spectra {
    pub spectra: Vec<Result<Spectrum, peaks::Error>>,
    pub digest: String,
}

fn join(group: &str, name: &str) -> String {
    format!("{}/{name}", group.trim_end_matches('/'))
}

impl PeakLists {
    /// The groups that hold peak lists.
    pub fn groups(nodes: &[Node]) -> impl Iterator<Item = &str> {
        let paths: HashSet<&str> = nodes.iter().map(|n| n.path.as_str()).collect();
        nodes
            .iter()
            .filter(|n| n.dataset.is_none())
            .map(|n| n.path.as_str())
            .filter(move |group| ["indptr", "mz", "intensity"].iter().all(|name| paths.contains(join(group, name).as_str())))
    }

    /// Opens what an address names.
    ///
    /// # Errors
    /// When it is not there or no collection of peak lists; the text says why.
    pub fn open(address: &Address, reading: &Reading) -> Result<Self, Error> {
        let mut client = Client::open(&address.file, reading)?;
        let nodes = client.tree()?;
        let file = address.file.display().to_string();
        let refuse = |text: String| Error::Refused { file: file.clone(), text };
        let groups: Vec<&str> = Self::groups(&nodes).collect();
        let group = match (&address.inner, &groups[..]) {
            (Some(inner), _) if groups.contains(&inner.as_str()) => inner.clone(),
            (None, [only]) => (*only).to_owned(),
            (None, several @ [_, _, ..]) => {
                let list: Vec<_> = several.iter().take(12).map(|group| format!("{file}:{group}")).collect();
                return Err(refuse(format!("which of these is meant? Give one of {}", list.join(", "))));
            }
            (inner, all) => {
                let named = inner.as_deref().unwrap_or("this file");
                let there = if all.is_empty() { String::new() } else { format!("; peak lists are in {}", all.join(", ")) };
                return Err(refuse(format!(
                    "{named} holds no peak lists; they are a group with the datasets indptr, mz and intensity{there}"
                )));
            }
        };
        let found: HashMap<&str, &Node> = nodes.iter().map(|n| (n.path.as_str(), n)).collect();
        let dataset = |name: &str| found.get(join(&group, name).as_str()).and_then(|n| n.dataset.as_ref());
        let numbers = |name: &str| -> Result<Numbers, Error> {
            let path = join(&group, name);
            let Some(d) = dataset(name) else { return Err(refuse(format!("there is no {path}"))) };
            match (&d.shape[..], d.element) {
                _ if !d.unreadable.is_empty() => Err(refuse(format!(
                    "{path} is compressed with {}, which this program cannot undo; store it with gzip (h5repack -f GZIP=4 in.h5 out.h5)",
                    d.unreadable.join(", ")
                ))),
                (&[count], Some(element)) => Ok(Numbers { path, element, count }),
                (shape, _) => {
                    Err(refuse(format!("{path} holds {} in {} dimensions; one of numbers is needed", d.stored, shape.len())))
                }
            }
        };
        let (indptr, mz, intensity) = (numbers("indptr")?, numbers("mz")?, numbers("intensity")?);
        if indptr.count < 2 || mz.count == 0 {
            return Err(refuse(format!("{group} is empty: no spectrum or no peak")));
        }
        if mz.count != intensity.count {
            return Err(refuse(format!(
                "{} has {} entries and {} has {}; each peak needs both",
                mz.path, mz.count, intensity.path, intensity.count
            )));
        }
        let rows = indptr.count - 1;
        let right = |path: &str, count: usize| {
            if count == rows {
                Ok(())
            } else {
                Err(refuse(format!("{path} has {count} entries for {rows} spectra; each needs one")))
            }
        };
        let precursor = if dataset("precursor_mz").is_some() { Some(numbers("precursor_mz")?) } else { None };
        if let Some(p) = &precursor {
            right(&p.path, p.count)?;
        }
        let text = |name: &str| -> Result<Option<String>, Error> {
            let Some(d) = dataset(name) else { return Ok(None) };
            right(&join(&group, name), d.shape.iter().product())?;
            Ok(Some(join(&group, name)))
        };
        let (id, exhibit) = (text("id")?, text("exhibit")?);
        let address = Address { file: address.file.clone(), inner: Some(group) };
        Ok(Self { client, address, indptr, mz, intensity, precursor, id, exhibit })
    }

    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    #[must_use]
    pub fn name(&self) -> String {
        self.address.to_string()
    }

    /// How many spectra there are.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.indptr.count - 1
    }

    /// How many peaks they have together.
    #[must_use]
    pub const fn peaks(&self) -> usize {
        self.mz.count
    }

    #[must_use]
    pub const fn has_precursors(&self) -> bool {
        self.precursor.is_some()
    }

    #[must_use]
    pub const fn has_ids(&self) -> bool {
        self.id.is_some()
    }

    #[must_use]
    pub const fn has_exhibits(&self) -> bool {
        self.exhibit.is_some()
    }

    fn refuse(&self, text: String) -> Error {
        Error::Refused { file: self.client.path().display().to_string(), text }
    }

    fn read(&mut self, of: &Numbers) -> Result<Vec<f64>, Error> {
        let mut all = Vec::with_capacity(of.count);
        while all.len() < of.count {
            let (start, count) = (all.len(), (of.count - all.len()).min(PIECE));
            let bytes = self.client.ask(&Question::Rows { dataset: of.path.clone(), start, count })?;
            match of.element {
                Wire::F32 => all.extend(bytes.as_chunks().0.iter().map(|&b| f64::from(f32::from_le_bytes(b)))),
                Wire::F64 => all.extend(bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b))),
            }
            if all.len() != start + count {
                return Err(self.refuse(format!("{}: {} numbers came where {count} were asked for", of.path, all.len() - start)));
            }
        }
        Ok(all)
    }

    /// Reads all spectra. `precursors`: the metric needs them; else they are digested and not looked at.
    ///
    /// # Errors
    /// When they cannot be read, or `indptr` is broken.
    pub fn spectra(&mut self, precursors: bool) -> Result<Spectra, Error> {
        let indptr = self.read(&self.indptr.clone())?;
        let total = self.mz.count;
        for (i, &at) in indptr.iter().enumerate() {
            let before = if i == 0 { 0.0 } else { indptr[i - 1] };
            if at.fract() != 0.0 || at < before || (i == 0 && at != 0.0) || !at.is_finite() {
                return Err(self.refuse(format!(
                    "{}: entry {i} is {at}; it must be an integer, begin with 0 and never fall",
                    self.indptr.path
                )));
            }
        }
        let last = indptr[indptr.len() - 1];
        if last != total as f64 {
            return Err(self.refuse(format!(
                "{} ends with {last}, but there are {total} peaks; the last entry must be their number",
                self.indptr.path
            )));
        }
        let mz = self.read(&self.mz.clone())?;
        let intensity = self.read(&self.intensity.clone())?;
        let precursor = self.precursor.clone().map(|p| self.read(&p)).transpose()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"striae peaks 1\0");
        hasher.update(&(self.rows() as u64).to_le_bytes());
        hasher.update(&(total as u64).to_le_bytes());
        let mut numbers = |values: &[f64], integers: bool| {
            for part in values.chunks(8192) {
                let bytes: Vec<u8> =
                    part.iter().flat_map(|&x| if integers { (x as u64).to_le_bytes() } else { x.to_le_bytes() }).collect();
                hasher.update(&bytes);
            }
        };
        numbers(&indptr, true);
        numbers(&mz, false);
        numbers(&intensity, false);
        hasher.update(&[u8::from(precursor.is_some())]);
        for x in precursor.iter().flatten() {
            hasher.update(&x.to_le_bytes());
        }
        let spectra = indptr
            .windows(2)
            .enumerate()
            .map(|(i, w)| {
                let span = w[0] as usize..w[1] as usize;
                let own = precursor.as_ref().filter(|_| precursors).map(|p| p[i]).filter(|p| !p.is_nan());
                Spectrum::new(mz[span.clone()].to_vec(), intensity[span].to_vec(), own)
            })
            .collect();
        Ok(Spectra { spectra, digest: hasher.finalize().to_hex().to_string() })
    }

    fn texts(&mut self, path: Option<String>) -> Result<Option<Vec<String>>, Error> {
        let rows = self.rows();
        path.map(|path| self.client.texts(&path, 0..rows)).transpose()
    }

    /// The id of each spectrum, where there are any. Equal ones are refused.
    ///
    /// # Errors
    /// When they cannot be read, or one occurs twice.
    pub fn ids(&mut self) -> Result<Option<Vec<String>>, Error> {
        let ids = self.texts(self.id.clone())?;
        let mut seen = HashMap::new();
        for (row, id) in ids.iter().flatten().enumerate() {
            if let Some(first) = seen.insert(id, row) {
                return Err(self.refuse(format!("id {id:?} occurs twice, in spectra {first} and {row}; ids must differ")));
            }
        }
        Ok(ids)
    }

    /// The exhibit of each spectrum, where the collection says it.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn exhibits(&mut self) -> Result<Option<Vec<String>>, Error> {
        self.texts(self.exhibit.clone())
    }
}
