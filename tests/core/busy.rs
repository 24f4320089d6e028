//! A cluster with an unfinished on-demand snapshot: rejection, joined or waited for, and never hammered.

use std::time::Duration;

use atlas_backups::error::{ApiKind, Error};
use atlas_backups::operations::{IfBusy, TakeArguments};
use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{BUDGET, Budget, Client, SLACK, SNAPSHOT_ID, api, timed, token};
use crate::life::{
    Ask, atlas, busy, keyed, listed, made, not_sharded, one, rejection, sharded, tagged,
};
use crate::server::{Server, Step, html};

const OTHER_ID: &str = "6600000000000000000000cc";
const PATIENT: Budget<'static> = Budget { total: 8.0, ..BUDGET };

fn plain() -> TakeArguments {
    TakeArguments::default()
}

fn other(status: &str) -> serde_json::Value {
    made(OTHER_ID, status, "somebody else's")
}

fn patient(server: &Server) -> Client {
    Client::with(&server.url(), &token(), &PATIENT)
}

#[tokio::test]
async fn the_error_carries_the_running_snapshot() {
    for keyed_too in [false, true] {
        let server = atlas(|ask, _| match ask {
            Ask::Take => busy(),
            Ask::List(_) => listed(&[other("queued"), made(SNAPSHOT_ID, "completed", "d")]),
            _ => not_sharded(),
        })
        .await;
        let arguments = if keyed_too { keyed("k") } else { plain() };

        let (result, took) = timed(patient(&server).take_with(&arguments)).await;

        let error = api(result);
        assert_eq!((error.kind, error.status), (ApiKind::SnapshotInProgress, 400));
        assert_eq!(error.running.unwrap().id, OTHER_ID);
        assert!(took < SLACK && server.posts() == 1, "{took:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_looked_up_does_not_replace_the_refusal() {
    for answer in [listed(&[]), html(503), rejection(403, "ACCESS_FORBIDDEN"), vec![Step::Reset]] {
        let server = atlas(move |ask, _| match ask {
            Ask::Take => busy(),
            Ask::List(_) => answer.clone(),
            _ => not_sharded(),
        })
        .await;
        let error = api(Client::new(&server.url()).take().await);
        assert_eq!((error.kind, error.running), (ApiKind::SnapshotInProgress, None));
        assert_eq!(server.posts(), 1);
    }
}

#[tokio::test]
async fn scheduled_and_final_ones_do_not_stand_in_the_way() {
    let mut scheduled = other("inProgress");
    scheduled["snapshotType"] = json!("scheduled");
    let items = [scheduled, made(SNAPSHOT_ID, "failed", "d")];
    let server = atlas(move |ask, _| match ask {
        Ask::Take => busy(),
        Ask::List(_) => listed(&items),
        _ => not_sharded(),
    })
    .await;

    assert_eq!(api(Client::new(&server.url()).take().await).running, None);
}

#[tokio::test]
async fn who_joins_gets_the_running_one() {
    let server = atlas(|ask, _| match ask {
        Ask::Take => busy(),
        Ask::List(_) => listed(&[made("6600000000000000000000b1", "queued", "a part")]),
        _ => listed(&[sharded(OTHER_ID, "6600000000000000000000b1", "inProgress", "d")]),
    })
    .await;

    let joined = patient(&server).take_when_busy(plain(), IfBusy::Join, 5.0).await.unwrap();

    assert_eq!((joined.id.as_str(), server.posts()), (OTHER_ID, 1));
}

#[tokio::test]
async fn who_joins_one_that_has_just_ended_takes_another() {
    let server = atlas(|ask, nth| match (ask, nth) {
        (Ask::Take, 0) => busy(),
        (Ask::Take, _) => one(&made(SNAPSHOT_ID, "queued", "d")),
        (Ask::List(_), _) => listed(&[other("completed")]),
        _ => not_sharded(),
    })
    .await;

    let taken = patient(&server).take_when_busy(plain(), IfBusy::Join, 5.0).await.unwrap();

    assert_eq!((taken.id.as_str(), server.posts()), (SNAPSHOT_ID, 2));
}

#[tokio::test]
async fn who_waits_takes_one_when_the_other_has_ended_however_it_did() {
    let mut takes = JoinSet::new();
    for end in
        [one(&other("completed")), one(&other("failed")), rejection(404, "SNAPSHOT_NOT_FOUND")]
    {
        takes.spawn(async move {
            let server = atlas(move |ask, nth| match (ask, nth) {
                (Ask::Take, 0) => busy(),
                (Ask::Take, _) => one(&made(SNAPSHOT_ID, "queued", "d")),
                (Ask::List(_), _) => listed(&[other("queued")]),
                (Ask::Get, 0) => one(&other("inProgress")),
                (Ask::Get, _) => end.clone(),
                _ => not_sharded(),
            })
            .await;

            let new = patient(&server).take_when_busy(plain(), IfBusy::Wait, 9.0).await.unwrap();

            assert_eq!((new.id.as_str(), server.posts()), (SNAPSHOT_ID, 2));
        });
    }
    takes.join_all().await;
}

#[tokio::test]
async fn waiting_does_not_count_as_the_calls_own_time() {
    let server = atlas(|ask, nth| match (ask, nth) {
        (Ask::Take, 0) => busy(),
        (Ask::Take, _) => one(&made(SNAPSHOT_ID, "queued", "d")),
        (Ask::List(_), _) => listed(&[other("queued")]),
        (Ask::Get, 0) => one(&other("inProgress")),
        (Ask::Get, _) => one(&other("completed")),
        _ => not_sharded(),
    })
    .await;
    // The second poll comes after about a second.
    let client = Client::with(&server.url(), &token(), &Budget { total: 0.7, ..BUDGET });
    let call = client.call();
    let arguments = plain().if_busy(IfBusy::Wait, Duration::from_secs(5));

    // It may be run again, with other credentials.
    for _ in 0..2 {
        let (atlas, cluster) = (&client.atlas, crate::client::cluster());
        let result =
            atlas_backups::operations::take_snapshot(atlas, &cluster, &arguments, &call).await;
        result.unwrap();
    }

    assert!(call.waited() >= Duration::from_millis(700), "{:?}", call.waited());
}

#[tokio::test]
async fn who_waits_in_vain_is_told_of_the_snapshot() {
    let server = atlas(|ask, _| match ask {
        Ask::Take => busy(),
        Ask::List(_) => listed(&[other("queued")]),
        Ask::Get => one(&other("inProgress")),
        _ => not_sharded(),
    })
    .await;

    let (result, took) = timed(patient(&server).take_when_busy(plain(), IfBusy::Wait, 0.5)).await;

    let Err(Error::WaitTimeout(timeout)) = result else { panic!("{result:?}") };
    assert_eq!(timeout.snapshot.unwrap().id, OTHER_ID);
    assert!(took < Duration::from_millis(500) + SLACK, "{took:?}");
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn a_list_that_lags_behind_does_not_make_the_wait_a_hammer() {
    // The snapshot has ended; the list and the check of the take have not heard of it.
    let mut takes = JoinSet::new();
    for (end, posts) in [(one(&other("completed")), 3), (rejection(404, "SNAPSHOT_NOT_FOUND"), 2)] {
        takes.spawn(async move {
            let server = atlas(move |ask, _| match ask {
                Ask::Take => busy(),
                Ask::List(_) => listed(&[other("inProgress")]),
                Ask::Get => end.clone(),
                _ => not_sharded(),
            })
            .await;

            let result = patient(&server).take_when_busy(plain(), IfBusy::Wait, 3.0).await;

            assert!(matches!(result, Err(Error::WaitTimeout(_))), "{result:?}");
            assert_eq!(server.posts(), posts);
        });
    }
    takes.join_all().await;
}

#[tokio::test]
async fn one_that_stays_out_of_sight_is_asked_for_with_growing_pauses() {
    let server = atlas(|ask, _| match ask {
        Ask::Take => busy(),
        Ask::List(_) => listed(&[]),
        _ => not_sharded(),
    })
    .await;

    let result = patient(&server).take_when_busy(plain(), IfBusy::Wait, 5.0).await;

    let Err(Error::WaitTimeout(timeout)) = result else { panic!("{result:?}") };
    assert!(timeout.cause.is_some() && timeout.snapshot.is_none());
    // After 2 s, and not after 4 s more.
    assert_eq!(server.posts(), 2);
}

#[tokio::test]
async fn a_keys_own_snapshot_that_lists_did_not_show_is_found_before_anybody_is_blamed() {
    // An earlier call of this key was cut off just after its POST.
    let server = atlas(|ask, nth| match (ask, nth) {
        (Ask::Take, _) => busy(),
        (Ask::List(_), 0..2) => listed(&[]),
        (Ask::List(_), _) => listed(&[made(SNAPSHOT_ID, "queued", &tagged("k"))]),
        _ => not_sharded(),
    })
    .await;

    let own = patient(&server).take_with(&keyed("k")).await.unwrap();

    assert_eq!((own.id.as_str(), server.posts()), (SNAPSHOT_ID, 1));
}

#[tokio::test]
async fn a_key_looks_again_only_as_long_as_its_call_may_last() {
    let server = atlas(|ask, _| match ask {
        Ask::Take => busy(),
        Ask::List(_) => listed(&[]),
        _ => not_sharded(),
    })
    .await;
    let client = Client::with(&server.url(), &token(), &Budget { total: 3.0, ..BUDGET });

    let (result, took) = timed(client.take_with(&keyed("k"))).await;

    assert_eq!(api(result).kind, ApiKind::SnapshotInProgress);
    assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(3), "{took:?}");
    assert_eq!((server.posts(), server.asked(Ask::List(1))), (1, 3));
}
