//! A take with an idempotency key: its own snapshot is found before anything is posted, and only
//! one may carry its tag.

use atlas_backups::error::{Duplicates, Error};
use jiff::Timestamp;

use crate::client::{BUDGET, Budget, Client, SNAPSHOT_ID, api, token};
use crate::life::{
    Ask, atlas, keyed, listed, made, not_sharded, one, page, rejection, sharded, tagged,
};
use crate::server::{Server, Step, atlas_error, json, json_with};

const OTHER_ID: &str = "6600000000000000000000cc";

/// A server with these snapshots, whose list shows the one that is taken from then on.
async fn with(before: Vec<serde_json::Value>) -> Server {
    let taken = std::sync::atomic::AtomicBool::new(false);
    let description = tagged("k");
    atlas(move |ask, _| {
        let new = made(SNAPSHOT_ID, "queued", &description);
        match ask {
            Ask::Take => {
                taken.store(true, std::sync::atomic::Ordering::SeqCst);
                one(&new)
            }
            Ask::List(_) => {
                let mut items = before.clone();
                if taken.load(std::sync::atomic::Ordering::SeqCst) {
                    items.push(new);
                }
                listed(&items)
            }
            _ => not_sharded(),
        }
    })
    .await
}

/// The clock of a server, so many seconds after it made the snapshot.
fn date_after(seconds: i64) -> String {
    let made_at = i64::from_str_radix(&SNAPSHOT_ID[..8], 16).unwrap();
    let now = Timestamp::from_second(made_at + seconds).unwrap();
    format!("Date: {}\r\n", now.strftime("%a, %d %b %Y %H:%M:%S GMT"))
}

fn duplicates(result: Result<impl std::fmt::Debug, Error>) -> Box<Duplicates> {
    match result {
        Err(Error::Duplicates(duplicates)) => duplicates,
        other => panic!("no duplicates: {other:?}"),
    }
}

#[tokio::test]
async fn the_first_call_takes_one_with_the_tag_before_the_text() {
    let server = with(vec![]).await;

    let snapshot = Client::new(&server.url()).take_with(&keyed("k")).await.unwrap();

    assert_eq!((snapshot.id.as_str(), server.posts()), (SNAPSHOT_ID, 1));
    let requests = server.requests();
    let asked: Vec<Ask> = requests.iter().map(Ask::of).collect();
    // The response to the POST says that the cluster is a replica set.
    assert_eq!(asked, [Ask::List(1), Ask::ShardedList, Ask::Take, Ask::List(1)]);
    let body: serde_json::Value = serde_json::from_slice(&requests[2].body).unwrap();
    assert_eq!(body["description"], tagged("k"));
}

#[tokio::test]
async fn its_own_snapshot_is_the_answer_and_nothing_is_posted() {
    for status in ["queued", "inProgress", "completed", "verifying"] {
        // Atlas might trim the space, and the text may be another one.
        for description in [tagged("k").trim_end(), &format!("{}old text", tagged("k"))] {
            let own = made(OTHER_ID, status, description);
            let server = with(vec![made(SNAPSHOT_ID, "completed", &tagged("another")), own]).await;

            let found = Client::new(&server.url()).take_with(&keyed("k")).await.unwrap();

            assert_eq!((found.id.as_str(), server.posts()), (OTHER_ID, 0), "{status}");
        }
    }
}

#[tokio::test]
async fn one_that_failed_frees_its_key() {
    let server = with(vec![made(OTHER_ID, "failed", &tagged("k"))]).await;

    let snapshot = Client::new(&server.url()).take_with(&keyed("k")).await.unwrap();

    assert_eq!((snapshot.id.as_str(), server.posts()), (SNAPSHOT_ID, 1));
}

#[tokio::test]
async fn test_a_tag_behind_the_tag_of_another_key_is_a_quotation() {
    let quoted = format!("{}see {}", tagged("another"), tagged("k"));
    let server = with(vec![made(OTHER_ID, "completed", &quoted)]).await;

    Client::new(&server.url()).take_with(&keyed("k")).await.unwrap();

    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn without_a_list_nothing_is_posted() {
    for answer in [rejection(403, "ACCESS_FORBIDDEN"), rejection(404, "CLUSTER_NOT_FOUND")] {
        let server = atlas(move |_, _| answer.clone()).await;
        api(Client::new(&server.url()).take_with(&keyed("k")).await);
        assert_eq!((server.posts(), server.requests().len()), (0, 1));
    }
    let server = atlas(|ask, _| match ask {
        Ask::List(_) => listed(&[]),
        _ => vec![Step::Reset],
    })
    .await;
    let result = Client::new(&server.url()).take_with(&keyed("k")).await;
    assert!(matches!(result, Err(Error::Transport(_))), "{result:?}");
    assert_eq!(server.posts(), 0);
}

#[tokio::test]
async fn two_that_carry_the_tag_are_reported_and_no_third_is_taken() {
    let two =
        vec![made(SNAPSHOT_ID, "completed", &tagged("k")), made(OTHER_ID, "queued", &tagged("k"))];
    let server = with(two).await;

    let error = duplicates(Client::new(&server.url()).take_with(&keyed("k")).await);

    assert_eq!(crate::life::ids(&error.snapshots), [OTHER_ID, SNAPSHOT_ID]);
    assert_eq!(format!("{} ", error.tag), tagged("k"));
    assert_eq!(server.posts(), 0);
}

#[tokio::test]
async fn another_one_that_appears_after_the_post_is_reported() {
    // That of a process which was started at the same time.
    for lists_show_the_new_one in [true, false] {
        let server = atlas(move |ask, nth| match (ask, nth) {
            (Ask::Take, _) => one(&made(SNAPSHOT_ID, "queued", &tagged("k"))),
            (Ask::List(_), 0) => listed(&[]),
            (Ask::List(_), _) => {
                let both = [SNAPSHOT_ID, OTHER_ID].map(|id| made(id, "queued", &tagged("k")));
                listed(if lists_show_the_new_one { &both } else { &both[1..] })
            }
            _ => not_sharded(),
        })
        .await;

        let error = duplicates(Client::new(&server.url()).take_with(&keyed("k")).await);

        let mut found = crate::life::ids(&error.snapshots);
        found.sort_unstable();
        assert_eq!((found, server.posts()), (vec![SNAPSHOT_ID, OTHER_ID], 1));
    }
}

#[tokio::test]
async fn parts_of_a_sharded_snapshot_are_no_duplicates() {
    const PART: &str = "6600000000000000000000b1";
    // Named by the whole one, or not yet.
    for named in [PART, "6600000000000000000000b9"] {
        let server = atlas(move |ask, _| match ask {
            Ask::List(_) => listed(&[
                made(PART, "completed", &tagged("k")),
                made(OTHER_ID, "completed", &tagged("k")),
            ]),
            Ask::ShardedList => listed(&[sharded(OTHER_ID, named, "completed", &tagged("k"))]),
            _ => unreachable!(),
        })
        .await;

        let found = Client::new(&server.url()).take_with(&keyed("k")).await.unwrap();

        assert_eq!((found.id.as_str(), server.posts()), (OTHER_ID, 0));
    }
}

#[tokio::test]
async fn a_last_look_that_fails_does_not_hide_that_the_snapshot_exists() {
    let server = atlas(|ask, nth| match (ask, nth) {
        (Ask::Take, _) => one(&made(SNAPSHOT_ID, "queued", &tagged("k"))),
        (Ask::List(_), 0) => listed(&[]),
        (Ask::List(_), _) => rejection(403, "ACCESS_FORBIDDEN"),
        _ => not_sharded(),
    })
    .await;

    let snapshot = Client::new(&server.url()).take_with(&keyed("k")).await.unwrap();

    assert_eq!(snapshot.id, SNAPSHOT_ID);
}

#[tokio::test]
async fn what_a_client_took_it_finds_by_its_id_while_lists_do_not_show_it() {
    let new = made(SNAPSHOT_ID, "completed", &tagged("k"));
    let server = atlas(move |ask, _| match ask {
        Ask::Take | Ask::Get => one(&new),
        Ask::List(_) => listed(&[]),
        _ => not_sharded(),
    })
    .await;
    let client = Client::new(&server.url());

    let first = client.take_with(&keyed("k")).await.unwrap();
    let again = client.take_with(&keyed("k")).await.unwrap();

    assert_eq!((again.id, server.posts(), server.asked(Ask::Get)), (first.id, 1, 1));
    // Another client has only the lists.
    Client::new(&server.url()).take_with(&keyed("k")).await.unwrap();
    assert_eq!(server.posts(), 2);
}

#[tokio::test]
async fn what_lists_show_is_not_looked_at_by_its_id() {
    let server = with(vec![]).await;
    let client = Client::new(&server.url());

    for _ in 0..3 {
        client.take_with(&keyed("k")).await.unwrap();
    }

    assert_eq!((server.posts(), server.asked(Ask::Get)), (1, 0));
}

#[tokio::test]
async fn one_that_failed_or_is_gone_is_forgotten() {
    let failed = one(&made(SNAPSHOT_ID, "failed", &tagged("k")));
    let gone = |code| json_with(404, &date_after(200), &atlas_error(404, code));
    for end in [failed, gone("SNAPSHOT_NOT_FOUND"), gone("RESOURCE_NOT_FOUND")] {
        let server = atlas(move |ask, nth| match ask {
            Ask::Take => one(&made([SNAPSHOT_ID, OTHER_ID][nth.min(1)], "queued", &tagged("k"))),
            Ask::List(_) => listed(&[]),
            Ask::Get => end.clone(),
            _ => not_sharded(),
        })
        .await;
        let client = Client::new(&server.url());
        client.take_with(&keyed("k")).await.unwrap();

        let other = client.take_with(&keyed("k")).await.unwrap();

        assert_eq!((other.id.as_str(), server.posts()), (OTHER_ID, 2));
    }
}

#[tokio::test]
async fn what_a_client_deleted_it_does_not_look_for() {
    let server = atlas(|ask, _| match ask {
        Ask::Take => one(&made(SNAPSHOT_ID, "queued", &tagged("k"))),
        Ask::List(_) => listed(&[]),
        Ask::Delete => json(204, ""),
        _ => not_sharded(),
    })
    .await;
    let client = Client::new(&server.url());
    client.take_with(&keyed("k")).await.unwrap();
    client.delete(None).await.unwrap();

    client.take_with(&keyed("k")).await.unwrap();

    assert_eq!((server.posts(), server.asked(Ask::Get)), (2, 0));
}

#[tokio::test]
async fn without_a_look_at_what_it_took_nothing_is_posted() {
    let server = atlas(|ask, _| match ask {
        Ask::Take => one(&made(SNAPSHOT_ID, "queued", &tagged("k"))),
        Ask::List(_) => listed(&[]),
        Ask::Get => rejection(403, "ACCESS_FORBIDDEN"),
        _ => not_sharded(),
    })
    .await;
    let client = Client::new(&server.url());
    client.take_with(&keyed("k")).await.unwrap();

    api(client.take_with(&keyed("k")).await);

    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn another_one_that_lists_show_in_its_place_is_a_duplicate() {
    let server = atlas(|ask, nth| match (ask, nth) {
        (Ask::Take | Ask::Get, _) => one(&made(SNAPSHOT_ID, "queued", &tagged("k"))),
        (Ask::List(_), 0 | 1) => listed(&[]),
        (Ask::List(_), _) => listed(&[made(OTHER_ID, "queued", &tagged("k"))]),
        _ => not_sharded(),
    })
    .await;
    let client = Client::new(&server.url());
    client.take_with(&keyed("k")).await.unwrap();

    let error = duplicates(client.take_with(&keyed("k")).await);

    let mut found = crate::life::ids(&error.snapshots);
    found.sort_unstable();
    assert_eq!((found, server.posts()), (vec![SNAPSHOT_ID, OTHER_ID], 1));
}

#[tokio::test]
async fn one_that_is_too_new_to_be_found_is_looked_for_again() {
    for (total, posts, is_found) in [(10.0, 1, true), (1.5, 1, false)] {
        let server = atlas(|ask, nth| match (ask, nth) {
            (Ask::Take, _) | (Ask::Get, 1..) => one(&made(SNAPSHOT_ID, "queued", &tagged("k"))),
            (Ask::List(_), _) => listed(&[]),
            (Ask::Get, 0) => {
                json_with(404, &date_after(100), &atlas_error(404, "SNAPSHOT_NOT_FOUND"))
            }
            _ => not_sharded(),
        })
        .await;
        let client = Client::with(&server.url(), &token(), &Budget { total, ..BUDGET });
        client.take_with(&keyed("k")).await.unwrap();

        let again = client.take_with(&keyed("k")).await;

        assert_eq!((again.is_ok(), server.posts()), (is_found, posts), "{again:?}");
    }
}

#[tokio::test]
async fn after_a_long_pause_the_key_is_looked_for_again() {
    for (pause, polls) in [(1, 1), (5, 2)] {
        let server = atlas(move |ask, nth| match (ask, nth) {
            (Ask::Take, 0) => {
                let wait = format!("Retry-After: {pause}\r\n");
                json_with(429, &wait, &atlas_error(429, "RATE_LIMITED"))
            }
            (Ask::Take, _) => one(&made(SNAPSHOT_ID, "queued", &tagged("k"))),
            // Meanwhile another process takes it.
            (Ask::List(_), 1) if pause == 5 => listed(&[made(OTHER_ID, "queued", &tagged("k"))]),
            (Ask::List(_), _) => listed(&[]),
            _ => not_sharded(),
        })
        .await;
        let client = Client::with(&server.url(), &token(), &Budget { total: 20.0, ..BUDGET });

        let snapshot = client.take_with(&keyed("k")).await.unwrap();

        let id = if polls == 2 { OTHER_ID } else { SNAPSHOT_ID };
        assert_eq!((snapshot.id.as_str(), server.posts()), (id, 3 - polls), "{pause}");
    }
}

#[tokio::test]
async fn a_list_that_stays_empty_is_empty_though_its_estimate_says_otherwise() {
    let server = atlas(|ask, _| match ask {
        Ask::Take => one(&made(SNAPSHOT_ID, "queued", &tagged("k"))),
        Ask::List(_) => page(&[], &serde_json::json!(5)),
        _ => not_sharded(),
    })
    .await;

    Client::new(&server.url()).take_with(&keyed("k")).await.unwrap();

    let requests = server.requests();
    let before = requests.iter().take_while(|request| Ask::of(request) != Ask::Take);
    let walks = before.filter(|request| Ask::of(request) == Ask::List(1));
    assert_eq!((walks.count(), server.posts()), (3, 1));
}
