//! Which areas are striated, and which way.
//!
//! ```text
//! J = Σ over the area of ∇s∇sᵀ,   s = Gaussian of the flattened shades,   J smoothed over areas by ¼ ½ ¼ along both axes
//! normal = ½·atan2(2J₁₂, J₁₁ − J₂₂),   coherence = √((J₁₁ − J₂₂)² + 4J₁₂²) / (J₁₁ + J₂₂)
//! ```
//! The structure tensor of J. Bigün, G. H. Granlund, J. Wiklund (doi:10.1109/34.85668); coherence as in J. Weickert (doi:10.1023/A:1008009714131), as
//! a ratio. An area has a direction where the coherence of J is large enough, that of the area's own tensor is at least half as large (so that an area
//! does not live on its neighbours), and there is contrast.
//!
//! The common direction: the angle around which most coherence lies, then the mean of doubled angles of the areas near to it, weighted by coherence,
//! five times. Striated are areas with that direction that have at least two such neighbours: single ones are chance.

use super::error::Error;
use super::field::Field;
use super::flatten::edge;
use super::options::Options;
use super::region::{Rectangle, Region};

/// The areas of a picture.
#[derive(Clone, Debug)]
pub(super) struct Areas {
    pub(super) across: usize,
    pub(super) down: usize,
    pub(super) tiles: Vec<Region>,
    /// Of its own tensor.
    own: Vec<f64>,
}

/// The direction the areas share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common {
    /// Above 0° up to 180°.
    pub(super) angle_deg: f64,
    /// The share of areas with a direction that have this one, by coherence.
    pub(super) agreement: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tensor {
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Tensor {
    fn add(&mut self, weight: f64, other: Self) {
        self.xx += weight * other.xx;
        self.xy += weight * other.xy;
        self.yy += weight * other.yy;
    }

    fn coherence(self) -> f64 {
        let sum = self.xx + self.yy;
        let apart = self.xx - self.yy;
        if sum > 0.0 { ((apart * apart + 4.0 * self.xy * self.xy).sqrt() / sum).min(1.0) } else { 0.0 }
    }

    /// The direction of the stripes.
    fn angle_deg(self) -> f64 {
        canonical(0.5 * libm::atan2(2.0 * self.xy, self.xx - self.yy).to_degrees() + 90.0)
    }
}

/// The same direction above 0° up to 180°.
pub(super) fn canonical(angle_deg: f64) -> f64 {
    let a = angle_deg - 180.0 * libm::floor(angle_deg / 180.0);
    if a > 0.0 { a } else { 180.0 }
}

/// From direction b to direction a, −90° … 90°.
pub(super) fn turn(a: f64, b: f64) -> f64 {
    let d = a - b;
    d - 180.0 * libm::floor(d / 180.0 + 0.5)
}

fn count(size: usize, tile: usize) -> usize {
    ((size + tile / 2) / tile).max(1)
}

/// Tensor, mean square and number of pixels of a part of the smoothed picture.
fn sums(s: &Field, part: Rectangle) -> (Tensor, f64) {
    let (mut t, mut sum, mut square) = (Tensor::default(), 0.0, 0.0);
    for y in part.y..part.y + part.height {
        let row = s.row(y);
        let (above, below) = (s.row(y.saturating_sub(1)), s.row((y + 1).min(s.height - 1)));
        for x in part.x..part.x + part.width {
            let gx = f64::from(row[(x + 1).min(s.width - 1)] - row[x.saturating_sub(1)]);
            let gy = f64::from(below[x] - above[x]);
            let v = f64::from(row[x]);
            t.xx += gx * gx;
            t.xy += gx * gy;
            t.yy += gy * gy;
            sum += v;
            square += v * v;
        }
    }
    let pixels = (part.width * part.height) as f64;
    (t, (square / pixels - (sum / pixels) * (sum / pixels)).max(0.0))
}

/// What is in each area of the smoothed picture, which starts at `area` of the photograph.
pub(super) fn areas(smooth: &Field, area: Rectangle, options: &Options) -> Areas {
    let (across, down) = (count(smooth.width, options.tile_px), count(smooth.height, options.tile_px));
    let part = |k: usize| {
        let (i, j) = (k % across, k / across);
        let (x, y) = (edge(i, across, smooth.width), edge(j, down, smooth.height));
        Rectangle { x, y, width: edge(i + 1, across, smooth.width) - x, height: edge(j + 1, down, smooth.height) - y }
    };
    let measured: Vec<(Tensor, f64)> = (0..across * down).map(|k| sums(smooth, part(k))).collect();
    let tiles = (0..across * down).map(|k| {
        let mut tensor = Tensor::default();
        for (n, weight) in around(k, across, down) {
            tensor.add(weight, measured[n].0);
        }
        let r = part(k);
        let rectangle = Rectangle { x: area.x + r.x, y: area.y + r.y, ..r };
        let contrast = measured[k].1.sqrt();
        Region { rectangle, angle_deg: tensor.angle_deg(), coherence: tensor.coherence(), contrast, striated: false }
    });
    Areas { across, down, tiles: tiles.collect(), own: measured.iter().map(|m| m.0.coherence()).collect() }
}

/// An area and those that touch it, with weights.
fn around(k: usize, across: usize, down: usize) -> impl Iterator<Item = (usize, f64)> {
    let (i, j) = (k % across, k / across);
    let (columns, rows) = (i.saturating_sub(1)..(i + 2).min(across), j.saturating_sub(1)..(j + 2).min(down));
    rows.flat_map(move |r| {
        columns.clone().map(move |c| {
            let weight = |d: usize| if d == 0 { 0.5 } else { 0.25 };
            (r * across + c, weight(r.abs_diff(j)) * weight(c.abs_diff(i)))
        })
    })
}

impl Areas {
    #[cfg(test)]
    pub(super) fn of(across: usize, down: usize, tiles: Vec<Region>) -> Self {
        Self { across, down, own: tiles.iter().map(|t| t.coherence).collect(), tiles }
    }

    fn has_direction(&self, k: usize, options: &Options) -> bool {
        let tile = &self.tiles[k];
        tile.coherence >= options.least_coherence
            && self.own[k] >= 0.5 * options.least_coherence
            && tile.contrast >= options.least_contrast
    }

    /// Finds the common direction and marks what is striated.
    pub(super) fn agree(&mut self, options: &Options) -> Result<Common, Error> {
        let tiles = self.tiles.len();
        let coherent: Vec<usize> = (0..tiles).filter(|&k| self.has_direction(k, options)).collect();
        let largest = self.tiles.iter().map(|t| t.coherence).fold(0.0, f64::max);
        let least = libm::ceil(options.least_share * tiles as f64).max(1.0);
        let refused = |striated: usize| Error::NothingStriated { striated, coherent: coherent.len(), tiles, largest, least };
        if (coherent.len() as f64) < least {
            return Err(refused(coherent.len()));
        }
        let angle_deg = self.mean(&coherent, self.mode(&coherent, options), options);
        let near = |k: usize| turn(self.tiles[k].angle_deg, angle_deg).abs() <= options.within_deg;
        let weight = |all: &mut dyn Iterator<Item = usize>| all.map(|k| self.tiles[k].coherence).sum::<f64>();
        let agreement = weight(&mut coherent.iter().copied().filter(|&k| near(k))) / weight(&mut coherent.iter().copied());
        if options.direction_deg.is_none() && agreement < options.least_agreement {
            return Err(Error::NoCommonDirection {
                coherent: coherent.len(),
                agreement,
                angle_deg,
                least: options.least_agreement,
            });
        }
        let mut agrees = vec![false; tiles];
        for &k in &coherent {
            agrees[k] = near(k);
        }
        let company = 2.min(tiles - 1);
        let mut striated = 0;
        for k in 0..tiles {
            let friends = around(k, self.across, self.down).filter(|&(n, _)| n != k && agrees[n]).count();
            self.tiles[k].striated = agrees[k] && friends >= company;
            striated += usize::from(self.tiles[k].striated);
        }
        if (striated as f64) < least {
            return Err(refused(striated));
        }
        Ok(Common { angle_deg, agreement })
    }

    /// The whole degree around which most coherence lies; of equal ones the smallest.
    fn mode(&self, coherent: &[usize], options: &Options) -> f64 {
        if let Some(hint) = options.direction_deg {
            return canonical(hint);
        }
        let mut best = (0.0, 0.0);
        for angle in (1..=180).map(f64::from) {
            let near = coherent.iter().map(|&k| &self.tiles[k]);
            let weight: f64 =
                near.map(|t| t.coherence * (1.0 - turn(t.angle_deg, angle).abs() / options.within_deg).max(0.0)).sum();
            if weight > best.0 {
                best = (weight, angle);
            }
        }
        best.1
    }

    fn mean(&self, coherent: &[usize], start: f64, options: &Options) -> f64 {
        let mut angle = start;
        for _ in 0..5 {
            let (mut sum, mut weights) = (0.0, 0.0);
            for tile in coherent.iter().map(|&k| &self.tiles[k]) {
                let off = turn(tile.angle_deg, angle);
                if off.abs() <= options.within_deg {
                    let doubled = (2.0 * off).to_radians();
                    sum += tile.coherence * libm::sin(doubled);
                    weights += tile.coherence * libm::cos(doubled);
                }
            }
            angle = canonical(angle + 0.5 * libm::atan2(sum, weights).to_degrees());
        }
        angle
    }

    pub(super) fn striated(&self) -> impl Iterator<Item = &Region> {
        self.tiles.iter().filter(|t| t.striated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripes(angle_deg: f64) -> Field {
        let (s, c) = libm::sincos(angle_deg.to_radians());
        let shade = |i: usize| libm::sin(0.7 * ((i / 200) as f64 * c - (i % 200) as f64 * s)) as f32;
        Field { width: 200, height: 150, values: (0..200 * 150).map(shade).collect() }
    }

    #[test]
    fn stripes_have_their_direction() {
        let whole = Rectangle { x: 7, y: 5, width: 200, height: 150 };
        for angle in [10.0, 45.0, 90.0, 133.0, 180.0] {
            let smooth = stripes(angle).smoothed(1.5);
            let mut areas = areas(&smooth, whole, &Options::default());
            let common = areas.agree(&Options::default()).unwrap();
            // Differences over two pixels damp the steeper axis more: sin 0.7 / 0.7 = 0.92. What is left is for the refinement.
            assert!(turn(common.angle_deg, angle).abs() < 1.0, "{common:?}");
            assert_eq!(areas.striated().count(), 6 * 5);
            assert!(areas.tiles.iter().all(|t| t.coherence > 0.95 && t.coherence <= 1.0));
            let all: usize = areas.tiles.iter().map(|t| t.rectangle.width * t.rectangle.height).sum();
            assert_eq!((all, areas.tiles[0].rectangle.x, areas.tiles[0].rectangle.y), (200 * 150, 7, 5));
        }
    }

    #[test]
    fn a_hint_chooses_among_directions() {
        let (mut left, right) = (stripes(30.0), stripes(100.0));
        for y in 0..150 {
            left.values[y * 200 + 100..(y + 1) * 200].copy_from_slice(&right.values[y * 200 + 100..(y + 1) * 200]);
        }
        let (smooth, whole) = (left.smoothed(1.5), Rectangle { x: 0, y: 0, width: 200, height: 150 });
        for hint in [35.0, 95.0, 275.0, -150.0] {
            let options = Options { direction_deg: Some(hint), ..Options::default() };
            let mut found = areas(&smooth, whole, &options);
            let angle = found.agree(&options).unwrap().angle_deg;
            assert!(turn(angle, hint).abs() < 6.0, "{angle} {hint}");
            assert!(found.striated().count() >= 10 && found.striated().count() <= 15);
        }
    }

    #[test]
    fn angles_are_told_modulo_a_half_turn() {
        assert_eq!((canonical(0.0), canonical(180.0), canonical(-10.0), canonical(370.0)), (180.0, 180.0, 170.0, 10.0));
        assert_eq!((turn(179.0, 1.0), turn(1.0, 179.0), turn(30.0, 20.0)), (-2.0, 2.0, 10.0));
    }
}
