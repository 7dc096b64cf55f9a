//! Numbers of spectra while others are read: in memory as far as `--memory` allows, beyond that in a file without a name beside the output.

use crate::compare::spool::unnamed;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Some numbers that were kept.
#[derive(Debug)]
pub enum Held {
    Memory(Vec<f64>),
    Spooled { at: u64, count: usize },
}

/// Where they are kept.
#[derive(Debug)]
pub struct Hold {
    /// Bytes that may be in memory.
    most: u64,
    used: AtomicU64,
    /// Bytes of axes, which have half as much for themselves.
    axes_used: AtomicU64,
    axes_refused: AtomicBool,
    folder: PathBuf,
    spool: Mutex<Option<(Arc<File>, u64)>>,
    axes: Mutex<HashMap<blake3::Hash, Arc<Vec<f64>>>>,
}

impl Hold {
    /// With so many bytes of memory for values and half as many for axes, and a folder for what they do not hold.
    pub fn new(most: u64, folder: &Path) -> Self {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Self {
            most,
            used: AtomicU64::new(0),
            axes_used: AtomicU64::new(0),
            axes_refused: AtomicBool::new(false),
            folder: folder.to_owned(),
            spool: Mutex::new(None),
            axes: Mutex::default(),
        }
    }

    /// Takes numbers in.
    pub fn keep(&self, mut numbers: Vec<f64>) -> io::Result<Held> {
        let bytes = 8 * numbers.len() as u64;
        if self.used.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.most {
            numbers.shrink_to_fit();
            return Ok(Held::Memory(numbers));
        }
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        let (file, at) = {
            let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
            let (file, end) = match spool.take() {
                Some(open) => open,
                None => (Arc::new(unnamed(&self.folder, "import")?), 0),
            };
            *spool = Some((file.clone(), end + bytes));
            (file, end)
        };
        file.write_all_at(bytemuck::cast_slice(&numbers), at)?;
        Ok(Held::Spooled { at, count: numbers.len() })
    }

    /// Gives them back.
    pub fn get<'a>(&self, held: &'a Held) -> io::Result<Cow<'a, [f64]>> {
        match held {
            Held::Memory(numbers) => Ok(Cow::Borrowed(numbers)),
            Held::Spooled { at, count } => {
                let spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let (file, _) = spool.ok_or_else(|| io::Error::other("nothing was spooled"))?;
                let mut numbers = vec![0.0; *count];
                file.read_exact_at(bytemuck::cast_slice_mut(&mut numbers), *at)?;
                Ok(Cow::Owned(numbers))
            }
        }
    }

    /// Whether an axis found no room.
    pub fn axes_are_too_many(&self) -> bool {
        self.axes_refused.load(Ordering::Relaxed)
    }

    /// An axis, once for all spectra that have it. `None` where there are so many that memory does not hold them.
    pub fn axis(&self, axis: Vec<f64>) -> Option<Arc<Vec<f64>>> {
        let digest = blake3::hash(bytemuck::cast_slice(&axis));
        let mut axes = self.axes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = axes.get(&digest) {
            return Some(known.clone());
        }
        let bytes = 8 * axis.len() as u64;
        if self.axes_used.fetch_add(bytes, Ordering::Relaxed) + bytes > self.most / 2 {
            self.axes_refused.store(true, Ordering::Relaxed);
            return None;
        }
        let axis = Arc::new(axis);
        axes.insert(digest, axis.clone());
        Some(axis)
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Hold};

    #[test]
    fn what_memory_does_not_hold_comes_back_from_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let hold = Hold::new(100, folder.path());
        let all: Vec<Vec<f64>> = (0..20).map(|i| (0..i).map(|j| f64::from(i * 100 + j)).collect()).collect();
        let held: Vec<Held> = all.iter().map(|v| hold.keep(v.clone()).expect("kept")).collect();
        assert!(held.iter().any(|h| matches!(h, Held::Memory(v) if !v.is_empty())));
        assert!(held.iter().filter(|h| matches!(h, Held::Spooled { .. })).count() > 10);
        for (held, expected) in held.iter().zip(&all) {
            assert_eq!(&hold.get(held).expect("read")[..], &expected[..]);
        }
        assert!(std::fs::read_dir(folder.path()).expect("there").next().is_none(), "the file has no name");
        let one = Hold::new(160, folder.path());
        let axis = one.axis(vec![1.0; 8]).expect("fits");
        assert!(std::sync::Arc::ptr_eq(&axis, &one.axis(vec![1.0; 8]).expect("known")));
        assert!(!one.axes_are_too_many());
        assert!(one.axis(vec![2.0; 8]).is_none() && one.axes_are_too_many());
    }
}
