//! The engine against the definitions, bit for bit, on crowded random spectra.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::needless_range_loop,
    reason = "a test that cannot go on says why and stops"
)]

use striae::compare::peaks::Prepared;
use striae::metric::peaks::{Match, PeakMetric, Settings, Spectrum, Tolerance};

const METRICS: [PeakMetric; 6] = [
    PeakMetric::CosineGreedy,
    PeakMetric::CosineExact,
    PeakMetric::CosineLinear,
    PeakMetric::ModifiedCosine,
    PeakMetric::Entropy,
    PeakMetric::EntropyUnweighted,
];

struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let x = self.0 ^ (self.0 >> 29);
        (x.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64 / (1u64 << 53) as f64
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() * n as f64) as usize
    }
}

/// `grid`: decimals on a coarse raster, few intensities: ties, exact tolerances.
fn collection(n: usize, top: usize, span: f64, grid: bool, seed: u64) -> Vec<Spectrum> {
    let mut r = Random(seed);
    (0..n)
        .map(|_| {
            let count = 1 + r.below(top);
            let mut mz: Vec<f64> = (0..count)
                .map(|_| if grid { 100.0 + (r.next() * span * 20.0).floor() / 20.0 } else { 100.0 + r.next() * span })
                .collect();
            mz.sort_by(f64::total_cmp);
            let intensity: Vec<f64> = (0..count)
                .map(|k| match (grid, k) {
                    (true, 0) => 1.0,
                    (true, _) => r.below(4) as f64,
                    _ => r.next().powi(3) * 1000.0 + 0.1,
                })
                .collect();
            let precursor = if grid { 110.0 + r.below(40) as f64 * 0.1 } else { 110.0 + r.next() * 5.0 };
            Spectrum::new(mz, intensity, Some(precursor)).unwrap()
        })
        .collect()
}

fn bits(m: Match) -> (u64, u32) {
    (m.score.to_bits(), m.matched)
}

fn top(row: &[(u32, Match)], k: usize) -> Vec<(u32, (u64, u32))> {
    let mut row = row.to_vec();
    row.sort_by(|x, y| y.1.score.total_cmp(&x.1.score).then(x.0.cmp(&y.0)));
    row.into_iter().take(k).map(|(id, m)| (id, bits(m))).collect()
}

fn compare(spectra: &[Spectrum], metric: PeakMetric, settings: Settings) {
    let n = spectra.len();
    let engine = Prepared::new(spectra, metric, settings).unwrap();
    let p = engine.references();
    let brute: Vec<Vec<Match>> = p.iter().map(|a| p.iter().map(|b| metric.score_prepared(a, b, &settings)).collect()).collect();
    for i in 0..n {
        for j in 0..i {
            assert_eq!(bits(brute[i][j]), bits(brute[j][i]), "{metric:?} {settings:?} {i} {j}");
        }
        assert!(brute[i].iter().all(|m| m.score >= 0.0 && m.score < 1.0 + 1e-12));
    }
    for k in [0, 1, 5, n + 3] {
        let found = engine.top_k(k);
        for (i, row) in found.iter().enumerate() {
            let others: Vec<(u32, Match)> = (0..n).filter(|&j| j != i).map(|j| (j as u32, brute[i][j])).collect();
            let ours: Vec<_> = row.iter().map(|&(id, m)| (id, bits(m))).collect();
            assert_eq!(ours, top(&others, k), "{metric:?} {settings:?} top {k} of {i}");
        }
    }
    for least in [-1.0, 0.0, 1e-9, 0.2, 0.6, 0.95] {
        let ours: Vec<_> = engine.threshold(least).into_iter().map(|(i, j, m)| (i, j, bits(m))).collect();
        let mut expected = Vec::new();
        for i in 0..n {
            for j in i + 1..n {
                if brute[i][j].score >= least {
                    expected.push((i as u32, j as u32, bits(brute[i][j])));
                }
            }
        }
        assert_eq!(ours, expected, "{metric:?} {settings:?} at least {least}");
    }
}

fn everything(spectra: &[Spectrum], tolerances: &[Tolerance]) {
    for metric in METRICS {
        for &tolerance in tolerances {
            let plain = Settings::with(tolerance);
            let powers = Settings { mz_power: 1.1, intensity_power: 0.53, merge: false, noise: 0.0, ..plain };
            compare(spectra, metric, plain);
            compare(spectra, metric, powers);
        }
    }
}

const TOLERANCES: [Tolerance; 6] = [
    Tolerance::Da(0.0),
    Tolerance::Da(0.05),
    Tolerance::Da(0.1),
    Tolerance::Da(0.7),
    Tolerance::Ppm(20.0),
    Tolerance::Ppm(900.0),
];

#[test]
fn crowded() {
    everything(&collection(60, 40, 15.0, false, 1), &TOLERANCES);
}

#[test]
fn raster_with_ties() {
    everything(&collection(60, 30, 12.0, true, 2), &TOLERANCES);
}

#[test]
fn sparse() {
    everything(&collection(150, 12, 400.0, false, 3), &TOLERANCES);
}

#[test]
fn one_and_none() {
    for metric in METRICS {
        let one = Prepared::new(&collection(1, 5, 9.0, false, 4), metric, Settings::default()).unwrap();
        assert_eq!(one.top_k(3), vec![vec![]]);
        assert!(one.threshold(0.0).is_empty());
        let none = Prepared::new(&[], metric, Settings::default()).unwrap();
        assert!(none.is_empty() && none.top_k(3).is_empty());
        let q = none.queries(&collection(2, 5, 9.0, false, 4)).unwrap();
        assert_eq!(none.top_k_of(&q, 2), vec![vec![], vec![]]);
    }
}

#[test]
fn queries_against_references() {
    let (refs, asked) = (collection(50, 30, 20.0, false, 5), collection(20, 60, 40.0, true, 6));
    for metric in METRICS {
        let settings = Settings::with(Tolerance::Da(0.2));
        let engine = Prepared::new(&refs, metric, settings).unwrap();
        let queries = engine.queries(&asked).unwrap();
        let all = engine.threshold_of(&queries, 0.0);
        assert_eq!(all.len(), 1000);
        for (i, j, m) in &all {
            let expected = metric.score(&refs[*j as usize], &asked[*i as usize], &settings).unwrap();
            assert_eq!(bits(*m), bits(expected));
        }
        for (i, row) in engine.top_k_of(&queries, 7).iter().enumerate() {
            let others: Vec<_> = all.iter().filter(|x| x.0 as usize == i).map(|x| (x.1, x.2)).collect();
            let ours: Vec<_> = row.iter().map(|&(id, m)| (id, bits(m))).collect();
            assert_eq!(ours, top(&others, 7));
        }
    }
}

/// Largest sum over all matchings, by trying everything.
fn best(
    a: &striae::metric::peaks::Peaks,
    b: &striae::metric::peaks::Peaks,
    near: &dyn Fn(f64, f64) -> bool,
    i: usize,
    used: u32,
) -> f64 {
    if i == a.mz.len() {
        return 0.0;
    }
    let mut top = best(a, b, near, i + 1, used);
    for j in 0..b.mz.len() {
        if used & (1 << j) == 0 && near(a.mz[i], b.mz[j]) {
            top = top.max(a.weight[i] * b.weight[j] + best(a, b, near, i + 1, used | (1 << j)));
        }
    }
    top
}

#[test]
fn exact_is_the_optimum() {
    let settings = Settings::with(Tolerance::Da(0.4));
    let mut above = 0;
    for grid in [false, true] {
        let spectra = collection(60, 7, 2.0, grid, 7);
        let engine = Prepared::new(&spectra, PeakMetric::CosineExact, settings).unwrap();
        let p = engine.references();
        for a in p {
            for b in p {
                let near = |x: f64, y: f64| x.max(y) <= x.min(y) + 0.4;
                let expected = best(a, b, &near, 0, 0) / (a.norm * b.norm);
                let ours = PeakMetric::CosineExact.score_prepared(a, b, &settings).score;
                assert!((ours - expected).abs() < 1e-13, "{ours} {expected}");
                let quick = PeakMetric::CosineGreedy.score_prepared(a, b, &settings).score;
                assert!(quick <= ours + 1e-13);
                above += usize::from(quick < ours - 1e-9);
            }
        }
    }
    assert!(above > 100, "greedy should lose now and then: {above}");
}
