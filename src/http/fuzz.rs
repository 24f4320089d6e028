//! What servers say: challenges, waits, errors, tokens, limits; and the file that holds tokens.
//!
//! An answer is written like HTTP: a status, headers line by line, an empty line, the body.
#![allow(clippy::missing_panics_doc, clippy::panic, clippy::unwrap_used)]

use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::auth::authorization::Scheme;
use crate::auth::digest as client_digest;
use crate::auth::digest::Challenge;
use crate::auth::oauth::token::Token;
use crate::auth::token_cache::file::{CacheKey, TokenFile};
use crate::error::{Error, RequestLine};
use crate::http::body::{Incomplete, LARGEST_BODY, Received};
use crate::http::call_context::CallContext;
use crate::http::events::Events;
use crate::http::headers;
use crate::http::redact::Redactor;
use crate::http::response::Response;
use crate::policy::rate_limit::headers::RateLimitInfo;

const SECRET: &str = "canary-secret";
const LONGEST_MESSAGE: usize = 2000;

/// The answer that is written down in these bytes.
pub(crate) fn read_answer(data: &[u8], path: &str) -> Response {
    let (head, body) = split(data, b"\n\n");
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let status = first.trim_end_matches('!').parse().unwrap_or(200);
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name), HeaderValue::from_str(value.trim_start()))
        {
            headers.append(name, value);
        }
    }
    let bytes = Bytes::copy_from_slice(body.get(..LARGEST_BODY).unwrap_or(body));
    let incomplete = first.ends_with('!').then_some(Incomplete::TooLarge);
    let line = RequestLine { method: Method::POST, path: path.into() };
    let secrets = Redactor::new([SECRET.into()]);
    let context = (Scheme::ApiKey, secrets);
    Response::new(line, (status, headers), Received { bytes, incomplete }, context, true)
}

pub(crate) fn split<'a>(data: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    let found = data.windows(at.len()).position(|window| window == at);
    let end = found.unwrap_or(data.len());
    (data.get(..end).unwrap_or_default(), data.get(end + at.len()..).unwrap_or_default())
}

pub(crate) fn call() -> CallContext {
    CallContext::new(Duration::from_secs(1), Events::new(None))
}

/// Whatever an answer says, what is made of it is short, on one line, and without the secret.
pub fn answer(data: &[u8]) {
    for path in ["/api/atlas/v2/x", "/api/oauth/token"] {
        let answer = read_answer(data, path);
        let answer = if path.contains("oauth") { answer.may_contain_token() } else { answer };
        let _ = (answer.fields().is_ok(), answer.retry_after_delay(), answer.is_rejection());
        let shown = [answer.error(), answer.invalid("it is wrong")].map(|error| {
            let is_api = matches!(&error, Error::Api(_));
            assert!(is_api || matches!(&error, Error::InvalidResponse(_)));
            if let Error::Api(api) = &error {
                assert!((400..).contains(&api.status));
                let lists = format!("{:?} {:?}", api.parameters, api.field_violations);
                assert!(!lists.contains(SECRET), "{lists}");
            }
            error.to_string()
        });
        for text in shown.into_iter().chain(answer.deprecation()) {
            assert!(text.chars().count() < LONGEST_MESSAGE, "{text}");
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(!text.contains(SECRET), "{text}");
        }
    }
}

/// A wait is never longer than can be counted with, nor negative; a date is named in a short line.
pub fn retry_after(data: &[u8]) {
    let (value, now) = split(data, b"\n");
    let Ok(value) = std::str::from_utf8(value) else { return };
    let now = std::str::from_utf8(now).ok().and_then(|text| text.trim().parse().ok());
    let now = Timestamp::from_second(now.unwrap_or(0)).unwrap_or(Timestamp::UNIX_EPOCH);
    if let Some(wait) = headers::retry_after(value, now) {
        assert!(wait <= Duration::from_secs(u32::MAX.into()));
        let _ = Instant::now() + wait;
        if let Some(date) = headers::http_date(value) {
            assert!(date > now || wait.is_zero(), "{date} {now} {wait:?}");
        }
    }
    let named = headers::deprecation_date(value);
    assert!(named.chars().count() <= 67 && !named.contains(char::is_control), "{named:?}");
}

/// What is understood of a challenge is answered with it, unchanged, in one line.
pub fn digest(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let password = SecretString::from(SECRET);
    let challenge = match Challenge::from_headers(text.lines()) {
        Ok(Some(challenge)) => challenge,
        Ok(None) => return,
        Err(why) => return assert!(why.to_string().chars().count() < 200),
    };
    let sent = challenge.authorization("user", &password, "POST", "/api?x=\"y\"", 1, "0a1b");
    assert!(!sent.contains(|c: char| c.is_control() && c != '\t'), "{sent:?}");
    assert!(text.contains(SECRET) || !sent.contains(SECRET), "{sent}");
    if challenge.realm.is_ascii() && sent.is_ascii() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&sent).unwrap());
    }
    // An answer is written like a challenge, with more in it: what it names must be the same.
    let again = Challenge::from_headers([sent.as_str()]).unwrap().unwrap();
    assert_eq!(again, Challenge { stale: false, ..challenge.clone() }, "{sent}");
    let mut session = client_digest::Session::new(challenge);
    let first = session.next("user", &password, "POST", "/api?x=\"y\"", "0a1b");
    assert_eq!(first, sent);
}

/// Numbers of a rate limit are such that one can wait by them.
pub fn rate_limit(data: &[u8]) {
    let info = RateLimitInfo::of(&read_answer(data, "/api/atlas/v2/x"));
    for number in [info.capacity, info.remaining].into_iter().flatten() {
        assert!((0.0..=1e6).contains(&number), "{number}");
    }
    if let Some(throttled) = info.throttled {
        assert!((1..=300).contains(&throttled.wait.as_secs()), "{:?}", throttled.wait);
        let rates = format!("{throttled:?}");
        assert!(!rates.contains("NaN") && !rates.contains("inf"), "{rates}");
    }
}

/// A token that is taken can be sent; a message about any other quotes nothing of it.
pub fn token(data: &[u8]) {
    let answer = read_answer(data, "/api/oauth/token").may_contain_token();
    match Token::read(&answer, Instant::now(), &[SECRET.into()]) {
        Ok(token) => {
            let value = token.value.expose_secret();
            assert!(!value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic()));
            // Shorter ones may be part of what is shown anyway.
            assert!(value.len() < 20 || !format!("{token:?}").contains(value));
        }
        Err(error) => {
            let given = answer.fields().ok().and_then(|it| it.get::<String>("access_token"));
            let long = given.filter(|text| text.len() > 40);
            assert!(long.is_none_or(|text| !error.to_string().contains(&text)), "{error}");
        }
    }
}

/// Whatever a file of tokens holds, what was understood of it is written so that it is read again.
pub fn token_cache(data: &[u8]) {
    let mut entries = TokenFile::parse(data);
    let json = entries.to_json();
    let again = TokenFile::parse(&json);
    assert_eq!(*again.to_json(), *json);
    let owner = CacheKey { base_url: "https://a.test".to_owned(), client_id: "i".to_owned() };
    let mine = entries.get(&owner).cloned();
    entries.evict_expired(i64::MIN);
    if let Some(mine) = mine {
        entries.put(&owner, mine.clone());
        let kept = entries.get(&owner).unwrap();
        assert_eq!(kept.token.expose_secret(), mine.token.expose_secret());
        entries.remove(&owner, &mine.token);
    }
    assert!(entries.get(&owner).is_none());
    entries.evict_expired(i64::MAX);
    assert_eq!(*entries.to_json(), *TokenFile::default().to_json());
}
