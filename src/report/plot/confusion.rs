//! True against assigned classes, as a table of counts. The shade of a cell is its share of its row; any count at all
//! is shaded enough to be seen.

use super::axis::{Axis, Marks};
use super::error::{Error, length};
use super::frame::Frame;
use super::page::{Style, counted};
use super::palette::{GREY, INK};
use super::scene::{Anchor, Label, Rect, Scene, Stroke};
use super::text;

const FIGURE: &str = "confusion table";

/// Counts of rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confusion<'a> {
    /// The names of the rows of the table.
    pub truth: &'a [&'a str],
    /// The names of its columns, which may have more, such as "none".
    pub assigned: &'a [&'a str],
    /// Row after row.
    pub counts: &'a [u64],
}

/// White to dark blue.
fn shade(share: f64) -> String {
    let mix = |white: f64, dark: f64| libm::round(white + (dark - white) * share) as u8;
    format!("#{:02x}{:02x}{:02x}", mix(255.0, 8.0), mix(255.0, 64.0), mix(255.0, 120.0))
}

impl Confusion<'_> {
    pub(super) fn paint(&self, style: &Style<'_>) -> Result<(Scene, String), Error> {
        let (n, m) = (self.truth.len(), self.assigned.len());
        if n == 0 || m == 0 {
            return Err(Error::Empty { figure: FIGURE, what: "the list of classes".into() });
        }
        length(FIGURE, "counts", self.counts.len(), n * m, "one for each pair of a true and an assigned class")?;
        let (mut scene, area) = style.open(&[]);
        let totals: Vec<u64> = self.counts.chunks(m).map(|row| row.iter().fold(0, |t: u64, c| t.saturating_add(*c))).collect();
        let columns = self.assigned.iter().enumerate().map(|(j, name)| (j as f64, (*name).to_owned())).collect();
        let rows = self
            .truth
            .iter()
            .zip(&totals)
            .enumerate()
            .map(|(i, (name, total))| (i as f64, format!("{name} ({total})")))
            .collect();
        let x = Axis::from("Assigned class", -0.5, m as f64 - 0.5).marks(Marks::Names(columns));
        let y = Axis::from("True class (rows)", -0.5, n as f64 - 0.5).reversed(true).marks(Marks::Names(rows));
        let frame = Frame::draw(&mut scene, area, &x, &y);
        let (w, h) = (frame.plot.w / m as f64, frame.plot.h / n as f64);
        let size = (h * 0.5).min(w * 0.5).clamp(0.0, 15.0);
        scene.open("cells");
        let (edge, right) = (Stroke::new(if w.min(h) < 14.0 { "#e8e8e8" } else { "#c8c8c8" }, 0.6), Stroke::new(INK, 1.4));
        // Cells of right decisions last: their dark edges lie above those of their neighbours.
        for diagonal in [false, true] {
            for (i, ((name, total), row)) in self.truth.iter().zip(&totals).zip(self.counts.chunks(m)).enumerate() {
                for (j, (column, count)) in
                    self.assigned.iter().zip(row).enumerate().filter(|(_, (c, _))| (**c == *name) == diagonal)
                {
                    let share = if *total == 0 { 0.0 } else { *count as f64 / *total as f64 };
                    let r = Rect { x: frame.x.at(j as f64 - 0.5), y: frame.y.at(i as f64 - 0.5), w, h };
                    let tip = format!("{name} assigned to {column}: {count} of {total}");
                    scene.rect(
                        "cell",
                        r,
                        &shade(if *count > 0 { share.max(0.12) } else { 0.0 }),
                        Some(if diagonal { &right } else { &edge }),
                        &tip,
                    );
                    let shown = count.to_string();
                    // Large counts take smaller letters.
                    let size = size.min(size * (w - 4.0) / text::width(&shown, size.max(1.0)).max(1.0));
                    if size >= 5.0 && (*count > 0 || size >= 8.0) {
                        let colour = if share > 0.5 {
                            "#ffffff"
                        } else if *count == 0 {
                            GREY
                        } else {
                            INK
                        };
                        let label = Label { colour, ..Label::new("count", r.x + w / 2.0, r.y + h / 2.0, size, Anchor::Middle) };
                        scene.text(&label, &shown);
                    }
                }
            }
        }
        scene.end();
        let all = totals.iter().fold(0, |t: u64, c| t.saturating_add(*c));
        let right = self.truth.iter().zip(self.counts.chunks(m)).map(|(name, row)| {
            let of = self.assigned.iter().zip(row).filter(|(column, _)| *column == name);
            of.fold(0, |t: u64, (_, c)| t.saturating_add(*c))
        });
        let right = right.fold(0, u64::saturating_add);
        let classes = counted(n, "true class");
        Ok((scene, format!("Confusion table of {classes}: {right} of {all} rows in their own.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_run_from_white_to_dark() {
        assert_eq!([shade(0.0), shade(1.0)], ["#ffffff", "#084078"]);
    }
}
