//! What the marks mean: a list to the right of the plot, which never covers it.
//!
//! Entries that do not fit in one column get more columns and smaller text; what still does not fit is counted in the last line.

use super::palette::Look;
use super::scene::{Anchor, Label, Marker, Rect, Scene, Stroke};
use super::text;

/// The sign before an entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    Marker(Marker),
    Line(Stroke),
    Marked(Stroke, Marker),
    Band(&'static str),
    /// Text alone, such as a number that belongs to the entry above.
    Note,
}

impl Key {
    pub(super) fn class(look: Look) -> Self {
        Self::Marker(Marker { shape: look.shape, colour: look.colour, radius: 4.0, hollow: false })
    }
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) text: String,
}

impl Entry {
    pub(super) fn new(key: Key, text: impl Into<String>) -> Self {
        Self { key, text: text.into() }
    }
}

const KEY: f64 = 28.0;
const GAP: f64 = 10.0;

struct Layout {
    size: f64,
    rows: usize,
    widths: Vec<f64>,
    shown: usize,
}

impl Layout {
    fn width(&self) -> f64 {
        self.widths.iter().map(|w| w + GAP).sum()
    }
}

fn pitch(size: f64) -> f64 {
    libm::round(size * 1.5)
}

/// The last line, where only `shown` of `all` have a place; it takes the last of them.
fn more(all: usize, shown: usize) -> String {
    format!("… and {} more", all - shown + 1)
}

fn lay_out(entries: &[Entry], size: f64, area: Rect, most: f64) -> Layout {
    let rows = libm::floor(area.h / pitch(size)).max(1.0) as usize;
    let widths = |shown: usize| -> Vec<f64> {
        let all = entries.get(..shown).unwrap_or(entries);
        let last = if shown < entries.len() { text::width(&more(entries.len(), shown), size) + 1.0 } else { 0.0 };
        all.chunks(rows)
            .map(|column| {
                column.iter().map(|e| KEY + libm::ceil(text::width(&e.text, size) + 0.01)).fold(last, f64::max).min(most - GAP)
            })
            .collect()
    };
    let mut layout = Layout { size, rows, widths: widths(entries.len()), shown: entries.len() };
    while layout.width() > most && layout.widths.len() > 1 {
        layout.shown = (layout.widths.len() - 1) * rows;
        layout.widths = widths(layout.shown);
    }
    layout
}

/// Draws the legend at the right of `area` and gives back what is left of it.
pub(super) fn draw(scene: &mut Scene, area: Rect, entries: &[Entry]) -> Rect {
    if entries.is_empty() {
        return area;
    }
    let most = area.w * 0.42;
    let mut layout = lay_out(entries, 12.0, area, most);
    for size in [11.0, 10.0, 9.0, 8.0] {
        // Two columns of a comfortable size are better than one of small letters.
        if layout.shown == entries.len() && layout.widths.len() <= 2 {
            break;
        }
        let smaller = lay_out(entries, size, area, most);
        if smaller.shown > layout.shown || smaller.widths.len() < layout.widths.len() {
            layout = smaller;
        }
    }
    let width = layout.width();
    scene.open("legend");
    let mut x = area.right() - width + GAP;
    let left_out = entries.len() - layout.shown;
    for (column, width) in layout.widths.iter().enumerate() {
        for row in 0..layout.rows {
            let index = column * layout.rows + row;
            let y = area.y + (row as f64 + 0.5) * pitch(layout.size);
            let Some(entry) = entries.get(index).filter(|_| index < layout.shown) else { break };
            if left_out > 0 && index + 1 == layout.shown {
                let label = Label::new("legend-text", x, y, layout.size, Anchor::Start);
                scene.text(&label, &text::fit(&more(entries.len(), layout.shown), layout.size, *width));
                break;
            }
            key(scene, &entry.key, x, y, layout.size);
            let label = Label::new("legend-text", x + KEY, y, layout.size, Anchor::Start);
            scene.text(&label, &text::fit(&entry.text, layout.size, width - KEY));
        }
        x += width + GAP;
    }
    scene.end();
    Rect { w: area.w - width - 6.0, ..area }
}

fn key(scene: &mut Scene, key: &Key, x: f64, y: f64, size: f64) {
    let middle = (x + (KEY - 6.0) / 2.0, y);
    let ends = ((x, y), (x + KEY - 6.0, y));
    match key {
        Key::Marker(marker) => scene.marker("legend-key", middle, &Marker { radius: size / 3.0, ..*marker }, ""),
        Key::Line(stroke) => scene.line("legend-key", ends.0, ends.1, stroke),
        Key::Marked(stroke, marker) => {
            scene.line("legend-key", ends.0, ends.1, stroke);
            scene.marker("legend-key", middle, &Marker { radius: size / 3.0, ..*marker }, "");
        }
        Key::Band(colour) => {
            let (x, w) = (x, KEY - 6.0);
            let outline = [(x, y - 4.0), (x + w, y - 4.0), (x + w, y + 4.0), (x, y + 4.0)];
            scene.area("legend-key", &outline, colour, 0.3);
        }
        Key::Note => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::palette;

    fn classes(n: usize) -> Vec<Entry> {
        (0..n).map(|i| Entry::new(Key::class(palette::look(i)), format!("class {i}"))).collect()
    }

    #[test]
    fn sixty_entries_fit_and_ten_thousand_are_counted() {
        let area = Rect { x: 10.0, y: 40.0, w: 780.0, h: 500.0 };
        for (n, all) in [(1, true), (30, true), (60, true), (10_000, false)] {
            let mut scene = Scene::new(800.0, 600.0);
            let left = draw(&mut scene, area, &classes(n));
            assert!(left.w >= area.w * 0.5 && left.w < area.w, "{n}: {left:?}");
            let svg = scene.svg("", "");
            let shown = svg.matches(">class ").count();
            if all {
                assert_eq!(shown, n);
            } else {
                assert!(svg.contains(&format!("… and {} more", n - shown)), "{n}: {shown} shown");
            }
        }
        let mut scene = Scene::new(800.0, 600.0);
        assert_eq!(draw(&mut scene, area, &[]), area);
    }
}
