#![allow(clippy::unwrap_used)]

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const LONGEST_MESSAGE: usize = 2000;

fn answer_with(status: u16, headers: &[(HeaderName, &str)], body: &[u8], cut: bool) -> Response {
    let line = RequestLine { method: http::Method::POST, path: "/api/atlas/v2/x".into() };
    let headers = headers
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), HeaderValue::from_str(value).ok()?)))
        .collect();
    let incomplete = cut.then_some(Incomplete::TooLarge);
    let received = Received { bytes: Bytes::copy_from_slice(body), incomplete };
    let secrets = Redactor::new(["canary\"/\\é-secret".into(), "canary-token".into()]);
    Response::new(line, (status, headers), received, (Scheme::ApiKey, secrets), true)
}

fn answer(status: u16, body: &str) -> Response {
    answer_with(status, &[], body.as_bytes(), false)
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ -~]{0,900}".prop_map(Value::from),
        "\\PC{0,900}".prop_map(Value::from),
        (0_u16..1000).prop_map(Value::from),
    ];
    let names = prop_oneof![
        Just("errorCode".to_owned()),
        Just("error".to_owned()),
        Just("detail".to_owned()),
        Just("error_description".to_owned()),
        Just("reason".to_owned()),
        Just("parameters".to_owned()),
        Just("badRequestDetail".to_owned()),
        Just("fields".to_owned()),
        Just("field".to_owned()),
        Just("description".to_owned()),
        Just("status".to_owned()),
        Just("content".to_owned()),
        any::<String>(),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(names.clone(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// An error as Atlas writes one, with the fields that it may have, each holding anything.
fn errors() -> impl Strategy<Value = Value> {
    let text = prop_oneof![any::<String>(), "\\PC{0,900}", "(canary-token|\\p{Cc}|[a-z]){0,40}"];
    let violation = (text.clone(), text.clone())
        .prop_map(|(field, why)| json!({"field": field, "description": why}));
    let violations = proptest::collection::vec(prop_oneof![3 => violation, 1 => values()], 0..9);
    let value = prop_oneof![2 => text.prop_map(Value::from), 1 => values()];
    (value.clone(), value.clone(), value.clone(), value, violations).prop_map(
        |(code, detail, reason, parameters, fields)| {
            json!({
                "errorCode": code, "detail": detail, "reason": reason, "parameters": [parameters],
                "badRequestDetail": {"fields": fields},
            })
        },
    )
}

fn unwrapped(json: &str) -> (Option<u16>, Value) {
    let outline = Tape::new(json.as_bytes()).unwrap();
    let json = outline.of(json.as_bytes()).unwrap();
    let status = status_inside(json);
    (status, Content::of(json, status.is_some()).into_value())
}

fn everything_of(answer: &Response) -> Result<(), TestCaseError> {
    let _ =
        (answer.fields().is_ok(), answer.retry_after_delay(), answer.error_code(), answer.text());
    if let Some(notice) = answer.deprecation() {
        prop_assert!(notice.chars().count() < 200 && !notice.contains(char::is_control));
    }
    for error in [answer.error(), answer.invalid("it is wrong")] {
        let message = error.to_string();
        let length = message.chars().count();
        prop_assert!(length < LONGEST_MESSAGE, "{length} characters");
        prop_assert!(!message.contains(char::is_control), "{message:?}");
        prop_assert!(!message.contains("canary-token"));
        let is_api = matches!(error, Error::Api(_));
        prop_assert!(is_api || matches!(error, Error::InvalidResponse(_)));
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_with_any_status_give_a_short_and_clean_message(
        status in 100_u16..1000,
        body in proptest::collection::vec(any::<u8>(), 0..600),
        cut in any::<bool>(),
    ) {
        everything_of(&answer_with(status, &[], &body, cut))?;
    }

    #[test]
    fn any_text_does_too(
        status in 100_u16..1000,
        body in "(canary-token|[\\[\\]{}\":,\\\\]|\\PC|\\p{Cc}){0,300}",
        header in "[ -~é]{0,100}",
        cut in any::<bool>(),
    ) {
        let names = [RETRY_AFTER, DATE, HeaderName::from_static("sunset"), HeaderName::from_static("deprecation")];
        let headers = names.map(|name| (name, header.as_str()));
        everything_of(&answer_with(status, &headers, body.as_bytes(), cut))?;
    }

    #[test]
    fn any_json_does_too(status in 100_u16..1000, body in values()) {
        everything_of(&answer(status, &body.to_string()))?;
    }

    #[test]
    fn any_error_does_too(status in 400_u16..600, body in errors()) {
        everything_of(&answer(status, &body.to_string()))?;
    }

    #[test]
    fn an_envelope_is_taken_off_and_nothing_else(status in 100_u16..600, content in values()) {
        let wrapped = json!({"status": status, "content": content}).to_string();
        prop_assert_eq!(unwrapped(&wrapped), (Some(status), content.clone()));
        if content.get("status").is_none() {
            prop_assert_eq!(unwrapped(&content.to_string()), (None, content));
        }
    }

    #[test]
    fn only_a_good_answer_is_judged_by_its_envelope(outer in 100_u16..1000, inner in 100_u16..600) {
        let body = json!({"status": inner, "content": {}}).to_string();
        let expected = if outer < 300 { inner } else { outer };
        prop_assert_eq!(answer(outer, &body).status(), expected);
        prop_assert_eq!(answer(outer, &body).http_status(), outer);
    }

    #[test]
    fn a_retry_after_wins_over_the_fields_of_the_body(seconds in any::<u32>(), wait in any::<u32>()) {
        let body = json!({"parameters": ["x", wait.to_string(), 1200]}).to_string();
        let text = seconds.to_string();
        let both = answer_with(429, &[(RETRY_AFTER, &text)], body.as_bytes(), false);
        let duration = |s: u32| Some(Duration::from_secs(s.into()));
        prop_assert_eq!(both.retry_after_delay(), duration(seconds));
        prop_assert_eq!(answer(429, &body).retry_after_delay(), duration(wait));
        prop_assert_eq!(answer(503, &body).retry_after_delay(), None);
    }

    #[test]
    fn any_wait_in_a_body_is_read_without_panic(wait in values(), header in "[ -~]{0,40}") {
        let body = json!({"parameters": ["x", wait]}).to_string();
        let _ = answer_with(429, &[(RETRY_AFTER, &header)], body.as_bytes(), false).retry_after_delay();
    }

    #[test]
    fn one_line_stays_one_line(text in any::<String>(), longest in 1_usize..200) {
        let line = printable(&text, longest);
        prop_assert!(line.chars().count() <= longest + 1);
        prop_assert!(!line.contains(char::is_control));
    }
}

#[test]
fn what_an_envelope_holds_is_the_answer_whatever_it_is() {
    let wrapped = |content: &str| {
        answer(200, &format!(r#"{{ "st\u0061tus" : 201, "content" : {content} }}"#))
    };
    for content in ["null", "true", "7", r#""text""#, "[]", r#"[{"id":"a"}]"#] {
        let answer = wrapped(content);
        assert_eq!(answer.status(), 201, "{content}");
        assert!(answer.fields().err().unwrap().to_string().contains("no object"), "{content}");
    }
    let id = wrapped(r#"{"status":"queued","content":1,"id":"a"}"#)
        .fields()
        .unwrap()
        .get::<String>("id");
    assert_eq!(id.as_deref(), Some("a"));
}

#[test]
fn the_status_of_an_envelope_without_content_is_no_field() {
    let answer = answer(200, r#"{"status":299,"id":"a","status":200}"#);
    assert_eq!(answer.status(), 200);
    let rest = answer.fields().unwrap().rest();
    assert_eq!(Value::Object(rest), json!({"id": "a"}));
}

#[test]
fn a_status_that_is_none_of_http_is_a_field() {
    for status in ["\"200\"", "99", "600", "2e2", "200.0", "-200", "70000", "null", "[200]"] {
        let answer = answer(202, &format!(r#"{{"status":{status},"content":{{}}}}"#));
        assert_eq!(answer.status(), 202, "{status}");
        assert_eq!(answer.fields().unwrap().rest().len(), 2, "{status}");
    }
}

#[test]
fn what_nobody_asks_for_has_to_be_json_too() {
    let bad: [&[u8]; 4] = [b"\"\\ud83d\"", b"\"\xff\"", b"01", b"[1,]"];
    for bad in bad {
        let bodies = [
            [b"{\"status\":200,\"x\":", bad, b",\"content\":{\"id\":\"a\"}}"].concat(),
            [b"{\"id\":", bad, b",\"id\":\"a\"}"].concat(),
        ];
        for body in bodies {
            let error = answer_with(200, &[], &body, false).fields().err().unwrap();
            assert!(error.to_string().contains("no JSON"), "{error}");
        }
    }
}

#[test]
fn only_atlas_has_a_code_in_text() {
    assert_eq!(answer(400, r#"{"errorCode":"A"}"#).error_code(), Some("A"));
    for body in [r#"{"errorCode":7}"#, r#"{"error":"A"}"#, r#"["errorCode"]"#, "errorCode", ""] {
        assert_eq!(answer(400, body).error_code(), None, "{body}");
    }
}

#[test]
fn a_date_is_seen_from_the_servers_clock() {
    let headers =
        [(DATE, "Sun, 06 Nov 1994 08:49:37 GMT"), (RETRY_AFTER, "Sun, 06 Nov 1994 08:49:40 GMT")];
    let answer = answer_with(429, &headers, b"", false);
    assert_eq!(answer.retry_after_delay(), Some(Duration::from_secs(3)));
}

#[test]
fn a_secret_that_json_writes_differently_is_hidden_too() {
    let echoed = json!({"message": "bad key canary\"/\\é-secret"}).to_string();
    let message = answer(400, &echoed).error().to_string();
    assert!(!message.contains("-secret"), "{message}");
}

#[test]
fn a_secret_at_the_edge_of_what_is_shown_is_not_laid_open() {
    let before = LONGEST_START - "canary".len();
    let body = format!("<p>{}canary-token", " ".repeat(before - "<p>".len()));

    let shown = answer(502, &body).error().to_string();

    assert!(shown.contains("<p>") && !shown.contains("canary"), "{shown}");
}
