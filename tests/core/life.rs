//! The life of a snapshot, as these tests ask for it and as their servers tell it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use atlas_backups::error::Error;
use atlas_backups::http::CallContext;
use atlas_backups::model::Snapshot;
use atlas_backups::operations::{
    IfBusy, Retention, SnapshotAddress, TakeArguments, Watch, delete_snapshot, get_snapshot,
    list_snapshots, update_retention,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::client::{Client, SNAPSHOT_ID, cluster};
use crate::server::{Received, Server, Step, atlas_error, json as json_answer};

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    Take,
    /// The page with this number.
    List(usize),
    ShardedList,
    Get,
    GetSharded,
    Retain,
    Delete,
    DeleteSharded,
    Other,
}

impl Ask {
    pub(crate) fn of(request: &Received) -> Self {
        let Some((_, rest)) = request.path().split_once("/backup/snapshots") else {
            return Self::Other;
        };
        let is_sharded = rest.starts_with("/shardedCluster/");
        match (request.method.as_str(), rest) {
            ("POST", "") => Self::Take,
            ("GET", "") => Self::List(page_of(request)),
            ("GET", "/shardedClusters") => Self::ShardedList,
            ("GET", _) if is_sharded => Self::GetSharded,
            ("GET", _) => Self::Get,
            ("PATCH", _) if !is_sharded => Self::Retain,
            ("DELETE", _) if is_sharded => Self::DeleteSharded,
            ("DELETE", _) => Self::Delete,
            (_, _) => Self::Other,
        }
    }
}

pub(crate) fn page_of(request: &Received) -> usize {
    let (_, query) = request.uri.split_once('?').unwrap();
    let number = query.split('&').find_map(|pair| pair.strip_prefix("pageNum=")).unwrap();
    assert!(query.contains("itemsPerPage=500"), "{query}");
    number.parse().unwrap()
}

/// A server whose handler gets the request and its number, from 0.
pub(crate) async fn atlas(
    answers: impl Fn(Ask, usize) -> Vec<Step> + Send + Sync + 'static,
) -> Server {
    let counts: Mutex<HashMap<Ask, usize>> = Mutex::default();
    Server::start(move |request| {
        let ask = Ask::of(request);
        let nth = {
            let mut counts = counts.lock().unwrap();
            let count = counts.entry(ask).or_default();
            *count += 1;
            *count - 1
        };
        answers(ask, nth)
    })
    .await
}

impl Server {
    /// How often that was asked.
    pub(crate) fn asked(&self, ask: Ask) -> usize {
        self.requests().iter().filter(|request| Ask::of(request) == ask).count()
    }
}

pub(crate) fn address() -> SnapshotAddress {
    SnapshotAddress::new(cluster(), SNAPSHOT_ID, false).unwrap()
}

pub(crate) fn sharded_address() -> SnapshotAddress {
    SnapshotAddress::new(cluster(), SNAPSHOT_ID, true).unwrap()
}

pub(crate) fn keyed(key: &str) -> TakeArguments {
    TakeArguments::default().with_key(key, &cluster()).unwrap()
}

/// The description that a take with this key sends.
pub(crate) fn tagged(key: &str) -> String {
    let server_sees = format!("{:?}", keyed(key));
    let start = server_sees.find("[ab1:").unwrap();
    format!("{} ", &server_sees[start..start + 32])
}

impl Client {
    pub(crate) fn call(&self) -> CallContext {
        CallContext::begin(&self.config, None)
    }

    pub(crate) async fn get(&self) -> Result<Snapshot, Error> {
        get_snapshot(&self.atlas, &address(), &self.call()).await
    }

    pub(crate) async fn list(&self) -> Result<Vec<Snapshot>, Error> {
        list_snapshots(&self.atlas, &cluster(), true, &self.call()).await
    }

    pub(crate) async fn retain(&self, wait: Option<Duration>) -> Result<Snapshot, Error> {
        let week = Retention::new([None, Some(1), None, None]).unwrap();
        update_retention(&self.atlas, &address(), week, wait, &self.call()).await
    }

    pub(crate) async fn delete(&self, wait: Option<Duration>) -> Result<(), Error> {
        delete_snapshot(&self.atlas, &address(), wait, &self.call()).await
    }

    /// Everything a watch says, until its snapshot is final.
    pub(crate) async fn watch(&self, mut watch: Watch) -> (Vec<Snapshot>, Option<Error>) {
        let call = self.call();
        let mut seen: Vec<Snapshot> = Vec::new();
        loop {
            match watch.next(&self.atlas, &call).await {
                Ok(snapshot) => seen.push(snapshot),
                Err(error) => return (seen, Some(error)),
            }
            if ["completed", "failed"].contains(&status(seen.last().unwrap()).as_str()) {
                return (seen, None);
            }
        }
    }

    pub(crate) async fn take_when_busy(
        &self,
        arguments: TakeArguments,
        if_busy: IfBusy,
        seconds: f64,
    ) -> Result<Snapshot, Error> {
        self.take_with(&arguments.if_busy(if_busy, Duration::from_secs_f64(seconds))).await
    }
}

pub(crate) fn status(snapshot: &Snapshot) -> String {
    crate::client::seen(snapshot)["status"].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn ids(snapshots: &[Snapshot]) -> Vec<&str> {
    snapshots.iter().map(|snapshot| snapshot.id.as_str()).collect()
}

/// An id that was made so many seconds ago, by this machine's clock.
pub(crate) fn id_of_age(seconds: i64, number: u64) -> String {
    format!("{:08x}{number:016x}", Timestamp::now().as_second() - seconds)
}

/// An on-demand snapshot of a replica set.
pub(crate) fn made(id: &str, status: &str, description: &str) -> Value {
    json!({"id": id, "type": "replicaSet", "status": status, "snapshotType": "onDemand",
           "frequencyType": "ondemand", "description": description, "replicaSetName": "s0"})
}

/// A sharded one, of one member.
pub(crate) fn sharded(id: &str, member: &str, status: &str, description: &str) -> Value {
    json!({"id": id, "type": "shardedCluster", "status": status, "snapshotType": "onDemand",
           "description": description, "snapshotIds": [member],
           "members": [{"id": member, "cloudProvider": "AWS", "replicaSetName": "s0"}]})
}

pub(crate) fn one(snapshot: &Value) -> Vec<Step> {
    json_answer(200, &snapshot.to_string())
}

/// A whole list on one page.
pub(crate) fn listed(items: &[Value]) -> Vec<Step> {
    page(items, &json!(items.len()))
}

pub(crate) fn page(items: &[Value], total: &Value) -> Vec<Step> {
    json_answer(200, &json!({"links": [], "results": items, "totalCount": total}).to_string())
}

pub(crate) fn rejection(status: u16, code: &str) -> Vec<Step> {
    json_answer(status, &atlas_error(status, code))
}

/// What the sharded endpoints say of a replica set.
pub(crate) fn not_sharded() -> Vec<Step> {
    rejection(404, "RESOURCE_NOT_FOUND")
}

pub(crate) fn busy() -> Vec<Step> {
    rejection(400, "UNFINISHED_ON_DEMAND_SNAPSHOT")
}
