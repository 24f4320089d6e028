//! A request to the Atlas API, before it is authenticated.

use crate::http::body::Delivery;

/// A request to the Atlas API; the path begins with `/api`.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: http::Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<bytes::Bytes>,
    /// Where to note whether the body was sent, for a request that must not be sent twice.
    pub(crate) delivery: Option<Delivery>,
}
