//! Spectra in tables, with the layouts that a person may say.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::spectrum::read::{Hints, table};

fuzz_target!(|text: &str| {
    let layouts = [None, table::Layout::by_name("columns"), table::Layout::by_name("rows"), table::Layout::by_name("xy")];
    for layout in layouts {
        let _ = table::read(text, &Hints { layout, ..Hints::default() });
    }
});
