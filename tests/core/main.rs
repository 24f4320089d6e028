//! The core against a raw server: what it sends, how often, and what it makes of every answer.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::doc_markdown, clippy::match_bool, clippy::unnecessary_box_returns)]

mod client;
mod life;
mod server;

mod bodies;
mod busy;
mod changes;
mod config;
mod connection_errors;
mod coverage;
mod cut_off;
mod deadlines;
mod digest;
mod endless;
mod fleet;
mod flood;
mod http2;
mod inventory;
mod keep_alive;
mod keys;
mod limits;
mod lists;
mod lookup;
mod oauth;
mod reads_again;
mod reads_final;
mod reconcile;
mod redirects;
mod rejections;
mod retries;
mod retry_budget;
mod sharded;
mod take;
mod tls;
#[cfg(unix)]
mod token_cache;
mod watch;
mod watch_outage;
