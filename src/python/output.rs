//! The result of an operation, and its Python object.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::model::{Cluster, Project, Snapshot};
use crate::operations::{Backups, ClusterCoverage, Coverage, RawResponse, TakeOutcome};
use crate::python::convert::{to_python, to_tuple};
use crate::python::errors::as_value;
use crate::python::types::{class, types};

/// The result of an operation.
#[derive(Debug)]
pub(super) enum Output {
    Snapshot(Arc<Snapshot>),
    Snapshots(Vec<Snapshot>),
    Project(Project),
    Cluster(Cluster),
    Projects(Vec<Project>),
    Clusters(Vec<Cluster>),
    Coverage(Coverage),
    /// Takes of a fleet, each with its number.
    TakeOutcome(Vec<(u64, TakeOutcome)>),
    Raw(RawResponse),
    Nothing,
}

impl Output {
    pub(super) fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Snapshot(snapshot) => to_python(py, &*snapshot).map(Bound::unbind),
            Self::Snapshots(snapshots) => Ok(to_tuple(py, &snapshots)?.into_any().unbind()),
            Self::Project(project) => to_python(py, &project).map(Bound::unbind),
            Self::Cluster(cluster) => to_python(py, &cluster).map(Bound::unbind),
            Self::Projects(projects) => Ok(to_tuple(py, &projects)?.into_any().unbind()),
            Self::Clusters(clusters) => Ok(to_tuple(py, &clusters)?.into_any().unbind()),
            Self::Coverage(coverage) => Ok(covered(py, coverage)?.into_any().unbind()),
            Self::TakeOutcome(ends) => {
                let ends: PyResult<Vec<_>> = ends.into_iter().map(|end| ended(py, end)).collect();
                Ok(PyTuple::new(py, ends?)?.into_any().unbind())
            }
            Self::Raw(raw) => raw_response(py, raw).map(Bound::unbind),
            Self::Nothing => Ok(py.None()),
        }
    }
}

/// `(number, snapshot, error)`.
fn ended(py: Python<'_>, (number, end): (u64, TakeOutcome)) -> PyResult<Bound<'_, PyTuple>> {
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
