//! One runtime per process, made on first use; what a fork copied is forgotten, never destructed.
//!
//! Everything here is called with Python attached, and a fork through Python is too: no lock of
//! this file is held by another thread when the child begins.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

use super::errors::to_exception;
use crate::error::Error;

static RUNTIME: Mutex<Option<(u32, &'static Runtime)>> = Mutex::new(None);

/// The runtime of this process. Its threads end with the process; they never touch Python.
pub(super) fn runtime(py: Python<'_>) -> PyResult<&'static Runtime> {
    let process = std::process::id();
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
    owner: u32,
    value: Option<T>,
}

impl<T> OfProcess<T> {
    pub(super) fn new(value: T) -> Self {
        Self { owner: std::process::id(), value: Some(value) }
    }

    /// The value; none in a forked child.
    pub(super) fn get(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.owner == std::process::id())
    }
}

impl<T> Drop for OfProcess<T> {
    fn drop(&mut self) {
        if self.owner != std::process::id() {
            std::mem::forget(self.value.take());
        }
    }
}
