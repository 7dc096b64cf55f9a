//! The report page: links, series, times, places and plots in one HTML file that a browser opens from a USB stick.
//!
//! [`write`] takes plain data, a [`Report`], and knows neither archive nor model. The same report gives the same bytes on any
//! machine. The page needs no network and could not use one: its content security policy forbids every request, and allows one script
//! and one style sheet, by their SHA-256.
//!
//! # How the page is built
//! - Title, summary, statements, warnings, plots, changes and provenance are HTML, readable without a script.
//! - Exhibits, links and series are columns of numbers and text (`columns`), deflated (RFC 1951) and in base64 in a `<script type="text/plain">`;
//!   the browser inflates them into typed arrays. Tables draw the rows in sight only.
//! - Drawings come last in the file, each deflated by itself, and are inflated when opened. They and the plots are shown as images,
//!   in which a browser runs no script and loads nothing.
//! - Text is data: in HTML it is escaped, in the script it is set as text; control characters and those that turn the direction of
//!   writing are shown by their code (`escape`).
//!
//! # Numbers
//! Scores and log10 LRs are stored in f32, so with a relative error of at most 2⁻²⁴ ≈ 6·10⁻⁸; coordinates likewise (under 1 m), positions too.
//! Rounding keeps order, so a filter leaves out no link that passes in f64. The exact numbers are in the result the page was
//! made from. Links are stored best first: by log10 LR, then the smaller a, then the smaller b, in f64.
//!
//! # Words
//! The verbal scale is that of ENFSI, *Guideline for Evaluative Reporting in Forensic Science* (2015): LR from 2 weak, 10
//! moderate, 100 moderately strong, 1 000 strong, 10 000 very strong, 1 000 000 extremely strong support; below 1/2 the same
//! for H2; between, inconclusive. A bound belongs to the stronger word. The word follows the printed number (two decimals).
//!
//! # What it does not do
//! It computes no score, ratio, layout or series, and draws no coast lines: the map is a graticule. It is made for 50 000
//! exhibits and 200 000 links (interactive in 2 s on two cores); larger ones work and open slower. Browsers: Chromium 103, Firefox 113,
//! Safari 16.4 and later (raw deflate).

mod check;
mod columns;
mod date;
mod error;
mod escape;
mod html;
mod pack;
mod report;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use html::write;
pub use report::{Drawing, Exhibit, Links, Measured, Modality, Plot, Provenance, Report, Series};
