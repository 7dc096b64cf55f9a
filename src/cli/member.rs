//! A collection of a bundle as a file of its own: written when it is packed, read when it comes.

use super::{Refused, collection};
use crate::archive::peaks::PeakLists;
use crate::archive::{Address, Collection, Kind, Layout, Reading, Writer};
use crate::compare::RowSource as _;
use crate::compare::digest::ValuesDigest;
use crate::matrix::{Element, Values};
use crate::metric::peaks::Spectrum;
use std::path::PathBuf;

/// The group of a member's file that holds the collection.
pub const GROUP: &str = "/collection";
/// Bytes of rows that are read together.
pub const PIECE: usize = 8 << 20;

/// Names and texts of columns.
pub type Columns = Vec<(String, Vec<String>)>;

pub const fn element_name(element: Element) -> &'static str {
    match element {
        Element::F32 => "f32",
        Element::F64 => "f64",
    }
}

/// The collection in a member's file.
pub fn address(file: PathBuf) -> Address {
    Address { file, inner: Some(GROUP.into()) }
}

/// Rows that are read together.
pub fn step(width: usize, element: Element) -> usize {
    (PIECE / (width * element.bytes()).max(1)).max(1)
}

/// All rows in order, a piece at a time; gives the digest of their values.
pub fn each_piece(source: &mut Collection, mut take: impl FnMut(usize, Values) -> anyhow::Result<()>) -> anyhow::Result<String> {
    let (rows, width, element) = (source.rows(), source.width(), source.element());
    let mut digest = ValuesDigest::new(rows, width, element);
    let step = step(width, element);
    for start in (0..rows).step_by(step) {
        let values = source.read(start..(start + step).min(rows)).map_err(crate::compare::Error::from)?;
        digest.add(&values);
        take(start, values)?;
    }
    Ok(digest.finish())
}

/// Peak lists, each whole, with what is known of them.
pub struct Lists {
    pub spectra: Vec<Spectrum>,
    pub columns: Columns,
    pub precursors: bool,
    pub peaks: usize,
    pub digest: String,
}

impl Lists {
    pub fn read(address: &Address, reading: &Reading) -> anyhow::Result<Self> {
        Self::of(PeakLists::open(address, reading)?)
    }

    /// All that a collection holds; how much that is, it has said before.
    pub fn of(mut source: PeakLists) -> anyhow::Result<Self> {
        let mut columns = Vec::new();
        for (name, texts) in [("id", source.ids()?), ("exhibit", source.exhibits()?)] {
            columns.extend(texts.map(|texts| (name.to_owned(), texts)));
        }
        let (precursors, peaks) = (source.has_precursors(), source.peaks());
        let found = source.spectra(true)?;
        let refused = |(n, e)| Refused::input(format!("{}: spectrum {n}: {e}; it cannot be shared", source.name()));
        let spectra = found
            .spectra
            .into_iter()
            .enumerate()
            .map(|(n, spectrum)| spectrum.map_err(|e| refused((n, e))))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { spectra, columns, precursors, peaks, digest: found.digest })
    }

    /// Puts the spectra into another order: first the one that `order` names first.
    pub fn reordered(mut self, order: &[usize]) -> Self {
        let mut spectra: Vec<Option<Spectrum>> = self.spectra.into_iter().map(Some).collect();
        self.spectra = order.iter().filter_map(|&i| spectra.get_mut(i).and_then(Option::take)).collect();
        self
    }

    /// Writes them as a collection of peak lists with these columns and attributes.
    pub fn write(
        &self,
        target: &Address,
        columns: &Columns,
        attributes: &[(String, String)],
        overwrite: bool,
    ) -> anyhow::Result<()> {
        let n = self.spectra.len();
        let group = target.inner.clone().unwrap_or_default();
        let path = |name: &str| format!("{group}/{name}");
        let mut indptr = vec![0_u64];
        for spectrum in &self.spectra {
            indptr.push(indptr[indptr.len() - 1] + spectrum.mz().len() as u64);
        }
        let mut layout = Layout::default()
            .group(&group)
            .dataset(&path("indptr"), &[n + 1], Kind::U64)
            .dataset(&path("mz"), &[self.peaks], Kind::F64)
            .dataset(&path("intensity"), &[self.peaks], Kind::F64);
        if self.precursors {
            layout = layout.dataset(&path("precursor_mz"), &[n], Kind::F64);
        }
        for (name, texts) in columns {
            let longest = texts.iter().map(String::len).max().unwrap_or(0).max(1);
            layout = layout.dataset(&path(name), &[n], Kind::Text(longest));
        }
        for (name, text) in attributes {
            layout = layout.attribute(&group, name, text);
        }
        let writer = Writer::extend(&target.file, &layout, overwrite)?;
        writer.put(&path("indptr"), 0, &indptr)?;
        for (spectrum, at) in self.spectra.iter().zip(&indptr) {
            writer.put(&path("mz"), *at, spectrum.mz())?;
            writer.put(&path("intensity"), *at, spectrum.intensity())?;
        }
        if self.precursors {
            let found: Vec<f64> = self.spectra.iter().map(|s| s.precursor().unwrap_or(f64::NAN)).collect();
            writer.put(&path("precursor_mz"), 0, &found)?;
        }
        for (name, texts) in columns {
            writer.put_texts(&path(name), 0, texts)?;
        }
        writer.finish()?;
        Ok(())
    }
}

/// Whether an address names peak lists.
pub fn is_peaks(address: &Address) -> anyhow::Result<bool> {
    let nodes = crate::archive::Client::open(&address.file, &collection::reading()?)?.tree()?;
    if let Some(inner) = &address.inner {
        return Ok(PeakLists::groups(&nodes).any(|group| group == inner));
    }
    let rows = nodes.iter().any(|n| n.dataset.as_ref().is_some_and(|d| d.shape.len() == 2 && d.element.is_some()));
    Ok(!rows && PeakLists::groups(&nodes).next().is_some())
}
