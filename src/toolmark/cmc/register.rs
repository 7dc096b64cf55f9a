//! All cells of a surface on another, at all rotations.

use super::cells::Levelled;
use super::outcome::Registration;
use super::room::{Plan, Room};
use super::search::{Fit, Ready, Search, Searches, Spectra};
use super::turned::Turned;
use super::{Options, Verdict};
use rayon::prelude::*;

/// Bytes of the spectra that are held at once.
const LOT_BYTES: usize = 64 << 20;

/// The registrations of a cell, one for each rotation, or why it has none.
pub(super) type Registered = Result<Vec<Option<Registration>>, Verdict>;

/// In the order of the cells.
pub(super) fn all(surface: &Levelled, other: &Levelled, options: &Options) -> Vec<Registered> {
    let rotations = options.rotations();
    let ready: Vec<Result<Ready, Verdict>> = surface
        .cells
        .iter()
        .map(|cell| {
            let least = cell.least_pairs(options);
            if cell.measured < options.least_measured {
                return Err(Verdict::Unmeasured);
            }
            Ready::new(cell, surface, least).ok_or(Verdict::Flat)
        })
        .collect();
    let usable: Vec<&Ready> = ready.iter().filter_map(|r| r.as_ref().ok()).collect();
    let side = |of: fn(&Ready) -> usize| usable.iter().map(|r| of(r)).max().unwrap_or(1) + 2 * surface.window;
    let region = (side(|r| r.width), side(|r| r.height));
    let plan = Plan::<f32>::new(region);
    let lot = (LOT_BYTES / (12 * plan.size)).max(1);
    let mut found: Vec<Vec<Option<Registration>>> = Vec::with_capacity(usable.len());
    for cells in usable.chunks(lot) {
        let spectra: Vec<Spectra<f32>> =
            cells.par_iter().map_init(|| Room::new(&plan), |room, cell| Spectra::new(cell, room)).collect();
        let fits: Vec<Vec<Option<Fit>>> = rotations
            .par_iter()
            .map(|&degrees| {
                let turned = Turned::new(surface, other, degrees);
                let mut searches = Searches { single: Search::new(Room::new(&plan)), double: None };
                let double = || Search::new(Room::new(&Plan::new(region)));
                cells.iter().zip(&spectra).map(|(cell, spectra)| searches.best(cell, spectra, &turned, double)).collect()
            })
            .collect();
        for i in 0..cells.len() {
            let each =
                fits.iter().zip(&rotations).map(|(fits, &degrees)| fits[i].map(|fit| placed(fit, degrees, surface.spacing_um)));
            found.push(each.collect());
        }
    }
    let mut found = found.into_iter();
    ready.iter().map(|r| r.as_ref().map_err(|why| *why).map(|_| found.next().unwrap_or_default())).collect()
}

fn placed(Fit { correlation, dx, dy, pairs }: Fit, angle_degrees: f64, spacing_um: f64) -> Registration {
    Registration { correlation, dx, dy, dx_um: dx as f64 * spacing_um, dy_um: dy as f64 * spacing_um, angle_degrees, pairs }
}

#[cfg(test)]
mod tests {
    use super::super::{Side, Surface, define};
    use super::*;
    use crate::draw::Stream;

    /// Rough, unlevel, and with two kinds of holes.
    fn surface(columns: usize, rows: usize, seed: u64, holes: f64) -> Surface {
        let mut draw = Stream::new(seed, "register test", 0);
        let mut heights: Vec<f64> = (0..columns * rows).map(|i| 0.2 * (i % columns) as f64 + draw.normal()).collect();
        for h in &mut heights {
            if draw.uniform() < holes {
                *h = f64::NAN;
            }
        }
        if holes > 0.0 {
            (0..rows / 2).for_each(|r| heights[r * columns..][..columns / 4].fill(f64::NAN));
        }
        Surface::of_finite(columns, rows, (2.0, 2.0), heights).unwrap()
    }

    fn agree(a: &Surface, b: &Surface, options: &Options) -> usize {
        let (first, second) = (Levelled::new(a, Side::A, options).unwrap(), Levelled::new(b, Side::B, options).unwrap());
        let mut compared = 0;
        for (cell, fast) in first.cells.iter().zip(all(&first, &second, options)) {
            let Ok(fast) = fast else {
                assert!(cell.measured < options.least_measured);
                continue;
            };
            for (fast, angle) in fast.into_iter().zip(options.rotations()) {
                let naive = define(a, b, cell, angle, first.window, options);
                let (Some(fast), Some(naive)) = (fast, naive) else {
                    assert_eq!((fast, naive), (None, None), "{cell:?} {angle}");
                    continue;
                };
                assert!((fast.correlation - naive.correlation).abs() < 1e-9, "{cell:?} {angle} {fast:?} {naive:?}");
                assert_eq!((fast.dx, fast.dy, fast.pairs), (naive.dx, naive.dy, naive.pairs), "{cell:?} {angle}");
                assert_eq!((fast.dx_um, fast.angle_degrees), (naive.dx_um, naive.angle_degrees));
                compared += 1;
            }
        }
        compared
    }

    #[test]
    fn the_search_finds_what_direct_loops_find() {
        let options = Options {
            cells: (3, 2),
            turn_degrees: 40.0,
            step_degrees: 20.0,
            search_px: Some(6),
            least_measured: 0.3,
            ..Options::default()
        };
        let (full, holed) = (surface(31, 26, 1, 0.0), surface(31, 26, 2, 0.1));
        let (larger, sparse) = (surface(44, 37, 3, 0.05), surface(33, 28, 4, 0.6));
        assert_eq!(agree(&full, &surface(31, 26, 5, 0.0), &options), 30);
        assert!(agree(&full, &holed, &options) >= 25);
        assert!(agree(&holed, &full, &options) >= 20);
        assert!(agree(&holed, &larger, &options) >= 20);
        assert!(agree(&larger, &holed, &options) >= 20);
        let few = Options { least_measured: 0.1, ..options };
        assert!(agree(&sparse, &holed, &few) >= 15);
        // Turned, hardly a point has four measured neighbours.
        assert!(agree(&holed, &sparse, &few) >= 5);
    }

    #[test]
    fn steps_outliers_and_flat_areas_do_not_mislead_the_screening() {
        let options = Options { cells: (3, 2), turn_degrees: 10.0, step_degrees: 10.0, search_px: Some(7), ..Options::default() };
        let a = surface(33, 24, 1, 0.05);
        // One needle of 10⁶ µm, and a quarter that is all 0: sums in f32 say nothing beside the one, and nothing varies in the other.
        let mut heights = surface(33, 24, 2, 0.0).heights_um().to_vec();
        heights[400] = 1e6;
        (0..10).for_each(|r| heights[r * 33..][..16].fill(0.0));
        let b = Surface::of_finite(33, 24, (2.0, 2.0), heights).unwrap();
        assert!(agree(&a, &b, &options) >= 12);
        assert!(agree(&b, &a, &options) >= 12);
    }
}
