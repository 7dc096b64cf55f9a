//! The two-level kernel model against an R reference, intermediate by intermediate (10 elements of glass, 659 sources).

use super::{number, numbers, table};
use striae::evaluate::lr::two_level::{Kind, TwoLevel};

const P: usize = 10;

fn r(name: &str) -> Vec<f64> {
    numbers(&format!("two_level/R_output/{name}.csv"), 1, 0)
}

fn model() -> TwoLevel {
    let rows = table("two_level/input/train_data.csv", 1);
    let source: Vec<u32> = rows.iter().map(|row| row[1].parse().expect("a source")).collect();
    let values: Vec<f64> = rows.iter().flat_map(|row| row[2..].iter().map(|f| number(f)).collect::<Vec<_>>()).collect();
    TwoLevel::fit(Kind::Bolck, &values, P, &source).expect("fits")
}

/// Items of the trace file, rows of each together.
fn traces() -> Vec<Vec<f64>> {
    let rows = table("two_level/input/trace_data.csv", 1);
    rows.chunk_by(|a, b| a[1] == b[1])
        .map(|of| of.iter().flat_map(|row| row[2..].iter().map(|f| number(f)).collect::<Vec<_>>()).collect())
        .collect()
}

/// Relative to the element, or to 1e-6 of the largest one where it is smaller than that: R subtracts near-equal matrices.
fn close(name: &str, got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0.0, |m: f64, e| m.max(e.abs()));
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!((g - e).abs() <= 1e-9 * e.abs().max(1e-6 * largest), "{name}[{i}]: {g} {e}");
    }
}

fn transposed(rows: &[f64], width: usize) -> Vec<f64> {
    (0..width).flat_map(|j| rows.iter().skip(j).step_by(width).copied()).collect()
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn every_intermediate() {
    let model = model();
    let moments = model.moments();
    close("h2", &[model.h2()], &r("h2"));
    close("kappa", &[moments.kappa()], &r("kappa"));
    close("MSwithin", moments.within(), &r("MSwithin"));
    close("means_z", moments.means(), &transposed(&r("means_z"), 659));
    close("T0", moments.between(), &r("T0"));
    let reference = numbers("two_level/input/reference_data.csv", 1, 1);
    let parts = model.parts(&reference, &traces()[0]).expect("finite");
    close("U_hx", &parts.u_hx, &r("U_hx"));
    close("U_h0", &parts.u_h0, &r("U_h0"));
    close("U_hn", &parts.u_hn, &r("U_hn"));
    close("T_hn", &parts.t_hn, &r("T_hn"));
    close("mu_h", &parts.mu_h, &transposed(&r("mu_h"), 659));
    close("ln_num1", &[parts.ln_numerator], &r("ln_num1"));
    close("ln_num2", &[parts.ln_control], &r("ln_num2"));
    close("ln_den", &[parts.ln_recovered], &r("ln_den"));
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn ten_likelihood_ratios() {
    let model = model();
    let reference = numbers("two_level/input/reference_data.csv", 1, 1);
    let expected: Vec<f64> = table("two_level/R_output/log10_MLRs.csv", 1).iter().map(|row| number(&row[0])).collect();
    let traces = traces();
    assert_eq!(traces.len(), expected.len());
    for (trace, expected) in traces.iter().zip(expected) {
        let got = model.log10_lr(&reference, trace).expect("finite").0;
        // R's exponentials underflow below some −300.
        let agrees = if expected == f64::NEG_INFINITY { got < -300.0 && got.is_finite() } else { (got - expected).abs() < 1e-6 };
        assert!(agrees, "{got} {expected}");
    }
}
