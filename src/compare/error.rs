//! What can go wrong with a comparison, in words for the person who reads it.

use super::source::SourceError;

/// Why a comparison was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is not what the metric or the job can take. Nothing was computed.
    #[error("{source_name}: row {row}{}: {why}. Correct or remove the row, or leave such rows out with --invalid skip", label.as_ref().map(|l| format!(" (id {l:?})")).unwrap_or_default())]
    Row { source_name: String, row: usize, label: Option<String>, why: crate::metric::Undefined },
    /// A peak list that cannot be compared.
    #[error("{source_name}: spectrum {row}{}: {why}. Correct or remove it, or leave such spectra out with --invalid skip", label.as_ref().map(|l| format!(" (id {l:?})")).unwrap_or_default())]
    Spectrum { source_name: String, row: usize, label: Option<String>, why: crate::metric::peaks::Error },
    #[error(
        "{query} has {query_width} features and {reference} has {reference_width}: both must have the same number, in the same order"
    )]
    Widths { query: String, query_width: usize, reference: String, reference_width: usize },
    #[error("{0}: no row is left to compare: all of them were left out as invalid")]
    NothingLeft(String),
    #[error("{0}: --exclude exhibit needs the exhibit of each row; a collection says it in a dataset `exhibit` beside `values`")]
    NoExhibits(String),
    #[error("{0}")]
    Option(String),
    #[error(
        "--memory {allowed} is too little: this comparison needs at least {needed} ({why}). Give --memory {needed} or more, or ask for a smaller --top-k"
    )]
    Memory { allowed: String, needed: String, why: String },
    #[error(
        "scores reach {largest:e}, beyond what f32 holds (3.4e38): --dense cannot store them. Rescale the data, or use --top-k or --threshold"
    )]
    DenseRange { largest: f64 },
    #[error(
        "{path}: cannot keep links found so far: {source}. {}, or give a stricter --threshold",
        if source.kind() == std::io::ErrorKind::FileTooLarge { "Raise the limit on the size of files (ulimit -f)" } else { "Free space there" }
    )]
    Spool { path: String, source: std::io::Error },
    #[error("{0}")]
    Sink(String),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Journal(#[from] super::journal::Error),
    #[error(
        "{path}: this is the journal of another run: {field} was {then} and is {now} now. Give the options and inputs of that run again, or start over with --overwrite"
    )]
    OtherRun { path: String, field: String, then: String, now: String },
    #[error("interrupted; nothing was written. The same command starts it again")]
    Stopped,
    #[error("interrupted with {percent:.1} % done; {}. The same command with --resume goes on", if *lost { format!("the last commit failed, and {path} holds so much") } else { format!("{path} holds all of it") })]
    Interrupted { path: String, percent: f64, lost: bool },
}

impl Error {
    /// Whether the fault lies in the input, which another attempt will not change.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Row { .. }
                | Self::Spectrum { .. }
                | Self::Widths { .. }
                | Self::NothingLeft(_)
                | Self::NoExhibits(_)
                | Self::DenseRange { .. }
                | Self::OtherRun { .. }
                | Self::Journal(super::journal::Error::Damaged { .. })
        )
    }
}

/// Bytes as people write them: `512 MiB`.
#[must_use]
pub fn bytes(n: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, size) in UNITS {
        if n >= size {
            let tenths = (n * 10).div_ceil(size);
            return if tenths >= 1000 || tenths.is_multiple_of(10) {
                format!("{}{unit}", n.div_ceil(size))
            } else {
                format!("{}.{}{unit}", tenths / 10, tenths % 10)
            };
        }
    }
    format!("{n}B")
}
