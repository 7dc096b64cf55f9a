//! What a recipe has learnt, as it is stored, done to a row.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::spectrum::transform::Fitted;

fuzz_target!(|text: &str| {
    if let Ok(fitted) = Fitted::from_json(text) {
        let again = Fitted::from_json(&fitted.to_json());
        assert!(again.is_ok());
    }
});
