//! The rooms of the house (ARCHITECTURE.md): a room may use rooms below it, never above, and some crates live in one room.
//!
//! Reads the paths in the files of `src/` after blanking comments and texts in quotes: a doc link upward is no import.
//! It sees `crate::x`, `crate::{x::a, y}` and `super::super::x` that lead to the root. It does not follow re-exports, nor
//! names that a macro puts together.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use std::path::{Path, PathBuf};

/// From the bottom to the top. Rooms on one floor know nothing of each other.
const FLOORS: &[&[&str]] = &[
    &["matrix", "draw", "share", "fence", "built"],
    &["picture"],
    &["metric"],
    &["backend"],
    &["compare"],
    &["toolmark", "logo", "spectrum"],
    &["chemometrics"],
    &["evaluate"],
    &["link"],
    &["archive"],
    &["report"],
    &["cli"],
    &["exhausted"],
    &["main"],
];

/// What stands in the code, and where alone it may stand: paths below `src/`.
const CONFINED: &[(&str, &[&str])] = &[
    ("hdf5::", &["archive/"]),
    ("image::", &["picture/"]),
    ("zip::", &["toolmark/x3p/"]),
    ("quick_xml::", &["toolmark/x3p/", "report/xml.rs", "report/gexf.rs", "report/graphml.rs"]),
    ("age::", &["share/"]),
    ("ed25519_dalek::", &["share/"]),
    ("parquet::", &["report/parquet.rs"]),
    ("png::", &["toolmark/x3p/", "report/plot/raster.rs"]),
    ("regex::", &["cli/"]),
    ("wgpu::", &["backend/gpu/"]),
    ("faer::", &["chemometrics/", "compare/axes.rs"]),
    ("clap::", &["cli/", "main.rs"]),
    ("anyhow::", &["cli/", "main.rs"]),
    ("indicatif::", &["cli/", "main.rs"]),
    ("println!", &["cli/", "main.rs"]),
    ("print!", &["cli/", "main.rs"]),
    ("eprintln!", &["cli/", "main.rs"]),
    ("eprint!", &["cli/", "main.rs"]),
];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "types", "manager", "managers", "misc"];

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// The modules that a file stands for: `metric/mod.rs` → metric, `metric/sum.rs` → metric, sum.
fn modules_of(file: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = file.trim_end_matches(".rs").split('/').collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    parts
}

/// All that is wrong with a file, by its path below `src/` with `/` between the parts.
fn violations(file: &str, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let code = blank(source);
    let mut say = |at: usize, what: String| {
        let line = code[..at].matches('\n').count() + 1;
        found.push(format!("src/{file}:{line}: {what}"));
    };

    let modules = modules_of(file);
    for name in &modules {
        if EMPTY_NAMES.contains(name) {
            say(0, format!("a module named `{name}` says nothing of what is inside"));
        }
    }
    for at in words(&code, "mod") {
        let name = identifier(code[at + 3..].trim_start());
        if EMPTY_NAMES.contains(&name) {
            say(at, format!("a module named `{name}` says nothing of what is inside"));
        }
    }

    for (what, homes) in CONFINED {
        let name = what.trim_end_matches([':', '!']);
        let mark = &what[name.len()..];
        for at in words(&code, name) {
            let before = code[..at].trim_end();
            let after = code[at + name.len()..].trim_start();
            // `use hdf5;` and `use hdf5 as h;` carry the crate off under a short name.
            let imported = mark == "::" && ["use", "use ::"].iter().any(|u| before.ends_with(u));
            // A module of the same name is something else; `std::println!` is not.
            let inner = mark == "::" && before.strip_suffix("::").is_some_and(|b| !identifier_back(b.trim_end()).is_empty());
            let used = after.starts_with(mark) && !inner;
            if (used || imported) && !homes.iter().any(|home| file.starts_with(home)) {
                say(at, format!("`{what}` belongs to src/{} alone", homes.join(" and src/")));
            }
        }
    }

    // The crate's root lists the rooms and may show what is in them.
    let room = modules[0];
    if room == "lib" {
        return found;
    }
    let Some(own) = floor_of(room) else {
        say(0, format!("`{room}` is a new room: give it a floor in tests/architecture.rs and in ARCHITECTURE.md"));
        return found;
    };
    for (at, other) in rooms_used(&code, modules.len()) {
        match floor_of(other) {
            None if other == "lib" => {}
            None => say(at, format!("`crate::{other}` is no room; name the room that holds it")),
            Some(floor) if floor > own => say(at, format!("`{room}` may not use `{other}`, which is above it")),
            Some(floor) if floor == own && other != room => {
                say(at, format!("`{room}` may not use `{other}`, which is on its floor"));
            }
            Some(_) => {}
        }
    }
    found
}

/// Where paths from the crate's root begin, and their first names.
fn rooms_used(code: &str, depth: usize) -> Vec<(usize, &str)> {
    let mut used = Vec::new();
    for at in words(code, "crate") {
        if let Some(path) = code[at + "crate".len()..].trim_start().strip_prefix("::") {
            used.extend(first_names(path).into_iter().map(|name| (at, name)));
        }
    }
    // Up to the root and down again. Within `mod tests` one `super` less leads there, so that only rooms' names count.
    for at in words(code, "super") {
        if code[..at].trim_end().ends_with("::") {
            continue;
        }
        let (mut rest, mut steps) = (&code[at..], 0);
        while let Some(path) = rest.strip_prefix("super").and_then(|r| r.trim_start().strip_prefix("::")) {
            rest = path.trim_start();
            steps += 1;
        }
        if steps >= depth {
            used.extend(first_names(rest).into_iter().filter(|name| floor_of(name).is_some()).map(|name| (at, name)));
        }
    }
    used
}

/// `a::b` → a; `{a::b, c::{d, e}}` → a, c.
fn first_names(path: &str) -> Vec<&str> {
    let path = path.trim_start();
    let Some(group) = path.strip_prefix('{') else {
        return Some(identifier(path)).into_iter().filter(|name| !name.is_empty()).collect();
    };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                names.push(identifier(group[start..i].trim_start()));
                start = i + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The identifier that a text begins with, or nothing.
fn identifier(text: &str) -> &str {
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

/// The identifier that a text ends with, or nothing.
fn identifier_back(text: &str) -> &str {
    &text[text.rfind(|c| !is_word(c)).map_or(0, |i| i + text[i..].chars().next().unwrap().len_utf8())..]
}

/// Where `word` stands as a whole word.
fn words(code: &str, word: &str) -> Vec<usize> {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(|&at| !code[..at].ends_with(is_word) && !code[at + word.len()..].starts_with(is_word))
        .collect()
}

/// The code with comments and the insides of quotes as spaces: lines and bytes stay where they are.
fn blank(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = bytes.to_vec();
    let mut i = 0;
    while i < bytes.len() {
        let rest = &bytes[i..];
        let after_word = i > 0 && (bytes[i - 1].is_ascii_alphanumeric() || bytes[i - 1] == b'_');
        let end = if rest.starts_with(b"//") {
            rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            block_comment(rest)
        } else if !after_word && raw_string(rest).is_some() {
            raw_string(rest).unwrap()
        } else if rest[0] == b'"' {
            quoted(rest, b'"')
        } else if rest.starts_with(b"'\\") || (rest[0] == b'\'' && char_literal(&source[i..])) {
            quoted(rest, b'\'')
        } else {
            i += 1;
            continue;
        };
        code[i..i + end].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
        i += end;
    }
    // Only whole characters were blanked, or parts of them byte by byte from their first to their last.
    String::from_utf8(code).unwrap()
}

/// `'x'` and not a lifetime.
fn char_literal(text: &str) -> bool {
    text.chars().nth(2) == Some('\'')
}

/// The length of a literal that ends at its first unescaped `quote`.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut i = 1;
    while i < text.len() && text[i] != quote {
        i += if text[i] == b'\\' { 2 } else { 1 };
    }
    (i + 1).min(text.len())
}

/// The length of `r"…"`, `r#"…"#`, `br"…"`.
fn raw_string(text: &[u8]) -> Option<usize> {
    let prefix = if text.starts_with(b"br") || text.starts_with(b"cr") { 2 } else { 1 };
    if text.get(prefix - 1) != Some(&b'r') {
        return None;
    }
    let hashes = text[prefix..].iter().take_while(|&&b| b == b'#').count();
    if text.get(prefix + hashes) != Some(&b'"') {
        return None;
    }
    let body = prefix + hashes + 1;
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let end = text[body..].windows(close.len()).position(|w| w == close).map_or(text.len(), |p| body + p + close.len());
    Some(end)
}

/// The length of a block comment; they nest.
fn block_comment(text: &[u8]) -> usize {
    let (mut i, mut depth) = (0, 0);
    while i < text.len() {
        if text[i..].starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if text[i..].starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    text.len()
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn every_room_uses_only_rooms_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    files.sort();
    assert!(files.len() > 10, "only {} files found below {}", files.len(), root.display());
    let found: Vec<String> = files
        .iter()
        .flat_map(|path| {
            let parts: Vec<_> = path.strip_prefix(&root).unwrap().iter().map(|p| p.to_str().unwrap()).collect();
            violations(&parts.join("/"), &std::fs::read_to_string(path).unwrap())
        })
        .collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn planted_violations_are_found() {
    let planted = [
        // file, source, line, and a part of what is said
        ("metric/sum.rs", "use crate::backend::Tile;", 1, "above"),
        ("matrix.rs", "\nuse crate::{metric::Info};", 2, "above"),
        ("compare/run.rs", "use crate::{\n    matrix::{Row, Values},\n    archive::Reader,\n};", 1, "`archive`"),
        ("compare/run.rs", "fn f() -> pub_crate { crate :: report :: html() }", 1, "`report`"),
        ("logo/mod.rs", "pub(crate) use crate::spectrum::Axis;", 1, "on its floor"),
        ("metric/mod.rs", "use super::backend::Tile;", 1, "above"),
        ("metric/sum.rs", "use super::super::compare::Job;", 1, "above"),
        ("metric/sum.rs", "use crate::Tile;", 1, "no room"),
        ("metric/sum.rs", "let a = \"\\\"\"; use crate::cli::Run;", 1, "above"),
        ("metric/sum.rs", "fn f<'a>(x: &'a str, c: char) { if c == '\"' { crate::cli::run() } }", 1, "above"),
        ("metric/sum.rs", "/* a /* b */ */ r#\"\"# ; use crate::cli::Run;", 1, "above"),
        ("compare/job.rs", "fn f(g: &hdf5::Group) {}", 1, "src/archive/"),
        ("compare/job.rs", "use hdf5 as h;", 1, "src/archive/"),
        ("backend/cpu/mod.rs", "use wgpu::Device;", 1, "src/backend/gpu/"),
        ("evaluate/mod.rs", "let m = ::faer::Mat::new();", 1, "src/chemometrics/"),
        ("archive/mod.rs", "#[derive(clap::Parser)]", 1, "src/cli/"),
        ("archive/mod.rs", "use anyhow::Context;", 1, "src/cli/"),
        ("report/html.rs", "indicatif::ProgressBar::new(1);", 1, "src/cli/"),
        ("report/html.rs", "std::println!(\"x\");", 1, "src/cli/"),
        ("lib.rs", "eprintln!(\"x\");", 1, "src/cli/"),
        ("metric/utils.rs", "", 1, "says nothing"),
        ("helpers/mod.rs", "", 1, "says nothing"),
        ("metric/mod.rs", "pub mod common {}", 1, "says nothing"),
        ("attic/mod.rs", "", 1, "new room"),
    ];
    for (file, source, line, part) in planted {
        let found = violations(file, source);
        assert!(
            found.iter().any(|v| v.starts_with(&format!("src/{file}:{line}: ")) && v.contains(part)),
            "{file}: {source}: found {found:?}, not {part:?} on line {line}"
        );
    }
}

#[test]
fn what_is_allowed_passes() {
    let allowed = [
        ("metric/sum.rs", "//! See [`crate::backend`].\nuse crate::matrix::Row; // crate::cli::run()"),
        ("metric/sum.rs", "let s = \"crate::cli::run() println!\"; let r = r#\"use hdf5::File;\"#; /* crate::cli::x */"),
        ("metric/mod.rs", "mod tests { use super::*; use super::sum::pairs; }"),
        ("backend/gpu/mod.rs", "use crate::metric::{self, Shader}; use wgpu::Device;"),
        ("archive/read.rs", "use crate::{compare::{RowSource, plan}, matrix::Values}; use hdf5::File;"),
        ("report/html.rs", "use crate::archive::hdf5::version; writeln!(out, \"x\")?;"),
        ("cli/compare.rs", "use anyhow::Result; use clap::Args; println!(\"x\"); use crate::report::html;"),
        ("main.rs", "fn main() { eprintln!(\"x\") }"),
        ("lib.rs", "pub mod metric; pub use crate::cli::Cli;"),
        ("logo/mod.rs", "pub(crate) fn f() {} pub(in crate::logo) fn g() {}"),
    ];
    for (file, source) in allowed {
        assert_eq!(violations(file, source), Vec::<String>::new(), "{file}: {source}");
    }
}
