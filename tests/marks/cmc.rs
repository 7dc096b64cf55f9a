//! Congruent cells of simulated impressions: one die against others, known poses, masks, what is refused.

use rayon::prelude::*;
use striae::toolmark::cmc::{Cmc, Error, Options, Side, Verdict, compare};
use striae::toolmark::impression::{Die, Impression, SPACING_UM};
use striae::toolmark::surface::Surface;

/// 6 × 6 cells of 32 px and a tolerance in proportion.
fn small() -> Options {
    Options { cells: (6, 6), turn_degrees: 15.0, position_px: 10.0, ..Options::default() }
}

fn pressed(die: &Die, index: u64, turned_degrees: f64, shift_px: (f64, f64)) -> Surface {
    let shift_um = (shift_px.0 * SPACING_UM, shift_px.1 * SPACING_UM);
    die.impress(&Impression { turned_degrees, shift_um, ..Impression::default() }, 1, index).unwrap()
}

/// 15 dies, two impressions of each: turned by up to ± 12°, shifted, noisy, with 55 % to 95 % of contact and holes.
fn collection(points: usize) -> Vec<Surface> {
    let each = |die: u64| {
        let made = Die::new(points, 1, die);
        let press = move |second: u64| {
            let k = (die * 2 + second) as f64;
            let how = Impression {
                turned_degrees: (k * 2.3) % 12.0 - 6.0,
                shift_um: ((k * 37.0) % 40.0 - 20.0, (k * 53.0) % 50.0 - 25.0),
                gain: 0.8 + 0.02 * k,
                noise_um: 0.3,
                contact: 0.55 + 0.4 * ((k * 0.37) % 1.0),
                patches: 3,
                patch_radius_um: 0.08 * points as f64 * SPACING_UM,
            };
            made.impress(&how, 1, die * 2 + second).unwrap()
        };
        [press(0), press(1)]
    };
    (0..15u64).into_par_iter().map(each).collect::<Vec<_>>().concat()
}

/// Share of (same, different) in which the same die counts more; ties count half.
fn auc(same: &[u32], different: &[u32]) -> f64 {
    let wins = |s: u32| different.iter().map(|&d| if s > d { 1.0 } else { f64::from(u8::from(s == d)) / 2.0 }).sum::<f64>();
    same.iter().map(|&s| wins(s)).sum::<f64>() / (same.len() * different.len()) as f64
}

fn tell(name: &str, same: &[u32], different: &[u32]) {
    let most = same.iter().chain(different).max().copied().unwrap_or(0);
    println!("{name}: AUC {:.4}", auc(same, different));
    for count in 0..=most {
        let of = |all: &[u32]| all.iter().filter(|&&c| c == count).count();
        if of(same) + of(different) > 0 {
            println!("  {count:2} cells: {:3} pairs of one die, {:3} of two", of(same), of(different));
        }
    }
}

fn all_pairs(surfaces: &[Surface], every: usize, options: &Options) -> (Vec<Cmc>, Vec<Cmc>) {
    let pairs: Vec<(usize, usize)> = (0..surfaces.len()).flat_map(|i| (i + 1..surfaces.len()).map(move |j| (i, j))).collect();
    let (same, different): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(i, j)| i / 2 == j / 2);
    let of = |pairs: Vec<(usize, usize)>| {
        pairs.par_iter().map(|&(i, j)| compare(&surfaces[i], &surfaces[j], options).unwrap()).collect()
    };
    (of(same), of(different.into_iter().step_by(every).collect()))
}

fn separate(surfaces: &[Surface], every: usize, options: &Options) -> (Vec<u32>, Vec<u32>) {
    let (same, different) = all_pairs(surfaces, every, options);
    let counts = |all: &[Cmc], of: fn(&Cmc) -> u32| all.iter().map(of).collect::<Vec<u32>>();
    let (same_original, different_original) = (counts(&same, Cmc::original), counts(&different, Cmc::original));
    tell("original", &same_original, &different_original);
    assert!(auc(&same_original, &different_original) >= 0.99);
    let (s, d) = (counts(&same, Cmc::score), counts(&different, Cmc::score));
    tell("score", &s, &d);
    assert!(auc(&s, &d) >= 0.99);
    // What one die turned and moved is what its cells say.
    let agreeing = |all: &[Cmc]| all.iter().filter(|c| c.poses_agree()).count();
    println!(
        "both directions say one pose: {} of {} and {} of {}",
        agreeing(&same),
        same.len(),
        agreeing(&different),
        different.len()
    );
    assert!(agreeing(&same) * 10 >= same.len() * 9);
    (s, d)
}

#[test]
fn impressions_of_one_die_have_more_congruent_cells_than_those_of_two() {
    let options = Options { cells: (5, 5), turn_degrees: 12.0, ..small() };
    // Every pair of two dies; a build without optimisation takes a few.
    let every = if cfg!(debug_assertions) { 60 } else { 1 };
    let (same, different) = separate(&collection(160), every, &options);
    assert_eq!((same.len(), different.len()), (15, 420 / every));
}

#[test]
#[ignore = "minutes: 512 × 512 points, 8 × 8 cells, all defaults"]
fn at_full_size_too() {
    separate(&collection(512), 20, &Options::default());
}

#[test]
fn a_surface_agrees_with_itself_in_all_cells() {
    let a = pressed(&Die::new(192, 1, 0), 0, 0.0, (0.0, 0.0));
    let cmc = compare(&a, &a, &small()).unwrap();
    assert_eq!((cmc.score(), cmc.original(), cmc.forward.usable), (36, 36, 36));
    for cell in &cmc.forward.cells {
        let best = cell.best.unwrap();
        assert_eq!((best.dx, best.dy, best.angle_degrees, cell.verdict), (0, 0, 0.0, Verdict::Congruent));
        assert!((best.correlation - 1.0).abs() < 1e-12 && best.pairs == 32 * 32);
    }
    assert!(cmc.poses_agree());
    assert_eq!(cmc.forward.cells, cmc.backward.cells);
}

#[test]
fn known_turns_and_shifts_are_recovered() {
    let die = Die::new(192, 1, 3);
    let a = pressed(&die, 0, 0.0, (0.0, 0.0));
    for (index, (degrees, shift)) in
        [(0.0, (7.0, -11.0)), (9.0, (-6.0, 4.0)), (-7.0, (10.0, 9.0)), (12.0, (0.0, 0.0))].into_iter().enumerate()
    {
        let b = pressed(&die, 1 + index as u64, degrees, shift);
        let cmc = compare(&a, &b, &small()).unwrap();
        assert!(cmc.score() >= 28, "{degrees} {shift:?}: {}", cmc.score());
        let pose = cmc.forward.pose.unwrap();
        let turned: f64 = -degrees;
        let (sin, cos) = turned.to_radians().sin_cos();
        let (dx, dy) = (cos * shift.0 - sin * shift.1, sin * shift.0 + cos * shift.1);
        assert!((pose.angle_degrees - turned).abs() <= 1.5, "{pose:?}, not {turned}");
        assert!((pose.dx - dx).abs() <= 1.5 && (pose.dy - dy).abs() <= 1.5, "{pose:?}, not {dx} {dy}");
        assert!((pose.dx_um - pose.dx * SPACING_UM).abs() < 1e-9);
        assert!(cmc.poses_agree());
        // A point of the die lies in B at R(φ)p + t: so says the map.
        let (x, y) = cmc.forward.on_other(130.0, 60.0, &pose);
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (u, v) = (130.0 - 95.5, 60.0 - 95.5);
        let there = (cos * u - sin * v + shift.0 + 95.5, sin * u + cos * v + shift.1 + 95.5);
        assert!((x - there.0).abs() < 3.0 && (y - there.1).abs() < 3.0, "{x} {y}, not {there:?}");
        // And the other way round.
        let other = compare(&b, &a, &small()).unwrap();
        assert_eq!((other.forward.cells, other.backward.cells), (cmc.backward.cells, cmc.forward.cells));
    }
}

#[test]
fn what_was_not_measured_is_no_number() {
    let die = Die::new(192, 1, 5);
    let (a, b) = (pressed(&die, 0, 0.0, (0.0, 0.0)), pressed(&die, 1, 0.0, (3.0, 2.0)));
    let mut mask = vec![true; 192 * 192];
    // The first row of cells has nothing, a fifth of the rest is missing.
    mask[..32 * 192].fill(false);
    (0..mask.len()).filter(|i| i % 5 == 0).for_each(|i| mask[i] = false);
    let holed = a.with_heights(a.heights_um().to_vec(), mask);
    let cmc = compare(&holed, &b, &small()).unwrap();
    assert_eq!((cmc.forward.cells.len(), cmc.forward.usable), (36, 30));
    assert!(cmc.forward.cells[..6].iter().all(|c| c.verdict == Verdict::Unmeasured && c.best.is_none()));
    assert!(cmc.forward.cells[6..].iter().all(|c| c.verdict == Verdict::Congruent && (c.cell.measured - 0.8).abs() < 0.01));
    // With 0 in the place of what is missing, heights 50 µm above it would spoil every correlation.
    let raised = holed.with_heights(holed.heights_um().iter().map(|h| h + 50.0).collect(), holed.measured().to_vec());
    let lifted = compare(&raised, &b, &small()).unwrap();
    for (x, y) in cmc.forward.cells.iter().zip(&lifted.forward.cells) {
        assert_eq!((x.verdict, x.best.map(|b| (b.dx, b.dy))), (y.verdict, y.best.map(|b| (b.dx, b.dy))));
    }
    let flat = a.with_heights(
        (0..192 * 192).map(|i| if i % 192 < 32 { 1.0 } else { a.heights_um()[i] }).collect(),
        a.measured().to_vec(),
    );
    let cmc = compare(&flat, &b, &small()).unwrap();
    assert_eq!((cmc.forward.usable, cmc.forward.cells[0].verdict), (30, Verdict::Flat));
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let die = Die::new(100, 1, 6);
        let how = Impression { contact: 0.7, patches: 2, patch_radius_um: 60.0, turned_degrees: 4.0, ..Impression::default() };
        let (a, b) = (pressed(&die, 0, 0.0, (0.0, 0.0)), die.impress(&how, 1, 1).unwrap());
        pool.install(|| compare(&a, &b, &Options { cells: (4, 4), ..small() }).unwrap())
    };
    assert_eq!(of(1), of(3));
}

#[test]
fn what_cannot_be_is_refused() {
    let a = pressed(&Die::new(64, 1, 0), 0, 0.0, (0.0, 0.0));
    let heights = a.heights_um().to_vec();
    let spaced = |x: f64, y: f64| Surface::of_finite(64, 64, (x, y), heights.clone()).unwrap();
    let options = Options { cells: (4, 4), turn_degrees: 3.0, ..Options::default() };
    assert!(matches!(compare(&a, &spaced(6.2, 6.2), &options), Err(Error::Spacing { .. })));
    assert!(matches!(compare(&spaced(6.25, 6.0), &spaced(6.25, 6.0), &options), Err(Error::Spacing { .. })));
    assert!(compare(&a, &spaced(6.2501, 6.25), &options).is_ok());
    assert!(matches!(compare(&a, &a, &Options { cells: (9, 4), ..options.clone() }), Err(Error::Small { side: Side::A, .. })));
    let flat = a.with_heights(vec![0.1; 64 * 64], vec![true; 64 * 64]);
    assert!(matches!(compare(&a, &flat, &options), Err(Error::Flat { side: Side::B, .. })));
    let nothing = a.with_heights(Vec::new(), Vec::new());
    assert!(matches!(compare(&nothing, &a, &options), Err(Error::Flat { side: Side::A, measured: 0, .. })));
    assert!(matches!(compare(&a, &a, &Options { search_px: Some(65), ..options.clone() }), Err(Error::Window { got: 65, .. })));
    let impossible = [
        Options { cells: (0, 8), ..options.clone() },
        Options { turn_degrees: f64::NAN, ..options.clone() },
        Options { step_degrees: 0.0, ..options.clone() },
        Options { turn_degrees: 180.0, step_degrees: 0.01, ..options.clone() },
        Options { position_px: -1.0, ..options.clone() },
        Options { angle_degrees: f64::INFINITY, ..options.clone() },
        Options { least_correlation: 1.5, ..options.clone() },
        Options { least_measured: 0.0, ..options.clone() },
    ];
    for options in impossible {
        assert!(matches!(compare(&a, &a, &options), Err(Error::Option { .. })), "{options:?}");
    }
    let said = compare(&a, &spaced(6.2, 6.2), &options).unwrap_err().to_string();
    assert!(said.contains("(6.25, 6.25)") && said.contains("(6.2, 6.2)") && said.contains("resample"));
}

#[test]
#[ignore = "a measurement: 512 × 512 points on one thread"]
fn time_of_one_comparison() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let die = Die::new(512, 1, 0);
    let (a, b) = (pressed(&die, 0, 0.0, (0.0, 0.0)), pressed(&die, 1, 5.0, (12.0, 9.0)));
    let all = collection(512);
    for (name, a, b) in
        [("measured in full", &a, &b), ("with patches", &all[0], &all[1]), ("of two dies, with patches", &all[0], &all[2])]
    {
        let start = std::time::Instant::now();
        let cmc = pool.install(|| compare(a, b, &Options::default()).unwrap());
        println!("{name}: {:.2?} for both directions, {} of {} cells", start.elapsed(), cmc.score(), cmc.forward.usable);
    }
}
