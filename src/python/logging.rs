//! Passes the events of a call to Python's `logging`, on the caller's thread.

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict, PyString, PyTuple};

use crate::http::{Event, Level, Topic};
use crate::python::types::{modules, types};

/// The loggers, in the order of `Topic`.
const NAMES: [&str; 4] =
    ["atlas_backups.http", "atlas_backups.auth", "atlas_backups.rate_limit", "atlas_backups.take"];

static LOGGERS: PyOnceLock<[Py<PyAny>; 4]> = PyOnceLock::new();

/// `None` while the program has not imported `logging`: importing it costs time.
fn loggers(py: Python<'_>) -> PyResult<Option<&[Py<PyAny>; 4]>> {
    if let Some(loggers) = LOGGERS.get(py) {
        return Ok(Some(loggers));
    }
    if !modules(py)?.contains(intern!(py, "logging"))? {
        return Ok(None);
    }
    let logging = py.import("logging")?;
    let parent = logging.call_method1("getLogger", ("atlas_backups",))?;
    // Without a handler Python writes warnings to standard error.
    parent.call_method1("addHandler", (logging.call_method0("NullHandler")?,))?;
    let [http, auth, rate_limit, take] = NAMES.map(|name| {
        let logger = logging.call_method1("getLogger", (name,))?;
        // A logger's filters do not apply to the records of its children.
        logger.call_method1("addFilter", (&types(py)?.set_record_time,))?;
        Ok::<_, PyErr>(logger.unbind())
    });
    let loggers = [http?, auth?, rate_limit?, take?];
    // Created outside of the lock: a child forked meanwhile would deadlock on it.
    Ok(Some(LOGGERS.get_or_init(py, || loggers)))
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
    let Some(loggers) = loggers(py)? else { return Ok(None) };
    for logger in loggers {
        if is_heard(logger.bind(py), Level::Debug)? {
            return Ok(Some(Level::Debug));
        }
    }
    Ok(Some(Level::Info))
}

/// Logs the events. An `Exception` of a handler must not hide the result of the call; a
/// `BaseException`, such as Ctrl-C in a handler, is returned for the caller to raise.
pub(super) fn emit(py: Python<'_>, events: Vec<Event>) -> PyResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    let Some([http, auth, rate_limit, take]) = loggers(py)? else { return Ok(()) };
    for Event { topic, level, template, arguments, at } in events {
        let logger = match topic {
            Topic::Http => http,
            Topic::Auth => auth,
            Topic::RateLimit => rate_limit,
            Topic::Take => take,
        };
        let logger = logger.bind(py);
        if !is_heard(logger, level)? {
            continue;
        }
        let age = at.elapsed().as_secs_f64();
        let extra = [("extra", [("atlas_backups_age", age)].into_py_dict(py)?)].into_py_dict(py)?;
        let level = number(level).into_pyobject(py)?.into_any();
        let texts = std::iter::once(template.to_owned()).chain(arguments);
        let texts = texts.map(|text| PyString::new(py, &text).into_any());
        let log = PyTuple::new(py, std::iter::once(level).chain(texts).collect::<Vec<_>>())?;
        match logger.call_method(intern!(py, "log"), log, Some(&extra)) {
            Err(error) if error.is_instance_of::<PyException>(py) => {
                error.write_unraisable(py, None);
            }
            result => drop(result?),
        }
    }
    Ok(())
}
