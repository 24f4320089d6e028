//! An API key's digest: how many round trips it costs, and which nonce is used when.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atlas_backups::credentials::Credentials;
use atlas_backups::error::ApiKind;
use md5::{Digest, Md5};
use sha2::Sha256;

use crate::client::{BUDGET, Budget, Client, api, good};
use crate::server::{Received, Server, Step, json, json_with};

const REALM: &str = "MMS Public API";
const KEY: &str = "canary-private-key";

fn key() -> Credentials {
    Credentials::api_key("public", KEY).unwrap()
}

fn hex<D: Digest>(text: &str) -> String {
    let mut out = String::new();
    for byte in D::digest(text.as_bytes()).as_slice() {
        write!(out, "{byte:02x}").unwrap();
    }
    out
}

/// The server's side, written from RFC 7616 alone.
#[derive(Default)]
struct Guard {
    issued: usize,
    /// The highest count seen of each nonce.
    counts: HashMap<String, u32>,
    /// No longer accepted.
    old: HashSet<String>,
    in_flight: HashSet<String>,
    shared_in_flight: usize,
    repeated_counts: usize,
    cnonces: HashSet<String>,
    algorithms: HashSet<String>,
}

enum Verdict {
    Missing,
    Stale,
    Wrong,
    Right(String),
}

fn parameters(header: &str) -> HashMap<String, String> {
    header
        .strip_prefix("Digest ")
        .unwrap()
        .split(", ")
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect()
}

impl Guard {
    fn judge(&mut self, request: &Received) -> Verdict {
        let Some(header) = request.header("authorization") else { return Verdict::Missing };
        let given = parameters(header);
        assert_eq!((given["uri"].as_str(), given["realm"].as_str()), (request.uri.as_str(), REALM));
        let (nonce, nc) = (given["nonce"].clone(), &given["nc"]);
        let join =
            |key: &str, a2: &str| format!("{key}:{nonce}:{nc}:{}:auth:{a2}", given["cnonce"]);
        let (a1, a2) = (format!("public:{REALM}:{KEY}"), format!("POST:{}", request.uri));
        let expected = match given["algorithm"].as_str() {
            "MD5" => hex::<Md5>(&join(&hex::<Md5>(&a1), &hex::<Md5>(&a2))),
            "SHA-256" => hex::<Sha256>(&join(&hex::<Sha256>(&a1), &hex::<Sha256>(&a2))),
            other => panic!("{other}"),
        };
        if given["response"] != expected {
            return Verdict::Wrong;
        }
        assert!(self.cnonces.insert(given["cnonce"].clone()), "a client nonce came twice");
        self.algorithms.insert(given["algorithm"].clone());
        let count = u32::from_str_radix(nc, 16).unwrap();
        let highest = self.counts.get_mut(&nonce).expect("a nonce that was never issued");
        if self.old.contains(&nonce) {
            return Verdict::Stale;
        }
        if count != *highest + 1 {
            self.repeated_counts += 1;
        }
        *highest = count;
        if !self.in_flight.insert(nonce.clone()) {
            self.shared_in_flight += 1;
        }
        Verdict::Right(nonce)
    }

    fn challenge(&mut self, algorithms: &[&str], stale: bool) -> Vec<Step> {
        self.issued += 1;
        let nonce = format!("nonce{}", self.issued);
        self.counts.insert(nonce.clone(), 0);
        let mut offers = String::new();
        for algorithm in algorithms {
            write!(
                offers,
                "WWW-Authenticate: Digest realm=\"{REALM}\", domain=\"\", nonce=\"{nonce}\", \
                 algorithm={algorithm}, qop=\"auth\", stale={stale}\r\n"
            )
            .unwrap();
        }
        json_with(401, &offers, r#"{"error":401,"errorCode":"UNEXPECTED_ERROR"}"#)
    }
}

async fn guarded(algorithms: &'static [&'static str], pause: u64) -> (Server, Arc<Mutex<Guard>>) {
    let guard = Arc::new(Mutex::new(Guard::default()));
    let inside = Arc::clone(&guard);
    let server = Server::start(move |request| {
        let mut guard = inside.lock().unwrap();
        match guard.judge(request) {
            Verdict::Missing | Verdict::Wrong => guard.challenge(algorithms, false),
            Verdict::Stale => guard.challenge(algorithms, true),
            Verdict::Right(nonce) => {
                // The answer leaves after the pause; the client may use the nonce again only then.
                guard.in_flight.remove(&nonce);
                if pause == 0 {
                    return json(200, &good());
                }
                guard.in_flight.insert(nonce.clone());
                let again = Arc::clone(&inside);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    again.lock().unwrap().in_flight.remove(&nonce);
                });
                [vec![Step::Pause(Duration::from_millis(pause + 150))], json(200, &good())].concat()
            }
        }
    })
    .await;
    (server, guard)
}

#[tokio::test]
async fn the_first_call_costs_two_round_trips_and_every_other_one() {
    for algorithms in [&["MD5"][..], &["SHA-256"]] {
        let (server, guard) = guarded(algorithms, 0).await;
        let client = Client::with(&server.url(), &key(), &BUDGET);

        for call in 1..=5 {
            client.take().await.unwrap();
            assert_eq!(server.posts(), call + 1);
        }

        let guard = guard.lock().unwrap();
        assert_eq!((guard.issued, guard.counts["nonce1"], guard.repeated_counts), (1, 5, 0));
    }
}

#[tokio::test]
async fn the_stronger_algorithm_is_preferred_wherever_it_stands() {
    for algorithms in
        [&["MD5", "SHA-256"][..], &["SHA-256", "MD5"], &["SHA-512-256", "MD5", "SHA-256"]]
    {
        let (server, guard) = guarded(algorithms, 0).await;
        Client::with(&server.url(), &key(), &BUDGET).take().await.unwrap();
        let used: Vec<String> = guard.lock().unwrap().algorithms.iter().cloned().collect();
        assert_eq!(used, ["SHA-256"]);
    }
}

#[tokio::test]
async fn the_query_is_part_of_what_is_signed() {
    let (server, _) = guarded(&["MD5"], 0).await;
    let client = Client::with(&format!("{}/pre", server.url()), &key(), &BUDGET);
    let arguments = atlas_backups::operations::TakeArguments::new(None, None, true, false).unwrap();

    client.take_with(&arguments).await.unwrap();

    assert!(server.requests()[1].uri.starts_with("/pre/api/"));
    assert!(server.requests()[1].uri.ends_with("?envelope=true"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_once_never_share_a_nonce_in_flight() {
    let (server, guard) = guarded(&["MD5"], 10).await;
    let client = Client::with(&server.url(), &key(), &BUDGET);

    for _ in 0..4 {
        let calls: Vec<_> = (0..32)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.take().await })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
    }

    let guard = guard.lock().unwrap();
    assert_eq!((guard.shared_in_flight, guard.repeated_counts), (0, 0));
    // The second to fourth round found the nonces of the first.
    assert!(guard.issued <= 64, "{}", guard.issued);
    assert!(server.posts() <= 128 + 64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_nonce_goes_to_the_call_that_was_challenged() {
    // Every nonce is good for one use: whoever loses its own to a neighbour fails.
    let guard = Arc::new(Mutex::new(Guard::default()));
    let inside = Arc::clone(&guard);
    let server = Server::start(move |request| {
        let mut guard = inside.lock().unwrap();
        match guard.judge(request) {
            Verdict::Right(nonce) => {
                guard.old.insert(nonce);
                json(200, &good())
            }
            Verdict::Stale => guard.challenge(&["MD5"], true),
            Verdict::Missing | Verdict::Wrong => guard.challenge(&["MD5"], false),
        }
    })
    .await;
    let budget = Budget { attempt: 20.0, total: 30.0, ..BUDGET };
    let client = Client::with(&server.url(), &key(), &budget);
    let workers: Vec<_> = (0..16)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..120 {
                    client.take().await.unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

#[tokio::test]
async fn a_nonce_that_became_too_old_is_replaced() {
    for says_stale in [true, false] {
        let guard = Arc::new(Mutex::new(Guard::default()));
        let inside = Arc::clone(&guard);
        let server = Server::start(move |request| {
            let mut guard = inside.lock().unwrap();
            match guard.judge(request) {
                Verdict::Missing | Verdict::Wrong => guard.challenge(&["MD5"], false),
                Verdict::Stale => guard.challenge(&["MD5"], says_stale),
                Verdict::Right(_) => json(200, &good()),
            }
        })
        .await;
        let client = Client::with(&server.url(), &key(), &BUDGET);
        client.take().await.unwrap();
        guard.lock().unwrap().old.insert("nonce1".to_owned());

        client.take().await.unwrap();
        client.take().await.unwrap();

        assert_eq!(server.posts(), 2 + 2 + 1);
        assert_eq!(guard.lock().unwrap().counts["nonce2"], 2);
    }
}

#[tokio::test]
async fn many_old_nonces_cost_each_call_no_more_than_one_more_round_trip() {
    let (server, guard) = guarded(&["MD5"], 30).await;
    let client = Client::with(&server.url(), &key(), &BUDGET);
    let round = || {
        futures_of((0..8).map(|_| {
            let client = client.clone();
            async move { client.take().await }
        }))
    };
    round().await;
    let old: Vec<String> = guard.lock().unwrap().counts.keys().cloned().collect();
    guard.lock().unwrap().old.extend(old);
    let before = server.posts();

    round().await;

    assert!(server.posts() - before <= 16);
}

async fn futures_of<T: Send + 'static>(
    calls: impl Iterator<
        Item = impl Future<Output = Result<T, atlas_backups::error::Error>> + Send + 'static,
    >,
) {
    let calls: Vec<_> = calls.map(tokio::spawn).collect();
    for call in calls {
        assert!(call.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_after_one_try() {
    let (server, _) = guarded(&["MD5"], 0).await;
    let wrong = Credentials::api_key("public", "canary-wrong-key").unwrap();

    let error = api(Client::with(&server.url(), &wrong, &BUDGET).take().await);

    assert_eq!(error.kind, ApiKind::Unauthorized);
    assert!(error.hint.unwrap().contains("private key"));
    assert_eq!(server.posts(), 2);
}

#[tokio::test]
async fn a_server_that_calls_every_nonce_stale_is_left_after_one_more_try() {
    let server = Server::start(|request| {
        let challenge = format!(
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"{}\", qop=\"auth\", stale=true\r\n",
            request.nth
        );
        json_with(401, &challenge, "")
    })
    .await;

    api(Client::with(&server.url(), &key(), &BUDGET).take().await);

    assert_eq!(server.posts(), 2);
}

#[tokio::test]
async fn challenges_that_cannot_be_answered_are_refusals() {
    for challenge in [
        "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
        "Digest realm=\"r\"",
        "Basic realm=\"r\"",
        "Negotiate",
    ] {
        let header = format!("WWW-Authenticate: {challenge}\r\n");
        let server = Server::start(move |_| json_with(401, &header, "")).await;
        let error = api(Client::with(&server.url(), &key(), &BUDGET).take().await);
        assert_eq!((error.status, server.posts()), (401, 1), "{challenge}");
    }
}

#[tokio::test]
async fn a_lost_request_takes_its_nonce_with_it() {
    let guard = Arc::new(Mutex::new(Guard::default()));
    let inside = Arc::clone(&guard);
    let server = Server::start(move |request| {
        let mut guard = inside.lock().unwrap();
        match guard.judge(request) {
            Verdict::Right(nonce) if guard.counts[&nonce] == 2 && nonce == "nonce1" => {
                vec![Step::Reset]
            }
            Verdict::Right(_) => json(200, &good()),
            Verdict::Missing | Verdict::Wrong | Verdict::Stale => guard.challenge(&["MD5"], false),
        }
    })
    .await;
    let client = Client::with(&server.url(), &key(), &BUDGET);
    client.take().await.unwrap();
    crate::client::ambiguous(client.take().await);
    client.take().await.unwrap();

    assert_eq!((guard.lock().unwrap().issued, server.posts()), (2, 5));
}

#[tokio::test]
async fn an_echoed_authorization_is_not_shown() {
    let guard = Arc::new(Mutex::new(Guard::default()));
    let inside = Arc::clone(&guard);
    let server = Server::start(move |request| match request.header("authorization") {
        None => inside.lock().unwrap().challenge(&["MD5"], false),
        Some(sent) => {
            let response = parameters(sent)["response"].clone();
            let page = format!("response={response}");
            vec![Step::Send(crate::server::answer(502, "", &page))]
        }
    })
    .await;

    let error = Client::with(&server.url(), &key(), &BUDGET).take().await.unwrap_err();

    let sent = server.requests()[1].header("authorization").unwrap().to_owned();
    let response = &parameters(&sent)["response"];
    assert!(!format!("{error}").contains(response), "{error}");
}
