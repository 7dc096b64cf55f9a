//! Spectra: what the brick is made of. Files of instruments ([`read`]) → one axis ([`resample`]) → prepared rows ([`transform`]), and
//! tables of peaks ([`profiles`]).

pub mod prepared;
pub mod profiles;
pub mod read;
pub mod resample;
pub mod simulate;
pub mod transform;
