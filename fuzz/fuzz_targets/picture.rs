//! Pictures of every format that is read: decoded within the limits, or refused.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::picture::decode::{Limits, decode};

fuzz_target!(|bytes: &[u8]| {
    let _ = decode(bytes, &Limits { pixels: 1 << 22, memory_bytes: 64 << 20, ..Limits::default() });
});
