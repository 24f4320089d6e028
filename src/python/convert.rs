//! Serde structs to Python objects: a struct becomes an instance of the class of the same name.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping, PyString, PyTuple};
use pythonize::{
    PythonizeMappingType, PythonizeNamedMappingType, PythonizeTypes, pythonize_custom,
};
use serde::Serialize;

use crate::python::types::{class, types};

/// Builds dataclasses from structs, tuples from their lists, plain values from JSON.
pub(super) fn to_python<'py, T: Serialize>(
    py: Python<'py>,
    value: &T,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(pythonize_custom::<Classes, _>(py, value)?)
}

/// The same for the elements of a list, which becomes a tuple.
pub(super) fn to_tuple<'py, T: Serialize>(
    py: Python<'py>,
    values: &[T],
) -> PyResult<Bound<'py, PyTuple>> {
    let items: PyResult<Vec<_>> = values.iter().map(|value| to_python(py, value)).collect();
    PyTuple::new(py, items?)
}

struct Classes;

impl PythonizeTypes for Classes {
    type Map = ReadOnly;
    type NamedMap = Class;
    type List = PyList;
}

/// JSON objects become mappings that cannot be changed.
struct ReadOnly;

impl PythonizeMappingType for ReadOnly {
    type Builder<'py> = Bound<'py, PyDict>;

    fn builder(py: Python<'_>, _: Option<usize>) -> PyResult<Self::Builder<'_>> {
        Ok(PyDict::new(py))
    }

    fn push_item<'py>(
        builder: &mut Self::Builder<'py>,
        key: Bound<'py, PyAny>,
        value: Bound<'py, PyAny>,
    ) -> PyResult<()> {
        builder.set_item(key, value)
    }

    fn finish(builder: Self::Builder<'_>) -> PyResult<Bound<'_, PyMapping>> {
        let class = types(builder.py())?.frozen_dict.bind(builder.py());
        // Mostly empty: there are few unknown fields.
        let mapping = if builder.is_empty() { class.call0() } else { class.call1((builder,)) };
        Ok(mapping?.cast_into()?)
    }
}

/// A struct becomes an instance of the class of its name, called with its fields as keywords.
struct Class;

/// The arguments of the call.
enum Arguments<'py> {
    Fields(&'static str, Bound<'py, PyDict>),
    /// Those of `datetime`, by position.
    Time(Python<'py>, Vec<Bound<'py, PyAny>>),
}

impl PythonizeNamedMappingType for Class {
    type Builder<'py> = Arguments<'py>;

    fn builder<'py>(
        py: Python<'py>,
        fields: usize,
        name: &'static str,
    ) -> PyResult<Self::Builder<'py>> {
        Ok(match name {
            "datetime" => Arguments::Time(py, Vec::with_capacity(fields + 1)),
            name => Arguments::Fields(name, PyDict::new(py)),
        })
    }

    fn push_field<'py>(
        arguments: &mut Self::Builder<'py>,
        name: Bound<'py, PyString>,
        value: Bound<'py, PyAny>,
    ) -> PyResult<()> {
        match arguments {
            Arguments::Fields(_, fields) => fields.set_item(name, value),
            Arguments::Time(_, values) => {
                values.push(value);
                Ok(())
            }
        }
    }

    fn finish(arguments: Self::Builder<'_>) -> PyResult<Bound<'_, PyMapping>> {
        let instance = match arguments {
            Arguments::Fields(name, fields) => class(fields.py(), name)?.call((), Some(&fields))?,
            Arguments::Time(py, mut values) => {
                let types = types(py)?;
                values.push(types.utc.bind(py).clone());
                types.datetime.bind(py).call1(PyTuple::new(py, values)?)?
            }
        };
        // SAFETY: a `Bound<PyMapping>` is a pointer to any Python object; the type only promises
        // that mapping methods make sense. `pythonize` calls none: it converts the value back to
        // a `Bound<PyAny>` (`serialize_struct` and its `end`).
        #[allow(unsafe_code)]
        Ok(unsafe { instance.cast_into_unchecked() })
    }
}
