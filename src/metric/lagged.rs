//! Metrics that take the best of many alignments: what a second stage computes of two rows that the first let pass.
//!
//! The first stage, on any backend, bounds the score at every alignment at once by one inner product of magnitude spectra. The second, on the
//! processor, finds the best alignment by one inverse transform of stored spectra, off by at most [`SLACK`].

use super::ccf::Ccf;
use super::logpolar::LogPolar;
use super::vector::{Step, Vector};
use super::{ccf, logpolar};
use crate::matrix::Row;

/// What the second stage may be off by, half of it a row's.
pub const SLACK: f64 = 6e-4;

/// A row as the second stage needs it.
#[derive(Clone, Debug)]
pub enum Prepared {
    Profile(ccf::Lagged),
    Polar(logpolar::Rings),
}

/// A metric with a second stage.
#[derive(Clone, Copy, Debug)]
pub enum Lagged<'a> {
    /// Profiles shifted against each other.
    Shifts(&'a Ccf),
    /// Log-polar images turned against each other.
    Turns(&'a LogPolar),
}

impl Lagged<'_> {
    /// A row for the second stage, where that is quick.
    #[must_use]
    pub fn prepare(self, x: Row<'_>) -> Option<Prepared> {
        match self {
            Self::Shifts(ccf) => ccf.prepare(x).map(Prepared::Profile),
            Self::Turns(polar) => polar.prepare(x).map(Prepared::Polar),
        }
    }

    /// The score of two prepared rows of `width` numbers, off by at most [`SLACK`]; `None` where that cannot be promised.
    #[must_use]
    pub fn estimate(self, a: &Prepared, b: &Prepared, width: usize) -> Option<f32> {
        match (self, a, b) {
            (Self::Shifts(ccf), Prepared::Profile(a), Prepared::Profile(b)) => ccf.estimate(a, b, width),
            (Self::Turns(polar), Prepared::Polar(a), Prepared::Polar(b)) => polar.estimate(a, b),
            _ => None,
        }
    }

    /// Bytes that a prepared row takes.
    #[must_use]
    pub fn prepared_bytes(self, width: usize) -> usize {
        size_of::<Prepared>()
            + match self {
                Self::Shifts(ccf) => ccf.prepared_bytes(width),
                Self::Turns(polar) => polar.prepared_bytes(width),
            }
    }
}

/// t ← t + x·y of weighted magnitude spectra.
pub struct Magnitudes;

impl Step for Magnitudes {
    #[inline(always)]
    fn step<V: Vector>(_: V, sum: V, x: V, y: V) -> V {
        x.mul_add(y, sum)
    }

    #[inline(always)]
    fn bound(gain: f32, t: f32, _: f32, _: f32) -> f32 {
        gain * t
    }
}
