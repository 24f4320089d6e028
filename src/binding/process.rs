//! One runtime per process, made on first use; what a fork copied is forgotten, never destructed.
//!
//! Everything here is called with Python attached, and a fork through Python is too: no lock of
//! this file is held by another thread when the child begins.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::IntoPyDict;
use tokio::runtime::{Builder, Runtime};

use super::ending;
use super::errors::to_exception;
use crate::error::Error;

static RUNTIME: Mutex<Option<(Process, &'static Runtime)>> = Mutex::new(None);
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Which process this is. The system uses ids again, perhaps that of an ancestor which has ended;
/// so the forks that lie between count too.
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

#[pyfunction]
fn forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    ending::forget_the_others();
}

/// Has Python tell every forked child that it is one; a fork that Python does not know of still
/// has an id of its own.
pub(super) fn count_forks(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    // There is none where there is no fork.
    let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? else { return Ok(()) };
    let hook = [("after_in_child", wrap_pyfunction!(forked, module)?)];
    register.call((), Some(&hook.into_py_dict(py)?)).map(drop)
}

/// The runtime of this process. Its threads end with the process; they never touch Python.
pub(super) fn runtime(py: Python<'_>) -> PyResult<&'static Runtime> {
    let process = Process::current();
    let mut current = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, runtime)) = current.filter(|(owner, _)| *owner == process) {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(16)
        .thread_name("atlas-backups")
        .enable_all()
        .build()
        .map_err(|error| {
            let text = format!("no threads for the network: {error}");
            to_exception(py, &Error::Configuration(text))
        })?;
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    *current = Some((process, runtime));
    Ok(runtime)
}

/// A value that only the process which made it may use or destruct.
#[derive(Debug)]
pub(super) struct OfProcess<T> {
    owner: Process,
    value: Option<T>,
}

impl<T> OfProcess<T> {
    pub(super) fn new(value: T) -> Self {
        Self { owner: Process::current(), value: Some(value) }
    }

    /// The value; none in a forked child.
    pub(super) fn get(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.owner == Process::current())
    }
}

impl<T> Drop for OfProcess<T> {
    fn drop(&mut self) {
        if self.owner != Process::current() {
            std::mem::forget(self.value.take());
        }
    }
}
