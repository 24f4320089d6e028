//! What happened during a call goes to Python's `logging`, on the caller's thread.

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::types::types;
use crate::transport::{Event, Level};

static LOGGER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// None while nobody has imported `logging`: nobody can listen, and importing it takes its time.
fn logger(py: Python<'_>) -> PyResult<Option<&Bound<'_, PyAny>>> {
    if let Some(logger) = LOGGER.get(py) {
        return Ok(Some(logger.bind(py)));
    }
    if !types(py)?.modules.bind(py).contains(intern!(py, "logging"))? {
        return Ok(None);
    }
    let logging = py.import("logging")?;
    let logger = logging.call_method1("getLogger", ("atlas_backups",))?;
    // Without a handler Python writes warnings to standard error.
    logger.call_method1("addHandler", (logging.call_method0("NullHandler")?,))?;
    // Not made inside the lock: a child forked meanwhile would wait for it for ever.
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

/// The quietest level that somebody wants to hear.
pub(super) fn listener(py: Python<'_>) -> PyResult<Option<Level>> {
    let Some(logger) = logger(py)? else { return Ok(None) };
    for level in [Level::Debug, Level::Info, Level::Warning] {
        if logger.call_method1(intern!(py, "isEnabledFor"), (number(level),))?.is_truthy()? {
            return Ok(Some(level));
        }
    }
    Ok(None)
}

/// Logs what came together; a handler that fails must not hide how the call ended.
///
/// What is no failure, as Ctrl-C in a handler, is for the caller to raise.
pub(super) fn emit(py: Python<'_>, events: Vec<Event>) -> PyResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    let log = || -> PyResult<()> {
        let Some(logger) = logger(py)? else { return Ok(()) };
        for Event { level, text } in events {
            logger.call_method1(intern!(py, "log"), (number(level), "%s", text))?;
        }
        Ok(())
    };
    match log() {
        Err(error) if error.is_instance_of::<PyException>(py) => {
            error.write_unraisable(py, None);
            Ok(())
        }
        result => result,
    }
}
