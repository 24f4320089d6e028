//! The module supports one interpreter per process, because it caches Python classes.
//!
//! `CPython` from 3.12 rejects the import in most sub-interpreters; `PyO3` in none.

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

const NONE: i64 = -1;

static OWNER: AtomicI64 = AtomicI64::new(NONE);

/// Claims the module for this interpreter; false: already loaded here.
pub(super) fn claim(_attached: Python<'_>) -> PyResult<bool> {
    // SAFETY: the thread is attached, so it has an interpreter.
    #[allow(unsafe_code)]
    let own = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    match OWNER.compare_exchange(NONE, own, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => Ok(true),
        Err(owner) if owner == own => Ok(false),
        Err(_) => Err(PyImportError::new_err(
            "atlas_backups is in use in another interpreter of this process, and works in one only. \
             Run each application in a process of its own; with mod_wsgi, give each a \
             WSGIDaemonProcess and set WSGIApplicationGroup %{GLOBAL}",
        )),
    }
}
