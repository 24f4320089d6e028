//! The Python classes of results and errors, imported once, when a client is created.
//!
//! Never later: an import while a signal is pending would fail in the middle of an operation.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyModule, PyType};

pub(super) struct Types {
    /// The package, which imports its names lazily.
    package: Py<PyModule>,
    pub(super) errors: Py<PyModule>,
    pub(super) frozen_dict: Py<PyAny>,
    pub(super) headers: Py<PyAny>,
    pub(super) datetime: Py<PyAny>,
    pub(super) utc: Py<PyAny>,
    pub(super) watch: Py<PyAny>,
    pub(super) set_record_time: Py<PyAny>,
    /// The dataclasses of results; loaded here, because an import must not run later.
    results: Vec<(&'static str, Py<PyType>)>,
}

/// The dataclasses of results, the most frequent first.
const RESULTS: [&str; 8] = [
    "Link",
    "ReplicaSetSnapshot",
    "ShardedClusterSnapshot",
    "SnapshotMember",
    "FlexSnapshot",
    "Snapshot",
    "Cluster",
    "Project",
];

/// `sys.modules`
static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();

/// Newest last. More than one only where a program removes the package from `sys.modules` and imports
/// it again. Never freed. Locked only with Python attached and never across a call into it.
static TYPES: Mutex<Vec<&'static Types>> = Mutex::new(Vec::new());

/// The classes of the package that `sys.modules` has; the newest ones while it has none.
pub(super) fn types(py: Python<'_>) -> PyResult<&'static Types> {
    let package = modules(py)?.get_item(intern!(py, "atlas_backups"))?;
    let known = match &package {
        Some(package) => lock().iter().copied().find(|types| types.package.is(package)),
        None => lock().last().copied(),
    };
    match known {
        Some(types) => Ok(types),
        None => load(py),
    }
}

pub(super) fn modules(py: Python<'_>) -> PyResult<&Bound<'_, PyDict>> {
    if let Some(modules) = MODULES.get(py) {
        return Ok(modules.bind(py));
    }
    let modules = py.import("sys")?.getattr("modules")?.cast_into()?.unbind();
    // Created outside of the lock: a child forked meanwhile would deadlock on it.
    Ok(MODULES.get_or_init(py, || modules).bind(py))
}

fn lock() -> MutexGuard<'static, Vec<&'static Types>> {
    TYPES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn load(py: Python<'_>) -> PyResult<&'static Types> {
    let datetime = py.import("datetime")?;
    let frozen = py.import("atlas_backups._immutable")?;
    let watch = py.import("atlas_backups._loop_wakeup")?;
    let log_records = py.import("atlas_backups._log_time")?;
    py.import("atlas_backups.models")?;
    let package = py.import("atlas_backups")?;
    let types = Types {
        results: results(&package)?,
        package: package.unbind(),
        errors: py.import("atlas_backups.errors")?.unbind(),
        frozen_dict: frozen.getattr("FrozenDict")?.unbind(),
        headers: frozen.getattr("Headers")?.unbind(),
        datetime: datetime.getattr("datetime")?.unbind(),
        utc: datetime.getattr("timezone")?.getattr("utc")?.unbind(),
        watch: watch.getattr("start_wakeup_thread")?.unbind(),
        set_record_time: log_records.getattr("set_record_time")?.unbind(),
    };
    let types: &'static Types = Box::leak(Box::new(types));
    lock().push(types);
    Ok(types)
}

/// The class of this name.
pub(super) fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyType>> {
    let types = types(py)?;
    match types.results.iter().find(|(known, _)| *known == name) {
        Some((_, class)) => Ok(class.bind(py).clone()),
        None => Ok(types.package.bind(py).getattr(name)?.cast_into()?),
    }
}

fn results(package: &Bound<'_, PyModule>) -> PyResult<Vec<(&'static str, Py<PyType>)>> {
    RESULTS.iter().map(|name| Ok((*name, package.getattr(*name)?.cast_into()?.unbind()))).collect()
}
