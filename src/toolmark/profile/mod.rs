//! Profiles across a mark: heights in µm at even distances, read from text and from NumPy's files.
//!
//! | file | told by | units |
//! |---|---|---|
//! | text, CSV: x and height, or height alone | numbers in its lines | its header, else the caller, else µm (`text`) |
//! | NumPy array of one dimension, (n, 1) or (1, n) | `\x93NUMPY` | the caller; there is no other (`npy`) |
//!
//! NaN, ±∞ and empty fields are not measured, at the ends as in the middle. Points lie evenly: distances that differ by more than 1 % are refused
//! with their place, as whatever is computed of a profile takes them for even. X3P profiles are read as surfaces of one row
//! ([`super::x3p`]); an array of two dimensions is a surface too ([`read_surface_npy`]).

mod npy;
mod text;

use super::surface::{Surface, SurfaceError};
use super::unit::LengthUnit;

/// Heights along a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    heights_um: Vec<f64>,
    measured: Vec<bool>,
    spacing_um: Option<f64>,
    notes: Vec<String>,
}

impl Profile {
    /// Heights of which those that are not finite are not measured; in µm.
    fn of(mut heights_um: Vec<f64>, spacing_um: Option<f64>, notes: Vec<String>) -> Result<Self, Error> {
        let measured: Vec<bool> = heights_um.iter().map(|h| h.is_finite()).collect();
        if !measured.contains(&true) {
            return Err(Error::whole(format!("none of its {} points was measured", measured.len()), "measure it again"));
        }
        for (h, m) in heights_um.iter_mut().zip(&measured) {
            if !m {
                *h = 0.0;
            }
        }
        Ok(Self { heights_um, measured, spacing_um, notes })
    }

    /// All heights; 0 where nothing was measured.
    #[must_use]
    pub fn heights_um(&self) -> &[f64] {
        &self.heights_um
    }

    /// Which points were measured.
    #[must_use]
    pub fn measured(&self) -> &[bool] {
        &self.measured
    }

    /// The distance of points, where the file or the caller says it.
    #[must_use]
    pub const fn spacing_um(&self) -> Option<f64> {
        self.spacing_um
    }

    /// What the file does not say and was taken for so.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// What the person knows and a file may not say.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Hints {
    pub height_unit: Option<LengthUnit>,
    pub x_unit: Option<LengthUnit>,
    pub spacing_um: Option<f64>,
}

impl Hints {
    fn checked(&self) -> Result<(), Error> {
        match self.spacing_um {
            Some(s) if !(s.is_finite() && s > 0.0) => {
                Err(Error::whole(format!("you say that its points are {s} µm apart"), "allowed are finite numbers above 0"))
            }
            _ => Ok(()),
        }
    }
}

/// Why a profile was not read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("line {line}: {what}; {advice}")]
    Line { line: usize, what: String, advice: String },
    #[error("{what}; {advice}")]
    Whole { what: String, advice: String },
    /// It can be read in two ways.
    #[error("{what}: {advice}")]
    Ambiguous { what: String, advice: String },
    #[error(transparent)]
    Surface(#[from] SurfaceError),
}

impl Error {
    fn line(line: usize, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Line { line, what: what.into(), advice: advice.into() }
    }

    fn whole(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Whole { what: what.into(), advice: advice.into() }
    }

    fn ambiguous(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Ambiguous { what: what.into(), advice: advice.into() }
    }
}

/// Reads a profile's bytes; `name` is its file name, used only to say what it is where that is not read.
///
/// # Errors
/// [`Error`]: where it is wrong, or what it does not say and you must.
pub fn read(name: &str, bytes: &[u8], hints: &Hints) -> Result<Profile, Error> {
    hints.checked()?;
    if bytes.is_empty() {
        return Err(Error::whole("the file is empty", "export it again"));
    }
    if npy::is(bytes) {
        return npy::profile(bytes, hints);
    }
    let advice = "read are text (x and height in columns), CSV and .npy; export the profile as one of them";
    let head = &bytes[..bytes.len().min(4096)];
    let wide = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    if head.starts_with(b"PK") {
        let advice = "an X3P file is read as such, and an .npz is unpacked first: it holds .npy files";
        return Err(Error::whole(format!("{name:?} is a ZIP archive"), advice));
    }
    if head.contains(&0) && !wide {
        return Err(Error::whole(format!("{name:?} is neither text nor a NumPy array"), advice));
    }
    text::profile(bytes, hints)
}

/// Whether the bytes are a NumPy array of two dimensions, neither of them 1.
#[must_use]
pub fn is_surface_npy(bytes: &[u8]) -> bool {
    npy::is(bytes) && npy::shape(bytes).is_some_and(|s| s.len() == 2 && s.iter().all(|n| *n > 1))
}

/// Reads a NumPy array of two dimensions as a surface: `array[row, column]`, rows along y. Spacing (x, y) and unit are the caller's to say, as
/// the file knows neither.
///
/// # Errors
/// [`Error`]: where it is wrong.
pub fn read_surface_npy(bytes: &[u8], height_unit: LengthUnit, spacing_um: (f64, f64)) -> Result<Surface, Error> {
    npy::surface(bytes, height_unit, spacing_um)
}
