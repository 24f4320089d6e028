//! An instant that a Python `datetime` can hold: years 1 to 9999, whole microseconds, UTC.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::model::fields::FromJson;
use crate::model::json::Json;

/// A point in time as Atlas writes it (RFC 3339), in UTC.
///
/// Not a `jiff::Timestamp`, which ends a day before Python's and Java's last date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(DateTime);

impl Timestamp {
    fn parse(text: &str) -> Option<Self> {
        let pieces = Pieces::parse(text).ok()?;
        let local = pieces.date().to_datetime(pieces.time()?);
        let offset = SignedDuration::from_secs(pieces.to_numeric_offset()?.seconds().into());
        let utc = local.checked_sub(offset).ok()?;
        (1..=9999).contains(&utc.year()).then_some(Self(utc))
    }
}

impl From<jiff::Timestamp> for Timestamp {
    /// Of the years before the first, which only a mistaken clock shows, the first.
    fn from(instant: jiff::Timestamp) -> Self {
        let first = DateTime::constant(1, 1, 1, 0, 0, 0, 0);
        Self(Offset::UTC.to_datetime(instant).max(first))
    }
}

impl FromJson<'_> for Timestamp {
    /// What is no date that Python can hold is none.
    fn read(json: Json<'_>) -> Option<Self> {
        Self::parse(&json.text()?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let utc = self.0;
        let mut out = serializer.serialize_struct("datetime", 7)?;
        out.serialize_field("year", &utc.year())?;
        out.serialize_field("month", &utc.month())?;
        out.serialize_field("day", &utc.day())?;
        out.serialize_field("hour", &utc.hour())?;
        out.serialize_field("minute", &utc.minute())?;
        out.serialize_field("second", &utc.second())?;
        let microsecond = utc.subsec_nanosecond() / 1000;
        out.serialize_field("microsecond", &microsecond)?;
        out.end()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Timestamp> {
        Timestamp::parse(text)
    }

    #[test]
    fn offsets_are_brought_to_utc() {
        assert_eq!(read("2026-08-10T05:33:30+02:00"), read("2026-08-10T03:33:30Z"));
        assert!(read("2026-08-10T03:33:30.123456789Z").is_some());
        assert!(read("9999-12-31T23:59:59Z").is_some());
    }

    #[test]
    fn an_instant_of_a_mistaken_clock_is_one_that_python_can_hold() {
        let of = |second| Timestamp::from(jiff::Timestamp::from_second(second).unwrap());
        assert_eq!(Some(of(1_786_332_810)), read("2026-08-10T03:33:30Z"));
        assert_eq!(Some(Timestamp::from(jiff::Timestamp::MIN)), read("0001-01-01T00:00:00Z"));
        assert_eq!(Timestamp::from(jiff::Timestamp::MAX).0.year(), 9999);
    }

    #[test]
    fn what_python_cannot_hold_is_refused() {
        for text in ["-000044-03-15T00:00:00Z", "2026-13-01T00:00:00Z", "2026-08-10", "soon", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
