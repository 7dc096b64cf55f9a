//! What can be wrong with likelihood ratios, their training and their models.

/// Why a likelihood ratio, or a model of it, was refused.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
pub enum Error {
    #[error("there are no {truth} pairs in {what}: likelihood ratios need pairs of both kinds; add labelled pairs")]
    NoPairs { what: &'static str, truth: &'static str },
    #[error("{what}, number {index} (from 0): {got} is not allowed; allowed are {allowed}; leave the pair out or mend its score")]
    Value { what: &'static str, index: usize, got: f64, allowed: &'static str },
    #[error("{what} is {got}; allowed are {allowed}")]
    Option { what: &'static str, got: String, allowed: &'static str },
    #[error("{what}: got {got} numbers, which is not a positive multiple of the {columns} columns; give rows of equal length")]
    Shape { what: &'static str, got: usize, columns: usize },
    #[error("count {k} of {n}, pair number {index} (from 0), is not allowed; allowed are 0 <= k <= n and 1 <= n <= {most}")]
    Count { k: u32, n: u32, index: usize, most: u32 },
    #[error(
        "the {truth} scores are all {got}: no bandwidth follows from them; give a bandwidth as a number, or use logistic or pav"
    )]
    NoSpread { truth: &'static str, got: f64 },
    #[error(
        "the scores separate same-source from different-source pairs completely, so that logistic regression has no solution; give \
         --ridge 0.001, or --method kde, or more pairs"
    )]
    Separable,
    #[error(
        "larger scores (of distances: smaller ones) are not closer for this truth, the slope is {slope}: is --truth the right column?"
    )]
    Orientation { slope: f64 },
    #[error("the fit of {what} did not converge in {steps} steps; give a ridge (0.001 is small) or fewer columns")]
    NotConverged { what: &'static str, steps: usize },
    #[error(
        "{what} of {columns} columns is not positive definite: columns depend on each other or vary too little between sources; drop or \
         combine columns (principal components, fewer peaks), or add sources and repeated measurements"
    )]
    Singular { what: &'static str, columns: usize },
    #[error("{what}: got {got}, needed are at least {least}; {advice}")]
    TooFew { what: &'static str, got: usize, least: usize, advice: &'static str },
    #[error("a {model} model needs {needs}; this evidence is {got}")]
    Evidence { model: &'static str, needs: String, got: String },
    #[error(
        "the test pairs share {count} sources with the training pairs, among them {first:?}; move all pairs of a source to one side"
    )]
    Leak { count: usize, first: Vec<u32> },
    #[error(
        "this likelihood-ratio model is not one that can be read: {reason}; train it again, or use the version that wrote it"
    )]
    Model { reason: String },
    #[error("a {model} model gives likelihood ratios of 0 or infinity here; give it limits (elub, invariance, or your own)")]
    Unlimited { model: &'static str },
    #[error("the model's {what} is empty; a likelihood ratio is not given without it")]
    Unstated { what: &'static str },
}
