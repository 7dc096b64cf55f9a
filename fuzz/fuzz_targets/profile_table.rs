//! Peak areas of samples in tables. The first byte chooses how it lies and what stands for a non-detect.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::spectrum::profiles::{self, Orientation, Substitute};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let orientation = if choice & 1 == 0 { Orientation::Rows } else { Orientation::Columns };
    let substitute = if choice & 2 == 0 { Substitute::Zero } else { Substitute::Share(0.5) };
    let beside = if choice & 4 == 0 { Vec::new() } else { vec!["case".to_owned()] };
    let _ = profiles::read(text, orientation, substitute, &beside);
});
