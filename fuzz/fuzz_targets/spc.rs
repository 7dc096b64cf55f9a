//! SPC spectra.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::spectrum::read::spc;

fuzz_target!(|bytes: &[u8]| {
    let _ = spc::is(bytes);
    let _ = spc::read(bytes);
});
