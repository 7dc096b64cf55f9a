//! Models of likelihood ratios. A model that is read gives finite ratios or says why not, and is written such that it is read as
//! the same.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::evaluate::lr::LrModel;

fuzz_target!(|text: &str| {
    let Ok(model) = LrModel::from_json(text) else { return };
    for score in [-1e300, -1.0, 0.0, 0.5, 1e-300, 7.0, f64::NAN, f64::INFINITY] {
        if let Ok(ratio) = model.log10_lr(score) {
            assert!(ratio.value.0.is_finite());
        }
    }
    let again = model.to_json().ok().and_then(|json| LrModel::from_json(&json).ok());
    assert_eq!(again, Some(model));
});
