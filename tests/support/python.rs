//! The Python that `make setup` prepared: with h5py.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::process::Command;

pub fn python() -> PathBuf {
    std::env::var_os("STRIAE_PYTHON")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/venv/bin/python"), PathBuf::from)
}

/// Runs a script of this folder and answers what it printed.
pub fn run(script: &str, argument: &Path) -> String {
    let python = python();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    let done = Command::new(&python)
        .arg(script)
        .arg(argument)
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}. It comes with: make setup", python.display()));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{} failed: {said}\nIf h5py is missing: make setup", python.display());
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// A folder with the files that `h5py_files.py` writes.
pub fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    run("h5py_files.py", folder.path());
    folder
}
