//! Rate limits: client-side delays before a 429.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atlas_backups::error::{ApiKind, Error};
use atlas_backups::http::{CallContext, Level};
use atlas_backups::model::Snapshot;
use atlas_backups::operations::{
    ClusterAddress, SnapshotAddress, TakeArguments, Watch, take_snapshot, wait_and_verify,
};
use tokio::task::JoinSet;

use crate::client::{
    BUDGET, Budget, Client, GROUP, SLACK, SNAPSHOT_ID, api, cluster, good, service_account, timed,
    timeout, token,
};
use crate::server::{Received, Server, Step, json, json_with};

const PATIENT: Budget<'static> = Budget { total: 60.0, ..BUDGET };
/// What a project's snapshots get: 500 tokens a minute.
const TOKEN_EVERY: Duration = Duration::from_millis(120);

/// When each POST came, in their order.
#[derive(Clone, Default)]
struct Arrivals(Arc<Mutex<Vec<Instant>>>);

impl Arrivals {
    fn note(&self) {
        self.0.lock().unwrap().push(Instant::now());
    }

    /// Since the first one.
    fn after(&self) -> Vec<Duration> {
        let arrivals = self.0.lock().unwrap();
        arrivals.iter().map(|at| at.duration_since(arrivals[0])).collect()
    }
}

async fn server(
    answers: impl Fn(&Received) -> Vec<Step> + Send + Sync + 'static,
) -> (Server, Arrivals) {
    let arrivals = Arrivals::default();
    let noted = arrivals.clone();
    let server = Server::start(move |request| {
        if request.path().ends_with("/backup/snapshots") {
            noted.note();
        }
        answers(request)
    })
    .await;
    (server, arrivals)
}

/// A take of which the log is kept.
async fn logged(
    client: &Client,
    cluster: ClusterAddress,
) -> (Result<Arc<Snapshot>, Error>, Vec<String>) {
    let call = CallContext::begin(&client.config, Some(Level::Info));
    let result = take_snapshot(&client.atlas, &cluster, &TakeArguments::default(), &call).await;
    (result, call.events.drain().into_iter().map(|event| event.text()).collect())
}

fn taken(remaining: usize) -> Vec<Step> {
    let headers = format!("RateLimit-Limit: 1200\r\nRateLimit-Remaining: {remaining}\r\n");
    json_with(200, &headers, &good())
}

#[tokio::test]
async fn what_is_left_is_sent_at_once_and_the_rest_as_tokens_come_back() {
    let (server, arrivals) = server(|request| taken(2_usize.saturating_sub(request.nth))).await;
    let client = Client::with(&server.url(), &token(), &PATIENT);
    client.take().await.unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..5 {
        let client = client.clone();
        calls.spawn(async move { client.take().await });
    }

    let ends = calls.join_all().await;

    assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    let after = arrivals.after();
    assert_eq!(after.len(), 6);
    for (held, after) in (1..).zip(&after[3..]) {
        assert!(*after >= TOKEN_EVERY * held, "{after:?}");
    }
}

#[tokio::test]
async fn a_refusal_holds_back_the_other_calls_of_its_project_only() {
    let parameters = r#"{"errorCode":"RATE_LIMITED","parameters":["x",2,1200,500,60]}"#;
    let (server, arrivals) = server(move |request| match request.nth {
        0 if request.path().contains(GROUP) => json(429, parameters),
        _ => taken(1000),
    })
    .await;
    let client = Client::with(&server.url(), &token(), &PATIENT);
    let rejected = tokio::spawn({
        let client = client.clone();
        async move { client.take().await }
    });
    while server.posts() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The answer is on its way.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let other = ClusterAddress::new("6500000000000000000000ab", "Cluster0").unwrap();

    let ((elsewhere, log), took) = timed(logged(&client, other)).await;
    client.take().await.unwrap();

    elsewhere.unwrap();
    assert!(took < SLACK, "{took:?}");
    assert!(log.is_empty(), "{log:?}");
    rejected.await.unwrap().unwrap();
    let after = arrivals.after();
    assert_eq!(after.len(), 4);
    assert!(after[2] >= Duration::from_secs(2), "{after:?}");
}

#[tokio::test]
async fn a_call_that_could_not_be_sent_in_time_says_so_and_is_not_sent() {
    let (server, _) = server(|_| json_with(429, "Retry-After: 60\r\n", "")).await;
    let client = Client::new(&server.url());
    let first = api(client.take().await);

    let ((second, _), took) = timed(logged(&client, cluster())).await;

    assert_eq!(first.kind, ApiKind::RateLimit);
    let message = timeout(second).to_string();
    assert!(message.contains("not sent, because the project's rate limit"), "{message}");
    assert!(took < SLACK);
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn what_is_sent_again_after_a_401_waits_too() {
    let (server, arrivals) = server(|request| match (request.path(), request.nth) {
        ("/api/oauth/token", nth) => {
            json(200, &format!(r#"{{"access_token":"canary-{nth}","expires_in":3600}}"#))
        }
        (_, 0) => {
            let headers = "WWW-Authenticate: Bearer\r\nRateLimit-Remaining: 0\r\n";
            json_with(401, headers, "")
        }
        (_, _) => taken(1000),
    })
    .await;

    Client::with(&server.url(), &service_account(), &PATIENT).take().await.unwrap();

    let after = arrivals.after();
    assert_eq!(after.len(), 2);
    assert!(after[1] >= TOKEN_EVERY, "{after:?}");
}

#[tokio::test]
async fn headers_without_sense_hold_nobody_back() {
    for headers in [
        "RateLimit-Limit: many\r\nRateLimit-Remaining: -1\r\n",
        "RateLimit-Limit: 0\r\nRateLimit-Remaining: \r\n",
        "RateLimit-Limit: 99999999999999999999999\r\nRateLimit-Remaining: 1e9\r\n",
        "",
    ] {
        let (server, _) = server(move |_| json_with(200, headers, &good())).await;
        let client = Client::new(&server.url());

        client.take().await.unwrap();
        let (second, log) = logged(&client, cluster()).await;

        second.unwrap();
        assert!(log.is_empty(), "{headers}: {log:?}");
    }
}

#[tokio::test]
async fn a_wait_for_a_snapshot_that_a_limit_holds_back_ends_as_a_wait() {
    let (server, _) = server(|_| json_with(429, "Retry-After: 60\r\n", "")).await;
    let client = Client::new(&server.url());
    let address = SnapshotAddress::new(cluster(), SNAPSHOT_ID, false).unwrap();
    let mut watch = Watch::new(address, Duration::from_secs(1), None);

    let call = CallContext::begin(&client.config, None);
    let result = wait_and_verify(&client.atlas, &mut watch, &call).await;

    let Err(Error::WaitTimeout(timeout)) = result else { panic!("{result:?}") };
    assert!(timeout.cause.unwrap().to_string().contains("not sent, because"));
    assert_eq!(server.requests().len(), 1);
}
