//! The stamped shape in a photograph or silhouette, brought to one place and size.
//!
//! ```text
//! picture → at most `longest` pixels → even light → slight blur → threshold → polarity → closing → parts, holes → centroid, radius → patch
//! ```
//! 1. Photographs are shrunk by area means, then [`flatten`] divides by the ground. A blur of σ = longest side / 400 keeps single pixels from counting.
//! 2. Otsu's threshold or a local mean. Nothing stands out where the two classes lie less than `least_contrast` spreads or `least_difference` of the
//!    ground's shade apart; then there is an error, not a shape of noise.
//! 3. Polarity: the foreground is what the median of the frame is not.
//! 4. Parts below `keep` of the largest are left out (1: only the largest stays); holes below 1/1000 of the area are filled, larger ones by
//!    choice.
//! 5. Shade: s = ½ + 2.5·(u − ½), cut to 0 … 1, with u = 0 at the threshold's ground and 1 at its foreground, so that the edge stays smooth
//!    and the inside even; 0 beyond two pixels from what was kept.
//! 6. Placement: the centroid of s lies in the middle of the patch, and the patch's half side is `reach` gyration radii √(Σ s·r²/Σ s), so size does not
//!    matter. A farthest point would depend on one worn pixel; the gyration radius moves with area. What lies farther out is cut off.
//!
//! Rotation and mirroring stay: descriptors deal with them. Not done: perspective, relief without a difference of shade (pressed tablets, unless light
//! makes it), several logos in one picture, logos on patterned ground.

use super::LogoError;
use super::flatten::flatten;
use super::mask::Mask;
use super::threshold::{local_mean, otsu};
use crate::picture::blur::gaussian;
use crate::picture::grey::Grey;
use crate::picture::resample::{at_most, bilinear};

/// How foreground is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    Otsu,
    /// Farther from the mean of a window than half the distance of Otsu's classes, times `offset`. `window` is a share of the longer side.
    Local {
        window: f64,
        offset: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    DarkOnLight,
    LightOnDark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holes {
    Keep,
    Fill,
}

/// How a shape is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Pixels on the longer side that are worked on.
    pub longest: usize,
    /// Side of the patch in pixels.
    pub side: usize,
    /// Half the patch in gyration radii.
    pub reach: f64,
    pub threshold: Threshold,
    /// `None`: told by the frame.
    pub polarity: Option<Polarity>,
    /// Half side of the closing square in thousandths of the longer side.
    pub closing: usize,
    /// Least area of a part, of the largest one.
    pub keep: f64,
    pub holes: Holes,
    pub least_contrast: f64,
    pub least_difference: f64,
    /// Least and largest share of the picture.
    pub area: (f64, f64),
}

impl Default for Segment {
    fn default() -> Self {
        Self {
            longest: 512,
            side: 256,
            reach: 2.0,
            threshold: Threshold::Otsu,
            polarity: None,
            closing: 4,
            keep: 0.02,
            holes: Holes::Keep,
            least_contrast: 4.0,
            least_difference: 0.08,
            area: (0.002, 0.9),
        }
    }
}

/// Another place for the patch than the centroid, for partly covered shapes: there the rest's centroid and radius are not the whole's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// In gyration radii.
    pub x: f64,
    pub y: f64,
    /// Times the radius.
    pub scale: f64,
}

impl Move {
    pub const NONE: Self = Self { x: 0.0, y: 0.0, scale: 1.0 };

    /// None, and 40 that undo a straight cover over 10, 20, 30 or 40 % of an even disc from every side: its rest's centroid lies 0.16, 0.3, 0.44 or 0.6
    /// gyration radii off, and its gyration radius is 1.06, 1.12, 1.18 or 1.25 times too small.
    #[must_use]
    pub fn covers() -> Vec<Self> {
        let rounds = [(8, 0.16, 1.06), (8, 0.3, 1.12), (12, 0.44, 1.18), (12, 0.6, 1.25)];
        let around = |(n, off, scale): (usize, f64, f64)| {
            (0..n).map(move |k| {
                let (sin, cos) = libm::sincos(std::f64::consts::TAU * k as f64 / n as f64);
                Self { x: off * cos, y: off * sin, scale }
            })
        };
        std::iter::once(Self::NONE).chain(rounds.into_iter().flat_map(around)).collect()
    }
}

/// What was found on the way, in pixels of the picture as it was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Of the picture.
    pub area_share: f64,
    /// Distance of foreground and ground in spreads.
    pub contrast: f64,
    /// The same over the ground's shade (over the lighter one where ground is dark).
    pub difference: f64,
    pub polarity: Polarity,
    /// Parts that were kept, and left out.
    pub parts: usize,
    pub left_out: usize,
    /// Whether the shape goes on beyond the picture, maybe.
    pub touches_edge: bool,
    /// The centroid, moved.
    pub centre: (f64, f64),
    /// Half the patch.
    pub radius: f64,
}

/// A shape in its place: 1 is print, 0 is ground.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    patch: Grey,
    found: Found,
}

impl Shape {
    #[must_use]
    pub const fn patch(&self) -> &Grey {
        &self.patch
    }

    #[must_use]
    pub const fn found(&self) -> &Found {
        &self.found
    }
}

const LEAST_SIDE: usize = 16;

impl Segment {
    fn check(&self) -> Result<(), LogoError> {
        let wrong = |what, got: String, allowed| Err(LogoError::Setting { what, got, allowed });
        if !(16..=4096).contains(&self.longest) {
            return wrong("a working size of", self.longest.to_string(), "16 to 4096 pixels");
        }
        if !(16..=1024).contains(&self.side) {
            return wrong("a patch side of", self.side.to_string(), "16 to 1024 pixels");
        }
        if !(1.0..=10.0).contains(&self.reach) {
            return wrong("a reach of", self.reach.to_string(), "1 to 10 gyration radii");
        }
        if !(0.0..=1.0).contains(&self.keep) {
            return wrong("a least part of", self.keep.to_string(), "0 to 1 of the largest");
        }
        if let Threshold::Local { window, offset } = self.threshold
            && !(window > 0.0 && window <= 1.0 && offset > 0.0 && offset <= 2.0)
        {
            return wrong(
                "a local threshold with",
                format!("window {window}, offset {offset}"),
                "windows above 0 to 1, offsets above 0 to 2",
            );
        }
        if self.closing > 200 {
            return wrong("a closing of", self.closing.to_string(), "0 to 200 thousandths");
        }
        Ok(())
    }

    /// The shape in a picture.
    ///
    /// # Errors
    /// When nothing stands out, it is too small or large, or a setting is not possible.
    pub fn find(&self, picture: &Grey) -> Result<Shape, LogoError> {
        let ready = self.prepare(picture)?;
        Ok(ready.at(Move::NONE, self.side))
    }

    /// The same shape with its patch moved, once for each move: several queries, of which the best score counts.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_moved(&self, picture: &Grey, moves: &[Move]) -> Result<Vec<Shape>, LogoError> {
        let ready = self.prepare(picture)?;
        Ok(moves.iter().map(|to| ready.at(*to, self.side)).collect())
    }

    fn prepare(&self, picture: &Grey) -> Result<Ready, LogoError> {
        self.check()?;
        let (width, height) = (picture.width(), picture.height());
        if width.min(height) < LEAST_SIDE {
            return Err(LogoError::TooSmall { width, height, least: LEAST_SIDE });
        }
        let small = at_most(picture, self.longest);
        let (w, h) = (small.width(), small.height());
        let longer = w.max(h);
        let sigma = longer as f64 / 400.0;
        let flat = gaussian(&flatten(&small), if sigma < 0.5 { 0.0 } else { sigma });
        let nothing = |contrast, difference| LogoError::NothingStandsOut {
            contrast,
            difference,
            least_contrast: self.least_contrast,
            least_difference: self.least_difference,
        };
        let split = otsu(flat.values()).ok_or_else(|| nothing(0.0, 0.0))?;
        let difference = (split.high - split.low) / split.high.max(1.0);
        if split.contrast < self.least_contrast || difference < self.least_difference {
            return Err(nothing(split.contrast, difference));
        }
        let polarity = self.polarity.unwrap_or_else(|| told_by_frame(&flat, split.threshold));
        let (ground, print, sign) = match polarity {
            Polarity::DarkOnLight => (split.high, split.low, -1.0),
            Polarity::LightOnDark => (split.low, split.high, 1.0),
        };
        let on = match self.threshold {
            Threshold::Otsu => flat.values().iter().map(|v| sign * (f64::from(*v) - split.threshold) > 0.0).collect(),
            Threshold::Local { window, offset } => {
                let means = local_mean(&flat, (window * longer as f64 / 2.0) as usize);
                let least = offset * (split.high - split.low) / 2.0;
                flat.values().iter().zip(means).map(|(v, mean)| sign * (f64::from(*v) - mean) > least).collect()
            }
        };
        let area = |share| LogoError::Area { share, least: self.area.0, most: self.area.1 };
        let mask = Mask::new(w, h, on).ok_or_else(|| area(0.0))?.closed(self.closing * longer / 1000);
        let parts = mask.parts();
        let largest = parts.first().ok_or_else(|| area(0.0))?.pixels.len();
        let kept: Vec<_> = parts.iter().filter(|p| p.pixels.len() as f64 >= self.keep * largest as f64).collect();
        let kept = if self.keep >= 1.0 { &kept[..1] } else { &kept[..] };
        let mut on = vec![false; w * h];
        kept.iter().flat_map(|p| &p.pixels).for_each(|i| on[*i] = true);
        let all: usize = kept.iter().map(|p| p.pixels.len()).sum();
        let share = all as f64 / (w * h) as f64;
        if !(self.area.0..=self.area.1).contains(&share) {
            return Err(area(share));
        }
        let mask = Mask::new(w, h, on).ok_or_else(|| area(0.0))?;
        let filled = mask.filled(if self.holes == Holes::Fill { w * h } else { all / 1000 });
        let near = filled.grown(2);
        // Closed gaps and holes have ground's shade: they count as print all the same.
        let shade = |i: usize, v: f32| {
            let s = 0.5 + 2.5 * ((f64::from(v) - ground) / (print - ground) - 0.5);
            let solid = filled.on()[i] && !(self.threshold == Threshold::Otsu && sign * (f64::from(v) - split.threshold) > 0.0);
            if solid {
                1.0
            } else if near.on()[i] {
                s.clamp(0.0, 1.0) as f32
            } else {
                0.0
            }
        };
        let shades: Vec<f32> = flat.values().iter().enumerate().map(|(i, v)| shade(i, *v)).collect();
        let shades = Grey::new(w, h, shades).ok_or_else(|| area(0.0))?;
        let (centre, gyration) = placed(&shades);
        let scale = (width as f64 / w as f64, height as f64 / h as f64);
        let found = Found {
            area_share: share,
            contrast: split.contrast,
            difference,
            polarity,
            parts: kept.len(),
            left_out: parts.len() - kept.len(),
            touches_edge: kept.iter().any(|p| p.touches_edge),
            centre,
            radius: self.reach * gyration,
        };
        Ok(Ready { shades, found, gyration, scale })
    }
}

/// A shape that is not cut out yet; `found` in pixels of `shades`.
struct Ready {
    shades: Grey,
    found: Found,
    gyration: f64,
    /// Pixels of the picture for one of `shades`.
    scale: (f64, f64),
}

impl Ready {
    fn at(&self, to: Move, side: usize) -> Shape {
        let (x, y) = (self.found.centre.0 + to.x * self.gyration, self.found.centre.1 + to.y * self.gyration);
        let radius = to.scale * self.found.radius;
        let centre = ((x + 0.5) * self.scale.0 - 0.5, (y + 0.5) * self.scale.1 - 0.5);
        let found = Found { centre, radius: radius * (self.scale.0 * self.scale.1).sqrt(), ..self.found };
        Shape { patch: cut(&self.shades, (x, y), radius, side), found }
    }
}

fn told_by_frame(picture: &Grey, threshold: f64) -> Polarity {
    let (w, h) = (picture.width(), picture.height());
    let band = (w.min(h) / 24).max(1);
    let frame = (0..w * h).filter(|i| (i % w).min(w - 1 - i % w).min((i / w).min(h - 1 - i / w)) < band);
    let (mut light, mut all) = (0usize, 0usize);
    for i in frame {
        light += usize::from(f64::from(picture.values()[i]) > threshold);
        all += 1;
    }
    if 2 * light > all { Polarity::DarkOnLight } else { Polarity::LightOnDark }
}

/// Centroid and gyration radius.
fn placed(shades: &Grey) -> ((f64, f64), f64) {
    let w = shades.width();
    let all = || shades.values().iter().enumerate().map(|(i, s)| ((i % w) as f64, (i / w) as f64, f64::from(*s)));
    let mass: f64 = all().map(|(_, _, s)| s).sum();
    let x = all().map(|(x, _, s)| s * x).sum::<f64>() / mass;
    let y = all().map(|(_, y, s)| s * y).sum::<f64>() / mass;
    let second: f64 = all().map(|(u, v, s)| s * ((u - x) * (u - x) + (v - y) * (v - y))).sum();
    ((x, y), (second / mass).sqrt())
}

/// The square of this half side around a point, each pixel the mean of as many points as keep detail from aliasing.
fn cut(shades: &Grey, (cx, cy): (f64, f64), radius: f64, side: usize) -> Grey {
    let step = 2.0 * radius / side as f64;
    let points = (libm::ceil(step) as usize).clamp(1, 8);
    let offsets: Vec<f64> = (0..points).map(|k| ((k as f64 + 0.5) / points as f64 - 0.5) * step).collect();
    let inside = |x: f64, y: f64| {
        let beyond = x < -0.5 || y < -0.5 || x > shades.width() as f64 - 0.5 || y > shades.height() as f64 - 0.5;
        if beyond { 0.0 } else { bilinear(shades, x, y) }
    };
    let middle = (side as f64 - 1.0) / 2.0;
    let mut values = Vec::with_capacity(side * side);
    for row in 0..side {
        let y = cy + (row as f64 - middle) * step;
        for column in 0..side {
            let x = cx + (column as f64 - middle) * step;
            let sum: f64 =
                offsets.iter().flat_map(|v| offsets.iter().map(move |u| (u, v))).map(|(u, v)| inside(x + u, y + v)).sum();
            values.push((sum / (points * points) as f64) as f32);
        }
    }
    Grey::new(side, side, values).unwrap_or_else(|| shades.clone())
}

#[cfg(test)]
mod tests {
    use super::{Holes, LogoError, Move, Polarity, Segment, Threshold};
    use crate::draw::Stream;
    use crate::picture::grey::Grey;

    /// A disc of radius 20 at (60, 50) with a hole of radius 8, and specks.
    fn photograph(ground: f64, print: f64, noise: f64) -> Grey {
        let mut draw = Stream::new(13, "segment", 0);
        let (w, h) = (140, 110);
        let shade = |x: f64, y: f64| {
            let r = (x - 60.0).hypot(y - 50.0);
            let speck = x == 130.0 && y == 100.0;
            if (8.0..20.0).contains(&r) || speck { print } else { ground }
        };
        let values = (0..w * h).map(|i| {
            let (x, y) = ((i % w) as f64, (i / w) as f64);
            ((0.7 + 0.002 * x) * shade(x, y) + noise * draw.normal()) as f32
        });
        Grey::new(w, h, values.collect()).expect("fits")
    }

    #[test]
    fn a_ring_is_found_whichever_is_darker() {
        for (ground, print, polarity) in [(0.9, 0.3, Polarity::DarkOnLight), (0.25, 0.8, Polarity::LightOnDark)] {
            let shape = Segment::default().find(&photograph(ground, print, 0.02)).expect("there is one");
            let found = shape.found();
            assert_eq!((found.polarity, found.parts, found.touches_edge), (polarity, 1, false));
            assert!((found.centre.0 - 60.0).abs() < 0.5 && (found.centre.1 - 50.0).abs() < 0.5, "{found:?}");
            // Gyration radius of a ring: √((a² + b²)/2).
            assert!((found.radius - 2.0 * (232f64).sqrt()).abs() < 1.0, "{found:?}");
            let share = std::f64::consts::PI * (400.0 - 64.0) / (140.0 * 110.0);
            assert!((found.area_share - share).abs() < 0.1 * share, "{found:?}");
            assert!(shape.patch().at(128, 128) < 0.05 && shape.patch().at(128, 128 + 60) > 0.95);
        }
    }

    #[test]
    fn options() {
        let picture = photograph(0.9, 0.3, 0.0);
        let filled = Segment { holes: Holes::Fill, ..Segment::default() }.find(&picture).expect("there is one");
        assert!(filled.patch().at(128, 128) > 0.95);
        let local = Segment { threshold: Threshold::Local { window: 0.6, offset: 0.5 }, ..Segment::default() };
        let local = local.find(&picture).expect("there is one");
        assert!((local.found().centre.0 - 60.0).abs() < 1.0);
        let wrong = Segment { polarity: Some(Polarity::LightOnDark), ..Segment::default() }.find(&picture);
        assert!(matches!(wrong, Err(LogoError::Area { .. })), "{wrong:?}");
        let moved = Segment::default().find_moved(&picture, &Move::covers()).expect("there is one");
        assert_eq!(moved.len(), 41);
        assert_eq!(moved[0], Segment::default().find(&picture).expect("there is one"));
        assert!((moved[1].found().centre.0 - 60.0 - 0.16 * 232f64.sqrt()).abs() < 0.5);
    }

    #[test]
    fn nothing_is_refused() {
        let find = |picture: &Grey| Segment::default().find(picture);
        assert!(matches!(find(&photograph(0.9, 0.9, 0.02)), Err(LogoError::NothingStandsOut { .. })));
        assert!(matches!(find(&photograph(0.9, 0.9, 0.3)), Err(LogoError::NothingStandsOut { .. })));
        assert!(matches!(find(&photograph(0.5, 0.5, 0.0)), Err(LogoError::NothingStandsOut { .. })));
        assert!(matches!(find(&Grey::new(8, 99, vec![0.0; 792]).expect("fits")), Err(LogoError::TooSmall { .. })));
        for wrong in [
            Segment { longest: 0, ..Segment::default() },
            Segment { side: 4, ..Segment::default() },
            Segment { reach: f64::NAN, ..Segment::default() },
            Segment { keep: 2.0, ..Segment::default() },
            Segment { closing: 999, ..Segment::default() },
            Segment { threshold: Threshold::Local { window: 0.0, offset: 1.0 }, ..Segment::default() },
        ] {
            assert!(matches!(wrong.find(&photograph(0.9, 0.3, 0.0)), Err(LogoError::Setting { .. })));
        }
    }
}
