//! Two kinds of clusters with two kinds of endpoints: which is asked, and whose word counts.

use atlas_backups::error::{ApiKind, Error};
use atlas_backups::operations::get_snapshot;
use serde_json::json;

use crate::client::{Client, SNAPSHOT_ID, api, seen};
use crate::life::{
    Ask, atlas, ids, listed, made, not_sharded, one, rejection, sharded, sharded_address,
};
use crate::server::html;

const MEMBER: &str = "6600000000000000000000b1";
const OLDER: &str = "6500000000000000000000b2";

#[tokio::test]
async fn a_replica_sets_snapshot_costs_one_request() {
    let server = atlas(|_, _| one(&made(SNAPSHOT_ID, "completed", "d"))).await;

    let snapshot = Client::new(&server.url()).get().await.unwrap();

    assert_eq!(seen(&snapshot)["replica_set_name"], "s0");
    assert_eq!((server.asked(Ask::Get), server.requests().len()), (1, 1));
}

#[tokio::test]
async fn a_sharded_one_is_read_where_it_has_members() {
    // Of the plain endpoint it is not known whether it knows them.
    for plain_knows in [false, true] {
        let server = atlas(move |ask, _| match ask {
            Ask::Get if plain_knows => {
                one(&json!({"id": SNAPSHOT_ID, "type": "shardedCluster", "status": "queued"}))
            }
            Ask::Get => rejection(404, "SNAPSHOT_NOT_FOUND"),
            _ => one(&sharded(SNAPSHOT_ID, MEMBER, "queued", "d")),
        })
        .await;

        let snapshot = Client::new(&server.url()).get().await.unwrap();

        assert_eq!(seen(&snapshot)["members"][0]["id"], MEMBER);
        assert_eq!((server.asked(Ask::Get), server.asked(Ask::GetSharded)), (1, 1));
    }
}

#[tokio::test]
async fn one_that_is_known_to_be_sharded_costs_one_request() {
    let server = atlas(|_, _| one(&sharded(SNAPSHOT_ID, MEMBER, "queued", "d"))).await;
    let client = Client::new(&server.url());

    get_snapshot(&client.atlas, &sharded_address(), &client.call()).await.unwrap();

    assert_eq!((server.asked(Ask::GetSharded), server.requests().len()), (1, 1));
}

#[tokio::test]
async fn one_of_which_only_the_plain_endpoint_knows_is_given_as_it_says() {
    for (status, code) in [(404, "RESOURCE_NOT_FOUND"), (400, "INVALID_ATTRIBUTE")] {
        let server = atlas(move |ask, _| match ask {
            Ask::Get => one(&sharded(SNAPSHOT_ID, MEMBER, "queued", "d")),
            _ => rejection(status, code),
        })
        .await;
        assert_eq!(Client::new(&server.url()).get().await.unwrap().id, SNAPSHOT_ID);
    }
}

#[tokio::test]
async fn one_that_is_nowhere_is_not_found_and_the_first_answer_says_so() {
    for (status, code) in [(404, "RESOURCE_NOT_FOUND"), (400, "INVALID_ATTRIBUTE")] {
        let server = atlas(move |ask, _| match ask {
            Ask::Get => rejection(404, "SNAPSHOT_NOT_FOUND"),
            _ => rejection(status, code),
        })
        .await;

        let error = api(Client::new(&server.url()).get().await);

        assert_eq!(error.kind, ApiKind::SnapshotNotFound, "{code}");
        assert_eq!((server.asked(Ask::Get), server.asked(Ask::GetSharded)), (1, 1));
    }
}

#[tokio::test]
async fn a_project_or_cluster_that_is_not_there_is_not_looked_for_elsewhere() {
    for code in ["GROUP_NOT_FOUND", "CLUSTER_NOT_FOUND"] {
        let server = atlas(move |_, _| rejection(404, code)).await;
        assert_eq!(api(Client::new(&server.url()).get().await).error_code.unwrap(), code);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn trouble_at_the_second_endpoint_is_not_called_not_found() {
    let server = atlas(|ask, _| match ask {
        Ask::Get => rejection(404, "SNAPSHOT_NOT_FOUND"),
        _ => rejection(403, "ACCESS_FORBIDDEN"),
    })
    .await;

    assert_eq!(api(Client::new(&server.url()).get().await).status, 403);
}

#[tokio::test]
async fn the_parts_of_a_sharded_snapshot_are_no_entries_of_the_list() {
    let server = atlas(|ask, _| match ask {
        Ask::List(_) => listed(&[
            made(SNAPSHOT_ID, "queued", "the plain list's view"),
            made(MEMBER, "queued", "d"),
            made(OLDER, "completed", "d"),
        ]),
        _ => listed(&[sharded(SNAPSHOT_ID, MEMBER, "inProgress", "d")]),
    })
    .await;

    let snapshots = Client::new(&server.url()).list().await.unwrap();

    assert_eq!(ids(&snapshots), [SNAPSHOT_ID, OLDER]);
    assert_eq!(seen(&snapshots[0])["members"][0]["id"], MEMBER);
    assert_eq!(seen(&snapshots[0])["status"], "inProgress");
    let sharded_list = server.requests().into_iter().find(|it| Ask::of(it) == Ask::ShardedList);
    assert!(!sharded_list.unwrap().uri.contains('?'), "it has no pages");
}

#[tokio::test]
async fn a_sharded_list_that_atlas_refuses_with_400_or_404_is_empty() {
    for status in [400, 404] {
        let server = atlas(move |ask, _| match ask {
            Ask::List(_) => listed(&[made(OLDER, "completed", "d")]),
            _ => rejection(status, "WHATEVER"),
        })
        .await;
        let snapshots = Client::new(&server.url()).list().await.unwrap();
        assert_eq!(ids(&snapshots), [OLDER], "{status}");
    }
}

#[tokio::test]
async fn a_404_of_somebody_else_does_not_make_the_sharded_list_empty() {
    let server = atlas(move |ask, _| match ask {
        Ask::List(_) => listed(&[made(OLDER, "completed", "d")]),
        _ => html(404),
    })
    .await;
    assert_eq!(api(Client::new(&server.url()).list().await).status, 404);
}

#[tokio::test]
async fn any_other_end_of_the_sharded_list_is_an_error() {
    for status in [401, 403, 409, 500, 503] {
        let server = atlas(move |ask, _| match ask {
            Ask::List(_) => listed(&[made(OLDER, "completed", "d")]),
            _ => rejection(status, "UNEXPECTED_ERROR"),
        })
        .await;
        let error = api(Client::new(&server.url()).list().await);
        assert_eq!(error.status, status);
        assert!(error.request.path.ends_with("/shardedClusters"));
    }
    let server = atlas(|ask, _| match ask {
        Ask::List(_) => listed(&[]),
        _ => html(200),
    })
    .await;
    let error = Client::new(&server.url()).list().await.unwrap_err();
    assert!(matches!(error, Error::InvalidResponse(_)), "{error:?}");
}

#[tokio::test]
async fn a_plain_list_that_refuses_with_404_is_not_empty() {
    let server = atlas(|ask, _| match ask {
        Ask::List(_) => rejection(404, "CLUSTER_NOT_FOUND"),
        _ => not_sharded(),
    })
    .await;

    assert_eq!(api(Client::new(&server.url()).list().await).kind, ApiKind::ClusterNotFound);

    assert_eq!(server.asked(Ask::ShardedList), 0);
}
