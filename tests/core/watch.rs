//! Waiting for a snapshot: changes, outages, and the end.

use std::time::Duration;

use atlas_backups::error::{Error, WaitTimeout};
use atlas_backups::operations::{SnapshotAddress, Watch, wait_and_verify};

use crate::client::{BUDGET, Budget, Client, SLACK, SNAPSHOT_ID, api, cluster, timed, token};
use crate::life::{
    Ask, address, atlas, id_of_age, listed, made, not_sharded, one, rejection, sharded, status,
};
use crate::server::{Step, atlas_error, json_with};

const TICK: Duration = Duration::from_millis(20);

fn watch(seconds: f64) -> Watch {
    Watch::new(address(), Duration::from_secs_f64(seconds), Some(TICK))
}

fn watch_of(id: &str) -> Watch {
    let address = SnapshotAddress::new(cluster(), id, false).unwrap();
    Watch::new(address, Duration::from_secs(2), Some(TICK))
}

fn waited_in_vain(error: Option<Error>) -> Box<WaitTimeout> {
    match error {
        Some(Error::WaitTimeout(timeout)) => timeout,
        other => panic!("no time-out of a wait: {other:?}"),
    }
}

fn server_time(seconds_after: i64, id: &str) -> String {
    let second = i64::from_str_radix(&id[..8], 16).unwrap() + seconds_after;
    let time = jiff::Timestamp::from_second(second).unwrap();
    format!("Date: {}\r\n", time.strftime("%a, %d %b %Y %H:%M:%S GMT"))
}

#[tokio::test]
async fn every_change_is_told_once_and_the_last_one_is_final() {
    for end in ["completed", "failed"] {
        let server = atlas(move |_, nth| {
            let word =
                ["queued", "queued", "inProgress", "inProgress", "verifying", end][nth.min(5)];
            one(&made(SNAPSHOT_ID, word, "d"))
        })
        .await;

        let (seen, error) = Client::new(&server.url()).watch(watch(5.0)).await;

        let words: Vec<String> = seen.iter().map(status).collect();
        assert_eq!(words, ["queued", "inProgress", "verifying", end]);
        assert!(error.is_none(), "{error:?}");
    }
}

#[tokio::test]
async fn a_failed_snapshot_is_an_error_of_whoever_wants_it_completed() {
    let server = atlas(|_, _| one(&made(SNAPSHOT_ID, "failed", "d"))).await;
    let client = Client::new(&server.url());

    let result = wait_and_verify(&client.atlas, &mut watch(5.0), &client.call()).await;

    assert!(matches!(result, Err(Error::SnapshotFailed(it)) if it.id == SNAPSHOT_ID));
}

#[tokio::test]
async fn its_own_time_ends_it_with_the_snapshot_as_last_seen() {
    let server = atlas(|_, _| one(&made(SNAPSHOT_ID, "inProgress", "d"))).await;
    let client = Client::new(&server.url());

    let ((seen, error), took) = timed(client.watch(watch(2.0))).await;

    let timeout = waited_in_vain(error);
    assert_eq!(timeout.snapshot, seen.last().cloned());
    assert!(timeout.cause.is_none());
    assert!(took >= Duration::from_millis(1700) && took < Duration::from_secs(2) + SLACK);
}

#[tokio::test]
async fn a_server_that_says_nothing_cannot_hold_it_beyond_its_time() {
    let server = atlas(|_, _| vec![Step::Pause(Duration::from_secs(30))]).await;
    let budget = Budget { attempt: 30.0, total: 30.0, ..BUDGET };
    let client = Client::with(&server.url(), &token(), &budget);

    let ((_, error), took) = timed(client.watch(watch(0.5))).await;

    let timeout = waited_in_vain(error);
    assert!(matches!(timeout.cause, Some(Error::Timeout(_))) && timeout.snapshot.is_none());
    assert!(took < Duration::from_millis(500) + SLACK, "{took:?}");
}

#[tokio::test]
async fn times_beyond_all_measure_are_no_panic() {
    let server =
        atlas(|_, nth| one(&made(SNAPSHOT_ID, if nth == 0 { "queued" } else { "completed" }, "d")))
            .await;
    let longest = atlas_backups::operations::time_out("timeout", 1e300).unwrap();
    let client = Client::new(&server.url());

    let (seen, error) = client.watch(Watch::new(address(), longest, Some(TICK))).await;
    assert!(error.is_none() && seen.len() == 2, "{error:?}");
    let patient = Watch::new(address(), Duration::from_millis(300), Some(longest));
    let (seen, error) = client.watch(patient).await;
    assert!(error.is_none() && seen.len() == 1, "{error:?}");
}

#[tokio::test]
async fn a_new_snapshot_may_not_be_found_yet_by_the_servers_clock() {
    // This machine's clock is years away from the server's.
    let body = atlas_error(404, "RESOURCE_NOT_FOUND");
    let young = server_time(100, SNAPSHOT_ID);
    let server = atlas(move |ask, nth| match (ask, nth) {
        (Ask::Get, 0..3) => json_with(404, &young, &body),
        (Ask::Get, _) => one(&made(SNAPSHOT_ID, "completed", "d")),
        _ => not_sharded(),
    })
    .await;
    let (seen, error) = Client::new(&server.url()).watch(watch(5.0)).await;
    assert!(error.is_none() && seen.len() == 1, "{error:?}");

    let old = server_time(121, SNAPSHOT_ID);
    let body = atlas_error(404, "SNAPSHOT_NOT_FOUND");
    let server = atlas(move |_, _| json_with(404, &old, &body)).await;
    let (_, error) = Client::new(&server.url()).watch(watch(5.0)).await;
    assert_eq!(api(Err::<(), _>(error.unwrap())).status, 404);
    assert_eq!(server.asked(Ask::Get), 1);
}

#[tokio::test]
async fn one_that_was_seen_and_is_gone_ends_it() {
    let id = id_of_age(5, 1);
    let snapshot = made(&id, "queued", "d");
    let server = atlas(move |ask, nth| match (ask, nth) {
        (Ask::Get, 0) => one(&snapshot),
        (Ask::Get, _) => rejection(404, "SNAPSHOT_NOT_FOUND"),
        _ => not_sharded(),
    })
    .await;

    let (seen, error) = Client::new(&server.url()).watch(watch_of(&id)).await;

    assert_eq!((api(Err::<(), _>(error.unwrap())).status, seen.len()), (404, 1));
    assert_eq!(server.asked(Ask::Get), 2);
}

#[tokio::test]
async fn where_it_was_found_it_is_looked_for_again() {
    let server = atlas(|ask, nth| match ask {
        Ask::Get => rejection(404, "SNAPSHOT_NOT_FOUND"),
        Ask::GetSharded => {
            let word = ["queued", "inProgress", "completed"][nth];
            one(&sharded(SNAPSHOT_ID, "6600000000000000000000b1", word, "d"))
        }
        _ => listed(&[]),
    })
    .await;

    let (seen, error) = Client::new(&server.url()).watch(watch(5.0)).await;

    assert!(error.is_none() && seen.len() == 3, "{error:?}");
    assert_eq!((server.asked(Ask::Get), server.asked(Ask::GetSharded)), (1, 3));
}
