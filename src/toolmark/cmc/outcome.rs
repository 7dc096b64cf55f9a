//! What a comparison says: the registration map of both directions, and counts.

use super::{Cell, Options};

/// Where a cell fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Registration {
    pub correlation: f64,
    /// px and µm.
    pub dx: i64,
    pub dy: i64,
    pub dx_um: f64,
    pub dy_um: f64,
    pub angle_degrees: f64,
    /// Points that both surfaces have there.
    pub pairs: usize,
}

/// What cells agree on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// px and µm.
    pub dx: f64,
    pub dy: f64,
    pub dx_um: f64,
    pub dy_um: f64,
    pub angle_degrees: f64,
}

/// Congruent by the original rule, or the first reason why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Congruent,
    /// Too little of the cell was measured.
    Unmeasured,
    /// Its heights are all the same.
    Flat,
    /// No place in its window has enough points in common with it.
    NoPlace,
    LowCorrelation,
    Displaced,
    Turned,
}

impl Verdict {
    /// In words, for a report.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Congruent => "congruent",
            Self::Unmeasured => "too few points measured",
            Self::Flat => "flat",
            Self::NoPlace => "no place with enough points in common",
            Self::LowCorrelation => "correlation below the limit",
            Self::Displaced => "at another place than the consensus",
            Self::Turned => "turned otherwise than the consensus",
        }
    }
}

/// A cell and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Examined {
    pub cell: Cell,
    /// The best over all rotations.
    pub best: Option<Registration>,
    pub verdict: Verdict,
    /// Where the convergent rule found it congruent: the highest correlation of those.
    pub convergent: Option<Registration>,
}

/// The count of one rotation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotation {
    pub angle_degrees: f64,
    /// n(θ).
    pub congruent: u32,
    /// Medians of dx and dy of the cells that reach the correlation limit.
    pub pose: Option<Pose>,
}

/// Cells of one surface on the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction {
    /// Row by row.
    pub cells: Vec<Examined>,
    /// Cells with enough measured points that are not flat.
    pub usable: u32,
    /// Congruent by the original rule.
    pub original: u32,
    pub consensus: Option<Pose>,
    /// Congruent by the convergent rule.
    pub convergent: u32,
    /// Whether the high rotations lie together; where not, the convergent count is the original one, cells and all.
    pub converged: bool,
    /// The rotation with the largest count, of several the middle one; the original consensus where nothing converged.
    pub pose: Option<Pose>,
    pub rotations: Vec<Rotation>,
    pub(super) frame: Frame,
}

/// How the two grids lie on each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// Added to a column and row of the first for one of the second.
    pub(super) origin: (i64, i64),
    /// Around which the second is turned.
    pub(super) centre: (f64, f64),
}

impl Frame {
    /// Of a first and second grid of (columns, rows).
    pub(super) fn new(first: (usize, usize), second: (usize, usize)) -> Self {
        let half = |a: usize, b: usize| (b as i64 - a as i64).div_euclid(2);
        let middle = |n: usize| (n as f64 - 1.0) / 2.0;
        Self { origin: (half(first.0, second.0), half(first.1, second.1)), centre: (middle(second.0), middle(second.1)) }
    }

    /// The point of the second that lies at (x, y) of the first's grid when it is turned by an angle with this (cos, sin).
    #[inline]
    pub(super) fn source(&self, x: f64, y: f64, (cos, sin): (f64, f64)) -> (f64, f64) {
        let (u, v) = (x + self.origin.0 as f64 - self.centre.0, y + self.origin.1 as f64 - self.centre.1);
        (cos * u + sin * v + self.centre.0, cos * v - sin * u + self.centre.1)
    }
}

pub(super) fn cos_sin(degrees: f64) -> (f64, f64) {
    let radians = degrees.to_radians();
    (libm::cos(radians), libm::sin(radians))
}

impl Direction {
    /// Where point (x, y) px of the cells' surface lies on the other one, in its px, if it is laid as a pose says.
    #[must_use]
    pub fn on_other(&self, x: f64, y: f64, pose: &Pose) -> (f64, f64) {
        self.frame.source(x + pose.dx, y + pose.dy, cos_sin(pose.angle_degrees))
    }
}

/// Both directions of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Cmc {
    /// Cells of A on B.
    pub forward: Direction,
    /// Cells of B on A.
    pub backward: Direction,
    pub options: Options,
}

impl Cmc {
    /// The smaller convergent count, where both directions converge and on one pose; else the smaller original count. It is the same whichever surface
    /// comes first.
    #[must_use]
    pub fn score(&self) -> u32 {
        if self.by_convergence() { self.forward.convergent.min(self.backward.convergent) } else { self.original() }
    }

    /// Whether the convergent counts are the ones that count.
    #[must_use]
    pub fn by_convergence(&self) -> bool {
        self.forward.converged && self.backward.converged && self.poses_agree()
    }

    /// Where a cell of the forward direction lies, if it is congruent by the rule that counts.
    #[must_use]
    pub fn congruent<'a>(&self, cell: &'a Examined) -> Option<&'a Registration> {
        if self.by_convergence() {
            cell.convergent.as_ref()
        } else {
            cell.best.as_ref().filter(|_| cell.verdict == Verdict::Congruent)
        }
    }

    /// The smaller count by the original rule.
    #[must_use]
    pub fn original(&self) -> u32 {
        self.forward.original.min(self.backward.original)
    }

    /// Whether both directions say the same: the middle of A, laid on B and from there back on A, comes home within the position tolerance, and the
    /// angles are opposite within the angle tolerance.
    #[must_use]
    pub fn poses_agree(&self) -> bool {
        let (Some(there), Some(back)) = (self.forward.pose, self.backward.pose) else { return false };
        let (x, y) = self.backward.frame.centre;
        let (on_b_x, on_b_y) = self.forward.on_other(x, y, &there);
        let (home_x, home_y) = self.backward.on_other(on_b_x, on_b_y, &back);
        let turned = (there.angle_degrees + back.angle_degrees).abs();
        let options = &self.options;
        (home_x - x).abs() <= options.position_px
            && (home_y - y).abs() <= options.position_px
            && turned.min((turned - 360.0).abs()) <= options.angle_degrees
    }
}
