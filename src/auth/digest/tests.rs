//! The published examples, Atlas' own challenge, and hostile text.
#![allow(clippy::unwrap_used)]

use http::HeaderValue;
use proptest::prelude::*;

use super::*;
use crate::auth::digest::challenge::{LONGEST_PARAMETER, Unsupported};

/// As recorded from Atlas in August 2026, with another nonce.
const ATLAS: &str = r#"Digest realm="MMS Public API", domain="", nonce="bm9uY2Uvb2YrYXRsYXM=", algorithm=MD5, qop="auth", stale=false"#;

fn read(value: &str) -> Result<Option<Challenge>, Unsupported> {
    Challenge::from_headers([value])
}

fn found(value: &str) -> Challenge {
    read(value).unwrap().unwrap()
}

fn answer(challenge: &Challenge, password: &str, cnonce: &str) -> String {
    let mut session = Session::new(challenge.clone());
    session.next("Mufasa", &password.into(), "GET", "/dir/index.html", cnonce)
}

#[test]
fn answers_the_examples_of_rfc_7616() {
    // Section 3.9.1; in the challenge SHA-256 and MD5 differ in nothing else.
    let header = |algorithm: &str, response: &str| {
        format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             uri=\"/dir/index.html\", algorithm={algorithm}, response=\"{response}\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, \
             nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\""
        )
    };
    let offer = |algorithm: &str| {
        format!(
            "Digest\r\n realm=\"http-auth@example.org\",\r\n qop=\"auth, auth-int\",\r\n \
             algorithm={algorithm},\r\n \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\",\r\n \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    };
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    for (algorithm, response) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let sent = answer(&found(&offer(algorithm)), "Circle of Life", cnonce);
        assert_eq!(sent, header(algorithm, response));
    }
    // The better one wins in either order, in one line or two.
    let (md5, sha) = (offer("MD5"), offer("SHA-256"));
    for values in [vec![&md5, &sha], vec![&sha, &md5], vec![&format!("{md5}, {sha}")]] {
        let best = Challenge::from_headers(values.into_iter().map(String::as_str));
        assert_eq!(best.unwrap().unwrap().algorithm, Some(Algorithm::Sha256));
    }
}

#[test]
fn answers_the_example_of_rfc_2617_with_qop_and_the_legacy_form_without() {
    let nonce = "realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
    let modern = found(&format!("Digest {nonce}, qop=\"auth,auth-int\""));
    let legacy = found(&format!("Digest {nonce}"));

    let sent = answer(&modern, "Circle Of Life", "0a4f113b");
    assert!(sent.contains("response=\"6629fae49393a05397450978507c4ef1\""), "{sent}");
    assert!(!sent.contains("algorithm"), "{sent}");

    let sent = answer(&legacy, "Circle Of Life", "0a4f113b");
    assert!(sent.ends_with("response=\"670fd8c2df070c60b045671b8b24ff02\""), "{sent}");
}

#[test]
fn hashes_the_user_and_escapes_what_needs_it() {
    // Both responses were computed with Python's hashlib.
    let challenge = found(
        r#"Digest realm="a\"b\\c, d=e", nonce="n\"1", algorithm=SHA-256, qop=auth, userhash=TRUE"#,
    );
    let password = SecretString::from("pä:ss\"");
    let sent = challenge.authorization("q\"u", &password, "POST", "/a?b=c", 10, "cc");
    let response = "18d2bb8f7ca923e3853b6f8c321ae7a4b27d8211371a4ee188416a5a0ceabbf9";
    assert!(sent.contains(response), "{sent}");
    assert!(sent.contains(r#"realm="a\"b\\c, d=e", nonce="n\"1", uri="/a?b=c""#), "{sent}");
    assert!(sent.contains("nc=0000000a"), "{sent}");

    let challenge =
        found("Digest realm=\"api@example.org\", nonce=x, algorithm=SHA-256, userhash=true");
    let sent = challenge.authorization("Jäsøn Doe", &password, "GET", "/", 1, "");
    let hashed = "5a1a8a47df5c298551b9b42ba9b05835174a5bd7d511ff7fe9191d8e946fc4e7";
    assert!(sent.contains(&format!("userhash=true, username=\"{hashed}\"")), "{sent}");
}

#[test]
fn reads_the_challenge_of_atlas_and_counts_its_uses() {
    let challenge = found(ATLAS);
    let expected = Challenge {
        realm: "MMS Public API".into(),
        nonce: "bm9uY2Uvb2YrYXRsYXM=".into(),
        opaque: None,
        algorithm: Some(Algorithm::Md5),
        qop_auth: true,
        stale: false,
        userhash: false,
    };
    assert_eq!(challenge, expected);
    let mut session = Session::new(challenge);
    let password = SecretString::from("canary");
    for count in ["nc=00000001,", "nc=00000002,"] {
        let sent = session.next("u", &password, "GET", "/", "c");
        assert!(sent.contains(count), "{sent}");
    }
    session.nc = u32::MAX;
    assert!(session.next("u", &password, "GET", "/", "c").contains("nc=ffffffff,"));
    assert!(!format!("{session:?} {password:?}").contains("canary"));
}

#[test]
fn finds_digest_among_other_schemes_and_odd_spelling() {
    let digest =
        "dIGEST \t REALM = \"r\" ,, ,Nonce=\"a,b=\\\"c\" , Stale = \"TRUE\",x=\",\", QOP=Auth,";
    for value in [
        digest.to_owned(),
        format!("Negotiate, Basic abc==, {digest} Bearer realm=\"Digest nonce=\\\"z\\\", q\""),
        format!(",Bearer realm=\"o\", error=\"no, \\\"Digest\\\"\",{digest}, NTLM"),
        format!("Digest realm=\"r\", nonce=\"z\", algorithm=SHA-512-256, {digest}"),
    ] {
        let challenge = found(&value);
        assert_eq!((challenge.realm.as_str(), challenge.nonce.as_str()), ("r", "a,b=\"c"));
        assert!(challenge.stale && challenge.qop_auth && !challenge.userhash, "{value}");
    }
    for value in ["", ",", "Basic realm=\"Digest\"", "Negotiate", "realm=\"r\", nonce=\"n\""] {
        assert_eq!(read(value), Ok(None), "{value}");
    }
}

#[test]
fn says_why_an_offer_cannot_be_answered() {
    let long = "n".repeat(LONGEST_PARAMETER);
    for rest in [
        "",
        "realm=\"r\"",
        "nonce=\"n\"",
        "realm=\"r\", nonce=\"n",
        "realm=\"r\" nonce=\"n\"",
        "realm=\"r\", nonce=\"n\", nonce=\"m\"",
        "realm=\"r\", nonce=\"n\u{1}\"",
        "realm=\"r\", nonce=\"n\", qop=",
        &format!("realm=\"r\", nonce=\"{long}\""),
    ] {
        assert_eq!(read(&format!("Digest {rest}")), Err(Unsupported::Malformed), "{rest}");
    }
    let with = |rest: &str| read(&format!("Digest realm=\"r\", nonce=\"n\", {rest}"));
    for name in ["MD5-sess", "SHA-256-sess", "SHA-512-256", "token"] {
        let rejected = Err(Unsupported::Algorithm(name.into()));
        assert_eq!(with(&format!("algorithm={name}")), rejected);
    }
    for list in ["auth-int", "", "authentic"] {
        assert_eq!(with(&format!("qop=\"{list}\"")), Err(Unsupported::Qop(list.into())));
    }
}

#[test]
fn reads_a_megabyte_of_hostile_text() {
    for piece in ["Digest ", "Digest,", "\"", "\\\"", ",", "a=\"", "Digest realm=\"", "qop=auth,"] {
        let _ = read(&piece.repeat(1 << 17));
        let _ = read(&format!("Digest realm=\"r\", nonce=n, {}", piece.repeat(1 << 17)));
    }
}

#[test]
fn client_nonces_are_128_bits_and_differ() {
    let mut rng = fastrand::Rng::with_seed(7);
    let (one, two) = (cnonce(&mut rng), cnonce(&mut rng));
    assert_ne!(one, two);
    assert!(one.len() == 32 && one.bytes().all(|b| b.is_ascii_hexdigit()), "{one}");
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(lines in proptest::collection::vec(any::<String>(), 0..4)) {
        let _ = Challenge::from_headers(lines.iter().map(String::as_str));
    }

    #[test]
    fn anything_like_a_challenge_is_answered_with_a_valid_header(
        pieces in proptest::collection::vec("Digest|realm|nonce|qop|[ \t,=\"\\\\]|[a-z\u{0}-\u{ff}]{1,3}", 0..40),
    ) {
        let offer = format!("Digest realm=r, nonce=n, {}", pieces.concat());
        if let Ok(Some(challenge)) = read(&offer) {
            prop_assert!(HeaderValue::from_str(&answer(&challenge, "p", "c")).is_ok());
        }
    }

    #[test]
    fn challenges_and_answers_survive_the_way(
        realm in "[\t -~é\\\\\",]{0,20}",
        nonce in "[\t -~\\\\\",]{0,20}",
        opaque in proptest::option::of("[ -~]{0,20}"),
        user in "[ -~é]{0,20}",
        sha in any::<bool>(),
        qop_auth in any::<bool>(),
        stale in any::<bool>(),
    ) {
        let mut offer = format!("Digest stale={stale}");
        push_quoted(&mut offer, "realm", &realm);
        push_quoted(&mut offer, "nonce", &nonce);
        if let Some(opaque) = &opaque {
            push_quoted(&mut offer, "opaque", opaque);
        }
        offer.push_str(if sha { ", algorithm=sha-256" } else { ", algorithm=\"md5\"" });
        offer.push_str(if qop_auth { ", qop=\"auth-int,, AUTH\"" } else { "" });
        let algorithm = Some(if sha { Algorithm::Sha256 } else { Algorithm::Md5 });

        let mut challenge = found(&offer);

        let expected = Challenge {
            realm, nonce, opaque, algorithm, qop_auth, stale, userhash: false,
        };
        prop_assert_eq!(&challenge, &expected);
        // An answer holds the parameters of its challenge, so the same reader understands it.
        let sent = challenge.authorization(&user, &"p".into(), "GET", "/", 1, "c");
        prop_assert!(HeaderValue::from_str(&sent).is_ok());
        challenge.stale = false;
        prop_assert_eq!(found(&sent), challenge);
        let username = format!("Digest username={}, realm=", quoted(&user));
        prop_assert!(sent.starts_with(&username));
    }
}
