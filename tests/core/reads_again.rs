//! Reads that meet a passing fault: asked again within the budget, until there is an answer.

use std::time::Duration;

use atlas_backups::error::Error;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::task::JoinSet;

use crate::client::{BUDGET, Budget, Client, SNAPSHOT_ID, good, service_account, token};
use crate::life::rejection;
use crate::server::{Server, Step, Welcome, answer, html, json, json_with, refusing};

/// Enough for two attempts that say nothing.
const PATIENT: Budget<'static> = Budget { attempt: 0.8, total: 8.0, ..BUDGET };
const DRIP: Duration = Duration::from_millis(50);

/// A server that answers with these steps twice, then well.
async fn twice(steps: Vec<Step>) -> Server {
    Server::start(move |request| if request.nth < 2 { steps.clone() } else { json(200, &good()) })
        .await
}

/// Lets each of these faults happen twice to a read of its own, all at the same time.
async fn all_pass(faults: Vec<(&'static str, Vec<Step>)>) {
    let mut reads = JoinSet::new();
    for (name, steps) in faults {
        reads.spawn(async move {
            let server = twice(steps).await;
            let result = Client::with(&server.url(), &token(), &PATIENT).get().await;
            assert_eq!(result.expect(name).id, SNAPSHOT_ID, "{name}");
            assert_eq!(server.requests().len(), 3, "{name}");
        });
    }
    reads.join_all().await;
}

fn gzipped() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut encoder, good().as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_end() {
    let whole = good();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", whole.len());
    let half = format!("{head}{}", &whole[..whole.len() / 2]);
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{whole}", whole.len() + 9);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{".to_owned();
    let mut cut = answer(200, "Content-Encoding: gzip\r\n", gzipped());
    cut.truncate(cut.len() - 20);
    // A pause, so that a reset does not overtake what was sent before.
    let then =
        |bytes: Vec<u8>, end| vec![Step::Send(bytes), Step::Pause(Duration::from_millis(20)), end];
    all_pass(vec![
        ("reset", vec![Step::Reset]),
        ("end", vec![Step::Close]),
        ("half a head", then(b"HTTP/1.1 200 OK\r\nConte".to_vec(), Step::Close)),
        ("only a head", then(head.into_bytes(), Step::Reset)),
        ("half a body", then(half.into_bytes(), Step::Close)),
        ("less than its length", then(long.into_bytes(), Step::Close)),
        ("half a chunk", then(chunked.into_bytes(), Step::Close)),
        ("cut gzip", then(cut, Step::Close)),
        ("no HTTP", then(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), Step::Close)),
    ])
    .await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_drips_is_left() {
    let head = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
    let body = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{".to_vec();
    all_pass(vec![
        ("silence", vec![Step::Pause(Duration::from_secs(30))]),
        ("a drip of a head", vec![Step::Send(head), Step::Forever(b"x".to_vec(), DRIP)]),
        ("a drip of a body", vec![Step::Send(body), Step::Forever(b" ".to_vec(), DRIP)]),
    ])
    .await;
}

#[tokio::test]
async fn errors_of_a_server_or_a_gateway_pass() {
    let mut faults = vec![("408", html(408)), ("408 of Atlas", rejection(408, "X"))];
    for (name, status) in [("500", 500), ("502", 502), ("503", 503), ("504", 504)] {
        faults.push((name, html(status)));
        faults.push((name, rejection(status, "UNEXPECTED_ERROR")));
    }
    all_pass(faults).await;
}

#[tokio::test]
async fn connections_that_are_never_served_are_made_again() {
    for welcome in [Welcome::Reset, Welcome::ResetUnread, Welcome::Close, Welcome::Ignore] {
        let server = Server::start_with(
            |_| json(200, &good()),
            move |connection| if connection < 2 { welcome } else { Welcome::Serve },
            None,
        )
        .await;

        Client::with(&server.url(), &token(), &PATIENT).get().await.unwrap();

        assert_eq!((server.requests().len(), server.connections()), (1, 3), "{welcome:?}");
    }
}

#[tokio::test]
async fn a_server_that_comes_up_late_is_waited_for() {
    let (socket, url) = refusing();
    let late = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let listener = socket.listen(1).unwrap();
        let (mut socket, _) = listener.accept().await.unwrap();
        let bytes = answer(200, "Connection: close\r\n", good());
        tokio::io::AsyncReadExt::read(&mut socket, &mut [0; 4096]).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut socket, &bytes).await.unwrap();
    });
    let budget = Budget { retries: 30, ..BUDGET };

    let result = Client::with(&url, &token(), &budget).get().await;

    assert_eq!(result.unwrap().id, SNAPSHOT_ID);
    late.await.unwrap();
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_asked_for_again() {
    let budget = Budget { retries: 1, ..BUDGET };
    let result = Client::with("https://atlas.invalid", &token(), &budget).get().await;
    let Err(Error::Transport(failure) | Error::Timeout(failure)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(failure.effort.attempts, 2);
}

#[tokio::test]
async fn a_stale_connection_costs_no_call() {
    for end in [Step::Close, Step::Reset] {
        let server = Server::start(move |request| match request.nth % 2 {
            0 => vec![Step::Send(answer(200, "", good())), end.clone()],
            _ => json(200, &good()),
        })
        .await;
        let client = Client::new(&server.url());
        for round in 0..40 {
            client.get().await.unwrap_or_else(|error| panic!("round {round}: {error}"));
            tokio::time::sleep(Duration::from_micros(300 * (round % 7))).await;
        }
    }
}

#[tokio::test]
async fn a_token_that_ended_is_replaced_once() {
    let server = Server::start(|request| match (request.path(), request.nth) {
        ("/api/oauth/token", nth) => {
            json(200, &format!(r#"{{"access_token":"canary-{nth}","expires_in":3600}}"#))
        }
        (_, 1) => json_with(401, "WWW-Authenticate: Bearer\r\n", ""),
        (_, _) => json(200, &good()),
    })
    .await;
    let client = Client::with(&server.url(), &service_account(), &BUDGET);
    client.get().await.unwrap();

    client.get().await.unwrap();

    assert_eq!((server.count("/api/oauth/token"), server.requests().len()), (2, 5));
}
