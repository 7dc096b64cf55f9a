//! The side that opens HDF5 files: in a process of its own, so that a hostile file can crash or hang nothing else.
//!
//! Numbers are converted here, each to the narrowest of f32 and f64 that holds every value of the stored type exactly. 64-bit
//! integers beyond ±2⁵³ are in neither: such a value is refused. f16 is read as it is and widened in Rust, 18 × faster than
//! through the library.

use super::wire::{Dataset, Head, Node, Question, Wire};
use hdf5::types::{FixedAscii, FixedUnicode, FloatSize, IntSize, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Group, H5Type, Location};
use ndarray::s;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Write};
use std::path::Path;

/// Most nodes that a file may have to be looked at, and how deep they may lie.
const MOST_NODES: usize = 20_000;
const DEEPEST: usize = 24;
/// Bytes of decompressed chunks that are kept for the next question.
const CHUNK_CACHE: usize = 8 << 20;
/// Address space that the reader process may have.
const MOST_MEMORY: u64 = 4 << 30;

/// Answers questions about one file.
pub struct Server {
    file: hdf5::File,
    open: HashMap<String, hdf5::Dataset>,
}

type Answer = Result<Vec<u8>, String>;

fn plain(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    // The library repeats itself from call to call; its first sentence says what happened.
    text.split(": ").next().unwrap_or(&text).to_owned() + text.rsplit_once(": ").map_or("", |_| "") + &tail(&text)
}

fn tail(text: &str) -> String {
    text.rsplit_once(": ").map_or(String::new(), |(_, last)| format!(" ({last})"))
}

impl Server {
    /// Opens a file.
    ///
    /// # Errors
    /// In words, when the library cannot.
    pub fn open(path: &Path) -> Result<Self, String> {
        let opened = hdf5::File::with_options().with_fapl(|p| p.chunk_cache(12_421, CHUNK_CACHE, 1.0)).open(path);
        let file = opened.map_err(|e| {
            let text = e.to_string();
            if text.contains("signature not found") {
                "this is not an HDF5 file".to_owned()
            } else if text.contains("truncated") {
                "this file is truncated: part of it is missing. Copy it again from where it came from".to_owned()
            } else {
                format!("HDF5 cannot open this file: {}", plain(e))
            }
        })?;
        Ok(Self { file, open: HashMap::new() })
    }

    /// Answers one question.
    ///
    /// # Errors
    /// In words.
    pub fn answer(&mut self, question: &Question) -> Answer {
        match question {
            Question::Tree => {
                let mut nodes = Vec::new();
                walk(&self.file, "", 0, &mut nodes)?;
                serde_json::to_vec(&nodes).map_err(plain)
            }
            Question::Rows { dataset, start, count } => self.rows(dataset, *start, *count),
            Question::Texts { dataset, start, count } => {
                let texts = self.texts(dataset, *start, *count)?;
                serde_json::to_vec(&texts).map_err(plain)
            }
        }
    }

    fn dataset(&mut self, path: &str) -> Result<hdf5::Dataset, String> {
        if let Some(found) = self.open.get(path) {
            return Ok(found.clone());
        }
        let found = self.file.dataset(path).map_err(|e| format!("dataset {path} cannot be opened: {}", plain(e)))?;
        self.open.insert(path.to_owned(), found.clone());
        Ok(found)
    }

    fn rows(&mut self, path: &str, start: usize, count: usize) -> Answer {
        let dataset = self.dataset(path)?;
        let kind = descriptor(&dataset)?;
        match kind {
            TypeDescriptor::Float(FloatSize::U2) => {
                numbers(&dataset, path, start, count, |x: half::f16| Ok(x.to_f32().to_le_bytes()))
            }
            TypeDescriptor::Float(FloatSize::U4) if cfg!(target_endian = "little") => {
                as_they_are::<f32>(&dataset, path, start, count)
            }
            TypeDescriptor::Float(FloatSize::U8) if cfg!(target_endian = "little") => {
                as_they_are::<f64>(&dataset, path, start, count)
            }
            TypeDescriptor::Float(FloatSize::U4) => numbers(&dataset, path, start, count, |x: f32| Ok(x.to_le_bytes())),
            TypeDescriptor::Float(FloatSize::U8) => numbers(&dataset, path, start, count, |x: f64| Ok(x.to_le_bytes())),
            TypeDescriptor::Unsigned(IntSize::U1) => {
                numbers(&dataset, path, start, count, |x: u8| Ok(f32::from(x).to_le_bytes()))
            }
            TypeDescriptor::Unsigned(IntSize::U2) => {
                numbers(&dataset, path, start, count, |x: u16| Ok(f32::from(x).to_le_bytes()))
            }
            TypeDescriptor::Unsigned(IntSize::U4) => {
                numbers(&dataset, path, start, count, |x: u32| Ok(f64::from(x).to_le_bytes()))
            }
            TypeDescriptor::Unsigned(IntSize::U8) => numbers(&dataset, path, start, count, |x: u64| {
                if x <= 1 << 53 { Ok((x as f64).to_le_bytes()) } else { Err(x.to_string()) }
            }),
            TypeDescriptor::Integer(IntSize::U1) => numbers(&dataset, path, start, count, |x: i8| Ok(f32::from(x).to_le_bytes())),
            TypeDescriptor::Integer(IntSize::U2) => {
                numbers(&dataset, path, start, count, |x: i16| Ok(f32::from(x).to_le_bytes()))
            }
            TypeDescriptor::Integer(IntSize::U4) => {
                numbers(&dataset, path, start, count, |x: i32| Ok(f64::from(x).to_le_bytes()))
            }
            TypeDescriptor::Integer(IntSize::U8) => numbers(&dataset, path, start, count, |x: i64| {
                if x.unsigned_abs() <= 1 << 53 { Ok((x as f64).to_le_bytes()) } else { Err(x.to_string()) }
            }),
            other => Err(format!("dataset {path} holds {}, not numbers", name(&other))),
        }
    }

    fn texts(&mut self, path: &str, start: usize, count: usize) -> Result<Vec<String>, String> {
        let dataset = self.dataset(path)?;
        let span = start..start + count;
        macro_rules! read {
            ($kind:ty) => {
                dataset
                    .read_slice_1d::<$kind, _>(s![span])
                    .map(|all| all.iter().map(|x| x.to_string()).collect())
                    .map_err(|e| format!("dataset {path}: {}", plain(e)))
            };
        }
        match descriptor(&dataset)? {
            TypeDescriptor::VarLenUnicode => read!(VarLenUnicode),
            TypeDescriptor::VarLenAscii => read!(VarLenAscii),
            TypeDescriptor::FixedUnicode(0..=32) => read!(FixedUnicode<32>),
            TypeDescriptor::FixedUnicode(33..=256) => read!(FixedUnicode<256>),
            TypeDescriptor::FixedUnicode(257..=4096) => read!(FixedUnicode<4096>),
            TypeDescriptor::FixedUnicode(4097..=65_536) => read!(FixedUnicode<65_536>),
            TypeDescriptor::FixedAscii(0..=32) => read!(FixedAscii<32>),
            TypeDescriptor::FixedAscii(33..=256) => read!(FixedAscii<256>),
            TypeDescriptor::FixedAscii(257..=4096) => read!(FixedAscii<4096>),
            TypeDescriptor::Integer(_) => read!(i64),
            TypeDescriptor::Unsigned(_) => read!(u64),
            TypeDescriptor::Float(_) => read!(f64),
            other => Err(format!("dataset {path} holds {}; allowed are text and numbers", name(&other))),
        }
    }
}

/// Rows of a dataset as HDF5 reads them, and how many numbers a row has.
fn read<T: H5Type>(dataset: &hdf5::Dataset, path: &str, start: usize, count: usize) -> Result<(Vec<T>, usize), String> {
    let shape = dataset.shape();
    let fault = |e: hdf5::Error| format!("dataset {path}, rows {start} to {}: {}", start + count, plain(e));
    let span = start..start + count;
    let width = match shape.len() {
        1 => 1,
        2 => shape[1],
        3 => shape[1] * shape[2],
        dimensions => return Err(format!("dataset {path} has {dimensions} dimensions")),
    };
    let values: Vec<T> = if shape.len() == 1 {
        dataset.read_slice_1d(s![span]).map_err(fault)?.into_raw_vec_and_offset().0
    } else if shape.len() == 3 {
        let read: ndarray::Array3<T> = dataset.read_slice(s![span, .., ..]).map_err(fault)?;
        read.into_raw_vec_and_offset().0
    } else {
        dataset.read_slice_2d(s![span, ..]).map_err(fault)?.into_raw_vec_and_offset().0
    };
    Ok((values, width))
}

/// Numbers that need no conversion.
fn as_they_are<T: H5Type + bytemuck::Pod>(dataset: &hdf5::Dataset, path: &str, start: usize, count: usize) -> Answer {
    read::<T>(dataset, path, start, count).map(|(values, _)| bytemuck::cast_slice(&values).to_vec())
}

fn numbers<T: H5Type, const N: usize>(
    dataset: &hdf5::Dataset,
    path: &str,
    start: usize,
    count: usize,
    convert: impl Fn(T) -> Result<[u8; N], String>,
) -> Answer {
    let (values, width) = read::<T>(dataset, path, start, count)?;
    let mut bytes = Vec::with_capacity(values.len() * N);
    for (i, value) in values.into_iter().enumerate() {
        match convert(value) {
            Ok(number) => bytes.extend_from_slice(&number),
            Err(value) => {
                let (row, feature) = (start + i / width, i % width);
                return Err(format!(
                    "dataset {path}, row {row}, feature {feature}: {value} is beyond ±2^53, where f64 no longer holds every integer; store such numbers as f64 if rounding them is right"
                ));
            }
        }
    }
    Ok(bytes)
}

fn descriptor(dataset: &hdf5::Dataset) -> Result<TypeDescriptor, String> {
    dataset.dtype().and_then(|t| t.to_descriptor()).map_err(plain)
}

/// How a stored type is called in messages.
fn name(kind: &TypeDescriptor) -> String {
    match kind {
        TypeDescriptor::Integer(size) => format!("i{}", 8 * *size as usize),
        TypeDescriptor::Unsigned(size) => format!("u{}", 8 * *size as usize),
        TypeDescriptor::Float(size) => format!("f{}", 8 * *size as usize),
        TypeDescriptor::Boolean => "true/false values".into(),
        TypeDescriptor::Enum(_) => "an enumeration".into(),
        TypeDescriptor::Compound(_) => "records of several fields".into(),
        TypeDescriptor::FixedArray(..) | TypeDescriptor::VarLenArray(_) => "arrays in every entry".into(),
        TypeDescriptor::Reference(_) => "references".into(),
        _ => "text".into(),
    }
}

fn element(kind: &TypeDescriptor) -> Option<Wire> {
    match kind {
        TypeDescriptor::Float(FloatSize::U2 | FloatSize::U4)
        | TypeDescriptor::Integer(IntSize::U1 | IntSize::U2)
        | TypeDescriptor::Unsigned(IntSize::U1 | IntSize::U2) => Some(Wire::F32),
        TypeDescriptor::Float(_) | TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) => Some(Wire::F64),
        _ => None,
    }
}

fn walk(group: &Group, path: &str, depth: usize, nodes: &mut Vec<Node>) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("groups lie deeper than {DEEPEST} levels at {path}"));
    }
    let own = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
    nodes.push(Node { path: own.clone(), dataset: None, attributes: attributes(group) });
    let mut names = group.member_names().map_err(|e| format!("group {own} cannot be listed: {}", plain(e)))?;
    names.sort();
    for member in names {
        if nodes.len() >= MOST_NODES {
            return Err(format!("there are more than {MOST_NODES} groups and datasets; copy what you need to a file of its own"));
        }
        let path = format!("{path}/{member}");
        if let Ok(dataset) = group.dataset(&member) {
            nodes.push(Node { path, dataset: Some(look(&dataset)), attributes: attributes(&dataset) });
        } else if let Ok(inner) = group.group(&member) {
            walk(&inner, &path, depth + 1, nodes)?;
        }
    }
    Ok(())
}

fn look(dataset: &hdf5::Dataset) -> Dataset {
    let kind = descriptor(dataset);
    let filters = dataset.filters();
    Dataset {
        shape: dataset.shape(),
        stored: kind.as_ref().map_or_else(|_| "a type that HDF5 cannot describe".into(), name),
        element: kind.as_ref().ok().and_then(element),
        text: kind.as_ref().is_ok_and(|k| name(k) == "text"),
        chunk: dataset.chunk(),
        filters: filters.iter().map(|f| format!("{f:?}")).collect(),
        unreadable: filters.iter().filter(|f| !f.is_available()).map(|f| format!("{f:?} (filter number {})", f.id())).collect(),
    }
}

fn attributes(of: &Location) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for attribute in of.attr_names().unwrap_or_default().into_iter().take(100) {
        let Ok(value) = of.attr(&attribute) else { continue };
        let kind = value.dtype().and_then(|t| t.to_descriptor());
        if !value.is_scalar() {
            continue;
        }
        let text = match kind {
            Ok(TypeDescriptor::VarLenUnicode) => value.read_scalar::<VarLenUnicode>().map(|x| x.to_string()),
            Ok(TypeDescriptor::VarLenAscii) => value.read_scalar::<VarLenAscii>().map(|x| x.to_string()),
            Ok(TypeDescriptor::FixedUnicode(0..=4096)) => value.read_scalar::<FixedUnicode<4096>>().map(|x| x.to_string()),
            Ok(TypeDescriptor::FixedAscii(0..=4096)) => value.read_scalar::<FixedAscii<4096>>().map(|x| x.to_string()),
            Ok(TypeDescriptor::Integer(_)) => value.read_scalar::<i64>().map(|x| x.to_string()),
            Ok(TypeDescriptor::Unsigned(_)) => value.read_scalar::<u64>().map(|x| x.to_string()),
            Ok(TypeDescriptor::Float(_)) => value.read_scalar::<f64>().map(|x| x.to_string()),
            _ => continue,
        };
        if let Ok(text) = text {
            all.insert(attribute, text);
        }
    }
    all
}

/// Seconds of computing that an answer may take: damaged files can keep the library busy for ever.
pub(super) const MOST_SECONDS: u64 = 10;

/// The process ends if it computes for longer than that from now on.
fn allow_time() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).tv_sec;
    let maximum = getrlimit(Resource::Cpu).maximum;
    let limit = u64::try_from(used).unwrap_or(0) + MOST_SECONDS + 1;
    // A lower limit that somebody else set stands.
    let current = Some(maximum.map_or(limit, |m| m.min(limit)));
    let _ = setrlimit(Resource::Cpu, Rlimit { current, maximum });
}

/// Serves a file to whoever writes questions on `input`, until it ends.
///
/// # Errors
/// When answers cannot be written.
pub fn serve(path: &Path, input: impl BufRead, mut output: impl Write) -> std::io::Result<()> {
    let mut server = Server::open(path);
    for line in input.lines() {
        let question: Question = serde_json::from_str(&line?)?;
        let answer = server.as_mut().map_err(|text| text.clone()).and_then(|server| server.answer(&question));
        let (head, bytes) = match answer {
            Ok(bytes) => (Head::Bytes(bytes.len()), bytes),
            Err(text) => (Head::Refused(text), Vec::new()),
        };
        serde_json::to_writer(&mut output, &head)?;
        output.write_all(b"\n")?;
        output.write_all(&bytes)?;
        output.flush()?;
    }
    Ok(())
}

/// What the reader process does: limits itself, then serves standard input until it ends.
///
/// # Errors
/// When it cannot limit itself or answer.
pub fn child_main(path: &Path) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let lower = |resource, limit: u64| {
        let maximum = getrlimit(resource).maximum.map_or(limit, |m| m.min(limit));
        setrlimit(resource, Rlimit { current: Some(maximum), maximum: Some(maximum) })
    };
    lower(Resource::As, MOST_MEMORY)?;
    lower(Resource::Core, 0)?;
    allow_time();
    // Who stops a run stops all of its processes: the run asks this one for what it still needs, and ends it.
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let _ = signal_hook::flag::register(signal, std::sync::Arc::default());
    }
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    serve(path, std::io::stdin().lock(), std::io::stdout().lock())
}
