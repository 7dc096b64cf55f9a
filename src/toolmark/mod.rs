//! Tool-marks: what the press leaves on the brick.
//!
//! ```text
//! x3p, profile, picture ──► surface ──► signature   across striations      level, outlier, gaussian, shear, resample
//!                           photograph ► signature   of shades
//!                           texture                  of a pressed surface
//!               impressed ► cmc         cells of two pressed surfaces that agree on one place
//! ```

pub mod cmc;
pub mod gaussian;
pub mod impressed;
pub mod impression;
pub mod level;
pub mod outlier;
pub mod photograph;
pub mod profile;
pub mod resample;
pub mod scene;
pub mod shear;
pub mod signature;
pub mod simulate;
pub mod surface;
pub mod texture;
pub mod unit;
pub mod x3p;
