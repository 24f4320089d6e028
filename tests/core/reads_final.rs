//! Reads that meet a fault which does not pass: the error comes at once, from one request.

use std::time::Duration;

use atlas_backups::error::{ApiKind, Error};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::client::{
    BUDGET, Budget, Client, SLACK, SNAPSHOT_ID, api, atlas, good, seen, service_account, timed,
    token,
};
use crate::life::{Ask, rejection};
use crate::server::{Server, Step, answer, html, json, json_with};
use crate::tls::Authority;

const MEBIBYTE: usize = 1 << 20;

/// The error that a read ends with, which must be made of one request.
async fn at_once(name: &str, steps: Vec<Step>) -> Error {
    let server = Server::start(move |_| steps.clone()).await;
    let budget = Budget { attempt: 20.0, total: 20.0, ..BUDGET };
    let (result, took) = timed(Client::with(&server.url(), &token(), &budget).get()).await;
    assert_eq!(server.requests().len(), 1, "{name}");
    assert!(took < Duration::from_secs(8), "{name}: {took:?}");
    result.expect_err(name)
}

#[tokio::test]
async fn answers_without_a_snapshot_in_them() {
    for body in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"id":null}"#,
        r#"{"id":7}"#,
        r#"{"id":"6600000000000000000000BB"}"#,
        r#"{"id":"6600000000000000000000bb""#,
        "<html><body>Welcome</body></html>",
    ] {
        let error = at_once(body, json(200, body)).await;
        assert!(matches!(error, Error::InvalidResponse(_)), "{body}: {error:?}");
    }
    let none = at_once("204", vec![Step::Send(b"HTTP/1.1 204 X\r\n\r\n".to_vec())]).await;
    assert!(matches!(none, Error::InvalidResponse(_)), "{none:?}");
}

#[tokio::test]
async fn bodies_that_are_too_large_or_too_deep() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let endless = vec![Step::Send(head.into()), Step::Forever(chunk.into_bytes(), Duration::ZERO)];
    let huge = format!("{}{}", good(), " ".repeat(8 * MEBIBYTE));
    let deep =
        format!(r#"{{"id":"{SNAPSHOT_ID}","x":{}{}}}"#, "[".repeat(99_999), "]".repeat(99_999));
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..128 {
        std::io::Write::write_all(&mut bomb, &vec![b' '; MEBIBYTE]).unwrap();
    }
    let bomb = answer(200, "Content-Encoding: gzip\r\n", bomb.finish().unwrap());

    for (name, steps, says) in [
        ("endless", endless, "larger"),
        ("huge", json(200, &huge), "larger"),
        ("deep", json(200, &deep), "nested"),
        ("bomb", vec![Step::Send(bomb)], "larger"),
    ] {
        let error = at_once(name, steps).await;
        assert!(matches!(error, Error::InvalidResponse(_)), "{name}: {error:?}");
        assert!(error.to_string().contains(says), "{name}: {error}");
    }
}

#[tokio::test]
async fn refusals_of_atlas_keep_their_code() {
    for (status, code, kind) in [
        (400, "VALIDATION_ERROR", ApiKind::Validation),
        (401, "NOT_ORG_GROUP_CREATOR", ApiKind::NotOrgGroupCreator),
        (402, "ACCOUNT_SUSPENDED", ApiKind::PaymentRequired),
        (403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", ApiKind::IpAccessList),
        (404, "CLUSTER_NOT_FOUND", ApiKind::ClusterNotFound),
        (405, "OTHER", ApiKind::MethodNotAllowed),
        (406, "OTHER", ApiKind::NotAcceptable),
        (409, "OTHER", ApiKind::Conflict),
        (410, "VERSION_GONE", ApiKind::Gone),
        (418, "NEW", ApiKind::Other),
    ] {
        let Error::Api(error) = at_once(code, rejection(status, code)).await else {
            panic!("{code}")
        };
        assert_eq!((error.kind, error.effort.attempts), (kind, 1), "{code}");
        assert_eq!(error.error_code.as_deref(), Some(code));
    }
}

#[tokio::test]
async fn refusals_of_strangers() {
    for status in [400, 402, 403, 405, 410, 418] {
        let error = at_once("stranger", html(status)).await;
        assert!(matches!(&error, Error::Api(api) if api.status == status), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_and_no_credential_leaves() {
    for status in [301, 302, 307, 308] {
        let other = Server::start(|_| json(200, &good())).await;
        let headers = format!("Location: {}\r\n", other.url());
        let error = at_once("redirect", vec![Step::Send(answer(status, &headers, good()))]).await;
        assert!(matches!(error, Error::InvalidResponse(_)), "{status}: {error:?}");
        assert_eq!(other.connections(), 0, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_tls_does_not_believe_gets_no_request() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.acceptor("localhost", (2020, 2090), &[]), |_| {
        json(200, &good())
    })
    .await;

    let (result, took) = timed(Client::new(&server.url()).get()).await;

    assert_eq!(atlas(result).effort.attempts, 1);
    assert!(took < SLACK, "{took:?}");
    assert_eq!((server.connections(), server.requests().len()), (1, 0));
}

#[tokio::test]
async fn a_429_beyond_the_deadline() {
    for value in ["1000000000", "60", "Fri, 31 Dec 9998 23:59:59 GMT"] {
        let steps = json_with(429, &format!("Retry-After: {value}\r\n"), "");
        let (error, took) = timed(Box::pin(at_once(value, steps))).await;
        assert!(matches!(&error, Error::Api(api) if api.kind == ApiKind::RateLimit), "{error:?}");
        assert!(took < SLACK, "{value}: {took:?}");
    }
}

#[tokio::test]
async fn a_second_token_that_is_refused() {
    let server = Server::start(|request| match request.path() {
        "/api/oauth/token" => json(200, r#"{"access_token":"canary-token","expires_in":3600}"#),
        _ => json_with(401, "WWW-Authenticate: Bearer\r\n", ""),
    })
    .await;

    let error = api(Client::with(&server.url(), &service_account(), &BUDGET).get().await);

    assert_eq!((error.status, error.effort.attempts), (401, 2));
    assert_eq!((server.asked(Ask::Get), server.count("/api/oauth/token")), (2, 2));
}

#[tokio::test]
async fn oddities_outside_the_id_are_no_faults() {
    let odd = format!(
        r#"{{"id":"{SNAPSHOT_ID}","id":"{SNAPSHOT_ID}","type":"cubeCluster","status":"exploded",
        "createdAt":"soon","policyItems":null,"links":null,"big":{}}}"#,
        "9".repeat(500)
    );
    // An hour off, as far as this machine knows.
    let headers = "Date: Mon, 5 Aug 2024 00:00:00 GMT\r\n";
    let server = Server::start(move |_| json_with(200, headers, &odd)).await;

    let seen = seen(&Client::new(&server.url()).get().await.unwrap());

    assert_eq!((&seen["status"], &seen["type"]), (&"exploded".into(), &"cubeCluster".into()));
    assert_eq!(seen["extra"]["createdAt"], "soon");
}
