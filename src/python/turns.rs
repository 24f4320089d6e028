//! A burst of calls does not hold its event loop: so many begin in a turn of it, the others later.
//!
//! A loop runs all that is ready before it looks at its clock and its sockets again, and a thousand
//! tasks that each begin a call are ready at once.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use crate::python::shutdown::InterpreterGuard;

/// Calls that begin or end; about a millisecond of the loop's thread.
pub(super) const MOST_IN_A_TURN: usize = 64;

/// The turns of one event loop.
#[pyclass(frozen, module = "atlas_backups._core")]
pub(super) struct Turns {
    /// Locked only with Python attached and never across a call into it: see `process`.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Calls that were let begin since `turn`, be it long ago: one in so many waits for nothing.
    begun: usize,
    /// Calls that begin in the loop's next turn: `turn` has told their futures.
    told: usize,
    /// Futures of those that wait for a turn, the first first.
    line: VecDeque<Py<PyAny>>,
    /// Whether the loop will call `turn`.
    is_expected: bool,
}

impl State {
    /// Those that are told now, to begin in the loop's next turn; those of the last time begin in
    /// this one.
    fn next(&mut self) -> Vec<Py<PyAny>> {
        let count = self.line.len().min(MOST_IN_A_TURN);
        self.begun = std::mem::replace(&mut self.told, count);
        self.is_expected = count > 0;
        self.line.drain(..count).collect()
    }
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default() }
    }

    /// Lets a call begin now, or gives the future that says when.
    pub(super) fn admit<'py>(
        slf: &Bound<'py, Self>,
        event_loop: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = slf.py();
        {
            let mut state = slf.get().state();
            if state.begun < MOST_IN_A_TURN && state.line.is_empty() {
                state.begun += 1;
                return Ok(None);
            }
        }
        let future = event_loop.call_method0(intern!(py, "create_future"))?;
        let waiting = future.clone().unbind();
        let is_expected = {
            let mut state = slf.get().state();
            state.line.push_back(waiting);
            std::mem::replace(&mut state.is_expected, true)
        };
        if !is_expected {
            Self::expect(slf, event_loop)?;
        }
        Ok(Some(future))
    }

    /// Has the loop call `turn` in its next turn. Where that fails (Ctrl-C in it), all that wait
    /// begin: nothing else might ever tell them.
    fn expect(slf: &Bound<'_, Self>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let turn = slf.getattr(intern!(py, "turn"));
        let called = turn
            .and_then(|turn| event_loop.call_method1(intern!(py, "call_soon"), (turn, event_loop)));
        let Err(error) = called else { return Ok(()) };
        let left = {
            let mut state = slf.get().state();
            state.is_expected = false;
            std::mem::take(&mut state.line)
        };
        left.iter().map(|future| admit(future.bind(py))).fold(Err(error), Result::and)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Turns {
    /// Lets those begin whose turn it is.
    fn turn(slf: &Bound<'_, Self>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        let _inside = InterpreterGuard::enter(slf.py());
        let next = slf.get().state().next();
        // Also after the last ones, to know that they have begun.
        let expected = if next.is_empty() { Ok(()) } else { Self::expect(slf, event_loop) };
        // What one of them raises must not leave the others waiting.
        next.iter().map(|future| admit(future.bind(slf.py()))).fold(expected, Result::and)
    }

    #[allow(clippy::needless_pass_by_value)] // as PyO3 passes it
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // It is locked only for a moment, in which no garbage is collected.
        let Ok(state) = self.state.try_lock() else { return Ok(()) };
        state.line.iter().try_for_each(|future| visit.call(future))
    }

    fn __clear__(&self) {
        let _dropped_outside_of_the_lock = std::mem::take(&mut self.state().line);
    }
}

/// Tells a call that waits; one that was cancelled meanwhile has nobody to tell.
fn admit(future: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = future.py();
    if future.call_method0(intern!(py, "done"))?.is_truthy()? {
        return Ok(());
    }
    future.call_method1(intern!(py, "set_result"), (py.None(),)).map(drop)
}
