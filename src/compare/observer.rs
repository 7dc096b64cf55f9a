//! Who watches a run.

use std::time::Instant;

/// Who watches a run. All calls may come from any thread.
pub trait Observer: Sync {
    /// A phase begins that will take `total` units (rows, then pairs).
    fn phase(&self, name: &str, total: u64);
    /// Units of the phase that are done.
    fn progress(&self, done: u64);
    /// Something that the person should know and the record keeps.
    fn warn(&self, text: &str);
    /// Whether the run is to end.
    fn stop(&self) -> bool {
        false
    }
    /// Something that began at `from` has just ended on this thread: `read`, `survey`, `choose`, `prepare`, `screen`, `refine`, or
    /// `settle`: refining what is left when all tiles are through. Preparing and settling run on all threads, though one has the span.
    fn span(&self, _what: &'static str, _from: Instant) {}
}

/// Nobody watches.
#[derive(Debug)]
pub struct Unwatched;

impl Observer for Unwatched {
    fn phase(&self, _: &str, _: u64) {}
    fn progress(&self, _: u64) {}
    fn warn(&self, _: &str) {}
}
