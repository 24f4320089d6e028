//! A client of the core with small budgets, and the answers it is fed with.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use atlas_backups::auth::Auth;
use atlas_backups::config::{Config, Options};
use atlas_backups::credentials::Credentials;
use atlas_backups::error::{Ambiguous, ApiError, Error, Failure};
use atlas_backups::http::{CallContext, HttpClient};
use atlas_backups::model::Snapshot;
use atlas_backups::operations::AtlasClient;
use atlas_backups::operations::{
    ClusterAddress, RawResponse, TakeArguments, take_snapshot, take_snapshot_raw,
};

pub(crate) const GROUP: &str = "6500000000000000000000aa";
pub(crate) const SNAPSHOT_ID: &str = "6600000000000000000000bb";
/// What a busy machine may add to a bound.
pub(crate) const SLACK: Duration = Duration::from_millis(1300);

/// Times in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget<'a> {
    pub(crate) connect: f64,
    pub(crate) attempt: f64,
    pub(crate) total: f64,
    pub(crate) retries: u32,
    pub(crate) ca_file: Option<&'a Path>,
    pub(crate) token_cache: Option<&'a Path>,
}

/// Too short for a poll after an ambiguous take, which comes after 2 s.
pub(crate) const BUDGET: Budget<'static> =
    Budget { connect: 1.0, attempt: 1.5, total: 2.0, retries: 4, ca_file: None, token_cache: None };

/// A short one, for servers that say nothing.
pub(crate) const IMPATIENT: Budget<'static> =
    Budget { connect: 0.3, attempt: 0.3, total: 1.0, ..BUDGET };

#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) atlas: AtlasClient,
    pub(crate) config: Arc<Config>,
}

pub(crate) fn options<'a>(url: &'a str, budget: &Budget<'a>) -> Options<'a> {
    Options {
        base_url: Some(url),
        connect_timeout: budget.connect,
        timeout: budget.attempt,
        total_timeout: budget.total,
        max_retries: budget.retries,
        token_cache: budget.token_cache,
        proxy: None,
        ca_file: budget.ca_file,
        user_agent: "atlas-backups/test",
    }
}

pub(crate) fn token() -> Credentials {
    Credentials::access_token("canary-access-token").unwrap()
}

pub(crate) fn service_account() -> Credentials {
    Credentials::service_account("mdb_sa_id_1", "canary-client-secret").unwrap()
}

impl Client {
    /// With an access token and the usual budget.
    pub(crate) fn new(url: &str) -> Self {
        Self::with(url, &token(), &BUDGET)
    }

    pub(crate) fn with(url: &str, credentials: &Credentials, budget: &Budget<'_>) -> Self {
        let config = Arc::new(Config::new(&options(url, budget), &|_| None).unwrap());
        let http = HttpClient::new(Arc::clone(&config)).unwrap();
        let auth = Auth::new(credentials).unwrap();
        Self { atlas: AtlasClient::new(http, auth), config }
    }

    pub(crate) async fn take(&self) -> Result<Snapshot, Error> {
        self.take_with(&TakeArguments::default()).await
    }

    pub(crate) async fn take_with(&self, arguments: &TakeArguments) -> Result<Snapshot, Error> {
        let call = CallContext::begin(&self.config, None);
        let taken = take_snapshot(&self.atlas, &cluster(), arguments, &call).await;
        taken.map(Arc::unwrap_or_clone)
    }

    /// Takes in the course of a call that the test can ask.
    pub(crate) async fn take_in(&self, call: &CallContext) -> Result<Snapshot, Error> {
        let arguments = TakeArguments::default();
        take_snapshot(&self.atlas, &cluster(), &arguments, call).await.map(Arc::unwrap_or_clone)
    }

    pub(crate) async fn raw(&self) -> Result<RawResponse, Error> {
        let call = CallContext::begin(&self.config, None);
        take_snapshot_raw(&self.atlas, &cluster(), &TakeArguments::default(), &call).await
    }

    pub(crate) async fn close(&self) {
        self.atlas.close(&CallContext::begin(&self.config, None)).await;
    }
}

pub(crate) fn cluster() -> ClusterAddress {
    ClusterAddress::new(GROUP, "Cluster0").unwrap()
}

/// How long something took.
pub(crate) async fn timed<F: Future>(future: F) -> (F::Output, Duration) {
    let begun = Instant::now();
    (future.await, begun.elapsed())
}

/// A queued snapshot of a replica set.
pub(crate) fn snapshot(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"replicaSet","status":"queued","snapshotType":"onDemand",
        "frequencyType":"ondemand","description":"d","expiresAt":"2026-09-01T00:00:00Z",
        "storageSizeBytes":0,"policyItems":[],"copyRegions":[],"replicaSetName":"atlas-x-shard-0",
        "links":[{{"href":"https://cloud.mongodb.com/x","rel":"self"}}],"fieldOfTomorrow":[1]}}"#
    )
}

pub(crate) fn good() -> String {
    snapshot(SNAPSHOT_ID)
}

/// A snapshot as Python will see it.
pub(crate) fn seen(snapshot: &Snapshot) -> serde_json::Value {
    serde_json::to_value(snapshot).unwrap()
}

#[track_caller]
pub(crate) fn ambiguous(result: Result<impl std::fmt::Debug, Error>) -> Box<Ambiguous> {
    match result {
        Err(Error::Ambiguous(ambiguous)) => ambiguous,
        other => panic!("not ambiguous: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn api(result: Result<impl std::fmt::Debug, Error>) -> Box<ApiError> {
    match result {
        Err(Error::Api(error)) => error,
        other => panic!("no answer of Atlas: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn atlas(result: Result<impl std::fmt::Debug, Error>) -> Box<Failure> {
    match result {
        Err(Error::Transport(failure)) => failure,
        other => panic!("no atlas failure: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn timeout(result: Result<impl std::fmt::Debug, Error>) -> Box<Failure> {
    match result {
        Err(Error::Timeout(failure)) => failure,
        other => panic!("no time-out: {other:?}"),
    }
}
