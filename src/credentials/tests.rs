//! Tests of credentials and of the environment variables.
#![allow(clippy::unwrap_used)]

use super::*;

fn from(pairs: &[(&str, &str)]) -> Result<Credentials, Error> {
    Credentials::from_env(&|name| {
        pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())
    })
}

#[test]
fn the_environment_has_an_order() {
    let key = [("MONGODB_ATLAS_PUBLIC_KEY", "p"), ("MONGODB_ATLAS_PRIVATE_API_KEY", "q")];
    let account = [(CLIENT_ID, "i"), (CLIENT_SECRET, "s")];
    let token = [(ACCESS_TOKEN, "t")];

    let all = [&key[..], &account[..], &token[..]].concat();

    assert_eq!(from(&all).unwrap(), Credentials::access_token("t").unwrap());
    assert_eq!(
        from(&[&key[..], &account[..]].concat()).unwrap(),
        Credentials::service_account("i", "s").unwrap()
    );
    assert_eq!(from(&key).unwrap(), Credentials::api_key("p", "q").unwrap());
}

#[test]
fn half_a_pair_names_the_missing_half() {
    for (set, missing) in [
        (CLIENT_ID, CLIENT_SECRET),
        (CLIENT_SECRET, CLIENT_ID),
        (PUBLIC_KEY[1], PRIVATE_KEY[0]),
        (PRIVATE_KEY[0], PUBLIC_KEY[0]),
    ] {
        let message = from(&[(set, "x")]).unwrap_err().to_string();
        assert!(message.contains(missing), "{message}");
    }
    assert!(
        from(&[(CLIENT_ID, ""), (CLIENT_SECRET, "")])
            .unwrap_err()
            .to_string()
            .contains(ACCESS_TOKEN)
    );
}

const ID: &str = "mdb_sa_id_1";
const SECRET: &str = "mdb_sa_sk_canary";
const PUBLIC: &str = "abcdefgh";
const PRIVATE: &str = "5f0c0de0-0000-4000-8000-0123456789ab";

fn message(result: Result<Credentials, Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_misplaced_half_is_an_error_that_shows_neither_value() {
    let (account, key) = (Credentials::service_account, Credentials::api_key);
    let rows = [
        (account(SECRET, ID), "client_id and client_secret are the wrong way round"),
        (account(SECRET, "other"), "client_id and client_secret are the wrong way round"),
        (account("other", ID), "client_id and client_secret are the wrong way round"),
        (account(ID, ID), "client_id and client_secret are the wrong way round"),
        (account(PRIVATE, "other"), "ApiKey"),
        (account(PUBLIC, PRIVATE), "ApiKey"),
        (account(ID, PRIVATE), "ApiKey"),
        (key(PRIVATE, PUBLIC), "public_key and private_key are the wrong way round"),
        (key(PRIVATE, "other"), "public_key and private_key are the wrong way round"),
        (key(ID, SECRET), "ServiceAccount"),
        (key(SECRET, ID), "ServiceAccount"),
        (key(PUBLIC, SECRET), "ServiceAccount"),
        (key(ID, PRIVATE), "ServiceAccount"),
        (Credentials::access_token(SECRET), "token endpoint"),
        (Credentials::access_token(ID), "token endpoint"),
        (Credentials::access_token(PRIVATE), "token endpoint"),
    ];
    for (row, (result, advice)) in rows.into_iter().enumerate() {
        let text = message(result);
        assert!(text.contains(advice), "{row}: {text}");
        for value in [ID, SECRET, PRIVATE] {
            assert!(!text.contains(value), "{row}: {text}");
        }
    }
}

#[test]
fn values_without_a_known_form_are_accepted() {
    for (id, secret) in [("id", "s"), (ID, SECRET), (ID, "s"), ("id", SECRET), ("id", PRIVATE)] {
        assert!(Credentials::service_account(id, secret).is_ok(), "{id}");
    }
    for (public, private) in [(PUBLIC, PRIVATE), ("p", "q"), (PUBLIC, PUBLIC)] {
        assert!(Credentials::api_key(public, private).is_ok(), "{public}");
    }
}

#[test]
fn debug_shows_a_public_half_only_in_the_form_that_atlas_gives_it() {
    let shown = |made: Result<Credentials, Error>| format!("{:?}", made.unwrap());
    assert_eq!(shown(Credentials::service_account(ID, SECRET)), "ServiceAccount(mdb_sa_id_1, ***)");
    assert_eq!(shown(Credentials::service_account("canary", "s")), "ServiceAccount(***, ***)");
    assert_eq!(shown(Credentials::api_key(PUBLIC, PRIVATE)), "ApiKey(abcdefgh, ***)");
    assert_eq!(shown(Credentials::api_key("canary", "s")), "ApiKey(***, ***)");
}

#[test]
fn quotation_marks_and_a_scheme_before_a_token_are_named() {
    for (quoted, field) in [
        (Credentials::service_account("\"mdb_sa_id_1\"", SECRET), "client_id"),
        (Credentials::service_account(ID, "'mdb_sa_sk_canary'"), "client_secret"),
        (Credentials::api_key("\"abcdefgh\"", PRIVATE), "public_key"),
        (Credentials::api_key(PUBLIC, "\"canary\""), "private_key"),
        (Credentials::access_token("\"canary\""), "token"),
    ] {
        let text = message(quoted);
        assert!(text.starts_with(field) && text.contains("quotation marks"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
    for token in ["Bearer canary", "bearer canary", "Authorization: Bearer canary"] {
        let text = message(Credentials::access_token(token));
        assert!(text.contains("without \"Bearer \"") && !text.contains("canary"), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_never_unset() {
    use std::os::unix::ffi::OsStringExt;
    let all =
        [ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET].into_iter().chain(PUBLIC_KEY).chain(PRIVATE_KEY);
    for bad in all {
        let result = Credentials::from_env(&|name| match name {
            _ if name == bad => Some(std::ffi::OsString::from_vec(b"canary\xff".to_vec())),
            ACCESS_TOKEN => Some("token".into()),
            _ => None,
        });
        let text = message(result);
        assert!(text.starts_with(bad) && !text.contains("canary"), "{text}");
    }
}

#[test]
fn what_no_head_has_room_for_is_refused() {
    let longest = "x".repeat(LONGEST_SECRET);
    assert!(Credentials::access_token(&longest).is_ok());
    for error in [
        Credentials::access_token(&format!("{longest}x")).unwrap_err(),
        Credentials::service_account("id", &format!("{longest}x")).unwrap_err(),
    ] {
        assert!(error.to_string().contains("longer than 16 KiB"), "{error}");
    }
}

#[test]
fn secrets_show_neither_in_debug_nor_in_messages() {
    let account = Credentials::service_account("id", "canary-secret").unwrap();
    assert!(!format!("{account:?}").contains("canary"));
    for error in [
        Credentials::service_account("id", "canary\n").unwrap_err(),
        Credentials::access_token("canary token").unwrap_err(),
        from(&[(ACCESS_TOKEN, "canary\u{7f}")]).unwrap_err(),
    ] {
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}
