//! The Python classes that results and errors are made of, imported once, when a client is made.
//!
//! Never later: an import while a signal is pending would fail in the middle of an operation.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyModule};

pub(super) struct Types {
    pub(super) models: Py<PyModule>,
    pub(super) errors: Py<PyModule>,
    pub(super) frozen_dict: Py<PyAny>,
    pub(super) headers: Py<PyAny>,
    pub(super) datetime: Py<PyAny>,
    pub(super) utc: Py<PyAny>,
    pub(super) logger: Py<PyAny>,
    pub(super) watch: Py<PyAny>,
}

static TYPES: PyOnceLock<Types> = PyOnceLock::new();

pub(super) fn types(py: Python<'_>) -> PyResult<&Types> {
    TYPES.get_or_try_init(py, || {
        let datetime = py.import("datetime")?;
        let frozen = py.import("atlas_backups._frozen")?;
        let logging = py.import("logging")?;
        let watch = py.import("atlas_backups._watch")?;
        Ok(Types {
            models: py.import("atlas_backups.models")?.unbind(),
            errors: py.import("atlas_backups.errors")?.unbind(),
            frozen_dict: frozen.getattr("FrozenDict")?.unbind(),
            headers: frozen.getattr("Headers")?.unbind(),
            datetime: datetime.getattr("datetime")?.unbind(),
            utc: datetime.getattr("timezone")?.getattr("utc")?.unbind(),
            logger: logging.call_method1("getLogger", ("atlas_backups",))?.unbind(),
            watch: watch.getattr("watch")?.unbind(),
        })
    })
}

/// Calls the class of that name with keyword arguments.
pub(super) fn build<'py>(
    py: Python<'py>,
    class: &str,
    fields: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let types = types(py)?;
    if class == "datetime" {
        fields.set_item(intern!(py, "tzinfo"), &types.utc)?;
        return types.datetime.bind(py).call((), Some(fields));
    }
    types.models.bind(py).getattr(class)?.call((), Some(fields))
}
