//! Operations: one `async fn` for each thing that a caller can request.

mod arguments;
pub(crate) mod client;
mod coverage;
mod fleet;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod get;
pub(crate) mod idempotency;
mod inventory;
mod list;
mod lookup;
mod pagination;
pub(crate) mod recent_snapshots;
mod request;
mod take;
mod update;
mod wait;

pub use arguments::{
    ClusterAddress, IfBusy, Retention, SnapshotAddress, TakeArguments, group_id, time_out,
};
pub use client::AtlasClient;
pub use coverage::{Backups, ClusterCoverage, Coverage, backup_coverage};
pub use fleet::{TakeOutcome, next_change, take_and_wait, wait_and_verify};
pub use get::get_snapshot;
pub use inventory::{list_clusters, list_projects};
pub use list::list_snapshots;
pub use lookup::{find_cluster, get_project, is_connection_string};
pub use take::{RawResponse, take_snapshot, take_snapshot_raw};
pub use update::{delete_snapshot, update_retention};
pub use wait::Watch;
