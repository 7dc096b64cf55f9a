//! Places for what is being made: another name beside the target, and a folder for what has to lie in clear meanwhile.
//!
//! Their names are random: the number of the process is the same in every container. Whoever works there holds a lock; what
//! nobody holds was left by a run that was killed, and goes when the next one comes by. Where a file system has no locks,
//! leftovers stay.

use super::error::Error;
use super::secret_file;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What names of folders begin with.
const PREFIX: &str = ".striae-export-";
/// The file in a folder that is locked.
const LOCK: &str = "lock";
/// What names of unfinished files end with.
const SUFFIX: &str = ".part";
/// Folders that are made before giving up: each may be taken for a leftover before it is locked.
const TRIES: usize = 20;

/// The folder that a file is in.
#[must_use]
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// 32 hex digits that nobody guesses.
fn token() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| Error::Random(e.to_string()))?;
    Ok(format!("{:032x}", u128::from_le_bytes(bytes)))
}

fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A folder for its owner alone, in which files lie in clear until the work is done or fails.
#[derive(Debug)]
pub struct Workshop {
    folder: PathBuf,
    lock: File,
}

impl Workshop {
    /// A new one in `folder`. What runs that were killed left there goes.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn within(folder: &Path) -> Result<Self, Error> {
        for _ in 0..TRIES {
            let own = folder.join(format!("{PREFIX}{}", token()?));
            let fault = |source| Error::File { file: own.display().to_string(), doing: "make it", source };
            DirBuilder::new().mode(0o700).create(&own).map_err(fault)?;
            let lock = locked(&own).inspect_err(|_| drop(std::fs::remove_dir(&own))).map_err(fault)?;
            if let Some(lock) = lock {
                sweep_folders(folder, &own);
                return Ok(Self { folder: own, lock });
            }
        }
        let source = std::io::Error::other("other runs remove it again and again");
        Err(Error::File { file: folder.display().to_string(), doing: "make a folder there", source })
    }

    /// The file of the n-th collection.
    #[must_use]
    pub fn file(&self, n: usize) -> PathBuf {
        self.folder.join(format!("{n}.h5"))
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        clear(&self.folder);
        let _ = self.lock.unlock();
    }
}

/// The lock of a new folder; none where another run took the folder for a leftover.
fn locked(folder: &Path) -> std::io::Result<Option<File>> {
    let path = folder.join(LOCK);
    let lock = match File::options().write(true).create_new(true).mode(0o600).open(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        made => made?,
    };
    // Some file systems have no locks.
    let taken = matches!(lock.try_lock(), Err(TryLockError::WouldBlock));
    Ok((!taken && path.exists()).then_some(lock))
}

/// Removes a folder with the files in it, the lock last: a folder without one is empty.
fn clear(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name() != LOCK) {
        if std::fs::remove_file(entry.path()).is_err() {
            return;
        }
    }
    let _ = std::fs::remove_file(folder.join(LOCK));
    let _ = std::fs::remove_dir(folder);
}

/// Removes the folders of runs that were killed.
fn sweep_folders(within: &Path, own: &Path) {
    let owner = |path: &Path| std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_dir).map(|m| m.uid());
    let (Some(us), Ok(entries)) = (owner(own), std::fs::read_dir(within)) else { return };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path != own) {
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(PREFIX));
        if !name.is_some_and(is_token) || owner(&path) != Some(us) {
            continue;
        }
        match File::options().write(true).open(path.join(LOCK)) {
            Ok(lock) if lock.try_lock().is_ok() => clear(&path),
            Ok(_) => {}
            // Another run's that has just been made, or one that was not removed to the end: empty either way.
            Err(_) => drop(std::fs::remove_dir(&path)),
        }
    }
}

/// A file under another name beside its target until it is whole; without [`Self::finish`], nothing of it stays.
#[derive(Debug)]
pub struct Part {
    target: PathBuf,
    path: PathBuf,
    file: File,
    named: bool,
}

impl Part {
    /// A new one with this mode. What runs that were killed left of the same target goes.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn beside(target: &Path, mode: u32) -> Result<Self, Error> {
        sweep_parts(target);
        let mut path = target.as_os_str().to_owned();
        path.push(format!(".{}{SUFFIX}", token()?));
        let path = PathBuf::from(path);
        let file = secret_file::create_as(&path, mode)?;
        // Tells others that somebody is at it. Some file systems have no locks.
        let _ = file.try_lock();
        Ok(Self { target: target.to_owned(), path, file, named: false })
    }

    /// What is written to.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Sees it on the disk and gives it its name; without `overwrite`, no name that somebody else took meanwhile.
    ///
    /// # Errors
    /// When the disk fails, or the name is taken.
    pub fn finish(mut self, overwrite: bool) -> Result<(), Error> {
        let file = self.target.display().to_string();
        let fault = |doing| {
            let file = file.clone();
            move |source| Error::File { file, doing, source }
        };
        self.file.sync_all().map_err(fault("sync it"))?;
        let renamed = if overwrite { std::fs::rename(&self.path, &self.target) } else { rename_new(&self.path, &self.target) };
        renamed.map_err(fault("give it its name"))?;
        self.named = true;
        File::open(folder_of(&self.target)).and_then(|f| f.sync_all()).map_err(fault("sync its folder"))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.named {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn rename_new(part: &Path, target: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(part, target) {
        Ok(()) => std::fs::remove_file(part),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(e),
        // Not every file system has such links.
        Err(_) => std::fs::rename(part, target),
    }
}

/// Removes what runs that were killed left of a target.
fn sweep_parts(target: &Path) {
    let (Some(name), Ok(entries)) = (target.file_name().and_then(|n| n.to_str()), std::fs::read_dir(folder_of(target))) else {
        return;
    };
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())) {
        let file_name = entry.file_name();
        let middle = file_name.to_str().and_then(|n| n.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(SUFFIX));
        if middle.is_some_and(is_token)
            && let Ok(file) = File::options().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn workshops_are_their_owners_and_leave_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (Workshop::within(folder.path()).unwrap(), Workshop::within(folder.path()).unwrap());
        std::fs::write(one.file(0), "in clear").unwrap();
        let found = names(folder.path());
        assert_eq!(found.len(), 2, "a run that works is not swept by another: {found:?}");
        for name in &found {
            assert!(name.strip_prefix(PREFIX).is_some_and(is_token), "{name}");
            let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        assert_ne!(found[0], found[1], "one process, and yet another name");
        drop(Workshop::within(folder.path()).unwrap());
        assert_eq!(std::fs::read(one.file(0)).unwrap(), b"in clear");
        drop((one, two));
        assert!(names(folder.path()).is_empty());
        assert!(Workshop::within(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn what_was_left_goes_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let leave = |name: &str, files: &[&str]| {
            let one = folder.path().join(name);
            std::fs::create_dir(&one).unwrap();
            for file in files {
                std::fs::write(one.join(file), "in clear").unwrap();
            }
            one
        };
        let called = |digit: &str| format!("{PREFIX}{}", digit.repeat(32));
        leave(&called("a"), &["lock", "0.h5", "1.h5.12-0.part"]);
        leave(&called("b"), &[]);
        // Held; not by us; a file; names that we do not give.
        let held = File::options().write(true).open(leave(&called("c"), &["lock", "0.h5"]).join("lock")).unwrap();
        held.try_lock().unwrap();
        let elsewhere = leave("elsewhere", &["lock", "0.h5"]);
        std::os::unix::fs::symlink(&elsewhere, folder.path().join(called("d"))).unwrap();
        std::fs::write(folder.path().join(called("e")), "").unwrap();
        leave(&format!("{PREFIX}mine"), &["lock", "0.h5"]);
        drop(Workshop::within(folder.path()).unwrap());
        let mut kept = vec![called("c"), called("d"), called("e"), format!("{PREFIX}mine"), "elsewhere".to_owned()];
        kept.sort();
        assert_eq!(names(folder.path()), kept);
        assert_eq!(names(&elsewhere).len(), 2);
        drop(held);
        drop(Workshop::within(folder.path()).unwrap());
        assert!(!names(folder.path()).contains(&called("c")), "nobody holds it any more");
    }

    #[test]
    fn a_part_gets_its_name_or_goes() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("ids.csv");
        let part = |name: &str, digit: &str| format!("{name}.{}.part", digit.repeat(32));
        for name in [part("ids.csv", "a"), part("ids.csv", "g"), part("other.csv", "a"), "ids.csv.part".into()] {
            std::fs::write(folder.path().join(name), "left").unwrap();
        }
        let one = Part::beside(&target, 0o600).unwrap();
        let two = Part::beside(&target, 0o600).unwrap();
        let found = names(folder.path());
        assert_eq!(found.len(), 5, "one leftover went, and two are being written: {found:?}");
        one.file().write_all(b"one").unwrap();
        one.finish(false).unwrap();
        assert!(two.finish(false).is_err(), "a name that is taken");
        assert_eq!(std::fs::read(&target).unwrap(), b"one");
        assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        let three = Part::beside(&target, 0o600).unwrap();
        three.file().write_all(b"three").unwrap();
        three.finish(true).unwrap();
        drop(Part::beside(&target, 0o600).unwrap());
        assert_eq!(std::fs::read(&target).unwrap(), b"three");
        assert_eq!(names(folder.path()).len(), 4);
    }
}
