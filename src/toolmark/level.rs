//! Levelling: the form of a surface, fitted to its measured points by least squares and subtracted.
//!
//! ```text
//! plane, polynomial of degree p:  z = Σ c_ij·u^i·v^j over i + j ≤ p,   u, v = x, y scaled to −1 … 1
//! sphere:  z = c + (κ·ρ² − 2⟨n, p⟩)/(n_z + √(n_z² − κ(κ·ρ² − 2⟨n, p⟩))),   p = (x, y), ρ = |p|, n = (−a, −b, 1)/√(1 + a² + b²)
//! ```
//! The sphere has curvature κ (1/radius), height c and slopes a, b in the middle of the surface, so that a plane is the sphere of κ = 0 and nothing blows up on
//! the way there; it is fitted by Gauss–Newton from the plane and the mean curvature of the quadratic. Residuals are along z, which for marks (slopes below 0.3)
//! is what matters. x and y are counted from the middle of the grid, in µm.
//!
//! Sums run row by row in one order; the normal equations (at most 28 unknowns, degree 6) are solved by Cholesky on a basis of Legendre polynomials, which on
//! a full grid is nearly orthogonal. With half of the points missing at random their condition stays below 1e6, so that residuals are good to
//! 1e-9 of the form. A form that its points do not determine (all on one line) is refused.

use super::surface::Surface;

/// The form that is taken off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    None,
    #[default]
    Plane,
    Sphere,
    /// Of degree 2 to 6.
    Polynomial(u8),
}

impl Form {
    /// `none`, `plane`, `sphere`, `poly2` … `poly6`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::None),
            "plane" => Some(Self::Plane),
            "sphere" => Some(Self::Sphere),
            _ => name.strip_prefix("poly").and_then(|p| p.parse().ok()).filter(|p| (2..=6).contains(p)).map(Self::Polynomial),
        }
    }

    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::None => "none".into(),
            Self::Plane => "plane".into(),
            Self::Sphere => "sphere".into(),
            Self::Polynomial(p) => format!("poly{p}"),
        }
    }

    fn unknowns(self) -> usize {
        match self {
            Self::None => 0,
            Self::Plane => 3,
            Self::Sphere => 4,
            Self::Polynomial(p) => (usize::from(p) + 1) * (usize::from(p) + 2) / 2,
        }
    }
}

/// Why a form cannot be taken off.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LevelError {
    #[error("{measured} measured points do not determine a {form} ({unknowns} unknowns): choose a simpler form, or --level none")]
    TooFew { measured: usize, form: String, unknowns: usize },
    #[error("the measured points lie such that a {0} is not determined by them: choose a simpler form, or --level none")]
    Undetermined(String),
}

/// A surface without its form.
#[derive(Clone, Debug)]
pub struct Levelled {
    pub surface: Surface,
    /// Of the sphere, in µm; positive where the middle lies lowest.
    pub radius_um: Option<f64>,
    /// Slope of the form in the middle of the surface along x and y, in degrees.
    pub tilt_deg: (f64, f64),
}

/// Takes a form off.
///
/// # Errors
/// When the measured points do not determine it.
pub fn level(surface: &Surface, form: Form) -> Result<Levelled, LevelError> {
    if form == Form::None {
        return Ok(Levelled { surface: surface.clone(), radius_um: None, tilt_deg: (0.0, 0.0) });
    }
    let measured = surface.count_measured();
    if measured < form.unknowns() {
        return Err(LevelError::TooFew { measured, form: form.name(), unknowns: form.unknowns() });
    }
    let degree = match form {
        Form::Polynomial(p) => usize::from(p),
        Form::Sphere => 2,
        Form::None | Form::Plane => 1,
    };
    let grid = Grid::new(surface);
    let undetermined = || LevelError::Undetermined(form.name());
    if form == Form::Sphere {
        // Curvature along both axes of the quadratic, as a start; a plane where even that is not determined.
        let c = polynomial(surface, &grid, 2).or_else(|| polynomial(surface, &grid, 1)).ok_or_else(undetermined)?;
        let (a, b) = (c.slope(1, 0) / grid.half.0, c.slope(0, 1) / grid.half.1);
        let bend = 0.5 * (3.0 * c.of(2, 0) / (grid.half.0 * grid.half.0) + 3.0 * c.of(0, 2) / (grid.half.1 * grid.half.1));
        let middle = c.value(0.0, 0.0);
        let sphere = Sphere { c: middle, a, b, k: bend }.fitted(surface, &grid).ok_or_else(undetermined)?;
        let left = grid.each(surface, |x, y| sphere.height(x, y).unwrap_or(f64::NAN));
        let radius_um = (sphere.k.abs() > 1e-12).then(|| 1.0 / sphere.k);
        return Ok(Levelled { surface: left, radius_um, tilt_deg: (degrees(sphere.a), degrees(sphere.b)) });
    }
    let c = polynomial(surface, &grid, degree).ok_or_else(undetermined)?;
    let left = c.taken_off(surface, &grid);
    let (a, b) = (c.slope(1, 0) / grid.half.0, c.slope(0, 1) / grid.half.1);
    Ok(Levelled { surface: left, radius_um: None, tilt_deg: (degrees(a), degrees(b)) })
}

fn degrees(slope: f64) -> f64 {
    libm::atan(slope).to_degrees()
}

/// Where points lie: x and y from the middle.
struct Grid {
    spacing: (f64, f64),
    middle: (f64, f64),
    /// Half of the extent, at least half a point.
    half: (f64, f64),
}

impl Grid {
    fn new(surface: &Surface) -> Self {
        let spacing = surface.spacing_um();
        let middle = ((surface.columns() - 1) as f64 / 2.0, (surface.rows() - 1) as f64 / 2.0);
        let half = (spacing.0 * middle.0.max(0.5), spacing.1 * middle.1.max(0.5));
        Self { spacing, middle, half }
    }

    fn x(&self, column: usize) -> f64 {
        (column as f64 - self.middle.0) * self.spacing.0
    }

    fn y(&self, row: usize) -> f64 {
        (row as f64 - self.middle.1) * self.spacing.1
    }

    /// P_i(u) of every column, i after i.
    fn along_x(&self, columns: usize, width: usize) -> Vec<f64> {
        let mut pu = vec![0.0; columns * width];
        let mut one = [0.0; 7];
        for c in 0..columns {
            legendre(self.x(c) / self.half.0, &mut one[..width]);
            for (i, p) in one[..width].iter().enumerate() {
                pu[i * columns + c] = *p;
            }
        }
        pu
    }

    /// Heights less a form.
    fn each(&self, surface: &Surface, form: impl Fn(f64, f64) -> f64) -> Surface {
        let columns = surface.columns();
        let mut heights = surface.heights_um().to_vec();
        for (r, (row, m)) in heights.chunks_mut(columns).zip(surface.measured().chunks(columns)).enumerate() {
            let y = self.y(r);
            for (c, (h, _)) in row.iter_mut().zip(m).enumerate().filter(|(_, (_, m))| **m) {
                *h -= form(self.x(c), y);
            }
        }
        surface.with_heights(heights, surface.measured().to_vec())
    }
}

/// Legendre polynomials of degree 0 … p at t.
fn legendre(t: f64, out: &mut [f64]) {
    for n in 0..out.len() {
        out[n] = match n {
            0 => 1.0,
            1 => t,
            _ => ((2 * n - 1) as f64 * t * out[n - 1] - (n - 1) as f64 * out[n - 2]) / n as f64,
        };
    }
}

/// Coefficients of P_i(u)·P_j(v), i + j ≤ degree, i slowest.
struct Coefficients {
    degree: usize,
    c: Vec<f64>,
}

impl Coefficients {
    fn of(&self, i: usize, j: usize) -> f64 {
        let mut at = 0;
        for a in 0..=self.degree {
            for b in 0..=self.degree - a {
                if (a, b) == (i, j) {
                    return self.c[at];
                }
                at += 1;
            }
        }
        0.0
    }

    fn value(&self, u: f64, v: f64) -> f64 {
        let (mut pu, mut pv) = ([0.0; 7], [0.0; 7]);
        legendre(u, &mut pu[..=self.degree]);
        legendre(v, &mut pv[..=self.degree]);
        let (mut sum, mut at) = (0.0, 0);
        for (a, p) in pu.iter().enumerate().take(self.degree + 1) {
            for q in &pv[..=self.degree - a] {
                sum += self.c[at] * (p * q);
                at += 1;
            }
        }
        sum
    }

    /// Heights less the form: its coefficients along u are summed once a row.
    fn taken_off(&self, surface: &Surface, grid: &Grid) -> Surface {
        let (columns, width) = (surface.columns(), self.degree + 1);
        let pu = grid.along_x(columns, width);
        let mut one = [0.0; 7];
        let mut heights = surface.heights_um().to_vec();
        for (r, row) in heights.chunks_mut(columns).enumerate() {
            legendre(grid.y(r) / grid.half.1, &mut one[..width]);
            let mut at = 0;
            for i in 0..width {
                let along: f64 = (0..width - i).map(|j| self.c[at + j] * one[j]).sum();
                at += width - i;
                for (h, p) in row.iter_mut().zip(&pu[i * columns..]) {
                    *h -= along * p;
                }
            }
        }
        surface.with_heights(heights, surface.measured().to_vec())
    }

    /// ∂/∂u or ∂/∂v in the middle, by a central difference that is exact to degree 2 and 1e-9 beyond.
    fn slope(&self, du: i32, dv: i32) -> f64 {
        let h = 1e-4;
        let (u, v) = (f64::from(du) * h, f64::from(dv) * h);
        (self.value(u, v) - self.value(-u, -v)) / (2.0 * h)
    }
}

fn polynomial(surface: &Surface, grid: &Grid, degree: usize) -> Option<Coefficients> {
    let (columns, width) = (surface.columns(), degree + 1);
    let k = width * (width + 1) / 2;
    // P_i(u) of every column, i after i; sums over a row first: Σ P_i P_i′ and Σ P_i z, then spread over P_j(v).
    let pu = grid.along_x(columns, width);
    let (mut normal, mut right) = (vec![0.0; k * k], vec![0.0; k]);
    let mut pv = vec![0.0; width];
    let ones = vec![1.0; columns];
    let full_row = row_sums(&pu, columns, &ones);
    let mut weights = vec![0.0; columns];
    for (r, (z, m)) in surface.heights_um().chunks(columns).zip(surface.measured().chunks(columns)).enumerate() {
        let some;
        let sums = if m.iter().all(|m| *m) {
            &full_row
        } else {
            weights.iter_mut().zip(m).for_each(|(w, m)| *w = f64::from(u8::from(*m)));
            some = row_sums(&pu, columns, &weights);
            &some
        };
        // Heights that were not measured are 0.
        let with_z: Vec<f64> = pu.chunks(columns).map(|p| product(p, z)).collect();
        legendre(grid.y(r) / grid.half.1, &mut pv);
        let mut at = 0;
        for i in 0..width {
            for j in 0..width - i {
                right[at] += with_z[i] * pv[j];
                let mut other = 0;
                for i2 in 0..width {
                    for j2 in 0..width - i2 {
                        normal[at * k + other] += sums[i * width + i2] * (pv[j] * pv[j2]);
                        other += 1;
                    }
                }
                at += 1;
            }
        }
    }
    solve(&mut normal, &mut right).then_some(Coefficients { degree, c: right })
}

/// Σ over columns of w·P_i·P_j.
fn row_sums(pu: &[f64], columns: usize, weights: &[f64]) -> Vec<f64> {
    let width = pu.len() / columns;
    let mut sums = vec![0.0; width * width];
    let mut weighted = vec![0.0; columns];
    for i in 0..width {
        weighted.iter_mut().zip(&pu[i * columns..(i + 1) * columns]).zip(weights).for_each(|((x, p), w)| *x = p * w);
        for j in 0..=i {
            let sum = product(&weighted, &pu[j * columns..(j + 1) * columns]);
            (sums[i * width + j], sums[j * width + i]) = (sum, sum);
        }
    }
    sums
}

/// Σ a·b in eight stripes: the same bits whatever registers there are.
fn product(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0f64; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a8.zip(b8) {
        for ((s, x), y) in sums.iter_mut().zip(x).zip(y) {
            *s += x * y;
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Solves a symmetric positive system in place; false where it is not one, by a pivot below 1e-10 of its diagonal.
fn solve(a: &mut [f64], b: &mut [f64]) -> bool {
    let n = b.len();
    for j in 0..n {
        let before = a[j * n + j];
        let pivot = before - (0..j).map(|k| a[j * n + k] * a[j * n + k]).sum::<f64>();
        if !(pivot > 1e-10 * before && pivot.is_finite()) {
            return false;
        }
        let root = pivot.sqrt();
        a[j * n + j] = root;
        for i in j + 1..n {
            let s: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            a[i * n + j] = (a[i * n + j] - s) / root;
        }
    }
    for i in 0..n {
        let s: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = (b[i] - s) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let s: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
        b[i] = (b[i] - s) / a[i * n + i];
    }
    true
}

#[derive(Clone, Copy, Debug)]
struct Sphere {
    c: f64,
    a: f64,
    b: f64,
    k: f64,
}

impl Sphere {
    /// `None` beyond the sphere's rim.
    fn height(&self, x: f64, y: f64) -> Option<f64> {
        let nz = 1.0 / (1.0 + self.a * self.a + self.b * self.b).sqrt();
        let t = self.k * (x * x + y * y) + 2.0 * nz * (self.a * x + self.b * y);
        let root = nz * nz - self.k * t;
        (root >= 0.0).then(|| self.c + t / (nz + root.sqrt()))
    }

    /// Gauss–Newton on at most 2¹⁶ points, with derivatives by central differences.
    fn fitted(mut self, surface: &Surface, grid: &Grid) -> Option<Self> {
        let all = surface.count_measured();
        let every = all.div_ceil(1 << 16).max(1);
        let columns = surface.columns();
        let points: Vec<(f64, f64, f64)> = (0..surface.heights_um().len())
            .filter(|&i| surface.measured()[i])
            .step_by(every)
            .map(|i| (grid.x(i % columns), grid.y(i / columns), surface.heights_um()[i]))
            .collect();
        let size = grid.half.0.max(grid.half.1);
        let steps = [1e-4, 1e-4 / size, 1e-4 / size, 1e-4 / (size * size)];
        // Beyond its rim a sphere is no answer: such a start is flattened until all points lie on it.
        for _ in 0..60 {
            if points.iter().all(|p| self.height(p.0, p.1).is_some()) {
                break;
            }
            self.k *= 0.8;
        }
        let error = |s: &Self| -> Option<f64> {
            points.iter().map(|p| s.height(p.0, p.1).map(|h| (p.2 - h) * (p.2 - h))).sum::<Option<f64>>()
        };
        let mut now = error(&self)?;
        for _ in 0..50 {
            let (mut normal, mut right) = ([0.0; 16], [0.0; 4]);
            for &(x, y, z) in &points {
                let mut slope = [0.0; 4];
                for (p, s) in slope.iter_mut().enumerate() {
                    let (up, down) = (self.moved(p, steps[p]).height(x, y)?, self.moved(p, -steps[p]).height(x, y)?);
                    *s = (up - down) / 2.0;
                }
                let left = z - self.height(x, y)?;
                for i in 0..4 {
                    right[i] += slope[i] * left;
                    for j in 0..4 {
                        normal[4 * i + j] += slope[i] * slope[j];
                    }
                }
            }
            if !solve(&mut normal, &mut right) {
                return None;
            }
            let mut share = 1.0;
            let next = loop {
                let mut next = self;
                for p in 0..4 {
                    next = next.moved(p, share * right[p] * steps[p]);
                }
                match error(&next) {
                    Some(e) if e <= now => break Some((next, e)),
                    _ if share < 1e-6 => break None,
                    _ => share /= 2.0,
                }
            };
            let Some((next, error)) = next else { break };
            let gained = now - error;
            self = next;
            now = error;
            if gained <= 1e-14 * now {
                break;
            }
        }
        Some(self)
    }

    fn moved(mut self, parameter: usize, by: f64) -> Self {
        match parameter {
            0 => self.c += by,
            1 => self.a += by,
            2 => self.b += by,
            _ => self.k += by,
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Stream;

    fn made(columns: usize, rows: usize, missing: f64, form: impl Fn(f64, f64) -> f64) -> Surface {
        let mut draw = Stream::new(1, "level", 0);
        let (sx, sy) = (1.5, 2.0);
        let mut heights = Vec::new();
        for r in 0..rows {
            for c in 0..columns {
                let (x, y) = ((c as f64 - (columns - 1) as f64 / 2.0) * sx, (r as f64 - (rows - 1) as f64 / 2.0) * sy);
                heights.push(if draw.uniform() < missing { f64::NAN } else { form(x, y) });
            }
        }
        Surface::of_finite(columns, rows, (sx, sy), heights).unwrap()
    }

    fn most(s: &Surface) -> f64 {
        s.heights_um().iter().fold(0.0, |m, h| h.abs().max(m))
    }

    #[test]
    fn each_form_takes_itself_off() {
        for missing in [0.0, 0.5] {
            let plane = made(60, 40, missing, |x, y| 3.0 + 0.2 * x - 0.05 * y);
            let found = level(&plane, Form::Plane).unwrap();
            assert!(most(&found.surface) < 1e-10);
            assert!((found.tilt_deg.0 - 0.2f64.atan().to_degrees()).abs() < 1e-9);
            for p in 2..=6u8 {
                let bent = made(60, 40, missing, |x, y| {
                    let (u, v) = (x / 45.0, y / 40.0);
                    2.0 * u.powi(i32::from(p)) - u.powi(i32::from(p) - 1) * v + 5.0 * v * v + 1.0
                });
                assert!(most(&level(&bent, Form::Polynomial(p)).unwrap().surface) < 1e-9, "degree {p}");
                assert!(most(&level(&bent, Form::Plane).unwrap().surface) > 0.1);
            }
        }
    }

    #[test]
    fn a_sphere_of_known_radius_is_found() {
        for (radius, x0, y0) in [(500.0f64, 20.0, -10.0), (-80.0, 3.0, 4.0), (1e5, 0.0, 0.0)] {
            let ball = made(80, 50, 0.2, |x, y| {
                let (dx, dy) = (x - x0, y - y0);
                7.0 + radius - radius.signum() * (radius * radius - dx * dx - dy * dy).sqrt()
            });
            let found = level(&ball, Form::Sphere).unwrap();
            let got = found.radius_um.unwrap();
            assert!((got / radius - 1.0).abs() < 1e-4, "{got} for {radius}");
            assert!(most(&found.surface) < 1e-5, "{} at {radius}", most(&found.surface));
        }
        let flat = made(80, 50, 0.0, |x, _| 0.1 * x);
        assert!(most(&level(&flat, Form::Sphere).unwrap().surface) < 1e-8);
    }

    #[test]
    fn what_points_do_not_determine_is_refused() {
        let line = Surface::of_finite(1, 40, (1.0, 1.0), (0..40).map(f64::from).collect()).unwrap();
        assert!(matches!(level(&line, Form::Plane), Err(LevelError::Undetermined(_))));
        let few = Surface::of_finite(2, 1, (1.0, 1.0), vec![0.0; 2]).unwrap();
        assert!(matches!(level(&few, Form::Plane), Err(LevelError::TooFew { measured: 2, .. })));
        assert_eq!(Form::by_name("poly7"), None);
        assert_eq!(Form::by_name("poly3"), Some(Form::Polynomial(3)));
    }
}
