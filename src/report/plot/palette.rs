//! How classes are told apart: by colour, by the shape of their markers, and by the dashes of their lines.
//!
//! Colours are those of Okabe and Ito (jfly.uni-koeln.de/color), which people with any common colour blindness can tell
//! apart, ordered so that neighbours also differ as greys. With eight colours, nine shapes and seven dashes the same pair of
//! colour and shape comes back after 72 classes, that of colour and dash after 56. All shapes are areas, so that each has a
//! hollow twin for rows that a model was not fitted to.

pub(super) const INK: &str = "#222222";
pub(super) const GREY: &str = "#666666";
pub(super) const GRID: &str = "#e4e4e4";

const COLOURS: [&str; 8] = ["#0072b2", "#e69f00", "#009e73", "#56b4e9", "#d55e00", "#cc79a7", "#000000", "#f0e442"];

const DASHES: [&str; 7] = ["", "7 3", "2 2.5", "9 3 2 3", "12 4", "5 2 1.5 2 1.5 2", "1.2 4"];

/// The outline of a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    Down,
    Pentagon,
    Star,
    Plus,
    Cross,
}

const SHAPES: [Shape; 9] = [
    Shape::Circle,
    Shape::Square,
    Shape::Triangle,
    Shape::Diamond,
    Shape::Down,
    Shape::Star,
    Shape::Plus,
    Shape::Pentagon,
    Shape::Cross,
];

/// What one class looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) colour: &'static str,
    pub(super) shape: Shape,
    pub(super) dash: &'static str,
}

/// The look of class `i`.
pub(super) fn look(i: usize) -> Look {
    Look {
        colour: COLOURS.get(i % COLOURS.len()).copied().unwrap_or(INK),
        shape: SHAPES.get(i % SHAPES.len()).copied().unwrap_or(Shape::Circle),
        dash: DASHES.get(i % DASHES.len()).copied().unwrap_or(""),
    }
}

/// Half the width and half the length of the bars of a plus.
const ARM: f64 = 0.36;
const LONG: f64 = 1.15;

impl Shape {
    /// The corners at radius 1, y down; a circle has none. Radii are such that all shapes look equally large.
    pub(super) fn corners(self) -> Vec<(f64, f64)> {
        let around = |n: u32, turn: f64, radii: &[f64]| -> Vec<(f64, f64)> {
            (0..n)
                .map(|k| {
                    let angle = std::f64::consts::TAU * (f64::from(k) / f64::from(n) + turn);
                    let r = radii.get(k as usize % radii.len()).copied().unwrap_or(1.0);
                    (r * libm::cos(angle), r * libm::sin(angle))
                })
                .collect()
        };
        let plus = [
            (-ARM, -LONG),
            (ARM, -LONG),
            (ARM, -ARM),
            (LONG, -ARM),
            (LONG, ARM),
            (ARM, ARM),
            (ARM, LONG),
            (-ARM, LONG),
            (-ARM, ARM),
            (-LONG, ARM),
            (-LONG, -ARM),
            (-ARM, -ARM),
        ];
        match self {
            Self::Circle => vec![],
            Self::Square => around(4, 0.125, &[1.25]),
            Self::Triangle => around(3, -0.25, &[1.4]),
            Self::Diamond => around(4, 0.0, &[1.35]),
            Self::Down => around(3, 0.25, &[1.4]),
            Self::Pentagon => around(5, -0.25, &[1.2]),
            Self::Star => around(10, -0.25, &[1.5, 0.62]),
            Self::Plus => plus.to_vec(),
            Self::Cross => {
                let turn = std::f64::consts::FRAC_1_SQRT_2;
                plus.iter().map(|(x, y)| (turn * (x - y), turn * (x + y))).collect()
            }
        }
    }
}

/// The relative luminance of `#rrggbb`, 0 black to 1 white (Rec. 709 weights on the stored values).
pub(super) fn luminance(colour: &str) -> f64 {
    let part =
        |at: usize| colour.get(at..at + 2).and_then(|h| u8::from_str_radix(h, 16).ok()).map_or(0.0, |v| f64::from(v) / 255.0);
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn sixty_classes_differ() {
        let points: HashSet<_> = (0..60).map(|i| (look(i).colour, format!("{:?}", look(i).shape))).collect();
        assert_eq!(points.len(), 60);
        let lines: HashSet<_> = (0..56).map(|i| (look(i).colour, look(i).dash)).collect();
        assert_eq!(lines.len(), 56);
    }

    #[test]
    fn first_classes_differ_without_colour() {
        let shapes: HashSet<_> = (0..9).map(|i| format!("{:?}", look(i).shape)).collect();
        assert_eq!(shapes.len(), 9);
        for i in 0..3 {
            assert!((luminance(look(i).colour) - luminance(look(i + 1).colour)).abs() > 0.1, "classes {i} and {}", i + 1);
        }
        assert!((luminance("#ffffff") - 1.0).abs() < 1e-12 && luminance("#000000") == 0.0);
    }

    #[test]
    fn shapes_are_about_as_large() {
        for shape in SHAPES {
            let c = shape.corners();
            let area = if c.is_empty() {
                std::f64::consts::PI
            } else {
                let next = c.iter().cycle().skip(1);
                c.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>().abs() / 2.0
            };
            assert!((2.2..3.7).contains(&area), "{shape:?} covers {area}");
        }
    }
}
