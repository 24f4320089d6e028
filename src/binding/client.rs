//! The client's state in one process, and the operations that it can begin.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use super::arguments::Refusal;
use super::convert::Output;
use super::credentials::extract;
use super::errors::to_exception;
use super::operation::Operation;
use super::process::OfProcess;
use super::types::types;
use crate::config::{Config, Options, ProxyUrl};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::snapshots::{Cluster, TakeArguments, take_snapshot, take_snapshot_raw};
use crate::transport::{Auth, Connection, Transport};

/// What `AtlasBackups` stands on; private.
#[pyclass(frozen, module = "atlas_backups._core")]
pub(super) struct Client(Arc<Shared>);

/// Shared with operations that were begun.
pub(super) struct Shared {
    config: Arc<Config>,
    state: Mutex<State>,
}

struct State {
    closed: bool,
    credentials: Option<Credentials>,
    /// How often the credentials were replaced.
    generation: u64,
    in_process: Option<OfProcess<InProcess>>,
}

/// Connections and tokens, which a forked child must not share.
struct InProcess {
    connection: Arc<Connection>,
    auth: Arc<Auth>,
}

impl Shared {
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Locked only with Python attached and never across a call into it: see `process`.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transport of this process, made on first use and after a fork.
    pub(super) fn transport(&self) -> Result<Transport, Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::ClientClosed);
        }
        if state.in_process.as_ref().and_then(OfProcess::get).is_none() {
            let connection = Connection::new(Arc::clone(&self.config))?;
            state.enter(Arc::new(connection))?;
        }
        let in_process = state.in_process.as_ref().and_then(OfProcess::get);
        let InProcess { connection, auth } = in_process.ok_or(Error::ClientClosed)?;
        Ok(Transport::new(Arc::clone(connection), Arc::clone(auth)))
    }
}

impl State {
    /// The connections of this process, if it has any.
    fn connection(&self) -> Option<Arc<Connection>> {
        let in_process = self.in_process.as_ref().and_then(OfProcess::get);
        in_process.map(|in_process| Arc::clone(&in_process.connection))
    }

    /// Begins anew with the present credentials.
    fn enter(&mut self, connection: Arc<Connection>) -> Result<(), Error> {
        let credentials = self.credentials.as_ref().ok_or_else(|| {
            Error::Configuration("the credentials callable was not asked yet".to_owned())
        })?;
        let auth = Arc::new(Auth::new(credentials)?);
        self.in_process = Some(OfProcess::new(InProcess { connection, auth }));
        Ok(())
    }
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (*, base_url, connect_timeout, timeout, total_timeout, max_retries, token_cache, proxy, ca_file, user_agent))]
    #[allow(clippy::too_many_arguments)] // the public constructor's options, one by one
    fn new(
        py: Python<'_>,
        base_url: &Bound<'_, PyAny>,
        connect_timeout: &Bound<'_, PyAny>,
        timeout: &Bound<'_, PyAny>,
        total_timeout: &Bound<'_, PyAny>,
        max_retries: &Bound<'_, PyAny>,
        token_cache: &Bound<'_, PyAny>,
        proxy: &Bound<'_, PyAny>,
        ca_file: &Bound<'_, PyAny>,
        user_agent: &str,
    ) -> PyResult<Self> {
        types(py)?;
        let option = Refusal::Option;
        let refuse = |error: Error| to_exception(py, &error);
        let base_url = option.optional_string("base_url", base_url)?;
        let token_cache = option.optional_path("token_cache", token_cache)?;
        let proxy = option.optional_string("proxy", proxy)?;
        let ca_file = option.optional_path("ca_file", ca_file)?;
        let retries = option.integer("max_retries", max_retries)?;
        let options = Options {
            base_url: base_url.as_deref(),
            connect_timeout: option.seconds("connect_timeout", connect_timeout)?,
            timeout: option.seconds("timeout", timeout)?,
            total_timeout: option.seconds("total_timeout", total_timeout)?,
            max_retries: u32::try_from(retries).map_err(|_| {
                refuse(Error::Configuration(format!(
                    "max_retries must be from 0 to {}, not {retries}",
                    u32::MAX
                )))
            })?,
            token_cache: token_cache.as_deref(),
            proxy: proxy.as_deref(),
            ca_file: ca_file.as_deref(),
            user_agent,
        };
        let config = Config::new(&options, &|name| std::env::var(name).ok()).map_err(refuse)?;
        let state = State { closed: false, credentials: None, generation: 0, in_process: None };
        Ok(Self(Arc::new(Shared { config: Arc::new(config), state: Mutex::new(state) })))
    }

    #[getter]
    fn base_url(&self) -> &str {
        self.0.config.base_url()
    }

    #[getter]
    fn closed(&self) -> bool {
        self.0.state().closed
    }

    /// How often the credentials were replaced; 0 while there are none.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.state().generation
    }

    /// Replaces the credentials, unless they are the same; returns the generation.
    fn set_credentials(&self, credentials: &Bound<'_, PyAny>) -> PyResult<u64> {
        let py = credentials.py();
        let Some(credentials) = extract(credentials) else {
            let kind = credentials.get_type().name()?;
            let text = format!(
                "credentials must be a ServiceAccount, an ApiKey, an AccessToken or a callable \
                 that returns one of them, not {kind}"
            );
            return Err(to_exception(py, &Error::Configuration(text)));
        };
        let mut state = self.0.state();
        if state.credentials.as_ref() != Some(&credentials) {
            state.credentials = Some(credentials);
            state.generation += 1;
            // The connections stay: they carry no credentials.
            if let Some(connection) = state.connection() {
                state.enter(connection).map_err(|error| to_exception(py, &error))?;
            }
        }
        Ok(state.generation)
    }

    #[pyo3(signature = (group_id, cluster_name, *, description, retention_in_days, envelope, pretty))]
    fn take_snapshot(
        &self,
        group_id: &Bound<'_, PyAny>,
        cluster_name: &Bound<'_, PyAny>,
        description: &Bound<'_, PyAny>,
        retention_in_days: &Bound<'_, PyAny>,
        envelope: &Bound<'_, PyAny>,
        pretty: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let cluster = cluster(group_id, cluster_name)?;
        let arguments = take_arguments(description, retention_in_days, envelope, pretty)?;
        let job = Arc::new((cluster, arguments));
        Ok(Operation::new(Arc::clone(&self.0), move |transport, call| {
            let job = Arc::clone(&job);
            async move {
                let snapshot = take_snapshot(&transport, &job.0, &job.1, &call).await?;
                Ok(Output::Snapshot(Box::new(snapshot)))
            }
        }))
    }

    #[pyo3(signature = (group_id, cluster_name, *, description, retention_in_days, envelope, pretty))]
    fn take_snapshot_raw(
        &self,
        group_id: &Bound<'_, PyAny>,
        cluster_name: &Bound<'_, PyAny>,
        description: &Bound<'_, PyAny>,
        retention_in_days: &Bound<'_, PyAny>,
        envelope: &Bound<'_, PyAny>,
        pretty: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let cluster = cluster(group_id, cluster_name)?;
        let arguments = take_arguments(description, retention_in_days, envelope, pretty)?;
        let job = Arc::new((cluster, arguments));
        Ok(Operation::new(Arc::clone(&self.0), move |transport, call| {
            let job = Arc::clone(&job);
            async move {
                let raw = take_snapshot_raw(&transport, &job.0, &job.1, &call).await?;
                Ok(Output::Raw(raw))
            }
        }))
    }

    /// Closes the client; the operation that is left to run ends its token, if there is one.
    fn close(&self) -> Option<Operation> {
        let mut state = self.0.state();
        state.closed = true;
        let in_process = state.in_process.take()?;
        let InProcess { connection, auth } = in_process.get()?;
        let transport = Transport::new(Arc::clone(connection), Arc::clone(auth));
        Some(Operation::with_transport(
            Arc::clone(&self.0),
            transport,
            |transport, call| async move {
                transport.close(&call).await;
                Ok(Output::Nothing)
            },
        ))
    }
}

/// Whether a proxy's URL holds credentials, so that it must be neither shown nor pickled.
#[pyfunction]
pub(super) fn has_credentials(url: &str) -> bool {
    ProxyUrl::has_credentials(url)
}

fn cluster(group_id: &Bound<'_, PyAny>, name: &Bound<'_, PyAny>) -> PyResult<Cluster> {
    let group = Refusal::Argument.string("group_id", group_id)?;
    let text = Refusal::Argument.string("cluster_name", name)?;
    Cluster::new(&group, &text).map_err(|error| to_exception(name.py(), &error))
}

fn take_arguments(
    description: &Bound<'_, PyAny>,
    retention_in_days: &Bound<'_, PyAny>,
    envelope: &Bound<'_, PyAny>,
    pretty: &Bound<'_, PyAny>,
) -> PyResult<TakeArguments> {
    let argument = Refusal::Argument;
    let text = argument.optional_string("description", description)?;
    let days = argument.optional_integer("retention_in_days", retention_in_days)?;
    let envelope = argument.boolean("envelope", envelope)?;
    let pretty = argument.boolean("pretty", pretty)?;
    TakeArguments::new(text.as_deref(), days, envelope, pretty)
        .map_err(|error| to_exception(description.py(), &error))
}
