//! Collections, as people have them: ours, plain 2-D datasets, AnnData and ann-benchmarks files.
//!
//! | what is in the file | values | id | exhibit, source |
//! |---|---|---|---|
//! | a group with `values (n, d)` | `values` | `id` | `exhibit`, `source` |
//! | a 2-D dataset | itself | – | – |
//! | AnnData: `X` or `obsm/NAME`, beside `obs` | the dataset | `obs` index | `obs/exhibit`, `obs/source` |
//! | ann-benchmarks: `train`, `test` | the dataset | – | – |
//!
//! Peak lists are read by [`super::peaks`]. Not read: sparse matrices, 1-D and 3-D data. MATLAB stores matrices transposed: a
//! file from there has features as rows, and nothing in it says so.

use super::address::Address;
use super::client::{Client, Reading};
use super::error::Error;
use super::wire::{Dataset, Node, Question};
use crate::compare::{ExhibitNames, RowSource, SourceError};
use crate::matrix::{Element, Values, zeros};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Bytes asked for at a time.
const PIECE: usize = 4 << 20;
/// Labels are looked up for messages only while there are at most so many.
const MOST_LABELS: usize = 5_000_000;

/// What each feature was measured at, and the unit.
pub type Axis = (Vec<f64>, Option<String>);

/// A column of text beside the values.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    Plain(String),
    /// AnnData's categories: the names, and for each row which.
    Categories {
        names: String,
        codes: String,
    },
}

/// A collection of descriptors in a file.
#[derive(Debug)]
pub struct Collection {
    client: Client,
    address: Address,
    values: String,
    rows: usize,
    /// Numbers of a row as it is stored, and as it is given out: NaN after the last of its own.
    own_width: usize,
    width: usize,
    element: Element,
    stored: String,
    id: Option<Column>,
    exhibit: Option<Column>,
    /// What is left out together, where that is not the exhibit.
    together: Option<Column>,
    source: Option<Column>,
    axis: Option<(String, Option<String>)>,
    attributes: BTreeMap<String, String>,
    /// Other columns beside the values, by name, and whether they are numbers.
    others: Vec<(String, bool)>,
    labels: Option<Vec<String>>,
}

/// All nodes of a file, to be looked up.
struct Tree<'a> {
    file: &'a str,
    nodes: HashMap<&'a str, &'a Node>,
    all: &'a [Node],
}

fn join(group: &str, name: &str) -> String {
    format!("{}/{name}", group.trim_end_matches('/'))
}

impl<'a> Tree<'a> {
    fn refuse(&self, text: impl Into<String>) -> Error {
        Error::Refused { file: self.file.to_owned(), text: text.into() }
    }

    fn dataset(&self, path: &str) -> Option<&'a Dataset> {
        self.nodes.get(path).and_then(|node| node.dataset.as_ref())
    }

    fn attribute(&self, path: &str, name: &str) -> Option<&'a str> {
        self.nodes.get(path).and_then(|node| node.attributes.get(name)).map(String::as_str)
    }

    fn column(&self, path: &str) -> Option<Column> {
        if self.dataset(path).is_some_and(|d| d.shape.len() == 1) {
            return Some(Column::Plain(path.to_owned()));
        }
        let (names, codes) = (join(path, "categories"), join(path, "codes"));
        (self.dataset(&names).is_some() && self.dataset(&codes).is_some()).then_some(Column::Categories { names, codes })
    }

    /// What of the file can be compared, as addresses.
    fn comparable(&self) -> Vec<String> {
        let mut found = Vec::new();
        for node in self.all {
            match &node.dataset {
                None if self.dataset(&join(&node.path, "values")).is_some() => found.push(node.path.clone()),
                Some(d) if d.shape.len() == 2 && d.element.is_some() => {
                    let group = node.path.rsplit_once('/').map_or("", |(group, _)| group);
                    // What stands beside values (a mask of what was detected) is no collection.
                    let beside = self.dataset(&join(group, "values")).is_some() && group != "/";
                    if !beside && !is_result(self, group) {
                        found.push(node.path.clone());
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// What the file holds when no path was given.
    fn obvious(&self) -> Result<String, Error> {
        if self.dataset("/values").is_some() {
            return Ok("/".into());
        }
        for common in ["/X", "/train"] {
            if self.nodes.contains_key(common) {
                return Ok(common.into());
            }
        }
        let comparable = self.comparable();
        match &comparable[..] {
            [only] => Ok(only.clone()),
            [] => Err(self.refuse(match self.all.iter().find_map(|node| node.attributes.get("striae_kind")) {
                Some(kind) => format!("this is a result of striae ({kind}), no collection; striae info says what it is of"),
                None => "there is nothing here that can be compared: no 2-D dataset of numbers and no collection".to_owned(),
            })),
            several => {
                let list: Vec<_> = several.iter().take(12).map(|path| format!("{}:{path}", self.file)).collect();
                Err(self.refuse(format!("which of these is meant? Give one of {}", list.join(", "))))
            }
        }
    }
}

fn is_result(tree: &Tree<'_>, group: &str) -> bool {
    tree.attribute(if group.is_empty() { "/" } else { group }, "striae_kind").is_some()
}

impl Collection {
    /// Opens what an address names.
    ///
    /// # Errors
    /// When the file or the dataset is not there, or cannot be compared; the text says why and what to do.
    pub fn open(address: &Address, reading: &Reading) -> Result<Self, Error> {
        let mut client = Client::open(&address.file, reading)?;
        let nodes = client.tree()?;
        let file = address.file.display().to_string();
        let tree = Tree { file: &file, nodes: nodes.iter().map(|n| (n.path.as_str(), n)).collect(), all: &nodes };
        let path = match &address.inner {
            Some(inner) => inner.clone(),
            None => tree.obvious()?,
        };
        let Some(node) = tree.nodes.get(path.as_str()) else {
            let list: Vec<_> = tree.comparable().into_iter().take(12).collect();
            let list = if list.is_empty() { "nothing that can be compared".into() } else { list.join(", ") };
            return Err(tree.refuse(format!("there is no {path} in this file; it holds {list}")));
        };
        let group = node.dataset.is_none();
        let values = if group { join(&path, "values") } else { path.clone() };
        let Some(dataset) = tree.dataset(&values) else { return Err(no_values(&tree, &path)) };
        check(&tree, &values, dataset)?;
        let beside = if group { path.clone() } else { path.rsplit_once('/').map_or("", |(g, _)| g).to_owned() };
        let obs = if beside == "/obsm" || beside.is_empty() { "/obs" } else { "" };
        let column = |name: &str| {
            if group {
                tree.column(&join(&path, name))
            } else if values.ends_with("/values") {
                tree.column(&join(&beside, name))
            } else if !obs.is_empty() && tree.nodes.contains_key(obs) {
                match name {
                    "id" => tree.attribute(obs, "_index").and_then(|index| tree.column(&join(obs, index))),
                    name => tree.column(&join(obs, name)),
                }
            } else {
                None
            }
        };
        let (rows, width) = (dataset.shape[0], dataset.shape[1]);
        for name in ["id", "exhibit", "source"] {
            if let Some(Column::Plain(path) | Column::Categories { codes: path, .. }) = column(name)
                && let Some(length) = tree.dataset(&path).map(|d| d.shape[0])
                && length != rows
            {
                return Err(tree.refuse(format!("{path} has {length} entries and {values} has {rows} rows; each row needs one")));
            }
        }
        let axis = join(if group { &path } else { &beside }, "axis");
        let axis = tree
            .dataset(&axis)
            .filter(|d| d.shape == [width] && d.element.is_some())
            .map(|_| (axis.clone(), tree.attribute(&axis, "unit").map(str::to_owned)));
        let others = nodes
            .iter()
            .filter(|n| n.path.rsplit_once('/').is_some_and(|(g, _)| group && g == path.trim_end_matches('/')))
            .filter_map(|n| n.dataset.as_ref().map(|d| (n.path.rsplit_once('/').map_or("", |(_, name)| name), d)))
            .filter(|(name, d)| {
                d.shape == [rows]
                    && !["id", "exhibit", "source", "axis", "feature", "length", "preparation", "marking", "segment", "making"]
                        .contains(name)
            })
            .filter(|(_, d)| d.text || d.element.is_some())
            .map(|(name, d)| (name.to_owned(), d.element.is_some()))
            .collect();
        let element = dataset.element.map_or(Element::F64, Element::from);
        let attributes = tree.nodes.get(beside.as_str()).map_or_else(BTreeMap::new, |node| node.attributes.clone());
        let (id, exhibit, source) = (column("id"), column("exhibit"), column("source"));
        let address = Address { file: address.file.clone(), inner: Some(path) };
        let stored = dataset.stored.clone();
        Ok(Self {
            client,
            address,
            values,
            rows,
            own_width: width,
            width,
            element,
            stored,
            id,
            exhibit,
            together: None,
            source,
            axis,
            others,
            attributes,
            labels: None,
        })
    }

    /// The numbers of a 1-D dataset; `None` when the address names none such.
    ///
    /// # Errors
    /// When the file is not there or the numbers cannot be read.
    pub fn vector(address: &Address, reading: &Reading) -> Result<Option<Vec<f64>>, Error> {
        let mut client = Client::open(&address.file, reading)?;
        let nodes = client.tree()?;
        let found = nodes.iter().find(|n| Some(&n.path) == address.inner.as_ref()).and_then(|n| n.dataset.as_ref());
        let Some((&[count], Some(element))) = found.map(|d| (&d.shape[..], d.element)) else { return Ok(None) };
        let dataset = address.inner.clone().unwrap_or_default();
        let bytes = client.ask(&Question::Rows { dataset, start: 0, count })?;
        Ok(Some(match Element::from(element) {
            Element::F32 => bytes.as_chunks().0.iter().map(|&b| f64::from(f32::from_le_bytes(b))).collect(),
            Element::F64 => bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect(),
        }))
    }

    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The type of the values in the file: `f16`.
    #[must_use]
    pub fn stored(&self) -> &str {
        &self.stored
    }

    fn column(&mut self, column: &Column) -> Result<Vec<String>, Error> {
        match column {
            Column::Plain(path) => self.client.texts(path, 0..self.rows),
            Column::Categories { names, codes } => {
                let codes = self.client.texts(codes, 0..self.rows)?;
                let most = codes.iter().filter_map(|c| c.parse::<usize>().ok()).max().map_or(0, |m| m + 1);
                let names_path = names.clone();
                let names = self.client.texts(names, 0..most)?;
                codes
                    .into_iter()
                    .enumerate()
                    .map(|(row, code)| {
                        // A negative code is AnnData's "not known".
                        if code.starts_with('-') {
                            return Ok(String::new());
                        }
                        code.parse().ok().and_then(|c: usize| names.get(c)).cloned().ok_or_else(|| Error::Refused {
                            file: self.client.path().display().to_string(),
                            text: format!("row {row} has category {code}, which {names_path} does not have"),
                        })
                    })
                    .collect()
            }
        }
    }

    /// The id of each row, where there are any. Equal ones are refused.
    ///
    /// # Errors
    /// When they cannot be read, or one occurs twice.
    pub fn ids(&mut self) -> Result<Option<Vec<String>>, Error> {
        let Some(column) = self.id.clone() else { return Ok(None) };
        let ids = self.column(&column)?;
        let mut seen = HashMap::with_capacity(ids.len());
        for (row, id) in ids.iter().enumerate() {
            if let Some(first) = seen.insert(id.as_str(), row) {
                return Err(Error::Refused {
                    file: self.client.path().display().to_string(),
                    text: format!("id {id:?} occurs twice, in rows {first} and {row} of {}; ids must differ", self.values),
                });
            }
        }
        drop(seen);
        Ok(Some(ids))
    }

    /// Makes sure that no id occurs twice, with a few bytes a row.
    ///
    /// # Errors
    /// When one does, or they cannot be read.
    pub fn check_ids(&mut self) -> Result<(), Error> {
        let Some(Column::Plain(path)) = self.id.clone() else { return self.ids().map(|_| ()) };
        let mut hashes = Vec::with_capacity(self.rows);
        for start in (0..self.rows).step_by(16_384) {
            let ids = self.client.texts(&path, start..(start + 16_384).min(self.rows))?;
            hashes.extend(ids.iter().map(|id| {
                let mut half = [0; 8];
                half.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..8]);
                u64::from_le_bytes(half)
            }));
        }
        hashes.sort_unstable();
        // Equal hashes are all but certainly equal ids; the ids themselves tell.
        if hashes.windows(2).any(|w| w[0] == w[1]) { self.ids().map(|_| ()) } else { Ok(()) }
    }

    /// The exhibit of each row, where the collection says it.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn exhibit_names(&mut self) -> Result<Option<Vec<String>>, Error> {
        self.exhibit.clone().map(|column| self.column(&column)).transpose()
    }

    /// Gives rows out with so many numbers, NaN after their own: profiles are as long as they are.
    pub fn pad_to(&mut self, width: usize) {
        self.width = width.max(self.own_width);
    }

    /// Takes what is left out together from another column than the exhibit.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn leave_out_by(&mut self, name: &str) -> Result<(), Error> {
        if !self.others.iter().any(|(n, _)| n == name) {
            let text =
                format!("{} says no {name} of its rows: import it with a column {name} (--columns or --metadata)", self.values);
            return Err(Error::Refused { file: self.client.path().display().to_string(), text });
        }
        let beside = self.values.rsplit_once('/').map_or("", |(group, _)| group);
        self.together = Some(Column::Plain(join(beside, name)));
        Ok(())
    }

    /// The source of each row, where it is known: ground truth.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn source_names(&mut self) -> Result<Option<Vec<String>>, Error> {
        self.source.clone().map(|column| self.column(&column)).transpose()
    }

    /// Names of further columns beside the values, and whether they hold numbers.
    #[must_use]
    pub fn others(&self) -> &[(String, bool)] {
        &self.others
    }

    /// A column of a group by name: `id`, `exhibit`, `source` or another; numbers as texts that give them back exactly.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot be read.
    pub fn texts_of(&mut self, name: &str) -> Result<Vec<String>, Error> {
        let known = match name {
            "id" => self.id.clone(),
            "exhibit" => self.exhibit.clone(),
            "source" => self.source.clone(),
            _ => None,
        };
        let found = known.or_else(|| {
            let inside = self.others.iter().any(|(other, _)| other == name);
            inside.then(|| Column::Plain(self.beside(name)))
        });
        if let Some(column) = found {
            return self.column(&column);
        }
        let fixed = [("id", &self.id), ("exhibit", &self.exhibit), ("source", &self.source)];
        let mut names: Vec<&str> = fixed.into_iter().filter(|(_, c)| c.is_some()).map(|(name, _)| name).collect();
        names.extend(self.others.iter().map(|(name, _)| name.as_str()));
        let there = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
        let text = format!("{} has no column {name:?} of {} entries beside its values; {there}", self.address, self.rows);
        Err(Error::Refused { file: self.client.path().display().to_string(), text })
    }

    /// A short text that the group says of itself, such as `value_unit`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A single text beside the values, such as how they were prepared.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn note(&mut self, name: &str) -> Result<Option<String>, Error> {
        let path = self.beside(name);
        let there =
            self.client.tree()?.iter().any(|n| n.path == path && n.dataset.as_ref().is_some_and(|d| d.text && d.shape == [1]));
        if there { Ok(self.client.texts(&path, 0..1)?.pop()) } else { Ok(None) }
    }

    fn beside(&self, name: &str) -> String {
        join(self.values.rsplit_once('/').map_or("", |(group, _)| group), name)
    }

    /// Names of the features, where they have names.
    ///
    /// # Errors
    /// When they are there and cannot be read.
    pub fn features(&mut self) -> Result<Option<Vec<String>>, Error> {
        let path = self.beside("feature");
        let there =
            self.client.tree()?.iter().any(|n| n.path == path && n.dataset.as_ref().is_some_and(|d| d.shape == [self.own_width]));
        if there { Ok(Some(self.client.texts(&path, 0..self.own_width)?)) } else { Ok(None) }
    }

    /// What each feature was measured at, with its unit.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn axis(&mut self) -> Result<Option<Axis>, Error> {
        let Some((path, unit)) = self.axis.clone() else { return Ok(None) };
        let texts = self.client.texts(&path, 0..self.own_width)?;
        Ok(Some((texts.iter().map(|t| t.parse().unwrap_or(f64::NAN)).collect(), unit)))
    }

    /// Rows as they are stored.
    fn read_own(&mut self, rows: Range<usize>, used: Values) -> Result<Values, SourceError> {
        let length = rows.len() * self.own_width;
        let mut values = match (used, self.element) {
            (Values::F32(mut used), Element::F32) if used.capacity() >= length => {
                used.resize(length, 0.0);
                Values::F32(used)
            }
            (Values::F64(mut used), Element::F64) if used.capacity() >= length => {
                used.resize(length, 0.0);
                Values::F64(used)
            }
            (_, Element::F32) => Values::F32(zeros(length)),
            (_, Element::F64) => Values::F64(zeros(length)),
        };
        let row = self.own_width * self.element.bytes();
        let step = (PIECE / row).max(1);
        let bytes: &mut [u8] = match &mut values {
            Values::F32(v) => bytemuck::cast_slice_mut(v),
            Values::F64(v) => bytemuck::cast_slice_mut(v),
        };
        for (n, piece) in bytes.chunks_mut(step * row).enumerate() {
            let (start, count) = (rows.start + n * step, piece.len() / row);
            self.client.ask_numbers(&Question::Rows { dataset: self.values.clone(), start, count }, piece)?;
        }
        // Numbers come in little-endian order.
        if cfg!(target_endian = "big") {
            match &mut values {
                Values::F32(v) => v.iter_mut().for_each(|x| *x = f32::from_bits(x.to_bits().swap_bytes())),
                Values::F64(v) => v.iter_mut().for_each(|x| *x = f64::from_bits(x.to_bits().swap_bytes())),
            }
        }
        Ok(values)
    }
}

fn no_values(tree: &Tree<'_>, path: &str) -> Error {
    let has = |name: &str| tree.nodes.contains_key(join(path, name).as_str());
    if has("indptr") && has("mz") {
        return tree.refuse(format!(
            "{path} holds peak lists (indptr, mz, intensity), which metrics of peak lists compare, such as --metric cosine-greedy (striae metrics lists them)"
        ));
    }
    if has("indptr") && has("data") {
        return tree.refuse(format!(
            "{path} is a sparse matrix, which cannot be compared; store it dense (in Python: adata.X = adata.X.toarray())"
        ));
    }
    if is_result(tree, path) {
        return tree.refuse(format!("{path} is a result of an earlier comparison, not a collection"));
    }
    let inner: Vec<_> = tree.comparable().into_iter().filter(|c| c.starts_with(path.trim_end_matches('/'))).take(12).collect();
    let inner = if inner.is_empty() { String::new() } else { format!("; it holds {}", inner.join(", ")) };
    tree.refuse(format!("{path} is a group without a dataset `values`, so it is no collection{inner}"))
}

fn check(tree: &Tree<'_>, path: &str, dataset: &Dataset) -> Result<(), Error> {
    let shape = dataset.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ");
    let text = match dataset.shape[..] {
        _ if dataset.element.is_none() => {
            format!("{path} holds {}; allowed are integers and floating-point numbers", dataset.stored)
        }
        [] => format!("{path} is a single number; a matrix of rows × features is needed"),
        [n] => format!("{path} has one dimension ({n} entries); two are needed: rows × features"),
        [0, _] | [_, 0] => format!("{path} is empty ({shape})"),
        [rows, _] if rows > 1 << 31 => format!("{path} has {rows} rows; at most {} can be compared", 1u32 << 31),
        [_, width] if width > 1 << 26 => format!("{path} has {width} features; at most {} can be compared", 1 << 26),
        [_, _] if !dataset.unreadable.is_empty() => format!(
            "{path} is compressed with {}, which this program cannot undo; store it with gzip (h5repack -f GZIP=4 in.h5 out.h5)",
            dataset.unreadable.join(", ")
        ),
        [_, _] => return Ok(()),
        _ => format!("{path} has {} dimensions ({shape}); two are needed: rows × features", dataset.shape.len()),
    };
    Err(tree.refuse(text))
}

impl RowSource for Collection {
    fn name(&self) -> String {
        self.address.to_string()
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn width(&self) -> usize {
        self.width
    }

    fn element(&self) -> Element {
        self.element
    }

    fn read(&mut self, rows: Range<usize>) -> Result<Values, SourceError> {
        self.read_over(rows, Values::empty(self.element))
    }

    fn read_over(&mut self, rows: Range<usize>, used: Values) -> Result<Values, SourceError> {
        let values = self.read_own(rows, used)?;
        Ok(if self.width > self.own_width { values.padded(self.own_width, self.width) } else { values })
    }

    fn exhibits(&mut self, names: &mut ExhibitNames) -> Result<Option<Vec<u32>>, SourceError> {
        let column = self.together.clone().or_else(|| self.exhibit.clone());
        let all = column.map(|column| self.column(&column)).transpose()?;
        Ok(all.map(|all| all.iter().map(|name| names.number(name)).collect()))
    }

    fn label(&mut self, row: usize) -> Option<String> {
        if self.labels.is_none() && self.rows <= MOST_LABELS {
            let column = self.id.clone()?;
            self.labels = self.column(&column).ok();
        }
        self.labels.as_ref()?.get(row).cloned()
    }
}
