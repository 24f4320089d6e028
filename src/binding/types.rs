//! The Python classes that results and errors are made of, imported once, when a client is made.
//!
//! Never later: an import while a signal is pending would fail in the middle of an operation.

use pyo3::exceptions::PyLookupError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyModule, PyType};

use super::record::Record;

pub(super) struct Types {
    /// It imports what is asked of it.
    package: Py<PyModule>,
    pub(super) errors: Py<PyModule>,
    pub(super) frozen_dict: Py<PyAny>,
    pub(super) headers: Py<PyAny>,
    pub(super) datetime: Py<PyAny>,
    pub(super) utc: Py<PyAny>,
    pub(super) watch: Py<PyAny>,
    /// `sys.modules`
    pub(super) modules: Py<PyAny>,
    /// Those of `RECORDS`.
    records: Vec<Record>,
}

/// What results are made of, the most frequent first.
const RECORDS: [&str; 7] = [
    "Link",
    "ReplicaSetSnapshot",
    "ShardedClusterSnapshot",
    "SnapshotMember",
    "Snapshot",
    "Cluster",
    "Project",
];

static TYPES: PyOnceLock<Types> = PyOnceLock::new();

pub(super) fn types(py: Python<'_>) -> PyResult<&'static Types> {
    if let Some(types) = TYPES.get(py) {
        return Ok(types);
    }
    // Not made inside the lock: a child forked meanwhile would wait for it for ever.
    let datetime = py.import("datetime")?;
    let frozen = py.import("atlas_backups._frozen")?;
    let watch = py.import("atlas_backups._watch")?;
    py.import("atlas_backups.models")?;
    let package = py.import("atlas_backups")?;
    let types = Types {
        records: records(&package)?,
        package: package.unbind(),
        errors: py.import("atlas_backups.errors")?.unbind(),
        frozen_dict: frozen.getattr("FrozenDict")?.unbind(),
        headers: frozen.getattr("Headers")?.unbind(),
        datetime: datetime.getattr("datetime")?.unbind(),
        utc: datetime.getattr("timezone")?.getattr("utc")?.unbind(),
        watch: watch.getattr("watch")?.unbind(),
        modules: py.import("sys")?.getattr("modules")?.unbind(),
    };
    Ok(TYPES.get_or_init(py, || types))
}

/// The class of results that has this name.
pub(super) fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyType>> {
    Ok(types(py)?.package.bind(py).getattr(name)?.cast_into()?)
}

fn records(package: &Bound<'_, PyModule>) -> PyResult<Vec<Record>> {
    RECORDS.iter().map(|name| Record::of(package, name)).collect()
}

/// The record of this name.
pub(super) fn record(py: Python<'_>, name: &str) -> PyResult<&'static Record> {
    types(py)?
        .records
        .iter()
        .find(|record| record.name == name)
        .ok_or_else(|| PyLookupError::new_err(format!("{name} was not imported")))
}
