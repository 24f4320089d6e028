//! A connection that has gone dead without a word, and one that is only slow.

use atlas_backups::http::CallContext;
use atlas_backups::model::Snapshot;
use atlas_backups::operations::{SnapshotAddress, get_snapshot};

use super::*;
use crate::client::{cluster, timeout};

const PATIENCE: Budget<'static> = Budget { attempt: 0.8, total: 8.0, ..BUDGET };
/// Reads nothing any more, not even pings, and closes nothing.
const DEAD: Act = Act::Pause(60_000);

async fn get(client: &Client) -> Result<Snapshot, Error> {
    let address = SnapshotAddress::new(cluster(), SNAPSHOT_ID, false).unwrap();
    get_snapshot(&client.atlas, &address, &CallContext::begin(&client.config, None)).await
}

/// Answers the first request of its first connection, which is dead from then on.
async fn dying_once() -> Server {
    Server::start(|seen| match (seen.connection, seen.nth) {
        (0, 0) => answered(seen.stream).into_iter().chain([DEAD]).collect(),
        _ => answered(seen.stream),
    })
    .await
}

#[tokio::test]
async fn a_read_that_timed_out_is_repeated_on_another_connection() {
    let server = dying_once().await;
    let client = server.client(PATIENCE);
    get(&client).await.unwrap();

    let again = get(&client).await;

    again.unwrap();
    // The dead one never read the second request.
    assert_eq!((server.posts(), server.connections()), (2, 2));
}

#[tokio::test]
async fn the_call_after_one_that_timed_out_uses_another_connection() {
    let server = dying_once().await;
    let client = server.client(Budget { retries: 0, ..PATIENCE });
    get(&client).await.unwrap();

    timeout(get(&client).await);
    let next = get(&client).await;

    next.unwrap();
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_was_dead_from_the_start_is_not_used_again() {
    let server = Server::start(|seen| match seen.connection {
        0 | 1 => vec![DEAD],
        _ => answered(seen.stream),
    })
    .await;

    get(&server.client(PATIENCE)).await.unwrap();

    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_slow_answer_among_others_costs_no_connection() {
    let server = Server::start(|seen| match seen.nth {
        0 => vec![],
        _ => answered(seen.stream),
    })
    .await;
    let client = server.client(Budget { retries: 0, ..PATIENCE });
    let slow = {
        let client = client.clone();
        tokio::spawn(async move { get(&client).await })
    };
    while server.posts() == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    get(&client).await.unwrap();
    timeout(slow.await.unwrap());

    get(&client).await.unwrap();

    assert_eq!((server.posts(), server.connections()), (3, 1));
}

#[tokio::test]
async fn what_is_under_way_on_the_old_connection_goes_on() {
    let server = Server::start(|seen| match (seen.connection, seen.nth) {
        (0, 0) => vec![],
        (0, _) => [vec![Act::Pause(1500)], answered(seen.stream)].concat(),
        _ => answered(seen.stream),
    })
    .await;
    let client = server.client(Budget { attempt: 2.0, ..PATIENCE });
    let silent = {
        let client = client.clone();
        tokio::spawn(async move { get(&client).await })
    };
    tokio::time::sleep(Duration::from_secs(1)).await;

    let under_way = get(&client).await;

    under_way.unwrap();
    silent.await.unwrap().unwrap();
    assert_eq!((server.posts(), server.connections()), (3, 2));
}
