//! What the reader process is asked and what it answers.
//!
//! A question is one line of JSON. An answer is one line of JSON, a [`Head`], and as many bytes as it says. Rows come as
//! little-endian f32 or f64; everything else as JSON.

use crate::matrix::Element;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A question.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Question {
    /// All groups and datasets: answers `Vec<Node>`.
    Tree,
    /// Rows of a 2-D dataset (or entries of a 1-D one, tables of a 3-D one): answers numbers.
    Rows { dataset: String, start: usize, count: usize },
    /// Entries of a 1-D dataset as text: answers `Vec<String>`.
    Texts { dataset: String, start: usize, count: usize },
}

impl Question {
    /// What is being done, for messages.
    pub fn doing(&self) -> String {
        match self {
            Self::Tree => "looking at what it holds".into(),
            Self::Rows { dataset, start, count } => format!("reading rows {start} to {} of {dataset}", start + count),
            Self::Texts { dataset, start, count } => format!("reading entries {start} to {} of {dataset}", start + count),
        }
    }
}

/// The first line of an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Head {
    /// So many bytes follow.
    Bytes(usize),
    /// Why there is no answer.
    Refused(String),
}

/// A group or a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// From the root: `/spectra/values`.
    pub path: String,
    /// `None` for a group.
    pub dataset: Option<Dataset>,
    /// Attributes that are single texts or numbers.
    pub attributes: BTreeMap<String, String>,
}

/// A dataset, as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    pub shape: Vec<usize>,
    /// `f32`, `u8`, `text`, `compound` …
    pub stored: String,
    /// What its numbers are read as; `None` when they are no numbers.
    pub element: Option<Wire>,
    pub text: bool,
    /// Shape of a chunk, where it is chunked.
    pub chunk: Option<Vec<usize>>,
    pub filters: Vec<String>,
    /// Filters that this build cannot undo.
    pub unreadable: Vec<String>,
}

/// [`Element`] on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wire {
    F32,
    F64,
}

impl From<Wire> for Element {
    fn from(wire: Wire) -> Self {
        match wire {
            Wire::F32 => Self::F32,
            Wire::F64 => Self::F64,
        }
    }
}
