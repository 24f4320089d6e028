//! `PyO3`: what the Python package sees of the core, as the private module `_core`.
//!
//! Python is touched only on threads that belong to it, never on the runtime's workers.

mod arguments;
mod cancellations;
mod client;
mod convert;
mod credentials;
mod ending;
mod engine;
mod errors;
mod fleet;
mod interpreter;
mod log;
mod operation;
mod process;
mod queue;
mod record;
mod signals;
mod state;
mod turns;
mod types;

use pyo3::prelude::*;

/// The private Rust module of `atlas_backups`.
// Free-threaded CPython is declared only after a stress run there.
#[pymodule(gil_used = true)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::credentials::{
        AccessToken, ApiKey, Credential, ServiceAccount, credentials_from_environment,
    };
    #[pymodule_export]
    use super::fleet::Fleet;
    #[pymodule_export]
    use super::operation::Operation;
    #[pymodule_export]
    use super::process::process;
    #[pymodule_export]
    use super::queue::turn;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        if super::interpreter::claim(module.py())? {
            super::process::watch_forks(module)?;
            super::ending::expect_the_end(module)?;
        }
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
