//! JCAMP-DX: all its forms of numbers, blocks, peak tables.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::spectrum::read::jcamp;

fuzz_target!(|text: &str| {
    let _ = jcamp::read(text);
});
