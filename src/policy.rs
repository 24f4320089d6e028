//! Retries and rate limits.

pub(crate) mod rate_limit;
pub(crate) mod retry;
pub(crate) mod retry_budget;
