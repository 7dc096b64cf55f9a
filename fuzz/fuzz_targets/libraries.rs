//! Libraries of peak lists: MGF, MSP, GNPS JSON.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::spectrum::read::library;

fuzz_target!(|text: &str| {
    let _ = library::mgf(text);
    let _ = library::msp(text);
    let _ = library::gnps(text);
});
