//! A file that a run appends what it has found to, so that it can go on after the process died at any moment.
//!
//! ```text
//! magic     "striae journal 1\n"
//! record    kind (u8), length of the payload (u64), payload, hash (32 bytes)
//! ```
//! All numbers little-endian. A record's hash is BLAKE3 of the hash before it (of the magic for the first one), kind, length and payload, so that records
//! cannot be left out, put elsewhere or taken from another journal. The first record is the head: whose journal it is. Records that follow count
//! when a commit stands behind them. What comes after the last commit, torn or whole, is cut off when the journal is opened again.
//!
//! HDF5 is no place for this: a file that is torn by a kill can open and give wrong rows.

use std::fs::{File, TryLockError};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How a journal begins.
pub const MAGIC: [u8; 17] = *b"striae journal 1\n";
const HEAD: u8 = 0;
const COMMIT: u8 = 1;
/// Kind and length before a payload, and the hash behind it.
const FRAME: u64 = 1 + 8 + 32;
/// Bytes of a payload that is read into memory: nothing that is written has more.
pub const MOST: usize = 16 << 20;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error("{path}: another process is writing it: that run is still going on. Wait for it, or stop it first")]
    Busy { path: String },
    #[error(
        "{path}: this is no journal of a run, or its beginning is damaged ({why}): nothing can be taken from it. Start over with --overwrite"
    )]
    Damaged { path: String, why: &'static str },
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// Where the next record goes.
    end: u64,
    chain: blake3::Hash,
}

/// A run's hold on the place of its journal before there is one: two runs of one output would each throw the other's work away.
#[derive(Debug)]
pub struct Claim {
    /// The journal under way, locked; none once it has its name.
    file: Mutex<Option<File>>,
    new: PathBuf,
}

impl Claim {
    /// Takes hold of it. What a killed run held is free.
    ///
    /// # Errors
    /// [`Error::Busy`] while another run holds it, or when nothing can be written there.
    pub fn new(path: &Path) -> Result<Self, Error> {
        let new = successor(path);
        // Whoever held it may have taken it away between its opening and its locking: what is locked then has no name.
        for _ in 0..100 {
            let file = Journal::file(&new).map_err(fault(path))?;
            lock(&file, path)?;
            if is_of(&file, &new) {
                return Ok(Self { file: Mutex::new(Some(file)), new });
            }
        }
        Err(Error::Busy { path: path.display().to_string() })
    }

    fn file(&self) -> MutexGuard<'_, Option<File>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // A run that was shorter than its interval leaves nothing.
        if self.file().is_some() {
            let _ = std::fs::remove_file(&self.new);
        }
    }
}

/// What an old journal holds.
#[derive(Debug)]
pub struct Old {
    path: PathBuf,
    file: File,
    /// Of the run, as it was given to [`Journal::create`].
    pub head: Vec<u8>,
    /// What the last commit said; none if there was no commit.
    pub commit: Option<Vec<u8>>,
    /// Behind the last commit, with the hash there.
    good: (u64, blake3::Hash),
    /// Bytes behind the last commit that do not count.
    pub torn: u64,
}

fn hash(before: &blake3::Hash, kind: u8, payload: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before.as_bytes()).update(&[kind]).update(&(payload.len() as u64).to_le_bytes()).update(payload);
    hasher.finalize()
}

fn fault(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.display().to_string();
    move |source| Error::Io { path: path.clone(), source }
}

/// Nobody else writes it meanwhile. File systems without locks cannot say so.
fn lock(file: &File, path: &Path) -> Result<(), Error> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::Busy { path: path.display().to_string() }),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// Whether a file that is open is the one of that name.
fn is_of(file: &File, path: &Path) -> bool {
    let of = |found: io::Result<std::fs::Metadata>| found.map(|m| (m.dev(), m.ino())).ok();
    of(file.metadata()).is_some_and(|own| of(std::fs::metadata(path)) == Some(own))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}

/// Gives a file its name, unless there is one of that name.
fn name(new: &Path, path: &Path) -> io::Result<()> {
    match std::fs::hard_link(new, path) {
        Ok(()) => {
            // The second name is of no use, and does no harm.
            let _ = std::fs::remove_file(new);
            Ok(())
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
        // Not every file system has links.
        Err(_) if !path.exists() => std::fs::rename(new, path),
        Err(e) => Err(e),
    }
}

/// The journal under way that will take the place of `path`.
fn successor(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

impl Journal {
    /// Begins a journal where there is none.
    ///
    /// # Errors
    /// When the file is there already or cannot be written; nothing of it stays then.
    pub fn create(path: &Path, head: &[u8], claim: Option<&Claim>) -> Result<Self, Error> {
        // Under another name until the head is whole: a journal whose run was killed just then would say nothing, and stand in the way.
        let new = successor(path);
        let mut held = claim.map(Claim::file);
        let file = match held.as_deref().and_then(Option::as_ref) {
            Some(file) => file.try_clone(),
            None => Self::file(&new),
        };
        let file = file.map_err(fault(path))?;
        let named = Self::begin(file, path, head).and_then(|journal| {
            name(&new, path).map_err(fault(path))?;
            sync_folder(path).map_err(fault(path)).inspect_err(|_| {
                // It is to be tried again, and would stand in its own way.
                let _ = std::fs::remove_file(path);
            })?;
            Ok(journal)
        });
        match (&named, &mut held) {
            // From now on the journal itself is held.
            (Ok(_), Some(held)) => **held = None,
            // It stays held, to be tried again.
            (Err(_), Some(_)) | (Ok(_), None) => {}
            (Err(_), None) => drop(std::fs::remove_file(&new)),
        }
        named
    }

    /// A file that may be there; it is somebody else's until it is locked.
    fn file(path: &Path) -> io::Result<File> {
        File::options().read(true).write(true).create(true).truncate(false).open(path)
    }

    fn begin(mut file: File, path: &Path, head: &[u8]) -> Result<Self, Error> {
        lock(&file, path)?;
        file.set_len(0).and_then(|()| file.write_all(&MAGIC)).map_err(fault(path))?;
        let mut journal = Self { file, path: path.to_owned(), end: MAGIC.len() as u64, chain: blake3::hash(&MAGIC) };
        journal.append(HEAD, head)?;
        journal.file.sync_all().map_err(fault(path))?;
        Ok(journal)
    }

    /// Adds a record; it counts when a commit follows. `kind` is the caller's, from 2 on. Where this fails the journal ends where it did before.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn append(&mut self, kind: u8, payload: &[u8]) -> Result<(), Error> {
        let hash = hash(&self.chain, kind, payload);
        let write = |file: &mut File| -> io::Result<()> {
            file.seek(SeekFrom::Start(self.end))?;
            let mut frame = [kind; 9];
            frame[1..].copy_from_slice(&(payload.len() as u64).to_le_bytes());
            file.write_all(&frame)?;
            file.write_all(payload)?;
            file.write_all(hash.as_bytes())
        };
        if let Err(source) = write(&mut self.file) {
            // What was written of it is no use, and takes room that may be the reason.
            let _ = self.file.set_len(self.end);
            return Err(fault(&self.path)(source));
        }
        self.end += FRAME + payload.len() as u64;
        self.chain = hash;
        Ok(())
    }

    /// Makes all records so far count, and sees them on the disk.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn commit(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.append(COMMIT, payload)?;
        self.file.sync_data().map_err(fault(&self.path))
    }

    /// Bytes written.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.end
    }

    /// Where it ends now: see [`Self::back`].
    #[must_use]
    pub const fn mark(&self) -> (u64, blake3::Hash) {
        (self.end, self.chain)
    }

    /// Forgets the records after a mark, which no commit follows.
    pub fn back(&mut self, mark: (u64, blake3::Hash)) {
        (self.end, self.chain) = mark;
        let _ = self.file.set_len(self.end);
    }

    /// Begins a journal of the same run that takes this one's place when it is [`Self::replace`]d: until then this one stands.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn anew(&self, head: &[u8]) -> Result<Self, Error> {
        let path = successor(&self.path);
        let file = Self::file(&path).map_err(fault(&path))?;
        Self::begin(file, &path, head).inspect_err(|_| {
            let _ = std::fs::remove_file(&path);
        })
    }

    /// Puts a journal made by [`Self::anew`], with its commit, in the place of this one.
    ///
    /// # Errors
    /// When it cannot be renamed; this one stands then.
    pub fn replace(&mut self, by: Self) -> Result<(), Error> {
        std::fs::rename(&by.path, &self.path).map_err(fault(&self.path))?;
        (self.file, self.end, self.chain) = (by.file, by.end, by.chain);
        // Where the folder is not on the disk yet when the power fails, this one comes back, which says the same of a commit earlier.
        let _ = sync_folder(&self.path);
        Ok(())
    }

    /// Removes a journal that was to take this one's place.
    pub fn forget(&self, by: Self) {
        drop(by);
        let _ = std::fs::remove_file(successor(&self.path));
    }

    /// The run is over and its result is where it belongs.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn remove(self) -> Result<(), Error> {
        std::fs::remove_file(&self.path).map_err(fault(&self.path))
    }
}

/// Removes what a process left that was killed while it began a journal.
pub fn sweep(path: &Path) {
    let new = successor(path);
    if !path.exists()
        && let Ok(file) = File::options().write(true).open(&new)
        && lock(&file, &new).is_ok()
    {
        let _ = std::fs::remove_file(new);
    }
}

/// Removes a journal and what may lie beside it.
///
/// # Errors
/// When somebody is writing it, or it cannot be removed.
pub fn discard(path: &Path) -> Result<(), Error> {
    let file = File::options().read(true).write(true).open(path).map_err(fault(path))?;
    lock(&file, path)?;
    let _ = std::fs::remove_file(successor(path));
    std::fs::remove_file(path).map_err(fault(path))
}

/// Walks through the records of a file.
struct Records<'a> {
    reader: BufReader<&'a File>,
    at: u64,
    size: u64,
    chain: blake3::Hash,
}

impl<'a> Records<'a> {
    fn new(file: &'a File, path: &Path) -> Result<Self, Error> {
        let damaged = |why| Error::Damaged { path: path.display().to_string(), why };
        let size = file.metadata().map_err(fault(path))?.len();
        let mut reader = BufReader::with_capacity(1 << 20, file);
        reader.seek(SeekFrom::Start(0)).map_err(fault(path))?;
        let mut magic = [0; MAGIC.len()];
        match reader.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => Ok(Self { reader, at: MAGIC.len() as u64, size, chain: blake3::hash(&MAGIC) }),
            Ok(()) => Err(damaged("it begins otherwise")),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(damaged("it is too short")),
            Err(e) => Err(fault(path)(e)),
        }
    }

    /// The next record that is whole and in its place; none where there is no such any more.
    fn next(&mut self, payload: &mut Vec<u8>) -> io::Result<Option<u8>> {
        if self.size.saturating_sub(self.at) < FRAME {
            return Ok(None);
        }
        let mut frame = [0; 9];
        self.reader.read_exact(&mut frame)?;
        let mut length = [0; 8];
        length.copy_from_slice(&frame[1..]);
        let length = u64::from_le_bytes(length);
        if length > MOST as u64 || length > self.size - self.at - FRAME {
            return Ok(None);
        }
        payload.resize(length as usize, 0);
        self.reader.read_exact(payload)?;
        let mut stored = [0; 32];
        self.reader.read_exact(&mut stored)?;
        let hash = hash(&self.chain, frame[0], payload);
        if hash != blake3::Hash::from_bytes(stored) {
            return Ok(None);
        }
        self.chain = hash;
        self.at += FRAME + length;
        Ok(Some(frame[0]))
    }
}

impl Old {
    /// Opens a journal that a run left behind, and finds its last commit. Nothing is changed yet.
    ///
    /// # Errors
    /// When it cannot be read, another process is writing it, or not even its head is whole.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::with(path, File::options().read(true).write(true).open(path).map_err(fault(path))?, true)
    }

    /// The same only to look at it: also while a run is writing it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn look(path: &Path) -> Result<Self, Error> {
        Self::with(path, File::open(path).map_err(fault(path))?, false)
    }

    fn with(path: &Path, file: File, alone: bool) -> Result<Self, Error> {
        if alone {
            lock(&file, path)?;
        }
        let mut records = Records::new(&file, path)?;
        let mut payload = Vec::new();
        if records.next(&mut payload).map_err(fault(path))? != Some(HEAD) {
            return Err(Error::Damaged { path: path.display().to_string(), why: "its head is not whole" });
        }
        let head = std::mem::take(&mut payload);
        let (mut commit, mut good) = (None, (records.at, records.chain));
        while let Some(kind) = records.next(&mut payload).map_err(fault(path))? {
            if kind == COMMIT {
                commit = Some(payload.clone());
                good = (records.at, records.chain);
            }
        }
        let torn = records.size - good.0;
        drop(records);
        Ok(Self { path: path.to_owned(), file, head, commit, good, torn })
    }

    /// All records that count, but for head and commits, in the order in which they were written.
    ///
    /// # Errors
    /// When the file cannot be read, or what `visit` says.
    pub fn records<E: From<Error>>(&self, mut visit: impl FnMut(u8, &[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut records = Records::new(&self.file, &self.path)?;
        let mut payload = Vec::new();
        while records.at < self.good.0 {
            let Some(kind) = records.next(&mut payload).map_err(fault(&self.path))? else {
                return Err(Error::Damaged { path: self.path.display().to_string(), why: "it changed while it was read" }.into());
            };
            if kind != COMMIT && kind != HEAD {
                visit(kind, &payload)?;
            }
        }
        Ok(())
    }

    /// Goes on writing behind the last commit: what came after it is cut off.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn resume(self) -> Result<Journal, Error> {
        let _ = std::fs::remove_file(successor(&self.path));
        let Self { path, file, good: (end, chain), .. } = self;
        file.set_len(end).and_then(|()| file.sync_all()).map_err(fault(&path))?;
        Ok(Journal { file, path, end, chain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Seen = Vec<(u8, Vec<u8>)>;

    fn seen(path: &Path) -> (Option<Vec<u8>>, Seen) {
        let old = Old::open(path).unwrap();
        let mut all = Vec::new();
        old.records::<Error>(|kind, payload| {
            all.push((kind, payload.to_vec()));
            Ok(())
        })
        .unwrap();
        (old.commit, all)
    }

    /// A journal of three commits: the bytes of it, and where each commit ends.
    fn journal(folder: &Path) -> (PathBuf, Vec<u64>) {
        let path = folder.join("j");
        let mut journal = Journal::create(&path, b"whose", None).unwrap();
        let mut ends = Vec::new();
        for n in 0..3u8 {
            journal.append(2, &vec![n; 100 * usize::from(n)]).unwrap();
            journal.append(3, b"more").unwrap();
            journal.commit(&[n]).unwrap();
            ends.push(journal.size());
        }
        journal.append(2, b"never committed").unwrap();
        (path, ends)
    }

    #[test]
    fn a_place_is_one_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        let claim = Claim::new(&path).unwrap();
        assert!(matches!(Claim::new(&path), Err(Error::Busy { .. })));
        sweep(&path);
        assert!(matches!(Claim::new(&path), Err(Error::Busy { .. })));
        drop(claim);
        assert_eq!(names(), 0);
        // A file that lost its name is nobody's place.
        let file = Journal::file(&successor(&path)).unwrap();
        assert!(is_of(&file, &successor(&path)));
        std::fs::remove_file(successor(&path)).unwrap();
        assert!(!is_of(&file, &successor(&path)));
        std::fs::write(successor(&path), "another's").unwrap();
        assert!(!is_of(&file, &successor(&path)));
        let claim = Claim::new(&path).unwrap();
        let journal = Journal::create(&path, b"whose", Some(&claim)).unwrap();
        assert_eq!(names(), 1);
        assert!(matches!(discard(&path), Err(Error::Busy { .. })));
        // The hold has gone over to the journal, and ends with it.
        drop(journal);
        discard(&path).unwrap();
        drop(claim);
        assert_eq!(names(), 0);
    }

    #[test]
    fn what_was_committed_comes_back_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (path, ends) = journal(folder.path());
        let (commit, all) = seen(&path);
        assert_eq!(commit, Some(vec![2]));
        assert_eq!(all.len(), 6);
        assert_eq!(all[4], (2, vec![2; 200]));
        let old = Old::open(&path).unwrap();
        assert!(old.head == b"whose" && old.torn > 0);
        let mut journal = old.resume().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), ends[2]);
        journal.append(2, b"later").unwrap();
        journal.commit(b"4").unwrap();
        drop(journal);
        assert_eq!(seen(&path).1.len(), 7);
    }

    #[test]
    fn wherever_it_is_torn_the_commit_before_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (path, ends) = journal(folder.path());
        let whole = std::fs::read(&path).unwrap();
        let head = MAGIC.len() + FRAME as usize + 5;
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let found = Old::open(&path);
            if length < head {
                assert!(matches!(found, Err(Error::Damaged { .. })), "{length}");
            } else {
                let commits = ends.iter().filter(|e| **e <= length as u64).count();
                assert_eq!(found.unwrap().commit, commits.checked_sub(1).map(|n| vec![n as u8]), "{length}");
            }
        }
    }

    #[test]
    fn a_changed_byte_ends_what_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (path, ends) = journal(folder.path());
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            for bit in [1, 128] {
                let mut changed = whole.clone();
                changed[at] ^= bit;
                std::fs::write(&path, &changed).unwrap();
                let Ok(old) = Old::open(&path) else { continue };
                let commits = ends.iter().filter(|e| **e <= at as u64).count();
                assert_eq!(old.commit, commits.checked_sub(1).map(|n| vec![n as u8]), "byte {at}");
            }
        }
    }

    #[test]
    fn records_of_another_journal_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, head: &[u8]| {
            let path = folder.path().join(name);
            let mut journal = Journal::create(&path, head, None).unwrap();
            journal.append(2, b"rows").unwrap();
            journal.commit(b"done").unwrap();
            path
        };
        let (one, other) = (write("a", b"head A"), write("b", b"head B"));
        let start = MAGIC.len() + FRAME as usize + 6;
        let mut spliced = std::fs::read(&one).unwrap();
        spliced.truncate(start);
        spliced.extend_from_slice(&std::fs::read(other).unwrap()[start..]);
        std::fs::write(&one, spliced).unwrap();
        assert_eq!(Old::open(&one).unwrap().commit, None);
    }

    #[test]
    fn two_processes_do_not_write_one_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let journal = Journal::create(&path, b"", None).unwrap();
        assert!(matches!(Old::open(&path), Err(Error::Busy { .. })));
        assert!(matches!(discard(&path), Err(Error::Busy { .. })));
        assert!(Old::look(&path).unwrap().commit.is_none());
        assert!(matches!(Journal::create(&path, b"", None), Err(Error::Io { .. })));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        drop(journal);
        discard(&path).unwrap();
        assert!(!path.exists());
        std::fs::write(successor(&path), MAGIC).unwrap();
        sweep(&path);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_shorter_one_takes_its_place_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = journal(folder.path());
        let mut journal = Old::open(&path).unwrap().resume().unwrap();
        let mut other = journal.anew(b"whose").unwrap();
        other.append(2, b"all").unwrap();
        other.commit(b"now").unwrap();
        // Until it is put in place the old one stands.
        assert_eq!(Old::look(&path).unwrap().commit, Some(vec![2]));
        journal.replace(other).unwrap();
        journal.append(2, b"and").unwrap();
        journal.commit(b"then").unwrap();
        drop(journal);
        let (commit, all) = seen(&path);
        assert_eq!((commit, all.len()), (Some(b"then".to_vec()), 2));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_follows_a_mark_can_be_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let mut journal = Journal::create(&path, b"", None).unwrap();
        let mark = journal.mark();
        journal.append(2, b"no").unwrap();
        journal.back(mark);
        journal.append(2, b"yes").unwrap();
        journal.commit(b"").unwrap();
        drop(journal);
        assert_eq!(seen(&path).1, [(2, b"yes".to_vec())]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..400), good in any::<bool>()) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("j");
            let mut all = if good { MAGIC.to_vec() } else { Vec::new() };
            all.extend(bytes);
            std::fs::write(&path, all).unwrap();
            prop_assert!(Old::open(&path).is_err());
        }
    }
}
