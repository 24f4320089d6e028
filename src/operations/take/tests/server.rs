//! A server whose answers a test writes, and a client that keeps its memory from call to call.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::auth::Auth;
use crate::config::Config;
use crate::config::tests::options;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::http::client::mock_transport::{MockRequest, MockResponse, MockTransport};
use crate::http::{CallContext, Events, HttpClient, Level};
use crate::model::Snapshot;
use crate::operations::client::AtlasClient;
use crate::operations::idempotency::Tag;
use crate::operations::recent_snapshots::RecentSnapshots;
use crate::operations::{ClusterAddress, IfBusy, TakeArguments, take_snapshot};

pub(crate) const GROUP: &str = "6a793f6b2c88faeba59bae37";
pub(crate) const CLUSTER: &str = "Cluster0";
pub(crate) const TOTAL: Duration = Duration::from_secs(300);
/// The server's clock at the beginning.
const EPOCH: i64 = 1_790_000_000;

type Take = dyn FnMut(&mut State, &Value) -> MockResponse + Send;
type Show = dyn FnMut(&mut State, usize) -> Value + Send;
type Find = dyn FnMut(&mut State, &str) -> Option<Value> + Send;

/// What the server holds and was asked for.
pub(crate) struct State {
    born: Instant,
    pub(crate) snapshots: Vec<Value>,
    pub(crate) posts: usize,
    pub(crate) gets: usize,
}

/// Its behaviour; by default it shows what it holds.
pub(crate) struct Server {
    state: State,
    take: Box<Take>,
    show: Box<Show>,
    find: Box<Find>,
}

/// A client of the server, with one memory for all its calls.
pub(crate) struct Client {
    server: Arc<Mutex<Server>>,
    recent: Arc<RecentSnapshots>,
}

/// How a take ended.
pub(crate) struct Taken {
    pub(crate) result: Result<Arc<Snapshot>, Error>,
    pub(crate) lost_tag: Option<String>,
    pub(crate) log: Vec<String>,
    pub(crate) seconds: u64,
}

impl Server {
    pub(crate) fn new() -> Self {
        let state = State { born: Instant::now(), snapshots: Vec::new(), posts: 0, gets: 0 };
        Self {
            state,
            take: Box::new(|_, _| error(400, "UNFINISHED_ON_DEMAND_SNAPSHOT")),
            show: Box::new(
                |state, _| json!({"results": state.snapshots, "totalCount": state.snapshots.len()}),
            ),
            find: Box::new(|state, id| state.snapshots.iter().find(|it| it["id"] == id).cloned()),
        }
    }

    /// What a POST does; it gets the body that was sent.
    pub(crate) fn on_take(
        mut self,
        take: impl FnMut(&mut State, &Value) -> MockResponse + Send + 'static,
    ) -> Self {
        self.take = Box::new(take);
        self
    }

    /// What a page of the plain list is; it gets the page's number.
    pub(crate) fn on_list(
        mut self,
        show: impl FnMut(&mut State, usize) -> Value + Send + 'static,
    ) -> Self {
        self.show = Box::new(show);
        self
    }

    /// What is found under an id.
    pub(crate) fn on_get(
        mut self,
        find: impl FnMut(&mut State, &str) -> Option<Value> + Send + 'static,
    ) -> Self {
        self.find = Box::new(find);
        self
    }

    pub(crate) fn holding(mut self, snapshots: impl IntoIterator<Item = Value>) -> Self {
        self.state.snapshots = snapshots.into_iter().collect();
        self
    }

    fn answer(&mut self, asked: &MockRequest) -> MockResponse {
        let Self { state, take, show, find } = self;
        if asked.method == Method::POST {
            state.posts += 1;
            return take(state, &serde_json::from_slice(&asked.body).unwrap());
        }
        let (path, query) = asked.uri.split_once('?').unwrap_or((&asked.uri, ""));
        let (_, below) = path.split_once("/backup/snapshots").unwrap();
        let said = if below.is_empty() {
            let number = query.rsplit_once("pageNum=").unwrap().1.parse().unwrap();
            reply(&show(state, number))
        } else if below == "/shardedClusters" {
            reply(&json!({"results": [], "totalCount": 0}))
        } else if below.starts_with("/shardedCluster/") {
            error(404, "SNAPSHOT_NOT_FOUND")
        } else {
            state.gets += 1;
            let found = find(state, below.trim_start_matches('/'));
            found.map_or_else(|| error(404, "SNAPSHOT_NOT_FOUND"), |it| reply(&it))
        };
        dated(said, EPOCH + state.seconds().cast_signed())
    }
}

impl State {
    /// Seconds since the beginning.
    pub(crate) fn seconds(&self) -> u64 {
        self.born.elapsed().as_secs()
    }
}

impl Taken {
    pub(crate) fn id(&self) -> String {
        self.result.as_ref().unwrap().id.clone()
    }
}

impl Client {
    pub(crate) fn of(server: Server) -> Self {
        Self { server: Arc::new(Mutex::new(server)), recent: Arc::default() }
    }

    pub(crate) fn posts(&self) -> usize {
        self.state(|state| state.posts)
    }

    pub(crate) fn state<T>(&self, fetch: impl FnOnce(&mut State) -> T) -> T {
        fetch(&mut self.server.lock().unwrap().state)
    }

    pub(crate) async fn take(&self, key: Option<&str>, if_busy: IfBusy) -> Taken {
        let begun = Instant::now();
        let arguments = TakeArguments::new(Some("before the release"), None, false, false).unwrap();
        let arguments = arguments.if_busy(if_busy, Duration::from_secs(3600));
        let arguments = match key {
            Some(key) => arguments.with_key(key, &cluster()).unwrap(),
            None => arguments,
        };
        let call = CallContext::new(TOTAL, Events::new(Some(Level::Info)));
        let result = take_snapshot(&self.client(), &cluster(), &arguments, &call).await;
        Taken {
            result,
            lost_tag: call.lost_tag(),
            log: call.events.drain().into_iter().map(|event| event.text()).collect(),
            seconds: begun.elapsed().as_secs(),
        }
    }

    pub(crate) fn client(&self) -> AtlasClient {
        let mut options = options("http://127.0.0.1:1");
        options.total_timeout = TOTAL.as_secs_f64();
        let config = Arc::new(Config::new(&options, &|_| None).unwrap());
        let server = Arc::new(Line(Arc::clone(&self.server))) as _;
        let http = HttpClient::simulated(config, server).unwrap();
        let auth = Auth::new(&Credentials::access_token("canary").unwrap()).unwrap();
        AtlasClient::new(http, auth).with_recent(Arc::clone(&self.recent))
    }
}

struct Line(Arc<Mutex<Server>>);

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

impl MockTransport for Line {
    fn answer(
        &self,
        asked: MockRequest,
    ) -> Pin<Box<dyn Future<Output = MockResponse> + Send + '_>> {
        Box::pin(async move {
            // The way to the server and back takes its time.
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.0.lock().unwrap().answer(&asked)
        })
    }
}

pub(crate) fn cluster() -> ClusterAddress {
    ClusterAddress::new(GROUP, CLUSTER).unwrap()
}

pub(crate) fn tag(key: &str) -> String {
    Tag::derive(key, &cluster().group_id, &cluster().name).unwrap().as_str().to_owned()
}

/// An id that is made so many seconds after the beginning, by the server's clock.
pub(crate) fn id_at(seconds: i64) -> String {
    format!("{:08x}88faeba59de48900", EPOCH + seconds)
}

/// One of the ids that are made in the first second.
pub(crate) fn nth_id(number: usize) -> String {
    format!("{EPOCH:08x}{number:016x}")
}

pub(crate) fn date_at(seconds: i64) -> String {
    Timestamp::from_second(EPOCH + seconds).unwrap().to_string()
}

pub(crate) fn reply(body: &Value) -> MockResponse {
    MockResponse::Response(200, HeaderMap::new(), body.to_string().into())
}

pub(crate) fn error(status: u16, code: &str) -> MockResponse {
    let body = json!({
        "detail": "No.", "error": status, "errorCode": code, "parameters": [], "reason": "No"
    });
    MockResponse::Response(status, HeaderMap::new(), body.to_string().into())
}

fn dated(mut said: MockResponse, second: i64) -> MockResponse {
    if let MockResponse::Response(_, headers, _) = &mut said {
        let time = Timestamp::from_second(second).unwrap();
        let date = time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        headers.insert("date", HeaderValue::from_str(&date).unwrap());
    }
    said
}
