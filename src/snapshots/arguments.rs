//! Arguments, checked before anything is sent.

use bytes::Bytes;

use crate::error::Error;
use crate::model::is_object_id;

const LONGEST_CLUSTER_NAME: usize = 64;

/// A cluster of a project, by names that Atlas can have given.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub(crate) group_id: String,
    pub(crate) name: String,
}

/// What a take is asked with.
#[derive(Debug, Clone, Default)]
pub struct TakeArguments {
    description: Option<String>,
    retention_in_days: Option<i32>,
    /// Whether Atlas shall wrap its answer.
    pub envelope: bool,
    /// Whether Atlas shall indent its answer.
    pub pretty: bool,
}

impl Cluster {
    /// Checks both names.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] says which one is wrong, and how.
    pub fn new(group_id: &str, name: &str) -> Result<Self, Error> {
        if !is_object_id(group_id) {
            return Err(Error::InvalidArgument(format!(
                "group_id must be 24 hexadecimal digits in lower case, not {}",
                shown(group_id)
            )));
        }
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
}

impl TakeArguments {
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
        let days = |days: i64| {
            i32::try_from(days).ok().filter(|days| *days >= 1).ok_or_else(|| {
                Error::InvalidArgument(format!(
                    "retention_in_days must be from 1 to {}, not {days}",
                    i32::MAX
                ))
            })
        };
        Ok(Self {
            description: description.map(ToOwned::to_owned),
            retention_in_days: retention_in_days.map(days).transpose()?,
            envelope,
            pretty,
        })
    }

    /// The body to send: `{}` when nothing was given.
    pub(crate) fn body(&self) -> Bytes {
        let mut body = serde_json::Map::new();
        if let Some(description) = &self.description {
            body.insert("description".to_owned(), description.as_str().into());
        }
        if let Some(days) = self.retention_in_days {
            body.insert("retentionInDays".to_owned(), days.into());
        }
        serde_json::Value::Object(body).to_string().into()
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

/// A refused text as a message shows it: escaped, and not longer than it must be.
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
        assert!(Cluster::new(GROUP, "Cluster0").is_ok());
        assert!(Cluster::new(GROUP, &"a".repeat(64)).is_ok());
        let long = "a".repeat(65);
        for name in ["", "-a", "a_b", "a/b", "a b", "a\n", "ä", "..", "a%2f", long.as_str()] {
            assert!(matches!(Cluster::new(GROUP, name), Err(Error::InvalidArgument(_))), "{name}");
        }
        for id in [
            "",
            "32b6e34b3d91647abb20e7b",
            "32B6E34B3D91647ABB20E7B8",
            "32b6e34b3d91647abb20e7b8\n",
        ] {
            assert!(matches!(Cluster::new(id, "a"), Err(Error::InvalidArgument(_))), "{id}");
        }
    }

    #[test]
    fn the_body_holds_what_was_given_and_nothing_else() {
        let body =
            |description, days| TakeArguments::new(description, days, false, false).unwrap().body();
        assert_eq!(body(None, None), "{}");
        assert_eq!(body(Some(""), Some(1)), r#"{"description":"","retentionInDays":1}"#);
        assert_eq!(body(Some("ü\"\\"), None), r#"{"description":"ü\"\\"}"#);
    }

    #[test]
    fn retention_is_a_positive_32_bit_number() {
        for days in [0, -1, i64::from(i32::MAX) + 1, i64::MIN] {
            let refused = TakeArguments::new(None, Some(days), false, false);
            assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{days}");
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
