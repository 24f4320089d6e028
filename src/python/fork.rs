//! One runtime per process, created on first use. A forked child leaks the inherited runtime instead
//! of dropping it.
//!
//! Everything here is called with Python attached, and so is a fork through Python: no other thread
//! holds a lock of this file at the moment of a fork.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

use crate::http;
use crate::python::errors::exhausted;
use crate::python::runtime::Runtime;
use crate::python::shutdown as ending;
use crate::python::shutdown::InterpreterGuard;

static ENGINE: Mutex<Option<(ProcessId, &'static Runtime)>> = Mutex::new(None);
static FORKS: AtomicU32 = AtomicU32::new(0);

/// The identity of a process: its id and its fork generation, because the system may reuse the id of
/// an ancestor.
///
/// Valid until Python is called, which may fork.
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

/// The identity of this process: its id and its fork generation.
#[pyfunction]
pub(super) fn process() -> (u32, u32) {
    let ProcessId { id, forks } = ProcessId::current();
    (id, forks)
}

#[pyfunction]
fn before_fork(py: Python<'_>) {
    let _ = InterpreterGuard::enter(py).detach(http::before_fork);
}

#[pyfunction]
fn after_fork_in_parent() {
    http::after_fork_in_parent();
}

#[pyfunction]
fn after_fork_in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    http::after_fork_in_child();
    crate::auth::close_locks_after_fork();
    ending::reset_after_fork();
}

/// Registers the fork hooks. A fork outside of Python still has another process id.
pub(super) fn register_at_fork(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    // Missing on platforms without fork.
    let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? else { return Ok(()) };
    let hooks = [
        ("before", wrap_pyfunction!(before_fork, module)?),
        ("after_in_parent", wrap_pyfunction!(after_fork_in_parent, module)?),
        ("after_in_child", wrap_pyfunction!(after_fork_in_child, module)?),
    ];
    register.call((), Some(&hooks.into_py_dict(py)?)).map(drop)
}

/// The runtime of this process, which never touches Python.
pub(super) fn runtime(py: Python<'_>, process: ProcessId) -> PyResult<&'static Runtime> {
    let mut current = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, runtime)) = current.filter(|(owner, _)| *owner == process) {
        return Ok(runtime);
    }
    let runtime =
        Runtime::start().map_err(|error| exhausted(py, "thread for the network", &error))?;
    // Leaked: a forked child must not run its destructor.
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    *current = Some((process, runtime));
    Ok(runtime)
}

/// A value that only the process that created it may use or drop.
#[derive(Debug)]
pub(super) struct PerProcess<T> {
    owner: ProcessId,
    value: Option<T>,
}

impl<T> PerProcess<T> {
    pub(super) fn new(owner: ProcessId, value: T) -> Self {
        Self { owner, value: Some(value) }
    }

    /// The value; `None` in a forked child.
    pub(super) fn get(&self, process: ProcessId) -> Option<&T> {
        self.value.as_ref().filter(|_| self.owner == process)
    }

    /// The value, mutable.
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
