//! The sheet that a picture is drawn on.

use super::error::Error;
use super::legend::{self, Entry};
use super::scene::{Anchor, Label, Rect, Scene};
use super::text;

const EDGE: f64 = 12.0;
const TITLE: f64 = 16.0;

/// Size and words of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style<'a> {
    /// Pixels, 200 to 8000.
    pub width: f64,
    pub height: f64,
    /// Above the picture, and its name for screen readers; cut with an ellipsis where it is wider than the picture.
    pub title: &'a str,
    /// Said to screen readers before what the picture says about itself.
    pub description: &'a str,
    /// Pixels of a PNG for each pixel of the SVG.
    pub scale: f64,
}

impl Default for Style<'_> {
    fn default() -> Self {
        Self { width: 900.0, height: 600.0, title: "", description: "", scale: 2.0 }
    }
}

impl Style<'_> {
    pub(super) fn check(&self) -> Result<(), Error> {
        let sides = [self.width, self.height].iter().all(|s| (200.0..=8000.0).contains(s));
        if sides && (0.25..=8.0).contains(&self.scale) {
            Ok(())
        } else {
            Err(Error::Size { width: self.width, height: self.height, scale: self.scale })
        }
    }

    /// A sheet with title and legend, and the area that is left for the plot.
    pub(super) fn open(&self, entries: &[Entry]) -> (Scene, Rect) {
        let mut scene = Scene::new(self.width, self.height);
        let mut area = Rect { x: EDGE, y: EDGE, w: self.width - 2.0 * EDGE, h: self.height - 2.0 * EDGE };
        if !self.title.is_empty() {
            let label = Label::new("title", self.width / 2.0, EDGE + TITLE / 2.0, TITLE, Anchor::Middle);
            scene.text(&label, &text::fit(self.title, TITLE, area.w));
            area = Rect { y: area.y + TITLE + 8.0, h: area.h - TITLE - 8.0, ..area };
        }
        let area = legend::draw(&mut scene, area, entries);
        (scene, area)
    }
}

/// "1 row", "3 rows", "2 classes", "5 leaves".
pub(super) fn counted(n: usize, noun: &str) -> String {
    match (n, noun.strip_suffix("leaf")) {
        (1, _) => format!("1 {noun}"),
        (_, Some(before)) => format!("{n} {before}leaves"),
        _ if noun.ends_with("class") => format!("{n} {noun}es"),
        _ => format!("{n} {noun}s"),
    }
}

/// The radius of markers when there are `n`.
pub(super) const fn radius(n: usize) -> f64 {
    match n {
        0..=300 => 4.0,
        301..=3000 => 3.0,
        _ => 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_well() {
        let read = [(1, "row"), (0, "row"), (2, "true class"), (1, "leaf"), (3, "leaf")].map(|(n, noun)| counted(n, noun));
        assert_eq!(read, ["1 row", "0 rows", "2 true classes", "1 leaf", "3 leaves"]);
    }
}
