//! Reads the header values that the transport acts on: `Retry-After`, `Deprecation`, `Sunset`.
//!
//! Lenient, for these come from gateways too, and pure: the caller says what time it is.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Longer waits count as this one (136 years): it can be added to any clock without overflow.
const LONGEST_WAIT: Duration = Duration::from_secs(u32::MAX as u64);

/// How much of an unreadable date a warning shows, in characters.
const LONGEST_QUOTE: usize = 64;

/// The forms of a date in HTTP (RFC 9110, 5.6.7) without weekday, zone and hyphens.
const DATE_FORMS: [&str; 3] = ["%d %b %y %H:%M:%S", "%d %b %Y %H:%M:%S", "%b %d %H:%M:%S %Y"];

/// How long `Retry-After` asks to wait: a number of seconds, or an HTTP date seen from `now`,
/// best the server's own `Date`.
///
/// A date in the past is zero, a fraction is rounded up, more than about 136 years is that. None
/// when the value is unreadable or negative.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let wait = match seconds(value.trim()) {
        Some(wait) => wait,
        // Only a negative duration fails to convert.
        None => Duration::try_from(http_date(value)?.duration_since(now)).unwrap_or_default(),
    };
    Some(wait.min(LONGEST_WAIT))
}

/// Seconds in digits, perhaps with a fraction.
fn seconds(value: &str) -> Option<Duration> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // Digits alone fail only when they are too many.
    let whole = whole.parse().unwrap_or(u64::MAX);
    let more = fraction.bytes().any(|b| b != b'0');
    Some(Duration::from_secs(whole.saturating_add(more.into())))
}

/// The moment that an HTTP date names, in any of its three forms.
///
/// Days may have one digit; a wrong weekday or none, and a missing zone, are tolerated.
pub(crate) fn http_date(value: &str) -> Option<Timestamp> {
    let date = value
        .trim()
        .trim_start_matches(|c: char| c.is_ascii_alphabetic())
        .trim_start_matches([',', ' ']);
    let date =
        date.strip_suffix("GMT").or_else(|| date.strip_suffix("UTC")).unwrap_or(date).trim_end();
    let date = date.replace('-', " ");
    let civil = DATE_FORMS.iter().find_map(|form| DateTime::strptime(form, &date).ok())?;
    // The last days of the year 9999, which some send for "never", are beyond what can be reckoned with.
    Some(Offset::UTC.to_timestamp(civil).unwrap_or(Timestamp::MAX))
}

/// What a warning calls the date in `Deprecation` or `Sunset`: `2024-08-05` for an HTTP date or
/// the `@1688169599` of RFC 9745, else the value itself in quotes, made harmless and short.
pub(crate) fn deprecation_date(value: &str) -> String {
    let value = value.trim();
    let moment = match value.strip_prefix('@') {
        Some(second) => second.parse().ok().and_then(|s| Timestamp::from_second(s).ok()),
        None => http_date(value),
    };
    if let Some(moment) = moment {
        return Offset::UTC.to_datetime(moment).date().to_string();
    }
    // Taken out, they would join what was hidden in pieces.
    let mut shown = value.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut quote: String = shown.by_ref().take(LONGEST_QUOTE).collect();
    if shown.next().is_some() {
        quote.push('…');
    }
    format!("\"{quote}\"")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example date of RFC 9110: Sun, 06 Nov 1994 08:49:37 GMT.
    const EXAMPLE: Timestamp = Timestamp::constant(784_111_777, 0);

    fn wait(value: &str) -> Option<Duration> {
        retry_after(value, EXAMPLE)
    }

    #[test]
    fn reads_every_form_of_a_date() {
        for value in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            " Mon, 6 Nov 1994 08:49:37 GMT ",
            "sun,06 nov 1994 08:49:37 UTC",
            "6 Nov 1994 08:49:37",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT",
        ] {
            assert_eq!(http_date(value), Some(EXAMPLE), "{value}");
        }
        for value in [
            "",
            "GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994",
            "1994-11-06T08:49:37Z",
        ] {
            assert_eq!(http_date(value), None, "{value}");
        }
    }

    #[test]
    fn reads_seconds() {
        for (value, seconds) in [
            ("0", 0),
            ("120", 120),
            (" 007\t", 7),
            ("1.5", 2),
            ("1.0", 1),
            ("1000000000", 1_000_000_000),
            ("99999999999999999999999999999999999", u32::MAX.into()),
            ("99999999999999999999999999999999999.9", u32::MAX.into()),
        ] {
            assert_eq!(wait(value), Some(Duration::from_secs(seconds)), "{value}");
        }
        for value in ["", " ", "-1", "+1", "1.", ".5", "1.5.5", "1e3", "0x10", "5 s", "１", "soon"]
        {
            assert_eq!(wait(value), None, "{value}");
        }
    }

    #[test]
    fn waits_until_a_date_but_never_backwards() {
        assert_eq!(wait("Sun, 06 Nov 1994 08:51:37 GMT"), Some(Duration::from_secs(120)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:36 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("Fri, 31 Dec 9998 23:59:59 GMT"), Some(LONGEST_WAIT));
        assert_eq!(wait("Fri, 31 Dec 9999 23:59:59 GMT"), Some(LONGEST_WAIT));
    }

    #[test]
    fn names_the_date_of_a_deprecation() {
        for (value, named) in [
            ("Mon, 5 Aug 2024 00:00:00 GMT", "2024-08-05"),
            ("Fri, 30 Jun 2023 23:59:59 GMT", "2023-06-30"),
            ("@1688169599", "2023-06-30"),
            (" @0 ", "1970-01-01"),
            ("true", "\"true\""),
            ("@x", "\"@x\""),
            ("@99999999999999999999", "\"@99999999999999999999\""),
            ("\u{1b}[31mred\r\n", "\" [31mred\""),
            ("", "\"\""),
        ] {
            assert_eq!(deprecation_date(value), named);
        }
        assert_eq!(deprecation_date(&"é".repeat(64)), format!("\"{}\"", "é".repeat(64)));
        assert_eq!(deprecation_date(&"é".repeat(65)), format!("\"{}…\"", "é".repeat(64)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(value in any::<String>(), now in -9_999_999_999_i64..=99_999_999_999) {
            let _ = retry_after(&value, Timestamp::from_second(now).unwrap());
            let shown = deprecation_date(&value);
            prop_assert!(shown.chars().count() <= LONGEST_QUOTE + 3);
            prop_assert!(!shown.contains(char::is_control));
        }

        #[test]
        fn almost_dates_are_read_without_panic(value in "[A-Z][a-z]{2},? ?[0-9]{0,3}[ -][A-Z][a-z]{2}[ -][0-9+-]{0,6} [0-9:]{0,9}( GMT)?") {
            let _ = retry_after(&value, EXAMPLE);
        }

        #[test]
        fn seconds_are_read_as_written(n in any::<u32>()) {
            prop_assert_eq!(wait(&n.to_string()), Some(Duration::from_secs(n.into())));
        }

        #[test]
        fn dates_are_read_as_written(second in -62_135_596_800_i64..253_370_764_800, wait in 0_u32..) {
            let date = Timestamp::from_second(second).unwrap();
            for form in ["%a, %d %b %Y %H:%M:%S GMT", "%a, %-d %b %Y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
                let value = date.strftime(form).to_string();
                prop_assert_eq!(http_date(&value), Some(date));
                let before = Timestamp::from_second((second - i64::from(wait)).max(-62_135_596_800)).unwrap();
                let expected = Duration::try_from(date.duration_since(before)).unwrap();
                prop_assert_eq!(retry_after(&value, before), Some(expected));
            }
            let (value, day) = (format!("@{second}"), date.strftime("%Y-%m-%d").to_string());
            prop_assert_eq!(deprecation_date(&value), day);
        }
    }
}
