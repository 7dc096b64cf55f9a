//! Pictures: decoding within limits, and what is computed of shades of grey alone.
//!
//! Rows run down, columns to the right; the middle of the pixel in row r and column c is the point (x, y) = (c, r). Nothing here knows what is in a
//! picture.

pub mod blur;
pub mod decode;
pub mod gradient;
pub mod grey;
pub mod hog;
pub mod lbp;
pub mod phash;
pub mod resample;
