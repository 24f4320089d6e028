//! The core's error enum to Python exceptions, class by class.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::error::{Ambiguous, ApiError, ApiKind, Error};
use crate::python::convert::{to_python, to_tuple};
use crate::python::types::{class, types};

/// Builds the Python exception; if that fails, returns the failure instead.
pub(super) fn to_exception(py: Python<'_>, error: &Error) -> PyErr {
    as_value(py, error).map_or_else(|failure| failure, PyErr::from_value)
}

/// The exception of a call whose task panicked.
pub(super) fn task_panicked() -> PyErr {
    PyRuntimeError::new_err("the call ended without an outcome, which is a defect of atlas_backups")
}

/// The system has run out of threads or descriptors.
pub(super) fn exhausted(py: Python<'_>, what: &str, error: &std::io::Error) -> PyErr {
    to_exception(py, &Error::OutOfResources(format!("no {what}: {error}")))
}

/// Builds the exception as a value; an exception that a signal raises meanwhile is not mistaken for it.
pub(super) fn as_value<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let details = PyDict::new(py);
    let class = match error {
        Error::Configuration(_) => "ConfigurationError",
        Error::ClientClosed => "ClientClosedError",
        Error::InvalidArgument(_) => "InvalidArgumentError",
        Error::Transport(_) | Error::OutOfResources(_) => "TransportError",
        Error::Timeout(_) => "RequestTimeoutError",
        Error::InvalidResponse(_) => "InvalidResponseError",
        Error::NameNotFound(kind, _) => api_class(*kind),
        Error::Ambiguous(ambiguous) => {
            describe_ambiguous(&details, ambiguous)?;
            "AmbiguousOutcomeError"
        }
        Error::Duplicates(duplicates) => {
            details.set_item("snapshots", to_tuple(py, &duplicates.snapshots)?)?;
            "DuplicateSnapshotsError"
        }
        Error::SnapshotFailed(snapshot) => {
            details.set_item("snapshot", to_python(py, snapshot)?)?;
            "SnapshotFailedError"
        }
        Error::WaitTimeout(wait) => {
            details.set_item("snapshot", to_python(py, &wait.snapshot)?)?;
            "WaitTimeoutError"
        }
        Error::Api(api) => {
            describe_api(&details, api)?;
            if api.kind == ApiKind::SnapshotInProgress {
                details.set_item("snapshot", to_python(py, &api.running)?)?;
            }
            api_class(api.kind)
        }
    };
    let class = types(py)?.errors.bind(py).getattr(class)?;
    let exception = class.call((error.to_string(),), Some(&details))?;
    set_attributes(&exception, error)?;
    Ok(exception)
}

/// Sets the attributes that every exception class has.
fn set_attributes(exception: &Bound<'_, PyAny>, error: &Error) -> PyResult<()> {
    if let Some(hint) = error.hint() {
        exception.setattr("hint", hint)?;
    }
    if let Some((request, effort)) = error.request() {
        exception.setattr("method", request.method.as_str())?;
        exception.setattr("path", &*request.path)?;
        exception.setattr("attempts", effort.attempts)?;
        exception.setattr("elapsed", effort.elapsed.as_secs_f64())?;
    }
    Ok(())
}

fn describe_ambiguous(details: &Bound<'_, PyDict>, ambiguous: &Ambiguous) -> PyResult<()> {
    let py = details.py();
    details.set_item("idempotency_tag", ambiguous.idempotency_tag.as_deref())?;
    details.set_item("candidates", to_tuple(py, &ambiguous.candidates)?)?;
    details.set_item("cause", as_value(py, &ambiguous.cause)?)
}

fn describe_api(details: &Bound<'_, PyDict>, api: &ApiError) -> PyResult<()> {
    let py = details.py();
    let violation = class(py, "FieldViolation")?;
    let violations: PyResult<Vec<_>> = api
        .field_violations
        .iter()
        .map(|wrong| {
            let fields = PyDict::new(py);
            fields.set_item("field", wrong.field.as_deref())?;
            fields.set_item("description", wrong.description.as_deref())?;
            violation.call((), Some(&fields))
        })
        .collect();
    let parameters: PyResult<Vec<_>> =
        api.parameters.iter().map(|value| to_python(py, value)).collect();
    details.set_item("status", api.status)?;
    details.set_item("error_code", api.error_code.as_deref())?;
    details.set_item("detail", api.detail.as_deref())?;
    details.set_item("reason", api.reason.as_deref())?;
    details.set_item("parameters", PyTuple::new(py, parameters?)?)?;
    details.set_item("field_violations", PyTuple::new(py, violations?)?)?;
    details.set_item("retry_after", api.retry_after.map(|pause| pause.as_secs_f64()))
}

fn api_class(kind: ApiKind) -> &'static str {
    match kind {
        ApiKind::Other => "ApiError",
        ApiKind::BadRequest => "BadRequestError",
        ApiKind::Validation => "ValidationError",
        ApiKind::SnapshotInProgress => "SnapshotInProgressError",
        ApiKind::BackupNotEnabled => "BackupNotEnabledError",
        ApiKind::ClusterNotSupported => "ClusterNotSupportedError",
        ApiKind::CompliancePolicy => "CompliancePolicyError",
        ApiKind::SnapshotNotCompleted => "SnapshotNotCompletedError",
        ApiKind::Unauthorized => "UnauthorizedError",
        ApiKind::NotOrgGroupCreator => "NotOrgGroupCreatorError",
        ApiKind::PaymentRequired => "PaymentRequiredError",
        ApiKind::Forbidden => "ForbiddenError",
        ApiKind::CannotChangeGroupName => "CannotChangeGroupNameError",
        ApiKind::IpAccessList => "IpAccessListError",
        ApiKind::NotFound => "NotFoundError",
        ApiKind::ResourceNotFound => "ResourceNotFoundError",
        ApiKind::ProjectNotFound => "ProjectNotFoundError",
        ApiKind::ClusterNotFound => "ClusterNotFoundError",
        ApiKind::SnapshotNotFound => "SnapshotNotFoundError",
        ApiKind::MethodNotAllowed => "MethodNotAllowedError",
        ApiKind::NotAcceptable => "NotAcceptableError",
        ApiKind::Conflict => "ConflictError",
        ApiKind::Gone => "GoneError",
        ApiKind::RateLimit => "RateLimitError",
        ApiKind::Server => "ServerError",
        ApiKind::UnexpectedServer => "UnexpectedServerError",
        ApiKind::ServiceUnavailable => "ServiceUnavailableError",
    }
}
