//! Why a photograph gives no signature.

use super::region::Rectangle;

/// Why a photograph gives no signature.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("option {name} is {got}; allowed are {allowed}")]
    Option { name: &'static str, got: f64, allowed: &'static str },
    #[error("the region of {region} does not lie within the picture of {width} × {height} pixels; give one that does, or none")]
    Region { region: Rectangle, width: usize, height: usize },
    #[error(
        "{width} × {height} pixels are too few to find striations in; at least {least} × {least} are needed. Take a larger region, or smaller tiles"
    )]
    TooSmall { width: usize, height: usize, least: usize },
    #[error(
        "no striations: {striated} of {tiles} areas are striated, {coherent} have a direction and enough contrast at all (the largest coherence \
         is {largest:.2}), and at least {least:.0} must be. Photograph it under oblique light across the striations, or give the region of the mark"
    )]
    NothingStriated { striated: usize, coherent: usize, tiles: usize, largest: f64, least: f64 },
    #[error(
        "no common direction: of {coherent} areas with a direction, a share of {agreement:.2} agrees with {angle_deg:.0}°, and at least {least:.2} \
         must. Give the region of the mark, or the direction of its striations"
    )]
    NoCommonDirection { coherent: usize, agreement: f64, angle_deg: f64, least: f64 },
    #[error(
        "the signature has {got} positions where at least {pixels} pixels were averaged along the striations; at least {least} are needed. Take a \
         larger region, or allow fewer pixels"
    )]
    Short { got: usize, least: usize, pixels: usize },
    #[error(
        "the light from {light_deg:.0}° comes along the striations at {angle_deg:.0}° (within {least:.0}°), so that the side it comes from does not \
         tell rise from fall; leave the light out and compare both signs"
    )]
    LightAlong { light_deg: f64, angle_deg: f64, least: f64 },
}
