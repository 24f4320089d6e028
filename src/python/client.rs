//! The client as Python sees it: its options, and the operations that it creates.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use tokio::sync::Mutex;

use crate::config::{Config, Options};
use crate::environment;
use crate::error::Error;
use crate::operations as snapshots;
use crate::operations::{Retention, TakeArguments, Watch};
use crate::python::arguments::{
    ErrorKind, address, cluster, optional_seconds, seconds, take_arguments, wait_if_wanted,
    with_key, with_waiting,
};
use crate::python::client_state::ClientState;
use crate::python::credentials::extract;
use crate::python::errors::to_exception;
use crate::python::fleet::Fleet;
use crate::python::operation::Operation;
use crate::python::output::Output;
use crate::python::types::types;

/// Its project is used where a cluster is named without one.
const PROJECT_VARIABLE: &str = "MONGODB_ATLAS_PROJECT_ID";

/// The core of `AtlasBackups`; private.
#[pyclass(frozen, module = "atlas_backups._core")]
pub(super) struct Client(Arc<ClientState>);

impl Client {
    /// Checks that an iteration would otherwise make only when it starts.
    fn refuse_if_closed(&self, py: Python<'_>) -> PyResult<()> {
        if self.0.is_closed() { Err(to_exception(py, &Error::ClientClosed)) } else { Ok(()) }
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
        let option = ErrorKind::Option;
        let refuse = |error: Error| to_exception(py, &error);
        let base_url = option.optional_string("base_url", base_url)?;
        let token_cache = option.optional_path("token_cache", token_cache)?;
        let proxy = option.optional_string("proxy", proxy)?;
        let ca_file = option.optional_path("ca_file", ca_file)?;
        let retries = option.integer("max_retries", (0, i64::from(u32::MAX)), max_retries)?;
        let options = Options {
            base_url,
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
            proxy,
            ca_file: ca_file.as_deref(),
            user_agent,
        };
        let config = Config::new(&options, &|name| std::env::var_os(name)).map_err(refuse)?;
        Ok(Self(Arc::new(ClientState::new(config))))
    }

    #[getter]
    fn base_url(&self) -> &str {
        self.0.config().base_url()
    }

    #[getter]
    fn closed(&self) -> bool {
        self.0.is_closed()
    }

    /// How often the credentials were replaced; 0 while there are none.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation()
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
        self.0.set_credentials(credentials).map_err(|error| to_exception(py, &error))
    }

    /// `key` and `if_busy` as in the public method. Waits for another snapshot only, not for its own.
    #[pyo3(signature = (group_id, cluster_name, description, retention_in_days, idempotency_key, if_busy, wait_timeout, envelope, pretty, /))]
    #[allow(clippy::too_many_arguments)] // those of the public method, one by one
    fn take_snapshot(
        &self,
        group_id: &Bound<'_, PyAny>,
        cluster_name: &Bound<'_, PyAny>,
        description: &Bound<'_, PyAny>,
        retention_in_days: &Bound<'_, PyAny>,
        idempotency_key: &Bound<'_, PyAny>,
        if_busy: &Bound<'_, PyAny>,
        wait_timeout: &Bound<'_, PyAny>,
        envelope: &Bound<'_, PyAny>,
        pretty: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let cluster = cluster(group_id, cluster_name)?;
        let arguments = take_arguments(description, retention_in_days, envelope, pretty)?;
        let arguments = with_waiting(arguments, if_busy, wait_timeout)?;
        let arguments = with_key(arguments, idempotency_key, &cluster)?;
        let job = (cluster, arguments);
        Ok(Operation::new(&self.0, job, |client, call, job| async move {
            let snapshot = snapshots::take_snapshot(&client, &job.0, &job.1, &call).await?;
            Ok(Output::Snapshot(snapshot))
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
        let job = (cluster, arguments);
        Ok(Operation::new(&self.0, job, |client, call, job| async move {
            snapshots::take_snapshot_raw(&client, &job.0, &job.1, &call).await.map(Output::Raw)
        }))
    }

    #[pyo3(signature = (group_id, cluster_name, snapshot_id, is_sharded))]
    fn get_snapshot(
        &self,
        group_id: &Bound<'_, PyAny>,
        cluster_name: &Bound<'_, PyAny>,
        snapshot_id: &Bound<'_, PyAny>,
        is_sharded: bool,
    ) -> PyResult<Operation> {
        let address = address(group_id, cluster_name, snapshot_id, is_sharded)?;
        Ok(Operation::new(&self.0, address, |client, call, address| async move {
            let snapshot = snapshots::get_snapshot(&client, &address, &call).await?;
            Ok(Output::Snapshot(Arc::new(snapshot)))
        }))
    }

    #[pyo3(signature = (group_id, cluster_name, *, include_sharded))]
    fn list_snapshots(
        &self,
        group_id: &Bound<'_, PyAny>,
        cluster_name: &Bound<'_, PyAny>,
        include_sharded: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let cluster = cluster(group_id, cluster_name)?;
        let sharded = ErrorKind::Argument.boolean("include_sharded", include_sharded)?;
        Ok(Operation::new(&self.0, (cluster, sharded), |client, call, job| async move {
            let list = snapshots::list_snapshots(&client, &job.0, job.1, &call).await?;
            Ok(Output::Snapshots(list))
        }))
    }

    /// A wait: every run of the operation returns the next change. With `reject_failed` it must end
    /// with a completed snapshot, the only one of its key.
    #[pyo3(signature = (group_id, cluster_name, snapshot_id, is_sharded, *, timeout, poll_interval, reject_failed))]
    #[allow(clippy::too_many_arguments)] // those of the public method, one by one
    fn watch_snapshot(
        &self,
        group_id: &Bound<'_, PyAny>,
        cluster_name: &Bound<'_, PyAny>,
        snapshot_id: &Bound<'_, PyAny>,
        is_sharded: bool,
        timeout: &Bound<'_, PyAny>,
        poll_interval: &Bound<'_, PyAny>,
        reject_failed: bool,
    ) -> PyResult<Operation> {
        let address = address(group_id, cluster_name, snapshot_id, is_sharded)?;
        let timeout = seconds("timeout", timeout)?;
        let interval = optional_seconds("poll_interval", poll_interval)?;
        self.refuse_if_closed(group_id.py())?;
        let watch = Mutex::new(Watch::new(address, timeout, interval));
        Ok(Operation::new(&self.0, watch, move |client, call, watch| async move {
            let mut watch = watch.lock().await;
            let snapshot = if reject_failed {
                snapshots::next_change(&client, &mut watch, &call).await?
            } else {
                watch.next(&client, &call).await?
            };
            Ok(Output::Snapshot(Arc::new(snapshot)))
        }))
    }

    #[pyo3(signature = (group_id, cluster_name, snapshot_id, *, days, weeks, months, years, wait, wait_timeout))]
    #[allow(clippy::too_many_arguments)] // those of the public method, one by one
    fn update_retention(
        &self,
        group_id: &Bound<'_, PyAny>,
        cluster_name: &Bound<'_, PyAny>,
        snapshot_id: &Bound<'_, PyAny>,
        days: &Bound<'_, PyAny>,
        weeks: &Bound<'_, PyAny>,
        months: &Bound<'_, PyAny>,
        years: &Bound<'_, PyAny>,
        wait: &Bound<'_, PyAny>,
        wait_timeout: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let address = address(group_id, cluster_name, snapshot_id, false)?;
        let integer = |name, value| ErrorKind::Argument.optional_integer(name, value);
        let given = [
            integer("days", days)?,
            integer("weeks", weeks)?,
            integer("months", months)?,
            integer("years", years)?,
        ];
        let retention = Retention::new(given).map_err(|error| to_exception(days.py(), &error))?;
        let job = (address, retention, wait_if_wanted(wait, wait_timeout)?);
        Ok(Operation::new(&self.0, job, |client, call, job| async move {
            let (address, retention, wait) = &*job;
            let changed =
                snapshots::update_retention(&client, address, *retention, *wait, &call).await?;
            Ok(Output::Snapshot(Arc::new(changed)))
        }))
    }

    #[pyo3(signature = (group_id, cluster_name, snapshot_id, is_sharded, *, wait, wait_timeout))]
    fn delete_snapshot(
        &self,
        group_id: &Bound<'_, PyAny>,
        cluster_name: &Bound<'_, PyAny>,
        snapshot_id: &Bound<'_, PyAny>,
        is_sharded: bool,
        wait: &Bound<'_, PyAny>,
        wait_timeout: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let address = address(group_id, cluster_name, snapshot_id, is_sharded)?;
        let job = (address, wait_if_wanted(wait, wait_timeout)?);
        Ok(Operation::new(&self.0, job, |client, call, job| async move {
            snapshots::delete_snapshot(&client, &job.0, job.1, &call).await?;
            Ok(Output::Nothing)
        }))
    }

    fn list_projects(&self) -> Operation {
        Operation::new(&self.0, (), |client, call, _| async move {
            snapshots::list_projects(&client, &call).await.map(Output::Projects)
        })
    }

    fn get_project(&self, project: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let project = ErrorKind::Argument.string("project", project)?.to_owned();
        Ok(Operation::new(&self.0, project, |client, call, project| async move {
            snapshots::get_project(&client, &project, &call).await.map(Output::Project)
        }))
    }

    /// A name is looked up in the project of the environment if none is given.
    #[pyo3(signature = (cluster, *, project))]
    fn find_cluster(
        &self,
        cluster: &Bound<'_, PyAny>,
        project: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let cluster = ErrorKind::Argument.string("cluster", cluster)?.to_owned();
        let py = project.py();
        let project = match ErrorKind::Argument.optional_string("project", project)? {
            Some(project) => Some(project.to_owned()),
            None if snapshots::is_connection_string(&cluster) => None,
            None => environment::read(&|name| std::env::var_os(name), PROJECT_VARIABLE)
                .map_err(|error| to_exception(py, &error))?
                .map(|project| project.to_string()),
        };
        let job = (cluster, project);
        Ok(Operation::new(&self.0, job, |client, call, job| async move {
            let found = snapshots::find_cluster(&client, &job.0, job.1.as_deref(), &call).await?;
            Ok(Output::Cluster(found))
        }))
    }

    fn list_clusters(&self, group_id: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let text = ErrorKind::Argument.string("group_id", group_id)?;
        let group =
            snapshots::group_id(text).map_err(|error| to_exception(group_id.py(), &error))?;
        Ok(Operation::new(&self.0, group, |client, call, group| async move {
            snapshots::list_clusters(&client, &group, &call).await.map(Output::Clusters)
        }))
    }

    /// `group_id` as in the public method; `days`: how far back to return snapshot times.
    #[pyo3(signature = (group_id, *, days))]
    fn backup_coverage(&self, group_id: &Bound<'_, PyAny>, days: u32) -> PyResult<Operation> {
        let group = ErrorKind::Argument.optional_string("group_id", group_id)?;
        let group = group.map(snapshots::group_id).transpose();
        let group = group.map_err(|error| to_exception(group_id.py(), &error))?;
        Ok(Operation::new(&self.0, group, move |client, call, group| async move {
            let coverage =
                snapshots::backup_coverage(&client, group.as_deref(), days, &call).await?;
            Ok(Output::Coverage(coverage))
        }))
    }

    /// Concurrent takes; the caller adds them one by one.
    #[pyo3(signature = (*, if_busy, wait, wait_timeout))]
    fn fleet(
        &self,
        if_busy: &Bound<'_, PyAny>,
        wait: &Bound<'_, PyAny>,
        wait_timeout: &Bound<'_, PyAny>,
    ) -> PyResult<Fleet> {
        let settings = with_waiting(TakeArguments::default(), if_busy, wait_timeout)?;
        let wait = ErrorKind::Argument.boolean("wait", wait)?;
        self.refuse_if_closed(if_busy.py())?;
        Ok(Fleet::new(&self.0, settings, wait))
    }

    /// Closes the client. Returns the operation that revokes its token, if there is one.
    fn close(&self) -> Option<Operation> {
        let client = self.0.close()?;
        let end = Operation::new(&self.0, (), |client, call, _| async move {
            client.close(&call).await;
            Ok(Output::Nothing)
        });
        Some(end.on(client))
    }

    /// The proxy's URL for a pickle; rejected when it contains a password.
    fn proxy_to_pickle(&self) -> PyResult<Option<&str>> {
        let Some(proxy) = &self.0.config().proxy else { return Ok(None) };
        if proxy.has_login() && proxy.is_option() {
            let text = "cannot pickle AtlasBackups: its proxy URL holds a password";
            return Err(PyTypeError::new_err(text));
        }
        Ok(proxy.is_option().then(|| proxy.address()))
    }
}
