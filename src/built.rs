//! What the program was built of.

/// The commit, where its build could tell.
#[must_use]
pub fn commit() -> Option<String> {
    Some(env!("STRIAE_BUILT_OF")).filter(|commit| *commit != "unknown").map(str::to_owned)
}
