//! Foreign code that may panic on what it is given, fenced in: the panic is caught, and told in other words by whoever called it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static WITHIN: Cell<u32> = const { Cell::new(0) };
}

/// Whether a panic on this thread is caught and told in other words.
#[must_use]
pub fn is_around() -> bool {
    WITHIN.get() > 0
}

/// What `work` gives, or the panic that ended it. Nothing that `work` changes may be used after a panic without care.
///
/// # Errors
/// When it panicked.
pub fn caught<T>(work: impl FnOnce() -> T) -> std::thread::Result<T> {
    WITHIN.set(WITHIN.get() + 1);
    let answer = catch_unwind(AssertUnwindSafe(work));
    WITHIN.set(WITHIN.get() - 1);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_stays_within() {
        assert!(!is_around());
        assert_eq!(caught(|| is_around() && caught(is_around).unwrap_or(false)).ok(), Some(true));
        let said = caught(|| -> u8 { std::panic::panic_any("of a library") }).unwrap_err();
        assert_eq!(said.downcast_ref::<&str>(), Some(&"of a library"));
        assert!(!is_around());
    }
}
