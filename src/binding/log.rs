//! What happened during a call goes to Python's `logging`, on the caller's thread.

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;

use super::types::types;
use crate::transport::{Event, Level};

fn number(level: Level) -> u8 {
    match level {
        Level::Debug => 10,
        Level::Info => 20,
        Level::Warning => 30,
    }
}

/// The quietest level that somebody wants to hear.
pub(super) fn listener(py: Python<'_>) -> PyResult<Option<Level>> {
    let logger = types(py)?.logger.bind(py);
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
        let logger = types(py)?.logger.bind(py);
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
