//! A service account's token: fetched once, shared, renewed, revoked, and never fetched in a rush.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use atlas_backups::error::{ApiKind, Error};
use data_encoding::BASE64;

use crate::client::{
    BUDGET, Budget, Client, IMPATIENT, SLACK, ambiguous, api, good, service_account, timed, timeout,
};
use crate::server::{Received, Server, Step, answer, atlas_error, html, json, json_with};

const TOKEN: &str = "/api/oauth/token";
const REVOKE: &str = "/api/oauth/revoke";

fn granted(number: usize, expires_in: &str) -> Vec<Step> {
    let token = format!("canary-token-{number}");
    json(
        200,
        &format!(r#"{{"access_token":"{token}","expires_in":{expires_in},"token_type":"Bearer"}}"#),
    )
}

fn is_token(request: &Received) -> bool {
    request.path().ends_with(TOKEN)
}

fn after(pause: u64, steps: Vec<Step>) -> Vec<Step> {
    [vec![Step::Pause(Duration::from_millis(pause))], steps].concat()
}

fn client(server: &Server) -> Client {
    Client::with(&server.url(), &service_account(), &BUDGET)
}

/// Lets the time of the runtime pass at once.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// What every one of many calls at once ended with.
async fn at_once(
    client: &Client,
    calls: usize,
) -> Vec<Result<atlas_backups::model::Snapshot, Error>> {
    let calls: Vec<_> = (0..calls)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.take().await })
        })
        .collect();
    let mut results = Vec::new();
    for call in calls {
        results.push(call.await.unwrap());
    }
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_first_calls_fetch_one_token() {
    let server = Server::start(|request| match is_token(request) {
        true => after(50, granted(request.nth, "3600")),
        false => json(200, &good()),
    })
    .await;
    let client = client(&server);

    assert!(at_once(&client, 64).await.iter().all(Result::is_ok));

    assert_eq!((server.count(TOKEN), server.posts()), (1, 64));
    let requests = server.requests();
    let asked = requests.iter().find(|request| is_token(request)).unwrap();
    let basic = format!("Basic {}", BASE64.encode(b"mdb_sa_id_1:canary-client-secret"));
    assert_eq!(asked.header("authorization"), Some(basic.as_str()));
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        (asked.body.as_slice(), asked.method.as_str()),
        (&b"grant_type=client_credentials"[..], "POST")
    );
    for post in requests.iter().filter(|request| !is_token(request)) {
        assert_eq!(post.header("authorization"), Some("Bearer canary-token-0"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_shared_by_all_that_waited_for_it() {
    let server = Server::start(|_| {
        after(100, json(401, r#"{"error":"invalid_client","error_description":"no"}"#))
    })
    .await;
    let client = client(&server);

    for result in at_once(&client, 64).await {
        let error = api(result);
        assert_eq!(
            (error.kind, error.error_code.as_deref()),
            (ApiKind::Unauthorized, Some("invalid_client"))
        );
        assert!(error.hint.unwrap().contains("client secret"));
    }
    assert_eq!((server.count(TOKEN), server.posts()), (1, 0));

    // A later call asks again: the secret may have been repaired.
    api(client.take().await);
    assert_eq!(server.count(TOKEN), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_token_endpoint_is_not_hammered_by_each_waiter() {
    for end in [html(503), vec![Step::Reset]] {
        let server = Server::start(move |_| after(20, end.clone())).await;
        let budget = Budget { retries: 1, ..BUDGET };
        let client = Client::with(&server.url(), &service_account(), &budget);

        let results = at_once(&client, 64).await;

        assert!(results.iter().all(Result::is_err));
        assert_eq!((server.count(TOKEN), server.posts()), (2, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_token_endpoint_is_not_hammered_and_ends_in_time() {
    let server = Server::start(|_| vec![Step::Pause(Duration::from_secs(30))]).await;
    let budget = Budget { attempt: 0.3, total: 1.0, retries: 0, ..BUDGET };
    let client = Client::with(&server.url(), &service_account(), &budget);

    let (results, took) = timed(at_once(&client, 64)).await;

    for result in results {
        timeout(result);
    }
    assert!(took < Duration::from_secs(1) + SLACK, "{took:?}");
    assert!(server.count(TOKEN) <= 4, "{}", server.count(TOKEN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_dropped_leaves_the_fetch_to_a_follower() {
    let server = Server::start(|request| match (is_token(request), request.nth) {
        (true, 0) => after(30_000, vec![]),
        (true, nth) => granted(nth, "3600"),
        (false, _) => json(200, &good()),
    })
    .await;
    let client = client(&server);
    let leading = client.clone();
    let leader = tokio::spawn(async move { leading.take().await });
    while server.count(TOKEN) == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let followers = {
        let client = client.clone();
        tokio::spawn(async move { at_once(&client, 16).await })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;

    leader.abort();

    let (results, took) = timed(followers).await;
    assert!(results.unwrap().iter().all(Result::is_ok));
    assert!(took < SLACK, "{took:?}");
    assert_eq!((server.count(TOKEN), server.posts()), (2, 16));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let server = Server::start(|request| match is_token(request) {
        true => granted(request.nth, "100"),
        false => json(200, &good()),
    })
    .await;
    let client = client(&server);

    client.take().await.unwrap();
    client.take().await.unwrap();
    assert_eq!(server.count(TOKEN), 1);
    pass(Duration::from_secs(92)).await;
    client.take().await.unwrap();

    assert_eq!(server.count(TOKEN), 2);
    assert_eq!(
        server.requests().last().unwrap().header("authorization"),
        Some("Bearer canary-token-1")
    );
}

#[tokio::test]
async fn odd_lifetimes_neither_wedge_nor_fail() {
    for lifetime in
        ["0", "-1", "null", "\"3600\"", "\"x\"", "1e308", "1e-9", "[]", "99999999999999999999"]
    {
        let server = Server::start(move |request| match is_token(request) {
            true => granted(request.nth, lifetime),
            false => json(200, &good()),
        })
        .await;
        let client = client(&server);
        client.take().await.unwrap();
        client.take().await.unwrap();
        assert!(server.count(TOKEN) <= 2, "{lifetime}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_tokens_are_renewed_once_for_all_calls() {
    let server = Server::start(|request| match is_token(request) {
        true => after(20, granted(request.nth, "3600")),
        false if request.header("authorization") == Some("Bearer canary-token-0") => {
            let rejected = json(401, &atlas_error(401, "UNEXPECTED_ERROR"));
            [vec![Step::Posts(32)], rejected].concat()
        }
        false => json(200, &good()),
    })
    .await;
    let client = client(&server);

    assert!(at_once(&client, 32).await.iter().all(Result::is_ok));

    assert_eq!((server.count(TOKEN), server.posts()), (2, 64));
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let server = Server::start(|request| match is_token(request) {
        true => granted(request.nth, "3600"),
        false => json_with(401, "WWW-Authenticate: Bearer\r\n", ""),
    })
    .await;

    let error = api(client(&server).take().await);

    assert_eq!((error.kind, error.effort.attempts), (ApiKind::Unauthorized, 2));
    assert_eq!((server.count(TOKEN), server.posts()), (2, 2));
}

#[tokio::test]
async fn an_api_that_refuses_every_token_costs_two_however_often_it_is_called() {
    let server = Server::start(|request| match is_token(request) {
        true => granted(request.nth, "3600"),
        false => json(401, &atlas_error(401, "UNEXPECTED_ERROR")),
    })
    .await;
    let client = client(&server);

    for _ in 0..5 {
        assert_eq!(api(client.take().await).kind, ApiKind::Unauthorized);
    }

    assert_eq!((server.count(TOKEN), server.posts(), server.count(REVOKE)), (2, 6, 0));
}

#[tokio::test]
async fn tokens_that_end_again_and_again_are_replaced_each_time() {
    // Each one is good for two calls.
    let server = Server::start(|request| match is_token(request) {
        true => granted(request.nth, "3600"),
        false if request.nth % 3 == 2 => json(401, &atlas_error(401, "UNEXPECTED_ERROR")),
        false => json(200, &good()),
    })
    .await;
    let client = client(&server);

    for _ in 0..6 {
        client.take().await.unwrap();
    }

    assert_eq!((server.count(TOKEN), server.posts()), (3, 8));
}

#[tokio::test]
async fn a_missing_role_says_nothing_against_the_token() {
    for code in
        ["USER_UNAUTHORIZED", "NOT_IN_GROUP", "USER_CANNOT_ACCESS_GROUP", "NOT_ORG_GROUP_CREATOR"]
    {
        for challenge in ["", "WWW-Authenticate: Bearer\r\n"] {
            let server = Server::start(move |request| match is_token(request) {
                true => granted(request.nth, "3600"),
                false => json_with(401, challenge, &atlas_error(401, code)),
            })
            .await;
            let client = client(&server);

            for _ in 0..3 {
                let error = api(client.take().await);
                assert_eq!((error.status, error.effort.attempts), (401, 1), "{code}");
                assert_eq!(error.error_code.as_deref(), Some(code));
            }

            assert_eq!((server.count(TOKEN), server.posts()), (1, 3), "{code}");
        }
    }
}

#[tokio::test]
async fn a_401_that_is_not_from_atlas_is_not_answered_by_a_second_post() {
    // The fault matrix: a 4xx not from Atlas, without a challenge, leaves it open.
    let server = Server::start(|request| match is_token(request) {
        true => granted(request.nth, "3600"),
        false => html(401),
    })
    .await;

    ambiguous(client(&server).take().await);

    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn closing_revokes_the_token_and_no_other_is_fetched() {
    let server = Server::start(|request| match is_token(request) {
        true => granted(request.nth, "3600"),
        false => json(200, &good()),
    })
    .await;
    let client = client(&server);
    client.take().await.unwrap();

    client.close().await;
    client.close().await;
    let result = client.take().await;

    assert!(matches!(result, Err(Error::ClientClosed)), "{result:?}");
    assert_eq!((server.count(TOKEN), server.count(REVOKE), server.posts()), (1, 1, 1));
    let requests = server.requests();
    let revoke = requests.last().unwrap();
    assert_eq!(revoke.body, b"token=canary-token-0&token_type_hint=access_token");
    assert!(revoke.header("authorization").unwrap().starts_with("Basic "));
}

#[tokio::test]
async fn closing_without_a_token_asks_nothing_and_a_failing_revocation_is_no_error() {
    let server = Server::start(|request| match request.path().ends_with(REVOKE) {
        true => vec![Step::Pause(Duration::from_secs(30))],
        false if is_token(request) => granted(0, "3600"),
        false => json(200, &good()),
    })
    .await;
    let unused = client(&server);
    unused.close().await;
    assert!(matches!(unused.take().await, Err(Error::ClientClosed)));
    assert!(server.requests().is_empty());

    let client = Client::with(&server.url(), &service_account(), &IMPATIENT);
    client.take().await.unwrap();
    let ((), took) = timed(client.close()).await;
    assert!(took < Duration::from_secs(1) + SLACK);

    let patient = Budget { attempt: 60.0, total: 300.0, ..BUDGET };
    let client = Client::with(&server.url(), &service_account(), &patient);
    client.take().await.unwrap();
    let ((), took) = timed(client.close()).await;
    assert!(took < Duration::from_secs(3) + SLACK, "{took:?}");
}

#[tokio::test]
async fn a_token_that_arrives_after_closing_is_revoked_too() {
    let server = Server::start(|request| match is_token(request) {
        true => after(300, granted(request.nth, "3600")),
        false => json(200, &good()),
    })
    .await;
    let client = client(&server);
    let taking = client.clone();
    let take = tokio::spawn(async move { taking.take().await });
    while server.count(TOKEN) == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    client.close().await;
    let _ = take.await.unwrap();
    let later = client.take().await;

    assert!(matches!(later, Err(Error::ClientClosed)), "{later:?}");
    assert_eq!(server.count(REVOKE), server.count(TOKEN));
}

#[tokio::test]
async fn passing_trouble_of_the_token_endpoint_is_waited_for() {
    for trouble in [
        html(500),
        html(502),
        json_with(503, "Retry-After: 0\r\n", ""),
        json(408, ""),
        vec![Step::Reset],
        vec![Step::Close],
        vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec()), Step::Close],
    ] {
        let server = Server::start(move |request| match (is_token(request), request.nth) {
            (true, 0) => trouble.clone(),
            (true, nth) => granted(nth, "3600"),
            (false, _) => json(200, &good()),
        })
        .await;
        client(&server).take().await.unwrap();
        assert_eq!((server.count(TOKEN), server.posts()), (2, 1));
    }
}

#[tokio::test]
async fn a_token_endpoint_that_is_busy_is_waited_for_or_named_at_once() {
    let server = Server::start(|request| match (is_token(request), request.nth) {
        (true, 0) => json_with(429, "Retry-After: 1\r\n", ""),
        (true, nth) => granted(nth, "3600"),
        (false, _) => json(200, &good()),
    })
    .await;
    let (result, took) = timed(client(&server).take()).await;
    result.unwrap();
    assert!(took >= Duration::from_secs(1));

    let server = Server::start(|_| json_with(429, "Retry-After: 60\r\n", "")).await;
    let (result, took) = timed(client(&server).take()).await;
    let error = api(result);
    assert_eq!(error.kind, ApiKind::RateLimit);
    assert!(error.hint.unwrap().contains("token endpoint"));
    assert!(took < SLACK);
    assert_eq!((server.count(TOKEN), server.posts()), (1, 0));
}

#[tokio::test]
async fn errors_of_oauth_have_their_own_shape() {
    for (status, body, kind, hint) in [
        (400, r#"{"error":"invalid_client"}"#, ApiKind::BadRequest, Some("client secret")),
        (
            401,
            r#"{"error":"invalid_client","error_description":"x"}"#,
            ApiKind::Unauthorized,
            Some("client secret"),
        ),
        (
            403,
            r#"{"error":"access_denied","error_description":"x"}"#,
            ApiKind::Forbidden,
            Some("100 active tokens"),
        ),
        (404, "<html>", ApiKind::NotFound, None),
        (400, r#"{"error":7,"error_description":null}"#, ApiKind::BadRequest, None),
    ] {
        let server = Server::start(move |_| json(status, body)).await;
        let error = api(client(&server).take().await);
        assert_eq!(error.kind, kind, "{body}");
        assert_eq!(error.hint.is_some(), hint.is_some(), "{error}");
        assert!(
            error.hint.as_deref().unwrap_or_default().contains(hint.unwrap_or_default()),
            "{error}"
        );
        assert_eq!((server.requests().len(), server.posts()), (1, 0));
    }
}

#[tokio::test]
async fn answers_without_a_usable_token_are_errors_and_show_nothing_of_it() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"access_token":null}"#,
        r#"{"access_token":""}"#,
        r#"{"access_token":7}"#,
        r#"{"access_token":"canary\nX: y"}"#,
        r#"{"access_token":"canary ü"}"#,
        &format!(r#"{{"access_token":"canary{}"}}"#, "x".repeat(16 << 10)),
        r#"{"access_token":"canary-token","token_type":"mac"}"#,
        r#"{"access_token":"canary-token","token_type":null}"#,
    ] {
        let body = body.to_owned();
        let server = Server::start(move |_| json(200, &body)).await;
        let error = client(&server).take().await.unwrap_err();
        assert!(matches!(error, Error::InvalidResponse(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        assert_eq!((server.count(TOKEN), server.posts()), (1, 0));
    }
}

#[tokio::test]
async fn a_token_in_an_unreadable_answer_is_not_quoted() {
    for (status, body) in [
        (200, r#"{"access_token":"canary-token","#),
        (200, "access_token=canary-token&token_type=Bearer"),
        (200, r#""canary-token""#),
        (500, r#"{"access_token":"canary-token"}"#),
        (302, "access_token=canary-token"),
        (200, "canary-token"),
        (500, "canary-token"),
        (400, "<canary-token>"),
        (502, "<html>access_token=canary-token</html>"),
        (401, "Bearer canary-token"),
        (200, "<html"),
        (200, "ü"),
    ] {
        let server = Server::start(move |_| json(status, body)).await;
        let budget = Budget { retries: 0, ..BUDGET };
        let error =
            Client::with(&server.url(), &service_account(), &budget).take().await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{status}: {error}");
    }
}

#[tokio::test]
async fn a_gateways_page_is_quoted() {
    for page in ["<html>a page</html>", " \n<!DOCTYPE HTML><p>a page", "<HTML lang=\"en\">a page"] {
        for status in [200, 404] {
            let server = Server::start(move |_| json(status, page)).await;
            let error = client(&server).take().await.unwrap_err();
            assert!(error.to_string().contains("a page"), "{error}");
        }
    }
}

#[tokio::test]
async fn echoed_secrets_are_hidden() {
    let server = Server::start(|request| {
        let sent = request.header("authorization").unwrap();
        json(
            400,
            &format!(r#"{{"error":"{sent}","error_description":"canary-client-secret {sent}"}}"#),
        )
    })
    .await;
    let error = client(&server).take().await.unwrap_err();
    let encoded = BASE64.encode(b"mdb_sa_id_1:canary-client-secret");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary") && !shown.contains(&encoded), "{shown}");
}

#[tokio::test]
async fn a_failing_renewal_does_not_spoil_a_token_that_still_lives() {
    // Renewal begins before the end, so that there is time for it to fail.
    let tokens = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&tokens);
    let server = Server::start(move |request| match is_token(request) {
        true if seen.fetch_add(1, Ordering::SeqCst) == 0 => granted(0, "100"),
        true => vec![Step::Send(answer(503, "Retry-After: 600\r\n", ""))],
        false => json(200, &good()),
    })
    .await;
    let client = client(&server);
    client.take().await.unwrap();
    pass(Duration::from_secs(92)).await;

    client.take().await.unwrap();

    assert_eq!(tokens.load(Ordering::SeqCst), 2);
}
