//! Whether there is a GPU to test on: the one place that decides what a missing one means.

use striae::backend::gpu::{Gpu, Limits, Want};

/// A GPU, a software one if need be. `None`, loudly, when there is none and nobody requires one; with
/// `STRIAE_REQUIRE_GPU=1` a missing one is a failure.
pub fn gpu(limits: Option<Limits>) -> Option<Gpu> {
    match Gpu::with(&Want::Any, limits) {
        Ok(gpu) => Some(gpu),
        Err(why) if std::env::var("STRIAE_REQUIRE_GPU").is_ok_and(|v| v == "1") => panic!("STRIAE_REQUIRE_GPU=1, but {why}"),
        Err(why) => {
            eprintln!("IGNORED, nothing was tested: {why}");
            None
        }
    }
}
