//! mzML.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::spectrum::read::mzml;

fuzz_target!(|bytes: &[u8]| {
    let _ = mzml::read(bytes);
});
