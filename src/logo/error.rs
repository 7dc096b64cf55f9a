//! What can be wrong with logos.

use thiserror::Error;

#[derive(Debug, Error, PartialEq)]
pub enum LogoError {
    #[error(
        "nothing stands out of the ground: foreground and ground lie {contrast:.2} of their spreads apart, {difference:.3} of the ground's shade; at \
         least {least_contrast} and {least_difference} are needed; crop the picture to the logo, light it better, or lower the limits"
    )]
    NothingStandsOut { contrast: f64, difference: f64, least_contrast: f64, least_difference: f64 },
    #[error(
        "what stands out covers {share:.5} of the picture; allowed are {least} to {most}; crop the picture so that the logo fills it without touching \
         its edges, or say whether it is darker or lighter than the ground"
    )]
    Area { share: f64, least: f64, most: f64 },
    #[error("the picture has {width} × {height} pixels; at least {least} on each side are needed")]
    TooSmall { width: usize, height: usize, least: usize },
    #[error("{what} {got} is not possible; allowed are {allowed}")]
    Setting { what: &'static str, got: String, allowed: &'static str },
    #[error("the shape is {got} pixels wide; the descriptor was made for {expected}")]
    Side { got: usize, expected: usize },
}
