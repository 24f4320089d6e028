//! Passes the events of a call to Python's `logging`, on the caller's thread.

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::IntoPyDict;

use crate::http::{Event, Level};
use crate::python::types::{modules, types};

static LOGGER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// `None` while the program has not imported `logging`: importing it costs time.
fn logger(py: Python<'_>) -> PyResult<Option<&Bound<'_, PyAny>>> {
    if let Some(logger) = LOGGER.get(py) {
        return Ok(Some(logger.bind(py)));
    }
    if !modules(py)?.contains(intern!(py, "logging"))? {
        return Ok(None);
    }
    let logging = py.import("logging")?;
    let logger = logging.call_method1("getLogger", ("atlas_backups",))?;
    // Without a handler Python writes warnings to standard error.
    logger.call_method1("addHandler", (logging.call_method0("NullHandler")?,))?;
    logger.call_method1("addFilter", (&types(py)?.set_record_time,))?;
    // Created outside of the lock: a child forked meanwhile would deadlock on it.
    let logger = LOGGER.get_or_init(py, || logger.unbind());
    Ok(Some(logger.bind(py)))
}

fn number(level: Level) -> u8 {
    match level {
        Level::Debug => 10,
        Level::Info => 20,
        Level::Warning => 30,
    }
}

fn is_heard(logger: &Bound<'_, PyAny>, level: Level) -> PyResult<bool> {
    let asked = (number(level),);
    logger.call_method1(intern!(logger.py(), "isEnabledFor"), asked)?.is_truthy()
}

/// The level to collect: `Debug` events only where a handler wants them; others are rare.
pub(super) fn listener(py: Python<'_>) -> PyResult<Option<Level>> {
    let Some(logger) = logger(py)? else { return Ok(None) };
    Ok(Some(if is_heard(logger, Level::Debug)? { Level::Debug } else { Level::Info }))
}

/// Logs the events. An `Exception` of a handler must not hide the result of the call; a
/// `BaseException`, such as Ctrl-C in a handler, is returned for the caller to raise.
pub(super) fn emit(py: Python<'_>, events: Vec<Event>) -> PyResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    let Some(logger) = logger(py)? else { return Ok(()) };
    for Event { level, text, at } in events {
        if !is_heard(logger, level)? {
            continue;
        }
        let age = at.elapsed().as_secs_f64();
        let extra = [("extra", [("atlas_backups_age", age)].into_py_dict(py)?)].into_py_dict(py)?;
        let arguments = (number(level), "%s", text);
        match logger.call_method(intern!(py, "log"), arguments, Some(&extra)) {
            Err(error) if error.is_instance_of::<PyException>(py) => {
                error.write_unraisable(py, None);
            }
            result => drop(result?),
        }
    }
    Ok(())
}
