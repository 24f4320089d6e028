#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::error::{Failure, RequestLine};
use crate::transport::events::Events;

const LONG: Duration = Duration::from_secs(1_000_000);

fn retries(count: u32) -> Retries {
    with(count, &Arc::new(Quota::full()))
}

fn with(count: u32, quota: &Arc<Quota>) -> Retries {
    Retries::new(count, Arc::clone(quota), fastrand::Rng::with_seed(7))
}

fn call(seconds: u64) -> Call {
    Call::new(Duration::from_secs(seconds), Events::new(Some(Level::Info)))
}

fn timeout() -> Error {
    let line = RequestLine { method: http::Method::GET, path: "/a".into() };
    Error::Timeout(Failure::new(&line, "slow"))
}

fn transport() -> Error {
    let line = RequestLine { method: http::Method::GET, path: "/a".into() };
    Error::Transport(Failure::new(&line, "gone"))
}

impl Retries {
    /// A decision with all the time there is.
    fn next(&mut self, again: &Again) -> Result<Duration, Spent> {
        let now = Instant::now();
        self.decide(again, COST, now, now + LONG)
    }
}

/// How many retries at the usual cost the quota still pays for.
fn affordable(quota: &Quota) -> u32 {
    let mut count = 0;
    while quota.take(COST) {
        count += 1;
    }
    quota.give(count * COST);
    count
}

#[test]
fn pauses_stay_under_a_growing_ceiling_and_end() {
    let mut retries = retries(10);
    let mut ceiling = FIRST_CEILING;
    for _ in 0..10 {
        assert!(retries.next(&Again::Soon).unwrap() <= ceiling);
        ceiling = (ceiling * 2).min(LAST_CEILING);
    }
    assert_eq!(retries.next(&Again::Soon), Err(Spent::Count));
}

#[test]
fn a_requested_pause_has_a_floor_and_never_overflows() {
    let mut retries = retries(3);
    assert!(retries.next(&Again::Requested(None)).unwrap() >= SHORTEST_REQUESTED);
    let zero = Again::Requested(Some(Duration::ZERO));
    assert!(retries.next(&zero).unwrap() >= SHORTEST_REQUESTED);
    let forever = Again::Requested(Some(Duration::MAX));
    assert_eq!(retries.next(&forever), Err(Spent::Time));
}

#[test]
fn a_retry_that_does_not_happen_costs_nothing() {
    let quota = Arc::new(Quota::full());
    let forever = Again::Requested(Some(Duration::MAX));

    assert_eq!(with(9, &quota).next(&forever), Err(Spent::Time));
    assert_eq!(with(0, &quota).next(&Again::Soon), Err(Spent::Count));

    assert_eq!(affordable(&quota), 100);
}

#[test]
fn the_calls_of_a_client_share_a_hundred_retries() {
    let quota = Arc::new(Quota::full());

    let allowed = (0..60).flat_map(|_| {
        let mut retries = with(4, &quota);
        [retries.next(&Again::Soon), retries.next(&Again::Requested(None))]
    });

    let (allowed, refused): (Vec<_>, Vec<_>) = allowed.partition(Result::is_ok);
    assert_eq!(allowed.len(), 100);
    assert!(refused.into_iter().all(|decision| decision == Err(Spent::Quota)));
}

#[test]
fn a_success_returns_what_its_last_retry_cost_else_one() {
    let quota = Arc::new(Quota::full());
    assert!(quota.take(50));

    let mut retries = with(9, &quota);
    retries.next(&Again::Soon).unwrap();
    retries.next(&Again::Soon).unwrap();
    assert_eq!(affordable(&quota), 88);
    retries.succeeded();
    assert_eq!(affordable(&quota), 89);

    for _ in 0..5 {
        retries.succeeded();
    }
    assert_eq!(affordable(&quota), 90);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_a_time_out_costs_twice_as_much() {
    let (call, quota) = (call(1000), Arc::new(Quota::full()));

    with(1, &quota).pause(timeout(), Again::Soon, &call).await.unwrap();
    assert_eq!(affordable(&quota), 98);

    with(1, &quota).pause(transport(), Again::Soon, &call).await.unwrap();
    assert_eq!(affordable(&quota), 97);
}

#[tokio::test(start_paused = true)]
async fn an_empty_quota_gives_the_error_back_at_once_and_says_so() {
    let (call, quota) = (call(1000), Arc::new(Quota::full()));
    assert!(quota.take(496));
    let begun = Instant::now();

    let error = with(9, &quota).pause(transport(), Again::Soon, &call).await.unwrap_err();

    assert!(matches!(error, Error::Transport(_)));
    assert!(error.to_string().contains("retry quota is spent"), "{error}");
    assert_eq!(call.events.drain().len(), 1);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_the_deadline_gives_the_error_back_at_once() {
    let call = call(5);
    let begun = Instant::now();

    let soon = retries(9).pause(Error::ClientClosed, Again::Soon, &call).await;
    let late = Again::Requested(Some(Duration::from_secs(60)));
    let never = retries(9).pause(Error::ClientClosed, late, &call).await;

    assert!(soon.is_ok());
    assert!(matches!(never, Err(Error::ClientClosed)));
    assert!(begun.elapsed() < Duration::from_secs(1));
}

proptest! {
    #[test]
    fn every_pause_ends_before_the_deadline_and_keeps_what_the_server_asked(
        seed: u64,
        total in 0_u64..100_000,
        requests in prop::collection::vec(prop::option::of(prop::option::of(any::<u64>())), 1..20),
    ) {
        let begun = Instant::now();
        let (mut now, deadline) = (begun, begun + Duration::from_millis(total));
        let random = fastrand::Rng::with_seed(seed);
        let mut retries = Retries::new(1000, Arc::new(Quota::full()), random);
        for asked in requests {
            let asked = asked.map(|pause| pause.map(Duration::from_millis));
            let again = asked.map_or(Again::Soon, Again::Requested);
            let Ok(pause) = retries.decide(&again, COST, now, deadline) else { continue };
            now += pause;
            prop_assert!(now < deadline);
            if let Some(asked) = asked {
                prop_assert!(pause >= asked.unwrap_or_default().max(SHORTEST_REQUESTED));
            }
        }
    }
}
