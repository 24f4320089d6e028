//! What this crate and those below it log at their loudest: many lines, and no secret in any.
//!
//! A program of its own, for a process has one logger. The Python module installs none.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod listener;
mod server;

use std::sync::Arc;

use atlas_backups::auth::Auth;
use atlas_backups::config::{Config, Options};
use atlas_backups::credentials::Credentials;
use atlas_backups::error::Error;
use atlas_backups::http::{CallContext, HttpClient, Level};
use atlas_backups::operations::AtlasClient;
use atlas_backups::operations::{ClusterAddress, TakeArguments, take_snapshot};
use data_encoding::BASE64;

use listener::Listener;
use server::{SNAPSHOT_ID, Server, TOKEN};

const SECRET: &str = "canary-client-secret";
const PASSWORD: &str = "canary-of-the-proxy";

fn all_credentials() -> [Credentials; 3] {
    [
        Credentials::service_account("mdb_sa_id_1", SECRET).unwrap(),
        Credentials::api_key("public", SECRET).unwrap(),
        Credentials::access_token(SECRET).unwrap(),
    ]
}

async fn take(server: &Server, credentials: &Credentials, proxy: Option<&str>) -> Vec<String> {
    let url = server.url(proxy.is_some());
    let options = Options {
        base_url: Some(&url),
        connect_timeout: 5.0,
        timeout: 5.0,
        total_timeout: 10.0,
        max_retries: 0,
        token_cache: None,
        proxy,
        ca_file: Some(&server.ca_file),
        user_agent: "atlas-backups/test",
    };
    let config = Arc::new(Config::new(&options, &|_| None).unwrap());
    let http = HttpClient::new(Arc::clone(&config)).unwrap();
    let client = AtlasClient::new(http, Auth::new(credentials).unwrap());
    let call = CallContext::begin(&config, Some(Level::Debug));
    let cluster = ClusterAddress::new("6500000000000000000000aa", "Cluster0").unwrap();
    let taken = take_snapshot(&client, &cluster, &TakeArguments::default(), &call).await;
    client.close(&call).await;
    match &taken {
        Ok(snapshot) => assert_eq!(snapshot.id, SNAPSHOT_ID),
        Err(Error::Transport(_)) if proxy.is_some() => {}
        Err(other) => panic!("{other}"),
    }
    // What Debug would show of what holds the secrets, should it ever be logged.
    let shown = format!("{client:?} {credentials:?} {config:?} {call:?} {taken:?}");
    call.events.drain().into_iter().map(|event| event.text()).chain([shown]).collect()
}

#[tokio::test]
async fn no_line_at_the_loudest_level_holds_a_secret() {
    let listener = Listener::install();
    let server = Server::start().await;
    let proxy = format!("http://user:{PASSWORD}@127.0.0.1:{}", server.port());

    let mut lines = Vec::new();
    for credentials in all_credentials() {
        lines.extend(take(&server, &credentials, None).await);
        lines.extend(take(&server, &credentials, Some(&proxy)).await);
    }

    let mut logged = listener.lines();
    for source in ["h2::", "reqwest::", "hyper_util::"] {
        assert!(logged.iter().any(|line| line.starts_with(source)), "{source} was not heard");
    }
    logged.extend(lines);
    let basic = [
        BASE64.encode(format!("mdb_sa_id_1:{SECRET}").as_bytes()),
        BASE64.encode(format!("user:{PASSWORD}").as_bytes()),
    ];
    for line in &logged {
        for secret in [SECRET, TOKEN, PASSWORD, &basic[0], &basic[1], "response="] {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
}
