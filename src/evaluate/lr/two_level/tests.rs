//! The closed form against the integrals of the definition, and what must not change it.

use super::*;
use crate::draw::Stream;

const KINDS: [Kind; 3] = [Kind::Normal, Kind::Kernel, Kind::Bolck];

/// `sources` sources with 2 to 4 rows of `p` numbers.
fn simulated(sources: u32, p: usize) -> (Vec<f64>, Vec<u32>) {
    let mut stream = Stream::new(2, "two levels", p as u64);
    let (mut rows, mut source) = (Vec::new(), Vec::new());
    for s in 0..sources {
        let centre: Vec<f64> = (0..p).map(|j| 2.0 * stream.normal() + j as f64).collect();
        for _ in 0..2 + s % 3 {
            rows.extend(centre.iter().map(|c| c + 0.4 * stream.normal()));
            source.push(s);
        }
    }
    (rows, source)
}

fn normal(x: f64, mean: f64, variance: f64) -> f64 {
    (-0.5 * (x - mean) * (x - mean) / variance).exp() / (2.0 * std::f64::consts::PI * variance).sqrt()
}

#[test]
fn one_column_is_the_integral() {
    let (rows, source) = simulated(12, 1);
    for kind in KINDS {
        let model = TwoLevel::fit(kind, &rows, 1, &source).expect("fits");
        let moments = model.moments();
        let (w, t) = (moments.within()[0], model.h2() * moments.between()[0]);
        let centres = if kind == Kind::Normal { moments.overall() } else { moments.means() };
        let prior = |theta: f64| centres.iter().map(|z| normal(theta, *z, t)).sum::<f64>() / centres.len() as f64;
        for (control, recovered) in
            [(vec![0.3, 0.5, 0.1], vec![0.4, 0.6]), (vec![-1.0], vec![0.2, 0.1]), (vec![4.0, 4.4], vec![4.1])]
        {
            let mean = |rows: &[f64]| rows.iter().sum::<f64>() / rows.len() as f64;
            let at = |rows: &[f64], theta: f64| normal(mean(rows), theta, w / rows.len() as f64);
            let integral = |f: &dyn Fn(f64) -> f64| (-40_000..40_000).map(|i| f(f64::from(i) / 2000.0) / 2000.0).sum::<f64>();
            let both = integral(&|theta| at(&control, theta) * at(&recovered, theta) * prior(theta));
            let apart =
                integral(&|theta| at(&control, theta) * prior(theta)) * integral(&|theta| at(&recovered, theta) * prior(theta));
            let got = model.log10_lr(&control, &recovered).expect("finite").0;
            assert!((got - (both / apart).log10()).abs() < 1e-9, "{}: {got} {}", kind.name(), (both / apart).log10());
        }
    }
}

#[test]
fn affine_maps_and_exchange_do_not_matter() {
    let (rows, source) = simulated(20, 3);
    // Columns mixed, scaled and shifted.
    let map = |rows: &[f64]| {
        rows.chunks(3)
            .flat_map(|r| [2.0 * r[0] - r[1] + 5.0, 30.0 * r[1] + 0.5 * r[2], 0.01 * r[2] + 0.02 * r[0] - 1.0])
            .collect::<Vec<f64>>()
    };
    let (control, recovered) = (vec![0.1, 1.2, 2.0, 0.3, 1.0, 2.2], vec![0.2, 1.1, 2.4]);
    for kind in KINDS {
        let plain = TwoLevel::fit(kind, &rows, 3, &source).expect("fits");
        let mapped = TwoLevel::fit(kind, &map(&rows), 3, &source).expect("fits");
        let one = plain.log10_lr(&control, &recovered).expect("finite").0;
        let two = mapped.log10_lr(&map(&control), &map(&recovered)).expect("finite").0;
        let turned = plain.log10_lr(&recovered, &control).expect("finite").0;
        assert!((one - two).abs() < 1e-9 && (one - turned).abs() < 1e-9, "{} {one} {two} {turned}", kind.name());
    }
}

#[test]
fn tells_sources_apart_and_far_items_give_numbers() {
    let (rows, source) = simulated(30, 2);
    for kind in KINDS {
        let model = TwoLevel::fit(kind, &rows, 2, &source).expect("fits");
        let of = |control: &[f64], recovered: &[f64]| model.log10_lr(control, recovered).expect("finite").0;
        assert!(of(&[1.0, 2.0, 1.1, 1.9], &[1.05, 2.1]) > 0.5);
        assert!(of(&[1.0, 2.0, 1.1, 1.9], &[-3.0, 0.1]) < -3.0);
        let far = of(&[1.0, 2.0], &[1e4, -1e4]);
        assert!(far < -1000.0 && far.is_finite(), "{far}");
        let json = serde_json::to_string(&model).expect("JSON");
        assert_eq!(serde_json::from_str::<TwoLevel>(&json).expect("reads"), model);
        for (from, to) in [("\"p\":2", "\"p\":3"), ("\"p\":2", "\"p\":0"), ("\"within\":[", "\"within\":[1.0,")] {
            assert!(serde_json::from_str::<TwoLevel>(&json.replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}

#[test]
fn kernel_and_bolck_are_one_with_equal_rows_and_width() {
    let (rows, source) = simulated(9, 2);
    // Two rows of each source.
    let firsts: Vec<usize> =
        (0..source.len()).filter(|i| source[..*i].iter().filter(|s| **s == source[*i]).count() < 2).collect();
    let rows: Vec<f64> = firsts.iter().flat_map(|i| [rows[2 * i], rows[2 * i + 1]]).collect();
    let source: Vec<u32> = firsts.iter().map(|i| source[*i]).collect();
    let of = |kind| TwoLevel::fit_with(kind, Bandwidth::Fixed(0.4), &rows, 2, &source).expect("fits");
    let (a, b) = (of(Kind::Kernel), of(Kind::Bolck));
    let lr = |m: &TwoLevel| m.log10_lr(&[0.3, 1.0], &[0.5, 0.7]).expect("finite").0;
    assert!((lr(&a) - lr(&b)).abs() < 1e-12);
    assert_eq!(a.moments().kappa(), 2.0);
}

#[test]
fn refusals_say_what_to_do() {
    let (rows, source) = simulated(9, 2);
    let twice: Vec<f64> = rows.chunks(2).flat_map(|r| [r[0], r[1], r[0] + r[1]]).collect();
    let refused = TwoLevel::fit(Kind::Kernel, &twice, 3, &source).expect_err("dependent").to_string();
    assert!(refused.contains("within-source covariance") && refused.contains("drop or combine"), "{refused}");
    let once: Vec<u32> = (0..source.len() as u32).collect();
    let refused = TwoLevel::fit(Kind::Bolck, &rows, 2, &once).expect_err("no repeats").to_string();
    assert!(refused.contains("more than once"), "{refused}");
    let fit = |rows: &[f64], source: &[u32]| TwoLevel::fit(Kind::Normal, rows, 2, source);
    assert!(
        fit(&rows[1..], &source).is_err() && fit(&rows, &source[1..]).is_err() && fit(&rows, &vec![1; source.len()]).is_err()
    );
    let model = fit(&rows, &source).expect("fits");
    assert!(model.log10_lr(&[1.0], &[1.0, 2.0]).is_err() && model.log10_lr(&[1.0, f64::NAN], &[1.0, 2.0]).is_err());
    assert!(Kind::by_name("kernel") == Some(Kind::Kernel) && Kind::by_name("lucy").is_none());
}
