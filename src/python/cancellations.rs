//! Cancelling many calls of an event loop sends nothing: until the loop has processed all of them,
//! its other calls are held back.
//!
//! A loop cancels one call after another. Each frees a place, and without this the engine would give
//! it to a call that is cancelled a moment later.

use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};

use crate::http::Hold;
use crate::python::fork::ProcessId;
use crate::python::shutdown::InterpreterGuard;

/// Turns of the loop without a cancellation, after which all are processed: a task that is cancelled
/// cancels those that it waits for a turn or two later, as nested task groups and `wait_for` do.
const QUIET_TURNS: u32 = 8;

/// The cancellations of one event loop in one process.
#[pyclass(frozen, module = "atlas_backups._core")]
pub(super) struct Cancellations {
    owner: ProcessId,
    event_loop: Py<PyWeakrefReference>,
    hold: Hold,
    /// Turns until all are processed; 0: nothing is held back. Changed only with Python attached.
    turns_left: AtomicU32,
}

impl Cancellations {
    pub(super) fn of(event_loop: &Bound<'_, PyAny>, process: ProcessId) -> PyResult<Self> {
        Ok(Self {
            owner: process,
            event_loop: PyWeakrefReference::new(event_loop)?.unbind(),
            hold: Hold::default(),
            turns_left: AtomicU32::new(0),
        })
    }

    /// For the calls of the loop.
    pub(super) fn hold(&self) -> &Hold {
        &self.hold
    }

    /// Holds the other calls back; called before a call is cut off, on whatever thread.
    pub(super) fn begin(slf: &Bound<'_, Self>) -> PyResult<()> {
        let it = slf.get();
        if it.owner != ProcessId::current() {
            return Ok(());
        }
        if it.turns_left.swap(QUIET_TURNS, Ordering::Relaxed) > 0 {
            return Ok(());
        }
        it.hold.set(true);
        // A loop that is gone or closed sends nothing any more.
        let Some(event_loop) = it.event_loop.bind(slf.py()).upgrade() else { return Ok(()) };
        Self::expect(slf, &event_loop).or_else(|error| {
            let is_closed = event_loop.call_method0(intern!(slf.py(), "is_closed"));
            if is_closed.and_then(|is_closed| is_closed.is_truthy()).unwrap_or(false) {
                return Ok(());
            }
            it.end();
            Err(error)
        })
    }

    /// Has the loop call `turn` in its next turn.
    fn expect(slf: &Bound<'_, Self>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let turn = slf.getattr(intern!(py, "turn"))?;
        event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (turn,)).map(drop)
    }

    fn end(&self) {
        self.turns_left.store(0, Ordering::Relaxed);
        self.hold.set(false);
    }
}

#[pymethods]
impl Cancellations {
    /// Called by the event loop in each turn of a hold.
    fn turn(slf: &Bound<'_, Self>) -> PyResult<()> {
        let _inside = InterpreterGuard::enter(slf.py());
        let it = slf.get();
        if it.owner != ProcessId::current() {
            return Ok(());
        }
        let left = it.turns_left.load(Ordering::Relaxed).saturating_sub(1);
        it.turns_left.store(left, Ordering::Relaxed);
        if left > 0
            && let Some(event_loop) = it.event_loop.bind(slf.py()).upgrade()
        {
            return Self::expect(slf, &event_loop).inspect_err(|_| it.end());
        }
        it.end();
        Ok(())
    }
}
