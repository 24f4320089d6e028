//! Answers in the place of the network, for simulations: all that stands above one exchange is real.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::time::{Instant, timeout_at};

use super::{Connection, Target};
use crate::config::Config;
use crate::error::{Error, Failure};
use crate::transport::answer::Answer;
use crate::transport::auth::Grant;
use crate::transport::body::Received;
use crate::transport::lost::{Fate, Lost};
use crate::transport::memory::Memory;

/// Whoever answers.
pub(crate) trait StandIn: fmt::Debug + Send + Sync {
    /// What comes back for a request; dropped when the client waits no longer.
    fn answer(&self, asked: Asked) -> Pin<Box<dyn Future<Output = Said> + Send + '_>>;
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) body: Bytes,
}

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    Answer(u16, HeaderMap, Bytes),
    Lost(Fate),
}

impl Connection {
    /// Asks a stand-in instead of the network, for a client that may have made calls before.
    pub(crate) fn simulated(
        config: Arc<Config>,
        stand_in: Arc<dyn StandIn>,
        memory: Arc<Memory>,
    ) -> Result<Self, Error> {
        Ok(Self { stand_in: Some(stand_in), memory, ..Self::new(config)? })
    }
}

/// One exchange with a stand-in, until a limit.
pub(super) async fn exchange(
    stand_in: &dyn StandIn,
    target: &Target,
    grant: &Grant,
    limit: Instant,
) -> Result<Answer, Lost> {
    let body = target.content.as_ref().map(|(_, body)| body.clone()).unwrap_or_default();
    let asked = Asked { method: target.line.method.clone(), uri: target.uri().to_owned(), body };
    match timeout_at(limit, stand_in.answer(asked)).await {
        Ok(Said::Answer(status, headers, bytes)) => {
            let received = Received { bytes, unread: None };
            let context = (grant.scheme(), grant.secrets().clone());
            Ok(Answer::new(
                target.line.clone(),
                (status, headers),
                received,
                context,
                target.has_envelope,
            ))
        }
        Ok(Said::Lost(fate)) => {
            Err(Lost { error: Error::Transport(Failure::new(&target.line, "lost")), fate })
        }
        Err(_) => {
            let error = Error::Timeout(Failure::new(&target.line, "no answer in time"));
            Err(Lost { error, fate: Fate::Unknown })
        }
    }
}
