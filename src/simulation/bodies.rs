//! What Atlas writes: snapshots, errors, the heads of responses, and what gateways write instead.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::http::client::mock_transport::MockResponse;
use crate::http::exchange_error::DeliveryStatus;
use crate::simulation::case::{CorruptEncoding, Kind, RetryAfter};
use crate::simulation::cluster::{Cluster, Held, Moment, Status};

const PAGE: &str = "<!DOCTYPE html><html><body>Service Unavailable</body></html>";

/// A snapshot as it was at a moment.
pub(crate) fn whole(held: &Held, then: Moment) -> Value {
    if held.parts.is_empty() {
        return one(held, &held.id, "replicaSet", status(held, then));
    }
    let mut object = one(held, &held.id, "shardedCluster", status(held, then));
    object["configServerType"] = "EMBEDDED".into();
    object["members"] = json!([]);
    object["snapshotIds"] = json!([]);
    object
}

/// The same with its parts named.
pub(crate) fn whole_with_parts(held: &Held, then: Moment) -> Value {
    let mut object = whole(held, then);
    let member = |id: &String| json!({"id": id, "cloudProvider": "AWS", "replicaSetName": "shard"});
    object["members"] = held.parts.iter().map(member).collect();
    object["snapshotIds"] = json!(held.parts);
    object
}

/// A part, as a snapshot of its own; where the whole failed, only the second part did.
pub(crate) fn part(held: &Held, index: usize, then: Moment) -> Value {
    let status = match held.status(then) {
        Status::Failed if index == 0 => "completed",
        Status::Queued | Status::InProgress | Status::Completed | Status::Failed => {
            status(held, then)
        }
    };
    one(held, &held.parts[index], "replicaSet", status)
}

fn one(held: &Held, id: &str, kind: &str, status: &str) -> Value {
    let (snapshot_type, frequency) =
        if held.on_demand { ("onDemand", "ondemand") } else { ("scheduled", "daily") };
    let mut object = json!({
        "id": id,
        "type": kind,
        "status": status,
        "snapshotType": snapshot_type,
        "frequencyType": frequency,
        "links": [],
        "policyItems": [],
        "storageSizeBytes": 0,
    });
    if let Some(description) = &held.shown {
        object["description"] = description.as_str().into();
    }
    object
}

fn status(held: &Held, then: Moment) -> &'static str {
    match held.status(then) {
        Status::Queued => "queued",
        Status::InProgress => "inProgress",
        Status::Completed => "completed",
        Status::Failed => "failed",
    }
}

/// A successful response.
pub(crate) fn good(cluster: &Cluster, now: Moment, body: &Value) -> MockResponse {
    MockResponse::Response(200, head(cluster, now), body.to_string().into())
}

/// An error as Atlas words it.
pub(crate) fn error(cluster: &Cluster, now: Moment, status: u16, code: &str) -> MockResponse {
    let body = json!({
        "detail": "No.", "error": status, "errorCode": code, "parameters": [], "reason": "No"
    });
    MockResponse::Response(status, head(cluster, now), body.to_string().into())
}

/// What comes instead of a response; `None`: there is no fault, or no response at all.
pub(crate) fn instead(cluster: &Cluster, now: Moment, kind: Kind) -> Option<MockResponse> {
    let page = |status| {
        MockResponse::Response(status, HeaderMap::new(), Bytes::from_static(PAGE.as_bytes()))
    };
    let good = |body: &'static str| {
        MockResponse::Response(200, head(cluster, now), Bytes::from_static(body.as_bytes()))
    };
    Some(match kind {
        Kind::Clear | Kind::Silent => return None,
        Kind::NotSent => MockResponse::ExchangeError(DeliveryStatus::NotSent),
        Kind::Reset => MockResponse::ExchangeError(DeliveryStatus::Ambiguous),
        Kind::TooMany(retry_after) => too_many(cluster, now, retry_after),
        Kind::Upgrading => error(cluster, now, 405, "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES"),
        Kind::Rejected(401) => error(cluster, now, 401, "USER_UNAUTHORIZED"),
        Kind::Rejected(status) => error(cluster, now, status, "ACCESS_FORBIDDEN"),
        Kind::Page(status) => page(status),
        Kind::Broken(status) => error(cluster, now, status, "UNEXPECTED_ERROR"),
        Kind::CorruptEncoding(CorruptEncoding::Html) => page(200),
        Kind::CorruptEncoding(CorruptEncoding::Empty) => {
            MockResponse::Response(204, head(cluster, now), Bytes::new())
        }
        Kind::CorruptEncoding(CorruptEncoding::Cut) => {
            good(r#"{"id":"6a79468a2c88faeba59de489","sta"#)
        }
        Kind::CorruptEncoding(CorruptEncoding::NoId) => {
            good(r#"{"status":"queued","results":null,"totalCount":1}"#)
        }
        Kind::CorruptEncoding(CorruptEncoding::BadId) => {
            good(r#"{"id":"6A79468A","results":[{"id":"6A79468A"}],"totalCount":1}"#)
        }
    })
}

fn too_many(cluster: &Cluster, now: Moment, retry_after: RetryAfter) -> MockResponse {
    let mut said = error(cluster, now, 429, "RATE_LIMITED");
    let value = match retry_after {
        RetryAfter::Absent => return said,
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(seconds) => date(cluster.server_second(now) + seconds.cast_signed()),
        RetryAfter::Unreadable => "soon".to_owned(),
    };
    if let MockResponse::Response(_, headers, _) = &mut said {
        headers.insert("retry-after", HeaderValue::from_str(&value).unwrap());
    }
    said
}

fn head(cluster: &Cluster, now: Moment) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let date = date(cluster.server_second(now));
    headers.insert("date", HeaderValue::from_str(&date).unwrap());
    headers.insert("ratelimit-limit", HeaderValue::from_static("1200"));
    headers.insert("ratelimit-remaining", HeaderValue::from_static("1100"));
    headers
}

fn date(second: i64) -> String {
    let time = Timestamp::from_second(second).unwrap();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
