//! Why there is no count.

use super::{SPACING_TOLERANCE, Surface};
use std::fmt;

/// Which surface of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    A,
    B,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "first",
            Self::B => "second",
        })
    }
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("congruent cells: {name} is {got}; allowed are {allowed}")]
    Option { name: &'static str, got: String, allowed: &'static str },
    #[error(
        "congruent cells: points of the first surface lie {a:?} µm apart (x, y), of the second {b:?}; they must be one length, to \
         5e-4 of it, on both surfaces and along both axes; resample them first"
    )]
    Spacing { a: (f64, f64), b: (f64, f64) },
    #[error(
        "congruent cells: the {side} surface has {columns} × {rows} points; {cells:?} cells (across, down) of at least {least} points a side do not fit; \
         take fewer cells or a finer spacing"
    )]
    Small { side: Side, columns: usize, rows: usize, cells: (usize, usize), least: usize },
    #[error(
        "congruent cells: a search window of ± {got} points is larger than the {side} surface, {columns} × {rows} points; take a smaller one"
    )]
    Window { side: Side, got: usize, columns: usize, rows: usize },
    #[error(
        "congruent cells: the {measured} measured heights of the {side} surface have a standard deviation of {got} µm; it must be above 0 and finite: \
         was the mark measured?"
    )]
    Flat { side: Side, measured: usize, got: f64 },
}

pub(super) fn same_spacing(a: &Surface, b: &Surface) -> Result<(), Error> {
    let ((ax, ay), (bx, by)) = (a.spacing_um(), b.spacing_um());
    let same = [ay, bx, by].iter().all(|s| (s - ax).abs() <= SPACING_TOLERANCE * ax);
    if same { Ok(()) } else { Err(Error::Spacing { a: (ax, ay), b: (bx, by) }) }
}
