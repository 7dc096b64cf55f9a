//! Writing HDF5 files that are complete or not there.
//!
//! The HDF5 library loses data silently when a disk fills up, and a process that dies while it writes leaves files that open
//! with wrong rows. So the library writes only the structure: every dataset is contiguous, its space allocated at once. The
//! numbers go to their places by ordinary writes, whose errors are seen. The file has another name until all of it is there,
//! was synced and was opened again; then it is renamed.

use super::error::Error;
use crate::compare::bytes;
use crate::compare::checkpoint::Begun;
use hdf5::plist::dataset_create::{AllocTime, FillTime};
use hdf5::types::{FloatSize, IntSize, TypeDescriptor};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// The type of a dataset's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    F32,
    F64,
    U8,
    I64,
    U64,
    /// UTF-8 of so many bytes at most, filled up with zeros.
    Text(usize),
}

impl Kind {
    const fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::Text(length) => length,
        }
    }

    fn descriptor(self) -> TypeDescriptor {
        match self {
            Self::F32 => TypeDescriptor::Float(FloatSize::U4),
            Self::F64 => TypeDescriptor::Float(FloatSize::U8),
            Self::U8 => TypeDescriptor::Unsigned(IntSize::U1),
            Self::I64 => TypeDescriptor::Integer(IntSize::U8),
            Self::U64 => TypeDescriptor::Unsigned(IntSize::U8),
            Self::Text(length) => TypeDescriptor::FixedUnicode(length.max(1)),
        }
    }
}

/// A number that goes into a dataset of its [`Kind`].
pub trait Entry: bytemuck::Pod {
    const KIND: Kind;
}
impl Entry for f32 {
    const KIND: Kind = Kind::F32;
}
impl Entry for f64 {
    const KIND: Kind = Kind::F64;
}
impl Entry for u8 {
    const KIND: Kind = Kind::U8;
}
impl Entry for i64 {
    const KIND: Kind = Kind::I64;
}
impl Entry for u64 {
    const KIND: Kind = Kind::U64;
}

/// What a file will hold.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    datasets: Vec<(String, Vec<usize>, Kind)>,
    groups: Vec<String>,
    attributes: Vec<(String, String, String)>,
}

impl Layout {
    #[must_use]
    pub fn dataset(mut self, path: &str, shape: &[usize], kind: Kind) -> Self {
        self.datasets.push((path.to_owned(), shape.to_vec(), kind));
        self
    }

    #[must_use]
    pub fn group(mut self, path: &str) -> Self {
        self.groups.push(path.to_owned());
        self
    }

    /// A text of at most 4096 bytes on a group or dataset.
    #[must_use]
    pub fn attribute(mut self, of: &str, name: &str, text: &str) -> Self {
        self.attributes.push((of.to_owned(), name.to_owned(), text.to_owned()));
        self
    }
}

struct Place {
    offset: u64,
    entries: u64,
    kind: Kind,
    written: AtomicU64,
}

/// A file being written. Without [`Self::finish`], nothing of it stays.
pub struct Writer {
    target: PathBuf,
    part: PathBuf,
    file: File,
    places: HashMap<String, Place>,
    overwrite: bool,
    /// Of the file that is added to.
    before: Option<Stamp>,
    /// Stays if this process ends before it is finished: another one may go on with it.
    lasting: AtomicBool,
    finished: bool,
}

/// A file that a process left unfinished on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// Its name, beside the target.
    part: String,
    /// Of each dataset where it lies and how many of its entries are written.
    places: BTreeMap<String, (u64, u64)>,
}

impl Unfinished {
    fn path(&self, target: &Path) -> Option<PathBuf> {
        let name = Path::new(&self.part);
        // A name and no way to elsewhere.
        let plain = name.components().count() == 1 && name.extension().is_some_and(|e| e == "part");
        plain.then(|| target.with_file_name(name))
    }

    /// Whether it is still beside the target.
    #[must_use]
    pub fn is_there(&self, target: &Path) -> bool {
        self.path(target).is_some_and(|part| part.is_file())
    }

    /// Removes it.
    pub fn discard(&self, target: &Path) {
        if let Some(part) = self.path(target) {
            let _ = std::fs::remove_file(part);
        }
    }
}

/// The file that an interrupted run is to go on with: its journal names it.
fn awaited(target: &Path) -> Option<PathBuf> {
    let mut journal = target.as_os_str().to_owned();
    journal.push(".journal");
    let standing = Begun::look(Path::new(&journal)).ok()?.standing?;
    let left = standing.writing.map(|(_, left)| left).or(standing.dense)?;
    serde_json::from_value::<Unfinished>(left).ok()?.path(target)
}

/// Removes what processes that were killed left beside a target, and nobody goes on with.
fn sweep(target: &Path) {
    let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let (Some(name), Ok(entries)) = (target.file_name().and_then(|n| n.to_str()), std::fs::read_dir(folder)) else { return };
    let mut known = None;
    for entry in entries.flatten() {
        let file_name = entry.file_name();
        let middle = file_name.to_str().and_then(|n| n.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(".part"));
        let ours = middle.and_then(|m| m.split_once('-')).is_some_and(|(pid, count)| {
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            digits(pid) && digits(count)
        });
        // Whoever writes it holds its lock.
        if ours
            && known.get_or_insert_with(|| awaited(target)).as_ref() != Some(&entry.path())
            && let Ok(file) = File::options().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Sees the names of a file's folder on the disk.
fn sync_folder(target: &Path) -> Result<(), Error> {
    let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|f| f.sync_all()).map_err(Error::write(target, "sync its folder"))
}

/// Size and time of a file: what tells that somebody else wrote to it.
type Stamp = (u64, std::time::SystemTime);

fn stamp(path: &Path) -> Option<Stamp> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()?))
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("target", &self.target).finish_non_exhaustive()
    }
}

/// Refuses early what would fail late: a target that is there already, or a folder that is not.
///
/// # Errors
/// [`Error::Exists`], [`Error::Folder`], [`Error::NoFolder`], or why the folder cannot be written.
pub fn check_target(target: &Path, overwrite: bool) -> Result<(), Error> {
    let path = target.display().to_string();
    if target.is_dir() {
        return Err(Error::Folder { path });
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| folder.is_file() || matches!(folder.try_exists(), Ok(false))) {
        return Err(Error::NoFolder { path, folder: folder.display().to_string() });
    }
    if !overwrite && target.exists() {
        return Err(Error::Exists { path });
    }
    let trial = part_name(target);
    let created = File::options().write(true).create_new(true).open(&trial).map_err(Error::write(target, "write there"));
    created.map(|_| {
        let _ = std::fs::remove_file(&trial);
    })
}

/// Without the library's lock on the file: its name is ours alone, and a lock outlives the file's closing when another thread is
/// starting a program just then (the child holds the open file until its `exec`), so that opening it again would fail.
fn unlocked() -> hdf5::FileBuilder {
    let mut options = hdf5::File::with_options();
    options.with_fapl(|access| access.file_locking(false));
    options
}

/// What the library cannot do. That a disk or a limit is in its way, it says in a number within its text.
fn library(path: &str, doing: &'static str, needed: u64, error: &hdf5::Error) -> Error {
    use rustix::io::Errno;
    let (path, text) = (path.to_owned(), error.to_string());
    let number: Option<i32> = text
        .rsplit_once("errno = ")
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next())
        .and_then(|digits| digits.parse().ok());
    if number == Some(Errno::NOSPC.raw_os_error()) {
        Error::DiskFull { path, needed: bytes(needed) }
    } else if number == Some(Errno::FBIG.raw_os_error()) {
        Error::TooLarge { path, needed: bytes(needed) }
    } else {
        Error::Library { path, doing, text }
    }
}

/// A name beside the target that no other run uses.
fn part_name(target: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = target.as_os_str().to_owned();
    name.push(format!(".{}-{}.part", std::process::id(), COUNT.fetch_add(1, Relaxed)));
    name.into()
}

impl Writer {
    /// Makes the structure and reserves the space.
    ///
    /// # Errors
    /// When the target is there, the folder cannot be written, or the disk has no room.
    pub fn create(target: &Path, layout: &Layout, overwrite: bool) -> Result<Self, Error> {
        check_target(target, overwrite)?;
        sweep(target);
        let part = part_name(target);
        let made = Self::structure(target, &part, layout);
        match made {
            Ok((file, places)) => {
                let lasting = AtomicBool::new(false);
                Ok(Self { target: target.to_owned(), part, file, places, overwrite, before: None, lasting, finished: false })
            }
            Err(error) => {
                let _ = std::fs::remove_file(&part);
                Err(error)
            }
        }
    }

    /// Adds what `layout` says to a file that may be there already; what it holds beside that stays as it is. Until
    /// [`Self::finish`] the file keeps its old content. With `overwrite`, groups of that name are taken out first (the room they took
    /// is not given back; h5repack does that).
    ///
    /// # Errors
    /// As [`Self::create`], and when the file holds a group that the layout names, or is no HDF5 file.
    pub fn extend(target: &Path, layout: &Layout, overwrite: bool) -> Result<Self, Error> {
        if !target.is_file() {
            return Self::create(target, layout, false);
        }
        check_target(target, true)?;
        let path = target.display().to_string();
        let part = part_name(target);
        let before = stamp(target);
        let size = before.map_or(0, |(size, _)| size);
        let carry = || -> Result<(), Error> {
            std::fs::copy(target, &part).map_err(|e| match e.kind() {
                std::io::ErrorKind::StorageFull => Error::DiskFull { path: path.clone(), needed: bytes(size) },
                std::io::ErrorKind::FileTooLarge => Error::TooLarge { path: path.clone(), needed: bytes(size) },
                _ => Error::write(target, "copy what it holds")(e),
            })?;
            let fault = |e: hdf5::Error| library(&path, "open the file to add to it", size, &e);
            let file = unlocked().open_rw(&part).map_err(fault)?;
            for group in layout.groups.iter().filter(|g| file.link_exists(g)) {
                if !overwrite {
                    return Err(Error::Exists { path: format!("{path}:{group}") });
                }
                file.unlink(group).map_err(fault)?;
            }
            file.close().map_err(fault)
        };
        let made = carry().and_then(|()| Self::structure(target, &part, layout));
        match made {
            Ok((file, places)) => {
                let lasting = AtomicBool::new(false);
                Ok(Self { target: target.to_owned(), part, file, places, overwrite: true, before, lasting, finished: false })
            }
            Err(error) => {
                let _ = std::fs::remove_file(&part);
                Err(error)
            }
        }
    }

    /// In `part`, which may be there.
    fn structure(target: &Path, part: &Path, layout: &Layout) -> Result<(File, HashMap<String, Place>), Error> {
        let path = target.display().to_string();
        let needed =
            layout.datasets.iter().map(|(_, shape, kind)| (shape.iter().product::<usize>() * kind.size()) as u64).sum::<u64>();
        let fault = |doing| {
            let path = path.clone();
            move |e: hdf5::Error| library(&path, doing, needed, &e)
        };
        let mut offsets = Vec::new();
        {
            let made = if part.exists() { unlocked().open_rw(part) } else { unlocked().create_excl(part) };
            let file = made.map_err(fault("create the file"))?;
            for group in layout.groups.iter().filter(|g| g.as_str() != "/") {
                make_group(&file, group).map_err(fault("create a group"))?;
            }
            for (name, shape, kind) in &layout.datasets {
                if let Some((group, _)) = name.rsplit_once('/').filter(|(g, _)| !g.is_empty()) {
                    make_group(&file, group).map_err(fault("create a group"))?;
                }
                let dataset = file
                    .new_dataset_builder()
                    .empty_as(kind.descriptor())
                    .no_chunk()
                    .alloc_time(Some(AllocTime::Early))
                    .fill_time(FillTime::Never)
                    .shape(shape.clone())
                    .create(name.as_str())
                    .map_err(fault("create a dataset"))?;
                offsets.push((dataset.offset(), dataset.dtype().map_or(0, |t| t.size())));
            }
            for (of, name, text) in &layout.attributes {
                let attribute = |at: &hdf5::Location| -> hdf5::Result<()> {
                    let value: hdf5::types::VarLenUnicode =
                        text.parse().map_err(|_| hdf5::Error::from("a text with a zero byte"))?;
                    at.new_attr::<hdf5::types::VarLenUnicode>().create(name.as_str())?.write_scalar(&value)
                };
                let written = if of == "/" {
                    attribute(&file)
                } else if let Ok(dataset) = file.dataset(of) {
                    attribute(&dataset)
                } else {
                    file.group(of).and_then(|group| attribute(&group))
                };
                written.map_err(fault("write an attribute"))?;
            }
            file.flush().map_err(fault("write the structure"))?;
            file.close().map_err(fault("close the file"))?;
        }
        let file = File::options().read(true).write(true).open(part).map_err(Error::write(target, "open it again"))?;
        // Tells others that somebody is at it; see `sweep`. Some file systems have no locks.
        let _ = file.try_lock();
        let mut places = HashMap::new();
        let mut end = file.metadata().map_err(Error::write(target, "look at it"))?.len();
        for ((name, shape, kind), (offset, stored)) in layout.datasets.iter().zip(offsets) {
            let entries = shape.iter().product::<usize>() as u64;
            let Some(offset) = offset.or((entries == 0).then_some(0)).filter(|_| stored == kind.size().max(1)) else {
                return Err(Error::Library {
                    path,
                    doing: "lay out a dataset",
                    text: format!("{name} has no place in the file"),
                });
            };
            end = end.max(offset + entries * kind.size() as u64);
            places.insert(name.clone(), Place { offset, entries, kind: *kind, written: AtomicU64::new(0) });
        }
        // Real blocks, so that a full disk is found out now and not at the last write.
        match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, end.max(1)) {
            Err(rustix::io::Errno::NOSPC) => return Err(Error::DiskFull { path, needed: bytes(needed) }),
            Err(rustix::io::Errno::FBIG) => return Err(Error::TooLarge { path, needed: bytes(needed) }),
            // Not every file system can reserve; writes will tell.
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
            Err(e) => return Err(Error::Write { path, doing: "reserve space", source: e.into() }),
        }
        Ok((file, places))
    }

    /// Sees all that was written on the disk. From now on the file stays if this process ends before it is finished; what is
    /// answered is what [`Self::resume`] goes on with.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&self) -> Result<Unfinished, Error> {
        self.file.sync_data().map_err(Error::write(&self.target, "sync it"))?;
        // Its name too: a journal is to refer to it.
        if !self.lasting.load(Relaxed) {
            sync_folder(&self.target)?;
        }
        self.lasting.store(true, Relaxed);
        let places = self.places.iter().map(|(name, p)| (name.clone(), (p.offset, p.written.load(Relaxed)))).collect();
        let part = self.part.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Unfinished { part, places })
    }

    /// Goes on with a file that another process left unfinished.
    ///
    /// # Errors
    /// When it is not there any more, or is not what it was.
    pub fn resume(target: &Path, layout: &Layout, unfinished: &Unfinished, overwrite: bool) -> Result<Self, Error> {
        let fault = |text: String| Error::Incomplete { path: target.display().to_string(), text };
        let part = unfinished.path(target).ok_or_else(|| fault("its journal names no file beside it".into()))?;
        let gone = |e: std::io::Error| {
            fault(format!(
                "{}, which holds the work so far, cannot be gone on with: {e}. Start over with --overwrite",
                part.display()
            ))
        };
        let file = File::options().read(true).write(true).open(&part).map_err(gone)?;
        let _ = file.try_lock();
        let size = file.metadata().map_err(gone)?.len();
        let mut places = HashMap::new();
        for (name, shape, kind) in &layout.datasets {
            let entries = shape.iter().product::<usize>() as u64;
            let place = unfinished.places.get(name).filter(|(offset, written)| {
                let end = entries.checked_mul(kind.size() as u64).and_then(|bytes| bytes.checked_add(*offset));
                end.is_some_and(|end| end <= size) && *written <= entries
            });
            let Some(&(offset, written)) = place else {
                return Err(fault(format!("{} has no place for {name}. Start over with --overwrite", part.display())));
            };
            places.insert(name.clone(), Place { offset, entries, kind: *kind, written: AtomicU64::new(written) });
        }
        let lasting = AtomicBool::new(true);
        Ok(Self { target: target.to_owned(), part, file, places, overwrite, before: None, lasting, finished: false })
    }

    /// Writes entries of a dataset from `start` on (counted through the dataset, row-major). Each entry is to be written once; from
    /// any thread.
    ///
    /// # Errors
    /// When they do not fit the dataset, or the disk fails.
    pub fn put<T: Entry>(&self, dataset: &str, start: u64, entries: &[T]) -> Result<(), Error> {
        self.put_bytes(dataset, T::KIND, start, entries.len() as u64, bytemuck::cast_slice(entries))
    }

    /// Writes texts, each filled up with zeros.
    ///
    /// # Errors
    /// As [`Self::put`], and when a text is too long.
    pub fn put_texts(&self, dataset: &str, start: u64, texts: &[impl AsRef<str>]) -> Result<(), Error> {
        let Some(Place { kind: Kind::Text(length), .. }) = self.places.get(dataset) else {
            return Err(self.incomplete(format!("{dataset} is no dataset of text")));
        };
        let mut bytes = Vec::with_capacity(texts.len() * length);
        for text in texts {
            let text = text.as_ref().as_bytes();
            if text.len() > *length {
                return Err(self.incomplete(format!("{dataset}: a text of {} bytes; {length} were planned", text.len())));
            }
            bytes.extend_from_slice(text);
            bytes.resize(bytes.len() + length - text.len(), 0);
        }
        self.put_bytes(dataset, Kind::Text(*length), start, texts.len() as u64, &bytes)
    }

    fn incomplete(&self, text: String) -> Error {
        Error::Incomplete { path: self.target.display().to_string(), text }
    }

    fn put_bytes(&self, dataset: &str, kind: Kind, start: u64, count: u64, bytes: &[u8]) -> Result<(), Error> {
        let place = self.places.get(dataset).filter(|p| p.kind == kind && start + count <= p.entries);
        let Some(place) = place else {
            return Err(self.incomplete(format!("{dataset}: {count} entries from {start} have no place there")));
        };
        let offset = place.offset + start * kind.size() as u64;
        match self.file.write_all_at(bytes, offset) {
            Ok(()) => {
                place.written.fetch_add(count, Relaxed);
                Ok(())
            }
            Err(e) if e.kind() == std::io::ErrorKind::StorageFull => Err(Error::DiskFull {
                path: self.target.display().to_string(),
                needed: crate::compare::bytes(bytes.len() as u64),
            }),
            Err(e) if e.kind() == std::io::ErrorKind::FileTooLarge => Err(Error::TooLarge {
                path: self.target.display().to_string(),
                needed: crate::compare::bytes(offset + bytes.len() as u64),
            }),
            Err(source) => Err(Error::Write { path: self.target.display().to_string(), doing: "write to it", source }),
        }
    }

    /// Reads entries that were written.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn get<T: Entry + bytemuck::Zeroable>(&self, dataset: &str, start: u64, count: usize) -> Result<Vec<T>, Error> {
        let Some(place) = self.places.get(dataset) else { return Err(self.incomplete(format!("there is no {dataset}"))) };
        let mut entries = vec![T::zeroed(); count];
        self.file
            .read_exact_at(bytemuck::cast_slice_mut(&mut entries), place.offset + start * T::KIND.size() as u64)
            .map_err(Error::write(&self.target, "read back what was written"))?;
        Ok(entries)
    }

    /// Makes sure that everything is there and on the disk, and gives the file its name.
    ///
    /// # Errors
    /// When something is missing or the disk fails. Nothing stays then.
    pub fn finish(mut self) -> Result<(), Error> {
        for (name, place) in &self.places {
            let written = place.written.load(Relaxed);
            if written != place.entries {
                return Err(self.incomplete(format!("{name}: {written} of {} entries were written", place.entries)));
            }
        }
        self.file.sync_all().map_err(Error::write(&self.target, "sync it"))?;
        // The library asks for the lock when it opens the file.
        let _ = self.file.unlock();
        let path = self.target.display().to_string();
        let again = unlocked().open(&self.part).and_then(|file| {
            self.places.iter().try_for_each(|(name, place)| {
                let dataset = file.dataset(name)?;
                let right =
                    dataset.size() as u64 == place.entries && (place.entries == 0 || dataset.offset() == Some(place.offset));
                if right { Ok(()) } else { Err(hdf5::Error::from(format!("{name} is not where it was"))) }
            })
        });
        again.map_err(|e| Error::Library { path: path.clone(), doing: "open what was written", text: e.to_string() })?;
        if self.before.is_some() && stamp(&self.target) != self.before {
            return Err(
                self.incomplete("somebody else wrote to it meanwhile; it was left as it is. Run the command again".into())
            );
        }
        if self.overwrite {
            std::fs::rename(&self.part, &self.target).map_err(Error::write(&self.target, "give it its name"))?;
        } else {
            // A name that somebody else took meanwhile is not taken from them.
            std::fs::hard_link(&self.part, &self.target)
                .and_then(|()| std::fs::remove_file(&self.part))
                .or_else(|e| match e.kind() {
                    std::io::ErrorKind::AlreadyExists => Err(e),
                    _ => std::fs::rename(&self.part, &self.target),
                })
                .map_err(|e| match e.kind() {
                    std::io::ErrorKind::AlreadyExists => Error::Exists { path },
                    _ => Error::write(&self.target, "give it its name")(e),
                })?;
        }
        self.finished = true;
        sync_folder(&self.target)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.finished && !self.lasting.load(Relaxed) {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

fn make_group(file: &hdf5::File, path: &str) -> hdf5::Result<()> {
    let mut at = String::new();
    for part in path.split('/').filter(|p| !p.is_empty()) {
        at = format!("{at}/{part}");
        if !file.link_exists(&at) {
            file.create_group(&at)?;
        }
    }
    Ok(())
}
