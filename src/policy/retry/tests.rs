#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::error::{Failure, RequestLine};
use crate::http::events::Events;

const LONG: Duration = Duration::from_secs(1_000_000);

fn retries(count: u32) -> RetryState {
    with(count, &Arc::new(RetryBudget::full()))
}

fn with(count: u32, budget: &Arc<RetryBudget>) -> RetryState {
    RetryState::new(count, Arc::clone(budget), fastrand::Rng::with_seed(7))
}

fn call(seconds: u64) -> CallContext {
    CallContext::new(Duration::from_secs(seconds), Events::new(Some(Level::Info)))
}

fn timeout() -> Error {
    let line = RequestLine { method: http::Method::GET, path: "/a".into() };
    Error::Timeout(Failure::new(&line, "slow"))
}

fn transport() -> Error {
    let line = RequestLine { method: http::Method::GET, path: "/a".into() };
    Error::Transport(Failure::new(&line, "gone"))
}

impl RetryState {
    /// A decision with all the time there is.
    fn next(&mut self, again: &RetryDelay) -> Result<Duration, Exhausted> {
        let now = Instant::now();
        self.decide(again, COST, now, now + LONG)
    }
}

/// How many retries at the usual cost the retry budget still pays for.
fn affordable(budget: &RetryBudget) -> u32 {
    let mut count = 0;
    while budget.take(COST) {
        count += 1;
    }
    budget.give(count * COST);
    count
}

#[test]
fn pauses_stay_under_a_growing_ceiling_and_end() {
    let mut retries = retries(10);
    let mut backoff = INITIAL_BACKOFF;
    for _ in 0..10 {
        assert!(retries.next(&RetryDelay::Backoff).unwrap() <= backoff);
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
    assert_eq!(retries.next(&RetryDelay::Backoff), Err(Exhausted::Count));
}

#[test]
fn a_requested_pause_has_a_floor_and_never_overflows() {
    let mut retries = retries(3);
    assert!(retries.next(&RetryDelay::RetryAfter(None)).unwrap() >= SHORTEST_REQUESTED);
    let zero = RetryDelay::RetryAfter(Some(Duration::ZERO));
    assert!(retries.next(&zero).unwrap() >= SHORTEST_REQUESTED);
    let forever = RetryDelay::RetryAfter(Some(Duration::MAX));
    assert_eq!(retries.next(&forever), Err(Exhausted::Time));
}

#[test]
fn a_retry_that_does_not_happen_costs_nothing() {
    let budget = Arc::new(RetryBudget::full());
    let forever = RetryDelay::RetryAfter(Some(Duration::MAX));

    assert_eq!(with(9, &budget).next(&forever), Err(Exhausted::Time));
    assert_eq!(with(0, &budget).next(&RetryDelay::Backoff), Err(Exhausted::Count));

    assert_eq!(affordable(&budget), 100);
}

#[test]
fn the_calls_of_a_client_share_a_hundred_retries() {
    let budget = Arc::new(RetryBudget::full());

    let allowed = (0..60).flat_map(|_| {
        let mut retries = with(4, &budget);
        [retries.next(&RetryDelay::Backoff), retries.next(&RetryDelay::RetryAfter(None))]
    });

    let (allowed, failure): (Vec<_>, Vec<_>) = allowed.partition(Result::is_ok);
    assert_eq!(allowed.len(), 100);
    assert!(failure.into_iter().all(|decision| decision == Err(Exhausted::RetryBudget)));
}

#[test]
fn a_success_returns_what_its_last_retry_cost_else_one() {
    let budget = Arc::new(RetryBudget::full());
    assert!(budget.take(50));

    let mut retries = with(9, &budget);
    retries.next(&RetryDelay::Backoff).unwrap();
    retries.next(&RetryDelay::Backoff).unwrap();
    assert_eq!(affordable(&budget), 88);
    retries.succeeded();
    assert_eq!(affordable(&budget), 89);

    for _ in 0..5 {
        retries.succeeded();
    }
    assert_eq!(affordable(&budget), 90);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_a_time_out_costs_twice_as_much() {
    let (call, budget) = (call(1000), Arc::new(RetryBudget::full()));

    with(1, &budget).pause(timeout(), RetryDelay::Backoff, &call).await.unwrap();
    assert_eq!(affordable(&budget), 98);

    with(1, &budget).pause(transport(), RetryDelay::Backoff, &call).await.unwrap();
    assert_eq!(affordable(&budget), 97);
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_retry_budget_returns_the_error_at_once_and_says_so() {
    let (call, budget) = (call(1000), Arc::new(RetryBudget::full()));
    assert!(budget.take(496));
    let begun = Instant::now();

    let error = with(9, &budget).pause(transport(), RetryDelay::Backoff, &call).await.unwrap_err();

    assert!(matches!(error, Error::Transport(_)));
    assert!(error.to_string().contains("retry budget exhausted"), "{error}");
    assert_eq!(call.events.drain().len(), 1);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_the_deadline_gives_the_error_back_at_once() {
    let call = call(5);
    let begun = Instant::now();

    let soon = retries(9).pause(Error::ClientClosed, RetryDelay::Backoff, &call).await;
    let late = RetryDelay::RetryAfter(Some(Duration::from_secs(60)));
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
        let mut retries = RetryState::new(1000, Arc::new(RetryBudget::full()), random);
        for asked in requests {
            let asked = asked.map(|pause| pause.map(Duration::from_millis));
            let again = asked.map_or(RetryDelay::Backoff, RetryDelay::RetryAfter);
            let Ok(pause) = retries.decide(&again, COST, now, deadline) else { continue };
            now += pause;
            prop_assert!(now < deadline);
            if let Some(asked) = asked {
                prop_assert!(pause >= asked.unwrap_or_default().max(SHORTEST_REQUESTED));
            }
        }
    }
}
