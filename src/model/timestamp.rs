//! An instant that a Python `datetime` can hold: years 1 to 9999, whole microseconds, UTC.

use jiff::tz::Offset;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time as Atlas writes it (RFC 3339), in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn as_second(self) -> i64 {
        self.0.as_second()
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let instant: jiff::Timestamp = text.parse().map_err(de::Error::custom)?;
        let year = Offset::UTC.to_datetime(instant).year();
        if (1..=9999).contains(&year) {
            Ok(Self(instant))
        } else {
            Err(de::Error::custom("outside the years 1 to 9999"))
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let utc = Offset::UTC.to_datetime(self.0);
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
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Timestamp> {
        serde_json::from_value(serde_json::Value::from(text)).ok()
    }

    #[test]
    fn offsets_are_brought_to_utc() {
        assert_eq!(read("2026-08-10T05:33:30+02:00"), read("2026-08-10T03:33:30Z"));
        assert!(read("2026-08-10T03:33:30.123456789Z").is_some());
    }

    #[test]
    fn what_python_cannot_hold_is_refused() {
        for text in ["-000044-03-15T00:00:00Z", "2026-13-01T00:00:00Z", "2026-08-10", "soon", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
