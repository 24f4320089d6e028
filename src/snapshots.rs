//! OPERATIONS: what a caller can ask for, each one `async fn` over the transport.

mod arguments;
mod take;

pub use arguments::{Cluster, TakeArguments};
pub use take::{RawResponse, take_snapshot, take_snapshot_raw};
