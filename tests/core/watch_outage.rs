//! A wait for a snapshot in bad times: what it outlives, and what ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use atlas_backups::error::Error;
use atlas_backups::operations::Watch;
use serde_json::json;

use crate::client::{BUDGET, Budget, Client, SNAPSHOT_ID, api, service_account, token};
use crate::life::{address, atlas, made, one, rejection, status};
use crate::server::{Server, Step, html, json as json_answer, json_with};

fn watch(seconds: f64) -> Watch {
    Watch::new(address(), Duration::from_secs_f64(seconds), Some(Duration::from_millis(20)))
}

/// A client whose reads give up soon, so that the wait has to go on by itself.
fn impatient(server: &Server) -> Client {
    Client::with(&server.url(), &token(), &Budget { retries: 0, attempt: 0.3, ..BUDGET })
}

#[tokio::test]
async fn passing_faults_do_not_end_it() {
    let faults = [
        vec![Step::Reset],
        vec![Step::Close],
        vec![Step::Pause(Duration::from_secs(30))],
        html(200),
        html(503),
        rejection(500, "UNEXPECTED_ERROR"),
        json_answer(200, "{}"),
        json_answer(200, r#"{"id":"#),
        html(408),
        json_with(429, "Retry-After: 0\r\n", ""),
    ];
    let count = faults.len();
    let server = atlas(move |_, nth| match nth {
        0 => one(&made(SNAPSHOT_ID, "queued", "d")),
        _ => faults.get(nth - 1).cloned().unwrap_or(one(&made(SNAPSHOT_ID, "completed", "d"))),
    })
    .await;

    let (seen, error) = impatient(&server).watch(watch(20.0)).await;

    assert!(error.is_none(), "{error:?}");
    assert_eq!(status(seen.last().unwrap()), "completed");
    assert_eq!(server.requests().len(), count + 2);
}

#[tokio::test]
async fn an_outage_longer_than_the_total_time_does_not_end_it() {
    let server = atlas(|_, nth| match nth {
        0 => one(&made(SNAPSHOT_ID, "queued", "d")),
        1..30 => vec![Step::Reset],
        _ => one(&made(SNAPSHOT_ID, "completed", "d")),
    })
    .await;
    let client =
        Client::with(&server.url(), &token(), &Budget { total: 0.1, retries: 0, ..BUDGET });

    let (seen, error) = client.watch(watch(20.0)).await;

    assert!(error.is_none(), "{error:?}");
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn what_the_end_of_its_time_cuts_off_is_not_told_instead_of_an_outage() {
    let server = atlas(|_, nth| match nth {
        0 => one(&made(SNAPSHOT_ID, "queued", "d")),
        1 => vec![Step::Reset],
        _ => vec![Step::Pause(Duration::from_secs(30))],
    })
    .await;
    let budget = Budget { attempt: 30.0, total: 30.0, retries: 0, ..BUDGET };

    let (seen, error) = Client::with(&server.url(), &token(), &budget).watch(watch(1.5)).await;

    let Some(Error::WaitTimeout(timeout)) = error else { panic!("{error:?}") };
    assert!(matches!(timeout.cause, Some(Error::Transport(_))), "{:?}", timeout.cause);
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn trouble_of_the_token_endpoint_does_not_end_it() {
    for trouble in
        [vec![Step::Reset], html(503), json_with(429, "Retry-After: 0\r\n", ""), html(200)]
    {
        let is_out = Arc::new(AtomicBool::new(false));
        let out = Arc::clone(&is_out);
        let server = Server::start(move |request| match (request.path(), request.nth) {
            // The second one, which is needed because the API refuses the first.
            ("/api/oauth/token", 1..3) => trouble.clone(),
            ("/api/oauth/token", nth) => json_answer(
                200,
                &json!({"access_token": format!("t{nth}"), "expires_in": 3600}).to_string(),
            ),
            (_, 0) => one(&made(SNAPSHOT_ID, "queued", "d")),
            (_, 1) => {
                out.store(true, Ordering::SeqCst);
                json_with(401, "WWW-Authenticate: Bearer\r\n", "")
            }
            (_, _) => one(&made(SNAPSHOT_ID, "completed", "d")),
        })
        .await;
        let budget = Budget { retries: 0, ..BUDGET };
        let client = Client::with(&server.url(), &service_account(), &budget);

        let (seen, error) = client.watch(watch(10.0)).await;

        assert!(error.is_none(), "{error:?}");
        assert_eq!((seen.len(), is_out.load(Ordering::SeqCst)), (2, true));
    }
}

#[tokio::test]
async fn what_does_not_pass_ends_it_at_once() {
    for (code, answer) in [
        (403, rejection(403, "ACCESS_FORBIDDEN")),
        (401, rejection(401, "USER_UNAUTHORIZED")),
        (404, rejection(404, "CLUSTER_NOT_FOUND")),
        (410, html(410)),
    ] {
        let server = atlas(move |_, _| answer.clone()).await;
        let (seen, error) = Client::new(&server.url()).watch(watch(5.0)).await;
        assert_eq!((api(Err::<(), _>(error.unwrap())).status, seen.len()), (code, 0));
        assert_eq!(server.requests().len(), 1, "{code}");
    }
    let server = Server::start(|request| match request.path() {
        "/api/oauth/token" => json_answer(401, r#"{"error":"invalid_client"}"#),
        _ => unreachable!(),
    })
    .await;
    let client = Client::with(&server.url(), &service_account(), &BUDGET);
    let (_, error) = client.watch(watch(5.0)).await;
    assert_eq!(api(Err::<(), _>(error.unwrap())).status, 401);
}
