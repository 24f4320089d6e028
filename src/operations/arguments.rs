//! Arguments, checked before anything is sent.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use crate::config::positive_seconds;
use crate::error::Error;
use crate::model::is_object_id;
use crate::operations::idempotency::Tag;

const LONGEST_CLUSTER_NAME: usize = 64;
const USUAL_WAIT: Duration = Duration::from_secs(3600);
const UNITS: [(&str, &str); 4] =
    [("days", "DAYS"), ("weeks", "WEEKS"), ("months", "MONTHS"), ("years", "YEARS")];

/// A cluster of a project, by names that Atlas can have given.
#[derive(Debug, Clone)]
pub struct ClusterAddress {
    pub(crate) group_id: String,
    pub(crate) name: String,
}

/// A snapshot of a cluster.
#[derive(Debug, Clone)]
pub struct SnapshotAddress {
    pub(crate) cluster: ClusterAddress,
    pub(crate) id: String,
    /// Whether it is known to be of a sharded cluster; otherwise Atlas is asked.
    pub(crate) is_sharded: bool,
}

/// What to do about an on-demand snapshot that is unfinished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IfBusy {
    /// Refuse.
    #[default]
    Raise,
    /// Wait for it, then take another one.
    Wait,
    /// Give it instead of another one.
    Join,
}

/// What a take is asked with.
#[derive(Debug, Clone)]
pub struct TakeArguments {
    description: Option<String>,
    retention_in_days: Option<i32>,
    tag: Option<Tag>,
    /// What to do about an unfinished snapshot.
    pub if_busy: IfBusy,
    /// How long to wait for an unfinished snapshot.
    pub wait_timeout: Duration,
    /// Whether Atlas shall wrap its answer.
    pub envelope: bool,
    /// Whether Atlas shall indent its answer.
    pub pretty: bool,
}

/// What is sent of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_in_days: Option<i32>,
}

/// How long a snapshot is kept, in one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    unit: &'static str,
    value: i32,
}

impl ClusterAddress {
    /// Checks both names.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] says which one is wrong, and how.
    pub fn new(group_id: &str, name: &str) -> Result<Self, Error> {
        check_id("group_id", group_id)?;
        let mut bytes = name.bytes();
        let begins_well = bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !begins_well || !bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(Error::InvalidArgument(format!(
                "cluster_name must be letters, digits and hyphens, a letter or digit first, not {}",
                shown(name)
            )));
        }
        if name.len() > LONGEST_CLUSTER_NAME {
            return Err(Error::InvalidArgument(format!(
                "cluster_name must have at most {LONGEST_CLUSTER_NAME} characters, not {}",
                name.len()
            )));
        }
        Ok(Self { group_id: group_id.to_owned(), name: name.to_owned() })
    }

    /// The path of its snapshots.
    pub(crate) fn snapshots_path(&self) -> String {
        let Self { group_id, name } = self;
        format!("/api/atlas/v2/groups/{group_id}/clusters/{name}/backup/snapshots")
    }

    /// The path of its snapshots if it is a flex cluster.
    pub(crate) fn flex_snapshots_path(&self) -> String {
        let Self { group_id, name } = self;
        format!("/api/atlas/v2/groups/{group_id}/flexClusters/{name}/backup/snapshots")
    }
}

impl SnapshotAddress {
    /// Checks the id; `is_sharded` says that it is known to be of a sharded cluster.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] says what is wrong.
    pub fn new(cluster: ClusterAddress, id: &str, is_sharded: bool) -> Result<Self, Error> {
        check_id("snapshot_id", id)?;
        Ok(Self { cluster, id: id.to_owned(), is_sharded })
    }
}

impl IfBusy {
    /// Reads the word that a caller gave.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] names the words there are.
    pub fn parse(word: &str) -> Result<Self, Error> {
        match word {
            "raise" => Ok(Self::Raise),
            "wait" => Ok(Self::Wait),
            "join" => Ok(Self::Join),
            _ => Err(Error::InvalidArgument(format!(
                "if_busy must be \"raise\", \"wait\" or \"join\", not {}",
                shown(word)
            ))),
        }
    }
}

impl Default for TakeArguments {
    fn default() -> Self {
        Self {
            description: None,
            retention_in_days: None,
            tag: None,
            if_busy: IfBusy::Raise,
            wait_timeout: USUAL_WAIT,
            envelope: false,
            pretty: false,
        }
    }
}

impl TakeArguments {
    /// Whether it is said how long the snapshot is kept.
    pub(crate) fn has_retention(&self) -> bool {
        self.retention_in_days.is_some()
    }

    /// Checks what goes into the body; `retention_in_days` is any integer the caller gave.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] says which one is wrong, and how.
    pub fn new(
        description: Option<&str>,
        retention_in_days: Option<i64>,
        envelope: bool,
        pretty: bool,
    ) -> Result<Self, Error> {
        if description.is_some_and(|text| text.chars().any(char::is_control)) {
            return Err(Error::InvalidArgument(
                "description must not contain control characters (line breaks and tabs included)"
                    .to_owned(),
            ));
        }
        let days = retention_in_days.map(|days| positive("retention_in_days", days)).transpose()?;
        Ok(Self {
            description: description.map(ToOwned::to_owned),
            retention_in_days: days,
            envelope,
            pretty,
            ..Self::default()
        })
    }

    /// The same with what to do about an unfinished snapshot, and for how long.
    #[must_use]
    pub fn if_busy(self, if_busy: IfBusy, wait_timeout: Duration) -> Self {
        Self { if_busy, wait_timeout, ..self }
    }

    /// The same with an idempotency key, for one cluster; `if_busy` must be known by then.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when the key cannot be used.
    pub fn with_key(self, key: &str, cluster: &ClusterAddress) -> Result<Self, Error> {
        let tag = Some(Tag::derive(key, &cluster.group_id, &cluster.name)?);
        if self.if_busy == IfBusy::Join {
            return Err(Error::InvalidArgument(
                "if_busy=\"join\" may give somebody else's snapshot, so it takes no idempotency_key"
                    .to_owned(),
            ));
        }
        Ok(Self { tag, ..self })
    }

    pub(crate) fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The description as it is sent: verbatim, behind the tag where there is one.
    pub(crate) fn sent_description(&self) -> Option<Cow<'_, str>> {
        let text = self.description.as_deref();
        match &self.tag {
            Some(tag) => Some(tag.before(text.unwrap_or_default()).into()),
            None => text.map(Cow::Borrowed),
        }
    }

    /// The body to send: `{}` when nothing was given.
    pub(crate) fn body(&self) -> Result<Bytes, Error> {
        let description = self.sent_description();
        let body = Body { description, retention_in_days: self.retention_in_days };
        let written = serde_json::to_vec(&body).map_err(|error| {
            Error::InvalidArgument(format!("the arguments cannot be sent: {error}"))
        })?;
        Ok(written.into())
    }

    /// The switches that differ from Atlas' defaults.
    pub(crate) fn query(&self) -> Vec<(&'static str, String)> {
        [("envelope", self.envelope), ("pretty", self.pretty)]
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| (name, "true".to_owned()))
            .collect()
    }
}

impl Retention {
    /// Exactly one of days, weeks, months and years, in this order.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] when there is none, more than one, or one out of range.
    pub fn new(given: [Option<i64>; 4]) -> Result<Self, Error> {
        let mut found = UNITS.iter().zip(given).filter_map(|(unit, value)| Some((unit, value?)));
        match (found.next(), found.next()) {
            (Some(((name, unit), value)), None) => Ok(Self { unit, value: positive(name, value)? }),
            _ => Err(Error::InvalidArgument(
                "give exactly one of days, weeks, months and years".to_owned(),
            )),
        }
    }

    pub(crate) fn body(self) -> Bytes {
        json!({"retentionUnit": self.unit, "retentionValue": self.value}).to_string().into()
    }
}

/// A time-out of an operation, in seconds.
///
/// # Errors
/// [`Error::InvalidArgument`] unless it is finite and above zero.
pub fn time_out(name: &str, seconds: f64) -> Result<Duration, Error> {
    positive_seconds(name, seconds).map_err(Error::InvalidArgument)
}

/// The id of a project.
///
/// # Errors
/// [`Error::InvalidArgument`] when it is malformed.
pub fn group_id(text: &str) -> Result<String, Error> {
    check_id("group_id", text).map(|()| text.to_owned())
}

fn check_id(name: &str, text: &str) -> Result<(), Error> {
    if is_object_id(text) {
        return Ok(());
    }
    Err(Error::InvalidArgument(format!(
        "{name} must be 24 hexadecimal digits in lower case, not {}",
        shown(text)
    )))
}

fn positive(name: &str, value: i64) -> Result<i32, Error> {
    i32::try_from(value).ok().filter(|value| *value >= 1).ok_or_else(|| {
        Error::InvalidArgument(format!("{name} must be from 1 to {}, not {value}", i32::MAX))
    })
}

/// An invalid text as a message shows it: escaped and shortened.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    let rest = if start.len() < text.len() { "…" } else { "" };
    format!("{start:?}{rest}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const GROUP: &str = "32b6e34b3d91647abb20e7b8";

    #[test]
    fn names_that_atlas_cannot_have_given_are_refused() {
        assert!(ClusterAddress::new(GROUP, "Cluster0").is_ok());
        assert!(ClusterAddress::new(GROUP, &"a".repeat(64)).is_ok());
        let long = "a".repeat(65);
        for name in ["", "-a", "a_b", "a/b", "a b", "a\n", "ä", "..", "a%2f", long.as_str()] {
            assert!(
                matches!(ClusterAddress::new(GROUP, name), Err(Error::InvalidArgument(_))),
                "{name}"
            );
        }
        for id in [
            "",
            "32b6e34b3d91647abb20e7b",
            "32B6E34B3D91647ABB20E7B8",
            "32b6e34b3d91647abb20e7b8\n",
        ] {
            assert!(matches!(ClusterAddress::new(id, "a"), Err(Error::InvalidArgument(_))), "{id}");
        }
    }

    #[test]
    fn the_body_holds_what_was_given_and_nothing_else() {
        let body = |description, days| {
            TakeArguments::new(description, days, false, false).unwrap().body().unwrap()
        };
        assert_eq!(body(None, None), "{}");
        assert_eq!(body(Some(""), Some(1)), r#"{"description":"","retentionInDays":1}"#);
        assert_eq!(body(Some("ü\"\\"), None), r#"{"description":"ü\"\\"}"#);
    }

    #[test]
    fn a_key_puts_its_tag_before_the_text() {
        let cluster = ClusterAddress::new(GROUP, "a").unwrap();
        let arguments = TakeArguments::new(Some("text"), None, false, false).unwrap();

        let body = arguments.with_key("k", &cluster).unwrap().body().unwrap();

        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let description = body.get("description").and_then(|text| text.as_str()).unwrap();
        assert!(
            description.starts_with("[ab1:") && description.ends_with("] text"),
            "{description}"
        );
    }

    #[test]
    fn a_key_cannot_join_a_snapshot_of_somebody_else() {
        let cluster = ClusterAddress::new(GROUP, "a").unwrap();
        let join = TakeArguments { if_busy: IfBusy::Join, ..TakeArguments::default() };
        assert!(matches!(join.with_key("k", &cluster), Err(Error::InvalidArgument(_))));
    }

    #[test]
    fn retention_has_exactly_one_unit() {
        for given in [[None; 4], [Some(1), None, Some(1), None], [Some(0), None, None, None]] {
            assert!(matches!(Retention::new(given), Err(Error::InvalidArgument(_))), "{given:?}");
        }
        let weeks = Retention::new([None, Some(2), None, None]).unwrap();
        assert_eq!(weeks.body(), r#"{"retentionUnit":"WEEKS","retentionValue":2}"#);
    }

    #[test]
    fn retention_is_a_positive_32_bit_number() {
        for days in [0, -1, i64::from(i32::MAX) + 1, i64::MIN] {
            let result = TakeArguments::new(None, Some(days), false, false);
            assert!(matches!(result, Err(Error::InvalidArgument(_))), "{days}");
        }
        assert!(TakeArguments::new(None, Some(i64::from(i32::MAX)), false, false).is_ok());
    }

    #[test]
    fn control_characters_are_refused_everywhere() {
        for text in ["a\nb", "\0", "\u{7f}", "\u{85}"] {
            assert!(TakeArguments::new(Some(text), None, false, false).is_err(), "{text:?}");
        }
    }
}
