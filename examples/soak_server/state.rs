//! What the server holds and has seen: snapshots by cluster, requests, connections, faults.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::faults::{Fault, answer};
use super::request::Request;

const JSON: &str = "application/json";

#[derive(Debug)]
pub(crate) struct State {
    /// Of all requests, how many go wrong.
    share: f64,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The snapshots of each cluster, by its path.
    clusters: HashMap<String, Vec<Value>>,
    taken: u64,
    connections: u64,
    requests: BTreeMap<&'static str, u64>,
    faults: BTreeMap<Fault, u64>,
}

impl State {
    pub(crate) fn new(share: f64) -> Self {
        Self { share, seen: Mutex::default() }
    }

    pub(crate) fn connected(&self) {
        self.seen().connections += 1;
    }

    /// What goes wrong this time, if anything.
    pub(crate) fn draw(&self) -> Option<Fault> {
        if fastrand::f64() >= self.share {
            return None;
        }
        let fault = fastrand::choice(Fault::ALL)?;
        *self.seen().faults.entry(fault).or_default() += 1;
        Some(fault)
    }

    /// Does what is asked for; gives the answer.
    pub(crate) fn act(&self, request: &Request) -> Vec<u8> {
        let mut seen = self.seen();
        let (kind, body) = match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/api/oauth/token") => {
                let number = fastrand::u64(..);
                let token = format!("token-{number:016x}");
                let token =
                    json!({"access_token": token, "expires_in": 3600, "token_type": "Bearer"});
                ("tokens", token)
            }
            ("POST", path) if path.ends_with("/backup/snapshots") => ("takes", seen.take(request)),
            ("GET", path) if path.ends_with("/backup/snapshots") => {
                let results = seen.clusters.get(path).cloned().unwrap_or_default();
                ("lists", json!({"totalCount": results.len(), "results": results}))
            }
            ("GET", path) if path.ends_with("/shardedClusters") => {
                ("lists", json!({"totalCount": 0, "results": []}))
            }
            _ => ("others", json!({})),
        };
        *seen.requests.entry(kind).or_default() += 1;
        answer(200, JSON, body.to_string().as_bytes())
    }

    /// Everything, for the client's own count to be held against.
    pub(crate) fn stats(&self) -> String {
        let seen = self.seen();
        let doubled = seen.clusters.values().filter(|taken| taken.len() > 1).count();
        let ids: HashMap<&str, &Value> = seen
            .clusters
            .iter()
            .filter_map(|(path, taken)| Some((path.split('/').nth(7)?, taken.first()?.get("id")?)))
            .collect();
        let faults: HashMap<String, u64> =
            seen.faults.iter().map(|(fault, count)| (format!("{fault:?}"), *count)).collect();
        let requests = &seen.requests;
        json!({
            "connections": seen.connections, "requests": requests, "faults": faults,
            "taken": seen.taken, "doubled": doubled, "ids": ids,
        })
        .to_string()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn take(&mut self, request: &Request) -> Value {
        self.taken += 1;
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let snapshot = json!({
            "id": format!("6b1f0c3e{:016x}", self.taken), "status": "queued", "type": "replicaSet",
            "snapshotType": "onDemand", "description": body.get("description"),
        });
        self.clusters.entry(request.path.clone()).or_default().push(snapshot.clone());
        snapshot
    }
}
