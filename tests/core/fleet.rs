//! One take of a fleet: taken, waited for, and looked at once more.

use std::time::Duration;

use atlas_backups::error::Error;
use atlas_backups::operations::{IfBusy, TakeArguments, TakeOutcome, take_and_wait};

use crate::client::{BUDGET, Budget, Client, SNAPSHOT_ID, cluster, token};
use crate::life::{
    Ask, atlas, busy, keyed, listed, made, not_sharded, one, rejection, status, tagged,
};
use crate::server::Server;

const OTHER_ID: &str = "6600000000000000000000cc";

async fn end_of(server: &Server, arguments: &TakeArguments, total: f64) -> TakeOutcome {
    let client = Client::with(&server.url(), &token(), &Budget { total, ..BUDGET });
    take_and_wait(&client.atlas, &cluster(), arguments, true, &client.call()).await
}

#[tokio::test]
async fn it_ends_with_the_completed_snapshot() {
    let server = atlas(|ask, _| match ask {
        Ask::Take => one(&made(SNAPSHOT_ID, "queued", "d")),
        _ => one(&made(SNAPSHOT_ID, "completed", "d")),
    })
    .await;

    let end = end_of(&server, &TakeArguments::default(), 2.0).await;

    assert_eq!(status(&end.snapshot.unwrap()), "completed");
    assert!(end.error.is_none() && server.posts() == 1);
}

#[tokio::test]
async fn a_snapshot_that_exists_is_told_of_whatever_went_wrong_after_it() {
    for (steps, word) in [
        (one(&made(SNAPSHOT_ID, "failed", "d")), "failed"),
        (one(&made(SNAPSHOT_ID, "inProgress", "d")), "inProgress"),
        (rejection(403, "ACCESS_FORBIDDEN"), "queued"),
    ] {
        let server = atlas(move |ask, _| match ask {
            Ask::Take => one(&made(SNAPSHOT_ID, "queued", "d")),
            _ => steps.clone(),
        })
        .await;
        let arguments = TakeArguments::default().if_busy(IfBusy::Raise, Duration::from_millis(300));

        let end = end_of(&server, &arguments, 2.0).await;

        assert_eq!(status(&end.snapshot.unwrap()), word);
        assert!(end.error.is_some());
    }
}

#[tokio::test]
async fn duplicates_are_looked_for_even_after_a_wait_longer_than_the_total_time() {
    let own = || made(SNAPSHOT_ID, "completed", &tagged("k"));
    let server = atlas(move |ask, nth| match (ask, nth) {
        (Ask::Take, 0) => busy(),
        (Ask::Take, _) | (Ask::Get, 2..) => one(&own()),
        // The polls for its own, for the running one, for its own again, and after the take.
        (Ask::List(_), 0..3) => listed(&[made(OTHER_ID, "queued", "another's")]),
        (Ask::List(_), 3) => listed(&[own()]),
        (Ask::List(_), _) => listed(&[own(), made(OTHER_ID, "queued", &tagged("k"))]),
        (Ask::Get, 0) => one(&made(OTHER_ID, "inProgress", "another's")),
        (Ask::Get, _) => one(&made(OTHER_ID, "completed", "another's")),
        _ => not_sharded(),
    })
    .await;
    let arguments = keyed("k").if_busy(IfBusy::Wait, Duration::from_secs(9));

    // The second poll at the other one comes after about a second.
    let end = end_of(&server, &arguments, 0.7).await;

    assert!(matches!(end.error, Some(Error::Duplicates(_))), "{end:?}");
    assert_eq!(end.snapshot.unwrap().id, SNAPSHOT_ID);
}
