//! `PyO3`: what the Python package sees of the core, as the private module `_core`.
//!
//! Only Python's own threads touch Python, never the runtime's thread.

mod arguments;
mod cancellations;
mod client;
mod client_state;
mod completion;
mod convert;
mod credentials;
mod errors;
mod fleet;
mod fork;
mod interpreter;
mod logging;
mod operation;
mod output;
mod runtime;
mod shutdown;
mod signals;
mod types;

use pyo3::prelude::*;

/// The private Rust module of `atlas_backups`.
// Free-threaded CPython is declared only after a stress run there.
#[pymodule(gil_used = true)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::python::client::Client;
    #[pymodule_export]
    use crate::python::credentials::{
        AccessToken, ApiKey, Credential, ServiceAccount, credentials_from_environment,
    };
    #[pymodule_export]
    use crate::python::fleet::Fleet;
    #[pymodule_export]
    use crate::python::fork::process;
    #[pymodule_export]
    use crate::python::operation::Operation;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        if super::interpreter::claim(module.py())? {
            super::fork::register_at_fork(module)?;
            super::shutdown::register_atexit(module)?;
        }
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
