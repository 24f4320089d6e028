//! A take that goes well: what is sent, and what is made of the answer.

use atlas_backups::operations::TakeArguments;

use crate::client::{Client, GROUP, SNAPSHOT_ID, good, seen};
use crate::server::{Server, json, json_with};

const SHARDED: &str = r#"{"id":"6600000000000000000000bb","type":"shardedCluster","status":"inProgress",
    "configServerType":"DEDICATED","snapshotIds":["6600000000000000000000b1"],
    "members":[{"id":"6600000000000000000000b1","cloudProvider":"AWS","replicaSetName":"s0","zone":1}],
    "createdAt":"2026-08-10T05:33:30+02:00","storageSizeBytes":99999999999999999999}"#;

#[tokio::test]
async fn one_post_with_an_empty_object_takes_a_snapshot() {
    let server = Server::start(|_| json(200, &good())).await;

    let snapshot = Client::new(&server.url()).take().await.unwrap();

    assert_eq!(snapshot.id, SNAPSHOT_ID);
    let seen = seen(&snapshot);
    assert_eq!(seen["replica_set_name"], "atlas-x-shard-0");
    assert_eq!(seen["group_id"], GROUP);
    assert_eq!(seen["extra"], serde_json::json!({"fieldOfTomorrow": [1]}));
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let post = &requests[0];
    let path = format!("/api/atlas/v2/groups/{GROUP}/clusters/Cluster0/backup/snapshots");
    assert_eq!((post.method.as_str(), post.uri.as_str()), ("POST", path.as_str()));
    assert_eq!(post.body, b"{}");
    assert_eq!(post.header("accept"), Some("application/vnd.atlas.2025-03-12+json"));
    assert_eq!(post.header("content-type"), Some("application/json"));
    assert_eq!(post.header("authorization"), Some("Bearer canary-access-token"));
    assert_eq!(post.header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn a_sharded_cluster_gives_its_members() {
    let server = Server::start(|_| json(200, SHARDED)).await;

    let seen = seen(&Client::new(&server.url()).take().await.unwrap());

    assert_eq!(seen["members"][0]["replica_set_name"], "s0");
    assert_eq!(seen["members"][0]["extra"], serde_json::json!({"zone": 1}));
    assert_eq!(seen["snapshot_ids"], serde_json::json!(["6600000000000000000000b1"]));
    assert_eq!(seen["storage_size_bytes"].to_string(), "99999999999999999999");
    assert_eq!((seen["created_at"]["hour"].clone(), server.posts()), (3.into(), 1));
}

#[tokio::test]
async fn arguments_travel_in_the_body_and_switches_in_the_query() {
    let server =
        Server::start(|_| json(200, &format!(r#"{{"status":200,"content":{}}}"#, good()))).await;
    let arguments = TakeArguments::new(Some("vor „42“"), Some(7), true, true).unwrap();
    let client = Client::new(&format!("{}/prefix/", server.url()));

    let snapshot = client.take_with(&arguments).await.unwrap();

    assert_eq!(snapshot.id, SNAPSHOT_ID);
    let post = &server.requests()[0];
    assert!(post.uri.starts_with("/prefix/api/atlas/v2/"), "{}", post.uri);
    assert!(post.uri.ends_with("?envelope=true&pretty=true"), "{}", post.uri);
    let body: serde_json::Value = serde_json::from_slice(&post.body).unwrap();
    assert_eq!(body, serde_json::json!({"description": "vor „42“", "retentionInDays": 7}));
}

#[tokio::test]
async fn oddities_outside_the_id_are_tolerated_and_kept() {
    let odd = format!(
        r#"{{"id":"{SNAPSHOT_ID}","id":"{SNAPSHOT_ID}","type":"cubeCluster","status":"exploded","createdAt":"soon",
        "policyItems":null,"links":[null],"description":7,"big":{}}}"#,
        "9".repeat(500)
    );
    let server = Server::start(move |_| json(200, &odd)).await;

    let seen = seen(&Client::new(&server.url()).take().await.unwrap());

    assert_eq!(
        (seen["status"].as_str(), seen["type"].as_str()),
        (Some("exploded"), Some("cubeCluster"))
    );
    assert_eq!(seen["created_at"], serde_json::Value::Null);
    for (name, kept) in [("createdAt", "\"soon\""), ("links", "[null]"), ("description", "7")] {
        assert_eq!(seen["extra"][name].to_string(), kept);
    }
    assert_eq!(seen["extra"]["big"].to_string(), "9".repeat(500));
}

#[tokio::test]
async fn a_clock_an_hour_off_and_a_deprecated_version_change_nothing() {
    let headers = "Date: Mon, 5 Aug 2024 00:00:00 GMT\r\nSunset: Mon, 5 Aug 2024 00:00:00 GMT\r\n\
                   Deprecation: true\r\n";
    let server = Server::start(move |_| json_with(200, headers, &good())).await;

    assert!(Client::new(&server.url()).take().await.is_ok());
}

#[tokio::test]
async fn the_raw_answer_is_the_answer_as_it_came() {
    let server =
        Server::start(|_| json_with(418, "X-One: 1\r\nX-One: 2\r\n", "\u{feff}<h1>tea</h1>")).await;

    let raw = Client::new(&server.url()).raw().await.unwrap();

    assert_eq!((raw.status, raw.text.as_str()), (418, "\u{feff}<h1>tea</h1>"));
    let ones: Vec<_> = raw.headers.iter().filter(|(n, _)| n == "x-one").map(|(_, v)| v).collect();
    assert_eq!(ones, ["1", "2"]);
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn informational_answers_are_passed_over() {
    use crate::server::{Step, answer};
    let server = Server::start(|_| {
        let mut bytes = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".to_vec();
        bytes.extend(answer(200, "", good()));
        vec![Step::Send(bytes)]
    })
    .await;

    assert!(Client::new(&server.url()).take().await.is_ok());
    assert_eq!(server.posts(), 1);
}
