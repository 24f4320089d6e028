use proptest::prelude::*;
use serde_json::json;

use super::*;

type Plain = (String, String, String, i64, i64, Option<i64>);

fn plain(entries: &TokenFile) -> Vec<Plain> {
    let rows = entries.0.iter().map(|(owner, entry)| {
        (
            owner.base_url.clone(),
            owner.client_id.clone(),
            entry.token.expose_secret().to_owned(),
            entry.renew_at,
            entry.expires_at,
            entry.replaced_at,
        )
    });
    rows.collect()
}

fn owner(client_id: &str) -> CacheKey {
    CacheKey { base_url: "https://a.test".to_owned(), client_id: client_id.to_owned() }
}

fn entry(token: &str, expires_at: i64) -> Entry {
    Entry { token: token.into(), renew_at: expires_at, expires_at, replaced_at: None }
}

fn entries() -> impl Strategy<Value = TokenFile> {
    let row = (any::<String>(), any::<String>(), any::<String>(), any::<(i64, i64, Option<i64>)>());
    let entry =
        row.prop_map(|(base_url, client_id, token, (renew_at, expires_at, replaced_at))| {
            let entry = Entry { token: token.into(), renew_at, expires_at, replaced_at };
            (CacheKey { base_url, client_id }, entry)
        });
    proptest::collection::vec(entry, 0..6).prop_map(TokenFile)
}

/// Our own JSON with bytes changed, removed or put in.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<proptest::sample::Index>(), any::<u8>(), 0_u8..3);
    (entries(), proptest::collection::vec(change, 1..8)).prop_map(|(entries, changes)| {
        let mut json = entries.to_json().to_vec();
        for (at, byte, kind) in changes {
            let at = at.index(json.len());
            match kind {
                0 => json[at] = byte,
                1 => json.insert(at, byte),
                _ => json.truncate(at.max(1)),
            }
        }
        json
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(json in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = TokenFile::parse(&json);
    }

    #[test]
    fn so_is_anything_like_what_was_written(json in damaged()) {
        let entries = TokenFile::parse(&json);
        prop_assert_eq!(plain(&TokenFile::parse(&entries.to_json())), plain(&entries));
    }

    #[test]
    fn what_was_written_is_read_again(entries in entries()) {
        prop_assert_eq!(plain(&TokenFile::parse(&entries.to_json())), plain(&entries));
    }

    #[test]
    fn pruning_leaves_what_lasts(mut entries in entries(), now in any::<i64>()) {
        entries.evict_expired(now);
        prop_assert!(entries.0.iter().all(|(_, entry)| entry.expires_at > now));
    }
}

#[test]
fn what_is_not_understood_counts_as_nothing() {
    let good = json!({
        "base_url": "u", "client_id": "i", "access_token": "t", "renew_at": 1, "expires_at": 2,
    });
    for json in [
        json!(null),
        json!([]),
        json!([good]),
        json!({"tokens": [good]}),
        json!({"version": 2, "tokens": [good]}),
        json!({"version": "1", "tokens": [good]}),
        json!({"version": 1, "tokens": {}}),
        json!({"version": 1, "tokens": [[], 7, null, {}, {"base_url": "u", "client_id": "i"}]}),
    ] {
        assert!(TokenFile::parse(json.to_string().as_bytes()).0.is_empty(), "{json}");
    }
    let mixed = json!({"version": 1, "tokens": [{"expires_at": "soon"}, good], "more": 1});
    assert_eq!(TokenFile::parse(mixed.to_string().as_bytes()).0.len(), 1);
    let deep = [vec![b'['; 1 << 20], vec![b']'; 1 << 20]].concat();
    assert!(TokenFile::parse(&deep).0.is_empty());
}

#[test]
fn an_owner_has_one_entry_and_others_keep_theirs() {
    let mut entries = TokenFile::default();
    entries.put(&owner("a"), entry("old", 10));
    entries.put(&owner("b"), entry("other", 10));
    entries.put(&owner("a"), entry("new", 20));

    assert_eq!(entries.get(&owner("a")).unwrap().token.expose_secret(), "new");
    assert_eq!(entries.get(&owner("b")).unwrap().token.expose_secret(), "other");
    let elsewhere = CacheKey { base_url: "https://b.test".to_owned(), ..owner("a") };
    assert!(entries.get(&elsewhere).is_none());

    entries.remove(&owner("a"), &"old".into());
    assert!(entries.get(&owner("a")).is_some());
    entries.remove(&owner("a"), &"new".into());
    assert!(entries.get(&owner("a")).is_none());
    assert!(entries.get(&owner("b")).is_some());
}

#[test]
fn no_token_shows_in_debug() {
    let mut entries = TokenFile::default();
    entries.put(&owner("a"), entry("canary-token", 10));
    assert!(!format!("{entries:?}").contains("canary"));
}
