//! One engine per process, made on first use; what a fork copied is forgotten, never destructed.
//!
//! Everything here is called with Python attached, and a fork through Python is too: no lock of
//! this file is held by another thread when the child begins.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

use crate::http as client;
use crate::python::errors::exhausted;
use crate::python::runtime::Runtime;
use crate::python::shutdown as ending;
use crate::python::shutdown::InterpreterGuard;

static ENGINE: Mutex<Option<(ProcessId, &'static Runtime)>> = Mutex::new(None);
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Which process this is. The system uses ids again, perhaps that of an ancestor which has ended;
/// so the forks that lie between count too.
///
/// Asking is a call of the system; the answer holds until Python is called, which may fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProcessId {
    id: u32,
    forks: u32,
}

impl ProcessId {
    pub(super) fn current() -> Self {
        Self { id: std::process::id(), forks: FORKS.load(Ordering::Relaxed) }
    }
}

/// Which process this is, to compare: its id and how many forks lie behind it.
#[pyfunction]
pub(super) fn process() -> (u32, u32) {
    let ProcessId { id, forks } = ProcessId::current();
    (id, forks)
}

#[pyfunction]
fn before_fork(py: Python<'_>) {
    let _ = InterpreterGuard::enter(py).detach(client::before_fork);
}

#[pyfunction]
fn after_fork_in_parent() {
    client::after_fork_in_parent();
}

#[pyfunction]
fn after_fork_in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    client::after_fork_in_child();
    crate::auth::close_locks_after_fork();
    ending::reset_after_fork();
}

/// Has Python tell of every fork; one that Python does not know of still has an id of its own.
pub(super) fn register_at_fork(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    // There is none where there is no fork.
    let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? else { return Ok(()) };
    let hooks = [
        ("before", wrap_pyfunction!(before_fork, module)?),
        ("after_in_parent", wrap_pyfunction!(after_fork_in_parent, module)?),
        ("after_in_child", wrap_pyfunction!(after_fork_in_child, module)?),
    ];
    register.call((), Some(&hooks.into_py_dict(py)?)).map(drop)
}

/// The engine of this process, which never touches Python.
pub(super) fn runtime(py: Python<'_>, process: ProcessId) -> PyResult<&'static Runtime> {
    let mut current = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, runtime)) = current.filter(|(owner, _)| *owner == process) {
        return Ok(runtime);
    }
    let runtime =
        Runtime::start().map_err(|error| exhausted(py, "thread for the network", &error))?;
    // Kept for ever: what a fork copied may not be destructed.
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    *current = Some((process, runtime));
    Ok(runtime)
}

/// A value that only the process which made it may use or destruct.
#[derive(Debug)]
pub(super) struct PerProcess<T> {
    owner: ProcessId,
    value: Option<T>,
}

impl<T> PerProcess<T> {
    pub(super) fn new(owner: ProcessId, value: T) -> Self {
        Self { owner, value: Some(value) }
    }

    /// The value; none in a forked child.
    pub(super) fn get(&self, process: ProcessId) -> Option<&T> {
        self.value.as_ref().filter(|_| self.owner == process)
    }

    /// The same, to change it.
    pub(super) fn get_mut(&mut self, process: ProcessId) -> Option<&mut T> {
        self.value.as_mut().filter(|_| self.owner == process)
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        if self.owner != ProcessId::current() {
            std::mem::forget(self.value.take());
        }
    }
}
