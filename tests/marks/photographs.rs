//! Signatures of simulated photographs: same press at rank 1 over angles and lights, what is refused, angle, scale, and time.

use rayon::prelude::*;
use striae::draw::Stream;
use striae::picture::grey::Grey;
use striae::toolmark::photograph::{Average, Error, Options, PhotoSignature, Rectangle, Shading, Unit, signature};
use striae::toolmark::scene::{Camera, Light, Lit, Wear, lit, relief};
use striae::toolmark::simulate;

/// 40 with `STRIAE_FULL=1`, which takes minutes; fewer in the usual run.
fn presses() -> u64 {
    if std::env::var_os("STRIAE_FULL").is_some() { 40 } else { 12 }
}

const ANGLES: [f64; 5] = [90.0, 73.0, 140.0, 35.0, 179.0];
/// Around the direction across the striations; the last comes from the opposite side.
const LIGHTS: [f64; 4] = [-60.0, 0.0, 60.0, 180.0];
const UM: f64 = 5.0;

fn light(azimuth_deg: f64) -> Light {
    Light { azimuth_deg, elevation_deg: 25.0, ambient: 0.3 }
}

fn camera(angle_deg: f64, off_um: (f64, f64)) -> Camera {
    Camera { width: 600, height: 400, um_per_px: UM, angle_deg, off_um, noise: 0.02, vignette: 0.4 }
}

/// The light's direction in the picture.
fn in_picture(azimuth_deg: f64, angle_deg: f64) -> f64 {
    azimuth_deg + angle_deg - 90.0
}

/// A specimen of a press under lights: 3.75 × 3.75 mm, of a lane up to 1.2 mm beside the other specimen's.
fn specimen(press: u64, specimen: u64, wear: &Wear, azimuths: &[f64]) -> Vec<Lit> {
    let mut draw = Stream::new(7, "press", press);
    let full = simulate::signature(4000, &mut draw);
    let mut draw = Stream::new(7, "specimen", 2 * press + specimen);
    let lane = if specimen == 0 { 1200.0 } else { 2400.0 * draw.uniform() };
    let surface = relief(&full, lane, (1500, 1500), 2.5, wear, &mut draw).unwrap();
    azimuths.iter().map(|&a| lit(&surface, &light(a))).collect()
}

fn photograph(lit: &Lit, angle: f64, index: u64) -> Grey {
    let mut draw = Stream::new(7, "photograph", index);
    let off = (0.0, 300.0 * (draw.uniform() - 0.5));
    lit.photograph(&camera(angle, off), &mut draw).unwrap()
}

/// Largest and smallest Pearson correlation over lags, at least half of the shorter profile beside the other.
fn correlation(a: &[f64], b: &[f64]) -> (f64, f64) {
    let sums = |x: &[f64]| {
        let mut all = vec![(0.0, 0.0)];
        for v in x {
            let last: (f64, f64) = all[all.len() - 1];
            all.push((last.0 + v, last.1 + v * v));
        }
        all
    };
    let (sa, sb) = (sums(a), sums(b));
    let least = a.len().min(b.len()).div_ceil(2);
    let (mut most, mut fewest) = (-1.0f64, 1.0f64);
    for lag in (least as i64 - b.len() as i64)..=(a.len() - least) as i64 {
        let (i, j) = (lag.max(0) as usize, (-lag).max(0) as usize);
        let n = (a.len() - i).min(b.len() - j);
        let (x, y) = (&a[i..i + n], &b[j..j + n]);
        let mut lanes = [0.0; 8];
        for (x, y) in x.chunks_exact(8).zip(y.chunks_exact(8)) {
            for (s, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
                *s += x * y;
            }
        }
        let tail = n - n % 8;
        let xy = lanes.iter().sum::<f64>() + x[tail..].iter().zip(&y[tail..]).map(|(x, y)| x * y).sum::<f64>();
        let part = |s: &[(f64, f64)], from: usize| (s[from + n].0 - s[from].0, s[from + n].1 - s[from].1);
        let ((x, xx), (y, yy)) = (part(&sa, i), part(&sb, j));
        let m = n as f64;
        let (vx, vy) = (xx - x * x / m, yy - y * y / m);
        if vx > 0.0 && vy > 0.0 {
            let r = (xy - x * y / m) / (vx * vy).sqrt();
            (most, fewest) = (most.max(r), fewest.min(r));
        }
    }
    (most, fewest)
}

fn run(s: &PhotoSignature) -> &[f64] {
    &s.values[s.longest_run()]
}

/// Over both reading directions; over both signs as well.
fn score(probe: &PhotoSignature, reference: &PhotoSignature) -> [f64; 2] {
    let (a, b) = (correlation(run(probe), run(reference)), correlation(run(&probe.reversed()), run(reference)));
    let one = a.0.max(b.0);
    [one, if probe.shading == Shading::Absolute { one } else { one.max(-a.1).max(-b.1) }]
}

/// Of each angle and light, how many probes had their press at rank 1, and the mean score of the same press.
struct Table {
    name: String,
    hits: Vec<[usize; LIGHTS.len()]>,
    same: Vec<[f64; LIGHTS.len()]>,
    best_other: f64,
    refused: usize,
}

impl Table {
    fn share(&self, lights: std::ops::Range<usize>) -> f64 {
        let hits: usize = self.hits.iter().map(|row| row[lights.clone()].iter().sum::<usize>()).sum();
        hits as f64 / (presses() as usize * ANGLES.len() * lights.len()) as f64
    }

    fn print(&self) {
        println!("{}: refused {}, best score of another press {:.2}", self.name, self.refused, self.best_other);
        println!("  angle  {}", LIGHTS.map(|l| format!("{l:>13.0}°")).join(""));
        for (row, angle) in ANGLES.iter().enumerate() {
            let cell = |l: usize| match self.same[row][l] {
                0.0 => format!("{:>14}", "-"),
                same => format!("  {:>3}/{} ({same:.2})", self.hits[row][l], presses()),
            };
            println!("  {angle:>5}  {}", (0..LIGHTS.len()).map(cell).collect::<String>());
        }
        println!("  rank 1: {:.3}, light from the other side {:.3}", self.share(0..3), self.share(3..4));
    }
}

/// One table for the sign as it is, one for the better of both.
fn identify(name: &str, options: &(dyn Fn(f64, f64) -> Options + Sync), all: &Photographs) -> [Table; 2] {
    let gallery: Vec<_> = all.gallery.par_iter().map(|p| signature(p, &options(0.0, 90.0)).unwrap()).collect();
    let probes: Vec<_> = all
        .probes
        .par_iter()
        .map(|(press, row, l, picture)| {
            let found = signature(picture, &options(LIGHTS[*l], ANGLES[*row])).ok()?;
            let scores: Vec<[f64; 2]> = gallery.iter().map(|g| score(&found, g)).collect();
            let best = |signs: usize| (0..scores.len()).filter(|k| k != press).map(|k| scores[k][signs]).fold(-1.0, f64::max);
            Some((*row, *l, scores[*press], [best(0), best(1)]))
        })
        .collect();
    [0, 1].map(|signs| {
        let empty = [0.0; LIGHTS.len()];
        let mut table = Table {
            name: format!("{name}, {}", ["sign as seen", "better sign"][signs]),
            hits: vec![[0; LIGHTS.len()]; ANGLES.len()],
            same: vec![empty; ANGLES.len()],
            best_other: -1.0,
            refused: 0,
        };
        for probe in &probes {
            let Some((row, l, own, other)) = probe else {
                table.refused += 1;
                continue;
            };
            table.hits[*row][*l] += usize::from(own[signs] > other[signs]);
            table.same[*row][*l] += own[signs] / presses() as f64;
            table.best_other = table.best_other.max(other[signs]);
        }
        table.print();
        table
    })
}

struct Photographs {
    gallery: Vec<Grey>,
    /// Press, angle, light.
    probes: Vec<(usize, usize, usize, Grey)>,
}

fn photographs(wear: &Wear) -> Photographs {
    let each = |press: u64| {
        let gallery = photograph(&specimen(press, 0, wear, &[0.0])[0], 90.0, press);
        let second = specimen(press, 1, wear, &LIGHTS);
        let mut probes = Vec::new();
        for (row, &angle) in ANGLES.iter().enumerate() {
            for (l, lit) in second.iter().enumerate() {
                let index = 1000 + 100 * press + (10 * row + l) as u64;
                probes.push((press as usize, row, l, photograph(lit, angle, index)));
            }
        }
        (gallery, probes)
    };
    let (gallery, probes): (Vec<_>, Vec<_>) = (0..presses()).into_par_iter().map(each).unzip();
    Photographs { gallery, probes: probes.into_iter().flatten().collect() }
}

fn scaled(change: impl Fn(&mut Options)) -> Options {
    let mut options = Options { um_per_px: Some(UM), ..Options::default() };
    change(&mut options);
    options
}

#[test]
fn the_press_is_found_over_angles_and_lights() {
    let all = photographs(&Wear::default());
    let [usual, signs] = identify("usual", &|_, _| scaled(|_| {}), &all);
    let other_side = Photographs { probes: all.probes.into_iter().filter(|p| p.2 == 3).collect(), ..all };
    let known = |l: f64, angle: f64| scaled(|o| o.light_deg = Some(in_picture(l, angle)));
    let [known, _] = identify("light known, from the other side", &known, &other_side);
    assert!(usual.share(0..3) >= 0.95 && signs.share(0..4) >= 0.95 && known.share(3..4) >= 0.95);
    // It can fail: light from the other side turns the sign.
    assert!(usual.share(3..4) < 0.8);
}

#[test]
#[ignore = "a comparison of settings that takes minutes"]
fn other_settings() {
    let all = photographs(&Wear::default());
    identify("not sharpened", &|_, _| scaled(|o| o.refine_deg = 0.0), &all);
    identify("height", &|_, _| scaled(|o| o.shading = Shading::Height), &all);
    let narrow = |o: &mut Options| (o.shading, o.illumination) = (Shading::Height, Some(50.0));
    identify("height, less its mean over 50 µm", &|_, _| scaled(narrow), &all);
    identify("less its mean over 250 µm", &|_, _| scaled(|o| o.illumination = Some(250.0)), &all);
    identify("absolute", &|_, _| scaled(|o| o.shading = Shading::Absolute), &all);
    identify("mean", &|_, _| scaled(|o| o.average = Average::Mean), &all);
    identify("median", &|_, _| scaled(|o| o.average = Average::Median), &all);
}

#[test]
#[ignore = "a report on worse marks that takes minutes"]
fn worse_marks() {
    for (roughness_um, fading, broken) in [(0.3, 0.8, 0.3), (0.5, 1.2, 0.5)] {
        println!("roughness {roughness_um} µm, fading {fading}, broken out {broken}");
        let all = photographs(&Wear { fading, roughness_um, broken, ..Wear::default() });
        identify("usual", &|_, _| scaled(|_| {}), &all);
        identify("height", &|_, _| scaled(|o| o.shading = Shading::Height), &all);
        identify("absolute", &|_, _| scaled(|o| o.shading = Shading::Absolute), &all);
    }
}

fn stripes(width: usize, height: usize, angle_deg: f64, period_px: f64, noise: f64) -> Grey {
    let mut draw = Stream::new(3, "stripes", 0);
    let (s, c) = libm::sincos((angle_deg - 90.0).to_radians());
    let shade = |i: usize| {
        let u = (i % width) as f64 * c + (i / width) as f64 * s;
        let wave = libm::sin(std::f64::consts::TAU * u / period_px) + 0.5 * libm::sin(0.37 * u + 1.0);
        (0.5 + 0.08 * wave + noise * draw.normal()) as f32
    };
    Grey::new(width, height, (0..width * height).map(shade).collect()).unwrap()
}

/// Smooth spots of about `size` pixels, without direction.
fn blobs(width: usize, height: usize, size: f64, seed: u64) -> Vec<f32> {
    let mut draw = Stream::new(seed, "blobs", 0);
    let mut values = vec![0.5f32; width * height];
    for _ in 0..(width as f64 * height as f64 / (size * size)) as usize {
        let (x, y, sign) = (width as f64 * draw.uniform(), height as f64 * draw.uniform(), draw.normal());
        let reach = (3.0 * size) as i64;
        for r in (y as i64 - reach).max(0)..(y as i64 + reach).min(height as i64) {
            for c in (x as i64 - reach).max(0)..(x as i64 + reach).min(width as i64) {
                let (dx, dy) = (c as f64 - x, r as f64 - y);
                values[r as usize * width + c as usize] +=
                    (0.1 * sign * libm::exp(-0.5 * (dx * dx + dy * dy) / (size * size))) as f32;
            }
        }
    }
    values.iter().map(|v| v.clamp(0.0, 1.0)).collect()
}

#[test]
fn what_is_not_striated_is_refused() {
    let options = Options::default();
    let mut draw = Stream::new(3, "noise", 0);
    let noise = (0..600 * 400).map(|_| (0.5 + 0.1 * draw.normal()) as f32).collect();
    let found = signature(&Grey::new(600, 400, noise).unwrap(), &options);
    assert!(matches!(found, Err(Error::NothingStriated { .. })), "{found:?}");
    let plain = signature(&Grey::new(600, 400, vec![0.4; 240_000]).unwrap(), &options);
    assert!(matches!(plain, Err(Error::NothingStriated { coherent: 0, .. })));
    for (i, size) in [3.0, 6.0, 12.0, 25.0].into_iter().enumerate() {
        for seed in 0..5 {
            let picture = Grey::new(600, 400, blobs(600, 400, size, 10 * seed + i as u64)).unwrap();
            match signature(&picture, &options) {
                Err(Error::NothingStriated { .. } | Error::NoCommonDirection { .. }) => {}
                other => panic!("{size} {seed}: {:?}", other.map(|s| s.quality)),
            }
        }
    }
    // It is the noise that is refused, not the size.
    assert!(signature(&stripes(600, 400, 70.0, 14.0, 0.1), &options).is_ok());
}

#[test]
fn half_a_picture_reports_its_areas() {
    let mut values = stripes(640, 416, 75.0, 14.0, 0.02).values().to_vec();
    let other = blobs(640, 416, 6.0, 1);
    for (i, v) in values.iter_mut().enumerate() {
        if i % 640 >= 320 {
            *v = other[i];
        }
    }
    let found = signature(&Grey::new(640, 416, values).unwrap(), &Options::default()).unwrap();
    let (mut right, mut wrong) = (0, 0);
    for region in &found.regions {
        let left = region.rectangle.x < 320;
        assert!(!left || region.striated, "{region:?}");
        right += usize::from(left);
        wrong += usize::from(!left && region.striated);
    }
    // At most one column of areas learns from its striated neighbours.
    assert!(right == 10 * 13 && wrong <= 13, "{wrong}");
    assert!((found.angle_deg - 75.0).abs() < 0.3 && found.quality.striated_share < 0.56, "{:?}", found.quality);
    // The same from the region alone.
    let region = Some(Rectangle { x: 0, y: 0, width: 320, height: 416 });
    let part = signature(&stripes(640, 416, 75.0, 14.0, 0.02), &Options { region, ..Options::default() }).unwrap();
    assert!(correlation(run(&found), run(&part)).0 > 0.98);
}

#[test]
fn the_angle_is_found() {
    for angle in [3.3, 45.0, 60.2, 89.7, 90.0, 117.45, 135.0, 179.6] {
        let found = signature(&stripes(600, 400, angle, 9.0, 0.1), &Options::default()).unwrap();
        assert!((found.angle_deg - angle).abs() < 0.1, "{angle}: {}", found.angle_deg);
    }
    // Long, fine lines: one step of the first search smears them over two periods.
    let found = signature(&stripes(2400, 1600, 61.37, 5.0, 0.1), &Options::default()).unwrap();
    assert!((found.angle_deg - 61.37).abs() < 0.02, "{}", found.angle_deg);
    // Light from beside the direction across shades what is wavy along the striations, and the tensor's direction is off.
    let worn = Wear { roughness_um: 0.3, fading: 0.8, broken: 0.3, ..Wear::default() };
    let mut worst = 0.0f64;
    for press in 0..2 {
        for lit in specimen(press, 1, &worn, &[-60.0, 0.0, 60.0]) {
            for (i, angle) in [90.0, 73.0, 140.0, 35.0, 11.0].into_iter().enumerate() {
                let found = signature(&photograph(&lit, angle, 500 + i as u64), &Options::default()).unwrap();
                worst = worst.max((found.angle_deg - angle).abs());
            }
        }
    }
    println!("largest error of the angle in simulated photographs: {worst:.3}°");
    assert!(worst < 0.3, "{worst}");
}

#[test]
fn lengths_are_micrometres() {
    let picture = stripes(600, 400, 30.0, 12.5, 0.02);
    for (spacing, um) in [(None, 4.0), (Some(2.5), 4.0), (Some(10.0), 4.0)] {
        let options = Options { um_per_px: Some(um), spacing, ..Options::default() };
        let found = signature(&picture, &options).unwrap();
        assert_eq!((found.unit, found.spacing), (Unit::Micrometres, spacing.unwrap_or(um)));
        // 12.5 pixels are 50 µm: the period whose sine and cosine carry most.
        let power = |period: f64| {
            let wave = |i: usize| libm::sincos(std::f64::consts::TAU * i as f64 * found.spacing / period);
            let (s, c) = found.values.iter().enumerate().fold((0.0, 0.0), |(s, c), (i, v)| {
                let (ws, wc) = wave(i);
                (s + v * ws, c + v * wc)
            });
            s * s + c * c
        };
        let best = (300..800).map(|p| f64::from(p) / 10.0).max_by(|a, b| power(*a).total_cmp(&power(*b))).unwrap();
        assert!((best - 50.0).abs() < 0.3, "{spacing:?}: {best}");
    }
}

#[test]
fn a_turned_photograph_gives_the_reversed_signature() {
    let picture = photograph(&specimen(1, 0, &Wear::default(), &[20.0])[0], 65.0, 900);
    let mut values = picture.values().to_vec();
    values.reverse();
    let turned = Grey::new(600, 400, values).unwrap();
    for shading in [Shading::AsSeen, Shading::Height, Shading::Absolute] {
        for light in [None, Some(10.0)] {
            let options = |light_deg| Options { shading, light_deg, ..Options::default() };
            let a = signature(&picture, &options(light)).unwrap().reversed();
            let b = signature(&turned, &options(light.map(|l| l + 180.0))).unwrap();
            let (n, m) = (a.values.len(), b.values.len());
            let (r, scale) = (correlation(&a.values, &b.values).0, a.values.iter().map(|v| v.abs()).fold(0.0, f64::max));
            assert!(n.abs_diff(m) <= 2 && r > 0.999, "{shading:?} {light:?}: {r} {n} {m}");
            if n == m {
                let off = a.values.iter().zip(&b.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(off < 0.1 * scale, "{shading:?} {light:?}: {off} of {scale}");
            }
        }
    }
    let along = Options { light_deg: Some(65.0 + 180.0), ..Options::default() };
    assert!(matches!(signature(&picture, &along), Err(Error::LightAlong { .. })));
}

#[test]
fn wrong_pictures_and_options_are_refused() {
    let picture = stripes(100, 60, 90.0, 9.0, 0.0);
    let region = |x, y, width, height| Options { region: Some(Rectangle { x, y, width, height }), ..Options::default() };
    for bad in [region(60, 0, 50, 50), region(0, 0, 0, 40), region(usize::MAX, 0, 2, 2)] {
        assert!(matches!(signature(&picture, &bad), Err(Error::Region { .. })));
    }
    assert!(matches!(signature(&picture, &region(0, 0, 31, 60)), Err(Error::TooSmall { .. })));
    let many = Options { least_pixels: usize::MAX, spacing: Some(3.0), ..Options::default() };
    assert!(matches!(signature(&picture, &many), Err(Error::Short { got: 0, .. })));
    assert!(signature(&picture, &region(3, 5, 90, 50)).is_ok());
}

#[test]
#[ignore = "a measurement of time"]
fn time_of_twelve_megapixels() {
    for (width, height) in [(600, 400), (4000, 3000)] {
        let picture = stripes(width, height, 72.0, 21.0, 0.05);
        for average in [Average::Mean, Average::Trimmed(0.1)] {
            let start = std::time::Instant::now();
            let found = signature(&picture, &Options { average, ..Options::default() }).unwrap();
            println!("{width} × {height}, {average:?}: {:.3} s, {:.3}°", start.elapsed().as_secs_f64(), found.angle_deg);
        }
    }
}
