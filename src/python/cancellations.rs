//! Cancelling many calls of an event loop sends no further requests.
//!
//! A loop cancels one call after another, and each frees a connection slot. Without this hold the
//! runtime would give the slot to a queued call that is cancelled a moment later. So queued calls of
//! the loop wait until the loop has processed all cancellations.

use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};

use crate::http::Hold;
use crate::python::fork::ProcessId;
use crate::python::shutdown::InterpreterGuard;

/// Iterations of the loop without a cancellation, after which all are processed. A cancelled task
/// cancels the tasks that it awaits an iteration or two later (nested task groups, `wait_for`).
const QUIET_ITERATIONS: u32 = 8;

/// The cancellations of one event loop in one process.
#[pyclass(frozen, module = "atlas_backups._core")]
pub(super) struct Cancellations {
    owner: ProcessId,
    event_loop: Py<PyWeakrefReference>,
    hold: Hold,
    /// Iterations until the hold ends; 0: no hold. Changed only with Python attached.
    iterations_left: AtomicU32,
}

impl Cancellations {
    pub(super) fn of(event_loop: &Bound<'_, PyAny>, process: ProcessId) -> PyResult<Self> {
        Ok(Self {
            owner: process,
            event_loop: PyWeakrefReference::new(event_loop)?.unbind(),
            hold: Hold::default(),
            iterations_left: AtomicU32::new(0),
        })
    }

    /// For the calls of the loop.
    pub(super) fn hold(&self) -> &Hold {
        &self.hold
    }

    /// Starts the hold; called before a call is cancelled, on any thread.
    pub(super) fn begin(slf: &Bound<'_, Self>) -> PyResult<()> {
        let it = slf.get();
        if it.owner != ProcessId::current() {
            return Ok(());
        }
        if it.iterations_left.swap(QUIET_ITERATIONS, Ordering::Relaxed) > 0 {
            return Ok(());
        }
        it.hold.set(true);
        // A closed loop sends no more requests.
        let Some(event_loop) = it.event_loop.bind(slf.py()).upgrade() else { return Ok(()) };
        Self::schedule(slf, &event_loop).or_else(|error| {
            let is_closed = event_loop.call_method0(intern!(slf.py(), "is_closed"));
            if is_closed.and_then(|is_closed| is_closed.is_truthy()).unwrap_or(false) {
                return Ok(());
            }
            it.end();
            Err(error)
        })
    }

    /// Schedules `iterate` for the next iteration of the loop.
    fn schedule(slf: &Bound<'_, Self>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let iterate = slf.getattr(intern!(py, "iterate"))?;
        event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (iterate,)).map(drop)
    }

    fn end(&self) {
        self.iterations_left.store(0, Ordering::Relaxed);
        self.hold.set(false);
    }
}

#[pymethods]
impl Cancellations {
    /// Called by the event loop in each iteration of a hold.
    fn iterate(slf: &Bound<'_, Self>) -> PyResult<()> {
        let _inside = InterpreterGuard::enter(slf.py());
        let it = slf.get();
        if it.owner != ProcessId::current() {
            return Ok(());
        }
        let left = it.iterations_left.load(Ordering::Relaxed).saturating_sub(1);
        it.iterations_left.store(left, Ordering::Relaxed);
        if left > 0
            && let Some(event_loop) = it.event_loop.bind(slf.py()).upgrade()
        {
            return Self::schedule(slf, &event_loop).inspect_err(|_| it.end());
        }
        it.end();
        Ok(())
    }
}
