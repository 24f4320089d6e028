//! The retry budget: what all calls of one client may spend on trying again.

use tokio::task::JoinSet;

use crate::client::{BUDGET, Budget, Client, atlas, good, token};
use crate::server::{Server, json, json_with, refusing};

const PATIENT: Budget<'static> = Budget { total: 60.0, ..BUDGET };

#[tokio::test]
async fn a_client_stops_retrying_when_nearly_everything_fails() {
    let (_held, url) = refusing();
    let client = Client::with(&url, &token(), &PATIENT);
    let mut calls = JoinSet::new();
    for _ in 0..60 {
        let client = client.clone();
        calls.spawn(async move { atlas(client.take().await) });
    }

    let failures = calls.join_all().await;

    // 500 tokens, 5 a retry: 100 retries of the 240 that 60 calls would make.
    let attempts: u32 = failures.iter().map(|failure| failure.effort.attempts).sum();
    assert_eq!(attempts, 60 + 100);
    let exhausted = failures
        .iter()
        .filter(|f| f.hint.as_deref().is_some_and(|hint| hint.contains("retry budget exhausted")))
        .count();
    let cut = failures.iter().filter(|failure| failure.effort.attempts < 5).count();
    assert_eq!(exhausted, cut);
    assert!(exhausted > 0);
}

#[tokio::test]
async fn calls_that_succeed_in_the_end_leave_the_retry_budget_full() {
    // Of each 180 requests the first 90 are rejected.
    let server = Server::start(|request| match request.nth / 90 % 2 {
        0 => json_with(429, "Retry-After: 0\r\n", ""),
        _ => json(200, &good()),
    })
    .await;
    let client = Client::with(&server.url(), &token(), &PATIENT);

    for _ in 0..2 {
        let mut calls = JoinSet::new();
        for _ in 0..90 {
            let client = client.clone();
            calls.spawn(async move { client.take().await });
        }
        let ends = calls.join_all().await;
        assert_eq!(ends.iter().filter(|end| end.is_err()).count(), 0, "{ends:?}");
    }

    assert_eq!(server.posts(), 4 * 90);
}
