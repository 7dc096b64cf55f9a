//! X3P surfaces, with their annotation: read or refused.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::toolmark::x3p::{self, Checksums, Limits, Options};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { points: 1 << 20, memory: 32 << 20, ..Limits::default() };
    for checksums in [Checksums::Lenient, Checksums::Strict] {
        if let Ok(found) = x3p::read(bytes, &Options { checksums, limits, ..Options::default() }) {
            let _ = found.annotation.map(|a| a.excluded(&found.surface, |region| region.name.is_empty()));
        }
    }
});
