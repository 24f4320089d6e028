//! The retries of a read: how many, how long, after which pause, and from which retry budget.

use std::time::Duration;

use atlas_backups::error::Error;
use tokio::task::JoinSet;

use crate::client::{BUDGET, Budget, Client, SLACK, api, good, timed, timeout, token};
use crate::server::{Server, Step, html, json, json_with};

#[tokio::test]
async fn retries_stop_at_their_count() {
    let server = Server::start(|_| html(503)).await;
    for retries in [0, 2] {
        let before = server.requests().len();
        let budget = Budget { retries, total: 10.0, ..BUDGET };
        let error = api(Client::with(&server.url(), &token(), &budget).get().await);
        let asked = server.requests().len() - before;
        assert_eq!((error.effort.attempts as usize, asked), (asked, retries as usize + 1));
    }
}

#[tokio::test]
async fn retries_stop_when_the_total_time_is_over() {
    let silent = Server::start(|_| vec![Step::Pause(Duration::from_secs(30))]).await;
    let broken = Server::start(|_| vec![Step::Reset]).await;
    let budget = Budget { attempt: 0.2, total: 0.9, retries: 1000, ..BUDGET };

    let impatient =
        async |server: &Server| Client::with(&server.url(), &token(), &budget).get().await;

    let ((silence, took), (reset, also)) =
        tokio::join!(timed(impatient(&silent)), timed(impatient(&broken)),);

    assert!(timeout(silence).effort.attempts >= 2);
    // The end of the time may come in the middle of an attempt.
    let Err(Error::Transport(failure) | Error::Timeout(failure)) = reset else {
        panic!("{reset:?}")
    };
    assert!(failure.effort.attempts >= 2);
    assert!(took < Duration::from_millis(900) + SLACK && also < Duration::from_millis(900) + SLACK);
}

#[tokio::test]
async fn a_429_is_waited_for_at_least_a_second() {
    let mut reads = JoinSet::new();
    for (header, least) in [
        ("", 1),
        ("Retry-After: 0\r\n", 1),
        ("Retry-After: soon\r\n", 1),
        ("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 1),
        ("Retry-After: 2\r\n", 2),
        // By the server's own clock, which is far from ours.
        (
            "Date: Sun, 06 Nov 1994 08:49:35 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
            2,
        ),
    ] {
        reads.spawn(async move {
            let server = Server::start(move |request| match request.nth {
                0 => json_with(429, header, "<html>"),
                _ => json(200, &good()),
            })
            .await;
            let budget = Budget { total: 10.0, ..BUDGET };
            let (result, took) = timed(Client::with(&server.url(), &token(), &budget).get()).await;
            result.expect(header);
            assert_eq!(server.requests().len(), 2, "{header}");
            let least = Duration::from_secs(least);
            assert!(took >= least && took < least + Duration::from_secs(5), "{took:?} {header}");
        });
    }
    reads.join_all().await;
}

#[tokio::test]
async fn reads_spend_the_retry_budget_of_their_client() {
    let server = Server::start(|_| html(503)).await;
    let client = Client::with(&server.url(), &token(), &Budget { total: 60.0, ..BUDGET });
    let mut reads = JoinSet::new();
    for _ in 0..40 {
        let client = client.clone();
        reads.spawn(async move { api(client.get().await) });
    }

    let errors = reads.join_all().await;

    // 500 tokens, 5 a retry: 100 retries of the 160 that 40 reads would make.
    assert_eq!(server.requests().len(), 40 + 100);
    assert!(errors.iter().any(|error| {
        error.hint.as_deref().is_some_and(|hint| hint.contains("retry budget exhausted"))
    }));
}
