//! Python arguments of the wrong type get the same clear error as those of a wrong value.

use std::path::PathBuf;

use pyo3::exceptions::PyOverflowError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use super::errors::to_exception;
use crate::error::Error;

/// How a refusal is raised: as an argument of a call, or as an option of the client.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    Argument,
    Option,
}

impl Refusal {
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
    pub(super) fn string(self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
        let Ok(text) = value.cast::<PyString>() else {
            return Err(self.wrong_type(name, "a str", value));
        };
        text.extract().map_err(|_: PyErr| {
            let text = format!("{name} must not contain lone surrogates");
            to_exception(value.py(), &self.error(text))
        })
    }

    /// A `str` or nothing.
    pub(super) fn optional_string(
        self,
        name: &str,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<Option<String>> {
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

    /// An `int`, or what stands for one (`__index__`, as numpy's integers), that is no `bool`.
    ///
    /// One beyond 64 bits is refused here: no argument allows it.
    pub(super) fn integer(self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<i64> {
        let number = if value.is_instance_of::<PyInt>() {
            Ok(value.clone())
        } else {
            value.call_method0(intern!(value.py(), "__index__"))
        };
        let number = number.ok().filter(|_| !value.is_instance_of::<PyBool>());
        let value = &number.ok_or_else(|| self.wrong_type(name, "an int", value))?;
        value.extract().map_err(|error: PyErr| {
            if error.is_instance_of::<PyOverflowError>(value.py()) {
                to_exception(value.py(), &self.error(format!("{name} is out of range")))
            } else {
                error
            }
        })
    }

    /// An `int` that is no `bool`, or nothing.
    pub(super) fn optional_integer(
        self,
        name: &str,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<Option<i64>> {
        if value.is_none() { Ok(None) } else { self.integer(name, value).map(Some) }
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
