//! reqwest in a bare loop: the measure of `benches/speed`, with which clients are compared.
//!
//! `bench_reqwest URL CALLS AT_ONCE` prints wall and CPU seconds of the calls after a warm-up, as
//! JSON. It does what any client has to: send a body, read the answer to its end, make a value.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde::{Deserialize, Deserializer, Serialize};
use tokio::task::JoinSet;

const ATLAS: &str = "application/vnd.atlas.2025-03-12+json";
const WARM_UP: usize = 200;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Take {
    description: &'static str,
    retention_in_days: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, clippy::struct_field_names)] // made, as by the others; the API's own nouns
struct Snapshot {
    id: String,
    status: String,
    r#type: String,
    snapshot_type: String,
    frequency_type: String,
    description: Option<String>,
    #[serde(default, deserialize_with = "time")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "time")]
    expires_at: Option<Timestamp>,
    storage_size_bytes: u64,
    copy_regions: Vec<String>,
    policy_items: Vec<String>,
    links: Vec<Link>,
    replica_set_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)] // the same
struct Link {
    href: String,
    rel: String,
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<&str>::deserialize(deserializer)?;
    text.map(str::parse).transpose().map_err(serde::de::Error::custom)
}

type Failure = Box<dyn Error + Send + Sync>;

async fn take(client: &reqwest::Client, url: &str) -> Result<Snapshot, Failure> {
    let body =
        serde_json::to_vec(&Take { description: "before release 42", retention_in_days: 7 })?;
    let request = client
        .post(url)
        .header(ACCEPT, ATLAS)
        .header(AUTHORIZATION, "Bearer bench")
        .header(CONTENT_TYPE, "application/json")
        .body(body);
    let answer = request.send().await?.error_for_status()?.bytes().await?;
    Ok(serde_json::from_slice(&answer)?)
}

async fn loops(
    client: &reqwest::Client,
    url: &str,
    calls: usize,
    at_once: usize,
) -> Result<(), Failure> {
    let mut running = JoinSet::new();
    for number in 0..at_once {
        let (client, url) = (client.clone(), url.to_owned());
        running.spawn(async move {
            for _ in (number..calls).step_by(at_once) {
                take(&client, &url).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(end) = running.join_next().await {
        end??;
    }
    Ok(())
}

/// Time on the processor of this thread, which is the only one that does anything.
fn cpu() -> Result<Duration, Failure> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, calls, at_once] = arguments.as_slice() else {
        return Err("URL CALLS AT_ONCE".into());
    };
    let (calls, at_once) = (calls.parse()?, at_once.parse()?);
    // Without TLS no roots are needed, but the library requires a configuration.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls);
    let client = builder.no_proxy().tcp_nodelay(true).build()?;
    loops(&client, url, WARM_UP, at_once).await?;
    let (begun, before) = (Instant::now(), cpu()?);
    loops(&client, url, calls, at_once).await?;
    let (wall, cpu) = (begun.elapsed(), cpu()?.saturating_sub(before));
    println!("{}", serde_json::json!({"wall": wall.as_secs_f64(), "cpu": cpu.as_secs_f64()}));
    Ok(())
}
