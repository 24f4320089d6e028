//! Retention and deletion: repeated when a response does not arrive, at the endpoint that knows the snapshot.

use std::time::Duration;

use atlas_backups::error::{ApiKind, Error};
use atlas_backups::operations::delete_snapshot;
use serde_json::json;

use crate::client::{Client, SLACK, SNAPSHOT_ID, api, timed};
use crate::life::{Ask, atlas, made, not_sharded, one, rejection, sharded_address, status};
use crate::server::{Server, Step, html, json as json_answer};

fn gone() -> Vec<Step> {
    let head = "HTTP/1.1 204 X\r\nContent-Type: application/vnd.atlas.2023-01-01+json\r\n\r\n";
    vec![Step::Send(head.into())]
}

fn missing() -> Vec<Step> {
    rejection(404, "SNAPSHOT_NOT_FOUND")
}

fn unfinished() -> Vec<Step> {
    rejection(400, "CANNOT_DELETE_IN_PROGRESS_SNAPSHOT")
}

#[tokio::test]
async fn retention_is_a_unit_and_a_number() {
    let server = atlas(|_, _| one(&made(SNAPSHOT_ID, "completed", "d"))).await;

    let changed = Client::new(&server.url()).retain(None).await.unwrap();

    assert_eq!(changed.id, SNAPSHOT_ID);
    let request = &server.requests()[0];
    assert_eq!((request.method.as_str(), server.requests().len()), ("PATCH", 1));
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body, json!({"retentionUnit": "WEEKS", "retentionValue": 1}));
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_made_again() {
    for fault in [vec![Step::Reset], html(502), rejection(500, "UNEXPECTED_ERROR")] {
        let server = atlas(move |_, nth| match nth {
            0 => fault.clone(),
            _ => one(&made(SNAPSHOT_ID, "completed", "d")),
        })
        .await;
        Client::new(&server.url()).retain(None).await.unwrap();
        assert_eq!(server.asked(Ask::Retain), 2);
    }
}

#[tokio::test]
async fn what_is_no_snapshot_is_no_change() {
    for steps in [html(200), gone(), json_answer(200, "{}")] {
        let server = Server::start(move |_| steps.clone()).await;
        let error = Client::new(&server.url()).retain(None).await.unwrap_err();
        assert!(matches!(error, Error::InvalidResponse(_)), "{error:?}");
    }
}

#[tokio::test]
async fn an_unfinished_snapshot_is_changed_only_by_one_who_waits() {
    let server = || {
        atlas(|ask, nth| match (ask, nth) {
            (Ask::Retain, 0) => rejection(400, "CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION"),
            (Ask::Get, 0) => one(&made(SNAPSHOT_ID, "inProgress", "d")),
            _ => one(&made(SNAPSHOT_ID, "completed", "d")),
        })
    };

    let without = server().await;
    let error = api(Client::new(&without.url()).retain(None).await);
    assert_eq!((error.kind, without.requests().len()), (ApiKind::SnapshotNotCompleted, 1));

    let with = server().await;
    let changed = Client::new(&with.url()).retain(Some(Duration::from_secs(9))).await.unwrap();
    assert_eq!(status(&changed), "completed");
    assert_eq!((with.asked(Ask::Retain), with.asked(Ask::Get)), (2, 2));
}

#[tokio::test]
async fn one_request_deletes_a_replica_sets_snapshot() {
    for answer in [gone(), json_answer(200, "{}"), json_answer(200, "")] {
        let server = atlas(move |_, _| answer.clone()).await;
        Client::new(&server.url()).delete(None).await.unwrap();
        assert_eq!((server.asked(Ask::Delete), server.requests().len()), (1, 1));
        assert_eq!(server.requests()[0].body, b"");
    }
}

#[tokio::test]
async fn a_page_with_200_has_deleted_nothing() {
    let server = atlas(|_, _| html(200)).await;

    let error = Client::new(&server.url()).delete(None).await.unwrap_err();

    assert!(matches!(error, Error::InvalidResponse(_)), "{error:?}");
}

#[tokio::test]
async fn what_the_one_endpoint_does_not_know_the_other_deletes() {
    let server = atlas(|ask, _| if ask == Ask::Delete { missing() } else { gone() }).await;
    Client::new(&server.url()).delete(None).await.unwrap();
    assert_eq!((server.asked(Ask::Delete), server.asked(Ask::DeleteSharded)), (1, 1));

    let server = atlas(|ask, _| if ask == Ask::Delete { gone() } else { missing() }).await;
    let client = Client::new(&server.url());
    delete_snapshot(&client.atlas, &sharded_address(), None, &client.call()).await.unwrap();
    assert_eq!((server.asked(Ask::Delete), server.asked(Ask::DeleteSharded)), (1, 1));
}

#[tokio::test]
async fn one_that_is_nowhere_is_an_error_unless_an_earlier_answer_was_lost() {
    for other in [not_sharded(), rejection(400, "INVALID_ATTRIBUTE")] {
        let second = other.clone();
        let never = atlas(move |ask, _| match ask {
            Ask::Delete => missing(),
            _ => second.clone(),
        })
        .await;
        let error = api(Client::new(&never.url()).delete(None).await);
        assert_eq!(error.kind, ApiKind::SnapshotNotFound);

        let server = atlas(move |ask, nth| match (ask, nth) {
            (Ask::Delete, 0) => vec![Step::Reset],
            (Ask::Delete, _) => missing(),
            _ => other.clone(),
        })
        .await;
        Client::new(&server.url()).delete(None).await.unwrap();
        assert_eq!((server.asked(Ask::Delete), server.asked(Ask::DeleteSharded)), (2, 1));
    }
}

#[tokio::test]
async fn an_answer_lost_at_the_second_endpoint_counts_too() {
    let server = atlas(|ask, nth| match (ask, nth) {
        (Ask::DeleteSharded, 0) => html(502),
        _ => missing(),
    })
    .await;

    Client::new(&server.url()).delete(None).await.unwrap();

    assert_eq!((server.asked(Ask::Delete), server.asked(Ask::DeleteSharded)), (1, 2));
}

#[tokio::test]
async fn refusals_of_a_deletion_are_errors() {
    for (status, code) in [
        (400, "CANNOT_DELETE_SNAPSHOT_WITH_BACKUP_COMPLIANCE_POLICY"),
        (403, "CANNOT_DELETE_FROM_CLUSTER_SNAPSHOT"),
        (404, "CLUSTER_NOT_FOUND"),
    ] {
        let server = atlas(move |_, _| rejection(status, code)).await;
        assert_eq!(api(Client::new(&server.url()).delete(None).await).status, status);
        assert_eq!(server.requests().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn an_unfinished_snapshot_is_deleted_only_by_one_who_waits() {
    let server = || {
        atlas(|ask, nth| match (ask, nth) {
            (Ask::Delete, 0) => unfinished(),
            (Ask::Get, 0) => one(&made(SNAPSHOT_ID, "inProgress", "d")),
            // Atlas' own failure is no reason to keep it.
            (Ask::Get, _) => one(&made(SNAPSHOT_ID, "failed", "d")),
            _ => gone(),
        })
    };

    let without = server().await;
    let error = api(Client::new(&without.url()).delete(None).await);
    assert_eq!((error.kind, without.requests().len()), (ApiKind::SnapshotNotCompleted, 1));

    let with = server().await;
    Client::new(&with.url()).delete(Some(Duration::from_secs(9))).await.unwrap();
    assert_eq!((with.asked(Ask::Delete), with.asked(Ask::Get)), (2, 2));
}

#[tokio::test]
async fn a_wait_in_vain_deletes_nothing_and_a_second_refusal_is_final() {
    let server = atlas(|ask, _| match ask {
        Ask::Delete => unfinished(),
        _ => one(&made(SNAPSHOT_ID, "inProgress", "d")),
    })
    .await;
    let client = Client::new(&server.url());
    let (result, took) = timed(client.delete(Some(Duration::from_millis(600)))).await;
    assert!(matches!(result, Err(Error::WaitTimeout(_))), "{result:?}");
    assert!(took < Duration::from_millis(600) + SLACK);
    assert_eq!(server.asked(Ask::Delete), 1);

    let server = atlas(|ask, _| match ask {
        Ask::Delete => unfinished(),
        _ => one(&made(SNAPSHOT_ID, "completed", "d")),
    })
    .await;
    let result = Client::new(&server.url()).delete(Some(Duration::from_secs(9))).await;
    assert_eq!(api(result).kind, ApiKind::SnapshotNotCompleted);
    assert_eq!(server.asked(Ask::Delete), 2);
}
