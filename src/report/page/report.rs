//! What a report page is made of: plain data.

/// A report. Indices are into [`Report::exhibits`] and [`Report::links`]; all lengths are checked by [`super::write`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub title: String,
    /// When the report was made, as it shall be printed: ISO 8601.
    pub made: String,
    /// Of the program.
    pub version: String,
    /// What was compared, with how many links and series, at which limit: label and value.
    pub summary: Vec<(String, String)>,
    /// Population, limits, what the combination assumes. At least one where there are links: they stand beside the numbers.
    pub statements: Vec<String>,
    pub warnings: Vec<String>,
    /// The propositions that the combined log10 LR is about.
    pub h1: String,
    pub h2: String,
    pub exhibits: Vec<Exhibit>,
    pub modalities: Vec<Modality>,
    pub links: Links,
    pub series: Vec<Series>,
    pub drawings: Vec<Drawing>,
    /// The command that draws a link for which no drawing was stored; `{a}` and `{b}` stand for the ids, which are put in quotes
    /// for a POSIX shell where they need them.
    pub show: Option<String>,
    /// Of the calibration.
    pub plots: Vec<Plot>,
    /// Against an earlier run.
    pub changes: Vec<String>,
    pub provenance: Vec<Provenance>,
}

/// A seized package.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exhibit {
    /// Not empty, and no other exhibit's.
    pub id: String,
    /// May be empty.
    pub case: String,
    /// `2024-05-31`, with or without a time after `T`; or empty. A time is not shown.
    pub date: String,
    /// May be empty.
    pub place: String,
    /// Degrees, WGS 84, both or none.
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
}

/// One kind of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Modality {
    /// "toolmarks"
    pub name: String,
    /// "ccf"
    pub metric: String,
    /// Whether a larger score is a closer one.
    pub larger_is_closer: bool,
    pub h1: String,
    pub h2: String,
    /// The least and the largest log10 LR that the data of the calibration support.
    pub limits: [f64; 2],
}

/// Links as columns, in any order: n pairs of exhibits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Links {
    pub a: Vec<u32>,
    pub b: Vec<u32>,
    /// Combined, finite.
    pub log10_lr: Vec<f64>,
    /// Whether a limit cut the combined log10 LR or one of its parts.
    pub limited: Vec<bool>,
    /// One entry for each modality, in its order.
    pub modalities: Vec<Measured>,
}

/// What one modality says of each link; NaN where it was not measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    pub score: Vec<f64>,
    pub log10_lr: Vec<f64>,
}

/// Exhibits connected by links. An exhibit is in one series at most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// "S0012"
    pub name: String,
    pub members: Vec<u32>,
    /// For each member the number of its community at a stricter limit.
    pub communities: Vec<u32>,
    /// For each member its place in the picture of the series: x and y in 0..=1, y down.
    pub layout: Vec<[f64; 2]>,
}

/// A picture that explains a link.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    pub link: usize,
    /// A whole SVG document.
    pub svg: String,
    pub caption: String,
}

/// A picture of the calibration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    pub title: String,
    pub caption: String,
    /// A whole SVG document.
    pub svg: String,
}

/// A record: inputs, configuration, digests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    pub title: String,
    /// JSON or text, shown as it is.
    pub text: String,
}
