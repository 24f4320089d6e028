//! A take that is cut off (Ctrl-C, a cancelled task): what the call reports as ambiguous.

use std::time::{Duration, Instant};

use atlas_backups::error::Ambiguous;
use atlas_backups::http::CallContext;
use atlas_backups::operations::{TakeArguments, take_snapshot};

use crate::client::{BUDGET, Budget, Client, SNAPSHOT_ID, cluster, good, token};
use crate::life::{Ask, atlas, busy, keyed, listed, made, not_sharded, tagged};
use crate::server::{Server, Step, html, json, json_with};

const PATIENT: Budget<'static> = Budget { total: 20.0, attempt: 10.0, ..BUDGET };

/// Takes until the server has received the POST and a little more, then says the ambiguous outcome.
async fn cut(server: &Server, arguments: TakeArguments) -> Option<Ambiguous> {
    let end = Instant::now() + Duration::from_millis(60);
    cut_when(server, arguments, |_| Instant::now() > end).await
}

/// Takes until a snapshot is known, then says the ambiguous outcome.
async fn cut_when_known(server: &Server, arguments: TakeArguments) -> Option<Ambiguous> {
    let is_known = |call: &CallContext| {
        call.pending_outcome().is_some_and(|outcome| !outcome.candidates.is_empty())
    };
    cut_when(server, arguments, is_known).await
}

async fn cut_when(
    server: &Server,
    arguments: TakeArguments,
    is_so: impl Fn(&CallContext) -> bool,
) -> Option<Ambiguous> {
    let client = Client::with(&server.url(), &token(), &PATIENT);
    let call = client.call();
    let take = tokio::spawn({
        let call = call.clone();
        async move { take_snapshot(&client.atlas, &cluster(), &arguments, &call).await }
    });
    while server.posts() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    while !is_so(&call) && !take.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    take.abort();
    let _ = take.await;
    call.pending_outcome()
}

#[tokio::test]
async fn before_the_answer_the_tag_is_in_doubt() {
    let server = atlas(|ask, _| match ask {
        Ask::Take => vec![Step::Pause(Duration::from_secs(30))],
        Ask::List(_) => listed(&[]),
        _ => not_sharded(),
    })
    .await;

    let outcome = cut(&server, keyed("k")).await.unwrap();

    assert_eq!(format!("{} ", outcome.idempotency_tag.unwrap()), tagged("k"));
    assert!(outcome.candidates.is_empty());
}

#[tokio::test]
async fn while_its_snapshot_is_looked_for_it_stays_in_doubt() {
    let server = Server::start(|_| vec![Step::Reset]).await;

    assert!(cut(&server, TakeArguments::default()).await.is_some());
}

#[tokio::test]
async fn a_snapshot_that_was_read_is_named_even_before_the_next_request_is_sent() {
    // The rate limit delays the poll for duplicates.
    let server = atlas(|ask, _| match ask {
        Ask::Take => {
            let own = made(SNAPSHOT_ID, "queued", &tagged("k")).to_string();
            json_with(200, "RateLimit-Limit: 1200\r\nRateLimit-Remaining: 0\r\n", &own)
        }
        Ask::List(_) => listed(&[]),
        _ => not_sharded(),
    })
    .await;

    let outcome = cut_when_known(&server, keyed("k")).await.unwrap();

    assert_eq!(server.asked(Ask::List(1)), 1);
    assert_eq!(outcome.candidates[0].id, SNAPSHOT_ID);
}

#[tokio::test]
async fn one_that_was_taken_is_named_until_somebody_has_heard_of_it() {
    // The task has ended, and its caller is cut off before it takes the result.
    let server = Server::start(|_| json(200, &good())).await;

    let outcome = cut_when_known(&server, TakeArguments::default()).await.unwrap();

    assert_eq!(outcome.candidates[0].id, SNAPSHOT_ID);
}

#[tokio::test]
async fn nothing_is_in_doubt_after_a_refusal() {
    for answer in [busy(), json_with(429, "Retry-After: 9\r\n", "")] {
        let server = Server::start(move |request| match request.method.as_str() {
            "POST" => answer.clone(),
            _ => html(503),
        })
        .await;
        let is_refused = |call: &CallContext| call.pending_outcome().is_none();
        assert!(cut_when(&server, TakeArguments::default(), is_refused).await.is_none());
    }
}

#[tokio::test]
async fn nothing_is_in_doubt_while_a_call_waits_for_a_connection() {
    // One that is silent in the TLS handshake, or one that 128 other requests occupy.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let client = Client::with(&url, &token(), &Budget { connect: 10.0, ..PATIENT });
    assert!(cut_after_a_while(&client).await.is_none());

    let server = Server::start(|_| vec![Step::Pause(Duration::from_secs(30))]).await;
    let client = Client::with(&server.url(), &token(), &PATIENT);
    let mut others = tokio::task::JoinSet::new();
    for _ in 0..128 {
        let (atlas, call) = (client.atlas.clone(), client.call());
        others.spawn(async move {
            take_snapshot(&atlas, &cluster(), &TakeArguments::default(), &call).await
        });
    }
    while server.posts() < 128 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(cut_after_a_while(&client).await.is_none());
    assert_eq!(server.posts(), 128);
}

async fn cut_after_a_while(client: &Client) -> Option<Ambiguous> {
    let call = client.call();
    let take = client.take_in(&call);
    assert!(tokio::time::timeout(Duration::from_millis(100), take).await.is_err());
    call.pending_outcome()
}
