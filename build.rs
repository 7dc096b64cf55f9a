//! Says whether the real data that some tests read lies beside the project (without it they are ignored, never passed), and of
//! which commit the program is built.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../shared/data/README.md");
    println!("cargo::rustc-check-cfg=cfg(shared_data)");
    if Path::new("../shared/data/README.md").exists() {
        println!("cargo::rustc-cfg=shared_data");
    }
    println!("cargo::rustc-env=STRIAE_BUILT_OF={}", commit());
}

/// What git says of this folder, else the variable STRIAE_COMMIT (builds of an unpacked archive or in a container), else `unknown`. With
/// `-changed` where files that git knows are not as they were committed.
fn commit() -> String {
    println!("cargo::rerun-if-env-changed=STRIAE_COMMIT");
    let git = |args: &[&str]| {
        let out = Command::new("git").args(args).output().ok().filter(|out| out.status.success())?;
        Some(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    // A folder within somebody else's repository has no commit of ours.
    let own = git(&["rev-parse", "--show-toplevel"]).is_some_and(|top| {
        let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
        Path::new(&top).canonicalize().ok() == Path::new(&here).canonicalize().ok()
    });
    let Some(commit) = git(&["rev-parse", "HEAD"]).filter(|_| own) else {
        let told = std::env::var("STRIAE_COMMIT").unwrap_or_default();
        let sensible = !told.is_empty() && told.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        return if sensible { told } else { "unknown".into() };
    };
    for path in ["src", "shaders", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_none_or(|text| !text.is_empty());
    format!("{commit}{}", if changed { "-changed" } else { "" })
}
