//! Golden values, and the fast score against the definition.

use super::*;
use proptest::prelude::*;

#[test]
fn golden() {
    // By hand: b is a, three samples later.
    let a: Vec<f64> = (0..40).map(|i| f64::from(i * i * 7919 % 101)).collect();
    let (score, at) = Ccf::USUAL.align(&a[3..], &a[..37]);
    assert!(score > 1.0 - 1e-15);
    assert_eq!((at.lag, at.overlap), (-3, 34));
    let (back, at) = Ccf::USUAL.align(&a[..37], &a[3..]);
    assert_eq!((back.to_bits(), at.lag), (score.to_bits(), 3));
}

#[test]
fn ends_that_were_not_measured_are_no_part_of_a_profile() {
    let a: Vec<f64> = (0..40).map(|i| f64::from(i * i * 7919 % 101)).collect();
    let mut padded = vec![f64::NAN; 5];
    padded.extend(&a);
    padded.extend([f64::NAN; 9]);
    let b: Vec<f64> = a.iter().map(|x| x * x).collect();
    assert_eq!(Ccf::USUAL.define(&padded, &b).to_bits(), Ccf::USUAL.define(&a, &b).to_bits());
    padded[20] = f64::NAN;
    assert!(matches!(Ccf::USUAL.measure(Row::F64(&padded)), Err(Undefined::NotFinite { feature: 20, .. })));
    assert!(Ccf::USUAL.measure(Row::F64(&[f64::NAN; 4])).is_err());
}

#[test]
fn the_thirteen_factors() {
    let factors = nfi_stretch();
    assert_eq!(factors.len(), 12);
    // Each above 1 and the reciprocal of each below are one where either profile may be stretched.
    assert_eq!(Ccf::new(None, None, &factors, Stretched::Both).expect("possible").stretch.len(), 6);
    assert_eq!(Ccf::new(None, None, &factors, Stretched::Reference).expect("possible").stretch.len(), 12);
    let a: Vec<f64> = (0..200).map(|i| libm::sin(f64::from(i * i) * 1e-3)).collect();
    let b = stretched(&a, 1.05);
    let ccf = Ccf::new(None, None, &factors, Stretched::Both).expect("possible");
    let (score, at) = ccf.align(&a, &b);
    assert!(score > 0.999 && at.stretch < 1.0, "{score} {at:?}");
    assert_eq!(ccf.align(&b, &a).0.to_bits(), score.to_bits());
}

proptest! {
    #[test]
    fn the_fast_score_has_the_bits_of_the_definition(
        a in prop::collection::vec(-1.0f64..1.0, 4..60), b in prop::collection::vec(-1.0f64..1.0, 4..60),
        overlap in prop::sample::select(vec![0.2, 0.5, 1.0]), max_lag in prop::option::of(0usize..20), offset in prop::sample::select(vec![0.0, 1e6]),
        stretch in any::<bool>(), rounded in any::<bool>(),
    ) {
        let adapt = |x: Vec<f64>| x.into_iter().map(|x| offset + if rounded { (x * 2.0).round() } else { x }).collect::<Vec<_>>();
        let (a, b) = (adapt(a), adapt(b));
        let factors = if stretch { nfi_stretch() } else { Vec::new() };
        let ccf = Ccf::new(max_lag, Some(Overlap::Fraction(overlap)), &factors, Stretched::Both).expect("possible");
        let (am, bm) = (ccf.measure(Row::F64(&a)), ccf.measure(Row::F64(&b)));
        prop_assume!(am.is_ok() && bm.is_ok());
        let score = ccf.align(&a, &b).0;
        prop_assert_eq!(score.to_bits(), ccf.define(&a, &b).to_bits());
        prop_assert_eq!(score.to_bits(), ccf.align(&b, &a).0.to_bits());
    }

    #[test]
    fn both_stages_keep_their_promise(seed in any::<u64>(), smooth in 0.0f64..0.98, overlap in prop::sample::select(vec![0.5, 0.8, 0.95]),
                                      near in any::<bool>()) {
        let n = 300;
        let mut numbers = seed;
        let mut next = || { numbers = numbers.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407); f64::from((numbers >> 40) as u32) / 8_388_608.0 - 1.0 };
        let mut row = || { let mut x = 0.0; (0..n).map(|_| { x = smooth * x + next(); x }).collect::<Vec<f64>>() };
        let a = row();
        let noise = row();
        let b: Vec<f64> = if near { a.iter().zip(&noise).map(|(x, y)| x + 1e-3 * y).collect() } else { noise };
        let ccf = Ccf::new(None, Some(Overlap::Fraction(overlap)), &[], Stretched::Both).expect("possible");
        let score = ccf.define(&a, &b);
        let (pa, pb) = (ccf.prepare(Row::F64(&a)), ccf.prepare(Row::F64(&b)));
        if let (Some(pa), Some(pb)) = (pa, pb) && let Some(found) = ccf.estimate(&pa, &pb, n) {
            prop_assert!((f64::from(found) - score).abs() <= SLACK, "{} {}", found, score);
        }
        let mut va = vec![0.0; ccf.embedded_width(n)];
        let mut vb = va.clone();
        ccf.embed(Row::F64(&a), Measure::default(), &mut va);
        ccf.embed(Row::F64(&b), Measure::default(), &mut vb);
        let bound: f64 = va.iter().zip(&vb).map(|(x, y)| x * y).sum();
        prop_assert!(bound >= score, "{} {}", bound, score);
    }
}
