//! Servers that are slow in every way: the call ends in time, and the POST was sent once.

use std::sync::Arc;
use std::time::Duration;

use atlas_backups::config::Config;
use atlas_backups::error::Error;

use crate::client::{
    BUDGET, Budget, Client, IMPATIENT, SLACK, ambiguous, good, options, service_account, timed,
    timeout, token,
};
use crate::server::{Server, Step, Welcome, answer, json};

const DRIP: Duration = Duration::from_millis(50);

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[tokio::test]
async fn silence_after_the_request_leaves_it_open() {
    let server = Server::start(|_| vec![Step::Pause(seconds(30.0))]).await;

    let (result, took) = timed(Client::with(&server.url(), &token(), &IMPATIENT).take()).await;

    let error = ambiguous(result);
    assert!(matches!(&*error.cause, Error::Timeout(_)), "{error:?}");
    assert!(took >= seconds(0.3) && took < seconds(0.3) + SLACK, "{took:?}");
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn drips_without_end_are_bounded_by_whichever_time_ends_first() {
    let head = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
    let body = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let error = b"HTTP/1.1 400 Bad\r\nContent-Length: 1000000\r\n\r\n{".to_vec();
    for (start, drop) in [
        (vec![], "H"),
        (head, "x"),
        (body, " "),
        (chunked, "1\r\n \r\n"),
        (error, " "),
        (vec![], "HTTP/1.1 103 Early Hints\r\n\r\n"),
    ] {
        for (attempt, total) in [(0.3, 1.9), (5.0, 0.6)] {
            let (start, bytes) = (start.clone(), drop.as_bytes().to_vec());
            let server = Server::start(move |_| {
                vec![Step::Send(start.clone()), Step::Forever(bytes.clone(), DRIP)]
            })
            .await;
            let budget = Budget { attempt, total, ..BUDGET };

            let (result, took) = timed(Client::with(&server.url(), &token(), &budget).take()).await;

            ambiguous(result);
            assert!(took < seconds(attempt.min(total)) + SLACK, "{drop:?} {took:?}");
            assert_eq!(server.posts(), 1, "{drop:?}");
        }
    }
}

#[tokio::test]
async fn a_late_answer_is_not_taken_for_that_of_the_next_call() {
    let server = Server::start(|request| match request.nth {
        0 => vec![
            Step::Pause(seconds(1.3)),
            Step::Send(answer(200, "", crate::client::snapshot("6600000000000000000000ee"))),
        ],
        _ => vec![Step::Pause(seconds(0.6)), Step::Send(answer(200, "", good()))],
    })
    .await;
    let budget = Budget { attempt: 1.0, ..BUDGET };
    let client = Client::with(&server.url(), &token(), &budget);

    ambiguous(client.take().await);
    let second = client.take().await.unwrap();

    assert_eq!(second.id, crate::client::SNAPSHOT_ID);
    assert_eq!((server.posts(), server.connections()), (2, 2));
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends_is_not_sent() {
    let server = Server::start_with(|_| vec![], |_| Welcome::Ignore, None).await;
    let url = server.url().replace("http://", "https://");
    let budget = Budget { attempt: 5.0, total: 2.0, ..IMPATIENT };

    let (result, took) = timed(Client::with(&url, &token(), &budget).take()).await;

    assert!(timeout(result).effort.attempts >= 2);
    assert!(took < seconds(2.0) + SLACK, "{took:?}");
    assert!(server.connections() >= 2);
}

#[tokio::test]
async fn the_total_time_bounds_the_token_too() {
    let server = Server::start(|_| vec![Step::Pause(seconds(30.0))]).await;
    let client = Client::with(&server.url(), &service_account(), &IMPATIENT);

    let (result, took) = timed(client.take()).await;

    timeout(result);
    assert!(took < seconds(1.0) + SLACK, "{took:?}");
    assert_eq!(server.posts(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_wait_for_a_connection_end_in_time() {
    let server = Server::start(|_| vec![Step::Pause(seconds(30.0))]).await;
    let budget = Budget { attempt: 10.0, total: 4.0, ..BUDGET };
    let client = Client::with(&server.url(), &token(), &budget);
    let begin = |client: &Client| {
        let client = client.clone();
        tokio::spawn(async move { client.take().await })
    };
    let sent: Vec<_> = (0..128).map(|_| begin(&client)).collect();
    while server.posts() < 128 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The same pool, and less time.
    let url = server.url();
    let config = Config::new(&options(&url, &Budget { total: 0.3, ..budget }), &|_| None).unwrap();
    let hasty = Client { config: Arc::new(config), ..client };

    let ((), took) = timed(async {
        let waiting: Vec<_> = (0..20).map(|_| begin(&hasty)).collect();
        for call in waiting {
            timeout(call.await.unwrap());
        }
    })
    .await;

    assert!(took < seconds(0.3) + SLACK, "{took:?}");
    for call in sent {
        ambiguous(call.await.unwrap());
    }
    assert_eq!(server.posts(), 128);
}

#[tokio::test]
async fn a_call_that_is_dropped_frees_its_place() {
    let server = Server::start(|request| match request.nth {
        0..200 => vec![Step::Pause(seconds(30.0))],
        _ => json(200, &good()),
    })
    .await;
    let client = Client::new(&server.url());
    for _ in 0..200 {
        let _ = tokio::time::timeout(Duration::from_millis(8), client.take()).await;
    }

    // Those that were dropped before they reached the server do not count there.
    loop {
        match tokio::time::timeout(Duration::from_millis(200), client.take()).await {
            Ok(result) => break assert!(result.is_ok()),
            Err(_) => assert!(server.posts() <= 201),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_says_not_sent_sent_nothing() {
    // The time ends just while a new connection takes the request over.
    let server = Server::start(|_| vec![]).await;
    let (mut not_sent, mut open) = (0, 0);
    for round in 0_u32.. {
        if round >= 1500 && not_sent > 0 && open > 0 {
            break;
        }
        // Longer and longer, where a machine is slower.
        let attempt = (50e-6 + f64::from(round % 100) * 10e-6) * f64::from(1 + round / 1500);
        let budget = Budget { attempt, retries: 0, ..BUDGET };
        match Client::with(&server.url(), &token(), &budget).take().await {
            Err(Error::Timeout(_)) => not_sent += 1,
            other => {
                ambiguous(other);
                open += 1;
            }
        }
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(server.posts() <= open, "{} posts, of which {open} were called open", server.posts());
}
