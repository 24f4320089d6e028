//! One engine per process, made on first use; what a fork copied is forgotten, never destructed.
//!
//! Everything here is called with Python attached, and a fork through Python is too: no lock of
//! this file is held by another thread when the child begins.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

use super::ending::{self, Inside};
use super::engine::Engine;
use super::errors::exhausted;
use crate::transport;

static ENGINE: Mutex<Option<(Process, &'static Engine)>> = Mutex::new(None);
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Which process this is. The system uses ids again, perhaps that of an ancestor which has ended;
/// so the forks that lie between count too.
///
/// Asking is a call of the system; the answer holds until Python is called, which may fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    id: u32,
    forks: u32,
}

impl Process {
    pub(super) fn current() -> Self {
        Self { id: std::process::id(), forks: FORKS.load(Ordering::Relaxed) }
    }
}

/// Which process this is, to compare: its id and how many forks lie behind it.
#[pyfunction]
pub(super) fn process() -> (u32, u32) {
    let Process { id, forks } = Process::current();
    (id, forks)
}

#[pyfunction]
fn before_fork(py: Python<'_>) {
    let _ = Inside::enter(py).outside(transport::before_fork);
}

#[pyfunction]
fn after_fork_in_parent() {
    transport::after_fork_in_parent();
}

#[pyfunction]
fn after_fork_in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    transport::after_fork_in_child();
    ending::forget_the_others();
}

/// Has Python tell of every fork; one that Python does not know of still has an id of its own.
pub(super) fn watch_forks(module: &Bound<'_, PyModule>) -> PyResult<()> {
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
pub(super) fn engine(py: Python<'_>, process: Process) -> PyResult<&'static Engine> {
    let mut current = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, engine)) = current.filter(|(owner, _)| *owner == process) {
        return Ok(engine);
    }
    let engine =
        Engine::start().map_err(|error| exhausted(py, "thread for the network", &error))?;
    // Kept for ever: what a fork copied may not be destructed.
    let engine: &'static Engine = Box::leak(Box::new(engine));
    *current = Some((process, engine));
    Ok(engine)
}

/// A value that only the process which made it may use or destruct.
#[derive(Debug)]
pub(super) struct OfProcess<T> {
    owner: Process,
    value: Option<T>,
}

impl<T> OfProcess<T> {
    pub(super) fn new(owner: Process, value: T) -> Self {
        Self { owner, value: Some(value) }
    }

    /// The value; none in a forked child.
    pub(super) fn get(&self, process: Process) -> Option<&T> {
        self.value.as_ref().filter(|_| self.owner == process)
    }

    /// The same, to change it.
    pub(super) fn get_mut(&mut self, process: Process) -> Option<&mut T> {
        self.value.as_mut().filter(|_| self.owner == process)
    }
}

impl<T> Drop for OfProcess<T> {
    fn drop(&mut self) {
        if self.owner != Process::current() {
            std::mem::forget(self.value.take());
        }
    }
}
