//! Why a picture cannot be drawn.

use thiserror::Error;

/// What is wrong with a picture's data, or why its bytes could not be made.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Error {
    #[error("{figure}: there is nothing to draw: {what} is empty; give at least one value")]
    Empty { figure: &'static str, what: String },
    #[error(
        "{figure}: {what}, entry {index}, is {got}; allowed are finite numbers of at most 1e300; leave such rows out before drawing"
    )]
    NotFinite { figure: &'static str, what: String, index: usize, got: f64 },
    #[error("{figure}: {what} has {got} entries, but {expected} are needed: {reason}")]
    Length { figure: &'static str, what: String, got: usize, expected: usize, reason: &'static str },
    #[error("{figure}: {what} is {got}; allowed: {allowed}")]
    Value { figure: &'static str, what: String, got: String, allowed: String },
    #[error(
        "a picture of {width} × {height} at scale {scale} cannot be drawn; allowed are 200 to 8000 each way and a scale of 0.25 to 8"
    )]
    Size { width: f64, height: f64, scale: f64 },
    #[error("the picture could not be turned into PNG: {reason}; ask for SVG instead, and report this as a defect")]
    Png { reason: String },
}

/// The largest magnitude that can be drawn: sums and differences of two such numbers stay finite.
pub(super) const LARGEST: f64 = 1e300;

/// Refuses an empty slice and numbers that have no place on an axis.
pub(super) fn finite(figure: &'static str, what: &str, values: &[f64]) -> Result<(), Error> {
    if values.is_empty() {
        return Err(Error::Empty { figure, what: what.into() });
    }
    match values.iter().position(|v| !v.is_finite() || v.abs() > LARGEST) {
        Some(index) => {
            Err(Error::NotFinite { figure, what: what.into(), index, got: values.get(index).copied().unwrap_or(f64::NAN) })
        }
        None => Ok(()),
    }
}

/// As [`finite`], and no number below zero.
pub(super) fn not_negative(figure: &'static str, what: &str, values: &[f64]) -> Result<(), Error> {
    finite(figure, what, values)?;
    match values.iter().enumerate().find(|(_, v)| **v < 0.0) {
        Some((index, v)) => Err(Error::Value {
            figure,
            what: format!("{what}, entry {index},"),
            got: v.to_string(),
            allowed: "numbers from 0 up".into(),
        }),
        None => Ok(()),
    }
}

/// Refuses a slice of another length.
pub(super) fn length(figure: &'static str, what: &str, got: usize, expected: usize, reason: &'static str) -> Result<(), Error> {
    if got == expected { Ok(()) } else { Err(Error::Length { figure, what: what.into(), got, expected, reason }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_name_what_and_where() {
        assert_eq!(finite("scores", "x", &[1.0, 2.0]), Ok(()));
        assert_eq!(finite("scores", "x", &[LARGEST, -LARGEST]), Ok(()));
        let text = finite("scores", "x", &[1.0, f64::NAN]).unwrap_err().to_string();
        assert!(text.contains("scores: x, entry 1, is NaN"), "{text}");
        assert!(finite("scores", "x", &[1.1e300]).is_err());
        assert!(finite("scores", "x", &[]).unwrap_err().to_string().contains("x is empty"));
        assert!(not_negative("explained", "share", &[0.0, -1e-9]).is_err());
        assert_eq!(not_negative("explained", "share", &[0.0]), Ok(()));
        assert!(length("a", "b", 1, 2, "one a row").unwrap_err().to_string().contains("has 1 entries, but 2 are needed"));
    }
}
