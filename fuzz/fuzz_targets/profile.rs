//! Profiles of marks as text and NPY, and surfaces as NPY. The first byte chooses units and name.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::toolmark::profile::{self, Hints};
use striae::toolmark::unit::LengthUnit;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let units = [None, Some(LengthUnit::Metre), Some(LengthUnit::Nanometre), Some(LengthUnit::Micrometre)];
    let unit = |shift: u8| units[usize::from(choice >> shift & 3)];
    let hints = Hints { height_unit: unit(0), x_unit: unit(2), spacing_um: (choice & 16 != 0).then_some(1.5) };
    let _ = profile::read(if choice & 32 != 0 { "a.csv" } else { "a.txt" }, bytes, &hints);
    if profile::is_surface_npy(bytes) {
        let _ = profile::read_surface_npy(bytes, LengthUnit::Metre, (1.0, 2.0));
    }
});
