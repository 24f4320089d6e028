//! Serde structs to Python: a struct's name looks up the class of the same name.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping, PyString, PyTuple};
use pythonize::{
    PythonizeMappingType, PythonizeNamedMappingType, PythonizeTypes, pythonize_custom,
};
use serde::Serialize;

use super::errors::as_value;
use super::record::Unfinished;
use super::types::{class, record, types};
use crate::model::{Cluster, Project, Snapshot};
use crate::snapshots::{Backups, ClusterCoverage, Coverage, Ended, RawResponse};

/// What an operation gives back.
#[derive(Debug)]
pub(super) enum Output {
    Snapshot(Arc<Snapshot>),
    Snapshots(Vec<Snapshot>),
    Projects(Vec<Project>),
    Clusters(Vec<Cluster>),
    Coverage(Coverage),
    /// Takes of a fleet, each with the number it was given.
    Ended(Vec<(u64, Ended)>),
    Raw(RawResponse),
    Nothing,
}

impl Output {
    pub(super) fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Snapshot(snapshot) => to_python(py, &*snapshot).map(Bound::unbind),
            Self::Snapshots(snapshots) => Ok(to_tuple(py, &snapshots)?.into_any().unbind()),
            Self::Projects(projects) => Ok(to_tuple(py, &projects)?.into_any().unbind()),
            Self::Clusters(clusters) => Ok(to_tuple(py, &clusters)?.into_any().unbind()),
            Self::Coverage(coverage) => Ok(covered(py, coverage)?.into_any().unbind()),
            Self::Ended(ends) => {
                let ends: PyResult<Vec<_>> = ends.into_iter().map(|end| ended(py, end)).collect();
                Ok(PyTuple::new(py, ends?)?.into_any().unbind())
            }
            Self::Raw(raw) => raw_response(py, raw).map(Bound::unbind),
            Self::Nothing => Ok(py.None()),
        }
    }
}

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

/// `(number, snapshot, error)`.
fn ended(py: Python<'_>, (number, end): (u64, Ended)) -> PyResult<Bound<'_, PyTuple>> {
    let snapshot = to_python(py, &end.snapshot.as_deref())?;
    let error = end.error.map(|error| as_value(py, &error)).transpose()?;
    (number, snapshot, error).into_pyobject(py)
}

/// `(taken_at, clusters)`, each cluster the fields of a `ClusterCoverage`.
fn covered(py: Python<'_>, coverage: Coverage) -> PyResult<Bound<'_, PyTuple>> {
    let clusters: PyResult<Vec<_>> =
        coverage.clusters.into_iter().map(|cluster| cluster_fields(py, cluster)).collect();
    (to_python(py, &coverage.taken_at)?, PyTuple::new(py, clusters?)?).into_pyobject(py)
}

fn cluster_fields(py: Python<'_>, coverage: ClusterCoverage) -> PyResult<Bound<'_, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("group_id", coverage.group_id)?;
    fields.set_item("project_name", coverage.project_name)?;
    fields.set_item("cluster", to_python(py, &coverage.cluster)?)?;
    match coverage.backups {
        Ok(Backups { newest, running, failed, on_demand_times, scheduled_times }) => {
            fields.set_item("newest", to_python(py, &newest)?)?;
            fields.set_item("running", to_tuple(py, &running)?)?;
            fields.set_item("failed", to_python(py, &failed)?)?;
            fields.set_item("on_demand_times", to_tuple(py, &on_demand_times)?)?;
            fields.set_item("scheduled_times", to_tuple(py, &scheduled_times)?)?;
        }
        Err(error) => fields.set_item("error", as_value(py, &error)?)?,
    }
    Ok(fields)
}

fn raw_response(py: Python<'_>, raw: RawResponse) -> PyResult<Bound<'_, PyAny>> {
    let fields = PyDict::new(py);
    fields.set_item("status", raw.status)?;
    fields.set_item("headers", types(py)?.headers.call1(py, (raw.headers,))?)?;
    fields.set_item("text", raw.text)?;
    class(py, "RawResponse")?.call((), Some(&fields))
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
        // Mostly it is empty: what Atlas sends is known.
        let mapping = if builder.is_empty() { class.call0() } else { class.call1((builder,)) };
        Ok(mapping?.cast_into()?)
    }
}

/// Structs become instances of the class that has their name.
struct Class;

/// An instance that is being made.
enum Instance<'py> {
    Record(Unfinished<'py>),
    /// The arguments of a `datetime`, in its order.
    Time(Python<'py>, Vec<Bound<'py, PyAny>>),
}

impl PythonizeNamedMappingType for Class {
    type Builder<'py> = Instance<'py>;

    fn builder<'py>(
        py: Python<'py>,
        fields: usize,
        name: &'static str,
    ) -> PyResult<Self::Builder<'py>> {
        if name == "datetime" {
            return Ok(Instance::Time(py, Vec::with_capacity(fields + 1)));
        }
        record(py, name)?.begin(py).map(Instance::Record)
    }

    fn push_field<'py>(
        instance: &mut Self::Builder<'py>,
        name: Bound<'py, PyString>,
        value: Bound<'py, PyAny>,
    ) -> PyResult<()> {
        match instance {
            Instance::Record(record) => record.set(&name, &value),
            Instance::Time(_, arguments) => {
                arguments.push(value);
                Ok(())
            }
        }
    }

    fn finish(instance: Self::Builder<'_>) -> PyResult<Bound<'_, PyMapping>> {
        let instance = match instance {
            Instance::Record(record) => record.finish(),
            Instance::Time(py, mut arguments) => {
                let types = types(py)?;
                arguments.push(types.utc.bind(py).clone());
                types.datetime.bind(py).call1(PyTuple::new(py, arguments)?)?
            }
        };
        // SAFETY: a `Bound<PyMapping>` is a pointer to any Python object; the type only promises
        // that mapping methods make sense. `pythonize` calls none: it turns the value back into
        // a `Bound<PyAny>` (`serialize_struct` and its `end`).
        #[allow(unsafe_code)]
        Ok(unsafe { instance.cast_into_unchecked() })
    }
}
