//! The end of the interpreter: no other thread is in the middle of Rust with Python when it begins.
//!
//! Until 3.14 Python unwinds threads that want to go on then, which would run destructors of Rust
//! without Python. So the threads that are inside are let out, and none is let in any more.
//!
//! Everything here is called with Python attached, so that no fork finds it half done.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// What is inside makes a result or writes a log: mostly microseconds.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(1);

static INSIDE: AtomicUsize = AtomicUsize::new(0);
static ENDING: AtomicBool = AtomicBool::new(false);

thread_local! {
    static IS_LAST: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The right of a thread to call into Python from Rust.
pub(super) struct Inside<'py>(Python<'py>);

impl<'py> Inside<'py> {
    /// Does not return, with Python detached, when the interpreter ends.
    pub(super) fn enter(py: Python<'py>) -> Self {
        if ENDING.load(Ordering::Relaxed) && !IS_LAST.get() {
            py.detach(|| {
                loop {
                    thread::park();
                }
            });
        }
        INSIDE.fetch_add(1, Ordering::Relaxed);
        Self(py)
    }

    /// Waits for something outside of Python.
    pub(super) fn outside<T: Send>(self, wait: impl FnOnce() -> T + Send) -> (Self, T) {
        let py = self.0;
        drop(self);
        let result = py.detach(wait);
        (Self::enter(py), result)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // Less than none: it went in before a fork.
        let less = |inside: usize| inside.checked_sub(1);
        let _ = INSIDE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// Called by Python when everything but daemon threads has ended.
#[pyfunction]
fn ending(py: Python<'_>) {
    IS_LAST.set(true);
    ENDING.store(true, Ordering::Relaxed);
    let begun = Instant::now();
    while INSIDE.load(Ordering::Relaxed) > 0 && begun.elapsed() < LONGEST_WAIT {
        py.detach(|| thread::sleep(PAUSE));
    }
}

/// Has Python call `ending` in time.
pub(super) fn expect_the_end(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let register = module.py().import("atexit")?.getattr("register")?;
    register.call1((wrap_pyfunction!(ending, module)?,)).map(drop)
}

/// In a forked child only one thread goes on.
pub(super) fn forget_the_others() {
    INSIDE.store(0, Ordering::Relaxed);
    ENDING.store(false, Ordering::Relaxed);
}
