#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::time::Instant;

use crate::config::Config;
use crate::config::tests::options;
use crate::http::client::{HttpClient, LONGEST_HOLD, PreparedRequest};
use crate::http::request::Request;
use crate::http::{CallContext, Hold};

fn request(http: &HttpClient, method: Method) -> PreparedRequest {
    let (path, query, body, delivery) = ("/api/atlas/v2/groups".to_owned(), vec![], None, None);
    http.prepare(&Request { method, path, query, body, delivery })
}

/// How long a request waits for a place while its loop cancels others all the time.
async fn wait(method: Method) -> Duration {
    let config = Arc::new(Config::new(&options("http://127.0.0.1:1"), &|_| None).unwrap());
    let http = HttpClient::new(Arc::clone(&config)).unwrap();
    let hold = Hold::default();
    hold.set(true);
    let call = CallContext::begin(&config, None).held_by(Some(hold));
    let begun = Instant::now();
    let _place = http.place(&request(&http, method), &call).await.unwrap();
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_hold_without_an_end_holds_nobody_back_for_ever() {
    assert!(wait(Method::DELETE).await.abs_diff(LONGEST_HOLD) < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_only_reads_is_not_held_back() {
    assert_eq!(wait(Method::GET).await, Duration::ZERO);
}
