//! Python arguments of the wrong type get the same clear error as those of a wrong value.

use std::path::PathBuf;
use std::time::Duration;

use pyo3::exceptions::PyOverflowError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use crate::error::Error;
use crate::operations::{ClusterAddress, IfBusy, SnapshotAddress, TakeArguments, time_out};
use crate::python::errors::to_exception;

/// The largest number that Atlas accepts for a positive integer.
const POSITIVE: (i64, i64) = (1, 0x7fff_ffff);

/// Which exception an invalid value raises: for an argument of a call, or an option of the client.
#[derive(Clone, Copy)]
pub(super) enum ErrorKind {
    Argument,
    Option,
}

impl ErrorKind {
    pub(super) fn error(self, text: String) -> Error {
        match self {
            Self::Argument => Error::InvalidArgument(text),
            Self::Option => Error::Configuration(text),
        }
    }

    fn wrong_type(self, name: &str, wanted: &str, value: &Bound<'_, PyAny>) -> PyErr {
        let kind = value.get_type().name().map_or_else(|_| "?".to_owned(), |kind| kind.to_string());
        to_exception(value.py(), &self.error(format!("{name} must be {wanted}, not {kind}")))
    }

    /// A `str` that is valid Unicode; lone surrogates cannot be sent.
    pub(super) fn string<'a>(self, name: &str, value: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
        let Ok(text) = value.cast::<PyString>() else {
            return Err(self.wrong_type(name, "a str", value));
        };
        text.to_str().map_err(|_: PyErr| {
            let text = format!("{name} must not contain lone surrogates");
            to_exception(value.py(), &self.error(text))
        })
    }

    /// A `str` or nothing.
    pub(super) fn optional_string<'a>(
        self,
        name: &str,
        value: &'a Bound<'_, PyAny>,
    ) -> PyResult<Option<&'a str>> {
        if value.is_none() { Ok(None) } else { self.string(name, value).map(Some) }
    }

    /// A `str` or `os.PathLike`, or nothing.
    pub(super) fn optional_path(
        self,
        name: &str,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<Option<PathBuf>> {
        let path: Result<Option<PathBuf>, PyErr> = value.extract();
        path.map_err(|_| self.wrong_type(name, "a str or a path", value))
    }

    /// An `int`, or an object with `__index__` such as numpy's integers, but not a `bool`.
    ///
    /// The core checks the range; an integer beyond 64 bits is rejected here.
    pub(super) fn integer(
        self,
        name: &str,
        (least, most): (i64, i64),
        value: &Bound<'_, PyAny>,
    ) -> PyResult<i64> {
        let number = if value.is_instance_of::<PyInt>() {
            Ok(value.clone())
        } else {
            value.call_method0(intern!(value.py(), "__index__"))
        };
        let is_number = |it: &Bound<'_, PyAny>| it.is_instance_of::<PyInt>();
        let is_bool = value.is_instance_of::<PyBool>();
        let number = number.ok().filter(|number| is_number(number) && !is_bool);
        let value = &number.ok_or_else(|| self.wrong_type(name, "an int", value))?;
        value.extract().map_err(|error: PyErr| {
            if error.is_instance_of::<PyOverflowError>(value.py()) {
                let text = format!("{name} must be from {least} to {most}");
                to_exception(value.py(), &self.error(text))
            } else {
                error
            }
        })
    }

    /// An `int` above zero that is no `bool`, or nothing.
    pub(super) fn optional_integer(
        self,
        name: &str,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<Option<i64>> {
        if value.is_none() { Ok(None) } else { self.integer(name, POSITIVE, value).map(Some) }
    }

    /// A number of seconds: `int` or `float`, no `bool`; its range is checked by the core.
    pub(super) fn seconds(self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
        let is_number = value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>();
        if !is_number || value.is_instance_of::<PyBool>() {
            return Err(self.wrong_type(name, "a number of seconds", value));
        }
        value.extract().or(Ok(f64::INFINITY))
    }

    /// `True` or `False`.
    pub(super) fn boolean(self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(flag) = value.cast::<PyBool>() else {
            return Err(self.wrong_type(name, "a bool", value));
        };
        Ok(flag.is_true())
    }
}

/// A cluster by its names.
pub(super) fn cluster(
    group_id: &Bound<'_, PyAny>,
    name: &Bound<'_, PyAny>,
) -> PyResult<ClusterAddress> {
    let group = ErrorKind::Argument.string("group_id", group_id)?;
    let text = ErrorKind::Argument.string("cluster_name", name)?;
    ClusterAddress::new(group, text).map_err(|error| to_exception(name.py(), &error))
}

/// A snapshot by its cluster and its id.
pub(super) fn address(
    group_id: &Bound<'_, PyAny>,
    cluster_name: &Bound<'_, PyAny>,
    snapshot_id: &Bound<'_, PyAny>,
    is_sharded: bool,
) -> PyResult<SnapshotAddress> {
    let cluster = cluster(group_id, cluster_name)?;
    let id = ErrorKind::Argument.string("snapshot_id", snapshot_id)?;
    SnapshotAddress::new(cluster, id, is_sharded)
        .map_err(|error| to_exception(group_id.py(), &error))
}

/// The body of a take.
pub(super) fn take_arguments(
    description: &Bound<'_, PyAny>,
    retention_in_days: &Bound<'_, PyAny>,
    envelope: &Bound<'_, PyAny>,
    pretty: &Bound<'_, PyAny>,
) -> PyResult<TakeArguments> {
    let argument = ErrorKind::Argument;
    let text = argument.optional_string("description", description)?;
    let days = argument.optional_integer("retention_in_days", retention_in_days)?;
    let envelope = argument.boolean("envelope", envelope)?;
    let pretty = argument.boolean("pretty", pretty)?;
    TakeArguments::new(text, days, envelope, pretty)
        .map_err(|error| to_exception(description.py(), &error))
}

/// Adds `if_busy`.
pub(super) fn with_waiting(
    arguments: TakeArguments,
    if_busy: &Bound<'_, PyAny>,
    wait_timeout: &Bound<'_, PyAny>,
) -> PyResult<TakeArguments> {
    let word = ErrorKind::Argument.string("if_busy", if_busy)?;
    let if_busy = IfBusy::parse(word).map_err(|error| to_exception(if_busy.py(), &error))?;
    let wait_timeout = seconds("wait_timeout", wait_timeout)?;
    Ok(arguments.if_busy(if_busy, wait_timeout))
}

/// Adds an idempotency key, if there is one.
pub(super) fn with_key(
    arguments: TakeArguments,
    key: &Bound<'_, PyAny>,
    cluster: &ClusterAddress,
) -> PyResult<TakeArguments> {
    let Some(text) = ErrorKind::Argument.optional_string("idempotency_key", key)? else {
        return Ok(arguments);
    };
    arguments.with_key(text, cluster).map_err(|error| to_exception(key.py(), &error))
}

/// The wait timeout, if the call waits.
pub(super) fn wait_if_wanted(
    wait: &Bound<'_, PyAny>,
    wait_timeout: &Bound<'_, PyAny>,
) -> PyResult<Option<Duration>> {
    let timeout = seconds("wait_timeout", wait_timeout)?;
    Ok(ErrorKind::Argument.boolean("wait", wait)?.then_some(timeout))
}

/// A timeout of an operation, in seconds.
pub(super) fn seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let given = ErrorKind::Argument.seconds(name, value)?;
    time_out(name, given).map_err(|error| to_exception(value.py(), &error))
}

/// The same, or nothing.
pub(super) fn optional_seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<Duration>> {
    if value.is_none() { Ok(None) } else { seconds(name, value).map(Some) }
}
