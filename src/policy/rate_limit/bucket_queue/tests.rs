#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use tokio::task::JoinSet;

use super::*;
use crate::http::events::Events;
use crate::policy::rate_limit::headers::Throttled;

const RATES: Rates = Rates { capacity: 20.0, per_second: 10.0 };
/// What the timer's grain may add.
const GRAIN: Duration = Duration::from_millis(5);

fn line() -> RequestLine {
    RequestLine { method: http::Method::GET, path: "/a".into() }
}

fn call(total: Duration) -> CallContext {
    CallContext::new(total, Events::new(Some(Level::Info)))
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn remaining(tokens: f64) -> RateLimitInfo {
    RateLimitInfo { remaining: Some(tokens), ..RateLimitInfo::default() }
}

/// A lane whose bucket has so many tokens.
async fn is_known(tokens: f64) -> Arc<BucketQueue> {
    let queue = Arc::new(BucketQueue::new(RATES));
    let reservation = queue.acquire(&line(), &call(seconds(1.0))).await.unwrap();
    queue.update(reservation, &remaining(tokens));
    queue
}

/// Waits for a ticket and says when it came; the ticket never comes back.
async fn wait(queue: Arc<BucketQueue>, total: Duration) -> Result<Duration, Box<Failure>> {
    let begun = Instant::now();
    queue.acquire(&line(), &call(total)).await.map(|_| begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_served_in_their_order_and_spread() {
    let queue = is_known(2.0).await;
    let (mut calls, mut served) = (JoinSet::new(), Vec::new());
    for number in 0..6 {
        let queue = Arc::clone(&queue);
        calls.spawn(async move { (number, wait(queue, seconds(10.0)).await.unwrap()) });
    }

    while let Some(call) = calls.join_next().await {
        served.push(call.unwrap());
    }

    for (place, (number, after)) in served.into_iter().enumerate() {
        let expected = Duration::from_millis([0, 0, 100, 200, 300, 400][place]);
        assert_eq!(number, place);
        assert!(after >= expected && after <= expected + GRAIN, "{number}: {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_does_not_overtake() {
    let queue = is_known(1.0).await;
    let reservation = queue.acquire(&line(), &call(seconds(1.0))).await.unwrap();
    let first = tokio::spawn(wait(Arc::clone(&queue), seconds(10.0)));
    tokio::task::yield_now().await;
    queue.update(reservation, &remaining(1.0));

    let second = wait(Arc::clone(&queue), seconds(10.0)).await.unwrap();

    assert_eq!(first.await.unwrap().unwrap(), Duration::ZERO);
    assert!(second >= seconds(0.1), "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_cannot_end_in_time_does_not_begin_and_takes_nobodys_place() {
    let queue = is_known(0.0).await;
    let first = tokio::spawn(wait(Arc::clone(&queue), seconds(10.0)));
    tokio::task::yield_now().await;

    let begun = Instant::now();
    let failure = wait(Arc::clone(&queue), seconds(0.15)).await.unwrap_err();
    let took = begun.elapsed();
    let second = wait(Arc::clone(&queue), seconds(10.0)).await.unwrap();

    assert!(failure.to_string().contains("not sent"), "{failure}");
    assert_eq!(took, Duration::ZERO);
    assert!(first.await.unwrap().unwrap() <= seconds(0.1) + GRAIN);
    assert!(second <= seconds(0.2) + GRAIN, "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_leaves_the_queue() {
    let queue = is_known(0.0).await;
    let first = tokio::spawn(wait(Arc::clone(&queue), seconds(10.0)));
    let second = tokio::spawn(wait(Arc::clone(&queue), seconds(10.0)));
    let third = tokio::spawn(wait(Arc::clone(&queue), seconds(10.0)));
    tokio::time::sleep(seconds(0.01)).await;

    first.abort();
    second.abort();

    assert!(third.await.unwrap().unwrap() <= seconds(0.1) + GRAIN);
    assert_eq!(queue.state().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_knows_of_more_lets_all_go_that_it_is_enough_for() {
    let queue = is_known(1.0).await;
    let reservation = queue.acquire(&line(), &call(seconds(1.0))).await.unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        calls.spawn(wait(Arc::clone(&queue), seconds(60.0)));
    }
    tokio::time::sleep(seconds(0.01)).await;

    queue.update(reservation, &remaining(8.0));

    let mut served: Vec<_> = calls.join_all().await.into_iter().map(Result::unwrap).collect();
    served.sort();
    assert!(served[7] <= seconds(0.01) + GRAIN, "{served:?}");
    assert!(served[8] >= seconds(0.1), "{served:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_beyond_the_deadline_ends_a_wait_at_once() {
    let queue = is_known(1.0).await;
    let reservation = queue.acquire(&line(), &call(seconds(1.0))).await.unwrap();
    let waiting = tokio::spawn(wait(Arc::clone(&queue), seconds(10.0)));
    tokio::task::yield_now().await;
    let begun = Instant::now();

    let throttled = Some(Throttled { wait: seconds(60.0), rates: None });
    queue.update(reservation, &RateLimitInfo { throttled, ..RateLimitInfo::default() });

    let failure = waiting.await.unwrap().unwrap_err();
    assert!(failure.to_string().contains("about 60.0 s"), "{failure}");
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_call_behind_one_that_waits_long_ends_with_its_own_time() {
    let queue = is_known(1.0).await;
    let reservation = queue.acquire(&line(), &call(seconds(1.0))).await.unwrap();
    let patient = tokio::spawn(wait(Arc::clone(&queue), seconds(100.0)));
    let impatient = tokio::spawn(wait(Arc::clone(&queue), seconds(5.0)));
    tokio::task::yield_now().await;
    let begun = Instant::now();

    let throttled = Some(Throttled { wait: seconds(60.0), rates: None });
    queue.update(reservation, &RateLimitInfo { throttled, ..RateLimitInfo::default() });

    let failure = impatient.await.unwrap().unwrap_err();
    assert!(failure.to_string().contains("not sent"), "{failure}");
    assert!(begun.elapsed() <= seconds(5.0) + GRAIN);
    assert!(patient.await.unwrap().unwrap() >= seconds(60.0));
}

#[tokio::test(start_paused = true)]
async fn a_call_tells_of_its_waits_once() {
    let queue = is_known(0.0).await;
    let call = call(seconds(10.0));

    for _ in 0..3 {
        queue.acquire(&line(), &call).await.unwrap();
    }

    let events = call.events.drain();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].level, Level::Info);
    assert_eq!(events[0].text(), "GET /a: waiting for the project's rate limit, about 0.1 s");
}
