//! The core against a raw server: what it sends, how often, and what it makes of every answer.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::doc_markdown, clippy::match_bool, clippy::unnecessary_box_returns)]

mod client;
mod server;

mod bodies;
mod config;
mod deadlines;
mod digest;
mod endless;
mod http2;
mod keep_alive;
mod limits;
mod lost;
mod oauth;
mod quota;
mod redirects;
mod refused;
mod take;
mod tls;
#[cfg(unix)]
mod token_cache;
