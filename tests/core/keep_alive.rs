//! Connections that are used again, and those that the server gave up in between.

use std::time::Duration;

use crate::client::{Client, SNAPSHOT_ID, ambiguous, good, snapshot};
use crate::server::{Server, Step, answer, json};

const ROUNDS: usize = 60;

/// The server closes after its first answer; the second call comes just then, or a little later.
async fn stale_rounds(end: Step) -> (usize, usize) {
    let (mut taken, mut open) = (0, 0);
    for round in 0..ROUNDS {
        let last = end.clone();
        let server = Server::start(move |request| match request.nth {
            0 => vec![Step::Send(answer(200, "", good())), last.clone()],
            _ => json(200, &good()),
        })
        .await;
        let client = Client::new(&server.url());
        client.take().await.unwrap();
        if round % 3 > 0 {
            tokio::time::sleep(Duration::from_micros(500 * (round as u64 % 7))).await;
        }

        match client.take().await {
            Ok(_) => {
                taken += 1;
                assert_eq!(server.posts(), 2, "round {round}");
            }
            other => {
                ambiguous(other);
                open += 1;
                assert!(server.posts() <= 2, "round {round}");
                assert_eq!(server.connections(), 1, "round {round}");
            }
        }
    }
    (taken, open)
}

#[tokio::test]
async fn a_stale_connection_never_doubles_a_post_on_one_thread() {
    let (taken, open) = stale_rounds(Step::Close).await;
    assert_eq!(taken + open, ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_connection_never_doubles_a_post_on_many_threads() {
    for end in [Step::Close, Step::Reset] {
        let (taken, open) = stale_rounds(end).await;
        assert_eq!(taken + open, ROUNDS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_known_to_be_closed_is_not_used() {
    // The hole that the prototype had: nobody looked at the connection between two calls.
    let server =
        Server::start(|_| vec![Step::Send(answer(200, "", good())), Step::CloseBoth]).await;
    let client = Client::new(&server.url());
    for round in 0..20 {
        client.take().await.unwrap();
        while server.ended() <= round {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(server.posts(), round + 1);
    }
}

#[tokio::test]
async fn one_connection_serves_many_calls() {
    let server = Server::start(|_| json(200, &good())).await;
    let client = Client::new(&server.url());
    for _ in 0..20 {
        client.take().await.unwrap();
    }
    assert_eq!((server.posts(), server.connections()), (20, 1));
}

#[tokio::test]
async fn a_second_answer_nobody_asked_for_is_not_that_of_the_next_call() {
    for pause in [0, 20] {
        let server = Server::start(move |request| match request.nth {
            0 => {
                let extra = answer(200, "", snapshot("6600000000000000000000ee"));
                let pause = Step::Pause(Duration::from_millis(pause));
                vec![Step::Send(answer(200, "", good())), pause, Step::Send(extra)]
            }
            _ => json(200, &good()),
        })
        .await;
        let client = Client::new(&server.url());
        client.take().await.unwrap();
        while server.answered() < 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;

        let second = client.take().await;

        match second {
            Ok(snapshot) => assert_eq!((snapshot.id.as_str(), server.posts()), (SNAPSHOT_ID, 2)),
            other => drop(ambiguous(other)),
        }
    }
}

#[tokio::test]
async fn a_second_answer_in_the_same_packet_is_not_that_of_the_next_call() {
    let server = Server::start(move |request| match request.nth {
        0 => {
            let mut both = answer(200, "", good());
            both.extend(answer(200, "", snapshot("6600000000000000000000ee")));
            vec![Step::Send(both)]
        }
        _ => json(200, &good()),
    })
    .await;
    let client = Client::new(&server.url());
    client.take().await.unwrap();

    match client.take().await {
        Ok(snapshot) => assert_eq!((snapshot.id.as_str(), server.posts()), (SNAPSHOT_ID, 2)),
        other => drop(ambiguous(other)),
    }
}
