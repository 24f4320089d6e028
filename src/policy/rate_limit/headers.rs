//! What an answer says about the bucket: its `RateLimit-…` headers and a 429's parameters.
//!
//! Lenient and pure: whatever is missing, unreadable or absurd is left out or made bearable.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use serde_json::Value;

use crate::http::response::Response;

const TOO_MANY_REQUESTS: u16 = 429;
// Names that are looked for in every answer are no text that is read anew each time.
static LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
/// A header that says "later" means at least this.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// Longer waits are probed once in that time: a gateway's nonsense must not shut a project out.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
const CAPACITIES: (f64, f64) = (1.0, 1e6);
/// In tokens a second.
const REFILLS: (f64, f64) = (1.0 / 60.0, 1e5);

/// How a bucket is filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rates {
    pub(crate) capacity: f64,
    pub(crate) per_second: f64,
}

/// What is known after an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RateLimitInfo {
    pub(crate) capacity: Option<f64>,
    pub(crate) remaining: Option<f64>,
    pub(crate) throttled: Option<Throttled>,
}

/// What a 429 says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Throttled {
    pub(crate) wait: Duration,
    /// All three numbers of a bucket, where they were given.
    pub(crate) rates: Option<Rates>,
}

impl RateLimitInfo {
    pub(crate) fn of(response: &Response) -> Self {
        let is_429 = response.status() == TOO_MANY_REQUESTS;
        let mut info = Self::of_headers(response.headers());
        if is_429 {
            info.throttled =
                Some(Throttled::new(response.retry_after_delay(), response.parameters()));
        }
        info
    }

    fn of_headers(headers: &HeaderMap) -> Self {
        let number = |name: &HeaderName| count(headers.get(name)?.to_str().ok()?);
        let capacity = number(&LIMIT).map(bounded(CAPACITIES));
        // Nothing granted at all would be a strange way to say that there is no limit.
        let remaining = number(&REMAINING).map(bounded((0.0, CAPACITIES.1)));
        Self { capacity, remaining, throttled: None }
    }
}

impl Throttled {
    /// The parameters are the endpoint, the wait, capacity, refill, and period in seconds.
    fn new(wait: Option<Duration>, parameters: &[Value]) -> Self {
        let wait = wait.unwrap_or_default().clamp(SHORTEST_WAIT, LONGEST_WAIT);
        let number = |index| positive(parameters.get(index)?);
        let rates = || {
            let (capacity, refill, period) = (number(2)?, number(3)?, number(4)?);
            let per_second = bounded(REFILLS)(refill / period);
            Some(Rates { capacity: bounded(CAPACITIES)(capacity), per_second })
        };
        Self { wait, rates: rates() }
    }
}

fn bounded((least, most): (f64, f64)) -> impl Fn(f64) -> f64 {
    move |number| number.max(least).min(most)
}

/// The digits that a header begins with.
fn count(value: &str) -> Option<f64> {
    let value = value.trim();
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    value.get(..end)?.parse().ok()
}

fn positive(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    (number.is_finite() && number > 0.0).then_some(number)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn headers(limit: &[u8], remaining: &[u8]) -> RateLimitInfo {
        let mut headers = HeaderMap::new();
        for (name, value) in [("ratelimit-limit", limit), ("ratelimit-remaining", remaining)] {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.insert(name, value);
            }
        }
        RateLimitInfo::of_headers(&headers)
    }

    fn rates(parameters: &Value) -> Option<Rates> {
        Throttled::new(None, parameters.as_array().unwrap()).rates
    }

    #[test]
    fn reads_both_headers() {
        for (limit, remaining, expected) in [
            ("1200", "1199", (Some(1200.0), Some(1199.0))),
            (" 20 ", "0", (Some(20.0), Some(0.0))),
            ("1200, 1200;w=60", "3.9", (Some(1200.0), Some(3.0))),
            ("0", "99999999999999999999999999", (Some(1.0), Some(1e6))),
            ("-5", "-5", (None, None)),
            ("", "many", (None, None)),
        ] {
            let info = headers(limit.as_bytes(), remaining.as_bytes());
            assert_eq!((info.capacity, info.remaining), expected, "{limit} {remaining}");
        }
        assert_eq!(RateLimitInfo::of_headers(&HeaderMap::new()), RateLimitInfo::default());
    }

    #[test]
    fn reads_a_refusals_parameters_as_numbers_or_texts() {
        let expected = Some(Rates { capacity: 1200.0, per_second: 10.0 });

        assert_eq!(rates(&json!(["/a", 30, 1200, 600, 60])), expected);
        assert_eq!(rates(&json!(["/a", "30", "1200", " 600", "60.0"])), expected);
    }

    #[test]
    fn numbers_that_are_missing_or_without_sense_are_left_out() {
        for parameters in [
            json!([]),
            json!(["/a", 30, 1200, 600]),
            json!(["/a", 30, null, 600, 60]),
            json!(["/a", 30, 1200, 0, 60]),
            json!(["/a", 30, 1200, 600, 0]),
            json!(["/a", 30, -1, 600, 60]),
            json!(["/a", 30, "NaN", 600, 60]),
            json!(["/a", 30, 1200, "inf", 60]),
            json!(["/a", 30, {}, [], true]),
        ] {
            assert_eq!(rates(&parameters), None, "{parameters}");
        }
    }

    #[test]
    fn absurd_numbers_are_made_bearable() {
        let tiny = rates(&json!(["/a", 1, 0.001, 1e-300, 1e300])).unwrap();
        let huge = rates(&json!(["/a", 1, 1e300, 1e300, 1e-300])).unwrap();

        assert_eq!((tiny.capacity, tiny.per_second), (CAPACITIES.0, REFILLS.0));
        assert_eq!((huge.capacity, huge.per_second), (CAPACITIES.1, REFILLS.1));
        assert_eq!(Throttled::new(Some(Duration::MAX), &[]).wait, LONGEST_WAIT);
        assert_eq!(Throttled::new(Some(Duration::ZERO), &[]).wait, SHORTEST_WAIT);
        assert_eq!(Throttled::new(None, &[]).wait, SHORTEST_WAIT);
    }

    proptest! {
        #[test]
        fn any_header_text_is_read_without_panic_and_within_bounds(
            limit in prop::collection::vec(any::<u8>(), 0..40),
            remaining in "[0-9 .,;=a-z+-]{0,40}",
        ) {
            let info = headers(&limit, remaining.as_bytes());
            prop_assert!(info.capacity.is_none_or(|n| (CAPACITIES.0..=CAPACITIES.1).contains(&n)));
            prop_assert!(info.remaining.is_none_or(|n| (0.0..=CAPACITIES.1).contains(&n)));
        }

        #[test]
        fn any_parameters_give_numbers_to_work_with(
            numbers in prop::collection::vec(any::<f64>(), 0..6),
            text in any::<String>(),
        ) {
            for parameters in [
                numbers.iter().map(|number| json!(number)).collect::<Vec<_>>(),
                numbers.iter().map(|number| json!(number.to_string())).collect(),
                vec![json!(text); 5],
            ] {
                if let Some(rates) = Throttled::new(None, &parameters).rates {
                    prop_assert!((CAPACITIES.0..=CAPACITIES.1).contains(&rates.capacity));
                    prop_assert!((REFILLS.0..=REFILLS.1).contains(&rates.per_second));
                }
            }
        }
    }
}
