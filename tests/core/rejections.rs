//! Answers that say no: which of them are final, waited for, or worth no belief.

use atlas_backups::operations::TakeArguments;
use std::time::{Duration, SystemTime};

use atlas_backups::error::{ApiKind, Error};

use crate::client::{BUDGET, Budget, Client, SLACK, ambiguous, api, good, timed, token};
use crate::server::{Server, atlas_error, html, json, json_with};

#[tokio::test]
async fn every_other_error_of_atlas_is_final_and_sent_once() {
    for (status, code, kind) in [
        (400, "VALIDATION_ERROR", ApiKind::Validation),
        (402, "ACCOUNT_SUSPENDED", ApiKind::PaymentRequired),
        (403, "CANNOT_CHANGE_GROUP_NAME", ApiKind::CannotChangeGroupName),
        (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", ApiKind::IpAccessList),
        (404, "RESOURCE_NOT_FOUND", ApiKind::ResourceNotFound),
        (404, "UNEXPECTED_ERROR", ApiKind::NotFound),
        (405, "OTHER", ApiKind::MethodNotAllowed),
        (409, "CANNOT_UPDATE_PAUSED_CLUSTER", ApiKind::Conflict),
        (410, "VERSION_GONE", ApiKind::Gone),
        (418, "NEW", ApiKind::Other),
        (401, "NOT_ORG_GROUP_CREATOR", ApiKind::NotOrgGroupCreator),
    ] {
        let server = Server::start(move |_| json(status, &atlas_error(status, code))).await;

        let error = api(Client::new(&server.url()).take().await);

        assert_eq!((error.kind, error.status), (kind, status));
        assert_eq!(error.error_code.as_deref(), Some(code));
        assert_eq!(error.detail.as_deref(), Some("It went wrong."));
        assert_eq!((error.effort.attempts, server.posts()), (1, 1), "{code}");
    }
}

#[tokio::test]
async fn status_in_an_envelope_counts_where_one_was_asked_for() {
    for (body, kind) in [
        (
            format!(r#"{{"status":400,"content":{}}}"#, atlas_error(400, "VALIDATION_ERROR")),
            ApiKind::Validation,
        ),
        (atlas_error(403, "NEW").replacen('{', r#"{"status":403,"#, 1), ApiKind::Forbidden),
    ] {
        let server = Server::start(move |_| json(200, &body)).await;
        assert_eq!(api(Client::new(&server.url()).take_with(&with_envelope()).await).kind, kind);
        assert_eq!(server.posts(), 1);
    }
    for body in [
        format!(r#"{{"status":500,"content":{}}}"#, atlas_error(500, "UNEXPECTED_ERROR")),
        format!(r#"{{"status":302,"content":{}}}"#, good()),
        r#"{"status":200,"content":null}"#.to_owned(),
        r#"{"status":200,"content":[]}"#.to_owned(),
        r#"{"status":200}"#.to_owned(),
        r#"{"status":404,"content":{"message":"not Atlas"}}"#.to_owned(),
    ] {
        let server = Server::start(move |_| json(200, &body)).await;
        ambiguous(Client::new(&server.url()).take_with(&with_envelope()).await);
        assert_eq!(server.posts(), 1);
    }
}

#[tokio::test]
async fn status_field_of_a_response_without_an_envelope_has_no_meaning() {
    let body = good().replacen('{', r#"{"status":429,"#, 1);
    let body = body.replace(r#""status":"queued","#, "");
    let server = Server::start(move |_| json(200, &body)).await;

    Client::new(&server.url()).take().await.unwrap();

    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn a_good_envelope_inside_a_bad_answer_is_not_believed() {
    let body = format!(r#"{{"status":200,"content":{}}}"#, good());
    let server = Server::start(move |_| json(502, &body)).await;

    ambiguous(Client::new(&server.url()).take().await);

    assert_eq!(server.posts(), 1);
}

#[tokio::test]
async fn server_errors_and_strangers_answers_leave_it_open() {
    for status in [408, 500, 502, 503, 504, 599] {
        for from_atlas in [true, false] {
            let server = Server::start(move |_| match from_atlas {
                true => json(status, &atlas_error(status, "UNEXPECTED_ERROR")),
                false => html(status),
            })
            .await;
            let error = ambiguous(Client::new(&server.url()).take().await);
            assert!(matches!(&*error.cause, Error::Api(api) if api.status == status));
            assert_eq!(server.posts(), 1, "{status}");
        }
    }
    for status in [400, 402, 403, 404, 405, 409, 410, 418] {
        for spring in [true, false] {
            let server = Server::start(move |_| match spring {
                true => json(status, r#"{"error":"Not Found","message":"no static resource"}"#),
                false => html(status),
            })
            .await;
            ambiguous(Client::new(&server.url()).take().await);
            assert_eq!(server.posts(), 1, "{status}");
        }
    }
}

#[tokio::test]
async fn a_401_with_a_challenge_and_a_407_are_refusals_whatever_their_body() {
    for (status, header) in
        [(401, "WWW-Authenticate: Bearer realm=\"x\"\r\n"), (407, "Proxy-Authenticate: Basic\r\n")]
    {
        let server = Server::start(move |_| json_with(status, header, "<html>")).await;
        assert_eq!(api(Client::new(&server.url()).take().await).status, status);
        assert_eq!(server.posts(), 1);
    }
    let server = Server::start(|_| html(401)).await;
    ambiguous(Client::new(&server.url()).take().await);
    assert_eq!(server.posts(), 1);
}

/// In milliseconds: the server's pause between two POSTs, however it was asked for.
async fn pause_of(retry_after: &str, body: &'static str) -> (u128, usize) {
    let header = if retry_after.is_empty() {
        String::new()
    } else {
        format!("Retry-After: {retry_after}\r\n")
    };
    let server = Server::start(move |request| match request.nth {
        0 => json_with(429, &header, body),
        _ => json(200, &good()),
    })
    .await;
    let client = Client::with(&server.url(), &token(), &Budget { total: 10.0, ..BUDGET });
    let (result, took) = timed(client.take()).await;
    result.unwrap();
    (took.as_millis(), server.posts())
}

#[tokio::test]
async fn a_429_is_waited_for_at_least_a_second() {
    let in_two = httpdate(SystemTime::now() + Duration::from_secs(2));
    let (past, far_past) = ("Sun, 06 Nov 1994 08:49:37 GMT", "-5");
    let bucket = r#"{"errorCode":"RATE_LIMITED","parameters":["x","2",1200,500,60]}"#;
    let (seconds, date, absent, garbage, zero, before, negative, fields) = tokio::join!(
        pause_of("2", ""),
        pause_of(&in_two, "<html>"),
        pause_of("", "<html>"),
        pause_of("soon", ""),
        pause_of("0", ""),
        pause_of(past, ""),
        pause_of(far_past, ""),
        pause_of("", bucket),
    );
    for (name, (took, posts), least) in [
        ("seconds", seconds, 2000),
        ("date", date, 1000),
        ("absent", absent, 1000),
        ("garbage", garbage, 1000),
        ("zero", zero, 1000),
        ("past", before, 1000),
        ("negative", negative, 1000),
        ("fields", fields, 2000),
    ] {
        assert!(took >= least && took < least + 1500 + 500, "{name}: {took} ms");
        assert_eq!(posts, 2, "{name}");
    }
}

#[tokio::test]
async fn a_429_beyond_the_deadline_is_an_error_now() {
    for value in ["1000000000", "60", "99999999999999999999999", "Fri, 31 Dec 9998 23:59:59 GMT"] {
        let header = format!("Retry-After: {value}\r\n");
        let server =
            Server::start(move |_| json_with(429, &header, &atlas_error(429, "RATE_LIMITED")))
                .await;

        let (result, took) = timed(Client::new(&server.url()).take()).await;

        let error = api(result);
        assert_eq!(error.kind, ApiKind::RateLimit);
        assert!(error.retry_after.unwrap() > Duration::from_secs(59));
        assert!(took < SLACK, "{value}: {took:?}");
        assert_eq!(server.posts(), 1);
    }
}

#[tokio::test]
async fn endless_429s_end_with_the_budget() {
    // After 0, 2 to 2.2 and 4 to 4.6 s: never so late that the end of the time could cut it off.
    let server = Server::start(|_| json_with(429, "Retry-After: 2\r\n", "")).await;
    let budget = Budget { total: 5.8, ..BUDGET };

    let (result, took) = timed(Client::with(&server.url(), &token(), &budget).take()).await;

    let error = api(result);
    assert_eq!(error.effort.attempts as usize, server.posts());
    assert!((2..=3).contains(&server.posts()), "{}", server.posts());
    assert!(took < Duration::from_secs_f64(5.8) + SLACK);

    let budget = Budget { retries: 0, ..BUDGET };
    let (result, took) = timed(Client::with(&server.url(), &token(), &budget).take()).await;
    assert_eq!(api(result).effort.attempts, 1);
    assert!(took < SLACK);
}

#[tokio::test]
async fn writes_barred_during_an_upgrade_are_waited_for() {
    let server = Server::start(|request| match request.nth {
        0 => json(405, &atlas_error(405, "WRITES_NOT_ALLOWED_DURING_APP_UPGRADES")),
        _ => json(200, &good()),
    })
    .await;

    let (result, took) = timed(Client::new(&server.url()).take()).await;

    result.unwrap();
    assert_eq!(server.posts(), 2);
    assert!(took >= Duration::from_secs(1));
}

#[tokio::test]
async fn violations_of_a_hostile_answer_do_not_flood_the_message() {
    let long = "x".repeat(10_000);
    let body = format!(
        r#"{{"errorCode":"{long}","detail":"{long}","reason":"{long}","badRequestDetail":{{"fields":[
        {{"field":"a\u001b[31m\n","description":"{long}\u0000"}}]}}}}"#
    );
    let server = Server::start(move |_| json(400, &body)).await;

    let message = Client::new(&server.url()).take().await.unwrap_err().to_string();

    assert!(message.chars().count() < 2000, "{} characters", message.chars().count());
    assert!(!message.contains(char::is_control), "{message:?}");
}

#[tokio::test]
async fn an_echoed_token_is_hidden() {
    for status in [400, 403, 500] {
        for coded in [true, false] {
            let server = Server::start(move |request| {
                let sent = request.header("authorization").unwrap();
                let code = if coded { r#""errorCode":"X","# } else { "" };
                json(
                    status,
                    &format!(
                        r#"{{{code}"detail":"{sent}","parameters":["{sent}"],"reason":"{sent}"}}"#
                    ),
                )
            })
            .await;
            let error = Client::new(&server.url()).take().await.unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary-access-token"), "{error:?}");
        }
    }
}

fn httpdate(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let seconds = i64::try_from(seconds).unwrap();
    let time = jiff::Timestamp::from_second(seconds).unwrap();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn with_envelope() -> TakeArguments {
    TakeArguments::new(None, None, true, false).unwrap()
}
