//! HTTP: connections, TLS, proxies, one request and its response.

pub(crate) mod ambiguity;
pub(crate) mod blocking;
pub(crate) mod body;
pub(crate) mod call_context;
pub(crate) mod client;
pub(crate) mod events;
pub(crate) mod exchange_error;
pub(crate) mod fork_guard;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
pub(crate) mod headers;
pub(crate) mod hints;
pub(crate) mod hold;
pub(crate) mod pool;
pub(crate) mod proxy_error;
pub(crate) mod redact;
pub(crate) mod request;
pub(crate) mod resolver;
pub(crate) mod response;
pub(crate) mod tls;
pub(crate) mod tls_error;

pub use call_context::CallContext;
pub use client::HttpClient;
pub use events::{Event, Events, Journal, Level, Topic};
pub use fork_guard::{after_fork_in_child, after_fork_in_parent, before_fork};
pub use hold::Hold;
