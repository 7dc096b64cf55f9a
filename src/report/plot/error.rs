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

/// As [`finite`], but infinite numbers are allowed: the figure has a place for them.
pub(super) fn or_infinite(figure: &'static str, what: &str, values: &[f64]) -> Result<(), Error> {
    if values.is_empty() {
        return Err(Error::Empty { figure, what: what.into() });
    }
    match values.iter().enumerate().find(|(_, v)| v.is_nan() || (v.is_finite() && v.abs() > LARGEST)) {
        Some((index, v)) => Err(Error::Value {
            figure,
            what: format!("{what}, entry {index},"),
            got: v.to_string(),
            allowed: "numbers of at most 1e300, and infinite ones; leave others out before drawing".into(),
        }),
        None => Ok(()),
    }
}

/// As [`finite`], and numbers from 0 to 1 only.
pub(super) fn shares(figure: &'static str, what: &str, values: &[f64]) -> Result<(), Error> {
    not_negative(figure, what, values)?;
    match values.iter().enumerate().find(|(_, v)| **v > 1.0) {
        Some((index, v)) => Err(Error::Value {
            figure,
            what: format!("{what}, entry {index},"),
            got: v.to_string(),
            allowed: "rates from 0 to 1".into(),
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
        assert_eq!(or_infinite("tippett", "LR", &[f64::INFINITY, -1.0]), Ok(()));
        assert!(or_infinite("tippett", "LR", &[1.0, f64::NAN]).unwrap_err().to_string().contains("LR, entry 1, is NaN"));
        assert!(or_infinite("tippett", "LR", &[1.1e300]).is_err() && or_infinite("tippett", "LR", &[]).is_err());
        assert_eq!(shares("roc", "rate", &[0.0, 1.0]), Ok(()));
        assert!(shares("roc", "rate", &[0.5, 1.01]).unwrap_err().to_string().contains("rate, entry 1, is 1.01; allowed: rates"));
        assert!(length("a", "b", 1, 2, "one a row").unwrap_err().to_string().contains("has 1 entries, but 2 are needed"));
    }
}
