#![allow(clippy::unwrap_used)]

use std::time::Duration;

use http::Method;
use tokio::time::timeout;

use super::*;
use crate::http::events::Events;

fn line(path: &str) -> RequestLine {
    RequestLine { method: Method::GET, path: path.into() }
}

fn clusters(project: u32) -> String {
    format!("/api/atlas/v2/groups/{project:024x}/clusters")
}

async fn pass(limits: &RateLimits, path: &str) -> Result<Permit, ExchangeError> {
    let call = CallContext::new(Duration::from_secs(5), Events::new(None));
    limits.acquire(path, &line(path), &call).await
}

fn update(pass: Permit, info: &RateLimitInfo) {
    let mut pass = pass;
    let Active { queue, reservation, .. } = pass.0.take().unwrap();
    queue.update(reservation, info);
}

fn remaining(tokens: f64) -> RateLimitInfo {
    RateLimitInfo { remaining: Some(tokens), ..RateLimitInfo::default() }
}

fn known(limits: &RateLimits) -> usize {
    limits.0.lock().unwrap().queues.len()
}

#[tokio::test(start_paused = true)]
async fn an_empty_bucket_holds_back_its_own_requests_and_no_others() {
    let limits = RateLimits::default();
    let snapshots = format!("{}/A/backup/snapshots", clusters(1));
    let throttled = headers::Throttled { wait: Duration::from_secs(60), rates: None };
    let failure = RateLimitInfo { throttled: Some(throttled), ..RateLimitInfo::default() };
    update(pass(&limits, &snapshots).await.unwrap(), &failure);
    let begun = Instant::now();

    let failure = pass(&limits, &snapshots).await.unwrap_err();

    assert!(matches!(failure.error, Error::Timeout(_)));
    assert_eq!(failure.delivery, DeliveryStatus::Permanent);
    for other in [clusters(1), clusters(2), "/api/atlas/v2/groups".to_owned()] {
        pass(&limits, &other).await.unwrap();
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_went_out_gives_its_token_to_the_next() {
    let limits = RateLimits::default();
    update(pass(&limits, &clusters(1)).await.unwrap(), &remaining(1.0));
    drop(pass(&limits, &clusters(1)).await.unwrap());
    let error = || Error::ClientClosed;
    let failure = pass(&limits, &clusters(1)).await.unwrap();
    let end = failure
        .run(async { Err(ExchangeError { error: error(), delivery: DeliveryStatus::NotSent }) })
        .await;
    end.unwrap_err();

    let begun = Instant::now();
    let broken = pass(&limits, &clusters(1)).await.unwrap();
    let end = broken
        .run(async { Err(ExchangeError { error: error(), delivery: DeliveryStatus::Ambiguous }) })
        .await;
    end.unwrap_err();

    assert_eq!(begun.elapsed(), Duration::ZERO);
    let none = timeout(Duration::from_millis(5), pass(&limits, &clusters(1))).await;
    none.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_projects_take_little_memory() {
    let limits = RateLimits::default();
    let in_use = pass(&limits, &clusters(0)).await.unwrap();
    let mut most = 0;

    for project in 1..100_000 {
        let pass = pass(&limits, &clusters(project)).await.unwrap();
        // Half of them have something worth keeping.
        update(pass, &remaining(f64::from(9999 + project % 2)));
        most = most.max(known(&limits));
    }

    assert!(most <= 2 * MANY, "{most}");
    let queue = Arc::clone(&in_use.0.as_ref().unwrap().queue);
    let again = pass(&limits, &clusters(0)).await.unwrap();
    assert!(Arc::ptr_eq(&queue, &again.0.as_ref().unwrap().queue));
}

#[tokio::test(start_paused = true)]
async fn the_empty_bucket_is_the_last_to_be_forgotten() {
    let limits = RateLimits::default();
    update(pass(&limits, &clusters(0)).await.unwrap(), &remaining(0.0));

    for project in 1..=u32::try_from(MANY).unwrap() {
        update(pass(&limits, &clusters(project)).await.unwrap(), &remaining(10_000.0));
    }

    assert!(known(&limits) < 10);
    let none = timeout(Duration::from_millis(5), pass(&limits, &clusters(0))).await;
    none.unwrap_err();
}
