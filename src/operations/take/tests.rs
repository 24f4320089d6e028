//! The take protocol against a scripted server, in virtual time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod server;

use std::time::Duration;

use serde_json::{Value, json};

use crate::error::Error;
use crate::http::client::mock_transport::MockResponse;
use crate::http::exchange_error::DeliveryStatus;
use crate::http::{CallContext, Events};
use crate::operations::take::tests::server::{
    Client, Server, State, TOTAL, cluster, date_at, error, id_at, nth_id, reply, tag,
};
use crate::operations::{IfBusy, SnapshotAddress, Watch};

const KEY: &str = "release-42";
/// Seconds after the beginning at which ids are made that no clock explains.
const FAR_AHEAD: i64 = 100_000_000;

fn snapshot(id: &str, description: impl Into<Value>) -> Value {
    json!({
        "id": id, "type": "replicaSet", "status": "completed", "snapshotType": "onDemand",
        "description": description.into(),
    })
}

/// Takes a snapshot as it was asked for.
fn take(state: &mut State, sent: &Value) -> MockResponse {
    let taken = snapshot(&nth_id(state.snapshots.len()), sent["description"].clone());
    state.snapshots.push(taken.clone());
    reply(&taken)
}

/// Takes snapshots whose descriptions get dropped in the lists, and perhaps in the response too.
fn forgetful(dropped: Value, is_answered: bool) -> Client {
    Client::of(Server::new().on_take(move |state, sent| {
        let taken = snapshot(&nth_id(state.snapshots.len()), sent["description"].clone());
        let mut listed = taken.clone();
        listed["description"] = dropped.clone();
        let said = reply(if is_answered { &taken } else { &listed });
        state.snapshots.push(listed);
        said
    }))
}

#[tokio::test(start_paused = true)]
async fn test_take_when_the_tag_is_lost_returns_the_remembered_snapshot_and_warns() {
    for dropped in [Value::Null, "".into(), "before the release".into(), "[ab1:".into()] {
        for is_answered in [true, false] {
            let client = forgetful(dropped.clone(), is_answered);

            for call in 0..5 {
                let taken = client.take(Some(KEY), IfBusy::Raise).await;

                assert_eq!(taken.id(), nth_id(0), "{dropped}, {is_answered}");
                let warning = taken.lost_tag.unwrap_or_default();
                assert!(warning.contains(&nth_id(0)), "{dropped}, {is_answered}, call {call}");
                assert!(taken.log.contains(&warning), "{:?}", taken.log);
            }

            assert_eq!(client.posts(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn test_take_when_the_tag_is_kept_does_not_warn() {
    let client = Client::of(Server::new().on_take(take));

    for _ in 0..2 {
        assert_eq!(client.take(Some(KEY), IfBusy::Raise).await.lost_tag, None);
    }
}

#[tokio::test(start_paused = true)]
async fn test_take_when_the_remembered_snapshot_failed_takes_another() {
    let client = forgetful(Value::Null, true);
    client.take(Some(KEY), IfBusy::Raise).await.result.unwrap();
    client.state(|state| state.snapshots[0]["status"] = "failed".into());

    let taken = client.take(Some(KEY), IfBusy::Raise).await;

    assert_eq!((taken.id(), client.posts()), (nth_id(1), 2));
}

#[tokio::test(start_paused = true)]
async fn test_take_when_another_snapshot_has_the_tag_of_the_remembered_one_reports_both() {
    let client = forgetful(Value::Null, true);
    client.take(Some(KEY), IfBusy::Raise).await.result.unwrap();
    client.state(|state| state.snapshots.push(snapshot(&nth_id(1), tag(KEY))));

    let taken = client.take(Some(KEY), IfBusy::Raise).await;

    let Err(Error::Duplicates(duplicates)) = taken.result else { panic!("{:?}", taken.result) };
    assert_eq!((duplicates.snapshots.len(), client.posts()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn test_take_finds_its_tag_wherever_it_stands_in_a_description() {
    let tag = tag(KEY);
    for text in [
        format!("copy: {tag} text"),
        tag.replace('[', "&#91;").replace(']', "&#93;"),
        tag.replace('[', "&lbrack;").replace(':', "&#x3A;"),
        tag.replace(':', "_").replace("ab1", "&#97;b1"),
    ] {
        let server = Server::new().on_take(take);
        let client = Client::of(server.holding([snapshot(&nth_id(7), text.clone())]));

        let taken = client.take(Some(KEY), IfBusy::Raise).await;

        assert_eq!((taken.id(), client.posts()), (nth_id(7), 0), "{text}");
        assert_eq!(taken.lost_tag, None, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn test_take_ignores_its_tag_behind_the_tag_of_another_key() {
    let text = format!("{} as {}", tag("another"), tag(KEY));
    let server = Server::new().on_take(take);
    let client = Client::of(server.holding([snapshot(&nth_id(7), text)]));

    let taken = client.take(Some(KEY), IfBusy::Raise).await;

    assert_eq!((taken.id(), client.posts()), (nth_id(1), 1));
}

/// Answers every take with the snapshot of another key, and perhaps takes the right one.
fn mixed_up(is_taken: bool) -> Client {
    Client::of(Server::new().on_take(move |state, sent| {
        if is_taken {
            take(state, sent);
        }
        reply(&snapshot(&nth_id(7), tag("another")))
    }))
}

#[tokio::test(start_paused = true)]
async fn test_take_when_the_response_has_another_keys_tag_is_ambiguous() {
    let client = mixed_up(false);

    let taken = client.take(Some(KEY), IfBusy::Raise).await;

    let Err(Error::Ambiguous(ambiguous)) = taken.result else { panic!("{:?}", taken.result) };
    assert!(ambiguous.cause.to_string().contains("another"), "{}", ambiguous.cause);
    assert_eq!(client.posts(), 1);
}

#[tokio::test(start_paused = true)]
async fn test_take_when_the_response_has_another_keys_tag_finds_its_own_snapshot() {
    let client = mixed_up(true);

    let taken = client.take(Some(KEY), IfBusy::Raise).await;

    assert_eq!((taken.id(), client.posts()), (nth_id(0), 1));
}

#[tokio::test(start_paused = true)]
async fn test_take_when_the_keys_snapshot_has_expired_takes_another() {
    for (expires, status, posts) in [
        (date_at(-1), "completed", 1),
        (date_at(3600), "completed", 0),
        // It moves until the snapshot completes.
        (date_at(-1), "inProgress", 0),
    ] {
        let mut old = snapshot(&id_at(-90_000), tag(KEY));
        old["expiresAt"] = expires.into();
        old["status"] = status.into();
        let client = Client::of(Server::new().on_take(take).holding([old]));

        let taken = client.take(Some(KEY), IfBusy::Raise).await;

        assert_eq!(taken.result.unwrap().is_new(), Some(posts == 1));
        assert_eq!(client.posts(), posts, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn test_take_when_the_remembered_snapshot_has_expired_takes_another() {
    let client = Client::of(Server::new().on_take(take).on_list(|_, _| json!({"results": []})));
    client.take(Some(KEY), IfBusy::Raise).await.result.unwrap();
    client.state(|state| state.snapshots[0]["expiresAt"] = date_at(0).into());

    client.take(Some(KEY), IfBusy::Raise).await.result.unwrap();

    assert_eq!(client.posts(), 2);
}

/// A cluster that is busy so many times, each time with a new snapshot that has ended already.
fn always_busy(times: usize) -> Client {
    let ended = |number: usize| snapshot(&nth_id(1000 + number), "of somebody else");
    let server = Server::new().on_take(move |state, sent| {
        if state.posts <= times {
            return error(400, "UNFINISHED_ON_DEMAND_SNAPSHOT");
        }
        take(state, sent)
    });
    let server = server.on_get(move |state, _| Some(ended(state.posts)));
    Client::of(server.on_list(move |state, _| {
        let mut running = ended(state.posts);
        running["status"] = "inProgress".into();
        json!({"results": [running], "totalCount": 1})
    }))
}

#[tokio::test(start_paused = true)]
async fn test_take_when_each_list_shows_a_new_runner_that_has_ended_backs_off() {
    for key in [None, Some(KEY)] {
        let client = always_busy(usize::MAX);

        let taken = client.take(key, IfBusy::Wait).await;

        assert!(matches!(taken.result, Err(Error::WaitTimeout(_))), "{:?}", taken.result);
        assert!(client.posts() <= 130, "{} POSTs in {} s", client.posts(), taken.seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn test_take_when_one_runner_has_ended_takes_its_own_at_once() {
    let taken = always_busy(1).take(None, IfBusy::Wait).await;

    assert!(taken.result.is_ok(), "{:?}", taken.result);
    assert!(taken.seconds < 1, "{} s", taken.seconds);
}

#[tokio::test(start_paused = true)]
async fn test_take_when_a_list_without_a_total_shifts_between_pages_finds_its_snapshot() {
    let mut items: Vec<Value> = (1..5).map(|number| snapshot(&nth_id(number), "")).collect();
    items[2]["description"] = tag(KEY).into();
    let own = items[2]["id"].clone();
    let mut pages = 0;
    let server = Server::new().on_take(take).holding(items).on_list(move |state, number| {
        pages += 1;
        if pages == 2 {
            state.snapshots.remove(0);
        }
        json!({"results": state.snapshots.chunks(2).nth(number - 1).unwrap_or_default()})
    });
    let client = Client::of(server);

    let taken = client.take(Some(KEY), IfBusy::Raise).await;

    assert_eq!((Value::from(taken.id()), client.posts()), (own, 0));
}

/// Takes snapshots with ids far ahead of its clock.
fn ahead(is_listed: bool) -> Client {
    let server = Server::new().on_take(|state, sent| {
        let id = id_at(FAR_AHEAD + i64::try_from(state.posts).unwrap());
        let taken = snapshot(&id, sent["description"].clone());
        state.snapshots.push(taken.clone());
        reply(&taken)
    });
    Client::of(if is_listed { server } else { server.on_list(|_, _| json!({"results": []})) })
}

#[tokio::test(start_paused = true)]
async fn test_take_when_a_deleted_id_is_dated_ahead_takes_another_in_time() {
    for (is_listed, longest) in [(true, 1), (false, 160)] {
        let client = ahead(is_listed);
        client.take(Some(KEY), IfBusy::Raise).await.result.unwrap();
        client.state(|state| state.snapshots.clear());

        let taken = client.take(Some(KEY), IfBusy::Raise).await;

        assert!(taken.result.is_ok(), "{:?}", taken.result);
        assert_eq!(client.posts(), 2);
        assert!(taken.seconds <= longest, "{} s", taken.seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn test_wait_when_a_missing_id_is_dated_ahead_ends_soon() {
    let client = Client::of(Server::new());
    let (cluster, id) = (cluster(), id_at(FAR_AHEAD));
    let address = SnapshotAddress { cluster, id, is_sharded: false };
    let mut watch = Watch::new(address, Duration::from_secs(3600), None);
    let call = CallContext::new(TOTAL, Events::new(None));

    let ended = watch.next(&client.client(), &call).await;

    assert!(matches!(ended, Err(Error::Api(api)) if api.status == 404));
    assert!(client.state(|state| state.seconds()) < 160);
}

#[tokio::test(start_paused = true)]
async fn test_take_after_a_lost_response_is_new_unless_its_snapshot_is_older() {
    for (made_at, is_new) in [(0, true), (-60, false)] {
        let server = Server::new().on_take(move |state, sent| {
            let description = sent["description"].clone();
            state.snapshots.push(snapshot(&id_at(made_at), description));
            MockResponse::ExchangeError(DeliveryStatus::Ambiguous)
        });

        let taken = Client::of(server).take(Some(KEY), IfBusy::Raise).await;

        assert_eq!(taken.result.unwrap().is_new(), Some(is_new), "{made_at}");
    }
}
