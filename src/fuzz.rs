//! What is fuzzed: functions that take any bytes, and panic where something that must hold does not.
//!
//! `make fuzz` lets libFuzzer choose the bytes (see `fuzz/`); the tests here go through what is
//! kept there, and through small changes of it.
#![allow(clippy::missing_panics_doc, clippy::panic, clippy::unwrap_used, clippy::indexing_slicing)]

#[cfg(test)]
mod tests;

pub use crate::config::fuzz::{base_url, proxy};
pub use crate::http::fuzz::{answer, digest, rate_limit, retry_after, token, token_cache};
pub use crate::model::fuzz::json;
pub use crate::operations::fuzz::{list, snapshot, take};

/// Takes any bytes.
pub type PreparedRequest = fn(&[u8]);

/// All of them, by the names of their folders.
pub const TARGETS: [(&str, PreparedRequest); 12] = [
    ("answer", answer),
    ("base_url", base_url),
    ("digest", digest),
    ("json", json),
    ("list", list),
    ("proxy", proxy),
    ("rate_limit", rate_limit),
    ("retry_after", retry_after),
    ("snapshot", snapshot),
    ("take", take),
    ("token", token),
    ("token_cache", token_cache),
];
