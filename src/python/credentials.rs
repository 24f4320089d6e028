//! The credential classes: secrets stay in Rust and are never returned to Python.

// The docstrings of the classes are Python's, in Google style.
#![allow(clippy::doc_markdown)]

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::PyClass;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::python::arguments::ErrorKind;
use crate::python::errors::to_exception;

/// What the three kinds of credentials share: `repr`, comparison, and that they cannot be pickled.
#[pyclass(frozen, subclass, module = "atlas_backups._core", skip_from_py_object)]
pub(super) struct Credential(Credentials);

/// A service account of Atlas: OAuth client credentials (recommended).
///
/// Immutable, and safe to share between threads and forked processes. Neither `repr` nor any
/// attribute shows the secret, and it cannot be pickled.
///
/// Args:
///     client_id: its id, `mdb_sa_id_…` in Atlas.
///     client_secret: its secret, `mdb_sa_sk_…` in Atlas.
///
/// Raises:
///     ConfigurationError: one of them is empty or has characters that cannot be sent.
#[pyclass(frozen, extends = Credential, module = "atlas_backups", skip_from_py_object)]
pub(super) struct ServiceAccount;

/// A legacy API key of Atlas: HTTP Digest.
///
/// Immutable, and safe to share between threads and forked processes. Neither `repr` nor any
/// attribute shows the private key, and it cannot be pickled.
///
/// Args:
///     public_key: the public half.
///     private_key: the private half.
///
/// Raises:
///     ConfigurationError: one of them is empty or has characters that cannot be sent.
#[pyclass(frozen, extends = Credential, module = "atlas_backups", skip_from_py_object)]
pub(super) struct ApiKey;

/// A bearer token that you already have; it is used until Atlas rejects it.
///
/// Immutable, and safe to share between threads and forked processes. Neither `repr` nor any
/// attribute shows the token, and it cannot be pickled.
///
/// Args:
///     token: the token, without `Bearer`.
///
/// Raises:
///     ConfigurationError: it is empty or not visible ASCII.
#[pyclass(frozen, extends = Credential, module = "atlas_backups", skip_from_py_object)]
pub(super) struct AccessToken;

#[pymethods]
impl Credential {
    fn __repr__(&self) -> String {
        let half = self.0.public_half().unwrap_or("***");
        match &self.0 {
            Credentials::ServiceAccount { .. } => {
                format!("ServiceAccount(client_id='{half}', client_secret='***')")
            }
            Credentials::ApiKey { .. } => {
                format!("ApiKey(public_key='{half}', private_key='***')")
            }
            Credentials::AccessToken(_) => "AccessToken('***')".to_owned(),
        }
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        extract(other).is_some_and(|other| self.0 == other)
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.__repr__().hash(&mut hasher);
        hasher.finish()
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        let class = slf.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "cannot pickle {class}: it holds a secret; let every process read its own environment"
        )))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

#[pymethods]
impl ServiceAccount {
    #[new]
    fn new(
        client_id: &Bound<'_, PyAny>,
        client_secret: &Bound<'_, PyAny>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let id = ErrorKind::Option.string("client_id", client_id)?;
        let secret = ErrorKind::Option.string("client_secret", client_secret)?;
        checked(client_id.py(), Credentials::service_account(id, secret), Self)
    }
}

#[pymethods]
impl ApiKey {
    #[new]
    fn new(
        public_key: &Bound<'_, PyAny>,
        private_key: &Bound<'_, PyAny>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let public = ErrorKind::Option.string("public_key", public_key)?;
        let private = ErrorKind::Option.string("private_key", private_key)?;
        checked(public_key.py(), Credentials::api_key(public, private), Self)
    }
}

#[pymethods]
impl AccessToken {
    #[new]
    fn new(token: &Bound<'_, PyAny>) -> PyResult<PyClassInitializer<Self>> {
        let text = ErrorKind::Option.string("token", token)?;
        checked(token.py(), Credentials::access_token(text), Self)
    }
}

fn checked<T: PyClass<BaseType = Credential>>(
    py: Python<'_>,
    made: Result<Credentials, Error>,
    class: T,
) -> PyResult<PyClassInitializer<T>> {
    made.map(|credentials| PyClassInitializer::from(Credential(credentials)).add_subclass(class))
        .map_err(|error| to_exception(py, &error))
}

/// The first complete credential of the environment, as an instance of one of the three classes.
#[pyfunction]
pub(super) fn credentials_from_environment(py: Python<'_>) -> PyResult<Py<PyAny>> {
    let found = Credentials::from_env(&|name| std::env::var_os(name))
        .map_err(|error| to_exception(py, &error))?;
    match &found {
        Credentials::ServiceAccount { .. } => instance(py, found, ServiceAccount),
        Credentials::ApiKey { .. } => instance(py, found, ApiKey),
        Credentials::AccessToken(_) => instance(py, found, AccessToken),
    }
}

fn instance<T: PyClass<BaseType = Credential>>(
    py: Python<'_>,
    credentials: Credentials,
    class: T,
) -> PyResult<Py<PyAny>> {
    Py::new(py, checked(py, Ok(credentials), class)?).map(Py::into_any)
}

/// The credentials in an instance of one of the three classes.
pub(super) fn extract(value: &Bound<'_, PyAny>) -> Option<Credentials> {
    value.cast::<Credential>().ok().map(|credential| credential.get().0.clone())
}
