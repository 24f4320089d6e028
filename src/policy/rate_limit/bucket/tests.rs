#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use proptest::prelude::*;

use super::*;

const RATES: Rates = Rates { capacity: 20.0, per_second: 10.0 };

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn remaining(tokens: u32) -> RateLimitInfo {
    RateLimitInfo { remaining: Some(tokens.into()), ..RateLimitInfo::default() }
}

fn throttled(wait: Duration) -> RateLimitInfo {
    RateLimitInfo { throttled: Some(Throttled { wait, rates: None }), ..RateLimitInfo::default() }
}

/// A bucket after one answer that left so many tokens.
fn is_known(tokens: u32, now: Instant) -> Bucket {
    let mut bucket = Bucket::new(RATES);
    let reservation = bucket.take(now).unwrap();
    bucket.update(reservation, &remaining(tokens), now);
    bucket
}

/// How many tickets there are at once.
fn available(bucket: &mut Bucket, now: Instant) -> usize {
    let tickets: Vec<_> = std::iter::from_fn(|| bucket.take(now)).take(1000).collect();
    for reservation in tickets.iter().rev() {
        bucket.release(reservation, false);
    }
    tickets.len()
}

#[test]
fn before_anything_is_known_nothing_is_held_back() {
    let mut bucket = Bucket::new(RATES);
    assert_eq!(available(&mut bucket, Instant::now()), 1000);
}

#[test]
fn what_the_server_says_remains_can_be_taken_and_no_more() {
    let now = Instant::now();
    for tokens in [0, 1, 7, 19] {
        assert_eq!(available(&mut is_known(tokens, now), now), tokens as usize);
    }
    let past_capacity = available(&mut is_known(500, now), now);
    assert_eq!(past_capacity, 20);
}

#[test]
fn requests_in_flight_are_taken_off_what_remains() {
    let now = Instant::now();
    let mut bucket = Bucket::new(RATES);
    let first = bucket.take(now).unwrap();
    let _in_flight = [bucket.take(now), bucket.take(now)];

    bucket.update(first, &remaining(10), now);

    assert_eq!(available(&mut bucket, now), 8);
}

#[test]
fn tokens_come_back_one_by_one_up_to_the_capacity() {
    let now = Instant::now();
    let mut bucket = is_known(0, now);

    assert_eq!(bucket.available_at(now, 1), now + milliseconds(100));
    assert_eq!(bucket.available_at(now, 7), now + milliseconds(700));
    assert!(bucket.take(now + milliseconds(99)).is_none());
    assert_eq!(available(&mut bucket, now + milliseconds(100)), 1);
    assert_eq!(available(&mut bucket, now + milliseconds(550)), 5);
    assert_eq!(available(&mut bucket, now + Duration::from_secs(1000)), 20);
}

#[test]
fn a_request_that_was_not_sent_took_nothing_and_a_lost_one_did() {
    let now = Instant::now();
    let mut bucket = is_known(5, now);

    let (unsent, failure) = (bucket.take(now).unwrap(), bucket.take(now).unwrap());
    bucket.release(&unsent, false);
    bucket.release(&failure, true);

    assert_eq!(available(&mut bucket, now), 4);
}

#[test]
fn a_server_that_refills_faster_is_believed_at_the_next_answer() {
    let now = Instant::now();
    let mut bucket = is_known(0, now);
    let later = now + milliseconds(100);

    let reservation = bucket.take(later).unwrap();
    bucket.update(reservation, &remaining(15), later);

    assert_eq!(available(&mut bucket, later), 15);
}

#[test]
fn other_processes_that_take_tokens_are_noticed_at_the_next_answer() {
    let now = Instant::now();
    let mut bucket = is_known(19, now);

    let reservation = bucket.take(now).unwrap();
    bucket.update(reservation, &remaining(2), now);

    assert_eq!(available(&mut bucket, now), 2);
}

#[test]
fn what_was_sent_later_and_is_not_answered_is_taken_off_too() {
    let now = Instant::now();
    let mut bucket = is_known(19, now);
    let first = bucket.take(now).unwrap();
    let _later = [bucket.take(now), bucket.take(now)];

    bucket.update(first, &remaining(6), now);

    assert_eq!(available(&mut bucket, now), 4);
}

#[test]
fn an_old_answer_that_comes_late_does_not_raise_the_estimate() {
    let now = Instant::now();
    let mut bucket = is_known(19, now);
    let first = bucket.take(now).unwrap();
    let second = bucket.take(now).unwrap();

    bucket.update(second, &remaining(3), now);
    bucket.update(first, &remaining(18), now);

    // At least one of them is counted in neither answer, for all that is known.
    assert!(available(&mut bucket, now) <= 17);
}

#[test]
fn after_a_refusal_there_is_nothing_until_the_time_it_names_and_then_one() {
    let now = Instant::now();
    let mut bucket = is_known(10, now);
    let reservation = bucket.take(now).unwrap();

    bucket.update(reservation, &throttled(Duration::from_secs(3)), now);

    let named = now + Duration::from_secs(3);
    assert_eq!(bucket.available_at(now, 1), named);
    assert_eq!(available(&mut bucket, named - milliseconds(1)), 0);
    assert_eq!(available(&mut bucket, named), 1);
}

#[test]
fn answers_to_what_was_sent_before_a_refusal_do_not_lift_it() {
    let now = Instant::now();
    let mut bucket = is_known(10, now);
    let (early, unsent) = (bucket.take(now).unwrap(), bucket.take(now).unwrap());
    let (failure, again) = (bucket.take(now).unwrap(), bucket.take(now).unwrap());

    bucket.update(failure, &throttled(Duration::from_secs(5)), now);
    bucket.update(early, &remaining(9), now);
    bucket.release(&unsent, false);
    bucket.update(again, &throttled(Duration::from_secs(2)), now);

    let named = now + Duration::from_secs(5);
    assert_eq!(bucket.available_at(now, 1), named);
    assert_eq!(available(&mut bucket, named), 1);
}

#[test]
fn a_refusal_teaches_capacity_and_refill() {
    let now = Instant::now();
    let mut bucket = Bucket::new(RATES);
    let reservation = bucket.take(now).unwrap();
    let rates = Some(Rates { capacity: 3.0, per_second: 0.5 });
    let wait = Duration::from_secs(1);

    let info =
        RateLimitInfo { throttled: Some(Throttled { wait, rates }), ..RateLimitInfo::default() };
    bucket.update(reservation, &info, now);

    assert_eq!(bucket.available_at(now, 2), now + Duration::from_secs(3));
    assert_eq!(available(&mut bucket, now + Duration::from_secs(1000)), 3);
}

#[test]
fn a_refusal_from_where_no_bucket_is_spoken_of_holds_until_another_answer() {
    let now = Instant::now();
    let mut bucket = Bucket::new(RATES);
    let reservation = bucket.take(now).unwrap();
    bucket.update(reservation, &throttled(Duration::from_secs(1)), now);
    let named = now + Duration::from_secs(1);
    assert_eq!(available(&mut bucket, named), 1);

    let reservation = bucket.take(named).unwrap();
    bucket.update(reservation, &RateLimitInfo::default(), named);

    assert_eq!(available(&mut bucket, named), 1000);
}

#[test]
fn an_answer_without_headers_does_not_undo_what_others_told() {
    let now = Instant::now();
    let mut bucket = is_known(2, now);

    let reservation = bucket.take(now).unwrap();
    bucket.update(reservation, &RateLimitInfo::default(), now);

    assert_eq!(available(&mut bucket, now), 1);
}

#[test]
fn only_a_bucket_that_would_hold_nobody_back_can_be_forgotten() {
    let now = Instant::now();
    assert!(Bucket::new(RATES).is_idle(now));
    assert!(!is_known(19, now).is_idle(now));
    assert!(is_known(19, now).is_idle(now + milliseconds(100)));
    let mut failure = is_known(19, now);
    let reservation = failure.take(now).unwrap();
    failure.update(reservation, &throttled(Duration::from_secs(60)), now);
    assert!(!failure.is_idle(now + Duration::from_secs(59)));
}

/// A server with a bucket of its own, and the way to it.
#[derive(Debug, Clone)]
struct Site {
    rates: Rates,
    /// Round trip of each request, in milliseconds.
    ways: Vec<(u64, u64)>,
    /// When requests come up, in milliseconds.
    starts: Vec<u64>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Answered(usize),
    Counted(usize),
    ComesUp,
    Wake,
}

#[derive(Debug)]
struct End {
    failure: usize,
    granted: usize,
    at: Duration,
}

/// Plays all requests through the bucket; the first is answered before the others come up.
fn play(site: &Site, assumed: Rates) -> End {
    let begun = Instant::now();
    let mut bucket = told_by(site, assumed, begun);
    let (mut level, mut filled_at) = (site.rates.capacity - 1.0, Duration::ZERO);
    let starts = site.starts.iter().map(|&start| Reverse((milliseconds(start), Happens::ComesUp)));
    let mut events: BinaryHeap<_> = starts.collect();
    let mut sent: Vec<(Option<Reservation>, RateLimitInfo)> = Vec::new();
    let (mut waiting, mut next_wake) = (0, Duration::ZERO);
    let mut end = End { failure: 0, granted: 0, at: Duration::ZERO };
    while let Some(Reverse((at, what))) = events.pop() {
        match what {
            Happens::ComesUp => waiting += 1,
            Happens::Wake => {}
            Happens::Counted(which) => {
                let passed = at.saturating_sub(filled_at).as_secs_f64();
                level = (level + passed * site.rates.per_second).min(site.rates.capacity);
                filled_at = at;
                sent[which].1 = if level < 1.0 - ROUNDING {
                    end.failure += 1;
                    throttled(Duration::from_secs(1))
                } else {
                    level -= 1.0;
                    RateLimitInfo {
                        remaining: Some((level + ROUNDING).floor()),
                        ..RateLimitInfo::default()
                    }
                };
                let back = site.ways[which % site.ways.len()].1;
                events.push(Reverse((at + milliseconds(back), Happens::Answered(which))));
            }
            Happens::Answered(which) => {
                let reservation = sent[which].0.take().unwrap();
                bucket.update(reservation, &sent[which].1, begun + at);
            }
        }
        end.at = at;
        while waiting > 0 {
            let Some(reservation) = bucket.take(begun + at) else {
                if next_wake <= at {
                    let available_at = bucket.available_at(begun + at, 1) - begun;
                    next_wake = available_at.max(at + milliseconds(1));
                    events.push(Reverse((next_wake, Happens::Wake)));
                }
                break;
            };
            waiting -= 1;
            let which = end.granted;
            end.granted += 1;
            sent.push((Some(reservation), RateLimitInfo::default()));
            let there = site.ways[which % site.ways.len()].0;
            events.push(Reverse((at + milliseconds(there), Happens::Counted(which))));
        }
        assert!(bucket.level.is_none_or(|level| level.tokens <= bucket.rates.capacity));
    }
    end
}

fn told_by(site: &Site, assumed: Rates, now: Instant) -> Bucket {
    let mut bucket = Bucket::new(assumed);
    let reservation = bucket.take(now).unwrap();
    let info = RateLimitInfo {
        capacity: Some(site.rates.capacity),
        remaining: Some(site.rates.capacity - 1.0),
        throttled: None,
    };
    bucket.update(reservation, &info, now);
    bucket
}

fn sites() -> impl Strategy<Value = Site> {
    (
        1_u32..40,
        10_u32..100,
        prop::collection::vec((0_u64..400, 0_u64..400), 1..20),
        prop::collection::vec(0_u64..3000, 1..150),
    )
        .prop_map(|(capacity, per_second, ways, starts)| Site {
            rates: Rates { capacity: capacity.into(), per_second: per_second.into() },
            ways,
            starts,
        })
}

proptest! {
    #[test]
    fn alone_with_a_server_that_refills_no_slower_nothing_is_refused(
        site in sites(),
        slower in 0.05_f64..=1.0,
    ) {
        let per_second = site.rates.per_second * slower;
        let end = play(&site, Rates { capacity: 1.0, per_second });

        prop_assert_eq!(end.granted, site.starts.len());
        prop_assert_eq!(end.failure, 0);
        // The queue moves at the assumed rate, but no more than a full bucket is on its way.
        let each = 1.0 / per_second + 0.8 / site.rates.capacity + 0.001;
        let most = 3.0 + f64::from(u32::try_from(site.starts.len()).unwrap()) * each + 0.8;
        prop_assert!(end.at.as_secs_f64() <= most, "{:?} {}", end, most);
    }

    #[test]
    fn with_any_server_every_request_is_sent_in_the_end(
        site in sites(),
        factor in 0.01_f64..100.0,
    ) {
        let per_second = site.rates.per_second * factor;
        let end = play(&site, Rates { capacity: 1000.0, per_second });
        prop_assert_eq!(end.granted, site.starts.len());
    }

    #[test]
    fn whatever_comes_the_level_stays_below_the_capacity_and_waits_are_not_negative(
        steps in prop::collection::vec((0_u8..5, 0_u32..50, 0_u64..2000), 0..200),
    ) {
        let begun = Instant::now();
        let (mut now, mut bucket, mut out) = (begun, Bucket::new(RATES), Vec::new());
        for (step, number, pause) in steps {
            now += milliseconds(pause);
            let index = number as usize % out.len().max(1);
            match step {
                0 | 1 => out.extend(bucket.take(now)),
                _ if out.is_empty() => {}
                2 => bucket.update(out.swap_remove(index), &remaining(number), now),
                3 => bucket.update(out.swap_remove(index), &throttled(milliseconds(pause)), now),
                _ => bucket.release(&out.swap_remove(index), number % 2 == 0),
            }
            prop_assert!(bucket.level.is_none_or(|level| level.tokens <= RATES.capacity));
            let mut before = now;
            for place in 1..5 {
                let available_at = bucket.available_at(now, place);
                prop_assert!(available_at >= before);
                before = available_at;
            }
        }
    }
}
