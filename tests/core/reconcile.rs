//! After a POST of which nobody knows what became: what is looked for, adopted, and said.

use std::time::Duration;

use atlas_backups::error::Error;
use atlas_backups::operations::TakeArguments;
use tokio::task::JoinSet;

use crate::client::{
    BUDGET, Budget, Client, SLACK, SNAPSHOT_ID, ambiguous, service_account, timed, token,
};
use crate::life::{
    Ask, atlas, id_of_age, ids, keyed, listed, made, not_sharded, rejection, sharded, tagged,
};
use crate::server::{Server, Step, html, json, json_with};

const PATIENT: Budget<'static> = Budget { total: 12.0, ..BUDGET };
const HOUR: i64 = 3600;

fn patient(server: &Server) -> Client {
    Client::with(&server.url(), &token(), &PATIENT)
}

/// A list, with the server's clock so many seconds from ours.
fn listed_at(offset: i64, items: &[serde_json::Value]) -> Vec<Step> {
    let now = jiff::Timestamp::now().as_second() + offset;
    let date = jiff::Timestamp::from_second(now).unwrap().strftime("%a, %d %b %Y %H:%M:%S GMT");
    let body = serde_json::json!({"results": items, "totalCount": items.len()}).to_string();
    json_with(200, &format!("Date: {date}\r\n"), &body)
}

#[tokio::test]
async fn a_keys_own_snapshot_is_found_and_posted_once() {
    let own = made(SNAPSHOT_ID, "queued", &tagged("k"));
    let part = "6600000000000000000000b1";
    let mut takes = JoinSet::new();
    for (name, fault) in [
        ("reset", vec![Step::Reset]),
        ("end", vec![Step::Close]),
        ("gateway", html(502)),
        ("500", rejection(500, "UNEXPECTED_ERROR")),
        ("no id", json(200, "{}")),
        ("redirect", json_with(307, "Location: /elsewhere\r\n", "")),
        ("408", html(408)),
        ("stranger", html(404)),
    ] {
        let (own, is_sharded) = (own.clone(), name == "gateway");
        takes.spawn(async move {
            let server = atlas(move |ask, nth| match (ask, nth) {
                (Ask::Take, _) => fault.clone(),
                (Ask::List(_), 0) => listed(&[]),
                (Ask::List(_), _) if !is_sharded => listed(std::slice::from_ref(&own)),
                (Ask::ShardedList, 1) if is_sharded => {
                    listed(&[sharded(SNAPSHOT_ID, part, "queued", &tagged("k"))])
                }
                (Ask::List(_), _) => listed(&[made(part, "queued", &tagged("k"))]),
                _ => not_sharded(),
            })
            .await;

            let (result, took) = timed(patient(&server).take_with(&keyed("k"))).await;

            assert_eq!(result.expect(name).id, SNAPSHOT_ID, "{name}");
            assert_eq!(server.posts(), 1, "{name}");
            assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(3), "{took:?}");
        });
    }
    takes.join_all().await;
}

#[tokio::test]
async fn a_list_that_lags_or_fails_is_looked_at_again() {
    let own = made(SNAPSHOT_ID, "inProgress", &tagged("k"));
    let server = atlas(move |ask, nth| match (ask, nth) {
        (Ask::Take, _) => vec![Step::Reset],
        (Ask::List(_), 0 | 6..) if nth > 0 => listed(std::slice::from_ref(&own)),
        (Ask::List(_), 0) => listed(&[]),
        // All attempts of the first poll.
        (Ask::List(_), _) => html(503),
        _ => not_sharded(),
    })
    .await;

    let found = patient(&server).take_with(&keyed("k")).await.unwrap();

    assert_eq!((found.id.as_str(), server.posts()), (SNAPSHOT_ID, 1));
}

#[tokio::test]
async fn one_that_does_not_come_in_time_stays_unknown_and_no_second_one_is_posted() {
    let failed = made(SNAPSHOT_ID, "failed", &tagged("k"));
    let server = atlas(move |ask, nth| match (ask, nth) {
        (Ask::Take, _) => vec![Step::Reset],
        (Ask::List(_), 0) => listed(&[]),
        // A failed one is not what was asked for.
        (Ask::List(_), _) => listed(std::slice::from_ref(&failed)),
        _ => not_sharded(),
    })
    .await;
    let client = Client::with(&server.url(), &token(), &Budget { total: 5.0, ..BUDGET });

    let (result, took) = timed(client.take_with(&keyed("k"))).await;

    let error = ambiguous(result);
    assert_eq!(format!("{} ", error.idempotency_tag.unwrap()), tagged("k"));
    assert!(error.candidates.is_empty() && matches!(&*error.cause, Error::Transport(_)));
    // After 2 s; the poll after 4 s more would come too late.
    assert_eq!((server.posts(), server.asked(Ask::List(1))), (1, 2));
    assert!(took < Duration::from_secs(2) + SLACK, "{took:?}");
}

#[tokio::test]
async fn a_refused_look_ends_it_with_the_cause_of_the_doubt() {
    let server = atlas(|ask, nth| match (ask, nth) {
        (Ask::Take, _) => html(502),
        (Ask::List(_), 0) => listed(&[]),
        (Ask::List(_), _) => rejection(403, "ACCESS_FORBIDDEN"),
        _ => not_sharded(),
    })
    .await;

    let error = ambiguous(patient(&server).take_with(&keyed("k")).await);

    assert!(matches!(&*error.cause, Error::Api(api) if api.status == 502), "{error:?}");
    assert_eq!((server.posts(), server.asked(Ask::List(1))), (1, 2));
}

#[tokio::test]
async fn duplicates_that_a_look_finds_are_reported() {
    let both = [SNAPSHOT_ID, "6600000000000000000000cc"];
    let server = atlas(move |ask, nth| match (ask, nth) {
        (Ask::Take, _) => vec![Step::Reset],
        (Ask::List(_), 0) => listed(&[]),
        (Ask::List(_), _) => listed(&both.map(|id| made(id, "queued", &tagged("k")))),
        _ => not_sharded(),
    })
    .await;

    let result = patient(&server).take_with(&keyed("k")).await;

    assert!(matches!(result, Err(Error::Duplicates(it)) if it.snapshots.len() == 2));
    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn without_a_key_nothing_is_adopted_and_what_may_be_it_is_named() {
    // By the server's clock, wherever that stands.
    let mut takes = JoinSet::new();
    for offset in [0, HOUR, -HOUR] {
        takes.spawn(async move {
            let server = atlas(move |ask, _| {
                let id = |age, number| id_of_age(age - offset, number);
                let mut scheduled = made(&id(0, 3), "queued", "text");
                scheduled["snapshotType"] = serde_json::json!("scheduled");
                match ask {
                    Ask::Take => vec![Step::Reset],
                    Ask::List(_) => listed_at(
                        offset,
                        &[
                            made(&id(2, 1), "queued", "text"),
                            made(&id(2, 2), "queued", "another text"),
                            scheduled,
                            made(&id(60, 4), "completed", "text"),
                        ],
                    ),
                    _ => not_sharded(),
                }
            })
            .await;
            let arguments = TakeArguments::new(Some("text"), None, false, false).unwrap();

            let (result, took) = timed(patient(&server).take_with(&arguments)).await;

            let error = ambiguous(result);
            assert_eq!(error.idempotency_tag, None);
            let found = ids(&error.candidates);
            assert!(found.len() == 1 && found[0].ends_with('1'), "{offset}: {found:?}");
            assert_eq!((server.posts(), server.asked(Ask::List(1))), (1, 1));
            assert!(took < Duration::from_secs(2) + SLACK, "{took:?}");
        });
    }
    takes.join_all().await;
}

#[tokio::test]
async fn without_a_key_a_look_that_fails_leaves_no_candidates() {
    let server = atlas(|ask, _| match ask {
        Ask::Take => vec![Step::Reset],
        _ => rejection(403, "ACCESS_FORBIDDEN"),
    })
    .await;

    let error = ambiguous(patient(&server).take().await);

    assert!(error.candidates.is_empty() && matches!(&*error.cause, Error::Transport(_)));
}

#[tokio::test]
async fn a_service_account_looks_with_a_token_that_is_renewed_meanwhile() {
    let own = made(SNAPSHOT_ID, "queued", &tagged("k"));
    let server = Server::start(move |request| match (Ask::of(request), request.nth) {
        (Ask::Other, nth) => {
            json(200, &format!(r#"{{"access_token":"canary-{nth}","expires_in":3600}}"#))
        }
        (Ask::Take, _) => vec![Step::Reset],
        // The POST has the same path and was the second request to it.
        (Ask::List(_), 2) => json_with(401, "WWW-Authenticate: Bearer\r\n", ""),
        (Ask::List(_), 0) => listed(&[]),
        (Ask::List(_), _) => listed(std::slice::from_ref(&own)),
        _ => not_sharded(),
    })
    .await;

    let client = Client::with(&server.url(), &service_account(), &PATIENT);
    let found = client.take_with(&keyed("k")).await.unwrap();

    assert_eq!((found.id.as_str(), server.posts()), (SNAPSHOT_ID, 1));
    assert_eq!(server.count("/api/oauth/token"), 2);
}
