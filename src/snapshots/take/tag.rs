//! The tag of an idempotency key: how one call is found again among a cluster's snapshots.
//!
//! The format is fixed for ever; another one would get another prefix.

use data_encoding::BASE32;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::snapshots::arguments::ClusterAddress;

const PREFIX: &str = "[ab1:";
const LETTERS: usize = 26;
const LONGEST_KEY: usize = 1024;

/// `[ab1:` and 26 characters of base32 and `]`, derived from key, project and cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag(String);

impl Tag {
    /// Checks a key and derives its tag.
    pub(crate) fn of(key: &str, cluster: &ClusterAddress) -> Result<Self, Error> {
        let refuse =
            |why: String| Err(Error::InvalidArgument(format!("idempotency_key must {why}")));
        if key.is_empty() {
            return refuse("not be empty".to_owned());
        }
        let length = key.chars().count();
        if length > LONGEST_KEY {
            return refuse(format!("have at most {LONGEST_KEY} characters, not {length}"));
        }
        if key.chars().any(char::is_control) {
            return refuse("not contain control characters".to_owned());
        }
        let mut hasher = Sha256::new();
        // No part can contain the separator, so different parts never hash alike.
        for part in ["atlas-backups:1", key, &cluster.group_id, &cluster.name] {
            hasher.update(part);
            hasher.update(b"\0");
        }
        let mut letters = BASE32.encode(&hasher.finalize());
        letters.truncate(LETTERS);
        Ok(Self(format!("{PREFIX}{letters}]")))
    }

    /// The tag at the start of a description; Atlas might trim the space behind it.
    pub(crate) fn read(description: &str) -> Option<Self> {
        let (letters, rest) = description.strip_prefix(PREFIX)?.split_once(']')?;
        let is_letter = |byte: u8| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
        let is_tag = letters.len() == LETTERS && letters.bytes().all(is_letter);
        (is_tag && (rest.is_empty() || rest.starts_with(' ')))
            .then(|| Self(format!("{PREFIX}{letters}]")))
    }

    /// Puts the tag before a text.
    pub(crate) fn before(&self, text: &str) -> String {
        format!("{} {text}", self.0)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cluster(name: &str) -> ClusterAddress {
        ClusterAddress::new("32b6e34b3d91647abb20e7b8", name).unwrap()
    }

    fn tag(key: &str) -> Tag {
        Tag::of(key, &cluster("Cluster0")).unwrap()
    }

    #[test]
    fn the_format_never_changes() {
        assert_eq!(tag("release-42").as_str(), "[ab1:CXXPXOPWUUZLSCWFT2XGLFK7Q3]");
    }

    #[test]
    fn another_key_or_cluster_gives_another_tag() {
        assert_ne!(tag("a"), tag("b"));
        assert_ne!(tag("a"), Tag::of("a", &cluster("Cluster1")).unwrap());
    }

    #[test]
    fn keys_that_cannot_be_meant_are_refused() {
        for key in ["", "a\nb", &"k".repeat(10_000)] {
            assert!(matches!(Tag::of(key, &cluster("a")), Err(Error::InvalidArgument(_))));
        }
        assert!(Tag::of(&"ü".repeat(1024), &cluster("a")).is_ok());
    }

    #[test]
    fn only_a_whole_tag_at_the_start_is_one() {
        let tag = tag("a");
        for good in [tag.as_str().to_owned(), tag.before(""), tag.before("before release 42")] {
            assert_eq!(Tag::read(&good), Some(tag.clone()), "{good}");
        }
        let lower = tag.as_str().to_lowercase();
        for bad in
            ["", "[ab1:]", &format!(" {}", tag.as_str()), &format!("{}x", tag.as_str()), &lower]
        {
            assert_eq!(Tag::read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_was_put_before_a_text_is_read_again(key in "[^\\p{Cc}]{1,40}", text in any::<String>()) {
            let tag = tag(&key);
            prop_assert_eq!(Tag::read(&tag.before(&text)), Some(tag.clone()));
            prop_assert!(tag.as_str().is_ascii() && tag.as_str().len() == 32);
        }

        #[test]
        fn any_description_is_read_without_panic(text in any::<String>()) {
            let _ = Tag::read(&text);
        }
    }
}
