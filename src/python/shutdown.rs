//! Interpreter shutdown: no thread runs Rust with Python attached when finalization begins.
//!
//! Until 3.14 Python unwinds a thread that attaches during finalization, which would run destructors
//! of Rust without Python. So finalization waits for the threads that are attached, and no other
//! thread attaches any more. Python is fully alive while atexit callbacks run, and so are calls.
//!
//! Safe at a fork: there are no locks here, and a child resets the count.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

use crate::running_count::RunningCount;

/// An attached thread builds a result or writes a log: mostly microseconds.
const MAX_PAUSES: usize = 500;
const PAUSE: Duration = Duration::from_millis(1);

static INSIDE: RunningCount = RunningCount::new();
static ENDING: AtomicBool = AtomicBool::new(false);

thread_local! {
    static IS_SHUTDOWN_THREAD: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The right of a thread to call into Python from Rust.
pub(super) struct InterpreterGuard<'py>(Python<'py>);

impl<'py> InterpreterGuard<'py> {
    /// Does not return, with Python detached, when the interpreter ends.
    pub(super) fn enter(py: Python<'py>) -> Self {
        if is_held() {
            py.detach(park_for_ever);
        }
        INSIDE.begin();
        Self(py)
    }

    /// Waits for something outside of Python.
    pub(super) fn detach<T: Send>(self, wait: impl FnOnce() -> T + Send) -> (Self, T) {
        let py = self.0;
        drop(self);
        let result = py.detach(|| {
            let result = wait();
            claim();
            result
        });
        (Self(py), result)
    }
}

/// Counts a thread as attached before it attaches, so that finalization waits for it. Does not return
/// when the interpreter ends.
fn claim() {
    INSIDE.begin();
    if is_held() {
        INSIDE.end();
        park_for_ever();
    }
}

fn is_held() -> bool {
    ENDING.load(Ordering::SeqCst) && !IS_SHUTDOWN_THREAD.get()
}

fn park_for_ever() {
    loop {
        thread::park();
    }
}

impl Drop for InterpreterGuard<'_> {
    fn drop(&mut self) {
        INSIDE.end();
    }
}

/// An atexit callback that acts when it is dropped.
///
/// Callbacks run in reverse order, so those registered before the import run after this one, and may
/// join threads that are in a call. Python drops all callbacks together when the last one has
/// returned, just before finalization begins: there is no later hook.
#[pyclass(frozen, module = "atlas_backups._core")]
struct AtExit {
    /// `atexit.unregister` drops a callback too, and so does multiprocessing in a forked child.
    is_called: AtomicBool,
}

#[pymethods]
impl AtExit {
    fn __call__(&self) {
        self.is_called.store(true, Ordering::Relaxed);
    }
}

impl Drop for AtExit {
    fn drop(&mut self) {
        if self.is_called.load(Ordering::Relaxed) {
            Python::try_attach(hold_other_threads);
        }
    }
}

/// Waits until no other thread is attached in Rust.
fn hold_other_threads(py: Python<'_>) {
    IS_SHUTDOWN_THREAD.set(true);
    ENDING.store(true, Ordering::SeqCst);
    INSIDE.wait_for_none(MAX_PAUSES, || py.detach(|| thread::sleep(PAUSE)));
}

/// Registers the callback; only `atexit` holds it.
pub(super) fn register_atexit(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let callback = AtExit { is_called: AtomicBool::new(false) };
    py.import("atexit")?.call_method1("register", (callback,)).map(drop)
}

/// In a forked child only one thread goes on.
pub(super) fn reset_after_fork() {
    INSIDE.reset();
    ENDING.store(false, Ordering::Relaxed);
}
