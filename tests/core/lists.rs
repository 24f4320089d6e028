//! The list of snapshots: pages, counts that are wrong, and pages that shift while they are read.

use std::time::Duration;

use atlas_backups::error::Error;
use atlas_backups::operations::list_snapshots;
use serde_json::{Value, json};

use crate::client::{BUDGET, Budget, Client, api, cluster, token};
use crate::life::{Ask, atlas, ids, listed, made, not_sharded, page};
use crate::server::{Server, Step, json as json_answer};

fn id(number: usize) -> String {
    format!("66000000{number:016x}")
}

fn items(numbers: impl IntoIterator<Item = usize>) -> Vec<Value> {
    numbers.into_iter().map(|number| made(&id(number), "completed", "d")).collect()
}

/// What is on a page of those numbers.
fn of_page(numbers: &[usize], number: usize) -> Vec<Value> {
    items(numbers.chunks(500).nth(number - 1).unwrap_or_default().iter().copied())
}

/// A server whose plain list gives these steps by page and walk, both from their first.
async fn plain(pages: impl Fn(usize, usize) -> Vec<Step> + Send + Sync + 'static) -> Server {
    atlas(move |ask, nth| match ask {
        Ask::List(number) => pages(number, nth),
        _ => not_sharded(),
    })
    .await
}

#[tokio::test]
async fn all_pages_are_read_and_the_newest_comes_first() {
    let numbers: Vec<usize> = (0..1234).collect();
    let server = plain(move |number, _| page(&of_page(&numbers, number), &json!(1234))).await;

    let snapshots = Client::new(&server.url()).list().await.unwrap();

    let expected: Vec<String> = (0..1234).rev().map(id).collect();
    assert_eq!(ids(&snapshots), expected);
    assert_eq!((server.asked(Ask::List(3)), server.requests().len()), (1, 4));
}

#[tokio::test]
async fn a_cluster_without_snapshots_has_an_empty_list() {
    for body in [
        r#"{"results":[],"totalCount":0}"#,
        r#"{"results":null,"totalCount":0}"#,
        r#"{"results":null}"#,
        r#"{"results":[],"totalCount":null}"#,
    ] {
        let server = plain(move |_, _| json_answer(200, body)).await;
        assert_eq!(Client::new(&server.url()).list().await.unwrap().len(), 0, "{body}");
        assert_eq!(server.asked(Ask::List(1)), 1, "{body}");
    }
}

#[tokio::test]
async fn the_count_is_an_estimate_and_decides_nothing() {
    let numbers: Vec<usize> = (0..720).collect();
    for total in [json!(null), json!(0), json!(1), json!(480), json!(500), json!(900), json!("x")] {
        let (numbers, said) = (numbers.clone(), total.clone());
        let server = plain(move |number, _| page(&of_page(&numbers, number), &said)).await;

        let snapshots = Client::new(&server.url()).list().await.unwrap();

        assert_eq!(snapshots.len(), 720, "{total}");
        assert!(server.asked(Ask::List(1)) <= 3, "{total}");
    }
}

#[tokio::test]
async fn nothing_comes_twice_when_a_new_one_shifts_the_pages() {
    // Newest first: between the pages one more is taken.
    let before: Vec<usize> = (0..600).rev().collect();
    let after: Vec<usize> = (0..=600).rev().collect();
    let server = plain(move |number, walk| {
        let numbers = if (number, walk) == (1, 0) { &before } else { &after };
        page(&of_page(numbers, number), &json!(numbers.len()))
    })
    .await;

    let snapshots = Client::new(&server.url()).list().await.unwrap();

    let expected: Vec<String> = (0..=600).rev().map(id).collect();
    assert_eq!(ids(&snapshots), expected);
}

#[tokio::test]
async fn none_is_lost_when_one_that_goes_shifts_the_pages() {
    let before: Vec<usize> = (0..600).rev().collect();
    let after: Vec<usize> = (0..599).rev().collect();
    let server = plain(move |number, walk| {
        let numbers = if (number, walk) == (1, 0) { &before } else { &after };
        page(&of_page(numbers, number), &json!(numbers.len()))
    })
    .await;

    let snapshots = Client::new(&server.url()).list().await.unwrap();

    let found = ids(&snapshots);
    assert!((0..599).all(|number| found.contains(&id(number).as_str())), "{}", found.len());
}

#[tokio::test]
async fn a_list_that_shifts_all_the_time_ends_with_what_three_walks_found() {
    let server = plain(|number, walk| {
        let numbers: Vec<usize> = (0..600 + 2 * walk + number).rev().collect();
        page(&of_page(&numbers, number), &json!(numbers.len()))
    })
    .await;

    let snapshots = Client::new(&server.url()).list().await.unwrap();

    // The very last one came when its page had been read.
    assert_eq!(snapshots.len(), 605);
    assert_eq!((server.asked(Ask::List(1)), server.asked(Ask::List(2))), (3, 3));
}

#[tokio::test]
async fn pages_after_the_first_are_requested_sixteen_at_a_time() {
    let numbers: Vec<usize> = (0..20 * 500).collect();
    let server = plain(move |number, _| {
        // Longer than a loaded machine needs for the requests that come at once.
        let pause = Step::Pause(Duration::from_secs(if number == 1 { 0 } else { 4 }));
        [vec![pause], page(&of_page(&numbers, number), &json!(numbers.len()))].concat()
    })
    .await;
    let budget = Budget { attempt: 20.0, total: 30.0, ..BUDGET };
    let client = Client::with(&server.url(), &token(), &budget);
    let task = tokio::spawn(async move { client.list().await });

    while server.requests().len() < 1 + 16 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let at_once = server.requests().len() - 1;

    assert_eq!(task.await.unwrap().unwrap().len(), 20 * 500);
    assert_eq!(at_once, 16);
}

#[tokio::test]
async fn a_server_that_gives_the_same_page_for_ever_is_left() {
    for total in [json!(null), json!(1_000_000)] {
        let whole = items(0..500);
        let server = plain(move |_, _| page(&whole, &total)).await;
        let budget = Budget { attempt: 20.0, total: 30.0, ..BUDGET };

        let client = Client::with(&server.url(), &token(), &budget);
        assert_eq!(client.list().await.unwrap().len(), 500);
        assert!(server.requests().len() <= 7 + 3 * 15, "{}", server.requests().len());
    }
}

#[tokio::test]
async fn an_entry_that_cannot_be_used_spoils_the_list() {
    let mut without = made("x", "queued", "d");
    without.as_object_mut().unwrap().remove("id");
    for (entry, total) in [
        (without.clone(), json!(2)),
        (without, json!(null)),
        (made("6600", "queued", "d"), json!(2)),
        (json!({"id": null}), json!(null)),
        (json!(7), json!(2)),
    ] {
        let both = [made(&id(1), "completed", "d"), entry.clone()];
        let server = plain(move |_, _| page(&both, &total)).await;

        let error = Client::new(&server.url()).list().await.unwrap_err();

        assert!(matches!(error, Error::InvalidResponse(_)), "{entry}: {error:?}");
        assert!(server.requests().len() <= 3, "{entry}: {}", server.requests().len());
    }
}

#[tokio::test]
async fn what_is_no_list_is_no_answer_of_atlas() {
    for body in [
        "{}",
        "[]",
        r#"{"results":{}}"#,
        r#"{"results":null,"totalCount":3}"#,
        r#"{"id":"6600000000000000000000bb"}"#,
        "<html></html>",
    ] {
        let server = plain(move |_, _| json_answer(200, body)).await;
        let error = Client::new(&server.url()).list().await.unwrap_err();
        assert!(matches!(error, Error::InvalidResponse(_)), "{body}: {error:?}");
        assert_eq!(server.requests().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn an_error_on_a_later_page_is_not_a_shorter_list() {
    let numbers: Vec<usize> = (0..720).collect();
    let server = plain(move |number, _| match number {
        1 => page(&of_page(&numbers, 1), &json!(720)),
        _ => crate::life::rejection(403, "USER_UNAUTHORIZED"),
    })
    .await;

    assert_eq!(api(Client::new(&server.url()).list().await).status, 403);
}

#[tokio::test]
async fn without_sharded_ones_the_other_list_is_not_asked() {
    let server = plain(|_, _| listed(&items(0..3))).await;
    let client = Client::new(&server.url());

    let snapshots = list_snapshots(&client.atlas, &cluster(), false, &client.call()).await.unwrap();

    assert_eq!(snapshots.len(), 3);
    assert_eq!(server.asked(Ask::ShardedList), 0);
}
