//! Logos: stamped or printed shapes in photographs, and what is compared of them.
//!
//! ```text
//! picture → segment (even light, threshold, parts, place and size) → Shape → descriptor: a flat row of numbers
//! ```
//! - [`segment`] finds the shape and says what it found; [`flatten`], [`threshold`] and [`mask`] are its steps.
//! - [`descriptor`] lists what is computed of a shape, with lengths and layouts: [`zernike`], [`hu`], [`logpolar`], [`contour`], and
//!   from [`crate::picture`] HOG, LBP and a perceptual hash, the first and last of a shape turned [`upright`].
//! - [`crate::metric::logpolar`] defines the comparison of log-polar rows over all turns and mirrored.
//! - [`stamp`] simulates photographs of stamped logos, [`simulate`] rows of shapes.
//!
//! A row is for looking for the same shape, whatever its place, size, turn, and side. It says nothing on how often such a shape occurs.

pub mod contour;
pub mod descriptor;
pub mod error;
pub mod flatten;
pub mod fourier;
pub mod hu;
pub mod logpolar;
pub mod mask;
pub mod segment;
pub mod simulate;
pub mod stamp;
pub mod threshold;
pub mod upright;
pub mod zernike;

pub use error::LogoError;
