//! The tag of an idempotency key: how one call is found again among a cluster's snapshots.
//!
//! The format is fixed for ever; another one would get another prefix. Atlas gives descriptions back
//! verbatim; should it escape, quote or prefix them, the tag is still recognised by its characters.

use data_encoding::BASE32;
use sha2::{Digest, Sha256};

use crate::error::Error;

const PREFIX: &str = "[ab1:";
const LETTERS: usize = 26;
const NAME: &str = "ab1";
/// The colon behind the name, also as HTML, URLs and JSON escape it.
const COLONS: [&str; 9] =
    [":", "&#58;", "&#x3a;", "&#x3A;", "&colon;", "%3A", "%3a", "\\u003a", "\\u003A"];
const LONGEST_KEY: usize = 1024;

/// `[ab1:` and 26 characters of base32 and `]`, derived from key, project and cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag(String);

impl Tag {
    /// Checks a key and derives its tag.
    pub(crate) fn derive(key: &str, group_id: &str, cluster_name: &str) -> Result<Self, Error> {
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
        for part in ["atlas-backups:1", key, group_id, cluster_name] {
            hasher.update(part);
            hasher.update(b"\0");
        }
        let mut letters = BASE32.encode(&hasher.finalize());
        letters.truncate(LETTERS);
        Ok(Self(format!("{PREFIX}{letters}]")))
    }

    /// The first whole tag in a description.
    pub(crate) fn read(description: &str) -> Option<Self> {
        description.match_indices(NAME).find_map(|(at, _)| {
            let rest = description.get(at + NAME.len()..)?;
            let rest = COLONS.iter().find_map(|colon| rest.strip_prefix(colon))?;
            let (letters, rest) = rest.split_at_checked(LETTERS)?;
            let is_whole = letters.chars().all(is_letter) && !rest.starts_with(is_letter);
            is_whole.then(|| Self(format!("{PREFIX}{letters}]")))
        })
    }

    /// Whether a description is of this tag: the first tag in it counts, for a text may quote
    /// others; without any, the tag's 26 characters, whatever became of what stood around them.
    pub(crate) fn is_in(&self, description: &str) -> bool {
        match Self::read(description) {
            Some(first) => first == *self,
            None => description.split(|c| !is_letter(c)).any(|word| word == self.letters()),
        }
    }

    fn letters(&self) -> &str {
        self.0.trim_start_matches(PREFIX).trim_end_matches(']')
    }

    /// Puts the tag before a text.
    pub(crate) fn before(&self, text: &str) -> String {
        format!("{} {text}", self.0)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_letter(c: char) -> bool {
    matches!(c, 'A'..='Z' | '2'..='7')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GROUP: &str = "32b6e34b3d91647abb20e7b8";

    fn tag(key: &str) -> Tag {
        Tag::derive(key, GROUP, "Cluster0").unwrap()
    }

    #[test]
    fn the_format_never_changes() {
        assert_eq!(tag("release-42").as_str(), "[ab1:CXXPXOPWUUZLSCWFT2XGLFK7Q3]");
    }

    #[test]
    fn another_key_or_cluster_gives_another_tag() {
        assert_ne!(tag("a"), tag("b"));
        assert_ne!(tag("a"), Tag::derive("a", GROUP, "Cluster1").unwrap());
    }

    #[test]
    fn keys_that_cannot_be_meant_are_refused() {
        for key in ["", "a\nb", &"k".repeat(10_000)] {
            assert!(matches!(Tag::derive(key, GROUP, "a"), Err(Error::InvalidArgument(_))));
        }
        assert!(Tag::derive(&"ü".repeat(1024), GROUP, "a").is_ok());
    }

    #[test]
    fn test_read_finds_a_whole_tag_wherever_it_stands() {
        let tag = tag("a");
        let text = tag.as_str();
        for good in [
            text.to_owned(),
            tag.before(""),
            tag.before("before release 42"),
            format!("\u{feff}{text}"),
            format!("\"{text} before\""),
            format!("{text}\u{a0}before"),
            format!("[ab1:] ab1 ab1:ABC copy of {text}, see [ab1:{}]", "A".repeat(LETTERS)),
            text.replace('[', "&#91;").replace(']', "&#93;"),
            text.replace('[', "&#x5b;").replace(':', "&#x3a;"),
            text.replace('[', "%5B").replace(':', "%3A"),
            text.replace(']', "\\u005d"),
        ] {
            assert_eq!(Tag::read(&good), Some(tag.clone()), "{good}");
            assert!(tag.is_in(&good), "{good}");
        }
    }

    #[test]
    fn test_read_finds_no_tag_that_is_not_whole() {
        let tag = tag("a");
        let text = tag.as_str();
        let longer = text.replace(']', "A]");
        let shorter = text.replace(tag.letters(), tag.letters().split_at(25).0);
        for bad in ["", "[ab1:]", &text.to_lowercase(), &shorter, &longer, "ab1:ä", "[ab1"] {
            assert_eq!(Tag::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn test_is_in_compares_the_first_tag_or_else_the_characters() {
        let (own, other) = (tag("a"), tag("b"));
        assert!(own.is_in(&own.as_str().replace(':', "?")));
        assert!(own.is_in(&own.before(other.as_str())));
        assert!(!own.is_in(&other.before(own.as_str())));
        assert!(!own.is_in(&own.as_str().to_lowercase()));
        assert!(!own.is_in(&own.as_str().replace(']', "A]")));
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
            let _ = (Tag::read(&text), tag("a").is_in(&text));
        }
    }
}
