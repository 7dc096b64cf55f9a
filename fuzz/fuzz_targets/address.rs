//! Addresses FILE.h5:/path. What is read is written such that it is read as the same.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::archive::Address;

fuzz_target!(|text: &str| {
    let address = Address::parse(text);
    assert_eq!(Address::parse(&address.to_string()), address);
});
