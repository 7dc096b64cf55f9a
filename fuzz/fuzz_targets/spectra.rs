//! A file of spectra of whatever format: how it is told apart, encodings of text, units that a person says. The first byte
//! chooses the name.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::spectrum::read::{self, Hints};

fuzz_target!(init: let_fences_stand(), |bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let names = ["a.spc", "a.dx", "a.csv", "a.txt", "a.mgf", "a.msp", "a.mzML", "a.json"];
    let said = |bit: u8, text: &str| (choice & bit != 0).then(|| text.to_owned());
    let hints = Hints { axis_unit: said(16, "cm-1"), value_unit: said(32, "absorbance"), layout: None };
    let _ = read::read(names[usize::from(choice & 7)], bytes, &hints);
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
