//! The direction to a few hundredths of a degree.
//!
//! ```text
//! angle = argmax of (variance of shades between lines along the striations) / (variance of shades)
//! ```
//! An error of the direction smears the mean along a striation of length ℓ over ℓ·tan(error): one degree over 600 pixels is 10 pixels, wider than most
//! striations. The tensor's direction can be off by many degrees where light comes from beside the direction across, for then what is
//! wavy along the striations is shaded too, and only averaging along the right direction makes it vanish. So the share is looked for in a wide range
//! around it, every quarter of a degree, with lines cut into pieces of 600 pixels, for which that is fine enough; then with pieces and steps that are
//! four times longer and finer, until lines are whole; last by golden section (J. Kiefer, doi:10.1090/S0002-9939-1953-0055639-3) between the neighbours
//! of the best. It sees the smoothed shades, so that the grid's own directions, where interpolation damps least, do not attract it, and of
//! large pictures only every n-th pixel along the striations: the lever, the whole length, remains.

use super::field::Field;
use super::projection::{Lines, Mask};

/// Degrees between the angles that are tried first.
const COARSE_DEG: f64 = 0.25;
const FINE_DEG: f64 = 0.005;
/// The length of pieces then, in pixels.
const PIECE: usize = 600;
/// Pixels that are looked at for one angle, about, at first and later.
const FEW: usize = 50_000;
const ENOUGH: usize = 100_000;

/// The direction around `angle_deg` along which shades are most alike, and the share of variance that lies between lines there.
pub(super) fn refine(smooth: &Field, mask: &Mask, angle_deg: f64, within_deg: f64) -> (f64, f64) {
    let share = |angle: f64, piece: usize, pixels: usize| {
        let every = smooth.values.len().div_ceil(pixels);
        Lines::new(smooth.width, smooth.height, angle, 1.0, 1).means(smooth, mask, every, piece).explained()
    };
    let whole = smooth.width + smooth.height;
    let explained = |angle: f64| share(angle, whole, ENOUGH);
    let mut steps = libm::ceil(within_deg / COARSE_DEG) as i32;
    if steps == 0 {
        return (angle_deg, explained(angle_deg));
    }
    let (mut centre, mut step, mut piece, mut pixels) = (angle_deg, COARSE_DEG, PIECE, FEW);
    loop {
        let from = centre;
        let mut best = share(from, piece, pixels);
        for k in (1..=steps).flat_map(|k| [-k, k]) {
            let angle = from + f64::from(k) * step;
            let now = share(angle, piece, pixels);
            if now > best {
                (centre, best) = (angle, now);
            }
        }
        if piece >= whole {
            break;
        }
        (step, piece, steps, pixels) = (0.25 * step, 4 * piece, 4, ENOUGH);
    }
    let mut best = (centre, explained(centre));
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    let (mut a, mut b) = (best.0 - step, best.0 + step);
    let (mut x, mut y) = (b - golden * (b - a), a + golden * (b - a));
    let (mut at_x, mut at_y) = (explained(x), explained(y));
    while b - a > FINE_DEG {
        if at_x >= at_y {
            (b, y, at_y) = (y, x, at_x);
            x = b - golden * (b - a);
            at_x = explained(x);
        } else {
            (a, x, at_x) = (x, y, at_y);
            y = a + golden * (b - a);
            at_y = explained(y);
        }
    }
    for (angle, share) in [(x, at_x), (y, at_y)] {
        if share > best.1 {
            best = (angle, share);
        }
    }
    best
}
