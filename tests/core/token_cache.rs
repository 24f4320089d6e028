//! A file of tokens: clients that know nothing of one another share one token through it.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use atlas_backups::error::{ApiKind, Error};
use atlas_backups::http::{CallContext, Level};
use atlas_backups::operations::{TakeArguments, take_snapshot};
use serde_json::{Value, json as value};

use crate::client::{BUDGET, Budget, Client, api, cluster, good, service_account, timed};
use crate::server::{Received, Server, Step, atlas_error, json};

const TOKEN: &str = "/api/oauth/token";
const REVOKE: &str = "/api/oauth/revoke";

static FOLDERS: AtomicUsize = AtomicUsize::new(0);

/// A directory for one file of tokens; gone when it is dropped.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::SeqCst);
        let name = format!("atlas-backups-tokens-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("tokens.json")
    }

    fn write(&self, content: &str) {
        fs::write(self.file(), content).unwrap();
        fs::set_permissions(self.file(), Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes an entry of the service account that all tests use.
    fn put(&self, server: &Server, token: &str, times: &Value) {
        let mut entry = value!({
            "base_url": server.url(), "client_id": "mdb_sa_id_1", "access_token": token,
        });
        for (name, time) in times.as_object().unwrap() {
            entry[name] = time.clone();
        }
        self.write(&value!({"version": 1, "tokens": [entry]}).to_string());
    }

    fn read(&self) -> Vec<Value> {
        let content: Value = serde_json::from_slice(&fs::read(self.file()).unwrap()).unwrap();
        content["tokens"].as_array().unwrap().clone()
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn client(&self, server: &Server) -> Client {
        self.client_with(server, &BUDGET)
    }

    fn client_with(&self, server: &Server, budget: &Budget<'_>) -> Client {
        let budget = Budget { token_cache: Some(&self.file()), ..*budget };
        Client::with(&server.url(), &service_account(), &budget)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// Times of a token that lasts.
fn lasting() -> Value {
    value!({"renew_at": now() + 900, "expires_at": now() + 999})
}

fn is_token(request: &Received) -> bool {
    request.path().ends_with(TOKEN)
}

fn granted(number: usize, seconds: u64) -> Vec<Step> {
    let token = format!("canary-token-{number}");
    let pause = Step::Pause(Duration::from_millis(50));
    let body =
        format!(r#"{{"access_token":"{token}","expires_in":{seconds},"token_type":"Bearer"}}"#);
    [vec![pause], json(200, &body)].concat()
}

/// Grants tokens that last, and takes every one.
async fn trusting() -> Server {
    accepting(|_| true).await
}

/// Takes with these arguments.
async fn accepting(takes: impl Fn(&str) -> bool + Send + Sync + 'static) -> Server {
    Server::start(move |request| match is_token(request) {
        true => granted(request.nth, 3600),
        false if request.path().ends_with(REVOKE) => json(200, "{}"),
        false => {
            let sent = request.header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
            match takes(sent) {
                true => json(200, &good()),
                false => json(401, &atlas_error(401, "UNEXPECTED_ERROR")),
            }
        }
    })
    .await
}

async fn at_once(clients: impl IntoIterator<Item = Client>) {
    let takes: Vec<_> = clients
        .into_iter()
        .map(|client| tokio::spawn(async move { client.take().await }))
        .collect();
    for take in takes {
        take.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_start_together_fetch_one_token() {
    let (server, place) = (trusting().await, Place::new());

    at_once((0..32).map(|_| place.client(&server))).await;

    assert_eq!((server.count(TOKEN), server.posts()), (1, 32));
    assert_eq!(place.names(), ["tokens.json", "tokens.json.lock"]);
    let mode = fs::metadata(place.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let entry = &place.read()[0];
    assert_eq!(entry["access_token"], "canary-token-0");
    assert_eq!(
        (&entry["base_url"], &entry["client_id"]),
        (&server.url().into(), &"mdb_sa_id_1".into())
    );
    let (renew, end) = (entry["renew_at"].as_i64().unwrap(), entry["expires_at"].as_i64().unwrap());
    assert!((now() + 3590..=now() + 3600).contains(&end) && end - renew == 300, "{entry}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_refused_is_replaced_once_for_all() {
    let (server, place) =
        (accepting(|token| token.starts_with("canary-token-")).await, Place::new());
    place.put(&server, "canary-old", &lasting());
    let clients: Vec<_> = (0..16).map(|_| place.client(&server)).collect();

    at_once(clients.iter().cloned()).await;
    at_once(clients).await;

    assert_eq!(server.count(TOKEN), 1);
    assert_eq!(place.read()[0]["access_token"], "canary-token-0");
}

#[tokio::test]
async fn another_token_of_the_file_is_taken_without_fetching() {
    let good_one = Arc::new(Mutex::new("canary-old"));
    let seen = Arc::clone(&good_one);
    let server = accepting(move |token| token == *seen.lock().unwrap()).await;
    let place = Place::new();
    place.put(&server, "canary-old", &lasting());
    let client = place.client(&server);
    client.take().await.unwrap();

    place.put(&server, "canary-other", &lasting());
    *good_one.lock().unwrap() = "canary-other";
    client.take().await.unwrap();

    assert_eq!((server.count(TOKEN), server.posts()), (0, 3));
}

#[tokio::test]
async fn an_api_that_refuses_every_token_costs_two_for_all_processes_together() {
    let (server, place) = (accepting(|_| false).await, Place::new());

    for _ in 0..5 {
        let client = place.client(&server);
        for _ in 0..2 {
            assert_eq!(api(client.take().await).kind, ApiKind::Unauthorized);
        }
    }

    assert_eq!((server.count(TOKEN), server.posts()), (2, 11));
}

#[tokio::test]
async fn a_token_that_cannot_be_replaced_is_forgotten_by_the_file() {
    let server = Server::start(|request| match is_token(request) {
        true => json(401, r#"{"error":"invalid_client"}"#),
        false => json(401, &atlas_error(401, "UNEXPECTED_ERROR")),
    })
    .await;
    let place = Place::new();
    place.put(&server, "canary-old", &lasting());

    api(place.client(&server).take().await);

    assert!(place.read().is_empty());
}

#[tokio::test]
async fn closing_leaves_the_token_to_the_others() {
    let (server, place) = (trusting().await, Place::new());
    let client = place.client(&server);
    client.take().await.unwrap();

    client.close().await;
    let closed = client.take().await;
    place.client(&server).take().await.unwrap();

    assert!(matches!(closed, Err(Error::ClientClosed)), "{closed:?}");
    assert_eq!((server.count(TOKEN), server.count(REVOKE), server.posts()), (1, 0, 2));
}

#[tokio::test]
async fn entries_of_others_stay_and_expired_ones_go() {
    let (server, place) = (trusting().await, Place::new());
    let entry = |id: &str, end: i64| {
        value!({"base_url": server.url(), "client_id": id, "access_token": id, "renew_at": end,
            "expires_at": end})
    };
    let tokens = [entry("other", now() + 99), entry("gone", now() - 1), value!({"broken": 1})];
    place.write(&value!({"version": 1, "tokens": tokens}).to_string());

    place.client(&server).take().await.unwrap();

    let ids: Vec<_> = place.read().iter().map(|entry| entry["client_id"].clone()).collect();
    assert_eq!(ids, ["other", "mdb_sa_id_1"]);
}

#[tokio::test]
async fn content_that_is_no_cache_is_replaced() {
    let long = " ".repeat(1 << 20) + "{}";
    for content in ["", "garbage", "{", "[]", r#"{"version":9,"tokens":[]}"#, "\0\u{1}", &long] {
        let (server, place) = (trusting().await, Place::new());
        place.write(content);

        place.client(&server).take().await.unwrap();
        place.client(&server).take().await.unwrap();

        assert_eq!(server.count(TOKEN), 1);
        assert_eq!(place.read().len(), 1);
    }
}

#[tokio::test]
async fn an_absurd_clock_costs_a_token_at_most() {
    // Written by clocks that were wrong, or read by one that is.
    for (times, accepted, fetched) in [
        (value!({"renew_at": now() - 9, "expires_at": now() - 9}), true, 1),
        (value!({"renew_at": i64::MIN, "expires_at": i64::MIN}), true, 1),
        (value!({"renew_at": i64::MAX, "expires_at": i64::MAX}), true, 0),
        (value!({"renew_at": i64::MAX, "expires_at": i64::MAX}), false, 1),
        (value!({"renew_at": i64::MIN, "expires_at": i64::MAX}), true, 1),
        (value!({"renew_at": i64::MAX, "expires_at": now() + 99}), true, 0),
        (
            value!({"renew_at": now() + 9, "expires_at": now() + 99, "replaced_at": i64::MAX}),
            false,
            1,
        ),
        (
            value!({"renew_at": now() + 9, "expires_at": now() + 99, "replaced_at": i64::MIN}),
            false,
            1,
        ),
    ] {
        let server = accepting(move |token| accepted || token != "canary-old").await;
        let place = Place::new();
        place.put(&server, "canary-old", &times);

        place.client(&server).take().await.unwrap();

        assert_eq!(server.count(TOKEN), fetched, "{times}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_renews_a_token_and_the_others_use_it_meanwhile() {
    let (server, place) = (trusting().await, Place::new());
    place.put(&server, "canary-old", &value!({"renew_at": now() - 1, "expires_at": now() + 99}));

    at_once((0..16).map(|_| place.client(&server))).await;

    assert_eq!((server.count(TOKEN), server.posts()), (1, 16));
    assert_eq!(place.read()[0]["access_token"], "canary-token-0");
}

#[tokio::test]
async fn a_lock_that_is_never_given_back_costs_half_the_time_and_a_token_of_its_own() {
    let (server, place) = (trusting().await, Place::new());
    let client = place.client_with(&server, &Budget { total: 1.0, ..BUDGET });
    let lock = File::create(place.0.join("tokens.json.lock")).unwrap();
    lock.set_permissions(Permissions::from_mode(0o600)).unwrap();
    lock.lock().unwrap();

    let call = CallContext::begin(&client.config, Some(Level::Warning));
    let (cluster, arguments) = (cluster(), TakeArguments::default());
    let take = take_snapshot(&client.atlas, &cluster, &arguments, &call);
    let (result, took) = timed(take).await;

    result.unwrap();
    assert!((500..900).contains(&took.as_millis()), "{took:?}");
    let warnings = call.events.drain();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].text().contains("kept token_cache locked for 0.5 s"), "{warnings:?}");
    // It is not shared, so closing ends it.
    assert_eq!(place.names(), ["tokens.json.lock"]);
    client.close().await;
    assert_eq!((server.count(TOKEN), server.count(REVOKE)), (1, 1));

    // A token of the file needs no lock.
    place.put(&server, "canary-old", &lasting());
    place.client(&server).take().await.unwrap();
    assert_eq!(server.count(TOKEN), 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_gives_the_lock_back() {
    let server = Server::start(|request| match (is_token(request), request.nth) {
        (true, 0) => vec![Step::Pause(Duration::from_secs(30))],
        (true, nth) => granted(nth, 3600),
        (false, _) => json(200, &good()),
    })
    .await;
    let place = Place::new();
    let client = place.client(&server);
    let leader = tokio::spawn(async move { client.take().await });
    while server.count(TOKEN) == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    leader.abort();

    place.client(&server).take().await.unwrap();
    assert_eq!(server.count(TOKEN), 2);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_costs_one_warning_and_no_call() {
    let (server, place) = (trusting().await, Place::new());
    let client = place.client(&server);
    fs::create_dir(place.0.join("tokens.json.atlas-backups-new")).unwrap();

    let mut warnings = Vec::new();
    for _ in 0..3 {
        let call = CallContext::begin(&client.config, Some(Level::Warning));
        let arguments = TakeArguments::default();
        take_snapshot(&client.atlas, &cluster(), &arguments, &call).await.unwrap();
        warnings.extend(call.events.drain());
    }
    client.close().await;

    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].text().starts_with("token_cache cannot be used"), "{warnings:?}");
    // Nobody else has it.
    assert_eq!((server.count(TOKEN), server.count(REVOKE)), (1, 1));
}

#[tokio::test]
async fn a_directory_that_is_gone_costs_no_call_either() {
    let (server, place) = (trusting().await, Place::new());
    let client = place.client(&server);
    fs::remove_dir(&place.0).unwrap();

    client.take().await.unwrap();
    client.take().await.unwrap();

    assert_eq!(server.count(TOKEN), 1);
}

#[tokio::test]
async fn a_file_that_is_not_private_any_more_is_refused_before_anything_is_sent() {
    for name in ["tokens.json", "tokens.json.lock"] {
        for open in [true, false] {
            let (server, place) = (trusting().await, Place::new());
            let client = place.client(&server);
            let path = place.0.join(name);
            if open {
                fs::write(&path, "").unwrap();
                fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
            } else {
                symlink("elsewhere", &path).unwrap();
            }

            let error = client.take().await.unwrap_err();

            let Error::Configuration(text) = error else { panic!("{error:?}") };
            assert!(text.starts_with("token_cache ") && text.contains(name), "{text}");
            assert!(server.requests().is_empty());
        }
    }
}

#[tokio::test]
async fn short_lives_and_odd_tokens_of_a_file_wedge_nothing() {
    for token in ["", "two words", "line\nbreak", "ü"] {
        let (server, place) = (trusting().await, Place::new());
        place.put(&server, token, &lasting());
        place.client(&server).take().await.unwrap();
        assert_eq!(server.count(TOKEN), 1, "{token:?}");
    }
    let server = Server::start(|request| match is_token(request) {
        true => granted(request.nth, 0),
        false => json(200, &good()),
    })
    .await;
    let place = Place::new();
    for _ in 0..3 {
        place.client(&server).take().await.unwrap();
    }
    assert_eq!(server.posts(), 3);
}
