//! What is answered to which request, and the count of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};

/// Snapshots that a list has.
const LISTED: usize = 50_000;
/// The most that Atlas gives on one page.
const PAGE: usize = 500;

/// What every answer of Atlas carries, more or less.
pub(crate) const HEADERS: [(&str, &str); 6] = [
    ("content-type", "application/vnd.atlas.2025-03-12+json;charset=utf-8"),
    ("date", "Tue, 24 Nov 2026 10:00:00 GMT"),
    ("ratelimit-limit", "1200"),
    ("ratelimit-remaining", "1199"),
    ("strict-transport-security", "max-age=31536000; includeSubdomains;"),
    ("x-content-type-options", "nosniff"),
];

pub(crate) struct Answers {
    taken: Bytes,
    pages: Mutex<Vec<Option<Bytes>>>,
    connections: AtomicUsize,
    handshakes: AtomicUsize,
    requests: AtomicUsize,
    tokens: AtomicUsize,
}

impl Answers {
    pub(crate) fn new() -> Self {
        Self {
            taken: snapshot(0).to_string().into(),
            pages: Mutex::default(),
            connections: AtomicUsize::default(),
            handshakes: AtomicUsize::default(),
            requests: AtomicUsize::default(),
            tokens: AtomicUsize::default(),
        }
    }

    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn shook_hands(&self) {
        self.handshakes.fetch_add(1, Ordering::Relaxed);
    }

    /// The body for a request; the status is always 200.
    pub(crate) fn answer(&self, method: &str, target: &str) -> Bytes {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path == "/stats" {
            return self.stats();
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        match (method, path.rsplit('/').next()) {
            ("POST", Some("token")) => {
                self.tokens.fetch_add(1, Ordering::Relaxed);
                token()
            }
            ("GET", Some("snapshots")) => self.page(query),
            ("GET", Some("shardedClusters")) => {
                json!({"results": [], "totalCount": 0}).to_string().into()
            }
            _ => self.taken.clone(),
        }
    }

    fn stats(&self) -> Bytes {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        let stats = json!({
            "connections": count(&self.connections),
            "handshakes": count(&self.handshakes),
            "requests": count(&self.requests),
            "tokens": count(&self.tokens),
        });
        stats.to_string().into()
    }

    /// Made once: what is measured is the client.
    fn page(&self, query: &str) -> Bytes {
        let number = query.split('&').find_map(|it| it.strip_prefix("pageNum="));
        let number = number.and_then(|it| it.parse().ok()).unwrap_or(1_usize).max(1) - 1;
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let known = pages.len().max(number + 1);
        pages.resize(known, None);
        let Some(page) = pages.get_mut(number) else { return Bytes::new() };
        page.get_or_insert_with(|| list(number)).clone()
    }
}

fn list(number: usize) -> Bytes {
    let first = (number * PAGE).min(LISTED);
    let last = (first + PAGE).min(LISTED);
    let results: Vec<Value> = (first..last).map(snapshot).collect();
    json!({"links": [], "results": results, "totalCount": LISTED}).to_string().into()
}

/// As the service answers a take, in fields and size; the links show what it is of.
fn snapshot(number: usize) -> Value {
    let id = format!("6a79468a{:016x}", 0x2c88_faeb_a59d_e489 + number);
    let cluster =
        "https://cloud.mongodb.com/api/atlas/v2/groups/66b0c1d2e3f4a5b6c7d8e9f0/clusters/Cluster0";
    json!({
        "copyRegions": [],
        "description": "before release 42",
        "expiresAt": "2026-12-01T10:00:00Z",
        "frequencyType": "ondemand",
        "id": id,
        "links": [
            {"href": format!("{cluster}/backup/snapshots/{id}"), "rel": "self"},
            {"href": cluster, "rel": "https://cloud.mongodb.com/cluster"},
        ],
        "policyItems": [],
        "replicaSetName": "Cluster0",
        "snapshotType": "onDemand",
        "status": "queued",
        "storageSizeBytes": 0,
        "type": "replicaSet",
    })
}

fn token() -> Bytes {
    let token = "bench.".repeat(100);
    json!({"access_token": token, "expires_in": 3600, "token_type": "Bearer"}).to_string().into()
}
