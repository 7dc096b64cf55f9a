//! What differs between a manifest on file and what is found now: each thing by its path in the statement (a JSON pointer, RFC
//! 6901).

use super::canonical;
use super::statement::Manifest;
use serde_json::Value;
use std::fmt;

/// Longest value that is shown whole.
const SHOWN: usize = 200;

/// Which part of a manifest a thing belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    /// What defines the result, and the result: it is another one.
    Reproducible,
    /// The bytes of the file.
    File,
    /// When, where and by what it was made.
    Run,
    /// The file's name: it was moved.
    Name,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Name of the file whose manifest it is in.
    pub of: String,
    pub path: String,
    /// `None`: not there.
    pub recorded: Option<Value>,
    pub found: Option<Value>,
    /// Whether it speaks against the result. A new name of the file does not; nor do the bytes of an archive whose collection
    /// is as it was, and what follows from them above.
    pub grave: bool,
}

impl Difference {
    #[must_use]
    pub fn half(&self) -> Half {
        half(&self.path)
    }
}

fn half(path: &str) -> Half {
    match path {
        "/subject/0/name" => Half::Name,
        path if path.starts_with("/subject") => Half::File,
        path if path.starts_with("/predicate/run") => Half::Run,
        _ => Half::Reproducible,
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (recorded, found) = (shown(self.recorded.as_ref()), shown(self.found.as_ref()));
        write!(f, "{}: {}: recorded {recorded}, found {found}", self.of, self.path)
    }
}

/// A value in a line of text.
pub(super) fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing".into() };
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{} …", &text[..at]),
        None => text,
    }
}

/// All that differs between two manifests.
#[must_use]
pub fn between(recorded: &Manifest, found: &Manifest) -> Vec<Difference> {
    let mut all = Vec::new();
    walk(Some(recorded.value()), Some(found.value()), "", &mut |path, was, is| {
        all.push(Difference {
            of: recorded.name().to_owned(),
            path: path.to_owned(),
            recorded: was.cloned(),
            found: is.cloned(),
            grave: half(path) != Half::Name,
        });
    });
    all
}

/// What is told of a difference: its path, what was there, what is.
type Told<'a> = &'a mut dyn FnMut(&str, Option<&Value>, Option<&Value>);

/// Calls `differs` with the path of each leaf, or of what stands on one side alone.
fn walk(was: Option<&Value>, is: Option<&Value>, path: &str, differs: Told<'_>) {
    match (was, is) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))).collect();
            keys.sort_unstable();
            for key in keys {
                walk(a.get(key), b.get(key), &format!("{path}/{}", escaped(key)), differs);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for n in 0..a.len().max(b.len()) {
                walk(a.get(n), b.get(n), &format!("{path}/{n}"), differs);
            }
        }
        // To the letter: 2 and 2.0 are two things.
        (Some(a), Some(b)) if canonical::bytes(a) == canonical::bytes(b) => {}
        (None, None) => {}
        (a, b) => differs(path, a, b),
    }
}

/// A key as part of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
