//! Parts of a picture, and what was found there.

use std::fmt;

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// The leftmost column.
    pub x: usize,
    /// The topmost row.
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

impl Rectangle {
    /// Whether it has pixels and all lie in a picture of that size.
    #[must_use]
    pub fn within(&self, width: usize, height: usize) -> bool {
        let inside = |from: usize, size: usize, of: usize| size > 0 && from.checked_add(size).is_some_and(|end| end <= of);
        inside(self.x, self.width, width) && inside(self.y, self.height, height)
    }
}

impl fmt::Display for Rectangle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {} pixels from column {}, row {}", self.width, self.height, self.x, self.y)
    }
}

/// What was found in an area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Where it is in the picture.
    pub rectangle: Rectangle,
    /// The direction of its stripes, above 0° up to 180°, clockwise from the x axis.
    pub angle_deg: f64,
    /// 0: no direction. 1: stripes only.
    pub coherence: f64,
    /// Root mean square of the flattened shades.
    pub contrast: f64,
    /// Whether it contributed to the signature.
    pub striated: bool,
}
