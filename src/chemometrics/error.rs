//! What can be wrong with a model or with the rows it is given.

/// Why a model cannot be made or applied.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("{what}: {got} rows are too few, {needed} or more are needed")]
    FewRows { what: &'static str, got: usize, needed: usize },
    #[error("{what}: {got} components were asked for; with {rows} rows and {width} features from 1 to {most} are possible")]
    Components { what: &'static str, got: usize, most: usize, rows: usize, width: usize },
    #[error("row {row}, feature {feature} is {value}; models need finite numbers. Correct the row, or leave it out")]
    NotFinite { row: usize, feature: usize, value: f64 },
    #[error(
        "rows of {got} features were given to a model of {expected}; give it data measured and prepared as those it was made of"
    )]
    Width { got: usize, expected: usize },
    #[error("{labels} labels for {rows} rows; each row needs one (an empty one where it is not known)")]
    Labels { labels: usize, rows: usize },
    #[error("{what} needs two classes or more; the labels name {}", if found.is_empty() { "none".to_owned() } else { found.join(", ") })]
    OneClass { what: &'static str, found: Vec<String> },
    #[error("class {class:?} has {got} rows; {what} needs {needed} or more of each class")]
    FewInClass { class: String, what: &'static str, got: usize, needed: usize },
    #[error("all rows are the same: there is no variance to explain")]
    NoVariance,
    #[error("{0}")]
    Option(String),
    /// A row that a recipe cannot be applied to.
    #[error("--prepare: {0}")]
    Prepare(String),
    #[error("the stored model is damaged or of another version: {0}")]
    Stored(String),
    #[error("{what} did not succeed: {why}")]
    Numerics { what: &'static str, why: String },
}
