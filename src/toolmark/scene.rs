//! Simulated photographs of striated marks, with everything known.
//!
//! ```text
//! relief        h(x, y) = a(x, y)·s(x + lane) + w(x) + waviness(x, y) + roughness(x, y), broken out in patches
//! Lambert       shade = ambient + (1 − ambient)·max(0, n·l) / sin(elevation),   n ∝ (−∂h/∂x, −∂h/∂y, 1)
//! photograph    p = ½·vignette·shade + noise, averaged over each pixel, cut to 0 … 1, in steps of 1/255
//! ```
//! x runs across the striations, y along them. s is a press signature ([`crate::toolmark::simulate::signature`]), whose sample i lies at
//! x = i·1.5 µm − lane. a fades lines in and out slowly along their length, w is wear that all of a specimen's lines share, and a patch is an
//! ellipse whose striae are gone: rough ground a little lower. Light comes from an azimuth counted from +x, across the striations, clockwise like the
//! picture's angles, and an elevation above the surface; 0.5 of white is what level ground shows.
//!
//! Not modelled: shadows that are cast, gloss, light between surfaces, colour, the camera's blur, tone curve and perspective, bent striations, several
//! tools over each other. All lengths are µm.

use super::simulate;
use super::surface::{Surface, SurfaceError};
use crate::draw::Stream;
use crate::picture::grey::Grey;

/// A larger surface is not simulated.
const MOST_POINTS: usize = 1 << 28;

/// How one specimen differs from the press.
#[derive(Clone, Copy, Debug)]
pub struct Wear {
    /// How much lines fade in and out: standard deviation of a around 1.
    pub fading: f64,
    /// Root mean square of w, in µm.
    pub wear_um: f64,
    /// Root mean square of the waviness, in µm.
    pub waviness_um: f64,
    /// Standard deviation of the roughness of each point, in µm.
    pub roughness_um: f64,
    /// The share of the surface that is broken out, about.
    pub broken: f64,
}

impl Default for Wear {
    fn default() -> Self {
        Self { fading: 0.4, wear_um: 0.1, waviness_um: 2.0, roughness_um: 0.15, broken: 0.1 }
    }
}

/// Where the light comes from.
#[derive(Clone, Copy, Debug)]
pub struct Light {
    /// From the x axis of the surface, across the striations.
    pub azimuth_deg: f64,
    pub elevation_deg: f64,
    /// The share of light that comes from everywhere.
    pub ambient: f64,
}

/// How the picture is taken.
#[derive(Clone, Copy, Debug)]
pub struct Camera {
    pub width: usize,
    pub height: usize,
    pub um_per_px: f64,
    /// The direction of the striations in the picture, clockwise from its x axis. 90: upright, and the surface's x runs to the right.
    pub angle_deg: f64,
    /// The point of the surface in the middle of the picture, from the surface's middle.
    pub off_um: (f64, f64),
    /// Standard deviation of each pixel's noise, in parts of white.
    pub noise: f64,
    /// What the corners lose.
    pub vignette: f64,
}

/// Smooth noise: normal numbers on a coarse grid, smoothly between them; variance about a half.
struct Slow {
    columns: usize,
    size: (f64, f64),
    values: Vec<f64>,
}

impl Slow {
    fn new(extent: (f64, f64), size: (f64, f64), draw: &mut Stream) -> Self {
        let (columns, rows) = ((extent.0 / size.0) as usize + 2, (extent.1 / size.1) as usize + 2);
        Self { columns, size, values: (0..columns * rows).map(|_| draw.normal()).collect() }
    }

    fn at(&self, x: f64, y: f64) -> f64 {
        let split = |t: f64| {
            let i = t as usize;
            let f = t - i as f64;
            (i, f * f * (3.0 - 2.0 * f))
        };
        let ((i, s), (j, t)) = (split(x / self.size.0), split(y / self.size.1));
        let k = j * self.columns + i;
        let line = |k: usize| self.values[k] + s * (self.values[k + 1] - self.values[k]);
        line(k) + t * (line(k + self.columns) - line(k))
    }
}

/// The relief that a press left: `columns` × `rows` points, `spacing_um` apart, of the lane that starts `lane_um` into the signature. Where the signature
/// has ended there are no striae.
///
/// # Errors
/// When the grid is not possible, or has more than 2²⁸ points.
pub fn relief(
    signature: &[f64],
    lane_um: f64,
    (columns, rows): (usize, usize),
    spacing_um: f64,
    wear: &Wear,
    draw: &mut Stream,
) -> Result<Surface, SurfaceError> {
    let points = columns.saturating_mul(rows);
    if points > MOST_POINTS {
        return Err(SurfaceError::Shape { columns, rows, heights: MOST_POINTS, mask: MOST_POINTS });
    }
    let blank = Surface::of_finite(columns, rows, (spacing_um, spacing_um), vec![0.0; points])?;
    let extent = (columns as f64 * spacing_um, rows as f64 * spacing_um);
    let fading = Slow::new(extent, (60.0, 700.0), draw);
    let worn = Slow::new(extent, (300.0, extent.1), draw);
    let waves = Slow::new(extent, (400.0, 400.0), draw);
    // Ellipses of about 100 × 200 µm.
    let area = extent.0 * extent.1;
    let patches: Vec<[f64; 4]> = (0..(wear.broken * area / 62_000.0) as usize)
        .map(|_| {
            let at = (extent.0 * draw.uniform(), extent.1 * draw.uniform());
            [at.0, at.1, 50.0 + 100.0 * draw.uniform(), 100.0 + 200.0 * draw.uniform()]
        })
        .collect();
    let stria = |x: f64| {
        let t = (x + lane_um) / simulate::SPACING_UM;
        let i = libm::floor(t);
        let at = |i: f64| if i >= 0.0 { signature.get(i as usize).copied().unwrap_or(0.0) } else { 0.0 };
        at(i) + (t - i) * (at(i + 1.0) - at(i))
    };
    let striae: Vec<f64> = (0..columns).map(|c| stria(c as f64 * spacing_um)).collect();
    let mut heights = Vec::with_capacity(points);
    for r in 0..rows {
        let y = r as f64 * spacing_um;
        let near: Vec<&[f64; 4]> = patches.iter().filter(|p| (p[1] - y).abs() < p[3]).collect();
        for (c, stria) in striae.iter().enumerate() {
            let x = c as f64 * spacing_um;
            let broken = near.iter().any(|p| {
                let (dx, dy) = ((x - p[0]) / p[2], (y - p[1]) / p[3]);
                dx * dx + dy * dy < 1.0
            });
            let rough = wear.roughness_um * draw.normal();
            let ground = wear.waviness_um * waves.at(x, y);
            heights.push(if broken {
                ground - 1.5 + 1.5 * rough
            } else {
                (1.0 + wear.fading * fading.at(x, y)) * stria + wear.wear_um * worn.at(x, 0.0) + ground + rough
            });
        }
    }
    Ok(blank.with_heights(heights, vec![true; points]))
}

/// Shades of each point of a surface; 1 is level ground.
#[derive(Clone, Debug)]
pub struct Lit {
    columns: usize,
    rows: usize,
    spacing_um: (f64, f64),
    shades: Vec<f32>,
}

/// A surface under light.
pub fn lit(surface: &Surface, light: &Light) -> Lit {
    let (sin_e, cos_e) = libm::sincos(light.elevation_deg.clamp(1.0, 90.0).to_radians());
    let (sin_a, cos_a) = libm::sincos(light.azimuth_deg.to_radians());
    let toward = (cos_e * cos_a, cos_e * sin_a, sin_e);
    let (columns, rows, spacing_um) = (surface.columns(), surface.rows(), surface.spacing_um());
    let h = surface.heights_um();
    let mut shades = Vec::with_capacity(h.len());
    for r in 0..rows {
        let (above, below) = (r.saturating_sub(1), (r + 1).min(rows - 1));
        for c in 0..columns {
            let (left, right) = (c.saturating_sub(1), (c + 1).min(columns - 1));
            let slope = |a: usize, b: usize, steps: usize, spacing: f64| (h[b] - h[a]) / (steps.max(1) as f64 * spacing);
            let hx = slope(r * columns + left, r * columns + right, right - left, spacing_um.0);
            let hy = slope(above * columns + c, below * columns + c, below - above, spacing_um.1);
            let facing = (toward.2 - hx * toward.0 - hy * toward.1) / (1.0 + hx * hx + hy * hy).sqrt();
            shades.push((light.ambient + (1.0 - light.ambient) * facing.max(0.0) / sin_e) as f32);
        }
    }
    Lit { columns, rows, spacing_um, shades }
}

impl Lit {
    fn at(&self, x_um: f64, y_um: f64) -> f64 {
        let place = |t: f64, points: usize| {
            let t = t.clamp(0.0, (points - 1) as f64);
            let i = (t as usize).min(points.saturating_sub(2));
            (i, (i + 1).min(points - 1), t - i as f64)
        };
        let (i, i1, s) = place(x_um / self.spacing_um.0, self.columns);
        let (j, j1, t) = place(y_um / self.spacing_um.1, self.rows);
        let shade = |j: usize, i: usize| f64::from(self.shades[j * self.columns + i]);
        let line = |j: usize| shade(j, i) + s * (shade(j, i1) - shade(j, i));
        line(j) + t * (line(j1) - line(j))
    }

    /// A photograph of it; `None` without pixels. Each pixel is the mean of 2 × 2 points; over the edge the surface goes on as it ended.
    pub fn photograph(&self, camera: &Camera, draw: &mut Stream) -> Option<Grey> {
        let (sin, cos) = libm::sincos((camera.angle_deg - 90.0).to_radians());
        let middle = |points: usize, spacing: f64, off: f64| 0.5 * points.saturating_sub(1) as f64 * spacing + off;
        let centre =
            (middle(self.columns, self.spacing_um.0, camera.off_um.0), middle(self.rows, self.spacing_um.1, camera.off_um.1));
        let half = (0.5 * (camera.width as f64 - 1.0), 0.5 * (camera.height as f64 - 1.0));
        let corner = (half.0 * half.0 + half.1 * half.1).max(1.0);
        let mut values = Vec::with_capacity(camera.width.checked_mul(camera.height)?);
        for row in 0..camera.height {
            for column in 0..camera.width {
                let (px, py) = (column as f64 - half.0, row as f64 - half.1);
                let mut shade = 0.0;
                for (dx, dy) in [(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)] {
                    let (u, v) = ((px + dx) * camera.um_per_px, (py + dy) * camera.um_per_px);
                    shade += 0.25 * self.at(centre.0 + u * cos + v * sin, centre.1 - u * sin + v * cos);
                }
                let dim = 1.0 - camera.vignette * (px * px + py * py) / corner;
                let seen = (0.5 * dim * shade + camera.noise * draw.normal()).clamp(0.0, 1.0);
                values.push((libm::round(255.0 * seen) / 255.0) as f32);
            }
        }
        Grey::new(camera.width, camera.height, values)
    }
}

/// A photograph of a surface under light; `None` without pixels.
pub fn render(surface: &Surface, light: &Light, camera: &Camera, draw: &mut Stream) -> Option<Grey> {
    lit(surface, light).photograph(camera, draw)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: Camera =
        Camera { width: 40, height: 30, um_per_px: 5.0, angle_deg: 90.0, off_um: (0.0, 0.0), noise: 0.0, vignette: 0.0 };

    fn ramp(slope: f64) -> Surface {
        Surface::of_finite(100, 80, (3.0, 3.0), (0..8000).map(|i| slope * 3.0 * f64::from(i % 100)).collect()).unwrap()
    }

    #[test]
    fn what_faces_the_light_is_bright() {
        let light = |azimuth_deg| Light { azimuth_deg, elevation_deg: 30.0, ambient: 0.0 };
        let middle = |slope: f64, azimuth: f64| {
            f64::from(render(&ramp(slope), &light(azimuth), &CAMERA, &mut Stream::new(1, "scene", 0)).unwrap().at(15, 20))
        };
        // A slope of 0.1 up to +x: n·l/sin 30° = (1 ∓ 0.1/tan 30°)/√1.01.
        for (azimuth, factor) in [(0.0, -1.0), (180.0, 1.0), (90.0, 0.0), (60.0, -0.5)] {
            let want = 0.5 * (1.0 + factor * 0.1 / libm::tan(30f64.to_radians())) / 1.01f64.sqrt();
            assert!((middle(0.1, azimuth) - want).abs() < 0.6 / 255.0, "{azimuth}");
        }
        assert!((middle(0.0, 77.0) - 0.5).abs() < 0.6 / 255.0);
    }

    #[test]
    fn the_mark_turns_with_the_camera() {
        // One bright ridge flank through the middle.
        let surface =
            Surface::of_finite(200, 200, (3.0, 3.0), (0..40_000).map(|i| if i % 200 >= 100 { 3.0 } else { 0.0 }).collect())
                .unwrap();
        let light = Light { azimuth_deg: 180.0, elevation_deg: 45.0, ambient: 0.0 };
        let camera = Camera { angle_deg: 45.0, width: 41, height: 41, ..CAMERA };
        let picture = render(&surface, &light, &camera, &mut Stream::new(1, "scene", 0)).unwrap();
        // 45° clockwise from the x axis runs down to the right.
        assert!(picture.at(10, 10) > picture.at(10, 30) + 0.05 && picture.at(30, 30) > picture.at(30, 10) + 0.05);
    }

    #[test]
    fn impossible_scenes_are_refused() {
        let mut draw = Stream::new(1, "scene", 0);
        assert!(relief(&[0.0; 10], 0.0, (usize::MAX, 3), 1.0, &Wear::default(), &mut draw).is_err());
        assert!(relief(&[0.0; 10], 0.0, (3, 3), 0.0, &Wear::default(), &mut draw).is_err());
        let camera = Camera { width: 0, ..CAMERA };
        assert!(render(&ramp(0.0), &Light { azimuth_deg: 0.0, elevation_deg: 30.0, ambient: 0.2 }, &camera, &mut draw).is_none());
    }
}
