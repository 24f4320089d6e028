//! Answers without end, to every operation: each is left at a limit, and none is asked for again.

use std::time::Duration;

use atlas_backups::error::Error;
use atlas_backups::http::CallContext;
use atlas_backups::operations::{
    Retention, SnapshotAddress, delete_snapshot, get_snapshot, list_clusters, list_projects,
    list_snapshots, update_retention,
};

use crate::client::{
    BUDGET, Budget, Client, GROUP, SNAPSHOT_ID, ambiguous, atlas, cluster, service_account,
    snapshot, timed, token,
};
use crate::server::{Received, Server, Step, answer, json};

const PATIENT: Budget<'static> = Budget { attempt: 20.0, total: 20.0, retries: 2, ..BUDGET };
const WITHIN: Duration = Duration::from_secs(8);

const OPERATIONS: [&str; 7] =
    ["get", "list", "sharded list", "projects", "clusters", "retention", "delete"];

async fn run(operation: &str, client: &Client) -> Result<(), Error> {
    let (atlas, call) = (&client.atlas, &CallContext::begin(&client.config, None));
    let address = SnapshotAddress::new(cluster(), SNAPSHOT_ID, false).unwrap();
    let days = Retention::new([Some(3), None, None, None]).unwrap();
    match operation {
        "get" => get_snapshot(atlas, &address, call).await.map(drop),
        "list" => list_snapshots(atlas, &cluster(), false, call).await.map(drop),
        "sharded list" => list_snapshots(atlas, &cluster(), true, call).await.map(drop),
        "projects" => list_projects(atlas, call).await.map(drop),
        "clusters" => list_clusters(atlas, GROUP, call).await.map(drop),
        "retention" => update_retention(atlas, &address, days, None, call).await.map(drop),
        _ => delete_snapshot(atlas, &address, None, call).await,
    }
}

/// The answer to all but what comes before the request that a test is about.
fn last_of(operation: &str, request: &Received, last: Vec<Step>) -> Vec<Step> {
    match operation {
        "sharded list" if !request.path().ends_with("/shardedClusters") => {
            json(200, r#"{"results":[],"totalCount":0}"#)
        }
        _ => last,
    }
}

fn endless(status: u16, piece: &str) -> Vec<Step> {
    let head = format!("HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n");
    let text = piece.repeat(0x10000 / piece.len());
    let chunk = format!("{:x}\r\n{text}\r\n", text.len());
    vec![Step::Send(head.into_bytes()), Step::Forever(chunk.into_bytes(), Duration::ZERO)]
}

#[tokio::test]
async fn an_endless_body_ends_every_operation_at_once() {
    for operation in OPERATIONS {
        let server =
            Server::start(move |it| last_of(operation, it, endless(200, "{\"results\":["))).await;
        let client = Client::with(&server.url(), &token(), &PATIENT);

        let (result, took) = timed(run(operation, &client)).await;

        match result {
            // What it says to a delete does not matter.
            Ok(()) => assert_eq!(operation, "delete"),
            Err(Error::InvalidResponse(why)) => {
                assert!(why.to_string().contains("larger"), "{why}");
            }
            Err(other) => panic!("{operation}: {other:?}"),
        }
        assert!(took < WITHIN, "{operation} {took:?}");
        let before = usize::from(operation == "sharded list");
        assert_eq!(server.requests().len(), 1 + before, "{operation}");
    }
}

#[tokio::test]
async fn an_endless_error_is_as_good_as_a_short_one() {
    for operation in OPERATIONS {
        let server = Server::start(move |it| last_of(operation, it, endless(403, "x "))).await;
        let client = Client::with(&server.url(), &token(), &PATIENT);

        let (result, took) = timed(run(operation, &client)).await;

        let Err(Error::Api(error)) = result else { panic!("{operation}: {result:?}") };
        assert!((error.status, error.error_code.as_deref()) == (403, None), "{error}");
        assert!(took < WITHIN, "{operation} {took:?}");
    }
}

#[tokio::test]
async fn an_endless_token_is_none() {
    for (status, piece) in [(200, "{\"access_token\":"), (401, "canary-client-secret")] {
        let server = Server::start(move |_| endless(status, piece)).await;
        let client = Client::with(&server.url(), &service_account(), &PATIENT);

        let (result, took) = timed(client.take()).await;

        let error = result.unwrap_err();
        let is_invalid = matches!(error, Error::InvalidResponse(_));
        assert_eq!(is_invalid, status == 200, "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
        assert!(took < WITHIN, "{took:?}");
        assert_eq!((server.requests().len(), server.posts()), (1, 0));
    }
}

#[tokio::test]
async fn a_list_of_ever_more_pages_comes_to_an_end() {
    let padding = "x".repeat(1 << 20);
    let server = Server::start(move |request| {
        let item = snapshot(&format!("66{:022x}", request.nth));
        let page = format!(r#"{{"results":[{item}],"x":"{padding}","totalCount":1000000}}"#);
        json(200, &page)
    })
    .await;
    let client = Client::with(&server.url(), &token(), &PATIENT);

    let result = run("list", &client).await;

    let Err(Error::InvalidResponse(error)) = result else { panic!("{result:?}") };
    assert!(error.to_string().contains("no end"), "{error}");
    // Pages that were asked for ahead are of no use.
    assert!((64..64 + 18).contains(&server.requests().len()), "{}", server.requests().len());
}

#[tokio::test]
async fn more_values_than_atlas_sends_are_not_read() {
    // A list or an object inside another is counted twice, an object as ten, a name as one.
    for (item, cost) in [("0", 1), ("\"\"", 1), ("[]", 2), ("{}", 11), (r#"{"a":{"b":1}}"#, 23)] {
        for (values, taken) in [(499_900, true), (500_000, false)] {
            let list = vec![item; values / cost + usize::from(!taken)];
            let body = format!(r#"{{"id":"{SNAPSHOT_ID}","x":[{}]}}"#, list.join(","));
            let server = Server::start(move |_| json(200, &body)).await;

            let budget = Budget { attempt: 20.0, total: 1.9, ..BUDGET };
            let result = Client::with(&server.url(), &token(), &budget).take().await;

            assert_eq!(result.is_ok(), taken, "{values} {item}");
            assert_eq!(server.posts(), 1);
            if !taken {
                let message = ambiguous(result).to_string();
                assert!(message.contains("more than 500000 values"), "{message}");
            }
        }
    }
}

/// A list whose every page brings new items, with as much beside them, and never ends.
async fn pages_of(items: usize, beside: String) -> Server {
    Server::start(move |request| {
        let page: Vec<_> = (0..items)
            .map(|item| format!(r#"{{"id":"66{:022x}"}}"#, request.nth * items + item))
            .collect();
        let page = page.join(",");
        let beside = &beside;
        json(200, &format!(r#"{{"results":[{page}],"x":[{beside}],"totalCount":100000000}}"#))
    })
    .await
}

#[tokio::test]
async fn a_list_that_holds_more_than_any_cluster_has_says_which_limit_it_met() {
    for (items, beside, pages, limit) in [
        (30_000, String::new(), 4, "more than 100000 items"),
        (1, format!("{}0", "0,".repeat(450_000)), 9, "more than 4000000 JSON values"),
    ] {
        let server = pages_of(items, beside).await;
        let client = Client::with(&server.url(), &token(), &PATIENT);

        let result = run("list", &client).await;

        let Err(Error::InvalidResponse(error)) = result else { panic!("{result:?}") };
        assert!(error.to_string().contains(limit), "{error}");
        let asked = server.requests().len();
        assert!((pages..pages + 18).contains(&asked), "{asked}");
    }
}

/// Heads, and what else stands around a body, beyond what any server needs.
fn too_much(kind: &str) -> Vec<Step> {
    let head = |text: String| Step::Send(text.into_bytes());
    let forever = |text: &str| {
        let piece = text.repeat(4096 / text.len());
        Step::Forever(piece.into_bytes(), Duration::ZERO)
    };
    let start = || head("HTTP/1.1 200 OK\r\n".to_owned());
    let chunked = || head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned());
    match kind {
        "headers" => {
            vec![Step::Send(answer(200, &"X: 1\r\n".repeat(101), r#"{"results":[]}"#))]
        }
        "endless headers" => vec![start(), forever("X: 1\r\n")],
        "an endless header" => vec![start(), head("X: ".to_owned()), forever("x")],
        "an endless status line" => vec![head("HTTP/1.1 200 ".to_owned()), forever("OK ")],
        "endless trailers" => vec![chunked(), head("0\r\n".to_owned()), forever("X: 1\r\n")],
        "an endless chunk extension" => vec![chunked(), head("1;".to_owned()), forever("x=1;")],
        _ => panic!("{kind}"),
    }
}

#[tokio::test]
async fn a_head_beyond_measure_is_a_broken_connection() {
    for kind in [
        "headers",
        "endless headers",
        "an endless header",
        "an endless status line",
        "endless trailers",
        "an endless chunk extension",
    ] {
        let server = Server::start(move |_| too_much(kind)).await;
        let client = Client::with(&server.url(), &token(), &PATIENT);

        let (listed, took) = timed(run("list", &client)).await;
        assert_eq!(server.requests().len(), 3, "{kind}");
        let impatient = Budget { total: 1.9, ..PATIENT }; // no time to reconcile
        let taken = Client::with(&server.url(), &token(), &impatient).take().await;

        atlas(listed);
        assert!(took < WITHIN, "{kind}: {took:?}");
        let error = ambiguous(taken);
        assert!(matches!(&*error.cause, Error::Transport(_)), "{kind}: {error}");
        assert_eq!(server.posts(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_hundred_headers_and_a_hundred_kibibytes_of_them_are_read() {
    let many = format!("X: {}\r\n", "x".repeat(1024)).repeat(99);
    let server = Server::start(move |_| {
        vec![Step::Send(answer(200, &many, r#"{"results":[],"totalCount":0}"#))]
    })
    .await;

    run("list", &Client::with(&server.url(), &token(), &PATIENT)).await.unwrap();
}

#[tokio::test]
async fn endless_informational_answers_end_with_the_time_of_an_attempt() {
    let piece = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    let server =
        Server::start(move |_| vec![Step::Forever(piece.to_vec(), Duration::from_millis(1))]).await;
    let budget = Budget { attempt: 0.3, total: 1.0, retries: 0, ..BUDGET };
    let client = Client::with(&server.url(), &token(), &budget);

    let (result, took) = timed(run("list", &client)).await;

    assert!(matches!(result, Err(Error::Timeout(_))), "{result:?}");
    assert!(took < WITHIN, "{took:?}");
}
