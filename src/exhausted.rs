//! What happens when the system gives no more memory (`ulimit -v`, a container's limit that refuses, no overcommit): one line that says what to do, and exit
//! code 1. The standard library would print a panic's text and abort, and has been seen to wait for a lock of its own for ever on the way. Work that was
//! committed stays.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator; where it has nothing more to give the program ends.
pub struct Told;

/// Larger requests than this are mistakes of whoever asks, who is told of them.
const ABSURD: usize = 1 << 40;

const TEXT: &[u8] = b"striae: out of memory: the system gives no more. Give a smaller --memory, or raise the limit (ulimit -v, the container's or job's memory). \
What was committed stays: the same command with --resume goes on\n";

#[cold]
fn told(pointer: *mut u8, layout: Layout) -> *mut u8 {
    if layout.size() < ABSURD {
        // SAFETY: a constant text of its own length; neither call takes memory or locks.
        unsafe {
            libc::write(2, TEXT.as_ptr().cast(), TEXT.len());
            libc::_exit(1);
        }
    }
    pointer
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Told {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the system's allocator.
        let pointer = unsafe { System.alloc(layout) };
        if pointer.is_null() { told(pointer, layout) } else { pointer }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let pointer = unsafe { System.alloc_zeroed(layout) };
        if pointer.is_null() { told(pointer, layout) } else { pointer }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        let pointer = unsafe { System.realloc(old, layout, size) };
        if pointer.is_null() { told(pointer, layout) } else { pointer }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}
