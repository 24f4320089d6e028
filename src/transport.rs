//! The only way to the network: one authenticated exchange, with its limits and policies.
//!
//! It never repeats a request that the server may have acted on; operations decide on that.

mod answer;
mod apart;
mod auth;
mod body;
mod call;
mod connection;
mod doubt;
mod events;
mod forks;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod headers;
mod hints;
mod hold;
mod limit;
mod lost;
mod memory;
mod names;
mod pool;
mod proxy_error;
mod quota;
mod retry;
mod secrets;
mod tls;
mod tls_error;

use std::pin::pin;
use std::sync::Arc;

pub(crate) use answer::Answer;
pub use auth::Auth;
pub(crate) use auth::random;
pub(crate) use body::Delivery;
pub use call::Call;
pub use connection::Connection;
#[cfg(test)]
pub(crate) use connection::stand_in;
pub(crate) use doubt::Doubt;
pub use events::{Event, Events, Journal, Level};
pub use forks::{after_fork_in_child, after_fork_in_parent, before_fork};
pub use hold::Hold;
pub(crate) use lost::{Fate, Lost};
pub(crate) use memory::{Known, Memory};
pub(crate) use retry::{Again, Retries};

use crate::error::{Error, RequestLine};

/// A connection pool with the credentials to use on it; cheap to clone.
#[derive(Debug, Clone)]
pub struct Transport {
    connection: Arc<Connection>,
    auth: Arc<Auth>,
}

/// What to ask Atlas; the path begins with `/api`.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: http::Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<bytes::Bytes>,
    /// Where to note whether the body was sent, for a request that must not be sent twice.
    pub(crate) delivery: Option<Delivery>,
}

impl Transport {
    /// Joins a connection pool and credentials.
    #[must_use]
    pub fn new(connection: Arc<Connection>, auth: Arc<Auth>) -> Self {
        Self { connection, auth }
    }

    /// One authenticated exchange; once more when the server refuses a credential that can be renewed.
    ///
    /// A refused request was not acted on, so the second one is no repetition, even of a POST.
    pub(crate) async fn exchange(&self, request: &Request, call: &Call) -> Result<Answer, Lost> {
        let target = self.connection.target(request);
        let mut fresh = None;
        loop {
            let is_last = fresh.is_some();
            if let Some(delivery) = &request.delivery {
                delivery.reset();
            }
            // Before the grant, which may not keep through a wait.
            let pass = self.connection.limits.pass(&request.path, &target.line, call).await?;
            let grant = self.auth.grant(fresh, &self.connection, &target, call).await;
            let grant = grant.map_err(Lost::not_sent)?;
            let attempt = call.begin_attempt();
            let answer = {
                // Passed on by value, it would have its room twice in every call.
                let exchange = pin!(self.connection.exchange(&target, &grant, attempt, call));
                pass.spend(exchange).await?
            };
            if !answer.refuses(&grant) {
                self.auth.keep(grant, &answer);
                return Ok(answer);
            }
            if self.auth.is_closed() {
                // Its token was ended on purpose; what Atlas says of that would mislead.
                return Err(Lost::not_sent(Error::ClientClosed));
            }
            fresh = if is_last { None } else { self.auth.renew(grant, &answer) };
            if fresh.is_none() {
                return Ok(answer);
            }
        }
    }

    /// How messages name a request.
    pub(crate) fn line(&self, request: &Request) -> RequestLine {
        self.connection.line(&request.method, &request.path)
    }

    /// What the client remembers of its takes.
    pub(crate) fn memory(&self) -> &Memory {
        &self.connection.memory
    }

    /// The retries that an operation may spend on what is safe to repeat.
    pub(crate) fn retries(&self) -> Retries {
        self.connection.retries(self.connection.config().max_retries)
    }

    /// Ends the token, best effort; the credentials are not used again.
    pub async fn close(&self, call: &Call) {
        self.auth.close(&self.connection, call).await;
    }
}
