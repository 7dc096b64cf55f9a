//! Pictures of every format that is read: decoded within the limits, or refused.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::picture::decode::{Limits, decode};

fuzz_target!(init: let_fences_stand(), |bytes: &[u8]| {
    let _ = decode(bytes, &Limits { pixels: 1 << 22, memory_bytes: 64 << 20, ..Limits::default() });
});

/// A panic of a library that is caught is no find.
fn let_fences_stand() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !striae::fence::is_around() {
            usual(info);
        }
    }));
}
