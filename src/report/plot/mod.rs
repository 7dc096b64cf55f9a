//! Pictures of marks and of a chemometric stage, as SVG and PNG.
//!
//! A picture is plain data in, bytes out: [`draw`] takes a [`Figure`], a [`Style`] and a [`Format`]. It knows no models; whoever
//! has one hands its numbers over as slices. The same data give the same bytes on any machine: no clock, no font of the system,
//! no hashing order.
//!
//! | figure | shows |
//! |---|---|
//! | [`Scores`] | rows on two components, by class, with confidence ellipses |
//! | [`Loadings`] | components over the axis of a spectrum, or as bars over names |
//! | [`Distances`] | T² and Q of rows against the limits of a model |
//! | [`Explained`] | variance by component, and together |
//! | [`Dendrogram`] | a hierarchical clustering |
//! | [`Spectra`] | rows over their axis, in one panel or two: raw and prepared |
//! | [`Predictions`] | predicted against reference values |
//! | [`ErrorCurve`] | errors against the number of components |
//! | [`Confusion`] | counts of true against assigned classes |
//! | [`Roc`] | true against false rates of several scores |
//! | [`Det`] | miss against false rates on probit axes |
//! | [`RankCurve`] | identification rates by rank |
//! | [`Tippett`] | shares of likelihood ratios at or above a value, by truth |
//! | [`Ece`] | empirical cross-entropy over prior odds |
//! | [`PavPlot`] | likelihood ratios against what isotonic calibration makes of them |
//! | [`Histogram`] | two sets of values, with fitted densities and bounds |
//! | [`Sheet`] | pictures of specimens above the curves that were computed of them |
//!
//! The SVG carries `<title>` and `<desc>` and a `class` on every mark (`point`, `line`, `bar`, `cell`, `merge`, `limit` …); its text
//! is text. The PNG is that SVG, rendered with fonts that the program carries. Classes differ in shape or dashes as well as in
//! colour, so that a print without colour can be read. NaN, infinite and missing data are refused, with the entry named.

mod axis;
mod bitmap;
mod confusion;
mod dendrogram;
mod det;
mod distances;
mod ece;
mod ellipse;
mod error;
mod error_curve;
mod explained;
mod frame;
mod groups;
mod histogram;
mod legend;
mod loadings;
mod page;
mod palette;
mod pav_plot;
mod placer;
mod predictions;
mod rank_curve;
mod raster;
mod rates;
mod roc;
mod scene;
mod scores;
mod sheet;
mod spectra;
mod text;
mod ticks;
mod tippett;

#[cfg(test)]
mod evidence_tests;
#[cfg(test)]
mod tests;

pub use confusion::Confusion;
pub use dendrogram::{Dendrogram, Merge};
pub use det::Det;
pub use distances::{Border, Distances, Flag};
pub use ece::Ece;
pub use ellipse::Coverage;
pub use error::Error;
pub use error_curve::ErrorCurve;
pub use explained::Explained;
pub use histogram::{Density, Histogram};
pub use loadings::{Along, Loadings};
pub use page::Style;
pub use pav_plot::PavPlot;
pub use predictions::Predictions;
pub use rank_curve::RankCurve;
pub use rates::RateCurve;
pub use roc::Roc;
pub use scores::Scores;
pub use sheet::{Curve, Image, Outline, Sheet};
pub use spectra::{Panel, Spectra};
pub use ticks::Ticks;
pub use tippett::Tippett;

/// What the bytes of a picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Svg,
    Png,
}

/// A picture to be drawn.
#[derive(Debug, Clone, Copy)]
pub enum Figure<'a> {
    Scores(&'a Scores<'a>),
    Loadings(&'a Loadings<'a>),
    Distances(&'a Distances<'a>),
    Explained(&'a Explained<'a>),
    Dendrogram(&'a Dendrogram<'a>),
    Spectra(&'a Spectra<'a>),
    Predictions(&'a Predictions<'a>),
    ErrorCurve(&'a ErrorCurve<'a>),
    Confusion(&'a Confusion<'a>),
    Sheet(&'a Sheet<'a>),
    Roc(&'a Roc<'a>),
    Det(&'a Det<'a>),
    RankCurve(&'a RankCurve<'a>),
    Tippett(&'a Tippett<'a>),
    Ece(&'a Ece<'a>),
    PavPlot(&'a PavPlot<'a>),
    Histogram(&'a Histogram<'a>),
}

/// Draws a picture.
///
/// ```
/// use striae::report::plot::{Explained, Figure, Format, Style, draw};
/// let figure = Explained { percent: &[71.2, 20.1, 4.4], chosen: Some(2) };
/// let svg = draw(&Figure::Explained(&figure), &Style { title: "Coffee", ..Style::default() }, Format::Svg)?;
/// assert!(svg.starts_with(b"<svg"));
/// # Ok::<(), striae::report::plot::Error>(())
/// ```
///
/// # Errors
/// When the data are empty, not finite or of lengths that do not fit, or the size is not allowed; the text names what and where.
pub fn draw(figure: &Figure<'_>, style: &Style<'_>, format: Format) -> Result<Vec<u8>, Error> {
    style.check()?;
    let (scene, about) = match figure {
        Figure::Scores(f) => f.paint(style),
        Figure::Loadings(f) => f.paint(style),
        Figure::Distances(f) => f.paint(style),
        Figure::Explained(f) => f.paint(style),
        Figure::Dendrogram(f) => f.paint(style),
        Figure::Spectra(f) => f.paint(style),
        Figure::Predictions(f) => f.paint(style),
        Figure::ErrorCurve(f) => f.paint(style),
        Figure::Confusion(f) => f.paint(style),
        Figure::Sheet(f) => f.paint(style),
        Figure::Roc(f) => f.paint(style),
        Figure::Det(f) => f.paint(style),
        Figure::RankCurve(f) => f.paint(style),
        Figure::Tippett(f) => f.paint(style),
        Figure::Ece(f) => f.paint(style),
        Figure::PavPlot(f) => f.paint(style),
        Figure::Histogram(f) => f.paint(style),
    }?;
    let description = if style.description.is_empty() { about.clone() } else { format!("{} {about}", style.description) };
    let svg = scene.svg(if style.title.is_empty() { &about } else { style.title }, &description);
    match format {
        Format::Svg => Ok(svg.into_bytes()),
        Format::Png => bitmap::png(&svg, style.scale),
    }
}
